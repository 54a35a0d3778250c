//! What clicks and the wheel do: nothing that keys cannot do.

use sidetone::effect::CallCommand;
use sidetone::effect::Effect;
use sidetone::event::Event;
use sidetone::event::TerminalEvent;
use sidetone::model::call::Role;
use sidetone::model::key::Pointer;
use sidetone::model::message::Body;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::rich::Block;
use sidetone::model::rich::Rich;
use sidetone::model::rich::Span;
use sidetone::model::settings::KeyMapName;
use sidetone::model::spot::Spot;
use sidetone::state::focus::Confirm;
use sidetone::state::focus::Mode;
use sidetone::state::focus::Overlay;
use sidetone::state::focus::Scroll;

use crate::play::Script;
use crate::play::message;
use crate::play::person;
use crate::play::received;
use crate::play::says;
use crate::play::script;

fn click(script: Script, spot: Spot) -> Script {
    script.then(Event::Terminal(TerminalEvent::Clicked(spot)))
}

fn wheel(script: Script, pointer: Pointer) -> Script {
    script.then(Event::Terminal(TerminalEvent::Pointer(pointer)))
}

fn id(number: u64) -> MessageId {
    MessageId::new(&number.to_string())
}

fn linked(number: u64, target: &str) -> Message {
    let link = Span {
        link: Some(target.to_owned()),
        ..Span::plain("here")
    };
    Message {
        body: Body::Text(Rich {
            blocks: vec![Block::Paragraph(vec![link])],
        }),
        ..message(number, "Alice", "")
    }
}

#[test]
fn a_click_selects_a_message_and_the_page_stays() {
    let shown = script()
        .then(says(1, "Alice", "first"))
        .then(says(2, "Bob", "second"))
        .then(says(3, "Alice", "third"))
        .quietly();
    let shown = click(shown, Spot::Message(id(1)));
    assert_eq!(shown.state.focus.selected, Some(id(1)));
    assert_eq!(shown.state.focus.scroll, Scroll::Follow);
    let shown = shown.line("/copy");
    assert!(shown.effects.contains(&Effect::Copy("first".to_owned())));
    let gone = click(shown, Spot::Message(id(9)));
    assert_eq!(gone.state.focus.selected, Some(id(1)), "nothing there");
}

#[test]
fn a_click_on_a_link_opens_what_open_would_open_and_nothing_else() {
    let shown = script()
        .then(received(linked(1, "https://ci.example/1")))
        .then(received(linked(2, "javascript:alert(1)")))
        .quietly();
    let link = |number, url: &str| Spot::Link {
        message: id(number),
        url: url.to_owned(),
    };
    let shown = click(shown, link(1, "https://ci.example/1"));
    let opened = Effect::OpenUrl("https://ci.example/1".to_owned());
    assert_eq!(shown.effects, [opened]);
    let shown = click(shown.forget(), link(2, "javascript:alert(1)"));
    let shown = click(shown, link(1, "https://elsewhere.example/"));
    assert_eq!(shown.effects, []);
    shown.transcript(["Nothing to do.", "Nothing to do."]);
}

#[test]
fn a_click_in_the_palette_chooses_the_line() {
    let shown = script().press("Ctrl-O").typed("newest");
    let at = shown.state.palette("newest");
    let at = at.iter().position(|i| i.text.starts_with("/newest"));
    let shown = click(
        shown.then(says(1, "Alice", "hi")),
        Spot::Choice(at.unwrap()),
    );
    assert_eq!(shown.state.focus.overlay, None);
    assert_eq!(shown.state.composer.text(), "");
    let shown = click(shown.press("Ctrl-O"), Spot::Choice(900));
    assert_eq!(shown.state.focus.overlay, None, "there is no such line");
}

#[test]
fn a_person_is_selected_by_the_first_click_and_named_by_the_second() {
    let shown = script().connected_as(Role::Presenter).press("Ctrl-P");
    let people: Vec<String> = {
        let call = shown.state.call().unwrap();
        let sorted = call.sorted().into_iter();
        sorted.map(|e| e.person.name.clone()).collect()
    };
    let bob = people.iter().position(|name| name == "Bob").unwrap();
    let shown = click(shown, Spot::Choice(bob));
    let selected = Some(Overlay::Roster { selected: bob });
    assert_eq!(shown.state.focus.overlay, selected);
    let muted = shown.press("m");
    let wanted = CallCommand::MuteOther(person("Bob").id);
    assert_eq!(muted.call_commands(), [wanted]);
    let named = click(muted, Spot::Choice(bob));
    assert_eq!(named.state.composer.text(), "@Bob ");
    // From the pane the same list opens.
    let shown = click(named, Spot::Person(bob));
    assert_eq!(shown.state.focus.overlay, selected);
    let outside = click(script(), Spot::Person(1));
    assert_eq!(outside.state.composer.text(), "@Alice ");
}

#[test]
fn a_click_on_a_key_of_the_leader_does_what_the_key_does() {
    let shown = script().connected().press("Ctrl-G");
    let pressed = shown.state.focus.pending.clone();
    let keys = shown.state.keymap.continuations(&pressed);
    let at = keys.iter().position(|(_, c)| c.name() == "raise").unwrap();
    let shown = click(shown, Spot::Choice(at));
    assert_eq!(shown.call_commands(), [CallCommand::RaiseHand(true)]);
    assert!(shown.state.focus.overlay.is_none() && shown.state.focus.pending.is_empty());
}

#[test]
fn a_click_in_the_draft_puts_the_cursor_there_and_closes_what_lies_over_the_page() {
    let shown = script().typed("one 会議 two").press("Ctrl-O");
    let shown = click(shown, Spot::Draft(4));
    assert_eq!(shown.state.focus.overlay, None);
    let shown = shown.typed("x");
    assert_eq!(shown.state.composer.text(), "one x会議 two");
    // A draft that changed since it was drawn.
    let shown = click(shown, Spot::Draft(6));
    assert_eq!(shown.state.composer.cursor(), "one x会".len());
    let shown = click(shown, Spot::Draft(900));
    assert!(shown.state.composer.is_at_end());
    let mine = shown.press("Ctrl-U").then(says(1, "Ada", "mine"));
    let asked = mine.line("/delete");
    let question = asked.state.focus.overlay.clone();
    assert!(matches!(
        question,
        Some(Overlay::Confirm(Confirm::Delete(_)))
    ));
    let asked = click(asked, Spot::Draft(0));
    assert_eq!(asked.state.focus.overlay, question);
}

#[test]
fn in_the_normal_mode_of_vim_the_cursor_stays_on_a_letter() {
    let mut shown = script();
    shown.state.settings.keys = KeyMapName::Vim;
    shown.state.configure();
    shown.state.focus.mode = Mode::Insert;
    let shown = shown.typed("hello").press("Esc");
    let shown = click(shown, Spot::Draft(5));
    assert_eq!(shown.state.composer.cursor(), 4);
    assert_eq!(click(shown, Spot::Draft(1)).state.composer.cursor(), 1);
}

#[test]
fn the_wheel_moves_what_lies_over_the_page_and_not_the_page_below() {
    let many = (1..60).fold(script(), |script, n| {
        script.then(says(n, "Alice", "some words of a message"))
    });
    let back = wheel(many.quietly(), Pointer::ScrollUp);
    assert_ne!(back.state.focus.scroll, Scroll::Follow);
    let follows = wheel(wheel(back, Pointer::ScrollDown), Pointer::ScrollDown);
    assert_eq!(follows.state.focus.scroll, Scroll::Follow);
    let help = wheel(follows.line("/help"), Pointer::ScrollDown);
    let topic = None;
    let scrolled = Overlay::Help { topic, scroll: 3 };
    assert_eq!(help.state.focus.overlay, Some(scrolled));
    assert_eq!(help.state.focus.scroll, Scroll::Follow);
    let list = wheel(help.press("Esc Ctrl-O"), Pointer::ScrollDown);
    assert!(matches!(
        list.state.focus.overlay,
        Some(Overlay::Palette { selected: 1, .. })
    ));
}
