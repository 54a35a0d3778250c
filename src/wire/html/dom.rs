//! Markup as a tree of elements, by the tokenizer of html5ever. Nesting is mended and limited.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::BufferQueue;
use html5ever::tokenizer::Tag;
use html5ever::tokenizer::TagKind;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::TokenSinkResult;
use html5ever::tokenizer::Tokenizer;
use html5ever::tokenizer::TokenizerOpts;
use html5ever::tokenizer::states::RawKind;

pub(super) enum Node {
    Text(String),
    Element(Element),
}

#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// The text of everything inside.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for child in &self.children {
            match child {
                Node::Text(words) => text.push_str(words),
                Node::Element(inner) => text.push_str(&inner.text()),
            }
        }
        text
    }
}

pub(super) fn parse(html: &str) -> Element {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    // The result only matters to callers that run scripts.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

#[derive(Default)]
struct Sink(RefCell<Tree>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut tree = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => tree.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let raw = UNREADABLE.contains(&&*tag.name);
                tree.start(tag);
                if raw {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            Token::TagToken(tag) => tree.end(&tag.name),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

/// The open elements, outermost first; the first is the root and never ends.
struct Tree {
    open: Vec<Element>,
    /// Names of elements left out because they lie too deep; their children are kept.
    flattened: Vec<String>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            open: vec![Element::default()],
            flattened: Vec::new(),
        }
    }
}

impl Tree {
    fn text(&mut self, text: &str) {
        let Some(parent) = self.open.last_mut() else {
            return;
        };
        if let Some(Node::Text(before)) = parent.children.last_mut() {
            before.push_str(text);
        } else {
            parent.children.push(Node::Text(text.to_owned()));
        }
    }

    fn start(&mut self, tag: Tag) {
        let element = Element {
            name: tag.name.to_string(),
            attributes: tag
                .attrs
                .into_iter()
                .map(|a| (a.name.local.to_string(), a.value.to_string()))
                .collect(),
            children: Vec::new(),
        };
        self.close_implied(&element.name);
        if VOID.contains(&element.name.as_str()) || tag.self_closing {
            self.append(element);
        } else if self.open.len() < DEPTH {
            self.open.push(element);
        } else if self.flattened.len() < FLATTENED {
            self.flattened.push(element.name);
        }
    }

    fn end(&mut self, name: &str) {
        if name == "br" || name == "p" && !self.open.iter().any(|e| e.name == "p") {
            self.append(Element {
                name: "br".to_owned(),
                ..Element::default()
            });
            return;
        }
        if let Some(at) = self.flattened.iter().rposition(|flat| flat == name) {
            self.flattened.truncate(at);
            return;
        }
        if let Some(at) = self.open.iter().rposition(|e| e.name == name) {
            self.close_to(at);
        }
    }

    /// Ends what a new element ends by itself: `<p>`, `<li>` and cells need no end tag.
    fn close_implied(&mut self, name: &str) {
        let (ends, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol"]),
            "tr" => (&["tr"], &["table"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "p" | "div" | "ul" | "ol" | "pre" | "table" | "blockquote" | "codeblock" | "hr"
            | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => (
                &["p"],
                &["li", "td", "th", "blockquote", "div", "codeblock"],
            ),
            _ => return,
        };
        let found = self
            .open
            .iter()
            .rposition(|e| ends.contains(&e.name.as_str()) || within.contains(&e.name.as_str()));
        if let Some(at) = found
            && ends.contains(&self.open[at].name.as_str())
        {
            self.close_to(at);
        }
    }

    /// Ends the element at `at` and everything opened inside it.
    fn close_to(&mut self, at: usize) {
        if at == 0 {
            return;
        }
        self.flattened.clear();
        while self.open.len() > at {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        if let Some(element) = self.open.pop() {
            self.append(element);
        }
    }

    fn append(&mut self, element: Element) {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(Node::Element(element));
        }
    }

    fn finish(mut self) -> Element {
        while self.open.len() > 1 {
            self.close_last();
        }
        self.open.pop().unwrap_or_default()
    }
}

/// Deeper elements are left out and their children kept.
const DEPTH: usize = 48;

/// How many left-out elements are remembered for their end tags.
const FLATTENED: usize = 256;

const VOID: &[&str] = &["br", "hr", "img", "input", "wbr", "meta", "link", "col"];

/// Their content is not for people.
pub(super) const UNREADABLE: &[&str] = &[
    "script", "style", "title", "iframe", "noscript", "xmp", "template",
];
