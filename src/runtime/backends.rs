//! The back ends of the accounts: started, spoken to, and waited for.
//!
//! Commands given before a back end is there, or faster than it takes them,
//! wait in order. A back end that breaks down says so as it goes.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::future::Future;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::call::native;
use crate::chat::acs;
use crate::clock::Clock;
use crate::effect::CallCommand;
use crate::effect::ChatCommand;
use crate::event::CallEvent;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::model::account::AccountId;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::thread::Link;
use crate::tasks::Tasks;

/// Where events go: calls have a lane of their own, which is read first.
#[derive(Debug, Clone)]
pub struct Lanes {
    pub call: mpsc::Sender<Event>,
    pub rest: mpsc::Sender<Event>,
}

/// Commands to one back end.
#[derive(Debug)]
struct Outbox<C> {
    to: Option<mpsc::Sender<C>>,
    waiting: VecDeque<C>,
}

impl<C> Default for Outbox<C> {
    fn default() -> Self {
        Self {
            to: None,
            waiting: VecDeque::new(),
        }
    }
}

impl<C> Outbox<C> {
    fn push(&mut self, command: C) {
        self.waiting.push_back(command);
        self.flush();
    }

    fn flush(&mut self) {
        let Some(to) = &self.to else { return };
        while let Some(command) = self.waiting.pop_front() {
            match to.try_send(command) {
                Ok(()) => {}
                Err(TrySendError::Full(command)) => {
                    self.waiting.push_front(command);
                    return;
                }
                // It has reported its end; who asks it now gets no answer.
                Err(TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Backends {
    chat: BTreeMap<AccountId, Outbox<ChatCommand>>,
    call: BTreeMap<AccountId, Outbox<CallCommand>>,
    tasks: Tasks,
    lanes: Lanes,
}

impl Backends {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self {
            chat: BTreeMap::new(),
            call: BTreeMap::new(),
            tasks: Tasks::new(),
            lanes,
        }
    }

    pub(super) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(super) fn start_chat(&mut self, settings: acs::Settings) {
        let account = settings.account.clone();
        let (to, commands) = mpsc::channel(COMMANDS);
        let alarm = Alarm::new(&self.lanes.rest, chat_broke(&account));
        let run = acs::run(settings, commands, self.lanes.rest.clone());
        self.tasks.spawn_graceful(watched(run, alarm));
        let outbox = self.chat.entry(account).or_default();
        outbox.to = Some(to);
        outbox.flush();
    }

    pub(super) fn start_call(&mut self, settings: native::Settings) {
        let account = settings.account.clone();
        let (to, commands) = mpsc::channel(COMMANDS);
        let alarm = Alarm::new(&self.lanes.call, call_broke(&account));
        let run = native::run(settings, commands, self.lanes.call.clone());
        self.tasks.spawn_graceful(watched(run, alarm));
        let outbox = self.call.entry(account).or_default();
        outbox.to = Some(to);
        outbox.flush();
    }

    pub(super) fn chat(&mut self, account: AccountId, command: ChatCommand) {
        self.chat.entry(account).or_default().push(command);
    }

    pub(super) fn call(&mut self, account: AccountId, command: CallCommand) {
        self.call.entry(account).or_default().push(command);
    }

    /// Hands on what did not fit before.
    pub(super) fn flush(&mut self) {
        self.chat.values_mut().for_each(Outbox::flush);
        self.call.values_mut().for_each(Outbox::flush);
    }

    /// No more commands: calls hang up, connections close. Completes when they have.
    pub(super) async fn finish(&mut self) {
        self.chat.clear();
        self.call.clear();
        self.tasks.finished().await;
    }
}

const COMMANDS: usize = 64;

/// Runs a back end; the alarm goes off unless it came to its end.
async fn watched(run: impl Future<Output = ()> + Send, mut alarm: Alarm) {
    run.await;
    alarm.event = None;
}

/// Says that a back end broke down: a panic unwinds through here.
struct Alarm {
    lane: mpsc::Sender<Event>,
    event: Option<fn(AccountId) -> Event>,
    account: AccountId,
}

impl Alarm {
    fn new(
        lane: &mpsc::Sender<Event>,
        (account, event): (AccountId, fn(AccountId) -> Event),
    ) -> Self {
        Self {
            lane: lane.clone(),
            event: Some(event),
            account,
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            // A lane that is full is being read, and what it says will show the silence.
            let _ = self.lane.try_send(event(self.account.clone()));
        }
    }
}

type Broke = (AccountId, fn(AccountId) -> Event);

fn call_broke(account: &AccountId) -> Broke {
    (account.clone(), |account| {
        let lost = CallEvent::SignallingLost { at: Clock.utc() };
        Event::Call(account, lost)
    })
}

fn chat_broke(account: &AccountId) -> Broke {
    (account.clone(), |account| {
        let failure = Failure {
            doing: Doing::Connecting,
            because: Because::Protocol {
                detail: "the chat connection failed inside this program".to_owned(),
            },
            remedy: Remedy::None,
        };
        Event::Chat(account, ChatEvent::Link(Link::Down(failure)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_wait_for_their_back_end_in_order() {
        let mut outbox = Outbox::default();
        (0..5).for_each(|n| outbox.push(n));
        let (to, mut from) = mpsc::channel(3);
        outbox.to = Some(to);
        outbox.flush();
        assert_eq!(
            [from.try_recv(), from.try_recv(), from.try_recv()],
            [Ok(0), Ok(1), Ok(2)]
        );
        outbox.push(5);
        assert_eq!(
            [from.try_recv(), from.try_recv(), from.try_recv()],
            [Ok(3), Ok(4), Ok(5)]
        );
    }

    #[tokio::test]
    async fn a_call_back_end_that_breaks_down_is_a_lost_connection() {
        let (lane, mut events) = mpsc::channel(4);
        let account = AccountId::new("external:ada");
        let tasks = Tasks::new();
        let breaks = async { panic!("as a test") };
        tasks.spawn_graceful(watched(breaks, Alarm::new(&lane, call_broke(&account))));
        let event = events.recv().await;
        assert!(
            matches!(event, Some(Event::Call(of, CallEvent::SignallingLost { .. })) if of == account)
        );
        tasks.spawn_graceful(watched(async {}, Alarm::new(&lane, call_broke(&account))));
        tasks.finished().await;
        assert!(events.try_recv().is_err());
    }
}
