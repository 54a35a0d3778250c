//! Microsoft Graph v1.0 for one organisation: its people, chats, teams, and what changes in them.
//!
//! Chats are threads of the one store, so an external user in a meeting and a Teams user in the
//! meeting's chat read the same messages. What only Graph knows of a message (reactions,
//! mentions, importance, pictures) lies beside it in [`Tenant`].

mod batch;
mod caller;
mod chats;
mod convert;
mod directory;
mod drive;
mod failure;
mod meetings;
mod messages;
mod paging;
mod push;
mod search;
mod seed;
mod tenant;
mod webhook;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::delete;
use axum::routing::get;
use axum::routing::post;

use super::Service;

pub use self::caller::EVERYTHING;
pub(in crate::service) use self::failure::in_its_words;
pub use self::tenant::ADA;
pub(in crate::service) use self::tenant::TENANT;
pub(crate) use self::tenant::Tenant;
pub(in crate::service) use self::tenant::User;

pub(super) fn routes() -> Router<Arc<Service>> {
    let below = Router::new()
        .merge(chats("/v1.0/chats"))
        .merge(chats("/v1.0/me/chats"))
        .merge(chats("/v1.0/users/{user}/chats"))
        .route("/v1.0/me", get(directory::me))
        .route("/v1.0/me/people", get(directory::people))
        .route("/v1.0/me/presence", get(directory::my_presence))
        .route(
            "/v1.0/me/drive/root:/{*path}",
            get(drive::found).put(drive::upload),
        )
        .route("/v1.0/me/drive/items/{item}", get(drive::own))
        .route("/v1.0/me/drive/items/{item}/invite", post(drive::invite))
        .route("/v1.0/drives/{drive}/items/{item}", get(drive::shared))
        .route("/v1.0/me/joinedTeams", get(directory::teams))
        .route("/v1.0/me/onlineMeetings", get(meetings::find))
        .route("/v1.0/users/{user}", get(directory::user))
        .route("/v1.0/users/{user}/presence", get(directory::presence))
        .route(
            "/v1.0/users/{user}/presence/{act}",
            post(directory::set_presence),
        )
        .route(
            "/v1.0/communications/getPresencesByUserId",
            post(directory::presences),
        )
        .route("/v1.0/teams/{team}/channels", get(directory::channels))
        .merge(messages("/v1.0/teams/{team}/channels/{chat}/messages"))
        .route("/v1.0/$batch", post(batch::run))
        .route("/v1.0/search/query", post(search::query))
        .route("/v1.0/subscriptions", post(push::create))
        .route(
            "/v1.0/subscriptions/{id}",
            get(push::read).patch(push::renew).delete(push::remove),
        )
        .layer(middleware::from_fn(failure::around));
    Router::new()
        .merge(below)
        .route(push::PATH, get(push::open))
}

/// The same below three addresses: of the chats, of the caller, and of the caller by id.
fn chats(at: &str) -> Router<Arc<Service>> {
    let below = |rest: &str| format!("{at}/{{chat}}{rest}");
    Router::new()
        .route(at, get(chats::list).post(chats::create))
        .route(&below(""), get(chats::get).patch(chats::update))
        .route(&below("/members"), get(chats::members).post(chats::add))
        .route(&below("/members/{member}"), delete(chats::remove))
        .route(&below("/{act}"), post(chats::act))
        .merge(messages(&below("/messages")))
}

fn messages(at: &str) -> Router<Arc<Service>> {
    let below = |rest: &str| format!("{at}/{{message}}{rest}");
    Router::new()
        .route(at, get(messages::list).post(messages::send))
        .route(
            &format!("{at}/replyWithQuote"),
            post(messages::reply_with_quote),
        )
        .route(&below(""), get(messages::get).patch(messages::edit))
        .route(
            &below("/replies"),
            get(messages::replies).post(messages::reply),
        )
        .route(
            &below("/replies/{reply}"),
            get(messages::get).patch(messages::edit),
        )
        .route(&below("/replies/{reply}/{act}"), post(messages::act))
        .route(&below("/{act}"), post(messages::act))
        .route(&below("/hostedContents"), get(messages::hosted))
        .route(
            &below("/hostedContents/{id}/$value"),
            get(messages::hosted_bytes),
        )
}
