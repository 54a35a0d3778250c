//! Where tokens come from: a token service, or a file somebody else keeps up to date.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use tokio::fs;
use url::Url;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::RawId;
use crate::model::text;
use crate::wire::acs::error::CommunicationError;
use crate::wire::acs::identity::Claims;
use crate::wire::acs::identity::CommunicationIdentityAccessTokenResult;
use crate::wire::acs::identity::Scope;
use crate::wire::token_service::Code;
use crate::wire::token_service::ErrorResponse;
use crate::wire::token_service::TokenRequest;
use crate::wire::token_service::TokenResponse;

use super::http;
use super::http::Http;
use super::http::Request;
use super::http::is_loopback;
use super::http::unreadable;
use super::schedule::lifetime;
use super::secret::Secret;
use super::sign_in;
use super::signed_in::Purpose;
use super::signed_in::SignedIn;
use super::vault;

#[derive(Debug, Clone)]
pub enum Source {
    /// `POST {service}/v1/token` as a guest of that name.
    Service { service: Url, display_name: String },
    /// Read anew for each fetch. The file has one token and nothing else.
    File { path: PathBuf, endpoint: Url },
    /// One token that this program made itself, for the service within it.
    Given { token: Secret, endpoint: Url },
    /// An account of the person's.
    Account(Box<SignedIn>, Purpose),
}

impl Source {
    /// Of the resource, where it is known before there is a token.
    pub const fn endpoint(&self) -> Option<&Url> {
        match self {
            Self::Service { service, .. } => Some(service),
            Self::File { endpoint, .. } | Self::Given { endpoint, .. } => Some(endpoint),
            Self::Account(account, _) => account.record.endpoint.as_ref(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("the token service answered {status}: {message}")]
    Status { status: u16, message: String },
    /// It gave the reason, which we can say in our words.
    #[error("{}", words(.0).unwrap_or("the token service refused"))]
    Told(Code),
    #[error("the token service asks to wait {0:?}")]
    Throttled(Duration),
    #[error("the answer of the token service is not readable: {0}")]
    Protocol(String),
    #[error("a token is not asked for over plain http from {0}")]
    Plain(String),
    #[error("could not read the token file {path}: {detail}")]
    File { path: PathBuf, detail: String },
    #[error("what is in {0} is not an access token: it has no expiry")]
    NotAToken(PathBuf),
    #[error("the token has expired")]
    Expired,
    #[error("the service refused the token, and there is no other")]
    Refused,
    #[error("the new token belongs to somebody else than the one before")]
    SomebodyElse,
    #[error("{source}; sidetone accounts add {account} signs in again")]
    SignIn {
        account: String,
        source: Box<sign_in::Error>,
    },
    #[error("nothing is kept of the sign-in of {0}; sidetone accounts add {0} signs in again")]
    SignedOut(String),
    #[error(transparent)]
    Vault(#[from] vault::Error),
    #[error("could not wait for another sidetone that renews the same sign-in")]
    Turn(#[source] std::io::Error),
    #[error("{0}")]
    Unlisted(String),
    #[error("the program is ending")]
    Stopped,
    #[error(
        "calls of a Teams user need a token service that exchanges tokens, and this account has none"
    )]
    NoExchange,
    #[error("chats of Teams users are for Teams users; this account is an external user")]
    NoGraph,
}

impl Error {
    /// What a token service answered instead of a token.
    pub(super) fn of_status(status: u16, body: &[u8]) -> Self {
        if let Ok(told) = serde_json::from_slice::<ErrorResponse>(body)
            && words(&told.error.code).is_some()
        {
            return Self::Told(told.error.code);
        }
        let said = CommunicationError::read(body).unwrap_or_default();
        Self::Status {
            status,
            message: said.message,
        }
    }

    /// Whether there is nothing left to sign out of.
    pub fn is_signed_out(&self) -> bool {
        match self {
            Self::SignedOut(_) | Self::Status { status: 401, .. } | Self::Told(Code::SignedOut) => {
                true
            }
            Self::SignIn { source, .. } => source.is_over(),
            _ => false,
        }
    }

    /// Whether the same may work in a while, so that what was signed in with is worth keeping.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Http(_) | Self::Throttled(_) | Self::Vault(_) | Self::Turn(_) | Self::Stopped => {
                true
            }
            Self::Status { status, .. } => *status >= 500 || *status == 408,
            Self::Told(code) => code.status() >= 500,
            Self::SignIn { source, .. } => matches!(**source, sign_in::Error::Http(_)),
            Self::Protocol(_)
            | Self::Plain(_)
            | Self::File { .. }
            | Self::NotAToken(_)
            | Self::Expired
            | Self::Refused
            | Self::SomebodyElse
            | Self::SignedOut(_)
            | Self::NoExchange
            | Self::Unlisted(_)
            | Self::NoGraph => false,
        }
    }

    pub fn failure(&self) -> Failure {
        let (because, remedy) = match self {
            Self::Http(error) => (error.because(), error.remedy()),
            Self::Status { status: 401, .. } | Self::Refused => {
                (Because::TokenRefused, Remedy::SignInAgain)
            }
            Self::Status { status: 403, .. } => (Because::Forbidden, Remedy::AskOrganizer),
            Self::Status { status: 404, .. } => (Because::NotFound, Remedy::CheckAddress),
            Self::Status { status, message } => (
                Because::Service {
                    status: *status,
                    message: text::line(message),
                },
                Remedy::Retry,
            ),
            Self::Throttled(wait) => (Because::Throttled { wait: *wait }, Remedy::Retry),
            Self::Protocol(detail) => (
                Because::Protocol {
                    detail: text::line(detail),
                },
                Remedy::CheckAddress,
            ),
            Self::Plain(_) => (
                Because::Refused {
                    reason: self.to_string(),
                },
                Remedy::CheckAddress,
            ),
            Self::SomebodyElse => (
                Because::Refused {
                    reason: self.to_string(),
                },
                Remedy::SignInAgain,
            ),
            Self::File { .. } | Self::NotAToken(_) => (
                Because::Local {
                    detail: text::line(&self.to_string()),
                },
                Remedy::CheckAddress,
            ),
            Self::Expired => (Because::TokenExpired, Remedy::SignInAgain),
            Self::SignIn { source, .. } => {
                let failure = source.failure();
                match failure.because {
                    Because::Refused { .. } if source.lacks_consent() => {
                        (failure.because, failure.remedy)
                    }
                    Because::Refused { .. } => (
                        Because::Refused {
                            reason: text::line(&self.to_string()),
                        },
                        Remedy::None,
                    ),
                    because => (because, failure.remedy),
                }
            }
            Self::Told(_) | Self::SignedOut(_) | Self::NoExchange | Self::NoGraph => (
                Because::Refused {
                    reason: text::line(&self.to_string()),
                },
                Remedy::None,
            ),
            Self::Vault(_) | Self::Turn(_) | Self::Unlisted(_) | Self::Stopped => (
                Because::Local {
                    detail: text::line(&self.to_string()),
                },
                Remedy::Retry,
            ),
        };
        Failure {
            doing: Doing::SigningIn,
            because,
            remedy,
        }
    }
}

/// What a person can do something about. The rest is said as any other answer.
const fn words(code: &Code) -> Option<&'static str> {
    let words = match code {
        Code::SignedOut => {
            "you were signed out at the token service; sidetone accounts add signs in again"
        }
        Code::InvitationRefused => {
            "this invitation is not good, or no longer: each is for one sign-in. Ask for a new one"
        }
        Code::TokenNotYetValid => {
            "the sign-in is valid only later, so a clock is wrong; set the time of this machine"
        }
        Code::NonceMismatch => "the answer belongs to another sign-in; start again",
        Code::ScopeNotAllowed => {
            "the token service does not let you chat and call; ask whoever runs it"
        }
        Code::TenantNotAllowed => {
            "your organisation is not on the token service's list; ask whoever runs it"
        }
        Code::AppNotAllowed => {
            "the sign-in was for another application, or without leave to call; ask whoever runs the token service"
        }
        Code::NotEligible => {
            "the resource does not let you in: no Teams licence, or your organisation is not prepared"
        }
        Code::ResourceRefused => {
            "the token service cannot use its resource; whoever runs it has to act"
        }
        Code::ProviderUnavailable => {
            "the token service does not reach the provider you signed in at; try again in a minute"
        }
        _ => return None,
    };
    Some(words)
}

/// A token and what came with it.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    pub(super) raw_id: RawId,
    pub(super) token: Secret,
    pub(super) endpoint: Url,
    pub(super) lifetime: Duration,
    /// What the answer said it gives leave for; else it stands in the token.
    pub(super) scopes: Option<String>,
    /// What was asked for beyond the usual.
    pub(super) wider: Vec<String>,
}

impl Source {
    pub(super) async fn keep_challenge(&self, claims: &str) {
        match self {
            Self::Account(account, _) => account.keep_challenge(claims).await,
            // Whoever signs in for these is not us.
            Self::Service { .. } | Self::File { .. } | Self::Given { .. } => {}
        }
    }

    /// `previous`: the token before, with which a guest stays the same person.
    pub(super) async fn fetch(
        &self,
        previous: Option<&Secret>,
        http: &Http,
        clock: Clock,
    ) -> Result<Fetched, Error> {
        match self {
            Self::Service {
                service,
                display_name,
            } => fetch_from_service(service, display_name, previous, http, clock).await,
            Self::File { path, endpoint } => fetch_from_file(path, endpoint, clock).await,
            Self::Given { token, endpoint } => {
                let plain = |_| Error::Plain(endpoint.host_str().unwrap_or_default().to_owned());
                let text = token.for_trusted(endpoint).map_err(plain)?;
                let read = Claims::peek(text).ok_or(Error::Expired)?;
                let expires = i64::try_from(read.exp).unwrap_or(i64::MAX / 1000);
                let expires = Timestamp::from_millis(expires.saturating_mul(1000));
                Ok(Fetched {
                    raw_id: RawId::new(&read.raw_id().unwrap_or_default()),
                    token: token.clone(),
                    endpoint: endpoint.clone(),
                    lifetime: lifetime(expires, clock.utc(), None),
                    scopes: None,
                    wider: Vec::new(),
                })
            }
            Self::Account(account, purpose) => account.fetch(*purpose, http, clock).await,
        }
    }
}

async fn fetch_from_service(
    service: &Url,
    display_name: &str,
    previous: Option<&Secret>,
    http: &Http,
    clock: Clock,
) -> Result<Fetched, Error> {
    let body = TokenRequest::External {
        display_name: Some(display_name.to_owned()),
        scopes: vec![Scope::Chat, Scope::Voip],
        nonce: None,
    };
    // It goes back to where it came from; that service knows it already.
    let url = service_url(service, "/v1/token")?;
    let shown = previous.and_then(|token| token.for_trusted(&url).ok());
    ask_service(service, &body, shown, http, clock).await
}

/// The answer carries a token, so the way back must be safe too.
pub(super) fn service_url(service: &Url, path: &str) -> Result<Url, Error> {
    if service.scheme() != "https" && !is_loopback(service) {
        return Err(Error::Plain(service.host_str().unwrap_or("").to_owned()));
    }
    let base = service.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}{path}"))
        .map_err(|e| Error::Protocol(format!("the address is not usable: {e}")))
}

const DIRECT_EXCHANGE: &str = "/access/entra/:exchangeAccessToken?api-version=2025-03-02-preview";

/// `POST {resource}/access/entra/:exchangeAccessToken` (identity.md 1.7, preview): the person is who asks.
pub(super) async fn exchange_directly(
    resource: &Url,
    entra_token: &str,
    http: &Http,
    clock: Clock,
) -> Result<Fetched, Error> {
    let url = service_url(resource, DIRECT_EXCHANGE)?;
    let request = Request::new(Method::POST, url)
        .header(CONTENT_TYPE, "application/json")
        .secret(AUTHORIZATION, &format!("Bearer {entra_token}"))
        .body(b"{}".to_vec());
    let response = http.send(request).await?;
    match response.status {
        200 => {}
        403 => return Err(Error::Told(Code::NotEligible)),
        429 => {
            let wait = response.retry_after().unwrap_or(Duration::from_secs(10));
            return Err(Error::Throttled(wait));
        }
        status => return Err(Error::of_status(status, &response.body)),
    }
    let given: CommunicationIdentityAccessTokenResult = read_json(&response.body)?;
    let missing = || Error::Protocol("there is no token in it".to_owned());
    let access = given.access_token.ok_or_else(missing)?;
    let expires = Timestamp::parse(&access.expires_on);
    let expires = expires.ok_or_else(|| Error::Protocol("the expiry is not a date".to_owned()))?;
    let servers = response.header("date").and_then(http_date);
    Ok(Fetched {
        raw_id: RawId::new(&given.identity.id),
        token: Secret::new(access.token.into()),
        endpoint: resource.clone(),
        lifetime: lifetime(expires, clock.utc(), servers),
        scopes: None,
        wider: Vec::new(),
    })
}

/// `POST {service}/v1/token`. What is `shown` says who asks.
pub(super) async fn ask_service(
    service: &Url,
    body: &TokenRequest,
    shown: Option<&str>,
    http: &Http,
    clock: Clock,
) -> Result<Fetched, Error> {
    let body = serde_json::to_vec(body).map_err(|e| Error::Protocol(unreadable(&e)))?;
    let mut request = Request::new(Method::POST, service_url(service, "/v1/token")?)
        .header(CONTENT_TYPE, "application/json")
        .body(body);
    if let Some(shown) = shown {
        request = request.secret(AUTHORIZATION, &format!("Bearer {shown}"));
    }
    let response = http.send(request).await?;
    if response.status == 429 {
        let wait = response.retry_after().unwrap_or(Duration::from_secs(10));
        return Err(Error::Throttled(wait));
    }
    if response.status != 200 {
        return Err(Error::of_status(response.status, &response.body));
    }
    let servers = response.header("date").and_then(http_date);
    read_response(&response.body, clock.utc(), servers)
}

pub(super) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|e| Error::Protocol(unreadable(&e)))
}

fn read_response(
    body: &[u8],
    ours: Timestamp,
    servers: Option<Timestamp>,
) -> Result<Fetched, Error> {
    let answer: TokenResponse = read_json(body)?;
    let expires = Timestamp::parse(&answer.expires_on)
        .ok_or_else(|| Error::Protocol("the expiry is not a date".to_owned()))?;
    let endpoint = Url::parse(&answer.endpoint)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Error::Protocol("the endpoint is not an address".to_owned()))?;
    Ok(Fetched {
        raw_id: RawId::new(&answer.id),
        token: Secret::new(answer.token.into()),
        endpoint,
        lifetime: lifetime(expires, ours, servers),
        scopes: None,
        wider: Vec::new(),
    })
}

async fn fetch_from_file(path: &Path, endpoint: &Url, clock: Clock) -> Result<Fetched, Error> {
    let token = fs::read_to_string(path).await.map_err(|e| Error::File {
        path: path.to_owned(),
        detail: e.to_string(),
    })?;
    let token = token.trim();
    let claims = Claims::peek(token).ok_or_else(|| Error::NotAToken(path.to_owned()))?;
    let expires = i64::try_from(claims.exp).unwrap_or(i64::MAX / 1000);
    let expires = Timestamp::from_millis(expires.saturating_mul(1000));
    Ok(Fetched {
        raw_id: RawId::new(&claims.raw_id().unwrap_or_default()),
        token: Secret::new(token.to_owned()),
        endpoint: endpoint.clone(),
        lifetime: lifetime(expires, clock.utc(), None),
        scopes: None,
        wider: Vec::new(),
    })
}

const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// `Mon, 23 Nov 2026 12:00:00 GMT`, the only form that is still sent.
fn http_date(text: &str) -> Option<Timestamp> {
    let (_, date) = text.split_once(", ")?;
    let parts: Vec<&str> = date.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts[..] else {
        return None;
    };
    let at = MONTHS
        .find(month)
        .filter(|at| month.len() == 3 && at % 3 == 0)?;
    let month = at / 3 + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_a_token_service_is_read() {
        let body = br#"{"id":"8:acs:r_u","token":"t","expiresOn":"2026-11-23T13:00:00.000+00:00","endpoint":"https://contoso.example"}"#;
        let ours = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
        let fetched = read_response(body, ours, None).unwrap();
        assert_eq!(fetched.lifetime, Duration::from_hours(1));
        assert_eq!(fetched.raw_id.as_str(), "8:acs:r_u");
        assert!(read_response(b"{}", ours, None).is_err());
        let odd =
            br#"{"id":"a","token":"t","expiresOn":"2026-11-23T13:00:00Z","endpoint":"ftp://x"}"#;
        assert!(read_response(odd, ours, None).is_err());
    }

    #[test]
    fn an_answer_that_is_not_readable_is_not_quoted() {
        let error = read_response(br#""hunter2""#, Timestamp::from_millis(0), None).unwrap_err();
        let told = format!("{error} {:?}", error.failure());
        assert!(!told.contains("hunter2"), "{told}");
        assert!(told.contains("line 1"), "{told}");
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let read = http_date("Mon, 23 Nov 2026 12:00:01 GMT").unwrap();
        assert_eq!(read.to_string(), "2026-11-23T12:00:01.000Z");
        assert_eq!(http_date("yesterday"), None);
        assert_eq!(http_date("Mon, 23 ovD 2026 12:00:01 GMT"), None);
    }
}
