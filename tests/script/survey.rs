//! The vendor's survey of a call that is over: one line, and nothing sent unless a person asks for it.

use sidetone::effect::CallCommand;
use sidetone::event::CallEvent;
use sidetone::event::Event;
use sidetone::model::call::CallState;
use sidetone::model::call::EndReason;
use sidetone::model::call::Rating;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;

use crate::play::Script;
use crate::play::at;
use crate::play::call;
use crate::play::linear;
use crate::play::script;
use crate::play::told;

const ASKS: &str = "Call: how was it? /rate 1 to 5, 5 is best, sends the number and which call it was to Microsoft. \
                    Otherwise nothing is sent.";

fn over() -> Event {
    call(CallEvent::Ended {
        reason: EndReason {
            code: 0,
            subcode: 0,
        },
        by: None,
        at: at(9.0),
    })
}

fn rateable(yes: bool) -> Event {
    call(CallEvent::Rateable(yes))
}

fn asked(shown: Script) -> Script {
    shown.connected().then(over()).then(rateable(true))
}

#[test]
fn it_is_said_once_in_both_views_after_the_end_and_nothing_pops_up() {
    for shown in [script(), linear()] {
        let shown = asked(shown).then(rateable(true)).after(5.0);
        assert!(shown.state.focus.overlay.is_none());
        let said: Vec<_> = shown.lines.iter().map(|l| l.text.as_str()).collect();
        assert!(said[0].contains("you hung up"), "{said:?}");
        assert_eq!(said[1..], [ASKS]);
        assert_eq!(shown.call_commands(), []);
    }
}

#[test]
fn a_rating_is_sent_once_by_command_and_what_went_is_said() {
    let shown = asked(script()).quietly().line("/rate 4");
    let four = Rating::parse("4").unwrap();
    assert_eq!(shown.call_commands(), [CallCommand::Rate(four)]);
    let shown = shown
        .line("/rate 1")
        .transcript_ends("/rate is not possible, your rating is on its way")
        .then(call(CallEvent::Rated(four)))
        .transcript_ends("Call: rated 4 of 5. The number and which call it was went to Microsoft.")
        .line("/rate 1")
        .transcript_ends("this call was rated already");
    assert_eq!(shown.call_commands(), [CallCommand::Rate(four)]);
}

#[test]
fn what_becomes_of_it_is_said_although_the_next_call_has_begun() {
    for shown in [script(), linear()] {
        let shown = asked(shown).quietly().line("/rate 4").line("/join");
        assert_eq!(shown.state.call().unwrap().state, CallState::Connecting);
        let four = Rating::parse("4").unwrap();
        let shown = told(shown.then(call(CallEvent::Rated(four))), "rated 4 of 5");
        // Of the call before: this one is not over.
        shown
            .line("/rate 1")
            .transcript_ends("is rated once it is over");
    }
}

#[test]
fn what_could_not_be_sent_is_said_and_may_be_tried_again() {
    let failed = call(CallEvent::ActionFailed(Failure {
        doing: Doing::Rating,
        because: Because::Lost,
        remedy: Remedy::None,
    }));
    let shown = asked(script())
        .quietly()
        .line("/rate 4")
        .then(failed)
        .then(rateable(true))
        .after(5.0)
        .transcript_ends("could not rate the call")
        .line("/rate 3");
    assert_eq!(shown.call_commands().len(), 2);
}

#[test]
fn it_is_refused_with_the_reason_where_there_is_nothing_to_rate() {
    let none = script().line("/rate 4");
    assert_eq!(none.call_commands(), []);
    none.transcript_ends("/rate is not possible, no call has ended here");
    let shown = script().connected().line("/rate 4");
    assert_eq!(shown.call_commands(), []);
    let shown = shown
        .transcript_ends("a call by the vendor's SDK is rated once it is over")
        .then(over())
        .line("/rate 4")
        .transcript_ends("no call by the vendor's SDK that you were in");
    assert_eq!(shown.call_commands(), []);
    let gone = asked(script()).then(rateable(false)).line("/rate 4");
    assert_eq!(gone.call_commands(), []);
    gone.transcript_ends("more than three minutes ago");
    let wrong = asked(script()).line("/rate 6");
    assert_eq!(wrong.call_commands(), []);
    wrong.transcript_ends("it is /rate 1 or 2 or 3 or 4 or 5");
}
