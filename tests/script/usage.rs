//! The meter: what is written down when, and what is said of it in both views.

use sidetone::effect::HistoryCommand;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::HistoryEvent;
use sidetone::model::account::AccountKind;
use sidetone::model::call::CallState;
use sidetone::model::call::EndReason;
use sidetone::model::call::RosterEntry;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::identity::Person;
use sidetone::model::locator::Locator;
use sidetone::model::message::ClientMessageId;
use sidetone::model::message::MessageId;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::usage::CallUsage;
use sidetone::model::usage::MessageUsage;
use sidetone::model::usage::Price;

use crate::play::Script;
use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::chat;
use crate::play::entry;
use crate::play::thread;

/// At a service that is paid for, and nothing is tried before joining.
fn paying(kind: AccountKind, interface: Interface) -> Script {
    let mut settings = Settings {
        interface,
        ..Settings::default()
    };
    settings.sound.precheck = false;
    alone(settings).elsewhere(kind)
}

fn stands(script: Script, state: CallState) -> Script {
    let at = at(script.seconds());
    script.then(call(CallEvent::State { state, at }))
}

fn ends(script: Script) -> Script {
    let at = at(script.seconds());
    script.then(call(CallEvent::Ended {
        reason: EndReason {
            code: 0,
            subcode: 0,
        },
        by: None,
        at,
    }))
}

pub(crate) fn sent(id: &str) -> Event {
    chat(ChatEvent::Sent {
        thread: thread(),
        client_id: ClientMessageId::new(id),
        message: MessageId::new(id),
    })
}

fn calls(script: &Script) -> Vec<CallUsage> {
    let commands = script.history_commands().into_iter();
    let calls = commands.filter_map(|command| match command {
        HistoryCommand::Call(usage) => Some(usage),
        HistoryCommand::Sent(_) => None,
    });
    calls.collect()
}

fn messages(script: &Script) -> Vec<MessageUsage> {
    let commands = script.history_commands().into_iter();
    let messages = commands.filter_map(|command| match command {
        HistoryCommand::Sent(usage) => Some(usage),
        HistoryCommand::Call(_) => None,
    });
    messages.collect()
}

fn minutes(usage: &CallUsage) -> u64 {
    usage.millis() / 60_000
}

#[test]
fn ten_minutes_of_one_external_user_and_one_in_the_vendors_client_are_ten_metered_minutes() {
    let vendors = RosterEntry {
        person: Person::new("8:orgid:alice", "Alice"),
        ..entry("Alice")
    };
    let shown = paying(AccountKind::External, Interface::FullScreen).dialled();
    let shown = stands(shown, CallState::Connected)
        .then(call(CallEvent::Roster(vec![entry("Ada"), vendors])))
        .after(600.0);
    let shown = ends(shown);
    let known = calls(&shown);
    let last = known.last().unwrap();
    assert!(last.ended && known.iter().all(|u| u.started == last.started));
    assert_eq!(minutes(last), 10);
    assert!((last.cost() - 0.04).abs() < 1e-9, "{}", last.cost());
}

#[test]
fn half_an_hour_with_three_messages_costs_as_documented_also_in_both_views() {
    for interface in [Interface::FullScreen, Interface::Linear] {
        let mut shown = paying(AccountKind::External, interface).connected();
        for id in ["1", "2", "3"] {
            shown = shown.then(sent(id));
        }
        let passed = shown.seconds();
        let shown = shown.after(1800.0 - passed);
        let cost: f64 = messages(&shown).iter().map(|m| m.price.times(1.0)).sum();
        let cost = cost + calls(&shown).last().unwrap().cost();
        assert!((cost - 0.1224).abs() < 1e-9, "{cost}");
        shown
            .forget()
            .line("/status")
            .transcript_ends("30 minutes and 3 messages cost about 0.12 USD");
    }
    let shown = paying(AccountKind::External, Interface::FullScreen)
        .connected()
        .after(780.0);
    shown.shows((120, 24), "13 min ≈ 0.05 USD");
}

#[test]
fn a_clock_that_is_set_costs_nothing_and_spares_nothing() {
    for jump in [8.0 * 3600.0, -8.0 * 3600.0] {
        let shown = paying(AccountKind::External, Interface::Linear).dialled();
        let shown = stands(shown, CallState::InLobby).after(120.0);
        let shown = stands(shown.set_clock(jump), CallState::Connected).after(480.0);
        let shown = shown.forget().line("/status");
        let said = &shown.lines.last().unwrap().text;
        assert!(said.contains("10 minutes cost about 0.04 USD"), "{said}");
        let passed = shown.seconds();
        let shown = ends(shown.after(660.0 - passed));
        let last = calls(&shown).pop().unwrap();
        assert!(last.ended);
        assert_eq!((minutes(&last), last.lobby / 60_000), (11, 2));
    }
}

#[test]
fn a_teams_user_pays_for_minutes_and_not_for_messages() {
    let shown = paying(AccountKind::Teams, Interface::Linear)
        .connected()
        .then(sent("1"))
        .after(60.0);
    assert_eq!(messages(&shown)[0].price, Price::NotMetered);
    let last = calls(&shown).pop().unwrap();
    assert!(last.price.is_metered());
}

#[test]
fn a_message_whose_answer_was_lost_or_overtaken_counts_once() {
    let shown = paying(AccountKind::External, Interface::Linear)
        .connected()
        .line("hello");
    let mut copy = crate::play::message(7, "Ada", "hello");
    copy.client_id = Some(ClientMessageId::new("run-1"));
    let shown = shown
        .then(crate::play::received(copy))
        .then(chat(ChatEvent::Sent {
            thread: thread(),
            client_id: ClientMessageId::new("run-1"),
            message: MessageId::new("7"),
        }))
        .after(60.0);
    let ids: Vec<_> = messages(&shown).into_iter().map(|m| m.message).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| *id == MessageId::new("7")));
    shown
        .line("/status")
        .transcript_ends("1 minute and 1 message cost");
}

#[test]
fn a_call_is_written_down_at_once_when_it_changes_each_minute_and_at_its_end() {
    let shown = paying(AccountKind::External, Interface::FullScreen).dialled();
    let first = calls(&shown);
    assert_eq!(first.len(), 1);
    assert!(!first[0].ended && first[0].millis() == 0);
    let shown = stands(shown.forget(), CallState::InLobby).after(150.0);
    let known = calls(&shown);
    assert_eq!(known.iter().map(minutes).collect::<Vec<_>>(), [0, 1, 2]);
    let shown = stands(shown.forget(), CallState::Connected);
    let known = calls(&shown).pop().unwrap();
    assert_eq!((known.lobby, known.hold), (150_000, 0));
    let shown = stands(shown, CallState::LocalHold).after(30.0);
    let shown = ends(stands(shown, CallState::Connected).forget());
    let known = calls(&shown);
    assert_eq!(known.len(), 1);
    assert!(known[0].ended);
    assert_eq!((known[0].lobby, known[0].hold), (150_000, 30_000));
    assert_eq!(known[0].millis(), 180_000);
    // It is over: nothing is due any more, and nothing is added.
    let shown = shown.forget().after(600.0);
    assert!(calls(&shown).is_empty());
}

#[test]
fn quitting_and_breaking_off_end_what_is_counted() {
    let shown = paying(AccountKind::External, Interface::FullScreen)
        .connected()
        .after(120.0)
        .forget()
        .line("/quit");
    let known = calls(&shown);
    assert!(known.last().is_some_and(|u| u.ended), "{known:?}");
    assert!(shown.state.quitting);

    let lost = call(CallEvent::Ended {
        reason: EndReason {
            code: 410,
            subcode: 3100,
        },
        by: None,
        at: at(60.0),
    });
    let shown = paying(AccountKind::External, Interface::FullScreen)
        .connected()
        .after(60.0)
        .then(lost)
        .forget()
        .after(5.0)
        .then(call(CallEvent::Rejoining { attempt: 1 }));
    let known = calls(&shown);
    // A stay of its own: what lay between is not paid.
    assert_eq!(
        (known.len(), known[0].ended, known[0].millis()),
        (1, false, 0)
    );
}

#[test]
fn waiting_in_the_lobby_says_what_it_costs_in_both_views() {
    for interface in [Interface::FullScreen, Interface::Linear] {
        let shown = paying(AccountKind::External, interface).dialled();
        let shown = stands(shown.forget(), CallState::InLobby).after(125.0);
        shown
            .transcript([
                "Call: waiting in the lobby. Waiting costs about 0.004 USD a minute.",
                "Call: waiting in the lobby. 1 minute so far, about 0.004 USD. /leave ends it.",
                "Call: waiting in the lobby. 2 minutes so far, about 0.008 USD. /leave ends it.",
            ])
            .shows((120, 24), "waiting costs too · /leave");
    }
    let shown = paying(AccountKind::External, Interface::FullScreen).dialled();
    stands(shown.forget(), CallState::InLobby)
        .after(125.0)
        .shows((60, 16), "2 minutes so far, about 0.008");
}

#[test]
fn a_meeting_on_this_machine_is_counted_costs_nothing_and_says_so() {
    let shown = alone(Settings::default())
        .connected()
        .then(sent("1"))
        .after(600.0);
    assert!(messages(&shown).iter().all(|m| !m.price.is_metered()));
    // Nobody pays for the minute that a crash would lose: nothing wakes for it.
    assert!(calls(&shown).is_empty());
    let shown = ends(shown);
    let last = calls(&shown).pop().unwrap();
    assert_eq!(
        (last.price.clone(), minutes(&last)),
        (Price::NotMetered, 10)
    );
    let shown = alone(Settings::default()).connected().line("/status");
    shown.transcript_ends("not metered").no_status("≈");
    // The same service on another machine, joined by its own link.
    let link = "https://meet.example/l/meetup-join/19%3ameeting_a%40thread.v2/0?context=%7b%22Tid%22%3a%22a%22%2c%22Oid%22%3a%22b%22%7d";
    let own = Locator::parse(link, Some("https://meet.example")).unwrap();
    let shown = paying(AccountKind::External, Interface::Linear).begin(own);
    assert_eq!(calls(&shown)[0].price, Price::NotMetered);
}

#[test]
fn whether_anything_is_metered_can_be_said_by_the_person() {
    let shown = alone(Settings::default())
        .line("/set metered always")
        .dialled();
    assert!(calls(&shown)[0].price.is_metered());
    let shown = paying(AccountKind::External, Interface::Linear)
        .line("/set metered never")
        .line("/set price_per_minute -1")
        .transcript_ends("price_per_minute takes")
        .line("/set prices_as_of yesterday")
        .transcript_ends("prices_as_of takes a day like")
        .dialled();
    assert_eq!(calls(&shown)[0].price, Price::NotMetered);
}

/// What is counted is written again, or cannot be.
pub(crate) fn stored(kept: bool) -> Event {
    Event::History(if kept {
        HistoryEvent::Kept
    } else {
        HistoryEvent::Failed(Failure {
            doing: Doing::CountingUsage,
            because: Because::Local {
                detail: "the disk is full".to_owned(),
            },
            remedy: Remedy::None,
        })
    })
}

#[test]
fn that_nothing_can_be_written_down_is_said_and_everything_goes_on() {
    for interface in [Interface::FullScreen, Interface::Linear] {
        paying(AccountKind::External, interface)
            .connected()
            .then(stored(false))
            .after(20.0)
            .then(stored(true))
            .after(20.0)
            .transcript([
                "Error: could not write down what is used: the disk is full. Calls and chat go on.",
                "What is used is written down again.",
            ])
            .line("hello")
            .shows((60, 16), "hello");
    }
}
