//! One incoming stream: packets in when they come, a frame out every 10 ms.
//!
//! What is missing is taken from the copy in the next packet, else concealed, and
//! fades to silence after 100 ms. Where the sender was silent, its background
//! noise goes on for a second. A new SSRC is a new [`Receiver`].

use std::time::Duration;

use super::FRAME;
use super::Frame;
use super::SILENCE;
use super::codec;
use super::codec::Decoder;
use super::codec::Error;
use super::codec::LONGEST;
use super::fade;
use super::jitter::Content;
pub use super::jitter::Packet;
use super::jitter::Unit;
use super::level::Meter;
use super::level::SILENT;
use super::level::Talk;
use super::playout::Cut;
use super::playout::Playout;
use super::playout::Step;
use super::time_of;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Zeros: there is nothing to mix.
    Silence,
    Sound,
    /// Made up for what did not arrive.
    Concealed,
    /// The background noise of somebody who is silent.
    Comfort,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Statistics {
    pub received: u64,
    /// Packets that were not there when their time came.
    pub lost: u64,
    /// Of the lost ones, those that came afterwards.
    pub late: u64,
    pub duplicate: u64,
    /// Packets that were no sound, or whose numbers fitted nothing.
    pub malformed: u64,
    /// Packets thrown away to catch up.
    pub skipped: u64,
    /// Of the lost ones, those found again in the packet that followed (FEC).
    pub recovered: u64,
    /// Frames of 10 ms that were made up.
    pub concealed: u64,
    /// Frames left out and repeated against drift and a changing delay.
    pub dropped: u64,
    pub repeated: u64,
    /// Times that the buffer ran empty in mid-speech.
    pub underruns: u64,
    /// Times that the sender began anew.
    pub restarts: u64,
    pub jitter: Duration,
    /// The delay that the buffer aims at, and how much sound is waiting.
    pub target: Duration,
    pub buffered: Duration,
    /// What a level display shows, in dBFS.
    pub level: f32,
}

#[derive(Debug)]
pub struct Receiver {
    playout: Playout,
    voice: Voice,
    last: Frame,
    meter: Meter,
    talk: Talk,
    malformed: u64,
}

impl Receiver {
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            playout: Playout::new(),
            voice: Voice::new()?,
            last: SILENCE,
            meter: Meter::new(),
            talk: Talk::new(),
            malformed: 0,
        })
    }

    /// Takes a packet as it arrives. One that is no sound is counted and forgotten.
    pub fn push(&mut self, packet: Packet, now: Duration) {
        let samples = codec::duration(&packet.payload)
            .ok()
            .and_then(|samples| u32::try_from(samples).ok());
        let Some(samples) = samples else {
            self.malformed += 1;
            return;
        };
        let silence = codec::is_silence_mark(&packet.payload);
        self.playout.push(packet, Content { samples, silence }, now);
    }

    /// Gives the next 10 ms.
    pub fn pull(&mut self, frame: &mut Frame, now: Duration) -> Heard {
        let cut = loop {
            match self.playout.poll(now, &self.voice.ready) {
                Step::Render(unit) => self.voice.render(unit),
                Step::Play(cut) => break cut,
            }
        };
        *frame = self.cut(cut);
        let used = cut.uses(self.voice.ready.len());
        self.voice.ready.drain(..used);
        self.last = *frame;
        let heard = match cut {
            Cut::Silence => Heard::Silence,
            Cut::Take | Cut::Rest | Cut::Join | Cut::Repeat => self.voice.heard(),
        };
        self.listen(frame, heard);
        heard
    }

    pub fn is_talking(&self) -> bool {
        self.talk.is_talking()
    }

    /// What a level display shows, in dBFS.
    pub fn level(&self) -> f32 {
        self.meter.level()
    }

    pub fn statistics(&self, now: Duration) -> Statistics {
        let counts = self.playout.counts();
        let (dropped, repeated) = self.playout.corrections();
        let buffer = self.playout.buffer();
        let target = u64::try_from(buffer.target(now)).unwrap_or(0);
        let ready = u64::try_from(self.voice.ready.len()).unwrap_or(0);
        Statistics {
            received: counts.received,
            lost: counts.lost,
            late: counts.late,
            duplicate: counts.duplicate,
            malformed: self.malformed + self.voice.undecodable + counts.stray,
            skipped: counts.skipped,
            recovered: self.voice.recovered,
            concealed: self.voice.made_up / FRAME_U,
            dropped,
            repeated,
            underruns: counts.underruns,
            restarts: counts.restarts,
            jitter: buffer.jitter(),
            target: time_of(target),
            buffered: time_of(buffer.waiting() + ready),
            level: self.meter.level(),
        }
    }

    fn cut(&self, cut: Cut) -> Frame {
        let mut frames = self.voice.ready.chunks_exact(FRAME).map(|chunk| {
            let mut frame = SILENCE;
            frame.copy_from_slice(chunk);
            frame
        });
        let mut next = || frames.next().unwrap_or(SILENCE);
        match cut {
            Cut::Silence => fade::tail(&self.last),
            Cut::Take => next(),
            Cut::Join => {
                let first = next();
                fade::cross(&first, &next())
            }
            Cut::Repeat => fade::cross(&next(), &self.last),
            Cut::Rest => {
                let mut frame = SILENCE;
                let rest = &self.voice.ready;
                frame[..rest.len()].copy_from_slice(rest);
                fade::fade_out(&mut frame[..rest.len()]);
                frame
            }
        }
    }

    fn listen(&mut self, frame: &Frame, heard: Heard) {
        let level = match heard {
            Heard::Silence => SILENT,
            Heard::Sound | Heard::Concealed | Heard::Comfort => super::level::dbfs(frame),
        };
        self.meter.take(level);
        self.talk.hear(level);
    }
}

/// The decoder, and the samples that it has ready.
#[derive(Debug)]
struct Voice {
    decoder: Decoder,
    ready: Vec<f32>,
    kind: Heard,
    /// What made-up sound is multiplied with, and for how long there has been nothing else.
    gain: f32,
    alone: usize,
    recovered: u64,
    made_up: u64,
    undecodable: u64,
}

impl Voice {
    fn new() -> Result<Self, Error> {
        Ok(Self {
            decoder: Decoder::new()?,
            ready: Vec::with_capacity(LONGEST + 2 * FRAME),
            kind: Heard::Silence,
            gain: 1.0,
            alone: 0,
            recovered: 0,
            made_up: 0,
            undecodable: 0,
        })
    }

    fn heard(&self) -> Heard {
        if self.gain <= 0.0 {
            Heard::Silence
        } else {
            self.kind
        }
    }

    /// Puts exactly as many samples behind the others as the unit lasts.
    fn render(&mut self, unit: Unit) {
        let start = self.ready.len();
        let length = match unit {
            Unit::Packet {
                payload, samples, ..
            } => {
                if let Ok(sound) = self.decoder.decode(&payload) {
                    self.ready.extend_from_slice(sound);
                    self.sounds(start);
                } else {
                    self.undecodable += 1;
                    self.conceal(samples);
                }
                samples
            }
            Unit::Recover {
                next,
                samples,
                whole,
            } => {
                self.recover(&next, samples, whole);
                samples
            }
            Unit::Conceal { samples } => {
                self.conceal(samples);
                samples
            }
            Unit::Comfort { samples } => {
                self.kind = Heard::Comfort;
                self.alone += samples;
                self.make_up(samples, COMFORT);
                samples
            }
        };
        self.ready.resize(start + length, 0.0);
    }

    fn recover(&mut self, next: &[u8], samples: usize, whole: usize) {
        let start = self.ready.len();
        let copy = codec::has_copy_of_previous(next)
            .then(|| self.decoder.recover(next, whole).ok())
            .flatten();
        let Some(sound) = copy else {
            self.conceal(samples);
            return;
        };
        // Of the beginning, something else was played while waiting.
        self.ready
            .extend_from_slice(&sound[sound.len().saturating_sub(samples)..]);
        self.recovered += 1;
        self.sounds(start);
    }

    fn conceal(&mut self, samples: usize) {
        self.kind = Heard::Concealed;
        self.made_up += u64::try_from(samples).unwrap_or(0);
        self.alone += samples;
        self.make_up(samples, CONCEAL);
    }

    /// The decoder's own idea of how it goes on, for so long; then it fades within 100 ms.
    fn make_up(&mut self, samples: usize, for_so_long: usize) {
        let start = self.ready.len();
        let before = self.gain;
        if self.alone > for_so_long {
            self.gain = (self.gain - share(samples, FADE_AWAY)).max(0.0);
        }
        if before <= 0.0 {
            return;
        }
        if let Ok(sound) = self.decoder.conceal(samples) {
            self.ready.extend_from_slice(sound);
            fade::ramp(&mut self.ready[start..], before, self.gain);
        }
    }

    /// Real sound is there again, from `start` on.
    fn sounds(&mut self, start: usize) {
        self.kind = Heard::Sound;
        self.alone = 0;
        if self.gain < 1.0 {
            let end = self.ready.len().min(start + fade::FADE);
            fade::ramp(&mut self.ready[start..end], self.gain, 1.0);
            self.gain = 1.0;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples are small")]
fn share(samples: usize, of: usize) -> f32 {
    samples as f32 / of as f32
}

const FRAME_U: u64 = FRAME as u64;

/// Concealment is trusted for 100 ms, comfort noise for a second: a sender in DTX refreshes it each 0.4 s.
const CONCEAL: usize = 4800;
const COMFORT: usize = 48_000;
const FADE_AWAY: usize = 4800;
