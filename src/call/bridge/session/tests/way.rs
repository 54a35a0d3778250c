//! Raw sound that is refused: the devices of the browser instead.

use super::*;
use crate::call::bridge::browser::Sounds;

fn refused(scene: &mut Scene) {
    scene.page(json!({
        "type":"audio","call":7,"mode":"system","wanted":"raw","hasCapture":false,"hasPlayback":true,
        "error":{"name":"CallingCommunicationError","message":"no","code":412,"subCode":41073,"categories":[]},
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
    let says = |e: &&&CallEvent| matches!(e, CallEvent::ByBrowser { reason: Some(_) });
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
    assert!(matches!(scene.last(), CallEvent::ActionFailed(_)));
    assert_eq!(scene.session.sounds(), Sounds::StandIn);
}
