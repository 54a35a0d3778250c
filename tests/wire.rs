//! The codecs against recorded traffic: what the official client sends, what the real service
//! has answered. `fixtures/wire/README.md` says where each recording is from.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read its fixture must fail"
)]

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sidetone::wire::acs::chat;
use sidetone::wire::acs::error::CommunicationError;
use sidetone::wire::acs::frame::Packet;
use sidetone::wire::acs::identifier::CommunicationIdentifierModel;
use sidetone::wire::acs::identity;
use sidetone::wire::acs::notification::Notification;
use sidetone::wire::acs::realtime;
use sidetone::wire::acs::sign;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire")
}

fn lines(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// Reading works, and writing gives back exactly what was read.
fn same<T: DeserializeOwned + Serialize>(body: &Value) {
    let read: T = read(body);
    assert_eq!(&serde_json::to_value(&read).unwrap(), body);
}

fn read<T: DeserializeOwned>(body: &Value) -> T {
    serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{e}: {body}"))
}

/// The operation of a line: method and path with ids replaced.
fn operation(line: &Value) -> String {
    let url = text(line, "/request/url");
    let path = url.strip_prefix("https://endpoint").unwrap_or(url);
    let path = path.split('?').next().unwrap();
    let mut parts: Vec<&str> = path.split('/').collect();
    for at in 1..parts.len() {
        if ["threads", "messages", "identities"].contains(&parts[at - 1]) {
            parts[at] = "{}";
        }
    }
    format!("{} {}", text(line, "/request/method"), parts.join("/"))
}

fn check_request(line: &Value) {
    let Some(body) = line.pointer("/request/body").filter(|b| !b.is_null()) else {
        return;
    };
    match operation(line).as_str() {
        "POST /chat/threads" => same::<chat::CreateChatThreadRequest>(body),
        "PATCH /chat/threads/{}" => same::<chat::UpdateChatThreadRequest>(body),
        "POST /chat/threads/{}/messages" => same::<chat::SendChatMessageRequest>(body),
        "PATCH /chat/threads/{}/messages/{}" => same::<chat::UpdateChatMessageRequest>(body),
        "POST /chat/threads/{}/typing" => same::<chat::SendTypingNotificationRequest>(body),
        "POST /chat/threads/{}/readReceipts" => same::<chat::SendReadReceiptRequest>(body),
        "POST /chat/threads/{}/participants/:add" => {
            same::<chat::AddChatParticipantsRequest>(body);
        }
        "POST /chat/threads/{}/participants/:remove" => {
            same::<CommunicationIdentifierModel>(body);
        }
        "POST /identities" => same::<identity::CommunicationIdentityCreateRequest>(body),
        "POST /identities/{}/:issueAccessToken" => {
            same::<identity::CommunicationIdentityAccessTokenRequest>(body);
        }
        other => panic!("no codec for {other}"),
    }
}

/// Every list item has an id that is not empty, and every page its items.
fn check_page<T: DeserializeOwned + Debug>(body: &Value, named: impl Fn(&T) -> bool) {
    let page: chat::Page<T> = read(body);
    assert_eq!(page.value.len(), body["value"].as_array().unwrap().len());
    for item in &page.value {
        assert!(named(item), "{item:?}");
    }
    assert_eq!(page.next_link.as_deref(), body["nextLink"].as_str());
}

fn check_response(line: &Value) {
    let Some(body) = line.pointer("/response/body").filter(|b| !b.is_null()) else {
        return;
    };
    let status = line["response"]["status"].as_u64().unwrap();
    if status >= 400 {
        let bytes = match body {
            Value::String(raw) => raw.clone().into_bytes(),
            json => json.to_string().into_bytes(),
        };
        let error = CommunicationError::read(&bytes).unwrap();
        assert!(!error.code.is_empty(), "{body}");
        return;
    }
    match operation(line).as_str() {
        "POST /chat/threads" => {
            let result: chat::CreateChatThreadResult = read(body);
            assert!(result.chat_thread.id.starts_with("19:"));
            let creator = result.chat_thread.created_by_communication_identifier;
            assert!(creator.to_raw_id().is_some());
        }
        "GET /chat/threads" => check_page(body, |t: &chat::ChatThreadItem| !t.id.is_empty()),
        "GET /chat/threads/{}" => {
            assert!(
                !read::<chat::ChatThreadProperties>(body)
                    .created_on
                    .is_empty()
            );
        }
        "POST /chat/threads/{}/messages" => {
            assert!(!read::<chat::SendChatMessageResult>(body).id.is_empty());
        }
        "GET /chat/threads/{}/messages" => check_page(body, whole_message),
        "GET /chat/threads/{}/messages/{}" => assert!(whole_message(&read(body))),
        "GET /chat/threads/{}/participants" => check_page(body, |p: &chat::ChatParticipant| {
            p.communication_identifier.to_raw_id().is_some()
        }),
        "POST /chat/threads/{}/participants/:add" => {
            read::<chat::AddChatParticipantsResult>(body);
        }
        "GET /chat/threads/{}/readReceipts" => {
            check_page(body, |r: &chat::ChatMessageReadReceipt| {
                r.sender_communication_identifier.to_raw_id().is_some() && !r.read_on.is_empty()
            });
        }
        "POST /identities" => {
            same::<identity::CommunicationIdentityAccessTokenResult>(body);
        }
        "POST /identities/{}/:issueAccessToken" => {
            same::<identity::CommunicationIdentityAccessToken>(body);
        }
        other => panic!("no codec for {other}"),
    }
}

fn whole_message(message: &chat::ChatMessage) -> bool {
    let numbered = message.id.parse::<u64>().is_ok() && message.version.parse::<u64>().is_ok();
    let known = !matches!(message.kind, chat::ChatMessageType::Unknown(_));
    numbered && known && !message.created_on.is_empty()
}

#[test]
fn what_the_official_client_sends_is_read_and_written_alike() {
    let lines = lines("chat-rest-sdk.jsonl");
    assert_eq!(lines.len(), 26);
    for line in &lines {
        check_request(line);
        check_response(line);
    }
}

#[test]
fn what_the_real_service_has_answered_is_read() {
    let lines = lines("chat-rest-live-recordings.jsonl");
    let chat = lines.iter().filter(|line| line["service"] != "registrar");
    assert_eq!(chat.clone().count(), 38);
    for line in chat {
        check_request(line);
        check_response(line);
    }
}

#[test]
fn the_examples_of_the_descriptions_are_read() {
    let mut seen = 0;
    for group in ["chat-2025-03-15", "identity-2023-10-01"] {
        for entry in fs::read_dir(folder().join("spec-examples").join(group)).unwrap() {
            let path = entry.unwrap().path();
            let example: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            for (status, response) in example["responses"].as_object().unwrap() {
                if check_example(&name, status, &response["body"]) {
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 81);
}

/// Whether the example has a body.
fn check_example(name: &str, status: &str, body: &Value) -> bool {
    match (name, status) {
        _ if body.is_null() => return false,
        (_, "400" | "401" | "403" | "404" | "429" | "503") => {
            let error = CommunicationError::read(body.to_string().as_bytes()).unwrap();
            assert!(!error.message.is_empty());
        }
        ("Threads_CreateChatThread" | "Threads_CreateChatThreadWithIdempotencyToken", "201") => {
            read::<chat::CreateChatThreadResult>(body);
        }
        ("Threads_GetChatThread", "200") => {
            read::<chat::ChatThreadProperties>(body);
        }
        ("Threads_ListChatThreadsWithPageSize", "200") => {
            check_page(body, |t: &chat::ChatThreadItem| !t.id.is_empty());
        }
        ("Messages_SendChatMessage", "201") => same::<chat::SendChatMessageResult>(body),
        ("Messages_GetChatMessage", "200") => assert!(whole_message(&read(body))),
        ("Messages_ListChatMessagesWithPageSize", "200") => check_page(body, whole_message),
        ("Participants_ListChatParticipantsWithPageSize", "200") => {
            check_page(body, |p: &chat::ChatParticipant| {
                p.communication_identifier.to_raw_id().is_some()
            });
        }
        ("Participants_AddChatParticipants", "201") => {
            read::<chat::AddChatParticipantsResult>(body);
        }
        ("Conversations_ListChatReadReceiptsWithPageSize", "200") => {
            check_page(body, |r: &chat::ChatMessageReadReceipt| {
                !r.chat_message_id.is_empty()
            });
        }
        ("CreateIdentity", "201") => {
            read::<identity::CommunicationIdentityAccessTokenResult>(body);
        }
        ("IssueAccessToken" | "ExchangeTeamsUserAccessToken", "200") => {
            same::<identity::CommunicationIdentityAccessToken>(body);
        }
        // Left over from a preview version; the client has no use for it.
        ("Images_UploadChatImage" | "Images_GetChatImage", _) => return false,
        (other, status) => panic!("no codec for {other} {status}: {body}"),
    }
    true
}

#[test]
fn the_official_signatures_are_verified_byte_by_byte() {
    let key = "c2NyYXRjaC1hY2Nlc3Mta2V5LTAxMjM0NTY3ODlhYmNkZWY=";
    let key = sign::AccessKey::from_base64(key).unwrap();
    let lines = lines("chat-identity-sdk.jsonl");
    assert_eq!(lines.len(), 4);
    for line in &lines {
        check_request(line);
        check_response(line);
        let body = match &line["request"]["body"] {
            Value::Null => String::new(),
            json => json.to_string(),
        };
        let request = sign::Request {
            verb: text(line, "/request/method"),
            path_and_query: text(line, "/request/url"),
            date: text(line, "/request/headers/x-ms-date"),
            host: text(line, "/request/headers/host"),
            content_hash: text(line, "/request/headers/x-ms-content-sha256"),
        };
        let authorization = text(line, "/request/headers/authorization");
        assert_eq!(request.authorization(&key), authorization);
        assert_eq!(request.verify(&key, authorization, body.as_bytes()), Ok(()));
    }
}

#[test]
fn every_frame_of_a_whole_run_is_read_and_written_alike() {
    let lines = lines("chat-realtime-sdk.jsonl");
    let frames: Vec<&Value> = lines.iter().filter(|l| l["kind"] == "ws").collect();
    assert_eq!(frames.len(), 134);
    let mut names = std::collections::BTreeSet::new();
    for frame in frames {
        let data = text(frame, "/data");
        let packet = Packet::decode(data).unwrap_or_else(|e| panic!("{e}: {data}"));
        assert_eq!(Packet::decode(&packet.encode()), Ok(packet.clone()));
        let Packet::Message { data, .. } = packet else {
            continue;
        };
        if frame["dir"] == "c2s" {
            let json: Value = serde_json::from_str(&data).unwrap();
            same::<realtime::TrouterResponse>(&json);
            continue;
        }
        let request: realtime::TrouterRequest = serde_json::from_str(&data).unwrap();
        let event = Notification::decode(&request.body).unwrap();
        assert!(request.url.ends_with(event.name()), "{}", request.url);
        assert!(!event.thread_id().is_empty());
        assert_eq!(Notification::decode(&event.encode()).unwrap(), event);
        same_members(&request.body, &event);
        names.insert(event.name());
    }
    assert_eq!(names.len(), 10, "{names:?}");
}

/// What we write of an event has every member that was recorded, with the same value.
fn same_members(recorded: &str, event: &Notification) {
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let written: Value = serde_json::from_str(&event.encode()).unwrap();
    for (name, value) in recorded.as_object().unwrap() {
        let ours = &written[name];
        match (value.as_str(), ours.as_str()) {
            // Nested documents may order their members otherwise.
            (Some(a), Some(b)) if a.starts_with(['{', '[']) => {
                let unescaped = sidetone::wire::acs::nested::unescape(b);
                let (a, b): (Value, Value) = (
                    serde_json::from_str(a).unwrap(),
                    serde_json::from_str(&unescaped).unwrap(),
                );
                assert_eq!(a, b, "{} {name}", event.name());
            }
            // "null" is how an absent document may be written.
            (Some("null" | ""), _) => {}
            _ => assert_eq!(value, ours, "{} {name}", event.name()),
        }
    }
}

#[test]
fn our_answers_to_pushed_requests_are_those_of_the_official_client() {
    let lines = lines("chat-realtime-sdk.jsonl");
    let message = |line: &Value, dir: &str| -> Option<Value> {
        let ours = line["kind"] == "ws" && line["dir"] == dir;
        let data = text(line, "/data").strip_prefix("3:::")?;
        ours.then(|| serde_json::from_str(data).unwrap())
    };
    let requests: Vec<realtime::TrouterRequest> = lines
        .iter()
        .filter_map(|line| Some(read(&message(line, "s2c")?)))
        .collect();
    let mut answered = 0;
    for answer in lines.iter().filter_map(|line| message(line, "c2s")) {
        let request = requests.iter().find(|r| answer["id"] == r.id).unwrap();
        let spent: Value = serde_json::from_str(text(&answer, "/headers/trouter-client")).unwrap();
        let ours = realtime::TrouterResponse::new(request, 200, spent["cd"].as_u64().unwrap());
        assert_eq!(serde_json::to_value(&ours).unwrap(), answer);
        answered += 1;
    }
    assert!(answered >= 20, "{answered}");
}

#[test]
fn configuration_allocation_handshake_and_registration_are_read() {
    let lines = lines("chat-realtime-sdk.jsonl");
    let mut seen = [0; 4];
    for line in lines.iter().filter(|l| l["kind"] == "http") {
        if line["response"]["status"] == 204 {
            continue; // a preflight
        }
        let body = &line["response"]["body"];
        let url = text(line, "/request/url");
        match text(line, "/request/path") {
            "/chat/config/realTimeNotifications" => {
                same::<realtime::RealTimeNotificationConfiguration>(body);
                seen[0] += 1;
            }
            "/v4/a" => {
                same::<realtime::Allocation>(body);
                seen[1] += 1;
            }
            "/socket.io/1/" => {
                let text = body.as_str().unwrap();
                let handshake = realtime::Handshake::decode(text).unwrap();
                assert_eq!(handshake.encode(), text);
                assert_eq!(handshake.transports[0], "websocket");
                let names: Vec<&str> = url
                    .split_once('?')
                    .unwrap()
                    .1
                    .split('&')
                    .filter_map(|pair| Some(pair.split_once('=')?.0))
                    .filter(|name| !["dom", "t"].contains(name))
                    .collect();
                assert_eq!(names, our_query_names(&lines));
                seen[2] += 1;
            }
            "/v3/registrations" => {
                same::<realtime::RegistrationRequest>(&line["request"]["body"]);
                seen[3] += 1;
            }
            _ => {}
        }
    }
    assert!(seen.iter().all(|n| *n >= 2), "{seen:?}");
}

/// The parameters of our handshake for the recorded allocation, in our order.
fn our_query_names(lines: &[Value]) -> Vec<String> {
    let allocation = lines
        .iter()
        .find(|l| l["request"]["path"] == "/v4/a" && l["response"]["status"] == 200)
        .unwrap();
    let connection = realtime::Connection {
        cor_id: "c".to_owned(),
        con_num: "1_1".to_owned(),
        epid: "e".to_owned(),
    };
    let client = realtime::ClientInfo {
        cv: "1".to_owned(),
        ua: "x".to_owned(),
        v: "1".to_owned(),
    };
    // Parsed from text: a JSON value would have sorted the members already.
    let members = ["sr", "issuer", "sp", "se", "st", "sig"];
    let recorded = &allocation["response"]["body"];
    let mut parsed: realtime::Allocation = read(recorded);
    parsed.connectparams.0.sort_by_key(|(name, _)| {
        members
            .iter()
            .position(|member| member == name)
            .expect("a recorded member")
    });
    let query = connection.query(&parsed, &client, "x.1");
    query
        .split('&')
        .filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()))
        .collect()
}
