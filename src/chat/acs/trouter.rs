//! The HTTP requests of the real-time connection.

use reqwest::Method;
use reqwest::header::ACCEPT;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderName;
use serde::de::DeserializeOwned;
use url::Url;

use crate::identity::Generation;
use crate::identity::Grant;
use crate::identity::Tokens;
use crate::identity::http::Http;
use crate::identity::http::Request;
use crate::identity::http::Response;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::wire::acs::realtime::Allocation;
use crate::wire::acs::realtime::CONFIG_API_VERSION;
use crate::wire::acs::realtime::Handshake;
use crate::wire::acs::realtime::RealTimeNotificationConfiguration;
use crate::wire::acs::realtime::RegistrationRequest;

use super::realtime::Refusal;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Trouter {
    http: Http,
    tokens: Tokens,
}

/// A refusal, and the token it was about.
pub(super) type Refused = (Refusal, Option<Generation>);

impl Trouter {
    pub(super) fn new(http: Http, tokens: Tokens) -> Self {
        Self { http, tokens }
    }

    pub(super) async fn configuration(
        &self,
        refused: Option<Generation>,
    ) -> Result<RealTimeNotificationConfiguration, Refused> {
        let grant = self.grant(refused).await?;
        let path = format!("/chat/config/realTimeNotifications?api-version={CONFIG_API_VERSION}");
        let url = grant.endpoint.join(&path).map_err(|_| FAILED)?;
        let token = grant.token.for_endpoint(&grant.endpoint, &url);
        let bearer = format!("Bearer {}", token.map_err(|_| REFUSED)?);
        let request = Request::new(Method::GET, url)
            .secret(AUTHORIZATION, &bearer)
            .header(ACCEPT, "application/json");
        let response = self.send(request, &grant).await?;
        let config: RealTimeNotificationConfiguration = read(&response)?;
        let complete = [
            &config.trouter_service_url,
            &config.registrar_service_url,
            &config.cloud_type,
        ];
        if complete.iter().any(|member| member.is_empty()) {
            return Err(FAILED);
        }
        Ok(config)
    }

    pub(super) async fn allocate(
        &self,
        url: &str,
        refused: Option<Generation>,
    ) -> Result<Allocation, Refused> {
        let grant = self.grant(refused).await?;
        let request = request(Method::POST, url, &grant)?.header(CONTENT_TYPE, "text/plain");
        read(&self.send(request, &grant).await?)
    }

    pub(super) async fn shake_hands(&self, url: &str) -> Result<Handshake, Refused> {
        let grant = self.grant(None).await?;
        let response = self
            .send(request(Method::GET, url, &grant)?, &grant)
            .await?;
        let text = std::str::from_utf8(&response.body).map_err(|_| FAILED)?;
        Handshake::decode(text).ok_or(FAILED)
    }

    pub(super) async fn register(
        &self,
        url: &str,
        body: &RegistrationRequest,
        refused: Option<Generation>,
    ) -> Result<(), Refused> {
        let grant = self.grant(refused).await?;
        let body = serde_json::to_vec(body).map_err(|_| FAILED)?;
        let request = request(Method::POST, url, &grant)?
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/javascript")
            .body(body);
        self.send(request, &grant).await.map(drop)
    }

    pub(super) async fn unregister(&self, url: &str) -> Result<(), Refused> {
        let grant = self.grant(None).await?;
        self.send(request(Method::DELETE, url, &grant)?, &grant)
            .await
            .map(drop)
    }

    async fn grant(&self, refused: Option<Generation>) -> Result<Grant, Refused> {
        let grant = match refused {
            Some(generation) => self.tokens.after_refusal(generation).await,
            None => self.tokens.token().await,
        };
        grant.map_err(|failure| (refusal_of(&failure), refused))
    }

    /// Any 2xx is a success here.
    async fn send(&self, request: Request, grant: &Grant) -> Result<Response, Refused> {
        let response = self.http.send(request).await.map_err(|error| {
            tracing::debug!(%error, "no answer to a real-time request");
            FAILED
        })?;
        let deprecated = response.header("x-trouter-skypetoken-deprecated") == Some("1");
        let refusal = match response.status {
            200..=299 => return Ok(response),
            _ if deprecated => Refusal::Deprecated,
            401 => Refusal::Unauthorized,
            408 | 429 => Refusal::Failed,
            400..=499 => Refusal::Refused,
            _ => Refusal::Failed,
        };
        Err((refusal, Some(grant.generation)))
    }
}

/// To a host the endpoint has named.
fn request(method: Method, url: &str, grant: &Grant) -> Result<Request, Refused> {
    let url = Url::parse(url).map_err(|_| FAILED)?;
    let token = grant.token.for_trusted(&url).map_err(|_| REFUSED)?;
    let token = token.to_owned();
    Ok(Request::new(method, url).secret(SKYPE_TOKEN, &token))
}

fn read<T: DeserializeOwned>(response: &Response) -> Result<T, Refused> {
    serde_json::from_slice(&response.body).map_err(|error| {
        tracing::debug!(%error, "answer to a real-time request not readable");
        FAILED
    })
}

/// Whether another token may help.
fn refusal_of(failure: &Failure) -> Refusal {
    match failure.because {
        Because::TokenRefused | Because::TokenExpired | Because::Local { .. } => {
            Refusal::Unauthorized
        }
        _ => Refusal::Failed,
    }
}

const FAILED: Refused = (Refusal::Failed, None);
const REFUSED: Refused = (Refusal::Refused, None);

const SKYPE_TOKEN: HeaderName = HeaderName::from_static("x-skypetoken");
