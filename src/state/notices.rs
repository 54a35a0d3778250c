//! Recording, transcription and consent of one call: finds the edges in repeated states.
//!
//! Nothing in here can answer for consent: [`Notices::answer`] is called for a
//! person's own command only. When a notice is said again is the announcer's business.

use std::collections::VecDeque;

use crate::clock::Timestamp;
use crate::model::announcement::NoticeChange;
use crate::model::notice::Consent;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;

#[derive(Debug, Clone, Default)]
pub struct Notices {
    pub recording: Notice,
    pub transcription: Notice,
    pub consent: Consent,
    /// What changed in this call, the newest last; the oldest is forgotten first.
    pub changes: VecDeque<Change>,
}

/// A notice that became something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: NoticeKind,
    pub change: NoticeChange,
    pub at: Timestamp,
}

/// Changes that are kept; the notice log on disk has all of them.
const KEPT: usize = 100;

#[derive(Debug, Clone, Default)]
pub struct Notice {
    /// Unknown until the service has stated it.
    pub state: NoticeState,
    /// The service has stated it in this call, whatever became of it since.
    pub stated: bool,
    /// It was on before it became what it is.
    was_on: bool,
    pub since: Since,
    pub acknowledged: bool,
}

/// Since when a notice is as it is, as far as anybody here can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Since {
    /// It was so when we joined.
    #[default]
    Joining,
    /// We saw it become so.
    Seen(Timestamp),
    /// It was so when the connection came back. `again`: before it was lost as well, and
    /// whether it went on or began anew nobody here can know.
    Back { at: Timestamp, again: bool },
}

impl Notices {
    pub const fn of(&self, kind: NoticeKind) -> &Notice {
        match kind {
            NoticeKind::Recording => &self.recording,
            NoticeKind::Transcription => &self.transcription,
        }
    }

    pub const fn of_mut(&mut self, kind: NoticeKind) -> &mut Notice {
        match kind {
            NoticeKind::Recording => &mut self.recording,
            NoticeKind::Transcription => &mut self.transcription,
        }
    }

    /// Takes what the service states and tells what changed. Repeating a state is no news.
    ///
    /// `initial`: stated on joining or coming back, so nobody saw it begin.
    pub fn note(
        &mut self,
        kind: NoticeKind,
        state: NoticeState,
        initial: bool,
        at: Timestamp,
    ) -> Option<NoticeChange> {
        let notice = self.of_mut(kind);
        let first = !notice.stated;
        let change = match (&notice.state, &state) {
            (NoticeState::Active { .. }, NoticeState::Active { .. })
            | (NoticeState::Inactive { .. }, NoticeState::Inactive { .. })
            | (NoticeState::Unknown, NoticeState::Unknown) => None,
            (NoticeState::Unknown, NoticeState::Inactive { .. }) if first => None,
            (NoticeState::Unknown, NoticeState::Inactive { .. }) => Some(NoticeChange::KnownOff),
            (NoticeState::Unknown, NoticeState::Active { .. }) if initial || !first => {
                Some(NoticeChange::AlreadyOn)
            }
            (_, NoticeState::Active { by }) => Some(NoticeChange::Started { by: by.clone() }),
            (NoticeState::Active { .. }, NoticeState::Inactive { by }) => {
                Some(NoticeChange::Stopped { by: by.clone() })
            }
            (_, NoticeState::Unknown) => Some(NoticeChange::Unknown),
        };
        notice.since = match &change {
            None => notice.since,
            Some(NoticeChange::AlreadyOn) if first => Since::Joining,
            Some(NoticeChange::AlreadyOn) => Since::Back {
                at,
                again: notice.was_on,
            },
            Some(
                NoticeChange::Started { .. }
                | NoticeChange::Stopped { .. }
                | NoticeChange::Unknown
                | NoticeChange::KnownOff,
            ) => Since::Seen(at),
        };
        notice.stated |= state != NoticeState::Unknown;
        let before = std::mem::replace(&mut notice.state, state);
        if let Some(change) = &change {
            notice.was_on = before.is_active();
            notice.acknowledged = false;
            self.keep(kind, change.clone(), at);
        }
        change
    }

    fn keep(&mut self, kind: NoticeKind, change: NoticeChange, at: Timestamp) {
        if self.changes.len() == KEPT {
            self.changes.pop_front();
        }
        self.changes.push_back(Change { kind, change, at });
    }

    /// Signalling was lost: what was on may have ended. Tells which were known until now.
    pub fn lose(&mut self, at: Timestamp) -> Vec<NoticeKind> {
        NoticeKind::ALL
            .into_iter()
            .filter(|kind| {
                self.of(*kind).stated && self.note(*kind, NoticeState::Unknown, false, at).is_some()
            })
            .collect()
    }

    /// Consent is asked for, or no longer; `true` when this is a new question.
    pub fn require(&mut self, required: bool) -> bool {
        match (required, self.consent) {
            (true, Consent::NotRequired | Consent::Granted) => {
                self.consent = Consent::Required;
                true
            }
            // A "no" was an answer to this question; the next one is a new one.
            (false, Consent::Required | Consent::Declined) => {
                self.consent = Consent::NotRequired;
                false
            }
            (true, Consent::Required | Consent::Declined)
            | (false, Consent::NotRequired | Consent::Granted) => false,
        }
    }

    /// The person's own answer.
    pub fn answer(&mut self, granted: bool) {
        self.consent = if granted {
            Consent::Granted
        } else {
            Consent::Declined
        };
    }

    /// Everything that is on was heard; tells which that were.
    pub fn acknowledge(&mut self) -> Vec<NoticeKind> {
        NoticeKind::ALL
            .into_iter()
            .filter(|kind| {
                let notice = self.of_mut(*kind);
                let open = notice.is_open();
                notice.acknowledged |= open;
                open
            })
            .collect()
    }

    pub fn is_known(&self) -> bool {
        NoticeKind::ALL.into_iter().all(|kind| self.of(kind).stated)
    }
}

impl Notice {
    /// On or unknown, and not acknowledged: shown with "Enter acknowledges".
    pub const fn is_open(&self) -> bool {
        !self.acknowledged && self.is_shown()
    }

    /// On, or unknown after it was known: the notice line says so.
    pub const fn is_shown(&self) -> bool {
        match self.state {
            NoticeState::Active { .. } => true,
            NoticeState::Unknown => self.stated,
            NoticeState::Inactive { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(0);

    fn on() -> NoticeState {
        NoticeState::Active { by: None }
    }

    fn off() -> NoticeState {
        NoticeState::Inactive { by: None }
    }

    #[test]
    fn repeating_a_state_is_no_news() {
        let mut notices = Notices::default();
        assert_eq!(notices.note(NoticeKind::Recording, off(), true, AT), None);
        let started = NoticeChange::Started { by: None };
        assert_eq!(
            notices.note(NoticeKind::Recording, on(), false, AT),
            Some(started)
        );
        assert_eq!(notices.note(NoticeKind::Recording, on(), false, AT), None);
        let stopped = NoticeChange::Stopped { by: None };
        assert_eq!(
            notices.note(NoticeKind::Recording, off(), false, AT),
            Some(stopped)
        );
    }

    #[test]
    fn what_was_on_at_joining_has_no_beginning() {
        let mut notices = Notices::default();
        let change = notices.note(NoticeKind::Transcription, on(), true, AT);
        assert_eq!(change, Some(NoticeChange::AlreadyOn));
        assert_eq!(notices.transcription.since, Since::Joining);
    }

    #[test]
    fn what_is_on_after_a_lost_connection_was_not_seen_to_begin() {
        let later = Timestamp::from_millis(60_000);
        for (before, again) in [(on(), true), (off(), false)] {
            let mut notices = Notices::default();
            notices.note(NoticeKind::Recording, off(), true, AT);
            notices.note(NoticeKind::Recording, before, false, AT);
            notices.lose(AT);
            notices.note(NoticeKind::Recording, on(), true, later);
            notices.note(NoticeKind::Recording, on(), false, later);
            let back = Since::Back { at: later, again };
            assert_eq!(notices.recording.since, back);
        }
    }

    #[test]
    fn the_last_hundred_changes_are_kept_in_their_order() {
        let mut notices = Notices::default();
        notices.note(NoticeKind::Recording, off(), true, AT);
        for n in 0..300 {
            let at = Timestamp::from_millis(n);
            let state = if n % 2 == 0 { on() } else { off() };
            notices.note(NoticeKind::Recording, state.clone(), false, at);
            notices.note(NoticeKind::Recording, state, false, at);
        }
        let times = notices.changes.iter().map(|c| c.at.as_millis());
        assert!(times.eq(200..300));
    }

    #[test]
    fn a_lost_connection_is_not_not_recorded() {
        let mut notices = Notices::default();
        notices.note(NoticeKind::Recording, on(), true, AT);
        notices.note(NoticeKind::Transcription, off(), true, AT);
        assert_eq!(notices.lose(AT), NoticeKind::ALL);
        assert!(notices.recording.is_shown() && notices.transcription.is_shown());
        let back = notices.note(NoticeKind::Recording, on(), true, AT);
        assert_eq!(back, Some(NoticeChange::AlreadyOn));
        let off = notices.note(NoticeKind::Transcription, off(), true, AT);
        assert_eq!(off, Some(NoticeChange::KnownOff));
    }

    #[test]
    fn nothing_is_claimed_before_the_service_stated_it() {
        let mut notices = Notices::default();
        assert_eq!(notices.lose(AT), []);
        assert!(!notices.recording.is_shown() && !notices.is_known());
    }

    #[test]
    fn acknowledging_keeps_the_state() {
        let mut notices = Notices::default();
        notices.note(NoticeKind::Recording, on(), true, AT);
        assert_eq!(notices.acknowledge(), [NoticeKind::Recording]);
        assert!(notices.recording.is_shown() && !notices.recording.is_open());
        assert_eq!(notices.acknowledge(), []);
    }

    #[test]
    fn consent_is_asked_once_and_only_an_answer_ends_it() {
        let mut notices = Notices::default();
        assert!(notices.require(true));
        assert!(!notices.require(true));
        assert_eq!(notices.acknowledge(), []);
        assert_eq!(notices.consent, Consent::Required);
        notices.answer(false);
        assert_eq!(notices.consent, Consent::Declined);
    }
}
