//! Who we can be, and as whom somebody is signed in already.
//!
//! Several accounts may be signed in at once: each has threads, a link and a call of its own. One of
//! them is in front, and what is typed goes out in its name.

use std::collections::BTreeMap;

use crate::model::account::Account;
use crate::model::account::AccountId;
use crate::model::account::AccountKind;
use crate::model::hidden::Hidden;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::composer::Composer;

/// How far somebody is signed in as an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Door {
    /// Nobody asked for it in this run.
    #[default]
    Closed,
    Opening,
    Open {
        /// There is somebody who makes calls for it.
        calls: bool,
    },
}

#[derive(Debug, Clone, Default)]
pub struct Doors {
    all: BTreeMap<AccountId, Door>,
    /// Somebody is asked for the passphrase of an account's sign-in.
    pub passphrase: Option<Passphrase>,
    /// The account to go over to once it is open.
    pub wanted: Option<AccountId>,
    /// What was being written when going over began. What is typed until a passphrase is asked for is meant for that.
    pub line: Option<Composer>,
    /// What was in front of each account that is not in front now.
    left: BTreeMap<AccountId, Left>,
}

/// A question that takes every key, and shows nothing of what is typed.
#[derive(Debug, Clone)]
pub struct Passphrase {
    pub account: AccountId,
    pub typed: Hidden,
    /// It was given and is being tried: what is typed meanwhile is nobody's.
    pub tried: bool,
}

#[derive(Debug, Clone, Default)]
struct Left {
    thread: Option<ThreadKey>,
    /// What was being written where no thread was open.
    draft: Composer,
}

impl Doors {
    pub fn of(&self, account: &AccountId) -> Door {
        self.all.get(account).copied().unwrap_or_default()
    }

    pub fn set(&mut self, account: &AccountId, door: Door) {
        self.all.insert(account.clone(), door);
    }
}

impl State {
    /// Whether there is somebody who makes calls for the account in front.
    pub fn can_call(&self) -> bool {
        let door = self.account().map(|account| self.doors.of(account));
        door == Some(Door::Open { calls: true })
    }

    /// Somebody is signed in as it, and nobody makes calls for it.
    pub fn lacks_calls(&self) -> bool {
        let door = self.account().map(|account| self.doors.of(account));
        door == Some(Door::Open { calls: false })
    }

    /// Every account, in the order in which it is numbered.
    pub fn people_to_be(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The account that is meant: its number in the list, its own word, its id, or the name others see.
    pub fn account_meant(&self, words: &str) -> Option<&Account> {
        let number = words.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let wanted = words.trim().to_lowercase();
        let tests: [fn(&Account, &str) -> bool; 2] = [
            |account, wanted| account.id.name().to_lowercase() == wanted,
            |account, wanted| {
                account.id.as_str().to_lowercase() == wanted
                    || account.display_name.to_lowercase() == wanted
            },
        ];
        let mut found = tests.iter().filter_map(|fits| {
            let mut all = self.people_to_be();
            all.find(|account| fits(account, &wanted))
        });
        found.next().or_else(|| self.people_to_be().nth(number?))
    }

    /// Brings an account to the front with what it had in front; what is being written stays where it was.
    pub fn bring_forward(&mut self, account: &AccountId) {
        let draft = std::mem::take(&mut self.composer);
        let before = self.account().cloned();
        let mut left = Left {
            thread: self.threads.current.take(),
            draft: Composer::default(),
        };
        match left
            .thread
            .as_ref()
            .and_then(|key| self.threads.all.get_mut(key))
        {
            Some(thread) => thread.draft = draft,
            None => left.draft = draft,
        }
        if let Some(before) = before {
            self.doors.left.insert(before, left);
        }
        self.focus.account = Some(account.clone());
        let back = self.doors.left.remove(account).unwrap_or_default();
        self.threads.current = back.thread;
        self.composer = match self.threads.current_mut() {
            Some(thread) => std::mem::take(&mut thread.draft),
            None => back.draft,
        };
        self.focus.close();
        self.focus.reset();
    }

    /// Whether it matters as whom we are in front: there is more than one to be.
    pub fn has_choice_of_accounts(&self) -> bool {
        self.accounts.len() > 1
    }

    /// Unread messages in the chats of an account.
    pub fn unread_of(&self, account: &AccountId) -> usize {
        let threads = self.threads.all.values();
        let own = threads.filter(|thread| thread.key.account == *account);
        own.map(|thread| thread.unread).sum()
    }
}

impl Account {
    /// The name others see, as far as it is known here.
    pub fn shown(&self) -> String {
        match self.kind {
            AccountKind::External => format!("{} (External)", self.display_name),
            AccountKind::Teams => self.display_name.clone(),
        }
    }
}
