//! Going over to another account: who we are in what is typed from then on.

use crate::effect::Effect;
use crate::effect::WorkCommand;
use crate::model::account::AccountId;
use crate::model::account::AccountKind;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Question;
use crate::model::announcement::Said;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::state::State;
use crate::state::accounts::Door;
use crate::state::call::Call;
use crate::state::focus::Confirm;
use crate::state::focus::Overlay;
use crate::update::command;
use crate::update::overlay;
use crate::update::passphrase;
use crate::update::work;

/// Lists the accounts, or goes over to the one that is meant.
pub(super) fn perform(state: &mut State, meant: Option<&str>, fx: &mut Vec<Effect>) {
    let Some(words) = meant else {
        return command::show(state, Overlay::Accounts, Answer::Accounts);
    };
    let Some(account) = state.account_meant(words) else {
        let reason = format!("there is no account {words} here; /account lists them");
        return refuse(state, reason);
    };
    let (account, name) = (account.id.clone(), account.id.name().to_owned());
    if state.account() == Some(&account) {
        return command::answer(state, Answer::Account);
    }
    if state.sound.check.is_some() {
        let reason = "a call is about to be joined; join it, or give it up with /leave, first";
        return refuse(state, reason.to_owned());
    }
    let in_call = state.calls.values().any(Call::is_live);
    if in_call && state.call().is_some_and(|call| call.account != account) {
        let question = Question::GoOver { name: name.clone() };
        return overlay::ask(state, Confirm::GoOver { account, name }, question);
    }
    go_over(state, &account, fx);
}

/// At once where somebody is signed in as it, else once that is so.
pub(super) fn go_over(state: &mut State, account: &AccountId, fx: &mut Vec<Effect>) {
    let name = account.name().to_owned();
    match state.doors.of(account) {
        Door::Open { .. } => arrive(state, account),
        Door::Opening => {
            state.doors.wanted = Some(account.clone());
            command::answer(state, Answer::SigningIn { name });
        }
        Door::Closed => {
            state.doors.wanted = Some(account.clone());
            state.doors.line = Some(state.composer.clone());
            state.doors.set(account, Door::Opening);
            fx.push(Effect::OpenAccount(account.clone()));
            command::answer(state, Answer::SigningIn { name });
        }
    }
}

/// Somebody is signed in as it: its back ends are there.
pub(super) fn opened(state: &mut State, account: &AccountId, calls: bool, fx: &mut Vec<Effect>) {
    state.doors.set(account, Door::Open { calls });
    passphrase::over(state, account);
    if is_work(state, account) {
        work::ask(state, account.clone(), WorkCommand::List, fx);
    }
    if state.doors.wanted.as_ref() == Some(account) {
        arrive(state, account);
    }
}

/// It stays as it was.
pub(super) fn failed(state: &mut State, account: &AccountId, failure: Failure) {
    state.doors.set(account, Door::Closed);
    passphrase::over(state, account);
    if state.doors.wanted.as_ref() == Some(account) {
        state.doors.wanted = None;
    }
    state.say_as(Class::Answer, Said::Failed(failure));
}

fn arrive(state: &mut State, account: &AccountId) {
    state.doors.wanted = None;
    state.bring_forward(account);
    state.say_as(Class::Answer, Said::Answer(Answer::Account));
}

fn is_work(state: &State, account: &AccountId) -> bool {
    let account = state.accounts.get(account);
    account.is_some_and(|account| account.kind == AccountKind::Teams)
}

fn refuse(state: &mut State, reason: String) {
    let failure = Failure {
        doing: Doing::GoingOver,
        because: Because::Refused { reason },
        remedy: Remedy::None,
    };
    state.say_as(Class::Answer, Said::Failed(failure));
}
