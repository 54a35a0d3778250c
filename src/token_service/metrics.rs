//! Counts, as Prometheus reads them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::audit::What;

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    events: Mutex<BTreeMap<&'static str, u64>>,
    refusals: Mutex<BTreeMap<String, u64>>,
    requests: AtomicU64,
    /// Microseconds.
    spent: AtomicU64,
    connections: AtomicU64,
    turned_away: AtomicU64,
}

impl Metrics {
    pub(crate) fn event(&self, what: What) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        *events.entry(what.name()).or_default() += 1;
    }

    pub(crate) fn refusal(&self, code: &str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals.entry(code.to_owned()).or_default() += 1;
    }

    pub(crate) fn request(&self, spent: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
        self.spent.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn disconnected(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let (events, refusals) = (
            self.events.lock().unwrap_or_else(PoisonError::into_inner),
            self.refusals.lock().unwrap_or_else(PoisonError::into_inner),
        );
        text.push_str("# TYPE sidetone_token_service_events_total counter\n");
        for (what, count) in &*events {
            let _ = writeln!(
                text,
                "sidetone_token_service_events_total{{what=\"{what}\"}} {count}"
            );
        }
        text.push_str("# TYPE sidetone_token_service_refusals_total counter\n");
        for (code, count) in &*refusals {
            let _ = writeln!(
                text,
                "sidetone_token_service_refusals_total{{code=\"{code}\"}} {count}"
            );
        }
        let seconds = Duration::from_micros(self.spent.load(Ordering::Relaxed)).as_secs_f64();
        for (name, kind, value) in [
            (
                "requests_total",
                "counter",
                self.requests.load(Ordering::Relaxed).to_string(),
            ),
            ("request_seconds_total", "counter", seconds.to_string()),
            (
                "connections",
                "gauge",
                self.connections.load(Ordering::Relaxed).to_string(),
            ),
            (
                "connections_turned_away_total",
                "counter",
                self.turned_away.load(Ordering::Relaxed).to_string(),
            ),
        ] {
            let _ = writeln!(text, "# TYPE sidetone_token_service_{name} {kind}");
            let _ = writeln!(text, "sidetone_token_service_{name} {value}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        metrics.event(What::Issued);
        metrics.event(What::Issued);
        metrics.refusal("tokenExpired");
        metrics.connected();
        let text = metrics.text();
        for line in [
            "sidetone_token_service_events_total{what=\"issued\"} 2",
            "sidetone_token_service_refusals_total{code=\"tokenExpired\"} 1",
            "sidetone_token_service_connections 1",
            "sidetone_token_service_requests_total 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{text}");
        }
    }
}
