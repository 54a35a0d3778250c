//! The whole screen as a function of state.
//!
//! From the bottom: the composer, the call line, the notice line, one row for
//! what is newer and who types, what is being said, the timeline, a thin header. Where rows are
//! few the upper ones go; notices, call line and composer stay.

mod check;
mod composer;
mod entry;
mod meter;
mod overlay;
mod paint;
mod pane;
mod rich;
mod status;
mod strip;
mod timeline;
pub(crate) mod wrap;

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::announcement::Announcement;
use crate::model::settings::Motion;
use crate::model::spot::Spot;
use crate::state::State;
use crate::state::focus::Mode;
use crate::view::fullscreen::paint::Painter;
use crate::view::fullscreen::paint::narrow;
use crate::view::fullscreen::timeline::Layout;
use crate::view::fullscreen::timeline::Pages;
use crate::view::fullscreen::wrap::Fill;
use crate::view::fullscreen::wrap::Piece;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;
use crate::view::theme::Theme;

/// Lines of talk are set to at most this many columns.
const READABLE: u16 = 100;

/// Smaller than this, only words that say so and the notices are shown.
const SMALLEST: (u16, u16) = (20, 4);
/// A list keeps this many rows, however much is said meanwhile.
const LEAST_OVERLAY: u16 = 4;

/// What lies on the screen besides its cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn {
    /// Where the real cursor goes, last of all.
    pub cursor: Option<(u16, u16)>,
    pub links: Vec<Link>,
    /// What can be clicked, where the mouse is on; what lies above comes later.
    pub spots: Vec<Clickable>,
    /// The page shows the oldest loaded message: time to ask for older ones.
    pub top: bool,
    /// The rows of a notice that is said again.
    pub repeat: Range<u16>,
}

/// Cells that lead somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub url: String,
}

/// Cells of a row that can be clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clickable {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub spot: Spot,
}

/// What a cell belongs to.
pub fn spot_at(spots: &[Clickable], column: u16, row: u16) -> Option<&Spot> {
    let covers =
        |c: &&Clickable| c.y == row && (c.x..c.x.saturating_add(c.width)).contains(&column);
    spots.iter().rev().find(covers).map(|c| &c.spot)
}

/// Draws frames, and keeps wrapped lines between them. Holds nothing that is not in the state.
#[derive(Default)]
pub struct Screen {
    pages: Pages,
    /// The call line's words and the meter that was shown with them: the clock alone redraws nothing.
    meter: Option<(String, Option<String>)>,
}

/// Where everything goes in this frame.
struct Areas {
    header: Rect,
    rule: Rect,
    timeline: Rect,
    strip: Rect,
    above: Rect,
    notices: Rect,
    call: Rect,
    composer: Rect,
}

impl Screen {
    pub fn draw(&mut self, state: &State, theme: &Theme, buffer: &mut Buffer) -> Drawn {
        let area = buffer.area;
        let mut painter = Painter::new(buffer, theme, &state.settings);
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            return too_small(state, area, &mut painter);
        }
        let composer = set_composer(state, area);
        let notices = status::notices(
            state,
            usize::from(area.width),
            usize::from(area.height).saturating_sub(composer.rows.len() + 1),
        );
        let strip = strip::rows(state, usize::from(inner(area).width), area.height);
        let heights = [composer.rows.len(), notices.len(), strip.len()];
        let areas = divide(area, heights, &painter);
        header(state, &areas, &mut painter);
        let answered = answered(state, &areas);
        let talk = answered.above(state, areas.timeline);
        let middle = pane::draw(state, talk, &mut painter);
        let page = self.timeline(state, middle, &mut painter);
        painter.row(
            &status::above(state, usize::from(areas.above.width)),
            areas.above,
        );
        rows(&strip, areas.strip, &mut painter);
        answered.draw(&mut painter);
        let chosen = draw_overlay(state, &areas, &answered, &mut painter);
        rows(&notices, areas.notices, &mut painter);
        self.call_line(state, areas.call, &mut painter);
        rows(&composer.rows, areas.composer, &mut painter);
        composer_spots(&composer, areas.composer, &mut painter);
        let (x, y) = composer.cursor;
        let writing = (areas.composer.x + narrow(x), areas.composer.y + narrow(y));
        Drawn {
            cursor: Some(
                chosen
                    .filter(|_| state.doors.passphrase.is_none())
                    .or_else(|| page.cursor.filter(|_| is_choosing(state)))
                    .unwrap_or(writing),
            ),
            links: painter.links,
            spots: painter.spots,
            top: page.top,
            repeat: answered.repeat,
        }
    }

    fn timeline(&mut self, state: &State, area: Rect, painter: &mut Painter<'_>) -> Shown {
        let column = Rect {
            x: area.x + 1,
            width: area.width.saturating_sub(2).min(READABLE),
            ..area
        };
        let layout = Layout {
            width: usize::from(column.width).max(1),
            borders: state.settings.borders,
            spaced: area.height >= 14,
            days: area.height >= 8,
            joined: area.height <= 7 || area.width <= 40,
        };
        let page = self.pages.page(state, layout, usize::from(area.height));
        let mut cursor = None;
        let blank = usize::from(area.height).saturating_sub(page.rows.len());
        for (at, row) in page.rows.iter().enumerate() {
            let y = area.y + narrow(blank + at);
            let full = row.row().fill == Fill::Banner;
            let from = if full { area } else { column };
            let links = painter.links.len();
            painter.row(
                row.row(),
                Rect {
                    y,
                    height: 1,
                    ..from
                },
            );
            if let Some(message) = &row.message {
                let whole = Rect {
                    y,
                    height: 1,
                    ..area
                };
                painter.spot(whole, || Spot::Message(message.clone()));
                painter.link_spots(links, message);
            }
            if row.selected {
                let margin = Rect {
                    y,
                    height: 1,
                    ..area
                };
                painter.text(">", Role::Selected, margin, 0);
                cursor = Some((column.x, y));
            }
        }
        Shown {
            cursor,
            top: page.top,
        }
    }

    fn call_line(&mut self, state: &State, area: Rect, painter: &mut Painter<'_>) {
        let mut line = status::call_line(state, usize::from(area.width));
        let moving = state.settings.motion == Motion::On;
        let meter = match &self.meter {
            Some((words, meter)) if *words == line.words && !moving => meter.clone(),
            _ => line.meter,
        };
        if let Some(words) = &meter {
            let words = format!("{}{words}", phrase::DOT);
            if line.row.width() + wrap::width(&words) <= usize::from(area.width) {
                line.row.pieces.push(Piece::new(&words, Role::Call));
            }
        }
        self.meter = Some((line.words, meter));
        painter.row(&line.row, area);
    }
}

/// What the timeline tells the frame.
struct Shown {
    cursor: Option<(u16, u16)>,
    top: bool,
}

/// A message is being chosen rather than text written: the cursor shows which.
fn is_choosing(state: &State) -> bool {
    state.focus.selected.is_some()
        && (state.focus.mode == Mode::Normal || state.composer.is_empty())
}

fn set_composer(state: &State, area: Rect) -> composer::Set {
    let most = (area.height / 3).max(1);
    // Nothing of a passphrase is shown, also not how long it is; what was being written comes back afterwards.
    let (text, cursor) = match &state.doors.passphrase {
        Some(_) => ("", 0),
        None => (state.composer.text(), state.composer.cursor()),
    };
    composer::set(
        &phrase::prompt(state),
        text,
        cursor,
        usize::from(inner(area).width),
        usize::from(most),
    )
}

/// A column is left free on both sides.
fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
}

fn divide(area: Rect, heights: [usize; 3], painter: &Painter<'_>) -> Areas {
    let [composer, notices, strip] = heights;
    let mut bottom = area.y + area.height;
    let mut take = |rows: usize, from: Rect| {
        let height = narrow(rows).min(bottom - area.y);
        bottom -= height;
        Rect {
            y: bottom,
            height,
            ..from
        }
    };
    let composer = take(composer, inner(area));
    let call = take(1, inner(area));
    let notices = take(notices, area);
    let above = take(usize::from(area.height >= 8), inner(area));
    let strip = take(strip, inner(area));
    let head = usize::from(area.height > 10);
    let rule = usize::from(area.height >= 20 && painter.rule().is_some());
    let top = |y, rows: usize, from: Rect| Rect {
        y: area.y + narrow(y),
        height: narrow(rows),
        ..from
    };
    let used = narrow(head + rule);
    Areas {
        header: top(0, head, inner(area)),
        rule: top(head, rule, inner(area)),
        timeline: Rect {
            y: area.y + used,
            height: (strip.y - area.y).saturating_sub(used),
            ..area
        },
        strip,
        above,
        notices,
        call,
        composer,
    }
}

fn header(state: &State, areas: &Areas, painter: &mut Painter<'_>) {
    let room = usize::from(areas.header.width);
    let (full, short) = phrase::header(state);
    let words = if room >= 64 && wrap::width(&full) <= room {
        full
    } else {
        wrap::shorten(&short, room)
    };
    painter.row(&Row::new(&words, Role::Header), areas.header);
    if let Some(rule) = painter.rule().filter(|_| areas.rule.height > 0) {
        let line = rule.repeat(usize::from(areas.rule.width));
        painter.text(&line, Role::Rule, areas.rule, 0);
    }
}

/// Each grapheme is a place for the cursor, what is left of a row belongs to its end.
fn composer_spots(set: &composer::Set, area: Rect, painter: &mut Painter<'_>) {
    for (at, marks) in set.marks.iter().enumerate().take(usize::from(area.height)) {
        let mut from = 0;
        for (n, (_, offset)) in marks.iter().enumerate() {
            let next = marks.get(n + 1).map(|(x, _)| narrow(*x));
            let to = next.unwrap_or(area.width).min(area.width);
            let cells = Rect {
                x: area.x + from,
                y: area.y + narrow(at),
                width: to.saturating_sub(from),
                height: 1,
            };
            painter.spot(cells, || Spot::Draft(*offset));
            from = to;
        }
    }
}

fn rows(rows: &[Row], area: Rect, painter: &mut Painter<'_>) {
    for (at, row) in rows.iter().enumerate().take(usize::from(area.height)) {
        let y = area.y + narrow(at);
        painter.row(
            row,
            Rect {
                y,
                height: 1,
                ..area
            },
        );
    }
}

/// What was said and answered last, and where it stands.
struct Answered {
    rows: Vec<Row>,
    area: Rect,
    /// Those of a notice that was said before.
    repeat: Range<u16>,
}

/// What happened, and under it what was answered, at the end of the talk and in as many rows as
/// they need: the end of an error is what to do.
fn answered(state: &State, areas: &Areas) -> Answered {
    // A notice has its banner and its line already; said again it has nothing else (accessibility N3, N5).
    let said = state.focus.said.as_ref();
    let said = said.filter(|s| !s.said.is_in_sight());
    let width = usize::from(inner(areas.timeline).width);
    let set = |said: &Announcement| {
        let (role, fill) = if said.said.is_repeat() {
            (Role::Notice, Fill::Banner)
        } else {
            (Role::Text, Fill::Blank)
        };
        let rows = wrap::text(&phrase::announcement(said, state), role, width);
        rows.into_iter().map(move |row| row.filled(fill))
    };
    let mut rows: Vec<Row> = said.into_iter().flat_map(set).collect();
    let repeats = said.is_some_and(|s| s.said.is_repeat());
    let repeated = if repeats { rows.len() } else { 0 };
    rows.extend(state.focus.answer.iter().flat_map(set));
    let room = areas.timeline.height + areas.strip.height + areas.above.height;
    let listed = state.focus.overlay.is_some();
    let room = room.saturating_sub(if listed { LEAST_OVERLAY } else { 0 });
    let height = narrow(rows.len()).min(room);
    rows.truncate(usize::from(height));
    let area = Rect {
        y: areas.above.bottom() - height,
        height,
        ..areas.timeline
    };
    Answered {
        rows,
        area,
        repeat: area.y..area.y + narrow(repeated).min(height),
    }
}

impl Answered {
    /// The talk moves up by what would cover its newest rows; a page that was scrolled to does not move.
    fn above(&self, state: &State, timeline: Rect) -> Rect {
        let covered = timeline.bottom().saturating_sub(self.area.y);
        let height = if state.focus.is_following() {
            timeline.height - covered.min(timeline.height)
        } else {
            timeline.height
        };
        Rect { height, ..timeline }
    }

    fn draw(&self, painter: &mut Painter<'_>) {
        painter.clear(self.area);
        for (row, y) in self.rows.iter().zip(self.area.y..) {
            let whole = Rect {
                y,
                height: 1,
                ..self.area
            };
            let area = if row.fill == Fill::Banner {
                whole
            } else {
                inner(whole)
            };
            painter.row(row, area);
        }
    }
}

/// What lies over the talk and the header, and where it wants the cursor. What is said meanwhile stands below it.
fn draw_overlay(
    state: &State,
    areas: &Areas,
    answered: &Answered,
    painter: &mut Painter<'_>,
) -> Option<(u16, u16)> {
    let area = Rect {
        y: areas.header.y,
        height: areas.above.bottom() - areas.header.y,
        ..areas.timeline
    };
    let said = answered.area.height;
    if let Some(overlay) = state.focus.overlay.as_ref() {
        let area = Rect {
            height: area.height - said,
            ..area
        };
        return overlay::draw(state, overlay, area, painter);
    }
    let check = state.sound.shown_check()?;
    // The same room for every answer: the check does not jump.
    let below = if said > 0 { area.height / 3 } else { 0 };
    let area = Rect {
        height: area.height - below,
        ..area
    };
    check::draw(state, check, area, painter);
    None
}

/// Notices first, then why nothing else is shown.
fn too_small(state: &State, area: Rect, painter: &mut Painter<'_>) -> Drawn {
    let width = usize::from(area.width);
    let height = usize::from(area.height);
    let mut lines = status::notices(state, width, height);
    lines.extend(wrap::text(phrase::TOO_SMALL, Role::Text, width.max(1)));
    rows(&lines, area, painter);
    Drawn {
        cursor: (width > 0 && height > 0).then_some((area.x, area.y)),
        ..Drawn::default()
    }
}

#[cfg(test)]
mod tests;
