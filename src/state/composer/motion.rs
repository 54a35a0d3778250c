//! Where the cursor can go: by grapheme, word and line.

use unicode_segmentation::UnicodeSegmentation;

use crate::state::composer::Composer;

/// What vim calls a word is a run of one of these.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Word,
    Mark,
}

fn kind(c: char) -> Kind {
    if c.is_whitespace() {
        Kind::Blank
    } else if c.is_alphanumeric() || c == '_' {
        Kind::Word
    } else {
        Kind::Mark
    }
}

impl Composer {
    pub fn left(&mut self) {
        self.cursor = self.before(self.cursor);
    }

    pub fn right(&mut self) {
        self.cursor = self.behind(self.cursor);
    }

    /// Puts the cursor at a byte offset, or at the next grapheme's.
    pub fn place(&mut self, at: usize) {
        self.changes.stop();
        self.operator = None;
        self.cursor = self.boundary(at);
    }

    pub fn home(&mut self) {
        self.cursor = self.line_start(self.cursor);
    }

    pub fn end(&mut self) {
        self.cursor = self.line_end(self.cursor);
    }

    pub fn is_at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// A line up; `false` on the first one.
    pub fn up(&mut self) -> bool {
        let start = self.line_start(self.cursor);
        if start == 0 {
            return false;
        }
        self.cursor = self.at_column(self.line_start(start - 1), self.column());
        true
    }

    /// A line down; `false` on the last one.
    pub fn down(&mut self) -> bool {
        let end = self.line_end(self.cursor);
        if end == self.text.len() {
            return false;
        }
        self.cursor = self.at_column(end + 1, self.column());
        true
    }

    /// The used line before this one; the draft is kept.
    pub fn older(&mut self) -> bool {
        let line = self.history.older(&self.text);
        self.show(line)
    }

    pub fn newer(&mut self) -> bool {
        let line = self.history.newer();
        self.show(line)
    }

    fn show(&mut self, line: Option<String>) -> bool {
        let Some(line) = line else { return false };
        self.changes.keep(&self.text, self.cursor);
        self.text = line;
        self.cursor = self.text.len();
        self.literal = false;
        true
    }

    /// How many graphemes lie between the begin of the line and the cursor.
    fn column(&self) -> usize {
        self.text[self.line_start(self.cursor)..self.cursor]
            .graphemes(true)
            .count()
    }

    fn at_column(&self, start: usize, column: usize) -> usize {
        let line = &self.text[start..self.line_end(start)];
        line.grapheme_indices(true)
            .nth(column)
            .map_or(start + line.len(), |(at, _)| start + at)
    }

    pub(super) fn before(&self, at: usize) -> usize {
        self.text[..at]
            .grapheme_indices(true)
            .next_back()
            .map_or(0, |(start, _)| start)
    }

    pub(super) fn behind(&self, at: usize) -> usize {
        self.text[at..]
            .graphemes(true)
            .next()
            .map_or(at, |g| at + g.len())
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |n| n + 1)
    }

    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |n| at + n)
    }

    /// The begin of the word before the cursor, as readline sees words.
    pub(super) fn word_before(&self) -> usize {
        let head = &self.text[..self.cursor];
        let head = head.trim_end_matches(|c| kind(c) != Kind::Word);
        head.trim_end_matches(|c| kind(c) == Kind::Word).len()
    }

    /// The end of the word after the cursor, as readline sees words.
    pub(super) fn word_behind(&self) -> usize {
        let tail = &self.text[self.cursor..];
        let tail = tail.trim_start_matches(|c| kind(c) != Kind::Word);
        let tail = tail.trim_start_matches(|c| kind(c) == Kind::Word);
        self.text.len() - tail.len()
    }

    /// The begin of what Ctrl-W cuts: everything back to a blank.
    pub(super) fn blank_before(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        head.trim_end_matches(|c: char| !c.is_whitespace()).len()
    }

    /// Vim `w`: the begin of the next word.
    pub(super) fn next_word(&self) -> usize {
        let tail = &self.text[self.cursor..];
        let here = tail.chars().next().map(kind);
        let rest = match here {
            None | Some(Kind::Blank) => tail,
            Some(run) => tail.trim_start_matches(|c| kind(c) == run),
        };
        self.text.len() - rest.trim_start().len()
    }

    /// Vim `b`: the begin of this word or the one before.
    pub(super) fn previous_word(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        match head.chars().next_back().map(kind) {
            None => 0,
            Some(run) => head.trim_end_matches(|c| kind(c) == run).len(),
        }
    }

    /// Vim `e`: the last character of this word or the next.
    pub(super) fn word_end(&self) -> usize {
        let from = self.behind(self.cursor);
        let tail = self.text[from..].trim_start();
        let Some(run) = tail.chars().next().map(kind) else {
            return self.before(self.text.len());
        };
        let rest = tail.trim_start_matches(|c| kind(c) == run);
        self.before(self.text.len() - rest.len())
    }
}
