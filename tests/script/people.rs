//! Calls with people and phones: called, being called, a second call, keys of a phone, handed on.

use std::collections::BTreeSet;

use sidetone::effect::CallCommand;
use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::effect::SoundCommand;
use sidetone::effect::WorkCommand;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::IdentityEvent;
use sidetone::event::WorkEvent;
use sidetone::model::account::AccountKind;
use sidetone::model::announcement::Class;
use sidetone::model::call::CallNumber;
use sidetone::model::call::CallState;
use sidetone::model::call::EndReason;
use sidetone::model::call::Incoming;
use sidetone::model::call::IncomingNumber;
use sidetone::model::call::TransferStep;
use sidetone::model::call::TransferTo;
use sidetone::model::directory::Colleague;
use sidetone::model::failure::Because;
use sidetone::model::identity::Person;
use sidetone::model::identity::RawId;
use sidetone::model::locator::Locator;
use sidetone::model::notice::NoticeKind;
use sidetone::model::notice::NoticeState;
use sidetone::model::permission::Permission;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::sound::AudioMode;
use sidetone::model::sound::Ringing;
use sidetone::state::calls::Caller;

use crate::play::Script;
use crate::play::account;
use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::chat;
use crate::play::state;

const DAVE: &str = "8:orgid:00000000-0000-0000-0000-0000000000d4";

/// Among the chats of a work account that can call people, in the linear view.
fn work() -> Script {
    among(Settings {
        interface: Interface::Linear,
        ..Settings::default()
    })
}

fn among(settings: Settings) -> Script {
    let mut script = alone(settings).elsewhere(AccountKind::Teams).sounding();
    script.state.callers.insert(account(), Caller::default());
    let devices = sidetone::event::SoundEvent::Devices {
        capture: Vec::new(),
        playback: Vec::new(),
    };
    script.among_chats().then(Event::Sound(devices)).quietly()
}

fn full_screen() -> Script {
    among(Settings::default())
}

trait Told {
    fn told(self, line: &str) -> Self;
}

impl Told for Script {
    /// The line was said, among whatever else.
    #[track_caller]
    fn told(self, line: &str) -> Self {
        let is = |text: &str| text == line || text.lines().any(|part| part == line);
        let said = self.lines.iter().any(|l| is(&l.text));
        assert!(said, "{line:?} is not among {:#?}", self.lines);
        self
    }
}

fn commands(script: &Script) -> Vec<&CallCommand> {
    let mut commands = Vec::new();
    for effect in &script.effects {
        if let Effect::Call(_, command) = effect {
            commands.push(command);
        }
    }
    commands
}

fn dave() -> Incoming {
    Incoming {
        number: IncomingNumber(1),
        caller: Person::new(DAVE, "Dave"),
        through: None,
    }
}

fn rings(incoming: Incoming) -> Event {
    call(CallEvent::Incoming(incoming))
}

fn over(code: u32, subcode: u32) -> Event {
    call(CallEvent::IncomingOver {
        incoming: Some(IncomingNumber(1)),
        reason: EndReason { code, subcode },
    })
}

fn front(number: u32) -> Event {
    call(CallEvent::Front(CallNumber(number)))
}

fn behind(number: u32, event: CallEvent) -> Event {
    call(CallEvent::Behind {
        call: CallNumber(number),
        event: Box::new(event),
    })
}

/// In a call with a phone, and what led there forgotten.
fn talking() -> Script {
    work()
        .line("/call +14255550123")
        .then(front(1))
        .then(state(CallState::Ringing))
        .then(state(CallState::Connected))
        .quietly()
}

fn with_second() -> Script {
    talking()
        .line(&format!("/call {DAVE}"))
        .then(behind(1, held()))
        .then(front(2))
        .then(state(CallState::Connected))
        .quietly()
}

fn held() -> CallEvent {
    CallEvent::State {
        state: CallState::LocalHold,
        at: at(0.0),
    }
}

#[test]
fn a_phone_is_called_and_each_step_is_said() {
    let script = work()
        .line("/call +1 (425) 555-0123")
        .then(front(1))
        .then(state(CallState::Connecting))
        .then(state(CallState::Ringing))
        .after(5.0)
        .then(state(CallState::Connected))
        .after(5.0);
    let number = Locator::Person("4:+14255550123".to_owned());
    assert!(matches!(
        commands(&script)[..],
        [CallCommand::Join { locator, .. }, ..] if *locator == number
    ));
    script.transcript([
        "Call: calling +14255550123. /leave gives it up.",
        "Call: it rings at +14255550123.",
        "Call: connected with +14255550123.",
    ]);
}

#[test]
fn who_calls_wants_to_be_heard() {
    let muted = |muted| call(CallEvent::Muted { muted, by: None });
    let script = talking().then(muted(false));
    assert!(!script.state.call().unwrap().muted);
    assert!(commands(&script).is_empty(), "nothing closes it again");
}

#[test]
fn an_emergency_number_is_refused_with_what_to_do() {
    for number in ["112", "911", "+1911"] {
        let script = work().line(&format!("/call {number}")).after(1.0);
        assert!(commands(&script).is_empty());
        script.transcript([
            "Error: could not make the call: this may be an emergency number, and this program must not be relied on for them: use a phone.",
        ]);
    }
}

#[test]
fn where_nobody_can_be_called_an_emergency_number_still_gets_its_own_words() {
    let mut script = work();
    script.state.callers.clear();
    let script = script.line("/call 112").after(1.0);
    assert!(commands(&script).is_empty());
    script.transcript([
        "Error: could not make the call: this may be an emergency number, and this program must not be relied on for them: use a phone.",
    ]);
}

#[test]
fn set_up_for_it_an_emergency_number_is_dialled() {
    let mut script = work();
    script.state.callers.get_mut(&account()).unwrap().emergency = true;
    let script = script.line("/call 112");
    let number = Locator::Person("4:112".to_owned());
    assert!(matches!(
        commands(&script)[..],
        [CallCommand::Join { locator, .. }] if *locator == number
    ));
}

fn colleague(name: &str, id: Option<&str>) -> Colleague {
    Colleague {
        id: id.map(RawId::new),
        name: name.to_owned(),
        address: String::new(),
        title: "Engineer".to_owned(),
    }
}

fn found(people: &[Colleague]) -> Event {
    chat(ChatEvent::Work(WorkEvent::People(people.to_vec())))
}

#[test]
fn a_name_is_looked_for_in_the_directory_and_asked_about_where_several_fit() {
    let script = work().line("/call Dave");
    let search = ChatCommand::Work(WorkCommand::FindPeople("Dave".to_owned()));
    assert!(script.effects.contains(&Effect::Chat(account(), search)));
    let two = [
        colleague("Dave One", Some("8:orgid:1")),
        colleague("Dave Two", Some(DAVE)),
        colleague("Dave at home", None),
    ];
    let script = script.then(found(&two)).after(1.0);
    let script = script.told("1. Dave One, Engineer");
    let script = script.told("2. Dave Two, Engineer");
    let script = script.line("/call 2").after(1.0);
    let whom = Locator::Person(DAVE.to_owned());
    assert!(matches!(
        commands(&script)[..],
        [CallCommand::Join { locator, .. }] if *locator == whom
    ));
    script.told("Call: calling Dave Two. /leave gives it up.");
}

#[test]
fn the_only_one_of_that_name_is_called_at_once_and_nobody_is_said() {
    let script = work()
        .line("/call Dave")
        .then(found(&[colleague("Dave", Some(DAVE))]));
    assert_eq!(commands(&script).len(), 1);
    let script = work().line("/call Dave").then(found(&[])).after(1.0);
    script.transcript([
        "Error: could not make the call: nobody of that name was found who can be called.",
    ]);
}

#[test]
fn a_service_of_meetings_calls_nobody_and_says_so() {
    let mut script = work();
    script.state.callers.clear();
    let script = script.line("/call +14255550123").after(1.0);
    assert!(commands(&script).is_empty());
    script.transcript([
        "Error: /call is not possible, the service of this account knows meetings only.",
    ]);
}

#[test]
fn somebody_calls_and_it_is_said_until_it_is_answered() {
    let script = work().then(rings(dave()));
    assert!(script.effects.contains(&Effect::Notify("Dave".to_owned())));
    assert!(
        script
            .effects
            .contains(&Effect::Sound(SoundCommand::Ring(Ringing::Here)))
    );
    let script = script.after(70.0);
    let line = "Call: Dave is calling. /accept or /reject.";
    let told = script.lines.iter().filter(|l| l.text == line);
    let times: Vec<f64> = told.clone().map(|l| l.seconds.round()).collect();
    assert!(told.clone().all(|l| l.class == Class::Assertive));
    assert_eq!(times.len(), 8, "{times:?}");
    let script = script.line("/accept");
    assert!(
        script
            .effects
            .contains(&Effect::Sound(SoundCommand::Ring(Ringing::Off)))
    );
    assert!(matches!(
        commands(&script)[..],
        [CallCommand::Accept {
            incoming: IncomingNumber(1),
            muted: false,
            ..
        }]
    ));
    let script = script.after(20.0);
    assert_eq!(script.lines.iter().filter(|l| l.text == line).count(), 8);
}

#[test]
fn on_the_screen_it_stands_in_the_notice_line_and_typing_goes_on() {
    let script = full_screen().then(rings(dave())).typed("yes");
    let script = script.shows((96, 16), "Dave is calling · /accept · /reject");
    assert!(commands(&script).is_empty(), "a letter answers nothing");
    assert_eq!(script.state.composer.text(), "yes");
    let script = script.press("Ctrl-G Y");
    assert!(matches!(
        commands(&script)[..],
        [CallCommand::Accept { .. }]
    ));
}

#[test]
fn it_is_refused_by_either_word() {
    for line in ["/reject", "/decline", "/decline dave"] {
        let script = work().then(rings(dave())).line(line);
        assert_eq!(
            commands(&script),
            [&CallCommand::Decline(IncomingNumber(1))]
        );
        assert!(script.state.ringing.is_empty());
    }
    let script = work().line("/accept").after(1.0);
    script.transcript(["Error: /accept is not possible, nobody calls you."]);
}

#[test]
fn a_call_that_nobody_answered_is_said_with_how_it_ended() {
    let missed = |code, subcode| {
        let script = work()
            .then(rings(dave()))
            .then(over(code, subcode))
            .after(9.0);
        assert!(
            script
                .effects
                .contains(&Effect::Sound(SoundCommand::Ring(Ringing::Off)))
        );
        script
    };
    missed(487, 10004).told("Call: you missed a call of Dave.");
    missed(487, 10003).told("Call: the call of Dave was answered on another device.");
    let script = work()
        .then(rings(dave()))
        .line("/reject")
        .then(over(0, 603))
        .after(1.0);
    script.transcript([
        "Call: Dave is calling. /accept or /reject.",
        "Call: Dave is refused.",
    ]);
}

#[test]
fn who_hands_a_call_on_to_us_is_named() {
    let through = Some(Person::new("8:orgid:f", "Front desk"));
    let script = work()
        .then(rings(Incoming { through, ..dave() }))
        .after(1.0);
    script.transcript(["Call: Dave is calling, handed on by Front desk. /accept or /reject."]);
}

#[test]
fn calls_are_waited_for_as_the_settings_say() {
    let script = work().line("/set receive_calls true");
    assert_eq!(
        commands(&script),
        [&CallCommand::Receive(Some(AudioMode::Raw))]
    );
    let script = script.then(call(CallEvent::Receiving(Ok(true)))).after(5.0);
    let script = script.told("Calls to you ring here.");
    let lost = call(CallEvent::Receiving(Err(Because::Lost)));
    let script = script.then(lost).after(5.0);
    let script =
        script.told("Error: calls to you do not ring here, no connection. It is tried again.");
    let script = script.line("/set receive_calls false");
    assert_eq!(commands(&script).last(), Some(&&CallCommand::Receive(None)));
}

#[test]
fn who_calls_hears_that_it_rings_there_until_somebody_answers() {
    let rings = |script: &Script| {
        let all = script.effects.iter().filter_map(|effect| match effect {
            Effect::Sound(SoundCommand::Ring(rings)) => Some(*rings),
            _ => None,
        });
        all.collect::<Vec<_>>()
    };
    let calling = |script: Script| {
        script
            .line("/call +14255550123")
            .then(front(1))
            .then(state(CallState::Ringing))
    };
    let script = calling(work());
    assert_eq!(rings(&script), [Ringing::There]);
    // Who calls us meanwhile is heard instead.
    let script = script.then(call(CallEvent::Incoming(dave())));
    assert_eq!(rings(&script), [Ringing::There, Ringing::Here]);
    let script = script.then(over(487, 10004));
    assert_eq!(rings(&script).last(), Some(&Ringing::There));
    let script = script.then(state(CallState::Connected));
    assert_eq!(rings(&script).last(), Some(&Ringing::Off));
    // What the network plays is no ringing of ours.
    let script = calling(work()).then(state(CallState::EarlyMedia));
    assert_eq!(rings(&script), [Ringing::There, Ringing::Off]);
    let quiet = calling(work().line("/set ring false"));
    assert!(rings(&quiet).is_empty());
}

#[test]
fn nobody_is_looked_for_without_leave_to() {
    let permitted = IdentityEvent::Permitted {
        given: BTreeSet::new(),
        withheld: BTreeSet::from([Permission::FindPeople]),
    };
    let script = work().then(Event::Identity(account(), permitted)).quietly();
    let script = script.line("/call Dave");
    assert!(script.chat_commands().is_empty());
    let script = script.told(
        "Error: /call is not possible, your sign-in was not given leave to find people; /permission people asks for \
         it.",
    );
    // A number needs no directory.
    assert_eq!(commands(&script.line("/call +14255550123")).len(), 1);
}

#[test]
fn a_second_call_waits_until_the_first_is_on_hold() {
    let script = talking().line(&format!("/call {DAVE}"));
    assert_eq!(script.state.call().unwrap().number, CallNumber(1));
    let script = script.then(behind(2, held())).then(front(2));
    assert_eq!(script.state.call().unwrap().number, CallNumber(2));
    assert_eq!(script.state.behind.len(), 1);
}

#[test]
fn a_call_that_is_not_connected_yet_cannot_wait() {
    let script = work()
        .line("/call +14255550123")
        .then(front(1))
        .line(&format!("/call {DAVE}"))
        .after(1.0);
    script.told(
        "Error: /call is not possible, the other call is not connected yet; /leave gives it up.",
    );
}

#[test]
fn both_views_say_who_waits_and_switching_turns_to_them() {
    let script = with_second();
    let script = script.line("/switch");
    assert_eq!(commands(&script), [&CallCommand::Switch(CallNumber(1))]);
    let script = script.line("/fullscreen").after(1.0);
    script.shows((96, 16), "on hold: +14255550123");
}

#[test]
fn what_is_recorded_in_a_call_on_hold_is_said_at_once() {
    let recorded = CallEvent::Notice {
        kind: NoticeKind::Recording,
        state: NoticeState::Active { by: None },
        initial: false,
        at: at(0.0),
    };
    let script = with_second().then(behind(1, recorded)).after(1.0);
    let line = "Notice: in the call on hold with +14255550123 recording is on.";
    let script = script.told(line);
    assert_eq!(script.lines[0].class, Class::Assertive);
    let script = script.shows((120, 20), line);
    let script = script.shows((120, 20), "+14255550123: REC Recording since");
    let script = script.then(front(1)).after(1.0);
    script.told("Notice: this meeting is being recorded.");
}

#[test]
fn the_end_of_one_call_leaves_the_other_and_says_so() {
    let ended = |subcode| CallEvent::Ended {
        reason: EndReason { code: 0, subcode },
        by: None,
        at: at(0.0),
    };
    let script = with_second().then(call(ended(5003))).after(5.0);
    let script = script.told("Call: +14255550123 is still on hold. /resume takes it off hold.");
    let script = script.line("/resume");
    assert_eq!(commands(&script), [&CallCommand::Switch(CallNumber(1))]);
    let script = with_second().then(behind(1, ended(560_000))).after(5.0);
    let script =
        script.told("Call: the call on hold with +14255550123 is over, the phone side hung up.");
    assert!(script.state.behind.is_empty());
}

#[test]
fn keys_of_a_phone_are_pressed_and_only_their_number_is_said() {
    let script = talking().line("/dtmf 12 3#");
    let Some(CallCommand::Tones(tones)) = commands(&script).first() else {
        panic!("no keys")
    };
    assert_eq!(tones.keys().collect::<String>(), "123#");
    assert_eq!(format!("{tones:?}"), "Tones(4)");
    let script = script.then(call(CallEvent::TonesSent(4))).after(1.0);
    script.told("4 keys pressed.");
    let script = talking().line("/dtmf 12x").after(1.0);
    script.told("Error: it is /dtmf KEYS");
}

#[test]
fn a_call_is_handed_on_and_each_step_is_said() {
    let asked = |line: &str| {
        let script = with_second().line(line);
        match commands(&script)[..] {
            [CallCommand::Transfer(to)] => to.clone(),
            _ => panic!("{line}"),
        }
    };
    let bob = "8:orgid:00000000-0000-0000-0000-0000000000b0";
    assert_eq!(
        asked(&format!("/transfer {bob}")),
        TransferTo::Person(RawId::new(bob))
    );
    assert_eq!(
        asked(&format!("/transfer voicemail {bob}")),
        TransferTo::Voicemail(RawId::new(bob))
    );
    assert_eq!(
        asked("/transfer 28:orgid:queue"),
        TransferTo::Person(RawId::new("28:orgid:queue"))
    );
    assert_eq!(asked("/transfer held"), TransferTo::Held(CallNumber(1)));
    let step = |step| call(CallEvent::Transfer(step));
    let busy = EndReason {
        code: 486,
        subcode: 560_486,
    };
    let script = talking()
        .line("/transfer +14255550199")
        .then(step(TransferStep::Begun))
        .then(step(TransferStep::Failed(busy)))
        .after(5.0);
    let script = script.told("Call: being handed on to +14255550199.");
    script.told(
        "Error: the call was not handed on to +14255550199, the phone is busy. You are still in it. Code 486/560486.",
    );
    let script = talking()
        .line("/transfer +14255550199")
        .then(step(TransferStep::Done))
        .after(5.0);
    script.told("Call: handed on to +14255550199.");
}

#[test]
fn somebody_is_called_into_the_call_unless_the_service_forbids_it() {
    let script = talking().line("/add +14255550199");
    assert!(matches!(
        commands(&script)[..],
        [CallCommand::Add { who, .. }] if who.as_str() == "4:+14255550199"
    ));
    let denied = vec![(
        "addPhoneNumber".to_owned(),
        Some("UserPolicyRestricted".to_owned()),
    )];
    let script = talking()
        .then(call(CallEvent::Capabilities(denied)))
        .line("/add +14255550199")
        .after(1.0);
    assert!(commands(&script).is_empty());
    script.told("Error: /add is not possible, a policy of your organization does not allow it.");
    let declined = call(CallEvent::Declined {
        person: Person::new(DAVE, "Dave"),
        reason: EndReason {
            code: 603,
            subcode: 0,
        },
    });
    let script = talking().then(declined).after(1.0);
    script.told("Call: Dave does not come, the call was declined.");
}

#[test]
fn a_meeting_cannot_be_handed_on_and_the_reason_is_everywhere_the_same() {
    let script = alone(Settings::default())
        .elsewhere(AccountKind::Teams)
        .connected()
        .line("/transfer +14255550199")
        .after(1.0);
    let reason = "only a call between two can be handed on";
    let script = script.told(&format!("Error: /transfer is not possible, {reason}."));
    let script = script.line("/help transfer").after(1.0);
    script.shows((200, 24), reason);
}
