//! One message of a thread, whoever transports it.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::model::failure::Failure;
use crate::model::identity::Person;
use crate::model::rich::Rich;
use crate::model::rich::placeholder;

/// The server's id: a decimal number as a string, growing with time within a thread.
///
/// Ordered as a number, because an edit raises a version but never the id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Arc<str>);

impl MessageId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for MessageId {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (
            self.0.trim_start_matches('0'),
            other.0.trim_start_matches('0'),
        );
        a.len()
            .cmp(&b.len())
            .then_with(|| a.cmp(b))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for MessageId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Our id for a message before the server's; travels in the message's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientMessageId(Arc<str>);

impl ClientMessageId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Grows with every edit and the deletion; the copy with the higher one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub version: Version,
    /// Present on messages this program sent, from any device.
    pub client_id: Option<ClientMessageId>,
    /// `None` for system messages.
    pub sender: Option<Person>,
    pub mine: bool,
    pub body: Body,
    pub created: Timestamp,
    pub edited: Option<Timestamp>,
    pub mentions_me: bool,
    pub attachments: Vec<Attachment>,
    pub reply_to: Option<Quoted>,
    pub reactions: Vec<Reacted>,
    pub importance: Importance,
}

/// So many people reacted to a message in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reacted {
    /// An emoji, or the vendor's name of one.
    pub kind: String,
    pub people: usize,
    pub mine: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Importance {
    #[default]
    Normal,
    High,
    Urgent,
}

impl Message {
    /// The words alone; empty when there are none to be read.
    pub fn text(&self) -> String {
        match &self.body {
            Body::Text(rich) => rich.to_text(),
            Body::Deleted | Body::Blocked | Body::System(_) | Body::Unknown(_) => String::new(),
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    Text(Rich),
    /// Deleted by its sender; the words are gone from the screen and from us.
    Deleted,
    /// Removed by a rule of the sender's organisation (data loss prevention).
    Blocked,
    System(SystemEvent),
    /// A type we do not know, by its name on the wire.
    Unknown(String),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Deleted => "Deleted",
            Self::Blocked => "Blocked",
            Self::System(_) => "System",
            Self::Unknown(_) => "Unknown",
        })
    }
}

#[derive(Clone, PartialEq, Eq)]
pub enum SystemEvent {
    TopicChanged {
        topic: String,
        by: Option<Person>,
    },
    Added {
        people: Vec<Person>,
        by: Option<Person>,
    },
    Removed {
        people: Vec<Person>,
        by: Option<Person>,
    },
    CallStarted {
        by: Option<Person>,
    },
    CallEnded {
        seconds: Option<u64>,
        people: usize,
    },
    /// Of the meeting: begun, kept, or failed. Not the signal that a call is being recorded.
    Recording(RecordingState),
    TranscriptAvailable,
    Pinned {
        pinned: bool,
        by: Option<Person>,
    },
    ChatEnabled(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingState {
    Begun,
    Saved,
    Failed,
}

/// The message an answer quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted {
    pub id: Option<MessageId>,
    pub name: String,
    /// The first words, cleaned.
    pub text: String,
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quoted({:?})", self.id)
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    pub id: String,
    pub kind: AttachmentKind,
    pub name: String,
    /// Full size of an image. Fetched with our token only from the account's own endpoint.
    pub url: Option<String>,
    /// Small form of an image; the web page of a file.
    pub preview: Option<String>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:?})", self.kind)
    }
}

impl Attachment {
    /// It lies on a page of its own, which may want a sign-in of its own; nothing is fetched from there.
    pub fn opens_elsewhere(&self) -> bool {
        self.page().is_some() && (self.url.is_none() || self.kind == AttachmentKind::File)
    }

    /// The web page of it.
    pub fn page(&self) -> Option<&str> {
        self.preview
            .as_deref()
            .filter(|page| page.starts_with("https://"))
    }

    /// Where it stands in place of itself: `[file: plan.ods]`.
    pub fn label(&self) -> String {
        placeholder(self.kind, &self.name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentKind {
    Image,
    File,
    Other,
}

impl AttachmentKind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::File => "file",
            Self::Other => "attachment",
        }
    }
}

/// What became of a message we sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendState {
    Sending,
    Sent,
    Failed(Failure),
}

/// A message as written, before any server knows it. Cleaned by the composer.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Draft {
    pub text: String,
    /// People named with `@`; each name stands in `text` as `@name`.
    pub mentions: Vec<Person>,
    pub reply_to: Option<Quoted>,
    pub importance: Importance,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({} bytes)", self.text.len())
    }
}
