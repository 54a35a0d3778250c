//! The organisation: its people and teams, and what Graph alone knows of chats and messages.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use axum::http::Method;

use crate::clock::Timestamp;
use crate::service::store::Body;
use crate::service::store::Message;
use crate::wire::graph::directory::Availability;
use crate::wire::graph::message::Attachment;
use crate::wire::graph::message::Importance;
use crate::wire::graph::message::Mention;

use super::drive::Drives;
use super::paging::Cursors;
use super::push::Subscriptions;

/// The one organisation behind this service.
pub(in crate::service) use crate::service::entra::TENANT;

/// The user principal name of the person whose work account the demo and the tests use.
pub const ADA: &str = "ada@sidetone.example";

/// Somebody of the organisation.
#[derive(Debug, Clone)]
pub(in crate::service) struct User {
    pub(in crate::service) id: String,
    pub(in crate::service) name: String,
    pub(in crate::service) upn: String,
    pub(in crate::service) title: String,
}

impl User {
    pub(in crate::service) fn raw_id(&self) -> String {
        format!("8:orgid:{}", self.id)
    }
}

#[derive(Debug, Clone)]
pub(super) struct TeamOf {
    pub(super) id: String,
    pub(super) name: String,
    /// Thread ids.
    pub(super) channels: Vec<String>,
}

/// What somebody sees of a chat that others do not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Viewpoint {
    pub(super) read: Option<Timestamp>,
    pub(super) hidden: bool,
}

/// What the store does not keep of a message.
#[derive(Clone, Default)]
pub(super) struct Extra {
    pub(super) importance: Importance,
    pub(super) mentions: Vec<Mention>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) reactions: Vec<Reacted>,
    pub(super) hosted: Vec<Hosted>,
    /// When something changed that is no edit.
    pub(super) touched: Option<Timestamp>,
    /// What a deletion took, for whoever undoes it.
    pub(super) kept: Option<Body>,
    /// In channels: the message this one answers.
    pub(super) reply_to: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Reacted {
    pub(super) by: String,
    pub(super) kind: String,
    pub(super) at: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Hosted {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) bytes: Arc<[u8]>,
}

#[derive(Default)]
pub(crate) struct Tenant {
    pub(super) users: Vec<User>,
    pub(super) teams: Vec<TeamOf>,
    pub(super) presence: BTreeMap<String, (Availability, String)>,
    pub(super) views: HashMap<(String, String), Viewpoint>,
    pub(super) extras: HashMap<(String, u64), Extra>,
    pub(super) drives: Drives,
    pub(super) cursors: Cursors,
    pub(super) subscriptions: Subscriptions,
    /// Every token is answered with a challenge to sign in anew.
    pub(in crate::service) challenges: bool,
    /// Of Graph, whoever asked; and how many of them only read.
    pub(in crate::service) requests: u64,
    pub(in crate::service) reads: u64,
}

impl Tenant {
    pub(super) fn count(&mut self, method: &Method) {
        self.requests += 1;
        self.reads += u64::from(method == Method::GET);
    }

    /// By object id or user principal name.
    pub(in crate::service) fn user(&self, key: &str) -> Option<&User> {
        let same = |user: &&User| user.id == key || user.upn.eq_ignore_ascii_case(key);
        self.users.iter().find(same)
    }

    pub(in crate::service) fn named(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(super) fn extra(&self, thread: &str, message: u64) -> Option<&Extra> {
        self.extras.get(&(thread.to_owned(), message))
    }

    pub(super) fn extra_mut(&mut self, thread: &str, message: u64) -> &mut Extra {
        self.extras.entry((thread.to_owned(), message)).or_default()
    }

    pub(super) fn view(&self, user: &str, thread: &str) -> Viewpoint {
        let key = (user.to_owned(), thread.to_owned());
        self.views.get(&key).copied().unwrap_or_default()
    }

    pub(super) fn view_mut(&mut self, user: &str, thread: &str) -> &mut Viewpoint {
        let key = (user.to_owned(), thread.to_owned());
        self.views.entry(key).or_default()
    }

    /// The last time anything about a message changed, reactions among it.
    pub(super) fn modified(&self, thread: &str, message: &Message) -> Timestamp {
        let touched = self
            .extra(thread, message.id)
            .and_then(|extra| extra.touched);
        [message.edited, message.deleted, touched]
            .into_iter()
            .flatten()
            .fold(message.created, Timestamp::max)
    }

    /// The team a channel belongs to.
    pub(super) fn team_of(&self, channel: &str) -> Option<&TeamOf> {
        let holds = |team: &&TeamOf| team.channels.iter().any(|id| id == channel);
        self.teams.iter().find(holds)
    }
}
