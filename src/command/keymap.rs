//! Chords and the commands they stand for.

use std::collections::BTreeMap;

use crate::command::Command;
use crate::command::TABLE;
use crate::command::parse;
use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::model::settings::KeyMapName;

/// The keys in force: a plain or vim map and what the person bound on top.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyMap {
    /// Always, or in insert mode.
    typing: BTreeMap<Vec<Key>, Command>,
    /// Vim's normal mode.
    normal: BTreeMap<Vec<Key>, Command>,
}

/// What a sequence of keys means so far.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    Command(Command),
    /// The beginning of one or more sequences.
    Prefix,
    None,
}

impl KeyMap {
    /// The map of that name with `bindings` (chord text to command line without slash) on top,
    /// and a sentence for each binding that cannot stand or that a screen reader may take.
    pub fn new(name: KeyMapName, bindings: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let mut map = Self::default();
        if name != KeyMapName::None {
            for row in TABLE {
                for chord in row.keys {
                    map.typing.insert(keys(chord), named(row.name));
                }
                for chord in row.vim.iter().filter(|_| name == KeyMapName::Vim) {
                    map.normal.insert(keys(chord), named(row.name));
                }
            }
        }
        let problems = bindings
            .iter()
            .filter_map(|(chord, command)| map.bind(chord, command))
            .collect();
        (map, problems)
    }

    fn bind(&mut self, chord: &str, command: &str) -> Option<String> {
        let Some(keys) = parse_chords(chord) else {
            return Some(format!("\"{chord}\" is no key that can be bound"));
        };
        let command = match parse(&format!("/{}", command.trim_start_matches('/'))) {
            Ok(command) => command,
            Err(error) => return Some(format!("\"{chord}\" is not bound: {error}")),
        };
        if matches!(command, Command::Consent(Some(_))) {
            return Some(format!(
                "\"{chord}\" is not bound: only a typed answer is consent"
            ));
        }
        let taken = keys.first().and_then(|k| taken_by_readers(*k));
        self.typing.insert(keys.clone(), command.clone());
        self.normal.insert(keys, command);
        taken.map(|reader| format!("\"{chord}\" is bound, but {reader} may take that key first"))
    }

    /// `normal`: the vim map's normal mode.
    pub fn look(&self, normal: bool, keys: &[Key]) -> Lookup {
        let maps = if normal {
            [Some(&self.normal), Some(&self.typing)]
        } else {
            [Some(&self.typing), None]
        };
        for map in maps.into_iter().flatten() {
            let longer = map
                .range(keys.to_vec()..)
                .any(|(k, _)| k.len() > keys.len() && k.starts_with(keys));
            if longer {
                return Lookup::Prefix;
            }
            if let Some(command) = map.get(keys) {
                return Lookup::Command(command.clone());
            }
        }
        Lookup::None
    }

    /// What may follow the keys pressed so far: for the which-key list.
    pub fn continuations(&self, keys: &[Key]) -> Vec<(String, &Command)> {
        let longer = self
            .typing
            .iter()
            .filter(|(k, _)| k.len() > keys.len() && k.starts_with(keys));
        longer
            .map(|(k, command)| (chord_text(&k[keys.len()..]), command))
            .collect()
    }

    /// The chords of a command, for help.
    pub fn chords(&self, name: &str) -> Vec<String> {
        self.typing
            .iter()
            .filter(|(_, c)| c.name() == name)
            .map(|(k, _)| chord_text(k))
            .collect()
    }
}

fn keys(chord: &str) -> Vec<Key> {
    parse_chords(chord).expect("the chords of the table are parsed by a test")
}

/// A key gives no arguments: the row's command without any.
fn named(name: &str) -> Command {
    let row = TABLE
        .iter()
        .find(|r| r.name == name)
        .expect("taken from the table");
    (row.make)("").expect("a test makes every command that has a key")
}

/// `Ctrl-G m`, `PageUp`, `Alt-Enter`: one or more chords with blanks between.
fn parse_chords(text: &str) -> Option<Vec<Key>> {
    let keys: Option<Vec<Key>> = text.split_whitespace().map(parse_chord).collect();
    keys.filter(|k| !k.is_empty())
}

fn parse_chord(text: &str) -> Option<Key> {
    let mut key = Key::plain(KeyCode::Enter);
    let mut rest = text;
    while let Some((modifier, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty())
    {
        match modifier {
            "Ctrl" => key.ctrl = true,
            "Alt" => key.alt = true,
            "Shift" => key.shift = true,
            _ => return None,
        }
        rest = after;
    }
    key.code = code(rest)?;
    // Terminals send a control character, which has no case.
    if let KeyCode::Char(c) = key.code
        && key.ctrl
    {
        key.code = KeyCode::Char(c.to_ascii_lowercase());
    }
    Some(key)
}

fn code(text: &str) -> Option<KeyCode> {
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(KeyCode::Char(c));
    }
    if let Some(named) = NAMES.iter().find(|(name, _)| *name == text) {
        return Some(named.1);
    }
    text.strip_prefix('F')?
        .parse()
        .ok()
        .filter(|n| (1..=24).contains(n))
        .map(KeyCode::F)
}

const NAMES: [(&str, KeyCode); 15] = [
    ("Enter", KeyCode::Enter),
    ("Tab", KeyCode::Tab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Esc", KeyCode::Escape),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("Space", KeyCode::Char(' ')),
    ("Minus", KeyCode::Char('-')),
];

/// The chords as people read them.
pub fn chord_text(keys: &[Key]) -> String {
    let words: Vec<_> = keys.iter().map(|k| one_chord(*k)).collect();
    words.join(" ")
}

fn one_chord(key: Key) -> String {
    let mut text = String::new();
    for (on, word) in [
        (key.ctrl, "Ctrl-"),
        (key.alt, "Alt-"),
        (key.shift, "Shift-"),
    ] {
        if on {
            text.push_str(word);
        }
    }
    match key.code {
        KeyCode::F(n) => {
            text.push('F');
            text.push_str(&n.to_string());
        }
        code => match (NAMES.iter().find(|(_, c)| *c == code), code) {
            (Some((name, _)), _) => text.push_str(name),
            (None, KeyCode::Char(c)) if key.ctrl => text.extend(c.to_uppercase()),
            (None, KeyCode::Char(c)) => text.push(c),
            (None, _) => {}
        },
    }
    text
}

/// Which reader takes the key before we see it (accessibility K2). Some of them may be
/// a second way to a function, as readline keys are; none may be the only one.
pub fn taken_by_readers(key: Key) -> Option<&'static str> {
    let arrow = matches!(
        key.code,
        KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right
    );
    match key.code {
        KeyCode::F(1..=3 | 5..=9 | 12) => Some("Fenrir"),
        KeyCode::F(10 | 11) => Some("the terminal's menu"),
        KeyCode::Char('a' | 'l' | 'n' | 'x') if key.ctrl => Some("yasr"),
        KeyCode::Char(_) | KeyCode::Enter if key.alt => Some("TDSR"),
        _ if arrow && (key.shift || key.ctrl || key.alt) => Some("Fenrir"),
        KeyCode::Escape => Some("a screen reader"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> KeyMap {
        KeyMap::new(KeyMapName::Plain, &BTreeMap::new()).0
    }

    #[test]
    fn no_key_of_the_table_is_one_that_readers_take() {
        for row in TABLE {
            for chord in row.keys.iter().chain(row.vim) {
                for key in parse_chords(chord).unwrap() {
                    assert_eq!(taken_by_readers(key), None, "{chord} of {}", row.name);
                }
            }
        }
    }

    #[test]
    fn no_two_rows_share_a_chord() {
        let mut seen = std::collections::BTreeSet::new();
        for row in TABLE {
            for chord in row.keys {
                assert!(seen.insert(chord), "{chord} stands twice");
            }
        }
    }

    #[test]
    fn the_leader_waits_for_its_second_key() {
        let map = plain();
        assert_eq!(map.look(false, &[Key::ctrl('g')]), Lookup::Prefix);
        let keys = [Key::ctrl('g'), Key::char('h')];
        assert_eq!(
            map.look(false, &keys),
            Lookup::Command(Command::RaiseHand(None))
        );
        assert_eq!(map.look(false, &[Key::char('h')]), Lookup::None);
    }

    #[test]
    fn mute_is_one_key_from_anywhere() {
        for name in [KeyMapName::Plain, KeyMapName::Vim] {
            let (map, problems) = KeyMap::new(name, &BTreeMap::new());
            assert!(problems.is_empty());
            for normal in [false, true] {
                assert_eq!(
                    map.look(normal, &[Key::ctrl('t')]),
                    Lookup::Command(Command::ToggleMute)
                );
            }
        }
    }

    #[test]
    fn a_binding_wins_and_a_wrong_one_is_told() {
        let bindings = [
            ("Ctrl-G h", "react heart"),
            ("Ctrl-Y", "dance"),
            ("Alt-q", "quit"),
        ];
        let bindings = bindings
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let (map, problems) = KeyMap::new(KeyMapName::Plain, &bindings);
        let found = map.look(false, &[Key::ctrl('g'), Key::char('h')]);
        assert!(matches!(found, Lookup::Command(Command::React(_))));
        assert_eq!(problems.len(), 2);
        assert!(
            problems[0].contains("TDSR") && problems[1].contains("no command /dance"),
            "{problems:?}"
        );
    }

    #[test]
    fn no_key_can_answer_for_consent() {
        let bindings = BTreeMap::from([("Enter".to_owned(), "consent yes".to_owned())]);
        let (map, problems) = KeyMap::new(KeyMapName::Plain, &bindings);
        assert_eq!(map, plain());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn keys_none_leaves_only_slash_commands() {
        let (map, _) = KeyMap::new(KeyMapName::None, &BTreeMap::new());
        assert_eq!(map, KeyMap::default());
    }

    #[test]
    fn chords_read_back_as_they_are_written() {
        for row in TABLE {
            for chord in row.keys.iter().chain(row.vim) {
                assert_eq!(&chord_text(&parse_chords(chord).unwrap()), chord);
            }
        }
    }
}
