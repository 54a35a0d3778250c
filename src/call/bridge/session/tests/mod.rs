//! A session played with a page and a clock that only the test moves.

mod held;
mod page;
mod people;
mod rooms;
mod survey;
mod way;

use std::time::Duration;

use serde_json::json;

use super::call::BACK_OFF;
use super::call::SETTLING;
use super::call::STANDS;
use super::page::CONNECT;
use super::page::DOUBT;
use super::page::SILENCE;
use super::*;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::failure::Doing;
use crate::model::locator::Locator;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::sound::AudioMode;

const AT: Timestamp = Timestamp::from_millis(0);

/// A session and what it asked for, at a time that only the test moves.
struct Scene {
    session: Session,
    now: Moment,
    did: Vec<Output>,
}

fn own(identity: Identity) -> Own {
    Own {
        identity,
        name: "Ada".to_owned(),
        emergency_country: None,
        caller_id: None,
    }
}

impl Scene {
    fn new() -> Self {
        Self {
            session: Session::new(own(Identity::External)),
            now: Moment::ZERO,
            did: Vec::new(),
        }
    }

    fn handle(&mut self, input: Input) {
        self.session.handle(input, self.now, AT);
        loop {
            match self.session.poll() {
                Output::Wait(_) => return,
                output => self.did.push(output),
            }
        }
    }

    fn page(&mut self, said: serde_json::Value) {
        self.handle(Input::Page(serde_json::from_value(said).unwrap()));
    }

    fn command(&mut self, command: CallCommand) {
        self.handle(Input::Command(command));
    }

    fn join(&mut self) {
        self.join_as(CallNumber(1));
    }

    fn join_as(&mut self, number: CallNumber) {
        self.join_by(number, AudioMode::Raw);
    }

    fn join_by(&mut self, number: CallNumber, mode: AudioMode) {
        self.command(CallCommand::Join {
            number,
            locator: Locator::MeetingId {
                id: "123".to_owned(),
                passcode: None,
            },
            name: "Ada".to_owned(),
            audio: Audio::Full,
            mode,
        });
    }

    /// The number of the last command of a name.
    fn asked(&self, name: &str) -> u64 {
        let all = self.did.iter().rev();
        let mut found = all.filter_map(|output| match output {
            Output::Send(word) => {
                let word = serde_json::to_value(&**word).unwrap();
                (word["type"] == name).then(|| word["id"].as_u64().unwrap_or_default())
            }
            _ => None,
        });
        found
            .next()
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.did))
    }

    fn sends(&self, name: &str) -> usize {
        let is = |output: &&Output| matches!(output, Output::Send(word) if serde_json::to_value(&**word).unwrap()["type"] == name);
        self.did.iter().filter(is).count()
    }

    fn events(&self) -> Vec<&CallEvent> {
        let mut events = Vec::new();
        for output in &self.did {
            if let Output::Event(event) = output {
                events.push(event);
            }
        }
        events
    }

    fn ready(&mut self) {
        self.page(json!({"type":"hello","version":1,"userAgent":"Chrome"}));
        self.page(json!({"type":"ready","hasSdk":true,"problem":null}));
        let id = self.asked("createAgent");
        self.page(json!({"type":"done","id":id,"result":{"agent":1,"connection":"Connected"}}));
        let id = self.asked("join");
        self.page(json!({"type":"done","id":id,"result":{"call":7}}));
    }

    fn connected(&mut self) {
        self.join();
        self.ready();
        self.page(json!({"type":"callState","call":7,"state":"Connected"}));
    }

    /// In a call that is recorded on condition of our consent.
    fn answers_about_consent(&mut self, agreed: bool) {
        self.connected();
        self.notice(true, true);
        self.command(CallCommand::Consent(agreed));
        if agreed {
            let id = self.asked("grantConsent");
            self.page(json!({"type":"done","id":id,"result":null}));
        }
    }

    /// Lets time pass, with the session woken whenever it wanted; the page answers beats or is silent.
    fn pass(&mut self, span: Duration, answers: bool) {
        let end = self.now + span;
        while let Output::Wait(Some(at)) = self.session.poll() {
            if at > end {
                break;
            }
            self.now = self.now.max(at);
            let before = self.sends("beat");
            self.handle(Input::Timeout);
            if answers && self.sends("beat") > before {
                self.page(json!({"type":"beat","count":1}));
            }
        }
        self.now = end;
    }

    fn notice(&mut self, active: bool, consent: bool) {
        self.page(json!({
            "type":"notice","call":7,"notice":"recording","isActive":active,
            "isConsentRequired":consent,"parts":[],
        }));
    }

    fn told(&self) -> Vec<(NoticeState, bool)> {
        let events = self.events().into_iter();
        let notice = |event: &CallEvent| match event {
            CallEvent::Notice {
                kind: NoticeKind::Recording,
                state,
                initial,
                ..
            } => Some((state.clone(), *initial)),
            _ => None,
        };
        events.filter_map(notice).collect()
    }
}

fn on() -> NoticeState {
    NoticeState::Active { by: None }
}

fn off() -> NoticeState {
    NoticeState::Inactive { by: None }
}

impl Scene {
    fn done(&mut self, name: &str, result: serde_json::Value) {
        let id = self.asked(name);
        self.page(json!({"type":"done","id":id,"result":result}));
    }

    /// A second call in front, the first on hold.
    fn second(&mut self) {
        self.connected();
        self.join_as(CallNumber(2));
        self.done("hold", json!({}));
        self.done("join", json!({"call":8}));
        self.page(json!({"type":"callState","call":7,"state":"LocalHold"}));
        self.page(json!({"type":"callState","call":8,"state":"Connected"}));
    }

    fn behind(&self, number: u32) -> Vec<&CallEvent> {
        let mut behind = Vec::new();
        for event in self.events() {
            if let CallEvent::Behind { call, event } = event
                && call.0 == number
            {
                behind.push(&**event);
            }
        }
        behind
    }
}

impl Scene {
    /// The page is there for a call of this kind.
    fn agent(&mut self) {
        self.page(json!({"type":"hello","version":1,"userAgent":"Chrome"}));
        self.page(json!({"type":"ready","hasSdk":true,"problem":null}));
        self.done("createAgent", json!({"agent":1,"connection":"Connected"}));
    }

    fn call(&mut self, whom: &str) {
        self.call_by(whom, AudioMode::Raw);
    }

    fn call_by(&mut self, whom: &str, mode: AudioMode) {
        self.command(CallCommand::Join {
            number: CallNumber(1),
            locator: Locator::Person(whom.to_owned()),
            name: "Ada".to_owned(),
            audio: Audio::Full,
            mode,
        });
    }

    /// In a call with a phone.
    fn with_phone(&mut self) {
        self.call("4:+14255550123");
        self.agent();
        self.done("startCall", json!({"call":7}));
        self.page(json!({"type":"callState","call":7,"state":"Connected"}));
    }

    /// The last command of a name, as the page gets it.
    fn sent(&self, name: &str) -> serde_json::Value {
        let id = self.asked(name);
        let all = self.did.iter().filter_map(|output| match output {
            Output::Send(word) => Some(serde_json::to_value(&**word).unwrap()),
            _ => None,
        });
        let mut all = all.filter(|word| word["id"] == id);
        all.next().unwrap()
    }

    fn refuse(&mut self, name: &str, code: i64, sub_code: i64) {
        let id = self.asked(name);
        let error = json!({"name":"CallingCommunicationError","message":"no","code":code,"subCode":sub_code,"categories":[]});
        self.page(json!({"type":"failed","id":id,"error":error}));
    }

    /// How often a call was said to be over.
    fn ends_said(&self) -> usize {
        let is = |event: &&&CallEvent| matches!(event, CallEvent::Ended { .. });
        self.events().iter().filter(is).count()
    }

    fn last(&self) -> CallEvent {
        self.events().last().map(|event| (*event).clone()).unwrap()
    }

    fn ring(&mut self) {
        self.page(json!({
            "type":"incoming","incoming":3,"agent":1,"kind":"TeamsIncomingCall",
            "caller":{"id":"4:+14255550123","displayName":null},"transferor":null,"customContext":null,
        }));
    }
}
