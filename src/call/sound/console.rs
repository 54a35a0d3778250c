//! The user's own side of the sound: what is done to what they say and hear, and what meters show.
//!
//! Pure. Whether anything leaves the process is not decided here but by the gate of each
//! [`super::line::Line`]; this only knows whether to say "you speak while muted".

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::Frame;
use crate::audio::SILENCE;
use crate::audio::level::Meter;
use crate::audio::level::MutedTalk;
use crate::audio::level::Talk;
use crate::audio::processing::Processing;
use crate::audio::processing::Switch;
use crate::audio::processing::Switches;
use crate::audio::tone::Earcon;
use crate::audio::tone::Samples;
use crate::event::SoundEvent;
use crate::model::sound;
use crate::model::sound::Level;

#[derive(Debug)]
pub(super) struct Console {
    muted: bool,
    deafened: bool,
    /// 1 is as it comes.
    volume: f32,
    processing: Processing,
    input: Meter,
    talk: Talk,
    muted_talk: MutedTalk,
    output: Meter,
    /// Short sounds one after the other, the first of them sounding.
    cues: VecDeque<(Earcon, Samples)>,
    metering: Metering,
    said: VecDeque<SoundEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metering {
    Off,
    /// So many frames of both directions since levels were told.
    On {
        captured: u8,
        played: u8,
    },
}

impl Console {
    /// Muted, so that nothing is said before somebody wants it.
    pub(super) fn new() -> Self {
        Self {
            muted: true,
            deafened: false,
            volume: 1.0,
            processing: Processing::new(Switches::OFF),
            input: Meter::new(),
            talk: Talk::new(),
            muted_talk: MutedTalk::new(),
            output: Meter::new(),
            cues: VecDeque::new(),
            metering: Metering::Off,
            said: VecDeque::new(),
        }
    }

    pub(super) fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub(super) fn deafen(&mut self, deafened: bool) {
        self.deafened = deafened;
    }

    pub(super) fn set_volume(&mut self, percent: u16) {
        self.volume = f32::from(percent.min(sound::LOUDEST)) / 100.0;
    }

    pub(super) fn meter(&mut self, on: bool) {
        self.metering = if on {
            Metering::On {
                captured: 0,
                played: 0,
            }
        } else {
            Metering::Off
        };
    }

    pub(super) fn process(&mut self, wanted: sound::Processing) {
        let switch = |on| if on { Switch::On } else { Switch::Off };
        self.processing.switch(Switches {
            echo_cancellation: switch(wanted.echo),
            noise_suppression: switch(wanted.noise),
            gain_control: switch(wanted.gain),
        });
    }

    /// Plays it behind those that wait, unless it does so itself or too many do.
    pub(super) fn cue(&mut self, earcon: Earcon) {
        let waits = self.cues.iter().any(|(other, _)| *other == earcon);
        if !waits && self.cues.len() < CUES {
            self.cues.push_back((earcon, earcon.samples()));
        }
    }

    /// From the speaker's ring to the air and back from the air to the microphone's.
    pub(super) fn set_delay(&mut self, delay: Duration) {
        self.processing.set_delay(delay);
    }

    /// 10 ms from the microphone, cleaned in place.
    pub(super) fn capture(&mut self, frame: &mut Frame, now: Duration) {
        self.processing.capture(frame);
        let level = self.input.hear(frame);
        let talking = self.talk.hear(level);
        if self.muted_talk.hear(talking, self.muted, now) {
            self.said.push_back(SoundEvent::SpeakingWhileMuted);
        }
        if let Metering::On { captured, .. } = &mut self.metering
            && is_time(captured)
        {
            self.said.push_back(SoundEvent::InputLevel {
                level: Level::from_dbfs(self.input.level()),
                gate: Level::from_dbfs(self.talk.threshold()),
                speaking: talking,
            });
        }
    }

    /// 10 ms of the network, as the speaker shall play them.
    pub(super) fn play(&mut self, frame: &mut Frame) {
        if self.deafened {
            *frame = SILENCE;
        }
        self.sound_cue(frame);
        for sample in frame.iter_mut() {
            *sample = (*sample * self.volume).clamp(-1.0, 1.0);
        }
        self.output.hear(frame);
        self.processing.render(frame);
        if let Metering::On { played, .. } = &mut self.metering
            && is_time(played)
        {
            let level = Level::from_dbfs(self.output.level());
            self.said.push_back(SoundEvent::OutputLevel(level));
        }
    }

    /// What the person is told is no part of what others say: deafness is not for it.
    fn sound_cue(&mut self, frame: &mut Frame) {
        let Some((_, samples)) = self.cues.front_mut() else {
            return;
        };
        for (sample, cue) in frame.iter_mut().zip(&mut *samples) {
            *sample += cue;
        }
        if samples.len() == 0 {
            self.cues.pop_front();
        }
    }

    pub(super) fn input_level(&self) -> Level {
        Level::from_dbfs(self.input.level())
    }

    /// What is to be reported, until there is nothing more.
    pub(super) fn poll(&mut self) -> Option<SoundEvent> {
        self.said.pop_front()
    }
}

/// More at once would be noise.
const CUES: usize = 3;

/// Ten times a second.
fn is_time(frames: &mut u8) -> bool {
    *frames = (*frames + 1) % 10;
    *frames == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME;
    use crate::audio::FRAME_TIME;
    use crate::audio::level::dbfs;
    use crate::audio::tone::Sine;

    fn tone() -> Frame {
        let mut sine = Sine::new(1000.0, -20.0);
        std::array::from_fn(|_| sine.next().unwrap())
    }

    fn said(console: &mut Console) -> Vec<SoundEvent> {
        std::iter::from_fn(|| console.poll()).collect()
    }

    #[test]
    fn whoever_is_deafened_plays_silence() {
        let mut console = Console::new();
        console.deafen(true);
        let mut frame = tone();
        console.play(&mut frame);
        assert!(frame.iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_cue_is_heard_once_by_whoever_is_here_also_deafened_and_taken_out_of_the_microphone() {
        let mut console = Console::new();
        console.process(sound::Processing {
            echo: true,
            noise: false,
            gain: false,
        });
        let mut random = fastrand::Rng::with_seed(5);
        let (mut played, mut captured) = (Vec::new(), Vec::new());
        for at in 0..500_u32 {
            // The canceller has heard the others before.
            let mut frame: Frame = std::array::from_fn(|_| random.f32() * 0.1 - 0.05);
            if at == 300 {
                (played, captured) = (Vec::new(), Vec::new());
                console.deafen(true);
                for _ in 0..2 {
                    console.cue(Earcon::Notice);
                }
            }
            console.play(&mut frame);
            played.extend(frame);
            // The loudspeaker stands beside the microphone.
            let mut echo = frame.map(|sample| sample * 0.3);
            console.capture(&mut echo, FRAME_TIME * at);
            captured.extend(echo);
        }
        let whole = Earcon::Notice.samples().len();
        assert!(dbfs(&played[..whole]) > -40.0);
        assert!(
            played[whole.next_multiple_of(FRAME)..]
                .iter()
                .all(|s| *s == 0.0)
        );
        let (echo, left) = (dbfs(&played) - 10.5, dbfs(&captured));
        assert!(left < echo - 10.0, "{left} dBFS of {echo}");
    }

    #[test]
    fn the_volume_is_of_everything_that_is_played() {
        let mut console = Console::new();
        console.set_volume(50);
        let mut frame = tone();
        console.play(&mut frame);
        assert!((dbfs(&frame) - (dbfs(&tone()) - 6.02)).abs() < 0.1);
    }

    #[test]
    fn levels_are_told_ten_times_a_second_and_only_when_wanted() {
        let mut console = Console::new();
        let mut now = Duration::ZERO;
        let mut second = |console: &mut Console| {
            for _ in 0..100 {
                now += FRAME_TIME;
                console.capture(&mut tone(), now);
                console.play(&mut tone());
            }
            let said = said(console);
            let of = |what: fn(&SoundEvent) -> bool| said.iter().filter(|e| what(e)).count();
            (
                of(|e| matches!(e, SoundEvent::InputLevel { .. })),
                of(|e| matches!(e, SoundEvent::OutputLevel(_))),
            )
        };
        assert_eq!(second(&mut console), (0, 0));
        console.meter(true);
        assert_eq!(second(&mut console), (10, 10));
        console.meter(false);
        assert_eq!(second(&mut console), (0, 0));
    }

    #[test]
    fn speaking_while_muted_is_noticed_and_while_open_is_not() {
        for (muted, noticed) in [(true, true), (false, false)] {
            let mut console = Console::new();
            console.mute(muted);
            let mut now = Duration::ZERO;
            for _ in 0..200 {
                now += FRAME_TIME;
                console.capture(&mut [0.0001; FRAME], now);
            }
            for _ in 0..200 {
                now += FRAME_TIME;
                console.capture(&mut tone(), now);
            }
            let told = said(&mut console).contains(&SoundEvent::SpeakingWhileMuted);
            assert_eq!(told, noticed);
        }
    }
}
