//! Before the sound goes live: microphone and speaker are tried, then the call is joined, muted.

use std::time::Duration;

use crate::command::Command;
use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Said;
use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::model::locator::Locator;
use crate::model::settings::Interface;
use crate::model::settings::KeyMapName;
use crate::model::sound::Audio;
use crate::model::sound::Choice;
use crate::state::State;
use crate::state::focus::Rest;
use crate::state::sound::Check;
use crate::state::sound::System;
use crate::update::command;
use crate::update::give;
use crate::update::start;

/// A sound side that says nothing for so long has nothing to say.
const PATIENCE: Duration = Duration::from_secs(2);

/// Puts a call off until microphone and speaker were tried.
pub(super) fn begin(state: &mut State, account: AccountId, locator: Locator, name: String) {
    state.sound.check = Some(Check {
        account,
        locator,
        name,
        patience: Some(state.now.moment + PATIENCE),
    });
}

/// There is something to try.
pub(super) fn devices_known(state: &mut State, fx: &mut Vec<Effect>) {
    let missing = state.sound.capture.is_missing() && state.sound.playback.is_missing();
    let Some(check) = &mut state.sound.check else {
        return;
    };
    if check.patience.take().is_none() {
        return;
    }
    if missing {
        join(state, None, fx);
    } else if state.focus.interface == Interface::Linear {
        command::answer(state, Answer::Check);
    }
}

/// There is nothing to try: the call is joined as if that had been chosen.
pub(super) fn no_sound(state: &mut State, fx: &mut Vec<Effect>) {
    if state.sound.check.is_some() {
        join(state, Some(Audio::None), fx);
    }
}

pub(super) fn expire(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    let due = |check: &Check| check.patience.is_some_and(|at| at <= now);
    if state.sound.check.as_ref().is_some_and(due) {
        let reason = "the sound system does not answer".to_owned();
        state.sound.system = System::Absent {
            reason: reason.clone(),
        };
        state.say(Said::NoSound { reason });
        no_sound(state, fx);
    }
}

/// Joins what was put off; `None`: as it was chosen, and as far as there are devices.
pub(super) fn join(state: &mut State, audio: Option<Audio>, fx: &mut Vec<Effect>) {
    let Some(check) = state.sound.check.take() else {
        return;
    };
    state.sound.meter = None;
    state.sound.output = None;
    let chosen = &state.settings.sound;
    let deaf = state.sound.playback.is_missing() || chosen.speaker == Choice::None;
    let dumb = state.sound.capture.is_missing() || chosen.microphone == Choice::None;
    let audio = match (audio.unwrap_or(chosen.audio), dumb, deaf) {
        (Audio::None, _, _) | (_, true, true) => Audio::None,
        (Audio::Listen, _, _) | (Audio::Full, true, false) => Audio::Listen,
        (Audio::Full, false, _) => Audio::Full,
    };
    start::dial(
        state,
        check.account,
        check.locator,
        check.name,
        audio,
        None,
        fx,
    );
}

/// A key while nothing is being written; `false` when it is none of the check's.
pub(super) fn key(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    let here = state.focus.interface == Interface::FullScreen && state.focus.overlay.is_none();
    if !is_shown(state) || !here || !state.composer.is_empty() {
        return false;
    }
    if key.code == KeyCode::Enter {
        join(state, None, fx);
        return true;
    }
    let letter = match key.code {
        KeyCode::Char(letter) if !key.ctrl && !key.alt => letter,
        _ => return false,
    };
    if state.settings.keys == KeyMapName::None {
        return false;
    }
    let Some(word) = WORDS.iter().find(|(word, _)| word.starts_with(letter)) else {
        return false;
    };
    // Who types the whole word has its rest taken as well.
    state.focus.rest = Rest::of(word.0);
    act(state, word.1, fx);
    true
}

/// A typed line; `false` when it is no word of the check's.
pub(super) fn line(state: &mut State, line: &str, fx: &mut Vec<Effect>) -> bool {
    if !is_shown(state) {
        return false;
    }
    let word = line.trim().to_lowercase();
    let found = WORDS.iter().chain(&TYPED);
    let Some((_, act)) = found.into_iter().find(|(known, _)| *known == word) else {
        return false;
    };
    self::act(state, *act, fx);
    true
}

fn is_shown(state: &State) -> bool {
    state.sound.shown_check().is_some()
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Join,
    Silent,
    Tone,
    Devices,
    Meter,
    Leave,
}

/// Words whose first letter is a key.
const WORDS: [(&str, Act); 5] = [
    ("tone", Act::Tone),
    ("silent", Act::Silent),
    ("devices", Act::Devices),
    ("meter", Act::Meter),
    ("quit", Act::Leave),
];
/// Words that are only typed.
const TYPED: [(&str, Act); 8] = [
    ("join", Act::Join),
    ("leave", Act::Leave),
    ("level", Act::Meter),
    ("t", Act::Tone),
    ("s", Act::Silent),
    ("d", Act::Devices),
    ("m", Act::Meter),
    ("q", Act::Leave),
];

fn act(state: &mut State, act: Act, fx: &mut Vec<Effect>) {
    match act {
        Act::Join => join(state, None, fx),
        Act::Silent => join(state, Some(Audio::None), fx),
        Act::Tone => {
            fx.push(Effect::Sound(SoundCommand::Test));
            command::answer(state, Answer::TestTone);
        }
        Act::Devices => give(state, Command::Devices(None), fx),
        Act::Meter => command::answer(state, Answer::InputLevel),
        Act::Leave => give(state, Command::Quit, fx),
    }
}
