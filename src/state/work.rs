//! What an organisation told last, and what of ours can be undone.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::callee::Errand;
use crate::model::directory::Colleague;
use crate::model::directory::Found;
use crate::model::directory::Presence;
use crate::model::message::MessageId;
use crate::model::thread::Link;
use crate::model::thread::ThreadKey;

#[derive(Debug, Clone, Default)]
pub struct Work {
    pub shown: Option<Shown>,
    /// The message of ours that was deleted last.
    pub deleted: Option<(ThreadKey, MessageId)>,
    /// Somebody is looked for, to be called.
    pub wanted: Option<Errand>,
    /// Accounts whose organisation was asked for something it has not told yet.
    pub asked: BTreeSet<AccountId>,
}

/// What the answer to a command is about.
#[derive(Debug, Clone)]
pub enum Shown {
    Chats {
        at: Timestamp,
    },
    People(Vec<Colleague>),
    Messages(Vec<Found>),
    Presence(Vec<(String, Presence)>),
    /// Who may be meant, to choose one by number.
    Callable(Errand, Vec<Colleague>),
}

impl crate::state::State {
    /// An organisation owes us an answer. Where its link is given up, none comes.
    pub fn is_owed_by_organisation(&self) -> bool {
        let down = |account: &&AccountId| matches!(self.threads.link(account), Link::Down(_));
        !self.work.asked.iter().all(|account| down(&account))
    }

    /// The chats of the account in front, as they were listed: unread ones first.
    pub fn chats(&self) -> impl Iterator<Item = &crate::state::threads::Thread> {
        let account = self.account();
        let all = self.threads.all.values();
        let mut chats: Vec<_> = all
            .filter(|t| t.listed.is_some() && Some(&t.key.account) == account)
            .collect();
        chats.sort_by_key(|t| !(t.unread > 0 || t.listed.as_ref().is_some_and(|l| l.unread)));
        chats.into_iter()
    }

    /// What a thread of any account is called.
    pub fn topic_of(&self, thread: &crate::model::thread::ThreadId) -> Option<&str> {
        let all = self.threads.all.values();
        let named = |t: &&crate::state::threads::Thread| t.key.thread == *thread;
        all.into_iter().find(named).map(|t| t.topic.as_str())
    }
}
