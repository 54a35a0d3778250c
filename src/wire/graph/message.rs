//! `chatMessage` and what it is made of, and the requests that send and change one.

use serde::Deserialize;
use serde::Serialize;

use crate::wire::acs::redacted::Redacted;

use super::event::EventMessageDetail;
use super::names;
use super::or_default;

names! {
    MessageType {
        Message = "message",
        ChatEvent = "chatEvent",
        Typing = "typing",
        SystemEvent = "systemEventMessage",
        UnknownFutureValue = "unknownFutureValue",
    }
}

names! {
    BodyType {
        Text = "text",
        Html = "html",
    }
}

names! {
    Importance {
        Normal = "normal",
        High = "high",
        Urgent = "urgent",
    }
}

/// `GET /chats/{id}/messages/{mid}`, and the rows of the lists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChatMessage {
    /// Unique in its chat only.
    pub id: String,
    /// In channels; in chats a quote is an attachment.
    pub reply_to_id: Option<String>,
    pub etag: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub message_type: MessageType,
    pub created_date_time: Option<String>,
    pub last_modified_date_time: Option<String>,
    pub last_edited_date_time: Option<String>,
    pub deleted_date_time: Option<String>,
    pub subject: Option<Redacted>,
    pub summary: Option<Redacted>,
    pub chat_id: Option<String>,
    pub channel_identity: Option<ChannelIdentity>,
    #[serde(deserialize_with = "or_default")]
    pub importance: Importance,
    pub locale: Option<String>,
    pub web_url: Option<String>,
    pub policy_violation: Option<PolicyViolation>,
    pub event_detail: Option<EventMessageDetail>,
    /// Nobody for system messages.
    pub from: Option<IdentitySet>,
    #[serde(deserialize_with = "or_default")]
    pub body: ItemBody,
    #[serde(deserialize_with = "or_default")]
    pub attachments: Vec<Attachment>,
    #[serde(deserialize_with = "or_default")]
    pub mentions: Vec<Mention>,
    #[serde(deserialize_with = "or_default")]
    pub reactions: Vec<Reaction>,
    /// In channels, where they were expanded.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<Self>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChannelIdentity {
    pub team_id: Option<String>,
    pub channel_id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ItemBody {
    #[serde(deserialize_with = "or_default")]
    pub content_type: BodyType,
    #[serde(deserialize_with = "or_default")]
    pub content: Redacted,
}

impl ItemBody {
    pub fn text(content: &str) -> Self {
        Self {
            content_type: BodyType::Text,
            content: content.into(),
        }
    }

    pub fn html(content: &str) -> Self {
        Self {
            content_type: BodyType::Html,
            content: content.into(),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdentitySet {
    pub application: Option<Identity>,
    pub device: Option<Identity>,
    pub user: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Identity>,
}

impl IdentitySet {
    pub fn user(user: Identity) -> Self {
        Self {
            user: Some(user),
            ..Self::default()
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Identity {
    #[serde(rename = "@odata.type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub id: String,
    /// May be absent also where the person has a name.
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_identity_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// `userIdentityType` of people of the organisation, and of external users, whose id is a raw id.
pub const AAD_USER: &str = "aadUser";
pub const ACS_USER: &str = "azureCommunicationServicesUser";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Attachment {
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    #[serde(deserialize_with = "or_default")]
    pub content_type: String,
    pub content_url: Option<Redacted>,
    /// JSON as a string, for cards and quotes.
    pub content: Option<Redacted>,
    pub name: Option<Redacted>,
    pub thumbnail_url: Option<Redacted>,
    pub teams_app_id: Option<String>,
}

pub const REFERENCE: &str = "reference";
pub const MESSAGE_REFERENCE: &str = "messageReference";
pub const FORWARDED: &str = "forwardedMessageReference";

/// The `content` of a `messageReference`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MessageReference {
    #[serde(deserialize_with = "or_default")]
    pub message_id: String,
    #[serde(deserialize_with = "or_default")]
    pub message_preview: Redacted,
    pub message_sender: Option<IdentitySet>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Mention {
    pub id: i64,
    pub mention_text: Option<String>,
    pub mentioned: Option<IdentitySet>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reaction {
    /// A Unicode emoji, one of the six old names, or `custom`.
    #[serde(deserialize_with = "or_default")]
    pub reaction_type: String,
    pub display_name: Option<String>,
    pub created_date_time: Option<String>,
    pub user: Option<IdentitySet>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PolicyViolation {
    pub dlp_action: Option<String>,
    pub policy_tip: Option<PolicyTip>,
}

impl PolicyViolation {
    /// Several actions stand in one string.
    pub fn blocks_access(&self) -> bool {
        let action = self.dlp_action.as_deref().unwrap_or_default();
        action.to_ascii_lowercase().contains("blockaccess")
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PolicyTip {
    pub general_text: Option<Redacted>,
}

/// `POST …/messages`, and `PATCH …/messages/{mid}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SendMessage {
    pub body: ItemBody,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importance: Option<Importance>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub hosted_contents: Vec<NewHostedContent>,
}

/// A picture that travels inside the message that shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewHostedContent {
    #[serde(rename = "@microsoft.graph.temporaryId")]
    pub temporary_id: String,
    /// Base64.
    pub content_bytes: Redacted,
    pub content_type: String,
}

/// A row of `GET …/hostedContents`; its bytes are never in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HostedContent {
    pub id: String,
    pub content_bytes: Option<String>,
    pub content_type: Option<String>,
}

/// `…/setReaction` and `…/unsetReaction`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SetReaction {
    pub reaction_type: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// graph-chat.md 3.2.
    const MESSAGE: &str = r##"{ "id": "1763884800123", "replyToId": null, "etag": "1763884800123", "messageType": "message",
      "createdDateTime": "2026-11-23T08:00:00.123Z", "lastModifiedDateTime": "2026-11-23T08:00:00.123Z",
      "lastEditedDateTime": null, "deletedDateTime": null,
      "subject": null, "summary": null, "chatId": "19:x@thread.v2", "channelIdentity": null,
      "importance": "normal", "locale": "en-us", "webUrl": null, "policyViolation": null, "eventDetail": null,
      "from": { "application": null, "device": null,
                "user": { "@odata.type": "#microsoft.graph.teamworkUserIdentity", "id": "a", "displayName": "Ada",
                          "userIdentityType": "aadUser", "tenantId": "t" } },
      "body": { "contentType": "html", "content": "<p>Hello <at id=\"0\">Bob</at></p>" },
      "attachments": [], "mentions": [ { "id": 0, "mentionText": "Bob",
          "mentioned": { "application": null, "device": null, "conversation": null, "tag": null,
                         "user": { "id": "b", "displayName": "Bob", "userIdentityType": "aadUser" } } } ],
      "reactions": [ { "reactionType": "like", "displayName": "Like", "createdDateTime": "2026-11-23T08:00:01Z",
                       "user": { "application": null, "device": null, "user": { "id": "b", "displayName": null,
                                 "userIdentityType": "aadUser" } } } ],
      "messageHistory": [] }"##;

    #[test]
    fn the_documented_message_is_read_and_survives_encoding() {
        let message: ChatMessage = serde_json::from_str(MESSAGE).unwrap();
        assert_eq!(message.message_type, MessageType::Message);
        assert_eq!(message.mentions[0].id, 0);
        assert_eq!(message.reactions[0].reaction_type, "like");
        let again = serde_json::to_string(&message).unwrap();
        assert_eq!(
            serde_json::from_str::<ChatMessage>(&again).unwrap(),
            message
        );
    }

    /// graph-chat.md 3.4: the content of a quote is JSON within a string.
    #[test]
    fn a_quote_is_read_out_of_its_string() {
        let attachment: Attachment = serde_json::from_str(
            r#"{"id":"g","contentType":"messageReference",
                "content":"{\"messageId\":\"17\",\"messagePreview\":\"earlier\",\"messageSender\":{\"user\":{\"id\":\"b\",\"displayName\":\"Bob\"}}}"}"#,
        )
        .unwrap();
        let content = attachment.content.unwrap();
        let quote: MessageReference = serde_json::from_str(&content).unwrap();
        assert_eq!(quote.message_id, "17");
        assert_eq!(quote.message_preview.as_str(), "earlier");
    }

    #[test]
    fn plain_words_are_sent_without_anything_that_is_not_said() {
        let request = SendMessage {
            body: ItemBody::text("hello"),
            ..SendMessage::default()
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"body":{"contentType":"text","content":"hello"}}"#
        );
    }

    #[test]
    fn debug_does_not_print_what_people_wrote() {
        let message: ChatMessage = serde_json::from_str(MESSAGE).unwrap();
        assert!(!format!("{message:?}").contains("Hello"));
    }

    proptest! {
        #[test]
        fn reading_a_message_never_panics(text in ".{0,80}", member in "[a-zA-Z]{1,20}", value in "(null|1|\"x\"|\\[\\]|\\{\\}|true)") {
            let _ = serde_json::from_str::<ChatMessage>(&text);
            let _ = serde_json::from_str::<ChatMessage>(&format!("{{\"{member}\":{value}}}"));
        }

        #[test]
        fn every_member_may_be_null(at in 0_usize..24) {
            let members = ["replyToId","etag","messageType","createdDateTime","lastModifiedDateTime","lastEditedDateTime",
                "deletedDateTime","subject","summary","chatId","channelIdentity","importance","locale","webUrl",
                "policyViolation","eventDetail","from","body","attachments","mentions","reactions","unheardOf",
                "messageHistory","hostedContents"];
            let json = format!("{{\"id\":\"1\",\"{}\":null}}", members[at]);
            prop_assert!(serde_json::from_str::<ChatMessage>(&json).is_ok(), "{}", json);
        }
    }
}
