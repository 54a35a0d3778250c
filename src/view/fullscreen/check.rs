//! Before the sound goes live: microphone and speaker, what can be done, and a meter.

use ratatui::layout::Rect;

use crate::model::settings::Borders;
use crate::model::sound::Direction;
use crate::model::sound::Level;
use crate::state::State;
use crate::state::sound::Check;
use crate::state::sound::Meter;
use crate::view::facts;
use crate::view::fullscreen::paint::Painter;
use crate::view::fullscreen::paint::narrow;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// Columns of the meter where there is room.
const METER: usize = 24;
/// What is quieter than this is the left end of the meter.
const QUIETEST: i16 = -60;

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
    rows.extend(meter(state, room, borders));
    blank.push(rows.len());
    for note in phrase::check_notes(state) {
        rows.extend(wrap::text(&note, Role::Overlay, room));
    }
    blank.push(rows.len());
    rows.extend(keys(room));
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

/// What the microphone gives, as long as things may move; else it is said on request.
fn meter(state: &State, room: usize, borders: Borders) -> Option<Row> {
    let meter = state.sound.meter.filter(|_| facts::moves(state))?;
    let voice = if meter.speaking { ", a voice" } else { "" };
    let words = format!(
        "{:<11} {}{voice}, gate {}",
        "Level",
        phrase::level(meter.level),
        phrase::level(meter.gate)
    );
    let left = room.saturating_sub(wrap::width(&words) + 2);
    if left < 8 {
        return Some(Row::new(&wrap::shorten(&words, room), Role::Overlay));
    }
    let bar = bar(meter, left.min(METER), borders);
    Some(Row::new(&format!("{words}  {bar}"), Role::Overlay))
}

/// Filled up to the level, with a mark where the gate is.
fn bar(meter: Meter, width: usize, borders: Borders) -> String {
    let (full, empty) = match borders {
        Borders::Ascii => ('#', '.'),
        Borders::Line | Borders::None => ('█', '·'),
    };
    let filled = cells(meter.level, width);
    let gate = cells(meter.gate, width);
    (0..width)
        .map(|at| match at {
            at if at == gate => '|',
            at if at < filled => full,
            _ => empty,
        })
        .collect()
}

/// How much of a meter a level fills.
fn cells(level: Level, width: usize) -> usize {
    let above = i16::from(level.dbfs()) - QUIETEST;
    let above = usize::try_from(above).unwrap_or(0);
    above * width / usize::from(QUIETEST.unsigned_abs())
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
