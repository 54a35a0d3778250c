//! Help from the command table, what the program says of itself, and its first line.

use crate::command::Row;
use crate::command::TABLE;
use crate::model::capability::Reason;
use crate::state::State;
use crate::view::phrase;
use crate::view::phrase::PRIVACY_STATEMENT;

/// The first line ever printed: it names the way out for those who cannot see the rest.
pub fn first_line() -> String {
    format!(
        "sidetone {}. Screen reader? Start with --screen-reader, or type /linear.",
        env!("CARGO_PKG_VERSION")
    )
}

/// The same for the linear view, which says what it is and how to leave it.
pub fn first_line_linear() -> String {
    format!(
        "sidetone {}. Screen reader mode. /help lists commands, /fullscreen leaves it.",
        env!("CARGO_PKG_VERSION")
    )
}

/// One command in one line: name, aliases, arguments, what it does, keys last.
pub fn command(row: &Row) -> String {
    let mut line = format!("/{}", row.name);
    if !row.arguments.is_empty() {
        line.push(' ');
        line.push_str(row.arguments);
    }
    line.push_str(": ");
    line.push_str(row.help);
    let mut more = Vec::new();
    if !row.aliases.is_empty() {
        let aliases: Vec<String> = row.aliases.iter().map(|a| format!("/{a}")).collect();
        more.push(format!("also {}", aliases.join(", ")));
    }
    if !row.keys.is_empty() {
        more.push(format!("key {}", row.keys.join(" or ")));
    }
    if !more.is_empty() {
        line = format!("{} ({})", line.trim_end_matches('.'), more.join("; "));
    }
    line
}

/// A command, and why it is not possible where that is worth saying.
fn explained(state: &State, row: &Row, worth: impl Fn(&Reason) -> bool) -> String {
    let words = command(row);
    match state.allowed_row(row) {
        Err(reason) if worth(&reason) => phrase::not_now(&words, &reason),
        Ok(()) | Err(_) => words,
    }
}

/// Every command, or those a word is about, one a line.
pub fn help(state: &State, topic: Option<&str>) -> String {
    let table = TABLE;
    let topic = topic.map(|t| t.trim_start_matches('/'));
    let exact = |row: &&Row| topic.is_some_and(|t| row.name == t || row.aliases.contains(&t));
    if let Some(row) = table.iter().find(exact) {
        let words = explained(state, row, |_| true);
        let note = phrase::can::conditions(state, row);
        return match note {
            Some(note) => format!("{words} ({note})"),
            None => words,
        };
    }
    let lines: Vec<String> = table
        .iter()
        .filter(|row| state.lists(row))
        .filter(|row| topic.is_none_or(|t| row.name.contains(t) || row.help.contains(t)))
        .map(|row| {
            explained(state, row, |reason| {
                matches!(reason, Reason::Identity { .. } | Reason::Withheld(_))
            })
        })
        .collect();
    match (lines.is_empty(), topic) {
        (true, Some(topic)) => format!("There is no command about {topic}. /help lists all."),
        _ => lines.join("\n"),
    }
}

/// What it is, under which terms, and what it leaves on this machine.
pub fn about() -> String {
    [
        concat!(
            "sidetone ",
            env!("CARGO_PKG_VERSION"),
            ": chat and audio calls for meetings, in the terminal."
        ),
        concat!("Licence: ", env!("CARGO_PKG_LICENSE"), "."),
        "It is not affiliated with or endorsed by Microsoft.",
        "Messages are not stored on this machine; they stay with the service.",
        "Stored here: your configuration, remembered choices (pins, theme, keys, sound devices, and how loud \
         you set people, by name), a log of the program \
         without names, texts or secrets, a log of recording and transcription notices with the times \
         they were received, shown and acknowledged, and of calls and sent messages where, when, how long and at \
         what price, never what was said. `sidetone about` says where.",
        "Access tokens are kept in memory only.",
        "The service's chat for external users ends on 2028-09-30.",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!(
        "The vendor's privacy statement: {PRIVACY_STATEMENT}"
    )])
    .collect::<Vec<_>>()
    .join("\n")
}
