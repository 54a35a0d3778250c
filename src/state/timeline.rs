//! The messages of one thread, in the order people should read them.
//!
//! Holds local echoes until the server's copy arrives and replaces them. A
//! window around what is visible: older and newer pages are asked for by an
//! effect and handed in like new messages.

use crate::clock::Timestamp;
use crate::model::message::ClientMessageId;
use crate::model::message::Draft;
use crate::model::message::Message;
use crate::model::message::SendState;

/// One entry. Entries are ordered: server messages by id, then echoes in the order they were sent.
#[derive(Debug, Clone)]
pub enum Entry {
    Message(Message),
    Echo(Echo),
    /// A banner at the moment it happened: a notice, joined, reconnected.
    Banner {
        text: String,
        at: Timestamp,
    },
}

#[derive(Debug, Clone)]
pub struct Echo {
    pub client_id: ClientMessageId,
    pub draft: Draft,
    pub state: SendState,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Default)]
pub struct Timeline {
    pub(crate) entries: Vec<Entry>,
    /// Everything older was loaded.
    pub complete: bool,
    /// A page was asked for and has not come yet.
    pub loading: bool,
    /// Grows with every change, so that wrapped lines can be cached by it.
    pub revision: u64,
}
