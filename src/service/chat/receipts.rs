//! Typing indicators and read receipts.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;

use crate::service::Service;
use crate::service::http;
use crate::service::http::Call;
use crate::service::limits::Operation;
use crate::service::store::Refusal;
use crate::wire::acs::chat::SendReadReceiptRequest;
use crate::wire::acs::chat::SendTypingNotificationRequest;

use super::ANY;
use super::convert;
use super::message_id;
use super::paging::Asked;

pub(super) async fn typing(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::SendTyping, &call.caller.id, &thread)?;
    let request: SendTypingNotificationRequest = http::read(&body)?;
    let name = request.sender_display_name;
    service.change(|store, now| {
        let change = store.typing(&thread, &call.caller.id, name, now)?;
        Ok(((), change.into_iter().collect()))
    })?;
    Ok(http::empty(StatusCode::OK))
}

pub(super) async fn send(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::SendReceipt, &call.caller.id, &thread)?;
    let request: SendReadReceiptRequest = http::read(&body)?;
    let message = message_id(&request.chat_message_id)?;
    service.change(|store, now| {
        let change = store.read(&thread, &call.caller.id, message, now)?;
        Ok(((), change.into_iter().collect()))
    })?;
    Ok(http::empty(StatusCode::OK))
}

pub(super) async fn list(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::ListReceipts, &call.caller.id, &thread)?;
    let asked = Asked::read(&uri, MOST)?;
    let receipts = service
        .lock()
        .store
        .list_receipts(&thread, &call.caller.id)?;
    let all = receipts.iter().map(convert::receipt).collect();
    let path = format!("/chat/threads/{thread}/readReceipts");
    Ok(http::json(StatusCode::OK, &asked.cut(&call, &path, all)))
}

const MOST: usize = 100;
