//! What the palette finds: every command, thread, person and message by a few letters.

use nucleo_matcher::Config;
use nucleo_matcher::Matcher;
use nucleo_matcher::Utf32Str;
use nucleo_matcher::pattern::CaseMatching;
use nucleo_matcher::pattern::Normalization;
use nucleo_matcher::pattern::Pattern;

use crate::command::Row;
use crate::command::TABLE;
use crate::model::capability::Capability;
use crate::model::capability::Reason;
use crate::model::identity::Person;
use crate::model::message::MessageId;
use crate::model::thread::ThreadKey;
use crate::state::State;

/// One line of the palette.
#[derive(Debug, Clone)]
pub struct Item {
    /// What is matched and shown.
    pub text: String,
    pub target: Target,
    /// Why it cannot be chosen now: greyed out, with these words.
    pub refused: Option<Reason>,
}

#[derive(Debug, Clone)]
pub enum Target {
    Command(&'static Row),
    Thread(ThreadKey),
    Person(Person),
    Message(MessageId),
}

/// As many lines are found at most.
const FOUND: usize = 50;
/// Messages that are looked through, newest first.
const MESSAGES: usize = 500;

impl State {
    /// The lines for a query, best first; without one commands and threads in their own order.
    pub fn palette(&self, query: &str) -> Vec<Item> {
        let mut items: Vec<Item> = self.command_items().chain(self.thread_items()).collect();
        if query.trim().is_empty() {
            return items;
        }
        items.extend(self.people().into_iter().map(|person| Item {
            text: person.name.clone(),
            target: Target::Person(person),
            refused: self.may(Capability::WriteChat).err(),
        }));
        items.extend(self.message_items());
        best(items, query)
    }

    fn command_items(&self) -> impl Iterator<Item = Item> {
        TABLE.iter().filter(|row| self.lists(row)).map(|row| Item {
            text: format!("/{} {}", row.name, row.help),
            target: Target::Command(row),
            refused: self.allowed_row(row).err(),
        })
    }

    fn thread_items(&self) -> impl Iterator<Item = Item> {
        self.threads.all.values().map(|thread| Item {
            text: thread.topic.clone(),
            target: Target::Thread(thread.key.clone()),
            refused: None,
        })
    }

    fn message_items(&self) -> impl Iterator<Item = Item> {
        let messages = self
            .thread()
            .into_iter()
            .flat_map(|t| t.timeline.messages().rev());
        messages.take(MESSAGES).filter_map(|message| {
            let text = message.text();
            let first = text.lines().next().filter(|l| !l.is_empty())?;
            let name = message.sender.as_ref().map_or("", |s| &s.name);
            Some(Item {
                text: format!("{name}: {first}"),
                target: Target::Message(message.id.clone()),
                refused: None,
            })
        })
    }
}

fn best(items: Vec<Item>, query: &str) -> Vec<Item> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, Item)> = items
        .into_iter()
        .filter_map(|item| {
            let text = Utf32Str::new(&item.text, &mut buffer);
            let score = pattern.score(text, &mut matcher)?;
            // A command is meant by its name, rarely by a word of its help.
            let named = matches!(item.target, Target::Command(row) if row.name.starts_with(query.trim_start_matches('/')));
            Some((score + if named { 1000 } else { 0 }, item))
        })
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.truncate(FOUND);
    found.into_iter().map(|(_, item)| item).collect()
}
