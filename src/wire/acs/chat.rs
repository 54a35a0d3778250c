//! The objects, requests and answers of chat over REST.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::error::CommunicationError;
use super::identifier::CommunicationIdentifierModel;
use super::or_default;
use super::redacted::Redacted;

/// What the vendor's client sends with every operation on threads and messages.
pub const API_VERSION: &str = "2025-03-15";

pub type Metadata = BTreeMap<String, String>;

/// One page of a list; no `nextLink` means the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
pub struct Page<T> {
    #[serde(default = "Vec::new")]
    pub value: Vec<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_link: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatThreadProperties {
    pub id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub topic: Redacted,
    #[serde(default, deserialize_with = "or_default")]
    pub created_on: String,
    #[serde(default, deserialize_with = "or_default")]
    pub created_by_communication_identifier: CommunicationIdentifierModel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_on: Option<String>,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_policy: Option<ChatRetentionPolicy>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatThreadItem {
    pub id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub topic: Redacted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_received_on: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum ChatRetentionPolicy {
    #[serde(rename_all = "camelCase")]
    ThreadCreationDate { delete_thread_after_days: u32 },
    /// Also what an unknown kind is read as.
    #[default]
    #[serde(other)]
    None,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatParticipant {
    pub communication_identifier: CommunicationIdentifierModel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_history_time: Option<String>,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub metadata: Metadata,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    pub id: String,
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    pub kind: ChatMessageType,
    #[serde(default, deserialize_with = "or_default")]
    pub sequence_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ChatMessageContent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_display_name: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub created_on: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_communication_identifier: Option<CommunicationIdentifierModel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_on: Option<String>,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_violation: Option<PolicyViolation>,
}

/// Text types carry `message`, system types the other members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessageContent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Redacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Redacted>,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub participants: Vec<ChatParticipant>,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub attachments: Vec<ChatAttachment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_communication_identifier: Option<CommunicationIdentifierModel>,
}

/// Open: what is not known is kept by name and passed through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ChatMessageType {
    #[default]
    Text,
    Html,
    TopicUpdated,
    ParticipantAdded,
    ParticipantRemoved,
    Unknown(String),
}

impl From<String> for ChatMessageType {
    fn from(name: String) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "text" => Self::Text,
            // The event stream's name for what REST calls html.
            "html" | "richtext/html" => Self::Html,
            "topicupdated" => Self::TopicUpdated,
            "participantadded" => Self::ParticipantAdded,
            "participantremoved" => Self::ParticipantRemoved,
            _ => Self::Unknown(name),
        }
    }
}

impl From<ChatMessageType> for String {
    fn from(kind: ChatMessageType) -> Self {
        match kind {
            ChatMessageType::Text => "text".to_owned(),
            ChatMessageType::Html => "html".to_owned(),
            ChatMessageType::TopicUpdated => "topicUpdated".to_owned(),
            ChatMessageType::ParticipantAdded => "participantAdded".to_owned(),
            ChatMessageType::ParticipantRemoved => "participantRemoved".to_owned(),
            ChatMessageType::Unknown(name) => name,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatAttachment {
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub attachment_type: ChatAttachmentType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Redacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Redacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<Redacted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ChatAttachmentType {
    Image,
    File,
    Unknown(String),
}

impl Default for ChatAttachmentType {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

impl From<String> for ChatAttachmentType {
    fn from(name: String) -> Self {
        match name.as_str() {
            // The three others are what preview versions called an image.
            "image" | "inlineImage" | "teamsInlineImage" | "teamsImage" => Self::Image,
            "file" => Self::File,
            _ => Self::Unknown(name),
        }
    }
}

impl From<ChatAttachmentType> for String {
    fn from(kind: ChatAttachmentType) -> Self {
        match kind {
            ChatAttachmentType::Image => "image".to_owned(),
            ChatAttachmentType::File => "file".to_owned(),
            ChatAttachmentType::Unknown(name) => name,
        }
    }
}

/// On a message that the sender's organisation took back. Not in the stable description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyViolation {
    #[serde(default, deserialize_with = "or_default")]
    pub result: String,
}

impl PolicyViolation {
    pub fn blocks_content(&self) -> bool {
        self.result.eq_ignore_ascii_case("contentBlocked")
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessageReadReceipt {
    pub sender_communication_identifier: CommunicationIdentifierModel,
    pub chat_message_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub read_on: String,
}

/// `POST /chat/threads`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateChatThreadRequest {
    pub topic: Redacted,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub participants: Vec<ChatParticipant>,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_policy: Option<ChatRetentionPolicy>,
}

/// `201` of `POST /chat/threads`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateChatThreadResult {
    pub chat_thread: ChatThreadProperties,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub invalid_participants: Vec<CommunicationError>,
}

/// `PATCH /chat/threads/{t}`: merged key by key; a `null` in `metadata` removes its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateChatThreadRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Redacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_policy: Option<ChatRetentionPolicy>,
}

/// `POST /chat/threads/{t}/messages`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendChatMessageRequest {
    pub content: Redacted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_display_name: Option<String>,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChatMessageType>,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub metadata: Metadata,
}

/// `201` of sending a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendChatMessageResult {
    pub id: String,
}

/// `PATCH /chat/threads/{t}/messages/{m}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateChatMessageRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Redacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// `POST .../participants/:add`. (`:remove` takes a bare identifier.)
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddChatParticipantsRequest {
    pub participants: Vec<ChatParticipant>,
}

/// `201` of `:add`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddChatParticipantsResult {
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub invalid_participants: Vec<CommunicationError>,
}

/// `POST .../typing`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendTypingNotificationRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_display_name: Option<String>,
}

/// `POST .../readReceipts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendReadReceiptRequest {
    pub chat_message_id: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identifier() -> impl Strategy<Value = CommunicationIdentifierModel> {
        "(8:acs|8:orgid|4|28:orgid|48):[a-z0-9_]{1,8}"
            .prop_map(|raw| CommunicationIdentifierModel::from_raw_id(&raw))
    }

    fn message() -> impl Strategy<Value = ChatMessage> {
        (
            "[0-9]{1,13}",
            "[a-zA-Z/]{0,12}",
            proptest::option::of(".{0,20}"),
            proptest::option::of(identifier()),
            proptest::collection::btree_map("[a-z]{1,4}", ".{0,6}", 0..3),
        )
            .prop_map(|(id, kind, text, sender, metadata)| ChatMessage {
                version: id.clone(),
                id,
                kind: kind.into(),
                content: text.map(|text| ChatMessageContent {
                    message: Some(text.into()),
                    ..ChatMessageContent::default()
                }),
                sender_communication_identifier: sender,
                metadata,
                ..ChatMessage::default()
            })
    }

    proptest! {
        #[test]
        fn a_page_of_messages_survives_encoding(value in proptest::collection::vec(message(), 0..4), next_link in proptest::option::of(".{0,9}")) {
            let page = Page { value, next_link };
            let json = serde_json::to_string(&page).unwrap();
            prop_assert_eq!(serde_json::from_str::<Page<ChatMessage>>(&json).unwrap(), page);
        }

        #[test]
        fn reading_a_message_never_panics(text in ".{0,80}") {
            let _ = serde_json::from_str::<ChatMessage>(&text);
        }
    }

    #[test]
    fn type_names_are_read_in_any_case_and_unknown_ones_kept() {
        let kind = |name: &str| ChatMessageType::from(name.to_owned());
        assert_eq!(kind("RichText/Html"), ChatMessageType::Html);
        assert_eq!(kind("Text"), ChatMessageType::Text);
        assert_eq!(String::from(kind("callEnded")), "callEnded");
    }

    #[test]
    fn debug_does_not_print_what_people_wrote() {
        let request = SendChatMessageRequest {
            content: "secret plan".into(),
            ..SendChatMessageRequest::default()
        };
        assert!(!format!("{request:?}").contains("secret"));
    }
}
