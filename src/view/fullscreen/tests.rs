//! Small screens, row by row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Drawn;
use super::Screen;
use crate::state::State;
use crate::view::fixture;
use crate::view::fixture::at;
use crate::view::fixture::message;
use crate::view::theme::Theme;

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

fn talk() -> State {
    let mut state = fixture::meeting();
    fixture::put(
        &mut state,
        vec![
            message(
                1,
                "Alice Wu",
                "Good morning. Shall we start with the open points?",
                2,
            ),
            message(2, "Bob Ito (External)", "The build is green again", 3),
        ],
    );
    state
}

#[test]
fn try_it() {
    let state = talk();
    for size in [(96, 24), (60, 16), (40, 10), (20, 4)] {
        let (rows, drawn) = draw(&state, size.0, size.1);
        eprintln!("--- {size:?} {:?}\n{}", drawn.cursor, rows.join("\n"));
    }
    let _ = (at(1), check as fn(&State, (u16, u16), &[&str]));
}
