//! What somebody with bad intentions sends. Each is refused, and for the right reason.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;

use crate::support::Browser;
use crate::support::TokenService;
use crate::support::external;
use crate::support::host;
use crate::support::settings;

const ADA: &str = "ada@sidetone.example";

fn with(claims: &Value, changes: Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn now() -> i64 {
    Clock.utc().as_millis() / 1000
}

#[tokio::test]
async fn an_id_token_that_is_signed_well_and_says_the_wrong_thing_is_refused() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let good = browser.claims("ada");
    assert_eq!(
        service.token(&browser.signed(&good).await).await.status,
        200
    );
    let foreign = good["iss"].as_str().unwrap().replace("/v2.0", "/v1.0");
    for (changes, refusal) in [
        (json!({ "exp": now() - 120 }), (401, "tokenExpired")),
        (json!({ "nbf": now() + 600 }), (401, "tokenNotYetValid")),
        (json!({ "aud": "somebody-else" }), (401, "tokenRefused")),
        (json!({ "aud": null }), (401, "tokenRefused")),
        (
            json!({ "aud": [browser.entra("clientId"), "somebody-else"] }),
            (401, "tokenRefused"),
        ),
        (json!({ "iss": foreign }), (401, "tokenRefused")),
        (
            json!({ "iss": "https://evil.example" }),
            (401, "tokenRefused"),
        ),
        (json!({ "exp": null }), (401, "tokenRefused")),
        (json!({ "sub": null }), (401, "tokenRefused")),
        (
            json!({ "azp": "another-application" }),
            (401, "tokenRefused"),
        ),
    ] {
        let token = browser.signed(&with(&good, changes.clone())).await;
        assert_eq!(service.token(&token).await.refusal(), refusal, "{changes}");
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let payload = URL_SAFE_NO_PAD.encode(browser.claims("ada").to_string());
    let kid = &keys(&browser).await["kid"];
    for alg in ["none", "None", "NONE", "nOnE"] {
        let head = URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "kid": kid }).to_string());
        for signature in ["", "c2ln"] {
            let refused = service
                .token(&format!("{head}.{payload}.{signature}"))
                .await;
            assert_eq!(refused.refusal(), (401, "tokenRefused"), "{alg}");
        }
    }
    let good = browser.signed(&browser.claims("ada")).await;
    let (signed, _) = good.rsplit_once('.').unwrap();
    let refused = service.token(&format!("{signed}.")).await;
    assert_eq!(refused.refusal(), (401, "tokenRefused"));
    // The signature of one token below the claims of another.
    let bob = browser.signed(&browser.claims("bob")).await;
    let (_, signature) = bob.rsplit_once('.').unwrap();
    let refused = service.token(&format!("{signed}.{signature}")).await;
    assert_eq!(refused.refusal(), (401, "tokenRefused"));
}

/// The one public key of the directory.
async fn keys(browser: &Browser<'_>) -> Value {
    let (authority, tenant) = (browser.entra("authority"), browser.entra("tenant"));
    let url = format!("{authority}/{tenant}/discovery/v2.0/keys");
    let keys: Value = browser
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    keys["keys"][0].clone()
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let key = keys(&browser).await;
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(&modulus)
    );
    let whole = serde_json::to_string(&jwk).unwrap();
    for secret in [
        modulus.as_slice(),
        key["n"].as_str().unwrap().as_bytes(),
        pem.as_bytes(),
        whole.as_bytes(),
    ] {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some(key["kid"].as_str().unwrap().to_owned());
        let secret = jsonwebtoken::EncodingKey::from_secret(secret);
        let token = jsonwebtoken::encode(&header, &browser.claims("ada"), &secret).unwrap();
        let refused = service.token(&token).await;
        assert_eq!(refused.refusal(), (401, "tokenRefused"));
    }
}

#[tokio::test]
async fn forged_keys_keep_nobody_out_who_comes_with_a_new_one() {
    let host = host();
    let settings =
        settings(&host, "").replace("keys_refetch_seconds = 1", "keys_refetch_seconds = 600");
    let service = TokenService::start_with(&host, &settings);
    let browser = Browser::new(&host);
    let good = browser.signed(&browser.claims("ada")).await;
    assert_eq!(service.token(&good).await.status, 200);
    let payload = URL_SAFE_NO_PAD.encode(browser.claims("ada").to_string());
    let forged = |kid: u32| {
        let head = json!({ "alg": "RS256", "kid": format!("k{kid}") });
        let head = URL_SAFE_NO_PAD.encode(head.to_string());
        format!("{head}.{payload}.c2ln")
    };
    let refused = service.token(&forged(0)).await;
    assert_eq!(refused.refusal(), (401, "tokenRefused"));
    host.control("/directory/keys/rotate", json!({})).await;
    let newer = browser.signed(&browser.claims("ada")).await;
    assert_eq!(service.token(&newer).await.status, 200);
    // The provider is not asked for ever. Who is good is told when to come again, and not to sign in.
    for kid in 1..4 {
        service.token(&forged(kid)).await;
    }
    let later = service.token(&forged(9)).await;
    assert_eq!(later.refusal(), (503, "providerUnavailable"));
    let wait: u64 = later.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    assert_eq!(service.token(&newer).await.status, 200);
}

#[tokio::test]
async fn a_token_of_another_sign_in_does_not_pass_for_this_one() {
    let host = host();
    let service = TokenService::start(&host, "");
    let token = Browser::new(&host).id_token(ADA).await;
    let ask = |nonce: &str| {
        let mut body = external();
        body["nonce"] = json!(nonce);
        service.send(service.ask(&token, &body))
    };
    assert_eq!(ask("n1").await.status, 200);
    assert_eq!(ask("n2").await.refusal(), (401, "nonceMismatch"));
    assert_eq!(ask("").await.refusal(), (401, "nonceMismatch"));
}

#[tokio::test]
async fn an_exchange_is_refused_for_another_application_user_tenant_or_time() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let oid = host.control("/directory", json!({ "userName": ADA })).await["oid"]
        .as_str()
        .unwrap()
        .to_owned();
    let good = browser.access_claims(&oid);
    let given = service.exchange(&browser.signed(&good).await).await;
    assert_eq!(given.status, 200, "{}", given.body);
    let other = "51de70fe-0000-4000-8000-c11e47000002";
    let authority = browser.entra("authority");
    for (changes, refusal) in [
        (json!({ "appid": other }), (403, "appNotAllowed")),
        (json!({ "azp": other }), (403, "appNotAllowed")),
        (json!({ "appid": null }), (403, "appNotAllowed")),
        (
            json!({ "scp": "Teams.ManageChats" }),
            (403, "appNotAllowed"),
        ),
        (json!({ "tid": other }), (403, "tenantNotAllowed")),
        (
            json!({ "iss": format!("{authority}/{other}/v2.0") }),
            (403, "tenantNotAllowed"),
        ),
        (
            json!({ "aud": "https://graph.microsoft.com" }),
            (401, "tokenRefused"),
        ),
        (
            json!({ "aud": browser.entra("clientId") }),
            (401, "tokenRefused"),
        ),
        (json!({ "exp": now() - 120 }), (401, "tokenExpired")),
        (json!({ "nbf": now() + 600 }), (401, "tokenNotYetValid")),
        (json!({ "oid": null }), (401, "tokenRefused")),
        (json!({ "oid": "8:acs:somebody" }), (401, "tokenRefused")),
    ] {
        let token = browser.signed(&with(&good, changes.clone())).await;
        assert_eq!(
            service.exchange(&token).await.refusal(),
            refusal,
            "{changes}"
        );
    }
    // What a request says beside the token is not even read.
    let bob = host
        .control("/directory", json!({ "userName": "bob@sidetone.example" }))
        .await;
    let body = json!({ "kind": "teams", "entraToken": browser.signed(&good).await,
                       "userId": bob["oid"], "appId": other });
    let request = service.http.post(service.url("/v1/token"));
    let given = service.send(request.json(&body)).await;
    assert_eq!(given.text("id"), format!("8:orgid:{oid}"));
}

#[tokio::test]
async fn the_resource_itself_compares_user_and_application_with_the_token() {
    use crate::support::FOR_ACS;
    let host = host();
    let browser = Browser::new(&host);
    assert!(FOR_ACS.contains("Teams.ManageCalls"));
    let token = browser.access_token(ADA).await;
    let oid = host.control("/directory", json!({ "userName": ADA })).await["oid"].clone();
    let other = "51de70fe-0000-4000-8000-c11e47000002";
    for (app, user, status) in [
        (json!(browser.entra("clientId")), oid.clone(), 200),
        (json!(other), oid.clone(), 403),
        (json!(browser.entra("clientId")), json!(other), 403),
    ] {
        let body = json!({ "token": token, "appId": app, "userId": user }).to_string();
        let told = signed_exchange(host.ready()["connectionString"].as_str().unwrap(), &body);
        assert_eq!(told.await, status, "{app} {user}");
    }
}

async fn signed_exchange(connection_string: &str, body: &str) -> u16 {
    use sidetone::wire::acs::sign;
    let known = sign::ConnectionString::parse(connection_string).unwrap();
    let path = "/teamsUser/:exchangeAccessToken?api-version=2023-10-01";
    let (date, hash) = (Clock.utc().http_date(), sign::content_hash(body.as_bytes()));
    let authorization = sign::Request {
        verb: "POST",
        path_and_query: path,
        date: &date,
        host: known.endpoint.trim_start_matches("http://"),
        content_hash: &hash,
    }
    .authorization(&known.access_key);
    let answer = reqwest::Client::new()
        .post(format!("{}{path}", known.endpoint))
        .header("x-ms-date", date)
        .header("x-ms-content-sha256", hash)
        .header("authorization", authorization)
        .header("content-type", "application/json")
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn an_invitation_is_good_once_also_when_many_try_at_the_same_time() {
    let host = host();
    let limits = "[limits]\ninvitations_per_address_per_minute = 1000";
    let service = TokenService::start(&host, limits);
    for code in service.invite(&["--count", "5"]) {
        let tried = (0..8).map(|_| service.redeem(&code));
        let answers = futures_util::future::join_all(tried).await;
        let good = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(good, 1);
        let refused = service.redeem(&code).await;
        assert_eq!(refused.refusal(), (403, "invitationRefused"));
    }
}

#[tokio::test]
async fn guessing_codes_is_slow_and_keeps_nobody_elsewhere_out() {
    let host = host();
    let limits = "behind_proxy = true\n[limits]\ninvitations_per_address_per_minute = 5";
    let service = TokenService::start(&host, limits);
    let right = service.invite(&[]).remove(0);
    let guess = |from: String, code: &str| {
        let request = service.http.post(service.url("/v1/invitation"));
        let request = request.header("x-forwarded-for", format!("203.0.113.99, {from}"));
        service.send(request.json(&json!({ "code": code })))
    };
    let wrong = "00000-00000-00000-00000-00000";
    for _ in 0..5 {
        let refused = guess("192.0.2.1".to_owned(), wrong).await;
        assert_eq!(refused.refusal(), (403, "invitationRefused"));
    }
    // Even the right one is not tried now.
    let refused = guess("192.0.2.1".to_owned(), &right).await;
    assert_eq!(refused.refusal(), (429, "tooManyRequests"));
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // Who has many addresses guesses no 125 bits, and locks no guest out either.
    for n in 0..120 {
        let refused = guess(format!("198.51.100.{n}"), wrong).await;
        assert_eq!(refused.refusal(), (403, "invitationRefused"), "{n}");
    }
    let taken = guess("198.51.100.200".to_owned(), &right).await;
    assert_eq!(taken.status, 200);
}

#[tokio::test]
async fn one_address_and_one_person_are_answered_only_so_often() {
    let host = host();
    let limits =
        "behind_proxy = true\n[limits]\nper_address_per_minute = 10\nper_person_per_minute = 4";
    let service = TokenService::start(&host, limits);
    let token = Browser::new(&host).id_token(ADA).await;
    let ask = |from: String| {
        let request = service.ask(&token, &external());
        service.send(request.header("x-forwarded-for", from))
    };
    for n in 0..4 {
        assert_eq!(ask(format!("192.0.2.{n}")).await.status, 200);
    }
    let refused = ask("192.0.2.9".to_owned()).await;
    assert_eq!(
        refused.refusal(),
        (429, "tooManyRequests"),
        "whatever the address"
    );
    for _ in 0..9 {
        ask("192.0.2.9".to_owned()).await;
    }
    let ways = service.http.get(service.url("/v1/sign-in"));
    let refused = service
        .send(ways.header("x-forwarded-for", "192.0.2.9"))
        .await;
    assert_eq!(
        refused.refusal(),
        (429, "tooManyRequests"),
        "whatever is asked"
    );
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_forwarded_address_is_not_believed_without_a_proxy() {
    let host = host();
    let service = TokenService::start(&host, "[limits]\nper_address_per_minute = 3");
    let mut last = 0;
    for n in 0..4 {
        let ways = service.http.get(service.url("/v1/sign-in"));
        let ways = ways.header("x-forwarded-for", format!("192.0.2.{n}"));
        last = service.send(ways).await.status.as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_request_is_refused() {
    let host = host();
    let service = TokenService::start(&host, "");
    let token = Browser::new(&host).id_token(ADA).await;
    let mut body = external();
    body["padding"] = json!("x".repeat(17 << 10));
    let refused = service.send(service.ask(&token, &body)).await;
    assert_eq!(refused.refusal(), (413, "tooLarge"));
    body = external();
    body["displayName"] = json!("x".repeat(300));
    let refused = service.send(service.ask(&token, &body)).await;
    assert_eq!(refused.refusal(), (400, "badRequest"));
    for text in [
        "",
        "[]",
        "null",
        "{\"kind\":\"other\"}",
        "{\"kind\":\"external\"",
        "\u{0}",
    ] {
        let request = service.http.post(service.url("/v1/token"));
        let refused = service.send(request.bearer_auth(&token).body(text)).await;
        assert_eq!(refused.refusal(), (400, "badRequest"), "{text}");
    }
    let deep = "[".repeat(10_000);
    let request = service.http.post(service.url("/v1/token")).body(deep);
    assert_eq!(service.send(request).await.status, 400);
    assert_eq!(service.token(&token).await.status, 200, "it still answers");
}

/// Reads until the other side closes; what was read.
fn until_closed(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut read = Vec::new();
    let mut part = [0; 1024];
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(n) => read.extend_from_slice(&part[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("not closed: {error}"),
        }
    }
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_byte_by_byte_is_not_waited_for() {
    let host = host();
    let limits = "[limits]\nheader_seconds = 1\nrequest_seconds = 2";
    let service = TokenService::start(&host, limits);
    let begun = Clock.now();
    let mut silent = TcpStream::connect(service.address()).unwrap();
    let mut headers = TcpStream::connect(service.address()).unwrap();
    headers
        .write_all(b"POST /v1/token HTTP/1.1\r\nhost: x\r\nx-a: ")
        .unwrap();
    let mut body = TcpStream::connect(service.address()).unwrap();
    body.write_all(b"POST /v1/token HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        .unwrap();
    until_closed(&mut silent);
    until_closed(&mut headers);
    let told = until_closed(&mut body);
    assert!(told.starts_with("HTTP/1.1 408"), "{told}");
    let took = Clock.now().since(begun);
    assert!(took < Duration::from_secs(12), "{took:?}");
    let ways = service.http.get(service.url("/v1/sign-in"));
    assert_eq!(service.send(ways).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_hold_all_connections() {
    let host = host();
    let limits = "[limits]\nconnections_per_address = 4";
    let service = TokenService::start(&host, limits);
    let mut held: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = TcpStream::connect(service.address()).unwrap();
            stream.write_all(b"GET /v1/sign-in HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    let mut fifth = TcpStream::connect(service.address()).unwrap();
    let _ = fifth.write_all(b"GET /v1/sign-in HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(until_closed(&mut fifth), "", "turned away");
    held[0]
        .write_all(b"host: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    assert!(until_closed(&mut held[0]).starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn names_that_look_like_sql_are_only_names() {
    let host = host();
    let service = TokenService::start(&host, "");
    let browser = Browser::new(&host);
    let odd = [
        "Robert'); DROP TABLE person; --",
        "' OR '1'='1",
        "\" UNION SELECT hash FROM session --",
        "%00\u{0}; DELETE FROM identity",
        "ada' --",
    ];
    let mut ids = Vec::new();
    for subject in odd {
        let token = browser.signed(&browser.claims(subject)).await;
        let mut body = external();
        body["displayName"] = json!(subject);
        let given = service.send(service.ask(&token, &body)).await;
        ids.push(given.text("id").to_owned());
        let code = service
            .invite(&["--note", &subject.replace('\0', "")])
            .remove(0);
        assert_eq!(service.redeem(&code).await.status, 200);
        let refused = service.redeem(subject).await;
        assert_eq!(refused.refusal(), (403, "invitationRefused"));
    }
    for (subject, id) in odd.iter().zip(&ids) {
        let token = browser.signed(&browser.claims(subject)).await;
        assert_eq!(service.token(&token).await.text("id"), id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), odd.len());
}
