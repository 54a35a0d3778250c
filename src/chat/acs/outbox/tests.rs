//! The outbox against answers that come, and answers that do not.

use super::*;

fn at(millis: u64) -> Moment {
    Moment::ZERO + Duration::from_millis(millis)
}

fn thread() -> ThreadId {
    ThreadId::new("19:t@thread.v2")
}

fn id(name: &str) -> ClientMessageId {
    ClientMessageId::new(name)
}

fn send(name: &str) -> Input {
    Input::Send {
        thread: thread(),
        client_id: id(name),
        draft: Draft {
            text: format!("words of {name}"),
            ..Draft::default()
        },
    }
}

fn posted(name: &str, result: Result<&str, Error>) -> Input {
    Input::Posted {
        thread: thread(),
        client_id: id(name),
        result: result.map(MessageId::new),
    }
}

fn looked(name: &str, result: Result<Option<&str>, Error>) -> Input {
    Input::Looked {
        thread: thread(),
        client_id: id(name),
        result: result.map(|found| found.map(MessageId::new)),
    }
}

fn timeout() -> Error {
    Error::for_tests(Kind::Transient { arrived: true }, Because::Timeout)
}

fn outbox() -> Outbox {
    Outbox::new("Ada".to_owned())
}

/// What it asks for and tells, in short.
fn drain(outbox: &mut Outbox) -> Vec<String> {
    let mut said = Vec::new();
    loop {
        said.push(match outbox.poll() {
            Output::Post { client_id, .. } => format!("post {}", client_id.as_str()),
            Output::Look { client_id, .. } => format!("look {}", client_id.as_str()),
            Output::Typing(_) => "typing".to_owned(),
            Output::Read { message, .. } => format!("read {}", message.as_str()),
            Output::Event(ChatEvent::Sent {
                client_id, message, ..
            }) => format!("sent {} {}", client_id.as_str(), message.as_str()),
            Output::Event(ChatEvent::SendFailed { client_id, .. }) => {
                format!("failed {}", client_id.as_str())
            }
            Output::Event(other) => format!("{other:?}"),
            Output::Wait(_) => return said,
        });
    }
}

#[test]
fn messages_of_a_thread_are_sent_one_after_the_other() {
    let mut outbox = outbox();
    outbox.handle(send("a"), at(0));
    outbox.handle(send("b"), at(0));
    assert_eq!(drain(&mut outbox), ["post a"]);
    outbox.handle(posted("a", Ok("1")), at(5));
    assert_eq!(drain(&mut outbox), ["sent a 1", "post b"]);
}

#[test]
fn the_request_carries_our_id_and_name() {
    let mut outbox = outbox();
    outbox.handle(send("a"), at(0));
    let Output::Post { request, .. } = outbox.poll() else {
        panic!("nothing posted");
    };
    assert_eq!(request.metadata[CLIENT_ID], "a");
    assert_eq!(request.sender_display_name.as_deref(), Some("Ada"));
    assert_eq!(request.kind, Some(ChatMessageType::Text));
}

#[test]
fn a_send_without_an_answer_is_looked_for_before_it_is_repeated() {
    let mut outbox = outbox();
    outbox.handle(send("a"), at(0));
    drain(&mut outbox);
    outbox.handle(posted("a", Err(timeout())), at(100));
    assert_eq!(outbox.poll(), Output::Wait(Some(at(1100))));
    outbox.handle(Input::Timeout, at(1100));
    assert_eq!(drain(&mut outbox), ["look a"]);
    outbox.handle(looked("a", Ok(None)), at(1200));
    assert_eq!(drain(&mut outbox), ["post a"]);
    outbox.handle(posted("a", Err(timeout())), at(1300));
    outbox.handle(Input::Timeout, at(3300));
    drain(&mut outbox);
    outbox.handle(looked("a", Ok(Some("7"))), at(3400));
    assert_eq!(drain(&mut outbox), ["sent a 7"]);
}

#[test]
fn one_given_up_in_doubt_is_looked_for_when_a_person_sends_it_again() {
    let mut outbox = outbox();
    outbox.handle(send("a"), at(0));
    let mut now = 0;
    let mut said = drain(&mut outbox);
    while !said.contains(&"failed a".to_owned()) {
        outbox.handle(posted("a", Err(timeout())), at(now));
        now += 10_000;
        outbox.handle(Input::Timeout, at(now));
        outbox.handle(looked("a", Ok(None)), at(now));
        said = drain(&mut outbox);
    }
    outbox.handle(send("a"), at(now));
    assert_eq!(drain(&mut outbox), ["look a"]);
}

#[test]
fn a_copy_that_comes_back_settles_a_send_in_doubt() {
    let mut outbox = outbox();
    outbox.handle(send("a"), at(0));
    drain(&mut outbox);
    let seen = || Input::Seen {
        client_id: id("a"),
        message: MessageId::new("3"),
    };
    outbox.handle(seen(), at(1));
    assert_eq!(drain(&mut outbox), [""; 0], "its answer will come");
    outbox.handle(posted("a", Err(timeout())), at(2));
    outbox.handle(seen(), at(3));
    assert_eq!(drain(&mut outbox), ["sent a 3"]);
}

#[test]
fn one_that_is_refused_does_not_stop_the_next() {
    let mut outbox = outbox();
    outbox.handle(send("a"), at(0));
    outbox.handle(send("b"), at(0));
    drain(&mut outbox);
    let refused = Error::for_tests(Kind::Forbidden, Because::Forbidden);
    outbox.handle(posted("a", Err(refused)), at(1));
    assert_eq!(drain(&mut outbox), ["failed a", "post b"]);
}

#[test]
fn one_that_is_too_long_is_not_sent() {
    let mut outbox = outbox();
    let draft = Draft {
        text: "x".repeat(LIMIT + 1),
        ..Draft::default()
    };
    let (thread, client_id) = (thread(), id("a"));
    outbox.handle(
        Input::Send {
            thread,
            client_id,
            draft,
        },
        at(0),
    );
    let Output::Event(ChatEvent::SendFailed { failure, .. }) = outbox.poll() else {
        panic!("it was sent");
    };
    assert_eq!(failure.remedy, Remedy::Shorten);
}

#[test]
fn typing_is_said_every_eight_seconds_and_again_after_a_message() {
    let mut outbox = outbox();
    for millis in [0, 1000, 7999, 8000] {
        outbox.handle(Input::Typing(thread()), at(millis));
    }
    assert_eq!(drain(&mut outbox), ["typing", "typing"]);
    outbox.handle(send("a"), at(8100));
    outbox.handle(Input::Typing(thread()), at(8200));
    assert_eq!(drain(&mut outbox), ["post a", "typing"]);
}

#[test]
fn only_the_newest_receipt_is_sent_and_not_too_often() {
    let mut outbox = outbox();
    let read = |message: &str| Input::Read {
        thread: thread(),
        message: MessageId::new(message),
    };
    outbox.handle(read("5"), at(0));
    outbox.handle(read("6"), at(100));
    outbox.handle(read("9"), at(200));
    outbox.handle(read("7"), at(300));
    assert_eq!(drain(&mut outbox), ["read 5"]);
    assert_eq!(outbox.poll(), Output::Wait(Some(at(2000))));
    outbox.handle(Input::Timeout, at(2000));
    assert_eq!(drain(&mut outbox), ["read 9"]);
    outbox.handle(read("9"), at(9000));
    assert_eq!(drain(&mut outbox), [""; 0]);
}
