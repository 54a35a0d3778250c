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
}

const BY_NAME: usize = 5;
/// Counts are said this often.
const PACE: Duration = Duration::from_secs(20);
/// After so long without anybody, names are said again.
const CALM: Duration = Duration::from_mins(1);

impl Joins {
    /// The line to say now; `None` when it is counted.
    pub(super) fn take(&mut self, said: Said, now: Moment) -> Option<Said> {
        let calm = self.latest.is_none_or(|at| now.since(at) >= CALM);
        self.latest = Some(now);
        if calm && self.counted.is_none() {
            self.said = 0;
        }
        if self.said < BY_NAME {
            self.said += 1;
            return Some(said);
        }
        match &mut self.counted {
            Some((counted, _)) => {
                join(counted, &said);
            }
            None => self.counted = Some((said, now + PACE)),
        }
        None
    }

    pub(super) fn due(&mut self, now: Moment) -> Option<Said> {
        self.counted
            .take_if(|(_, due)| *due <= now)
            .map(|(said, _)| said)
    }

    /// What was counted so far, when it is not to wait any more.
    pub(super) fn rest(&mut self) -> Option<Said> {
        self.counted.take().map(|(said, _)| said)
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.counted.as_ref().map(|(_, due)| *due)
    }
}
