//! What others must hear of: one value per change, addressed, before any encoding.

use std::sync::Arc;

use crate::clock::Timestamp;

use super::Message;
use super::Metadata;
use super::Participant;
use super::Retention;

/// Raw ids of those who hear of it; shared, as it is the same for message after message.
pub type Audience = Arc<[Arc<str>]>;

pub struct Change {
    pub thread: Arc<str>,
    pub to: Audience,
    pub at: Timestamp,
    /// The thread's version for its own events, the message's for a message.
    pub version: u64,
    pub what: What,
}

/// The ten kinds a client can be told of.
pub enum What {
    MessageReceived(Arc<Message>),
    MessageEdited(Arc<Message>),
    MessageDeleted(Arc<Message>),
    Typing {
        by: Who,
    },
    Read {
        by: String,
        message: u64,
    },
    ThreadCreated {
        by: Who,
        properties: Properties,
        members: Vec<Participant>,
    },
    ThreadUpdated {
        by: Who,
        properties: Properties,
    },
    /// By nobody: its retention policy ran out.
    ThreadDeleted {
        by: Option<Who>,
    },
    ParticipantsAdded {
        by: Who,
        who: Vec<Participant>,
    },
    ParticipantsRemoved {
        by: Who,
        who: Vec<Participant>,
    },
}

/// A person as events name one.
#[derive(Clone)]
pub struct Who {
    pub id: String,
    pub display_name: Option<String>,
}

/// Everything a thread is described by; always complete, never a patch.
#[derive(Clone)]
pub struct Properties {
    pub topic: String,
    pub created: Timestamp,
    pub metadata: Metadata,
    pub retention: Retention,
}
