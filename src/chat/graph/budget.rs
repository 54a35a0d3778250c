//! How soon the next request may go: the limits are shared by everybody of the organisation who
//! uses this program, so each uses little of them.

use std::time::Duration;

use crate::clock::Moment;

/// Two requests a second, eight at once after a rest; nothing while the service asks to wait.
#[derive(Debug)]
pub(super) struct Budget {
    /// When the bucket is full again.
    full: Moment,
    closed: Moment,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            full: Moment::ZERO,
            closed: Moment::ZERO,
        }
    }

    /// Counts one request; when it may go.
    pub(super) fn take(&mut self, now: Moment) -> Moment {
        let earliest = now.max(self.closed);
        self.full = self.full.max(earliest) + PACE;
        (self.full - PACE * BURST).max(earliest)
    }

    /// Counts as many at once; when the last of them may go.
    pub(super) fn take_all(&mut self, requests: usize, now: Moment) -> Moment {
        let turns = (0..requests).map(|_| self.take(now));
        turns.last().unwrap_or(now)
    }

    /// The service asked to wait.
    pub(super) fn throttled(&mut self, wait: Duration, now: Moment) {
        self.closed = self.closed.max(now + wait.min(LONGEST));
    }

    /// How long nothing may go yet.
    pub(super) fn closed(&self, now: Moment) -> Option<Duration> {
        (now < self.closed).then(|| self.closed.since(now))
    }
}

const PACE: Duration = Duration::from_millis(500);
pub(super) const BURST: u32 = 8;
/// No wait that a service asks for keeps us out for longer.
const LONGEST: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment::from_nanos(1_000_000_000_000);

    #[test]
    fn eight_go_at_once_and_then_two_a_second() {
        let mut budget = Budget::new();
        let gone: Vec<_> = (0..12).map(|_| budget.take(START).since(START)).collect();
        assert!(gone[..8].iter().all(Duration::is_zero));
        let later: Vec<_> = gone[8..].iter().map(Duration::as_millis).collect();
        assert_eq!(later, [500, 1000, 1500, 2000]);
        let rested = START + Duration::from_mins(1);
        assert_eq!(budget.take(rested), rested);
    }

    #[test]
    fn what_goes_in_one_request_is_counted_each() {
        let mut budget = Budget::new();
        assert_eq!(budget.take_all(8, START), START);
        assert_eq!(budget.take(START).since(START).as_millis(), 500);
        let mut budget = Budget::new();
        assert_eq!(budget.take_all(10, START).since(START).as_millis(), 1000);
        assert_eq!(budget.take_all(0, START), START);
    }

    #[test]
    fn nothing_goes_while_the_service_asks_to_wait() {
        let mut budget = Budget::new();
        budget.throttled(Duration::from_secs(10), START);
        let gone: Vec<_> = (0..10)
            .map(|_| budget.take(START).since(START).as_millis())
            .collect();
        assert!(gone[..8].iter().all(|at| *at == 10_000), "{gone:?}");
        assert_eq!(gone[8..], [10_500, 11_000], "not all at once");
        assert!(budget.closed(START).is_some());
        let mut budget = Budget::new();
        budget.throttled(Duration::from_secs(10), START);
        let later = START + Duration::from_secs(11);
        assert_eq!(budget.take(later), later);
        assert_eq!(budget.closed(later), None);
        budget.throttled(Duration::from_hours(1000), later);
        assert_eq!(budget.closed(later), Some(LONGEST));
    }
}
