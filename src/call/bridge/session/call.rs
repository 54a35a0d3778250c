//! The call that a person wants: on the way in, inside, lost and joined again, over.

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::call::AfterEnd;
use crate::model::call::CallNumber;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::sound::Audio;
use crate::model::sound::AudioMode;
use crate::model::sound::MediaState;
use crate::wire::bridge::Act;
use crate::wire::bridge::Beginning;
use crate::wire::bridge::Identity;

use super::Output;
use super::Own;
use super::Plan;
use super::Session;
use super::Target;
use super::asked::Asked;
use super::page::Page;
use super::rooms::Rooms;
use crate::call::bridge::convert;
use crate::call::bridge::pcm::PcmWish;

impl Plan {
    pub(super) fn new(
        number: CallNumber,
        target: Target,
        name: String,
        audio: Audio,
        mode: AudioMode,
    ) -> Self {
        Self {
            number,
            // Whoever calls somebody, or answers, wants to be heard.
            muted: matches!(target, Target::Meeting(_)) || audio != Audio::Full,
            target,
            name,
            audio,
            // Whoever wants no sound at all gets none from the browser either.
            by_browser: mode == AudioMode::System && audio != Audio::None,
            attempt: 0,
            connected: None,
            state: CallState::Connecting,
            inside: false,
            sounding: false,
            held: false,
            lost: false,
            again: None,
            leaving: false,
            settles: None,
            refreshed: false,
            rooms: Rooms::default(),
            calls: Vec::new(),
        }
    }

    pub(super) const fn is_meeting(&self) -> bool {
        matches!(self.target, Target::Meeting(_))
    }

    /// It ended by itself. What was connected for a while may be begun anew as often as before.
    pub(super) fn broke_off(&mut self, now: Moment) {
        let connected = self.connected.take();
        if connected.is_some_and(|since| since + STANDS <= now) {
            self.attempt = 0;
        }
    }
}

impl Own {
    /// By which number of ours a phone is called; a Teams user has one of their own.
    pub(super) fn caller_id_towards(&self, who: &str) -> Option<String> {
        let is_phone = who.starts_with("4:") && self.identity == Identity::External;
        self.caller_id.clone().filter(|_| is_phone)
    }
}

impl Session {
    pub(super) fn begin(&mut self, plan: Plan, now: Moment, at: Timestamp) {
        let number = plan.number;
        let rings = matches!(plan.target, Target::Ringing(_));
        self.plan = Some(plan);
        self.idle = None;
        self.survey_over();
        // However long the page has been there, this call has all its time.
        if let Page::Ready { since, .. } = &mut self.page {
            *since = now;
        }
        self.event(CallEvent::Front(number));
        let state = CallState::Connecting;
        self.event(CallEvent::State { state, at });
        self.choose_way(rings);
        self.start(now);
    }

    pub(super) fn dial(&mut self, agent: u64) {
        let audio = self.audio_mode();
        let Some(plan) = &mut self.plan else { return };
        plan.settles = None;
        plan.rooms = Rooms::default();
        plan.calls.clear();
        self.seen.call_us(&plan.name);
        let beginning = Beginning {
            audio,
            // Whoever wants to be heard is, once the call says that it may be.
            muted: true,
        };
        let act = match plan.target.clone() {
            Target::Meeting(meeting) => Act::Join {
                agent,
                meeting,
                beginning,
            },
            Target::Person(id) => Act::StartCall {
                agent,
                alternate_caller_id: self.own.caller_id_towards(&id),
                to: vec![id],
                thread_id: None,
                on_behalf_of: None,
                custom_context: None,
                beginning,
            },
            Target::Ringing(incoming) => {
                self.receiving.answered(incoming);
                Act::Accept {
                    incoming,
                    beginning,
                }
            }
        };
        let number = plan.number;
        self.seen.begin();
        self.command(act, Asked::Join(number));
    }

    pub(super) fn ask(&mut self, command: CallCommand) {
        if let (CallCommand::Mute(muted), Some(plan)) = (&command, &mut self.plan) {
            plan.muted = *muted;
        }
        if let (CallCommand::Hold(held), Some(plan)) = (&command, &mut self.plan) {
            plan.held = *held;
        }
        let Some(call) = self.call else { return };
        if let CallCommand::Add { who, thread } = command {
            let who = who.as_str().to_owned();
            let act = Act::AddParticipant {
                call,
                alternate_caller_id: self.own.caller_id_towards(&who),
                thread_id: thread.map(|thread| thread.as_str().to_owned()),
                who,
            };
            return self.command(act, Asked::Other);
        }
        if let CallCommand::EnterRoom(thread) = &command {
            return self.enter_room(thread);
        }
        if command == CallCommand::ReturnToMeeting {
            return self.return_to_meeting();
        }
        if command == CallCommand::Consent(false) {
            return self.seen.declined();
        }
        let asked = match command {
            CallCommand::Consent(true) => Asked::Consent,
            CallCommand::DialIn => Asked::DialIn,
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
            let number = plan.number;
            // From a room the meeting is left too, and ended where that is meant.
            if let Some(call) = plan.rooms.main.take() {
                self.command(Act::HangUp { call, for_everyone }, Asked::Other);
            }
            let act = Act::HangUp { call, for_everyone };
            self.command(act, Asked::HangUp(number));
            self.sound(CallState::Disconnecting);
        } else {
            self.over(HUNG_UP, at);
            self.end_unused_page();
        }
    }

    pub(super) fn call_state(&mut self, state: CallState, now: Moment, at: Timestamp) {
        if state == CallState::Disconnected {
            // Said with the reason.
            return;
        }
        let Some(plan) = &mut self.plan else { return };
        plan.state = state;
        let before = plan.inside;
        plan.inside |= state.is_inside();
        if plan.inside && !before {
            plan.attempt = 0;
        }
        if state == CallState::Connected {
            plan.refreshed = false;
            plan.settles.get_or_insert(now + SETTLING);
            plan.connected.get_or_insert(now);
        }
        let back = plan.lost && state.is_inside();
        if back {
            plan.lost = false;
        }
        let muted = plan.muted;
        if self.next.is_some() && state == CallState::LocalHold {
            // Told of it once it is behind the call that this is for.
            return self.sound(state);
        }
        if self.taken_up(state) {
            return;
        }
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
        // What is announced before anybody answers is heard too.
        let flows = matches!(state, CallState::Connected | CallState::EarlyMedia);
        // The browser's own devices need none of ours.
        let sounding = flows && plan.audio != Audio::None && !plan.by_browser;
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
        self.sound(CallState::Disconnected);
        let Some(plan) = &mut self.plan else {
            self.call = None;
            return;
        };
        plan.broke_off(now);
        let again = match reason.after() {
            // A person is not called again by themselves.
            _ if !plan.is_meeting() => false,
            AfterEnd::Rejoin => plan.inside && plan.attempt < ATTEMPTS,
            AfterEnd::RefreshAndRejoin => {
                self.refused = true;
                !std::mem::replace(&mut plan.refreshed, true)
            }
            AfterEnd::ManualRejoin | AfterEnd::Final => false,
        };
        if !again {
            self.over(reason, at);
            // What waited for this call to be on hold waits no more.
            if let Some(next) = self.next.take() {
                self.go_on(next, now, at);
            }
            return;
        }
        self.call = None;
        plan.attempt += 1;
        let attempt = plan.attempt;
        plan.again = Some(now + BACK_OFF * attempt);
        self.lost(at);
        self.event(CallEvent::Rejoining { attempt });
    }

    /// What we know may be out of date.
    pub(super) fn lost(&mut self, at: Timestamp) {
        self.held_are_doubted(at);
        let Some(plan) = self.plan.as_mut().filter(|plan| plan.inside && !plan.lost) else {
            return;
        };
        plan.lost = true;
        // Nothing is how things are until we are back.
        plan.settles = None;
        self.event(CallEvent::SignallingLost { at });
    }

    /// It cannot even be tried.
    pub(super) fn refuse(&mut self, number: CallNumber, because: Because, at: Timestamp) {
        self.event(CallEvent::ActionFailed(Failure {
            doing: Doing::Calling,
            because,
            remedy: Remedy::None,
        }));
        let state = CallState::Disconnected;
        if self.plan.is_none() {
            self.event(CallEvent::Front(number));
            self.event(CallEvent::State { state, at });
        } else {
            let event = Box::new(CallEvent::State { state, at });
            self.event(CallEvent::Behind {
                call: number,
                event,
            });
        }
    }

    /// Hangs up everything.
    pub(super) fn close(&mut self, at: Timestamp) {
        let held: Vec<_> = self.held.iter().map(|h| (h.call, h.plan.number)).collect();
        for (call, number) in held {
            let for_everyone = false;
            let act = Act::HangUp { call, for_everyone };
            self.command(act, Asked::HangUp(number));
        }
        self.not_held(Because::Lost, at);
        self.leave(false, at);
    }

    pub(super) fn give_up(&mut self, because: Because, remedy: Remedy, at: Timestamp) {
        let Some(plan) = &self.plan else { return };
        let doing = if plan.is_meeting() {
            Doing::JoiningCall
        } else {
            Doing::Calling
        };
        self.event(CallEvent::ActionFailed(Failure {
            doing,
            because,
            remedy,
        }));
        let state = CallState::Disconnected;
        self.event(CallEvent::State { state, at });
        self.forget();
    }

    pub(super) fn over(&mut self, reason: EndReason, at: Timestamp) {
        let by = None;
        let was = self.plan.as_mut().filter(|plan| plan.inside);
        let calls = was.map(|plan| std::mem::take(&mut plan.calls));
        let calls = calls.filter(|_| self.call.is_some());
        self.event(CallEvent::Ended { reason, by, at });
        self.forget();
        self.survey_of(calls.unwrap_or_default());
    }

    pub(super) fn forget(&mut self) {
        self.sound(CallState::Disconnected);
        self.plan = None;
        self.call = None;
        self.seen.begin();
    }
}

/// The page is gone, and the call with it.
pub(super) const GONE: EndReason = EndReason {
    code: 490,
    subcode: 0,
};
/// We left.
pub(super) const HUNG_UP: EndReason = EndReason {
    code: 0,
    subcode: 0,
};
/// In the call, until what is recorded is known: until then it is unknown, which is said.
pub(super) const SETTLING: Duration = Duration::from_secs(1);
pub(super) const ATTEMPTS: u32 = 3;
/// So long connected, a call stands: what breaks it off then is another trouble than before.
pub(super) const STANDS: Duration = Duration::from_mins(1);
pub(super) const BACK_OFF: Duration = Duration::from_secs(2);
