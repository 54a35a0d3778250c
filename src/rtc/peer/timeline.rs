//! Our moments as the instants that the WebRTC library counts in.

use std::time::Duration;
use std::time::Instant;

use crate::clock::Moment;

/// Ties one instant to one moment; all others follow by their distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    zero: Instant,
    at: Moment,
}

impl Timeline {
    #[expect(
        clippy::disallowed_methods,
        reason = "an instant cannot be made in another way; only distances from it are ever used"
    )]
    pub(super) fn starting(at: Moment) -> Self {
        let zero = Instant::now();
        Self { zero, at }
    }

    pub(super) fn instant(&self, moment: Moment) -> Instant {
        self.zero + moment.since(self.at)
    }

    /// `None` for the library's "never", which lies a hundred years ahead.
    pub(super) fn moment(&self, instant: Instant) -> Option<Moment> {
        let ahead = instant.saturating_duration_since(self.zero);
        (ahead < NEVER).then(|| self.at + ahead)
    }
}

const NEVER: Duration = Duration::from_hours(50 * 365 * 24);
