//! What lies over the screen: lists, keys, and what they must not cover.

use super::*;

#[test]
fn an_overlay_never_covers_notices_call_line_and_composer() {
    for overlay in overlays() {
        for size in [(96, 24), (60, 16), (40, 10), (20, 4)] {
            let mut state = talk();
            let (before, _) = draw(&state, size.0, size.1);
            state.focus.overlay = Some(overlay.clone());
            let (after, _) = draw(&state, size.0, size.1);
            let from = before.iter().position(|r| r.contains("REC")).unwrap();
            assert_eq!(before[from..], after[from..], "{overlay:?} at {size:?}");
        }
    }
}

#[test]
fn every_key_after_the_leader_is_seen_at_once() {
    let mut state = talk();
    state.focus.overlay = Some(Overlay::Leader);
    let leader = [crate::model::key::Key::ctrl('g')];
    let keys = state.keymap.continuations(&leader);
    assert!(keys.len() > 10);
    for size in [(96, 24), (96, 50), (80, 24)] {
        let (rows, _) = draw(&state, size.0, size.1);
        for (chord, command) in &keys {
            let help = crate::command::row(command).help.trim_end_matches('.');
            let long = format!("{chord} {help}");
            let short = format!("{chord} {}", command.name());
            let words: String = long.chars().take(40).collect();
            assert!(
                has(&rows, &words) || has(&rows, &short),
                "{short} {rows:#?}"
            );
        }
    }
}

#[test]
fn a_list_of_keys_that_does_not_fit_says_so_and_scrolls_to_its_last_key() {
    let mut state = talk();
    state.focus.overlay = Some(Overlay::Leader);
    let leader = [crate::model::key::Key::ctrl('g')];
    let keys = state.keymap.continuations(&leader);
    let mut left: Vec<String> = keys
        .iter()
        .map(|(chord, command)| format!("{chord} {}", command.name()))
        .collect();
    let last = left.last().unwrap().clone();
    for hidden in 0..left.len() {
        state.focus.hidden = hidden;
        let (rows, _) = draw(&state, 40, 10);
        assert!(!has(&rows, "not now: "), "{rows:#?}");
        left.retain(|words| !has(&rows, words));
        assert_eq!(left.is_empty(), !has(&rows, "more below"), "{rows:#?}");
        if left.is_empty() {
            return assert!(has(&rows, &last), "{rows:#?}");
        }
    }
    panic!("never shown: {left:?}");
}

#[test]
fn the_cursor_stands_on_what_is_chosen_in_an_overlay() {
    let mut state = talk();
    state.focus.overlay = Some(Overlay::Roster { selected: 1 });
    let (rows, drawn) = draw(&state, 60, 16);
    let (x, y) = drawn.cursor.unwrap();
    assert!(rows[usize::from(y)].starts_with(" > "), "{rows:#?}");
    assert_eq!(x, 1);
}

#[test]
fn what_is_not_possible_now_is_listed_with_its_reason() {
    let mut state = fixture::chat();
    state.focus.overlay = Some(Overlay::Palette {
        query: "leave".to_owned(),
        selected: 0,
    });
    let (rows, drawn) = draw(&state, 90, 16);
    assert!(
        has(&rows, "(not now: you are not in the call)"),
        "{rows:#?}"
    );
    assert_eq!(drawn.cursor, Some((8, 1)));
}
