//! Calls that come in: waited for while a person wants that, ringing, answered or not.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::clock::Moment;
use crate::event::CallEvent;
use crate::model::call::IncomingNumber;
use crate::model::failure::Because;
use crate::model::sound::AudioMode;
use crate::wire::bridge::Act;
use crate::wire::bridge::ToProgram;

use super::Session;
use super::asked::Asked;
use super::call::GONE;
use super::page::Page;
use crate::call::bridge::convert;

/// Whether calls to us are waited for, and which ring.
#[derive(Default)]
pub(super) struct Receiving {
    pub(super) wanted: bool,
    /// By the devices of the browser.
    by_browser: bool,
    connected: bool,
    /// Whether they arrive, as it was told.
    told: Option<bool>,
    /// When the page is started anew, which ended although it was wanted.
    pub(super) again: Option<Moment>,
    ringing: BTreeSet<u64>,
}

impl Receiving {
    pub(super) fn answered(&mut self, incoming: u64) {
        self.ringing.remove(&incoming);
    }
}

pub(super) const fn is_of(said: &ToProgram) -> bool {
    matches!(
        said,
        ToProgram::Incoming { .. }
            | ToProgram::IncomingEnded { .. }
            | ToProgram::IncomingMissed { .. }
    )
}

impl Session {
    pub(super) fn receive(&mut self, wanted: Option<AudioMode>, now: Moment) {
        let by = wanted;
        let wanted = by.is_some();
        self.receiving.by_browser = by == Some(AudioMode::System);
        self.receiving.wanted = wanted;
        self.receiving.again = None;
        self.idle = None;
        if !wanted {
            if self.receiving.told.take() == Some(true) {
                self.event(CallEvent::Receiving(Ok(false)));
            }
        } else if self.receiving.connected {
            self.reached(true, false);
        } else if self.plan.is_none() {
            self.receive_by_wanted_page();
            self.start(now);
        }
    }

    /// Nobody is in a call, and calls are waited for in a browser that has not the devices to answer them with.
    pub(super) fn is_of_wrong_devices(&self) -> bool {
        let free = self.is_idle() && self.receiving.ringing.is_empty();
        free && self.receiving.wanted && self.receiving.by_browser != self.by_browser
    }

    fn receive_by_wanted_page(&mut self) {
        if self.is_of_wrong_devices() {
            if self.page != Page::Off {
                self.end_page();
            }
            self.by_browser = self.receiving.by_browser;
        }
    }

    pub(super) fn receive_as_wanted(&mut self, now: Moment) {
        if self.is_of_wrong_devices() && self.page != Page::Off {
            self.receive_by_wanted_page();
            self.start(now);
        }
    }

    /// With the page it goes too.
    pub(super) const fn not_reached(&mut self) {
        self.receiving.connected = false;
    }

    /// The agent is connected, or not: only then do calls arrive.
    pub(super) fn reached(&mut self, connected: bool, refused: bool) {
        self.receiving.connected = connected;
        if !self.receiving.wanted || self.receiving.told == Some(connected) {
            return;
        }
        self.receiving.told = Some(connected);
        let because = if refused {
            Because::TokenRefused
        } else {
            Because::Lost
        };
        let state = if connected { Ok(true) } else { Err(because) };
        self.event(CallEvent::Receiving(state));
    }

    /// What the page says of calls that come in.
    pub(super) fn rings(&mut self, said: ToProgram) {
        match said {
            ToProgram::Incoming {
                incoming,
                caller,
                transferor,
                ..
            } => {
                self.receiving.ringing.insert(incoming);
                let incoming = convert::incoming(incoming, &caller, transferor.as_ref());
                self.event(CallEvent::Incoming(incoming));
            }
            ToProgram::IncomingEnded { incoming, reason } => {
                self.receiving.ringing.remove(&incoming);
                self.event(CallEvent::IncomingOver {
                    incoming: Some(IncomingNumber(incoming)),
                    reason: convert::end_reason(&reason),
                });
            }
            ToProgram::IncomingMissed { reason, .. } => self.event(CallEvent::IncomingOver {
                incoming: None,
                reason: convert::end_reason(&reason),
            }),
            _ => {}
        }
    }

    pub(super) fn decline(&mut self, incoming: IncomingNumber) {
        if self.receiving.ringing.contains(&incoming.0) {
            let incoming = incoming.0;
            self.command(Act::Reject { incoming }, Asked::Other);
        }
    }

    /// The page is gone, or of no use: nothing rings, and it is tried again after a while.
    pub(super) fn no_more_rings(&mut self, because: Because, now: Moment) {
        for incoming in std::mem::take(&mut self.receiving.ringing) {
            self.event(CallEvent::IncomingOver {
                incoming: Some(IncomingNumber(incoming)),
                reason: GONE,
            });
        }
        if !self.receiving.wanted {
            return;
        }
        // Said once; the rest is tried in silence.
        let known = self.receiving.told == Some(false);
        self.receiving.told = Some(false);
        if !known {
            self.event(CallEvent::Receiving(Err(because)));
        }
        self.receiving.again = Some(now + AGAIN);
    }

    pub(super) fn receive_again(&mut self, now: Moment) {
        if self.receiving.again.is_none_or(|again| again > now) {
            return;
        }
        self.receiving.again = (!self.receiving.connected).then_some(now + AGAIN);
        if !self.receiving.connected && self.plan.is_none() {
            self.start(now);
        }
    }
}

/// A browser is a lot to start in vain.
const AGAIN: Duration = Duration::from_mins(1);
