//! When lines are said: hold, quiet window, budget, summaries.

use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::model::announcement::Class;
use sidetone::model::call::CallState;
use sidetone::model::call::Reaction;
use sidetone::model::call::Role;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::notice::NoticeKind::Recording;
use sidetone::model::notice::NoticeKind::Transcription;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::Link;
use sidetone::model::thread::ThreadId;
use sidetone::model::thread::ThreadInfo;

use crate::play::alone;
use crate::play::call;
use crate::play::chat;
use crate::play::entry;
use crate::play::linear;
use crate::play::link;
use crate::play::message;
use crate::play::notice;
use crate::play::person;
use crate::play::says;
use crate::play::script;
use crate::play::state;
use crate::play::stated;
use crate::play::thread;
use crate::play::told;
use crate::play::with;

#[test]
fn a_message_is_said_at_once() {
    script()
        .then(says(1, "Alice", "good morning"))
        .transcript(["Alice: good morning"])
        .bells(0);
}

#[test]
fn lines_wait_for_the_pause_and_keep_their_order() {
    let held = script()
        .typed("hm")
        .then(says(1, "Alice", "one"))
        .then(says(2, "Bob", "two"))
        .then(says(3, "Alice", "Ada, three"));
    assert!(held.lines.is_empty());
    let pause = held.seconds() + 1.5;
    let shown =
        held.after(3.0)
            .transcript(["Alice: one", "Bob: two", "Mention, Alice: Ada, three"]);
    let times: Vec<_> = shown.lines.iter().map(|l| l.seconds - pause).collect();
    for (time, expected) in times.iter().zip([0.0, 0.15, 0.3]) {
        assert!((time - expected).abs() < 0.001, "{times:?}");
    }
}

#[test]
fn nothing_polite_follows_a_notice_too_soon() {
    let shown = script()
        .connected()
        .then(notice(Recording, true))
        .then(says(1, "Alice", "hello"));
    let start = shown.seconds();
    let shown = shown.after(5.0);
    let gap = shown.lines[1].seconds - start;
    assert!((0.3 + 3.0 * 0.25..=3.0).contains(&gap), "{gap}");
}

#[test]
fn who_asks_is_answered_in_the_quiet_window_too() {
    script()
        .connected()
        .then(notice(Recording, true))
        .line("/quiet off")
        .transcript(["Notice: recording started.", "No longer quiet."]);
}

#[test]
fn one_breath_is_one_line() {
    script()
        .typed("x")
        .then(says(1, "Alice", "first."))
        .then(says(2, "Alice", "second."))
        .then(says(3, "Bob", "+1"))
        .then(says(4, "Bob", "+1"))
        .after(4.0)
        .transcript(["Alice: first. second.", "Bob: +1, 2 times."]);
}

#[test]
fn a_flood_stays_within_the_budget_and_loses_no_mention() {
    let mut flood = linear();
    let start = flood.seconds();
    for n in 0..200_u64 {
        let from = ["Alice", "Bob", "Carol", "Dave"][usize::try_from(n % 4).unwrap()];
        let words = if n % 20 == 7 {
            format!("Ada, look at number {n}")
        } else {
            format!("this is message number {n} of the flood")
        };
        flood = flood.then(says(n + 1, from, &words)).after(0.05);
    }
    let within: Vec<_> = flood
        .lines
        .iter()
        .filter(|l| l.seconds - start <= 10.0)
        .collect();
    let mentions = |lines: &[&crate::play::Line]| {
        lines
            .iter()
            .filter(|l| l.text.starts_with("Mention,"))
            .count()
    };
    let words: usize = within
        .iter()
        .filter(|l| !l.text.starts_with("Mention,"))
        .map(|l| l.text.split_whitespace().count())
        .sum();
    assert!(words <= 80 + 25, "{words} words in ten seconds");
    assert!(words >= 25, "{words} words in ten seconds");
    let shown = flood.after(60.0);
    let all: Vec<_> = shown.lines.iter().collect();
    assert_eq!(mentions(&all), 10);
    let counted: usize = all
        .iter()
        .filter_map(|l| l.text.split_once(" new message"))
        .map(|(count, _)| count.parse::<usize>().unwrap())
        .sum();
    let said = all
        .iter()
        .filter(|l| l.text.contains("this is message"))
        .count();
    assert!(counted > 100, "{counted} counted, {said} said");
    let summary = all
        .iter()
        .find(|l| l.text.contains("new messages"))
        .unwrap();
    assert!(summary.text.contains(" in design from "), "{summary:?}");
    let unread = shown.forget().line("/unread");
    let told = unread
        .lines
        .iter()
        .filter(|l| l.text.contains("this is message"));
    assert!(told.count() >= 100 && unread.lines.iter().all(|l| l.class == Class::Answer));
}

#[test]
fn the_first_five_come_by_name_then_they_are_counted() {
    let mut shown = script().connected();
    for name in ["Carol", "Dave", "Erin", "Fay", "Gil", "Hal", "Ivy", "Jo"] {
        shown = shown
            .then(call(CallEvent::RosterChanged(entry(name))))
            .after(1.0);
    }
    shown.after(30.0).transcript([
        "Call: Carol joined, 4 people.",
        "Call: Dave joined, 5 people.",
        "Call: Erin joined, 6 people.",
        "Call: Fay joined, 7 people.",
        "Call: Gil joined, 8 people.",
        "Call: 3 joined, 11 people.",
    ]);
}

#[test]
fn verbosity_and_settings_choose_the_class() {
    let settings = Settings {
        verbosity: 1,
        ..Settings::default()
    };
    with(settings)
        .then(says(1, "Alice", "hello"))
        .then(says(2, "Alice", "Ada, hello"))
        .after(5.0)
        .transcript(["Mention, Alice: Ada, hello"])
        .bells(1);
}

#[test]
fn the_bell_rings_at_most_each_two_seconds() {
    script()
        .then(says(1, "Alice", "Ada, one"))
        .after(0.5)
        .then(says(2, "Alice", "Ada, two"))
        .after(2.0)
        .then(says(3, "Alice", "Ada, three"))
        .after(1.0)
        .bells(2);
}

#[test]
fn long_typing_loses_nothing() {
    let mut shown = script();
    for n in 1..=5 {
        shown = shown
            .typed("a")
            .then(says(n, "Alice", &format!("line {n}")))
            .after(1.0);
    }
    assert!(shown.lines.is_empty());
    let shown = shown.after(5.0);
    let said: String = shown.lines.iter().map(|l| l.text.clone() + "\n").collect();
    for n in 1..=5 {
        assert!(said.contains(&format!("line {n}")), "{said}");
    }
}

#[test]
fn who_waits_in_the_lobby_blocks_nothing() {
    let lobby = |names: &[&str]| {
        let people = names.iter().map(|n| person(n)).collect();
        call(CallEvent::Lobby(people))
    };
    script()
        .connected_as(Role::Organizer)
        .then(lobby(&["Erin"]))
        .after(5.0)
        .then(lobby(&["Erin", "Finn"]))
        .then(says(1, "Alice", "hello"))
        .after(10.0)
        .transcript(["Lobby: Erin is waiting. /admit Erin", "Alice: hello"])
        .forget()
        .after(60.0)
        .transcript(["Lobby: Erin and Finn are waiting. /admit"]);
}

#[test]
fn who_was_let_in_hears_at_once_of_who_waits_behind_them() {
    for shown in [script(), linear()] {
        let people = vec![person("Erin")];
        let shown = shown
            .dialled()
            .then(state(CallState::InLobby))
            .after(5.0)
            .then(state(CallState::Connected))
            .then(call(CallEvent::Role(Role::Presenter)))
            .after(5.0)
            .then(call(CallEvent::Lobby(people)))
            .after(5.0);
        told(shown, "Lobby: Erin is waiting. /admit Erin");
    }
}

#[test]
fn chat_waits_for_the_notices_of_a_call_just_joined() {
    let joined = script()
        .dialled()
        .then(state(CallState::Connected))
        .forget()
        .then(says(1, "Alice", "hello"))
        .transcript([]);
    joined
        .then(stated(Recording, true, true))
        .then(stated(Transcription, false, true))
        .after(4.0)
        .transcript(["Notice: this meeting is being recorded.", "Alice: hello"]);
}

#[test]
fn a_mention_elsewhere_says_where() {
    let other = ThreadId::new("19:budget@thread.v2");
    let info = ThreadInfo {
        id: other.clone(),
        topic: "budget".to_owned(),
        participants: Vec::new(),
    };
    script()
        .then(chat(ChatEvent::ThreadRead(info)))
        .then(chat(ChatEvent::MessageReceived {
            thread: other.clone(),
            message: message(1, "Bob", "nothing for you"),
        }))
        .then(chat(ChatEvent::MessageReceived {
            thread: other,
            message: message(2, "Bob", "Ada, please"),
        }))
        .after(3.0)
        .transcript(["Mention, Bob in budget: Ada, please"])
        .shows((120, 20), "Mention, Bob in budget: Ada, please");
}

#[test]
fn what_happens_around_the_talk_is_said_and_stands_on_the_screen() {
    let access = |access| {
        chat(ChatEvent::Access {
            thread: thread(),
            access,
        })
    };
    let denied = ChatAccess::Denied(Failure {
        doing: Doing::OpeningThread,
        because: Because::Forbidden,
        remedy: Remedy::None,
    });
    let elsewhere = chat(ChatEvent::MessageReceived {
        thread: ThreadId::new("19:budget@thread.v2"),
        message: message(1, "Bob", "nothing for you"),
    });
    let topic = chat(ChatEvent::TopicChanged {
        thread: thread(),
        topic: "budget".to_owned(),
        by: Some(person("Carol")),
    });
    let reaction = call(CallEvent::Reaction {
        person: person("Bob"),
        reaction: Reaction::Like,
    });
    let cases = [
        (vec![call(CallEvent::HandedOn)], "you were handed on"),
        (vec![reaction], "Call: Bob reacted thumbs up."),
        (vec![topic], "Carol changed the topic to budget."),
        (vec![elsewhere], "1 new in "),
        (
            vec![link(Link::Polling)],
            "Chat: messages do not come by themselves here.",
        ),
        (
            vec![access(denied), access(ChatAccess::Open)],
            "Chat: open, you can read and write.",
        ),
    ];
    for (events, words) in cases {
        for interface in [Interface::Linear, Interface::FullScreen] {
            let settings = Settings {
                interface,
                verbosity: 3,
                ..Settings::default()
            };
            let shown = events
                .iter()
                .cloned()
                .fold(with(settings).connected().quietly(), |shown, event| {
                    shown.then(event).after(40.0)
                });
            let last = shown.lines.last().map(|line| line.text.as_str());
            assert!(last.is_some_and(|last| last.contains(words)), "{last:?}");
            shown.shows((120, 20), words);
        }
    }
}

#[test]
fn the_linear_view_reads_message_by_message() {
    linear()
        .then(says(1, "Alice", "one"))
        .then(says(2, "Bob", "two"))
        .quietly()
        .press("PageUp PageUp")
        .transcript(["Bob: two", "Alice: one"])
        .press("PageDown")
        .transcript(["Bob: two", "Alice: one", "Bob: two"]);
}

#[test]
fn a_flood_while_typing_takes_bounded_room_and_is_counted() {
    let mut shown = linear().typed("h");
    for n in 1..=5000 {
        shown = shown.then(says(
            n,
            ["Alice", "Bob"][usize::from(n % 2 == 0)],
            "many words here",
        ));
    }
    assert!(shown.lines.is_empty());
    let shown = shown.after(10.0);
    let counted: usize = shown
        .lines
        .iter()
        .filter_map(|l| l.text.split_once(" new message"))
        .map(|(count, _)| count.parse::<usize>().unwrap())
        .sum();
    assert!(counted > 4000, "{:?}", shown.lines);
}

#[test]
fn whoever_was_let_in_at_once_is_not_told_afterwards_that_they_wait() {
    alone(Settings::default())
        .dialled()
        .press("h")
        .then(state(CallState::InLobby))
        .then(state(CallState::Connected))
        .after(20.0)
        .transcript(["Call: you were admitted."]);
}

#[test]
fn an_error_is_not_typed_away_before_it_can_be_read() {
    script()
        .connected()
        .typed("my dra")
        .then(failed())
        .after(1.0)
        .typed("ft")
        .status("no answer in time")
        .after(2.0)
        .typed("!")
        .no_status("no answer in time");
}

fn failed() -> Event {
    call(CallEvent::ActionFailed(Failure {
        doing: Doing::CallAction,
        because: Because::Timeout,
        remedy: Remedy::None,
    }))
}

#[test]
fn an_error_keeps_its_row_until_a_key_is_pressed_or_something_as_urgent_comes() {
    script()
        .connected()
        .then(failed())
        .status("no answer in time")
        .then(call(CallEvent::Reaction {
            person: person("Bob"),
            reaction: Reaction::Like,
        }))
        .then(call(CallEvent::RosterChanged(entry("Erin"))))
        .then(stated(Recording, true, false))
        .after(10.0)
        .status("no answer in time")
        .line("/quiet")
        .no_status("no answer in time")
        .status("Quiet.");
}
