//! Who calls, with which permissions, and what they ask of the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::entra::CLIENT;
use crate::service::http;
use crate::service::http::Origin;
use crate::service::store::Refusal;
use crate::wire::graph::PREFER_UNKNOWN;

use super::failure::Failure;
use super::tenant::TENANT;
use super::tenant::User;

/// The claims of a Graph token that matter here.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    aud: String,
    oid: String,
    tid: String,
    scp: String,
    /// Of the application the token was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    appid: Option<String>,
    iat: u64,
    exp: u64,
}

/// Somebody of the organisation with a good token.
pub(super) struct Caller {
    pub(super) user: User,
    /// Their raw id in the store.
    pub(super) raw: String,
    scopes: Vec<String>,
    /// Newer names of enumerations are asked for by name.
    pub(super) knows_new: bool,
    pub(super) base: String,
    /// The application that the person uses.
    pub(super) app: String,
}

impl Caller {
    /// Whether `key` (an id or a user principal name) names them.
    pub(super) fn is(&self, key: &str) -> bool {
        is(&self.user, key)
    }

    /// Refuses unless the token has one of these permissions.
    pub(super) fn needs(&self, any_of: &[&str]) -> Result<(), Failure> {
        let held = |wanted: &&str| self.scopes.iter().any(|scope| scope == wanted);
        if any_of.iter().any(held) {
            return Ok(());
        }
        Err(Failure::scope())
    }
}

impl FromRequestParts<Arc<Service>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Failure> {
        service.lock().tenant.count(&parts.method);
        let token = http::bearer(&parts.headers).map_err(Failure::from)?;
        let (user, scopes, app) = verify(service, token).await?;
        if named_in(parts.uri.path()).is_some_and(|key| !is(&user, &key)) {
            return Err(Failure::forbidden("A user's chats are their own."));
        }
        let preferred = parts.headers.get_all("prefer").iter();
        let knows_new = preferred
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.to_ascii_lowercase().contains(PREFER_UNKNOWN));
        let Origin(base) = Origin::from_request_parts(parts, service)
            .await
            .map_err(Failure::from)?;
        Ok(Self {
            raw: user.raw_id(),
            user,
            scopes,
            knows_new,
            base,
            app,
        })
    }
}

/// The user in `/v1.0/users/{user}/chats…`.
fn named_in(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/v1.0/users/")?;
    let (key, below) = rest.split_once('/')?;
    let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
    below.starts_with("chats").then(|| key.into_owned())
}

fn is(user: &User, key: &str) -> bool {
    user.id == key || user.upn.eq_ignore_ascii_case(key)
}

/// Whose token this is, and what it permits. The one place that trusts one.
pub(super) async fn verify(
    service: &Service,
    token: &str,
) -> Result<(User, Vec<String>, String), Failure> {
    let key = service.keys.ready().await;
    let key = key.ok_or(Refusal::Unavailable(
        "There is no key to check tokens with.",
    ))?;
    let claims: Claims = key
        .read(token)
        .ok_or_else(|| Failure::unauthorized("Access token validation failure."))?;
    let now = seconds(service.clock().utc());
    let state = service.lock();
    if state.tenant.challenges {
        return Err(Failure::challenge());
    }
    if claims.aud != AUDIENCE || claims.tid != TENANT {
        let message = "Access token validation failure. Invalid audience.";
        return Err(Failure::unauthorized(message));
    }
    if claims.exp <= now {
        return Err(Failure::unauthorized(
            "Lifetime validation failed, the token is expired.",
        ));
    }
    let user = state.tenant.user(&claims.oid).cloned();
    let user = user.ok_or_else(|| Failure::unauthorized("There is no such user."))?;
    let scopes = claims.scp.split(' ').map(str::to_owned).collect();
    Ok((
        user,
        scopes,
        claims.appid.unwrap_or_else(|| CLIENT.to_owned()),
    ))
}

impl Service {
    /// A Graph token of somebody of the organisation, by id or user principal name.
    pub async fn graph_token(
        &self,
        user: &str,
        scopes: &str,
        lifetime: Duration,
    ) -> Result<String, Refusal> {
        let oid = self.lock().tenant.user(user).map(|user| user.id.clone());
        let oid = oid.ok_or(Refusal::NotFound("There is no such user."))?;
        let key = self.keys.ready().await;
        let key = key.ok_or(Refusal::Unavailable("There is no key to sign tokens with."))?;
        let iat = seconds(self.clock().utc());
        Ok(key.sign(&Claims {
            aud: AUDIENCE.to_owned(),
            oid,
            tid: TENANT.to_owned(),
            scp: scopes.to_owned(),
            appid: None,
            iat,
            exp: iat + lifetime.as_secs(),
        }))
    }
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis() / 1000).unwrap_or(0)
}

const AUDIENCE: &str = "https://graph.microsoft.com";

/// Everything the client can make use of.
pub const EVERYTHING: &str = "User.Read Chat.ReadWrite Chat.Read Chat.Create ChatMessage.Send \
    ChatMember.ReadWrite OnlineMeetings.Read People.Read Presence.ReadWrite Presence.Read.All \
    Team.ReadBasic.All Channel.ReadBasic.All ChannelMessage.Read.All ChannelMessage.Send \
    ChannelMessage.ReadWrite Files.ReadWrite";
