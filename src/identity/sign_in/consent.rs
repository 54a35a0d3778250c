//! The link behind which an administrator agrees to an application for everybody of an organisation
//! (identity.md 4.1 and 4.6).

use oauth2::CsrfToken;
use url::Url;

use super::Error;
use super::Provider;

/// A refusal for want of agreement, with what to hand to an administrator; any other error as it is.
pub(super) fn explained(error: Error, provider: &Provider) -> Error {
    match error {
        Error::Refused(refusal) if refusal.lacks_consent() => match link(provider) {
            Some(link) => Error::Consent {
                refusal: Box::new(refusal),
                link: link.into(),
            },
            None => Error::Refused(refusal),
        },
        other => other,
    }
}

/// `None`: the provider is not addressed as Entra is, or no organisation can be meant.
pub fn link(provider: &Provider) -> Option<Url> {
    let issuer = provider.issuer.as_str().trim_end_matches('/');
    let tenant = issuer.strip_suffix("/v2.0")?.rsplit('/').next()?;
    if ["common", "consumers"].contains(&tenant) {
        return None;
    }
    let mut link = Url::parse(&format!("{issuer}/adminconsent")).ok()?;
    let scopes: Vec<&str> = provider
        .scopes
        .iter()
        .chain(&provider.consent)
        .map(String::as_str)
        .collect();
    // Whoever opens it is elsewhere, and nobody here reads the answer: the state only has to be there.
    let state = CsrfToken::new_random();
    link.query_pairs_mut()
        .append_pair("client_id", &provider.client_id)
        .append_pair("scope", &scopes.join(" "))
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("state", state.secret());
    Some(link)
}

/// As registered.
const REDIRECT: &str = "http://localhost";

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::Refusal;
    use super::*;

    fn provider(issuer: &str) -> Provider {
        Provider {
            issuer: issuer.parse().unwrap(),
            client_id: "app".to_owned(),
            scopes: vec!["https://auth.msft.communication.azure.com/Teams.ManageCalls".to_owned()],
            consent: vec!["https://graph.microsoft.com/Chat.Read".to_owned()],
            claims: None,
        }
    }

    fn refused(error: &str, code: u32) -> Error {
        Error::Refused(Refusal::of(error, &format!("AADSTS{code}: no.")))
    }

    #[test]
    fn the_link_names_the_application_its_permissions_and_the_tenant() {
        let organisation = provider("https://login.microsoftonline.com/contoso.com/v2.0");
        for code in [65_001, 90_008, 90_094, 90_095, 500_011, 650_052] {
            let told = explained(refused("invalid_grant", code), &organisation);
            let Error::Consent { link, .. } = told else {
                panic!("{code}: {told}");
            };
            let link = Url::parse(&link).unwrap();
            assert_eq!(link.path(), "/contoso.com/v2.0/adminconsent");
            let query: HashMap<_, _> = link.query_pairs().into_owned().collect();
            assert_eq!(query["client_id"], "app");
            assert_eq!(query["redirect_uri"], "http://localhost");
            assert_eq!(
                query["scope"],
                "https://auth.msft.communication.azure.com/Teams.ManageCalls https://graph.microsoft.com/Chat.Read"
            );
            assert!(query["state"].len() >= 16);
        }
    }

    #[test]
    fn there_is_no_link_for_another_reason_another_provider_or_no_tenant() {
        let organisation = provider("https://login.microsoftonline.com/organizations/v2.0");
        let other = provider("https://id.example");
        let anybody = provider("https://login.microsoftonline.com/common/v2.0");
        for (error, provider) in [
            (refused("invalid_grant", 53_003), &organisation),
            (refused("consent_required", 90_094), &other),
            (refused("consent_required", 90_094), &anybody),
        ] {
            assert!(matches!(explained(error, provider), Error::Refused(_)));
        }
        let unnumbered = Error::Refused(Refusal::of("consent_required", ""));
        assert!(matches!(
            explained(unnumbered, &organisation),
            Error::Refused(_)
        ));
    }
}
