//! The page, and the two sockets that lead back from it: on loopback, for one page, once.
//!
//! Nothing enters without the secret of the launch, which a start file hands to the page, from
//! another origin, under another host name, or a second time.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use aws_lc_rs::constant_time;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::extract::ws::Message;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use futures_util::SinkExt;
use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::audio;
use crate::tasks::Tasks;
use crate::wire::bridge::Frame;
use crate::wire::bridge::PROTOCOL;
use crate::wire::bridge::SECRET;
use crate::wire::bridge::ToProgram;

use super::pcm::to_frame;

/// What the page said, or that it is no more there.
#[derive(Debug)]
pub(super) enum Said {
    Word(Box<ToProgram>),
    /// A socket is closed, or something came that no page of ours says.
    Ended,
}

/// A page that may come, or is there. It goes when this is dropped.
pub(super) struct Server {
    pub(super) address: String,
    pub(super) said: mpsc::Receiver<Said>,
    /// JSON for the page.
    pub(super) words: mpsc::Sender<String>,
    pub(super) frames: mpsc::Sender<Vec<u8>>,
    tasks: Tasks,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

pub(super) struct Settings {
    /// The bundle that the user made of the vendor's SDK.
    pub(super) sdk: PathBuf,
    /// What the page may connect to besides https: origins on this machine.
    pub(super) local: String,
    pub(super) secret: String,
    pub(super) heard: mpsc::Sender<audio::Frame>,
}

struct Shared {
    sdk: PathBuf,
    policy: String,
    secret: String,
    host: String,
    control: Mutex<Option<Control>>,
    sound: Mutex<Option<Sound>>,
    said: mpsc::Sender<Said>,
    tasks: Tasks,
}

struct Control {
    words: mpsc::Receiver<String>,
}

struct Sound {
    frames: mpsc::Receiver<Vec<u8>>,
    heard: mpsc::Sender<audio::Frame>,
}

pub(super) async fn start(settings: Settings, tasks: &Tasks) -> io::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // By this name alone: the vendor's SDK refuses to run on a page whose host is a bare address.
    let host = format!("localhost:{}", listener.local_addr()?.port());
    let (saying, said) = mpsc::channel(WORDS);
    let (words, spoken) = mpsc::channel(WORDS);
    let (frames, played) = mpsc::channel(FRAMES);
    let tasks = tasks.child();
    let shared = Arc::new(Shared {
        sdk: settings.sdk,
        policy: include_str!("page/policy.txt")
            .trim()
            .replace("{local}", &settings.local),
        secret: settings.secret,
        host: host.clone(),
        control: Mutex::new(Some(Control { words: spoken })),
        sound: Mutex::new(Some(Sound {
            frames: played,
            heard: settings.heard,
        })),
        said: saying,
        tasks: tasks.clone(),
    });
    let routes = Router::new()
        .route("/", get(index))
        .route("/control", get(control))
        .route("/pcm", get(sound))
        .route("/{file}", get(file))
        .with_state(shared);
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::warn!(%error, "the page of calls is not served any more");
        }
    });
    Ok(Server {
        address: format!("http://{host}/"),
        said,
        words,
        frames,
        tasks,
    })
}

async fn index(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    serve(&shared, &headers, HTML, include_str!("page/index.html"))
}

async fn file(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let ours = match name.as_str() {
        "page.js" => include_str!("page/built/page.js"),
        "worklet.js" => include_str!("page/built/worklet.js"),
        "worker.js" => include_str!("page/built/worker.js"),
        "sdk.js" => {
            return match tokio::fs::read_to_string(&shared.sdk).await {
                Ok(bundle) => serve(&shared, &headers, SCRIPT, bundle),
                Err(_) => StatusCode::NOT_FOUND.into_response(),
            };
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    serve(&shared, &headers, SCRIPT, ours)
}

fn serve(
    shared: &Shared,
    headers: &HeaderMap,
    kind: &'static str,
    body: impl IntoResponse,
) -> Response {
    if !names_us(shared, headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_SECURITY_POLICY, shared.policy.clone()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}

async fn control(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(ends) = enter(&shared, &headers, &shared.control) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(LARGEST);
    upgrade.on_upgrade(move |socket| async move {
        let said = shared.said.clone();
        let tasks = shared.tasks.clone();
        tasks.spawn(async move {
            talk(socket, ends, &said).await;
            let _ = said.send(Said::Ended).await;
        });
    })
}

async fn sound(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(ends) = enter(&shared, &headers, &shared.sound) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(LARGEST);
    upgrade.on_upgrade(move |socket| async move {
        let said = shared.said.clone();
        let tasks = shared.tasks.clone();
        tasks.spawn(async move {
            carry(socket, ends).await;
            let _ = said.send(Said::Ended).await;
        });
    })
}

/// Whoever has the secret, from our page, and is the first.
fn enter<T>(shared: &Shared, headers: &HeaderMap, place: &Mutex<Option<T>>) -> Option<T> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    let ours = origin.strip_prefix("http://") == Some(&shared.host);
    if !ours || !names_us(shared, headers) || !knows(shared, headers) {
        return None;
    }
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn names_us(shared: &Shared, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST);
    host.is_some_and(|host| host.as_bytes() == shared.host.as_bytes())
}

fn knows(shared: &Shared, headers: &HeaderMap) -> bool {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    let mut offered = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().strip_prefix(SECRET));
    offered.any(|given| {
        constant_time::verify_slices_are_equal(given.as_bytes(), shared.secret.as_bytes()).is_ok()
    })
}

async fn talk(socket: WebSocket, mut ends: Control, said: &mpsc::Sender<Said>) {
    let (mut out, mut inward) = socket.split();
    loop {
        tokio::select! {
            biased;
            word = ends.words.recv() => {
                let Some(word) = word else { return };
                if out.send(Message::text(word)).await.is_err() {
                    return;
                }
            }
            message = inward.next() => match message {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(word) => {
                        if said.send(Said::Word(Box::new(word))).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the page of calls said what is no word of the protocol");
                        return;
                    }
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => return,
            },
        }
    }
}

async fn carry(socket: WebSocket, mut ends: Sound) {
    let (mut out, mut inward) = socket.split();
    loop {
        tokio::select! {
            frame = ends.frames.recv() => {
                let Some(frame) = frame else { return };
                if out.send(Message::binary(frame)).await.is_err() {
                    return;
                }
            }
            message = inward.next() => match message {
                Some(Ok(Message::Binary(bytes))) => match Frame::read(&bytes) {
                    // Nobody who plays it has time: it is old when they have.
                    Ok(frame) => drop(ends.heard.try_send(to_frame(&frame.samples))),
                    Err(error) => {
                        tracing::warn!(%error, "the page of calls sent what is no sound");
                        return;
                    }
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_) | Message::Close(_)) | Err(_)) | None => return,
            },
        }
    }
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const WORDS: usize = 256;
const FRAMES: usize = 20;
/// A roster of a thousand people is some 200 KiB.
const LARGEST: usize = 1 << 20;
