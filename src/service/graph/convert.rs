//! Threads and messages of the store as Graph shows them.

use crate::service::State;
use crate::service::store::Access;
use crate::service::store::Body;
use crate::service::store::Kind;
use crate::service::store::Message;
use crate::service::store::Participant;
use crate::service::store::Thread;
use crate::wire::graph::chat::AAD_MEMBER;
use crate::wire::graph::chat::ACS_MEMBER;
use crate::wire::graph::chat::ALL_HISTORY;
use crate::wire::graph::chat::Chat;
use crate::wire::graph::chat::ChatMessageInfo;
use crate::wire::graph::chat::ChatType;
use crate::wire::graph::chat::ChatViewpoint;
use crate::wire::graph::chat::ConversationMember;
use crate::wire::graph::chat::OnlineMeetingInfo;
use crate::wire::graph::event::EventMessageDetail;
use crate::wire::graph::message::AAD_USER;
use crate::wire::graph::message::ACS_USER;
use crate::wire::graph::message::ChannelIdentity;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::Identity;
use crate::wire::graph::message::IdentitySet;
use crate::wire::graph::message::ItemBody;
use crate::wire::graph::message::MessageType;
use crate::wire::graph::message::Reaction;
use crate::wire::graph::query::segment;

use super::caller::Caller;
use super::tenant::TENANT;

/// Of a system message, in the member `eventDetail`.
pub(super) const EVENT_KIND: &str = "graphEvent";
const EVENT_BODY: &str = "<systemEventMessage/>";

/// What a request says of the answer it wants.
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) caller: &'a Caller,
}

impl View<'_> {
    pub(super) fn chat(&self, thread: &Thread, preview: bool, members: bool) -> Chat {
        let view = self.state.tenant.view(&self.caller.user.id, &thread.id);
        let topic = Some(thread.topic.clone()).filter(|topic| !topic.is_empty());
        Chat {
            id: thread.id.to_string(),
            topic: topic
                .filter(|_| thread.kind != Kind::OneOnOne)
                .map(Into::into),
            chat_type: match thread.kind {
                Kind::Chat | Kind::Channel => ChatType::Group,
                Kind::OneOnOne => ChatType::OneOnOne,
                Kind::Meeting => ChatType::Meeting,
            },
            created_date_time: Some(thread.created.to_string()),
            last_updated_date_time: Some(thread.created.to_string()),
            web_url: Some(format!(
                "{}/l/chat/{}",
                self.caller.base,
                segment(&thread.id)
            )),
            tenant_id: Some(TENANT.to_owned()),
            online_meeting_info: self.meeting(thread),
            viewpoint: Some(ChatViewpoint {
                is_hidden: view.hidden,
                last_message_read_date_time: view.read.map(|at| at.to_string()),
            }),
            last_message_preview: preview
                .then(|| self.newest(thread))
                .flatten()
                .map(|message| self.preview(thread, message)),
            members: members.then(|| {
                let first = Self::people(thread).take(MEMBERS_EXPANDED);
                first.map(|who| self.member(who)).collect()
            }),
        }
    }

    fn meeting(&self, thread: &Thread) -> Option<OnlineMeetingInfo> {
        let meeting = self.state.meetings.get(&thread.id)?;
        let organizer = self.state.meetings.organizer(&thread.id);
        Some(OnlineMeetingInfo {
            calendar_event_id: None,
            join_web_url: Some(meeting.names.link.clone()),
            organizer: organizer.map(|who| self.identity(&who.id, "")),
        })
    }

    /// The newest one the caller may see.
    pub(super) fn newest<'t>(&self, thread: &'t Thread) -> Option<&'t Message> {
        let reader = thread.member(&self.caller.raw).ok()?;
        let visible = |m: &&std::sync::Arc<Message>| {
            m.sequence >= reader.from_sequence && m.created >= reader.share_history
        };
        thread.messages().iter().rev().find(visible).map(|m| &**m)
    }

    fn preview(&self, thread: &Thread, message: &Message) -> ChatMessageInfo {
        let whole = self.message(thread, message);
        ChatMessageInfo {
            id: whole.id,
            created_date_time: whole.created_date_time,
            is_deleted: message.deleted.is_some(),
            message_type: whole.message_type,
            event_detail: whole.event_detail,
            body: Some(whole.body),
            from: whole.from,
        }
    }

    pub(super) fn people(thread: &Thread) -> impl Iterator<Item = &Participant> {
        let present = |who: &&Participant| who.access != Access::None;
        thread.participants.iter().filter(present)
    }

    pub(super) fn member(&self, who: &Participant) -> ConversationMember {
        let oid = who.id.strip_prefix("8:orgid:");
        let user = oid.and_then(|oid| self.state.tenant.user(oid));
        let kind = if oid.is_some() {
            AAD_MEMBER
        } else {
            ACS_MEMBER
        };
        let name = user.map(|user| user.name.clone());
        ConversationMember {
            kind: Some(kind.to_owned()),
            id: Some(membership(&who.id)),
            roles: oid.map(|_| "owner".to_owned()).into_iter().collect(),
            display_name: name.or_else(|| who.display_name.clone()),
            user_id: Some(oid.unwrap_or(&who.id).to_owned()),
            email: user.map(|user| user.upn.clone()),
            tenant_id: oid.map(|_| TENANT.to_owned()),
            visible_history_start_date_time: Some(ALL_HISTORY.to_owned()),
        }
    }

    fn identity(&self, raw: &str, name: &str) -> Identity {
        let oid = raw.strip_prefix("8:orgid:");
        let known = oid.and_then(|oid| self.state.tenant.user(oid));
        let name = known.map_or_else(|| name.to_owned(), |user| user.name.clone());
        let kind = match oid {
            Some(_) => AAD_USER,
            None if self.caller.knows_new => ACS_USER,
            None => "unknownFutureValue",
        };
        Identity {
            kind: Some("#microsoft.graph.teamworkUserIdentity".to_owned()),
            id: oid.unwrap_or(raw).to_owned(),
            display_name: Some(name).filter(|name| !name.is_empty()),
            user_identity_type: Some(kind.to_owned()),
            tenant_id: oid.map(|_| TENANT.to_owned()),
        }
    }

    pub(super) fn message(&self, thread: &Thread, message: &Message) -> ChatMessage {
        let extra = self.state.tenant.extra(&thread.id, message.id);
        let extra = extra.cloned().unwrap_or_default();
        let modified = self.state.tenant.modified(&thread.id, message);
        let event = self.event(message);
        let deleted = message.deleted.is_some();
        let channel = (thread.kind == Kind::Channel).then(|| ChannelIdentity {
            team_id: self
                .state
                .tenant
                .team_of(&thread.id)
                .map(|team| team.id.clone()),
            channel_id: Some(thread.id.to_string()),
        });
        let from = message.sender.as_deref().filter(|_| event.is_none());
        ChatMessage {
            id: message.id.to_string(),
            reply_to_id: extra.reply_to.map(|id| id.to_string()),
            etag: Some(modified.as_millis().to_string()),
            message_type: match (&event, self.caller.knows_new) {
                (None, _) => MessageType::Message,
                (Some(_), true) => MessageType::SystemEvent,
                (Some(_), false) => MessageType::UnknownFutureValue,
            },
            created_date_time: Some(message.created.to_string()),
            last_modified_date_time: Some(modified.to_string()),
            last_edited_date_time: message.edited.map(|at| at.to_string()),
            deleted_date_time: message.deleted.map(|at| at.to_string()),
            chat_id: channel.is_none().then(|| thread.id.to_string()),
            channel_identity: channel,
            importance: extra.importance,
            locale: Some("en-us".to_owned()),
            from: from.map(|id| IdentitySet::user(self.identity(id, &message.sender_name))),
            body: if event.is_some() {
                ItemBody::html(EVENT_BODY)
            } else {
                self.body(thread, message)
            },
            event_detail: event,
            attachments: if deleted {
                Vec::new()
            } else {
                extra.attachments
            },
            mentions: if deleted { Vec::new() } else { extra.mentions },
            reactions: extra
                .reactions
                .iter()
                .map(|r| Reaction {
                    reaction_type: r.kind.clone(),
                    display_name: None,
                    created_date_time: Some(r.at.to_string()),
                    user: Some(IdentitySet::user(self.identity(&r.by, ""))),
                })
                .collect(),
            ..ChatMessage::default()
        }
    }

    fn body(&self, thread: &Thread, message: &Message) -> ItemBody {
        match &message.body {
            Body::Text(text) => ItemBody::text(text),
            Body::Html { content, .. } | Body::Other { content, .. } => {
                let place = match self.state.tenant.team_of(&thread.id) {
                    Some(team) => format!("teams/{}/channels", team.id),
                    None => "chats".to_owned(),
                };
                let pictures = format!(
                    "src=\"{}/v1.0/{place}/{}/messages/{}/hostedContents/",
                    self.caller.base, thread.id, message.id
                );
                ItemBody::html(&content.replace("src=\"../hostedContents/", &pictures))
            }
            Body::TopicUpdated { .. }
            | Body::ParticipantAdded { .. }
            | Body::ParticipantRemoved { .. } => ItemBody::html(EVENT_BODY),
        }
    }

    /// What a message of the service itself tells.
    fn event(&self, message: &Message) -> Option<EventMessageDetail> {
        let by = |id: &str| Some(IdentitySet::user(self.identity(id, "")));
        let people = |who: &[Participant]| {
            let named = who.iter();
            named
                .map(|who| self.identity(&who.id, who.display_name.as_deref().unwrap_or_default()))
                .collect()
        };
        Some(match &message.body {
            Body::TopicUpdated { topic, by: id } => EventMessageDetail {
                chat_display_name: Some(topic.as_str().into()),
                initiator: by(id),
                ..EventMessageDetail::of("chatRenamed")
            },
            Body::ParticipantAdded { who, by: id } => EventMessageDetail {
                members: people(who),
                initiator: by(id),
                ..EventMessageDetail::of("membersAdded")
            },
            Body::ParticipantRemoved { who, by: id } => EventMessageDetail {
                members: people(who),
                initiator: by(id),
                ..EventMessageDetail::of("membersDeleted")
            },
            Body::Other { kind, content } if kind == EVENT_KIND => {
                serde_json::from_str(content).unwrap_or_default()
            }
            Body::Text(_) | Body::Html { .. } | Body::Other { .. } => return None,
        })
    }
}

/// The opaque id of somebody's membership, and back.
fn membership(raw: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(raw)
}

pub(super) fn of_membership(id: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(id)
        .ok()?;
    String::from_utf8(bytes).ok()
}

/// So many members come with a chat; the rest is a list of its own.
const MEMBERS_EXPANDED: usize = 25;
