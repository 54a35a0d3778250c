//! What lies over the timeline: palette, roster, keys, help, questions.
//!
//! Never over the notice line, the call line or the composer: it is given only
//! the rows above them. The real cursor stands on what is chosen.

use ratatui::layout::Rect;

use crate::command;
use crate::command::Command;
use crate::model::capability::Reason;
use crate::model::key::Key;
use crate::model::settings::Borders;
use crate::model::spot::Spot;
use crate::state::State;
use crate::state::focus::Confirm;
use crate::state::focus::Overlay;
use crate::view::fullscreen::meter;
use crate::view::fullscreen::paint::Painter;
use crate::view::fullscreen::paint::narrow;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Piece;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// One line to choose or read.
pub(crate) struct Item {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) selected: bool,
}

impl Item {
    pub(crate) fn new(words: &str, role: Role) -> Self {
        Self {
            pieces: vec![Piece::new(words, role)],
            selected: false,
        }
    }

    fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }
}

/// One row of a list.
struct Line {
    row: Row,
    /// Which item it belongs to.
    item: usize,
    /// The first row of what is chosen.
    selected: bool,
}

/// Draws an overlay into the rows it may have, and tells where the cursor belongs.
pub(crate) fn draw(
    state: &State,
    overlay: &Overlay,
    area: Rect,
    painter: &mut Painter<'_>,
) -> Option<(u16, u16)> {
    let inner = painter.panel(area)?;
    let room = usize::from(inner.width);
    let title = wrap::shorten(phrase::title(overlay), room);
    painter.row(&Row::new(&title, Role::OverlayTitle), inner);
    let mut cursor = None;
    let mut top = 1;
    if let Overlay::Palette { query, .. } = overlay
        && area.height > 1
    {
        let shown = format!("> {query}");
        let line = Rect {
            y: area.y + 1,
            ..inner
        };
        let used = painter.text(&shown, Role::Overlay, line, 0);
        cursor = Some((inner.x + narrow(used.min(room - 1)), line.y));
        top = 2;
    }
    for row in meters(
        state,
        overlay,
        usize::from(area.height),
        painter.borders,
        room,
    ) {
        let line = Rect {
            y: area.y + narrow(top),
            ..inner
        };
        painter.row(&row, line);
        top += 1;
    }
    let height = usize::from(area.height).saturating_sub(top);
    let mut list = set(&items(state, overlay), room);
    let mut each = true;
    if *overlay == Overlay::Leader && list.len() > height {
        list = keys_in_short(state, room);
        each = false;
    }
    let from = first(state, &list, overlay, height);
    // What is only read has nothing chosen that would show where one is.
    let more = overlay.is_read() && from + height < list.len();
    let height = height.saturating_sub(usize::from(more));
    if more {
        let line = Rect {
            y: area.bottom() - 1,
            ..inner
        };
        let words = wrap::shorten(phrase::MORE_BELOW, room);
        painter.row(&Row::new(&words, Role::OverlayTitle), line);
    }
    let clicks = each && is_list(state, overlay);
    for (at, line_of) in list.iter().skip(from).take(height).enumerate() {
        let line = Rect {
            y: area.y + narrow(top + at),
            ..inner
        };
        painter.row(&line_of.row, line);
        if clicks {
            let whole = Rect {
                y: line.y,
                height: 1,
                ..area
            };
            painter.spot(whole, || Spot::Choice(line_of.item));
        }
        if line_of.selected && cursor_follows(overlay) {
            cursor = Some((inner.x, line.y));
        }
    }
    cursor
}

/// Above the people, and above the devices, where that leaves room for them.
fn meters(
    state: &State,
    overlay: &Overlay,
    height: usize,
    borders: Borders,
    room: usize,
) -> Vec<Row> {
    if !matches!(overlay, Overlay::Roster { .. } | Overlay::Devices { .. }) || height < 8 {
        return Vec::new();
    }
    let captured = meter::captured(state, room, borders);
    let played = meter::played(state, room, borders);
    captured.into_iter().chain(played).collect()
}

/// Its lines can be chosen one by one.
fn is_list(state: &State, overlay: &Overlay) -> bool {
    match overlay {
        Overlay::Palette { .. } | Overlay::Devices { .. } | Overlay::Leader => true,
        Overlay::Roster { .. } => state.call().is_some_and(|c| c.state.is_inside()),
        Overlay::Help { .. }
        | Overlay::About
        | Overlay::Can
        | Overlay::Accounts
        | Overlay::Leave
        | Overlay::Files
        | Overlay::Work
        | Overlay::Notices
        | Overlay::Confirm(_) => false,
    }
}

/// While a query is being typed and nothing else was chosen, the cursor stays where typing goes.
fn cursor_follows(overlay: &Overlay) -> bool {
    match overlay {
        Overlay::Palette { selected, .. } => *selected > 0,
        Overlay::Roster { .. }
        | Overlay::Devices { .. }
        | Overlay::Leader
        | Overlay::Help { .. }
        | Overlay::About
        | Overlay::Can
        | Overlay::Accounts
        | Overlay::Leave
        | Overlay::Files
        | Overlay::Work
        | Overlay::Notices
        | Overlay::Confirm(_) => true,
    }
}

/// The first line shown: as scrolled, or so that what is chosen is visible.
fn first(state: &State, list: &[Line], overlay: &Overlay, height: usize) -> usize {
    let most = list.len().saturating_sub(height);
    match overlay {
        Overlay::Help { scroll, .. } => (*scroll).min(most),
        Overlay::Leader
        | Overlay::About
        | Overlay::Can
        | Overlay::Accounts
        | Overlay::Leave
        | Overlay::Files
        | Overlay::Work
        | Overlay::Notices => state.focus.hidden.min(most),
        Overlay::Palette { .. }
        | Overlay::Roster { .. }
        | Overlay::Devices { .. }
        | Overlay::Confirm(_) => {
            let chosen = list.iter().rposition(|line| line.selected).unwrap_or(0);
            (chosen + 1).saturating_sub(height).min(most)
        }
    }
}

/// Items as rows; what is chosen is marked by a sign and a role, and only its first row counts as it.
fn set(items: &[Item], room: usize) -> Vec<Line> {
    let mut rows = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let mut pieces = item.pieces.clone();
        let mark = if item.selected {
            for piece in &mut pieces {
                piece.look.role = Role::OverlaySelected;
            }
            "> "
        } else {
            "  "
        };
        for (at, row) in wrap::words(&pieces, room.saturating_sub(2))
            .into_iter()
            .enumerate()
        {
            let before = if at == 0 { mark } else { "  " };
            rows.push(Line {
                row: row.indent(before, Role::OverlaySelected),
                item: number,
                selected: item.selected && at == 0,
            });
        }
    }
    rows
}

fn items(state: &State, overlay: &Overlay) -> Vec<Item> {
    match overlay {
        Overlay::Palette { query, selected } => palette(state, query, *selected),
        Overlay::Roster { selected } => roster(state, *selected),
        Overlay::Devices { selected } => devices(state, *selected),
        Overlay::Leader => leader(state),
        Overlay::Help { topic, .. } => read(&phrase::help(state, topic.as_deref())),
        Overlay::About => read(&phrase::about()),
        Overlay::Can => read(&phrase::can(state)),
        Overlay::Files => read(&phrase::files(state)),
        Overlay::Accounts => read(&phrase::accounts(state)),
        Overlay::Leave => read(&phrase::leave(state)),
        Overlay::Work => read(&phrase::work(state)),
        Overlay::Notices => read(&phrase::notices(state)),
        Overlay::Confirm(question) => confirm(question),
    }
}

/// Lines that are only read.
fn read(text: &str) -> Vec<Item> {
    text.lines().map(|l| Item::new(l, Role::Overlay)).collect()
}

fn confirm(question: &Confirm) -> Vec<Item> {
    let mut items = vec![Item::new(&phrase::confirm(question), Role::Overlay).selected(true)];
    if let Confirm::Paste { text, .. } = question {
        items.extend(read(text).into_iter().take(12));
    }
    items
}

/// Everybody in the call in the order `update` counts them, those who wait after them.
fn roster(state: &State, selected: usize) -> Vec<Item> {
    let Some(call) = state.call().filter(|c| c.state.is_inside()) else {
        return read(&phrase::who(state));
    };
    let entries = call.sorted().into_iter();
    let people = entries.map(|e| phrase::roster_entry(state, call, e));
    let waiting = call.lobby.iter().map(phrase::waiting);
    people
        .chain(waiting)
        .enumerate()
        .map(|(at, line)| Item::new(&line, Role::Overlay).selected(at == selected))
        .collect()
}

fn devices(state: &State, selected: usize) -> Vec<Item> {
    let choices = state.sound.choices().into_iter().enumerate();
    choices
        .map(|(at, (which, choice))| {
            let words = phrase::choice(state, which, &choice);
            Item::new(&words, Role::Overlay).selected(at == selected)
        })
        .collect()
}

/// What may follow the keys pressed so far; what is not possible now is there with its reason.
fn leader(state: &State) -> Vec<Item> {
    let list = following(state).into_iter();
    list.map(|(chord, command)| {
        let mut item = Item::new(&format!("{chord} "), Role::OverlayKey);
        let help = command::row(command).help;
        item.pieces
            .push(possible(help, state.allowed(command).err().as_ref()));
        item
    })
    .collect()
}

/// The same with names instead of sentences and reasons, as many in a row as fit: mostly all keys are seen at once.
fn keys_in_short(state: &State, room: usize) -> Vec<Line> {
    const GAP: &str = "   ";
    let mut rows: Vec<Row> = Vec::new();
    for (chord, command) in following(state) {
        let name = match state.allowed(command) {
            Ok(()) => Piece::new(command.name(), Role::Overlay),
            Err(reason) => {
                let words = phrase::not_now_in_short(command.name(), &reason);
                Piece::new(&words, Role::OverlayDisabled)
            }
        };
        let needed = wrap::width(&chord) + 1 + wrap::width(&name.text);
        match rows.last_mut() {
            Some(row) if row.width() + GAP.len() + needed <= room => {
                row.pieces.push(Piece::new(GAP, Role::Overlay));
            }
            _ => rows.push(Row::blank()),
        }
        if let Some(row) = rows.last_mut() {
            let chord = format!("{chord} ");
            row.pieces.push(Piece::new(&chord, Role::OverlayKey));
            row.pieces.push(name);
        }
    }
    let line = |row| Line {
        row,
        item: 0,
        selected: false,
    };
    rows.into_iter().map(line).collect()
}

/// What the keys pressed so far can lead to.
fn following(state: &State) -> Vec<(String, &Command)> {
    let leader = [Key::ctrl('g')];
    let pressed = if state.focus.pending.is_empty() {
        leader.as_slice()
    } else {
        &state.focus.pending
    };
    state.keymap.continuations(pressed)
}

/// Commands, threads, people and messages that fit the query.
fn palette(state: &State, query: &str, selected: usize) -> Vec<Item> {
    let found = state.palette(query);
    if found.is_empty() {
        return read(phrase::NOTHING_FOUND);
    }
    found
        .into_iter()
        .enumerate()
        .map(|(at, line)| {
            let kind = phrase::target(&line.target);
            let mut item = Item::new(kind, Role::OverlayKey).selected(at == selected);
            item.pieces
                .push(possible(&line.text, line.refused.as_ref()));
            item
        })
        .collect()
}

/// Words of something to do, and why it is not possible now.
fn possible(words: &str, refused: Option<&Reason>) -> Piece {
    match refused {
        None => Piece::new(words, Role::Overlay),
        Some(reason) => Piece::new(&phrase::not_now(words, reason), Role::OverlayDisabled),
    }
}
