//! A typed line as a command: slash commands, everything else is text to send.

use crate::command::Command;
use crate::command::TABLE;
use crate::command::table::Row;

/// What is wrong with a slash command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("there is no command /{name}")]
    Unknown {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("/{command} takes {arguments}")]
    Arguments {
        command: &'static str,
        arguments: &'static str,
    },
}

/// A line that does not begin with a slash is sent as it is; `//x` sends `/x`.
/// A pasted or typed text of several lines is never a command.
pub fn parse(line: &str) -> Result<Command, ParseError> {
    let Some(rest) = line
        .strip_prefix('/')
        .filter(|_| !line.trim_end().contains('\n'))
    else {
        return Ok(Command::SendText(line.to_owned()));
    };
    if rest.starts_with('/') {
        return Ok(Command::SendText(rest.to_owned()));
    }
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let Some(row) = find(name) else {
        return Err(ParseError::Unknown {
            name: name.to_owned(),
            nearest: nearest(name),
        });
    };
    (row.make)(arguments.trim()).ok_or(ParseError::Arguments {
        command: row.name,
        arguments: row.arguments,
    })
}

fn find(name: &str) -> Option<&'static Row> {
    TABLE
        .iter()
        .find(|r| r.name == name || r.aliases.contains(&name))
}

/// The command that is spelt most like `name`, if any is near.
pub fn nearest(name: &str) -> Option<&'static str> {
    TABLE
        .iter()
        .map(|r| (strsim::jaro_winkler(r.name, name), r.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// What may stand where `line` ends: command names, or the words a command takes.
/// Names of people and threads are the caller's to add.
pub fn complete(line: &str) -> Vec<String> {
    let Some(rest) = line.strip_prefix('/') else {
        return Vec::new();
    };
    match rest.split_once(' ') {
        None => TABLE
            .iter()
            .filter(|r| r.name.starts_with(rest))
            .map(|r| format!("/{}", r.name))
            .collect(),
        Some((name, begun)) => find(name)
            .map(|row| row.arguments.trim_matches(['[', ']']))
            .filter(|arguments| arguments.contains('|'))
            .map(|arguments| {
                let words = arguments.split('|').filter(|w| w.starts_with(begun));
                words.map(|w| format!("/{name} {w}")).collect()
            })
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::call::Reaction;

    #[test]
    fn a_slash_begins_a_command_and_two_send_one() {
        assert_eq!(parse("/react heart"), Ok(Command::React(Reaction::Heart)));
        assert_eq!(
            parse("//etc/hosts"),
            Ok(Command::SendText("/etc/hosts".to_owned()))
        );
        assert_eq!(parse("hello"), Ok(Command::SendText("hello".to_owned())));
    }

    #[test]
    fn a_pasted_slash_is_no_command() {
        assert!(matches!(parse("/quit\nnow"), Ok(Command::SendText(_))));
    }

    #[test]
    fn a_misspelt_command_names_the_nearest() {
        let wrong = parse("/stauts").unwrap_err();
        assert_eq!(
            wrong,
            ParseError::Unknown {
                name: "stauts".to_owned(),
                nearest: Some("status")
            }
        );
    }

    #[test]
    fn wrong_arguments_say_what_fits() {
        let wrong = parse("/consent maybe").unwrap_err();
        assert_eq!(
            wrong,
            ParseError::Arguments {
                command: "consent",
                arguments: "yes|no"
            }
        );
    }

    #[test]
    fn names_and_words_complete() {
        assert_eq!(complete("/sta"), ["/stats", "/status"]);
        assert_eq!(complete("/consent y"), ["/consent yes"]);
        assert!(complete("sta").is_empty());
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_parser(line in ".*") {
            let _ = parse(&line);
            let _ = complete(&line);
        }
    }
}
