//! Sign-ins per second and how long one takes: new people, people who were here, Teams users.
//!
//! The token service with its database on the disk and the embedded service as resource and
//! directory, over loopback, all in this process: what is measured is both sides together.
//! `SIDETONE_SIGN_INS` says how many of each kind (500), `SIDETONE_AT_ONCE` how many at a time (16).
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot set its scene must stop, and its figures are its output"
)]

use std::env;
use std::fs;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::service;
use sidetone::service::Options;
use sidetone::service::Running;
use sidetone::service::entra::CLIENT;
use sidetone::service::entra::TENANT;
use sidetone::tasks::Tasks;
use sidetone::token_service;
use sidetone::token_service::config::Config;
use sidetone::wire::acs::sign::ConnectionString;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (many, at_once) = (
        number("SIDETONE_SIGN_INS", 500),
        number("SIDETONE_AT_ONCE", 16),
    );
    let tasks = Tasks::new();
    let host = service::start(Options::default(), tasks.clone())
        .await
        .expect("the embedded service starts");
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config::parse(&settings(&host), &folder.path().join("settings.toml"));
    let secret = ConnectionString::parse(&host.connection_string).expect("a connection string");
    let running = token_service::start(config.expect("settings"), secret, tasks.clone())
        .await
        .expect("the token service starts");
    let people = tokens(&host, many).await;
    let bench = Bench {
        url: format!("{}/v1/token", running.url),
        http: reqwest::Client::new(),
        at_once,
    };
    let external = json!({ "kind": "external", "scopes": ["chat", "voip"] });
    // The first one fetches the provider's keys and wakes everything up.
    bench.ask(&people[0], &external).await;
    let signed = |body: &Value| people.iter().map(|t| (t.clone(), body.clone())).collect();
    bench.run("new people", signed(&external)).await;
    bench.run("people who were here", signed(&external)).await;
    let users = entra_tokens(&host, many).await;
    let exchanges = users.into_iter().map(|token| {
        let body = json!({ "kind": "teams", "entraToken": token });
        (String::new(), body)
    });
    bench.run("Teams users", exchanges.collect()).await;
    let bytes = fs::metadata(folder.path().join("people.db")).map_or(0, |file| file.len());
    println!("database of {many} people: {} KiB", bytes / 1024);
    tasks.stop();
    let _ = tokio::time::timeout(Duration::from_secs(3), tasks.finished()).await;
}

fn number(name: &str, default: usize) -> usize {
    let given = env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(default)
}

fn settings(host: &Running) -> String {
    format!(
        "listen = '127.0.0.1:0'\ndatabase = 'people.db'\naudit_file = 'audit.jsonl'\n\
         [limits]\nper_address_per_minute = 1000000\nper_person_per_minute = 1000000\n\
         [[provider]]\nname = 'Directory'\nissuer = '{endpoint}/{TENANT}/v2.0'\n\
         client_id = '{CLIENT}'\n\
         [teams]\napp_id = '{CLIENT}'\ntenants = ['{TENANT}']\nauthority = '{endpoint}'\n",
        endpoint = host.endpoint
    )
}

/// Id tokens of so many people.
async fn tokens(host: &Running, many: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    for n in 0..many {
        let claims = json!({ "aud": CLIENT, "sub": format!("person-{n}") });
        tokens.push(signed(host, claims).await);
    }
    tokens
}

/// Access tokens of so many people of the directory.
async fn entra_tokens(host: &Running, many: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    for n in 0..many {
        let name = format!("user-{n}@sidetone.example");
        let oid = {
            let mut state = host.service.lock();
            state.entra.directory.add(&name, "Somebody")
        };
        let claims = json!({
            "aud": "https://auth.msft.communication.azure.com", "sub": oid, "oid": oid,
            "tid": TENANT, "appid": CLIENT, "scp": "Teams.ManageCalls Teams.ManageChats",
        });
        tokens.push(signed(host, claims).await);
    }
    tokens
}

async fn signed(host: &Running, mut claims: Value) -> String {
    let now = Clock.utc().as_millis() / 1000;
    claims["iss"] = json!(format!("{}/{TENANT}/v2.0", host.endpoint));
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 3600);
    let answer = reqwest::Client::new()
        .post(format!("{}/v1/directory/sign", host.control_url))
        .bearer_auth(&host.control_key)
        .json(&json!({ "claims": claims }))
        .send()
        .await
        .expect("the control API answers");
    let answer: Value = answer.json().await.expect("an answer in JSON");
    answer["token"].as_str().expect("a token").to_owned()
}

struct Bench {
    url: String,
    http: reqwest::Client,
    at_once: usize,
}

impl Bench {
    async fn run(&self, what: &str, asked: Vec<(String, Value)>) {
        let many = asked.len();
        let begun = Clock.now();
        let took = stream::iter(asked)
            .map(|(bearer, body)| async move {
                let begun = Clock.now();
                self.ask(&bearer, &body).await;
                Clock.now().since(begun)
            })
            .buffer_unordered(self.at_once);
        let mut took: Vec<Duration> = took.collect().await;
        let all = Clock.now().since(begun);
        took.sort();
        let at = |percent: usize| took[(many * percent / 100).min(many - 1)].as_secs_f64() * 1e3;
        let rate = u32::try_from(many).map_or(f64::INFINITY, f64::from) / all.as_secs_f64();
        println!(
            "{what}: {rate:.0} sign-ins/s, {} at once; p50 {:.1} ms, p99 {:.1} ms",
            self.at_once,
            at(50),
            at(99)
        );
    }

    async fn ask(&self, bearer: &str, body: &Value) {
        let mut request = self.http.post(&self.url).json(body);
        if !bearer.is_empty() {
            request = request.bearer_auth(bearer);
        }
        let answer = request.send().await.expect("the token service answers");
        let status = answer.status();
        let text = answer.text().await.expect("the answer has a body");
        assert!(status.is_success(), "{status} {text}");
    }
}
