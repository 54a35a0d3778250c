//! What is asked of the page in a trial, in which order, and when to go on without an answer.
//!
//! Feed it with [`Trial::handle`], then drain [`Trial::poll`]. It never unmutes, never sends sound,
//! and never gives consent: there is no word here that could.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Moment;
use crate::model::notice::NoticeKind;
use crate::wire::bridge;
use crate::wire::bridge::Act;
use crate::wire::bridge::AudioMode;
use crate::wire::bridge::Beginning;
use crate::wire::bridge::Command;
use crate::wire::bridge::Identity;
use crate::wire::bridge::Meeting;
use crate::wire::bridge::ToPage;
use crate::wire::bridge::ToProgram;
use crate::wire::bridge::Word;

use super::convert;
use super::findings;
use super::findings::Audio;
use super::findings::End;
use super::findings::Error;
use super::findings::Findings;
use super::findings::Join;
use super::findings::Tried;

/// Who tries which meeting.
#[derive(Debug, Clone)]
pub struct Wish {
    pub identity: Identity,
    pub name: String,
    pub meeting: Meeting,
}

#[derive(Debug)]
pub(super) enum Input {
    Page(ToProgram),
    PageEnded,
    /// `None`: there is none, which was told.
    Token {
        wanted: u64,
        token: Option<String>,
    },
    /// How loud a frame of the call's sound was, in dBFS.
    Heard(f32),
    /// The person wants it to end.
    Stop,
    Timeout,
}

#[derive(Debug, PartialEq)]
pub(super) enum Output {
    Send(Box<ToPage>),
    Token {
        wanted: u64,
    },
    Tell(Step),
    /// Everything that could be found out is.
    Over,
    Wait(Moment),
}

/// What the person is told on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Loaded,
    SignedIn,
    Joining,
    InLobby {
        again: bool,
    },
    Denied,
    Connected,
    Trying,
    Leaving,
    /// Nobody answered in time; it goes on without.
    GaveUp,
    /// The meeting is recorded or transcribed from now on, or no longer.
    Notice {
        kind: NoticeKind,
        active: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Environment,
    Devices,
    Agent,
    Join,
    React,
    Text,
    HangUp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The page, what it runs in, and the agent.
    Preparing,
    /// Until connected; the lobby has a patience of its own.
    Entering,
    Waiting,
    Inside,
    Leaving,
    Over,
}

pub(super) struct Trial {
    wish: Wish,
    stage: Stage,
    /// Of the stage.
    since: Moment,
    beaten: Moment,
    beats: u64,
    joined: Moment,
    agent: Option<u64>,
    call: Option<u64>,
    tried: bool,
    numbers: u64,
    asked: BTreeMap<u64, Asked>,
    findings: Findings,
    out: VecDeque<Output>,
}

impl Trial {
    pub(super) fn new(wish: Wish, now: Moment) -> Self {
        Self {
            wish,
            stage: Stage::Preparing,
            since: now,
            beaten: now,
            beats: 0,
            joined: now,
            agent: None,
            call: None,
            tried: false,
            numbers: 0,
            asked: BTreeMap::new(),
            findings: Findings::default(),
            out: VecDeque::new(),
        }
    }

    pub(super) fn into_findings(self) -> Findings {
        self.findings
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment) {
        if self.stage == Stage::Over {
            return;
        }
        match input {
            Input::Page(said) => self.said(said, now),
            Input::PageEnded => {
                if self.stage != Stage::Leaving {
                    self.fail("PageEnded");
                }
                self.over();
            }
            Input::Token { wanted, token } => self.token(wanted, token),
            Input::Heard(level) => self.heard(level),
            Input::Stop => self.leave(now),
            Input::Timeout => self.timeout(now),
        }
    }

    pub(super) fn poll(&mut self) -> Output {
        if let Some(next) = self.out.pop_front() {
            return next;
        }
        match self.stage {
            Stage::Over => Output::Over,
            stage => {
                let acts = if stage == Stage::Inside && !self.tried {
                    self.since + SETTLING
                } else {
                    self.since + patience(stage)
                };
                Output::Wait(acts.min(self.beaten + BEAT))
            }
        }
    }

    fn said(&mut self, said: ToProgram, now: Moment) {
        match said {
            ToProgram::Hello { .. } => self.word(convert::welcome(SILENCE)),
            ToProgram::Ready { has_sdk: true, .. } => {
                self.tell(Step::Loaded);
                self.ask(Act::Environment, Asked::Environment);
            }
            ToProgram::Ready { .. } => {
                self.fail("NoSdk");
                self.over();
            }
            ToProgram::TokenWanted { wanted, .. } => {
                self.out.push_back(Output::Token { wanted });
            }
            ToProgram::Done { id, result } => self.done(id, &result, now),
            ToProgram::Failed { id, error } => self.failed(id, &Error::from(&error)),
            ToProgram::AgentState {
                agent, connection, ..
            } if connection == "Connected" && self.agent.is_none_or(|ours| ours == agent) => {
                self.agent_connected(now);
            }
            ToProgram::Trouble { doing, error } => {
                let trouble = (findings::word(&doing), Error::from(&error));
                if let Some(join) = self.findings.joins.last_mut() {
                    join.troubles.push(trouble);
                }
            }
            ToProgram::CallState { state, .. } => self.state(&state, now),
            ToProgram::CallEnded { reason, .. } => self.ended(&reason, now),
            said => self.of_the_call(said, now),
        }
    }

    fn of_the_call(&mut self, said: ToProgram, now: Moment) {
        let at = now.since(self.joined);
        let waits = self.stage == Stage::Waiting;
        let Some(join) = self.findings.joins.last_mut() else {
            return;
        };
        match said {
            ToProgram::CallInfo { thread_id, .. } => {
                if waits && thread_id.is_some() {
                    join.thread_in_lobby = Some(true);
                }
                if let (Some(thread), None) = (thread_id, &join.thread) {
                    join.thread = Some((at, findings::shape(&thread)));
                }
            }
            ToProgram::Role { role, .. } => join.role = Some(findings::word(&role)),
            ToProgram::Roster { participants, .. } => {
                join.people = join.people.max(participants.len());
            }
            ToProgram::Notice {
                notice,
                is_active,
                is_consent_required,
                ..
            } => {
                join.consent_asked |= is_active && is_consent_required;
                let name = findings::word(&notice);
                let before = join.notices.iter().rev().find(|(_, of, _)| *of == name);
                let was_active = before.is_some_and(|(.., active)| *active);
                join.notices.push((at, name, is_active));
                if was_active != is_active {
                    self.notice(&notice, is_active);
                }
            }
            ToProgram::Capabilities { capabilities, .. } => {
                let all = capabilities.iter();
                let all = all.map(|c| (findings::word(&c.name), findings::word(&c.reason)));
                join.capabilities = all.collect();
            }
            ToProgram::Audio {
                mode,
                has_capture,
                has_playback,
                error,
                ..
            } => {
                join.audio = Some(Audio {
                    is_raw: mode == AudioMode::Raw,
                    has_capture,
                    has_playback,
                    error: error.as_ref().map(Error::from),
                });
            }
            _ => {}
        }
    }

    fn done(&mut self, id: u64, result: &Value, now: Moment) {
        match self.asked.remove(&id) {
            Some(Asked::Environment) => {
                self.findings.environment = findings::environment(result);
                self.ask(Act::Devices, Asked::Devices);
            }
            Some(Asked::Devices) => {
                let microphones = result["devices"]["microphones"].as_array();
                self.findings.microphones = microphones.map(Vec::len);
                self.make_agent();
            }
            Some(Asked::Agent) => {
                self.agent = result["agent"].as_u64();
                if result["connection"] == "Connected" {
                    self.agent_connected(now);
                }
            }
            Some(Asked::Join) => {
                self.call = result["call"].as_u64();
                if self.stage == Stage::Leaving {
                    self.hang_up();
                }
            }
            Some(Asked::React) => self.note(|join| join.reaction = Some(Tried::Done)),
            Some(Asked::Text) => self.note(|join| join.text = Some(Tried::Done)),
            Some(Asked::HangUp) | None => {}
        }
    }

    fn failed(&mut self, id: u64, error: &Error) {
        let tried = Some(Tried::Failed(error.clone()));
        match self.asked.remove(&id) {
            Some(Asked::Environment) => self.ask(Act::Devices, Asked::Devices),
            // Without any device, too, there may be a call.
            Some(Asked::Devices) => self.make_agent(),
            Some(Asked::Agent | Asked::Join) => {
                self.findings.failed = Some(error.clone());
                self.over();
            }
            Some(Asked::React) => self.note(|join| join.reaction = tried),
            Some(Asked::Text) => self.note(|join| join.text = tried),
            Some(Asked::HangUp) => self.over(),
            None => {}
        }
    }

    fn make_agent(&mut self) {
        let external = self.wish.identity == Identity::External;
        let act = Act::CreateAgent {
            identity: self.wish.identity,
            display_name: external.then(|| self.wish.name.clone()),
            emergency_country: None,
        };
        self.ask(act, Asked::Agent);
    }

    fn agent_connected(&mut self, now: Moment) {
        if self.stage != Stage::Preparing || self.agent.is_none() {
            return;
        }
        self.findings.agent = Some(now.since(self.since));
        self.tell(Step::SignedIn);
        self.join(now);
    }

    fn join(&mut self, now: Moment) {
        let Some(agent) = self.agent else { return };
        self.enter(Stage::Entering, now);
        self.joined = now;
        self.call = None;
        self.tried = false;
        self.findings.joins.push(Join::default());
        self.tell(Step::Joining);
        let act = Act::Join {
            agent,
            meeting: self.wish.meeting.clone(),
            beginning: Beginning {
                audio: AudioMode::Raw,
                muted: true,
            },
        };
        self.ask(act, Asked::Join);
    }

    fn state(&mut self, state: &str, now: Moment) {
        let at = now.since(self.joined);
        self.note(|join| join.states.push((at, findings::word(state))));
        match (state, self.stage) {
            ("InLobby", Stage::Entering) => {
                self.note(|join| join.thread_in_lobby = Some(join.thread.is_some()));
                self.enter(Stage::Waiting, now);
                let again = self.findings.joins.len() > 1;
                self.tell(Step::InLobby { again });
            }
            ("Connected", Stage::Entering | Stage::Waiting) => {
                self.enter(Stage::Inside, now);
                self.tell(Step::Connected);
            }
            _ => {}
        }
    }

    fn heard(&mut self, level: f32) {
        self.note(|join| {
            join.frames += 1;
            join.loudest = Some(join.loudest.map_or(level, |most| most.max(level)));
        });
    }

    fn ended(&mut self, reason: &bridge::EndReason, now: Moment) {
        let after = now.since(self.joined);
        self.note(|join| {
            join.end = Some(End {
                after,
                code: reason.code,
                sub_code: reason.sub_code,
                categories: reason
                    .categories
                    .iter()
                    .map(|c| findings::word(c))
                    .collect(),
            });
        });
        let denied = self.stage == Stage::Waiting;
        if denied {
            self.tell(Step::Denied);
        }
        if denied && self.findings.joins.len() < JOINS {
            self.join(now);
        } else {
            self.over();
        }
    }

    /// What can be seen by others, and was said before: a reaction, and a line of real-time text.
    fn try_out(&mut self) {
        let Some(call) = self.call else { return };
        self.tried = true;
        self.tell(Step::Trying);
        let reaction = "like".to_owned();
        self.ask(Act::React { call, reaction }, Asked::React);
        let act = Act::SendRealTimeText {
            call,
            text: TRIED.to_owned(),
            is_final: true,
        };
        self.ask(act, Asked::Text);
    }

    /// All that is waited for in the call is there: somebody was heard, and both tries were answered.
    fn leave_when_done(&mut self, now: Moment) {
        let Some(join) = self.findings.joins.last() else {
            return;
        };
        let heard = join.loudest.is_some_and(|level| level > AUDIBLE);
        let answered = join.reaction.is_some() && join.text.is_some();
        let long = now.since(self.since) >= LEAST;
        if self.stage == Stage::Inside && heard && answered && long {
            self.leave(now);
        }
    }

    fn leave(&mut self, now: Moment) {
        match self.stage {
            Stage::Preparing => self.over(),
            Stage::Entering | Stage::Waiting | Stage::Inside => {
                self.enter(Stage::Leaving, now);
                self.tell(Step::Leaving);
                self.hang_up();
            }
            Stage::Leaving | Stage::Over => {}
        }
    }

    fn hang_up(&mut self) {
        if let Some(call) = self.call {
            let for_everyone = false;
            self.ask(Act::HangUp { call, for_everyone }, Asked::HangUp);
        }
    }

    fn token(&mut self, wanted: u64, token: Option<String>) {
        self.word(match token {
            Some(token) => Word::Token {
                wanted,
                token: token.into(),
                expires_on: None,
            },
            None => Word::TokenRefused {
                wanted,
                because: "there is no token".to_owned(),
            },
        });
    }

    fn timeout(&mut self, now: Moment) {
        if self.beaten + BEAT <= now {
            self.beaten = now;
            self.beats += 1;
            self.word(Word::Beat { count: self.beats });
        }
        if self.stage == Stage::Inside && !self.tried && self.since + SETTLING <= now {
            self.try_out();
        }
        self.leave_when_done(now);
        if self.since + patience(self.stage) > now {
            return;
        }
        match self.stage {
            Stage::Preparing => {
                self.tell(Step::GaveUp);
                self.fail("NotConnected");
                self.over();
            }
            Stage::Entering | Stage::Waiting => {
                self.tell(Step::GaveUp);
                self.leave(now);
            }
            Stage::Inside => self.leave(now),
            Stage::Leaving => self.over(),
            Stage::Over => {}
        }
    }

    fn fail(&mut self, name: &str) {
        self.findings.failed = Some(Error {
            name: name.to_owned(),
            code: None,
            sub_code: None,
        });
    }

    fn note(&mut self, note: impl FnOnce(&mut Join)) {
        if let Some(join) = self.findings.joins.last_mut() {
            note(join);
        }
    }

    fn enter(&mut self, stage: Stage, now: Moment) {
        self.stage = stage;
        self.since = now;
    }

    fn over(&mut self) {
        self.stage = Stage::Over;
    }

    /// Whoever is in a meeting is told at once, also by a program that only looks.
    fn notice(&mut self, notice: &str, active: bool) {
        let kind = match notice {
            "recording" => NoticeKind::Recording,
            "transcription" => NoticeKind::Transcription,
            _ => return,
        };
        self.tell(Step::Notice { kind, active });
    }

    fn tell(&mut self, step: Step) {
        self.out.push_back(Output::Tell(step));
    }

    fn ask(&mut self, act: Act, asked: Asked) {
        self.numbers += 1;
        let id = self.numbers;
        self.asked.insert(id, asked);
        let command = ToPage::Command(Command { id, act });
        self.out.push_back(Output::Send(Box::new(command)));
    }

    fn word(&mut self, word: Word) {
        let word = Box::new(ToPage::Word(word));
        self.out.push_back(Output::Send(word));
    }
}

const fn patience(stage: Stage) -> Duration {
    match stage {
        // A browser that starts, 7 s of the environment and 16 s of an agent without a network.
        Stage::Preparing => Duration::from_secs(75),
        Stage::Entering => Duration::from_secs(90),
        Stage::Waiting => Duration::from_mins(4),
        Stage::Inside => Duration::from_mins(1),
        Stage::Leaving | Stage::Over => Duration::from_secs(5),
    }
}

/// What everybody reads who follows real-time text.
pub const TRIED: &str = "sidetone is trying real-time text";
const BEAT: Duration = Duration::from_secs(1);
/// A page that hears nothing for so long, in milliseconds, closes itself.
const SILENCE: u64 = 5_000;
/// Right after the door the SDK does not know yet what we may.
const SETTLING: Duration = Duration::from_secs(3);
/// In the call, so that what comes late is seen too.
const LEAST: Duration = Duration::from_secs(8);
/// Louder than a silent line, in dBFS.
pub(super) const AUDIBLE: f32 = -60.0;
/// One that is denied, and one that is let in.
const JOINS: usize = 2;

#[cfg(test)]
mod tests;
