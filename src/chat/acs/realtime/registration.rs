//! The registrar's side of a connection: told at connecting, renewed while it lasts.

use std::time::Duration;

use crate::chat::retry::Backoff;
use crate::chat::socket::LinkId;
use crate::clock::Moment;

use super::Refusal;

pub(super) struct Registration {
    link: Option<LinkId>,
    /// When the allocation ends; unknown is for ever.
    ends: Option<Moment>,
    begun: Moment,
    ttl: u64,
    made: bool,
    told: bool,
    due: Option<Moment>,
    fresh: bool,
    refusals: u32,
    backoff: Backoff,
}

impl Registration {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            link: None,
            ends: None,
            begun: Moment::ZERO,
            ttl: LONGEST,
            made: false,
            told: false,
            due: None,
            fresh: false,
            refusals: 0,
            backoff: Backoff::new(seed.wrapping_add(1)),
        }
    }

    /// For a connection that stands, with the seconds it lives.
    pub(super) fn begin(&mut self, link: LinkId, ttl: Option<u64>, now: Moment) {
        self.link = Some(link);
        self.begun = now;
        self.ends = ttl.map(|seconds| now + Duration::from_secs(seconds));
        self.ttl = ttl.map_or(LONGEST, |seconds| seconds.min(LONGEST));
        self.told = false;
        self.due = None;
        self.refusals = 0;
        self.backoff.reset();
    }

    pub(super) fn link(&self) -> Option<LinkId> {
        self.link
    }

    pub(super) fn ttl(&self) -> u64 {
        self.ttl
    }

    pub(super) fn is_made(&self) -> bool {
        self.made
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.due
    }

    pub(super) fn end(&mut self) {
        self.link = None;
        self.due = None;
    }

    /// Whether it is time to register, and then whether with a fresh token.
    pub(super) fn due(&mut self, now: Moment) -> Option<bool> {
        self.due.take_if(|at| *at <= now)?;
        self.ttl = self
            .ends
            .map_or(LONGEST, |ends| ends.since(now).as_secs().clamp(1, LONGEST));
        Some(std::mem::take(&mut self.fresh))
    }

    /// `true` for the first success of a connection.
    pub(super) fn succeeded(&mut self, now: Moment) -> bool {
        self.made = true;
        self.refusals = 0;
        self.backoff.reset();
        let lasts = self.ends.map(|ends| ends.since(self.begun).as_secs());
        if lasts.is_some_and(|seconds| seconds > LONGEST) {
            self.due = Some(now + Duration::from_secs(LONGEST) - EARLY);
        }
        !std::mem::replace(&mut self.told, true)
    }

    /// `true` when push cannot be had this way for now.
    pub(super) fn failed(&mut self, refusal: Refusal, now: Moment) -> bool {
        let delay = match refusal {
            Refusal::Unauthorized => {
                self.fresh = true;
                self.refusals += 1;
                if self.refusals == 1 {
                    Duration::ZERO
                } else {
                    self.backoff.next()
                }
            }
            Refusal::Failed => self.backoff.next(),
            Refusal::Refused | Refusal::Deprecated => REFUSED,
        };
        let last = self.refusals > REFUSALS;
        self.due = (!last).then(|| now + delay);
        // A renewal that fails is no reason for despair: the registration still stands.
        !self.told && (delay >= REFUSED || self.backoff.failures() >= HOPELESS_AFTER || last)
    }
}

/// Longest life of a registration, in seconds.
const LONGEST: u64 = 7200;

/// A registration is renewed this long before its end.
const EARLY: Duration = Duration::from_secs(30);

/// After an answer that trying again will not change soon.
const REFUSED: Duration = Duration::from_secs(123);

const REFUSALS: u32 = 15;

const HOPELESS_AFTER: u32 = 3;
