//! The meter: participant-minutes that cost money.

use crate::clock::Timestamp;

/// Counted from dialling to the end, lobby and hold included (teams-interop 8).
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Seconds of ended calls.
    pub past_seconds: u64,
    /// The running call's start.
    pub running_since: Option<Timestamp>,
    pub messages_sent: u64,
}
