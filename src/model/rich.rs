//! What people wrote, as blocks of styled spans; no markup left in it.

use std::borrow::Cow;
use std::fmt;

use crate::model::identity::RawId;
use crate::model::message::AttachmentKind;

/// A message body. `Debug` prints its size only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rich {
    pub blocks: Vec<Block>,
}

impl fmt::Debug for Rich {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rich({} blocks)", self.blocks.len())
    }
}

#[derive(Clone, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Span>),
    Heading(Vec<Span>),
    Quote(Vec<Self>),
    List {
        ordered: bool,
        items: Vec<Vec<Self>>,
    },
    /// Verbatim lines, and the language where the sender named one.
    Code {
        language: Option<String>,
        lines: Vec<String>,
    },
    /// Rows of cells.
    Table(Vec<Vec<Vec<Span>>>),
    Rule,
}

#[derive(Clone, PartialEq, Eq, Default)]
pub struct Span {
    pub text: String,
    pub style: Style,
    /// The real target of a link, shown beside its text where they differ.
    pub link: Option<String>,
    pub role: SpanRole,
}

impl Span {
    /// As it stands in a line of plain words.
    pub fn words(&self) -> Cow<'_, str> {
        match self.role {
            SpanRole::Placeholder { kind, .. } => placeholder(kind, &self.text).into(),
            SpanRole::Plain | SpanRole::Mention(_) | SpanRole::MentionOfMe => {
                self.text.as_str().into()
            }
        }
    }
}

/// `[image: name]`, also where the label brings brackets of its own or there is none.
pub fn placeholder(kind: AttachmentKind, label: &str) -> String {
    let kind = kind.word();
    if label.starts_with('[') {
        label.to_owned()
    } else if label.is_empty() {
        format!("[{kind}]")
    } else {
        format!("[{kind}: {label}]")
    }
}

#[derive(Clone, PartialEq, Eq, Default)]
pub enum SpanRole {
    #[default]
    Plain,
    /// `None` where the mention names nobody we can identify.
    Mention(Option<RawId>),
    MentionOfMe,
    /// A picture or attachment in the text, by its attachment id; `text` is its label.
    Placeholder {
        attachment: String,
        kind: AttachmentKind,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent switches of the markup"
)]
pub struct Style {
    pub bold: bool,
    pub italic: bool,
    pub underline: bool,
    pub strike: bool,
    pub code: bool,
}

impl Span {
    pub fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

impl Rich {
    /// Plain text as paragraphs, one a line. `text` must be clean (see [`crate::model::text`]).
    pub fn from_text(text: &str) -> Self {
        Self {
            blocks: text
                .split('\n')
                .map(|l| Block::Paragraph(vec![Span::plain(l)]))
                .collect(),
        }
    }

    /// The words alone, blocks joined by line breaks: what is searched, quoted and spoken.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            block_text(block, &mut text);
        }
        text.truncate(text.trim_end().len());
        text
    }

    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

fn block_text(block: &Block, text: &mut String) {
    match block {
        Block::Paragraph(spans) | Block::Heading(spans) => spans_text(spans, text),
        Block::Quote(blocks) => blocks.iter().for_each(|b| block_text(b, text)),
        Block::List { items, .. } => items.iter().flatten().for_each(|b| block_text(b, text)),
        Block::Code { lines, .. } => {
            for line in lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        Block::Table(rows) => {
            for row in rows {
                for cell in row {
                    spans_text(cell, text);
                    text.truncate(text.trim_end().len());
                    text.push_str(", ");
                }
                text.truncate(text.trim_end_matches(", ").len());
                text.push('\n');
            }
        }
        Block::Rule => {}
    }
}

fn spans_text(spans: &[Span], text: &mut String) {
    for span in spans {
        text.push_str(&span.words());
        if let Some(link) = span.link.as_ref().filter(|l| **l != span.text) {
            text.push(' ');
            text.push_str(link);
        }
    }
    text.push('\n');
}
