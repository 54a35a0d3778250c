//! How long packets travel: the fastest of late, and the delay that most of them keep.

use std::collections::VecDeque;

use super::MS;

/// Travel times of the last 5 s in samples, on a clock of our own zero: only differences mean anything.
#[derive(Debug)]
pub(super) struct Delays {
    recent: VecDeque<(i64, i64)>,
    sorted: Vec<i64>,
    fastest: i64,
    percentile: i64,
    measured: i64,
    last: i64,
    /// Sixteen times the jitter, as in RFC 3550 A.8.
    jitter: i64,
}

impl Delays {
    pub(super) fn new() -> Self {
        Self {
            recent: VecDeque::with_capacity(MOST_DELAYS),
            sorted: Vec::with_capacity(MOST_DELAYS),
            fastest: 0,
            percentile: 0,
            measured: 0,
            last: 0,
            jitter: 0,
        }
    }

    pub(super) fn restart(&mut self, now: i64, transit: i64) {
        self.recent.clear();
        self.recent.push_back((now, transit));
        (self.fastest, self.last) = (transit, transit);
        (self.percentile, self.measured) = (0, now);
    }

    pub(super) fn note(&mut self, now: i64, transit: i64, in_order: bool) {
        if in_order {
            let change = (transit - self.last).abs();
            self.jitter += change - ((self.jitter + 8) >> 4);
            self.last = transit;
        }
        if self.recent.len() >= MOST_DELAYS {
            self.recent.pop_front();
        }
        self.recent.push_back((now, transit));
        let grew = transit - self.fastest > self.percentile;
        if transit < self.fastest || grew || now - self.measured >= MEASURE_AGAIN {
            self.measure(now);
        }
    }

    /// The shortest time of late.
    pub(super) fn fastest(&self) -> i64 {
        self.fastest
    }

    /// What 95 % of packets take longer than that at most.
    pub(super) fn usual(&self) -> i64 {
        self.percentile
    }

    /// In samples, as RFC 3550 has it.
    pub(super) fn jitter(&self) -> i64 {
        self.jitter / 16
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.recent.len()
    }

    fn measure(&mut self, now: i64) {
        while self
            .recent
            .front()
            .is_some_and(|(at, _)| *at < now - REMEMBERED)
        {
            self.recent.pop_front();
        }
        self.measured = now;
        self.sorted.clear();
        self.sorted
            .extend(self.recent.iter().map(|(_, transit)| *transit));
        self.sorted.sort_unstable();
        if let Some(fastest) = self.sorted.first() {
            self.fastest = *fastest;
            let rank = (self.sorted.len() * 19).div_ceil(20) - 1;
            self.percentile = self.sorted[rank] - fastest;
        }
    }
}

const REMEMBERED: i64 = 5000 * MS;
const MEASURE_AGAIN: i64 = 100 * MS;
pub(super) const MOST_DELAYS: usize = 512;
