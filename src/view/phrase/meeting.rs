//! What only a meeting has, in words: screens, spotlight, breakout rooms, numbers to dial in with.

use crate::model::announcement::Said;
use crate::model::call::RosterEntry;
use crate::model::meeting::DialIn;
use crate::model::meeting::DialInNumber;
use crate::model::meeting::Room;
use crate::state::State;
use crate::state::call::Call;
use crate::view::phrase;
use crate::view::phrase::person;

/// Empty for what is not about a meeting.
pub(super) fn said(said: &Said) -> String {
    match said {
        Said::Shares { name, on: true } => {
            format!("Call: {name} shares a screen. /watch opens the meeting in a browser.")
        }
        Said::Shares { name, on: false } => format!("Call: {name} shares no screen any more."),
        Said::Spotlit {
            on: true,
            mine: true,
            ..
        } => "Call: you are in the spotlight.".to_owned(),
        Said::Spotlit {
            on: false,
            mine: true,
            ..
        } => "Call: you are no longer in the spotlight.".to_owned(),
        Said::Spotlit { name, on: true, .. } => format!("Call: {name} is in the spotlight."),
        Said::Spotlit { name, .. } => format!("Call: {name} is no longer in the spotlight."),
        Said::RoomAssigned { name } => format!(
            "Call: you are assigned to {}. /breakout join goes there.",
            room(name)
        ),
        Said::Moved { room: Some(name) } => format!(
            "Call: you are in {} now. Whether it is recorded is not known yet. /breakout back returns to the meeting.",
            room(name)
        ),
        Said::Moved { room: None } => {
            "Call: you are in the meeting again. Whether it is recorded is not known yet."
                .to_owned()
        }
        Said::DialIn(how) => dial_in(how),
        _ => String::new(),
    }
}

pub(super) fn room(name: &str) -> String {
    if name.is_empty() {
        "a breakout room".to_owned()
    } else {
        format!("the breakout room {name}")
    }
}

fn dial_in(how: &DialIn) -> String {
    if how.numbers.is_empty() {
        return "This meeting tells no numbers to dial in with.".to_owned();
    }
    let number = |one: &DialInNumber| {
        let toll = if one.toll_free { "toll free" } else { "toll" };
        let place = match one.place.as_str() {
            "" => String::new(),
            place => format!("{place}, "),
        };
        format!("{place}{toll}: {}", one.number)
    };
    let lines = how.numbers.iter().map(number);
    let conference = format!("Conference id: {}", how.conference);
    let all: Vec<String> = lines.chain([conference]).collect();
    all.join("\n")
}

/// The rooms, one a line, ours first said as such.
pub(super) fn rooms(state: &State) -> String {
    let Some(call) = state.call() else {
        return "There are no breakout rooms.".to_owned();
    };
    let mut lines = Vec::new();
    if let Some(name) = &call.room {
        lines.push(format!("You are in {}.", room(name)));
    }
    let line = |one: &Room| {
        let name = if one.name.is_empty() {
            "a room without a name"
        } else {
            &one.name
        };
        let open = if one.open { "open" } else { "closed" };
        let yours = if one.assigned { ", yours" } else { "" };
        format!("{name}, {open}{yours}")
    };
    lines.extend(call.rooms.all.iter().map(line));
    if lines.is_empty() {
        return "There are no breakout rooms, or none that you may know of.".to_owned();
    }
    lines.join("\n")
}

/// Who shows a screen, as a clause.
pub(super) fn screens(call: &Call) -> Option<String> {
    let sharing = call.roster.iter().filter(|entry| entry.sharing);
    let names: Vec<String> = sharing.map(|entry| person(&entry.person)).collect();
    let verb = if names.len() == 1 { "shares" } else { "share" };
    (!names.is_empty()).then(|| format!("{} {verb} a screen", phrase::names_and(&names, 0)))
}

/// Who is in the spotlight, as a clause.
pub(super) fn spotlight(call: &Call) -> Option<String> {
    let spotlit = call.roster.iter().filter(|entry| entry.spotlit);
    let name = |entry: &RosterEntry| {
        if entry.me {
            phrase::YOU.to_owned()
        } else {
            person(&entry.person)
        }
    };
    let names: Vec<String> = spotlit.map(name).collect();
    (!names.is_empty()).then(|| format!("in the spotlight: {}", names.join(", ")))
}
