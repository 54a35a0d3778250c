//! Error bodies and the challenge that asks for another sign-in (graph-chat.md 7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Serialize;

use super::or_default;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    pub error: PublicError,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PublicError {
    #[serde(deserialize_with = "or_default")]
    pub code: String,
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner_error: Option<InnerError>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InnerError {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(rename = "request-id", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(rename = "client-request-id", skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
}

impl PublicError {
    /// `None` for an empty body or anything else.
    pub fn read(body: &[u8]) -> Option<Self> {
        let read: ErrorResponse = serde_json::from_slice(body).ok()?;
        Some(read.error)
    }
}

/// Whether a `WWW-Authenticate` header asks to sign in again with more than before: a token that
/// is only renewed would be refused in the same way (continuous access evaluation).
pub fn asks_for_sign_in(www_authenticate: &str) -> bool {
    let header = www_authenticate.to_ascii_lowercase();
    header.contains("claims=") || header.contains("error=\"insufficient_claims\"")
}

/// The claims that such a header asks for, which the next sign-in has to carry; JSON.
pub fn asked_claims(www_authenticate: &str) -> Option<String> {
    let (_, value) = www_authenticate.split_once("claims=\"")?;
    let (value, _) = value.split_once('"')?;
    let value = value
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// graph-chat.md 7.
    #[test]
    fn the_documented_error_is_read() {
        let body = br#"{ "error": { "code": "Forbidden", "message": "no",
            "innerError": { "code": "InsufficientPrivileges", "date": "2026-11-23T08:00:00", "request-id": "r", "client-request-id": "c" } } }"#;
        let error = PublicError::read(body).unwrap();
        assert_eq!(error.code, "Forbidden");
        assert_eq!(error.inner_error.unwrap().request_id.as_deref(), Some("r"));
        assert_eq!(PublicError::read(b""), None);
        assert_eq!(PublicError::read(b"<html>"), None);
    }

    #[test]
    fn a_claims_challenge_is_told_from_an_expired_token() {
        let challenge = r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
        assert!(asks_for_sign_in(challenge));
        let asked = asked_claims(challenge);
        assert_eq!(asked.as_deref(), Some(r#"{"access_token":{}}"#));
        assert_eq!(asked_claims(r#"Bearer claims="?""#), None);
        assert!(!asks_for_sign_in(r#"Bearer error="invalid_token""#));
    }
}
