//! What the terminal shows, and the fewest bytes that make it show the next frame.
//!
//! Screen readers that follow the stream and slow links decide the form
//! (accessibility F2, F3): the changed cells of a row are written as one run
//! with the blanks between them, a region that scrolled is scrolled by the
//! terminal, an unchanged frame is no bytes at all, and the cursor is moved
//! last. Knows nothing of files and time: bytes out, the caller writes them.

mod grid;
mod pen;
mod scroll;

use std::ops::Range;

use ratatui::buffer::Buffer;

use grid::Glyph;
use grid::Grid;
use grid::Link;
use pen::Pen;

/// An address behind a stretch of a row; becomes an OSC 8 hyperlink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hyperlink<'a> {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub url: &'a str,
}

/// Which rows of a frame are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    All,
    /// What cannot wait for a slow terminal: the cursor's row and those below it,
    /// and the rows in reverse video, which belong to notices. The rest follows
    /// with the next frame of all rows.
    Urgent,
}

/// One picture of the screen.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub buffer: &'a Buffer,
    pub links: &'a [Hyperlink<'a>],
    /// Column and row of the insertion point or the selected row.
    pub cursor: Option<(u16, u16)>,
    pub rows: Rows,
}

/// The terminal's screen as we left it.
#[derive(Debug, Default)]
pub struct Screen {
    shown: Grid,
    next: Grid,
    pen: Pen,
    known: bool,
    /// Rows that the next frame writes also where nothing changed.
    again: Range<u16>,
}

impl Screen {
    pub fn new() -> Self {
        Self::default()
    }

    /// Somebody else may have written: the next frame clears the screen and writes everything.
    pub const fn forget(&mut self) {
        self.known = false;
    }

    /// The next frame writes these rows also where they stand already: a stream reader
    /// says only what is written.
    pub const fn write_again(&mut self, rows: Range<u16>) {
        self.again = rows;
    }

    /// The bytes that turn what is shown into `frame`; none where it is shown already.
    pub fn draw(&mut self, frame: &Frame<'_>) -> Vec<u8> {
        self.next.read(frame.buffer, frame.links);
        let same_size = self.shown.size() == self.next.size();
        if !self.known || !same_size {
            self.pen.clear_screen(self.next.size());
            self.shown.clear(self.next.size());
            self.known = true;
        } else if frame.rows == Rows::Urgent {
            self.keep_what_can_wait(frame.cursor);
        } else if let Some(shift) = scroll::find(&self.shown, &self.next) {
            self.pen.scroll(&shift);
            self.shown.shift(&shift);
        }
        for y in std::mem::take(&mut self.again) {
            self.shown.forget_row(&self.next, y);
        }
        for y in 0..self.next.size().1 {
            self.draw_row(y, frame.links);
        }
        self.pen.rest_at(frame.cursor, self.next.size());
        std::mem::swap(&mut self.shown, &mut self.next);
        self.pen.take()
    }

    fn keep_what_can_wait(&mut self, cursor: Option<(u16, u16)>) {
        let (_, height) = self.next.size();
        let from = cursor.map_or(height.saturating_sub(1), |(_, y)| y);
        for y in 0..from.min(height) {
            if !self.next.is_reversed(y) && !self.shown.is_reversed(y) {
                self.next.copy_row(&self.shown, y);
            }
        }
    }

    fn draw_row(&mut self, y: u16, links: &[Link<'_>]) {
        let Some((first, last)) = self.next.changed(&self.shown, y) else {
            return;
        };
        // Blanks up to the right edge are erased; a short rest is cheaper written.
        let blank_from = self.next.blank_from(y);
        let erase = blank_from <= last && last - blank_from.max(first) >= ERASE_FROM;
        let end = if erase { blank_from } else { last + 1 };
        let begin = if first < end {
            self.begin(first, y)
        } else {
            end
        };
        for x in begin..end {
            let glyph = self.next.glyph(x, y);
            if !glyph.is_continuation() {
                self.pen.put(glyph, (x, y), self.next.size(), links);
            }
        }
        if erase {
            self.pen.erase_right(blank_from.max(first), y);
        }
    }

    /// Where a run that changes from `first` on begins. Stream readers know no rows: without
    /// a new line or a blank, they read its first word into the last one of the row above.
    fn begin(&self, first: u16, y: u16) -> u16 {
        let blank = |x| *self.next.glyph(x, y) == Glyph::BLANK;
        match self.pen.row() {
            Some(row) if row == y => first,
            Some(row) if row + 1 == y && first <= INDENT && (0..first).all(blank) => 0,
            _ => first - u16::from(first > 0 && blank(first - 1)),
        }
    }
}

/// A new line and so many blanks are fewer bytes than a jump.
const INDENT: u16 = 4;
/// `ESC [ K` is three bytes, and the move to where it starts is none after a run.
const ERASE_FROM: u16 = 3;

#[cfg(test)]
mod tests;
