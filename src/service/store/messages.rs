//! Messages: sent, edited, deleted, listed newest first.

use std::sync::Arc;

use crate::clock::Timestamp;

use super::Change;
use super::Metadata;
use super::Participant;
use super::Refusal;
use super::Store;
use super::Thread;
use super::What;
use super::check_metadata;
use super::threads::millis;

pub struct Message {
    /// Milliseconds since 1970 where possible; unique and increasing in its thread always.
    pub id: u64,
    /// Equals `id` until the message is edited or deleted, and grows with every change.
    pub version: u64,
    pub sequence: u64,
    /// Raw id; nobody for a message of the service itself.
    pub sender: Option<String>,
    pub sender_name: String,
    pub body: Body,
    pub metadata: Metadata,
    pub created: Timestamp,
    pub edited: Option<Timestamp>,
    pub deleted: Option<Timestamp>,
}

#[derive(Clone)]
pub enum Body {
    Text(String),
    Html {
        content: String,
        attachments: Vec<Attachment>,
    },
    TopicUpdated {
        topic: String,
        by: String,
    },
    ParticipantAdded {
        who: Vec<Participant>,
        by: String,
    },
    ParticipantRemoved {
        who: Vec<Participant>,
        by: String,
    },
    /// A type that only a meeting produces, passed through as it is.
    Other {
        kind: String,
        content: String,
    },
}

impl Body {
    pub fn is_system(&self) -> bool {
        match self {
            Self::Text(_) | Self::Html { .. } | Self::Other { .. } => false,
            Self::TopicUpdated { .. }
            | Self::ParticipantAdded { .. }
            | Self::ParticipantRemoved { .. } => true,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub id: String,
    /// `image` or `file`.
    pub kind: String,
    pub name: Option<String>,
    pub url: Option<String>,
    pub preview_url: Option<String>,
}

/// A message about to be sent.
pub struct Draft {
    pub body: Body,
    pub sender_name: Option<String>,
    pub metadata: Metadata,
}

impl Draft {
    pub fn text(content: &str) -> Self {
        Self::new(Body::Text(content.to_owned()))
    }

    pub fn html(content: &str) -> Self {
        Self::new(Body::Html {
            content: content.to_owned(),
            attachments: Vec::new(),
        })
    }

    pub fn new(body: Body) -> Self {
        Self {
            body,
            sender_name: None,
            metadata: Metadata::new(),
        }
    }
}

/// What an edit says; `None` leaves it as it is.
#[derive(Default)]
pub struct Edit {
    pub content: Option<String>,
    /// Replaces all of it.
    pub metadata: Option<Metadata>,
}

impl Store {
    /// Sends, and answers the new message's id.
    pub fn post(
        &mut self,
        thread: &str,
        sender: &str,
        draft: Draft,
        now: Timestamp,
    ) -> Result<(u64, Change), Refusal> {
        let thread = self.writable(thread, sender)?;
        check_size(draft.body.content())?;
        check_metadata(&draft.metadata)?;
        let name = thread.sender_name(sender, draft.sender_name);
        let body = thread.with_images(draft.body);
        let mut message = thread.message(body, now);
        message.sender = Some(sender.to_owned());
        message.sender_name = name;
        message.metadata = draft.metadata;
        let message = thread.keep(message, now);
        let change = thread.message_change(What::MessageReceived(message.clone()), &message, now);
        Ok((message.id, change))
    }

    /// Changes an own message; the id and the place stay.
    pub fn edit(
        &mut self,
        thread: &str,
        user: &str,
        message: u64,
        edit: Edit,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let thread = self.writable(thread, user)?;
        let at = thread.own(user, message)?;
        edit.content.as_deref().map_or(Ok(()), check_size)?;
        edit.metadata.as_ref().map_or(Ok(()), check_metadata)?;
        let mut changed = thread.messages[at].copy();
        if let Some(new) = edit.content {
            match &mut changed.body {
                Body::Text(content) | Body::Html { content, .. } | Body::Other { content, .. } => {
                    *content = new;
                }
                Body::TopicUpdated { .. }
                | Body::ParticipantAdded { .. }
                | Body::ParticipantRemoved { .. } => {}
            }
        }
        changed.body = thread.with_images(changed.body);
        changed.metadata = edit.metadata.unwrap_or(changed.metadata);
        changed.edited = Some(now);
        changed.version = millis(now).max(changed.version + 1);
        let changed = Arc::new(changed);
        thread.messages[at] = changed.clone();
        Ok(thread.message_change(What::MessageEdited(changed.clone()), &changed, now))
    }

    /// As [`Store::edit`], where the new words may be marked up although the old ones were not.
    pub fn edit_as(
        &mut self,
        thread: &str,
        user: &str,
        message: u64,
        edit: Edit,
        html: bool,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let place = self.writable(thread, user)?;
        let at = place.own(user, message)?;
        if html && matches!(place.messages[at].body, Body::Text(_)) {
            let mut marked = place.messages[at].copy();
            marked.body = Body::Html {
                content: String::new(),
                attachments: Vec::new(),
            };
            place.messages[at] = Arc::new(marked);
        }
        self.edit(thread, user, message, edit, now)
    }

    /// Deletes an own message; its place stays, its content goes.
    pub fn delete(
        &mut self,
        thread: &str,
        user: &str,
        message: u64,
        now: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        let thread = self.writable(thread, user)?;
        let at = match thread.own(user, message) {
            Err(GONE) => return Ok(None),
            other => other?,
        };
        Ok(Some(thread.blank(at, now)))
    }

    /// Puts back what a deletion of the own message took, as its sender.
    pub fn restore(
        &mut self,
        thread: &str,
        user: &str,
        message: u64,
        body: Body,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let thread = self.writable(thread, user)?;
        let at = match thread.own(user, message) {
            Err(GONE) => thread.position(message).ok_or(NO_MESSAGE)?,
            Ok(_) => return Err(NOT_DELETED),
            Err(refusal) => return Err(refusal),
        };
        let mut back = thread.messages[at].copy();
        back.body = body;
        back.deleted = None;
        back.version = millis(now).max(back.version + 1);
        let back = Arc::new(back);
        thread.messages[at] = back.clone();
        Ok(thread.message_change(What::MessageEdited(back.clone()), &back, now))
    }

    /// Keeps a message of the service itself, by nobody; everybody there is told.
    pub fn announce(
        &mut self,
        thread: &str,
        body: Body,
        now: Timestamp,
    ) -> Result<(u64, Change), Refusal> {
        let thread = self.live_mut(thread)?;
        let message = thread.message(body, now);
        let message = thread.keep(message, now);
        let change = thread.message_change(What::MessageReceived(message.clone()), &message, now);
        Ok((message.id, change))
    }

    pub fn message(&self, thread: &str, user: &str, id: u64) -> Result<Arc<Message>, Refusal> {
        let thread = self.live(thread)?;
        let reader = thread.member(user)?;
        let found = thread.position(id).map(|at| &thread.messages[at]);
        let found = found.filter(|message| reader.sees(message));
        found.cloned().ok_or(NO_MESSAGE)
    }

    /// What `user` may see, newest first, below sequence number `before`.
    pub fn list_messages(
        &self,
        thread: &str,
        user: &str,
        since: Option<Timestamp>,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<Arc<Message>>, Refusal> {
        let thread = self.live(thread)?;
        let reader = thread.member(user)?;
        let end = thread
            .messages
            .partition_point(|message| before.is_none_or(|before| message.sequence < before));
        let older = thread.messages[..end].iter().rev();
        Ok(older
            .take_while(|message| message.sequence >= reader.from_sequence)
            .filter(|message| reader.sees(message))
            .filter(|message| since.is_none_or(|since| message.created >= since))
            .take(most)
            .cloned()
            .collect())
    }
}

impl Body {
    fn content(&self) -> &str {
        match self {
            Self::Text(content) | Self::Html { content, .. } | Self::Other { content, .. } => {
                content
            }
            Self::TopicUpdated { topic, .. } => topic,
            Self::ParticipantAdded { .. } | Self::ParticipantRemoved { .. } => "",
        }
    }

    /// The same kind of message, saying nothing.
    fn blanked(&self) -> Self {
        match self {
            Self::Text(_) => Self::Text(String::new()),
            Self::Html { .. } => Self::Html {
                content: String::new(),
                attachments: Vec::new(),
            },
            Self::Other { kind, .. } => Self::Other {
                kind: kind.clone(),
                content: String::new(),
            },
            Self::TopicUpdated { .. }
            | Self::ParticipantAdded { .. }
            | Self::ParticipantRemoved { .. } => self.clone(),
        }
    }
}

impl Message {
    fn copy(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            sender_name: self.sender_name.clone(),
            body: self.body.clone(),
            metadata: self.metadata.clone(),
            ..*self
        }
    }
}

impl Participant {
    fn sees(&self, message: &Message) -> bool {
        message.sequence >= self.from_sequence && message.created >= self.share_history
    }
}

impl Thread {
    pub(super) fn next_sequence(&self) -> u64 {
        self.messages.last().map_or(1, |last| last.sequence + 1)
    }

    /// Keeps a message of the service itself. It has no event of its own.
    pub(super) fn note(&mut self, body: Body, now: Timestamp) {
        let message = self.message(body, now);
        self.keep(message, now);
    }

    /// The next message of the thread, by nobody yet.
    fn message(&self, body: Body, now: Timestamp) -> Message {
        let last = self.messages.last().map_or(0, |last| last.id);
        let id = millis(now).max(last + 1);
        Message {
            id,
            version: id,
            sequence: self.next_sequence(),
            sender: None,
            sender_name: String::new(),
            body,
            metadata: Metadata::new(),
            created: now,
            edited: None,
            deleted: None,
        }
    }

    fn keep(&mut self, message: Message, now: Timestamp) -> Arc<Message> {
        let message = Arc::new(message);
        self.messages.push(message.clone());
        self.last_message = now;
        message
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |m| m.id).ok()
    }

    /// Where `user`'s own message is.
    fn own(&self, user: &str, id: u64) -> Result<usize, Refusal> {
        let reader = self.member(user)?;
        let at = self.position(id).ok_or(NO_MESSAGE)?;
        let message = &self.messages[at];
        if !reader.sees(message) {
            return Err(NO_MESSAGE);
        }
        if message.sender.as_deref() != Some(user) {
            return Err(NOT_YOURS);
        }
        if message.deleted.is_some() {
            return Err(GONE);
        }
        Ok(at)
    }

    fn blank(&mut self, at: usize, now: Timestamp) -> Change {
        let mut blank = self.messages[at].copy();
        blank.body = blank.body.blanked();
        blank.metadata.clear();
        blank.deleted = Some(now);
        blank.version = millis(now).max(blank.version + 1);
        let blank = Arc::new(blank);
        self.messages[at] = blank.clone();
        self.message_change(What::MessageDeleted(blank.clone()), &blank, now)
    }

    /// Takes the text out of everything `user` sent.
    pub(super) fn erase_messages(&mut self, user: &str, now: Timestamp) -> Vec<Change> {
        let theirs = |m: &Message| m.sender.as_deref() == Some(user) && m.deleted.is_none();
        let found: Vec<_> = (0..self.messages.len())
            .filter(|at| theirs(&self.messages[*at]))
            .collect();
        found.into_iter().map(|at| self.blank(at, now)).collect()
    }

    fn message_change(&self, what: What, message: &Message, now: Timestamp) -> Change {
        Change {
            thread: self.id.clone(),
            to: self.audience.clone(),
            at: now,
            version: message.version,
            what,
        }
    }

    /// Lists the uploaded images that an HTML message shows as its attachments.
    fn with_images(&self, body: Body) -> Body {
        let Body::Html {
            content,
            mut attachments,
        } = body
        else {
            return body;
        };
        let shown = self.images.iter().filter(|image| {
            content.contains(&image.id) && attachments.iter().all(|other| other.id != image.id)
        });
        let shown: Vec<_> = shown.map(|image| image.attachment(&self.id)).collect();
        attachments.extend(shown);
        Body::Html {
            content,
            attachments,
        }
    }
}

fn check_size(content: &str) -> Result<(), Refusal> {
    if content.len() > MESSAGE_BYTES {
        return Err(Refusal::Invalid(
            "A message must not exceed 28 KB.".to_owned(),
        ));
    }
    Ok(())
}

const MESSAGE_BYTES: usize = 28 * 1024;
const NO_MESSAGE: Refusal = Refusal::NotFound("The specified message id was not found.");
const NOT_YOURS: Refusal = Refusal::Forbidden("Only the sender may change a message.");
const NOT_DELETED: Refusal = Refusal::NotFound("The message was not deleted.");
const GONE: Refusal = Refusal::NotFound("The message was deleted.");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::store::Kind;
    use crate::service::store::NewThread;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn room() -> (Store, String, String) {
        let mut store = Store::default();
        let ada = store.identities.create(None);
        let creator = Participant::new(&ada, Some("Ada"));
        let new = NewThread::new(Kind::Chat, "Topic");
        let (id, _, _) = store.create_thread(creator, new, NOW).unwrap();
        (store, id, ada)
    }

    #[test]
    fn ids_increase_within_one_millisecond() {
        let (mut store, id, ada) = room();
        let mut post = || store.post(&id, &ada, Draft::text("x"), NOW).unwrap().0;
        let ids = [post(), post(), post()];
        assert!(ids[0] < ids[1] && ids[1] < ids[2]);
    }

    #[test]
    fn an_edit_raises_the_version_and_keeps_the_place() {
        let (mut store, id, ada) = room();
        let (sent, _) = store.post(&id, &ada, Draft::text("x"), NOW).unwrap();
        let edit = Edit {
            content: Some("y".to_owned()),
            metadata: None,
        };
        store.edit(&id, &ada, sent, edit, NOW).unwrap();
        let message = store.message(&id, &ada, sent).unwrap();
        assert_eq!((message.id, message.sequence), (sent, 3));
        assert!(message.version > sent && message.edited.is_some());
    }

    #[test]
    fn a_deleted_message_keeps_its_place_and_loses_its_text() {
        let (mut store, id, ada) = room();
        let (sent, _) = store.post(&id, &ada, Draft::text("x"), NOW).unwrap();
        assert!(store.delete(&id, &ada, sent, NOW).unwrap().is_some());
        assert!(store.delete(&id, &ada, sent, NOW).unwrap().is_none());
        let message = store.message(&id, &ada, sent).unwrap();
        assert!(matches!(&message.body, Body::Text(text) if text.is_empty()));
        assert!(message.deleted.is_some());
    }

    #[test]
    fn nothing_from_before_somebody_entered_is_shown_to_them() {
        let (mut store, id, ada) = room();
        let (before, _) = store.post(&id, &ada, Draft::text("x"), NOW).unwrap();
        let bob = store.identities.create(None);
        let by = store.live(&id).unwrap().who(&ada);
        let new = Participant::new(&bob, Some("Bob"));
        let history = crate::service::store::History::FromNow;
        store.admit(&id, &by, new, history, NOW).unwrap();
        assert!(store.message(&id, &bob, before).is_err());
        let seen = store.list_messages(&id, &bob, None, None, 10).unwrap();
        assert_eq!(seen.len(), 1, "only the note that Bob was added");
    }
}
