//! Entra ID as values: metadata, answers of the token and device code endpoints, errors, scopes.
//!
//! Only what a public client meets. Requests are forms and have no type: a client builds
//! them from pairs, and so does the `oauth2` crate.

pub mod error;
pub mod scope;

use serde::Deserialize;
use serde::Serialize;

use crate::wire::acs::redacted::Redacted;

/// `{authority}/{tenant}/v2.0/.well-known/openid-configuration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub device_authorization_endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
    pub jwks_uri: String,
    #[serde(default)]
    pub response_types_supported: Vec<String>,
    #[serde(default)]
    pub response_modes_supported: Vec<String>,
    #[serde(default)]
    pub subject_types_supported: Vec<String>,
    #[serde(default)]
    pub id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    pub code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    pub scopes_supported: Vec<String>,
}

/// `200` of the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAnswer {
    pub token_type: String,
    /// What was granted; may be less than what was asked for.
    #[serde(default)]
    pub scope: String,
    /// Seconds.
    pub expires_in: u64,
    #[serde(default)]
    pub ext_expires_in: u64,
    pub access_token: Redacted,
    /// Only with `offline_access`. It takes the place of the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Redacted>,
    /// Only with `openid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<Redacted>,
    /// Who it is, where `client_info=1` asked for it: base64url of [`ClientInfo`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_info: Option<String>,
}

/// By what MSAL tells accounts apart, whatever tenant they are a guest of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// The object id, at home.
    pub uid: String,
    /// The tenant that is home.
    pub utid: String,
}

/// `200` of the device code endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCodeAnswer {
    pub device_code: Redacted,
    pub user_code: String,
    pub verification_uri: String,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds between two polls.
    #[serde(default = "five")]
    pub interval: u64,
    /// What to show the person, in their language.
    #[serde(default)]
    pub message: String,
}

const fn five() -> u64 {
    5
}

/// What an id token says of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdClaims {
    pub iss: String,
    pub aud: String,
    pub exp: u64,
    pub iat: u64,
    pub nbf: u64,
    /// Of this person with this application; another application is told another one.
    pub sub: String,
    pub oid: String,
    pub tid: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub preferred_username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(default)]
    pub ver: String,
}

/// What an access token says; for the resource it was made for, and nobody else, to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub aud: String,
    pub exp: u64,
    pub iat: u64,
    #[serde(default)]
    pub nbf: u64,
    pub sub: String,
    #[serde(default)]
    pub oid: String,
    #[serde(default)]
    pub tid: String,
    /// The application, in tokens of the older form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appid: Option<String>,
    /// The application, in tokens of the newer form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
    /// Scopes of the resource, separated by spaces.
    #[serde(default)]
    pub scp: String,
    #[serde(default)]
    pub ver: String,
}

/// Grant type of the device flow.
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Application id of ACS, whose service principal a tenant has to have.
pub const ACS_APPLICATION: &str = "1fd5118e-2576-4263-8130-9503064c837a";
