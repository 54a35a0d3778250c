//! Calls to us: said, rung and shown until somebody answers, or nobody did.

use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Said;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Incoming;
use crate::model::call::IncomingNumber;
use crate::model::locator::Locator;
use crate::model::sound::Audio;
use crate::model::sound::Choice;
use crate::model::sound::Ringing as Rings;
use crate::state::State;
use crate::state::call::Call;
use crate::state::lines::Opening;
use crate::state::ringing::Ringing;
use crate::state::sound::System;
use crate::update::command;
use crate::update::start;

pub(super) fn on_incoming(
    state: &mut State,
    account: &AccountId,
    incoming: Incoming,
    fx: &mut Vec<Effect>,
) {
    let mut known = state.ringing.iter_mut();
    if let Some(ringing) = known.find(|r| is(r, account, incoming.number)) {
        ringing.incoming = incoming;
        return;
    }
    let ringing = Ringing::new(account.clone(), incoming, state.now.moment);
    let said = said(&ringing, false);
    fx.push(Effect::Notify(ringing.name().to_owned()));
    state.ringing.push(ringing);
    state.say(said);
}

pub(super) fn on_over(
    state: &mut State,
    account: &AccountId,
    incoming: Option<IncomingNumber>,
    reason: EndReason,
) {
    let place = incoming.and_then(|number| {
        let mut all = state.ringing.iter();
        all.position(|r| is(r, account, number))
    });
    let name = match (place, incoming) {
        (Some(place), _) => state.ringing.remove(place).name().to_owned(),
        // Answered or declined here, and said then.
        (None, Some(_)) => return,
        (None, None) => "somebody".to_owned(),
    };
    state.say(Said::NotAnswered { name, reason });
}

fn is(ringing: &Ringing, account: &AccountId, number: IncomingNumber) -> bool {
    ringing.account == *account && ringing.incoming.number == number
}

fn said(ringing: &Ringing, again: bool) -> Said {
    Said::Incoming {
        name: ringing.name().to_owned(),
        through: ringing.through().map(str::to_owned),
        again,
    }
}

/// The one that is meant: by name, or the one that came last.
fn take(state: &mut State, name: Option<&str>) -> Option<Ringing> {
    let place = match name {
        None => state.ringing.len().checked_sub(1),
        Some(name) => {
            let callers = state.ringing.iter().map(|r| &r.incoming.caller);
            let id = command::named(callers, name);
            let mut all = state.ringing.iter();
            id.and_then(|id| all.position(|r| r.incoming.caller.id == id))
        }
    };
    place.map(|place| state.ringing.remove(place))
}

pub(super) fn accept(state: &mut State, name: Option<&str>, muted: bool, fx: &mut Vec<Effect>) {
    let Some(ringing) = take(state, name) else {
        return command::answer(state, Answer::Nothing);
    };
    let account = ringing.account.clone();
    to_the_front(state, &account, fx);
    let known = state.accounts.get(&account);
    let ours = known.map(|a| a.display_name.clone()).unwrap_or_default();
    let audio = state.settings.sound.audio;
    let caller = &ringing.incoming.caller;
    let locator = Locator::Person(caller.id.as_str().to_owned());
    let mut call = Call::new(account.clone(), locator, &ours, state.now);
    call.audio = audio;
    ringing.name().clone_into(&mut call.peer);
    call.opened = audio == Audio::Full && !muted;
    let number = start::begin(state, call, fx);
    let accept = CallCommand::Accept {
        number,
        incoming: ringing.incoming.number,
        name: ours,
        audio,
        mode: state.settings.sound.audio_mode,
        muted,
    };
    fx.push(Effect::Call(account, accept));
    let with = ringing.name().to_owned();
    state.say(Said::Answering { with });
}

/// The account that is called comes to the front; a call of another one goes on hold.
fn to_the_front(state: &mut State, account: &AccountId, fx: &mut Vec<Effect>) {
    if state.account() == Some(account) {
        return;
    }
    let others = state.calls.values().filter(|c| c.account != *account);
    for call in others.filter(|c| c.state == CallState::Connected) {
        fx.push(Effect::Call(call.account.clone(), CallCommand::Hold(true)));
    }
    state.bring_forward(account);
}

pub(super) fn decline(state: &mut State, name: Option<&str>, fx: &mut Vec<Effect>) {
    let Some(ringing) = take(state, name) else {
        return command::answer(state, Answer::Nothing);
    };
    let decline = CallCommand::Decline(ringing.incoming.number);
    fx.push(Effect::Call(ringing.account.clone(), decline));
    let name = ringing.name().to_owned();
    state.say(Said::Declining { name });
}

/// What is due: said again, rung, and calls waited for as the person wants.
pub(super) fn settle(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    let due = state.ringing.iter_mut().filter_map(|ringing| {
        let due = ringing.is_due(now);
        due.then(|| said(ringing, true))
    });
    for said in due.collect::<Vec<_>>() {
        state.say(said);
    }
    ring(state, fx);
    receive(state, fx);
}

/// Who calls us is louder than whom we call. What a network plays before anybody answers is no state of
/// ringing, and is heard instead.
fn ring(state: &mut State, fx: &mut Vec<Effect>) {
    let chosen = &state.settings.sound;
    let possible = state.sound.system == System::Present && chosen.speaker != Choice::None;
    let waits = |call: &Call| {
        call.state == CallState::Ringing && call.audio != Audio::None && !state.sound.deafened
    };
    let rings = if !possible || !chosen.ring || state.quitting {
        Rings::Off
    } else if !state.ringing.is_empty() {
        Rings::Here
    } else if state.call().is_some_and(waits) {
        Rings::There
    } else {
        Rings::Off
    };
    if std::mem::replace(&mut state.sound.rings, rings) != rings {
        fx.push(Effect::Sound(SoundCommand::Ring(rings)));
    }
}

fn receive(state: &mut State, fx: &mut Vec<Effect>) {
    let begun = state.opening == Opening::Begun;
    let waits = state.settings.receive_calls && begun && !state.quitting;
    let wanted = waits.then_some(state.settings.sound.audio_mode);
    for (account, caller) in &mut state.callers {
        if std::mem::replace(&mut caller.receives, wanted) != wanted {
            fx.push(Effect::Call(account.clone(), CallCommand::Receive(wanted)));
        }
    }
}
