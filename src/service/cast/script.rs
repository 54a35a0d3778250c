//! When the cast does what: an opening that shows everything, then scenes for ever.
//!
//! Pure: given the time, and deterministic by its seed.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;

use super::replies::reply;
use super::scenes::OPENING;
use super::scenes::SCENES;
use super::scenes::Scene;
use super::scenes::Step;

pub(super) struct Script {
    rng: fastrand::Rng,
    /// In the order of their moments.
    due: VecDeque<(Moment, Step)>,
    playing: bool,
    opened: bool,
    /// The scene before, which is not played twice in a row.
    last: usize,
    answered: Option<Moment>,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            due: VecDeque::new(),
            playing: false,
            opened: false,
            last: SCENES.len(),
            answered: None,
        }
    }

    /// There is somebody to play for.
    pub(super) fn begin(&mut self, now: Moment) {
        self.playing = true;
        if !std::mem::replace(&mut self.opened, true) {
            self.plan(OPENING, now);
        }
    }

    /// There is nobody any more: what was planned is dropped.
    pub(super) fn pause(&mut self) {
        self.playing = false;
        self.due.clear();
    }

    /// A guest said something.
    pub(super) fn hear(&mut self, content: &str, now: Moment) {
        let recently = |at: Moment| now.since(at) < BREATH;
        if self.answered.is_some_and(recently) {
            return;
        }
        if let Some(scene) = reply(content, &mut self.rng) {
            self.answered = Some(now);
            self.plan(scene, now);
        }
    }

    /// What is to be done by now; ask again until there is nothing.
    pub(super) fn next(&mut self, now: Moment) -> Option<Step> {
        if self.due.is_empty() && self.playing {
            self.plan_another(now);
        }
        let (at, _) = self.due.front()?;
        if *at > now {
            return None;
        }
        self.due.pop_front().map(|(_, step)| step)
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.due.front().map(|(at, _)| *at)
    }

    fn plan_another(&mut self, now: Moment) {
        let mut choice = self.rng.usize(..SCENES.len());
        if choice == self.last {
            choice = (choice + 1) % SCENES.len();
        }
        self.last = choice;
        let pause = Duration::from_millis(self.rng.u64(PAUSE_MILLIS));
        self.plan(SCENES[choice], now + pause);
    }

    fn plan(&mut self, scene: Scene, from: Moment) {
        for (millis, step) in scene {
            let at = from + Duration::from_millis(*millis);
            match *step {
                Step::Speak(who, words) => {
                    self.due.push_back((at, *step));
                    let parts = word_by_word(words, at, SPOKEN_WORD, 3);
                    self.due
                        .extend(parts.map(|(at, words, all)| (at, Step::Spoken(who, words, all))));
                }
                Step::Write(who, words) => {
                    let parts = word_by_word(words, at, WRITTEN_WORD, 1);
                    self.due
                        .extend(parts.map(|(at, words, all)| (at, Step::Written(who, words, all))));
                }
                step => self.due.push_back((at, step)),
            }
        }
        // Stable, so that steps of one moment keep the order they are written in.
        self.due.make_contiguous().sort_by_key(|(at, _)| *at);
    }
}

/// The begin of `words` as it grows by so many words at a time; the last part is all of it.
fn word_by_word(
    words: &'static str,
    from: Moment,
    word: Duration,
    step: usize,
) -> impl Iterator<Item = (Moment, &'static str, bool)> {
    let ends: Vec<usize> = words
        .match_indices(' ')
        .map(|(at, _)| at)
        .chain([words.len()])
        .collect();
    let last = ends.len();
    (1..=last)
        .filter(move |n| n % step == 0 || *n == last)
        .map(move |n| {
            let passed = word * u32::try_from(n).unwrap_or(u32::MAX);
            (from + passed, &words[..ends[n - 1]], n == last)
        })
}

/// 150 words a minute, and a good typist.
const SPOKEN_WORD: Duration = Duration::from_millis(380);
const WRITTEN_WORD: Duration = Duration::from_millis(650);
const BREATH: Duration = Duration::from_secs(2);
const PAUSE_MILLIS: std::ops::Range<u64> = 3_000..9_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::cast::scenes::Member;
    use crate::wire::local::NoticeKind;

    fn played(script: &mut Script, from: u64, to: u64) -> Vec<Step> {
        let mut steps = Vec::new();
        for second in from..to {
            while let Some(step) = script.next(Moment::ZERO + Duration::from_secs(second)) {
                steps.push(step);
            }
        }
        steps
    }

    #[test]
    fn the_first_minute_shows_everything() {
        let mut script = Script::new(7);
        script.begin(Moment::ZERO);
        let steps = played(&mut script, 0, 60);
        let shows = |wanted: fn(&Step) -> bool| steps.iter().any(wanted);
        assert!(shows(|s| matches!(s, Step::Enter(_))));
        assert!(shows(|s| matches!(s, Step::LetIn(_))));
        assert!(shows(|s| matches!(s, Step::Type(_))));
        assert!(shows(|s| matches!(s, Step::Edit(..))));
        assert!(shows(|s| matches!(s, Step::Delete(..))));
        assert!(shows(|s| matches!(s, Step::Reply(..))));
        assert!(shows(|s| matches!(s, Step::Hand(_, true))));
        assert!(shows(|s| matches!(s, Step::React(..))));
        assert!(shows(|s| matches!(s, Step::Talk(_))));
        for all in [false, true] {
            let spoken = |s: &Step| matches!(s, Step::Spoken(_, _, a) if *a == all);
            let written = |s: &Step| matches!(s, Step::Written(_, _, a) if *a == all);
            assert!(steps.iter().any(spoken) && steps.iter().any(written));
        }
        for kind in [NoticeKind::Recording, NoticeKind::Transcription] {
            for active in [true, false] {
                let told =
                    |s: &Step| matches!(s, Step::Notice(_, k, a) if *k == kind && *a == active);
                assert!(steps.iter().any(told), "{kind:?} {active}");
            }
        }
        let said = steps.iter().filter_map(|step| match step {
            Step::Say(_, _, html) | Step::Reply(_, _, _, html) => Some(*html),
            _ => None,
        });
        let said = said.collect::<String>();
        for part in [
            "<ol", "<ul", "<table", "<pre", "<a href", "{guest}", "<strong",
        ] {
            assert!(said.contains(part), "{part}");
        }
    }

    #[test]
    fn it_goes_on_by_itself_and_the_same_each_time() {
        let play = |seed| {
            let mut script = Script::new(seed);
            script.begin(Moment::ZERO);
            played(&mut script, 0, 900)
        };
        assert!(play(7).len() > 120);
        assert_eq!(play(7), play(7));
        assert_ne!(play(7), play(8));
    }

    #[test]
    fn without_anybody_there_is_nothing_to_do() {
        let mut script = Script::new(7);
        assert_eq!(played(&mut script, 0, 60), []);
        script.begin(Moment::ZERO);
        script.pause();
        assert_eq!(
            (script.deadline(), played(&mut script, 0, 60)),
            (None, vec![])
        );
    }

    #[test]
    fn what_is_said_aloud_grows_word_by_word_while_somebody_talks() {
        let mut script = Script::new(7);
        script.begin(Moment::ZERO);
        let mut talking = None;
        let mut before = "";
        for step in played(&mut script, 0, 900) {
            match step {
                Step::Talk(who) => talking = Some(who),
                Step::Hush(_) => talking = None,
                Step::Spoken(who, words, all) => {
                    assert_eq!(talking, Some(who), "{words}");
                    assert!(words.starts_with(before), "{words}");
                    before = if all { "" } else { words };
                }
                _ => {}
            }
        }
    }

    #[test]
    fn it_answers_when_spoken_to() {
        let mut script = Script::new(7);
        script.hear("could you stop the recording please", Moment::ZERO);
        let steps = played(&mut script, 0, 10);
        assert!(steps.contains(&Step::Notice(Member::Alice, NoticeKind::Recording, false)));
        assert!(
            steps
                .iter()
                .any(|s| matches!(s, Step::Say(_, _, html) if html.contains("{guest}")))
        );
    }
}
