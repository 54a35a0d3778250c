//! The rules of accessibility 2.2 to 2.5, with time as a number.

use super::*;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Sender;
use crate::model::notice::NoticeKind;

fn at(seconds: f64) -> Moment {
    Moment::from_nanos(1_000_000_000_000) + Duration::from_secs_f64(seconds)
}

fn message(name: &str, text: &str) -> Said {
    Said::Message {
        sender: Sender {
            name: name.to_owned(),
            external: false,
            mine: false,
        },
        texts: vec![text.to_owned()],
        times: 1,
        mention: false,
        thread: None,
    }
}

fn mention(text: &str) -> Said {
    let Said::Message {
        sender,
        texts,
        times,
        ..
    } = message("Carol", text)
    else {
        unreachable!()
    };
    Said::Message {
        sender,
        texts,
        times,
        mention: true,
        thread: None,
    }
}

fn account() -> AccountId {
    AccountId::new("external:ada")
}

fn recording() -> Said {
    recording_of(account())
}

fn recording_of(account: AccountId) -> Said {
    Said::Notice {
        account,
        kind: NoticeKind::Recording,
        change: NoticeChange::Started { by: None },
        again: false,
    }
}

fn is_again(said: &Said) -> bool {
    matches!(said, Said::Notice { again: true, .. })
}

/// Runs the announcer by its own deadlines until `end`, giving what was said and when.
fn play(announcer: &mut Announcer, end: f64) -> Vec<(f64, Said)> {
    let mut said = Vec::new();
    let mut now = announcer.deadline().unwrap_or(at(end));
    while now <= at(end) {
        now = now.max(at(0.0));
        for due in announcer.release(now) {
            said.push((now.since(at(0.0)).as_secs_f64(), due.said));
        }
        match announcer.deadline() {
            Some(next) if next > now => now = next,
            Some(_) => now = now + Duration::from_millis(1),
            None => break,
        }
    }
    said
}

fn offer(announcer: &mut Announcer, said: Said, seconds: f64) {
    announcer.offer(said, &Settings::default(), at(seconds));
}

#[test]
fn a_notice_is_released_at_once_while_typing_and_in_quiet() {
    let mut a = Announcer::default();
    a.quiet(true);
    a.key_pressed(at(0.0));
    offer(&mut a, recording(), 0.01);
    assert_eq!(a.release(at(0.01)).len(), 1);
}

#[test]
fn chat_waits_while_a_person_types_and_comes_in_order_at_the_pause() {
    let mut a = Announcer::default();
    a.key_pressed(at(0.0));
    for text in ["one", "two", "three"] {
        offer(&mut a, message(text, text), 0.1);
    }
    assert!(a.release(at(1.4)).is_empty());
    let said = play(&mut a, 5.0);
    let times: Vec<f64> = said
        .iter()
        .map(|(t, _)| (t * 100.0).round() / 100.0)
        .collect();
    assert_eq!(times, [1.5, 1.65, 1.8]);
    assert_eq!(said[2].1, message("three", "three"));
}

#[test]
fn a_notice_opens_a_quiet_window_that_a_command_closes() {
    let mut a = Announcer::default();
    offer(&mut a, recording(), 0.0);
    a.release(at(0.0));
    offer(&mut a, message("Bob", "hi"), 0.1);
    assert!(a.release(at(0.5)).is_empty());
    a.command_given();
    assert_eq!(a.release(at(0.5)).len(), 1);
}

#[test]
fn a_notice_that_was_typed_over_comes_again_at_the_first_pause() {
    let mut a = Announcer::default();
    offer(&mut a, recording(), 0.0);
    a.release(at(0.0));
    a.key_pressed(at(0.5));
    a.key_pressed(at(1.0));
    let said = play(&mut a, 10.0);
    assert!(
        is_again(&said[0].1) && (said[0].0 - 2.5).abs() < 0.01,
        "{:?}",
        said[0].0
    );
}

#[test]
fn a_notice_repeats_after_20_and_60_seconds_and_each_5_minutes_until_acknowledged() {
    let mut a = Announcer::default();
    offer(&mut a, recording(), 0.0);
    a.release(at(0.0));
    let times: Vec<f64> = play(&mut a, 700.0).iter().map(|(t, _)| t.round()).collect();
    assert_eq!(times, [20.0, 80.0, 380.0, 680.0]);
    assert!(a.acknowledge());
    assert!(!a.acknowledge());
    assert_eq!(a.deadline(), None);
}

#[test]
fn a_stopped_recording_is_not_repeated() {
    let mut a = Announcer::default();
    offer(&mut a, recording(), 0.0);
    a.release(at(0.0));
    let change = NoticeChange::Stopped { by: None };
    offer(
        &mut a,
        Said::Notice {
            account: account(),
            kind: NoticeKind::Recording,
            change,
            again: false,
        },
        1.0,
    );
    assert_eq!(play(&mut a, 900.0).len(), 1);
}

#[test]
fn each_call_repeats_its_own_notices_until_all_are_acknowledged() {
    let other = AccountId::new("teams:ada");
    let of = |said: &[(f64, Said)], account: &AccountId| {
        let is = |s: &&(f64, Said)| matches!(&s.1, Said::Notice { account: a, .. } if a == account);
        said.iter().filter(is).count()
    };
    let mut a = Announcer::default();
    offer(&mut a, recording(), 0.0);
    offer(&mut a, recording_of(other.clone()), 1.0);
    a.release(at(1.0));
    let said = play(&mut a, 30.0);
    assert_eq!((of(&said, &account()), of(&said, &other)), (1, 1));
    a.call_ended(&other);
    let said = play(&mut a, 100.0);
    assert_eq!((of(&said, &account()), of(&said, &other)), (1, 0));
    offer(&mut a, recording_of(other), 100.0);
    a.release(at(100.0));
    assert!(a.acknowledge());
    assert_eq!(a.deadline(), None);
}

#[test]
fn a_flood_stays_in_its_budget_and_every_mention_is_said() {
    let mut a = Announcer::default();
    let mut said = Vec::new();
    for n in 0..200_u32 {
        let seconds = f64::from(n) * 0.05;
        let name = format!("Name{}", n % 7);
        let text = format!("message {n} with some words");
        offer(
            &mut a,
            if n % 40 == 20 {
                mention(&text)
            } else {
                message(&name, &text)
            },
            seconds,
        );
        said.extend(a.release(at(seconds)).into_iter().map(|d| d.said));
    }
    let mentions = said
        .iter()
        .filter(|s| matches!(s, Said::Message { mention: true, .. }))
        .count();
    assert_eq!(mentions, 5);
    let words: u32 = said.iter().filter(|s| budgeted(s)).map(class::words).sum();
    assert!(words <= 105, "{words} words in 10 seconds");
    assert!(said.iter().any(|s| matches!(s, Said::Summary { .. })));
    let counted = a.take_unread().len();
    assert!(counted > 100, "{counted} lines for /unread");
}

/// Thirteen messages in as many seconds, as people talk when a meeting begins.
#[test]
fn a_lively_conversation_is_said_line_by_line_without_delay() {
    let lines = [
        (2.0, "Alice", "good morning everyone"),
        (3.5, "Bob", "the build is green again"),
        (5.0, "Carol", "lunch is moved to half past one"),
        (6.5, "Alice", "can somebody check ticket four hundred"),
        (8.0, "Bob", "I will look at it after standup"),
        (9.5, "Carol", "somebody please review my patch"),
        (
            11.0,
            "Alice",
            "the quarterly planning document has a new section about hiring and travel \
             so please read it before the meeting starts on Thursday afternoon",
        ),
        (13.0, "Dave", "hello I am new here"),
        (15.0, "Bob", "welcome dave"),
        (15.2, "Alice", "glad you could make it"),
        (15.4, "Carol", "your desk is next to mine"),
        (15.6, "Bob", "the coffee machine is broken today"),
        (15.8, "Alice", "somebody is coming to repair it"),
    ];
    let mut a = Announcer::default();
    for (seconds, name, text) in lines {
        offer(&mut a, message(name, text), seconds);
        let said: Vec<Said> = a
            .release(at(seconds))
            .into_iter()
            .map(|due| due.said)
            .collect();
        assert_eq!(said, [message(name, text)], "at {seconds} s");
    }
}

#[test]
fn a_short_message_after_a_long_one_is_said_and_not_counted() {
    let mut a = Announcer::default();
    offer(&mut a, message("Bob", &"word ".repeat(200)), 0.0);
    a.release(at(0.0));
    let question = || message("Carol", "what do you think of it all and who will begin");
    offer(&mut a, question(), 1.0);
    let (seconds, said) = play(&mut a, 10.0).remove(0);
    assert!(said == question() && seconds < 8.0, "{seconds}");
}

#[test]
fn a_repeat_waits_until_another_notice_is_read_out() {
    let mut a = Announcer::default();
    let transcription = Said::Notice {
        account: account(),
        kind: NoticeKind::Transcription,
        change: NoticeChange::Started { by: None },
        again: false,
    };
    offer(&mut a, recording(), 0.0);
    a.release(at(0.0));
    a.key_pressed(at(1.0));
    offer(&mut a, transcription, 2.4);
    a.release(at(2.4));
    // The pause is over at 2.5 s, the three words of the notice at 3.45 s.
    let (seconds, said) = play(&mut a, 10.0).remove(0);
    assert!(
        is_again(&said) && (seconds - 3.45).abs() < 0.01,
        "{seconds}"
    );
}

#[test]
fn a_summary_of_summaries_counts_nobody_twice() {
    let mut a = Announcer::default();
    let people = ["Alice", "Bob", "Carol", "Dave"];
    for n in 0..3 * QUEUED {
        offer(&mut a, message(people[n % 4], &format!("message {n}")), 1.0);
    }
    let said = play(&mut a, 60.0);
    let summary = said.iter().find_map(|(_, said)| match said {
        Said::Summary { names, others, .. } => Some((names.len(), others.len())),
        _ => None,
    });
    assert_eq!(summary, Some((2, 2)));
}

#[test]
fn one_breath_is_one_line_and_equal_lines_are_counted() {
    let mut a = Announcer::default();
    a.key_pressed(at(0.0));
    offer(&mut a, message("Alice", "first"), 0.1);
    offer(&mut a, message("Alice", "second"), 0.2);
    offer(&mut a, message("Bob", "+1"), 0.3);
    offer(&mut a, message("Bob", "+1"), 0.4);
    let said = play(&mut a, 3.0);
    assert!(matches!(&said[0].1, Said::Message { texts, .. } if texts.len() == 2));
    assert!(matches!(&said[1].1, Said::Message { times: 2, .. }));
}

#[test]
fn a_short_loss_is_not_said_and_a_long_one_grows_urgent() {
    let mut a = Announcer::default();
    offer(&mut a, Said::ConnectionLost, 0.0);
    a.link_restored();
    offer(
        &mut a,
        Said::ConnectionBack {
            seconds: 1,
            missed: 0,
        },
        1.0,
    );
    assert!(play(&mut a, 5.0).is_empty());
    offer(&mut a, Said::ConnectionLost, 10.0);
    let times: Vec<f64> = play(&mut a, 60.0).iter().map(|(t, _)| t.round()).collect();
    assert_eq!(times, [12.0, 20.0, 50.0]);
    a.link_restored();
    offer(
        &mut a,
        Said::ConnectionBack {
            seconds: 60,
            missed: 3,
        },
        70.0,
    );
    assert_eq!(play(&mut a, 71.0).len(), 1);
}

#[test]
fn one_link_that_is_back_does_not_make_the_other_whole() {
    let mut a = Announcer::default();
    let back = || Said::ConnectionBack {
        seconds: 3,
        missed: 0,
    };
    offer(&mut a, Said::ConnectionLost, 0.0);
    offer(&mut a, Said::ConnectionLost, 0.0);
    assert_eq!(play(&mut a, 2.0).len(), 1);
    a.link_restored();
    offer(&mut a, back(), 3.0);
    assert!(play(&mut a, 4.0).is_empty());
    a.link_restored();
    offer(&mut a, back(), 5.0);
    assert_eq!(play(&mut a, 6.0).len(), 1);
}

#[test]
fn a_question_that_is_no_longer_asked_is_not_repeated() {
    let mut a = Announcer::default();
    let asked = |account| Said::ConsentAsked {
        account,
        again: false,
    };
    let other = AccountId::new("teams:ada");
    offer(&mut a, asked(account()), 0.0);
    offer(&mut a, asked(other.clone()), 0.0);
    a.release(at(0.0));
    a.consent_settled(&account());
    let said = play(&mut a, 30.0);
    assert!(
        matches!(&said[..], [(_, Said::ConsentAsked { account, .. })] if *account == other),
        "the other call asks still"
    );
    a.consent_settled(&other);
    assert!(play(&mut a, 200.0).is_empty());
}

#[test]
fn at_most_one_bell_in_two_seconds() {
    let mut a = Announcer::default();
    let due = [Announcement {
        class: Class::Assertive,
        said: recording(),
    }];
    assert!(a.bell(&due, at(0.0)));
    assert!(!a.bell(&due, at(1.9)));
    assert!(a.bell(&due, at(2.0)));
}

#[test]
fn settings_choose_for_joins_and_never_for_notices() {
    let mut settings = Settings {
        verbosity: 1,
        ..Settings::default()
    };
    let joined = || Said::CameAndWent {
        joined: vec!["Dave".to_owned()],
        left: vec![],
        people: 6,
    };
    assert_eq!(class::class(&joined(), &settings), Class::Off);
    settings
        .announce
        .insert("join".to_owned(), "polite".to_owned());
    settings
        .announce
        .insert("notice".to_owned(), "off".to_owned());
    assert_eq!(class::class(&joined(), &settings), Class::Polite);
    assert_eq!(class::class(&recording(), &settings), Class::Assertive);
}

#[test]
fn an_idle_announcer_has_no_deadline() {
    let mut a = Announcer::default();
    offer(&mut a, message("Bob", "hi"), 0.0);
    play(&mut a, 1.0);
    assert_eq!(a.deadline(), None);
}
