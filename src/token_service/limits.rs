//! How often somebody may ask: so many at once, and then at an even pace.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::clock::Moment;

use super::config::LimitsConfig;
use super::person::Who;

/// Everything that is counted, each by what it is counted for.
#[derive(Debug)]
pub(crate) struct Limits {
    address: Pace<IpAddr>,
    person: Pace<Who>,
    invitation: Pace<IpAddr>,
    notification: Pace<IpAddr>,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Self {
        Self {
            address: Pace::new(config.per_address_per_minute),
            person: Pace::new(config.per_person_per_minute),
            invitation: Pace::new(config.invitations_per_address_per_minute),
            notification: Pace::new(config.notifications_per_minute),
        }
    }

    /// Counts a request; otherwise how long to wait.
    pub(crate) fn request(&self, from: IpAddr, now: Moment) -> Result<(), Duration> {
        self.address.count(network(from), now)
    }

    /// Counts a delivery: the cloud makes many from few addresses. Who floods us from others keeps
    /// none of them away.
    pub(crate) fn notification(&self, from: IpAddr, now: Moment) -> Result<(), Duration> {
        self.notification.count(network(from), now)
    }

    pub(crate) fn token(&self, who: &Who, now: Moment) -> Result<(), Duration> {
        self.person.count(who.clone(), now)
    }

    /// Counts a code that somebody tries. Wrong ones are not counted over all addresses together: no number
    /// of addresses guesses 125 bits, and whoever spent such a count would keep every guest out.
    pub(crate) fn try_invitation(&self, from: IpAddr, now: Moment) -> Result<(), Duration> {
        self.invitation.count(network(from), now)
    }
}

/// Who has an IPv6 address usually has all that begin with the same 64 bits.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let s = v6.segments();
            Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A minute's worth at once, refilled evenly. Of each key only one moment is kept: when
/// everything it has used will have been refilled.
#[derive(Debug)]
struct Pace<K> {
    interval: Duration,
    refilled: Mutex<HashMap<K, Moment>>,
}

impl<K: Hash + Eq> Pace<K> {
    fn new(per_minute: u32) -> Self {
        Self {
            interval: MINUTE / per_minute.max(1),
            refilled: Mutex::default(),
        }
    }

    fn count(&self, key: K, now: Moment) -> Result<(), Duration> {
        let mut refilled = self.refilled.lock().unwrap_or_else(PoisonError::into_inner);
        if refilled.len() >= MOST_KEYS {
            refilled.retain(|_, at| *at > now);
        }
        // Who comes from so many places at once is held back by no count of them: all begin anew, so
        // that nobody else is kept out.
        if refilled.len() >= MOST_KEYS {
            refilled.clear();
        }
        let at = refilled.get(&key).copied().unwrap_or(now).max(now);
        self.wait(at, now)?;
        refilled.insert(key, at + self.interval);
        Ok(())
    }

    fn wait(&self, at: Moment, now: Moment) -> Result<(), Duration> {
        let used = at.since(now) + self.interval;
        match used.checked_sub(MINUTE) {
            Some(over) if over > SLACK => Err(over),
            _ => Ok(()),
        }
    }
}

const MINUTE: Duration = Duration::from_mins(1);
/// What dividing a minute leaves over.
const SLACK: Duration = Duration::from_micros(1);
const MOST_KEYS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_at_once_and_then_an_even_pace() {
        for per_minute in [1, 7, 10, 60, 1000] {
            let pace = Pace::new(per_minute);
            let start = Moment::ZERO + MINUTE;
            for n in 0..per_minute {
                assert_eq!(pace.count("ada", start), Ok(()), "{n} of {per_minute}");
            }
            let wait = pace.count("ada", start).unwrap_err();
            assert!(wait <= pace.interval + SLACK, "{wait:?}");
            assert_eq!(pace.count("bob", start), Ok(()));
            assert_eq!(pace.count("ada", start + wait), Ok(()));
            assert!(pace.count("ada", start + wait).is_err());
        }
    }

    #[test]
    fn a_flood_of_deliveries_keeps_none_from_elsewhere_away() {
        let limits = Limits::new(&LimitsConfig {
            notifications_per_minute: 3,
            ..LimitsConfig::default()
        });
        let (cloud, stranger) = (
            IpAddr::from([192, 0, 2, 1]),
            IpAddr::from([198, 51, 100, 1]),
        );
        let now = Moment::ZERO;
        let flood = (0..10).filter(|_| limits.notification(stranger, now).is_ok());
        assert_eq!(flood.count(), 3);
        assert_eq!(limits.notification(cloud, now), Ok(()));
    }

    #[test]
    fn neighbours_of_one_ipv6_network_are_counted_as_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn a_flood_of_keys_neither_grows_for_ever_nor_keeps_anybody_out() {
        let pace = Pace::new(60);
        for n in 0..MOST_KEYS {
            assert_eq!(pace.count(n, Moment::ZERO), Ok(()));
        }
        assert_eq!(pace.refilled.lock().unwrap().len(), MOST_KEYS);
        assert_eq!(pace.count(usize::MAX, Moment::ZERO), Ok(()));
        assert!(pace.refilled.lock().unwrap().len() <= MOST_KEYS);
    }
}
