//! What we send: escaped text, mentions, and the message an answer quotes.

use std::fmt;

/// A piece of a message being written.
#[derive(Clone, Copy)]
pub enum Piece<'a> {
    Text(&'a str),
    Mention { id: &'a str, name: &'a str },
}

/// The message an answer quotes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The message's id.
    pub id: String,
    /// Its sender's raw id.
    pub mri: String,
    pub name: String,
    /// Its first words.
    pub preview: String,
}

/// Only the id is printed: the rest is what people wrote.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.id)
    }
}

pub fn write(reply: Option<&Reply>, pieces: &[Piece<'_>]) -> String {
    let mut html = String::new();
    if let Some(reply) = reply {
        html.push_str(&format_reply(reply));
    }
    for piece in pieces {
        match piece {
            Piece::Text(text) => html.push_str(&escape_text(text)),
            Piece::Mention { id, name } => {
                html.extend(["<at id=\"", &escape(id), "\">", &escape(name), "</at>"]);
            }
        }
    }
    html
}

/// The form the vendor's own client writes and recognises.
fn format_reply(reply: &Reply) -> String {
    format!(
        "<blockquote itemscope itemtype=\"http://schema.skype.com/Reply\" itemid=\"{id}\">\
         <strong itemprop=\"mri\" itemid=\"{mri}\">{name}</strong>\
         <p itemprop=\"preview\">{preview}</p></blockquote>",
        id = escape(&reply.id),
        mri = escape(&reply.mri),
        name = escape(&reply.name),
        preview = escape(&reply.preview),
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Line breaks and runs of blanks survive.
fn escape_text(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let line = escape(line).replace("  ", "\u{20}&nbsp;");
            let line = line
                .strip_prefix(' ')
                .map_or(line.clone(), |rest| format!("&nbsp;{rest}"));
            line.strip_suffix(' ')
                .map_or(line.clone(), |rest| format!("{rest}&nbsp;"))
        })
        .collect();
    lines.join("<br>")
}
