//! Text that is safe to put on a terminal.
//!
//! Whatever a network, a file or a person gives passes through [`line()`] or
//! [`lines()`] once, where it enters the program. Right-to-left letters, combining
//! marks and emoji sequences stay; what steers the terminal or reorders the
//! text around it goes.

/// One line: control characters and line breaks become spaces, runs of blanks one.
pub fn line(raw: &str) -> String {
    let mut clean = String::with_capacity(raw.len());
    for c in raw.chars() {
        let c = if c.is_control() || c == '\u{2028}' || c == '\u{2029}' {
            ' '
        } else {
            c
        };
        if !keep(c) || c == ' ' && (clean.is_empty() || clean.ends_with(' ')) {
            continue;
        }
        clean.push(c);
    }
    clean.truncate(clean.trim_end().len());
    clean
}

/// Several lines: `\n` stays, a tab becomes four blanks, the rest as in [`line()`] but blanks are kept.
pub fn lines(raw: &str) -> String {
    let mut clean = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '\n' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            c if c.is_control() || !keep(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// A name people see: one line, without the invisible characters that split speech.
pub fn name(raw: &str) -> String {
    line(&raw.replace(
        ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'],
        "",
    ))
}

/// Directional marks of a single letter are harmless; embeddings, overrides and
/// isolates reach beyond the text that carries them, tags and private-use
/// characters say nothing that can be read.
fn keep(c: char) -> bool {
    !matches!(c,
        '\u{200b}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{202a}'..='\u{202e}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(line("a\u{1b}[31mb\u{9b}2Jc\u{7}"), "a [31mb 2Jc");
    }

    #[test]
    fn overrides_go_and_right_to_left_letters_stay() {
        assert_eq!(line("\u{202e}שלום\u{2069}"), "שלום");
    }

    #[test]
    fn an_emoji_sequence_stays_whole() {
        assert_eq!(
            line("\u{1f469}\u{200d}\u{1f4bb}"),
            "\u{1f469}\u{200d}\u{1f4bb}"
        );
    }
}
