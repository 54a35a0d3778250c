//! Our own real-time text: what others have of the line being typed, and when they get more.
//!
//! A word goes when it is finished, and what there is of one at the latest after
//! a moment: others read along within half a second of the key (EN 301 549 6.2).

use std::time::Duration;

use crate::clock::Moment;
use crate::model::turn::Typed;

#[derive(Clone, Default)]
pub struct OwnText {
    /// What others have of a line that is not done.
    sent: Option<String>,
    due: Option<Moment>,
}

/// Content: only whether there is some is printed.
impl std::fmt::Debug for OwnText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnText({})", self.sent.is_some())
    }
}

const SOON: Duration = Duration::from_millis(300);

impl OwnText {
    /// Takes the line as it is by now, `None` when there is none any more; answers what to send.
    pub fn follow(&mut self, line: Option<&str>, now: Moment) -> Option<Typed> {
        let Some(line) = line else {
            self.due = None;
            // Given up: what others saw of it is taken back.
            return self.sent.take().map(|_| Typed {
                text: String::new(),
                done: true,
            });
        };
        if self.sent.as_deref().unwrap_or_default() == line {
            self.due = None;
            return None;
        }
        let word = line.ends_with(|c: char| !c.is_alphanumeric());
        let due = *self.due.get_or_insert(now + SOON);
        if !word && due > now {
            return None;
        }
        self.due = None;
        self.sent = Some(line.to_owned());
        Some(Typed {
            text: line.to_owned(),
            done: false,
        })
    }

    /// The line is done, and sent as such.
    pub fn done(&mut self) {
        *self = Self::default();
    }

    pub const fn deadline(&self) -> Option<Moment> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    fn follow(own: &mut OwnText, line: &str, millis: u64) -> Option<String> {
        own.follow(Some(line), at(millis)).map(|typed| typed.text)
    }

    #[test]
    fn a_word_goes_when_it_is_finished_and_part_of_one_soon() {
        let mut own = OwnText::default();
        assert_eq!(follow(&mut own, "y", 0), None);
        assert_eq!(follow(&mut own, "yes", 100), None);
        assert_eq!(follow(&mut own, "yes,", 150).as_deref(), Some("yes,"));
        assert_eq!(follow(&mut own, "yes, I", 200), None);
        assert_eq!(own.deadline(), Some(at(500)));
        assert_eq!(
            follow(&mut own, "yes, I wi", 500).as_deref(),
            Some("yes, I wi")
        );
        assert_eq!(own.deadline(), None);
    }

    #[test]
    fn what_is_changed_goes_as_well() {
        let mut own = OwnText::default();
        follow(&mut own, "ten ", 0);
        assert_eq!(follow(&mut own, "te", 100), None);
        assert_eq!(follow(&mut own, "te", 400).as_deref(), Some("te"));
    }

    #[test]
    fn a_line_given_up_is_taken_back_and_one_done_is_not() {
        let mut own = OwnText::default();
        assert_eq!(own.follow(None, at(0)), None);
        follow(&mut own, "never ", 0);
        let back = own.follow(None, at(10)).unwrap();
        assert_eq!((back.text.as_str(), back.done), ("", true));
        follow(&mut own, "yes ", 20);
        own.done();
        assert_eq!(own.follow(None, at(30)), None);
    }
}
