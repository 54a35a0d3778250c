//! Pictures that lie in messages.

use std::sync::Arc;

use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::service::Service;
use crate::service::graph::caller::Caller;
use crate::service::graph::failure::Failure;
use crate::service::graph::tenant::Hosted;
use crate::service::http;
use crate::wire::graph::Page;
use crate::wire::graph::message::HostedContent;
use crate::wire::graph::message::NewHostedContent;

use super::At;
use super::Permission;

pub(in crate::service::graph) async fn hosted(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Read)?;
    at.answer(&service, &caller, at.message())?;
    let state = service.lock();
    let extra = state.tenant.extra(&at.chat, at.message());
    let hosted = extra
        .map(|extra| extra.hosted.as_slice())
        .unwrap_or_default();
    // Neither bytes nor type are ever in the list.
    let listed = hosted.iter().map(|hosted| HostedContent {
        id: hosted.id.clone(),
        ..HostedContent::default()
    });
    let page = Page {
        value: listed.collect(),
        ..Page::default()
    };
    Ok(http::json(StatusCode::OK, &page))
}

pub(in crate::service::graph) async fn hosted_bytes(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Read)?;
    at.answer(&service, &caller, at.message())?;
    let state = service.lock();
    let extra = state.tenant.extra(&at.chat, at.message());
    let wanted = |hosted: &&Hosted| Some(&hosted.id) == at.id.as_ref();
    let found = extra.and_then(|extra| extra.hosted.iter().find(wanted));
    let found = found.ok_or_else(Failure::not_found)?;
    let mut answer = found.bytes.to_vec().into_response();
    let kind = HeaderValue::from_static(found.kind);
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(answer)
}

/// Takes pictures out of the request; the words name them by an id of ours from then on.
pub(super) fn hosted_in(
    content: &mut String,
    given: &[NewHostedContent],
) -> Result<Vec<Hosted>, Failure> {
    let mut hosted = Vec::new();
    for new in given {
        let bytes = STANDARD.decode(new.content_bytes.as_str());
        let bytes = bytes.map_err(|_| Failure::bad("contentBytes is not base64."))?;
        let kind = KINDS.iter().find(|kind| **kind == new.content_type);
        let kind = kind.ok_or_else(|| Failure::bad("This contentType is not supported."))?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let named = format!("../hostedContents/{}/$value", new.temporary_id);
        *content = content.replace(&named, &format!("../hostedContents/{id}/$value"));
        hosted.push(Hosted {
            id,
            kind,
            bytes: bytes.into(),
        });
    }
    Ok(hosted)
}

const KINDS: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
