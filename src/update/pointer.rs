//! What the pointer does: nothing that keys cannot do, where it was drawn.

use crate::effect::Effect;
use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::model::key::Pointer;
use crate::model::message::MessageId;
use crate::model::spot::Spot;
use crate::state::State;
use crate::state::focus::Overlay;
use crate::update::messages;
use crate::update::overlay;
use crate::update::scroll;

/// Rows of one step of the wheel.
const WHEEL: usize = 3;

pub(super) fn on_pointer(state: &mut State, pointer: Pointer, fx: &mut Vec<Effect>) {
    match (pointer, &state.focus.overlay) {
        (Pointer::ScrollUp, None) => scroll::back(state, WHEEL, fx),
        (Pointer::ScrollDown, None) => scroll::on(state, WHEEL, fx),
        (Pointer::ScrollUp, Some(_)) => wheel(state, KeyCode::Up, fx),
        (Pointer::ScrollDown, Some(_)) => wheel(state, KeyCode::Down, fx),
        // Where nothing is drawn that could be clicked.
        (Pointer::Click { .. }, _) => {}
    }
}

/// Over a list the wheel does what the arrows do.
fn wheel(state: &mut State, code: KeyCode, fx: &mut Vec<Effect>) {
    let steps = match state.focus.overlay {
        Some(
            Overlay::Help { .. }
            | Overlay::Leader
            | Overlay::About
            | Overlay::Can
            | Overlay::Accounts
            | Overlay::Leave
            | Overlay::Files
            | Overlay::Work
            | Overlay::Notices,
        ) => WHEEL,
        Some(Overlay::Palette { .. } | Overlay::Roster { .. } | Overlay::Devices { .. }) => 1,
        Some(Overlay::Confirm(_)) | None => 0,
    };
    for _ in 0..steps {
        overlay::key(state, Key::plain(code), fx);
    }
}

pub(super) fn on_click(state: &mut State, spot: Spot, fx: &mut Vec<Effect>) {
    state.focus.dismiss(state.now.moment);
    match spot {
        Spot::Message(message) => select(state, message),
        Spot::Link { message, url } => messages::open_one(state, &message, &url, fx),
        Spot::Choice(at) => overlay::click(state, at, fx),
        Spot::Thread(key) => messages::switch(state, &key),
        Spot::Person(at) => person(state, at),
        Spot::Draft(at) => {
            // A question is answered, not clicked away.
            if !matches!(state.focus.overlay, Some(Overlay::Confirm(_))) {
                state.focus.close();
            }
            let normal = state.is_normal();
            state.composer.place(at);
            if normal {
                state.composer.rest_on_letter();
            }
        }
    }
}

/// Commands act on it from now on. The page stays where it is: the message is seen already.
fn select(state: &mut State, message: MessageId) {
    let found = state.thread().and_then(|t| t.timeline.find(&message));
    if found.is_some_and(|m| m.sender.is_some()) {
        state.focus.selected = Some(message);
    }
}

/// In a call the list in which something can be done about them; elsewhere they are named.
fn person(state: &mut State, at: usize) {
    if state.call().is_some_and(|call| call.state.is_inside()) {
        state.focus.overlay = Some(Overlay::Roster { selected: at });
        return;
    }
    let person = state.thread().and_then(|t| t.participants.get(at));
    if let Some(person) = person.cloned() {
        state.composer.mention(&person);
    }
}
