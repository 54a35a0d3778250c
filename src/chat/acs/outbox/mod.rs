//! What we send: one message of a thread at a time, in order; typing and receipts no more
//! often than the service likes.
//!
//! A send whose fate is not known is looked for before it is sent again, because there is
//! no other protection against saying it twice.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::retry::Kind;
use crate::clock::Moment;
use crate::event::ChatEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::message::ClientMessageId;
use crate::model::message::Draft;
use crate::model::message::MessageId;
use crate::model::thread::ThreadId;
use crate::wire::acs::chat::ChatMessageType;
use crate::wire::acs::chat::Metadata;
use crate::wire::acs::chat::SendChatMessageRequest;

use super::convert::CLIENT_ID;
use super::convert::Format;
use super::convert::outgoing;
use super::rest::Error;

#[derive(Debug)]
pub(super) enum Input {
    Timeout,
    Send {
        thread: ThreadId,
        client_id: ClientMessageId,
        draft: Draft,
    },
    Posted {
        thread: ThreadId,
        client_id: ClientMessageId,
        result: Result<MessageId, Error>,
    },
    /// The newest messages were read; the message with our id, if it is among them.
    Looked {
        thread: ThreadId,
        client_id: ClientMessageId,
        result: Result<Option<MessageId>, Error>,
    },
    /// A message with our id came back to us.
    Seen {
        client_id: ClientMessageId,
        message: MessageId,
    },
    Typing(ThreadId),
    Read {
        thread: ThreadId,
        message: MessageId,
    },
}

#[derive(Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "outputs are taken one by one and never kept in numbers"
)]
pub(super) enum Output {
    Post {
        thread: ThreadId,
        client_id: ClientMessageId,
        request: Box<SendChatMessageRequest>,
    },
    Look {
        thread: ThreadId,
        client_id: ClientMessageId,
    },
    Typing(ThreadId),
    Read {
        thread: ThreadId,
        message: MessageId,
    },
    Event(ChatEvent),
    Wait(Option<Moment>),
}

pub(super) struct Outbox {
    display_name: String,
    threads: BTreeMap<ThreadId, Lane>,
    /// Given up without knowing whether they arrived.
    uncertain: BTreeSet<ClientMessageId>,
    outputs: VecDeque<Output>,
}

/// The sending side of one thread.
#[derive(Default)]
struct Lane {
    queue: VecDeque<Letter>,
    typed_at: Option<Moment>,
    receipt: Receipt,
}

struct Letter {
    client_id: ClientMessageId,
    request: Box<SendChatMessageRequest>,
    step: Step,
    tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Queued,
    /// Posted; no answer yet.
    Posted,
    /// Nobody knows whether it arrived: looked for at that time.
    LookAt(Moment),
    Looking,
}

#[derive(Default)]
struct Receipt {
    sent: Option<(MessageId, Moment)>,
    wanted: Option<MessageId>,
}

impl Outbox {
    pub(super) fn new(display_name: String) -> Self {
        Self {
            display_name,
            threads: BTreeMap::new(),
            uncertain: BTreeSet::new(),
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment) {
        match input {
            Input::Timeout => {}
            Input::Send {
                thread,
                client_id,
                draft,
            } => self.enqueue(&thread, client_id, &draft, now),
            Input::Posted {
                thread,
                client_id,
                result,
            } => self.posted(&thread, &client_id, result, now),
            Input::Looked {
                thread,
                client_id,
                result,
            } => self.looked(&thread, &client_id, result, now),
            Input::Seen { client_id, message } => self.seen(&client_id, &message),
            Input::Typing(thread) => self.typing(thread, now),
            Input::Read { thread, message } => self.read(&thread, message),
        }
        self.advance(now);
    }

    pub(super) fn poll(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let deadlines = self.threads.values().filter_map(Lane::deadline);
        Output::Wait(deadlines.min())
    }

    fn enqueue(&mut self, thread: &ThreadId, id: ClientMessageId, draft: &Draft, now: Moment) {
        let written = outgoing(draft, None);
        if written.content.len() > LIMIT {
            let because = Because::TooLong {
                bytes: written.content.len(),
                limit: LIMIT,
            };
            let failure = Failure {
                doing: Doing::Sending,
                because,
                remedy: Remedy::Shorten,
            };
            return self.failed(thread, id, failure);
        }
        let kind = match written.format {
            Format::Text => ChatMessageType::Text,
            Format::Html => ChatMessageType::Html,
        };
        let request = Box::new(SendChatMessageRequest {
            content: written.content.into(),
            sender_display_name: Some(self.display_name.clone()).filter(|name| !name.is_empty()),
            kind: Some(kind),
            metadata: Metadata::from([(CLIENT_ID.to_owned(), id.as_str().to_owned())]),
        });
        // One that may have arrived at an earlier attempt is looked for first.
        let step = if self.uncertain.remove(&id) {
            Step::LookAt(now)
        } else {
            Step::Queued
        };
        let lane = self.threads.entry(thread.clone()).or_default();
        if lane.queue.iter().any(|letter| letter.client_id == id) {
            return;
        }
        // A message says more than an indicator: the next one may follow at once.
        lane.typed_at = None;
        lane.queue.push_back(Letter {
            client_id: id,
            request,
            step,
            tries: 0,
        });
    }

    /// The letter at the head of the thread's queue, if it is that one.
    fn head(&mut self, thread: &ThreadId, id: &ClientMessageId) -> Option<&mut Letter> {
        let head = self.threads.get_mut(thread)?.queue.front_mut()?;
        (head.client_id == *id).then_some(head)
    }

    fn posted(
        &mut self,
        thread: &ThreadId,
        id: &ClientMessageId,
        result: Result<MessageId, Error>,
        now: Moment,
    ) {
        let Some(letter) = self.head(thread, id) else {
            return;
        };
        match result {
            Ok(message) => self.delivered(thread, message),
            Err(error) if error.kind == (Kind::Transient { arrived: true }) => {
                letter.tries += 1;
                letter.step = Step::LookAt(now + pause(letter.tries));
            }
            Err(error) => self.undeliverable(thread, &error),
        }
    }

    fn looked(
        &mut self,
        thread: &ThreadId,
        id: &ClientMessageId,
        result: Result<Option<MessageId>, Error>,
        now: Moment,
    ) {
        let Some(letter) = self.head(thread, id) else {
            return;
        };
        match result {
            Ok(Some(message)) => self.delivered(thread, message),
            Ok(None) if letter.tries < TRIES => letter.step = Step::Queued,
            Err(error) if letter.tries < TRIES && matches!(error.kind, Kind::Transient { .. }) => {
                letter.tries += 1;
                letter.step = Step::LookAt(now + pause(letter.tries));
            }
            Ok(None) => {
                let failure = Failure {
                    doing: Doing::Sending,
                    because: Because::Timeout,
                    remedy: Remedy::Retry,
                };
                self.give_up(thread, failure);
            }
            Err(error) => self.give_up(thread, error.failure(Doing::Sending)),
        }
    }

    fn seen(&mut self, id: &ClientMessageId, message: &MessageId) {
        self.uncertain.remove(id);
        let lanes = self.threads.iter();
        let waiting = lanes
            .filter_map(|(thread, lane)| Some((thread, lane.queue.front()?)))
            // The answer to a post under way is on its way too.
            .find(|(_, head)| head.client_id == *id && head.step != Step::Posted)
            .map(|(thread, _)| thread.clone());
        if let Some(thread) = waiting {
            self.delivered(&thread, message.clone());
        }
    }

    fn delivered(&mut self, thread: &ThreadId, message: MessageId) {
        if let Some(letter) = self.take_head(thread) {
            self.outputs.push_back(Output::Event(ChatEvent::Sent {
                thread: thread.clone(),
                client_id: letter.client_id,
                message,
            }));
        }
    }

    fn undeliverable(&mut self, thread: &ThreadId, error: &Error) {
        let failure = error.failure(Doing::Sending);
        if let Some(letter) = self.take_head(thread) {
            self.failed(thread, letter.client_id, failure);
        }
    }

    /// It may have arrived all the same.
    fn give_up(&mut self, thread: &ThreadId, failure: Failure) {
        if let Some(letter) = self.take_head(thread) {
            self.uncertain.insert(letter.client_id.clone());
            self.failed(thread, letter.client_id, failure);
        }
    }

    fn take_head(&mut self, thread: &ThreadId) -> Option<Letter> {
        self.threads.get_mut(thread)?.queue.pop_front()
    }

    fn failed(&mut self, thread: &ThreadId, client_id: ClientMessageId, failure: Failure) {
        self.outputs.push_back(Output::Event(ChatEvent::SendFailed {
            thread: thread.clone(),
            client_id,
            failure,
        }));
    }

    fn typing(&mut self, thread: ThreadId, now: Moment) {
        let lane = self.threads.entry(thread.clone()).or_default();
        if lane.typed_at.is_none_or(|at| now.since(at) >= TYPING) {
            lane.typed_at = Some(now);
            self.outputs.push_back(Output::Typing(thread));
        }
    }

    /// A receipt covers everything before it, so only the newest is ever sent.
    fn read(&mut self, thread: &ThreadId, message: MessageId) {
        let receipt = &mut self.threads.entry(thread.clone()).or_default().receipt;
        let known = receipt.sent.as_ref().map(|(sent, _)| sent);
        if known
            .max(receipt.wanted.as_ref())
            .is_none_or(|known| *known < message)
        {
            receipt.wanted = Some(message);
        }
    }

    fn advance(&mut self, now: Moment) {
        for (thread, lane) in &mut self.threads {
            if let Some(letter) = lane.queue.front_mut() {
                let (thread, client_id) = (thread.clone(), letter.client_id.clone());
                match letter.step {
                    Step::Queued => {
                        letter.step = Step::Posted;
                        self.outputs.push_back(Output::Post {
                            thread,
                            client_id,
                            request: letter.request.clone(),
                        });
                    }
                    Step::LookAt(at) if at <= now => {
                        letter.step = Step::Looking;
                        self.outputs.push_back(Output::Look { thread, client_id });
                    }
                    Step::Posted | Step::LookAt(_) | Step::Looking => {}
                }
            }
            if lane.receipt_due().is_some_and(|at| at <= now)
                && let Some(message) = lane.receipt.wanted.take()
            {
                lane.receipt.sent = Some((message.clone(), now));
                self.outputs.push_back(Output::Read {
                    thread: thread.clone(),
                    message,
                });
            }
        }
    }
}

impl Lane {
    fn receipt_due(&self) -> Option<Moment> {
        self.receipt.wanted.as_ref()?;
        let last = self.receipt.sent.as_ref();
        Some(last.map_or(Moment::ZERO, |(_, at)| *at + RECEIPTS))
    }

    fn deadline(&self) -> Option<Moment> {
        let look = self.queue.front().and_then(|letter| match letter.step {
            Step::LookAt(at) => Some(at),
            Step::Queued | Step::Posted | Step::Looking => None,
        });
        [look, self.receipt_due()].into_iter().flatten().min()
    }
}

fn pause(tries: u32) -> Duration {
    Duration::from_secs(1) * 2_u32.saturating_pow(tries.saturating_sub(1).min(4))
}

/// The service's limit of a message, in bytes.
pub(super) const LIMIT: usize = 28 * 1024;

const TRIES: u32 = 3;

const TYPING: Duration = Duration::from_secs(8);

/// Shortest time between two receipts of a thread.
const RECEIPTS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
