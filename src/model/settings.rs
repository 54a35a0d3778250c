//! What a person may choose, as resolved by `config` from defaults, file, environment and flags.

mod sound;

use std::collections::BTreeMap;
use std::time::Duration;

pub use sound::Sound;
pub use sound::VOLUME_OF;

#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each a line of the file"
)]
pub struct Settings {
    pub interface: Interface,
    pub keys: KeyMapName,
    /// Key chord text to command name, from `[keys.bind]`.
    pub bindings: BTreeMap<String, String>,
    pub theme: String,
    pub color: bool,
    pub motion: Motion,
    pub borders: Borders,
    pub mouse: bool,
    pub bell: bool,
    /// 1, 2 or 3.
    pub verbosity: u8,
    /// How long after a key polite lines wait (accessibility L6).
    pub hold: Duration,
    /// Words a minute that announcements may use, and the base of the quiet window (A2, T1).
    pub pace: u32,
    pub time: TimeShown,
    /// Announcement class by event name, from `[announce]`; notices excepted.
    pub announce: BTreeMap<String, String>,
    pub typing_indicator: bool,
    pub read_receipts: bool,
    /// Ask before sending a paste of more lines than this.
    pub paste_confirm_lines: usize,
    /// Threads and people as side panes.
    pub pinned_threads: bool,
    pub pinned_people: bool,
    /// What a participant-minute costs; shown in the call line. Zero hides it.
    pub price_per_minute: f64,
    /// What a message costs that is sent.
    pub price_per_message: f64,
    pub currency: String,
    /// The day of the price list, `2026-11-23`.
    pub prices_as_of: String,
    pub metered: Metered,
    /// Wait for calls to us, with a browser in the background.
    pub receive_calls: bool,
    pub notify: Notify,
    pub sound: Sound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    FullScreen,
    Linear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMapName {
    Plain,
    Vim,
    /// Slash commands and text only (accessibility K3).
    None,
}

/// Whether calls and messages cost money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metered {
    /// Those that do not stay on this machine.
    Auto,
    Always,
    Never,
}

/// How the desktop is told of a call, by way of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    Off,
    /// As the terminal is known to understand.
    Auto,
    Osc9,
    Osc99,
    Osc777,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    On,
    Auto,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borders {
    None,
    Ascii,
    Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeShown {
    Off,
    Short,
}

/// A key that can be set: in the file, by `SIDETONE_…`, by a flag or with `/set`.
#[derive(Debug, Clone, Copy)]
pub struct SettingKey {
    pub name: &'static str,
    /// What may stand there, as messages show it.
    pub values: &'static str,
}

/// Every key but the tables `announce`, `bind` and `volumes`.
pub fn keys() -> impl Iterator<Item = &'static SettingKey> {
    KEYS.iter().chain(&sound::KEYS)
}

const KEYS: [SettingKey; 24] = [
    key("interface", "full-screen, linear"),
    key("keys", "plain, vim, none"),
    key(
        "theme",
        "terminal, dark, light, high-contrast, colour-blind, mono",
    ),
    key("color", "true, false"),
    key("motion", "on, auto, off"),
    key("borders", "line, ascii, none"),
    key("mouse", "true, false"),
    key("bell", "true, false"),
    key("verbosity", "1, 2, 3"),
    key("hold", "seconds from 0 to 10"),
    key("pace", "words a minute from 60 to 600"),
    key("time", "off, short"),
    key("typing_indicator", "true, false"),
    key("read_receipts", "true, false"),
    key("paste_confirm_lines", "a number of lines"),
    key("pinned_threads", "true, false"),
    key("pinned_people", "true, false"),
    key("price_per_minute", "a price, 0 hides the cost"),
    key("price_per_message", "a price"),
    key("currency", "a word"),
    key("prices_as_of", "a day like 2026-11-23"),
    key("metered", "auto, always, never"),
    key("receive_calls", "true, false"),
    key("notify", "auto, off, osc9, osc99, osc777"),
];

const fn key(name: &'static str, values: &'static str) -> SettingKey {
    SettingKey { name, values }
}

/// Events whose delivery may be chosen in `[announce]`. Recording, transcription
/// and consent are not among them: nothing can turn those off.
pub const ANNOUNCED: &[&str] = &[
    "lobby",
    "connection",
    "sound",
    "caption",
    "text",
    "mention",
    "message",
    "other-thread",
    "change",
    "typing",
    "join",
    "hand",
    "reaction",
];

/// Why a value was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error("there is no setting {name}")]
    Unknown {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("{name} takes {values}, not {given}")]
    Value {
        name: String,
        values: &'static str,
        given: String,
    },
    #[error("notices of recording and transcription cannot be changed")]
    Notice,
}

impl Settings {
    /// Takes a value as people write it. `announce.EVENT` and `bind.CHORD` are keys too.
    pub fn set(&mut self, name: &str, given: &str) -> Result<(), SetError> {
        if let Some(event) = name.strip_prefix("announce.") {
            return self.set_announce(event, given);
        }
        if name.starts_with(VOLUME_OF) {
            return self.sound.take(name, given).ok_or_else(|| SetError::Value {
                name: name.to_owned(),
                values: "percent from 0 to 200",
                given: given.to_owned(),
            });
        }
        if let Some(chord) = name.strip_prefix("bind.") {
            self.bindings.insert(chord.to_owned(), given.to_owned());
            return Ok(());
        }
        let Some(key) = keys().find(|k| k.name == name) else {
            return Err(SetError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name),
            });
        };
        self.take(key.name, given).ok_or_else(|| SetError::Value {
            name: name.to_owned(),
            values: key.values,
            given: given.to_owned(),
        })
    }

    fn set_announce(&mut self, event: &str, given: &str) -> Result<(), SetError> {
        if ["notice", "recording", "transcription", "consent"].contains(&event) {
            return Err(SetError::Notice);
        }
        let Some(event) = ANNOUNCED.iter().find(|e| **e == event) else {
            return Err(SetError::Unknown {
                name: format!("announce.{event}"),
                nearest: None,
            });
        };
        if !["off", "quiet", "polite"].contains(&given) {
            return Err(SetError::Value {
                name: format!("announce.{event}"),
                values: "off, quiet, polite",
                given: given.to_owned(),
            });
        }
        self.announce.insert((*event).to_owned(), given.to_owned());
        Ok(())
    }

    fn take(&mut self, name: &str, given: &str) -> Option<()> {
        match name {
            "interface" => self.interface = choose(given, &INTERFACES)?,
            "keys" => self.keys = choose(given, &KEY_MAPS)?,
            "theme" if !given.is_empty() => given.clone_into(&mut self.theme),
            "color" => self.color = given.parse().ok()?,
            "motion" => self.motion = choose(given, &MOTIONS)?,
            "borders" => self.borders = choose(given, &BORDERS)?,
            "mouse" => self.mouse = given.parse().ok()?,
            "bell" => self.bell = given.parse().ok()?,
            "verbosity" => self.verbosity = given.parse().ok().filter(|v| (1..=3).contains(v))?,
            "hold" => {
                let seconds = given.parse().ok().filter(|s| (0.0..=10.0).contains(s))?;
                self.hold = Duration::from_secs_f64(seconds);
            }
            "pace" => self.pace = given.parse().ok().filter(|p| (60..=600).contains(p))?,
            "time" => self.time = choose(given, &TIMES)?,
            "typing_indicator" => self.typing_indicator = given.parse().ok()?,
            "read_receipts" => self.read_receipts = given.parse().ok()?,
            "paste_confirm_lines" => self.paste_confirm_lines = given.parse().ok()?,
            "pinned_threads" => self.pinned_threads = given.parse().ok()?,
            "pinned_people" => self.pinned_people = given.parse().ok()?,
            "price_per_minute" => self.price_per_minute = price(given)?,
            "price_per_message" => self.price_per_message = price(given)?,
            "currency" if given.len() <= 8 => given.clone_into(&mut self.currency),
            "prices_as_of" if is_day(given) => given.clone_into(&mut self.prices_as_of),
            "metered" => self.metered = choose(given, &METERED)?,
            "receive_calls" => self.receive_calls = given.parse().ok()?,
            "notify" => self.notify = choose(given, &NOTIFIES)?,
            _ => return self.sound.take(name, given),
        }
        Some(())
    }

    /// The value in force, as it would be written.
    pub fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "interface" => word(self.interface, &INTERFACES),
            "keys" => word(self.keys, &KEY_MAPS),
            "theme" => self.theme.clone(),
            "color" => self.color.to_string(),
            "motion" => word(self.motion, &MOTIONS),
            "borders" => word(self.borders, &BORDERS),
            "mouse" => self.mouse.to_string(),
            "bell" => self.bell.to_string(),
            "verbosity" => self.verbosity.to_string(),
            "hold" => self.hold.as_secs_f64().to_string(),
            "pace" => self.pace.to_string(),
            "time" => word(self.time, &TIMES),
            "typing_indicator" => self.typing_indicator.to_string(),
            "read_receipts" => self.read_receipts.to_string(),
            "paste_confirm_lines" => self.paste_confirm_lines.to_string(),
            "pinned_threads" => self.pinned_threads.to_string(),
            "pinned_people" => self.pinned_people.to_string(),
            "price_per_minute" => self.price_per_minute.to_string(),
            "price_per_message" => self.price_per_message.to_string(),
            "currency" => self.currency.clone(),
            "prices_as_of" => self.prices_as_of.clone(),
            "metered" => word(self.metered, &METERED),
            "receive_calls" => self.receive_calls.to_string(),
            "notify" => word(self.notify, &NOTIFIES),
            _ => match name.strip_prefix("announce.") {
                Some(event) => self.announce.get(event).cloned()?,
                None => self.sound.value(name)?,
            },
        })
    }
}

const INTERFACES: [(&str, Interface); 2] = [
    ("full-screen", Interface::FullScreen),
    ("linear", Interface::Linear),
];
const KEY_MAPS: [(&str, KeyMapName); 3] = [
    ("plain", KeyMapName::Plain),
    ("vim", KeyMapName::Vim),
    ("none", KeyMapName::None),
];
const MOTIONS: [(&str, Motion); 3] = [
    ("on", Motion::On),
    ("auto", Motion::Auto),
    ("off", Motion::Off),
];
const BORDERS: [(&str, Borders); 3] = [
    ("line", Borders::Line),
    ("ascii", Borders::Ascii),
    ("none", Borders::None),
];
const METERED: [(&str, Metered); 3] = [
    ("auto", Metered::Auto),
    ("always", Metered::Always),
    ("never", Metered::Never),
];
const NOTIFIES: [(&str, Notify); 5] = [
    ("off", Notify::Off),
    ("auto", Notify::Auto),
    ("osc9", Notify::Osc9),
    ("osc99", Notify::Osc99),
    ("osc777", Notify::Osc777),
];
const TIMES: [(&str, TimeShown); 2] = [("off", TimeShown::Off), ("short", TimeShown::Short)];

fn price(given: &str) -> Option<f64> {
    given
        .parse()
        .ok()
        .filter(|p: &f64| p.is_finite() && *p >= 0.0)
}

/// Written like `2026-11-23`.
fn is_day(given: &str) -> bool {
    let mut parts = given.split('-');
    let mut digits = |count| {
        let part = parts.next();
        part.is_some_and(|p| p.len() == count && p.bytes().all(|b| b.is_ascii_digit()))
    };
    digits(4) && digits(2) && digits(2) && parts.next().is_none()
}

fn choose<T: Copy>(given: &str, words: &[(&str, T)]) -> Option<T> {
    words
        .iter()
        .find(|(word, _)| *word == given)
        .map(|(_, value)| *value)
}

fn word<T: Copy + PartialEq>(value: T, words: &[(&str, T)]) -> String {
    words
        .iter()
        .find(|(_, v)| *v == value)
        .map(|(word, _)| (*word).to_owned())
        .unwrap_or_default()
}

/// The known key that is spelt most like `name`.
pub fn nearest(name: &str) -> Option<&'static str> {
    keys()
        .map(|k| (strsim::jaro_winkler(k.name, name), k.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

impl Default for Settings {
    /// The same values as the commented default file; a test in `config` compares them.
    fn default() -> Self {
        Self {
            interface: Interface::FullScreen,
            keys: KeyMapName::Plain,
            bindings: BTreeMap::new(),
            theme: "terminal".to_owned(),
            color: true,
            motion: Motion::Auto,
            borders: Borders::Line,
            mouse: false,
            bell: true,
            verbosity: 2,
            hold: Duration::from_millis(1500),
            pace: 150,
            time: TimeShown::Off,
            announce: BTreeMap::new(),
            typing_indicator: true,
            read_receipts: true,
            paste_confirm_lines: 5,
            pinned_threads: false,
            pinned_people: false,
            price_per_minute: 0.004,
            price_per_message: 0.0008,
            currency: "USD".to_owned(),
            prices_as_of: "2026-11-23".to_owned(),
            metered: Metered::Auto,
            receive_calls: false,
            notify: Notify::Auto,
            sound: Sound::default(),
        }
    }
}
