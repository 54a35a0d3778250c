//! Whoever was not let in is not heard, whatever they send; and nothing of it is left behind.
//!
//! Seeded. `SIDETONE_HOSTILE_CASES` asks for more of everything.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot set up its scene must fail, and says what it tried"
)]

#[path = "support/impair.rs"]
mod impair;

#[path = "support/participant.rs"]
mod participant;

#[path = "support/program.rs"]
mod program;

#[path = "support/way.rs"]
mod way;

use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;
use futures_util::SinkExt;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::clock::Moment;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;
use tokio_tungstenite::tungstenite::Message;

use crate::impair::Impairment;
use crate::participant::News;
use crate::participant::Participant;
use crate::participant::Wish;
use crate::participant::signalling_with;
use crate::participant::token;
use crate::program::Host;
use crate::way::Turn;

/// Ada, who was let in and speaks, Bea, who listens, and the way between Ada and the host.
struct Scene {
    host: Host,
    made: Value,
    ada: Participant,
    bea: Participant,
    turn: Turn,
    offer: String,
}

impl Scene {
    async fn set() -> Self {
        let host = Host::start();
        let new = json!({"topic": "Guarded", "lobby": "organizer", "organizer": "Alice"});
        let made = host.control("/meetings", new).await;
        let turn = Turn::new(Impairment::default(), 1);
        act(&host, &made, "participants", json!({"name": "Alice"})).await;
        let mut bea = knock(&host, &made, "Bea", None).await;
        let mut ada = knock(&host, &made, "Ada", Some(turn.clone())).await;
        for name in ["Ada", "Bea"] {
            act(
                &host,
                &made,
                &format!("participants/{name}/admit"),
                json!({}),
            )
            .await;
        }
        let offered = |news: &News| matches!(news, News::Offered(_));
        let News::Offered(offer) = ada.see(offered).await else {
            unreachable!("it is what was looked for");
        };
        ada.enter().await;
        bea.enter().await;
        let scene = Self {
            host,
            made,
            ada,
            bea,
            turn,
            offer,
        };
        scene.speaks(&scene.ada).await;
        scene
    }

    /// Switches a microphone on; Bea hears it soon.
    async fn speaks(&self, speaker: &Participant) {
        speaker.speak(700.0, -20.0);
        assert!(self.hears().await, "Bea does not hear what she should");
    }

    async fn hears(&self) -> bool {
        for _ in 0..20 {
            let from = Clock.now();
            tokio::time::sleep(Duration::from_millis(500)).await;
            if self.bea.share_loud(from) > 0.5 {
                return true;
            }
        }
        false
    }

    async fn hushes(&self) {
        self.ada.wish(Wish::Hush);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    fn is_silent_since(&self, moment: Moment, when: &str) {
        let heard = self.bea.heard_since(moment);
        let loudest = heard.iter().map(|i| i.level).fold(-127.0, f32::max);
        println!("measured: {when}: {loudest:.0} dBFS at Bea's");
        assert!(loudest < -60.0, "{when}: {loudest} dBFS");
    }

    async fn stays_silent(&self, when: &str) {
        let from = Clock.now();
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.is_silent_since(from, when);
    }

    /// Descriptors and KiB of memory that the host has now.
    fn weight(&self) -> (usize, u64) {
        let process = format!("/proc/{}", self.host.process());
        let descriptors = std::fs::read_dir(format!("{process}/fd")).unwrap().count();
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let memory = line.and_then(|line| line.split_whitespace().nth(1));
        (descriptors, memory.unwrap().parse().unwrap())
    }

    /// All that came is gone again, and the call goes on.
    async fn is_as_before(&self, before: (usize, u64)) {
        let mut now = self.weight();
        // Connections that were closed here are closed there a moment later; strangers have five seconds.
        for _ in 0..100 {
            if now.0 <= before.0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            now = self.weight();
        }
        println!("measured: descriptors and KiB {before:?} before, {now:?} after");
        assert!(now.0 <= before.0, "{before:?}, {now:?}");
        assert!(now.1 < before.1 + 24 * 1024, "{before:?}, {now:?}");
        self.speaks(&self.ada).await;
    }
}

async fn knock(host: &Host, made: &Value, name: &str, turn: Option<Turn>) -> Participant {
    let link = made["link"].as_str().unwrap();
    let mut who = Participant::arrive(host.endpoint(), link, name, turn).await;
    who.sees("callState").await;
    who
}

async fn act(host: &Host, made: &Value, path: &str, body: Value) {
    let thread = made["threadId"].as_str().unwrap();
    let thread = thread.replace(':', "%3A").replace('@', "%40");
    host.control(&format!("/meetings/{thread}/{path}"), body)
        .await;
}

fn cases(few: usize) -> usize {
    let more = std::env::var("SIDETONE_HOSTILE_CASES");
    more.map_or(few, |more| more.parse().unwrap())
}

/// Like it, but for a few bytes.
fn damaged(bytes: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(0..bytes.len().max(1));
        match random.u8(0..4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), random.u8(..)),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.u8(..);
                }
            }
        }
    }
    bytes
}

/// STUN, DTLS, RTP, RTCP, by the first byte, and nothing of the kind.
fn made_up(random: &mut Rng) -> Vec<u8> {
    let first = [
        random.u8(0..4),
        random.u8(20..64),
        random.u8(128..192),
        random.u8(..),
    ];
    let second = [1, 111, 200, random.u8(..)];
    let mut bytes = vec![first[random.usize(0..4)], second[random.usize(0..4)]];
    let length = random.usize(0..600);
    bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(length));
    bytes
}

/// A binding request to somebody whose name is made up, and whose password is not known.
fn wrong_name(random: &mut Rng) -> Vec<u8> {
    let name = format!("{:016x}:{:016x}", random.u64(..), random.u64(..));
    let padded = name.len().next_multiple_of(4);
    let mut bytes = vec![0, 1];
    bytes.extend(u16::try_from(padded + 4).unwrap().to_be_bytes());
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(12));
    bytes.extend([0, 6]);
    bytes.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    bytes.extend(name.as_bytes());
    bytes.resize(24 + padded, 0);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_sends_again_what_others_said_is_not_heard() {
    let scene = Scene::set().await;
    let relay = scene.turn.relay().unwrap();
    let heard = relay.sound_since(Moment::ZERO);
    scene.hushes().await;
    let before = scene.weight();
    let from = Clock.now();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut random = Rng::with_seed(5);
    let to = |up: bool, client: SocketAddr| if up { relay.service() } else { client };
    for passing in &heard {
        let target = to(passing.up, passing.client);
        let _ = stranger.send_to(&passing.bytes, target).await;
        tokio::task::yield_now().await;
    }
    for case in 0..cases(3_000) {
        let passing = &heard[random.usize(0..heard.len())];
        let bytes = match case % 3 {
            0 => damaged(&passing.bytes, &mut random),
            1 => made_up(&mut random),
            _ => wrong_name(&mut random),
        };
        for up in [true, false] {
            let _ = stranger.send_to(&bytes, to(up, passing.client)).await;
        }
        if case % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.is_silent_since(from, "a stranger sends");
    let loudest = scene.ada.heard_since(from);
    assert!(loudest.iter().all(|instant| instant.level < -60.0));
    scene.is_as_before(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_heard_who_waits_was_denied_or_removed_or_is_on_hold() {
    let scene = Scene::set().await;
    scene.hushes().await;
    let before = scene.weight();
    let (host, made) = (&scene.host, &scene.made);

    let mut cleo = knock(host, made, "Cleo", None).await;
    cleo.wish(Wish::Restart);
    cleo.speak(700.0, -20.0);
    let refused = |news: &News| matches!(news, News::Service(told) if told["request"] == "offer");
    cleo.see(refused).await;
    scene.stays_silent("who waits in the lobby speaks").await;
    act(host, made, "participants/Cleo/deny", json!({})).await;
    cleo.sees("ended").await;
    cleo.wish(Wish::Restart);
    scene.stays_silent("who was denied speaks").await;

    let mut dan = knock(host, made, "Dan", None).await;
    act(host, made, "participants/Dan/admit", json!({})).await;
    dan.enter().await;
    scene.speaks(&dan).await;
    act(host, made, "participants/Dan/hold", json!({})).await;
    dan.sees("callState").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.stays_silent("who is on hold speaks").await;
    act(host, made, "participants/Dan/resume", json!({})).await;
    scene.speaks(&dan).await;
    act(host, made, "participants/Dan/remove", json!({})).await;
    dan.sees("ended").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.stays_silent("who was removed speaks").await;
    dan.wish(Wish::Restart);
    scene.stays_silent("who was removed offers again").await;
    drop((cleo, dan));
    scene.is_as_before(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signalling_that_makes_no_sense_does_no_harm() {
    let scene = Scene::set().await;
    let before = scene.weight();
    let link = scene.made["link"].as_str().unwrap();
    let join = json!({"type": "join", "meeting": {"link": link}, "displayName": "Mallory", "audio": "full", "rejoin": null, "heartbeatMillis": 80});
    let samples = [
        join.clone(),
        json!({"type": "offer", "sdp": scene.offer}),
        json!({"type": "mute", "muted": false}),
        json!({"type": "consent", "granted": true}),
        json!({"type": "admit", "id": "8:acs:nobody"}),
        json!({"type": "muteOthers", "ids": ["8:acs:nobody", ""]}),
        json!({"type": "hold", "held": true}),
        json!({"type": "levels", "on": true}),
        json!({"type": "captions", "on": true}),
        json!({"type": "candidate", "candidate": "candidate:1 1 udp 1 203.0.113.7 9 typ host"}),
    ]
    .map(|sample| sample.to_string());
    let mut random = Rng::with_seed(11);
    let rounds = cases(400).div_ceil(40);
    // The same person each time: of new ones the host takes only so many.
    let token = token(scene.host.endpoint(), "Mallory").await;
    for round in 0..rounds {
        let mut socket = signalling_with(scene.host.endpoint(), &token).await;
        if round % 2 == 0 {
            let _ = socket.send(Message::text(join.to_string())).await;
        }
        for _ in 0..40 {
            let sample = &samples[random.usize(0..samples.len())];
            let bytes = damaged(sample.as_bytes(), &mut random);
            let message = match random.u8(0..8) {
                0 => Message::binary(bytes),
                1 => Message::text(sample.clone()),
                _ => Message::text(String::from_utf8_lossy(&bytes).into_owned()),
            };
            // The host may have had enough of us.
            if socket.send(message).await.is_err() {
                break;
            }
        }
    }
    scene.is_as_before(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tcp_connection_that_names_nobody_is_closed() {
    let scene = Scene::set().await;
    let before = scene.weight();
    // The same port number as for UDP.
    let service = scene.turn.relay().unwrap().service();
    let mut random = Rng::with_seed(3);
    let mut lines = Vec::new();
    for _ in 0..cases(60).min(600) {
        let mut line = TcpStream::connect(service).await.unwrap();
        for _ in 0..random.usize(0..4) {
            let bytes = made_up(&mut random);
            let length = if random.u8(0..4) == 0 {
                random.u16(..)
            } else {
                u16::try_from(bytes.len()).unwrap()
            };
            // Too long a frame ends it at once.
            let _ = line.write_all(&length.to_be_bytes()).await;
            let _ = line.write_all(&bytes).await;
        }
        lines.push(line);
    }
    for mut line in lines {
        let closing = async { while matches!(line.read(&mut [0; 512]).await, Ok(1..)) {} };
        let closed = tokio::time::timeout(Duration::from_secs(20), closing).await;
        assert!(closed.is_ok(), "a stranger may stay");
    }
    scene.is_as_before(before).await;
}
