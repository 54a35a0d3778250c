//! When a frame may be drawn: at once while the terminal keeps up, rarely when it does not.
//!
//! A kernel holds tens of kilobytes for a slow terminal and tells nobody, so
//! that a blocked write is noticed seconds too late. A status question
//! (`ESC [ 5 n`) behind the bytes of a busy stretch is answered when they were
//! taken; until then only what cannot wait is drawn. A terminal that never
//! answers is drawn to as fast as it takes writes. Reads no clock.

use std::time::Duration;

use crate::clock::Moment;

/// How much of the screen may be drawn now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    Everything,
    /// Only the rows that cannot wait: the terminal is behind.
    Urgent,
    /// Not before this moment; `None`: not before something happens.
    Wait(Option<Moment>),
}

/// How pressing a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Press {
    /// Nothing changed.
    #[default]
    Nothing,
    Chat,
    /// A key was pressed or a notice came.
    Now,
}

#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Moment>,
    /// Bytes written since the last question.
    unasked: usize,
    asked: Option<Moment>,
    answers: Answers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Answers {
    #[default]
    Untold,
    Yes,
    Never,
}

impl Pace {
    pub fn permit(&mut self, press: Press, now: Moment) -> Permit {
        if press == Press::Nothing {
            return Permit::Wait(None);
        }
        if let Some(asked) = self.asked {
            let patience = match self.answers {
                Answers::Yes => PATIENCE,
                _ => FIRST_PATIENCE,
            };
            if now.since(asked) < patience {
                return match press {
                    Press::Now => Permit::Urgent,
                    _ => Permit::Wait(Some(asked + patience)),
                };
            }
            self.give_up();
        }
        match self.last {
            Some(last) if press == Press::Chat && now.since(last) < FRAME => {
                Permit::Wait(Some(last + FRAME))
            }
            _ => Permit::Everything,
        }
    }

    /// A frame of so many bytes goes out; says whether a question belongs behind it.
    ///
    /// The answer comes in as if it were typed, and silences the screen readers that
    /// follow the stream: what was written before a calm second asks nothing.
    pub fn wrote(&mut self, bytes: usize, now: Moment) -> bool {
        if self.last.is_none_or(|last| now.since(last) >= CALM) {
            self.unasked = 0;
        }
        self.last = Some(now);
        self.unasked += bytes;
        let ask =
            self.asked.is_none() && self.unasked >= ASK_AFTER && self.answers != Answers::Never;
        if ask {
            self.asked = Some(now);
            self.unasked = 0;
        }
        ask
    }

    /// The terminal took everything up to the question.
    pub const fn answered(&mut self) {
        self.asked = None;
        self.answers = Answers::Yes;
    }

    fn give_up(&mut self) {
        self.asked = None;
        // One that answered once is slow, not mute: it will be asked again.
        if self.answers == Answers::Untold {
            self.answers = Answers::Never;
        }
    }
}

/// What is asked, behind a frame.
pub const QUESTION: &[u8] = b"\x1b[5n";

/// Sixty frames a second.
const FRAME: Duration = Duration::from_micros(16_600);
/// Bytes that may be on their way unquestioned: an ordinary minute of talk asks nothing.
const ASK_AFTER: usize = 600;
/// After so long without a frame the terminal has taken the few bytes before it.
const CALM: Duration = Duration::from_secs(1);
/// A terminal that does not know the question is found out after this.
const FIRST_PATIENCE: Duration = Duration::from_millis(400);
/// A line that broke in the middle must not freeze the screen.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    #[test]
    fn chat_is_drawn_at_once_then_sixty_times_a_second_and_keys_always() {
        let mut pace = Pace::default();
        assert_eq!(pace.permit(Press::Chat, at(1000)), Permit::Everything);
        assert!(!pace.wrote(100, at(1000)));
        assert_eq!(
            pace.permit(Press::Chat, at(1004)),
            Permit::Wait(Some(at(1000) + FRAME))
        );
        assert_eq!(pace.permit(Press::Now, at(1004)), Permit::Everything);
        assert_eq!(pace.permit(Press::Chat, at(1017)), Permit::Everything);
    }

    #[test]
    fn an_ordinary_talk_asks_nothing_and_a_busy_stretch_does() {
        let mut pace = Pace::default();
        assert!((0..60).all(|n| !pace.wrote(250, at(n * 1500))));
        assert!((0..10).any(|n| pace.wrote(250, at(90_000 + n * 100))));
    }

    #[test]
    fn a_terminal_that_is_behind_gets_only_what_cannot_wait() {
        let mut pace = Pace::default();
        assert!(pace.wrote(3000, at(0)));
        pace.answered();
        assert!(pace.wrote(3000, at(20)));
        assert_eq!(
            pace.permit(Press::Chat, at(100)),
            Permit::Wait(Some(at(20) + PATIENCE))
        );
        assert_eq!(pace.permit(Press::Now, at(100)), Permit::Urgent);
        pace.answered();
        assert_eq!(pace.permit(Press::Chat, at(101)), Permit::Everything);
    }

    #[test]
    fn a_terminal_that_never_answers_is_asked_once() {
        let mut pace = Pace::default();
        assert!(pace.wrote(3000, at(0)));
        assert_eq!(pace.permit(Press::Chat, at(500)), Permit::Everything);
        assert!(!pace.wrote(9000, at(500)));
        assert_eq!(pace.permit(Press::Chat, at(600)), Permit::Everything);
    }

    #[test]
    fn an_idle_screen_waits_for_nothing() {
        assert_eq!(
            Pace::default().permit(Press::Nothing, at(5)),
            Permit::Wait(None)
        );
    }
}
