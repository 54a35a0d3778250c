//! Where a provider does what: its metadata (OpenID Connect Discovery 1.0, section 4).

use oauth2::AuthUrl;
use oauth2::DeviceAuthorizationUrl;
use oauth2::TokenUrl;
use reqwest::Method;
use serde::Deserialize;
use url::Url;

use super::Error;
use crate::identity::http::Http;
use crate::identity::http::Request;
use crate::identity::http::is_loopback;
use crate::identity::http::unreadable;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    #[serde(default)]
    device_authorization_endpoint: Option<Url>,
}

impl Endpoints {
    pub(super) fn authorization(&self) -> Result<AuthUrl, Error> {
        Ok(AuthUrl::from_url(safe(&self.authorization_endpoint)?))
    }

    pub(super) fn token(&self) -> Result<TokenUrl, Error> {
        Ok(TokenUrl::from_url(safe(&self.token_endpoint)?))
    }

    pub(super) fn device(&self) -> Result<DeviceAuthorizationUrl, Error> {
        let url = self.device_authorization_endpoint.as_ref();
        Ok(DeviceAuthorizationUrl::from_url(safe(
            url.ok_or(Error::NoDeviceCode)?,
        )?))
    }
}

pub(super) async fn find(issuer: &Url, http: &Http) -> Result<Endpoints, Error> {
    let issuer = safe(issuer)?;
    let base = issuer.as_str().trim_end_matches('/');
    let url = format!("{base}/.well-known/openid-configuration");
    let url = Url::parse(&url).map_err(|_| Error::Address)?;
    let answer = http.send(Request::new(Method::GET, url)).await?;
    if answer.status != 200 {
        return Err(Error::NoProvider {
            host: issuer.host_str().unwrap_or_default().to_owned(),
            status: answer.status,
        });
    }
    read(&answer.body, base)
}

/// The issuer it names must be the one that was asked (section 4.3), or anybody could stand in for it.
fn read(body: &[u8], asked: &str) -> Result<Endpoints, Error> {
    let found: Endpoints =
        serde_json::from_slice(body).map_err(|error| Error::Protocol(unreadable(&error)))?;
    // Entra names the tenant of whoever signs in, which nobody knows yet (identity.md 4.1).
    let any_tenant = found.issuer.contains("{tenantid}");
    if any_tenant || found.issuer.trim_end_matches('/') == asked {
        return Ok(found);
    }
    Err(Error::OtherIssuer)
}

/// Codes and tokens travel encrypted, or stay on this machine.
fn safe(url: &Url) -> Result<Url, Error> {
    if url.scheme() == "https" || url.scheme() == "http" && is_loopback(url) {
        return Ok(url.clone());
    }
    Err(Error::Plain(url.host_str().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(issuer: &str, token: &str) -> String {
        format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"https://id.example/authorize","token_endpoint":"{token}"}}"#
        )
    }

    #[test]
    fn the_metadata_of_another_issuer_is_refused() {
        let token = "https://id.example/token";
        let body = metadata("https://evil.example", token);
        let error = read(body.as_bytes(), "https://id.example").unwrap_err();
        assert!(matches!(error, Error::OtherIssuer));
        let body = metadata("https://id.example/", token);
        let found = read(body.as_bytes(), "https://id.example").unwrap();
        assert!(found.token().is_ok());
        assert!(matches!(found.device(), Err(Error::NoDeviceCode)));
        let body = metadata("https://login.example/{tenantid}/v2.0", token);
        assert!(read(body.as_bytes(), "https://login.example/organizations/v2.0").is_ok());
    }

    #[test]
    fn a_token_endpoint_without_encryption_is_not_asked() {
        let body = metadata("https://id.example", "http://id.example/token");
        let found = read(body.as_bytes(), "https://id.example").unwrap();
        assert!(matches!(found.token(), Err(Error::Plain(host)) if host == "id.example"));
    }

    #[test]
    fn an_answer_that_is_no_metadata_is_not_quoted() {
        let error = read(br#"{"issuer":"hunter2"}"#, "https://id.example").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
