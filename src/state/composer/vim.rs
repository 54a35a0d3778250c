//! The normal mode of the vim map, as far as one draft needs it.

use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::state::composer::Composer;

/// What a key of the normal mode did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vim {
    Done,
    /// Typing begins.
    Insert,
    /// At the edge of the draft, or no key of ours.
    Nothing,
}

impl Composer {
    /// An operator waits for its motion: the next key belongs to it.
    pub const fn is_waiting(&self) -> bool {
        self.operator.is_some()
    }

    /// Leaves typing: the cursor rests on the last character typed.
    pub fn normal(&mut self) {
        self.changes.stop();
        self.operator = None;
        if self.cursor > self.line_start(self.cursor) {
            self.left();
        }
    }

    /// In normal mode the cursor is on a letter, not behind the last.
    pub fn rest_on_letter(&mut self) {
        self.cursor = self.cursor.min(self.last_of_line());
    }

    pub fn vim(&mut self, key: Key) -> Vim {
        let KeyCode::Char(c) = key.code else {
            self.operator = None;
            return Vim::Nothing;
        };
        if key.ctrl || key.alt {
            self.operator = None;
            return match (key.ctrl, c) {
                (true, 'r') => {
                    self.redo();
                    Vim::Done
                }
                _ => Vim::Nothing,
            };
        }
        if self.operator.take().is_some() {
            self.delete_over(c);
            return Vim::Done;
        }
        self.vim_motion(c)
            .or_else(|| self.vim_insert(c))
            .or_else(|| self.vim_change(c))
            .unwrap_or(Vim::Nothing)
    }

    fn vim_motion(&mut self, c: char) -> Option<Vim> {
        match c {
            'h' if self.cursor > self.line_start(self.cursor) => self.left(),
            'l' => self.cursor = self.behind(self.cursor).min(self.last_of_line()),
            'j' if !self.down() => return Some(Vim::Nothing),
            'k' if !self.up() => return Some(Vim::Nothing),
            'h' | 'j' | 'k' => {}
            'w' => self.cursor = self.next_word(),
            'b' => self.cursor = self.previous_word(),
            'e' => self.cursor = self.word_end(),
            '0' => self.home(),
            '$' => self.cursor = self.last_of_line(),
            _ => return None,
        }
        Some(Vim::Done)
    }

    fn vim_insert(&mut self, c: char) -> Option<Vim> {
        match c {
            'a' if self.cursor < self.line_end(self.cursor) => self.right(),
            'i' | 'a' => {}
            'I' => self.home(),
            'A' => self.end(),
            'o' => {
                self.end();
                self.changes.stop();
                self.insert("\n");
            }
            _ => return None,
        }
        Some(Vim::Insert)
    }

    fn vim_change(&mut self, c: char) -> Option<Vim> {
        match c {
            'x' if self.cursor < self.line_end(self.cursor) => {
                self.kill(self.cursor, self.behind(self.cursor));
            }
            'x' => {}
            'D' => self.kill(self.cursor, self.line_end(self.cursor)),
            'd' => self.operator = Some('d'),
            'u' => self.undo(),
            'p' => self.put(),
            _ => return None,
        }
        Some(Vim::Done)
    }

    fn delete_over(&mut self, motion: char) {
        let at = self.cursor;
        match motion {
            'd' => self.delete_line(),
            'w' => self.kill(at, self.next_word()),
            'e' => self.kill(at, self.behind(self.word_end())),
            'b' => self.kill(self.previous_word(), at),
            '$' => self.kill(at, self.line_end(at)),
            '0' => self.kill(self.line_start(at), at),
            'h' => self.kill(self.before(at), at),
            'l' => self.kill(at, self.behind(at)),
            _ => {}
        }
    }

    /// The line with its break, kept as a whole line.
    fn delete_line(&mut self) {
        let (start, end) = (self.line_start(self.cursor), self.line_end(self.cursor));
        let line = format!("{}\n", &self.text[start..end]);
        let from = if end == self.text.len() {
            start.saturating_sub(1)
        } else {
            start
        };
        self.remove(from, (end + 1).min(self.text.len()));
        self.cursor = self.line_start(self.cursor);
        self.killed = line;
    }

    /// After the cursor; a whole line below.
    fn put(&mut self) {
        if let Some(line) = self.killed.strip_suffix('\n').map(str::to_owned) {
            self.end();
            self.changes.stop();
            self.insert(&format!("\n{line}"));
            self.home();
        } else {
            self.right();
            self.yank();
            self.left();
        }
    }

    fn last_of_line(&self) -> usize {
        let (start, end) = (self.line_start(self.cursor), self.line_end(self.cursor));
        if end == start {
            start
        } else {
            self.before(end)
        }
    }
}
