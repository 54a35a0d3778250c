//! Subscriptions, and their notifications over a WebSocket of this service: an extension of ours,
//! since the cloud only delivers to public addresses.

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
use crate::wire::graph::subscription::Notifications;
use crate::wire::graph::subscription::Resource;
use crate::wire::graph::subscription::Subscription;

use super::caller::Caller;
use super::failure::Failure;
use super::tenant::TENANT;

/// Where the notifications of one subscription are read. Its id is as good as a token.
pub(super) const PATH: &str = "/local/notifications/{key}";

#[derive(Default)]
pub(super) struct Subscriptions(BTreeMap<String, Subscribed>);

struct Subscribed {
    asked: Subscription,
    /// Part of the socket's address.
    key: String,
    raw: String,
    about: About,
    ends: Timestamp,
    line: Option<mpsc::Sender<String>>,
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
    fn parse(resource: &str) -> Option<Self> {
        let parts: Vec<&str> = resource.trim_start_matches('/').split('/').collect();
        let decoded = |part: &str| {
            let text = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
            text.into_owned()
        };
        Some(match parts[..] {
            ["me", "chats", "getAllMessages"] | ["users", _, "chats", "getAllMessages"] => {
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
    let about = About::parse(&asked.resource);
    let about = about.ok_or_else(|| Failure::bad("This resource cannot be subscribed to."))?;
    caller.needs(about.permissions())?;
    if asked.notification_url != LOCAL {
        let message = "Subscription validation request failed. Only notificationUrl \"local:\" is delivered to here.";
        return Err(Failure::bad(message));
    }
    let mut state = service.lock();
    if let About::Messages(chat) | About::Chat(chat) = &about {
        super::chats::member_of(&state, chat, &caller)?;
    }
    let ends = end(&service, &asked)?;
    let id = uuid::Uuid::new_v4().to_string();
    let key = uuid::Uuid::new_v4().simple().to_string();
    let base = caller.base.replacen("http", "ws", 1);
    asked.id = Some(id.clone());
    asked.notification_url = format!("{base}{}", PATH.replace("{key}", &key));
    let subscribed = Subscribed {
        asked: asked.clone(),
        key,
        raw: caller.raw,
        about,
        ends,
        line: None,
    };
    state.tenant.subscriptions.0.insert(id, subscribed);
    Ok(http::json(StatusCode::CREATED, &asked))
}

/// At most an hour; longer needs a second address, which nobody here has.
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
    let found = found.filter(|subscribed| subscribed.raw == caller.raw);
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
        known.ok_or_else(Failure::not_found)?.line = Some(line);
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
                && place.member(&known.raw).is_ok()
                && known.about.hears(thread, place.kind, message.is_some())
                && known
                    .asked
                    .change_type
                    .split(',')
                    .any(|c| c.trim() == change.as_str())
        };
        for (id, known) in &mut self.tenant.subscriptions.0 {
            if !concerned(known, place) {
                continue;
            }
            let notification = ChangeNotification {
                subscription_id: id.clone(),
                change_type: change.clone(),
                client_state: known.asked.client_state.clone(),
                tenant_id: Some(TENANT.to_owned()),
                subscription_expiration_date_time: Some(known.ends.to_string()),
                resource: resource.clone(),
            };
            let notifications = Notifications {
                value: vec![notification],
            };
            let text = serde_json::to_string(&notifications).unwrap_or_default();
            // A line too slow to take it is cut: its client finds out, and reads again.
            if known
                .line
                .as_ref()
                .is_some_and(|line| line.try_send(text).is_err())
            {
                known.line = None;
            }
        }
    }

    /// Ends every line without a word; answers how many there were.
    pub(in crate::service) fn cut_subscriptions(&mut self) -> usize {
        let known = self.tenant.subscriptions.0.values_mut();
        known.filter_map(|known| known.line.take()).count()
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
