//! A meeting to draw in tests.

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Now;
use crate::clock::Timestamp;
use crate::clock::Zone;
use crate::model::account::AccountId;
use crate::model::call::CallState;
use crate::model::call::Quality;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::identity::Person;
use crate::model::locator::Locator;
use crate::model::message::Body;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::Version;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::rich::Rich;
use crate::model::settings::Settings;
use crate::model::sound::Audio;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::call::Call;
use crate::state::threads::Thread;
use crate::state::timeline::Page;

/// `10:MM` on the day of every example.
/// So many minutes past ten on both clocks.
pub(crate) fn now(minute: u32) -> Now {
    Now {
        moment: Moment::ZERO + Duration::from_mins(minute.into()),
        utc: at(minute.into()),
    }
}

pub(crate) fn at(minute: i64) -> Timestamp {
    let ten = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
    Timestamp::from_millis(ten.as_millis() + minute * 60_000)
}

pub(crate) fn account() -> AccountId {
    AccountId::new("external:ada")
}

/// An open thread, "Design review", with two people and no call, at 10:14.
pub(crate) fn chat() -> State {
    let mut state = State::new(Settings::default(), Zone::UTC, "run".to_owned(), (96, 24));
    state.now = now(14);
    let key = ThreadKey {
        account: account(),
        thread: ThreadId::new("19:design"),
    };
    let mut thread = Thread::new(key.clone());
    thread.topic = "Design review".to_owned();
    thread.access = ChatAccess::Open;
    thread.participants = vec![person("Alice Wu"), person("Bob Ito (External)")];
    state.threads.links.insert(account(), Link::Live);
    state.threads.all.insert(key.clone(), thread);
    state.threads.current = Some(key);
    state
}

/// The same with a call that we are in since 10:01, muted.
pub(crate) fn meeting() -> State {
    let mut state = chat();
    let dialled = now(1);
    let mut call = Call::new(account(), Locator::Room("1".to_owned()), "Ada", dialled);
    call.state = CallState::Connected;
    call.connected_at = Some(at(1));
    call.info.topic = "Design review".to_owned();
    call.quality = Quality::Good;
    call.roster = vec![entry("Alice Wu"), entry("Bob Ito (External)")];
    for kind in NoticeKind::ALL {
        let off = NoticeState::Inactive { by: None };
        call.notices.note(kind, off, true, at(1));
    }
    state.calls.insert(account(), call);
    state
}

pub(crate) fn call(state: &mut State) -> &mut Call {
    state.calls.get_mut(&account()).unwrap()
}

pub(crate) fn thread(state: &mut State) -> &mut Thread {
    let key = state.threads.current.clone().unwrap();
    state.threads.all.get_mut(&key).unwrap()
}

pub(crate) fn person(name: &str) -> Person {
    Person::new(&format!("8:acs:{name}"), name)
}

pub(crate) fn entry(name: &str) -> RosterEntry {
    RosterEntry {
        person: person(name),
        me: false,
        role: Role::Attendee,
        state: CallState::Connected,
        muted: true,
        deafened: false,
        audio: Audio::Full,
        talking: false,
        hand: None,
        sharing: false,
        spotlit: false,
    }
}

pub(crate) fn message(id: u64, name: &str, text: &str, minute: i64) -> Message {
    Message {
        id: MessageId::new(&id.to_string()),
        version: Version(id),
        client_id: None,
        sender: Some(person(name)),
        mine: false,
        body: Body::Text(Rich::from_text(text)),
        created: at(minute),
        edited: None,
        mentions_me: false,
        attachments: Vec::new(),
        reply_to: None,
        reactions: Vec::new(),
        importance: crate::model::message::Importance::Normal,
    }
}

/// Puts messages into the thread in front, as its complete history.
pub(crate) fn put(state: &mut State, messages: Vec<Message>) {
    thread(state)
        .timeline
        .insert_page(messages, Page::Older { complete: true });
}

/// Recording or transcription as the service states it, seen beginning at that minute or already on.
pub(crate) fn notice(state: &mut State, kind: NoticeKind, on: NoticeState, minute: Option<i64>) {
    let initial = minute.is_none();
    let when = at(minute.unwrap_or(1));
    call(state).notices.note(kind, on, initial, when);
}
