//! The rules of meetings, seen from the sockets.

mod sound;

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::wire::local::Audio;
use crate::wire::local::CallState;
use crate::wire::local::CapabilityName;
use crate::wire::local::Consent;
use crate::wire::local::Ended;
use crate::wire::local::NoticeKind;
use crate::wire::local::Person;
use crate::wire::local::Reaction;
use crate::wire::local::Role;
use crate::wire::local::ToClient;
use crate::wire::local::ToService;

use super::Arrival;
use super::ChatMode;
use super::LobbyMode;
use super::Meeting;
use super::Names;
use super::NoSuchParticipant;
use super::Now;
use super::Options;
use super::Output;
use super::Whom;

const ALICE: &str = "8:orgid:alice";
const ADA: &str = "8:acs:r_ada";
const ERIN: &str = "8:acs:r_erin";

/// A meeting and everything it asked for, with the time in seconds.
struct Scene {
    meeting: Meeting,
    out: Vec<Output>,
    seconds: u64,
}

fn scene(options: Options) -> Scene {
    let names = Names {
        guest_link: String::new(),
        thread: "19:meeting_x@thread.v2".into(),
        link: String::new(),
        id: "264183392744150".into(),
        passcode: "Mt9xB2N6".into(),
    };
    Scene {
        meeting: Meeting::new(names, options),
        out: Vec::new(),
        seconds: 0,
    }
}

fn open_door() -> Options {
    Options {
        lobby: LobbyMode::Everyone,
        anonymous_start: true,
        ..Options::default()
    }
}

impl Scene {
    fn now(&self) -> Now {
        Now {
            mono: Moment::ZERO + Duration::from_secs(self.seconds),
            utc: Timestamp::from_millis(i64::try_from(self.seconds).unwrap() * 1000),
        }
    }

    fn arrive(&mut self, id: &str, socket: Option<u64>, rejoin: Option<&str>) {
        let arrival = Arrival {
            id: id.into(),
            name: id.rsplit(['_', ':']).next().unwrap().into(),
            role: (id == ALICE).then_some(Role::Organizer),
            socket,
            call_id: format!("call-{}", socket.unwrap_or_default()),
            rejoin: rejoin.map(str::to_owned),
            token_until: Some(Moment::ZERO + Duration::from_hours(1)),
            audio: Audio::Full,
        };
        let now = self.now();
        self.meeting.join(arrival, now, &mut self.out);
    }

    fn with_alice(mut self) -> Self {
        self.arrive(ALICE, None, None);
        self
    }

    fn ask(&mut self, id: &str, message: ToService) {
        let now = self.now();
        self.meeting.request(id, message, now, &mut self.out);
    }

    fn wait(&mut self, seconds: u64) {
        self.seconds += seconds;
        let now = self.now();
        self.meeting.expire(now, &mut self.out);
    }

    /// What was sent to a socket since the last time it was asked.
    fn heard(&mut self, socket: u64) -> Vec<ToClient> {
        let mine = |output: &Output| match output {
            Output::Send {
                socket: to,
                message,
            } if *to == socket => Some(message.clone()),
            _ => None,
        };
        let heard = self.out.iter().filter_map(mine).collect();
        self.out.retain(|output| mine(output).is_none());
        heard
    }

    fn ended(&mut self, socket: u64) -> Option<(u32, u32)> {
        self.heard(socket)
            .into_iter()
            .find_map(|message| match message {
                ToClient::Ended(Ended { code, subcode, .. }) => Some((code, subcode)),
                _ => None,
            })
    }

    fn chat(&mut self) -> Vec<(&'static str, String)> {
        let outputs = std::mem::take(&mut self.out);
        outputs
            .into_iter()
            .filter_map(|output| match output {
                Output::OpenChat { id, .. } => Some(("open", id)),
                Output::CloseChat { id } => Some(("close", id)),
                Output::Send { .. }
                | Output::Close { .. }
                | Output::Offer { .. }
                | Output::Media(_) => None,
            })
            .collect()
    }
}

fn state(heard: &[ToClient]) -> Option<CallState> {
    heard.iter().rev().find_map(|message| match message {
        ToClient::CallState { state } => Some(*state),
        _ => None,
    })
}

fn consent(heard: &[ToClient]) -> Option<Consent> {
    heard.iter().rev().find_map(|message| match message {
        ToClient::Notice(notice) => Some(notice.consent),
        _ => None,
    })
}

fn refusal(heard: &[ToClient]) -> Option<&str> {
    heard.iter().find_map(|message| match message {
        ToClient::Refused(refused) => Some(refused.reason.as_str()),
        _ => None,
    })
}

#[test]
fn a_guest_waits_in_the_lobby_and_is_let_in() {
    let mut scene = scene(Options::default()).with_alice();
    scene.arrive(ADA, Some(1), None);
    assert_eq!(state(&scene.heard(1)), Some(CallState::InLobby));
    let now = scene.now();
    scene.meeting.admit(ADA, now, &mut scene.out).unwrap();
    let heard = scene.heard(1);
    assert_eq!(state(&heard), Some(CallState::Connected));
    assert!(
        heard
            .iter()
            .any(|m| matches!(m, ToClient::Roster { participants }
        if participants.iter().any(|p| p.display_name == "ada (External)")))
    );
}

#[test]
fn chat_is_open_only_while_inside() {
    let mut scene = scene(Options::default()).with_alice();
    scene.chat();
    scene.arrive(ADA, Some(1), None);
    assert_eq!(scene.chat(), []);
    let now = scene.now();
    scene.meeting.admit(ADA, now, &mut scene.out).unwrap();
    assert_eq!(scene.chat(), [("open", ADA.to_owned())]);
    scene.ask(ADA, ToService::Leave);
    assert_eq!(scene.chat(), [("close", ADA.to_owned())]);
}

#[test]
fn chat_modes_shut_guests_or_everybody_out() {
    for (chat, opened) in [
        (ChatMode::Enabled, vec![ALICE, ADA]),
        (ChatMode::Limited, vec![ALICE, ADA]),
        (ChatMode::EnabledExceptAnonymous, vec![ALICE]),
        (ChatMode::Disabled, vec![]),
    ] {
        let mut scene = scene(Options {
            chat,
            ..open_door()
        })
        .with_alice();
        scene.arrive(ADA, Some(1), None);
        let found: Vec<_> = scene.chat().into_iter().map(|(_, id)| id).collect();
        assert_eq!(found, opened, "{chat:?}");
    }
}

#[test]
fn whoever_is_denied_or_waits_too_long_hears_why() {
    let mut scene = scene(Options::default()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.meeting.deny(ADA, None, &mut scene.out).unwrap();
    assert_eq!(scene.ended(1), Some((0, 5854)));
    assert!(scene.out.contains(&Output::Close { socket: 1 }));

    scene.arrive(ERIN, Some(2), None);
    scene.wait(899);
    assert_eq!(scene.ended(2), None);
    scene.wait(1);
    assert_eq!(scene.ended(2), Some((0, 5855)));
    assert_eq!(
        scene.meeting.deny(ERIN, None, &mut scene.out),
        Err(NoSuchParticipant)
    );
}

#[test]
fn policies_and_faults_turn_people_away() {
    let mut closed = scene(Options {
        anonymous_join: false,
        ..open_door()
    });
    closed.arrive(ADA, Some(1), None);
    assert_eq!(closed.ended(1), Some((403, 5221)));

    let mut empty = scene(Options {
        anonymous_start: false,
        ..open_door()
    });
    empty.arrive(ADA, Some(1), None);
    assert_eq!(empty.ended(1), Some((403, 5222)));

    let mut faulty = scene(open_door());
    faulty.meeting.refuse_joins = Some((410, 301_005));
    faulty.arrive(ADA, Some(1), None);
    assert_eq!(faulty.ended(1), Some((410, 301_005)));
}

#[test]
fn a_recording_that_already_runs_is_told_before_anything_else() {
    let mut scene = scene(open_door()).with_alice();
    let now = scene.now();
    let by = Some("Alice".to_owned());
    scene
        .meeting
        .set_notice(NoticeKind::Recording, true, by, now, &mut scene.out);
    scene.arrive(ADA, Some(1), None);
    let heard = scene.heard(1);
    let ToClient::Notice(notice) = &heard[1] else {
        panic!("{heard:?}");
    };
    assert!(notice.is_active && notice.by_name.as_deref() == Some("Alice"));
}

#[test]
fn a_repeated_notice_is_told_once() {
    let mut scene = scene(open_door()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.heard(1);
    let now = scene.now();
    for _ in 0..2 {
        scene
            .meeting
            .set_notice(NoticeKind::Transcription, true, None, now, &mut scene.out);
    }
    assert_eq!(scene.heard(1).len(), 1);
}

#[test]
fn unmuting_is_refused_until_consent_is_given() {
    let mut scene = scene(Options {
        consent_required: true,
        ..open_door()
    })
    .with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.ask(ADA, ToService::Mute { muted: false });
    scene.heard(1);
    let now = scene.now();
    scene
        .meeting
        .set_notice(NoticeKind::Recording, true, None, now, &mut scene.out);
    let heard = scene.heard(1);
    assert_eq!(consent(&heard), Some(Consent::Required));
    assert!(heard.contains(&ToClient::Muted {
        is_muted: true,
        by: None
    }));

    scene.ask(ADA, ToService::Mute { muted: false });
    assert_eq!(refusal(&scene.heard(1)), Some("ExplicitConsentRequired"));
    scene.ask(ADA, ToService::Consent { granted: false });
    assert_eq!(consent(&scene.heard(1)), Some(Consent::Declined));
    scene.ask(ADA, ToService::Mute { muted: false });
    assert_eq!(refusal(&scene.heard(1)), Some("ExplicitConsentRequired"));
    scene.ask(ADA, ToService::Consent { granted: true });
    scene.heard(1);
    scene.ask(ADA, ToService::Mute { muted: false });
    assert!(scene.heard(1).contains(&ToClient::Muted {
        is_muted: false,
        by: None
    }));
}

#[test]
fn consent_is_asked_of_those_who_join_later_and_forgotten_when_all_stopped() {
    let mut scene = scene(Options {
        consent_required: true,
        ..open_door()
    })
    .with_alice();
    let now = scene.now();
    scene
        .meeting
        .set_notice(NoticeKind::Recording, true, None, now, &mut scene.out);
    scene.arrive(ADA, Some(1), None);
    assert_eq!(consent(&scene.heard(1)), Some(Consent::Required));
    scene
        .meeting
        .set_notice(NoticeKind::Recording, false, None, now, &mut scene.out);
    assert_eq!(consent(&scene.heard(1)), Some(Consent::NotRequired));
}

#[test]
fn an_attendee_may_not_lead_and_a_presenter_may() {
    let mut scene = scene(open_door()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.arrive(ERIN, Some(2), None);
    scene.ask(ADA, ToService::Remove { id: ERIN.into() });
    assert_eq!(refusal(&scene.heard(1)), Some("RoleRestricted"));
    scene
        .meeting
        .set_role(ADA, Role::Presenter, &mut scene.out)
        .unwrap();
    assert!(scene.heard(1).iter().any(|m| matches!(m, ToClient::Capabilities { capabilities }
        if capabilities.iter().any(|c| c.name == CapabilityName::RemoveParticipant && c.is_present))));
    scene.ask(ADA, ToService::Remove { id: ERIN.into() });
    assert_eq!(scene.ended(2), Some((0, 5300)));
    scene.ask(ADA, ToService::Remove { id: ERIN.into() });
    assert_eq!(refusal(&scene.heard(1)), Some("NoSuchParticipant"));
}

#[test]
fn the_one_who_is_muted_hears_by_whom() {
    let mut scene = scene(open_door()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.ask(ADA, ToService::Mute { muted: false });
    scene.heard(1);
    let alice = Person {
        id: ALICE.into(),
        display_name: "alice".into(),
    };
    scene
        .meeting
        .mute(&Whom::Everyone, &alice, &mut scene.out)
        .unwrap();
    let by = Some(alice);
    assert!(
        scene
            .heard(1)
            .contains(&ToClient::Muted { is_muted: true, by })
    );
}

#[test]
fn hands_keep_the_order_in_which_they_went_up() {
    let mut scene = scene(open_door()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.arrive(ERIN, Some(2), None);
    for id in [ERIN, ADA, ALICE] {
        scene.meeting.raise_hand(id, true, &mut scene.out).unwrap();
    }
    scene
        .meeting
        .raise_hand(ERIN, false, &mut scene.out)
        .unwrap();
    let heard = scene.heard(1);
    let Some(ToClient::Hands { raised }) = heard.last() else {
        panic!("{heard:?}");
    };
    let order: Vec<_> = raised.iter().map(|h| (h.id.as_str(), h.order)).collect();
    assert_eq!(order, [(ADA, 1), (ALICE, 2)]);
}

#[test]
fn the_end_for_everyone_reaches_those_in_the_lobby_too() {
    let mut scene = scene(Options {
        guest_role: Role::Presenter,
        ..Options::default()
    })
    .with_alice();
    scene.arrive(ADA, Some(1), None);
    let now = scene.now();
    scene.meeting.admit(ADA, now, &mut scene.out).unwrap();
    scene.arrive(ERIN, Some(2), None);
    scene.ask(ADA, ToService::EndForAll);
    assert_eq!(scene.ended(1), Some((0, 0)));
    assert_eq!(scene.ended(2), Some((0, 4097)));
    assert!(scene.meeting.inside().next().is_none());
}

#[test]
fn a_lost_link_keeps_its_place_for_half_a_minute() {
    let mut scene = scene(Options::default()).with_alice();
    scene.arrive(ADA, Some(1), None);
    let now = scene.now();
    scene.meeting.admit(ADA, now, &mut scene.out).unwrap();
    scene.meeting.lost(ADA, 1, now, &mut scene.out);
    scene.wait(29);
    scene.out.clear();
    scene.arrive(ADA, Some(2), Some("call-1"));
    assert_eq!(state(&scene.heard(2)), Some(CallState::Connected));
    assert_eq!(scene.chat(), [], "the chat was never closed");

    let now = scene.now();
    scene.meeting.lost(ADA, 2, now, &mut scene.out);
    scene.wait(30);
    assert_eq!(scene.chat(), [("close", ADA.to_owned())]);
    scene.arrive(ADA, Some(3), Some("call-1"));
    assert_eq!(state(&scene.heard(3)), Some(CallState::InLobby));
}

#[test]
fn an_old_socket_that_closes_late_disturbs_nobody() {
    let mut scene = scene(open_door());
    scene.arrive(ADA, Some(1), None);
    scene.arrive(ADA, Some(2), Some("call-1"));
    assert!(scene.out.contains(&Output::Close { socket: 1 }));
    let now = scene.now();
    scene.meeting.lost(ADA, 1, now, &mut scene.out);
    assert_eq!(
        scene.meeting.deadline(),
        Some(Moment::ZERO + Duration::from_hours(1))
    );
    scene.arrive(ADA, Some(3), None);
    assert_eq!(scene.ended(3), Some((409, 40228)));
}

#[test]
fn an_expired_token_ends_the_call() {
    let mut scene = scene(open_door());
    scene.arrive(ADA, Some(1), None);
    scene.wait(3600);
    assert_eq!(scene.ended(1), Some((495, 4507)));
}

#[test]
fn in_the_lobby_one_can_only_leave() {
    let mut scene = scene(Options::default()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.ask(
        ADA,
        ToService::React {
            reaction: Reaction::Like,
        },
    );
    assert_eq!(refusal(&scene.heard(1)), Some("NotInTheMeeting"));
    scene.ask(ADA, ToService::Leave);
    assert_eq!(scene.ended(1), Some((0, 0)));
}

#[test]
fn hold_is_local_to_one_and_remote_to_the_others() {
    let mut scene = scene(open_door()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.arrive(ERIN, Some(2), None);
    scene.ask(ADA, ToService::Hold { held: true });
    assert_eq!(state(&scene.heard(1)), Some(CallState::LocalHold));
    assert!(
        scene
            .heard(2)
            .iter()
            .any(|m| matches!(m, ToClient::Participant { participant }
        if participant.state == CallState::RemoteHold))
    );
}
