//! Sound, captions and real-time text: who gets what, and what the mixer is told.

use crate::service::meetings::Flow;
use crate::service::meetings::MediaAct;
use crate::service::meetings::SocketId;
use crate::wire::local::Answer;
use crate::wire::local::Sdp;
use crate::wire::local::Turn;
use crate::wire::local::Words;

use super::*;

fn words(text: &str, is_final: bool) -> Words {
    Words {
        text: text.into(),
        is_final,
        language: None,
    }
}

fn caption(text: &str, is_final: bool) -> ToService {
    ToService::Caption(words(text, is_final))
}

fn turns(heard: Vec<ToClient>) -> Vec<(u64, String, bool)> {
    heard
        .into_iter()
        .filter_map(|message| match message {
            ToClient::Caption(turn) | ToClient::Text(turn) => Some(turn),
            _ => None,
        })
        .map(
            |Turn {
                 id, text, is_final, ..
             }| (id, text, is_final),
        )
        .collect()
}

/// Ada and Erin inside, Alice leads.
fn two_guests() -> Scene {
    let mut scene = scene(open_door()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.arrive(ERIN, Some(2), None);
    scene.out.clear();
    scene
}

impl Scene {
    /// What the mixer was told since the last time it was asked.
    fn mixed(&mut self) -> Vec<MediaAct> {
        self.meeting.follow_media(&mut self.out);
        let acts = self.out.iter().filter_map(|output| match output {
            Output::Media(act) => Some(act.clone()),
            _ => None,
        });
        let acts = acts.collect();
        self.out
            .retain(|output| !matches!(output, Output::Media(_)));
        acts
    }

    /// Whose offers go to the mixer, and their sockets.
    fn offered(&mut self) -> Vec<(String, SocketId)> {
        let is_offer = |output: &mut Output| matches!(output, Output::Offer { .. });
        let offers = self.out.extract_if(.., is_offer);
        offers
            .filter_map(|output| match output {
                Output::Offer { id, socket, .. } => Some((id, socket)),
                _ => None,
            })
            .collect()
    }

    fn flow(&mut self, of: &str) -> Option<(bool, bool)> {
        self.mixed().into_iter().find_map(|act| match act {
            MediaAct::Flow {
                id,
                flow: Flow { up, down },
            } if id == of => Some((up, down)),
            _ => None,
        })
    }
}

#[test]
fn captions_go_to_those_inside_who_asked() {
    let mut scene = two_guests();
    scene.ask(ADA, ToService::Captions { on: true });
    let speak = |scene: &mut Scene, text: &str, is_final| {
        let Scene { meeting, out, .. } = scene;
        meeting.caption(ALICE, words(text, is_final), out).unwrap();
    };
    speak(&mut scene, "so the", false);
    speak(&mut scene, "so the budget is fine", true);
    speak(&mut scene, "and", false);
    let expected = [
        (1, "so the".to_owned(), false),
        (1, "so the budget is fine".to_owned(), true),
        (2, "and".to_owned(), false),
    ];
    assert_eq!(turns(scene.heard(1)), expected);
    assert_eq!(turns(scene.heard(2)), []);
    scene.ask(ADA, ToService::Captions { on: false });
    speak(&mut scene, "and so on", true);
    assert_eq!(turns(scene.heard(1)), []);
}

#[test]
fn nothing_that_is_said_goes_to_the_lobby_to_who_holds_or_to_who_comes_later() {
    let mut scene = scene(Options::default()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.ask(ADA, ToService::Captions { on: true });
    let speak = |scene: &mut Scene| {
        let Scene { meeting, out, .. } = scene;
        meeting.caption(ALICE, words("hush", true), out).unwrap();
        meeting
            .real_time_text(ALICE, words("hush", true), out)
            .unwrap();
    };
    speak(&mut scene);
    assert_eq!(turns(scene.heard(1)), []);
    let now = scene.now();
    scene.meeting.admit(ADA, now, &mut scene.out).unwrap();
    assert_eq!(turns(scene.heard(1)), []);
    speak(&mut scene);
    assert_eq!(turns(scene.heard(1)).len(), 2);
    scene.ask(ADA, ToService::Hold { held: true });
    speak(&mut scene);
    assert_eq!(turns(scene.heard(1)), []);
}

#[test]
fn real_time_text_goes_to_everybody_and_comes_back() {
    let mut scene = two_guests();
    scene.ask(ERIN, ToService::Text(words("my micro", false)));
    scene.ask(
        ERIN,
        ToService::Text(words("my microphone is broken", true)),
    );
    for socket in [1, 2] {
        let expected = [
            (1, "my micro".to_owned(), false),
            (1, "my microphone is broken".to_owned(), true),
        ];
        assert_eq!(turns(scene.heard(socket)), expected);
    }
}

#[test]
fn words_are_refused_from_outside_on_hold_before_consent_and_beyond_all_measure() {
    let mut waiting = scene(Options::default()).with_alice();
    waiting.arrive(ADA, Some(1), None);
    waiting.ask(ADA, ToService::Text(words("let me in", true)));
    assert_eq!(refusal(&waiting.heard(1)), Some("NotInTheMeeting"));

    let mut scene = two_guests();
    scene.ask(ADA, ToService::Text(words(&"a".repeat(4_001), true)));
    assert_eq!(refusal(&scene.heard(1)), Some("TooLong"));
    scene.ask(ADA, ToService::Hold { held: true });
    scene.ask(ADA, caption("so", true));
    assert_eq!(refusal(&scene.heard(1)), Some("OnHold"));
    scene.ask(ADA, ToService::Hold { held: false });
    scene.meeting.options.consent_required = true;
    let now = scene.now();
    scene
        .meeting
        .set_notice(NoticeKind::Recording, true, None, now, &mut scene.out);
    scene.heard(1);
    // Speech in words needs the consent that speech needs; what is written does not.
    scene.ask(ADA, caption("so", true));
    assert_eq!(refusal(&scene.heard(1)), Some("ExplicitConsentRequired"));
    scene.ask(ADA, ToService::Text(words("so", true)));
    assert_eq!(turns(scene.heard(1)).len(), 1);
}

#[test]
fn only_who_is_connected_may_offer() {
    let offer = || ToService::Offer {
        sdp: Sdp("v=0".into()),
    };
    let mut waiting = scene(Options::default()).with_alice();
    waiting.arrive(ADA, Some(1), None);
    waiting.ask(ADA, offer());
    assert_eq!(refusal(&waiting.heard(1)), Some("NotInTheMeeting"));
    assert_eq!(waiting.offered(), []);

    let mut scene = two_guests();
    scene.ask(ADA, offer());
    assert_eq!(scene.offered(), [(ADA.to_owned(), 1)]);
    scene.ask(ADA, ToService::Hold { held: true });
    scene.heard(1);
    scene.ask(ADA, offer());
    assert_eq!(refusal(&scene.heard(1)), Some("OnHold"));
    assert_eq!(scene.offered(), []);
}

#[test]
fn an_answer_reaches_the_socket_that_offered_and_no_other() {
    let mut scene = two_guests();
    let answer = || Answer {
        sdp: Sdp("v=0".into()),
        candidates: Vec::new(),
    };
    let Scene { meeting, out, .. } = &mut scene;
    meeting.answer_offer(ADA, 1, answer(), out).unwrap();
    assert_eq!(
        meeting.answer_offer(ADA, 7, answer(), out),
        Err(NoSuchParticipant)
    );
    assert_eq!(scene.heard(1), [ToClient::Answer(answer())]);
    assert_eq!(scene.heard(2), []);
}

#[test]
fn a_voice_flows_only_unmuted_inside_and_with_consent() {
    let mut scene = scene(Options::default()).with_alice();
    scene.arrive(ADA, Some(1), None);
    assert_eq!(scene.flow(ADA), None);
    let now = scene.now();
    scene.meeting.admit(ADA, now, &mut scene.out).unwrap();
    assert_eq!(scene.flow(ADA), Some((false, true)));
    scene.ask(ADA, ToService::Mute { muted: false });
    assert_eq!(scene.flow(ADA), Some((true, true)));
    scene.ask(ADA, ToService::Hold { held: true });
    assert_eq!(scene.flow(ADA), Some((false, false)));
    scene.ask(ADA, ToService::Hold { held: false });
    assert_eq!(scene.flow(ADA), Some((true, true)));
    scene.ask(ADA, ToService::Deafen { deafened: true });
    assert_eq!(scene.flow(ADA), Some((true, false)));
    scene.ask(ADA, ToService::Deafen { deafened: false });
    scene.meeting.options.consent_required = true;
    scene
        .meeting
        .set_notice(NoticeKind::Recording, true, None, now, &mut scene.out);
    assert_eq!(scene.flow(ADA), Some((false, true)));
    scene.ask(ADA, ToService::Consent { granted: true });
    assert_eq!(scene.flow(ADA), None);
    scene.ask(ADA, ToService::Mute { muted: false });
    assert_eq!(scene.flow(ADA), Some((true, true)));
    scene.ask(ADA, ToService::Leave);
    assert_eq!(scene.mixed(), [MediaAct::Gone { id: ADA.into() }]);
    assert_eq!(scene.mixed(), []);
}

#[test]
fn a_lost_link_does_not_stop_the_sound_but_its_end_does() {
    let mut scene = two_guests();
    scene.mixed();
    let now = scene.now();
    scene.meeting.lost(ADA, 1, now, &mut scene.out);
    assert_eq!(scene.flow(ADA), None);
    scene.wait(31);
    assert_eq!(scene.mixed(), [MediaAct::Gone { id: ADA.into() }]);
}

#[test]
fn who_joined_to_listen_is_not_heard() {
    let mut scene = scene(open_door()).with_alice();
    scene.arrive(ADA, Some(1), None);
    scene.meeting.people[1].audio = Audio::Listen;
    scene.ask(ADA, ToService::Mute { muted: false });
    assert_eq!(scene.flow(ADA), Some((false, true)));
}

#[test]
fn volumes_are_the_mixers_to_apply() {
    let mut scene = two_guests();
    scene.mixed();
    let volume = |id: &str, percent| ToService::Volume {
        id: id.into(),
        percent,
    };
    scene.ask(ADA, volume(ALICE, 999));
    let told = MediaAct::Volume {
        listener: ADA.into(),
        of: ALICE.into(),
        percent: 200,
    };
    assert_eq!(scene.mixed(), [told]);
    scene.ask(ADA, volume("8:acs:nobody", 50));
    assert_eq!(refusal(&scene.heard(1)), Some("NoSuchParticipant"));
}

#[test]
fn levels_come_to_who_wants_them_five_times_a_second_at_most() {
    let mut scene = two_guests();
    scene.ask(ADA, ToService::Levels { on: true });
    for millis in (0..2_000).step_by(50) {
        let now = Now {
            mono: Moment::ZERO + Duration::from_millis(millis),
            ..scene.now()
        };
        let levels = vec![(ALICE.to_owned(), -23)];
        scene.meeting.set_levels(levels, now, &mut scene.out);
    }
    let levels = |heard: Vec<ToClient>| {
        let is_levels = |m: &&ToClient| matches!(m, ToClient::Levels { .. });
        heard.iter().filter(is_levels).count()
    };
    assert_eq!(levels(scene.heard(1)), 10);
    assert_eq!(levels(scene.heard(2)), 0);
}

#[test]
fn everybody_sees_who_hears_nothing() {
    let mut scene = two_guests();
    scene.ask(ADA, ToService::Deafen { deafened: true });
    assert!(scene.heard(2).iter().any(|m| matches!(
        m,
        ToClient::Participant { participant } if participant.id == ADA && participant.is_deafened
    )));
}

fn file(name: &str) -> std::path::PathBuf {
    std::path::PathBuf::from(name)
}

impl Scene {
    fn record(&mut self, name: &str) -> bool {
        let now = self.now();
        self.meeting.record(file(name), None, now, &mut self.out)
    }

    fn is_told_of_recording(&mut self, socket: SocketId) -> Option<bool> {
        let heard = self.heard(socket);
        heard.iter().rev().find_map(|message| match message {
            ToClient::Notice(notice) if notice.kind == NoticeKind::Recording => {
                Some(notice.is_active)
            }
            _ => None,
        })
    }
}

#[test]
fn a_file_is_written_exactly_while_the_state_is_on() {
    let mut scene = two_guests();
    scene.mixed();
    assert!(scene.record("one"));
    assert_eq!(scene.is_told_of_recording(1), Some(true));
    let one = MediaAct::Record {
        file: Some(file("one")),
    };
    assert_eq!(scene.mixed(), [one]);
    // Asked for twice, the second file is not used.
    assert!(!scene.record("two"));
    assert_eq!(scene.mixed(), []);
    // That another recording failed ends none that goes on.
    let now = scene.now();
    scene
        .meeting
        .recording_failed(&file("zero"), now, &mut scene.out);
    assert_eq!(scene.is_told_of_recording(1), None);
    scene
        .meeting
        .recording_failed(&file("one"), now, &mut scene.out);
    assert_eq!(scene.is_told_of_recording(1), Some(false));
    assert_eq!(scene.mixed(), [MediaAct::Record { file: None }]);
}

#[test]
fn whoever_comes_again_as_another_client_finds_neither_a_recording_nor_their_old_connection() {
    let mut scene = scene(open_door());
    scene.arrive(ADA, Some(1), None);
    scene.record("one");
    scene.mixed();
    let now = scene.now();
    scene.meeting.lost(ADA, 1, now, &mut scene.out);
    // The program broke down and was started anew: it knows of no stay to take up.
    scene.arrive(ADA, Some(2), None);
    assert_eq!(scene.is_told_of_recording(2), Some(false));
    let acts = scene.mixed();
    assert!(
        acts.contains(&MediaAct::Gone { id: ADA.into() }),
        "{acts:?}"
    );
    assert!(acts.contains(&MediaAct::Record { file: None }), "{acts:?}");
}

#[test]
fn who_could_not_be_told_of_a_recording_is_not_in_it() {
    let mut scene = two_guests();
    scene.ask(ADA, ToService::Mute { muted: false });
    scene.mixed();
    let now = scene.now();
    scene.meeting.lost(ADA, 1, now, &mut scene.out);
    assert_eq!(scene.flow(ADA), None);
    scene.record("one");
    assert_eq!(scene.flow(ADA), Some((false, true)));
    scene.arrive(ADA, Some(3), Some("call-1"));
    assert_eq!(scene.is_told_of_recording(3), Some(true));
    assert_eq!(scene.flow(ADA), Some((true, true)));
}
