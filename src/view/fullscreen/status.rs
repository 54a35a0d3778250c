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
use crate::view::phrase::Part;
use crate::view::theme::Role;

/// Between the items of the notice line.
const GAP: &str = "   ";

/// Below this many columns the call line uses its short words.
const NARROW: usize = 72;

/// Which of its words an item shows.
type Form = fn(&NoticeLine) -> &str;

/// The notice line, wrapped into at most `most` rows: shorter words where the long ones do not fit, but never fewer.
pub(crate) fn notices(state: &State, width: usize, most: usize) -> Vec<Row> {
    let items = phrase::notice_line(state);
    if items.is_empty() || width == 0 || most == 0 {
        return Vec::new();
    }
    let room = width.saturating_sub(if width > 30 { 2 } else { 0 }).max(1);
    // A row more for the whole words is better than short ones, two rows more are not.
    let forms: &[(Form, usize)] = if width < NARROW {
        &[(|i| &i.short, 3), (|i| &i.shortest, usize::MAX)]
    } else {
        &[
            (|i| &i.full, 2),
            (|i| if i.short.is_empty() { "" } else { &i.full }, 2),
            (|i| &i.short, 3),
            (|i| &i.shortest, usize::MAX),
        ]
    };
    for (form, limit) in forms {
        let rows = set(&items, form, room);
        if rows.len() <= most.min(*limit) {
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

/// As much of the call line as fits. The microphone's state is the last thing to go.
pub(crate) fn call_line(state: &State, width: usize) -> CallLine {
    let parts = phrase::call_line(state);
    let meter = parts.iter().find(|p| p.meter).map(|p| p.full.clone());
    let parts: Vec<&Part> = parts.iter().filter(|p| !p.meter).collect();
    let mut row = Row::default();
    if let [standing, microphone, rest @ ..] = parts.as_slice() {
        let full = [standing.full.as_str(), microphone.full.as_str()];
        let short = [standing.short.as_str(), microphone.short.as_str()];
        let columns = |words: [&str; 2]| wrap::width(&words.join(phrase::DOT));
        let long = width >= NARROW && columns(full) <= width;
        if long || columns(short) <= width {
            let words = if long { full } else { short };
            join(&mut row, words[0], standing.role);
            join(&mut row, words[1], microphone.role);
        } else {
            join(&mut row, &microphone.short, microphone.role);
        }
        for part in rest {
            let room = width.saturating_sub(row.width() + wrap::width(phrase::DOT));
            let fits = |words: &&String| !words.is_empty() && wrap::width(words) <= room;
            let full = Some(&part.full).filter(|f| long && fits(f));
            if let Some(words) = full.or(Some(&part.short).filter(fits)) {
                join(&mut row, words, part.role);
            }
        }
    } else if let [only] = parts.as_slice() {
        let fits = wrap::width(&only.full) <= width;
        let words = if fits { &only.full } else { &only.short };
        join(&mut row, &wrap::shorten(words, width), only.role);
    }
    let words = row.pieces.iter().map(|p| p.text.as_str()).collect();
    CallLine { row, words, meter }
}

fn join(row: &mut Row, words: &str, role: Role) {
    if !row.pieces.is_empty() {
        row.pieces.push(Piece::new(phrase::DOT, Role::Call));
    }
    row.pieces.push(Piece::new(words, role));
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
    let Some(thread) = state.thread() else {
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
