//! What is read out on request: who is here, who types, what was said.

use crate::model::call::CallState;
use crate::model::call::RosterEntry;
use crate::model::identity::Person;
use crate::model::identity::PersonKind;
use crate::model::message::Message;
use crate::model::message::SendState;
use crate::model::settings::TimeShown;
use crate::model::sound::Audio;
use crate::state::State;
use crate::state::call::Call;
use crate::state::timeline::Entry;
use crate::view::facts;
use crate::view::phrase;
use crate::view::phrase::sound;

/// How the service marks people from outside.
const SUFFIX: &str = " (External)";

/// A name as it is spoken: `Bob, external`.
pub fn spoken(name: &str, external: bool) -> String {
    let bare = name.strip_suffix(SUFFIX).unwrap_or(name);
    if external || bare.len() < name.len() {
        format!("{bare}, external")
    } else {
        bare.to_owned()
    }
}

/// A name for people the service gave none.
pub fn person(person: &Person) -> String {
    if !person.name.is_empty() {
        return person.name.clone();
    }
    match person.id.kind() {
        PersonKind::Phone => format!("phone {}", person.id.as_str().trim_start_matches("4:")),
        PersonKind::Bot => "a bot".to_owned(),
        PersonKind::External
        | PersonKind::TeamsUser
        | PersonKind::Visitor
        | PersonKind::Unknown => "somebody without a name".to_owned(),
    }
}

/// Everybody, one a line; `/who` and the roster say the same.
pub fn who(state: &State) -> String {
    if let Some(call) = facts::running(state).filter(|c| c.state.is_inside()) {
        let mut lines = vec![format!(
            "{} in the call.",
            phrase::count(call.roster.len(), "person")
        )];
        let entries = call.sorted().into_iter();
        lines.extend(entries.map(|e| roster_entry(state, call, e)));
        lines.extend(call.lobby.iter().map(waiting));
        return lines.join("\n");
    }
    let Some(thread) = state.thread() else {
        return "Nobody, no chat is open.".to_owned();
    };
    let mut lines = vec![format!(
        "{} in the chat.",
        phrase::count(thread.participants.len(), "person")
    )];
    lines.extend(
        thread
            .participants
            .iter()
            .map(|p| spoken(&person(p), false)),
    );
    lines.join("\n")
}

pub fn waiting(somebody: &Person) -> String {
    format!("{}, waiting in the lobby", person(somebody))
}

/// One person of the call: name, then what is special about them.
pub(crate) fn roster_entry(state: &State, call: &Call, entry: &RosterEntry) -> String {
    let mut parts = vec![person(&entry.person)];
    if entry.me {
        parts.push(phrase::YOU.to_owned());
    }
    parts.push(phrase::role(entry.role).to_owned());
    match entry.state {
        CallState::InLobby => parts.push("in the lobby".to_owned()),
        CallState::LocalHold | CallState::RemoteHold => parts.push("on hold".to_owned()),
        CallState::Connecting | CallState::Ringing | CallState::EarlyMedia => {
            parts.push("connecting".to_owned());
        }
        CallState::Disconnecting | CallState::Disconnected => parts.push("leaving".to_owned()),
        CallState::Connected => {}
    }
    parts.push(
        match (entry.audio, entry.muted) {
            (Audio::None, _) => phrase::NO_SOUND,
            (Audio::Listen, _) => "listens only",
            (Audio::Full, true) => phrase::MUTED,
            (Audio::Full, false) => "microphone on",
        }
        .to_owned(),
    );
    if entry.deafened {
        parts.push(phrase::DEAFENED.to_owned());
    }
    if entry.talking {
        parts.push(sound::talking(state, call, &entry.person.id));
    }
    if !entry.me {
        parts.extend(sound::other_volume(state, &entry.person));
    }
    if let Some(order) = entry.hand {
        parts.push(format!("hand raised, number {order}"));
    }
    if entry.sharing {
        parts.push("shares a screen".to_owned());
    }
    if entry.spotlit {
        parts.push("in the spotlight".to_owned());
    }
    parts.join(", ")
}

/// The last entries of the thread in front, one a line, the newest last.
pub(crate) fn last(state: &State, number: usize) -> String {
    let Some(thread) = state.thread() else {
        return "No chat is open.".to_owned();
    };
    let entries = facts::entries(thread);
    let from = entries.len().saturating_sub(number);
    lines(state, entries.get(from..).unwrap_or_default())
        .unwrap_or_else(|| "No messages yet.".to_owned())
}

/// Everything after what was read, in every thread.
pub(crate) fn unread(state: &State) -> String {
    let mut parts = Vec::new();
    for thread in state.threads.all.values().filter(|t| t.unread > 0) {
        let current = state.threads.current.as_ref() == Some(&thread.key);
        if !current {
            parts.push(format!("{} in {}:", thread.unread, thread.topic));
        }
        let entries = facts::entries(thread);
        let from = entries
            .iter()
            .rposition(
                |e| matches!(e, Entry::Message(m) if Some(&m.id) <= thread.read_up_to.as_ref()),
            )
            .map_or(0, |at| at + 1);
        parts.extend(lines(state, entries.get(from..).unwrap_or_default()));
    }
    if parts.is_empty() {
        "Nothing unread.".to_owned()
    } else {
        parts.join("\n")
    }
}

fn lines(state: &State, entries: &[Entry]) -> Option<String> {
    let lines: Vec<String> = entries.iter().map(|e| entry(state, e)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// One entry of a timeline as a line.
fn entry(state: &State, entry: &Entry) -> String {
    let (line, at) = match entry {
        Entry::Message(message) => (message_line(message), message.created),
        Entry::Echo(echo) => {
            let text = phrase::one_line(&echo.draft.text);
            let line = match &echo.state {
                SendState::Sent => format!("{}: {text}", phrase::YOU),
                SendState::Sending => format!("{}, {}: {text}", phrase::YOU, phrase::SENDING),
                SendState::Failed(failure) => {
                    let why = phrase::briefly(&failure.because);
                    format!("{}, not sent, {why}: {text}", phrase::YOU)
                }
            };
            (line, echo.at)
        }
        Entry::Banner { said, at, .. } => (phrase::said(said, state), *at),
    };
    match state.settings.time {
        TimeShown::Off => line,
        TimeShown::Short => format!("{line}, {}", facts::time(state, at)),
    }
}

fn message_line(message: &Message) -> String {
    let text = phrase::one_line(&phrase::body(&message.body));
    let Some(sender) = &message.sender else {
        return text;
    };
    let name = if message.mine {
        phrase::YOU.to_owned()
    } else {
        spoken(&person(sender), false)
    };
    let mention = if message.mentions_me { "Mention, " } else { "" };
    let edited = if message.edited.is_some() {
        ", edited"
    } else {
        ""
    };
    format!("{mention}{name}{edited}: {text}")
}
