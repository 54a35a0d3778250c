//! What becomes of a call whose link broke, or that the service ended: whether it is taken up again, and when.

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::call::AfterEnd;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::failure::Because;
use crate::model::failure::Remedy;
use crate::wire::local::Ended;

use super::HUNG_UP;
use super::Link;
use super::Output;
use super::Session;
use super::Token;
use super::convert;
use super::convert::Seen;

impl Session {
    pub(super) fn ended(&mut self, ended: Ended, now: Moment, at: Timestamp) {
        let Some(plan) = &mut self.plan else { return };
        if let Some(because) = plan.refusal.take() {
            // It knew the meeting when we were in it.
            if plan.call_id.is_some() && because == Because::NoSuchMeeting {
                return self.over(FORGOTTEN, at);
            }
            return self.give_up(because, Remedy::CheckAddress, at);
        }
        let reason = EndReason {
            code: ended.code,
            subcode: ended.subcode,
        };
        let by = ended.by.map(|by| convert::person(&by));
        let hung_up = matches!(self.link, Link::Leaving { .. });
        self.out.push_back(Output::Close);
        self.sound(CallState::Disconnected);
        self.event(CallEvent::Ended { reason, by, at });
        self.seen = Seen::default();
        match self.comes_back(reason, now).filter(|_| !hung_up) {
            Some((until, token)) => self.link = Link::Down { until, token },
            None => self.forget(),
        }
    }

    /// When and how a call that the service ended is joined again, if at all.
    pub(super) fn comes_back(&mut self, reason: EndReason, now: Moment) -> Option<(Moment, Token)> {
        let plan = self.plan.as_mut()?;
        // A stay that lasted shows that coming back had worked.
        if plan.since.take().is_some_and(|s| now.since(s) >= LASTING) {
            plan.rejoins = 0;
        }
        plan.inside = false;
        match reason.after() {
            AfterEnd::Rejoin => {
                plan.rejoins += 1;
                let wait = WAITS.get(plan.rejoins)?;
                Some((now + Duration::from_secs(*wait), Token::Current))
            }
            AfterEnd::RefreshAndRejoin => {
                let wait = plan.renewal.again(now)?;
                Some((now + wait, Token::Fresh))
            }
            AfterEnd::ManualRejoin | AfterEnd::Final => None,
        }
    }

    pub(super) fn closed(&mut self, because: Because, now: Moment, at: Timestamp) {
        match self.link {
            Link::Idle | Link::Down { .. } => {}
            Link::Leaving { .. } => self.over(HUNG_UP, at),
            Link::Opening | Link::Up { .. } => self.lost(because, now, at),
        }
    }

    pub(super) fn moved(&mut self, now: Moment, at: Timestamp) {
        if matches!(self.link, Link::Up { .. }) {
            self.out.push_back(Output::Close);
            self.lost(Because::Timeout, now, at);
        }
    }

    pub(super) fn lost(&mut self, because: Because, now: Moment, at: Timestamp) {
        let Some(plan) = &mut self.plan else {
            return self.forget();
        };
        if plan.call_id.is_none() {
            return self.give_up(because, Remedy::Retry, at);
        }
        // Nor was there another sign-in to be had.
        if because == Because::TokenRefused {
            return self.over(FORGOTTEN, at);
        }
        // The place in the call is kept for us, so the first attempt need not wait.
        let wait = WAITS.get(plan.attempt).copied();
        plan.attempt += 1;
        self.tell_lost(at);
        match wait {
            Some(wait) => {
                self.link = Link::Down {
                    until: now + Duration::from_secs(wait),
                    token: Token::Current,
                }
            }
            None => self.over(UNREACHABLE, at),
        }
    }

    pub(super) fn refused(&mut self, status: u16, now: Moment, at: Timestamp) {
        let Some(plan) = self.plan.as_mut().filter(|_| self.link == Link::Opening) else {
            return;
        };
        match status {
            401 => match plan.renewal.again(now) {
                Some(Duration::ZERO) => self.open(Token::Fresh, at),
                Some(wait) => {
                    let (until, token) = (now + wait, Token::Fresh);
                    self.link = Link::Down { until, token };
                }
                None => self.give_up(Because::TokenRefused, Remedy::SignInAgain, at),
            },
            404 => self.give_up(Because::NotFound, Remedy::CheckAddress, at),
            _ => {
                let message = String::new();
                self.lost(Because::Service { status, message }, now, at);
            }
        }
    }
}

/// Seconds before each attempt; afterwards a person decides. The first is for a broken
/// link only: a call that the service ended is not joined again at once.
pub(super) const WAITS: [u64; 5] = [0, 1, 2, 5, 10];
/// A stay this long starts the counting of attempts anew.
pub(super) const LASTING: Duration = Duration::from_mins(1);
/// The service is there and knows nothing of us: it was started anew.
const FORGOTTEN: EndReason = EndReason {
    code: 481,
    subcode: 0,
};
/// The vendor's words for a call that timed out.
const UNREACHABLE: EndReason = EndReason {
    code: 408,
    subcode: 10057,
};
