//! An account that signed in: tokens for it, one renewal at a time, and its end.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use url::Url;

use super::accounts::Record;
use super::accounts::Way;
use super::http::Http;
use super::http::Request;
use super::refused::Refused;
use super::secret::Secret;
use super::sign_in;
use super::sign_in::Provider;
use super::sign_in::Signed;
use super::source::Error;
use super::source::Fetched;
use super::source::ask_service;
use super::source::exchange_directly;
use super::source::service_url;
use super::vault;
use super::vault::Kept;
use super::vault::Vault;
use crate::clock::Clock;
use crate::config::paths;
use crate::model::identity::RawId;
use crate::wire::acs::identity::Scope;
use crate::wire::acs::redacted::Redacted;
use crate::wire::token_service::InvitationRequest;
use crate::wire::token_service::SessionResponse;
use crate::wire::token_service::SignIn;
use crate::wire::token_service::TokenRequest;

/// What a token is wanted for: each resource has tokens of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Chat and calls of the ACS resource.
    Acs,
    /// Chat of a Teams user.
    Graph,
    /// The token service itself, which passes notifications on to a Teams user.
    Relay,
}

/// An account and where its sign-in is kept.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub record: Record,
    pub vault: Vault,
    /// Locks of accounts lie here: two programs of one person must not renew at once.
    pub folder: PathBuf,
    /// The token service of an own resource, while it runs in this program.
    pub own: Option<Url>,
    pub refused: Refused,
}

/// What lies in the vault.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Renews {
    #[serde(serialize_with = "bare", deserialize_with = "kept")]
    Session(Kept),
    #[serde(serialize_with = "bare", deserialize_with = "kept")]
    RefreshToken(Kept),
}

/// For the vault alone.
fn bare<S: Serializer>(kept: &Kept, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kept.as_str())
}

fn kept<'de, D: Deserializer<'de>>(from: D) -> Result<Kept, D::Error> {
    String::deserialize(from).map(Kept::new)
}

impl SignedIn {
    /// Keeps what renews the sign-in, in place of what was there.
    pub async fn keep(&self, refresh: &Kept) -> Result<(), Error> {
        self.write(&Renews::RefreshToken(refresh.clone())).await
    }

    pub async fn keep_session(&self, session: &Kept) -> Result<(), Error> {
        self.write(&Renews::Session(session.clone())).await
    }

    /// A new token. What renews the next one is kept before anything else is done with it.
    pub(super) async fn fetch(
        &self,
        purpose: Purpose,
        http: &Http,
        clock: Clock,
    ) -> Result<Fetched, Error> {
        match (&self.record.way, purpose) {
            (Way::Invitation { .. } | Way::Own, Purpose::Acs) => {
                let service = self.service()?;
                let Renews::Session(session) = self.read().await? else {
                    return Err(self.signed_out());
                };
                let request = self.external(None);
                ask_service(service, &request, Some(session.as_str()), http, clock).await
            }
            (Way::Provider { token_service, .. }, Purpose::Acs) => {
                let signed = self.renew(Purpose::Acs, &[], http).await?;
                let shown = signed.id_token.as_ref().unwrap_or(&signed.access);
                let request = self.external(None);
                ask_service(token_service, &request, Some(shown.as_str()), http, clock).await
            }
            (Way::Teams { token_service, .. }, Purpose::Acs) => {
                let service = token_service.as_ref().ok_or(Error::NoExchange)?;
                let signed = self.renew(Purpose::Acs, &[], http).await?;
                let request = TokenRequest::Teams {
                    entra_token: Redacted::from(signed.access.as_str().to_owned()),
                };
                ask_service(service, &request, None, http, clock).await
            }
            (Way::Direct { resource, .. }, Purpose::Acs) => {
                let signed = self.renew(Purpose::Acs, &[], http).await?;
                exchange_directly(resource, signed.access.as_str(), http, clock).await
            }
            (Way::Teams { graph, .. }, Purpose::Graph) => {
                let wider = self.wider().await;
                let signed = self.renew(Purpose::Graph, &wider, http).await?;
                Ok(Fetched {
                    raw_id: RawId::new(self.record.raw_id.as_deref().unwrap_or_default()),
                    token: Secret::new(signed.access.as_str().to_owned()),
                    endpoint: graph.clone(),
                    lifetime: signed.lifetime.unwrap_or(SHORTEST),
                    scopes: signed.scopes,
                    wider,
                })
            }
            // The token that it exchanges as well; here it only says who listens.
            (Way::Teams { token_service, .. }, Purpose::Relay) => {
                let service = token_service.as_ref().ok_or(Error::NoExchange)?;
                let signed = self.renew(Purpose::Acs, &[], http).await?;
                Ok(Fetched {
                    raw_id: RawId::new(self.record.raw_id.as_deref().unwrap_or_default()),
                    token: Secret::new(signed.access.as_str().to_owned()),
                    endpoint: service.clone(),
                    lifetime: signed.lifetime.unwrap_or(SHORTEST),
                    scopes: None,
                    wider: Vec::new(),
                })
            }
            (
                Way::Invitation { .. } | Way::Own | Way::Provider { .. } | Way::Direct { .. },
                Purpose::Graph | Purpose::Relay,
            ) => Err(Error::NoGraph),
        }
    }

    /// The first token after a sign-in in a browser, whose nonce the token service compares.
    /// `None`: chat through Graph alone, which needs nobody's leave.
    pub async fn first(
        &self,
        signed: &Signed,
        http: &Http,
        clock: Clock,
    ) -> Result<Option<Granted>, Error> {
        let fetched = match (&self.record.way, &signed.id_token) {
            (Way::Provider { token_service, .. }, Some(id_token)) => {
                let request = self.external(signed.nonce.clone());
                ask_service(
                    token_service,
                    &request,
                    Some(id_token.as_str()),
                    http,
                    clock,
                )
                .await?
            }
            (
                Way::Teams {
                    token_service: Some(service),
                    ..
                },
                _,
            ) => {
                let request = TokenRequest::Teams {
                    entra_token: Redacted::from(signed.access.as_str().to_owned()),
                };
                ask_service(service, &request, None, http, clock).await?
            }
            (
                Way::Teams {
                    token_service: None,
                    ..
                },
                _,
            ) => return Ok(None),
            (Way::Direct { resource, .. }, _) => {
                exchange_directly(resource, signed.access.as_str(), http, clock).await?
            }
            _ => return self.current(http, clock).await,
        };
        Ok(Some(Granted::of(fetched)))
    }

    /// Who the sign-in is, by a token of its own.
    pub async fn current(&self, http: &Http, clock: Clock) -> Result<Option<Granted>, Error> {
        let fetched = self.fetch(Purpose::Acs, http, clock).await?;
        Ok(Some(Granted::of(fetched)))
    }

    /// Whether something is kept that renews the sign-in.
    pub async fn is_kept(&self) -> Result<bool, Error> {
        match self.read().await {
            Ok(_) => Ok(true),
            Err(error) if error.is_signed_out() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a token is to be had, which is let go at once.
    pub async fn try_token(&self, http: &Http, clock: Clock) -> Result<(), Error> {
        let purpose = match self.record.way {
            Way::Teams { .. } => Purpose::Graph,
            Way::Invitation { .. } | Way::Own | Way::Provider { .. } | Way::Direct { .. } => {
                Purpose::Acs
            }
        };
        self.fetch(purpose, http, clock).await.map(drop)
    }

    /// Tells the token service that it ends, which revokes what it gave.
    pub async fn revoke(&self, http: &Http) -> Result<(), Error> {
        let (service, shown) = match &self.record.way {
            Way::Invitation { .. } | Way::Own => match self.read().await? {
                Renews::Session(session) => (self.service()?, session),
                Renews::RefreshToken(_) => return Ok(()),
            },
            Way::Provider { token_service, .. } => {
                let signed = self.renew(Purpose::Acs, &[], http).await?;
                (token_service, signed.id_token.unwrap_or(signed.access))
            }
            // Entra ends sign-ins in its own pages; the tokens of an exchange end with the Entra token.
            Way::Teams { .. } | Way::Direct { .. } => return Ok(()),
        };
        let bearer = format!("Bearer {}", shown.as_str());
        let request = Request::new(Method::POST, service_url(service, "/v1/sign-out")?)
            .secret(AUTHORIZATION, &bearer);
        let answer = http.send(request).await?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(Error::of_status(status, &answer.body)),
        }
    }

    /// One at a time, over all programs of the person: a refresh token is good for one renewal. `wider`: what is asked
    /// for beyond the usual.
    pub(super) async fn renew(
        &self,
        purpose: Purpose,
        wider: &[String],
        http: &Http,
    ) -> Result<Signed, Error> {
        let _turn = self.turn().await?;
        let Renews::RefreshToken(refresh) = self.read().await? else {
            return Err(self.signed_out());
        };
        let provider = self.provider(purpose, None)?;
        let now = Clock.now();
        let renewed = match self.refused.before(&refresh, now) {
            Some(said) => Err(said),
            None if !wider.is_empty() => {
                let mut whole = provider.clone();
                whole.scopes.extend(wider.iter().cloned());
                match sign_in::renew(&whole, &refresh, http).await {
                    // What was agreed to later was taken back: the rest goes on without it.
                    Err(error) if error.lacks_consent() => {
                        sign_in::renew(&provider, &refresh, http).await
                    }
                    renewed => renewed,
                }
            }
            None => sign_in::renew(&provider, &refresh, http).await,
        };
        let signed = match renewed {
            Ok(signed) => signed,
            Err(error) => {
                self.refused.note(&refresh, &error, now);
                if let Some(claims) = error.claims() {
                    self.keep_challenge(claims).await;
                }
                return Err(Error::SignIn {
                    account: self.record.name.clone(),
                    source: Box::new(error),
                });
            }
        };
        if let Some(next) = &signed.refresh {
            self.keep(next).await?;
        }
        Ok(signed)
    }

    /// What the next sign-in has to prove, so that whoever does that has it.
    pub(super) async fn keep_challenge(&self, claims: &str) {
        let (entry, claims) = (self.challenge_entry(), Kept::new(claims.to_owned()));
        let kept = self.with_vault(move |vault, _| vault.write(&entry, &claims));
        if let Err(error) = kept.await {
            tracing::warn!(%error, "what the next sign-in has to answer is not kept");
        }
    }

    /// What the sign-in of this account has to answer (conditional access), if anything.
    pub async fn challenge(&self) -> Result<Option<String>, Error> {
        let entry = self.challenge_entry();
        let kept = self.with_vault(move |vault, _| vault.read(&entry)).await?;
        Ok(kept.map(|claims| claims.as_str().to_owned()))
    }

    /// It was answered.
    pub async fn forget_challenge(&self) -> Result<(), Error> {
        let entry = self.challenge_entry();
        self.with_vault(move |vault, _| vault.erase(&entry)).await
    }

    fn challenge_entry(&self) -> String {
        format!("challenge {}", self.record.name)
    }

    /// What to sign in at, and for what.
    pub fn provider(&self, purpose: Purpose, claims: Option<String>) -> Result<Provider, Error> {
        let (issuer, client_id, scopes, consent) = match &self.record.way {
            Way::Provider {
                issuer, client_id, ..
            } => (issuer, client_id, &[][..], &[][..]),
            // What is asked for beyond it is added where somebody signs in, and at a renewal.
            Way::Teams {
                issuer,
                client_id,
                token_service,
                ..
            } => match (purpose, token_service) {
                (Purpose::Acs | Purpose::Relay, Some(_)) => (issuer, client_id, ACS, GRAPH),
                (Purpose::Acs | Purpose::Relay, None) | (Purpose::Graph, _) => {
                    (issuer, client_id, GRAPH, &[][..])
                }
            },
            Way::Direct {
                issuer, client_id, ..
            } => (issuer, client_id, DIRECT, &[][..]),
            Way::Invitation { .. } | Way::Own => return Err(self.signed_out()),
        };
        let owned = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Ok(Provider {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            scopes: owned(scopes),
            consent: owned(consent),
            claims,
        })
    }

    fn external(&self, nonce: Option<String>) -> TokenRequest {
        TokenRequest::External {
            display_name: Some(self.record.display_name.clone()),
            scopes: vec![Scope::Chat, Scope::Voip],
            nonce: nonce.map(Redacted::from),
        }
    }

    fn signed_out(&self) -> Error {
        Error::SignedOut(self.record.name.clone())
    }

    fn service(&self) -> Result<&Url, Error> {
        let known = self.own.as_ref().or(self.record.token_service());
        known.ok_or_else(|| self.signed_out())
    }

    /// The connection string of an own resource.
    pub async fn own_resource(&self) -> Result<Kept, Error> {
        let entry = self.resource_entry();
        let kept = self.with_vault(move |vault, _| vault.read(&entry)).await?;
        kept.ok_or_else(|| self.signed_out())
    }

    pub async fn keep_own_resource(&self, connection_string: Kept) -> Result<(), Error> {
        let entry = self.resource_entry();
        self.with_vault(move |vault, _| vault.write(&entry, &connection_string))
            .await
    }

    fn resource_entry(&self) -> String {
        format!("resource {}", self.record.name)
    }

    pub(super) async fn turn(&self) -> Result<File, Error> {
        let path = self
            .folder
            .join(format!("{}.lock", file_name(&self.record.name)));
        let locked = tokio::task::spawn_blocking(move || {
            let file = paths::append_private(&path)?;
            file.lock()?;
            Ok(file)
        });
        locked
            .await
            .map_err(|_| Error::Stopped)?
            .map_err(Error::Turn)
    }

    async fn read(&self) -> Result<Renews, Error> {
        let kept = self.with_vault(Vault::read).await?;
        let kept = kept.ok_or_else(|| self.signed_out())?;
        serde_json::from_str(kept.as_str()).map_err(|_| self.signed_out())
    }

    async fn write(&self, renews: &Renews) -> Result<(), Error> {
        let text = serde_json::to_string(renews).map_err(|_| self.signed_out())?;
        let kept = Kept::new(text);
        self.with_vault(move |vault, entry| vault.write(entry, &kept))
            .await
    }

    /// Nothing of the sign-in stays here.
    pub async fn forget(&self) -> Result<(), Error> {
        let beside = [self.resource_entry(), self.challenge_entry()];
        self.with_vault(move |vault, entry| {
            beside.iter().try_for_each(|entry| vault.erase(entry))?;
            vault.erase(entry)
        })
        .await
    }

    /// Keyrings answer when they like, so they are asked where waiting holds up nobody.
    async fn with_vault<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Vault, &str) -> Result<T, vault::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (vault, entry) = (self.vault.clone(), format!("account {}", self.record.name));
        let done = tokio::task::spawn_blocking(move || act(&vault, &entry));
        Ok(done.await.map_err(|_| Error::Stopped)??)
    }
}

/// What the first token said.
#[derive(Debug, Clone)]
pub struct Granted {
    pub raw_id: RawId,
    pub endpoint: Url,
}

impl Granted {
    fn of(fetched: Fetched) -> Self {
        Self {
            raw_id: fetched.raw_id,
            endpoint: fetched.endpoint,
        }
    }
}

/// The ways a token service offers.
pub async fn ways(service: &Url, http: &Http) -> Result<SignIn, Error> {
    let request = Request::new(Method::GET, service_url(service, "/v1/sign-in")?);
    let answer = http.send(request).await?;
    if answer.status != 200 {
        return Err(Error::of_status(answer.status, &answer.body));
    }
    super::source::read_json(&answer.body)
}

/// Turns an invitation into a session, once.
pub async fn redeem(service: &Url, code: &Kept, http: &Http) -> Result<Kept, Error> {
    let code = code.as_str().trim().to_owned();
    let body = InvitationRequest { code: code.into() };
    let body = serde_json::to_vec(&body).map_err(|_| Error::Stopped)?;
    let request = Request::new(Method::POST, service_url(service, "/v1/invitation")?)
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(body);
    let answer = http.send(request).await?;
    if answer.status != 200 {
        return Err(Error::of_status(answer.status, &answer.body));
    }
    let session: SessionResponse = super::source::read_json(&answer.body)?;
    Ok(Kept::new(session.session.into()))
}

/// Names of accounts are the person's words; names of files are not.
pub fn file_name(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Teams calling and chat of the ACS resource (identity.md 4.3).
const ACS: &[&str] = &[
    "https://auth.msft.communication.azure.com/Teams.ManageCalls",
    "https://auth.msft.communication.azure.com/Teams.ManageChats",
];
/// Chat and calls of the resource, for the exchange without a token service (identity.md 1.7).
const DIRECT: &[&str] = &[
    "https://communication.azure.com/clients/Chat",
    "https://communication.azure.com/clients/VoIP",
];
/// What chat through Graph needs (graph-chat.md 1).
const GRAPH: &[&str] = &[
    "https://graph.microsoft.com/User.Read",
    "https://graph.microsoft.com/Chat.ReadWrite",
    "https://graph.microsoft.com/Chat.Read",
    "https://graph.microsoft.com/ChatMessage.Send",
    "https://graph.microsoft.com/OnlineMeetings.Read",
];
/// Of a token whose lifetime nobody told.
const SHORTEST: Duration = Duration::from_mins(5);
