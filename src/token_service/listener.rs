//! Connections as they come in: so many, for so long, and through TLS where there is a certificate.
//!
//! Drives hyper itself, because a client that sends its headers one byte a minute must not
//! keep a connection for as long as it likes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::tasks::Tasks;

use super::config::Config;
use super::limits::network;
use super::metrics::Metrics;

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("could not read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: pem::Error,
    },
    #[error("certificate and key do not go together")]
    Config(#[from] rustls::Error),
}

/// `None` where no certificate is configured.
pub(crate) fn acceptor(config: &Config) -> Result<Option<TlsAcceptor>, TlsError> {
    let Some((certificate, key)) = &config.certificate else {
        return Ok(None);
    };
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| TlsError::Read { path, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(failed(key))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// The other end of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// How much one client may hold.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    header: Duration,
    connections: usize,
    per_address: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    of_address: HashMap<IpAddr, usize>,
}

impl Bounds {
    pub(crate) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        Self {
            header: Duration::from_secs(limits.header_seconds),
            connections: limits.connections,
            // Behind a proxy every connection is the proxy's.
            per_address: if config.behind_proxy {
                limits.connections
            } else {
                limits.connections_per_address
            },
            open: Arc::default(),
        }
    }

    /// `None`: there are too many already.
    fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = open.of_address.get(&address).copied().unwrap_or(0);
        if open.all >= self.connections || of_address >= self.per_address {
            return None;
        }
        open.all += 1;
        open.of_address.insert(address, of_address + 1);
        Some(Place {
            open: self.open.clone(),
            address,
        })
    }
}

/// One open connection's place; given back when dropped.
struct Place {
    open: Arc<Mutex<Open>>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(count) = open.of_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.of_address.remove(&self.address);
            }
        }
    }
}

/// Accepts until `tasks` is stopped; answers under way get a moment more.
pub(crate) fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    bounds: Bounds,
    metrics: &Arc<Metrics>,
    tasks: &Tasks,
) {
    let (metrics, of_connections) = (metrics.clone(), tasks.clone());
    tasks.spawn(async move {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    // Out of file descriptors, usually: trying again at once would spin.
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(place) = bounds.enter(peer.ip()) else {
                metrics.turned_away();
                continue;
            };
            let connection = Connection {
                router: router.clone(),
                header: bounds.header,
                peer: Peer(peer),
                tasks: of_connections.clone(),
            };
            let (tls, metrics) = (tls.clone(), metrics.clone());
            of_connections.spawn_graceful(async move {
                metrics.connected();
                connection.run(stream, tls).await;
                metrics.disconnected();
                drop(place);
            });
        }
    });
}

struct Connection {
    router: Router,
    header: Duration,
    peer: Peer,
    tasks: Tasks,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Small answers must not wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            return self.answer(stream).await;
        };
        let stopped = self.tasks.clone();
        tokio::select! {
            shaken = tokio::time::timeout(self.header, tls.accept(stream)) => {
                if let Ok(Ok(stream)) = shaken {
                    self.answer(stream).await;
                }
            }
            () = stopped.stopped() => {}
        }
    }

    async fn answer(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let inner = TowerToHyperService::new(self.router);
        let peer = self.peer;
        let answering = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            inner.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header)
            .max_buf_size(LARGEST_HEADERS)
            .serve_connection(TokioIo::new(stream), answering)
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            // However it ends, there is nobody left to tell.
            _ = connection.as_mut() => return,
            () = self.tasks.stopped() => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(FAREWELL, connection).await;
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const FAREWELL: Duration = Duration::from_secs(2);
/// An `Authorization` header with a token of many groups is some 10 KiB.
const LARGEST_HEADERS: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let bounds = Bounds {
            header: Duration::from_secs(1),
            connections: 3,
            per_address: 2,
            open: Arc::default(),
        };
        let (ada, bob) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let first = bounds.enter(ada).unwrap();
        let _second = bounds.enter(ada).unwrap();
        assert!(bounds.enter(ada).is_none(), "two from one address");
        let third = bounds.enter(bob).unwrap();
        assert!(bounds.enter(bob).is_none(), "three in all");
        drop(third);
        drop(first);
        assert!(bounds.enter(ada).is_some());
        assert_eq!(bounds.open.lock().unwrap().all, 1);
    }
}
