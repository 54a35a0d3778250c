//! HMAC-SHA256 request signing with a resource's access key, and its check on the other side.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("the connection string has no endpoint")]
    NoEndpoint,
    #[error("the connection string has no access key")]
    NoKey,
    #[error("the access key is not base64")]
    Key,
    #[error("the authorization header is not an HMAC signature over date, host and content")]
    Header,
    #[error("the content hash does not belong to the body")]
    Content,
    #[error("the signature does not match")]
    Signature,
}

/// The resource's admin secret. The client never holds one.
#[derive(Clone)]
pub struct AccessKey {
    base64: String,
    key: hmac::Key,
}

impl AccessKey {
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| Error::Key)?;
        if bytes.is_empty() {
            return Err(Error::Key);
        }
        Ok(Self {
            base64: text.trim().to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
        })
    }

    pub fn as_base64(&self) -> &str {
        &self.base64
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// `endpoint=https://…/;accesskey=…`, in either order, keys in any case.
#[derive(Debug, Clone)]
pub struct ConnectionString {
    /// Without a trailing slash.
    pub endpoint: String,
    pub access_key: AccessKey,
}

impl ConnectionString {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let member = |name: &str| {
            text.split(';').find_map(|part| {
                let (key, value) = part.split_once('=')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let endpoint = member("endpoint").ok_or(Error::NoEndpoint)?;
        let url = url::Url::parse(endpoint).map_err(|_| Error::NoEndpoint)?;
        let plain = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        if !plain || url.path() != "/" {
            return Err(Error::NoEndpoint);
        }
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            access_key: AccessKey::from_base64(member("accesskey").ok_or(Error::NoKey)?)?,
        })
    }

    /// The secret as people paste it; written only where a person asked for it.
    pub fn to_text(&self) -> String {
        format!(
            "endpoint={}/;accesskey={}",
            self.endpoint,
            self.access_key.as_base64()
        )
    }
}

/// What is signed of a request, all of it exactly as on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Upper case.
    pub verb: &'a str,
    /// Percent-encoding kept.
    pub path_and_query: &'a str,
    /// RFC 1123, the value of `x-ms-date`.
    pub date: &'a str,
    /// With the port when it is not the scheme's own.
    pub host: &'a str,
    /// The value of `x-ms-content-sha256`.
    pub content_hash: &'a str,
}

impl Request<'_> {
    pub fn string_to_sign(&self) -> String {
        format!(
            "{}\n{}\n{};{};{}",
            self.verb, self.path_and_query, self.date, self.host, self.content_hash
        )
    }

    pub fn signature(&self, key: &AccessKey) -> String {
        STANDARD.encode(hmac::sign(&key.key, self.string_to_sign().as_bytes()))
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self, key: &AccessKey) -> String {
        format!("{PREFIX}{}", self.signature(key))
    }

    /// Checks the `Authorization` header against the request and its body, in constant time.
    pub fn verify(&self, key: &AccessKey, authorization: &str, body: &[u8]) -> Result<(), Error> {
        let signature = authorization.strip_prefix(PREFIX).ok_or(Error::Header)?;
        if self.content_hash != content_hash(body) {
            return Err(Error::Content);
        }
        let signature = STANDARD.decode(signature).map_err(|_| Error::Header)?;
        hmac::verify(&key.key, self.string_to_sign().as_bytes(), &signature)
            .map_err(|_| Error::Signature)
    }
}

/// The value of `x-ms-content-sha256`.
pub fn content_hash(body: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, body))
}

const PREFIX: &str = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=";

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "YWNzLWVtdWxhdG9yLXRlc3Qta2V5LTAxMjM0NTY3ODktMDEyMzQ1Njc4OS0wMTIzNDU2Nzg5LTAxMjM0NTY3ODk=";
    const HOST: &str = "contoso.communication.azure.com";

    fn check(verb: &str, path_and_query: &str, host: &str, body: &str, hash: &str, expected: &str) {
        let key = AccessKey::from_base64(KEY).unwrap();
        assert_eq!(content_hash(body.as_bytes()), hash);
        let request = Request {
            verb,
            path_and_query,
            date: "Mon, 23 Nov 2026 12:00:00 GMT",
            host,
            content_hash: hash,
        };
        assert_eq!(request.signature(&key), expected);
        let header = request.authorization(&key);
        assert_eq!(request.verify(&key, &header, body.as_bytes()), Ok(()));
        assert_eq!(
            request.verify(&key, &header, b"another body"),
            Err(Error::Content)
        );
        let other = Request {
            verb: "PUT",
            ..request
        };
        assert_eq!(
            other.verify(&key, &header, body.as_bytes()),
            Err(Error::Signature)
        );
    }

    #[test]
    fn vector_a_create_identity_with_token() {
        check(
            "POST",
            "/identities?api-version=2023-10-01",
            HOST,
            r#"{"createTokenWithScopes":["chat","voip"],"expiresInMinutes":60}"#,
            "jENEeifYNCidF9FcfXJ54WzhK3ED/2UrQyA4+oWOZKc=",
            "WtBua85W861Qv+h5J4vwP182JpSjv3VU6C7KB34RMS4=",
        );
    }

    #[test]
    fn vector_b_issue_a_token() {
        check(
            "POST",
            "/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0000-0000-0000-000000000001/:issueAccessToken?api-version=2023-10-01",
            HOST,
            r#"{"scopes":["chat","voip"]}"#,
            "EqW/vFkRi/EMVlRLG6+kt0X27SowO7NytIh/miHOZlY=",
            "lX3BhQx+QqDfFcITB5QV8B3mQR396/xX+7XE9DebKkY=",
        );
    }

    #[test]
    fn vector_c_delete_without_a_body() {
        check(
            "DELETE",
            "/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0000-0000-0000-000000000001?api-version=2023-10-01",
            HOST,
            "",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "OObZ1oIMHhv/p4MI2TYMKwh/sKehBSSWqf03n2F2LP8=",
        );
    }

    #[test]
    fn vector_d_a_host_with_a_port() {
        check(
            "POST",
            "/identities?api-version=2023-10-01",
            "127.0.0.1:7711",
            "{}",
            "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=",
            "G8V/xBjOi9ETYVFUgrCGJhc2guTtI+bichWL7MHdpdE=",
        );
    }

    #[test]
    fn a_connection_string_is_read_in_either_order_and_never_printed() {
        for text in [
            format!("endpoint=https://contoso.communication.azure.com/;accesskey={KEY}"),
            format!("AccessKey={KEY};Endpoint=https://contoso.communication.azure.com"),
        ] {
            let read = ConnectionString::parse(&text).unwrap();
            assert_eq!(read.endpoint, "https://contoso.communication.azure.com");
            assert_eq!(read.access_key.as_base64(), KEY);
            assert!(!format!("{read:?}").contains(&KEY[..8]));
        }
        for bad in [
            "",
            "endpoint=ftp://x/;accesskey=AAAA",
            "endpoint=https://x/y;accesskey=AAAA",
            "endpoint=https://x/",
            "endpoint=https://x/;accesskey=*",
        ] {
            assert!(ConnectionString::parse(bad).is_err(), "{bad}");
        }
    }
}
