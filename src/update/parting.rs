//! Leaving and quitting: what was said in the same breath is sent first, but nobody is kept for ever.

use std::time::Duration;

use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::model::account::AccountId;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::call::Call;
use crate::state::call::Parting;
use crate::state::call::Way;
use crate::update::usage;

/// How long a message may keep the person who wants to go.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// The same for a file, which takes its time: the person is told, and can ask again.
const PATIENCE_FOR_FILES: Duration = Duration::from_secs(30);
/// The same where the system wants us gone: it gives us two seconds.
pub(super) const SHORT_PATIENCE: Duration = Duration::from_millis(1500);

/// Leaves the call in front. Asked a second time, nothing is waited for.
pub(super) fn leave(state: &mut State, way: Way, fx: &mut Vec<Effect>) {
    let by = state.now.moment + PATIENCE;
    let sending = state.call().is_some_and(|call| is_sending(state, call));
    let Some(call) = state.call_mut() else { return };
    if sending && call.parting.is_none() {
        call.parting = Some(Parting { way, by });
    } else {
        part(call, way, fx);
    }
}

fn part(call: &mut Call, way: Way, fx: &mut Vec<Effect>) {
    call.parting = None;
    let command = match way {
        Way::Leave => {
            call.leaving = true;
            CallCommand::Leave
        }
        Way::EndForEverybody => CallCommand::EndForEverybody,
    };
    fx.push(Effect::Call(call.account.clone(), command));
}

/// Something for the meeting's chat is on its way, which is closed to us once we left.
fn is_sending(state: &State, call: &Call) -> bool {
    let key = call.info.thread.clone().map(|thread| ThreadKey {
        account: call.account.clone(),
        thread,
    });
    let thread = key.and_then(|key| state.threads.get(&key));
    thread.is_some_and(|thread| state.is_sending_in(thread))
}

/// Ends the program. Asked a second time, nothing is waited for.
pub(super) fn quit(state: &mut State, patience: Duration, fx: &mut Vec<Effect>) {
    if state.quitting {
        return;
    }
    if state.is_sending() && state.quit_by.is_none() {
        let files = state.uploading();
        let told = !files.is_empty() && patience >= PATIENCE;
        let patience = if told { PATIENCE_FOR_FILES } else { patience };
        state.quit_by = Some(state.now.moment + patience);
        if told {
            state.say_as(Class::Answer, Said::QuitsOnceSent { files });
        }
    } else {
        quit_now(state, fx);
    }
}

/// Good-bye to the service first, so that nobody sees us hang.
fn quit_now(state: &mut State, fx: &mut Vec<Effect>) {
    state.quitting = true;
    for call in state.calls.values_mut().filter(|c| c.is_live()) {
        part(call, Way::Leave, fx);
    }
    usage::end_all(state, fx);
    fx.push(Effect::Quit);
}

/// Somebody goes, and what they asked for before is still being done.
pub(super) fn is_under_way(state: &State) -> bool {
    let leaves = |call: &Call| call.parting.is_some() || call.leaving && call.is_live();
    state.quitting || state.quit_by.is_some() || state.calls.values().any(leaves)
}

/// Goes where nothing is waited for any more.
pub(super) fn settle(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    let due: Vec<(AccountId, Parting)> = state
        .calls
        .values()
        .filter_map(|call| Some((call, call.parting?)))
        .filter(|(call, parting)| parting.by <= now || !is_sending(state, call))
        .map(|(call, parting)| (call.account.clone(), parting))
        .collect();
    for (account, parting) in due {
        let Some(call) = state.calls.get_mut(&account) else {
            continue;
        };
        part(call, parting.way, fx);
        if parting.by <= now {
            let thread = call.info.topic.clone();
            state.say(Said::LeftWhileSending { thread });
        }
    }
    let patient = state.quit_by.is_some_and(|by| by > now);
    if state.quit_by.is_some() && !state.quitting && !(patient && state.is_sending()) {
        quit_now(state, fx);
    }
}
