//! What every request and answer has in common: addresses, headers, CORS, errors, faults.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::acs::error::CommunicationError;
use crate::wire::acs::error::CommunicationErrorResponse;

use super::Service;
use super::faults::Effect;
use super::graph;
use super::store::Caller;
use super::store::Refusal;

/// A JSON answer with the content type the vendor writes.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, JSON)];
    (status, kind, text).into_response()
}

/// As [`json`], with the address of what was made.
pub(super) fn created<T: Serialize>(location: &str, body: &T) -> Response {
    let mut answer = json(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}

pub(super) fn empty(status: StatusCode) -> Response {
    status.into_response()
}

/// Reads a JSON body; an absent one counts as `{}`.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Refusal::Invalid(format!("The request body is not valid: {error}")))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, retry_after) = match &self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, None),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, None),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, None),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, None),
            Self::Throttled(wait) => (StatusCode::TOO_MANY_REQUESTS, Some(*wait)),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        refuse(status, &self.to_string(), retry_after)
    }
}

/// The documented error envelope; a wait is rounded up to whole seconds.
fn refuse(status: StatusCode, message: &str, retry_after: Option<Duration>) -> Response {
    let code = match status {
        StatusCode::BAD_REQUEST => "BadRequest".to_owned(),
        other => other
            .canonical_reason()
            .unwrap_or("Error")
            .replace([' ', '-'], ""),
    };
    let body = CommunicationErrorResponse::from(CommunicationError::new(&code, message));
    let mut answer = json(status, &body);
    if let Some(wait) = retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// Somebody calling with `Authorization: Bearer`, and how they reached us.
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) base: Origin,
    pub(super) api_version: String,
}

impl FromRequestParts<Arc<Service>> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Refusal> {
        let caller = service.authenticate(bearer(&parts.headers)?)?;
        let api_version = query(&parts.uri, "api-version").unwrap_or_default();
        if !is_version(&api_version) {
            return Err(Refusal::Invalid(
                "The api-version query parameter is missing or malformed.".to_owned(),
            ));
        }
        let base = origin(parts, service);
        Ok(Self {
            caller,
            base,
            api_version,
        })
    }
}

/// Somebody calling with the realtime channel's own header.
pub(super) struct SkypeToken(pub(super) Caller);

impl FromRequestParts<Arc<Service>> for SkypeToken {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Refusal> {
        let token = parts.headers.get("x-skypetoken");
        let token = token.and_then(|value| value.to_str().ok());
        let token = token.ok_or(Refusal::Unauthorized("The X-Skypetoken header is missing."))?;
        Ok(Self(service.authenticate(token)?))
    }
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers.get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.ok_or(Refusal::Unauthorized("The access token is missing."))
}

/// A decoded query parameter; the first one of that name.
pub(super) fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs
        .into_iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.into_owned())
}

/// `yyyy-mm-dd`, with or without `-preview` and a number.
fn is_version(text: &str) -> bool {
    let (date, rest) = text.split_at_checked(10).unwrap_or(("", ""));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = date.split('-');
    let date = [4, 2, 2].iter().all(|length| {
        parts
            .next()
            .is_some_and(|part| part.len() == *length && digits(part))
    });
    let preview = rest.strip_prefix("-preview");
    date && (rest.is_empty() || preview.is_some_and(|n| n.is_empty() || digits(n)))
}

/// Scheme and authority under which a client reached the service, as extractor and in links.
#[derive(Debug, Clone)]
pub(super) struct Origin(pub(super) String);

impl FromRequestParts<Arc<Service>> for Origin {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Refusal> {
        Ok(origin(parts, service))
    }
}

/// A proxy that ends TLS in front of us says so in the forwarded headers.
fn origin(parts: &Parts, service: &Service) -> Origin {
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let scheme = text("x-forwarded-proto").unwrap_or(service.scheme());
    match text("x-forwarded-host").or(text("host")) {
        Some(host) if is_authority(host) => Origin(format!("{scheme}://{host}")),
        Some(_) | None => Origin(service.endpoint().to_owned()),
    }
}

fn is_authority(host: &str) -> bool {
    host.parse::<axum::http::uri::Authority>().is_ok()
}

/// Around every request: preflights, faults, the headers of the cloud, errors in its envelope.
pub(super) async fn around(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let begun = service.clock().now();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut answer = if request.method() == Method::OPTIONS {
        preflight(request.headers())
    } else {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let effects = service.lock().faults.request(method, path);
        let lost = effects.contains(&Effect::Lose);
        if let Some(refusal) = faulted(effects).await {
            graph::in_its_words(refusal, request.uri().path(), request.headers())
        } else {
            let answer = in_envelope(next.run(request).await);
            if lost { gone() } else { answer }
        }
    };
    let headers = answer.headers_mut();
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    let spent = service.clock().now().since(begun).as_millis();
    for (name, value) in [
        ("access-control-expose-headers", "*"),
        ("api-supported-versions", VERSIONS),
        ("x-cache", "CONFIG_NOCACHE"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    for (name, value) in [
        ("ms-cv", format!("{}.0", correlation_vector())),
        ("x-processing-time", format!("{spent}ms")),
        ("x-azure-ref", uuid::Uuid::new_v4().simple().to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if service.scheme() == "https" {
        let age = HeaderValue::from_static("max-age=2592000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, age);
    }
    answer
}

/// The base of a correlation vector: 22 base64 characters.
pub(super) fn correlation_vector() -> String {
    STANDARD_NO_PAD.encode(fastrand::u128(..).to_le_bytes())
}

fn preflight(headers: &HeaderMap) -> Response {
    let mut answer = empty(StatusCode::NO_CONTENT);
    let allowed = HeaderValue::from_static("GET,POST,PATCH,DELETE,PUT,OPTIONS");
    let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let to = answer.headers_mut();
    to.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allowed);
    if let Some(wanted) = wanted {
        to.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
    to.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    answer
}

/// Waits if that is asked for; the refusal if one is.
async fn faulted(effects: Vec<Effect>) -> Option<Response> {
    for effect in effects {
        match effect {
            Effect::Delay(span) => tokio::time::sleep(span).await,
            Effect::Refuse {
                status,
                retry_after,
            } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                let wait = retry_after.map(Duration::from_secs);
                return Some(refuse(status, "A fault was asked for.", wait));
            }
            Effect::SignIn(_)
            | Effect::Lose
            | Effect::Duplicate
            | Effect::Reorder
            | Effect::Swallow => {}
        }
    }
    None
}

/// In place of an answer that was lost.
fn gone() -> Response {
    refuse(StatusCode::GATEWAY_TIMEOUT, "No answer in time.", None)
}

/// Errors that no handler of ours wrote (no such path, no such method, unreadable path) speak JSON too. Pages for
/// people stay pages.
fn in_envelope(answer: Response) -> Response {
    let status = answer.status();
    let failed = status.is_client_error() || status.is_server_error();
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let kind = kind.map(HeaderValue::as_bytes).unwrap_or_default();
    let ours = kind.starts_with(b"application/json") || kind.starts_with(b"text/html");
    if !failed || ours {
        return answer;
    }
    let (parts, _) = answer.into_parts();
    let message = status.canonical_reason().unwrap_or("The request failed.");
    let mut wrapped = refuse(status, message, None);
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            wrapped.headers_mut().insert(name.clone(), value.clone());
        }
    }
    wrapped
}

/// Bytes of a known type, as images are served.
pub(super) fn bytes(kind: &'static str, body: Vec<u8>) -> Response {
    let mut answer = Response::new(Body::from(body));
    let kind = HeaderValue::from_static(kind);
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

const JSON: &str = "application/json; charset=utf-8";
const VERSIONS: &str = "2020-09-21-preview2, 2020-11-01-preview3, 2021-01-27-preview4, \
    2021-03-01-preview5, 2021-03-07, 2021-04-05-preview6, 2021-09-07, 2021-10-01-preview7, \
    2023-04-01-preview, 2023-07-01-preview, 2023-11-07, 2023-11-15-preview, 2024-03-07, \
    2024-03-15-preview, 2024-09-01, 2025-03-15";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_date_with_or_without_a_preview_number() {
        for good in ["2025-03-15", "2024-03-15-preview", "2020-09-21-preview2"] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "",
            "latest",
            "2025-3-15",
            "2025-03-15-beta",
            "2025-03-15-preview2x",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn a_wait_is_rounded_up() {
        let answer = Refusal::Throttled(Duration::from_millis(1200)).into_response();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["retry-after"], "2");
    }
}
