//! The notice line, the call line and the row above them.

use crate::state::State;
use crate::state::focus::Scroll;
use crate::view::facts;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Fill;
use crate::view::fullscreen::wrap::Piece;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::phrase::NoticeLine;
use crate::view::theme::Role;

/// Between the items of the notice line.
const GAP: &str = "   ";

/// Below this many columns the call line uses its short words.
const NARROW: usize = 72;

/// The notice line, wrapped into at most `most` rows: shorter words where the long ones do not fit, but never fewer.
pub(crate) fn notices(state: &State, width: usize, most: usize) -> Vec<Row> {
    let items = phrase::notice_line(state);
    if items.is_empty() || width == 0 || most == 0 {
        return Vec::new();
    }
    let room = width.saturating_sub(if width > 30 { 2 } else { 0 }).max(1);
    let first = if width < NARROW { 1 } else { 0 };
    let forms: [fn(&NoticeLine) -> &str; 3] = [|i| &i.full, |i| &i.short, |i| &i.shortest];
    // A row more for the whole words is better than short ones, three rows more are not.
    let generous = most.min(if first == 0 { 2 } else { 3 });
    for (form, limit) in forms[first..].iter().zip([generous, most, most]) {
        let rows = set(&items, form, room);
        if rows.len() <= limit {
            return rows;
        }
    }
    let mut rows = set(&items, |i| &i.shortest, room);
    if rows.len() > most {
        rows = wrap::verbatim(&tight(&items), Role::Notice, width);
        rows.iter_mut().for_each(|r| r.fill = Fill::Banner);
        rows.truncate(most);
    }
    rows
}

/// The last resort of a very small terminal: the first words only.
fn tight(items: &[NoticeLine]) -> String {
    let words: Vec<&str> = items
        .iter()
        .map(|i| i.shortest.as_str())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ")
}

/// Items stay whole where a row holds them; gaps never start a row.
fn set(items: &[NoticeLine], form: impl Fn(&NoticeLine) -> &str, room: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for words in items.iter().map(form).filter(|w| !w.is_empty()) {
        let needed = wrap::width(words);
        match rows.last_mut() {
            Some(row) if row.width() + GAP.len() + needed <= room => {
                row.pieces
                    .push(Piece::new(&format!("{GAP}{words}"), Role::Notice));
            }
            _ => rows.extend(wrap::text(words, Role::Notice, room)),
        }
    }
    rows.into_iter().map(|r| r.filled(Fill::Banner)).collect()
}

/// The call line without what moves with the clock, and the meter apart.
pub(crate) struct CallLine {
    pub(crate) row: Row,
    pub(crate) words: String,
    pub(crate) meter: Option<String>,
}

/// As much of the call line as fits; where it stands and the microphone always.
pub(crate) fn call_line(state: &State, width: usize) -> CallLine {
    let parts = phrase::call_line(state);
    let meter = parts.iter().find(|p| p.meter).map(|p| p.full.clone());
    let short = width < NARROW;
    let mut row = Row::default();
    for (at, part) in parts.iter().filter(|p| !p.meter).enumerate() {
        let gap = if at > 0 { phrase::DOT } else { "" };
        let used = row.width() + wrap::width(gap);
        let fits = |words: &str| used + wrap::width(words) <= width;
        let words = match (short, fits(&part.full)) {
            (false, true) => &part.full,
            _ => &part.short,
        };
        if words.is_empty() || at > 1 && !fits(words) {
            continue;
        }
        if at > 0 {
            row.pieces.push(Piece::new(gap, Role::Call));
        }
        row.pieces.push(Piece::new(words, part.role));
    }
    let words: String = row.pieces.iter().map(|p| p.text.as_str()).collect();
    CallLine { row, words, meter }
}

/// What is newer than the page, how current the chat is, who types.
pub(crate) fn above(state: &State, width: usize) -> Row {
    let mut row = Row::default();
    let mut push = |words: String, role| {
        let gap = if row.pieces.is_empty() { "" } else { GAP };
        let room = width.saturating_sub(row.width() + gap.len());
        if room > 3 {
            let words = wrap::shorten(&words, room);
            row.pieces.push(Piece::new(&format!("{gap}{words}"), role));
        }
    };
    if let Scroll::Anchored { newer, .. } = state.focus.scroll {
        push(phrase::newer(newer), Role::Newer);
    }
    let Some(thread) = facts::thread(state) else {
        return row;
    };
    if let Some(words) = phrase::chat_state(state, thread) {
        push(words, Role::Age);
    }
    if let Some(words) = phrase::typing(thread, state.now.moment).filter(|_| facts::moves(state)) {
        push(words, Role::Typing);
    }
    row
}
