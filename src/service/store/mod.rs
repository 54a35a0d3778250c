//! What the service knows: identities, threads and what was said in them.
//!
//! Plain functions over plain data: each takes the time, changes what is true and
//! returns the [`Change`]s that others must hear of. Nothing here waits, locks,
//! reads a clock or knows HTTP.

mod change;
mod identities;
mod images;
mod messages;
mod participants;
mod receipts;
mod threads;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::time::Duration;

pub use self::change::Audience;
pub use self::change::Change;
pub use self::change::Properties;
pub use self::change::What;
pub use self::change::Who;
pub use self::identities::Caller;
pub use self::identities::Identities;
pub use self::identities::KeySlot;
pub use self::images::Image;
pub use self::messages::Attachment;
pub use self::messages::Body;
pub use self::messages::Draft;
pub use self::messages::Edit;
pub use self::messages::Message;
pub use self::participants::Access;
pub use self::participants::History;
pub use self::participants::Invalid;
pub use self::participants::Participant;
pub use self::receipts::Receipt;
pub use self::threads::Kind;
pub use self::threads::Listed;
pub use self::threads::NewThread;
pub use self::threads::Patch;
pub use self::threads::Retention;
pub use self::threads::Thread;

use self::threads::Repeatable;

/// String pairs that clients attach to threads, participants and messages.
pub type Metadata = BTreeMap<String, String>;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Unauthorized(&'static str),
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("{0}")]
    NotFound(&'static str),
    #[error("too many requests; try again in {0:?}")]
    Throttled(Duration),
    #[error("{0}")]
    Unavailable(&'static str),
}

#[derive(Default)]
pub struct Store {
    pub identities: Identities,
    threads: HashMap<String, Thread>,
    /// The threads a person is or was in, by raw id.
    of_person: HashMap<String, BTreeSet<String>>,
    repeatable: HashMap<(String, String), Repeatable>,
}

impl Store {
    /// The thread as somebody who may see it; deleted ones count as gone.
    pub fn thread_for(&self, id: &str, user: &str) -> Result<&Thread, Refusal> {
        let thread = self.live(id)?;
        thread.member(user)?;
        Ok(thread)
    }

    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.threads.values()
    }

    /// The thread without asking for whom.
    pub fn live(&self, id: &str) -> Result<&Thread, Refusal> {
        well_formed(id)?;
        self.threads
            .get(id)
            .filter(|thread| thread.deleted.is_none())
            .ok_or(NO_THREAD)
    }

    fn live_mut(&mut self, id: &str) -> Result<&mut Thread, Refusal> {
        well_formed(id)?;
        self.threads
            .get_mut(id)
            .filter(|thread| thread.deleted.is_none())
            .ok_or(NO_THREAD)
    }

    /// As [`Store::live_mut`], for somebody who may write there.
    fn writable(&mut self, id: &str, user: &str) -> Result<&mut Thread, Refusal> {
        let thread = self.live_mut(id)?;
        match thread.member(user)?.access {
            Access::Full => Ok(thread),
            Access::ReadOnly | Access::None => Err(READ_ONLY),
        }
    }
}

fn well_formed(thread: &str) -> Result<(), Refusal> {
    let rest = thread.strip_prefix("19:");
    let opaque = rest.and_then(|rest| SUFFIXES.iter().find_map(|end| rest.strip_suffix(end)));
    match opaque {
        Some(opaque) if !opaque.is_empty() => Ok(()),
        _ => Err(Refusal::Invalid(format!(
            "Value for ThreadId ({thread}) is not valid."
        ))),
    }
}

/// Refuses more than the kilobyte that all keys and values may have together.
fn check_metadata(metadata: &Metadata) -> Result<(), Refusal> {
    let size: usize = metadata
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if size > METADATA_BYTES {
        return Err(Refusal::Invalid(
            "Metadata must not exceed 1 KB in total.".to_owned(),
        ));
    }
    Ok(())
}

/// Of chats of several, of two, and of channels.
const SUFFIXES: [&str; 3] = ["@thread.v2", "@unq.gbl.spaces", "@thread.tacv2"];
const METADATA_BYTES: usize = 1024;
const NO_THREAD: Refusal = Refusal::NotFound("The specified thread id was not found.");
const NOT_A_MEMBER: Refusal = Refusal::Forbidden("The user is not a participant of the thread.");
const READ_ONLY: Refusal = Refusal::Forbidden("The user may only read in this thread.");
const MANAGED: Refusal =
    Refusal::Forbidden("The thread of a meeting is changed through the meeting only.");
