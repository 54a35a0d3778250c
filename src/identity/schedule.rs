//! When to fetch a token: the refresh rules of the vendor's credentials, without IO.
//!
//! A token that is about to expire is still handed out at once; a new one is
//! fetched beside it. Only an expired or refused one makes callers wait, and
//! all of them wait for one fetch.

use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Timestamp;

/// What a caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The token at hand.
    Ready,
    /// The outcome of the fetch that is under way or due.
    Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Fetch,
    Wait(Option<Moment>),
}

/// Numbers the tokens, so that a late refusal of an old one costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generation(u64);

#[derive(Debug, Default)]
pub(super) struct Schedule {
    held: Option<Held>,
    generation: Generation,
    fetching: bool,
    wanted: bool,
    /// Fetches that failed in a row.
    failures: u32,
    refresh_at: Option<Moment>,
    /// What is being fetched is not new enough.
    again: bool,
    /// The token service wants no request earlier, whoever waits.
    not_before: Option<Moment>,
}

#[derive(Debug)]
struct Held {
    expires: Moment,
    refused: bool,
}

impl Schedule {
    /// A caller asks for a token.
    pub(super) fn ask(&mut self, now: Moment) -> Answer {
        let usable = self
            .held
            .as_ref()
            .is_some_and(|held| !held.refused && now < held.expires);
        if usable {
            return Answer::Ready;
        }
        self.wanted = true;
        Answer::Wait
    }

    /// A service refused the token of that generation (401).
    pub(super) fn refused(&mut self, generation: Generation, now: Moment) -> Answer {
        if generation == self.generation
            && let Some(held) = &mut self.held
        {
            held.refused = true;
        }
        self.ask(now)
    }

    /// A new token may give leave for more than the one at hand, which is handed out until it is there.
    pub(super) fn renew(&mut self, now: Moment) {
        self.again = self.fetching;
        if self.held.is_some() {
            // No earlier than what is planned already after a failure, which a person's impatience does not mend.
            let planned = self.refresh_at.filter(|_| self.failures > 0);
            self.refresh_at = Some(planned.unwrap_or(now));
        }
    }

    /// A fetch gave a token. `false`: it has expired already, which is an error and not a
    /// reason to fetch again.
    pub(super) fn fetched(&mut self, lifetime: Duration, now: Moment) -> bool {
        self.fetching = false;
        self.wanted = false;
        if lifetime.is_zero() {
            self.fetch_failed(now);
            return false;
        }
        self.failures = 0;
        self.generation.0 += 1;
        self.held = Some(Held {
            expires: now + lifetime,
            refused: false,
        });
        let again = std::mem::take(&mut self.again);
        let pause = if again {
            Duration::ZERO
        } else {
            until_refresh(lifetime)
        };
        self.refresh_at = Some(now + pause);
        true
    }

    pub(super) fn fetch_failed(&mut self, now: Moment) {
        self.fetching = false;
        self.wanted = false;
        self.failures = self.failures.saturating_add(1);
        // Nobody waits: try again beside the token that is still good, but not for ever after it.
        let good = self.held.as_ref().is_some_and(|held| now < held.expires);
        let pause = PAUSE * 2_u32.saturating_pow(self.failures.min(5));
        self.refresh_at = good.then(|| now + pause);
    }

    /// The token service asked to be left alone for a while (429).
    pub(super) fn throttled(&mut self, wait: Duration, now: Moment) {
        self.fetch_failed(now);
        self.not_before = Some(now + wait.min(LONGEST_WAIT));
    }

    /// How long nobody gets a new token, because the token service asked for that.
    pub(super) fn closed(&self, now: Moment) -> Option<Duration> {
        let until = self.not_before.filter(|at| now < *at)?;
        Some(until.since(now))
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    pub(super) fn poll(&mut self, now: Moment) -> Output {
        if self.fetching {
            return Output::Wait(None);
        }
        if self.wanted || self.refresh_at.is_some_and(|at| at <= now) {
            if self.not_before.is_some_and(|at| now < at) {
                return Output::Wait(self.not_before);
            }
            self.not_before = None;
            self.fetching = true;
            self.refresh_at = None;
            return Output::Fetch;
        }
        Output::Wait(self.refresh_at)
    }
}

/// Ten minutes before the end; inside that window at half of what is left.
fn until_refresh(lifetime: Duration) -> Duration {
    let early = lifetime.saturating_sub(EXPIRING_SOON);
    if early.is_zero() {
        (lifetime / 2).max(PAUSE)
    } else {
        early
    }
}

/// How long a token lives from now on. Our clock counts unless the server's differs by more than a minute.
pub(super) fn lifetime(
    expires: Timestamp,
    ours: Timestamp,
    servers: Option<Timestamp>,
) -> Duration {
    let now = match servers {
        Some(server) if ours.as_millis().abs_diff(server.as_millis()) > 60_000 => server,
        _ => ours,
    };
    let left = expires.as_millis().saturating_sub(now.as_millis());
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}

const EXPIRING_SOON: Duration = Duration::from_mins(10);

/// Shortest time between two fetches that nobody waits for.
const PAUSE: Duration = Duration::from_secs(5);

/// No wait that a service asks for keeps us out for longer.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    fn minutes(n: u64) -> Duration {
        Duration::from_mins(n)
    }

    fn with_token(lifetime: Duration) -> Schedule {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.ask(at(0)), Answer::Wait);
        assert_eq!(schedule.poll(at(0)), Output::Fetch);
        assert!(schedule.fetched(lifetime, at(0)));
        schedule
    }

    #[test]
    fn callers_wait_for_one_fetch() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.ask(at(0)), Answer::Wait);
        assert_eq!(schedule.ask(at(0)), Answer::Wait);
        assert_eq!(schedule.poll(at(0)), Output::Fetch);
        assert_eq!(schedule.ask(at(1)), Answer::Wait);
        assert_eq!(schedule.poll(at(1)), Output::Wait(None));
        assert!(schedule.fetched(minutes(60), at(1)));
        assert_eq!(schedule.ask(at(2)), Answer::Ready);
    }

    #[test]
    fn it_is_renewed_ten_minutes_before_its_end_and_handed_out_meanwhile() {
        let mut schedule = with_token(minutes(60));
        assert_eq!(schedule.poll(at(0)), Output::Wait(Some(at(50 * 60))));
        assert_eq!(schedule.poll(at(50 * 60)), Output::Fetch);
        assert_eq!(schedule.ask(at(50 * 60)), Answer::Ready);
    }

    #[test]
    fn inside_the_last_ten_minutes_it_is_renewed_at_half_of_the_rest() {
        let mut schedule = with_token(minutes(8));
        assert_eq!(schedule.poll(at(0)), Output::Wait(Some(at(4 * 60))));
        let mut schedule = with_token(Duration::from_secs(4));
        assert_eq!(schedule.poll(at(0)), Output::Wait(Some(at(5))));
    }

    #[test]
    fn an_expired_token_makes_callers_wait() {
        let mut schedule = with_token(minutes(60));
        assert_eq!(schedule.ask(at(3601)), Answer::Wait);
        assert_eq!(schedule.poll(at(3601)), Output::Fetch);
    }

    #[test]
    fn a_renewal_that_is_wished_for_makes_nobody_wait_and_is_not_repeated_by_itself() {
        let mut schedule = with_token(minutes(60));
        schedule.renew(at(60));
        assert_eq!(schedule.poll(at(60)), Output::Fetch);
        assert_eq!(schedule.ask(at(60)), Answer::Ready);
        schedule.fetch_failed(at(61));
        schedule.renew(at(61));
        assert_eq!(schedule.poll(at(61)), Output::Wait(Some(at(71))));
        let mut none = Schedule::default();
        none.renew(at(0));
        assert_eq!(none.poll(at(0)), Output::Wait(None));
    }

    #[test]
    fn a_refused_token_is_fetched_anew_once_for_all() {
        let mut schedule = with_token(minutes(60));
        let old = schedule.generation();
        assert_eq!(schedule.refused(old, at(1)), Answer::Wait);
        assert_eq!(schedule.poll(at(1)), Output::Fetch);
        assert!(schedule.fetched(minutes(60), at(2)));
        assert_eq!(schedule.refused(old, at(3)), Answer::Ready);
    }

    #[test]
    fn a_fetch_that_gives_an_expired_token_is_not_repeated() {
        let mut schedule = Schedule::default();
        schedule.ask(at(0));
        assert_eq!(schedule.poll(at(0)), Output::Fetch);
        assert!(!schedule.fetched(Duration::ZERO, at(0)));
        assert_eq!(schedule.poll(at(100)), Output::Wait(None));
    }

    #[test]
    fn a_failed_renewal_is_tried_again_while_the_token_is_good() {
        let mut schedule = with_token(minutes(60));
        assert_eq!(schedule.poll(at(3000)), Output::Fetch);
        schedule.fetch_failed(at(3000));
        assert_eq!(schedule.poll(at(3000)), Output::Wait(Some(at(3010))));
        assert_eq!(schedule.ask(at(3000)), Answer::Ready);
    }

    #[test]
    fn a_wait_the_token_service_asks_for_is_kept_whoever_asks() {
        let mut schedule = Schedule::default();
        schedule.ask(at(0));
        assert_eq!(schedule.poll(at(0)), Output::Fetch);
        schedule.throttled(Duration::from_secs(30), at(1));
        assert_eq!(schedule.ask(at(2)), Answer::Wait);
        assert_eq!(schedule.closed(at(1)), Some(Duration::from_secs(30)));
        assert_eq!(schedule.closed(at(31)), None);
        assert_eq!(schedule.poll(at(2)), Output::Wait(Some(at(31))));
        assert_eq!(schedule.poll(at(31)), Output::Fetch);
        let mut schedule = with_token(minutes(60));
        assert_eq!(schedule.poll(at(3000)), Output::Fetch);
        schedule.throttled(minutes(5), at(3000));
        assert_eq!(schedule.poll(at(3010)), Output::Wait(Some(at(3300))));
        assert_eq!(schedule.poll(at(3300)), Output::Fetch);
    }

    #[test]
    fn the_servers_clock_counts_when_ours_is_wrong() {
        let ts = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        assert_eq!(lifetime(ts(3600), ts(0), Some(ts(30))), minutes(60));
        assert_eq!(lifetime(ts(3600), ts(0), Some(ts(1800))), minutes(30));
        assert_eq!(lifetime(ts(3600), ts(4000), None), Duration::ZERO);
    }

    /// A service whose tokens live two minutes, and a machine whose clock is wrong in ever other ways.
    struct World {
        schedule: Schedule,
        now: Moment,
        /// When the fetch under way is answered, and when the last token truly ends.
        answered: Option<Moment>,
        ends: Option<Moment>,
        /// Milliseconds that our clock is ahead of the service's.
        wrong: i64,
        fetches: u32,
        random: fastrand::Rng,
    }

    impl World {
        fn step(&mut self) {
            self.now = self.now + Duration::from_millis(250);
            if self.answered.is_some_and(|at| at <= self.now) {
                self.answered = None;
                let ends = self.now + minutes(2);
                let utc = |at: Moment| i64::try_from(at.since(Moment::ZERO).as_millis()).unwrap();
                let (service, expires) = (utc(self.now), utc(ends));
                let left = lifetime(
                    Timestamp::from_millis(expires),
                    Timestamp::from_millis(service + self.wrong),
                    Some(Timestamp::from_millis(service)),
                );
                assert!(self.schedule.fetched(left, self.now));
                self.ends = Some(ends);
            }
            if self.schedule.poll(self.now) == Output::Fetch {
                assert_eq!(self.answered, None, "two fetches at a time");
                self.fetches += 1;
                let wait = Duration::from_millis(self.random.u64(50..2_000));
                self.answered = Some(self.now + wait);
            }
        }

        /// Somebody wants a token now: how long until they have one that the service takes.
        fn wait(&mut self) -> Duration {
            let asked = self.now;
            loop {
                if self.schedule.ask(self.now) == Answer::Ready {
                    if self.ends.is_some_and(|ends| self.now < ends) {
                        return self.now.since(asked);
                    }
                    // The service knows better: 401.
                    let _ = self.schedule.refused(self.schedule.generation(), self.now);
                }
                self.step();
            }
        }
    }

    #[test]
    fn eight_hours_of_tokens_of_two_minutes_are_not_interrupted_and_never_a_loop() {
        let mut world = World {
            schedule: Schedule::default(),
            now: at(0),
            answered: None,
            ends: None,
            wrong: 0,
            fetches: 0,
            random: fastrand::Rng::with_seed(8),
        };
        assert!(world.wait() > Duration::ZERO, "the first is waited for");
        let (mut interruptions, mut disturbances) = (0, 0);
        for second in 0..8 * 3600_u32 {
            for _ in 0..4 {
                world.step();
            }
            match second % 3600 {
                // The clock is set: by hours, back, and by less than anybody corrects.
                900 => world.wrong = 3 * 3_600_000,
                1500 => world.wrong = -7_200_000,
                2100 => world.wrong = 20_000,
                // The service's keys are exchanged: what was given out is refused.
                2700 => {
                    world.ends = Some(world.now);
                    disturbances += 1;
                }
                // The machine sleeps for ten minutes.
                3300 => {
                    world.now = world.now + minutes(10);
                    disturbances += 1;
                }
                _ => {}
            }
            let waited = world.wait();
            assert!(waited <= Duration::from_secs(3), "{waited:?} at {second}");
            interruptions += u32::from(waited > Duration::ZERO);
        }
        assert!(
            interruptions <= disturbances,
            "{interruptions} of {disturbances}"
        );
        // One a minute; while the clock is ahead by 20 s, one in 50; and one for each disturbance.
        let most = 8 * 3600 / 50 + disturbances;
        assert!((450..=most).contains(&world.fetches), "{}", world.fetches);
    }
}
