//! Chat over REST: what each operation does, and how it refuses.

use serde_json::Value;
use serde_json::json;
use sidetone::service::Options;
use sidetone::service::Seed;
use sidetone::service::store::Access;
use sidetone::service::store::History;
use sidetone::service::store::Kind;
use sidetone::service::store::NewThread;
use sidetone::service::store::Participant;

use crate::support::Host;
use crate::support::User;
use crate::support::encoded;
use crate::support::participant;
use crate::support::start;
use crate::support::start_with;

fn at(thread: &str, rest: &str) -> String {
    format!("/chat/threads/{}{rest}", encoded(thread))
}

#[tokio::test]
async fn a_thread_is_created_once_with_its_creator_and_says_who_could_not_be_added() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let foreign = json!({ "communicationIdentifier": { "rawId": "8:acs:11111111-2222-3333-4444-555555555555_u" } });
    let unknown = format!("{}0", ada.id);
    let unknown = json!({ "communicationIdentifier": { "rawId": unknown } });
    let body = json!({ "topic": "Review", "participants": [foreign, unknown], "metadata": { "a": "b" },
        "retentionPolicy": { "kind": "threadCreationDate", "deleteThreadAfterDays": 60 } });
    let create = || {
        let request = host
            .http
            .post(host.url("/chat/threads?api-version=2025-03-15"));
        let request = request.header("repeatability-request-id", "r-1");
        host.send(request.bearer_auth(&ada.token).json(&body))
    };
    let made = create().await;
    assert_eq!(made.status, 201);
    let thread = made.body["chatThread"]["id"].as_str().unwrap();
    let location = made.header("location");
    let expected = format!(
        "{}/chat/threads/{}",
        host.running.endpoint,
        thread.replace(':', "%3A")
    );
    assert_eq!(location, expected);
    assert_eq!(
        made.body["chatThread"]["retentionPolicy"]["deleteThreadAfterDays"],
        60
    );
    let codes: Vec<_> = made.body["invalidParticipants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["403", "404"]);
    let people = host.get(&ada, &at(thread, "/participants")).await;
    assert_eq!(people.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        people.body["value"][0]["communicationIdentifier"]["rawId"],
        ada.id
    );
    assert_eq!(
        people.body["value"][0]["shareHistoryTime"],
        "1970-01-01T00:00:00.000Z"
    );
    let again = create().await;
    assert_eq!(again.status, 201);
    assert_eq!(again.body, made.body);
}

#[tokio::test]
async fn a_thread_is_described_merged_and_deleted() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Before", &[&ada]).await;
    for patch in [
        json!({ "topic": "After", "metadata": { "a": "1", "b": "2" } }),
        json!({ "metadata": { "b": null, "c": "3" }, "retentionPolicy": { "kind": "threadCreationDate", "deleteThreadAfterDays": 30 } }),
        json!({ "retentionPolicy": { "kind": "none" } }),
    ] {
        let answer = host.call(&ada, "PATCH", &at(&thread, ""), patch).await;
        assert_eq!((answer.status.as_u16(), answer.bytes.len()), (204, 0));
    }
    let read = host.get(&ada, &at(&thread, "")).await;
    assert_eq!(read.body["topic"], "After");
    assert_eq!(read.body["metadata"], json!({ "a": "1", "c": "3" }));
    assert!(read.body.get("retentionPolicy").is_none());
    let notes = host.get(&ada, &at(&thread, "/messages")).await;
    let kinds: Vec<_> = notes.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["type"].clone())
        .collect();
    assert_eq!(kinds, ["topicUpdated", "topicUpdated", "participantAdded"]);
    assert_eq!(notes.body["value"][0]["content"]["topic"], "After");
    assert!(notes.body["value"][0].get("senderDisplayName").is_none());
    let gone = host
        .call(&ada, "DELETE", &at(&thread, ""), Value::Null)
        .await;
    assert_eq!((gone.status.as_u16(), gone.bytes.len()), (204, 0));
    assert_eq!(host.get(&ada, &at(&thread, "")).await.status, 404);
    let list = host.get(&ada, "/chat/threads").await;
    assert!(list.body["value"][0]["deletedOn"].is_string());
}

#[tokio::test]
async fn a_message_is_sent_edited_and_deleted_by_its_sender_only() {
    let host = start().await;
    let (ada, bob) = (host.user(&["chat"]).await, host.user(&["chat"]).await);
    let thread = host.thread("Messages", &[&ada, &bob]).await;
    let body = json!({ "content": "<b>hi</b>", "type": "html", "senderDisplayName": "Ada", "metadata": { "k": "v" } });
    let sent = host.post(&ada, &at(&thread, "/messages"), body).await;
    assert_eq!(sent.status, 201);
    let id = sent.body["id"].as_str().unwrap().to_owned();
    assert!(
        sent.header("location")
            .ends_with(&format!("/messages/{id}"))
    );
    let path = at(&thread, &format!("/messages/{id}"));
    let read = host.get(&bob, &path).await.body;
    assert_eq!(read["type"], "html");
    assert_eq!(read["content"], json!({ "message": "<b>hi</b>" }));
    assert_eq!(read["sequenceId"], "3");
    assert_eq!(read["version"], id.as_str());
    let edit = json!({ "content": "<i>hi</i>", "metadata": { "n": "m" } });
    let by_other = host.call(&bob, "PATCH", &path, edit.clone()).await;
    assert_eq!(
        (by_other.status.as_u16(), by_other.code()),
        (403, "Forbidden")
    );
    assert_eq!(host.call(&ada, "PATCH", &path, edit).await.status, 204);
    let edited = host.get(&bob, &path).await.body;
    assert_eq!(edited["metadata"], json!({ "n": "m" }));
    assert!(edited["editedOn"].is_string() && edited["version"] != edited["id"]);
    assert_eq!(edited["createdOn"], read["createdOn"]);
    assert_eq!(
        host.call(&bob, "DELETE", &path, Value::Null).await.status,
        403
    );
    assert_eq!(
        host.call(&ada, "DELETE", &path, Value::Null).await.status,
        204
    );
    let deleted = host.get(&bob, &path).await.body;
    assert!(deleted["deletedOn"].is_string() && deleted.get("content").is_none());
}

/// Sends `METHOD path` as `user` and compares status and code.
async fn refused(host: &Host, user: &User, request: &str, body: Value, expected: (u16, &str)) {
    let (method, path) = request.split_once(' ').unwrap();
    let answer = host.call(user, method, path, body).await;
    let found = (answer.status.as_u16(), answer.code());
    assert_eq!(found, expected, "{request}: {:?}", answer.body);
    let kind = answer.header("content-type");
    assert!(kind.starts_with("application/json"), "{request}");
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_bad_request() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = at(&host.thread("Errors", &[&ada]).await, "");
    let nobody = json!({ "rawId": "8:acs:invalidUserId" });
    let nobody = json!({ "participants": [{ "communicationIdentifier": nobody }] });
    let days = json!({ "kind": "threadCreationDate", "deleteThreadAfterDays": 29 });
    let big = json!({ "content": "x".repeat(28 * 1024 + 1) });
    let send = format!("POST {thread}/messages");
    let patch = format!("PATCH {thread}");
    for (request, body) in [
        ("GET /chat/threads/nonsense".to_owned(), Value::Null),
        (format!("GET {thread}/messages/x"), Value::Null),
        (send.clone(), big),
        (
            send.clone(),
            json!({ "content": "x", "type": "topicUpdated" }),
        ),
        (send, json!({})),
        (format!("POST {thread}/participants/:add"), nobody),
        (
            patch.clone(),
            json!({ "metadata": { "k": "v".repeat(1024) } }),
        ),
        (patch.clone(), json!({ "retentionPolicy": days })),
        (patch, json!({ "topic": "" })),
        ("GET /chat/threads?maxPageSize=x".to_owned(), Value::Null),
        (
            "GET /chat/threads?api-version=latest".to_owned(),
            Value::Null,
        ),
    ] {
        refused(&host, &ada, &request, body, (400, "BadRequest")).await;
    }
    let no_version = host.http.get(host.url("/chat/threads"));
    let no_version = host.send(no_version.bearer_auth(&ada.token)).await;
    assert_eq!(no_version.status, 400);
}

#[tokio::test]
async fn what_is_missing_is_told_from_what_is_forbidden() {
    let host = start().await;
    let (ada, eve) = (host.user(&["chat"]).await, host.user(&["chat"]).await);
    let thread = at(&host.thread("Errors", &[&ada]).await, "");
    let unknown = at("19:doesnotexist@thread.v2", "");
    let receipt = json!({ "chatMessageId": "1" });
    for (request, body) in [
        (format!("GET {unknown}"), Value::Null),
        (format!("GET {thread}/messages/1"), Value::Null),
        (format!("POST {thread}/participants/:invite"), json!({})),
        (format!("POST {thread}/readReceipts"), receipt),
        ("GET /chat/nothing".to_owned(), Value::Null),
    ] {
        refused(&host, &ada, &request, body, (404, "NotFound")).await;
    }
    let message = json!({ "content": "x" });
    for (request, body) in [
        (format!("GET {thread}"), Value::Null),
        (format!("POST {thread}/messages"), message),
    ] {
        refused(&host, &eve, &request, body, (403, "Forbidden")).await;
    }
    let put = format!("PUT {thread}");
    refused(&host, &ada, &put, Value::Null, (405, "MethodNotAllowed")).await;
    let stranger = User {
        token: "forged".to_owned(),
        ..ada
    };
    let read = format!("GET {thread}");
    refused(&host, &stranger, &read, Value::Null, (401, "Unauthorized")).await;
}

#[tokio::test]
async fn participants_come_and_go_with_a_note_each() {
    let host = start().await;
    let (ada, bob, eve) = (
        host.user(&["chat"]).await,
        host.user(&["chat"]).await,
        host.user(&["chat"]).await,
    );
    let thread = host.thread("People", &[&ada]).await;
    let before = host.say(&ada, &thread, "before").await;
    let add = json!({ "participants": [participant(&bob), participant(&ada)] });
    let added = host
        .post(&ada, &at(&thread, "/participants/:add"), add)
        .await;
    assert_eq!((added.status.as_u16(), added.body), (201, json!({})));
    let now = host
        .get(&ada, &at(&thread, "/messages?maxPageSize=1"))
        .await;
    assert_eq!(
        now.body["value"][0]["content"]["participants"][0]["communicationIdentifier"]["rawId"],
        bob.id
    );
    let mut late = participant(&eve);
    late["shareHistoryTime"] = json!("2999-01-01T00:00:00Z");
    host.post(
        &ada,
        &at(&thread, "/participants/:add"),
        json!({ "participants": [late] }),
    )
    .await;
    assert_eq!(
        host.get(&bob, &at(&thread, &format!("/messages/{before}")))
            .await
            .status,
        200
    );
    assert_eq!(
        host.get(&eve, &at(&thread, &format!("/messages/{before}")))
            .await
            .status,
        404
    );
    let leave = json!({ "communicationUser": { "id": bob.id } });
    let left = host
        .post(&bob, &at(&thread, "/participants/:remove"), leave)
        .await;
    assert_eq!((left.status.as_u16(), left.bytes.len()), (204, 0));
    assert_eq!(host.get(&bob, &at(&thread, "")).await.status, 403);
    let last = host
        .get(&ada, &at(&thread, "/messages?maxPageSize=1"))
        .await;
    assert_eq!(last.body["value"][0]["type"], "participantRemoved");
}

#[tokio::test]
async fn receipts_keep_the_newest_per_person() {
    let host = start().await;
    let (ada, bob) = (host.user(&["chat"]).await, host.user(&["chat"]).await);
    let thread = host.thread("Receipts", &[&ada, &bob]).await;
    let first = host.say(&ada, &thread, "one").await;
    let second = host.say(&ada, &thread, "two").await;
    for id in [&second, &first] {
        let body = json!({ "chatMessageId": id });
        let answer = host.post(&bob, &at(&thread, "/readReceipts"), body).await;
        assert_eq!((answer.status.as_u16(), answer.bytes.len()), (200, 0));
    }
    let list = host.get(&ada, &at(&thread, "/readReceipts")).await.body;
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    assert_eq!(list["value"][0]["chatMessageId"], second.as_str());
    let typing = host.post(&bob, &at(&thread, "/typing"), json!({})).await;
    assert_eq!((typing.status.as_u16(), typing.bytes.len()), (200, 0));
}

/// Follows the links as the official client does: verbatim.
async fn pages(host: &Host, user: &User, path: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let request = host.http.get(host.url(&path)).bearer_auth(&user.token);
        let answer = host.send(request).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        pages.push(answer.body["value"].as_array().unwrap().clone());
        next = answer.body["nextLink"].as_str().map(str::to_owned);
    }
    pages
}

#[tokio::test]
async fn pages_are_followed_to_the_end_by_their_own_links() {
    let host = start().await;
    let (ada, bob, eve) = (
        host.user(&["chat"]).await,
        host.user(&["chat"]).await,
        host.user(&["chat"]).await,
    );
    let thread = host.thread("Pages", &[&ada, &bob, &eve]).await;
    for n in 0..5 {
        host.say(&ada, &thread, &n.to_string()).await;
    }
    let path = at(&thread, "/messages?maxPageSize=3&api-version=2025-03-15");
    let messages = pages(&host, &ada, &path).await;
    assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let sequences: Vec<_> = messages
        .concat()
        .iter()
        .map(|m| m["sequenceId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(sequences, ["7", "6", "5", "4", "3", "2", "1"]);
    for (start, expected) in [("1970-01-01T00:00:00Z", 7), ("2999-01-01T00:00:00.000Z", 0)] {
        let start = encoded(start);
        let list = format!("/messages?maxPageSize=3&api-version=2025-03-15&startTime={start}");
        let found = pages(&host, &ada, &at(&thread, &list)).await.concat();
        assert_eq!(found.len(), expected);
    }
    let path = at(
        &thread,
        "/participants?maxPageSize=2&api-version=2025-03-15",
    );
    assert_eq!(
        pages(&host, &ada, &path)
            .await
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>(),
        [2, 1]
    );
    let last = messages.concat()[0]["id"].clone();
    for user in [&ada, &bob, &eve] {
        host.post(
            user,
            &at(&thread, "/readReceipts"),
            json!({ "chatMessageId": last }),
        )
        .await;
    }
    let path = at(
        &thread,
        "/readReceipts?maxPageSize=2&api-version=2025-03-15",
    );
    assert_eq!(
        pages(&host, &ada, &path)
            .await
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>(),
        [2, 1]
    );
    let other = host.thread("Newer", &[&ada]).await;
    let threads = pages(
        &host,
        &ada,
        "/chat/threads?maxPageSize=1&api-version=2025-03-15",
    )
    .await;
    assert_eq!(threads.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(threads[0][0]["id"], other);
}

#[tokio::test]
async fn links_name_the_address_the_client_used() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Proxy", &[&ada]).await;
    let url = host.url(&at(
        &thread,
        "/messages?maxPageSize=1&api-version=2025-03-15",
    ));
    let request = host.http.get(url).bearer_auth(&ada.token);
    let request = request
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "chat.example");
    let link = host.send(request).await.body["nextLink"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        link.starts_with("https://chat.example/chat/threads/19:"),
        "{link}"
    );
}

#[tokio::test]
async fn the_cloud_headers_are_there() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let request = host
        .http
        .get(host.url("/chat/threads?api-version=2025-03-15"));
    let request = request
        .bearer_auth(&ada.token)
        .header("origin", "https://app.example");
    let answer = host.send(request).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert_eq!(answer.header("access-control-expose-headers"), "*");
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert!(
        answer
            .header("api-supported-versions")
            .contains("2025-03-15")
    );
    assert_eq!(answer.header("ms-cv").len(), 24);
    assert!(answer.header("x-processing-time").ends_with("ms"));
}

#[tokio::test]
async fn rates_are_limited_when_that_is_switched_on() {
    let host = start_with(Options {
        rate_limits: true,
        ..Options::default()
    })
    .await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Limits", &[&ada]).await;
    for n in 0..10 {
        host.say(&ada, &thread, &n.to_string()).await;
    }
    let refused = host
        .post(&ada, &at(&thread, "/messages"), json!({ "content": "x" }))
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (429, "TooManyRequests")
    );
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    host.running.service.switch_rate_limits(false);
    host.say(&ada, &thread, "again").await;
}

/// A meeting's thread, as meetings make one: with Ada as participant.
fn meeting(host: &Host, ada: &User) -> String {
    let organizer = "8:orgid:00000000-0000-4000-8000-000000000001";
    let service = &host.running.service;
    service
        .lock()
        .store
        .identities
        .register(organizer, Some("Olga".to_owned()));
    let made = service.change(|store, now| {
        let new = NewThread::new(Kind::Meeting, "Weekly");
        let creator = Participant::new(organizer, Some("Olga"));
        let (id, _, mut changes) = store.create_thread(creator, new, now)?;
        let by = store.live(&id)?.who(organizer);
        let guest = Participant::new(&ada.id, Some("Ada (External)"));
        changes.extend(store.admit(&id, &by, guest, History::FromNow, now)?);
        Ok((id, changes))
    });
    made.unwrap()
}

#[tokio::test]
async fn a_meeting_decides_who_may_touch_its_thread_and_what_they_are_called() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = meeting(&host, &ada);
    let body = json!({ "content": "hi", "senderDisplayName": "The organizer" });
    let sent = host.post(&ada, &at(&thread, "/messages"), body).await;
    let id = sent.body["id"].as_str().unwrap().to_owned();
    let read = host
        .get(&ada, &at(&thread, &format!("/messages/{id}")))
        .await;
    assert_eq!(read.body["senderDisplayName"], "Ada (External)");
    for (method, rest, body) in [
        ("PATCH", "", json!({ "topic": "Mine" })),
        ("DELETE", "", Value::Null),
        (
            "POST",
            "/participants/:add",
            json!({ "participants": [participant(&ada)] }),
        ),
        ("POST", "/participants/:remove", json!({ "rawId": ada.id })),
    ] {
        assert_eq!(
            host.call(&ada, method, &at(&thread, rest), body)
                .await
                .status,
            403,
            "{method} {rest}"
        );
    }
    let service = &host.running.service;
    let grant = |access| {
        service
            .lock()
            .store
            .set_access(&thread, &ada.id, access)
            .unwrap();
    };
    grant(Access::ReadOnly);
    assert_eq!(host.get(&ada, &at(&thread, "/messages")).await.status, 200);
    assert_eq!(
        host.post(&ada, &at(&thread, "/messages"), json!({ "content": "x" }))
            .await
            .status,
        403
    );
    grant(Access::None);
    assert_eq!(host.get(&ada, &at(&thread, "/messages")).await.status, 403);
    assert!(
        host.get(&ada, "/chat/threads").await.body["value"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_image_is_uploaded_shown_and_deleted() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = meeting(&host, &ada);
    let png = b"\x89PNG\r\n\x1a\n and so on".to_vec();
    let upload = |thread: &str, bytes: Vec<u8>| {
        let url = host.url(&at(thread, "/images?api-version=2024-03-15-preview"));
        let request = host.http.post(url).bearer_auth(&ada.token);
        let request = request.header("image-filename", "i.png");
        host.send(
            request
                .header("content-type", "application/octet-stream")
                .body(bytes),
        )
    };
    let made = upload(&thread, png.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["attachmentType"], "inlineImage");
    assert!(!made.header("location").is_empty());
    let id = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(upload(&thread, b"not an image".to_vec()).await.status, 400);
    let plain = host.thread("Plain", &[&ada]).await;
    assert_eq!(upload(&plain, png.clone()).await.status, 403);
    for path in [
        format!("/images/{id}/views/original"),
        format!("/images/{id}/view/small"),
        format!("/messages/1/teamsInterop/images/{id}/views/small"),
    ] {
        let shown = host.get(&ada, &at(&thread, &path)).await;
        assert_eq!(
            (shown.status.as_u16(), shown.header("content-type")),
            (200, "image/png"),
            "{path}"
        );
        assert_eq!(shown.bytes, png);
    }
    let body = json!({ "content": format!("<img id=\"{id}\">"), "type": "html" });
    let sent = host.post(&ada, &at(&thread, "/messages"), body).await;
    let message = at(
        &thread,
        &format!("/messages/{}", sent.body["id"].as_str().unwrap()),
    );
    let attachment = host.get(&ada, &message).await.body["content"]["attachments"][0].clone();
    assert_eq!(attachment["attachmentType"], "image");
    let url = attachment["url"].as_str().unwrap();
    assert_eq!(host.get(&ada, url).await.bytes, png);
    let path = at(&thread, &format!("/images/{id}"));
    assert_eq!(
        host.call(&ada, "DELETE", &path, Value::Null).await.status,
        204
    );
    assert_eq!(
        host.get(&ada, &at(&thread, &format!("/images/{id}/views/original")))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn https_is_trusted_by_whoever_trusts_the_authority_file() {
    let host = start_with(Options {
        tls: true,
        ..Options::default()
    })
    .await;
    assert!(host.running.endpoint.starts_with("https://127.0.0.1:"));
    let ada = host.user(&["chat"]).await;
    let made = host
        .post(&ada, "/chat/threads", json!({ "topic": "Secure" }))
        .await;
    assert!(made.header("location").starts_with("https://127.0.0.1:"));
    assert!(!made.header("strict-transport-security").is_empty());
    let by_name = format!("https://localhost:{}/", host.running.address.port());
    assert_eq!(host.send(host.http.get(by_name)).await.bytes, b"Trouter");
    let stranger = reqwest::Client::new();
    assert!(stranger.get(host.url("/")).send().await.is_err());
}

#[tokio::test]
async fn a_seed_plants_threads_with_their_people_and_messages() {
    let host = start().await;
    let seed = Seed::parse(
        r#"
        [[thread]]
        topic = "Design review"
        participants = ["Ada", "Grace"]

        [[thread.message]]
        from = "Ada"
        text = "Shall we begin?"

        [[thread.message]]
        from = "Grace"
        html = "<b>Yes</b>"
        "#,
    );
    let people = host.running.service.plant(seed.unwrap()).unwrap();
    let grace = host.token(&people["Grace"], &["chat"]).await;
    let threads = host.get(&grace, "/chat/threads").await.body;
    assert_eq!(threads["value"][0]["topic"], "Design review");
    let thread = threads["value"][0]["id"].as_str().unwrap().to_owned();
    let messages = host.get(&grace, &at(&thread, "/messages")).await.body;
    assert_eq!(messages["value"][0]["content"]["message"], "<b>Yes</b>");
    assert_eq!(messages["value"][0]["type"], "html");
    assert_eq!(messages["value"][1]["senderDisplayName"], "Ada");
    assert!(Seed::parse("[[thread]]\ntopik = \"x\"").is_err());
}
