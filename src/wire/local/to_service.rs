//! What a client asks of the service.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::Audio;
use super::Error;
use super::Reaction;
use super::Sdp;
use super::Words;
use super::decode;
use super::encode;

/// A client's message. What may not be done is answered with
/// [`Refused`](super::Refused); what was done is seen in the state that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ToService {
    /// The first message. `rejoin` names the call of which the link was lost; within
    /// the time of grace it leads back to the same place, past the lobby.
    ///
    /// ```json
    /// {"type":"join","meeting":{"link":"http://127.0.0.1:4100/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%7d"},"displayName":"Ada","audio":"full","rejoin":null,"heartbeatMillis":100}
    /// ```
    Join(Join),
    /// Hang up. `{"type":"leave"}`
    Leave,
    /// Hang up and end the meeting for everyone. `{"type":"endForAll"}`
    EndForAll,
    /// `{"type":"mute","muted":false}`
    Mute { muted: bool },
    /// `{"type":"hold","held":true}`
    Hold { held: bool },
    /// Raise or lower the own hand. `{"type":"hand","raised":true}`
    Hand { raised: bool },
    /// `{"type":"react","reaction":"applause"}`
    React { reaction: Reaction },
    /// Let someone in from the lobby. `{"type":"admit","id":"8:acs:…"}`
    Admit { id: String },
    /// `{"type":"admitAll"}`
    AdmitAll,
    /// Deny someone in the lobby. `{"type":"reject","id":"8:acs:…"}`
    Reject { id: String },
    /// Remove someone from the meeting. `{"type":"remove","id":"8:acs:…"}`
    Remove { id: String },
    /// Mute these people; nobody named means everyone else. `{"type":"muteOthers","ids":["8:orgid:…"]}`
    MuteOthers { ids: Vec<String> },
    /// The answer to being recorded and transcribed, given by a person. `{"type":"consent","granted":true}`
    Consent { granted: bool },
    /// How the sender's sound would travel; answered with [`Answer`](super::ToClient::Answer). Another
    /// offer restarts what was there. Refused outside the meeting and on hold.
    ///
    /// ```json
    /// {"type":"offer","sdp":"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n…"}
    /// ```
    Offer { sdp: Sdp },
    /// The sender hears nothing by choice, or hears again. `{"type":"deafen","deafened":true}`
    Deafen { deafened: bool },
    /// How loud the sender wants to hear somebody, in percent up to 200.
    ///
    /// ```json
    /// {"type":"volume","id":"8:orgid:…","percent":80}
    /// ```
    Volume { id: String, percent: u16 },
    /// Levels are wanted, or no longer. `{"type":"levels","on":true}`
    Levels { on: bool },
    /// Captions are wanted, or no longer. `{"type":"captions","on":true}`
    Captions { on: bool },
    /// What the sender is saying, for everybody who wants captions.
    ///
    /// ```json
    /// {"type":"caption","text":"so the budget is fine","isFinal":true,"language":"en-GB"}
    /// ```
    Caption(Words),
    /// What the sender is typing in real time, for everybody.
    ///
    /// ```json
    /// {"type":"text","text":"yes, I will","isFinal":false,"language":null}
    /// ```
    Text(Words),
    /// Asks for the whole state again. `{"type":"refresh"}`
    Refresh,
    /// A sign of life; the service forgets a client that is silent for long. `{"type":"beat"}`
    Beat,
    /// A message of a later version.
    #[serde(skip)]
    Unknown(String),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Join {
    pub meeting: Meeting,
    /// Without "(External)": the service adds it.
    pub display_name: String,
    #[serde(default)]
    pub audio: Audio,
    /// [`Info::call_id`](super::Info::call_id) of the call whose link was lost.
    #[serde(default)]
    pub rejoin: Option<String>,
    /// How often the service shall say that it is there.
    #[serde(default)]
    pub heartbeat_millis: Option<u32>,
}

/// Which meeting: one of its three names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Meeting {
    /// `{"link":"http://…/l/meetup-join/…"}`
    Link { link: String },
    /// `{"id":"264183392744150","passcode":"Mt9xB2N6"}`
    Id {
        id: String,
        #[serde(default)]
        passcode: Option<String>,
    },
    /// `{"threadId":"19:meeting_…@thread.v2"}`
    Thread {
        #[serde(rename = "threadId")]
        thread_id: String,
    },
}

/// A link lets its holder in and a name is personal.
impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("rejoin", &self.rejoin.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link { .. } => "Link",
            Self::Id { .. } => "Id",
            Self::Thread { .. } => "Thread",
        })
    }
}

impl ToService {
    pub fn decode(text: &str) -> Result<Self, Error> {
        decode(text, NAMES).map(|known| known.unwrap_or_else(Self::Unknown))
    }

    pub fn encode(&self) -> String {
        match self {
            Self::Unknown(name) => encode(&serde_json::json!({ "type": name })),
            known => encode(known),
        }
    }

    /// The message's type on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Join(_) => "join",
            Self::Leave => "leave",
            Self::EndForAll => "endForAll",
            Self::Mute { .. } => "mute",
            Self::Hold { .. } => "hold",
            Self::Hand { .. } => "hand",
            Self::React { .. } => "react",
            Self::Admit { .. } => "admit",
            Self::AdmitAll => "admitAll",
            Self::Reject { .. } => "reject",
            Self::Remove { .. } => "remove",
            Self::MuteOthers { .. } => "muteOthers",
            Self::Consent { .. } => "consent",
            Self::Offer { .. } => "offer",
            Self::Deafen { .. } => "deafen",
            Self::Volume { .. } => "volume",
            Self::Levels { .. } => "levels",
            Self::Captions { .. } => "captions",
            Self::Caption(_) => "caption",
            Self::Text(_) => "text",
            Self::Refresh => "refresh",
            Self::Beat => "beat",
            Self::Unknown(name) => name,
        }
    }
}

const NAMES: &[&str] = &[
    "join",
    "leave",
    "endForAll",
    "mute",
    "hold",
    "hand",
    "react",
    "admit",
    "admitAll",
    "reject",
    "remove",
    "muteOthers",
    "consent",
    "offer",
    "deafen",
    "volume",
    "levels",
    "captions",
    "caption",
    "text",
    "refresh",
    "beat",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of the documentation, as the documentation has them.
    const DOCUMENTED: &str = include_str!("to_service.rs");

    #[test]
    fn every_message_has_an_example_that_is_what_it_says() {
        let examples: Vec<String> = super::super::tests::examples(DOCUMENTED).collect();
        for name in NAMES {
            let found: Vec<ToService> = examples
                .iter()
                .map(|e| ToService::decode(e).unwrap())
                .filter(|m| m.name() == *name)
                .collect();
            assert!(!found.is_empty(), "no example of {name}");
        }
        for example in &examples {
            let message = ToService::decode(example).unwrap();
            assert!(!matches!(message, ToService::Unknown(_)), "{example}");
            let again: serde_json::Value = serde_json::from_str(&message.encode()).unwrap();
            assert_eq!(
                again,
                serde_json::from_str::<serde_json::Value>(example).unwrap()
            );
        }
    }

    #[test]
    fn each_name_of_a_meeting_is_read() {
        for (text, meeting) in [
            (
                r#"{"link":"http://h/l"}"#,
                Meeting::Link {
                    link: "http://h/l".into(),
                },
            ),
            (
                r#"{"id":"1","passcode":"p"}"#,
                Meeting::Id {
                    id: "1".into(),
                    passcode: Some("p".into()),
                },
            ),
            (
                r#"{"id":"1"}"#,
                Meeting::Id {
                    id: "1".into(),
                    passcode: None,
                },
            ),
            (
                r#"{"threadId":"19:x@thread.v2"}"#,
                Meeting::Thread {
                    thread_id: "19:x@thread.v2".into(),
                },
            ),
        ] {
            assert_eq!(serde_json::from_str::<Meeting>(text).unwrap(), meeting);
        }
    }

    #[test]
    fn a_message_of_a_later_version_is_kept_by_name() {
        let video = ToService::decode(r#"{"type":"video","on":true}"#).unwrap();
        assert_eq!(video, ToService::Unknown("video".into()));
    }

    #[test]
    fn who_says_nothing_of_sound_has_none() {
        let text = r#"{"type":"join","meeting":{"link":"http://h/l"},"displayName":"Ada"}"#;
        let ToService::Join(join) = ToService::decode(text).unwrap() else {
            panic!("not a join");
        };
        assert_eq!(join.audio, Audio::None);
    }

    #[test]
    fn what_is_said_and_how_sound_travels_is_not_printed() {
        for text in [
            r#"{"type":"offer","sdp":"hush"}"#,
            r#"{"type":"caption","text":"hush","isFinal":true}"#,
            r#"{"type":"text","text":"hush","isFinal":true}"#,
        ] {
            let message = ToService::decode(text).unwrap();
            assert!(!format!("{message:?}").contains("hush"), "{text}");
        }
    }

    fn meetings() -> impl Strategy<Value = Meeting> {
        prop_oneof![
            any::<String>().prop_map(|link| Meeting::Link { link }),
            (any::<String>(), any::<Option<String>>())
                .prop_map(|(id, passcode)| Meeting::Id { id, passcode }),
            any::<String>().prop_map(|thread_id| Meeting::Thread { thread_id }),
        ]
    }

    fn words() -> impl Strategy<Value = Words> {
        (any::<String>(), any::<bool>(), any::<Option<String>>()).prop_map(
            |(text, is_final, language)| Words {
                text,
                is_final,
                language,
            },
        )
    }

    fn messages() -> impl Strategy<Value = ToService> {
        prop_oneof![
            (
                meetings(),
                any::<String>(),
                any::<Option<String>>(),
                any::<Option<u32>>()
            )
                .prop_map(|(meeting, display_name, rejoin, heartbeat_millis)| {
                    ToService::Join(Join {
                        meeting,
                        display_name,
                        audio: Audio::Listen,
                        rejoin,
                        heartbeat_millis,
                    })
                }),
            Just(ToService::Leave),
            Just(ToService::EndForAll),
            any::<bool>().prop_map(|muted| ToService::Mute { muted }),
            any::<bool>().prop_map(|held| ToService::Hold { held }),
            any::<bool>().prop_map(|raised| ToService::Hand { raised }),
            Just(ToService::React {
                reaction: Reaction::Surprised
            }),
            any::<String>().prop_map(|id| ToService::Admit { id }),
            Just(ToService::AdmitAll),
            any::<String>().prop_map(|id| ToService::Reject { id }),
            any::<String>().prop_map(|id| ToService::Remove { id }),
            any::<Vec<String>>().prop_map(|ids| ToService::MuteOthers { ids }),
            any::<bool>().prop_map(|granted| ToService::Consent { granted }),
            any::<String>().prop_map(|sdp| ToService::Offer { sdp: Sdp(sdp) }),
            any::<bool>().prop_map(|deafened| ToService::Deafen { deafened }),
            (any::<String>(), any::<u16>())
                .prop_map(|(id, percent)| ToService::Volume { id, percent }),
            any::<bool>().prop_map(|on| ToService::Levels { on }),
            any::<bool>().prop_map(|on| ToService::Captions { on }),
            words().prop_map(ToService::Caption),
            words().prop_map(ToService::Text),
            Just(ToService::Refresh),
            Just(ToService::Beat),
            "x[a-z]{3}".prop_map(ToService::Unknown),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(message in messages()) {
            prop_assert_eq!(ToService::decode(&message.encode()).unwrap(), message);
        }

        #[test]
        fn no_frame_makes_it_panic(text in "\\PC*", name in "[a-zA-Z]{0,9}") {
            let _ = ToService::decode(&text);
            let _ = ToService::decode(&format!("{{\"type\":\"{name}\",{text}}}"));
        }
    }
}
