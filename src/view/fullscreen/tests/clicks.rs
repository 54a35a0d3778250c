//! What is under the pointer, cell by cell.

use unicode_segmentation::UnicodeSegmentation;

use super::draw;
use super::has;
use super::long;
use super::talk;
use crate::model::message::Body;
use crate::model::message::MessageId;
use crate::model::rich::Block;
use crate::model::rich::Rich;
use crate::model::rich::Span;
use crate::model::spot::Spot;
use crate::state::State;
use crate::state::focus::Confirm;
use crate::state::focus::Overlay;
use crate::view::fixture;
use crate::view::fullscreen::Drawn;
use crate::view::fullscreen::spot_at;
use crate::view::fullscreen::wrap;

fn with_mouse(mut state: State) -> State {
    state.settings.mouse = true;
    state
}

/// The cell in which words begin.
fn cell(rows: &[String], words: &str) -> (u16, u16) {
    let found = rows.iter().enumerate().find_map(|(y, row)| {
        let at = row.find(words)?;
        Some((wrap::width(&row[..at]), y))
    });
    let (x, y) = found.unwrap_or_else(|| panic!("no {words:?} in {rows:#?}"));
    (u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
}

/// What a click on the first cell of some words means.
fn on(rows: &[String], drawn: &Drawn, words: &str) -> Option<Spot> {
    let (x, y) = cell(rows, words);
    spot_at(&drawn.spots, x, y).cloned()
}

fn message(id: &str) -> Spot {
    Spot::Message(MessageId::new(id))
}

/// Everything on the screen under which the pointer finds what is wanted; of a wide letter both halves.
fn words_under(rows: &[String], drawn: &Drawn, wanted: impl Fn(&Spot) -> bool) -> String {
    let mut words = String::new();
    for (y, row) in rows.iter().enumerate() {
        let mut x = 0;
        for grapheme in row.graphemes(true) {
            let is = |x: usize| {
                let (x, y) = (u16::try_from(x).unwrap(), u16::try_from(y).unwrap());
                spot_at(&drawn.spots, x, y).is_some_and(&wanted)
            };
            let columns = wrap::columns(grapheme);
            let found = is(x);
            assert!(
                (x..x + columns).all(|x| is(x) == found),
                "half of {grapheme}"
            );
            if found {
                words.push_str(grapheme);
            }
            x += columns;
        }
    }
    words
}

#[test]
fn every_row_of_a_message_is_the_message_and_its_links_are_links() {
    let (rows, drawn) = draw(&with_mouse(talk()), 96, 21);
    let link = Some(Spot::Link {
        message: MessageId::new("2"),
        url: "https://ci.example/1881".to_owned(),
    });
    for (words, spot) in [
        ("Alice Wu · 10:02", Some(message("1"))),
        ("Good morning", Some(message("1"))),
        ("Bob Ito", Some(message("2"))),
        ("The build", Some(message("2"))),
        ("build 1881", link.clone()),
        ("‹https", link),
        ("let green", Some(message("2"))),
        ("Carol Diaz · ", Some(message("3"))),
        ("Monday", None),
        (" new ", None),
        ("Design review", None),
        ("REC Recording", None),
        ("In call since", None),
    ] {
        assert_eq!(on(&rows, &drawn, words), spot, "{words}");
    }
    // Behind the last letter of a row it is still the message.
    let (_, y) = cell(&rows, "Good morning");
    assert_eq!(spot_at(&drawn.spots, 90, y).cloned(), Some(message("1")));
    // The blank row between two messages is neither.
    assert_eq!(spot_at(&drawn.spots, 10, y + 1), None);
}

#[test]
fn wide_letters_and_wrapped_lines_are_found_whole() {
    let mut state = with_mouse(long(0));
    let link = Span {
        link: Some("https://ci.example/1".to_owned()),
        ..Span::plain("会議の議事録をここで全部読むことができます")
    };
    let mut wide = fixture::message(1, "Alice Wu", "", 2);
    wide.body = Body::Text(Rich {
        blocks: vec![Block::Paragraph(vec![
            Span::plain("見てください "),
            link,
            Span::plain(" の下に続きがあります。"),
        ])],
    });
    fixture::put(&mut state, vec![wide]);
    let (rows, drawn) = draw(&state, 50, 14);
    let links = words_under(&rows, &drawn, |spot| matches!(spot, Spot::Link { .. }));
    assert_eq!(
        links,
        "会議の議事録をここで全部読むことができます‹ci.example›"
    );
    let (_, first) = cell(&rows, "見て");
    let (_, last) = cell(&rows, "続き");
    assert!(last > first, "{rows:#?}");
    for y in first..=last {
        assert!(
            spot_at(&drawn.spots, 1, y).cloned() == Some(message("1")),
            "{y}"
        );
    }
}

#[test]
fn the_draft_has_a_place_for_the_cursor_in_every_cell() {
    let mut state = with_mouse(long(1));
    state.composer.insert("会議 is\nat ten, in the big room");
    let text = state.composer.text().to_owned();
    let (rows, drawn) = draw(&state, 20, 12);
    let (x, y) = cell(&rows, "> 会議");
    let place = |x: u16, y: u16| match spot_at(&drawn.spots, x, y) {
        Some(Spot::Draft(at)) => *at,
        other => panic!("{other:?} at {x} {y} in {rows:#?}"),
    };
    // The prompt is before the first letter.
    assert_eq!([0, 1, 2, 3].map(|dx| place(x + dx, y)), [0, 0, 0, 0]);
    assert_eq!([4, 5, 6, 7].map(|dx| place(x + dx, y)), [3, 3, 6, 7]);
    let line_end = text.find('\n').unwrap();
    assert_eq!(place(18, y), line_end);
    assert_eq!(place(3, y + 1), line_end + 1);
    let last = u16::try_from(rows.len() - 1).unwrap();
    assert_eq!(place(18, last), text.len());
    let all = words_under(&rows, &drawn, |spot| matches!(spot, Spot::Draft(_)));
    let letters = |text: &str| text.replace([' ', '\n', '>'], "");
    assert_eq!(letters(&all), letters(&text));
}

#[test]
fn lines_of_a_list_are_choices_also_when_it_is_scrolled_and_nothing_below_it_is_reached() {
    for selected in [0, 3, 40] {
        let mut state = with_mouse(talk());
        let query = String::new();
        state.focus.overlay = Some(Overlay::Palette { query, selected });
        let (rows, drawn) = draw(&state, 80, 16);
        let items = state.palette("");
        let chosen = format!("> {}", items[selected].text.split(' ').next().unwrap());
        assert_eq!(
            on(&rows, &drawn, &chosen),
            Some(Spot::Choice(selected)),
            "{rows:#?}"
        );
        let below = |spot: &Spot| matches!(spot, Spot::Message(_) | Spot::Link { .. });
        assert_eq!(words_under(&rows, &drawn, below), "");
        assert_eq!(on(&rows, &drawn, "Go to or do"), None);
    }
    let mut state = with_mouse(talk());
    state.focus.overlay = Some(Overlay::Roster { selected: 0 });
    let (rows, drawn) = draw(&state, 80, 16);
    // Raised hands come first.
    assert_eq!(on(&rows, &drawn, "Bob Ito"), Some(Spot::Choice(0)));
    assert_eq!(on(&rows, &drawn, "Alice Wu"), Some(Spot::Choice(1)));
    state.focus.overlay = Some(Overlay::Leader);
    let (rows, drawn) = draw(&state, 96, 60);
    let keys = state
        .keymap
        .continuations(&[crate::model::key::Key::ctrl('g')]);
    let (chord, command) = &keys[2];
    let help = crate::command::row(command).help.trim_end_matches('.');
    let words = format!("{chord} {help}");
    assert_eq!(on(&rows, &drawn, &words), Some(Spot::Choice(2)));
}

#[test]
fn a_question_is_not_answered_by_a_click() {
    let mut state = with_mouse(talk());
    state.focus.overlay = Some(Overlay::Confirm(Confirm::EndForEverybody));
    let (rows, drawn) = draw(&state, 60, 16);
    assert!(has(&rows, "End the call for everybody?"));
    let other = |spot: &Spot| !matches!(spot, Spot::Draft(_));
    assert_eq!(words_under(&rows, &drawn, other), "");
}

#[test]
fn the_lines_of_a_pane_are_threads_and_people() {
    let mut state = with_mouse(talk());
    state.settings.pinned_threads = true;
    state.settings.pinned_people = true;
    let key = state.threads.current.clone().unwrap();
    let (rows, drawn) = draw(&state, 120, 20);
    assert_eq!(
        on(&rows, &drawn, "> Design review"),
        Some(Spot::Thread(key))
    );
    assert_eq!(on(&rows, &drawn, "Threads"), None);
    assert_eq!(
        on(&rows, &drawn, "Bob Ito (External),"),
        Some(Spot::Person(0))
    );
    assert_eq!(on(&rows, &drawn, "Good morning"), Some(message("1")));
}

#[test]
fn without_a_mouse_nothing_is_kept_for_it() {
    let (_, drawn) = draw(&talk(), 96, 21);
    assert_eq!(drawn.spots, []);
}
