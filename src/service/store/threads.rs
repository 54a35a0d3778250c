//! Threads: made, described, listed, deleted by people or by their retention policy.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Timestamp;

use super::Audience;
use super::Body;
use super::Change;
use super::Image;
use super::Invalid;
use super::MANAGED;
use super::Message;
use super::Metadata;
use super::Participant;
use super::Properties;
use super::Receipt;
use super::Refusal;
use super::Store;
use super::What;
use super::check_metadata;
use super::participants::MOST_PARTICIPANTS;

/// What a thread belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Chat,
    /// The meeting decides who is in it, and its display names are the meeting's.
    Meeting,
    /// Of two people of the organisation, who stay in it.
    OneOnOne,
    /// Of a team: who is in the team is in it.
    Channel,
}

impl Kind {
    /// Whether people of it may change who is in it and what it is called.
    pub fn is_managed(self) -> bool {
        match self {
            Self::Chat => false,
            Self::Meeting | Self::OneOnOne | Self::Channel => true,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Retention {
    #[default]
    None,
    DaysAfterCreation(u16),
}

pub struct Thread {
    pub id: Arc<str>,
    pub kind: Kind,
    pub topic: String,
    pub created: Timestamp,
    pub creator: String,
    pub metadata: Metadata,
    pub retention: Retention,
    pub deleted: Option<Timestamp>,
    pub last_message: Timestamp,
    pub participants: Vec<Participant>,
    pub(super) audience: Audience,
    pub(super) messages: Vec<Arc<Message>>,
    pub(super) receipts: HashMap<String, Receipt>,
    pub(super) images: Vec<Image>,
    version: u64,
}

pub struct NewThread {
    pub kind: Kind,
    pub topic: String,
    /// It may do without a topic: it is called by its people.
    pub unnamed: bool,
    pub participants: Vec<Participant>,
    pub metadata: Metadata,
    pub retention: Retention,
    /// `repeatability-request-id`: the same one from the same person names the same thread.
    pub repeat: Option<String>,
}

impl NewThread {
    pub fn new(kind: Kind, topic: &str) -> Self {
        Self {
            kind,
            topic: topic.to_owned(),
            unnamed: false,
            participants: Vec::new(),
            metadata: Metadata::new(),
            retention: Retention::None,
            repeat: None,
        }
    }
}

/// What an update says; `None` leaves it as it is.
#[derive(Default)]
pub struct Patch {
    pub topic: Option<String>,
    /// Merged key by key; a key without a value is removed.
    pub metadata: HashMap<String, Option<String>>,
    pub retention: Option<Retention>,
}

/// The first answer to a create that may be sent again.
pub(super) struct Repeatable {
    at: Timestamp,
    thread: String,
    invalid: Vec<Invalid>,
}

/// One row of the list of threads.
pub struct Listed {
    pub id: Arc<str>,
    pub topic: String,
    pub deleted: Option<Timestamp>,
    pub last_message: Timestamp,
}

impl Store {
    /// Makes a thread with its creator and everybody else who can be in it.
    pub fn create_thread(
        &mut self,
        creator: Participant,
        new: NewThread,
        now: Timestamp,
    ) -> Result<(String, Vec<Invalid>, Vec<Change>), Refusal> {
        let repeat = new.repeat.clone().map(|id| (creator.id.clone(), id));
        self.repeatable
            .retain(|_, first| now.seconds_since(first.at) < REPEATABLE_SECONDS);
        if let Some(first) = repeat.as_ref().and_then(|key| self.repeatable.get(key)) {
            return Ok((first.thread.clone(), first.invalid.clone(), Vec::new()));
        }
        if !new.unnamed {
            check_topic(&new.topic)?;
        }
        check_metadata(&new.metadata)?;
        check_retention(new.retention)?;
        let (mut participants, invalid) = self.sort_out(new.participants)?;
        let listed = participants.iter().position(|who| who.id == creator.id);
        let creator = listed.map_or(creator, |at| participants.remove(at));
        participants.insert(0, creator);
        if participants.len() > MOST_PARTICIPANTS {
            return Err(Refusal::Invalid(
                "A thread has at most 250 participants.".to_owned(),
            ));
        }
        let id = thread_id(new.kind, &participants);
        for who in &participants {
            let threads = self.of_person.entry(who.id.clone()).or_default();
            threads.insert(id.clone());
        }
        let mut thread = Thread {
            id: Arc::from(id.as_str()),
            kind: new.kind,
            topic: new.topic,
            created: now,
            creator: participants[0].id.clone(),
            metadata: new.metadata,
            retention: new.retention,
            deleted: None,
            last_message: now,
            participants,
            audience: Arc::from([]),
            messages: Vec::new(),
            receipts: HashMap::new(),
            images: Vec::new(),
            version: 0,
        };
        let change = thread.open(now);
        self.threads.insert(id.clone(), thread);
        if let Some(key) = repeat {
            let first = Repeatable {
                at: now,
                thread: id.clone(),
                invalid: invalid.clone(),
            };
            self.repeatable.insert(key, first);
        }
        Ok((id, invalid, vec![change]))
    }

    /// `user`'s threads, the most recently active first, deleted ones among them.
    pub fn list_threads(&self, user: &str, since: Option<Timestamp>) -> Vec<Listed> {
        let ids = self.of_person.get(user).into_iter().flatten();
        let mut found: Vec<_> = ids
            .filter_map(|id| self.threads.get(id))
            .filter(|thread| thread.member(user).is_ok())
            .filter(|thread| since.is_none_or(|since| thread.last_message >= since))
            .map(|thread| Listed {
                id: thread.id.clone(),
                topic: thread.topic.clone(),
                deleted: thread.deleted,
                last_message: thread.last_message,
            })
            .collect();
        found.sort_by(|a, b| (b.last_message, &b.id).cmp(&(a.last_message, &a.id)));
        found
    }

    pub fn update_thread(
        &mut self,
        id: &str,
        by: &str,
        patch: Patch,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        let thread = self.writable(id, by)?;
        if thread.kind.is_managed() {
            return Err(MANAGED);
        }
        thread.patch(by, patch, now)
    }

    /// As [`Store::update_thread`], without asking whether `by` may.
    pub fn describe(
        &mut self,
        id: &str,
        by: &str,
        patch: Patch,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        self.live_mut(id)?.patch(by, patch, now)
    }

    pub fn delete_thread(
        &mut self,
        id: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        let thread = self.writable(id, by)?;
        if thread.kind.is_managed() {
            return Err(MANAGED);
        }
        thread.deleted = Some(now);
        let by = Some(thread.who(by));
        Ok(vec![thread.change(What::ThreadDeleted { by }, now)])
    }

    /// Deletes the threads whose retention policy has run out.
    pub fn enforce_retention(&mut self, now: Timestamp) -> Vec<Change> {
        let live = self.threads.values_mut().filter(|t| t.deleted.is_none());
        live.filter(|thread| thread.ends().is_some_and(|end| end <= now))
            .map(|thread| {
                thread.deleted = Some(now);
                thread.change(What::ThreadDeleted { by: None }, now)
            })
            .collect()
    }

    /// When the next retention policy runs out.
    pub fn next_end(&self) -> Option<Timestamp> {
        let live = self.threads.values().filter(|t| t.deleted.is_none());
        live.filter_map(Thread::ends).min()
    }

    /// Everything a deleted identity leaves behind: its places, and the text of its messages.
    pub fn erase_person(&mut self, user: &str, now: Timestamp) -> Vec<Change> {
        self.identities.delete(user);
        let mut changes = Vec::new();
        for id in self.of_person.get(user).cloned().unwrap_or_default() {
            let Ok(thread) = self.live_mut(&id) else {
                continue;
            };
            changes.extend(thread.erase_messages(user, now));
            let by = thread.who(user);
            changes.extend(self.unseat(&id, &by, user, now).unwrap_or_default());
        }
        self.of_person.remove(user);
        changes
    }
}

impl Thread {
    /// Everything that is in it, oldest first, whoever may see it.
    pub fn messages(&self) -> &[Arc<Message>] {
        &self.messages
    }

    /// The system messages every history begins with; a chat of Graph may have no topic.
    fn open(&mut self, now: Timestamp) -> Change {
        self.update_audience();
        let by = self.who(&self.creator);
        let members = self.participants.clone();
        let added = Body::ParticipantAdded {
            who: members.clone(),
            by: by.id.clone(),
        };
        self.note(added, now);
        if !self.topic.is_empty() {
            let named = Body::TopicUpdated {
                topic: self.topic.clone(),
                by: by.id.clone(),
            };
            self.note(named, now);
        }
        let created = What::ThreadCreated {
            by,
            properties: self.properties(),
            members,
        };
        self.change(created, now)
    }

    fn patch(&mut self, by: &str, patch: Patch, now: Timestamp) -> Result<Vec<Change>, Refusal> {
        patch.topic.as_deref().map_or(Ok(()), check_topic)?;
        patch.retention.map_or(Ok(()), check_retention)?;
        let mut metadata = self.metadata.clone();
        for (key, value) in patch.metadata {
            match value {
                Some(value) => metadata.insert(key, value),
                None => metadata.remove(&key),
            };
        }
        check_metadata(&metadata)?;
        self.metadata = metadata;
        self.retention = patch.retention.unwrap_or(self.retention);
        if let Some(topic) = patch.topic.filter(|topic| *topic != self.topic) {
            self.topic.clone_from(&topic);
            let by = by.to_owned();
            self.note(Body::TopicUpdated { topic, by }, now);
        }
        let by = self.who(by);
        let properties = self.properties();
        Ok(vec![
            self.change(What::ThreadUpdated { by, properties }, now),
        ])
    }

    pub(super) fn change(&mut self, what: What, now: Timestamp) -> Change {
        self.version = millis(now).max(self.version + 1);
        Change {
            thread: self.id.clone(),
            to: self.audience.clone(),
            at: now,
            version: self.version,
            what,
        }
    }

    fn properties(&self) -> Properties {
        Properties {
            topic: self.topic.clone(),
            created: self.created,
            metadata: self.metadata.clone(),
            retention: self.retention,
        }
    }

    fn ends(&self) -> Option<Timestamp> {
        match self.retention {
            Retention::None => None,
            Retention::DaysAfterCreation(days) => Some(Timestamp::from_millis(
                self.created.as_millis() + i64::from(days) * DAY_MILLIS,
            )),
        }
    }
}

fn check_topic(topic: &str) -> Result<(), Refusal> {
    if topic.trim().is_empty() {
        return Err(Refusal::Invalid("Topic must not be empty.".to_owned()));
    }
    Ok(())
}

fn check_retention(retention: Retention) -> Result<(), Refusal> {
    match retention {
        Retention::DaysAfterCreation(days) if !(30..=90).contains(&days) => Err(Refusal::Invalid(
            "DeleteThreadAfterDays must be between 30 and 90.".to_owned(),
        )),
        Retention::DaysAfterCreation(_) | Retention::None => Ok(()),
    }
}

fn thread_id(kind: Kind, participants: &[Participant]) -> String {
    let opaque = uuid::Uuid::new_v4().simple();
    match kind {
        Kind::Chat => format!("19:{opaque}@thread.v2"),
        Kind::Meeting => format!("19:meeting_{opaque}@thread.v2"),
        Kind::Channel => format!("19:{opaque}@thread.tacv2"),
        Kind::OneOnOne => {
            let ids = participants.iter().map(|who| who.id.as_str());
            let mut two: Vec<&str> = ids.filter_map(|id| id.strip_prefix("8:orgid:")).collect();
            two.sort_unstable();
            format!("19:{}@unq.gbl.spaces", two.join("_"))
        }
    }
}

pub(super) fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}

const DAY_MILLIS: i64 = 86_400_000;
const REPEATABLE_SECONDS: u64 = 600;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn thread(store: &mut Store, new: NewThread) -> (String, String) {
        let ada = store.identities.create(None);
        let creator = Participant::new(&ada, Some("Ada"));
        let (id, _, _) = store.create_thread(creator, new, NOW).unwrap();
        (ada, id)
    }

    #[test]
    fn a_history_begins_with_who_was_added_and_the_topic() {
        let mut store = Store::default();
        let (ada, id) = thread(&mut store, NewThread::new(Kind::Chat, "Design review"));
        let page = store.list_messages(&id, &ada, None, None, 10).unwrap();
        let sequences: Vec<_> = page.iter().map(|m| m.sequence).collect();
        assert_eq!(sequences, [2, 1]);
        assert!(matches!(page[0].body, Body::TopicUpdated { .. }));
        assert!(matches!(page[1].body, Body::ParticipantAdded { .. }));
    }

    #[test]
    fn a_repeated_create_names_the_first_thread() {
        let mut store = Store::default();
        let ada = store.identities.create(None);
        let mut create = |at: i64| {
            let mut new = NewThread::new(Kind::Chat, "Design review");
            new.repeat = Some("r1".to_owned());
            let at = Timestamp::from_millis(NOW.as_millis() + at);
            let made = store.create_thread(Participant::new(&ada, None), new, at);
            made.unwrap().0
        };
        let first = create(0);
        assert_eq!(create(299_000), first);
        assert_ne!(create(601_000), first);
    }

    #[test]
    fn a_retention_policy_deletes_its_thread_when_it_runs_out() {
        let mut store = Store::default();
        let mut new = NewThread::new(Kind::Chat, "Short lived");
        new.retention = Retention::DaysAfterCreation(30);
        let (ada, id) = thread(&mut store, new);
        let end = store.next_end().unwrap();
        assert!(store.enforce_retention(NOW).is_empty());
        let changes = store.enforce_retention(end);
        assert!(matches!(changes[0].what, What::ThreadDeleted { by: None }));
        assert!(matches!(
            store.thread_for(&id, &ada),
            Err(Refusal::NotFound(_))
        ));
        assert!(store.list_threads(&ada, None)[0].deleted.is_some());
    }

    #[test]
    fn metadata_is_merged_and_null_removes_a_key() {
        let mut store = Store::default();
        let (ada, id) = thread(&mut store, NewThread::new(Kind::Chat, "Topic"));
        let mut patch = |pairs: &[(&str, Option<&str>)]| {
            let pairs = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.map(str::to_owned)));
            let patch = Patch {
                metadata: pairs.collect(),
                ..Patch::default()
            };
            store.update_thread(&id, &ada, patch, NOW).unwrap();
            store.live(&id).unwrap().metadata.clone()
        };
        patch(&[("a", Some("1")), ("b", Some("2"))]);
        let left = patch(&[("a", None), ("c", Some("3"))]);
        assert_eq!(left.keys().collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn an_erased_person_leaves_no_place_and_no_text() {
        let mut store = Store::default();
        let (ada, id) = thread(&mut store, NewThread::new(Kind::Chat, "Topic"));
        let grace = store.identities.create(None);
        let others = vec![Participant::new(&grace, None)];
        store.add_participants(&id, &ada, others, NOW).unwrap();
        let draft = crate::service::store::Draft::text("secret");
        store.post(&id, &ada, draft, NOW).unwrap();
        assert!(!store.erase_person(&ada, NOW).is_empty());
        let page = store.list_messages(&id, &grace, None, None, 10).unwrap();
        assert!(
            page.iter()
                .all(|m| !matches!(&m.body, Body::Text(text) if !text.is_empty()))
        );
        assert!(store.live(&id).unwrap().participant(&ada).is_none());
    }
}
