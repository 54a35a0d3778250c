//! What stands behind the name of a slash command, read as the command of it.

use crate::command::Breakout;
use crate::command::Command;
use crate::command::Leave;
use crate::command::Work;
use crate::model::permission::Wider;
use crate::model::sign_in::By;
use crate::model::sound::Audio;
use crate::model::sound::Direction;
use crate::model::sound::LOUDEST;

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
    let audio = match arguments {
        "" => None,
        "listen" => Some(Audio::Listen),
        "silent" => Some(Audio::None),
        _ => return None,
    };
    Some(Command::Join { audio })
}

#[expect(clippy::unnecessary_wraps, reason = "the form of every row's maker")]
pub(super) fn accept(arguments: &str) -> Option<Command> {
    let muted = arguments == "muted" || arguments.ends_with(" muted");
    let name = arguments.strip_suffix("muted").filter(|_| muted);
    let name = text(name.unwrap_or(arguments).trim());
    Some(Command::Answer { name, muted })
}

/// `on`, `off`, or the other one.
#[expect(clippy::option_option, reason = "a wrong word is not a missing one")]
pub(super) fn switch(arguments: &str) -> Option<Option<bool>> {
    match arguments {
        "" => Some(None),
        "on" => Some(Some(true)),
        "off" => Some(Some(false)),
        _ => None,
    }
}

pub(super) fn devices(arguments: &str) -> Option<Command> {
    if arguments.is_empty() {
        return Some(Command::Devices(None));
    }
    let (which, name) = arguments.split_once(' ')?;
    let direction = match which {
        "input" | "microphone" => Direction::Capture,
        "output" | "speaker" => Direction::Playback,
        _ => return None,
    };
    let name = name.trim().to_owned();
    Some(Command::Devices(Some((direction, name))))
}

/// `80`, `80%`, `Bob 80 %`, `Bob`.
pub(super) fn volume(arguments: &str) -> Option<Command> {
    let words = arguments.trim_end_matches('%').trim_end();
    let (name, number) = match words.rsplit_once(' ') {
        Some((name, number)) if number.starts_with(|c: char| c.is_ascii_digit()) => (name, number),
        None if words.starts_with(|c: char| c.is_ascii_digit()) => ("", words),
        Some(_) | None => (words, ""),
    };
    let percent = match number {
        "" => None,
        number => Some(number.parse().ok().filter(|p| *p <= LOUDEST)?),
    };
    let name = text(name.trim());
    Some(Command::Volume { name, percent })
}

pub(super) fn breakout(arguments: &str) -> Option<Command> {
    let (word, name) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let wish = match (word, name) {
        ("", _) => Breakout::List,
        ("join", name) => Breakout::Enter(text(name.trim())),
        ("back", "") => Breakout::Return,
        _ => return None,
    };
    Some(Command::Breakout(wish))
}

pub(super) fn consent(arguments: &str) -> Option<Command> {
    match arguments {
        "" => Some(Command::Consent(None)),
        "yes" => Some(Command::Consent(Some(true))),
        "no" => Some(Command::Consent(Some(false))),
        // As on the command line: more leave is a consent too, and no word means both.
        word => leave(word),
    }
}

pub(super) fn leave(arguments: &str) -> Option<Command> {
    let (word, how) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let by = match how.trim() {
        "" => None,
        "code" => Some(By::DeviceCode),
        "browser" => Some(By::Browser),
        _ => return None,
    };
    let leave = match word {
        "" => Leave::List,
        "cancel" if by.is_none() => Leave::GiveUp,
        word => Leave::Ask {
            wider: Wider::of_word(word)?,
            by,
        },
    };
    Some(Command::Work(Work::Leave(leave)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_of_everything_or_of_a_person_whatever_their_name() {
        let read = |arguments| match volume(arguments) {
            Some(Command::Volume { name, percent }) => Some((name.unwrap_or_default(), percent)),
            _ => None,
        };
        for (arguments, name, percent) in [
            ("", "", None),
            ("80", "", Some(80)),
            ("80 %", "", Some(80)),
            ("Bob", "Bob", None),
            ("Bob 80%", "Bob", Some(80)),
            ("Bob Ito 0 %", "Bob Ito", Some(0)),
            ("Room 101 now", "Room 101 now", None),
        ] {
            assert_eq!(
                read(arguments),
                Some((name.to_owned(), percent)),
                "{arguments}"
            );
        }
        assert_eq!(read("Bob 300"), None);
    }

    #[test]
    fn a_device_is_named_with_its_direction() {
        let named =
            |direction, name: &str| Some(Command::Devices(Some((direction, name.to_owned()))));
        assert_eq!(
            devices("input USB headset"),
            named(Direction::Capture, "USB headset")
        );
        assert_eq!(devices("output 2"), named(Direction::Playback, "2"));
        assert_eq!(devices(""), Some(Command::Devices(None)));
        assert_eq!(devices("USB headset"), None);
        assert_eq!(devices("input"), None);
    }
}
