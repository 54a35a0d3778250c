//! One account's call by way of the page: what to say, when to give it up, when to begin anew.
//!
//! Feed it with [`Session::handle`], then drain [`Session::poll`] until it returns
//! [`Output::Wait`]. It never reads a clock.

mod agent;
mod asked;
mod call;
mod page;

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::RawId;
use crate::model::sound::Audio;
use crate::model::text;
use crate::wire::bridge::App;
use crate::wire::bridge::Identity;
use crate::wire::bridge::Meeting;
use crate::wire::bridge::ToPage;
use crate::wire::bridge::ToProgram;
use crate::wire::bridge::VERSION;
use crate::wire::bridge::Word;

use super::convert;
use super::pcm::PcmWish;
use super::seen::Seen;

use self::asked::Asked;
use self::page::PAGE_SILENCE;
use self::page::Page;

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
    /// It is being joined again with another token; one that is refused too is the last.
    refreshed: bool,
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

    fn event(&mut self, event: CallEvent) {
        self.out.push_back(Output::Event(event));
    }
}

#[cfg(test)]
mod tests;
