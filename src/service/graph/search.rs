//! Search in everything the caller can read, the newest first.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::service::Service;
use crate::service::http;
use crate::service::store::Kind;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::MessageType;
use crate::wire::graph::search::CHAT_MESSAGE;
use crate::wire::graph::search::EmailAddress;
use crate::wire::graph::search::FoundMessage;
use crate::wire::graph::search::FoundSender;
use crate::wire::graph::search::Hit;
use crate::wire::graph::search::HitsContainer;
use crate::wire::graph::search::SearchAnswer;
use crate::wire::graph::search::SearchAnswers;
use crate::wire::graph::search::SearchRequests;

use super::caller::Caller;
use super::convert::View;
use super::failure::Failure;

pub(super) async fn query(
    State(service): State<Arc<Service>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Failure> {
    // Literally: permission to write is not accepted in its place.
    caller.needs(&["Chat.Read"])?;
    let requests: SearchRequests = http::read(&body)?;
    let [request] = requests.requests.as_slice() else {
        return Err(Failure::bad("Exactly one request is supported."));
    };
    if request.entity_types != [CHAT_MESSAGE] {
        return Err(Failure::bad(
            "Only the entity type chatMessage is supported.",
        ));
    }
    let words = request.query.query_string.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let (from, size) = (request.from as usize, request.size.clamp(1, 500) as usize);
    let mut found = found(&service, &caller, &words);
    found.sort_by(|a, b| b.created_date_time.cmp(&a.created_date_time));
    let more = found.len() > from + size;
    let hits: Vec<Hit> = found
        .into_iter()
        .skip(from)
        .take(size)
        .zip(1..)
        .map(|(message, rank)| hit(message, rank, &words))
        .collect();
    let answers = SearchAnswers {
        value: vec![SearchAnswer {
            search_terms: words.iter().map(|word| (*word).into()).collect(),
            hits_containers: vec![HitsContainer {
                total: u32::try_from(hits.len()).unwrap_or(u32::MAX),
                more_results_available: more,
                hits,
            }],
        }],
    };
    Ok(http::json(StatusCode::OK, &answers))
}

fn found(service: &Service, caller: &Caller, words: &[&str]) -> Vec<ChatMessage> {
    let state = service.lock();
    let view = View {
        state: &state,
        caller,
    };
    let channels = caller.needs(&["ChannelMessage.Read.All"]).is_ok();
    let threads = state.store.threads().filter(|thread| {
        thread.member(&caller.raw).is_ok() && (channels || thread.kind != Kind::Channel)
    });
    let mut all = Vec::new();
    for thread in threads {
        let listed = state
            .store
            .list_messages(&thread.id, &caller.raw, None, None, usize::MAX);
        let listed = listed.unwrap_or_default();
        all.extend(listed.iter().map(|message| view.message(thread, message)));
    }
    all.retain(|message| {
        message.message_type == MessageType::Message
            && !words.is_empty()
            && words.iter().all(|word| fits(message, word))
    });
    all
}

/// A word of the text, or `from:name`.
fn fits(message: &ChatMessage, word: &str) -> bool {
    match word.strip_prefix("from:") {
        Some(name) => sender(message)
            .to_lowercase()
            .contains(name.trim_matches('"')),
        None => message.body.content.to_lowercase().contains(word),
    }
}

fn sender(message: &ChatMessage) -> String {
    let user = message.from.as_ref().and_then(|from| from.user.as_ref());
    user.and_then(|user| user.display_name.clone())
        .unwrap_or_default()
}

fn hit(message: ChatMessage, rank: u32, words: &[&str]) -> Hit {
    let name = sender(&message);
    let text = message.body.content.as_str();
    Hit {
        hit_id: message.id.clone(),
        rank,
        summary: marked(text, words).into(),
        resource: Some(FoundMessage {
            kind: Some("#microsoft.graph.chatMessage".to_owned()),
            id: message.id.clone(),
            created_date_time: message.created_date_time,
            last_modified_date_time: message.last_modified_date_time,
            importance: Some(message.importance.as_str().to_owned()),
            chat_id: message.chat_id,
            channel_identity: message.channel_identity,
            from: Some(FoundSender {
                email_address: Some(EmailAddress {
                    name: Some(name),
                    address: None,
                }),
            }),
            ..FoundMessage::default()
        }),
    }
}

/// With the first place of each word between `<c0>` and `</c0>`.
fn marked(text: &str, words: &[&str]) -> String {
    let mut marked = text.to_owned();
    for word in words.iter().filter(|word| !word.starts_with("from:")) {
        // Lower case may have other lengths; then nothing is marked.
        let lower = marked.to_lowercase();
        if let Some(at) = lower.find(word).filter(|_| lower.len() == marked.len())
            && marked.is_char_boundary(at)
            && marked.is_char_boundary(at + word.len())
        {
            marked.insert_str(at + word.len(), "</c0>");
            marked.insert_str(at, "<c0>");
        }
    }
    marked
}
