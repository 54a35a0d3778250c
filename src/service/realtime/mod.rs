//! The realtime channel: configuration, allocation, handshake, socket, registrar.
//!
//! Long-polling is left out, as a service may: the handshake lists `websocket` only.

mod hub;
mod payload;
mod session;
mod socket;

pub use self::hub::Disconnect;
pub(super) use self::hub::Hub;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::delete;
use axum::routing::get;
use axum::routing::post;

use crate::wire::acs::identity::Scope;
use crate::wire::acs::realtime::Allocation;
use crate::wire::acs::realtime::ConnectParams;
use crate::wire::acs::realtime::Handshake;
use crate::wire::acs::realtime::RealTimeNotificationConfiguration;
use crate::wire::acs::realtime::RegistrationRequest;

use super::Service;
use super::http;
use super::http::Call;
use super::http::Origin;
use super::http::SkypeToken;
use super::store::Refusal;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/", get(|| async { "Trouter" }))
        .route("/chat/config/realTimeNotifications", get(configuration))
        .route("/v4/a", post(allocate))
        .route("/socket.io/1/", get(handshake))
        .route("/socket.io/1/websocket/{sid}", get(connect))
        .route("/v3/registrations", post(register))
        .route("/v3/registrations/{id}", delete(unregister))
}

const CHAT: &[Scope] = &[Scope::Chat, Scope::ChatJoin, Scope::ChatJoinLimited];

/// Clients send acknowledgements and pings; nothing of theirs comes near this size.
const PACKET_BYTES: usize = 1 << 20;

/// Trouter and registrar are this service too, at whatever address the client used.
async fn configuration(call: Call) -> Result<Response, Refusal> {
    call.caller.holds(CHAT)?;
    let answer = RealTimeNotificationConfiguration {
        trouter_service_url: call.base.0.clone(),
        registrar_service_url: call.base.0,
        cloud_type: "public".to_owned(),
    };
    Ok(http::json(StatusCode::OK, &answer))
}

async fn allocate(
    State(service): State<Arc<Service>>,
    SkypeToken(caller): SkypeToken,
    Origin(base): Origin,
    uri: Uri,
) -> Result<Response, Refusal> {
    caller.holds(CHAT)?;
    let saved = saved(&uri);
    let (now, utc) = (service.clock.now(), service.clock.utc());
    let mut state = service.lock();
    let given = state.hub.allocate(&caller.id, saved, now, utc);
    let address = format!("{base}/v4/f/{}/", given.path);
    let answer = Allocation {
        url: address.clone(),
        surl: address,
        socketio: format!("{base}/"),
        connectparams: ConnectParams(given.params),
        ttl: given.ttl.as_secs().to_string(),
        ccid: Some(given.ccid),
        id: Some(given.path.clone()),
        curlb: Some(format!("{base}/v4/c/{}/", given.path)),
    };
    Ok(http::json(StatusCode::OK, &answer))
}

/// The parameters of an earlier allocation: which one, and the proof of it.
fn saved(uri: &Uri) -> Option<(String, String)> {
    Some((http::query(uri, "sr")?, http::query(uri, "sig")?))
}

async fn handshake(
    State(service): State<Arc<Service>>,
    SkypeToken(caller): SkypeToken,
    uri: Uri,
) -> Result<Response, Refusal> {
    let saved = saved(&uri).ok_or_else(|| {
        Refusal::Invalid("The parameters of the allocation are missing.".to_owned())
    })?;
    let now = service.clock.now();
    let sid = service.lock().hub.handshake(&caller.id, &saved, now)?;
    let heartbeat = service.realtime.heartbeat.as_secs();
    let answer = Handshake {
        sid,
        heartbeat,
        close: heartbeat,
        transports: vec!["websocket".to_owned()],
    };
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((kind, answer.encode()).into_response())
}

/// The session id is the credential: browsers cannot send a header here.
async fn connect(
    State(service): State<Arc<Service>>,
    Path(sid): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let now = service.clock.now();
    let tasks = service.tasks.child();
    let opened = service.lock().hub.open(&sid, &tasks, now)?;
    let tracked = tasks.clone();
    let upgrade = upgrade.max_message_size(PACKET_BYTES);
    Ok(upgrade.on_upgrade(async move |socket| {
        tracked.spawn_graceful(socket::run(service, socket, opened, tasks));
    }))
}

async fn register(
    State(service): State<Arc<Service>>,
    SkypeToken(caller): SkypeToken,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegistrationRequest = http::read(&body)?;
    let now = service.clock.now();
    let mut state = service.lock();
    for transport in &request.transports.trouter {
        let ttl = std::time::Duration::from_secs(transport.ttl);
        let id = &request.registration_id;
        state
            .hub
            .register(&caller.id, id, &transport.path, ttl, now)?;
    }
    Ok(http::empty(StatusCode::ACCEPTED))
}

async fn unregister(
    State(service): State<Arc<Service>>,
    SkypeToken(caller): SkypeToken,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    service.lock().hub.unregister(&caller.id, &id);
    Ok(http::empty(StatusCode::ACCEPTED))
}
