//! The directory on request: who is in it, who has to prove themselves again, how long tokens live.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::service::Service;
use crate::service::entra::DeviceTimes;
use crate::service::http;
use crate::service::store::Refusal;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/people", post(add))
        .route("/people/challenge", post(challenge))
        .route("/people/revoke", post(revoke))
        .route("/tokens/lifetime", post(lifetime))
        .route("/devices", post(devices))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    user_name: String,
    display_name: String,
}

async fn add(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let added: Added = http::read(&body)?;
    let directory = &mut service.lock().entra.directory;
    let oid = directory.add(&added.user_name, &added.display_name);
    Ok(Json(json!({ "oid": oid })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    user_name: String,
}

async fn challenge(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let named: Named = http::read(&body)?;
    if service.lock().entra.directory.challenge(&named.user_name) {
        return Ok(Json(json!({})));
    }
    Err(Refusal::NotFound("There is nobody of that name."))
}

async fn revoke(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let named: Named = http::read(&body)?;
    let mut state = service.lock();
    let oid = state.entra.directory.named(&named.user_name);
    let oid = oid.map(|person| person.oid.clone());
    let oid = oid.ok_or(Refusal::NotFound("There is nobody of that name."))?;
    state.entra.revoke(&oid);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Seconds {
    seconds: u64,
}

/// Of guests' tokens and of the directory's, from now on.
async fn lifetime(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let asked: Seconds = http::read(&body)?;
    service.lock().entra.lifetime.0 = Duration::from_secs(asked.seconds);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Devices {
    seconds: u64,
    interval: u64,
}

async fn devices(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let asked: Devices = http::read(&body)?;
    service.lock().entra.devices.times = DeviceTimes {
        lifetime: Duration::from_secs(asked.seconds),
        interval: Duration::from_secs(asked.interval),
    };
    Ok(Json(json!({})))
}
