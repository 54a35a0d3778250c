//! Who can be reached where: allocations, session ids, registrations, live connections.
//!
//! Part of the service's state: every function is short and waits for nothing. A
//! connection is a bounded queue; one that does not drain it is cut, because a client
//! that knows it lost the link catches up, and one that silently lost an event does not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::service::RealtimeOptions;
use crate::service::faults::Effect;
use crate::service::faults::Faults;
use crate::service::store::Change;
use crate::service::store::Refusal;
use crate::tasks::Tasks;

use super::payload::Shared;

/// How a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnect {
    /// The TCP connection ends without a word.
    Drop,
    /// `0::` first.
    Close,
    /// `0:::` with the reason that makes clients fetch a new token.
    Unauthorized,
}

impl Disconnect {
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Drop => None,
            Self::Close => Some(""),
            Self::Unauthorized => Some(r#"{"reason":"unauthorized"}"#),
        }
    }
}

/// What waits in a connection's queue.
pub(super) enum Item {
    Notify {
        change: Arc<Shared>,
        to: Arc<str>,
        /// Faults that happen on the way.
        effects: Vec<Effect>,
    },
    Loss,
    Reconnect,
    Disconnect(Disconnect),
}

pub(crate) struct Hub {
    options: RealtimeOptions,
    allocations: HashMap<String, Allocated>,
    sids: HashMap<String, Handshaken>,
    registrations: HashMap<String, Vec<Registration>>,
    links: u64,
}

/// An address that was given to a client, by the opaque part of its path.
struct Allocated {
    user: String,
    sr: String,
    sig: String,
    issued: Timestamp,
    ends: Moment,
    link: Option<Link>,
    /// Notifications came while nobody was connected.
    lost: bool,
}

struct Link {
    number: u64,
    queue: mpsc::Sender<Item>,
    tasks: Tasks,
}

struct Handshaken {
    path: String,
    until: Moment,
}

struct Registration {
    id: String,
    path: String,
    until: Moment,
}

/// What an allocation answers with.
pub(super) struct Given {
    pub(super) path: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) ttl: Duration,
    pub(super) ccid: String,
}

/// What a connection needs to know of its allocation.
pub(super) struct Opened {
    pub(super) path: String,
    pub(super) number: u64,
    pub(super) queue: mpsc::Receiver<Item>,
    pub(super) ends: Moment,
    pub(super) lost: bool,
}

impl Hub {
    pub(in crate::service) fn new(options: RealtimeOptions) -> Self {
        Self {
            options,
            allocations: HashMap::new(),
            sids: HashMap::new(),
            registrations: HashMap::new(),
            links: 0,
        }
    }

    /// A new address, or the earlier one for whoever proves that it was theirs.
    pub(super) fn allocate(
        &mut self,
        user: &str,
        saved: Option<(String, String)>,
        now: Moment,
        utc: Timestamp,
    ) -> Given {
        self.forget_expired(now);
        if let Some(path) = saved.and_then(|saved| self.find(user, &saved, now)) {
            return self.given(&path, now);
        }
        let path = uuid::Uuid::new_v4().simple().to_string();
        let allocated = Allocated {
            user: user.to_owned(),
            sr: uuid::Uuid::new_v4().to_string(),
            sig: uuid::Uuid::new_v4().simple().to_string(),
            issued: utc,
            ends: now + self.options.ttl,
            link: None,
            lost: false,
        };
        self.allocations.insert(path.clone(), allocated);
        self.given(&path, now)
    }

    fn given(&self, path: &str, now: Moment) -> Given {
        let allocated = &self.allocations[path];
        let ttl = allocated.ends.since(now);
        let issued = allocated.issued.as_millis();
        let whole = i64::try_from(self.options.ttl.as_millis()).unwrap_or(i64::MAX);
        // Values without a character that the official client would cut or leave unescaped.
        let params = [
            ("sr", allocated.sr.clone()),
            ("issuer", "sidetone".to_owned()),
            ("sp", "connect".to_owned()),
            ("se", issued.saturating_add(whole).to_string()),
            ("st", issued.to_string()),
            ("sig", allocated.sig.clone()),
        ];
        Given {
            path: path.to_owned(),
            params: params.map(|(name, value)| (name.to_owned(), value)).into(),
            ttl,
            ccid: format!("ccid-{}", &path[..8]),
        }
    }

    fn find(&self, user: &str, saved: &(String, String), now: Moment) -> Option<String> {
        let (sr, sig) = saved;
        let found = self.allocations.iter().find(|(_, allocated)| {
            allocated.user == user
                && allocated.sr == *sr
                && allocated.sig == *sig
                && allocated.ends > now
        });
        found.map(|(path, _)| path.clone())
    }

    /// A session id, good for one connection within a short time.
    pub(super) fn handshake(
        &mut self,
        user: &str,
        saved: &(String, String),
        now: Moment,
    ) -> Result<String, Refusal> {
        let path = self.find(user, saved, now);
        let path = path.ok_or(Refusal::NotFound("The allocation is not known."))?;
        // An older id of the same allocation that was never used is void.
        self.sids
            .retain(|_, other| other.until > now && other.path != path);
        let sid = format!("{:016x}-{:016x}", fastrand::u64(..), fastrand::u64(..));
        let until = now + SID_LIFETIME;
        self.sids.insert(sid.clone(), Handshaken { path, until });
        Ok(sid)
    }

    /// Uses up a session id. The connection before it gets no more events, or each would
    /// arrive twice; it is left open, as its client may be changing over.
    pub(super) fn open(
        &mut self,
        sid: &str,
        tasks: &Tasks,
        now: Moment,
    ) -> Result<Opened, Refusal> {
        let unknown = Refusal::Unauthorized("The session id is not known, or was used.");
        let handshaken = self.sids.remove(sid).filter(|sid| sid.until > now);
        let path = handshaken.ok_or(unknown.clone())?.path;
        let allocated = self.allocations.get_mut(&path).ok_or(unknown)?;
        let (sender, queue) = mpsc::channel(self.options.queue);
        self.links += 1;
        allocated.link = Some(Link {
            number: self.links,
            queue: sender,
            tasks: tasks.clone(),
        });
        Ok(Opened {
            path,
            number: self.links,
            queue,
            ends: allocated.ends,
            lost: std::mem::take(&mut allocated.lost),
        })
    }

    /// The connection is gone; a newer one of the same allocation stays.
    pub(super) fn closed(&mut self, path: &str, number: u64) {
        if let Some(allocated) = self.allocations.get_mut(path) {
            allocated.link = allocated.link.take().filter(|link| link.number != number);
        }
    }

    /// `path` is the whole `surl`; the same `id` moves to it from wherever it was.
    pub(super) fn register(
        &mut self,
        user: &str,
        id: &str,
        path: &str,
        ttl: Duration,
        now: Moment,
    ) -> Result<(), Refusal> {
        let path = path
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let allocated = self.allocations.get(path);
        if allocated.is_none_or(|allocated| allocated.user != user) {
            return Err(Refusal::Invalid(
                "The path of the registration is not an address of this user.".to_owned(),
            ));
        }
        let known = self.registrations.entry(user.to_owned()).or_default();
        known.retain(|other| other.id != id && other.until > now);
        known.push(Registration {
            id: id.to_owned(),
            path: path.to_owned(),
            until: now + ttl.min(LONGEST_REGISTRATION),
        });
        Ok(())
    }

    pub(super) fn unregister(&mut self, user: &str, id: &str) {
        if let Some(known) = self.registrations.get_mut(user) {
            known.retain(|other| other.id != id);
        }
    }

    /// Puts a change into the queue of every registered connection of everybody concerned.
    pub(in crate::service) fn publish(&mut self, change: Change, faults: &mut Faults, now: Moment) {
        let audience = change.to.clone();
        let change = Arc::new(Shared::new(change));
        for to in audience.iter() {
            for registration in self.registrations.get(&**to).into_iter().flatten() {
                if registration.until <= now {
                    continue;
                }
                if let Some(allocated) = self.allocations.get_mut(&registration.path)
                    && let Some(item) = notification(&change, to, faults)
                {
                    allocated.push(item);
                }
            }
        }
    }

    pub(in crate::service) fn disconnect(&mut self, user: Option<&str>, how: Disconnect) {
        for allocated in self.of(user) {
            match how {
                Disconnect::Drop => allocated.cut(),
                Disconnect::Close | Disconnect::Unauthorized => {
                    allocated.push(Item::Disconnect(how));
                }
            }
        }
    }

    pub(in crate::service) fn ask_to_reconnect(&mut self, user: Option<&str>) {
        self.of(user)
            .for_each(|allocated| allocated.push(Item::Reconnect));
    }

    pub(in crate::service) fn tell_of_loss(&mut self, user: Option<&str>) {
        self.of(user)
            .for_each(|allocated| allocated.push(Item::Loss));
    }

    /// How many events wait for the connection that is furthest behind.
    pub(in crate::service) fn most_waiting(&self) -> usize {
        let links = self.allocations.values().filter_map(|a| a.link.as_ref());
        let waiting = links.map(|link| link.queue.max_capacity() - link.queue.capacity());
        waiting.max().unwrap_or(0)
    }

    /// Whether events reach `user` as they happen.
    pub(in crate::service) fn reaches(&self, user: &str, now: Moment) -> bool {
        let known = self.registrations.get(user).into_iter().flatten();
        let mut current = known.filter(|registration| registration.until > now);
        current.any(|registration| {
            let allocated = self.allocations.get(&registration.path);
            allocated.is_some_and(|allocated| allocated.link.is_some())
        })
    }

    fn of(&mut self, user: Option<&str>) -> impl Iterator<Item = &mut Allocated> {
        self.allocations.values_mut().filter(move |allocated| {
            allocated.link.is_some() && user.is_none_or(|user| allocated.user == user)
        })
    }

    fn forget_expired(&mut self, now: Moment) {
        self.allocations
            .retain(|_, allocated| allocated.ends > now || allocated.link.is_some());
        for known in self.registrations.values_mut() {
            known.retain(|registration| registration.until > now);
        }
        self.registrations.retain(|_, known| !known.is_empty());
    }
}

impl Allocated {
    /// Queues without waiting. A full queue means a client too slow to keep: it is cut.
    fn push(&mut self, item: Item) {
        let Some(link) = &self.link else {
            self.lost = true;
            return;
        };
        if let Err(refused) = link.queue.try_send(item) {
            if matches!(refused, mpsc::error::TrySendError::Full(_)) {
                tracing::warn!("a connection is too slow and is cut");
            }
            self.cut();
            self.lost = true;
        }
    }

    fn cut(&mut self) {
        if let Some(link) = self.link.take() {
            link.tasks.stop();
        }
    }
}

/// The change on its way to one connection; `None` when a fault swallows it.
fn notification(change: &Arc<Shared>, to: &Arc<str>, faults: &mut Faults) -> Option<Item> {
    let effects = faults.notification();
    if effects.contains(&Effect::Swallow) {
        return None;
    }
    Some(Item::Notify {
        change: change.clone(),
        to: to.clone(),
        effects,
    })
}

const SID_LIFETIME: Duration = Duration::from_secs(30);
const LONGEST_REGISTRATION: Duration = Duration::from_hours(24);
