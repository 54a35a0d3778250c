//! The authorize endpoint: who asks, for what, where to answer, and who signs in.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use url::Host;
use url::Url;

use crate::service::Service;
use crate::service::visitor::OwnPage;
use crate::wire::entra::scope::Scope;

use super::MALFORMED;
use super::check_client;
use super::check_tenant;
use super::consent;
use super::grants::Asked;
use super::page;
use super::provoked;
use super::refusal::Back;
use super::refusal::Mode;
use super::refusal::Refusal;

/// `GET /{tenant}/oauth2/v2.0/authorize`.
pub(super) async fn ask(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
) -> Response {
    let query = pairs(uri.query().unwrap_or_default().as_bytes());
    let Some(query) = query else {
        return Refusal::of(&service, MALFORMED).page();
    };
    // Until it is known that the address is the application's own, nothing is sent there.
    let known = check_tenant(&service, &tenant)
        .and_then(|()| check_client(&service, query.get("client_id").map(String::as_str)))
        .and_then(|client| Ok((client, registered(&service, &query)?)));
    let (client, to) = match known {
        Ok(known) => known,
        Err(refusal) => return refusal.page(),
    };
    let state = query.get("state").map(String::as_str);
    let mut back = Back::by_query(&to, state);
    match query.get("response_mode").map(String::as_str) {
        Some("query") | None => {}
        Some("form_post") => back.mode = Mode::FormPost,
        Some(_) => return Refusal::of(&service, MALFORMED).send(&back),
    }
    let asked = provoked(&service, &uri).and_then(|()| read(&service, &query, client, &back));
    match asked {
        Ok(asked) => {
            let now = service.clock().utc();
            let ticket = service.lock().entra.grants.wait(asked, now);
            let hint = query.get("login_hint").map_or("", String::as_str);
            page::sign_in(&tenant, &ticket, hint, None)
        }
        Err(refusal) => refusal.send(&back),
    }
}

/// The redirect address, if it is one of those that are registered.
pub(super) fn registered(
    service: &Service,
    query: &HashMap<String, String>,
) -> Result<String, Refusal> {
    let to = query.get("redirect_uri");
    let to = to.ok_or_else(|| Refusal::of(service, super::MISSING))?;
    if is_registered(to) {
        return Ok(to.clone());
    }
    Err(Refusal::of(service, 50011))
}

/// `http://localhost` and `http://127.0.0.1`: the port is not compared, everything else is.
fn is_registered(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let host = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback() && ip.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(_)) | None => false,
    };
    let bare = url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    url.scheme() == "http" && host && url.path() == "/" && bare && anonymous
}

/// What is asked for, complete and allowed.
fn read(
    service: &Service,
    query: &HashMap<String, String>,
    client: String,
    back: &Back,
) -> Result<Asked, Refusal> {
    let get = |name: &str| query.get(name).map(String::as_str);
    let refuse = |code| Err(Refusal::of(service, code));
    match get("response_type") {
        Some("code") => {}
        Some(_) => {
            let about = "Only the code flow is possible.";
            let error = "unsupported_response_type";
            return Err(Refusal::named(service, MALFORMED, error, about));
        }
        None => return refuse(super::MISSING),
    }
    let challenge = match (get("code_challenge"), get("code_challenge_method")) {
        (Some(challenge), Some("S256")) if challenge.len() == CHALLENGE => challenge.to_owned(),
        (None, _) => return refuse(super::MISSING),
        // A challenge that is the verifier itself protects nothing.
        (Some(_), _) => return refuse(MALFORMED),
    };
    let scopes = Scope::list(get("scope").unwrap_or_default());
    if scopes.is_empty() {
        return refuse(super::MISSING);
    }
    if scopes
        .iter()
        .any(|scope| matches!(scope, Scope::Unknown(_)))
    {
        return refuse(70011);
    }
    consent::check(service)?;
    if get("prompt") == Some("none") {
        return refuse(50058);
    }
    Ok(Asked {
        client,
        back: back.clone(),
        challenge,
        scopes,
        nonce: get("nonce").map(str::to_owned),
        claims: get("claims").map(str::to_owned),
    })
}

/// `POST /{tenant}/login`: what the page sends.
pub(super) async fn sign_in(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    _: OwnPage,
    body: Bytes,
) -> Response {
    let Some(form) = pairs(&body) else {
        return Refusal::of(&service, MALFORMED).page();
    };
    let get = |name: &str| form.get(name).map_or("", String::as_str);
    let now = service.clock().utc();
    let mut state = service.lock();
    let entra = &mut state.entra;
    let Some(asked) = entra.grants.take(get("ticket"), now) else {
        drop(state);
        return page::refused("This page was sent already, or is too old. Begin anew.");
    };
    if get("act") == "decline" {
        drop(state);
        let declined = Refusal::of(&service, 65004);
        return declined.send(&asked.back);
    }
    let Some(person) = entra.directory.named(get("user_name")) else {
        let ticket = entra.grants.wait(asked, now);
        let problem = "Nobody in the directory is called that.";
        return page::sign_in(&tenant, &ticket, get("user_name"), Some(problem));
    };
    let oid = person.oid.clone();
    if let Some(claims) = &asked.claims {
        entra.directory.prove(&oid, claims);
    }
    let back = asked.back.clone();
    let code = entra.grants.code(asked, &oid, now);
    back.send(&[("code", &code)])
}

/// The pairs of a query or a form; `None` when one of them stands there twice.
pub(super) fn pairs(text: &[u8]) -> Option<HashMap<String, String>> {
    let mut pairs = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(text) {
        if pairs
            .insert(name.into_owned(), value.into_owned())
            .is_some()
        {
            return None;
        }
    }
    Some(pairs)
}

/// 32 bytes in base64url.
const CHALLENGE: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_ignored_and_nothing_else() {
        for good in [
            "http://localhost",
            "http://localhost/",
            "http://localhost:49152",
            "http://localhost:1/",
            "http://127.0.0.1:49152/",
        ] {
            assert!(is_registered(good), "{good}");
        }
        for bad in [
            "https://localhost",
            "http://localhost.evil.example",
            "http://evil.example",
            "http://localhost@evil.example",
            "http://user@localhost",
            "http://localhost/callback",
            "http://localhost/?x=1",
            "http://localhost/#x",
            "http://[::1]:1/",
            "http://127.0.0.2/",
            "http://10.0.0.1/",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!is_registered(bad), "{bad}");
        }
    }

    #[test]
    fn a_parameter_that_stands_there_twice_is_no_request() {
        assert!(pairs(b"a=1&b=2").is_some());
        assert!(pairs(b"a=1&b=2&a=3").is_none());
    }
}
