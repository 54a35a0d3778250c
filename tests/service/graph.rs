//! Microsoft Graph of the embedded service, as any client meets it.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use serde_json::json;
use sidetone::service::ADA;
use sidetone::service::EVERYTHING;

use crate::support::Host;
use crate::support::User;
use crate::support::encoded;
use crate::support::start;

pub(crate) async fn somebody(host: &Host, upn: &str, scopes: &str) -> User {
    let service = &host.running.service;
    let hour = Duration::from_hours(1);
    User {
        id: upn.to_owned(),
        token: service.graph_token(upn, scopes, hour).await.unwrap(),
    }
}

pub(crate) async fn office() -> (Host, User) {
    let host = start().await;
    let meeting = host.running.meeting.clone().unwrap();
    let service = &host.running.service;
    service.plant_chats(Some(&meeting.thread_id)).unwrap();
    let ada = somebody(&host, ADA, EVERYTHING).await;
    (host, ada)
}

pub(crate) async fn chat_called(host: &Host, user: &User, topic: &str) -> String {
    let listed = host.get(user, "/v1.0/me/chats?$top=50").await;
    let all = listed.body["value"].as_array().unwrap();
    let found = all.iter().find(|chat| chat["topic"] == topic).unwrap();
    encoded(found["id"].as_str().unwrap())
}

async fn say(host: &Host, user: &User, chat: &str, words: &str) -> Value {
    let body = json!({ "body": { "content": words } });
    let path = format!("/v1.0/chats/{chat}/messages");
    let sent = host.post(user, &path, body).await;
    assert_eq!(sent.status, 201, "{:?}", sent.body);
    sent.body
}

fn words(answer: &Value) -> Vec<String> {
    let all = answer["value"].as_array().unwrap().iter();
    all.map(|m| m["body"]["content"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn chats_are_listed_by_their_newest_message_with_people_and_meetings() {
    let (host, ada) = office().await;
    let path = "/v1.0/me/chats?$expand=lastMessagePreview,members&$top=50&$orderby=lastMessagePreview/createdDateTime desc";
    let listed = host.get(&ada, path).await;
    assert_eq!(listed.status, 200, "{:?}", listed.body);
    let kinds: Vec<_> = listed.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["chatType"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["meeting", "group", "oneOnOne"]);
    let meeting = &listed.body["value"][0];
    let link = meeting["onlineMeetingInfo"]["joinWebUrl"].as_str().unwrap();
    let filter = format!(
        "/v1.0/me/onlineMeetings?$filter=JoinWebUrl eq '{}'",
        encoded(link)
    );
    let found = host.get(&ada, &filter).await;
    assert_eq!(
        found.body["value"][0]["chatInfo"]["threadId"],
        meeting["id"]
    );
    let unexpanded = "/v1.0/me/chats?$orderby=lastMessagePreview/createdDateTime desc";
    assert_eq!(host.get(&ada, unexpanded).await.status, 400);
}

#[tokio::test]
async fn a_filter_is_ignored_unless_the_order_names_the_same_property() {
    let (host, ada) = office().await;
    let chat = chat_called(&host, &ada, "Release notes").await;
    let first = say(&host, &ada, &chat, "first").await;
    // Of another millisecond.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let sent = say(&host, &ada, &chat, "second").await;
    assert_ne!(sent["createdDateTime"], first["createdDateTime"]);
    let at = sent["createdDateTime"].as_str().unwrap();
    let messages = format!("/v1.0/chats/{chat}/messages?$filter=createdDateTime lt {at}");
    let trapped = host.get(&ada, &messages).await;
    assert!(words(&trapped.body).contains(&"second".to_owned()));
    let heeded = host
        .get(&ada, &format!("{messages}&$orderby=createdDateTime desc"))
        .await;
    assert_eq!(words(&heeded.body)[0], "first");
    assert_eq!(
        host.get(&ada, &format!("/v1.0/chats/{chat}/messages?$top=51"))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_list_goes_on_by_its_link_and_by_nothing_else() {
    let (host, ada) = office().await;
    let chat = chat_called(&host, &ada, "Release notes").await;
    for n in 0..7 {
        say(&host, &ada, &chat, &format!("number {n}")).await;
    }
    let mut next = host.url(&format!("/v1.0/chats/{chat}/messages?$top=3"));
    let mut all = Vec::new();
    loop {
        let request = host.http.get(&next).bearer_auth(&ada.token);
        let page = host.send(request).await;
        all.extend(words(&page.body));
        match page.body["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    let numbered: Vec<_> = all.iter().filter(|w| w.starts_with("number")).collect();
    assert_eq!(numbered.len(), 7);
    assert_eq!(numbered[0], "number 6");
    let forged = host
        .get(&ada, &format!("/v1.0/chats/{chat}/messages?$skiptoken=3"))
        .await;
    assert_eq!(forged.status, 400);
}

#[tokio::test]
async fn system_events_have_their_name_only_for_who_asks() {
    let (host, ada) = office().await;
    let chat = chat_called(&host, &ada, "Release notes").await;
    let path = host.url(&format!("/v1.0/chats/{chat}/messages?$top=50"));
    let plain = host.http.get(&path).bearer_auth(&ada.token);
    let kinds = |body: &Value| -> Vec<String> {
        let all = body["value"].as_array().unwrap().iter();
        all.map(|m| m["messageType"].as_str().unwrap().to_owned())
            .collect()
    };
    let old = host.send(plain.try_clone().unwrap()).await;
    assert!(kinds(&old.body).contains(&"unknownFutureValue".to_owned()));
    let new = host
        .send(plain.header("Prefer", "include-unknown-enum-members"))
        .await;
    assert!(kinds(&new.body).contains(&"systemEventMessage".to_owned()));
}

#[tokio::test]
async fn a_message_is_changed_taken_back_put_back_and_reacted_to() {
    let (host, ada) = office().await;
    let chat = chat_called(&host, &ada, "Release notes").await;
    let sent = say(&host, &ada, &chat, "hullo").await;
    let id = sent["id"].as_str().unwrap();
    let message = format!("/v1.0/chats/{chat}/messages/{id}");
    let body = json!({ "body": { "content": "hello" } });
    assert_eq!(host.call(&ada, "PATCH", &message, body).await.status, 204);
    let react = json!({ "reactionType": "💘" });
    let reaction = format!("{message}/setReaction");
    assert_eq!(host.post(&ada, &reaction, react).await.status, 204);
    let read = host.get(&ada, &message).await.body;
    assert_eq!(read["body"]["content"], "hello");
    assert_eq!(read["reactions"][0]["reactionType"], "💘");
    assert!(read["lastEditedDateTime"].is_string());
    let mine = host.get(&ada, "/v1.0/me").await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let soft = format!("/v1.0/users/{mine}/chats/{chat}/messages/{id}/softDelete");
    assert_eq!(host.post(&ada, &soft, Value::Null).await.status, 204);
    let gone = host.get(&ada, &message).await.body;
    assert!(gone["deletedDateTime"].is_string());
    assert_eq!(gone["body"]["content"], "");
    let undo = soft.replace("softDelete", "undoSoftDelete");
    assert_eq!(host.post(&ada, &undo, Value::Null).await.status, 204);
    assert_eq!(
        host.get(&ada, &message).await.body["body"]["content"],
        "hello"
    );
    let bob = somebody(&host, "bob@sidetone.example", EVERYTHING).await;
    let theirs = host
        .call(
            &bob,
            "PATCH",
            &message,
            json!({ "body": { "content": "x" } }),
        )
        .await;
    assert_eq!(theirs.status, 403);
    assert_eq!(host.post(&bob, &soft, Value::Null).await.status, 403);
}

#[tokio::test]
async fn what_a_token_does_not_permit_is_refused_in_the_words_of_graph() {
    let (host, _) = office().await;
    let reader = somebody(&host, ADA, "Chat.ReadBasic").await;
    assert_eq!(host.get(&reader, "/v1.0/me/chats").await.status, 200);
    let refused = host
        .get(&reader, "/v1.0/me/chats?$expand=lastMessagePreview")
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (403, "Forbidden")
    );
    assert_eq!(
        refused.body["error"]["innerError"]["code"],
        "InsufficientPrivileges"
    );
    assert!(!refused.header("request-id").is_empty());
    let writer = somebody(&host, ADA, "Chat.ReadWrite").await;
    let query = json!({ "requests": [{ "entityTypes": ["chatMessage"], "query": { "queryString": "draft" } }] });
    assert_eq!(
        host.post(&writer, "/v1.0/search/query", query.clone())
            .await
            .status,
        403
    );
    let searcher = somebody(&host, ADA, "Chat.Read").await;
    let found = host.post(&searcher, "/v1.0/search/query", query).await;
    let hit = &found.body["value"][0]["hitsContainers"][0]["hits"][0];
    assert!(
        hit["summary"].as_str().unwrap().contains("<c0>draft</c0>"),
        "{:?}",
        found.body
    );
    let nobody = User {
        id: String::new(),
        token: "x.y.z".to_owned(),
    };
    let refused = host.get(&nobody, "/v1.0/me").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (401, "InvalidAuthenticationToken")
    );
}

#[tokio::test]
async fn a_local_subscription_tells_what_happens_and_external_people_are_named() {
    let (host, ada) = office().await;
    let meeting = host.running.meeting.clone().unwrap().thread_id;
    let soon =
        sidetone::clock::Timestamp::from_millis(sidetone::clock::Clock.utc().as_millis() + 600_000);
    let wanted = |resource: &str, url: &str| {
        json!({ "changeType": "created,updated,deleted", "resource": resource,
        "notificationUrl": url, "expirationDateTime": soon.to_string(), "clientState": "s" })
    };
    let elsewhere = wanted("/me/chats/getAllMessages", "https://example.org/");
    assert_eq!(
        host.post(&ada, "/v1.0/subscriptions", elsewhere)
            .await
            .status,
        400
    );
    let made = host
        .post(
            &ada,
            "/v1.0/subscriptions",
            wanted("/me/chats/getAllMessages", "local:"),
        )
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let url = made.body["notificationUrl"].as_str().unwrap();
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let chat = encoded(&meeting);
    let sent = say(&host, &ada, &chat, "anybody here?").await;
    let told = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let about = format!(
        "chats('{meeting}')/messages('{}')",
        sent["id"].as_str().unwrap()
    );
    assert_eq!(told["value"][0]["resource"], about.as_str());
    assert_eq!(told["value"][0]["changeType"], "created");
    // A reaction moves the message, and is told as a change.
    let reaction = format!(
        "/v1.0/chats/{chat}/messages/{}/setReaction",
        sent["id"].as_str().unwrap()
    );
    host.post(&ada, &reaction, json!({ "reactionType": "like" }))
        .await;
    let told = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(told.contains("\"updated\""), "{told}");
}

#[tokio::test]
async fn channels_are_read_posted_to_and_answered_in() {
    let (host, ada) = office().await;
    let teams = host.get(&ada, "/v1.0/me/joinedTeams").await.body;
    let team = teams["value"][0]["id"].as_str().unwrap().to_owned();
    let channels = host
        .get(&ada, &format!("/v1.0/teams/{team}/channels"))
        .await
        .body;
    let general = encoded(channels["value"][0]["id"].as_str().unwrap());
    let place = format!("/v1.0/teams/{team}/channels/{general}/messages");
    let post = host
        .post(&ada, &place, json!({ "body": { "content": "news" } }))
        .await
        .body;
    let id = post["id"].as_str().unwrap();
    let replies = format!("{place}/{id}/replies");
    let reply = host
        .post(&ada, &replies, json!({ "body": { "content": "good" } }))
        .await;
    assert_eq!(reply.body["replyToId"], id);
    assert_eq!(words(&host.get(&ada, &replies).await.body), ["good"]);
    assert!(!words(&host.get(&ada, &place).await.body).contains(&"good".to_owned()));
    let farid = somebody(&host, "farid@sidetone.example", EVERYTHING).await;
    assert_eq!(host.get(&farid, &place).await.status, 404);
}

#[tokio::test]
async fn presence_people_and_new_chats() {
    let (host, ada) = office().await;
    let found = host.get(&ada, "/v1.0/me/people?$search=\"far\"").await.body;
    let farid = found["value"][0]["id"].as_str().unwrap().to_owned();
    let me = host.get(&ada, "/v1.0/me").await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let member = |id: &str| {
        json!({ "@odata.type": "#microsoft.graph.aadUserConversationMember", "roles": ["owner"],
        "user@odata.bind": format!("https://graph.microsoft.com/v1.0/users('{id}')") })
    };
    let two = json!({ "chatType": "oneOnOne", "members": [member(&me), member(&farid)] });
    let made = host.post(&ada, "/v1.0/chats", two.clone()).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let again = host.post(&ada, "/v1.0/chats", two).await;
    assert_eq!(again.body["id"], made.body["id"]);
    let alone = json!({ "chatType": "oneOnOne", "members": [member(&me)] });
    assert_eq!(host.post(&ada, "/v1.0/chats", alone).await.status, 400);
    let set = format!("/v1.0/users/{me}/presence/setUserPreferredPresence");
    let busy = json!({ "availability": "Busy", "activity": "Busy" });
    assert_eq!(host.post(&ada, &set, busy).await.status, 200);
    assert_eq!(
        host.get(&ada, "/v1.0/me/presence").await.body["availability"],
        "Busy"
    );
    let odd = json!({ "availability": "Busy", "activity": "Away" });
    assert_eq!(host.post(&ada, &set, odd).await.status, 400);
}
