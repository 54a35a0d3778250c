//! Whether the other side can be heard, and what is tried when it cannot.
//!
//! Both sides report on their streams every half second, so a side that hears nothing for
//! [`QUIET`] has lost its path. Only the side that offers tries something: TCP when UDP
//! does not get through, and asking its owner for new descriptions. Those ask again, ever
//! more slowly, for as long as nothing is heard.

use std::time::Duration;

use crate::clock::Moment;

use super::Reason;
use super::Role;
use super::State;

#[derive(Debug)]
pub(super) struct Link {
    role: Role,
    ice: Ice,
    /// The other side's certificate is the one that was announced.
    secure: bool,
    /// Anything at all, and media or reports on it: those come over the chosen path only,
    /// while ICE may still be heard where media no longer is.
    heard: Moment,
    heard_media: Moment,
    told: Option<State>,
    tcp_at: Option<Moment>,
    /// When to ask for new descriptions and why; when that was done last, and how often.
    ask_at: Option<Moment>,
    reason: Reason,
    asked_at: Option<Moment>,
    asked: u32,
    give_up_at: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ice {
    Checking,
    Connected,
    Failed,
}

/// What became due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Tell(State),
    TryTcp,
    Ask(Reason),
    GiveUp,
}

impl Link {
    pub(super) fn new(role: Role, now: Moment) -> Self {
        Self {
            role,
            ice: Ice::Checking,
            secure: false,
            heard: now,
            heard_media: now,
            told: None,
            tcp_at: None,
            ask_at: None,
            reason: Reason::NoPath,
            asked_at: None,
            asked: 0,
            give_up_at: None,
        }
    }

    /// Descriptions were exchanged. `tcp` tells when a connection may be tried, if at all.
    pub(super) fn begin(&mut self, tcp: Option<Tcp>, now: Moment) {
        match self.role {
            Role::Offerer => {
                self.tcp_at = tcp.map(|tcp| match tcp {
                    Tcp::AtOnce => now,
                    Tcp::AfterUdp => now + UDP_FIRST,
                });
                self.reason = Reason::NoPath;
                self.ask_at = Some(now + self.patience());
            }
            Role::Answerer if !self.secure => self.give_up_at = Some(now + NEVER_CONNECTED),
            Role::Answerer => {}
        }
    }

    pub(super) fn heard(&mut self, media: bool, now: Moment) {
        self.heard = now;
        if media {
            self.heard_media = now;
        }
    }

    pub(super) fn ice(&mut self, ice: Ice) {
        self.ice = ice;
    }

    pub(super) fn secured(&mut self, now: Moment) {
        self.secure = true;
        self.give_up_at = None;
        self.heard(true, now);
    }

    /// Nothing can be sent any more on the path in use.
    pub(super) fn broke(&mut self, reason: Reason, now: Moment) {
        let lately = |at: Moment| now.since(at) < FIRST_PATIENCE;
        if self.role == Role::Offerer && !self.asked_at.is_some_and(lately) {
            self.reason = reason;
            self.ask_at = Some(now);
        }
    }

    /// UDP does not work here, so nothing is gained by waiting for it.
    pub(super) fn hurry_tcp(&mut self, now: Moment) {
        self.tcp_at = self.tcp_at.map(|_| now);
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(super) fn is_up(&self) -> bool {
        self.told == Some(State::Connected)
    }

    pub(super) fn tick(&mut self, now: Moment) -> Option<Due> {
        let silent = now.since(self.heard) >= self.quiet();
        let deaf = silent || self.is_deaf(now);
        match self.told {
            Some(State::Connected) if silent || self.ice == Ice::Failed => {
                self.told = Some(State::Interrupted);
                self.ask_first(now);
                return Some(Due::Tell(State::Interrupted));
            }
            Some(State::Connected) if deaf => self.ask_first(now),
            // All is well: what was to be asked later is not asked.
            Some(State::Connected) => self.forget_asking(now),
            _ if self.secure && self.ice == Ice::Connected && !deaf => {
                self.told = Some(State::Connected);
                self.tcp_at = None;
                self.forget_asking(now);
                return Some(Due::Tell(State::Connected));
            }
            _ => {}
        }
        if self.tcp_at.is_some_and(|at| at <= now) {
            self.tcp_at = None;
            return Some(Due::TryTcp);
        }
        if self.ask_at.is_some_and(|at| at <= now) {
            self.asked_at = Some(now);
            self.asked += 1;
            self.ask_at = Some(now + self.patience());
            return Some(Due::Ask(self.reason));
        }
        if self.give_up_at.is_some_and(|at| at <= now) {
            self.give_up_at = None;
            return Some(Due::GiveUp);
        }
        None
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let quiet = self.is_up().then(|| {
            let silent = self.heard + self.quiet();
            match self.role {
                // Once there is something to be asked, deafness is being dealt with.
                Role::Offerer if self.ask_at.is_none() => silent.min(self.heard_media + QUIET),
                Role::Offerer | Role::Answerer => silent,
            }
        });
        [quiet, self.tcp_at, self.ask_at, self.give_up_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn ask_first(&mut self, now: Moment) {
        if self.role == Role::Offerer && self.ask_at.is_none() {
            self.reason = Reason::Silence;
            self.ask_at = Some(now);
        }
    }

    fn forget_asking(&mut self, now: Moment) {
        if self.ask_at.is_some_and(|at| at > now) {
            self.ask_at = None;
            self.asked = 0;
        }
    }

    fn is_deaf(&self, now: Moment) -> bool {
        self.role == Role::Offerer && now.since(self.heard_media) >= QUIET
    }

    fn quiet(&self) -> Duration {
        match self.role {
            Role::Offerer => QUIET,
            Role::Answerer => QUIET_BROWSER,
        }
    }

    /// Before the next ask, doubling from two seconds to sixteen.
    fn patience(&self) -> Duration {
        FIRST_PATIENCE * 2_u32.pow(self.asked.min(3))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tcp {
    AtOnce,
    AfterUdp,
}

/// Two reports may be lost before the path counts as lost.
const QUIET: Duration = Duration::from_millis(1150);
/// Browsers report every five seconds and check the path every two and a half.
const QUIET_BROWSER: Duration = Duration::from_secs(6);
const UDP_FIRST: Duration = Duration::from_millis(1500);
const FIRST_PATIENCE: Duration = Duration::from_secs(2);
const NEVER_CONNECTED: Duration = Duration::from_secs(30);
