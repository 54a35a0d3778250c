//! A passphrase that is asked for while the screen is in use: it takes every key until it is given or given up.

use crate::command::Command;
use crate::command::Lookup;
use crate::effect::Effect;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::hidden::Hidden;
use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::state::State;
use crate::state::accounts::Passphrase;
use crate::update::command;
use crate::update::give;
use crate::update::talk;

pub(super) fn ask(state: &mut State, account: AccountId, again: bool, fx: &mut Vec<Effect>) {
    // What comes through a pipe stands somewhere in a file, and is no secret.
    if !state.lines.is_terminal() {
        return fx.push(Effect::Unlock(None));
    }
    talk::stop(state, fx);
    state.focus.close();
    if let Some(line) = state.doors.line.take() {
        state.composer = line;
    }
    let name = account.name().to_owned();
    state.doors.passphrase = Some(Passphrase {
        account,
        typed: Hidden::default(),
        tried: false,
    });
    command::answer(state, Answer::Passphrase { name, again });
}

/// `true` while it is asked for: no key is anything else's, but the one that mutes.
pub(super) fn key(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    if state.doors.passphrase.is_none() {
        return false;
    }
    if let Lookup::Command(mute @ Command::ToggleMute) = state.keymap.look(false, &[key]) {
        give(state, mute, fx);
        return true;
    }
    let Some(asked) = &mut state.doors.passphrase else {
        return false;
    };
    if asked.tried {
        // Who knows that it was mistyped types on, and that is no message. The try goes on without the question.
        let away = key.code == KeyCode::Escape || key.ctrl && key.code == KeyCode::Char('c');
        if away {
            state.doors.passphrase = None;
        }
        return true;
    }
    match key.code {
        // A list that a program opened.
        KeyCode::Escape if state.focus.overlay.is_some() => {
            state.focus.close();
        }
        KeyCode::Enter if !asked.typed.is_empty() => {
            let typed = std::mem::take(&mut asked.typed);
            asked.tried = true;
            fx.push(Effect::Unlock(Some(typed)));
        }
        KeyCode::Enter | KeyCode::Escape => give_up(state, fx),
        KeyCode::Char('c' | 'g') if key.ctrl => give_up(state, fx),
        KeyCode::Char('u') if key.ctrl => asked.typed = Hidden::default(),
        KeyCode::Backspace => asked.typed.pop(),
        KeyCode::Char(c) if !key.ctrl && !key.alt => asked.typed.push(c),
        _ => {}
    }
    true
}

/// The same for a paste, of which the first line counts.
pub(super) fn pasted(state: &mut State, words: &str) -> bool {
    let Some(asked) = &mut state.doors.passphrase else {
        return false;
    };
    if !asked.tried {
        let line = words.lines().find(|line| !line.is_empty());
        let line = line.unwrap_or_default();
        line.chars().for_each(|c| asked.typed.push(c));
    }
    true
}

/// The account is open, or cannot be opened.
pub(super) fn over(state: &mut State, account: &AccountId) {
    state.doors.line = None;
    let of_it = |asked: &mut Passphrase| asked.account == *account;
    state.doors.passphrase.take_if(of_it);
}

fn give_up(state: &mut State, fx: &mut Vec<Effect>) {
    state.doors.passphrase = None;
    fx.push(Effect::Unlock(None));
}
