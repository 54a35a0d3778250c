//! Catching up: down to what was known before, then through what is loaded.

use std::collections::BTreeMap;

use crate::chat::acs::rest::Error;
use crate::chat::acs::sync::ListingId;
use crate::chat::acs::sync::Out;
use crate::clock::Moment;
use crate::event::ChatEvent;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::thread::ChatAccess;
use crate::wire::acs::chat::ChatMessage;
use crate::wire::acs::chat::Page;

use super::Access;
use super::Newest;
use super::Thread;
use super::next_link;

/// How far down a catch-up goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat::acs::sync) enum Depth {
    /// To what was known before.
    Gap,
    /// Through everything loaded.
    Whole,
}

pub(super) struct CatchUp {
    listing: ListingId,
    /// Of the page that is awaited.
    link: Option<String>,
    depth: Depth,
    stage: Stage,
}

enum Stage {
    /// Down to the newest known before; what was missed is told when that is reached.
    Gap {
        missed: BTreeMap<MessageId, Message>,
    },
    /// Below it, looking for changes.
    Audit,
}

impl Thread {
    /// After a gap: from the newest down. A catch-up that was under way starts over, because
    /// what it read may be from before the gap.
    pub(in crate::chat::acs::sync) fn catch_up(
        &mut self,
        depth: Depth,
        hold: Option<Moment>,
        out: &mut Out<'_>,
    ) {
        if !matches!(self.access, Access::Opening | Access::Open) {
            return;
        }
        // The very first listing is young enough; another one follows it.
        if !self.loaded && self.catching_up.is_some() {
            self.again = Some(depth);
            return;
        }
        self.hold_until = self.hold_until.or(hold);
        self.start(depth, out);
    }

    pub(super) fn start(&mut self, depth: Depth, out: &mut Out<'_>) {
        self.mark_gap();
        self.catching_up = Some(CatchUp {
            listing: out.list(&self.id, None),
            link: None,
            depth,
            stage: Stage::Gap {
                missed: BTreeMap::new(),
            },
        });
    }

    /// What lies above the newest message told so far may have holes from now on.
    pub(in crate::chat::acs::sync) fn mark_gap(&mut self) {
        if self.gap_from.is_none() {
            self.gap_from = self.window.newest().cloned();
        }
    }

    /// Something may be new, but no event is waiting for it.
    pub(in crate::chat::acs::sync) fn look_again(&mut self, depth: Depth, out: &mut Out<'_>) {
        if self.access != Access::Open {
            return;
        }
        if self.catching_up.is_some() {
            self.again = self.again.max(Some(depth));
        } else {
            self.start(depth, out);
        }
    }

    pub(in crate::chat::acs::sync) fn listed(
        &mut self,
        listing: ListingId,
        result: Result<Page<ChatMessage>, Error>,
        now: Moment,
        out: &mut Out<'_>,
    ) {
        if self.asked.as_ref().is_some_and(|a| a.listing == listing) {
            return match result {
                Ok(page) => self.asked_page(&page, out),
                Err(error) => self.asked_refused(&error, out),
            };
        }
        if self
            .catching_up
            .as_ref()
            .is_none_or(|c| c.listing != listing)
        {
            return;
        }
        match result {
            // Its system messages are told by id only; the reading has the names.
            Ok(page) if !self.loaded && self.reading => self.first_page = Some((listing, page)),
            Ok(page) => self.page(listing, page, out),
            Err(error) => {
                self.catching_up = None;
                self.release(out);
                self.refused(&error, now, out);
            }
        }
    }

    pub(super) fn page(&mut self, listing: ListingId, page: Page<ChatMessage>, out: &mut Out<'_>) {
        let messages = out.convert(&page);
        self.opened(out);
        let Some(mut catching_up) = self.catching_up.take() else {
            return;
        };
        let next = next_link(page.next_link, catching_up.link.as_ref());
        let lowest = messages.iter().map(|m| &m.id).min().cloned();
        let all = self.newest == Newest::Whole && catching_up.link.is_none();
        if let Stage::Gap { missed } = &mut catching_up.stage {
            for message in messages {
                let newer = missed
                    .get(&message.id)
                    .is_none_or(|m| m.version < message.version);
                if newer && (all || self.window.is_news(&message)) {
                    missed.insert(message.id.clone(), message);
                }
            }
            let reached = match (&lowest, &self.gap_from) {
                (Some(lowest), Some(anchor)) => lowest <= anchor,
                // The first page of all is enough to begin with.
                (Some(_), None) => true,
                (None, _) => false,
            };
            if !reached && let Some(next) = next {
                catching_up.link = Some(next.clone());
                out.next_page(&self.id, listing, Some(next));
                self.catching_up = Some(catching_up);
                return;
            }
            let missed = std::mem::take(missed);
            self.gap_closed(
                missed.into_values().collect(),
                lowest.as_ref(),
                next.as_deref(),
                out,
            );
            catching_up.stage = Stage::Audit;
        } else {
            self.audited(messages, out);
        }
        self.go_down(catching_up, lowest, next, out);
    }

    fn opened(&mut self, out: &mut Out<'_>) {
        self.failures = 0;
        if matches!(self.access, Access::Opening | Access::Denied(_)) {
            self.access = Access::Open;
            out.access(&self.id, ChatAccess::Open);
        }
    }

    fn gap_closed(
        &mut self,
        mut missed: Vec<Message>,
        lowest: Option<&MessageId>,
        next: Option<&str>,
        out: &mut Out<'_>,
    ) {
        self.gap_from = None;
        let first = !std::mem::replace(&mut self.loaded, true);
        if first {
            self.window.lower(lowest, next.is_none());
            self.cursor = lowest.cloned().zip(next.map(str::to_owned));
        }
        let refreshed = std::mem::take(&mut self.newest) == Newest::Whole;
        if refreshed {
            self.window.lower(missed.first().map(|m| &m.id), false);
        }
        if !first && !refreshed {
            // Pushed meanwhile, and told when it had waited long enough.
            missed.retain(|message| self.window.is_news(message));
        }
        for message in &missed {
            self.window.note(message);
        }
        if first || refreshed || !missed.is_empty() {
            out.event(ChatEvent::NewerPage {
                thread: self.id.clone(),
                messages: missed,
            });
        }
        if first && next.is_none() {
            out.event(ChatEvent::OlderPage {
                thread: self.id.clone(),
                messages: Vec::new(),
                complete: true,
            });
        }
        self.release(out);
    }

    fn audited(&mut self, mut messages: Vec<Message>, out: &mut Out<'_>) {
        messages.retain(|message| self.window.is_news(message));
        messages.sort_by(|a, b| a.id.cmp(&b.id));
        for message in &messages {
            self.window.note(message);
        }
        if !messages.is_empty() {
            out.event(ChatEvent::NewerPage {
                thread: self.id.clone(),
                messages,
            });
        }
    }

    /// Goes on below the page, or is done.
    fn go_down(
        &mut self,
        mut catching_up: CatchUp,
        lowest: Option<MessageId>,
        next: Option<String>,
        out: &mut Out<'_>,
    ) {
        let below_floor = match (&lowest, self.window.floor()) {
            (Some(lowest), Some(floor)) => lowest <= floor,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if catching_up.depth == Depth::Whole
            && !below_floor
            && let Some(next) = next
        {
            catching_up.link = Some(next.clone());
            out.next_page(&self.id, catching_up.listing, Some(next));
            self.catching_up = Some(catching_up);
        } else if let Some(depth) = self.again.take() {
            self.start(depth, out);
        }
    }

    /// A pushed message, whatever happened to it.
    pub(in crate::chat::acs::sync) fn pushed(&mut self, message: Message, out: &mut Out<'_>) {
        if !self.loaded || self.hold_until.is_some() {
            self.held.push(message);
            if self.held.len() >= MOST_HELD {
                self.release(out);
            }
            return;
        }
        self.tell(message, out);
    }

    fn tell(&mut self, message: Message, out: &mut Out<'_>) {
        if self.window.is_news(&message) {
            self.window.note(&message);
            out.event(ChatEvent::MessageReceived {
                thread: self.id.clone(),
                message,
            });
        }
    }

    /// What was missed is told; what came meanwhile follows.
    pub(super) fn release(&mut self, out: &mut Out<'_>) {
        self.hold_until = None;
        if self.loaded {
            for message in std::mem::take(&mut self.held) {
                self.tell(message, out);
            }
        } else {
            // The first page will have them.
            self.held.clear();
        }
    }
}

/// More pushed messages than this do not wait.
const MOST_HELD: usize = 20_000;
