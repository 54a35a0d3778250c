//! The meter: participant-minutes and messages that cost money. Ours only: what others pay is not ours to guess.

use std::collections::BTreeSet;

use crate::clock::Moment;
use crate::clock::Now;
use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::account::AccountKind;
use crate::model::call::CallState;
use crate::model::locator::Locator;
use crate::model::locator::MeetingHost;
use crate::model::message::MessageId;
use crate::model::settings::Metered;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKey;
use crate::model::usage::CallUsage;
use crate::model::usage::MessageUsage;
use crate::model::usage::Price;
use crate::model::usage::minutes;
use crate::state::State;
use crate::state::call::Call;

/// The meter of one stay in a call: from dialling to the end, lobby and hold included (teams-interop 8).
///
/// Nothing costs more because the clock was set, or because the machine slept: how long it
/// took is counted with the clock that only runs forward.
#[derive(Debug, Clone)]
pub struct Meter {
    started: Now,
    ended: Option<Moment>,
    /// Milliseconds of what is over.
    lobby: u64,
    hold: u64,
    /// What goes on beside talking, and since when.
    apart: Option<(Apart, Moment)>,
    /// Messages of ours in the meeting's chat.
    pub sent: BTreeSet<MessageId>,
    /// A call that costs money is written down again at this moment.
    pub due: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apart {
    Lobby,
    Hold,
}

impl Meter {
    pub const fn new(started: Now) -> Self {
        Self {
            started,
            ended: None,
            lobby: 0,
            hold: 0,
            apart: None,
            sent: BTreeSet::new(),
            due: None,
        }
    }

    /// The call stands like this since `at`.
    pub fn stand(&mut self, state: CallState, at: Moment) {
        let apart = match state {
            CallState::InLobby => Some(Apart::Lobby),
            CallState::LocalHold | CallState::RemoteHold => Some(Apart::Hold),
            CallState::Connecting
            | CallState::Ringing
            | CallState::EarlyMedia
            | CallState::Connected
            | CallState::Disconnecting
            | CallState::Disconnected => None,
        };
        if self.apart.map(|(apart, _)| apart) != apart {
            self.lobby = self.in_lobby(at);
            self.hold = self.on_hold(at);
            self.apart = apart.map(|apart| (apart, at));
        }
    }

    /// `false` where it had ended before.
    pub fn end(&mut self, at: Moment) -> bool {
        if self.ended.is_some() {
            return false;
        }
        self.stand(CallState::Disconnected, at);
        self.ended = Some(at);
        self.due = None;
        true
    }

    /// The end, or `now` while it goes on, by the calendar that held when it began.
    pub fn seen(&self, now: Moment) -> Timestamp {
        let passed = i64::try_from(self.millis(now)).unwrap_or(i64::MAX);
        Timestamp::from_millis(self.started.utc.as_millis().saturating_add(passed))
    }

    pub const fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub fn millis(&self, now: Moment) -> u64 {
        between(self.started.moment, self.ended.unwrap_or(now))
    }

    /// Milliseconds in the lobby.
    pub fn in_lobby(&self, now: Moment) -> u64 {
        self.lobby + self.going_on(Apart::Lobby, now)
    }

    pub fn on_hold(&self, now: Moment) -> u64 {
        self.hold + self.going_on(Apart::Hold, now)
    }

    fn going_on(&self, apart: Apart, now: Moment) -> u64 {
        match self.apart {
            Some((what, since)) if what == apart => between(since, now),
            Some(_) | None => 0,
        }
    }
}

fn between(from: Moment, to: Moment) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

impl State {
    /// What a participant-minute of a call costs us. A user of either kind is metered on this client.
    pub fn minute_price(&self, account: &AccountId, place: Option<&Locator>) -> Price {
        self.price(account, place, self.settings.price_per_minute)
    }

    /// What a message costs us: a Teams user sends for nothing.
    pub fn message_price(&self, account: &AccountId, place: Option<&Locator>) -> Price {
        match self.accounts.get(account).map(|a| a.kind) {
            Some(AccountKind::Teams) => Price::NotMetered,
            Some(AccountKind::External) | None => {
                self.price(account, place, self.settings.price_per_message)
            }
        }
    }

    fn price(&self, account: &AccountId, place: Option<&Locator>, amount: f64) -> Price {
        if !self.is_metered(account, place) {
            return Price::NotMetered;
        }
        Price::Metered {
            amount,
            currency: self.settings.currency.clone(),
            as_of: self.settings.prices_as_of.clone(),
        }
    }

    /// Somebody is paid for it. Services of this machine, and meetings that a service of ours holds, cost nothing.
    fn is_metered(&self, account: &AccountId, place: Option<&Locator>) -> bool {
        match self.settings.metered {
            Metered::Always => true,
            Metered::Never => false,
            Metered::Auto => !self.is_own_service(account, place),
        }
    }

    /// A service of this machine, or a meeting that a service of ours holds: the vendor has no part in it.
    pub fn is_own_service(&self, account: &AccountId, place: Option<&Locator>) -> bool {
        let local = self.accounts.get(account).is_some_and(|a| a.local);
        let own = matches!(
            place,
            Some(Locator::Meeting {
                host: MeetingHost::Own,
                ..
            })
        );
        local || own
    }

    /// The stay in a call, as it is known now.
    pub fn call_usage(&self, call: &Call) -> CallUsage {
        let now = self.now.moment;
        CallUsage {
            run: self.run.clone(),
            account: call.account.clone(),
            started: call.meter.started.utc,
            seen: call.meter.seen(now),
            ended: call.meter.has_ended(),
            lobby: call.meter.in_lobby(now),
            hold: call.meter.on_hold(now),
            thread: call.info.thread.clone(),
            topic: call.info.topic.clone(),
            price: self.minute_price(&call.account, Some(&call.locator)),
        }
    }

    /// A message of ours that the service has just taken.
    pub fn message_usage(
        &self,
        account: &AccountId,
        thread: &ThreadId,
        message: MessageId,
    ) -> MessageUsage {
        let call = self.calls.get(account);
        let of_call = call.filter(|c| c.info.thread.as_ref() == Some(thread));
        let key = ThreadKey {
            account: account.clone(),
            thread: thread.clone(),
        };
        MessageUsage {
            account: account.clone(),
            thread: thread.clone(),
            message,
            topic: self
                .threads
                .get(&key)
                .map_or_else(String::new, |t| t.topic.clone()),
            sent: self.now.utc,
            price: self.message_price(account, of_call.map(|c| &c.locator)),
        }
    }

    /// What a call has cost so far, its messages included; `None` where nothing is counted.
    #[expect(
        clippy::cast_precision_loss,
        reason = "messages of a call stay far below 2^52"
    )]
    pub fn cost(&self, call: &Call) -> Option<f64> {
        let minute = self.minute_price(&call.account, Some(&call.locator));
        let message = self.message_price(&call.account, Some(&call.locator));
        minute.is_metered().then(|| {
            minute.times(minutes(call.meter.millis(self.now.moment)))
                + message.times(call.meter.sent.len() as f64)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(minute: u64) -> Moment {
        Moment::ZERO + Duration::from_mins(minute)
    }

    #[test]
    fn lobby_and_hold_are_counted_like_talking_and_known_apart() {
        let mut meter = Meter::new(Now::default());
        meter.stand(CallState::InLobby, at(1));
        assert_eq!(meter.in_lobby(at(3)), 120_000);
        meter.stand(CallState::InLobby, at(3));
        meter.stand(CallState::Connected, at(4));
        meter.stand(CallState::LocalHold, at(10));
        meter.stand(CallState::Connected, at(12));
        assert!(meter.end(at(30)));
        assert!(!meter.end(at(40)));
        let now = at(50);
        let known = (meter.millis(now), meter.in_lobby(now), meter.on_hold(now));
        assert_eq!(known, (30 * 60_000, 3 * 60_000, 2 * 60_000));
    }

    #[test]
    fn a_visit_of_half_an_hour_with_three_messages_costs_what_the_price_list_says() {
        let price = |amount| Price::Metered {
            amount,
            currency: "USD".to_owned(),
            as_of: "2026-11-23".to_owned(),
        };
        let cost = price(0.004).times(minutes(30 * 60_000)) + price(0.0008).times(3.0);
        assert!((cost - 0.1224).abs() < 1e-9, "{cost}");
        assert!(Price::NotMetered.times(30.0) < f64::EPSILON);
    }
}
