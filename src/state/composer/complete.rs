//! Tab: completes the name of a command, or of a person after `@` and where a command takes one.

use crate::command;
use crate::command::TABLE;
use crate::model::identity::Person;
use crate::state::composer::Composer;

/// What Tab did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    Nothing,
    Done,
    /// Several fit; what they share was filled in.
    Choices(Vec<String>),
}

impl Completion {
    fn of(choices: Vec<String>) -> Self {
        match choices.len() {
            0 => Self::Nothing,
            1 => Self::Done,
            _ => Self::Choices(choices),
        }
    }
}

impl Composer {
    /// Completes what stands before the cursor.
    pub fn complete(&mut self, people: &[Person]) -> Completion {
        let head = &self.text[..self.cursor];
        if let Some(at) = mention_start(head) {
            return self.complete_name(at, people, Mark::At);
        }
        let Some(rest) = head.strip_prefix('/').filter(|_| !self.literal) else {
            return Completion::Nothing;
        };
        let name = rest.split_whitespace().next().unwrap_or_default();
        let takes_name = TABLE
            .iter()
            .any(|r| r.name == name && r.arguments.contains("NAME"));
        match head.find(char::is_whitespace) {
            Some(blank) if takes_name => self.complete_name(blank + 1, people, Mark::None),
            Some(_) | None => self.complete_command(),
        }
    }

    fn complete_command(&mut self) -> Completion {
        let fits = command::complete(&self.text[..self.cursor]);
        match fits.as_slice() {
            [] => {}
            [one] => self.fill(0, &format!("{one} ")),
            several => {
                let several: Vec<_> = several.iter().map(String::as_str).collect();
                self.fill(0, &shared(&several));
            }
        }
        Completion::of(fits)
    }

    fn complete_name(&mut self, start: usize, people: &[Person], mark: Mark) -> Completion {
        let from = start + usize::from(mark == Mark::At);
        let wanted = self.text[from..self.cursor].to_lowercase();
        let mut fits: Vec<&Person> = people.iter().filter(|p| begins(&p.name, &wanted)).collect();
        fits.sort_by(|a, b| a.name.cmp(&b.name));
        fits.dedup_by(|a, b| a.id == b.id);
        let names: Vec<_> = fits.iter().map(|p| p.name.as_str()).collect();
        match fits.as_slice() {
            [] => {}
            [one] => {
                if mark == Mark::At {
                    self.mentions.push((*one).clone());
                }
                self.fill(from, &format!("{} ", one.name));
            }
            _ => {
                let shared = shared(&names);
                if shared.to_lowercase().starts_with(&wanted) {
                    self.fill(from, &shared);
                }
            }
        }
        Completion::of(names.into_iter().map(str::to_owned).collect())
    }

    /// Puts `text` in place of what stands between `from` and the cursor.
    fn fill(&mut self, from: usize, text: &str) {
        if self.text[from..self.cursor] != *text {
            self.changes.keep(&self.text, self.cursor);
            self.text.replace_range(from..self.cursor, text);
            self.cursor = self.boundary(from + text.len());
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    At,
    None,
}

/// Where the `@` of an unfinished name stands: at the begin or after a blank, and not far back.
fn mention_start(head: &str) -> Option<usize> {
    let at = head.rfind('@')?;
    let free = head[..at]
        .chars()
        .next_back()
        .is_none_or(|c| !c.is_alphanumeric());
    let name = &head[at + 1..];
    let fits = !name.contains('\n') && !name.ends_with(' ') && name.split(' ').count() <= 4;
    (free && fits).then_some(at)
}

/// A name fits by its begin, or by the begin of one of its words.
fn begins(name: &str, wanted: &str) -> bool {
    let name = name.to_lowercase();
    !name.is_empty()
        && (name.starts_with(wanted) || name.split(' ').any(|word| word.starts_with(wanted)))
}

fn shared(names: &[&str]) -> String {
    let first = names.first().copied().unwrap_or_default();
    let same = |length: usize| names.iter().all(|n| n.get(..length) == first.get(..length));
    let length = first
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|length| same(*length))
        .last();
    first[..length.unwrap_or(0)].to_owned()
}
