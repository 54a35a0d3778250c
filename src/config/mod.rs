//! Defaults, the user's file, environment and flags; where files live.
//!
//! Five layers, later ones win: the compiled defaults, the user's file, choices
//! remembered at run time, the environment, flags. Each value knows where it
//! came from. Nothing in here can reach a notice.

mod file;
mod keys;
pub mod paths;
pub mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::config::paths::Paths;
use crate::model::settings::ANNOUNCED;
use crate::model::settings::Interface;
use crate::model::settings::Motion;
use crate::model::settings::Settings;
use crate::model::settings::VOLUME_OF;

/// The commented defaults, as `sidetone config --defaults` prints them.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// The effective configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub settings: Settings,
    pub name: Option<String>,
    pub endpoint: Option<String>,
    pub ca: Option<PathBuf>,
    pub token_file: Option<PathBuf>,
    /// Where sign-ins are kept; `None`: the first place that works.
    pub secrets: Option<Secrets>,
    pub secrets_key_file: Option<PathBuf>,
    pub calls: Calls,
    /// That runs the vendor's calling SDK; `None`: the first that is found.
    pub browser: Option<PathBuf>,
    /// Whose emergency numbers may be dialled.
    pub emergency_country: Option<String>,
    /// Our own phone number, as an external user.
    pub caller_id: Option<String>,
    /// A level of `tracing`, or `off`.
    pub log: &'static str,
    /// Every value in effect, by key.
    pub values: BTreeMap<String, Value>,
    /// Keys nobody knows, and what was probably meant.
    pub warnings: Vec<String>,
}

/// By which way calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Meetings of a service like ours by its own way, those at Microsoft by the bridge.
    Auto,
    /// All by the vendor's SDK.
    Bridge,
}

/// A place for sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secrets {
    /// Secret Service on Linux, Keychain on macOS.
    Keyring,
    /// Of this machine's kernel: gone when the machine is started anew.
    Kernel,
    /// An age file in the data folder.
    File,
}

/// For people: "Kept in …".
impl fmt::Display for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyring => "the system's keyring",
            Self::Kernel => "the kernel's keyring, until this machine is started anew",
            Self::File => "an encrypted file",
        })
    }
}

/// The text of a value, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    pub source: Source,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Default,
    File { path: PathBuf, line: usize },
    Remembered,
    Environment(String),
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Remembered => f.write_str("remembered"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read the settings in {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path}:{line}: {detail}")]
    Syntax {
        path: PathBuf,
        line: usize,
        detail: String,
    },
    #[error("{origin}: {detail}")]
    Value { origin: Source, detail: String },
}

/// One assignment of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub text: String,
    pub source: Source,
}

impl Entry {
    pub fn flag(key: &str, text: impl Into<String>, flag: &'static str) -> Self {
        Self {
            key: key.to_owned(),
            text: text.into(),
            source: Source::Flag(flag),
        }
    }
}

/// What surrounds the program: read once in `cli`, so that tests can say what it is.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    pub variables: BTreeMap<String, String>,
    /// Input and output are both a terminal.
    pub terminal: bool,
}

impl Surroundings {
    fn is_set(&self, name: &str) -> bool {
        self.variables
            .get(name)
            .is_some_and(|v| !matches!(v.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no"))
    }

    fn is_dumb(&self) -> bool {
        self.variables.get("TERM").is_some_and(|t| t == "dumb")
    }
}

impl Config {
    /// Resolves all layers. `paths` is `None` where the person has no home.
    pub fn load(
        paths: Option<&Paths>,
        surroundings: &Surroundings,
        flags: Vec<Entry>,
    ) -> Result<Self, Error> {
        let mut entries = file::entries(DEFAULTS, Path::new("defaults.toml"))?;
        for entry in &mut entries {
            entry.source = Source::Default;
        }
        let own = surroundings.variables.get("SIDETONE_CONFIG");
        if let Some(path) = own.map(PathBuf::from) {
            entries.extend(file::entries(&read_file(&path, Absent::IsAnError)?, &path)?);
        } else if let Some(path) = paths.map(Paths::settings_file) {
            entries.extend(file::entries(&read_file(&path, Absent::IsEmpty)?, &path)?);
        }
        let (variables, mut warnings) = from_environment(surroundings);
        if let Some(path) = paths.map(Paths::remembered) {
            // Ours, and never worth failing for; but it is said.
            let read =
                read_file(&path, Absent::IsEmpty).and_then(|text| file::entries(&text, &path));
            match read {
                Ok(read) => entries.extend(read.into_iter().map(|entry| Entry {
                    source: Source::Remembered,
                    ..entry
                })),
                Err(error) => warnings.push(format!(
                    "{error}; nothing that {} remembers is in force: mend it, or remove it",
                    path.display()
                )),
            }
        }
        entries.extend(variables);
        entries.extend(flags);
        let mut config = Self::resolve(entries, &mut warnings)?;
        config.heed(surroundings);
        config.warnings = warnings;
        Ok(config)
    }

    fn resolve(entries: Vec<Entry>, warnings: &mut Vec<String>) -> Result<Self, Error> {
        let mut config = Self {
            settings: Settings::default(),
            name: None,
            endpoint: None,
            ca: None,
            token_file: None,
            secrets: None,
            secrets_key_file: None,
            calls: Calls::Auto,
            browser: None,
            emergency_country: None,
            caller_id: None,
            log: "info",
            values: BTreeMap::new(),
            warnings: Vec::new(),
        };
        for Entry { key, text, source } in entries {
            if let Some(warning) = unknown(&key) {
                warnings.push(format!("{source}: {warning}"));
                continue;
            }
            if let Err(detail) = keys::read(&mut config, &key, &text) {
                if source == Source::Remembered {
                    warnings.push(format!(
                        "{source}: {detail}; it is passed over, and /set {key} sets it anew"
                    ));
                    continue;
                }
                return Err(Error::Value {
                    origin: source,
                    detail,
                });
            }
            config.values.insert(key, Value { text, source });
        }
        Ok(config)
    }

    /// What the surroundings ask for without naming a key of ours.
    fn heed(&mut self, surroundings: &Surroundings) {
        let flag = |config: &Self, key: &str| {
            matches!(
                config.values.get(key).map(|v| &v.source),
                Some(Source::Flag(_))
            )
        };
        let calm = ["ACCESSIBLE", "NO_MOTION", "REDUCE_MOTION"]
            .into_iter()
            .find(|name| surroundings.is_set(name));
        if self.settings.motion == Motion::Auto
            && let Some(name) = calm.or(surroundings.is_dumb().then_some("TERM"))
        {
            self.settings.motion = Motion::Off;
            self.overrule("motion", "off", name);
        }
        let no_color = surroundings.variables.get("NO_COLOR");
        if no_color.is_some_and(|v| !v.is_empty()) && !flag(self, "color") {
            self.settings.color = false;
            self.overrule("color", "false", "NO_COLOR");
        } else if surroundings.is_dumb() {
            self.settings.color = false;
            self.overrule("color", "false", "TERM");
        }
        if flag(self, "interface") {
            return;
        }
        let linear = if surroundings.is_set("ACCESSIBLE") {
            Some("ACCESSIBLE")
        } else if surroundings.is_dumb() {
            Some("TERM")
        } else {
            (!surroundings.terminal).then_some("no terminal")
        };
        if let Some(name) = linear {
            self.settings.interface = Interface::Linear;
            self.overrule("interface", "linear", name);
        }
    }

    fn overrule(&mut self, key: &str, text: &str, name: &str) {
        let value = Value {
            text: text.to_owned(),
            source: Source::Environment(name.to_owned()),
        };
        self.values.insert(key.to_owned(), value);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    IsEmpty,
    IsAnError,
}

fn read_file(path: &Path, absent: Absent) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && absent == Absent::IsEmpty => {
            Ok(String::new())
        }
        other => other.map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The variables that name a key, and warnings about those that name none.
fn from_environment(surroundings: &Surroundings) -> (Vec<Entry>, Vec<String>) {
    let variable = |key: &str| {
        format!(
            "SIDETONE_{}",
            key.to_ascii_uppercase().replace(['.', '-'], "_")
        )
    };
    let events = ANNOUNCED.iter().map(|event| format!("announce.{event}"));
    let known: BTreeMap<String, String> = keys::all()
        .map(ToOwned::to_owned)
        .chain(events)
        .map(|key| (variable(&key), key))
        .collect();
    let (mut entries, mut warnings) = (Vec::new(), Vec::new());
    for (name, text) in &surroundings.variables {
        if !name.starts_with("SIDETONE_") || NOT_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        if let Some(key) = known.get(name) {
            entries.push(Entry {
                key: key.clone(),
                text: text.clone(),
                source: Source::Environment(name.clone()),
            });
        } else {
            let near = nearest(name, known.keys().map(String::as_str));
            warnings.push(format!("environment: {name} names no setting{near}"));
        }
    }
    (entries, warnings)
}

/// Variables of ours that name no key.
const NOT_SETTINGS: &[&str] = &["SIDETONE_CONFIG", "SIDETONE_TEST_PANIC"];

/// Says that nobody knows a key, and which one was probably meant.
fn unknown(key: &str) -> Option<String> {
    if let Some(event) = key.strip_prefix("announce.") {
        // What names a notice is not unknown but refused, by `Settings::set`.
        let known = ANNOUNCED.contains(&event) || NOTICES.contains(&event);
        return (!known).then(|| {
            let near = nearest(event, ANNOUNCED.iter().copied());
            format!("no event is called {event:?}{near}")
        });
    }
    if ["bind.", VOLUME_OF]
        .iter()
        .any(|table| key.starts_with(table))
        || keys::all().any(|name| name == key)
    {
        return None;
    }
    Some(format!(
        "unknown setting {key:?}{}",
        nearest(key, keys::all())
    ))
}

const NOTICES: &[&str] = &["notice", "recording", "transcription", "consent"];

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"))
}

/// Adds or replaces one choice in the file of remembered ones.
pub fn remember(path: &Path, key: &str, value: &str) -> io::Result<()> {
    let old = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    // Never written over where it cannot be read: the other choices would be lost.
    let mut choices: BTreeMap<String, String> = file::entries(&old, path)
        .map_err(io::Error::other)?
        .into_iter()
        .map(|entry| (entry.key, entry.text))
        .collect();
    choices.insert(key.to_owned(), value.to_owned());
    let mut text = String::new();
    for (key, value) in &choices {
        let (key, value) = (assigned(key), toml::Value::from(value.as_str()));
        writeln!(text, "{key} = {value}").expect("writing to a string cannot fail");
    }
    paths::replace_private(path, text.as_bytes())
}

/// A key of ours as the file has it: what stands behind the first dot may be anybody's name.
fn assigned(key: &str) -> String {
    let quoted = |part: &str| toml::Value::from(part).to_string();
    match key.split_once('.') {
        Some((table, rest)) => format!("{}.{}", quoted(table), quoted(rest)),
        None => quoted(key),
    }
}

#[cfg(test)]
mod tests;
