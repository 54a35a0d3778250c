//! The rows: everything a person can ask for.

mod call;
mod chat;
mod knowing;
mod meeting;
mod reading;
mod screen;
mod sound;
mod work;

use crate::command::Command;
use crate::model::capability::Capability;

/// One command, in every way it can be reached and described.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The slash command, without the slash.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// As help shows them: `[NAME]`, `yes|no`, `TEXT`.
    pub arguments: &'static str,
    /// Chords of the plain map, as text: `Ctrl-T`, `Ctrl-G m`.
    pub keys: &'static [&'static str],
    /// Chords of the vim map's normal mode.
    pub vim: &'static [&'static str],
    pub needs: Capability,
    pub group: Group,
    /// One sentence.
    pub help: &'static str,
    /// The command of these arguments; `None` where they do not fit.
    pub(super) make: fn(&str) -> Option<Command>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Chat,
    Reading,
    Work,
    Call,
    Sound,
    Knowing,
    Screen,
}

/// The row of a command.
pub fn row(command: &Command) -> &'static Row {
    TABLE
        .iter()
        .find(|r| r.name == command.name())
        .expect("a test finds the row of every command")
}

/// Every command, group by group.
pub const TABLE: &[Row] = &all();

const GROUPS: [&[Row]; 8] = [
    &chat::ROWS,
    &reading::ROWS,
    &work::ROWS,
    &call::ROWS,
    &meeting::ROWS,
    &sound::ROWS,
    &knowing::ROWS,
    &screen::ROWS,
];

const fn all() -> [Row; count()] {
    let mut all = [chat::ROWS[0]; count()];
    let (mut at, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            all[at] = GROUPS[group][row];
            at += 1;
            row += 1;
        }
        group += 1;
    }
    all
}

const fn count() -> usize {
    let (mut count, mut group) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].len();
        group += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::parse;

    #[test]
    fn names_and_aliases_are_said_once() {
        let mut seen = std::collections::BTreeSet::new();
        for row in TABLE {
            for name in std::iter::once(&row.name).chain(row.aliases) {
                assert!(seen.insert(*name), "{name} stands twice");
            }
        }
    }

    #[test]
    fn every_row_makes_the_command_that_finds_it_again() {
        let sample = |row: &Row| match row.arguments {
            "" => String::new(),
            a if a.contains('|') => a
                .trim_start_matches('[')
                .split('|')
                .next()
                .unwrap_or_default()
                .to_owned(),
            "N" | "[N]" | "[NUMBER]" | "KEYS" => "3".to_owned(),
            a if a.starts_with('[') => String::new(),
            _ => "word".to_owned(),
        };
        for row in TABLE {
            let command = parse(&format!("/{} {}", row.name, sample(row))).unwrap();
            assert_eq!(command.name(), row.name);
            assert_eq!(super::row(&command).name, row.name);
        }
    }

    #[test]
    fn help_is_one_sentence() {
        for row in TABLE {
            assert!(
                row.help.ends_with('.') && row.help.starts_with(char::is_uppercase),
                "{}",
                row.name
            );
        }
    }
}
