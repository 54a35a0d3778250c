//! One account's call by way of the page: what to say, when to give it up, when to begin anew.
//!
//! Feed it with [`Session::handle`], then drain [`Session::poll`] until it returns
//! [`Output::Wait`]. It never reads a clock.
//!
//! In a call the page answers a beat every [`BEAT`]. When nothing was heard of it for [`DOUBT`],
//! what we know may be out of date and notices must not claim otherwise:
//! [`CallEvent::SignallingLost`] tells within a quarter of a second, and a page that ended
//! tells at once. A page that hangs for [`SILENCE`] is ended; the call is joined once more.

use std::collections::BTreeMap;
use std::collections::VecDeque;
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
use crate::model::identity::RawId;
use crate::model::sound::Audio;
use crate::model::sound::MediaState;
use crate::model::text;
use crate::wire::bridge::Act;
use crate::wire::bridge::App;
use crate::wire::bridge::AudioMode;
use crate::wire::bridge::Beginning;
use crate::wire::bridge::Command;
use crate::wire::bridge::Identity;
use crate::wire::bridge::Meeting;
use crate::wire::bridge::ToPage;
use crate::wire::bridge::ToProgram;
use crate::wire::bridge::VERSION;
use crate::wire::bridge::Word;

use super::convert;
use super::convert::Seen;
use super::pcm::PcmWish;

/// What happened to the driver.
#[derive(Debug)]
pub(super) enum Input {
    Command(CallCommand),
    Page(ToProgram),
    /// The page's sockets are closed, or the browser ended.
    PageEnded(Because),
    Token {
        wanted: u64,
        token: Result<Granted, Failure>,
    },
    /// The moment of the last [`Output::Wait`] came, and nothing lay unread.
    Timeout,
}

/// What a token for the page came with.
#[derive(Debug)]
pub(super) struct Granted {
    pub token: String,
    pub raw_id: RawId,
}

/// What the driver has to do.
#[derive(Debug, PartialEq)]
pub(super) enum Output {
    /// Start a browser on a new page; any older one is ended.
    Launch,
    /// End the browser.
    End,
    Send(Box<ToPage>),
    /// `refused`: the one in use is good no more.
    Token {
        wanted: u64,
        refused: bool,
    },
    Event(CallEvent),
    Sound(PcmWish),
    /// Frames belong to this call from now on.
    Call(u64),
    /// Nothing until then, or until something happens.
    Wait(Option<Moment>),
}

pub(super) struct Session {
    identity: Identity,
    plan: Option<Plan>,
    page: Page,
    call: Option<u64>,
    asked: BTreeMap<u64, Asked>,
    numbers: u64,
    beats: u64,
    refused: bool,
    /// Since when nobody calls by this page.
    idle: Option<Moment>,
    seen: Seen,
    out: VecDeque<Output>,
}

/// The call that a person wants.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one call"
)]
struct Plan {
    meeting: Meeting,
    name: String,
    audio: Audio,
    /// Of beginning anew without anybody's doing.
    attempt: u32,
    inside: bool,
    sounding: bool,
    /// Whether the person wants to be heard, from one page to the next.
    muted: bool,
    /// The call was lost or is doubted, and that was told.
    lost: bool,
    again: Option<Moment>,
    leaving: bool,
    /// When what the SDK says of recordings is how things are.
    settles: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
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

/// What a command was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Agent,
    Join,
    Consent,
    Statistics,
    HangUp,
    Other,
}

impl Session {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            plan: None,
            page: Page::Off,
            call: None,
            asked: BTreeMap::new(),
            numbers: 0,
            beats: 0,
            refused: false,
            idle: None,
            seen: Seen::default(),
            out: VecDeque::new(),
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment, at: Timestamp) {
        match input {
            Input::Command(CallCommand::Join {
                locator,
                name,
                audio,
            }) => match convert::meeting(&locator) {
                Ok(meeting) => self.join(meeting, name, audio, now, at),
                Err(reason) => self.give_up(Because::Refused { reason }, Remedy::None, at),
            },
            Input::Command(CallCommand::Leave) => self.leave(false, at),
            Input::Command(CallCommand::EndForEverybody) => self.leave(true, at),
            Input::Command(command) => self.ask(command),
            Input::Page(said) => {
                self.hear(now, at);
                self.page_said(said, now, at);
            }
            Input::PageEnded(because) => self.page_ended(because, now, at),
            Input::Token { wanted, token } => self.token(wanted, token),
            Input::Timeout => self.timeout(now, at),
        }
    }

    pub(super) fn poll(&mut self) -> Output {
        let next = self.out.pop_front();
        next.unwrap_or_else(|| Output::Wait(self.deadline()))
    }

    /// Not in a call and not on the way into one.
    pub(super) const fn is_idle(&self) -> bool {
        self.plan.is_none()
    }

    fn join(&mut self, meeting: Meeting, name: String, audio: Audio, now: Moment, at: Timestamp) {
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
        });
        self.idle = None;
        let state = CallState::Connecting;
        self.event(CallEvent::State { state, at });
        self.start(now);
    }

    /// On the page that is there, or on a new one.
    fn start(&mut self, now: Moment) {
        match self.page {
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

    fn make_agent(&mut self) {
        let Some(plan) = &self.plan else { return };
        let external = self.identity == Identity::External;
        let act = Act::CreateAgent {
            identity: self.identity,
            display_name: external.then(|| plan.name.clone()),
            emergency_country: None,
        };
        self.command(act, Asked::Agent);
    }

    fn dial(&mut self, agent: u64) {
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

    fn command(&mut self, act: Act, asked: Asked) {
        self.numbers += 1;
        let id = self.numbers;
        self.asked.insert(id, asked);
        let command = ToPage::Command(Command { id, act });
        self.out.push_back(Output::Send(Box::new(command)));
    }

    fn word(&mut self, word: Word) {
        self.out
            .push_back(Output::Send(Box::new(ToPage::Word(word))));
    }

    fn ask(&mut self, command: CallCommand) {
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

    fn leave(&mut self, for_everyone: bool, at: Timestamp) {
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

    fn hear(&mut self, now: Moment, at: Timestamp) {
        let Page::Ready { heard, .. } = &mut self.page else {
            return;
        };
        *heard = now;
        let Some(plan) = &mut self.plan else { return };
        if plan.lost && plan.inside && self.call.is_some() {
            plan.lost = false;
            plan.settles = Some(now + SETTLING);
            self.seen.say_again();
            self.event(CallEvent::SignallingBack { at });
            self.command(Act::Refresh, Asked::Other);
        }
    }

    fn page_said(&mut self, said: ToProgram, now: Moment, at: Timestamp) {
        match said {
            ToProgram::Hello { version, .. } if version != VERSION => {
                let detail = "the page and the program are of different versions".to_owned();
                self.give_up(Because::Protocol { detail }, Remedy::None, at);
                self.end_page();
            }
            ToProgram::Hello { .. } => self.word(Word::Welcome {
                version: VERSION,
                app: App {
                    name: "sidetone".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                },
                silence: PAGE_SILENCE,
            }),
            ToProgram::Ready { has_sdk: true, .. } => {
                self.page = Page::Ready {
                    since: now,
                    heard: now,
                    said: now,
                    agent: None,
                };
                self.start(now);
            }
            ToProgram::Ready { problem, .. } => {
                let problem = problem.map(|p| text::line(&p)).unwrap_or_default();
                let reason = format!(
                    "the vendor's calling SDK does not load ({problem}); sidetone setup calls installs it"
                );
                self.give_up(Because::Refused { reason }, Remedy::None, at);
                self.end_page();
            }
            ToProgram::TokenWanted { wanted, .. } => {
                let refused = std::mem::take(&mut self.refused);
                self.out.push_back(Output::Token { wanted, refused });
            }
            ToProgram::Done { id, result } => self.done(id, &result, at),
            ToProgram::Failed { id, error } => self.failed(id, &error, at),
            ToProgram::AgentState {
                agent,
                connection,
                because,
            } => self.agent_state(agent, &connection, because.as_deref()),
            ToProgram::Bye { .. } | ToProgram::Beat { .. } | ToProgram::Unknown => {}
            ToProgram::Trouble { doing, error } => {
                tracing::warn!(
                    doing = text::line(&doing),
                    name = text::line(&error.name),
                    code = error.code,
                    "the page met trouble"
                );
            }
            ToProgram::CallState { call, state } if self.call == Some(call) => {
                if let Some(state) = convert::call_state(&state) {
                    self.call_state(state, now, at);
                }
            }
            ToProgram::CallEnded { call, reason } if self.call == Some(call) => {
                self.ended(convert::end_reason(&reason), now, at);
            }
            ToProgram::Call {
                call, cause, from, ..
            } if cause == "breakoutRoom" && from.is_some() && from == self.call => {
                self.call = Some(call);
                self.out.push_back(Output::Call(call));
            }
            said => {
                let mut events = Vec::new();
                self.seen.take(said, self.call, at, &mut events);
                self.out.extend(events.into_iter().map(Output::Event));
            }
        }
    }

    fn done(&mut self, id: u64, result: &serde_json::Value, at: Timestamp) {
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

    fn failed(&mut self, id: u64, error: &crate::wire::bridge::Failure, at: Timestamp) {
        match self.asked.remove(&id) {
            Some(Asked::Agent | Asked::Join) => {
                self.give_up(convert::because(error), Remedy::None, at);
            }
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

    fn agent_state(&mut self, of: u64, connection: &str, because: Option<&str>) {
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

    fn token(&mut self, wanted: u64, token: Result<Granted, Failure>) {
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

    fn call_state(&mut self, state: CallState, now: Moment, at: Timestamp) {
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
    fn sound(&mut self, state: CallState) {
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

    fn ended(&mut self, reason: EndReason, now: Moment, at: Timestamp) {
        self.call = None;
        self.sound(CallState::Disconnected);
        let Some(plan) = &mut self.plan else { return };
        let again = match reason.after() {
            AfterEnd::Rejoin => plan.inside && plan.attempt < ATTEMPTS,
            AfterEnd::RefreshAndRejoin => {
                self.refused = true;
                plan.attempt == 0
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
    fn lost(&mut self, at: Timestamp) {
        let Some(plan) = self.plan.as_mut().filter(|plan| plan.inside && !plan.lost) else {
            return;
        };
        plan.lost = true;
        self.event(CallEvent::SignallingLost { at });
    }

    fn page_ended(&mut self, because: Because, now: Moment, at: Timestamp) {
        if self.page == Page::Off {
            return;
        }
        // Told before anything is cleared away: no notice waits for that.
        self.lost(at);
        self.sound(CallState::Disconnected);
        self.end_page();
        let Some(plan) = &mut self.plan else { return };
        if plan.leaving {
            return self.over(HUNG_UP, at);
        }
        if !plan.inside {
            return self.give_up(because, Remedy::None, at);
        }
        plan.attempt += 1;
        let attempt = plan.attempt;
        if attempt > 1 {
            let gone = EndReason {
                code: 490,
                subcode: 0,
            };
            return self.over(gone, at);
        }
        self.event(CallEvent::Rejoining { attempt });
        self.start(now);
    }

    fn end_page(&mut self) {
        self.page = Page::Off;
        self.call = None;
        self.asked.clear();
        self.out.push_back(Output::End);
    }

    fn give_up(&mut self, because: Because, remedy: Remedy, at: Timestamp) {
        self.event(CallEvent::ActionFailed(Failure {
            doing: Doing::JoiningCall,
            because,
            remedy,
        }));
        let state = CallState::Disconnected;
        self.event(CallEvent::State { state, at });
        self.forget();
    }

    fn over(&mut self, reason: EndReason, at: Timestamp) {
        let by = None;
        self.event(CallEvent::Ended { reason, by, at });
        self.forget();
    }

    fn forget(&mut self) {
        self.sound(CallState::Disconnected);
        self.plan = None;
        self.call = None;
        self.seen.begin();
    }

    fn event(&mut self, event: CallEvent) {
        self.out.push_back(Output::Event(event));
    }

    fn beats(&self) -> Duration {
        match &self.plan {
            Some(plan) if plan.inside => BEAT,
            Some(_) | None => IDLE_BEAT,
        }
    }

    fn deadline(&self) -> Option<Moment> {
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
                match &self.plan {
                    None => {}
                    Some(plan) => {
                        due.extend((plan.inside && !plan.lost).then(|| heard + DOUBT));
                        let waits = self.call.is_none() && plan.again.is_none();
                        due.extend((agent.is_none() || waits).then(|| since + CONNECT));
                    }
                }
                due.into_iter().min()
            }
        };
        let plan = self.plan.as_ref();
        let again = plan.and_then(|plan| plan.again);
        let settles = plan
            .and_then(|plan| plan.settles)
            .filter(|_| !self.seen.is_settled());
        page.into_iter().chain(again).chain(settles).min()
    }

    fn timeout(&mut self, now: Moment, at: Timestamp) {
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
                if self.plan.is_none() && *self.idle.get_or_insert(now) + IDLE <= now {
                    self.command(Act::Close, Asked::Other);
                    return self.end_page();
                }
                let inside = self.plan.as_ref().is_some_and(|plan| plan.inside);
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
                    return self.end_page();
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

/// We left.
const HUNG_UP: EndReason = EndReason {
    code: 0,
    subcode: 0,
};
/// In a call.
const BEAT: Duration = Duration::from_millis(80);
/// A page that hears nothing for [`PAGE_SILENCE`] closes itself.
const IDLE_BEAT: Duration = Duration::from_secs(1);
const PAGE_SILENCE: u64 = 5_000;
/// Two beats and what a busy machine takes; notices are unknown within a quarter of a second.
const DOUBT: Duration = Duration::from_millis(200);
const SILENCE: Duration = Duration::from_secs(5);
/// A browser that is started on a busy machine takes seconds.
const LAUNCH: Duration = Duration::from_secs(30);
/// Making an agent takes 16 s where there is no network.
const CONNECT: Duration = Duration::from_secs(40);
/// A page that nobody calls by any more is ended.
const IDLE: Duration = Duration::from_mins(1);
/// In the call, until what is recorded is known: until then it is unknown, which is said.
const SETTLING: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 3;
const BACK_OFF: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
