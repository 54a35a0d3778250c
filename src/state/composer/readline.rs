//! Readline's keys while typing.

use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::state::composer::Composer;

impl Composer {
    /// Edits by a key; `false` when it is no editing key. Up and Down are the caller's.
    pub fn key(&mut self, key: Key) -> bool {
        match key.code {
            KeyCode::Char(c) if key.ctrl && !key.alt => self.control(c),
            KeyCode::Char(c) if key.alt && !key.ctrl => self.meta(c),
            KeyCode::Char(c) if !key.ctrl => {
                self.insert(c.encode_utf8(&mut [0; 4]));
                true
            }
            KeyCode::Enter if key.alt => {
                self.insert("\n");
                true
            }
            KeyCode::Backspace if key.alt => {
                self.kill(self.word_before(), self.cursor);
                true
            }
            _ => self.moved(key),
        }
    }

    fn moved(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl || key.alt) {
            (KeyCode::Left, false) => self.left(),
            (KeyCode::Right, false) => self.right(),
            (KeyCode::Left, true) => self.cursor = self.word_before(),
            (KeyCode::Right, true) => self.cursor = self.word_behind(),
            (KeyCode::Home, _) => self.home(),
            (KeyCode::End, _) => self.end(),
            (KeyCode::Backspace, _) => self.remove(self.before(self.cursor), self.cursor),
            (KeyCode::Delete, _) => self.remove(self.cursor, self.behind(self.cursor)),
            _ => return false,
        }
        // Typing after a motion is a change of its own.
        self.changes.stop();
        true
    }

    fn control(&mut self, c: char) -> bool {
        match c {
            'a' => self.home(),
            'e' => self.end(),
            'b' => self.left(),
            'f' => self.right(),
            'h' => self.remove(self.before(self.cursor), self.cursor),
            'd' => self.remove(self.cursor, self.behind(self.cursor)),
            'w' => self.kill(self.blank_before(), self.cursor),
            'u' => self.kill(self.line_start(self.cursor), self.cursor),
            'k' => self.kill_line(),
            'y' => self.yank(),
            'j' => self.insert("\n"),
            // Terminals send the underscore as one or the other.
            '_' | '7' | '/' => self.undo(),
            _ => return false,
        }
        if c != 'j' {
            self.changes.stop();
        }
        true
    }

    /// To the end of the line; at its end the break itself.
    fn kill_line(&mut self) {
        let end = self.line_end(self.cursor);
        if end == self.cursor {
            self.kill(self.cursor, self.behind(self.cursor));
        } else {
            self.kill(self.cursor, end);
        }
    }

    fn meta(&mut self, c: char) -> bool {
        match c {
            'b' => self.cursor = self.word_before(),
            'f' => self.cursor = self.word_behind(),
            'd' => self.kill(self.cursor, self.word_behind()),
            '_' => self.redo(),
            _ => return false,
        }
        self.changes.stop();
        true
    }
}
