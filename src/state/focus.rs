//! Where the person is: which view, overlay, selection and scroll position.

use crate::model::message::MessageId;
use crate::model::settings::Interface;

#[derive(Debug, Clone)]
pub struct Focus {
    pub interface: Interface,
    pub overlay: Option<Overlay>,
    /// Rows scrolled back from the newest; 0 follows.
    pub scroll: Scroll,
    /// The message that commands act on; `None`: the newest of mine or of all, as the command says.
    pub selected: Option<MessageId>,
    pub search: Option<Search>,
    /// Vim map: normal or insert.
    pub mode: Mode,
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
    Notices,
    /// A paste or deletion that wants a yes.
    Confirm(Confirm),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Confirm {
    Paste { text: String, lines: usize },
    Delete(MessageId),
    EndForEverybody,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scroll {
    #[default]
    Follow,
    /// The page does not move: this message stays on the last row but `rows`.
    Anchored {
        message: MessageId,
        rows: usize,
        newer: usize,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub query: String,
    pub at: Option<MessageId>,
    pub matches: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Insert,
    Normal,
}
