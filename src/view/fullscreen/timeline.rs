//! The page of talk: which rows of which entries are visible.
//!
//! Walks from the bottom of the page upwards and wraps only what it meets, so a
//! frame costs what is visible, however long the timeline is. Wrapped entries
//! are kept by identity and version. A page that is scrolled back is remembered
//! with the place it was found at: turning another page starts from there.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::model::message::ClientMessageId;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::SendState;
use crate::model::message::Version;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::focus::Scroll;
use crate::state::threads::Thread;
use crate::state::timeline::Entry;
use crate::state::timeline::Mark;
use crate::view::facts;
use crate::view::fullscreen::entry;
use crate::view::fullscreen::wrap::Row;
use crate::view::phrase;
use crate::view::theme::Role;

/// Wrapped entries kept; beyond it those off the page are forgotten.
const KEPT: usize = 4096;

/// How far from the end our newest message is looked for, and how far a message may be from the one before it.
const NEAR: usize = 200;

/// How entries are set in this frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) width: usize,
    pub(crate) borders: crate::model::settings::Borders,
    /// A blank row between messages.
    pub(crate) spaced: bool,
    pub(crate) days: bool,
    /// Names join their text.
    pub(crate) joined: bool,
}

/// Which entry, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Message(MessageId),
    Echo(ClientMessageId),
    Banner(u64),
}

/// Everything beside the layout that decides how an entry looks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about the place of an entry"
)]
pub(crate) struct Look {
    pub(crate) version: Version,
    pub(crate) edited: bool,
    pub(crate) send: Option<SendState>,
    /// The first entry has no blank row before it.
    pub(crate) first: bool,
    /// A day begins with it.
    pub(crate) day: bool,
    /// The first unread.
    pub(crate) marker: bool,
    /// Same sender and minute as the one before: the heading would only repeat.
    pub(crate) grouped: bool,
    pub(crate) selected: bool,
    /// Who has read our newest message.
    pub(crate) readers: Vec<String>,
}

struct Kept {
    look: Look,
    rows: Arc<Vec<Row>>,
    used: u64,
}

/// Where the bottom of a scrolled page was found.
#[derive(Debug, Clone)]
struct Memo {
    anchor: Mark,
    rows: usize,
    at: usize,
    entries: usize,
    bottom: Key,
    hidden: usize,
}

/// The place of the page's last row: an entry, and how many of its rows lie below the page.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    hidden: usize,
}

/// The visible rows, top first.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<PageRow>,
    /// Nothing above is loaded.
    pub(crate) top: bool,
}

#[derive(Debug)]
pub(crate) struct PageRow {
    entry: Option<(Arc<Vec<Row>>, usize)>,
    own: Row,
    /// The message it belongs to; days and lines between messages belong to none.
    pub(crate) message: Option<MessageId>,
    /// The first row of the selected message.
    pub(crate) selected: bool,
}

impl PageRow {
    pub(crate) fn row(&self) -> &Row {
        match &self.entry {
            Some((rows, at)) => rows.get(*at).unwrap_or(&self.own),
            None => &self.own,
        }
    }
}

/// Wrapped entries of the thread in front.
#[derive(Default)]
pub(crate) struct Pages {
    thread: Option<ThreadKey>,
    layout: Option<Layout>,
    kept: HashMap<Key, Kept>,
    memo: Option<Memo>,
    frame: u64,
}

impl Pages {
    /// The page of `height` rows that the state's scroll position asks for.
    pub(crate) fn page(&mut self, state: &State, layout: Layout, height: usize) -> Page {
        let Some(thread) = state.thread() else {
            return Page {
                top: true,
                ..Page::default()
            };
        };
        self.settle(thread, layout);
        let scene = Scene {
            state,
            thread,
            entries: facts::entries(thread),
            layout,
            newest_of_mine: newest_of_mine(thread),
        };
        let place = self.place(&scene, &state.focus.scroll);
        let Some(place) = place else {
            let rows = edge(thread).into_iter().collect();
            return Page { rows, top: true };
        };
        let (mut page, missing) = self.fill(&scene, place, height);
        let mut place = place;
        if missing > 0 {
            // The top is reached: what is missing above is shown below.
            place = self.down(&scene, place, missing);
            page = self.fill(&scene, place, height).0;
        }
        self.remember(&scene, &state.focus.scroll, place);
        if self.kept.len() > KEPT {
            let frame = self.frame;
            self.kept.retain(|_, kept| kept.used == frame);
        }
        page
    }

    fn settle(&mut self, thread: &Thread, layout: Layout) {
        self.frame += 1;
        if self.thread.as_ref() != Some(&thread.key) {
            self.thread = Some(thread.key.clone());
            self.kept.clear();
            self.memo = None;
        }
        if self.layout != Some(layout) {
            self.layout = Some(layout);
            self.kept.clear();
        }
    }

    fn place(&mut self, scene: &Scene<'_>, scroll: &Scroll) -> Option<Place> {
        let last = scene.entries.len().checked_sub(1)?;
        let Scroll::Anchored {
            at: anchor, rows, ..
        } = scroll
        else {
            return Some(Place {
                at: last,
                hidden: 0,
            });
        };
        if let Some(memo) = self.memo.clone().filter(|m| m.anchor == *anchor)
            && let Some(at) = scene.find_again(&memo)
        {
            let hidden = memo
                .hidden
                .min(self.rows(scene, at).len().saturating_sub(1));
            let from = Place { at, hidden };
            return Some(if *rows >= memo.rows {
                self.up(scene, from, rows - memo.rows)
            } else {
                self.down(scene, from, memo.rows - rows)
            });
        }
        let at = scene.thread.timeline.find_mark(anchor).unwrap_or(last);
        Some(self.up(scene, Place { at, hidden: 0 }, *rows))
    }

    fn remember(&mut self, scene: &Scene<'_>, scroll: &Scroll, place: Place) {
        self.memo = match scroll {
            Scroll::Follow => None,
            Scroll::Anchored {
                at: anchor, rows, ..
            } => scene.entries.get(place.at).map(|entry| Memo {
                anchor: anchor.clone(),
                rows: *rows,
                at: place.at,
                entries: scene.entries.len(),
                bottom: key(entry),
                hidden: place.hidden,
            }),
        };
    }

    fn up(&mut self, scene: &Scene<'_>, from: Place, rows: usize) -> Place {
        let mut place = from;
        place.hidden += rows;
        loop {
            let height = self.rows(scene, place.at).len();
            if place.hidden < height {
                return place;
            }
            if place.at == 0 {
                place.hidden = height.saturating_sub(1);
                return place;
            }
            place.hidden -= height;
            place.at -= 1;
        }
    }

    fn down(&mut self, scene: &Scene<'_>, from: Place, mut rows: usize) -> Place {
        let mut place = from;
        while rows > place.hidden {
            if place.at + 1 >= scene.entries.len() {
                return Place { hidden: 0, ..place };
            }
            rows -= place.hidden;
            place.at += 1;
            place.hidden = self.rows(scene, place.at).len();
        }
        place.hidden -= rows;
        place
    }

    /// Rows from `place` upwards, and how many the page lacks at the top.
    fn fill(&mut self, scene: &Scene<'_>, place: Place, height: usize) -> (Page, usize) {
        let mut page = Page::default();
        let mut hidden = place.hidden;
        for at in (0..=place.at).rev() {
            let rows = self.rows(scene, at);
            let selected = scene.selected(at);
            let message = scene.entries.get(at).and_then(Entry::message);
            let message = message.filter(|m| m.sender.is_some()).map(|m| &m.id);
            let heading = entry::heading_at(&rows);
            for row in (0..rows.len().saturating_sub(hidden)).rev() {
                if page.rows.len() >= height {
                    page.rows.reverse();
                    return (page, 0);
                }
                page.rows.push(PageRow {
                    selected: selected && row == heading,
                    message: message.filter(|_| row >= heading).cloned(),
                    entry: Some((Arc::clone(&rows), row)),
                    own: Row::blank(),
                });
            }
            hidden = 0;
        }
        page.top = true;
        if page.rows.len() < height {
            page.rows.extend(edge(scene.thread));
        }
        let missing = height.saturating_sub(page.rows.len());
        page.rows.reverse();
        (page, missing)
    }

    fn rows(&mut self, scene: &Scene<'_>, at: usize) -> Arc<Vec<Row>> {
        let Some(entry) = scene.entries.get(at) else {
            return Arc::default();
        };
        let key = key(entry);
        let look = scene.look(at, entry);
        if let Some(kept) = self.kept.get_mut(&key)
            && kept.look == look
        {
            kept.used = self.frame;
            return Arc::clone(&kept.rows);
        }
        let rows = Arc::new(entry::rows(scene.state, entry, &look, scene.layout));
        let kept = Kept {
            look,
            rows: Arc::clone(&rows),
            used: self.frame,
        };
        self.kept.insert(key, kept);
        rows
    }
}

fn key(entry: &Entry) -> Key {
    match entry {
        Entry::Message(message) => Key::Message(message.id.clone()),
        Entry::Echo(echo) => Key::Echo(echo.client_id.clone()),
        Entry::Banner { number, .. } => Key::Banner(*number),
    }
}

/// What stands above the oldest loaded entry.
fn edge(thread: &Thread) -> Option<PageRow> {
    let words = if thread.timeline.loading {
        phrase::LOADING
    } else if thread.timeline.complete {
        phrase::BEGINNING
    } else {
        return None;
    };
    Some(PageRow {
        entry: None,
        own: Row::new(words, Role::Quiet),
        message: None,
        selected: false,
    })
}

/// Our newest message, as far as it is near the end.
fn newest_of_mine(thread: &Thread) -> Option<&MessageId> {
    let newest = thread.timeline.messages().rev().take(NEAR);
    newest.filter(|m| m.mine).map(|m| &m.id).next()
}

/// One thread in one frame.
struct Scene<'a> {
    state: &'a State,
    thread: &'a Thread,
    entries: &'a [Entry],
    layout: Layout,
    newest_of_mine: Option<&'a MessageId>,
}

impl Scene<'_> {
    fn selected(&self, at: usize) -> bool {
        match (self.entries.get(at), &self.state.focus.selected) {
            (Some(Entry::Message(message)), Some(selected)) => message.id == *selected,
            // What a search found is marked like a selected message.
            (Some(Entry::Banner { number, .. }), None) => {
                let search = self.state.focus.search.as_ref();
                search.and_then(|s| s.at.as_ref()) == Some(&Mark::Banner(*number))
            }
            _ => false,
        }
    }

    fn look(&self, at: usize, entry: &Entry) -> Look {
        let before = at.checked_sub(1).and_then(|b| self.entries.get(b));
        let day = self.layout.days
            && before.is_none_or(|b| {
                let zone = &self.state.zone;
                let (then, now) = (time(b), time(entry));
                // Formatting both is dear; a day is never shorter than 22 hours.
                then != now && zone.date(then) != zone.date(now)
            });
        let marker = self.is_first_unread(entry, before);
        let (version, edited, send) = match entry {
            Entry::Message(m) => (m.version, m.edited.is_some(), None),
            Entry::Echo(echo) => (Version::default(), false, Some(echo.state.clone())),
            Entry::Banner { .. } => (Version::default(), false, None),
        };
        Look {
            version,
            edited,
            send,
            first: before.is_none(),
            day,
            marker,
            grouped: !day && !marker && before.is_some_and(|b| goes_on(b, entry)),
            selected: self.selected(at),
            readers: self.readers(entry),
        }
    }

    /// Shown on our newest message only: a receipt says that everything before was read too.
    fn readers(&self, entry: &Entry) -> Vec<String> {
        let Entry::Message(message) = entry else {
            return Vec::new();
        };
        if self.newest_of_mine != Some(&message.id) {
            return Vec::new();
        }
        let people = self.thread.participants.iter();
        people
            .filter(|p| self.thread.receipts.get(&p.id) >= Some(&message.id))
            .map(phrase::person)
            .collect()
    }

    fn is_first_unread(&self, entry: &Entry, before: Option<&Entry>) -> bool {
        let (Some(read), Entry::Message(message)) = (&self.thread.marker, entry) else {
            return false;
        };
        let before_is_read = match before {
            Some(Entry::Message(b)) => b.id <= *read,
            Some(Entry::Echo(_) | Entry::Banner { .. }) | None => true,
        };
        // Behind a banner the message before it decides, which is the rare case.
        message.id > *read
            && before_is_read
            && (matches!(before, Some(Entry::Message(_))) || self.previous_is_read(message, read))
    }

    fn previous_is_read(&self, message: &Message, read: &MessageId) -> bool {
        let Some(at) = self.thread.timeline.index_of(&message.id) else {
            return false;
        };
        let earlier = self.entries.get(..at).unwrap_or_default().iter().rev();
        let previous = earlier.take(NEAR).find_map(|e| match e {
            Entry::Message(m) => Some(&m.id),
            Entry::Echo(_) | Entry::Banner { .. } => None,
        });
        previous.is_some_and(|p| p <= read)
    }

    /// Where the bottom entry of a remembered page is now; older pages may have come before it.
    fn find_again(&self, memo: &Memo) -> Option<usize> {
        let grown = self.entries.len().saturating_sub(memo.entries);
        let is_it = |at: &usize| self.entries.get(*at).is_some_and(|e| key(e) == memo.bottom);
        [memo.at, memo.at + grown]
            .into_iter()
            .find(is_it)
            .or_else(|| match &memo.bottom {
                Key::Message(id) => self.thread.timeline.index_of(id),
                Key::Echo(_) | Key::Banner(..) => (0..self.entries.len()).rev().find(is_it),
            })
    }
}

/// Whether a message goes on with what the one before it began.
fn goes_on(before: &Entry, entry: &Entry) -> bool {
    let near = time(entry).as_millis() / 60_000 == time(before).as_millis() / 60_000;
    if before.is_turn() && entry.is_turn() {
        return true;
    }
    near && match (before, entry) {
        (Entry::Message(b), Entry::Message(m)) => {
            entry::has_sender(b)
                && entry::has_sender(m)
                && b.sender.as_ref().map(|s| &s.id) == m.sender.as_ref().map(|s| &s.id)
                && m.edited.is_none()
                && !m.mentions_me
                && b.edited.is_none()
                && !b.mentions_me
        }
        (Entry::Echo(_), Entry::Echo(echo)) => echo.state == SendState::Sent,
        (Entry::Message(b), Entry::Echo(_)) => b.mine && entry::has_sender(b),
        (Entry::Echo(_), Entry::Message(_))
        | (Entry::Banner { .. }, _)
        | (_, Entry::Banner { .. }) => false,
    }
}

fn time(entry: &Entry) -> Timestamp {
    match entry {
        Entry::Message(message) => message.created,
        Entry::Echo(echo) => echo.at,
        Entry::Banner { at, .. } => *at,
    }
}
