//! Chat by remote control: say, edit, delete, type and read as anybody in a thread.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::routing::get;
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::service::Service;
use crate::service::http;
use crate::service::store::Body;
use crate::service::store::Draft;
use crate::service::store::Edit;
use crate::service::store::Message;
use crate::service::store::Refusal;

use super::NOBODY;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/threads/{thread}/messages", get(list).post(post_one))
        .route("/threads/{thread}/messages/{id}/{act}", post(act))
        .route("/threads/{thread}/typing", post(typing))
        .route("/threads/{thread}/say", post(say))
}

#[derive(Deserialize)]
struct Post {
    #[serde(rename = "as")]
    who: String,
    text: Option<String>,
    html: Option<String>,
    mark: Option<String>,
}

async fn post_one(
    State(service): State<Arc<Service>>,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: Post = http::read(&body)?;
    let draft = match (&wanted.html, &wanted.text) {
        (Some(html), _) => Draft::html(html),
        (None, Some(text)) => Draft::text(text),
        (None, None) => return Err(NO_CONTENT),
    };
    let (id, at) = service.post_as(&thread, &wanted.who, draft)?;
    if let Some(mark) = &wanted.mark {
        service.lock().marks.add(at, mark);
    }
    Ok(Json(
        json!({ "id": id.to_string(), "mono": at.as_secs_f64() }),
    ))
}

impl Service {
    /// Posts as somebody of the thread; answers the message's id and when it went out.
    pub fn post_as(&self, thread: &str, who: &str, draft: Draft) -> Result<(u64, Moment), Refusal> {
        let sender = self.named_in(thread, who)?;
        let at = self.clock().now();
        let id = self.change(|store, now| {
            let (id, change) = store.post(thread, &sender, draft, now)?;
            Ok((id, vec![change]))
        })?;
        Ok((id, at))
    }

    /// The raw id of somebody in the thread, by raw id or by display name.
    pub fn named_in(&self, thread: &str, who: &str) -> Result<String, Refusal> {
        let state = self.lock();
        let people = &state.store.live(thread)?.participants;
        let named = |name: Option<&str>| {
            name.is_some_and(|name| name == who || name.strip_suffix(" (External)") == Some(who))
        };
        let found = people
            .iter()
            .find(|person| person.id == who || named(person.display_name.as_deref()));
        found.map(|person| person.id.clone()).ok_or(NOBODY)
    }
}

#[derive(Deserialize)]
struct Act {
    #[serde(rename = "as")]
    who: String,
    content: Option<String>,
}

async fn act(
    State(service): State<Arc<Service>>,
    Path((thread, id, what)): Path<(String, u64, String)>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: Act = http::read(&body)?;
    let who = service.named_in(&thread, &wanted.who)?;
    service.change(|store, now| {
        let change = match what.as_str() {
            "edit" => {
                let edit = Edit {
                    content: Some(wanted.content.ok_or(NO_CONTENT)?),
                    metadata: None,
                };
                Some(store.edit(&thread, &who, id, edit, now)?)
            }
            "delete" => store.delete(&thread, &who, id, now)?,
            "read" => store.read(&thread, &who, id, now)?,
            _ => return Err(Refusal::NotFound("There is no such act.")),
        };
        Ok(((), change.into_iter().collect()))
    })?;
    Ok(Json(json!({})))
}

async fn typing(
    State(service): State<Arc<Service>>,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: Act = http::read(&body)?;
    let who = service.named_in(&thread, &wanted.who)?;
    service.change(|store, now| {
        let change = store.typing(&thread, &who, None, now)?;
        Ok(((), change.into_iter().collect()))
    })?;
    Ok(Json(json!({})))
}

/// Many messages, numbered in their text.
#[derive(Deserialize)]
pub(super) struct Say {
    #[serde(default)]
    first: u64,
    n: u64,
    /// Per second; without one, as fast as the slowest connection takes them.
    rate: Option<f64>,
    /// By turns; everybody of the script if nobody is named.
    #[serde(default, rename = "as")]
    who: Vec<String>,
}

async fn say(
    State(service): State<Arc<Service>>,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wanted: Say = http::read(&body)?;
    let (times, ids) = say_many(&service, &thread, &wanted).await?;
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    Ok(Json(json!({ "t": times, "ids": ids })))
}

/// When each message was handed over, in seconds, and its id. Returns when none waits any more.
pub(super) async fn say_many(
    service: &Service,
    thread: &str,
    wanted: &Say,
) -> Result<(Vec<f64>, Vec<u64>), Refusal> {
    let speakers = speakers(service, thread, &wanted.who)?;
    let begun = service.clock().now();
    let (mut times, mut ids) = (Vec::new(), Vec::new());
    for (step, speaker) in (0..wanted.n).zip(speakers.iter().cycle()) {
        match wanted.rate {
            Some(rate) if rate > 0.0 => {
                // From the beginning each time, so that lateness does not add up.
                let due = begun + Duration::from_secs_f64(as_seconds(step) / rate);
                wait_until(due, service.clock()).await;
            }
            Some(_) | None => drained_to(service, WAITING).await,
        }
        let draft = Draft::text(&line(wanted.first + step));
        let at = service.clock().now();
        let id = service.change(|store, now| {
            let (id, change) = store.post(thread, speaker, draft, now)?;
            Ok((id, vec![change]))
        })?;
        times.push(at.as_secs_f64());
        ids.push(id);
    }
    drained_to(service, 0).await;
    Ok((times, ids))
}

/// A timer wakes at the next whole millisecond, also when asked for none: whoever is late
/// makes way for others and asks no timer, or a thousand a second would be the most there is.
async fn wait_until(due: Moment, clock: Clock) {
    let wait = due.since(clock.now());
    if wait.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(wait).await;
    }
}

/// Waits until no connection is further behind than `most`. A look each millisecond: a
/// queue tells nobody when it empties, and only floods on request come here.
async fn drained_to(service: &Service, most: usize) {
    let mut looks = 0;
    while service.lock().hub.most_waiting() > most && looks < MOST_LOOKS {
        tokio::time::sleep(Duration::from_millis(1)).await;
        looks += 1;
    }
}

fn speakers(service: &Service, thread: &str, named: &[String]) -> Result<Vec<String>, Refusal> {
    if !named.is_empty() {
        return named
            .iter()
            .map(|who| service.named_in(thread, who))
            .collect();
    }
    let state = service.lock();
    let thread = state.store.live(thread)?;
    let meeting = state.meetings.get(&thread.id);
    let is_client = |id: &str| {
        meeting.is_some_and(|meeting| meeting.clients().any(|(person, _)| person.id == id))
    };
    let people = thread.participants.iter().map(|who| &who.id);
    let scripted: Vec<_> = people.filter(|id| !is_client(id)).cloned().collect();
    if scripted.is_empty() {
        return Err(NOBODY);
    }
    Ok(scripted)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody counts to two to the fifty-second"
)]
fn as_seconds(step: u64) -> f64 {
    step as f64
}

/// The token by which the other end knows message `number`, and prose of varying length.
fn line(number: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(number);
    let mut text = format!("#{number:07}");
    let length = usize::from(rng.u8(50..=75));
    while text.len() < length {
        text.push(' ');
        text.push_str(PROSE[rng.usize(..PROSE.len())]);
    }
    text
}

async fn list(
    State(service): State<Arc<Service>>,
    Path(thread): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let state = service.lock();
    let messages = state.store.live(&thread)?.messages();
    let shown: Vec<Value> = messages.iter().map(|message| show(message)).collect();
    Ok(Json(json!({ "messages": shown })))
}

fn show(message: &Message) -> Value {
    let (kind, content) = match &message.body {
        Body::Text(content) => ("text", content.as_str()),
        Body::Html { content, .. } => ("html", content.as_str()),
        Body::TopicUpdated { topic, .. } => ("topicUpdated", topic.as_str()),
        Body::ParticipantAdded { .. } => ("participantAdded", ""),
        Body::ParticipantRemoved { .. } => ("participantRemoved", ""),
        Body::Other { kind, content } => (kind.as_str(), content.as_str()),
    };
    json!({
        "id": message.id.to_string(),
        "version": message.version.to_string(),
        "sequence": message.sequence,
        "sender": message.sender,
        "senderName": message.sender_name,
        "type": kind,
        "content": content,
        "createdOn": message.created.to_string(),
        "editedOn": message.edited.map(|at| at.to_string()),
        "deletedOn": message.deleted.map(|at| at.to_string()),
    })
}

const NO_CONTENT: Refusal = Refusal::NotFound("Nothing was said: text, html or content is needed.");
/// Far below where a slow connection is cut.
const WAITING: usize = 512;
const MOST_LOOKS: u32 = 10_000;
const PROSE: [&str; 24] = [
    "the", "meeting", "moved", "to", "a", "smaller", "room", "with", "better", "light", "and",
    "nobody", "minded", "since", "coffee", "was", "near", "we", "agreed", "on", "three", "dates",
    "for", "review",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_its_number_and_is_the_same_each_time() {
        let text = line(42);
        assert!(text.starts_with("#0000042 "), "{text}");
        assert_eq!(text, line(42));
        assert_ne!(text[9..], line(43)[9..]);
        assert!((50..85).contains(&text.len()));
    }
}
