//! A picture of the screen as a terminal understands it.
//!
//! Differs from ratatui's buffer in that the cells behind a wide character are
//! marked, that what cannot be drawn is a blank, and that blanks which look
//! alike are equal.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::style::Color;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

pub(super) type Link<'a> = super::Hyperlink<'a>;

/// One cell: its text, its style and the link it belongs to (0: none).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Glyph {
    pub(super) cell: Cell,
    pub(super) link: u64,
}

impl Glyph {
    pub(super) const BLANK: Self = Self {
        cell: Cell::EMPTY,
        link: 0,
    };

    /// The right part of a wide character.
    pub(super) fn is_continuation(&self) -> bool {
        self.cell.symbol().is_empty()
    }

    pub(super) fn is_space(&self) -> bool {
        self.cell.symbol() == " "
    }

    fn is_reversed(&self) -> bool {
        self.cell.modifier.contains(Modifier::REVERSED)
    }

    /// Columns of the cluster as we count them.
    pub(super) fn width(&self) -> u16 {
        columns(self.cell.symbol())
    }

    /// Columns a terminal may use that does not join the parts of a cluster.
    pub(super) fn widest(&self) -> u16 {
        let symbol = self.cell.symbol();
        if symbol.len() == 1 {
            return 1;
        }
        let apart: usize = symbol.chars().filter_map(UnicodeWidthChar::width).sum();
        let joined = symbol.contains(['\u{fe0f}', '\u{fe0e}', '\u{200d}']);
        u16::try_from(apart)
            .unwrap_or(u16::MAX)
            .max(self.width() + u16::from(joined))
    }

    /// Terminals disagree on where the cursor is after it.
    pub(super) fn is_uncertain(&self) -> bool {
        let symbol = self.cell.symbol();
        symbol.len() > 1
            && (self.widest() != self.width()
                || symbol
                    .chars()
                    .any(|c| matches!(c, '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}')))
    }
}

pub(super) fn columns(symbol: &str) -> u16 {
    if symbol.len() == 1 {
        return 1;
    }
    u16::try_from(symbol.width()).unwrap_or(u16::MAX)
}

/// Rows `top..bottom` move up by `by` rows, or down where it is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) top: u16,
    pub(super) bottom: u16,
    pub(super) by: i32,
    pub(super) height: u16,
}

#[derive(Debug, Default)]
pub(super) struct Grid {
    width: u16,
    height: u16,
    glyphs: Vec<Glyph>,
}

impl Grid {
    pub(super) const fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    pub(super) fn glyph(&self, x: u16, y: u16) -> &Glyph {
        &self.glyphs[self.at(x, y)]
    }

    fn at(&self, x: u16, y: u16) -> usize {
        usize::from(y) * usize::from(self.width) + usize::from(x)
    }

    fn span(&self, y: u16) -> Range<usize> {
        let start = self.at(0, y);
        start..start + usize::from(self.width)
    }

    pub(super) fn row(&self, y: u16) -> &[Glyph] {
        &self.glyphs[self.span(y)]
    }

    pub(super) fn clear(&mut self, (width, height): (u16, u16)) {
        (self.width, self.height) = (width, height);
        self.glyphs.clear();
        self.glyphs
            .resize(usize::from(width) * usize::from(height), Glyph::BLANK);
    }

    pub(super) fn copy_row(&mut self, other: &Self, y: u16) {
        let span = self.span(y);
        self.glyphs[span].clone_from_slice(other.row(y));
    }

    /// Makes a row that is shown already differ from the next frame's, in every cell that is not blank.
    pub(super) fn forget_row(&mut self, next: &Self, y: u16) {
        if y < self.height && self.size() == next.size() && self.row(y) == next.row(y) {
            let span = self.span(y);
            self.glyphs[span].fill(Glyph::BLANK);
        }
    }

    pub(super) fn is_reversed(&self, y: u16) -> bool {
        self.row(y).iter().any(Glyph::is_reversed)
    }

    /// Takes over a buffer and the links that lie over it.
    pub(super) fn read(&mut self, buffer: &Buffer, links: &[Link<'_>]) {
        let size = (buffer.area.width, buffer.area.height);
        if size != self.size() {
            self.clear(size);
        }
        for y in 0..self.height {
            let mut x = 0;
            while x < self.width {
                let cell = &buffer[(buffer.area.x + x, buffer.area.y + y)];
                x += self.place(cell, x, y);
            }
        }
        for link in links {
            self.lay(link);
        }
    }

    /// Puts one cell of a buffer where a terminal would show it; says how many columns it took.
    fn place(&mut self, cell: &Cell, x: u16, y: u16) -> u16 {
        let start = self.at(x, y);
        let mut cell = cell.clone();
        cell.diff_option = ratatui::buffer::CellDiffOption::None;
        let width = columns(cell.symbol());
        // The last line of defence: nothing that steers a terminal is ever in a cell.
        let drawable = width > 0 && width <= self.width - x && !has_control(cell.symbol());
        if !drawable {
            cell.set_symbol(" ");
        }
        if cell.symbol() == " " {
            plain_blank(&mut cell);
        }
        let width = if drawable { width } else { 1 };
        for glyph in &mut self.glyphs[start + 1..start + usize::from(width)] {
            glyph.cell.clone_from(&cell);
            glyph.cell.set_symbol("");
            glyph.link = 0;
        }
        self.glyphs[start] = Glyph { cell, link: 0 };
        width
    }

    fn lay(&mut self, link: &Link<'_>) {
        if link.y >= self.height || link.url.is_empty() {
            return;
        }
        let mut hasher = DefaultHasher::new();
        link.url.hash(&mut hasher);
        let id = hasher.finish().max(1);
        for x in link.x..link.x.saturating_add(link.width).min(self.width) {
            let at = self.at(x, link.y);
            self.glyphs[at].link = id;
        }
    }

    /// The first and the last cell to write of a row, or none where it is shown already.
    pub(super) fn changed(&self, shown: &Self, y: u16) -> Option<(u16, u16)> {
        let (new, old) = (self.row(y), shown.row(y));
        let mut first = new.iter().zip(old).position(|(a, b)| a != b)?;
        let mut last = new.iter().zip(old).rposition(|(a, b)| a != b)?;
        while first > 0 && new[first].is_continuation() {
            first -= 1;
        }
        // A terminal that shows the parts of a cluster side by side spills into what
        // follows; that is then written again where it belongs.
        let mut x = first;
        while x <= last {
            if new[x].is_uncertain() {
                last = last.max((x + usize::from(new[x].widest())).min(new.len() - 1));
            }
            x += 1;
        }
        Some((u16::try_from(first).ok()?, u16::try_from(last).ok()?))
    }

    /// The column from which the row is blank to its end in the default style.
    pub(super) fn blank_from(&self, y: u16) -> u16 {
        let kept = self
            .row(y)
            .iter()
            .rposition(|g| *g != Glyph::BLANK)
            .map_or(0, |last| last + 1);
        u16::try_from(kept).unwrap_or(self.width)
    }

    /// Does to the picture what scrolling does to the terminal.
    pub(super) fn shift(&mut self, shift: &Shift) {
        let width = usize::from(self.width);
        let rows = usize::try_from(shift.by.unsigned_abs()).unwrap_or(0) * width;
        let region =
            &mut self.glyphs[usize::from(shift.top) * width..usize::from(shift.bottom) * width];
        let blank = if shift.by > 0 {
            region.rotate_left(rows);
            region.len() - rows..region.len()
        } else {
            region.rotate_right(rows);
            0..rows
        };
        region[blank].fill(Glyph::BLANK);
    }
}

fn has_control(symbol: &str) -> bool {
    symbol.chars().any(char::is_control)
}

/// A blank without a mark on it shows only its background.
fn plain_blank(cell: &mut Cell) {
    cell.modifier &= Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
    if cell.modifier.is_empty() {
        cell.fg = Color::Reset;
    }
}
