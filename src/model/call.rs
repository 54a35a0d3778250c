//! A call and the people in it, in the vendor's states.

use std::fmt;

use crate::clock::Timestamp;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::sound::Audio;
use crate::model::thread::ThreadId;

/// A call of ours, numbered as it was begun in this run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CallNumber(pub u32);

/// A call that rings, as the back end numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IncomingNumber(pub u64);

/// Somebody calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    pub number: IncomingNumber,
    pub caller: Person,
    /// Who handed the call on to us.
    pub through: Option<Person>,
}

/// To whom a call is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferTo {
    /// A person, a phone number or a call queue.
    Person(RawId),
    Voicemail(RawId),
    /// Whoever is in a call of ours that is on hold.
    Held(CallNumber),
}

/// How far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferStep {
    Begun,
    Done,
    Failed(EndReason),
}

/// Keys of a phone, in the order they are pressed. They may be somebody's secret number.
#[derive(Clone, PartialEq, Eq)]
pub struct Tones(String);

impl Tones {
    /// `None` where something is no key of a phone.
    pub fn parse(text: &str) -> Option<Self> {
        let keys: String = text.split_whitespace().collect();
        let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
        let keys = keys.to_ascii_uppercase();
        (!keys.is_empty() && keys.len() <= MOST_TONES && keys.chars().all(is_key))
            .then_some(Self(keys))
    }

    pub fn keys(&self) -> impl Iterator<Item = char> {
        self.0.chars()
    }
}

impl fmt::Debug for Tones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tones({})", self.0.len())
    }
}

/// How a call was, as its survey counts: 1 is worst, 5 is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rating(u8);

impl Rating {
    pub const BEST: u8 = 5;

    pub fn parse(text: &str) -> Option<Self> {
        let score: u8 = text.trim().parse().ok()?;
        (1..=Self::BEST).contains(&score).then_some(Self(score))
    }

    pub const fn score(self) -> u8 {
        self.0
    }
}

/// Whether the person can say how a call was that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Survey {
    /// Nobody asks, or nobody would hear it.
    #[default]
    None,
    Open,
    /// Given, and on its way.
    Sending(Rating),
    Sent(Rating),
}

/// Longer than any number of a card.
const MOST_TONES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallState {
    #[default]
    Connecting,
    Ringing,
    EarlyMedia,
    InLobby,
    Connected,
    LocalHold,
    RemoteHold,
    Disconnecting,
    Disconnected,
}

impl CallState {
    /// The vendor's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Ringing => "Ringing",
            Self::EarlyMedia => "EarlyMedia",
            Self::InLobby => "InLobby",
            Self::Connected => "Connected",
            Self::LocalHold => "LocalHold",
            Self::RemoteHold => "RemoteHold",
            Self::Disconnecting => "Disconnecting",
            Self::Disconnected => "Disconnected",
        }
    }

    /// On the way into a call, by somebody else's wish.
    pub const fn is_called(self) -> bool {
        matches!(self, Self::Connecting | Self::Ringing | Self::EarlyMedia)
    }

    /// In the meeting, on hold or not: what "in the call" means to people.
    pub const fn is_inside(self) -> bool {
        matches!(self, Self::Connected | Self::LocalHold | Self::RemoteHold)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Role {
    #[default]
    Unknown,
    Attendee,
    Presenter,
    CoOrganizer,
    Organizer,
    Consumer,
    Collaborator,
}

/// What is known of the meeting once the call tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallInfo {
    /// The meeting's chat; absent while in the lobby and in chat-less meetings.
    pub thread: Option<ThreadId>,
    pub topic: String,
    /// When the meeting began, where the service tells.
    pub started: Option<Timestamp>,
}

/// One person of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one person"
)]
pub struct RosterEntry {
    pub person: Person,
    pub me: bool,
    pub role: Role,
    pub state: CallState,
    pub muted: bool,
    /// They hear nothing, by choice.
    pub deafened: bool,
    pub audio: Audio,
    pub talking: bool,
    /// The order in which hands went up, from 1.
    pub hand: Option<u32>,
    /// They show a screen, which we do not see.
    pub sharing: bool,
    pub spotlit: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    Like,
    Heart,
    Laugh,
    Surprised,
    Applause,
}

impl Reaction {
    pub const ALL: [Self; 5] = [
        Self::Like,
        Self::Heart,
        Self::Laugh,
        Self::Surprised,
        Self::Applause,
    ];

    /// The vendor's word, which is also what people type.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Like => "like",
            Self::Heart => "heart",
            Self::Laugh => "laugh",
            Self::Surprised => "surprised",
            Self::Applause => "applause",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }
}

/// Network quality, from what is not known to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Quality {
    #[default]
    Unknown,
    Good,
    Poor,
    Bad,
}

/// Why a call ended: the vendor's code and subcode. `view::phrase` has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndReason {
    pub code: u32,
    pub subcode: u32,
}

/// What follows from an end reason (teams-interop 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterEnd {
    /// The network failed: joined again by itself, with back-off.
    Rejoin,
    /// The token was refused: joined again once with a fresh one.
    RefreshAndRejoin,
    /// A person may try again.
    ManualRejoin,
    /// Joining again is not offered: somebody decided.
    Final,
}

impl EndReason {
    pub const fn after(self) -> AfterEnd {
        match (self.code, self.subcode) {
            (_, 5855) => AfterEnd::ManualRejoin,
            (_, 5000 | 5300 | 5854 | 4097) | (403, _) => AfterEnd::Final,
            (401, 10009) | (495, _) => AfterEnd::RefreshAndRejoin,
            (410 | 490 | 491 | 496..=498, _) | (408, 4506) => AfterEnd::Rejoin,
            _ => AfterEnd::ManualRejoin,
        }
    }
}

/// Where the link to the call's signalling stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signalling {
    #[default]
    Up,
    /// Lost at this time; notices are unknown until it is back.
    Lost { since: Timestamp },
}
