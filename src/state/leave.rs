//! What the sign-ins were given leave for, and what more is being asked for.

use std::collections::BTreeSet;

use crate::model::account::AccountId;
use crate::model::permission::Permission;
use crate::model::permission::Wider;
use crate::model::sign_in::Step;
use crate::state::State;

/// Of one account, as far as its tokens tell.
#[derive(Debug, Clone, Default)]
pub struct Leave {
    pub given: BTreeSet<Permission>,
    pub withheld: BTreeSet<Permission>,
    pub asking: Option<Asking>,
}

/// More is being asked for.
#[derive(Debug, Clone)]
pub struct Asking {
    pub wider: Wider,
    /// What the person has to do; `None` until that is known.
    pub step: Option<Step>,
    /// For an administrator who has to agree first.
    pub link: Option<String>,
}

impl Leave {
    /// What the last token says; others of the account may say more.
    pub fn told(&mut self, given: &BTreeSet<Permission>, withheld: &BTreeSet<Permission>) {
        self.withheld
            .retain(|permission| !given.contains(permission));
        self.withheld.extend(withheld);
        self.given.extend(given);
        let withheld = &self.withheld;
        self.given
            .retain(|permission| !withheld.contains(permission));
    }

    /// `None`: nobody told.
    fn has(&self, wider: Wider) -> Option<bool> {
        let all = wider.permissions();
        if all.iter().all(|one| self.given.contains(one)) {
            return Some(true);
        }
        let missing = all.iter().any(|one| self.withheld.contains(one));
        missing.then_some(false)
    }
}

impl State {
    /// Whether the account in front has it; `None`: nobody told.
    pub fn has_leave(&self, wider: Wider) -> Option<bool> {
        self.leave_of(self.account()?, wider)
    }

    pub fn leave_of(&self, account: &AccountId, wider: Wider) -> Option<bool> {
        self.leave.get(account)?.has(wider)
    }

    /// What the account in front asks for.
    pub fn asking(&self) -> Option<&Asking> {
        self.leave.get(self.account()?)?.asking.as_ref()
    }
}
