//! A token in memory.

use std::fmt;

use url::Url;
use zeroize::Zeroizing;

use super::http::is_loopback;
use super::http::same_origin;

/// A token. `Debug` does not print it, it is wiped when it is let go, and it is given out only for an address that may have it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("a token is not sent over plain http to {0}")]
    Plain(String),
    #[error("a token of another service is not sent to {0}")]
    Foreign(String),
}

impl Secret {
    pub fn new(token: String) -> Self {
        Self(Zeroizing::new(token))
    }

    /// For requests to the endpoint itself.
    pub fn for_endpoint(&self, endpoint: &Url, target: &Url) -> Result<&str, Refusal> {
        if !same_origin(endpoint, target) {
            return Err(Refusal::Foreign(host(target)));
        }
        self.for_trusted(target)
    }

    /// For the vendor's SDK, which is given an access token and sends it where the vendor's services are.
    pub fn for_sdk(&self) -> &str {
        &self.0
    }

    /// For what is written in it, here.
    pub(super) fn look_at<T>(&self, read: impl FnOnce(&str) -> T) -> T {
        read(&self.0)
    }

    /// For a host that the endpoint itself has named.
    pub fn for_trusted(&self, target: &Url) -> Result<&str, Refusal> {
        let encrypted = matches!(target.scheme(), "https" | "wss");
        if encrypted || is_loopback(target) {
            return Ok(&self.0);
        }
        Err(Refusal::Plain(host(target)))
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_goes_only_to_its_endpoint_and_only_encrypted() {
        let token = Secret::new("hunter2".to_owned());
        let endpoint = url("https://a.example/");
        assert!(
            token
                .for_endpoint(&endpoint, &url("https://a.example/chat"))
                .is_ok()
        );
        for other in [
            "https://b.example/chat",
            "https://a.example:8443/chat",
            "http://a.example/chat",
        ] {
            assert!(
                token.for_endpoint(&endpoint, &url(other)).is_err(),
                "{other}"
            );
        }
        let plain = url("http://a.example/");
        assert_eq!(
            token.for_endpoint(&plain, &plain),
            Err(Refusal::Plain("a.example".to_owned()))
        );
    }

    #[test]
    fn this_machine_may_have_it_over_plain_http() {
        let token = Secret::new("hunter2".to_owned());
        for here in [
            "http://127.0.0.1:8080/",
            "http://[::1]:8080/",
            "http://localhost/",
            "ws://127.0.0.1:9/",
        ] {
            assert!(token.for_trusted(&url(here)).is_ok(), "{here}");
        }
        for there in ["http://127.0.0.1.example/", "http://10.0.0.1/", "ws://x/"] {
            assert!(token.for_trusted(&url(there)).is_err(), "{there}");
        }
    }

    #[test]
    fn debug_does_not_print_it() {
        let token = Secret::new("hunter2".to_owned());
        assert!(!format!("{token:?}").contains("hunter2"));
    }
}
