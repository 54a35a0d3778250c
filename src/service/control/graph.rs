//! What belongs to Microsoft Graph: tokens, people's chats, system messages, challenges.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::routing::get;
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::service::EVERYTHING;
use crate::service::Service;
use crate::service::http;
use crate::service::store::Refusal;
use crate::wire::graph::event::EventMessageDetail;
use crate::wire::graph::subscription::LifecycleEvent;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/graph/tokens", post(token))
        .route("/graph/plant", post(plant))
        .route("/graph/invite", post(invite))
        .route("/graph/events/{chat}", post(event))
        .route("/graph/challenge", post(challenge))
        .route("/graph/cut", post(cut))
        .route("/graph/lifecycle", post(lifecycle))
        .route("/graph/requests", get(requests))
}

#[derive(Deserialize)]
struct Wanted {
    user: String,
    scopes: Option<String>,
    seconds: Option<u64>,
}

async fn token(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Wanted = http::read(&body)?;
    let scopes = wanted.scopes.as_deref().unwrap_or(EVERYTHING);
    let lifetime = Duration::from_secs(wanted.seconds.unwrap_or(3600));
    let token = service.graph_token(&wanted.user, scopes, lifetime).await?;
    Ok(Json(json!({ "token": token })))
}

#[derive(Deserialize)]
struct Planted {
    meeting: Option<String>,
}

async fn plant(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Planted = http::read(&body)?;
    service.plant_chats(wanted.meeting.as_deref())?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Invited {
    meeting: String,
    name: String,
}

async fn invite(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Invited = http::read(&body)?;
    service.invite(&wanted.meeting, &wanted.name)?;
    Ok(Json(json!({})))
}

async fn event(
    State(service): State<Arc<Service>>,
    Path(chat): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let event: EventMessageDetail = http::read(&body)?;
    let id = service.post_event(&chat, &event)?;
    Ok(Json(json!({ "id": id.to_string() })))
}

#[derive(Deserialize)]
struct Challenge {
    on: bool,
}

async fn challenge(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: Challenge = http::read(&body)?;
    service.lock().tenant.challenges = wanted.on;
    Ok(Json(json!({})))
}

async fn cut(State(service): State<Arc<Service>>) -> Json<Value> {
    let cut = service.lock().cut_subscriptions();
    Json(json!({ "connections": cut }))
}

#[derive(Deserialize)]
struct Lifecycle {
    event: LifecycleEvent,
}

async fn lifecycle(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: Lifecycle = http::read(&body)?;
    let told = service.lock().tell_lifecycle(&wanted.event);
    Ok(Json(json!({ "subscriptions": told })))
}

async fn requests(State(service): State<Arc<Service>>) -> Json<Value> {
    let tenant = &service.lock().tenant;
    Json(json!({ "requests": tenant.requests, "reads": tenant.reads }))
}
