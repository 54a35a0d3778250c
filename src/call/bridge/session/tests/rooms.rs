//! Breakout rooms: one call to the program, several to the page.

use super::*;
use crate::model::thread::ThreadId;

impl Scene {
    fn rooms(&mut self) {
        let room = |thread: &str, name: &str| json!({"threadId":thread,"displayName":name,"state":"open","movesByItself":false,"invitees":[],"call":null});
        self.page(json!({
            "type":"breakoutRooms","call":7,"assigned":room("19:one", "Room 1"),
            "rooms":[room("19:one", "Room 1"), room("19:two", "Room 2")],
            "settings":{"disableReturn":false,"endsAt":null,"endsIn":60000},
        }));
    }

    pub(super) fn taken(&mut self, inside: u64) {
        self.page(json!({
            "type":"call","call":inside,"agent":1,"kind":"TeamsCall","direction":"Outgoing",
            "cause":"breakoutRoom","from":7,"caller":null,"transferor":null,"isEmergency":false,"sdkId":"x",
        }));
    }

    fn moves(&self) -> Vec<Option<String>> {
        let moved = |event: &CallEvent| match event {
            CallEvent::Moved { room, .. } => Some(room.clone()),
            _ => None,
        };
        self.events().into_iter().filter_map(moved).collect()
    }

    fn ends(&mut self, call: u64) {
        self.page(json!({"type":"callEnded","call":call,"reason":{"code":0,"subCode":5030,"message":null,"categories":[]}}));
    }
}

#[test]
fn a_room_is_entered_by_wish_and_the_meeting_is_returned_to() {
    let mut scene = Scene::new();
    scene.connected();
    scene.rooms();
    scene.command(CallCommand::EnterRoom(ThreadId::new("19:two")));
    assert_eq!(scene.sent("joinBreakoutRoom")["threadId"], json!("19:two"));
    scene.done("joinBreakoutRoom", json!({"call":8}));
    scene.taken(8);
    assert_eq!(scene.moves(), [Some("Room 2".to_owned())]);
    assert!(scene.did.contains(&Output::Call(8)));
    scene.command(CallCommand::ReturnToMeeting);
    assert_eq!(scene.sent("returnToMeeting")["call"], json!(7));
    scene.ends(8);
    scene.done("returnToMeeting", json!({"call":7}));
    assert_eq!(scene.moves(), [Some("Room 2".to_owned()), None]);
    assert!(!scene.session.is_idle());
}

#[test]
fn whoever_is_moved_is_in_the_room_they_were_assigned_to() {
    let mut scene = Scene::new();
    scene.connected();
    scene.rooms();
    scene.taken(8);
    assert_eq!(scene.moves(), [Some("Room 1".to_owned())]);
    scene.taken(8);
    assert_eq!(scene.moves().len(), 1, "said once more, and no news");
    scene.ends(8);
    assert_eq!(scene.moves(), [Some("Room 1".to_owned()), None]);
}

#[test]
fn what_is_recorded_in_the_meeting_is_not_said_of_the_room() {
    let mut scene = Scene::new();
    scene.connected();
    scene.pass(SETTLING + Duration::from_millis(1), true);
    scene.notice(true, false);
    scene.rooms();
    scene.taken(8);
    scene.did.clear();
    // Of the meeting, which goes on meanwhile.
    scene.notice(false, false);
    scene.notice(true, false);
    assert_eq!(scene.told(), []);
    scene.page(json!({"type":"notice","call":8,"notice":"recording","isActive":false,"isConsentRequired":false,"parts":[]}));
    assert_eq!(scene.told(), [], "it is not known yet");
    scene.pass(SETTLING + Duration::from_millis(1), true);
    assert_eq!(scene.told(), [(off(), true)]);
}

#[test]
fn leaving_a_room_leaves_the_meeting_too() {
    let mut scene = Scene::new();
    scene.connected();
    scene.rooms();
    scene.taken(8);
    scene.command(CallCommand::Leave);
    assert_eq!(scene.sends("hangUp"), 2);
    assert_eq!(scene.sent("hangUp")["call"], json!(8));
    scene.ends(8);
    assert!(scene.session.is_idle());
}

#[test]
fn a_room_whose_meeting_is_over_ends_the_call() {
    let mut scene = Scene::new();
    scene.connected();
    scene.rooms();
    scene.taken(8);
    scene.ends(7);
    assert!(!scene.session.is_idle());
    scene.ends(8);
    assert!(scene.session.is_idle());
}

fn states(scene: &Scene) -> Vec<CallState> {
    let state = |event: &CallEvent| match event {
        CallEvent::State { state, .. } => Some(*state),
        _ => None,
    };
    scene.events().into_iter().filter_map(state).collect()
}

#[test]
fn a_meeting_that_is_left_on_hold_when_a_room_closes_is_taken_up_again() {
    let mut scene = Scene::new();
    scene.connected();
    scene.rooms();
    scene.taken(8);
    scene.ends(8);
    scene.did.clear();
    scene.page(json!({"type":"callState","call":7,"state":"LocalHold"}));
    assert_eq!(scene.sent("resume")["call"], json!(7));
    assert!(states(&scene).is_empty(), "it is not on hold for anybody");
    scene.done("resume", json!({}));
    scene.page(json!({"type":"callState","call":7,"state":"Connected"}));
    assert_eq!(states(&scene), [CallState::Connected]);
    // On hold later, by the person: left alone.
    scene.command(CallCommand::Hold(true));
    scene.page(json!({"type":"callState","call":7,"state":"LocalHold"}));
    assert_eq!(scene.sends("resume"), 1);
}

#[test]
fn it_stays_on_hold_where_the_person_had_put_it_there_or_where_that_fails() {
    let mut scene = Scene::new();
    scene.connected();
    scene.command(CallCommand::Hold(true));
    scene.page(json!({"type":"callState","call":7,"state":"LocalHold"}));
    scene.rooms();
    scene.taken(8);
    scene.ends(8);
    scene.page(json!({"type":"callState","call":7,"state":"LocalHold"}));
    assert_eq!(scene.sends("resume"), 0);
    assert_eq!(states(&scene).last(), Some(&CallState::LocalHold));
    let mut scene = Scene::new();
    scene.connected();
    scene.rooms();
    scene.taken(8);
    scene.ends(8);
    scene.page(json!({"type":"callState","call":7,"state":"LocalHold"}));
    scene.refuse("resume", 500, 41_034);
    assert_eq!(states(&scene).last(), Some(&CallState::LocalHold));
    assert!(matches!(scene.last(), CallEvent::ActionFailed(_)));
}

#[test]
fn numbers_to_dial_in_with_are_told_with_their_places() {
    let mut scene = Scene::new();
    scene.connected();
    scene.command(CallCommand::DialIn);
    scene.done("dialIn", json!({"conferenceId":"123 456","numbers":[{"toll":"+4930123","tollFree":"+49800123","country":"Germany","city":"Berlin"}]}));
    let CallEvent::DialIn(how) = scene.last() else {
        panic!("{:?}", scene.last());
    };
    assert_eq!(how.conference, "123 456");
    let numbers: Vec<_> = how
        .numbers
        .iter()
        .map(|n| (n.number.as_str(), n.toll_free, n.place.as_str()))
        .collect();
    assert_eq!(
        numbers,
        [
            ("+4930123", false, "Berlin, Germany"),
            ("+49800123", true, "Berlin, Germany")
        ]
    );
}

#[test]
fn who_shares_a_screen_and_who_is_in_the_spotlight_is_in_the_roster() {
    let mut scene = Scene::new();
    scene.connected();
    scene.page(json!({"type":"participant","call":7,"participant":{
        "id":"8:orgid:bob","displayName":"Bob","state":"Connected","role":"Presenter",
        "isMuted":true,"isSpeaking":false,"isSharingScreen":true,"endpoints":1}}));
    scene.page(json!({"type":"spotlight","call":7,"most":7,"spotlighted":[{"id":"8:orgid:bob","order":1}]}));
    let CallEvent::RosterChanged(entry) = scene.last() else {
        panic!("{:?}", scene.last());
    };
    assert!(entry.sharing && entry.spotlit);
    scene.command(CallCommand::EndSpotlight(None));
    assert_eq!(scene.sends("stopAllSpotlight"), 1);
}
