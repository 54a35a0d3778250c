//! Error bodies: the documented envelope, and the one the cloud has been recorded with.

use serde::Deserialize;
use serde::Serialize;

use super::or_default;

/// `{"error": {...}}`: the documented envelope, and the only one written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunicationErrorResponse {
    pub error: CommunicationError,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunicationError {
    #[serde(default, alias = "Code", deserialize_with = "or_default")]
    pub code: String,
    #[serde(default, alias = "Message", deserialize_with = "or_default")]
    pub message: String,
    #[serde(default, alias = "Target", skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(
        default,
        alias = "Details",
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub details: Vec<Self>,
    #[serde(
        default,
        alias = "InnerError",
        alias = "innerError",
        skip_serializing_if = "Option::is_none"
    )]
    pub innererror: Option<Box<Self>>,
}

impl CommunicationError {
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            ..Self::default()
        }
    }

    /// Reads either envelope; `None` for an empty body or anything else.
    pub fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        enum Envelope {
            #[serde(rename = "error")]
            Documented(CommunicationError),
            #[serde(rename = "CommunicationError")]
            Recorded(CommunicationError),
        }
        match serde_json::from_slice(body).ok()? {
            Envelope::Documented(error) | Envelope::Recorded(error) => Some(error),
        }
    }
}

impl From<CommunicationError> for CommunicationErrorResponse {
    fn from(error: CommunicationError) -> Self {
        Self { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_envelopes_are_read_and_anything_else_is_nothing() {
        let documented = br#"{"error":{"code":"Forbidden","message":"no","innererror":{"code":"x","message":""}}}"#;
        assert_eq!(
            CommunicationError::read(documented).unwrap().code,
            "Forbidden"
        );
        let recorded = b"{\r\n  \"CommunicationError\": {\r\n \"Code\": \"BadRequest\",\r\n \"Details\": []\r\n }\r\n}";
        let read = CommunicationError::read(recorded).unwrap();
        assert_eq!(
            (read.code.as_str(), read.message.as_str()),
            ("BadRequest", "")
        );
        assert_eq!(CommunicationError::read(b""), None);
        assert_eq!(CommunicationError::read(b"<html>"), None);
    }

    #[test]
    fn the_documented_envelope_is_written() {
        let body = CommunicationErrorResponse::from(CommunicationError::new("NotFound", "gone"));
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"error":{"code":"NotFound","message":"gone"}}"#
        );
    }
}
