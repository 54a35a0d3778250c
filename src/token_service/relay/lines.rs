//! Who listens on which channel, and what may be told them.
//!
//! Does no IO: frames go into a queue of bounded length, and a line whose queue is full is
//! forgotten, which its socket notices.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::mpsc;

use crate::token_service::person::Who;
use crate::wire::acs::redacted::Redacted;
use crate::wire::graph::subscription::ChangeNotification;
use crate::wire::token_service::FromRelay;

/// Why a delivery is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody listens there, or no longer.
    Nobody,
    Secret,
    Tenant,
    Subscription,
}

/// A line that was entered.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) channel: String,
    pub(super) state: Redacted,
    pub(super) frames: mpsc::Receiver<String>,
}

struct Line {
    who: Who,
    state: Redacted,
    /// Told by the client, or by the first notification that was good.
    subscription: Option<String>,
    seen: Seen,
    to: mpsc::Sender<String>,
}

pub(super) struct Lines {
    by_channel: HashMap<String, Line>,
    most: usize,
    most_of_one: usize,
}

impl Lines {
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self {
            by_channel: HashMap::new(),
            most,
            most_of_one,
        }
    }

    /// `None`: there are too many, in all or of this person.
    pub(super) fn enter(&mut self, who: &Who) -> Option<Entered> {
        let own = self.by_channel.values().filter(|line| line.who == *who);
        if self.by_channel.len() >= self.most || own.count() >= self.most_of_one {
            return None;
        }
        let (channel, state) = (random()?, Redacted::from(random()?));
        let (to, frames) = mpsc::channel(WAITING);
        let line = Line {
            who: who.clone(),
            state: state.clone(),
            subscription: None,
            seen: Seen::default(),
            to,
        };
        self.by_channel.insert(channel.clone(), line);
        Some(Entered {
            channel,
            state,
            frames,
        })
    }

    pub(super) fn leave(&mut self, channel: &str) {
        self.by_channel.remove(channel);
    }

    pub(super) fn knows(&self, channel: &str) -> bool {
        self.by_channel.contains_key(channel)
    }

    /// The client says which subscription is its own.
    pub(super) fn bind(&mut self, channel: &str, subscription: String) {
        if let Some(line) = self.by_channel.get_mut(channel) {
            line.subscription = Some(subscription);
        }
    }

    /// Whose channel it is, where everything in the delivery says that it is theirs.
    pub(super) fn check(&self, channel: &str, told: &[ChangeNotification]) -> Result<Who, Fault> {
        let line = self.by_channel.get(channel).ok_or(Fault::Nobody)?;
        let check = |notification: &ChangeNotification| {
            let state = notification.client_state.as_deref().unwrap_or_default();
            verify_slices_are_equal(state.as_bytes(), line.state.as_bytes())
                .map_err(|_| Fault::Secret)?;
            if notification.tenant_id.as_ref() != Some(&line.who.issuer) {
                return Err(Fault::Tenant);
            }
            match &line.subscription {
                Some(own) if *own != notification.subscription_id => Err(Fault::Subscription),
                _ => Ok(()),
            }
        };
        told.iter().try_for_each(check)?;
        Ok(line.who.clone())
    }

    /// Sends a notification down the line unless it was before. Whether it went.
    pub(super) fn pass(&mut self, channel: &str, notification: ChangeNotification) -> bool {
        let Some(line) = self.by_channel.get_mut(channel) else {
            return false;
        };
        let subscription = &notification.subscription_id;
        let own = line
            .subscription
            .get_or_insert_with(|| subscription.clone());
        if own != subscription {
            return false;
        }
        // What becomes of a subscription may be the same twice.
        let is_content = notification.lifecycle_event.is_none();
        let frame = FromRelay {
            value: vec![notification],
            channel: None,
        };
        let frame = serde_json::to_string(&frame).unwrap_or_default();
        if is_content && !line.seen.is_new(&frame) {
            return false;
        }
        let sent = line.to.try_send(frame).is_ok();
        if !sent {
            tracing::info!("a client was too slow for its notifications and is dropped");
            self.by_channel.remove(channel);
        }
        sent
    }
}

/// What went down a line lately: the cloud delivers twice when an answer comes late.
#[derive(Default)]
struct Seen {
    all: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Seen {
    fn is_new(&mut self, frame: &str) -> bool {
        let mut print = [0; 32];
        print.copy_from_slice(digest::digest(&digest::SHA256, frame.as_bytes()).as_ref());
        if !self.all.insert(print) {
            return false;
        }
        self.order.push_back(print);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        true
    }
}

/// 256 bits; `None` where the system has none to give.
fn random() -> Option<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// Frames for a client that is slow, and prints of what it was sent.
const WAITING: usize = 256;
const REMEMBERED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn who(tenant: &str, person: &str) -> Who {
        Who {
            issuer: tenant.to_owned(),
            subject: person.to_owned(),
        }
    }

    fn told(state: &str, tenant: &str, subscription: &str) -> Vec<ChangeNotification> {
        vec![ChangeNotification {
            subscription_id: subscription.to_owned(),
            client_state: Some(state.into()),
            tenant_id: Some(tenant.to_owned()),
            ..ChangeNotification::default()
        }]
    }

    #[test]
    fn a_delivery_needs_the_secret_the_tenant_and_the_subscription() {
        let mut lines = Lines::new(9, 9);
        let ada = lines.enter(&who("t", "ada")).unwrap();
        let bob = lines.enter(&who("t", "bob")).unwrap();
        let check = |lines: &Lines, state: &str, tenant: &str, subscription: &str| {
            lines.check(&ada.channel, &told(state, tenant, subscription))
        };
        assert_eq!(check(&lines, &ada.state, "t", "s"), Ok(who("t", "ada")));
        assert_eq!(check(&lines, &bob.state, "t", "s"), Err(Fault::Secret));
        assert_eq!(check(&lines, "", "t", "s"), Err(Fault::Secret));
        assert_eq!(check(&lines, &ada.state, "u", "s"), Err(Fault::Tenant));
        lines.bind(&ada.channel, "s".to_owned());
        assert_eq!(
            check(&lines, &ada.state, "t", "r"),
            Err(Fault::Subscription)
        );
        let mut both = told(&ada.state, "t", "s");
        both.extend(told("", "t", "s"));
        assert_eq!(lines.check(&ada.channel, &both), Err(Fault::Secret));
        lines.leave(&ada.channel);
        assert_eq!(check(&lines, &ada.state, "t", "s"), Err(Fault::Nobody));
    }

    fn about(subscription: &str, resource: &str) -> ChangeNotification {
        ChangeNotification {
            subscription_id: subscription.to_owned(),
            resource: resource.to_owned(),
            ..ChangeNotification::default()
        }
    }

    #[test]
    fn what_came_twice_goes_once_and_to_its_own_line_only() {
        let mut lines = Lines::new(9, 9);
        let mut ada = lines.enter(&who("t", "ada")).unwrap();
        let mut bob = lines.enter(&who("t", "bob")).unwrap();
        assert!(lines.pass(&ada.channel, about("s", "one")));
        assert!(!lines.pass(&ada.channel, about("s", "one")));
        assert!(!lines.pass(&ada.channel, about("another", "two")));
        assert!(ada.frames.try_recv().unwrap().contains("\"one\""));
        assert!(ada.frames.try_recv().is_err());
        assert!(bob.frames.try_recv().is_err());
    }

    #[test]
    fn a_client_that_does_not_read_is_dropped_and_holds_no_more_than_its_queue() {
        let mut lines = Lines::new(9, 9);
        let ada = lines.enter(&who("t", "ada")).unwrap();
        let sent = (0..1000).filter(|n| lines.pass(&ada.channel, about("s", &n.to_string())));
        assert_eq!(sent.count(), WAITING);
        assert!(!lines.knows(&ada.channel));
        assert_eq!(ada.frames.len(), WAITING);
    }

    #[test]
    fn lines_are_so_many_in_all_and_of_one_person() {
        let mut lines = Lines::new(3, 2);
        let ada = who("t", "ada");
        let first = lines.enter(&ada).unwrap();
        lines.enter(&ada).unwrap();
        assert!(lines.enter(&ada).is_none());
        lines.enter(&who("t", "bob")).unwrap();
        assert!(lines.enter(&who("t", "carol")).is_none());
        lines.leave(&first.channel);
        assert!(lines.enter(&who("t", "carol")).is_some());
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut seen = Seen::default();
        assert!((0..=REMEMBERED).all(|n| seen.is_new(&n.to_string())));
        assert_eq!((seen.all.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
        assert!(seen.is_new("0"), "the oldest is forgotten");
    }
}
