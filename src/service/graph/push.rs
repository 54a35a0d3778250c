//! Subscriptions, and their notifications: to a webhook as documented, or over a WebSocket of this
//! service: an extension of ours, since the cloud only delivers to public addresses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::extract::ws::Message;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::State as Everything;
use crate::service::http;
use crate::service::store::Change;
use crate::service::store::Kind;
use crate::service::store::Thread;
use crate::service::store::What;
use crate::service::visitor::OwnPage;
use crate::wire::graph::subscription::ChangeNotification;
use crate::wire::graph::subscription::ChangeType;
use crate::wire::graph::subscription::LOCAL;
use crate::wire::graph::subscription::LifecycleEvent;
use crate::wire::graph::subscription::Notifications;
use crate::wire::graph::subscription::Resource;
use crate::wire::graph::subscription::ResourceData;
use crate::wire::graph::subscription::Subscription;

use super::caller::Caller;
use super::convert::View;
use super::failure::Failure;
use super::tenant::TENANT;
use super::webhook;
use super::webhook::Delivery;

/// Where the notifications of one subscription are read. Its id is as good as a token.
pub(super) const PATH: &str = "/local/notifications/{key}";

#[derive(Default)]
pub(super) struct Subscriptions(BTreeMap<String, Subscribed>);

struct Subscribed {
    asked: Subscription,
    /// Part of the socket's address.
    key: String,
    /// Whose it is, and what they asked of answers.
    caller: Caller,
    about: About,
    ends: Timestamp,
    way: Way,
}

/// How somebody is told.
enum Way {
    /// Over a WebSocket, once that was opened.
    Line(Option<mpsc::Sender<String>>),
    Hook {
        queue: mpsc::Sender<Delivery>,
        /// The queue was full: that something was missed is told once there is room.
        missed: bool,
    },
}

impl Way {
    fn tell(&mut self, notification: ChangeNotification) {
        match self {
            Self::Line(line) => {
                let notifications = Notifications {
                    value: vec![notification],
                    ..Notifications::default()
                };
                let text = serde_json::to_string(&notifications).unwrap_or_default();
                // A line too slow to take it is cut: its client finds out, and reads again.
                if line.as_ref().is_some_and(|l| l.try_send(text).is_err()) {
                    *line = None;
                }
            }
            Self::Hook { queue, missed } => {
                if *missed {
                    let told = ChangeNotification {
                        lifecycle_event: Some(LifecycleEvent::Missed),
                        resource_data: None,
                        ..notification.clone()
                    };
                    *missed = queue.try_send(Delivery::Lifecycle(told)).is_err();
                }
                *missed |= queue.try_send(Delivery::Change(notification)).is_err();
            }
        }
    }
}

/// Which changes somebody hears of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    /// Messages of every chat of theirs.
    Everything,
    Messages(String),
    Chat(String),
}

impl About {
    fn parse(resource: &str, caller: &Caller) -> Option<Self> {
        let parts: Vec<&str> = resource.trim_start_matches('/').split('/').collect();
        let decoded = |part: &str| {
            let text = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
            text.into_owned()
        };
        Some(match parts[..] {
            ["me", "chats", "getAllMessages"] => Self::Everything,
            ["users", user, "chats", "getAllMessages"] if caller.is(&decoded(user)) => {
                Self::Everything
            }
            ["chats", chat, "messages"] | ["teams", _, "channels", chat, "messages"] => {
                Self::Messages(decoded(chat))
            }
            ["chats", chat] => Self::Chat(decoded(chat)),
            _ => return None,
        })
    }

    fn permissions(&self) -> &'static [&'static str] {
        match self {
            Self::Everything | Self::Messages(_) => &["Chat.Read", "Chat.ReadWrite"],
            Self::Chat(_) => &["Chat.ReadBasic", "Chat.Read", "Chat.ReadWrite"],
        }
    }

    fn hears(&self, thread: &str, kind: Kind, of_message: bool) -> bool {
        match self {
            Self::Everything => of_message && kind != Kind::Channel,
            Self::Messages(chat) => of_message && chat == thread,
            Self::Chat(chat) => !of_message && chat == thread,
        }
    }
}

pub(super) async fn create(
    State(service): State<Arc<Service>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Failure> {
    let mut asked: Subscription = http::read(&body)?;
    let about = About::parse(&asked.resource, &caller);
    let about = about.ok_or_else(|| Failure::bad("This resource cannot be subscribed to."))?;
    caller.needs(about.permissions())?;
    if let About::Messages(chat) | About::Chat(chat) = &about {
        super::chats::member_of(&service.lock(), chat, &caller)?;
    }
    let ends = end(&service, &asked)?;
    let key = uuid::Uuid::new_v4().simple().to_string();
    let way = if asked.notification_url == LOCAL {
        let base = caller.base.replacen("http", "ws", 1);
        asked.notification_url = format!("{base}{}", PATH.replace("{key}", &key));
        Way::Line(None)
    } else {
        Way::Hook {
            queue: webhook::start(&service, &asked, &caller).await?,
            missed: false,
        }
    };
    let id = uuid::Uuid::new_v4().to_string();
    asked.id = Some(id.clone());
    let subscribed = Subscribed {
        asked: asked.clone(),
        key,
        caller,
        about,
        ends,
        way,
    };
    let mut state = service.lock();
    state.tenant.subscriptions.0.insert(id, subscribed);
    Ok(http::json(StatusCode::CREATED, &asked))
}

/// At most an hour; longer needs an address for what becomes of the subscription.
fn end(service: &Service, asked: &Subscription) -> Result<Timestamp, Failure> {
    let ends = Timestamp::parse(&asked.expiration_date_time);
    let ends = ends.ok_or_else(|| Failure::bad("expirationDateTime is not a date."))?;
    let left = ends.as_millis() - service.clock().utc().as_millis();
    let longest = i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX);
    if left <= 0 {
        return Err(Failure::bad("expirationDateTime lies in the past."));
    }
    if left > longest && asked.lifecycle_notification_url.is_none() {
        let message = "lifecycleNotificationUrl is a required property for subscription creation on this resource when the expirationDateTime value is set to greater than 1 hour.";
        return Err(Failure::bad(message));
    }
    Ok(ends)
}

fn mine<'s>(
    state: &'s mut Everything,
    id: &str,
    caller: &Caller,
) -> Result<&'s mut Subscribed, Failure> {
    let found = state.tenant.subscriptions.0.get_mut(id);
    let found = found.filter(|subscribed| subscribed.caller.raw == caller.raw);
    found.ok_or_else(Failure::not_found)
}

pub(super) async fn read(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mut state = service.lock();
    Ok(http::json(
        StatusCode::OK,
        &mine(&mut state, &id, &caller)?.asked,
    ))
}

pub(super) async fn renew(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let asked: Subscription = http::read(&body)?;
    let ends = end(&service, &asked)?;
    let mut state = service.lock();
    let known = mine(&mut state, &id, &caller)?;
    known.ends = ends;
    known.asked.expiration_date_time = asked.expiration_date_time;
    Ok(http::json(StatusCode::OK, &known.asked))
}

pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mut state = service.lock();
    mine(&mut state, &id, &caller)?;
    state.tenant.subscriptions.0.remove(&id);
    Ok(http::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn open(
    State(service): State<Arc<Service>>,
    _: OwnPage,
    Path(key): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let (line, lines) = mpsc::channel(WAITING);
    {
        let mut state = service.lock();
        let mut all = state.tenant.subscriptions.0.values_mut();
        let known = all.find(|subscribed| subscribed.key == key);
        match &mut known.ok_or_else(Failure::not_found)?.way {
            Way::Line(own) => *own = Some(line),
            Way::Hook { .. } => return Err(Failure::not_found()),
        }
    }
    Ok(upgrade.on_upgrade(move |socket| run(service, key, socket, lines)))
}

/// Until either side is done, or the subscription's time is over.
async fn run(
    service: Arc<Service>,
    key: String,
    mut socket: WebSocket,
    mut lines: mpsc::Receiver<String>,
) {
    loop {
        tokio::select! {
            line = lines.recv() => {
                let Some(line) = line else { break };
                if socket.send(Message::text(line)).await.is_err() {
                    break;
                }
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
            () = tokio::time::sleep(LOOK) => {
                let now = service.clock().utc();
                let mut state = service.lock();
                state.tenant.subscriptions.0.retain(|_, known| known.ends > now);
                if !state.tenant.subscriptions.0.values().any(|known| known.key == key) {
                    break;
                }
            }
            () = service.tasks().stopped() => break,
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}

impl Everything {
    /// Tells subscribers what a change of the store means to them.
    pub(in crate::service) fn follow(&mut self, change: &Change) {
        let (thread, at) = (change.thread.clone(), change.at);
        let newest = |state: &Self| {
            let thread = state.store.live(&thread).ok()?;
            thread.messages().last().map(|message| message.id)
        };
        match &change.what {
            What::MessageReceived(m) => self.tell(&thread, Some(m.id), ChangeType::Created, at),
            What::MessageEdited(m) => self.tell(&thread, Some(m.id), ChangeType::Updated, at),
            What::MessageDeleted(m) => self.tell(&thread, Some(m.id), ChangeType::Deleted, at),
            What::ThreadCreated { .. }
            | What::ThreadUpdated { .. }
            | What::ParticipantsAdded { .. }
            | What::ParticipantsRemoved { .. } => {
                // Each is also a message of the service itself.
                let message = newest(self);
                self.tell(&thread, message, ChangeType::Created, at);
                self.tell(&thread, None, ChangeType::Updated, at);
            }
            What::Typing { .. } | What::Read { .. } | What::ThreadDeleted { .. } => {}
        }
    }

    /// Tells subscribers that a message, or the chat itself, changed.
    pub(in crate::service) fn tell(
        &mut self,
        thread: &str,
        message: Option<u64>,
        change: ChangeType,
        now: Timestamp,
    ) {
        let Ok(place) = self.store.live(thread) else {
            return;
        };
        let reply = message.and_then(|id| self.tenant.extra(thread, id)?.reply_to);
        let team = self.tenant.team_of(thread).map(|team| team.id.clone());
        let resource = resource(thread, team, message, reply).write();
        let concerned = |known: &Subscribed, place: &Thread| {
            known.ends > now
                && place.member(&known.caller.raw).is_ok()
                && known.about.hears(thread, place.kind, message.is_some())
                && known
                    .asked
                    .change_type
                    .split(',')
                    .any(|c| c.trim() == change.as_str())
        };
        let told: Vec<ChangeNotification> = self
            .tenant
            .subscriptions
            .0
            .iter()
            .filter(|(_, known)| concerned(known, place))
            .map(|(id, known)| ChangeNotification {
                change_type: change.clone(),
                resource: resource.clone(),
                resource_data: self.content(known, place, message),
                ..known.notification(id)
            })
            .collect();
        let all = &mut self.tenant.subscriptions.0;
        all.retain(|_, known| known.ends > now);
        for notification in told {
            if let Some(known) = all.get_mut(&notification.subscription_id) {
                known.way.tell(notification);
            }
        }
    }

    /// The message, or the chat, as this subscriber reads it; only for whoever asked for it.
    fn content(
        &self,
        known: &Subscribed,
        place: &Thread,
        message: Option<u64>,
    ) -> Option<ResourceData> {
        known.asked.include_resource_data.filter(|wanted| *wanted)?;
        let caller = &known.caller;
        let view = View {
            state: self,
            caller,
        };
        let content = match message {
            Some(id) => {
                let mut all = place.messages().iter();
                let found = all.find(|message| message.id == id)?;
                serde_json::to_value(view.message(place, found))
            }
            None => serde_json::to_value(view.chat(place, false, false)),
        };
        content.ok().map(ResourceData)
    }

    /// Tells every webhook what becomes of its subscription; answers how many there are.
    pub(in crate::service) fn tell_lifecycle(&mut self, event: &LifecycleEvent) -> usize {
        let all = &mut self.tenant.subscriptions.0;
        let mut told = 0;
        for (id, known) in all.iter() {
            let Way::Hook { queue, .. } = &known.way else {
                continue;
            };
            let notification = ChangeNotification {
                lifecycle_event: Some(event.clone()),
                ..known.notification(id)
            };
            told += usize::from(queue.try_send(Delivery::Lifecycle(notification)).is_ok());
        }
        if *event == LifecycleEvent::SubscriptionRemoved {
            all.retain(|_, known| matches!(known.way, Way::Line(_)));
        }
        told
    }

    /// Ends every line without a word; answers how many there were.
    pub(in crate::service) fn cut_subscriptions(&mut self) -> usize {
        let known = self.tenant.subscriptions.0.values_mut();
        let cut = known.filter_map(|known| match &mut known.way {
            Way::Line(line) => line.take(),
            Way::Hook { .. } => None,
        });
        cut.count()
    }
}

impl Subscribed {
    /// What every notification of it says.
    fn notification(&self, id: &str) -> ChangeNotification {
        ChangeNotification {
            subscription_id: id.to_owned(),
            client_state: self.asked.client_state.clone(),
            tenant_id: Some(TENANT.to_owned()),
            subscription_expiration_date_time: Some(self.ends.to_string()),
            ..ChangeNotification::default()
        }
    }
}

fn resource(
    thread: &str,
    team: Option<String>,
    message: Option<u64>,
    reply: Option<u64>,
) -> Resource {
    let chat = thread.to_owned();
    match (message, team) {
        (None, _) => Resource::Chat { chat },
        (Some(id), None) => Resource::Message {
            chat,
            message: id.to_string(),
        },
        (Some(id), Some(team)) => Resource::ChannelMessage {
            team,
            channel: chat,
            message: reply.unwrap_or(id).to_string(),
            reply: reply.map(|_| id.to_string()),
        },
    }
}

const LONGEST: Duration = Duration::from_hours(1);
const WAITING: usize = 1024;
const LOOK: Duration = Duration::from_mins(1);
