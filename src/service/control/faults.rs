//! What goes wrong on request: faults, broken connections, keys and tokens that end. And marks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::routing::delete;
use axum::routing::get;
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::service::Disconnect;
use crate::service::Service;
use crate::service::faults::Class;
use crate::service::faults::Fault;
use crate::service::http;
use crate::service::store::KeySlot;
use crate::service::store::Refusal;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/faults", get(list).post(switch_on).delete(clear))
        .route("/faults/{class}", delete(switch_off))
        .route("/drop", post(cut))
        .route("/reconnect", post(reconnect))
        .route("/loss", post(loss))
        .route("/silence", post(silence))
        .route("/keys/{slot}/regenerate", post(regenerate))
        .route("/tokens/expire", post(expire))
        .route("/tokens/revoke", post(revoke))
        .route("/rateLimits", post(rate_limits))
        .route("/marks", post(mark))
}

async fn list(State(service): State<Arc<Service>>) -> Json<Vec<Fault>> {
    Json(service.lock().faults.on().to_vec())
}

async fn switch_on(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let fault: Fault = http::read(&body)?;
    service.lock().faults.switch_on(fault);
    Ok(Json(json!({})))
}

async fn switch_off(State(service): State<Arc<Service>>, Path(class): Path<Class>) -> Json<Value> {
    service.lock().faults.switch_off(class);
    Json(json!({}))
}

async fn clear(State(service): State<Arc<Service>>) -> Json<Value> {
    service.lock().faults.clear();
    Json(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Channel {
    Chat,
    Call,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum How {
    Drop,
    Close,
    Unauthorized,
}

#[derive(Deserialize)]
struct Cut {
    #[serde(default = "chat")]
    channel: Channel,
    #[serde(default = "dropped")]
    how: How,
    who: Option<String>,
}

const fn chat() -> Channel {
    Channel::Chat
}

const fn dropped() -> How {
    How::Drop
}

async fn cut(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Cut = http::read(&body)?;
    match wanted.channel {
        Channel::Call => {
            service.drop_call_sockets();
        }
        Channel::Chat => {
            let how = match wanted.how {
                How::Drop => Disconnect::Drop,
                How::Close => Disconnect::Close,
                How::Unauthorized => Disconnect::Unauthorized,
            };
            service.disconnect(wanted.who.as_deref(), how);
        }
    }
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Whose {
    who: Option<String>,
}

async fn reconnect(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: Whose = http::read(&body)?;
    service.ask_to_reconnect(wanted.who.as_deref());
    Ok(Json(json!({})))
}

async fn loss(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Whose = http::read(&body)?;
    service.tell_of_loss(wanted.who.as_deref());
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Silence {
    millis: u64,
}

async fn silence(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Silence = http::read(&body)?;
    let hushed = service.hush_call_sockets(Duration::from_millis(wanted.millis));
    Ok(Json(json!({ "connections": hushed })))
}

async fn regenerate(
    State(service): State<Arc<Service>>,
    Path(slot): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let slot = match slot.as_str() {
        "primary" => KeySlot::Primary,
        "secondary" => KeySlot::Secondary,
        _ => return Err(Refusal::NotFound("There is no such key.")),
    };
    let key = service.regenerate_key(slot);
    let connection = format!("endpoint={}/;accesskey={key}", service.endpoint());
    Ok(Json(json!({ "connectionString": connection })))
}

async fn expire(State(service): State<Arc<Service>>) -> Json<Value> {
    service.expire_tokens();
    Json(json!({}))
}

#[derive(Deserialize)]
struct Revoke {
    who: String,
}

async fn revoke(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Revoke = http::read(&body)?;
    service.revoke(&wanted.who);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct RateLimits {
    on: bool,
}

async fn rate_limits(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: RateLimits = http::read(&body)?;
    service.switch_rate_limits(wanted.on);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Mark {
    mark: Option<String>,
    file: Option<PathBuf>,
}

async fn mark(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Mark = http::read(&body)?;
    let mut state = service.lock();
    if let Some(file) = &wanted.file {
        let opened = state.marks.write_to(file);
        opened.map_err(|error| Refusal::Invalid(format!("The file cannot be used: {error}")))?;
    }
    let at = service.clock().now();
    if let Some(mark) = &wanted.mark {
        state.marks.add(at, mark);
    }
    Ok(Json(json!({ "mono": at.as_secs_f64() })))
}
