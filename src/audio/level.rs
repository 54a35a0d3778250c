//! How loud it is, whether somebody speaks, and whether they know that nobody hears them.
//!
//! Levels are dBFS of the plain RMS against full scale 1.0, which is the dBov
//! of RFC 6464: a square wave at full scale is 0, a sine at full scale -3.01,
//! and the "-20 dBFS sine" of the tests has an amplitude of 0.1414.

use std::time::Duration;

use super::Frame;

/// The level of digital silence, the lowest that RFC 6464 can say.
pub const SILENT: f32 = -127.0;

/// The level of a piece of sound.
pub fn dbfs(sound: &[f32]) -> f32 {
    dbfs_of_energy(energy(sound))
}

/// The mean of the squared samples.
#[expect(clippy::cast_precision_loss, reason = "counts of samples are small")]
pub fn energy(sound: &[f32]) -> f32 {
    if sound.is_empty() {
        return 0.0;
    }
    sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32
}

fn dbfs_of_energy(energy: f32) -> f32 {
    if energy.is_finite() {
        (10.0 * energy.max(1e-13).log10()).clamp(SILENT, 3.0)
    } else {
        SILENT
    }
}

/// What a level display shows: up at once, down by 20 dB a second.
#[derive(Debug, Clone)]
pub struct Meter {
    level: f32,
}

impl Meter {
    pub fn new() -> Self {
        Self { level: SILENT }
    }

    /// Takes in 10 ms; gives the level of just these, which is what [`Talk`] wants.
    pub fn hear(&mut self, frame: &Frame) -> f32 {
        let level = dbfs(frame);
        self.take(level);
        level
    }

    /// Takes in 10 ms of which only the level is known.
    pub fn take(&mut self, level: f32) {
        self.level = level.max(self.level - RELEASE).max(SILENT);
    }

    pub fn level(&self) -> f32 {
        self.level
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether somebody speaks: 9 dB above the noise for 60 ms, and 400 ms longer.
///
/// The noise floor follows a falling level quickly and a rising one slowly, more
/// slowly still during speech: a fan is learnt within seconds, a sentence is not.
#[derive(Debug, Clone)]
pub struct Talk {
    floor: f32,
    above: u32,
    hold: u32,
}

impl Talk {
    pub fn new() -> Self {
        Self {
            floor: FLOOR_AT_FIRST,
            above: 0,
            hold: 0,
        }
    }

    /// Takes in the level of 10 ms.
    pub fn hear(&mut self, level: f32) -> bool {
        let loud = level > self.threshold();
        self.above = if loud {
            self.above.saturating_add(1)
        } else {
            0
        };
        if self.above >= ONSET || (loud && self.hold > 0) {
            self.hold = HOLD;
        } else {
            self.hold = self.hold.saturating_sub(1);
        }
        self.learn(level);
        self.is_talking()
    }

    pub fn is_talking(&self) -> bool {
        self.hold > 0
    }

    /// The level above which sound counts as speech.
    pub fn threshold(&self) -> f32 {
        self.floor + ABOVE_FLOOR
    }

    fn learn(&mut self, level: f32) {
        let up = if self.is_talking() {
            RISE_IN_SPEECH
        } else {
            RISE
        };
        // Not `clamp`, which would let a level that is no number through.
        self.floor = level
            .max(self.floor - FALL)
            .min(self.floor + up)
            .clamp(LOWEST_FLOOR, HIGHEST_FLOOR);
    }
}

impl Default for Talk {
    fn default() -> Self {
        Self::new()
    }
}

/// When to say "you are speaking while muted": at the beginning of speech, at most once in 30 s.
#[derive(Debug, Clone, Default)]
pub struct MutedTalk {
    said: Option<Duration>,
    talking: bool,
}

impl MutedTalk {
    pub fn new() -> Self {
        Self::default()
    }

    /// True when it is to be said now.
    pub fn hear(&mut self, talking: bool, muted: bool, now: Duration) -> bool {
        let begins = talking && muted && !self.talking;
        self.talking = talking && muted;
        let due = self
            .said
            .is_none_or(|said| now.saturating_sub(said) >= SAY_AGAIN);
        if begins && due {
            self.said = Some(now);
        }
        begins && due
    }
}

// In dB for each frame of 10 ms.
const RELEASE: f32 = 0.2;
const FALL: f32 = 0.3;
const RISE: f32 = 0.04;
const RISE_IN_SPEECH: f32 = 0.01;

const ABOVE_FLOOR: f32 = 9.0;
const FLOOR_AT_FIRST: f32 = -55.0;
// A silent line must not make a whisper of noise into speech, and a loud room must not hide every voice.
const LOWEST_FLOOR: f32 = -65.0;
const HIGHEST_FLOOR: f32 = -35.0;

// In frames of 10 ms.
const ONSET: u32 = 6;
const HOLD: u32 = 40;

const SAY_AGAIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME;
    use crate::audio::SILENCE;
    use crate::audio::tone::Sine;

    fn sine(level: f32) -> Frame {
        let mut frame = SILENCE;
        let mut sine = Sine::new(1000.0, level);
        frame.fill_with(|| sine.next().unwrap());
        frame
    }

    #[test]
    fn a_sine_of_minus_twenty_reads_minus_twenty() {
        let mut meter = Meter::new();
        assert!((meter.hear(&sine(-20.0)) + 20.0).abs() < 0.2);
        assert!((meter.level() + 20.0).abs() < 0.2);
    }

    #[test]
    fn full_scale_is_zero_for_a_square_and_minus_three_for_a_sine() {
        assert!(dbfs(&[1.0; FRAME]).abs() < 0.01);
        assert!((dbfs(&sine(-3.01)) + 3.01).abs() < 0.1);
        assert!((dbfs(&SILENCE) - SILENT).abs() < 0.01);
        assert!((dbfs(&[]) - SILENT).abs() < 0.01);
        assert!((dbfs(&[f32::NAN]) - SILENT).abs() < 0.01);
    }

    #[test]
    fn a_meter_rises_at_once_and_falls_twenty_decibels_a_second() {
        let mut meter = Meter::new();
        meter.hear(&sine(-20.0));
        for _ in 0..100 {
            meter.hear(&SILENCE);
        }
        assert!((meter.level() + 40.0).abs() < 0.2);
    }

    #[test]
    fn speech_is_noticed_after_sixty_milliseconds_and_held_for_four_hundred() {
        let mut talk = Talk::new();
        for _ in 0..100 {
            assert!(!talk.hear(-60.0));
        }
        let began = (1..99).find(|_| talk.hear(-25.0)).unwrap();
        assert_eq!(began, 6);
        let ended = (1..99).find(|_| !talk.hear(-60.0)).unwrap();
        assert_eq!(ended, 40);
    }

    #[test]
    fn a_click_is_not_speech() {
        let mut talk = Talk::new();
        for at in 0..500 {
            assert!(!talk.hear(if at % 50 < 3 { -10.0 } else { -60.0 }));
        }
    }

    #[test]
    fn a_short_syllable_keeps_speech_going() {
        let mut talk = Talk::new();
        for _ in 0..10 {
            talk.hear(-25.0);
        }
        for at in 0..200 {
            talk.hear(if at % 30 < 2 { -25.0 } else { -60.0 });
        }
        assert!(talk.is_talking());
    }

    #[test]
    fn a_fan_is_learnt_and_a_sentence_is_not() {
        let mut talk = Talk::new();
        for _ in 0..300 {
            talk.hear(-60.0);
        }
        for _ in 0..1000 {
            talk.hear(-25.0);
        }
        assert!(talk.is_talking(), "ten seconds without a pause are speech");
        for _ in 0..3000 {
            talk.hear(-48.0);
        }
        assert!(!talk.is_talking(), "a fan that goes on is not");
        for _ in 0..10 {
            talk.hear(-30.0);
        }
        assert!(talk.is_talking(), "and a voice above it is");
    }

    #[test]
    fn speaking_while_muted_is_said_at_most_once_in_thirty_seconds() {
        let mut muted = MutedTalk::new();
        let at = Duration::from_secs;
        assert!(!muted.hear(true, false, at(0)), "not muted");
        assert!(muted.hear(true, true, at(1)), "muted in mid-sentence");
        assert!(!muted.hear(true, true, at(2)));
        assert!(!muted.hear(false, true, at(3)));
        assert!(!muted.hear(true, true, at(20)), "too soon");
        assert!(!muted.hear(false, true, at(31)));
        assert!(muted.hear(true, true, at(32)));
    }
}
