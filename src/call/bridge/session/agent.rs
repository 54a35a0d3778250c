//! The agent that an identity calls by, and its tokens.

use crate::event::CallEvent;
use crate::model::failure::Failure;
use crate::wire::bridge::Act;
use crate::wire::bridge::Identity;
use crate::wire::bridge::Word;

use super::Granted;
use super::Session;
use super::asked::Asked;
use super::page::Page;

impl Session {
    pub(super) fn make_agent(&mut self) {
        let plan = self.plan.as_ref();
        if plan.is_none() && !self.receiving.wanted {
            return;
        }
        // One identity has one agent: whoever waits for it dials once it is there.
        let coming = |asked: &Asked| matches!(asked, Asked::Agent | Asked::Gone);
        if self.asked.values().any(coming) {
            return;
        }
        let external = self.own.identity == Identity::External;
        let name = plan.map_or(&self.own.name, |plan| &plan.name);
        let act = Act::CreateAgent {
            identity: self.own.identity,
            display_name: external.then(|| name.clone()),
            emergency_country: self.own.emergency_country.clone().filter(|_| external),
        };
        self.command(act, Asked::Agent);
    }

    /// The SDK keeps the token of an agent until it ends, also one that was refused.
    pub(super) fn make_agent_anew(&mut self, old: u64) {
        if let Page::Ready { agent, .. } = &mut self.page {
            *agent = None;
        }
        self.command(Act::DisposeAgent { agent: old }, Asked::Gone);
    }

    pub(super) fn agent_state(&mut self, of: u64, connection: &str, because: Option<&str>) {
        self.refused |= because == Some("invalidToken");
        let Page::Ready {
            agent: Some(agent), ..
        } = self.page
        else {
            return;
        };
        let dials =
            self.call.is_none() && !self.asked.values().any(|a| matches!(a, Asked::Join(_)));
        if of != agent {
            return;
        }
        self.reached(connection == "Connected", because.is_some());
        if connection == "Connected" && dials {
            self.dial(agent);
        }
    }

    pub(super) fn token(&mut self, wanted: u64, token: Result<Granted, Failure>) {
        match token {
            Ok(granted) => {
                let name = self.plan.as_ref().map(|plan| &plan.name);
                let name = name.unwrap_or(&self.own.name).clone();
                self.seen.me(granted.raw_id, &name);
                self.word(Word::Token {
                    wanted,
                    token: granted.token.into(),
                    expires_on: None,
                });
            }
            Err(failure) => {
                self.word(Word::TokenRefused {
                    wanted,
                    because: "there is no token".to_owned(),
                });
                self.event(CallEvent::ActionFailed(failure));
            }
        }
    }
}
