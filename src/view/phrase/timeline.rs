//! What stands in and around the timeline besides people's own words.

use crate::clock::Moment;
use crate::model::failure::Failure;
use crate::model::identity::Person;
use crate::model::message::Body;
use crate::model::message::Importance;
use crate::model::message::Message;
use crate::model::message::RecordingState;
use crate::model::message::SystemEvent;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::ThreadKind;
use crate::state::State;
use crate::state::threads::Thread;
use crate::view::facts;
use crate::view::phrase;

/// The words of a message that is not text, and of one that is.
pub fn body(body: &Body) -> String {
    match body {
        Body::Text(rich) => rich.to_text(),
        Body::Deleted => "message deleted".to_owned(),
        Body::Blocked => "message removed by a rule of the sender's organization".to_owned(),
        Body::System(event) => system(event),
        Body::Unknown(kind) => format!("a message of a kind this version cannot show ({kind})"),
    }
}

fn system(event: &SystemEvent) -> String {
    let whom = |people: &[Person]| {
        let names: Vec<String> = people.iter().map(phrase::person).collect();
        phrase::names(&names)
    };
    match event {
        SystemEvent::TopicChanged { topic, by } if topic.is_empty() => match by {
            None => "the topic was removed".to_owned(),
            Some(by) => format!("{} removed the topic", phrase::person(by)),
        },
        SystemEvent::TopicChanged { topic, by: None } => format!("the topic is now {topic}"),
        SystemEvent::TopicChanged {
            topic,
            by: Some(by),
        } => format!("{} changed the topic to {topic}", phrase::person(by)),
        SystemEvent::Added { people, by: None } => format!("{} joined the chat", whom(people)),
        SystemEvent::Added {
            people,
            by: Some(by),
        } if people.as_slice() == [by.clone()] => format!("{} joined the chat", whom(people)),
        SystemEvent::Added {
            people,
            by: Some(by),
        } => format!("{} added {}", phrase::person(by), whom(people)),
        SystemEvent::Removed { people, by: None } => format!("{} left the chat", whom(people)),
        SystemEvent::Removed {
            people,
            by: Some(by),
        } if people.as_slice() == [by.clone()] => format!("{} left the chat", whom(people)),
        SystemEvent::Removed {
            people,
            by: Some(by),
        } => format!("{} removed {}", phrase::person(by), whom(people)),
        SystemEvent::CallStarted { by: None } => "the meeting started".to_owned(),
        SystemEvent::CallStarted { by: Some(by) } => {
            format!("{} started the meeting", phrase::person(by))
        }
        SystemEvent::CallEnded { seconds, people } => ended(*seconds, *people),
        SystemEvent::Recording(RecordingState::Begun) => "a recording was started".to_owned(),
        SystemEvent::Recording(RecordingState::Saved) => "the recording was saved".to_owned(),
        SystemEvent::Recording(RecordingState::Failed) => "the recording failed".to_owned(),
        SystemEvent::TranscriptAvailable => "a transcript is available".to_owned(),
        SystemEvent::Pinned { pinned, by } => {
            let act = if *pinned { "pinned" } else { "unpinned" };
            let by = by
                .as_ref()
                .map_or_else(|| "somebody".to_owned(), phrase::person);
            format!("{by} {act} a message")
        }
        SystemEvent::ChatEnabled(true) => "chat was switched on for this meeting".to_owned(),
        SystemEvent::ChatEnabled(false) => "chat was switched off for this meeting".to_owned(),
    }
}

fn ended(seconds: Option<u64>, people: usize) -> String {
    let mut words = "the meeting ended".to_owned();
    if let Some(seconds) = seconds {
        words.push_str(", ");
        words.push_str(&phrase::duration(seconds));
    }
    if people > 0 {
        words.push_str(", ");
        words.push_str(&phrase::count(people, "person"));
    }
    words
}

/// `2 like, 1 💘`.
pub fn reactions(message: &Message) -> Option<String> {
    let told = message.reactions.iter().map(|reacted| {
        let mine = if reacted.mine { ", you too" } else { "" };
        format!("{} {}{mine}", reacted.people, reacted.kind)
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(phrase::DOT))
}

/// How pressing its sender finds it.
pub const fn importance(message: &Message) -> Option<&'static str> {
    match message.importance {
        Importance::Normal => None,
        Importance::High => Some("important"),
        Importance::Urgent => Some("urgent"),
    }
}

/// The header's parts, and the same for little room.
pub fn header(state: &State) -> (String, String) {
    let topic = facts::topic(state).unwrap_or("sidetone");
    let (mut full, mut short) = (vec![topic.to_owned()], vec![topic.to_owned()]);
    let people = facts::people(state);
    if people > 0 {
        full.push(self::people(people));
        short.push(people.to_string());
    }
    let unread = state.threads.unread_elsewhere();
    if unread > 0 {
        full.push(format!("{unread} unread elsewhere"));
        short.push(format!("{unread} unread"));
    }
    if let Some(whom) = phrase::accounts::as_whom(state) {
        full.push(whom.clone());
        short.push(whom);
    }
    (full.join(phrase::DOT), short.join(phrase::DOT))
}

pub fn people(number: usize) -> String {
    phrase::count(number, "person")
}

/// The line that stands below the page while it is scrolled back.
pub fn newer(number: usize) -> String {
    match number {
        0 => "scrolled back · End".to_owned(),
        number => format!("{number} newer · End"),
    }
}

/// `read by Alice and Bob`, `read by 5 people`.
pub fn read_by(names: &[String]) -> String {
    match names.len() {
        0..=2 => format!("read by {}", phrase::names(names)),
        many => format!("read by {}", people(many)),
    }
}

/// `not sent: no connection · /retry`.
pub fn not_sent(failure: &Failure) -> String {
    format!("not sent: {} · /retry", phrase::briefly(&failure.because))
}

/// `Alice is typing`, or nothing.
pub fn typing(thread: &Thread, now: Moment) -> Option<String> {
    let names: Vec<String> = thread.typing_now(now).map(phrase::person).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("{} is typing", phrase::names(&names))),
        2 | 3 => Some(format!("{} are typing", phrase::names(&names))),
        many => Some(format!("{many} people are typing")),
    }
}

/// How current the thread is, where it is not simply live and open.
pub fn chat_state(state: &State, thread: &Thread) -> Option<String> {
    match &thread.access {
        ChatAccess::Open => {}
        ChatAccess::Opening => return Some("The chat is being opened".to_owned()),
        ChatAccess::Gone => return Some("This chat no longer exists".to_owned()),
        ChatAccess::Denied(failure) => {
            let goes_on = if facts::is_in_call(state) {
                ", the call goes on"
            } else {
                ""
            };
            let why = phrase::briefly(&failure.because);
            return Some(format!("No chat: {why}{goes_on} · /retry"));
        }
    }
    let on_demand = |at| format!("as of {} · /refresh", state.zone.time(at));
    // Nothing pushes what is written in channels, whatever brings the messages of chats.
    let channel = thread.listed.as_ref();
    let channel = channel.is_some_and(|listed| listed.kind == ThreadKind::Channel);
    match state.threads.links.get(&thread.key.account) {
        Some(Link::Live | Link::Relayed) if channel => Some(on_demand(thread.as_of?)),
        None | Some(Link::Live) => None,
        Some(Link::Connecting) => Some("The chat is being connected".to_owned()),
        Some(Link::Reconnecting) => {
            Some("Chat connection lost, reconnecting · what you send is kept".to_owned())
        }
        Some(Link::Relayed) => {
            let at = state.zone.time(thread.as_of?);
            Some(format!("by relay, as of {at}"))
        }
        Some(Link::OnDemand) => Some(on_demand(thread.as_of?)),
        Some(Link::Polling) => {
            Some("Messages do not come by themselves here · /refresh asks for new ones".to_owned())
        }
        Some(Link::Down(failure)) => {
            let why = phrase::briefly(&failure.because);
            Some(format!("Chat not connected: {why} · /retry"))
        }
    }
}
