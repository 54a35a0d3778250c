//! Messages of chats and channels: listed, sent, answered, changed, reacted to.

mod hosted;
mod listing;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::service::Service;
use crate::service::State as Everything;
use crate::service::http;
use crate::service::store::Body;
use crate::service::store::Draft;
use crate::service::store::Edit;
use crate::wire::graph::chat::ReplyWithQuote;
use crate::wire::graph::message::Attachment;
use crate::wire::graph::message::BodyType;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::MESSAGE_REFERENCE;
use crate::wire::graph::message::MessageReference;
use crate::wire::graph::message::SendMessage;
use crate::wire::graph::message::SetReaction;
use crate::wire::graph::subscription::ChangeType;

use super::caller::Caller;
use super::chats::member_of;
use super::convert::View;
use super::failure::Failure;
use super::tenant::Extra;
use super::tenant::Reacted;

pub(super) use self::hosted::hosted;
pub(super) use self::hosted::hosted_bytes;
use self::hosted::hosted_in;
pub(super) use self::listing::list;
pub(super) use self::listing::replies;

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
    service.lock().tenant.drives.check(&request.attachments)?;
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

/// Characters of the longest emoji: a family with skin tones has eleven.
const LONGEST_REACTION: usize = 16;
