//! How a session begins: a meeting to join or a thread to open.

use crate::clock::Now;
use crate::effect::CallCommand;
use crate::effect::ChatCommand;
use crate::effect::Effect;
use crate::model::account::AccountId;
use crate::model::locator::Locator;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::call::Call;

/// What the command line asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub account: AccountId,
    pub locator: Locator,
    /// The name others are to see.
    pub name: String,
}

/// A plain thread is opened; everything else is a call to join, whose chat follows from it.
pub fn start(state: &mut State, start: Start, now: Now) -> Vec<Effect> {
    state.now = now;
    let mut fx = Vec::new();
    match start.locator {
        Locator::Thread(thread) => {
            let key = ThreadKey {
                account: start.account.clone(),
                thread: thread.clone(),
            };
            state.threads.open(&key);
            state.threads.current = Some(key);
            fx.push(Effect::Chat(start.account, ChatCommand::Open(thread)));
        }
        locator => dial(state, start.account, locator, start.name, &mut fx),
    }
    fx
}

/// Joins, or joins again after the end.
pub(super) fn dial(
    state: &mut State,
    account: AccountId,
    locator: Locator,
    name: String,
    fx: &mut Vec<Effect>,
) {
    let call = Call::new(account.clone(), locator.clone(), &name, state.now.utc);
    state.usage.dialled(state.now.utc);
    state.calls.insert(account.clone(), call);
    fx.push(Effect::Call(account, CallCommand::Join { locator, name }));
}
