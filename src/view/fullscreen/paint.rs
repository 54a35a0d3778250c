//! Puts rows into cells, and remembers where links are.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::model::message::MessageId;
use crate::model::settings::Borders;
use crate::model::settings::Settings;
use crate::model::spot::Spot;
use crate::view::fullscreen::Clickable;
use crate::view::fullscreen::Link;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Fill;
use crate::view::fullscreen::wrap::Look;
use crate::view::fullscreen::wrap::Row;
use crate::view::theme::Role;
use crate::view::theme::Theme;

/// Draws into one buffer with one theme.
pub(crate) struct Painter<'a> {
    pub(crate) buffer: &'a mut Buffer,
    pub(crate) theme: &'a Theme,
    pub(crate) borders: Borders,
    pub(crate) links: Vec<Link>,
    pub(crate) spots: Vec<Clickable>,
    /// Nobody clicks without one.
    mouse: bool,
}

impl<'a> Painter<'a> {
    /// Starts with an empty page in the theme's background.
    pub(crate) fn new(buffer: &'a mut Buffer, theme: &'a Theme, settings: &Settings) -> Self {
        let area = buffer.area;
        buffer.reset();
        buffer.set_style(area, theme.style(Role::Text));
        Self {
            buffer,
            theme,
            borders: settings.borders,
            links: Vec::new(),
            spots: Vec::new(),
            mouse: settings.mouse,
        }
    }

    /// An empty area in the theme's background.
    pub(crate) fn clear(&mut self, area: Rect) {
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(self.theme.style(Role::Text));
                }
            }
        }
        self.links
            .retain(|l| !area.contains(Position::new(l.x, l.y)));
        self.spots.retain(|s| !area.intersects(cells(s)));
    }

    /// An empty area to be filled row by row: its first row without the margins. `None` where there is no room.
    pub(crate) fn panel(&mut self, area: Rect) -> Option<Rect> {
        if area.height == 0 || area.width < 4 {
            return None;
        }
        self.clear(area);
        Some(Rect {
            x: area.x + 1,
            width: area.width - 2,
            height: 1,
            ..area
        })
    }

    /// What a click on these cells of one row means.
    pub(crate) fn spot(&mut self, area: Rect, spot: impl FnOnce() -> Spot) {
        if self.mouse && area.width > 0 && area.height > 0 {
            self.spots.push(Clickable {
                x: area.x,
                y: area.y,
                width: area.width,
                spot: spot(),
            });
        }
    }

    /// The links drawn from the `from`th on lead out of that message.
    pub(crate) fn link_spots(&mut self, from: usize, message: &MessageId) {
        let drawn: Vec<Link> = self.links.iter().skip(from).cloned().collect();
        for link in drawn {
            let area = Rect::new(link.x, link.y, link.width, 1);
            self.spot(area, || Spot::Link {
                message: message.clone(),
                url: link.url,
            });
        }
    }

    /// The character of a thin rule, where rules are wanted.
    pub(crate) const fn rule(&self) -> Option<&'static str> {
        match self.borders {
            Borders::Line => Some("─"),
            Borders::Ascii => Some("-"),
            Borders::None => None,
        }
    }

    /// One row, cut at the right edge of `area`; `area` is one row high.
    pub(crate) fn row(&mut self, row: &Row, area: Rect) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        let used = row.width();
        let room = usize::from(area.width);
        let left = room.saturating_sub(used) / 2;
        match row.fill {
            Fill::Blank => self.pieces(row, area, 0),
            Fill::Centre => self.pieces(row, area, left),
            Fill::Banner => {
                let role = row.pieces.first().map_or(Role::Notice, |p| p.look.role);
                self.buffer.set_style(area, self.theme.style(role));
                self.pieces(row, area, usize::from(used < room));
            }
            Fill::Rule => {
                if let Some(rule) = self.rule() {
                    self.text(&rule.repeat(room), Role::Rule, area, 0);
                }
                let blanks = usize::from(used > 0);
                let from = left.saturating_sub(blanks);
                self.text(&" ".repeat(used + 2 * blanks), Role::Text, area, from);
                self.pieces(row, area, left);
            }
        }
    }

    fn pieces(&mut self, row: &Row, area: Rect, mut at: usize) {
        for piece in &row.pieces {
            let style = self.style(&piece.look);
            let from = at;
            at += self.put(&piece.text, style, area, at);
            if let Some(url) = &piece.look.link
                && at > from
            {
                self.links.push(Link {
                    x: area.x.saturating_add(narrow(from)),
                    y: area.y,
                    width: narrow(at - from),
                    url: url.to_string(),
                });
            }
        }
    }

    pub(crate) fn text(&mut self, text: &str, role: Role, area: Rect, at: usize) -> usize {
        self.put(text, self.theme.style(role), area, at)
    }

    /// Writes from column `at` of the area on and returns the columns used; never half a wide letter.
    fn put(&mut self, text: &str, style: Style, area: Rect, at: usize) -> usize {
        let room = usize::from(area.width);
        let mut used = at;
        for grapheme in text.graphemes(true) {
            let columns = wrap::columns(grapheme);
            if columns == 0 {
                continue;
            }
            if used + columns > room {
                break;
            }
            let x = area.x.saturating_add(narrow(used));
            for column in 0..narrow(columns) {
                let Some(cell) = self.buffer.cell_mut((x.saturating_add(column), area.y)) else {
                    break;
                };
                cell.reset();
                if column == 0 {
                    cell.set_symbol(grapheme);
                }
                cell.set_style(style);
            }
            used += columns;
        }
        used - at
    }

    fn style(&self, look: &Look) -> Style {
        let mut style = self.theme.style(look.role);
        for (on, modifier) in [
            (look.style.bold, Modifier::BOLD),
            (look.style.italic, Modifier::ITALIC),
            (look.style.underline, Modifier::UNDERLINED),
            (look.style.strike, Modifier::CROSSED_OUT),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

const fn cells(spot: &Clickable) -> Rect {
    Rect {
        x: spot.x,
        y: spot.y,
        width: spot.width,
        height: 1,
    }
}

/// Screens are at most 65,535 columns wide.
pub(crate) fn narrow(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}
