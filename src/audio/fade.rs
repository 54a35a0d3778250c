//! Joins without clicks: fading in and out, and laying one piece of sound over another.
//!
//! All curves are raised cosines, so that neither the signal nor its slope jumps.

use std::f32::consts::PI;

use super::FRAME;
use super::Frame;
use super::SILENCE;

/// How long sound takes to appear or disappear where it is cut: 5 ms.
pub const FADE: usize = 240;

/// Brings the beginning of `sound` up from silence.
pub fn fade_in(sound: &mut [f32]) {
    let length = sound.len().min(FADE);
    for (at, sample) in sound.iter_mut().take(length).enumerate() {
        *sample *= rise(at, length);
    }
}

/// Takes the end of `sound` down to silence.
pub fn fade_out(sound: &mut [f32]) {
    let length = sound.len().min(FADE);
    let start = sound.len() - length;
    for (at, sample) in sound[start..].iter_mut().enumerate() {
        *sample *= 1.0 - rise(at, length);
    }
}

/// A frame that begins as `from` and ends as `to`.
pub fn cross(from: &Frame, to: &Frame) -> Frame {
    let mut out = SILENCE;
    for (at, sample) in out.iter_mut().enumerate() {
        let weight = rise(at, FRAME);
        *sample = from[at] + (to[at] - from[at]) * weight;
    }
    out
}

/// What may follow `last` when nothing follows: its end played backwards, dying away within 5 ms.
///
/// A mirror image joins without a jump, and holds only what was heard already.
pub fn tail(last: &Frame) -> Frame {
    let mut out = SILENCE;
    for (at, sample) in out.iter_mut().take(FADE).enumerate() {
        *sample = last[FRAME - 1 - at] * (1.0 - rise(at, FADE));
    }
    out
}

/// Moves the volume of a frame from one factor to another.
pub fn ramp(frame: &mut [f32], from: f32, to: f32) {
    if same(from, 1.0) && same(to, 1.0) {
        return;
    }
    let step = (to - from) / count(frame.len());
    let mut gain = from;
    for sample in frame {
        *sample *= gain;
        gain += step;
    }
}

fn rise(at: usize, length: usize) -> f32 {
    0.5 - 0.5 * (PI * (count(at) + 0.5) / count(length)).cos()
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples are small")]
fn count(samples: usize) -> f32 {
    samples as f32
}

fn same(one: f32, other: f32) -> bool {
    (one - other).abs() < f32::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Frame = [0.5; FRAME];

    fn steps(sound: &[f32]) -> f32 {
        sound
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_fade_has_no_step_and_reaches_silence() {
        let mut sound = LOUD;
        fade_in(&mut sound);
        fade_out(&mut sound);
        assert!(sound[0].abs() < 0.001 && sound[FRAME - 1].abs() < 0.001);
        assert!(steps(&sound) < 0.01);
    }

    #[test]
    fn a_short_piece_fades_over_its_whole_length() {
        let mut sound = [0.5; 3];
        fade_out(&mut sound);
        assert!(sound[0] > sound[1] && sound[1] > sound[2]);
        fade_in(&mut []);
        fade_out(&mut []);
    }

    #[test]
    fn crossing_begins_as_the_one_and_ends_as_the_other() {
        let crossed = cross(&LOUD, &[-0.5; FRAME]);
        assert!((crossed[0] - 0.5).abs() < 0.001 && (crossed[FRAME - 1] + 0.5).abs() < 0.001);
        assert!(cross(&LOUD, &LOUD).iter().all(|s| (s - 0.5).abs() < 1e-6));
    }

    #[test]
    fn a_tail_continues_the_last_sample_and_is_silent_after_five_milliseconds() {
        let mut last = SILENCE;
        for (at, sample) in last.iter_mut().enumerate() {
            *sample = (count(at) * 0.05).sin() * 0.5;
        }
        let tail = tail(&last);
        assert!((tail[0] - last[FRAME - 1]).abs() < 0.001);
        assert!(tail[FADE..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_ramp_moves_the_volume_evenly() {
        let mut frame = LOUD;
        ramp(&mut frame, 0.0, 2.0);
        assert!(frame[0].abs() < 0.01 && (frame[FRAME - 1] - 1.0).abs() < 0.01);
        assert!(steps(&frame) < 0.01);
    }
}
