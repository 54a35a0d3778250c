//! What the owner of secrets reports: who we are, never a secret.

use crate::effect::Effect;
use crate::event::IdentityEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::state::State;
use crate::update::leave;

pub(super) fn on_event(
    state: &mut State,
    account: &AccountId,
    event: IdentityEvent,
    fx: &mut Vec<Effect>,
) {
    match event {
        IdentityEvent::SignedIn { raw_id, .. } => {
            state.signing_in.remove(account);
            if let Some(account) = state.accounts.get_mut(account) {
                account.raw_id = Some(raw_id);
            }
        }
        IdentityEvent::Permitted { given, withheld } => {
            let known = state.leave.entry(account.clone()).or_default();
            known.told(&given, &withheld);
        }
        IdentityEvent::Asking { wider, step, link } => {
            leave::asking(state, account, wider, step, link, fx);
        }
        IdentityEvent::Agreed(wider) => leave::agreed(state, account, wider),
        IdentityEvent::NotAgreed { wider, failure } => {
            leave::not_agreed(state, account, wider, failure);
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
