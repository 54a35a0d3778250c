//! The one table of user commands: name, keys, arguments, help.
//!
//! The parser of slash commands, the key map, the help screen, completion, the
//! palette and the list in the README all derive from [`TABLE`].

use crate::model::call::Reaction;
use crate::model::capability::Capability;
use crate::model::settings::Interface;

/// What a person asked for, whichever way.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    // chat
    SendText(String),
    Reply { to: Option<String>, text: String },
    EditMessage(Option<String>),
    DeleteMessage,
    Retry,
    Refresh,
    SaveAttachment(Option<String>),
    OpenLink(Option<usize>),
    CopyMessage,
    CopyLink,
    Editor,
    SaveTranscript { path: String, json: bool },
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
    // call
    Join { audio: bool },
    Leave,
    EndForEverybody,
    ToggleMute,
    Mute(bool),
    Hold(bool),
    RaiseHand(Option<bool>),
    React(Reaction),
    Admit(Option<String>),
    Reject(String),
    Remove(String),
    MuteOther(Option<String>),
    Consent(Option<bool>),
    Acknowledge,
    // knowing
    Status,
    Who,
    Notices,
    TypingNow,
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
    Set { key: String, value: Option<String> },
    Quit,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The slash command, without the slash.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// As help shows them: `[NAME]`, `yes|no`, `TEXT`.
    pub arguments: &'static str,
    /// Chords of the plain map, as text: `Ctrl-T`, `Ctrl-G m`.
    pub keys: &'static [&'static str],
    /// Chords of the vim map's normal mode.
    pub vim: &'static [&'static str],
    pub needs: Capability,
    pub group: Group,
    /// One sentence.
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Chat,
    Reading,
    Call,
    Knowing,
    Screen,
}
