//! The one table of user commands: name, keys, arguments, help.
//!
//! The parser of slash commands, the key map, the help screen, completion, the
//! palette and the list in the README all derive from [`TABLE`]; a new command is a new row.

mod arguments;
mod keymap;
mod parse;
mod table;

use crate::model::call::Rating;
use crate::model::call::Reaction;
use crate::model::call::Tones;
use crate::model::directory::Presence;
use crate::model::message::Importance;
use crate::model::permission::Wider;
use crate::model::settings::Interface;
use crate::model::sign_in::By;
use crate::model::sound::Audio;
use crate::model::sound::Direction;

pub use keymap::KeyMap;
pub use keymap::Lookup;
pub use keymap::chord_text;
pub use keymap::taken_by_readers;
pub use parse::ParseError;
pub use parse::complete;
pub use parse::nearest;
pub use parse::parse;
pub use table::Group;
pub use table::Row;
pub use table::TABLE;
pub use table::row;

/// What a person asked for, whichever way.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    // chat
    SendText(String),
    Reply {
        to: Option<String>,
        text: String,
    },
    EditMessage(Option<String>),
    DeleteMessage,
    Retry,
    Refresh,
    SaveAttachment(Option<String>),
    Files,
    OpenLink(Option<usize>),
    CopyMessage,
    CopyLink,
    Editor,
    SaveTranscript {
        path: String,
        json: bool,
    },
    // reading
    Last(usize),
    Unread,
    ReadThread(String),
    MarkRead,
    More,
    Search(String),
    SearchNext,
    SearchPrevious,
    JumpMention,
    JumpUnread,
    Newest,
    PageUp,
    PageDown,
    // of a work account
    Work(Work),
    // call
    /// `None`: as settings say.
    Join {
        audio: Option<Audio>,
    },
    Leave,
    EndForEverybody,
    ToggleMute,
    Mute(bool),
    Hold(bool),
    RaiseHand(Option<bool>),
    React(Reaction),
    /// `None`: us.
    Spotlight(Option<String>),
    /// `None`: everybody.
    EndSpotlight(Option<String>),
    Breakout(Breakout),
    DialIn,
    /// The meeting in a browser, for those who want to look at a screen.
    Watch,
    Call(String),
    Answer {
        name: Option<String>,
        muted: bool,
    },
    Decline(Option<String>),
    /// To a call on hold.
    Switch(Option<String>),
    Tones(Tones),
    Transfer(String),
    Add(String),
    Admit(Option<String>),
    Reject(String),
    Remove(String),
    MuteOther(Option<String>),
    Consent(Option<bool>),
    /// The call that is over.
    Rate(Rating),
    Acknowledge,
    // sound; `None` toggles a switch and asks for anything else
    Deafen(Option<bool>),
    /// A name, the begin of one, a number of the list, `default` or `none`.
    Devices(Option<(Direction, String)>),
    Volume {
        name: Option<String>,
        percent: Option<u16>,
    },
    Levels,
    Captions(Option<bool>),
    /// Empty: begins in the composer.
    RealTimeText(String),
    Stats,
    PushToTalk(Option<String>),
    Talk(Option<bool>),
    TestTone,
    // knowing
    Status,
    Who,
    Notices,
    TypingNow,
    /// What may be done here.
    Can,
    /// Who we can be, or who we want to be.
    Account(Option<String>),
    Help(Option<String>),
    About,
    // screen
    Palette,
    Roster,
    LeaderKeys,
    PinThreads,
    PinPeople,
    SwitchView(Interface),
    SwitchThread(String),
    Theme(String),
    Keys(String),
    Verbosity(u8),
    Quiet(Option<bool>),
    Set {
        key: String,
        value: Option<String>,
    },
    Quit,
}

/// What is wished of breakout rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakout {
    List,
    /// By name; `None`: the one that we belong to.
    Enter(Option<String>),
    Return,
}

/// What only work accounts can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    Chats,
    NewChat {
        names: Vec<String>,
        topic: String,
    },
    People(String),
    SearchAll(String),
    /// Asks; chooses; `Some(None)` chooses nothing any more.
    Presence(Option<Option<Presence>>),
    Undelete,
    Reaction(String),
    AddMember(String),
    RemoveMember(String),
    Rename(String),
    MarkUnread,
    Meeting,
    MeetingChat(String),
    Picture(String),
    File(String),
    Important {
        importance: Importance,
        text: String,
    },
    Leave(Leave),
}

/// What is wished of the leave that the sign-in has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    List,
    Ask {
        wider: Wider,
        /// `None`: as it fits this machine.
        by: Option<By>,
    },
    GiveUp,
}

impl Work {
    const fn name(&self) -> &'static str {
        match self {
            Self::Chats => "chats",
            Self::NewChat { .. } => "newchat",
            Self::People(_) => "colleagues",
            Self::SearchAll(_) => "searchall",
            Self::Presence(_) => "presence",
            Self::Undelete => "undelete",
            Self::Reaction(_) => "reaction",
            Self::AddMember(_) => "addmember",
            Self::RemoveMember(_) => "removemember",
            Self::Rename(_) => "rename",
            Self::MarkUnread => "markunread",
            Self::Meeting => "meeting",
            Self::MeetingChat(_) => "meetingchat",
            Self::Picture(_) => "picture",
            Self::File(_) => "attach",
            Self::Important {
                importance: Importance::Urgent,
                ..
            } => "urgent",
            Self::Important { .. } => "important",
            Self::Leave(_) => "permission",
        }
    }
}

impl Command {
    /// The name of the command's row.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SendText(_) => "say",
            Self::Reply { .. } => "reply",
            Self::EditMessage(_) => "edit",
            Self::DeleteMessage => "delete",
            Self::Retry => "retry",
            Self::Refresh => "refresh",
            Self::SaveAttachment(_) => "download",
            Self::Files => "files",
            Self::OpenLink(_) => "open",
            Self::CopyMessage => "copy",
            Self::CopyLink => "copylink",
            Self::Editor => "editor",
            Self::SaveTranscript { .. } => "save",
            Self::Last(_) => "last",
            Self::Unread => "unread",
            Self::ReadThread(_) => "read",
            Self::MarkRead => "markread",
            Self::More => "more",
            Self::Search(_) => "search",
            Self::SearchNext => "next",
            Self::SearchPrevious => "previous",
            Self::JumpMention => "mention",
            Self::JumpUnread => "jump",
            Self::Newest => "newest",
            Self::PageUp => "pageup",
            Self::PageDown => "pagedown",
            Self::Work(work) => work.name(),
            Self::Join { .. } => "join",
            Self::Leave => "leave",
            Self::EndForEverybody => "end",
            Self::ToggleMute | Self::Mute(true) => "mute",
            Self::Mute(false) => "unmute",
            Self::Hold(true) => "hold",
            Self::Hold(false) => "resume",
            Self::RaiseHand(Some(false)) => "lower",
            Self::RaiseHand(_) => "raise",
            Self::React(_) => "react",
            Self::Spotlight(_) => "spotlight",
            Self::EndSpotlight(_) => "unspotlight",
            Self::Breakout(_) => "breakout",
            Self::DialIn => "dialin",
            Self::Watch => "watch",
            Self::Call(_) => "call",
            Self::Answer { .. } => "accept",
            Self::Decline(_) => "decline",
            Self::Switch(_) => "switch",
            Self::Tones(_) => "dtmf",
            Self::Transfer(_) => "transfer",
            Self::Add(_) => "add",
            Self::Admit(_) => "admit",
            Self::Reject(_) => "reject",
            Self::Remove(_) => "remove",
            Self::MuteOther(_) => "silence",
            Self::Consent(_) => "consent",
            Self::Rate(_) => "rate",
            Self::Acknowledge => "ack",
            Self::Deafen(_) => "deafen",
            Self::Devices(_) => "devices",
            Self::Volume { .. } => "volume",
            Self::Levels => "levels",
            Self::Captions(_) => "captions",
            Self::RealTimeText(_) => "text",
            Self::Stats => "stats",
            Self::PushToTalk(_) => "ptt",
            Self::Talk(_) => "talk",
            Self::TestTone => "testtone",
            Self::Status => "status",
            Self::Who => "who",
            Self::Notices => "notices",
            Self::TypingNow => "typing",
            Self::Can => "can",
            Self::Account(_) => "account",
            Self::Help(_) => "help",
            Self::About => "about",
            Self::Palette => "palette",
            Self::Roster => "people",
            Self::LeaderKeys => "leader",
            Self::PinThreads => "pinthreads",
            Self::PinPeople => "pinpeople",
            Self::SwitchView(Interface::Linear) => "linear",
            Self::SwitchView(Interface::FullScreen) => "fullscreen",
            Self::SwitchThread(_) => "thread",
            Self::Theme(_) => "theme",
            Self::Keys(_) => "keymap",
            Self::Verbosity(_) => "verbosity",
            Self::Quiet(_) => "quiet",
            Self::Set { .. } => "set",
            Self::Quit => "quit",
        }
    }
}
