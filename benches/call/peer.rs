//! Somebody in a meeting who costs little: the connection is real, the voice was encoded before,
//! and what arrives is counted and not decoded.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::StreamExt;
use serde_json::Value;
use serde_json::json;
use sidetone::audio::codec::Encoder;
use sidetone::audio::codec::PACKET;
use sidetone::audio::codec::Settings;
use sidetone::rtc::driver;
use sidetone::rtc::packet::Frame;
use sidetone::rtc::packet::Gate;
use sidetone::rtc::packet::Level;
use sidetone::rtc::packet::Packet;
use sidetone::rtc::peer::Command;
use sidetone::rtc::peer::Event;
use sidetone::rtc::peer::State;
use sidetone::rtc::sdp::Sdp;
use sidetone::tasks::Tasks;
use sidetone::wire::local::CALL_PATH;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::chirps;

/// Gone when it is dropped.
pub(super) struct Peer {
    received: Arc<AtomicU64>,
    tasks: Tasks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    Talks,
    Listens,
}

struct Engine {
    socket: WebSocketStream<TcpStream>,
    commands: mpsc::Sender<Command>,
    frames: mpsc::Sender<Frame>,
    voice: Option<Voice>,
    connected: Option<oneshot::Sender<()>>,
}

struct Voice {
    packets: Arc<[Arc<[u8]>]>,
    next: usize,
    timestamp: u32,
}

impl Peer {
    /// Arrives, and waits for the connection.
    pub(super) async fn join(
        endpoint: &str,
        link: &str,
        name: &str,
        talk: Talk,
        voice: &Arc<[Arc<[u8]>]>,
    ) -> Self {
        let mut socket = signalling(endpoint, name).await;
        // As often as a client asks the service for a sign of life.
        let join = json!({"type": "join", "meeting": {"link": link}, "displayName": name,
            "audio": "full", "rejoin": null, "heartbeatMillis": 80});
        socket.send(Message::text(join.to_string())).await.unwrap();
        let tasks = Tasks::new();
        let (commands, commanded) = mpsc::channel(16);
        let (saying, events) = mpsc::channel(64);
        let (frames, outgoing) = mpsc::channel(8);
        let (packing, packets) = mpsc::channel(64);
        let settings = driver::Settings {
            service: socket.get_ref().peer_addr().unwrap(),
            tasks: tasks.clone(),
        };
        let lanes = driver::Lanes {
            commands: commanded,
            events: saying,
            frames: outgoing,
            packets: packing,
        };
        tasks.spawn(driver::run(settings, lanes));
        let received = Arc::new(AtomicU64::new(0));
        let (connected, connection) = oneshot::channel();
        let engine = Engine {
            socket,
            commands,
            frames,
            voice: (talk == Talk::Talks).then(|| Voice {
                packets: Arc::clone(voice),
                next: 0,
                timestamp: 0,
            }),
            connected: Some(connected),
        };
        tasks.spawn(engine.run(events, packets, Arc::clone(&received)));
        let connection = tokio::time::timeout(Duration::from_secs(30), connection).await;
        connection
            .expect("a peer connects within half a minute")
            .unwrap();
        Self { received, tasks }
    }

    /// Packets so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Engine {
    async fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        mut packets: mpsc::Receiver<Packet>,
        received: Arc<AtomicU64>,
    ) {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let mut beats = tokio::time::interval(BEAT);
        loop {
            tokio::select! {
                Some(event) = events.recv() => self.said(event).await,
                Some(_) = packets.recv() => {
                    received.fetch_add(1, Relaxed);
                }
                _ = ticks.tick(), if self.voice.is_some() => self.speak(),
                _ = beats.tick() => self.say(&json!({"type": "beat"})).await,
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.told(&text).await,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    }

    async fn told(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap();
        match message["type"].as_str().unwrap_or_default() {
            "answer" => {
                let sdp = message["sdp"].as_str().unwrap().to_owned();
                let _ = self.commands.send(Command::Answer(Sdp(sdp))).await;
            }
            "callState" if message["state"] == "connected" => {
                let _ = self.commands.send(Command::Gate(Gate::Open)).await;
                let _ = self.commands.send(Command::Offer).await;
                if self.voice.is_some() {
                    self.say(&json!({"type": "mute", "muted": false})).await;
                }
            }
            _ => {}
        }
    }

    async fn said(&mut self, event: Event) {
        match event {
            Event::Offer(sdp) => self.say(&json!({"type": "offer", "sdp": sdp.0})).await,
            Event::State(State::Connected) => {
                if let Some(connected) = self.connected.take() {
                    let _ = connected.send(());
                }
            }
            Event::RestartNeeded(_) => drop(self.commands.send(Command::Offer).await),
            Event::State(_) | Event::Stats(_) | Event::Answer(_) | Event::Refused(_) => {}
        }
    }

    async fn say(&mut self, message: &Value) {
        let _ = self.socket.send(Message::text(message.to_string())).await;
    }

    fn speak(&mut self) {
        let Some(voice) = &mut self.voice else { return };
        let frame = Frame {
            timestamp: voice.timestamp,
            payload: Arc::clone(&voice.packets[voice.next]),
            level: Some(Level {
                dbov: -20,
                voice: true,
            }),
            marker: voice.timestamp == 0,
        };
        voice.next = (voice.next + 1) % voice.packets.len();
        voice.timestamp = voice.timestamp.wrapping_add(PACKET.try_into().unwrap());
        let _ = self.frames.try_send(frame);
    }
}

/// As often as a client gives one: the service takes leave of whoever is silent for long.
const BEAT: Duration = Duration::from_secs(5);

/// Two seconds of a voice, as a client encodes it.
pub(super) fn voice() -> Arc<[Arc<[u8]>]> {
    let mut encoder = Encoder::new(Settings::default()).unwrap();
    let samples: Vec<f32> = chirps::voice().take(100 * PACKET).collect();
    let packets = samples.as_chunks().0.iter();
    packets
        .map(|packet| encoder.encode(packet).unwrap())
        .collect()
}

/// A signalling connection of a new person.
async fn signalling(endpoint: &str, name: &str) -> WebSocketStream<TcpStream> {
    let wanted = json!({"kind": "external", "displayName": name, "scopes": ["chat", "voip"]});
    let asked = reqwest::Client::new()
        .post(format!("{endpoint}/v1/token"))
        .json(&wanted);
    let answer: Value = asked.send().await.unwrap().json().await.unwrap();
    let authority = endpoint.trim_start_matches("http://");
    let mut request = format!("ws://{authority}{CALL_PATH}")
        .into_client_request()
        .unwrap();
    let bearer = format!("Bearer {}", answer["token"].as_str().expect("a token"));
    request
        .headers_mut()
        .insert("authorization", bearer.parse().unwrap());
    let stream = TcpStream::connect(authority).await.unwrap();
    client_async(request, stream).await.unwrap().0
}
