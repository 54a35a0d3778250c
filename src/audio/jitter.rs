//! The jitter buffer: packets in as the network brings them, out in order and in time.
//!
//! A ring over the RTP sequence numbers holds what has come; the RTP timestamps
//! say when each is to be played. The fastest packet of the last 5 s is the
//! measure: what is played lies [`Buffer::target`] behind it, which is the delay
//! that 95 % of packets keep. The target grows at once; how the play-out follows it is
//! [`crate::audio::playout`]'s matter, except in silences, where moving is free.
//!
//! It knows of a packet only how long it lasts and whether it says that silence
//! begins. A gap in timestamps without a gap in sequence numbers is silence that
//! was not sent, and no loss. Memory is bounded whatever arrives.

mod delays;

use std::sync::Arc;
use std::time::Duration;

use super::SAMPLE_RATE;
use super::time_of;
use delays::Delays;

/// A packet as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub sequence: u16,
    pub timestamp: u32,
    pub payload: Arc<[u8]>,
}

/// What the buffer must know of what is in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// How many samples it lasts.
    pub samples: u32,
    /// Whether it says that silence begins.
    pub silence: bool,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    Kept,
    /// Its time had passed.
    Late,
    Duplicate,
    /// Its number fits nothing: kept out unless the next one follows it.
    Stray,
    /// The sender began anew: what was held is gone, this one is kept.
    Restarted,
}

/// What to play next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    Packet {
        sequence: u16,
        payload: Arc<[u8]>,
        samples: usize,
    },
    /// A packet of `whole` samples is missing, `samples` of its end are to be played, and the next one is here.
    Recover {
        next: Arc<[u8]>,
        samples: usize,
        whole: usize,
    },
    /// Sound is missing.
    Conceal { samples: usize },
    /// Nobody spoke.
    Comfort { samples: usize },
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub received: u64,
    /// Packets that were not there when their time came.
    pub lost: u64,
    /// Of those lost, the ones that came afterwards.
    pub late: u64,
    pub duplicate: u64,
    pub stray: u64,
    /// Packets thrown away because too much had piled up, or because the sender began anew.
    pub skipped: u64,
    /// Times that there was nothing to play in mid-stream.
    pub underruns: u64,
    pub restarts: u64,
}

#[derive(Debug)]
pub struct Buffer {
    ring: Box<[Option<Held>]>,
    held: usize,
    stream: Option<Stream>,
    delays: Delays,
    /// The number that would prove a stray right.
    expected_stray: Option<u16>,
    lossy_until: i64,
    counts: Counts,
}

/// A packet that waits. Times are in samples.
#[derive(Debug)]
struct Held {
    timestamp: i64,
    content: Content,
    payload: Arc<[u8]>,
}

/// Where we are in the sender's numbering, both kinds made free of wrapping.
#[derive(Debug)]
struct Stream {
    /// The newest packet that arrived.
    newest: i64,
    newest_timestamp: i64,
    /// One bit for each of the last packets up to the newest.
    seen: u128,
    /// The next packet to be played, and the time at which its sound should begin.
    next: i64,
    at: i64,
    /// Time filled in since the buffer ran empty.
    waited: i64,
    flow: Flow,
    /// How long the last packet lasted.
    usual: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// The first packet is here, its time has not come.
    Starting,
    Sounding,
    /// The sender said that silence begins.
    Silent,
}

impl Buffer {
    pub fn new() -> Self {
        Self {
            ring: (0..WINDOW).map(|_| None).collect(),
            held: 0,
            stream: None,
            delays: Delays::new(),
            expected_stray: None,
            lossy_until: i64::MIN,
            counts: Counts::default(),
        }
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Samples by which play-out is to lie behind the fastest packet.
    pub fn target(&self, now: Duration) -> i64 {
        // The copy of a lost packet travels in the next one, so that one must have time to come.
        let lossy = if clock(now) < self.lossy_until {
            2 * self.usual()
        } else {
            0
        };
        self.delays.usual().max(lossy).clamp(LEAST, MOST)
    }

    /// How long packets last, in samples.
    pub fn usual(&self) -> i64 {
        self.stream.as_ref().map_or(0, |stream| stream.usual)
    }

    /// Samples by which play-out lies behind the fastest packet, once it has begun, when `unplayed` were taken out and not yet played.
    pub fn level(&self, now: Duration, unplayed: usize) -> Option<i64> {
        let stream = self.stream.as_ref()?;
        if stream.flow == Flow::Starting {
            return None;
        }
        Some(clock(now) - self.delays.fastest() - stream.at - stream.waited + signed(unplayed))
    }

    /// The variation of arrival times as RFC 3550 has it.
    pub fn jitter(&self) -> Duration {
        time_of(unsigned(self.delays.jitter()))
    }

    /// What is held, in samples.
    pub fn waiting(&self) -> u64 {
        let sum: u64 = self
            .ring
            .iter()
            .flatten()
            .map(|held| u64::from(held.content.samples))
            .sum();
        sum
    }

    /// Samples from what is played next to the end of the newest packet, gaps included.
    pub fn ahead(&self) -> i64 {
        self.stream.as_ref().map_or(0, |stream| {
            stream.newest_timestamp + stream.usual - stream.at - stream.waited
        })
    }

    /// Whether the next packet in order is here.
    pub fn has_next(&self) -> bool {
        self.stream
            .as_ref()
            .is_some_and(|stream| self.ring[slot(stream.next)].is_some())
    }

    pub fn push(&mut self, packet: Packet, content: Content, now: Duration) -> Pushed {
        let now = clock(now);
        self.counts.received += 1;
        let Some(stream) = &self.stream else {
            self.start(packet, content, now);
            return Pushed::Kept;
        };
        let number = stream.number(packet.sequence);
        let timestamp = stream.time(packet.timestamp);
        let step = number - stream.newest;
        let delay = now - timestamp - self.delays.fastest();
        let new_clock = !(EARLIEST..=LATEST).contains(&delay);
        if !(-WINDOW_I..=LARGEST_STEP).contains(&step) {
            let age = stream.newest_timestamp - timestamp;
            if step < 0 && (-step * SHORTEST..OLDEST).contains(&age) {
                self.counts.late += 1;
                return Pushed::Late;
            }
            return self.stray(packet, content, now);
        }
        self.expected_stray = None;
        if step > 0 && (new_clock || number - stream.next >= WINDOW_I) {
            let lost = number - stream.next - signed(self.held);
            self.counts.lost += unsigned(lost);
            return self.restart(packet, content, now);
        }
        if step <= 0 && stream.has_seen(-step) {
            self.counts.duplicate += 1;
            return Pushed::Duplicate;
        }
        self.delays.note(now, now - timestamp, step > 0);
        self.keep(number, timestamp, packet, content)
    }

    /// What to play next, called whenever more sound is needed. None before play-out begins.
    pub fn next(&mut self, now: Duration) -> Option<Unit> {
        let target = self.target(now);
        let level = self.level(now, 0);
        let fastest = self.delays.fastest();
        let (now, first) = (clock(now), self.first());
        let stream = self.stream.as_mut()?;
        let Some(first) = first else {
            return self.starve();
        };
        let held = self.ring[slot(first)].as_ref()?;
        if stream.flow == Flow::Starting {
            if now < fastest + held.timestamp + target {
                return None;
            }
            (stream.next, stream.at) = (first, held.timestamp);
            stream.flow = Flow::Sounding;
        }
        let gap = held.timestamp - stream.at;
        if gap < GRAIN_I {
            return self.take(first, now);
        }
        let behind = level.unwrap_or(target) - target;
        if first == stream.next {
            return Some(stream.rest(gap, behind));
        }
        if behind <= -FRAME_I {
            // The missing one may still come in time, and we are too early anyway.
            return Some(stream.fill(FRAME_I, 0));
        }
        if gap > stream.usual {
            let samples = (gap - stream.usual).clamp(GRAIN_I, FRAME_I);
            return Some(stream.fill(samples, samples));
        }
        let unit = Unit::Recover {
            next: Arc::clone(&held.payload),
            samples: length(gap),
            whole: length(stream.usual),
        };
        stream.at = held.timestamp;
        self.give_up(first, now);
        Some(unit)
    }

    fn start(&mut self, packet: Packet, content: Content, now: i64) {
        let number = i64::from(packet.sequence);
        let timestamp = i64::from(packet.timestamp);
        self.stream = Some(Stream {
            newest: number,
            newest_timestamp: timestamp,
            seen: 0,
            next: number,
            at: timestamp,
            waited: 0,
            flow: Flow::Starting,
            usual: i64::from(content.samples),
        });
        self.expected_stray = None;
        self.delays.restart(now, now - timestamp);
        self.keep(number, timestamp, packet, content);
    }

    fn restart(&mut self, packet: Packet, content: Content, now: i64) -> Pushed {
        self.counts.restarts += 1;
        self.counts.skipped += unsigned(signed(self.held));
        self.ring.fill_with(|| None);
        self.held = 0;
        self.start(packet, content, now);
        Pushed::Restarted
    }

    fn stray(&mut self, packet: Packet, content: Content, now: i64) -> Pushed {
        if self.expected_stray == Some(packet.sequence) {
            return self.restart(packet, content, now);
        }
        self.expected_stray = Some(packet.sequence.wrapping_add(1));
        self.counts.stray += 1;
        Pushed::Stray
    }

    fn keep(&mut self, number: i64, timestamp: i64, packet: Packet, content: Content) -> Pushed {
        let Some(stream) = &mut self.stream else {
            return Pushed::Stray;
        };
        stream.see(number, timestamp);
        if number < stream.next {
            if stream.flow != Flow::Starting || stream.newest - number >= WINDOW_I {
                self.counts.late += 1;
                return Pushed::Late;
            }
            (stream.next, stream.at) = (number, timestamp);
        }
        if self.held == 0 && stream.flow != Flow::Starting {
            // What was filled in while there was nothing is not played a second time.
            stream.at += stream.waited.min((timestamp - stream.at).max(0));
            stream.waited = 0;
        }
        self.ring[slot(number)] = Some(Held {
            timestamp,
            content,
            payload: packet.payload,
        });
        self.held += 1;
        self.bound();
        Pushed::Kept
    }

    /// Throws the oldest away when more has piled up than can be caught up with.
    fn bound(&mut self) {
        let mut limit = LONGEST_SPAN;
        while let Some(stream) = &mut self.stream
            && stream.newest_timestamp - stream.at > limit
        {
            limit = MOST;
            let mut numbers = stream.next..=stream.newest;
            let Some(first) = numbers.find(|number| self.ring[slot(*number)].is_some()) else {
                return;
            };
            let Some(held) = &self.ring[slot(first)] else {
                return;
            };
            if held.timestamp > stream.at {
                stream.at = held.timestamp;
                continue;
            }
            if self.held == 1 {
                return;
            }
            stream.at = stream
                .at
                .max(held.timestamp + i64::from(held.content.samples));
            self.counts.lost += unsigned(first - stream.next);
            self.counts.skipped += 1;
            stream.next = first + 1;
            self.ring[slot(first)] = None;
            self.held -= 1;
        }
    }

    fn first(&self) -> Option<i64> {
        if self.held == 0 {
            return None;
        }
        let stream = self.stream.as_ref()?;
        (stream.next..=stream.newest).find(|number| self.ring[slot(*number)].is_some())
    }

    fn starve(&mut self) -> Option<Unit> {
        let stream = self.stream.as_mut()?;
        if stream.flow == Flow::Starting {
            return None;
        }
        if stream.waited == 0 && stream.flow == Flow::Sounding {
            self.counts.underruns += 1;
        }
        stream.waited = (stream.waited + FRAME_I).min(LONGEST_WAIT);
        Some(stream.fill(FRAME_I, 0))
    }

    fn take(&mut self, first: i64, now: i64) -> Option<Unit> {
        let held = self.ring[slot(first)].take()?;
        self.held -= 1;
        self.give_up(first, now);
        let stream = self.stream.as_mut()?;
        stream.next = first + 1;
        stream.at = held.timestamp + i64::from(held.content.samples);
        stream.usual = i64::from(held.content.samples);
        stream.flow = if held.content.silence {
            Flow::Silent
        } else {
            Flow::Sounding
        };
        Some(Unit::Packet {
            sequence: wrapped(first),
            payload: held.payload,
            samples: length(stream.usual),
        })
    }

    /// Those before `first` are lost.
    fn give_up(&mut self, first: i64, now: i64) {
        if let Some(stream) = &mut self.stream
            && stream.next < first
        {
            self.counts.lost += unsigned(first - stream.next);
            self.lossy_until = now + LOSSY;
            stream.next = first;
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    fn number(&self, sequence: u16) -> i64 {
        let step = sequence.wrapping_sub(wrapped(self.newest));
        self.newest + i64::from(step.cast_signed())
    }

    fn time(&self, timestamp: u32) -> i64 {
        let step = timestamp.wrapping_sub(wrapped_time(self.newest_timestamp));
        self.newest_timestamp + i64::from(step.cast_signed())
    }

    fn see(&mut self, number: i64, timestamp: i64) {
        let step = number - self.newest;
        if step > 0 {
            let shifted = u32::try_from(step)
                .ok()
                .and_then(|by| self.seen.checked_shl(by));
            self.seen = shifted.unwrap_or(0) | 1;
            self.newest = number;
            self.newest_timestamp = timestamp;
        } else if let Ok(back) = u32::try_from(-step) {
            self.seen |= 1_u128.checked_shl(back).unwrap_or(0);
        }
    }

    fn has_seen(&self, back: i64) -> bool {
        u32::try_from(back)
            .ok()
            .and_then(|back| self.seen.checked_shr(back))
            .is_some_and(|seen| seen & 1 == 1)
    }

    /// The silence before a packet that is here already. Here the delay can be mended unheard.
    fn rest(&mut self, gap: i64, behind: i64) -> Unit {
        let samples = gap.min(FRAME_I);
        self.at += if behind <= -FRAME_I {
            0
        } else if behind >= FRAME_I {
            gap.min(2 * samples)
        } else {
            samples
        };
        Unit::Comfort {
            samples: length(samples),
        }
    }

    fn fill(&mut self, samples: i64, advance: i64) -> Unit {
        self.at += advance;
        let samples = length(samples);
        match self.flow {
            Flow::Silent => Unit::Comfort { samples },
            Flow::Sounding | Flow::Starting => Unit::Conceal { samples },
        }
    }
}

/// The moment on the samples' clock.
fn clock(now: Duration) -> i64 {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX / (1 << 20));
    let rest = i64::from(now.subsec_nanos()) * i64::from(SAMPLE_RATE) / 1_000_000_000;
    seconds.saturating_mul(i64::from(SAMPLE_RATE)) + rest
}

fn slot(number: i64) -> usize {
    usize::try_from(number.rem_euclid(WINDOW_I)).unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "wrapping is the point"
)]
fn wrapped(number: i64) -> u16 {
    number as u16
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "wrapping is the point"
)]
fn wrapped_time(timestamp: i64) -> u32 {
    timestamp as u32
}

fn length(samples: i64) -> usize {
    usize::try_from(samples).unwrap_or(0)
}

fn signed(samples: usize) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX)
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// Packets that can be held: 2.5 s of usual ones.
const WINDOW: usize = 128;
const WINDOW_I: i64 = 128;

/// Beyond this many numbers forward it is no loss but another stream (RFC 3550, `MAX_DROPOUT`).
const LARGEST_STEP: i64 = 3000;

const FRAME_I: i64 = 480;
const GRAIN_I: i64 = 120;

const MS: i64 = 48;
/// The bounds of the target.
const LEAST: i64 = 20 * MS;
const MOST: i64 = 200 * MS;
/// More than this is never kept waiting.
const LONGEST_SPAN: i64 = 600 * MS;
/// Earlier or later than this against the fastest packet, the sender's clock was set anew.
const EARLIEST: i64 = -500 * MS;
const LATEST: i64 = 1000 * MS;
const LONGEST_WAIT: i64 = 24 * 3600 * 1000 * MS;

/// No packet lasts less, and none that is older is still on its way.
const SHORTEST: i64 = 120;
const OLDEST: i64 = 60_000 * MS;
/// How long after a loss the next one is prepared for.
const LOSSY: i64 = 10_000 * MS;

#[cfg(test)]
mod tests;
