//! Why a sign-in did not succeed, as the provider says it and as people understand it.

use std::fmt;
use std::io;

use oauth2::RequestTokenError;
use serde::Deserialize;
use serde::Serialize;

use super::explained;
use crate::identity::http;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::text;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("{0}")]
    Refused(Refusal),
    /// Agreement is missing, which an administrator gives for everybody behind this link.
    #[error("{refusal}")]
    Consent { refusal: Box<Refusal>, link: String },
    #[error("{host} is no OpenID provider: it answered {status} where its metadata should be")]
    NoProvider { host: String, status: u16 },
    #[error("the provider's metadata names another issuer than the one that was asked")]
    OtherIssuer,
    #[error("the provider offers no device code; sign in with a browser")]
    NoDeviceCode,
    #[error("nobody signs in over plain http at {0}")]
    Plain(String),
    #[error("the address of the provider is not usable")]
    Address,
    #[error("the provider's answer is not readable: {0}")]
    Protocol(String),
    #[error("could not listen for the browser's answer")]
    Listen(#[source] io::Error),
    #[error("nobody signed in in time")]
    TooLate,
}

impl Error {
    /// Asked for by conditional access: the next sign-in has to carry it.
    pub fn claims(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.claims.as_deref(),
            _ => None,
        }
    }

    /// The same, where the answer to the same request would be as well.
    pub(in crate::identity) fn lasting(&self) -> Option<Self> {
        match self {
            Self::Refused(refusal) if !refusal.is_transient() => {
                Some(Self::Refused(refusal.clone()))
            }
            Self::Consent { refusal, link } => Some(Self::Consent {
                refusal: refusal.clone(),
                link: link.clone(),
            }),
            _ => None,
        }
    }

    /// Whether somebody has to agree first.
    pub fn lacks_consent(&self) -> bool {
        matches!(self, Self::Consent { .. })
    }

    /// Whether the refresh token is worth nothing any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.ends_the_sign_in())
    }

    pub fn failure(&self) -> Failure {
        let (because, remedy) = match self {
            Self::Http(error) => (error.because(), error.remedy()),
            Self::Refused(refusal) if refusal.is_transient() => (
                Because::Refused {
                    reason: self.to_string(),
                },
                Remedy::Retry,
            ),
            Self::Refused(_) | Self::TooLate => (
                Because::Refused {
                    reason: self.to_string(),
                },
                Remedy::SignInAgain,
            ),
            Self::Consent { link, .. } => (
                Because::Refused {
                    reason: self.to_string(),
                },
                Remedy::AskAdministrator { link: link.clone() },
            ),
            Self::NoProvider { .. } | Self::OtherIssuer | Self::Plain(_) | Self::Address => (
                Because::Refused {
                    reason: self.to_string(),
                },
                Remedy::CheckAddress,
            ),
            Self::NoDeviceCode => (
                Because::Refused {
                    reason: self.to_string(),
                },
                Remedy::None,
            ),
            Self::Protocol(detail) => (
                Because::Protocol {
                    detail: text::line(detail),
                },
                Remedy::Retry,
            ),
            Self::Listen(error) => (
                Because::Local {
                    detail: text::line(&format!("{self}: {error}")),
                },
                Remedy::Retry,
            ),
        };
        Failure {
            doing: Doing::SigningIn,
            because,
            remedy,
        }
    }
}

/// The error body of a provider (RFC 6749, section 5.2), with what Entra adds (identity.md 4.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    error: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    error_codes: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<String>,
}

impl oauth2::ErrorResponse for Refusal {}

impl Refusal {
    pub(super) fn of(error: &str, description: &str) -> Self {
        Self {
            error: error.to_owned(),
            error_description: Some(description.to_owned()),
            error_codes: Vec::new(),
            correlation_id: None,
            claims: None,
        }
    }

    /// Entra's number, which explains and decides nothing.
    fn code(&self) -> Option<u32> {
        let described = || {
            let description = self.error_description.as_deref()?;
            let digits = description.strip_prefix("AADSTS")?;
            let end = digits.find(|c: char| !c.is_ascii_digit());
            digits[..end.unwrap_or(digits.len())].parse().ok()
        };
        self.error_codes.first().copied().or_else(described)
    }

    /// Whether somebody has to agree first. Only Entra is known to have a link for that, and only it has numbers.
    pub(super) fn lacks_consent(&self) -> bool {
        self.code().is_some_and(|code| {
            self.error == "consent_required" || explained::LACKING_CONSENT.contains(&code)
        })
    }

    fn ends_the_sign_in(&self) -> bool {
        self.error == "invalid_grant"
    }

    fn is_transient(&self) -> bool {
        self.error == "temporarily_unavailable" || self.error == "server_error"
    }
}

/// For people: our words where we know the reason, the provider's where we do not.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code();
        let known = code
            .and_then(explained::of)
            .or_else(|| explained::of_error(&self.error));
        if let Some(words) = known {
            f.write_str(words)?;
        } else {
            let description = self.error_description.as_deref().unwrap_or_default();
            let first = description.lines().next().unwrap_or_default();
            let words = if first.is_empty() { &self.error } else { first };
            write!(f, "the provider refused the sign-in: {}", text::line(words))?;
        }
        code.map_or(Ok(()), |code| write!(f, " (AADSTS{code})"))
    }
}

impl<T: oauth2::ErrorResponse + Into<Refusal> + 'static> From<RequestTokenError<http::Error, T>>
    for Error
{
    fn from(error: RequestTokenError<http::Error, T>) -> Self {
        match error {
            RequestTokenError::ServerResponse(refusal) => Self::Refused(refusal.into()),
            RequestTokenError::Request(error) => Self::Http(error),
            // Both may quote what was answered, tokens too.
            RequestTokenError::Parse(..) => Self::Protocol("a token was expected".to_owned()),
            RequestTokenError::Other(_) => Self::Protocol("something unexpected".to_owned()),
        }
    }
}

impl From<oauth2::DeviceCodeErrorResponse> for Refusal {
    fn from(answer: oauth2::DeviceCodeErrorResponse) -> Self {
        let error = answer.error().to_string();
        Self::of(
            &error,
            answer.error_description().map_or("", String::as_str),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Refusal {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_known_number_is_said_in_our_words() {
        let refusal = read(
            r#"{"error":"invalid_grant","error_description":"AADSTS53003: Access has been blocked by Conditional Access policies.","error_codes":[53003],"correlation_id":"c"}"#,
        );
        let said = refusal.to_string();
        assert!(said.contains("policy"), "{said}");
        assert!(said.ends_with("(AADSTS53003)"), "{said}");
        assert!(!said.contains("Access has been"), "{said}");
    }

    #[test]
    fn an_unknown_reason_is_the_providers_own_in_one_line() {
        let refusal = read(
            r#"{"error":"odd","error_description":"AADSTS99999: Planets\u001b[31m misaligned.\r\nTrace ID: x"}"#,
        );
        let said = refusal.to_string();
        assert!(
            said.contains("misaligned") && said.contains("AADSTS99999"),
            "{said}"
        );
        assert!(
            !said.contains('\u{1b}') && !said.contains("Trace"),
            "{said}"
        );
    }

    #[test]
    fn the_error_alone_decides_whether_the_sign_in_is_over() {
        let over = Error::Refused(read(r#"{"error":"invalid_grant","error_codes":[700082]}"#));
        assert!(over.is_over());
        let challenge = Error::Refused(read(
            r#"{"error":"interaction_required","error_codes":[50076],"claims":"{\"access_token\":{}}"}"#,
        ));
        assert!(!challenge.is_over());
        assert_eq!(challenge.claims(), Some(r#"{"access_token":{}}"#));
    }
}
