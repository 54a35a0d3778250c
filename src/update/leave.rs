//! Asking for leave that the sign-in was not given, while everything else goes on.

use crate::command::Leave;
use crate::effect::Effect;
use crate::effect::IdentityCommand;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::failure::Failure;
use crate::model::permission::Wider;
use crate::model::settings::Interface;
use crate::model::sign_in::Step;
use crate::state::State;
use crate::state::focus::Overlay;
use crate::state::leave::Asking;
use crate::update::command;

pub(super) fn perform(state: &mut State, account: AccountId, wish: Leave, fx: &mut Vec<Effect>) {
    match wish {
        Leave::List => command::show(state, Overlay::Leave, Answer::Leave),
        Leave::Ask { wider, by } => {
            let leave = state.leave.entry(account.clone()).or_default();
            let before = leave.asking.replace(Asking {
                wider,
                step: None,
                link: None,
            });
            let ask = IdentityCommand::AskForLeave { wider, by };
            fx.push(Effect::Identity(account, ask));
            let instead = before.map(|before| before.wider);
            command::answer(state, Answer::AsksForLeave { wider, instead });
        }
        Leave::GiveUp => {
            let leave = state.leave.entry(account.clone()).or_default();
            let Some(asking) = leave.asking.take() else {
                return;
            };
            fx.push(Effect::Identity(account, IdentityCommand::GiveUpAsking));
            close(state);
            command::answer(state, Answer::GaveUpAsking(asking.wider));
        }
    }
}

/// What the person has to do now. It stays to be read until it is done, whatever is typed meanwhile.
pub(super) fn asking(
    state: &mut State,
    account: &AccountId,
    wider: Wider,
    step: Step,
    link: Option<String>,
    fx: &mut Vec<Effect>,
) {
    let leave = state.leave.entry(account.clone()).or_default();
    // It may have been given up, or something else be asked for, while this was on its way.
    let Some(asking) = leave.asking.as_mut().filter(|asking| asking.wider == wider) else {
        return;
    };
    if let Step::Visit { url } = &step {
        fx.push(Effect::OpenUrl(url.clone()));
    }
    (asking.step, asking.link) = (Some(step), link);
    let front = state.account() == Some(account);
    let free = matches!(state.focus.overlay, None | Some(Overlay::Leave));
    if state.focus.interface == Interface::FullScreen && front && free {
        state.focus.close();
        state.focus.overlay = Some(Overlay::Leave);
    } else {
        command::answer(state, Answer::HowToAgree(account.clone()));
    }
}

pub(super) fn agreed(state: &mut State, account: &AccountId, wider: Wider) {
    end(state, account, wider);
    let account = account.clone();
    let agreed = Answer::Agreed { account, wider };
    state.say_as(Class::Answer, Said::Answer(agreed));
}

pub(super) fn not_agreed(state: &mut State, account: &AccountId, wider: Wider, failure: Failure) {
    if end(state, account, wider) {
        state.say(Said::Failed(failure));
    }
}

/// `false`: it was given up before.
fn end(state: &mut State, account: &AccountId, wider: Wider) -> bool {
    let leave = state.leave.entry(account.clone()).or_default();
    let asked = leave.asking.take_if(|asking| asking.wider == wider);
    if asked.is_some() && state.account() == Some(account) {
        close(state);
    }
    asked.is_some()
}

/// The list has done its work.
fn close(state: &mut State) {
    if state.focus.overlay == Some(Overlay::Leave) {
        state.focus.close();
    }
}
