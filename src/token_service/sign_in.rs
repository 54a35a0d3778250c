//! Tokens for the service's own people: by a provider, by a session, or as strangers.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use tokio::sync::oneshot;

use crate::clock::Timestamp;
use crate::wire::acs::identity::CommunicationIdentityAccessToken;
use crate::wire::acs::identity::Scope;
use crate::wire::acs::redacted::Redacted;
use crate::wire::token_service::Code;
use crate::wire::token_service::InvitationRequest;
use crate::wire::token_service::Provider;
use crate::wire::token_service::SessionResponse;
use crate::wire::token_service::SignIn;
use crate::wire::token_service::TeamsSignIn;
use crate::wire::token_service::TokenRequest;
use crate::wire::token_service::TokenResponse;

use super::Service;
use super::audit;
use super::audit::Entry;
use super::audit::What;
use super::http;
use super::http::Caller;
use super::http::Refused;
use super::invitation;
use super::invitation::Session;
use super::person::Person;
use super::person::Shown;
use super::person::Who;
use super::person::allows;
use super::resource;
use super::store::Adopted;

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/sign-in", get(ways))
        .route("/v1/token", post(token))
        .route("/v1/invitation", post(redeem))
        .route("/v1/sign-out", post(sign_out))
}

async fn ways(State(service): State<Arc<Service>>) -> Response {
    let config = &service.config;
    let providers = config.providers.iter().map(|known| Provider {
        name: known.name.clone(),
        issuer: known.issuer.clone(),
        client_id: known.client_id.clone(),
    });
    let teams = config.teams.as_ref().map(|teams| TeamsSignIn {
        authority: teams.authority.clone(),
        client_id: teams.app_id.clone(),
        tenant: match &teams.tenants[..] {
            [only] => Some(only.clone()),
            _ => None,
        },
        relay: service.relay.is_some(),
    });
    let ways = SignIn {
        invitations: config.invitations,
        guests: config.guests,
        providers: providers.collect(),
        teams,
    };
    http::json(StatusCode::OK, &ways)
}

async fn token(
    State(service): State<Arc<Service>>,
    from: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let seen = service.clock.utc();
    let shown = Shown::read(&headers)?;
    let given = match http::read(&body)? {
        TokenRequest::External {
            display_name,
            scopes,
            nonce,
        } => {
            check_name(display_name.as_deref())?;
            let nonce = nonce.as_ref().map(Redacted::as_str);
            let person = service.person(shown, nonce).await?;
            service.external(from, &person, &scopes, seen).await?
        }
        TokenRequest::Teams { entra_token } => service.teams(from, shown, entra_token).await?,
    };
    Ok(http::json(StatusCode::OK, &given))
}

/// It goes no further than here; a client that sends a novel is refused all the same.
fn check_name(name: Option<&str>) -> Result<(), Refused> {
    match name {
        Some(name) if name.len() > LONGEST_NAME => Err(Refused::new(
            Code::BadRequest,
            "The display name is longer than 256 bytes.",
        )),
        _ => Ok(()),
    }
}

async fn redeem(
    State(service): State<Arc<Service>>,
    from: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    if !service.config.invitations {
        return Err(Refused::new(
            Code::Forbidden,
            "Invitations are not taken here.",
        ));
    }
    let tried = service.limits.try_invitation(from.0, service.clock.now());
    tried.map_err(Refused::throttled)?;
    let request: InvitationRequest = http::read(&body)?;
    let session = Session::make();
    let now = service.clock.utc();
    let lifetime = i64::try_from(service.config.session.as_millis()).unwrap_or(i64::MAX);
    let until = Timestamp::from_millis(now.as_millis().saturating_add(lifetime));
    let redeemed = match invitation::Code::read(&request.code) {
        Some(code) => {
            let store = &service.store;
            store
                .redeem(code.hash(), session.hash(), until, now)
                .await?
        }
        None => None,
    };
    let Some(who) = redeemed else {
        return Err(Refused::new(
            Code::InvitationRefused,
            "This invitation is not good, or no longer.",
        ));
    };
    service.note(What::Redeemed, from, &who, None, &[]);
    let answer = SessionResponse {
        session: Redacted::from(session.into_text()),
        expires_on: until.to_string(),
    };
    Ok(http::json(StatusCode::OK, &answer))
}

async fn sign_out(
    State(service): State<Arc<Service>>,
    from: Caller,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let who = service.leaving(Shown::read(&headers)?).await?;
    let _turn = service.turns.take(&who).await;
    // First what we hold: should the resource not answer, nobody gets anything new.
    service
        .store
        .sign_out(who.clone(), service.clock.utc())
        .await?;
    let known = service.store.known(who.clone()).await?;
    if let Some(raw_id) = &known.raw_id {
        match service.resource.revoke(raw_id).await {
            Ok(()) | Err(resource::Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    service.note(What::Revoked, from, &who, known.raw_id.as_deref(), &[]);
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Service {
    /// `seen`: before it was found out who the person is.
    async fn external(
        self: &Arc<Self>,
        from: Caller,
        person: &Person,
        wanted: &[Scope],
        seen: Timestamp,
    ) -> Result<TokenResponse, Refused> {
        let who = &person.who;
        let counted = self.limits.token(who, self.clock.now());
        counted.map_err(Refused::throttled)?;
        check_scopes(wanted, &person.scopes)?;
        let _turn = self.turns.take(who).await;
        let known = self.store.known(who.clone()).await?;
        // Who signed out meanwhile must not come away with a token after all.
        if known.signed_out.is_some_and(|at| at >= seen) {
            return Err(SIGNED_OUT);
        }
        let id = match known.raw_id {
            Some(id) => id,
            None => self.identity(from, who).await?,
        };
        let (id, token) = match self.issue(&id, wanted).await {
            // Somebody deleted it in the resource: the person gets a new one.
            Err(resource::Error::NotFound) => {
                self.store.retire(id, self.clock.utc()).await?;
                let id = self.identity(from, who).await?;
                let token = self.issue(&id, wanted).await?;
                (id, token)
            }
            other => (id, other?),
        };
        self.note(What::Issued, from, who, Some(&id), wanted);
        Ok(TokenResponse {
            id,
            token: token.token,
            expires_on: token.expires_on,
            endpoint: self.resource.endpoint().to_owned(),
        })
    }

    async fn issue(
        &self,
        id: &str,
        scopes: &[Scope],
    ) -> Result<CommunicationIdentityAccessToken, resource::Error> {
        let minutes = self.config.token_minutes;
        self.resource.issue(id, scopes, minutes).await
    }

    /// Makes an identity for a person. Goes on when the client does not wait for it, because
    /// an identity that was made and not kept would be nobody's.
    async fn identity(self: &Arc<Self>, from: Caller, who: &Who) -> Result<String, Refused> {
        let (reply, made) = oneshot::channel();
        let (service, who) = (self.clone(), who.clone());
        self.tasks.spawn_graceful(async move {
            // Whoever stopped waiting needs no answer.
            let _ = reply.send(service.make_identity(from, &who).await);
        });
        made.await.map_err(|_| {
            Refused::new(
                Code::ResourceUnavailable,
                "The token service is being stopped.",
            )
        })?
    }

    async fn make_identity(&self, from: Caller, who: &Who) -> Result<String, Refused> {
        let made = self.resource.create().await?;
        let now = self.clock.utc();
        match self.store.adopt(who.clone(), made.clone(), now).await? {
            Adopted::Kept => {
                self.note(What::Created, from, who, Some(&made), &[]);
                Ok(made)
            }
            // Another process on the same database, or a request that nobody waited for: ours
            // is nobody's, and goes.
            Adopted::Other(theirs) => {
                if let Err(error) = self.resource.delete(&made).await {
                    tracing::warn!(%error, identity = %made, "an identity is left over");
                }
                Ok(theirs)
            }
        }
    }

    pub(crate) fn note(
        &self,
        what: What,
        from: Caller,
        who: &Who,
        identity: Option<&str>,
        scopes: &[Scope],
    ) {
        self.metrics.event(what);
        self.audit.write(&Entry {
            person: Some(audit::person(who)),
            identity,
            scopes,
            ..Entry::new(what, from.0, self.clock.utc())
        });
    }
}

fn check_scopes(wanted: &[Scope], allowed: &[Scope]) -> Result<(), Refused> {
    if wanted.is_empty() {
        return Err(Refused::new(
            Code::BadRequest,
            "Say which scopes are needed.",
        ));
    }
    if wanted
        .iter()
        .any(|scope| matches!(scope, Scope::Unknown(_)))
    {
        return Err(Refused::new(Code::BadRequest, "A scope is not known."));
    }
    if wanted.iter().all(|scope| allows(allowed, scope)) {
        return Ok(());
    }
    Err(Refused::new(
        Code::ScopeNotAllowed,
        "A scope was asked for that is not granted here.",
    ))
}

const LONGEST_NAME: usize = 256;
const SIGNED_OUT: Refused = Refused::new(Code::SignedOut, "The person has just signed out.");
