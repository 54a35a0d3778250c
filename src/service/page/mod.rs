//! The page for guests: join a meeting of this host with a browser, without an account.
//!
//! Static files, compiled in; they use nothing but the protocols that every client has:
//! the token endpoint, the call socket of `wire::local`, chat over REST and its realtime
//! channel. A meeting's address is `/meet/{id}#{passcode}`; what stands behind the `#`
//! never leaves the browser, so no log of the way here holds it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;

use super::Service;
use super::http::Origin;
use super::store::Refusal;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/meet", get(index))
        .route("/meet/{id}", get(index))
        .route("/meet/page/{file}", get(file))
        .route("/l/meetup-join/{thread}/{message}", get(classic))
}

/// The address of a meeting for people with nothing but a browser.
pub(super) fn link(endpoint: &str, id: &str, passcode: &str) -> String {
    format!("{endpoint}/meet/{id}#{passcode}")
}

async fn index(Origin(base): Origin) -> Response {
    serve("text/html; charset=utf-8", INDEX, &base)
}

async fn file(Path(name): Path<String>, Origin(base): Origin) -> Result<Response, Refusal> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    let (name, text) = found.ok_or(Refusal::NotFound("The page has no such file."))?;
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    Ok(serve(kind, text, &base))
}

/// A meeting link as programs use it; a browser is led to the page.
async fn classic(
    State(service): State<Arc<Service>>,
    Path((thread, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    if !accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        return Err(FOR_PROGRAMS);
    }
    let state = service.lock();
    let to = state.meetings.get(&thread).map_or_else(
        || "/meet#unknown-link".to_owned(),
        |meeting| link("", &meeting.names.id, &meeting.names.passcode),
    );
    Ok(Redirect::to(&to).into_response())
}

fn serve(kind: &'static str, text: &'static str, base: &str) -> Response {
    let mut answer = text.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(policy) = HeaderValue::from_str(&policy(base)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in HARDENING {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    answer
}

/// Nothing but our own files, our own service, and pictures that the page itself fetched.
fn policy(base: &str) -> String {
    // Not every browser counts a WebSocket to the own address as 'self'.
    let socket = base.replacen("http", "ws", 1);
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob: data:; \
         connect-src 'self' {socket}; media-src 'self' blob:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types inert own"
    )
}

/// Not an error of the link: a program gives it to the call socket instead.
const FOR_PROGRAMS: Refusal =
    Refusal::NotFound("A meeting link is opened in a browser, or with sidetone join.");

const HARDENING: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "microphone=(self), camera=(), display-capture=(), geolocation=()",
    ),
];

const INDEX: &str = include_str!("index.html");

macro_rules! files {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!($name))),*] };
}
const FILES: &[(&str, &str)] = files![
    "page.css",
    "page.js",
    "call.js",
    "chat.js",
    "controls.js",
    "dom.js",
    "ending.js",
    "guest.js",
    "join.js",
    "later.js",
    "meeting.js",
    "microphone.js",
    "notices.js",
    "people.js",
    "realtime.js",
    "rich.js",
    "sound.js",
    "stay.js",
    "talk.js",
    "ticking.js",
    "turns.js",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_named_by_another() {
        let all: String = FILES.iter().map(|(_, text)| *text).chain([INDEX]).collect();
        for (name, _) in FILES {
            let used = [format!("/meet/page/{name}\""), format!("\"./{name}\"")];
            assert!(used.iter().any(|used| all.contains(used)), "{name}");
        }
    }

    #[test]
    fn every_import_is_a_file_that_is_served() {
        for (file, text) in FILES {
            for import in text
                .lines()
                .filter_map(|line| line.split_once(" from \"./"))
            {
                let name = import.1.trim_end_matches("\";");
                assert!(
                    FILES.iter().any(|(known, _)| *known == name),
                    "{file}: {name}"
                );
            }
        }
    }

    #[test]
    fn nothing_of_the_page_is_inline_or_from_elsewhere() {
        for sign in [
            "style=",
            "onclick=",
            "javascript:",
            "<style",
            "http://",
            "https://",
        ] {
            assert!(!INDEX.contains(sign), "{sign}");
        }
        assert!(!INDEX.contains("<script>"));
        for (name, text) in FILES {
            for sign in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!text.contains(sign), "{name}: {sign}");
            }
            if name.rsplit_once('.').is_some_and(|(_, kind)| kind == "js") {
                assert!(
                    text.starts_with("// "),
                    "{name} does not say what it is for"
                );
            }
        }
    }

    #[test]
    fn the_policy_names_the_own_socket() {
        assert!(policy("http://127.0.0.1:7711").contains("'self' ws://127.0.0.1:7711;"));
        assert!(policy("https://meet.example").contains("'self' wss://meet.example;"));
    }
}
