//! Files that are sent in the chats of a work account, in both views: what is asked for, and what is told of it.

use sidetone::effect::Effect;
use sidetone::effect::WorkCommand;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::RuntimeEvent;
use sidetone::event::WorkEvent;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::permission::Permission;
use sidetone::model::settings::Interface;
use sidetone::view::phrase;

use crate::play::Script;
use crate::play::chat;
use crate::play::thread;
use crate::play::told;
use crate::work::VIEWS;
use crate::work::asked;
use crate::work::opened;
use crate::work::permitted;
use crate::work::work;

const LINE: &str = "/attach ~/a report.pdf";

fn sent(closed_to: &[&str]) -> WorkEvent {
    WorkEvent::FileSent {
        thread: thread(),
        name: "a report 1.pdf".to_owned(),
        bytes: 12_345,
        closed_to: closed_to.iter().map(ToString::to_string).collect(),
    }
}

fn failed(view: Interface, doing: Doing, because: Because, remedy: Remedy) -> Script {
    let failure = Failure {
        doing,
        because,
        remedy,
    };
    opened(view).line(LINE).then(chat(ChatEvent::ActionFailed {
        thread: thread(),
        failure,
    }))
}

#[test]
fn a_file_is_sent_once_there_is_leave_for_it_and_both_views_say_so() {
    for view in VIEWS {
        let narrow = opened(view).then(permitted(&[], &[Permission::StoreFiles]));
        let refused = narrow.forget().line(LINE);
        assert!(asked(&refused).is_empty(), "{view:?}");
        let refused = told(
            refused,
            "your sign-in was not given leave to put files into your OneDrive; /permission files asks for it",
        );
        let given = refused.then(permitted(&[Permission::StoreFiles], &[]));
        let sends = given.forget().line(LINE);
        let send = WorkCommand::SendFile {
            thread: thread(),
            path: "~/a report.pdf".to_owned(),
        };
        assert!(asked(&sends).contains(&send), "{view:?}");
        let sends = told(sends, "Sending a report.pdf by way of your OneDrive.");
        told(
            sends.then(work(sent(&[]))),
            "Sent a report 1.pdf, 13 kB, to Release notes.",
        );
        told(
            opened(view).then(work(sent(&["Zoe", "Guest"]))),
            "Sent a report 1.pdf, 13 kB, to Release notes. It could not be shared with Zoe, Guest: share it in OneDrive if",
        );
    }
}

#[test]
fn who_may_not_write_uploads_nothing_and_a_channel_takes_no_files_whatever_was_agreed_to() {
    for view in VIEWS {
        let silent = opened(view).then(permitted(
            &[Permission::StoreFiles],
            &[Permission::SendMessages],
        ));
        let refused = silent.forget().line(LINE);
        assert!(asked(&refused).is_empty(), "{view:?}");
        told(refused, "your sign-in was not given leave to send messages");
        let withheld = permitted(&[], &[Permission::StoreFiles]);
        let channel = opened(view).line("/thread Voice / General").then(withheld);
        let refused = channel.forget().line(LINE);
        assert!(asked(&refused).is_empty(), "{view:?}");
        told(refused, "a channel keeps its files in its team's site");
    }
}

#[test]
fn a_failure_says_what_became_of_the_file() {
    let forbidden = || (Because::Forbidden, Remedy::None);
    let lost = || (Because::Lost, Remedy::CheckNetwork);
    let large = Because::TooLong {
        bytes: 345_678_912,
        limit: 100_000_000,
    };
    let missing = Because::Local {
        detail: "a.pdf: No such file or directory".to_owned(),
    };
    for (doing, (because, remedy), words) in [
        (
            Doing::SendingFile,
            (missing, Remedy::None),
            "could not send the file: a.pdf: No such file or directory. Nothing was uploaded.",
        ),
        (
            Doing::SendingFile,
            (large, Remedy::Shorten),
            "could not send the file: it is too large, 345.7 MB of at most 100.0 MB. Nothing was uploaded. Put it into \
             OneDrive yourself and send its link.",
        ),
        (
            Doing::SendingFile,
            forbidden(),
            "Nothing was uploaded. /permission files asks for the leave that your sign-in may lack.",
        ),
        (
            Doing::SendingFile,
            lost(),
            "It may lie in your OneDrive all the same, in Microsoft Teams Chat Files. /attach FILE sends it again.",
        ),
        (
            Doing::SharingFile,
            forbidden(),
            "could not let the people of this chat read the file: it is not allowed here. It lies in your OneDrive, in \
             Microsoft Teams Chat Files, and no message was sent. /attach FILE goes on from there; or share it in \
             OneDrive and send its link.",
        ),
        (
            Doing::PostingFile,
            forbidden(),
            "where the people of this chat may read it. /attach FILE sends it without another upload.",
        ),
        (
            Doing::PostingFile,
            lost(),
            "See whether the message is there; if not, /attach FILE sends it without another upload.",
        ),
    ] {
        let linear = failed(Interface::Linear, doing, because.clone(), remedy.clone());
        told(linear, words);
        // The beginning of it has room.
        let (begin, _) = words.split_at(words.len().min(60));
        failed(Interface::FullScreen, doing, because, remedy).shows((400, 30), begin);
    }
}

#[test]
fn who_quits_while_a_file_is_on_its_way_is_told_and_it_is_named_at_the_end() {
    let quits = |shown: &Script| shown.effects.contains(&Effect::Quit);
    let lost = "Not confirmed by the service, to Release notes: the file a report.pdf. It may lie in your OneDrive.";
    for view in VIEWS {
        let shown = opened(view).line(LINE).line("/quit");
        let shown = told(shown, "Still sending a report.pdf. Quits once that is done");
        let shown = shown.after(29.0);
        assert!(!quits(&shown), "{view:?}");
        let late = shown.after(1.0);
        assert!(quits(&late), "{view:?}");
        assert_eq!(phrase::unsent(&late.state), [lost]);

        let again = opened(view).line(LINE).line("/quit").line("/quit");
        assert!(quits(&again), "{view:?}");
        assert_eq!(phrase::unsent(&again.state), [lost]);

        let terminated = opened(view).line(LINE);
        let terminated = terminated.then(Event::Runtime(RuntimeEvent::Terminate));
        let terminated = terminated.after(1.5);
        assert!(quits(&terminated), "{view:?}");
        assert_eq!(phrase::unsent(&terminated.state), [lost]);

        let thread = thread();
        let done = opened(view).line(LINE).line("/quit");
        let done = done.then(work(sent(&[])));
        let done = done.then(chat(ChatEvent::ActionDone { thread }));
        assert!(quits(&done), "{view:?}");
        assert!(phrase::unsent(&done.state).is_empty());
    }
}

#[test]
fn of_several_files_those_that_may_be_missing_are_named() {
    let view = Interface::Linear;
    let two = opened(view).line(LINE).line("/attach b.pdf");
    let failure = Failure {
        doing: Doing::SendingFile,
        because: Because::Lost,
        remedy: Remedy::Retry,
    };
    let failed = ChatEvent::ActionFailed {
        thread: thread(),
        failure,
    };
    // Nobody says which of them it was.
    let one = two.then(chat(failed));
    assert_eq!(one.state.uploading(), ["a report.pdf", "b.pdf"]);
    let sent = WorkEvent::FileSent {
        thread: thread(),
        name: "b.pdf".to_owned(),
        bytes: 1,
        closed_to: Vec::new(),
    };
    let over = one.then(work(sent));
    assert_eq!(over.state.uploading(), ["a report.pdf"]);
    let thread = thread();
    let over = over.then(chat(ChatEvent::ActionDone { thread }));
    assert!(over.state.uploading().is_empty());
}
