//! The relay, and whoever would like to be told what is not theirs, or to tell what is not so.
//!
//! Here the test is Microsoft Graph: it delivers what it likes to the address of a line.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::SinkExt;
use futures_util::StreamExt;
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::wire::graph::sealed::KEY;
use sidetone::wire::graph::sealed::seal;
use sidetone::wire::graph::subscription::EncryptedContent;
use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::program::Host;
use crate::support::Browser;
use crate::support::TokenService;
use crate::support::host;
use crate::support::settings;

const ADA: &str = "ada@sidetone.example";
const BOB: &str = "bob@sidetone.example";
const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";
const CHAT: &str = "19:x@thread.v2";
const PATIENCE: Duration = Duration::from_secs(10);
/// In which something that must not come would have come.
const A_WHILE: Duration = Duration::from_millis(400);

fn start(host: &Host, more: &str) -> TokenService {
    let settings = format!("{}[relay]\n{more}\n", settings(host, ""));
    TokenService::start_with(host, &settings)
}

/// The client of somebody.
struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    channel: Value,
}

async fn try_open(
    service: &TokenService,
    bearer: Option<&str>,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, u16> {
    let url = service.url("/v1/relay").replacen("http", "ws", 1);
    let mut request = url.into_client_request().unwrap();
    if let Some(bearer) = bearer {
        let value = format!("Bearer {bearer}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    let stream = TcpStream::connect(service.address()).await.unwrap();
    let stream = MaybeTlsStream::Plain(stream);
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

impl Line {
    async fn open(service: &TokenService, token: &str) -> Self {
        let socket = try_open(service, Some(token)).await.unwrap();
        let mut line = Self {
            socket,
            channel: Value::Null,
        };
        line.channel = line.next().await.unwrap()["channel"].clone();
        line
    }

    /// The next frame; `None` once the other side has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match frame.expect("something comes")? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn hears_nothing(&mut self) {
        let frame = tokio::time::timeout(A_WHILE, self.socket.next()).await;
        assert!(frame.is_err(), "{frame:?}");
    }

    fn text(&self, name: &str) -> &str {
        self.channel[name].as_str().unwrap()
    }

    fn seal(&self, content: &Value) -> EncryptedContent {
        let certificate = STANDARD.decode(self.text("encryptionCertificate")).unwrap();
        let certificate = CertificateDer::from(certificate);
        let parsed = ParsedCertificate::try_from(&certificate).unwrap();
        let public = parsed.subject_public_key_info();
        let plain = serde_json::to_vec(content).unwrap();
        let id = self.text("encryptionCertificateId");
        seal(&plain, &[5; KEY], &public, id).unwrap()
    }

    /// What Graph would deliver of a new message.
    fn news(&self, browser: &Browser<'_>, words: &str) -> Value {
        let content = json!({ "id": "1", "chatId": CHAT, "body": { "content": words } });
        json!({
            "subscriptionId": "s1", "changeType": "created", "tenantId": browser.entra("tenant"),
            "clientState": self.text("clientState"),
            "resource": format!("chats('{CHAT}')/messages('1')"),
            "resourceData": { "id": "1" },
            "encryptedContent": self.seal(&content),
        })
    }

    async fn deliver(&self, service: &TokenService, value: &Value, token: &str) -> u16 {
        let body = json!({ "value": [value], "validationTokens": [token] });
        let request = service.http.post(self.text("notificationUrl")).json(&body);
        service.send(request).await.status.as_u16()
    }
}

/// What the token that comes with a notification says.
fn vouching(browser: &Browser<'_>) -> Value {
    let mut claims = browser.claims(PUBLISHER);
    claims["azp"] = json!(PUBLISHER);
    claims["tid"] = json!(browser.entra("tenant"));
    claims
}

fn with(value: &Value, changes: Value) -> Value {
    let mut value = value.clone();
    for (name, change) in changes.as_object().unwrap() {
        value[name] = change.clone();
    }
    value
}

#[tokio::test]
async fn what_graph_delivers_goes_to_whose_it_is_and_once() {
    let host = host();
    let service = start(&host, "");
    let browser = Browser::new(&host);
    let mut ada = Line::open(&service, &browser.access_token(ADA).await).await;
    let mut bob = Line::open(&service, &browser.access_token(BOB).await).await;
    let token = browser.signed(&vouching(&browser)).await;
    let news = ada.news(&browser, "for Ada");
    assert_eq!(ada.deliver(&service, &news, &token).await, 202);
    let told = ada.next().await.unwrap()["value"][0].clone();
    assert_eq!(told["resourceData"]["body"]["content"], "for Ada");
    assert_eq!(told["resource"], news["resource"]);
    assert_eq!(told["clientState"], Value::Null);
    assert_eq!(told["encryptedContent"], Value::Null);
    // Delivered again, by Graph or by who has seen it: thanked, and told nobody.
    assert_eq!(ada.deliver(&service, &news, &token).await, 202);
    ada.hears_nothing().await;
    bob.hears_nothing().await;
    let metrics = service.http.get(service.operator_url("/metrics"));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("{what=\"notified\"} 1"), "{metrics}");
    let written = service.everything_written();
    assert!(!written.contains("for Ada") && !written.contains(ada.text("clientState")));
    let key = service.folder.path().join("relay-key.der");
    let mode = std::fs::metadata(key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_address_of_a_line_says_that_it_is_wanted_and_no_other_does() {
    let host = host();
    let service = start(&host, "");
    let browser = Browser::new(&host);
    let ada = Line::open(&service, &browser.access_token(ADA).await).await;
    let asked = "Validation: <b>Testing</b> ü";
    let ask = |url: &str| {
        let mut url = url::Url::parse(url).unwrap();
        url.query_pairs_mut().append_pair("validationToken", asked);
        service.http.post(url).send()
    };
    for name in ["notificationUrl", "lifecycleNotificationUrl"] {
        let answer = ask(ada.text(name)).await.unwrap();
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/plain"), "{kind}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.text().await.unwrap(), asked);
    }
    let other = service.url("/v1/relay/somebody");
    assert_eq!(ask(&other).await.unwrap().status(), 404);
    // A subscription that outlived its line is thanked, so that Graph does not hold back from this host.
    let late = service.http.post(other).json(&json!({ "value": [] }));
    assert_eq!(service.send(late).await.status, 202);
}

#[tokio::test]
async fn what_is_forged_is_refused_and_nobody_hears_of_it() {
    let host = host();
    let service = start(&host, "");
    let browser = Browser::new(&host);
    let mut ada = Line::open(&service, &browser.access_token(ADA).await).await;
    let mut bob = Line::open(&service, &browser.access_token(BOB).await).await;
    let bind = json!({ "kind": "subscribed", "subscriptionId": "s1" });
    let bind = Message::text(bind.to_string());
    ada.socket.send(bind).await.unwrap();
    let claims = vouching(&browser);
    let token = browser.signed(&claims).await;
    let news = ada.news(&browser, "forged");
    let sealed = &news["encryptedContent"];
    let flipped = |name: &str| {
        let mut bytes = STANDARD.decode(sealed[name].as_str().unwrap()).unwrap();
        bytes[0] ^= 1;
        json!({ "encryptedContent": with(sealed, json!({ name: STANDARD.encode(bytes) })) })
    };
    for changes in [
        json!({ "clientState": "guessed" }),
        json!({ "clientState": null }),
        json!({ "clientState": bob.text("clientState") }),
        json!({ "tenantId": "00000000-0000-4000-8000-000000000000" }),
        json!({ "tenantId": null }),
        json!({ "subscriptionId": "another" }),
        json!({ "resource": "chats('19:y@thread.v2')/messages('1')" }),
        json!({ "encryptedContent": null }),
        json!({ "encryptedContent": with(sealed, json!({ "encryptionCertificateId": "old" })) }),
        flipped("data"),
        flipped("dataSignature"),
        flipped("dataKey"),
    ] {
        let status = ada
            .deliver(&service, &with(&news, changes.clone()), &token)
            .await;
        assert_eq!(status, 403, "{changes}");
    }
    let now = Clock.utc().as_millis() / 1000;
    for (changes, refused) in [
        (json!({ "aud": "another-application" }), 401),
        (json!({ "iss": "https://evil.example" }), 401),
        (json!({ "exp": now - 120 }), 401),
        (
            json!({ "tid": "00000000-0000-4000-8000-000000000000" }),
            403,
        ),
        (json!({ "azp": browser.entra("clientId") }), 403),
        (json!({ "azp": null }), 403),
        (json!({ "appid": browser.entra("clientId") }), 403),
    ] {
        let forged = browser.signed(&with(&claims, changes.clone())).await;
        assert_eq!(
            ada.deliver(&service, &news, &forged).await,
            refused,
            "{changes}"
        );
    }
    let (head, signature) = token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    let forged = format!("{head}.{reversed}");
    assert_eq!(ada.deliver(&service, &news, &forged).await, 401);
    // A person's own token, though the directory signed it.
    let own = browser.access_token(ADA).await;
    assert_eq!(ada.deliver(&service, &news, &own).await, 401);
    let none = json!({ "value": [news] });
    let request = service.http.post(ada.text("notificationUrl")).json(&none);
    assert_eq!(service.send(request).await.refusal(), (403, "forbidden"));
    // One bad one among good ones spoils the delivery.
    let mixed = json!({ "value": [news, with(&news, json!({ "clientState": "guessed" }))],
        "validationTokens": [token] });
    let request = service.http.post(ada.text("notificationUrl")).json(&mixed);
    assert_eq!(service.send(request).await.status, 403);
    ada.hears_nothing().await;
    bob.hears_nothing().await;
    assert_eq!(ada.deliver(&service, &news, &token).await, 202);
    assert!(ada.next().await.is_some());
}

#[tokio::test]
async fn a_body_without_end_is_not_read() {
    let host = host();
    let service = start(&host, "");
    let browser = Browser::new(&host);
    let ada = Line::open(&service, &browser.access_token(ADA).await).await;
    let post = |size: usize| {
        let body = format!("{{\"value\":[],\"x\":\"{}\"}}", "a".repeat(size));
        service.http.post(ada.text("notificationUrl")).body(body)
    };
    assert_eq!(service.send(post(900_000)).await.status, 202);
    let refused = service.send(post(1_100_000)).await;
    assert_eq!(refused.refusal(), (413, "tooLarge"));
}

#[tokio::test]
async fn who_does_not_read_is_dropped_and_nobody_waits_for_them() {
    let host = host();
    let service = start(&host, "");
    let browser = Browser::new(&host);
    let mut slow = Line::open(&service, &browser.access_token(ADA).await).await;
    let mut other = Line::open(&service, &browser.access_token(BOB).await).await;
    let token = browser.signed(&vouching(&browser)).await;
    // More than the queue, and the buffers of the system between them and us, can hold.
    let words = "x".repeat(16_000);
    let delivered = 60 * 16;
    for batch in 0..60 {
        let value: Vec<Value> = (0..16)
            .map(|n| slow.news(&browser, &format!("{batch} {n} {words}")))
            .collect();
        let body = json!({ "value": value, "validationTokens": [token] });
        let request = service.http.post(slow.text("notificationUrl")).json(&body);
        assert_eq!(service.send(request).await.status, 202);
    }
    let news = other.news(&browser, "meanwhile");
    assert_eq!(other.deliver(&service, &news, &token).await, 202);
    assert!(other.next().await.is_some());
    let mut got = 0;
    let close = loop {
        let frame = tokio::time::timeout(PATIENCE, slow.socket.next()).await;
        match frame.unwrap().unwrap().unwrap() {
            Message::Text(_) => got += 1,
            Message::Close(frame) => break frame.unwrap(),
            _ => {}
        }
    };
    assert_eq!(u16::from(close.code), 4008, "{close:?}");
    assert!((1..delivered).contains(&got), "{got} of {delivered}");
}

#[tokio::test]
async fn a_line_is_opened_with_the_token_of_its_person_and_of_nobody_else() {
    let host = host();
    let service = start(&host, "clients_per_person = 2");
    let browser = Browser::new(&host);
    let oid = "ada00000-0000-4000-8000-10ca15e4b1ce";
    let good = browser.access_claims(oid);
    assert_eq!(try_open(&service, None).await.err(), Some(401));
    assert_eq!(try_open(&service, Some("nonsense")).await.err(), Some(401));
    let now = Clock.utc().as_millis() / 1000;
    for (changes, refused) in [
        (json!({ "exp": now - 120 }), 401),
        (json!({ "aud": "https://graph.microsoft.com" }), 401),
        (json!({ "appid": "another" }), 403),
        (
            json!({ "tid": "00000000-0000-4000-8000-000000000000" }),
            403,
        ),
        (json!({ "scp": "Chat.Read" }), 403),
        (json!({ "oid": "ada" }), 401),
    ] {
        let token = browser.signed(&with(&good, changes.clone())).await;
        assert_eq!(
            try_open(&service, Some(&token)).await.err(),
            Some(refused),
            "{changes}"
        );
    }
    let token = browser.signed(&good).await;
    let plain = service
        .http
        .get(service.url("/v1/relay"))
        .bearer_auth(&token);
    assert_eq!(service.send(plain).await.status, 400);
    let mut first = Line::open(&service, &token).await;
    let second = Line::open(&service, &token).await;
    assert_ne!(first.channel["clientState"], second.channel["clientState"]);
    assert_eq!(try_open(&service, Some(&token)).await.err(), Some(429));
    // Somebody else's token in place of the next one ends the line, and gives its place back.
    let bob = browser.access_token(BOB).await;
    let renewed = json!({ "kind": "renewed", "entraToken": bob });
    let renewed = Message::text(renewed.to_string());
    first.socket.send(renewed).await.unwrap();
    assert_eq!(first.next().await, None);
    Line::open(&service, &token).await;
}

#[tokio::test]
async fn a_line_lives_as_long_as_its_token() {
    let host = host();
    let settings = settings(&host, "leeway_seconds = 0");
    let service = TokenService::start_with(&host, &format!("{settings}[relay]\n"));
    let browser = Browser::new(&host);
    let now = Clock.utc().as_millis() / 1000;
    let claims = browser.access_claims("ada00000-0000-4000-8000-10ca15e4b1ce");
    let short = with(&claims, json!({ "exp": now + 3 }));
    let mut kept = Line::open(&service, &browser.signed(&short).await).await;
    let mut left = Line::open(&service, &browser.signed(&short).await).await;
    let next = browser.signed(&claims).await;
    let renewed = json!({ "kind": "renewed", "entraToken": next });
    let renewed = Message::text(renewed.to_string());
    kept.socket.send(renewed).await.unwrap();
    assert_eq!(left.next().await, None);
    kept.hears_nothing().await;
    let news = kept.news(&browser, "still");
    let token = browser.signed(&vouching(&browser)).await;
    assert_eq!(kept.deliver(&service, &news, &token).await, 202);
    assert!(kept.next().await.is_some());
}

#[tokio::test]
async fn with_another_key_lines_are_new_and_what_was_sealed_for_the_old_one_goes_nowhere() {
    let host = host();
    let mut service = start(&host, "");
    let browser = Browser::new(&host);
    let mut before = Line::open(&service, &browser.access_token(ADA).await).await;
    let token = browser.signed(&vouching(&browser)).await;
    let old = before.news(&browser, "for the old key");
    assert_eq!(service.signal(Signal::TERM), Some(0));
    assert_eq!(before.next().await, None);
    std::fs::remove_file(service.folder.path().join("relay-key.der")).unwrap();
    service.start_again();
    let mut now = Line::open(&service, &browser.access_token(ADA).await).await;
    assert_ne!(
        now.text("encryptionCertificateId"),
        before.text("encryptionCertificateId")
    );
    // A subscription of the line before: thanked, and nobody hears of it.
    let address = url::Url::parse(before.text("notificationUrl")).unwrap();
    let late = service.http.post(service.url(address.path())).json(&old);
    assert_eq!(service.send(late).await.status, 202);
    let state = json!({ "clientState": now.text("clientState") });
    let sealed = with(&old, state);
    assert_eq!(now.deliver(&service, &sealed, &token).await, 403);
    now.hears_nothing().await;
    let news = now.news(&browser, "for the new key");
    assert_eq!(now.deliver(&service, &news, &token).await, 202);
    let told = now.next().await.unwrap()["value"][0].clone();
    assert_eq!(told["resourceData"]["body"]["content"], "for the new key");
}

#[tokio::test]
async fn without_a_relay_there_is_none() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let token = browser.access_token(ADA).await;
    assert_eq!(try_open(&service, Some(&token)).await.err(), Some(404));
    let post = service.http.post(service.url("/v1/relay/x"));
    assert_eq!(service.send(post.json(&json!({}))).await.status, 404);
}
