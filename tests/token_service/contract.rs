//! What a token service has to do: identities, scopes, sessions, exchange, and what it writes down.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;
use sidetone::wire::acs::identity::Claims;

use crate::program::Host;
use crate::support::Browser;
use crate::support::TokenService;
use crate::support::external;
use crate::support::host;
use crate::support::settings;

const ADA: &str = "ada@sidetone.example";
const BOB: &str = "bob@sidetone.example";

/// Whether the resource takes this token.
async fn works(host: &Host, token: &str) -> bool {
    let url = format!(
        "{}/chat/threads?api-version=2025-03-15",
        host.ready()["endpoint"].as_str().unwrap()
    );
    let asked = reqwest::Client::new().get(url).bearer_auth(token);
    asked.send().await.unwrap().status().is_success()
}

#[tokio::test]
async fn a_person_of_a_provider_gets_a_token_and_stays_the_same_identity() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let first = service.token(&browser.id_token(ADA).await).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.body["endpoint"], host.ready()["endpoint"]);
    assert_eq!(first.headers["cache-control"], "no-store");
    let claims = Claims::peek(first.text("token")).unwrap();
    assert_eq!(claims.raw_id().as_deref(), Some(first.text("id")));
    assert!(works(&host, first.text("token")).await);
    // Another sign-in, another id token, the same person.
    let again = service.token(&browser.id_token(ADA).await).await;
    assert_eq!(again.text("id"), first.text("id"));
    assert_ne!(again.text("token"), first.text("token"));
    let bob = service.token(&browser.id_token(BOB).await).await;
    assert_ne!(bob.text("id"), first.text("id"));
}

#[tokio::test]
async fn nobody_is_somebody_without_signing_in() {
    let host = host();
    let service = TokenService::start(&host, "");
    let request = service.http.post(service.url("/v1/token"));
    let refused = service.send(request.json(&external())).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated"));
    for bearer in ["", "x", "a.b.c", "sts_nonsense"] {
        let refused = service.token(bearer).await;
        assert_eq!(refused.status, 401, "{bearer}");
    }
}

#[tokio::test]
async fn an_identity_that_a_request_claims_counts_for_nothing() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let ada = service.token(&browser.id_token(ADA).await).await;
    let mut body = external();
    body["id"] = json!(ada.text("id"));
    body["userId"] = json!(ada.text("id"));
    let bob = browser.id_token(BOB).await;
    let bob = service.send(service.ask(&bob, &body)).await;
    assert_eq!(bob.status, 200, "{}", bob.body);
    assert_ne!(bob.text("id"), ada.text("id"));
    // Nor does the token that the resource gave: it is no sign-in here.
    let refused = service.token(ada.text("token")).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn two_sign_ins_of_one_new_person_at_the_same_time_give_one_identity() {
    let host = host();
    let service = TokenService::start(&host, "[limits]\nper_person_per_minute = 1000");
    let browser = Browser::new(&host);
    for n in 0..5 {
        let token = browser.signed(&browser.claims(&format!("new-{n}"))).await;
        let asked = (0..8).map(|_| service.token(&token));
        let answers = futures_util::future::join_all(asked).await;
        let first = answers[0].text("id");
        assert!(answers.iter().all(|answer| answer.text("id") == first));
    }
    let made = service.audit();
    let made = made.iter().filter(|entry| entry["what"] == "created");
    assert_eq!(made.count(), 5, "no identity is left over");
}

#[tokio::test]
async fn a_client_that_does_not_wait_leaves_no_identity_over() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let token = browser.signed(&browser.claims("hasty")).await;
    // The first request of all fetches the provider's keys.
    service.token(&browser.id_token(ADA).await).await;
    let slow = json!({ "class": "identity", "effect": { "delay": 400 }, "times": 2 });
    host.control("/faults", slow).await;
    let hasty = service.ask(&token, &external());
    let hasty = hasty.timeout(std::time::Duration::from_millis(150));
    assert!(service.try_send(hasty).await.is_none());
    let given = service.token(&token).await;
    assert_eq!(given.status, 200, "{}", given.body);
    assert_eq!(service.token(&token).await.text("id"), given.text("id"));
    let made = service.audit();
    let made = made.iter().filter(|entry| entry["what"] == "created");
    assert_eq!(made.count(), 2, "one each for two people");
}

#[tokio::test]
async fn nobody_gets_more_scopes_than_are_granted_nor_a_longer_life_than_is_set() {
    let host = host();
    let settings = settings(&host, "scopes = ['chat.join', 'voip']\ntoken_minutes = 90");
    let service = TokenService::start_with(&host, &settings);
    let token = Browser::new(&host).id_token(ADA).await;
    let ask = |scopes: Value| {
        let body = json!({ "kind": "external", "scopes": scopes });
        service.send(service.ask(&token, &body))
    };
    for (scopes, refusal) in [
        (json!(["chat"]), (403, "scopeNotAllowed")),
        (json!(["chat.join", "chat"]), (403, "scopeNotAllowed")),
        (json!(["fly"]), (400, "badRequest")),
        (json!([]), (400, "badRequest")),
        (json!("chat"), (400, "badRequest")),
    ] {
        let refused = ask(scopes.clone()).await;
        assert_eq!(refused.refusal(), refusal, "{scopes}");
    }
    let given = ask(json!(["chat.join.limited"])).await;
    let claims = Claims::peek(given.text("token")).unwrap();
    assert_eq!(claims.acs_scope.as_deref(), Some("chat.join.limited"));
    assert_eq!(claims.exp - claims.iat.unwrap(), 90 * 60);
}

#[tokio::test]
async fn an_invitation_becomes_a_session_that_tokens_are_renewed_with() {
    let host = host();
    let service = TokenService::start(&host, "");
    let codes = service.invite(&["--count", "2", "--scopes", "chat", "--note", "for Dora"]);
    assert_eq!(codes.len(), 2);
    let session = service
        .redeem(&codes[0].to_lowercase().replace('-', " "))
        .await;
    assert_eq!(session.status, 200, "{}", session.body);
    let session = session.text("session").to_owned();
    let chat = json!({ "kind": "external", "scopes": ["chat"] });
    let first = service.send(service.ask(&session, &chat)).await;
    assert!(works(&host, first.text("token")).await, "{}", first.body);
    let again = service.send(service.ask(&session, &chat)).await;
    assert_eq!(again.text("id"), first.text("id"));
    let refused = service.token(&session).await;
    assert_eq!(
        refused.refusal(),
        (403, "scopeNotAllowed"),
        "voip was not invited"
    );
    let other = service.redeem(&codes[1]).await;
    let other = service
        .send(service.ask(other.text("session"), &chat))
        .await;
    assert_ne!(other.text("id"), first.text("id"));
}

#[tokio::test]
async fn signing_out_ends_the_tokens_the_session_and_what_was_signed_before() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let code = service.invite(&[]).remove(0);
    let session = service.redeem(&code).await.text("session").to_owned();
    let sign_out = |bearer: String| {
        let request = service.http.post(service.url("/v1/sign-out"));
        service.send(request.bearer_auth(bearer))
    };
    let id_token = browser.id_token(ADA).await;
    for bearer in [session, id_token] {
        let given = service.token(&bearer).await;
        assert!(works(&host, given.text("token")).await);
        assert_eq!(sign_out(bearer.clone()).await.status, 204);
        assert!(!works(&host, given.text("token")).await);
        assert_eq!(service.token(&bearer).await.refusal(), (401, "signedOut"));
        // Whoever lost the answer may ask again.
        assert_eq!(sign_out(bearer).await.status, 204);
    }
    // A sign-in after it is a new start, as the same person.
    let mut later = browser.claims("later");
    later["iat"] = json!(later["iat"].as_i64().unwrap() + 2);
    let earlier = browser.signed(&browser.claims("later")).await;
    let id = service.token(&earlier).await.text("id").to_owned();
    assert_eq!(sign_out(earlier).await.status, 204);
    let later = service.token(&browser.signed(&later).await).await;
    assert_eq!(later.text("id"), id);
}

#[tokio::test]
async fn an_identity_that_the_resource_lost_is_made_anew() {
    let host = host();
    let service = TokenService::start(&host, "");
    let token = Browser::new(&host).id_token(ADA).await;
    let first = service.token(&token).await;
    let secret = host.ready()["connectionString"].as_str().unwrap();
    delete_identity(secret, first.text("id")).await;
    let second = service.token(&token).await;
    assert_ne!(second.text("id"), first.text("id"));
    assert!(works(&host, second.text("token")).await);
}

/// As an operator deletes somebody with the resource's own key.
async fn delete_identity(connection_string: &str, id: &str) {
    use percent_encoding::NON_ALPHANUMERIC;
    use percent_encoding::utf8_percent_encode;
    use sidetone::wire::acs::sign;
    let known = sign::ConnectionString::parse(connection_string).unwrap();
    let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
    let path = format!("/identities/{id}?api-version=2023-10-01");
    let (date, hash) = (
        sidetone::clock::Clock.utc().http_date(),
        sign::content_hash(b""),
    );
    let authorization = sign::Request {
        verb: "DELETE",
        path_and_query: &path,
        date: &date,
        host: known.endpoint.trim_start_matches("http://"),
        content_hash: &hash,
    }
    .authorization(&known.access_key);
    let answer = reqwest::Client::new()
        .delete(format!("{}{path}", known.endpoint))
        .header("x-ms-date", date)
        .header("x-ms-content-sha256", hash)
        .header("authorization", authorization)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
}

#[tokio::test]
async fn guests_are_let_in_only_where_that_is_set_and_only_from_listed_pages() {
    let host = host();
    let closed = TokenService::start(&host, "");
    let ask = |service: &TokenService| {
        service
            .http
            .post(service.url("/v1/token"))
            .json(&external())
    };
    assert_eq!(closed.send(ask(&closed)).await.status, 401);
    let open = TokenService::start(&host, "guests = true\norigins = ['https://meet.example']");
    let first = open.send(ask(&open)).await;
    let second = open.send(ask(&open)).await;
    assert_ne!(first.text("id"), second.text("id"), "a stranger each time");
    let claims = Claims::peek(first.text("token")).unwrap();
    assert_eq!(
        claims.exp - claims.iat.unwrap(),
        3600,
        "as short as it can be"
    );
    let page = |origin: &str| open.send(ask(&open).header("origin", origin));
    assert_eq!(page("https://meet.example").await.status, 200);
    assert_eq!(
        page("https://evil.example").await.refusal(),
        (403, "forbidden")
    );
}

#[tokio::test]
async fn the_token_of_a_teams_user_is_exchanged() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let given = service.exchange(&browser.access_token(ADA).await).await;
    assert_eq!(given.status, 200, "{}", given.body);
    assert!(given.text("id").starts_with("8:orgid:"), "{}", given.body);
    let claims = Claims::peek(given.text("token")).unwrap();
    assert_eq!(claims.raw_id().as_deref(), Some(given.text("id")));
    assert!(works(&host, given.text("token")).await);
}

#[tokio::test]
async fn an_exchange_may_ask_for_a_sign_in_of_ones_own_too() {
    let host = host();
    let settings = settings(&host, "") + "require_sign_in = true\n";
    let service = TokenService::start_with(&host, &settings);
    let browser = Browser::new(&host);
    let tokens = browser.sign_in(ADA).await;
    let access = tokens["access_token"].as_str().unwrap();
    let refused = service.exchange(access).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated"));
    let body = json!({ "kind": "teams", "entraToken": access });
    let id_token = tokens["id_token"].as_str().unwrap();
    let given = service.send(service.ask(id_token, &body)).await;
    assert_eq!(given.status, 200, "{}", given.body);
}

#[tokio::test]
async fn what_was_given_and_refused_is_written_down_without_a_secret_or_a_name() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let tokens = browser.sign_in(ADA).await;
    let (id_token, access) = (
        tokens["id_token"].as_str().unwrap(),
        tokens["access_token"].as_str().unwrap(),
    );
    let code = service.invite(&[]).remove(0);
    let session = service.redeem(&code).await.text("session").to_owned();
    let given = service.token(id_token).await;
    let exchanged = service.exchange(access).await;
    service.token(&session).await;
    service.redeem(&code).await;
    let request = service.http.post(service.url("/v1/sign-out"));
    service.send(request.bearer_auth(&session)).await;
    let audit = service.audit();
    for what in [
        "issued",
        "exchanged",
        "redeemed",
        "created",
        "revoked",
        "refused",
    ] {
        let told = audit.iter().any(|entry| entry["what"] == what);
        assert!(told, "{what} is not in {audit:?}");
    }
    let issued = audit
        .iter()
        .find(|entry| entry["what"] == "issued")
        .unwrap();
    assert_eq!(issued["identity"], given.body["id"]);
    assert_eq!(issued["from"], "127.0.0.1");
    assert_eq!(issued["scopes"], json!(["chat", "voip"]));
    let refused = audit
        .iter()
        .find(|entry| entry["what"] == "refused")
        .unwrap();
    assert_eq!(refused["code"], "invitationRefused");
    let written = service.everything_written();
    let bare = code.replace('-', "");
    let ada: Value = claims_of(id_token);
    for secret in [
        id_token,
        access,
        &session,
        &code,
        &bare,
        given.text("token"),
        exchanged.text("token"),
        "Ada",
        "sidetone.example",
        ada["name"].as_str().unwrap(),
    ] {
        assert!(!written.contains(secret), "{secret} was written down");
    }
    for file in ["audit.jsonl", "token-service.db"] {
        let about = fs::metadata(service.folder.path().join(file)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{file}");
    }
}

fn claims_of(token: &str) -> Value {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn whoever_runs_it_sees_whether_it_is_well_and_what_it_does() {
    let host = host();
    let service = TokenService::start(&host, "");
    service.token("a.b.c").await;
    let health = service
        .send(service.http.get(service.operator_url("/healthz")))
        .await;
    assert_eq!(
        (health.status.as_u16(), &health.body["status"]),
        (200, &json!("ok"))
    );
    let metrics = service.http.get(service.operator_url("/metrics"));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    let counted = "sidetone_token_service_refusals_total{code=\"unauthenticated\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    // Nothing of it is on the open side.
    for path in ["/healthz", "/metrics"] {
        let answer = service.send(service.http.get(service.url(path))).await;
        assert_eq!(answer.refusal(), (404, "notFound"));
    }
}

#[tokio::test]
async fn with_a_certificate_it_speaks_https_and_nothing_else() {
    let host = host();
    let names = "certificate = 'certificate.pem'\nprivate_key = 'key.pem'";
    let service = TokenService::start(&host, names);
    let pem = fs::read(service.folder.path().join("certificate.pem")).unwrap();
    let trusted = reqwest::Certificate::from_pem(&pem).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([trusted])
        .build()
        .unwrap();
    let url = service.url("/v1/sign-in");
    assert!(url.starts_with("https://"), "{url}");
    let ways = service.send(http.get(&url)).await;
    assert_eq!(ways.body["invitations"], true);
    let plain = url.replace("https://", "http://");
    assert!(service.try_send(service.http.get(plain)).await.is_none());
    assert!(
        service.try_send(service.http.get(&url)).await.is_none(),
        "not trusted"
    );
}

#[tokio::test]
async fn a_client_is_told_which_ways_to_sign_in_there_are() {
    let host = host();
    let service = TokenService::start(&host, "");
    let ways = service
        .send(service.http.get(service.url("/v1/sign-in")))
        .await;
    let entra = &host.ready()["entra"];
    assert_eq!(ways.body["invitations"], true);
    assert_eq!(ways.body["guests"], false);
    assert_eq!(ways.body["providers"][0]["clientId"], entra["clientId"]);
    assert_eq!(ways.body["teams"]["authority"], entra["authority"]);
    assert_eq!(ways.body["teams"]["tenant"], entra["tenant"]);
}

#[tokio::test]
async fn it_stops_clean_when_it_is_told_to_and_knows_everybody_afterwards() {
    let host = host();
    let mut service = TokenService::start(&host, "");
    let token = Browser::new(&host).id_token(ADA).await;
    let id = service.token(&token).await.text("id").to_owned();
    assert_eq!(service.signal(Signal::TERM), Some(0));
    service.start_again();
    assert_eq!(service.token(&token).await.text("id"), id);
}

#[tokio::test]
async fn keys_that_the_provider_changed_are_fetched() {
    let data = tempfile::tempdir().unwrap();
    let old = data.path().join("old");
    let host = Host::start_with(&["--data", old.to_str().unwrap()]);
    let hourly = settings(&host, "").replace("seconds = 1\n", "seconds = 3600\n");
    let hourly = TokenService::start_with(&host, &hourly);
    let token = Browser::new(&host).id_token(ADA).await;
    assert_eq!(hourly.token(&token).await.status, 200);
    // A host with another key at the same address.
    let address = host.endpoint().replace("http://", "");
    drop(host);
    let new = data.path().join("new");
    let host = Host::start_at(&address, &["--data", new.to_str().unwrap()]);
    let token = Browser::new(&host).id_token(ADA).await;
    // The new host is another resource, which takes our signature no longer: the token passed.
    assert_eq!(
        hourly.token(&token).await.refusal(),
        (502, "resourceRefused")
    );
}

#[tokio::test]
async fn settings_that_are_wrong_are_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let refused = |text: &str| {
        fs::write(&path, text).unwrap();
        let told = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["token-service", "--config"])
            .arg(&path)
            .env_remove("CREDENTIALS_DIRECTORY")
            .output()
            .unwrap();
        assert_eq!(told.status.code(), Some(2));
        String::from_utf8(told.stderr).unwrap()
    };
    assert!(refused("listn = '127.0.0.1:0'").contains("listen"));
    assert!(refused("listen = '0.0.0.0:0'").contains("plain http"));
    assert!(refused("").contains("no connection string"));
    let secret = folder.path().join("open");
    fs::write(
        &secret,
        "endpoint=https://x.example/;accesskey=aHVudGVyMg==",
    )
    .unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let told = refused("connection_string_file = 'open'");
    assert!(
        told.contains("chmod 600") && !told.contains("aHVudGVyMg"),
        "{told}"
    );
}
