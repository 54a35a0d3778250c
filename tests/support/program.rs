//! The built program as a service in a process of its own, its control API, and people who speak the documented REST.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

/// A `sidetone host`, stopped when dropped.
pub(crate) struct Host {
    child: Child,
    ready: Value,
    http: reqwest::Client,
    said: Said,
}

/// The file of what a host says on its standard error.
enum Said {
    Ours(tempfile::NamedTempFile),
    Theirs(PathBuf),
}

impl Host {
    /// Starts it on a free loopback port and waits for its ready line.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(more: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", more)
    }

    pub(crate) fn start_at(address: &str, more: &[&str]) -> Self {
        let said = tempfile::NamedTempFile::new().expect("a file for what is said");
        Self::run(address, more, Said::Ours(said))
    }

    /// What it says on its standard error is in that file.
    pub(crate) fn start_saying(file: &Path, more: &[&str]) -> Self {
        File::create(file).expect("a file for what is said");
        Self::run("127.0.0.1:0", more, Said::Theirs(file.to_owned()))
    }

    fn run(address: &str, more: &[&str], said: Said) -> Self {
        // Another test of the same process may have installed it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["host", "--listen", address])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(said.path()).expect("it can be written"))
            .spawn()
            .expect("the built program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is a pipe"))
            .read_line(&mut line)
            .expect("the host says when it is ready");
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        let mut http = reqwest::Client::builder();
        if let Some(file) = ready["caFile"].as_str() {
            let pem = std::fs::read(file).expect("its authority is in a file");
            let authority = reqwest::Certificate::from_pem(&pem).expect("a certificate");
            http = http.tls_certs_only([authority]);
        }
        Self {
            child,
            ready,
            http: http.build().expect("a client"),
            said,
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let process = Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).expect("the host runs");
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.ready["endpoint"].as_str().expect("an endpoint")
    }

    pub(crate) fn ready(&self) -> &Value {
        &self.ready
    }

    /// One call of the control API; the answer's body, null when there is none.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let base = self.ready["controlUrl"].as_str().expect("a control URL");
        let key = self.ready["controlKey"].as_str().expect("a control key");
        let answer = self
            .http
            .post(format!("{base}/v1{path}"))
            .bearer_auth(key)
            .json(&body)
            .send()
            .await
            .expect("the control API answers");
        let status = answer.status();
        let text = answer.text().await.expect("the answer has a body");
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// How the control API answers a call that may be refused.
    pub(crate) async fn control_status(&self, path: &str, body: Value) -> u16 {
        let base = self.ready["controlUrl"].as_str().expect("a control URL");
        let key = self.ready["controlKey"].as_str().expect("a control key");
        let asked = self.http.post(format!("{base}/v1{path}")).bearer_auth(key);
        let answer = asked.json(&body).send().await;
        answer.expect("the control API answers").status().as_u16()
    }

    /// One question to the control API.
    pub(crate) async fn control_get(&self, path: &str) -> Value {
        let base = self.ready["controlUrl"].as_str().expect("a control URL");
        let key = self.ready["controlKey"].as_str().expect("a control key");
        let asked = self.http.get(format!("{base}/v1{path}")).bearer_auth(key);
        let answer = asked.send().await.expect("the control API answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
            .json()
            .await
            .expect("the control API answers in JSON")
    }

    /// Waits until a client is in a meeting and hears of its messages.
    pub(crate) async fn joined(&self) {
        let base = self.ready["controlUrl"].as_str().expect("a control URL");
        let key = self.ready["controlKey"].as_str().expect("a control key");
        let url = format!("{base}/v1/key/{key}/bench/joined");
        let asked = async {
            loop {
                let answer = self.http.get(&url).send().await.expect("an answer");
                let answer: Value = answer.json().await.expect("an answer in JSON");
                if answer["joined"] == true {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), asked)
            .await
            .expect("the client joins within half a minute");
    }

    /// A new person with a guest's token, as the documented token endpoint gives it.
    pub(crate) async fn person(&self, name: &str) -> Guest {
        let answer: Value = self
            .http
            .post(format!("{}/v1/token", self.endpoint()))
            .json(&json!({"kind": "external", "displayName": name, "scopes": ["chat"]}))
            .send()
            .await
            .expect("the token endpoint answers")
            .json()
            .await
            .expect("the token endpoint answers in JSON");
        Guest {
            id: text(&answer["id"]),
            name: name.to_owned(),
            token: text(&answer["token"]),
            endpoint: self.endpoint().to_owned(),
            http: self.http.clone(),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = std::fs::read(self.said.path()).unwrap_or_default();
        look_through("host", &said);
    }
}

impl Said {
    fn path(&self) -> &Path {
        match self {
            Self::Ours(file) => file.path(),
            Self::Theirs(path) => path,
        }
    }
}

/// What a service said during a test holds no token, code or key, whatever the test was about. It is shown where
/// the test failed anyway.
pub(crate) fn look_through(whose: &str, said: &[u8]) {
    let said = String::from_utf8_lossy(said);
    if std::thread::panicking() {
        std::io::stderr().write_all(said.as_bytes()).ok();
        return;
    }
    let secret = secret_in(&said);
    assert!(secret.is_none(), "the {whose} said {secret:?}");
}

/// The beginning of a JWT, or as many hexadecimal digits as codes and refresh tokens of the directory have.
fn secret_in(said: &str) -> Option<&str> {
    let named = ["eyJ", "Bearer ", "accesskey="];
    let named = named.into_iter().find_map(|mark| {
        let at = said.find(mark)?;
        Some(&said[at..at + mark.len()])
    });
    let mut words = said.split(|c: char| !c.is_ascii_hexdigit());
    named.or_else(|| words.find(|word| word.len() >= 64))
}

#[test]
fn a_token_in_a_log_is_found() {
    let code = "0123456789abcdef".repeat(4);
    for said in [
        "token=eyJhbGci",
        "Authorization: Bearer x",
        "accesskey=x",
        &format!("code={code}."),
    ] {
        assert!(secret_in(said).is_some(), "{said}");
    }
    assert_eq!(
        secret_in("issued to 51de70fe-0000-4000-8000-7e4a47000001"),
        None
    );
}

/// A person of the service who does everything over the documented REST operations.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) token: String,
    endpoint: String,
    http: reqwest::Client,
}

impl Guest {
    /// A thread of these people; its id.
    pub(crate) async fn create_thread(&self, topic: &str, people: &[&Self]) -> String {
        let participants: Vec<_> = people.iter().map(|p| p.as_participant()).collect();
        let made = self
            .call(
                reqwest::Method::POST,
                "/chat/threads",
                &json!({"topic": topic, "participants": participants}),
            )
            .await;
        text(&made["chatThread"]["id"])
    }

    /// The new message's id.
    pub(crate) async fn send(&self, thread: &str, content: &str) -> String {
        let path = format!("/chat/threads/{thread}/messages");
        let sent = self
            .call(
                reqwest::Method::POST,
                &path,
                &json!({"content": content, "senderDisplayName": self.name, "type": "text"}),
            )
            .await;
        text(&sent["id"])
    }

    pub(crate) async fn edit(&self, thread: &str, message: &str, content: &str) {
        let path = format!("/chat/threads/{thread}/messages/{message}");
        self.call(reqwest::Method::PATCH, &path, &json!({"content": content}))
            .await;
    }

    pub(crate) async fn delete(&self, thread: &str, message: &str) {
        let path = format!("/chat/threads/{thread}/messages/{message}");
        self.call(reqwest::Method::DELETE, &path, &Value::Null)
            .await;
    }

    /// The service's own list, oldest first.
    pub(crate) async fn list(&self, thread: &str) -> Vec<Value> {
        let mut next =
            format!("/chat/threads/{thread}/messages?maxPageSize=200&api-version={API_VERSION}");
        let mut all = Vec::new();
        loop {
            let page = self.get(&next).await;
            all.extend(page["value"].as_array().cloned().unwrap_or_default());
            match page["nextLink"].as_str() {
                Some(link) => next = link.trim_start_matches(&self.endpoint).to_owned(),
                None => break,
            }
        }
        all.reverse();
        all
    }

    fn as_participant(&self) -> Value {
        json!({
            "communicationIdentifier": {"rawId": self.id, "communicationUser": {"id": self.id}},
            "displayName": self.name,
        })
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.endpoint);
        let request = self.http.get(url).bearer_auth(&self.token);
        settled(request, path).await
    }

    async fn call(&self, verb: reqwest::Method, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}?api-version={API_VERSION}", self.endpoint);
        let request = self.http.request(verb, url).bearer_auth(&self.token);
        settled(
            if body.is_null() {
                request
            } else {
                request.json(body)
            },
            path,
        )
        .await
    }
}

async fn settled(request: reqwest::RequestBuilder, path: &str) -> Value {
    let answer = request.send().await.expect("the service answers");
    let status = answer.status();
    let body = answer.text().await.expect("the answer has a body");
    assert!(status.is_success(), "{path}: {status} {body}");
    serde_json::from_str(&body).unwrap_or(Value::Null)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a string was expected, not {value}"))
        .to_owned()
}

const API_VERSION: &str = "2025-03-15";
