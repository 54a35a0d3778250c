//! What each identity may do where: greyed out, refused in the same words, listed, and narrowed by the service.

use sidetone::effect::CallCommand;
use sidetone::effect::ChatCommand;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::model::account::AccountKind;
use sidetone::model::call::CallInfo;
use sidetone::model::call::CallState;
use sidetone::model::call::Role;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::locator::Locator;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::ThreadId;

use crate::call::ended;
use crate::play::Script;
use crate::play::alone;
use crate::play::call;
use crate::play::chat;
use crate::play::says;
use crate::play::state;
use crate::play::thread;

const QUOTE: &str = "external users cannot answer with a quote in a work meeting, write it as a \
                     message of its own";

fn settings(interface: Interface) -> Settings {
    let mut settings = Settings {
        interface,
        ..Settings::default()
    };
    settings.sound.precheck = false;
    settings
}

fn elsewhere(kind: AccountKind, interface: Interface) -> Script {
    alone(settings(interface)).elsewhere(kind)
}

/// In a work meeting with Alice and Bob; Alice has said something.
fn work_meeting(kind: AccountKind, interface: Interface) -> Script {
    let shown = elsewhere(kind, interface).connected();
    shown.then(says(1, "Alice", "good morning")).quietly()
}

/// The meeting of a channel, which we are in.
fn channel(kind: AccountKind) -> Script {
    let link = "https://teams.microsoft.com/l/meetup-join/19%3aabc%40thread.tacv2/1606337455313?context=%7b%22Tid%22%3a%2272f988bf-86f1-41af-91ab-2d7cd011db47%22%2c%22Oid%22%3a%22b2b33f27-1e0a-4b0c-8b43-1f4d1d5b1c3a%22%7d";
    let locator = Locator::parse(link, None).unwrap();
    elsewhere(kind, Interface::Linear)
        .begin(locator)
        .then(state(CallState::Connected))
        .then(call(CallEvent::Info(CallInfo {
            thread: Some(ThreadId::new("19:abc@thread.tacv2")),
            topic: "General".to_owned(),
            started: None,
        })))
        .quietly()
}

/// The line of the list that begins with these words.
fn listed(script: Script, title: &str) -> String {
    let mut script = script.forget();
    script.state.focus.interface = Interface::Linear;
    let script = script.line("/can");
    let lines = script.lines.iter().flat_map(|line| line.text.lines());
    let mut fitting = lines.filter(|line| line.starts_with(title));
    let found = fitting.next().map(str::to_owned);
    found.unwrap_or_else(|| panic!("no {title:?} in {:#?}", script.lines))
}

#[test]
fn what_the_identity_forbids_is_refused_when_typed_and_greyed_with_the_same_words() {
    for interface in [Interface::FullScreen, Interface::Linear] {
        let shown = work_meeting(AccountKind::External, interface).line("/reply yes");
        assert!(shown.chat_commands().is_empty());
        shown.transcript([&*format!("Error: /reply is not possible, {QUOTE}.")]);
    }
    let palette = || {
        work_meeting(AccountKind::External, Interface::FullScreen)
            .press("Ctrl-O")
            .typed("/reply")
    };
    palette().shows((240, 24), &format!("(not here: {QUOTE})"));
    palette().shows((60, 16), "(not here: external");
    // Chosen all the same, it is refused with them too.
    let shown = palette().press("Enter");
    shown.transcript_ends(QUOTE);
    work_meeting(AccountKind::External, Interface::FullScreen)
        .press("Ctrl-G")
        .shows((100, 60), "(not here: external users cannot answer");
    work_meeting(AccountKind::External, Interface::FullScreen)
        .press("Ctrl-G")
        .shows((60, 16), "reply (not here)");
}

#[test]
fn help_says_what_is_not_for_us_and_of_one_command_whatever_is_in_the_way() {
    let shown = work_meeting(AccountKind::External, Interface::Linear).line("/help");
    let help = &shown.lines[0].text;
    let refused: Vec<&str> = help.lines().filter(|l| l.contains("not here:")).collect();
    assert_eq!(refused.len(), 2, "{refused:#?}");
    assert!(refused[0].starts_with("/reply") && refused[0].contains(QUOTE));
    assert!(refused[1].starts_with("/attach") && refused[1].contains("send a link to the file"));
    assert!(!help.contains("not now:"), "{help}");
    work_meeting(AccountKind::External, Interface::Linear)
        .line("/help admit")
        .transcript_ends(
            "(not now: only organizers and presenters may) \
             (with conditions: only as organizer, co-organizer or presenter)",
        );
    work_meeting(AccountKind::External, Interface::Linear)
        .line("/help delete")
        .transcript_ends("(to be tried: whether it reaches everybody in a work meeting is not");
    work_meeting(AccountKind::External, Interface::FullScreen)
        .line("/help reply")
        .shows((240, 24), &format!("(not here: {QUOTE})"));
}

#[test]
fn the_other_identity_may_what_this_one_may_not_and_the_other_way_round() {
    let shown = work_meeting(AccountKind::Teams, Interface::Linear).line("/reply yes");
    let sent = shown.chat_commands();
    assert!(
        matches!(sent.as_slice(), [ChatCommand::Send { draft, .. }] if draft.reply_to.is_some()),
        "{sent:?}"
    );
    shown.forget().line("/typing").transcript([
        "Error: /typing is not possible, the service does not tell Teams users who is typing.",
    ]);
    work_meeting(AccountKind::External, Interface::Linear)
        .line("/typing")
        .transcript_ends("Nobody is typing");
}

#[test]
fn a_service_of_ones_own_has_its_own_rules_and_so_has_a_plain_chat() {
    let shown = alone(settings(Interface::Linear))
        .connected()
        .then(says(1, "Alice", "good morning"))
        .quietly()
        .line("/reply yes");
    assert_eq!(shown.chat_commands().len(), 1);
    assert_eq!(
        listed(shown, "Answer a message"),
        "Answer a message with a quote (/reply): yes"
    );
    let shown = alone(settings(Interface::Linear)).connected();
    let first = listed(shown, "You are");
    assert_eq!(
        first,
        "You are an external user; here the service's own rules decide."
    );

    let shown = elsewhere(AccountKind::External, Interface::Linear)
        .begin(Locator::Thread(thread()))
        .then(chat(ChatEvent::Access {
            thread: thread(),
            access: ChatAccess::Open,
        }))
        .then(says(1, "Alice", "good morning"))
        .quietly()
        .line("/reply yes");
    assert_eq!(shown.chat_commands().len(), 1);
    assert_eq!(
        listed(shown, "You are"),
        "You are an external user in a chat."
    );
}

#[test]
fn the_chat_of_a_channel_is_closed_to_one_identity_and_open_to_the_other() {
    let closed = "the chat of a channel is closed to external users";
    let shown = channel(AccountKind::External).line("hello");
    shown.transcript([&*format!("Error: /say is not possible, {closed}.")]);
    let shown = channel(AccountKind::External).line("/edit better");
    shown.transcript_ends(closed);
    let shown = channel(AccountKind::External);
    assert_eq!(
        listed(shown, "Change your"),
        format!("Change your messages (/edit): no, {closed}")
    );
    let shown = channel(AccountKind::External).line("/unmute");
    assert_eq!(shown.call_commands(), [CallCommand::Mute(false)]);
    let shown = channel(AccountKind::Teams)
        .then(chat(ChatEvent::Access {
            thread: ThreadId::new("19:abc@thread.tacv2"),
            access: ChatAccess::Open,
        }))
        .forget()
        .line("hello");
    let sends = |command: &ChatCommand| matches!(command, ChatCommand::Send { .. });
    assert!(shown.chat_commands().iter().any(sends));
}

#[test]
fn a_room_takes_no_teams_user_and_says_so_before_it_is_dialled_again() {
    let room = || Locator::Room("99123".to_owned());
    let left = |kind| {
        elsewhere(kind, Interface::Linear)
            .begin(room())
            .then(ended(0, 0))
            .quietly()
            .line("/join")
    };
    left(AccountKind::Teams)
        .transcript(["Error: /join is not possible, rooms take no Teams users."]);
    let shown = left(AccountKind::External);
    assert!(matches!(
        shown.call_commands().as_slice(),
        [CallCommand::Join { .. }]
    ));
}

#[test]
fn what_can_be_done_is_listed_with_conditions_and_reasons_in_both_views() {
    let shown = || work_meeting(AccountKind::External, Interface::Linear);
    for (title, line) in [
        ("You are", "You are an external user in a work meeting."),
        (
            "Write messages",
            "Write messages (/say): with conditions, only while you are in the call, and where the organizer lets external users chat",
        ),
        (
            "Read the chat",
            "Read the chat: with conditions, only what is written while you are in the call",
        ),
        ("Mute and", "Mute and unmute yourself (/mute): yes"),
        (
            "Let people in",
            "Let people in from the lobby (/admit): not now, only organizers and presenters may; only as organizer, co-organizer or presenter",
        ),
        (
            "Delete",
            "Delete your messages (/delete): to be tried, whether it reaches everybody in a work meeting is not documented",
        ),
        (
            "Start or stop",
            "Start or stop a recording or transcription: no, only the vendor's own client can",
        ),
        (
            "Answer a message",
            &format!("Answer a message with a quote (/reply): no, {QUOTE}"),
        ),
    ] {
        assert_eq!(listed(shown(), title), line);
    }
    let work = || work_meeting(AccountKind::Teams, Interface::Linear);
    assert_eq!(
        listed(work(), "You are"),
        "You are a Teams user in a work meeting."
    );
    assert_eq!(
        listed(work(), "Answer a"),
        "Answer a message with a quote (/reply): yes"
    );
    for size in [(100, 40), (60, 16)] {
        work_meeting(AccountKind::External, Interface::FullScreen)
            .line("/can")
            .shows(size, "What you can do here")
            .shows(size, "You are an external user in a work meeting.")
            .shows(size, "more below");
    }
    let mut below = work_meeting(AccountKind::External, Interface::FullScreen).line("/can");
    for _ in 0..60 {
        below = below.press("Down");
    }
    below.shows((60, 16), "Write in real time");
}

#[test]
fn the_services_own_answers_narrow_it_further() {
    let narrowed = |interface| {
        let told = vec![
            ("raiseHand".to_owned(), Some("MeetingRestricted".to_owned())),
            ("muteOthers".to_owned(), None),
        ];
        work_meeting(AccountKind::External, interface)
            .then(call(CallEvent::Capabilities(told)))
            .quietly()
    };
    narrowed(Interface::FullScreen)
        .line("/raise")
        .transcript(["Error: /raise is not possible, this meeting does not allow it."]);
    assert_eq!(
        listed(narrowed(Interface::Linear), "Raise"),
        "Raise your hand (/raise): not now, this meeting does not allow it"
    );

    let lead = work_meeting(AccountKind::External, Interface::Linear)
        .then(call(CallEvent::Role(Role::Presenter)))
        .quietly();
    assert_eq!(
        listed(lead, "Let people in"),
        "Let people in from the lobby (/admit): with conditions, only as organizer, co-organizer or presenter"
    );

    let denied = work_meeting(AccountKind::External, Interface::Linear)
        .then(chat(ChatEvent::Access {
            thread: thread(),
            access: ChatAccess::Denied(Failure {
                doing: Doing::OpeningThread,
                because: Because::Forbidden,
                remedy: Remedy::AskOrganizer,
            }),
        }))
        .quietly();
    assert_eq!(
        listed(denied, "Write messages"),
        "Write messages (/say): not now, this chat is closed to you, not allowed here; \
         only while you are in the call, and where the organizer lets external users chat"
    );
}

#[test]
fn of_whom_nothing_is_known_everything_is_tried() {
    let mut shown = work_meeting(AccountKind::External, Interface::Linear);
    shown.state.accounts.clear();
    let shown = shown.line("/reply yes");
    assert_eq!(shown.chat_commands().len(), 1);
}

#[test]
fn a_teams_user_is_not_shown_a_name_that_nobody_will_see() {
    let checking = |kind| {
        alone(Settings::default())
            .elsewhere(kind)
            .sounding()
            .dialled()
            .then(crate::sound::devices())
    };
    checking(AccountKind::Teams).shows((100, 24), "Join the meeting as a Teams user");
    checking(AccountKind::External).shows((100, 24), "(shown as \"Ada (External)\")");
    checking(AccountKind::Teams).shows((100, 24), "costs about 0.004 USD a minute");
}
