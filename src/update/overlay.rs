//! Keys for what lies over the page: palette, roster, help, questions.

use std::time::Duration;

use crate::command::Command;
use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Question;
use crate::model::announcement::Said;
use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::model::settings::Interface;
use crate::model::sound::LOUDEST;
use crate::state::State;
use crate::state::call::Way;
use crate::state::focus::Confirm;
use crate::state::focus::OfRest;
use crate::state::focus::Overlay;
use crate::state::palette::Target;
use crate::update::accounts;
use crate::update::give;
use crate::update::messages;
use crate::update::parting;
use crate::update::scroll;
use crate::update::sound;
use crate::update::terminal;

/// Percent that one key makes somebody louder.
const VOLUME_STEP: u16 = 10;

/// Asks for a yes. In the linear view the question is a line, and the next line answers it.
pub(super) fn ask(state: &mut State, confirm: Confirm, question: Question) {
    state.focus.overlay = Some(Overlay::Confirm(confirm));
    if state.focus.interface == Interface::Linear {
        state.say_as(Class::Answer, Said::Answer(Answer::Asked(question)));
    }
}

/// Takes a key; `false` when it is none of the overlay's, so that typing goes on below it.
pub(super) fn key(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    let Some(overlay) = state.focus.overlay.clone() else {
        return false;
    };
    if key.code == KeyCode::Escape || key == Key::ctrl('c') {
        state.focus.close();
        return true;
    }
    match overlay {
        Overlay::Palette { query, selected } => palette(state, query, selected, key, fx),
        Overlay::Roster { selected } => roster(state, selected, key, fx),
        Overlay::Devices { selected } => devices(state, selected, key, fx),
        Overlay::Help { topic, scroll } => help(state, topic, scroll, key),
        Overlay::Confirm(_) => question(state, key, fx),
        Overlay::Leader
        | Overlay::About
        | Overlay::Can
        | Overlay::Accounts
        | Overlay::Leave
        | Overlay::Files
        | Overlay::Work
        | Overlay::Notices => {
            let hidden = scrolled(state, state.focus.hidden, key);
            state.focus.hidden = hidden.unwrap_or(state.focus.hidden);
            hidden.is_some()
        }
    }
}

fn help(state: &mut State, topic: Option<String>, scroll: usize, key: Key) -> bool {
    let Some(scroll) = scrolled(state, scroll, key) else {
        return false;
    };
    state.focus.overlay = Some(Overlay::Help { topic, scroll });
    true
}

/// How many rows are hidden above after a key; `None` where it is not one that scrolls.
fn scrolled(state: &State, hidden: usize, key: Key) -> Option<usize> {
    // Never more than there is room for on the smallest screen, so that no row is passed over.
    let page = (scroll::page(state) / 2).max(1);
    Some(match key.code {
        KeyCode::Up => hidden.saturating_sub(1),
        KeyCode::Down => hidden + 1,
        KeyCode::PageUp => hidden.saturating_sub(page),
        KeyCode::PageDown => hidden + page,
        _ => return None,
    })
}

/// What is open is there to be read and this key scrolls it, whatever it does elsewhere and whatever sequence has begun.
pub(super) fn scrolls(state: &State, key: Key) -> bool {
    let is_read = state.focus.overlay.as_ref().is_some_and(Overlay::is_read);
    is_read && scrolled(state, 0, key).is_some()
}

/// The place of the selection after a key, in a list of `length`.
fn moved(selected: usize, key: Key, length: usize) -> Option<usize> {
    let last = length.saturating_sub(1);
    Some(match key.code {
        KeyCode::Up => selected.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => (selected + 1).min(last),
        KeyCode::PageUp => selected.saturating_sub(10),
        KeyCode::PageDown => (selected + 10).min(last),
        KeyCode::Home => 0,
        KeyCode::End => last,
        _ => return None,
    })
}

fn palette(
    state: &mut State,
    mut query: String,
    mut selected: usize,
    key: Key,
    fx: &mut Vec<Effect>,
) -> bool {
    let items = state.palette(&query);
    match key.code {
        KeyCode::Enter => {
            state.focus.close();
            if let Some(item) = items.into_iter().nth(selected) {
                choose(state, item.target, fx);
            }
            return true;
        }
        KeyCode::Backspace if query.pop().is_none() => {
            state.focus.close();
            return true;
        }
        KeyCode::Backspace => selected = 0,
        KeyCode::Char(c) if !key.ctrl && !key.alt => {
            query.push(c);
            selected = 0;
        }
        _ => match moved(selected, key, items.len()) {
            Some(to) => selected = to,
            // Keys that edit the draft do nothing while a list is open.
            None => return true,
        },
    }
    state.focus.overlay = Some(Overlay::Palette { query, selected });
    true
}

fn choose(state: &mut State, target: Target, fx: &mut Vec<Effect>) {
    match target {
        Target::Command(row) => match crate::command::parse(&format!("/{}", row.name)) {
            // What needs words begins in the composer.
            Ok(Command::Search(_)) | Err(_) => state.composer.begin(row.name),
            Ok(command) => give(state, command, fx),
        },
        Target::Thread(key) => messages::switch(state, &key),
        Target::Person(person) => state.composer.mention(&person),
        Target::Message(message) => scroll::to(state, &message, fx),
    }
}

/// A line was clicked: chosen as Enter chooses it. In the list of people, where more can be
/// done than one thing, the first click selects.
pub(super) fn click(state: &mut State, at: usize, fx: &mut Vec<Effect>) {
    let enter = Key::plain(KeyCode::Enter);
    match state.focus.overlay.clone() {
        Some(Overlay::Palette { query, .. }) => {
            palette(state, query, at, enter, fx);
        }
        Some(Overlay::Devices { .. }) => {
            devices(state, at, enter, fx);
        }
        Some(Overlay::Roster { selected }) if selected == at => {
            roster(state, at, enter, fx);
        }
        Some(Overlay::Roster { .. }) => {
            state.focus.overlay = Some(Overlay::Roster { selected: at });
        }
        Some(Overlay::Leader) => {
            let pressed = leading(state);
            let following = state.keymap.continuations(&pressed);
            let command = following.get(at).map(|(_, command)| (*command).clone());
            if let Some(command) = command {
                state.focus.close();
                give(state, command, fx);
            }
        }
        Some(
            Overlay::Help { .. }
            | Overlay::About
            | Overlay::Can
            | Overlay::Accounts
            | Overlay::Leave
            | Overlay::Files
            | Overlay::Work
            | Overlay::Notices
            | Overlay::Confirm(_),
        )
        | None => {}
    }
}

/// The keys whose continuations are listed.
fn leading(state: &State) -> Vec<Key> {
    match state.focus.pending.as_slice() {
        [] => vec![Key::ctrl('g')],
        pending => pending.to_vec(),
    }
}

/// Enter takes the device.
fn devices(state: &mut State, selected: usize, key: Key, fx: &mut Vec<Effect>) -> bool {
    let choices = state.sound.choices();
    if let Some(selected) = moved(selected, key, choices.len()) {
        state.focus.overlay = Some(Overlay::Devices { selected });
        return true;
    }
    if key.code == KeyCode::Enter {
        state.focus.close();
        if let Some((direction, choice)) = choices.get(selected) {
            sound::choose(state, *direction, choice, fx);
        }
        return true;
    }
    // A letter would be typed below a list that hides it.
    matches!(key.code, KeyCode::Char(_))
}

/// Enter mentions, `+` and `-` change how loud somebody is; for who may: `a` lets in, `d` turns
/// away, `m` mutes, `x` removes.
fn roster(state: &mut State, selected: usize, key: Key, fx: &mut Vec<Effect>) -> bool {
    let people: Vec<_> = state
        .call()
        .into_iter()
        .flat_map(|call| {
            let inside = call.sorted().into_iter().map(|e| e.person.clone());
            inside.chain(call.lobby.iter().cloned()).collect::<Vec<_>>()
        })
        .collect();
    if let Some(selected) = moved(selected, key, people.len()) {
        state.focus.overlay = Some(Overlay::Roster { selected });
        return true;
    }
    let Some(person) = people.get(selected).cloned() else {
        return false;
    };
    let (capability, wish) = match key.code {
        KeyCode::Char(step @ ('+' | '-')) => {
            let before = state.settings.sound.volume_of(&person.name).unwrap_or(100);
            let after = match step {
                '+' => (before + VOLUME_STEP).min(LOUDEST),
                _ => before.saturating_sub(VOLUME_STEP),
            };
            sound::set_volume(state, &person, after, fx);
            return true;
        }
        KeyCode::Enter => {
            state.focus.close();
            state.composer.mention(&person);
            return true;
        }
        KeyCode::Char('a') => (Command::Admit(None), CallCommand::Admit(person.id)),
        KeyCode::Char('d') => (
            Command::Reject(String::new()),
            CallCommand::Reject(person.id),
        ),
        KeyCode::Char('m') => (Command::MuteOther(None), CallCommand::MuteOther(person.id)),
        KeyCode::Char('x') => (
            Command::Remove(String::new()),
            CallCommand::Remove(person.id),
        ),
        KeyCode::Char(_) => return true,
        _ => return false,
    };
    match state.allowed(&capability) {
        Ok(()) => {
            if let Some(call) = state.call() {
                fx.push(Effect::Call(call.account.clone(), wish));
            }
        }
        Err(reason) => {
            let command = capability.name();
            state.say_as(Class::Answer, Said::Refused { command, reason });
        }
    }
    true
}

/// One letter answers. Whatever is typed behind it, or behind another letter, is dropped: half
/// of a command that was typed at the question must neither answer it nor be sent as a message.
fn question(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    if state.focus.interface == Interface::Linear {
        return false;
    }
    let KeyCode::Char(letter) = key.code else {
        return true;
    };
    if key.ctrl || key.alt {
        return true;
    }
    state.focus.dropping = Some(state.now.moment);
    match letter {
        'y' | 'Y' => answer(state, true, fx),
        'n' | 'N' => answer(state, false, fx),
        _ => {}
    }
    true
}

/// What was typed on after a question was answered, or passed over, and the rest of a word
/// whose first letter was acted on already.
pub(super) fn is_rest(state: &mut State, key: Key) -> bool {
    match state.focus.rest.take(key) {
        OfRest::Taken => return true,
        OfRest::Typed(letters) => {
            state.composer.insert(&letters);
            return false;
        }
        OfRest::Nothing => {}
    }
    let now = state.now.moment;
    let Some(last) = state.focus.dropping.take() else {
        return false;
    };
    if now.since(last) > PAUSE {
        return false;
    }
    match key.code {
        KeyCode::Enter => true,
        KeyCode::Char(_) | KeyCode::Backspace if !key.ctrl && !key.alt => {
            state.focus.dropping = Some(now);
            true
        }
        _ => false,
    }
}

/// Whoever has not typed for so long begins something new.
const PAUSE: Duration = Duration::from_secs(1);

/// A line of the linear view while a question is open; `false` when it answers nothing.
pub(super) fn answer_line(state: &mut State, line: &str, fx: &mut Vec<Effect>) -> bool {
    let Some(yes) = reply(state, line) else {
        return false;
    };
    state.composer.clear();
    answer(state, yes, fx);
    true
}

/// The same from a program, which has no part in what the person is writing.
pub(super) fn answer_program(state: &mut State, line: &str, fx: &mut Vec<Effect>) -> bool {
    let Some(yes) = reply(state, line) else {
        return false;
    };
    answer(state, yes, fx);
    true
}

/// Yes or no to the open question; anything else closes it.
fn reply(state: &mut State, line: &str) -> Option<bool> {
    if !matches!(state.focus.overlay, Some(Overlay::Confirm(_))) {
        return None;
    }
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => {
            state.focus.close();
            None
        }
    }
}

fn answer(state: &mut State, yes: bool, fx: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(confirm)) = state.focus.overlay.take() else {
        return;
    };
    if !yes {
        return;
    }
    match confirm {
        Confirm::Paste { text, .. } => {
            state.composer.paste(&text);
            terminal::send_text(state, fx);
        }
        Confirm::Delete(message) => messages::delete(state, message, fx),
        Confirm::EndForEverybody => parting::leave(state, Way::EndForEverybody, fx),
        Confirm::GoOver { account, .. } => accounts::go_over(state, &account, fx),
    }
}
