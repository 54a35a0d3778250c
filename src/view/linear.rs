//! The append-only transcript and its input line: bytes to be written, one write each.
//!
//! Where the newline and the cursor are decides what a screen reader says
//! (accessibility 2.2): an event begins with a new line and the cursor rests at
//! its end; the input row appears with the first key; a line that is longer than
//! a row is broken between words, as readers that follow the stream say each row
//! by itself. No byte but printable text, CR, LF, BEL and `ESC [ K` is ever
//! produced, and bracketed paste once.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::text;

const PROMPT: &str = "> ";
const ERASE: &str = "\r\u{1b}[K";
const BELL: char = '\u{7}';
/// Terminal rows a line may fill before the rest waits for `/more` (L2).
const ROWS: usize = 4;
const MORE: &str = " (more with /more)";
/// By how many columns less is tried where words leave too much of their rows empty.
const STEP: usize = 8;

/// What stands on the terminal's last row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Row {
    /// An event; the next one begins on a new row.
    Text,
    /// Emptied: the next event needs no new row.
    Empty,
    /// The prompt and this part of what is being typed, with the cursor behind so many bytes of it.
    Input { shown: String, cursor: usize },
}

/// What the linear view has written last. Holds no state of the meeting.
#[derive(Debug, Clone)]
pub struct Linear {
    columns: usize,
    row: Row,
    rest: String,
}

impl Linear {
    pub fn new(columns: u16) -> Self {
        Self {
            columns: usize::from(columns.max(20)),
            row: Row::Empty,
            rest: String::new(),
        }
    }

    /// The first bytes of a session on a terminal.
    pub fn start() -> Vec<u8> {
        b"\x1b[?2004h".to_vec()
    }

    /// The last ones: the shell's prompt begins on its own row.
    pub fn end(&self) -> Vec<u8> {
        let line = if self.row == Row::Empty { "" } else { "\r\n" };
        format!("{line}\u{1b}[?2004l").into_bytes()
    }

    pub fn resize(&mut self, columns: u16) {
        self.columns = usize::from(columns.max(20));
    }

    /// One event. While something is being typed it goes above the input, which is written again (L5).
    pub fn say(&mut self, line: &str, bell: bool) -> Vec<u8> {
        let line = self.fit(&text::line(line));
        let mut out = String::with_capacity(line.len() + 64);
        match &self.row {
            Row::Text => out.push_str("\r\n"),
            Row::Empty => {}
            Row::Input { .. } => out.push_str(ERASE),
        }
        out.push_str(&line);
        if bell {
            out.push(BELL);
        }
        match std::mem::replace(&mut self.row, Row::Text) {
            Row::Text | Row::Empty => {}
            Row::Input { shown, cursor } => {
                out.push_str("\r\n");
                write_input(&mut out, &shown, cursor);
                self.row = Row::Input { shown, cursor };
            }
        }
        out.into_bytes()
    }

    /// What is being typed, after a key. `cursor` is a byte offset into `draft`.
    pub fn input(&mut self, draft: &str, cursor: usize) -> Vec<u8> {
        let (shown, cursor) = self.window(draft, cursor);
        let mut out = String::new();
        match &self.row {
            Row::Input {
                shown: old,
                cursor: at,
            } if *old == shown && *at == cursor => {}
            // Only what is new: a reader then says the character, not the line (L4).
            Row::Input {
                shown: old,
                cursor: at,
            } if *at == old.len() && cursor == shown.len() && shown.starts_with(old.as_str()) => {
                out.push_str(&shown[old.len()..]);
            }
            Row::Input { .. } => {
                out.push_str(ERASE);
                write_input(&mut out, &shown, cursor);
            }
            Row::Text | Row::Empty if shown.is_empty() => return Vec::new(),
            Row::Text => {
                out.push_str("\r\n");
                write_input(&mut out, &shown, cursor);
            }
            Row::Empty => write_input(&mut out, &shown, cursor),
        }
        self.row = Row::Input { shown, cursor };
        out.into_bytes()
    }

    /// Enter on a message: the input row becomes the words that were sent.
    pub fn sent(&mut self, line: &str) -> Vec<u8> {
        let line = self.fit(&text::line(line));
        let begin = if self.row == Row::Text { "\r\n" } else { ERASE };
        self.row = Row::Text;
        format!("{begin}{line}").into_bytes()
    }

    /// Enter on a command, or a draft put away: the row is free for the answer.
    pub fn cleared(&mut self) -> Vec<u8> {
        match self.row {
            Row::Input { .. } => {
                self.row = Row::Empty;
                ERASE.as_bytes().to_vec()
            }
            Row::Text | Row::Empty => Vec::new(),
        }
    }

    /// The rest of the last line that was too long; `None` when there is none.
    pub fn more(&mut self) -> Option<Vec<u8>> {
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then(|| self.say(&rest, false))
    }

    /// A line that fits on four rows; the rest is kept.
    fn fit(&mut self, line: &str) -> String {
        // An address is of use only whole.
        let is_address = line.starts_with("https://") || line.starts_with("http://");
        if is_address && !line.contains(' ') {
            return line.to_owned();
        }
        let mut room = self.columns * ROWS;
        if line.width() <= room
            && let Some(fitting) = self.wrap(line)
        {
            return fitting;
        }
        room -= MORE.len();
        loop {
            let end = cut(line, room);
            let head = format!("{}{MORE}", line[..end].trim_end());
            let wrapped = self.wrap(&head);
            if wrapped.is_some() || room <= self.columns {
                line[end..].trim_start().clone_into(&mut self.rest);
                return wrapped.unwrap_or(head);
            }
            room -= STEP;
        }
    }

    /// Broken between words; `None` where that takes too many rows.
    fn wrap(&self, line: &str) -> Option<String> {
        let (broken, rows) = between_words(line, self.columns);
        (rows <= ROWS).then_some(broken)
    }

    /// The part of the cursor's line that fits on one row, and the cursor in it.
    fn window(&self, draft: &str, cursor: usize) -> (String, usize) {
        let begin = draft[..cursor].rfind('\n').map_or(0, |at| at + 1);
        let end = draft[cursor..]
            .find('\n')
            .map_or(draft.len(), |at| cursor + at);
        let (line, cursor) = (&draft[begin..end], cursor - begin);
        let room = self.columns - PROMPT.len() - 1;
        if line.width() <= room {
            return (line.to_owned(), cursor);
        }
        // Half a row is kept before the cursor, so that a long line is not written again with every key.
        let mut from = 0;
        while line[from..cursor].width() > room {
            from += skip(&line[from..], room / 2);
        }
        let to = from + cut_at_width(&line[from..], room);
        (line[from..to].to_owned(), cursor - from)
    }
}

/// The prompt and the draft; then again up to the cursor, since only CR moves it back.
fn write_input(out: &mut String, shown: &str, cursor: usize) {
    out.push_str(PROMPT);
    out.push_str(shown);
    if cursor < shown.len() {
        out.push('\r');
        out.push_str(PROMPT);
        out.push_str(&shown[..cursor]);
    }
}

/// Where a text of at most `room` columns ends best: after a sentence, else before a word, else
/// in the middle of a word that is longer than what is left for it.
fn cut(line: &str, room: usize) -> usize {
    let end = cut_at_width(line, room);
    let head = &line[..end];
    let sentence = [". ", "! ", "? "]
        .iter()
        .filter_map(|mark| head.rfind(mark).map(|at| at + 1))
        .max();
    let enough = |at: &usize| *at > end / 3;
    sentence
        .filter(enough)
        .or_else(|| head.rfind(' ').filter(enough))
        .unwrap_or(end)
}

/// The byte offset after as many whole graphemes as fit into `room` columns.
fn cut_at_width(line: &str, room: usize) -> usize {
    let mut width = 0;
    for (at, grapheme) in line.grapheme_indices(true) {
        width += grapheme.width();
        if width > room {
            return at;
        }
    }
    line.len()
}

/// The length of the graphemes that fill at least `columns`.
fn skip(line: &str, columns: usize) -> usize {
    let mut width = 0;
    for (at, grapheme) in line.grapheme_indices(true) {
        if width >= columns.max(1) {
            return at;
        }
        width += grapheme.width();
    }
    line.len()
}

/// A line broken between words, and how many rows that are. A word that is longer than a row, as an
/// address may be, stays whole.
pub fn between_words(line: &str, columns: usize) -> (String, usize) {
    // The cursor rests behind the last character, not on it.
    let room = columns - 1;
    let (mut out, mut rows) = (String::with_capacity(line.len() + 8), 1);
    let mut used = 0;
    for (n, word) in line.split(' ').enumerate() {
        let width = word.width();
        if n > 0 && used + 1 + width > room {
            out.push_str("\r\n");
            rows += 1;
            used = 0;
        } else if n > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        rows += (used + width) / columns;
        used = (used + width) % columns;
    }
    (out, rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_begins_with_the_new_line_and_the_cursor_rests_at_its_end() {
        let mut linear = Linear::new(80);
        assert_eq!(text(linear.say("Alice: hello", false)), "Alice: hello");
        assert_eq!(text(linear.say("Bob: hi", false)), "\r\nBob: hi");
    }

    #[test]
    fn the_prompt_comes_with_the_first_key_and_each_key_writes_one_character() {
        let mut linear = Linear::new(80);
        linear.say("Alice: hello", false);
        assert_eq!(text(linear.input("", 0)), "");
        assert_eq!(text(linear.input("y", 1)), "\r\n> y");
        assert_eq!(text(linear.input("ye", 2)), "e");
        assert_eq!(text(linear.input("y", 1)), "\r\u{1b}[K> y");
        assert_eq!(text(linear.sent("you: y")), "\r\u{1b}[Kyou: y");
        assert_eq!(text(linear.say("Bob: ok", false)), "\r\nBob: ok");
    }

    #[test]
    fn an_event_while_typing_is_one_write_above_the_input() {
        let mut linear = Linear::new(80);
        linear.say("Alice: hello", false);
        linear.input("so", 2);
        let written = text(linear.say("Notice: recording started.", true));
        assert_eq!(written, "\r\u{1b}[KNotice: recording started.\u{7}\r\n> so");
    }

    #[test]
    fn the_cursor_in_the_middle_is_reached_by_writing() {
        let mut linear = Linear::new(80);
        linear.input("abc", 3);
        assert_eq!(text(linear.input("abc", 1)), "\r\u{1b}[K> abc\r> a");
    }

    #[test]
    fn an_answer_takes_the_row_of_its_command() {
        let mut linear = Linear::new(80);
        linear.say("Alice: hello", false);
        linear.input("/status", 7);
        assert_eq!(text(linear.cleared()), "\r\u{1b}[K");
        assert_eq!(text(linear.say("In call.", false)), "In call.");
    }

    #[test]
    fn a_long_line_is_split_at_a_sentence_and_more_says_the_rest() {
        let mut linear = Linear::new(20);
        let words = "One sentence of some length stands here. Another follows it and does not fit any more at all.";
        assert_eq!(
            text(linear.say(words, false)).replace("\r\n", " "),
            "One sentence of some length stands here. (more with /more)"
        );
        assert_eq!(
            text(linear.more().unwrap()).replace("\r\n", " "),
            " Another follows it and does not fit any more at all."
        );
        assert!(linear.more().is_none());
    }

    #[test]
    fn a_line_is_broken_between_words_and_an_address_is_not() {
        let mut linear = Linear::new(20);
        assert_eq!(
            text(linear.say("Alice: the planning document is new", false)),
            "Alice: the planning\r\ndocument is new"
        );
        assert_eq!(
            text(linear.say("Bob: https://example.org/planning see", false)),
            "\r\nBob:\r\nhttps://example.org/planning see"
        );
    }

    #[test]
    fn a_word_that_is_longer_than_all_the_rows_is_broken_and_not_left_out() {
        let mut linear = Linear::new(40);
        let word = "w".repeat(300);
        let said = text(linear.say(&format!("Alice: {word}"), false));
        let count = |said: &str| said.matches('w').count() - said.matches("with /more").count();
        assert!(count(&said) > 80, "{said}");
        let mut all = count(&said);
        while let Some(more) = linear.more() {
            all += count(&text(more));
        }
        assert_eq!(all, 300);
    }

    proptest! {
        #[test]
        fn only_allowed_bytes_are_ever_written(steps in prop::collection::vec((0..4u8, "\\PC*|.*"), 0..20)) {
            let mut linear = Linear::new(40);
            let mut all = Vec::new();
            for (step, words) in steps {
                let draft = text::lines(&words);
                all.extend(match step {
                    0 => linear.say(&words, true),
                    1 => linear.input(&draft, draft.len()),
                    2 => linear.sent(&words),
                    _ => linear.cleared(),
                });
            }
            let all = text(all).replace("\u{1b}[K", "");
            prop_assert!(all.chars().all(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\u{7}')), "{:?}", all);
        }

        #[test]
        fn a_line_takes_four_rows_at_most_and_loses_no_word(words in prop::collection::vec("[a-z]{1,12}", 0..80)) {
            let mut linear = Linear::new(40);
            let line = words.join(" ");
            let mut said = text(linear.say(&line, false));
            prop_assert!(said.split("\r\n").count() <= 4 && said.split("\r\n").all(|row| row.width() < 40));
            while let Some(more) = linear.more() {
                said.push_str(&text(more));
            }
            let said = said.replace("\r\n", " ").replace(MORE, "");
            prop_assert_eq!(said.split_whitespace().collect::<Vec<_>>(), words);
        }

        #[test]
        fn long_words_take_four_rows_at_most_and_lose_no_letter(words in prop::collection::vec("[a-z]{1,300}", 1..8)) {
            let mut linear = Linear::new(40);
            let mut said = text(linear.say(&words.join(" "), false));
            let rows = |said: &str| said.trim_start().split("\r\n").map(|row| row.width().div_ceil(40).max(1)).sum::<usize>();
            prop_assert!(rows(&said) <= ROWS, "{said}");
            prop_assert!(said.replace("\r\n", " ").replace(MORE, "").len() > 20 || said.len() == words.join(" ").len(), "{said}");
            let mut all = said.replace("\r\n", " ").replace(MORE, "");
            while let Some(more) = linear.more() {
                said = text(more);
                prop_assert!(rows(&said) <= ROWS, "{said}");
                all.push_str(&said.replace("\r\n", " ").replace(MORE, ""));
            }
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(letters(&all), words.concat());
        }

        #[test]
        fn the_input_row_never_wraps(draft in "\\PC{0,300}") {
            let mut linear = Linear::new(40);
            let written = text(linear.input(&draft, draft.len()));
            prop_assert!(written.width() < 40);
        }
    }
}
