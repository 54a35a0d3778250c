//! Whatever is pressed and whatever arrives: nothing breaks, nothing spins, notices stay true.

use proptest::prelude::*;
use sidetone::event::CallEvent;
use sidetone::event::Event;
use sidetone::event::SoundEvent;
use sidetone::event::TerminalEvent;
use sidetone::model::account::AccountKind;
use sidetone::model::call::CallState;
use sidetone::model::call::Role;
use sidetone::model::notice::Consent;
use sidetone::model::notice::NoticeKind;
use sidetone::model::settings::KeyMapName;
use sidetone::model::settings::Settings;
use sidetone::model::sound::Direction;
use sidetone::model::sound::PushToTalk;
use sidetone::model::thread::Link;
use sidetone::model::turn::TurnKind;

use crate::play::Script;
use crate::play::at;
use crate::play::call;
use crate::play::entry;
use crate::play::link;
use crate::play::message;
use crate::play::notice;
use crate::play::person;
use crate::play::received;
use crate::play::says;
use crate::play::state;
use crate::play::with;

#[derive(Debug, Clone)]
enum Step {
    Keys(&'static str),
    Words(String),
    Line(&'static str),
    Happens(Happening),
    Wait(f64),
    Resize(u16, u16),
}

#[derive(Debug, Clone)]
enum Happening {
    Says(u64, &'static str),
    Mine(u64),
    Notice(bool),
    Consent(bool),
    Lost,
    Back,
    Ended(u32, u32),
    Rejoining,
    State(CallState),
    Role(Role),
    Joins(&'static str),
    Leaves(&'static str),
    Lobby(bool),
    Muted(bool),
    Link(bool),
    Turn(bool, &'static str, bool),
    Devices(bool),
    Opened(bool),
    DeviceLost,
    Loud,
    SpaceUp,
    Focus(bool),
    Measured(u8),
    Stored(bool),
    Sent(u64),
}

const CHORDS: &[&str] = &[
    "Enter",
    "Space",
    "Esc",
    "Tab",
    "Up",
    "Down",
    "End",
    "PageUp",
    "PageDown",
    "Backspace",
    "Ctrl-T",
    "Ctrl-O",
    "Ctrl-P",
    "Ctrl-G",
    "Ctrl-G ?",
    "Ctrl-G e",
    "Ctrl-G r",
    "Ctrl-G d",
    "Ctrl-G @",
    "Ctrl-G u",
    "Ctrl-J",
    "Ctrl-C",
    "Ctrl-W",
    "Ctrl-U",
    "Ctrl-Y",
    "y",
    "n",
    "d d",
    "d w",
    "o",
    "p",
    "x",
    "u",
    "b",
    "$",
    "A",
    "G",
    "Ctrl-D",
];

const LINES: &[&str] = &[
    "/status",
    "/who",
    "/last 3",
    "/unread",
    "/mute",
    "/raise",
    "/admit",
    "/leave",
    "/join",
    "/end",
    "/consent yes",
    "/consent no",
    "/consent",
    "/ack",
    "/quiet",
    "/linear",
    "/fullscreen",
    "/retry",
    "/refresh",
    "/markread",
    "/search e",
    "/next",
    "/keymap vim",
    "/keymap plain",
    "/delete",
    "/edit",
    "/reply",
    "/open",
    "/copy",
    "/set pace 60",
    "/verbosity 3",
    "/captions",
    "/can",
    "/text yes, I will",
    "/ptt hold",
    "/ptt toggle",
    "/ptt off",
    "/talk",
    "/deafen",
    "/levels",
    "/devices",
    "/devices input none",
    "/devices input default",
    "/volume Bob 50",
    "/stats",
    "/testtone",
    "/unmute",
    "/wrong",
    "hello",
];

fn happening() -> impl Strategy<Value = Happening> {
    let names = prop_oneof![Just("Alice"), Just("Bob"), Just("Carol"), Just("Ada")];
    let states = prop_oneof![
        Just(CallState::Connecting),
        Just(CallState::InLobby),
        Just(CallState::Connected),
        Just(CallState::LocalHold),
        Just(CallState::Disconnected),
    ];
    prop_oneof![
        4 => (1..40_u64, names.clone()).prop_map(|(id, name)| Happening::Says(id, name)),
        1 => (1..40_u64).prop_map(Happening::Mine),
        2 => any::<bool>().prop_map(Happening::Notice),
        1 => any::<bool>().prop_map(Happening::Consent),
        1 => Just(Happening::Lost),
        1 => Just(Happening::Back),
        1 => prop_oneof![Just((410, 3100)), Just((0, 5000)), Just((0, 0))].prop_map(|(c, s)| Happening::Ended(c, s)),
        1 => Just(Happening::Rejoining),
        1 => states.prop_map(Happening::State),
        1 => prop_oneof![Just(Role::Organizer), Just(Role::Attendee)].prop_map(Happening::Role),
        2 => names.clone().prop_map(Happening::Joins),
        1 => names.prop_map(Happening::Leaves),
        1 => any::<bool>().prop_map(Happening::Lobby),
        1 => any::<bool>().prop_map(Happening::Muted),
        1 => any::<bool>().prop_map(Happening::Link),
        2 => (any::<bool>(), prop_oneof![Just("Bob"), Just("Ada")], any::<bool>())
            .prop_map(|(caption, name, done)| Happening::Turn(caption, name, done)),
        1 => any::<bool>().prop_map(Happening::Devices),
        1 => any::<bool>().prop_map(Happening::Opened),
        1 => Just(Happening::DeviceLost),
        1 => Just(Happening::Loud),
        1 => Just(Happening::SpaceUp),
        1 => any::<bool>().prop_map(Happening::Focus),
        1 => any::<u8>().prop_map(Happening::Measured),
        1 => any::<bool>().prop_map(Happening::Stored),
        1 => (1..9_u64).prop_map(Happening::Sent),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::sample::select(CHORDS).prop_map(Step::Keys),
        2 => "[a-z @\u{e9}\u{1f469}/]{0,6}".prop_map(Step::Words),
        3 => prop::sample::select(LINES).prop_map(Step::Line),
        6 => happening().prop_map(Step::Happens),
        2 => (0..40_u8).prop_map(|t| Step::Wait(f64::from(t) / 4.0)),
        1 => (1..120_u16, 1..40_u16).prop_map(|(c, r)| Step::Resize(c, r)),
    ]
}

fn event(happening: Happening) -> Event {
    match happening {
        Happening::Says(id, name) => says(id, name, "e, Ada?"),
        Happening::Mine(id) => received(message(id, "Ada", "mine")),
        Happening::Notice(on) => notice(NoticeKind::Recording, on),
        Happening::Consent(asked) => call(CallEvent::ConsentRequired(asked)),
        Happening::Lost => call(CallEvent::SignallingLost { at: at(0.0) }),
        Happening::Back => call(CallEvent::SignallingBack { at: at(1.0) }),
        Happening::Ended(code, subcode) => crate::call::ended(code, subcode),
        Happening::Rejoining => call(CallEvent::Rejoining { attempt: 1 }),
        Happening::State(new) => state(new),
        Happening::Role(role) => call(CallEvent::Role(role)),
        Happening::Joins(name) => call(CallEvent::RosterChanged(entry(name))),
        Happening::Leaves(name) => call(CallEvent::RosterLeft(person(name).id)),
        Happening::Lobby(waits) => {
            let people = waits.then(|| person("Erin")).into_iter().collect();
            call(CallEvent::Lobby(people))
        }
        Happening::Muted(muted) => call(CallEvent::Muted { muted, by: None }),
        Happening::Turn(caption, name, done) => crate::words::turn(
            if caption {
                TurnKind::Caption
            } else {
                TurnKind::Text
            },
            1,
            name,
            "so it is. And",
            done,
        ),
        Happening::Devices(true) => crate::sound::devices(),
        Happening::Devices(false) => crate::sound::unavailable(),
        Happening::Opened(speaker) if speaker => {
            crate::sound::opened(Direction::Playback, "Speakers")
        }
        Happening::Opened(_) => crate::sound::opened(Direction::Capture, "Built-in"),
        Happening::DeviceLost => Event::Sound(SoundEvent::Lost {
            direction: Direction::Capture,
            device: "Built-in".to_owned(),
        }),
        Happening::Loud => Event::Sound(SoundEvent::SpeakingWhileMuted),
        Happening::SpaceUp => crate::sound::released(),
        Happening::Focus(focused) => Event::Terminal(TerminalEvent::Focused(focused)),
        Happening::Measured(lost) => crate::sound::measured(f32::from(lost), 20),
        Happening::Stored(kept) => crate::usage::stored(kept),
        Happening::Sent(id) => crate::usage::sent(&format!("run-{id}")),
        Happening::Link(live) if live => link(Link::Live),
        Happening::Link(_) => link(Link::Reconnecting),
    }
}

/// An open microphone is one that everything agrees to.
fn may_be_heard(script: &Script) -> bool {
    let state = &script.state;
    let talks = state.settings.sound.push_to_talk == PushToTalk::Off || state.sound.talk.is_open();
    let agreed = |consent| matches!(consent, Consent::NotRequired | Consent::Granted);
    state.call().is_some_and(|call| {
        let connected = call.is_live() && call.state == CallState::Connected;
        connected && !call.muted && agreed(call.notices.consent) && talks
    })
}

fn play(script: Script, step: Step) -> Script {
    match step {
        Step::Keys(keys) => script.press(keys),
        Step::Words(words) => script.typed(&words),
        Step::Line(line) => script.line(line),
        Step::Happens(what) => script.then(event(what)),
        Step::Wait(seconds) => script.after(seconds),
        Step::Resize(columns, rows) => {
            script.then(Event::Terminal(TerminalEvent::Resized { columns, rows }))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_breaks_and_nothing_spins(
        vim in any::<bool>(),
        paid in 0..3_usize,
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let keys = if vim { KeyMapName::Vim } else { KeyMapName::Plain };
        let settings = Settings { keys, ..Settings::default() };
        let mut settings = settings;
        settings.sound.precheck = false;
        let kinds = [AccountKind::External, AccountKind::Teams];
        let script = with(settings);
        let script = match paid {
            0 => script,
            kind => script.elsewhere(kinds[kind - 1]),
        };
        let mut script = script.sounding().connected().then(crate::sound::devices());
        for step in steps {
            script = play(script, step);
            if crate::sound::is_muted(&script) == Some(false) {
                prop_assert!(may_be_heard(&script), "{:?}", script.state.call());
            }
            let recorded = script.state.call().is_some_and(|c| {
                c.is_live() && c.notices.recording.state.is_active()
            });
            if recorded {
                script = script.status("REC");
            }
        }
        script.after(700.0);
    }
}
