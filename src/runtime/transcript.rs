//! A thread as a file: for people one message a paragraph, for programs JSON lines.

use std::fmt::Write;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::model::announcement::Announcement;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::announcement::Sender;
use crate::model::message::Message;
use crate::model::thread::ThreadKey;
use crate::model::turn::TurnKind;
use crate::state::State;
use crate::state::timeline::Entry;
use crate::view::phrase;

/// One message for programs.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited: Option<String>,
    sender: Option<&'a str>,
    mine: bool,
    text: String,
}

/// A caption or a line of real-time text for programs, told from messages by its `kind`.
#[derive(Serialize)]
struct Spoken<'a> {
    kind: &'static str,
    at: String,
    sender: &'a str,
    mine: bool,
    text: &'a str,
}

/// What is loaded of a thread, oldest first.
pub(super) fn write(state: &State, key: &ThreadKey, json: bool) -> String {
    let mut text = String::new();
    let Some(thread) = state.threads.all.get(key) else {
        return text;
    };
    for entry in thread.timeline.entries() {
        let line = match entry {
            Entry::Message(message) if json => object(message),
            Entry::Message(message) => paragraph(state, message),
            // Our own unsent lines and what was true on this screen only are not the meeting's.
            Entry::Echo(_) => continue,
            Entry::Banner {
                said: Said::Turn { kind, sender, text },
                at,
                ..
            } if json => spoken(*kind, sender, text, *at),
            Entry::Banner { .. } if json => continue,
            Entry::Banner { said, at, .. } => {
                let said = Announcement {
                    class: Class::Quiet,
                    said: said.clone(),
                };
                let (day, time) = (state.zone.date(*at), state.zone.time(*at));
                format!("{day} {time} {}", phrase::announcement(&said, state))
            }
        };
        writeln!(text, "{line}").expect("writing to a string cannot fail");
    }
    text
}

fn spoken(kind: TurnKind, sender: &Sender, text: &str, at: Timestamp) -> String {
    let line = Spoken {
        kind: match kind {
            TurnKind::Caption => "caption",
            TurnKind::Text => "text",
        },
        at: at.to_string(),
        sender: &sender.name,
        mine: sender.mine,
        text,
    };
    serde_json::to_string(&line).unwrap_or_default()
}

fn paragraph(state: &State, message: &Message) -> String {
    let at = message.created;
    let name = message.sender.as_ref().map_or("", |person| &person.name);
    let edited = message.edited.map_or("", |_| " (edited)");
    let colon = if name.is_empty() { "" } else { ": " };
    format!(
        "{} {} {name}{edited}{colon}{}",
        state.zone.date(at),
        state.zone.time(at),
        phrase::body(&message.body)
    )
}

fn object(message: &Message) -> String {
    let line = Line {
        id: message.id.as_str(),
        at: message.created.to_string(),
        edited: message.edited.map(|at| at.to_string()),
        sender: message.sender.as_ref().map(|person| person.name.as_str()),
        mine: message.mine,
        text: phrase::body(&message.body),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture;

    #[test]
    fn what_was_spoken_is_saved_with_what_was_written_and_told_apart() {
        let mut state = fixture::chat();
        let said = Said::Turn {
            kind: TurnKind::Caption,
            sender: Sender {
                name: "Carol Diaz".to_owned(),
                external: false,
                mine: false,
            },
            text: "so the budget is fine".to_owned(),
        };
        fixture::put(
            &mut state,
            vec![fixture::message(1, "Alice Wu", "Good morning", 2)],
        );
        fixture::thread(&mut state)
            .timeline
            .banner(said, fixture::at(3));
        let key = state.threads.current.clone().unwrap();
        assert_eq!(
            write(&state, &key, false),
            "2026-11-23 10:02 Alice Wu: Good morning\n\
             2026-11-23 10:03 Caption, Carol Diaz: so the budget is fine\n"
        );
        let json = write(&state, &key, true);
        let last = json.lines().last().unwrap();
        assert_eq!(
            last,
            r#"{"kind":"caption","at":"2026-11-23T10:03:00.000Z","sender":"Carol Diaz","mine":false,"text":"so the budget is fine"}"#
        );
    }
}
