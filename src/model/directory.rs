//! What an organisation tells about its people, and what is found in all chats.

use std::fmt;

use crate::clock::Timestamp;
use crate::model::identity::RawId;
use crate::model::thread::ThreadId;

/// Whether somebody can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    Available,
    Busy,
    DoNotDisturb,
    BeRightBack,
    Away,
    Offline,
    /// By the service's name for it.
    Other(String),
}

impl Presence {
    /// The word of a command.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "available" => Self::Available,
            "busy" => Self::Busy,
            "dnd" => Self::DoNotDisturb,
            "brb" => Self::BeRightBack,
            "away" => Self::Away,
            "offline" => Self::Offline,
            _ => return None,
        })
    }
}

/// Somebody a chat can be begun with.
#[derive(Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Where the directory tells: whoever has one can be called.
    pub id: Option<RawId>,
    pub name: String,
    pub address: String,
    pub title: String,
}

/// A message found in some chat.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    pub thread: Option<ThreadId>,
    pub name: String,
    pub words: String,
    pub at: Option<Timestamp>,
}

/// What people are called and wrote is not printed.
impl fmt::Debug for Colleague {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Colleague")
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Found({:?})", self.thread)
    }
}
