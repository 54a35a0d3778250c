//! What to read of each chat, and when: never by itself, one list a chat at a time.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::clock::Timestamp;
use crate::model::thread::ThreadId;
use crate::wire::graph::query::MessagesQuery;

/// What part of a chat is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The newest page, on opening.
    Newest,
    /// What was changed after this time.
    Since(Timestamp),
    /// What was written before this time.
    Before(Timestamp),
}

impl Part {
    pub(super) fn query(&self) -> MessagesQuery {
        match self {
            Self::Newest => MessagesQuery::newest(),
            Self::Since(time) => MessagesQuery::modified_after(Some(&time.to_string())),
            Self::Before(time) => MessagesQuery::created_before(&time.to_string()),
        }
    }

    /// Whether a message belongs to it: the service may have ignored the filter.
    pub(super) fn holds(&self, created: Timestamp, modified: Timestamp) -> bool {
        match self {
            Self::Newest => true,
            Self::Since(time) => modified > *time,
            Self::Before(time) => created < *time,
        }
    }
}

#[derive(Debug, Default)]
struct Chat {
    /// The greatest time of change that was seen.
    newest: Option<Timestamp>,
    /// From here on nothing is missing. A change of something older does not move it.
    oldest: Option<Timestamp>,
    busy: bool,
    waiting: VecDeque<Wish>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Opened, refreshed, sent to, or told of.
    Newer,
    Older,
}

#[derive(Debug, Default)]
pub(super) struct Sync(BTreeMap<ThreadId, Chat>);

impl Sync {
    /// What to read now; nothing while another list of the chat is under way.
    pub(super) fn ask(&mut self, thread: &ThreadId, wish: Wish) -> Option<Part> {
        let chat = self.0.entry(thread.clone()).or_default();
        if chat.busy {
            if !chat.waiting.contains(&wish) {
                chat.waiting.push_back(wish);
            }
            return None;
        }
        chat.busy = true;
        Some(match (wish, chat.newest, chat.oldest) {
            (Wish::Older, _, Some(oldest)) => Part::Before(oldest),
            // Two seconds more, since times of change are not told in order.
            (_, Some(newest), _) => {
                Part::Since(Timestamp::from_millis(newest.as_millis() - OVERLAP))
            }
            (_, None, _) => Part::Newest,
        })
    }

    /// A list came, or did not; what was asked for meanwhile.
    pub(super) fn listed(
        &mut self,
        thread: &ThreadId,
        part: &Part,
        times: impl Iterator<Item = (Timestamp, Timestamp)>,
    ) -> Option<Wish> {
        let chat = self.0.entry(thread.clone()).or_default();
        for (created, modified) in times {
            chat.newest = chat.newest.max(Some(modified));
            if !matches!(part, Part::Since(_)) {
                chat.oldest = Some(chat.oldest.map_or(created, |oldest| oldest.min(created)));
            }
        }
        chat.busy = false;
        chat.waiting.pop_front()
    }

    /// The greatest time of change that was seen in the chat.
    pub(super) fn seen(&self, thread: &ThreadId) -> Option<Timestamp> {
        self.0.get(thread)?.newest
    }

    pub(super) fn opened(&self) -> impl Iterator<Item = &ThreadId> {
        self.0.keys()
    }

    pub(super) fn is_open(&self, thread: &ThreadId) -> bool {
        self.0.contains_key(thread)
    }

    pub(super) fn close(&mut self, thread: &ThreadId) {
        self.0.remove(thread);
    }
}

pub(super) const OVERLAP: i64 = 2_000;

#[cfg(test)]
mod tests {
    use crate::wire::graph::query::Property;

    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn one_list_a_chat_is_under_way_and_what_is_wished_meanwhile_is_kept_once() {
        let mut sync = Sync::default();
        let chat = ThreadId::new("19:a@thread.v2");
        assert_eq!(sync.ask(&chat, Wish::Newer), Some(Part::Newest));
        assert_eq!(sync.ask(&chat, Wish::Newer), None);
        assert_eq!(sync.ask(&chat, Wish::Newer), None);
        let told = [(at(10_000), at(30_000)), (at(20_000), at(20_000))];
        let listed = sync.listed(&chat, &Part::Newest, told.into_iter());
        assert_eq!(listed, Some(Wish::Newer));
        let since = Part::Since(at(28_000));
        assert_eq!(sync.ask(&chat, Wish::Newer), Some(since.clone()));
        assert_eq!(sync.listed(&chat, &since, std::iter::empty()), None);
        assert_eq!(sync.ask(&chat, Wish::Older), Some(Part::Before(at(10_000))));
    }

    #[test]
    fn a_reaction_to_something_old_leaves_nothing_out_of_what_is_read_backwards() {
        let mut sync = Sync::default();
        let chat = ThreadId::new("19:a@thread.v2");
        sync.ask(&chat, Wish::Newer);
        sync.listed(&chat, &Part::Newest, [(at(50_000), at(50_000))].into_iter());
        let since = sync.ask(&chat, Wish::Newer).unwrap();
        sync.listed(&chat, &since, [(at(1_000), at(60_000))].into_iter());
        assert_eq!(sync.ask(&chat, Wish::Older), Some(Part::Before(at(50_000))));
        // Sorted by its changes, the first page would hold what is old as well.
        assert_eq!(Part::Newest.query().order, Some(Property::Created));
    }

    #[test]
    fn what_the_service_should_have_filtered_is_filtered_here_too() {
        let since = Part::Since(at(5));
        assert!(since.holds(at(1), at(6)));
        assert!(!since.holds(at(1), at(5)));
        assert!(Part::Before(at(5)).holds(at(4), at(9)));
        assert!(!Part::Before(at(5)).holds(at(5), at(9)));
    }

    #[test]
    fn order_and_filter_always_name_the_same_property() {
        for part in [Part::Newest, Part::Since(at(1)), Part::Before(at(1))] {
            let query = part.query();
            assert_eq!(query.heeded().count(), query.filter.len());
        }
    }
}
