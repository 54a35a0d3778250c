//! What is being sent: in order within a chat, and never twice.
//!
//! Graph has no id of ours for a message. When it is not known whether one arrived, the newest
//! messages are read before it is sent again.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::chat::retry::Kind;
use crate::clock::Timestamp;
use crate::event::ChatEvent;
use crate::model::failure::Doing;
use crate::model::message::ClientMessageId;
use crate::model::message::Draft;
use crate::model::message::MessageId;
use crate::model::thread::ThreadId;

use super::rest::Error;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Letter {
    pub(super) thread: ThreadId,
    pub(super) client_id: ClientMessageId,
    pub(super) draft: Draft,
    /// The newest change of the chat that was known when it was given to us.
    pub(super) seen: Option<Timestamp>,
    /// How often it was not known whether it arrived.
    doubts: u32,
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Output {
    Post(Letter),
    /// Whether it is among the newest messages after all.
    Look(Letter),
    Event(ChatEvent),
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<ThreadId, VecDeque<Letter>>,
    /// What others of ours became, newest last: whoever says the same twice means two messages.
    became: BTreeMap<ThreadId, VecDeque<MessageId>>,
}

impl Outbox {
    pub(super) fn send(
        &mut self,
        thread: ThreadId,
        client_id: ClientMessageId,
        draft: Draft,
        seen: Option<Timestamp>,
    ) -> Vec<Output> {
        let letter = Letter {
            thread: thread.clone(),
            client_id,
            draft,
            seen,
            doubts: 0,
        };
        let queue = self.waiting.entry(thread).or_default();
        queue.push_back(letter.clone());
        if queue.len() == 1 {
            vec![Output::Post(letter)]
        } else {
            Vec::new()
        }
    }

    pub(super) fn posted(
        &mut self,
        mut letter: Letter,
        result: Result<MessageId, Error>,
    ) -> Vec<Output> {
        match result {
            Ok(message) => self.done(&letter, Ok(message)),
            Err(error)
                if error.kind == (Kind::Transient { arrived: true }) && letter.doubts < DOUBTS =>
            {
                letter.doubts += 1;
                vec![Output::Look(letter)]
            }
            Err(error) => self.done(&letter, Err(error)),
        }
    }

    pub(super) fn looked(
        &mut self,
        letter: Letter,
        found: Result<Vec<MessageId>, Error>,
    ) -> Vec<Output> {
        let others = self.became.get(&letter.thread);
        let is_other = |id: &MessageId| others.is_some_and(|others| others.contains(id));
        match found.map(|all| all.into_iter().find(|id| !is_other(id))) {
            Ok(Some(message)) => self.done(&letter, Ok(message)),
            Ok(None) => vec![Output::Post(letter)],
            // Not known still; the person decides.
            Err(error) => self.done(&letter, Err(error)),
        }
    }

    fn done(&mut self, letter: &Letter, result: Result<MessageId, Error>) -> Vec<Output> {
        let (thread, client_id) = (letter.thread.clone(), letter.client_id.clone());
        if let Ok(message) = &result {
            let became = self.became.entry(thread.clone()).or_default();
            became.push_back(message.clone());
            if became.len() > REMEMBERED {
                became.pop_front();
            }
        }
        let mut outputs = vec![Output::Event(match result {
            Ok(message) => ChatEvent::Sent {
                thread,
                client_id,
                message,
            },
            Err(error) => ChatEvent::SendFailed {
                thread,
                client_id,
                failure: error.failure(Doing::Sending),
            },
        })];
        if let Some(queue) = self.waiting.get_mut(&letter.thread) {
            queue.pop_front();
            outputs.extend(queue.front().cloned().map(Output::Post));
        }
        outputs
    }
}

const DOUBTS: u32 = 3;
/// As many as are looked through.
const REMEMBERED: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Because;
    use crate::model::failure::Remedy;

    fn send(outbox: &mut Outbox, id: &str) -> Vec<Output> {
        let draft = Draft {
            text: id.to_owned(),
            ..Draft::default()
        };
        outbox.send(
            ThreadId::new("19:a@thread.v2"),
            ClientMessageId::new(id),
            draft,
            None,
        )
    }

    fn letter(outputs: Vec<Output>) -> Letter {
        match outputs.into_iter().next_back() {
            Some(Output::Post(letter) | Output::Look(letter)) => letter,
            other => panic!("no letter: {other:?}"),
        }
    }

    fn lost() -> Error {
        let mut error = Error::permanent(Because::Timeout, Remedy::Retry);
        error.kind = Kind::Transient { arrived: true };
        error
    }

    #[test]
    fn messages_of_one_chat_go_one_after_the_other() {
        let mut outbox = Outbox::default();
        let first = letter(send(&mut outbox, "1"));
        assert_eq!(send(&mut outbox, "2"), []);
        let after = outbox.posted(first, Ok(MessageId::new("7")));
        assert!(matches!(after[0], Output::Event(ChatEvent::Sent { .. })));
        assert_eq!(letter(after).client_id, ClientMessageId::new("2"));
    }

    #[test]
    fn what_may_have_arrived_is_looked_for_before_it_is_sent_again() {
        let mut outbox = Outbox::default();
        let first = letter(send(&mut outbox, "1"));
        let doubt = outbox.posted(first, Err(lost()));
        assert!(matches!(doubt[0], Output::Look(_)));
        let found = outbox.looked(letter(doubt), Ok(vec![MessageId::new("7")]));
        assert!(matches!(
            &found[..],
            [Output::Event(ChatEvent::Sent { .. })]
        ));
        let second = letter(send(&mut outbox, "2"));
        let doubt = letter(outbox.posted(second, Err(lost())));
        let again = outbox.looked(doubt, Ok(Vec::new()));
        assert!(matches!(again[0], Output::Post(_)));
    }

    #[test]
    fn the_same_words_twice_are_two_messages() {
        let mut outbox = Outbox::default();
        let first = letter(send(&mut outbox, "ok"));
        outbox.posted(first, Ok(MessageId::new("7")));
        let second = letter(send(&mut outbox, "ok"));
        let doubt = letter(outbox.posted(second, Err(lost())));
        let found = outbox.looked(doubt.clone(), Ok(vec![MessageId::new("7")]));
        assert!(matches!(found[0], Output::Post(_)), "it never arrived");
        let both = vec![MessageId::new("8"), MessageId::new("7")];
        let arrived = outbox.looked(doubt, Ok(both));
        let Output::Event(ChatEvent::Sent { message, .. }) = &arrived[0] else {
            panic!("{arrived:?}");
        };
        assert_eq!(*message, MessageId::new("8"));
    }
}
