//! A change as clients are told of it: the ten events, and the request that carries one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::clock::Timestamp;
use crate::service::chat;
use crate::service::http;
use crate::service::store;
use crate::service::store::Body;
use crate::service::store::Change;
use crate::service::store::Message;
use crate::service::store::Retention;
use crate::service::store::What;
use crate::service::store::Who;
use crate::wire::acs::notification::ChatMessageDeleted;
use crate::wire::acs::notification::ChatMessageEdited;
use crate::wire::acs::notification::ChatMessageReceived;
use crate::wire::acs::notification::ChatThreadCreated;
use crate::wire::acs::notification::ChatThreadDeleted;
use crate::wire::acs::notification::ChatThreadPropertiesUpdated;
use crate::wire::acs::notification::Notification;
use crate::wire::acs::notification::Participant;
use crate::wire::acs::notification::ParticipantsAdded;
use crate::wire::acs::notification::ParticipantsRemoved;
use crate::wire::acs::notification::Participation;
use crate::wire::acs::notification::Properties;
use crate::wire::acs::notification::ReadReceiptBody;
use crate::wire::acs::notification::ReadReceiptReceived;
use crate::wire::acs::notification::RetentionPolicy;
use crate::wire::acs::notification::ThreadLevel;
use crate::wire::acs::notification::TypingIndicatorReceived;
use crate::wire::acs::realtime::TrouterRequest;

/// A change that many connections share; encoded once, by the first that needs it.
pub(super) struct Shared {
    change: Change,
    encoded: OnceLock<Encoded>,
}

/// The body as JSON text inside a JSON string, cut where each recipient's id goes.
struct Encoded {
    name: &'static str,
    before_id: String,
    before_mri: String,
    rest: String,
}

impl Shared {
    pub(super) fn new(change: Change) -> Self {
        Self {
            change,
            encoded: OnceLock::new(),
        }
    }

    /// The request for `to` at the address `path`, numbered `id` on its connection.
    pub(super) fn request(&self, to: &str, path: &str, id: u64) -> String {
        let encoded = self.encoded.get_or_init(|| encode(&self.change));
        let request = TrouterRequest {
            id,
            method: "POST".to_owned(),
            url: format!("/v4/f/{path}/{}", encoded.name),
            headers: headers(),
            body: "".into(),
        };
        let mut text = serde_json::to_string(&request).unwrap_or_default();
        // The body is the last member and empty so far.
        text.truncate(text.len().saturating_sub("\"}".len()));
        let mri = escaped(&escaped(to));
        text.push_str(&encoded.before_id);
        text.push_str(mri.strip_prefix("8:").unwrap_or(&mri));
        text.push_str(&encoded.before_mri);
        text.push_str(&mri);
        text.push_str(&encoded.rest);
        text.push_str("\"}");
        text
    }
}

fn headers() -> BTreeMap<String, String> {
    let id = uuid::Uuid::new_v4();
    let request = format!(r#"{{"id":"{id}","src":"sidetone","port":3443}}"#);
    let headers = [
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
        ("MS-CV", format!("{}.1", http::correlation_vector())),
        ("Trouter-Timeout", "10000".to_owned()),
        ("X-Microsoft-Skype-Chain-ID", id.to_string()),
        ("trouter-request", request),
    ];
    headers.map(|(name, value)| (name.to_owned(), value)).into()
}

fn encode(change: &Change) -> Encoded {
    // Nobody can know it, so nothing anybody wrote can contain it.
    let mark = format!("{:032x}", fastrand::u128(..));
    let notification = notification(change, &format!("{mark}i"), &format!("{mark}m"));
    let body = escaped(&notification.encode());
    let (before_id, body) = cut(&body, &format!("{mark}i"));
    let (before_mri, rest) = cut(body, &format!("{mark}m"));
    Encoded {
        name: notification.name(),
        before_id: before_id.to_owned(),
        before_mri: before_mri.to_owned(),
        rest: rest.to_owned(),
    }
}

fn cut<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    text.split_once(mark)
        .expect("every event names its recipient, id first")
}

/// As the inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The event for the recipient of these two ids.
fn notification(change: &Change, recipient_id: &str, recipient_mri: &str) -> Notification {
    let to = Recipient {
        change,
        id: recipient_id,
        mri: recipient_mri,
    };
    match &change.what {
        What::MessageReceived(message) => Notification::ChatMessageReceived(to.message(message)),
        What::MessageEdited(message) => Notification::ChatMessageEdited(ChatMessageEdited {
            edittime: message.edited.unwrap_or(change.at).to_string(),
            composetime: message.created.to_string(),
            message: to.message(message),
        }),
        What::MessageDeleted(message) => Notification::ChatMessageDeleted(ChatMessageDeleted {
            at: to.about(message),
            composetime: message.created.to_string(),
            deletetime: message.deleted.unwrap_or(change.at).to_string(),
        }),
        What::Typing { by } => {
            Notification::TypingIndicatorReceived(TypingIndicatorReceived { at: to.typing(by) })
        }
        What::Read { by, message } => Notification::ReadReceiptReceived(to.receipt(by, *message)),
        What::ThreadCreated {
            by,
            properties,
            members,
        } => Notification::ChatThreadCreated(ChatThreadCreated {
            at: to.thread(Some(by)),
            create_time: properties.created.to_string(),
            created_by: person(by),
            members: members.iter().map(participant).collect(),
            properties: described(properties),
        }),
        What::ThreadUpdated { by, properties } => {
            Notification::ChatThreadPropertiesUpdated(ChatThreadPropertiesUpdated {
                at: to.thread(Some(by)),
                create_time: properties.created.to_string(),
                edit_time: change.at.to_string(),
                edited_by: person(by),
                properties: described(properties),
            })
        }
        What::ThreadDeleted { by } => Notification::ChatThreadDeleted(ChatThreadDeleted {
            at: to.thread(by.as_ref()),
            create_time: String::new(),
            delete_time: change.at.to_string(),
            deleted_by: by.as_ref().map(person).unwrap_or_default(),
            reason: match by {
                Some(_) => "deletedByUser",
                None => "deletedByPolicy",
            }
            .to_owned(),
        }),
        What::ParticipantsAdded { by, who } => Notification::ParticipantsAdded(ParticipantsAdded {
            at: to.thread(Some(by)),
            create_time: String::new(),
            time: change.at.to_string(),
            added_by: person(by),
            participants_added: who.iter().map(participant).collect(),
        }),
        What::ParticipantsRemoved { by, who } => {
            Notification::ParticipantsRemoved(ParticipantsRemoved {
                at: to.thread(Some(by)),
                create_time: String::new(),
                time: change.at.to_string(),
                removed_by: person(by),
                participants_removed: who.iter().map(participant).collect(),
            })
        }
    }
}

/// A change as one recipient sees it.
struct Recipient<'a> {
    change: &'a Change,
    id: &'a str,
    mri: &'a str,
}

impl Recipient<'_> {
    fn participation(&self, sender: &str) -> Participation {
        Participation {
            sender_id: sender.to_owned(),
            recipient_id: self.id.to_owned(),
            recipient_mri: self.mri.to_owned(),
            group_id: self.change.thread.to_string(),
            version: self.change.version.to_string(),
            original_arrival_time: self.change.at.to_string(),
            ..Participation::default()
        }
    }

    fn about(&self, message: &Message) -> Participation {
        Participation {
            message_id: message.id.to_string(),
            message_type: match &message.body {
                Body::Html { .. } => "RichText/Html",
                Body::Other { kind, .. } => kind,
                Body::Text(_)
                | Body::TopicUpdated { .. }
                | Body::ParticipantAdded { .. }
                | Body::ParticipantRemoved { .. } => "Text",
            }
            .to_owned(),
            sender_display_name: message.sender_name.clone(),
            original_arrival_time: message.created.to_string(),
            version: message.version.to_string(),
            ..self.participation(message.sender.as_deref().unwrap_or_default())
        }
    }

    fn message(&self, message: &Message) -> ChatMessageReceived {
        let (content, attachments) = match &message.body {
            Body::Text(content) | Body::Other { content, .. } => (content.as_str(), Vec::new()),
            Body::Html {
                content,
                attachments,
            } => (
                content.as_str(),
                attachments.iter().map(chat::attachment).collect(),
            ),
            Body::TopicUpdated { .. }
            | Body::ParticipantAdded { .. }
            | Body::ParticipantRemoved { .. } => ("", Vec::new()),
        };
        ChatMessageReceived {
            at: self.about(message),
            message_body: content.into(),
            acs_chat_message_metadata: message.metadata.clone(),
            attachments,
            policy_violation: None,
        }
    }

    fn typing(&self, by: &Who) -> Participation {
        Participation {
            message_id: self.change.version.to_string(),
            message_type: "Control/Typing".to_owned(),
            sender_display_name: by.display_name.clone().unwrap_or_default(),
            ..self.participation(&by.id)
        }
    }

    fn receipt(&self, by: &str, message: u64) -> ReadReceiptReceived {
        let message_time = i64::try_from(message).unwrap_or(i64::MAX);
        ReadReceiptReceived {
            at: Participation {
                message_id: message.to_string(),
                message_type: "ThreadActivity/MemberConsumptionHorizonUpdate".to_owned(),
                client_message_id: "0".to_owned(),
                ..self.participation(by)
            },
            message_body: ReadReceiptBody::new(by, message_time, self.change.at.as_millis()),
        }
    }

    fn thread(&self, by: Option<&Who>) -> ThreadLevel {
        ThreadLevel {
            sender_id: by.map_or_else(String::new, |by| by.id.clone()),
            recipient_id: self.id.to_owned(),
            recipient_mri: self.mri.to_owned(),
            thread_id: self.change.thread.to_string(),
            version: self.change.version.to_string(),
            ..ThreadLevel::default()
        }
    }
}

fn person(who: &Who) -> Participant {
    Participant {
        participant_id: who.id.clone(),
        display_name: who.display_name.clone().unwrap_or_default(),
        ..Participant::default()
    }
}

fn participant(who: &store::Participant) -> Participant {
    let shared = who.share_history;
    Participant {
        participant_id: who.id.clone(),
        display_name: who.display_name.clone().unwrap_or_default(),
        share_history_time: (shared != Timestamp::default()).then(|| shared.as_millis()),
        member_meta_data: who.metadata.clone(),
    }
}

fn described(properties: &store::Properties) -> Properties {
    Properties {
        topic: properties.topic.as_str().into(),
        partner_name: "spool".to_owned(),
        is_migrated: Some(true),
        acs_chat_thread_metadata: properties.metadata.clone(),
        retention_policy: match properties.retention {
            Retention::None => None,
            Retention::DaysAfterCreation(days) => {
                Some(RetentionPolicy::after_creation(u32::from(days)))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn typing(thread: &str, name: &str) -> Change {
        Change {
            thread: Arc::from(thread),
            to: Arc::from([]),
            at: Timestamp::from_millis(1_800_000_000_000),
            version: 7,
            what: What::Typing {
                by: Who {
                    id: "8:acs:r_a".to_owned(),
                    display_name: Some(name.to_owned()),
                },
            },
        }
    }

    #[test]
    fn each_copy_names_its_recipient_and_reads_back() {
        let shared = Shared::new(typing("19:x@thread.v2", "A \"quoted\" näme"));
        for to in ["8:acs:r_b", "8:orgid:c", "48:odd\"one\\"] {
            let text = shared.request(to, "opaque", 3);
            let request: TrouterRequest = serde_json::from_str(&text).unwrap();
            assert_eq!(request.url, "/v4/f/opaque/typingIndicatorReceived");
            assert_eq!(request.id, 3);
            let Notification::TypingIndicatorReceived(read) =
                Notification::decode(&request.body).unwrap()
            else {
                panic!("another event");
            };
            assert_eq!(read.at.recipient_mri, to);
            assert_eq!(read.at.recipient_id, to.strip_prefix("8:").unwrap_or(to));
            assert_eq!(read.at.sender_display_name, "A \"quoted\" näme");
        }
    }
}
