//! What stands behind the name of a slash command, read as the command of it.

use crate::command::Command;
use crate::model::sound::Audio;

pub(super) fn none(arguments: &str, command: Command) -> Option<Command> {
    arguments.is_empty().then_some(command)
}

pub(super) fn text(arguments: &str) -> Option<String> {
    (!arguments.is_empty()).then(|| arguments.to_owned())
}

/// `Some(None)` for no number at all.
#[expect(clippy::option_option, reason = "a wrong number is not a missing one")]
pub(super) fn number(arguments: &str) -> Option<Option<usize>> {
    if arguments.is_empty() {
        Some(None)
    } else {
        arguments.parse().ok().filter(|n| *n > 0).map(Some)
    }
}

pub(super) fn one_of(arguments: &str, words: &[&str]) -> Option<String> {
    words.contains(&arguments).then(|| arguments.to_owned())
}

/// Without a text it begins an answer in the composer.
#[expect(clippy::unnecessary_wraps, reason = "the form of every row's maker")]
pub(super) fn reply(arguments: &str) -> Option<Command> {
    let (to, text) = match arguments.strip_prefix('@') {
        Some(rest) => {
            let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
            (Some(name.to_owned()), text.trim().to_owned())
        }
        None => (None, arguments.to_owned()),
    };
    Some(Command::Reply { to, text })
}

pub(super) fn save(arguments: &str) -> Option<Command> {
    let (path, json) = match arguments.strip_suffix(" json") {
        Some(path) => (path.trim_end(), true),
        None => (
            arguments,
            std::path::Path::new(arguments)
                .extension()
                .is_some_and(|e| e == "jsonl"),
        ),
    };
    (!path.is_empty()).then(|| Command::SaveTranscript {
        path: path.to_owned(),
        json,
    })
}

pub(super) fn join(arguments: &str) -> Option<Command> {
    match arguments {
        "" => Some(Command::Join { audio: Audio::Full }),
        "listen" => Some(Command::Join {
            audio: Audio::Listen,
        }),
        _ => None,
    }
}

pub(super) fn consent(arguments: &str) -> Option<Command> {
    match arguments {
        "" => Some(Command::Consent(None)),
        "yes" => Some(Command::Consent(Some(true))),
        "no" => Some(Command::Consent(Some(false))),
        _ => None,
    }
}

pub(super) fn quiet(arguments: &str) -> Option<Command> {
    match arguments {
        "" => Some(Command::Quiet(None)),
        "on" => Some(Command::Quiet(Some(true))),
        "off" => Some(Command::Quiet(Some(false))),
        _ => None,
    }
}

pub(super) fn set(arguments: &str) -> Option<Command> {
    let (key, value) = match arguments.split_once(' ') {
        Some((key, value)) => (key, Some(value.trim().to_owned())),
        None => (arguments, None),
    };
    (!key.is_empty()).then(|| Command::Set {
        key: key.to_owned(),
        value,
    })
}
