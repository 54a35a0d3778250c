//! The bytes a terminal sends, read as keys, pastes, pointer events and answers.
//!
//! Our own reader, because the libraries swallow what the terminal answers,
//! and its answers are how we know that it keeps up (`runtime::pace`). Feed it
//! bytes in any pieces; a lone Escape is only known by waiting a moment, which
//! the caller does: [`Decoder::is_waiting`], then [`Decoder::settle`].

use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::model::key::Pointer;

/// What a terminal sent.
#[derive(Clone, PartialEq)]
pub enum Input {
    Key(Key),
    /// A key was let go: only a terminal that was asked to tells it.
    Released(Key),
    /// The window has the person's keys, or no longer.
    Focused(bool),
    /// The terminal can tell when a key is let go: the answer to [`ASK_RELEASES`].
    CanTellReleases,
    /// Line breaks are `\n`, whatever the terminal made of them.
    Paste(String),
    Pointer(Pointer),
    /// The answer to the status question: everything written before it was taken.
    KeepsUp,
}

/// Asks whether the terminal speaks the kitty keyboard protocol; others are silent.
pub const ASK_RELEASES: &[u8] = b"\x1b[?u";

#[derive(Default)]
pub struct Decoder {
    held: Vec<u8>,
    /// The bytes of a bracketed paste whose end has not come.
    paste: Option<Vec<u8>>,
}

impl Decoder {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.held.extend_from_slice(bytes);
        let mut inputs = Vec::new();
        let mut read = 0;
        while read < self.held.len() {
            if self.paste.is_some() {
                let (used, input) = self.read_paste(read);
                inputs.extend(input);
                if used == 0 {
                    break;
                }
                read += used;
                continue;
            }
            match token(&self.held[read..]) {
                Token::Incomplete => break,
                Token::Ignored(used) => read += used,
                Token::PasteStarts(used) => {
                    self.paste = Some(Vec::new());
                    read += used;
                }
                Token::Input(used, input) => {
                    inputs.push(input);
                    read += used;
                }
            }
        }
        self.held.drain(..read);
        inputs
    }

    /// Something is held that a few milliseconds decide: Escape, or the start of a sequence.
    pub const fn is_waiting(&self) -> bool {
        !self.held.is_empty() && self.paste.is_none()
    }

    /// Nothing followed: what is held was typed as it stands.
    pub fn settle(&mut self) -> Vec<Input> {
        if !self.is_waiting() {
            return Vec::new();
        }
        let held = std::mem::take(&mut self.held);
        match held.as_slice() {
            [ESC] => vec![Input::Key(Key::plain(KeyCode::Escape))],
            [ESC, byte @ 0x21..=0x7e] => vec![Input::Key(Key::alt(char::from(*byte)))],
            // A sequence broken off in the middle says nothing that can be trusted.
            _ => Vec::new(),
        }
    }

    /// Takes over pasted bytes up to the end mark; says how many, and the paste once it is whole.
    fn read_paste(&mut self, from: usize) -> (usize, Option<Input>) {
        let rest = &self.held[from..];
        let end = rest.windows(PASTE_END.len()).position(|w| w == PASTE_END);
        // The end mark may be cut in two: its possible start stays held.
        let take = end.unwrap_or_else(|| rest.len().saturating_sub(PASTE_END.len() - 1));
        let paste = self.paste.get_or_insert_default();
        let room = LONGEST_PASTE.saturating_sub(paste.len());
        paste.extend_from_slice(&rest[..take.min(room)]);
        if end.is_none() {
            return (take, None);
        }
        let text = self.paste.take().unwrap_or_default();
        let text = String::from_utf8_lossy(&text)
            .replace("\r\n", "\n")
            .replace('\r', "\n");
        (take + PASTE_END.len(), Some(Input::Paste(text)))
    }
}

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";
/// Far beyond any message; the rest of a longer paste is dropped.
const LONGEST_PASTE: usize = 1 << 20;
/// A sequence that goes on beyond this is not one.
const LONGEST_SEQUENCE: usize = 4096;

enum Token {
    Incomplete,
    Ignored(usize),
    PasteStarts(usize),
    Input(usize, Input),
}

fn key(used: usize, key: Key) -> Token {
    Token::Input(used, Input::Key(key))
}

fn token(bytes: &[u8]) -> Token {
    match bytes {
        [] => Token::Incomplete,
        [ESC, rest @ ..] => escape(rest),
        [byte, ..] if *byte < 0x20 || *byte == 0x7f => key(1, control(*byte)),
        _ => match character(bytes) {
            Character::Whole(used, c) => key(used, Key::char(c)),
            Character::Cut => Token::Incomplete,
            Character::Broken => Token::Ignored(1),
        },
    }
}

fn control(byte: u8) -> Key {
    match byte {
        b'\r' => Key::plain(KeyCode::Enter),
        b'\t' => Key::plain(KeyCode::Tab),
        0x08 | 0x7f => Key::plain(KeyCode::Backspace),
        0x00 => Key::ctrl(' '),
        0x01..=0x1a => Key::ctrl(char::from(byte + 0x60)),
        _ => Key::ctrl(char::from(byte + 0x40)),
    }
}

fn escape(rest: &[u8]) -> Token {
    match rest {
        // Escape twice: the first was typed alone.
        [ESC, ..] => key(1, Key::plain(KeyCode::Escape)),
        [] | [b'[' | b'O' | b']' | b'P' | b'X' | b'^' | b'_'] => Token::Incomplete,
        [b'[', body @ ..] => sequence(body),
        [b'O', letter, ..] => {
            letter_key(*letter, 1).map_or(Token::Ignored(3), |found| key(3, found))
        }
        [b']' | b'P' | b'X' | b'^' | b'_', body @ ..] => string(body),
        [byte, ..] if *byte < 0x20 || *byte == 0x7f => {
            let mut found = control(*byte);
            found.alt = true;
            key(2, found)
        }
        _ => match character(rest) {
            Character::Whole(used, c) => key(used + 1, Key::alt(c)),
            Character::Cut => Token::Incomplete,
            Character::Broken => Token::Ignored(2),
        },
    }
}

/// An answer in a string of its own (colours, clipboard, name); nobody asked.
fn string(body: &[u8]) -> Token {
    let bell = body.iter().position(|b| *b == 0x07).map(|at| at + 1);
    let terminator = body
        .windows(2)
        .position(|w| w == b"\x1b\\")
        .map(|at| at + 2);
    match (bell, terminator) {
        (Some(a), Some(b)) => Token::Ignored(2 + a.min(b)),
        (Some(used), None) | (None, Some(used)) => Token::Ignored(2 + used),
        (None, None) if body.len() > LONGEST_SEQUENCE => Token::Ignored(2),
        (None, None) => Token::Incomplete,
    }
}

/// What follows `ESC [`: parameters, then one final byte.
fn sequence(body: &[u8]) -> Token {
    let Some(end) = body.iter().position(|b| matches!(b, 0x40..=0x7e)) else {
        return if body.len() > LONGEST_SEQUENCE {
            Token::Ignored(2)
        } else {
            Token::Incomplete
        };
    };
    let used = end + 3;
    let (parameters, last) = (&body[..end], body[end]);
    if let Some(mouse) = parameters.strip_prefix(b"<") {
        return pointer(&numbers(mouse), last).map_or(Token::Ignored(used), |p| {
            Token::Input(used, Input::Pointer(p))
        });
    }
    let numbers = numbers(parameters);
    let first = numbers.first().copied().unwrap_or(0);
    let modifiers = numbers.get(1).copied().unwrap_or(1).max(1);
    let found = match last {
        b'~' if first == 200 => return Token::PasteStarts(used),
        b'n' if parameters == b"0" => return Token::Input(used, Input::KeepsUp),
        b'Z' => Some(Key {
            shift: true,
            ..Key::plain(KeyCode::Tab)
        }),
        b'~' if first == 27 => numbers.get(2).and_then(|code| coded(*code, modifiers)),
        b'~' => numbered(first).map(|code| with(code, modifiers)),
        b'u' if parameters.first() == Some(&b'?') => {
            return Token::Input(used, Input::CanTellReleases);
        }
        b'I' | b'O' if parameters.is_empty() => {
            return Token::Input(used, Input::Focused(last == b'I'));
        }
        b'u' => coded(first, modifiers),
        // `ESC [ ? … c` and the like are answers, not keys.
        letter
            if parameters
                .iter()
                .all(|b| matches!(b, b'0'..=b'9' | b';' | b':')) =>
        {
            letter_key(letter, modifiers)
        }
        _ => None,
    };
    match found {
        Some(found) if is_release(parameters) => Token::Input(used, Input::Released(found)),
        Some(found) => key(used, found),
        None => Token::Ignored(used),
    }
}

/// The kitty protocol's kind of key event stands behind the modifiers: 1 pressed, 2 repeated, 3 let go.
fn is_release(parameters: &[u8]) -> bool {
    let modifiers = parameters.split(|b| *b == b';').nth(1);
    modifiers.and_then(|m| m.split(|b| *b == b':').nth(1)) == Some(b"3")
}

fn numbers(parameters: &[u8]) -> Vec<u32> {
    parameters
        .split(|b| *b == b';')
        .map(|digits| {
            // Parts behind a colon are refinements of the kitty protocol.
            let digits = digits.split(|b| *b == b':').next().unwrap_or_default();
            std::str::from_utf8(digits)
                .ok()
                .and_then(|d| d.parse().ok())
                .unwrap_or(0)
        })
        .collect()
}

fn with(code: KeyCode, modifiers: u32) -> Key {
    let bits = modifiers - 1;
    Key {
        code,
        shift: bits & 1 != 0,
        alt: bits & 2 != 0,
        ctrl: bits & 4 != 0,
    }
}

fn letter_key(letter: u8, modifiers: u32) -> Option<Key> {
    let code = match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        _ => return None,
    };
    Some(with(code, modifiers))
}

fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        4 | 8 => KeyCode::End,
        3 => KeyCode::Delete,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number - 10).ok()?),
        17..=21 => KeyCode::F(u8::try_from(number - 11).ok()?),
        23..=24 => KeyCode::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// A key by its character, as terminals with extended keys send it.
fn coded(code: u32, modifiers: u32) -> Option<Key> {
    let code = match code {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Escape,
        8 | 127 => KeyCode::Backspace,
        57344..=63743 => keypad(code)?,
        _ => KeyCode::Char(char::from_u32(code).filter(|c| !c.is_control())?),
    };
    let mut key = with(code, modifiers);
    if let KeyCode::Char(c) = key.code
        && key.shift
    {
        key.code = KeyCode::Char(c.to_uppercase().next().unwrap_or(c));
        key.shift = false;
    }
    // A control character has no case, and other terminals send nothing else.
    if let KeyCode::Char(c) = key.code
        && key.ctrl
    {
        key.code = KeyCode::Char(c.to_ascii_lowercase());
    }
    Some(key)
}

/// The keypad as the kitty protocol numbers it, in a private part of Unicode; what else is there
/// (modifiers, media keys) is nobody's text.
fn keypad(code: u32) -> Option<KeyCode> {
    Some(match code {
        57399..=57408 => KeyCode::Char(char::from_digit(code - 57399, 10)?),
        57409 => KeyCode::Char('.'),
        57410 => KeyCode::Char('/'),
        57411 => KeyCode::Char('*'),
        57412 => KeyCode::Char('-'),
        57413 => KeyCode::Char('+'),
        57414 => KeyCode::Enter,
        57415 => KeyCode::Char('='),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57426 => KeyCode::Delete,
        _ => return None,
    })
}

fn pointer(numbers: &[u32], last: u8) -> Option<Pointer> {
    let [button, column, row] = *numbers else {
        return None;
    };
    let cell = |n: u32| u16::try_from(n.checked_sub(1)?).ok();
    match (button, last) {
        (64, b'M') => Some(Pointer::ScrollUp),
        (65, b'M') => Some(Pointer::ScrollDown),
        (0, b'M') => Some(Pointer::Click {
            column: cell(column)?,
            row: cell(row)?,
        }),
        _ => None,
    }
}

enum Character {
    Whole(usize, char),
    Cut,
    Broken,
}

fn character(bytes: &[u8]) -> Character {
    let length = match bytes[0] {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Character::Broken,
    };
    let whole = bytes.get(..length);
    let valid = std::str::from_utf8(whole.unwrap_or(bytes));
    match (whole, valid) {
        (Some(_), Ok(text)) => text
            .chars()
            .next()
            .map_or(Character::Broken, |c| Character::Whole(length, c)),
        (None, Err(error)) if error.error_len().is_none() => Character::Cut,
        _ => Character::Broken,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Input> {
        let mut decoder = Decoder::default();
        let mut inputs = decoder.feed(bytes);
        inputs.extend(decoder.settle());
        inputs
    }

    fn keys(bytes: &[u8]) -> Vec<Key> {
        read(bytes)
            .into_iter()
            .map(|input| match input {
                Input::Key(key) => key,
                _ => panic!("not a key"),
            })
            .collect()
    }

    #[test]
    fn letters_controls_and_alt_are_told_apart() {
        assert_eq!(
            keys("aé\x14\x1bf\r\x7f\n".as_bytes()),
            [
                Key::char('a'),
                Key::char('é'),
                Key::ctrl('t'),
                Key::alt('f'),
                Key::plain(KeyCode::Enter),
                Key::plain(KeyCode::Backspace),
                Key::ctrl('j'),
            ]
        );
    }

    #[test]
    fn sequences_of_every_family_name_their_keys() {
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[1;5C\x1b[5~\x1b[3;2~\x1b[Z\x1bOP\x1b[24~\x1b[13;2u\x1b[27;5;116~"),
            [
                Key::plain(KeyCode::Up),
                Key::plain(KeyCode::Down),
                with(KeyCode::Right, 5),
                Key::plain(KeyCode::PageUp),
                with(KeyCode::Delete, 2),
                with(KeyCode::Tab, 2),
                Key::plain(KeyCode::F(1)),
                Key::plain(KeyCode::F(12)),
                with(KeyCode::Enter, 2),
                Key::ctrl('t'),
            ]
        );
    }

    #[test]
    fn escape_alone_is_a_key_once_nothing_follows() {
        let mut decoder = Decoder::default();
        assert!(decoder.feed(b"\x1b").is_empty());
        assert!(decoder.is_waiting());
        assert!(decoder.settle() == [Input::Key(Key::plain(KeyCode::Escape))]);
        assert!(!decoder.is_waiting());
    }

    #[test]
    fn a_paste_is_one_input_and_its_keys_are_not_pressed() {
        let inputs = read(b"\x1b[200~/quit\r\nsecond\x1b[Aline\x1b[201~x");
        assert!(inputs[0] == Input::Paste("/quit\nsecond\x1b[Aline".to_owned()));
        assert!(inputs[1] == Input::Key(Key::char('x')));
    }

    #[test]
    fn answers_are_not_keys() {
        assert!(read(b"\x1b[0n") == [Input::KeepsUp]);
        assert!(read(b"\x1b[?62;22c\x1b]11;rgb:0000/0000/0000\x1b\\\x1bP1$r0m\x1b\\").is_empty());
    }

    #[test]
    fn a_key_that_is_let_go_is_not_pressed() {
        let space = Key::char(' ');
        assert!(
            read(b" \x1b[32;1:2u\x1b[32;1:3u")
                == [Input::Key(space), Input::Key(space), Input::Released(space)]
        );
        let up = Key::plain(KeyCode::Up);
        assert!(
            read(b"\x1b[1;1:3A\x1b[3;5:3~")
                == [
                    Input::Released(up),
                    Input::Released(with(KeyCode::Delete, 5))
                ]
        );
        // Caps lock and num lock are modifiers of that protocol too.
        assert!(read(b"\x1b[32;193:3u") == [Input::Released(space)]);
    }

    #[test]
    fn keys_of_the_kitty_protocol_are_the_keys_they_are_elsewhere() {
        assert_eq!(
            keys(b"\x1b[27u\x1b[116;5u\x1b[84;6u\x1b[116;6u\x1b[57414u\x1b[57400;129u\x1b[97;3u"),
            [
                Key::plain(KeyCode::Escape),
                Key::ctrl('t'),
                Key::ctrl('t'),
                Key::ctrl('t'),
                Key::plain(KeyCode::Enter),
                Key::char('1'),
                Key::alt('a'),
            ]
        );
        // A volume key is nobody's text.
        assert!(read(b"\x1b[57438u").is_empty());
    }

    #[test]
    fn what_the_terminal_says_of_itself_is_told() {
        assert!(read(b"\x1b[?0u") == [Input::CanTellReleases]);
        assert!(read(b"\x1b[I\x1b[O") == [Input::Focused(true), Input::Focused(false)]);
    }

    #[test]
    fn the_pointer_counts_from_zero() {
        assert!(
            read(b"\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<64;1;1M")
                == [
                    Input::Pointer(Pointer::Click { column: 4, row: 2 }),
                    Input::Pointer(Pointer::ScrollUp)
                ]
        );
    }

    proptest! {
        #[test]
        fn pieces_read_like_the_whole(bytes in prop::collection::vec(
            prop_oneof![3 => any::<u8>(), 1 => prop::sample::select(b"\x1b[O;~200~1m\xc3\xa9".to_vec())], 0..120),
            cut in 0usize..120,
        ) {
            let mut whole = Decoder::default();
            let expected = whole.feed(&bytes);
            let mut pieces = Decoder::default();
            let cut = cut.min(bytes.len());
            let mut read = pieces.feed(&bytes[..cut]);
            read.extend(pieces.feed(&bytes[cut..]));
            prop_assert!(read == expected);
        }
    }
}
