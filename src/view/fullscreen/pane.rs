//! Threads and people as side panes, for those who pin them.

use ratatui::layout::Rect;

use crate::model::spot::Spot;
use crate::state::State;
use crate::view::facts;
use crate::view::fullscreen::paint::Painter;
use crate::view::fullscreen::paint::narrow;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// Columns of a pane.
const WIDTH: u16 = 24;
/// Talk keeps at least this many columns.
const TALK: u16 = 50;

/// Draws the panes that are pinned and fit, and gives what is left in the middle.
pub(crate) fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) -> Rect {
    let mut middle = area;
    if state.settings.pinned_threads && middle.width >= TALK + WIDTH {
        let pane = Rect {
            width: WIDTH,
            ..middle
        };
        let spots = state.threads.all.keys().cloned().map(Spot::Thread);
        list("Threads", &threads(state), spots.collect(), pane, painter);
        middle.x += WIDTH;
        middle.width -= WIDTH;
    }
    if state.settings.pinned_people && middle.width >= TALK + WIDTH {
        let pane = Rect {
            x: middle.x + middle.width - WIDTH,
            width: WIDTH,
            ..middle
        };
        let people = people(state);
        let spots = (0..people.len()).map(Spot::Person).collect();
        list("People", &people, spots, pane, painter);
        middle.width -= WIDTH;
    }
    middle
}

/// Topic, unread in numbers, and which is in front.
fn threads(state: &State) -> Vec<String> {
    let current = state.threads.current.as_ref();
    let thread = |t: &crate::state::threads::Thread| {
        let mark = if current == Some(&t.key) { "> " } else { "" };
        let unread = match t.unread {
            0 => String::new(),
            unread => format!(" ({unread})"),
        };
        format!("{mark}{}{unread}", t.topic)
    };
    state.threads.all.values().map(thread).collect()
}

fn people(state: &State) -> Vec<String> {
    let words = phrase::who(state);
    let who = words.lines().skip(1).map(str::to_owned);
    if state.thread().is_some() || facts::running(state).is_some() {
        who.collect()
    } else {
        Vec::new()
    }
}

fn list(title: &str, lines: &[String], spots: Vec<Spot>, area: Rect, painter: &mut Painter<'_>) {
    let room = usize::from(area.width).saturating_sub(2);
    let title = Row::new(title, Role::OverlayTitle);
    let rows = std::iter::once(title).chain(
        lines
            .iter()
            .map(|l| Row::new(&wrap::shorten(l, room), Role::Text)),
    );
    let mut spots = std::iter::once(None).chain(spots.into_iter().map(Some));
    for (at, row) in rows.take(usize::from(area.height)).enumerate() {
        let line = Rect {
            x: area.x + 1,
            y: area.y + narrow(at),
            width: area.width - 2,
            height: 1,
        };
        painter.row(&row, line);
        if let Some(spot) = spots.next().flatten() {
            painter.spot(line, || spot);
        }
    }
}
