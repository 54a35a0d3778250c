//! Identities, tokens, signatures, scopes, guests.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::service::RESOURCE;
use sidetone::service::store::KeySlot;
use sidetone::wire::acs::identity::Claims;

use crate::support::User;
use crate::support::encoded;
use crate::support::http_date_at;
use crate::support::participant;
use crate::support::start;

const CREATE: &str = "/identities?api-version=2023-10-01";

#[tokio::test]
async fn an_identity_is_created_with_or_without_a_token() {
    let host = start().await;
    let bare = host.signed("POST", CREATE, "").await;
    assert_eq!(bare.status, 201);
    let id = bare.body["identity"]["id"].as_str().unwrap();
    assert!(id.starts_with(&format!("8:acs:{RESOURCE}_")), "{id}");
    assert!(bare.body.get("accessToken").is_none());
    let body = r#"{"createTokenWithScopes":["chat","voip"],"expiresInMinutes":60}"#;
    let made = host.signed("POST", CREATE, body).await;
    let expires = made.body["accessToken"]["expiresOn"].as_str().unwrap();
    assert!(expires.ends_with("+00:00"), "{expires}");
}

#[tokio::test]
async fn a_token_carries_the_documented_claims() {
    let host = start().await;
    let user = host.user(&["chat", "voip"]).await;
    let claims = Claims::peek(&user.token).unwrap();
    assert_eq!(claims.raw_id().unwrap(), user.id);
    assert_eq!(claims.acs_scope.as_deref(), Some("chat,voip"));
    assert_eq!(claims.resource_id.as_deref(), Some(RESOURCE));
    assert_eq!(claims.exp, claims.iat.unwrap() + 86_400);
}

#[tokio::test]
async fn tokens_end_when_they_are_revoked_and_with_their_identity() {
    let host = start().await;
    let user = host.user(&["chat"]).await;
    assert_eq!(host.get(&user, "/chat/threads").await.status, 200);
    let id = encoded(&user.id);
    let revoke = format!("/identities/{id}/:revokeAccessTokens?api-version=2023-10-01");
    let answer = host.signed("POST", &revoke, "").await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (204, 0));
    let refused = host.get(&user, "/chat/threads").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (401, "Unauthorized")
    );
    let user = host.token(&user.id, &["chat"]).await;
    assert_eq!(host.get(&user, "/chat/threads").await.status, 200);
    let delete = format!("/identities/{id}?api-version=2023-10-01");
    assert_eq!(host.signed("DELETE", &delete, "").await.status, 204);
    assert_eq!(host.get(&user, "/chat/threads").await.status, 401);
    let gone = host.signed("DELETE", &delete, "").await;
    assert_eq!((gone.status.as_u16(), gone.code()), (404, "NotFound"));
}

#[tokio::test]
async fn malformed_identity_requests_are_refused() {
    let host = start().await;
    for (path, body) in [
        ("/identities?api-version=2020-01-01", "{}"),
        ("/identities", "{}"),
        (
            CREATE,
            r#"{"createTokenWithScopes":["chat"],"expiresInMinutes":59}"#,
        ),
        (
            CREATE,
            r#"{"createTokenWithScopes":["chat"],"expiresInMinutes":1441}"#,
        ),
        (CREATE, r#"{"createTokenWithScopes":["fly"]}"#),
        (CREATE, "not json"),
    ] {
        let answer = host.signed("POST", path, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "BadRequest"),
            "{path} {body}"
        );
    }
    let user = host.user(&["chat"]).await;
    let issue = format!(
        "/identities/{}/:issueAccessToken?api-version=2023-10-01",
        encoded(&user.id)
    );
    assert_eq!(
        host.signed("POST", &issue, r#"{"scopes":[]}"#).await.status,
        400
    );
    let foreign = issue.replace(RESOURCE, "11111111-2222-3333-4444-555555555555");
    let foreign = foreign.replace(&encoded(RESOURCE), "other");
    assert_eq!(
        host.signed("POST", &foreign, r#"{"scopes":["chat"]}"#)
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn only_a_good_signature_is_let_in() {
    let host = start().await;
    let ours = &host.running.connection_string;
    let good = || host.sign(ours, "POST", CREATE, "{}");
    assert_eq!(host.send(good()).await.status, 201);
    let other_key = "endpoint=http://x/;accesskey=YWJj";
    let old = Clock.utc().as_millis() - 301_000;
    let wrong = [
        host.sign(other_key, "POST", CREATE, "{}"),
        // Signed for another verb, body or time than what is sent.
        tampered(host.sign(ours, "DELETE", CREATE, "{}"), |request| {
            *request.method_mut() = reqwest::Method::POST;
        }),
        host.sign(ours, "POST", CREATE, "{}").body("{ }"),
        tampered(good(), |request| {
            let date = http_date_at(old).parse().unwrap();
            request.headers_mut().insert("x-ms-date", date);
        }),
        host.http.post(host.url(CREATE)).body("{}"),
        host.http.post(host.url(CREATE)).bearer_auth("x").body("{}"),
    ];
    for request in wrong {
        let answer = host.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (401, "Unauthorized")
        );
    }
}

/// What a request is turned into after it was signed.
fn tampered(
    request: reqwest::RequestBuilder,
    how: impl FnOnce(&mut reqwest::Request),
) -> reqwest::RequestBuilder {
    let (client, request) = request.build_split();
    let mut request = request.unwrap();
    how(&mut request);
    reqwest::RequestBuilder::from_parts(client, request)
}

#[tokio::test]
async fn a_new_primary_key_revokes_what_the_old_one_signed_for() {
    let host = start().await;
    let user = host.user(&["chat"]).await;
    let service = &host.running.service;
    let secondary = service.regenerate_key(KeySlot::Secondary);
    let with_secondary = format!("endpoint={}/;accesskey={secondary}", host.running.endpoint);
    let body = r#"{"createTokenWithScopes":["chat"]}"#;
    let request = host.sign(&with_secondary, "POST", CREATE, body);
    let made = host.send(request).await;
    let other = User {
        id: made.body["identity"]["id"].as_str().unwrap().to_owned(),
        token: made.body["accessToken"]["token"]
            .as_str()
            .unwrap()
            .to_owned(),
    };
    service.regenerate_key(KeySlot::Primary);
    assert_eq!(host.get(&user, "/chat/threads").await.status, 401);
    assert_eq!(host.get(&other, "/chat/threads").await.status, 200);
    assert_eq!(host.signed("POST", CREATE, "{}").await.status, 401);
}

#[tokio::test]
async fn each_scope_allows_what_is_documented() {
    let host = start().await;
    let owner = host.user(&["chat"]).await;
    for (scopes, create, add, send) in [
        (["chat"], 201, 201, 201),
        (["chat.join"], 403, 201, 201),
        (["chat.join.limited"], 403, 403, 201),
        (["voip"], 403, 403, 403),
        (["voip.join"], 403, 403, 403),
    ] {
        let user = host.user(&scopes).await;
        let other = host.user(&["chat"]).await;
        let thread = encoded(&host.thread("Scopes", &[&owner, &user]).await);
        let threads = host
            .post(&user, "/chat/threads", json!({ "topic": "Mine" }))
            .await;
        assert_eq!(threads.status, create, "{scopes:?}");
        let path = format!("/chat/threads/{thread}/participants/:add");
        let body = json!({ "participants": [participant(&other)] });
        assert_eq!(
            host.post(&user, &path, body).await.status,
            add,
            "{scopes:?}"
        );
        let path = format!("/chat/threads/{thread}/messages");
        let sent = host.post(&user, &path, json!({ "content": "hi" })).await;
        assert_eq!(sent.status, send, "{scopes:?}");
        let config = host.get(&user, "/chat/config/realTimeNotifications").await;
        assert_eq!(config.status.is_success(), send == 201, "{scopes:?}");
        let update = json!({ "topic": "Ours" });
        let path = format!("/chat/threads/{thread}");
        let updated = host.call(&user, "PATCH", &path, update).await;
        assert_eq!(updated.status.is_success(), create == 201, "{scopes:?}");
    }
}

#[tokio::test]
async fn a_guest_gets_an_identity_and_a_token_for_chat_and_calls() {
    let host = start().await;
    let ask = |body: Value| host.send(host.http.post(host.url("/v1/token")).json(&body));
    let answer = ask(json!({ "kind": "external", "displayName": "Ada" })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["endpoint"], host.running.endpoint);
    let token = answer.body["token"].as_str().unwrap();
    let claims = Claims::peek(token).unwrap();
    assert_eq!(claims.acs_scope.as_deref(), Some("chat,voip"));
    assert_eq!(claims.raw_id().as_deref(), answer.body["id"].as_str());
    let again = ask(json!({ "kind": "external" })).await;
    assert_ne!(again.body["id"], answer.body["id"]);
    let user = User {
        id: answer.body["id"].as_str().unwrap().to_owned(),
        token: token.to_owned(),
    };
    let thread = host.thread("Remembered", &[&user]).await;
    let service = &host.running.service;
    let name = service
        .lock()
        .store
        .identities
        .display_name(&user.id)
        .map(str::to_owned);
    assert_eq!(name.as_deref(), Some("Ada"));
    assert!(!thread.is_empty());
    let teams = ask(json!({ "kind": "teams", "entraToken": "x" })).await;
    assert_eq!((teams.status.as_u16(), teams.code()), (401, "Unauthorized"));
}

#[tokio::test]
async fn a_guest_who_shows_their_last_token_stays_the_same_person() {
    let host = start().await;
    let ask = |token: Option<&str>| {
        let request = host.http.post(host.url("/v1/token"));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        host.send(request.json(&json!({ "kind": "external" })))
    };
    let first = ask(None).await;
    let id = first.body["id"].as_str().unwrap().to_owned();
    let token = first.body["token"].as_str().unwrap().to_owned();
    let again = ask(Some(&token)).await;
    assert_eq!(
        (again.status.as_u16(), again.body["id"].as_str()),
        (200, Some(&*id))
    );
    let service = &host.running.service;
    let expired = service.mint(&id, &[], Duration::ZERO).await.unwrap();
    let late = ask(Some(expired.token.as_str())).await;
    assert_eq!(late.body["id"].as_str(), Some(&*id));
    let forged = format!("{}x", &token[..token.len() - 9]);
    assert_eq!(ask(Some(&forged)).await.status, 401);
    let created = service.lock().store.identities.create(None);
    let hosts = service
        .mint(&created, &[], Duration::from_hours(1))
        .await
        .unwrap();
    assert_eq!(ask(Some(hosts.token.as_str())).await.status, 401);
    service.delete_identity(&id).unwrap();
    assert_eq!(ask(Some(&token)).await.status, 401);
}

#[tokio::test]
async fn guests_are_counted_by_address() {
    let host = start().await;
    let ask = || {
        host.send(
            host.http
                .post(host.url("/v1/token"))
                .json(&json!({ "kind": "external" })),
        )
    };
    for _ in 0..100 {
        assert_eq!(ask().await.status, 200);
    }
    let refused = ask().await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (429, "TooManyRequests")
    );
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let host = start().await;
    let service = &host.running.service;
    let id = service.lock().store.identities.create(None);
    let minted = service
        .mint(&id, &sidetone::service::ALL_SCOPES, Duration::ZERO)
        .await
        .unwrap();
    let user = User {
        id,
        token: minted.token.to_string(),
    };
    let refused = host.get(&user, "/chat/threads").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (401, "Unauthorized")
    );
}
