//! Teams users: their Entra token is checked here and exchanged with the resource's key.
//!
//! Who it is and which application it was made for are read from the token after its
//! signature was checked, and from nowhere else: that is what keeps a token of another
//! application, or of another person, from being smuggled in.

use std::time::Duration;

use crate::wire::acs::identity::TeamsUserExchangeTokenRequest;
use crate::wire::acs::redacted::Redacted;
use crate::wire::token_service::Code;
use crate::wire::token_service::TokenResponse;

use super::Service;
use super::audit::What;
use super::client::Client;
use super::config::TeamsConfig;
use super::http::Caller;
use super::http::Refused;
use super::jwt;
use super::jwt::Claims;
use super::jwt::Expected;
use super::person::Shown;
use super::person::Who;
use super::provider::Verifier;

pub(crate) struct Teams {
    app_id: String,
    require_sign_in: bool,
    tenants: Vec<Tenant>,
}

struct Tenant {
    id: String,
    verifier: Verifier,
}

impl Teams {
    pub(crate) fn new(config: &TeamsConfig, refetch: Duration, client: Client) -> Self {
        let tenants = config.tenants.iter().map(|id| {
            let audiences = config.audiences.clone();
            Tenant {
                id: id.clone(),
                verifier: verifier(config, id, audiences, refetch, client.clone()),
            }
        });
        Self {
            app_id: config.app_id.clone(),
            require_sign_in: config.require_sign_in,
            tenants: tenants.collect(),
        }
    }
}

/// Of tokens that the directory of a tenant made for one of these audiences.
pub(crate) fn verifier(
    config: &TeamsConfig,
    tenant: &str,
    audiences: Vec<String>,
    refetch: Duration,
    client: Client,
) -> Verifier {
    let issuer = format!("{}/{tenant}/v2.0", config.authority);
    let mut issuers = vec![issuer.clone()];
    if config.authority == PUBLIC_CLOUD {
        // Tokens of the older form, signed with the same keys.
        issuers.push(format!("https://sts.windows.net/{tenant}/"));
    }
    let expected = Expected {
        issuers,
        audiences,
        algorithms: config.algorithms.clone(),
    };
    Verifier::new(&issuer, expected, refetch, client)
}

impl Service {
    /// `shown`: the person's own sign-in here, where that is asked for as well.
    pub(crate) async fn teams(
        &self,
        from: Caller,
        shown: Shown,
        token: Redacted,
    ) -> Result<TokenResponse, Refused> {
        let teams = self.teams.as_ref().ok_or(NO_TEAMS)?;
        if teams.require_sign_in {
            if matches!(shown, Shown::Nothing) {
                return Err(Refused::new(Code::Unauthenticated, "Sign in here as well."));
            }
            self.person(shown, None).await?;
        }
        let (who, _) = self.teams_user(&token).await?;
        let user = who.subject.clone();
        let counted = self.limits.token(&who, self.clock.now());
        counted.map_err(Refused::throttled)?;
        let exchanged = self
            .resource
            .exchange(&TeamsUserExchangeTokenRequest {
                token,
                app_id: teams.app_id.clone(),
                user_id: user.clone(),
            })
            .await?;
        let id = format!("8:orgid:{user}");
        self.note(What::Exchanged, from, &who, Some(&id), &[]);
        Ok(TokenResponse {
            id,
            token: exchanged.token,
            expires_on: exchanged.expires_on,
            endpoint: self.resource.endpoint().to_owned(),
        })
    }

    /// Whose Entra token this is, of which tenant (their issuer), and what it says.
    pub(crate) async fn teams_user(&self, token: &Redacted) -> Result<(Who, Claims), Refused> {
        let teams = self.teams.as_ref().ok_or(NO_TEAMS)?;
        let (tenant, claims) = self.entra(teams, token).await?;
        let who = Who {
            issuer: tenant.id.clone(),
            subject: teams.user(tenant, &claims)?,
        };
        Ok((who, claims))
    }

    /// What the token says, after it was found to be one of an allowed tenant.
    async fn entra<'a>(
        &self,
        teams: &'a Teams,
        token: &Redacted,
    ) -> Result<(&'a Tenant, Claims), Refused> {
        let issuer = jwt::issuer(token).ok_or(Refused::new(
            Code::Unauthenticated,
            "The Entra token is not a token.",
        ))?;
        let tenant = teams
            .tenants
            .iter()
            .find(|tenant| tenant.verifier.has_issuer(&issuer));
        let tenant = tenant.ok_or(NOT_LISTED)?;
        let rules = jwt::Rules {
            leeway: self.config.leeway,
            nonce: None,
        };
        let claims = tenant.verifier.check(token, &rules, self.clock).await?;
        match &claims.tid {
            Some(tid) if *tid == tenant.id => Ok((tenant, claims)),
            _ => Err(NOT_LISTED),
        }
    }
}

impl Teams {
    /// The object id of the user, if the token was made for our application and may do both.
    fn user(&self, tenant: &Tenant, claims: &Claims) -> Result<String, Refused> {
        // Both members are there in tokens of some versions; then both have to be ours.
        let applications = [&claims.appid, &claims.azp];
        let mut applications = applications.into_iter().flatten().peekable();
        let named = applications.peek().is_some();
        if !named || !applications.all(|id| *id == self.app_id) {
            return Err(Refused::new(
                Code::AppNotAllowed,
                "The Entra token was made for another application.",
            ));
        }
        let granted = claims.scp.as_deref().unwrap_or_default();
        let has = |scope: &&str| granted.split(' ').any(|granted| granted == *scope);
        if !NEEDED.iter().all(has) {
            return Err(Refused::new(
                Code::AppNotAllowed,
                "The Entra token lacks Teams.ManageCalls or Teams.ManageChats.",
            ));
        }
        let user = claims.oid.as_deref().filter(|oid| is_object_id(oid));
        user.map(str::to_owned).ok_or_else(|| {
            tracing::warn!(tenant = %tenant.id, "a token names no user");
            Refused::new(Code::TokenRefused, "The Entra token names no user.")
        })
    }
}

/// It becomes part of a raw id, so it has to be what it says it is.
fn is_object_id(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok() && text.len() == 36
}

const NO_TEAMS: Refused = Refused::new(
    Code::Forbidden,
    "Tokens of an organisation are not exchanged here.",
);
const NOT_LISTED: Refused = Refused::new(
    Code::TenantNotAllowed,
    "Users of this organisation are not let in here.",
);
const NEEDED: [&str; 2] = ["Teams.ManageCalls", "Teams.ManageChats"];
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

#[cfg(test)]
mod tests {
    use super::*;

    fn teams() -> Teams {
        let config = TeamsConfig {
            app_id: "app".to_owned(),
            tenants: vec!["11111111-2222-3333-4444-555555555555".to_owned()],
            authority: PUBLIC_CLOUD.to_owned(),
            audiences: vec!["acs".to_owned()],
            algorithms: vec![jsonwebtoken::Algorithm::RS256],
            require_sign_in: false,
        };
        Teams::new(&config, Duration::from_mins(1), Client::new(None))
    }

    fn claims() -> Claims {
        Claims {
            appid: Some("app".to_owned()),
            oid: Some("aaaaaaaa-2222-3333-4444-555555555555".to_owned()),
            scp: Some("Teams.ManageChats Teams.ManageCalls".to_owned()),
            ..Claims::default()
        }
    }

    fn refused(claims: Claims) -> Code {
        let teams = teams();
        teams.user(&teams.tenants[0], &claims).unwrap_err().code
    }

    #[test]
    fn a_token_for_our_application_with_both_scopes_names_its_user() {
        let teams = teams();
        let user = teams.user(&teams.tenants[0], &claims()).unwrap();
        assert_eq!(user, "aaaaaaaa-2222-3333-4444-555555555555");
    }

    #[test]
    fn a_token_of_another_application_is_refused_whatever_member_says_so() {
        let other = Some("other".to_owned());
        for claims in [
            Claims {
                appid: other.clone(),
                ..claims()
            },
            Claims {
                azp: other,
                ..claims()
            },
            Claims {
                appid: None,
                ..claims()
            },
            Claims {
                scp: Some("Teams.ManageChats".to_owned()),
                ..claims()
            },
            Claims {
                scp: Some("Teams.ManageCallsX Teams.ManageChats".to_owned()),
                ..claims()
            },
            Claims {
                scp: None,
                ..claims()
            },
        ] {
            assert_eq!(refused(claims), Code::AppNotAllowed);
        }
    }

    #[test]
    fn an_object_id_that_is_none_never_becomes_a_raw_id() {
        for odd in ["", "ada", "8:acs:r_u", "aaaaaaaa22223333444455555555555555"] {
            let odd = Claims {
                oid: Some(odd.to_owned()),
                ..claims()
            };
            assert_eq!(refused(odd), Code::TokenRefused);
        }
    }

    #[test]
    fn the_public_cloud_has_two_issuers_for_a_tenant() {
        let teams = teams();
        let verifier = &teams.tenants[0].verifier;
        let id = &teams.tenants[0].id;
        assert!(verifier.has_issuer(&format!("https://login.microsoftonline.com/{id}/v2.0")));
        assert!(verifier.has_issuer(&format!("https://sts.windows.net/{id}/")));
        assert!(!verifier.has_issuer("https://sts.windows.net/other/"));
    }
}
