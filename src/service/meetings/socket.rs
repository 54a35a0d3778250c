//! The call socket: one client's line into a meeting. Decides nothing but when a client is gone.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::State;
use axum::extract::ws::Message;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::any;
use axum::routing::post;
use tokio::sync::mpsc;

use crate::service::Service;
use crate::service::http;
use crate::service::listener::Ends;
use crate::service::store::Caller;
use crate::service::store::Refusal;
use crate::service::visitor::OwnPage;
use crate::wire::acs::identity::Scope;
use crate::wire::local::CALL_PATH;
use crate::wire::local::CALL_PROTOCOL;
use crate::wire::local::Join;
use crate::wire::local::RESOLVE_PATH;
use crate::wire::local::Refused;
use crate::wire::local::ResolveRefusal;
use crate::wire::local::ResolveRequest;
use crate::wire::local::ResolvedMeeting;
use crate::wire::local::TOKEN_PROTOCOL;
use crate::wire::local::ToClient;
use crate::wire::local::ToService;

use super::desk::Frame;
use super::meeting::Arrival;
use super::meeting::Names;
use super::meeting::ended;
use super::participant::SocketId;

pub(in crate::service) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route(CALL_PATH, any(open))
        .route(RESOLVE_PATH, post(resolve))
}

async fn resolve(
    State(service): State<Arc<Service>>,
    _: OwnPage,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    service.authenticate(http::bearer(&headers)?)?;
    let wanted: ResolveRequest = http::read(&body)?;
    let state = service.lock();
    Ok(match state.meetings.find(&wanted) {
        Ok(meeting) => Json(ResolvedMeeting {
            thread_id: meeting.names.thread.clone(),
            topic: meeting.options.topic.clone(),
            link: meeting.names.link.clone(),
        })
        .into_response(),
        Err(refusal) => {
            let status = match refusal {
                ResolveRefusal::UnknownMeeting => StatusCode::NOT_FOUND,
                ResolveRefusal::WrongPasscode => StatusCode::FORBIDDEN,
            };
            (status, Json(refusal)).into_response()
        }
    })
}

async fn open(
    State(service): State<Arc<Service>>,
    ConnectInfo(ends): ConnectInfo<Ends>,
    _: OwnPage,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let caller = service.authenticate(token(&headers)?)?;
    caller.holds(&[Scope::Voip])?;
    let upgrade = upgrade.protocols([CALL_PROTOCOL]);
    Ok(upgrade.on_upgrade(move |socket| run(service, socket, caller, ends.here)))
}

/// A browser can only offer it as a subprotocol.
fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
    let mut offered = offered.iter().filter_map(|list| list.to_str().ok());
    let token = offered.find_map(|list| {
        let mut names = list.split(',').map(str::trim);
        names.find_map(|name| name.strip_prefix(TOKEN_PROTOCOL))
    });
    token.map_or_else(|| http::bearer(headers), Ok)
}

/// The line of a client that has joined.
struct Line {
    thread: String,
    id: String,
    socket: SocketId,
    frames: mpsc::Receiver<Frame>,
    beat: Option<Duration>,
}

/// `here` is the address of ours that the client reached.
async fn run(service: Arc<Service>, mut socket: WebSocket, caller: Caller, here: IpAddr) {
    let first = tokio::time::timeout(FIRST_WORD, next(&mut socket)).await;
    let Ok(Some(ToService::Join(join))) = first else {
        return;
    };
    match join_meeting(&service, join, caller, here) {
        Ok(mut line) => {
            let ending = tokio::select! {
                ending = serve(&service, &mut socket, &mut line) => ending,
                () = service.tasks().stopped() => Ending::Closed,
            };
            service.lock().meetings.close_line(line.socket);
            service.in_meeting(&line.thread, |meeting, now, out| {
                meeting.lost(&line.id, line.socket, now, out);
            });
            if ending == Ending::Broken {
                return;
            }
        }
        Err(refusal) => {
            let refused = Refused {
                request: "join".to_owned(),
                reason: format!("{refusal:?}"),
            };
            for message in [ToClient::Refused(refused), ToClient::Ended(ended(404, 0))] {
                let text = message.encode();
                if !send(&mut socket, text).await {
                    return;
                }
            }
        }
    }
    let _ = tokio::time::timeout(FAREWELL, socket.send(Message::Close(None))).await;
}

fn join_meeting(
    service: &Service,
    join: Join,
    caller: Caller,
    here: IpAddr,
) -> Result<Line, ResolveRefusal> {
    let Names { thread, .. } = service.lock().meetings.find(&join.meeting)?.names.clone();
    let (sender, frames) = mpsc::channel(QUEUE);
    let socket = service.lock().meetings.open_line(sender, here);
    let id = caller.id.clone();
    service.in_meeting(&thread, |meeting, now, out| {
        let left = caller.expires.as_millis() - now.utc.as_millis();
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        let arrival = Arrival {
            id: caller.id,
            name: join.display_name,
            role: None,
            socket: Some(socket),
            call_id: uuid::Uuid::new_v4().to_string(),
            rejoin: join.rejoin,
            token_until: Some(now.mono + left),
            audio: join.audio,
        };
        meeting.join(arrival, now, out);
    });
    let beat = join.heartbeat_millis.map(u64::from);
    Ok(Line {
        thread,
        id,
        socket,
        frames,
        beat: beat.map(|millis| Duration::from_millis(millis).clamp(FASTEST_BEAT, CLIENT_SILENCE)),
    })
}

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// We say good-bye.
    Closed,
    /// Nobody is there to hear it, or nobody shall.
    Broken,
}

/// Until the client or the meeting ends it.
async fn serve(service: &Service, socket: &mut WebSocket, line: &mut Line) -> Ending {
    let clock = service.clock();
    let mut heard = clock.now();
    let mut beaten = heard;
    loop {
        let now = clock.now();
        let silence = (heard + CLIENT_SILENCE).since(now);
        let beat = line.beat.map(|beat| (beaten + beat).since(now));
        tokio::select! {
            biased;
            frame = line.frames.recv() => {
                let Some(frame) = frame else { return Ending::Closed };
                if let Some(ending) = write(service, socket, frame).await {
                    return ending;
                }
            }
            () = tokio::time::sleep(beat.unwrap_or(silence)), if beat.is_some() => {
                let text = ToClient::Beat.encode();
                if !send(socket, text).await {
                    return Ending::Broken;
                }
                beaten = clock.now();
            }
            message = next(socket) => {
                let Some(message) = message else { return Ending::Broken };
                heard = clock.now();
                service.in_meeting(&line.thread, |meeting, now, out| {
                    meeting.request(&line.id, message, now, out);
                });
            }
            () = tokio::time::sleep(silence) => return Ending::Broken,
        }
    }
}

/// Answers how the line ends, if it ends with this frame.
async fn write(service: &Service, socket: &mut WebSocket, frame: Frame) -> Option<Ending> {
    match frame {
        Frame::Text { text, written } => {
            // The moment before the write: what a benchmark measures includes the write.
            let at = service.clock().now();
            if !send(socket, text).await {
                return Some(Ending::Broken);
            }
            if let Some(written) = written {
                let _ = written.send(at);
            }
            None
        }
        Frame::Close => Some(Ending::Closed),
        Frame::Drop => Some(Ending::Broken),
        Frame::Hush(span) => {
            tokio::time::sleep(span).await;
            None
        }
    }
}

/// `true` when it was written. A client that does not read is as gone as one that is silent.
async fn send(socket: &mut WebSocket, text: String) -> bool {
    let sent = socket.send(Message::Text(text.into()));
    matches!(tokio::time::timeout(CLIENT_SILENCE, sent).await, Ok(Ok(())))
}

/// The next message that can be read; `None` when there will be no more.
async fn next(socket: &mut WebSocket) -> Option<ToService> {
    loop {
        match socket.recv().await?.ok()? {
            Message::Text(text) => match ToService::decode(&text) {
                Ok(message) => return Some(message),
                Err(error) => tracing::warn!(%error, "a client's frame was not understood"),
            },
            Message::Close(_) => return None,
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

const FIRST_WORD: Duration = Duration::from_secs(10);
/// A client says that it is there every five seconds.
const CLIENT_SILENCE: Duration = Duration::from_secs(16);
const FASTEST_BEAT: Duration = Duration::from_millis(20);
const FAREWELL: Duration = Duration::from_millis(500);
const QUEUE: usize = 1024;
