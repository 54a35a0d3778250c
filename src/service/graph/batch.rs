//! `POST /$batch`: each request of it goes the way it would go by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use serde_json::json;

use crate::service::Service;
use crate::service::http;
use crate::wire::graph::VERSION;
use crate::wire::graph::batch::BatchAnswer;
use crate::wire::graph::batch::BatchRequest;
use crate::wire::graph::batch::MOST;
use crate::wire::graph::batch::PATH;
use crate::wire::graph::batch::Step;
use crate::wire::graph::batch::StepAnswer;

use super::caller;
use super::failure::Failure;

pub(super) async fn run(
    State(service): State<Arc<Service>>,
    parts: Parts,
    body: Bytes,
) -> Result<Response, Failure> {
    let token = http::bearer(&parts.headers).map_err(Failure::from)?;
    caller::verify(&service, token).await?;
    let asked: BatchRequest = http::read(&body).map_err(Failure::from)?;
    check(&asked)?;
    let around = middleware::from_fn_with_state(service.clone(), http::around);
    let router = super::routes().layer(around).with_state(service);
    let mut done: Vec<StepAnswer> = Vec::new();
    for step in asked.requests {
        let worked = |id: &String| {
            let before = done.iter().find(|answer| answer.id == *id);
            before.is_some_and(|answer| answer.status < 400)
        };
        let answer = if step.depends_on.iter().all(worked) {
            one(&router, &parts, step).await
        } else {
            refused(step.id, StatusCode::FAILED_DEPENDENCY, "FailedDependency")
        };
        done.push(answer);
    }
    // In any order is promised; whoever relies on another finds out here.
    done.reverse();
    Ok(http::json(StatusCode::OK, &BatchAnswer { responses: done }))
}

fn check(asked: &BatchRequest) -> Result<(), Failure> {
    if asked.requests.is_empty() || asked.requests.len() > MOST {
        let message = format!("Number of batch request steps must be between 1 and {MOST}.");
        return Err(Failure::bad(&message));
    }
    let mut known = BTreeSet::new();
    for step in &asked.requests {
        if step.depends_on.iter().any(|id| !known.contains(id)) {
            return Err(Failure::bad(
                "A request depends on one that does not come before it.",
            ));
        }
        if step.id.is_empty() || !known.insert(step.id.clone()) {
            return Err(Failure::bad("Request ids must be there, and unique."));
        }
        if step.body.is_some() && !has_type(step) {
            return Err(Failure::bad(
                "Write request must contain Content-Type header declaration.",
            ));
        }
    }
    Ok(())
}

fn has_type(step: &Step) -> bool {
    let mut names = step.headers.keys();
    names.any(|name| name.eq_ignore_ascii_case("content-type"))
}

async fn one(router: &Router, outer: &Parts, step: Step) -> StepAnswer {
    let Some(request) = request(outer, &step) else {
        return refused(step.id, StatusCode::BAD_REQUEST, "BadRequest");
    };
    let answered = TowerToHyperService::new(router.clone()).call(request).await;
    let Ok(answer) = answered;
    told(step.id, answer).await
}

/// As if it came by itself: with the token and the address of the whole, and headers of its own.
fn request(outer: &Parts, step: &Step) -> Option<Request> {
    let path = step.url.strip_prefix('/')?;
    if step.url.starts_with(PATH) {
        return None;
    }
    let body = step.body.as_ref().map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder()
        .method(step.method.to_ascii_uppercase().as_str())
        .uri(format!("{VERSION}/{path}"))
        .body(Body::from(body))
        .ok()?;
    *request.extensions_mut() = outer.extensions.clone();
    let headers = request.headers_mut();
    for name in [
        header::AUTHORIZATION.as_str(),
        header::HOST.as_str(),
        "x-forwarded-host",
        "x-forwarded-proto",
    ] {
        if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), outer.headers.get(name)) {
            headers.insert(name, value.clone());
        }
    }
    for (name, value) in &step.headers {
        headers.insert(
            name.parse::<HeaderName>().ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
    Some(request)
}

async fn told(id: String, answer: Response) -> StepAnswer {
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    let is_json = text(&parts.headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/json"));
    let body = match serde_json::from_slice(&bytes) {
        Ok(value) if is_json => value,
        _ if bytes.is_empty() => Value::Null,
        _ => Value::String(STANDARD.encode(&bytes)),
    };
    let kept = [
        "Content-Type",
        "Retry-After",
        "Location",
        "WWW-Authenticate",
    ];
    let headers = kept.iter().filter_map(|name| {
        let value = text(&parts.headers, &name.to_ascii_lowercase())?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    StepAnswer {
        id,
        status: parts.status.as_u16(),
        headers: headers.collect(),
        body,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn refused(id: String, status: StatusCode, code: &str) -> StepAnswer {
    StepAnswer {
        id,
        status: status.as_u16(),
        headers: [("Content-Type".to_owned(), "application/json".to_owned())].into(),
        body: json!({ "error": { "code": code, "message": "The request was not done." } }),
    }
}

/// Of one answer, in bytes.
const LARGEST: usize = 8 << 20;
