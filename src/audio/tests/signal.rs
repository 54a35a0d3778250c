//! What the tests measure sound with.

use crate::audio::FRAME;
use crate::audio::Frame;
use crate::audio::SAMPLE_RATE;
use crate::audio::SILENCE;

/// The frequency of a tone, from its rising zero crossings.
pub(super) fn frequency(sound: &[f32]) -> f64 {
    let crossings: Vec<f64> = sound
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0] < 0.0 && pair[1] >= 0.0)
        .map(|(at, pair)| {
            f64::from(u32::try_from(at).unwrap()) + f64::from(-pair[0] / (pair[1] - pair[0]))
        })
        .collect();
    let (Some(first), Some(last)) = (crossings.first(), crossings.last()) else {
        return 0.0;
    };
    let periods = f64::from(u32::try_from(crossings.len() - 1).unwrap());
    periods * f64::from(SAMPLE_RATE) / (last - first)
}

/// What is left of `reference` in `heard`, in dB. Each half second counts at the best of some
/// delays: pauses may have become longer or shorter, and that is no noise.
pub(super) fn signal_to_noise(reference: &[f32], heard: &[f32], delays: &[usize]) -> f64 {
    let (mut signal, mut noise) = (0.0, 0.0);
    let latest = delays.iter().max().copied().unwrap_or(0);
    let whole = &reference[..heard.len().saturating_sub(latest).min(reference.len())];
    for (at, piece) in whole.chunks(HALF_SECOND).enumerate() {
        let beside = delays.iter().filter_map(|delay| {
            let start = at * HALF_SECOND + delay;
            heard.get(start..start + piece.len())
        });
        let least = beside
            .map(|heard| energy(piece.iter().zip(heard).map(|(one, other)| one - other)))
            .min_by(f64::total_cmp);
        if let Some(least) = least {
            signal += energy(piece.iter().copied());
            noise += least;
        }
    }
    10.0 * (signal / noise).log10()
}

fn energy(sound: impl Iterator<Item = f32>) -> f64 {
    sound.map(|sample| f64::from(sample).powi(2)).sum()
}

const HALF_SECOND: usize = 24_000;

pub(in crate::audio) fn frames(sound: &[f32]) -> impl Iterator<Item = Frame> {
    sound.chunks_exact(FRAME).map(|chunk| {
        let mut frame = SILENCE;
        frame.copy_from_slice(chunk);
        frame
    })
}
