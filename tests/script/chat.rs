//! Messages: echoes, edits, answers, reading back.

use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::event::ChatEvent;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::message::Attachment;
use sidetone::model::message::AttachmentKind;
use sidetone::model::message::Body;
use sidetone::model::message::ClientMessageId;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::message::Reacted;
use sidetone::model::message::Version;
use sidetone::model::rich::Block;
use sidetone::model::rich::Rich;
use sidetone::model::rich::Span;
use sidetone::model::rich::SpanRole;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::state::focus::Scroll;

use crate::play::Script;
use crate::play::chat;
use crate::play::linear;
use crate::play::message;
use crate::play::person;
use crate::play::received;
use crate::play::says;
use crate::play::script;
use crate::play::thread;
use crate::play::with;

fn sent(number: u64, id: u64) -> sidetone::event::Event {
    chat(ChatEvent::Sent {
        thread: thread(),
        client_id: ClientMessageId::new(&format!("run-{number}")),
        message: MessageId::new(&id.to_string()),
    })
}

fn copy(number: u64, id: u64, words: &str) -> sidetone::event::Event {
    received(Message {
        client_id: Some(ClientMessageId::new(&format!("run-{number}"))),
        ..message(id, "Ada", words)
    })
}

fn many(mut script: Script, from: u64, to: u64) -> Script {
    for n in from..=to {
        script = script.then(says(n, "Alice", &format!("message {n}")));
    }
    script
}

#[test]
fn what_cannot_be_deleted_opened_or_copied_says_why() {
    let shown = script().line("/delete").line("/open").line("/edit better");
    let shown = shown.line("/copylink");
    let mut shown = shown
        .transcript([
            "Error: could not delete the message: there is none of yours here.",
            "Error: could not open the link: no message here has one.",
            "Error: could not change the message: there is none of yours here.",
            "Error: could not copy the link: no message here has one.",
        ])
        .then(says(1, "Alice", "hello"));
    shown.state.focus.selected = Some(MessageId::new("1"));
    shown.forget().line("/delete").line("/open").transcript([
        "Error: could not delete the message: the selected one is not yours.",
        "Error: could not open the link: the selected message has none.",
    ]);
    script().line("mine").line("/delete").transcript([
        "Error: could not delete the message: the service has not confirmed yours yet.",
    ]);
}

#[test]
fn a_message_shows_at_once_and_is_never_doubled() {
    for copy_first in [true, false] {
        let shown = script().line("hello");
        assert_eq!(shown.texts(), ["hello"]);
        assert!(shown.state.composer.is_empty());
        let shown = if copy_first {
            shown.then(copy(1, 10, "hello")).then(sent(1, 10))
        } else {
            shown.then(sent(1, 10)).then(copy(1, 10, "hello"))
        };
        assert_eq!(shown.texts(), ["hello"]);
        shown.after(5.0).transcript([]);
    }
}

#[test]
fn what_was_not_sent_is_kept_and_sent_again() {
    let failed = script().line("hello").then(chat(ChatEvent::SendFailed {
        thread: thread(),
        client_id: ClientMessageId::new("run-1"),
        failure: Failure {
            doing: Doing::Sending,
            because: Because::Timeout,
            remedy: Remedy::Retry,
        },
    }));
    assert_eq!(failed.lines.len(), 1);
    let again = failed.status("not sent").forget().line("/retry");
    let [ChatCommand::Send { client_id, .. }] = &again.chat_commands()[..] else {
        panic!("{:?}", again.chat_commands());
    };
    assert_eq!(*client_id, ClientMessageId::new("run-1"));
}

#[test]
fn a_change_of_what_is_not_confirmed_follows_it_and_spares_the_message_before() {
    let before = || script().then(received(message(5, "Ada", "see you tomorrow")));
    for copy_first in [true, false] {
        let shown = before().line("helo").forget().line("/edit hello");
        assert_eq!(shown.chat_commands(), []);
        assert_eq!(shown.texts(), ["see you tomorrow", "hello"]);
        let (first, second) = if copy_first {
            (copy(1, 10, "helo"), sent(1, 10))
        } else {
            (sent(1, 10), copy(1, 10, "helo"))
        };
        let shown = shown.then(first);
        let [ChatCommand::Edit { message, draft, .. }] = &shown.chat_commands()[..] else {
            panic!("{:?}", shown.chat_commands());
        };
        assert_eq!((message.as_str(), draft.text.as_str()), ("10", "hello"));
        let shown = shown.forget().then(second);
        assert_eq!(shown.chat_commands(), [], "once");
    }
    let refused = "Error: could not delete the message: the service has not confirmed yours yet.";
    let shown = before().line("helo").forget().line("/delete");
    let shown = shown.transcript([refused]).forget().press("Up");
    assert!(shown.state.composer.is_empty());
    // Told once it has an id, though the copy is still on its way.
    let shown = before().line("helo").then(sent(1, 10)).forget();
    let shown = shown.line("/edit hello");
    let [ChatCommand::Edit { message, .. }] = &shown.chat_commands()[..] else {
        panic!("{:?}", shown.chat_commands());
    };
    assert_eq!(message.as_str(), "10");
}

#[test]
fn what_was_not_sent_is_sent_again_as_it_was_changed() {
    let failed = chat(ChatEvent::SendFailed {
        thread: thread(),
        client_id: ClientMessageId::new("run-1"),
        failure: Failure {
            doing: Doing::Sending,
            because: Because::Timeout,
            remedy: Remedy::Retry,
        },
    });
    let shown = script().line("helo").line("/edit hello").then(failed);
    let again = shown.forget().line("/retry");
    let [ChatCommand::Send { draft, .. }] = &again.chat_commands()[..] else {
        panic!("{:?}", again.chat_commands());
    };
    assert_eq!(draft.text, "hello");
}

#[test]
fn a_refused_message_stays_in_the_composer() {
    let shown = crate::play::alone(Settings::default()).line("hello");
    assert_eq!(shown.state.composer.text(), "hello");
    assert_eq!(shown.lines.len(), 1);
}

#[test]
fn up_on_an_empty_line_edits_the_last_message_of_mine() {
    let shown = script()
        .then(received(message(10, "Ada", "helo")))
        .then(says(11, "Bob", "hm?"))
        .press("Up");
    assert_eq!(shown.state.composer.text(), "helo");
    let shown = shown.forget().press("Backspace").line("lo");
    let [.., ChatCommand::Edit { message, draft, .. }] = &shown.chat_commands()[..] else {
        panic!("{:?}", shown.chat_commands());
    };
    assert_eq!((message.as_str(), draft.text.as_str()), ("10", "hello"));
    assert!(shown.state.composer.is_empty());
}

#[test]
fn giving_an_edit_up_brings_the_draft_back() {
    let shown = script()
        .then(received(message(10, "Ada", "helo")))
        .typed("draft")
        .press("Ctrl-G e");
    assert_eq!(shown.state.composer.text(), "helo");
    let shown = shown.press("Esc");
    assert_eq!(shown.state.composer.text(), "draft");
}

#[test]
fn an_answer_carries_its_quote() {
    let shown = script()
        .then(says(1, "Bob", "shall we?"))
        .then(says(2, "Alice", "no"))
        .line("/reply @Bob yes");
    let [.., ChatCommand::Send { draft, .. }] = &shown.chat_commands()[..] else {
        panic!("{:?}", shown.chat_commands());
    };
    let quoted = draft.reply_to.as_ref().unwrap();
    assert_eq!(
        (quoted.name.as_str(), quoted.text.as_str()),
        ("Bob", "shall we?")
    );
    assert_eq!(draft.text, "yes");
}

#[test]
fn a_name_is_completed_and_mentioned() {
    let shown = script().typed("hi @al").press("Tab").line("!");
    let [.., ChatCommand::Send { draft, .. }] = &shown.chat_commands()[..] else {
        panic!("{:?}", shown.chat_commands());
    };
    assert_eq!(draft.text, "hi @Alice !");
    assert_eq!(draft.mentions, [person("Alice")]);
}

#[test]
fn others_see_that_we_type_at_most_each_eight_seconds() {
    let shown = script()
        .typed("hello")
        .after(7.0)
        .typed("there")
        .after(2.0)
        .typed("again");
    let typing = shown.chat_commands();
    let typing = typing
        .iter()
        .filter(|c| matches!(c, ChatCommand::Typing(_)));
    assert_eq!(typing.count(), 2);
    assert_eq!(script().typed("/mute").chat_commands(), []);
    let off = Settings {
        typing_indicator: false,
        ..Settings::default()
    };
    assert_eq!(with(off).typed("hello").chat_commands(), []);
}

#[test]
fn reading_is_told_at_most_each_three_seconds() {
    let reads = |script: &Script| -> Vec<String> {
        let all = script.chat_commands().into_iter();
        all.filter_map(|c| match c {
            ChatCommand::Read { message, .. } => Some(message.as_str().to_owned()),
            _ => None,
        })
        .collect()
    };
    let shown = many(script(), 1, 20);
    assert_eq!(reads(&shown), ["1"]);
    let shown = shown.after(3.1);
    assert_eq!(reads(&shown), ["1", "20"]);
    let off = Settings {
        read_receipts: false,
        ..Settings::default()
    };
    assert!(reads(&many(with(off), 1, 3).after(10.0)).is_empty());
}

#[test]
fn the_page_does_not_move_while_scrolled_back() {
    let back = many(script(), 1, 60).press("PageUp");
    let Scroll::Anchored {
        at: anchor, rows, ..
    } = back.state.focus.scroll.clone()
    else {
        panic!("still following");
    };
    let more = many(back, 61, 74);
    let newer = 14;
    let expected = Scroll::Anchored {
        at: anchor,
        rows,
        newer,
    };
    assert_eq!(more.state.focus.scroll, expected);
    let more = more.status("14 newer");
    assert_eq!(more.state.thread().unwrap().unread, 14);
    let end = more.press("End");
    assert_eq!(end.state.focus.scroll, Scroll::Follow);
    assert_eq!(end.state.thread().unwrap().unread, 0);
    end.no_status("newer");
}

#[test]
fn paging_back_and_on_ends_where_it_began() {
    let shown = many(script(), 1, 100).press("PageUp PageUp PageUp");
    assert_ne!(shown.state.focus.scroll, Scroll::Follow);
    let shown = shown.press("PageDown PageDown PageDown PageDown");
    assert_eq!(shown.state.focus.scroll, Scroll::Follow);
}

#[test]
fn older_pages_are_asked_for_once_near_the_top() {
    let asked = many(script(), 1001, 1040)
        .forget()
        .press("PageUp PageUp PageUp PageUp PageUp");
    let load = ChatCommand::LoadOlder {
        thread: thread(),
        before: Some(MessageId::new("1001")),
    };
    let older = |s: &Script| {
        s.chat_commands()
            .into_iter()
            .filter(|c| matches!(c, ChatCommand::LoadOlder { .. }))
            .collect::<Vec<_>>()
    };
    assert_eq!(older(&asked), [load]);
    let page = (901..=1000).map(|n| message(n, "Bob", "old")).collect();
    let shown = asked.forget().then(chat(ChatEvent::OlderPage {
        thread: thread(),
        messages: page,
        complete: true,
    }));
    assert_eq!(shown.texts().len(), 140);
    let shown = (0..40).fold(shown, |s, _| s.press("PageUp"));
    assert_eq!(older(&shown), []);
}

#[test]
fn search_finds_and_goes_on() {
    let shown = many(script(), 1, 30)
        .quietly()
        .line("/search message 2")
        .forget();
    let at = |s: &Script| {
        s.state
            .focus
            .selected
            .as_ref()
            .map(|m| m.as_str().to_owned())
    };
    assert_eq!(at(&shown).as_deref(), Some("29"));
    let shown = shown.press("Ctrl-G n");
    assert_eq!(at(&shown).as_deref(), Some("28"));
    let shown = shown.press("Ctrl-G p");
    assert_eq!(at(&shown).as_deref(), Some("29"));
    shown.line("/search xyzzy").transcript_ends("No match");
}

#[test]
fn mentions_are_gone_to_from_new_to_old() {
    let shown = many(script().then(says(1, "Bob", "Ada, first")), 2, 30)
        .then(says(31, "Bob", "Ada, second"))
        .press("Ctrl-G @");
    let at = |s: &Script| {
        s.state
            .focus
            .selected
            .as_ref()
            .map(|m| m.as_str().to_owned())
    };
    assert_eq!(at(&shown).as_deref(), Some("31"));
    assert_eq!(at(&shown.press("Ctrl-G @")).as_deref(), Some("1"));
}

#[test]
fn an_edit_and_a_deletion_are_kept_for_asking() {
    let edited = Message {
        version: Version(2),
        ..message(1, "Alice", "hello there")
    };
    let deleted = Message {
        version: Version(3),
        body: Body::Deleted,
        ..message(1, "Alice", "")
    };
    let shown = script()
        .then(says(1, "Alice", "hello"))
        .then(received(edited))
        .then(received(deleted))
        .then(says(1, "Alice", "hello"))
        .after(3.0)
        .transcript(["Alice: hello"]);
    assert_eq!(shown.texts(), [""]);
}

#[test]
fn a_long_paste_asks_and_never_runs_a_command() {
    let asked = script().connected().pasted("/leave\n1\n2\n3\n4\n5\n6");
    assert_eq!(asked.texts(), [""; 0]);
    let sent = asked.press("y");
    assert_eq!(sent.texts(), ["/leave\n1\n2\n3\n4\n5\n6"]);
    assert_eq!(sent.call_commands(), []);
    let short = script().connected().pasted("/leave").press("Enter");
    assert_eq!(short.texts(), ["/leave"]);
    assert_eq!(short.call_commands(), []);
}

#[test]
fn deleting_asks_first() {
    let asked = script()
        .then(received(message(5, "Ada", "oops")))
        .forget()
        .line("/delete");
    assert_eq!(asked.chat_commands(), []);
    let done = asked.press("y");
    let delete = ChatCommand::Delete {
        thread: thread(),
        message: MessageId::new("5"),
    };
    assert_eq!(done.chat_commands(), [delete]);
}

#[test]
fn an_image_is_called_one_in_the_transcript() {
    let image = |name: &str| Attachment {
        id: "1".to_owned(),
        kind: AttachmentKind::Image,
        name: name.to_owned(),
        url: None,
        preview: None,
    };
    let mut placed = message(1, "Alice", "");
    let label = Span {
        text: "a chart".to_owned(),
        role: SpanRole::Placeholder {
            attachment: "1".to_owned(),
            kind: AttachmentKind::Image,
        },
        ..Span::default()
    };
    placed.body = Body::Text(Rich {
        blocks: vec![Block::Paragraph(vec![label])],
    });
    placed.attachments = vec![image("a chart")];
    let mut beside = message(2, "Bob", "see");
    beside.attachments = vec![image("a plan")];
    script()
        .then(received(placed))
        .then(received(beside))
        .after(3.0)
        .transcript(["Alice: [image: a chart]", "Bob: see. [image: a plan]"]);
}

#[test]
fn files_are_listed_by_number_and_opened_or_saved_by_it() {
    let attachment = |id: &str, kind, name: &str| Attachment {
        id: id.to_owned(),
        kind,
        name: name.to_owned(),
        url: None,
        preview: None,
    };
    let page = "https://contoso.example/report.pdf";
    let report = Attachment {
        preview: Some(page.to_owned()),
        ..attachment("1", AttachmentKind::File, "report.pdf")
    };
    let chart = Attachment {
        url: Some("https://chat.example/hosted/2".to_owned()),
        ..attachment("2", AttachmentKind::Image, "../.chart.png")
    };
    for interface in [Interface::Linear, Interface::FullScreen] {
        let mut first = message(1, "Alice", "the report");
        first.attachments = vec![report.clone()];
        let mut second = message(2, "Ada", "and a chart");
        second.attachments = vec![chart.clone()];
        let settings = Settings {
            interface,
            ..Settings::default()
        };
        let with_files = || {
            let shown = with(settings.clone());
            let shown = shown
                .then(received(first.clone()))
                .then(received(second.clone()));
            shown.quietly()
        };
        let told = |shown: Script, words: &str| match interface {
            Interface::Linear => {
                let said = shown.said();
                assert!(said.contains(words), "{words:?} is not in\n{said}");
            }
            Interface::FullScreen => drop(shown.shows((160, 24), words)),
        };
        let list = || with_files().line("/files");
        told(
            list(),
            "1. report.pdf, a file from Alice, 10:02, opens in the browser.",
        );
        told(
            list(),
            "2. ../.chart.png, a picture from you, 10:02, is saved.",
        );
        for line in ["/download 1", "/download report"] {
            let opened = with_files().line(line).effects;
            let open = Effect::OpenUrl(page.to_owned());
            assert!(opened.contains(&open), "{line} {opened:?}");
        }
        for line in ["/download 2", "/download chart", "/download"] {
            let saved = with_files().line(line).chat_commands();
            let save = ChatCommand::SaveAttachment {
                thread: thread(),
                attachment: chart.clone(),
                path: "chart.png".to_owned(),
            };
            assert_eq!(saved, [save], "{line}");
        }
        let saved = with_files()
            .line("/download 2")
            .then(chat(ChatEvent::AttachmentSaved {
                thread: thread(),
                path: "/home/ada/Downloads/chart.png".to_owned(),
                bytes: 12_345,
            }));
        told(saved, "13 kB saved to /home/ada/Downloads/chart.png");
        // Files are not sent, and it is said why and what to do.
        let refused = with_files().line("/attach report.pdf");
        assert_eq!(refused.chat_commands(), []);
        told(
            refused,
            "the service takes no files from external users; send a link to the file",
        );
    }
}

#[test]
fn say_sends_its_words_and_the_linear_view_says_them() {
    let shown = linear().connected().line("/say hello  there");
    assert_eq!(shown.texts(), ["hello  there"]);
    shown.transcript(["you: hello  there"]);
    let shown = linear().connected().line("//say is a command");
    assert_eq!(shown.texts(), ["/say is a command"]);
}

#[test]
fn what_was_done_to_messages_is_said() {
    let mine = |version: u64, words: &str, reactions: Vec<Reacted>| {
        received(Message {
            version: Version(version),
            reactions,
            ..message(1, "Ada", words)
        })
    };
    let like = |people: usize, mine: bool| Reacted {
        kind: "like".to_owned(),
        people,
        mine,
    };
    linear()
        .connected()
        .line("/verbosity 3")
        .then(mine(1, "helo", vec![]))
        .then(mine(2, "hello", vec![]))
        .then(mine(3, "hello", vec![like(1, true)]))
        .then(mine(4, "hello", vec![]))
        .quietly()
        .then(mine(5, "hello", vec![like(1, false)]))
        .after(5.0)
        .transcript(["like on your message: hello"]);
    let shown = linear().connected().then(mine(1, "helo", vec![]));
    let shown = shown.forget().then(mine(2, "hello", vec![]));
    let shown = shown.then(mine(3, "hello", vec![like(1, true)]));
    shown.then(mine(4, "hello", vec![])).transcript([
        "you edited: hello",
        "Reacted like.",
        "Reaction like taken back.",
    ]);
}
