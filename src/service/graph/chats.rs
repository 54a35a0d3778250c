//! Chats: listed, made, renamed, joined and read.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::http;
use crate::service::store::Access;
use crate::service::store::History;
use crate::service::store::Kind;
use crate::service::store::NewThread;
use crate::service::store::Participant;
use crate::service::store::Patch;
use crate::service::store::Thread;
use crate::wire::graph::Page;
use crate::wire::graph::chat::ChatType;
use crate::wire::graph::chat::CreateChat;
use crate::wire::graph::chat::ForUser;
use crate::wire::graph::chat::NewMember;
use crate::wire::graph::chat::UpdateChat;
use crate::wire::graph::query::ChatProperty;
use crate::wire::graph::query::ChatsQuery;

use super::caller::Caller;
use super::convert::View;
use super::convert::of_membership;
use super::failure::Failure;

/// Reading chats, without what was written in them.
const READ_BASIC: [&str; 3] = ["Chat.ReadBasic", "Chat.Read", "Chat.ReadWrite"];
const READ: [&str; 2] = ["Chat.Read", "Chat.ReadWrite"];
const MEMBERS: [&str; 5] = [
    "Chat.ReadBasic",
    "Chat.Read",
    "Chat.ReadWrite",
    "ChatMember.Read",
    "ChatMember.ReadWrite",
];

#[derive(Deserialize)]
pub(super) struct InChat {
    chat: String,
}

pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&READ_BASIC)?;
    let query = ChatsQuery::parse(uri.query().unwrap_or_default())?;
    if query.preview {
        caller.needs(&READ)?;
    }
    let mut guard = service.lock();
    let state = &mut *guard;
    let mut cursors = std::mem::take(&mut state.tenant.cursors);
    let slice = cursors.page(&caller, &uri, query.top, || {
        let view = View {
            state,
            caller: &caller,
        };
        let mut found: Vec<&Thread> = state
            .store
            .threads()
            .filter(|thread| is_chat_of(thread, &caller))
            .filter(|thread| fits(&view, thread, &query))
            .collect();
        let newest = |thread: &Thread| view.newest(thread).map_or(thread.created, |m| m.created);
        found.sort_by_key(|thread| (std::cmp::Reverse(newest(thread)), thread.id.clone()));
        found.iter().map(|thread| thread.id.to_string()).collect()
    });
    state.tenant.cursors = cursors;
    let slice = slice?;
    let view = View {
        state,
        caller: &caller,
    };
    let all = slice.ids.iter().filter_map(|id| state.store.live(id).ok());
    let page = Page {
        context: Some(format!("{}/v1.0/$metadata#chats", caller.base)),
        next_link: slice.next,
        value: all
            .map(|thread| view.chat(thread, query.preview, query.members))
            .collect(),
    };
    Ok(http::json(StatusCode::OK, &page))
}

fn is_chat_of(thread: &Thread, caller: &Caller) -> bool {
    thread.kind != Kind::Channel && thread.deleted.is_none() && thread.member(&caller.raw).is_ok()
}

fn fits(view: &View<'_>, thread: &Thread, query: &ChatsQuery) -> bool {
    let Some((property, wanted)) = &query.filter else {
        return true;
    };
    let chat = view.chat(thread, false, false);
    match property {
        ChatProperty::ChatType => chat.chat_type.as_str() == wanted,
        ChatProperty::Topic => chat.topic.is_some_and(|topic| topic.as_str() == wanted),
    }
}

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(InChat { chat }): Path<InChat>,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&READ_BASIC)?;
    let query = ChatsQuery::parse(uri.query().unwrap_or_default())?;
    if query.preview {
        caller.needs(&READ)?;
    }
    let state = service.lock();
    let thread = member_of(&state, &chat, &caller)?;
    let view = View {
        state: &state,
        caller: &caller,
    };
    Ok(http::json(
        StatusCode::OK,
        &view.chat(thread, query.preview, query.members),
    ))
}

/// 404 for who is not in it, as for what is not there.
pub(super) fn member_of<'s>(
    state: &'s crate::service::State,
    chat: &str,
    caller: &Caller,
) -> Result<&'s Thread, Failure> {
    let thread = state.store.thread_for(chat, &caller.raw);
    thread.map_err(|_| Failure::not_found())
}

pub(super) async fn create(
    State(service): State<Arc<Service>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Failure> {
    caller.needs(&["Chat.Create", "Chat.ReadWrite"])?;
    let request: CreateChat = http::read(&body)?;
    let people = people(&service, &request.members)?;
    if !people.iter().any(|who| who.id == caller.raw) {
        return Err(Failure::bad("The caller must be one of the members."));
    }
    let kind = match request.chat_type {
        ChatType::OneOnOne if people.len() == 2 => Kind::OneOnOne,
        ChatType::OneOnOne => return Err(Failure::bad("A oneOnOne chat has exactly two members.")),
        ChatType::Group => Kind::Chat,
        ChatType::Meeting | ChatType::Unknown(_) => {
            return Err(Failure::bad("Chats of this type cannot be created."));
        }
    };
    let known = (kind == Kind::OneOnOne)
        .then(|| one_on_one(&service, &people))
        .flatten();
    let chat = match known {
        Some(chat) => chat,
        None => make(&service, &caller, kind, people, &request)?,
    };
    let state = service.lock();
    let thread = member_of(&state, &chat, &caller)?;
    let view = View {
        state: &state,
        caller: &caller,
    };
    Ok(http::json(
        StatusCode::CREATED,
        &view.chat(thread, false, false),
    ))
}

fn people(service: &Service, members: &[NewMember]) -> Result<Vec<Participant>, Failure> {
    let state = service.lock();
    let mut people: Vec<Participant> = Vec::new();
    for member in members {
        let key = member
            .user_key()
            .ok_or_else(|| Failure::bad("A member names no user."))?;
        let user = state.tenant.user(&key).ok_or_else(Failure::not_found)?;
        let who = Participant::new(&user.raw_id(), Some(&user.name));
        if people.iter().all(|known| known.id != who.id) {
            people.push(who);
        }
    }
    Ok(people)
}

fn one_on_one(service: &Service, people: &[Participant]) -> Option<String> {
    let state = service.lock();
    let same = |thread: &&Thread| {
        thread.kind == Kind::OneOnOne && people.iter().all(|who| thread.member(&who.id).is_ok())
    };
    let found = state.store.threads().find(same);
    found.map(|thread| thread.id.to_string())
}

fn make(
    service: &Service,
    caller: &Caller,
    kind: Kind,
    people: Vec<Participant>,
    request: &CreateChat,
) -> Result<String, Failure> {
    let topic = request.topic.as_ref().map_or("", |topic| topic.as_str());
    let creator = Participant::new(&caller.raw, Some(&caller.user.name));
    Ok(service.change(|store, now| {
        let new = NewThread {
            participants: people,
            unnamed: true,
            ..NewThread::new(kind, topic)
        };
        let (id, _, changes) = store.create_thread(creator, new, now)?;
        Ok((id, changes))
    })?)
}

pub(super) async fn update(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(InChat { chat }): Path<InChat>,
    body: Bytes,
) -> Result<Response, Failure> {
    caller.needs(&["Chat.ReadWrite"])?;
    let request: UpdateChat = http::read(&body)?;
    member_of(&service.lock(), &chat, &caller)?;
    service.change(|store, now| {
        let patch = Patch {
            topic: request.topic.map(Into::into),
            ..Patch::default()
        };
        Ok(((), store.update_thread(&chat, &caller.raw, patch, now)?))
    })?;
    let state = service.lock();
    let view = View {
        state: &state,
        caller: &caller,
    };
    let thread = member_of(&state, &chat, &caller)?;
    Ok(http::json(StatusCode::OK, &view.chat(thread, false, false)))
}

pub(super) async fn members(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(InChat { chat }): Path<InChat>,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&MEMBERS)?;
    let mut guard = service.lock();
    let state = &mut *guard;
    member_of(state, &chat, &caller)?;
    let mut cursors = std::mem::take(&mut state.tenant.cursors);
    let slice = cursors.page(&caller, &uri, Some(50), || {
        let people = state
            .store
            .live(&chat)
            .map(|thread| thread.participants.iter());
        let present = people
            .into_iter()
            .flatten()
            .filter(|who| who.access != Access::None);
        present.map(|who| who.id.clone()).collect()
    });
    state.tenant.cursors = cursors;
    let slice = slice?;
    let thread = member_of(state, &chat, &caller)?;
    let view = View {
        state,
        caller: &caller,
    };
    let page = Page {
        context: None,
        next_link: slice.next,
        value: slice
            .ids
            .iter()
            .filter_map(|id| thread.participant(id))
            .map(|who| view.member(who))
            .collect(),
    };
    Ok(http::json(StatusCode::OK, &page))
}

pub(super) async fn add(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(InChat { chat }): Path<InChat>,
    body: Bytes,
) -> Result<Response, Failure> {
    caller.needs(&["ChatMember.ReadWrite", "Chat.ReadWrite"])?;
    let request: NewMember = http::read(&body)?;
    let who = people(&service, std::slice::from_ref(&request))?.remove(0);
    let by = {
        let state = service.lock();
        let thread = member_of(&state, &chat, &caller)?;
        if thread.kind == Kind::OneOnOne {
            return Err(Failure::bad("Nobody can be added to a oneOnOne chat."));
        }
        thread.who(&caller.raw)
    };
    let history = match &request.visible_history_start_date_time {
        Some(_) => History::All,
        None => History::FromNow,
    };
    let since = request
        .visible_history_start_date_time
        .as_deref()
        .and_then(Timestamp::parse);
    let mut who = who;
    who.share_history = since.unwrap_or_default().max(Timestamp::default());
    let id = who.id.clone();
    service.change(|store, now| Ok(((), store.admit(&chat, &by, who, history, now)?)))?;
    let state = service.lock();
    let thread = member_of(&state, &chat, &caller)?;
    let view = View {
        state: &state,
        caller: &caller,
    };
    let member = thread
        .participant(&id)
        .map(|who| view.member(who))
        .unwrap_or_default();
    let place = format!(
        "/chats/{chat}/members/{}",
        member.id.clone().unwrap_or_default()
    );
    Ok(http::created(&place, &member))
}

#[derive(Deserialize)]
pub(super) struct Membership {
    chat: String,
    member: String,
}

pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(Membership { chat, member }): Path<Membership>,
) -> Result<Response, Failure> {
    caller.needs(&["ChatMember.ReadWrite", "Chat.ReadWrite"])?;
    let who = of_membership(&member).ok_or_else(Failure::not_found)?;
    let by = {
        let state = service.lock();
        let thread = member_of(&state, &chat, &caller)?;
        if thread.kind == Kind::OneOnOne {
            return Err(Failure::bad("Nobody can be removed from a oneOnOne chat."));
        }
        thread.participant(&who).ok_or_else(Failure::not_found)?;
        thread.who(&caller.raw)
    };
    service.change(|store, now| Ok(((), store.unseat(&chat, &by, &who, now)?)))?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

#[derive(Deserialize)]
pub(super) struct Act {
    chat: String,
    act: String,
}

/// The caller's own view: read, unread, hidden, shown.
pub(super) async fn act(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(Act { chat, act }): Path<Act>,
    body: Bytes,
) -> Result<Response, Failure> {
    caller.needs(&["Chat.ReadWrite"])?;
    let request: ForUser = http::read(&body)?;
    if request.user.id != caller.user.id {
        return Err(Failure::forbidden(
            "Only the own state of a chat can be changed.",
        ));
    }
    let mut guard = service.lock();
    let state = &mut *guard;
    let newest = {
        let thread = member_of(state, &chat, &caller)?;
        let view = View {
            state,
            caller: &caller,
        };
        view.newest(thread).map(|message| message.created)
    };
    let view = state.tenant.view_mut(&caller.user.id, &chat);
    match act.as_str() {
        "markChatReadForUser" => view.read = newest,
        "markChatUnreadForUser" => {
            let said = request.last_message_read_date_time.as_deref();
            let before = newest.map(|at| Timestamp::from_millis(at.as_millis() - 1));
            view.read = said.and_then(Timestamp::parse).or(before);
        }
        "hideForUser" => view.hidden = true,
        "unhideForUser" => view.hidden = false,
        _ => return Err(Failure::not_found()),
    }
    Ok(http::empty(StatusCode::NO_CONTENT))
}
