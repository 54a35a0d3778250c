//! Earcons, ringing and the test tone: short sounds beside the sound of a call.
//!
//! The speaker is opened when something is to sound and given back soon after,
//! so that a quiet client costs nothing. What finds no speaker is not played:
//! whoever plays an earcon says it in words too.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use cpal::BufferSize;
use rodio::DeviceSinkBuilder;
use rodio::MixerDeviceSink;
use rodio::Source;

use crate::audio;
use crate::audio::tone;
use crate::audio::tone::Earcon;
use crate::call::devices::keeper::Try;
use crate::call::devices::slots::Slot;
use crate::call::devices::system::System;
use crate::model::sound::Choice;
use crate::model::sound::Direction;

/// Plays short sounds until it is dropped. Nothing in here waits.
#[derive(Clone)]
pub struct Earcons {
    orders: mpsc::SyncSender<Order>,
}

enum Order {
    Play(Sound),
    /// Rings with this and nothing else.
    Ring(Option<Earcon>),
    Choose(Choice),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sound {
    Earcon(Earcon),
    Ringing(Earcon),
    TestTone,
}

impl Earcons {
    pub(super) fn start(system: Arc<System>, choice: Choice) -> Self {
        let (orders, theirs) = mpsc::sync_channel(QUEUE);
        let started = thread::Builder::new()
            .name("earcons".to_owned())
            .spawn(move || {
                let player = Player {
                    system,
                    choice,
                    output: None,
                    sounding: Vec::new(),
                };
                player.run(&theirs);
            });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread for earcons");
        }
        Self { orders }
    }

    /// Plays it once, unless it sounds already or too many wait.
    pub fn play(&self, earcon: Earcon) {
        self.order(Order::Play(Sound::Earcon(earcon)));
    }

    /// Repeats it from now on, in place of what rang before; `None` stops.
    pub fn ring(&self, round: Option<Earcon>) {
        self.order(Order::Ring(round));
    }

    /// The tone by which a person knows that the speaker works.
    pub fn tone(&self) {
        self.order(Order::Play(Sound::TestTone));
    }

    pub fn choose(&self, choice: Choice) {
        self.order(Order::Choose(choice));
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::debug!("an earcon was left out");
        }
    }
}

struct Player {
    system: Arc<System>,
    choice: Choice,
    output: Option<Output>,
    sounding: Vec<(Sound, Arc<State>)>,
}

struct Output {
    sink: MixerDeviceSink,
    broken: Arc<AtomicBool>,
    slot: Slot,
}

/// What player and sound tell each other.
#[derive(Default)]
struct State {
    stop: AtomicBool,
    over: AtomicBool,
}

impl Player {
    fn run(mut self, orders: &mpsc::Receiver<Order>) {
        loop {
            let order = if self.output.is_some() {
                orders.recv_timeout(LINGER)
            } else {
                orders.recv().map_err(RecvTimeoutError::from)
            };
            self.sounding.retain(|(_, state)| !state.over.load(Relaxed));
            match order {
                Ok(Order::Play(sound)) => self.play(sound),
                Ok(Order::Ring(round)) => self.ring(round.map(Sound::Ringing)),
                Ok(Order::Choose(choice)) => {
                    self.choice = choice;
                    self.close();
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.sounding.is_empty() || self.is_broken() {
                        self.close();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
        }
    }

    fn play(&mut self, sound: Sound) {
        if self.is_broken() {
            self.close();
        }
        if self.choice == Choice::None || self.sounding.iter().any(|(other, _)| *other == sound) {
            return;
        }
        if self.output.is_none() {
            self.output = self.open();
        }
        if let Some(output) = &self.output {
            let state = Arc::new(State::default());
            output.sink.mixer().add(Playing::new(sound, &state));
            self.sounding.push((sound, state));
        }
    }

    fn ring(&mut self, round: Option<Sound>) {
        self.sounding.retain(|(other, state)| {
            let ends = matches!(other, Sound::Ringing(_)) && Some(*other) != round;
            state.stop.fetch_or(ends, Relaxed);
            // It fades by itself, and may begin anew meanwhile.
            !ends
        });
        if let Some(round) = round {
            self.play(round);
        }
    }

    fn is_broken(&self) -> bool {
        let output = self.output.as_ref();
        output.is_some_and(|output| output.broken.load(Relaxed))
    }

    fn open(&self) -> Option<Output> {
        let slot = self.system.slots.take()?;
        let place = self
            .system
            .find(Direction::Playback, &self.choice, Try::First)
            .inspect_err(|why| tracing::debug!(%why, "no speaker for an earcon"))
            .ok()?;
        let broken = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&broken);
        // A server that works for two frames of 20 ms would stutter where one of a call does not.
        let period = u32::try_from(place.period(PERIOD)).unwrap_or(u32::MAX);
        let opened = DeviceSinkBuilder::from_device(place.device).and_then(|builder| {
            builder
                .with_sample_rate(RATE)
                .with_buffer_size(BufferSize::Fixed(period))
                .with_error_callback(move |_| told.store(true, Relaxed))
                .open_stream()
        });
        match opened {
            Ok(mut sink) => {
                // It prints to standard error otherwise.
                sink.log_on_drop(false);
                Some(Output { sink, broken, slot })
            }
            Err(error) => {
                tracing::debug!(%error, "no speaker for an earcon");
                None
            }
        }
    }

    fn close(&mut self) {
        self.sounding.clear();
        if let Some(output) = self.output.take() {
            // It waits for its threads, and they for a server that may be gone.
            let closed = thread::Builder::new()
                .name("sound-close".to_owned())
                .spawn(move || {
                    drop(output.sink);
                    drop(output.slot);
                });
            if let Err(error) = closed {
                tracing::warn!(%error, "no thread to close a speaker");
            }
        }
    }
}

/// A sound on its way through the mixer.
struct Playing {
    sound: Sound,
    samples: tone::Samples,
    pause: usize,
    /// How loud it still is, once it was told to stop.
    loudness: f32,
    state: Arc<State>,
}

impl Playing {
    fn new(sound: Sound, state: &Arc<State>) -> Self {
        Self {
            sound,
            samples: match sound {
                Sound::Earcon(earcon) | Sound::Ringing(earcon) => earcon.samples(),
                Sound::TestTone => tone::test_tone(),
            },
            pause: 0,
            loudness: 1.0,
            state: Arc::clone(state),
        }
    }
}

impl Iterator for Playing {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.state.stop.load(Relaxed) {
            // Softly, so that it does not click.
            self.loudness -= FADE;
            if self.loudness <= 0.0 || self.pause > 0 {
                return None;
            }
            return self.samples.next().map(|sample| sample * self.loudness);
        }
        let Sound::Ringing(round) = self.sound else {
            return self.samples.next();
        };
        if self.pause > 0 {
            self.pause -= 1;
            if self.pause == 0 {
                self.samples = round.samples();
            }
            return Some(0.0);
        }
        self.samples.next().or_else(|| {
            self.pause = pause_after(round);
            Some(0.0)
        })
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.state.over.store(true, Relaxed);
    }
}

impl Source for Playing {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> NonZero<u16> {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> NonZero<u32> {
        RATE
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

const RATE: NonZero<u32> = NonZero::new(audio::SAMPLE_RATE).expect("sound has samples");

/// Sounds that may wait for the thread.
const QUEUE: usize = 8;

/// The speaker is given back when nothing sounded for this long.
const LINGER: Duration = Duration::from_secs(2);

/// Samples at once: 20 ms.
const PERIOD: usize = 2 * audio::FRAME;

/// Between two rounds of ringing: 2 s, and 4 s at the other side.
fn pause_after(round: Earcon) -> usize {
    if round == Earcon::RingBack {
        192_000
    } else {
        96_000
    }
}

/// What remains of a round is silent after 10 ms.
const FADE: f32 = 1.0 / 480.0;
