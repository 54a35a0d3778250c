//! Create, list, get, update and delete threads.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;

use crate::service::Service;
use crate::service::http;
use crate::service::http::Call;
use crate::service::limits::Operation;
use crate::service::store::Kind;
use crate::service::store::Listed;
use crate::service::store::NewThread;
use crate::service::store::Participant;
use crate::service::store::Patch;
use crate::service::store::Refusal;
use crate::service::store::Retention;
use crate::wire::acs::chat::ChatThreadItem;
use crate::wire::acs::chat::CreateChatThreadRequest;
use crate::wire::acs::chat::CreateChatThreadResult;
use crate::wire::acs::chat::Page;
use crate::wire::acs::chat::UpdateChatThreadRequest;

use super::ANY;
use super::WHOLE;
use super::convert;
use super::paging;
use super::paging::Asked;

pub(super) async fn create(
    State(service): State<Arc<Service>>,
    call: Call,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(WHOLE)?;
    service.count(Operation::CreateThread, &call.caller.id, "")?;
    let request: CreateChatThreadRequest = http::read(&body)?;
    let participants = request.participants.into_iter().map(convert::named);
    let repeat = headers.get("repeatability-request-id");
    let new = NewThread {
        participants: participants.collect::<Result<_, _>>()?,
        metadata: request.metadata,
        retention: request
            .retention_policy
            .map_or(Retention::None, convert::retention),
        repeat: repeat.and_then(|id| id.to_str().ok()).map(str::to_owned),
        ..NewThread::new(Kind::Chat, &request.topic)
    };
    let (thread, invalid) = service.change(|store, now| {
        let name = store.identities.display_name(&call.caller.id);
        let creator = Participant::new(&call.caller.id, name);
        let (id, invalid, changes) = store.create_thread(creator, new, now)?;
        let thread = convert::thread(store.live(&id)?);
        Ok(((thread, invalid), changes))
    })?;
    service.retention_changed.notify_one();
    let location = format!(
        "{}/chat/threads/{}",
        call.base.0,
        paging::in_path(&thread.id)
    );
    let answer = CreateChatThreadResult {
        chat_thread: thread,
        invalid_participants: invalid.into_iter().map(convert::invalid).collect(),
    };
    Ok(http::created(&location, &answer))
}

/// Pages follow the order of activity at the time of each request: a thread that becomes
/// active in between moves to the front, and clients see it as news.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    call: Call,
    uri: Uri,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::ReadThreads, &call.caller.id, "")?;
    let asked = Asked::read(&uri, MOST_THREADS)?;
    let all = service
        .lock()
        .store
        .list_threads(&call.caller.id, asked.since);
    let page = asked.cut(&call, "/chat/threads", all);
    let answer = Page {
        value: page.value.into_iter().map(item).collect(),
        next_link: page.next_link,
    };
    Ok(http::json(StatusCode::OK, &answer))
}

fn item(listed: Listed) -> ChatThreadItem {
    ChatThreadItem {
        id: listed.id.to_string(),
        topic: listed.topic.into(),
        deleted_on: listed.deleted.map(|at| at.to_string()),
        last_message_received_on: Some(listed.last_message.to_string()),
    }
}

pub(super) async fn read(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::ReadThreads, &call.caller.id, "")?;
    let state = service.lock();
    let thread = convert::thread(state.store.thread_for(&thread, &call.caller.id)?);
    Ok(http::json(StatusCode::OK, &thread))
}

pub(super) async fn update(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(WHOLE)?;
    service.count(Operation::UpdateThread, &call.caller.id, &thread)?;
    let request: UpdateChatThreadRequest = http::read(&body)?;
    let patch = Patch {
        topic: request.topic.map(String::from),
        metadata: request.metadata.into_iter().flatten().collect(),
        retention: request.retention_policy.map(convert::retention),
    };
    service.change(|store, now| {
        let changes = store.update_thread(&thread, &call.caller.id, patch, now)?;
        Ok(((), changes))
    })?;
    service.retention_changed.notify_one();
    Ok(http::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
) -> Result<Response, Refusal> {
    call.caller.holds(WHOLE)?;
    service.count(Operation::DeleteThread, &call.caller.id, "")?;
    service.change(|store, now| {
        let changes = store.delete_thread(&thread, &call.caller.id, now)?;
        Ok(((), changes))
    })?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

const MOST_THREADS: usize = 100;
