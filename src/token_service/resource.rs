//! The resource: identities and tokens, asked for with its own key.

use std::time::Duration;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::clock::Clock;
use crate::wire::acs::identity::API_VERSION;
use crate::wire::acs::identity::CommunicationIdentityAccessToken;
use crate::wire::acs::identity::CommunicationIdentityAccessTokenRequest;
use crate::wire::acs::identity::CommunicationIdentityAccessTokenResult;
use crate::wire::acs::identity::CommunicationIdentityCreateRequest;
use crate::wire::acs::identity::Scope;
use crate::wire::acs::identity::TeamsUserExchangeTokenRequest;
use crate::wire::acs::sign;
use crate::wire::acs::sign::ConnectionString;

use super::client;
use super::client::Answer;
use super::client::Client;

/// Why the resource gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the resource does not answer")]
    Unreachable(#[source] client::Error),
    #[error("the resource is not well: it answered {0}")]
    Unwell(u16),
    #[error("the resource asks to wait {0:?}")]
    Throttled(Duration),
    /// Our key is wrong, or our clock.
    #[error("the resource does not take our signature")]
    Unauthorized,
    /// The identity is of another resource; the Teams user may not.
    #[error("the resource forbids it")]
    Forbidden,
    /// The identity does not exist, or no longer.
    #[error("the resource knows no such identity")]
    NotFound,
    #[error("the resource finds the request wrong: it answered {0}")]
    Refused(u16),
    #[error("the answer of the resource is not readable")]
    Unreadable,
}

pub(crate) struct Resource {
    secret: ConnectionString,
    client: Client,
    clock: Clock,
}

impl Resource {
    pub(crate) fn new(secret: ConnectionString, client: Client) -> Self {
        Self {
            secret,
            client,
            clock: Clock,
        }
    }

    /// Without a trailing slash.
    pub(crate) fn endpoint(&self) -> &str {
        &self.secret.endpoint
    }

    /// A new identity, without a token: that comes once it is known whose identity it is.
    pub(crate) async fn create(&self) -> Result<String, Error> {
        let body = CommunicationIdentityCreateRequest::default();
        let made: CommunicationIdentityAccessTokenResult =
            self.call(Method::POST, "/identities", &body).await?;
        Ok(made.identity.id)
    }

    pub(crate) async fn issue(
        &self,
        raw_id: &str,
        scopes: &[Scope],
        minutes: u32,
    ) -> Result<CommunicationIdentityAccessToken, Error> {
        let body = CommunicationIdentityAccessTokenRequest {
            scopes: scopes.to_vec(),
            expires_in_minutes: Some(minutes),
        };
        self.call(Method::POST, &act(raw_id, ":issueAccessToken"), &body)
            .await
    }

    pub(crate) async fn exchange(
        &self,
        request: &TeamsUserExchangeTokenRequest,
    ) -> Result<CommunicationIdentityAccessToken, Error> {
        self.call(Method::POST, "/teamsUser/:exchangeAccessToken", request)
            .await
    }

    /// Every token of the identity ends, on all devices.
    pub(crate) async fn revoke(&self, raw_id: &str) -> Result<(), Error> {
        let path = act(raw_id, ":revokeAccessTokens");
        self.send(Method::POST, &path, Vec::new()).await.map(drop)
    }

    pub(crate) async fn delete(&self, raw_id: &str) -> Result<(), Error> {
        let path = format!("/identities/{}", encoded(raw_id));
        self.send(Method::DELETE, &path, Vec::new()).await.map(drop)
    }

    async fn call<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(body).map_err(|_| Error::Unreadable)?;
        let answer = self.send(method, path, body).await?;
        serde_json::from_slice(&answer.body).map_err(|_| Error::Unreadable)
    }

    /// Tries again where the resource cannot have acted on it, or says that it did not.
    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, Error> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.try_once(&method, path, &body).await {
                Err(Error::Unreachable(error)) if error.never_arrived() => {}
                Err(Error::Unwell(503)) => {}
                other => return other,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.try_once(&method, path, &body).await
    }

    async fn try_once(&self, method: &Method, path: &str, body: &[u8]) -> Result<Answer, Error> {
        let endpoint = self.endpoint();
        let url = format!("{endpoint}{path}?api-version={API_VERSION}");
        let url = Url::parse(&url).map_err(|_| Error::Unreadable)?;
        let headers = self.signed(method, &url, body);
        let sent = self
            .client
            .send(method.clone(), url, headers, body.to_vec());
        let answer = sent.await.map_err(Error::Unreachable)?;
        match answer.status {
            200..=299 => Ok(answer),
            401 => Err(Error::Unauthorized),
            403 => Err(Error::Forbidden),
            404 => Err(Error::NotFound),
            429 => Err(Error::Throttled(answer.retry_after().unwrap_or(WAIT))),
            500.. => Err(Error::Unwell(answer.status)),
            other => Err(Error::Refused(other)),
        }
    }

    fn signed(&self, method: &Method, url: &Url, body: &[u8]) -> HeaderMap {
        let date = self.clock.utc().http_date();
        let content_hash = sign::content_hash(body);
        let path_and_query = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = url.host_str().unwrap_or_default();
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let authorization = sign::Request {
            verb: method.as_str(),
            path_and_query: &path_and_query,
            date: &date,
            host: &host,
            content_hash: &content_hash,
        }
        .authorization(&self.secret.access_key);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            (HeaderName::from_static("x-ms-date"), date),
            (HeaderName::from_static("x-ms-content-sha256"), content_hash),
            (AUTHORIZATION, authorization),
        ] {
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(name == AUTHORIZATION);
                headers.insert(name, value);
            }
        }
        headers
    }
}

fn act(raw_id: &str, action: &str) -> String {
    format!("/identities/{}/{action}", encoded(raw_id))
}

fn encoded(raw_id: &str) -> String {
    utf8_percent_encode(raw_id, NON_ALPHANUMERIC).to_string()
}

const TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Where the resource does not say how long.
const WAIT: Duration = Duration::from_secs(10);
