//! Who looks at the messages: what of a body every back end reads alike.
//!
//! Everything is cleaned here, once: nothing behind this module can steer a terminal.

mod rich;

use std::collections::BTreeMap;

use url::Url;

use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::message::Attachment;
use crate::model::message::Quoted;
use crate::model::rich::Rich;
use crate::model::text;

/// Who looks at the messages, and from where.
#[derive(Debug, Clone)]
pub(in crate::chat) struct Eyes {
    pub(in crate::chat) me: RawId,
    /// The name we go by, to find ourselves in mentions without an id.
    pub(in crate::chat) my_name: String,
    pub(in crate::chat) endpoint: Url,
    /// Names seen so far, for members that are only told by id.
    pub(in crate::chat) names: BTreeMap<RawId, String>,
}

impl Eyes {
    pub(in crate::chat) fn person(&self, id: &str, name: &str) -> Person {
        let person = Person::new(id, name);
        match self.names.get(&person.id) {
            Some(known) if person.name.is_empty() => Person {
                name: known.clone(),
                ..person
            },
            _ => person,
        }
    }

    /// A body of the dialect, and whether it names us; pictures in it are added to the attachments.
    pub(in crate::chat) fn words(
        &self,
        html: &str,
        attachments: &mut Vec<Attachment>,
    ) -> (Rich, bool) {
        let read = self.read_html(html, attachments);
        (read.rich, read.mentions_me)
    }

    /// A body of plain words, likewise.
    pub(in crate::chat) fn plain_words(&self, words: &str) -> (Rich, bool) {
        let read = self.read_text(words);
        (read.rich, read.mentions_me)
    }

    pub(in crate::chat) fn read_html(&self, html: &str, attachments: &mut Vec<Attachment>) -> Read {
        rich::from_html(html, self, attachments)
    }

    pub(in crate::chat) fn read_text(&self, words: &str) -> Read {
        rich::from_text(words, self)
    }

    pub(in crate::chat) fn remember(&mut self, people: &[Person]) {
        for person in people {
            if !person.name.is_empty() {
                self.names.insert(person.id.clone(), person.name.clone());
            }
        }
    }

    /// Resolved against the endpoint. With `ours` a foreign origin is replaced by the
    /// endpoint's, as the official client does with images in events.
    pub(in crate::chat) fn address(&self, url: &str, ours: bool) -> Option<String> {
        let mut url = self.endpoint.join(url).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        if ours && url.origin() != self.endpoint.origin() {
            let mut own = self.endpoint.clone();
            own.set_path(url.path());
            own.set_query(url.query());
            url = own;
        }
        Some(text::line(url.as_str()))
    }
}

/// What a body says.
pub(in crate::chat) struct Read {
    pub(in crate::chat) rich: Rich,
    pub(in crate::chat) mentions_me: bool,
    pub(in crate::chat) reply_to: Option<Quoted>,
}

#[cfg(test)]
pub(in crate::chat) fn eyes() -> Eyes {
    Eyes {
        me: RawId::new("8:acs:r_me"),
        my_name: "Ada".to_owned(),
        endpoint: "https://chat.example/".parse().unwrap(),
        names: BTreeMap::new(),
    }
}
