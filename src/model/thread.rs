//! A chat thread and what an account may do in it.

use std::fmt;
use std::sync::Arc;

use crate::model::account::AccountId;
use crate::model::failure::Failure;
use crate::model::identity::Person;

/// `19:…@thread.v2`; opaque.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(Arc<str>);

impl ThreadId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The same thread may be open as two accounts; they are two to us.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadKey {
    pub account: AccountId,
    pub thread: ThreadId,
}

#[derive(Clone, PartialEq, Eq)]
pub struct ThreadInfo {
    pub id: ThreadId,
    pub topic: String,
    pub participants: Vec<Person>,
}

impl fmt::Debug for ThreadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ThreadInfo({:?}, {} participants)",
            self.id,
            self.participants.len()
        )
    }
}

/// What a thread is, as far as lists tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThreadKind {
    #[default]
    Thread,
    OneOnOne,
    Group,
    Meeting,
    Channel,
}

/// One row of the list of an account's chats.
#[derive(Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: ThreadId,
    pub topic: String,
    pub kind: ThreadKind,
    /// Something of somebody else was not read yet.
    pub unread: bool,
    /// The link of its meeting.
    pub meeting: Option<String>,
    /// Who wrote last, and the first words of it.
    pub preview: Option<(String, String)>,
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listed({:?}, {:?})", self.id, self.kind)
    }
}

/// May we read and write here?
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ChatAccess {
    /// Being opened.
    #[default]
    Opening,
    Open,
    /// Refused; the call, if any, goes on. `/retry` asks again.
    Denied(Failure),
    /// The service took the thread away.
    Gone,
}

/// How current what we show of an account's threads is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    #[default]
    Connecting,
    /// Events arrive by themselves.
    Live,
    /// Events arrive by themselves, passed on by a token service that the cloud notifies.
    Relayed,
    /// Lost, and being built up again; what was missed is fetched afterwards.
    Reconnecting,
    /// No push to be had: asked from time to time over REST.
    Polling,
    /// Nothing arrives by itself: read when the person does something.
    OnDemand,
    /// Given up until someone acts.
    Down(Failure),
}

impl Link {
    /// Whether events arrive by themselves.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live | Self::Relayed)
    }
}
