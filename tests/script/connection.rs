//! What is said of a connection that is lost, and what is made good afterwards.

use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::IdentityEvent;
use sidetone::model::announcement::Class;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::identity::RawId;
use sidetone::model::thread::Link;

use crate::play::account;
use crate::play::chat;
use crate::play::link;
use crate::play::message;
use crate::play::says;
use crate::play::script;
use crate::play::thread;

#[test]
fn a_short_loss_is_not_worth_a_word() {
    script()
        .then(link(Link::Reconnecting))
        .after(1.5)
        .then(link(Link::Live))
        .after(10.0)
        .transcript([]);
}

#[test]
fn a_longer_one_is_said_politely_then_urgently() {
    let shown = script().then(link(Link::Reconnecting));
    let start = shown.seconds();
    let shown = shown.after(75.0);
    let said: Vec<_> = shown
        .lines
        .iter()
        .map(|l| ((l.seconds - start).round(), l.class))
        .collect();
    let urgent = |at| (at, Class::Assertive);
    assert_eq!(
        said,
        [
            (2.0, Class::Polite),
            urgent(10.0),
            urgent(40.0),
            urgent(70.0)
        ]
    );
}

#[test]
fn coming_back_says_how_long_and_what_was_missed_before_it_is_read() {
    script()
        .then(says(1, "Alice", "before"))
        .then(link(Link::Reconnecting))
        .after(14.0)
        .forget()
        .then(link(Link::Live))
        .then(chat(ChatEvent::NewerPage {
            thread: thread(),
            messages: vec![
                message(1, "Alice", "before"),
                message(2, "Bob", "missed"),
                message(3, "Alice", "also missed"),
            ],
        }))
        .after(5.0)
        .transcript([
            "Chat: connected again after 14 seconds, 2 messages came in.",
            "Bob: missed",
            "Alice: also missed",
        ]);
}

#[test]
fn coming_back_to_nothing_new_is_said_as_well() {
    script()
        .then(link(Link::Reconnecting))
        .after(5.0)
        .forget()
        .then(link(Link::Live))
        .after(5.0)
        .transcript(["Chat: connected again after 5 seconds."]);
}

#[test]
fn duplicates_and_reorderings_are_said_once() {
    let shown = script()
        .then(says(2, "Bob", "two"))
        .then(says(1, "Alice", "one"))
        .then(says(2, "Bob", "two"))
        .then(chat(ChatEvent::NewerPage {
            thread: thread(),
            messages: vec![message(1, "Alice", "one"), message(2, "Bob", "two")],
        }))
        .after(3.0)
        .transcript(["Bob: two", "Alice: one"]);
    assert_eq!(shown.texts(), ["one", "two"]);
}

#[test]
fn a_sign_in_that_keeps_failing_is_said_once_until_it_works() {
    let failure = |because| Failure {
        doing: Doing::SigningIn,
        because,
        remedy: Remedy::SignInAgain,
    };
    let failed = |because| {
        let failed = IdentityEvent::Failed(failure(because));
        Event::Identity(account(), failed)
    };
    let works = Event::Identity(
        account(),
        IdentityEvent::SignedIn {
            raw_id: RawId::new("8:acs:ada"),
            endpoint: String::new(),
        },
    );
    let expired = "Error: could not sign in: your sign-in has expired. Sign in again with sidetone accounts add, or start again, with a new token if you gave one.";
    let shown = script()
        .then(failed(Because::TokenExpired))
        .then(link(Link::Down(failure(Because::TokenExpired))))
        .then(failed(Because::TokenExpired))
        .then(failed(Because::Timeout))
        .then(works)
        .then(failed(Because::Timeout));
    let late = "Error: could not sign in: no answer in time. Sign in again with sidetone accounts add, or start again, with a new token if you gave one.";
    shown.transcript([expired, late, late]);
}
