//! Keys: one table, two maps, and a draft that nothing destroys.

use sidetone::effect::CallCommand;
use sidetone::effect::Effect;
use sidetone::model::settings::Interface;
use sidetone::model::settings::KeyMapName;
use sidetone::model::settings::Settings;
use sidetone::state::focus::Mode;
use sidetone::state::focus::Overlay;

use crate::play::linear;
use crate::play::script;
use crate::play::with;

fn vim() -> Settings {
    Settings {
        keys: KeyMapName::Vim,
        ..Settings::default()
    }
}

#[test]
fn mute_works_from_anywhere() {
    for before in ["a b", "Ctrl-O", "Ctrl-P", "Ctrl-O x"] {
        let shown = script().connected().press(before).press("Ctrl-T");
        assert_eq!(
            shown.call_commands(),
            [CallCommand::Mute(false)],
            "{before}"
        );
    }
    let shown = with(vim()).connected().press("Esc Ctrl-T");
    assert_eq!(shown.call_commands(), [CallCommand::Mute(false)]);
}

#[test]
fn the_leader_opens_its_list_and_closes_everything() {
    let shown = script().typed("draft").press("Ctrl-G");
    assert_eq!(shown.state.focus.overlay, Some(Overlay::Leader));
    let shown = shown.press("Ctrl-G");
    assert_eq!(shown.state.focus.overlay, None);
    let shown = shown.press("Ctrl-O Ctrl-G");
    assert_eq!(shown.state.focus.overlay, None);
    let shown = shown.press("Ctrl-G ?");
    assert!(matches!(
        shown.state.focus.overlay,
        Some(Overlay::Help { .. })
    ));
    let shown = shown.press("Esc");
    assert_eq!(shown.state.focus.overlay, None);
    assert_eq!(shown.state.composer.text(), "draft");
}

#[test]
fn the_list_after_the_leader_scrolls_and_stays_a_list_of_keys() {
    let shown = script().press("Ctrl-G Down PageDown");
    assert_eq!(shown.state.focus.overlay, Some(Overlay::Leader));
    assert!(shown.state.focus.hidden > 1);
    let shown = shown.press("s");
    assert_eq!(shown.state.focus.overlay, None);
    assert_eq!(shown.state.focus.hidden, 0);
    shown.transcript_ends("0 unread");
}

#[test]
fn a_sequence_that_means_nothing_types_nothing() {
    let shown = script().press("Ctrl-G z");
    assert_eq!(shown.state.composer.text(), "");
    assert_eq!(shown.state.focus.overlay, None);
    assert_eq!(shown.typed("z").state.composer.text(), "z");
}

#[test]
fn escape_never_destroys_a_draft() {
    for settings in [Settings::default(), vim()] {
        let shown = with(settings).typed("draft").press("Esc Esc Esc");
        assert_eq!(shown.state.composer.text(), "draft");
    }
}

#[test]
fn vim_types_in_insert_and_moves_in_normal() {
    let shown = with(vim()).typed("one two").press("Esc b d w");
    assert_eq!(shown.state.focus.mode, Mode::Normal);
    assert_eq!(shown.state.composer.text(), "one ");
    let shown = shown.press("A").typed("three");
    assert_eq!(shown.state.focus.mode, Mode::Insert);
    assert_eq!(shown.state.composer.text(), "one three");
}

#[test]
fn the_palette_finds_and_does() {
    let shown = script()
        .connected()
        .press("Ctrl-O")
        .typed("mute")
        .press("Enter");
    assert_eq!(shown.call_commands(), [CallCommand::Mute(false)]);
    assert_eq!(shown.state.focus.overlay, None);
    let shown = script().press("Ctrl-O").typed("react").press("Enter");
    assert_eq!(shown.state.composer.text(), "/react ");
}

#[test]
fn enter_on_an_empty_line_only_acknowledges() {
    let shown = script().connected().press("Enter Enter");
    assert!(shown.effects.is_empty() && shown.lines.is_empty());
}

#[test]
fn a_wrong_command_says_what_was_meant_and_is_an_up_away() {
    let shown = script().line("/stauts");
    assert_eq!(shown.lines.len(), 1);
    assert!(shown.lines[0].text.contains("/status"), "{:?}", shown.lines);
    // Left in the line, the next words would be typed behind it, which nobody hears.
    assert_eq!(shown.state.composer.text(), "");
    let shown = script().line("/stauts").press("Up");
    assert_eq!(shown.state.composer.text(), "/stauts");
}

#[test]
fn a_line_break_is_typed_by_its_key() {
    let shown = script().typed("a").press("Ctrl-J").line("b");
    assert_eq!(shown.texts(), ["a\nb"]);
}

#[test]
fn ctrl_c_clears_and_up_brings_back() {
    let shown = linear().typed("draft").press("Ctrl-C");
    assert!(shown.state.composer.is_empty() && !shown.state.quitting);
    let shown = shown.press("Up");
    assert_eq!(shown.state.composer.text(), "draft");
}

#[test]
fn the_view_changes_without_leaving_the_call() {
    let shown = script().connected().line("/linear");
    assert_eq!(shown.call_commands(), []);
    assert!(
        shown
            .effects
            .contains(&Effect::SwitchView(Interface::Linear))
    );
    let shown = shown.forget().line("/fullscreen");
    assert!(
        shown
            .effects
            .contains(&Effect::SwitchView(Interface::FullScreen))
    );
}

/// A question about a message of ours on the full screen.
fn asked() -> crate::play::Script {
    let own = crate::play::received(crate::play::message(5, "Ada", "oops"));
    script().connected().then(own).forget().line("/delete")
}

#[test]
fn a_command_typed_at_a_question_neither_answers_it_nor_is_sent() {
    let shown = asked().line("/unmute").after(2.0);
    assert_eq!(
        (shown.texts(), shown.state.composer.text()),
        (vec!["oops".to_owned()], "")
    );
    assert_eq!(shown.chat_commands(), []);
    // Its "y" is no yes.
    let shown = asked().line("/retry");
    assert_eq!(shown.chat_commands(), []);
    let shown = shown.line("no").after(2.0).typed("no");
    assert_eq!(shown.state.focus.overlay, None);
    assert_eq!(shown.state.composer.text(), "no");
}

#[test]
fn what_is_typed_behind_an_answer_is_dropped_up_to_enter_or_a_pause() {
    for answer in ["yes", "yeah, do it", "y"] {
        let shown = asked().line(answer);
        assert_eq!(shown.chat_commands().len(), 1, "{answer}");
        let shown = shown.typed("next");
        assert_eq!(shown.state.composer.text(), "next", "{answer}");
    }
    let shown = asked().typed("n").after(1.5).typed("hello");
    assert_eq!(shown.state.composer.text(), "hello");
    let shown = asked().typed("n").press("Ctrl-T").typed("x");
    assert_eq!(shown.state.composer.text(), "x");
}

#[test]
fn questions_of_the_linear_view_are_lines() {
    let own = crate::play::received(crate::play::message(5, "Ada", "oops"));
    let asked = linear().then(own).forget().line("/delete");
    asked.transcript_ends("Type yes or no.").line("yes");
}

#[test]
fn a_setting_is_changed_and_a_wrong_one_explained() {
    let shown = script().line("/set hold 3");
    assert_eq!(shown.state.settings.hold.as_secs(), 3);
    let shown = shown.forget().line("/set hold never");
    assert_eq!(shown.state.settings.hold.as_secs(), 3);
    assert_eq!(shown.lines.len(), 1);
    let shown = shown.forget().line("/verbosity 3").line("/keymap vim");
    assert_eq!(shown.state.settings.verbosity, 3);
    assert_eq!(shown.state.settings.keys, KeyMapName::Vim);
}
