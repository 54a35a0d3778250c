//! The bytes are replayed in a terminal emulator: what it shows must be the buffer.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;

use super::Frame;
use super::Hyperlink;
use super::Rows;
use super::Screen;
use super::grid;

/// A screen, the terminal it writes to, and the bytes of the last frame.
struct Bench {
    screen: Screen,
    terminal: vt100::Parser,
    written: Vec<u8>,
}

impl Bench {
    fn new(width: u16, height: u16) -> Self {
        Self {
            screen: Screen::new(),
            terminal: vt100::Parser::new(size(height), size(width), 0),
            written: Vec::new(),
        }
    }

    fn draw(&mut self, buffer: &Buffer, cursor: (u16, u16)) -> &str {
        self.draw_rows(buffer, cursor, Rows::All);
        self.check(buffer, cursor);
        std::str::from_utf8(&self.written).unwrap()
    }

    fn draw_rows(&mut self, buffer: &Buffer, cursor: (u16, u16), rows: Rows) {
        self.terminal
            .screen_mut()
            .set_size(size(buffer.area.height), size(buffer.area.width));
        self.written = self.screen.draw(&Frame {
            buffer,
            links: &[],
            cursor: Some(cursor),
            rows,
        });
        self.terminal.process(&self.written);
    }

    fn check(&self, buffer: &Buffer, cursor: (u16, u16)) {
        let screen = self.terminal.screen();
        let mut want = grid::Grid::default();
        want.read(buffer, &[]);
        for y in 0..buffer.area.height {
            for x in 0..buffer.area.width {
                let (cell, glyph) = (screen.cell(y, x).unwrap(), want.glyph(x, y));
                let text = if cell.is_wide_continuation() {
                    ""
                } else if cell.has_contents() {
                    cell.contents()
                } else {
                    " "
                };
                let place = format!(
                    "column {x}, row {y} after {:?}",
                    String::from_utf8_lossy(&self.written)
                );
                assert_eq!(text, glyph.cell.symbol(), "{place}");
                if glyph.is_continuation() {
                    continue;
                }
                assert_eq!(cell.bgcolor(), emulated(glyph.cell.bg), "{place}");
                let has = |m| glyph.cell.modifier.contains(m);
                assert_eq!(cell.underline(), has(Modifier::UNDERLINED), "{place}");
                assert_eq!(cell.inverse(), has(Modifier::REVERSED), "{place}");
                if !glyph.is_space() {
                    assert_eq!(cell.fgcolor(), emulated(glyph.cell.fg), "{place}");
                    assert_eq!(cell.bold(), has(Modifier::BOLD), "{place}");
                    assert_eq!(cell.italic(), has(Modifier::ITALIC), "{place}");
                }
            }
        }
        assert_eq!(screen.cursor_position(), (cursor.1, cursor.0));
        assert!(!screen.hide_cursor());
    }
}

fn size(n: u16) -> std::num::NonZeroU16 {
    n.try_into().unwrap()
}

fn emulated(color: Color) -> vt100::Color {
    match color {
        Color::Reset => vt100::Color::Default,
        Color::Red => vt100::Color::Idx(1),
        Color::LightBlue => vt100::Color::Idx(12),
        Color::Indexed(i) => vt100::Color::Idx(i),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        other => panic!("{other:?} is not used by these tests"),
    }
}

fn page(width: u16, lines: &[&str]) -> Buffer {
    let height = u16::try_from(lines.len()).unwrap();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    for (y, line) in lines.iter().enumerate() {
        buffer.set_string(0, u16::try_from(y).unwrap(), line, Style::new());
    }
    buffer
}

#[test]
fn a_row_that_is_said_again_is_written_whole_though_it_stands_already() {
    let mut bench = Bench::new(40, 3);
    let rows = page(40, &[" talk", " Again: recording started.", " > "]);
    bench.draw(&rows, (3, 2));
    assert_eq!(bench.draw(&rows, (3, 2)), "");
    bench.screen.write_again(1..2);
    assert!(
        bench
            .draw(&rows, (3, 2))
            .contains("Again: recording started.")
    );
    assert_eq!(bench.draw(&rows, (3, 2)), "");
}

fn message(n: usize) -> String {
    format!(" Alice Wu: message {n} with sixty characters of prose, more or less, to read")
}

fn chat(first: usize, typed: &str) -> Buffer {
    let lines: Vec<String> = std::iter::once(" Design review · 5 people".to_owned())
        .chain((first..first + 36).map(message))
        .chain([
            " REC Recording since 10:02".to_owned(),
            " In call · muted (Ctrl-T)".to_owned(),
            format!(" > {typed}"),
        ])
        .collect();
    page(120, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn nothing_changed_is_no_bytes() {
    let mut bench = Bench::new(120, 40);
    bench.draw(&chat(0, ""), (3, 39));
    assert_eq!(bench.draw(&chat(0, ""), (3, 39)), "");
}

#[test]
fn a_typed_letter_is_one_byte() {
    let mut bench = Bench::new(120, 40);
    bench.draw(&chat(0, ""), (3, 39));
    assert_eq!(bench.draw(&chat(0, "h"), (4, 39)), "h");
    assert_eq!(bench.draw(&chat(0, "hi"), (5, 39)), "i");
}

#[test]
fn one_new_message_scrolls_its_region_and_costs_under_250_bytes() {
    let mut bench = Bench::new(120, 40);
    bench.draw(&chat(0, "draft"), (8, 39));
    let written = bench.draw(&chat(1, "draft"), (8, 39));
    assert!(
        written.contains("\x1b[2;37r") && written.contains('\n'),
        "{written:?}"
    );
    assert!(written.len() < 120, "{} bytes: {written:?}", written.len());
    let written = bench.draw(&chat(4, "draft"), (8, 39));
    assert!(
        written.len() < 3 * 110,
        "{} bytes: {written:?}",
        written.len()
    );
}

#[test]
fn scrolling_back_scrolls_down() {
    let mut bench = Bench::new(120, 40);
    bench.draw(&chat(9, ""), (3, 39));
    let written = bench.draw(&chat(8, ""), (3, 39));
    assert!(written.contains("\x1bM"), "{written:?}");
    assert!(written.len() < 120, "{} bytes: {written:?}", written.len());
}

#[test]
fn a_run_carries_its_blanks() {
    let mut bench = Bench::new(60, 2);
    bench.draw(&page(60, &["", ""]), (0, 1));
    let line = "the build is green again: build 1881";
    assert!(bench.draw(&page(60, &[line, ""]), (0, 1)).contains(line));
    let other = "all builds at last green as: build 1882";
    let written = bench.draw(&page(60, &[other, ""]), (0, 1)).to_owned();
    assert!(
        written.contains("all builds at last green as: build 1882"),
        "{written:?}"
    );
}

/// What a reader says that follows the stream: every move is nothing, a line feed ends a sentence.
fn streamed(written: &str) -> String {
    let mut said = String::new();
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        if let Some(code) = rest.strip_prefix("\x1b[") {
            let end = code.find(|c: char| c.is_ascii_alphabetic()).unwrap();
            rest = &code[end + 1..];
            continue;
        }
        said.push(if c.is_control() { ' ' } else { c });
        rest = &rest[c.len_utf8()..];
    }
    said
}

#[test]
fn words_of_two_rows_are_never_run_together() {
    let mut bench = Bench::new(60, 8);
    bench.draw(&page(60, &[""; 8]), (4, 7));
    let rows = [
        "",
        " Alice Wu · 10:02",
        "   Good morning. Shall we start?",
        "",
        "                    far in",
        "   Two rows on.",
        "",
        " > ",
    ];
    let written = bench.draw(&page(60, &rows), (3, 7));
    let said = streamed(written);
    let words: Vec<&str> = said.split_whitespace().collect();
    let expected: Vec<&str> = rows.iter().flat_map(|r| r.split_whitespace()).collect();
    assert_eq!(words, expected, "{written:?}");
}

#[test]
fn a_shorter_line_is_erased_to_its_end() {
    let mut bench = Bench::new(60, 2);
    bench.draw(&page(60, &["a long line of words", ""]), (0, 1));
    assert_eq!(
        bench.draw(&page(60, &["a", ""]), (0, 1)),
        "\x1b[1;3H\x1b[K\r\n"
    );
}

#[test]
fn urgent_rows_come_first_and_the_rest_follows() {
    let mut bench = Bench::new(120, 40);
    bench.draw(&chat(0, ""), (3, 39));
    let mut next = chat(20, "x");
    next.set_style(Rect::new(0, 37, 120, 1), Style::new().reversed());
    bench.draw_rows(&next, (4, 39), Rows::Urgent);
    let shown = bench.terminal.screen().contents();
    assert!(shown.contains("> x") && shown.contains("message 0 with"));
    assert!(bench.terminal.screen().cell(37, 1).unwrap().inverse());
    assert!(bench.written.len() < 200, "{}", bench.written.len());
    bench.draw(&next, (4, 39));
}

#[test]
fn a_link_wraps_its_words_and_its_address_cannot_escape() {
    let buffer = page(40, &["see build 1881 now"]);
    let mut screen = Screen::new();
    let bytes = screen.draw(&Frame {
        buffer: &buffer,
        links: &[Hyperlink {
            x: 4,
            y: 0,
            width: 10,
            url: "https://ci.example/1881?a=\x1b\\ü",
        }],
        cursor: Some((0, 0)),
        rows: Rows::All,
    });
    let written = String::from_utf8(bytes).unwrap();
    assert!(
        written.contains(
            "see \x1b]8;;https://ci.example/1881?a=%1B\\%C3%BC\x1b\\build 1881\x1b]8;;\x1b\\ now"
        ),
        "{written:?}"
    );
}

#[test]
fn what_follows_a_cluster_of_uncertain_width_is_placed_anew() {
    let mut bench = Bench::new(40, 1);
    bench.draw_rows(&page(40, &["a x b c d e f"]), (0, 0), Rows::All);
    bench.draw_rows(
        &page(40, &["a \u{1f469}\u{200d}\u{1f4bb}b c d e f"]),
        (0, 0),
        Rows::All,
    );
    let written = String::from_utf8_lossy(&bench.written);
    assert!(written.contains("\u{1f4bb}\x1b[1;5Hb"), "{written:?}");
}

#[test]
fn control_characters_in_a_cell_never_reach_the_terminal() {
    let mut buffer = page(10, &["abc"]);
    buffer[(1, 0)].set_symbol("\x1b[2J");
    let mut bench = Bench::new(10, 1);
    let written = bench.draw(&buffer, (0, 0));
    assert!(written.ends_with("a c\r"), "{written:?}");
}

/// A row as a seed: equal seeds are equal rows, so that scrolled regions come up.
fn row(buffer: &mut Buffer, y: u16, seed: u8) {
    const WORDS: [&str; 8] = [
        "",
        "good morning",
        "日本語 text",
        "e\u{301}te\u{301}",
        "  build  1881",
        "שלום",
        "x",
        "한국 한국 한국",
    ];
    const STYLES: [Style; 5] = [
        Style::new(),
        Style::new().bold(),
        Style::new().fg(Color::Red).underlined(),
        Style::new().reversed(),
        Style::new()
            .bg(Color::LightBlue)
            .fg(Color::Indexed(200))
            .italic(),
    ];
    let mut x = 0;
    for part in 0..3u8 {
        let pick = seed.wrapping_mul(31).wrapping_add(part.wrapping_mul(seed));
        let style = STYLES[usize::from(pick) % STYLES.len()];
        let words = WORDS[usize::from(pick / 5) % WORDS.len()];
        if x < buffer.area.width {
            (x, _) = buffer.set_string_at(x, y, words, style);
            x += u16::from(pick % 3);
        }
    }
}

/// `set_string` that says where it ended.
trait SetStringAt {
    fn set_string_at(&mut self, x: u16, y: u16, text: &str, style: Style) -> (u16, u16);
}

impl SetStringAt for Buffer {
    fn set_string_at(&mut self, x: u16, y: u16, text: &str, style: Style) -> (u16, u16) {
        self.set_stringn(x, y, text, usize::from(self.area.width - x), style)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Rows(Vec<u8>),
    /// Rows between two places move, as a timeline does.
    Scroll {
        top: u8,
        bottom: u8,
        by: i8,
        fill: u8,
    },
    Poke {
        y: u8,
        seed: u8,
    },
    Forget,
    Again {
        y: u8,
    },
    Resize(u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 1..14).prop_map(Step::Rows),
        4 => (any::<u8>(), any::<u8>(), -4i8..5, any::<u8>())
            .prop_map(|(top, bottom, by, fill)| Step::Scroll { top, bottom, by, fill }),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(y, seed)| Step::Poke { y, seed }),
        1 => Just(Step::Forget),
        1 => any::<u8>().prop_map(|y| Step::Again { y }),
        1 => (1u16..50, 1u16..14).prop_map(|(w, h)| Step::Resize(w, h)),
    ]
}

impl Step {
    fn apply(&self, rows: &mut Vec<u8>, width: &mut u16, screen: &mut Screen) {
        let height = rows.len();
        match self {
            Self::Rows(new) => rows.iter_mut().zip(new).for_each(|(a, b)| *a = *b),
            Self::Scroll {
                top,
                bottom,
                by,
                fill,
            } => {
                let (a, b) = (usize::from(*top) % height, usize::from(*bottom) % height);
                let region = &mut rows[a.min(b)..=a.max(b)];
                let by = (usize::from(by.unsigned_abs())).min(region.len());
                if fill % 2 == 0 {
                    region.rotate_left(by);
                } else {
                    region.rotate_right(by);
                }
                region[0] = *fill;
            }
            Self::Poke { y, seed } => rows[usize::from(*y) % height] = *seed,
            Self::Forget => screen.forget(),
            Self::Again { y } => screen.write_again(u16::from(*y % 16)..u16::from(*y % 16) + 2),
            Self::Resize(w, h) => {
                *width = *w;
                rows.resize(usize::from(*h), 7);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_comes_the_terminal_shows_the_buffer(
        steps in prop::collection::vec(step(), 1..40),
        width in 1u16..50,
        height in 1u16..14,
    ) {
        let mut bench = Bench::new(width, height);
        let (mut rows, mut width) = (vec![0u8; usize::from(height)], width);
        for (n, step) in steps.iter().enumerate() {
            step.apply(&mut rows, &mut width, &mut bench.screen);
            let height = u16::try_from(rows.len()).unwrap();
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            for (y, seed) in rows.iter().enumerate() {
                row(&mut buffer, u16::try_from(y).unwrap(), *seed);
            }
            let n = u16::try_from(n).unwrap();
            bench.draw(&buffer, (n * 7 % width, n * 3 % height));
            prop_assert_eq!(bench.draw(&buffer, (n * 7 % width, n * 3 % height)), "");
        }
    }
}
