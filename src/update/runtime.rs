//! What the runtime reports of its own doings.

use crate::command::Command;
use crate::effect::Effect;
use crate::event::Outcome;
use crate::event::RuntimeEvent;
use crate::model::announcement::Answer;
use crate::model::announcement::Said;
use crate::state::State;
use crate::update::command;

pub(super) fn on_event(state: &mut State, event: RuntimeEvent, fx: &mut Vec<Effect>) {
    match event {
        // The runtime writes the time into the log itself.
        RuntimeEvent::NoticesShown { .. } => {}
        RuntimeEvent::Done(outcome) => state.say(Said::Answer(match outcome {
            Outcome::Copied => Answer::Copied,
            Outcome::Opened => Answer::Opened,
            Outcome::Saved { path } => Answer::Saved { path },
        })),
        RuntimeEvent::Failed(failure) => state.say(Said::Failed(failure)),
        RuntimeEvent::Terminate => command::perform(state, Command::Quit, fx),
    }
}
