//! Refusals in the shape that Entra ID gives them: as JSON, as a redirect, or as a page.

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::json;
use url::Url;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::http;
use crate::wire::entra::error::ErrorAnswer;
use crate::wire::entra::error::Known;

use super::page;

/// Why nobody was signed in, or no token given.
#[derive(Debug, Clone)]
pub(super) struct Refusal(Box<ErrorAnswer>);

impl Refusal {
    /// A documented number.
    pub(super) fn of(service: &Service, code: u32) -> Self {
        let known = Known::of(code);
        let error = known.map_or("server_error", |known| known.error);
        let about = known.map_or("This number is not documented.", |known| known.about);
        let mut refusal = Self::named(service, code, error, about);
        refusal.0.suberror = known.and_then(|known| known.suberror).map(str::to_owned);
        refusal
    }

    /// As [`Refusal::of`], with the challenge that belongs to numbers that have one.
    pub(super) fn provoked(service: &Service, code: u32) -> Self {
        let challenge = Known::of(code).is_some_and(|known| known.is_challenge());
        let refusal = Self::of(service, code);
        if challenge {
            return refusal.challenging(&uuid::Uuid::new_v4().to_string());
        }
        refusal
    }

    /// An `error` that has no number of its own, or another one than it usually has.
    pub(super) fn named(service: &Service, code: u32, error: &str, about: &str) -> Self {
        let now = service.clock().utc();
        let (trace_id, correlation_id) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let timestamp = timestamp(now);
        Self(Box::new(ErrorAnswer {
            error: error.to_owned(),
            error_description: format!(
                "AADSTS{code}: {about} Trace ID: {trace_id} Correlation ID: {correlation_id} \
                 Timestamp: {timestamp}"
            ),
            error_codes: vec![code],
            timestamp,
            trace_id: trace_id.to_string(),
            correlation_id: correlation_id.to_string(),
            error_uri: format!("{}/error?code={code}", service.endpoint()),
            suberror: None,
            claims: None,
        }))
    }

    #[must_use]
    pub(super) fn challenging(mut self, value: &str) -> Self {
        let claims = json!({
            "access_token": { "capolids": { "essential": true, "values": [value] } }
        });
        self.0.claims = Some(claims.to_string());
        self
    }

    /// Back to who asked, who finds out by the state which question it was.
    pub(super) fn send(&self, back: &Back) -> Response {
        let mut pairs = vec![
            ("error", self.0.error.as_str()),
            ("error_description", self.0.error_description.as_str()),
            ("error_uri", self.0.error_uri.as_str()),
        ];
        if let Some(claims) = &self.0.claims {
            pairs.push(("claims", claims));
        }
        back.send(&pairs)
    }

    /// For who looks at it, because there is nobody to send it back to.
    pub(super) fn page(&self) -> Response {
        page::refused(&self.0.error_description)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.0.error.as_str() {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" | "server_error" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut answer = http::json(status, &self.0);
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

/// Where the answer of a sign-in goes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Back {
    /// A registered address.
    pub(super) to: String,
    pub(super) state: Option<String>,
    pub(super) mode: Mode,
}

/// How the browser carries the answer (OAuth 2.0 Multiple Response Types, and Form Post Response Mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Query,
    /// As the fields of a form that the person sends on.
    FormPost,
}

impl Back {
    pub(super) fn by_query(to: &str, state: Option<&str>) -> Self {
        Self {
            to: to.to_owned(),
            state: state.map(str::to_owned),
            mode: Mode::Query,
        }
    }

    /// To the address, with these besides the state.
    pub(super) fn send(&self, pairs: &[(&str, &str)]) -> Response {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs: Vec<_> = pairs.iter().copied().chain(state).collect();
        match self.mode {
            Mode::Query => redirect(&self.to, &pairs),
            Mode::FormPost => page::hand_over(&self.to, &pairs),
        }
    }
}

fn redirect(to: &str, pairs: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(to) else {
        return page::refused("The redirect address is not an address.");
    };
    url.query_pairs_mut().extend_pairs(pairs);
    let mut answer = http::empty(StatusCode::FOUND);
    if let Ok(location) = HeaderValue::from_str(url.as_str()) {
        let headers = answer.headers_mut();
        headers.insert(header::LOCATION, location);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
    }
    answer
}

/// `2026-11-23 12:00:00Z`.
fn timestamp(at: Timestamp) -> String {
    let text = at.to_string().replace('T', " ");
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}
