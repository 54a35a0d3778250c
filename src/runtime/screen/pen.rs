//! Writes glyphs with the fewest control bytes: knows where the terminal's cursor is and in which style it writes.

use std::fmt::Write;

use ratatui::style::Color;
use ratatui::style::Modifier;

use super::grid::Glyph;
use super::grid::Link;
use super::grid::Shift;

#[derive(Debug, Default)]
pub(super) struct Pen {
    out: String,
    /// Where the next character goes, where that is certain.
    at: Option<(u16, u16)>,
    ink: Ink,
    link: u64,
    height: u16,
}

/// The style the terminal writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ink {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Default for Ink {
    fn default() -> Self {
        Self {
            fg: Color::Reset,
            bg: Color::Reset,
            modifier: Modifier::empty(),
        }
    }
}

impl Pen {
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out).into_bytes()
    }

    /// The row the cursor is in, where that is certain.
    pub(super) fn row(&self) -> Option<u16> {
        self.at.map(|(_, row)| row)
    }

    pub(super) fn clear_screen(&mut self, (_, height): (u16, u16)) {
        self.out
            .push_str("\x1b]8;;\x1b\\\x1b[r\x1b[m\x1b[H\x1b[2J\x1b[?25h");
        (self.at, self.ink, self.link) = (Some((0, 0)), Ink::default(), 0);
        self.height = height;
    }

    pub(super) fn put(
        &mut self,
        glyph: &Glyph,
        (x, y): (u16, u16),
        (width, _): (u16, u16),
        links: &[Link<'_>],
    ) {
        self.go(x, y);
        self.follow(glyph.link, (x, y), links);
        self.dip(glyph);
        self.out.push_str(glyph.cell.symbol());
        let after = x + glyph.width();
        // At the right edge terminals wait before they wrap; where, they do not agree on.
        self.at = (after < width && !glyph.is_uncertain()).then_some((after, y));
    }

    /// Erases from a column to the end of the row, in the default style.
    pub(super) fn erase_right(&mut self, x: u16, y: u16) {
        self.go(x, y);
        self.plain();
        self.out.push_str("\x1b[K");
    }

    /// Scrolls with line feeds at the margin, which every terminal knows.
    pub(super) fn scroll(&mut self, shift: &Shift) {
        self.plain();
        let all = shift.top == 0 && shift.bottom == shift.height;
        if !all {
            self.push(format_args!("\x1b[{};{}r", shift.top + 1, shift.bottom));
            self.at = None;
        }
        let rows = shift.by.unsigned_abs();
        if shift.by > 0 {
            self.go(0, shift.bottom - 1);
            for _ in 0..rows {
                self.out.push('\n');
            }
        } else {
            self.go(0, shift.top);
            for _ in 0..rows {
                self.out.push_str("\x1bM");
            }
        }
        if !all {
            self.out.push_str("\x1b[r");
            self.at = None;
        }
    }

    /// The last move of a frame: to the point of interest.
    pub(super) fn rest_at(&mut self, cursor: Option<(u16, u16)>, (width, height): (u16, u16)) {
        let (x, y) = cursor.unwrap_or((0, height.saturating_sub(1)));
        self.go(
            x.min(width.saturating_sub(1)),
            y.min(height.saturating_sub(1)),
        );
    }

    fn go(&mut self, x: u16, y: u16) {
        match self.at {
            Some(at) if at == (x, y) => return,
            Some((_, row)) if row == y && x == 0 => self.out.push('\r'),
            Some((column, row)) if row == y && x < column && column - x <= 3 => {
                for _ in x..column {
                    self.out.push('\x08');
                }
            }
            Some((_, row)) if row == y => self.push(format_args!("\x1b[{}G", x + 1)),
            Some((_, row)) if row + 1 == y && x == 0 && y < self.height => {
                self.out.push_str("\r\n");
            }
            _ if x == 0 => self.push(format_args!("\x1b[{}H", y + 1)),
            _ => self.push(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.at = Some((x, y));
    }

    fn follow(&mut self, link: u64, (x, y): (u16, u16), links: &[Link<'_>]) {
        if link == self.link {
            return;
        }
        self.link = link;
        self.out.push_str("\x1b]8;;");
        let here = links
            .iter()
            .rev()
            .find(|l| l.y == y && (l.x..l.x.saturating_add(l.width)).contains(&x));
        if let (true, Some(found)) = (link != 0, here) {
            address(&mut self.out, found.url);
        }
        self.out.push_str("\x1b\\");
    }

    /// The default style and no link, as erasing and scrolling need it.
    fn plain(&mut self) {
        if self.link != 0 {
            self.link = 0;
            self.out.push_str("\x1b]8;;\x1b\\");
        }
        self.change_to(Ink::default());
    }

    fn dip(&mut self, glyph: &Glyph) {
        let want = Ink {
            fg: glyph.cell.fg,
            bg: glyph.cell.bg,
            modifier: glyph.cell.modifier,
        };
        // A blank looks the same in bold and in red, as long as nothing marks it.
        let marks = Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
        let unseen = want.modifier.is_empty() || want.fg == Color::Reset && self.ink.fg == want.fg;
        if glyph.is_space()
            && unseen
            && self.ink.bg == want.bg
            && self.ink.modifier & marks == want.modifier
        {
            return;
        }
        self.change_to(want);
    }

    fn change_to(&mut self, want: Ink) {
        if want == self.ink {
            return;
        }
        let step = self.ink.codes_to(want);
        let fresh = format!(";{}", Ink::default().codes_to(want));
        let fresh = fresh.trim_end_matches(';');
        let codes = if step.len() <= fresh.len() {
            &step
        } else {
            fresh
        };
        self.push(format_args!("\x1b[{codes}m"));
        self.ink = want;
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.out
            .write_fmt(text)
            .expect("writing to a string cannot fail");
    }
}

impl Ink {
    /// SGR parameters that turn this style into `want`.
    fn codes_to(self, want: Self) -> String {
        let mut codes: Vec<String> = Vec::new();
        let gone = self.modifier - want.modifier;
        let mut new = want.modifier - self.modifier;
        for (modifier, off) in OFF {
            if gone.intersects(*modifier) {
                codes.push((*off).to_owned());
                // Bold and dim have one switch: what stays is set again.
                new |= want.modifier & *modifier;
            }
        }
        for (modifier, on) in ON {
            if new.contains(*modifier) {
                codes.push((*on).to_owned());
            }
        }
        if self.fg != want.fg {
            codes.push(color(want.fg, 30));
        }
        if self.bg != want.bg {
            codes.push(color(want.bg, 40));
        }
        codes.join(";")
    }
}

const ON: &[(Modifier, &str)] = &[
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::SLOW_BLINK, "5"),
    (Modifier::RAPID_BLINK, "6"),
    (Modifier::REVERSED, "7"),
    (Modifier::HIDDEN, "8"),
    (Modifier::CROSSED_OUT, "9"),
];

const OFF: &[(Modifier, &str)] = &[
    (Modifier::BOLD.union(Modifier::DIM), "22"),
    (Modifier::ITALIC, "23"),
    (Modifier::UNDERLINED, "24"),
    (Modifier::SLOW_BLINK.union(Modifier::RAPID_BLINK), "25"),
    (Modifier::REVERSED, "27"),
    (Modifier::HIDDEN, "28"),
    (Modifier::CROSSED_OUT, "29"),
];

/// `base` is 30 for letters and 40 for what is behind them.
fn color(color: Color, base: u16) -> String {
    let indexed = |i: u16| match i {
        0..8 => (base + i).to_string(),
        _ => (base + 60 + i - 8).to_string(),
    };
    match color {
        Color::Reset => (base + 9).to_string(),
        Color::Black => indexed(0),
        Color::Red => indexed(1),
        Color::Green => indexed(2),
        Color::Yellow => indexed(3),
        Color::Blue => indexed(4),
        Color::Magenta => indexed(5),
        Color::Cyan => indexed(6),
        Color::Gray => indexed(7),
        Color::DarkGray => indexed(8),
        Color::LightRed => indexed(9),
        Color::LightGreen => indexed(10),
        Color::LightYellow => indexed(11),
        Color::LightBlue => indexed(12),
        Color::LightMagenta => indexed(13),
        Color::LightCyan => indexed(14),
        Color::White => indexed(15),
        Color::Indexed(i) => format!("{};5;{i}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

/// OSC 8 takes printable ASCII only; anything else is percent-encoded.
fn address(out: &mut String, url: &str) {
    for byte in url.bytes().take(LONGEST_ADDRESS) {
        if matches!(byte, 0x21..=0x7e) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
}

/// Terminals ignore longer ones (VTE: 2083 bytes).
const LONGEST_ADDRESS: usize = 2048;
