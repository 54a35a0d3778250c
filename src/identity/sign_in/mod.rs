//! Signing in at an OpenID provider, Entra ID among them: in a browser, by device code, and again
//! with a refresh token.
//!
//! The protocol is the `oauth2` library's, over the one HTTP client of the program. What a person has
//! to do is told as [`Step`]s; a sign-in ends with what renews it, which is for the vault alone.
//! Facts: identity.md 4.

mod browser;
mod consent;
mod discovery;
mod error;
mod explained;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::AsyncHttpClient;
use oauth2::AuthorizationCode;
use oauth2::ClientId;
use oauth2::CsrfToken;
use oauth2::EndpointNotSet;
use oauth2::EndpointSet;
use oauth2::HttpRequest;
use oauth2::HttpResponse;
use oauth2::PkceCodeChallenge;
use oauth2::RedirectUrl;
use oauth2::RefreshToken;
use oauth2::Scope;
use oauth2::StandardDeviceAuthorizationResponse;
use oauth2::TokenResponse;
use oauth2::basic::BasicRevocationErrorResponse;
use oauth2::basic::BasicTokenType;
use serde::Deserialize;
use serde::Serialize;
use url::Url;

use self::browser::Browser;
pub use self::consent::link as consent_link;
use self::discovery::Endpoints;
pub use self::error::Error;
pub use self::error::Refusal;
use super::http;
use super::http::Http;
use super::http::Request;
use super::vault::Kept;
use crate::clock::Clock;
use crate::model::sign_in::Step;
use crate::model::text;

/// An application at a provider, and what it asks for.
#[derive(Debug, Clone)]
pub struct Provider {
    pub issuer: Url,
    /// What we call ourselves there. There is no secret: everybody has this program.
    pub client_id: String,
    /// Of one resource; `openid` and `offline_access` are asked for besides.
    pub scopes: Vec<String>,
    /// Of further resources: only agreed to now, and fetched with the refresh token.
    pub consent: Vec<String>,
    /// A claims challenge (conditional access) that this sign-in answers.
    pub claims: Option<String>,
}

/// A sign-in that succeeded.
#[derive(Debug)]
pub struct Signed {
    /// Renews it, once: the next one has another. Some providers give none.
    pub refresh: Option<Kept>,
    pub access: Kept,
    /// Says who it is; for the token service.
    pub id_token: Option<Kept>,
    /// What the id token must carry; only after a sign-in in a browser.
    pub nonce: Option<String>,
    /// Of the access token.
    pub lifetime: Option<Duration>,
    /// What the access token gives leave for, where that was told.
    pub scopes: Option<String>,
}

impl Signed {
    /// The id of the person in their directory, as the id token says. It came from the provider itself, so nothing
    /// has to be checked to compare it.
    pub fn object_id(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Claims {
            oid: String,
        }
        let payload = self.id_token.as_ref()?.as_str().split('.').nth(1)?;
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let claims: Claims = serde_json::from_slice(&bytes).ok()?;
        Some(claims.oid)
    }
}

/// With a browser on this machine. `told` opens it; the way back is a port on loopback.
pub async fn in_browser(
    provider: &Provider,
    http: &Http,
    mut told: impl FnMut(Step),
) -> Result<Signed, Error> {
    let signed = through_browser(provider, http, &mut told).await;
    signed.map_err(|error| consent::explained(error, provider))
}

async fn through_browser(
    provider: &Provider,
    http: &Http,
    told: &mut impl FnMut(Step),
) -> Result<Signed, Error> {
    let endpoints = discovery::find(&provider.issuer, http).await?;
    let mut browser = Browser::listen().await?;
    let redirect = RedirectUrl::new(browser.redirect()).map_err(|_| Error::Address)?;
    let client = client(provider, &endpoints)?.set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let nonce = CsrfToken::new_random_len(32);
    let mut asking = client
        .authorize_url(|| CsrfToken::new_random_len(32))
        .add_scopes(provider.every_scope())
        .add_extra_param("response_mode", "query")
        .add_extra_param("prompt", "select_account")
        .add_extra_param("nonce", nonce.secret())
        .set_pkce_challenge(challenge);
    if let Some(claims) = &provider.claims {
        asking = asking.add_extra_param("claims", claims);
    }
    let (url, state) = asking.url();
    told(Step::Visit { url: url.into() });
    let code = browser
        .answer(state.secret(), Clock.now() + PATIENCE)
        .await?;
    let carrier = Carrier(http);
    let mut redeeming = client
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(verifier);
    redeeming = redeeming.add_extra_param("scope", provider.own_scopes());
    let answer = redeeming.request_async(&carrier).await?;
    let mut signed = signed(&answer);
    signed.nonce = Some(nonce.secret().clone());
    Ok(signed)
}

/// With a browser anywhere: for a machine that has none.
pub async fn by_device_code(
    provider: &Provider,
    http: &Http,
    mut told: impl FnMut(Step),
) -> Result<Signed, Error> {
    let signed = elsewhere(provider, http, &mut told).await;
    signed.map_err(|error| consent::explained(error, provider))
}

async fn elsewhere(
    provider: &Provider,
    http: &Http,
    told: &mut impl FnMut(Step),
) -> Result<Signed, Error> {
    let endpoints = discovery::find(&provider.issuer, http).await?;
    let device = endpoints.device()?;
    let client = client(provider, &endpoints)?.set_device_authorization_url(device);
    let carrier = Carrier(http);
    let mut asking = client
        .exchange_device_code()
        .add_scopes(provider.every_scope());
    if let Some(claims) = &provider.claims {
        asking = asking.add_extra_param("claims", claims);
    }
    let asked: StandardDeviceAuthorizationResponse = asking.request_async(&carrier).await?;
    told(Step::Enter {
        url: text::line(asked.verification_uri().as_str()),
        code: text::line(asked.user_code().secret()),
        lasts: asked.expires_in(),
    });
    let wait = |pause| Clock.sleep_until(Some(Clock.now() + pause));
    let answer = client
        .exchange_device_access_token(&asked)
        .request_async(&carrier, wait, None)
        .await?;
    Ok(signed(&answer))
}

/// Again, without anybody. The refresh token is used up by it: keep the new one before anything else.
pub async fn renew(provider: &Provider, refresh: &Kept, http: &Http) -> Result<Signed, Error> {
    let endpoints = discovery::find(&provider.issuer, http).await?;
    let client = client(provider, &endpoints)?;
    let carrier = Carrier(http);
    let refresh = RefreshToken::new(refresh.as_str().to_owned());
    let answer = client
        .exchange_refresh_token(&refresh)
        .add_scopes(provider.scopes().map(Scope::new))
        .request_async(&carrier)
        .await;
    let answer = answer.map_err(|error| consent::explained(error.into(), provider))?;
    Ok(signed(&answer))
}

impl Provider {
    fn scopes(&self) -> impl Iterator<Item = String> {
        let always = ["openid", "profile", "offline_access"].map(ToOwned::to_owned);
        always.into_iter().chain(self.scopes.iter().cloned())
    }

    fn every_scope(&self) -> impl Iterator<Item = Scope> {
        self.scopes()
            .chain(self.consent.iter().cloned())
            .map(Scope::new)
    }

    /// A token request may name the scopes of one resource only (AADSTS700022).
    fn own_scopes(&self) -> String {
        self.scopes().collect::<Vec<_>>().join(" ")
    }
}

/// What comes with the tokens besides what OAuth has.
#[derive(Debug, Deserialize, Serialize)]
struct Extra {
    #[serde(default)]
    id_token: Option<IdToken>,
}

/// Serialised by nobody, printed by nobody.
#[derive(Deserialize, Serialize)]
struct IdToken(String);

impl std::fmt::Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl oauth2::ExtraTokenFields for Extra {}

type Answer = oauth2::StandardTokenResponse<Extra, BasicTokenType>;

type Client = oauth2::Client<
    Refusal,
    Answer,
    oauth2::StandardTokenIntrospectionResponse<Extra, BasicTokenType>,
    oauth2::StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

fn client(provider: &Provider, endpoints: &Endpoints) -> Result<Client, Error> {
    let client = oauth2::Client::new(ClientId::new(provider.client_id.clone()))
        .set_auth_uri(endpoints.authorization()?)
        .set_token_uri(endpoints.token()?);
    Ok(client)
}

fn signed(answer: &Answer) -> Signed {
    let refresh = answer.refresh_token();
    let id_token = answer.extra_fields().id_token.as_ref();
    Signed {
        refresh: refresh.map(|token| Kept::new(token.secret().clone())),
        access: Kept::new(answer.access_token().secret().clone()),
        id_token: id_token.map(|token| Kept::new(token.0.clone())),
        nonce: None,
        lifetime: answer.expires_in(),
        scopes: answer.scopes().map(|all| {
            let names: Vec<&str> = all.iter().map(|scope| scope.as_str()).collect();
            names.join(" ")
        }),
    }
}

/// The library's requests over our client.
struct Carrier<'h>(&'h Http);

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = http::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, http::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(carry(request, self.0))
    }
}

async fn carry(request: HttpRequest, http: &Http) -> Result<HttpResponse, http::Error> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(|_| http::Error::Lost)?;
    let mut ours = Request::new(parts.method, url).body(body);
    ours.headers = parts.headers;
    ours.limit = LONGEST;
    let answer = http.send(ours).await?;
    let mut response = HttpResponse::new(answer.body);
    *response.status_mut() = oauth2::http::StatusCode::from_u16(answer.status)
        .unwrap_or(oauth2::http::StatusCode::BAD_GATEWAY);
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// How long somebody may take in the browser.
const PATIENCE: Duration = Duration::from_mins(15);
const LONGEST: usize = 256 << 10;
