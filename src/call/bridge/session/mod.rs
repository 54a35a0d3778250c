//! One account's call by way of the page: what to say, when to give it up, when to begin anew.
//!
//! Feed it with [`Session::handle`], then drain [`Session::poll`] until it returns
//! [`Output::Wait`]. It never reads a clock.

mod agent;
mod asked;
mod call;
mod held;
mod incoming;
mod page;
mod phone;
mod rooms;
mod survey;
mod way;

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::call::CallNumber;
use crate::model::call::CallState;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::RawId;
use crate::model::sound::Audio;
use crate::model::text;
use crate::wire::bridge;
use crate::wire::bridge::Identity;
use crate::wire::bridge::Meeting;
use crate::wire::bridge::ToPage;
use crate::wire::bridge::ToProgram;
use crate::wire::bridge::VERSION;

use super::convert;
use super::pcm::PcmWish;
use super::seen::Seen;

use self::asked::Asked;
use self::held::Held;
use self::held::Next;
use self::incoming::Receiving;
use self::page::PAGE_SILENCE;
use self::page::Page;
use self::phone::Tones;
use self::rooms::Rooms;
use self::survey::Survey;

/// What happened to the driver.
#[derive(Debug)]
pub(super) enum Input {
    Command(CallCommand),
    /// No more commands will come.
    Closing,
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

/// Whose calls, for as long as the program runs.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub identity: Identity,
    /// The name we have until a call asks for another.
    pub name: String,
    /// The country whose emergency numbers may be dialled, where that was set up.
    pub emergency_country: Option<String>,
    /// Our own phone number, where an external user has one.
    pub caller_id: Option<String>,
}

pub(super) struct Session {
    own: Own,
    /// The call in front.
    plan: Option<Plan>,
    /// Calls on hold behind it.
    held: Vec<Held>,
    next: Option<Next>,
    receiving: Receiving,
    /// Keys of a phone that are still to be sent.
    tones: Tones,
    page: Page,
    /// The browser has the devices of the system, or the next one shall.
    by_browser: bool,
    call: Option<u64>,
    asked: BTreeMap<u64, Asked>,
    numbers: u64,
    beats: u64,
    refused: bool,
    survey: Survey,
    /// Since when nobody calls by this page.
    idle: Option<Moment>,
    seen: Seen,
    out: VecDeque<Output>,
}
/// What a call is begun with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Meeting(Meeting),
    /// By raw id.
    Person(String),
    /// A call that rings here.
    Ringing(u64),
}

/// The call that a person wants.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one call"
)]
struct Plan {
    number: CallNumber,
    target: Target,
    name: String,
    audio: Audio,
    /// The sound goes by the browser's devices.
    by_browser: bool,
    /// Of beginning anew without anybody's doing, since the call last stood.
    attempt: u32,
    /// Since when it is connected; no longer once it was begun anew.
    connected: Option<Moment>,
    state: CallState,
    inside: bool,
    sounding: bool,
    /// Whether the person wants to be heard, from one page to the next.
    muted: bool,
    /// The person put it on hold.
    held: bool,
    /// The call was lost or is doubted, and that was told.
    lost: bool,
    again: Option<Moment>,
    leaving: bool,
    /// When what the SDK says of recordings is how things are.
    settles: Option<Moment>,
    /// It is being joined again with another token; one that is refused too is the last.
    refreshed: bool,
    rooms: Rooms,
    /// Every call of the page that it was since it was dialled: the meeting's and those of its rooms.
    calls: Vec<u64>,
}

impl Session {
    pub(super) fn new(own: Own) -> Self {
        Self {
            own,
            plan: None,
            held: Vec::new(),
            next: None,
            receiving: Receiving::default(),
            tones: Tones::default(),
            page: Page::Off,
            by_browser: false,
            call: None,
            asked: BTreeMap::new(),
            numbers: 0,
            beats: 0,
            refused: false,
            survey: Survey::default(),
            idle: None,
            seen: Seen::default(),
            out: VecDeque::new(),
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment, at: Timestamp) {
        match input {
            Input::Command(CallCommand::Join {
                number,
                locator,
                name,
                audio,
                mode,
            }) => match convert::target(&locator) {
                Ok(target) => {
                    let plan = Plan::new(number, target, name, audio, mode);
                    self.turn_to(Next::Begin(Box::new(plan)), now, at);
                }
                Err(reason) => self.refuse(number, Because::Refused { reason }, at),
            },
            Input::Command(CallCommand::Accept {
                number,
                incoming,
                name,
                audio,
                mode,
                muted,
            }) => {
                let target = Target::Ringing(incoming.0);
                let mut plan = Plan::new(number, target, name, audio, mode);
                plan.muted |= muted;
                self.turn_to(Next::Begin(Box::new(plan)), now, at);
            }
            Input::Command(CallCommand::Decline(incoming)) => self.decline(incoming),
            Input::Command(CallCommand::Receive(wanted)) => self.receive(wanted, now),
            Input::Command(CallCommand::Tones(tones)) => self.press(&tones),
            Input::Command(CallCommand::Transfer(to)) => self.hand_on(to),
            Input::Command(CallCommand::Rate(rating)) => self.rate(rating),
            Input::Command(CallCommand::Switch(number)) => {
                self.turn_to(Next::Resume(number), now, at);
            }
            Input::Closing => self.close(at),
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
        self.receive_as_wanted(now);
    }

    pub(super) fn poll(&mut self) -> Output {
        let next = self.out.pop_front();
        next.unwrap_or_else(|| Output::Wait(self.deadline()))
    }

    /// Not in a call and not on the way into one.
    pub(super) const fn is_idle(&self) -> bool {
        self.plan.is_none() && self.held.is_empty()
    }

    fn page_said(&mut self, said: ToProgram, now: Moment, at: Timestamp) {
        if let ToProgram::CallEnded { call, .. } = &said {
            self.survey_kept(*call);
        }
        let Some(said) = self.held_said(said, at) else {
            return;
        };
        if self.way_said(&said, now, at) {
            return;
        }
        match said {
            said if incoming::is_of(&said) => self.rings(said),
            ToProgram::Hello { version, .. } if version != VERSION => {
                let detail = "the page and the program are of different versions".to_owned();
                self.of_no_use(Because::Protocol { detail }, now, at);
            }
            ToProgram::Hello { .. } => self.word(convert::welcome(PAGE_SILENCE)),
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
                self.of_no_use(Because::Refused { reason }, now, at);
            }
            ToProgram::TokenWanted { wanted, .. } => {
                let refused = std::mem::take(&mut self.refused);
                self.out.push_back(Output::Token { wanted, refused });
            }
            ToProgram::Done { id, result } => self.done(id, &result, now, at),
            ToProgram::Failed { id, error } => self.failed(id, &error, now, at),
            ToProgram::AgentState {
                agent,
                connection,
                because,
            } => self.agent_state(agent, &connection, because.as_deref()),
            ToProgram::Bye { .. } | ToProgram::Beat { .. } | ToProgram::Unknown => {}
            ToProgram::Trouble { doing, error } => log_trouble(&doing, &error),
            ToProgram::CallState { call, state } if self.call == Some(call) => {
                if let Some(state) = convert::call_state(&state) {
                    self.call_state(state, now, at);
                }
            }
            ToProgram::BreakoutRooms {
                call,
                assigned,
                rooms,
                settings,
            } => self.rooms_said(call, assigned, rooms, settings.as_ref()),
            ToProgram::CallEnded { call, .. } if self.is_main(call) => self.main_ended(),
            ToProgram::CallEnded { call, reason } if self.call == Some(call) => {
                if self.room_ended(now, at) {
                    return;
                }
                self.ended(convert::end_reason(&reason), now, at);
            }
            ToProgram::Call {
                call, cause, from, ..
            } if from.is_some_and(|from| self.call == Some(from) || self.is_main(from)) => {
                match cause.as_str() {
                    "breakoutRoom" => self.entered_room(call, now, at),
                    "transfer" => {
                        self.moved_to(call);
                        self.event(CallEvent::HandedOn);
                    }
                    _ => {}
                }
            }
            ToProgram::Transfer {
                call,
                state,
                code,
                sub_code,
                ..
            } if self.call == Some(call) => self.transfer_state(&state, code, sub_code),
            said => {
                let mut events = Vec::new();
                self.seen.take(said, self.call, at, &mut events);
                self.out.extend(events.into_iter().map(Output::Event));
            }
        }
    }

    /// The page is there, and no call can be made by it.
    fn of_no_use(&mut self, because: Because, now: Moment, at: Timestamp) {
        self.give_up(because.clone(), Remedy::None, at);
        self.end_page();
        self.no_more_rings(because, now);
    }

    /// What is in front is this call of the page from now on.
    fn moved_to(&mut self, call: u64) {
        self.call = Some(call);
        if let Some(plan) = &mut self.plan {
            plan.calls.push(call);
        }
        self.out.push_back(Output::Call(call));
    }

    fn event(&mut self, event: CallEvent) {
        self.out.push_back(Output::Event(event));
    }
}

fn log_trouble(doing: &str, error: &bridge::Failure) {
    tracing::warn!(
        doing = text::line(doing),
        name = text::line(&error.name),
        code = error.code,
        "the page met trouble"
    );
}

#[cfg(test)]
mod tests;
