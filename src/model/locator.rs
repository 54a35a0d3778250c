//! What people give us to find a meeting, a thread or a person.

use std::fmt;

use crate::model::thread::ThreadId;

/// A place to join or open, parsed once.
#[derive(Clone, PartialEq, Eq)]
pub enum Locator {
    /// A meeting link; `link` is kept as it was given, since the join call wants it so.
    Meeting {
        link: String,
        thread: Option<ThreadId>,
        host: MeetingHost,
    },
    /// Meeting id without blanks, and the passcode as printed.
    MeetingId {
        id: String,
        passcode: Option<String>,
    },
    /// A chat thread without a call.
    Thread(ThreadId),
    GroupCall(String),
    Room(String),
    /// A raw id or phone number, to be called.
    Person(String),
}

/// Whose meeting a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingHost {
    /// The configured or given endpoint: our own embedded service.
    Own,
    /// A work meeting of the vendor; dialling it needs the call bridge.
    Vendor,
}

/// Links and passcodes open doors: only the form is printed.
impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Meeting { .. } => "Meeting",
            Self::MeetingId { .. } => "MeetingId",
            Self::Thread(_) => "Thread",
            Self::GroupCall(_) => "GroupCall",
            Self::Room(_) => "Room",
            Self::Person(_) => "Person",
        })
    }
}
