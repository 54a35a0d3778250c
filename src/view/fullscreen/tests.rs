//! Small screens, row by row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use proptest::prelude::*;

use super::Drawn;
use super::Link;
use super::Screen;
use crate::model::announcement::Announcement;
use crate::model::announcement::Class;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Said;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::message::Body;
use crate::model::message::ClientMessageId;
use crate::model::message::Draft;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::notice::Consent;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::rich::Block;
use crate::model::rich::Rich;
use crate::model::rich::Span;
use crate::state::State;
use crate::state::focus::Confirm;
use crate::state::focus::Overlay;
use crate::state::focus::Scroll;
use crate::state::timeline::Mark;
use crate::view::fixture;
use crate::view::fixture::at;
use crate::view::fixture::message;
use crate::view::theme::Theme;

mod answers;
mod clicks;
mod overlay;
mod timeline;

fn draw(state: &State, width: u16, height: u16) -> (Vec<String>, Drawn) {
    draw_with(&mut Screen::default(), state, width, height)
}

fn draw_with(screen: &mut Screen, state: &State, width: u16, height: u16) -> (Vec<String>, Drawn) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let drawn = screen.draw(state, &Theme::default(), &mut buffer);
    (text(&buffer), drawn)
}

/// Rows as a terminal shows them, without the blanks at their ends.
fn text(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    buffer
        .content
        .chunks(width)
        .map(|row| {
            let mut line = String::new();
            let mut skip = 0;
            for cell in row {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                skip = super::wrap::columns(cell.symbol()).saturating_sub(1);
                line.push_str(cell.symbol());
            }
            line.trim_end().to_owned()
        })
        .collect()
}

fn check(state: &State, (width, height): (u16, u16), expected: &[&str]) {
    let (rows, _) = draw(state, width, height);
    assert_eq!(rows, expected, "\n{}\n", rows.join("\n"));
}

fn has(rows: &[String], words: &str) -> bool {
    rows.iter().any(|r| r.contains(words))
}

fn on() -> NoticeState {
    NoticeState::Active { by: None }
}

/// Three people who talk; the last message is new and mentions us.
fn talk() -> State {
    let mut state = fixture::meeting();
    let mut asked = message(3, "Carol Diaz", "can you take the first half?", 5);
    asked.mentions_me = true;
    asked.edited = Some(at(6));
    let link = Span {
        link: Some("https://ci.example/1881".to_owned()),
        ..Span::plain("build 1881")
    };
    let mut build = message(2, "Bob Ito (External)", "", 3);
    build.body = Body::Text(Rich {
        blocks: vec![
            Block::Paragraph(vec![Span::plain("The build is green again: "), link]),
            Block::Code {
                language: None,
                lines: vec!["let green = build(1881)?;".to_owned()],
            },
        ],
    });
    let words = "Good morning. Shall we start with the open points?";
    fixture::put(
        &mut state,
        vec![message(1, "Alice Wu", words, 2), build, asked],
    );
    fixture::thread(&mut state).marker = Some(MessageId::new("2"));
    fixture::notice(&mut state, NoticeKind::Recording, on(), Some(2));
    fixture::notice(&mut state, NoticeKind::Transcription, on(), Some(5));
    fixture::call(&mut state).roster[0].talking = true;
    fixture::call(&mut state).roster[1].hand = Some(1);
    state.composer.insert("yes, I will start");
    state
}

fn long(messages: u64) -> State {
    let mut state = fixture::meeting();
    let list = (1..=messages).map(|id| message(id, "Alice Wu", &format!("number {id}"), 2));
    fixture::put(&mut state, list.collect());
    state
}

fn scrolled(state: &mut State, message: u64, rows: usize) {
    state.focus.scroll = Scroll::Anchored {
        at: Mark::Message(MessageId::new(&message.to_string())),
        rows,
        newer: 0,
    };
}

#[test]
fn a_meeting_at_96_columns() {
    check(
        &talk(),
        (96, 21),
        &[
            " Design review · 2 people",
            " ──────────────────────────────────────────────────────────────────────────────────────────────",
            "",
            "",
            " nothing earlier",
            "                                       Monday 23 November",
            "",
            " Alice Wu · 10:02",
            "   Good morning. Shall we start with the open points?",
            "",
            " Bob Ito (External) · 10:03",
            "   The build is green again: build 1881 ‹https://ci.example/1881›",
            "   ┃ let green = build(1881)?;",
            "",
            " ──────────────────────────────────────────── new ─────────────────────────────────────────────",
            " Carol Diaz · 10:05 · edited · mentions you",
            "   can you take the first half?",
            "",
            " REC Recording since 10:02   TRANSCRIPT since 10:05   Enter acknowledges",
            " In call since 10:01 · muted (Ctrl-T) · talking: Alice Wu · hand: Bob Ito (External) 1 · good",
            " > yes, I will start",
        ],
    );
}

#[test]
fn a_meeting_at_60_by_16() {
    check(
        &talk(),
        (60, 16),
        &[
            " Design review · 2",
            "",
            " nothing earlier",
            "                     Monday 23 November",
            " Alice Wu · 10:02",
            "   Good morning. Shall we start with the open points?",
            " Bob Ito (External) · 10:03",
            "   The build is green again: build 1881 ‹ci.example›",
            "   ┃ let green = build(1881)?;",
            " ────────────────────────── new ───────────────────────────",
            " Carol Diaz · 10:05 · edited · mentions you",
            "   can you take the first half?",
            "",
            " REC Recording 10:02   TRANSCRIPT 10:05",
            " since 10:01 · muted · Alice Wu talking · good",
            " > yes, I will start",
        ],
    );
}

#[test]
fn a_meeting_at_40_by_10() {
    check(
        &talk(),
        (40, 10),
        &[
            " Bob Ito (External): The build is green",
            " again: build 1881 ‹ci.example›",
            " ┃ let green = build(1881)?;",
            " ──────────────── new ─────────────────",
            " Carol Diaz, edited, mentions you: can",
            " you take the first half?",
            "",
            " REC Recording 10:02   TRANSCRIPT 10:05",
            " since 10:01 · muted · Alice Wu talking",
            " > yes, I will start",
        ],
    );
}

#[test]
fn at_20_by_4_notices_call_and_composer_are_left() {
    let mut state = talk();
    state.composer.replace("yes");
    check(
        &state,
        (20, 4),
        &[
            " REC Recording 10:02",
            " TRANSCRIPT 10:05",
            " muted · good",
            " > yes",
        ],
    );
}

#[test]
fn in_a_terminal_that_is_too_small_the_notices_are_still_there() {
    check(&talk(), (12, 3), &[" REC", " TRANSCRIPT", "Terminal too"]);
    let (rows, drawn) = draw(&talk(), 1, 1);
    assert_eq!(rows, ["R"]);
    assert_eq!(drawn.cursor, Some((0, 0)));
}

#[test]
fn notices_are_in_reverse_video_over_the_whole_row() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 16));
    Screen::default().draw(&talk(), &Theme::default(), &mut buffer);
    for x in 0..60 {
        let cell = &buffer[(x, 13)];
        assert!(cell.modifier.contains(Modifier::REVERSED), "column {x}");
    }
    let reversed = |y: u16| (0..60).any(|x| buffer[(x, y)].modifier.contains(Modifier::REVERSED));
    assert!((0..13).all(|y| !reversed(y)));
}

#[test]
fn a_notice_that_is_unknown_says_so() {
    let mut state = talk();
    fixture::notice(
        &mut state,
        NoticeKind::Recording,
        NoticeState::Unknown,
        Some(7),
    );
    let (rows, _) = draw(&state, 60, 16);
    assert!(has(&rows, "Recording: unknown"), "{rows:#?}");
}

#[test]
fn a_long_notice_line_wraps_into_a_second_row() {
    let mut state = talk();
    fixture::call(&mut state).notices.consent = Consent::Required;
    let (rows, _) = draw(&state, 80, 16);
    assert_eq!(
        rows[12],
        " REC Recording since 10:02   TRANSCRIPT since 10:05"
    );
    assert_eq!(
        rows[13],
        " Listen only: recording needs your consent · /consent yes · /consent no"
    );
}

#[test]
fn a_notice_is_also_a_row_at_the_moment_it_happened() {
    let mut state = long(2);
    let said = Said::Notice {
        account: fixture::account(),
        kind: NoticeKind::Recording,
        change: NoticeChange::Started { by: None },
        again: false,
    };
    fixture::thread(&mut state).timeline.banner(said, at(2));
    let (rows, _) = draw(&state, 60, 16);
    assert!(
        has(&rows, " Notice: recording started · 10:02"),
        "{rows:#?}"
    );
}

#[test]
fn the_cursor_stands_where_typing_goes() {
    let (_, drawn) = draw(&talk(), 60, 16);
    assert_eq!(drawn.cursor, Some((20, 15)));
}

#[test]
fn the_composer_grows_to_a_third_of_the_screen() {
    let mut state = talk();
    state.composer.insert(&"\nline".repeat(20));
    let (rows, drawn) = draw(&state, 60, 15);
    assert_eq!(rows.iter().filter(|r| r.trim() == "line").count(), 5);
    assert_eq!(drawn.cursor, Some((7, 14)));
}

#[test]
fn links_are_told_with_their_cells() {
    let (rows, drawn) = draw(&talk(), 96, 21);
    let y = rows.iter().position(|r| r.contains("build 1881")).unwrap();
    let url = "https://ci.example/1881".to_owned();
    let link = |x, width| Link {
        x,
        y: u16::try_from(y).unwrap(),
        width,
        url: url.clone(),
    };
    assert_eq!(drawn.links, [link(29, 10), link(40, 25)]);
}

#[test]
fn the_clock_alone_redraws_nothing() {
    let mut state = talk();
    state.settings.pinned_people = false;
    fixture::call(&mut state).roster[1].hand = None;
    let mut screen = Screen::default();
    let (before, _) = draw_with(&mut screen, &state, 96, 21);
    assert!(has(&before, "13 min ≈ 0.05 USD"), "{before:#?}");
    state.now = fixture::now(30);
    let (after, _) = draw_with(&mut screen, &state, 96, 21);
    assert_eq!(before, after);
    fixture::call(&mut state).muted = false;
    let (after, _) = draw_with(&mut screen, &state, 96, 21);
    assert!(
        has(&after, "LIVE (Ctrl-T)") && has(&after, "29 min"),
        "{after:#?}"
    );
}

#[test]
fn wide_letters_and_emoji_sequences_stay_whole() {
    let mut state = fixture::chat();
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    let words = format!("会議を始めます。{family} שלום e\u{301}");
    fixture::put(&mut state, vec![message(1, "田中", &words, 2)]);
    let (rows, _) = draw(&state, 41, 12);
    assert!(has(&rows, &words), "{rows:#?}");
}

#[test]
fn panes_stand_beside_the_talk_where_they_fit() {
    let mut state = talk();
    state.settings.pinned_threads = true;
    state.settings.pinned_people = true;
    let (rows, _) = draw(&state, 120, 21);
    assert!(has(&rows, "Threads") && has(&rows, "People"), "{rows:#?}");
    let (rows, _) = draw(&state, 60, 21);
    assert!(!has(&rows, "Threads"), "{rows:#?}");
}

fn overlays() -> Vec<Overlay> {
    vec![
        Overlay::Palette {
            query: "m".to_owned(),
            selected: 2,
        },
        Overlay::Roster { selected: 0 },
        Overlay::Leader,
        Overlay::Help {
            topic: None,
            scroll: 3,
        },
        Overlay::About,
        Overlay::Notices,
        Overlay::Confirm(Confirm::EndForEverybody),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_size_and_no_text_can_break_a_frame(
        width in 1_u16..200,
        height in 1_u16..200,
        texts in proptest::collection::vec("(\\PC|\n){0,40}", 0..6),
        typed in "(\\PC|\n){0,30}",
        overlay in 0_usize..10,
        rows in 0_usize..50,
    ) {
        let mut state = talk();
        let list = texts.iter().zip(10_u64..);
        let list: Vec<_> = list.map(|(text, id)| message(id, text, text, 20)).collect();
        fixture::put(&mut state, list);
        state.composer.insert(&typed);
        state.focus.overlay = overlays().into_iter().nth(overlay);
        if rows % 2 == 1 {
            scrolled(&mut state, 3, rows);
        }
        let (shown, drawn) = draw(&state, width, height);
        if let Some((x, y)) = drawn.cursor {
            prop_assert!(x < width && y < height, "cursor {x},{y} in {width}x{height}");
        }
        for link in &drawn.links {
            prop_assert!(link.x + link.width <= width && link.y < height);
        }
        if width >= 20 && height >= 4 {
            prop_assert!(has(&shown, "REC"), "{shown:#?}");
            prop_assert!(has(&shown, "TRANSCRIPT"), "{shown:#?}");
            prop_assert!(has(&shown, "muted"), "{shown:#?}");
        }
    }
}
