//! Raw sound that is refused: the devices of the browser instead.

use super::*;
use crate::call::bridge::browser::Sounds;
use crate::model::sound::BySystem;

fn refused(scene: &mut Scene) {
    refused_by(scene, "CallingCommunicationError");
}

fn refused_by(scene: &mut Scene, name: &str) {
    scene.page(json!({
        "type":"audio","call":7,"mode":"system","wanted":"raw","hasCapture":false,"hasPlayback":true,
        "error":{"name":name,"message":"no","code":412,"subCode":41073,"categories":[]},
    }));
}

#[test]
fn a_meeting_is_joined_once_more_in_a_browser_with_devices() {
    let mut scene = Scene::new();
    scene.connected();
    assert_eq!(scene.session.sounds(), Sounds::StandIn);
    assert_eq!(scene.sent("join")["audio"], "raw");
    refused(&mut scene);
    let events = scene.events();
    let says = |e: &&&CallEvent| matches!(e, CallEvent::BySystem(BySystem::Refused(_)));
    assert_eq!(events.iter().filter(says).count(), 1);
    // Nobody can tell whether it is recorded until we are back.
    assert!(
        events
            .iter()
            .any(|e| matches!(e, CallEvent::SignallingLost { .. }))
    );
    scene.done("hangUp", json!({}));
    assert!(scene.did.contains(&Output::End));
    assert_eq!(scene.session.sounds(), Sounds::System);
    scene.did.clear();
    scene.ready();
    assert_eq!(scene.sent("join")["audio"], "system");
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    // Ours stay closed.
    assert!(
        !scene
            .did
            .iter()
            .any(|o| matches!(o, Output::Sound(PcmWish::Start { .. })))
    );
}

#[test]
fn nobody_is_called_once_more_by_themselves() {
    let mut scene = Scene::new();
    scene.with_phone();
    refused(&mut scene);
    assert_eq!(scene.sends("hangUp"), 0);
    assert!(matches!(scene.last(), CallEvent::RawRefused(refusal) if refusal.lasts));
    assert_eq!(scene.session.sounds(), Sounds::StandIn);
}

fn by_system(scene: &Scene) -> Vec<BySystem> {
    let why = |event: &CallEvent| match event {
        CallEvent::BySystem(why) => Some(why.clone()),
        _ => None,
    };
    scene.events().into_iter().filter_map(why).collect()
}

#[test]
fn what_was_chosen_is_so_from_the_start() {
    let mut scene = Scene::new();
    scene.join_by(CallNumber(1), AudioMode::System);
    assert_eq!(scene.session.sounds(), Sounds::System);
    assert_eq!(by_system(&scene), [BySystem::Chosen]);
    scene.ready();
    assert_eq!(scene.sent("join")["audio"], "system");
    assert_eq!(
        scene.did.iter().filter(|o| **o == Output::Launch).count(),
        1
    );
    // A person is called by the same way.
    let mut scene = Scene::new();
    scene.call_by("4:+14255550123", AudioMode::System);
    scene.agent();
    assert_eq!(scene.sent("startCall")["audio"], "system");
    assert_eq!(scene.session.sounds(), Sounds::System);
}

#[test]
fn a_page_that_is_still_there_of_the_other_way_is_not_used() {
    let mut scene = Scene::new();
    scene.connected();
    scene.page(json!({"type":"callEnded","call":7,"reason":{"code":0,"subCode":0,"message":null,"categories":[]}}));
    scene.did.clear();
    scene.join_by(CallNumber(2), AudioMode::System);
    let browser: Vec<_> = scene
        .did
        .iter()
        .filter(|o| matches!(o, Output::End | Output::Launch))
        .collect();
    assert_eq!(browser, [&Output::End, &Output::Launch]);
    assert_eq!(scene.session.sounds(), Sounds::System);
    scene.ready();
    scene.page(json!({"type":"callEnded","call":7,"reason":{"code":0,"subCode":0,"message":null,"categories":[]}}));
    scene.join_as(CallNumber(3));
    assert_eq!(scene.session.sounds(), Sounds::StandIn);
}

#[test]
fn what_waits_in_a_browser_keeps_it_and_that_is_said() {
    let mut scene = Scene::new();
    scene.join_by(CallNumber(1), AudioMode::System);
    scene.ready();
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    scene.join_as(CallNumber(2));
    scene.done("hold", json!({}));
    assert_eq!(by_system(&scene), [BySystem::Chosen, BySystem::Shared]);
    assert_eq!(scene.sent("join")["audio"], "system");
}

#[test]
fn whoever_wants_no_sound_gets_none_from_the_browser_either() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Join {
        number: CallNumber(1),
        locator: Locator::MeetingId {
            id: "123".to_owned(),
            passcode: None,
        },
        name: "Ada".to_owned(),
        audio: Audio::None,
        mode: AudioMode::System,
    });
    scene.ready();
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    refused(&mut scene);
    assert_eq!(scene.session.sounds(), Sounds::StandIn);
    assert_eq!(by_system(&scene), []);
    assert_eq!(scene.sends("hangUp"), 0);
}

#[test]
fn what_went_wrong_in_the_page_itself_is_not_for_good() {
    let mut scene = Scene::new();
    scene.connected();
    refused_by(&mut scene, "NotAllowedError");
    let [BySystem::Refused(refusal)] = &by_system(&scene)[..] else {
        panic!("{:?}", by_system(&scene));
    };
    assert!(!refusal.lasts);
}

#[test]
fn calls_are_waited_for_in_a_browser_with_what_they_are_answered_with() {
    let mut scene = Scene::new();
    scene.command(CallCommand::Receive(Some(AudioMode::System)));
    scene.agent();
    assert_eq!(scene.session.sounds(), Sounds::System);
    scene.did.clear();
    // Chosen anew while nobody calls.
    scene.command(CallCommand::Receive(Some(AudioMode::Raw)));
    assert!(scene.did.contains(&Output::End) && scene.did.contains(&Output::Launch));
    assert_eq!(scene.session.sounds(), Sounds::StandIn);
    // And in a call, once it is over.
    scene.agent();
    scene.call("4:+14255550123");
    scene.done("startCall", json!({"call":7}));
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    scene.did.clear();
    scene.command(CallCommand::Receive(Some(AudioMode::System)));
    assert!(!scene.did.contains(&Output::End));
    scene.page(json!({"type":"callEnded","call":7,"reason":{"code":0,"subCode":0,"message":null,"categories":[]}}));
    assert!(scene.did.contains(&Output::Launch));
    assert_eq!(scene.session.sounds(), Sounds::System);
}
