//! Somebody calls, and nobody has answered yet.

use std::time::Duration;

use crate::clock::Moment;
use crate::model::account::AccountId;
use crate::model::call::Incoming;

#[derive(Debug, Clone)]
pub struct Ringing {
    pub account: AccountId,
    pub incoming: Incoming,
    pub since: Moment,
    /// When it is said again.
    pub due: Moment,
}

impl Ringing {
    pub fn new(account: AccountId, incoming: Incoming, now: Moment) -> Self {
        Self {
            account,
            incoming,
            since: now,
            due: now + AGAIN,
        }
    }

    /// Who calls, as people know them.
    pub fn name(&self) -> &str {
        match self.incoming.caller.name.as_str() {
            "" => "somebody",
            name => name,
        }
    }

    pub fn through(&self) -> Option<&str> {
        let through = self.incoming.through.as_ref()?;
        Some(through.name.as_str()).filter(|name| !name.is_empty())
    }

    /// It is said again at this moment; after a while no more.
    pub fn deadline(&self) -> Option<Moment> {
        (self.due < self.since + AT_MOST).then_some(self.due)
    }

    /// Whether it is to be said again now; then that is noted.
    pub fn is_due(&mut self, now: Moment) -> bool {
        let due = self.deadline().is_some_and(|at| at <= now);
        if due {
            self.due = now + AGAIN;
        }
        due
    }
}

/// Said each so often until it is answered (accessibility 2.3).
const AGAIN: Duration = Duration::from_secs(8);
const AT_MOST: Duration = Duration::from_mins(1);
