//! The realtime channel: connecting, the ten events, losing and finding the link.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use sidetone::service::Disconnect;
use sidetone::service::Options;
use sidetone::service::RealtimeOptions;
use sidetone::wire::acs::notification::Notification;

use crate::support::encoded;
use crate::support::participant;
use crate::support::start;
use crate::support::start_with;

#[tokio::test]
async fn the_channel_is_configured_on_the_address_the_client_used() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let path = "/chat/config/realTimeNotifications?api-version=2024-09-01";
    let config = host.get(&ada, path).await;
    assert_eq!(config.status, 200);
    assert_eq!(config.body["trouterServiceUrl"], host.running.endpoint);
    assert_eq!(config.body["registrarServiceUrl"], host.running.endpoint);
    assert_eq!(config.body["cloudType"], "public");
    let probe = host.send(host.http.get(host.url("/"))).await;
    assert_eq!(probe.bytes, b"Trouter");
}

#[tokio::test]
async fn all_ten_kinds_reach_every_participant_the_sender_too() {
    let host = start().await;
    let (ada, bob, eve) = (
        host.user(&["chat"]).await,
        host.user(&["chat"]).await,
        host.user(&["chat"]).await,
    );
    let mut devices = [host.live(&ada).await, host.live(&bob).await];
    let thread = host.thread("100%25 ten", &[&ada, &bob]).await;
    let at = |rest: &str| format!("/chat/threads/{}{rest}", encoded(&thread));
    let body = json!({ "content": "<b>hi</b>", "type": "html", "senderDisplayName": "Ada", "metadata": { "k": "v" } });
    let sent = host.post(&ada, &at("/messages"), body).await;
    let id = sent.body["id"].as_str().unwrap().to_owned();
    let message = at(&format!("/messages/{id}"));
    host.post(&bob, &at("/typing"), json!({ "senderDisplayName": "Bob" }))
        .await;
    host.post(&bob, &at("/readReceipts"), json!({ "chatMessageId": id }))
        .await;
    host.call(&ada, "PATCH", &message, json!({ "content": "edited" }))
        .await;
    host.call(&ada, "DELETE", &message, Value::Null).await;
    host.call(
        &ada,
        "PATCH",
        &at(""),
        json!({ "topic": "New", "metadata": { "a": "b" } }),
    )
    .await;
    host.post(
        &ada,
        &at("/participants/:add"),
        json!({ "participants": [participant(&eve)] }),
    )
    .await;
    host.post(
        &ada,
        &at("/participants/:remove"),
        json!({ "rawId": eve.id }),
    )
    .await;
    host.call(&ada, "DELETE", &at(""), Value::Null).await;
    for (live, user) in devices.iter_mut().zip([&ada, &bob]) {
        let mut last = 0;
        for name in [
            "chatThreadCreated",
            "chatMessageReceived",
            "typingIndicatorReceived",
            "readReceiptReceived",
            "chatMessageEdited",
            "chatMessageDeleted",
            "chatThreadPropertiesUpdated",
            "participantsAdded",
            "participantsRemoved",
            "chatThreadDeleted",
        ] {
            let pushed = live.pushed().await;
            assert_eq!(pushed.event.name(), name);
            assert!(pushed.url.starts_with("/v4/f/") && pushed.url.ends_with(&format!("/{name}")));
            assert_eq!(pushed.event.thread_id(), thread);
            assert_eq!(pushed.raw["recipientMri"], user.id);
            assert!(pushed.raw["eventId"].is_number());
            assert!(pushed.id > last, "ids grow per connection");
            last = pushed.id;
            check(&pushed.event, &pushed.raw, &id, &bob.id);
        }
    }
}

fn check(event: &Notification, raw: &Value, message: &str, bob: &str) {
    match event {
        Notification::ChatThreadCreated(created) => {
            assert_eq!(created.properties.topic.as_str(), "100%25 ten");
            assert!(raw["properties"].as_str().unwrap().contains("100%2525 ten"));
            assert_eq!(created.members.len(), 2);
            assert_eq!(raw["groupId"], "");
        }
        Notification::ChatMessageReceived(received) => {
            assert_eq!(received.at.message_id, message);
            assert_eq!(received.at.message_type, "RichText/Html");
            assert_eq!(received.at.sender_display_name, "Ada");
            assert_eq!(received.message_body.as_str(), "<b>hi</b>");
            assert_eq!(raw["acsChatMessageMetadata"], r#"{"k":"v"}"#);
        }
        Notification::TypingIndicatorReceived(typing) => {
            assert_eq!(typing.at.sender_display_name, "Bob");
            assert_eq!(typing.at.message_type, "Control/Typing");
        }
        Notification::ReadReceiptReceived(receipt) => {
            assert_eq!(receipt.at.message_id, message);
            assert_eq!(receipt.at.sender_id, bob);
            assert!(receipt.message_body.read_at().unwrap() > 1_700_000_000_000);
        }
        Notification::ChatMessageEdited(edited) => {
            assert_eq!(edited.message.message_body.as_str(), "edited");
            assert_ne!(edited.message.at.version, message);
            assert!(!edited.edittime.is_empty());
        }
        Notification::ChatMessageDeleted(deleted) => {
            assert!(!deleted.deletetime.is_empty());
            assert!(raw.get("messageBody").is_none());
        }
        Notification::ChatThreadPropertiesUpdated(updated) => {
            assert_eq!(updated.properties.topic.as_str(), "New");
            assert_eq!(updated.properties.acs_chat_thread_metadata["a"], "b");
        }
        Notification::ParticipantsAdded(added) => assert_eq!(added.participants_added.len(), 1),
        Notification::ParticipantsRemoved(removed) => {
            assert_eq!(removed.participants_removed.len(), 1);
        }
        Notification::ChatThreadDeleted(deleted) => assert_eq!(deleted.reason, "deletedByUser"),
    }
}

#[tokio::test]
async fn every_event_that_wants_an_acknowledgement_gets_one() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let mut live = host.live(&ada).await;
    live.send(r#"5:1+::{"name":"user.activity","args":[{"state":"active","cv":"x.2"}]}"#)
        .await;
    live.send(r#"5:2+::{"name":"ping"}"#).await;
    assert_eq!(live.frame().await.unwrap(), "6:::1+[]");
    assert_eq!(live.frame().await.unwrap(), r#"6:::2+["pong"]"#);
    live.send("0::").await;
    assert_eq!(live.frame().await, None);
}

#[tokio::test]
async fn a_session_id_is_good_for_one_connection() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let allocation = host.allocate(&ada, None).await;
    let sid = host.handshake(&ada, &allocation).await;
    let url = host.running.endpoint.replace("http", "ws");
    let url = format!("{url}/socket.io/1/websocket/{sid}");
    assert!(tokio_tungstenite::connect_async(&url).await.is_ok());
    assert!(tokio_tungstenite::connect_async(&url).await.is_err());
    let eve = host.user(&["chat"]).await;
    let stolen = host
        .allocate(&eve, Some(&allocation["connectparams"]))
        .await;
    assert_ne!(
        stolen["surl"], allocation["surl"],
        "another user gets an address of their own"
    );
}

#[tokio::test]
async fn only_registered_addresses_are_told_and_every_device_is() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Devices", &[&ada]).await;
    let mut unregistered = host.connect(&ada, None).await;
    unregistered.expect_connected().await;
    let mut ended = host.connect(&ada, None).await;
    host.register(&ada, &ended, 0).await;
    ended.expect_connected().await;
    let (mut one, mut two) = (host.live(&ada).await, host.live(&ada).await);
    host.say(&ada, &thread, "first").await;
    assert_eq!(one.text().await, "first");
    assert_eq!(two.text().await, "first");
    host.register(&ada, &unregistered, 7200).await;
    host.register(&ada, &ended, 7200).await;
    let path = format!("/v3/registrations/{}", two.epid);
    assert_eq!(
        host.skype(&ada, "DELETE", &path, Value::Null).await.status,
        202
    );
    host.say(&ada, &thread, "second").await;
    host.register(&ada, &two, 7200).await;
    host.say(&ada, &thread, "third").await;
    assert_eq!(unregistered.text().await, "second");
    assert_eq!(ended.text().await, "second");
    assert_eq!(one.text().await, "second");
    assert_eq!(two.text().await, "third");
}

#[tokio::test]
async fn a_dropped_client_comes_back_to_its_address_and_learns_that_it_missed_something() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Reconnect", &[&ada]).await;
    let mut live = host.live(&ada).await;
    host.running.service.disconnect(None, Disconnect::Drop);
    assert_eq!(live.frame().await, None);
    host.say(&ada, &thread, "missed").await;
    let saved = live.allocation["connectparams"].clone();
    let mut again = host.connect(&ada, Some(&saved)).await;
    assert_eq!(again.allocation["surl"], live.allocation["surl"]);
    again.expect_connected().await;
    let loss = again.frame().await.unwrap();
    assert!(
        loss.contains("trouter.message_loss") && loss.contains("droppedIndicators"),
        "{loss}"
    );
    // The registration is the address's, so it still holds.
    host.say(&ada, &thread, "heard").await;
    assert_eq!(again.text().await, "heard");
}

#[tokio::test]
async fn the_connection_before_gets_nothing_once_a_newer_one_is_there() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Switch", &[&ada]).await;
    let mut old = host.live(&ada).await;
    host.running.service.ask_to_reconnect(Some(&ada.id));
    assert!(old.frame().await.unwrap().contains("trouter.reconnect"));
    let saved = old.allocation["connectparams"].clone();
    let mut new = host.connect(&ada, Some(&saved)).await;
    new.expect_connected().await;
    host.say(&ada, &thread, "once").await;
    assert_eq!(new.text().await, "once");
    // Still open and answering, so that the client can change over in its own time.
    old.send(r#"5:1+::{"name":"ping"}"#).await;
    assert_eq!(old.frame().await.unwrap(), r#"6:::1+["pong"]"#);
}

#[tokio::test]
async fn revoking_tokens_ends_the_connections_they_opened() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let mut live = host.live(&ada).await;
    host.running.service.revoke(&ada.id);
    assert_eq!(
        live.frame().await.unwrap(),
        r#"0:::{"reason":"unauthorized"}"#
    );
    assert_eq!(live.frame().await, None);
    let refused = host
        .skype(
            &ada,
            "POST",
            "/v4/a?cor_id=c&con_num=1_1&epid=e",
            Value::Null,
        )
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (401, "Unauthorized")
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_and_others_are_not() {
    let realtime = RealtimeOptions {
        queue: 8,
        ..RealtimeOptions::default()
    };
    let host = start_with(Options {
        realtime,
        ..Options::default()
    })
    .await;
    let (ada, bob) = (host.user(&["chat"]).await, host.user(&["chat"]).await);
    let thread = host.thread("Flood", &[&ada, &bob]).await;
    let mut slow = host.live(&bob).await;
    let mut fast = host.live(&ada).await;
    let big = "x".repeat(20_000);
    for n in 0..600 {
        host.say(&ada, &thread, &format!("{n} {big}")).await;
        let text = fast.text().await;
        assert!(text.starts_with(&format!("{n} ")));
    }
    let mut frames = 0;
    while slow.frame().await.is_some() {
        frames += 1;
    }
    assert!(frames < 600, "what did not fit was not kept");
}

#[tokio::test]
async fn stopping_says_good_bye() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let mut live = host.live(&ada).await;
    host.tasks.stop();
    assert_eq!(live.frame().await.unwrap(), "0::");
    assert_eq!(live.frame().await, None);
    host.tasks.finished().await;
    assert!(host.http.get(host.url("/")).send().await.is_err());
}

#[tokio::test]
async fn an_allocation_asks_to_be_renewed_and_then_ends() {
    let realtime = RealtimeOptions {
        ttl: Duration::from_millis(300),
        ..RealtimeOptions::default()
    };
    let host = start_with(Options {
        realtime,
        ..Options::default()
    })
    .await;
    let ada = host.user(&["chat"]).await;
    let mut live = host.live(&ada).await;
    assert!(live.frame().await.unwrap().contains("trouter.reconnect"));
    assert_eq!(live.frame().await.unwrap(), "0::");
    assert_eq!(live.frame().await, None);
    let saved = live.allocation["connectparams"].clone();
    let fresh = host.allocate(&ada, Some(&saved)).await;
    assert_ne!(fresh["surl"], live.allocation["surl"]);
}
