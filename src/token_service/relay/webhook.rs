//! What Microsoft Graph delivers: checked cheapest first, decrypted last, answered within seconds.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;

use crate::token_service::Service;
use crate::token_service::audit::What;
use crate::token_service::http;
use crate::token_service::http::Refused;
use crate::token_service::jwt;
use crate::wire::acs::redacted::Redacted;
use crate::wire::graph::subscription::ChangeNotification;
use crate::wire::graph::subscription::Notifications;
use crate::wire::graph::subscription::Resource;
use crate::wire::graph::subscription::ResourceData;
use crate::wire::token_service::Code;

use super::Relay;
use super::lines::Fault;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "validationToken")]
    validation_token: Option<String>,
}

/// A notification, a lifecycle notification, or the question whether they are wanted here.
pub(super) async fn notified(
    State(service): State<Arc<Service>>,
    Path(channel): Path<String>,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Result<Response, Refused> {
    let relay = service.relay.as_ref().ok_or(NOTHING)?;
    if let Some(token) = asked.validation_token {
        return wanted(relay, &channel, token);
    }
    // A subscription outlives its line for a while. Errors would make Graph hold back from this
    // whole host, so it is thanked, and nobody hears of it.
    if !relay.lines().knows(&channel) {
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    let told: Notifications = http::read(&body)?;
    let taken = service.take(relay, &channel, told);
    // Graph waits ten seconds, holds back from who is slow, and tries again after a 503.
    let taken = tokio::time::timeout(ANSWER, taken).await;
    taken.map_err(|_| LATE.after(ANSWER))??;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Only what somebody here has just asked for is wanted. The answer is text, whatever stands in it.
fn wanted(relay: &Relay, channel: &str, token: String) -> Result<Response, Refused> {
    if !relay.lines().knows(channel) || token.len() > LONGEST_TOKEN {
        return Err(NOTHING);
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((StatusCode::OK, kind, token).into_response())
}

impl Service {
    async fn take(&self, relay: &Relay, channel: &str, told: Notifications) -> Result<(), Refused> {
        let checked = relay.lines().check(channel, &told.value);
        let who = match checked {
            Ok(who) => who,
            // It ended meanwhile.
            Err(Fault::Nobody) => return Ok(()),
            Err(fault) => {
                tracing::warn!(?fault, "a notification was refused");
                return Err(FORGED);
            }
        };
        let brings_content = told.value.iter().any(|one| one.lifecycle_event.is_none());
        if brings_content {
            self.vouched_for(relay, &who.issuer, &told.validation_tokens)
                .await?;
        }
        // All are opened before any is passed on: a delivery is good or it is not.
        let opened: Result<Vec<_>, Refused> = told
            .value
            .into_iter()
            .map(|one| relay.open_one(one))
            .collect();
        for notification in opened? {
            if relay.lines().pass(channel, notification) {
                self.metrics.event(What::Notified);
            }
        }
        Ok(())
    }

    /// Whether every token is of that tenant's directory, for our application, by who sends notifications.
    async fn vouched_for(
        &self,
        relay: &Relay,
        tenant: &str,
        tokens: &[Redacted],
    ) -> Result<(), Refused> {
        let directory = relay.directory(tenant).ok_or(FORGED)?;
        if tokens.is_empty() || tokens.len() > MOST_TOKENS {
            return Err(FORGED);
        }
        let rules = jwt::Rules {
            leeway: self.config.leeway,
            nonce: None,
        };
        for token in tokens {
            let claims = directory.check(token, &rules, self.clock).await?;
            let mut senders = [&claims.azp, &claims.appid]
                .into_iter()
                .flatten()
                .peekable();
            let named = senders.peek().is_some();
            let ours = named && senders.all(|sender| *sender == relay.publisher);
            if !ours || claims.tid.as_deref() != Some(tenant) {
                return Err(FORGED);
            }
        }
        Ok(())
    }
}

impl Relay {
    /// What the client is told: the content in place of its encryption, and no secret.
    fn open_one(&self, mut one: ChangeNotification) -> Result<ChangeNotification, Refused> {
        one.client_state = None;
        let sealed = one.encrypted_content.take();
        if one.lifecycle_event.is_some() {
            one.resource_data = None;
            return Ok(one);
        }
        let sealed = sealed.ok_or(FORGED)?;
        if sealed.encryption_certificate_id != self.certificate_id {
            return Err(FORGED);
        }
        let plain = self.opener.open(&sealed).map_err(|error| {
            tracing::warn!(%error, "a notification cannot be opened");
            FORGED
        })?;
        let content: ResourceData = serde_json::from_slice(&plain).map_err(|_| FORGED)?;
        if !is_about(&content, &one.resource) {
            return Err(FORGED);
        }
        one.resource_data = Some(content);
        Ok(one)
    }
}

/// Whether the inside, which is signed, is what the outside says it is.
fn is_about(content: &ResourceData, resource: &str) -> bool {
    let said = |name: &str| content.0[name].as_str();
    match Resource::parse(resource) {
        Some(Resource::Message { chat, message }) => {
            said("id") == Some(&message) && said("chatId") == Some(&chat)
        }
        Some(Resource::Chat { chat }) => said("id") == Some(&chat),
        Some(Resource::ChannelMessage { message, reply, .. }) => {
            said("id") == Some(reply.as_ref().unwrap_or(&message))
        }
        None => false,
    }
}

const NOTHING: Refused = Refused::new(Code::NotFound, "There is nothing here.");
/// Which part was wrong is not said.
const FORGED: Refused = Refused::new(Code::Forbidden, "This is not taken for a notification.");
const LATE: Refused = Refused::new(
    Code::ProviderUnavailable,
    "It could not be checked in time; deliver it again.",
);
const ANSWER: Duration = Duration::from_secs(3);
const LONGEST_TOKEN: usize = 4096;
const MOST_TOKENS: usize = 16;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_inside_has_to_be_what_the_outside_says() {
        let message = ResourceData(json!({ "id": "1", "chatId": "19:a@thread.v2" }));
        assert!(is_about(&message, "chats('19:a@thread.v2')/messages('1')"));
        for other in [
            "chats('19:a@thread.v2')/messages('2')",
            "chats('19:b@thread.v2')/messages('1')",
            "chats('19:a@thread.v2')",
            "users('x')",
        ] {
            assert!(!is_about(&message, other), "{other}");
        }
        let chat = ResourceData(json!({ "id": "19:a@thread.v2" }));
        assert!(is_about(&chat, "chats('19:a@thread.v2')"));
    }
}
