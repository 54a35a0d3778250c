//! How what happened changes what we know; one file per event source.
//!
//! [`update`] is the program: an event and the time in, wishes out.

mod accounts;
mod behind;
mod call;
mod calling;
mod chat;
mod check;
mod command;
mod control;
mod cue;
mod follow;
mod identity;
mod leave;
mod lines;
mod meeting;
mod messages;
mod overlay;
mod parting;
mod passphrase;
mod pointer;
mod ringing;
mod runtime;
mod scroll;
mod sound;
mod start;
mod survey;
mod talk;
mod terminal;
mod turns;
mod usage;
mod work;

use std::time::Duration;

use crate::clock::Now;
use crate::effect::ChatCommand;
use crate::effect::ControlNews;
use crate::effect::Effect;
use crate::effect::NoticeMoment;
use crate::event::Event;
use crate::model::announcement::Announcement;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::announcement::Topic;
use crate::model::call::CallState;
use crate::state::State;
use crate::state::call::LOBBY_PACE;

pub use start::Start;
pub use start::start;

/// What follows from an event. Pure: no IO, no clock, no randomness.
pub fn update(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    state.now = now;
    let mut fx = Vec::new();
    match event {
        Event::Terminal(event) => terminal::on_event(state, event, &mut fx),
        Event::Chat(account, event) => chat::on_event(state, &account, event, &mut fx),
        Event::Call(account, event) => call::on_event(state, &account, event, &mut fx),
        Event::Sound(event) => sound::on_event(state, event, &mut fx),
        Event::Identity(account, event) => identity::on_event(state, &account, event, &mut fx),
        Event::History(event) => usage::on_event(state, event),
        Event::Control(id, request) => control::on_request(state, id, request, &mut fx),
        Event::Runtime(event) => runtime::on_event(state, event, &mut fx),
        Event::Deadline => {}
    }
    settle(state, &mut fx);
    fx
}

/// What is due by now, whatever happened.
fn settle(state: &mut State, fx: &mut Vec<Effect>) {
    parting::settle(state, fx);
    sound::levels_due(state);
    sound::devices_due(state);
    sound::mute_for_key(state, fx);
    ringing::settle(state, fx);
    lines::take(state, fx);
    send_receipts(state, fx);
    remind_of_lobby(state);
    usage::settle(state, fx);
    talk::expire(state, fx);
    check::expire(state, fx);
    turns::expire(state);
    follow::own_text(state, fx);
    follow::service(state, fx);
    work::follow(state, fx);
    follow::devices(state, fx);
    chat::tell_back(state);
    release(state, fx);
    lines::finish(state, fx);
}

fn send_receipts(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    for thread in state.threads.all.values_mut() {
        if let Some(message) = thread.receipt_due(now)
            && state.settings.read_receipts
        {
            let account = thread.key.account.clone();
            let thread = thread.key.thread.clone();
            fx.push(Effect::Chat(account, ChatCommand::Read { thread, message }));
        }
    }
}

/// Who waits, we or somebody else, is said again each minute.
fn remind_of_lobby(state: &mut State) {
    let now = state.now.moment;
    let mut due = Vec::new();
    for call in state.calls.values_mut() {
        let waits = call.state == CallState::InLobby;
        let others = call.leads() && call.state.is_inside() && !call.lobby.is_empty();
        if !waits && !others {
            call.lobby_due = None;
        } else if *call.lobby_due.get_or_insert(now + LOBBY_PACE) <= now {
            call.lobby_due = Some(now + LOBBY_PACE);
            due.push(if waits {
                let topic = call.info.topic.clone();
                Said::WaitingInLobby { topic }
            } else {
                let names = call.lobby.iter().map(|p| p.name.clone()).collect();
                Said::SomeoneWaits { names }
            });
        }
    }
    for said in due {
        state.say(said);
    }
}

fn release(state: &mut State, fx: &mut Vec<Effect>) {
    if let Some(thread) = state.threads.current() {
        state.announcer.enter(&thread.topic);
    }
    let now = state.now.moment;
    let due = state.announcer.release(now);
    let mut bell = state.announcer.bell(&due, now) && state.settings.bell;
    for announcement in due {
        log_repeat(state, &announcement, fx);
        if is_news_of_notices(&announcement) {
            // What the last one said again need not be true any more.
            state.focus.said.take_if(|shown| shown.said.is_repeat());
        }
        if !announcement.said.is_in_sight() {
            show(state, &announcement);
        }
        fx.push(Effect::Publish(ControlNews::Announced(
            announcement.clone(),
        )));
        let rings = bell && announcement.is_worth_a_bell();
        let cue = cue::beside(state, &announcement.said);
        fx.push(Effect::Say(announcement));
        // Right behind its line, so that both are one write.
        if rings {
            fx.push(Effect::Bell);
            bell = false;
        }
        fx.extend(cue);
    }
}

/// In the rows under the talk.
fn show(state: &mut State, announcement: &Announcement) {
    if announcement.is_answer() {
        let wrong = announcement.said.topic() == Topic::Error;
        state.focus.unread_until = wrong.then(|| state.now.moment + TIME_TO_NOTICE);
        state.focus.answer = Some(announcement.clone());
    } else {
        state.focus.said = Some(announcement.clone());
    }
}

fn is_news_of_notices(announcement: &Announcement) -> bool {
    announcement.said.topic() == Topic::Notice && !announcement.said.is_repeat()
}

/// For what arrives under the fingers of somebody who types.
const TIME_TO_NOTICE: Duration = Duration::from_secs(2);

fn log_repeat(state: &State, announcement: &Announcement, fx: &mut Vec<Effect>) {
    if let Said::Notice {
        account,
        kind,
        again: true,
        ..
    } = &announcement.said
    {
        let at = state.now.utc;
        call::log(state, account, *kind, NoticeMoment::Repeated, at, fx);
    }
}

/// A command as a person gave it: refused in words, or performed.
fn give(state: &mut State, command: crate::command::Command, fx: &mut Vec<Effect>) {
    state.announcer.command_given();
    state.focus.asked_by_program = false;
    match state.allowed(&command) {
        Ok(()) => command::perform(state, command, fx),
        Err(reason) => {
            let command = wanted(state, &command);
            state.say_as(Class::Answer, Said::Refused { command, reason });
        }
    }
}

/// The command by the name of what it would do: a toggle is one of two.
fn wanted(state: &State, command: &crate::command::Command) -> &'static str {
    match command {
        crate::command::Command::ToggleMute if state.call().is_some_and(|c| c.muted) => "unmute",
        command => command.name(),
    }
}
