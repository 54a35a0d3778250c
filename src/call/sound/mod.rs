//! Microphone and speaker joined to the calls: the back end behind [`SoundCommand`] and [`SoundEvent`].
//!
//! ```text
//! microphone ─► console (cleaning, meters) ─► line (gate, encoder) ─► media connection
//!    speaker ◄─ console (volume, deafen)   ◄─ line (jitter buffer) ◄─┘
//! ```
//!
//! One for a process: the devices are the user's, the lines are those of their accounts.
//! Both directions go by the clocks of their devices; without a device open this waits.

mod bridged;
mod console;
mod line;
mod way;

use std::future::Future;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::mpsc;

use crate::audio::Frame;
use crate::audio::SILENCE;
use crate::audio::tone;
use crate::audio::tone::Earcon;
use crate::call::devices::Capture;
use crate::call::devices::DeviceEvent;
use crate::call::devices::Earcons;
use crate::call::devices::Listing;
use crate::call::devices::NoSound;
use crate::call::devices::Playback;
use crate::call::devices::Sound;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::effect::SoundCommand;
use crate::event::Event;
use crate::event::SoundEvent;
use crate::model::account::AccountId;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::sound::Choice;
use crate::model::sound::Cue;
use crate::model::sound::Device;
use crate::model::sound::Direction;
use crate::model::sound::Ringing;
use crate::tasks::Tasks;

use console::Console;
use way::Input;
use way::Way;

pub use way::Ends;

pub struct Settings {
    pub sound: Sound,
    /// Of each account that can call, and each way it can.
    pub lines: Vec<(AccountId, Ends)>,
    pub tasks: Tasks,
}

/// Serves until no more commands can come; then everything is closed.
pub async fn run(
    settings: Settings,
    mut commands: mpsc::Receiver<SoundCommand>,
    events: mpsc::Sender<Event>,
) {
    let (telling, mut devices) = mpsc::channel(DEVICE_EVENTS);
    let lines = settings.lines.into_iter();
    let mut desk = Desk {
        lines: lines
            .map(|(account, ends)| Way::new(account, ends, &settings.tasks))
            .collect(),
        sound: settings.sound,
        devices: telling,
        console: Console::new(),
        choices: [Choice::Default, Choice::Default],
        capture: None,
        playback: None,
        earcons: None,
        listing: None,
        tone_ends: None,
        clock: Clock,
    };
    loop {
        let deadline = desk.deadline();
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(command) => desk.command(command, &events).await,
                None => break,
            },
            said = devices.recv() => if let Some(said) = said {
                desk.device(said, &events).await;
            },
            (at, input) = next(&mut desk.lines) => desk.input(at, input),
            mut frame = captured(&mut desk.capture) => desk.captured(&mut frame),
            () = wanted(&mut desk.playback) => desk.play(),
            listed = listed(&mut desk.listing) => desk.listed(listed, &events).await,
            () = desk.clock.sleep_until(deadline) => desk.timeout(&events).await,
        }
        while let Some(event) = desk.console.poll() {
            // A level that nobody has time for is old when they have.
            let _ = events.try_send(Event::Sound(event));
        }
    }
}

/// The sound system is asked what there is.
type Looking = Pin<Box<dyn Future<Output = Result<Listing, NoSound>> + Send>>;

struct Desk {
    lines: Vec<Way>,
    sound: Sound,
    devices: mpsc::Sender<DeviceEvent>,
    console: Console,
    /// Of the microphone and of the speaker.
    choices: [Choice; 2],
    capture: Option<Capture>,
    playback: Option<Playback>,
    earcons: Option<Earcons>,
    listing: Option<Looking>,
    tone_ends: Option<Moment>,
    clock: Clock,
}

impl Desk {
    async fn command(&mut self, command: SoundCommand, events: &mpsc::Sender<Event>) {
        match command {
            SoundCommand::List => self.list(),
            SoundCommand::Choose { direction, choice } => self.choose(direction, choice),
            SoundCommand::Open { capture, playback } => {
                let closed = self.open(capture, playback);
                for direction in closed {
                    tell(events, SoundEvent::Closed(direction)).await;
                }
            }
            SoundCommand::Close => {
                for direction in self.open(false, false) {
                    tell(events, SoundEvent::Closed(direction)).await;
                }
            }
            SoundCommand::Mute { account, muted } => self.mute(&account, muted),
            SoundCommand::Cue(cue) => self.cue(earcon(cue)),
            SoundCommand::Ring(rings) => self.ring(rings),
            SoundCommand::Deafen(deafened) => self.console.deafen(deafened),
            SoundCommand::Volume(percent) => self.console.set_volume(percent),
            SoundCommand::Meter(on) => self.console.meter(on),
            SoundCommand::Process(processing) => self.console.process(processing),
            SoundCommand::Test => self.test(),
        }
    }

    fn mute(&mut self, account: &AccountId, muted: bool) {
        for line in &mut self.lines {
            if line.account() == account {
                line.mute(muted);
            }
        }
        self.console.mute(self.lines.iter().all(Way::is_muted));
    }

    /// Within the sound of a call where there is one: there the canceller knows what comes back
    /// through the microphone, and nobody else hears it.
    fn cue(&mut self, earcon: Earcon) {
        if self.playback.is_some() {
            self.console.cue(earcon);
        } else {
            self.earcons().play(earcon);
        }
    }

    fn ring(&mut self, rings: Ringing) {
        self.earcons().ring(match rings {
            Ringing::Off => None,
            Ringing::Here => Some(Earcon::Ring),
            Ringing::There => Some(Earcon::RingBack),
        });
    }

    fn earcons(&mut self) -> &Earcons {
        let choice = &self.choices[place(Direction::Playback)];
        self.earcons
            .get_or_insert_with(|| self.sound.earcons(choice.clone()))
    }

    fn list(&mut self) {
        let sound = self.sound.clone();
        self.listing = Some(Box::pin(async move { sound.list().await }));
    }

    fn choose(&mut self, direction: Direction, choice: Choice) {
        match direction {
            Direction::Capture => {
                if let Some(capture) = &self.capture {
                    capture.choose(choice.clone());
                }
            }
            Direction::Playback => {
                if let Some(playback) = &self.playback {
                    playback.choose(choice.clone());
                }
                if let Some(earcons) = &self.earcons {
                    earcons.choose(choice.clone());
                }
            }
        }
        self.choices[place(direction)] = choice;
    }

    /// What shall be open from now on; answers what was closed.
    fn open(&mut self, capture: bool, playback: bool) -> Vec<Direction> {
        let mut closed = Vec::new();
        let choice = |direction: Direction| self.choices[place(direction)].clone();
        match (capture, &self.capture) {
            (true, None) => {
                let choice = choice(Direction::Capture);
                self.capture = Some(self.sound.capture(choice, self.devices.clone()));
            }
            (false, Some(_)) => {
                self.capture = None;
                closed.push(Direction::Capture);
            }
            (true, Some(_)) | (false, None) => {}
        }
        match (playback, &self.playback) {
            (true, None) => {
                let choice = self.choices[place(Direction::Playback)].clone();
                self.playback = Some(self.sound.playback(choice, self.devices.clone()));
            }
            (false, Some(_)) => {
                self.playback = None;
                closed.push(Direction::Playback);
            }
            (true, Some(_)) | (false, None) => {}
        }
        closed
    }

    fn test(&mut self) {
        self.earcons().tone();
        self.tone_ends = Some(self.clock.now() + tone::TEST_TONE);
    }

    async fn listed(&mut self, listed: Result<Listing, NoSound>, events: &mpsc::Sender<Event>) {
        self.listing = None;
        let event = match listed {
            Ok(listing) => {
                let of = |direction| listing.of(direction).map(device).collect();
                SoundEvent::Devices {
                    capture: of(Direction::Capture),
                    playback: of(Direction::Playback),
                }
            }
            // What was open is lost, which is said as such, and looked for until it is back.
            Err(_) if self.capture.is_some() || self.playback.is_some() => return,
            Err(why) => SoundEvent::Unavailable {
                reason: why.to_string(),
            },
        };
        tell(events, event).await;
    }

    async fn device(&mut self, said: DeviceEvent, events: &mpsc::Sender<Event>) {
        if matches!(said, DeviceEvent::Lost { .. } | DeviceEvent::Back { .. }) {
            // Others may have gone or come with it.
            self.list();
        }
        let event = match said {
            DeviceEvent::Opened {
                direction,
                name,
                missing,
            }
            | DeviceEvent::Back {
                direction,
                name,
                missing,
            } => SoundEvent::Opened {
                direction,
                device: name,
                missing,
            },
            DeviceEvent::Lost { direction, name } => SoundEvent::Lost {
                direction,
                device: name,
            },
            DeviceEvent::Silent {
                direction,
                why: NoSound::Chosen,
            } => SoundEvent::Closed(direction),
            DeviceEvent::Silent { direction, why } => SoundEvent::Failed {
                direction,
                failure: failure(direction, why),
            },
        };
        tell(events, event).await;
        self.measure_delay();
    }

    /// Echo is looked for where it is to be expected.
    fn measure_delay(&mut self) {
        if let (Some(capture), Some(playback)) = (&self.capture, &self.playback) {
            let delay = capture.statistics().latency + playback.statistics().latency;
            self.console.set_delay(delay);
        }
    }

    fn input(&mut self, at: usize, input: Option<Input>) {
        match input {
            Some(input) => self.lines[at].handle(input, self.clock.now()),
            // The account's calls are over.
            None => {
                self.lines.remove(at);
            }
        }
    }

    fn captured(&mut self, frame: &mut Frame) {
        let now = self.clock.now();
        self.console.capture(frame, now.since(Moment::ZERO));
        let level = self.console.input_level();
        for line in &mut self.lines {
            line.capture(frame, level, now);
        }
    }

    fn play(&mut self) {
        let now = self.clock.now().since(Moment::ZERO);
        let (mut sum, mut frame) = (SILENCE, SILENCE);
        for line in &mut self.lines {
            if line.play(&mut frame, now) {
                for (sum, sample) in sum.iter_mut().zip(&frame) {
                    *sum += sample;
                }
            }
        }
        self.console.play(&mut sum);
        if let Some(playback) = &mut self.playback {
            playback.write(&sum);
        }
    }

    fn deadline(&self) -> Option<Moment> {
        let lines = self.lines.iter().filter_map(Way::deadline);
        lines.chain(self.tone_ends).min()
    }

    async fn timeout(&mut self, events: &mpsc::Sender<Event>) {
        let now = self.clock.now();
        for line in &mut self.lines {
            line.timeout(now);
        }
        if self.tone_ends.is_some_and(|at| at <= now) {
            self.tone_ends = None;
            tell(events, SoundEvent::Tested).await;
        }
    }
}

async fn next(lines: &mut [Way]) -> (usize, Option<Input>) {
    poll_fn(|context| {
        for (at, line) in lines.iter_mut().enumerate() {
            if let Poll::Ready(input) = line.poll_next(context) {
                return Poll::Ready((at, input));
            }
        }
        Poll::Pending
    })
    .await
}

async fn captured(capture: &mut Option<Capture>) -> Frame {
    match capture {
        Some(capture) => capture.next().await,
        None => std::future::pending().await,
    }
}

async fn wanted(playback: &mut Option<Playback>) {
    match playback {
        Some(playback) => playback.wanted().await,
        None => std::future::pending().await,
    }
}

async fn listed(listing: &mut Option<Looking>) -> Result<Listing, NoSound> {
    match listing {
        Some(listing) => listing.await,
        None => std::future::pending().await,
    }
}

/// Whoever does not listen any more is about to end us too.
async fn tell(events: &mpsc::Sender<Event>, event: SoundEvent) {
    let _ = events.send(Event::Sound(event)).await;
}

fn device(listed: &crate::call::devices::Listed) -> Device {
    Device {
        name: listed.name.clone(),
        default: listed.default,
    }
}

fn failure(direction: Direction, why: NoSound) -> Failure {
    Failure {
        doing: match direction {
            Direction::Capture => Doing::OpeningMicrophone,
            Direction::Playback => Doing::OpeningSpeaker,
        },
        because: Because::Local {
            detail: why.to_string(),
        },
        remedy: Remedy::Automatic { after: None },
    }
}

const fn earcon(cue: Cue) -> Earcon {
    match cue {
        Cue::Joined => Earcon::Join,
        Cue::Left => Earcon::Leave,
        Cue::Muted => Earcon::Mute,
        Cue::Unmuted => Earcon::Unmute,
        Cue::Notice => Earcon::Notice,
        Cue::NoticeOver => Earcon::NoticeOff,
        Cue::Hand => Earcon::Hand,
        Cue::Lost => Earcon::Lost,
        Cue::Back => Earcon::Back,
        Cue::Error => Earcon::Error,
        Cue::Lobby => Earcon::Lobby,
        Cue::Call => Earcon::Call,
        Cue::Mention => Earcon::Mention,
    }
}

const fn place(direction: Direction) -> usize {
    match direction {
        Direction::Capture => 0,
        Direction::Playback => 1,
    }
}

const DEVICE_EVENTS: usize = 64;
