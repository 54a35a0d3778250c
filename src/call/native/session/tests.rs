//! The call session, driven without a socket or a clock.

mod sound;

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::call::CallNumber;
use crate::model::call::CallState;
use crate::model::failure::Because;
use crate::model::locator::Locator;
use crate::model::notice::NoticeState;
use crate::model::sound::Audio;
use crate::model::sound::AudioMode;
use crate::wire::local::CallState as WireState;
use crate::wire::local::Consent;
use crate::wire::local::Ended;
use crate::wire::local::Hand;
use crate::wire::local::Info;
use crate::wire::local::Notice;
use crate::wire::local::NoticeKind;
use crate::wire::local::Refused;
use crate::wire::local::Role;
use crate::wire::local::RosterEntry;
use crate::wire::local::ToClient;
use crate::wire::local::ToService;

use super::*;

struct Call {
    session: Session,
    millis: u64,
}

/// What a step led to, without the waiting.
#[derive(Default)]
struct Led {
    events: Vec<CallEvent>,
    sent: Vec<ToService>,
    opened: Vec<Token>,
    closed: bool,
    looks: bool,
    wishes: Vec<MediaWish>,
}

impl Call {
    fn new() -> Self {
        Self {
            session: Session::default(),
            millis: 0,
        }
    }

    fn give(&mut self, input: Input<'_>) -> Led {
        let now = Moment::ZERO + Duration::from_millis(self.millis);
        self.session.handle(input, now, Timestamp::from_millis(0));
        let mut led = Led::default();
        loop {
            match self.session.poll() {
                Output::Open(token) => led.opened.push(token),
                Output::Send(text) => led.sent.push(ToService::decode(&text).unwrap()),
                Output::Close => led.closed = true,
                Output::Look => led.looks = true,
                Output::Event(event) => led.events.push(event),
                Output::Media(wish) => led.wishes.push(wish),
                Output::Wait(_) => return led,
            }
        }
    }

    fn hears(&mut self, message: &ToClient) -> Led {
        self.give(Input::Frame(&message.encode()))
    }

    fn after(&mut self, millis: u64) -> Led {
        self.millis += millis;
        self.give(Input::Timeout)
    }

    fn joins(&mut self) -> Led {
        let locator = Locator::MeetingId {
            id: "264183392744150".into(),
            passcode: Some("Mt9xB2N6".into()),
        };
        let name = "Ada".to_owned();
        self.give(Input::Command(CallCommand::Join {
            number: CallNumber(1),
            locator,
            name,
            audio: Audio::Full,
            mode: AudioMode::Raw,
        }))
    }

    fn connected() -> Self {
        let mut call = Self::new();
        call.joins();
        call.give(Input::Opened);
        call.is_let_in();
        call
    }

    fn is_let_in(&mut self) -> Led {
        let state = WireState::Connected;
        let mut led = self.hears(&ToClient::CallState { state });
        let info = Info {
            call_id: "stay".into(),
            topic: "Design review".into(),
            thread_id: Some("19:meeting_x@thread.v2".into()),
            started_on: None,
            me: "8:acs:ada".into(),
        };
        led.events.extend(self.hears(&ToClient::Info(info)).events);
        led
    }

    fn is_ended(&mut self, code: u32, subcode: u32) -> Led {
        let ended = Ended {
            code,
            subcode,
            by: None,
        };
        self.hears(&ToClient::Ended(ended))
    }

    fn deadline(&mut self) -> Option<u64> {
        match self.session.poll() {
            Output::Wait(until) => {
                let now = Moment::ZERO + Duration::from_millis(self.millis);
                until.map(|at| u64::try_from(at.since(now).as_millis()).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }
}

impl Led {
    fn said(&self, wanted: impl Fn(&CallEvent) -> bool) -> bool {
        self.events.iter().any(wanted)
    }

    fn lost(&self) -> bool {
        self.said(|e| matches!(e, CallEvent::SignallingLost { .. }))
    }

    fn back(&self) -> bool {
        self.said(|e| matches!(e, CallEvent::SignallingBack { .. }))
    }

    fn ended(&self) -> Option<(u32, u32)> {
        self.events.iter().find_map(|event| match event {
            CallEvent::Ended { reason, .. } => Some((reason.code, reason.subcode)),
            _ => None,
        })
    }

    fn rejoins(&self) -> Option<&Join> {
        self.sent.iter().find_map(|sent| match sent {
            ToService::Join(join) => Some(join),
            _ => None,
        })
    }
}

fn notice(active: bool, consent: Consent) -> ToClient {
    ToClient::Notice(Notice {
        kind: NoticeKind::Recording,
        is_active: active,
        by_name: None,
        since: None,
        consent,
    })
}

fn initial(led: &Led) -> Option<bool> {
    led.events.iter().find_map(|event| match event {
        CallEvent::Notice { initial, .. } => Some(*initial),
        _ => None,
    })
}

#[test]
fn joining_opens_a_socket_and_says_where_to() {
    let mut call = Call::new();
    assert_eq!(call.joins().opened, [Token::Current]);
    let led = call.give(Input::Opened);
    assert_eq!(led.rejoins().unwrap().rejoin, None);
    let led = call.is_let_in();
    assert!(led.said(|e| matches!(
        e,
        CallEvent::State {
            state: CallState::Connected,
            ..
        }
    )));
}

#[test]
fn the_first_notice_is_how_things_are_and_the_next_is_news() {
    let mut call = Call::connected();
    assert_eq!(
        initial(&call.hears(&notice(true, Consent::NotRequired))),
        Some(true)
    );
    assert_eq!(
        initial(&call.hears(&notice(false, Consent::NotRequired))),
        Some(false)
    );
}

#[test]
fn a_quarter_of_a_second_of_silence_makes_notices_doubtful_and_a_beat_heals_it() {
    let mut call = Call::connected();
    assert_eq!(call.deadline(), Some(230));
    assert!(!call.after(229).lost());
    assert!(call.after(1).lost());
    assert!(!call.after(1000).lost(), "said once");
    let led = call.hears(&ToClient::Beat);
    assert!(led.back());
    assert_eq!(led.sent, [ToService::Refresh]);
    let led = call.hears(&notice(true, Consent::NotRequired));
    assert_eq!(initial(&led), Some(true), "read again, not news");
}

#[test]
fn a_closed_socket_is_lost_at_once_and_its_place_taken_up_again() {
    let mut call = Call::connected();
    let led = call.give(Input::Closed(Because::Lost));
    assert!(led.lost());
    assert_eq!(call.deadline(), Some(0));
    assert_eq!(call.after(0).opened, [Token::Current]);
    let led = call.give(Input::Opened);
    assert_eq!(led.rejoins().unwrap().rejoin.as_deref(), Some("stay"));
    assert!(call.is_let_in().back());
}

#[test]
fn a_service_that_stays_away_is_given_up_after_eighteen_seconds() {
    let mut call = Call::connected();
    call.give(Input::Closed(Because::Lost));
    for wait in [0, 1000, 2000, 5000, 10_000] {
        assert_eq!(call.deadline(), Some(wait));
        assert_eq!(call.after(wait).opened.len(), 1);
        let led = call.give(Input::Closed(Because::Lost));
        assert!(!led.lost(), "said once");
        assert_eq!(led.ended(), (wait == 10_000).then_some((408, 10057)));
    }
    assert!(call.session.is_idle());
}

#[test]
fn a_doubtful_socket_of_a_machine_that_moved_is_given_up_at_once() {
    let mut call = Call::connected();
    assert!(!call.after(229).looks);
    assert!(call.after(1).looks);
    assert_eq!(call.deadline(), Some(250), "it may not be there yet");
    assert!(call.after(250).looks);
    let led = call.give(Input::Moved);
    assert!(led.closed && !led.lost(), "said before");
    assert_eq!(call.after(0).opened, [Token::Current]);
}

#[test]
fn a_mute_socket_is_given_up_for_another() {
    let mut call = Call::connected();
    call.after(230);
    let led = call.after(4770);
    assert!(led.closed && !led.lost());
    assert_eq!(call.deadline(), Some(0));
}

#[test]
fn nobody_comes_back_after_somebody_decided() {
    for (code, subcode) in [
        (0, 5000),
        (0, 5300),
        (0, 5854),
        (0, 5855),
        (0, 4097),
        (403, 5221),
        (403, 5222),
    ] {
        let mut call = Call::connected();
        let led = call.is_ended(code, subcode);
        assert_eq!(led.ended(), Some((code, subcode)));
        assert!(call.session.is_idle(), "{code}/{subcode}");
    }
}

#[test]
fn a_network_end_is_joined_again_four_times_with_back_off() {
    let mut call = Call::connected();
    for wait in [1000, 2000, 5000, 10_000] {
        assert!(call.is_ended(410, 301_005).ended().is_some());
        assert_eq!(call.deadline(), Some(wait));
        assert_eq!(call.after(wait).opened.len(), 1);
        call.give(Input::Opened);
        call.is_let_in();
    }
    call.is_ended(410, 301_005);
    assert!(call.session.is_idle());
}

#[test]
fn a_token_end_is_joined_again_with_fresh_tokens_and_back_off() {
    let mut call = Call::connected();
    for wait in [0, 1000, 2000, 5000, 10_000] {
        assert_eq!(call.is_ended(495, 4507).ended(), Some((495, 4507)));
        assert_eq!(call.deadline(), Some(wait));
        assert_eq!(call.after(wait).opened, [Token::Fresh]);
        call.give(Input::Opened);
        call.is_let_in();
    }
    call.is_ended(495, 4507);
    assert!(call.session.is_idle(), "no loop");
}

#[test]
fn a_fresh_token_that_lets_nobody_in_is_not_renewed() {
    let mut call = Call::connected();
    call.is_ended(495, 4507);
    call.after(0);
    call.give(Input::Opened);
    call.is_ended(495, 4507);
    assert!(call.session.is_idle());
}

#[test]
fn a_token_that_lasted_may_be_refreshed_again() {
    let mut call = Call::connected();
    for _ in 0..10 {
        call.is_ended(495, 4507);
        assert_eq!(call.after(0).opened, [Token::Fresh]);
        call.give(Input::Opened);
        call.is_let_in();
        call.millis += 3_600_000;
    }
}

#[test]
fn a_refused_token_is_refreshed_once() {
    let mut call = Call::new();
    call.joins();
    assert_eq!(call.give(Input::Refused(401)).opened, [Token::Fresh]);
    let led = call.give(Input::Refused(401));
    assert!(
        led.said(|e| matches!(e, CallEvent::ActionFailed(f) if f.because == Because::TokenRefused))
    );
    assert!(call.session.is_idle());
}

#[test]
fn a_second_token_refused_within_one_stay_is_refreshed_too() {
    let mut call = Call::new();
    call.joins();
    assert_eq!(call.give(Input::Refused(401)).opened, [Token::Fresh]);
    call.give(Input::Opened);
    call.is_let_in();
    // The link breaks, and by then the token has been revoked: still the same stay.
    call.give(Input::Closed(Because::Lost));
    assert_eq!(call.after(0).opened, [Token::Current]);
    let led = call.give(Input::Refused(401));
    assert_eq!(led.events, []);
    assert_eq!(call.deadline(), Some(1000));
    assert_eq!(call.after(1000).opened, [Token::Fresh]);
    call.give(Input::Opened);
    assert!(call.is_let_in().back());
}

#[test]
fn no_service_at_the_address_is_told_and_not_tried_again() {
    let mut call = Call::new();
    call.joins();
    let host = "127.0.0.1".to_owned();
    let led = call.give(Input::Closed(Because::Unreachable { host }));
    assert!(led.said(|e| matches!(e, CallEvent::ActionFailed(_))));
    assert!(call.session.is_idle());
}

#[test]
fn a_wrong_passcode_is_told_as_one() {
    let mut call = Call::new();
    call.joins();
    call.give(Input::Opened);
    call.hears(&ToClient::Refused(Refused {
        request: "join".into(),
        reason: "WrongPasscode".into(),
    }));
    let led = call.is_ended(404, 0);
    assert!(
        led.said(
            |e| matches!(e, CallEvent::ActionFailed(f) if f.because == Because::WrongPasscode)
        )
    );
    assert_eq!(led.ended(), None);
}

#[test]
fn hanging_up_waits_a_second_for_the_service_to_agree() {
    let mut call = Call::connected();
    let led = call.give(Input::Command(CallCommand::Leave));
    assert_eq!(led.sent, [ToService::Leave]);
    assert_eq!(call.deadline(), Some(1000));
    assert_eq!(call.after(1000).ended(), Some((0, 0)));
    assert!(call.session.is_idle());
}

#[test]
fn hanging_up_while_the_link_is_lost_ends_the_attempts() {
    let mut call = Call::connected();
    call.give(Input::Closed(Because::Lost));
    let led = call.give(Input::Command(CallCommand::Leave));
    assert_eq!(led.ended(), Some((0, 0)));
    assert_eq!(call.deadline(), None);
}

#[test]
fn a_declined_consent_is_not_asked_again() {
    let mut call = Call::connected();
    let asks = |led: &Led| led.said(|e| *e == CallEvent::ConsentRequired(true));
    assert!(asks(&call.hears(&notice(true, Consent::Required))));
    let led = call.hears(&notice(true, Consent::Declined));
    assert!(!led.said(|e| matches!(e, CallEvent::ConsentRequired(_))));
}

#[test]
fn hands_and_talkers_show_in_the_roster() {
    let mut call = Call::connected();
    let alice = RosterEntry {
        id: "8:orgid:alice".into(),
        display_name: "Alice\u{1b}[2J".into(),
        role: Role::Organizer,
        state: WireState::Connected,
        is_muted: false,
        is_deafened: true,
        audio: crate::wire::local::Audio::Listen,
    };
    call.hears(&ToClient::Roster {
        participants: vec![alice],
    });
    let raised = vec![Hand {
        id: "8:orgid:alice".into(),
        order: 1,
    }];
    let led = call.hears(&ToClient::Hands { raised });
    let [CallEvent::RosterChanged(entry)] = &led.events[..] else {
        panic!("{:?}", led.events);
    };
    assert_eq!((entry.hand, entry.me), (Some(1), false));
    assert!(!entry.person.name.contains('\u{1b}'));
    let led = call.hears(&ToClient::Hands { raised: Vec::new() });
    assert!(led.said(|e| matches!(e, CallEvent::RosterChanged(entry) if entry.hand.is_none())));
}

#[test]
fn frames_that_are_not_understood_change_nothing() {
    let mut call = Call::connected();
    for text in [
        "",
        "{}",
        r#"{"type":"video","on":true}"#,
        r#"{"type":"role","role":7}"#,
    ] {
        assert_eq!(call.give(Input::Frame(text)).events, []);
    }
}

#[test]
fn a_notice_names_somebody_only_where_the_service_does() {
    let mut call = Call::connected();
    let led = call.hears(&notice(true, Consent::NotRequired));
    assert!(led.said(|e| matches!(
        e,
        CallEvent::Notice {
            state: NoticeState::Active { by: None },
            ..
        }
    )));
}
