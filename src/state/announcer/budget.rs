//! How many words may be said: a bucket that fills at the pace of speech (accessibility T1).

use std::time::Duration;

use crate::clock::Moment;

/// In words: a lively quarter of a minute is read out whole, a flood is not.
const BUCKET: f64 = 80.0;

#[derive(Debug, Clone)]
pub(super) struct Budget {
    words: f64,
    refilled: Moment,
    /// Words a minute.
    pace: u32,
}

impl Budget {
    pub(super) const fn new(pace: u32) -> Self {
        Self {
            words: BUCKET,
            refilled: Moment::ZERO,
            pace,
        }
    }

    pub(super) const fn configure(&mut self, pace: u32) {
        self.pace = pace;
    }

    pub(super) fn refill(&mut self, now: Moment) {
        let seconds = now.since(self.refilled).as_secs_f64();
        self.words = (self.words + seconds * self.words_per_second()).min(BUCKET);
        self.refilled = self.refilled.max(now);
    }

    /// When it was filled last: now, as far as it knows.
    pub(super) const fn refilled(&self) -> Moment {
        self.refilled
    }

    /// A line longer than the whole bucket goes when the bucket is full.
    pub(super) fn fits(&self, words: u32) -> bool {
        self.words >= charged(words)
    }

    pub(super) fn charge(&mut self, words: u32) {
        self.words -= charged(words);
    }

    /// When a line that does not fit yet will.
    pub(super) fn room_at(&self, words: u32) -> Moment {
        let missing = charged(words) - self.words;
        self.refilled + Duration::from_secs_f64(missing / self.words_per_second() + 0.001)
    }

    /// 0.25 s at the default pace of 150 words a minute.
    pub(super) fn per_word(&self) -> Duration {
        Duration::from_secs_f64(0.25 * 150.0 / f64::from(self.pace))
    }

    fn words_per_second(&self) -> f64 {
        f64::from(self.pace) / 60.0
    }
}

/// Of a line longer than the bucket only the first rows are written (L2).
fn charged(words: u32) -> f64 {
    f64::from(words).min(BUCKET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_fits_when_it_said() {
        let mut budget = Budget::new(150);
        budget.refill(Moment::ZERO);
        budget.charge(1000);
        assert!(!budget.fits(10));
        let at = budget.room_at(10);
        assert_eq!(at.since(Moment::ZERO).as_millis(), 4001);
        budget.refill(at);
        assert!(budget.fits(10) && !budget.fits(11));
    }
}
