//! The text being written: one value for both views.
//!
//! Multi-line, with history, undo, word motions and readline keys. Moves by
//! grapheme cluster; knows nothing of where it is drawn.

mod complete;
mod history;
mod motion;
mod readline;
mod vim;

use std::fmt;
use std::mem;

use unicode_segmentation::UnicodeSegmentation;

use crate::model::identity::Person;
use crate::model::message::Draft;
use crate::model::message::MessageId;
use crate::model::message::Quoted;
use crate::model::text;

pub use complete::Completion;
pub use vim::Vim;

/// The draft and its cursor.
#[derive(Clone, Default)]
pub struct Composer {
    pub(crate) text: String,
    /// Byte offset, always on a grapheme boundary.
    pub(crate) cursor: usize,
    purpose: Purpose,
    /// People chosen by completion, to be told apart from others of the same name.
    mentions: Vec<Person>,
    /// It began by a paste: a slash in front of it is text, never a command.
    literal: bool,
    history: history::History,
    changes: history::Changes,
    killed: String,
    /// The put-aside draft while a message is edited.
    aside: Option<Aside>,
    /// Vim: the operator that waits for its motion.
    operator: Option<char>,
}

/// What the text is for.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Purpose {
    #[default]
    Write,
    Reply(Quoted),
    Edit(MessageId),
}

#[derive(Clone)]
struct Aside {
    text: String,
    cursor: usize,
    purpose: Purpose,
    mentions: Vec<Person>,
}

/// Drafts are nobody's business: only the size is printed.
impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Composer({} bytes)", self.text.len())
    }
}

impl Composer {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte offset of the insertion point.
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub const fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// A slash in front is text.
    /// What Enter performs and nobody else reads.
    pub fn is_command(&self) -> bool {
        let text = self.text.trim_start_matches(' ');
        text.starts_with('/') && !text.starts_with("//") && !self.literal
    }

    pub const fn is_literal(&self) -> bool {
        self.literal
    }

    /// What was being written before a message of ours is changed.
    pub fn put_aside(&self) -> Option<&str> {
        let aside = self.aside.as_ref()?;
        Some(aside.text.as_str()).filter(|text| !text.trim().is_empty())
    }

    pub fn lines(&self) -> usize {
        self.text.split('\n').count()
    }

    /// Types text at the cursor. It is cleaned; breaks of lines stay.
    pub fn insert(&mut self, raw: &str) {
        let clean = text::lines(raw);
        if clean.is_empty() {
            return;
        }
        self.changes.typed(&self.text, self.cursor, &clean);
        self.text.insert_str(self.cursor, &clean);
        self.cursor = self.boundary(self.cursor + clean.len());
    }

    /// Puts a paste in; what was pasted runs no command.
    pub fn paste(&mut self, raw: &str) {
        self.literal |= self.text.is_empty() || self.cursor == 0;
        self.changes.stop();
        self.insert(raw);
        self.changes.stop();
    }

    /// Replaces the whole draft, as an editor left it.
    pub fn replace(&mut self, raw: &str) {
        self.changes.keep(&self.text, self.cursor);
        self.text = text::lines(raw.trim_end_matches('\n'));
        self.cursor = self.text.len();
    }

    /// Begins a command that needs words; a draft is put aside, not lost.
    pub fn begin(&mut self, command: &str) {
        if !self.text.is_empty() {
            self.history.add(&self.text);
        }
        self.changes.keep(&self.text, self.cursor);
        self.text = format!("/{command} ");
        self.cursor = self.text.len();
        self.literal = false;
        self.mentions.clear();
    }

    /// The next text answers a message.
    pub fn reply(&mut self, quoted: Quoted) {
        if matches!(self.purpose, Purpose::Edit(_)) {
            self.cancel();
        }
        self.purpose = Purpose::Reply(quoted);
    }

    /// Changes a message of ours; the draft comes back afterwards.
    pub fn edit(&mut self, message: MessageId, words: &str) {
        if !matches!(self.purpose, Purpose::Edit(_)) {
            self.aside = Some(Aside {
                text: mem::take(&mut self.text),
                cursor: self.cursor,
                purpose: mem::take(&mut self.purpose),
                mentions: mem::take(&mut self.mentions),
            });
        }
        self.purpose = Purpose::Edit(message);
        self.changes.clear();
        self.text = text::lines(words);
        self.cursor = self.text.len();
        self.history.leave();
    }

    /// Gives up a reply or an edit; words of a draft stay. `true` when there was one.
    pub fn cancel(&mut self) -> bool {
        match mem::take(&mut self.purpose) {
            Purpose::Write => false,
            Purpose::Reply(_) => true,
            Purpose::Edit(_) => {
                self.history.add(&self.text);
                self.restore();
                true
            }
        }
    }

    /// What is sent now. People named in the text are looked up among `people`.
    pub fn draft(&self, words: &str, people: &[Person]) -> Draft {
        let named = |p: &&Person| !p.name.is_empty() && words.contains(&format!("@{}", p.name));
        let mut mentions: Vec<Person> = self.mentions.iter().filter(named).cloned().collect();
        for person in people.iter().filter(named) {
            if !mentions.iter().any(|m| m.name == person.name) {
                mentions.push(person.clone());
            }
        }
        let reply_to = match &self.purpose {
            Purpose::Reply(quoted) => Some(quoted.clone()),
            Purpose::Write | Purpose::Edit(_) => None,
        };
        Draft {
            text: words.to_owned(),
            mentions,
            reply_to,
            ..Draft::default()
        }
    }

    /// The line was used: it goes to the history, and a draft that was put aside comes back.
    pub fn done(&mut self) {
        if !matches!(self.purpose, Purpose::Edit(_)) {
            self.history.add(&self.text);
        }
        self.restore();
    }

    /// A command was given: its line goes to the history, what is answered stays.
    pub fn used(&mut self) {
        let purpose = mem::take(&mut self.purpose);
        self.done();
        self.purpose = purpose;
    }

    /// Names a person at the cursor.
    pub fn mention(&mut self, person: &Person) {
        self.mentions.push(person.clone());
        self.insert(&format!("@{} ", person.name));
    }

    /// Clears the line; Up brings it back.
    pub fn clear(&mut self) {
        self.history.add(&self.text);
        self.changes.keep(&self.text, self.cursor);
        self.text.clear();
        self.cursor = 0;
        self.literal = false;
    }

    fn restore(&mut self) {
        self.changes.clear();
        self.history.leave();
        self.literal = false;
        self.operator = None;
        let aside = self.aside.take();
        let aside = aside.unwrap_or_else(|| Aside {
            text: String::new(),
            cursor: 0,
            purpose: Purpose::Write,
            mentions: Vec::new(),
        });
        self.text = aside.text;
        self.cursor = aside.cursor;
        self.purpose = aside.purpose;
        self.mentions = aside.mentions;
    }

    pub fn undo(&mut self) {
        if let Some((text, cursor)) = self.changes.undo(&self.text, self.cursor) {
            self.text = text;
            self.cursor = cursor;
        }
    }

    pub fn redo(&mut self) {
        if let Some((text, cursor)) = self.changes.redo(&self.text, self.cursor) {
            self.text = text;
            self.cursor = cursor;
        }
    }

    /// Removes a range, with the cursor left at its begin.
    fn remove(&mut self, from: usize, to: usize) {
        if from >= to {
            return;
        }
        self.changes.keep(&self.text, self.cursor);
        self.text.replace_range(from..to, "");
        self.cursor = self.boundary(from);
        if self.text.is_empty() {
            self.literal = false;
        }
    }

    /// Removes a range and keeps it to be put in again.
    fn kill(&mut self, from: usize, to: usize) {
        if from < to {
            self.text[from..to].clone_into(&mut self.killed);
            self.remove(from, to);
        }
    }

    /// Puts in what was cut.
    fn yank(&mut self) {
        let killed = mem::take(&mut self.killed);
        self.changes.stop();
        self.insert(&killed);
        self.killed = killed;
    }

    /// The grapheme boundary at or after an offset: joining characters can swallow one.
    fn boundary(&self, at: usize) -> usize {
        self.text
            .grapheme_indices(true)
            .map(|(start, _)| start)
            .find(|start| *start >= at)
            .unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests;
