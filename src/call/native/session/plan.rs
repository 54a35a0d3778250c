//! What a session holds of the call it is in: who, where, and what was tried and asked for.

use std::time::Duration;

use crate::clock::Moment;
use crate::model::failure::Because;
use crate::model::sound::Audio;
use crate::wire::local::Meeting;

use super::rejoin::LASTING;
use super::rejoin::WAITS;

/// The call we are in, or on the way into.
pub(super) struct Plan {
    pub(super) meeting: Meeting,
    pub(super) name: String,
    /// Of the stay whose place may be taken up again.
    pub(super) call_id: Option<String>,
    pub(super) inside: bool,
    /// Since when we have a place, in the lobby or inside.
    pub(super) since: Option<Moment>,
    /// [`CallEvent::SignallingLost`] was said, and not yet taken back.
    pub(super) lost: bool,
    /// Attempts to open a socket since the last one was good.
    pub(super) attempt: usize,
    /// Joined again after the service ended the call.
    pub(super) rejoins: usize,
    pub(super) renewal: Renewal,
    pub(super) refusal: Option<Because>,
    pub(super) audio: Audio,
    /// The sound was asked to start on this link.
    pub(super) sounding: bool,
    pub(super) wanted: Wanted,
}

/// What was asked of the service that it must be asked again on another socket.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) captions: bool,
    pub(super) levels: bool,
    pub(super) deafened: bool,
}

/// Fresh tokens that were had because one was refused.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// The token in use is fresh, and did not get us in yet: refused again, there is no better one.
    pub(super) untried: bool,
    /// Tokens refused in a row, none of which was good for long.
    pub(super) times: usize,
    pub(super) last: Option<Moment>,
}

impl Renewal {
    /// How long to wait before another token is asked for; `None`: a person has to sign in.
    pub(super) fn again(&mut self, now: Moment) -> Option<Duration> {
        if self.untried {
            return None;
        }
        if self.last.is_some_and(|last| now.since(last) >= LASTING) {
            self.times = 0;
        }
        let wait = WAITS.get(self.times)?;
        self.times += 1;
        self.untried = true;
        self.last = Some(now);
        Some(Duration::from_secs(*wait))
    }
}
