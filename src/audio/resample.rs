//! From one sample rate to another, for devices that have no 48 kHz.
//!
//! Sound servers convert by themselves; this is for a sound card opened directly,
//! a headset at 16 kHz or a card at 44.1. A Kaiser-windowed sinc, evaluated once for
//! every phase that the two rates can have: linear phase, 80 dB down in the stop band.

use std::f64::consts::PI;

use super::SAMPLE_RATE;

#[derive(Debug, Clone)]
pub struct Resampler {
    /// One filter after the other, one for each phase.
    filters: Vec<f32>,
    taps: usize,
    up: usize,
    down: usize,
    phase: usize,
    /// The last `taps - 1` samples, then what is new.
    window: Vec<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("a sample rate of {0} Hz is outside 8 to 192 kHz")]
    Rate(u32),
    #[error("{0} Hz has no simple ratio to {1} Hz")]
    Ratio(u32, u32),
}

impl Resampler {
    /// From a device's rate to ours.
    pub fn from_device(rate: u32) -> Result<Self, Error> {
        Self::new(rate, SAMPLE_RATE)
    }

    /// From our rate to a device's.
    pub fn to_device(rate: u32) -> Result<Self, Error> {
        Self::new(SAMPLE_RATE, rate)
    }

    pub fn new(from: u32, to: u32) -> Result<Self, Error> {
        for rate in [from, to] {
            if !(8_000..=192_000).contains(&rate) {
                return Err(Error::Rate(rate));
            }
        }
        let shared = greatest_common_divisor(from, to);
        let (up, down) = (size(to / shared), size(from / shared));
        if up > MOST_PHASES {
            return Err(Error::Ratio(from, to));
        }
        // Going down, the filter must be as much longer as the pass band is narrower.
        let taps = if down > up {
            (TAPS * down).div_ceil(up).next_multiple_of(2)
        } else {
            TAPS
        };
        Ok(Self {
            filters: filters(up, down, taps),
            taps,
            up,
            down,
            phase: 0,
            window: vec![0.0; taps - 1],
        })
    }

    /// Samples by which the output lies behind, at the input's rate.
    pub fn delay(&self) -> usize {
        self.taps / 2
    }

    /// Takes any number of samples and puts what comes of them behind `out`.
    pub fn process(&mut self, sound: &[f32], out: &mut Vec<f32>) {
        if self.up == self.down {
            out.extend_from_slice(sound);
            return;
        }
        self.window.extend_from_slice(sound);
        let mut at = 0;
        while at + self.taps <= self.window.len() {
            if self.phase < self.up {
                let filter = &self.filters[self.phase * self.taps..][..self.taps];
                let sum = filter
                    .iter()
                    .zip(&self.window[at..at + self.taps])
                    .map(|(weight, sample)| weight * sample)
                    .sum();
                out.push(sum);
                self.phase += self.down;
            }
            let steps = self.phase / self.up;
            // No further than there is sound: the rest is owed until the next call.
            let steps = steps.min(self.window.len() - self.taps + 1 - at);
            at += steps;
            self.phase -= steps * self.up;
        }
        self.window.drain(..at);
    }
}

/// For each of `up` phases the filter whose middle lies that far between two input samples.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a table of weights"
)]
fn filters(up: usize, down: usize, taps: usize) -> Vec<f32> {
    let cut = PASS * (up as f64 / down as f64).min(1.0);
    let middle = taps as f64 / 2.0;
    let mut all = Vec::with_capacity(up * taps);
    for phase in 0..up {
        let offset = phase as f64 / up as f64;
        let weights: Vec<f64> = (0..taps)
            .map(|tap| {
                let x = tap as f64 + 1.0 - middle - offset;
                cut * sinc(cut * x) * kaiser(x / middle)
            })
            .collect();
        let sum: f64 = weights.iter().sum();
        all.extend(weights.iter().map(|weight| (weight / sum) as f32));
    }
    all
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for step in 1..30 {
        let half = x / (2.0 * f64::from(step));
        term *= half * half;
        sum += term;
    }
    sum
}

fn greatest_common_divisor(one: u32, other: u32) -> u32 {
    if other == 0 {
        one
    } else {
        greatest_common_divisor(other, one % other)
    }
}

fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Taps for each phase when going up.
const TAPS: usize = 48;
/// 80 dB.
const BETA: f64 = 8.0;
/// The half-amplitude point, as a share of the lower Nyquist frequency.
const PASS: f64 = 0.9;
const MOST_PHASES: usize = 640;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbfs;
    use proptest::prelude::*;

    fn sine(hertz: f64, rate: u32, count: u32) -> Vec<f32> {
        (0..count)
            .map(|at| {
                let turn = 2.0 * PI * hertz * f64::from(at) / f64::from(rate);
                #[expect(clippy::cast_possible_truncation, reason = "a sample")]
                let sample = turn.sin() as f32;
                0.5 * sample
            })
            .collect()
    }

    fn converted(from: u32, to: u32, sound: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        let mut resampler = Resampler::new(from, to).unwrap();
        for chunk in sound.chunks(479) {
            resampler.process(chunk, &mut out);
        }
        out
    }

    #[test]
    fn a_tone_keeps_its_frequency_its_level_and_its_purity() {
        for (from, to) in [
            (44_100, 48_000),
            (48_000, 44_100),
            (16_000, 48_000),
            (48_000, 16_000),
            (8_000, 48_000),
            (48_000, 8_000),
            (96_000, 48_000),
            (22_050, 48_000),
        ] {
            let out = converted(from, to, &sine(1000.0, from, from / 2));
            let expected = usize::try_from(to / 2).unwrap();
            assert!(
                out.len().abs_diff(expected) < 8,
                "{from} to {to}: {}",
                out.len()
            );
            let steady = &out[out.len() / 4..];
            let crossings = steady
                .windows(2)
                .filter(|p| p[0] < 0.0 && p[1] >= 0.0)
                .count();
            assert!(crossings.abs_diff(375) <= 1, "{from} to {to}: {crossings}");
            assert!((dbfs(steady) + 9.03).abs() < 0.1, "{from} to {to}");
            // A sine at rate r fulfils x[n+1] + x[n-1] = 2 cos(w) x[n]; what is left is noise.
            let twice = 2.0 * (2.0 * PI * 1000.0 / f64::from(to)).cos();
            let noise: Vec<f32> = steady
                .windows(3)
                .map(|x| {
                    #[expect(clippy::cast_possible_truncation, reason = "a sample")]
                    let residue =
                        (f64::from(x[0]) + f64::from(x[2]) - twice * f64::from(x[1])) as f32;
                    residue
                })
                .collect();
            assert!(dbfs(&noise) < -75.0, "{from} to {to}: {}", dbfs(&noise));
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_taken_out() {
        let out = converted(48_000, 16_000, &sine(9_500.0, 48_000, 48_000));
        assert!(dbfs(&out[4000..]) < -70.0, "{}", dbfs(&out[4000..]));
    }

    #[test]
    fn equal_rates_pass_bit_for_bit() {
        let sound = sine(1000.0, 48_000, 4800);
        assert_eq!(converted(48_000, 48_000, &sound), sound);
    }

    #[test]
    fn rates_that_no_device_has_are_refused() {
        assert_eq!(Resampler::from_device(0).unwrap_err(), Error::Rate(0));
        assert_eq!(
            Resampler::from_device(44_101).unwrap_err(),
            Error::Ratio(44_101, 48_000)
        );
        assert!(Resampler::to_device(192_000).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn the_pieces_in_which_sound_comes_do_not_matter(
            sizes in prop::collection::vec(0_usize..700, 1..12),
            rate in prop::sample::select(vec![8_000, 16_000, 32_000, 44_100, 96_000, 192_000]),
        ) {
            let total = sizes.iter().sum::<usize>();
            let sound = sine(440.0, rate, u32::try_from(total).unwrap());
            let mut whole = Vec::new();
            Resampler::from_device(rate).unwrap().process(&sound, &mut whole);
            let (mut pieces, mut at) = (Vec::new(), 0);
            let mut resampler = Resampler::from_device(rate).unwrap();
            for size in sizes {
                resampler.process(&sound[at..at + size], &mut pieces);
                at += size;
            }
            prop_assert_eq!(whole, pieces);
        }
    }
}
