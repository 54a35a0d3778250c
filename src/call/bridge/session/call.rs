//! The call that a person wants: on the way in, inside, lost and joined again, over.

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::call::AfterEnd;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::sound::Audio;
use crate::model::sound::MediaState;
use crate::wire::bridge::Act;
use crate::wire::bridge::AudioMode;
use crate::wire::bridge::Beginning;
use crate::wire::bridge::Meeting;

use super::Output;
use super::Plan;
use super::Session;
use super::asked::Asked;
use crate::call::bridge::convert;
use crate::call::bridge::pcm::PcmWish;

impl Session {
    pub(super) fn join(
        &mut self,
        meeting: Meeting,
        name: String,
        audio: Audio,
        now: Moment,
        at: Timestamp,
    ) {
        if self.plan.is_some() {
            return;
        }
        self.plan = Some(Plan {
            meeting,
            name,
            audio,
            attempt: 0,
            inside: false,
            sounding: false,
            muted: true,
            lost: false,
            again: None,
            leaving: false,
            settles: None,
            refreshed: false,
        });
        self.idle = None;
        let state = CallState::Connecting;
        self.event(CallEvent::State { state, at });
        self.start(now);
    }

    pub(super) fn dial(&mut self, agent: u64) {
        let Some(plan) = &mut self.plan else { return };
        plan.settles = None;
        let act = Act::Join {
            agent,
            meeting: plan.meeting.clone(),
            beginning: Beginning {
                audio: AudioMode::Raw,
                // Whoever wants to be heard is, once the call says that it may be.
                muted: true,
            },
        };
        self.seen.begin();
        self.command(act, Asked::Join);
    }

    pub(super) fn ask(&mut self, command: CallCommand) {
        if let (CallCommand::Mute(muted), Some(plan)) = (&command, &mut self.plan) {
            plan.muted = *muted;
        }
        let Some(call) = self.call else { return };
        if command == CallCommand::Consent(false) {
            return self.seen.declined();
        }
        let asked = match command {
            CallCommand::Consent(true) => Asked::Consent,
            _ => Asked::Other,
        };
        if let Some(act) = convert::act(command, call) {
            self.command(act, asked);
        }
    }

    pub(super) fn leave(&mut self, for_everyone: bool, at: Timestamp) {
        let Some(plan) = &mut self.plan else { return };
        plan.leaving = true;
        if let Some(call) = self.call {
            let act = Act::HangUp { call, for_everyone };
            self.command(act, Asked::HangUp);
            self.sound(CallState::Disconnecting);
        } else {
            self.over(HUNG_UP, at);
            self.end_page();
        }
    }

    pub(super) fn call_state(&mut self, state: CallState, now: Moment, at: Timestamp) {
        if state == CallState::Disconnected {
            // Said with the reason.
            return;
        }
        let Some(plan) = &mut self.plan else { return };
        let before = plan.inside;
        plan.inside |= state.is_inside();
        if plan.inside && !before {
            plan.attempt = 0;
        }
        if state == CallState::Connected {
            plan.refreshed = false;
            plan.settles.get_or_insert(now + SETTLING);
        }
        let back = plan.lost && state.is_inside();
        if back {
            plan.lost = false;
        }
        let muted = plan.muted;
        self.event(CallEvent::State { state, at });
        if back {
            self.event(CallEvent::SignallingBack { at });
        }
        if state == CallState::Connected {
            let mut events = Vec::new();
            self.seen.arrived(&mut events);
            self.out.extend(events.into_iter().map(Output::Event));
            if let (false, Some(call)) = (muted, self.call) {
                self.command(Act::Unmute { call }, Asked::Other);
            }
        }
        self.sound(state);
    }

    /// Sound flows in the call and nowhere else.
    pub(super) fn sound(&mut self, state: CallState) {
        let Some(plan) = &mut self.plan else { return };
        let sounding = state == CallState::Connected && plan.audio != Audio::None;
        if std::mem::replace(&mut plan.sounding, sounding) == sounding {
            return;
        }
        let wish = if sounding {
            PcmWish::Start { audio: plan.audio }
        } else {
            PcmWish::Stop
        };
        self.out.push_back(Output::Sound(wish));
        if !sounding {
            let (state, reason) = (MediaState::None, None);
            self.event(CallEvent::Media { state, reason });
        }
    }

    pub(super) fn ended(&mut self, reason: EndReason, now: Moment, at: Timestamp) {
        self.call = None;
        self.sound(CallState::Disconnected);
        let Some(plan) = &mut self.plan else { return };
        let again = match reason.after() {
            AfterEnd::Rejoin => plan.inside && plan.attempt < ATTEMPTS,
            AfterEnd::RefreshAndRejoin => {
                self.refused = true;
                !std::mem::replace(&mut plan.refreshed, true)
            }
            AfterEnd::ManualRejoin | AfterEnd::Final => false,
        };
        if !again {
            return self.over(reason, at);
        }
        plan.attempt += 1;
        let attempt = plan.attempt;
        plan.again = Some(now + BACK_OFF * attempt);
        self.lost(at);
        self.event(CallEvent::Rejoining { attempt });
    }

    /// What we know may be out of date.
    pub(super) fn lost(&mut self, at: Timestamp) {
        let Some(plan) = self.plan.as_mut().filter(|plan| plan.inside && !plan.lost) else {
            return;
        };
        plan.lost = true;
        // Nothing is how things are until we are back.
        plan.settles = None;
        self.event(CallEvent::SignallingLost { at });
    }

    pub(super) fn give_up(&mut self, because: Because, remedy: Remedy, at: Timestamp) {
        self.event(CallEvent::ActionFailed(Failure {
            doing: Doing::JoiningCall,
            because,
            remedy,
        }));
        let state = CallState::Disconnected;
        self.event(CallEvent::State { state, at });
        self.forget();
    }

    pub(super) fn over(&mut self, reason: EndReason, at: Timestamp) {
        let by = None;
        self.event(CallEvent::Ended { reason, by, at });
        self.forget();
    }

    pub(super) fn forget(&mut self) {
        self.sound(CallState::Disconnected);
        self.plan = None;
        self.call = None;
        self.seen.begin();
    }
}

/// We left.
pub(super) const HUNG_UP: EndReason = EndReason {
    code: 0,
    subcode: 0,
};
/// In the call, until what is recorded is known: until then it is unknown, which is said.
pub(super) const SETTLING: Duration = Duration::from_secs(1);
pub(super) const ATTEMPTS: u32 = 3;
pub(super) const BACK_OFF: Duration = Duration::from_secs(2);
