//! What a provider would not renew: asking again would be answered alike.
//!
//! A client that waits for its person asks about once a minute, and a provider holds it against all
//! copies of a program when one of them goes on asking in vain (AADSTS50196). Whoever signs in again
//! has another refresh token, which is asked with at once.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::clock::Moment;

use super::sign_in;
use super::vault::Kept;

/// Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Refused(Arc<Mutex<Option<Answer>>>);

#[derive(Debug)]
struct Answer {
    refresh: Kept,
    said: sign_in::Error,
    at: Moment,
}

impl Refused {
    /// What the provider said to this refresh token a short while ago.
    pub(super) fn before(&self, refresh: &Kept, now: Moment) -> Option<sign_in::Error> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = held.as_ref()?;
        let same = answer.refresh == *refresh && now.since(answer.at) < AGAIN;
        same.then(|| answer.said.lasting())?
    }

    /// Remembers an answer, where it is one that lasts.
    pub(super) fn note(&self, refresh: &Kept, said: &sign_in::Error, now: Moment) {
        if let Some(said) = said.lasting() {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *held = Some(Answer {
                refresh: refresh.clone(),
                said,
                at: now,
            });
        }
    }
}

/// Somebody may lift a block meanwhile.
const AGAIN: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::super::sign_in::Refusal;
    use super::*;

    fn refused(error: &str) -> sign_in::Error {
        let read = serde_json::json!({ "error": error });
        let refusal: Refusal = serde_json::from_value(read).unwrap();
        sign_in::Error::Refused(refusal)
    }

    fn kept(text: &str) -> Kept {
        Kept::new(text.to_owned())
    }

    #[test]
    fn a_token_that_was_refused_is_not_shown_again_soon_and_another_one_is() {
        let (known, start) = (Refused::default(), Moment::ZERO);
        let (old, new) = (kept("old"), kept("new"));
        assert!(known.before(&old, start).is_none());
        let other = known.clone();
        other.note(&old, &refused("invalid_grant"), start);
        let again = known.before(&old, start + AGAIN / 2).unwrap();
        assert!(again.is_over(), "{again}");
        assert!(known.before(&new, start).is_none());
        assert!(known.before(&old, start + AGAIN).is_none());
    }

    #[test]
    fn what_may_pass_is_asked_again() {
        let known = Refused::default();
        let token = kept("token");
        known.note(&token, &refused("temporarily_unavailable"), Moment::ZERO);
        known.note(&token, &sign_in::Error::TooLate, Moment::ZERO);
        assert!(known.before(&token, Moment::ZERO).is_none());
    }

    #[test]
    fn it_does_not_print_the_token() {
        let known = Refused::default();
        known.note(&kept("hunter2"), &refused("invalid_grant"), Moment::ZERO);
        assert!(!format!("{known:?}").contains("hunter2"));
    }
}
