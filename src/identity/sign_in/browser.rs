//! The way back from the browser: one request on loopback (RFC 8252, section 7.3).

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::Error;
use super::error::Refusal;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::tasks::Tasks;

/// Listens while somebody signs in, and no longer.
pub(super) struct Browser {
    port: u16,
    tasks: Tasks,
    answers: mpsc::Receiver<Answer>,
    expected: Arc<std::sync::OnceLock<String>>,
}

/// What the provider sends the browser back with (RFC 6749, sections 4.1.2 and 4.1.2.1).
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

#[derive(Clone)]
struct Waiting {
    answers: mpsc::Sender<Answer>,
    expected: Arc<std::sync::OnceLock<String>>,
}

impl Browser {
    pub(super) async fn listen() -> Result<Self, Error> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let first = first.map_err(Error::Listen)?;
        let port = first.local_addr().map_err(Error::Listen)?.port();
        // `localhost` may lead here too; where it cannot be had, it leads to the other.
        let second = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await;
        let (answering, answers) = mpsc::channel(1);
        let expected = Arc::new(std::sync::OnceLock::new());
        let waiting = Waiting {
            answers: answering,
            expected: Arc::clone(&expected),
        };
        let router = Router::new().route("/", get(received)).with_state(waiting);
        let tasks = Tasks::new();
        for listener in [Some(first), second.ok()].into_iter().flatten() {
            let router = router.clone();
            tasks.spawn(async move {
                // It ends when the sign-in does.
                let _ = axum::serve(listener, router).await;
            });
        }
        Ok(Self {
            port,
            tasks,
            answers,
            expected,
        })
    }

    /// As registered, with our port: providers leave the port of localhost out of the comparison.
    pub(super) fn redirect(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The code of the answer that belongs to this sign-in.
    pub(super) async fn answer(&mut self, state: &str, until: Moment) -> Result<String, Error> {
        let _ = self.expected.set(state.to_owned());
        let answer = tokio::select! {
            answer = self.answers.recv() => answer.ok_or(Error::TooLate)?,
            () = Clock.sleep_until(Some(until)) => return Err(Error::TooLate),
        };
        match (answer.code, answer.error) {
            (Some(code), None) => Ok(code),
            (_, Some(error)) => Err(Error::Refused(Refusal::of(
                &error,
                answer.error_description.as_deref().unwrap_or_default(),
            ))),
            (None, None) => Err(Error::Protocol("neither a code nor an error".to_owned())),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// What comes without our state is somebody else's: it is turned away, and ours waited for.
async fn received(
    State(waiting): State<Waiting>,
    Query(answer): Query<Answer>,
) -> impl IntoResponse {
    let ours = waiting
        .expected
        .get()
        .is_some_and(|expected| *expected == answer.state);
    let (status, words) = if !ours {
        (StatusCode::BAD_REQUEST, FOREIGN)
    } else if answer.code.is_some() {
        (StatusCode::OK, DONE)
    } else {
        (StatusCode::OK, NOT_DONE)
    };
    if ours {
        // The second of two is a reload of the page.
        let _ = waiting.answers.try_send(answer);
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    (status, headers, page(words))
}

fn page(words: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>sidetone</title></head>\
         <body><main><h1>sidetone</h1><p>{words}</p></main></body></html>"
    )
}

const DONE: &str = "You are signed in. Close this page and go on in the terminal.";
const NOT_DONE: &str = "You are not signed in. The terminal says why.";
const FOREIGN: &str = "This answer does not belong to a sign-in that is going on here.";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::tls::Tls;
    use crate::identity::http::Http;
    use crate::identity::http::Request;

    async fn visit(browser: &Browser, query: &str) -> (u16, String) {
        let url = format!("{}/?{query}", browser.redirect());
        let request = Request::new(reqwest::Method::GET, url.parse().unwrap());
        let answer = Http::new(Tls::default()).send(request).await.unwrap();
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    fn soon() -> Moment {
        Clock.now() + Duration::from_secs(10)
    }

    #[tokio::test]
    async fn an_answer_with_another_state_is_turned_away_and_ours_is_waited_for() {
        let mut browser = Browser::listen().await.unwrap();
        browser.expected.set("ours".to_owned()).unwrap();
        let (status, _) = visit(&browser, "code=stolen&state=theirs").await;
        assert_eq!(status, 400);
        let (status, _) = visit(&browser, "code=none").await;
        assert_eq!(status, 400);
        let (status, page) = visit(&browser, "code=right&state=ours").await;
        assert_eq!((status, page.contains("signed in")), (200, true));
        assert_eq!(browser.answer("ours", soon()).await.unwrap(), "right");
    }

    #[tokio::test]
    async fn a_refusal_is_an_error_with_the_providers_reason() {
        let mut browser = Browser::listen().await.unwrap();
        browser.expected.set("ours".to_owned()).unwrap();
        let query = "error=access_denied&error_description=AADSTS65004%3A+declined&state=ours";
        let (_, page) = visit(&browser, query).await;
        assert!(page.contains("not signed in"), "{page}");
        let error = browser.answer("ours", soon()).await.unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error}");
    }

    #[tokio::test]
    async fn nobody_is_waited_for_for_ever() {
        let mut browser = Browser::listen().await.unwrap();
        let error = browser.answer("ours", Clock.now()).await.unwrap_err();
        assert!(matches!(error, Error::TooLate));
    }
}
