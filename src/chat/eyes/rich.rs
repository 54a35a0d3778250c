//! Bodies as styled text: the dialect's blocks, cleaned, with mentions, links and placeholders.

use crate::model::identity::RawId;
use crate::model::message::Attachment;
use crate::model::message::AttachmentKind;
use crate::model::message::MessageId;
use crate::model::message::Quoted;
use crate::model::rich::Block;
use crate::model::rich::Rich;
use crate::model::rich::Span;
use crate::model::rich::SpanRole;
use crate::model::rich::Style;
use crate::model::text;
use crate::wire::html;

use super::Eyes;
use super::Read;

/// Plain words: each line a paragraph, addresses as links, our name after an `@` as a mention.
pub(super) fn from_text(words: &str, eyes: &Eyes) -> Read {
    let words = text::lines(words);
    let mut mentions_me = false;
    let blocks = words
        .split('\n')
        .map(|line| {
            let spans = mark_me(line, eyes);
            mentions_me |= spans.iter().any(|s| s.role == SpanRole::MentionOfMe);
            Block::Paragraph(spans.into_iter().flat_map(link_addresses).collect())
        })
        .collect();
    Read {
        rich: Rich { blocks },
        mentions_me,
        reply_to: None,
    }
}

/// Pictures that the attachments do not list are added to them.
pub(super) fn from_html(html: &str, eyes: &Eyes, attachments: &mut Vec<Attachment>) -> Read {
    let mut reader = Reader {
        eyes,
        attachments,
        mentions_me: false,
        reply_to: None,
    };
    let blocks = reader.blocks(html::read(html));
    Read {
        rich: Rich { blocks },
        mentions_me: reader.mentions_me,
        reply_to: reader.reply_to,
    }
}

struct Reader<'a> {
    eyes: &'a Eyes,
    attachments: &'a mut Vec<Attachment>,
    mentions_me: bool,
    reply_to: Option<Quoted>,
}

impl Reader<'_> {
    fn blocks(&mut self, blocks: Vec<html::Block>) -> Vec<Block> {
        blocks.into_iter().filter_map(|b| self.block(b)).collect()
    }

    fn block(&mut self, block: html::Block) -> Option<Block> {
        Some(match block {
            html::Block::Paragraph(line) => Block::Paragraph(self.spans(line)),
            html::Block::Heading(line) => Block::Heading(self.spans(line)),
            html::Block::Quote(inner) => Block::Quote(self.blocks(inner)),
            html::Block::Reply(reply) if self.reply_to.is_none() => {
                self.reply_to = Some(quoted(&reply));
                return None;
            }
            html::Block::Reply(reply) => Block::Quote(vec![Block::Paragraph(vec![Span::plain(
                &text::line(&reply.preview),
            )])]),
            html::Block::List { ordered, items } => Block::List {
                ordered,
                items: items.into_iter().map(|i| self.blocks(i)).collect(),
            },
            html::Block::Code { language, lines } => Block::Code {
                language: language.map(|l| text::line(&l)).filter(|l| !l.is_empty()),
                lines: lines.iter().map(|l| one_line(&text::lines(l))).collect(),
            },
            html::Block::Table(rows) => Block::Table(
                rows.into_iter()
                    .map(|row| row.into_iter().map(|cell| self.spans(cell)).collect())
                    .collect(),
            ),
            html::Block::Rule => Block::Rule,
        })
    }

    fn spans(&mut self, line: Vec<html::Inline>) -> Vec<Span> {
        line.into_iter().flat_map(|i| self.span(i)).collect()
    }

    fn span(&mut self, inline: html::Inline) -> Vec<Span> {
        let words = one_line(&text::lines(&inline.text));
        let style = style(inline.style);
        match inline.kind {
            html::InlineKind::Text => {
                let link = inline.href.as_deref().and_then(safe_link);
                let linked = link.is_some();
                let span = Span {
                    text: words,
                    style,
                    link,
                    role: SpanRole::Plain,
                };
                if linked {
                    vec![span]
                } else {
                    link_addresses(span)
                }
            }
            html::InlineKind::Mention { id } => {
                let role = self.mention(&id, &words);
                vec![Span {
                    text: words,
                    style,
                    link: None,
                    role,
                }]
            }
            html::InlineKind::Image { id, src } => vec![self.image(&id, &src, words)],
            html::InlineKind::Attachment { id } => {
                let id = text::line(&id);
                let known = self.attachments.iter().find(|a| a.id == id);
                let (kind, name) = known.map_or((AttachmentKind::Other, String::new()), |a| {
                    (a.kind, a.name.clone())
                });
                vec![placeholder(id, kind, name)]
            }
        }
    }

    /// By raw id where one is written; an index into a list we are not given is nobody.
    fn mention(&mut self, id: &str, name: &str) -> SpanRole {
        let raw = id.contains(':').then(|| RawId::new(&text::line(id)));
        let me = match &raw {
            Some(raw) => *raw == self.eyes.me,
            None => is_my_name(name, self.eyes),
        };
        if me {
            self.mentions_me = true;
            SpanRole::MentionOfMe
        } else {
            SpanRole::Mention(raw)
        }
    }

    fn image(&mut self, id: &str, src: &str, alt: String) -> Span {
        let id = text::line(if id.is_empty() { src } else { id });
        if self.named(&id).is_none() {
            self.attachments.push(Attachment {
                id: id.clone(),
                kind: AttachmentKind::Image,
                name: alt.clone(),
                url: self.eyes.address(src, false).filter(|_| !src.is_empty()),
                preview: None,
            });
        }
        let label = if alt.is_empty() {
            self.named(&id).unwrap_or_default()
        } else {
            alt
        };
        placeholder(id, AttachmentKind::Image, label)
    }

    fn named(&self, id: &str) -> Option<String> {
        let found = self.attachments.iter().find(|a| a.id == id)?;
        Some(found.name.clone())
    }
}

fn placeholder(attachment: String, kind: AttachmentKind, label: String) -> Span {
    Span {
        text: label,
        role: SpanRole::Placeholder { attachment, kind },
        ..Span::default()
    }
}

fn quoted(reply: &html::Reply) -> Quoted {
    let id = text::line(&reply.id);
    Quoted {
        id: (!id.is_empty()).then(|| MessageId::new(&id)),
        name: text::name(&reply.name),
        text: text::line(&reply.preview),
    }
}

fn style(style: html::Style) -> Style {
    Style {
        bold: style.bold,
        italic: style.italic,
        underline: style.underline,
        strike: style.strike,
        code: style.code,
    }
}

fn one_line(clean: &str) -> String {
    clean.replace('\n', " ")
}

/// Only what a browser or mailer opens; anything else is not a link.
fn safe_link(href: &str) -> Option<String> {
    let url = url::Url::parse(href).ok()?;
    let known = matches!(url.scheme(), "http" | "https" | "mailto" | "tel");
    // The parsed form has everything escaped that could fake another target.
    known.then(|| text::line(url.as_str()))
}

fn is_my_name(name: &str, eyes: &Eyes) -> bool {
    let name = name.strip_suffix(" (External)").unwrap_or(name);
    !eyes.my_name.is_empty() && name.to_lowercase() == eyes.my_name.to_lowercase()
}

/// Splits out `@` and our name.
fn mark_me(line: &str, eyes: &Eyes) -> Vec<Span> {
    let wanted = format!("@{}", eyes.my_name);
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(at) = find_name(rest, &wanted).filter(|_| !eyes.my_name.is_empty()) {
        let (before, from) = rest.split_at(at);
        let (name, after) = from.split_at(wanted.len());
        if !before.is_empty() {
            spans.push(Span::plain(before));
        }
        spans.push(Span {
            text: name.to_owned(),
            role: SpanRole::MentionOfMe,
            ..Span::default()
        });
        rest = after;
    }
    if !rest.is_empty() || spans.is_empty() {
        spans.push(Span::plain(rest));
    }
    spans
}

/// Where `name` stands as a whole word.
fn find_name(text: &str, name: &str) -> Option<usize> {
    text.match_indices(name)
        .find(|(at, found)| {
            let before = text[..*at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
        .map(|(at, _)| at)
}

/// Splits out web addresses written as words.
fn link_addresses(span: Span) -> Vec<Span> {
    if span.role != SpanRole::Plain || !span.text.contains("://") {
        return vec![span];
    }
    let mut spans = Vec::new();
    let mut plain = String::new();
    for word in span.text.split_inclusive(' ') {
        let bare = word.trim_matches(|c: char| " ()<>[]\"',.;:!?".contains(c));
        let web = ["http://", "https://"].iter().any(|p| bare.starts_with(p));
        let Some(link) = safe_link(bare).filter(|_| web) else {
            plain.push_str(word);
            continue;
        };
        let at = word.find(bare).unwrap_or(0);
        plain.push_str(&word[..at]);
        if !plain.is_empty() {
            spans.push(Span {
                text: std::mem::take(&mut plain),
                ..span.clone()
            });
        }
        spans.push(Span {
            text: bare.to_owned(),
            // A slash at the end of a bare host is not another target.
            link: Some(
                link.strip_suffix('/')
                    .filter(|l| *l == bare)
                    .map_or_else(|| link.clone(), str::to_owned),
            ),
            ..span.clone()
        });
        plain.push_str(&word[at + bare.len()..]);
    }
    if !plain.is_empty() {
        spans.push(Span {
            text: plain,
            ..span
        });
    }
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::eyes::eyes;

    fn html(source: &str) -> (Read, Vec<Attachment>) {
        let mut attachments = Vec::new();
        let read = from_html(source, &eyes(), &mut attachments);
        (read, attachments)
    }

    fn spans(read: &Read) -> Vec<Span> {
        match &read.rich.blocks[0] {
            Block::Paragraph(spans) => spans.clone(),
            _ => panic!("no paragraph"),
        }
    }

    #[test]
    fn a_mention_of_me_is_found_by_raw_id_and_by_name() {
        for source in [
            r#"<at id="8:acs:r_me">Somebody</at>"#,
            r#"<at id="0">Ada (External)</at>"#,
        ] {
            assert!(html(source).0.mentions_me, "{source}");
        }
        let (read, _) = html(r#"<at id="8:acs:r_you">Ada</at>"#);
        assert!(!read.mentions_me);
        let you = SpanRole::Mention(Some(RawId::new("8:acs:r_you")));
        assert!(spans(&read)[0].role == you);
        assert!(from_text("ask @Ada, please", &eyes()).mentions_me);
        assert!(!from_text("ask @Adam", &eyes()).mentions_me);
    }

    #[test]
    fn links_keep_their_real_target_and_scripts_are_no_links() {
        let (read, _) = html(r#"<a href="https://evil.example/">https://good.example</a>"#);
        assert_eq!(
            spans(&read)[0].link.as_deref(),
            Some("https://evil.example/")
        );
        let (read, _) = html(r#"<a href="javascript:alert(1)">x</a>"#);
        assert_eq!(spans(&read)[0].link, None);
        let read = from_text("see https://x.example/a, or (http://y.example).", &eyes());
        let links: Vec<_> = spans(&read).into_iter().filter_map(|s| s.link).collect();
        assert_eq!(links, ["https://x.example/a", "http://y.example"]);
        assert_eq!(
            read.rich.to_text(),
            "see https://x.example/a, or (http://y.example)."
        );
    }

    #[test]
    fn a_picture_is_a_placeholder_that_can_be_fetched() {
        let (read, attachments) = html(r#"<img id="i1" src="/chat/i1/original" alt="a cat">"#);
        assert_eq!(
            attachments[0].url.as_deref(),
            Some("https://chat.example/chat/i1/original")
        );
        assert_eq!(spans(&read)[0].text, "a cat");
    }

    #[test]
    fn a_file_in_the_words_is_called_one() {
        let mut attachments = vec![Attachment {
            id: "g".to_owned(),
            kind: AttachmentKind::File,
            name: "plan.ods".to_owned(),
            url: None,
            preview: None,
        }];
        let source = "see <attachment id=\"g\"></attachment> <attachment id=\"h\"></attachment>";
        let read = from_html(source, &eyes(), &mut attachments);
        assert_eq!(read.rich.to_text(), "see [file: plan.ods] [attachment]");
    }

    #[test]
    fn a_reply_is_taken_out_of_the_words() {
        let (read, _) = html(
            r#"<blockquote itemtype="http://schema.skype.com/Reply" itemid="17"><strong itemprop="mri" itemid="8:acs:x">Bob</strong><p itemprop="preview">earlier</p></blockquote><p>yes</p>"#,
        );
        assert_eq!(read.rich.to_text(), "yes");
        let quoted = read.reply_to.unwrap();
        assert_eq!(
            (quoted.name.as_str(), quoted.text.as_str()),
            ("Bob", "earlier")
        );
    }

    proptest! {
        #[test]
        fn nothing_that_steers_a_terminal_comes_through(source in "(<(b|at|pre|code|a|li|td|blockquote)( id=\"[\u{1b}a]\")?>|[\u{0}-\u{1f}\u{7f}-\u{9f}\u{202e}a\n]|&#x?1?b;){0,30}") {
            let clean = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}');
            prop_assert!(clean(&html(&source).0.rich.to_text()));
            prop_assert!(clean(&from_text(&source, &eyes()).rich.to_text()));
        }
    }
}
