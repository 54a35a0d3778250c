//! Breaks styled text into rows of a given width.
//!
//! Breaks at blanks and beside wide (CJK) letters; a word that is too long is
//! broken between grapheme clusters, never inside one. Right-to-left text keeps
//! its logical order: the terminal shapes it.

use std::sync::Arc;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

use crate::view::theme::Role;

/// A run of text of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) look: Look,
}

/// How a run is shown, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Look {
    pub(crate) role: Role,
    /// Laid over the role: what the sender asked for.
    pub(crate) style: crate::model::rich::Style,
    pub(crate) link: Option<Arc<str>>,
}

impl Piece {
    pub(crate) fn new(text: &str, role: Role) -> Self {
        Self {
            text: text.to_owned(),
            look: Look {
                role,
                ..Look::default()
            },
        }
    }
}

/// One row, ready to be painted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Row {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) fill: Fill,
}

/// What a row does with the space its text leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fill {
    #[default]
    Blank,
    /// Text in the middle of blanks.
    Centre,
    /// Text in the middle of a thin rule.
    Rule,
    /// The whole row in the role of its text: banners.
    Banner,
}

impl Row {
    pub(crate) fn new(text: &str, role: Role) -> Self {
        Self {
            pieces: vec![Piece::new(text, role)],
            fill: Fill::Blank,
        }
    }

    pub(crate) fn blank() -> Self {
        Self::default()
    }

    pub(crate) fn filled(self, fill: Fill) -> Self {
        Self { fill, ..self }
    }

    pub(crate) fn width(&self) -> usize {
        self.pieces.iter().map(|p| width(&p.text)).sum()
    }

    /// Puts `text` before the row.
    pub(crate) fn indent(mut self, text: &str, role: Role) -> Self {
        if !text.is_empty() {
            self.pieces.insert(0, Piece::new(text, role));
        }
        self
    }

    fn push(&mut self, text: &str, look: &Look) {
        match self.pieces.last_mut() {
            Some(last) if last.look == *look => last.text.push_str(text),
            _ => self.pieces.push(Piece {
                text: text.to_owned(),
                look: look.clone(),
            }),
        }
    }

    fn trim_end(&mut self) {
        while let Some(last) = self.pieces.last_mut() {
            last.text.truncate(last.text.trim_end_matches(' ').len());
            if !last.text.is_empty() {
                break;
            }
            self.pieces.pop();
        }
    }
}

/// Columns that a text takes; what a terminal cannot show takes none.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|b| !b.is_ascii_control()).count();
    }
    text.graphemes(true).map(columns).sum()
}

/// Columns of one grapheme cluster, as the buffer counts them.
pub(crate) fn columns(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        0
    } else {
        usize::from(grapheme.cell_width())
    }
}

/// The longest start of `text` that fits into `limit` columns.
pub(crate) fn fit(text: &str, limit: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += columns(grapheme);
        if used > limit {
            return &text[..at];
        }
    }
    text
}

/// As [`fit`], with an ellipsis where something had to go.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    match limit {
        0 => String::new(),
        1..=3 => fit(text, limit).to_owned(),
        _ => format!("{}...", fit(text, limit - 3).trim_end()),
    }
}

/// Breaks at blanks where it can. At least one row; `limit` of 0 counts as 1.
pub(crate) fn words(pieces: &[Piece], limit: usize) -> Vec<Row> {
    let mut wrapping = Wrapping::new(limit);
    for piece in pieces {
        for grapheme in piece.text.graphemes(true) {
            wrapping.take(grapheme, &piece.look);
        }
    }
    wrapping.finish()
}

/// Breaks only where the row is full, keeping every blank: code.
pub(crate) fn verbatim(text: &str, role: Role, limit: usize) -> Vec<Row> {
    let look = Look {
        role,
        ..Look::default()
    };
    let mut rows = vec![Row::default()];
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let columns = columns(grapheme);
        if used > 0 && used + columns > limit.max(1) {
            rows.push(Row::default());
            used = 0;
        }
        used += columns;
        if let Some(row) = rows.last_mut() {
            row.push(grapheme, &look);
        }
    }
    rows
}

/// Plain text of one role.
pub(crate) fn text(text: &str, role: Role, limit: usize) -> Vec<Row> {
    words(&[Piece::new(text, role)], limit)
}

struct Wrapping<'a> {
    limit: usize,
    rows: Vec<Row>,
    row: Row,
    used: usize,
    /// The word under way, which moves to the next row as a whole.
    word: Vec<(&'a str, &'a Look)>,
    word_columns: usize,
    /// The word ends in a letter after which a row may end.
    breakable: bool,
    /// It ends in an opening bracket, which keeps what follows.
    opened: bool,
}

impl<'a> Wrapping<'a> {
    fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            rows: Vec::new(),
            row: Row::default(),
            used: 0,
            word: Vec::new(),
            word_columns: 0,
            breakable: false,
            opened: false,
        }
    }

    fn take(&mut self, grapheme: &'a str, look: &'a Look) {
        if grapheme == "\n" || grapheme == "\r\n" {
            self.settle();
            self.end_row();
        } else if grapheme == " " {
            self.settle();
            self.blank(look);
        } else {
            let wide = breaks_freely(grapheme);
            if (wide || self.breakable) && !closes(grapheme) && !self.opened {
                self.settle();
            }
            self.word.push((grapheme, look));
            self.word_columns += columns(grapheme);
            self.opened = opens(grapheme);
            self.breakable = wide;
        }
    }

    /// A blank never starts a row that a break made.
    fn blank(&mut self, look: &Look) {
        if self.used < self.limit && (self.used > 0 || self.rows.is_empty()) {
            self.row.push(" ", look);
            self.used += 1;
        } else if self.used > 0 {
            self.end_row();
        }
    }

    fn settle(&mut self) {
        if self.used > 0 && self.used + self.word_columns > self.limit {
            self.end_row();
        }
        for (grapheme, look) in std::mem::take(&mut self.word) {
            let columns = columns(grapheme);
            if self.used > 0 && self.used + columns > self.limit {
                self.end_row();
            }
            self.row.push(grapheme, look);
            self.used += columns;
        }
        self.word_columns = 0;
        self.breakable = false;
        self.opened = false;
    }

    fn end_row(&mut self) {
        let mut row = std::mem::take(&mut self.row);
        row.trim_end();
        self.rows.push(row);
        self.used = 0;
    }

    fn finish(mut self) -> Vec<Row> {
        self.settle();
        if self.used > 0 || self.rows.is_empty() {
            self.end_row();
        }
        self.rows
    }
}

/// Letters of scripts that are written without blanks.
fn breaks_freely(grapheme: &str) -> bool {
    grapheme
        .chars()
        .next()
        .is_some_and(|c| matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}'))
}

/// Must not start a row.
fn closes(grapheme: &str) -> bool {
    "、。，．：；？！）］｝」』】〕〉》ー.,:;?!)]}".contains(grapheme)
}

/// Must not end a row.
fn opens(grapheme: &str) -> bool {
    "（［｛「『【〔〈《".contains(grapheme)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(input: &str, limit: usize) -> Vec<String> {
        text(input, Role::Text, limit).iter().map(plain).collect()
    }

    fn plain(row: &Row) -> String {
        row.pieces.iter().map(|p| p.text.as_str()).collect()
    }

    #[test]
    fn words_stay_whole_and_no_row_starts_with_a_blank() {
        assert_eq!(
            check("shall we start with the open points", 12),
            ["shall we", "start with", "the open", "points"]
        );
    }

    #[test]
    fn a_word_that_is_too_long_is_broken_where_the_row_ends() {
        assert_eq!(
            check("see https://ci.example/1881 now", 10),
            ["see", "https://ci", ".example/1", "881 now"]
        );
    }

    #[test]
    fn wide_letters_break_anywhere_but_before_a_full_stop() {
        assert_eq!(check("会議を始めます。", 6), ["会議を", "始めま", "す。"]);
        assert_eq!(check("始めます。", 8), ["始めま", "す。"]);
    }

    #[test]
    fn an_emoji_sequence_and_a_combining_mark_are_never_split() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(check(&format!("{family}{family}"), 3), [family, family]);
        assert_eq!(check("e\u{301}e\u{301}", 1), ["e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn a_style_change_inside_a_word_is_no_place_to_break() {
        let pieces = [
            Piece::new("one tw", Role::Text),
            Piece::new("o", Role::Quiet),
        ];
        let rows: Vec<_> = words(&pieces, 6).iter().map(plain).collect();
        assert_eq!(rows, ["one", "two"]);
    }

    #[test]
    fn line_breaks_are_kept_and_code_keeps_its_blanks() {
        assert_eq!(check("a\n\nb", 5), ["a", "", "b"]);
        let rows: Vec<_> = verbatim("  if x", Role::Text, 4)
            .iter()
            .map(plain)
            .collect();
        assert_eq!(rows, ["  if", " x"]);
    }

    #[test]
    fn what_does_not_fit_ends_in_three_dots() {
        assert_eq!(shorten("Design review", 9), "Design...");
        assert_eq!(shorten("会議会議", 7), "会議...");
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_asked_and_no_letter_is_lost(input in "\\PC{0,60}", limit in 2usize..30) {
            let rows = check(&input, limit);
            for row in &rows {
                // A cluster of several spacing letters can be wider than a very narrow row.
                let whole = row.graphemes(true).count() <= 1;
                prop_assert!(width(row) <= limit || whole, "{row:?}");
            }
            let letters = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&rows.concat()), letters(&input));
        }
    }
}
