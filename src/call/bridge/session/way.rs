//! By whose devices the sound of a call goes: ours, or the browser's where the SDK refuses raw sound.
//!
//! A browser has its devices from its start on: going over to those of the system takes another
//! browser, and the meeting is joined once more. How a call begins is the person's choice, which is
//! remembered for them where raw sound was refused.

use crate::call::bridge::browser::Sounds;
use crate::call::bridge::convert;
use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::sound::Audio;
use crate::model::sound::BySystem;
use crate::model::sound::RawRefusal;
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

    /// A call that tries raw sound is not begun in a browser that hears the room by itself, nor one that needs the
    /// room's sound in a browser that has none.
    pub(super) fn choose_way(&mut self, rings: bool) {
        let Some(wanted) = self.plan.as_ref().map(|plan| plan.by_browser) else {
            return;
        };
        if wanted != self.by_browser {
            if self.page == Page::Off {
                self.by_browser = wanted;
            } else if self.held.is_empty() && !rings {
                self.end_page();
                self.by_browser = wanted;
            }
        }
        // Where the page is needed, nothing but its devices is there.
        let by_browser = self.by_browser;
        if let Some(plan) = &mut self.plan {
            plan.by_browser = by_browser;
        }
        if by_browser {
            let why = if wanted {
                BySystem::Chosen
            } else {
                BySystem::Shared
            };
            self.event(CallEvent::BySystem(why));
        }
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
        let refusal = RawRefusal {
            reason: convert::refusal(error),
            // What went wrong in the page may go right the next time.
            lasts: error.name == OF_THE_VENDOR,
        };
        let (Some(plan), Some(call)) = (&mut self.plan, self.call) else {
            return;
        };
        if plan.audio == Audio::None {
            return;
        }
        if !plan.is_meeting() || !self.held.is_empty() {
            // Nobody is called again by themselves, and calls on hold live in this browser.
            return self.event(CallEvent::RawRefused(refusal));
        }
        plan.by_browser = true;
        self.by_browser = true;
        self.event(CallEvent::BySystem(BySystem::Refused(refusal)));
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

/// The name of the SDK's errors.
const OF_THE_VENDOR: &str = "CallingCommunicationError";
