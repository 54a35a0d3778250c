//! What was written before: lines that were used, and changes that can be taken back.

/// Used lines, oldest first. While it is browsed, the draft is kept.
#[derive(Clone, Default)]
pub(super) struct History {
    lines: Vec<String>,
    /// The line shown, and the draft that waits.
    shown: Option<(usize, String)>,
}

const KEPT: usize = 500;

impl History {
    pub(super) fn add(&mut self, line: &str) {
        if !line.trim().is_empty() && self.lines.last().is_none_or(|l| l != line) {
            self.lines.push(line.to_owned());
            if self.lines.len() > KEPT {
                self.lines.remove(0);
            }
        }
    }

    /// The line before the one shown.
    pub(super) fn older(&mut self, draft: &str) -> Option<String> {
        let at = self.shown.as_ref().map_or(self.lines.len(), |(at, _)| *at);
        let older = at.checked_sub(1)?;
        match &mut self.shown {
            Some((at, _)) => *at = older,
            None => self.shown = Some((older, draft.to_owned())),
        }
        Some(self.lines[older].clone())
    }

    /// The line after the one shown; at the end the draft.
    pub(super) fn newer(&mut self) -> Option<String> {
        let (at, draft) = self.shown.take()?;
        match self.lines.get(at + 1) {
            Some(line) => {
                let line = line.clone();
                self.shown = Some((at + 1, draft));
                Some(line)
            }
            None => Some(draft),
        }
    }

    /// The line was used or changed its purpose: a kept draft joins the lines.
    pub(super) fn leave(&mut self) {
        if let Some((_, draft)) = self.shown.take() {
            self.add(&draft);
        }
    }
}

/// Earlier and later states of one draft. A run of typing is one change, a word long.
#[derive(Clone, Default)]
pub(super) struct Changes {
    past: Vec<(String, usize)>,
    future: Vec<(String, usize)>,
    /// Where the run of typing that is under way ends.
    run: Option<usize>,
}

const DEPTH: usize = 200;

impl Changes {
    pub(super) fn keep(&mut self, text: &str, cursor: usize) {
        self.past.push((text.to_owned(), cursor));
        if self.past.len() > DEPTH {
            self.past.remove(0);
        }
        self.future.clear();
        self.run = None;
    }

    pub(super) fn typed(&mut self, text: &str, cursor: usize, added: &str) {
        let begins_word = added.starts_with(char::is_whitespace);
        if self.run != Some(cursor) || begins_word {
            self.keep(text, cursor);
        }
        self.run = Some(cursor + added.len());
    }

    /// The next typing is a change of its own.
    pub(super) const fn stop(&mut self) {
        self.run = None;
    }

    pub(super) fn undo(&mut self, text: &str, cursor: usize) -> Option<(String, usize)> {
        let earlier = self.past.pop()?;
        self.future.push((text.to_owned(), cursor));
        self.run = None;
        Some(earlier)
    }

    pub(super) fn redo(&mut self, text: &str, cursor: usize) -> Option<(String, usize)> {
        let later = self.future.pop()?;
        self.past.push((text.to_owned(), cursor));
        self.run = None;
        Some(later)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
