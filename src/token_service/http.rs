//! What every request and answer has in common: limits of time, size and number, and errors.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::token_service;
use crate::wire::token_service::Code;
use crate::wire::token_service::ErrorResponse;

use super::Service;
use super::audit::Entry;
use super::audit::What;
use super::listener::Peer;
use super::relay;
use super::resource;
use super::sign_in;
use super::store;

/// Why a request was not granted.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    message: &'static str,
    retry_after: Option<Duration>,
}

impl Refused {
    pub(crate) const fn new(code: Code, message: &'static str) -> Self {
        Self {
            code,
            message,
            retry_after: None,
        }
    }

    #[must_use]
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn throttled(wait: Duration) -> Self {
        Self::new(Code::TooManyRequests, "Too many requests. Wait a while.").after(wait)
    }
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, source = ?std::error::Error::source(&error), "the database");
        Self::new(Code::Internal, "The token service has a fault of its own.")
    }
}

impl From<resource::Error> for Refused {
    fn from(error: resource::Error) -> Self {
        use resource::Error;
        let source = std::error::Error::source(&error);
        tracing::warn!(%error, ?source, "the resource");
        match error {
            Error::Unreachable(_) | Error::Unwell(_) => Self::new(
                Code::ResourceUnavailable,
                "The resource does not answer at the moment.",
            )
            .after(RETRY),
            Error::Throttled(wait) => Self::throttled(wait),
            Error::Forbidden => Self::new(
                Code::NotEligible,
                "The resource does not let this person in.",
            ),
            Error::Unauthorized | Error::NotFound | Error::Refused(_) | Error::Unreadable => {
                Self::new(
                    Code::ResourceRefused,
                    "The resource refused the token service. Its operator has to look.",
                )
            }
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status());
        let body = ErrorResponse {
            error: token_service::Error {
                code: self.code.clone(),
                message: self.message.to_owned(),
            },
        };
        let mut answer = json(status.unwrap_or(StatusCode::BAD_REQUEST), &body);
        if let Some(wait) = self.retry_after {
            // Rounded up: who waits that long must not be refused again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let headers = answer.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        // For the audit log, which is written where every answer passes.
        answer.extensions_mut().insert(self.code);
        answer
    }
}

pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, text).into_response()
}

/// Reads a JSON body. What is wrong with it is not told: it would quote a token.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|_| {
        Refused::new(
            Code::BadRequest,
            "The body is not what this request has to have.",
        )
    })
}

/// Every route of the service but the operator's.
pub(crate) fn router(service: &Arc<Service>) -> Router {
    Router::new()
        .merge(sign_in::routes())
        .merge(relay::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(service.clone(), around))
        .with_state(service.clone())
}

/// Where a request comes from, as it is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) IpAddr);

impl FromRequestParts<Arc<Service>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Refused> {
        let peer = parts.extensions.get::<Peer>();
        let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip());
        let behind_proxy = service.config.behind_proxy;
        let told = behind_proxy.then(|| forwarded(&parts.headers)).flatten();
        Ok(Self(told.unwrap_or(peer).to_canonical()))
    }
}

/// The last address is the one that our own proxy saw; those before it are hearsay.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?;
    last.trim().parse().ok()
}

/// Around every request.
async fn around(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let begun = service.clock.now();
    let (mut parts, body) = request.into_parts();
    let from = Caller::from_request_parts(&mut parts, &service).await;
    let from = from.unwrap_or(Caller(Ipv4Addr::UNSPECIFIED.into()));
    let path = known(parts.uri.path());
    let admitted = admit(&service, &parts.headers, path, from);
    let request = Request::from_parts(parts, body);
    let mut answer = match admitted {
        Ok(()) => in_time(&service, next.run(request)).await,
        Err(refused) => refused.into_response(),
    };
    if let Some(code) = answer.extensions().get::<Code>().cloned() {
        service.refused(from, path, &code);
    }
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    service.metrics.request(service.clock.now().since(begun));
    answer
}

/// Before anything is read: the page that asks, and how often this address did.
fn admit(
    service: &Service,
    headers: &HeaderMap,
    path: Option<&str>,
    from: Caller,
) -> Result<(), Refused> {
    if let Some(origin) = headers.get(header::ORIGIN) {
        let listed = |known: &String| known.as_bytes() == origin.as_bytes();
        if !service.config.origins.iter().any(listed) {
            return Err(Refused::new(
                Code::Forbidden,
                "A page of this origin may not ask.",
            ));
        }
    }
    let now = service.clock.now();
    let counted = match path {
        Some(NOTIFICATION) => service.limits.notification(from.0, now),
        _ => service.limits.request(from.0, now),
    };
    counted.map_err(Refused::throttled)
}

/// Reading the body counts too, so that a slow client is not waited for.
async fn in_time(service: &Service, answering: impl Future<Output = Response>) -> Response {
    let longest = Duration::from_secs(service.config.limits.request_seconds);
    let answer = tokio::time::timeout(longest, answering).await;
    let late = "The request did not arrive in time, or took too long.";
    let mut answer = match answer {
        Ok(answer) => in_envelope(answer),
        Err(_) => Refused::new(Code::Timeout, late).into_response(),
    };
    // Connections that say nothing are closed after seconds, and a request that is sent on one at
    // that moment would be lost. Nobody asks so often that keeping one pays.
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}

/// Errors that no handler of ours wrote speak JSON too.
fn in_envelope(answer: Response) -> Response {
    let status = answer.status();
    let ours = answer.extensions().get::<Code>().is_some();
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let (code, message) = match status {
        StatusCode::NOT_FOUND => (Code::NotFound, "There is nothing here."),
        StatusCode::METHOD_NOT_ALLOWED => (Code::MethodNotAllowed, "This is asked differently."),
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLarge, "The body is too large."),
        _ => (Code::BadRequest, "The request is not readable."),
    };
    Refused::new(code, message).into_response()
}

impl Service {
    fn refused(&self, from: Caller, path: Option<&str>, code: &Code) {
        self.metrics.refusal(code.as_str());
        // Whoever asks too often or for what is not there would fill the log: those are counted only.
        if path.is_none() || matches!(code, Code::TooManyRequests | Code::NotFound) {
            return;
        }
        self.metrics.event(What::Refused);
        self.audit.write(&Entry {
            code: Some(code.as_str()),
            path,
            ..Entry::new(What::Refused, from.0, self.clock.utc())
        });
    }
}

/// As it is called in the log, where it is worth a line.
fn known(path: &str) -> Option<&'static str> {
    if path.starts_with("/v1/relay/") {
        return Some(NOTIFICATION);
    }
    KNOWN.into_iter().find(|known| *known == path)
}

const KNOWN: [&str; 5] = [
    "/v1/token",
    "/v1/invitation",
    "/v1/sign-out",
    "/v1/sign-in",
    "/v1/relay",
];
/// What follows names a channel.
const NOTIFICATION: &str = "/v1/relay/";
const BODY_BYTES: usize = 16 << 10;
const RETRY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_own_proxy_saw_counts() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
        headers.append(
            "x-forwarded-for",
            HeaderValue::from_static("198.51.100.1, 192.0.2.7"),
        );
        assert_eq!(forwarded(&headers), Some(IpAddr::from([192, 0, 2, 7])));
        headers.append("x-forwarded-for", HeaderValue::from_static("unknown"));
        assert_eq!(forwarded(&headers), None);
    }

    #[test]
    fn a_wait_is_rounded_up() {
        let answer = Refused::throttled(Duration::from_millis(1200)).into_response();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["retry-after"], "2");
    }
}
