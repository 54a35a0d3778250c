//! The directory of people who sign in: more of them, challenges, and tokens that say anything.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::get;
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::service::Service;
use crate::service::entra::Consent;
use crate::service::entra::DeviceTimes;
use crate::service::entra::TokenTimes;
use crate::service::http;
use crate::service::store::Refusal;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/directory", post(add))
        .route("/directory/challenge", post(challenge))
        .route("/directory/revoke", post(revoke))
        .route("/directory/device", post(device))
        .route("/directory/tokens", post(tokens))
        .route("/directory/consent", post(consent))
        .route("/directory/keys/rotate", post(rotate))
        .route("/directory/sign", post(sign))
        .route("/directory/requests", get(requests))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    user_name: String,
    #[serde(default)]
    display_name: String,
}

async fn add(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let added: Added = http::read(&body)?;
    let directory = &mut service.lock().entra.directory;
    let oid = directory.add(&added.user_name, &added.display_name);
    Ok(Json(json!({ "oid": oid })))
}

async fn requests(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({ "tokens": service.lock().entra.token_requests }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    user_name: Option<String>,
}

async fn challenge(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let whose: Whose = http::read(&body)?;
    let name = whose.user_name.unwrap_or_default();
    if service.lock().entra.directory.challenge(&name) {
        return Ok(Json(json!({})));
    }
    Err(NOBODY)
}

async fn revoke(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let whose: Whose = http::read(&body)?;
    let entra = &mut service.lock().entra;
    match whose.user_name {
        None => entra.end_sign_ins(None),
        Some(name) => {
            let person = entra.directory.named(&name).ok_or(NOBODY)?;
            let oid = person.oid.clone();
            entra.end_sign_ins(Some(&oid));
        }
    }
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Times {
    expires_in: u64,
    interval: u64,
}

async fn device(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let times: Times = http::read(&body)?;
    service.lock().entra.devices.times = DeviceTimes {
        expires: Duration::from_secs(times.expires_in),
        interval: Duration::from_secs(times.interval),
    };
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifetime {
    expires_in: u64,
}

/// How long tokens are good that the directory gives from now on.
async fn tokens(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Lifetime = http::read(&body)?;
    service.lock().entra.tokens = TokenTimes {
        expires: Duration::from_secs(wanted.expires_in),
    };
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Awaited {
    awaited: bool,
}

/// Whether an administrator has to agree before anybody signs in.
async fn consent(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Awaited = http::read(&body)?;
    service.lock().entra.consent = if wanted.awaited {
        Consent::Awaited
    } else {
        Consent::Own
    };
    Ok(Json(json!({})))
}

/// Signs with a new key from now on; the one before stays published.
async fn rotate(State(service): State<Arc<Service>>) -> Result<Json<Value>, Refusal> {
    let keys = service.keys.rotate().await;
    let keys = keys.ok_or(Refusal::Unavailable("There is no key to sign with."))?;
    Ok(Json(json!({ "keys": keys.public().len() })))
}

#[derive(Deserialize)]
struct Signed {
    claims: Value,
}

/// For whoever has to show that a token which is signed well and says the wrong thing is refused.
async fn sign(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Signed = http::read(&body)?;
    let key = service.keys.ready().await;
    let key = key.ok_or(Refusal::Unavailable("There is no key to sign with."))?;
    Ok(Json(json!({ "token": key.sign(&wanted.claims) })))
}

const NOBODY: Refusal = Refusal::NotFound("Nobody in the directory is called that.");
