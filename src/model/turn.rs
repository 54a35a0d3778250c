//! Words while they are spoken or typed: captions and real-time text, in turns.
//!
//! A turn comes again and again, each time whole as it is by then, until it is done.

use std::fmt;

use crate::model::identity::Person;

/// What somebody says, or types in real time.
#[derive(Clone, PartialEq, Eq)]
pub struct Turn {
    pub kind: TurnKind,
    /// Numbers the turns of one person and kind.
    pub id: u64,
    pub person: Person,
    pub mine: bool,
    /// One line, clean. Empty and done: taken back.
    pub text: String,
    pub done: bool,
    /// BCP 47, where the service tells.
    pub language: Option<String>,
}

impl Turn {
    /// A newer copy of `other`.
    pub fn continues(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id && self.person.id == other.person.id
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TurnKind {
    Caption,
    /// Real-time text.
    Text,
}

/// Our own real-time text: the whole line as it is by now.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed {
    pub text: String,
    pub done: bool,
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({} bytes, done {})", self.text.len(), self.done)
    }
}

/// What was said is content: only the kind is printed.
impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Turn({:?} {}, done {})", self.kind, self.id, self.done)
    }
}
