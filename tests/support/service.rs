//! Starts the embedded service and speaks to it as clients do: real HTTP, real sockets.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot reach the service must fail"
)]

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::StreamExt;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::service;
use sidetone::service::Options;
use sidetone::service::Running;
use sidetone::tasks::Tasks;
use sidetone::wire::acs::notification::Notification;
use sidetone::wire::acs::sign;
use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// A running service; stopped when it goes out of scope.
pub(crate) struct Host {
    pub(crate) running: Running,
    pub(crate) tasks: Tasks,
    pub(crate) http: reqwest::Client,
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) token: String,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

pub(crate) async fn start() -> Host {
    start_with(Options::default()).await
}

/// The signing key is shared between test runs: making one each time would be slow.
pub(crate) async fn start_with(options: Options) -> Host {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let tasks = Tasks::new();
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("service");
    let mut options = options;
    if !options.tls {
        // With TLS two services would write one authority file.
        options.data.get_or_insert(data);
    }
    let running = service::start(options, tasks.clone()).await.unwrap();
    let mut http = reqwest::Client::builder();
    if let Some(file) = &running.ca_file {
        let pem = fs::read(file).unwrap();
        http = http.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]);
    }
    Host {
        running,
        tasks,
        http: http.build().unwrap(),
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Host {
    pub(crate) fn url(&self, path: &str) -> String {
        if path.contains("://") {
            return path.to_owned();
        }
        format!("{}{path}", self.running.endpoint)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap().to_vec();
        Answer {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            bytes,
        }
    }

    /// A request as `user`; `api-version` is added when the path has none.
    pub(crate) async fn call(&self, user: &User, method: &str, path: &str, body: Value) -> Answer {
        let mut url = self.url(path);
        if !url.contains("api-version=") {
            let sign = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{sign}api-version=2025-03-15");
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, url).bearer_auth(&user.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, user: &User, path: &str) -> Answer {
        self.call(user, "GET", path, Value::Null).await
    }

    pub(crate) async fn post(&self, user: &User, path: &str, body: Value) -> Answer {
        self.call(user, "POST", path, body).await
    }

    /// A request signed with the resource's key, as the token service of an operator sends it.
    pub(crate) async fn signed(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = self.sign(&self.running.connection_string, method, path, body);
        self.send(request).await
    }

    pub(crate) fn sign(
        &self,
        connection_string: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> reqwest::RequestBuilder {
        let known = sign::ConnectionString::parse(connection_string).unwrap();
        let hash = sign::content_hash(body.as_bytes());
        let date = http_date();
        let host = self.running.address.to_string();
        let authorization = sign::Request {
            verb: method,
            path_and_query: path,
            date: &date,
            host: &host,
            content_hash: &hash,
        }
        .authorization(&known.access_key);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http
            .request(method, self.url(path))
            .header("x-ms-date", date)
            .header("x-ms-content-sha256", hash)
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// A new identity with a token of these scopes.
    pub(crate) async fn user(&self, scopes: &[&str]) -> User {
        let body = json!({ "createTokenWithScopes": scopes }).to_string();
        let answer = self
            .signed("POST", "/identities?api-version=2023-10-01", &body)
            .await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        User {
            id: answer.body["identity"]["id"].as_str().unwrap().to_owned(),
            token: answer.body["accessToken"]["token"]
                .as_str()
                .unwrap()
                .to_owned(),
        }
    }

    pub(crate) async fn token(&self, id: &str, scopes: &[&str]) -> User {
        let path = format!(
            "/identities/{}/:issueAccessToken?api-version=2023-10-01",
            encoded(id)
        );
        let body = json!({ "scopes": scopes }).to_string();
        let answer = self.signed("POST", &path, &body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        User {
            id: id.to_owned(),
            token: answer.body["token"].as_str().unwrap().to_owned(),
        }
    }

    /// A thread of `users`, made by the first of them.
    pub(crate) async fn thread(&self, topic: &str, users: &[&User]) -> String {
        let participants: Vec<_> = users.iter().map(|user| participant(user)).collect();
        let body = json!({ "topic": topic, "participants": participants });
        let answer = self.post(users[0], "/chat/threads", body).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body["chatThread"]["id"].as_str().unwrap().to_owned()
    }

    /// Answers the message id.
    pub(crate) async fn say(&self, user: &User, thread: &str, text: &str) -> String {
        let path = format!("/chat/threads/{}/messages", encoded(thread));
        let answer = self.post(user, &path, json!({ "content": text })).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// A device of `user`, connected and registered.
    pub(crate) async fn live(&self, user: &User) -> Live {
        let mut live = self.connect(user, None).await;
        self.register(user, &live, 7200).await;
        live.expect_connected().await;
        live
    }

    pub(crate) async fn skype(&self, user: &User, method: &str, path: &str, body: Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, self.url(path));
        let mut request = request.header("x-skypetoken", &user.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        self.send(request).await
    }

    pub(crate) async fn allocate(&self, user: &User, saved: Option<&Value>) -> Value {
        let saved = saved.map(query).unwrap_or_default();
        let path = format!("/v4/a?cor_id=c&con_num=1_1&epid=e{saved}");
        let answer = self.skype(user, "POST", &path, Value::Null).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    /// Answers the session id.
    pub(crate) async fn handshake(&self, user: &User, allocation: &Value) -> String {
        let path = format!(
            "/socket.io/1/?v=v4{}&t=1",
            query(&allocation["connectparams"])
        );
        let answer = self.skype(user, "GET", &path, Value::Null).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let text = String::from_utf8(answer.bytes).unwrap();
        assert!(text.ends_with(":70:70:websocket"), "{text}");
        text.split(':').next().unwrap().to_owned()
    }

    /// Allocation, handshake and socket; not registered yet.
    pub(crate) async fn connect(&self, user: &User, saved: Option<&Value>) -> Live {
        let allocation = self.allocate(user, saved).await;
        let sid = self.handshake(user, &allocation).await;
        let url = self.running.endpoint.replace("http", "ws");
        let url = format!("{url}/socket.io/1/websocket/{sid}?v=v4");
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Live {
            allocation,
            epid: uuid::Uuid::new_v4().to_string(),
            socket,
            kept: VecDeque::new(),
        }
    }

    pub(crate) async fn register(&self, user: &User, live: &Live, ttl: u64) {
        let body = json!({
            "clientDescription": { "appId": "AcsWeb" },
            "registrationId": live.epid,
            "transports": { "TROUTER": [{ "path": live.allocation["surl"], "ttl": ttl }] },
        });
        let answer = self.skype(user, "POST", "/v3/registrations", body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        assert!(answer.bytes.is_empty());
    }
}

/// One connected device.
pub(crate) struct Live {
    pub(crate) allocation: Value,
    pub(crate) epid: String,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    kept: VecDeque<Pushed>,
}

/// A request that the service pushed.
pub(crate) struct Pushed {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) event: Notification,
    pub(crate) raw: Value,
}

impl Live {
    pub(crate) async fn send(&mut self, frame: &str) {
        self.socket.send(Message::text(frame)).await.unwrap();
    }

    /// The next frame; `None` when the service has ended the connection.
    pub(crate) async fn frame(&mut self) -> Option<String> {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("the service says something")
    }

    pub(crate) async fn expect_connected(&mut self) {
        assert_eq!(self.frame().await.unwrap(), "1::");
        let connected = self.frame().await.unwrap();
        assert!(connected.contains("trouter.connected"), "{connected}");
    }

    /// The next pushed request, answered as a client answers.
    pub(crate) async fn pushed(&mut self) -> Pushed {
        if let Some(kept) = self.kept.pop_front() {
            return kept;
        }
        loop {
            let frame = self.frame().await.expect("the connection stays");
            if let Some(data) = frame.strip_prefix("3:::") {
                let request: Value = serde_json::from_str(data).unwrap();
                let body = request["body"].as_str().unwrap();
                let id = request["id"].as_u64().unwrap();
                let answer = json!({ "id": id, "status": 200, "headers": {}, "body": "" });
                self.send(&format!("3:::{answer}")).await;
                return Pushed {
                    id,
                    url: request["url"].as_str().unwrap().to_owned(),
                    event: Notification::decode(body).unwrap(),
                    raw: serde_json::from_str(body).unwrap(),
                };
            }
        }
    }

    /// Text of the next message that was received.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            if let Notification::ChatMessageReceived(message) = self.pushed().await.event {
                return message.message_body.to_string();
            }
        }
    }
}

pub(crate) fn participant(user: &User) -> Value {
    json!({ "communicationIdentifier": { "communicationUser": { "id": user.id } }, "displayName": "Somebody" })
}

/// As the JavaScript client encodes a thread id into a path.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn query(connectparams: &Value) -> String {
    let mut query = String::new();
    for (name, value) in connectparams.as_object().unwrap() {
        query = format!("{query}&{name}={}", value.as_str().unwrap());
    }
    query
}

/// Now, as `x-ms-date` has it.
pub(crate) fn http_date() -> String {
    http_date_at(Clock.utc().as_millis())
}

pub(crate) fn http_date_at(millis: i64) -> String {
    let days = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let at = sidetone::clock::Timestamp::from_millis(millis);
    let text = at.to_string();
    let (year, month, day, time) = (&text[..4], &text[5..7], &text[8..10], &text[11..19]);
    let zone = sidetone::clock::Zone::UTC;
    let name = zone.day(at);
    let weekday = days.iter().find(|day| name.starts_with(**day)).unwrap();
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = months[month.parse::<usize>().unwrap() - 1];
    format!("{}, {day} {month} {year} {time} GMT", &weekday[..3])
}

const PATIENCE: Duration = Duration::from_secs(20);
