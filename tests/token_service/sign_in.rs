//! The directory of the embedded service: what it grants, and what it refuses as Entra ID does.

use serde_json::Value;
use serde_json::json;
use sidetone::wire::entra::error::Known;

use crate::support::Browser;
use crate::support::CHALLENGE;
use crate::support::FOR_ACS;
use crate::support::REDIRECT;
use crate::support::VERIFIER;
use crate::support::between;
use crate::support::encoded;
use crate::support::found;
use crate::support::host;

const ADA: &str = "ada@sidetone.example";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn changed(
    query: &[(&'static str, String)],
    name: &str,
    value: &str,
) -> Vec<(&'static str, String)> {
    let mut query = query.to_vec();
    for (key, old) in &mut query {
        if *key == name {
            value.clone_into(old);
        }
    }
    query
}

fn without(query: &[(&'static str, String)], name: &str) -> Vec<(&'static str, String)> {
    let mut query = query.to_vec();
    query.retain(|(key, _)| *key != name);
    query
}

fn code(answer: &Value) -> u64 {
    answer["error_codes"][0].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn signing_in_gives_an_id_token_an_access_token_and_a_refresh_token() {
    let host = host();
    let browser = Browser::new(&host);
    let page = browser.open(&browser.authorize()).await;
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    let to = browser.fill_in(&page, ADA, "accept").await.unwrap();
    assert_eq!(
        found(&to, "state").as_deref(),
        Some("s1"),
        "the state comes back"
    );
    assert_eq!(
        (to.host_str(), to.port(), to.path()),
        (Some("localhost"), Some(49152), "/")
    );
    let (status, tokens) = browser.redeem(&found(&to, "code").unwrap()).await;
    assert_eq!(status, 200, "{tokens}");
    for name in ["access_token", "id_token", "refresh_token"] {
        assert!(tokens[name].is_string(), "{name}");
    }
    let again = browser.fill_in(&page, ADA, "accept").await;
    assert!(again.is_none(), "a page is sent back once");
}

#[tokio::test]
async fn the_metadata_leads_to_everything() {
    let host = host();
    let browser = Browser::new(&host);
    let (authority, tenant) = (browser.entra("authority"), browser.entra("tenant"));
    let get = async |tenant: &str| {
        let url = format!("{authority}/{tenant}/v2.0/.well-known/openid-configuration");
        let answer = browser.http.get(url).send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (status, about) = get(tenant).await;
    assert_eq!(status, 200);
    assert_eq!(about["issuer"], format!("{authority}/{tenant}/v2.0"));
    assert_eq!(about["token_endpoint"], browser.endpoint("token"));
    let keys = browser.http.get(about["jwks_uri"].as_str().unwrap());
    let keys: Value = keys.send().await.unwrap().json().await.unwrap();
    assert_eq!(keys["keys"][0]["kty"], "RSA");
    let (_, any) = get("organizations").await;
    assert_eq!(any["issuer"], format!("{authority}/{{tenantid}}/v2.0"));
    let (status, unknown) = get("contoso.example").await;
    assert_eq!((status, code(&unknown)), (400, 90002));
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_registered() {
    let host = host();
    let browser = Browser::new(&host);
    let good = browser.authorize();
    for port in [
        "http://localhost:1",
        "http://localhost:65535/",
        "http://127.0.0.1:4711",
    ] {
        let page = browser.open(&changed(&good, "redirect_uri", port)).await;
        assert_eq!(page.status(), 200, "any port will do: {port}");
    }
    for foreign in [
        "https://evil.example/",
        "http://evil.example:49152",
        "http://localhost.evil.example:49152",
        "http://localhost:49152/other",
        "http://localhost:49152@evil.example/",
        "http://[::1]:49152",
    ] {
        let page = browser.open(&changed(&good, "redirect_uri", foreign)).await;
        assert_eq!(page.status(), 400, "{foreign}");
        assert!(page.headers().get("location").is_none(), "{foreign}");
        assert!(page.text().await.unwrap().contains("AADSTS50011"));
    }
    let other = changed(&good, "client_id", "11111111-2222-3333-4444-555555555555");
    let page = browser.open(&other).await.text().await.unwrap();
    assert!(page.contains("AADSTS700016"), "{page}");
}

#[tokio::test]
async fn what_a_request_brings_is_shown_as_text() {
    let host = host();
    let browser = Browser::new(&host);
    let mut query = browser.authorize();
    query.push(("login_hint", "\"><script>alert(1)</script>".to_owned()));
    let page = browser.open(&query).await.text().await.unwrap();
    assert!(!page.contains("<script>"), "{page}");
    let answer = browser.fill_in(&page, "<script>nobody", "accept").await;
    assert!(answer.is_none());
}

#[tokio::test]
async fn a_code_needs_the_verifier_that_its_request_was_made_with() {
    let host = host();
    let browser = Browser::new(&host);
    let good = browser.authorize();
    for query in [
        without(&good, "code_challenge"),
        changed(&good, "code_challenge_method", "plain"),
        without(&good, "code_challenge_method"),
        changed(&good, "code_challenge", "short"),
    ] {
        let answer = browser.open(&query).await;
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(to.contains("error=invalid_request"), "{to}");
        assert!(to.contains("state=s1"), "{to}");
    }
    let code_of = browser.code(&good, ADA).await;
    let redeem = async |name: &str, value: Option<&str>| {
        let form = [
            ("client_id", browser.entra("clientId")),
            ("grant_type", "authorization_code"),
            ("code", code_of.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("scope", FOR_ACS),
        ];
        let form: Vec<_> = form
            .into_iter()
            .filter_map(|(key, old)| match value {
                _ if key != name => Some((key, old)),
                Some(value) => Some((key, value)),
                None => None,
            })
            .collect();
        let (_, answer) = browser.post(&form).await;
        code(&answer)
    };
    let wrong = "x".repeat(43);
    assert_eq!(redeem("code_verifier", Some(&wrong)).await, 501_481);
    assert_eq!(redeem("code_verifier", Some(CHALLENGE)).await, 501_481);
    assert_eq!(redeem("code_verifier", None).await, 900_144);
    assert_eq!(
        redeem("redirect_uri", Some("http://localhost:49153")).await,
        500_112
    );
    let other = "51de70fe-0000-4000-8000-c11e47000002";
    assert_eq!(redeem("client_id", Some(other)).await, 700_005);
    assert_eq!(redeem("scope", Some("openid Chat.Read")).await, 65001);
}

#[tokio::test]
async fn a_code_that_is_shown_twice_ends_the_sign_in() {
    let host = host();
    let browser = Browser::new(&host);
    let used = browser.code(&browser.authorize(), ADA).await;
    let (status, tokens) = browser.redeem(&used).await;
    assert_eq!(status, 200);
    let (status, again) = browser.redeem(&used).await;
    assert_eq!((status, code(&again)), (400, 54005));
    let (status, ended) = refresh(&browser, &tokens["refresh_token"], FOR_ACS).await;
    assert_eq!((status, &ended["error"]), (400, &json!("invalid_grant")));
}

async fn refresh(browser: &Browser<'_>, token: &Value, scope: &str) -> (u16, Value) {
    browser
        .post(&[
            ("client_id", browser.entra("clientId")),
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str().unwrap()),
            ("scope", scope),
        ])
        .await
}

#[tokio::test]
async fn a_refresh_token_is_replaced_and_showing_the_old_one_ends_the_sign_in() {
    let host = host();
    let browser = Browser::new(&host);
    let first = browser.sign_in(ADA).await;
    let (status, second) = refresh(&browser, &first["refresh_token"], FOR_ACS).await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let (status, stolen) = refresh(&browser, &first["refresh_token"], FOR_ACS).await;
    assert_eq!((status, code(&stolen)), (400, 70000));
    let (status, _) = refresh(&browser, &second["refresh_token"], FOR_ACS).await;
    assert_eq!(status, 400, "the one who took it has nothing either");
}

#[tokio::test]
async fn a_token_is_for_one_resource_of_those_that_were_consented_to() {
    let host = host();
    let browser = Browser::new(&host);
    let both = format!("{FOR_ACS} Chat.Read");
    let query = changed(&browser.authorize(), "scope", &both);
    let (_, tokens) = browser.redeem(&browser.code(&query, ADA).await).await;
    let (status, mixed) = refresh(&browser, &tokens["refresh_token"], &both).await;
    assert_eq!((status, code(&mixed)), (400, 700_022));
    let (status, graph) = refresh(&browser, &tokens["refresh_token"], "Chat.Read").await;
    assert_eq!(status, 200, "a refusal leaves the token good: {graph}");
    assert!(
        graph["scope"]
            .as_str()
            .unwrap()
            .contains("https://graph.microsoft.com/Chat.Read")
    );
    let (_, more) = refresh(&browser, &graph["refresh_token"], "Chat.ReadWrite").await;
    assert_eq!(code(&more), 65001);
}

#[tokio::test]
async fn a_challenge_is_met_by_signing_in_with_its_claims() {
    let host = host();
    let browser = Browser::new(&host);
    let tokens = browser.sign_in(ADA).await;
    host.control("/directory/challenge", json!({ "userName": ADA }))
        .await;
    let (status, refused) = refresh(&browser, &tokens["refresh_token"], FOR_ACS).await;
    assert_eq!(
        (status, &refused["error"]),
        (400, &json!("interaction_required"))
    );
    let claims = refused["claims"].as_str().unwrap().to_owned();
    // Signing in without the claims does not meet it.
    let (status, _) = browser
        .redeem(&browser.code(&browser.authorize(), ADA).await)
        .await;
    assert_eq!(status, 400);
    let mut query = browser.authorize();
    query.push(("claims", claims));
    let (status, _) = browser.redeem(&browser.code(&query, ADA).await).await;
    assert_eq!(status, 200);
    let (status, _) = refresh(&browser, &tokens["refresh_token"], FOR_ACS).await;
    assert_eq!(
        status, 200,
        "the refresh token was not used up by the refusal"
    );
}

#[tokio::test]
async fn a_device_is_signed_in_on_another_screen() {
    let host = host();
    let browser = Browser::new(&host);
    host.control(
        "/directory/device",
        json!({ "expiresIn": 60, "interval": 1 }),
    )
    .await;
    let begin = async || {
        let form = [("client_id", browser.entra("clientId")), ("scope", FOR_ACS)];
        let (status, answer) = browser.post_to("devicecode", &form).await;
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let poll = async |device: &Value| {
        let form = [
            ("client_id", browser.entra("clientId")),
            ("grant_type", DEVICE),
            ("device_code", device["device_code"].as_str().unwrap()),
        ];
        let (_, answer) = browser.post(&form).await;
        let error = answer["error"].as_str().map(str::to_owned);
        (error.unwrap_or_default(), answer)
    };
    let enter = async |code: &str, act: &str| {
        let url = format!("{}/devicelogin", browser.entra("authority"));
        let form = [("user_code", code), ("user_name", ADA), ("act", act)];
        let page = browser
            .http
            .post(url)
            .body(encoded(&form))
            .send()
            .await
            .unwrap();
        (page.status().as_u16(), page.text().await.unwrap())
    };
    let device = begin().await;
    let user_code = device["user_code"].as_str().unwrap();
    assert!(device["message"].as_str().unwrap().contains(user_code));
    assert_eq!(poll(&device).await.0, "authorization_pending");
    assert_eq!(
        poll(&device).await.0,
        "slow_down",
        "not even a second has passed"
    );
    let (_, page) = enter("WRONGCOD", "accept").await;
    assert!(page.contains("No device waits"), "{page}");
    enter(user_code, "accept").await;
    let (error, tokens) = poll(&device).await;
    assert_eq!(error, "", "{tokens}");
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_string());
    assert_eq!(poll(&device).await.0, "bad_verification_code", "once");
    let device = begin().await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(poll(&device).await.0, "authorization_pending");
    enter(device["user_code"].as_str().unwrap(), "decline").await;
    assert_eq!(poll(&device).await.0, "authorization_declined");
    host.control(
        "/directory/device",
        json!({ "expiresIn": 1, "interval": 1 }),
    )
    .await;
    let device = begin().await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(poll(&device).await.0, "expired_token");
    // Codes are short, so guessing them is slow.
    let mut last = 0;
    for _ in 0..20 {
        last = enter("GUESSED1", "accept").await.0;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn every_documented_error_can_be_provoked_in_its_shape() {
    let host = host();
    let browser = Browser::new(&host);
    for number in Known::all() {
        let known = Known::of(number).unwrap();
        let (status, answer) = browser
            .post_to(&format!("token?simulate={number}"), &[])
            .await;
        assert!(status >= 400, "{number}");
        assert_eq!(answer["error"], known.error, "{number}");
        assert_eq!(code(&answer), u64::from(number));
        let told = answer["error_description"].as_str().unwrap();
        assert!(told.starts_with(&format!("AADSTS{number}: ")), "{told}");
        for member in ["timestamp", "trace_id", "correlation_id", "error_uri"] {
            assert!(!answer[member].as_str().unwrap().is_empty(), "{member}");
        }
        assert_eq!(
            answer.get("claims").is_some(),
            known.is_challenge(),
            "{number}"
        );
    }
    let mut query = browser.authorize();
    query.push(("simulate", "65004".to_owned()));
    let answer = browser.open(&query).await;
    let to = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(found(&to, "error").as_deref(), Some("access_denied"));
    assert_eq!(found(&to, "state").as_deref(), Some("s1"));
}

#[tokio::test]
async fn a_fault_refuses_as_often_as_it_was_asked_for() {
    let host = host();
    let browser = Browser::new(&host);
    let tokens = browser.sign_in(ADA).await;
    let fault = json!({ "class": "signIn", "effect": { "signIn": 53003 }, "times": 2 });
    host.control("/faults", fault).await;
    for _ in 0..2 {
        let (_, refused) = refresh(&browser, &tokens["refresh_token"], FOR_ACS).await;
        assert_eq!(code(&refused), 53003);
    }
    let (status, _) = refresh(&browser, &tokens["refresh_token"], FOR_ACS).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_page_of_another_origin_signs_nobody_in() {
    let host = host();
    let browser = Browser::new(&host);
    let page = browser
        .open(&browser.authorize())
        .await
        .text()
        .await
        .unwrap();
    let ticket = between(&page, "name=\"ticket\" value=\"", "\"");
    let (authority, tenant) = (browser.entra("authority"), browser.entra("tenant"));
    let form = [
        ("ticket", ticket.as_str()),
        ("user_name", ADA),
        ("act", "accept"),
    ];
    let answer = browser
        .http
        .post(format!("{authority}/{tenant}/login"))
        .header("origin", "https://evil.example")
        .body(encoded(&form))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.headers().get("location").is_none());
}

#[tokio::test]
async fn who_declines_is_sent_back_with_the_refusal() {
    let host = host();
    let browser = Browser::new(&host);
    let page = browser
        .open(&browser.authorize())
        .await
        .text()
        .await
        .unwrap();
    let to = browser.fill_in(&page, "", "decline").await.unwrap();
    assert_eq!(found(&to, "error").as_deref(), Some("access_denied"));
    assert_eq!(found(&to, "state").as_deref(), Some("s1"));
    assert_eq!(found(&to, "code"), None);
}

#[tokio::test]
async fn a_public_client_must_not_have_a_secret() {
    let host = host();
    let browser = Browser::new(&host);
    let (status, refused) = browser
        .post(&[
            ("client_id", browser.entra("clientId")),
            ("client_secret", "hunter2"),
            ("grant_type", "refresh_token"),
        ])
        .await;
    assert_eq!((status, code(&refused)), (401, 700_025));
    assert!(!refused.to_string().contains("hunter2"));
}
