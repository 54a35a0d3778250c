//! A short rising sound, twice a second over a quiet voice, and how long it was on its way.
//!
//! The voice keeps everybody's silence detection from leaving out what is measured.

use std::f32::consts::PI;
use std::f32::consts::TAU;
use std::time::Duration;

use super::stage::Both;
use super::stage::SECOND;

/// 20 ms from 500 to 3,000 Hz.
fn chirp() -> Vec<f32> {
    (0..LENGTH)
        .map(|n| {
            let part = n as f32 / LENGTH as f32;
            let seconds = n as f32 / SECOND as f32;
            let turns = (500.0 + 2500.0 * part / 2.0) * seconds;
            (PI * part).sin().powi(2) * (TAU * turns).sin()
        })
        .collect()
}

/// What Ada says, without end: a buzz that rises and falls, and the chirps.
pub(super) fn voice() -> impl Iterator<Item = f32> + Send {
    let chirp = chirp();
    (0..).map(move |n: usize| {
        let at = |hertz: usize| TAU * ((n * hertz) % SECOND) as f32 / SECOND as f32;
        let buzz: f32 = [1, 2, 3, 5, 8, 13]
            .map(|part| at(130 * part).sin())
            .iter()
            .sum();
        let swell = 0.6 + 0.4 * at(3).sin();
        0.008 * swell * buzz + 0.4 * chirp.get(n % EVERY).copied().unwrap_or(0.0)
    })
}

/// How long each chirp that was heard was on its way.
pub(super) fn found(both: &Both) -> Vec<Duration> {
    let chirp = chirp();
    // The chirps are so far apart that the next one cannot be taken for the last.
    let said = peaks(&likeness(&both.said, &chirp));
    let heard = likeness(&both.heard, &chirp);
    let delays = said.iter().filter_map(|from| {
        let window = heard.get(*from..from + LONGEST)?;
        let (at, most) = loudest(window)?;
        (most > ENOUGH).then(|| Duration::from_secs_f64(at as f64 / SECOND as f64))
    });
    delays.collect()
}

/// Whether there is a chirp in it.
pub(super) fn heard(sound: &[f32]) -> bool {
    !peaks(&likeness(sound, &chirp())).is_empty()
}

/// How many chirps were said so early that they can have been heard.
pub(super) fn said(both: &Both) -> usize {
    let peaks = peaks(&likeness(&both.said, &chirp()));
    let last = both.said.len().saturating_sub(LONGEST + LENGTH);
    peaks.iter().filter(|at| **at <= last).count()
}

/// How much like the pattern the sound is from each sample on, 0 to 1.
fn likeness(sound: &[f32], pattern: &[f32]) -> Vec<f32> {
    let power = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>();
    let own = power(pattern);
    sound
        .windows(pattern.len())
        .map(|window| {
            let there = power(window);
            // Comparing silence says nothing, and costs as much as comparing sound.
            if there < 1e-3 {
                return 0.0;
            }
            let alike: f32 = window.iter().zip(pattern).map(|(a, b)| a * b).sum();
            alike.abs() / (there * own).sqrt()
        })
        .collect()
}

fn peaks(likeness: &[f32]) -> Vec<usize> {
    let mut peaks = Vec::new();
    let mut from = 0;
    while let Some(next) = likeness.iter().skip(from).position(|l| *l > ENOUGH) {
        let begin = from + next;
        let end = (begin + LENGTH).min(likeness.len());
        peaks.extend(loudest(&likeness[begin..end]).map(|(at, _)| begin + at));
        from = end;
    }
    peaks
}

fn loudest(likeness: &[f32]) -> Option<(usize, f32)> {
    let values = likeness.iter().copied().enumerate();
    values.max_by(|(_, a), (_, b)| a.total_cmp(b))
}

const LENGTH: usize = SECOND / 50;
const EVERY: usize = SECOND / 2;
const LONGEST: usize = SECOND * 45 / 100;

/// A chirp through a codec is still like itself by more than this; nothing else is.
const ENOUGH: f32 = 0.6;
