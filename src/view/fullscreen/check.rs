//! Before the sound goes live: microphone and speaker, what can be done, and a meter.

use ratatui::layout::Rect;

use crate::model::settings::Borders;
use crate::model::sound::Direction;
use crate::state::State;
use crate::state::sound::Check;
use crate::view::fullscreen::meter;
use crate::view::fullscreen::paint::Painter;
use crate::view::fullscreen::paint::narrow;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// Draws the check where talk would be.
pub(crate) fn draw(state: &State, check: &Check, area: Rect, painter: &mut Painter<'_>) {
    let Some(inner) = painter.panel(area) else {
        return;
    };
    let room = usize::from(inner.width);
    let height = usize::from(area.height);
    let rows = set(state, check, room, height, painter.borders);
    for (at, row) in rows.iter().take(height).enumerate() {
        let line = Rect {
            y: area.y + narrow(at),
            ..inner
        };
        painter.row(row, line);
    }
}

fn set(state: &State, check: &Check, room: usize, height: usize, borders: Borders) -> Vec<Row> {
    let title = phrase::check_title(state, check);
    let mut rows = wrap::text(&title, Role::OverlayTitle, room);
    let mut blank = Vec::new();
    blank.push(rows.len());
    for which in Direction::ALL {
        let device = phrase::device(state, which);
        let words = format!("{:<11} {device}", word(which));
        rows.extend(wrap::text(words.trim_end(), Role::Overlay, room));
    }
    rows.extend(meter::captured(state, room, borders));
    blank.push(rows.len());
    for note in phrase::check_notes(state) {
        rows.extend(wrap::text(&note, Role::Overlay, room));
    }
    blank.push(rows.len());
    let keys = keys(room);
    // Whoever has no room sees less of what there is and all that can be done.
    rows.truncate(height.saturating_sub(keys.len()).max(1));
    rows.extend(keys);
    // Space between the parts is the first thing to go.
    if rows.len() + blank.len() <= height {
        for at in blank.into_iter().rev() {
            rows.insert(at, Row::blank());
        }
    }
    rows
}

fn word(which: Direction) -> &'static str {
    match which {
        Direction::Capture => "Microphone",
        Direction::Playback => "Speaker",
    }
}

/// The keys, as many in a row as fit; each word can be typed as well.
fn keys(room: usize) -> Vec<Row> {
    const GAP: &str = "   ";
    let mut rows: Vec<Row> = Vec::new();
    for (key, word) in phrase::CHECK_KEYS {
        let needed = wrap::width(key) + 1 + wrap::width(word);
        let piece = |text: &str, role| wrap::Piece::new(text, role);
        match rows.last_mut() {
            Some(row) if row.width() + GAP.len() + needed <= room => {
                row.pieces.push(piece(GAP, Role::Overlay));
            }
            _ => rows.push(Row::blank()),
        }
        if let Some(row) = rows.last_mut() {
            row.pieces.push(piece(key, Role::OverlayKey));
            row.pieces.push(piece(&format!(" {word}"), Role::Overlay));
        }
    }
    rows
}
