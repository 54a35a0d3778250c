//! The vendor's HTML dialect as a small tree of blocks, and back for sending.
//!
//! Anything is read: unknown elements give their children, broken nesting is
//! mended, depth is limited. Text is as sent, not cleaned for a terminal.

mod blocks;
mod dom;
mod write;

pub use blocks::read;
pub use write::Piece;
pub use write::Reply;
pub use write::write;

use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    Heading(Vec<Inline>),
    Quote(Vec<Self>),
    /// The message an answer quotes, in the form of the vendor's own client.
    Reply(Reply),
    List {
        ordered: bool,
        items: Vec<Vec<Self>>,
    },
    Code {
        language: Option<String>,
        lines: Vec<String>,
    },
    /// Rows of cells.
    Table(Vec<Vec<Vec<Inline>>>),
    Rule,
}

#[derive(Clone, PartialEq, Eq, Default)]
pub struct Inline {
    /// The words; of an image its `alt`, of an attachment nothing.
    pub text: String,
    pub style: Style,
    pub href: Option<String>,
    pub kind: InlineKind,
}

#[derive(Clone, PartialEq, Eq, Default)]
pub enum InlineKind {
    #[default]
    Text,
    /// The id as written: an index, or a raw id.
    Mention {
        id: String,
    },
    Image {
        id: String,
        src: String,
    },
    Attachment {
        id: String,
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

/// What people wrote is in it: only the kind is printed.
impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paragraph(_) => "Paragraph",
            Self::Heading(_) => "Heading",
            Self::Quote(_) => "Quote",
            Self::Reply(_) => "Reply",
            Self::List { .. } => "List",
            Self::Code { .. } => "Code",
            Self::Table(_) => "Table",
            Self::Rule => "Rule",
        })
    }
}

impl fmt::Debug for Inline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inline({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One line a block, styles as letters: short enough to compare in a test.
    fn shape(blocks: &[Block]) -> String {
        blocks.iter().map(block).collect::<Vec<_>>().join("\n")
    }

    fn block(block_: &Block) -> String {
        match block_ {
            Block::Paragraph(spans) => format!("p:{}", inlines(spans)),
            Block::Heading(spans) => format!("h:{}", inlines(spans)),
            Block::Quote(inner) => format!("quote({})", shape(inner)),
            Block::Reply(reply) => {
                format!("reply({} {}: {})", reply.id, reply.name, reply.preview)
            }
            Block::List { ordered, items } => {
                let items: Vec<_> = items.iter().map(|i| shape(i)).collect();
                format!(
                    "{}({})",
                    if *ordered { "ol" } else { "ul" },
                    items.join("|")
                )
            }
            Block::Code { language, lines } => {
                format!("code {language:?}:{}", lines.join("/"))
            }
            Block::Table(rows) => {
                let rows: Vec<_> = rows
                    .iter()
                    .map(|r| r.iter().map(|c| inlines(c)).collect::<Vec<_>>().join(","))
                    .collect();
                format!("table:{}", rows.join(";"))
            }
            Block::Rule => "rule".to_owned(),
        }
    }

    fn inlines(spans: &[Inline]) -> String {
        spans
            .iter()
            .map(|s| {
                let mut text = s.text.clone();
                for (on, letter) in [
                    (s.style.bold, 'b'),
                    (s.style.italic, 'i'),
                    (s.style.underline, 'u'),
                    (s.style.strike, 's'),
                    (s.style.code, 'c'),
                ] {
                    if on {
                        text = format!("{letter}[{text}]");
                    }
                }
                if let Some(href) = &s.href {
                    text = format!("<{text} {href}>");
                }
                match &s.kind {
                    InlineKind::Text => text,
                    InlineKind::Mention { id } => format!("@{id}({text})"),
                    InlineKind::Image { id, src } => format!("img {id} {src}({text})"),
                    InlineKind::Attachment { id } => format!("att {id}"),
                }
            })
            .collect::<String>()
    }

    fn check(html: &str, expected: &str) {
        assert_eq!(shape(&read(html)), expected, "{html}");
    }

    #[test]
    fn paragraphs_and_breaks_are_lines() {
        check("<p>one</p><p>two</p>", "p:one\np:two");
        check("one<br>two", "p:one\np:two");
        check("<div>one<div>two</div>three</div>", "p:one\np:two\np:three");
        check("<p>one</p>\n  <p>two</p>\n", "p:one\np:two");
        check("<p>one<p>two", "p:one\np:two");
        check("<p>a</p><hr/><p>b</p>", "p:a\nrule\np:b");
        check("<p>a</p><p>&nbsp;</p><p>b</p>", "p:a\np: \np:b");
    }

    #[test]
    fn styles_nest_and_end_where_they_end() {
        check("<b>a<i>b</i></b>c", "p:b[a]i[b[b]]c");
        check("<strong>a <em>b</strong> c</em>", "p:b[a ]i[b[b]] c");
        check("<u>x</u><s>y</s><strike>z</strike>", "p:u[x]s[yz]");
        check("<h2>Title</h2>text", "h:Title\np:text");
        check("say <code>a  b</code>", "p:say c[a b]");
    }

    #[test]
    fn entities_are_decoded_once() {
        check("&amp;lt; &lt;b&gt; &nbsp;x &#128512;", "p:&lt; <b>  x 😀");
    }

    #[test]
    fn lists_quotes_tables_and_code_keep_their_shape() {
        check(
            "<ul><li>a<li><p>b</p><ol><li>c</li></ol></li></ul>",
            "ul(p:a|p:b\nol(p:c))",
        );
        check("<blockquote><p>q</p></blockquote>a", "quote(p:q)\np:a");
        check(
            "<table><tbody><tr><td>a</td><th><b>b</b></th></tr><tr><td>c<td><p>d</p></table>",
            "table:a,b[b];c,d",
        );
        check("<pre>a\n  b</pre>", "code None:a/  b");
        check(
            r#"<codeblock class="Rust"><code>let a = &lt;b&gt;;<br>  c</code></codeblock>"#,
            "code Some(\"Rust\"):let a = <b>;/  c",
        );
    }

    #[test]
    fn links_mentions_images_emoji_and_attachments_are_told_apart() {
        check(
            r#"<a href="https://x.example/?a=1&amp;b=2">here</a>"#,
            "p:<here https://x.example/?a=1&b=2>",
        );
        check(r#"Hi <at id="0">Bob</at>!"#, "p:Hi @0(Bob)!");
        check(
            r#"<span itemtype="http://schema.skype.com/Mention" itemid="1">Ann</span>"#,
            "p:@1(Ann)",
        );
        check(
            r#"<img id="i1" src="/v/original" alt="a cat">"#,
            "p:img i1 /v/original(a cat)",
        );
        check(
            r#"<emoji id="smile" alt="🙂" title="Smile"></emoji>"#,
            "p:🙂",
        );
        check(
            r#"<img itemtype="http://schema.skype.com/Emoji" alt="🙂" src="x">"#,
            "p:🙂",
        );
        check(r#"<attachment id="g"></attachment>"#, "p:att g");
        check("<customemoji>x</customemoji><unknown>y</unknown>", "p:xy");
    }

    #[test]
    fn what_is_not_for_reading_is_left_out() {
        check("a<script>alert('<b>')</script>b<style>p{}</style>", "p:ab");
        check("a<!-- b -->c<systemEventMessage/>", "p:ac");
    }

    #[test]
    fn a_reply_is_told_from_an_ordinary_quote() {
        let html = write(
            Some(&Reply {
                id: "17".to_owned(),
                mri: "8:acs:a_b".to_owned(),
                name: "Ann <b>".to_owned(),
                preview: "hello & bye".to_owned(),
            }),
            &[Piece::Text("yes")],
        );
        check(&html, "reply(17 Ann <b>: hello & bye)\np:yes");
    }

    #[test]
    fn depth_is_limited_and_nothing_is_lost() {
        let html = format!(
            "{}deep{}",
            "<blockquote>".repeat(5000),
            "</blockquote>".repeat(5000)
        );
        let blocks = read(&html);
        assert!(shape(&blocks).contains("deep"));
        let html = format!("{}x", "<b>".repeat(100_000));
        assert!(shape(&read(&html)).contains('x'));
    }

    proptest! {
        #[test]
        fn reading_never_panics(html in "(<(/?)(p|b|ul|li|table|tr|td|pre|codeblock|code|blockquote|at|a|img|br|script|emoji|h1)( (id|href|class|alt)=\"[a-z&;]{0,4}\")?/?>|&[a-z#0-9]{0,5};|[ \na-z<>&\"é😀]{0,4}){0,30}") {
            let _ = read(&html);
        }

        #[test]
        fn written_text_is_read_back(text in "[a-z<>&\"'é😀 \n]{0,40}") {
            let html = write(None, &[Piece::Text(&text)]);
            let lines: Vec<String> = read(&html)
                .iter()
                .map(|b| match b {
                    Block::Paragraph(spans) => spans.iter().map(|s| s.text.as_str()).collect(),
                    _ => "not a paragraph".to_owned(),
                })
                .collect();
            let lines = lines.join("\n");
            prop_assert_eq!(lines.trim_end(), text.trim_end());
        }
    }
}
