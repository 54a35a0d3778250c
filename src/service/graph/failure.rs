//! Errors in the words of Graph, with the ids by which a request is found again.

use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::service::http;
use crate::service::store::Refusal;
use crate::wire::graph::error::ErrorResponse;
use crate::wire::graph::error::InnerError;
use crate::wire::graph::error::PublicError;
use crate::wire::graph::query::BadQuery;

/// Why a request was not done.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    status: StatusCode,
    code: &'static str,
    inner: Option<&'static str>,
    message: String,
    retry_after: Option<Duration>,
    /// The token is good no more until somebody signs in anew (continuous access evaluation).
    challenge: bool,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self {
            status,
            code,
            inner: None,
            message: message.to_owned(),
            retry_after: None,
            challenge: false,
        }
    }

    pub(super) fn bad(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            message,
        )
    }

    pub(super) fn challenge() -> Self {
        Self {
            challenge: true,
            ..Self::unauthorized("Continuous access evaluation resulted in challenge.")
        }
    }

    pub(super) fn scope() -> Self {
        Self {
            inner: Some("InsufficientPrivileges"),
            ..Self::new(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "Missing scope permissions on the request.",
            )
        }
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "NotFound")
    }

    pub(super) fn name_exists() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "nameAlreadyExists",
            "The specified item name already exists.",
        )
    }

    pub(super) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "maxRequestLengthExceeded",
            "Maximum request length exceeded.",
        )
    }

    /// Somebody who is to get a right is not known.
    pub(super) fn unresolved() -> Self {
        Self {
            inner: Some("noResolvedUsers"),
            ..Self::new(
                StatusCode::BAD_REQUEST,
                "invalidRequest",
                "One or more users could not be resolved.",
            )
        }
    }
}

impl From<BadQuery> for Failure {
    fn from(error: BadQuery) -> Self {
        Self::bad(&error.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::Invalid(_) => Self::bad(&message),
            Refusal::Unauthorized(_) => Self::unauthorized(&message),
            Refusal::Forbidden(_) => Self::forbidden(&message),
            Refusal::NotFound(_) => Self::not_found(),
            Refusal::Throttled(wait) => Self {
                retry_after: Some(wait),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", &message)
            },
            Refusal::Unavailable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                &message,
            ),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut answer = self.status.into_response();
        // `around` knows the ids of the request and writes the body.
        answer.extensions_mut().insert(self);
        answer
    }
}

/// Ids of the request in headers and errors, `Retry-After`, and the challenge.
pub(super) async fn around(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let theirs = headers.get("client-request-id").cloned();
    let returned = headers
        .get("return-client-request-id")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let ours = uuid::Uuid::new_v4().to_string();
    let mut answer = next.run(request).await;
    if let Some(failure) = answer.extensions_mut().remove::<Failure>() {
        answer = written(&failure, &ours, theirs.as_ref());
    }
    let to = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&ours) {
        to.insert("request-id", id);
    }
    if let Some(id) = theirs.filter(|_| returned) {
        to.insert("client-request-id", id);
    }
    answer
}

/// A refusal that no handler wrote, as Graph gives it; of other paths as it is.
pub(in crate::service) fn in_its_words(
    refusal: Response,
    path: &str,
    headers: &HeaderMap,
) -> Response {
    if !path.starts_with("/v1.0/") {
        return refusal;
    }
    let code = match refusal.status() {
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        StatusCode::GATEWAY_TIMEOUT => "GatewayTimeout",
        StatusCode::UNAUTHORIZED => "InvalidAuthenticationToken",
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::CONFLICT => "Conflict",
        StatusCode::LOCKED => "Locked",
        _ => "generalException",
    };
    let wait = refusal.headers().get(header::RETRY_AFTER);
    let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
    let failure = Failure {
        retry_after: wait.map(Duration::from_secs),
        ..Failure::new(refusal.status(), code, "A fault was asked for.")
    };
    let ours = uuid::Uuid::new_v4().to_string();
    let mut answer = written(&failure, &ours, headers.get("client-request-id"));
    if let Ok(id) = HeaderValue::from_str(&ours) {
        answer.headers_mut().insert("request-id", id);
    }
    answer
}

fn written(failure: &Failure, ours: &str, theirs: Option<&HeaderValue>) -> Response {
    let inner = InnerError {
        code: failure.inner.map(str::to_owned),
        date: None,
        request_id: Some(ours.to_owned()),
        client_request_id: theirs.and_then(|id| id.to_str().ok()).map(str::to_owned),
    };
    let body = ErrorResponse {
        error: PublicError {
            code: failure.code.to_owned(),
            message: failure.message.clone(),
            inner_error: Some(inner),
        },
    };
    let mut answer = http::json(failure.status, &body);
    let to = answer.headers_mut();
    if let Some(wait) = failure.retry_after {
        to.insert(
            header::RETRY_AFTER,
            HeaderValue::from(wait.as_secs().max(1)),
        );
    }
    if failure.challenge {
        to.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(CHALLENGE),
        );
    }
    answer
}

const CHALLENGE: &str = "Bearer realm=\"\", error=\"insufficient_claims\", \
    claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"";
