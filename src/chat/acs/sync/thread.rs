//! One thread: access to it, its listings, and what waits for them.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::retry::Kind;
use crate::clock::Moment;
use crate::event::ChatEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::thread::ChatAccess;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadInfo;
use crate::wire::acs::chat::ChatMessage;
use crate::wire::acs::chat::Page;
use crate::wire::acs::notification::Notification;

use super::Error;
use super::ListingId;
use super::Out;
use super::window::Window;

/// How far down a catch-up goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// To what was known before.
    Gap,
    /// Through everything loaded.
    Whole,
}

pub(super) struct Thread {
    id: ThreadId,
    access: Access,
    topic: Option<String>,
    /// What is known besides the messages may be out of date.
    pub(super) stale: bool,
    /// A reading is under way; the first page waits for its names.
    reading: bool,
    first_page: Option<(ListingId, Page<ChatMessage>)>,
    window: Window,
    loaded: bool,
    /// The newest message before the gap that is not closed yet.
    gap_from: Option<MessageId>,
    /// Where the page before the floor is.
    cursor: Option<String>,
    catching_up: Option<CatchUp>,
    /// Another one is wanted when this one is done.
    again: Option<Depth>,
    asked: Option<Asked>,
    held: Vec<Message>,
    hold_until: Option<Moment>,
    look_at: Option<Moment>,
    failures: u32,
    retry_at: Option<Moment>,
    /// The latest thread-level events, to know repeated ones.
    seen: VecDeque<(u16, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Opening,
    Open,
    /// Refused that many times; the service may still be letting us in.
    Denied(usize),
    Gone,
}

struct CatchUp {
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

/// A page that a person's scrolling asked for.
struct Asked {
    listing: ListingId,
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
    pub(super) fn new(id: ThreadId) -> Self {
        Self {
            id,
            access: Access::Opening,
            topic: None,
            stale: false,
            reading: false,
            first_page: None,
            window: Window::default(),
            loaded: false,
            gap_from: None,
            cursor: None,
            catching_up: None,
            again: None,
            asked: None,
            held: Vec::new(),
            hold_until: None,
            look_at: None,
            failures: 0,
            retry_at: None,
            seen: VecDeque::new(),
        }
    }

    pub(super) fn open(&mut self, now: Moment, out: &mut Out<'_>) {
        match self.access {
            Access::Open => out.access(&self.id, ChatAccess::Open),
            Access::Opening if self.catching_up.is_some() => {}
            Access::Opening | Access::Denied(_) | Access::Gone => self.retry(now, out),
        }
    }

    /// From the start, as if it had never been refused.
    pub(super) fn retry(&mut self, _now: Moment, out: &mut Out<'_>) {
        self.access = Access::Opening;
        self.failures = 0;
        self.retry_at = None;
        out.access(&self.id, ChatAccess::Opening);
        self.ask_again(out);
    }

    fn ask_again(&mut self, out: &mut Out<'_>) {
        self.catching_up = None;
        self.first_page = None;
        self.reading = false;
        self.read(out);
        let depth = if self.loaded {
            Depth::Whole
        } else {
            Depth::Gap
        };
        self.start(depth, out);
    }

    pub(super) fn read(&mut self, out: &mut Out<'_>) {
        if matches!(self.access, Access::Opening | Access::Open) && !self.reading {
            self.reading = true;
            self.stale = false;
            out.outputs.push_back(super::Output::Read(self.id.clone()));
        }
    }

    pub(super) fn reread_if_stale(&mut self, out: &mut Out<'_>) {
        if self.stale {
            self.read(out);
        }
    }

    pub(super) fn was_read(
        &mut self,
        info: ThreadInfo,
        receipts: Vec<ChatEvent>,
        out: &mut Out<'_>,
    ) {
        self.reading = false;
        self.topic = Some(info.topic.clone());
        out.event(ChatEvent::ThreadRead(info));
        if let Some((listing, page)) = self.first_page.take() {
            self.page(listing, page, out);
        }
        receipts.into_iter().for_each(|receipt| out.event(receipt));
    }

    /// After a gap: from the newest down. A catch-up that was under way starts over, because
    /// what it read may be from before the gap.
    pub(super) fn catch_up(&mut self, depth: Depth, hold: Option<Moment>, out: &mut Out<'_>) {
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

    fn start(&mut self, depth: Depth, out: &mut Out<'_>) {
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
    pub(super) fn mark_gap(&mut self) {
        if self.gap_from.is_none() {
            self.gap_from = self.window.newest().cloned();
        }
    }

    /// Something may be new, but no event is waiting for it.
    pub(super) fn look_again(&mut self, depth: Depth, out: &mut Out<'_>) {
        if self.access != Access::Open {
            return;
        }
        if self.catching_up.is_some() {
            self.again = self.again.max(Some(depth));
        } else {
            self.start(depth, out);
        }
    }

    /// The page before `before`, or before everything told so far.
    pub(super) fn older(&mut self, before: Option<MessageId>, out: &mut Out<'_>) {
        let at_floor = before.is_none() || before.as_ref() == self.window.floor();
        if at_floor && self.window.is_complete() {
            return out.event(ChatEvent::OlderPage {
                thread: self.id.clone(),
                messages: Vec::new(),
                complete: true,
            });
        }
        let before = before.or_else(|| self.window.floor().cloned());
        let cursor = self.cursor.clone().filter(|_| at_floor);
        self.ask(Range::Before(before), cursor, out);
    }

    pub(super) fn newer(&mut self, after: MessageId, out: &mut Out<'_>) {
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

    pub(super) fn listed(
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

    fn page(&mut self, listing: ListingId, page: Page<ChatMessage>, out: &mut Out<'_>) {
        let messages = out.convert(&page);
        self.opened(out);
        let Some(mut catching_up) = self.catching_up.take() else {
            return;
        };
        let next = next_link(page.next_link, &catching_up.link);
        let lowest = messages.iter().map(|m| &m.id).min().cloned();
        if let Stage::Gap { missed } = &mut catching_up.stage {
            for message in messages {
                let newer = missed
                    .get(&message.id)
                    .is_none_or(|m| m.version < message.version);
                if newer && self.window.is_news(&message) {
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
                &lowest,
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
        missed: Vec<Message>,
        lowest: &Option<MessageId>,
        next: Option<&str>,
        out: &mut Out<'_>,
    ) {
        self.gap_from = None;
        let first = !std::mem::replace(&mut self.loaded, true);
        if first {
            self.window.lower(lowest.as_ref(), next.is_none());
            self.cursor = next.map(str::to_owned);
        }
        missed.iter().for_each(|message| self.window.note(message));
        if first || !missed.is_empty() {
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
        messages
            .iter()
            .for_each(|message| self.window.note(message));
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

    fn asked_page(&mut self, page: &Page<ChatMessage>, out: &mut Out<'_>) {
        let messages = out.convert(page);
        let Some(mut asked) = self.asked.take() else {
            return;
        };
        let next = next_link(page.next_link.clone(), &asked.link);
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
            messages
                .iter()
                .for_each(|message| self.window.note(message));
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
            self.cursor = next;
        }
        messages
            .iter()
            .for_each(|message| self.window.note(message));
        out.event(ChatEvent::OlderPage {
            thread,
            messages,
            complete,
        });
    }

    fn asked_refused(&mut self, error: &Error, out: &mut Out<'_>) {
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

    /// A pushed message, whatever happened to it.
    pub(super) fn pushed(&mut self, message: Message, out: &mut Out<'_>) {
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
    fn release(&mut self, out: &mut Out<'_>) {
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

    pub(super) fn topic_changed(
        &mut self,
        topic: String,
        by: Option<Person>,
        now: Moment,
        out: &mut Out<'_>,
    ) {
        // The event comes for every property; only the topic is shown.
        if self.topic.as_ref() != Some(&topic) {
            self.topic = Some(topic.clone());
            out.event(ChatEvent::TopicChanged {
                thread: self.id.clone(),
                topic,
                by,
            });
        }
        self.look_soon(now);
    }

    pub(super) fn came(&mut self, me: bool, now: Moment, out: &mut Out<'_>) {
        if me && matches!(self.access, Access::Denied(_) | Access::Gone) {
            self.retry(now, out);
        }
        self.look_soon(now);
    }

    pub(super) fn went(&mut self, me: bool, now: Moment, out: &mut Out<'_>) {
        if !me {
            return self.look_soon(now);
        }
        self.close(Access::Denied(GIVEN_UP));
        let failure = Failure {
            doing: Doing::Reading,
            because: Because::Forbidden,
            remedy: Remedy::AskOrganizer,
        };
        out.access(&self.id, ChatAccess::Denied(failure));
    }

    pub(super) fn gone(&mut self, out: &mut Out<'_>) {
        self.close(Access::Gone);
        out.access(&self.id, ChatAccess::Gone);
    }

    fn close(&mut self, access: Access) {
        self.access = access;
        self.catching_up = None;
        self.first_page = None;
        self.again = None;
        self.asked = None;
        self.reading = false;
        self.look_at = None;
        self.retry_at = None;
        self.hold_until = None;
        self.held.clear();
    }

    /// The message that tells of a change is listed a moment after the event.
    fn look_soon(&mut self, now: Moment) {
        self.look_at = self.look_at.or(Some(now + LOOK_AFTER));
    }

    /// A reading or a catch-up did not work.
    pub(super) fn refused(&mut self, error: &Error, now: Moment, out: &mut Out<'_>) {
        self.reading = false;
        if let Some((listing, page)) = self.first_page.take() {
            self.page(listing, page, out);
        }
        match (error.kind, self.access) {
            (_, Access::Gone) => {}
            (Kind::NotFound, Access::Open) => self.gone(out),
            (Kind::Forbidden, Access::Opening) => self.deny(0, error, now, out),
            (Kind::Forbidden, Access::Denied(times)) if times < GIVEN_UP => {
                self.deny(times, error, now, out);
            }
            (Kind::Transient { .. } | Kind::Throttled(_), _) => self.fail(error, now, out),
            (_, Access::Denied(_)) => {}
            (
                Kind::Forbidden | Kind::NotFound | Kind::Unauthorized | Kind::Permanent,
                Access::Opening | Access::Open,
            ) => {
                self.close(Access::Denied(GIVEN_UP));
                out.denied(&self.id, error, None);
            }
        }
    }

    /// The roster takes a moment to spread after joining a call, so a refusal is asked again.
    fn deny(&mut self, times: usize, error: &Error, now: Moment, out: &mut Out<'_>) {
        // Reading and listing are refused together; that is one refusal.
        if self.retry_at.is_some() {
            return;
        }
        self.close(Access::Denied(times + 1));
        let pause = RETRIES.get(times).copied();
        self.retry_at = pause.map(|pause| now + pause);
        match pause {
            Some(after) if times == 0 => {
                let after = Some(after);
                out.denied(&self.id, error, Some(Remedy::Automatic { after }));
            }
            Some(_) => {}
            None => out.denied(&self.id, error, Some(Remedy::AskOrganizer)),
        }
    }

    fn fail(&mut self, error: &Error, now: Moment, out: &mut Out<'_>) {
        if self.retry_at.is_some() {
            return;
        }
        let pause = RETRIES[usize::try_from(self.failures)
            .unwrap_or(0)
            .min(RETRIES.len() - 1)];
        self.failures += 1;
        self.retry_at = Some(now + pause);
        if self.failures == 1 && !self.loaded {
            let mut failure = error.failure(Doing::OpeningThread);
            failure.remedy = Remedy::Automatic { after: Some(pause) };
            out.event(ChatEvent::ActionFailed {
                thread: self.id.clone(),
                failure,
            });
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        [self.hold_until, self.look_at, self.retry_at]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn due(&mut self, now: Moment, out: &mut Out<'_>) {
        if self.hold_until.take_if(|at| *at <= now).is_some() {
            self.release(out);
        }
        if self.look_at.take_if(|at| *at <= now).is_some() {
            self.look_again(Depth::Gap, out);
        }
        if self.retry_at.take_if(|at| *at <= now).is_some() {
            let denied = match self.access {
                Access::Denied(times) => Some(times),
                Access::Opening | Access::Open | Access::Gone => None,
            };
            // Readings are only made for threads that may be open.
            if denied.is_some() {
                self.access = Access::Opening;
            }
            self.ask_again(out);
            if let Some(times) = denied {
                self.access = Access::Denied(times);
            }
        }
    }

    /// Whether a thread-level event came before.
    pub(super) fn is_repeated(&mut self, event: &Notification) -> bool {
        let version = match event {
            Notification::ChatThreadPropertiesUpdated(e) => &e.at.version,
            Notification::ParticipantsAdded(e) => &e.at.version,
            Notification::ParticipantsRemoved(e) => &e.at.version,
            _ => return false,
        };
        let key = (event.event_id(), version.clone());
        if version.is_empty() || self.seen.contains(&key) {
            return !version.is_empty();
        }
        self.seen.push_back(key);
        if self.seen.len() > MOST_SEEN {
            self.seen.pop_front();
        }
        false
    }
}

/// A link that leads to the page it came with leads nowhere.
fn next_link(next: Option<String>, this: &Option<String>) -> Option<String> {
    next.filter(|link| !link.is_empty() && Some(link) != this.as_ref())
}

/// Pauses before asking again for access that was refused, and after failures.
const RETRIES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Refused so often that only a person asks again.
const GIVEN_UP: usize = RETRIES.len() + 1;

/// Messages that make a page worth telling.
const ENOUGH: usize = 50;

/// More pushed messages than this do not wait.
const MOST_HELD: usize = 20_000;

const MOST_SEEN: usize = 64;

/// After a thread-level event the newest messages are listed.
const LOOK_AFTER: Duration = Duration::from_millis(300);
