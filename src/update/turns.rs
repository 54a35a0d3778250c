//! Captions and real-time text: into the timeline of their meeting, and told.

use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::thread::ThreadKey;
use crate::model::turn::Turn;
use crate::state::State;
use crate::state::call::Call;
use crate::state::turns::Taken;

pub(super) fn on_turn(state: &mut State, account: &AccountId, turn: Turn, at: Timestamp) {
    let now = state.now.moment;
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let (taken, told) = call.turns.take(turn, now);
    if let Taken::Done(turn) = taken {
        keep(state, account, &turn, at);
    }
    if let Some(told) = told {
        tell(state, &told);
    }
}

/// What was waited long enough for.
pub(super) fn expire(state: &mut State) {
    let (now, at) = (state.now.moment, state.now.utc);
    let due = |call: &&mut Call| call.turns.deadline().is_some_and(|due| due <= now);
    let mut all = Vec::new();
    for call in state.calls.values_mut().filter(due) {
        let (told, done) = call.turns.expire(now);
        all.push((call.account.clone(), told, done));
    }
    for (account, told, done) in all {
        for turn in &told {
            tell(state, turn);
        }
        end(state, &account, done, at);
    }
}

/// Turns that will not be gone on with are as good as done.
pub(super) fn end(state: &mut State, account: &AccountId, turns: Vec<Turn>, at: Timestamp) {
    for turn in turns {
        keep(state, account, &turn, at);
    }
}

fn keep(state: &mut State, account: &AccountId, turn: &Turn, at: Timestamp) {
    let said = said(state, turn);
    let thread = state.calls.get(account).and_then(|c| c.info.thread.clone());
    if let Some(thread) = thread {
        let account = account.clone();
        let key = ThreadKey { account, thread };
        state.threads.open(&key).timeline.banner(said, at);
    }
}

/// What we typed ourselves is told when it is done, as the answer to typing it.
fn tell(state: &mut State, turn: &Turn) {
    let said = said(state, turn);
    if !turn.mine {
        state.say(said);
    } else if turn.done {
        state.say_as(Class::Answer, said);
    }
}

fn said(state: &State, turn: &Turn) -> Said {
    Said::Turn {
        kind: turn.kind,
        sender: state.sender(&turn.person, turn.mine),
        text: turn.text.clone(),
    }
}
