//! One outgoing stream: frames in, Opus packets out, and the gate that is mute.
//!
//! The gate is closed at first, and nothing leaves before it was opened. While it
//! is closed, no captured sample reaches the encoder: what is pushed is not even
//! looked at, and only the RTP clock goes on.
//!
//! Closing it after it was open ends cleanly: the encoder gets the last sound
//! from before played backwards and dying away within 5 ms, then made-up zeros
//! until Opus itself says "silence begins" (0.2 to 0.5 s). That mark is the last
//! packet; it keeps the other side from taking mute for loss. Every packet from
//! then on depends on nothing that was captured after the gate closed, and once
//! the mark is sent there are none at all. Keep-alives are the transport's task.

use std::sync::Arc;

use super::FRAME;
use super::Frame;
use super::SILENCE;
use super::codec;
use super::codec::Encoder;
use super::codec::Error;
use super::codec::PACKET;
use super::codec::Settings;
use super::fade;
use super::level;
use super::level::Talk;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Muted, in the lobby, on hold, not consented, not yet joined.
    Closed,
    Open,
}

/// A packet to be sent now.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// In samples, from the start value given.
    pub timestamp: u32,
    /// The first packet after a silence: the RTP marker bit.
    pub marker: bool,
    pub payload: Arc<[u8]>,
    /// Of what is in the packet, in dBFS: what RFC 6464 wants.
    pub level: f32,
    /// Whether what is in the packet is speech.
    pub talking: bool,
}

#[derive(Debug)]
pub struct Sender {
    encoder: Encoder,
    gate: Gate,
    stage: Stage,
    timestamp: u32,
    pending: Box<[f32; PACKET]>,
    filled: usize,
    last: Frame,
    sent: Sent,
    /// Packets of zeros in a row that were not looked at.
    idle: u32,
    talk: Talk,
}

/// What reaches the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nothing,
    /// What is captured, the first frame fading in.
    Beginning,
    Captured,
    /// The end of what was captured before.
    Ending,
    /// Zeros, in so many packets at most.
    Zeros(u32),
}

/// What the other side knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Sound,
    /// That silence has begun.
    Mark,
    Nothing,
}

impl Sender {
    pub fn new(settings: Settings, first_timestamp: u32) -> Result<Self, Error> {
        Ok(Self {
            encoder: Encoder::new(settings)?,
            gate: Gate::Closed,
            stage: Stage::Nothing,
            timestamp: first_timestamp,
            pending: Box::new([0.0; PACKET]),
            filled: 0,
            last: SILENCE,
            sent: Sent::Nothing,
            idle: 0,
            talk: Talk::new(),
        })
    }

    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Opens or closes the gate, for everything that is pushed from now on.
    pub fn set_gate(&mut self, gate: Gate) {
        self.gate = gate;
        self.stage = match (gate, self.stage) {
            (Gate::Open, Stage::Nothing | Stage::Zeros(_)) => Stage::Beginning,
            // Closed and opened within a frame: nothing was cut.
            (Gate::Open, Stage::Ending) => Stage::Captured,
            (Gate::Closed, Stage::Beginning) => self.stage_after_sound(),
            (Gate::Closed, Stage::Captured) => Stage::Ending,
            (_, stage) => stage,
        };
    }

    /// What receiver reports say, in percent.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), Error> {
        self.encoder.set_expected_loss(percent)
    }

    /// Takes 10 ms of captured sound, also while the gate is closed: the clock goes on.
    ///
    /// A frame that cannot be encoded is an error and is not sent; the next one is tried again.
    pub fn push(&mut self, captured: &Frame) -> Result<Option<Packet>, Error> {
        match self.stage {
            Stage::Nothing => {
                self.timestamp = self.timestamp.wrapping_add(FRAME_STEP);
                Ok(None)
            }
            Stage::Beginning => {
                self.stage = Stage::Captured;
                let mut sound = *captured;
                fade::fade_in(&mut sound);
                self.feed(&sound)
            }
            Stage::Captured => self.feed(captured),
            Stage::Ending => {
                self.stage = Stage::Zeros(MOST_ZEROS);
                let end = fade::tail(&self.last);
                self.feed(&end)
            }
            Stage::Zeros(_) => self.feed(&SILENCE),
        }
    }

    /// Lets time pass in which nothing was captured, for example while the machine slept.
    pub fn pass(&mut self, frames: u32) {
        let unsent = u32::try_from(self.filled).unwrap_or(0);
        self.filled = 0;
        self.timestamp = self
            .timestamp
            .wrapping_add(unsent)
            .wrapping_add(frames.wrapping_mul(FRAME_STEP));
        self.stage = match self.gate {
            Gate::Open => Stage::Beginning,
            Gate::Closed => Stage::Nothing,
        };
        self.sent = Sent::Nothing;
    }

    fn feed(&mut self, sound: &Frame) -> Result<Option<Packet>, Error> {
        self.last = *sound;
        self.pending[self.filled..self.filled + FRAME].copy_from_slice(sound);
        self.filled += FRAME;
        if self.filled < PACKET {
            return Ok(None);
        }
        self.filled = 0;
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(PACKET_STEP);
        let level = level::dbfs(&self.pending[..]);
        self.talk.hear(level);
        let talking = self.talk.hear(level);
        if self.is_idle() {
            return Ok(None);
        }
        let payload = self.encoder.encode(&self.pending)?;
        let sent = if codec::is_silence_mark(&payload) {
            Sent::Mark
        } else {
            Sent::Sound
        };
        self.count_zeros(sent);
        let before = std::mem::replace(&mut self.sent, sent);
        // A second mark would say nothing new.
        Ok(
            (before != Sent::Mark || sent != Sent::Mark).then(|| Packet {
                timestamp,
                marker: before != Sent::Sound,
                payload,
                level,
                talking,
            }),
        )
    }

    /// Zeros, after silence was said: the encoder would take as long as for a voice, and say nothing
    /// new. Now and then it is asked all the same.
    fn is_idle(&mut self) -> bool {
        let zeros = || self.pending.iter().all(|sample| *sample == 0.0);
        self.idle = if self.sent == Sent::Mark && self.idle < IDLE && zeros() {
            self.idle + 1
        } else {
            0
        };
        self.idle > 0
    }

    fn count_zeros(&mut self, sent: Sent) {
        if let Stage::Zeros(left) = self.stage {
            self.stage = if sent == Sent::Mark || left == 0 {
                Stage::Nothing
            } else {
                Stage::Zeros(left - 1)
            };
        }
    }

    fn stage_after_sound(&self) -> Stage {
        // Opened and closed again before anything was pushed: whatever ended before goes on ending.
        match self.sent {
            Sent::Sound => Stage::Zeros(MOST_ZEROS),
            Sent::Mark | Sent::Nothing => Stage::Nothing,
        }
    }
}

/// The loss to be prepared for, when so much was expected and the next report says so much: it
/// rises at once and falls slowly, as a report is about a few dozen packets only.
pub fn expected_loss(before: u8, reported: u8) -> u8 {
    reported.max(before - before.div_ceil(4))
}

const FRAME_STEP: u32 = 480;
const PACKET_STEP: u32 = 960;

/// Opus needs ten packets to call it silence; an encoder without DTX never does.
const MOST_ZEROS: u32 = 25;

/// A sign of life every 0.4 s, as DTX has it.
const IDLE: u32 = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_expected_at_once_and_forgotten_over_some_reports() {
        let mut expected = expected_loss(0, 10);
        assert_eq!(expected, 10);
        let reports = (0..20).take_while(|_| {
            expected = expected_loss(expected, 0);
            expected > 0
        });
        assert_eq!(reports.count(), 5);
    }
}
