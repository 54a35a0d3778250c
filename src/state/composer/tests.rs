//! Editing, in one line each: what stood there, the keys, what stands there then.

use super::*;
use crate::model::key::Key;
use crate::model::key::KeyCode;

fn typed(text: &str) -> Composer {
    let mut composer = Composer::default();
    for c in text.chars() {
        composer.key(if c == '\n' {
            Key::ctrl('j')
        } else {
            Key::char(c)
        });
    }
    composer
}

fn press(composer: &mut Composer, keys: &str) {
    for key in keys.split(' ').filter(|k| !k.is_empty()) {
        assert!(composer.key(named(key)), "{key}");
    }
}

/// `Ctrl-A`, `Alt-B`, `Left`, `Backspace`.
fn named(text: &str) -> Key {
    let (modifier, name) = text.split_once('-').unwrap_or(("", text));
    let code = match name {
        "Left" => KeyCode::Left,
        "Backspace" => KeyCode::Backspace,
        letter => KeyCode::Char(letter.chars().next().unwrap().to_ascii_lowercase()),
    };
    Key {
        code,
        ctrl: modifier == "Ctrl",
        alt: modifier == "Alt",
        shift: false,
    }
}

/// The text with `|` at the cursor.
fn shown(composer: &Composer) -> String {
    let (head, tail) = composer.text().split_at(composer.cursor());
    format!("{head}|{tail}")
}

fn check(start: &str, keys: &str, expected: &str) {
    let mut composer = typed(start);
    press(&mut composer, keys);
    assert_eq!(shown(&composer), expected, "{start} {keys}");
}

fn vim(start: &str, keys: &str) -> Composer {
    let mut composer = typed(start);
    composer.normal();
    for c in keys.chars() {
        composer.vim(Key::char(c));
    }
    composer
}

fn check_vim(start: &str, keys: &str, expected: &str) {
    assert_eq!(shown(&vim(start, keys)), expected, "{start} {keys}");
}

#[test]
fn readline_keys_mean_what_they_mean() {
    check("one two", "Ctrl-A", "|one two");
    check("one two", "Ctrl-A Ctrl-E", "one two|");
    check("one two", "Ctrl-B Ctrl-H", "one t|o");
    check("one two", "Ctrl-A Ctrl-D", "|ne two");
    check("one t-o", "Ctrl-W", "one |");
    check("one t-o", "Alt-Backspace", "one t-|");
    check("one two", "Alt-B", "one |two");
    check("one two", "Ctrl-A Alt-F", "one| two");
    check("one two", "Ctrl-A Alt-D", "| two");
    check("one two", "Ctrl-U", "|");
    check("one two", "Alt-B Ctrl-K Ctrl-A Ctrl-Y", "two|one ");
    check("a\nb", "Ctrl-A Ctrl-K", "a\n|");
    check("a\nb", "Ctrl-A Ctrl-B Ctrl-K", "a|b");
}

#[test]
fn the_cursor_moves_by_what_people_see_as_one_character() {
    let family = "\u{1f469}\u{200d}\u{1f4bb}";
    check(
        &format!("a{family}e\u{301}"),
        "Left Left",
        &format!("a|{family}e\u{301}"),
    );
    check(&format!("a{family}"), "Backspace", "a|");
}

#[test]
fn up_and_down_stay_in_their_column() {
    let mut composer = typed("long line\nab\nlong line");
    assert!(composer.up());
    assert_eq!(shown(&composer), "long line\nab|\nlong line");
    assert!(composer.up());
    assert_eq!(shown(&composer), "lo|ng line\nab\nlong line");
    assert!(!composer.up());
}

#[test]
fn history_keeps_the_draft() {
    let mut composer = typed("first");
    composer.done();
    composer.insert("second");
    composer.done();
    composer.insert("draft");
    assert!(composer.older() && composer.older());
    assert_eq!(composer.text(), "first");
    assert!(!composer.older());
    assert!(composer.newer() && composer.newer());
    assert_eq!(composer.text(), "draft");
    assert!(!composer.newer());
}

#[test]
fn a_draft_left_for_an_old_line_is_found_in_the_history() {
    let mut composer = typed("first");
    composer.done();
    composer.insert("draft");
    composer.older();
    composer.done();
    assert!(composer.older());
    assert_eq!(composer.text(), "draft");
}

#[test]
fn undo_goes_back_by_words_and_redo_forward() {
    let mut composer = typed("one two three");
    composer.undo();
    assert_eq!(composer.text(), "one two");
    composer.undo();
    composer.redo();
    assert_eq!(composer.text(), "one two");
    press(&mut composer, "Ctrl-U");
    composer.undo();
    assert_eq!(composer.text(), "one two");
}

#[test]
fn an_edit_puts_the_draft_aside_and_brings_it_back() {
    let mut composer = typed("half a thought");
    composer.edit(MessageId::new("5"), "helo");
    composer.insert("!");
    assert_eq!(composer.text(), "helo!");
    composer.done();
    assert_eq!(shown(&composer), "half a thought|");
    assert!(matches!(composer.purpose(), Purpose::Write));
}

#[test]
fn giving_up_a_reply_keeps_the_words() {
    let mut composer = typed("yes");
    composer.reply(Quoted {
        id: None,
        name: String::new(),
        text: String::new(),
    });
    assert!(composer.cancel());
    assert_eq!(composer.text(), "yes");
    assert!(!composer.cancel());
}

#[test]
fn a_paste_is_cleaned_and_its_slash_is_text() {
    let mut composer = Composer::default();
    composer.paste("/leave\r\n\u{1b}[31mnow");
    assert_eq!(composer.text(), "/leave\n[31mnow");
    assert!(composer.is_literal());
    press(&mut composer, "Ctrl-U");
    let mut composer = typed("note: ");
    composer.paste("/leave");
    assert!(!composer.is_literal());
}

#[test]
fn an_emptied_paste_leaves_nothing_behind() {
    let mut composer = Composer::default();
    composer.paste("/leave");
    press(&mut composer, "Ctrl-U");
    assert!(!composer.is_literal());
}

#[test]
fn names_are_completed_after_an_at_sign() {
    let people = [
        Person::new("8:acs:1", "Nadia Berg"),
        Person::new("8:acs:2", "Bob Ito"),
    ];
    let mut composer = typed("hey @na");
    assert_eq!(composer.complete(&people), Completion::Done);
    assert_eq!(composer.text(), "hey @Nadia Berg ");
    let draft = composer.draft(composer.text(), &people);
    assert_eq!(draft.mentions, people[..1]);
    let mut composer = typed("mail a@b");
    assert_eq!(composer.complete(&people), Completion::Nothing);
}

#[test]
fn the_one_chosen_among_equal_names_is_mentioned() {
    let people = [
        Person::new("8:acs:1", "Sam"),
        Person::new("8:acs:2", "Sam Smith"),
    ];
    let mut composer = typed("@smi");
    assert_eq!(composer.complete(&people), Completion::Done);
    let draft = composer.draft(composer.text(), &[people[1].clone()]);
    assert_eq!(draft.mentions, people[1..]);
}

#[test]
fn several_fits_fill_in_what_they_share() {
    let people = [
        Person::new("8:acs:1", "Marta"),
        Person::new("8:acs:2", "Mark"),
    ];
    let mut composer = typed("@m");
    let choices = vec!["Mark".to_owned(), "Marta".to_owned()];
    assert_eq!(composer.complete(&people), Completion::Choices(choices));
    assert_eq!(composer.text(), "@Mar");
}

#[test]
fn commands_and_their_names_are_completed() {
    let mut composer = typed("/verb");
    assert_eq!(composer.complete(&[]), Completion::Done);
    assert_eq!(composer.text(), "/verbosity ");
    let mut composer = typed("/admit er");
    composer.complete(&[Person::new("8:acs:1", "Erin Ek")]);
    assert_eq!(composer.text(), "/admit Erin Ek ");
}

#[test]
fn vim_motions_move() {
    check_vim("one two", "0", "|one two");
    check_vim("one two", "0w", "one |two");
    check_vim("one two", "0e", "on|e two");
    check_vim("one two", "b", "one |two");
    check_vim("one, two", "0ww", "one, |two");
    check_vim("one two", "0$", "one tw|o");
    check_vim("one two", "hhl", "one t|wo");
    check_vim("ab\ncd", "k", "a|b\ncd");
    check_vim("ab\ncd", "0h", "ab\n|cd");
}

#[test]
fn vim_deletes_undoes_and_puts() {
    check_vim("one two", "0x", "|ne two");
    check_vim("one two", "0dw", "|two");
    check_vim("one two", "0wD", "one |");
    check_vim("a\nb\nc", "kdd", "a\n|c");
    check_vim("a\nb", "dd", "|a");
    check_vim("a\nb", "kddp", "b\n|a");
    check_vim("one two", "0dwu", "|one two");
    check_vim("ab", "0xp", "b|a");
}

#[test]
fn vim_begins_typing_where_it_says() {
    let mut composer = vim("ab\ncd", "k");
    assert_eq!(composer.vim(Key::char('A')), Vim::Insert);
    assert_eq!(shown(&composer), "ab|\ncd");
    assert_eq!(composer.vim(Key::char('o')), Vim::Insert);
    assert_eq!(shown(&composer), "ab\n|\ncd");
    assert_eq!(composer.vim(Key::plain(KeyCode::Escape)), Vim::Nothing);
}
