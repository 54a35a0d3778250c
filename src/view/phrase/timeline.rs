//! What stands in and around the timeline besides people's own words.

use crate::clock::Moment;
use crate::model::failure::Failure;
use crate::model::identity::Person;
use crate::model::message::Body;
use crate::model::message::SystemEvent;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
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
    match state.threads.links.get(&thread.key.account) {
        None | Some(Link::Live) => None,
        Some(Link::Connecting) => Some("The chat is being connected".to_owned()),
        Some(Link::Reconnecting) => {
            Some("Chat connection lost, reconnecting · what you send is kept".to_owned())
        }
        Some(Link::Polling) => {
            Some("Messages do not come by themselves here · /refresh asks for new ones".to_owned())
        }
        Some(Link::Down(failure)) => {
            let why = phrase::briefly(&failure.because);
            Some(format!("Chat not connected: {why} · /retry"))
        }
    }
}
