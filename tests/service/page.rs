//! The page for guests: how it is served, where links lead, and whose pages may bring people in.

use reqwest::header::ACCEPT;
use reqwest::header::HOST;
use reqwest::header::LOCATION;
use reqwest::header::ORIGIN;
use reqwest::redirect::Policy;
use serde_json::json;
use sidetone::model::call::EndReason;
use sidetone::service::Options;
use sidetone::view::phrase;
use sidetone::wire::local::CALL_PATH;
use sidetone::wire::local::CALL_PROTOCOL;
use sidetone::wire::local::TOKEN_PROTOCOL;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::Host;
use crate::support::start;
use crate::support::start_with;

#[tokio::test]
async fn the_page_trusts_nothing_but_this_service() {
    let host = start().await;
    let socket = host.running.endpoint.replacen("http", "ws", 1);
    for path in ["/meet", "/meet/264183392744150", "/meet/page/page.js"] {
        let answer = host.send(host.http.get(host.url(path))).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            &format!("connect-src 'self' {socket};"),
        ] {
            assert!(policy.contains(part), "{path}: {part} is not in {policy}");
        }
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(answer.header(name), "same-origin", "{path}: {name}");
        }
    }
    let missing = host
        .send(host.http.get(host.url("/meet/page/mod.rs")))
        .await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn a_meeting_link_leads_browsers_to_the_page_and_programs_nowhere() {
    let host = start().await;
    let meeting = host.running.meeting.clone().unwrap();
    assert!(meeting.guest_link.starts_with(&host.running.endpoint));
    let http = reqwest::Client::builder().redirect(Policy::none());
    let http = http.build().unwrap();
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let answer = host
        .send(http.get(&meeting.link).header(ACCEPT, browser))
        .await;
    assert_eq!(answer.status, 303);
    let to = answer.headers[LOCATION].to_str().unwrap();
    assert_eq!(format!("{}{to}", host.running.endpoint), meeting.guest_link);
    let unknown = host.url("/l/meetup-join/19%3ameeting_x%40thread.v2/0");
    let answer = host.send(http.get(unknown).header(ACCEPT, browser)).await;
    assert_eq!(answer.headers[LOCATION], "/meet#unknown-link");
    let answer = host.send(http.get(&meeting.link)).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (404, "NotFound"));
}

/// The status of asking for a guest's token as a page of `origin` would, having reached us under `name`.
async fn asked_from(host: &Host, origin: &str, name: &str) -> u16 {
    let request = host.http.post(host.url("/v1/token"));
    let request = request.header(ORIGIN, origin).header(HOST, name);
    let request = request.json(&json!({ "kind": "external" }));
    host.send(request).await.status.as_u16()
}

#[tokio::test]
async fn only_own_pages_under_own_names_bring_guests_in() {
    let options = Options {
        hosts: vec!["meet.example".to_owned()],
        ..Options::default()
    };
    let host = start_with(options).await;
    let port = host.running.address.port();
    let own = format!("127.0.0.1:{port}");
    let named = format!("meet.example:{port}");
    let foreign = format!("evil.example:{port}");
    assert_eq!(asked_from(&host, &format!("http://{own}"), &own).await, 200);
    assert_eq!(
        asked_from(&host, &format!("http://{named}"), &named).await,
        200
    );
    // A page of somebody else, and one whose own name was made to lead here.
    assert_eq!(
        asked_from(&host, &format!("http://{foreign}"), &own).await,
        403
    );
    assert_eq!(
        asked_from(&host, &format!("http://{foreign}"), &foreign).await,
        403
    );
    assert_eq!(asked_from(&host, "null", &own).await, 403);
}

/// The call socket as a browser opens it: with an origin, and the token among the subprotocols.
async fn opened_as_a_page(host: &Host, origin: &str, token: &str) -> Result<String, u16> {
    let url = host.running.endpoint.replacen("http", "ws", 1) + CALL_PATH;
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    let offered = format!("{CALL_PROTOCOL}, {TOKEN_PROTOCOL}{token}");
    headers.insert("sec-websocket-protocol", offered.parse().unwrap());
    headers.insert("origin", HeaderValue::from_str(origin).unwrap());
    match tokio_tungstenite::connect_async(request).await {
        Ok((_, answer)) => {
            let chosen = &answer.headers()["sec-websocket-protocol"];
            Ok(chosen.to_str().unwrap().to_owned())
        }
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_browser_opens_the_call_socket_with_its_token_as_a_subprotocol() {
    let host = start().await;
    let asked = host.http.post(host.url("/v1/token"));
    let guest = host
        .send(asked.json(&json!({ "kind": "external", "displayName": "Ada" })))
        .await;
    let token = guest.body["token"].as_str().unwrap();
    let own = host.running.endpoint.clone();
    let opened = opened_as_a_page(&host, &own, token).await;
    // The token is not what is chosen: it would come back in the answer.
    assert_eq!(opened.as_deref(), Ok(CALL_PROTOCOL));
    let foreign = opened_as_a_page(&host, "http://evil.example", token).await;
    assert_eq!(foreign, Err(403));
    assert_eq!(opened_as_a_page(&host, &own, "forged").await, Err(401));
}

#[test]
fn the_page_ends_a_call_in_the_words_of_the_terminal() {
    let source = include_str!("../../src/service/page/ending.js");
    let mut compared = 0;
    let mut table = "";
    for line in source.lines() {
        if let Some(name) = line.strip_prefix("const BY_") {
            table = name;
        }
        let Some((number, rest)) = line.trim().split_once(": [\"") else {
            continue;
        };
        let (words, _) = rest.split_once('"').unwrap();
        let number = number.parse().unwrap();
        let reason = if table.starts_with("SUBCODE") {
            EndReason {
                code: 1,
                subcode: number,
            }
        } else {
            EndReason {
                code: number,
                subcode: 1,
            }
        };
        assert_eq!(phrase::end_reason(reason).text, words, "{reason:?}");
        compared += 1;
    }
    assert!(compared > 20);
}
