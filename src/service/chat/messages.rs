//! Send, list, get, update and delete messages.

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
use crate::service::store::Body;
use crate::service::store::Draft;
use crate::service::store::Edit;
use crate::service::store::Refusal;
use crate::wire::acs::chat::ChatMessageType;
use crate::wire::acs::chat::Page;
use crate::wire::acs::chat::SendChatMessageRequest;
use crate::wire::acs::chat::SendChatMessageResult;
use crate::wire::acs::chat::UpdateChatMessageRequest;

use super::ANY;
use super::convert;
use super::message_id;
use super::paging;
use super::paging::Asked;

pub(super) async fn send(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::WriteMessage, &call.caller.id, &thread)?;
    let request: SendChatMessageRequest = http::read(&body)?;
    let content = String::from(request.content);
    let body = match request.kind.unwrap_or_default() {
        ChatMessageType::Text => Body::Text(content),
        ChatMessageType::Html => Body::Html {
            content,
            attachments: Vec::new(),
        },
        ChatMessageType::TopicUpdated
        | ChatMessageType::ParticipantAdded
        | ChatMessageType::ParticipantRemoved
        | ChatMessageType::Unknown(_) => {
            return Err(Refusal::Invalid(
                "The type of a message must be text or html.".to_owned(),
            ));
        }
    };
    let draft = Draft {
        body,
        sender_name: request.sender_display_name,
        metadata: request.metadata,
    };
    let id = service.change(|store, now| {
        let (id, change) = store.post(&thread, &call.caller.id, draft, now)?;
        Ok((id, vec![change]))
    })?;
    let (base, path) = (&call.base.0, paging::in_path(&thread));
    let location = format!("{base}/chat/threads/{path}/messages/{id}");
    Ok(http::created(
        &location,
        &SendChatMessageResult { id: id.to_string() },
    ))
}

pub(super) async fn list(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::ListMessages, &call.caller.id, &thread)?;
    let asked = Asked::read(&uri, MOST_MESSAGES)?;
    let (user, most) = (&call.caller.id, asked.size + 1);
    let found =
        service
            .lock()
            .store
            .list_messages(&thread, user, asked.since, asked.after, most)?;
    let value: Vec<_> = found
        .iter()
        .take(asked.size)
        .map(|m| convert::message(m))
        .collect();
    // One more than asked for was found: the next page begins below the last one shown.
    let next_link = (found.len() > asked.size).then(|| {
        let path = format!("/chat/threads/{thread}/messages");
        let from = format!("syncState={:016x}", found[asked.size - 1].sequence);
        asked.link(&call, &path, &from)
    });
    Ok(http::json(StatusCode::OK, &Page { value, next_link }))
}

pub(super) async fn read(
    State(service): State<Arc<Service>>,
    call: Call,
    Path((thread, message)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::ReadMessage, &call.caller.id, &thread)?;
    let id = message_id(&message)?;
    let found = service.lock().store.message(&thread, &call.caller.id, id)?;
    Ok(http::json(StatusCode::OK, &convert::message(&found)))
}

pub(super) async fn update(
    State(service): State<Arc<Service>>,
    call: Call,
    Path((thread, message)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::WriteMessage, &call.caller.id, &thread)?;
    let id = message_id(&message)?;
    let request: UpdateChatMessageRequest = http::read(&body)?;
    let edit = Edit {
        content: request.content.map(String::from),
        metadata: request.metadata,
    };
    service.change(|store, now| {
        let change = store.edit(&thread, &call.caller.id, id, edit, now)?;
        Ok(((), vec![change]))
    })?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    call: Call,
    Path((thread, message)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::WriteMessage, &call.caller.id, &thread)?;
    let id = message_id(&message)?;
    service.change(|store, now| {
        let change = store.delete(&thread, &call.caller.id, id, now)?;
        Ok(((), change.into_iter().collect()))
    })?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

const MOST_MESSAGES: usize = 200;
