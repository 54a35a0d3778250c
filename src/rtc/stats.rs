//! How well the media gets through, over the last second.

use std::time::Duration;

use str0m::stats::MediaEgressStats;
use str0m::stats::MediaIngressStats;
use str0m::stats::PeerStats;

use crate::clock::Moment;

use super::datagram::Transport;
use super::packet::Packet;

/// What is known about a connection; every part of it can be missing, and then is not claimed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stats {
    /// What the media goes over now.
    pub transport: Option<Transport>,
    pub round_trip: Option<Duration>,
    /// Of the packets that should have come in, how many did not: 0 to 1. None came: unknown.
    pub loss_in: Option<f32>,
    /// The same of ours, as the other side reports it; what an encoder should expect.
    pub loss_out: Option<f32>,
    /// How unevenly packets come in.
    pub jitter: Option<Duration>,
    /// Bits a second of media alone, without what carries it.
    pub bitrate_in: u32,
    pub bitrate_out: u32,
}

impl Stats {
    /// [`Stats::loss_in`] in whole percent.
    pub fn lost_in(&self) -> Option<u8> {
        self.loss_in.map(percent)
    }

    /// [`Stats::loss_out`] in whole percent.
    pub fn lost_out(&self) -> Option<u8> {
        self.loss_out.map(percent)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits"
)]
fn percent(share: f32) -> u8 {
    (share * 100.0).round().clamp(0.0, 100.0) as u8
}

/// The one codec of every call, as it is called in statistics.
pub const CODEC: &str = "Opus 48 kHz mono";

/// Collects what the library reports once a second.
#[derive(Debug, Default)]
pub(super) struct Meter {
    stats: Stats,
    arrivals: Arrivals,
    last: Option<(Moment, u64, u64)>,
    fresh: bool,
    reported: Option<Moment>,
}

impl Meter {
    pub(super) fn arrived(&mut self, packet: &Packet) {
        self.arrivals.note(packet.ssrc, packet.sequence);
    }

    pub(super) fn peer(&mut self, peer: &PeerStats, now: Moment) {
        if let Some((then, received, sent)) = self.last {
            let span = now.since(then);
            self.stats.bitrate_in = rate(peer.bytes_rx.saturating_sub(received), span);
            self.stats.bitrate_out = rate(peer.bytes_tx.saturating_sub(sent), span);
        }
        self.last = Some((now, peer.bytes_rx, peer.bytes_tx));
        if let Some(pair) = &peer.selected_candidate_pair {
            self.stats.transport = Transport::of(pair.protocol);
            self.stats.round_trip = pair.current_round_trip_time.or(self.stats.round_trip);
        }
        self.stats.loss_in = self.arrivals.loss();
        if self.reported.is_some_and(|at| now.since(at) > REPORT_HOLDS) {
            self.stats.loss_out = None;
        }
        self.fresh = true;
    }

    pub(super) fn sent(&mut self, egress: &MediaEgressStats, now: Moment) {
        if let Some(loss) = egress.loss {
            self.stats.loss_out = Some(loss.clamp(0.0, 1.0));
            self.reported = Some(now);
        }
        if self.stats.round_trip.is_none() {
            self.stats.round_trip = egress.rtt;
        }
    }

    pub(super) fn received(&mut self, ingress: &MediaIngressStats) {
        if ingress.packets > 0 {
            let micros = u64::from(ingress.jitter) * 1_000_000 / CLOCK_RATE;
            self.stats.jitter = Some(Duration::from_micros(micros));
        }
    }

    pub(super) fn transport(&self) -> Option<Transport> {
        self.stats.transport
    }

    /// Once per report.
    pub(super) fn take(&mut self) -> Option<Stats> {
        std::mem::take(&mut self.fresh).then_some(self.stats)
    }
}

/// Counts what came in against what the sequence numbers say was sent.
#[derive(Debug, Default)]
struct Arrivals {
    ssrc: Option<u32>,
    /// The highest sequence number, now and at the last report.
    highest: u64,
    before: u64,
    received: u64,
}

impl Arrivals {
    fn note(&mut self, ssrc: u32, sequence: u64) {
        if self.ssrc != Some(ssrc) {
            let before = sequence.saturating_sub(1);
            *self = Self {
                ssrc: Some(ssrc),
                highest: before,
                before,
                received: 0,
            };
        }
        self.highest = self.highest.max(sequence);
        self.received += 1;
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a second holds at most a few hundred packets"
    )]
    fn loss(&mut self) -> Option<f32> {
        let expected = self.highest - self.before;
        let received = std::mem::take(&mut self.received);
        self.before = self.highest;
        let lost = expected.saturating_sub(received);
        (expected > 0).then(|| lost as f32 / expected as f32)
    }
}

fn rate(bytes: u64, span: Duration) -> u32 {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
    u32::try_from(bytes * 8000 / millis).unwrap_or(u32::MAX)
}

const CLOCK_RATE: u64 = 48_000;
/// Browsers report every five seconds or so.
const REPORT_HOLDS: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_what_the_sequence_numbers_miss() {
        let mut arrivals = Arrivals::default();
        for sequence in [100, 101, 103, 102, 109] {
            arrivals.note(7, sequence);
        }
        assert_eq!(arrivals.loss(), Some(0.5));
        assert_eq!(arrivals.loss(), None);
    }

    #[test]
    fn another_stream_begins_without_loss() {
        let mut arrivals = Arrivals::default();
        arrivals.note(7, 100);
        arrivals.note(8, 60_000);
        assert_eq!(arrivals.loss(), Some(0.0));
    }
}
