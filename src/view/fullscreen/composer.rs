//! The text being written, and where its cursor stands on the screen.

use unicode_segmentation::UnicodeSegmentation;

use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Piece;
use crate::view::fullscreen::wrap::Row;
use crate::view::theme::Role;

/// The rows to show and the cursor among them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) rows: Vec<Row>,
    /// Column and row from the first of `rows`.
    pub(crate) cursor: (usize, usize),
    /// For each row the columns where the cursor can stand, and the byte offset each means.
    pub(crate) marks: Vec<Vec<(usize, usize)>>,
}

/// Sets `text` behind `prompt` into at most `most` rows of `width` columns, around the cursor.
///
/// Rows break where they are full and not between words, so that what is
/// written never jumps to another row while a word grows.
pub(crate) fn set(prompt: &str, text: &str, cursor: usize, width: usize, most: usize) -> Set {
    let prompt = wrap::fit(prompt, width.saturating_sub(2));
    let indent = if wrap::width(prompt) <= 4 {
        wrap::width(prompt)
    } else {
        2.min(width / 4)
    };
    let mut rows = vec![String::new()];
    let mut marks = vec![Vec::new()];
    let mut used = wrap::width(prompt);
    let mut found = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let newline = grapheme.contains('\n');
        let columns = if newline { 0 } else { wrap::columns(grapheme) };
        let full = used + columns.max(1) > width && used > indent;
        if full && !newline {
            rows.push(String::new());
            marks.push(Vec::new());
            used = indent;
        }
        if let Some(row) = marks.last_mut() {
            row.push((used, at));
        }
        if found.is_none() && at >= cursor {
            found = Some((used, rows.len() - 1));
        }
        if newline {
            rows.push(String::new());
            marks.push(Vec::new());
            used = indent;
        } else {
            if let Some(row) = rows.last_mut() {
                row.push_str(grapheme);
            }
            used += columns;
        }
    }
    let end = if used >= width && width > indent {
        rows.push(String::new());
        marks.push(Vec::new());
        (indent, rows.len() - 1)
    } else {
        (used, rows.len() - 1)
    };
    let (x, y) = found.unwrap_or(end);
    if found.is_some() && rows.last().is_some_and(String::is_empty) && !text.ends_with('\n') {
        rows.pop();
        marks.pop();
    }
    if let Some(row) = marks.last_mut() {
        let behind = if row.is_empty() { indent } else { used };
        row.push((behind, text.len()));
    }
    window(prompt, &rows, marks, indent, (x, y), most.max(1))
}

fn window(
    prompt: &str,
    rows: &[String],
    marks: Vec<Vec<(usize, usize)>>,
    indent: usize,
    (x, y): (usize, usize),
    most: usize,
) -> Set {
    let last = (y + 1).max(most.min(rows.len()));
    let first = last.saturating_sub(most);
    let shown = rows.iter().enumerate().take(last).skip(first);
    let rows = shown
        .map(|(at, text)| {
            let before = if at == 0 {
                Piece::new(prompt, Role::ComposerPrompt)
            } else {
                Piece::new(&" ".repeat(indent), Role::Composer)
            };
            Row {
                pieces: vec![before, Piece::new(text, Role::Composer)],
                ..Row::default()
            }
        })
        .collect();
    Set {
        rows,
        cursor: (x, y - first),
        marks: marks.into_iter().take(last).skip(first).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, cursor: usize, most: usize, rows: &[&str], at: (usize, usize)) {
        let set = set("> ", text, cursor, 10, most);
        let shown: Vec<String> = set
            .rows
            .iter()
            .map(|r| r.pieces.iter().map(|p| p.text.as_str()).collect())
            .collect();
        assert_eq!(
            (shown.as_slice(), set.cursor),
            (rows.map_owned().as_slice(), at)
        );
    }

    trait Owned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl Owned for &[&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|s| (*s).to_owned()).collect()
        }
    }

    #[test]
    fn the_cursor_stands_behind_what_is_written() {
        check("", 0, 3, &["> "], (2, 0));
        check("hello", 5, 3, &["> hello"], (7, 0));
        check("hello", 2, 3, &["> hello"], (4, 0));
    }

    #[test]
    fn a_full_row_goes_on_in_the_next() {
        check("12345678", 8, 3, &["> 12345678", "  "], (2, 1));
        check("123456789", 9, 3, &["> 12345678", "  9"], (3, 1));
        check("12345678", 0, 3, &["> 12345678"], (2, 0));
    }

    #[test]
    fn line_breaks_and_wide_letters_are_counted() {
        check("a\nb", 3, 3, &["> a", "  b"], (3, 1));
        check("会議会議会", 15, 3, &["> 会議会議", "  会"], (4, 1));
        check("a\n", 2, 3, &["> a", "  "], (2, 1));
    }

    #[test]
    fn each_letter_has_its_column_and_each_row_its_end() {
        let marks = |text: &str, cursor: usize| set("> ", text, cursor, 10, 3).marks;
        assert_eq!(marks("", 0), [vec![(2, 0)]]);
        assert_eq!(
            marks("a\nb", 3),
            [vec![(2, 0), (3, 1)], vec![(2, 2), (3, 3)]]
        );
        assert_eq!(
            marks("会議会議会", 15),
            [vec![(2, 0), (4, 3), (6, 6), (8, 9)], vec![(2, 12), (4, 15)]]
        );
        let full = marks("12345678", 0);
        assert_eq!((full.len(), full[0].last()), (1, Some(&(10, 8))));
        assert_eq!(marks("12345678", 8)[1], [(2, 8)]);
        assert_eq!(set("> ", "1\n2\n3\n4", 7, 10, 2).marks[0][0], (2, 4));
    }

    #[test]
    fn rows_around_the_cursor_are_shown_when_there_are_too_many() {
        check("1\n2\n3\n4", 7, 2, &["  3", "  4"], (3, 1));
        check("1\n2\n3\n4", 0, 2, &["> 1", "  2"], (2, 0));
    }
}
