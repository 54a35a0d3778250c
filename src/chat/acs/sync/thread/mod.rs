//! One thread: access to it, its listings, and what waits for them.

mod catch_up;
mod pages;

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

use self::catch_up::CatchUp;
pub(super) use self::catch_up::Depth;
use self::pages::Asked;

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
    /// Where the page below a message is: the one at which a listing last ended.
    cursor: Option<(MessageId, String)>,
    catching_up: Option<CatchUp>,
    /// Another one is wanted when this one is done.
    again: Option<Depth>,
    asked: Option<Asked>,
    newest: Newest,
    held: Vec<Message>,
    hold_until: Option<Moment>,
    look_at: Option<Moment>,
    /// Somebody read it, and no event told of it: it is looked for then.
    wanted: Option<(MessageId, Moment)>,
    /// The newest one that was looked for.
    looked_for: Option<MessageId>,
    failures: u32,
    retry_at: Option<Moment>,
    /// We were taken out, which is told then, unless we are back.
    parted_at: Option<Moment>,
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

/// What is told of the newest page the next time it is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Newest {
    #[default]
    News,
    /// All of it, known or not.
    Whole,
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
            newest: Newest::News,
            held: Vec::new(),
            hold_until: None,
            look_at: None,
            wanted: None,
            looked_for: None,
            failures: 0,
            retry_at: None,
            parted_at: None,
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
        self.parted_at = None;
        out.access(&self.id, ChatAccess::Opening);
        self.ask_again(out);
    }

    /// Whoever asks may have let go of what was told.
    pub(super) fn refresh(&mut self, out: &mut Out<'_>) {
        self.newest = Newest::Whole;
        self.read(out);
        self.catch_up(Depth::Whole, None, out);
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
        for receipt in receipts {
            out.event(receipt);
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

    pub(super) fn went(&mut self, me: bool, now: Moment) {
        if !me {
            return self.look_soon(now);
        }
        self.close(Access::Denied(GIVEN_UP));
        // A call that joins again is taken out and put back within a moment.
        self.parted_at = Some(now + PARTING);
    }

    fn parted(&self, out: &mut Out<'_>) {
        let failure = Failure {
            doing: Doing::StayingInChat,
            because: Because::Refused {
                reason: "you are no longer one of its people".to_owned(),
            },
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
        self.wanted = None;
        self.retry_at = None;
        self.parted_at = None;
        self.hold_until = None;
        self.held.clear();
    }

    /// The message that tells of a change is listed a moment after the event.
    fn look_soon(&mut self, now: Moment) {
        self.look_at = self.look_at.or(Some(now + LOOK_AFTER));
    }

    /// A receipt for a message that no event told of: the event may be lost, though the link
    /// stands, or only late. Each is looked for once, as there are some we may not see.
    pub(super) fn read_by_somebody(&mut self, message: &MessageId, now: Moment) {
        let newer = |known: &MessageId| known < message;
        if self.window.lacks(message) && self.looked_for.as_ref().is_none_or(newer) {
            self.looked_for = Some(message.clone());
            self.wanted = Some((message.clone(), now + LOOK_AFTER));
        }
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
        let wanted = self.wanted.as_ref().map(|(_, at)| *at);
        let held = [self.hold_until, self.look_at, wanted];
        let access = [self.retry_at, self.parted_at];
        held.into_iter().chain(access).flatten().min()
    }

    pub(super) fn due(&mut self, now: Moment, out: &mut Out<'_>) {
        if self.hold_until.take_if(|at| *at <= now).is_some() {
            self.release(out);
        }
        if self.look_at.take_if(|at| *at <= now).is_some() {
            self.look_again(Depth::Gap, out);
        }
        if let Some((message, _)) = self.wanted.take_if(|(_, at)| *at <= now)
            && self.window.lacks(&message)
        {
            self.look_again(Depth::Gap, out);
        }
        if self.parted_at.take_if(|at| *at <= now).is_some() {
            self.parted(out);
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

/// Pauses before asking again for access that was refused, and after failures.
const RETRIES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Refused so often that only a person asks again.
const GIVEN_UP: usize = RETRIES.len() + 1;

const MOST_SEEN: usize = 64;

/// After a thread-level event, or a receipt for an unknown message, the newest messages are listed.
const LOOK_AFTER: Duration = Duration::from_millis(300);

/// How long who was taken out may take to come back before it is told.
const PARTING: Duration = Duration::from_secs(3);

/// A link that leads to the page it came with leads nowhere.
fn next_link(next: Option<String>, this: Option<&String>) -> Option<String> {
    next.filter(|link| !link.is_empty() && Some(link) != this)
}
