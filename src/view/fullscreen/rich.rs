//! What people wrote, as rows: styles, lists, quotes, code, tables, links.

use std::sync::Arc;

use crate::model::message::Attachment;
use crate::model::message::AttachmentKind;
use crate::model::rich::Block;
use crate::model::rich::Rich;
use crate::model::rich::Span;
use crate::model::rich::SpanRole;
use crate::model::settings::Borders;
use crate::view::fullscreen::wrap;
use crate::view::fullscreen::wrap::Fill;
use crate::view::fullscreen::wrap::Look;
use crate::view::fullscreen::wrap::Piece;
use crate::view::fullscreen::wrap::Row;
use crate::view::theme::Role;

/// Below this many columns a link shows its host instead of its whole target.
const WHOLE_TARGETS: usize = 66;

/// Quotes and lists nested deeper than this are shown at this depth.
const DEPTH: usize = 6;

/// How content is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) width: usize,
    pub(crate) borders: Borders,
}

impl Setting {
    fn narrower(self, columns: usize) -> Self {
        Self {
            width: self.width.saturating_sub(columns).max(1),
            ..self
        }
    }

    const fn quote_bar(self) -> &'static str {
        match self.borders {
            Borders::Line => "│ ",
            Borders::Ascii => "| ",
            Borders::None => "> ",
        }
    }

    const fn code_bar(self) -> &'static str {
        match self.borders {
            Borders::Line => "┃ ",
            Borders::Ascii => "| ",
            Borders::None => "  ",
        }
    }
}

/// A message body. `first` goes before its first words (names, where they join their text).
pub(crate) fn rows(rich: &Rich, first: Option<Piece>, setting: Setting) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut lead = first;
    for block in &rich.blocks {
        if let (Some(piece), Block::Paragraph(spans)) = (lead.clone(), block) {
            lead = None;
            let mut pieces = vec![piece];
            pieces.extend(spans.iter().flat_map(|s| pieces_of(s, setting)));
            rows.extend(wrap::words(&pieces, setting.width));
            continue;
        }
        if let Some(piece) = lead.take() {
            rows.extend(wrap::words(&[piece], setting.width));
        }
        block_rows(block, setting, 0, &mut rows);
    }
    if let Some(piece) = lead {
        rows.extend(wrap::words(&[piece], setting.width));
    }
    rows
}

fn block_rows(block: &Block, setting: Setting, depth: usize, rows: &mut Vec<Row>) {
    let inner = if depth < DEPTH {
        setting.narrower(2)
    } else {
        setting
    };
    match block {
        Block::Paragraph(spans) => {
            rows.extend(wrap::words(&spans_of(spans, setting), setting.width));
        }
        Block::Heading(spans) => {
            let mut pieces = spans_of(spans, setting);
            for piece in &mut pieces {
                piece.look.style.bold = true;
            }
            rows.extend(wrap::words(&pieces, setting.width));
        }
        Block::Quote(blocks) => {
            let mut quoted = Vec::new();
            for block in blocks {
                block_rows(block, inner, depth + 1, &mut quoted);
            }
            let bar = if depth < DEPTH {
                setting.quote_bar()
            } else {
                ""
            };
            rows.extend(
                quoted
                    .into_iter()
                    .map(|r| in_role(r, Role::MessageQuote).indent(bar, Role::Rule)),
            );
        }
        Block::List { ordered, items } => list(*ordered, items, setting, depth, rows),
        Block::Code { lines, .. } => {
            let code = setting.narrower(2);
            for line in lines {
                let set = wrap::verbatim(line, Role::MessageCode, code.width);
                rows.extend(
                    set.into_iter()
                        .map(|r| r.indent(setting.code_bar(), Role::Rule)),
                );
            }
        }
        Block::Table(table) => table_rows(table, setting, rows),
        Block::Rule => rows.push(Row::default().filled(Fill::Rule)),
    }
}

/// Words that have no role of their own take `role`.
fn in_role(mut row: Row, role: Role) -> Row {
    for piece in &mut row.pieces {
        if piece.look.role == Role::Message {
            piece.look.role = role;
        }
    }
    row
}

fn list(ordered: bool, items: &[Vec<Block>], setting: Setting, depth: usize, rows: &mut Vec<Row>) {
    for (number, item) in items.iter().enumerate() {
        let mark = if ordered {
            format!("{}. ", number + 1)
        } else {
            "- ".to_owned()
        };
        let inner = if depth < DEPTH {
            setting.narrower(mark.len())
        } else {
            setting
        };
        let mut set = Vec::new();
        for block in item {
            block_rows(block, inner, depth + 1, &mut set);
        }
        if set.is_empty() {
            set.push(Row::default());
        }
        let blanks = " ".repeat(if depth < DEPTH { mark.len() } else { 0 });
        let mark = if depth < DEPTH { mark } else { String::new() };
        for (at, row) in set.into_iter().enumerate() {
            let before = if at == 0 { &mark } else { &blanks };
            rows.push(row.indent(before, Role::Message));
        }
    }
}

/// Columns where they fit, else each row as one line of its cells.
fn table_rows(table: &[Vec<Vec<Span>>], setting: Setting, rows: &mut Vec<Row>) {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let cells: Vec<Vec<Vec<Piece>>> = table
        .iter()
        .map(|row| row.iter().map(|cell| spans_of(cell, setting)).collect())
        .collect();
    let cell_width = |cell: &[Piece]| cell.iter().map(|p| wrap::width(&p.text)).sum::<usize>();
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            let in_column = cells.iter().filter_map(|row| row.get(at));
            in_column.map(|c| cell_width(c)).max().unwrap_or(0)
        })
        .collect();
    let one_row = |cell: &Vec<Piece>| !cell.iter().any(|p| p.text.contains('\n'));
    let total = widths.iter().sum::<usize>() + columns.saturating_sub(1) * 3;
    if total <= setting.width && cells.iter().flatten().all(one_row) {
        let bar = match setting.borders {
            Borders::Line => " │ ",
            Borders::Ascii => " | ",
            Borders::None => "   ",
        };
        for row in cells {
            rows.push(aligned(row, &widths, bar));
        }
    } else {
        for row in cells {
            rows.extend(wrap::words(&flattened(row), setting.width));
        }
    }
}

fn aligned(cells: Vec<Vec<Piece>>, widths: &[usize], bar: &str) -> Row {
    let mut row = Row::default();
    let last = cells.len().saturating_sub(1);
    for (at, cell) in cells.into_iter().enumerate() {
        let used: usize = cell.iter().map(|p| wrap::width(&p.text)).sum();
        row.pieces.extend(cell);
        if at < last {
            let blanks = widths.get(at).copied().unwrap_or(used).saturating_sub(used);
            row.pieces
                .push(Piece::new(&" ".repeat(blanks), Role::Message));
            row.pieces.push(Piece::new(bar, Role::Rule));
        }
    }
    row
}

fn flattened(cells: Vec<Vec<Piece>>) -> Vec<Piece> {
    let mut line = Vec::new();
    for cell in cells {
        if !line.is_empty() {
            line.push(Piece::new(", ", Role::Message));
        }
        line.extend(cell);
    }
    line
}

fn spans_of(spans: &[Span], setting: Setting) -> Vec<Piece> {
    spans.iter().flat_map(|s| pieces_of(s, setting)).collect()
}

/// One span; a link whose words differ from its target shows both.
fn pieces_of(span: &Span, setting: Setting) -> Vec<Piece> {
    let link: Option<Arc<str>> = span.link.as_deref().map(Arc::from);
    let role = match (&span.role, &link) {
        (SpanRole::MentionOfMe, _) => Role::MessageMentionMe,
        (SpanRole::Mention(_), _) => Role::MessageMention,
        (SpanRole::Placeholder { .. }, _) => Role::MessagePlaceholder,
        (SpanRole::Plain, Some(_)) => Role::MessageLink,
        (SpanRole::Plain, None) if span.style.code => Role::MessageCode,
        (SpanRole::Plain, None) => Role::Message,
    };
    let text = match span.role {
        SpanRole::Placeholder { .. } => span.words().into_owned(),
        SpanRole::MentionOfMe | SpanRole::Mention(_) if !span.text.starts_with('@') => {
            format!("@{}", span.text)
        }
        SpanRole::MentionOfMe | SpanRole::Mention(_) | SpanRole::Plain => span.text.clone(),
    };
    let look = Look {
        role,
        style: span.style,
        link: link.clone(),
    };
    let mut pieces = vec![Piece { text, look }];
    if let Some(target) = link.filter(|t| !says(&span.text, t)) {
        let words = if setting.width >= WHOLE_TARGETS {
            &*target
        } else {
            host(&target)
        };
        pieces.push(Piece::new(" ", Role::Message));
        pieces.push(Piece {
            text: format!("‹{words}›"),
            look: Look {
                role: Role::MessageTarget,
                link: Some(Arc::clone(&target)),
                ..Look::default()
            },
        });
    }
    pieces
}

/// Whether the words of a link already are its target.
fn says(text: &str, target: &str) -> bool {
    let bare = |s: &str| s.trim_end_matches('/').to_owned();
    bare(text.trim()) == bare(target)
}

fn host(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// Attachments that the text does not show itself.
pub(crate) fn attachments(list: &[Attachment], body: Option<&Rich>, setting: Setting) -> Vec<Row> {
    let shown: Vec<&str> = body.map(placed).unwrap_or_default();
    list.iter()
        .filter(|a| !shown.contains(&a.id.as_str()))
        .flat_map(|a| {
            let piece = Piece {
                text: a.label(),
                look: Look {
                    role: Role::MessagePlaceholder,
                    // The web page of a file; a picture's address needs our token and is no link.
                    link: (a.kind == AttachmentKind::File)
                        .then(|| a.preview.as_deref().map(Arc::from))
                        .flatten(),
                    ..Look::default()
                },
            };
            wrap::words(&[piece], setting.width)
        })
        .collect()
}

/// The ids of the attachments that stand in the text.
fn placed(rich: &Rich) -> Vec<&str> {
    fn in_block<'a>(block: &'a Block, found: &mut Vec<&'a str>) {
        match block {
            Block::Paragraph(spans) | Block::Heading(spans) => in_spans(spans, found),
            Block::Quote(blocks) => blocks.iter().for_each(|b| in_block(b, found)),
            Block::List { items, .. } => items.iter().flatten().for_each(|b| in_block(b, found)),
            Block::Table(rows) => rows.iter().flatten().for_each(|c| in_spans(c, found)),
            Block::Code { .. } | Block::Rule => {}
        }
    }
    fn in_spans<'a>(spans: &'a [Span], found: &mut Vec<&'a str>) {
        found.extend(spans.iter().filter_map(|s| match &s.role {
            SpanRole::Placeholder { attachment, .. } => Some(attachment.as_str()),
            SpanRole::Plain | SpanRole::Mention(_) | SpanRole::MentionOfMe => None,
        }));
    }
    let mut found = Vec::new();
    rich.blocks.iter().for_each(|b| in_block(b, &mut found));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::AttachmentKind;

    fn check(blocks: Vec<Block>, width: usize, expected: &[&str]) {
        let rich = Rich { blocks };
        let setting = Setting {
            width,
            borders: Borders::Line,
        };
        let shown: Vec<String> = rows(&rich, None, setting)
            .iter()
            .map(|r| r.pieces.iter().map(|p| p.text.as_str()).collect())
            .collect();
        assert_eq!(shown, expected);
    }

    fn words(text: &str) -> Vec<Span> {
        vec![Span::plain(text)]
    }

    fn paragraph(text: &str) -> Block {
        Block::Paragraph(words(text))
    }

    fn linked(text: &str, target: &str) -> Block {
        Block::Paragraph(vec![Span {
            link: Some(target.to_owned()),
            ..Span::plain(text)
        }])
    }

    #[test]
    fn a_link_shows_its_words_and_its_real_target() {
        let link = || linked("build 1881", "https://ci.example/1881");
        check(vec![link()], 80, &["build 1881 ‹https://ci.example/1881›"]);
        check(vec![link()], 40, &["build 1881 ‹ci.example›"]);
        let bare = linked("https://ci.example", "https://ci.example/");
        check(vec![bare], 80, &["https://ci.example"]);
    }

    #[test]
    fn quotes_lists_and_code_keep_their_shape() {
        check(
            vec![
                Block::Quote(vec![paragraph("said before by others")]),
                Block::List {
                    ordered: true,
                    items: vec![vec![paragraph("one that is long")], vec![paragraph("two")]],
                },
                Block::Code {
                    language: None,
                    lines: vec!["if x {".to_owned(), "    y".to_owned()],
                },
            ],
            14,
            &[
                "│ said before",
                "│ by others",
                "1. one that is",
                "   long",
                "2. two",
                "┃ if x {",
                "┃     y",
            ],
        );
    }

    #[test]
    fn a_table_stands_in_columns_or_is_flattened() {
        let table = || {
            Block::Table(vec![
                vec![words("name"), words("count")],
                vec![words("alpha"), words("1")],
            ])
        };
        check(vec![table()], 20, &["name  │ count", "alpha │ 1"]);
        check(vec![table()], 12, &["name, count", "alpha, 1"]);
    }

    #[test]
    fn pictures_are_placeholders_and_mentions_say_so() {
        let picture = Span {
            role: SpanRole::Placeholder {
                attachment: "1".to_owned(),
                kind: AttachmentKind::Image,
            },
            ..Span::plain("plan.png")
        };
        let mention = Span {
            role: SpanRole::MentionOfMe,
            ..Span::plain("Ada")
        };
        check(
            vec![Block::Paragraph(vec![
                mention,
                Span::plain(" see "),
                picture,
            ])],
            40,
            &["@Ada see [image: plan.png]"],
        );
    }
}
