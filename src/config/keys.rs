//! The keys that only the start reads, and how every key's text becomes a value.

use std::path::PathBuf;

use crate::config::Calls;
use crate::config::Config;
use crate::config::Secrets;
use crate::model::callee::Callee;
use crate::model::settings;

/// Keys of the start; those of [`settings::keys`] can also be changed at run time.
pub(super) const STARTING: &[&str] = &[
    "name",
    "endpoint",
    "ca",
    "token_file",
    "secrets",
    "secrets_key_file",
    "calls",
    "browser",
    "emergency_country",
    "caller_id",
    "log",
];

/// Levels of the log file.
const LOGS: &[&str] = &["off", "error", "warn", "info", "debug"];

/// Every key that has a default.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    STARTING
        .iter()
        .copied()
        .chain(settings::keys().map(|key| key.name))
}

/// Reads one key, or says what would have been right.
pub(super) fn read(config: &mut Config, key: &str, value: &str) -> Result<(), String> {
    let given = (!value.is_empty()).then(|| value.to_owned());
    match key {
        "name" => config.name = given,
        "endpoint" => config.endpoint = given,
        "ca" => config.ca = given.map(PathBuf::from),
        "token_file" => config.token_file = given.map(PathBuf::from),
        "secrets" => config.secrets = secrets(value)?,
        "secrets_key_file" => config.secrets_key_file = given.map(PathBuf::from),
        "calls" => config.calls = calls(value)?,
        "browser" => config.browser = given.map(PathBuf::from),
        "emergency_country" => config.emergency_country = country(given)?,
        "caller_id" => config.caller_id = own_number(given)?,
        "log" => {
            let level = LOGS.iter().find(|level| **level == value);
            config.log =
                level.ok_or_else(|| format!("log takes {}, not {value}", LOGS.join(", ")))?;
        }
        _ => config
            .settings
            .set(key, value)
            .map_err(|error| error.to_string())?,
    }
    Ok(())
}

fn country(given: Option<String>) -> Result<Option<String>, String> {
    let is_country = |code: &str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    match given {
        Some(code) if !is_country(&code) => Err(format!(
            "emergency_country takes two capital letters, like US, not {code}"
        )),
        given => Ok(given),
    }
}

fn own_number(given: Option<String>) -> Result<Option<String>, String> {
    let Some(text) = given else { return Ok(None) };
    match Callee::parse(&text) {
        Ok(Callee::Id(id)) if id.starts_with("4:+") => Ok(Some(id[2..].to_owned())),
        _ => Err("caller_id takes a phone number like +14255550100".to_owned()),
    }
}

/// By which way calls go.
fn calls(value: &str) -> Result<Calls, String> {
    match value {
        "auto" => Ok(Calls::Auto),
        "bridge" => Ok(Calls::Bridge),
        _ => Err(format!("calls takes auto or bridge, not {value}")),
    }
}

/// Where sign-ins are kept.
fn secrets(value: &str) -> Result<Option<Secrets>, String> {
    match value {
        "auto" => Ok(None),
        "keyring" => Ok(Some(Secrets::Keyring)),
        "kernel" => Ok(Some(Secrets::Kernel)),
        "file" => Ok(Some(Secrets::File)),
        _ => Err(format!(
            "secrets takes auto, keyring, kernel or file, not {value}"
        )),
    }
}
