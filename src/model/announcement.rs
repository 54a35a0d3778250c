//! What just became true, to be said once: facts, not words.
//!
//! `state::announcer` decides when; `view::phrase` has the words, the same for
//! the transcript, speech and the screen.

use std::fmt;

use crate::model::account::AccountId;
use crate::model::call::EndReason;
use crate::model::call::Rating;
use crate::model::call::Reaction;
use crate::model::call::TransferStep;
use crate::model::capability::Reason;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::model::meeting::DialIn;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::permission::Wider;
use crate::model::sound::BySystem;
use crate::model::sound::Direction;
use crate::model::turn::TurnKind;

/// One announcement and how it is delivered.
#[derive(Clone, PartialEq)]
pub struct Announcement {
    pub class: Class,
    pub said: Said,
}

impl Announcement {
    /// Assertive lines and mentions (accessibility A3).
    pub fn is_worth_a_bell(&self) -> bool {
        self.class == Class::Assertive || self.said.topic() == Topic::Mention
    }

    /// What a person waits for who did something: its answer, or what went wrong.
    pub fn is_answer(&self) -> bool {
        self.class == Class::Answer || self.said.topic() == Topic::Error
    }
}

/// What people wrote may be in it: only the shape is printed.
impl fmt::Debug for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Announcement({:?}, {:?})", self.class, self.said.topic())
    }
}

/// How an announcement is delivered (accessibility 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Not kept.
    Off,
    /// Told only when asked.
    Quiet,
    /// In order; may be held and summarised.
    Polite,
    /// The answer to a command: at once, outside the budget.
    Answer,
    /// At once, also while typing.
    Assertive,
}

/// The rows of accessibility 2.3, and the names in `[announce]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Recording, transcription and consent; no setting reaches it.
    Notice,
    /// Ended, removed, admitted.
    Call,
    /// Muted or unmuted by someone else.
    MutedByOther,
    OwnMute,
    Lobby,
    Connection,
    Error,
    Mention,
    Message,
    OtherThread,
    /// Edit, deletion.
    Change,
    Typing,
    Join,
    Hand,
    Reaction,
    /// Devices, speaking while muted.
    Sound,
    Caption,
    RealTimeText,
    Answer,
}

/// The fact itself. Names and texts are clean.
#[derive(Clone, PartialEq)]
pub enum Said {
    Notice {
        /// Whose call it is: each has notices of its own.
        account: AccountId,
        kind: NoticeKind,
        change: NoticeChange,
        again: bool,
    },
    ConsentAsked {
        account: AccountId,
        again: bool,
    },
    ConsentAnswered {
        account: AccountId,
        granted: bool,
    },

    /// The backlog on opening, in one line (T4).
    Opened {
        topic: String,
        people: usize,
        earlier: usize,
        unread: usize,
    },
    /// We are in the call, and its chat was open before.
    Joined,
    WaitingInLobby {
        topic: String,
    },
    Admitted,
    CallEnded {
        reason: EndReason,
        by: Option<String>,
        seconds: u64,
    },
    /// The vendor's survey of the call that is over can be answered.
    CanRate,
    Rated(Rating),
    Rejoining {
        attempt: u32,
    },
    /// Somebody is called.
    Calling {
        with: String,
    },
    ItRings {
        with: String,
    },
    /// They answered, or we did.
    Connected {
        with: String,
    },
    /// Somebody calls us.
    Incoming {
        name: String,
        through: Option<String>,
        again: bool,
    },
    Answering {
        with: String,
    },
    Declining {
        name: String,
    },
    /// It rings no more, and it was not answered here.
    NotAnswered {
        name: String,
        reason: EndReason,
    },
    /// Whether calls to us arrive here; why not any more.
    Receiving(Result<bool, Because>),
    Adding {
        name: String,
    },
    NotComing {
        name: String,
        reason: EndReason,
    },
    TonesSent {
        count: usize,
    },
    Transfer {
        to: String,
        step: TransferStep,
    },
    /// We were handed on to somebody else.
    HandedOn,
    /// A call that was on hold behind another is over.
    HeldEnded {
        with: String,
        reason: EndReason,
    },
    /// The call in front is over, and another waits on hold.
    StillHeld {
        with: String,
    },
    /// Recording or transcription in a call that is not in front.
    NoticeBehind {
        with: String,
        kind: NoticeKind,
        new: NoticeState,
    },
    Held(bool),
    MutedByOther {
        by: Option<String>,
        muted: bool,
    },
    OwnMute {
        muted: bool,
    },
    SomeoneWaits {
        names: Vec<String>,
    },
    Hand {
        name: String,
        up: bool,
        mine: bool,
    },
    /// Somebody shows a screen, or does no more.
    Shares {
        name: String,
        on: bool,
    },
    Spotlit {
        name: String,
        on: bool,
        mine: bool,
    },
    /// We belong into a breakout room; its name may be empty.
    RoomAssigned {
        name: String,
    },
    /// We are in a breakout room, or in the meeting again.
    Moved {
        room: Option<String>,
    },
    DialIn(DialIn),
    Reacted {
        name: String,
        reaction: Reaction,
    },
    CameAndWent {
        joined: Vec<String>,
        left: Vec<String>,
        people: usize,
    },
    RoleChanged,

    /// Words as they were spoken, or typed in real time.
    Turn {
        kind: TurnKind,
        sender: Sender,
        text: String,
    },
    /// The machine has no sound: a few words why.
    NoSound {
        reason: String,
    },
    DeviceLost(Direction),
    /// Another device than before is in use.
    DeviceOpened {
        direction: Direction,
        device: String,
        /// The one that was wished for in vain.
        missing: Option<String>,
    },
    SpeakingWhileMuted,
    /// Nothing more was heard of the talk key: the microphone was closed.
    TalkKeyLost,
    /// The sound is interrupted, or there again.
    SoundInterrupted(bool),
    /// The browser plays and captures by itself in this call, and why.
    BySystem {
        why: BySystem,
        /// It will do so from now on.
        remembered: bool,
    },
    /// Raw sound was refused, and this call is without.
    RawRefused {
        reason: String,
        remembered: bool,
    },

    ConnectionLost,
    ConnectionBack {
        seconds: u64,
        missed: usize,
    },
    /// No push to be had: the chat is asked for over REST.
    Polling,
    /// Messages arrive by themselves, through a relay.
    Relayed,
    /// That has ended for now: what is new is read when the person asks.
    RelayLost,
    ChatDenied(Failure),
    ChatOpen,
    TopicChanged {
        topic: String,
        by: Option<String>,
    },

    /// One sender's words; several messages of one breath are joined, equal ones counted (T2).
    Message {
        sender: Sender,
        texts: Vec<String>,
        times: usize,
        mention: bool,
        /// Where it was said, unless in the thread in front.
        thread: Option<String>,
    },
    /// What did not fit the budget (T1).
    Summary {
        count: usize,
        thread: String,
        names: Vec<String>,
        /// Counted, not named; kept so that nobody is counted twice.
        others: Vec<String>,
    },
    OtherThread {
        count: usize,
        thread: String,
    },
    Edited {
        sender: Sender,
        text: String,
    },
    Deleted {
        sender: Sender,
    },
    /// A message that was deleted is there again.
    Restored {
        sender: Sender,
        text: String,
    },
    /// Somebody reacted to a message of ours.
    ReactionReceived {
        /// An emoji, or the vendor's name of one.
        kind: String,
        text: String,
    },

    Failed(Failure),
    /// A message of ours was not sent and is kept.
    NotSent {
        thread: String,
        failure: Failure,
    },
    /// The call was left although it is not known whether our message arrived.
    LeftWhileSending {
        thread: String,
    },
    /// The program ends once these are sent, or a little later without.
    QuitsOnceSent {
        files: Vec<String>,
    },
    /// Lines from a pipe cannot be performed yet.
    LinesWait {
        reason: Reason,
    },
    /// A command that is greyed out was asked for.
    Refused {
        command: &'static str,
        reason: Reason,
    },
    UnknownCommand {
        name: String,
        nearest: Option<&'static str>,
    },
    BadArgument {
        command: &'static str,
        arguments: &'static str,
    },
    /// What is used is written down again, after it could not be.
    UsageKept,
    /// The answer to a command; the view reads the rest from state.
    Answer(Answer),
}

/// What became of a notice. `by` only where the service says who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeChange {
    Started {
        by: Option<String>,
    },
    /// It was on when we joined or came back.
    AlreadyOn,
    Stopped {
        by: Option<String>,
    },
    /// Signalling was lost: nobody can tell.
    Unknown,
    /// Known again, and off.
    KnownOff,
}

/// Who said something, as the transcript names them.
#[derive(Clone, PartialEq, Eq)]
pub struct Sender {
    pub name: String,
    pub external: bool,
    pub mine: bool,
}

/// What a command asked to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Status,
    Who,
    Notices,
    Typing,
    Help(Option<String>),
    /// What an organisation told; the view reads it from state.
    Work,
    Can,
    Rooms,
    /// Pictures and files of the chat.
    Files,
    /// Who we can be.
    Accounts,
    /// Who we are now.
    Account,
    SigningIn {
        name: String,
    },
    /// A passphrase is asked for, to be one of us; the one before was wrong.
    Passphrase {
        name: String,
        again: bool,
    },
    /// What more leave there is to ask for.
    Leave,
    /// It is being asked for. `instead` of what was asked for until now, which is given up.
    AsksForLeave {
        wider: Wider,
        instead: Option<Wider>,
    },
    /// What whoever asks has to do; the view reads it from state.
    HowToAgree(AccountId),
    Agreed {
        account: AccountId,
        wider: Wider,
    },
    GaveUpAsking(Wider),
    About,
    Last(usize),
    Unread,
    Setting {
        key: String,
    },
    Search {
        matches: usize,
    },
    Acknowledged,
    NothingToAcknowledge,
    Copied,
    Saved {
        path: String,
        /// How large, where that is worth saying.
        bytes: Option<u64>,
    },
    Opened,
    /// A file is on its way into the sender's drive, by its name here.
    SendsFile(String),
    /// It is in a message of the thread of that topic.
    FileSent {
        name: String,
        bytes: u64,
        topic: String,
        closed_to: Vec<String>,
    },
    /// A reaction of ours to a message was set or taken back.
    ReactedTo {
        kind: String,
        set: bool,
    },
    Theme(String),
    Verbosity(u8),
    Quiet(bool),
    MoreText,
    Nothing,
    Check,
    Devices,
    Device(Direction),
    /// Of everything, or of somebody.
    Volume {
        name: Option<String>,
    },
    Levels,
    InputLevel,
    Captions(bool),
    Stats,
    PushToTalk,
    Talking(bool),
    Deafened(bool),
    TestTone,
    /// What Tab can fill in.
    Choices(Vec<String>),
    /// A question of ours; the next line answers it.
    Asked(Question),
}

/// What wants a yes before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    Paste { lines: usize },
    Delete,
    EndForEverybody,
    GoOver { name: String },
}

impl Said {
    /// A message of ours, as the transcript says it.
    pub fn mine(text: &str) -> Self {
        Self::Message {
            sender: Sender {
                name: String::new(),
                external: false,
                mine: true,
            },
            texts: vec![text.to_owned()],
            times: 1,
            mention: false,
            thread: None,
        }
    }

    /// A notice or a question that was said before and nobody has acknowledged.
    pub const fn is_repeat(&self) -> bool {
        matches!(
            self,
            Self::Notice { again: true, .. }
                | Self::ConsentAsked { again: true, .. }
                | Self::Incoming { again: true, .. }
        )
    }

    /// The full screen has a place for it other than a row of its own: the talk, where messages stand
    /// and a notice has its banner, or the line of notices, where consent is asked for.
    pub const fn is_in_sight(&self) -> bool {
        matches!(
            self,
            Self::Message { thread: None, .. }
                | Self::Summary { .. }
                | Self::Turn { .. }
                | Self::Notice { again: false, .. }
                | Self::ConsentAsked { again: false, .. }
        )
    }

    pub const fn topic(&self) -> Topic {
        match self {
            Self::Notice { .. }
            | Self::NoticeBehind { .. }
            | Self::ConsentAsked { .. }
            | Self::ConsentAnswered { .. } => Topic::Notice,
            Self::Opened { .. } | Self::TopicChanged { .. } | Self::CameAndWent { .. } => {
                Topic::Join
            }
            Self::WaitingInLobby { .. } | Self::SomeoneWaits { .. } => Topic::Lobby,
            Self::Admitted
            | Self::Joined
            | Self::CallEnded { .. }
            | Self::CanRate
            | Self::Rejoining { .. }
            | Self::Calling { .. }
            | Self::ItRings { .. }
            | Self::Connected { .. }
            | Self::Incoming { .. }
            | Self::Answering { .. }
            | Self::Declining { .. }
            | Self::NotAnswered { .. }
            | Self::Receiving(_)
            | Self::Adding { .. }
            | Self::NotComing { .. }
            | Self::TonesSent { .. }
            | Self::Transfer { .. }
            | Self::HandedOn
            | Self::HeldEnded { .. }
            | Self::StillHeld { .. }
            | Self::Held(_)
            | Self::Shares { .. }
            | Self::Spotlit { .. }
            | Self::RoomAssigned { .. }
            | Self::Moved { .. }
            | Self::RoleChanged => Topic::Call,
            Self::Turn {
                kind: TurnKind::Caption,
                ..
            } => Topic::Caption,
            Self::Turn {
                kind: TurnKind::Text,
                ..
            } => Topic::RealTimeText,
            Self::NoSound { .. }
            | Self::DeviceLost(_)
            | Self::DeviceOpened { .. }
            | Self::SpeakingWhileMuted
            | Self::TalkKeyLost
            | Self::BySystem { .. }
            | Self::RawRefused { .. }
            | Self::SoundInterrupted(_) => Topic::Sound,
            Self::MutedByOther { .. } => Topic::MutedByOther,
            Self::OwnMute { .. } => Topic::OwnMute,
            Self::Hand { .. } => Topic::Hand,
            Self::Reacted { .. } => Topic::Reaction,
            Self::ConnectionLost
            | Self::ConnectionBack { .. }
            | Self::Polling
            | Self::Relayed
            | Self::RelayLost
            | Self::ChatDenied(_)
            | Self::ChatOpen => Topic::Connection,
            Self::Message { mention: true, .. } => Topic::Mention,
            Self::Message { .. } | Self::Summary { .. } => Topic::Message,
            Self::OtherThread { .. } => Topic::OtherThread,
            Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::Restored { .. }
            | Self::ReactionReceived { .. } => Topic::Change,
            Self::Failed(_)
            | Self::NotSent { .. }
            | Self::LeftWhileSending { .. }
            | Self::UsageKept => Topic::Error,
            Self::QuitsOnceSent { .. }
            | Self::LinesWait { .. }
            | Self::Refused { .. }
            | Self::UnknownCommand { .. }
            | Self::BadArgument { .. }
            | Self::DialIn(_)
            | Self::Rated(_)
            | Self::Answer(_) => Topic::Answer,
        }
    }
}

/// Names and what people wrote may be in it: only the topic is printed.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Said({:?})", self.topic())
    }
}
