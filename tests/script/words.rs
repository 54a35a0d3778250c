//! Captions and real-time text: said, shown, kept, and written by ourselves.

use sidetone::effect::CallCommand;
use sidetone::effect::Effect;
use sidetone::event::CallEvent;
use sidetone::event::Event;
use sidetone::model::announcement::Class;
use sidetone::model::call::CallState;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Motion;
use sidetone::model::settings::Settings;
use sidetone::model::settings::Sound;
use sidetone::model::turn::Turn;
use sidetone::model::turn::TurnKind;
use sidetone::model::turn::Typed;

use crate::play::Script;
use crate::play::at;
use crate::play::call;
use crate::play::linear;
use crate::play::person;
use crate::play::says;
use crate::play::script;
use crate::play::state;
use crate::play::with;

pub(crate) fn turn(kind: TurnKind, id: u64, name: &str, text: &str, done: bool) -> Event {
    let turn = Turn {
        kind,
        id,
        person: person(name),
        mine: name == "Ada",
        text: text.to_owned(),
        done,
        language: None,
    };
    call(CallEvent::Turn { turn, at: at(0.0) })
}

fn caption(id: u64, name: &str, text: &str, done: bool) -> Event {
    turn(TurnKind::Caption, id, name, text, done)
}

fn text(id: u64, name: &str, text: &str, done: bool) -> Event {
    turn(TurnKind::Text, id, name, text, done)
}

fn typed(script: &Script) -> Vec<(String, bool)> {
    let commands = script.call_commands().into_iter();
    let typed = commands.filter_map(|c| match c {
        CallCommand::Text(Typed { text, done }) => Some((text, done)),
        _ => None,
    });
    typed.collect()
}

#[test]
fn captions_are_asked_for_once_inside_and_again_after_coming_back() {
    let shown = script().connected().line("/captions on");
    assert_eq!(shown.call_commands(), [CallCommand::Captions(true)]);
    let shown = shown
        .transcript(["Captions on, where the meeting gives them."])
        .line("/cc off");
    assert_eq!(
        shown.call_commands(),
        [CallCommand::Captions(true), CallCommand::Captions(false)]
    );
    let settings = Settings {
        sound: Sound {
            captions: true,
            ..Sound::default()
        },
        ..Settings::default()
    };
    let waiting = with(settings).dialled().then(state(CallState::InLobby));
    assert!(
        !waiting
            .call_commands()
            .contains(&CallCommand::Captions(true))
    );
    let inside = waiting.then(state(CallState::Connected));
    assert!(
        inside
            .call_commands()
            .contains(&CallCommand::Captions(true))
    );
}

#[test]
fn captions_are_said_when_they_are_final_one_line_a_turn() {
    linear()
        .connected()
        .then(caption(1, "Carol", "so the", false))
        .then(caption(1, "Carol", "so the budget", false))
        .after(5.0)
        .transcript([])
        .then(caption(1, "Carol", "So the budget is fine.", true))
        .after(1.0)
        .transcript(["Caption, Carol: So the budget is fine."])
        .forget()
        .press("x")
        .then(caption(2, "Carol", "Who is next?", true))
        .then(caption(3, "Carol", "Bob?", true))
        .then(caption(1, "Bob", "Yes.", true))
        .after(3.0)
        .transcript(["Caption, Carol: Who is next? Bob?", "Caption, Bob: Yes."]);
}

#[test]
fn captions_grow_in_their_strip_and_end_in_the_timeline() {
    let shown = script()
        .connected()
        .line("/captions on")
        .then(says(1, "Alice", "hello"))
        .then(caption(1, "Carol", "so the budget", false))
        .shows((60, 20), "Caption, Carol: so the budget ");
    let shown = shown
        .then(caption(1, "Carol", "So the budget is fine.", true))
        .shows((60, 20), "Caption, Carol: So the budget is fine · 10:02")
        .line("/search budget")
        .transcript_ends("1 match of budget");
    let search = shown.state.focus.search.unwrap();
    assert_eq!(search.matches, 1);
}

#[test]
fn without_motion_only_finished_captions_are_shown() {
    let settings = Settings {
        motion: Motion::Off,
        ..Settings::default()
    };
    let shown = with(settings)
        .connected()
        .line("/captions on")
        .then(caption(1, "Carol", "so the budget", false))
        .then(text(1, "Erin", "yes I", false));
    let shown = shown.shows((60, 20), "Text, Erin: yes I");
    shown.no_status("so the budget");
}

#[test]
fn the_timeline_of_captions_can_be_scrolled() {
    let mut shown = script().connected().line("/captions on");
    for n in 1..=60 {
        shown = shown.then(caption(n, "Carol", &format!("sentence {n}."), true));
    }
    let shown = shown
        .shows((60, 20), "sentence 60")
        .press("PageUp PageUp")
        .shows((60, 20), "sentence 20");
    shown.press("End").shows((60, 20), "sentence 60");
}

#[test]
fn real_time_text_is_said_by_sentence_or_pause_also_without_captions() {
    linear()
        .connected()
        .then(text(1, "Erin", "My micro", false))
        .then(text(1, "Erin", "My microphone is broken. Can", false))
        .after(0.5)
        .transcript(["Text, Erin: My microphone is broken."])
        .after(2.0)
        .transcript(["Text, Erin: My microphone is broken.", "Text, Erin: Can"])
        .then(text(
            1,
            "Erin",
            "My microphone is broken. Can you read me?",
            true,
        ))
        .after(0.5)
        .transcript_ends("Text, Erin: you read me?");
}

#[test]
fn real_time_text_is_said_word_by_word_for_who_sets_it_so() {
    linear()
        .connected()
        .line("/set rtt_live true")
        .after(2.0)
        .forget()
        .then(text(1, "Erin", "yes ", false))
        .after(0.5)
        .then(text(1, "Erin", "yes I ", false))
        .after(0.5)
        .transcript(["Text, Erin: yes", "Text, Erin: I"]);
}

#[test]
fn what_somebody_left_unfinished_is_kept_as_it_was() {
    let shown = script()
        .connected()
        .then(text(1, "Bob", "and the", false))
        .then(call(CallEvent::RosterLeft(person("Bob").id)));
    let entries = shown.state.thread().unwrap().timeline.entries();
    assert!(
        entries
            .iter()
            .any(sidetone::state::timeline::Entry::is_turn)
    );
}

#[test]
fn our_own_real_time_text_goes_word_by_word_within_half_a_second() {
    let shown = script().connected().typed("/text yes, I wi");
    let sent = [("yes,".to_owned(), false), ("yes, ".to_owned(), false)];
    assert_eq!(typed(&shown)[..2], sent);
    let before = typed(&shown).len();
    let shown = shown.after(0.5);
    assert_eq!(typed(&shown)[before..], [("yes, I wi".to_owned(), false)]);
    let shown = shown.typed("ll").press("Enter");
    let last = typed(&shown).pop().unwrap();
    assert_eq!(last, ("yes, I will".to_owned(), true));
    let told = shown
        .then(text(1, "Ada", "yes, I will", true))
        .transcript(["Text, you: yes, I will"]);
    assert_eq!(told.lines[0].class, Class::Answer);
    assert_eq!(told.state.composer.text(), "");
}

#[test]
fn a_line_of_real_time_text_that_is_given_up_is_taken_back() {
    let shown = script().connected().typed("/text never ").press("Ctrl-c");
    assert_eq!(typed(&shown).pop().unwrap(), (String::new(), true));
    // What is only typed as a message goes nowhere.
    let shown = script().connected().typed("never mind ").after(1.0);
    assert_eq!(typed(&shown), []);
}

#[test]
fn real_time_text_is_refused_in_words_outside_and_on_hold() {
    let shown = script().line("/text hello");
    assert_eq!(typed(&shown), []);
    shown.transcript(["Error: /text is not possible, you are not in the call."]);
    script()
        .connected()
        .then(state(CallState::LocalHold))
        .after(1.0)
        .forget()
        .line("/text hello")
        .transcript(["Error: /text is not possible, the call is on hold."]);
}

#[test]
fn captions_choice_is_remembered() {
    let shown = script().connected().line("/captions on");
    let remembered = |e: &Effect| matches!(e, Effect::Remember { key, value } if key == "captions" && value == "true");
    assert!(shown.effects.iter().any(remembered));
    assert_eq!(shown.state.focus.interface, Interface::FullScreen);
}
