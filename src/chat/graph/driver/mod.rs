//! The driver: performs what the sessions and the person ask for, and reports back.

mod commands;
mod feed;
mod reading;

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use url::Url;

use crate::chat::eyes::Eyes;
use crate::chat::retry::Backoff;
use crate::chat::socket::Heard;
use crate::chat::socket::LinkId;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::effect::ChatCommand;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::event::IdentityEvent;
use crate::event::WorkEvent;
use crate::model::failure::Doing;
use crate::model::message::MessageId;
use crate::model::text;
use crate::model::thread::Link;
use crate::model::thread::ThreadId;
use crate::wire::graph::chat::Chat;
use crate::wire::graph::directory::User;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::query::segment;
use crate::wire::graph::subscription::Subscription;

use super::Settings;
use super::convert;
use super::files::NotSent;
use super::files::Sent;
use super::files::Uploaded;
use super::outbox::Letter;
use super::outbox::Outbox;
use super::relay;
use super::relay::Relay;
use super::rest::Error;
use super::rest::Rest;
use super::sync::Part;
use super::sync::Sync;
use super::sync::Wish;
use super::work::Everything;

/// What comes back from an errand.
enum Done {
    Listed(ThreadId, Part, Result<Listing, Error>),
    Opened(ThreadId, Result<Box<Chat>, Error>),
    Chats(Result<Everything, Error>, bool),
    Posted(Letter, Result<Box<ChatMessage>, Error>),
    Looked(Letter, Result<Vec<ChatMessage>, Error>),
    Subscribed(Result<Subscription, Error>),
    Relayed(Result<Subscription, Error>),
    /// A change was made: what it is, and the chat to read again.
    Changed(ThreadId, Doing, Result<(), Error>),
    File(ThreadId, String, Result<Sent, NotSent>),
    Event(ChatEvent),
}

/// A part of a chat.
#[derive(Default)]
struct Listing {
    messages: Vec<ChatMessage>,
    /// Where it goes on; `None`: there is no more.
    next: Option<String>,
}

/// Both ends of a channel of our own.
type Pipe<T> = (mpsc::Sender<T>, mpsc::Receiver<T>);

/// A channel belongs to a team.
type Places = BTreeMap<ThreadId, String>;

pub(super) struct Driver {
    settings: Settings,
    rest: Rest,
    me: User,
    eyes: Eyes,
    sync: Sync,
    outbox: Outbox,
    teams: Places,
    /// In channels, which are not filtered: where the next older page is, if there is one.
    older: BTreeMap<ThreadId, Option<String>>,
    /// In channels, the post that a message answers.
    roots: BTreeMap<(ThreadId, MessageId), MessageId>,
    /// What lies in the drive and is in no message yet, by its path here.
    uploaded: BTreeMap<(ThreadId, String), Uploaded>,
    /// The list of chats is being read, and for whom it is read once more.
    listing: bool,
    list_again: Option<bool>,
    link: Link,
    subscription: Option<String>,
    /// When the subscription is renewed, or asked for again.
    due: Option<Moment>,
    backoff: Backoff,
    relay: Relay,
    /// Whether it is the relay that tells us, or may be soon.
    relayed: bool,
    socket: Option<mpsc::Sender<String>>,
    links: u32,
    heard: Pipe<(LinkId, Heard)>,
    done: Pipe<Done>,
    events: mpsc::Sender<Event>,
}

impl Driver {
    pub(super) fn new(
        settings: Settings,
        rest: Rest,
        (me, endpoint): &(User, Url),
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            eyes: convert::eyes(me, endpoint.clone()),
            me: me.clone(),
            rest,
            sync: Sync::default(),
            outbox: Outbox::default(),
            teams: Places::new(),
            older: BTreeMap::new(),
            roots: BTreeMap::new(),
            uploaded: BTreeMap::new(),
            listing: false,
            list_again: None,
            link: Link::Connecting,
            subscription: None,
            due: None,
            backoff: Backoff::new(fastrand::u64(..)),
            relay: Relay::new(fastrand::u64(..)),
            relayed: settings.relay.is_some(),
            socket: None,
            links: 0,
            heard: mpsc::channel(256),
            done: mpsc::channel(64),
            settings,
            events,
        }
    }

    /// Until the commands end.
    pub(super) async fn run(
        mut self,
        backlog: Vec<ChatCommand>,
        commands: &mut mpsc::Receiver<ChatCommand>,
    ) {
        let signed_in = IdentityEvent::SignedIn {
            raw_id: self.eyes.me.clone(),
            endpoint: self.eyes.endpoint.to_string(),
        };
        let account = self.settings.account.clone();
        let _ = self.events.send(Event::Identity(account, signed_in)).await;
        self.begin().await;
        for command in backlog {
            self.command(command).await;
        }
        loop {
            let due = self.due;
            tokio::select! {
                Some((link, heard)) = self.heard.1.recv() => self.hear(link, heard).await,
                Some(done) = self.done.1.recv() => self.finish(done).await,
                command = commands.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => break,
                },
                () = Clock.sleep_until(due) => self.renew().await,
            }
        }
        let left = [self.subscription.take(), self.relay.subscription()];
        left.into_iter()
            .flatten()
            .for_each(|id| self.unsubscribe(&id));
    }

    async fn tell(&self, event: ChatEvent) {
        let event = Event::Chat(self.settings.account.clone(), event);
        // The program is ending when nobody listens.
        let _ = self.events.send(event).await;
    }

    fn ask(&self, errand: impl Future<Output = Done> + Send + 'static) {
        let done = self.done.0.clone();
        self.settings.tasks.spawn(async move {
            let _ = done.send(errand.await).await;
        });
    }

    /// Something on the side that may end in an event.
    fn errand(&self, errand: impl Future<Output = Option<ChatEvent>> + Send + 'static) {
        let done = self.done.0.clone();
        self.settings.tasks.spawn(async move {
            if let Some(event) = errand.await {
                let _ = done.send(Done::Event(event)).await;
            }
        });
    }

    /// The address of a chat or a channel.
    fn place(&self, thread: &ThreadId) -> String {
        match self.teams.get(thread) {
            Some(team) => format!(
                "/teams/{}/channels/{}",
                segment(team),
                segment(thread.as_str())
            ),
            None => format!("/chats/{}", segment(thread.as_str())),
        }
    }

    async fn finish(&mut self, done: Done) {
        match done {
            Done::Event(event) => self.tell(event).await,
            Done::Listed(thread, part, result) => self.listed(thread, part, result).await,
            Done::Opened(thread, result) => self.opened(thread, result).await,
            Done::Chats(result, asked) => self.chats(result, asked).await,
            Done::Posted(letter, result) => {
                let thread = letter.thread.clone();
                let result = result.map(|message| MessageId::new(&text::line(&message.id)));
                let sent = result.is_ok();
                let outputs = self.outbox.posted(letter, result);
                self.perform(outputs).await;
                if sent {
                    self.read(&thread, Wish::Newer);
                }
            }
            Done::Looked(letter, result) => {
                let id = |message: &ChatMessage| MessageId::new(&text::line(&message.id));
                let found = result.map(|all| all.iter().map(id).collect());
                let outputs = self.outbox.looked(letter, found);
                self.perform(outputs).await;
            }
            Done::Subscribed(result) => self.subscribed(result).await,
            Done::Relayed(result) => {
                let result = result
                    .map(|made| made.id.unwrap_or_default())
                    .map_err(|error| error.kind);
                self.by_relay(relay::Input::Subscribed(result)).await;
            }
            Done::Changed(thread, doing, result) => self.changed(thread, doing, result).await,
            Done::File(thread, path, result) => self.sent(thread, path, result).await,
        }
    }

    async fn changed(&mut self, thread: ThreadId, doing: Doing, result: Result<(), Error>) {
        let event = match result {
            Ok(()) => {
                self.read(&thread, Wish::Newer);
                ChatEvent::ActionDone { thread }
            }
            Err(error) => ChatEvent::ActionFailed {
                thread,
                failure: error.failure(doing),
            },
        };
        self.tell(event).await;
    }

    async fn sent(&mut self, thread: ThreadId, path: String, result: Result<Sent, NotSent>) {
        match result {
            Ok(sent) => {
                if let Some(message) = convert::message(&self.eyes, &sent.message) {
                    let thread = thread.clone();
                    self.tell(ChatEvent::MessageReceived { thread, message })
                        .await;
                }
                let told = WorkEvent::FileSent {
                    thread: thread.clone(),
                    name: sent.name,
                    bytes: sent.bytes,
                    closed_to: sent.closed_to,
                };
                self.tell(ChatEvent::Work(told)).await;
                self.changed(thread, Doing::SendingFile, Ok(())).await;
            }
            Err(not) => {
                if let Some(uploaded) = not.uploaded {
                    self.uploaded.insert((thread.clone(), path), uploaded);
                }
                if not.doing == Doing::PostingFile {
                    // It may be there all the same, and then the person sees it.
                    self.read(&thread, Wish::Newer);
                }
                self.changed(thread, not.doing, Err(not.error)).await;
            }
        }
    }
}
