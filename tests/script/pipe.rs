//! Lines through a pipe: they wait for their moment, and their end is the end of the program.

use sidetone::effect::CallCommand;
use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::effect::WorkCommand;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::RuntimeEvent;
use sidetone::event::TerminalEvent;
use sidetone::event::WorkEvent;
use sidetone::model::account::AccountKind;
use sidetone::model::call::CallInfo;
use sidetone::model::call::CallState;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::locator::Locator;
use sidetone::model::message::MessageId;
use sidetone::model::notice::NoticeKind::Recording;
use sidetone::model::notice::NoticeKind::Transcription;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::Link;
use sidetone::model::thread::Listed;
use sidetone::model::thread::ThreadKind;
use sidetone::state::lines::Source;
use sidetone::view::phrase;

use crate::call::ended;
use crate::play::Script;
use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::chat;
use crate::play::link;
use crate::play::says;
use crate::play::state;
use crate::play::stated;
use crate::play::thread;
use crate::work::work;

/// Without a terminal; nothing was begun yet.
fn piped(source: Source) -> Script {
    let mut script = alone(Settings {
        interface: Interface::Linear,
        ..Settings::default()
    });
    if source != Source::Terminal {
        script.state.without_terminal(source);
    }
    script
}

fn line(script: Script, words: &str) -> Script {
    script.then(Event::Terminal(TerminalEvent::Line(words.to_owned())))
}

fn end(script: Script) -> Script {
    script.then(Event::Terminal(TerminalEvent::LinesEnded))
}

fn quits(script: &Script) -> bool {
    script.effects.contains(&Effect::Quit)
}

/// What was asked to be sent, in order.
fn asked(script: &Script) -> Vec<String> {
    let commands = script.chat_commands().into_iter();
    commands
        .filter_map(|c| match c {
            ChatCommand::Send { draft, .. } => Some(draft.text),
            _ => None,
        })
        .collect()
}

/// The service confirms everything that was sent.
fn confirmed(mut script: Script) -> Script {
    let commands = script.chat_commands();
    for (n, command) in (100..).zip(commands) {
        if let ChatCommand::Send { client_id, .. } = command {
            script = script.then(chat(ChatEvent::Sent {
                thread: thread(),
                client_id,
                message: MessageId::new(&n.to_string()),
            }));
        }
    }
    script
}

fn joined(script: Script) -> Script {
    script
        .then(state(CallState::Connected))
        .then(call(CallEvent::Info(CallInfo {
            thread: Some(thread()),
            topic: "design".to_owned(),
            started: None,
        })))
}

fn chat_opens(script: Script) -> Script {
    script
        .then(access(ChatAccess::Open))
        .then(chat(ChatEvent::NewerPage {
            thread: thread(),
            messages: Vec::new(),
        }))
}

fn access(access: ChatAccess) -> Event {
    chat(ChatEvent::Access {
        thread: thread(),
        access,
    })
}

fn failure(doing: Doing, because: Because, remedy: Remedy) -> Failure {
    Failure {
        doing,
        because,
        remedy,
    }
}

fn given_back(script: &Script) -> String {
    phrase::unsent(&script.state).join("\n")
}

#[test]
fn lines_that_come_too_early_wait_until_they_can_be_performed_and_keep_their_order() {
    let shown = line(line(piped(Source::Open), "hello"), "/raise");
    let shown = line(shown, "/leave").dialled();
    let shown = shown.then(state(CallState::InLobby)).after(30.0);
    assert_eq!(asked(&shown), [] as [&str; 0]);
    let shown = joined(shown.forget());
    assert_eq!(asked(&shown), [] as [&str; 0]);
    assert_eq!(shown.call_commands(), [], "the hand is behind the message");
    let shown = chat_opens(shown);
    assert_eq!(asked(&shown), ["hello"]);
    assert_eq!(shown.call_commands(), [CallCommand::RaiseHand(true)]);
    let shown = confirmed(shown);
    assert_eq!(
        shown.call_commands(),
        [CallCommand::RaiseHand(true), CallCommand::Leave]
    );
    assert!(!quits(&shown), "more lines may come");
}

#[test]
fn that_lines_wait_in_the_lobby_is_said_once() {
    let shown = piped(Source::Open).dialled();
    let shown = shown.then(state(CallState::InLobby)).after(1.0).forget();
    let shown = line(line(shown, "hello"), "again");
    shown.transcript(["Input: waiting to go on, you are still in the lobby."]);
}

#[test]
fn what_needs_no_call_is_answered_at_once() {
    let shown = line(piped(Source::Open), "/help leave");
    shown.transcript_ends("/leave");
}

#[test]
fn the_end_of_the_input_ends_the_program_once_everything_is_done() {
    let shown = end(line(line(piped(Source::Open), "hello"), "you there?"));
    let shown = chat_opens(joined(shown.dialled()));
    assert_eq!(asked(&shown), ["hello", "you there?"]);
    assert!(!quits(&shown.quietly()), "a message is on its way");

    let shown = end(line(line(piped(Source::Open), "hello"), "you there?"));
    let shown = confirmed(chat_opens(joined(shown.dialled())));
    assert!(quits(&shown));
    assert_eq!(shown.call_commands().last(), Some(&CallCommand::Leave));
    assert_eq!(given_back(&shown), "");
    let said: Vec<_> = shown.lines.iter().map(|l| l.text.as_str()).collect();
    assert!(said.contains(&"you: hello") && said.contains(&"you: you there?"));
}

#[test]
fn a_message_that_cannot_be_sent_is_said_and_given_back() {
    let shown = chat_opens(joined(piped(Source::Open).dialled()));
    let shown = end(line(shown, "hello"));
    let ChatCommand::Send { client_id, .. } = shown.chat_commands().pop().unwrap() else {
        panic!("{:?}", shown.chat_commands());
    };
    let shown = shown.then(chat(ChatEvent::SendFailed {
        thread: thread(),
        client_id,
        failure: failure(Doing::Sending, Because::Timeout, Remedy::Retry),
    }));
    assert!(quits(&shown));
    assert_eq!(given_back(&shown), "Not sent, to design, no answer:\nhello");
    let told = |l: &crate::play::Line| l.text.contains("not sent, no answer");
    assert!(shown.lines.iter().any(told), "{:?}", shown.lines);
}

#[test]
fn an_empty_input_ends_the_program_once_it_is_in() {
    let shown = end(piped(Source::Open)).dialled();
    assert!(!quits(&shown), "whether it gets in is not known yet");
    assert!(quits(&joined(shown)));
    let shown = end(piped(Source::Open)).begin(Locator::Thread(thread()));
    assert!(!quits(&shown));
    assert!(quits(&chat_opens(shown)));
}

#[test]
fn a_call_that_is_not_joined_ends_the_program_and_gives_the_lines_back() {
    for source in [Source::Open, Source::Ended, Source::Nobody] {
        let shown = line(line(piped(source), "hello"), "/raise").dialled();
        let wrong = failure(Doing::JoiningCall, Because::WrongPasscode, Remedy::None);
        let shown = shown
            .then(call(CallEvent::ActionFailed(wrong)))
            .then(state(CallState::Disconnected));
        assert!(quits(&shown), "{source:?}");
        assert_eq!(
            given_back(&shown),
            "Not done, from the input:\nhello\n/raise"
        );
        shown.transcript_ends("the passcode is missing or wrong");
    }
}

#[test]
fn denied_in_the_lobby_ends_the_program() {
    let shown = line(piped(Source::Open), "hello").dialled();
    let shown = shown.then(state(CallState::InLobby)).then(ended(0, 5854));
    assert!(quits(&shown));
    assert_eq!(given_back(&shown), "Not done, from the input:\nhello");
}

#[test]
fn a_start_that_fails_ends_the_program() {
    let unreachable = Because::Unreachable {
        host: "127.0.0.1".to_owned(),
    };
    let failed = failure(Doing::Connecting, unreachable, Remedy::CheckAddress);
    let shown = line(piped(Source::Open), "hello")
        .then(Event::Runtime(RuntimeEvent::StartFailed(failed.clone())));
    assert!(quits(&shown));
    let shown = piped(Source::Open).begin(Locator::Thread(thread()));
    assert!(quits(&shown.then(link(Link::Down(failed.clone())))));
    let denied = |remedy| {
        let failure = failure(Doing::OpeningThread, Because::Forbidden, remedy);
        access(ChatAccess::Denied(failure))
    };
    let again = Remedy::Automatic { after: None };
    let shown = piped(Source::Open).begin(Locator::Thread(thread()));
    let shown = line(shown, "hello").then(denied(again));
    assert!(!quits(&shown), "asked again by itself");
    let shown = shown.then(denied(Remedy::AskOrganizer));
    assert!(quits(&shown));
    let opening = ChatEvent::ActionFailed {
        thread: thread(),
        failure: Failure {
            doing: Doing::OpeningThread,
            ..failed
        },
    };
    let shown = piped(Source::Nobody).begin(Locator::Thread(thread()));
    assert!(quits(&shown.then(chat(opening))));
}

#[test]
fn at_a_terminal_none_of_this_ends_the_program() {
    let shown = piped(Source::Terminal).dialled();
    let shown = shown.then(state(CallState::InLobby)).then(ended(0, 5854));
    assert!(!quits(&shown));
}

#[test]
fn who_only_watches_stays_until_the_call_is_over() {
    let shown = chat_opens(joined(piped(Source::Nobody).dialled()));
    let shown = shown.then(says(1, "Alice", "hello")).after(600.0);
    assert!(!quits(&shown));
    let shown = shown.then(ended(410, 301_005)).after(11.0);
    assert!(!quits(&shown), "it is joined again by itself");
    let shown = shown.then(call(CallEvent::Rejoining { attempt: 1 }));
    let shown = joined(shown.after(60.0));
    assert!(!quits(&shown));
    let shown = shown.then(ended(410, 301_005)).after(12.0);
    assert!(quits(&shown), "nobody joined it again");
    let shown = chat_opens(joined(piped(Source::Nobody).dialled()));
    assert!(quits(&shown.then(ended(0, 5000))));
}

#[test]
fn every_line_is_written_as_it_comes_where_nobody_listens() {
    let shown = chat_opens(joined(piped(Source::Nobody).dialled()));
    let shown = shown.then(stated(Recording, false, true));
    let shown = shown.then(stated(Transcription, false, true)).forget();
    let shown = (1..200).fold(shown, |shown, n| {
        shown.then(says(n, "Alice", &format!("words number {n}")))
    });
    let said = shown.lines.iter().map(|l| l.text.clone());
    let expected = (1..200).map(|n| format!("Alice: words number {n}"));
    assert!(said.eq(expected), "{:?}", shown.lines);
}

#[test]
fn what_was_to_be_said_later_is_said_before_the_end() {
    let shown = chat_opens(joined(piped(Source::Nobody).dialled()));
    // Chat waits until it is known whether the meeting is recorded.
    let shown = (1..200)
        .fold(shown, |shown, n| {
            shown.then(says(n, "Alice", &format!("words number {n}")))
        })
        .then(ended(0, 5000));
    assert!(quits(&shown));
    let last = shown.lines.iter().rev().take(3);
    let last: Vec<_> = last.map(|l| l.text.as_str()).collect();
    assert!(
        last.iter().any(|l| l.contains("words number 199")),
        "{last:?}"
    );
}

#[test]
fn a_chat_that_stays_closed_refuses_the_line_and_the_call_goes_on() {
    let shown = joined(line(piped(Source::Open), "hello").dialled());
    let denied = failure(Doing::OpeningThread, Because::Forbidden, Remedy::None);
    let shown = shown.then(access(ChatAccess::Denied(denied)));
    assert!(!quits(&shown));
    assert_eq!(given_back(&shown), "Not done, from the input:\nhello");
    let shown = shown.transcript_ends("this chat is closed to you");
    assert!(quits(&end(shown)));
}

#[test]
fn quitting_twice_does_not_wait_for_the_lines_before() {
    let shown = line(piped(Source::Open), "hello").dialled();
    let shown = line(shown.then(state(CallState::InLobby)), "/quit");
    assert!(!quits(&shown));
    let shown = line(shown, "/quit");
    assert!(quits(&shown));
    assert_eq!(given_back(&shown), "Not done, from the input:\nhello");
}

#[test]
fn lines_behind_quit_are_not_wanted_any_more() {
    let shown = line(line(piped(Source::Open).dialled(), "/quit"), "hello");
    assert!(quits(&shown));
    assert_eq!(asked(&shown), [] as [&str; 0]);
}

/// The chats of the account are on their way.
fn among_chats(lines: &[&str]) -> Script {
    let script = piped(Source::Open).elsewhere(AccountKind::Teams);
    let script = lines
        .iter()
        .fold(script, |script, words| line(script, words));
    end(script).among_chats().then(link(Link::OnDemand))
}

fn list() -> Event {
    let listed = Listed {
        id: thread(),
        topic: "Bob".to_owned(),
        kind: ThreadKind::OneOnOne,
        unread: false,
        meeting: None,
        preview: None,
    };
    work(WorkEvent::Listed {
        threads: vec![listed],
        at: at(0.0),
        asked: true,
    })
}

fn list_fails() -> Event {
    let failure = failure(Doing::AskingOrganisation, Because::Timeout, Remedy::Retry);
    work(WorkEvent::Failed(failure))
}

#[test]
fn a_line_that_names_a_chat_waits_for_the_list_and_the_next_for_the_chat() {
    let shown = among_chats(&["/thread Bob", "hello"]);
    assert!(!quits(&shown));
    assert_eq!(crate::work::asked(&shown), [WorkCommand::List]);
    let shown = shown.then(list());
    let opened = ChatCommand::Open(thread());
    assert_eq!(shown.chat_commands().last(), Some(&opened));
    let shown = chat_opens(shown);
    assert_eq!(asked(&shown), ["hello"]);
    assert!(!quits(&shown));
    let shown = confirmed(shown);
    assert!(quits(&shown));
    assert_eq!(given_back(&shown), "");
}

#[test]
fn a_message_without_a_chat_is_given_back_and_the_end_of_the_input_ends_the_program() {
    for answer in [list(), list_fails()] {
        let shown = among_chats(&["hi"]);
        assert!(!quits(&shown));
        let shown = shown.then(answer);
        assert!(quits(&shown), "{:?}", shown.lines);
        assert_eq!(given_back(&shown), "Not done, from the input:\nhi");
        let shown = among_chats(&[]);
        assert!(!quits(&shown));
        assert!(quits(&shown.then(list())));
    }
}

#[test]
fn a_file_that_cannot_be_sent_is_remembered_for_the_exit_code() {
    let shown = among_chats(&["/attach a.pdf", "/picture b.png"]).then(list());
    assert!(quits(&shown));
    assert_eq!(
        given_back(&shown),
        "Not done, from the input:\n/attach a.pdf\n/picture b.png"
    );
    for (words, doing) in [
        ("/attach a.pdf", Doing::PostingFile),
        ("/picture b.png", Doing::SendingPicture),
    ] {
        let shown = among_chats(&["/thread Bob", words]).then(list());
        let shown = chat_opens(shown);
        assert!(!quits(&shown), "{words}");
        let failure = failure(doing, Because::Forbidden, Remedy::None);
        let shown = shown.then(chat(ChatEvent::ActionFailed {
            thread: thread(),
            failure: failure.clone(),
        }));
        assert!(quits(&shown), "{words}");
        assert_eq!(shown.state.lines.failed, Some(failure));
    }
}

#[test]
fn what_an_organisation_is_asked_is_told_before_the_end() {
    let shown = among_chats(&["/chats", "/colleagues Bob"]).then(list());
    assert_eq!(
        crate::work::asked(&shown),
        [WorkCommand::List, WorkCommand::List]
    );
    let shown = shown.then(list());
    let search = WorkCommand::FindPeople("Bob".to_owned());
    assert_eq!(crate::work::asked(&shown).last(), Some(&search));
    assert!(!quits(&shown));
    assert!(quits(&shown.then(work(WorkEvent::People(Vec::new())))));
}

#[test]
fn chats_that_are_out_of_reach_end_the_program() {
    let failed = failure(Doing::Connecting, Because::Timeout, Remedy::Retry);
    let shown = among_chats(&["/thread Bob", "hello"]);
    let shown = shown.then(link(Link::Down(failed)));
    assert!(quits(&shown));
    assert_eq!(
        given_back(&shown),
        "Not done, from the input:\n/thread Bob\nhello"
    );
}

#[test]
fn what_is_asked_by_a_line_is_answered_before_the_next_and_before_the_end() {
    let shown = piped(Source::Open).sounding().connected().forget();
    let shown = line(line(shown, "/levels"), "/devices");
    let shown = end(line(shown, "/stats"));
    assert!(
        shown.lines.is_empty() && !quits(&shown),
        "{:?}",
        shown.lines
    );
    let shown = shown.after(3.0);
    let told: Vec<&str> = shown.lines.iter().map(|l| l.text.as_str()).collect();
    let [levels, devices, stats, ..] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(levels, "Alice muted, Bob muted.");
    assert_eq!(devices, "The sound devices are not known yet.");
    assert!(stats.starts_with("No sound is carried"), "{stats}");
    assert!(quits(&shown));
}
