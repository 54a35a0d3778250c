//! Calls with people and phones.

use super::*;

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
    assert_eq!(scene.ends_said(), 1);
    assert!(scene.session.is_idle());
    let mut scene = Scene::new();
    scene.with_phone();
    scene.handle(Input::PageEnded(Because::Lost));
    assert_eq!(scene.ends_said(), 1);
    assert_eq!(scene.sends("startCall"), 1);
}

#[test]
fn calls_are_waited_for_with_a_page_that_stays() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(Some(AudioMode::Raw)));
    assert!(scene.did.contains(&Output::Launch));
    scene.agent();
    assert!(matches!(scene.last(), CallEvent::Receiving(Ok(true))));
    scene.pass(Duration::from_mins(5), true);
    assert!(!scene.did.contains(&Output::End));
    scene.command(CallCommand::Receive(None));
    assert!(matches!(scene.last(), CallEvent::Receiving(Ok(false))));
    scene.pass(Duration::from_mins(2), true);
    assert!(scene.did.contains(&Output::End));
}

#[test]
fn a_page_that_was_lost_while_waiting_is_started_anew_and_said_once() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(Some(AudioMode::Raw)));
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
    scene.command(CallCommand::Receive(Some(AudioMode::Raw)));
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
        mode: AudioMode::Raw,
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
    scene.command(CallCommand::Receive(Some(AudioMode::Raw)));
    scene.with_phone();
    scene.ring();
    scene.command(CallCommand::Accept {
        number: CallNumber(2),
        incoming: crate::model::call::IncomingNumber(3),
        name: "Ada".to_owned(),
        audio: Audio::Full,
        mode: AudioMode::Raw,
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
    scene.command(CallCommand::Receive(Some(AudioMode::Raw)));
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
