//! Errors of Entra ID: their shape, and the numbers that are documented.
//!
//! Whoever reads one decides by `error` alone: the numbers may change, and are for explaining.

use serde::Deserialize;
use serde::Serialize;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    pub error: String,
    #[serde(default)]
    pub error_description: String,
    #[serde(default)]
    pub error_codes: Vec<u32>,
    /// `2026-11-23 12:00:00Z`.
    #[serde(default)]
    pub timestamp: String,
    #[serde(default)]
    pub trace_id: String,
    /// What whoever runs the tenant can look it up by.
    #[serde(default)]
    pub correlation_id: String,
    #[serde(default)]
    pub error_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suberror: Option<String>,
    /// A challenge: to be handed to the authorize endpoint as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}

impl ErrorAnswer {
    /// The first number; 0 when there is none.
    pub fn code(&self) -> u32 {
        self.error_codes.first().copied().unwrap_or(0)
    }
}

/// A documented number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub code: u32,
    pub error: &'static str,
    pub suberror: Option<&'static str>,
    /// In our words.
    pub about: &'static str,
}

impl Known {
    pub fn of(code: u32) -> Option<Self> {
        let at = KNOWN.iter().position(|known| known.0 == code)?;
        let (code, error, about) = KNOWN[at];
        let suberror = match code {
            65001 | 65004 => Some("consent_required"),
            50072 | 50074 | 50076 | 50078 | 50079 | 50158 => Some("basic_action"),
            53000..=53003 | 530_032 | 50131 => Some("message_only"),
            70000 | 70008 | 700_082 | 700_084 => Some("bad_token"),
            70043 => Some("token_expired"),
            _ => None,
        };
        Some(Self {
            code,
            error,
            suberror,
            about,
        })
    }

    /// Whether the person has to act, and a challenge says how.
    pub fn is_challenge(&self) -> bool {
        self.error == "interaction_required"
    }

    pub fn all() -> impl Iterator<Item = u32> {
        KNOWN.iter().map(|known| known.0)
    }
}

const REQUEST: &str = "invalid_request";
const GRANT: &str = "invalid_grant";
const CLIENT: &str = "invalid_client";
const INTERACTION: &str = "interaction_required";
const UNAUTHORIZED: &str = "unauthorized_client";
const SCOPE: &str = "invalid_scope";
const RESOURCE: &str = "invalid_resource";
const BUSY: &str = "temporarily_unavailable";
const CONSENT: &str = "consent_required";

/// Number, `error`, and what it is about.
const KNOWN: &[(u32, &str, &str)] = &[
    (
        16000,
        INTERACTION,
        "The account does not exist in the tenant of the application.",
    ),
    (
        50020,
        GRANT,
        "The account of another identity provider is not known in the tenant.",
    ),
    (51004, GRANT, "The account does not exist in the directory."),
    (
        90072,
        INTERACTION,
        "The account has to be added to the tenant as a guest first.",
    ),
    (
        50011,
        REQUEST,
        "The redirect address is none of those registered for the application.",
    ),
    (
        70004,
        REQUEST,
        "The redirect address is not valid for the application.",
    ),
    (50034, GRANT, "The account does not exist in the directory."),
    (
        50053,
        GRANT,
        "The account is locked, or the address it signs in from is blocked.",
    ),
    (50055, GRANT, "The password has expired."),
    (
        50144,
        GRANT,
        "The password of the on-premises directory has expired.",
    ),
    (50057, GRANT, "The account is disabled."),
    (
        50058,
        "login_required",
        "Nobody is signed in, and none may be asked to.",
    ),
    (
        50059,
        REQUEST,
        "Nothing in the request says which tenant is meant.",
    ),
    (
        50128,
        REQUEST,
        "The domain name says nothing about which tenant is meant.",
    ),
    (
        50072,
        INTERACTION,
        "The person has to enrol for multi-factor authentication.",
    ),
    (
        50079,
        INTERACTION,
        "The person has to enrol for multi-factor authentication.",
    ),
    (50074, INTERACTION, "Strong authentication is required."),
    (
        50076,
        INTERACTION,
        "Multi-factor authentication is required for this resource.",
    ),
    (
        50078,
        INTERACTION,
        "The multi-factor authentication has expired.",
    ),
    (50097, INTERACTION, "Device authentication is required."),
    (
        50129,
        INTERACTION,
        "The device is not joined to the workplace.",
    ),
    (50155, INTERACTION, "Device authentication failed."),
    (50187, INTERACTION, "Device authentication failed."),
    (
        50105,
        GRANT,
        "The person is not assigned to a role for the application.",
    ),
    (50126, GRANT, "The name or the password is wrong."),
    (
        50131,
        INTERACTION,
        "A policy of conditional access blocks this sign-in.",
    ),
    (
        53003,
        INTERACTION,
        "Access was blocked by a policy of conditional access.",
    ),
    (
        530_032,
        INTERACTION,
        "Access was blocked by a security policy.",
    ),
    (
        50132,
        GRANT,
        "The session was revoked or the password was changed.",
    ),
    (
        50133,
        GRANT,
        "The session is not valid any more: the password was changed.",
    ),
    (
        50173,
        GRANT,
        "The grant was revoked; fresh authentication is needed.",
    ),
    (
        50158,
        INTERACTION,
        "An external security challenge was not satisfied.",
    ),
    (
        50194,
        REQUEST,
        "The application is not open to several tenants; use the tenant's own address.",
    ),
    (
        90124,
        REQUEST,
        "The resource is not supported over /common or /consumers.",
    ),
    (
        90130,
        REQUEST,
        "The application is not supported over /common or /consumers.",
    ),
    (
        9_001_023,
        REQUEST,
        "The grant type is not supported over /common or /consumers.",
    ),
    (50196, GRANT, "The client asks in a loop; it has to wait."),
    (
        50199,
        INTERACTION,
        "The person has to confirm that they mean this application.",
    ),
    (
        53000,
        INTERACTION,
        "The device is not compliant with the policy.",
    ),
    (
        53001,
        INTERACTION,
        "The device is not joined to the domain.",
    ),
    (
        53002,
        INTERACTION,
        "The application is not an approved one.",
    ),
    (54005, GRANT, "The authorization code was already redeemed."),
    (
        65001,
        GRANT,
        "The person or an administrator has not consented to the application.",
    ),
    (65004, "access_denied", "The person declined to consent."),
    (
        65002,
        REQUEST,
        "Consent between two applications of the vendor is not possible this way.",
    ),
    (
        650_052,
        RESOURCE,
        "The organisation has no subscription or service principal for the resource.",
    ),
    (
        500_011,
        RESOURCE,
        "The service principal of the resource was not found in the tenant.",
    ),
    (
        650_056,
        UNAUTHORIZED,
        "The application lacks a permission in its registration.",
    ),
    (
        650_057,
        RESOURCE,
        "The resource is not listed in the registration of the application.",
    ),
    (
        65005,
        RESOURCE,
        "The registration of the application lacks access to the resource.",
    ),
    (70000, GRANT, "The grant is not valid."),
    (70008, GRANT, "The code or the refresh token has expired."),
    (
        700_082,
        GRANT,
        "The refresh token has expired: it was not used for too long.",
    ),
    (
        700_084,
        GRANT,
        "The refresh token of a single-page application has expired.",
    ),
    (70011, SCOPE, "The scope is not valid."),
    (
        70016,
        "authorization_pending",
        "The person has not finished signing in.",
    ),
    (
        70018,
        "bad_verification_code",
        "The device code is not known.",
    ),
    (70019, "expired_token", "The device code has expired."),
    (70020, "expired_token", "The device code has expired."),
    (
        70043,
        GRANT,
        "The refresh token has expired by a policy of sign-in frequency.",
    ),
    (
        700_016,
        UNAUTHORIZED,
        "The application was not found in the directory.",
    ),
    (
        700_011,
        UNAUTHORIZED,
        "The application was not found in the directory.",
    ),
    (
        700_022,
        REQUEST,
        "The scopes are of more than one resource.",
    ),
    (700_023, REQUEST, "The scopes are of no resource."),
    (7_000_112, UNAUTHORIZED, "The application is disabled."),
    (70001, UNAUTHORIZED, "The application is disabled."),
    (
        7_000_218,
        CLIENT,
        "A secret is missing: the application is not registered as a public client.",
    ),
    (700_025, CLIENT, "A public client must not send a secret."),
    (90002, REQUEST, "The tenant does not exist."),
    (
        90038,
        REQUEST,
        "The account belongs to another national cloud.",
    ),
    (
        90043,
        REQUEST,
        "The account belongs to another national cloud.",
    ),
    (90094, CONSENT, "An administrator has to consent."),
    (
        90095,
        CONSENT,
        "An administrator has to consent; a request can be sent.",
    ),
    (90055, BUSY, "The tenant is throttled at the moment."),
    (90006, BUSY, "Entra ID cannot answer at the moment."),
    (90033, BUSY, "Entra ID is not available at the moment."),
    (90024, BUSY, "The request was cut off for lack of capacity."),
    (50033, BUSY, "There was a transient fault."),
    (
        50087,
        BUSY,
        "There was a transient fault while signing out.",
    ),
    (
        500_021,
        "access_denied",
        "The person's organisation does not allow this tenant.",
    ),
    (
        500_212,
        "access_denied",
        "The policy of the home tenant does not allow this.",
    ),
    (
        500_213,
        "access_denied",
        "The policy of the resource's tenant does not allow this.",
    ),
    (
        80013,
        REQUEST,
        "The clocks of the on-premises agent are too far apart.",
    ),
    (
        70003,
        "unsupported_grant_type",
        "The grant type is not supported.",
    ),
    (
        500_112,
        CLIENT,
        "The redirect address is another than the one the code was asked for with.",
    ),
    (
        501_481,
        GRANT,
        "The code verifier does not belong to the code challenge.",
    ),
    (900_144, REQUEST, "A parameter is missing."),
    (9_002_313, REQUEST, "The request is malformed."),
    (700_005, GRANT, "The code was made for another application."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_stands_there_once() {
        let mut codes: Vec<_> = Known::all().collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
        for code in codes {
            let known = Known::of(code).unwrap();
            assert!(known.about.ends_with('.'), "{code}");
        }
        assert_eq!(Known::of(1), None);
    }

    #[test]
    fn an_answer_with_less_than_is_documented_is_read() {
        let read: ErrorAnswer = serde_json::from_str(r#"{"error":"slow_down"}"#).unwrap();
        assert_eq!((read.error.as_str(), read.code()), ("slow_down", 0));
    }
}
