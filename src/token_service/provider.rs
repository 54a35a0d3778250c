//! Providers: their keys, found by discovery and kept for a while, and the check of a token.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::wire::acs::identity::Scope;
use crate::wire::token_service::Code;

use super::client;
use super::client::Client;
use super::config::ProviderConfig;
use super::http::Refused;
use super::jwt;
use super::jwt::Claims;
use super::jwt::Expected;
use super::jwt::Fault;
use super::jwt::Rules;

/// A provider of id tokens.
pub(crate) struct Provider {
    pub(crate) scopes: Option<Vec<Scope>>,
    client_id: String,
    verifier: Verifier,
}

impl Provider {
    pub(crate) fn new(known: &ProviderConfig, refetch: Duration, client: Client) -> Self {
        let expected = Expected {
            issuers: vec![known.issuer.clone()],
            audiences: vec![known.client_id.clone()],
            algorithms: known.algorithms.clone(),
        };
        Self {
            scopes: known.scopes.clone(),
            client_id: known.client_id.clone(),
            verifier: Verifier::new(&known.issuer, expected, refetch, client),
        }
    }

    pub(crate) fn has_issuer(&self, issuer: &str) -> bool {
        self.verifier.has_issuer(issuer)
    }

    pub(crate) async fn check(
        &self,
        token: &str,
        rules: &Rules<'_>,
        clock: Clock,
    ) -> Result<Claims, Refused> {
        let claims = self.verifier.check(token, rules, clock).await?;
        // A token for several audiences has to be one that our client asked for, and to say so
        // (OpenID Connect Core 3.1.3.7).
        match &claims.azp {
            Some(party) if *party == self.client_id => Ok(claims),
            None if !claims.aud.is_for_several() => Ok(claims),
            _ => Err(Refused::new(
                Code::TokenRefused,
                "The token was made for another application.",
            )),
        }
    }
}

/// Whoever signs tokens, and what those must say.
pub(crate) struct Verifier {
    expected: Expected,
    keys: Keys,
}

impl Verifier {
    /// `discovery`: the issuer below which the metadata lies.
    pub(crate) fn new(
        discovery: &str,
        expected: Expected,
        refetch: Duration,
        client: Client,
    ) -> Self {
        Self {
            expected,
            keys: Keys {
                issuer: discovery.to_owned(),
                refetch,
                client,
                held: Mutex::default(),
                turn: tokio::sync::Mutex::default(),
            },
        }
    }

    pub(crate) fn has_issuer(&self, issuer: &str) -> bool {
        self.expected.issuers.iter().any(|known| known == issuer)
    }

    /// Fetches the keys anew, once, when the token names one that is not known.
    pub(crate) async fn check(
        &self,
        token: &str,
        rules: &Rules<'_>,
        clock: Clock,
    ) -> Result<Claims, Refused> {
        let keys = self.keys.fresh(clock).await?;
        let fault = match jwt::check(token, &keys, &self.expected, rules) {
            Ok(claims) => return Ok(claims),
            Err(fault) => fault,
        };
        if fault != Fault::UnknownKey {
            return Err(refused(fault));
        }
        let keys = self.keys.newer_than(&keys, clock).await;
        let keys = keys.map_err(|wait| LATER.after(wait))?;
        jwt::check(token, &keys, &self.expected, rules).map_err(refused)
    }
}

/// It may be a key of the last minute: whoever is good is asked to come again, and not to sign in.
const LATER: Refused = Refused::new(
    Code::ProviderUnavailable,
    "The token names a key that is not known here yet.",
);

fn refused(fault: Fault) -> Refused {
    match fault {
        Fault::Expired => Refused::new(Code::TokenExpired, "The token has expired."),
        Fault::NotYetValid => Refused::new(Code::TokenNotYetValid, "The token is not valid yet."),
        Fault::Refused(why) => Refused::new(Code::TokenRefused, why),
        Fault::UnknownKey => Refused::new(
            Code::TokenRefused,
            "The token is signed with a key that its provider does not publish.",
        ),
        Fault::Nonce => Refused::new(Code::NonceMismatch, "The token is of another sign-in."),
    }
}

/// The public keys of an issuer.
struct Keys {
    issuer: String,
    refetch: Duration,
    client: Client,
    held: Mutex<Held>,
    /// Whoever fetches holds it; the others wait and find what was fetched.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Held {
    keys: Arc<Vec<Jwk>>,
    fetched: Option<Moment>,
    /// When the allowance of fetches is whole again.
    whole: Option<Moment>,
    /// The last one gave nothing.
    failed: bool,
}

impl Held {
    /// How long the next fetch has to wait. A token that names a key nobody publishes costs one, and
    /// must not keep out who comes with a new key after it: so there are some at once.
    fn wait(&self, refetch: Duration, now: Moment) -> Option<Duration> {
        let spare = if self.failed { 0 } else { SPARE };
        let left = self.whole?.since(now).saturating_sub(refetch * spare);
        (!left.is_zero()).then_some(left)
    }

    fn took(&mut self, fetched: bool, refetch: Duration, now: Moment) {
        let whole = self.whole.filter(|_| fetched).map_or(now, |at| at.max(now));
        self.whole = Some(whole + refetch);
        self.failed = !fetched;
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Client(#[from] client::Error),
    #[error("the answer is {0}, not 200")]
    Status(u16),
    #[error("the answer is not what it should be")]
    Content,
    #[error("the metadata is of another issuer")]
    Issuer,
    #[error("an address in it is not one")]
    Address,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeyList {
    keys: Vec<Value>,
}

impl Keys {
    /// Keys that are not too old; fetched where there are none.
    async fn fresh(&self, clock: Clock) -> Result<Arc<Vec<Jwk>>, Refused> {
        let held = self.held();
        let age = |held: &Held| held.fetched.map(|at| clock.now().since(at));
        if age(&held).is_some_and(|age| age < FRESH) {
            return Ok(held.keys);
        }
        let held = self.fetch(held.fetched, clock).await;
        match age(&held) {
            // A provider that is away for a while does not lock everybody out.
            Some(age) if age < USABLE => Ok(held.keys),
            _ => Err(Refused::new(
                Code::ProviderUnavailable,
                "The provider's keys cannot be fetched at the moment.",
            )
            .after(self.refetch)),
        }
    }

    /// Keys fetched after these; otherwise when they may be asked for.
    async fn newer_than(
        &self,
        seen: &Arc<Vec<Jwk>>,
        clock: Clock,
    ) -> Result<Arc<Vec<Jwk>>, Duration> {
        let mut held = self.held();
        if Arc::ptr_eq(&held.keys, seen) {
            held = self.fetch(held.fetched, clock).await;
        }
        if Arc::ptr_eq(&held.keys, seen) {
            let wait = held.wait(self.refetch, clock.now());
            return Err(wait.unwrap_or(self.refetch));
        }
        Ok(held.keys)
    }

    /// Fetches unless somebody did since `seen`, or it was done too often lately.
    async fn fetch(&self, seen: Option<Moment>, clock: Clock) -> Held {
        let _turn = self.turn.lock().await;
        let held = self.held();
        if held.fetched != seen || held.wait(self.refetch, clock.now()).is_some() {
            return held;
        }
        let fetched = self.fetch_keys().await;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.now();
        held.took(fetched.is_ok(), self.refetch, now);
        match fetched {
            Ok(keys) => {
                held.keys = Arc::new(keys);
                held.fetched = Some(now);
            }
            Err(error) => {
                let issuer = &self.issuer;
                tracing::warn!(%error, %issuer, "could not fetch the keys of a provider");
            }
        }
        held.clone()
    }

    async fn fetch_keys(&self) -> Result<Vec<Jwk>, Error> {
        let base = self.issuer.trim_end_matches('/');
        let about: Metadata = self
            .get(&format!("{base}/.well-known/openid-configuration"))
            .await?;
        if about.issuer != self.issuer {
            return Err(Error::Issuer);
        }
        let list: KeyList = self.get(&about.jwks_uri).await?;
        // A key of a kind that is not understood is no reason to lose the others.
        let known = list.keys.into_iter();
        Ok(known
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect())
    }

    async fn get<T: DeserializeOwned>(&self, address: &str) -> Result<T, Error> {
        let url = Url::parse(address).map_err(|_| Error::Address)?;
        let answer = self
            .client
            .send(Method::GET, url, HeaderMap::new(), Vec::new())
            .await?;
        if answer.status != 200 {
            return Err(Error::Status(answer.status));
        }
        serde_json::from_slice(&answer.body).map_err(|_| Error::Content)
    }

    fn held(&self) -> Held {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }
}

/// A key that its provider has withdrawn is taken no longer than this…
const FRESH: Duration = Duration::from_hours(1);
/// …or than this, where the provider does not answer.
const USABLE: Duration = Duration::from_hours(24);
/// Fetches at once, beside the first.
const SPARE: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_fetches_are_allowed_at_once_and_then_one_each_interval() {
        let (refetch, start) = (Duration::from_mins(1), Moment::ZERO);
        let mut held = Held::default();
        for n in 0..=SPARE {
            assert_eq!(held.wait(refetch, start), None, "{n}");
            held.took(true, refetch, start);
        }
        let wait = held.wait(refetch, start).unwrap();
        assert!(wait <= refetch, "{wait:?}");
        assert_eq!(held.wait(refetch, start + wait), None);
        held.took(true, refetch, start + wait);
        assert!(held.wait(refetch, start + wait).is_some());
    }

    #[test]
    fn a_provider_that_does_not_answer_is_asked_once_each_interval() {
        let (refetch, start) = (Duration::from_mins(1), Moment::ZERO);
        let mut held = Held::default();
        for _ in 0..3 {
            held.took(true, refetch, start);
        }
        held.took(false, refetch, start);
        assert_eq!(held.wait(refetch, start), Some(refetch));
        assert_eq!(held.wait(refetch, start + refetch), None);
        held.took(true, refetch, start + refetch);
        assert_eq!(held.wait(refetch, start + refetch), None, "it is back");
    }
}
