//! The driver: performs what the sessions ask for and reports back. No decision is made here.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::chat::attachment;
use crate::chat::eyes::Eyes;
use crate::chat::socket;
use crate::chat::socket::Heard;
use crate::chat::socket::LinkId;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::effect::ChatCommand;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::identity::Generation;
use crate::identity::Grant;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::message::Draft;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::thread::Link;
use crate::model::thread::ThreadId;
use crate::wire::acs::chat::ChatMessageType;
use crate::wire::acs::realtime::ClientInfo;

use super::Settings;
use super::convert;
use super::convert::Format;
use super::outbox;
use super::outbox::Outbox;
use super::realtime;
use super::realtime::Change;
use super::realtime::Session;
use super::rest::Error;
use super::rest::Rest;
use super::sync;
use super::sync::Reading;
use super::sync::Sync;
use super::trouter::Refused;
use super::trouter::Trouter;

/// What comes back from an errand.
enum Done {
    Realtime(RealtimeDone),
    Sync(sync::Input),
    Outbox(outbox::Input),
    Event(ChatEvent),
}

enum RealtimeDone {
    Configured(Result<crate::wire::acs::realtime::RealTimeNotificationConfiguration, Refused>),
    Allocated(
        LinkId,
        Result<crate::wire::acs::realtime::Allocation, Refused>,
    ),
    ShookHands(
        LinkId,
        Result<crate::wire::acs::realtime::Handshake, Refused>,
    ),
    Registered(LinkId, Result<(), Refused>),
}

pub(super) struct Driver {
    settings: Settings,
    clock: Clock,
    rest: Rest,
    trouter: Trouter,
    session: Session,
    sync: Sync,
    outbox: Outbox,
    link: Link,
    /// The token that was refused last.
    refused: Option<Generation>,
    sockets: BTreeMap<LinkId, mpsc::Sender<String>>,
    heard: mpsc::Sender<(LinkId, Heard)>,
    done: mpsc::Sender<Done>,
    events: mpsc::Sender<Event>,
}

/// The two channels the driver reads besides its commands.
pub(super) struct Inlets {
    heard: mpsc::Receiver<(LinkId, Heard)>,
    done: mpsc::Receiver<Done>,
}

impl Driver {
    pub(super) fn new(
        settings: Settings,
        grant: &Grant,
        events: mpsc::Sender<Event>,
    ) -> (Self, Inlets) {
        let (heard, heard_inlet) = mpsc::channel(HEARD);
        let (done, done_inlet) = mpsc::channel(64);
        let clock = Clock;
        let seed = fastrand::u64(..);
        let eyes = Eyes {
            me: grant.raw_id.clone(),
            my_name: settings.display_name.clone(),
            endpoint: grant.endpoint.clone(),
            names: BTreeMap::new(),
        };
        let identity = realtime::Identity {
            cor_id: Uuid::new_v4().to_string(),
            epid: settings.endpoint_id.clone(),
            cv: STANDARD_NO_PAD.encode(fastrand::u128(..).to_le_bytes()),
            client: ClientInfo {
                cv: "2024.14.01.55".to_owned(),
                ua: "sidetone".to_owned(),
                v: env!("CARGO_PKG_VERSION").to_owned(),
            },
        };
        let driver = Self {
            rest: Rest::new(settings.http.clone(), settings.tokens.clone(), seed),
            trouter: Trouter::new(settings.http.clone(), settings.tokens.clone()),
            session: Session::new(identity, clock.now(), clock.utc(), seed),
            sync: Sync::new(eyes),
            outbox: Outbox::new(settings.display_name.clone()),
            link: Link::Connecting,
            refused: None,
            sockets: BTreeMap::new(),
            settings,
            clock,
            heard,
            done,
            events,
        };
        let inlets = Inlets {
            heard: heard_inlet,
            done: done_inlet,
        };
        (driver, inlets)
    }

    /// Until the commands end.
    pub(super) async fn run(
        mut self,
        mut inlets: Inlets,
        mut backlog: VecDeque<ChatCommand>,
        commands: &mut mpsc::Receiver<ChatCommand>,
    ) {
        while let Some(command) = backlog.pop_front() {
            self.command(command);
        }
        loop {
            let deadline = self.drain().await;
            tokio::select! {
                Some((link, heard)) = inlets.heard.recv() => self.heard(link, heard),
                Some(done) = inlets.done.recv() => self.done(done).await,
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                () = self.clock.sleep_until(deadline) => self.deadline(),
            }
        }
        self.session.handle(realtime::Input::Stop, self.clock.now());
        self.drain().await;
    }

    fn deadline(&mut self) {
        let now = self.clock.now();
        self.session.handle(realtime::Input::Timeout, now);
        self.sync.handle(sync::Input::Timeout, now);
        self.outbox.handle(outbox::Input::Timeout, now);
    }

    fn heard(&mut self, link: LinkId, heard: Heard) {
        let input = match &heard {
            Heard::Frame(text) => realtime::Input::Frame(link, text),
            // That it is closed follows.
            Heard::Refused(_) => return,
            Heard::Closed => {
                self.sockets.remove(&link);
                realtime::Input::Closed(link)
            }
        };
        self.session.handle(input, self.clock.now());
    }

    async fn done(&mut self, done: Done) {
        let now = self.clock.now();
        match done {
            Done::Realtime(done) => self.realtime_done(done),
            Done::Sync(input) => self.sync.handle(input, now),
            Done::Outbox(input) => self.outbox.handle(input, now),
            Done::Event(event) => self.tell(event).await,
        }
    }

    fn realtime_done(&mut self, done: RealtimeDone) {
        let input = match done {
            RealtimeDone::Configured(result) => {
                realtime::Input::Configured(self.remember_refused(result))
            }
            RealtimeDone::Allocated(link, result) => {
                realtime::Input::Allocated(link, self.remember_refused(result))
            }
            RealtimeDone::ShookHands(link, result) => {
                realtime::Input::ShookHands(link, self.remember_refused(result))
            }
            RealtimeDone::Registered(link, result) => {
                realtime::Input::Registered(link, self.remember_refused(result))
            }
        };
        self.session.handle(input, self.clock.now());
    }

    fn remember_refused<T>(&mut self, result: Result<T, Refused>) -> Result<T, realtime::Refusal> {
        result.map_err(|(refusal, generation)| {
            if refusal == realtime::Refusal::Unauthorized {
                self.refused = generation.or(self.refused);
            }
            refusal
        })
    }

    fn command(&mut self, command: ChatCommand) {
        let now = self.clock.now();
        let mut sync = |input| self.sync.handle(input, now);
        match command {
            ChatCommand::Open(thread) => sync(sync::Input::Open(thread)),
            ChatCommand::Close(thread) => sync(sync::Input::Close(thread)),
            ChatCommand::LoadOlder { thread, before } => {
                sync(sync::Input::Older { thread, before });
            }
            ChatCommand::LoadNewer { thread, after } => {
                sync(sync::Input::Newer { thread, after });
            }
            ChatCommand::Refresh(thread) => sync(sync::Input::Refresh(thread)),
            ChatCommand::Retry(thread) => {
                sync(sync::Input::Retry(thread));
                self.session.handle(realtime::Input::Retry, now);
            }
            ChatCommand::Send {
                thread,
                client_id,
                draft,
            } => {
                let input = outbox::Input::Send {
                    thread,
                    client_id,
                    draft,
                };
                self.outbox.handle(input, now);
            }
            ChatCommand::Typing(thread) => {
                self.outbox.handle(outbox::Input::Typing(thread), now);
            }
            ChatCommand::Read { thread, message } => {
                let input = outbox::Input::Read { thread, message };
                self.outbox.handle(input, now);
            }
            // Nobody offers it where there is no organisation.
            ChatCommand::Work(_) => {}
            ChatCommand::Edit {
                thread,
                message,
                draft,
            } => self.edit(thread, message, draft),
            ChatCommand::Delete { thread, message } => self.delete(thread, message),
            ChatCommand::SaveAttachment {
                thread,
                attachment,
                path,
            } => {
                let rest = self.rest.clone();
                self.errand(async move {
                    let fetch = async |url: String| {
                        let bytes = rest.attachment(&url).await;
                        bytes.map_err(|error| error.failure(Doing::SavingAttachment))
                    };
                    Some(attachment::save(fetch, thread, &attachment, &path).await)
                });
            }
        }
    }

    fn edit(&self, thread: ThreadId, message: MessageId, draft: Draft) {
        let rest = self.rest.clone();
        self.errand(async move {
            let edited = edit(&rest, &thread, &message, &draft).await;
            Some(match edited {
                Ok(()) => ChatEvent::ActionDone { thread },
                Err(failure) => ChatEvent::ActionFailed { thread, failure },
            })
        });
    }

    fn delete(&self, thread: ThreadId, message: MessageId) {
        let rest = self.rest.clone();
        self.errand(async move {
            let deleted = rest.delete(&thread, &message).await;
            Some(match deleted {
                Ok(()) => ChatEvent::ActionDone { thread },
                Err(error) => ChatEvent::ActionFailed {
                    thread,
                    failure: error.failure(Doing::Deleting),
                },
            })
        });
    }

    /// Something on the side that may end in an event.
    fn errand(&self, errand: impl Future<Output = Option<ChatEvent>> + Send + 'static) {
        let done = self.done.clone();
        self.settings.tasks.spawn(async move {
            if let Some(event) = errand.await {
                // The driver is gone when nobody listens.
                let _ = done.send(Done::Event(event)).await;
            }
        });
    }

    fn ask(&self, errand: impl Future<Output = Done> + Send + 'static) {
        let done = self.done.clone();
        self.settings.tasks.spawn(async move {
            let _ = done.send(errand.await).await;
        });
    }

    /// Performs everything that is asked for; when to look again.
    async fn drain(&mut self) -> Option<Moment> {
        loop {
            let session = match self.session.poll() {
                realtime::Output::Wait(at) => at,
                output => {
                    self.perform_realtime(output).await;
                    continue;
                }
            };
            let sync = match self.sync.poll() {
                sync::Output::Wait(at) => at,
                output => {
                    self.perform_sync(output).await;
                    continue;
                }
            };
            let outbox = match self.outbox.poll() {
                outbox::Output::Wait(at) => at,
                output => {
                    self.perform_outbox(output).await;
                    continue;
                }
            };
            return [session, sync, outbox].into_iter().flatten().min();
        }
    }

    async fn perform_realtime(&mut self, output: realtime::Output) {
        let trouter = self.trouter.clone();
        match output {
            realtime::Output::Configure { fresh } => {
                let refused = self.refused.filter(|_| fresh);
                self.ask(async move {
                    let result = trouter.configuration(refused).await;
                    Done::Realtime(RealtimeDone::Configured(result))
                });
            }
            realtime::Output::Allocate { link, url, fresh } => {
                let refused = self.refused.filter(|_| fresh);
                self.ask(async move {
                    let result = trouter.allocate(&url, refused).await;
                    Done::Realtime(RealtimeDone::Allocated(link, result))
                });
            }
            realtime::Output::ShakeHands { link, url } => self.ask(async move {
                let result = trouter.shake_hands(&url).await;
                Done::Realtime(RealtimeDone::ShookHands(link, result))
            }),
            realtime::Output::Register {
                link,
                url,
                body,
                fresh,
            } => {
                let refused = self.refused.filter(|_| fresh);
                self.ask(async move {
                    let result = trouter.register(&url, &body, refused).await;
                    Done::Realtime(RealtimeDone::Registered(link, result))
                });
            }
            realtime::Output::Unregister { url } => {
                self.settings.tasks.spawn_graceful(async move {
                    let leaving = trouter.unregister(&url);
                    // Leaving must not wait for a service that does not answer.
                    let _ = tokio::time::timeout(LEAVING, leaving).await;
                });
            }
            realtime::Output::Open { link, url } => {
                let (sender, outgoing) = mpsc::channel(OUTGOING);
                self.sockets.insert(link, sender);
                let (tls, heard) = (self.settings.http.tls().clone(), self.heard.clone());
                let socket = socket::run(link, url.into(), tls, outgoing, heard);
                self.settings.tasks.spawn(socket);
            }
            realtime::Output::Send { link, text } => self.send_frame(link, text),
            realtime::Output::Close { link } => drop(self.sockets.remove(&link)),
            realtime::Output::Notification(event) => {
                let input = sync::Input::Notified(event);
                self.sync.handle(input, self.clock.now());
            }
            realtime::Output::Change(change) => self.changed(change).await,
            realtime::Output::Wait(_) => {}
        }
    }

    /// A socket that takes nothing more is as good as closed.
    fn send_frame(&mut self, link: LinkId, text: String) {
        let taken = self
            .sockets
            .get(&link)
            .is_some_and(|socket| socket.try_send(text).is_ok());
        if !taken && self.sockets.remove(&link).is_some() {
            let input = realtime::Input::Closed(link);
            self.session.handle(input, self.clock.now());
        }
    }

    async fn changed(&mut self, change: Change) {
        let now = self.clock.now();
        let (input, link) = match change {
            Change::Live => (Some(sync::Input::Live), Some(Link::Live)),
            Change::Lost => (Some(sync::Input::Lost), Some(Link::Reconnecting)),
            Change::Missed => (Some(sync::Input::Missed), None),
            Change::Hopeless => {
                self.sync.handle(sync::Input::Lost, now);
                // Whether asking helps is known once something was answered.
                (Some(sync::Input::Poll), self.without_events(false))
            }
            Change::GaveUp => {
                let failure = Failure {
                    doing: Doing::Connecting,
                    because: Because::TokenRefused,
                    remedy: Remedy::SignInAgain,
                };
                (Some(sync::Input::Lost), Some(Link::Down(failure)))
            }
        };
        if let Some(input) = input {
            self.sync.handle(input, now);
        }
        self.link_is(link).await;
    }

    /// Where the link stands without events.
    fn without_events(&self, answered: bool) -> Option<Link> {
        match (answered, &self.link) {
            (true, _) => Some(Link::Polling),
            (false, Link::Live | Link::Reconnecting | Link::Polling) => Some(Link::Reconnecting),
            (false, Link::Connecting | Link::Relayed | Link::OnDemand | Link::Down(_)) => None,
        }
    }

    async fn link_is(&mut self, link: Option<Link>) {
        if let Some(link) = link.filter(|link| *link != self.link) {
            self.link = link.clone();
            self.tell(ChatEvent::Link(link)).await;
        }
    }

    async fn perform_sync(&mut self, output: sync::Output) {
        let rest = self.rest.clone();
        match output {
            sync::Output::List {
                thread,
                listing,
                link,
            } => self.ask(async move {
                let result = rest.messages(&thread, link.as_deref()).await;
                Done::Sync(sync::Input::Listed {
                    thread,
                    listing,
                    result,
                })
            }),
            sync::Output::Read(thread) => self.ask(async move {
                let result = read(&rest, &thread).await.map(Box::new);
                Done::Sync(sync::Input::Read { thread, result })
            }),
            sync::Output::Event(event) => {
                self.notice_own(&event);
                self.tell(event).await;
            }
            sync::Output::Polls { answered } => {
                let link = self.without_events(answered);
                self.link_is(link).await;
            }
            sync::Output::Wait(_) => {}
        }
    }

    /// Our own messages, coming home.
    fn notice_own(&mut self, event: &ChatEvent) {
        let messages: &[Message] = match event {
            ChatEvent::MessageReceived { message, .. } => std::slice::from_ref(message),
            ChatEvent::NewerPage { messages, .. } => messages,
            _ => return,
        };
        let now = self.clock.now();
        for message in messages {
            if let (true, Some(client_id)) = (message.mine, &message.client_id) {
                let input = outbox::Input::Seen {
                    client_id: client_id.clone(),
                    message: message.id.clone(),
                };
                self.outbox.handle(input, now);
            }
        }
    }

    async fn perform_outbox(&mut self, output: outbox::Output) {
        let rest = self.rest.clone();
        match output {
            outbox::Output::Post {
                thread,
                client_id,
                request,
            } => self.ask(async move {
                let result = rest.send(&thread, &request).await;
                Done::Outbox(outbox::Input::Posted {
                    thread,
                    client_id,
                    result,
                })
            }),
            outbox::Output::Look { thread, client_id } => self.ask(async move {
                let result = rest.messages(&thread, None).await.map(|page| {
                    let found = page.value.iter().find(|message| {
                        convert::client_id(&message.metadata).as_ref() == Some(&client_id)
                    });
                    found.map(|message| MessageId::new(&message.id))
                });
                Done::Outbox(outbox::Input::Looked {
                    thread,
                    client_id,
                    result,
                })
            }),
            outbox::Output::Typing(thread) => {
                let name = self.settings.display_name.clone();
                self.errand(async move {
                    // Nobody misses an indicator.
                    let _ = rest.typing(&thread, &name).await;
                    None
                });
            }
            outbox::Output::Read { thread, message } => self.errand(async move {
                if let Err(error) = rest.read_up_to(&thread, &message).await {
                    tracing::debug!(?error, "read receipt not sent");
                }
                None
            }),
            outbox::Output::Event(event) => self.tell(event).await,
            outbox::Output::Wait(_) => {}
        }
    }

    async fn tell(&self, event: ChatEvent) {
        let event = Event::Chat(self.settings.account.clone(), event);
        // The program is ending when nobody listens.
        let _ = self.events.send(event).await;
    }
}

/// Everything of a thread but its messages, at once.
async fn read(rest: &Rest, thread: &ThreadId) -> Result<Reading, Error> {
    let (properties, participants, receipts) = tokio::join!(
        rest.properties(thread),
        rest.participants(thread),
        rest.receipts(thread)
    );
    Ok(Reading {
        properties: properties?,
        participants: participants?,
        // Large threads have none, and nothing depends on them.
        receipts: receipts.unwrap_or_default(),
    })
}

/// In the format of the message, which an edit cannot change.
async fn edit(
    rest: &Rest,
    thread: &ThreadId,
    message: &MessageId,
    draft: &Draft,
) -> Result<(), Failure> {
    let failed = |error: Error| error.failure(Doing::Editing);
    let current = rest.message(thread, message).await.map_err(failed)?;
    let format = match current.kind {
        ChatMessageType::Html => Format::Html,
        _ => Format::Text,
    };
    let written = convert::outgoing(draft, Some(format));
    if written.content.len() > outbox::LIMIT {
        return Err(Failure {
            doing: Doing::Editing,
            because: Because::TooLong {
                bytes: written.content.len(),
                limit: outbox::LIMIT,
            },
            remedy: Remedy::Shorten,
        });
    }
    let edited = rest.edit(thread, message, written.content).await;
    edited.map_err(failed)
}

/// Frames that were read from sockets and wait for the sessions.
const HEARD: usize = 256;

/// Frames that wait for one socket. More than all that is heard at once can ask for, two
/// answers each: only a peer that takes nothing any more fills it.
const OUTGOING: usize = 4 * HEARD;

const LEAVING: Duration = Duration::from_secs(1);
