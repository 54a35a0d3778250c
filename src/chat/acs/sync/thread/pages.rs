//! Pages a person's scrolling asks for.

use crate::chat::acs::rest::Error;
use crate::chat::acs::sync::ListingId;
use crate::chat::acs::sync::Out;
use crate::chat::retry::Kind;
use crate::event::ChatEvent;
use crate::model::failure::Doing;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::wire::acs::chat::ChatMessage;
use crate::wire::acs::chat::Page;

use super::Access;
use super::Thread;
use super::next_link;

/// A page that a person's scrolling asked for.
pub(super) struct Asked {
    pub(super) listing: ListingId,
    link: Option<String>,
    range: Range,
    found: Vec<Message>,
    /// Started where an earlier listing ended, which the service may have forgotten.
    from_cursor: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Range {
    Before(Option<MessageId>),
    After(MessageId),
}

impl Thread {
    /// The page before `before`, or before everything told so far.
    pub(in crate::chat::acs::sync) fn older(
        &mut self,
        before: Option<MessageId>,
        out: &mut Out<'_>,
    ) {
        let at_floor = before.is_none() || before.as_ref() == self.window.floor();
        if at_floor && self.window.is_complete() {
            return out.event(ChatEvent::OlderPage {
                thread: self.id.clone(),
                messages: Vec::new(),
                complete: true,
            });
        }
        let before = before.or_else(|| self.window.floor().cloned());
        let known = self.cursor.as_ref();
        let known = known.filter(|(below, _)| Some(below) == before.as_ref());
        let cursor = known.map(|(_, link)| link.clone());
        self.ask(Range::Before(before), cursor, out);
    }

    pub(in crate::chat::acs::sync) fn newer(&mut self, after: MessageId, out: &mut Out<'_>) {
        self.ask(Range::After(after), None, out);
    }

    fn ask(&mut self, range: Range, link: Option<String>, out: &mut Out<'_>) {
        if self.access != Access::Open {
            return;
        }
        if self
            .asked
            .as_ref()
            .is_some_and(|asked| asked.range == range)
        {
            return;
        }
        let from_cursor = link.is_some();
        self.asked = Some(Asked {
            listing: out.list(&self.id, link.clone()),
            link,
            range,
            found: Vec::new(),
            from_cursor,
        });
    }

    pub(super) fn asked_page(&mut self, page: &Page<ChatMessage>, out: &mut Out<'_>) {
        let messages = out.convert(page);
        let Some(mut asked) = self.asked.take() else {
            return;
        };
        let next = next_link(page.next_link.clone(), asked.link.as_ref());
        let lowest = messages.iter().map(|m| m.id.clone()).min();
        asked
            .found
            .extend(messages.into_iter().filter(|m| match &asked.range {
                Range::Before(before) => before.as_ref().is_none_or(|before| m.id < *before),
                Range::After(after) => m.id > *after,
            }));
        let done = match &asked.range {
            Range::Before(_) => asked.found.len() >= ENOUGH,
            Range::After(after) => lowest.as_ref().is_some_and(|lowest| lowest <= after),
        };
        if !done && let Some(next) = next {
            asked.link = Some(next.clone());
            out.next_page(&self.id, asked.listing, Some(next));
            self.asked = Some(asked);
            return;
        }
        asked.found.sort_by(|a, b| a.id.cmp(&b.id));
        asked.found.dedup_by(|a, b| a.id == b.id);
        self.tell_asked(asked, next, out);
    }

    fn tell_asked(&mut self, asked: Asked, next: Option<String>, out: &mut Out<'_>) {
        let (thread, messages) = (self.id.clone(), asked.found);
        let lowest = messages.first().map(|message| message.id.clone());
        if matches!(asked.range, Range::After(_)) {
            for message in &messages {
                self.window.note(message);
            }
            return out.event(ChatEvent::NewerPage { thread, messages });
        }
        let complete = next.is_none();
        let lower = match (&lowest, self.window.floor()) {
            (Some(lowest), Some(floor)) => lowest < floor,
            (_, None) => true,
            (None, Some(_)) => complete,
        };
        if lower {
            self.window.lower(lowest.as_ref(), complete);
        }
        self.cursor = lowest.zip(next);
        for message in &messages {
            self.window.note(message);
        }
        out.event(ChatEvent::OlderPage {
            thread,
            messages,
            complete,
        });
    }

    pub(super) fn asked_refused(&mut self, error: &Error, out: &mut Out<'_>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        if asked.from_cursor && matches!(error.kind, Kind::Permanent | Kind::NotFound) {
            self.cursor = None;
            return self.ask(asked.range, None, out);
        }
        out.event(ChatEvent::ActionFailed {
            thread: self.id.clone(),
            failure: error.failure(Doing::LoadingMessages),
        });
    }
}

/// Messages that make a page worth telling.
const ENOUGH: usize = 50;
