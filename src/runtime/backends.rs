//! The back ends of the accounts: started, spoken to, and waited for.
//!
//! Commands given before a back end is there, or faster than it takes them,
//! wait in order. A back end that breaks down says so as it goes.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::future::Future;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::call::bridge;
use crate::call::native;
use crate::chat::acs;
use crate::chat::graph;
use crate::clock::Clock;
use crate::effect::CallCommand;
use crate::effect::ChatCommand;
use crate::effect::HistoryCommand;
use crate::effect::IdentityCommand;
use crate::effect::SoundCommand;
use crate::event::CallEvent;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::history;
use crate::model::account::AccountId;
use crate::model::call::EndReason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::thread::Link;
use crate::runtime::opening::Calls;
use crate::runtime::opening::Chat;
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

    /// Hands on everything that waits: no more will follow.
    async fn empty(self) {
        let Some(to) = self.to else { return };
        for command in self.waiting {
            if to.send(command).await.is_err() {
                return;
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Backends {
    chat: BTreeMap<AccountId, Outbox<ChatCommand>>,
    call: BTreeMap<AccountId, Outbox<CallCommand>>,
    /// To the owners of the tokens that chats use.
    identity: BTreeMap<AccountId, Outbox<IdentityCommand>>,
    /// Where somebody owns microphone and speaker.
    sound: Option<Outbox<SoundCommand>>,
    /// Where there is a place to keep anything.
    history: Option<Outbox<HistoryCommand>>,
    tasks: Tasks,
    lanes: Lanes,
}

impl Backends {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self {
            chat: BTreeMap::new(),
            call: BTreeMap::new(),
            identity: BTreeMap::new(),
            sound: None,
            history: None,
            tasks: Tasks::new(),
            lanes,
        }
    }

    pub(super) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(super) fn start_chat(&mut self, chat: Chat) {
        let (account, tokens) = match &chat {
            Chat::Acs(settings) => (settings.account.clone(), &settings.tokens),
            Chat::Graph(settings) => (settings.account.clone(), &settings.tokens),
        };
        let owner = self.identity.entry(account.clone()).or_default();
        owner.to = Some(tokens.commands());
        owner.flush();
        let (to, commands) = mpsc::channel(COMMANDS);
        let alarm = Alarm::new(&self.lanes.rest, &account, chat_broke, &self.tasks);
        let events = self.lanes.rest.clone();
        match chat {
            Chat::Acs(settings) => {
                let run = acs::run(settings, commands, events);
                self.tasks.spawn_graceful(watched(run, alarm));
            }
            Chat::Graph(settings) => {
                let run = graph::run(settings, commands, events);
                self.tasks.spawn_graceful(watched(run, alarm));
            }
        }
        let outbox = self.chat.entry(account).or_default();
        outbox.to = Some(to);
        outbox.flush();
    }

    pub(super) fn start_call(&mut self, calls: Calls) {
        let account = match &calls {
            Calls::Native(settings) => settings.account.clone(),
            Calls::Bridge(settings) => settings.account.clone(),
        };
        let (to, commands) = mpsc::channel(COMMANDS);
        let alarm = Alarm::new(&self.lanes.call, &account, call_broke, &self.tasks);
        let events = self.lanes.call.clone();
        match calls {
            Calls::Native(settings) => {
                let run = native::run(settings, commands, events);
                self.tasks.spawn_graceful(watched(run, alarm));
            }
            Calls::Bridge(settings) => {
                let run = bridge::run(settings, commands, events);
                self.tasks.spawn_graceful(watched(run, alarm));
            }
        }
        let outbox = self.call.entry(account).or_default();
        outbox.to = Some(to);
        outbox.flush();
    }

    pub(super) fn start_sound<F>(
        &mut self,
        run: impl FnOnce(mpsc::Receiver<SoundCommand>, mpsc::Sender<Event>) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (to, commands) = mpsc::channel(COMMANDS);
        let run = run(commands, self.lanes.call.clone());
        self.tasks.spawn_apart("sound", run);
        self.sound = Some(Outbox {
            to: Some(to),
            waiting: VecDeque::new(),
        });
    }

    pub(super) fn start_history(&mut self, settings: history::Settings) {
        let (to, commands) = mpsc::channel(COMMANDS);
        let run = history::run(settings, commands, self.lanes.rest.clone());
        self.tasks.spawn_graceful(run);
        self.history = Some(Outbox {
            to: Some(to),
            waiting: VecDeque::new(),
        });
    }

    pub(super) const fn has_sound(&self) -> bool {
        self.sound.is_some()
    }

    pub(super) fn sound(&mut self, command: SoundCommand) {
        if let Some(sound) = &mut self.sound {
            sound.push(command);
        }
    }

    pub(super) fn history(&mut self, command: HistoryCommand) {
        if let Some(history) = &mut self.history {
            history.push(command);
        }
    }

    pub(super) fn chat(&mut self, account: AccountId, command: ChatCommand) {
        self.chat.entry(account).or_default().push(command);
    }

    pub(super) fn identity(&mut self, account: AccountId, command: IdentityCommand) {
        self.identity.entry(account).or_default().push(command);
    }

    pub(super) fn call(&mut self, account: AccountId, command: CallCommand) {
        self.call.entry(account).or_default().push(command);
    }

    /// Hands on what did not fit before.
    pub(super) fn flush(&mut self) {
        self.chat.values_mut().for_each(Outbox::flush);
        self.call.values_mut().for_each(Outbox::flush);
        self.identity.values_mut().for_each(Outbox::flush);
        self.sound.iter_mut().for_each(Outbox::flush);
        self.history.iter_mut().for_each(Outbox::flush);
    }

    /// No more commands: calls hang up, connections close. Completes when they have.
    pub(super) async fn finish(&mut self) {
        self.chat.clear();
        self.call.clear();
        self.identity.clear();
        self.sound = None;
        if let Some(history) = self.history.take() {
            history.empty().await;
        }
        self.tasks.finished().await;
    }
}

const COMMANDS: usize = 64;

/// Runs a back end; the alarm goes off unless it came to its end.
async fn watched(run: impl Future<Output = ()> + Send, mut alarm: Alarm) {
    run.await;
    alarm.broke = None;
}

/// Says that a back end broke down: a panic unwinds through here.
struct Alarm {
    lane: mpsc::Sender<Event>,
    broke: Option<Broke>,
    account: AccountId,
    tasks: Tasks,
}

impl Alarm {
    fn new(lane: &mpsc::Sender<Event>, account: &AccountId, broke: Broke, tasks: &Tasks) -> Self {
        Self {
            lane: lane.clone(),
            broke: Some(broke),
            account: account.clone(),
            tasks: tasks.clone(),
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let Some(broke) = self.broke.take() else {
            return;
        };
        let (lane, events) = (self.lane.clone(), broke(self.account.clone()));
        // A lane that is full is waited for: nobody else will ever say it.
        self.tasks.spawn_graceful(async move {
            for event in events {
                if lane.send(event).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// What is so when the back end of that account broke down.
type Broke = fn(AccountId) -> Vec<Event>;

fn call_broke(account: AccountId) -> Vec<Event> {
    let at = Clock.utc();
    let ended = CallEvent::Ended {
        reason: BROKEN,
        by: None,
        at,
    };
    vec![
        Event::Call(account.clone(), CallEvent::SignallingLost { at }),
        Event::Call(account, ended),
    ]
}

/// The end of a call whose connection cannot be had again.
const BROKEN: EndReason = EndReason {
    code: 408,
    subcode: 10057,
};

fn chat_broke(account: AccountId) -> Vec<Event> {
    let failure = Failure {
        doing: Doing::Connecting,
        because: Because::Protocol {
            detail: "the chat connection failed inside this program".to_owned(),
        },
        remedy: Remedy::None,
    };
    vec![Event::Chat(account, ChatEvent::Link(Link::Down(failure)))]
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
    async fn a_call_back_end_that_breaks_down_is_a_lost_connection_and_an_ended_call() {
        // Full already: what is said waits for its place.
        let (lane, mut events) = mpsc::channel(1);
        let account = AccountId::new("external:ada");
        lane.try_send(Event::Deadline).unwrap();
        let tasks = Tasks::new();
        let breaks = async { panic!("as a test") };
        let alarm = || Alarm::new(&lane, &account, call_broke, &tasks);
        tasks.spawn_graceful(watched(breaks, alarm()));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(events.recv().await, Some(Event::Deadline));
        assert!(matches!(
            events.recv().await,
            Some(Event::Call(of, CallEvent::SignallingLost { .. })) if of == account
        ));
        assert!(matches!(
            events.recv().await,
            Some(Event::Call(of, CallEvent::Ended { reason: BROKEN, by: None, .. })) if of == account
        ));
        tasks.spawn_graceful(watched(async {}, alarm()));
        tasks.finished().await;
        assert!(events.try_recv().is_err());
    }
}
