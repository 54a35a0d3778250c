//! How news comes: by the machine itself, by a relay, or when the person asks.

use reqwest::Method;
use serde_json::json;
use tokio::sync::mpsc;
use url::Url;

use crate::chat::graph::Feed;
use crate::chat::graph::convert;
use crate::chat::graph::relay;
use crate::chat::graph::relay::With;
use crate::chat::graph::rest::Error;
use crate::chat::graph::sync::Wish;
use crate::chat::retry::Kind;
use crate::chat::socket;
use crate::chat::socket::Address;
use crate::chat::socket::Heard;
use crate::chat::socket::LinkId;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::event::ChatEvent;
use crate::event::WorkEvent;
use crate::identity::Grant;
use crate::identity::Tokens;
use crate::identity::http::is_loopback;
use crate::model::failure::Failure;
use crate::model::text;
use crate::model::thread::Link;
use crate::model::thread::ThreadId;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::query::segment;
use crate::wire::graph::subscription::ChangeNotification;
use crate::wire::graph::subscription::LOCAL;
use crate::wire::graph::subscription::Notifications;
use crate::wire::graph::subscription::Resource;
use crate::wire::graph::subscription::Subscription;
use crate::wire::token_service;
use crate::wire::token_service::ToRelay;

use super::Done;
use super::Driver;

impl Driver {
    pub(super) fn unsubscribe(&self, id: &str) {
        let (rest, path) = (self.rest.clone(), format!("/subscriptions/{id}"));
        self.settings.tasks.spawn_graceful(async move {
            let nothing = json!({});
            let leaving = rest.act(Method::DELETE, &path, &nothing);
            let _ = tokio::time::timeout(LEAVING, leaving).await;
        });
    }

    pub(super) async fn begin(&mut self) {
        if self.relayed {
            return self.by_relay(relay::Input::Begin).await;
        }
        match self.settings.feed {
            // Nobody else understands the address; who is asked is this machine.
            Feed::LocalPush if is_loopback(&self.eyes.endpoint) => self.subscribe(),
            Feed::LocalPush | Feed::OnDemand => self.link_is(Link::OnDemand).await,
        }
    }

    pub(super) async fn by_relay(&mut self, input: relay::Input) {
        for output in self.relay.handle(input) {
            match output {
                relay::Output::Open(with) => self.open_relay(with),
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
                    // What the closed line still says is nobody's news.
                    self.links += 1;
                    Box::pin(self.begin()).await;
                }
                relay::Output::CatchUp => self.catch_up(),
                relay::Output::Told(told) => self.told(told).await,
                relay::Output::Wait(span) => self.due = Some(Clock.now() + span),
            }
        }
    }

    pub(super) fn open_relay(&mut self, with: With) {
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
            let Ok(grant) = granted(&tokens, with).await else {
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
    pub(super) fn subscribe_by(&self, channel: token_service::Channel) {
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

    pub(super) fn say(&self, frame: &ToRelay) {
        let text = serde_json::to_string(frame).unwrap_or_default();
        if let Some(socket) = &self.socket {
            // A line that does not take it is about to be lost.
            let _ = socket.try_send(text);
        }
    }

    /// The line ends with the token it was opened with, unless there is a newer one.
    pub(super) fn renew_line(&self) {
        let (Some(tokens), Some(socket)) = (self.settings.relay.clone(), self.socket.clone())
        else {
            return;
        };
        self.settings.tasks.spawn(async move {
            let Ok(grant) = granted(&tokens, With::ANewerToken).await else {
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
    pub(super) fn catch_up(&mut self) {
        let open: Vec<ThreadId> = self.sync.opened().cloned().collect();
        for thread in open {
            self.read(&thread, Wish::Newer);
        }
    }

    pub(super) fn subscribe(&mut self) {
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
    pub(super) async fn renew(&mut self) {
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

    pub(super) fn prolong(&self, id: &str) {
        let (rest, path) = (self.rest.clone(), format!("/subscriptions/{id}"));
        self.errand(async move {
            let longer = json!({ "expirationDateTime": in_an_hour() });
            if let Err(error) = rest.act(Method::PATCH, &path, &longer).await {
                tracing::debug!(?error, "subscription not renewed");
            }
            None
        });
    }

    pub(super) fn connect(&mut self, url: &str) {
        let (sender, outgoing) = mpsc::channel(1);
        self.socket = Some(sender);
        self.links += 1;
        let (tls, heard) = (self.settings.http.tls().clone(), self.heard.0.clone());
        let address = Address::from(url.to_owned());
        let socket = socket::run(LinkId(self.links), address, tls, outgoing, heard);
        self.settings.tasks.spawn(socket);
    }

    pub(super) async fn hear(&mut self, link: LinkId, heard: Heard) {
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
    pub(super) async fn told(&mut self, told: ChangeNotification) {
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

    pub(super) async fn as_of(&self, thread: ThreadId) {
        let at = Clock.utc();
        let as_of = WorkEvent::AsOf { thread, at };
        self.tell(ChatEvent::Work(as_of)).await;
    }

    pub(super) async fn link_is(&mut self, link: Link) {
        if self.link != link {
            self.link = link.clone();
            self.tell(ChatEvent::Link(link)).await;
        }
    }

    pub(super) async fn subscribed(&mut self, result: Result<Subscription, Error>) {
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
}

async fn granted(tokens: &Tokens, with: With) -> Result<Grant, Failure> {
    let grant = tokens.token().await?;
    match with {
        With::TheTokenAtHand => Ok(grant),
        With::ANewerToken => tokens.after_refusal(grant.generation).await,
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

const LEAVING: std::time::Duration = std::time::Duration::from_secs(1);

const RENEWAL: std::time::Duration = std::time::Duration::from_mins(50);
