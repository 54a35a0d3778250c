//! The ten events of the real-time stream: the JSON document inside a pushed request's body.

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::chat::ChatAttachment;
use super::chat::Metadata;
use super::nested;
use super::or_default;
use super::redacted::Redacted;
use super::text_or_number;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the event is not readable")]
    Json(#[from] serde_json::Error),
    #[error("event {0} is not known")]
    Unknown(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    ChatMessageReceived(ChatMessageReceived),
    TypingIndicatorReceived(TypingIndicatorReceived),
    ReadReceiptReceived(ReadReceiptReceived),
    ChatMessageEdited(ChatMessageEdited),
    ChatMessageDeleted(ChatMessageDeleted),
    ChatThreadCreated(ChatThreadCreated),
    ChatThreadPropertiesUpdated(ChatThreadPropertiesUpdated),
    ChatThreadDeleted(ChatThreadDeleted),
    ParticipantsAdded(ParticipantsAdded),
    ParticipantsRemoved(ParticipantsRemoved),
}

impl Notification {
    pub fn event_id(&self) -> u16 {
        match self {
            Self::ChatMessageReceived(_) => 200,
            Self::TypingIndicatorReceived(_) => 245,
            Self::ReadReceiptReceived(_) => 246,
            Self::ChatMessageEdited(_) => 247,
            Self::ChatMessageDeleted(_) => 248,
            Self::ChatThreadCreated(_) => 257,
            Self::ChatThreadPropertiesUpdated(_) => 258,
            Self::ChatThreadDeleted(_) => 259,
            Self::ParticipantsAdded(_) => 260,
            Self::ParticipantsRemoved(_) => 261,
        }
    }

    /// The last segment of the request's path, by which mobile clients dispatch.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ChatMessageReceived(_) => "chatMessageReceived",
            Self::TypingIndicatorReceived(_) => "typingIndicatorReceived",
            Self::ReadReceiptReceived(_) => "readReceiptReceived",
            Self::ChatMessageEdited(_) => "chatMessageEdited",
            Self::ChatMessageDeleted(_) => "chatMessageDeleted",
            Self::ChatThreadCreated(_) => "chatThreadCreated",
            Self::ChatThreadPropertiesUpdated(_) => "chatThreadPropertiesUpdated",
            Self::ChatThreadDeleted(_) => "chatThreadDeleted",
            Self::ParticipantsAdded(_) => "participantsAdded",
            Self::ParticipantsRemoved(_) => "participantsRemoved",
        }
    }

    /// The thread the event is about.
    pub fn thread_id(&self) -> &str {
        match self {
            Self::ChatMessageReceived(e) => &e.at.group_id,
            Self::TypingIndicatorReceived(e) => &e.at.group_id,
            Self::ReadReceiptReceived(e) => &e.at.group_id,
            Self::ChatMessageEdited(e) => &e.message.at.group_id,
            Self::ChatMessageDeleted(e) => &e.at.group_id,
            Self::ChatThreadCreated(e) => &e.at.thread_id,
            Self::ChatThreadPropertiesUpdated(e) => &e.at.thread_id,
            Self::ChatThreadDeleted(e) => &e.at.thread_id,
            Self::ParticipantsAdded(e) => &e.at.thread_id,
            Self::ParticipantsRemoved(e) => &e.at.thread_id,
        }
    }

    pub fn decode(body: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind {
            event_id: i64,
        }
        fn read<T: DeserializeOwned>(body: &str) -> Result<T, Error> {
            Ok(serde_json::from_str(body)?)
        }
        let kind: Kind = read(body)?;
        Ok(match kind.event_id {
            200 => Self::ChatMessageReceived(read(body)?),
            245 => Self::TypingIndicatorReceived(read(body)?),
            246 => Self::ReadReceiptReceived(read(body)?),
            247 => Self::ChatMessageEdited(read(body)?),
            248 => Self::ChatMessageDeleted(read(body)?),
            257 => Self::ChatThreadCreated(read(body)?),
            258 => Self::ChatThreadPropertiesUpdated(read(body)?),
            259 => Self::ChatThreadDeleted(read(body)?),
            260 => Self::ParticipantsAdded(read(body)?),
            261 => Self::ParticipantsRemoved(read(body)?),
            other => return Err(Error::Unknown(other)),
        })
    }

    pub fn encode(&self) -> String {
        fn write<T: Serialize>(event_id: u16, event: &T) -> String {
            #[derive(Serialize)]
            #[serde(rename_all = "camelCase")]
            struct Numbered<'a, T> {
                event_id: u16,
                #[serde(flatten)]
                event: &'a T,
            }
            serde_json::to_string(&Numbered { event_id, event })
                .expect("strings and numbers always become JSON")
        }
        let id = self.event_id();
        match self {
            Self::ChatMessageReceived(e) => write(id, e),
            Self::TypingIndicatorReceived(e) => write(id, e),
            Self::ReadReceiptReceived(e) => write(id, e),
            Self::ChatMessageEdited(e) => write(id, e),
            Self::ChatMessageDeleted(e) => write(id, e),
            Self::ChatThreadCreated(e) => write(id, e),
            Self::ChatThreadPropertiesUpdated(e) => write(id, e),
            Self::ChatThreadDeleted(e) => write(id, e),
            Self::ParticipantsAdded(e) => write(id, e),
            Self::ParticipantsRemoved(e) => write(id, e),
        }
    }
}

/// What every participant-level event opens with. `groupId` is the thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Participation {
    /// Raw id, with its prefix.
    pub sender_id: String,
    /// The recipient without `8:`.
    #[serde(deserialize_with = "or_default")]
    pub recipient_id: String,
    pub recipient_mri: String,
    #[serde(deserialize_with = "or_default")]
    pub transaction_id: String,
    pub group_id: String,
    #[serde(deserialize_with = "or_default")]
    pub collapse_id: String,
    #[serde(deserialize_with = "text_or_number")]
    pub message_id: String,
    #[serde(deserialize_with = "or_default")]
    pub message_type: String,
    #[serde(deserialize_with = "or_default")]
    pub sender_display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub client_message_id: String,
    #[serde(deserialize_with = "or_default")]
    pub original_arrival_time: String,
    #[serde(deserialize_with = "or_default")]
    pub priority: String,
    #[serde(deserialize_with = "text_or_number")]
    pub version: String,
}

/// 200.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatMessageReceived {
    #[serde(flatten)]
    pub at: Participation,
    #[serde(deserialize_with = "or_default")]
    pub message_body: Redacted,
    #[serde(with = "nested::plain")]
    pub acs_chat_message_metadata: Metadata,
    #[serde(with = "nested::plain", skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<ChatAttachment>,
    /// Not documented for events; read where it comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_violation: Option<super::chat::PolicyViolation>,
}

/// 247: like 200, with the time of the edit. `originalArrivalTime` stays the first one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatMessageEdited {
    #[serde(flatten)]
    pub message: ChatMessageReceived,
    #[serde(deserialize_with = "or_default")]
    pub edittime: String,
    #[serde(deserialize_with = "or_default")]
    pub composetime: String,
}

/// 248: no body, no metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatMessageDeleted {
    #[serde(flatten)]
    pub at: Participation,
    #[serde(deserialize_with = "or_default")]
    pub deletetime: String,
    #[serde(deserialize_with = "or_default")]
    pub composetime: String,
}

/// 245.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypingIndicatorReceived {
    #[serde(flatten)]
    pub at: Participation,
}

/// 246: `messageId` is the message that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadReceiptReceived {
    #[serde(flatten)]
    pub at: Participation,
    #[serde(with = "nested::plain")]
    pub message_body: ReadReceiptBody,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadReceiptBody {
    pub user: String,
    /// `message time;time of reading;0`, in milliseconds.
    pub consumptionhorizon: String,
    #[serde(rename = "messageVisibilityTime")]
    pub message_visibility_time: i64,
    #[serde(deserialize_with = "text_or_number")]
    pub version: String,
}

impl ReadReceiptBody {
    pub fn new(user: &str, message_time: i64, read_at: i64) -> Self {
        Self {
            user: user.to_owned(),
            consumptionhorizon: format!("{message_time};{read_at};0"),
            message_visibility_time: message_time,
            version: read_at.to_string(),
        }
    }

    /// When the message was read, in milliseconds since 1970.
    pub fn read_at(&self) -> Option<i64> {
        self.consumptionhorizon.split(';').nth(1)?.parse().ok()
    }
}

/// What every thread-level event opens with; `groupId` is empty there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadLevel {
    #[serde(deserialize_with = "or_default")]
    pub sender_id: String,
    #[serde(deserialize_with = "or_default")]
    pub recipient_id: String,
    #[serde(deserialize_with = "or_default")]
    pub recipient_mri: String,
    #[serde(deserialize_with = "or_default")]
    pub transaction_id: String,
    #[serde(deserialize_with = "or_default")]
    pub group_id: String,
    pub thread_id: String,
    /// `chat`.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub thread_type: String,
    #[serde(deserialize_with = "or_default")]
    pub collapse_id: String,
    #[serde(deserialize_with = "text_or_number")]
    pub version: String,
}

/// 257.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatThreadCreated {
    #[serde(flatten)]
    pub at: ThreadLevel,
    #[serde(deserialize_with = "or_default")]
    pub create_time: String,
    #[serde(with = "nested::escaped")]
    pub created_by: Participant,
    #[serde(with = "nested::escaped")]
    pub members: Vec<Participant>,
    #[serde(with = "nested::escaped")]
    pub properties: Properties,
}

/// 258: the complete set of properties, not a patch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatThreadPropertiesUpdated {
    #[serde(flatten)]
    pub at: ThreadLevel,
    #[serde(deserialize_with = "or_default")]
    pub create_time: String,
    #[serde(deserialize_with = "or_default")]
    pub edit_time: String,
    #[serde(with = "nested::escaped")]
    pub edited_by: Participant,
    #[serde(with = "nested::escaped")]
    pub properties: Properties,
}

/// 259.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatThreadDeleted {
    #[serde(flatten)]
    pub at: ThreadLevel,
    #[serde(deserialize_with = "or_default")]
    pub create_time: String,
    #[serde(deserialize_with = "or_default")]
    pub delete_time: String,
    #[serde(with = "nested::escaped")]
    pub deleted_by: Participant,
    /// `deletedByUser` or `deletedByPolicy`.
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
}

/// 260.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParticipantsAdded {
    #[serde(flatten)]
    pub at: ThreadLevel,
    #[serde(deserialize_with = "or_default")]
    pub create_time: String,
    #[serde(deserialize_with = "or_default")]
    pub time: String,
    #[serde(with = "nested::escaped")]
    pub added_by: Participant,
    #[serde(with = "nested::escaped")]
    pub participants_added: Vec<Participant>,
}

/// 261: the removed one gets it as well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParticipantsRemoved {
    #[serde(flatten)]
    pub at: ThreadLevel,
    #[serde(deserialize_with = "or_default")]
    pub create_time: String,
    #[serde(deserialize_with = "or_default")]
    pub time: String,
    #[serde(with = "nested::escaped")]
    pub removed_by: Participant,
    #[serde(with = "nested::escaped")]
    pub participants_removed: Vec<Participant>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Participant {
    pub participant_id: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_history_time: Option<i64>,
    #[serde(with = "nested::plain", skip_serializing_if = "Metadata::is_empty")]
    pub member_meta_data: Metadata,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Properties {
    #[serde(deserialize_with = "or_default")]
    pub topic: Redacted,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub partner_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_migrated: Option<bool>,
    #[serde(with = "nested::plain", skip_serializing_if = "Metadata::is_empty")]
    pub acs_chat_thread_metadata: Metadata,
    #[serde(with = "nested::plain", skip_serializing_if = "Option::is_none")]
    pub retention_policy: Option<RetentionPolicy>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetentionPolicy {
    /// `DeleteAfterCreationTime`; anything else means none.
    pub retention_policy_type: String,
    /// `dd.hh:mm:ss`.
    pub execute_after: String,
}

impl RetentionPolicy {
    pub fn after_creation(days: u32) -> Self {
        Self {
            retention_policy_type: "DeleteAfterCreationTime".to_owned(),
            execute_after: format!("{days}.00:00:00"),
        }
    }

    pub fn days(&self) -> Option<u32> {
        if self.retention_policy_type != "DeleteAfterCreationTime" {
            return None;
        }
        let (days, _) = self.execute_after.split_once('.')?;
        days.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn participant() -> impl Strategy<Value = Participant> {
        (
            "8:acs:[a-z_]{1,8}",
            "[^\\p{C}]{0,8}",
            proptest::option::of(any::<i64>()),
            proptest::collection::btree_map("[a-z]{1,3}", ".{0,5}", 0..2),
        )
            .prop_map(
                |(participant_id, display_name, share_history_time, metadata)| Participant {
                    participant_id,
                    display_name,
                    share_history_time,
                    member_meta_data: metadata,
                },
            )
    }

    fn thread_level() -> impl Strategy<Value = ThreadLevel> {
        ("19:[a-z]{1,6}@thread.v2", "[0-9]{1,13}").prop_map(|(thread_id, version)| ThreadLevel {
            thread_id,
            version,
            ..ThreadLevel::default()
        })
    }

    fn received() -> impl Strategy<Value = ChatMessageReceived> {
        (
            "[0-9]{1,13}",
            ".{0,20}",
            proptest::collection::btree_map("[a-z]{1,3}", ".{0,5}", 0..2),
        )
            .prop_map(|(id, body, metadata)| ChatMessageReceived {
                at: Participation {
                    message_id: id.clone(),
                    version: id,
                    ..Participation::default()
                },
                message_body: body.into(),
                acs_chat_message_metadata: metadata,
                ..ChatMessageReceived::default()
            })
    }

    fn notification() -> impl Strategy<Value = Notification> {
        prop_oneof![
            received().prop_map(Notification::ChatMessageReceived),
            (received(), ".{0,9}").prop_map(|(message, edittime)| {
                Notification::ChatMessageEdited(ChatMessageEdited {
                    message,
                    edittime,
                    composetime: String::new(),
                })
            }),
            received().prop_map(|m| Notification::ChatMessageDeleted(ChatMessageDeleted {
                at: m.at,
                ..ChatMessageDeleted::default()
            })),
            received().prop_map(|m| Notification::TypingIndicatorReceived(
                TypingIndicatorReceived { at: m.at }
            )),
            (received(), any::<i32>(), any::<i32>()).prop_map(|(m, a, b)| {
                Notification::ReadReceiptReceived(ReadReceiptReceived {
                    at: m.at,
                    message_body: ReadReceiptBody::new("8:acs:x", a.into(), b.into()),
                })
            }),
            (
                thread_level(),
                participant(),
                proptest::collection::vec(participant(), 0..3),
                ".{0,12}",
                proptest::option::of(1..90u32)
            )
                .prop_map(|(at, created_by, members, topic, days)| {
                    Notification::ChatThreadCreated(ChatThreadCreated {
                        at,
                        created_by,
                        members,
                        properties: Properties {
                            topic: topic.into(),
                            retention_policy: days.map(RetentionPolicy::after_creation),
                            ..Properties::default()
                        },
                        ..ChatThreadCreated::default()
                    })
                }),
            (thread_level(), participant()).prop_map(|(at, edited_by)| {
                Notification::ChatThreadPropertiesUpdated(ChatThreadPropertiesUpdated {
                    at,
                    edited_by,
                    ..ChatThreadPropertiesUpdated::default()
                })
            }),
            (thread_level(), participant()).prop_map(|(at, deleted_by)| {
                Notification::ChatThreadDeleted(ChatThreadDeleted {
                    at,
                    deleted_by,
                    ..ChatThreadDeleted::default()
                })
            }),
            (
                thread_level(),
                proptest::collection::vec(participant(), 0..3)
            )
                .prop_map(|(at, participants_added)| {
                    Notification::ParticipantsAdded(ParticipantsAdded {
                        at,
                        participants_added,
                        ..ParticipantsAdded::default()
                    })
                }),
            (
                thread_level(),
                proptest::collection::vec(participant(), 0..3)
            )
                .prop_map(|(at, participants_removed)| {
                    Notification::ParticipantsRemoved(ParticipantsRemoved {
                        at,
                        participants_removed,
                        ..ParticipantsRemoved::default()
                    })
                }),
        ]
    }

    proptest! {
        #[test]
        fn every_event_survives_encoding(event in notification()) {
            prop_assert_eq!(Notification::decode(&event.encode()).unwrap(), event);
        }

        #[test]
        fn decoding_never_panics(text in ".{0,60}", id in 190..265) {
            let _ = Notification::decode(&text);
            let text = serde_json::json!({"eventId": id, "createdBy": text, "messageBody": text, "attachments": text}).to_string();
            let _ = Notification::decode(&text);
        }
    }

    #[test]
    fn a_percent_sign_in_a_topic_survives_the_legacy_escapes() {
        let event = Notification::ChatThreadCreated(ChatThreadCreated {
            properties: Properties {
                topic: "100% of %41".into(),
                ..Properties::default()
            },
            ..ChatThreadCreated::default()
        });
        assert!(event.encode().contains("100%25 of %2541"));
        assert_eq!(Notification::decode(&event.encode()).unwrap(), event);
    }

    #[test]
    fn a_quoted_event_id_is_not_recognised() {
        assert!(Notification::decode(r#"{"eventId":"200"}"#).is_err());
        assert!(matches!(
            Notification::decode(r#"{"eventId":999}"#),
            Err(Error::Unknown(999))
        ));
    }
}
