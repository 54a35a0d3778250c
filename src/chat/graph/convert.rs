//! What Graph says as what the program knows, cleaned, and back.

use std::collections::BTreeMap;

use url::Url;

use crate::chat::eyes::Eyes;
use crate::chat::mentions::pieces;
use crate::clock::Timestamp;
use crate::model::directory::Presence;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::message;
use crate::model::message::Attachment;
use crate::model::message::AttachmentKind;
use crate::model::message::Body;
use crate::model::message::Draft;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::Quoted;
use crate::model::message::Reacted;
use crate::model::message::RecordingState;
use crate::model::message::SystemEvent;
use crate::model::message::Version;
use crate::model::text;
use crate::model::thread::Listed;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKind;
use crate::wire::graph::chat::Chat;
use crate::wire::graph::chat::ChatType;
use crate::wire::graph::chat::ConversationMember;
use crate::wire::graph::directory::Availability;
use crate::wire::graph::directory::User;
use crate::wire::graph::event::EventMessageDetail;
use crate::wire::graph::message as wire;
use crate::wire::graph::message::BodyType;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::Identity;
use crate::wire::graph::message::IdentitySet;
use crate::wire::graph::message::MessageType;
use crate::wire::html;
use crate::wire::html::Piece;

/// The raw id of somebody: people of the organisation by object id, external ones as they are.
pub(super) fn raw_id(id: &str) -> String {
    let id = text::line(id);
    if id.contains(':') {
        id
    } else {
        format!("8:orgid:{id}")
    }
}

/// The id Graph knows somebody by.
pub(super) fn graph_id(person: &RawId) -> &str {
    let id = person.as_str();
    id.strip_prefix("8:orgid:").unwrap_or(id)
}

pub(super) fn eyes(me: &User, endpoint: Url) -> Eyes {
    let name = text::name(me.display_name.as_deref().unwrap_or_default());
    let id = RawId::new(&raw_id(&me.id));
    Eyes {
        names: BTreeMap::from([(id.clone(), name.clone())]),
        me: id,
        my_name: name,
        endpoint,
    }
}

fn person(eyes: &Eyes, who: &Identity) -> Person {
    eyes.person(
        &raw_id(&who.id),
        who.display_name.as_deref().unwrap_or_default(),
    )
}

fn somebody(eyes: &Eyes, set: &IdentitySet) -> Option<Person> {
    let who = set.user.as_ref().or(set.application.as_ref())?;
    Some(person(eyes, who))
}

pub(super) fn member(eyes: &Eyes, who: &ConversationMember) -> Option<Person> {
    let id = who.user_id.as_deref().filter(|id| !id.is_empty())?;
    Some(eyes.person(&raw_id(id), who.display_name.as_deref().unwrap_or_default()))
}

pub(super) fn time(text: Option<&String>) -> Option<Timestamp> {
    Timestamp::parse(text?)
}

/// When it was written, and when anything of it last changed.
pub(super) fn times(message: &ChatMessage) -> (Timestamp, Timestamp) {
    let id = message.id.parse().unwrap_or(0);
    let created = time(message.created_date_time.as_ref());
    let created = created.unwrap_or_else(|| Timestamp::from_millis(id));
    let modified = time(message.last_modified_date_time.as_ref());
    (created, modified.unwrap_or(created).max(created))
}

/// `None` without an id.
pub(super) fn message(eyes: &Eyes, message: &ChatMessage) -> Option<Message> {
    let id = text::line(&message.id);
    if id.is_empty() {
        return None;
    }
    let (created, modified) = times(message);
    let sender = message.from.as_ref().and_then(|from| somebody(eyes, from));
    let mine = sender.as_ref().is_some_and(|who| who.id == eyes.me);
    let mut attachments: Vec<Attachment> =
        message.attachments.iter().filter_map(attachment).collect();
    let (body, mentions_me) = body(eyes, message, &mut attachments);
    if matches!(body, Body::Deleted | Body::Blocked) {
        attachments.clear();
    }
    Some(Message {
        id: MessageId::new(&id),
        version: Version(u64::try_from(modified.as_millis()).unwrap_or(0)),
        client_id: None,
        sender,
        mine,
        body,
        created,
        edited: time(message.last_edited_date_time.as_ref()),
        mentions_me: mentions_me && !mine,
        attachments,
        reply_to: message.attachments.iter().find_map(|a| quoted(eyes, a)),
        reactions: reactions(eyes, &message.reactions),
        importance: match message.importance {
            wire::Importance::High => message::Importance::High,
            wire::Importance::Urgent => message::Importance::Urgent,
            wire::Importance::Normal | wire::Importance::Unknown(_) => message::Importance::Normal,
        },
    })
}

fn body(eyes: &Eyes, message: &ChatMessage, attachments: &mut Vec<Attachment>) -> (Body, bool) {
    let blocked = message.policy_violation.as_ref();
    if message.deleted_date_time.is_some() {
        return (Body::Deleted, false);
    }
    if blocked.is_some_and(wire::PolicyViolation::blocks_access) {
        return (Body::Blocked, false);
    }
    if let Some(event) = &message.event_detail {
        return (system(eyes, event), false);
    }
    match &message.message_type {
        MessageType::Message => {}
        other => return (Body::Unknown(text::line(other.as_str())), false),
    }
    let (rich, mentions_me) = match message.body.content_type {
        BodyType::Text => eyes.plain_words(&message.body.content),
        BodyType::Html | BodyType::Unknown(_) => eyes.words(&prepared(message), attachments),
    };
    (Body::Text(rich), mentions_me)
}

/// Mentions name people in place of their number in the list, and quotes stand elsewhere.
fn prepared(message: &ChatMessage) -> String {
    let mut html = message.body.content.as_str().to_owned();
    for mention in &message.mentions {
        let user = mention.mentioned.as_ref().and_then(|set| set.user.as_ref());
        if let Some(user) = user {
            let numbered = format!("<at id=\"{}\">", mention.id);
            let id = raw_id(&user.id).replace(['"', '<', '>', '&'], "");
            html = html.replace(&numbered, &format!("<at id=\"{id}\">"));
        }
    }
    for quote in message.attachments.iter().filter(|a| is_quote(a)) {
        html = html.replace(
            &format!("<attachment id=\"{}\"></attachment>", quote.id),
            "",
        );
    }
    html
}

fn is_quote(attachment: &wire::Attachment) -> bool {
    [wire::MESSAGE_REFERENCE, wire::FORWARDED].contains(&attachment.content_type.as_str())
}

fn quoted(eyes: &Eyes, attachment: &wire::Attachment) -> Option<Quoted> {
    if !is_quote(attachment) {
        return None;
    }
    let content = attachment.content.as_deref()?;
    let reference: wire::MessageReference = serde_json::from_str(content).ok()?;
    let sender = reference.message_sender.as_ref();
    let id = text::line(&reference.message_id);
    Some(Quoted {
        id: (!id.is_empty()).then(|| MessageId::new(&id)),
        name: sender
            .and_then(|set| somebody(eyes, set))
            .map_or_else(String::new, |who| who.name),
        text: text::line(&reference.message_preview),
    })
}

/// Files, cards and media; a quote is none.
fn attachment(attachment: &wire::Attachment) -> Option<Attachment> {
    if is_quote(attachment) {
        return None;
    }
    let kind = match attachment.content_type.as_str() {
        wire::REFERENCE => AttachmentKind::File,
        kind if kind.starts_with("image/") => AttachmentKind::Image,
        _ => AttachmentKind::Other,
    };
    let page = attachment
        .content_url
        .as_deref()
        .and_then(|url| Url::parse(url).ok());
    let page = page.filter(|url| matches!(url.scheme(), "http" | "https"));
    let name = attachment.name.as_deref().unwrap_or_default();
    let card = attachment.content_type.contains(".card.") && name.is_empty();
    Some(Attachment {
        id: text::line(&attachment.id),
        kind,
        name: if card {
            "card".to_owned()
        } else {
            text::name(name)
        },
        // It lies on another host, which does not get our token.
        url: None,
        preview: page.map(|url| text::line(url.as_str())),
    })
}

fn reactions(eyes: &Eyes, all: &[wire::Reaction]) -> Vec<Reacted> {
    let mut counted: Vec<Reacted> = Vec::new();
    for reaction in all {
        let kind = text::name(&reaction.reaction_type);
        let by = reaction.user.as_ref().and_then(|set| somebody(eyes, set));
        let mine = by.is_some_and(|who| who.id == eyes.me);
        match counted.iter_mut().find(|known| known.kind == kind) {
            Some(known) => {
                known.people += 1;
                known.mine |= mine;
            }
            None => counted.push(Reacted {
                kind,
                people: 1,
                mine,
            }),
        }
    }
    counted
}

fn system(eyes: &Eyes, event: &EventMessageDetail) -> Body {
    let by = || event.initiator.as_ref().and_then(|set| somebody(eyes, set));
    let people = || event.members.iter().map(|who| person(eyes, who)).collect();
    Body::System(match event.name() {
        "callStarted" => SystemEvent::CallStarted { by: by() },
        "callEnded" => SystemEvent::CallEnded {
            seconds: event.duration_seconds(),
            people: event.call_participants.len(),
        },
        "callRecording" => SystemEvent::Recording(match event.call_recording_status.as_deref() {
            Some("success") => RecordingState::Saved,
            Some("failure") => RecordingState::Failed,
            _ => RecordingState::Begun,
        }),
        "callTranscript" => SystemEvent::TranscriptAvailable,
        "chatRenamed" => SystemEvent::TopicChanged {
            topic: text::line(event.chat_display_name.as_deref().unwrap_or_default()),
            by: by(),
        },
        "membersAdded" => SystemEvent::Added {
            people: people(),
            by: by(),
        },
        "membersDeleted" => SystemEvent::Removed {
            people: people(),
            by: by(),
        },
        "membersJoined" => SystemEvent::Added {
            people: people(),
            by: None,
        },
        "membersLeft" => SystemEvent::Removed {
            people: people(),
            by: None,
        },
        "messagePinned" => SystemEvent::Pinned {
            pinned: true,
            by: by(),
        },
        "messageUnpinned" => SystemEvent::Pinned {
            pinned: false,
            by: by(),
        },
        "meetingPolicyUpdated" => {
            SystemEvent::ChatEnabled(event.meeting_chat_enabled.unwrap_or(true))
        }
        other => return Body::Unknown(text::line(other)),
    })
}

/// A row of the list; who is in it makes the name of a chat without one.
pub(super) fn listed(eyes: &Eyes, chat: &Chat) -> Listed {
    let members = chat.members.iter().flatten();
    let others: Vec<String> = members
        .filter_map(|who| member(eyes, who))
        .filter(|who| who.id != eyes.me)
        .map(|who| who.name)
        .collect();
    let topic = text::name(chat.topic.as_deref().unwrap_or_default());
    let newest = chat.last_message_preview.as_ref();
    let from = newest.and_then(|m| somebody(eyes, m.from.as_ref()?));
    let written = newest.and_then(|m| time(m.created_date_time.as_ref()));
    let read = chat.viewpoint.as_ref();
    let read = read.and_then(|v| time(v.last_message_read_date_time.as_ref()));
    let theirs = from.as_ref().is_some_and(|who| who.id != eyes.me);
    let words = newest
        .and_then(|m| m.body.as_ref())
        .map(|body| match body.content_type {
            BodyType::Text => text::line(&body.content),
            _ => text::line(&eyes.words(&body.content, &mut Vec::new()).0.to_text()),
        });
    Listed {
        id: ThreadId::new(&text::line(&chat.id)),
        topic: if topic.is_empty() {
            others.join(", ")
        } else {
            topic
        },
        kind: match chat.chat_type {
            ChatType::OneOnOne => ThreadKind::OneOnOne,
            ChatType::Group | ChatType::Unknown(_) => ThreadKind::Group,
            ChatType::Meeting => ThreadKind::Meeting,
        },
        unread: theirs && written > read,
        meeting: chat
            .online_meeting_info
            .as_ref()
            .and_then(|info| info.join_web_url.as_deref())
            .map(text::line),
        preview: from
            .zip(words)
            .map(|(who, words)| (who.name, words.chars().take(PREVIEW).collect())),
    }
}

pub(super) fn presence(availability: &Availability) -> Presence {
    match availability {
        Availability::Available | Availability::AvailableIdle => Presence::Available,
        Availability::Busy | Availability::BusyIdle => Presence::Busy,
        Availability::DoNotDisturb => Presence::DoNotDisturb,
        Availability::BeRightBack => Presence::BeRightBack,
        Availability::Away => Presence::Away,
        Availability::Offline => Presence::Offline,
        Availability::PresenceUnknown | Availability::Unknown(_) => {
            Presence::Other(text::line(availability.as_str()))
        }
    }
}

pub(super) fn availability(presence: &Presence) -> Availability {
    match presence {
        Presence::Available => Availability::Available,
        Presence::Busy => Availability::Busy,
        Presence::DoNotDisturb => Availability::DoNotDisturb,
        Presence::BeRightBack => Availability::BeRightBack,
        Presence::Away => Availability::Away,
        Presence::Offline => Availability::Offline,
        Presence::Other(name) => Availability::from(name.clone()),
    }
}

/// What is sent for a draft: plain words as text, mentions as markup with a list.
pub(super) fn outgoing(draft: &Draft) -> wire::SendMessage {
    let mut request = wire::SendMessage {
        body: wire::ItemBody::text(&draft.text),
        importance: match draft.importance {
            message::Importance::Normal => None,
            message::Importance::High => Some(wire::Importance::High),
            message::Importance::Urgent => Some(wire::Importance::Urgent),
        },
        ..wire::SendMessage::default()
    };
    if draft.mentions.is_empty() {
        return request;
    }
    let numbers: Vec<String> = (0..draft.mentions.len()).map(|n| n.to_string()).collect();
    let number = |id: &str| draft.mentions.iter().position(|who| who.id.as_str() == id);
    let written = pieces(&draft.text, &draft.mentions);
    let written: Vec<Piece<'_>> = written
        .into_iter()
        .map(|piece| match piece {
            Piece::Mention { id, name } => Piece::Mention {
                id: number(id).map_or("0", |at| numbers[at].as_str()),
                name,
            },
            text @ Piece::Text(_) => text,
        })
        .collect();
    request.body = wire::ItemBody::html(&html::write(None, &written));
    request.mentions = draft
        .mentions
        .iter()
        .zip(0..)
        .map(|(who, id)| mention(who, id))
        .collect();
    request
}

fn mention(who: &Person, id: i64) -> wire::Mention {
    let user = Identity {
        id: graph_id(&who.id).to_owned(),
        display_name: Some(who.name.clone()),
        user_identity_type: Some(wire::AAD_USER.to_owned()),
        ..Identity::default()
    };
    wire::Mention {
        id,
        mention_text: Some(who.name.clone()),
        mentioned: Some(IdentitySet::user(user)),
    }
}

/// Whether a message of ours says what a draft said: whether the draft arrived.
pub(super) fn is_sent(eyes: &Eyes, message: &ChatMessage, draft: &Draft) -> bool {
    let Some(read) = self::message(eyes, message) else {
        return false;
    };
    let shown: String = read.text().split_whitespace().collect();
    // A mention is shown without its sign.
    let mut wanted = draft.text.clone();
    for who in &draft.mentions {
        wanted = wanted.replace(&format!("@{}", who.name), &who.name);
    }
    let wanted: String = wanted.split_whitespace().collect();
    read.mine && shown == wanted
}

const PREVIEW: usize = 80;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ada() -> Eyes {
        let me = User {
            id: "a".to_owned(),
            display_name: Some("Ada".to_owned()),
            ..User::default()
        };
        eyes(&me, "https://graph.example/v1.0".parse().unwrap())
    }

    fn read(value: serde_json::Value) -> Message {
        message(&ada(), &serde_json::from_value(value).unwrap()).unwrap()
    }

    #[test]
    fn a_mention_of_me_is_found_by_its_number_and_reactions_are_counted() {
        let read = read(
            json!({ "id": "17", "messageType": "message", "createdDateTime": "2026-11-23T08:00:00Z",
            "from": { "user": { "id": "b", "displayName": "Bob\u{1b}[31m" } },
            "body": { "contentType": "html", "content": "<p>Hello <at id=\"0\">Ada</at></p>" },
            "mentions": [{ "id": 0, "mentionText": "Ada", "mentioned": { "user": { "id": "a" } } }],
            "reactions": [{ "reactionType": "like", "user": { "user": { "id": "a" } } },
                          { "reactionType": "like", "user": { "user": { "id": "c" } } }] }),
        );
        assert!(read.mentions_me && !read.mine);
        assert_eq!(read.sender.as_ref().unwrap().name, "Bob [31m");
        assert_eq!(read.text(), "Hello Ada");
        let like = Reacted {
            kind: "like".to_owned(),
            people: 2,
            mine: true,
        };
        assert_eq!(read.reactions, [like]);
    }

    #[test]
    fn a_quote_is_an_answer_and_not_an_attachment() {
        let read = read(json!({ "id": "17", "from": { "user": { "id": "a" } },
            "body": { "contentType": "html", "content": "<attachment id=\"16\"></attachment><p>yes</p>" },
            "attachments": [{ "id": "16", "contentType": "messageReference",
                "content": "{\"messageId\":\"16\",\"messagePreview\":\"earlier\",\"messageSender\":{\"user\":{\"id\":\"b\",\"displayName\":\"Bob\"}}}" }] }));
        assert_eq!((read.text().as_str(), read.mine), ("yes", true));
        assert_eq!(read.reply_to.unwrap().text, "earlier");
        assert_eq!(read.attachments, []);
    }

    #[test]
    fn system_events_are_facts_and_unknown_ones_keep_their_name() {
        let event = |detail: serde_json::Value| {
            let body =
                json!({ "id": "1", "messageType": "systemEventMessage", "eventDetail": detail });
            read(body).body
        };
        let ended = event(
            json!({ "@odata.type": "#microsoft.graph.callEndedEventMessageDetail", "callDuration": "PT31M12S" }),
        );
        let expected = SystemEvent::CallEnded {
            seconds: Some(1872),
            people: 0,
        };
        assert!(ended == Body::System(expected));
        let odd = event(json!({ "@odata.type": "#microsoft.graph.tabUpdatedEventMessageDetail" }));
        assert!(odd == Body::Unknown("tabUpdated".to_owned()));
    }

    #[test]
    fn what_was_sent_is_recognised_when_it_is_read_again() {
        let draft = Draft {
            text: "hi @Bob Ito, see <this>".to_owned(),
            mentions: vec![Person::new("8:orgid:b", "Bob Ito")],
            ..Draft::default()
        };
        let sent = outgoing(&draft);
        assert_eq!(
            sent.mentions[0]
                .mentioned
                .as_ref()
                .unwrap()
                .user
                .as_ref()
                .unwrap()
                .id,
            "b"
        );
        let listed = ChatMessage {
            id: "17".to_owned(),
            from: Some(IdentitySet::user(Identity {
                id: "a".to_owned(),
                ..Identity::default()
            })),
            body: sent.body,
            mentions: sent.mentions,
            ..ChatMessage::default()
        };
        assert!(is_sent(&ada(), &listed, &draft));
        assert!(!is_sent(
            &ada(),
            &listed,
            &Draft {
                text: "hi".to_owned(),
                ..Draft::default()
            }
        ));
    }
}
