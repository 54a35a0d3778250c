//! Requests of the token service itself: to the resource, and to providers for their keys.
//!
//! https, or plain http to this machine; follows no redirect, reads no more than a bound,
//! and waits no longer than one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use url::Url;

use crate::config::tls;
use crate::config::tls::Tls;

use super::config;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0} is neither https nor on this machine")]
    Unsafe(String),
    #[error("could not set up TLS")]
    Tls(#[from] tls::Error),
    #[error("no answer")]
    Exchange(#[source] reqwest::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl Error {
    /// Whether the other side cannot have acted on the request.
    pub(crate) fn never_arrived(&self) -> bool {
        match self {
            Self::Exchange(error) => error.is_connect(),
            Self::Unsafe(_) | Self::Tls(_) => true,
            Self::TooLarge(_) => false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// How long the other side asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get("retry-after")?.to_str().ok()?;
        Some(Duration::from_secs(value.trim().parse().ok()?))
    }
}

/// Cheap to clone; all clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tls: Tls,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

impl Client {
    pub(crate) fn new(ca: Option<PathBuf>) -> Self {
        Self(Arc::new(Shared {
            tls: Tls::new(ca),
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        }))
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, Error> {
        if !config::is_safe(&url) {
            return Err(Error::Unsafe(url.host_str().unwrap_or_default().to_owned()));
        }
        let gone_wrong = |error: reqwest::Error| Error::Exchange(error.without_url());
        let sending = self
            .of(&url)?
            .request(method, url)
            .headers(headers)
            .body(body)
            .timeout(TIMEOUT);
        let mut answer = sending.send().await.map_err(gone_wrong)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(gone_wrong)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Error::TooLarge(LARGEST));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    fn of(&self, url: &Url) -> Result<reqwest::Client, Error> {
        let secure = url.scheme() == "https";
        let slot = if secure {
            &self.0.secure
        } else {
            &self.0.plain
        };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let tls = if secure {
            (*self.0.tls.config()?).clone()
        } else {
            Tls::none()?
        };
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .user_agent(concat!(
                "sidetone-token-service/",
                env!("CARGO_PKG_VERSION")
            ))
            .connect_timeout(CONNECT_TIMEOUT);
        // Plain http is for this machine, where a proxy has no business.
        let builder = if secure { builder } else { builder.no_proxy() };
        let client = builder.build().map_err(Error::Exchange)?;
        Ok(slot.get_or_init(|| client).clone())
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST: usize = 256 << 10;
