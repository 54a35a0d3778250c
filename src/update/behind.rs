//! What a call back end reports of calls that are not in front.
//!
//! What must be told of them is told with whose call it is; the rest is there to be seen once
//! the call is in front again.

use crate::clock::Timestamp;
use crate::effect::Effect;
use crate::effect::HistoryCommand;
use crate::effect::NoticeMoment;
use crate::effect::NoticeRecord;
use crate::event::CallEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::model::call::CallNumber;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Signalling;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::state::State;
use crate::update::usage;

/// Another call is in front.
pub(super) fn on_front(
    state: &mut State,
    account: &AccountId,
    number: CallNumber,
    fx: &mut Vec<Effect>,
) {
    if !state.bring_call_forward(account, number) {
        return;
    }
    state.sound.talk.end();
    usage::begin(state, account, fx);
    state.restate_notices();
}

pub(super) fn on_event(
    state: &mut State,
    account: &AccountId,
    number: CallNumber,
    event: CallEvent,
    fx: &mut Vec<Effect>,
) {
    let now = state.now.moment;
    let Some(call) = state.behind_mut(account, number) else {
        return;
    };
    match event {
        CallEvent::State {
            state: CallState::Disconnected,
            at,
        } => over(state, account, number, None, at, fx),
        CallEvent::State { state: new, .. } => {
            call.state = new;
            call.meter.stand(new, now);
        }
        CallEvent::Ended { reason, at, .. } => {
            over(state, account, number, Some(reason), at, fx);
        }
        CallEvent::Notice {
            kind,
            state: new,
            initial,
            at,
        } => on_notice(state, account, number, (kind, new, initial), at, fx),
        CallEvent::SignallingLost { at } => {
            call.signalling = Signalling::Lost { since: at };
            for kind in call.notices.lose(at) {
                tell(state, account, number, (kind, NoticeState::Unknown), at, fx);
            }
        }
        CallEvent::SignallingBack { .. } => call.signalling = Signalling::Up,
        CallEvent::Info(info) => {
            call.info = info;
            call.info_known = true;
        }
        CallEvent::Role(role) => call.role = role,
        CallEvent::Roster(roster) => drop(call.set_roster(roster)),
        CallEvent::Rooms(rooms) => call.rooms = rooms,
        CallEvent::Moved { room, at } => {
            for kind in call.move_to(room, at) {
                tell(state, account, number, (kind, NoticeState::Unknown), at, fx);
            }
        }
        CallEvent::RosterChanged(entry) => drop(call.change(entry)),
        CallEvent::RosterLeft(id) => drop(call.remove(&id)),
        CallEvent::Lobby(people) => call.lobby = people,
        CallEvent::Muted { muted, .. } => call.muted = muted,
        CallEvent::Quality(quality) => call.quality = quality,
        CallEvent::ConsentRequired(required) => drop(call.notices.require(required)),
        CallEvent::Capabilities(capabilities) => call.deny(capabilities),
        CallEvent::ActionFailed(failure) => state.say(Said::Failed(failure)),
        // Nobody hears or sees it now.
        CallEvent::Reaction { .. }
        | CallEvent::Turn { .. }
        | CallEvent::Levels(_)
        | CallEvent::Media { .. }
        | CallEvent::BySystem(_)
        | CallEvent::RawRefused(_)
        | CallEvent::Statistics(_)
        | CallEvent::Rejoining { .. }
        | CallEvent::Incoming(_)
        | CallEvent::IncomingOver { .. }
        | CallEvent::Receiving(_)
        | CallEvent::TonesSent(_)
        | CallEvent::Transfer(_)
        | CallEvent::HandedOn
        | CallEvent::DialIn(_)
        | CallEvent::Declined { .. }
        | CallEvent::Rateable(_)
        | CallEvent::Rated(_)
        | CallEvent::Front(_)
        | CallEvent::Behind { .. } => {}
    }
}

fn over(
    state: &mut State,
    account: &AccountId,
    number: CallNumber,
    reason: Option<EndReason>,
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let now = state.now.moment;
    let Some(mut call) = state.take_behind(account, number) else {
        return;
    };
    call.state = CallState::Disconnected;
    call.ended = reason.map(|reason| (reason, at));
    if call.meter.end(now) {
        let usage = state.call_usage(&call);
        fx.push(Effect::History(HistoryCommand::Call(usage)));
    }
    if let Some(reason) = reason {
        let with = call.with().to_owned();
        state.say(Said::HeldEnded { with, reason });
    }
}

fn on_notice(
    state: &mut State,
    account: &AccountId,
    number: CallNumber,
    (kind, new, initial): (NoticeKind, NoticeState, bool),
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.behind_mut(account, number) else {
        return;
    };
    if call.notices.note(kind, new.clone(), initial, at).is_some() {
        tell(state, account, number, (kind, new), at, fx);
    }
}

/// Recording or transcription became something else, in a call that nobody looks at.
fn tell(
    state: &mut State,
    account: &AccountId,
    number: CallNumber,
    (kind, new): (NoticeKind, NoticeState),
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.behind_mut(account, number) else {
        return;
    };
    let with = call.with().to_owned();
    fx.push(Effect::Log(NoticeRecord {
        account: account.clone(),
        meeting: call.info_known.then(|| call.info.clone()),
        kind,
        what: NoticeMoment::Received(new.clone()),
        at,
    }));
    state.say(Said::NoticeBehind { with, kind, new });
}
