//! What costs money: how long we were in calls, what we sent, and the prices that held then.

use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::message::MessageId;
use crate::model::thread::ThreadId;

/// What one participant-minute or one message costs.
#[derive(Debug, Clone, PartialEq)]
pub enum Price {
    /// Nobody counts it.
    NotMetered,
    Metered {
        amount: f64,
        currency: String,
        /// The day of the price list, `2026-11-23`.
        as_of: String,
    },
}

impl Price {
    /// What a number of them costs.
    pub fn times(&self, number: f64) -> f64 {
        match self {
            Self::NotMetered => 0.0,
            Self::Metered { amount, .. } => amount * number,
        }
    }

    pub const fn is_metered(&self) -> bool {
        matches!(self, Self::Metered { .. })
    }

    pub fn currency(&self) -> &str {
        match self {
            Self::NotMetered => "",
            Self::Metered { currency, .. } => currency,
        }
    }

    pub fn as_of(&self) -> &str {
        match self {
            Self::NotMetered => "",
            Self::Metered { as_of, .. } => as_of,
        }
    }
}

/// One stay of ours in a call, as far as it is known: a later record of the same stay replaces it.
///
/// The run, the account and the start say which stay it is.
#[derive(Clone, PartialEq)]
pub struct CallUsage {
    /// The run of the program.
    pub run: String,
    pub account: AccountId,
    /// When we dialled: lobby and hold are counted like talking.
    pub started: Timestamp,
    /// The end, or the last moment at which it was known to go on.
    pub seen: Timestamp,
    pub ended: bool,
    /// Milliseconds of it that we waited in the lobby, and that the call was on hold.
    pub lobby: u64,
    pub hold: u64,
    pub thread: Option<ThreadId>,
    pub topic: String,
    /// Of a participant-minute.
    pub price: Price,
}

impl CallUsage {
    pub fn millis(&self) -> u64 {
        u64::try_from(self.seen.as_millis() - self.started.as_millis()).unwrap_or(0)
    }

    pub fn cost(&self) -> f64 {
        self.price.times(minutes(self.millis()))
    }
}

/// One message of ours that the service took.
#[derive(Clone, PartialEq)]
pub struct MessageUsage {
    pub account: AccountId,
    pub thread: ThreadId,
    pub message: MessageId,
    pub topic: String,
    pub sent: Timestamp,
    /// Of a message.
    pub price: Price,
}

/// Milliseconds as minutes: what is billed is not rounded.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of calls stay far below 2^52"
)]
pub fn minutes(millis: u64) -> f64 {
    millis as f64 / 60_000.0
}

/// The name of a meeting is nobody's business: only the shape is printed.
impl std::fmt::Debug for CallUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "CallUsage({:?}, {} to {}, ended {})",
            self.account, self.started, self.seen, self.ended
        )
    }
}

impl std::fmt::Debug for MessageUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MessageUsage({:?}, {})", self.account, self.sent)
    }
}
