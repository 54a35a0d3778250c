//! What is spoken on the control socket: one JSON object a line, in UTF-8.
//!
//! A program asks, and is answered in the order it asked:
//!
//! ```json
//! {"id":1,"do":"send","text":"yes, I will start"}
//! {"id":2,"do":"input","line":"/raise"}
//! {"id":3,"do":"mute","muted":true}
//! {"id":4,"do":"mute"}
//! {"id":5,"do":"status"}
//! {"id":8,"do":"talk","on":true}
//! {"id":6,"do":"leave"}
//! {"id":7,"do":"subscribe"}
//! ```
//!
//! `input` is a line as if typed. `mute` without `muted` toggles, and so does `talk` without
//! `on`: push to talk for a key or a pedal elsewhere. `id` is any
//! number and comes back with the answer:
//!
//! ```json
//! {"id":1,"ok":true}
//! {"id":3,"ok":false,"error":"You are not in the call."}
//! {"id":5,"ok":true,"status":{"topic":"Design review","call":"connected","muted":true}}
//! ```
//!
//! After `subscribe`, events come between the answers, without an `id`:
//!
//! ```json
//! {"event":"announcement","class":"assertive","text":"Notice: recording started."}
//! {"event":"message","account":"external:ada","thread":"19:…@thread.v2","id":"1700000000001","version":3,
//!  "sender":"Alice Wu","mine":false,"text":"good morning","change":"new"}
//! {"event":"notice","notice":"recording","state":"active","by":"Carol"}
//! {"event":"call","state":"connected"}
//! {"event":"mute","muted":true}
//! {"event":"missed","count":12}
//! ```
//!
//! `missed` says that the program read too slowly and how many events it lost;
//! nobody waits for it. A line longer than 64 KiB ends the connection.

use serde::Deserialize;
use serde::Serialize;

use crate::effect::ControlAnswer;
use crate::event::ControlRequest;
use crate::model::status::StatusReport;
use crate::view::phrase;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    #[serde(default)]
    pub id: u64,
    #[serde(flatten)]
    pub ask: Ask,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum Ask {
    Send {
        text: String,
    },
    Input {
        line: String,
    },
    Mute {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        muted: Option<bool>,
    },
    Talk {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<bool>,
    },
    Status,
    Leave,
    Subscribe,
}

impl Ask {
    /// What the program is asked; `None` for what the socket answers itself.
    pub fn into_request(self) -> Option<ControlRequest> {
        Some(match self {
            Self::Send { text } => ControlRequest::Send(text),
            Self::Input { line } => ControlRequest::Input(line),
            Self::Mute { muted } => ControlRequest::Mute(muted),
            Self::Talk { on } => ControlRequest::Talk(on),
            Self::Status => ControlRequest::Status,
            Self::Leave => ControlRequest::Leave,
            Self::Subscribe => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub id: u64,
    pub ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

impl Answer {
    pub fn new(id: u64, answer: ControlAnswer) -> Self {
        let (error, status) = match answer {
            ControlAnswer::Done => (None, None),
            ControlAnswer::Refused(why) => (Some(why), None),
            ControlAnswer::NotAllowed(reason) => (Some(phrase::reason(&reason)), None),
            ControlAnswer::Status(report) => (None, Some(Status::from(*report))),
        };
        Self {
            id,
            ok: error.is_none(),
            error,
            status,
        }
    }
}

/// The state in one object; texts are the words `/status` uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    #[serde(default)]
    pub account: Option<String>,
    pub topic: String,
    pub thread: Option<String>,
    pub call: String,
    pub muted: Option<bool>,
    pub people: usize,
    pub recording: String,
    pub transcription: String,
    pub consent: String,
    pub unread: usize,
    pub chat: String,
}

impl From<StatusReport> for Status {
    fn from(report: StatusReport) -> Self {
        Self {
            account: report.account,
            topic: report.topic,
            thread: report.thread,
            call: report.call,
            muted: report.muted,
            people: report.people,
            recording: report.recording,
            transcription: report.transcription,
            consent: report.consent,
            unread: report.unread,
            chat: report.chat,
        }
    }
}

/// What subscribers are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum News {
    Announcement {
        class: String,
        text: String,
    },
    Message {
        account: String,
        thread: String,
        id: String,
        version: u64,
        sender: Option<String>,
        mine: bool,
        text: Option<String>,
        /// `new`, `replaced` (our own came back), `updated` or `outside` (of what is kept).
        change: String,
    },
    Notice {
        notice: String,
        state: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    Call {
        state: String,
    },
    Mute {
        muted: bool,
    },
    Missed {
        count: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_requests_are_read() {
        let read = |line: &str| serde_json::from_str::<Request>(line).unwrap();
        assert_eq!(
            read(r#"{"id":1,"do":"send","text":"yes"}"#),
            Request {
                id: 1,
                ask: Ask::Send {
                    text: "yes".to_owned()
                }
            }
        );
        assert_eq!(read(r#"{"do":"mute"}"#).ask, Ask::Mute { muted: None });
        let talk = read(r#"{"id":8,"do":"talk","on":true}"#).ask;
        assert_eq!(talk, Ask::Talk { on: Some(true) });
        assert_eq!(read(r#"{"id":5,"do":"status"}"#).ask, Ask::Status);
        assert!(serde_json::from_str::<Request>(r#"{"do":"dance"}"#).is_err());
    }

    #[test]
    fn answers_and_news_have_the_documented_form() {
        let refused = Answer::new(3, ControlAnswer::Refused("no".to_owned()));
        assert_eq!(
            serde_json::to_string(&refused).unwrap(),
            r#"{"id":3,"ok":false,"error":"no"}"#
        );
        let done = Answer::new(1, ControlAnswer::Done);
        assert_eq!(
            serde_json::to_string(&done).unwrap(),
            r#"{"id":1,"ok":true}"#
        );
        let news = News::Notice {
            notice: "recording".to_owned(),
            state: "active".to_owned(),
            by: None,
        };
        assert_eq!(
            serde_json::to_string(&news).unwrap(),
            r#"{"event":"notice","notice":"recording","state":"active"}"#
        );
    }
}
