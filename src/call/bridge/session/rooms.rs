//! Breakout rooms: each has a call of its own, and the meeting's waits on hold meanwhile.
//!
//! To the program it is one call all along. What was known of recordings is not carried from
//! one to the other.

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::call::CallState;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::meeting;
use crate::model::text;
use crate::model::thread::ThreadId;
use crate::wire::bridge::Act;
use crate::wire::bridge::BreakoutRoom;
use crate::wire::bridge::BreakoutSettings;

use super::Session;
use super::asked::Asked;
use super::call::SETTLING;

/// What is known of the rooms of one meeting.
#[derive(Default)]
pub(super) struct Rooms {
    known: Vec<BreakoutRoom>,
    assigned: Option<String>,
    /// The one that we asked to enter.
    asked: Option<String>,
    /// In a room: its thread, and the page's call of the meeting.
    inside: Option<String>,
    pub(super) main: Option<u64>,
    /// The meeting was on hold by the person's wish when a room was entered.
    was_held: bool,
    /// Back from a room, in a meeting that may be on hold for nobody's wish.
    back: bool,
}

impl Rooms {
    fn name(&self, thread: &str) -> String {
        let room = self.known.iter().find(|room| room.thread_id == thread);
        let name = room.and_then(|room| room.display_name.as_deref());
        text::line(name.unwrap_or_default())
    }
}

impl Session {
    /// Which rooms there are. What the call in a room says of rooms is about that room alone.
    pub(super) fn rooms_said(
        &mut self,
        call: u64,
        assigned: Option<BreakoutRoom>,
        all: Option<Vec<BreakoutRoom>>,
        settings: Option<&BreakoutSettings>,
    ) {
        let front = self.call;
        let Some(plan) = &mut self.plan else { return };
        if plan.rooms.main.or(front) != Some(call) {
            return;
        }
        let rooms = &mut plan.rooms;
        rooms.assigned = assigned.as_ref().map(|room| room.thread_id.clone());
        rooms.known = all.unwrap_or_default();
        if let Some(mine) = assigned
            && rooms.known.iter().all(|r| r.thread_id != mine.thread_id)
        {
            rooms.known.insert(0, mine);
        }
        let room = |room: &BreakoutRoom| meeting::Room {
            thread: ThreadId::new(&room.thread_id),
            name: rooms.name(&room.thread_id),
            open: room.state == "open",
            assigned: rooms.assigned.as_ref() == Some(&room.thread_id),
        };
        let known = meeting::Rooms {
            all: rooms.known.iter().map(room).collect(),
            may_return: settings.is_none_or(|settings| settings.disable_return != Some(true)),
        };
        self.event(CallEvent::Rooms(known));
    }

    pub(super) fn enter_room(&mut self, thread: &ThreadId) {
        let Some((plan, call)) = self.plan.as_mut().zip(self.call) else {
            return;
        };
        let call = plan.rooms.main.unwrap_or(call);
        let thread_id = thread.as_str().to_owned();
        plan.rooms.asked = Some(thread_id.clone());
        self.command(Act::JoinBreakoutRoom { call, thread_id }, Asked::Other);
    }

    pub(super) fn return_to_meeting(&mut self) {
        let rooms = self.plan.as_ref().map(|plan| &plan.rooms);
        let ids = rooms.and_then(|rooms| Some((rooms.main?, rooms.inside.clone()?)));
        if let Some((call, thread_id)) = ids {
            self.command(Act::ReturnToMeeting { call, thread_id }, Asked::Return);
        }
    }

    /// By our wish or by the organizer's.
    pub(super) fn entered_room(&mut self, inside: u64, now: Moment, at: Timestamp) {
        let front = self.call;
        if front == Some(inside) {
            // Said once more because everything is.
            return;
        }
        let Some(plan) = &mut self.plan else { return };
        let rooms = &mut plan.rooms;
        if rooms.main.is_none() {
            rooms.was_held = std::mem::take(&mut plan.held);
        }
        rooms.main = rooms.main.or(front);
        rooms.inside = rooms.asked.take().or_else(|| rooms.assigned.clone());
        let name = rooms.inside.as_deref().map(|thread| rooms.name(thread));
        self.moved(inside, Some(name.unwrap_or_default()), now, at);
    }

    /// True where the call that ended was that of a room, and the meeting goes on.
    pub(super) fn room_ended(&mut self, now: Moment, at: Timestamp) -> bool {
        let leaving = self.plan.as_ref().is_some_and(|plan| plan.leaving);
        let main = self.plan.as_mut().and_then(|plan| plan.rooms.main.take());
        match main {
            Some(main) if !leaving => {
                self.moved(main, None, now, at);
                true
            }
            Some(_) | None => false,
        }
    }

    /// The meeting's call while we are in a room.
    pub(super) fn is_main(&self, call: u64) -> bool {
        let plan = self.plan.as_ref();
        plan.is_some_and(|plan| plan.rooms.main == Some(call) && self.call != Some(call))
    }

    /// There is nothing to go back to; the room goes on until it ends.
    pub(super) fn main_ended(&mut self) {
        if let Some(plan) = &mut self.plan {
            plan.rooms.main = None;
        }
    }

    /// The page says in which call of its own we are after going back.
    pub(super) fn returned(&mut self, call: u64, now: Moment, at: Timestamp) {
        if self.call == Some(call) {
            return;
        }
        if let Some(plan) = &mut self.plan {
            plan.rooms.main = None;
        }
        self.moved(call, None, now, at);
    }

    /// Whether the meeting is being taken up again, which the SDK may leave on hold when a room closes.
    pub(super) fn taken_up(&mut self, state: CallState) -> bool {
        let Some((plan, call)) = self.plan.as_mut().zip(self.call) else {
            return false;
        };
        let held = plan.rooms.back && state == CallState::LocalHold;
        if held || state == CallState::Connected {
            plan.rooms.back = false;
        }
        if held {
            self.command(Act::Resume { call }, Asked::TakeUp);
        }
        held
    }

    /// It is on hold after all, and can be taken off by command.
    pub(super) fn not_taken_up(&mut self, because: Because, at: Timestamp) {
        let state = CallState::LocalHold;
        self.event(CallEvent::State { state, at });
        self.event(CallEvent::ActionFailed(Failure {
            doing: Doing::CallAction,
            because,
            remedy: Remedy::None,
        }));
    }

    fn moved(&mut self, call: u64, room: Option<String>, now: Moment, at: Timestamp) {
        self.moved_to(call);
        self.seen = self.seen.of_another_call();
        if let Some(plan) = &mut self.plan {
            plan.settles = Some(now + SETTLING);
            if room.is_none() {
                plan.rooms.inside = None;
                plan.held = std::mem::take(&mut plan.rooms.was_held);
            }
            plan.rooms.back = room.is_none() && !plan.held;
        }
        self.event(CallEvent::Moved { room, at });
        self.command(Act::ReportStatistics { call, on: true }, Asked::Statistics);
        self.command(Act::Refresh, Asked::Other);
    }
}
