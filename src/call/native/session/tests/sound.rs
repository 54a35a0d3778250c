//! Offers and answers on their way, and what is asked for again on another socket.

use crate::model::turn::Turn;
use crate::model::turn::TurnKind;
use crate::model::turn::Typed;
use crate::wire::local;
use crate::wire::local::Answer;
use crate::wire::local::Person;
use crate::wire::local::Sdp;

use super::*;

const START: MediaWish = MediaWish::Start { audio: Audio::Full };

fn state(state: WireState) -> ToClient {
    ToClient::CallState { state }
}

fn offer() -> Input<'static> {
    Input::Media(MediaWord::Offer(Sdp("v=0".into())))
}

impl Call {
    fn commands(&mut self, command: CallCommand) -> Led {
        self.give(Input::Command(command))
    }
}

#[test]
fn sound_starts_inside_once_and_stops_on_hold() {
    let mut call = Call::new();
    call.joins();
    call.give(Input::Opened);
    assert_eq!(call.hears(&state(WireState::InLobby)).wishes, []);
    assert_eq!(call.hears(&state(WireState::Connected)).wishes, [START]);
    // The whole state again is no new start.
    assert_eq!(call.hears(&state(WireState::Connected)).wishes, []);
    assert_eq!(
        call.hears(&state(WireState::LocalHold)).wishes,
        [MediaWish::Stop]
    );
    assert_eq!(call.give(offer()).sent, []);
    assert_eq!(call.hears(&state(WireState::Connected)).wishes, [START]);
    assert_eq!(call.is_ended(0, 5300).wishes, [MediaWish::Stop]);
}

#[test]
fn offers_go_out_and_answers_come_in() {
    let mut call = Call::connected();
    let sdp = Sdp("v=0".into());
    let sent = call.give(offer()).sent;
    assert_eq!(sent, [ToService::Offer { sdp: sdp.clone() }]);
    let answer = Answer {
        sdp: sdp.clone(),
        candidates: vec!["candidate:1".into()],
    };
    let candidates = answer.candidates.clone();
    let led = call.hears(&ToClient::Answer(answer));
    assert_eq!(led.wishes, [MediaWish::Answer { sdp, candidates }]);
    assert_eq!(led.events, []);
}

#[test]
fn a_refused_offer_is_the_sounds_business_and_no_error_of_the_person() {
    let mut call = Call::connected();
    let refused = Refused {
        request: "offer".into(),
        reason: "FeatureNotSupported".into(),
    };
    let led = call.hears(&ToClient::Refused(refused));
    let reason = "FeatureNotSupported".to_owned();
    assert_eq!(led.wishes, [MediaWish::Refused { reason }]);
    assert_eq!(led.events, []);
}

#[test]
fn where_the_sound_hears_nothing_either_the_socket_is_given_up_at_once() {
    let mut call = Call::connected();
    call.after(230);
    call.millis += 920;
    let led = call.give(offer());
    assert_eq!((led.closed, led.sent), (true, vec![]));
    assert_eq!(call.deadline(), Some(0));
    assert_eq!(call.after(0).opened, [Token::Current]);
    assert!(call.give(Input::Opened).rejoins().is_some());
    assert_eq!(call.hears(&state(WireState::Connected)).wishes, [START]);
}

#[test]
fn another_socket_starts_the_sound_again_and_asks_for_what_is_wanted() {
    let mut call = Call::connected();
    call.commands(CallCommand::Captions(true));
    call.commands(CallCommand::Levels(true));
    call.commands(CallCommand::Deafen(true));
    call.commands(CallCommand::Levels(false));
    call.give(Input::Closed(Because::Lost));
    // What is asked for meanwhile is no failure: it goes with the next socket.
    let led = call.commands(CallCommand::Captions(true));
    assert_eq!((led.sent, led.events), (vec![], vec![]));
    call.after(0);
    let sent = call.give(Input::Opened).sent;
    assert!(matches!(sent[0], ToService::Join(_)));
    assert_eq!(
        sent[1..],
        [
            ToService::Captions { on: true },
            ToService::Deafen { deafened: true }
        ]
    );
    assert_eq!(call.hears(&state(WireState::Connected)).wishes, [START]);
}

#[test]
fn who_joins_without_sound_starts_none() {
    let mut call = Call::new();
    let locator = Locator::MeetingId {
        id: "1".into(),
        passcode: None,
    };
    call.commands(CallCommand::Join {
        number: CallNumber(1),
        locator,
        name: "Ada".into(),
        audio: Audio::None,
        mode: AudioMode::Raw,
    });
    let sent = call.give(Input::Opened).sent;
    assert!(matches!(&sent[0], ToService::Join(join) if join.audio == local::Audio::None));
    assert_eq!(call.hears(&state(WireState::Connected)).wishes, []);
}

#[test]
fn words_arrive_clean_and_known_as_ours() {
    let mut call = Call::connected();
    let turn = |id: &str, text: &str| local::Turn {
        id: 7,
        person: Person {
            id: id.into(),
            display_name: "Ada\u{202e}".into(),
        },
        text: text.into(),
        is_final: true,
        language: None,
    };
    let led = call.hears(&ToClient::Text(turn("8:acs:ada", "so\u{1b}[2J\nit is")));
    let [CallEvent::Turn { turn: heard, .. }] = &led.events[..] else {
        panic!("{:?}", led.events);
    };
    assert_eq!(
        (heard.kind, heard.mine, heard.done),
        (TurnKind::Text, true, true)
    );
    assert_eq!(heard.person.name, "Ada");
    assert!(!heard.text.contains(['\u{1b}', '\n']), "{:?}", heard.text);
    let led = call.hears(&ToClient::Caption(turn("8:orgid:carol", "yes")));
    let theirs = |e: &CallEvent| {
        matches!(
            e,
            CallEvent::Turn {
                turn: Turn {
                    kind: TurnKind::Caption,
                    mine: false,
                    ..
                },
                ..
            }
        )
    };
    assert!(led.said(theirs));
    let typed = Typed {
        text: "yes".into(),
        done: false,
    };
    let sent = call.commands(CallCommand::Text(typed)).sent;
    assert!(matches!(&sent[0], ToService::Text(words) if words.text == "yes" && !words.is_final));
}
