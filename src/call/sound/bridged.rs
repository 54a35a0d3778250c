//! The sound of one account's calls by way of the page: frames without a network in between.

use std::collections::VecDeque;
use std::task::Context;
use std::task::Poll;

use crate::audio::Frame;
use crate::audio::SILENCE;
use crate::call::bridge::PcmEnds;
use crate::call::bridge::PcmWish;
use crate::call::bridge::to_samples;
use crate::model::account::AccountId;
use crate::model::sound::Audio;

pub(super) struct Bridged {
    account: AccountId,
    ends: PcmEnds,
    audio: Audio,
    /// At first, so that nothing is said before somebody wants it.
    muted: bool,
    waiting: VecDeque<Frame>,
    /// There was enough to begin with, and it has not run dry since.
    plays: bool,
}

#[expect(
    clippy::large_enum_variant,
    reason = "a frame is used at once, and made a hundred times a second"
)]
pub(super) enum Input {
    Wish(PcmWish),
    Heard(Frame),
}

impl Bridged {
    pub(super) const fn new(account: AccountId, ends: PcmEnds) -> Self {
        Self {
            account,
            ends,
            audio: Audio::None,
            muted: true,
            waiting: VecDeque::new(),
            plays: false,
        }
    }

    pub(super) const fn account(&self) -> &AccountId {
        &self.account
    }

    pub(super) const fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub(super) const fn is_muted(&self) -> bool {
        self.muted
    }

    /// `None` once the calls of the account are over for good.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Input>> {
        if let Poll::Ready(wish) = self.ends.wishes.poll_recv(context) {
            return Poll::Ready(wish.map(Input::Wish));
        }
        match self.ends.heard.poll_recv(context) {
            Poll::Ready(Some(frame)) => Poll::Ready(Some(Input::Heard(frame))),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    pub(super) fn handle(&mut self, input: Input) {
        match input {
            Input::Wish(PcmWish::Start { audio }) => self.audio = audio,
            Input::Wish(PcmWish::Stop) => {
                self.audio = Audio::None;
                self.waiting.clear();
                self.plays = false;
            }
            Input::Heard(_) if self.audio == Audio::None => {}
            Input::Heard(frame) => {
                // Two clocks: the oldest goes when the page's runs faster.
                if self.waiting.len() >= MOST {
                    self.waiting.pop_front();
                }
                self.waiting.push_back(frame);
            }
        }
    }

    /// 10 ms from the microphone; while muted or out none of it leaves.
    pub(super) fn capture(&self, frame: &Frame) {
        if self.audio == Audio::Full && !self.muted {
            // A page that does not keep up loses what is old by the time it would.
            let _ = self.ends.captured.try_send(to_samples(frame));
        }
    }

    /// The next 10 ms of what the others say; false when there is nothing to hear.
    pub(super) fn play(&mut self, frame: &mut Frame) -> bool {
        self.plays |= self.waiting.len() >= ENOUGH;
        let next = if self.plays {
            self.waiting.pop_front()
        } else {
            None
        };
        self.plays = next.is_some();
        *frame = next.unwrap_or(SILENCE);
        self.plays
    }
}

/// Frames to begin with: 20 ms (media.md 1).
const ENOUGH: usize = 2;
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::bridge::Pcm;

    fn loud(level: f32) -> Frame {
        [level; crate::audio::FRAME]
    }

    #[test]
    fn nothing_leaves_while_muted_or_out() {
        let (mut pcm, ends) = Pcm::pair();
        let mut line = Bridged::new(AccountId::new("a"), ends);
        line.capture(&loud(0.5));
        line.mute(false);
        line.capture(&loud(0.5));
        line.handle(Input::Wish(PcmWish::Start {
            audio: Audio::Listen,
        }));
        line.capture(&loud(0.5));
        assert!(pcm.captured.try_recv().is_err());
        line.handle(Input::Wish(PcmWish::Start { audio: Audio::Full }));
        line.capture(&loud(0.5));
        assert!(pcm.captured.try_recv().is_ok());
        line.mute(true);
        line.capture(&loud(0.5));
        line.mute(false);
        line.handle(Input::Wish(PcmWish::Stop));
        line.capture(&loud(0.5));
        assert!(pcm.captured.try_recv().is_err());
    }

    #[test]
    fn it_plays_once_there_is_enough_and_never_far_behind() {
        let (_pcm, ends) = Pcm::pair();
        let mut line = Bridged::new(AccountId::new("a"), ends);
        let mut frame = SILENCE;
        line.handle(Input::Wish(PcmWish::Start { audio: Audio::Full }));
        line.handle(Input::Heard(loud(0.1)));
        assert!(!line.play(&mut frame));
        for n in 0..20_u8 {
            line.handle(Input::Heard(loud(f32::from(n) / 100.0)));
        }
        assert!(line.play(&mut frame));
        assert!((frame[0] - 0.12).abs() < 1e-6, "{}", frame[0]);
        line.handle(Input::Wish(PcmWish::Stop));
        assert!(!line.play(&mut frame));
    }
}
