//! What many people cost the service, and whether each of them gets all of its sound.

use std::sync::Arc;
use std::time::Duration;

use super::peer;
use super::peer::Peer;
use super::peer::Talk;
use super::process::Used;
use super::process::memory;
use super::program::Host;
use super::sidetone::meeting;

/// A meeting's people, and what they took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Of the service's process, in percent of a core.
    pub(super) cpu: f64,
    pub(super) memory: f64,
    /// Packets a second of whoever got fewest; 50 are all.
    pub(super) slowest: f64,
}

pub(super) async fn measure(talkers: usize, listeners: usize, span: Duration) -> Load {
    let host = Host::start();
    let link = meeting(&host).await;
    let voice = peer::voice();
    let mut peers = Vec::new();
    for number in 0..talkers + listeners {
        let talk = if number < talkers {
            Talk::Talks
        } else {
            Talk::Listens
        };
        peers.push(arrive(&host, &link, number, talk, &voice).await);
    }
    tokio::time::sleep(SETTLED).await;
    let before: Vec<_> = peers.iter().map(Peer::received).collect();
    let used = Used::by(host.process());
    tokio::time::sleep(span).await;
    let cpu = Used::by(host.process()).percent_since(used);
    let counts = peers.iter().zip(before);
    let fewest = counts.map(|(peer, before)| peer.received() - before).min();
    Load {
        cpu,
        memory: memory(host.process()),
        slowest: fewest.unwrap_or(0) as f64 / span.as_secs_f64(),
    }
}

/// One after the other: the service gives new guests from one address so many tokens a second.
async fn arrive(
    host: &Host,
    link: &str,
    number: usize,
    talk: Talk,
    voice: &Arc<[Arc<[u8]>]>,
) -> Peer {
    let name = format!("Peer {number}");
    let (peer, ()) = tokio::join!(
        Peer::join(host.endpoint(), link, &name, talk, voice),
        tokio::time::sleep(Duration::from_millis(110))
    );
    peer
}

/// Until what arriving cost is over.
const SETTLED: Duration = Duration::from_secs(3);
