//! One WebSocket: frames in, frames out, until either side is done.

use std::pin::Pin;
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::StreamExt;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderValue;
use rustls::pki_types::ServerName;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use url::Url;

use crate::config::tls;
use crate::config::tls::Tls;
use crate::identity::Secret;
use crate::identity::http::is_loopback;

/// One attempt at a connection, successful or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::chat) struct LinkId(pub(in crate::chat) u32);

/// What a socket reports.
#[derive(Debug)]
pub(in crate::chat) enum Heard {
    Frame(String),
    /// The other side does not open it; the status that it answered with.
    Refused(u16),
    Closed,
}

/// Where a socket leads.
#[derive(Debug)]
pub(in crate::chat) struct Address {
    pub(in crate::chat) url: String,
    /// Who opens it, where the address alone does not say that. Such a socket is given up when
    /// nothing is heard: its other side sends pings.
    pub(in crate::chat) bearer: Option<Secret>,
}

impl From<String> for Address {
    fn from(url: String) -> Self {
        Self { url, bearer: None }
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the address of the socket is not usable")]
    Address,
    #[error("a socket is not opened over plain http to another machine")]
    Plain,
    #[error("could not connect the socket")]
    Connect(#[from] std::io::Error),
    #[error("the other side does not open the socket in time")]
    Late,
    #[error(transparent)]
    Tls(#[from] tls::Error),
    #[error("the socket failed")]
    Socket(#[from] Box<tungstenite::Error>),
}

/// Runs until the sender of `outgoing` is gone or the other side is. Its last word is `Closed`.
pub(in crate::chat) async fn run(
    link: LinkId,
    address: Address,
    tls: Tls,
    outgoing: mpsc::Receiver<String>,
    heard: mpsc::Sender<(LinkId, Heard)>,
) {
    if let Err(error) = connect(link, &address, &tls, outgoing, &heard).await {
        tracing::debug!(%error, "socket ended");
        if let Some(status) = error.status() {
            let _ = heard.send((link, Heard::Refused(status))).await;
        }
    }
    // The driver is gone when nobody listens.
    let _ = heard.send((link, Heard::Closed)).await;
}

async fn connect(
    link: LinkId,
    address: &Address,
    tls: &Tls,
    outgoing: mpsc::Receiver<String>,
    heard: &mpsc::Sender<(LinkId, Heard)>,
) -> Result<(), Error> {
    let parsed = Url::parse(&address.url).map_err(|_| Error::Address)?;
    let secure = parsed.scheme() == "wss";
    // The session id in the address is as good as a token.
    if !secure && !is_loopback(&parsed) {
        return Err(Error::Plain);
    }
    let host = parsed.host_str().ok_or(Error::Address)?;
    let port = parsed.port_or_known_default().ok_or(Error::Address)?;
    let bare = host.trim_matches(['[', ']']).to_owned();
    let stream = in_time(Box::pin(TcpStream::connect((bare.as_str(), port)))).await??;
    stream.set_nodelay(true)?;
    if secure {
        let name = ServerName::try_from(bare).map_err(|_| Error::Address)?;
        let connector = TlsConnector::from(tls.config()?);
        let stream = in_time(Box::pin(connector.connect(name, stream))).await??;
        talk(link, address, stream, outgoing, heard).await
    } else {
        talk(link, address, stream, outgoing, heard).await
    }
}

async fn talk(
    link: LinkId,
    address: &Address,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    mut outgoing: mpsc::Receiver<String>,
    heard: &mpsc::Sender<(LinkId, Heard)>,
) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST));
    let mut request = address
        .url
        .as_str()
        .into_client_request()
        .map_err(Box::new)?;
    if let Some(bearer) = &address.bearer {
        let parsed = Url::parse(&address.url).map_err(|_| Error::Address)?;
        let token = bearer.for_trusted(&parsed).map_err(|_| Error::Plain)?;
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut value = value.map_err(|_| Error::Address)?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let opened = in_time(Box::pin(client_async_with_config(
        request,
        stream,
        Some(config),
    )))
    .await?;
    let (socket, _) = opened.map_err(Box::new)?;
    let (mut sink, mut frames) = socket.split();
    // Side by side: answers go out while more comes in. Whoever did one after the other
    // would, in a burst, read more than it answers, or wait for a peer that waits for it.
    let write = async {
        while let Some(text) = outgoing.recv().await {
            sink.feed(Message::text(text)).await?;
            while let Ok(text) = outgoing.try_recv() {
                sink.feed(Message::text(text)).await?;
            }
            sink.flush().await?;
        }
        sink.close().await
    };
    let silence = address.bearer.as_ref().map_or(FOREVER, |_| SILENCE);
    let read = async {
        while let Ok(Some(frame)) = tokio::time::timeout(silence, frames.next()).await {
            match frame? {
                Message::Text(text) => {
                    let frame = Heard::Frame(text.to_string());
                    if heard.send((link, frame)).await.is_err() {
                        break;
                    }
                }
                Message::Close(_) => break,
                _ => {}
            }
        }
        Ok(())
    };
    let ended = tokio::select! {
        biased;
        ended = write => ended,
        ended = read => ended,
    };
    Ok(ended.map_err(Box::new)?)
}

/// Who takes a connection and then says nothing would otherwise be waited for as long as we run.
async fn in_time<T>(opening: Pin<Box<impl Future<Output = T>>>) -> Result<T, Error> {
    let opened = tokio::time::timeout(OPENING, opening).await;
    opened.map_err(|_| Error::Late)
}

impl Error {
    /// What was answered in place of a socket.
    fn status(&self) -> Option<u16> {
        match self {
            Self::Socket(error) => match &**error {
                tungstenite::Error::Http(answer) => Some(answer.status().as_u16()),
                _ => None,
            },
            Self::Address | Self::Plain | Self::Connect(_) | Self::Late | Self::Tls(_) => None,
        }
    }
}

const OPENING: Duration = if cfg!(test) {
    Duration::from_millis(200)
} else {
    Duration::from_secs(30)
};
/// Three pings of a relay.
const SILENCE: Duration = Duration::from_secs(100);
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// Largest frame, in bytes.
const LARGEST: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn who_takes_a_connection_and_says_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let (told, mut heard) = mpsc::channel(4);
        let (_outgoing, outgoing) = mpsc::channel(1);
        let opening = run(
            LinkId(1),
            Address::from(url),
            Tls::default(),
            outgoing,
            told,
        );
        let patience = Duration::from_secs(20);
        let ended = tokio::time::timeout(patience, opening).await;
        assert!(ended.is_ok(), "it is waited for");
        assert!(matches!(heard.recv().await, Some((_, Heard::Closed))));
    }
}
