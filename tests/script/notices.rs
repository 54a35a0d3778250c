//! Recording, transcription and consent: said at once, once, and never hidden.

use sidetone::effect::CallCommand;
use sidetone::effect::Effect;
use sidetone::effect::NoticeMoment;
use sidetone::event::CallEvent;
use sidetone::event::Event;
use sidetone::model::account::AccountId;
use sidetone::model::account::AccountKind;
use sidetone::model::announcement::Class;
use sidetone::model::call::CallInfo;
use sidetone::model::call::CallState;
use sidetone::model::notice::NoticeKind::Recording;
use sidetone::model::notice::NoticeKind::Transcription;
use sidetone::model::notice::NoticeState;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::state::timeline::Entry;
use sidetone::view::phrase::PRIVACY_STATEMENT;

use crate::play::Script;
use crate::play::account;
use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::notice;
use crate::play::says;
use crate::play::script;
use crate::play::state;
use crate::play::stated;
use crate::play::thread;
use crate::play::with;

fn logged(script: &Script) -> Vec<NoticeMoment> {
    let effects = script.effects.iter();
    effects
        .filter_map(|e| match e {
            Effect::Log(record) => Some(record.what.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_recording_notice_reaches_both_views() {
    let shown = script()
        .connected()
        .then(notice(Recording, true))
        .then(notice(Recording, true)) // repeated by the service; said once
        .transcript(["Notice: recording started."])
        .bells(1)
        .status("REC Recording");
    let on = NoticeState::Active { by: None };
    assert_eq!(logged(&shown), [NoticeMoment::Received(on)]);
}

#[test]
fn what_was_on_when_we_joined_is_said_so() {
    script()
        .dialled()
        .then(state(CallState::Connected))
        .forget()
        .then(stated(Recording, true, true))
        .then(stated(Transcription, true, true))
        .transcript([
            "Notice: this meeting is being recorded.",
            "Notice: this meeting is being transcribed.",
        ])
        .status("REC Recording")
        .status("TRANSCRIPT");
}

#[test]
fn a_notice_is_said_while_typing_and_keeps_the_draft() {
    let shown = script()
        .connected()
        .typed("half a thou")
        .then(notice(Transcription, true))
        .transcript(["Notice: transcription started."]);
    assert_eq!(shown.lines[0].class, Class::Assertive);
    assert_eq!(shown.state.composer.text(), "half a thou");
}

#[test]
fn the_one_who_started_it_is_named_only_where_the_service_says_so() {
    let by = Some("Carol".to_owned());
    script()
        .connected()
        .then(call(CallEvent::Notice {
            kind: Recording,
            state: NoticeState::Active { by },
            initial: false,
            at: at(0.0),
        }))
        .transcript(["Notice: recording started by Carol."]);
}

#[test]
fn stopping_is_said_once_and_needs_no_acknowledgement() {
    script()
        .connected()
        .then(notice(Recording, true))
        .then(notice(Recording, false))
        .after(400.0)
        .transcript(["Notice: recording started.", "Notice: recording stopped."])
        .no_status("REC");
}

#[test]
fn an_unheard_notice_repeats_until_it_is_acknowledged() {
    let shown = script()
        .connected()
        .then(notice(Recording, true))
        .after(20.5)
        .after(60.5)
        .after(300.5)
        .transcript([
            "Notice: recording started.",
            "Again: recording started.",
            "Again: recording started.",
            "Again: recording started.",
        ])
        .forget()
        .press("Enter")
        .after(1000.0);
    assert!(logged(&shown).contains(&NoticeMoment::Acknowledged));
    assert!(shown.lines.iter().all(|l| !l.text.starts_with("Again")));
    shown.status("REC Recording");
}

#[test]
fn a_key_soon_after_brings_it_back_at_the_first_pause() {
    let begin = script().connected().then(notice(Recording, true));
    let said_at = begin.seconds();
    let shown = begin.after(2.0).typed("hello").after(3.0);
    assert_eq!(shown.lines.len(), 2, "{:?}", shown.lines);
    let again = &shown.lines[1];
    assert_eq!(again.text, "Again: recording started.");
    assert!((again.seconds - said_at - 3.5).abs() < 0.01, "{again:?}");
}

#[test]
fn no_setting_and_no_quiet_turns_a_notice_off() {
    let mut settings = Settings {
        verbosity: 1,
        ..Settings::default()
    };
    for name in ["notice", "recording", "join", "message"] {
        settings.announce.insert(name.to_owned(), "off".to_owned());
    }
    with(settings)
        .connected()
        .line("/quiet on")
        .forget()
        .then(notice(Recording, true))
        .transcript(["Notice: recording started."]);
}

#[test]
fn no_overlay_hides_a_notice() {
    for keys in ["Ctrl-O", "Ctrl-P", "Ctrl-G", "Ctrl-G ?"] {
        script()
            .connected()
            .then(notice(Recording, true))
            .press(keys)
            .status("REC Recording");
    }
}

#[test]
fn lost_signalling_means_unknown_at_once() {
    script()
        .connected()
        .then(notice(Recording, true))
        .forget()
        .then(call(CallEvent::SignallingLost { at: at(0.0) }))
        .transcript([
            "Notice: recording unknown. The connection is lost, it may be on.",
            "Notice: transcription unknown. The connection is lost, it may be on.",
        ])
        .status("Recording: unknown");
}

#[test]
fn what_is_known_again_is_said_again() {
    script()
        .connected()
        .then(notice(Recording, true))
        .then(call(CallEvent::SignallingLost { at: at(0.0) }))
        .forget()
        .then(call(CallEvent::SignallingBack { at: at(1.0) }))
        .then(stated(Recording, true, true))
        .then(stated(Transcription, false, true))
        .transcript([
            "Notice: this meeting is being recorded.",
            "Notice: this meeting is not being transcribed.",
        ])
        .status("REC Recording");
}

#[test]
fn changing_the_view_says_what_is_on_before_any_chat() {
    let shown = script()
        .connected()
        .then(notice(Recording, true))
        .quietly()
        .then(says(1, "Alice", "hello"))
        .typed("x")
        .press("Backspace")
        .then(says(2, "Bob", "held while typing"))
        .forget()
        .line("/linear")
        .after(10.0);
    let said: Vec<_> = shown.lines.iter().map(|l| l.text.as_str()).collect();
    assert_eq!(said[0], "Notice: this meeting is being recorded.");
    assert!(said[1..].contains(&"Bob: held while typing"), "{said:?}");
}

#[test]
fn consent_is_a_question_that_only_a_person_answers() {
    let asked = script()
        .connected()
        .then(call(CallEvent::ConsentRequired(true)))
        .then(call(CallEvent::ConsentRequired(true)))
        .transcript([
            "Notice: the meeting asks for your consent to be recorded. Type /consent yes or /consent no.",
        ])
        .after(700.0)
        .press("Enter");
    assert_eq!(asked.call_commands(), []);
    let refused = asked.forget().press("Ctrl-T");
    assert_eq!(refused.call_commands(), []);
    assert_eq!(refused.lines.len(), 1);
    let given = refused.forget().line("/consent yes");
    assert_eq!(given.call_commands(), [CallCommand::Consent(true)]);
    assert_eq!(logged(&given), [NoticeMoment::ConsentGiven]);
    let given = given.shows((120, 20), "Notice: you gave your consent to be recorded.");
    let free = given.forget().press("Ctrl-T");
    assert_eq!(free.call_commands(), [CallCommand::Mute(false)]);
}

#[test]
fn a_no_keeps_listening_only() {
    let shown = script()
        .connected()
        .then(call(CallEvent::ConsentRequired(true)))
        .line("/consent no")
        .shows((120, 20), "Notice: you did not consent to be recorded.")
        .forget()
        .press("Ctrl-T");
    assert_eq!(shown.call_commands(), []);
    shown.status("isten only");
}

#[test]
fn two_calls_repeat_their_notices_each_and_one_answer_acknowledges_all() {
    let other = AccountId::new("teams:ada");
    let mut shown = script().connected();
    let mut second = shown.state.call().unwrap().clone();
    second.account = other.clone();
    second.info.topic = "budget".to_owned();
    shown.state.calls.insert(other.clone(), second);
    let started = CallEvent::Notice {
        kind: Recording,
        state: NoticeState::Active { by: None },
        initial: false,
        at: at(0.0),
    };
    let shown = shown
        .then(notice(Recording, true))
        .then(Event::Call(other.clone(), started))
        .transcript([
            "Notice in design: recording started.",
            "Notice in budget: recording started.",
        ])
        .forget()
        .after(25.0)
        .transcript([
            "Again in design: recording started.",
            "Again in budget: recording started.",
        ]);
    let repeated = [NoticeMoment::Repeated, NoticeMoment::Repeated];
    assert_eq!(logged(&shown), repeated);
    let shown = shown.forget().press("Enter").transcript(["Acknowledged."]);
    let effects = shown.effects.iter();
    let accounts = effects.filter_map(|e| match e {
        Effect::Log(record) => Some(record.account.clone()),
        _ => None,
    });
    assert_eq!(accounts.collect::<Vec<_>>(), [account(), other]);
    shown.forget().after(1000.0).transcript([]);
}

#[test]
fn nothing_repeats_after_the_call() {
    let shown = script()
        .connected()
        .then(notice(Recording, true))
        .line("/leave")
        .then(crate::call::ended(0, 0))
        .forget()
        .after(1000.0);
    assert!(shown.lines.is_empty(), "{:?}", shown.lines);
}

#[test]
fn a_notice_that_was_typed_over_is_written_again_on_the_full_screen_until_acknowledged() {
    let shown = script()
        .connected()
        .then(notice(Recording, true))
        .typed("a few words")
        .after(2.0)
        .status("Again: recording started.");
    let shown = shown.typed("x");
    assert!(shown.state.focus.said.is_none());
    shown.after(70.0).status("Again: recording started.");
}

#[test]
fn an_answer_stays_while_a_notice_is_said_again() {
    script()
        .connected()
        .then(notice(Recording, true))
        .line("/nonsense")
        .status("nonsense")
        .after(5.0)
        .status("Again: recording started.")
        .status("nonsense");
}

#[test]
fn a_repeat_goes_when_what_it_says_is_no_longer_so() {
    let repeated = || {
        script()
            .connected()
            .then(notice(Recording, true))
            .typed("a few words")
            .after(2.0)
            .status("Again: recording started.")
    };
    repeated()
        .then(notice(Recording, false))
        .no_status("Again")
        .no_status("REC Recording");
    let lost = CallEvent::SignallingLost { at: at(4.0) };
    repeated()
        .then(call(lost))
        .no_status("Again")
        .status("Recording: unknown");
}

#[test]
fn what_was_on_before_the_chat_was_known_has_its_banner_there_once() {
    let info = || {
        call(CallEvent::Info(CallInfo {
            thread: Some(thread()),
            topic: "design".to_owned(),
            started: None,
        }))
    };
    let shown = script()
        .dialled()
        .then(state(CallState::Connected))
        .then(stated(Recording, true, true))
        .then(info())
        .then(info())
        .then(state(CallState::LocalHold))
        .then(state(CallState::Connected));
    let timeline = &shown.state.thread().unwrap().timeline;
    let banners = timeline.entries().iter();
    let banners = banners.filter(|entry| matches!(entry, Entry::Banner { .. }));
    assert_eq!(banners.count(), 1);
}

#[test]
fn the_vendors_privacy_statement_is_said_of_the_vendors_meetings_alone() {
    let linear = || {
        alone(Settings {
            interface: Interface::Linear,
            ..Settings::default()
        })
    };
    let told = |shown: Script| shown.connected().line("/notices").lines.pop().unwrap().text;
    let ours = told(linear());
    assert!(
        ours.contains("whoever runs this meeting's service"),
        "{ours}"
    );
    assert!(!ours.contains(PRIVACY_STATEMENT), "{ours}");
    let theirs = told(linear().elsewhere(AccountKind::External));
    assert!(theirs.contains(PRIVACY_STATEMENT), "{theirs}");
}
