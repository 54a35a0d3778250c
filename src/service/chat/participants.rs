//! List, add and remove participants.

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
use crate::service::store::Access;
use crate::service::store::Refusal;
use crate::wire::acs::chat::AddChatParticipantsRequest;
use crate::wire::acs::chat::AddChatParticipantsResult;
use crate::wire::acs::identifier::CommunicationIdentifierModel;

use super::ANY;
use super::JOIN;
use super::convert;
use super::paging::Asked;

pub(super) async fn list(
    State(service): State<Arc<Service>>,
    call: Call,
    Path(thread): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    call.caller.holds(ANY)?;
    service.count(Operation::ListParticipants, &call.caller.id, &thread)?;
    let asked = Asked::read(&uri, MOST)?;
    let all: Vec<_> = {
        let state = service.lock();
        let thread = state.store.thread_for(&thread, &call.caller.id)?;
        let present = thread
            .participants
            .iter()
            .filter(|who| who.access != Access::None);
        present.map(convert::participant).collect()
    };
    let path = format!("/chat/threads/{thread}/participants");
    Ok(http::json(StatusCode::OK, &asked.cut(&call, &path, all)))
}

/// `:add` or `:remove`.
pub(super) async fn act(
    State(service): State<Arc<Service>>,
    call: Call,
    Path((thread, action)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.caller.holds(JOIN)?;
    service.count(Operation::ChangeParticipants, &call.caller.id, &thread)?;
    match action.as_str() {
        ":add" => add(&service, &call, &thread, &body),
        ":remove" => remove(&service, &call, &thread, &body),
        _ => Err(Refusal::NotFound("There is no such operation.")),
    }
}

fn add(service: &Service, call: &Call, thread: &str, body: &Bytes) -> Result<Response, Refusal> {
    let request: AddChatParticipantsRequest = http::read(body)?;
    let wanted = request.participants.into_iter().map(convert::named);
    let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    let invalid = service
        .change(|store, now| store.add_participants(thread, &call.caller.id, wanted, now))?;
    let answer = AddChatParticipantsResult {
        invalid_participants: invalid.into_iter().map(convert::invalid).collect(),
    };
    Ok(http::json(StatusCode::CREATED, &answer))
}

fn remove(service: &Service, call: &Call, thread: &str, body: &Bytes) -> Result<Response, Refusal> {
    let who: CommunicationIdentifierModel = http::read(body)?;
    let who = convert::raw_id(&who)?;
    service.change(|store, now| {
        let changes = store.remove_participant(thread, &call.caller.id, &who, now)?;
        Ok(((), changes))
    })?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

const MOST: usize = 250;
