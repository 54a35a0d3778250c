//! Leaving and quitting in the same breath as a message.

use sidetone::effect::CallCommand;
use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::RuntimeEvent;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::message::ClientMessageId;
use sidetone::model::message::MessageId;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::ThreadId;
use sidetone::view::phrase;

use crate::play::Script;
use crate::play::chat;
use crate::play::linear;
use crate::play::says;
use crate::play::script;
use crate::play::thread;

/// The ids of the messages that were asked to be sent.
fn asked(script: &Script) -> Vec<ClientMessageId> {
    let commands = script.chat_commands().into_iter();
    commands
        .filter_map(|c| match c {
            ChatCommand::Send { client_id, .. } => Some(client_id),
            _ => None,
        })
        .collect()
}

fn sent(client_id: &ClientMessageId) -> Event {
    chat(ChatEvent::Sent {
        thread: thread(),
        client_id: client_id.clone(),
        message: MessageId::new("100"),
    })
}

fn refused(client_id: &ClientMessageId) -> Event {
    chat(ChatEvent::SendFailed {
        thread: thread(),
        client_id: client_id.clone(),
        failure: Failure {
            doing: Doing::Sending,
            because: Because::Forbidden,
            remedy: Remedy::None,
        },
    })
}

fn quits(script: &Script) -> bool {
    script.effects.contains(&Effect::Quit)
}

#[test]
fn a_message_of_the_same_breath_is_sent_before_the_call_is_left_in_both_views() {
    for view in [script(), linear()] {
        let shown = view.connected().line("good-bye").line("/leave");
        assert_eq!(shown.call_commands(), []);
        let id = asked(&shown);
        let shown = shown.status("leaving").then(sent(&id[0]));
        assert_eq!(shown.call_commands(), [CallCommand::Leave]);
        assert!(!quits(&shown));
    }
}

#[test]
fn who_leaves_waits_three_seconds_at_most_and_is_told() {
    let shown = script().connected().line("good-bye").line("/leave");
    let shown = shown.after(2.9);
    assert_eq!(shown.call_commands(), []);
    let shown = shown.after(0.2);
    assert_eq!(shown.call_commands(), [CallCommand::Leave]);
    assert_eq!(shown.texts(), ["good-bye"]);
    shown.transcript([
        "Error: left the call before the service confirmed your message to design. It is kept here.",
    ]);
}

#[test]
fn the_chat_that_closes_behind_who_leaves_is_no_error() {
    let closed = || {
        chat(ChatEvent::Access {
            thread: thread(),
            access: ChatAccess::Denied(Failure {
                doing: Doing::StayingInChat,
                because: Because::Refused {
                    reason: "you are no longer one of its people".to_owned(),
                },
                remedy: Remedy::AskOrganizer,
            }),
        })
    };
    let left = linear().connected().line("/leave").then(closed());
    left.after(5.0)
        .transcript([])
        .then(crate::call::ended(0, 0))
        .transcript(["Call: you hung up after 1 minute."]);
    let removed = linear().connected().then(closed());
    removed.transcript([
        "Error: could not stay in the chat: you are no longer one of its people. Ask the organizer.",
    ]);
}

#[test]
fn who_asks_twice_leaves_at_once() {
    let shown = script()
        .connected()
        .line("bye")
        .line("/leave")
        .line("/leave");
    assert_eq!(shown.call_commands(), [CallCommand::Leave]);
    let shown = script().connected().line("bye").press("Ctrl-Q Ctrl-Q");
    assert!(quits(&shown));
}

#[test]
fn ending_the_meeting_for_everybody_waits_for_the_message_too() {
    let shown = linear().connected_as(sidetone::model::call::Role::Organizer);
    let shown = shown.line("thank you all").line("/end").line("yes");
    assert_eq!(shown.call_commands(), []);
    let id = asked(&shown);
    let shown = shown.then(sent(&id[0]));
    assert_eq!(shown.call_commands(), [CallCommand::EndForEverybody]);
}

#[test]
fn a_message_to_another_thread_keeps_nobody_in_the_call() {
    let mut shown = script().connected().line("elsewhere");
    let call = shown.state.call_mut().unwrap();
    call.info.thread = Some(ThreadId::new("19:meeting_other@thread.v2"));
    let shown = shown.line("/leave");
    assert_eq!(shown.call_commands(), [CallCommand::Leave]);
}

#[test]
fn quitting_waits_for_the_message_and_for_an_edit() {
    let shown = script().connected().line("good-bye").press("Ctrl-Q");
    assert!(!quits(&shown));
    let id = asked(&shown);
    let shown = shown.then(sent(&id[0]));
    assert!(quits(&shown));
    assert_eq!(shown.call_commands(), [CallCommand::Leave]);

    let thread = thread();
    let shown = script().then(says(1, "Ada", "helo")).quietly();
    let shown = shown.line("/edit hello").press("Ctrl-Q");
    assert!(!quits(&shown));
    assert!(quits(&shown.then(chat(ChatEvent::ActionDone { thread }))));
}

#[test]
fn what_is_not_sent_when_the_program_ends_is_given_back() {
    let shown = script().line("a lost thought").press("Ctrl-Q").after(3.0);
    assert!(quits(&shown));
    assert_eq!(
        phrase::unsent(&shown.state),
        ["Not confirmed by the service, to design:\na lost thought"]
    );
    let shown = script().line("a refused thought").press("Ctrl-Q");
    let id = asked(&shown);
    let shown = shown.then(refused(&id[0]));
    assert!(quits(&shown));
    assert_eq!(
        phrase::unsent(&shown.state),
        ["Not sent, to design, not allowed here:\na refused thought"]
    );
    let shown = script()
        .then(says(1, "Ada", "mine"))
        .typed("half a thought");
    let shown = shown.press("Ctrl-G e").typed(" changed").press("Ctrl-Q");
    assert_eq!(
        phrase::unsent(&shown.state),
        [
            "Not sent, from the input line:\nhalf a thought",
            "Not sent, from the input line:\nmine changed"
        ]
    );
}

#[test]
fn the_system_waits_less_than_a_person_does() {
    let shown = script().connected().line("good-bye");
    let shown = shown.then(Event::Runtime(RuntimeEvent::Terminate));
    assert!(!quits(&shown));
    let shown = shown.after(1.5);
    assert!(quits(&shown));
    assert_eq!(shown.call_commands(), [CallCommand::Leave]);
}
