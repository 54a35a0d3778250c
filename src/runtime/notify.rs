//! A word to the desktop of the person, by the means of their own terminal.
//!
//! Terminals differ in which sequence they know, and most print nothing for one that they do not
//! know, but not all: so only what is known to be understood is sent.

use std::env;

use crate::model::settings::Notify;
use crate::model::text;

/// The bytes that show a notification; `None` where nobody would understand them.
pub(super) fn sequence(chosen: Notify, title: &str, words: &str) -> Option<Vec<u8>> {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let way = match chosen {
        Notify::Auto => known_by(&variable("TERM"), &variable("TERM_PROGRAM")),
        chosen => chosen,
    };
    let (title, words) = (clean(title), clean(words));
    let text = match way {
        Notify::Osc9 => format!("\x1b]9;{title}: {words}\x07"),
        Notify::Osc99 => format!("\x1b]99;;{title}: {words}\x1b\\"),
        Notify::Osc777 => format!("\x1b]777;notify;{title};{words}\x07"),
        Notify::Off | Notify::Auto => return None,
    };
    Some(text.into_bytes())
}

/// What a terminal understands, by the names it goes by. Inside of tmux or screen it is not known
/// which terminal would get it.
fn known_by(term: &str, program: &str) -> Notify {
    match (program, term) {
        (_, term) if term.starts_with("tmux") || term.starts_with("screen") => Notify::Off,
        ("iTerm.app" | "WezTerm" | "ghostty", _) => Notify::Osc9,
        (_, "xterm-kitty") => Notify::Osc99,
        (_, term) if term.starts_with("foot") || term.starts_with("rxvt") => Notify::Osc777,
        _ => Notify::Off,
    }
}

/// On one line, without what would end the sequence or divide it.
fn clean(words: &str) -> String {
    let line = text::line(words);
    line.chars()
        .map(|c| if c == ';' || c.is_control() { ' ' } else { c })
        .take(MOST)
        .collect()
}

const MOST: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terminals_that_are_known_to_understand_it_get_it() {
        assert_eq!(known_by("xterm-256color", "iTerm.app"), Notify::Osc9);
        assert_eq!(known_by("xterm-kitty", ""), Notify::Osc99);
        assert_eq!(known_by("foot", ""), Notify::Osc777);
        assert_eq!(known_by("xterm-256color", ""), Notify::Off);
        assert_eq!(known_by("tmux-256color", "iTerm.app"), Notify::Off);
        assert_eq!(known_by("linux", ""), Notify::Off);
    }

    #[test]
    fn a_name_cannot_end_the_sequence_or_begin_another() {
        let told = sequence(Notify::Osc777, "Call", "Da\x1b]52;c;x\x07ve").unwrap();
        let told = String::from_utf8(told).unwrap();
        assert_eq!(told.matches('\x1b').count(), 1);
        assert_eq!(told.matches('\x07').count(), 1);
        assert_eq!(told.matches(';').count(), 3);
        assert_eq!(sequence(Notify::Off, "Call", "Dave"), None);
    }
}
