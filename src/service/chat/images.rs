//! Inline images: upload (a preview operation), delete, and both spellings of serving them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::delete;
use axum::routing::get;
use axum::routing::post;
use serde::Serialize;

use crate::service::Service;
use crate::service::http;
use crate::service::http::Call;
use crate::service::store::Refusal;

use super::ANY;
use super::paging;

pub(super) fn routes() -> Router<Arc<Service>> {
    let images = "/chat/threads/{thread}/images";
    let interop = "/chat/threads/{thread}/messages/{message}/teamsInterop/images";
    // Stored once for whatever size: a terminal has no use for a thumbnail, and the official
    // clients only show what they get.
    Router::new()
        .route(images, post(upload))
        .route(&format!("{images}/{{image}}"), delete(remove))
        .route(&format!("{images}/{{image}}/{{view}}/{{size}}"), get(serve))
        .route(
            &format!("{interop}/{{image}}/{{view}}/{{size}}"),
            get(serve_interop),
        )
}

/// Not among the stable operations any more, so it lives here and not in `wire`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    id: String,
    attachment_type: &'static str,
    name: String,
}

async fn upload(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    let name = headers
        .get("image-filename")
        .and_then(|name| name.to_str().ok());
    let name =
        name.ok_or_else(|| Refusal::Invalid("The image-filename header is missing.".to_owned()))?;
    let image = service
        .lock()
        .store
        .upload_image(&thread, &call.caller.id, name, body.to_vec())?;
    let (base, path) = (&call.base.0, paging::in_path(&thread));
    let location = format!("{base}/chat/threads/{path}/images/{}", image.id);
    let answer = Uploaded {
        id: image.id,
        attachment_type: "inlineImage",
        name: image.name,
    };
    Ok(http::created(&location, &answer))
}

async fn remove(
    State(service): State<Arc<Service>>,
    call: Call,
    Path((thread, image)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    let mut state = service.lock();
    state.store.delete_image(&thread, &call.caller.id, &image)?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

async fn serve(
    State(service): State<Arc<Service>>,
    call: Call,
    Path((thread, image, view, size)): Path<(String, String, String, String)>,
) -> Result<Response, Refusal> {
    shown(&service, &call, &thread, &image, (&view, &size))
}

async fn serve_interop(
    State(service): State<Arc<Service>>,
    call: Call,
    Path((thread, _message, image, view, size)): Path<(String, String, String, String, String)>,
) -> Result<Response, Refusal> {
    shown(&service, &call, &thread, &image, (&view, &size))
}

fn shown(
    service: &Service,
    call: &Call,
    thread: &str,
    image: &str,
    view: (&str, &str),
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    if !matches!(view, ("view" | "views", "original" | "small")) {
        return Err(Refusal::NotFound("There is no such view of an image."));
    }
    let state = service.lock();
    let image = state.store.image(thread, &call.caller.id, image)?;
    Ok(http::bytes(image.media_type, image.bytes.clone()))
}
