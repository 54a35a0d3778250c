//! What only a meeting of the vendor has: breakout rooms, spotlight, numbers to dial in with, and
//! screens that are looked at elsewhere.

use crate::clock::Timestamp;
use crate::command::Breakout;
use crate::command::Command;
use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Said;
use crate::model::failure::Because;
use crate::model::identity::RawId;
use crate::model::meeting::Room;
use crate::model::meeting::Rooms;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::state::State;
use crate::state::call::Call;
use crate::update::call;
use crate::update::command::answer;
use crate::update::command::ask_call;
use crate::update::command::here;
use crate::update::turns;

pub(super) fn perform(state: &mut State, command: Command, fx: &mut Vec<Effect>) {
    match command {
        Command::Breakout(Breakout::List) => answer(state, Answer::Rooms),
        Command::Breakout(Breakout::Enter(name)) => {
            ask_call(state, |call| enter(call, name.as_deref()), fx);
        }
        Command::Breakout(Breakout::Return) => ask_call(state, go_back, fx),
        Command::Spotlight(name) => {
            ask_call(
                state,
                |call| one(call, name).map(CallCommand::Spotlight),
                fx,
            );
        }
        Command::EndSpotlight(name) => {
            ask_call(
                state,
                |call| one(call, name).map(CallCommand::EndSpotlight),
                fx,
            );
        }
        Command::DialIn => ask_call(state, |_| Ok(CallCommand::DialIn), fx),
        Command::Watch => {
            let link = state.call().and_then(Call::link).map(str::to_owned);
            fx.extend(link.map(Effect::OpenUrl));
        }
        _ => {}
    }
}

fn one(call: &Call, name: Option<String>) -> Result<Option<RawId>, Because> {
    name.map(|name| here(call, name)).transpose()
}

fn enter(call: &Call, name: Option<&str>) -> Result<CallCommand, Because> {
    let wanted = name.map(str::to_lowercase);
    let found = match &wanted {
        None => call.rooms.assigned(),
        Some(wanted) => {
            let fits = |room: &&Room| room.name.to_lowercase().starts_with(wanted.as_str());
            call.rooms.all.iter().find(fits)
        }
    };
    match found {
        Some(room) if room.open => Ok(CallCommand::EnterRoom(room.thread.clone())),
        Some(_) => Err(refused("that breakout room is closed")),
        None if wanted.is_some() => Err(refused("there is no breakout room of that name")),
        None => Err(refused("you are assigned to no breakout room")),
    }
}

fn go_back(call: &Call) -> Result<CallCommand, Because> {
    match (&call.room, call.rooms.may_return) {
        (None, _) => Err(refused("you are in no breakout room")),
        (Some(_), false) => Err(refused(
            "the organizer lets nobody go back before the rooms close",
        )),
        (Some(_), true) => Ok(CallCommand::ReturnToMeeting),
    }
}

fn refused(why: &str) -> Because {
    Because::Local {
        detail: why.to_owned(),
    }
}

pub(super) fn on_rooms(state: &mut State, account: &AccountId, rooms: Rooms) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let before = std::mem::replace(&mut call.rooms, rooms);
    let open = call.rooms.assigned().filter(|room| room.open);
    let known = |room: &Room| {
        let before = before.assigned().filter(|room| room.open);
        before.is_some_and(|before| before.thread == room.thread)
    };
    if let Some(name) = open.filter(|room| !known(room)).map(|r| r.name.clone())
        && call.room.is_none()
    {
        state.say(Said::RoomAssigned { name });
    }
}

/// Another call of the meeting: nothing of what was known of recordings is true of it.
pub(super) fn on_moved(
    state: &mut State,
    account: &AccountId,
    room: Option<String>,
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let lost: Vec<NoticeKind> = call.move_to(room.clone(), at);
    let unfinished = call.turns.end();
    turns::end(state, account, unfinished, at);
    state.announcer.call_ended(account);
    for kind in lost {
        call::record(state, account, kind, NoticeState::Unknown, at, fx);
    }
    state.say(Said::Moved { room });
}
