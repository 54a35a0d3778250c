//! For who runs it: is it well, and how much does it do. On a loopback listener of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use crate::tasks::Tasks;

use super::Error;
use super::Service;
use super::http;
use super::listener;
use super::listener::Bounds;

/// `None` where none is configured.
pub(crate) async fn start(
    service: &Arc<Service>,
    tasks: &Tasks,
) -> Result<Option<SocketAddr>, Error> {
    let Some(address) = service.config.operator_listen else {
        return Ok(None);
    };
    let failed = |source| Error::Bind { address, source };
    let listening = TcpListener::bind(address).await.map_err(failed)?;
    let address = listening.local_addr().map_err(failed)?;
    let router = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .with_state(service.clone());
    let bounds = Bounds::new(&service.config);
    listener::serve(listening, None, router, bounds, &service.metrics, tasks);
    Ok(Some(address))
}

/// Well is who can look people up.
async fn health(State(service): State<Arc<Service>>) -> Response {
    match service.store.is_well().await {
        Ok(()) => http::json(StatusCode::OK, &json!({ "status": "ok" })),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            let body = json!({ "status": "database" });
            http::json(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, service.metrics.text()).into_response()
}
