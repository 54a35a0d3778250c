//! What the runtime reports of its own doings.

use crate::effect::Effect;
use crate::event::Outcome;
use crate::event::RuntimeEvent;
use crate::model::announcement::Answer;
use crate::model::announcement::Said;
use crate::state::State;
use crate::state::lines::Opening;
use crate::update::accounts;
use crate::update::parting;
use crate::update::passphrase;

pub(super) fn on_event(state: &mut State, event: RuntimeEvent, fx: &mut Vec<Effect>) {
    match event {
        // The runtime writes the time into the log itself.
        RuntimeEvent::NoticesShown { .. } => {}
        RuntimeEvent::Done(outcome) => {
            let answer = done(state, outcome, fx);
            state.say(Said::Answer(answer));
        }
        RuntimeEvent::Failed(failure) => state.say(Said::Failed(failure)),
        RuntimeEvent::ThemeFailed { failure, in_use } => {
            state.settings.theme = in_use;
            state.say(Said::Failed(failure));
        }
        RuntimeEvent::StartFailed(failure) => {
            state.opening = Opening::Failed;
            state.say(Said::Failed(failure));
        }
        RuntimeEvent::AccountOpened { account, calls } => {
            accounts::opened(state, &account, calls, fx);
        }
        RuntimeEvent::AccountFailed { account, failure } => {
            accounts::failed(state, &account, failure);
        }
        RuntimeEvent::PassphraseWanted { account, again } => {
            passphrase::ask(state, account, again, fx);
        }
        RuntimeEvent::Terminate => parting::quit(state, parting::SHORT_PATIENCE, fx),
    }
}

fn done(state: &mut State, outcome: Outcome, fx: &mut Vec<Effect>) -> Answer {
    match outcome {
        Outcome::Copied => Answer::Copied,
        Outcome::Opened => Answer::Opened,
        Outcome::Saved { path } => Answer::Saved { path, bytes: None },
        Outcome::Themed { name } => {
            state.settings.theme.clone_from(&name);
            fx.push(Effect::Remember {
                key: "theme".to_owned(),
                value: name.clone(),
            });
            Answer::Theme(name)
        }
    }
}
