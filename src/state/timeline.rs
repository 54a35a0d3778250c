//! The messages of one thread, in the order people should read them.
//!
//! Holds local echoes until the server's copy arrives and replaces them. A
//! window around what is visible: older and newer pages are asked for by an
//! effect and handed in like new messages.

use std::cmp::Ordering;

use crate::clock::Timestamp;
use crate::model::announcement::Said;
use crate::model::failure::Failure;
use crate::model::message::ClientMessageId;
use crate::model::message::Draft;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::SendState;

/// One entry. Entries are ordered: server messages by id with banners between, then echoes as they were sent.
#[derive(Debug, Clone)]
pub enum Entry {
    Message(Message),
    Echo(Echo),
    /// What happened between messages, at the moment it happened: a notice, joined, reconnected.
    Banner {
        said: Said,
        at: Timestamp,
        /// The message it follows; `None` while it precedes all.
        after: Option<MessageId>,
        /// Tells banners of one moment apart.
        number: u64,
    },
}

/// Our message until the server's copy comes home.
#[derive(Debug, Clone)]
pub struct Echo {
    pub client_id: ClientMessageId,
    pub draft: Draft,
    pub state: SendState,
    pub at: Timestamp,
    /// Known once the reply to the send came; the copy may still be on its way.
    pub message: Option<MessageId>,
    /// The draft was changed after it was sent: the change follows as soon as the message has an id.
    pub amended: bool,
}

/// A settled entry, wherever it is by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    Message(MessageId),
    /// The number of a banner.
    Banner(u64),
}

/// What became of a message that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    New,
    /// Our own message came home and took the place of its echo.
    Replaced {
        echo: ClientMessageId,
    },
    /// A newer version replaced the one held.
    Updated,
    Duplicate,
    /// Older than the version held.
    Stale,
    /// Beyond the window: a page will bring it when someone looks there.
    Outside,
}

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Before the window; `complete`: nothing lies before it.
    Older { complete: bool },
    /// After the window, or the newest page of a thread just opened.
    Newer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Older,
    Newer,
}

#[derive(Debug, Clone, Default)]
pub struct Timeline {
    pub(crate) entries: Vec<Entry>,
    /// How many entries at the end are echoes.
    echoes: usize,
    /// What is to be changed of messages of ours that were confirmed.
    amendments: Vec<(MessageId, Draft)>,
    /// How many entries are captions or real-time text.
    turns: usize,
    /// Everything older was loaded.
    pub complete: bool,
    /// A page was asked for and has not come yet.
    pub loading: bool,
    /// Grows with every change, so that wrapped lines can be cached by it.
    pub revision: u64,
    /// Below this the window has no message though there are some.
    floor: Option<MessageId>,
    /// The newest message anybody told of, when it lies after the window.
    beyond: Option<MessageId>,
}

/// Messages kept while following; twice as many while someone reads back.
pub const WINDOW: usize = 2000;
/// What was spoken in a long day.
const MOST_TURNS: usize = 20_000;
const SLACK: usize = 256;

impl Timeline {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.entries.iter().filter_map(Entry::message)
    }

    /// Our messages that have not come home, oldest first.
    pub fn echoes(&self) -> impl DoubleEndedIterator<Item = &Echo> {
        self.entries[self.settled()..]
            .iter()
            .filter_map(|e| match e {
                Entry::Echo(echo) => Some(echo),
                Entry::Message(_) | Entry::Banner { .. } => None,
            })
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn oldest(&self) -> Option<&Message> {
        self.messages().next()
    }

    pub fn newest(&self) -> Option<&Message> {
        self.messages().next_back()
    }

    pub fn newest_of_mine(&self) -> Option<&Message> {
        self.messages()
            .rev()
            .find(|m| m.mine && matches!(m.body, crate::model::message::Body::Text(_)))
    }

    pub fn find(&self, id: &MessageId) -> Option<&Message> {
        self.entries[self.position(id).ok()?].message()
    }

    /// The place of a message among the entries.
    pub fn index_of(&self, id: &MessageId) -> Option<usize> {
        self.position(id).ok()
    }

    /// The place of a marked entry.
    pub fn find_mark(&self, mark: &Mark) -> Option<usize> {
        match mark {
            Mark::Message(id) => self.index_of(id),
            Mark::Banner(wanted) => self.entries[..self.settled()]
                .iter()
                .rposition(|e| matches!(e, Entry::Banner { number, .. } if number == wanted)),
        }
    }

    /// The last entry that is not an echo.
    pub fn last_mark(&self) -> Option<Mark> {
        self.entries[..self.settled()].last().and_then(Entry::mark)
    }

    /// Messages that come after `id`; all when `id` is `None`.
    pub fn after(&self, id: Option<&MessageId>) -> impl DoubleEndedIterator<Item = &Message> {
        let from = match id.map(|id| self.position(id)) {
            None => 0,
            Some(Ok(at)) => at + 1,
            Some(Err(at)) => at,
        };
        self.entries[from..].iter().filter_map(Entry::message)
    }

    /// The newest message anybody told of.
    pub fn newest_known(&self) -> Option<&MessageId> {
        self.beyond.as_ref().or(self.newest().map(|m| &m.id))
    }

    /// The window does not reach the newest message.
    pub const fn is_detached(&self) -> bool {
        self.beyond.is_some()
    }

    /// Takes a message as it arrives, however often and in whatever order.
    pub fn insert(&mut self, message: Message) -> Inserted {
        if self.floor.as_ref().is_some_and(|f| message.id < *f) && !self.complete {
            return Inserted::Outside;
        }
        if let Some(beyond) = &mut self.beyond
            && self.entries[..self.entries.len() - self.echoes]
                .iter()
                .rev()
                .find_map(Entry::message)
                .is_none_or(|last| message.id > last.id)
        {
            // Told once; the page that will bring it has its last state.
            if message.id <= *beyond {
                return Inserted::Duplicate;
            }
            *beyond = message.id;
            return Inserted::Outside;
        }
        self.place(message)
    }

    fn place(&mut self, message: Message) -> Inserted {
        let at = match self.position(&message.id) {
            Ok(at) => return self.update(at, message),
            Err(at) => at,
        };
        let echo = self.take_echo(&message);
        self.entries.insert(at, Entry::Message(message));
        self.revision += 1;
        echo.map_or(Inserted::New, |echo| Inserted::Replaced { echo })
    }

    fn update(&mut self, at: usize, message: Message) -> Inserted {
        let echo = self.take_echo(&message);
        let Entry::Message(held) = &mut self.entries[at] else {
            return Inserted::Duplicate;
        };
        let outcome = match message.version.cmp(&held.version) {
            Ordering::Greater => Inserted::Updated,
            Ordering::Equal => Inserted::Duplicate,
            Ordering::Less => Inserted::Stale,
        };
        if outcome == Inserted::Updated {
            *held = message;
            self.revision += 1;
        }
        echo.map_or(outcome, |echo| Inserted::Replaced { echo })
    }

    /// Takes a page, which may overlap what is held; tells how each message was taken.
    pub fn insert_page(
        &mut self,
        messages: Vec<Message>,
        page: Page,
    ) -> Vec<(MessageId, Inserted)> {
        self.loading = false;
        let first = messages.iter().map(|m| &m.id).min().cloned();
        match page {
            Page::Older { complete } => {
                self.complete |= complete;
                self.floor = first.or_else(|| self.floor.take());
            }
            Page::Newer => {
                if self.floor.is_none() {
                    self.floor = first;
                }
                self.reattach(&messages);
            }
        }
        self.settle_banners(&messages);
        // What is read again after a gap goes further back than the window by now: an edited
        // message from there would stand beside one it never was next to.
        let floor = self
            .floor
            .clone()
            .filter(|_| page == Page::Newer && !self.complete);
        self.revision += 1;
        if floor.is_none()
            && let Some(at) = self.room_for(&messages)
        {
            let taken = messages.iter().map(|m| (m.id.clone(), Inserted::New));
            let taken = taken.collect();
            let page = messages.into_iter().map(Entry::Message);
            self.entries.splice(at..at, page);
            return taken;
        }
        messages
            .into_iter()
            .map(|m| match &floor {
                Some(floor) if m.id < *floor => (m.id, Inserted::Outside),
                _ => (m.id.clone(), self.place(m)),
            })
            .collect()
    }

    /// Where a page goes in one piece, as one read backwards does: nothing held lies within
    /// it. One by one, each of its messages would move everything behind it.
    fn room_for(&self, messages: &[Message]) -> Option<usize> {
        let (first, last) = (messages.first()?, messages.last()?);
        let whole = self.echoes == 0 && messages.is_sorted_by(|a, b| a.id < b.id);
        let at = self.position(&first.id).err().filter(|_| whole)?;
        (self.position(&last.id) == Err(at)).then_some(at)
    }

    /// A page that is empty, or reaches the newest message we heard of, closes the gap.
    fn reattach(&mut self, messages: &[Message]) {
        let reaches = messages.iter().map(|m| &m.id).max();
        if self
            .beyond
            .as_ref()
            .is_some_and(|b| reaches.is_none_or(|r| r >= b))
        {
            self.beyond = None;
        }
    }

    /// Banners that came before the page of older messages move behind them.
    fn settle_banners(&mut self, messages: &[Message]) {
        let settled = self.settled();
        let mut moved = false;
        for entry in &mut self.entries[..settled] {
            if let Entry::Banner { at, after, .. } = entry
                && let Some(last) = messages
                    .iter()
                    .filter(|m| m.created <= *at)
                    .map(|m| &m.id)
                    .max()
                && after.as_ref().is_none_or(|a| a < last)
            {
                *after = Some(last.clone());
                moved = true;
            }
        }
        if moved {
            self.entries[..settled].sort_by(Entry::order);
        }
    }

    pub fn banner(&mut self, said: Said, at: Timestamp) {
        self.turns += usize::from(matches!(said, Said::Turn { .. }));
        let banner = Entry::Banner {
            said,
            at,
            after: self.newest().map(|m| m.id.clone()),
            number: self.revision,
        };
        self.entries.insert(self.settled(), banner);
        self.revision += 1;
    }

    /// Shows a message of ours before the server knows it.
    pub fn echo(&mut self, client_id: ClientMessageId, draft: Draft, at: Timestamp) {
        self.entries.push(Entry::Echo(Echo {
            client_id,
            draft,
            state: SendState::Sending,
            at,
            message: None,
            amended: false,
        }));
        self.echoes += 1;
        self.revision += 1;
    }

    /// The reply to a send. The copy may have come first; then there is no echo left.
    pub fn settle(&mut self, client_id: &ClientMessageId, message: MessageId) {
        let arrived = self.position(&message).is_ok();
        let Some(at) = self.echo_at(|e| e.client_id == *client_id) else {
            return;
        };
        self.revision += 1;
        if arrived {
            self.take_entry(at, &message);
        } else if let Entry::Echo(echo) = &mut self.entries[at] {
            if std::mem::take(&mut echo.amended) {
                self.amendments.push((message.clone(), echo.draft.clone()));
            }
            echo.state = SendState::Sent;
            echo.message = Some(message);
        }
    }

    /// Changes what an echo says. The service learns of it once it has told the message's id.
    pub fn amend(&mut self, client_id: &ClientMessageId, draft: Draft) {
        let Some(at) = self.echo_at(|e| e.client_id == *client_id) else {
            return;
        };
        if let Entry::Echo(echo) = &mut self.entries[at] {
            echo.draft = draft;
            echo.amended = true;
            self.revision += 1;
        }
    }

    /// Changes that had to wait for an id, and no longer do.
    pub fn amendments(&mut self) -> Vec<(MessageId, Draft)> {
        std::mem::take(&mut self.amendments)
    }

    /// The draft of a message that could not be sent.
    pub fn fail(&mut self, client_id: &ClientMessageId, failure: Failure) -> Option<&Draft> {
        let at = self.echo_at(|e| e.client_id == *client_id)?;
        self.revision += 1;
        match &mut self.entries[at] {
            Entry::Echo(echo) => {
                echo.state = SendState::Failed(failure);
                Some(&echo.draft)
            }
            Entry::Message(_) | Entry::Banner { .. } => None,
        }
    }

    /// All failed messages are being sent again, in their order.
    pub fn retry(&mut self) -> Vec<(ClientMessageId, Draft)> {
        let settled = self.settled();
        let mut again = Vec::new();
        for entry in &mut self.entries[settled..] {
            if let Entry::Echo(echo) = entry
                && matches!(echo.state, SendState::Failed(_))
            {
                echo.state = SendState::Sending;
                again.push((echo.client_id.clone(), echo.draft.clone()));
            }
        }
        self.revision += 1;
        again
    }

    pub fn failed(&self) -> usize {
        self.echoes()
            .filter(|e| matches!(e.state, SendState::Failed(_)))
            .count()
    }

    /// Gives up what is far from where someone reads, so that memory stays bounded. What was
    /// spoken stays: nobody can be asked for it again.
    pub fn trim(&mut self, reading: Direction) {
        let settled = self.settled();
        let kept = settled - self.turns;
        match reading {
            Direction::Newer if kept > WINDOW + SLACK => {
                let mut surplus = kept - WINDOW;
                self.retain(|_, entry| {
                    let goes = surplus > 0 && !entry.is_turn();
                    surplus -= usize::from(goes);
                    !goes
                });
                self.complete = false;
                self.floor = self.oldest().map(|m| m.id.clone());
            }
            Direction::Older if kept > 2 * WINDOW + SLACK => {
                let newest = self.newest().map(|m| m.id.clone());
                let mut room = 2 * WINDOW;
                self.retain(|at, entry| {
                    let stays = entry.is_turn() || at >= settled || room > 0;
                    room -= usize::from(stays && !entry.is_turn() && at < settled);
                    stays
                });
                self.beyond = self.beyond.take().or(newest);
            }
            Direction::Newer | Direction::Older => {}
        }
        if self.turns > MOST_TURNS + SLACK {
            let mut surplus = self.turns - MOST_TURNS;
            self.retain(|_, entry| {
                let goes = surplus > 0 && entry.is_turn();
                surplus -= usize::from(goes);
                !goes
            });
        }
    }

    fn retain(&mut self, mut stays: impl FnMut(usize, &Entry) -> bool) {
        let mut at = 0;
        self.entries.retain(|entry| {
            at += 1;
            stays(at - 1, entry)
        });
        self.turns = self.entries.iter().filter(|e| e.is_turn()).count();
        self.revision += 1;
    }

    /// Empties the window but for echoes and what was spoken; the newest page is to be asked for.
    pub fn clear(&mut self) {
        let settled = self.settled();
        self.retain(|at, entry| at >= settled || entry.is_turn());
        self.complete = false;
        self.floor = None;
        self.beyond = None;
        self.revision += 1;
    }

    /// The next message or spoken word holding `query` from `from` on, and how many hold it at all.
    pub fn search(
        &self,
        query: &str,
        from: Option<&Mark>,
        direction: Direction,
    ) -> (Option<Mark>, usize) {
        let wanted = query.to_lowercase();
        let settled = self.entries[..self.settled()].iter().enumerate();
        let found: Vec<usize> = settled
            .filter(|(_, entry)| entry.holds(&wanted))
            .map(|(at, _)| at)
            .collect();
        let from = from.and_then(|mark| self.find_mark(mark));
        let next = match (direction, from) {
            (Direction::Older, None) => found.last(),
            (Direction::Older, Some(from)) => found.iter().rev().find(|at| **at < from),
            (Direction::Newer, None) => found.first(),
            (Direction::Newer, Some(from)) => found.iter().find(|at| **at > from),
        };
        let mark = next.and_then(|at| self.entries[*at].mark());
        (mark, found.len())
    }

    /// The next message that mentions us before `from`; the newest one when `from` is `None`.
    pub fn mention_before(&self, from: Option<&MessageId>) -> Option<MessageId> {
        self.messages()
            .rev()
            .filter(|m| from.is_none_or(|f| m.id < *f))
            .find(|m| m.mentions_me && !m.mine)
            .map(|m| m.id.clone())
    }

    fn settled(&self) -> usize {
        self.entries.len() - self.echoes
    }

    /// Where a message is, or where it belongs: behind the banners of smaller ids.
    fn position(&self, id: &MessageId) -> Result<usize, usize> {
        let settled = &self.entries[..self.settled()];
        // Nearly every message is the newest.
        if settled.last().is_none_or(|last| last.id() < Some(id)) {
            return Err(settled.len());
        }
        settled.binary_search_by(|entry| match entry {
            Entry::Message(m) => m.id.cmp(id),
            Entry::Banner { after, .. } if after.as_ref() < Some(id) => Ordering::Less,
            Entry::Banner { .. } | Entry::Echo(_) => Ordering::Greater,
        })
    }

    fn echo_at(&self, wanted: impl Fn(&Echo) -> bool) -> Option<usize> {
        let settled = self.settled();
        self.entries[settled..]
            .iter()
            .position(|e| matches!(e, Entry::Echo(echo) if wanted(echo)))
            .map(|at| at + settled)
    }

    /// The realtime copy can overtake the reply to the send: then the echo has no
    /// message id yet, and only the client message id tells whose it is.
    fn take_echo(&mut self, message: &Message) -> Option<ClientMessageId> {
        if self.echoes == 0 {
            return None;
        }
        let by_client = message
            .client_id
            .as_ref()
            .and_then(|id| self.echo_at(|e| e.client_id == *id));
        let at = by_client.or_else(|| self.echo_at(|e| e.message.as_ref() == Some(&message.id)))?;
        self.take_entry(at, &message.id)
    }

    /// The echo there has become that message.
    fn take_entry(&mut self, at: usize, message: &MessageId) -> Option<ClientMessageId> {
        self.echoes -= 1;
        let Entry::Echo(echo) = self.entries.remove(at) else {
            return None;
        };
        if echo.amended {
            self.amendments.push((message.clone(), echo.draft));
        }
        Some(echo.client_id)
    }
}

impl Entry {
    pub const fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Echo(_) | Self::Banner { .. } => None,
        }
    }

    /// How to find it again; an echo has no lasting place.
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Self::Message(message) => Some(Mark::Message(message.id.clone())),
            Self::Banner { number, .. } => Some(Mark::Banner(*number)),
            Self::Echo(_) => None,
        }
    }

    /// A caption or real-time text.
    pub const fn is_turn(&self) -> bool {
        matches!(
            self,
            Self::Banner {
                said: Said::Turn { .. },
                ..
            }
        )
    }

    fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::Message(message) => holds(message, wanted),
            Self::Banner {
                said: Said::Turn { sender, text, .. },
                ..
            } => [&sender.name, text]
                .iter()
                .any(|words| words.to_lowercase().contains(wanted)),
            Self::Echo(_) | Self::Banner { .. } => false,
        }
    }

    const fn id(&self) -> Option<&MessageId> {
        match self {
            Self::Message(message) => Some(&message.id),
            Self::Banner { after, .. } => after.as_ref(),
            Self::Echo(_) => None,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let behind = |e: &Self| matches!(e, Self::Banner { .. });
        self.id()
            .cmp(&other.id())
            .then_with(|| behind(self).cmp(&behind(other)))
    }
}

fn holds(message: &Message, wanted: &str) -> bool {
    let sender = message.sender.as_ref().map_or("", |s| &s.name);
    message.text().to_lowercase().contains(wanted) || sender.to_lowercase().contains(wanted)
}

#[cfg(test)]
mod tests;
