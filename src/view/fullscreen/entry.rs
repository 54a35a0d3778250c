//! One entry of the timeline as rows: what stands above it, its heading, its words, its fate.

use crate::clock::Timestamp;
use crate::model::announcement::Said;
use crate::model::announcement::Topic;
use crate::model::message::Body;
use crate::model::message::Message;
use crate::model::message::SendState;
use crate::model::rich::Rich;
use crate::state::State;
use crate::state::timeline::Echo;
use crate::state::timeline::Entry;
use crate::view::facts;
use crate::view::fullscreen::rich;
use crate::view::fullscreen::rich::Setting;
use crate::view::fullscreen::timeline::Layout;
use crate::view::fullscreen::timeline::Look;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Fill;
use crate::view::fullscreen::wrap::Piece;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// Words stand this far to the right of the name they belong to.
const INDENT: &str = "  ";

/// All rows of an entry, at least one.
pub(crate) fn rows(state: &State, entry: &Entry, look: &Look, layout: Layout) -> Vec<Row> {
    let mut rows = above(state, entry, look, layout);
    match entry {
        Entry::Message(message) => message_rows(state, message, look, layout, &mut rows),
        Entry::Echo(echo) => echo_rows(state, echo, look, layout, &mut rows),
        Entry::Banner { said, at, .. } => {
            let mut set = banner_rows(state, said, *at, layout);
            if let Some(row) = set.last_mut().filter(|_| look.selected) {
                let words = format!("{}{}", phrase::DOT, phrase::SELECTED);
                row.pieces.push(Piece::new(&words, Role::Selected));
            }
            rows.extend(set);
        }
    }
    rows
}

/// Which of an entry's rows carries the cursor while it is selected: the first with words of its own.
pub(crate) fn heading_at(rows: &[Row]) -> usize {
    rows.iter()
        .position(|r| r.fill == Fill::Blank && !r.pieces.is_empty())
        .unwrap_or(0)
}

/// Whether a message shows who wrote it.
pub(crate) const fn has_sender(message: &Message) -> bool {
    message.sender.is_some() && !matches!(message.body, Body::System(_))
}

/// The blank row, the day, the line above what is new.
fn above(state: &State, entry: &Entry, look: &Look, layout: Layout) -> Vec<Row> {
    let mut rows = Vec::new();
    let blank = layout.spaced && !look.grouped && !look.first;
    if blank {
        rows.push(Row::blank());
    }
    if look.day {
        let at = match entry {
            Entry::Message(message) => message.created,
            Entry::Echo(echo) => echo.at,
            Entry::Banner { at, .. } => *at,
        };
        rows.push(Row::new(&state.zone.day(at), Role::Day).filled(Fill::Centre));
        if layout.spaced && !look.marker {
            rows.push(Row::blank());
        }
    }
    if look.marker {
        rows.push(Row::new(phrase::NEW, Role::Marker).filled(Fill::Rule));
    }
    rows
}

/// Notices fill their rows in reverse video; other news is as quiet as a system message.
fn banner_rows(state: &State, said: &Said, at: Timestamp, layout: Layout) -> Vec<Row> {
    let words = phrase::said(said, state);
    let time = facts::time(state, at);
    let words = format!("{}{}{time}", words.trim_end_matches('.'), phrase::DOT);
    if said.topic() == Topic::Notice {
        let set = wrap::text(&words, Role::Notice, layout.width.saturating_sub(2));
        set.into_iter().map(|r| r.filled(Fill::Banner)).collect()
    } else {
        wrap::text(&words, Role::MessageSystem, layout.width)
    }
}

fn message_rows(
    state: &State,
    message: &Message,
    look: &Look,
    layout: Layout,
    rows: &mut Vec<Row>,
) {
    let time = facts::time(state, message.created);
    if !has_sender(message) {
        let words = format!("{}{}{time}", phrase::body(&message.body), phrase::DOT);
        rows.extend(wrap::text(&words, Role::MessageSystem, layout.width));
        return;
    }
    let (name, role) = match (&message.sender, message.mine) {
        (_, true) | (None, _) => (phrase::YOU.to_owned(), Role::MessageMine),
        (Some(sender), false) => (phrase::person(sender), Role::MessageSender),
    };
    let mut marks: Vec<(String, Role)> = Vec::new();
    if message.edited.is_some() && !matches!(message.body, Body::Deleted) {
        marks.push((phrase::EDITED.to_owned(), Role::MessageTime));
    }
    if let Some(words) = phrase::importance(message) {
        marks.push((words.to_owned(), Role::Accent));
    }
    if message.mentions_me {
        marks.push((phrase::MENTIONS_YOU.to_owned(), Role::Accent));
    }
    if !look.readers.is_empty() {
        marks.push((phrase::read_by(&look.readers), Role::MessageTime));
    }
    if look.selected {
        marks.push((phrase::SELECTED.to_owned(), Role::Selected));
    }
    let head = Head {
        name,
        role,
        time,
        marks,
    };
    let inside = setting(layout);
    let (lead, indent) = head.put(look, layout, rows);
    if let Some(quoted) = &message.reply_to {
        let words = format!("{}: {}", quoted.name, phrase::one_line(&quoted.text));
        let bar = Piece::new("> ", Role::Rule);
        let room = inside.width.saturating_sub(2);
        let mut row = Row::new(&wrap::shorten(&words, room), Role::MessageQuote);
        row.pieces.insert(0, bar);
        rows.push(row.indent(indent, Role::Text));
    }
    let body = match &message.body {
        Body::Text(text) => {
            let mut set = rich::rows(text, lead, inside);
            set.extend(rich::attachments(&message.attachments, Some(text), inside));
            set
        }
        Body::Deleted | Body::Blocked | Body::System(_) | Body::Unknown(_) => {
            let words = Piece::new(&phrase::body(&message.body), Role::MessageSystem);
            let pieces: Vec<Piece> = lead.into_iter().chain([words]).collect();
            wrap::words(&pieces, inside.width)
        }
    };
    rows.extend(body.into_iter().map(|r| r.indent(indent, Role::Text)));
    if let Some(words) = phrase::reactions(message) {
        let set = wrap::text(&words, Role::MessageTime, inside.width);
        rows.extend(set.into_iter().map(|r| r.indent(indent, Role::Text)));
    }
}

fn echo_rows(state: &State, echo: &Echo, look: &Look, layout: Layout, rows: &mut Vec<Row>) {
    let fate = match &echo.state {
        SendState::Sent => None,
        SendState::Sending => Some((phrase::SENDING.to_owned(), Role::MessageTime)),
        SendState::Failed(failure) => Some((phrase::not_sent(failure), Role::MessageFailed)),
    };
    let head = Head {
        name: phrase::YOU.to_owned(),
        role: Role::MessageMine,
        time: facts::time(state, echo.at),
        marks: Vec::new(),
    };
    let inside = setting(layout);
    let (lead, indent) = head.put(look, layout, rows);
    let text = Rich::from_text(&echo.draft.text);
    let body = rich::rows(&text, lead, inside);
    rows.extend(body.into_iter().map(|r| r.indent(indent, Role::Text)));
    if let Some((words, role)) = fate {
        let set = wrap::text(&words, role, inside.width);
        rows.extend(set.into_iter().map(|r| r.indent(indent, Role::Text)));
    }
}

const fn setting(layout: Layout) -> Setting {
    let indent = if layout.joined { 0 } else { INDENT.len() };
    let width = layout.width.saturating_sub(indent);
    Setting {
        width: if width == 0 { 1 } else { width },
        borders: layout.borders,
    }
}

/// Who, when, and what else is said beside a name.
struct Head {
    name: String,
    role: Role,
    time: String,
    marks: Vec<(String, Role)>,
}

impl Head {
    /// Puts the heading on a row of its own, or gives what goes before the first words; and the indent of the rest.
    fn put(
        self,
        look: &Look,
        layout: Layout,
        rows: &mut Vec<Row>,
    ) -> (Option<Piece>, &'static str) {
        if layout.joined {
            if look.grouped && !look.selected {
                return (None, "");
            }
            let mut words = self.name;
            for (mark, _) in &self.marks {
                words.push_str(", ");
                words.push_str(mark);
            }
            return (Some(Piece::new(&format!("{words}: "), self.role)), "");
        }
        if !look.grouped || look.selected {
            let mut pieces = vec![
                Piece::new(&self.name, self.role),
                Piece::new(&format!("{}{}", phrase::DOT, self.time), Role::MessageTime),
            ];
            for (mark, role) in self.marks {
                pieces.push(Piece::new(phrase::DOT, Role::MessageTime));
                pieces.push(Piece::new(&mark, role));
            }
            rows.extend(wrap::words(&pieces, layout.width));
        }
        (None, INDENT)
    }
}
