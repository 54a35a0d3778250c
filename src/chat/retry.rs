//! When to try again: exponential back-off with jitter, and what an answer of the service means.

use std::time::Duration;

/// 1, 2, 4 … s, ±20 %, at most 50 s.
pub(crate) struct Backoff {
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            failures: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// How long to wait after one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        let base = FIRST
            .saturating_mul(2_u32.saturating_pow(self.failures.min(16)))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let percent = self.random.u32(80..=120);
        (base * percent / 100).min(LONGEST)
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// What an answer means for trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// The service said how long to wait; it did nothing.
    Throttled(Duration),
    /// It may work the next time. `arrived`: the service may have acted all the same.
    Transient { arrived: bool },
    /// The same request will fail again.
    Permanent,
}

impl Kind {
    /// By status, and the wait the service asked for.
    pub(crate) fn of(status: u16, retry_after: Option<Duration>) -> Self {
        match (status, retry_after) {
            (401, _) => Self::Unauthorized,
            (403, _) => Self::Forbidden,
            (404, _) => Self::NotFound,
            (429 | 503, Some(wait)) => Self::Throttled(wait),
            (429, None) => Self::Throttled(UNSAID),
            (501 | 505, _) => Self::Permanent,
            (408 | 500..=599, _) => Self::Transient { arrived: true },
            _ => Self::Permanent,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Again(Duration),
    /// At once, with a newer token.
    Refresh,
    Stop,
}

/// What may happen to a request whose fate is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is the same as doing it once.
    Harmless,
    /// Only while it is certain that it did not arrive.
    Never,
}

/// The attempts of one request.
pub(crate) struct Attempts {
    repeat: Repeat,
    refreshed: bool,
    waits: u32,
    backoff: Backoff,
}

impl Attempts {
    pub(crate) fn new(repeat: Repeat, seed: u64) -> Self {
        Self {
            repeat,
            refreshed: false,
            waits: 0,
            backoff: Backoff::new(seed),
        }
    }

    pub(crate) fn judge(&mut self, kind: Kind) -> Verdict {
        match kind {
            Kind::Unauthorized if !std::mem::replace(&mut self.refreshed, true) => Verdict::Refresh,
            Kind::Throttled(wait) if wait <= LONGEST_WAIT && self.waits < WAITS => {
                self.waits += 1;
                Verdict::Again(wait)
            }
            Kind::Transient { arrived } => {
                let may = !arrived || self.repeat == Repeat::Harmless;
                if may && self.backoff.failures() < TRIES {
                    Verdict::Again(self.backoff.next())
                } else {
                    Verdict::Stop
                }
            }
            Kind::Unauthorized
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::Throttled(_)
            | Kind::Permanent => Verdict::Stop,
        }
    }
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(50);

/// Repetitions after failures that may pass.
const TRIES: u32 = 3;

/// Repetitions that the service itself asked for.
const WAITS: u32 = 5;

/// Longer waits are a person's to decide.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// For a 429 that does not say how long.
const UNSAID: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_within_a_fifth_and_never_passes_fifty_seconds() {
        let mut backoff = Backoff::new(7);
        for base in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0_f64] {
            let wait = backoff.next().as_secs_f64();
            assert!((base * 0.8..=base * 1.2).contains(&wait), "{wait}");
        }
        for _ in 0..50 {
            let wait = backoff.next().as_secs_f64();
            assert!((40.0..=50.0).contains(&wait), "{wait}");
        }
        backoff.reset();
        assert!(backoff.next().as_secs_f64() <= 1.2);
    }

    #[test]
    fn a_refused_token_is_renewed_once() {
        let mut attempts = Attempts::new(Repeat::Harmless, 1);
        assert_eq!(attempts.judge(Kind::of(401, None)), Verdict::Refresh);
        assert_eq!(attempts.judge(Kind::of(401, None)), Verdict::Stop);
    }

    #[test]
    fn the_wait_the_service_asks_for_is_honoured_but_not_for_ever() {
        let mut attempts = Attempts::new(Repeat::Never, 1);
        let two = Duration::from_secs(2);
        for _ in 0..5 {
            assert_eq!(
                attempts.judge(Kind::of(429, Some(two))),
                Verdict::Again(two)
            );
        }
        assert_eq!(attempts.judge(Kind::of(429, Some(two))), Verdict::Stop);
        let mut attempts = Attempts::new(Repeat::Never, 1);
        let hour = Some(Duration::from_hours(1));
        assert_eq!(attempts.judge(Kind::of(503, hour)), Verdict::Stop);
    }

    #[test]
    fn what_may_have_arrived_is_repeated_only_where_that_is_harmless() {
        let lost = Kind::Transient { arrived: true };
        let mut sending = Attempts::new(Repeat::Never, 1);
        assert_eq!(sending.judge(lost), Verdict::Stop);
        let unreachable = Kind::Transient { arrived: false };
        assert!(matches!(sending.judge(unreachable), Verdict::Again(_)));
        let mut reading = Attempts::new(Repeat::Harmless, 1);
        for _ in 0..3 {
            assert!(matches!(reading.judge(lost), Verdict::Again(_)));
        }
        assert_eq!(reading.judge(lost), Verdict::Stop);
    }

    #[test]
    fn what_will_not_change_is_not_repeated() {
        for status in [400, 403, 404, 413, 501] {
            let mut attempts = Attempts::new(Repeat::Harmless, 1);
            assert_eq!(attempts.judge(Kind::of(status, None)), Verdict::Stop);
        }
    }
}
