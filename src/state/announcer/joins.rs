//! Who came and went: the first five by name, then counts (accessibility 2.3).

use std::time::Duration;

use crate::clock::Moment;
use crate::model::announcement::Said;
use crate::state::announcer::lines::join;

#[derive(Debug, Clone, Default)]
pub(super) struct Joins {
    /// Lines said of late.
    said: usize,
    latest: Option<Moment>,
    /// Who came and went since, and when that is told.
    counted: Option<(Said, Moment)>,
    /// Lines of those who came while our own coming is not said, which is until then at most.
    early: Vec<Said>,
    opening_until: Option<Moment>,
}

const BY_NAME: usize = 5;
/// Counts are said this often.
const PACE: Duration = Duration::from_secs(20);
/// After so long without anybody, names are said again.
const CALM: Duration = Duration::from_mins(1);

/// The chat of a call just joined is there by then, if it has one.
const CHAT_COMES: Duration = Duration::from_secs(3);

impl Joins {
    /// Our own coming is said with the chat: others came after us.
    pub(super) fn expect_opening(&mut self, now: Moment) {
        self.opening_until = Some(now + CHAT_COMES);
    }

    pub(super) const fn opened(&mut self) {
        self.opening_until = None;
    }

    /// The line to say now; `None` when it waits or is counted.
    pub(super) fn take(&mut self, said: Said, now: Moment) -> Option<Said> {
        let calm = self.latest.is_none_or(|at| now.since(at) >= CALM);
        self.latest = Some(now);
        if calm && self.counted.is_none() {
            self.said = 0;
        }
        if self.said < BY_NAME {
            self.said += 1;
            if self.opening_until.is_none_or(|until| until <= now) {
                return Some(said);
            }
            self.early.push(said);
            return None;
        }
        match &mut self.counted {
            Some((counted, _)) => {
                join(counted, &said);
            }
            None => self.counted = Some((said, now + PACE)),
        }
        None
    }

    /// What waits no longer, in order.
    pub(super) fn due(&mut self, now: Moment) -> Vec<Said> {
        self.opening_until.take_if(|until| *until <= now);
        let mut due = Vec::new();
        if self.opening_until.is_none() {
            due.append(&mut self.early);
        }
        let counted = self.counted.take_if(|(_, due)| *due <= now);
        due.extend(counted.map(|(said, _)| said));
        due
    }

    /// Everything, when it is not to wait any more.
    pub(super) fn rest(&mut self) -> Vec<Said> {
        let mut rest = std::mem::take(&mut self.early);
        rest.extend(self.counted.take().map(|(said, _)| said));
        rest
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let early = self.opening_until.filter(|_| !self.early.is_empty());
        let counted = self.counted.as_ref().map(|(_, due)| *due);
        early.into_iter().chain(counted).min()
    }
}
