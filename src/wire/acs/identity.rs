//! The identity service, and the claims of an access token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Serialize;

use super::or_default;
use super::redacted::Redacted;

/// What the vendor's newest stable identity client sends.
pub const API_VERSION: &str = "2023-10-01";

/// `POST /identities`; the whole body may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommunicationIdentityCreateRequest {
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub create_token_with_scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_minutes: Option<u32>,
}

/// `201` of `POST /identities`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommunicationIdentityAccessTokenResult {
    pub identity: CommunicationIdentity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<CommunicationIdentityAccessToken>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunicationIdentity {
    pub id: String,
}

/// `200` of both `:issueAccessToken` and `teamsUser/:exchangeAccessToken`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommunicationIdentityAccessToken {
    pub token: Redacted,
    pub expires_on: String,
}

/// `POST /identities/{id}/:issueAccessToken`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommunicationIdentityAccessTokenRequest {
    pub scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_minutes: Option<u32>,
}

/// `POST /teamsUser/:exchangeAccessToken`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamsUserExchangeTokenRequest {
    pub token: Redacted,
    pub app_id: String,
    pub user_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Scope {
    Chat,
    ChatJoin,
    ChatJoinLimited,
    Voip,
    VoipJoin,
    /// A service answers it with 400.
    Unknown(String),
}

impl Scope {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Chat => "chat",
            Self::ChatJoin => "chat.join",
            Self::ChatJoinLimited => "chat.join.limited",
            Self::Voip => "voip",
            Self::VoipJoin => "voip.join",
            Self::Unknown(name) => name,
        }
    }
}

impl From<String> for Scope {
    fn from(name: String) -> Self {
        match name.as_str() {
            "chat" => Self::Chat,
            "chat.join" => Self::ChatJoin,
            "chat.join.limited" => Self::ChatJoinLimited,
            "voip" => Self::Voip,
            "voip.join" => Self::VoipJoin,
            _ => Self::Unknown(name),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

/// The claims of an access token. Only `exp` is part of the contract; all else is diagnostics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    #[serde(default, deserialize_with = "or_default")]
    pub skypeid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scp: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi: Option<String>,
    /// Seconds since 1970.
    pub exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rgn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
}

impl Claims {
    /// Decodes without verifying: the client has no key to verify with. `None` when
    /// the text is no JWT or has no `exp`.
    pub fn peek(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let mut claims: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&bytes).ok()?;
        // A foreign shape of a claim that is only diagnostics must not cost us the token.
        claims.retain(|name, value| match name.as_str() {
            "exp" | "iat" | "scp" => value.is_u64(),
            _ => value.is_string(),
        });
        serde_json::from_value(claims.into()).ok()
    }

    /// The raw id that `skypeid` stands for; `None` when there is none.
    pub fn raw_id(&self) -> Option<String> {
        match self.skypeid.as_str() {
            "" => None,
            id if id.starts_with("8:") => Some(id.to_owned()),
            id => Some(format!("8:{id}")),
        }
    }

    pub fn scopes(&self) -> Vec<Scope> {
        let list = self.acs_scope.as_deref().unwrap_or_default();
        list.split(',')
            .filter(|name| !name.is_empty())
            .map(|name| Scope::from(name.trim().to_owned()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_are_read_as_documented() {
        let claims = Claims::peek(&jwt(
            r#"{"skypeid":"acs:res_user","scp":1792,"csi":"1755818174","exp":1755821774,"rgn":"amer","acsScope":"chat,voip","resourceId":"res","iat":1755818174}"#,
        ))
        .unwrap();
        assert_eq!(claims.exp, 1_755_821_774);
        assert_eq!(claims.raw_id().unwrap(), "8:acs:res_user");
        assert_eq!(claims.scopes(), [Scope::Chat, Scope::Voip]);
    }

    #[test]
    fn odd_claims_do_not_cost_the_token_but_a_missing_expiry_does() {
        let odd = jwt(r#"{"exp":5,"scp":"x","rgn":7,"extra":{}}"#);
        assert_eq!(Claims::peek(&odd).unwrap().exp, 5);
        assert_eq!(Claims::peek(&jwt(r#"{"skypeid":"a"}"#)), None);
        assert_eq!(Claims::peek("not a token"), None);
    }
}
