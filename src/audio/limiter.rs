//! A limiter for sums of voices.

/// Keeps sums below full scale: no look-ahead and no jump, and bit-exact below the knee.
///
/// The gain follows the highest peak at once and recovers over 100 ms. Because the
/// envelope is continuous in the signal, so is the product.
#[derive(Debug, Clone)]
pub struct Limiter {
    envelope: f32,
}

impl Limiter {
    pub fn new() -> Self {
        Self { envelope: 0.0 }
    }

    pub fn apply(&mut self, frame: &mut [f32]) {
        let peak = frame.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        if peak <= KNEE && self.is_idle() {
            return;
        }
        for sample in frame {
            self.envelope = sample.abs().max(self.envelope * RECOVERY);
            if self.envelope > KNEE {
                let over = (self.envelope - KNEE) / ROOM;
                *sample *= (KNEE + ROOM * over / (1.0 + over)) / self.envelope;
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.envelope <= KNEE
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

/// -4 dBFS.
const KNEE: f32 = 0.63;
/// What is left between the knee and the most that comes out, -0.2 dBFS.
const ROOM: f32 = 0.35;
/// For each sample: e to the minus one in 100 ms.
const RECOVERY: f32 = 0.999_791_7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME;
    use crate::audio::Frame;
    use crate::audio::SILENCE;
    use crate::audio::level;
    use crate::audio::tone::Sine;
    use proptest::prelude::*;

    fn frames(hertz: f32, level: f32) -> impl FnMut() -> Frame {
        let mut sine = Sine::new(hertz, level);
        move || {
            let mut frame = SILENCE;
            frame.fill_with(|| sine.next().unwrap());
            frame
        }
    }

    #[test]
    fn a_limited_tone_keeps_its_shape() {
        let mut limiter = Limiter::new();
        let mut next = frames(400.0, 0.0);
        let mut steadied = Vec::new();
        for _ in 0..100 {
            let mut frame = next();
            limiter.apply(&mut frame);
            steadied.extend(frame);
        }
        // What is left after the tone itself is taken out is distortion.
        let tail = &steadied[24_000..48_000];
        let (mut re, mut im) = (0.0_f32, 0.0_f32);
        let wave: Vec<_> = Sine::new(400.0, -3.0103).take(24_000).collect();
        let quadrature: Vec<_> = Sine::new(400.0, -3.0103).skip(30).take(24_000).collect();
        for (at, sample) in tail.iter().enumerate() {
            re += sample * wave[at];
            im += sample * quadrature[at];
        }
        let power = 2.0 * (re * re + im * im) / (24_000.0 * 24_000.0);
        let total = level::energy(tail);
        assert!((total - power).abs() / total < 1e-3, "{power} of {total}");
    }

    #[test]
    fn the_limiter_leaves_ordinary_sound_alone() {
        let mut limiter = Limiter::new();
        let sound = frames(440.0, -9.0)();
        let mut after = sound;
        limiter.apply(&mut after);
        assert_eq!(after[..], sound[..]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_summed_stays_below_full_scale(
            samples in prop::collection::vec(-20.0_f32..20.0, 0..FRAME),
        ) {
            let mut frame = SILENCE;
            frame[..samples.len()].copy_from_slice(&samples);
            let mut limiter = Limiter::new();
            limiter.apply(&mut frame);
            prop_assert!(frame.iter().all(|sample| sample.abs() < 0.99));
        }
    }
}
