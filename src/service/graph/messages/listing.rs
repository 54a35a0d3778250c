//! Messages page by page: of a chat, of a channel, and the answers to a post.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::State as Everything;
use crate::service::graph::caller::Caller;
use crate::service::graph::chats::member_of;
use crate::service::graph::convert::View;
use crate::service::graph::failure::Failure;
use crate::service::graph::tenant::Extra;
use crate::service::http;
use crate::service::store::Message;
use crate::wire::graph::Page;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::query::Comparison;
use crate::wire::graph::query::MessagesQuery;
use crate::wire::graph::query::Pairs;
use crate::wire::graph::query::Property;

use super::At;
use super::Permission;

pub(in crate::service::graph) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
    uri: Uri,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Read)?;
    let query = match at.team {
        None => MessagesQuery::parse(uri.query().unwrap_or_default())?,
        // Channels are not sorted or filtered.
        Some(_) => MessagesQuery {
            top: Pairs::parse(uri.query().unwrap_or_default()).top()?,
            ..MessagesQuery::default()
        },
    };
    let roots_only = at.team.is_some();
    page(&service, &caller, &at, &uri, &query, |extra| {
        !roots_only || extra.is_none_or(|extra| extra.reply_to.is_none())
    })
}

pub(in crate::service::graph) async fn replies(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
    uri: Uri,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Read)?;
    if at.team.is_none() {
        return Err(Failure::not_found());
    }
    let query = MessagesQuery {
        top: Pairs::parse(uri.query().unwrap_or_default()).top()?,
        order: Some(Property::Created),
        filter: Vec::new(),
    };
    let root = at.message();
    page(&service, &caller, &at, &uri, &query, |extra| {
        extra.is_some_and(|extra| extra.reply_to == Some(root))
    })
}

fn page(
    service: &Service,
    caller: &Caller,
    at: &At,
    uri: &Uri,
    query: &MessagesQuery,
    wanted: impl Fn(Option<&Extra>) -> bool,
) -> Result<Response, Failure> {
    let mut guard = service.lock();
    let state = &mut *guard;
    at.check(state, caller)?;
    let mut cursors = std::mem::take(&mut state.tenant.cursors);
    let slice = cursors.page(caller, uri, query.top, || {
        let all = state
            .store
            .list_messages(&at.chat, &caller.raw, None, None, usize::MAX)
            .unwrap_or_default();
        sorted(state, &at.chat, all, query, wanted)
    });
    state.tenant.cursors = cursors;
    let slice = slice?;
    let thread = member_of(state, &at.chat, caller)?;
    let view = View { state, caller };
    let pairs = Pairs::parse(uri.query().unwrap_or_default());
    let expands = at.team.is_some() && pairs.option("expand") == Some("replies");
    let found = slice.ids.iter().filter_map(|id| {
        let id = id.parse().ok()?;
        state.store.message(&at.chat, &caller.raw, id).ok()
    });
    let page = Page {
        context: None,
        next_link: slice.next,
        value: found
            .map(|message| {
                let mut shown = view.message(thread, &message);
                if expands {
                    shown.replies = answers_to(state, &view, thread, message.id);
                }
                shown
            })
            .collect(),
    };
    Ok(http::json(StatusCode::OK, &page))
}

/// The answers to a post of a channel, oldest first.
fn answers_to(
    state: &Everything,
    view: &View<'_>,
    thread: &crate::service::store::Thread,
    root: u64,
) -> Vec<ChatMessage> {
    let all = thread.messages().iter();
    let answers = all.filter(|message| {
        let extra = state.tenant.extra(&thread.id, message.id);
        extra.is_some_and(|extra| extra.reply_to == Some(root))
    });
    answers
        .map(|message| view.message(thread, message))
        .collect()
}

/// Ids, newest first by what the query names, of those that every heeded condition lets through.
fn sorted(
    state: &Everything,
    chat: &str,
    all: Vec<Arc<Message>>,
    query: &MessagesQuery,
    wanted: impl Fn(Option<&Extra>) -> bool,
) -> Vec<String> {
    let time = |property, message: &Message| match property {
        Property::Created => message.created,
        Property::LastModified => state.tenant.modified(chat, message),
    };
    let lets_through = |message: &Message| {
        query.heeded().all(|condition| {
            let Some(limit) = Timestamp::parse(&condition.time) else {
                return true;
            };
            let at = time(condition.property, message);
            match condition.comparison {
                Comparison::After => at > limit,
                Comparison::Before => at < limit,
            }
        })
    };
    let order = query.order.unwrap_or(Property::LastModified);
    let mut found: Vec<(Timestamp, u64)> = all
        .iter()
        .filter(|message| wanted(state.tenant.extra(chat, message.id)))
        .filter(|message| lets_through(message))
        .map(|message| (time(order, message), message.id))
        .collect();
    found.sort_by_key(|key| Reverse(*key));
    found.into_iter().map(|(_, id)| id.to_string()).collect()
}
