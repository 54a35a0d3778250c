//! The threads of all accounts, and the one in front.

use std::collections::BTreeMap;

use crate::clock::Moment;
use crate::model::account::AccountId;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::message::MessageId;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::ThreadKey;
use crate::state::timeline::Timeline;

#[derive(Debug, Clone, Default)]
pub struct Threads {
    pub all: BTreeMap<ThreadKey, Thread>,
    pub current: Option<ThreadKey>,
    /// How each account's chat back end is connected.
    pub links: BTreeMap<AccountId, Link>,
}

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
    pub unread: usize,
    pub unread_mentions: usize,
}
