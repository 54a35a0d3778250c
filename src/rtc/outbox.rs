//! Events for an owner who may be busy: kept in order, handed over when there is room.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;

#[derive(Debug)]
pub(super) struct Outbox<T> {
    owner: mpsc::Sender<T>,
    kept: VecDeque<T>,
}

/// Nobody will ever take anything again.
#[derive(Debug)]
pub(super) struct Gone;

impl<T> Outbox<T> {
    pub(super) fn new(owner: mpsc::Sender<T>) -> Self {
        let kept = VecDeque::new();
        Self { owner, kept }
    }

    pub(super) fn put(&mut self, item: T) {
        self.kept.push_back(item);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Full enough to take no more orders before the owner has taken something.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= FULL
    }

    /// Hands over the oldest, as soon as there is room. Loses nothing when it is dropped waiting.
    pub(super) async fn hand_over(&mut self) -> Result<(), Gone> {
        let permit = self.owner.reserve().await.map_err(|_| Gone)?;
        if let Some(item) = self.kept.pop_front() {
            permit.send(item);
        }
        Ok(())
    }

    /// Hands over what is left, to an owner who still listens.
    pub(super) async fn empty(mut self) {
        while !self.kept.is_empty() {
            let handed = tokio::time::timeout(GOOD_BYE, self.hand_over()).await;
            if !matches!(handed, Ok(Ok(()))) {
                return;
            }
        }
    }
}

const FULL: usize = 64;
const GOOD_BYE: Duration = Duration::from_secs(1);
