//! The call: lobby, mute, roles, and how it ends.

use sidetone::effect::CallCommand;
use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::model::announcement::Class;
use sidetone::model::call::AfterEnd;
use sidetone::model::call::CallInfo;
use sidetone::model::call::CallState;
use sidetone::model::call::EndReason;
use sidetone::model::call::Role;
use sidetone::model::notice::NoticeKind;
use sidetone::model::settings::Settings;
use sidetone::model::sound::Audio;
use sidetone::view::phrase;

use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::chat;
use crate::play::entry;
use crate::play::person;
use crate::play::script;
use crate::play::state;
use crate::play::stated;
use crate::play::thread;

pub(crate) fn ended(code: u32, subcode: u32) -> Event {
    call(CallEvent::Ended {
        reason: EndReason { code, subcode },
        by: None,
        at: at(60.0),
    })
}

#[test]
fn whoever_comes_with_us_is_said_after_us() {
    let info = CallInfo {
        thread: Some(thread()),
        topic: "design".to_owned(),
        started: None,
    };
    let comes = || {
        alone(Settings::default())
            .dialled()
            .then(call(CallEvent::Info(info.clone())))
            .then(state(CallState::Connected))
            .then(call(CallEvent::Roster(
                ["Ada", "Alice"].map(entry).to_vec(),
            )))
            .then(stated(NoticeKind::Recording, false, true))
            .then(stated(NoticeKind::Transcription, false, true))
            .forget()
            .then(call(CallEvent::RosterChanged(entry("Bob"))))
    };
    let page = chat(ChatEvent::NewerPage {
        thread: thread(),
        messages: Vec::new(),
    });
    comes()
        .after(0.5)
        .transcript([])
        .then(page)
        .after(1.0)
        .transcript(["Joined design, 3 people.", "Call: Bob joined, 3 people."]);
    // Where no chat comes, nobody is kept waiting for it.
    comes()
        .after(4.0)
        .transcript(["Call: Bob joined, 3 people."]);
}

#[test]
fn the_lobby_is_waited_in_aloud_and_the_chat_opens_inside() {
    let info = CallInfo {
        thread: Some(thread()),
        topic: "design".to_owned(),
        started: None,
    };
    let waiting = alone(Settings::default())
        .dialled()
        .then(state(CallState::Connecting))
        .then(state(CallState::InLobby))
        .transcript(["Call: waiting in the lobby."])
        .status("lobby");
    assert_eq!(waiting.chat_commands(), []);
    let inside = waiting
        .after(125.0)
        .transcript(["Call: waiting in the lobby."; 3])
        .forget()
        .then(state(CallState::Connected))
        .transcript(["Call: you were admitted."])
        .then(call(CallEvent::Info(info)));
    assert_eq!(inside.chat_commands(), [ChatCommand::Open(thread())]);
}

#[test]
fn mute_is_true_when_the_service_says_so() {
    let asked = script().connected().press("Ctrl-T");
    assert_eq!(asked.call_commands(), [CallCommand::Mute(false)]);
    let asked = asked.transcript([]).status("muted");
    let muted = |muted, by: Option<&str>| {
        let by = by.map(person);
        call(CallEvent::Muted { muted, by })
    };
    asked
        .then(muted(false, None))
        .transcript(["Microphone on."])
        .status("LIVE")
        .then(muted(false, None))
        .then(muted(true, Some("Carol")))
        .transcript(["Microphone on.", "Call: Carol muted you."])
        .bells(1);
}

#[test]
fn who_leads_hears_of_hands_and_of_the_lobby() {
    let mut raised = entry("Bob");
    raised.hand = Some(1);
    let lobby = vec![person("Erin")];
    script()
        .connected_as(Role::Organizer)
        .then(call(CallEvent::RosterChanged(raised.clone())))
        .then(call(CallEvent::Lobby(lobby.clone())))
        .after(2.0)
        .transcript([
            "Call: Bob raised a hand.",
            "Lobby: Erin is waiting. /admit Erin",
        ]);
    script()
        .connected()
        .then(call(CallEvent::RosterChanged(raised)))
        .then(call(CallEvent::Lobby(lobby)))
        .after(2.0)
        .transcript([]);
}

#[test]
fn people_are_let_in_by_a_part_of_their_name() {
    let shown = script()
        .connected_as(Role::Presenter)
        .then(call(CallEvent::Lobby(vec![person("Erin"), person("Finn")])))
        .line("/admit fi")
        .line("/admit")
        .line("/remove bob");
    assert_eq!(
        shown.call_commands(),
        [
            CallCommand::Admit(person("Finn").id),
            CallCommand::AdmitAll,
            CallCommand::Remove(person("Bob").id),
        ]
    );
}

#[test]
fn a_name_that_nobody_has_is_said_with_where_it_was_looked_for() {
    let shown = script()
        .connected_as(Role::Presenter)
        .line("/admit")
        .then(call(CallEvent::Lobby(vec![person("Erin")])))
        .line("/admit Zoe")
        .line("/remove Zoe");
    assert_eq!(shown.call_commands(), []);
    shown.transcript([
        "Error: could not do that in the call: nobody waits in the lobby.",
        "Error: could not do that in the call: nobody called Zoe waits in the lobby; /who says who is there.",
        "Error: could not do that in the call: nobody called Zoe is in the call; /who says who is there.",
    ]);
}

#[test]
fn what_is_not_allowed_is_refused_in_words_and_not_asked_for() {
    let shown = script().connected().line("/remove Bob").line("/admit Erin");
    assert_eq!(shown.call_commands(), []);
    assert!(shown.lines.iter().all(|l| l.class == Class::Answer));
    assert_eq!(shown.lines.len(), 2);
}

#[test]
fn ending_for_everybody_asks_first() {
    let asked = script().connected_as(Role::Organizer).line("/end");
    assert_eq!(asked.call_commands(), []);
    let no = asked.press("n o Enter");
    assert_eq!((no.call_commands(), no.state.composer.text()), (vec![], ""));
    let yes = no.line("/end").press("y e s Enter");
    assert_eq!(yes.call_commands(), [CallCommand::EndForEverybody]);
    assert_eq!(yes.state.composer.text(), "");
}

#[test]
fn quitting_leaves_first() {
    let shown = script().connected().press("Ctrl-Q");
    let effects = &shown.effects;
    let leave = effects
        .iter()
        .position(|e| matches!(e, Effect::Call(_, CallCommand::Leave)));
    let quit = effects.iter().position(|e| *e == Effect::Quit);
    assert!(leave.unwrap() < quit.unwrap());
    assert!(shown.state.quitting);
}

#[test]
fn who_joined_to_listen_has_no_microphone_until_they_join_again() {
    let joins = |shown: &crate::play::Script| match &shown.call_commands()[..] {
        [CallCommand::Join { audio, .. }] => *audio,
        other => panic!("{other:?}"),
    };
    let connected = |shown: crate::play::Script| {
        shown
            .then(state(CallState::Connecting))
            .then(state(CallState::Connected))
    };
    let shown = script().connected().then(ended(0, 0)).after(1.0).forget();
    let shown = shown.line("/join listen");
    assert_eq!(joins(&shown), Audio::Listen);
    let shown = connected(shown).forget().line("/unmute").press("Ctrl-T");
    assert_eq!(shown.call_commands(), []);
    let shown = shown.transcript([
        "Error: /unmute is not possible, you joined to listen, /leave and /join joins with your microphone.",
        "Error: /unmute is not possible, you joined to listen, /leave and /join joins with your microphone.",
    ]);
    let shown = shown.then(ended(0, 0)).after(1.0).forget().line("/join");
    assert_eq!(joins(&shown), Audio::Full);
    let shown = connected(shown).forget().line("/unmute");
    assert_eq!(shown.call_commands(), [CallCommand::Mute(false)]);
}

#[test]
fn an_end_is_said_with_who_and_how_long() {
    let shown = script().connected();
    let end = call(CallEvent::Ended {
        reason: EndReason {
            code: 0,
            subcode: 4097,
        },
        by: Some(person("Carol")),
        at: at(31.0 * 60.0),
    });
    let shown = shown.then(end).after(1.0);
    assert_eq!(shown.lines.len(), 1);
    assert!(
        shown.lines[0]
            .text
            .starts_with("Call: ended by Carol after 31 minutes."),
        "{:?}",
        shown.lines
    );
    shown.status("not in the call");
}

#[test]
fn a_call_that_is_joined_again_claims_nothing_of_the_last_one() {
    use crate::play::notice;
    use sidetone::model::notice::NoticeKind::Recording;
    let shown = script()
        .connected()
        .then(notice(Recording, true))
        .then(ended(410, 301_005))
        .then(call(CallEvent::Rejoining { attempt: 1 }));
    let call = shown.state.call().unwrap();
    assert!(call.is_live() && !call.notices.recording.stated);
    assert_eq!(call.rejoining, Some(1));
}

/// The whole table 7.2: code, subcode, what follows.
const ENDS: &[(u32, u32, AfterEnd)] = &[
    (0, 0, AfterEnd::ManualRejoin),
    (0, 487, AfterEnd::ManualRejoin),
    (0, 603, AfterEnd::ManualRejoin),
    (603, 0, AfterEnd::ManualRejoin),
    (0, 4097, AfterEnd::Final),
    (0, 4521, AfterEnd::ManualRejoin),
    (0, 5000, AfterEnd::Final),
    (0, 5300, AfterEnd::Final),
    (0, 5001, AfterEnd::ManualRejoin),
    (0, 5002, AfterEnd::ManualRejoin),
    (0, 5010, AfterEnd::ManualRejoin),
    (0, 5012, AfterEnd::ManualRejoin),
    (0, 5013, AfterEnd::ManualRejoin),
    (0, 5014, AfterEnd::ManualRejoin),
    (0, 5020, AfterEnd::ManualRejoin),
    (0, 5030, AfterEnd::ManualRejoin),
    (0, 5003, AfterEnd::ManualRejoin),
    (0, 5317, AfterEnd::ManualRejoin),
    (0, 5854, AfterEnd::Final),
    (0, 5855, AfterEnd::ManualRejoin),
    (403, 5221, AfterEnd::Final),
    (403, 5222, AfterEnd::Final),
    (403, 5223, AfterEnd::Final),
    (404, 5732, AfterEnd::ManualRejoin),
    (403, 5828, AfterEnd::Final),
    (403, 5829, AfterEnd::Final),
    (403, 5830, AfterEnd::Final),
    (0, 7000, AfterEnd::ManualRejoin),
    (0, 7015, AfterEnd::ManualRejoin),
    (401, 10009, AfterEnd::RefreshAndRejoin),
    (495, 4507, AfterEnd::RefreshAndRejoin),
    (487, 10003, AfterEnd::ManualRejoin),
    (487, 10004, AfterEnd::ManualRejoin),
    (487, 10024, AfterEnd::ManualRejoin),
    (480, 10037, AfterEnd::ManualRejoin),
    (480, 10076, AfterEnd::ManualRejoin),
    (480, 10077, AfterEnd::ManualRejoin),
    (480, 10078, AfterEnd::ManualRejoin),
    (480, 10134, AfterEnd::ManualRejoin),
    (480, 10199, AfterEnd::ManualRejoin),
    (0, 10044, AfterEnd::ManualRejoin),
    (0, 10119, AfterEnd::ManualRejoin),
    (0, 10124, AfterEnd::ManualRejoin),
    (486, 10321, AfterEnd::ManualRejoin),
    (408, 4506, AfterEnd::Rejoin),
    (408, 10057, AfterEnd::ManualRejoin),
    (408, 8537, AfterEnd::ManualRejoin),
    (408, 1106, AfterEnd::ManualRejoin),
    (410, 3100, AfterEnd::Rejoin),
    (410, 3101, AfterEnd::Rejoin),
    (410, 3111, AfterEnd::Rejoin),
    (410, 3112, AfterEnd::Rejoin),
    (410, 301_004, AfterEnd::Rejoin),
    (410, 301_005, AfterEnd::Rejoin),
    (496, 7, AfterEnd::Rejoin),
    (490, 4502, AfterEnd::Rejoin),
    (491, 0, AfterEnd::Rejoin),
    (497, 0, AfterEnd::Rejoin),
    (498, 0, AfterEnd::Rejoin),
    (403, 510_403, AfterEnd::Final),
    (487, 540_487, AfterEnd::ManualRejoin),
    (0, 560_000, AfterEnd::ManualRejoin),
    (486, 560_486, AfterEnd::ManualRejoin),
    (412, 41056, AfterEnd::ManualRejoin),
    (400, 40613, AfterEnd::ManualRejoin),
    (409, 40228, AfterEnd::ManualRejoin),
    (409, 40230, AfterEnd::ManualRejoin),
    (400, 41016, AfterEnd::ManualRejoin),
    (500, 41033, AfterEnd::ManualRejoin),
    (500, 41034, AfterEnd::ManualRejoin),
    (404, 0, AfterEnd::ManualRejoin),
    (430, 0, AfterEnd::ManualRejoin),
    (481, 0, AfterEnd::ManualRejoin),
    (500, 0, AfterEnd::ManualRejoin),
    (503, 0, AfterEnd::ManualRejoin),
    (504, 0, AfterEnd::ManualRejoin),
];

#[test]
fn every_end_of_the_table_is_said_in_its_own_words_and_comes_back_only_where_it_may() {
    for (code, subcode, after) in ENDS.iter().copied() {
        let reason = EndReason { code, subcode };
        assert_eq!(reason.after(), after, "{code}/{subcode}");
        let shown = script().connected().then(ended(code, subcode)).after(1.0);
        assert_eq!(shown.lines.len(), 1, "{code}/{subcode}");
        let line = &shown.lines[0];
        assert_eq!(line.class, Class::Assertive);
        let words = phrase::end_reason(reason).text;
        assert!(!words.is_empty() && line.text.contains(words), "{line:?}");
        assert!(!shown.state.call().unwrap().is_live());
        assert!(
            shown.state.deadline().is_none(),
            "{code}/{subcode} leaves something behind"
        );
    }
}

#[test]
fn nobody_is_brought_back_after_somebody_decided() {
    for subcode in [5000, 5300, 5854, 4097] {
        for code in [0, 403, 410, 490, 408, 500] {
            let reason = EndReason { code, subcode };
            assert_eq!(reason.after(), AfterEnd::Final, "{code}/{subcode}");
        }
    }
    let lobby = EndReason {
        code: 0,
        subcode: 5855,
    };
    assert_eq!(lobby.after(), AfterEnd::ManualRejoin);
}
