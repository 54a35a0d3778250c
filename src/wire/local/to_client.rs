//! What the service tells a client: how things are now.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::Audio;
use super::CallState;
use super::CapabilityState;
use super::Consent;
use super::Error;
use super::Hand;
use super::Level;
use super::MediaState;
use super::NoticeKind;
use super::Person;
use super::Quality;
use super::Reaction;
use super::Role;
use super::Sdp;
use super::Turn;
use super::decode;
use super::encode;

/// A message of the service. All but `reaction`, `answer`, `refused` and `beat` are states, not
/// changes: hearing one twice means nothing new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ToClient {
    /// `{"type":"callState","state":"inLobby"}`
    CallState { state: CallState },
    /// What is known of the meeting; `threadId` only once inside (also where its chat is closed to the receiver).
    ///
    /// ```json
    /// {"type":"info","callId":"0b0f…","topic":"Design review","threadId":"19:meeting_x@thread.v2","startedOn":"2026-11-23T10:02:00.000Z","me":"8:acs:…"}
    /// ```
    Info(Info),
    /// Everyone in the meeting, the receiver included.
    ///
    /// ```json
    /// {"type":"roster","participants":[{"id":"8:orgid:…","displayName":"Alice","role":"organizer","state":"connected","isMuted":true,"isDeafened":false,"audio":"full"}]}
    /// ```
    Roster { participants: Vec<RosterEntry> },
    /// One participant as they are now, new or changed.
    ///
    /// ```json
    /// {"type":"participant","participant":{"id":"8:acs:…","displayName":"Erin (External)","role":"attendee","state":"connected","isMuted":false,"isDeafened":true,"audio":"listen"}}
    /// ```
    Participant { participant: RosterEntry },
    /// `{"type":"participantLeft","id":"8:acs:…"}`
    ParticipantLeft { id: String },
    /// Who waits to be let in; sent to those who may see it.
    ///
    /// ```json
    /// {"type":"lobby","waiting":[{"id":"8:acs:…","displayName":"Erin (External)","since":"2026-11-23T10:03:11.000Z"}]}
    /// ```
    Lobby { waiting: Vec<Waiting> },
    /// The receiver's role. `{"type":"role","role":"presenter"}`
    Role { role: Role },
    /// What the receiver may do.
    ///
    /// ```json
    /// {"type":"capabilities","capabilities":[{"name":"muteOthers","isPresent":false,"reason":"RoleRestricted"}]}
    /// ```
    Capabilities { capabilities: Vec<CapabilityState> },
    /// Whether the meeting is recorded or transcribed; the first one comes with joining.
    ///
    /// ```json
    /// {"type":"notice","kind":"recording","isActive":true,"byName":"Alice","since":"2026-11-23T10:05:00.000Z","consent":"required"}
    /// ```
    Notice(Notice),
    /// The receiver's microphone; `by` if somebody else muted it last.
    ///
    /// ```json
    /// {"type":"muted","isMuted":true,"by":{"id":"8:orgid:…","displayName":"Carol"}}
    /// ```
    Muted { is_muted: bool, by: Option<Person> },
    /// All raised hands, first raised first. `{"type":"hands","raised":[{"id":"8:acs:…","order":1}]}`
    Hands { raised: Vec<Hand> },
    /// Somebody reacted just now.
    ///
    /// ```json
    /// {"type":"reaction","by":{"id":"8:orgid:…","displayName":"Bob"},"reaction":"applause"}
    /// ```
    Reaction { by: Person, reaction: Reaction },
    /// Who talks, the dominant speaker first. `{"type":"talking","ids":["8:orgid:…"]}`
    Talking { ids: Vec<String> },
    /// `{"type":"quality","quality":"poor"}`
    Quality { quality: Quality },
    /// How the receiver's sound travels from now on. `candidates` come beside those of the description.
    ///
    /// ```json
    /// {"type":"answer","sdp":"v=0\r\no=- 2 1 IN IP4 0.0.0.0\r\n…","candidates":["candidate:1 1 udp 2130706431 127.0.0.1 40100 typ host"]}
    /// ```
    Answer(Answer),
    /// The receiver's media connection, and why it is not there.
    ///
    /// ```json
    /// {"type":"media","state":"none","reason":"FeatureNotSupported"}
    /// ```
    Media {
        state: MediaState,
        reason: Option<String>,
    },
    /// How loud everybody is who can be heard; at most five a second, and only to those who want them.
    ///
    /// ```json
    /// {"type":"levels","levels":[{"id":"8:orgid:…","dbfs":-23}]}
    /// ```
    Levels { levels: Vec<Level> },
    /// Somebody's speech in words. The first of a turn that is still going on may be missed.
    ///
    /// ```json
    /// {"type":"caption","id":7,"person":{"id":"8:orgid:…","displayName":"Carol"},"text":"so the budget is","isFinal":false,"language":"en-GB"}
    /// ```
    Caption(Turn),
    /// What somebody is typing in real time, the receiver's own words included.
    ///
    /// ```json
    /// {"type":"text","id":2,"person":{"id":"8:acs:…","displayName":"Erin (External)"},"text":"my microphone is broken","isFinal":true,"language":null}
    /// ```
    Text(Turn),
    /// A request was not carried out.
    ///
    /// ```json
    /// {"type":"refused","request":"mute","reason":"ExplicitConsentRequired"}
    /// ```
    Refused(Refused),
    /// The call is over for the receiver; the socket closes after it.
    ///
    /// ```json
    /// {"type":"ended","code":0,"subcode":5300,"by":{"id":"8:orgid:…","displayName":"Alice"}}
    /// ```
    Ended(Ended),
    /// The service is there. `{"type":"beat"}`
    Beat,
    /// A message of a later version.
    #[serde(skip)]
    Unknown(String),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Names this stay in the call; [`Join::rejoin`](super::Join::rejoin) takes it.
    pub call_id: String,
    #[serde(default)]
    pub topic: String,
    #[serde(default)]
    pub thread_id: Option<String>,
    /// When the meeting began, RFC 3339.
    #[serde(default)]
    pub started_on: Option<String>,
    /// The receiver's raw id.
    pub me: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RosterEntry {
    pub id: String,
    #[serde(default)]
    pub display_name: String,
    pub role: Role,
    pub state: CallState,
    pub is_muted: bool,
    #[serde(default)]
    pub is_deafened: bool,
    #[serde(default)]
    pub audio: Audio,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub sdp: Sdp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    pub id: String,
    #[serde(default)]
    pub display_name: String,
    /// RFC 3339.
    pub since: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    pub kind: NoticeKind,
    pub is_active: bool,
    /// Who started or stopped it, if the meeting tells.
    #[serde(default)]
    pub by_name: Option<String>,
    /// When it became so, RFC 3339; absent if it was never active.
    #[serde(default)]
    pub since: Option<String>,
    #[serde(default)]
    pub consent: Consent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// The type of the message that was refused.
    pub request: String,
    /// A capability reason, or `NoSuchParticipant`, `NotInTheMeeting`, `OnHold`, `TooLong`; for `join` also
    /// `UnknownMeeting` and `WrongPasscode`, which [`Ended`] follows.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    pub code: u32,
    pub subcode: u32,
    #[serde(default)]
    pub by: Option<Person>,
}

/// Names and topics are content, which no log may hold.
macro_rules! shows_only_its_kind {
    ($($kind:ident),*) => {$(
        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($kind))
            }
        }
    )*};
}
shows_only_its_kind!(Info, RosterEntry, Waiting);

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice")
            .field("kind", &self.kind)
            .field("is_active", &self.is_active)
            .field("consent", &self.consent)
            .finish_non_exhaustive()
    }
}

impl ToClient {
    pub fn decode(text: &str) -> Result<Self, Error> {
        decode(text, NAMES).map(|known| known.unwrap_or_else(Self::Unknown))
    }

    pub fn encode(&self) -> String {
        match self {
            Self::Unknown(name) => encode(&serde_json::json!({ "type": name })),
            known => encode(known),
        }
    }
}

const NAMES: &[&str] = &[
    "callState",
    "info",
    "roster",
    "participant",
    "participantLeft",
    "lobby",
    "role",
    "capabilities",
    "notice",
    "muted",
    "hands",
    "reaction",
    "talking",
    "quality",
    "answer",
    "media",
    "levels",
    "caption",
    "text",
    "refused",
    "ended",
    "beat",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of the documentation, as the documentation has them.
    const DOCUMENTED: &str = include_str!("to_client.rs");

    #[test]
    fn every_message_has_an_example_that_is_what_it_says() {
        let examples: Vec<String> = super::super::tests::examples(DOCUMENTED).collect();
        for name in NAMES {
            let marked = format!("\"type\":\"{name}\"");
            assert!(
                examples.iter().any(|e| e.contains(&marked)),
                "no example of {name}"
            );
        }
        for example in &examples {
            let message = ToClient::decode(example).unwrap();
            assert!(!matches!(message, ToClient::Unknown(_)), "{example}");
            let again: serde_json::Value = serde_json::from_str(&message.encode()).unwrap();
            assert_eq!(
                again,
                serde_json::from_str::<serde_json::Value>(example).unwrap()
            );
        }
    }

    #[test]
    fn a_message_of_a_later_version_is_kept_by_name() {
        let video = ToClient::decode(r#"{"type":"video","on":true}"#).unwrap();
        assert_eq!(video, ToClient::Unknown("video".into()));
    }

    #[test]
    fn a_roster_of_an_earlier_version_is_read() {
        let text = r#"{"type":"participant","participant":{"id":"8:acs:x","role":"attendee","state":"connected","isMuted":true}}"#;
        let ToClient::Participant { participant } = ToClient::decode(text).unwrap() else {
            panic!("not a participant");
        };
        assert_eq!(
            (participant.is_deafened, participant.audio),
            (false, Audio::None)
        );
    }

    #[test]
    fn members_of_a_later_version_are_passed_over() {
        let state = ToClient::decode(r#"{"type":"callState","state":"connected","media":{}}"#);
        assert_eq!(
            state.unwrap(),
            ToClient::CallState {
                state: CallState::Connected
            }
        );
    }

    #[test]
    fn names_are_not_printed() {
        let notice = ToClient::decode(
            r#"{"type":"notice","kind":"recording","isActive":true,"byName":"Alice"}"#,
        );
        assert!(!format!("{notice:?}").contains("Alice"));
    }

    fn people() -> impl Strategy<Value = Person> {
        (any::<String>(), any::<String>())
            .prop_map(|(id, display_name)| Person { id, display_name })
    }

    fn entries() -> impl Strategy<Value = RosterEntry> {
        (people(), any::<bool>()).prop_map(|(person, is_muted)| RosterEntry {
            id: person.id,
            display_name: person.display_name,
            role: Role::CoOrganizer,
            state: CallState::LocalHold,
            is_muted,
            is_deafened: !is_muted,
            audio: Audio::Full,
        })
    }

    fn turns() -> impl Strategy<Value = Turn> {
        (any::<u64>(), people(), any::<String>(), any::<bool>()).prop_map(
            |(id, person, text, is_final)| Turn {
                id,
                person,
                text,
                is_final,
                language: None,
            },
        )
    }

    fn messages() -> impl Strategy<Value = ToClient> {
        prop_oneof![
            Just(ToClient::CallState {
                state: CallState::InLobby
            }),
            (any::<String>(), any::<String>(), any::<Option<String>>()).prop_map(
                |(call_id, topic, thread_id)| ToClient::Info(Info {
                    me: call_id.clone(),
                    call_id,
                    topic,
                    started_on: thread_id.clone(),
                    thread_id,
                })
            ),
            proptest::collection::vec(entries(), 0..4)
                .prop_map(|participants| ToClient::Roster { participants }),
            entries().prop_map(|participant| ToClient::Participant { participant }),
            any::<String>().prop_map(|id| ToClient::ParticipantLeft { id }),
            (any::<bool>(), any::<Option<String>>()).prop_map(|(is_active, by_name)| {
                ToClient::Notice(Notice {
                    kind: NoticeKind::Transcription,
                    is_active,
                    since: by_name.clone(),
                    by_name,
                    consent: Consent::Declined,
                })
            }),
            (any::<bool>(), proptest::option::of(people()))
                .prop_map(|(is_muted, by)| ToClient::Muted { is_muted, by }),
            (any::<u32>(), any::<u32>(), proptest::option::of(people()))
                .prop_map(|(code, subcode, by)| ToClient::Ended(Ended { code, subcode, by })),
            people().prop_map(|by| ToClient::Reaction {
                by,
                reaction: Reaction::Heart
            }),
            any::<Vec<String>>().prop_map(|ids| ToClient::Talking { ids }),
            (any::<String>(), any::<Vec<String>>()).prop_map(|(sdp, candidates)| {
                ToClient::Answer(Answer {
                    sdp: Sdp(sdp),
                    candidates,
                })
            }),
            any::<Option<String>>().prop_map(|reason| ToClient::Media {
                state: MediaState::Reconnecting,
                reason,
            }),
            (any::<String>(), any::<i8>()).prop_map(|(id, dbfs)| ToClient::Levels {
                levels: vec![Level { id, dbfs }],
            }),
            turns().prop_map(ToClient::Caption),
            turns().prop_map(ToClient::Text),
            Just(ToClient::Beat),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(message in messages()) {
            prop_assert_eq!(ToClient::decode(&message.encode()).unwrap(), message);
        }

        #[test]
        fn no_frame_makes_it_panic(text in "\\PC*", name in "[a-zA-Z]{0,12}") {
            let _ = ToClient::decode(&text);
            let _ = ToClient::decode(&format!("{{\"type\":\"{name}\",{text}}}"));
        }
    }
}
