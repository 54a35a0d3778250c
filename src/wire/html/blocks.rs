//! The tree of elements as blocks: what each element of the dialect means.

use super::Block;
use super::Inline;
use super::InlineKind;
use super::Reply;
use super::Style;
use super::dom::Element;
use super::dom::Node;
use super::dom::UNREADABLE;
use super::dom::parse;

/// Reads anything; what is not understood gives its text.
pub fn read(html: &str) -> Vec<Block> {
    let mut flow = Flow::default();
    flow.children(&parse(html), &Context::default());
    flow.finish()
}

/// What surrounds the text: styles and a link.
#[derive(Clone, Default)]
struct Context {
    style: Style,
    href: Option<String>,
}

/// Blocks finished so far, and the line being written.
#[derive(Default)]
struct Flow {
    blocks: Vec<Block>,
    line: Vec<Inline>,
    heading: bool,
}

impl Flow {
    fn children(&mut self, of: &Element, context: &Context) {
        for child in &of.children {
            match child {
                Node::Text(text) => self.text(text, context),
                Node::Element(element) => self.element(element, context),
            }
        }
    }

    fn element(&mut self, element: &Element, context: &Context) {
        match element.name.as_str() {
            "p" | "div" => self.paragraph(element, context),
            "br" => self.end_line(),
            "hr" => self.block(Block::Rule),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_open_line();
                self.heading = true;
                self.children(element, context);
                self.end_open_line();
                self.heading = false;
            }
            "b" | "strong" => self.styled(element, context, |s| s.bold = true),
            "i" | "em" => self.styled(element, context, |s| s.italic = true),
            "u" | "ins" => self.styled(element, context, |s| s.underline = true),
            "s" | "strike" | "del" => self.styled(element, context, |s| s.strike = true),
            "code" => self.styled(element, context, |s| s.code = true),
            "a" => self.link(element, context),
            "ul" | "ol" => self.list(element, context),
            "blockquote" => self.quote(element, context),
            "pre" | "codeblock" => self.block(code(element)),
            "table" => self.table(element, context),
            "at" | "msft-mention" => self.mention(element, element.attribute("id"), context),
            "span" if element.attribute("itemtype").ends_with("/Mention") => {
                self.mention(element, element.attribute("itemid"), context);
            }
            "img" => self.image(element, context),
            "emoji" => self.words(element.attribute("alt"), context),
            "attachment" => self.push(Inline {
                kind: InlineKind::Attachment {
                    id: element.attribute("id").to_owned(),
                },
                ..Inline::default()
            }),
            name if UNREADABLE.contains(&name) => {}
            _ => self.children(element, context),
        }
    }

    fn paragraph(&mut self, element: &Element, context: &Context) {
        self.end_open_line();
        self.children(element, context);
        self.end_open_line();
    }

    fn styled(&mut self, element: &Element, context: &Context, set: impl FnOnce(&mut Style)) {
        let mut inner = context.clone();
        set(&mut inner.style);
        self.children(element, &inner);
    }

    fn link(&mut self, element: &Element, context: &Context) {
        let href = element.attribute("href").trim();
        let mut inner = context.clone();
        if !href.is_empty() {
            inner.href = Some(href.to_owned());
        }
        self.children(element, &inner);
    }

    fn mention(&mut self, element: &Element, id: &str, context: &Context) {
        self.push(Inline {
            text: collapse(&element.text(), true).trim().to_owned(),
            style: context.style,
            href: None,
            kind: InlineKind::Mention { id: id.to_owned() },
        });
    }

    fn image(&mut self, element: &Element, context: &Context) {
        let alt = element.attribute("alt");
        if element.attribute("itemtype").ends_with("/Emoji") && !alt.is_empty() {
            return self.words(alt, context);
        }
        self.push(Inline {
            text: alt.to_owned(),
            style: Style::default(),
            href: context.href.clone(),
            kind: InlineKind::Image {
                id: element.attribute("id").to_owned(),
                src: element.attribute("src").to_owned(),
            },
        });
    }

    fn list(&mut self, element: &Element, context: &Context) {
        let mut items: Vec<Vec<Block>> = Vec::new();
        for child in &element.children {
            let Node::Element(child) = child else {
                continue;
            };
            let mut inner = Self::default();
            if child.name == "li" {
                inner.children(child, context);
            } else {
                inner.element(child, context);
            }
            let blocks = inner.finish();
            if child.name == "li" || items.is_empty() {
                items.push(blocks);
            } else if let Some(last) = items.last_mut() {
                // A list directly in a list continues the item before it.
                last.extend(blocks);
            }
        }
        items.retain(|item| !item.is_empty());
        if !items.is_empty() {
            let ordered = element.name == "ol";
            self.block(Block::List { ordered, items });
        }
    }

    fn quote(&mut self, element: &Element, context: &Context) {
        if element.attribute("itemtype").ends_with("/Reply") {
            return self.block(Block::Reply(reply(element)));
        }
        let mut inner = Self::default();
        inner.children(element, context);
        let blocks = inner.finish();
        if !blocks.is_empty() {
            self.block(Block::Quote(blocks));
        }
    }

    fn table(&mut self, element: &Element, context: &Context) {
        let mut rows = Vec::new();
        table_rows(element, context, &mut rows);
        if !rows.is_empty() {
            self.block(Block::Table(rows));
        }
    }

    /// Text between tags: blanks collapse, as everywhere but in code.
    fn text(&mut self, text: &str, context: &Context) {
        let after_blank = self.line.last().is_none_or(|l| l.text.ends_with(' '));
        let words = collapse(text, after_blank);
        if !words.is_empty() {
            self.words(&words, context);
        }
    }

    fn words(&mut self, words: &str, context: &Context) {
        self.push(Inline {
            text: words.to_owned(),
            style: context.style,
            href: context.href.clone(),
            kind: InlineKind::Text,
        });
    }

    fn push(&mut self, inline: Inline) {
        if let Some(last) = self.line.last_mut()
            && last.kind == InlineKind::Text
            && inline.kind == InlineKind::Text
            && last.style == inline.style
            && last.href == inline.href
        {
            last.text.push_str(&inline.text);
        } else {
            self.line.push(inline);
        }
    }

    fn block(&mut self, block: Block) {
        self.end_open_line();
        self.blocks.push(block);
    }

    fn end_open_line(&mut self) {
        let blank = |i: &Inline| i.kind == InlineKind::Text && i.text.chars().all(|c| c == ' ');
        if self.line.iter().all(blank) {
            self.line.clear();
        } else {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        if let Some(last) = line.last_mut()
            && last.kind == InlineKind::Text
        {
            last.text.truncate(last.text.trim_end_matches(' ').len());
        }
        line.retain(|i| i.kind != InlineKind::Text || !i.text.is_empty());
        for inline in &mut line {
            inline.text = inline.text.replace('\u{a0}', " ");
        }
        self.blocks.push(if self.heading {
            Block::Heading(line)
        } else {
            Block::Paragraph(line)
        });
    }

    fn finish(mut self) -> Vec<Block> {
        self.end_open_line();
        self.blocks
    }
}

fn table_rows(element: &Element, context: &Context, rows: &mut Vec<Vec<Vec<Inline>>>) {
    for child in &element.children {
        let Node::Element(child) = child else {
            continue;
        };
        if child.name == "tr" {
            let cells = child.children.iter().filter_map(|cell| match cell {
                Node::Element(cell) => Some(table_cell(cell, context)),
                Node::Text(_) => None,
            });
            rows.push(cells.collect());
        } else {
            table_rows(child, context, rows);
        }
    }
}

/// A cell is one line: its blocks are joined by blanks.
fn table_cell(cell: &Element, context: &Context) -> Vec<Inline> {
    let mut flow = Flow::default();
    flow.children(cell, context);
    let mut line = Vec::new();
    flatten(flow.finish(), &mut line);
    line
}

fn flatten(blocks: Vec<Block>, line: &mut Vec<Inline>) {
    for block in blocks {
        if !line.is_empty() {
            line.push(plain(" "));
        }
        match block {
            Block::Paragraph(spans) | Block::Heading(spans) => line.extend(spans),
            Block::Quote(inner) => flatten(inner, line),
            Block::Reply(reply) => line.push(plain(&reply.preview)),
            Block::List { items, .. } => items.into_iter().for_each(|i| flatten(i, line)),
            Block::Code { lines, .. } => line.push(plain(&lines.join(" "))),
            Block::Table(rows) => line.extend(rows.into_iter().flatten().flatten()),
            Block::Rule => {}
        }
    }
}

fn plain(text: &str) -> Inline {
    Inline {
        text: text.to_owned(),
        ..Inline::default()
    }
}

fn code(element: &Element) -> Block {
    let mut text = String::new();
    verbatim(element, &mut text);
    let text = text.replace('\u{a0}', " ");
    let text = text.strip_prefix('\n').unwrap_or(&text).trim_end();
    let language = element.attribute("class").trim();
    Block::Code {
        language: (!language.is_empty()).then(|| language.to_owned()),
        lines: text.split('\n').map(str::to_owned).collect(),
    }
}

fn verbatim(element: &Element, text: &mut String) {
    for child in &element.children {
        match child {
            Node::Text(words) => text.push_str(words),
            Node::Element(inner) if inner.name == "br" => text.push('\n'),
            Node::Element(inner) => {
                let own_line = ["p", "div", "li"].contains(&inner.name.as_str());
                if own_line && !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                verbatim(inner, text);
            }
        }
    }
}

/// The form of the vendor's client: the sender in `<strong>`, the words in `itemprop="preview"`
/// or whatever else is in the quote.
fn reply(element: &Element) -> Reply {
    let mut reply = Reply {
        id: element.attribute("itemid").to_owned(),
        ..Reply::default()
    };
    let mut rest = String::new();
    for child in &element.children {
        match child {
            Node::Element(inner) if inner.attribute("itemprop") == "mri" => {
                inner.attribute("itemid").clone_into(&mut reply.mri);
                collapse(&inner.text(), true)
                    .trim()
                    .clone_into(&mut reply.name);
            }
            Node::Element(inner) if inner.attribute("itemprop") == "time" => {}
            Node::Element(inner) => {
                rest.push(' ');
                rest.push_str(&inner.text());
            }
            Node::Text(words) => rest.push_str(words),
        }
    }
    collapse(&rest, true).trim().clone_into(&mut reply.preview);
    reply
}

/// Runs of blanks and line breaks become one blank, none after another blank. A fixed blank stays.
fn collapse(text: &str, mut after_blank: bool) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}') {
            if !after_blank {
                words.push(' ');
            }
            after_blank = true;
        } else {
            words.push(c);
            after_blank = false;
        }
    }
    words
}
