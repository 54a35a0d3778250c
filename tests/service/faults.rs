//! Faults on demand.

use std::time::Duration;

use serde_json::json;
use sidetone::clock::Clock;
use sidetone::service::faults::Class;
use sidetone::service::faults::Effect;
use sidetone::service::faults::Fault;

use crate::support::Host;
use crate::support::encoded;
use crate::support::start;

fn switch_on(host: &Host, class: Class, effect: Effect, times: u32) {
    let fault = Fault {
        class,
        effect,
        times: Some(times),
    };
    host.running.service.lock().faults.switch_on(fault);
}

fn refuse(status: u16, retry_after: Option<u64>) -> Effect {
    Effect::Refuse {
        status,
        retry_after,
    }
}

#[tokio::test]
async fn requests_are_refused_as_often_as_asked() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Faults", &[&ada]).await;
    let path = format!("/chat/threads/{}/messages", encoded(&thread));
    for (status, code) in [
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (429, "TooManyRequests"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ] {
        switch_on(&host, Class::ChatWrite, refuse(status, Some(2)), 1);
        assert_eq!(
            host.get(&ada, &path).await.status,
            200,
            "reading is not concerned"
        );
        let refused = host.post(&ada, &path, json!({ "content": "x" })).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (status, code));
        assert_eq!(refused.header("retry-after"), "2");
        host.say(&ada, &thread, "again").await;
    }
}

#[tokio::test]
async fn each_part_of_the_channel_can_be_refused() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    for (class, path) in [
        (Class::Connect, "/v4/a?cor_id=c&con_num=1_1&epid=e"),
        (Class::Registrar, "/v3/registrations"),
        (Class::Token, "/v1/token"),
        (Class::Identity, "/identities"),
    ] {
        switch_on(&host, class, refuse(503, None), 1);
        let refused = host.skype(&ada, "POST", path, json!({})).await;
        assert_eq!(refused.status, 503, "{path}");
        let after = host.skype(&ada, "POST", path, json!({})).await;
        assert_ne!(after.status, 503, "{path}");
    }
}

#[tokio::test]
async fn an_answer_comes_later_when_asked() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let delay = Duration::from_millis(60);
    switch_on(&host, Class::Chat, Effect::Delay(delay), 1);
    let begun = Clock.now();
    assert_eq!(host.get(&ada, "/chat/threads").await.status, 200);
    assert!(Clock.now().since(begun) >= delay);
}

#[tokio::test]
async fn notifications_are_doubled_overtaken_and_swallowed() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Faults", &[&ada]).await;
    let mut live = host.live(&ada).await;
    switch_on(&host, Class::Notification, Effect::Duplicate, 1);
    host.say(&ada, &thread, "twice").await;
    let (first, second) = (live.pushed().await, live.pushed().await);
    assert_eq!(first.raw, second.raw);
    assert_ne!(first.id, second.id);
    switch_on(&host, Class::Notification, Effect::Reorder, 1);
    host.say(&ada, &thread, "one").await;
    host.say(&ada, &thread, "two").await;
    let mut heard = [live.text().await, live.text().await];
    // Were both not sent within a moment, the first may have been released by time.
    heard.sort();
    assert_eq!(heard, ["one", "two"]);
    switch_on(&host, Class::Notification, Effect::Swallow, 1);
    host.say(&ada, &thread, "lost").await;
    host.say(&ada, &thread, "kept").await;
    assert_eq!(live.text().await, "kept");
    host.running.service.tell_of_loss(Some(&ada.id));
    assert!(live.frame().await.unwrap().contains("trouter.message_loss"));
    let delay = Duration::from_millis(60);
    switch_on(&host, Class::Notification, Effect::Delay(delay), 1);
    let begun = Clock.now();
    host.say(&ada, &thread, "late").await;
    host.say(&ada, &thread, "behind it").await;
    assert_eq!(live.text().await, "late");
    assert!(Clock.now().since(begun) >= delay);
    assert_eq!(live.text().await, "behind it");
}

#[tokio::test]
async fn all_tokens_can_be_made_to_expire() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    host.running.service.expire_tokens();
    let refused = host.get(&ada, "/chat/threads").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (401, "Unauthorized")
    );
    let fresh = host.token(&ada.id, &["chat"]).await;
    assert_eq!(host.get(&fresh, "/chat/threads").await.status, 200);
}
