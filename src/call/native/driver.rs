//! The socket under the call session: opens, reads, writes, sleeps. Decides nothing.

use std::future::Future;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::StreamExt;
use rustls::pki_types::ServerName;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use url::Url;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::config::tls::Tls;
use crate::effect::CallCommand;
use crate::event::Event;
use crate::identity::Generation;
use crate::identity::Grant;
use crate::identity::Tokens;
use crate::identity::http::is_untrusted;
use crate::model::account::AccountId;
use crate::model::failure::Because;
use crate::model::text;
use crate::rtc;
use crate::wire::local::CALL_PATH;

use super::media::Media;
use super::media::MediaWish;
use super::media::MediaWord;
use super::session::Input;
use super::session::Output;
use super::session::Session;
use super::session::Token;

/// Whose calls, and with which tokens; the tokens know the endpoint.
#[derive(Debug)]
pub struct Settings {
    pub account: AccountId,
    pub tokens: Tokens,
    pub tls: Tls,
    /// Whoever carries the sound; without one, calls are silent.
    pub media: Option<Media>,
}

/// The calls of one account, one at a time. Ends when no more commands can come,
/// after hanging up.
pub async fn run(
    settings: Settings,
    commands: mpsc::Receiver<CallCommand>,
    events: mpsc::Sender<Event>,
) {
    let driver = Driver {
        settings,
        events,
        clock: Clock,
        session: Session::default(),
        socket: None,
        ends: None,
        opening: None,
        generation: None,
    };
    driver.run(commands).await;
}

struct Driver {
    settings: Settings,
    events: mpsc::Sender<Event>,
    clock: Clock,
    session: Session,
    socket: Option<Socket>,
    ends: Option<Ends>,
    opening: Option<Pin<Box<dyn Future<Output = Opening> + Send>>>,
    /// Of the token the last socket was opened with.
    generation: Option<Generation>,
}

type Socket = WebSocketStream<Box<dyn Stream>>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How opening a socket went, and with which token.
struct Opening {
    generation: Option<Generation>,
    result: Result<Opened, Failed>,
}

struct Opened {
    socket: Socket,
    ends: Ends,
}

/// Of a socket: the address of this machine and that of the service.
#[derive(Debug, Clone, Copy)]
struct Ends {
    here: IpAddr,
    service: SocketAddr,
}

enum Failed {
    Refused(u16),
    Closed(Because),
}

impl Driver {
    async fn run(mut self, mut commands: mpsc::Receiver<CallCommand>) {
        let mut open = true;
        while open || !self.session.is_idle() {
            let deadline = self.carry_out().await;
            // The socket comes before the deadline: after a pause of our own, what
            // lies unread in it shows that the service was not silent.
            tokio::select! {
                biased;
                frame = next(&mut self.socket) => self.read(frame),
                opened = opened(&mut self.opening) => self.opened(opened),
                word = heard(&mut self.settings.media) => match word {
                    Some(word) => self.handle(Input::Media(word)),
                    None => self.settings.media = None,
                },
                command = commands.recv(), if open => {
                    open = command.is_some();
                    self.handle(Input::Command(command.unwrap_or(CallCommand::Leave)));
                }
                () = self.clock.sleep_until(deadline) => self.handle(Input::Timeout),
            }
        }
        self.carry_out().await;
    }

    fn handle(&mut self, input: Input<'_>) {
        self.session
            .handle(input, self.clock.now(), self.clock.utc());
    }

    /// Does what the session asks for; answers when it wants to be woken.
    async fn carry_out(&mut self) -> Option<Moment> {
        loop {
            match self.session.poll() {
                Output::Wait(deadline) => return deadline,
                Output::Open(token) => {
                    self.socket = None;
                    let refused = match token {
                        Token::Current => None,
                        Token::Fresh => self.generation,
                    };
                    let (tokens, tls) = (self.settings.tokens.clone(), self.settings.tls.clone());
                    self.opening = Some(Box::pin(open(tokens, tls, refused)));
                }
                Output::Send(text) => self.write(Message::text(text)).await,
                Output::Close => {
                    self.opening = None;
                    self.write(Message::Close(None)).await;
                    self.socket = None;
                }
                Output::Media(wish) => self.wish(wish),
                Output::Look => self.look(),
                Output::Event(event) => {
                    let event = Event::Call(self.settings.account.clone(), event);
                    // Whoever listened may be gone; the service is told all the same that we leave.
                    let _ = self.events.send(event).await;
                }
            }
        }
    }

    fn look(&mut self) {
        let Some(ends) = self.ends.filter(|_| self.socket.is_some()) else {
            return;
        };
        // Without any way there is nothing to be tried yet.
        if rtc::route(ends.service).is_ok_and(|here| here != ends.here) {
            self.handle(Input::Moved);
        }
    }

    fn wish(&self, wish: MediaWish) {
        if let Some(media) = &self.settings.media {
            // Whoever carried the sound may have ended before us.
            let _ = media.wishes.send(wish);
        }
    }

    async fn write(&mut self, message: Message) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        let written = tokio::time::timeout(WRITE, socket.send(message)).await;
        if !matches!(written, Ok(Ok(()))) {
            self.socket = None;
            self.handle(Input::Closed(Because::Lost));
        }
    }

    fn read(&mut self, frame: Option<Result<Message, tungstenite::Error>>) {
        match frame {
            Some(Ok(Message::Text(text))) => self.handle(Input::Frame(&text)),
            Some(Ok(Message::Close(_)) | Err(_)) | None => {
                self.socket = None;
                self.handle(Input::Closed(Because::Lost));
            }
            Some(Ok(_)) => {}
        }
    }

    fn opened(&mut self, opening: Opening) {
        self.opening = None;
        self.generation = opening.generation.or(self.generation);
        match opening.result {
            Ok(opened) => {
                self.socket = Some(opened.socket);
                self.ends = Some(opened.ends);
                self.wish(MediaWish::Route(opened.ends.service));
                self.handle(Input::Opened);
            }
            Err(Failed::Refused(status)) => self.handle(Input::Refused(status)),
            Err(Failed::Closed(because)) => self.handle(Input::Closed(because)),
        }
    }
}

async fn next(socket: &mut Option<Socket>) -> Option<Result<Message, tungstenite::Error>> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

async fn opened(opening: &mut Option<Pin<Box<dyn Future<Output = Opening> + Send>>>) -> Opening {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}

async fn heard(media: &mut Option<Media>) -> Option<MediaWord> {
    match media {
        Some(media) => media.words.recv().await,
        None => std::future::pending().await,
    }
}

async fn open(tokens: Tokens, tls: Tls, refused: Option<Generation>) -> Opening {
    let granted = match refused {
        Some(generation) => tokens.after_refusal(generation).await,
        None => tokens.token().await,
    };
    match granted {
        Ok(grant) => {
            let connecting = connect(&grant, &tls);
            let connected = tokio::time::timeout(CONNECT, connecting).await;
            Opening {
                generation: Some(grant.generation),
                result: connected.unwrap_or(Err(Failed::Closed(Because::Timeout))),
            }
        }
        Err(failure) => Opening {
            generation: None,
            result: Err(Failed::Closed(failure.because)),
        },
    }
}

async fn connect(grant: &Grant, tls: &Tls) -> Result<Opened, Failed> {
    let target = grant.endpoint.join(CALL_PATH).map_err(protocol)?;
    let request = request(grant, &target)?;
    let host = target.host_str().unwrap_or_default().to_owned();
    let port = target.port_or_known_default().unwrap_or_default();
    let stream = TcpStream::connect((bare(&host), port))
        .await
        .map_err(|_| unreachable(&host))?;
    // A notice must not wait for a segment to fill.
    let _ = stream.set_nodelay(true);
    let ends = stream.local_addr().and_then(|here| {
        Ok(Ends {
            here: here.ip(),
            service: stream.peer_addr()?,
        })
    });
    let ends = ends.map_err(|_| unreachable(&host))?;
    let stream: Box<dyn Stream> = match target.scheme() {
        "https" => Box::new(encrypt(stream, &host, tls).await?),
        _ => Box::new(stream),
    };
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(Opened { socket, ends }),
        Err(tungstenite::Error::Http(answer)) => Err(Failed::Refused(answer.status().as_u16())),
        Err(error) => Err(protocol(error)),
    }
}

fn request(grant: &Grant, target: &Url) -> Result<Request, Failed> {
    let token = grant.token.for_endpoint(&grant.endpoint, target);
    let token = token.map_err(protocol)?;
    let scheme = if target.scheme() == "https" {
        "wss"
    } else {
        "ws"
    };
    let address = target.as_str().replacen(target.scheme(), scheme, 1);
    let mut request = address.into_client_request().map_err(protocol)?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(protocol)?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    Ok(request)
}

async fn encrypt(
    stream: TcpStream,
    host: &str,
    tls: &Tls,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failed> {
    let config = tls.config().map_err(|error| {
        Failed::Closed(Because::Local {
            detail: text::line(&error.to_string()),
        })
    })?;
    let name = ServerName::try_from(bare(host).to_owned()).map_err(protocol)?;
    let connector = TlsConnector::from(Arc::clone(&config));
    connector.connect(name, stream).await.map_err(|error| {
        if !is_untrusted(&error) {
            return unreachable(host);
        }
        Failed::Closed(Because::Untrusted {
            host: host.to_owned(),
        })
    })
}

/// Without the brackets that an address of IPv6 has in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn unreachable(host: &str) -> Failed {
    let host = host.to_owned();
    Failed::Closed(Because::Unreachable { host })
}

fn protocol(error: impl std::fmt::Display) -> Failed {
    Failed::Closed(Because::Protocol {
        detail: text::line(&error.to_string()),
    })
}

const CONNECT: Duration = Duration::from_secs(10);
const WRITE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_connection_that_ends_early_is_not_a_matter_of_trust() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        drop(listener.accept().await.unwrap());
        let failed = encrypt(stream, "call.example", &Tls::default()).await;
        assert!(matches!(
            failed,
            Err(Failed::Closed(Because::Unreachable { .. }))
        ));
    }

    #[test]
    fn an_address_loses_its_brackets() {
        assert_eq!(bare("[::1]"), "::1");
        assert_eq!(bare("call.example"), "call.example");
    }
}
