//! One account's call on the embedded service: what to say, when to give up, when to come back.
//!
//! Feed it with [`Session::handle`], then drain [`Session::poll`] until it returns
//! [`Output::Wait`]. It never reads a clock.
//!
//! The service says that it is there every [`BEAT`], as this session asks it to. When
//! nothing was heard for [`DOUBT`], what we know may be out of date, and
//! notices must not claim otherwise: [`CallEvent::SignallingLost`] tells within a quarter
//! of a second, which a closed socket does at once. It costs a dozen
//! small frames a second, and only while in a call. Doubt alone gives nothing up:
//! the next frame ends it and everything is read again. After [`SILENCE`] the socket is given up
//! and another one takes the place in the call up again; at once where this machine has another
//! address by then, and where the sound hears nothing either.

mod plan;
mod rejoin;
mod sound;

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::locator::Locator;
use crate::model::sound::Audio;
use crate::wire::local::Join;
use crate::wire::local::ToClient;
use crate::wire::local::ToService;

use super::convert;
use super::convert::Seen;
use super::media::MediaWish;
use super::media::MediaWord;

use self::plan::Plan;
use self::plan::Renewal;
use self::plan::Wanted;

/// What happened to the driver.
#[derive(Debug)]
pub(super) enum Input<'a> {
    Command(CallCommand),
    /// The socket that was asked for is open.
    Opened,
    Frame(&'a str),
    /// The socket broke, or could not be opened.
    Closed(Because),
    /// This machine's address is another one: what is written into the socket goes nowhere.
    Moved,
    /// From whoever carries the sound.
    Media(MediaWord),
    /// The service answered the opening with an HTTP status instead.
    Refused(u16),
    /// The moment of the last [`Output::Wait`] came, and nothing lay unread in the socket.
    Timeout,
}

/// What the driver has to do.
#[derive(Debug, PartialEq)]
pub(super) enum Output {
    /// Open a socket; any older one is forgotten.
    Open(Token),
    Send(String),
    Close,
    Event(CallEvent),
    /// To whoever carries the sound.
    Media(MediaWish),
    /// See whether the socket still begins where this machine is: [`Input::Moved`] if not.
    Look,
    /// Nothing until then, or until something happens.
    Wait(Option<Moment>),
}

/// Which access token opens the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Current,
    /// The one in use was refused: another one must be had first.
    Fresh,
}

pub(super) struct Session {
    plan: Option<Plan>,
    link: Link,
    seen: Seen,
    out: VecDeque<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Idle,
    Opening,
    Up {
        heard: Moment,
        said: Moment,
        /// In doubt; when it was last looked at then.
        doubted: Option<Moment>,
    },
    /// To be opened again then.
    Down {
        until: Moment,
        token: Token,
    },
    /// We hung up, and wait for the service to say so too.
    Leaving {
        since: Moment,
    },
}

impl Default for Session {
    fn default() -> Self {
        Self {
            plan: None,
            link: Link::Idle,
            seen: Seen::default(),
            out: VecDeque::new(),
        }
    }
}

impl Session {
    pub(super) fn handle(&mut self, input: Input<'_>, now: Moment, at: Timestamp) {
        match input {
            Input::Command(CallCommand::Join {
                locator,
                name,
                audio,
                ..
            }) => self.join(&locator, name, audio, at),
            Input::Command(CallCommand::Leave) => self.leave(now, at),
            Input::Command(command) => self.ask(command),
            Input::Opened => self.opened(now),
            Input::Frame(text) => self.frame(text, now, at),
            Input::Closed(because) => self.closed(because, now, at),
            Input::Moved => self.moved(now, at),
            Input::Refused(status) => self.refused(status, now, at),
            Input::Media(word) => self.media(word, now, at),
            Input::Timeout => self.timeout(now, at),
        }
    }

    pub(super) fn poll(&mut self) -> Output {
        self.out
            .pop_front()
            .unwrap_or_else(|| Output::Wait(self.deadline()))
    }

    /// Not in a call and not on the way into one.
    pub(super) fn is_idle(&self) -> bool {
        self.link == Link::Idle
    }

    fn join(&mut self, locator: &Locator, name: String, audio: Audio, at: Timestamp) {
        if self.plan.is_some() {
            return;
        }
        let meeting = match convert::meeting(locator) {
            Ok(meeting) => meeting,
            Err(reason) => {
                return self.give_up(Because::Refused { reason }, Remedy::None, at);
            }
        };
        self.plan = Some(Plan {
            meeting,
            name,
            call_id: None,
            inside: false,
            since: None,
            lost: false,
            attempt: 0,
            rejoins: 0,
            renewal: Renewal::default(),
            refusal: None,
            audio,
            sounding: false,
            wanted: Wanted::default(),
        });
        self.open(Token::Current, at);
    }

    fn open(&mut self, token: Token, at: Timestamp) {
        if !self.plan.as_ref().is_some_and(|plan| plan.inside) {
            let state = CallState::Connecting;
            self.event(CallEvent::State { state, at });
        }
        self.link = Link::Opening;
        self.out.push_back(Output::Open(token));
    }

    fn opened(&mut self, now: Moment) {
        let Some(plan) = self.plan.as_mut().filter(|_| self.link == Link::Opening) else {
            return self.out.push_back(Output::Close);
        };
        plan.sounding = false;
        let wanted = plan.wanted;
        // What was taken back meanwhile must be said too.
        let returns = plan.call_id.is_some();
        let join = ToService::Join(Join {
            meeting: plan.meeting.clone(),
            display_name: plan.name.clone(),
            audio: convert::audio_to(plan.audio),
            rejoin: plan.call_id.clone(),
            heartbeat_millis: u32::try_from(BEAT.as_millis()).ok(),
        });
        self.seen.expect_everything();
        self.link = Link::Up {
            heard: now,
            said: now,
            doubted: None,
        };
        self.send(&join);
        if wanted.captions {
            self.send(&ToService::Captions { on: true });
        }
        if wanted.levels {
            self.send(&ToService::Levels { on: true });
        }
        if wanted.deafened || returns {
            let deafened = wanted.deafened;
            self.send(&ToService::Deafen { deafened });
        }
    }

    fn leave(&mut self, now: Moment, at: Timestamp) {
        match self.link {
            Link::Up { .. } => {
                let state = CallState::Disconnecting;
                self.event(CallEvent::State { state, at });
                self.send(&ToService::Leave);
                self.link = Link::Leaving { since: now };
            }
            Link::Opening | Link::Down { .. } => self.over(HUNG_UP, at),
            Link::Idle | Link::Leaving { .. } => {}
        }
    }

    fn ask(&mut self, command: CallCommand) {
        if let Some(plan) = &mut self.plan {
            match command {
                CallCommand::Captions(on) => plan.wanted.captions = on,
                CallCommand::Levels(on) => plan.wanted.levels = on,
                CallCommand::Deafen(on) => plan.wanted.deafened = on,
                _ => {}
            }
        }
        // What is wanted is asked for with the next socket, and a mute again when the service
        // says that we are heard; nobody waits for an answer.
        let patient = matches!(
            command,
            CallCommand::Captions(_)
                | CallCommand::Levels(_)
                | CallCommand::Deafen(_)
                | CallCommand::Volume { .. }
                | CallCommand::Text(_)
                | CallCommand::Mute(true)
        );
        let Some(message) = convert::request(command) else {
            return;
        };
        match self.link {
            Link::Up { .. } => self.send(&message),
            Link::Opening | Link::Down { .. } if patient => {}
            Link::Opening | Link::Down { .. } => {
                let after = Remedy::Automatic { after: None };
                self.fail(Doing::CallAction, Because::Lost, after);
            }
            Link::Idle | Link::Leaving { .. } => {}
        }
    }

    fn frame(&mut self, text: &str, now: Moment, at: Timestamp) {
        let message = match ToClient::decode(text) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, "a signalling frame was not understood");
                return;
            }
        };
        self.heard(now, at);
        match message {
            ToClient::Ended(ended) => return self.ended(ended, now, at),
            ToClient::Refused(refused) if refused.request == "join" => {
                if let Some(plan) = &mut self.plan {
                    plan.refusal = Some(convert::join_refusal(&refused.reason));
                }
                return;
            }
            ToClient::Refused(refused) if refused.request == "offer" => {
                let reason = crate::model::text::line(&refused.reason);
                return self
                    .out
                    .push_back(Output::Media(MediaWish::Refused { reason }));
            }
            ToClient::Answer(answer) => {
                let wish = MediaWish::Answer {
                    sdp: answer.sdp,
                    candidates: answer.candidates,
                };
                return self.out.push_back(Output::Media(wish));
            }
            ToClient::Info(ref info) => {
                if let Some(plan) = &mut self.plan {
                    plan.call_id = Some(info.call_id.clone());
                }
            }
            ToClient::CallState { state } => self.arrived(convert::call_state(state), now, at),
            ref other => {
                if let ToClient::Unknown(name) = other {
                    tracing::info!(name, "a signalling message of a later version");
                }
            }
        }
        let mut events = Vec::new();
        self.seen.take(message, at, &mut events);
        self.out.extend(events.into_iter().map(Output::Event));
    }

    /// Something came: the link is good again if it was in doubt.
    fn heard(&mut self, now: Moment, at: Timestamp) {
        let Link::Up {
            heard,
            said,
            doubted,
        } = &mut self.link
        else {
            return;
        };
        *heard = now;
        let was_in_doubt = doubted.take().is_some();
        let say = now.since(*said) >= OUR_BEAT;
        if say {
            *said = now;
        }
        if was_in_doubt {
            self.tell_back(at);
            self.seen.expect_everything();
            self.send(&ToService::Refresh);
        }
        if say {
            self.send(&ToService::Beat);
        }
    }

    /// We have a place: in the lobby or inside. A lost link is whole again with it.
    fn arrived(&mut self, state: CallState, now: Moment, at: Timestamp) {
        let Some(plan) = &mut self.plan else { return };
        plan.attempt = 0;
        plan.renewal.untried = false;
        plan.inside |= state.is_inside();
        plan.since.get_or_insert(now);
        self.tell_back(at);
        self.sound(state);
    }

    fn timeout(&mut self, now: Moment, at: Timestamp) {
        match self.link {
            Link::Up { heard, .. } if now.since(heard) >= SILENCE => {
                self.out.push_back(Output::Close);
                self.lost(Because::Timeout, now, at);
            }
            Link::Up { heard, doubted, .. }
                if now >= doubted.map_or(heard + self.patience(), |looked| looked + LOOK) =>
            {
                self.doubt(now, at);
            }
            Link::Down { until, token } if now >= until => {
                if let Some(plan) = &self.plan {
                    let attempt = plan.attempt.max(plan.rejoins).max(1);
                    let attempt = u32::try_from(attempt).unwrap_or(u32::MAX);
                    self.event(CallEvent::Rejoining { attempt });
                }
                self.open(token, at);
            }
            Link::Leaving { since } if now.since(since) >= GOOD_BYE => self.over(HUNG_UP, at),
            Link::Idle
            | Link::Opening
            | Link::Up { .. }
            | Link::Down { .. }
            | Link::Leaving { .. } => {}
        }
    }

    fn doubt(&mut self, now: Moment, at: Timestamp) {
        if let Link::Up { doubted, .. } = &mut self.link {
            *doubted = Some(now);
        }
        self.tell_lost(at);
        self.out.push_back(Output::Look);
    }

    fn tell_lost(&mut self, at: Timestamp) {
        if let Some(plan) = self.plan.as_mut().filter(|plan| !plan.lost) {
            plan.lost = true;
            self.event(CallEvent::SignallingLost { at });
        }
    }

    fn tell_back(&mut self, at: Timestamp) {
        if let Some(plan) = self.plan.as_mut().filter(|plan| plan.lost) {
            plan.lost = false;
            self.event(CallEvent::SignallingBack { at });
        }
    }

    fn deadline(&self) -> Option<Moment> {
        match self.link {
            Link::Idle | Link::Opening => None,
            Link::Up {
                heard,
                doubted: None,
                ..
            } => Some(heard + self.patience()),
            Link::Up {
                heard,
                doubted: Some(looked),
                ..
            } => Some((looked + LOOK).min(heard + SILENCE)),
            Link::Down { until, .. } => Some(until),
            Link::Leaving { since } => Some(since + GOOD_BYE),
        }
    }

    /// Outside there is no notice that could be wrong, and the first answer may take its time.
    fn patience(&self) -> Duration {
        match &self.plan {
            Some(plan) if plan.inside => DOUBT,
            _ => SILENCE,
        }
    }

    /// The call never began, or cannot go on; nothing is tried again by itself.
    fn give_up(&mut self, because: Because, remedy: Remedy, at: Timestamp) {
        self.out.push_back(Output::Close);
        self.fail(Doing::JoiningCall, because, remedy);
        let state = CallState::Disconnected;
        self.event(CallEvent::State { state, at });
        self.forget();
    }

    fn over(&mut self, reason: EndReason, at: Timestamp) {
        self.out.push_back(Output::Close);
        self.event(CallEvent::Ended {
            reason,
            by: None,
            at,
        });
        self.forget();
    }

    fn forget(&mut self) {
        self.sound(CallState::Disconnected);
        self.plan = None;
        self.link = Link::Idle;
        self.seen = Seen::default();
    }

    fn send(&mut self, message: &ToService) {
        self.out.push_back(Output::Send(message.encode()));
    }

    fn event(&mut self, event: CallEvent) {
        self.out.push_back(Output::Event(event));
    }

    fn fail(&mut self, doing: Doing, because: Because, remedy: Remedy) {
        self.event(CallEvent::ActionFailed(Failure {
            doing,
            because,
            remedy,
        }));
    }
}

/// How often the service shall say that it is there.
const BEAT: Duration = Duration::from_millis(80);
/// After this silence notices are unknown. A link that breaks right after a beat is noticed
/// this much later, any other sooner: below the quarter of a second that is asked for.
const DOUBT: Duration = Duration::from_millis(230);
/// So often it is seen whether this machine's address is another one while the link is in doubt.
const LOOK: Duration = Duration::from_millis(250);
/// After this silence the socket is given up.
const SILENCE: Duration = Duration::from_secs(5);
/// How often we say that we are there.
const OUR_BEAT: Duration = Duration::from_secs(5);
const GOOD_BYE: Duration = Duration::from_secs(1);
const HUNG_UP: EndReason = EndReason {
    code: 0,
    subcode: 0,
};
#[cfg(test)]
mod tests;
