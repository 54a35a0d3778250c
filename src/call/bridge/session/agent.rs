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
        let Some(plan) = &self.plan else { return };
        let external = self.identity == Identity::External;
        let act = Act::CreateAgent {
            identity: self.identity,
            display_name: external.then(|| plan.name.clone()),
            emergency_country: None,
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
        let dials = self.call.is_none() && !self.asked.values().any(|a| *a == Asked::Join);
        if of == agent && connection == "Connected" && dials {
            self.dial(agent);
        }
    }

    pub(super) fn token(&mut self, wanted: u64, token: Result<Granted, Failure>) {
        match token {
            Ok(granted) => {
                let name = self.plan.as_ref().map(|plan| plan.name.as_str());
                self.seen.me(granted.raw_id, name.unwrap_or_default());
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
