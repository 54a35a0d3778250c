//! Defaults, the user's file, environment and flags; where files live.
//!
//! Later sources win: the commented defaults, the file, the environment, flags.
//! Every value remembers where it came from.

pub mod file;
pub mod paths;
pub mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::config::file::Item;
use crate::config::paths::Paths;
use crate::model::settings::KEYS;
use crate::model::settings::SetError;
use crate::model::settings::Settings;

/// The commented defaults, which are also the documentation of every key.
pub const DEFAULTS: &str = include_str!("defaults.toml");

const CONNECTION: [&str; 4] = ["endpoint", "token_file", "ca", "name"];

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path}, line {line}: {message}")]
    Syntax {
        path: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{origin}: {cause}")]
    Value { origin: Source, cause: SetError },
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment(name) => write!(f, "environment, {name}"),
            Self::Flag(flag) => write!(f, "command line, {flag}"),
        }
    }
}

/// Where to go when the command line does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    pub endpoint: Option<String>,
    pub token_file: Option<PathBuf>,
    pub ca: Option<PathBuf>,
    pub name: Option<String>,
}

/// Everything that was chosen, and by whom.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub settings: Settings,
    pub connection: Connection,
    sources: BTreeMap<String, Source>,
    /// Keys that are not known, in sentences; nothing else of the file is lost.
    pub warnings: Vec<String>,
}

/// What the environment and the command line say; read by the caller, so that this stays a function.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// All environment variables.
    pub environment: BTreeMap<String, String>,
    /// Flag as typed, key, value.
    pub flags: Vec<(String, String, String)>,
}

impl Config {
    /// Reads the user's file, if there is one, and applies `overrides` to it.
    pub fn load(paths: Option<&Paths>, overrides: &Overrides) -> Result<Self, Error> {
        let mut config = Self::default();
        if let Some(path) = paths.map(Paths::config_file).filter(|p| p.exists()) {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            for item in file::read(&text, &path)? {
                config.take_from_file(item, &path)?;
            }
        }
        config.take_environment(&overrides.environment)?;
        for (flag, key, value) in &overrides.flags {
            config.take(key, value, Source::Flag(flag.clone()))?;
        }
        Ok(config)
    }

    /// A wrong value stops the start; an unknown key is only a warning.
    fn take_from_file(&mut self, item: Item, path: &std::path::Path) -> Result<(), Error> {
        let source = Source::File {
            path: path.to_owned(),
            line: item.line,
        };
        match self.take(&item.key, &item.value, source) {
            Err(Error::Value {
                origin,
                cause: SetError::Unknown { name, nearest },
            }) => {
                let hint = nearest
                    .map(|n| format!(" Did you mean {n}?"))
                    .unwrap_or_default();
                self.warnings.push(format!(
                    "{origin}: there is no setting {name}; the line is ignored.{hint}"
                ));
                Ok(())
            }
            other => other,
        }
    }

    fn take(&mut self, key: &str, value: &str, source: Source) -> Result<(), Error> {
        let taken = match key.strip_prefix("connection.") {
            Some(name) => self.connection.set(name, value),
            None => self.settings.set(key, value),
        };
        taken.map_err(|cause| Error::Value {
            origin: source.clone(),
            cause,
        })?;
        self.sources.insert(key.to_owned(), source);
        Ok(())
    }

    fn take_environment(&mut self, environment: &BTreeMap<String, String>) -> Result<(), Error> {
        let is_set = |name: &str| environment.get(name).is_some_and(|v| !v.is_empty());
        let wanted = |name: &str| {
            is_set(name) && !["0", "false", "no"].contains(&environment[name].as_str())
        };
        let dumb = environment.get("TERM").is_some_and(|t| t == "dumb");
        let implied = [
            ("NO_COLOR", is_set("NO_COLOR"), "color", "false"),
            ("TERM", dumb, "color", "false"),
            ("TERM", dumb, "interface", "linear"),
            ("TERM", dumb, "motion", "off"),
            ("NO_MOTION", wanted("NO_MOTION"), "motion", "off"),
            ("REDUCE_MOTION", wanted("REDUCE_MOTION"), "motion", "off"),
            ("ACCESSIBLE", wanted("ACCESSIBLE"), "motion", "off"),
            ("ACCESSIBLE", wanted("ACCESSIBLE"), "interface", "linear"),
        ];
        for (name, _, key, value) in implied.into_iter().filter(|(_, on, ..)| *on) {
            self.take(key, value, Source::Environment(name.to_owned()))?;
        }
        let names = KEYS.iter().map(|k| k.name.to_owned());
        for key in names.chain(CONNECTION.iter().map(|c| format!("connection.{c}"))) {
            let name = format!(
                "SIDETONE_{}",
                key.trim_start_matches("connection.").to_uppercase()
            );
            if let Some(value) = environment.get(&name).filter(|v| !v.is_empty()) {
                self.take(&key, value, Source::Environment(name))?;
            }
        }
        Ok(())
    }

    /// Key, value in force and source of everything, in the order of the defaults.
    pub fn effective(&self) -> Vec<(String, String, Source)> {
        let source = |key: &str| self.sources.get(key).cloned().unwrap_or(Source::Default);
        let mut rows: Vec<_> = KEYS
            .iter()
            .map(|k| {
                (
                    k.name.to_owned(),
                    self.settings.value(k.name).unwrap_or_default(),
                    source(k.name),
                )
            })
            .collect();
        for name in CONNECTION {
            let key = format!("connection.{name}");
            rows.push((key.clone(), self.connection.value(name), source(&key)));
        }
        let announced = self
            .settings
            .announce
            .iter()
            .map(|(k, v)| (format!("announce.{k}"), v));
        let bound = self
            .settings
            .bindings
            .iter()
            .map(|(k, v)| (format!("bind.{k}"), v));
        rows.extend(announced.chain(bound).map(|(key, value)| {
            let from = source(&key);
            (key, value.clone(), from)
        }));
        rows
    }
}

impl Connection {
    fn set(&mut self, name: &str, value: &str) -> Result<(), SetError> {
        let value = Some(value.to_owned()).filter(|v| !v.is_empty());
        match name {
            "endpoint" => self.endpoint = value,
            "token_file" => self.token_file = value.map(PathBuf::from),
            "ca" => self.ca = value.map(PathBuf::from),
            "name" => self.name = value,
            _ => {
                return Err(SetError::Unknown {
                    name: format!("connection.{name}"),
                    nearest: None,
                });
            }
        }
        Ok(())
    }

    fn value(&self, name: &str) -> String {
        let path = |p: &Option<PathBuf>| p.as_ref().map(|p| p.display().to_string());
        match name {
            "endpoint" => self.endpoint.clone(),
            "token_file" => path(&self.token_file),
            "ca" => path(&self.ca),
            _ => self.name.clone(),
        }
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::settings::Interface;

    fn load(
        file: &str,
        environment: &[(&str, &str)],
        flags: &[(&str, &str, &str)],
    ) -> Result<Config, Error> {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().to_owned();
        let paths = Paths {
            config: folder.clone(),
            data: folder.clone(),
            state: folder.clone(),
            runtime: folder,
        };
        fs::write(paths.config_file(), file).unwrap();
        let owned = |s: &str| s.to_owned();
        let overrides = Overrides {
            environment: environment
                .iter()
                .map(|(k, v)| (owned(k), owned(v)))
                .collect(),
            flags: flags
                .iter()
                .map(|(f, k, v)| (owned(f), owned(k), owned(v)))
                .collect(),
        };
        Config::load(Some(&paths), &overrides)
    }

    #[test]
    fn the_commented_defaults_are_the_compiled_ones() {
        let config = load(DEFAULTS, &[], &[]).unwrap();
        assert_eq!(config.settings, Settings::default());
        assert_eq!(config.connection, Connection::default());
        let keys: Vec<_> = file::read(DEFAULTS, "defaults".as_ref())
            .unwrap()
            .into_iter()
            .map(|i| i.key)
            .collect();
        for key in KEYS {
            assert!(
                keys.contains(&key.name.to_owned()),
                "{} is not in the defaults",
                key.name
            );
        }
    }

    #[test]
    fn flags_beat_the_environment_and_that_beats_the_file() {
        let flags = [("--screen-reader", "interface", "linear")];
        let config = load(
            "verbosity = 1\ntime = \"short\"\ninterface = \"full-screen\"",
            &[("SIDETONE_VERBOSITY", "3")],
            &flags,
        )
        .unwrap();
        let rows = config.effective();
        let of = |key: &str| {
            rows.iter()
                .find(|r| r.0 == key)
                .map(|r| (r.1.as_str(), r.2.to_string()))
                .unwrap()
        };
        assert_eq!(
            of("verbosity"),
            ("3", "environment, SIDETONE_VERBOSITY".to_owned())
        );
        assert!(of("time").1.ends_with("config.toml, line 2"));
        assert_eq!(
            of("interface"),
            ("linear", "command line, --screen-reader".to_owned())
        );
        assert_eq!(of("pace").1, "default");
    }

    #[test]
    fn an_unknown_key_warns_with_the_nearest_known_one() {
        let config = load("verbocity = 2\npace = 200", &[], &[]).unwrap();
        assert_eq!(config.settings.pace, 200);
        assert!(
            config.warnings[0].contains("line 1")
                && config.warnings[0].contains("Did you mean verbosity?")
        );
    }

    #[test]
    fn a_wrong_value_says_where_and_what_may_stand_there() {
        let error = load("\nmotion = \"fast\"", &[], &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2") && error.contains("motion takes on, auto, off, not fast"),
            "{error}"
        );
    }

    #[test]
    fn nothing_can_configure_notices_away() {
        for event in ["notice", "recording", "transcription", "consent"] {
            assert!(load(&format!("[announce]\n{event} = \"off\""), &[], &[]).is_err());
        }
    }

    #[test]
    fn accessible_means_linear_and_still() {
        let config = load("", &[("ACCESSIBLE", "1")], &[]).unwrap();
        assert_eq!(config.settings.interface, Interface::Linear);
        let config = load("", &[("ACCESSIBLE", "no"), ("NO_COLOR", "")], &[]).unwrap();
        assert_eq!(config.settings.interface, Interface::FullScreen);
        assert!(config.settings.color);
    }
}
