//! How much sound is kept ready for a speaker: as little as it gets along with.

use crate::audio;

/// Grows by half a frame with each gap and shrinks after a while without one.
#[derive(Debug, Default)]
pub(super) struct Cushion {
    extra: usize,
    gaps: u64,
    /// Frames since the last change.
    calm: u32,
}

impl Cushion {
    /// Samples to keep ready for a device that takes `period` at once and found too little `gaps` times.
    pub(super) fn target(&mut self, period: usize, gaps: u64) -> usize {
        if gaps > self.gaps {
            self.extra = (self.extra + STEP).min(MOST);
            self.calm = 0;
        }
        // Another device counts from zero.
        self.gaps = gaps;
        period + self.extra
    }

    /// One more frame was written.
    pub(super) fn frame(&mut self) {
        self.calm += 1;
        if self.calm >= CALM {
            self.calm = 0;
            self.extra = self.extra.saturating_sub(STEP);
        }
    }
}

const STEP: usize = audio::FRAME / 2;

/// 40 ms.
const MOST: usize = 4 * audio::FRAME;

/// 20 s.
const CALM: u32 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_make_it_grow_to_a_bound_and_calm_makes_it_shrink() {
        let mut cushion = Cushion::default();
        assert_eq!(cushion.target(480, 0), 480);
        assert_eq!(cushion.target(480, 1), 720);
        assert_eq!(cushion.target(480, 1), 720);
        for gaps in 2..30 {
            cushion.target(480, gaps);
        }
        assert_eq!(cushion.target(480, 29), 480 + MOST);
        for _ in 0..CALM {
            cushion.frame();
        }
        assert_eq!(cushion.target(480, 29), 480 + MOST - STEP);
    }

    #[test]
    fn a_new_device_that_counts_from_zero_is_no_gap() {
        let mut cushion = Cushion::default();
        cushion.target(480, 5);
        let before = cushion.target(480, 5);
        assert_eq!(cushion.target(480, 0), before);
        assert_eq!(cushion.target(480, 1), before + STEP);
    }
}
