//! The table of accessibility 2.3, line by line.

use crate::model::account::AccountId;
use crate::model::announcement::Announcement;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Said;
use crate::model::announcement::Sender;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Reaction;
use crate::model::call::Signalling;
use crate::model::capability::Reason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::state::State;
use crate::view::fixture;
use crate::view::phrase;

fn check(said: Said, words: &str) {
    check_in(&fixture::meeting(), said, words);
}

fn check_in(state: &State, said: Said, words: &str) {
    let class = Class::Polite;
    assert_eq!(
        phrase::announcement(&Announcement { class, said }, state),
        words
    );
}

fn notice(kind: NoticeKind, change: NoticeChange) -> Said {
    Said::Notice {
        account: fixture::account(),
        kind,
        change,
        again: false,
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|n| (*n).to_owned()).collect()
}

fn alice() -> Sender {
    Sender {
        name: "Alice".to_owned(),
        external: false,
        mine: false,
    }
}

fn said_by(sender: Sender, texts: &[&str], times: usize, mention: bool) -> Said {
    Said::Message {
        sender,
        texts: names(texts),
        times,
        mention,
        thread: None,
    }
}

#[test]
fn notices_are_worded_as_the_law_wants_them() {
    use NoticeKind::Recording;
    use NoticeKind::Transcription;
    let started = |by: Option<&str>| NoticeChange::Started {
        by: by.map(str::to_owned),
    };
    check(
        notice(Recording, started(None)),
        "Notice: recording started.",
    );
    check(
        notice(Recording, started(Some("Carol"))),
        "Notice: recording started by Carol.",
    );
    check(
        notice(Recording, NoticeChange::AlreadyOn),
        "Notice: this meeting is being recorded.",
    );
    check(
        notice(Transcription, started(None)),
        "Notice: transcription started.",
    );
    check(
        notice(Transcription, NoticeChange::AlreadyOn),
        "Notice: this meeting is being transcribed.",
    );
    check(
        notice(Recording, NoticeChange::Stopped { by: None }),
        "Notice: recording stopped.",
    );
    check(
        Said::Notice {
            account: fixture::account(),
            kind: Recording,
            change: started(None),
            again: true,
        },
        "Again: recording started.",
    );
    check(
        Said::ConsentAsked {
            account: fixture::account(),
            again: false,
        },
        "Notice: the meeting asks for your consent to be recorded. Type /consent yes or /consent no.",
    );
}

#[test]
fn a_notice_says_of_which_meeting_it_is_where_there_are_several() {
    let mut state = fixture::meeting();
    let other = AccountId::new("teams:ada");
    let mut second = state.call().unwrap().clone();
    second.account = other.clone();
    second.info.topic = "Budget".to_owned();
    state.calls.insert(other.clone(), second);
    let said = |account| Said::Notice {
        account,
        kind: NoticeKind::Recording,
        change: NoticeChange::Started { by: None },
        again: false,
    };
    check_in(
        &state,
        said(fixture::account()),
        "Notice in Design review: recording started.",
    );
    check_in(&state, said(other), "Notice in Budget: recording started.");
}

#[test]
fn the_call_is_told_in_words() {
    let ended = |code, subcode, by: Option<&str>, seconds| Said::CallEnded {
        reason: EndReason { code, subcode },
        by: by.map(str::to_owned),
        seconds,
    };
    check(
        ended(0, 4097, Some("Carol"), 31 * 60),
        "Call: ended by Carol after 31 minutes.",
    );
    check(
        ended(0, 5300, None, 90),
        "Call: you were removed by another participant after 1 minute. Ask the organizer. Code 0/5300.",
    );
    check(ended(0, 0, None, 0), "Call: you hung up.");
    check(
        ended(408, 10057, None, 60),
        "Call: the call could not be set up in time. Try again in a moment with /join. Code 408/10057.",
    );
    check(Said::Admitted, "Call: you were admitted.");
    check(
        Said::MutedByOther {
            by: Some("Carol".to_owned()),
            muted: true,
        },
        "Call: Carol muted you.",
    );
    check(Said::OwnMute { muted: true }, "Muted.");
    check(Said::OwnMute { muted: false }, "Microphone on.");
    check(
        Said::WaitingInLobby {
            topic: "design".to_owned(),
        },
        "Call: waiting in the lobby.",
    );
    check(
        Said::SomeoneWaits {
            names: names(&["Erin"]),
        },
        "Lobby: Erin is waiting. /admit Erin",
    );
    check(Said::ConnectionLost, "Call: connection lost, reconnecting.");
    check(
        Said::ConnectionBack {
            seconds: 14,
            missed: 3,
        },
        "Call: connected again after 14 seconds, 3 messages came in.",
    );
}

#[test]
fn people_come_and_go_in_words() {
    let came = |joined: &[&str], left: &[&str], people| Said::CameAndWent {
        joined: names(joined),
        left: names(left),
        people,
    };
    check(came(&["Dave"], &[], 6), "Call: Dave joined, 6 people.");
    check(
        came(&["a", "b", "c", "d"], &["e"], 9),
        "Call: 4 joined, 1 left, 9 people.",
    );
    check(
        Said::Hand {
            name: "Erin".to_owned(),
            up: true,
            mine: false,
        },
        "Call: Erin raised a hand.",
    );
    check(
        Said::Reacted {
            name: "Bob".to_owned(),
            reaction: Reaction::Like,
        },
        "Call: Bob reacted thumbs up.",
    );
}

#[test]
fn messages_say_who_first() {
    let bob = Sender {
        name: "Bob".to_owned(),
        external: true,
        mine: false,
    };
    check(
        said_by(alice(), &["good morning"], 1, false),
        "Alice: good morning",
    );
    check(
        said_by(bob, &["the build is green"], 1, false),
        "Bob, external: the build is green",
    );
    check(
        said_by(alice(), &["Ada, can you?"], 1, true),
        "Mention, Alice: Ada, can you?",
    );
    check(
        said_by(alice(), &["first", "second."], 1, false),
        "Alice: first. second.",
    );
    check(said_by(alice(), &["+1"], 5, false), "Alice: +1, 5 times.");
    check(
        Said::Edited {
            sender: alice(),
            text: "better".to_owned(),
        },
        "Alice edited: better",
    );
    check(
        Said::Summary {
            count: 12,
            thread: "design".to_owned(),
            names: names(&["Alice", "Bob"]),
            others: names(&["Carol", "Dave", "Erin"]),
        },
        "12 new messages in design from Alice, Bob and 3 others. /unread reads them.",
    );
    check(
        Said::OtherThread {
            count: 3,
            thread: "budget".to_owned(),
        },
        "3 new in budget.",
    );
    check(
        Said::Opened {
            topic: "design".to_owned(),
            people: 5,
            earlier: 214,
            unread: 3,
        },
        "Joined design, 5 people, 214 earlier messages, 3 unread.",
    );
    check(
        Said::TopicChanged {
            topic: String::new(),
            by: Some("Ada".to_owned()),
        },
        "Ada removed the topic.",
    );
}

#[test]
fn errors_say_what_to_do() {
    let lost = Failure {
        doing: Doing::Sending,
        because: Because::Lost,
        remedy: Remedy::Retry,
    };
    check(
        Said::NotSent {
            thread: "Alice".to_owned(),
            failure: lost.clone(),
        },
        "Error: message to Alice not sent, no connection. /retry",
    );
    check(
        Said::Failed(Failure {
            doing: Doing::SavingAttachment,
            ..lost
        }),
        "Error: could not save the attachment: the connection was lost. /retry does it again.",
    );
    check(
        Said::Refused {
            command: "mute",
            reason: Reason::NotInCall,
        },
        "Error: /mute is not possible, you are not in the call.",
    );
    check(
        Said::UnknownCommand {
            name: "mtue".to_owned(),
            nearest: Some("mute"),
        },
        "Error: there is no command /mtue. Did you mean /mute? /help lists all.",
    );
    check(
        Said::BadArgument {
            command: "consent",
            arguments: "yes|no",
        },
        "Error: it is /consent yes or no",
    );
}

#[test]
fn that_the_call_goes_on_is_said_only_where_it_is_known() {
    let denied = || {
        Said::ChatDenied(Failure {
            doing: Doing::OpeningThread,
            because: Because::Forbidden,
            remedy: Remedy::AskOrganizer,
        })
    };
    let words = "Error: could not open the chat: it is not allowed here. Ask the organizer.";
    let mut state = fixture::meeting();
    check_in(&state, denied(), &format!("{words} The call goes on."));
    let since = fixture::at(3);
    fixture::call(&mut state).signalling = Signalling::Lost { since };
    check_in(&state, denied(), words);
    let mut state = fixture::meeting();
    fixture::call(&mut state).state = CallState::Connecting;
    check_in(&state, denied(), words);
}

#[test]
fn status_is_one_line() {
    let mut state = fixture::meeting();
    state.settings.price_per_minute = 0.0;
    fixture::notice(
        &mut state,
        NoticeKind::Recording,
        NoticeState::Active { by: None },
        Some(2),
    );
    fixture::thread(&mut state).unread = 3;
    check_in(
        &state,
        Said::Answer(Answer::Status),
        "In call 13 minutes, muted, 2 people, recording on since 10:02, transcription off, you are in it since 10:01, 3 unread",
    );
}

#[test]
fn one_minute_is_said_as_one() {
    let mut state = fixture::meeting();
    for (minute, words) in [
        (1, "0 minutes cost about 0.00 USD"),
        (2, "1 minute costs about 0.004 USD"),
        (3, "2 minutes cost about 0.008 USD"),
        (4, "3 minutes cost about 0.01 USD"),
    ] {
        state.now = fixture::now(minute);
        let told = phrase::status(&state);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn notices_tell_the_state_and_where_the_privacy_statement_is() {
    let mut state = fixture::meeting();
    fixture::notice(
        &mut state,
        NoticeKind::Recording,
        NoticeState::Active { by: None },
        Some(2),
    );
    check_in(
        &state,
        Said::Answer(Answer::Notices),
        "Recording: on since 10:02.\n\
         Transcription: off.\n\
         The meeting does not ask for your consent.\n\
         How the service treats recordings: https://privacy.microsoft.com/privacystatement\n\
         Changes in this call, the newest last:\n\
         Recording started, 10:02.",
    );
}

#[test]
fn notices_list_what_changed_in_this_call_and_when() {
    let mut state = fixture::meeting();
    let by = || Some("Alice".to_owned());
    let on = NoticeState::Active { by: by() };
    let off = NoticeState::Inactive { by: by() };
    fixture::notice(&mut state, NoticeKind::Recording, on, Some(2));
    fixture::notice(&mut state, NoticeKind::Recording, off, Some(5));
    fixture::call(&mut state).notices.lose(fixture::at(7));
    let told = phrase::notices(&state);
    let (_, changes) = told.split_once("the newest last:\n").unwrap();
    assert_eq!(
        changes,
        "Recording started by Alice, 10:02.\n\
         Recording stopped by Alice, 10:05.\n\
         Recording unknown, the connection was lost, 10:07.\n\
         Transcription unknown, the connection was lost, 10:07."
    );
}

#[test]
fn what_is_on_in_another_call_is_shown_with_its_meeting() {
    let mut state = fixture::meeting();
    let on = NoticeState::Active { by: None };
    let mut other = fixture::call(&mut state).clone();
    other.account = AccountId::new("teams:ada");
    other.info.topic = "Budget".to_owned();
    other
        .notices
        .note(NoticeKind::Recording, on, false, fixture::at(3));
    other.notices.require(true);
    state.calls.insert(other.account.clone(), other);
    let line = phrase::notice_line(&state);
    let words: Vec<&str> = line.iter().map(|item| item.full.as_str()).collect();
    assert_eq!(
        words,
        [
            "Budget: REC Recording since 10:03",
            "Budget: recording needs your consent",
            "Enter acknowledges"
        ]
    );
}

#[test]
fn who_began_is_never_guessed_and_neither_is_when() {
    let mut state = fixture::meeting();
    let on = |by: Option<&str>| NoticeState::Active {
        by: by.map(str::to_owned),
    };
    fixture::notice(&mut state, NoticeKind::Recording, on(None), Some(2));
    assert_eq!(
        phrase::notice_line(&state)[0].full,
        "REC Recording since 10:02"
    );
    let mut state = fixture::chat();
    state.calls = fixture::meeting().calls;
    let call = fixture::call(&mut state);
    call.notices = crate::state::notices::Notices::default();
    fixture::notice(&mut state, NoticeKind::Recording, on(None), None);
    assert_eq!(
        phrase::notice_line(&state)[0].full,
        "REC Recording on when you joined"
    );
    fixture::notice(
        &mut state,
        NoticeKind::Transcription,
        on(Some("Carol")),
        Some(5),
    );
    assert_eq!(
        phrase::notice_line(&state)[1].full,
        "TRANSCRIPT by Carol since 10:05"
    );
}

#[test]
fn what_is_on_after_a_reconnect_is_not_said_to_be_on_since_we_joined() {
    let mut state = fixture::meeting();
    let on = || NoticeState::Active {
        by: Some("Alice".to_owned()),
    };
    fixture::notice(&mut state, NoticeKind::Recording, on(), Some(2));
    fixture::call(&mut state).notices.lose(fixture::at(3));
    let notices = &mut fixture::call(&mut state).notices;
    notices.note(NoticeKind::Recording, on(), true, fixture::at(4));
    assert_eq!(
        phrase::notice_line(&state)[0].full,
        "REC Recording by Alice on when reconnected 10:04"
    );
    let told = phrase::notices(&state);
    let words = "Recording: on when reconnected 10:04, as before or begun anew, by Alice.";
    assert!(told.starts_with(words), "{told}");
}

#[test]
fn help_is_one_command_a_line_and_about_one_word_finds_it() {
    let state = fixture::meeting();
    let all = phrase::help(&state, None);
    let listed = crate::command::TABLE.iter().filter(|row| state.lists(row));
    assert_eq!(all.lines().count(), listed.count());
    assert!(
        !all.contains("/chats"),
        "an external user has no chats of work"
    );
    assert!(all.lines().all(|l| l.starts_with('/') && !l.contains("  ")));
    let one = phrase::help(&fixture::meeting(), Some("mute"));
    assert!(one.starts_with("/mute"), "{one}");
    assert_eq!(one.lines().count(), 1);
}

#[test]
fn about_tells_what_must_be_known() {
    let about = phrase::about();
    for words in [
        "not affiliated with or endorsed by Microsoft",
        "2028-09-30",
        "Apache-2.0",
        phrase::PRIVACY_STATEMENT,
    ] {
        assert!(about.contains(words), "{words}");
    }
}

/// Right for a speech synthesizer and a braille display: no symbols, no two blanks, no alignment.
#[test]
fn no_line_has_two_blanks_or_symbols_in_it() {
    let state = fixture::meeting();
    for answer in [
        Answer::Status,
        Answer::Who,
        Answer::Notices,
        Answer::About,
        Answer::Help(None),
    ] {
        let said = Said::Answer(answer);
        let class = Class::Answer;
        let words = phrase::announcement(&Announcement { class, said }, &state);
        assert!(!words.contains("  "), "{words}");
        assert!(!words.contains(['·', '≈', '‹', '│', '─']), "{words}");
    }
}

#[test]
fn durations_are_words() {
    assert_eq!(phrase::duration(1), "1 second");
    assert_eq!(phrase::duration(59), "59 seconds");
    assert_eq!(phrase::duration(12 * 60 + 5), "12 minutes");
    assert_eq!(phrase::duration(3600), "1 hour");
    assert_eq!(phrase::duration(2 * 3600 + 61), "2 hours 1 minute");
}

#[test]
fn names_are_listed_as_people_say_them() {
    assert_eq!(
        phrase::names(&["Alice", "Bob", "Carol"]),
        "Alice, Bob and Carol"
    );
    let two = ["Alice".to_owned(), "Bob".to_owned()];
    assert_eq!(phrase::names_and(&two, 3), "Alice, Bob and 3 others");
    assert_eq!(phrase::names_and(&two, 0), "Alice and Bob");
}

#[test]
fn several_lines_become_sentences() {
    assert_eq!(
        phrase::one_line("first\nsecond!\n\nthird"),
        "first. second! third"
    );
}
