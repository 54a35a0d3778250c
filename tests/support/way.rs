//! The way between a client and a host: signalling goes through as it is, but for the answers,
//! which lead the client's sound into a [`Relay`] and nowhere else.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]
#![expect(clippy::unwrap_used, reason = "a test without its network must fail")]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use sidetone::tasks::Tasks;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::OnceCell;

use crate::impair::Impairment;
use crate::impair::Relay;

/// Closed when it goes out of scope.
pub(crate) struct Way {
    address: SocketAddr,
    service: SocketAddr,
    turn: Turn,
    tasks: Tasks,
}

/// Where answers are changed.
#[derive(Clone)]
pub(crate) struct Turn {
    relay: Arc<OnceCell<Relay>>,
    impairment: Impairment,
    seed: u64,
}

impl Way {
    pub(crate) async fn to(endpoint: &str, impairment: Impairment, seed: u64) -> Self {
        let service: SocketAddr = endpoint.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let turn = Turn::new(impairment, seed);
        let way = Self {
            address: listener.local_addr().unwrap(),
            service,
            turn: turn.clone(),
            tasks: Tasks::new(),
        };
        let tasks = way.tasks.clone();
        way.tasks.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let service = TcpStream::connect(service).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_service, to_service) = service.into_split();
                tasks.spawn(there(from_client, to_service));
                tasks.spawn(back(from_service, to_client, turn.clone()));
            }
        });
        way
    }

    /// What a client is to take for the host.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A link of the host, as this way leads there.
    pub(crate) fn link(&self, link: &str) -> String {
        link.replace(&self.service.to_string(), &self.address.to_string())
    }

    /// None before the first answer: until then no sound has a way at all.
    pub(crate) fn relay(&self) -> Option<&Relay> {
        self.turn.relay.get()
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Turn {
    pub(crate) fn new(impairment: Impairment, seed: u64) -> Self {
        Self {
            relay: Arc::default(),
            impairment,
            seed,
        }
    }

    pub(crate) fn relay(&self) -> Option<&Relay> {
        self.relay.get()
    }

    /// The answer with the relay in the place of the service, and no other way.
    pub(crate) async fn answer(&self, sdp: &str) -> String {
        let service = sdp.lines().find_map(udp_candidate).unwrap();
        let start = || Relay::start(service, self.impairment, self.seed);
        let relay = self.relay.get_or_init(start).await;
        let through = relay.through(sdp);
        let kept = through.lines().filter(|line| {
            let candidate = line.starts_with("a=candidate:");
            !candidate || udp_candidate(line).is_some()
        });
        kept.flat_map(|line| [line, "\r\n"]).collect()
    }
}

async fn there(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

/// One response as it is; when it opens a WebSocket, frames from then on.
async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, turn: Turn) {
    let _ = async {
        let head = head(&mut from).await?;
        to.write_all(&head).await?;
        if head.starts_with(b"HTTP/1.1 101") {
            loop {
                frame(&mut from, &mut to, &turn).await?;
            }
        }
        tokio::io::copy(&mut from, &mut to).await
    }
    .await;
    let _ = to.shutdown().await;
}

async fn head(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(from.read_u8().await?);
    }
    Ok(head)
}

/// A frame of the service (RFC 6455): whole, and without a mask.
async fn frame(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, turn: &Turn) -> io::Result<()> {
    let kind = from.read_u8().await?;
    let length = match from.read_u8().await? {
        126 => u64::from(from.read_u16().await?),
        127 => from.read_u64().await?,
        short => u64::from(short),
    };
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    from.read_exact(&mut payload).await?;
    if let Ok(mut message) = serde_json::from_slice::<Value>(&payload)
        && message["type"] == "answer"
    {
        let sdp = turn.answer(message["sdp"].as_str().unwrap()).await;
        message["sdp"] = sdp.into();
        payload = message.to_string().into_bytes();
    }
    let mut frame = vec![kind];
    match payload.len() {
        short @ 0..126 => frame.push(u8::try_from(short).unwrap()),
        middle @ 126..65_536 => {
            frame.push(126);
            frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend(u64::try_from(long).unwrap().to_be_bytes());
        }
    }
    frame.extend(payload);
    to.write_all(&frame).await
}

pub(crate) fn udp_candidate(line: &str) -> Option<SocketAddr> {
    let words: Vec<_> = line.strip_prefix("a=candidate:")?.split(' ').collect();
    let address = SocketAddr::new(words.get(4)?.parse().ok()?, words.get(5)?.parse().ok()?);
    (words[2] == "udp").then_some(address)
}
