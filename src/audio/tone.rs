//! Sounds made by arithmetic: the test tone and the earcons.
//!
//! An earcon is a short figure of one to four soft notes. No two have the same
//! rhythm and melody, opposite events have opposite melodies, and none lies
//! below 240 Hz, where small loudspeakers are deaf.

use std::f32::consts::SQRT_2;
use std::f32::consts::TAU;
use std::time::Duration;

use super::SAMPLE_RATE;

/// An endless sine. Its level is the dBFS of its RMS, as in [`crate::audio::level`].
#[derive(Debug, Clone)]
pub struct Sine {
    amplitude: f32,
    step: f64,
    phase: f64,
}

impl Sine {
    pub fn new(hertz: f32, dbfs: f32) -> Self {
        Self {
            amplitude: amplitude(dbfs),
            step: f64::from(hertz) / f64::from(SAMPLE_RATE),
            phase: 0.0,
        }
    }
}

impl Iterator for Sine {
    type Item = f32;

    #[expect(clippy::cast_possible_truncation, reason = "a phase below one turn")]
    fn next(&mut self) -> Option<f32> {
        let sample = self.amplitude * (TAU * self.phase as f32).sin();
        self.phase = (self.phase + self.step).fract();
        Some(sample)
    }
}

/// A second of A at -20 dBFS, with soft ends, for "do I hear my loudspeaker?".
pub fn test_tone() -> Samples {
    Samples::of(&[Note::held(440.0, 0, 1000)])
}

/// How long [`test_tone`] lasts.
pub const TEST_TONE: Duration = Duration::from_secs(1);

/// A sound that stands for an event. Whoever plays one says it in words too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Earcon {
    Join,
    Leave,
    Mute,
    Unmute,
    Notice,
    NoticeOff,
    /// One round of ringing; it is repeated by whoever plays it.
    Ring,
    /// One round of what a caller hears while it rings at the other side: 425 Hz for a second, as
    /// networks of phones play it (ETSI TR 101 041-2).
    RingBack,
    Hand,
    Lost,
    Back,
    Error,
    Lobby,
    Call,
    Mention,
}

impl Earcon {
    pub const ALL: [Self; 15] = [
        Self::Join,
        Self::Leave,
        Self::Mute,
        Self::Unmute,
        Self::Notice,
        Self::NoticeOff,
        Self::Ring,
        Self::RingBack,
        Self::Hand,
        Self::Lost,
        Self::Back,
        Self::Error,
        Self::Lobby,
        Self::Call,
        Self::Mention,
    ];

    pub fn samples(self) -> Samples {
        Samples::of(self.notes())
    }

    fn notes(self) -> &'static [Note] {
        const JOIN: [Note; 2] = [Note::new(C5, 0, 130), Note::new(G5, 90, 200)];
        const LEAVE: [Note; 2] = [Note::new(G5, 0, 130), Note::new(C5, 90, 200)];
        const MUTE: [Note; 2] = [Note::new(E5, 0, 60), Note::new(E4, 55, 110)];
        const UNMUTE: [Note; 2] = [Note::new(E4, 0, 60), Note::new(E5, 55, 110)];
        const NOTICE: [Note; 3] = [
            Note::new(A5, 0, 110),
            Note::new(A5, 150, 110),
            Note::new(D6, 300, 380),
        ];
        const NOTICE_OFF: [Note; 2] = [Note::new(D6, 0, 300), Note::new(A5, 300, 250)];
        const RING_BACK: [Note; 1] = [Note::held(425.0, 0, 1000)];
        const RING: [Note; 4] = [
            Note::new(E5, 0, 200),
            Note::new(G5, 180, 400),
            Note::new(E5, 700, 200),
            Note::new(G5, 880, 500),
        ];
        const HAND: [Note; 2] = [Note::new(B4, 0, 40), Note::new(B5, 35, 260)];
        const LOST: [Note; 3] = [
            Note::new(D5, 0, 220),
            Note::new(B4, 200, 220),
            Note::new(G4, 400, 320),
        ];
        const BACK: [Note; 3] = [
            Note::new(G4, 0, 140),
            Note::new(B4, 110, 140),
            Note::new(D5, 220, 280),
        ];
        const ERROR: [Note; 2] = [Note::new(C4, 0, 120), Note::new(C4, 160, 180)];
        const LOBBY: [Note; 3] = [
            Note::new(A4, 0, 50),
            Note::new(A4, 110, 50),
            Note::new(A4, 220, 50),
        ];
        const CALL: [Note; 3] = [
            Note::new(C5, 0, 110),
            Note::new(E5, 80, 110),
            Note::new(C6, 160, 260),
        ];
        const MENTION: [Note; 1] = [Note::new(E6, 0, 180)];
        match self {
            Self::Join => &JOIN,
            Self::Leave => &LEAVE,
            Self::Mute => &MUTE,
            Self::Unmute => &UNMUTE,
            Self::Notice => &NOTICE,
            Self::NoticeOff => &NOTICE_OFF,
            Self::Ring => &RING,
            Self::RingBack => &RING_BACK,
            Self::Hand => &HAND,
            Self::Lost => &LOST,
            Self::Back => &BACK,
            Self::Error => &ERROR,
            Self::Lobby => &LOBBY,
            Self::Call => &CALL,
            Self::Mention => &MENTION,
        }
    }
}

/// The samples of a figure of notes, at [`SAMPLE_RATE`].
#[derive(Debug, Clone)]
pub struct Samples {
    notes: Vec<Note>,
    at: u32,
    length: u32,
}

impl Samples {
    fn of(notes: &[Note]) -> Self {
        let end = notes.iter().map(|note| note.start + note.length).max();
        Self {
            notes: notes.to_vec(),
            at: 0,
            length: end.unwrap_or(0),
        }
    }
}

impl Iterator for Samples {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.at >= self.length {
            return None;
        }
        let sample = self.notes.iter().map(|note| note.sample(self.at)).sum();
        self.at += 1;
        Some(sample)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Samples {}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Note {
    hertz: f32,
    start: u32,
    length: u32,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    /// Struck: dies away from its beginning on.
    Struck,
    Held,
}

impl Note {
    const fn new(hertz: f32, at_ms: u32, length_ms: u32) -> Self {
        Self {
            hertz,
            start: at_ms * PER_MS,
            length: length_ms * PER_MS,
            shape: Shape::Struck,
        }
    }

    const fn held(hertz: f32, at_ms: u32, length_ms: u32) -> Self {
        Self {
            shape: Shape::Held,
            ..Self::new(hertz, at_ms, length_ms)
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a note is short")]
    fn sample(&self, at: u32) -> f32 {
        if at < self.start || at >= self.start + self.length {
            return 0.0;
        }
        let (from_start, to_end) = (at - self.start, self.start + self.length - at);
        let time = from_start as f32 / SAMPLE_RATE as f32;
        let turn = TAU * (time * self.hertz).fract();
        let soft = soft(from_start, ATTACK) * soft(to_end, RELEASE);
        match self.shape {
            // The octave above is what small loudspeakers give of a low note.
            Shape::Struck => {
                let dying = (-3.0 * from_start as f32 / self.length as f32).exp();
                STRUCK * soft * dying * (turn.sin() + 0.3 * (2.0 * turn).sin())
            }
            Shape::Held => amplitude(HELD_DBFS) * soft * turn.sin(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a note is short")]
fn soft(distance: u32, over: u32) -> f32 {
    if distance >= over {
        1.0
    } else {
        0.5 - 0.5 * (TAU * 0.5 * distance as f32 / over as f32).cos()
    }
}

fn amplitude(dbfs: f32) -> f32 {
    SQRT_2 * 10.0_f32.powf(dbfs / 20.0)
}

const PER_MS: u32 = SAMPLE_RATE / 1000;
const ATTACK: u32 = 8 * PER_MS;
const RELEASE: u32 = 15 * PER_MS;
const STRUCK: f32 = 0.2;
const HELD_DBFS: f32 = -20.0;

const C4: f32 = 261.63;
const E4: f32 = 329.63;
const G4: f32 = 392.00;
const A4: f32 = 440.00;
const B4: f32 = 493.88;
const C5: f32 = 523.25;
const D5: f32 = 587.33;
const E5: f32 = 659.26;
const G5: f32 = 783.99;
const A5: f32 = 880.00;
const B5: f32 = 987.77;
const C6: f32 = 1046.50;
const D6: f32 = 1174.66;
const E6: f32 = 1318.51;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbfs;

    #[test]
    fn every_earcon_is_short_soft_and_not_loud() {
        for earcon in Earcon::ALL {
            let samples: Vec<f32> = earcon.samples().collect();
            let rings = matches!(earcon, Earcon::Ring | Earcon::RingBack);
            let limit = if rings { 1500 } else { 750 } * 48;
            assert!(samples.len() <= limit, "{earcon:?} is long");
            assert!(samples[0].abs() < 0.001, "{earcon:?} begins with a click");
            assert!(
                samples[samples.len() - 1].abs() < 0.001,
                "{earcon:?} ends with a click"
            );
            let peak = samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
            assert!((0.1..0.5).contains(&peak), "{earcon:?} peaks at {peak}");
            let step = samples
                .windows(2)
                .map(|pair| (pair[1] - pair[0]).abs())
                .fold(0.0, f32::max);
            assert!(step < 0.1, "{earcon:?} jumps by {step}");
            assert_eq!(earcon.samples().len(), samples.len());
        }
    }

    #[test]
    fn no_two_earcons_are_alike() {
        let figure = |earcon: Earcon| {
            let notes = earcon.notes();
            let melody: Vec<_> = notes.iter().map(|note| note.hertz).collect();
            let rhythm: Vec<_> = notes.iter().map(|note| (note.start, note.length)).collect();
            (melody, rhythm)
        };
        for (at, one) in Earcon::ALL.into_iter().enumerate() {
            for other in Earcon::ALL.into_iter().skip(at + 1) {
                let ((melody, rhythm), (other_melody, other_rhythm)) = (figure(one), figure(other));
                assert_ne!(melody, other_melody, "{one:?} and {other:?}");
                let reversed: Vec<_> = other_melody.into_iter().rev().collect();
                assert!(
                    rhythm != other_rhythm || melody == reversed,
                    "{one:?} and {other:?}"
                );
            }
        }
    }

    #[test]
    fn the_test_tone_lasts_a_second_at_minus_twenty() {
        let samples: Vec<f32> = test_tone().collect();
        assert_eq!(samples.len(), 48_000);
        assert!((dbfs(&samples[4800..43_200]) + 20.0).abs() < 0.2);
        assert!(samples[0].abs() < 0.001 && samples[47_999].abs() < 0.001);
    }

    #[test]
    fn a_sine_has_its_frequency_for_hours() {
        let mut sine = Sine::new(1000.0, -20.0);
        let crossings = |sine: &mut Sine| {
            let samples: Vec<f32> = sine.take(48_000).collect();
            samples
                .windows(2)
                .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
                .count()
        };
        assert!(crossings(&mut sine).abs_diff(1000) <= 1);
        sine.phase = (sine.step * 48_000.0 * 3600.0 * 8.0).fract();
        assert!(crossings(&mut sine).abs_diff(1000) <= 1);
    }
}
