//! The vendor's survey: the page can send it of the call that ended last, and it is sent by the person's word alone.

use std::time::Duration;

use crate::event::CallEvent;
use crate::model::call::Rating;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::wire::bridge;
use crate::wire::bridge::Act;

use super::Session;
use super::asked::Asked;

/// That a call is over is known from the page and from our leaving it, in either order.
#[derive(Default)]
pub(super) struct Survey {
    /// The call that ended last, of which the page keeps what to send it with.
    kept: Option<u64>,
    /// The calls of the page that a person was in as one, and is not any more.
    over: Vec<u64>,
    told: bool,
}

impl Session {
    pub(super) fn survey_kept(&mut self, call: u64) {
        self.survey.kept = Some(call);
        self.tell_survey();
    }

    pub(super) fn survey_of(&mut self, calls: Vec<u64>) {
        self.survey.over = calls;
        self.tell_survey();
    }

    /// The page is gone, or another call begins.
    pub(super) fn survey_over(&mut self) {
        self.survey.over.clear();
        self.tell_survey();
    }

    pub(super) fn is_rateable(&self) -> bool {
        self.rateable().is_some()
    }

    fn rateable(&self) -> Option<u64> {
        let kept = self
            .survey
            .kept
            .filter(|kept| self.survey.over.contains(kept));
        // Else the page goes at once.
        kept.filter(|_| !self.is_of_wrong_devices())
    }

    fn tell_survey(&mut self) {
        let is = self.is_rateable();
        if std::mem::replace(&mut self.survey.told, is) != is {
            self.event(CallEvent::Rateable(is));
        }
    }

    pub(super) fn rate(&mut self, rating: Rating) {
        let Some(call) = self.rateable() else {
            let reason = "the browser that had this call is closed".to_owned();
            return self.not_rated(Because::Refused { reason });
        };
        let overall = bridge::Rating {
            score: rating.score().into(),
            issues: Vec::new(),
        };
        let act = Act::SubmitSurvey {
            call,
            overall: Some(overall),
            audio: None,
        };
        self.command(act, Asked::Survey { call, rating });
    }

    pub(super) fn rated(&mut self, call: u64, rating: Rating) {
        if self.survey.kept == Some(call) {
            self.survey = Survey::default();
        }
        self.event(CallEvent::Rated(rating));
    }

    pub(super) fn not_rated(&mut self, because: Because) {
        self.event(CallEvent::ActionFailed(Failure {
            doing: Doing::Rating,
            because,
            remedy: Remedy::None,
        }));
        self.event(CallEvent::Rateable(self.is_rateable()));
    }
}

/// So long the page stays for it: nobody answers in the moment in which they hang up.
pub(super) const TO_RATE: Duration = Duration::from_mins(3);
