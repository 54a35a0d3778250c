//! What the page was asked to do, and what it answered.

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::call::CallNumber;
use crate::model::call::Rating;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::wire::bridge::Act;
use crate::wire::bridge::Command;
use crate::wire::bridge::ToPage;
use crate::wire::bridge::Word;

use super::Output;
use super::Session;
use super::call::HUNG_UP;
use super::page::Page;
use crate::call::bridge::convert;

/// What a command was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Agent,
    Join(CallNumber),
    /// That the agent goes, for one with another token.
    Gone,
    Consent,
    Statistics,
    HangUp(CallNumber),
    /// The call in front shall be on hold before another is.
    HoldFor,
    /// That we are out of a call before another browser is in it.
    OtherBrowser,
    /// A key of a phone.
    Tone,
    /// Out of a breakout room.
    Return,
    /// The meeting off hold, after a room closed.
    TakeUp,
    DialIn,
    Survey {
        call: u64,
        rating: Rating,
    },
    Other,
}

impl Session {
    pub(super) fn command(&mut self, act: Act, asked: Asked) {
        self.numbers += 1;
        let id = self.numbers;
        self.asked.insert(id, asked);
        let command = ToPage::Command(Command { id, act });
        self.out.push_back(Output::Send(Box::new(command)));
    }

    pub(super) fn word(&mut self, word: Word) {
        self.out
            .push_back(Output::Send(Box::new(ToPage::Word(word))));
    }

    pub(super) fn done(&mut self, id: u64, result: &serde_json::Value, now: Moment, at: Timestamp) {
        match self.asked.remove(&id) {
            Some(Asked::Agent) => {
                let made = result["agent"].as_u64();
                let connected = result["connection"] == "Connected";
                if let Page::Ready { agent, .. } = &mut self.page {
                    *agent = made;
                }
                self.reached(connected, false);
                if let Some(agent) = made.filter(|_| connected) {
                    self.dial(agent);
                }
            }
            Some(Asked::Gone) => self.make_agent(),
            Some(Asked::Join(number)) => {
                let Some(call) = result["call"].as_u64() else {
                    return;
                };
                if self.plan.as_ref().is_none_or(|plan| plan.number != number) {
                    // Left before it was made.
                    let for_everyone = false;
                    let act = Act::HangUp { call, for_everyone };
                    return self.command(act, Asked::HangUp(number));
                }
                self.moved_to(call);
                self.command(Act::ReportStatistics { call, on: true }, Asked::Statistics);
            }
            Some(Asked::Consent) => {
                let mut events = Vec::new();
                self.seen.granted(&mut events);
                self.out.extend(events.into_iter().map(Output::Event));
            }
            Some(Asked::HangUp(number)) => self.hung_up(number, at),
            Some(Asked::HoldFor) => self.held(now, at),
            Some(Asked::OtherBrowser) => self.in_other_browser(now),
            Some(Asked::Tone) => self.pressed(),
            Some(Asked::Return) => {
                if let Some(call) = result["call"].as_u64() {
                    self.returned(call, now, at);
                }
            }
            Some(Asked::DialIn) => self.event(CallEvent::DialIn(convert::dial_in(result))),
            Some(Asked::Survey { call, rating }) => self.rated(call, rating),
            Some(Asked::Statistics | Asked::TakeUp | Asked::Other) | None => {}
        }
    }

    pub(super) fn failed(
        &mut self,
        id: u64,
        error: &crate::wire::bridge::Failure,
        now: Moment,
        at: Timestamp,
    ) {
        match self.asked.remove(&id) {
            Some(Asked::Agent) => {
                self.give_up(convert::because(error), Remedy::None, at);
                self.no_more_rings(convert::because(error), now);
            }
            Some(Asked::Join(number)) => {
                if self.plan.as_ref().is_some_and(|p| p.number == number) {
                    self.give_up(convert::because(error), Remedy::None, at);
                }
            }
            Some(Asked::Gone) => self.make_agent(),
            // A line in /stats that stays empty.
            Some(Asked::Statistics) | None => {}
            Some(Asked::HangUp(number)) => self.hung_up(number, at),
            Some(Asked::HoldFor) => self.not_held(convert::because(error), at),
            Some(Asked::OtherBrowser) => self.in_other_browser(now),
            Some(Asked::Tone) => {
                self.not_pressed(convert::because(error));
            }
            Some(Asked::TakeUp) => self.not_taken_up(convert::because(error), at),
            Some(Asked::Survey { .. }) => self.not_rated(convert::because(error)),
            Some(Asked::Consent | Asked::Return | Asked::DialIn | Asked::Other) => {
                self.event(CallEvent::ActionFailed(Failure {
                    doing: Doing::CallAction,
                    because: convert::because(error),
                    remedy: Remedy::None,
                }));
            }
        }
    }

    fn hung_up(&mut self, number: CallNumber, at: Timestamp) {
        match &self.plan {
            Some(plan) if plan.number == number => self.over(HUNG_UP, at),
            Some(_) | None => self.drop_held(number, HUNG_UP, at),
        }
    }
}
