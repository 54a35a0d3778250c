//! Nothing missed, nothing twice, in order: what to read over REST, and when, so that a
//! thread is told completely although pushed events can be lost, doubled and reordered.
//!
//! After every gap the newest pages are listed down to what was known before; then the rest
//! of the loaded messages is listed again, because an edit of an old message leaves no other
//! trace. Pushed messages wait meanwhile, so that they do not overtake what was missed.

mod thread;
mod window;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::eyes::Eyes;
use crate::chat::retry::Kind;
use crate::clock::Moment;
use crate::event::ChatEvent;
use crate::model::failure::Doing;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::text;
use crate::model::thread::ChatAccess;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadInfo;
use crate::wire::acs::chat::ChatMessage;
use crate::wire::acs::chat::ChatMessageReadReceipt;
use crate::wire::acs::chat::ChatParticipant;
use crate::wire::acs::chat::ChatThreadProperties;
use crate::wire::acs::chat::Page;
use crate::wire::acs::notification::Notification;
use crate::wire::acs::notification::Participant;

use super::rest::Error;

use self::thread::Depth;
use self::thread::Thread;

#[derive(Debug)]
pub(super) enum Input {
    Timeout,
    Open(ThreadId),
    Close(ThreadId),
    Older {
        thread: ThreadId,
        before: Option<MessageId>,
    },
    Newer {
        thread: ThreadId,
        after: MessageId,
    },
    /// Try access again.
    Retry(ThreadId),
    Refresh(ThreadId),
    /// Events arrive from now on.
    Live,
    Lost,
    /// Some event was lost although the link stands.
    Missed,
    /// No events to be had: ask from time to time.
    Poll,
    Listed {
        thread: ThreadId,
        listing: ListingId,
        result: Result<Page<ChatMessage>, Error>,
    },
    Read {
        thread: ThreadId,
        result: Result<Box<Reading>, Error>,
    },
    Notified(Box<Notification>),
}

/// What is read of a thread besides its messages.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) properties: ChatThreadProperties,
    pub(super) participants: Vec<ChatParticipant>,
    /// None on threads too large for receipts.
    pub(super) receipts: Vec<ChatMessageReadReceipt>,
}

/// Names a listing, so that the pages of a cancelled one are not mistaken for its successor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListingId(u32);

#[derive(Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "outputs are taken one by one and never kept in numbers"
)]
pub(super) enum Output {
    /// `link`: of the page before; none for the newest.
    List {
        thread: ThreadId,
        listing: ListingId,
        link: Option<String>,
    },
    Read(ThreadId),
    Event(ChatEvent),
    /// While there are no events: whether the service answers what is asked instead.
    Polls {
        answered: bool,
    },
    Wait(Option<Moment>),
}

impl Input {
    /// Whether an answer came from the service, where this is one.
    fn answered(&self) -> Option<bool> {
        let error = match self {
            Self::Listed { result, .. } => result.as_ref().err(),
            Self::Read { result, .. } => result.as_ref().err(),
            Self::Timeout
            | Self::Open(_)
            | Self::Close(_)
            | Self::Older { .. }
            | Self::Newer { .. }
            | Self::Retry(_)
            | Self::Refresh(_)
            | Self::Live
            | Self::Lost
            | Self::Missed
            | Self::Poll
            | Self::Notified(_) => return None,
        };
        Some(!error.is_some_and(|e| matches!(e.kind, Kind::Transient { .. })))
    }
}

pub(super) struct Sync {
    eyes: Eyes,
    threads: BTreeMap<ThreadId, Thread>,
    live: bool,
    poll_at: Option<Moment>,
    polls: u32,
    /// Whether the last poll was answered, as it was told.
    answered: Option<bool>,
    next_listing: u32,
    outputs: VecDeque<Output>,
}

impl Sync {
    pub(super) fn new(eyes: Eyes) -> Self {
        Self {
            eyes,
            threads: BTreeMap::new(),
            live: false,
            poll_at: None,
            polls: 0,
            answered: None,
            next_listing: 1,
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment) {
        let answered = input.answered().filter(|_| self.poll_at.is_some());
        match input {
            Input::Timeout => {}
            Input::Open(id) => self.open(id, now),
            Input::Close(id) => drop(self.threads.remove(&id)),
            Input::Older { thread, before } => {
                self.with(&thread, |thread, out| thread.older(before, out));
            }
            Input::Newer { thread, after } => {
                self.with(&thread, |thread, out| thread.newer(after, out));
            }
            Input::Retry(id) => {
                if self.threads.contains_key(&id) {
                    self.with(&id, |thread, out| thread.retry(now, out));
                } else {
                    self.open(id, now);
                }
            }
            Input::Refresh(id) => self.with(&id, |thread, out| {
                thread.refresh(out);
            }),
            Input::Live => self.went_live(now),
            Input::Lost => self.lost(),
            Input::Missed => self.reread(now),
            Input::Poll => {
                if !self.live && self.poll_at.is_none() {
                    self.poll_at = Some(now);
                    self.answered = None;
                }
            }
            Input::Listed {
                thread,
                listing,
                result,
            } => self.with(&thread, |thread, out| {
                thread.listed(listing, result, now, out);
            }),
            Input::Read { thread, result } => self.read(&thread, result, now),
            Input::Notified(event) => self.notified(&event, now),
        }
        if let Some(answered) = answered
            && self.answered.replace(answered) != Some(answered)
        {
            self.outputs.push_back(Output::Polls { answered });
        }
        self.deadlines(now);
    }

    pub(super) fn poll(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let threads = self.threads.values().filter_map(Thread::deadline);
        Output::Wait(threads.chain(self.poll_at).min())
    }

    fn with(&mut self, id: &ThreadId, act: impl FnOnce(&mut Thread, &mut Out<'_>)) {
        if let Some(thread) = self.threads.get_mut(id) {
            let mut out = Out {
                eyes: &mut self.eyes,
                next_listing: &mut self.next_listing,
                outputs: &mut self.outputs,
            };
            act(thread, &mut out);
        }
    }

    fn each(&mut self, mut act: impl FnMut(&mut Thread, &mut Out<'_>)) {
        let mut out = Out {
            eyes: &mut self.eyes,
            next_listing: &mut self.next_listing,
            outputs: &mut self.outputs,
        };
        for thread in self.threads.values_mut() {
            act(thread, &mut out);
        }
    }

    fn open(&mut self, id: ThreadId, now: Moment) {
        self.threads
            .entry(id.clone())
            .or_insert_with(|| Thread::new(id.clone()));
        self.with(&id, |thread, out| thread.open(now, out));
    }

    fn went_live(&mut self, now: Moment) {
        self.live = true;
        self.poll_at = None;
        self.each(|thread, out| {
            thread.reread_if_stale(out);
            thread.catch_up(Depth::Whole, Some(now + HOLD), out);
        });
    }

    fn lost(&mut self) {
        self.live = false;
        self.each(|thread, _| {
            thread.stale = true;
            thread.mark_gap();
        });
    }

    fn reread(&mut self, now: Moment) {
        self.each(|thread, out| {
            thread.read(out);
            thread.catch_up(Depth::Whole, Some(now + HOLD), out);
        });
    }

    fn read(&mut self, id: &ThreadId, result: Result<Box<Reading>, Error>, now: Moment) {
        let reading = match result {
            Ok(reading) => reading,
            Err(error) => return self.with(id, |thread, out| thread.refused(&error, now, out)),
        };
        let eyes = &mut self.eyes;
        let people: Vec<Person> = reading
            .participants
            .iter()
            .filter_map(|who| eyes.participant(who))
            .collect();
        eyes.remember(&people);
        let info = ThreadInfo {
            id: id.clone(),
            topic: text::line(&reading.properties.topic),
            participants: people,
        };
        let receipts = self.receipts(id, &reading.receipts);
        self.with(id, |thread, out| {
            thread.was_read(info, receipts, out);
        });
    }

    fn receipts(&self, id: &ThreadId, receipts: &[ChatMessageReadReceipt]) -> Vec<ChatEvent> {
        receipts
            .iter()
            .filter_map(|receipt| {
                let raw = receipt.sender_communication_identifier.to_raw_id()?;
                let person = self.eyes.person(&text::line(&raw), "").id;
                (person != self.eyes.me).then(|| ChatEvent::ReadReceipt {
                    thread: id.clone(),
                    person,
                    message: MessageId::new(&text::line(&receipt.chat_message_id)),
                })
            })
            .collect()
    }

    fn notified(&mut self, event: &Notification, now: Moment) {
        let id = ThreadId::new(event.thread_id());
        // Threads that nobody opened are not followed.
        let Some(thread) = self.threads.get_mut(&id) else {
            return;
        };
        if thread.is_repeated(event) {
            return;
        }
        let message = match event {
            Notification::ChatMessageReceived(event) => self.eyes.received(event),
            Notification::ChatMessageEdited(event) => self.eyes.edited(event),
            Notification::ChatMessageDeleted(event) => self.eyes.deleted(event),
            other => return self.happened(id, other, now),
        };
        self.eyes.remember(message.sender.as_slice());
        self.with(&id, |thread, out| thread.pushed(message, out));
    }

    /// Everything but messages.
    fn happened(&mut self, thread: ThreadId, event: &Notification, now: Moment) {
        match event {
            Notification::TypingIndicatorReceived(typing) => {
                let at = &typing.at;
                let person = self
                    .eyes
                    .person(&text::line(&at.sender_id), &at.sender_display_name);
                if person.id != self.eyes.me {
                    self.tell(ChatEvent::Typing { thread, person });
                }
            }
            Notification::ReadReceiptReceived(receipt) => {
                let person = self.eyes.person(&text::line(&receipt.at.sender_id), "").id;
                let message = MessageId::new(&text::line(&receipt.at.message_id));
                self.with(&thread, |known, _| known.read_by_somebody(&message, now));
                if person != self.eyes.me {
                    self.tell(ChatEvent::ReadReceipt {
                        thread,
                        person,
                        message,
                    });
                }
            }
            Notification::ChatThreadPropertiesUpdated(update) => {
                let topic = text::line(&update.properties.topic);
                let by = self.eyes.member(&update.edited_by);
                self.with(&thread, |known, out| {
                    known.topic_changed(topic, by, now, out);
                });
            }
            Notification::ChatThreadDeleted(_) => {
                self.with(&thread, Thread::gone);
            }
            Notification::ParticipantsAdded(added) => {
                let people = self.people(&added.participants_added);
                self.eyes.remember(&people);
                let me = people.iter().any(|who| who.id == self.eyes.me);
                let id = thread.clone();
                self.tell(ChatEvent::ParticipantsAdded { thread, people });
                self.with(&id, |known, out| known.came(me, now, out));
            }
            Notification::ParticipantsRemoved(removed) => {
                let people = self.people(&removed.participants_removed);
                let me = people.iter().any(|who| who.id == self.eyes.me);
                let id = thread.clone();
                self.tell(ChatEvent::ParticipantsRemoved { thread, people });
                self.with(&id, |known, _| known.went(me, now));
            }
            Notification::ChatThreadCreated(_)
            | Notification::ChatMessageReceived(_)
            | Notification::ChatMessageEdited(_)
            | Notification::ChatMessageDeleted(_) => {}
        }
    }

    fn people(&self, members: &[Participant]) -> Vec<Person> {
        members
            .iter()
            .filter_map(|who| self.eyes.member(who))
            .collect()
    }

    fn tell(&mut self, event: ChatEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn deadlines(&mut self, now: Moment) {
        if self.poll_at.is_some_and(|at| at <= now) {
            self.poll_at = Some(now + POLL);
            self.polls += 1;
            // Old messages change seldom, so they are looked at seldom.
            let whole = self.polls.is_multiple_of(WHOLE_EVERY);
            self.each(|thread, out| {
                if whole {
                    thread.read(out);
                }
                let depth = if whole { Depth::Whole } else { Depth::Gap };
                thread.look_again(depth, out);
            });
        }
        self.each(|thread, out| thread.due(now, out));
    }
}

/// What a thread acts through.
struct Out<'a> {
    eyes: &'a mut Eyes,
    next_listing: &'a mut u32,
    outputs: &'a mut VecDeque<Output>,
}

impl Out<'_> {
    fn event(&mut self, event: ChatEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn list(&mut self, thread: &ThreadId, link: Option<String>) -> ListingId {
        let listing = ListingId(*self.next_listing);
        *self.next_listing += 1;
        self.next_page(thread, listing, link);
        listing
    }

    fn next_page(&mut self, thread: &ThreadId, listing: ListingId, link: Option<String>) {
        self.outputs.push_back(Output::List {
            thread: thread.clone(),
            listing,
            link,
        });
    }

    /// A page as messages, newest first.
    fn convert(&mut self, page: &Page<ChatMessage>) -> Vec<Message> {
        let messages: Vec<Message> = page
            .value
            .iter()
            .filter_map(|message| self.eyes.listed(message))
            .collect();
        for message in &messages {
            self.eyes.remember(message.sender.as_slice());
        }
        messages
    }

    fn access(&mut self, thread: &ThreadId, access: ChatAccess) {
        self.event(ChatEvent::Access {
            thread: thread.clone(),
            access,
        });
    }

    fn denied(&mut self, thread: &ThreadId, error: &Error, remedy: Option<Remedy>) {
        let mut failure = error.failure(Doing::OpeningThread);
        if let Some(remedy) = remedy {
            failure.remedy = remedy;
        }
        self.access(thread, ChatAccess::Denied(failure));
    }
}

/// Longest time that pushed messages wait for what was missed before them.
const HOLD: Duration = Duration::from_secs(5);

const POLL: Duration = Duration::from_secs(3);

/// Every so many polls the whole of what is loaded is listed.
const WHOLE_EVERY: u32 = 20;

#[cfg(test)]
mod tests;
