//! Messages of chats and channels: listed, sent, answered, changed, reacted to.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::State as Everything;
use crate::service::http;
use crate::service::store::Body;
use crate::service::store::Draft;
use crate::service::store::Edit;
use crate::service::store::Message;
use crate::wire::graph::Page;
use crate::wire::graph::chat::ReplyWithQuote;
use crate::wire::graph::message::Attachment;
use crate::wire::graph::message::BodyType;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::HostedContent;
use crate::wire::graph::message::MESSAGE_REFERENCE;
use crate::wire::graph::message::MessageReference;
use crate::wire::graph::message::NewHostedContent;
use crate::wire::graph::message::SendMessage;
use crate::wire::graph::message::SetReaction;
use crate::wire::graph::query::Comparison;
use crate::wire::graph::query::MessagesQuery;
use crate::wire::graph::query::Pairs;
use crate::wire::graph::query::Property;
use crate::wire::graph::subscription::ChangeType;

use super::caller::Caller;
use super::chats::member_of;
use super::convert::View;
use super::failure::Failure;
use super::tenant::Extra;
use super::tenant::Hosted;
use super::tenant::Reacted;

#[derive(Deserialize)]
pub(super) struct At {
    /// Of a channel only.
    #[serde(default)]
    team: Option<String>,
    chat: String,
    #[serde(default)]
    message: Option<u64>,
    /// An answer in a channel, below its post.
    #[serde(default)]
    reply: Option<u64>,
    #[serde(default)]
    act: Option<String>,
    #[serde(default)]
    id: Option<String>,
}

impl At {
    fn message(&self) -> u64 {
        self.reply.or(self.message).unwrap_or_default()
    }

    /// An answer in a channel is found below its post, and nowhere else.
    fn placed(&self, state: &Everything) -> Result<(), Failure> {
        let extra = state.tenant.extra(&self.chat, self.message());
        let root = extra.and_then(|extra| extra.reply_to);
        if self.team.is_none() || root == self.reply.and(self.message) {
            Ok(())
        } else {
            Err(Failure::not_found())
        }
    }

    /// The permissions of one kind of act, which channels have of their own.
    fn needs(&self, caller: &Caller, act: Permission) -> Result<(), Failure> {
        let any_of: &[&str] = match (self.team.is_some(), act) {
            (false, Permission::Read) => &["Chat.Read", "Chat.ReadWrite", "ChatMessage.Read"],
            (false, Permission::Send) => &["ChatMessage.Send", "Chat.ReadWrite"],
            (false, Permission::Change) => &["Chat.ReadWrite"],
            (true, Permission::Read) => &["ChannelMessage.Read.All"],
            (true, Permission::Send) => &["ChannelMessage.Send"],
            (true, Permission::Change) => &["ChannelMessage.ReadWrite"],
        };
        caller.needs(any_of)
    }

    /// The chat, or the channel in that team, as somebody who is in it.
    fn check(&self, state: &Everything, caller: &Caller) -> Result<(), Failure> {
        member_of(state, &self.chat, caller)?;
        let team = state
            .tenant
            .team_of(&self.chat)
            .map(|team| team.id.as_str());
        if team == self.team.as_deref() {
            Ok(())
        } else {
            Err(Failure::not_found())
        }
    }

    fn answer(&self, service: &Service, caller: &Caller, id: u64) -> Result<ChatMessage, Failure> {
        let state = service.lock();
        let thread = member_of(&state, &self.chat, caller)?;
        let message = state.store.message(&self.chat, &caller.raw, id)?;
        let view = View {
            state: &state,
            caller,
        };
        Ok(view.message(thread, &message))
    }
}

#[derive(Clone, Copy)]
enum Permission {
    Read,
    Send,
    Change,
}

pub(super) async fn list(
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

pub(super) async fn replies(
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

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Read)?;
    at.check(&service.lock(), &caller)?;
    at.placed(&service.lock())?;
    let message = at.answer(&service, &caller, at.message())?;
    Ok(http::json(StatusCode::OK, &message))
}

pub(super) async fn send(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Send)?;
    let request: SendMessage = http::read(&body)?;
    post(&service, &caller, &at, request, None)
}

pub(super) async fn reply(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Send)?;
    if at.team.is_none() {
        return Err(Failure::not_found());
    }
    let request: SendMessage = http::read(&body)?;
    at.answer(&service, &caller, at.message())?;
    post(&service, &caller, &at, request, at.message)
}

fn post(
    service: &Service,
    caller: &Caller,
    at: &At,
    request: SendMessage,
    reply_to: Option<u64>,
) -> Result<Response, Failure> {
    at.check(&service.lock(), caller)?;
    let mut content = request.body.content.as_str().to_owned();
    let hosted = hosted_in(&mut content, &request.hosted_contents)?;
    let body = match request.body.content_type {
        BodyType::Text if request.mentions.is_empty() => Body::Text(content),
        _ => Body::Html {
            content,
            attachments: Vec::new(),
        },
    };
    let extra = Extra {
        importance: request.importance.unwrap_or_default(),
        mentions: request.mentions,
        attachments: request.attachments,
        hosted,
        reply_to,
        ..Extra::default()
    };
    let draft = Draft {
        sender_name: Some(caller.user.name.clone()),
        ..Draft::new(body)
    };
    let id = service.change_with(|state, now| {
        let (id, change) = state.store.post(&at.chat, &caller.raw, draft, now)?;
        *state.tenant.extra_mut(&at.chat, id) = extra;
        state.tenant.view_mut(&caller.user.id, &at.chat).read = Some(now);
        Ok((id, vec![change]))
    })?;
    let message = at.answer(service, caller, id)?;
    let place = format!("/chats/{}/messages/{id}", at.chat);
    Ok(http::created(&place, &message))
}

/// Takes pictures out of the request; the words name them by an id of ours from then on.
fn hosted_in(content: &mut String, given: &[NewHostedContent]) -> Result<Vec<Hosted>, Failure> {
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

pub(super) async fn reply_with_quote(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Send)?;
    let request: ReplyWithQuote = http::read(&body)?;
    if request.message_ids.is_empty() || request.message_ids.len() > 10 {
        return Err(Failure::bad("messageIds holds one to ten ids."));
    }
    let mut reply = request.reply_message;
    let mut quotes = String::new();
    for id in &request.message_ids {
        let id = id.parse().map_err(|_| Failure::not_found())?;
        let original = at.answer(&service, &caller, id)?;
        let preview: String = plain(&original.body.content).chars().take(120).collect();
        let reference = MessageReference {
            message_id: original.id.clone(),
            message_preview: preview.into(),
            message_sender: original.from,
        };
        let content = serde_json::to_string(&reference).unwrap_or_default();
        quotes.extend(["<attachment id=\"", &original.id, "\"></attachment>"]);
        reply.attachments.push(Attachment {
            id: original.id,
            content_type: MESSAGE_REFERENCE.to_owned(),
            content: Some(content.into()),
            ..Attachment::default()
        });
    }
    let words = match reply.body.content_type {
        BodyType::Text => escaped(&reply.body.content),
        BodyType::Html | BodyType::Unknown(_) => reply.body.content.as_str().to_owned(),
    };
    reply.body = crate::wire::graph::message::ItemBody::html(&format!("{quotes}<p>{words}</p>"));
    post(&service, &caller, &at, reply, None)
}

fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('\n', "<br>")
}

/// The words of a body, roughly: what a quote shows of it.
fn plain(html: &str) -> String {
    let mut words = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => words.push(c),
            _ => {}
        }
    }
    words
}

pub(super) async fn edit(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Failure> {
    at.needs(&caller, Permission::Change)?;
    at.placed(&service.lock())?;
    let request: SendMessage = http::read(&body)?;
    let id = at.message();
    service.change_with(|state, now| {
        let edit = Edit {
            content: Some(request.body.content.into()),
            metadata: None,
        };
        let html = request.body.content_type != BodyType::Text || !request.mentions.is_empty();
        let change = state
            .store
            .edit_as(&at.chat, &caller.raw, id, edit, html, now)?;
        state.tenant.extra_mut(&at.chat, id).mentions = request.mentions;
        Ok(((), vec![change]))
    })?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

/// What is done to one message: taken back, put back, reacted to.
pub(super) async fn act(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Failure> {
    at.placed(&service.lock())?;
    let id = at.message();
    match at.act.as_deref() {
        Some("softDelete") => {
            at.needs(&caller, Permission::Change)?;
            service.change_with(|state, now| {
                let before = state.store.message(&at.chat, &caller.raw, id)?;
                let change = state.store.delete(&at.chat, &caller.raw, id, now)?;
                if change.is_some() {
                    state.tenant.extra_mut(&at.chat, id).kept = Some(before.body.clone());
                }
                Ok(((), change.into_iter().collect()))
            })?;
        }
        Some("undoSoftDelete") => {
            at.needs(&caller, Permission::Change)?;
            service.change_with(|state, now| {
                let extra = state.tenant.extra_mut(&at.chat, id);
                let kept = extra.kept.clone().unwrap_or(Body::Text(String::new()));
                let change = state.store.restore(&at.chat, &caller.raw, id, kept, now)?;
                let extra = state.tenant.extra_mut(&at.chat, id);
                extra.kept = None;
                extra.touched = Some(now);
                Ok(((), vec![change]))
            })?;
        }
        Some(act @ ("setReaction" | "unsetReaction")) => {
            at.needs(&caller, Permission::Send)?;
            let request: SetReaction = http::read(&body)?;
            react(
                &service,
                &caller,
                &at,
                act == "setReaction",
                request.reaction_type,
            )?;
        }
        _ => return Err(Failure::not_found()),
    }
    Ok(http::empty(StatusCode::NO_CONTENT))
}

fn react(
    service: &Service,
    caller: &Caller,
    at: &At,
    set: bool,
    kind: String,
) -> Result<(), Failure> {
    if kind.is_empty() || kind.chars().count() > LONGEST_REACTION {
        return Err(Failure::bad("reactionType is one emoji."));
    }
    let mut guard = service.lock();
    let state = &mut *guard;
    at.check(state, caller)?;
    let id = at.message();
    state.store.message(&at.chat, &caller.raw, id)?;
    let now = service.clock().utc();
    let extra = state.tenant.extra_mut(&at.chat, id);
    extra
        .reactions
        .retain(|r| r.by != caller.raw || r.kind != kind);
    if set {
        let by = caller.raw.clone();
        extra.reactions.push(Reacted { by, kind, at: now });
    }
    extra.touched = Some(now);
    state.tell(&at.chat, Some(id), ChangeType::Updated, now);
    Ok(())
}

pub(super) async fn hosted(
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

pub(super) async fn hosted_bytes(
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

const KINDS: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Characters of the longest emoji: a family with skin tones has eleven.
const LONGEST_REACTION: usize = 16;
