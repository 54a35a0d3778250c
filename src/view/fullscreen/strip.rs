//! What people are saying or typing at this moment, above the row of who types.
//!
//! While captions are on, its rows are always there, so that nothing jumps when
//! somebody begins; what is finished moves up into the timeline.

use crate::model::settings::Motion;
use crate::model::turn::Turn;
use crate::model::turn::TurnKind;
use crate::state::State;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Piece;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// The rows on a screen of that size, at most two.
pub(crate) fn rows(state: &State, width: usize, height: u16) -> Vec<Row> {
    let most = match height {
        0..12 => return Vec::new(),
        12..16 => 1,
        _ => 2,
    };
    let Some(call) = state.call().filter(|c| c.state.is_inside()) else {
        return Vec::new();
    };
    // Words that change while they are recognised move; without motion only finished ones are shown.
    let still = state.settings.motion == Motion::Off;
    let shown = call
        .turns
        .open()
        .filter(|t| !(t.text.is_empty() || still && t.kind == TurnKind::Caption));
    let mut rows: Vec<Row> = shown.rev().take(most).map(|t| row(t, width)).collect();
    rows.reverse();
    if state.settings.sound.captions && !still {
        while rows.len() < most {
            rows.insert(0, Row::blank());
        }
    }
    rows
}

/// Who, and the newest of their words that fit.
fn row(turn: &Turn, width: usize) -> Row {
    let name = if turn.mine {
        phrase::YOU.to_owned()
    } else {
        phrase::person(&turn.person)
    };
    let before = format!("{}, {name}: ", phrase::turn(turn.kind));
    let room = width.saturating_sub(wrap::width(&before));
    let mut row = Row::new(&before, Role::MessageSender);
    row.pieces
        .push(Piece::new(end(&turn.text, room), Role::Text));
    row
}

/// The last whole words that fit into `room` columns.
fn end(text: &str, room: usize) -> &str {
    let mut rest = text;
    while wrap::width(rest) > room {
        match rest.find(' ') {
            Some(at) => rest = &rest[at + 1..],
            None => return wrap::fit(rest, room),
        }
    }
    rest
}
