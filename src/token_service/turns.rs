//! One at a time for each person: two sign-ins at once must not make two identities.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::OwnedMutexGuard;

use super::person::Who;

type Lane = Arc<tokio::sync::Mutex<()>>;

#[derive(Debug, Default)]
pub(crate) struct Turns {
    lanes: Mutex<HashMap<Who, Lane>>,
}

impl Turns {
    /// Waits until nobody else acts for this person; it is the caller's turn until the guard goes.
    pub(crate) async fn take(&self, who: &Who) -> OwnedMutexGuard<()> {
        let lane = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            // A lane that only the map holds is nobody's.
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
            lanes.entry(who.clone()).or_default().clone()
        };
        lane.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_second_turn_of_one_person_waits_and_another_person_does_not() {
        let turns = Turns::default();
        let (ada, bob) = (Who::stranger(), Who::stranger());
        let first = turns.take(&ada).await;
        let _bob = turns.take(&bob).await;
        let waiting = tokio::time::timeout(Duration::from_millis(20), turns.take(&ada)).await;
        assert!(waiting.is_err());
        drop(first);
        let _second = turns.take(&ada).await;
        assert_eq!(turns.lanes.lock().unwrap().len(), 2);
    }
}
