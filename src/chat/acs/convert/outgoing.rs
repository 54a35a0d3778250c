//! What a person wrote as what is sent: plain text where it can be, the dialect where it must.

use crate::chat::mentions::pieces;
use crate::model::message::Draft;
use crate::wire::html;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chat::acs) enum Format {
    Text,
    Html,
}

#[derive(Clone, PartialEq, Eq)]
pub(in crate::chat::acs) struct Outgoing {
    pub(in crate::chat::acs) content: String,
    pub(in crate::chat::acs) format: Format,
}

/// `must`: the format of the message that is edited, which cannot change.
pub(in crate::chat::acs) fn outgoing(draft: &Draft, must: Option<Format>) -> Outgoing {
    let rich = draft.reply_to.is_some() || !draft.mentions.is_empty();
    let format = must.unwrap_or(if rich { Format::Html } else { Format::Text });
    let content = match format {
        Format::Text => draft.text.clone(),
        Format::Html => {
            let reply = draft.reply_to.as_ref().map(|quoted| html::Reply {
                id: quoted
                    .id
                    .as_ref()
                    .map_or_else(String::new, |id| id.as_str().to_owned()),
                mri: String::new(),
                name: quoted.name.clone(),
                preview: quoted.text.clone(),
            });
            html::write(reply.as_ref(), &pieces(&draft.text, &draft.mentions))
        }
    };
    Outgoing { content, format }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::eyes::eyes;
    use crate::model::identity::Person;
    use crate::model::message::MessageId;
    use crate::model::message::Quoted;

    fn draft(text: &str, mentions: &[(&str, &str)]) -> Draft {
        Draft {
            text: text.to_owned(),
            mentions: mentions.iter().map(|(id, n)| Person::new(id, n)).collect(),
            reply_to: None,
            ..Draft::default()
        }
    }

    #[test]
    fn plain_words_are_sent_as_text() {
        let sent = outgoing(&draft("a < b & c", &[]), None);
        assert_eq!(
            (sent.content.as_str(), sent.format),
            ("a < b & c", Format::Text)
        );
    }

    #[test]
    fn mentions_carry_the_raw_id_and_the_rest_is_escaped() {
        let people = [("8:acs:r_a", "Ann"), ("8:acs:r_b", "Ann Lee")];
        let sent = outgoing(&draft("@Ann Lee & @Ann <@nobody>", &people), None);
        assert_eq!(
            sent.content,
            r#"<at id="8:acs:r_b">Ann Lee</at>&nbsp;&amp;&nbsp;<at id="8:acs:r_a">Ann</at>&nbsp;&lt;@nobody&gt;"#
        );
    }

    #[test]
    fn an_edit_keeps_the_format_of_its_message() {
        let sent = outgoing(&draft("@Ann", &[("8:acs:r_a", "Ann")]), Some(Format::Text));
        assert_eq!(sent.content, "@Ann");
        let sent = outgoing(&draft("a<b", &[]), Some(Format::Html));
        assert_eq!(sent.content, "a&lt;b");
    }

    #[test]
    fn a_reply_is_read_back_as_one() {
        let mut reply = draft("yes", &[]);
        reply.reply_to = Some(Quoted {
            id: Some(MessageId::new("17")),
            name: "Bob".to_owned(),
            text: "earlier".to_owned(),
        });
        let sent = outgoing(&reply, None);
        let read = eyes().read_html(&sent.content, &mut Vec::new());
        assert!(read.reply_to == reply.reply_to);
    }
}
