//! Meters of what is captured and played, as long as things may move; else a level is said on request.

use crate::model::settings::Borders;
use crate::model::sound::Level;
use crate::state::State;
use crate::view::facts;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// What the microphone gives, with a mark from where on it is taken for a voice.
pub(crate) fn captured(state: &State, room: usize, borders: Borders) -> Option<Row> {
    let meter = state.sound.meter.filter(|_| facts::moves(state))?;
    let voice = if meter.speaking { ", a voice" } else { "" };
    let words = format!(
        "{:<11} {}{voice}, gate {}",
        "Level",
        phrase::level(meter.level),
        phrase::level(meter.gate)
    );
    Some(row(&words, meter.level, Some(meter.gate), room, borders))
}

/// What is played.
pub(crate) fn played(state: &State, room: usize, borders: Borders) -> Option<Row> {
    let level = state.sound.output.filter(|_| facts::moves(state))?;
    let words = format!("{:<11} {}", "Played", phrase::level(level));
    Some(row(&words, level, None, room, borders))
}

fn row(words: &str, level: Level, gate: Option<Level>, room: usize, borders: Borders) -> Row {
    let left = room.saturating_sub(wrap::width(words) + 2);
    if left < 8 {
        return Row::new(&wrap::shorten(words, room), Role::Overlay);
    }
    let bar = bar(level, gate, left.min(METER), borders);
    Row::new(&format!("{words}  {bar}"), Role::Overlay)
}

/// Filled up to the level, with a mark where the gate is.
fn bar(level: Level, gate: Option<Level>, width: usize, borders: Borders) -> String {
    let (full, empty) = match borders {
        Borders::Ascii => ('#', '.'),
        Borders::Line | Borders::None => ('█', '·'),
    };
    let filled = cells(level, width);
    let gate = gate.map(|gate| cells(gate, width));
    (0..width)
        .map(|at| match at {
            at if Some(at) == gate => '|',
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

/// Columns where there is room.
const METER: usize = 24;
/// What is quieter than this is the left end.
const QUIETEST: i16 = -60;
