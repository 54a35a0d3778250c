//! `sidetone devices`: microphones and speakers, which are used, and whether they work.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time;

use crate::audio;
use crate::audio::level;
use crate::audio::tone;
use crate::call::devices::Capture;
use crate::call::devices::DeviceEvent;
use crate::call::devices::Found;
use crate::call::devices::Listing;
use crate::call::devices::NoSound;
use crate::call::devices::Playback;
use crate::call::devices::Sound;
use crate::cli::Error;
use crate::cli::session;
use crate::config::Config;
use crate::config::paths::Paths;
use crate::model::sound::Choice;
use crate::model::sound::Direction;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::runtime::stderr::Diverted;
use crate::runtime::terminal;

/// List microphones and speakers, and try them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As one JSON object.
    #[arg(long, conflicts_with = "test")]
    pub json: bool,

    /// Play a tone and say how loud the microphone is, for three seconds.
    #[arg(long)]
    pub test: bool,

    /// Use this microphone instead of the one in the settings: an id, a name, a part of one, default or none.
    #[arg(long, value_name = "NAME")]
    pub microphone: Option<String>,

    /// Use this speaker.
    #[arg(long, value_name = "NAME")]
    pub speaker: Option<String>,
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let paths = Paths::find();
    let config = Config::load(paths.as_ref(), &session::surroundings(), Vec::new())?;
    let mut wished = Wished::of(&config);
    for (choice, flag) in [
        (&mut wished.microphone, args.microphone),
        (&mut wished.speaker, args.speaker),
    ] {
        if let Some(flag) = flag {
            *choice = Choice::parse(&flag);
        }
    }
    // libasound explains itself on standard error.
    let diverted = Diverted::new();
    let sound = Sound::new();
    if args.test {
        test(&sound, wished).await?;
        return Ok(Exit::Done);
    }
    let listing = sound.list().await;
    drop(diverted);
    if args.json {
        print(&json(&listing, &wished))?;
    } else {
        for line in lines(&listing, &wished) {
            print(&line)?;
        }
    }
    Ok(Exit::Done)
}

/// The person's choice for each direction.
pub(super) struct Wished {
    pub(super) microphone: Choice,
    pub(super) speaker: Choice,
}

impl Wished {
    pub(super) fn of(config: &Config) -> Self {
        let choice = |key: &str| {
            let value = config.values.get(key);
            Choice::parse(value.map_or("default", |value| value.text.as_str()))
        };
        Self {
            microphone: choice("microphone"),
            speaker: choice("speaker"),
        }
    }

    fn choice(&self, direction: Direction) -> &Choice {
        match direction {
            Direction::Capture => &self.microphone,
            Direction::Playback => &self.speaker,
        }
    }
}

/// What becomes of a choice among the devices that are there.
enum Fate<'a> {
    /// The one with this id.
    Taken(&'a str),
    /// None was wanted.
    Silent,
    /// Not there: the default stands in.
    Missing(&'a str),
    /// It may be any of these; the default stands in.
    Ambiguous(&'a str, Vec<&'a str>),
}

fn fate<'a>(listing: &'a Listing, direction: Direction, choice: &'a Choice) -> Fate<'a> {
    let default = || {
        let device = listing.of(direction).find(|device| device.default);
        device.or_else(|| listing.of(direction).next())
    };
    match choice {
        Choice::None => Fate::Silent,
        Choice::Default => default().map_or(Fate::Silent, |device| Fate::Taken(&device.id)),
        Choice::Named(name) => match listing.find(direction, name) {
            Found::One(device) => Fate::Taken(&device.id),
            Found::None => Fate::Missing(name),
            Found::Several(devices) => {
                Fate::Ambiguous(name, devices.iter().map(|d| d.name.as_str()).collect())
            }
        },
    }
}

fn lines(listing: &Result<Listing, NoSound>, wished: &Wished) -> Vec<String> {
    let listing = match listing {
        Ok(listing) => listing,
        Err(why) => return vec![no_sound(*why)],
    };
    let mut lines = vec![format!("Sound system: {}.", listing.system)];
    for direction in Direction::ALL {
        let word = word(direction);
        let fate = fate(listing, direction, wished.choice(direction));
        let mut count = 0;
        for device in listing.of(direction) {
            count += 1;
            let mut line = format!("{word} {count}: {}.", device.name);
            if matches!(fate, Fate::Taken(id) if id == device.id) {
                line.push_str(" Chosen.");
            }
            if device.default {
                line.push_str(" The system's default.");
            }
            lines.push(line);
        }
        if count == 0 {
            lines.push(format!(
                "{word}: none. {}.",
                sentence(NoSound::NoDevice(direction))
            ));
        }
        lines.extend(match fate {
            Fate::Taken(_) => None,
            Fate::Silent if count == 0 => None,
            Fate::Silent => Some(format!("{word}: none chosen.")),
            Fate::Missing(name) => Some(format!(
                "{word} {} is chosen and not here: the default stands in for it.",
                text::line(name)
            )),
            Fate::Ambiguous(name, like) => Some(format!(
                "{word} {} is chosen and may be any of {}: the default stands in.",
                text::line(name),
                like.join(", ")
            )),
        });
    }
    lines.push("To try them: sidetone devices --test.".to_owned());
    lines
}

/// One clear line.
pub(super) fn no_sound(why: NoSound) -> String {
    format!(
        "No sound on this machine: {why}. Everything else works; sidetone doctor says what can be done."
    )
}

fn sentence(why: NoSound) -> String {
    let text = why.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

pub(super) const fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Capture => "Microphone",
        Direction::Playback => "Speaker",
    }
}

fn json(listing: &Result<Listing, NoSound>, wished: &Wished) -> String {
    #[derive(Serialize)]
    struct Told<'a> {
        system: Option<&'a str>,
        /// Why there is no sound at all.
        none: Option<String>,
        microphones: Vec<Device<'a>>,
        speakers: Vec<Device<'a>>,
    }
    #[derive(Serialize)]
    struct Device<'a> {
        id: &'a str,
        name: &'a str,
        default: bool,
        chosen: bool,
    }
    let devices = |direction| match listing {
        Err(_) => Vec::new(),
        Ok(listing) => {
            let fate = fate(listing, direction, wished.choice(direction));
            let device = listing.of(direction).map(|device| Device {
                id: &device.id,
                name: &device.name,
                default: device.default,
                chosen: matches!(fate, Fate::Taken(id) if id == device.id),
            });
            device.collect()
        }
    };
    let told = Told {
        system: listing.as_ref().ok().map(|listing| listing.system),
        none: listing.as_ref().err().map(ToString::to_string),
        microphones: devices(Direction::Capture),
        speakers: devices(Direction::Playback),
    };
    serde_json::to_string(&told).expect("texts and truths are JSON")
}

/// What both directions say when they are first asked to open.
pub(super) async fn opening(events: &mut mpsc::Receiver<DeviceEvent>) -> Vec<DeviceEvent> {
    let mut said = Vec::new();
    let both = async {
        while said.len() < 2
            && let Some(event) = events.recv().await
        {
            said.push(event);
        }
    };
    // A server that hangs is told by what is missing.
    let _ = time::timeout(PATIENCE, both).await;
    said
}

async fn test(sound: &Sound, wished: Wished) -> Result<(), Error> {
    let (to, mut events) = mpsc::channel(16);
    let mut playback = sound.playback(wished.speaker, to.clone());
    let mut capture = sound.capture(wished.microphone, to);
    let said = opening(&mut events).await;
    let (mut heard, mut all) = (false, Vec::new());
    for event in &said {
        if let DeviceEvent::Opened { direction, .. } = event {
            heard |= *direction == Direction::Capture;
        }
        if let DeviceEvent::Silent { why, .. } = event {
            all.push(*why);
        }
        print(&told(event))?;
    }
    if said.is_empty() {
        return print(&no_sound(NoSound::NotAnswering));
    }
    if all.len() == 2 {
        return if all == [NoSound::Chosen; 2] {
            Ok(())
        } else {
            print(&no_sound(all[0]))
        };
    }
    if said.iter().any(|event| {
        matches!(
            event,
            DeviceEvent::Opened {
                direction: Direction::Playback,
                ..
            }
        )
    }) {
        print("A tone is played now.")?;
    }
    if heard {
        print("Say something.")?;
    }
    let mut tone = tone::test_tone();
    for second in 1..=SECONDS {
        let loudest = listen(&mut playback, &mut capture, &mut tone).await;
        if heard {
            print(&loudness(second, loudest))?;
        }
    }
    while let Ok(event) = events.try_recv() {
        print(&told(&event))?;
    }
    Ok(())
}

/// Plays on and listens for a second; the loudest 10 ms.
async fn listen(
    playback: &mut Playback,
    capture: &mut Capture,
    tone: &mut impl Iterator<Item = f32>,
) -> f32 {
    let mut loudest = level::SILENT;
    let mut second = std::pin::pin!(time::sleep(Duration::from_secs(1)));
    loop {
        tokio::select! {
            () = &mut second => return loudest,
            frame = capture.next() => loudest = loudest.max(level::dbfs(&frame)),
            () = playback.wanted() => {
                let mut frame = audio::SILENCE;
                for (sample, tone) in frame.iter_mut().zip(&mut *tone) {
                    *sample = tone;
                }
                playback.write(&frame);
            }
        }
    }
}

fn loudness(second: u32, dbfs: f32) -> String {
    let words = if dbfs <= QUIET {
        "silence".to_owned()
    } else {
        format!("{dbfs:.0} decibels, where 0 is the loudest")
    };
    format!("Second {second}: {words}.")
}

pub(super) fn told(event: &DeviceEvent) -> String {
    let stands_in = |missing: &Option<String>| {
        missing.as_ref().map_or_else(String::new, |name| {
            format!(" {} is not here; this is the default.", text::line(name))
        })
    };
    match event {
        DeviceEvent::Opened {
            direction,
            name,
            missing,
        }
        | DeviceEvent::Back {
            direction,
            name,
            missing,
        } => format!("{}: {name}.{}", word(*direction), stands_in(missing)),
        DeviceEvent::Silent { direction, why } => format!("{}: none, {why}.", word(*direction)),
        DeviceEvent::Lost { direction, name } => {
            format!("{}: {name} vanished.", word(*direction))
        }
    }
}

fn print(line: &str) -> Result<(), Error> {
    terminal::print(line).map_err(Error::Print)
}

/// How long the microphone is listened to.
const SECONDS: u32 = 3;

/// Less than the last bit of sixteen.
const QUIET: f32 = -90.0;

/// Longer than it takes to give a server up.
const PATIENCE: Duration = Duration::from_secs(6);
