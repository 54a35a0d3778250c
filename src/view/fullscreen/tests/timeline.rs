//! The messages on the screen: turning pages, and what stands beside one.

use super::*;

#[test]
fn a_page_that_is_scrolled_back_does_not_move_when_messages_come() {
    let mut state = long(40);
    scrolled(&mut state, 40, 10);
    let mut screen = Screen::default();
    let (before, _) = draw_with(&mut screen, &state, 60, 12);
    assert_eq!(numbers(&before).last(), Some(&30));
    for id in 41..60 {
        let more = message(id, "Alice Wu", &format!("number {id}"), 2);
        fixture::thread(&mut state).timeline.insert(more);
    }
    let (after, _) = draw_with(&mut screen, &state, 60, 12);
    assert_eq!(before, after);
    let (fresh, _) = draw(&state, 60, 12);
    assert_eq!(before, fresh);
}

#[test]
fn turning_pages_shows_every_message_once() {
    let mut state = long(200);
    let mut screen = Screen::default();
    let mut seen = Vec::new();
    let (_, drawn) = draw_with(&mut screen, &state, 60, 12);
    assert!(!drawn.top);
    for page in 0..60 {
        scrolled(&mut state, 200, page * 8);
        let (rows, drawn) = draw_with(&mut screen, &state, 60, 12);
        let mut shown = numbers(&rows);
        shown.reverse();
        shown.retain(|n| !seen.contains(n));
        seen.extend(shown);
        if drawn.top {
            break;
        }
    }
    let all: Vec<u64> = (1..=200).rev().collect();
    assert_eq!(seen, all);
}

#[test]
fn at_the_top_the_page_stays_full_and_one_page_down_leaves_it() {
    let mut state = long(100);
    let mut screen = Screen::default();
    scrolled(&mut state, 100, 5000);
    let (rows, drawn) = draw_with(&mut screen, &state, 60, 12);
    assert!(drawn.top);
    assert!(has(&rows, "nothing earlier"));
    let first = numbers(&rows);
    assert!(first.len() > 4, "{rows:#?}");
    scrolled(&mut state, 100, 4995);
    let (rows, _) = draw_with(&mut screen, &state, 60, 12);
    assert_eq!(numbers(&rows).last().copied(), first.last().map(|l| l + 5));
}

#[test]
fn how_many_are_newer_is_said_while_scrolled_back() {
    let mut state = long(40);
    state.focus.scroll = Scroll::Anchored {
        at: Mark::Message(MessageId::new("20")),
        rows: 0,
        newer: 14,
    };
    let (rows, _) = draw(&state, 60, 12);
    assert!(has(&rows, "14 newer · End"), "{rows:#?}");
}

#[test]
fn the_selected_message_has_the_cursor_a_sign_and_a_word() {
    let mut state = talk();
    state.composer.replace("");
    state.focus.selected = Some(MessageId::new("2"));
    let (rows, drawn) = draw(&state, 60, 16);
    let y = rows.iter().position(|r| r.starts_with('>')).unwrap();
    assert_eq!(rows[y], ">Bob Ito (External) · 10:03 · selected");
    assert_eq!(drawn.cursor, Some((1, u16::try_from(y).unwrap())));
}

#[test]
fn what_is_not_sent_says_why_and_what_to_do() {
    let mut state = fixture::chat();
    let draft = Draft {
        text: "hello".to_owned(),
        ..Draft::default()
    };
    let id = ClientMessageId::new("1");
    let timeline = &mut fixture::thread(&mut state).timeline;
    timeline.echo(id.clone(), draft, at(14));
    let (rows, _) = draw(&state, 60, 10);
    assert!(has(&rows, "sending"), "{rows:#?}");
    let failure = Failure {
        doing: Doing::Sending,
        because: Because::Lost,
        remedy: Remedy::Retry,
    };
    fixture::thread(&mut state).timeline.fail(&id, failure);
    let (rows, _) = draw(&state, 60, 10);
    assert!(has(&rows, "not sent: no connection · /retry"), "{rows:#?}");
}

#[test]
fn only_our_newest_message_tells_who_has_read_it() {
    let mut state = fixture::chat();
    let mine = |id| Message {
        mine: true,
        ..message(id, "Ada", "hello", i64::try_from(id).unwrap())
    };
    fixture::put(&mut state, vec![mine(1), mine(2)]);
    let reader = fixture::person("Alice Wu").id;
    let thread = fixture::thread(&mut state);
    thread.receipts.insert(reader, MessageId::new("2"));
    let (rows, _) = draw(&state, 60, 12);
    let told: Vec<_> = rows.iter().filter(|r| r.contains("read by")).collect();
    assert_eq!(told, [" you · 10:02 · read by Alice Wu"]);
}

/// The rows that carry numbered messages.
fn numbers(rows: &[String]) -> Vec<u64> {
    rows.iter()
        .filter_map(|r| r.trim().strip_prefix("number ")?.parse().ok())
        .collect()
}
