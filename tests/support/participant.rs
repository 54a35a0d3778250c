//! Somebody in a meeting with the client's engine and without its devices: signalling, connection,
//! encoder and jitter buffer are real, the voice is a tone, and what is heard is kept.
//!
//! It is not well-behaved: whatever the service says, it goes on sending.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::StreamExt;
use serde_json::Value;
use serde_json::json;
use sidetone::audio::FRAME_TIME;
use sidetone::audio::SILENCE;
use sidetone::audio::codec::Settings;
use sidetone::audio::level::dbfs;
use sidetone::audio::receive;
use sidetone::audio::receive::Heard;
use sidetone::audio::receive::Receiver;
use sidetone::audio::send;
use sidetone::audio::send::Sender;
use sidetone::audio::tone::Sine;
use sidetone::clock::Clock;
use sidetone::clock::Moment;
use sidetone::rtc::driver;
use sidetone::rtc::packet::Frame;
use sidetone::rtc::packet::Gate;
use sidetone::rtc::packet::Packet;
use sidetone::rtc::peer::Command;
use sidetone::rtc::peer::Event;
use sidetone::rtc::peer::State;
use sidetone::rtc::sdp::Sdp;
use sidetone::tasks::Tasks;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::way::Turn;

pub(crate) struct Participant {
    wishes: mpsc::UnboundedSender<Wish>,
    news: mpsc::UnboundedReceiver<News>,
    heard: Arc<Mutex<Vec<Instant>>>,
    tasks: Tasks,
}

pub(crate) enum Wish {
    /// To the service, as it is.
    Say(String),
    /// Speak this tone from now on.
    Speak { hertz: f32, dbfs: f32 },
    /// Say nothing more.
    Hush,
    /// Look for another path.
    Restart,
}

#[derive(Debug)]
pub(crate) enum News {
    Service(Value),
    State(State),
    /// This offer was sent.
    Offered(String),
}

/// 10 ms of what is heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant {
    pub(crate) at: Moment,
    pub(crate) level: f32,
    pub(crate) heard: Heard,
}

impl Instant {
    pub(crate) fn is_loud(&self) -> bool {
        self.level > -30.0
    }
}

impl Participant {
    /// Knocks at a meeting's door.
    pub(crate) async fn arrive(endpoint: &str, link: &str, name: &str, turn: Option<Turn>) -> Self {
        let socket = signalling(endpoint, name).await;
        let (wishes, asked) = mpsc::unbounded_channel();
        let (telling, news) = mpsc::unbounded_channel();
        let heard = Arc::default();
        let tasks = Tasks::new();
        let service = socket.get_ref().peer_addr().unwrap();
        let (commands, commanded) = mpsc::channel(16);
        let (saying, events) = mpsc::channel(64);
        let (frames, outgoing) = mpsc::channel(8);
        let (packing, packets) = mpsc::channel(64);
        let settings = driver::Settings {
            service,
            tasks: tasks.clone(),
        };
        let lanes = driver::Lanes {
            commands: commanded,
            events: saying,
            frames: outgoing,
            packets: packing,
        };
        tasks.spawn(driver::run(settings, lanes));
        let engine = Engine {
            socket,
            turn,
            commands,
            frames,
            sender: Sender::new(Settings::default(), 0).unwrap(),
            tone: None,
            receiver: Receiver::new().unwrap(),
            ssrc: None,
            ticked: None,
            news: telling,
            heard: Arc::clone(&heard),
        };
        let join = json!({"type": "join", "meeting": {"link": link}, "displayName": name,
            "audio": "full", "rejoin": null, "heartbeatMillis": 1000});
        wishes.send(Wish::Say(join.to_string())).unwrap();
        tasks.spawn(engine.run(asked, events, packets));
        Self {
            wishes,
            news,
            heard,
            tasks,
        }
    }

    /// Arrives where everybody may enter, and has sound.
    pub(crate) async fn join(endpoint: &str, link: &str, name: &str, turn: Option<Turn>) -> Self {
        let mut participant = Self::arrive(endpoint, link, name, turn).await;
        participant.enter().await;
        participant
    }

    /// Waits until they are let in and have sound.
    pub(crate) async fn enter(&mut self) {
        self.see(|news| matches!(news, News::State(State::Connected)))
            .await;
    }

    pub(crate) fn wish(&self, wish: Wish) {
        self.wishes.send(wish).unwrap();
    }

    pub(crate) fn say(&self, message: Value) {
        self.wish(Wish::Say(message.to_string()));
    }

    /// Switches the microphone on and speaks a tone into it.
    pub(crate) fn speak(&self, hertz: f32, dbfs: f32) {
        self.say(json!({"type": "mute", "muted": false}));
        self.wish(Wish::Speak { hertz, dbfs });
    }

    /// The next news that are wanted.
    pub(crate) async fn see(&mut self, wanted: impl Fn(&News) -> bool) -> News {
        let waiting = async {
            loop {
                let news = self.news.recv().await.expect("the participant goes on");
                if wanted(&news) {
                    return news;
                }
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        found.expect("what is waited for happens within 20 seconds")
    }

    pub(crate) async fn sees(&mut self, kind: &str) -> Value {
        match self
            .see(|news| matches!(news, News::Service(message) if message["type"] == kind))
            .await
        {
            News::Service(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// Everything that was told and not looked at.
    pub(crate) fn told(&mut self) -> Vec<News> {
        std::iter::from_fn(|| self.news.try_recv().ok()).collect()
    }

    pub(crate) fn heard_since(&self, moment: Moment) -> Vec<Instant> {
        let heard = self.heard.lock().unwrap();
        let later = heard.iter().filter(|instant| instant.at >= moment);
        later.copied().collect()
    }

    /// How long after a moment sound was there, to stay for a tenth of a second at least.
    pub(crate) fn back_after(&self, moment: Moment) -> Option<Duration> {
        let heard = self.heard_since(moment);
        let mut runs = heard.windows(10);
        let first = runs.find(|run| run.iter().all(Instant::is_loud))?[0];
        Some(first.at.since(moment))
    }

    /// How much of the time since then something was heard.
    pub(crate) fn share_loud(&self, moment: Moment) -> f64 {
        let heard = self.heard_since(moment);
        let loud = heard.iter().filter(|instant| instant.is_loud()).count();
        share(loud, heard.len())
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

fn share(count: usize, of: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(of.max(1)).unwrap())
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A signalling connection of a new person.
pub(crate) async fn signalling(endpoint: &str, name: &str) -> Socket {
    signalling_with(endpoint, &token(endpoint, name).await).await
}

/// Of somebody new.
pub(crate) async fn token(endpoint: &str, name: &str) -> String {
    let wanted = json!({"kind": "external", "displayName": name, "scopes": ["chat", "voip"]});
    let answer = reqwest::Client::new()
        .post(format!("{endpoint}/v1/token"))
        .json(&wanted)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

pub(crate) async fn signalling_with(endpoint: &str, token: &str) -> Socket {
    let authority = endpoint.trim_start_matches("http://");
    let path = sidetone::wire::local::CALL_PATH;
    let mut request = format!("ws://{authority}{path}")
        .into_client_request()
        .unwrap();
    let bearer = format!("Bearer {token}");
    let headers = request.headers_mut();
    headers.insert("authorization", bearer.parse().unwrap());
    let stream = TcpStream::connect(authority).await.unwrap();
    client_async(request, stream).await.unwrap().0
}

struct Engine {
    socket: Socket,
    turn: Option<Turn>,
    commands: mpsc::Sender<Command>,
    frames: mpsc::Sender<Frame>,
    sender: Sender,
    tone: Option<Sine>,
    receiver: Receiver,
    ssrc: Option<u32>,
    ticked: Option<Moment>,
    news: mpsc::UnboundedSender<News>,
    heard: Arc<Mutex<Vec<Instant>>>,
}

impl Engine {
    async fn run(
        mut self,
        mut wishes: mpsc::UnboundedReceiver<Wish>,
        mut events: mpsc::Receiver<Event>,
        mut packets: mpsc::Receiver<Packet>,
    ) {
        let mut ticks = tokio::time::interval(FRAME_TIME);
        // A machine that is behind leaves sound out, as a device does, and not what else there is to do.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut signalling = true;
        loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => self.said(event).await,
                Some(packet) = packets.recv() => self.receive(packet),
                _ = ticks.tick() => self.tick(),
                wish = wishes.recv() => match wish {
                    Some(wish) => self.wished(wish).await,
                    None => return,
                },
                message = self.socket.next(), if signalling => match message {
                    Some(Ok(Message::Text(text))) => self.told(&text).await,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => signalling = false,
                },
            }
        }
    }

    async fn wished(&mut self, wish: Wish) {
        match wish {
            // Nobody may be there any more to hear it.
            Wish::Say(text) => drop(self.socket.send(Message::text(text)).await),
            Wish::Speak { hertz, dbfs } => {
                self.sender.set_gate(send::Gate::Open);
                self.tone = Some(Sine::new(hertz, dbfs));
            }
            Wish::Hush => {
                self.sender.set_gate(send::Gate::Closed);
                self.tone = None;
            }
            Wish::Restart => self.command(Command::Offer).await,
        }
    }

    async fn told(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap();
        match message["type"].as_str().unwrap_or_default() {
            "answer" => {
                let mut sdp = message["sdp"].as_str().unwrap().to_owned();
                if let Some(turn) = &self.turn {
                    sdp = turn.answer(&sdp).await;
                }
                self.command(Command::Answer(Sdp(sdp))).await;
            }
            "callState" if message["state"] == "connected" => {
                self.command(Command::Gate(Gate::Open)).await;
                self.command(Command::Offer).await;
            }
            // Whoever never says that they are there is taken for gone after a while.
            "beat" => {
                let beat = json!({"type": "beat"}).to_string();
                let _ = self.socket.send(Message::text(beat)).await;
            }
            _ => {}
        }
        let _ = self.news.send(News::Service(message));
    }

    async fn said(&mut self, event: Event) {
        match event {
            Event::Offer(sdp) => {
                let _ = self.news.send(News::Offered(sdp.0.clone()));
                let offer = json!({"type": "offer", "sdp": sdp.0});
                let _ = self.socket.send(Message::text(offer.to_string())).await;
            }
            Event::RestartNeeded(_) => self.command(Command::Offer).await,
            Event::State(state) => drop(self.news.send(News::State(state))),
            Event::Stats(stats) => {
                if let Some(lost) = stats.lost_out() {
                    self.sender.set_expected_loss(lost).unwrap();
                }
            }
            Event::Answer(_) | Event::Refused(_) => {}
        }
    }

    /// A connection that has ended takes none.
    async fn command(&mut self, command: Command) {
        let _ = self.commands.send(command).await;
    }

    fn receive(&mut self, packet: Packet) {
        if self.ssrc.replace(packet.ssrc) != Some(packet.ssrc) {
            self.receiver = Receiver::new().unwrap();
        }
        let at = packet.arrived.since(Moment::ZERO);
        let packet = receive::Packet {
            sequence: packet.number(),
            timestamp: packet.timestamp,
            payload: packet.payload,
        };
        self.receiver.push(packet, at);
    }

    fn tick(&mut self) {
        let at = Clock.now();
        let passed = self.ticked.replace(at).map(|last| at.since(last));
        let missed = passed.unwrap_or_default().as_millis() / FRAME_TIME.as_millis();
        if missed > 10 {
            self.sender.pass(u32::try_from(missed).unwrap() - 1);
        }
        let mut frame = SILENCE;
        let heard = self.receiver.pull(&mut frame, at.since(Moment::ZERO));
        self.heard.lock().unwrap().push(Instant {
            at,
            level: dbfs(&frame),
            heard,
        });
        let mut spoken = SILENCE;
        if let Some(tone) = &mut self.tone {
            spoken
                .iter_mut()
                .zip(tone)
                .for_each(|(to, from)| *to = from);
        }
        if let Some(packet) = self.sender.push(&spoken).unwrap() {
            let _ = self.frames.try_send(Frame {
                timestamp: packet.timestamp,
                payload: packet.payload,
                level: None,
                marker: packet.marker,
            });
        }
    }
}

/// Keeps an order of events readable where a test fails.
pub(crate) fn states(news: &[News]) -> VecDeque<State> {
    let states = news.iter().filter_map(|news| match news {
        News::State(state) => Some(*state),
        News::Service(_) | News::Offered(_) => None,
    });
    states.collect()
}
