//! What the service says as what the program knows: messages, people, events.
//!
//! Everything is cleaned here, once: nothing behind this module can steer a terminal.

mod outgoing;

pub(super) use outgoing::Format;
pub(super) use outgoing::outgoing;

use crate::chat::eyes::Eyes;
use crate::clock::Timestamp;
use crate::model::identity::Person;
use crate::model::message::Attachment;
use crate::model::message::AttachmentKind;
use crate::model::message::Body;
use crate::model::message::ClientMessageId;
use crate::model::message::Importance;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::SystemEvent;
use crate::model::message::Version;
use crate::model::text;
use crate::wire::acs::chat::ChatAttachment;
use crate::wire::acs::chat::ChatAttachmentType;
use crate::wire::acs::chat::ChatMessage;
use crate::wire::acs::chat::ChatMessageContent;
use crate::wire::acs::chat::ChatMessageType;
use crate::wire::acs::chat::ChatParticipant;
use crate::wire::acs::chat::Metadata;
use crate::wire::acs::chat::PolicyViolation;
use crate::wire::acs::identifier::CommunicationIdentifierModel;
use crate::wire::acs::notification::ChatMessageDeleted;
use crate::wire::acs::notification::ChatMessageEdited;
use crate::wire::acs::notification::ChatMessageReceived;
use crate::wire::acs::notification::Participant;
use crate::wire::acs::notification::Participation;

/// The metadata key under which our own id for a message travels: the stream's own member
/// for it comes back empty.
pub(super) const CLIENT_ID: &str = "sidetoneClientMessageId";

impl Eyes {
    fn identified(&self, who: &CommunicationIdentifierModel) -> Option<Person> {
        Some(self.person(&text::line(&who.to_raw_id()?), ""))
    }

    pub(super) fn participant(&self, who: &ChatParticipant) -> Option<Person> {
        let id = who.communication_identifier.to_raw_id()?;
        let name = who.display_name.as_deref().unwrap_or_default();
        Some(self.person(&text::line(&id), name))
    }

    pub(super) fn member(&self, who: &Participant) -> Option<Person> {
        let id = text::line(&who.participant_id);
        (!id.is_empty()).then(|| self.person(&id, &who.display_name))
    }

    /// A message as REST lists it; `None` without an id.
    pub(super) fn listed(&self, message: &ChatMessage) -> Option<Message> {
        let id = text::line(&message.id);
        if id.is_empty() {
            return None;
        }
        let content = message.content.clone().unwrap_or_default();
        let name = message.sender_display_name.as_deref().unwrap_or_default();
        let sender = message
            .sender_communication_identifier
            .as_ref()
            .and_then(CommunicationIdentifierModel::to_raw_id)
            .map(|raw| self.person(&text::line(&raw), name));
        let blocked = message
            .policy_violation
            .as_ref()
            .is_some_and(PolicyViolation::blocks_content);
        let body = if message.deleted_on.is_some() {
            Raw::Deleted
        } else if blocked {
            Raw::Blocked
        } else {
            self.listed_body(&message.kind, &content)
        };
        let source = Source {
            version: version(&message.version, &id),
            created: time(&message.created_on, &id),
            edited: message.edited_on.as_deref().and_then(Timestamp::parse),
            id,
            sender,
            metadata: &message.metadata,
            attachments: &content.attachments,
            origin: Origin::Rest,
        };
        Some(self.assemble(source, body))
    }

    fn listed_body(&self, kind: &ChatMessageType, content: &ChatMessageContent) -> Raw {
        let words = || {
            content
                .message
                .as_ref()
                .map(|message| message.as_str().to_owned())
                .unwrap_or_default()
        };
        let by = || {
            let who = content.initiator_communication_identifier.as_ref()?;
            self.identified(who)
        };
        let people = || {
            let who = content.participants.iter();
            who.filter_map(|who| self.participant(who)).collect()
        };
        match kind {
            ChatMessageType::Text => Raw::Text(words()),
            ChatMessageType::Html => Raw::Html(words()),
            ChatMessageType::TopicUpdated => Raw::System(SystemEvent::TopicChanged {
                topic: text::line(content.topic.as_ref().map_or("", |topic| topic.as_str())),
                by: by(),
            }),
            ChatMessageType::ParticipantAdded => Raw::System(SystemEvent::Added {
                people: people(),
                by: by(),
            }),
            ChatMessageType::ParticipantRemoved => Raw::System(SystemEvent::Removed {
                people: people(),
                by: by(),
            }),
            ChatMessageType::Unknown(name) => Raw::Unknown(text::line(name)),
        }
    }

    pub(super) fn received(&self, event: &ChatMessageReceived) -> Message {
        self.pushed(event, None)
    }

    pub(super) fn edited(&self, event: &ChatMessageEdited) -> Message {
        let at = &event.message.at;
        let first = || time(&at.original_arrival_time, &at.message_id);
        let edited = Timestamp::parse(&event.edittime).unwrap_or_else(first);
        self.pushed(&event.message, Some(edited))
    }

    fn pushed(&self, event: &ChatMessageReceived, edited: Option<Timestamp>) -> Message {
        let words = event.message_body.as_str().to_owned();
        let blocked = event
            .policy_violation
            .as_ref()
            .is_some_and(PolicyViolation::blocks_content);
        let body = match ChatMessageType::from(event.at.message_type.clone()) {
            _ if blocked => Raw::Blocked,
            ChatMessageType::Text => Raw::Text(words),
            ChatMessageType::Html => Raw::Html(words),
            ChatMessageType::TopicUpdated
            | ChatMessageType::ParticipantAdded
            | ChatMessageType::ParticipantRemoved
            | ChatMessageType::Unknown(_) => Raw::Unknown(text::line(&event.at.message_type)),
        };
        let source = Source {
            edited,
            metadata: &event.acs_chat_message_metadata,
            attachments: &event.attachments,
            ..self.source(&event.at)
        };
        self.assemble(source, body)
    }

    pub(super) fn deleted(&self, event: &ChatMessageDeleted) -> Message {
        self.assemble(self.source(&event.at), Raw::Deleted)
    }

    fn source(&self, at: &Participation) -> Source<'static> {
        static NOTHING: Metadata = Metadata::new();
        let id = text::line(&at.message_id);
        Source {
            version: version(&at.version, &id),
            created: time(&at.original_arrival_time, &id),
            edited: None,
            id,
            sender: Some(self.person(&text::line(&at.sender_id), &at.sender_display_name)),
            metadata: &NOTHING,
            attachments: &[],
            origin: Origin::Event,
        }
    }

    fn assemble(&self, source: Source<'_>, body: Raw) -> Message {
        let mine = source.sender.as_ref().is_some_and(|who| who.id == self.me);
        let mut attachments: Vec<Attachment> = source
            .attachments
            .iter()
            .map(|a| self.attachment(a, source.origin))
            .collect();
        let (mut mentions_me, mut reply_to) = (false, None);
        let body = match body {
            Raw::Text(words) => {
                let read = self.read_text(&words);
                mentions_me = read.mentions_me;
                Body::Text(read.rich)
            }
            Raw::Html(html) => {
                let read = self.read_html(&html, &mut attachments);
                (mentions_me, reply_to) = (read.mentions_me, read.reply_to);
                Body::Text(read.rich)
            }
            Raw::Deleted => Body::Deleted,
            Raw::Blocked => Body::Blocked,
            Raw::System(event) => Body::System(event),
            Raw::Unknown(name) => Body::Unknown(name),
        };
        if matches!(body, Body::Deleted | Body::Blocked) {
            attachments.clear();
        }
        Message {
            id: MessageId::new(&source.id),
            version: source.version,
            client_id: client_id(source.metadata),
            sender: source.sender,
            mine,
            body,
            created: source.created,
            edited: source.edited,
            mentions_me: mentions_me && !mine,
            attachments,
            reply_to,
            reactions: Vec::new(),
            importance: Importance::Normal,
        }
    }

    fn attachment(&self, attachment: &ChatAttachment, origin: Origin) -> Attachment {
        let kind = match attachment.attachment_type {
            ChatAttachmentType::Image => AttachmentKind::Image,
            ChatAttachmentType::File => AttachmentKind::File,
            ChatAttachmentType::Unknown(_) => AttachmentKind::Other,
        };
        // A file's preview is a web page of its own; an image is the endpoint's.
        let ours = kind == AttachmentKind::Image && origin == Origin::Event;
        let address = |url: Option<&str>| {
            let url = url.filter(|url| !url.is_empty())?;
            self.address(url, ours)
        };
        Attachment {
            id: text::line(&attachment.id),
            kind,
            name: text::name(attachment.name.as_ref().map_or("", |name| name.as_str())),
            url: address(attachment.url.as_deref()),
            preview: address(attachment.preview_url.as_deref()),
        }
    }
}

/// Everything of a message but its words.
struct Source<'a> {
    id: String,
    version: Version,
    sender: Option<Person>,
    created: Timestamp,
    edited: Option<Timestamp>,
    metadata: &'a Metadata,
    attachments: &'a [ChatAttachment],
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Rest,
    Event,
}

/// A body before it was read.
enum Raw {
    Text(String),
    Html(String),
    Deleted,
    Blocked,
    System(SystemEvent),
    Unknown(String),
}

pub(super) fn client_id(metadata: &Metadata) -> Option<ClientMessageId> {
    let id = metadata.get(CLIENT_ID).filter(|id| !id.is_empty())?;
    Some(ClientMessageId::new(id))
}

/// Equal to the id until the message is changed; so is one that is missing.
fn version(version: &str, id: &str) -> Version {
    let number = version.parse().or_else(|_| id.parse());
    Version(number.unwrap_or_default())
}

/// An unreadable time is the id's, which counts milliseconds.
fn time(time: &str, id: &str) -> Timestamp {
    Timestamp::parse(time).unwrap_or_else(|| Timestamp::from_millis(id.parse().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::eyes::eyes;

    fn listed(value: serde_json::Value) -> Message {
        let message: ChatMessage = serde_json::from_value(value).unwrap();
        eyes().listed(&message).unwrap()
    }

    fn words(message: &Message) -> String {
        match &message.body {
            Body::Text(rich) => rich.to_text(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_listed_message_is_mine_by_my_raw_id() {
        let mut message = json!({
            "id": "1697712387445", "type": "text", "sequenceId": "3", "version": "1697712387445",
            "content": {"message": "hi\u{1b}[31m there"}, "senderDisplayName": "Ada\u{202e}",
            "createdOn": "2023-10-19T10:46:27Z",
            "senderCommunicationIdentifier": {"communicationUser": {"id": "8:acs:r_me"}},
            "metadata": {"sidetoneClientMessageId": "c1"}
        });
        let read = listed(message.clone());
        assert!(read.mine);
        assert_eq!(read.client_id, Some(ClientMessageId::new("c1")));
        assert_eq!(words(&read), "hi[31m there");
        assert_eq!(read.sender.unwrap().name, "Ada");
        message["senderCommunicationIdentifier"] = json!({"rawId": "8:acs:r_you"});
        assert!(!listed(message).mine);
    }

    #[test]
    fn deleted_and_blocked_messages_have_no_words() {
        let deleted = listed(json!({"id": "1", "type": "text", "version": "2",
            "content": {"message": "secret"}, "deletedOn": "2023-10-19T10:46:27Z"}));
        assert_eq!(deleted.body, Body::Deleted);
        let blocked = listed(json!({"id": "1", "type": "html", "version": "2",
            "content": {"message": ""}, "policyViolation": {"result": "contentBlocked"}}));
        assert_eq!(blocked.body, Body::Blocked);
    }

    #[test]
    fn system_messages_name_people_where_they_are_known() {
        let mut eyes = eyes();
        eyes.remember(&[Person::new("8:acs:r_b", "Bob")]);
        let message: ChatMessage = serde_json::from_value(json!({"id": "1", "type": "participantAdded", "version": "1",
            "content": {"participants": [{"communicationIdentifier": {"rawId": "8:acs:r_c"}, "displayName": "Cyd"}],
                        "initiatorCommunicationIdentifier": {"rawId": "8:acs:r_b"}}}))
        .unwrap();
        let Body::System(SystemEvent::Added { people, by }) = eyes.listed(&message).unwrap().body
        else {
            panic!("no system message");
        };
        assert_eq!(
            (people[0].name.as_str(), by.unwrap().name.as_str()),
            ("Cyd", "Bob")
        );
    }

    #[test]
    fn an_image_in_an_event_is_fetched_from_our_endpoint_and_a_file_is_left_where_it_is() {
        let event = ChatMessageReceived {
            at: Participation {
                message_id: "7".to_owned(),
                message_type: "RichText/Html".to_owned(),
                ..Participation::default()
            },
            attachments: serde_json::from_value(json!([
                {"id": "i", "attachmentType": "image", "name": "i.png", "url": "https://other.example/chat/i?api-version=1", "previewUrl": "/chat/p"},
                {"id": "f", "attachmentType": "file", "name": "r.pdf", "url": "", "previewUrl": "https://files.example/r"}
            ])).unwrap(),
            ..ChatMessageReceived::default()
        };
        let read = eyes().received(&event).attachments;
        assert_eq!(
            read[0].url.as_deref(),
            Some("https://chat.example/chat/i?api-version=1")
        );
        assert_eq!(
            read[0].preview.as_deref(),
            Some("https://chat.example/chat/p")
        );
        assert_eq!(read[1].url, None);
        assert_eq!(read[1].preview.as_deref(), Some("https://files.example/r"));
    }

    #[test]
    fn an_edit_keeps_its_first_time_and_raises_its_version() {
        let event = ChatMessageEdited {
            message: ChatMessageReceived {
                at: Participation {
                    message_id: "5".to_owned(),
                    version: "9".to_owned(),
                    message_type: "Text".to_owned(),
                    original_arrival_time: "2026-11-23T17:00:40.156Z".to_owned(),
                    ..Participation::default()
                },
                message_body: "new".into(),
                ..ChatMessageReceived::default()
            },
            edittime: "2026-11-23T17:01:00.000Z".to_owned(),
            ..ChatMessageEdited::default()
        };
        let read = eyes().edited(&event);
        assert_eq!(read.version, Version(9));
        assert!(read.edited > Some(read.created));
        assert_eq!(words(&read), "new");
    }
}
