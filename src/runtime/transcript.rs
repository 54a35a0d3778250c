//! A thread as a file: for people one message a paragraph, for programs JSON lines.

use std::fmt::Write;

use serde::Serialize;

use crate::model::announcement::Announcement;
use crate::model::announcement::Class;
use crate::model::message::Message;
use crate::model::thread::ThreadKey;
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
