//! The sound between the page and whoever owns microphone and speaker.

use tokio::sync::mpsc;

use crate::audio;
use crate::model::sound::Audio;
use crate::wire::bridge::SAMPLES;

pub(super) type Samples = [i16; SAMPLES];

/// The bridge's ends.
#[derive(Debug)]
pub struct Pcm {
    pub wishes: mpsc::UnboundedSender<PcmWish>,
    pub captured: mpsc::Receiver<[i16; SAMPLES]>,
    pub heard: mpsc::Sender<audio::Frame>,
}

/// The other ends, for whoever owns microphone and speaker.
#[derive(Debug)]
pub struct PcmEnds {
    pub wishes: mpsc::UnboundedReceiver<PcmWish>,
    pub captured: mpsc::Sender<[i16; SAMPLES]>,
    pub heard: mpsc::Receiver<audio::Frame>,
}

/// What the call wants of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PcmWish {
    Start {
        audio: Audio,
    },
    /// On hold, or out: send nothing and play nothing.
    Stop,
}

impl Pcm {
    pub fn pair() -> (Self, PcmEnds) {
        let (wishes, asked) = mpsc::unbounded_channel();
        let (capturing, captured) = mpsc::channel(FRAMES);
        let (hearing, heard) = mpsc::channel(FRAMES);
        let ends = PcmEnds {
            wishes: asked,
            captured: capturing,
            heard,
        };
        (
            Self {
                wishes,
                captured,
                heard: hearing,
            },
            ends,
        )
    }
}

/// As the page wants it: whole numbers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to what fits; a cast of a float saturates"
)]
pub fn to_samples(frame: &audio::Frame) -> [i16; SAMPLES] {
    frame.map(|sample| (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16)
}

pub(super) fn to_frame(samples: &Samples) -> audio::Frame {
    samples.map(|sample| f32::from(sample) / 32_768.0)
}

/// Two hundred milliseconds; who is later than that has lost them.
const FRAMES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_survive_and_loud_ones_are_cut() {
        let mut frame = audio::SILENCE;
        frame[1] = 0.5;
        frame[2] = 2.0;
        frame[3] = -2.0;
        let samples = to_samples(&frame);
        assert_eq!(samples[..4], [0, 16_384, 32_767, -32_767]);
        assert!((to_frame(&samples)[1] - 0.5).abs() < 1e-4);
    }
}
