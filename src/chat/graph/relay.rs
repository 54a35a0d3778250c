//! The line to a relay: when to open it, what to subscribe for, and when to be content without.
//!
//! The token service passes notifications on, but it is we who subscribe, with our own Graph
//! token: a channel's addresses and secret come down the line, the subscription goes to Graph, and
//! its id back up. While there is no line, what is new is read when the person acts; trying again
//! asks the token service only, never Graph.

use std::time::Duration;

use crate::chat::retry::Backoff;
use crate::chat::retry::Kind;
use crate::wire::graph::subscription::ChangeNotification;
use crate::wire::graph::subscription::LifecycleEvent;
use crate::wire::token_service::Channel;
use crate::wire::token_service::FromRelay;

#[derive(Debug)]
pub(super) enum Input {
    Begin,
    /// The line is not opened; why, as a status of HTTP.
    Refused(u16),
    Lost,
    Frame(FromRelay),
    /// Graph answered: the id of the subscription.
    Subscribed(Result<String, Kind>),
    /// What [`Output::Wait`] asked for.
    Due,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    Open(With),
    Close,
    Subscribe(Channel),
    /// Tell the relay which subscription is ours.
    Bind(String),
    /// A longer life for the subscription, and a newer token for the line.
    Renew(String),
    Unsubscribe(String),
    Live,
    /// Nothing arrives by itself for now.
    OnDemand,
    /// There is no relay for us: the other feed is the one.
    GiveUp,
    /// Read what happened while nobody told.
    CatchUp,
    Told(ChangeNotification),
    Wait(Duration),
}

/// Which token a line is opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    TheTokenAtHand,
    /// The one at hand was refused: it would be again.
    ANewerToken,
}

pub(super) struct Relay {
    /// Of the next opening.
    with: With,
    backoff: Backoff,
    channel: Option<Channel>,
    subscription: Option<String>,
    given_up: bool,
}

impl Relay {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            with: With::TheTokenAtHand,
            backoff: Backoff::new(seed),
            channel: None,
            subscription: None,
            given_up: false,
        }
    }

    /// The subscription that is left to end.
    pub(super) fn subscription(&mut self) -> Option<String> {
        self.subscription.take()
    }

    pub(super) fn handle(&mut self, input: Input) -> Vec<Output> {
        if self.given_up {
            return Vec::new();
        }
        match input {
            Input::Begin => vec![Output::Open(self.with)],
            // Nothing there, not for us, or not this way: the same the next time.
            Input::Refused(400 | 403 | 404 | 405) => self.give_up(),
            Input::Refused(401) if self.with == With::ANewerToken => self.give_up(),
            // That the line is lost follows, here too.
            Input::Refused(401) => {
                self.with = With::ANewerToken;
                Vec::new()
            }
            Input::Refused(_) => Vec::new(),
            Input::Lost => self.lost(),
            Input::Frame(frame) => self.frame(frame),
            Input::Subscribed(Ok(id)) if self.channel.is_some() => {
                self.backoff.reset();
                self.subscription = Some(id.clone());
                vec![
                    Output::Bind(id),
                    Output::Live,
                    Output::CatchUp,
                    Output::Wait(RENEWAL),
                ]
            }
            // The line was lost meanwhile.
            Input::Subscribed(Ok(id)) => vec![Output::Unsubscribe(id)],
            Input::Subscribed(Err(Kind::Permanent | Kind::Forbidden | Kind::NotFound)) => {
                self.give_up()
            }
            Input::Subscribed(Err(_)) => vec![Output::Close],
            Input::Due => match &self.subscription {
                Some(id) => vec![Output::Renew(id.clone()), Output::Wait(RENEWAL)],
                None if self.channel.is_none() => vec![Output::Open(self.with)],
                None => Vec::new(),
            },
        }
    }

    fn lost(&mut self) -> Vec<Output> {
        self.channel = None;
        let ended = self.subscription.take().map(Output::Unsubscribe);
        let rest = [Output::OnDemand, Output::Wait(self.backoff.next())];
        ended.into_iter().chain(rest).collect()
    }

    fn give_up(&mut self) -> Vec<Output> {
        self.given_up = true;
        vec![Output::Close, Output::GiveUp]
    }

    fn frame(&mut self, frame: FromRelay) -> Vec<Output> {
        let mut outputs = Vec::new();
        if let Some(channel) = frame.channel {
            self.channel = Some(channel.clone());
            self.with = With::TheTokenAtHand;
            outputs.push(Output::Subscribe(channel));
        }
        for told in frame.value {
            outputs.extend(self.told(told));
        }
        outputs
    }

    fn told(&self, told: ChangeNotification) -> Option<Output> {
        match (&told.lifecycle_event, &self.subscription, &self.channel) {
            (None, ..) => Some(Output::Told(told)),
            (Some(LifecycleEvent::Missed), ..) => Some(Output::CatchUp),
            (Some(LifecycleEvent::ReauthorizationRequired), Some(id), _) => {
                Some(Output::Renew(id.clone()))
            }
            (Some(LifecycleEvent::SubscriptionRemoved), _, Some(channel)) => {
                Some(Output::Subscribe(channel.clone()))
            }
            (Some(_), ..) => None,
        }
    }
}

/// A subscription lives an hour, a token at least as long.
const RENEWAL: Duration = Duration::from_mins(50);

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Output = Output::Open(With::TheTokenAtHand);

    fn channel() -> Channel {
        Channel {
            notification_url: "https://relay.example/v1/relay/a".to_owned(),
            ..Channel::default()
        }
    }

    fn opened() -> FromRelay {
        FromRelay {
            channel: Some(channel()),
            value: Vec::new(),
        }
    }

    fn told(event: Option<LifecycleEvent>) -> Input {
        let notification = ChangeNotification {
            lifecycle_event: event,
            ..ChangeNotification::default()
        };
        Input::Frame(FromRelay {
            channel: None,
            value: vec![notification],
        })
    }

    fn live() -> Relay {
        let mut relay = Relay::new(1);
        assert_eq!(relay.handle(Input::Begin), [OPEN]);
        let subscribe = [Output::Subscribe(channel())];
        assert_eq!(relay.handle(Input::Frame(opened())), subscribe);
        let outputs = relay.handle(Input::Subscribed(Ok("s".to_owned())));
        assert_eq!(outputs[0], Output::Bind("s".to_owned()));
        assert_eq!(outputs[1..3], [Output::Live, Output::CatchUp]);
        relay
    }

    #[test]
    fn a_lost_line_is_on_demand_until_it_is_back() {
        let mut relay = live();
        let outputs = relay.handle(Input::Lost);
        assert_eq!(outputs[0], Output::Unsubscribe("s".to_owned()));
        assert_eq!(outputs[1], Output::OnDemand);
        assert!(matches!(outputs[2], Output::Wait(_)));
        assert_eq!(relay.handle(Input::Due), [OPEN]);
        relay.handle(Input::Frame(opened()));
        let outputs = relay.handle(Input::Subscribed(Ok("t".to_owned())));
        assert!(outputs.contains(&Output::Live));
    }

    #[test]
    fn where_there_is_no_relay_it_is_not_asked_again() {
        for status in [400, 403, 404] {
            let mut relay = Relay::new(1);
            relay.handle(Input::Begin);
            let outputs = relay.handle(Input::Refused(status));
            assert_eq!(outputs, [Output::Close, Output::GiveUp]);
            assert_eq!(relay.handle(Input::Lost), []);
            assert_eq!(relay.handle(Input::Due), []);
        }
        let mut relay = Relay::new(1);
        relay.handle(Input::Begin);
        assert_eq!(relay.handle(Input::Refused(503)), []);
        assert!(matches!(
            relay.handle(Input::Lost)[..],
            [Output::OnDemand, Output::Wait(_)]
        ));
    }

    #[test]
    fn a_refused_token_is_not_shown_again_and_a_newer_one_once() {
        let mut relay = Relay::new(1);
        relay.handle(Input::Begin);
        assert_eq!(relay.handle(Input::Refused(401)), []);
        relay.handle(Input::Lost);
        let anew = [Output::Open(With::ANewerToken)];
        assert_eq!(relay.handle(Input::Due), anew);
        relay.handle(Input::Frame(opened()));
        relay.handle(Input::Lost);
        assert_eq!(relay.handle(Input::Due), [OPEN], "that one was taken");
        relay.handle(Input::Refused(401));
        relay.handle(Input::Lost);
        assert_eq!(relay.handle(Input::Due), anew);
        let refused = relay.handle(Input::Refused(401));
        assert_eq!(refused, [Output::Close, Output::GiveUp]);
    }

    #[test]
    fn what_becomes_of_the_subscription_is_acted_upon() {
        let mut relay = live();
        let removed = told(Some(LifecycleEvent::SubscriptionRemoved));
        assert_eq!(relay.handle(removed), [Output::Subscribe(channel())]);
        let renewed = relay.handle(told(Some(LifecycleEvent::ReauthorizationRequired)));
        assert_eq!(renewed, [Output::Renew("s".to_owned())]);
        let missed = relay.handle(told(Some(LifecycleEvent::Missed)));
        assert_eq!(missed, [Output::CatchUp]);
        assert!(matches!(relay.handle(told(None))[..], [Output::Told(_)]));
    }

    #[test]
    fn a_subscription_that_comes_too_late_is_ended_and_a_refused_one_is_the_last() {
        let mut relay = live();
        relay.handle(Input::Lost);
        let late = relay.handle(Input::Subscribed(Ok("t".to_owned())));
        assert_eq!(late, [Output::Unsubscribe("t".to_owned())]);
        let mut relay = Relay::new(1);
        relay.handle(Input::Begin);
        relay.handle(Input::Frame(opened()));
        let refused = relay.handle(Input::Subscribed(Err(Kind::Forbidden)));
        assert_eq!(refused, [Output::Close, Output::GiveUp]);
    }
}
