//! What may be done when, and what the whole state answers.

use super::*;
use crate::clock::Timestamp;
use crate::command::Command;
use crate::model::call::CallState;
use crate::model::call::Role;
use crate::model::call::Signalling;
use crate::model::capability::Reason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::locator::Locator;
use crate::model::thread::ChatAccess;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKey;
use crate::state::palette::Target;

fn account() -> AccountId {
    AccountId::new("external:ada")
}

fn key() -> ThreadKey {
    ThreadKey {
        account: account(),
        thread: ThreadId::new("19:a@thread.v2"),
    }
}

fn state() -> State {
    State::new(Settings::default(), Zone::UTC, "run".to_owned(), (80, 24))
}

/// A call in a state, with a role, and an open thread.
fn meeting(call: CallState, role: Role) -> State {
    let mut state = state();
    let locator = Locator::Thread(ThreadId::new("19:a@thread.v2"));
    let mut dialled = Call::new(account(), locator, "Ada", Now::default());
    dialled.state = call;
    dialled.role = role;
    state.calls.insert(account(), dialled);
    state.threads.open(&key()).access = ChatAccess::Open;
    state.threads.current = Some(key());
    state
}

fn check(state: &State, line: &str, expected: Result<(), Reason>) {
    let command = crate::command::parse(line).unwrap();
    assert_eq!(state.allowed(&command), expected, "{line}");
}

#[test]
fn nothing_is_open_and_nothing_is_joined() {
    let state = state();
    check(&state, "hello", Err(Reason::NoThread));
    check(&state, "/leave", Err(Reason::NotInCall));
    check(&state, "/join", Err(Reason::NoMeeting));
    check(&state, "/status", Ok(()));
}

#[test]
fn in_the_lobby_only_leaving_makes_sense() {
    let mut state = meeting(CallState::InLobby, Role::Unknown);
    state.threads.current = None;
    check(&state, "/mute", Err(Reason::InLobby));
    check(&state, "/raise", Err(Reason::InLobby));
    check(&state, "hello", Err(Reason::InLobby));
    check(&state, "/leave", Ok(()));
    check(&state, "/join", Err(Reason::AlreadyInCall));
}

#[test]
fn what_a_role_allows() {
    for (role, leads) in [
        (Role::Attendee, Err(Reason::Role)),
        (Role::Unknown, Err(Reason::Role)),
        (Role::Presenter, Ok(())),
        (Role::CoOrganizer, Ok(())),
        (Role::Organizer, Ok(())),
    ] {
        let state = meeting(CallState::Connected, role);
        check(&state, "/admit", leads.clone());
        check(&state, "/remove Bob", leads.clone());
        check(&state, "/end", leads);
        check(&state, "/raise", Ok(()));
        check(&state, "/mute", Ok(()));
    }
}

#[test]
fn the_service_has_the_last_word() {
    let mut state = meeting(CallState::Connected, Role::Organizer);
    let denied = &mut state.call_mut().unwrap().denied;
    denied.insert("useReactions".to_owned(), "MeetingRestricted".to_owned());
    denied.insert("unmuteMic".to_owned(), "MeetingRestricted".to_owned());
    let reason = "MeetingRestricted".to_owned();
    check(&state, "/react like", Err(Reason::Service { reason }));
    assert_eq!(state.allowed(&Command::Mute(true)), Ok(()));
    let refused = Err(Reason::MicrophoneForbidden);
    assert_eq!(state.allowed(&Command::ToggleMute), refused);
}

#[test]
fn without_consent_one_listens_only() {
    let mut state = meeting(CallState::Connected, Role::Attendee);
    check(&state, "/consent yes", Err(Reason::NoConsentAsked));
    for consent in [Consent::Required, Consent::Declined] {
        state.call_mut().unwrap().notices.consent = consent;
        let refused = Err(Reason::ConsentOutstanding);
        assert_eq!(state.allowed(&Command::Mute(false)), refused);
        assert_eq!(state.allowed(&Command::Mute(true)), Ok(()));
        check(&state, "/consent yes", Ok(()));
        check(&state, "hello", Ok(()));
    }
    state.call_mut().unwrap().notices.consent = Consent::Granted;
    assert_eq!(state.allowed(&Command::Mute(false)), Ok(()));
}

#[test]
fn a_muted_microphone_is_switched_on_by_the_same_rules() {
    let mut state = meeting(CallState::LocalHold, Role::Attendee);
    assert_eq!(state.allowed(&Command::ToggleMute), Err(Reason::OnHold));
    state.call_mut().unwrap().muted = false;
    assert_eq!(state.allowed(&Command::ToggleMute), Ok(()));
    assert_eq!(state.allowed(&Command::Hold(false)), Ok(()));
}

#[test]
fn without_signalling_nothing_can_be_asked_for() {
    let mut state = meeting(CallState::Connected, Role::Organizer);
    let since = Timestamp::default();
    state.call_mut().unwrap().signalling = Signalling::Lost { since };
    check(&state, "/raise", Err(Reason::SignallingLost));
    check(&state, "/leave", Ok(()));
    check(&state, "hello", Ok(()));
}

#[test]
fn a_chat_that_is_closed_says_why() {
    let mut state = meeting(CallState::Connected, Role::Attendee);
    let failure = Failure {
        doing: Doing::OpeningThread,
        because: Because::Forbidden,
        remedy: Remedy::AskOrganizer,
    };
    for (access, reason) in [
        (ChatAccess::Opening, Reason::ChatOpening),
        (ChatAccess::Gone, Reason::ChatGone),
        (
            ChatAccess::Denied(failure.clone()),
            Reason::ChatDenied(failure),
        ),
    ] {
        state.threads.current_mut().unwrap().access = access;
        check(&state, "hello", Err(reason));
    }
    state.threads.current = None;
    check(&state, "hello", Err(Reason::ChatOpening));
    state.call_mut().unwrap().info_known = true;
    check(&state, "hello", Err(Reason::NoChatInMeeting));
}

#[test]
fn what_has_nothing_to_act_on_is_not_offered() {
    let mut state = meeting(CallState::Connected, Role::Attendee);
    check(&state, "/resume", Err(Reason::NotOnHold));
    check(&state, "/lower", Err(Reason::HandNotUp));
    check(&state, "/retry", Err(Reason::NothingFailed));
    let refused = |name: &str| state.palette(name).remove(0).refused;
    assert_eq!(refused("/resume"), Some(Reason::NotOnHold));
    assert_eq!(refused("/retry"), Some(Reason::NothingFailed));
    assert_eq!(refused("/raise"), None);
    state.threads.current_mut().unwrap().access = ChatAccess::Gone;
    check(&state, "/retry", Ok(()));
    state.call_mut().unwrap().state = CallState::LocalHold;
    check(&state, "/resume", Ok(()));
}

#[test]
fn the_palette_finds_a_command_by_its_name_first() {
    let state = meeting(CallState::Connected, Role::Attendee);
    let found = state.palette("adm");
    let Target::Command(row) = &found[0].target else {
        panic!("no command");
    };
    assert_eq!(row.name, "admit");
    assert_eq!(found[0].refused, Some(Reason::Role));
}

#[test]
fn a_recording_and_a_question_are_restated() {
    let mut state = meeting(CallState::Connected, Role::Attendee);
    let notices = &mut state.call_mut().unwrap().notices;
    let on = NoticeState::Active { by: None };
    notices.note(NoticeKind::Recording, on, true, Timestamp::default());
    notices.require(true);
    state.restate_notices();
    let said = state.announcer.release(Moment::ZERO);
    assert_eq!(said.len(), 2);
    assert!(said.iter().all(|a| a.class == Class::Assertive));
}

#[test]
fn an_external_person_is_said_so_once() {
    let state = state();
    let sender = state.sender(&Person::new("8:acs:1", "Bob Ito (External)"), false);
    assert_eq!((sender.name.as_str(), sender.external), ("Bob Ito", true));
}
