//! A call by way of the page: begun, lost, joined again, over.

use super::*;

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
fn a_call_that_stood_for_a_minute_is_joined_once_more_again() {
    for (stood, launched) in [(STANDS, 3), (STANDS / 2, 2)] {
        let mut scene = Scene::new();
        scene.connected();
        scene.handle(Input::PageEnded(Because::Lost));
        scene.ready();
        scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
        scene.pass(stood, true);
        scene.handle(Input::PageEnded(Because::Lost));
        let launches = scene.did.iter().filter(|o| **o == Output::Launch);
        assert_eq!(launches.count(), launched, "after {stood:?}");
    }
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
fn an_answer_about_consent_is_for_one_recording_and_the_next_asks_anew() {
    for agreed in [true, false] {
        let mut scene = Scene::new();
        scene.answers_about_consent(agreed);
        if agreed {
            // It clears what it asked for.
            scene.notice(true, false);
        }
        scene.notice(false, false);
        scene.did.clear();
        scene.notice(true, true);
        assert!(scene.events().contains(&&CallEvent::ConsentRequired(true)));
    }
}

#[test]
fn who_leaves_and_comes_before_there_is_an_agent_gets_one_agent_and_one_call() {
    let mut scene = Scene::new();
    // So that the page stays when nobody is in a call.
    scene.command(CallCommand::Receive(Some(AudioMode::Raw)));
    scene.join();
    scene.page(json!({"type":"hello","version":1,"userAgent":"Chrome"}));
    scene.page(json!({"type":"ready","hasSdk":true,"problem":null}));
    scene.command(CallCommand::Leave);
    scene.join_as(CallNumber(2));
    assert_eq!(scene.sends("createAgent"), 1);
    let id = scene.asked("createAgent");
    scene.page(json!({"type":"done","id":id,"result":{"agent":1,"connection":"Connected"}}));
    assert_eq!(scene.sends("join"), 1);
}

#[test]
fn an_answer_about_consent_is_not_asked_for_again_after_a_doubt() {
    for agreed in [true, false] {
        let mut scene = Scene::new();
        scene.answers_about_consent(agreed);
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
    assert_eq!(scene.ends_said(), 1);
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
