//! Where the person is: which view, overlay, selection and scroll position.

use crate::clock::Moment;
use crate::model::account::AccountId;
use crate::model::announcement::Announcement;
use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::model::message::MessageId;
use crate::model::settings::Interface;
use crate::state::timeline::Mark;

#[derive(Debug, Clone)]
pub struct Focus {
    pub interface: Interface,
    /// The account that commands about the call go to when no thread is open.
    pub account: Option<AccountId>,
    pub overlay: Option<Overlay>,
    pub scroll: Scroll,
    /// The message that commands act on; `None`: the newest of mine or of all, as the command says.
    pub selected: Option<MessageId>,
    pub search: Option<Search>,
    /// Vim map: normal or insert.
    pub mode: Mode,
    /// How many rows of a list that is only read are hidden above.
    pub hidden: usize,
    /// Keys of a sequence that is not complete, `Ctrl-G` first.
    pub pending: Vec<Key>,
    pub rest: Rest,
    /// Letters are dropped up to Enter, or a pause after this moment: the rest of an answer,
    /// or of a line that was meant for something else than the open question.
    pub dropping: Option<Moment>,
    /// The open question was raised over the control socket, where it may be answered too.
    pub asked_by_program: bool,
    /// What was last said of itself, above the answer: both are gone with the next key.
    pub said: Option<Announcement>,
    /// What a command was answered, or what went wrong: nothing that happens meanwhile takes its place.
    pub answer: Option<Announcement>,
    /// What went wrong stays until then, whatever is typed: it may come in the middle of a word.
    pub unread_until: Option<Moment>,
}

/// What lies over the timeline; never over notice line, call line or composer.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    Palette {
        query: String,
        selected: usize,
    },
    Roster {
        selected: usize,
    },
    Leader,
    Help {
        topic: Option<String>,
        scroll: usize,
    },
    About,
    /// What may be done here.
    Can,
    /// Who we can be.
    Accounts,
    /// What more leave there is to ask for, and what whoever asks has to do.
    Leave,
    /// Pictures and files of the chat.
    Files,
    /// What an organisation told: chats, people, messages found, presence.
    Work,
    Notices,
    /// Microphones and speakers, to choose one.
    Devices {
        selected: usize,
    },
    /// A paste or deletion that wants a yes.
    Confirm(Confirm),
}

impl Overlay {
    /// Nothing in it is chosen: it is scrolled where it is longer than its rows may be.
    pub const fn is_read(&self) -> bool {
        match self {
            Self::Leader
            | Self::Help { .. }
            | Self::About
            | Self::Can
            | Self::Accounts
            | Self::Leave
            | Self::Files
            | Self::Work
            | Self::Notices => true,
            Self::Palette { .. }
            | Self::Roster { .. }
            | Self::Devices { .. }
            | Self::Confirm(_) => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Confirm {
    Paste { text: String, lines: usize },
    Delete(MessageId),
    EndForEverybody,
    GoOver { account: AccountId, name: String },
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scroll {
    #[default]
    Follow,
    /// The page does not move: it ends with this entry, whose last `rows` rows are hidden below.
    Anchored {
        at: Mark,
        rows: usize,
        /// Messages that arrived since: `14 newer · End`.
        newer: usize,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub query: String,
    pub at: Option<Mark>,
    pub matches: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Insert,
    Normal,
}

/// Letters still taken as part of a word that was acted on by its first.
#[derive(Debug, Clone, Default)]
pub struct Rest {
    left: String,
    taken: String,
    /// The whole word was typed: an Enter belongs to it.
    whole: bool,
}

/// What a key is to the rest of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfRest {
    /// A part of it.
    Taken,
    /// It was no such word: this was taken, and is to be typed.
    Typed(String),
    Nothing,
}

impl Rest {
    const fn new() -> Self {
        Self {
            left: String::new(),
            taken: String::new(),
            whole: false,
        }
    }

    /// All of a word but its first letter.
    pub fn of(word: &str) -> Self {
        Self {
            left: word.chars().skip(1).collect(),
            ..Self::new()
        }
    }

    pub fn take(&mut self, key: Key) -> OfRest {
        let rest = std::mem::take(self);
        match key.code {
            KeyCode::Enter if rest.whole => OfRest::Taken,
            KeyCode::Char(c) if rest.left.starts_with(c) => {
                self.left = rest.left.chars().skip(1).collect();
                self.taken = rest.taken;
                self.taken.push(c);
                self.whole = self.left.is_empty();
                OfRest::Taken
            }
            _ if rest.whole || rest.taken.is_empty() => OfRest::Nothing,
            _ => OfRest::Typed(rest.taken),
        }
    }
}

impl Focus {
    /// A key was pressed or a place was clicked: the rows for what was said have done their work.
    pub fn dismiss(&mut self, now: Moment) {
        self.said = None;
        if self.unread_until.is_none_or(|until| until <= now) {
            self.answer = None;
            self.unread_until = None;
        }
    }

    pub const fn new(interface: Interface) -> Self {
        Self {
            interface,
            account: None,
            overlay: None,
            scroll: Scroll::Follow,
            selected: None,
            search: None,
            mode: Mode::Insert,
            hidden: 0,
            pending: Vec::new(),
            rest: Rest::new(),
            dropping: None,
            asked_by_program: false,
            said: None,
            answer: None,
            unread_until: None,
        }
    }

    pub const fn is_following(&self) -> bool {
        matches!(self.scroll, Scroll::Follow)
    }

    /// Closes what lies over the page; `true` when there was something.
    pub fn close(&mut self) -> bool {
        self.pending.clear();
        self.hidden = 0;
        self.overlay.take().is_some()
    }

    /// Back to the newest message, as on opening a thread.
    pub fn reset(&mut self) {
        self.scroll = Scroll::Follow;
        self.selected = None;
        self.search = None;
    }
}
