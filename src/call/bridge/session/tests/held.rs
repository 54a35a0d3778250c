//! Calls on hold behind the one in front.

use super::*;

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
