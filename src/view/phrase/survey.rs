//! The vendor's survey of a call that is over, in words: what it asks, what is sent, and that nothing is otherwise.

use crate::model::call::Rating;

pub fn can_rate() -> String {
    let best = Rating::BEST;
    format!(
        "Call: how was it? /rate 1 to {best}, {best} is best, sends the number and which call it was to Microsoft. \
         Otherwise nothing is sent."
    )
}

pub fn rated(rating: Rating) -> String {
    format!(
        "Call: rated {} of {}. The number and which call it was went to Microsoft.",
        rating.score(),
        Rating::BEST
    )
}
