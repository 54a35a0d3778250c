//! Connections as they come in: plain, or through a TLS handshake that keeps nobody else waiting.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use axum::serve::Listener;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tasks::Tasks;

/// Hands over connections that are ready to be read from.
pub(super) struct Incoming {
    ready: mpsc::Receiver<(Stream, SocketAddr)>,
    address: SocketAddr,
}

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Incoming {
    pub(super) fn new(
        listener: TcpListener,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        tasks: &Tasks,
    ) -> Self {
        let (hand_over, ready) = mpsc::channel(64);
        let shaking_hands = tasks.clone();
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
                // Small answers must not wait for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                match &tls {
                    None => {
                        let _ = hand_over.send((Stream::Plain(stream), peer)).await;
                    }
                    Some(tls) => {
                        let (tls, hand_over) = (tls.clone(), hand_over.clone());
                        shaking_hands.spawn(async move {
                            let shake = tokio::time::timeout(HANDSHAKE, tls.accept(stream));
                            if let Ok(Ok(stream)) = shake.await {
                                let stream = Stream::Tls(Box::new(stream));
                                let _ = hand_over.send((stream, peer)).await;
                            }
                        });
                    }
                }
            }
        });
        Self { ready, address }
    }
}

impl Listener for Incoming {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The service is stopping; whoever serves is told by other means.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Stream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(stream) => stream.local_addr(),
            Self::Tls(stream) => stream.get_ref().0.local_addr(),
        }
    }
}

/// Both ends of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) peer: SocketAddr,
    /// Ours: of all the addresses we listen on, the one that this peer reaches.
    pub(super) here: IpAddr,
}

impl Connected<IncomingStream<'_, Incoming>> for Ends {
    fn connect_info(stream: IncomingStream<'_, Incoming>) -> Self {
        let here = stream.io().local_addr();
        Self {
            peer: *stream.remote_addr(),
            // Only a connection that is broken already has none.
            here: here.map_or(Ipv4Addr::UNSPECIFIED.into(), |here| {
                here.ip().to_canonical()
            }),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const HANDSHAKE: Duration = Duration::from_secs(10);
