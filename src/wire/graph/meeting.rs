//! `GET /me/onlineMeetings` (graph-chat.md 4).

use serde::Deserialize;
use serde::Serialize;

use crate::wire::acs::redacted::Redacted;

use super::message::IdentitySet;
use super::or_default;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OnlineMeeting {
    pub id: String,
    pub subject: Option<Redacted>,
    pub join_web_url: Option<String>,
    pub start_date_time: Option<String>,
    pub end_date_time: Option<String>,
    pub chat_info: Option<ChatInfo>,
    /// Missing on old meetings.
    pub join_meeting_id_settings: Option<JoinMeetingIdSettings>,
    pub participants: Option<MeetingParticipants>,
    /// `enabled`, `disabled` or `limited`.
    pub allow_meeting_chat: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChatInfo {
    pub thread_id: Option<String>,
    pub message_id: Option<String>,
    pub reply_chain_message_id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JoinMeetingIdSettings {
    pub is_passcode_required: Option<bool>,
    pub join_meeting_id: Option<String>,
    pub passcode: Option<Redacted>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MeetingParticipants {
    pub organizer: Option<MeetingParticipant>,
    #[serde(deserialize_with = "or_default")]
    pub attendees: Vec<MeetingParticipant>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MeetingParticipant {
    pub identity: Option<IdentitySet>,
    pub upn: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::graph::Page;

    /// graph-chat.md 4.
    #[test]
    fn the_documented_meeting_is_read() {
        let page: Page<OnlineMeeting> = serde_json::from_str(
            r#"{ "value": [ { "id": "m", "subject": "Weekly", "joinWebUrl": "https://teams.microsoft.com/l/meetup-join/x",
               "chatInfo": { "threadId": "19:meeting_x@thread.v2", "messageId": "0", "replyChainMessageId": null },
               "joinMeetingIdSettings": { "isPasscodeRequired": true, "joinMeetingId": "1234567890", "passcode": "abc123" },
               "participants": { "organizer": { "identity": { "user": { "id": "o" } }, "upn": "o@contoso.com" }, "attendees": [] },
               "allowMeetingChat": "enabled", "allowTranscription": true } ] }"#,
        )
        .unwrap();
        let meeting = &page.value[0];
        let chat = meeting.chat_info.as_ref().unwrap();
        assert_eq!(chat.thread_id.as_deref(), Some("19:meeting_x@thread.v2"));
        assert!(!format!("{meeting:?}").contains("abc123"));
    }
}
