//! The HTTP client every back end shares: one for https, one for plain http to this machine.
//!
//! Follows no redirect, because a token must not travel where nobody chose to
//! send it. Reads no more of an answer than asked for.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Client;
use reqwest::Method;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use serde_json::error::Category;
use url::Host;
use url::Url;

use crate::config::tls;
use crate::config::tls::Tls;
use crate::model::failure::Because;
use crate::model::failure::Remedy;
use crate::model::text;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not reach {host}")]
    Unreachable {
        host: String,
        #[source]
        source: Option<reqwest::Error>,
    },
    #[error("the certificate of {host} is not trusted")]
    Untrusted { host: String },
    #[error("no answer in time")]
    Timeout,
    #[error("the connection was lost in the middle")]
    Lost,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error(transparent)]
    Tls(#[from] tls::Error),
    #[error("could not set up the HTTP client")]
    Setup(#[source] reqwest::Error),
}

impl Error {
    /// Whether the other side can have acted on the request although no answer came.
    pub const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::Timeout | Self::Lost | Self::TooLarge(_))
    }

    pub fn because(&self) -> Because {
        match self {
            Self::Unreachable { host, .. } => Because::Unreachable { host: host.clone() },
            Self::Untrusted { host } => Because::Untrusted { host: host.clone() },
            Self::Timeout => Because::Timeout,
            Self::Lost => Because::Lost,
            Self::TooLarge(_) => Because::Protocol {
                detail: self.to_string(),
            },
            Self::Tls(error) => Because::Local {
                detail: text::line(&error.to_string()),
            },
            Self::Setup(_) => Because::Local {
                detail: self.to_string(),
            },
        }
    }

    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable { .. } | Self::Timeout | Self::Lost => Remedy::CheckNetwork,
            Self::Untrusted { .. } | Self::Tls(_) => Remedy::TrustAuthority,
            Self::TooLarge(_) | Self::Setup(_) => Remedy::None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// For the whole exchange.
    pub patience: Duration,
    /// Longest answer that is read, in bytes.
    pub limit: usize,
}

impl Request {
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            patience: PATIENCE,
            limit: 16 << 20,
        }
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// A header whose value is not printed.
    #[must_use]
    pub fn secret(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Longer the more there is to send: a slow line takes its time.
    #[must_use]
    pub fn patient(mut self) -> Self {
        let seconds = self.body.len() / SLOWEST;
        self.patience = PATIENCE + Duration::from_secs(seconds as u64);
        self
    }
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the service asks to wait, in whatever form it says so; a date is not understood.
    pub fn retry_after(&self) -> Option<Duration> {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            if let Some(ms) = self.header(name).and_then(|ms| ms.trim().parse().ok()) {
                return Some(Duration::from_millis(ms));
            }
        }
        let seconds = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// Cheap to clone; all clones share their connections.
#[derive(Debug, Clone)]
pub struct Http {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tls: Tls,
    plain: OnceLock<Client>,
    secure: OnceLock<Client>,
}

impl Http {
    pub fn new(tls: Tls) -> Self {
        Self {
            shared: Arc::new(Shared {
                tls,
                plain: OnceLock::new(),
                secure: OnceLock::new(),
            }),
        }
    }

    pub fn tls(&self) -> &Tls {
        &self.shared.tls
    }

    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut sending = self
            .client(&request.url)?
            .request(request.method, request.url)
            .headers(request.headers)
            .timeout(request.patience);
        if !request.body.is_empty() {
            sending = sending.body(request.body);
        }
        let mut answer = sending.send().await.map_err(|e| classify(e, &host))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| classify(e, &host))? {
            if body.len() + chunk.len() > request.limit {
                return Err(Error::TooLarge(request.limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response {
            status,
            headers,
            body,
        })
    }

    fn client(&self, url: &Url) -> Result<Client, Error> {
        let (slot, secure) = match url.scheme() {
            "https" => (&self.shared.secure, true),
            _ => (&self.shared.plain, false),
        };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let client = if secure {
            build((*self.shared.tls.config()?).clone(), false)?
        } else {
            // Plain http is for this machine, where a proxy has no business.
            build(Tls::none()?, true)?
        };
        Ok(slot.get_or_init(|| client).clone())
    }
}

fn build(config: rustls::ClientConfig, direct: bool) -> Result<Client, Error> {
    let builder = Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(Policy::none())
        .user_agent(concat!("sidetone/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT);
    let builder = if direct { builder.no_proxy() } else { builder };
    builder.build().map_err(Error::Setup)
}

fn classify(error: reqwest::Error, host: &str) -> Error {
    let host = host.to_owned();
    if is_untrusted(&error) {
        return Error::Untrusted { host };
    }
    if error.is_connect() {
        return Error::Unreachable {
            host,
            source: Some(error.without_url()),
        };
    }
    if error.is_timeout() {
        return Error::Timeout;
    }
    Error::Lost
}

/// Whether the other side's certificate is what went wrong.
pub fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(tls_cause(error), Some(rustls::Error::InvalidCertificate(_)))
}

/// An IO error hides what it was made of from `source`, so it is opened by hand.
fn tls_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        let within = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match within {
            Some(within) => Some(within),
            None => error.source(),
        };
    }
    None
}

/// What is wrong with JSON, and where, without quoting any of it: it may hold a token or
/// what people wrote.
pub fn unreadable(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Io => "it could not be read to its end",
        Category::Syntax => "it is not JSON",
        Category::Data => "it says something unexpected",
        Category::Eof => "it ends too early",
    };
    format!("{what}, line {}, column {}", error.line(), error.column())
}

/// The same scheme, host and port.
pub fn same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin() && a.origin().is_tuple()
}

pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes a second of a line that is waited for.
const SLOWEST: usize = 64 << 10;
