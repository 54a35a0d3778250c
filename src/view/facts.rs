//! What both views look up in the state before they say anything.

use crate::clock::Timestamp;
use crate::model::call::Signalling;
use crate::model::notice::NoticeState;
use crate::model::settings::Motion;
use crate::state::State;
use crate::state::call::Call;
use crate::state::notices::Notice;
use crate::state::threads::Thread;
use crate::state::timeline::Entry;

/// What a thread holds, oldest first.
pub(crate) fn entries(thread: &Thread) -> &[Entry] {
    thread.timeline.entries()
}

/// A call that has not ended: what notices are shown of.
pub(crate) fn running(state: &State) -> Option<&Call> {
    let front = state.call().filter(|c| c.is_live());
    front.or_else(|| state.calls.values().find(|c| c.is_live()))
}

/// Inside the call, and it is known to be so: signalling is up.
pub(crate) fn is_in_call(state: &State) -> bool {
    running(state).is_some_and(|c| c.state.is_inside() && c.signalling == Signalling::Up)
}

/// The name of what is in front.
pub(crate) fn topic(state: &State) -> Option<&str> {
    let thread = state.thread().map(|t| t.topic.as_str());
    let call = state.call().map(|c| c.info.topic.as_str());
    thread.into_iter().chain(call).find(|t| !t.is_empty())
}

/// People in the call where what is in front is the call's, else in the thread.
pub(crate) fn people(state: &State) -> usize {
    let thread = state.thread();
    let is_of =
        |call: &&Call| thread.is_none_or(|t| call.info.thread.as_ref() == Some(&t.key.thread));
    match running(state)
        .filter(|call| call.state.is_inside())
        .filter(is_of)
    {
        Some(call) => call.roster.len(),
        None => thread.map_or(0, |t| t.participants.len()),
    }
}

pub(crate) fn unread(state: &State) -> usize {
    state.threads.all.values().map(|t| t.unread).sum()
}

/// Whether a notice must be shown: it is on, or nobody can tell although we are in the meeting.
pub(crate) fn is_shown(call: &Call, notice: &Notice) -> bool {
    match notice.state {
        NoticeState::Active { .. } => true,
        NoticeState::Unknown => {
            call.state.is_inside() || call.rejoining.is_some() && call.connected_at.is_some()
        }
        NoticeState::Inactive { .. } => false,
    }
}

pub(crate) fn time(state: &State, at: Timestamp) -> String {
    state.zone.time(at)
}

/// Speaking marks and the typing row (accessibility F2).
pub(crate) fn moves(state: &State) -> bool {
    state.settings.motion != Motion::Off
}
