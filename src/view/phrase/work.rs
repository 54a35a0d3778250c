//! Chats, people, presence and messages found, one a line.

use crate::model::callee::Errand;
use crate::model::directory::Presence;
use crate::model::thread::ThreadKind;
use crate::state::State;
use crate::state::threads::Thread;
use crate::state::work::Shown;
use crate::view::phrase;

/// What the organisation told last.
pub fn work(state: &State) -> String {
    let lines: Vec<String> = match &state.work.shown {
        None => return "Nothing was asked for.".to_owned(),
        Some(Shown::Chats { at }) => {
            let mut lines: Vec<String> = state.chats().map(chat).collect();
            if lines.is_empty() {
                lines.push("No chats.".to_owned());
            }
            let at = state.zone.time(*at);
            lines.push(format!(
                "As of {at}. /thread NAME opens one, /chats asks again."
            ));
            lines
        }
        Some(Shown::People(people)) if people.is_empty() => vec![phrase::NOTHING_FOUND.to_owned()],
        Some(Shown::People(people)) => {
            let line = |who: &crate::model::directory::Colleague| {
                let parts = [who.name.as_str(), who.title.as_str(), who.address.as_str()];
                let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
                parts.join(", ")
            };
            people.iter().map(line).collect()
        }
        Some(Shown::Callable(errand, people)) => {
            let mut lines = vec!["Several people may be meant:".to_owned()];
            lines.extend(people.iter().enumerate().map(|(at, who)| {
                let parts = [who.name.as_str(), who.title.as_str(), who.address.as_str()];
                let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
                format!("{}. {}", at + 1, parts.join(", "))
            }));
            let command = match errand {
                Errand::Call => "/call",
                Errand::Add => "/add",
                Errand::Transfer => "/transfer",
                Errand::Voicemail => "/transfer voicemail",
            };
            lines.push(format!(
                "{command} 1 takes the first, {command} 2 the second."
            ));
            lines
        }
        Some(Shown::Messages(found)) if found.is_empty() => vec![phrase::NOTHING_FOUND.to_owned()],
        Some(Shown::Messages(found)) => found
            .iter()
            .map(|message| {
                let topic = message.thread.as_ref().and_then(|id| state.topic_of(id));
                let place = topic.map_or_else(String::new, |topic| format!(" in {topic}"));
                let at = message.at.map_or_else(String::new, |at| {
                    format!(", {} {}", state.zone.day(at), state.zone.time(at))
                });
                format!("{}{place}{at}: {}", message.name, message.words)
            })
            .collect(),
        Some(Shown::Presence(people)) => people
            .iter()
            .map(|(name, presence)| format!("{name}: {}.", seen(presence)))
            .collect(),
    };
    lines.join("\n")
}

fn chat(thread: &Thread) -> String {
    let Some(listed) = &thread.listed else {
        return thread.topic.clone();
    };
    let mut parts = vec![thread.topic.clone()];
    parts.extend(match listed.kind {
        ThreadKind::Meeting => Some("meeting".to_owned()),
        ThreadKind::Channel => Some("channel".to_owned()),
        ThreadKind::Group => Some("group".to_owned()),
        ThreadKind::OneOnOne | ThreadKind::Thread => None,
    });
    if listed.unread || thread.unread > 0 {
        parts.push("unread".to_owned());
    }
    let line = parts.join(", ");
    match &listed.preview {
        Some((name, words)) => format!("{line}. {name}: {words}"),
        None => line,
    }
}

fn seen(presence: &Presence) -> String {
    match presence {
        Presence::Available => "available",
        Presence::Busy => "busy",
        Presence::DoNotDisturb => "does not want to be disturbed",
        Presence::BeRightBack => "will be right back",
        Presence::Away => "away",
        Presence::Offline => "offline",
        Presence::Other(name) => name,
    }
    .to_owned()
}
