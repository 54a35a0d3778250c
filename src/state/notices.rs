//! Recording, transcription and consent of one call: finds the edges in repeated states.
//!
//! Decides when a notice is said again (accessibility N3). Nothing in here can
//! answer for consent: [`Notices::answer`] is called for a person's own command only.

use std::time::Duration;

use crate::clock::Moment;
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
    /// When the question for consent is asked again.
    pub asked: Repeat,
}

#[derive(Debug, Clone, Default)]
pub struct Notice {
    /// Unknown until the service has stated it.
    pub state: NoticeState,
    /// The service has stated it in this call, whatever became of it since.
    pub stated: bool,
    /// When it became so, where we saw it; `None`: it was so when we joined.
    pub since: Option<Timestamp>,
    pub acknowledged: bool,
    pub repeat: Repeat,
}

/// When something is said again, until it is acknowledged.
#[derive(Debug, Clone, Default)]
pub struct Repeat {
    pub at: Option<Moment>,
    said: Option<Moment>,
    times: usize,
    /// A key came while it was being read out.
    silenced: bool,
}

/// A key so soon after the line silenced the reader in the middle of it.
const SILENCED: Duration = Duration::from_secs(4);
const AFTER: [Duration; 3] = [
    Duration::from_secs(20),
    Duration::from_secs(60),
    Duration::from_secs(300),
];

impl Repeat {
    /// It was said just now: plans the next time.
    pub fn said(&mut self, now: Moment) {
        self.said = Some(now);
        self.at = Some(now + AFTER[self.times.min(AFTER.len() - 1)]);
        self.times += 1;
        self.silenced = false;
    }

    /// Brought forward to the first pause, since the key silenced the reader.
    fn key(&mut self, hold: Duration, now: Moment) {
        let soon = self.said.is_some_and(|said| now.since(said) < SILENCED);
        self.silenced |= soon && self.times == 1 && self.at.is_some();
        if self.silenced {
            self.at = Some(now + hold.max(Duration::from_millis(150)));
        }
    }

    fn stop(&mut self) {
        *self = Self::default();
    }

    fn due(&self, now: Moment) -> bool {
        self.at.is_some_and(|at| at <= now)
    }
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
        let started = matches!(change, Some(NoticeChange::Started { .. }));
        notice.stated |= state != NoticeState::Unknown;
        notice.since = match (&change, &state) {
            (None, _) => notice.since,
            (Some(_), NoticeState::Active { .. }) => started.then_some(at),
            (Some(_), NoticeState::Inactive { .. } | NoticeState::Unknown) => Some(at),
        };
        notice.state = state;
        if change.is_some() {
            notice.acknowledged = false;
            notice.repeat.stop();
        }
        change
    }

    /// Signalling was lost: what was on may have ended. Tells which were known until now.
    pub fn lose(&mut self, at: Timestamp) -> Vec<NoticeKind> {
        NoticeKind::ALL
            .into_iter()
            .filter(|kind| self.of(*kind).stated)
            .filter(|kind| self.note(*kind, NoticeState::Unknown, false, at).is_some())
            .collect()
    }

    /// Consent is asked for, or no longer; `true` when this is a new question.
    pub fn require(&mut self, required: bool) -> bool {
        match (required, self.consent) {
            (true, Consent::NotRequired | Consent::Granted) => {
                self.consent = Consent::Required;
                true
            }
            (false, Consent::Required) => {
                self.consent = Consent::NotRequired;
                self.asked.stop();
                false
            }
            (true, Consent::Required | Consent::Declined)
            | (false, Consent::NotRequired | Consent::Granted | Consent::Declined) => false,
        }
    }

    /// The person's own answer.
    pub fn answer(&mut self, granted: bool) {
        self.consent = if granted {
            Consent::Granted
        } else {
            Consent::Declined
        };
        self.asked.stop();
    }

    /// Stops the repeats of everything that is on; tells which that were.
    pub fn acknowledge(&mut self) -> Vec<NoticeKind> {
        NoticeKind::ALL
            .into_iter()
            .filter(|kind| {
                let notice = self.of_mut(*kind);
                let open = notice.is_open();
                if open {
                    notice.acknowledged = true;
                    notice.repeat.stop();
                }
                open
            })
            .collect()
    }

    pub fn is_known(&self) -> bool {
        NoticeKind::ALL.into_iter().all(|kind| self.of(kind).stated)
    }

    /// A key was pressed: a notice said within the last seconds may not have been heard.
    pub fn key(&mut self, hold: Duration, now: Moment) {
        self.recording.repeat.key(hold, now);
        self.transcription.repeat.key(hold, now);
        self.asked.key(hold, now);
    }

    /// What is to be said again now.
    pub fn due(&self, now: Moment) -> Vec<NoticeKind> {
        NoticeKind::ALL
            .into_iter()
            .filter(|kind| self.of(*kind).repeat.due(now))
            .collect()
    }

    pub fn consent_due(&self, now: Moment) -> bool {
        self.consent == Consent::Required && self.asked.due(now)
    }

    pub fn deadline(&self) -> Option<Moment> {
        [
            self.recording.repeat.at,
            self.transcription.repeat.at,
            self.asked.at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The call ended: nothing repeats any more.
    pub fn finish(&mut self) {
        self.recording.repeat.stop();
        self.transcription.repeat.stop();
        self.asked.stop();
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

    fn secs(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
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
        assert_eq!(notices.transcription.since, None);
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
    fn an_unheard_notice_repeats_after_20_60_and_each_300_seconds() {
        let mut repeat = Repeat::default();
        let mut at = Moment::ZERO;
        let mut gaps = Vec::new();
        for _ in 0..5 {
            repeat.said(at);
            let next = repeat.at.unwrap();
            gaps.push(next.since(at).as_secs());
            at = next;
        }
        assert_eq!(gaps, [20, 60, 300, 300, 300]);
    }

    #[test]
    fn a_key_within_four_seconds_brings_it_back_at_the_first_pause() {
        let hold = Duration::from_millis(1500);
        let mut repeat = Repeat::default();
        repeat.said(Moment::ZERO);
        repeat.key(hold, secs(3));
        repeat.key(hold, secs(4));
        repeat.key(hold, secs(5));
        assert_eq!(repeat.at, Some(secs(5) + hold));
        repeat.said(secs(7));
        assert_eq!(repeat.at, Some(secs(67)));
        repeat.key(hold, secs(8));
        assert_eq!(repeat.at, Some(secs(67)), "only the first time is brought forward");
    }

    #[test]
    fn a_key_after_four_seconds_changes_nothing() {
        let mut repeat = Repeat::default();
        repeat.said(Moment::ZERO);
        repeat.key(Duration::from_millis(1500), secs(6));
        assert_eq!(repeat.at, Some(secs(20)));
    }

    #[test]
    fn acknowledging_stops_the_repeats_and_keeps_the_state() {
        let mut notices = Notices::default();
        notices.note(NoticeKind::Recording, on(), true, AT);
        notices.recording.repeat.said(Moment::ZERO);
        assert_eq!(notices.acknowledge(), [NoticeKind::Recording]);
        assert_eq!(notices.deadline(), None);
        assert!(notices.recording.is_shown() && !notices.recording.is_open());
        assert_eq!(notices.acknowledge(), []);
    }

    #[test]
    fn consent_is_asked_once_and_only_an_answer_ends_it() {
        let mut notices = Notices::default();
        assert!(notices.require(true));
        assert!(!notices.require(true));
        notices.asked.said(Moment::ZERO);
        assert_eq!(notices.acknowledge(), []);
        assert!(notices.consent_due(secs(20)));
        notices.answer(false);
        assert!(!notices.consent_due(secs(20)));
        assert_eq!(notices.consent, Consent::Declined);
    }
}
