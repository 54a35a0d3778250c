//! What the owner of secrets reports: who we are, never a secret.

use crate::event::IdentityEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::state::State;

pub(super) fn on_event(state: &mut State, account: &AccountId, event: IdentityEvent) {
    match event {
        IdentityEvent::SignedIn { raw_id, .. } => {
            state.signing_in.remove(account);
            if let Some(account) = state.accounts.get_mut(account) {
                account.raw_id = Some(raw_id);
            }
        }
        IdentityEvent::Permitted { given, withheld } => {
            let known = state.withheld.entry(account.clone()).or_default();
            known.retain(|permission| !given.contains(permission));
            known.extend(withheld);
        }
        IdentityEvent::Failed(failure) => {
            // Tried again and again by itself; that it still fails is no news.
            let known = state.signing_in.insert(account.clone(), failure.clone());
            if known.as_ref() != Some(&failure) {
                state.say(Said::Failed(failure));
            }
        }
    }
}
