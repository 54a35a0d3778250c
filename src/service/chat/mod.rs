//! Chat over REST: every operation of the data plane, each a thin walk from request to store.

mod convert;
mod images;
mod messages;
mod paging;
mod participants;
mod receipts;
mod threads;

pub(super) use self::convert::attachment;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use axum::routing::post;

use crate::wire::acs::identity::Scope;

use super::Service;
use super::store::Refusal;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/chat/threads", get(threads::list).post(threads::create))
        .route(
            "/chat/threads/{thread}",
            get(threads::read)
                .patch(threads::update)
                .delete(threads::delete),
        )
        .route(
            "/chat/threads/{thread}/messages",
            get(messages::list).post(messages::send),
        )
        .route(
            "/chat/threads/{thread}/messages/{message}",
            get(messages::read)
                .patch(messages::update)
                .delete(messages::delete),
        )
        .route(
            "/chat/threads/{thread}/participants",
            get(participants::list),
        )
        .route(
            "/chat/threads/{thread}/participants/{action}",
            post(participants::act),
        )
        .route("/chat/threads/{thread}/typing", post(receipts::typing))
        .route(
            "/chat/threads/{thread}/readReceipts",
            get(receipts::list).post(receipts::send),
        )
        .merge(images::routes())
}

/// Making, describing and deleting threads.
const WHOLE: &[Scope] = &[Scope::Chat];
/// Adding and removing others.
const JOIN: &[Scope] = &[Scope::Chat, Scope::ChatJoin];
/// Everything else.
const ANY: &[Scope] = &[Scope::Chat, Scope::ChatJoin, Scope::ChatJoinLimited];

/// A message id of a path or body: a decimal number.
fn message_id(text: &str) -> Result<u64, Refusal> {
    text.parse()
        .map_err(|_| Refusal::Invalid(format!("Value for MessageId ({text}) is not valid.")))
}
