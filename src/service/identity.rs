//! The identity service of a resource, and the token endpoint that guests use.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::routing::delete;
use axum::routing::post;

use crate::clock::Timestamp;
use crate::wire::acs::identity::CommunicationIdentity;
use crate::wire::acs::identity::CommunicationIdentityAccessToken;
use crate::wire::acs::identity::CommunicationIdentityAccessTokenRequest;
use crate::wire::acs::identity::CommunicationIdentityAccessTokenResult;
use crate::wire::acs::identity::CommunicationIdentityCreateRequest;
use crate::wire::acs::identity::Scope;
use crate::wire::acs::identity::TeamsUserExchangeTokenRequest;
use crate::wire::acs::redacted::Redacted;
use crate::wire::acs::sign;
use crate::wire::entra::AccessClaims;
use crate::wire::token_service::TokenRequest;
use crate::wire::token_service::TokenResponse;

use super::Service;
use super::entra;
use super::http;
use super::http::Origin;
use super::keys::Lifetime;
use super::limits::Operation;
use super::listener::Ends;
use super::store::Caller;
use super::store::KeySlot;
use super::store::Refusal;
use super::visitor::OwnPage;

/// A token that was given out.
#[derive(Debug, Clone)]
pub struct Minted {
    pub token: Redacted,
    pub expires: Timestamp,
}

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/identities", post(create))
        .route("/identities/{id}", delete(remove))
        .route("/identities/{id}/{action}", post(act))
        .route("/teamsUser/{action}", post(exchange))
        .route("/access/entra/{action}", post(exchange_directly))
        .route("/v1/token", post(guest))
}

impl Service {
    /// Signs a token for `user` and remembers it.
    pub async fn mint(
        &self,
        user: &str,
        scopes: &[Scope],
        lifetime: Duration,
    ) -> Result<Minted, Refusal> {
        self.mint_with(KeySlot::Primary, user, scopes, lifetime)
            .await
    }

    async fn mint_with(
        &self,
        slot: KeySlot,
        user: &str,
        scopes: &[Scope],
        lifetime: Duration,
    ) -> Result<Minted, Refusal> {
        let key = self.keys.ready().await;
        let key = key.ok_or(Refusal::Unavailable("There is no key to sign tokens with."))?;
        let issued = self.clock().utc();
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let expires = Timestamp::from_millis(issued.as_millis().saturating_add(lifetime));
        let names: Vec<_> = scopes.iter().map(Scope::as_str).collect();
        let times = Lifetime { issued, expires };
        let token = key.token(user, &names.join(","), times, fastrand::u64(..));
        let caller = Caller {
            id: user.to_owned(),
            scopes: scopes.to_vec(),
            expires,
        };
        // Signing took a while; the identity may have been deleted meanwhile.
        let mut state = self.lock();
        state.store.identities.check(user)?;
        state.store.identities.record(&token, caller, slot, issued);
        Ok(Minted {
            token: Redacted::from(token),
            expires,
        })
    }
}

/// Which key the caller signed with, after everything about the request was checked.
fn signed(
    service: &Service,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<KeySlot, Refusal> {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or(Refusal::Unauthorized(
            "The request is not signed: a header is missing.",
        ))
    };
    let date = text("x-ms-date").or_else(|_| text("date"))?;
    let authorization = text("authorization")?;
    let request = sign::Request {
        verb: method.as_str(),
        path_and_query: uri.path_and_query().map_or("/", |whole| whole.as_str()),
        date,
        host: text("host")?,
        content_hash: text("x-ms-content-sha256")?,
    };
    let signed_at = http_date(date).ok_or(Refusal::Unauthorized(
        "The date of the request is not readable.",
    ))?;
    let now = service.clock().utc();
    if now.as_millis().abs_diff(signed_at.as_millis()) > CLOCK_SKEW_MILLIS {
        return Err(Refusal::Unauthorized(
            "The date of the request is more than five minutes off.",
        ));
    }
    let state = service.lock();
    let signed_with = |slot| {
        let key = state.store.identities.key(slot);
        request.verify(key, authorization, body)
    };
    match signed_with(KeySlot::Primary) {
        Ok(()) => return Ok(KeySlot::Primary),
        Err(sign::Error::Content) => {
            return Err(Refusal::Unauthorized(
                "The content hash does not belong to the body.",
            ));
        }
        Err(_) => {}
    }
    signed_with(KeySlot::Secondary)
        .map(|()| KeySlot::Secondary)
        .map_err(|_| Refusal::Unauthorized("The signature does not match."))
}

/// `Mon, 23 Nov 2026 12:00:00 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, zone) = (parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if zone != "GMT" || parts.next().is_some() {
        return None;
    }
    Timestamp::parse(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))
}

fn check_version(uri: &Uri) -> Result<(), Refusal> {
    let version = http::query(uri, "api-version").unwrap_or_default();
    if VERSIONS.contains(&version.as_str()) {
        return Ok(());
    }
    Err(Refusal::Invalid(format!(
        "The api-version ({version}) is not supported."
    )))
}

fn check_scopes(scopes: &[Scope]) -> Result<(), Refusal> {
    for scope in scopes {
        if let Scope::Unknown(name) = scope {
            return Err(Refusal::Invalid(format!(
                "The scope ({name}) is not known."
            )));
        }
    }
    Ok(())
}

/// 60 to 1440 minutes; a day when nothing is said.
fn lifetime(minutes: Option<u32>) -> Result<Duration, Refusal> {
    match minutes.unwrap_or(LONGEST_MINUTES) {
        good @ SHORTEST_MINUTES..=LONGEST_MINUTES => Ok(Duration::from_secs(u64::from(good) * 60)),
        _ => Err(Refusal::Invalid(
            "ExpiresInMinutes must be between 60 and 1440.".to_owned(),
        )),
    }
}

async fn create(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let slot = signed(&service, &Method::POST, &uri, &headers, &body)?;
    check_version(&uri)?;
    service.count(Operation::CreateIdentity, "", "")?;
    let request: CommunicationIdentityCreateRequest = http::read(&body)?;
    check_scopes(&request.create_token_with_scopes)?;
    let lifetime = lifetime(request.expires_in_minutes)?;
    let id = service.lock().store.identities.create(None);
    let access_token = if request.create_token_with_scopes.is_empty() {
        None
    } else {
        let scopes = &request.create_token_with_scopes;
        Some(service.mint_with(slot, &id, scopes, lifetime).await?.into())
    };
    let answer = CommunicationIdentityAccessTokenResult {
        identity: CommunicationIdentity { id },
        access_token,
    };
    Ok(http::json(StatusCode::CREATED, &answer))
}

async fn act(
    State(service): State<Arc<Service>>,
    Path((id, action)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let slot = signed(&service, &Method::POST, &uri, &headers, &body)?;
    check_version(&uri)?;
    service.lock().store.identities.check(&id)?;
    match action.as_str() {
        ":issueAccessToken" => {
            service.count(Operation::IssueToken, "", "")?;
            let request: CommunicationIdentityAccessTokenRequest = http::read(&body)?;
            check_scopes(&request.scopes)?;
            if request.scopes.is_empty() {
                return Err(Refusal::Invalid("Scopes must not be empty.".to_owned()));
            }
            let lifetime = lifetime(request.expires_in_minutes)?;
            let minted = service
                .mint_with(slot, &id, &request.scopes, lifetime)
                .await?;
            let answer = CommunicationIdentityAccessToken::from(minted);
            Ok(http::json(StatusCode::OK, &answer))
        }
        ":revokeAccessTokens" => {
            service.count(Operation::RevokeTokens, "", "")?;
            service.revoke(&id);
            Ok(http::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(NO_OPERATION),
    }
}

async fn remove(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    signed(&service, &Method::DELETE, &uri, &headers, &body)?;
    check_version(&uri)?;
    service.count(Operation::DeleteIdentity, "", "")?;
    service.lock().store.identities.check(&id)?;
    service.delete_identity(&id)?;
    Ok(http::empty(StatusCode::NO_CONTENT))
}

/// For Teams users: a token of the directory that belongs to this service.
async fn exchange(
    State(service): State<Arc<Service>>,
    Path(action): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    signed(&service, &Method::POST, &uri, &headers, &body)?;
    check_version(&uri)?;
    if action != ":exchangeAccessToken" {
        return Err(NO_OPERATION);
    }
    service.count(Operation::ExchangeToken, "", "")?;
    let request: TeamsUserExchangeTokenRequest = http::read(&body)?;
    let (_, minted) = entra::exchange(&service, &request).await?;
    let answer = CommunicationIdentityAccessToken::from(minted);
    Ok(http::json(StatusCode::OK, &answer))
}

/// For people of the directory whom an administrator gave leave: their own token, and nobody's signature (preview).
async fn exchange_directly(
    State(service): State<Arc<Service>>,
    Path(action): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if http::query(&uri, "api-version").as_deref() != Some(PREVIEW) {
        check_version(&uri)?;
        return Err(NO_OPERATION);
    }
    if action != ":exchangeAccessToken" {
        return Err(NO_OPERATION);
    }
    service.count(Operation::ExchangeToken, "", "")?;
    let token = http::bearer(&headers)?;
    let (id, minted) = entra::exchange_directly(&service, token).await?;
    let answer = CommunicationIdentityAccessTokenResult {
        identity: CommunicationIdentity { id },
        access_token: Some(minted.into()),
    };
    Ok(http::json(StatusCode::OK, &answer))
}

/// Anonymous guests: a fresh identity each, counted per address; who shows a token of an
/// earlier time stays who they were.
async fn guest(
    State(service): State<Arc<Service>>,
    ConnectInfo(ends): ConnectInfo<Ends>,
    _: OwnPage,
    Origin(endpoint): Origin,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let (display_name, wanted) = match http::read(&body)? {
        TokenRequest::External {
            display_name,
            scopes,
            ..
        } => (display_name, scopes),
        TokenRequest::Teams { entra_token } => {
            return organisation(&service, &ends, endpoint, entra_token).await;
        }
    };
    service.count(Operation::GuestToken, &ends.peer.ip().to_string(), "")?;
    check_scopes(&wanted)?;
    let scopes = granted(wanted);
    let id = if headers.contains_key(AUTHORIZATION) {
        returning(&service, http::bearer(&headers)?).await?
    } else {
        let identities = &mut service.lock().store.identities;
        identities.create_guest(display_name)
    };
    let minted = service.mint(&id, &scopes, GUEST_LIFETIME).await?;
    let answer = TokenResponse {
        id,
        expires_on: minted.expires.to_string(),
        token: minted.token,
        endpoint,
    };
    Ok(http::json(StatusCode::OK, &answer))
}

/// A Teams user: what a token service would do, for the one application of this directory.
async fn organisation(
    service: &Service,
    ends: &Ends,
    endpoint: String,
    token: Redacted,
) -> Result<Response, Refusal> {
    service.count(Operation::GuestToken, &ends.peer.ip().to_string(), "")?;
    let key = service.keys.ready().await;
    let key = key.ok_or(Refusal::Unavailable(
        "There is no key to check tokens with.",
    ))?;
    // Who it is stands in the token; the exchange checks all of it.
    let claims: AccessClaims = key.read(&token).ok_or(NOT_OURS)?;
    let request = TeamsUserExchangeTokenRequest {
        token,
        app_id: entra::CLIENT.to_owned(),
        user_id: claims.oid,
    };
    let (id, minted) = entra::exchange(service, &request).await?;
    let answer = TokenResponse {
        id,
        expires_on: minted.expires.to_string(),
        token: minted.token,
        endpoint,
    };
    Ok(http::json(StatusCode::OK, &answer))
}

/// The guest whose token this is, or was until a short while ago.
async fn returning(service: &Service, token: &str) -> Result<String, Refusal> {
    let key = service.keys.ready().await;
    let key = key.ok_or(Refusal::Unavailable(
        "There is no key to check tokens with.",
    ))?;
    let claims = key.claims(token).ok_or(NOT_RENEWED)?;
    let now = u64::try_from(service.clock().utc().as_millis() / 1000).unwrap_or(0);
    let id = claims.raw_id().ok_or(NOT_RENEWED)?;
    let recent = now <= claims.exp.saturating_add(RENEWABLE.as_secs());
    let known = service.lock().store.identities.is_guest(&id);
    if recent && known {
        Ok(id)
    } else {
        Err(NOT_RENEWED)
    }
}

/// What was asked for; chat and calls when nothing was.
fn granted(wanted: Vec<Scope>) -> Vec<Scope> {
    if wanted.is_empty() {
        return vec![Scope::Chat, Scope::Voip];
    }
    wanted
}

impl From<Minted> for CommunicationIdentityAccessToken {
    fn from(minted: Minted) -> Self {
        Self {
            // The cloud writes the offset out.
            expires_on: minted.expires.to_string().replace('Z', "+00:00"),
            token: minted.token,
        }
    }
}

const VERSIONS: [&str; 8] = [
    "2021-03-07",
    "2022-06-01",
    "2022-10-01",
    "2023-08-01",
    "2023-10-01",
    "2025-06-30",
    "2026-07-22",
    PREVIEW,
];
const PREVIEW: &str = "2025-03-02-preview";
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const SHORTEST_MINUTES: u32 = 60;
const LONGEST_MINUTES: u32 = 1440;
const GUEST_LIFETIME: Duration = Duration::from_hours(4);
/// How long after its end a guest's token still says who they are.
const RENEWABLE: Duration = Duration::from_hours(24);
const CLOCK_SKEW_MILLIS: u64 = 5 * 60 * 1000;
const NOT_RENEWED: Refusal =
    Refusal::Unauthorized("The access token is not one of a guest who could have another.");
const NO_OPERATION: Refusal = Refusal::NotFound("There is no such operation.");
const NOT_OURS: Refusal =
    Refusal::Unauthorized("The token is not one of this service's directory.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_signed_request_is_read() {
        let read = http_date("Mon, 23 Nov 2026 12:00:00 GMT").unwrap();
        assert_eq!(read.to_string(), "2026-11-23T12:00:00.000Z");
        assert!(http_date("Mon, 23 Nov 2026 12:00:00 CET").is_none());
        assert!(http_date("2026-11-23T12:00:00Z").is_none());
    }

    #[test]
    fn a_token_lives_an_hour_to_a_day() {
        assert_eq!(lifetime(Some(60)).unwrap().as_secs(), 3600);
        assert_eq!(lifetime(None).unwrap().as_secs(), 86_400);
        assert!(lifetime(Some(59)).is_err());
        assert!(lifetime(Some(1441)).is_err());
    }
}
