//! How what happened changes what we know; one file per event source.
//!
//! [`update`] is the program: pure, without IO, clock or randomness.

mod call;
mod chat;
mod command;
mod control;
mod identity;
mod runtime;
mod start;
mod terminal;

use crate::clock::Now;
use crate::effect::ChatCommand;
use crate::effect::ControlNews;
use crate::effect::Effect;
use crate::effect::NoticeMoment;
use crate::event::Event;
use crate::model::announcement::Said;
use crate::model::call::CallState;
use crate::state::State;
use crate::state::call::LOBBY_PACE;

pub use start::Start;
pub use start::start;

/// Takes one event in and gives what is to be done about it, in order.
pub fn update(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    state.now = now;
    let mut fx = Vec::new();
    match event {
        Event::Terminal(event) => terminal::on_event(state, event, &mut fx),
        Event::Chat(account, event) => chat::on_event(state, &account, event, &mut fx),
        Event::Call(account, event) => call::on_event(state, &account, event, &mut fx),
        Event::Identity(account, event) => identity::on_event(state, &account, event),
        Event::Control(id, request) => control::on_request(state, id, request, &mut fx),
        Event::Runtime(event) => runtime::on_event(state, event, &mut fx),
        Event::Deadline => {}
    }
    settle(state, &mut fx);
    fx
}

/// What is due by itself, whatever happened: receipts, reminders, and the lines whose moment has come.
fn settle(state: &mut State, fx: &mut Vec<Effect>) {
    send_receipts(state, fx);
    remind_of_lobby(state);
    release(state, fx);
}

fn send_receipts(state: &mut State, fx: &mut Vec<Effect>) {
    for thread in state.threads.all.values_mut() {
        if let Some(message) = thread.receipt_due(state.now.moment)
            && state.settings.read_receipts
        {
            let command = ChatCommand::Read { thread: thread.key.thread.clone(), message };
            fx.push(Effect::Chat(thread.key.account.clone(), command));
        }
    }
}

fn remind_of_lobby(state: &mut State) {
    let now = state.now.moment;
    let mut waiting = Vec::new();
    for call in state.calls.values_mut() {
        if call.state != CallState::InLobby {
            call.lobby_due = None;
        } else if *call.lobby_due.get_or_insert(now + LOBBY_PACE) <= now {
            call.lobby_due = Some(now + LOBBY_PACE);
            waiting.push(call.info.topic.clone());
        }
    }
    for topic in waiting {
        state.say(Said::WaitingInLobby { topic });
    }
}

fn release(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    let due = state.announcer.release(now);
    if state.settings.bell && state.announcer.bell(&due, now) {
        fx.push(Effect::Bell);
    }
    for announcement in due {
        if let Said::Notice { kind, again: true, .. } = announcement.said
            && let Some(account) = state.call().map(|c| c.account.clone())
        {
            call::log(state, &account, kind, NoticeMoment::Repeated, state.now.utc, fx);
        }
        state.focus.said = Some(announcement.clone());
        fx.push(Effect::Publish(ControlNews::Announced(announcement.clone())));
        fx.push(Effect::Say(announcement));
    }
}
