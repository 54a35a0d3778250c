//! The page as far as it lives: started when wanted, asked whether it is there, ended when it is not.
//!
//! In a call the page answers a beat every [`BEAT`]. When nothing was heard of it for [`DOUBT`],
//! what we know may be out of date and notices must not claim otherwise:
//! [`CallEvent::SignallingLost`] tells within a quarter of a second, and a page that ended
//! tells at once. A page that hangs for [`SILENCE`] is ended; the call is joined once more.

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::call::CallState;
use crate::model::failure::Because;
use crate::model::failure::Remedy;
use crate::wire::bridge::Act;
use crate::wire::bridge::Word;

use super::Output;
use super::Session;
use super::asked::Asked;
use super::call::GONE;
use super::call::HUNG_UP;
use super::call::SETTLING;
use super::survey::TO_RATE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Off,
    Starting {
        since: Moment,
    },
    /// It has the SDK; the agent is being made.
    Ready {
        since: Moment,
        heard: Moment,
        said: Moment,
        agent: Option<u64>,
    },
}

impl Session {
    /// On the page that is there, or on a new one.
    pub(super) fn start(&mut self, now: Moment) {
        match self.page {
            Page::Ready {
                agent: Some(agent), ..
            } if self.refused => self.make_agent_anew(agent),
            Page::Ready {
                agent: Some(agent), ..
            } => self.dial(agent),
            Page::Ready { agent: None, .. } => self.make_agent(),
            Page::Starting { .. } => {}
            Page::Off => {
                self.page = Page::Starting { since: now };
                self.out.push_back(Output::Launch);
            }
        }
    }

    pub(super) fn hear(&mut self, now: Moment, at: Timestamp) {
        let Page::Ready { heard, .. } = &mut self.page else {
            return;
        };
        *heard = now;
        let mut back = self.held_are_known(at);
        if let Some(plan) = &mut self.plan
            && plan.lost
            && plan.inside
            && self.call.is_some()
        {
            plan.lost = false;
            plan.settles = Some(now + SETTLING);
            self.seen.say_again();
            self.event(CallEvent::SignallingBack { at });
            back = true;
        }
        if back {
            self.command(Act::Refresh, Asked::Other);
        }
    }

    pub(super) fn page_ended(&mut self, because: Because, now: Moment, at: Timestamp) {
        if self.page == Page::Off {
            return;
        }
        // Told before anything is cleared away: no notice waits for that.
        self.lost(at);
        self.sound(CallState::Disconnected);
        self.end_page();
        self.not_held(because.clone(), at);
        self.all_held_are_gone(at);
        self.no_more_rings(because.clone(), now);
        let Some(plan) = &mut self.plan else { return };
        if plan.leaving {
            return self.over(HUNG_UP, at);
        }
        if !plan.inside {
            return self.give_up(because, Remedy::None, at);
        }
        if !plan.is_meeting() {
            // Nobody is called again by themselves.
            return self.over(GONE, at);
        }
        plan.broke_off(now);
        plan.attempt += 1;
        let attempt = plan.attempt;
        if attempt > 1 {
            return self.over(GONE, at);
        }
        self.event(CallEvent::Rejoining { attempt });
        self.start(now);
    }

    /// Where no call on hold needs it.
    pub(super) fn end_unused_page(&mut self) {
        if self.held.is_empty() && !self.receiving.wanted {
            self.end_page();
        }
    }

    /// Nobody calls by it, and nobody waits for calls.
    fn is_unused(&self) -> bool {
        self.is_idle() && !self.receiving.wanted
    }

    /// How long it is kept although nobody calls by it.
    fn patience(&self) -> Duration {
        if self.is_rateable() { TO_RATE } else { IDLE }
    }

    /// In a call, in front or on hold.
    fn is_inside(&self) -> bool {
        let front = self.plan.as_ref().is_some_and(|plan| plan.inside);
        front || !self.held.is_empty()
    }

    pub(super) fn end_page(&mut self) {
        self.page = Page::Off;
        let rates = |asked: &Asked| matches!(asked, Asked::Survey { .. });
        if self.asked.values().any(rates) {
            self.not_rated(Because::Lost);
        }
        self.survey_over();
        self.not_reached();
        self.call = None;
        self.asked.clear();
        self.out.push_back(Output::End);
    }

    pub(super) fn beats(&self) -> Duration {
        if self.is_inside() { BEAT } else { IDLE_BEAT }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let page = match self.page {
            Page::Off => None,
            Page::Starting { since } => Some(since + LAUNCH),
            Page::Ready {
                since,
                heard,
                said,
                agent,
            } => {
                let mut due = vec![said + self.beats(), heard + SILENCE];
                let doubted = self
                    .plan
                    .as_ref()
                    .is_none_or(|plan| plan.lost || !plan.inside);
                let known = !(doubted && self.is_held_doubted());
                due.extend((self.is_inside() && known).then(|| heard + DOUBT));
                match &self.plan {
                    None => {}
                    Some(plan) => {
                        let waits = self.call.is_none() && plan.again.is_none();
                        due.extend((agent.is_none() || waits).then(|| since + CONNECT));
                    }
                }
                due.into_iter().min()
            }
        };
        let page = page.into_iter().chain(self.receiving.again);
        let plan = self.plan.as_ref();
        let again = plan.and_then(|plan| plan.again);
        let settles = plan
            .and_then(|plan| plan.settles)
            .filter(|_| !self.seen.is_settled());
        page.chain(again).chain(settles).min()
    }

    pub(super) fn timeout(&mut self, now: Moment, at: Timestamp) {
        if let Some(plan) = self
            .plan
            .as_mut()
            .filter(|p| p.again.is_some_and(|a| a <= now))
        {
            plan.again = None;
            if let Page::Ready { since, .. } = &mut self.page {
                *since = now;
            }
            self.start(now);
        }
        self.receive_again(now);
        let settles = self.plan.as_ref().and_then(|plan| plan.settles);
        if settles.is_some_and(|settles| settles <= now) {
            let mut events = Vec::new();
            self.seen.settle(at, &mut events);
            self.out.extend(events.into_iter().map(Output::Event));
        }
        match self.page {
            Page::Off => {}
            Page::Starting { since } => {
                if since + LAUNCH <= now {
                    self.page_ended(Because::Timeout, now, at);
                }
            }
            Page::Ready {
                since, heard, said, ..
            } => {
                if self.is_unused() && *self.idle.get_or_insert(now) + self.patience() <= now {
                    self.command(Act::Close, Asked::Other);
                    return self.end_page();
                }
                let inside = self.is_inside();
                if heard + SILENCE <= now {
                    return self.page_ended(Because::Timeout, now, at);
                }
                if inside && heard + DOUBT <= now {
                    self.lost(at);
                }
                let connecting = self.call.is_none()
                    && self.plan.as_ref().is_some_and(|plan| plan.again.is_none());
                if connecting && since + CONNECT <= now {
                    self.give_up(Because::Timeout, Remedy::CheckNetwork, at);
                    return self.end_unused_page();
                }
                if said + self.beats() <= now {
                    self.beats += 1;
                    if let Page::Ready { said, .. } = &mut self.page {
                        *said = now;
                    }
                    self.word(Word::Beat { count: self.beats });
                }
            }
        }
    }
}

/// In a call.
pub(super) const BEAT: Duration = Duration::from_millis(80);
/// A page that hears nothing for [`PAGE_SILENCE`] closes itself.
pub(super) const IDLE_BEAT: Duration = Duration::from_secs(1);
pub(super) const PAGE_SILENCE: u64 = 5_000;
/// Two beats and what a busy machine takes; notices are unknown within a quarter of a second.
pub(super) const DOUBT: Duration = Duration::from_millis(200);
pub(super) const SILENCE: Duration = Duration::from_secs(5);
/// A browser that is started on a busy machine takes seconds.
pub(super) const LAUNCH: Duration = Duration::from_secs(30);
/// Making an agent takes 16 s where there is no network.
pub(super) const CONNECT: Duration = Duration::from_secs(40);
/// A page that nobody calls by any more is ended.
pub(super) const IDLE: Duration = Duration::from_mins(1);
