//! Chats, their members, and what a person has read of them.

use serde::Deserialize;
use serde::Serialize;

use crate::wire::acs::redacted::Redacted;

use super::message::ChatMessage;
use super::message::IdentitySet;
use super::message::ItemBody;
use super::message::MessageType;
use super::names;
use super::or_default;

names! {
    ChatType {
        Group = "group",
        OneOnOne = "oneOnOne",
        Meeting = "meeting",
    }
}

/// `GET /chats/{id}`, and the rows of `GET /me/chats`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Chat {
    pub id: String,
    pub topic: Option<Redacted>,
    #[serde(deserialize_with = "or_default")]
    pub chat_type: ChatType,
    pub created_date_time: Option<String>,
    /// Changes on rename and membership, not on messages.
    pub last_updated_date_time: Option<String>,
    pub web_url: Option<String>,
    pub tenant_id: Option<String>,
    pub online_meeting_info: Option<OnlineMeetingInfo>,
    pub viewpoint: Option<ChatViewpoint>,
    /// Only where it was expanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_preview: Option<ChatMessageInfo>,
    /// Only where it was expanded, and then not all of a large chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<ConversationMember>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OnlineMeetingInfo {
    pub calendar_event_id: Option<String>,
    pub join_web_url: Option<String>,
    pub organizer: Option<super::message::Identity>,
}

/// The caller's own view of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChatViewpoint {
    #[serde(deserialize_with = "or_default")]
    pub is_hidden: bool,
    pub last_message_read_date_time: Option<String>,
}

/// The newest message of a chat, in short.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChatMessageInfo {
    pub id: String,
    pub created_date_time: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub is_deleted: bool,
    #[serde(deserialize_with = "or_default")]
    pub message_type: MessageType,
    pub event_detail: Option<super::event::EventMessageDetail>,
    pub body: Option<ItemBody>,
    pub from: Option<IdentitySet>,
}

/// Somebody in a chat. `id` is that of the membership.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ConversationMember {
    #[serde(rename = "@odata.type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub id: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub roles: Vec<String>,
    pub display_name: Option<String>,
    pub user_id: Option<String>,
    pub email: Option<String>,
    pub tenant_id: Option<String>,
    pub visible_history_start_date_time: Option<String>,
}

/// What an `aadUserConversationMember` says of its type.
pub const AAD_MEMBER: &str = "#microsoft.graph.aadUserConversationMember";

/// Somebody from outside the organisation.
pub const ACS_MEMBER: &str = "#microsoft.graph.azureCommunicationServicesUserConversationMember";

/// All of what was said is shown to a new member.
pub const ALL_HISTORY: &str = "0001-01-01T00:00:00Z";

/// A member as a request names one, by id or user principal name in `user@odata.bind`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewMember {
    #[serde(rename = "@odata.type")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub roles: Vec<String>,
    #[serde(rename = "user@odata.bind")]
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible_history_start_date_time: Option<String>,
}

impl NewMember {
    /// An owner, as members of the own organisation are.
    pub fn owner(base: &str, user: &str) -> Self {
        Self {
            kind: AAD_MEMBER.to_owned(),
            roles: vec!["owner".to_owned()],
            user: format!(
                "{base}{}/users('{}')",
                super::VERSION,
                user.replace('\'', "''")
            ),
            visible_history_start_date_time: None,
        }
    }

    /// The id or name in `…/users('x')` or `…/users/x`, the two documented forms.
    pub fn user_key(&self) -> Option<String> {
        let (_, key) = self.user.rsplit_once("/users")?;
        let quoted = key.strip_prefix("('").and_then(|k| k.strip_suffix("')"));
        let bare = quoted.or_else(|| key.strip_prefix('/'))?;
        (!bare.is_empty()).then(|| bare.replace("''", "'"))
    }
}

/// `POST /chats`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateChat {
    pub chat_type: ChatType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Redacted>,
    #[serde(deserialize_with = "or_default")]
    pub members: Vec<NewMember>,
}

/// `PATCH /chats/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateChat {
    pub topic: Option<Redacted>,
}

/// Body of the four calls of 2.6, all for the caller alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ForUser {
    pub user: UserKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_read_date_time: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct UserKey {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// `…/replyWithQuote`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ReplyWithQuote {
    #[serde(deserialize_with = "or_default")]
    pub message_ids: Vec<String>,
    pub reply_message: super::message::SendMessage,
}

/// What a list of messages is made of.
pub type Messages = super::Page<ChatMessage>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::graph::Page;

    /// graph-chat.md 2.1.
    const LISTED: &str = r##"{ "@odata.nextLink": "https://graph.microsoft.com/v1.0/me/chats?x=1&$skiptoken=y",
      "value": [ {
        "id": "19:meeting_MjdhNjM4YzU@thread.v2", "topic": "Weekly", "chatType": "meeting",
        "createdDateTime": "2026-11-01T09:00:00.1Z", "lastUpdatedDateTime": "2026-11-02T10:11:12Z",
        "webUrl": "https://teams.microsoft.com/l/chat/x", "tenantId": "t",
        "onlineMeetingInfo": { "calendarEventId": "c", "joinWebUrl": "https://teams.microsoft.com/l/meetup-join/x",
            "organizer": { "id": "o", "displayName": null, "userIdentityType": "aadUser" } },
        "viewpoint": { "isHidden": false, "lastMessageReadDateTime": "2026-11-23T08:00:00.123Z" },
        "lastMessagePreview": { "id": "1763884800123", "createdDateTime": "2026-11-23T08:00:00.123Z", "isDeleted": false,
            "messageType": "message", "eventDetail": null,
            "body": { "contentType": "text", "content": "hi" }, "from": { "user": { "id": "a", "displayName": "Ada" } } },
        "members": [ { "@odata.type": "#microsoft.graph.aadUserConversationMember", "id": "m", "roles": ["owner"],
            "displayName": "Ada", "userId": "a", "email": "ada@contoso.com", "tenantId": "t",
            "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z" } ] },
        { "id": "19:a_b@unq.gbl.spaces", "topic": null, "chatType": "unknownFutureValue", "members": null } ] }"##;

    #[test]
    fn the_documented_list_is_read_and_survives_encoding() {
        let page: Page<Chat> = serde_json::from_str(LISTED).unwrap();
        let chat = &page.value[0];
        assert_eq!(chat.chat_type, ChatType::Meeting);
        let preview = chat.last_message_preview.as_ref().unwrap();
        assert_eq!(
            preview.from.as_ref().unwrap().user.as_ref().unwrap().id,
            "a"
        );
        assert_eq!(page.value[1].chat_type.as_str(), "unknownFutureValue");
        let again = serde_json::to_string(&page).unwrap();
        assert_eq!(serde_json::from_str::<Page<Chat>>(&again).unwrap(), page);
    }

    #[test]
    fn a_member_is_bound_by_id_or_name_in_either_form() {
        let bound = |user: &str| {
            let user = user.to_owned();
            let member = NewMember {
                user,
                ..NewMember::default()
            };
            member.user_key()
        };
        let base = "https://graph.microsoft.com";
        let written = NewMember::owner(base, "o'neil@contoso.com");
        assert_eq!(written.user_key().as_deref(), Some("o'neil@contoso.com"));
        assert_eq!(bound("https://x/v1.0/users/abc").as_deref(), Some("abc"));
        assert_eq!(bound("https://x/v1.0/users('')"), None);
        assert_eq!(bound("https://x/v1.0/groups/abc"), None);
    }
}
