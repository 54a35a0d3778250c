//! What a meeting has beside its call: breakout rooms, and numbers to dial in with.

use crate::model::thread::ThreadId;

/// A breakout room. Its thread names it, also where it has no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub thread: ThreadId,
    pub name: String,
    pub open: bool,
    /// We belong there.
    pub assigned: bool,
}

/// The rooms that we may know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rooms {
    pub all: Vec<Room>,
    /// Whoever is in a room may go back before it closes.
    pub may_return: bool,
}

impl Default for Rooms {
    fn default() -> Self {
        let all = Vec::new();
        let may_return = true;
        Self { all, may_return }
    }
}

impl Rooms {
    pub fn assigned(&self) -> Option<&Room> {
        self.all.iter().find(|room| room.assigned)
    }
}

/// How to take part by phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialIn {
    /// What the phone asks for.
    pub conference: String,
    pub numbers: Vec<DialInNumber>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialInNumber {
    /// As E.164.
    pub number: String,
    pub toll_free: bool,
    /// City and country, as far as they are told.
    pub place: String,
}
