//! Calls on hold behind the one in front, and going from one to the other.
//!
//! The SDK has one active call at most: what is in front is put on hold before another begins.

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::call::CallNumber;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::wire::bridge::Act;
use crate::wire::bridge::ToProgram;

use super::Output;
use super::Plan;
use super::Session;
use super::asked::Asked;
use super::call::GONE;
use super::phone::Tones;
use crate::call::bridge::convert;
use crate::call::bridge::seen;
use crate::call::bridge::seen::Seen;

/// A call that is not in front.
pub(super) struct Held {
    pub(super) plan: Plan,
    pub(super) call: u64,
    seen: Seen,
}

/// What comes to the front once the call there is on hold.
pub(super) enum Next {
    Begin(Box<Plan>),
    Resume(CallNumber),
}

impl Session {
    /// Puts the call in front on hold where it is not, and goes on to something else.
    pub(super) fn turn_to(&mut self, next: Next, now: Moment, at: Timestamp) {
        match (&self.plan, self.call) {
            (None, _) => self.go_on(next, now, at),
            (Some(plan), Some(call)) if plan.inside && self.next.is_none() => {
                if plan.state == CallState::LocalHold {
                    self.next = Some(next);
                    return self.held(now, at);
                }
                self.next = Some(next);
                self.command(Act::Hold { call }, Asked::HoldFor);
            }
            (Some(_), _) => {
                let reason = "another call is being set up".to_owned();
                self.not_next(next, Because::Refused { reason }, at);
            }
        }
    }

    /// The call in front is on hold: what that was for.
    pub(super) fn held(&mut self, now: Moment, at: Timestamp) {
        if let Some(next) = self.next.take() {
            self.park();
            self.go_on(next, now, at);
            self.tell_parked(at);
        }
    }

    /// Said of the call that went behind, once it is there.
    fn tell_parked(&mut self, at: Timestamp) {
        let state = CallState::LocalHold;
        let parked = self.held.last().filter(|held| held.plan.state == state);
        if let Some(number) = parked.map(|held| held.plan.number) {
            self.behind(number, CallEvent::State { state, at });
        }
    }

    pub(super) fn not_held(&mut self, because: Because, at: Timestamp) {
        if let Some(next) = self.next.take() {
            self.not_next(next, because, at);
        }
    }

    pub(super) fn go_on(&mut self, next: Next, now: Moment, at: Timestamp) {
        match next {
            Next::Begin(plan) => self.begin(*plan, now, at),
            Next::Resume(number) => self.resume(number),
        }
    }

    /// Nothing comes of it.
    fn not_next(&mut self, next: Next, because: Because, at: Timestamp) {
        if let Next::Begin(plan) = next {
            let state = CallState::Disconnected;
            self.behind(plan.number, CallEvent::State { state, at });
        }
        self.event(CallEvent::ActionFailed(Failure {
            doing: Doing::Calling,
            because,
            remedy: Remedy::None,
        }));
    }

    /// The call in front goes behind.
    fn park(&mut self) {
        self.sound(CallState::LocalHold);
        let Some((plan, call)) = self.plan.take().zip(self.call.take()) else {
            return;
        };
        self.tones = Tones::default();
        let others = self.seen.of_another_call();
        let seen = std::mem::replace(&mut self.seen, others);
        self.held.push(Held { plan, call, seen });
    }

    fn resume(&mut self, number: CallNumber) {
        let Some(place) = self.held.iter().position(|h| h.plan.number == number) else {
            return;
        };
        let Held {
            mut plan,
            call,
            seen,
        } = self.held.remove(place);
        plan.held = false;
        self.plan = Some(plan);
        self.call = Some(call);
        self.seen = seen;
        self.out.push_back(Output::Call(call));
        self.event(CallEvent::Front(number));
        self.command(Act::Resume { call }, Asked::Other);
    }

    /// What the page says of a call that is not in front; answers what is of another.
    pub(super) fn held_said(&mut self, said: ToProgram, at: Timestamp) -> Option<ToProgram> {
        let Some(of) = seen::of(&said) else {
            return Some(said);
        };
        let Some(place) = self.held.iter().position(|h| h.call == of) else {
            return Some(said);
        };
        let held = &mut self.held[place];
        let number = held.plan.number;
        let mut events = Vec::new();
        match said {
            ToProgram::CallEnded { .. } if held.plan.rooms.main.is_some() => {
                // The room closed, and what is on hold is the meeting.
                held.call = held.plan.rooms.main.take().unwrap_or(of);
                held.seen = held.seen.of_another_call();
                let room = None;
                events.push(CallEvent::Moved { room, at });
            }
            ToProgram::CallEnded { reason, .. } => {
                let reason = convert::end_reason(&reason);
                self.drop_held(number, reason, at);
                return None;
            }
            ToProgram::CallState { state, .. } => {
                let known = convert::call_state(&state);
                if let Some(state) = known.filter(|s| *s != CallState::Disconnected) {
                    held.plan.state = state;
                    events.push(CallEvent::State { state, at });
                }
            }
            said => held.seen.take(said, Some(of), at, &mut events),
        }
        for event in events {
            self.behind(number, event);
        }
        None
    }

    pub(super) fn drop_held(&mut self, number: CallNumber, reason: EndReason, at: Timestamp) {
        let before = self.held.len();
        self.held.retain(|h| h.plan.number != number);
        if self.held.len() < before {
            let by = None;
            self.behind(number, CallEvent::Ended { reason, by, at });
        }
    }

    /// The page is gone, and the calls on hold with it: nobody is called again by themselves.
    pub(super) fn all_held_are_gone(&mut self, at: Timestamp) {
        while let Some(held) = self.held.pop() {
            let (reason, by) = (GONE, None);
            self.behind(held.plan.number, CallEvent::Ended { reason, by, at });
        }
    }

    /// What we know of them may be out of date.
    pub(super) fn held_are_doubted(&mut self, at: Timestamp) {
        for number in self.turned(false) {
            self.behind(number, CallEvent::SignallingLost { at });
        }
    }

    /// The page answers again; true where that is news.
    pub(super) fn held_are_known(&mut self, at: Timestamp) -> bool {
        let back = self.turned(true);
        for number in &back {
            self.behind(*number, CallEvent::SignallingBack { at });
        }
        !back.is_empty()
    }

    /// Takes every call on hold out of doubt, or into it, and tells which were not so.
    fn turned(&mut self, known: bool) -> Vec<CallNumber> {
        let mut turned = Vec::new();
        for held in self.held.iter_mut().filter(|h| h.plan.lost == known) {
            held.plan.lost = !known;
            turned.push(held.plan.number);
        }
        turned
    }

    pub(super) fn is_held_doubted(&self) -> bool {
        self.held.iter().all(|held| held.plan.lost)
    }

    fn behind(&mut self, call: CallNumber, event: CallEvent) {
        let event = Box::new(event);
        self.event(CallEvent::Behind { call, event });
    }
}
