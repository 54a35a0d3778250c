//! The meter: participant-minutes that cost money. Ours only: what others pay is not ours to guess.

use crate::clock::Timestamp;

/// Counted from dialling to the end, lobby and hold included (teams-interop 8).
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Seconds of ended calls.
    pub past_seconds: u64,
    /// The running calls' starts.
    running: Vec<Timestamp>,
    pub messages_sent: u64,
}

impl Usage {
    pub fn dialled(&mut self, at: Timestamp) {
        self.running.push(at);
    }

    /// The call that was dialled at `dialled` ended.
    pub fn ended(&mut self, dialled: Timestamp, at: Timestamp) {
        if let Some(found) = self.running.iter().position(|r| *r == dialled) {
            self.running.remove(found);
            self.past_seconds += at.seconds_since(dialled);
        }
    }

    pub fn seconds(&self, now: Timestamp) -> u64 {
        self.past_seconds
            + self
                .running
                .iter()
                .map(|r| now.seconds_since(*r))
                .sum::<u64>()
    }

    /// What that costs at a price for a participant-minute.
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of calls stay far below 2^52"
    )]
    pub fn cost(&self, price_per_minute: f64, now: Timestamp) -> f64 {
        self.seconds(now) as f64 / 60.0 * price_per_minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_minutes_cost_what_the_price_list_says() {
        let mut usage = Usage::default();
        let (start, end) = (
            Timestamp::from_millis(0),
            Timestamp::from_millis(30 * 60 * 1000),
        );
        usage.dialled(start);
        assert!((usage.cost(0.004, end) - 0.12).abs() < 1e-9);
        usage.ended(start, end);
        assert!((usage.cost(0.004, end) - 0.12).abs() < 1e-9);
        usage.ended(start, end);
        assert_eq!(usage.seconds(end), 1800);
    }
}
