//! The two calls of the terminal benchmark, which knows no headers: the key is in the path.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::routing::get;
use axum::routing::post;
use serde_json::Value;
use serde_json::json;

use crate::service::Service;
use crate::service::http;
use crate::service::meetings::Meeting;
use crate::service::store::Refusal;

use super::NO_MEETING;
use super::check;
use super::threads::say_many;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/bench/joined", get(joined))
        .route("/bench/send", post(send))
}

async fn joined(
    State(service): State<Arc<Service>>,
    Path(key): Path<String>,
) -> Result<Json<Value>, Refusal> {
    check(&service, &key)?;
    Ok(Json(json!({ "joined": room(&service).is_some() })))
}

async fn send(
    State(service): State<Arc<Service>>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    check(&service, &key)?;
    let wanted = http::read(&body)?;
    let thread = room(&service).ok_or(NO_MEETING)?;
    let (times, _) = say_many(&service, &thread, &wanted).await?;
    Ok(Json(json!({ "t": times })))
}

/// The meeting that has a client inside whom messages reach.
fn room(service: &Service) -> Option<String> {
    let now = service.clock().now();
    let state = service.lock();
    let reached = |thread: &&str| {
        let clients = state.meetings.get(thread).into_iter();
        let mut clients = clients.flat_map(Meeting::clients);
        clients.any(|(who, inside)| inside && state.hub.reaches(&who.id, now))
    };
    state.meetings.threads().find(reached).map(str::to_owned)
}
