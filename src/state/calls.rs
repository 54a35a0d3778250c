//! Several calls at once: one in front for each account, the others behind it.

use crate::model::account::AccountId;
use crate::model::call::CallNumber;
use crate::model::sound::AudioMode;
use crate::state::State;
use crate::state::call::Call;

/// What whoever calls people for an account can do besides, and was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller {
    /// The emergency numbers of a country, as it was set up.
    pub emergency: bool,
    /// To wait for calls to us, and by whose devices.
    pub receives: Option<AudioMode>,
}

impl State {
    /// The number of a call that is about to begin.
    pub fn next_call(&mut self) -> CallNumber {
        self.begun += 1;
        CallNumber(self.begun)
    }

    pub fn every_call(&self) -> impl Iterator<Item = &Call> {
        self.calls.values().chain(&self.behind)
    }

    pub fn every_call_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        self.calls.values_mut().chain(&mut self.behind)
    }

    /// The calls of an account that wait behind the one in front, the one put there last at the end.
    pub fn waiting(&self, account: &AccountId) -> impl Iterator<Item = &Call> {
        self.behind.iter().filter(move |c| c.account == *account)
    }

    pub fn behind_mut(&mut self, account: &AccountId, number: CallNumber) -> Option<&mut Call> {
        let mut all = self.behind.iter_mut();
        all.find(|c| c.account == *account && c.number == number)
    }

    pub fn take_behind(&mut self, account: &AccountId, number: CallNumber) -> Option<Call> {
        let mut all = self.behind.iter();
        let at = all.position(|c| c.account == *account && c.number == number)?;
        Some(self.behind.remove(at))
    }

    /// Brings a call to the front; the one there goes behind where it is not over. True where that is news.
    pub fn bring_call_forward(&mut self, account: &AccountId, number: CallNumber) -> bool {
        let Some(call) = self.take_behind(account, number) else {
            return false;
        };
        let before = self.calls.insert(account.clone(), call);
        self.behind.extend(before.filter(Call::is_live));
        true
    }
}
