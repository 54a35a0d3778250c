//! A call by way of the page, played with a page and a clock that only the test moves.

use std::time::Duration;

use serde_json::json;

use super::call::BACK_OFF;
use super::call::SETTLING;
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
        self.command(CallCommand::Join {
            number,
            locator: Locator::MeetingId {
                id: "123".to_owned(),
                passcode: None,
            },
            name: "Ada".to_owned(),
            audio: Audio::Full,
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

#[test]
fn it_goes_from_a_browser_to_a_call() {
    let mut scene = Scene::new();
    scene.join();
    assert!(scene.did.contains(&Output::Launch));
    assert_eq!(scene.sends("createAgent"), 0);
    scene.ready();
    assert!(scene.did.contains(&Output::Call(7)));
    scene.page(json!({"type":"callState","call":7,"state":"InLobby"}));
    assert!(!scene.did.iter().any(|o| matches!(o, Output::Sound(_))));
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    let wish = PcmWish::Start { audio: Audio::Full };
    assert!(scene.did.contains(&Output::Sound(wish)));
}

#[test]
fn an_agent_that_is_not_connected_is_waited_for() {
    let mut scene = Scene::new();
    scene.join();
    scene.page(json!({"type":"hello","version":1,"userAgent":"Chrome"}));
    scene.page(json!({"type":"ready","hasSdk":true,"problem":null}));
    let id = scene.asked("createAgent");
    scene.page(json!({"type":"done","id":id,"result":{"agent":1,"connection":"Disconnected"}}));
    assert_eq!(scene.sends("join"), 0);
    scene.page(json!({"type":"agentState","agent":1,"connection":"Connected","because":null}));
    assert_eq!(scene.sends("join"), 1);
}

#[test]
fn without_a_network_it_says_so_in_the_end() {
    let mut scene = Scene::new();
    scene.join();
    scene.page(json!({"type":"hello","version":1,"userAgent":"Chrome"}));
    scene.page(json!({"type":"ready","hasSdk":true,"problem":null}));
    let id = scene.asked("createAgent");
    scene.page(json!({"type":"done","id":id,"result":{"agent":1,"connection":"Disconnected"}}));
    scene.pass(CONNECT + Duration::from_secs(1), true);
    assert!(scene.did.contains(&Output::End));
    assert!(scene.session.is_idle());
    assert!(scene.events().iter().any(|e| matches!(
        e,
        CallEvent::ActionFailed(Failure {
            remedy: Remedy::CheckNetwork,
            ..
        })
    )));
}

#[test]
fn a_missing_sdk_is_said_with_what_installs_it() {
    let mut scene = Scene::new();
    scene.join();
    scene.page(json!({"type":"hello","version":1,"userAgent":"Chrome"}));
    scene.page(json!({"type":"ready","hasSdk":false,"problem":"there is no sdk.js"}));
    let words = format!("{:?}", scene.events());
    assert!(words.contains("sidetone setup calls"), "{words}");
    assert!(scene.session.is_idle());
}

#[test]
fn a_page_that_hangs_makes_notices_unknown_within_a_quarter_of_a_second() {
    let mut scene = Scene::new();
    scene.connected();
    scene.pass(Duration::from_secs(10), true);
    assert!(
        !scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::SignallingLost { .. }))
    );
    scene.pass(Duration::from_millis(250), false);
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::SignallingLost { .. }))
    );
    // It only was slow: everything is asked for anew.
    scene.page(json!({"type":"beat","count":1}));
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::SignallingBack { .. }))
    );
    assert_eq!(scene.sends("refresh"), 1);
}

#[test]
fn a_page_that_ends_is_started_once_more_and_not_twice() {
    let mut scene = Scene::new();
    scene.connected();
    scene.handle(Input::PageEnded(Because::Lost));
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::SignallingLost { .. }))
    );
    assert_eq!(
        scene.did.iter().filter(|o| **o == Output::Launch).count(),
        2
    );
    // Before it was in the call again.
    scene.handle(Input::PageEnded(Because::Lost));
    assert_eq!(
        scene.did.iter().filter(|o| **o == Output::Launch).count(),
        2
    );
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::Ended { .. }))
    );
    assert!(scene.session.is_idle());
}

#[test]
fn who_was_heard_is_heard_again_and_who_was_muted_is_not() {
    for muted in [true, false] {
        let mut scene = Scene::new();
        scene.connected();
        scene.command(CallCommand::Mute(muted));
        scene.did.clear();
        scene.handle(Input::PageEnded(Because::Lost));
        scene.ready();
        scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
        assert_eq!(scene.sends("unmute"), usize::from(!muted));
    }
}

#[test]
fn what_was_on_before_we_came_was_not_started_now() {
    let mut scene = Scene::new();
    scene.join();
    scene.ready();
    scene.notice(false, false);
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    scene.notice(false, false);
    assert_eq!(scene.told(), [], "it is not known yet");
    scene.notice(true, false);
    assert_eq!(scene.told(), [(on(), true)]);
    scene.pass(SETTLING, true);
    scene.notice(false, false);
    scene.notice(true, false);
    assert_eq!(scene.told(), [(on(), true), (off(), false), (on(), false)]);
}

#[test]
fn what_stays_off_is_off_after_a_second() {
    let mut scene = Scene::new();
    scene.connected();
    scene.notice(false, false);
    scene.pass(SETTLING + Duration::from_millis(1), true);
    assert_eq!(scene.told(), [(off(), true)]);
}

#[test]
fn consent_goes_to_the_sdk_only_by_the_persons_word() {
    let mut scene = Scene::new();
    scene.connected();
    scene.notice(true, true);
    assert!(scene.events().contains(&&CallEvent::ConsentRequired(true)));
    assert_eq!(scene.sends("grantConsent"), 0);
    scene.command(CallCommand::Consent(false));
    assert_eq!(scene.sends("grantConsent"), 0);
    scene.command(CallCommand::Consent(true));
    let id = scene.asked("grantConsent");
    assert!(!scene.events().contains(&&CallEvent::ConsentRequired(false)));
    scene.page(json!({"type":"done","id":id,"result":null}));
    assert!(scene.events().contains(&&CallEvent::ConsentRequired(false)));
}

#[test]
fn an_answer_about_consent_is_not_asked_for_again_after_a_doubt() {
    for agreed in [true, false] {
        let mut scene = Scene::new();
        scene.connected();
        scene.notice(true, true);
        scene.command(CallCommand::Consent(agreed));
        if agreed {
            let id = scene.asked("grantConsent");
            scene.page(json!({"type":"done","id":id,"result":null}));
        }
        scene.did.clear();
        scene.pass(DOUBT + Duration::from_millis(1), false);
        scene.page(json!({"type":"beat","count":1}));
        scene.notice(true, true);
        assert_eq!(scene.told(), [(on(), true)], "it was on all along");
        assert!(!scene.events().contains(&&CallEvent::ConsentRequired(true)));
    }
}

#[test]
fn that_a_page_ended_is_told_before_it_is_cleared_away() {
    let mut scene = Scene::new();
    scene.connected();
    scene.did.clear();
    scene.handle(Input::PageEnded(Because::Lost));
    let lost = |output: &Output| matches!(output, Output::Event(CallEvent::SignallingLost { .. }));
    let told = scene.did.iter().position(lost);
    let cleared = scene.did.iter().position(|output| *output == Output::End);
    assert!(told.is_some() && told < cleared, "{:?}", scene.did);
}

#[test]
fn leaving_a_page_that_hangs_ends_all_the_same() {
    let mut scene = Scene::new();
    scene.connected();
    scene.command(CallCommand::Leave);
    scene.pass(SILENCE + Duration::from_secs(1), false);
    assert!(scene.session.is_idle());
    assert_eq!(
        scene.did.iter().filter(|o| **o == Output::Launch).count(),
        1
    );
}

#[test]
fn a_page_that_nobody_needs_goes_after_a_minute() {
    let mut scene = Scene::new();
    scene.connected();
    scene.command(CallCommand::Leave);
    let id = scene.asked("hangUp");
    scene.page(json!({"type":"done","id":id,"result":null}));
    scene.pass(Duration::from_secs(50), true);
    assert!(!scene.did.contains(&Output::End));
    scene.pass(Duration::from_secs(20), true);
    assert!(scene.did.contains(&Output::End));
}

#[test]
fn a_network_that_fails_is_tried_again_and_a_removal_is_not() {
    let mut scene = Scene::new();
    scene.connected();
    let ended = |code: u32, sub: u32| {
        json!({"type":"callEnded","call":7,"reason":
            {"code":code,"subCode":sub,"message":null,"categories":[]}})
    };
    scene.page(ended(410, 3112));
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::Rejoining { attempt: 1 }))
    );
    scene.pass(BACK_OFF + Duration::from_millis(1), true);
    assert_eq!(scene.sends("join"), 2);
    let mut scene = Scene::new();
    scene.connected();
    scene.page(ended(0, 5300));
    assert!(scene.session.is_idle());
}

#[test]
fn who_was_there_before_us_does_not_come_when_we_do() {
    let mut scene = Scene::new();
    scene.connected();
    let participant = |name: &str| {
        json!({"type":"participant","call":7,"participant":{
            "id":format!("8:acs:{name}"),"displayName":name,"state":"Connected","role":"Attendee",
            "isMuted":true,"isSpeaking":false,"isSharingScreen":false,"endpoints":1}})
    };
    let changes = |scene: &Scene| {
        let events = scene.events();
        let changed = events
            .iter()
            .filter(|e| matches!(e, CallEvent::RosterChanged(_)));
        changed.count()
    };
    scene.page(participant("Zoe"));
    assert_eq!(changes(&scene), 0);
    let known = scene.events().into_iter().rev().find_map(|e| match e {
        CallEvent::Roster(all) => Some(all.len()),
        _ => None,
    });
    assert_eq!(known, Some(1));
    scene.pass(SETTLING + Duration::from_millis(1), true);
    scene.page(participant("Ben"));
    assert_eq!(changes(&scene), 1);
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

#[test]
fn a_second_call_begins_once_the_first_is_on_hold() {
    let mut scene = Scene::new();
    scene.connected();
    scene.join_as(CallNumber(2));
    assert_eq!((scene.sends("hold"), scene.sends("join")), (1, 1));
    scene.done("hold", json!({}));
    assert_eq!(scene.sends("join"), 2);
    let fronts = scene.events().into_iter();
    let fronts = fronts.filter_map(|event| match event {
        CallEvent::Front(number) => Some(number.0),
        _ => None,
    });
    assert_eq!(fronts.collect::<Vec<_>>(), [1, 2]);
    assert!(scene.did.contains(&Output::Sound(PcmWish::Stop)));
}

#[test]
fn what_happens_in_a_call_on_hold_is_told_as_its_own() {
    let mut scene = Scene::new();
    scene.second();
    scene.did.clear();
    scene.notice(true, false);
    scene.page(json!({"type":"role","call":8,"role":"Presenter"}));
    scene.page(json!({"type":"callEnded","call":7,"reason":{"code":0,"subCode":5003,"message":null,"categories":[]}}));
    let behind = scene.behind(1);
    assert!(matches!(
        behind[0],
        CallEvent::Notice {
            state: NoticeState::Active { .. },
            ..
        }
    ));
    assert!(matches!(
        behind[1],
        CallEvent::Ended {
            reason: EndReason { subcode: 5003, .. },
            ..
        }
    ));
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::Role(_)))
    );
    assert!(!scene.session.is_idle());
}

#[test]
fn a_call_on_hold_comes_back_to_the_front() {
    let mut scene = Scene::new();
    scene.second();
    scene.did.clear();
    scene.command(CallCommand::Switch(CallNumber(1)));
    assert_eq!((scene.sends("hold"), scene.sends("resume")), (1, 0));
    scene.done("hold", json!({}));
    assert_eq!(scene.sends("resume"), 1);
    assert!(scene.did.contains(&Output::Call(7)));
    scene.page(json!({"type":"callState","call":8,"state":"LocalHold"}));
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    let held = CallState::LocalHold;
    assert!(matches!(scene.behind(2)[..], [CallEvent::State { state, .. }] if *state == held));
    let wish = PcmWish::Start { audio: Audio::Full };
    assert!(scene.did.contains(&Output::Sound(wish)));
}

#[test]
fn a_call_that_cannot_be_held_stays_and_nothing_else_begins() {
    let mut scene = Scene::new();
    scene.connected();
    scene.join_as(CallNumber(2));
    let id = scene.asked("hold");
    let error = json!({"name":"E","message":"no","code":500,"subCode":41033,"categories":[]});
    scene.page(json!({"type":"failed","id":id,"error":error}));
    assert_eq!(scene.sends("join"), 1);
    let over = CallState::Disconnected;
    assert!(matches!(scene.behind(2)[..], [CallEvent::State { state, .. }] if *state == over));
    assert!(scene.events().iter().any(|e| matches!(
        e,
        CallEvent::ActionFailed(Failure {
            doing: Doing::Calling,
            ..
        })
    )));
}

#[test]
fn with_the_page_every_call_on_hold_is_gone_too() {
    let mut scene = Scene::new();
    scene.second();
    scene.handle(Input::PageEnded(Because::Lost));
    assert!(matches!(
        scene.behind(1)[..],
        [
            ..,
            CallEvent::SignallingLost { .. },
            CallEvent::Ended { .. }
        ]
    ));
}

#[test]
fn at_the_end_every_call_is_hung_up() {
    let mut scene = Scene::new();
    scene.second();
    scene.handle(Input::Closing);
    assert_eq!(scene.sends("hangUp"), 2);
    assert!(!scene.session.is_idle());
    scene.page(json!({"type":"callEnded","call":7,"reason":{"code":0,"subCode":0,"message":null,"categories":[]}}));
    scene.page(json!({"type":"callEnded","call":8,"reason":{"code":0,"subCode":0,"message":null,"categories":[]}}));
    assert!(scene.session.is_idle());
}

impl Scene {
    /// The page is there for a call of this kind.
    fn agent(&mut self) {
        self.page(json!({"type":"hello","version":1,"userAgent":"Chrome"}));
        self.page(json!({"type":"ready","hasSdk":true,"problem":null}));
        self.done("createAgent", json!({"agent":1,"connection":"Connected"}));
    }

    fn call(&mut self, whom: &str) {
        self.command(CallCommand::Join {
            number: CallNumber(1),
            locator: Locator::Person(whom.to_owned()),
            name: "Ada".to_owned(),
            audio: Audio::Full,
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

#[test]
fn a_person_is_called_and_heard_once_they_answer() {
    let mut scene = Scene::new();
    scene.with_phone();
    let sent = scene.sent("startCall");
    assert_eq!(sent["to"], json!(["4:+14255550123"]));
    assert_eq!(sent["muted"], json!(true));
    assert_eq!(scene.sends("unmute"), 1);
}

#[test]
fn what_is_announced_before_anybody_answers_is_heard() {
    let mut scene = Scene::new();
    scene.call("4:+14255550123");
    scene.agent();
    scene.done("startCall", json!({"call":7}));
    scene.page(json!({"type":"callState","call":7,"state":"EarlyMedia"}));
    let wish = PcmWish::Start { audio: Audio::Full };
    assert!(scene.did.contains(&Output::Sound(wish)));
    assert_eq!(scene.sends("unmute"), 0);
}

#[test]
fn an_external_user_calls_phones_by_a_number_of_their_own() {
    let mut scene = Scene::new();
    scene.session = Session::new(Own {
        caller_id: Some("+14255550100".to_owned()),
        emergency_country: Some("US".to_owned()),
        ..own(Identity::External)
    });
    scene.with_phone();
    let sent = scene.sent("startCall");
    assert_eq!(sent["alternateCallerId"], json!("+14255550100"));
    let sent = scene.sent("createAgent");
    assert_eq!(sent["emergencyCountry"], json!("US"));
    let who = RawId::new("4:+14255550199");
    scene.command(CallCommand::Add { who, thread: None });
    let sent = scene.sent("addParticipant");
    assert_eq!(sent["alternateCallerId"], json!("+14255550100"));
    let who = RawId::new("8:orgid:a");
    scene.command(CallCommand::Add { who, thread: None });
    assert_eq!(
        scene.sent("addParticipant")["alternateCallerId"],
        json!(null)
    );
}

#[test]
fn a_person_is_never_called_again_by_itself() {
    let mut scene = Scene::new();
    scene.with_phone();
    scene.page(json!({"type":"callEnded","call":7,"reason":{"code":410,"subCode":3112,"message":null,"categories":[]}}));
    assert!(matches!(scene.last(), CallEvent::Ended { .. }));
    assert!(scene.session.is_idle());
    let mut scene = Scene::new();
    scene.with_phone();
    scene.handle(Input::PageEnded(Because::Lost));
    assert!(matches!(scene.last(), CallEvent::Ended { .. }));
    assert_eq!(scene.sends("startCall"), 1);
}

#[test]
fn calls_are_waited_for_with_a_page_that_stays() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(true));
    assert!(scene.did.contains(&Output::Launch));
    scene.agent();
    assert!(matches!(scene.last(), CallEvent::Receiving(Ok(true))));
    scene.pass(Duration::from_mins(5), true);
    assert!(!scene.did.contains(&Output::End));
    scene.command(CallCommand::Receive(false));
    assert!(matches!(scene.last(), CallEvent::Receiving(Ok(false))));
    scene.pass(Duration::from_mins(2), true);
    assert!(scene.did.contains(&Output::End));
}

#[test]
fn a_page_that_was_lost_while_waiting_is_started_anew_and_said_once() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(true));
    scene.agent();
    scene.ring();
    scene.handle(Input::PageEnded(Because::Lost));
    let lost = |event: &&&CallEvent| matches!(event, CallEvent::Receiving(Err(_)));
    assert_eq!(scene.events().iter().filter(lost).count(), 1);
    let silent = |event: &&CallEvent| matches!(event, CallEvent::IncomingOver { .. });
    assert_eq!(scene.events().into_iter().filter(silent).count(), 1);
    for _ in 0..3 {
        scene.pass(Duration::from_secs(61), false);
        scene.handle(Input::PageEnded(Because::Lost));
    }
    let launches = scene.did.iter().filter(|o| **o == Output::Launch);
    assert_eq!(launches.count(), 4);
    assert_eq!(scene.events().iter().filter(lost).count(), 1);
    scene.pass(Duration::from_secs(61), false);
    scene.agent();
    assert!(matches!(scene.last(), CallEvent::Receiving(Ok(true))));
}

#[test]
fn a_call_that_rings_is_answered_or_refused() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(true));
    scene.agent();
    scene.ring();
    let CallEvent::Incoming(incoming) = scene.last() else {
        panic!("nobody calls")
    };
    assert_eq!(incoming.caller.name, "+14255550123");
    scene.command(CallCommand::Decline(incoming.number));
    assert_eq!(scene.sent("reject")["incoming"], json!(3));
    scene.command(CallCommand::Accept {
        number: CallNumber(1),
        incoming: incoming.number,
        name: "Ada".to_owned(),
        audio: Audio::Full,
        muted: true,
    });
    assert_eq!(scene.sent("accept")["incoming"], json!(3));
    scene.done("accept", json!({"call":7}));
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    assert_eq!(scene.sends("unmute"), 0, "answered muted");
}

#[test]
fn a_call_that_rings_no_more_is_said_and_the_one_on_hold_stays() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(true));
    scene.with_phone();
    scene.ring();
    scene.command(CallCommand::Accept {
        number: CallNumber(2),
        incoming: crate::model::call::IncomingNumber(3),
        name: "Ada".to_owned(),
        audio: Audio::Full,
        muted: false,
    });
    scene.done("hold", json!({}));
    scene.refuse("accept", 400, 41_006);
    let words = |event: &CallEvent| match event {
        CallEvent::ActionFailed(failure) => Some(format!("{:?}", failure.because)),
        _ => None,
    };
    let said = scene.events().into_iter().find_map(words).unwrap();
    assert!(said.contains("does not ring any more"), "{said}");
    scene.command(CallCommand::Switch(CallNumber(1)));
    assert_eq!(scene.sends("resume"), 1);
}

#[test]
fn a_call_on_a_page_that_was_there_for_long_has_all_its_time() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(true));
    scene.agent();
    scene.pass(Duration::from_mins(10), true);
    scene.call("4:+14255550123");
    scene.pass(CONNECT * 9 / 10, true);
    assert!(!scene.session.is_idle());
    scene.pass(CONNECT / 5, true);
    assert!(scene.session.is_idle());
}

#[test]
fn keys_of_a_phone_are_pressed_one_after_the_other() {
    let mut scene = Scene::new();
    scene.with_phone();
    let tones = crate::model::call::Tones::parse("1*#").unwrap();
    scene.command(CallCommand::Tones(tones.clone()));
    for tone in ["Num1", "Star", "Pound"] {
        assert_eq!(scene.sent("sendDtmf")["tone"], json!(tone));
        scene.done("sendDtmf", json!({}));
    }
    assert!(matches!(scene.last(), CallEvent::TonesSent(3)));
    scene.command(CallCommand::Tones(tones));
    scene.refuse("sendDtmf", 400, 0);
    assert_eq!(
        scene.sends("sendDtmf"),
        4,
        "the rest would mean something else"
    );
    assert!(matches!(scene.last(), CallEvent::ActionFailed(_)));
}

#[test]
fn a_call_is_handed_on_and_its_states_are_told() {
    use crate::model::call::TransferStep;
    use crate::model::call::TransferTo;
    let mut scene = Scene::new();
    scene.second();
    let transfer = |state: &str, code: Option<i64>| json!({"type":"transfer","call":8,"transfer":1,"state":state,"code":code,"subCode":code});
    let person = TransferTo::Person(RawId::new("28:orgid:queue"));
    scene.command(CallCommand::Transfer(person));
    assert_eq!(scene.sent("transfer")["to"], json!({"id":"28:orgid:queue"}));
    let voicemail = TransferTo::Voicemail(RawId::new("8:orgid:a"));
    scene.command(CallCommand::Transfer(voicemail));
    assert_eq!(
        scene.sent("transfer")["to"],
        json!({"voicemail":"8:orgid:a"})
    );
    scene.command(CallCommand::Transfer(TransferTo::Held(CallNumber(1))));
    assert_eq!(scene.sent("transfer")["to"], json!({"call":7}));
    scene.page(transfer("Transferring", None));
    assert_eq!(scene.last(), CallEvent::Transfer(TransferStep::Begun));
    scene.page(transfer("Transferred", None));
    assert_eq!(scene.last(), CallEvent::Transfer(TransferStep::Done));
    scene.page(transfer("Failed", Some(403)));
    assert!(matches!(
        scene.last(),
        CallEvent::Transfer(TransferStep::Failed(EndReason { code: 403, .. }))
    ));
}

#[test]
fn who_is_handed_on_stays_in_front_in_another_call_of_the_page() {
    let mut scene = Scene::new();
    scene.with_phone();
    scene.page(json!({
        "type":"call","call":9,"agent":1,"kind":"TeamsCall","direction":"Outgoing","cause":"transfer",
        "from":7,"caller":null,"transferor":null,"isEmergency":false,"sdkId":"x",
    }));
    assert_eq!(scene.last(), CallEvent::HandedOn);
    assert!(scene.did.contains(&Output::Call(9)));
    scene.page(json!({"type":"callEnded","call":7,"reason":{"code":0,"subCode":7015,"message":null,"categories":[]}}));
    assert!(!scene.session.is_idle());
    scene.command(CallCommand::Leave);
    assert_eq!(scene.sent("hangUp")["call"], json!(9));
}

/// What the service refuses (teams-interop 4, 7.2 and 9), and words that the reason must hold.
const REFUSALS: &[(&str, i64, i64, &str)] = &[
    ("startCall", 412, 41_056, "has not enabled phone calls"),
    ("startCall", 403, 5223, "may not be called from outside"),
    ("startCall", 403, 5221, "external people may not"),
    ("startCall", 403, 5222, "may not start this"),
    ("startCall", 403, 5828, "not invited"),
    ("startCall", 480, 10_134, "cannot be routed"),
    ("startCall", 480, 10_199, "private calling is disabled"),
    ("startCall", 0, 10_119, "may not reach this person"),
    ("startCall", 0, 10_124, "may not reach this person"),
    ("startCall", 400, 40_613, "microphone may not be used"),
    ("startCall", 409, 40_228, "in a call elsewhere"),
];

#[test]
fn what_the_service_refuses_is_said_in_words_with_its_numbers_beside_them() {
    for (command, code, sub_code, words) in REFUSALS {
        let mut scene = Scene::new();
        scene.call("8:orgid:a");
        scene.agent();
        scene.refuse(command, *code, *sub_code);
        let failure = scene.events().into_iter().find_map(|event| match event {
            CallEvent::ActionFailed(failure) => Some(failure.clone()),
            _ => None,
        });
        let failure = failure.unwrap();
        assert_eq!(failure.doing, Doing::Calling);
        let said = format!("{:?}", failure.because);
        assert!(said.contains(words), "{code}/{sub_code}: {said}");
        assert!(said.contains(&format!("subcode {sub_code}")), "{said}");
        assert!(scene.session.is_idle());
    }
}

#[test]
fn a_call_that_ends_for_its_token_is_joined_again_with_another_and_not_twice() {
    let mut scene = Scene::new();
    scene.connected();
    let end = |call: u64| json!({"type":"callEnded","call":call,"reason":{"code":401,"subCode":10_009,"message":null,"categories":[]}});
    // As often as it was in the call in between: a token lives an hour, a call longer.
    for call in [7, 8] {
        scene.page(end(call));
        scene.pass(BACK_OFF * 3, true);
        // The SDK keeps the token of an agent: there must be another agent.
        let id = scene.asked("disposeAgent");
        scene.page(json!({"type":"done","id":id,"result":null}));
        scene.page(json!({"type":"tokenWanted","wanted":call,"identity":"external","agent":null}));
        let wanted = Output::Token {
            wanted: call,
            refused: true,
        };
        assert!(scene.did.contains(&wanted));
        let id = scene.asked("createAgent");
        scene.page(json!({"type":"done","id":id,"result":{"agent":call,"connection":"Connected"}}));
        let id = scene.asked("join");
        scene.page(json!({"type":"done","id":id,"result":{"call":call + 1}}));
        if call == 7 {
            scene.page(json!({"type":"callState","call":8,"state":"Connected"}));
        }
    }
    scene.page(end(9));
    let last = scene.events().pop();
    assert!(matches!(last, Some(CallEvent::Ended { .. })), "{last:?}");
}

#[test]
fn a_call_that_is_lost_right_after_the_door_is_not_said_to_be_unrecorded() {
    let mut scene = Scene::new();
    scene.connected();
    scene.notice(false, false);
    let end = json!({"code":410,"subCode":3112,"message":null,"categories":[]});
    scene.page(json!({"type":"callEnded","call":7,"reason":end}));
    scene.pass(SETTLING + SETTLING / 2, true);
    assert_eq!(scene.told(), []);
}
