//! Push to talk: whether a person talks at this moment, and whether their key is still down.
//!
//! Where a terminal reports that a key was let go, that ends the talk. Where it does
//! not, the end of the key's repeats does. And since both can fail (the window lost
//! the keys, the line broke), silence of the key ends it too, after a while.

use std::time::Duration;

use crate::clock::Moment;
use crate::model::sound::KeyEnds;
use crate::model::sound::PushToTalk;

#[derive(Debug, Clone, Default)]
pub struct Talk {
    /// How this terminal shows that a key is no longer held.
    pub ends: KeyEnds,
    open: bool,
    /// The microphone was muted before and shall be again.
    muted_before: bool,
    /// Changes of our mute state that talking asked for and the service has not told yet.
    asked: u32,
    key: Option<KeyDown>,
}

#[derive(Debug, Clone, Copy)]
struct KeyDown {
    begun: Moment,
    heard: Moment,
    repeats: bool,
}

/// What a key, a command or a moment led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talked {
    Nothing,
    Begun {
        /// To be unmuted for it.
        unmute: bool,
    },
    Ended {
        /// To be muted again, as it was before.
        mute: bool,
    },
}

/// Why a talk ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {
    /// The repeats stopped: the key is up.
    RepeatsStopped,
    /// Nothing was heard of the key for too long; it may still be down.
    Forgotten,
}

/// A key repeats after this long at the latest.
const FIRST_REPEAT: Duration = Duration::from_millis(800);
/// Between two repeats lies no more, also over a slow line.
const REPEATS: Duration = Duration::from_millis(350);
/// A terminal that reports releases may not repeat at all; nobody talks longer with one breath.
const BREATH: Duration = Duration::from_secs(15);
/// One that repeated and stopped has lost the key.
const LOST: Duration = Duration::from_millis(1500);

impl Talk {
    /// The microphone may be open, as far as push to talk is concerned.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    pub const fn is_key_down(&self) -> bool {
        self.key.is_some()
    }

    /// The talk key, pressed or repeated.
    pub fn press(&mut self, mode: PushToTalk, muted: bool, now: Moment) -> Talked {
        if let Some(key) = &mut self.key {
            key.heard = now;
            key.repeats = true;
            return Talked::Nothing;
        }
        self.key = Some(KeyDown {
            begun: now,
            heard: now,
            repeats: false,
        });
        match (mode, self.open) {
            (PushToTalk::Off, _) => Talked::Nothing,
            (PushToTalk::Toggle, true) => self.end(),
            (PushToTalk::Hold | PushToTalk::Toggle, _) => self.begin(muted),
        }
    }

    /// The talk key is up.
    pub fn release(&mut self, mode: PushToTalk) -> Talked {
        if self.key.take().is_some() && mode == PushToTalk::Hold {
            self.end()
        } else {
            Talked::Nothing
        }
    }

    /// Begins a talk without a key.
    pub fn begin(&mut self, muted: bool) -> Talked {
        if std::mem::replace(&mut self.open, true) {
            return Talked::Nothing;
        }
        // Also where our own muting is still on its way.
        let unmute = muted || self.asked > 0;
        self.muted_before = unmute;
        self.asked += u32::from(unmute);
        Talked::Begun { unmute }
    }

    pub fn end(&mut self) -> Talked {
        if !std::mem::take(&mut self.open) {
            return Talked::Nothing;
        }
        let mute = std::mem::take(&mut self.muted_before);
        self.asked += u32::from(mute);
        Talked::Ended { mute }
    }

    /// Whether a mute state that the service tells comes from talking, which is not worth a word.
    pub const fn caused(&mut self) -> bool {
        let caused = self.asked > 0;
        self.asked = self.asked.saturating_sub(1);
        caused
    }

    /// What was asked for will not be told.
    pub const fn unanswered(&mut self) {
        self.asked = 0;
    }

    /// When [`Talk::expire`] may have something.
    pub fn deadline(&self) -> Option<Moment> {
        self.key.map(|key| self.up_at(&key))
    }

    /// The key is taken for up when nothing was heard of it for too long.
    pub fn expire(&mut self, mode: PushToTalk, now: Moment) -> Option<(Talked, Silent)> {
        let key = self.key?;
        if self.up_at(&key) > now {
            return None;
        }
        let why = match self.ends {
            KeyEnds::Repeats => Silent::RepeatsStopped,
            KeyEnds::Releases => Silent::Forgotten,
        };
        match self.release(mode) {
            Talked::Nothing => None,
            talked => Some((talked, why)),
        }
    }

    fn up_at(&self, key: &KeyDown) -> Moment {
        match (self.ends, key.repeats) {
            (KeyEnds::Repeats, true) => key.heard + REPEATS,
            (KeyEnds::Repeats, false) => key.begun + FIRST_REPEAT,
            (KeyEnds::Releases, true) => key.heard + LOST,
            (KeyEnds::Releases, false) => key.begun + BREATH,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: PushToTalk = PushToTalk::Hold;

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    fn talk(ends: KeyEnds) -> Talk {
        Talk {
            ends,
            ..Talk::default()
        }
    }

    #[test]
    fn a_held_key_talks_until_it_is_let_go() {
        let mut talk = talk(KeyEnds::Releases);
        let begun = Talked::Begun { unmute: true };
        assert_eq!(talk.press(HOLD, true, at(0)), begun);
        assert_eq!(talk.press(HOLD, false, at(500)), Talked::Nothing);
        assert!(talk.is_open());
        assert_eq!(talk.release(HOLD), Talked::Ended { mute: true });
        assert!(!talk.is_open());
        assert_eq!(talk.release(HOLD), Talked::Nothing);
    }

    #[test]
    fn who_was_not_muted_before_is_not_muted_afterwards() {
        let mut talk = talk(KeyEnds::Releases);
        talk.press(HOLD, false, at(0));
        assert_eq!(talk.release(HOLD), Talked::Ended { mute: false });
    }

    #[test]
    fn a_second_talk_before_the_service_muted_us_is_muted_afterwards_all_the_same() {
        let mut talk = talk(KeyEnds::Releases);
        talk.press(HOLD, true, at(0));
        assert!(talk.caused());
        talk.release(HOLD);
        let begun = Talked::Begun { unmute: true };
        assert_eq!(talk.press(HOLD, false, at(50)), begun);
        assert_eq!(talk.release(HOLD), Talked::Ended { mute: true });
        assert!(talk.caused() && talk.caused() && talk.caused());
        assert!(!talk.caused());
    }

    #[test]
    fn without_releases_the_end_of_the_repeats_ends_it() {
        let mut talk = talk(KeyEnds::Repeats);
        talk.press(HOLD, true, at(0));
        assert_eq!(talk.expire(HOLD, at(799)), None);
        talk.press(HOLD, true, at(600));
        talk.press(HOLD, true, at(640));
        assert_eq!(talk.deadline(), Some(at(990)));
        let ended = (Talked::Ended { mute: true }, Silent::RepeatsStopped);
        assert_eq!(talk.expire(HOLD, at(990)), Some(ended));
        assert_eq!(talk.deadline(), None);
    }

    #[test]
    fn a_release_that_never_comes_leaves_no_microphone_open() {
        let mut talk = talk(KeyEnds::Releases);
        talk.press(HOLD, true, at(0));
        assert_eq!(talk.expire(HOLD, at(14_999)), None);
        let ended = (Talked::Ended { mute: true }, Silent::Forgotten);
        assert_eq!(talk.expire(HOLD, at(15_000)), Some(ended));
        talk.press(HOLD, true, at(20_000));
        talk.press(HOLD, true, at(20_500));
        assert_eq!(talk.expire(HOLD, at(22_000)), Some(ended));
    }

    #[test]
    fn a_key_that_toggles_is_not_toggled_by_its_repeats() {
        let mut talk = talk(KeyEnds::Repeats);
        let mode = PushToTalk::Toggle;
        assert_eq!(
            talk.press(mode, true, at(0)),
            Talked::Begun { unmute: true }
        );
        for millis in [500, 540, 580] {
            assert_eq!(talk.press(mode, true, at(millis)), Talked::Nothing);
        }
        assert_eq!(talk.expire(mode, at(2000)), None);
        assert!(talk.is_open() && !talk.is_key_down());
        let ended = Talked::Ended { mute: true };
        assert_eq!(talk.press(mode, false, at(3000)), ended);
    }

    #[test]
    fn mutes_by_talking_are_told_from_others() {
        let mut talk = talk(KeyEnds::Releases);
        assert!(!talk.caused());
        talk.press(HOLD, true, at(0));
        talk.release(HOLD);
        // Both answers come late.
        assert!(talk.caused() && talk.caused());
        assert!(!talk.caused());
        talk.press(HOLD, true, at(0));
        talk.unanswered();
        assert!(!talk.caused());
    }
}
