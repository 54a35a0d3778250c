//! A meeting to draw in tests.

use std::collections::BTreeMap;

use crate::clock::Moment;
use crate::clock::Now;
use crate::clock::Timestamp;
use crate::clock::Zone;
use crate::model::account::AccountId;
use crate::model::call::CallInfo;
use crate::model::call::CallState;
use crate::model::call::Quality;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::call::Signalling;
use crate::model::identity::Person;
use crate::model::locator::Locator;
use crate::model::message::Body;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::Version;
use crate::model::notice::Consent;
use crate::model::notice::NoticeState;
use crate::model::rich::Rich;
use crate::model::settings::Interface;
use crate::model::settings::Settings;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::announcer::Announcer;
use crate::state::call::Call;
use crate::state::composer::Composer;
use crate::state::focus::Focus;
use crate::state::focus::Mode;
use crate::state::focus::Scroll;
use crate::state::notices::Notice;
use crate::state::notices::Notices;
use crate::state::threads::Thread;
use crate::state::threads::Threads;
use crate::state::timeline::Entry;
use crate::state::timeline::Timeline;
use crate::state::usage::Usage;

/// `10:MM` on the day of every example.
pub(crate) fn at(minute: i64) -> Timestamp {
    let ten = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
    Timestamp::from_millis(ten.as_millis() + minute * 60_000)
}

fn account() -> AccountId {
    AccountId::new("external:ada")
}

/// An open thread, "Design review", with two people and no call, at 10:14.
pub(crate) fn chat() -> State {
    let mut state = State {
        settings: Settings::default(),
        zone: Zone::UTC,
        accounts: BTreeMap::new(),
        threads: Threads::default(),
        calls: BTreeMap::new(),
        announcer: Announcer::default(),
        composer: Composer::default(),
        focus: Focus {
            interface: Interface::FullScreen,
            overlay: None,
            scroll: Scroll::Follow,
            selected: None,
            search: None,
            mode: Mode::Insert,
        },
        usage: Usage::default(),
        size: (96, 24),
        now: Now {
            moment: Moment::ZERO,
            utc: at(14),
        },
        run: "run".to_owned(),
        sent: 0,
        quitting: false,
    };
    let key = ThreadKey {
        account: account(),
        thread: ThreadId::new("19:design"),
    };
    let thread = Thread {
        key: key.clone(),
        topic: "Design review".to_owned(),
        participants: vec![person("Alice Wu"), person("Bob Ito (External)")],
        access: ChatAccess::Open,
        timeline: Timeline::default(),
        typing: Vec::new(),
        receipts: BTreeMap::new(),
        read_up_to: None,
        unread: 0,
        unread_mentions: 0,
    };
    state.threads.links.insert(account(), Link::Live);
    state.threads.all.insert(key.clone(), thread);
    state.threads.current = Some(key);
    state
}

/// The same with a call that we are in since 10:01, muted.
pub(crate) fn meeting() -> State {
    let mut state = chat();
    let off = || Notice {
        state: NoticeState::Inactive { by: None },
        since: None,
        acknowledged: false,
        repeat_at: None,
        repeats: 0,
    };
    let call = Call {
        account: account(),
        locator: Locator::Room("1".to_owned()),
        state: CallState::Connected,
        info: CallInfo {
            thread: None,
            topic: "Design review".to_owned(),
        },
        role: Role::Attendee,
        roster: vec![entry("Alice Wu"), entry("Bob Ito (External)")],
        lobby: Vec::new(),
        muted: true,
        quality: Quality::Good,
        denied: BTreeMap::new(),
        signalling: Signalling::Up,
        notices: Notices {
            recording: off(),
            transcription: off(),
            consent: Consent::NotRequired,
        },
        dialled_at: at(1),
        connected_at: Some(at(1)),
        ended: None,
        rejoining: None,
    };
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
        talking: false,
        hand: None,
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
    }
}

/// Puts messages into the thread in front, as its complete history.
pub(crate) fn put(state: &mut State, messages: Vec<Message>) {
    let timeline = &mut thread(state).timeline;
    timeline.entries = messages.into_iter().map(Entry::Message).collect();
    timeline.complete = true;
}
