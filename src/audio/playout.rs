//! From the jitter buffer to an even stream of frames: what each 10 ms are made of.
//!
//! Decides and never touches a decoder: [`Playout::poll`] asks for units to be
//! turned into samples until it can say how the next frame is cut from them. So
//! a day of calls can be played in a test without decoding any of it.

use std::time::Duration;

use super::FRAME;
use super::Frame;
use super::drift::Advice;
use super::drift::Corrector;
use super::drift::When;
use super::jitter::Buffer;
use super::jitter::Content;
use super::jitter::Counts;
use super::jitter::Packet;
use super::jitter::Pushed;
use super::jitter::Unit;

#[derive(Debug)]
pub struct Playout {
    buffer: Buffer,
    corrector: Corrector,
    advice: Option<Advice>,
    sounding: Sounding,
    dropped: u64,
    repeated: u64,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Turn this into samples, put them behind those that are ready, and poll again.
    Render(Unit),
    /// The frame is complete.
    Play(Cut),
}

/// How a frame is cut from the samples that are ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// There is nothing.
    Silence,
    /// The first frame.
    Take,
    /// What is left of it, less than a frame.
    Rest,
    /// The first two, the one fading into the other: 10 ms are left out.
    Join,
    /// The first fading into what was played last, and it stays: 10 ms are repeated.
    Repeat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sounding {
    Packets,
    /// What was played last was made up: its delay says nothing.
    MadeUp,
}

impl Playout {
    pub fn new() -> Self {
        Self {
            buffer: Buffer::new(),
            corrector: Corrector::new(ONE_SECOND),
            advice: None,
            sounding: Sounding::MadeUp,
            dropped: 0,
            repeated: 0,
        }
    }

    pub fn push(&mut self, packet: Packet, content: Content, now: Duration) -> Pushed {
        let pushed = self.buffer.push(packet, content, now);
        if pushed == Pushed::Restarted {
            self.corrector.reset();
        }
        pushed
    }

    /// The next step towards a frame. `ready` are the samples rendered and not yet played.
    pub fn poll(&mut self, now: Duration, ready: &[f32]) -> Step {
        let advice = match self.advice {
            Some(advice) => advice,
            None => self.advise(now, ready.len()),
        };
        self.advice = Some(advice);
        let Some(front) = ready.first_chunk() else {
            return match self.buffer.next(now) {
                Some(unit) => self.render(unit),
                None if ready.is_empty() => self.play(Cut::Silence),
                None => self.play(Cut::Rest),
            };
        };
        match advice {
            Advice::Drop(when) if self.is_full(now, ready.len()) && self.may(when, front) => {
                if ready.len() >= 2 * FRAME {
                    self.dropped += 1;
                    self.corrector.dropped();
                    return self.play(Cut::Join);
                }
                // A second frame that had to be made up would be nothing gained.
                let second = self.buffer.has_next().then(|| self.buffer.next(now));
                match second.flatten() {
                    Some(unit) => {
                        self.advice = Some(Advice::Drop(When::Now));
                        self.render(unit)
                    }
                    None => self.play(Cut::Take),
                }
            }
            Advice::Repeat(when) if self.may(when, front) => {
                self.repeated += 1;
                self.corrector.repeated();
                self.play(Cut::Repeat)
            }
            Advice::Keep | Advice::Drop(_) | Advice::Repeat(_) => self.play(Cut::Take),
        }
    }

    pub fn counts(&self) -> Counts {
        self.buffer.counts()
    }

    /// Frames left out and repeated.
    pub fn corrections(&self) -> (u64, u64) {
        (self.dropped, self.repeated)
    }

    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    fn advise(&mut self, now: Duration, ready: usize) -> Advice {
        let target = usize::try_from(self.buffer.target(now)).unwrap_or(0);
        match (self.sounding, self.buffer.level(now, ready)) {
            (Sounding::Packets, Some(level)) => self.corrector.advise(level, target),
            (Sounding::MadeUp, _) | (_, None) => Advice::Keep,
        }
    }

    /// Whether there is something to leave out: a packet that has just come lies its own length behind the target.
    /// When the way has become longer the delay seems too long until its fastest packets are forgotten,
    /// and yet nothing is waiting.
    fn is_full(&self, now: Duration, ready: usize) -> bool {
        let ready = i64::try_from(ready).unwrap_or(i64::MAX);
        let full = self.buffer.target(now) + self.buffer.usual();
        self.buffer.ahead().saturating_add(ready) >= full
    }

    fn may(&mut self, when: When, front: &Frame) -> bool {
        when == When::Now || self.corrector.is_quiet(front)
    }

    fn render(&mut self, unit: Unit) -> Step {
        self.sounding = match unit {
            Unit::Packet { .. } | Unit::Recover { .. } => Sounding::Packets,
            Unit::Conceal { .. } | Unit::Comfort { .. } => Sounding::MadeUp,
        };
        Step::Render(unit)
    }

    fn play(&mut self, cut: Cut) -> Step {
        self.advice = None;
        Step::Play(cut)
    }
}

impl Default for Playout {
    fn default() -> Self {
        Self::new()
    }
}

impl Cut {
    /// How many of the ready samples it uses up.
    pub fn uses(self, ready: usize) -> usize {
        match self {
            Self::Silence | Self::Repeat => 0,
            Self::Take => FRAME,
            Self::Rest => ready,
            Self::Join => 2 * FRAME,
        }
    }
}

/// The delay is measured against the fastest packet of 5 s; beyond that it needs little smoothing.
const ONE_SECOND: u16 = 100;

#[cfg(test)]
mod tests;
