//! Microphone and speaker of this machine, and short sounds: frames in, frames out.
//!
//! ```text
//! Capture, Playback ◄── ring ──► realtime callback, or stream of a sound server
//!        ▲  moved                    │ unpark
//!        └────────── worker ◄────────┘   a thread for each direction, led by its keeper
//!                       └─► threads that may block: open, look, close
//! ```
//!
//! Each half runs on the clock of its device. Knows nothing of calls, codecs or mute.

mod cushion;
mod earcons;
mod keeper;
mod knock;
mod listing;
mod served;
mod slots;
mod stream;
mod system;
mod worker;

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time;
use tokio::time::Interval;
use tokio::time::MissedTickBehavior;

use crate::audio;
use crate::audio::Frame;
use crate::call::devices::cushion::Cushion;
pub use crate::call::devices::earcons::Earcons;
pub use crate::call::devices::listing::Found;
pub use crate::call::devices::listing::Listed;
pub use crate::call::devices::listing::Listing;
pub use crate::call::devices::listing::NoSound;
use crate::call::devices::stream::End;
use crate::call::devices::system::System;
use crate::call::devices::worker::Side;
use crate::model::sound::Choice;
use crate::model::sound::Direction;

/// What became of a device. Few: a device that comes and goes is waited for ever longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceEvent {
    Opened {
        direction: Direction,
        name: String,
        /// The wished one, when it is not there and this is the default instead.
        missing: Option<String>,
    },
    /// Nothing is open, or none was wanted. Said once; it is tried again by itself.
    Silent { direction: Direction, why: NoSound },
    /// It vanished, and is looked for after half a second, one, two …
    Lost { direction: Direction, name: String },
    /// Sound flows again after a loss, perhaps through another device.
    Back {
        direction: Direction,
        name: String,
        missing: Option<String>,
    },
}

/// Of the device that is open, or was last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Devices opened since the start of this direction.
    pub opened: u32,
    /// Times that the device found too little to play, or had no room for what it heard.
    pub gaps: u64,
    pub errors: u64,
    /// Between us and the air.
    pub latency: Duration,
}

/// The sound of this machine. One for a process; clones share its connection.
#[derive(Clone, Default)]
pub struct Sound {
    system: Arc<System>,
}

impl Sound {
    /// Connects to nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What devices there are now.
    pub async fn list(&self) -> Result<Listing, NoSound> {
        let slot = self.system.slots.take().ok_or(NoSound::NotAnswering)?;
        let system = Arc::clone(&self.system);
        let (to, answer) = oneshot::channel();
        let ask = move || {
            // Nobody may wait any more.
            let _ = to.send(system.list());
            drop(slot);
        };
        let asked = thread::Builder::new().name("sound-list".to_owned());
        if let Err(error) = asked.spawn(ask) {
            tracing::warn!(%error, "no thread to ask the sound system");
        }
        match time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(NoSound::NotAnswering),
            Err(_) => {
                self.system.mistrust();
                Err(NoSound::NotAnswering)
            }
        }
    }

    pub fn capture(&self, choice: Choice, events: mpsc::Sender<DeviceEvent>) -> Capture {
        let system = Arc::clone(&self.system);
        Capture {
            side: Side::start(system, Direction::Capture, choice, events),
        }
    }

    pub fn playback(&self, choice: Choice, events: mpsc::Sender<DeviceEvent>) -> Playback {
        let system = Arc::clone(&self.system);
        Playback {
            side: Side::start(system, Direction::Playback, choice, events),
            cushion: Cushion::default(),
            pace: None,
        }
    }

    /// Short sounds on a speaker, apart from the sound of a call.
    pub fn earcons(&self, choice: Choice) -> Earcons {
        Earcons::start(Arc::clone(&self.system), choice)
    }
}

/// A microphone, open until this is dropped.
pub struct Capture {
    side: Side,
}

impl Capture {
    /// The next 10 ms by the device's clock. Waits for as long as nothing is open. Safe to cancel.
    pub async fn next(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.take() {
                return frame;
            }
            self.side.shared.moved.notified().await;
        }
    }

    fn take(&self) -> Option<Frame> {
        let mut end = self
            .side
            .shared
            .end
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(End::Capture(ring)) = end.as_mut() else {
            return None;
        };
        let waiting = ring.slots();
        // Whoever comes late hears now, not then.
        if waiting > STALE
            && let Ok(old) = ring.read_chunk(waiting - audio::FRAME)
        {
            old.commit_all();
        }
        let mut frame = audio::SILENCE;
        ring.pop_entire_slice(&mut frame).ok().map(|()| frame)
    }

    pub fn choose(&self, choice: Choice) {
        self.side.choose(choice);
    }

    pub fn statistics(&self) -> Statistics {
        self.side.shared.statistics()
    }
}

/// A speaker, open until this is dropped.
pub struct Playback {
    side: Side,
    cushion: Cushion,
    /// Keeps time where no device does.
    pace: Option<Interval>,
}

impl Playback {
    /// Waits until one more frame is wanted: by the device, or by the clock where there is none. Safe to cancel.
    pub async fn wanted(&mut self) {
        loop {
            match self.room() {
                Some(true) => return,
                Some(false) => self.side.shared.moved.notified().await,
                None => {
                    let pace = self.pace.get_or_insert_with(pace);
                    tokio::select! {
                        _ = pace.tick() => return,
                        () = self.side.shared.moved.notified() => {}
                    }
                }
            }
        }
    }

    /// Whether the device wants more; `None` where there is no device.
    fn room(&mut self) -> Option<bool> {
        let shared = &self.side.shared;
        let end = shared.end.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(End::Playback(ring)) = end.as_ref() else {
            return None;
        };
        let waiting = ring.buffer().capacity() - ring.slots();
        drop(end);
        let gaps = shared.gauge().gaps.load(Relaxed);
        let target = self.cushion.target(shared.period.load(Relaxed), gaps);
        Some(waiting < target)
    }

    /// Plays a frame; without a device, and beyond what was wanted, it is thrown away.
    pub fn write(&mut self, frame: &Frame) {
        self.cushion.frame();
        let mut end = self
            .side
            .shared
            .end
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(End::Playback(ring)) = end.as_mut() {
            // A full ring means that somebody writes without being asked.
            let _ = ring.push_entire_slice(frame);
        }
    }

    pub fn choose(&self, choice: Choice) {
        self.side.choose(choice);
    }

    pub fn statistics(&self) -> Statistics {
        self.side.shared.statistics()
    }
}

fn pace() -> Interval {
    let mut pace = time::interval(audio::FRAME_TIME);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

/// 50 ms captured and not fetched are too old to be sent.
const STALE: usize = 5 * audio::FRAME;

/// How long a sound system may take to say what it has.
const PATIENCE: Duration = Duration::from_secs(3);
