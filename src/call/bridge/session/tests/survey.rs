//! The vendor's survey of a call that is over.

use super::*;
use crate::model::call::Rating;

impl Scene {
    fn over(&mut self, call: u64, code: i64, sub_code: i64) {
        self.page(json!({"type":"callEnded","call":call,"reason":{"code":code,"subCode":sub_code,"message":null,"categories":[]}}));
    }

    fn rateable(&self) -> Vec<bool> {
        let told = |event: &CallEvent| match event {
            CallEvent::Rateable(is) => Some(*is),
            _ => None,
        };
        self.events().into_iter().filter_map(told).collect()
    }

    fn rate(&mut self, score: &str) {
        self.command(CallCommand::Rate(Rating::parse(score).unwrap()));
    }

    fn failed_to_rate(&self) -> bool {
        let failed = |event: &CallEvent| match event {
            CallEvent::ActionFailed(failure) => failure.doing == Doing::Rating,
            _ => false,
        };
        self.events().into_iter().any(failed)
    }
}

fn rated(score: &str) -> CallEvent {
    CallEvent::Rated(Rating::parse(score).unwrap())
}

#[test]
fn a_call_that_is_over_can_be_rated_once_and_nothing_is_sent_before() {
    let mut scene = Scene::new();
    scene.connected();
    scene.over(7, 0, 5000);
    assert_eq!(scene.rateable(), [true]);
    let said = scene.events();
    let at = |is: fn(&CallEvent) -> bool| said.iter().position(|e| is(e)).unwrap();
    // That it is over is said first.
    assert!(at(|e| matches!(e, CallEvent::Ended { .. })) < at(|e| *e == CallEvent::Rateable(true)));
    assert_eq!(scene.sends("submitSurvey"), 0);
    scene.rate("4");
    let sent = scene.sent("submitSurvey");
    assert_eq!(sent["call"], 7);
    assert_eq!(sent["overall"], json!({"score":4,"issues":[]}));
    assert_eq!(sent["audio"], json!(null));
    scene.done("submitSurvey", json!({"survey":"x"}));
    assert_eq!(scene.last(), rated("4"));
    scene.rate("5");
    assert_eq!(scene.sends("submitSurvey"), 1);
}

#[test]
fn our_own_leaving_is_answered_before_or_after_the_call_is_over() {
    for ends_first in [true, false] {
        let mut scene = Scene::new();
        scene.connected();
        scene.command(CallCommand::Leave);
        if ends_first {
            scene.over(7, 0, 0);
        }
        scene.done("hangUp", json!({}));
        assert_eq!(scene.rateable().len(), usize::from(ends_first));
        if !ends_first {
            scene.over(7, 0, 0);
        }
        assert_eq!(scene.rateable(), [true]);
    }
}

#[test]
fn what_nobody_was_in_or_is_joined_again_is_not_rated() {
    let mut scene = Scene::new();
    scene.join();
    scene.ready();
    scene.over(7, 403, 5300);
    assert!(scene.rateable().is_empty());
    let mut scene = Scene::new();
    scene.connected();
    scene.over(7, 490, 0);
    assert!(scene.rateable().is_empty());
    scene.rate("1");
    assert_eq!(scene.sends("submitSurvey"), 0);
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, CallEvent::ActionFailed(_)))
    );
}

#[test]
fn what_could_not_be_sent_may_be_tried_again() {
    let mut scene = Scene::new();
    scene.connected();
    scene.over(7, 0, 0);
    scene.rate("2");
    scene.refuse("submitSurvey", 500, 1);
    assert_eq!(scene.last(), CallEvent::Rateable(true));
    scene.rate("2");
    assert_eq!(scene.sends("submitSurvey"), 2);
}

#[test]
fn a_rating_on_its_way_is_not_lost_without_a_word() {
    let mut scene = Scene::new();
    scene.connected();
    scene.over(7, 0, 0);
    scene.rate("2");
    scene.handle(Input::PageEnded(Because::Lost));
    assert!(scene.failed_to_rate());
    assert_eq!(scene.rateable().last(), Some(&false));
}

#[test]
fn what_becomes_of_a_rating_is_told_although_the_next_call_has_begun() {
    let begun = |mode| {
        let mut scene = Scene::new();
        scene.connected();
        scene.over(7, 0, 0);
        scene.rate("4");
        scene.join_by(CallNumber(2), mode);
        scene
    };
    let mut scene = begun(AudioMode::Raw);
    scene.done("submitSurvey", json!({"survey":"x"}));
    assert_eq!(scene.last(), rated("4"));
    let mut scene = begun(AudioMode::Raw);
    scene.refuse("submitSurvey", 500, 1);
    assert!(scene.failed_to_rate());
    // In another browser, which ends the one that the rating goes by.
    let scene = begun(AudioMode::System);
    assert!(scene.did.contains(&Output::End));
    assert!(scene.failed_to_rate());
}

#[test]
fn an_answer_that_comes_after_the_next_call_takes_nothing_from_that_call() {
    let mut scene = Scene::new();
    scene.connected();
    scene.over(7, 0, 0);
    scene.rate("4");
    let first = scene.asked("submitSurvey");
    scene.join_as(CallNumber(2));
    scene.done("join", json!({"call":8}));
    scene.page(json!({"type":"callState","call":8,"state":"Connected"}));
    scene.over(8, 0, 0);
    scene.page(json!({"type":"done","id":first,"result":{"survey":"x"}}));
    scene.rate("5");
    assert_eq!(scene.sent("submitSurvey")["call"], 8);
}

#[test]
fn the_page_stays_three_minutes_for_it_and_not_for_more() {
    let mut scene = Scene::new();
    scene.connected();
    scene.over(7, 0, 0);
    scene.pass(Duration::from_secs(170), true);
    assert!(!scene.did.contains(&Output::End));
    scene.pass(Duration::from_secs(20), true);
    assert!(scene.did.contains(&Output::End));
    assert_eq!(scene.rateable(), [true, false]);
}

#[test]
fn the_next_call_leaves_no_rating_of_the_last() {
    let mut scene = Scene::new();
    scene.connected();
    scene.over(7, 0, 0);
    scene.join_as(CallNumber(2));
    assert_eq!(scene.rateable(), [true, false]);
}

#[test]
fn a_meeting_that_is_left_from_its_room_is_rated_as_whatever_ended_last() {
    for order in [[8, 7], [7, 8]] {
        let mut scene = Scene::new();
        scene.connected();
        scene.taken(8);
        scene.command(CallCommand::Leave);
        for call in order {
            scene.over(call, 0, 0);
        }
        assert_eq!(scene.rateable(), [true], "{order:?}");
        scene.rate("3");
        assert_eq!(scene.sent("submitSurvey")["call"], order[1]);
    }
}

#[test]
fn a_call_behind_that_ends_later_is_what_the_page_keeps() {
    let mut scene = Scene::new();
    scene.second();
    scene.over(8, 0, 0);
    assert_eq!(scene.rateable(), [true]);
    scene.over(7, 0, 0);
    assert_eq!(scene.rateable(), [true, false]);
}
