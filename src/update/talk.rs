//! Push to talk: the talk key, the commands, and what ends a talk by itself.

use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::capability::Capability;
use crate::model::key::Key;
use crate::model::settings::Interface;
use crate::model::sound::Audio;
use crate::model::sound::KeyEnds;
use crate::model::sound::PushToTalk;
use crate::state::State;
use crate::state::call::Call;
use crate::state::focus::Overlay;
use crate::state::sound::System;
use crate::state::talk::Silent;
use crate::state::talk::Talked;
use crate::update::command;

/// The key that talks.
const KEY: Key = Key::char(' ');

/// Takes a pressed key; `false` when it does not talk here.
pub(super) fn key(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    if key != KEY || !state.sound.talk.is_key_down() && !is_talk_key_here(state) {
        return false;
    }
    let begins = !state.sound.talk.is_key_down();
    if begins
        && !state.sound.talk.is_open()
        && let Err(reason) = state.may(Capability::UnmuteMic)
    {
        let command = "talk";
        state.say_as(Class::Answer, Said::Refused { command, reason });
        return true;
    }
    let (mode, now) = (state.settings.sound.push_to_talk, state.now.moment);
    let muted = is_muted(state);
    let talked = state.sound.talk.press(mode, muted, now);
    carry_out(state, talked, fx);
    true
}

pub(super) fn released(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    if key == KEY {
        let mode = state.settings.sound.push_to_talk;
        let talked = state.sound.talk.release(mode);
        carry_out(state, talked, fx);
    }
}

/// Another window has the keys: this one will not hear of the key being let go.
pub(super) fn focused(state: &mut State, focused: bool, fx: &mut Vec<Effect>) {
    if !focused {
        released(state, KEY, fx);
    }
}

pub(super) const fn tells_releases(state: &mut State, tells: bool) {
    state.sound.talk.ends = if tells {
        KeyEnds::Releases
    } else {
        KeyEnds::Repeats
    };
}

/// Only outside of what is being written, and only where a key can be held at all (accessibility K4).
fn is_talk_key_here(state: &State) -> bool {
    let on = state.settings.sound.push_to_talk != PushToTalk::Off;
    let writing = !state.is_normal() && !state.composer.is_empty() || state.composer.is_waiting();
    let typing = matches!(
        state.focus.overlay,
        Some(Overlay::Palette { .. } | Overlay::Confirm(_))
    );
    on && state.focus.interface == Interface::FullScreen
        && state.focus.pending.is_empty()
        && !writing
        && !typing
        && state.call().is_some_and(|c| c.state.is_inside())
}

/// `/talk`, a headset or a pedal. Without push to talk it is the same as muting.
pub(super) fn by_command(state: &mut State, talking: Option<bool>, fx: &mut Vec<Effect>) {
    let muted = is_muted(state);
    if state.settings.sound.push_to_talk == PushToTalk::Off {
        let mute = talking.map_or(!muted, |talking| !talking);
        return command::mute(state, mute, fx);
    }
    let open = state.sound.talk.is_open();
    let talked = if talking.unwrap_or(!open) {
        state.sound.talk.begin(muted)
    } else {
        state.sound.talk.end()
    };
    carry_out(state, talked, fx);
    let talking = state.sound.talk.is_open();
    command::answer(state, Answer::Talking(talking));
}

/// Whoever talked falls silent.
pub(super) fn stop(state: &mut State, fx: &mut Vec<Effect>) {
    let talked = state.sound.talk.end();
    carry_out(state, talked, fx);
}

/// It may have been chosen long ago: a call begins with what opens the microphone.
pub(super) fn introduce(state: &mut State, account: &AccountId) {
    let speaks = |call: &Call| call.audio == Audio::Full && !call.media.by_browser;
    let speaks = state.calls.get(account).is_some_and(speaks);
    let absent = matches!(state.sound.system, System::Absent { .. });
    let by_key = state.settings.sound.push_to_talk != PushToTalk::Off;
    if by_key && speaks && !absent {
        state.say_as(Class::Polite, Said::Answer(Answer::PushToTalk));
    }
}

/// Nothing holds the microphone closed any more but being muted: whoever was not heard goes on so.
pub(super) fn switched_off(state: &mut State, fx: &mut Vec<Effect>) {
    stop(state, fx);
    let heard = |call: &Call| call.is_live() && !call.muted && !call.muting;
    if state.call().is_some_and(heard) {
        command::mute(state, true, fx);
    }
}

/// A key of which nothing was heard any more.
pub(super) fn expire(state: &mut State, fx: &mut Vec<Effect>) {
    let (mode, now) = (state.settings.sound.push_to_talk, state.now.moment);
    let Some((talked, why)) = state.sound.talk.expire(mode, now) else {
        return;
    };
    carry_out(state, talked, fx);
    if why == Silent::Forgotten {
        state.say(Said::TalkKeyLost);
    }
}

/// Muted, or about to be.
fn is_muted(state: &State) -> bool {
    state.call().is_some_and(|c| c.muting || c.muted)
}

fn carry_out(state: &mut State, talked: Talked, fx: &mut Vec<Effect>) {
    let mute = match talked {
        Talked::Begun { unmute: true } => false,
        Talked::Ended { mute: true } => true,
        Talked::Nothing | Talked::Begun { unmute: false } | Talked::Ended { mute: false } => return,
    };
    if let Some(call) = state.call_mut().filter(|c| c.is_live()) {
        // Also when push to talk is switched off, and before the service has answered.
        (call.muting, call.opened) = (mute, !mute);
        let account = call.account.clone();
        fx.push(Effect::Call(account, CallCommand::Mute(mute)));
    }
}
