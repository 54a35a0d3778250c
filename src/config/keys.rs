//! The table of settings: each key, and how its text becomes a value.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Config;
use crate::model::settings::Borders;
use crate::model::settings::Interface;
use crate::model::settings::KeyMapName;
use crate::model::settings::Motion;
use crate::model::settings::TimeShown;

/// Reads a value's text into the configuration, or says what would have been right.
type Read = fn(&mut Config, &str) -> Result<(), String>;

/// Every key but those of the open tables, which people fill.
pub(super) const KEYS: &[(&str, Read)] = &[
    ("interface", |c, v| {
        set(&mut c.settings.interface, choice(v, INTERFACES))
    }),
    ("name", |c, v| set(&mut c.name, Ok(optional(v)))),
    ("endpoint", |c, v| set(&mut c.endpoint, Ok(optional(v)))),
    ("ca", |c, v| {
        set(&mut c.ca, Ok(optional(v).map(PathBuf::from)))
    }),
    ("token-file", |c, v| {
        set(&mut c.token_file, Ok(optional(v).map(PathBuf::from)))
    }),
    ("log", |c, v| set(&mut c.log, choice(v, LOGS))),
    ("theme", |c, v| set(&mut c.settings.theme, Ok(v.to_owned()))),
    ("color", |c, v| set(&mut c.settings.color, truth(v))),
    ("motion", |c, v| {
        set(&mut c.settings.motion, choice(v, MOTIONS))
    }),
    ("borders", |c, v| {
        set(&mut c.settings.borders, choice(v, BORDERS))
    }),
    ("mouse", |c, v| set(&mut c.settings.mouse, truth(v))),
    ("bell", |c, v| set(&mut c.settings.bell, truth(v))),
    ("verbosity", |c, v| {
        set(&mut c.settings.verbosity, number(v, 1.0, 3.0).map(whole))
    }),
    ("hold", |c, v| {
        set(
            &mut c.settings.hold,
            number(v, 0.0, 10.0).map(Duration::from_secs_f64),
        )
    }),
    ("pace", |c, v| {
        set(&mut c.settings.pace, number(v, 30.0, 600.0).map(whole))
    }),
    ("time", |c, v| set(&mut c.settings.time, choice(v, TIMES))),
    ("keys.map", |c, v| {
        set(&mut c.settings.keys, choice(v, KEY_MAPS))
    }),
    ("chat.typing-indicator", |c, v| {
        set(&mut c.settings.typing_indicator, truth(v))
    }),
    ("chat.read-receipts", |c, v| {
        set(&mut c.settings.read_receipts, truth(v))
    }),
    ("chat.paste-confirm-lines", |c, v| {
        set(
            &mut c.settings.paste_confirm_lines,
            number(v, 1.0, 10_000.0).map(whole),
        )
    }),
    ("panes.threads", |c, v| {
        set(&mut c.settings.pinned_threads, truth(v))
    }),
    ("panes.people", |c, v| {
        set(&mut c.settings.pinned_people, truth(v))
    }),
    ("cost.per-minute", |c, v| {
        set(&mut c.settings.price_per_minute, number(v, 0.0, 1_000.0))
    }),
    ("cost.currency", |c, v| {
        set(&mut c.settings.currency, Ok(v.to_owned()))
    }),
];

/// Tables whose keys people choose.
pub(super) const OPEN: &[&str] = &["announce.", "keys.bind."];

/// The events of `[announce]`. Notices are not among them, and never will be.
pub(super) const EVENTS: &[&str] = &[
    "call",
    "muted-by-other",
    "own-mute",
    "lobby",
    "connection",
    "mention",
    "message",
    "other-thread",
    "change",
    "typing",
    "join",
    "hand",
    "reaction",
];

const INTERFACES: &[(&str, Interface)] = &[
    ("full-screen", Interface::FullScreen),
    ("linear", Interface::Linear),
];
const MOTIONS: &[(&str, Motion)] = &[
    ("on", Motion::On),
    ("off", Motion::Off),
    ("auto", Motion::Auto),
];
const BORDERS: &[(&str, Borders)] = &[
    ("line", Borders::Line),
    ("ascii", Borders::Ascii),
    ("none", Borders::None),
];
const TIMES: &[(&str, TimeShown)] = &[("off", TimeShown::Off), ("short", TimeShown::Short)];
const KEY_MAPS: &[(&str, KeyMapName)] = &[
    ("plain", KeyMapName::Plain),
    ("vim", KeyMapName::Vim),
    ("none", KeyMapName::None),
];
const LOGS: &[(&str, &str)] = &[
    ("off", "off"),
    ("error", "error"),
    ("warn", "warn"),
    ("info", "info"),
    ("debug", "debug"),
];

/// Reads one key of any table.
pub(super) fn read(config: &mut Config, key: &str, value: &str) -> Result<(), String> {
    if let Some(event) = key.strip_prefix("announce.") {
        return announce(config, event, value);
    }
    if let Some(chord) = key.strip_prefix("keys.bind.") {
        config
            .settings
            .bindings
            .insert(chord.to_owned(), value.to_owned());
        return Ok(());
    }
    KEYS.iter()
        .find(|(name, _)| *name == key)
        .map_or(Ok(()), |(_, read)| read(config, value))
}

fn announce(config: &mut Config, event: &str, value: &str) -> Result<(), String> {
    if event.starts_with("notice") {
        return Err(
            "recording and transcription notices cannot be configured; they are always announced"
                .to_owned(),
        );
    }
    choice(value, &[("off", ()), ("quiet", ()), ("polite", ())])?;
    config
        .settings
        .announce
        .insert(event.to_owned(), value.to_owned());
    Ok(())
}

fn set<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    Err(format!("must be {}, not {text:?}", one_of(&names)))
}

fn one_of(names: &[&str]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        names => names.concat(),
    }
}

fn truth(text: &str) -> Result<bool, String> {
    choice(text, &[("true", true), ("false", false)])
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    text.replace('_', "")
        .parse()
        .ok()
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("must be a number from {least} to {most}, not {text:?}"))
}

/// The range was checked before.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`number` allows only small numbers from zero"
)]
fn whole<T: TryFrom<u32> + Default>(number: f64) -> T {
    T::try_from(number.round() as u32).unwrap_or_default()
}
