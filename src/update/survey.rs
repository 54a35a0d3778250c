//! The vendor's survey of a call that is over: offered in one line, answered by the person's command alone.

use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::model::call::Rating;
use crate::model::call::Survey;
use crate::state::State;

pub(super) fn rate(state: &mut State, rating: Rating, fx: &mut Vec<Effect>) {
    let Some(call) = state.call_mut() else { return };
    call.survey = Survey::Sending(rating);
    fx.push(Effect::Call(
        call.account.clone(),
        CallCommand::Rate(rating),
    ));
}

/// Said once: what could not be sent says so itself, and may be tried again.
pub(super) fn on_rateable(state: &mut State, account: &AccountId, yes: bool) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    match (call.survey, yes) {
        (Survey::None, true) if !call.is_live() => {
            call.survey = Survey::Open;
            state.say(Said::CanRate);
        }
        (Survey::Sending(_), true) => call.survey = Survey::Open,
        (Survey::Open | Survey::Sending(_), false) => call.survey = Survey::None,
        (Survey::None | Survey::Open | Survey::Sent(_), _) => {}
    }
}

/// Said also where the next call has begun since: the person sent it, and wants to know.
pub(super) fn on_rated(state: &mut State, account: &AccountId, rating: Rating) {
    if let Some(call) = state.calls.get_mut(account)
        && let Survey::Sending(_) = call.survey
    {
        call.survey = Survey::Sent(rating);
    }
    state.say(Said::Rated(rating));
}
