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

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(50);

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
}
