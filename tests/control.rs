//! The control API over HTTP, and the cast at work.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail where it is"
)]

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use sidetone::config::tls::Tls;
use sidetone::service;
use sidetone::service::Running;
use sidetone::service::cast::Cast;
use sidetone::tasks::Tasks;
use sidetone::wire::local::Audio;
use sidetone::wire::local::CALL_PATH;
use sidetone::wire::local::Info;
use sidetone::wire::local::Join;
use sidetone::wire::local::Meeting;
use sidetone::wire::local::Notice;
use sidetone::wire::local::RESOLVE_PATH;
use sidetone::wire::local::ToClient;
use sidetone::wire::local::ToService;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

struct Host {
    running: Running,
    http: reqwest::Client,
}

impl Host {
    async fn start() -> Self {
        let running = service::start(service::Options::default(), Tasks::new())
            .await
            .unwrap();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(Tls::none().unwrap())
            .build()
            .unwrap();
        Self { running, http }
    }

    async fn control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/v1/{path}", self.running.control_url);
        let request = self.http.post(url).bearer_auth(&self.running.control_key);
        answer(request.json(&body)).await
    }

    async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.control(path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// The thread of a new meeting with its organizer in it.
    async fn meeting(&self, options: Value) -> Value {
        self.done("meetings", options).await
    }

    async fn token(&self) -> String {
        let url = format!("{}/v1/token", self.running.endpoint);
        let wanted = json!({"kind": "external", "displayName": "Ada", "scopes": ["chat", "voip"]});
        let (_, granted) = answer(self.http.post(url).json(&wanted)).await;
        granted["token"].as_str().unwrap().to_owned()
    }

    async fn guest(&self, thread: &str) -> Guest {
        let url = format!("{}{CALL_PATH}", self.running.endpoint).replacen("http", "ws", 1);
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.token().await);
        let headers = request.headers_mut();
        headers.insert("authorization", bearer.parse().unwrap());
        let stream = TcpStream::connect(self.running.address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        let mut guest = Guest(socket);
        let meeting = Meeting::Thread {
            thread_id: thread.to_owned(),
        };
        guest
            .says(&ToService::Join(Join {
                meeting,
                display_name: "Ada".into(),
                audio: Audio::None,
                rejoin: None,
                heartbeat_millis: None,
            }))
            .await;
        guest
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A client that only listens to its call.
struct Guest(WebSocketStream<TcpStream>);

impl Guest {
    async fn says(&mut self, message: &ToService) {
        use futures_util::SinkExt;
        self.0.send(Message::text(message.encode())).await.unwrap();
    }

    async fn hears<T>(&mut self, wanted: impl Fn(ToClient) -> Option<T>) -> T {
        use futures_util::StreamExt;
        let waiting = async {
            loop {
                if let Message::Text(text) = self.0.next().await.unwrap().unwrap()
                    && let Some(found) = wanted(ToClient::decode(&text).unwrap())
                {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap()
    }

    async fn notice(&mut self) -> Notice {
        self.hears(|message| match message {
            ToClient::Notice(notice) => Some(notice),
            _ => None,
        })
        .await
    }

    /// Until everything that joining tells was heard.
    async fn settled(&mut self) -> Info {
        let info = self
            .hears(|message| match message {
                ToClient::Info(info) if info.thread_id.is_some() => Some(info),
                _ => None,
            })
            .await;
        self.hears(|message| matches!(message, ToClient::Quality { .. }).then_some(()))
            .await;
        info
    }
}

fn thread(meeting: &Value) -> &str {
    meeting["threadId"].as_str().unwrap()
}

#[tokio::test]
async fn nothing_is_done_without_the_key() {
    let host = Host::start().await;
    let base = &host.running.control_url;
    for path in [
        "meetings",
        "faults",
        "marks",
        "threads/x/say",
        "meetings/x/end",
    ] {
        let (status, _) = answer(host.http.post(format!("{base}/v1/{path}"))).await;
        assert_eq!(status, 401, "{path}");
        let request = host
            .http
            .post(format!("{base}/v1/{path}"))
            .bearer_auth("wrong");
        let (status, _) = answer(request).await;
        assert_eq!(status, 401, "{path}");
    }
    let (status, _) = answer(host.http.get(format!("{base}/v1/key/wrong/bench/joined"))).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_meeting_is_made_and_found_by_each_of_its_names() {
    let host = Host::start().await;
    let made = host.meeting(json!({"topic": "Design review"})).await;
    let token = host.token().await;
    let look = async |wanted: Value| {
        let url = format!("{}{RESOLVE_PATH}", host.running.endpoint);
        answer(host.http.post(url).bearer_auth(&token).json(&wanted)).await
    };
    for wanted in [
        json!({"link": made["link"]}),
        json!({"id": made["id"], "passcode": made["passcode"]}),
        json!({"threadId": made["threadId"]}),
    ] {
        let (status, found) = look(wanted).await;
        assert_eq!((status, &found["threadId"]), (200, &made["threadId"]));
    }
    let (status, refused) = look(json!({"id": made["id"], "passcode": "wrong"})).await;
    assert_eq!((status, refused), (403, json!({"reason": "wrongPasscode"})));
    let (status, refused) = look(json!({"id": "200000000000000"})).await;
    assert_eq!(
        (status, refused),
        (404, json!({"reason": "unknownMeeting"}))
    );
}

#[tokio::test]
async fn a_notice_answers_when_it_was_written_to_each_client() {
    let host = Host::start().await;
    let made = host
        .meeting(json!({"lobby": "everyone", "anonymousStart": true}))
        .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    host.done("marks", json!({"file": file.path()})).await;
    let mut guests = [
        host.guest(thread(&made)).await,
        host.guest(thread(&made)).await,
    ];
    for guest in &mut guests {
        guest.settled().await;
    }
    let begun = host.running.service.clock().now().as_secs_f64();
    let path = format!("meetings/{}/recording", thread(&made));
    let body = json!({"active": true, "byName": "Alice", "mark": "m1"});
    let written = host.done(&path, body).await;
    let times = written["written"].as_array().unwrap();
    assert_eq!(times.len(), 2);
    let ended = host.running.service.clock().now().as_secs_f64();
    assert!(
        times
            .iter()
            .all(|at| (begun..=ended).contains(&at.as_f64().unwrap()))
    );
    for guest in &mut guests {
        let notice = guest.notice().await;
        assert!(notice.is_active && notice.by_name.as_deref() == Some("Alice"));
    }
    let marks = std::fs::read_to_string(file.path()).unwrap();
    let mark: Value = serde_json::from_str(marks.trim()).unwrap();
    assert_eq!(mark["mark"], "m1");
    let body = json!({"active": true});
    assert_eq!(host.done(&path, body).await["written"], json!([]));
}

#[tokio::test]
async fn people_of_the_script_talk_edit_and_delete() {
    let host = Host::start().await;
    let made = host.meeting(json!({})).await;
    let meeting = format!("meetings/{}", thread(&made));
    let chat = format!("threads/{}", thread(&made));
    let people = format!("{meeting}/participants");
    host.done(&people, json!({"name": "Bob"})).await;
    let alice = host.done(&people, json!({"name": "Alice Moreau"})).await;
    let service = &host.running.service;
    let organizer = service.lock().meetings.organizer(thread(&made)).cloned();
    assert_eq!(alice["id"], organizer.unwrap().id);
    host.done(&people, json!({"name": "Erin", "external": true}))
        .await;
    let messages = format!("{chat}/messages");
    let said = host
        .done(&messages, json!({"as": "Bob", "text": "helo"}))
        .await;
    let id = said["id"].as_str().unwrap();
    let edit = json!({"as": "Bob", "content": "hello"});
    host.done(&format!("{messages}/{id}/edit"), edit).await;
    let html = json!({"as": "Erin", "html": "<b>hi</b>"});
    let second = host.done(&messages, html).await;
    let id = second["id"].as_str().unwrap();
    host.done(&format!("{messages}/{id}/delete"), json!({"as": "Erin"}))
        .await;
    host.done(&format!("{chat}/typing"), json!({"as": "Bob"}))
        .await;
    let many = json!({"first": 5, "n": 20, "rate": 2000.0});
    let sent = host.done(&format!("{chat}/say"), many).await;
    assert_eq!(sent["t"].as_array().unwrap().len(), 20);

    let url = format!("{}/v1/{messages}", host.running.control_url);
    let request = host.http.get(url).bearer_auth(&host.running.control_key);
    let (_, listed) = answer(request).await;
    let listed = listed["messages"].as_array().unwrap();
    let told: Vec<&str> = listed
        .iter()
        .filter(|m| m["type"] == "text" || m["type"] == "html")
        .map(|m| m["content"].as_str().unwrap())
        .collect();
    assert_eq!(told[..2], ["hello", ""]);
    assert!(told[2].starts_with("#0000005 "), "{}", told[2]);
    assert_eq!(told.len(), 22);
    assert!(listed.iter().any(|m| m["senderName"] == "Erin (External)"));
}

#[tokio::test]
async fn the_benchmark_needs_no_header() {
    let host = Host::start().await;
    let base = format!(
        "{}/v1/key/{}/bench",
        host.running.control_url, host.running.control_key
    );
    let (status, joined) = answer(host.http.get(format!("{base}/joined"))).await;
    assert_eq!((status, joined), (200, json!({"joined": false})));
    let body = json!({"first": 0, "n": 3, "rate": null});
    let (status, _) = answer(host.http.post(format!("{base}/send")).json(&body)).await;
    assert_eq!(status, 404, "there is nobody yet");
}

#[tokio::test]
async fn a_greeting_waits_for_whoever_comes_in() {
    let host = Host::start().await;
    let made = host
        .meeting(json!({"lobby": "everyone", "anonymousStart": true, "greeting": "ROOMREADY"}))
        .await;
    let mut guest = host.guest(thread(&made)).await;
    let info = guest.settled().await;
    let thread = info.thread_id.unwrap();
    let service = &host.running.service;
    let page = service
        .lock()
        .store
        .list_messages(&thread, &info.me, None, None, 10);
    let page = page.unwrap();
    assert!(page.iter().any(
        |message| matches!(&message.body, service::store::Body::Text(text) if text == "ROOMREADY")
    ));
}

#[tokio::test]
async fn the_cast_lets_a_guest_in_and_speaks_to_them() {
    let host = Host::start().await;
    let service = &host.running.service;
    let names = service
        .create_meeting(Cast::demo_meeting(), "Alice Moreau")
        .unwrap();
    Cast::demo().start(service, &names.thread);
    let mut guest = host.guest(&names.thread).await;
    let me = guest.settled().await.me;
    let said = format!("threads/{}/messages", names.thread);
    host.done(&said, json!({"as": me, "text": "hello Bob"}))
        .await;
    let mut changes = service.changes();
    let mention = format!("<at id=\"{me}\">Ada</at>");
    let has_answered = || {
        let state = service.lock();
        let thread = state.store.live(&names.thread).unwrap();
        let mut messages = thread.messages().iter();
        messages.any(|message| {
            matches!(&message.body, service::store::Body::Html { content, .. }
                if content.contains(&mention))
        })
    };
    let answered = async {
        while !has_answered() {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
}

/// Far more than anything here takes; only a failing test waits as long.
const PATIENCE: Duration = Duration::from_secs(10);
