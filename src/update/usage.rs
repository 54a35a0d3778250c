//! What is counted, written down: at the start of a call, whenever it stands differently, once a minute, and at its end.
//!
//! Each record is whole, so that a program that is killed loses a minute at most.

use std::time::Duration;

use crate::effect::Effect;
use crate::effect::HistoryCommand;
use crate::event::HistoryEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::model::call::CallState;
use crate::model::message::MessageId;
use crate::model::thread::ThreadId;
use crate::state::State;

/// What a killed program may lose of a call that costs money.
const PACE: Duration = Duration::from_mins(1);

/// A call was dialled.
pub(super) fn begin(state: &mut State, account: &AccountId, fx: &mut Vec<Effect>) {
    let due = state.now.moment + PACE;
    let Some(call) = state.calls.get(account) else {
        return;
    };
    let usage = state.call_usage(call);
    let due = usage.price.is_metered().then_some(due);
    fx.push(Effect::History(HistoryCommand::Call(usage)));
    if let Some(call) = state.calls.get_mut(account) {
        call.meter.due = due;
    }
}

/// It stands differently from now on.
pub(super) fn stand(
    state: &mut State,
    account: &AccountId,
    standing: CallState,
    fx: &mut Vec<Effect>,
) {
    let now = state.now.moment;
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    if !call.meter.has_ended() {
        call.meter.stand(standing, now);
        note(state, account, fx);
    }
}

/// What is known of it by now.
pub(super) fn note(state: &State, account: &AccountId, fx: &mut Vec<Effect>) {
    let call = state.calls.get(account);
    if let Some(call) = call.filter(|call| !call.meter.has_ended()) {
        let usage = state.call_usage(call);
        fx.push(Effect::History(HistoryCommand::Call(usage)));
    }
}

pub(super) fn end(state: &mut State, account: &AccountId, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    let ended = state
        .calls
        .get_mut(account)
        .is_some_and(|call| call.meter.end(now));
    if let Some(call) = state.calls.get(account).filter(|_| ended) {
        let usage = state.call_usage(call);
        fx.push(Effect::History(HistoryCommand::Call(usage)));
    }
}

/// The program ends: nothing that happens afterwards will be heard.
pub(super) fn end_all(state: &mut State, fx: &mut Vec<Effect>) {
    let accounts: Vec<AccountId> = state.calls.keys().cloned().collect();
    for account in accounts {
        end(state, &account, fx);
    }
    let now = state.now.moment;
    state.behind.iter_mut().for_each(|call| {
        call.meter.end(now);
    });
    for call in &state.behind {
        let usage = state.call_usage(call);
        fx.push(Effect::History(HistoryCommand::Call(usage)));
    }
}

/// The service took a message of ours. It may be told twice, and counts once.
pub(super) fn sent(
    state: &mut State,
    account: &AccountId,
    thread: &ThreadId,
    message: &MessageId,
    fx: &mut Vec<Effect>,
) {
    let usage = state.message_usage(account, thread, message.clone());
    fx.push(Effect::History(HistoryCommand::Sent(usage)));
    let call = state.calls.get_mut(account);
    if let Some(call) = call.filter(|call| call.info.thread.as_ref() == Some(thread)) {
        call.meter.sent.insert(message.clone());
    }
}

/// Writes down what goes on for another minute.
pub(super) fn settle(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    let mut due = Vec::new();
    for call in state.every_call_mut() {
        if call.meter.due.is_some_and(|at| at <= now) {
            call.meter.due = Some(now + PACE);
            due.push(call.number);
        }
    }
    for call in state.every_call() {
        if due.contains(&call.number) && !call.meter.has_ended() {
            let usage = state.call_usage(call);
            fx.push(Effect::History(HistoryCommand::Call(usage)));
        }
    }
}

pub(super) fn on_event(state: &mut State, event: HistoryEvent) {
    match event {
        HistoryEvent::Failed(failure) => state.say(Said::Failed(failure)),
        HistoryEvent::Kept => state.say(Said::UsageKept),
    }
}
