//! The thread of one direction: opens and closes its device, watches it, wakes who waits for frames.
//!
//! What may block happens on threads that can be left behind: a server that hangs
//! must not keep anybody from choosing another device or leaving. The thread that
//! opens a device closes it too, when it is told to, and holds a slot until then.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc as threads;
use std::thread;
use std::thread::Thread;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc;

use crate::audio;
use crate::call::devices::DeviceEvent;
use crate::call::devices::Statistics;
use crate::call::devices::keeper::Device;
use crate::call::devices::keeper::Fault;
use crate::call::devices::keeper::Input;
use crate::call::devices::keeper::Keeper;
use crate::call::devices::keeper::Looked;
use crate::call::devices::keeper::Output;
use crate::call::devices::keeper::Try;
use crate::call::devices::listing::NoSound;
use crate::call::devices::slots::Slot;
use crate::call::devices::slots::Slots;
use crate::call::devices::stream;
use crate::call::devices::stream::End;
use crate::call::devices::stream::Gauge;
use crate::call::devices::stream::Watch;
use crate::call::devices::system::System;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::model::sound::Choice;
use crate::model::sound::Direction;

/// What worker and frames share.
#[derive(Default)]
pub(super) struct Shared {
    /// Our end of the ring, while a device is open. The callback knows nothing of this lock.
    pub(super) end: Mutex<Option<End>>,
    /// The device moved on, or came, or went.
    pub(super) moved: Arc<Notify>,
    /// Samples that the device moves at once.
    pub(super) period: AtomicUsize,
    gauge: Mutex<Arc<Gauge>>,
    opened: AtomicU32,
}

impl Shared {
    pub(super) fn gauge(&self) -> Arc<Gauge> {
        Arc::clone(&self.gauge.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn statistics(&self) -> Statistics {
        let gauge = self.gauge();
        Statistics {
            opened: self.opened.load(Relaxed),
            gaps: gauge.gaps.load(Relaxed),
            errors: gauge.errors.load(Relaxed),
            latency: gauge.latency(),
        }
    }
}

/// A direction that is kept open until this is dropped.
pub(super) struct Side {
    pub(super) shared: Arc<Shared>,
    choices: Option<threads::Sender<Choice>>,
    worker: Option<Thread>,
}

impl Side {
    pub(super) fn start(
        system: Arc<System>,
        direction: Direction,
        choice: Choice,
        events: mpsc::Sender<DeviceEvent>,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let (choices, chosen) = threads::channel();
        let name = match direction {
            Direction::Capture => "capture",
            Direction::Playback => "playback",
        };
        let theirs = Arc::clone(&shared);
        let complaints = events.clone();
        let worker = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let worker = Worker {
                system,
                direction,
                shared: theirs,
                keeper: Keeper::new(direction, period(direction)),
                events,
                chosen,
                live: None,
                opening: None,
                looking: None,
                questions: Slots::new(QUESTIONS),
            };
            worker.run(choice);
        });
        if let Err(error) = &worker {
            tracing::warn!(%error, "no thread for a sound device");
            let why = NoSound::Unusable;
            // Its reader may be gone.
            let _ = complaints.try_send(DeviceEvent::Silent { direction, why });
        }
        Self {
            shared,
            choices: Some(choices),
            worker: worker.ok().map(|worker| worker.thread().clone()),
        }
    }

    pub(super) fn choose(&self, choice: Choice) {
        if let Some(choices) = &self.choices {
            // It ends only after us.
            let _ = choices.send(choice);
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(worker) = &self.worker {
            worker.unpark();
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.choices = None;
        self.wake();
    }
}

struct Worker {
    system: Arc<System>,
    direction: Direction,
    shared: Arc<Shared>,
    keeper: Keeper,
    events: mpsc::Sender<DeviceEvent>,
    chosen: threads::Receiver<Choice>,
    live: Option<Watched>,
    opening: Option<Pending<Result<Opened, NoSound>>>,
    looking: Option<Pending<Looked>>,
    /// Of the questions that were not answered yet: those of one direction must not use up all.
    questions: Slots,
}

/// The answer of a thread that may never give one.
struct Pending<T> {
    answer: threads::Receiver<T>,
    until: Moment,
}

/// To whoever asked.
struct Answer<T> {
    to: threads::Sender<T>,
    asker: Thread,
    _question: Slot,
}

impl<T> Answer<T> {
    fn give(self, answer: T) {
        // Nobody may wait any more.
        let _ = self.to.send(answer);
        self.asker.unpark();
    }
}

/// What an opening thread brings home.
struct Opened {
    end: End,
    device: Device,
    id: String,
    gauge: Arc<Gauge>,
    hold: Hold,
}

/// The thread that opened the device closes it when this is dropped, and nobody waits for that.
type Hold = threads::Sender<()>;

struct Watched {
    _hold: Hold,
    id: String,
    gauge: Arc<Gauge>,
    samples: u64,
    glanced: Moment,
    /// Glances in a row at which nothing had moved. Counted, not timed: a stopped process is no fault of the device.
    still: u32,
    window: Window,
}

/// How much sound went through in about two seconds.
struct Window {
    since: Moment,
    samples: u64,
}

impl Worker {
    fn run(mut self, choice: Choice) {
        self.keeper.handle(Input::Choose(choice), Clock.now());
        loop {
            let now = Clock.now();
            match self.chosen.try_recv() {
                Ok(choice) => self.keeper.handle(Input::Choose(choice), now),
                Err(threads::TryRecvError::Empty) => {}
                Err(threads::TryRecvError::Disconnected) => break,
            }
            self.hear(now);
            if let Some(fault) = self.watch(now) {
                self.keeper.handle(Input::Fault(fault), now);
            }
            self.keeper.handle(Input::Timeout, now);
            match self.act() {
                Some(span) => thread::park_timeout(span),
                None => thread::park(),
            }
        }
        self.close();
    }

    /// What the other threads found out.
    fn hear(&mut self, now: Moment) {
        if let Some(opening) = &self.opening {
            let answer = match opening.answer.try_recv() {
                Ok(answer) => Some(answer),
                Err(threads::TryRecvError::Empty) if now < opening.until => None,
                Err(_) => {
                    self.system.mistrust();
                    Some(Err(NoSound::NotAnswering))
                }
            };
            if let Some(answer) = answer {
                self.opening = None;
                let input = match answer {
                    Ok(opened) => Input::Opened(self.take(opened, now)),
                    Err(why) => Input::Failed(why),
                };
                self.keeper.handle(input, now);
            }
        }
        if let Some(looking) = &self.looking {
            let looked = match looking.answer.try_recv() {
                Ok(looked) => Some(looked),
                Err(threads::TryRecvError::Empty) if now < looking.until => None,
                Err(_) => {
                    self.system.mistrust();
                    Some(Looked::Same)
                }
            };
            if let Some(looked) = looked {
                self.looking = None;
                self.keeper.handle(Input::Looked(looked), now);
            }
        }
    }

    fn take(&mut self, opened: Opened, now: Moment) -> Device {
        let Opened {
            end,
            device,
            id,
            gauge,
            hold,
        } = opened;
        self.live = Some(Watched {
            _hold: hold,
            id,
            gauge: Arc::clone(&gauge),
            samples: 0,
            glanced: now,
            still: 0,
            window: Window {
                since: now,
                samples: gauge.samples.load(Relaxed),
            },
        });
        self.shared.opened.fetch_add(1, Relaxed);
        self.shared.period.store(device.period, Relaxed);
        *lock(&self.shared.gauge) = gauge;
        *lock(&self.shared.end) = Some(end);
        self.shared.moved.notify_one();
        device
    }

    /// Wakes who waits for the device to move; says what is wrong with it.
    fn watch(&mut self, now: Moment) -> Option<Fault> {
        let live = self.live.as_mut()?;
        if live.gauge.gone.load(Relaxed) {
            return Some(Fault::Gone);
        }
        let samples = live.gauge.samples.load(Relaxed);
        if samples == live.samples {
            if now.since(live.glanced) >= GLANCE {
                live.glanced = now;
                live.still += 1;
            }
            return (live.still >= DEAD).then_some(Fault::Gone);
        }
        if live.still > 0 {
            // What it did not take while it stood still is no shortage.
            live.window = Window {
                since: now,
                samples,
            };
        }
        live.samples = samples;
        live.glanced = now;
        live.still = 0;
        self.shared.moved.notify_one();
        live.window.judge(samples, now).filter(|_| {
            // A microphone's sound is sent without being asked for: only its way can be slow.
            self.direction == Direction::Playback
        })
    }

    /// Does what the keeper wants; how long nothing else is to be done.
    fn act(&mut self) -> Option<Duration> {
        loop {
            match self.keeper.poll() {
                Output::Open {
                    choice,
                    period,
                    again,
                } => self.open(choice, period, again),
                Output::Close => self.close(),
                Output::Look(choice) => self.look(choice),
                Output::Event(event) => self.tell(event),
                Output::Wait(until) => {
                    let pending = self.opening.as_ref().map(|p| p.until);
                    let looking = self.looking.as_ref().map(|p| p.until);
                    let look = self.live.as_ref().map(|_| Clock.now() + GLANCE);
                    let until = [until, pending, looking, look]
                        .into_iter()
                        .flatten()
                        .min()?;
                    return Some(until.since(Clock.now()));
                }
            }
        }
    }

    fn open(&mut self, choice: Choice, period: usize, again: Try) {
        let (system, direction) = (Arc::clone(&self.system), self.direction);
        let worker = thread::current();
        let waiter = Arc::clone(&self.shared.moved);
        self.opening = Some(self.ask("sound-open", move |answer| {
            let (hold, released) = threads::channel();
            let opened = system.find(direction, &choice, again).and_then(|place| {
                let watch = Watch {
                    gauge: Arc::default(),
                    worker,
                    waiter,
                };
                let period = place.period(period);
                let (stream, end) = stream::open(&place, direction, period, &watch)
                    .map_err(|why| system.failed(&place, why))?;
                let device = Device {
                    name: place.name,
                    missing: place.missing,
                    period,
                    served: place.server,
                };
                let opened = Opened {
                    end,
                    device,
                    id: place.id,
                    gauge: watch.gauge,
                    hold,
                };
                Ok((stream, opened))
            });
            match opened {
                Err(why) => answer.give(Err(why)),
                Ok((stream, opened)) => {
                    answer.give(Ok(opened));
                    // Until nobody holds it any more, or nobody took it.
                    let _ = released.recv();
                    drop(stream);
                }
            }
        }));
    }

    fn look(&mut self, choice: Choice) {
        let Some(live) = &self.live else {
            return;
        };
        let (system, direction) = (Arc::clone(&self.system), self.direction);
        let id = live.id.clone();
        self.looking = Some(self.ask("sound-look", move |answer| {
            answer.give(system.look(direction, &choice, &id));
        }));
    }

    /// Asks on a thread of its own, if there may be one more.
    fn ask<T: Send + 'static>(
        &self,
        name: &str,
        ask: impl FnOnce(Answer<T>) + Send + 'static,
    ) -> Pending<T> {
        let (to, answer) = threads::channel();
        let asker = thread::current();
        if let (Some(question), Some(slot)) = (self.questions.take(), self.system.slots.take()) {
            let theirs = Answer {
                to,
                asker,
                _question: question,
            };
            let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
                ask(theirs);
                drop(slot);
            });
            if let Err(error) = started {
                tracing::warn!(%error, "no thread to ask the sound system");
            }
        } else {
            tracing::warn!("too much was asked of the sound system and not answered");
        }
        Pending {
            answer,
            until: Clock.now() + PATIENCE,
        }
    }

    fn close(&mut self) {
        self.opening = None;
        self.looking = None;
        let end = lock(&self.shared.end).take();
        drop(end);
        self.shared.moved.notify_one();
        if let Some(Watched { gauge, .. }) = self.live.take() {
            let errors = gauge.errors.load(Relaxed);
            let gaps = gauge.gaps.load(Relaxed);
            tracing::debug!(direction = ?self.direction, errors, gaps, "closed a sound device");
        }
    }

    fn tell(&self, event: DeviceEvent) {
        tracing::info!(?event, "sound device");
        if let Err(error) = self.events.try_send(event) {
            tracing::warn!(%error, "nobody takes the news of a sound device");
        }
    }
}

impl Window {
    fn judge(&mut self, samples: u64, now: Moment) -> Option<Fault> {
        let span = now.since(self.since);
        if span < WINDOW {
            return None;
        }
        let moved = samples - self.samples;
        *self = Self {
            since: now,
            samples,
        };
        let due =
            u64::try_from(span.as_millis()).unwrap_or(0) * u64::from(audio::SAMPLE_RATE) / 1000;
        // A process that was stopped was not starved.
        (span < 2 * WINDOW && moved * 10 < due * 9).then_some(Fault::Starved)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open device is looked at as often as this, when it does not move by itself.
const GLANCE: Duration = Duration::from_millis(250);

/// Glances without a sample after which a device is dead: 5 s, because wireless ones take two to begin.
const DEAD: u32 = 20;

/// Over which it is judged whether a device gets enough.
const WINDOW: Duration = Duration::from_secs(2);

/// Questions of one direction under way.
const QUESTIONS: usize = 4;

/// How long a sound system may take to find and open a device.
const PATIENCE: Duration = Duration::from_secs(5);

/// Samples at once. What is captured goes out in packets of 20 ms, and each wake-up costs more than its sound.
const fn period(direction: Direction) -> usize {
    match direction {
        Direction::Capture => 2 * audio::FRAME,
        Direction::Playback => audio::FRAME,
    }
}
