//! What was already told of a thread: the ids and versions of its loaded messages.

use std::collections::BTreeMap;

use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::Version;

/// A range of messages without holes, from the oldest loaded to the newest.
#[derive(Default)]
pub(super) struct Window {
    told: BTreeMap<MessageId, Version>,
    /// The oldest loaded; older ones are nobody's business until they are asked for.
    floor: Option<MessageId>,
    /// Nothing lies before the floor.
    complete: bool,
}

impl Window {
    /// Whether the message says something that was not told.
    pub(super) fn is_news(&self, message: &Message) -> bool {
        let below = self.floor.as_ref().is_some_and(|floor| message.id < *floor);
        if below && !self.complete {
            return false;
        }
        self.told
            .get(&message.id)
            .is_none_or(|told| *told < message.version)
    }

    /// Whether the message belongs to what is loaded and was not told.
    pub(super) fn lacks(&self, id: &MessageId) -> bool {
        let inside = self.floor.as_ref().is_some_and(|floor| floor < id);
        inside && !self.told.contains_key(id)
    }

    pub(super) fn note(&mut self, message: &Message) {
        let told = self.told.entry(message.id.clone()).or_default();
        *told = (*told).max(message.version);
        if self.told.len() > MOST {
            self.forget_oldest();
        }
    }

    pub(super) fn newest(&self) -> Option<&MessageId> {
        self.told.keys().next_back()
    }

    pub(super) fn floor(&self) -> Option<&MessageId> {
        self.floor.as_ref()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Everything from `id` on is loaded.
    pub(super) fn lower(&mut self, id: Option<&MessageId>, complete: bool) {
        if let Some(id) = id
            && self.floor.as_ref().is_none_or(|floor| id < floor)
        {
            self.floor = Some(id.clone());
        }
        self.complete |= complete;
    }

    fn forget_oldest(&mut self) {
        self.told.pop_first();
        self.floor = self.told.keys().next().cloned();
        self.complete = false;
    }
}

/// More than any screen's timeline holds.
const MOST: usize = 60_000;
