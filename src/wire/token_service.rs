//! The contract of a token service: how a client that holds no secret of the resource gets tokens.
//!
//! | request | who asks | body | answer |
//! |---|---|---|---|
//! | `GET /v1/sign-in` | anybody | | [`SignIn`]: the ways to sign in here |
//! | `POST /v1/invitation` | whoever holds an invitation code | [`InvitationRequest`] | [`SessionResponse`] |
//! | `POST /v1/token` | `Authorization: Bearer` with a session, or an id token of a provider that is listed | [`TokenRequest`] | [`TokenResponse`] |
//! | `POST /v1/sign-out` | as above | | 204; the access tokens of the identity and the session end |
//! | `GET /v1/relay` | `Authorization: Bearer` with an Entra token as in [`TokenRequest::Teams`] | | a WebSocket: [`Channel`] first, then notifications of Microsoft Graph in frames of [`FromRelay`] |
//! | `POST /v1/relay/{channel}` and below it `/lifecycle` | Microsoft Graph | change and lifecycle notifications | 202; to `validationToken` 200 with that |
//!
//! Everything else is answered with [`ErrorResponse`]. 429 and some 503 have `Retry-After` in
//! whole seconds. An access token is renewed by asking again; a session is not renewed: when it
//! ends, the person signs in anew.
//!
//! The embedded service answers `POST /v1/token` in the same form, and lets guests in without
//! signing in; the guest whose last token is shown in the header stays the same person there.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use crate::wire::acs::identity::Scope;
use crate::wire::acs::redacted::Redacted;
use crate::wire::graph::subscription::ChangeNotification;

/// `POST {tokenService}/v1/token`: who wants a token, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum TokenRequest {
    /// A person of the token service's own: the identity is looked up from whose header it is.
    #[serde(rename_all = "camelCase")]
    External {
        /// What the person calls themselves; at most 256 bytes, never stored, never logged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        display_name: Option<String>,
        /// The least that is needed. The reference service refuses an empty list (400) and
        /// anything beyond what it was configured to allow (403).
        #[serde(default, deserialize_with = "or_default")]
        scopes: Vec<Scope>,
        /// The nonce of the sign-in that the id token in the header came from. When given, a token
        /// with another nonce, or none, is refused. Meaningless beside a session.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nonce: Option<Redacted>,
    },
    /// A Teams user. The token itself says who it is and which application it was made for.
    #[serde(rename_all = "camelCase")]
    Teams {
        /// An Entra access token for ACS with `Teams.ManageCalls` and `Teams.ManageChats`.
        entra_token: Redacted,
    },
}

/// `200` of `/v1/token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenResponse {
    /// Raw id of the identity: `8:acs:…`, or `8:orgid:…` of a Teams user.
    pub id: String,
    /// The ACS access token.
    pub token: Redacted,
    /// RFC 3339. For a Teams user it is when the Entra token ends.
    pub expires_on: String,
    /// Of the resource: the only origin the token may be sent to.
    pub endpoint: String,
}

/// `POST /v1/invitation`: turns a code into a session, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRequest {
    /// As it was handed over; case, spaces and hyphens do not matter.
    pub code: Redacted,
}

/// `200` of `/v1/invitation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionResponse {
    /// For the `Authorization: Bearer` header of `/v1/token` and `/v1/sign-out`, and for nothing else.
    /// Worth as much as a password: it belongs into a keyring.
    pub session: Redacted,
    /// RFC 3339.
    pub expires_on: String,
}

/// `200` of `GET /v1/sign-in`: what a client may offer a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// Whether invitation codes are taken.
    #[serde(default)]
    pub invitations: bool,
    /// Whether somebody without any sign-in gets a token, as a stranger each time.
    #[serde(default)]
    pub guests: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub providers: Vec<Provider>,
    /// Present where tokens of Teams users are exchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<TeamsSignIn>,
}

/// An OpenID provider whose id tokens are taken. The client finds its addresses by discovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// For people.
    pub name: String,
    /// Metadata is at `{issuer}/.well-known/openid-configuration`.
    pub issuer: String,
    /// What the client calls itself there; the audience of the id token.
    pub client_id: String,
}

/// What a client needs to sign in a Teams user for this service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamsSignIn {
    /// Without tenant and without a trailing slash: `https://login.microsoftonline.com`.
    pub authority: String,
    /// The application that the Entra token has to be made for.
    pub client_id: String,
    /// The only tenant, where there is only one; else the client uses `organizations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Whether `GET /v1/relay` passes change notifications on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relay: bool,
}

/// A frame to the client of a relay: the channel, or notifications in the vendor's own form, with
/// `resourceData` decrypted and without what proved where they are from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FromRelay {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub value: Vec<ChangeNotification>,
}

/// What a client subscribes with, by its own Graph token. It lives as long as the WebSocket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Channel {
    pub notification_url: String,
    pub lifecycle_notification_url: String,
    pub client_state: Redacted,
    pub encryption_certificate: String,
    pub encryption_certificate_id: String,
}

/// A frame of the client of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ToRelay {
    /// Notifications of any other subscription are refused from now on.
    Subscribed { subscription_id: String },
    /// The same person's next token: the line lives as long as that.
    Renewed { entra_token: Redacted },
}

/// Every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    pub error: Error,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub code: Code,
    /// One sentence for a person; holds nothing that was sent.
    pub message: String,
}

/// Why something was refused. Branch on this, not on the message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Code {
    /// 400. The request is malformed. A fault of the client.
    BadRequest,
    /// 401. Nothing in the header says who asks, or it is not one of the tokens taken here: sign in.
    Unauthenticated,
    /// 401. The id or access token has expired: refresh it at its provider and ask again.
    TokenExpired,
    /// 401. The token is valid only later: one of the clocks is wrong.
    TokenNotYetValid,
    /// 401. The signature, the algorithm, the issuer or the audience is not one that is taken here.
    TokenRefused,
    /// 401. The token comes from another sign-in than the one the nonce belongs to.
    NonceMismatch,
    /// 401. The session has ended, or the person signed out after the token was made. Sign in anew.
    SignedOut,
    /// 403. The code is unknown, used or expired; which of them is not said.
    InvitationRefused,
    /// 403. A scope was asked for that this service does not grant.
    ScopeNotAllowed,
    /// 403. The Teams user is of a tenant that is not on the list.
    TenantNotAllowed,
    /// 403. The Entra token was made for another application, or lacks one of the two scopes.
    AppNotAllowed,
    /// 403. A page of another origin asked, or strangers are not let in.
    Forbidden,
    /// 403. The resource does not let this person in: no licence, or the tenant is not prepared.
    NotEligible,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 408. The request did not arrive in time.
    Timeout,
    /// 413. The body is larger than what is taken: 16 KiB, for notifications 1 MiB.
    TooLarge,
    /// 429. Wait as long as `Retry-After` says.
    TooManyRequests,
    /// 500. A fault of the token service; its operator finds it in the log.
    Internal,
    /// 502. The resource refused the token service or answered nonsense: its operator has to act.
    ResourceRefused,
    /// 503. The resource does not answer at the moment; try again.
    ResourceUnavailable,
    /// 503. The provider's keys could not be fetched; try again.
    ProviderUnavailable,
    /// A newer service's.
    Unknown(String),
}

impl Code {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown(name) => name,
            known => NAMES
                .iter()
                .find(|(code, _)| code == known)
                .map_or("", |(_, name)| name),
        }
    }

    /// The HTTP status it is answered with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated
            | Self::TokenExpired
            | Self::TokenNotYetValid
            | Self::TokenRefused
            | Self::NonceMismatch
            | Self::SignedOut => 401,
            Self::InvitationRefused
            | Self::ScopeNotAllowed
            | Self::TenantNotAllowed
            | Self::AppNotAllowed
            | Self::Forbidden
            | Self::NotEligible => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::TooLarge => 413,
            Self::TooManyRequests => 429,
            Self::Internal | Self::Unknown(_) => 500,
            Self::ResourceRefused => 502,
            Self::ResourceUnavailable | Self::ProviderUnavailable => 503,
        }
    }
}

impl From<String> for Code {
    fn from(name: String) -> Self {
        let known = NAMES.iter().find(|(_, known)| *known == name);
        known.map_or_else(|| Self::Unknown(name), |(code, _)| code.clone())
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.as_str().to_owned()
    }
}

/// Every code that can be sent, and its name on the wire.
pub const NAMES: &[(Code, &str)] = &[
    (Code::BadRequest, "badRequest"),
    (Code::Unauthenticated, "unauthenticated"),
    (Code::TokenExpired, "tokenExpired"),
    (Code::TokenNotYetValid, "tokenNotYetValid"),
    (Code::TokenRefused, "tokenRefused"),
    (Code::NonceMismatch, "nonceMismatch"),
    (Code::SignedOut, "signedOut"),
    (Code::InvitationRefused, "invitationRefused"),
    (Code::ScopeNotAllowed, "scopeNotAllowed"),
    (Code::TenantNotAllowed, "tenantNotAllowed"),
    (Code::AppNotAllowed, "appNotAllowed"),
    (Code::Forbidden, "forbidden"),
    (Code::NotEligible, "notEligible"),
    (Code::NotFound, "notFound"),
    (Code::MethodNotAllowed, "methodNotAllowed"),
    (Code::Timeout, "timeout"),
    (Code::TooLarge, "tooLarge"),
    (Code::TooManyRequests, "tooManyRequests"),
    (Code::Internal, "internal"),
    (Code::ResourceRefused, "resourceRefused"),
    (Code::ResourceUnavailable, "resourceUnavailable"),
    (Code::ProviderUnavailable, "providerUnavailable"),
];

/// Reads `null` like an absent member.
fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_request_carries_its_kind() {
        let request = TokenRequest::External {
            display_name: Some("Ada".to_owned()),
            scopes: vec![Scope::Chat, Scope::Voip],
            nonce: None,
        };
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(
            json,
            r#"{"kind":"external","displayName":"Ada","scopes":["chat","voip"]}"#
        );
        assert_eq!(
            serde_json::from_str::<TokenRequest>(&json).unwrap(),
            request
        );
        let teams = r#"{"kind":"teams","entraToken":"t"}"#;
        assert!(matches!(
            serde_json::from_str(teams).unwrap(),
            TokenRequest::Teams { entra_token } if entra_token.as_str() == "t"
        ));
    }

    #[test]
    fn what_is_secret_in_a_request_is_not_printed() {
        let shown = format!(
            "{:?} {:?}",
            TokenRequest::Teams {
                entra_token: "hunter2".into()
            },
            InvitationRequest {
                code: "hunter2".into()
            }
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn every_code_has_a_name_of_its_own_and_reads_back() {
        for (code, name) in NAMES {
            assert_eq!(code.as_str(), *name);
            assert_eq!(Code::from((*name).to_owned()), *code);
            assert!((400..600).contains(&code.status()));
        }
        let newer: Code = serde_json::from_str(r#""planetsMisaligned""#).unwrap();
        assert_eq!(newer, Code::Unknown("planetsMisaligned".to_owned()));
    }
}
