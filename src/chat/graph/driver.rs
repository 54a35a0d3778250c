//! The driver: performs what the sessions and the person ask for, and reports back.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;
use tokio::sync::mpsc;
use url::Url;

use crate::chat::acs::convert::Eyes;
use crate::chat::acs::realtime::LinkId;
use crate::chat::acs::socket;
use crate::chat::acs::socket::Address;
use crate::chat::acs::socket::Heard;
use crate::chat::retry::Backoff;
use crate::chat::retry::Kind;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::effect::ChatCommand;
use crate::effect::WorkCommand;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::event::IdentityEvent;
use crate::event::WorkEvent;
use crate::identity::http::is_loopback;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::message::Draft;
use crate::model::message::MessageId;
use crate::model::text;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::Listed;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadInfo;
use crate::model::thread::ThreadKind;
use crate::wire::graph::Page;
use crate::wire::graph::chat::Chat;
use crate::wire::graph::chat::ConversationMember;
use crate::wire::graph::chat::ForUser;
use crate::wire::graph::chat::ReplyWithQuote;
use crate::wire::graph::chat::UserKey;
use crate::wire::graph::directory::Channel;
use crate::wire::graph::directory::User;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::SetReaction;
use crate::wire::graph::query::segment;
use crate::wire::graph::subscription::ChangeNotification;
use crate::wire::graph::subscription::LOCAL;
use crate::wire::graph::subscription::Notifications;
use crate::wire::graph::subscription::Resource;
use crate::wire::graph::subscription::Subscription;
use crate::wire::token_service;
use crate::wire::token_service::ToRelay;

use super::Feed;
use super::Settings;
use super::convert;
use super::outbox;
use super::outbox::Letter;
use super::outbox::Outbox;
use super::relay;
use super::relay::Relay;
use super::rest::Error;
use super::rest::Rest;
use super::sync::Part;
use super::sync::Sync;
use super::sync::Wish;
use super::work;
use super::work::Everything;

/// What comes back from an errand.
enum Done {
    Listed(ThreadId, Part, Result<Vec<ChatMessage>, Error>),
    Opened(ThreadId, Result<Box<Chat>, Error>),
    Chats(Result<Everything, Error>, bool),
    Posted(Letter, Result<ChatMessage, Error>),
    Looked(Letter, Result<Option<ChatMessage>, Error>),
    Subscribed(Result<Subscription, Error>),
    Relayed(Result<Subscription, Error>),
    /// A change was made: what it is, and the chat to read again.
    Changed(ThreadId, Doing, Result<(), Error>),
    Event(ChatEvent),
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
    /// In channels, the post that a message answers.
    roots: BTreeMap<(ThreadId, MessageId), MessageId>,
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
            roots: BTreeMap::new(),
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

    fn unsubscribe(&self, id: &str) {
        let (rest, path) = (self.rest.clone(), format!("/subscriptions/{id}"));
        self.settings.tasks.spawn_graceful(async move {
            let nothing = json!({});
            let leaving = rest.act(Method::DELETE, &path, &nothing);
            let _ = tokio::time::timeout(LEAVING, leaving).await;
        });
    }

    async fn begin(&mut self) {
        if self.relayed {
            return self.by_relay(relay::Input::Begin).await;
        }
        match self.settings.feed {
            // Nobody else understands the address; who is asked is this machine.
            Feed::LocalPush if is_loopback(&self.eyes.endpoint) => self.subscribe(),
            Feed::LocalPush | Feed::OnDemand => self.link_is(Link::OnDemand).await,
        }
    }

    async fn by_relay(&mut self, input: relay::Input) {
        for output in self.relay.handle(input) {
            match output {
                relay::Output::Open => self.open_relay(),
                relay::Output::Close => self.socket = None,
                relay::Output::Subscribe(channel) => self.subscribe_by(channel),
                relay::Output::Bind(subscription_id) => {
                    self.say(&ToRelay::Subscribed { subscription_id });
                }
                relay::Output::Renew(id) => {
                    self.prolong(&id);
                    self.renew_line();
                }
                relay::Output::Unsubscribe(id) => self.unsubscribe(&id),
                relay::Output::Live => self.link_is(Link::Relayed).await,
                relay::Output::OnDemand => self.link_is(Link::OnDemand).await,
                relay::Output::GiveUp => {
                    self.relayed = false;
                    self.due = None;
                    Box::pin(self.begin()).await;
                }
                relay::Output::CatchUp => self.catch_up(),
                relay::Output::Told(told) => self.told(told).await,
                relay::Output::Wait(span) => self.due = Some(Clock.now() + span),
            }
        }
    }

    fn open_relay(&mut self) {
        let Some(tokens) = self.settings.relay.clone() else {
            return;
        };
        let (sender, outgoing) = mpsc::channel(4);
        self.socket = Some(sender);
        self.links += 1;
        self.due = None;
        let link = LinkId(self.links);
        let (tls, heard) = (self.settings.http.tls().clone(), self.heard.0.clone());
        self.settings.tasks.spawn(async move {
            let Ok(grant) = tokens.token().await else {
                let _ = heard.send((link, Heard::Closed)).await;
                return;
            };
            let address = Address {
                url: relay_url(&grant.endpoint),
                bearer: Some(grant.token),
            };
            socket::run(link, address, tls, outgoing, heard).await;
        });
    }

    /// The whole of what changed comes along, so that nothing has to be read.
    fn subscribe_by(&self, channel: token_service::Channel) {
        let (rest, ends) = (self.rest.clone(), in_an_hour());
        let resource = format!("/users/{}/chats/getAllMessages", segment(&self.me.id));
        self.ask(async move {
            let wanted = Subscription {
                change_type: "created,updated,deleted".to_owned(),
                resource,
                notification_url: channel.notification_url,
                lifecycle_notification_url: Some(channel.lifecycle_notification_url),
                expiration_date_time: ends,
                client_state: Some(channel.client_state),
                include_resource_data: Some(true),
                encryption_certificate: Some(channel.encryption_certificate),
                encryption_certificate_id: Some(channel.encryption_certificate_id),
                ..Subscription::default()
            };
            Done::Relayed(rest.post("/subscriptions", &wanted).await)
        });
    }

    fn say(&self, frame: &ToRelay) {
        let text = serde_json::to_string(frame).unwrap_or_default();
        if let Some(socket) = &self.socket {
            // A line that does not take it is about to be lost.
            let _ = socket.try_send(text);
        }
    }

    /// The line ends with the token it was opened with, unless there is a newer one.
    fn renew_line(&self) {
        let (Some(tokens), Some(socket)) = (self.settings.relay.clone(), self.socket.clone())
        else {
            return;
        };
        self.settings.tasks.spawn(async move {
            let Ok(grant) = tokens.token().await else {
                return;
            };
            let Ok(grant) = tokens.after_refusal(grant.generation).await else {
                return;
            };
            let Ok(token) = grant.token.for_trusted(&grant.endpoint) else {
                return;
            };
            let frame = ToRelay::Renewed {
                entra_token: token.into(),
            };
            let _ = socket
                .send(serde_json::to_string(&frame).unwrap_or_default())
                .await;
        });
    }

    /// What happened while nobody listened.
    fn catch_up(&mut self) {
        let open: Vec<ThreadId> = self.sync.opened().cloned().collect();
        for thread in open {
            self.read(&thread, Wish::Newer);
        }
    }

    fn subscribe(&mut self) {
        self.due = None;
        let (rest, ends) = (self.rest.clone(), in_an_hour());
        self.ask(async move {
            let wanted = Subscription {
                change_type: "created,updated,deleted".to_owned(),
                resource: "/me/chats/getAllMessages".to_owned(),
                notification_url: LOCAL.to_owned(),
                expiration_date_time: ends,
                ..Subscription::default()
            };
            Done::Subscribed(rest.post("/subscriptions", &wanted).await)
        });
    }

    /// Once its time is nearly over, or the line was lost.
    async fn renew(&mut self) {
        self.due = None;
        if self.relayed {
            return self.by_relay(relay::Input::Due).await;
        }
        match (&self.settings.feed, &self.subscription, &self.socket) {
            (Feed::LocalPush, Some(id), Some(_)) => {
                self.prolong(&id.clone());
                self.due = Some(Clock.now() + RENEWAL);
            }
            (Feed::LocalPush, _, _) => self.subscribe(),
            (Feed::OnDemand, _, _) => {}
        }
    }

    fn prolong(&self, id: &str) {
        let (rest, path) = (self.rest.clone(), format!("/subscriptions/{id}"));
        self.errand(async move {
            let longer = json!({ "expirationDateTime": in_an_hour() });
            if let Err(error) = rest.act(Method::PATCH, &path, &longer).await {
                tracing::debug!(?error, "subscription not renewed");
            }
            None
        });
    }

    fn connect(&mut self, url: &str) {
        let (sender, outgoing) = mpsc::channel(1);
        self.socket = Some(sender);
        self.links += 1;
        let (tls, heard) = (self.settings.http.tls().clone(), self.heard.0.clone());
        let address = Address::from(url.to_owned());
        let socket = socket::run(LinkId(self.links), address, tls, outgoing, heard);
        self.settings.tasks.spawn(socket);
    }

    async fn hear(&mut self, link: LinkId, heard: Heard) {
        if link != LinkId(self.links) {
            return;
        }
        match heard {
            Heard::Frame(text) if self.relayed => {
                let frame = serde_json::from_str(&text).unwrap_or_default();
                self.by_relay(relay::Input::Frame(frame)).await;
            }
            Heard::Refused(status) if self.relayed => {
                self.by_relay(relay::Input::Refused(status)).await;
            }
            Heard::Closed if self.relayed => {
                self.socket = None;
                self.by_relay(relay::Input::Lost).await;
            }
            Heard::Frame(text) => {
                let notifications: Notifications = serde_json::from_str(&text).unwrap_or_default();
                for notification in notifications.value {
                    self.told(notification).await;
                }
            }
            // That it is closed follows.
            Heard::Refused(_) => {}
            Heard::Closed => {
                self.socket = None;
                self.due = Some(Clock.now() + self.backoff.next());
                self.link_is(Link::Reconnecting).await;
            }
        }
    }

    /// Takes what a notification brings, or reads what it names. A chat that is not open is only
    /// marked in the list.
    async fn told(&mut self, told: ChangeNotification) {
        let chat = match Resource::parse(&told.resource) {
            Some(Resource::Message { chat, .. } | Resource::Chat { chat }) => chat,
            Some(Resource::ChannelMessage { channel, .. }) => channel,
            None => return,
        };
        let thread = ThreadId::new(&text::line(&chat));
        if !self.sync.is_open(&thread) {
            return self.list(false);
        }
        let brought = told.resource_data.filter(|_| self.link == Link::Relayed);
        let brought = brought.and_then(|data| serde_json::from_value::<ChatMessage>(data.0).ok());
        match brought.and_then(|message| convert::message(&self.eyes, &message)) {
            Some(message) => {
                let event = ChatEvent::MessageReceived {
                    thread: thread.clone(),
                    message,
                };
                self.tell(event).await;
                // Nothing moves what was read up to: where one was missed, the next reading finds it.
                self.as_of(thread).await;
            }
            None => self.read(&thread, Wish::Newer),
        }
    }

    async fn as_of(&self, thread: ThreadId) {
        let at = Clock.utc();
        let as_of = WorkEvent::AsOf { thread, at };
        self.tell(ChatEvent::Work(as_of)).await;
    }

    async fn link_is(&mut self, link: Link) {
        if self.link != link {
            self.link = link.clone();
            self.tell(ChatEvent::Link(link)).await;
        }
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

    /// Reads a part of a chat, unless another list of it is under way.
    fn read(&mut self, thread: &ThreadId, wish: Wish) {
        let Some(part) = self.sync.ask(thread, wish) else {
            return;
        };
        let (rest, thread, place) = (self.rest.clone(), thread.clone(), self.place(thread));
        let channel = self.teams.contains_key(&thread);
        self.ask(async move {
            let listed = if channel {
                let target = format!("{place}/messages?$top=50&$expand=replies");
                rest.get(&target).await.map(flattened)
            } else {
                let target = format!("{place}/messages?{}", part.query());
                match part {
                    Part::Since(_) => rest.all(&target).await,
                    Part::Newest | Part::Before(_) => rest
                        .get::<Page<ChatMessage>>(&target)
                        .await
                        .map(|page| page.value),
                }
            };
            Done::Listed(thread, part, listed)
        });
    }

    fn open(&mut self, thread: ThreadId) {
        if self.sync.is_open(&thread) {
            return self.read(&thread, Wish::Newer);
        }
        let rest = self.rest.clone();
        if let Some(team) = self.teams.get(&thread).cloned() {
            return self.ask(async move {
                let channels: Result<Vec<Channel>, Error> = rest
                    .all(&format!("/teams/{}/channels", segment(&team)))
                    .await;
                let chat = channels.and_then(|all| {
                    let channel = all.into_iter().find(|c| c.id == thread.as_str());
                    let gone = || Error::permanent(Because::NotFound, Remedy::None);
                    let channel = channel.ok_or_else(gone)?;
                    Ok(Box::new(Chat {
                        id: channel.id,
                        topic: channel.display_name.map(Into::into),
                        ..Chat::default()
                    }))
                });
                Done::Opened(thread, chat)
            });
        }
        let place = self.place(&thread);
        self.ask(async move {
            let read = async {
                let mut chat: Chat = rest.get(&place).await?;
                let members: Vec<ConversationMember> =
                    rest.all(&format!("{place}/members")).await?;
                chat.members = Some(members);
                Ok(Box::new(chat))
            };
            Done::Opened(thread, read.await)
        });
    }

    fn list(&self, asked: bool) {
        let rest = self.rest.clone();
        self.ask(async move { Done::Chats(work::everything(&rest).await, asked) });
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
                let found = result.map(|message| Some(MessageId::new(&text::line(&message?.id))));
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
            Done::Changed(thread, doing, result) => {
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
        }
    }

    async fn subscribed(&mut self, result: Result<Subscription, Error>) {
        match result {
            Ok(made) => {
                self.subscription = made.id;
                self.connect(&made.notification_url);
                self.due = Some(Clock.now() + RENEWAL);
                self.backoff.reset();
                self.link_is(Link::Live).await;
                self.catch_up();
            }
            // It does not have this extension: it is somebody else's Graph.
            Err(error) if error.kind == Kind::Permanent => self.link_is(Link::OnDemand).await,
            Err(_) => self.due = Some(Clock.now() + self.backoff.next()),
        }
    }

    async fn listed(
        &mut self,
        thread: ThreadId,
        part: Part,
        result: Result<Vec<ChatMessage>, Error>,
    ) {
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                self.sync.listed(&thread, std::iter::empty());
                let failure = error.failure(Doing::LoadingMessages);
                return self.tell(ChatEvent::ActionFailed { thread, failure }).await;
            }
        };
        let complete = page.len() < PAGE;
        let held = |m: &&ChatMessage| {
            let (created, modified) = convert::times(m);
            part.holds(created, modified)
        };
        let page: Vec<ChatMessage> = page.iter().filter(held).cloned().collect();
        for message in &page {
            if let Some(root) = &message.reply_to_id {
                let key = (thread.clone(), MessageId::new(&text::line(&message.id)));
                self.roots.insert(key, MessageId::new(&text::line(root)));
            }
        }
        let again = self.sync.listed(&thread, page.iter().map(convert::times));
        let mut messages: Vec<_> = page
            .iter()
            .filter_map(|message| convert::message(&self.eyes, message))
            .collect();
        messages.sort_by(|a, b| a.id.cmp(&b.id));
        let first = thread.clone();
        let events = match part {
            Part::Newest => {
                let whole = ChatEvent::OlderPage {
                    thread: thread.clone(),
                    messages: Vec::new(),
                    complete: true,
                };
                let newest = ChatEvent::NewerPage {
                    thread: thread.clone(),
                    messages,
                };
                if complete {
                    vec![newest, whole]
                } else {
                    vec![newest]
                }
            }
            Part::Before(_) => vec![ChatEvent::OlderPage {
                thread: thread.clone(),
                messages,
                complete,
            }],
            Part::Since(_) => messages
                .into_iter()
                .map(|message| ChatEvent::MessageReceived {
                    thread: thread.clone(),
                    message,
                })
                .collect(),
        };
        for event in events {
            self.tell(event).await;
        }
        if self.link != Link::Live || self.teams.contains_key(&first) {
            self.as_of(first).await;
        }
        if let Some(wish) = again {
            self.read(&thread, wish);
        }
    }

    async fn opened(&mut self, thread: ThreadId, result: Result<Box<Chat>, Error>) {
        let chat = match result {
            Ok(chat) => chat,
            Err(error) => {
                let failure = error.failure(Doing::OpeningThread);
                let access = ChatAccess::Denied(failure);
                return self.tell(ChatEvent::Access { thread, access }).await;
            }
        };
        let members = chat.members.iter().flatten();
        let participants: Vec<Person> = members
            .filter_map(|who| convert::member(&self.eyes, who))
            .collect();
        self.eyes.remember(&participants);
        let listed = convert::listed(&self.eyes, &chat);
        let read = chat.viewpoint.as_ref();
        let read = read.and_then(|v| convert::time(v.last_message_read_date_time.as_ref()));
        self.tell(ChatEvent::ThreadRead(ThreadInfo {
            id: thread.clone(),
            topic: listed.topic,
            participants,
        }))
        .await;
        let access = ChatAccess::Open;
        self.tell(ChatEvent::Access {
            thread: thread.clone(),
            access,
        })
        .await;
        if let Some(read) = read {
            // Ids count milliseconds: what was read up to a time has ids up to it.
            let message = MessageId::new(&read.as_millis().to_string());
            let person = self.eyes.me.clone();
            let event = ChatEvent::ReadReceipt {
                thread: thread.clone(),
                person,
                message,
            };
            self.tell(event).await;
        }
        self.read(&thread, Wish::Newer);
    }

    async fn chats(&mut self, result: Result<Everything, Error>, asked: bool) {
        let Everything { chats, teams } = match result {
            Ok(all) => all,
            Err(error) => {
                let failure = error.failure(Doing::AskingOrganisation);
                return self.tell(ChatEvent::Work(WorkEvent::Failed(failure))).await;
            }
        };
        for chat in &chats {
            let members = chat.members.iter().flatten();
            let people: Vec<Person> = members
                .filter_map(|who| convert::member(&self.eyes, who))
                .collect();
            self.eyes.remember(&people);
        }
        let mut threads: Vec<Listed> = chats
            .iter()
            .map(|chat| convert::listed(&self.eyes, chat))
            .collect();
        for (team, channels) in teams {
            for channel in channels {
                let id = ThreadId::new(&text::line(&channel.id));
                self.teams.insert(id.clone(), team.id.clone());
                let name = |name: &Option<String>| text::name(name.as_deref().unwrap_or_default());
                threads.push(Listed {
                    id,
                    topic: format!(
                        "{} / {}",
                        name(&team.display_name),
                        name(&channel.display_name)
                    ),
                    kind: ThreadKind::Channel,
                    unread: false,
                    meeting: None,
                    preview: None,
                });
            }
        }
        let at = Clock.utc();
        let listed = WorkEvent::Listed { threads, at, asked };
        self.tell(ChatEvent::Work(listed)).await;
    }

    async fn perform(&mut self, outputs: Vec<outbox::Output>) {
        for output in outputs {
            match output {
                outbox::Output::Post(letter) => self.post(letter),
                outbox::Output::Look(letter) => self.look(letter),
                outbox::Output::Event(event) => self.tell(event).await,
            }
        }
    }

    fn post(&self, letter: Letter) {
        let (rest, place) = (self.rest.clone(), self.place(&letter.thread));
        let request = convert::outgoing(&letter.draft);
        let quoted = letter
            .draft
            .reply_to
            .as_ref()
            .and_then(|quoted| quoted.id.clone());
        let channel = self.teams.contains_key(&letter.thread);
        let root = quoted.clone().map(|id| {
            let key = (letter.thread.clone(), id.clone());
            self.roots.get(&key).cloned().unwrap_or(id)
        });
        self.ask(async move {
            let result = match (quoted, root) {
                (Some(_), Some(root)) if channel => {
                    let target = format!("{place}/messages/{}/replies", segment(root.as_str()));
                    rest.post_once(&target, &request).await
                }
                (Some(quoted), _) => {
                    let reply = ReplyWithQuote {
                        message_ids: vec![quoted.as_str().to_owned()],
                        reply_message: request,
                    };
                    rest.post_once(&format!("{place}/messages/replyWithQuote"), &reply)
                        .await
                }
                (None, _) => rest.post_once(&format!("{place}/messages"), &request).await,
            };
            Done::Posted(letter, result)
        });
    }

    fn look(&self, letter: Letter) {
        let (rest, place, eyes) = (
            self.rest.clone(),
            self.place(&letter.thread),
            self.eyes.clone(),
        );
        let earliest = Timestamp::from_millis(Clock.utc().as_millis() - RECENT_MILLIS);
        self.ask(async move {
            let target = format!("{place}/messages?$top=50");
            let page: Result<Page<ChatMessage>, Error> = rest.get(&target).await;
            let found = page.map(|page| {
                page.value.into_iter().find(|message| {
                    convert::times(message).0 >= earliest
                        && convert::is_sent(&eyes, message, &letter.draft)
                })
            });
            Done::Looked(letter, found)
        });
    }

    async fn command(&mut self, command: ChatCommand) {
        match command {
            ChatCommand::Open(thread) | ChatCommand::Retry(thread) => self.open(thread),
            ChatCommand::Close(thread) => self.sync.close(&thread),
            ChatCommand::LoadOlder { thread, .. } => self.read(&thread, Wish::Older),
            ChatCommand::LoadNewer { thread, .. } => self.read(&thread, Wish::Newer),
            ChatCommand::Refresh(thread) => {
                self.open(thread);
                self.list(false);
            }
            ChatCommand::Send {
                thread,
                client_id,
                draft,
            } => {
                let outputs = self.outbox.send(thread, client_id, draft);
                self.perform(outputs).await;
            }
            // Graph has no typing indicators.
            ChatCommand::Typing(_) => {}
            ChatCommand::Read { thread, .. } => self.mark(thread, "markChatReadForUser"),
            ChatCommand::Edit {
                thread,
                message,
                draft,
            } => {
                let request = convert::outgoing(&Draft {
                    reply_to: None,
                    ..draft
                });
                let target = self.of_message(&thread, &message, "");
                self.change(thread, Doing::Editing, Method::PATCH, target, request);
            }
            ChatCommand::Delete { thread, message } => {
                let target = self.of_own(&thread, &message, "/softDelete");
                self.change(thread, Doing::Deleting, Method::POST, target, json!({}));
            }
            ChatCommand::SaveAttachment {
                thread,
                attachment,
                path,
            } => {
                let rest = self.rest.clone();
                self.errand(
                    async move { Some(work::save(&rest, thread, &attachment, &path).await) },
                );
            }
            ChatCommand::Work(command) => self.work(command),
        }
    }

    fn of_message(&self, thread: &ThreadId, message: &MessageId, act: &str) -> String {
        format!(
            "{}/messages/{}{act}",
            self.place(thread),
            segment(message.as_str())
        )
    }

    /// Deletions are documented below the own user only.
    fn of_own(&self, thread: &ThreadId, message: &MessageId, act: &str) -> String {
        let target = self.of_message(thread, message, act);
        if self.teams.contains_key(thread) {
            target
        } else {
            format!("/users/{}{target}", segment(&self.me.id))
        }
    }

    fn change(
        &self,
        thread: ThreadId,
        doing: Doing,
        method: Method,
        target: String,
        body: impl serde::Serialize + Send + std::marker::Sync + 'static,
    ) {
        let rest = self.rest.clone();
        self.ask(async move {
            let result = rest.act(method, &target, &body).await;
            Done::Changed(thread, doing, result)
        });
    }

    fn mark(&self, thread: ThreadId, act: &str) {
        if self.teams.contains_key(&thread) {
            return;
        }
        let body = ForUser {
            user: UserKey {
                id: self.me.id.clone(),
                tenant_id: None,
            },
            last_message_read_date_time: None,
        };
        let (rest, target) = (self.rest.clone(), format!("{}/{act}", self.place(&thread)));
        self.errand(async move {
            if let Err(error) = rest.act(Method::POST, &target, &body).await {
                tracing::debug!(?error, "the state of reading was not told");
            }
            None
        });
    }

    fn work(&mut self, command: WorkCommand) {
        let rest = self.rest.clone();
        let base = origin(&self.eyes.endpoint);
        match command {
            WorkCommand::List => self.list(true),
            WorkCommand::FindPeople(words) => {
                self.tell_later(async move {
                    Ok(WorkEvent::People(work::people(&rest, &words).await?))
                });
            }
            WorkCommand::NewChat { names, topic } => {
                let me = self.me.id.clone();
                self.tell_later(
                    async move { work::new_chat(&rest, &base, me, names, topic).await },
                );
            }
            WorkCommand::Search(words) => {
                self.tell_later(async move { work::search(&rest, &words).await });
            }
            WorkCommand::Presence(thread) => {
                let mut names = self.eyes.names.clone();
                if thread.is_none() {
                    names.retain(|id, _| *id == self.eyes.me);
                }
                self.tell_later(async move { work::presences(&rest, names).await });
            }
            WorkCommand::SetPresence(presence) => {
                let me = self.me.clone();
                self.tell_later(async move { work::set_presence(&rest, me, presence).await });
            }
            WorkCommand::Undelete { thread, message } => {
                let target = self.of_own(&thread, &message, "/undoSoftDelete");
                self.change(thread, Doing::Deleting, Method::POST, target, json!({}));
            }
            WorkCommand::React {
                thread,
                message,
                kind,
                set,
            } => {
                let act = if set {
                    "/setReaction"
                } else {
                    "/unsetReaction"
                };
                let target = self.of_message(&thread, &message, act);
                let body = SetReaction {
                    reaction_type: kind,
                };
                self.change(thread, Doing::Reacting, Method::POST, target, body);
            }
            WorkCommand::AddMember { thread, name } => {
                let place = self.place(&thread);
                self.ask(async move {
                    let added = work::add(&rest, &base, &place, &name).await;
                    Done::Changed(thread, Doing::AskingOrganisation, added)
                });
            }
            WorkCommand::RemoveMember { thread, name } => {
                let place = self.place(&thread);
                self.ask(async move {
                    let removed = work::remove(&rest, &place, &name).await;
                    Done::Changed(thread, Doing::AskingOrganisation, removed)
                });
            }
            WorkCommand::Rename { thread, topic } => {
                let target = self.place(&thread);
                let body = json!({ "topic": topic });
                self.change(
                    thread,
                    Doing::AskingOrganisation,
                    Method::PATCH,
                    target,
                    body,
                );
            }
            WorkCommand::MarkUnread(thread) => self.mark(thread, "markChatUnreadForUser"),
            WorkCommand::MeetingChat(link) => {
                self.tell_later(async move { work::meeting_chat(&rest, &base, &link).await });
            }
            WorkCommand::SendPicture { thread, path } => {
                let place = self.place(&thread);
                self.ask(async move {
                    let sent = work::send_picture(&rest, &place, &path).await;
                    Done::Changed(thread, Doing::Sending, sent)
                });
            }
        }
    }

    fn tell_later(&self, errand: impl Future<Output = Result<WorkEvent, Error>> + Send + 'static) {
        self.errand(async move {
            let failed = |error: Error| WorkEvent::Failed(error.failure(Doing::AskingOrganisation));
            Some(ChatEvent::Work(errand.await.unwrap_or_else(failed)))
        });
    }
}

fn in_an_hour() -> String {
    Timestamp::from_millis(Clock.utc().as_millis() + 59 * 60_000).to_string()
}

/// Below a token service.
fn relay_url(service: &Url) -> String {
    let base = service.as_str().trim_end_matches('/');
    format!("{}/v1/relay", base.replacen("http", "ws", 1))
}

fn origin(endpoint: &Url) -> String {
    let base = endpoint.as_str().trim_end_matches('/');
    base.strip_suffix(crate::wire::graph::VERSION)
        .unwrap_or(base)
        .to_owned()
}

/// Posts, and the answers that came with them, in one list.
fn flattened(page: Page<ChatMessage>) -> Vec<ChatMessage> {
    let mut all = Vec::new();
    for mut post in page.value {
        all.append(&mut post.replies);
        all.push(post);
    }
    all
}

const PAGE: usize = 50;
const LEAVING: std::time::Duration = std::time::Duration::from_secs(1);
const RENEWAL: std::time::Duration = std::time::Duration::from_mins(50);

/// How long ago a message that may have arrived can have arrived.
const RECENT_MILLIS: i64 = 5 * 60 * 1000;
