//! The one reader of system time: monotonic moments and UTC timestamps.
//!
//! Pure code is handed a [`Moment`] and never asks for one.

use std::fmt;
use std::ops::Add;
use std::ops::Sub;
use std::time::Duration;

use jiff::tz::TimeZone;

/// A point of the system's monotonic clock, in nanoseconds.
///
/// Two processes on one machine count from the same zero (`CLOCK_MONOTONIC`),
/// which is what lets a benchmark subtract the service's time from ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    pub const ZERO: Self = Self(0);

    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the clock's zero, as marks and benchmarks write them.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a float of seconds is the format, microseconds survive"
    )]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Time passed since `earlier`; zero when `earlier` lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

/// Milliseconds since 1970 in UTC: what the wire carries and the log keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any number of fractional digits.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|t| Self(t.as_millisecond()))
    }

    /// Whole seconds elapsed since `earlier`; zero when `earlier` lies ahead.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        u64::try_from((self.0 - earlier.0) / 1000).unwrap_or(0)
    }

    /// As HTTP headers have it: `Mon, 23 Nov 2026 12:00:00 GMT`.
    pub fn http_date(self) -> String {
        let at = self.instant().to_zoned_datetime(TimeZone::UTC);
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    fn instant(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// RFC 3339 in UTC with milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.instant())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Both clocks at one instant: what `update` is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    pub moment: Moment,
    pub utc: Timestamp,
}

/// The time zone people read times in.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The machine's zone, or UTC where none is set.
    pub fn local() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// Hours and minutes, `10:02`.
    pub fn time(&self, at: Timestamp) -> String {
        at.instant()
            .to_zoned_datetime(self.0.clone())
            .strftime("%H:%M")
            .to_string()
    }

    /// The day in words, `Monday 23 November`.
    pub fn day(&self, at: Timestamp) -> String {
        at.instant()
            .to_zoned_datetime(self.0.clone())
            .strftime("%A %-d %B")
            .to_string()
    }

    /// The day as `2026-11-23`: two timestamps of one day give equal strings.
    pub fn date(&self, at: Timestamp) -> String {
        at.instant()
            .to_zoned_datetime(self.0.clone())
            .strftime("%Y-%m-%d")
            .to_string()
    }

    /// The first moment of a day that is written like `2026-11-23`.
    pub fn begin(&self, day: &str) -> Option<Timestamp> {
        self.midnight(day.parse().ok()?)
    }

    /// The first moment after a day.
    pub fn end(&self, day: &str) -> Option<Timestamp> {
        let day: jiff::civil::Date = day.parse().ok()?;
        self.midnight(day.tomorrow().ok()?)
    }

    fn midnight(&self, day: jiff::civil::Date) -> Option<Timestamp> {
        let begins = self.0.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
        Some(Timestamp(begins.as_millisecond()))
    }
}

/// Reads the system's clocks. Nothing pure may hold one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    pub fn now(self) -> Moment {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Moment(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0))
    }

    pub fn both(self) -> Now {
        Now {
            moment: self.now(),
            utc: self.utc(),
        }
    }

    /// Sleeps until a deadline, or for ever where there is none. Safe to cancel.
    pub async fn sleep_until(self, deadline: Option<Moment>) {
        match deadline {
            Some(at) => tokio::time::sleep(at.since(self.now())).await,
            None => std::future::pending().await,
        }
    }

    pub fn utc(self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_seven_fractional_digits_and_writes_three() {
        let at = Timestamp::parse("2021-08-26T20:35:17.9882388Z").unwrap();
        assert_eq!(at.to_string(), "2021-08-26T20:35:17.988Z");
    }

    #[test]
    fn a_header_gets_the_date_as_http_has_it() {
        let at = Timestamp::parse("2026-11-03T12:00:01.900Z").unwrap();
        assert_eq!(at.http_date(), "Tue, 03 Nov 2026 12:00:01 GMT");
    }

    #[test]
    fn a_day_reads_as_people_say_it() {
        let at = Timestamp::parse("2026-11-23T10:02:00Z").unwrap();
        assert_eq!(Zone::UTC.day(at), "Monday 23 November");
        assert_eq!(Zone::UTC.time(at), "10:02");
    }

    #[test]
    fn a_day_begins_at_its_midnight_and_ends_at_the_next() {
        let midnight = |text| Timestamp::parse(text);
        assert_eq!(
            Zone::UTC.begin("2026-11-23"),
            midnight("2026-11-23T00:00:00Z")
        );
        assert_eq!(
            Zone::UTC.end("2026-11-30"),
            midnight("2026-12-01T00:00:00Z")
        );
        assert_eq!(Zone::UTC.begin("2026-02-30"), None);
        assert_eq!(Zone::UTC.begin("yesterday"), None);
    }
}
