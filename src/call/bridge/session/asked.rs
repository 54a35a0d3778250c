//! What the page was asked to do, and what it answered.

use crate::clock::Timestamp;
use crate::event::CallEvent;
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
    /// That the agent goes, for one with another token.
    Gone,
    Join,
    Consent,
    Statistics,
    HangUp,
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

    pub(super) fn done(&mut self, id: u64, result: &serde_json::Value, at: Timestamp) {
        match self.asked.remove(&id) {
            Some(Asked::Agent) => {
                let made = result["agent"].as_u64();
                let connected = result["connection"] == "Connected";
                if let Page::Ready { agent, .. } = &mut self.page {
                    *agent = made;
                }
                if let Some(agent) = made.filter(|_| connected) {
                    self.dial(agent);
                }
            }
            Some(Asked::Gone) => self.make_agent(),
            Some(Asked::Join) => {
                let Some(call) = result["call"].as_u64() else {
                    return;
                };
                self.call = Some(call);
                self.out.push_back(Output::Call(call));
                self.command(Act::ReportStatistics { call, on: true }, Asked::Statistics);
                if self.plan.is_none() {
                    // Left before it was made.
                    let for_everyone = false;
                    self.command(Act::HangUp { call, for_everyone }, Asked::HangUp);
                }
            }
            Some(Asked::Consent) => {
                let mut events = Vec::new();
                self.seen.granted(&mut events);
                self.out.extend(events.into_iter().map(Output::Event));
            }
            Some(Asked::HangUp) if self.plan.is_some() => {
                self.over(HUNG_UP, at);
            }
            Some(Asked::HangUp | Asked::Statistics | Asked::Other) | None => {}
        }
    }

    pub(super) fn failed(&mut self, id: u64, error: &crate::wire::bridge::Failure, at: Timestamp) {
        match self.asked.remove(&id) {
            Some(Asked::Agent | Asked::Join) => {
                self.give_up(convert::because(error), Remedy::None, at);
            }
            Some(Asked::Gone) => self.make_agent(),
            // A line in /stats that stays empty.
            Some(Asked::Statistics) | None => {}
            Some(Asked::HangUp) => {
                self.over(HUNG_UP, at);
            }
            Some(Asked::Consent | Asked::Other) => {
                self.event(CallEvent::ActionFailed(Failure {
                    doing: Doing::CallAction,
                    because: convert::because(error),
                    remedy: Remedy::None,
                }));
            }
        }
    }
}
