//! Looking a meeting up without joining it.
//!
//! ```text
//! POST {endpoint}/local/v1/meetings:resolve      Authorization: Bearer <guest token>
//! {"id":"264183392744150","passcode":"Mt9xB2N6"}
//! 200 {"threadId":"19:meeting_x@thread.v2","topic":"Design review","link":"http://…"}
//! 404 {"reason":"unknownMeeting"}     403 {"reason":"wrongPasscode"}
//! ```

use serde::Deserialize;
use serde::Serialize;

use super::Meeting;

/// The body of a request is one of a meeting's three names.
pub type ResolveRequest = Meeting;

/// `{"threadId":"19:meeting_x@thread.v2","topic":"Design review","link":"http://127.0.0.1:4100/l/meetup-join/…"}`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedMeeting {
    pub thread_id: String,
    pub topic: String,
    pub link: String,
}

/// `{"reason":"wrongPasscode"}`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum ResolveRefusal {
    UnknownMeeting,
    WrongPasscode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_bodies_are_what_is_written() {
        let refused = serde_json::to_string(&ResolveRefusal::WrongPasscode).unwrap();
        assert_eq!(refused, r#"{"reason":"wrongPasscode"}"#);
        let text = r#"{"threadId":"19:x@thread.v2","topic":"Design review","link":"http://h/l"}"#;
        let meeting: ResolvedMeeting = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&meeting).unwrap(), text);
    }
}
