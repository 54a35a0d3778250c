//! The threads of all accounts, and the one in front.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::message::MessageId;
use crate::model::message::SendState;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::Listed;
use crate::model::thread::ThreadKey;
use crate::state::composer::Composer;
use crate::state::timeline::Echo;
use crate::state::timeline::Timeline;

#[derive(Debug, Clone, Default)]
pub struct Threads {
    pub all: BTreeMap<ThreadKey, Thread>,
    pub current: Option<ThreadKey>,
    /// How each account's chat back end is connected.
    pub links: BTreeMap<AccountId, Link>,
    /// Since when a link is lost.
    pub lost: BTreeMap<AccountId, Timestamp>,
    /// The thread that its back end was last told to be in front.
    pub followed: Option<ThreadKey>,
    /// Links that are whole again, while what was missed is on its way.
    pub back: BTreeMap<AccountId, Back>,
}

/// A link that is whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// How long it was lost.
    pub seconds: u64,
    /// Said by then also if nothing was missed.
    pub due: Moment,
}

/// What was missed comes within this time, or nothing was.
pub const CATCH_UP: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct Thread {
    pub key: ThreadKey,
    pub topic: String,
    pub participants: Vec<Person>,
    pub access: ChatAccess,
    pub timeline: Timeline,
    /// Who types, and until when we believe it.
    pub typing: Vec<(Person, Moment)>,
    /// The newest message each person has read.
    pub receipts: BTreeMap<RawId, MessageId>,
    /// The newest message read here; what lies after it is unread.
    pub read_up_to: Option<MessageId>,
    /// The line "new" is drawn after this message; gone once we wrote or looked at all of it.
    pub marker: Option<MessageId>,
    pub unread: usize,
    pub unread_mentions: usize,
    /// The draft while another thread is in front.
    pub draft: Composer,
    /// The backlog was announced.
    pub opened: bool,
    /// The newest message known when the window was emptied to be read again.
    pub read_again: Option<MessageId>,
    pub receipt: Receipt,
    /// Edits, deletions and downloads whose outcome is not told yet.
    pub errands: usize,
    /// Of those, the files and pictures on their way.
    pub uploads: Vec<Upload>,
    /// When we last told that we type.
    pub typing_told: Option<Moment>,
    /// Unread messages of a thread that is not in front were last told then.
    pub count_told: Option<Moment>,
    /// Its row in the list of the account's chats, where it has one.
    pub listed: Option<Listed>,
    /// Its back end was asked to open it.
    pub asked: bool,
    /// When it was read last, where nothing of it arrives by itself.
    pub as_of: Option<Timestamp>,
}

/// Something on its way that takes longer than words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub name: String,
    /// By way of our drive, where it may lie without having been sent.
    pub drive: bool,
}

/// Our own read receipts: the service limits them, so they are sent at most every three seconds.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    pub due: Option<Moment>,
    told: Option<MessageId>,
    told_at: Option<Moment>,
}

const RECEIPT_PACE: Duration = Duration::from_secs(3);
/// How long one typing event is believed.
const TYPING_LASTS: Duration = Duration::from_secs(10);
/// At most this often we tell that we type (the service allows 15 a minute).
const TYPING_PACE: Duration = Duration::from_secs(8);
/// Above this the service switches typing and read receipts off.
const QUIET_ABOVE: usize = 20;

impl Threads {
    pub fn get(&self, key: &ThreadKey) -> Option<&Thread> {
        self.all.get(key)
    }

    pub fn current(&self) -> Option<&Thread> {
        self.all.get(self.current.as_ref()?)
    }

    pub fn current_mut(&mut self) -> Option<&mut Thread> {
        self.all.get_mut(self.current.as_ref()?)
    }

    pub fn is_current(&self, key: &ThreadKey) -> bool {
        self.current.as_ref() == Some(key)
    }

    /// The thread, made if it is new to us.
    pub fn open(&mut self, key: &ThreadKey) -> &mut Thread {
        self.all
            .entry(key.clone())
            .or_insert_with(|| Thread::new(key.clone()))
    }

    pub fn link(&self, account: &AccountId) -> &Link {
        self.links.get(account).unwrap_or(&Link::Connecting)
    }

    /// Unread messages outside the thread in front.
    pub fn unread_elsewhere(&self) -> usize {
        self.all
            .values()
            .filter(|t| !self.is_current(&t.key))
            .map(|t| t.unread)
            .sum()
    }

    /// The thread a person means: its topic, or the start of it, in any case; those of the account in
    /// front come first.
    pub fn named(&self, name: &str, front: Option<&AccountId>) -> Option<&ThreadKey> {
        let wanted = name.to_lowercase();
        let is = |t: &&Thread| t.topic.to_lowercase() == wanted || t.key.thread.as_str() == name;
        let begins = |t: &&Thread| t.topic.to_lowercase().starts_with(&wanted);
        let own = |t: &&Thread| Some(&t.key.account) == front;
        let all = || self.all.values();
        let found = all().filter(own).find(is);
        found
            .or_else(|| all().filter(own).find(begins))
            .or_else(|| all().find(is))
            .or_else(|| all().find(begins))
            .map(|t| &t.key)
    }
}

impl Thread {
    pub fn new(key: ThreadKey) -> Self {
        Self {
            key,
            topic: String::new(),
            participants: Vec::new(),
            access: ChatAccess::Opening,
            timeline: Timeline::default(),
            typing: Vec::new(),
            receipts: BTreeMap::new(),
            read_up_to: None,
            marker: None,
            unread: 0,
            unread_mentions: 0,
            draft: Composer::default(),
            opened: false,
            read_again: None,
            receipt: Receipt::default(),
            errands: 0,
            uploads: Vec::new(),
            typing_told: None,
            count_told: None,
            listed: None,
            asked: false,
            as_of: None,
        }
    }

    /// Something of ours is on its way.
    pub fn is_sending(&self) -> bool {
        let sending = |e: &Echo| e.state == SendState::Sending;
        self.errands > 0 || self.timeline.echoes().any(sending)
    }

    /// One of what was asked for is done, or refused.
    pub fn errand_done(&mut self) {
        self.errands = self.errands.saturating_sub(1);
        if self.errands == 0 {
            self.uploads.clear();
        }
    }

    /// One of the uploads is over. Which one is not always told: then all of them stay until the last is.
    pub fn upload_over(&mut self, drive: bool, name: Option<&str>) {
        let mut alike = (0..self.uploads.len()).filter(|at| self.uploads[*at].drive == drive);
        let only = alike.next().filter(|_| alike.next().is_none());
        let named = self
            .uploads
            .iter()
            .position(|u| u.drive == drive && Some(u.name.as_str()) == name);
        if let Some(over) = named.or(only) {
            self.uploads.remove(over);
        }
    }

    /// Who types at this moment.
    pub fn typing_now(&self, now: Moment) -> impl Iterator<Item = &Person> {
        self.typing
            .iter()
            .filter(move |(_, until)| *until > now)
            .map(|(person, _)| person)
    }

    pub fn types(&mut self, person: Person, now: Moment) {
        self.types_no_more(&person.id);
        self.typing.retain(|(_, until)| *until > now);
        self.typing.push((person, now + TYPING_LASTS));
    }

    pub fn types_no_more(&mut self, id: &RawId) {
        self.typing.retain(|(p, _)| p.id != *id);
    }

    /// Whether typing is told now: at most every eight seconds, and not in large threads.
    pub fn tell_typing(&mut self, now: Moment) -> bool {
        let pause = self
            .typing_told
            .is_none_or(|at| now.since(at) >= TYPING_PACE);
        let tell = pause && self.participants.len() <= QUIET_ABOVE;
        if tell {
            self.typing_told = Some(now);
        }
        tell
    }

    /// Everything that is loaded counts as read.
    pub fn read_all(&mut self, now: Moment) {
        self.unread = 0;
        self.unread_mentions = 0;
        let newest = self.timeline.messages().rev().find(|m| !m.mine);
        let Some(newest) = newest.map(|m| m.id.clone()) else {
            return;
        };
        if self.read_up_to.as_ref().is_none_or(|r| *r < newest) {
            self.read_up_to = Some(newest);
            let receipt = &mut self.receipt;
            if receipt.due.is_none() {
                let pace = receipt.told_at.map_or(now, |at| at + RECEIPT_PACE);
                receipt.due = Some(pace.max(now));
            }
        }
    }

    /// The receipt to send now, if one is due.
    pub fn receipt_due(&mut self, now: Moment) -> Option<MessageId> {
        self.receipt.due.filter(|at| *at <= now)?;
        self.receipt.due = None;
        let read = self.read_up_to.clone()?;
        if self.receipt.told.as_ref().is_some_and(|t| *t >= read)
            || self.participants.len() > QUIET_ABOVE
        {
            return None;
        }
        self.receipt.told = Some(read.clone());
        self.receipt.told_at = Some(now);
        Some(read)
    }

    /// The service tells what was read, by us elsewhere or in an earlier run.
    pub fn read_before(&mut self, message: MessageId) {
        if self.receipt.told.as_ref().is_none_or(|t| *t < message) {
            self.receipt.told = Some(message.clone());
        }
        if self.read_up_to.as_ref().is_none_or(|r| *r < message) {
            self.read_up_to = Some(message);
            self.count_unread();
        }
    }

    /// Counts what lies after the newest message read.
    pub fn count_unread(&mut self) {
        let unread = || {
            self.timeline
                .after(self.read_up_to.as_ref())
                .filter(|m| !m.mine && m.sender.is_some())
        };
        let (count, mentions) = (unread().count(), unread().filter(|m| m.mentions_me).count());
        self.unread = count;
        self.unread_mentions = mentions;
    }

    /// Who has read a message, as far as receipts tell.
    pub fn readers(&self, message: &MessageId) -> impl Iterator<Item = &Person> {
        self.participants
            .iter()
            .filter(move |p| self.receipts.get(&p.id).is_some_and(|r| r >= message))
    }

    pub fn deadline(&self, now: Moment) -> Option<Moment> {
        let typing = self.typing.iter().map(|(_, until)| *until);
        typing
            .filter(|until| *until > now)
            .chain(self.receipt.due)
            .min()
    }
}
