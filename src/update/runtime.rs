//! What became of effects, and what the system asks of us.

use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::event::Outcome;
use crate::event::RuntimeEvent;
use crate::model::announcement::Answer;
use crate::model::announcement::Said;
use crate::state::State;

pub(super) fn on_event(state: &mut State, event: RuntimeEvent, fx: &mut Vec<Effect>) {
    match event {
        RuntimeEvent::NoticesShown { .. } => {}
        RuntimeEvent::Done(outcome) => state.say(Said::Answer(match outcome {
            Outcome::Copied => Answer::Copied,
            Outcome::Opened => Answer::Opened,
            Outcome::Saved { path } => Answer::Saved { path },
        })),
        RuntimeEvent::Failed(failure) => state.say(Said::Failed(failure)),
        RuntimeEvent::Terminate => quit(state, fx),
    }
}

/// Leaves what is live, so that nobody waits for us, and ends.
pub(super) fn quit(state: &mut State, fx: &mut Vec<Effect>) {
    for call in state.calls.values_mut().filter(|c| c.is_live()) {
        call.leaving = true;
        fx.push(Effect::Call(call.account.clone(), CallCommand::Leave));
    }
    state.quitting = true;
    fx.push(Effect::Quit);
}
