//! Who asks: what the header proves, and nothing that the request claims.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::clock::Timestamp;
use crate::wire::acs::identity::Scope;
use crate::wire::token_service::Code;

use super::Service;
use super::http::Refused;
use super::invitation::Session;
use super::jwt;
use super::jwt::Claims;
use super::provider::Provider;
use super::store;

/// A person, as who vouches for them knows them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Who {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

impl Who {
    /// Somebody new who came by an invitation.
    pub(crate) fn invited() -> Self {
        Self::fresh("invitation")
    }

    /// Somebody new of whom nothing is known.
    pub(crate) fn stranger() -> Self {
        Self::fresh("guest")
    }

    fn fresh(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            subject: uuid::Uuid::new_v4().to_string(),
        }
    }
}

/// Somebody whose header was good.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) who: Who,
    /// The most they are given.
    pub(crate) scopes: Vec<Scope>,
}

/// What stands in the `Authorization` header.
pub(crate) enum Shown {
    Nothing,
    Session(Session),
    Token(String),
}

impl Shown {
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Refused> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Ok(Self::Nothing);
        };
        let bearer = value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let bearer = bearer.ok_or(Refused::new(
            Code::Unauthenticated,
            "The Authorization header has no bearer token.",
        ))?;
        Ok(Session::read(bearer).map_or_else(|| Self::Token(bearer.to_owned()), Self::Session))
    }
}

impl Service {
    /// Whose header this is. `nonce`: of the sign-in that an id token must come from.
    pub(crate) async fn person(
        &self,
        shown: Shown,
        nonce: Option<&str>,
    ) -> Result<Person, Refused> {
        match shown {
            Shown::Session(session) => {
                let found = self.session(&session).await?;
                if found.ended {
                    return Err(ENDED);
                }
                Ok(Person {
                    scopes: self.ceiling(found.scopes),
                    who: found.who,
                })
            }
            Shown::Token(token) => self.of_token(&token, nonce).await,
            Shown::Nothing if self.config.guests => Ok(Person {
                who: Who::stranger(),
                scopes: self.config.scopes.clone(),
            }),
            Shown::Nothing => Err(Refused::new(
                Code::Unauthenticated,
                "Sign in first: nothing says who asks.",
            )),
        }
    }

    /// Who wants to sign out: also who has before, because the resource may not have answered then.
    pub(crate) async fn leaving(&self, shown: Shown) -> Result<Who, Refused> {
        match shown {
            Shown::Session(session) => Ok(self.session(&session).await?.who),
            Shown::Token(token) => Ok(self.vouched(&token, None).await?.0),
            Shown::Nothing => Err(Refused::new(
                Code::Unauthenticated,
                "Nothing says who signs out.",
            )),
        }
    }

    async fn session(&self, session: &Session) -> Result<store::Session, Refused> {
        let found = self.store.session(session.hash(), self.clock.utc()).await?;
        found.ok_or(ENDED)
    }

    async fn of_token(&self, token: &str, nonce: Option<&str>) -> Result<Person, Refused> {
        let (who, claims, provider) = self.vouched(token, nonce).await?;
        let known = self.store.known(who.clone()).await?;
        if known.signed_out.is_some_and(|at| !claims.is_newer_than(at)) {
            return Err(Refused::new(
                Code::SignedOut,
                "The person has signed out since this token was made. Sign in again.",
            ));
        }
        Ok(Person {
            who,
            scopes: self.ceiling(provider.scopes.clone()),
        })
    }

    /// Whom a provider's token names, after everything about it was checked.
    async fn vouched(
        &self,
        token: &str,
        nonce: Option<&str>,
    ) -> Result<(Who, Claims, &Provider), Refused> {
        let issuer = jwt::issuer(token).ok_or(Refused::new(
            Code::Unauthenticated,
            "What was shown is neither a session nor a token of a provider.",
        ))?;
        let provider = self.providers.iter().find(|p| p.has_issuer(&issuer));
        let provider = provider.ok_or(Refused::new(
            Code::TokenRefused,
            "The token is of a provider that is not taken here.",
        ))?;
        let rules = jwt::Rules {
            leeway: self.config.leeway,
            nonce,
        };
        let claims = provider.check(token, &rules, self.clock).await?;
        let who = Who {
            issuer,
            subject: claims.sub.clone(),
        };
        Ok((who, claims, provider))
    }

    /// What is allowed here and also there.
    fn ceiling(&self, narrower: Option<Vec<Scope>>) -> Vec<Scope> {
        let here = &self.config.scopes;
        let Some(mut narrower) = narrower else {
            return here.clone();
        };
        narrower.retain(|scope| allows(here, scope));
        narrower
    }
}

const ENDED: Refused = Refused::new(Code::SignedOut, "The session has ended. Sign in again.");

/// Whether one of `allowed` is, or includes, `wanted`.
pub(crate) fn allows(allowed: &[Scope], wanted: &Scope) -> bool {
    let including: &[Scope] = match wanted {
        Scope::Chat => &[Scope::Chat],
        Scope::ChatJoin => &[Scope::Chat, Scope::ChatJoin],
        Scope::ChatJoinLimited => &[Scope::Chat, Scope::ChatJoin, Scope::ChatJoinLimited],
        Scope::Voip => &[Scope::Voip],
        Scope::VoipJoin => &[Scope::Voip, Scope::VoipJoin],
        Scope::Unknown(_) => &[],
    };
    including.iter().any(|scope| allowed.contains(scope))
}

/// Seconds of a token against the time of a sign-out: the same second counts as before.
pub(crate) fn is_after(issued: u64, signed_out: Timestamp) -> bool {
    let out = u64::try_from(signed_out.as_millis() / 1000).unwrap_or(0);
    issued > out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_scope_allows_the_narrower_ones_and_never_the_other_way() {
        let chat = [Scope::Chat];
        assert!(allows(&chat, &Scope::ChatJoin));
        assert!(allows(&chat, &Scope::ChatJoinLimited));
        assert!(!allows(&chat, &Scope::Voip));
        assert!(!allows(&[Scope::ChatJoin], &Scope::Chat));
        assert!(!allows(&[Scope::ChatJoinLimited], &Scope::ChatJoin));
        assert!(!allows(&[Scope::VoipJoin], &Scope::Voip));
        let odd = Scope::Unknown("fly".to_owned());
        assert!(!allows(std::slice::from_ref(&odd), &odd));
    }

    #[test]
    fn a_token_of_the_second_of_the_sign_out_is_not_newer() {
        let out = Timestamp::from_millis(5_400);
        assert!(!is_after(5, out));
        assert!(is_after(6, out));
    }
}
