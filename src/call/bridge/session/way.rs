//! By whose devices the sound of a call goes: ours, or the browser's where the SDK refuses raw sound.
//!
//! A browser has its devices from its start on: going over to those of the system takes another
//! browser, and the meeting is joined once more. Each call begins with raw sound again.

use crate::call::bridge::browser::Sounds;
use crate::call::bridge::convert;
use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure as Told;
use crate::model::failure::Remedy;
use crate::wire::bridge::Act;
use crate::wire::bridge::AudioMode;
use crate::wire::bridge::Failure;
use crate::wire::bridge::ToProgram;

use super::Session;
use super::asked::Asked;
use super::page::Page;

impl Session {
    /// What a browser that is started now shall hear and be heard with.
    pub(in crate::call::bridge) const fn sounds(&self) -> Sounds {
        if self.by_browser {
            Sounds::System
        } else {
            Sounds::StandIn
        }
    }

    /// By which way the call in front is begun.
    pub(super) fn audio_mode(&self) -> AudioMode {
        match &self.plan {
            Some(plan) if plan.by_browser => AudioMode::System,
            Some(_) | None => AudioMode::Raw,
        }
    }

    /// A call that tries raw sound is not begun in a browser that hears the room by itself.
    pub(super) fn choose_way(&mut self, rings: bool) {
        if !self.by_browser {
            return;
        }
        if self.held.is_empty() && !rings {
            self.end_page();
            self.by_browser = false;
            return;
        }
        // The page is needed, and nothing but its devices is there.
        if let Some(plan) = &mut self.plan {
            plan.by_browser = true;
        }
        self.event(CallEvent::ByBrowser { reason: None });
    }

    /// Whether it was of this, and nothing else is to be done with it.
    pub(super) fn way_said(&mut self, said: &ToProgram, now: Moment, at: Timestamp) -> bool {
        let ToProgram::Audio {
            call,
            mode: AudioMode::System,
            error: Some(error),
            ..
        } = said
        else {
            return false;
        };
        let front = self.call == Some(*call);
        let raw = self.plan.as_ref().is_some_and(|plan| !plan.by_browser);
        if front && raw {
            self.go_over(error, now, at);
        }
        front && raw
    }

    fn go_over(&mut self, error: &Failure, now: Moment, at: Timestamp) {
        let reason = convert::refusal(error);
        let (Some(plan), Some(call)) = (&mut self.plan, self.call) else {
            return;
        };
        if !plan.is_meeting() || !self.held.is_empty() {
            // Nobody is called again by themselves, and calls on hold live in this browser.
            self.event(CallEvent::ActionFailed(Told {
                doing: Doing::CallAction,
                because: Because::Refused { reason },
                remedy: Remedy::None,
            }));
            return;
        }
        plan.by_browser = true;
        self.by_browser = true;
        self.event(CallEvent::ByBrowser {
            reason: Some(reason),
        });
        // What is recorded is not known until we are back.
        self.lost(at);
        self.call = None;
        if let Page::Ready { since, .. } = &mut self.page {
            *since = now;
        }
        let for_everyone = false;
        let act = Act::HangUp { call, for_everyone };
        self.command(act, Asked::OtherBrowser);
    }

    /// Out of the call, in a browser without devices: once more in one that has them.
    pub(super) fn in_other_browser(&mut self, now: Moment) {
        self.end_page();
        if self.plan.is_some() {
            self.start(now);
        }
    }
}
