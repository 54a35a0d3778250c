//! What the tests measure sound with.

use crate::audio::FRAME;
use crate::audio::Frame;
use crate::audio::SAMPLE_RATE;
use crate::audio::SILENCE;
use crate::audio::level::dbfs;

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

/// Signal to noise of `heard` against `reference`, in dB, at the best of some delays.
pub(super) fn signal_to_noise(reference: &[f32], heard: &[f32], delays: &[usize]) -> f64 {
    delays
        .iter()
        .map(|delay| {
            let heard = &heard[*delay..];
            let length = reference.len().min(heard.len());
            let reference = &reference[..length];
            let noise: Vec<f32> = reference
                .iter()
                .zip(heard)
                .map(|(one, other)| one - other)
                .collect();
            f64::from(dbfs(reference) - dbfs(&noise))
        })
        .fold(f64::NEG_INFINITY, f64::max)
}

pub(in crate::audio) fn frames(sound: &[f32]) -> impl Iterator<Item = Frame> {
    sound.chunks_exact(FRAME).map(|chunk| {
        let mut frame = SILENCE;
        frame.copy_from_slice(chunk);
        frame
    })
}
