//! Turns that are not done: what people are saying or typing at this moment.
//!
//! A finished turn leaves for the timeline. Real-time text is told while it is
//! written: sentence by sentence, or what there is after a pause, or word by word.

use std::time::Duration;

use crate::clock::Moment;
use crate::model::identity::RawId;
use crate::model::turn::Turn;
use crate::model::turn::TurnKind;

#[derive(Debug, Clone, Default)]
pub struct Turns {
    /// The one that began last is last.
    open: Vec<Open>,
    /// A word at a time.
    pub live: bool,
}

#[derive(Clone)]
struct Open {
    turn: Turn,
    changed: Moment,
    /// So much of the text has been told.
    told: String,
}

/// What was said is content.
impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.turn.fmt(f)
    }
}

/// What became of a turn that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It goes on.
    Open,
    /// It is done, and goes to the timeline.
    Done(Turn),
    /// It was taken back.
    Gone,
}

/// After a pause as long, what was typed so far is told (accessibility 2.3).
const PAUSE: Duration = Duration::from_secs(2);
/// A turn that nobody went on with is done.
const FORGOTTEN: Duration = Duration::from_secs(30);
/// More people at once than that are not followed.
const MOST: usize = 32;

impl Turns {
    /// What is being said or typed, the turn that began last at the end.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Turn> {
        self.open.iter().map(|open| &open.turn)
    }

    /// Takes a turn as it is by now. The second value is what of it is to be told.
    pub fn take(&mut self, turn: Turn, now: Moment) -> (Taken, Option<Turn>) {
        let at = self.open.iter().position(|open| turn.continues(&open.turn));
        let told = at.map_or_else(String::new, |at| self.open[at].told.clone());
        if turn.done {
            if let Some(at) = at {
                self.open.remove(at);
            }
            if turn.text.is_empty() {
                return (Taken::Gone, None);
            }
            let rest = part(&turn, rest(&turn.text, &told));
            return (Taken::Done(turn), rest);
        }
        let open = if let Some(at) = at {
            let open = &mut self.open[at];
            if open.turn.text != turn.text {
                open.changed = now;
            }
            open.turn = turn;
            open
        } else {
            if self.open.len() == MOST {
                self.open.remove(0);
            }
            let changed = now;
            self.open.push_mut(Open {
                turn,
                changed,
                told,
            })
        };
        (Taken::Open, open.tell(self.live))
    }

    /// What is to be told by now, and turns that nobody goes on with.
    pub fn expire(&mut self, now: Moment) -> (Vec<Turn>, Vec<Turn>) {
        let told = self
            .open
            .iter_mut()
            .filter_map(|open| open.pause(now))
            .collect();
        let old = |open: &mut Open| now.since(open.changed) >= FORGOTTEN;
        let done = self.open.extract_if(.., old).filter_map(Open::done);
        (told, done.collect())
    }

    /// Somebody is gone: what they said last is done.
    pub fn leave(&mut self, who: &RawId) -> Vec<Turn> {
        let theirs = |open: &mut Open| open.turn.person.id == *who;
        let done = self.open.extract_if(.., theirs).filter_map(Open::done);
        done.collect()
    }

    /// Everybody is: the call is over.
    pub fn end(&mut self) -> Vec<Turn> {
        self.open.drain(..).filter_map(Open::done).collect()
    }

    /// When [`Turns::expire`] has something.
    pub fn deadline(&self) -> Option<Moment> {
        let pauses = self.open.iter().filter(|open| open.is_untold());
        let pauses = pauses.map(|open| open.changed + PAUSE);
        let ends = self.open.iter().map(|open| open.changed + FORGOTTEN);
        pauses.chain(ends).min()
    }
}

impl Open {
    fn done(self) -> Option<Turn> {
        let turn = Turn {
            done: true,
            ..self.turn
        };
        (!turn.text.is_empty()).then_some(turn)
    }

    /// Captions are told when they are done: until then they are guesses.
    fn is_untold(&self) -> bool {
        self.turn.kind == TurnKind::Text && !rest(&self.turn.text, &self.told).is_empty()
    }

    /// What can be told at once: whole sentences, or whole words.
    fn tell(&mut self, live: bool) -> Option<Turn> {
        if self.turn.kind == TurnKind::Caption {
            return None;
        }
        let from = rest(&self.turn.text, &self.told);
        let end = if live {
            from.rfind(char::is_whitespace)
        } else {
            from.rmatch_indices(['.', '!', '?'])
                .map(|(at, mark)| at + mark.len())
                .find(|at| from[*at..].starts_with(char::is_whitespace))
        };
        let words = from[..end?].to_owned();
        self.say(&words)
    }

    fn pause(&mut self, now: Moment) -> Option<Turn> {
        if !self.is_untold() || now.since(self.changed) < PAUSE {
            return None;
        }
        let words = rest(&self.turn.text, &self.told).to_owned();
        self.say(&words)
    }

    fn say(&mut self, words: &str) -> Option<Turn> {
        let at = self.turn.text.len() - rest(&self.turn.text, &self.told).len();
        self.told = self.turn.text[..at + words.len()].to_owned();
        part(&self.turn, words)
    }
}

/// What of `text` was not told. Where told words were changed, the sentence or word that was
/// changed is told again.
fn rest<'a>(text: &'a str, told: &str) -> &'a str {
    if let Some(rest) = text.strip_prefix(told) {
        return rest;
    }
    let same = text
        .char_indices()
        .zip(told.chars())
        .find(|((_, a), b)| a != b);
    let at = same.map_or(text.len(), |((at, _), _)| at);
    let word = text[..at].rfind(char::is_whitespace).map_or(0, |at| at + 1);
    &text[word.min(text.len())..]
}

/// A turn with only these words; nothing where there are none.
fn part(turn: &Turn, words: &str) -> Option<Turn> {
    let text = words.trim().to_owned();
    (!text.is_empty()).then(|| Turn {
        text,
        ..turn.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::identity::Person;

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    fn turn(kind: TurnKind, id: u64, text: &str, done: bool) -> Turn {
        Turn {
            kind,
            id,
            person: Person::new("8:acs:erin", "Erin"),
            mine: false,
            text: text.to_owned(),
            done,
            language: None,
        }
    }

    fn text(words: &str) -> Turn {
        turn(TurnKind::Text, 1, words, false)
    }

    fn caption(id: u64, words: &str, done: bool) -> Turn {
        turn(TurnKind::Caption, id, words, done)
    }

    fn told(turns: &mut Turns, turn: Turn, millis: u64) -> Option<String> {
        turns.take(turn, at(millis)).1.map(|turn| turn.text)
    }

    #[test]
    fn a_partial_is_replaced_until_the_final_leaves() {
        let mut turns = Turns::default();
        turns.take(caption(1, "so the", false), at(0));
        turns.take(caption(1, "so the budget", false), at(300));
        let open: Vec<_> = turns.open().map(|t| t.text.clone()).collect();
        assert_eq!(open, ["so the budget"]);
        let done = caption(1, "So the budget is fine.", true);
        let (taken, said) = turns.take(done.clone(), at(900));
        assert_eq!((taken, said), (Taken::Done(done.clone()), Some(done)));
        assert_eq!(turns.open().count(), 0);
    }

    #[test]
    fn captions_are_told_only_when_they_are_done() {
        let mut turns = Turns::default();
        assert_eq!(told(&mut turns, caption(1, "Yes. And", false), 0), None);
        assert_eq!(turns.expire(at(10_000)).0, []);
    }

    #[test]
    fn real_time_text_is_told_by_sentence_and_after_a_pause() {
        let mut turns = Turns::default();
        assert_eq!(told(&mut turns, text("My microphone is bro"), 0), None);
        let more = text("My microphone is broken. Can you");
        let said = told(&mut turns, more, 400);
        assert_eq!(said.as_deref(), Some("My microphone is broken."));
        assert_eq!(turns.deadline(), Some(at(2400)));
        let (said, done) = turns.expire(at(2400));
        assert_eq!((said[0].text.as_str(), done.len()), ("Can you", 0));
        let end = turn(
            TurnKind::Text,
            1,
            "My microphone is broken. Can you read me?",
            true,
        );
        assert_eq!(told(&mut turns, end, 3000).as_deref(), Some("read me?"));
    }

    #[test]
    fn real_time_text_is_told_word_by_word_for_who_wants_it() {
        let mut turns = Turns {
            live: true,
            ..Turns::default()
        };
        assert_eq!(told(&mut turns, text("my"), 0), None);
        assert_eq!(
            told(&mut turns, text("my micro"), 100).as_deref(),
            Some("my")
        );
        assert_eq!(
            told(&mut turns, text("my microphone "), 200).as_deref(),
            Some("microphone")
        );
    }

    #[test]
    fn a_word_that_was_told_and_then_changed_is_told_again() {
        let mut turns = Turns::default();
        told(&mut turns, text("Meet at ten. "), 0);
        let said = told(&mut turns, text("Meet at two. "), 500);
        assert_eq!(said.as_deref(), Some("two."));
    }

    #[test]
    fn what_was_taken_back_is_gone() {
        let mut turns = Turns::default();
        turns.take(text("never mind"), at(0));
        let back = turn(TurnKind::Text, 1, "", true);
        assert_eq!(turns.take(back, at(100)), (Taken::Gone, None));
        assert_eq!(turns.open().count(), 0);
    }

    #[test]
    fn a_turn_that_nobody_ends_is_done_when_its_person_leaves_or_in_time() {
        let mut turns = Turns::default();
        turns.take(caption(4, "and then", false), at(0));
        let left = turns.leave(&RawId::new("8:acs:erin"));
        assert_eq!(left, [caption(4, "and then", true)]);
        turns.take(caption(5, "as I said", false), at(0));
        assert_eq!(turns.deadline(), Some(at(30_000)));
        assert_eq!(turns.expire(at(30_000)).1, [caption(5, "as I said", true)]);
    }
}
