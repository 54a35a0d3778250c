//! What only a meeting has: breakout rooms, spotlight, screens that others share, numbers to dial in with.

use sidetone::effect::CallCommand;
use sidetone::effect::Effect;
use sidetone::effect::NoticeMoment;
use sidetone::event::CallEvent;
use sidetone::event::Event;
use sidetone::model::call::CallState;
use sidetone::model::call::Role;
use sidetone::model::call::RosterEntry;
use sidetone::model::meeting::DialIn;
use sidetone::model::meeting::DialInNumber;
use sidetone::model::meeting::Room;
use sidetone::model::meeting::Rooms;
use sidetone::model::notice::NoticeKind::Recording;
use sidetone::model::notice::NoticeState;
use sidetone::model::thread::ThreadId;

use crate::play::Script;
use crate::play::at;
use crate::play::call;
use crate::play::entry;
use crate::play::notice;
use crate::play::script;
use crate::play::state;
use crate::play::stated;

fn rooms(may_return: bool) -> Event {
    let room = |name: &str, assigned| Room {
        thread: ThreadId::new(&format!("19:{name}")),
        name: name.to_owned(),
        open: true,
        assigned,
    };
    let all = vec![room("Blue", true), room("Green", false)];
    call(CallEvent::Rooms(Rooms { all, may_return }))
}

fn moved(script: Script, room: Option<&str>) -> Script {
    let room = room.map(str::to_owned);
    let at = at(script.seconds());
    script.then(call(CallEvent::Moved { room, at }))
}

#[test]
fn an_assignment_is_said_once_with_the_name_of_the_room() {
    script()
        .connected()
        .then(rooms(true))
        .then(rooms(true))
        .transcript([
            "Call: you are assigned to the breakout room Blue. /breakout join goes there.",
        ]);
}

#[test]
fn rooms_are_listed_entered_and_left() {
    let shown = script()
        .connected()
        .then(rooms(true))
        .quietly()
        .line("/breakout")
        .transcript(["Blue, open, yours\nGreen, open"])
        .line("/breakout join")
        .line("/breakout join gr")
        .line("/breakout back");
    let enter = |name: &str| CallCommand::EnterRoom(ThreadId::new(&format!("19:{name}")));
    assert_eq!(shown.call_commands(), [enter("Blue"), enter("Green")]);
    let shown = shown.transcript_ends("you are in no breakout room");
    let shown = moved(shown.forget(), Some("Green"))
        .transcript_ends("Call: you are in the breakout room Green now.")
        .shows((120, 20), "in the breakout room Green")
        .line("/status")
        .transcript_ends("in the breakout room Green")
        .line("/breakout back");
    assert_eq!(shown.call_commands(), [CallCommand::ReturnToMeeting]);
    moved(shown, None).transcript_ends("Call: you are in the meeting again.");
}

#[test]
fn the_meeting_that_waits_while_we_are_in_a_room_is_not_said_to_be_on_hold() {
    let shown = script()
        .connected()
        .quietly()
        .typed("a")
        .then(state(CallState::LocalHold));
    moved(shown, Some("Green")).after(5.0).transcript([
        "Call: you are in the breakout room Green now. Whether it is recorded is not known yet. \
         /breakout back returns to the meeting.",
    ]);
}

#[test]
fn nobody_goes_back_where_the_organizer_forbids_it() {
    let shown = script().connected().then(rooms(false));
    let shown = moved(shown, Some("Blue")).forget().line("/breakout back");
    assert_eq!(shown.call_commands(), []);
    shown.transcript_ends("nobody go back before the rooms close");
}

#[test]
fn what_was_recorded_before_is_unknown_in_another_room_until_it_is_stated() {
    let shown = script().connected().then(notice(Recording, true)).quietly();
    let shown = moved(shown, Some("Blue"))
        .status("Recording: unknown")
        .no_status("REC Recording");
    let unknown = NoticeMoment::Received(NoticeState::Unknown);
    let told = |e: &Effect| matches!(e, Effect::Log(record) if record.kind == Recording && record.what == unknown);
    assert!(shown.effects.iter().any(told));
    let shown = shown
        .after(5.0)
        .forget()
        .then(stated(Recording, false, true))
        .transcript(["Notice: this meeting is not being recorded."])
        .no_status("Recording: unknown");
    moved(shown.quietly(), None)
        .forget()
        .then(stated(Recording, true, true))
        .transcript(["Notice: this meeting is being recorded."])
        .status("REC Recording");
}

#[test]
fn who_shares_a_screen_is_said_and_stands_there() {
    let bob = |sharing| {
        call(CallEvent::RosterChanged(RosterEntry {
            sharing,
            ..entry("Bob")
        }))
    };
    script()
        .connected()
        .then(bob(true))
        .then(bob(true))
        .transcript(["Call: Bob shares a screen. /watch opens the meeting in a browser."])
        .shows((120, 20), "Bob shares a screen")
        .quietly()
        .line("/who")
        .transcript_ends("shares a screen")
        .line("/watch")
        .transcript_ends("there is no link to open")
        .quietly()
        .then(bob(false))
        .transcript(["Call: Bob shares no screen any more."]);
}

#[test]
fn who_shared_a_screen_before_we_came_is_said_too() {
    let sharing = true;
    let alice = RosterEntry {
        sharing,
        ..entry("Alice")
    };
    script()
        .connected()
        .then(call(CallEvent::Roster(vec![entry("Ada"), alice])))
        .transcript(["Call: Alice shares a screen. /watch opens the meeting in a browser."]);
}

#[test]
fn the_spotlight_is_said_and_is_for_those_who_lead() {
    let spotlit = |name: &str, spotlit| {
        call(CallEvent::RosterChanged(RosterEntry {
            spotlit,
            ..entry(name)
        }))
    };
    let shown = script()
        .connected_as(Role::Presenter)
        .line("/spotlight Bob")
        .line("/spotlight")
        .line("/unspotlight");
    let bob = entry("Bob").person.id;
    assert_eq!(
        shown.call_commands(),
        [
            CallCommand::Spotlight(Some(bob)),
            CallCommand::Spotlight(None),
            CallCommand::EndSpotlight(None)
        ]
    );
    shown
        .quietly()
        .then(spotlit("Bob", true))
        .then(spotlit("Ada", true))
        .after(2.0)
        .shows((120, 20), "in the spotlight: ")
        .transcript([
            "Call: Bob is in the spotlight.",
            "Call: you are in the spotlight.",
        ]);
    let refused = script().connected().line("/spotlight Bob");
    assert_eq!(refused.call_commands(), []);
    refused.transcript_ends("/spotlight is not possible");
}

#[test]
fn numbers_to_dial_in_with_are_asked_for_and_told() {
    let shown = script().connected().line("/dialin");
    assert_eq!(shown.call_commands(), [CallCommand::DialIn]);
    let numbers = vec![DialInNumber {
        number: "+49800123".to_owned(),
        toll_free: true,
        place: "Berlin, Germany".to_owned(),
    }];
    let conference = "123 456".to_owned();
    let how = DialIn {
        conference,
        numbers,
    };
    shown
        .forget()
        .then(call(CallEvent::DialIn(how)))
        .transcript(["Berlin, Germany, toll free: +49800123\nConference id: 123 456"]);
}
