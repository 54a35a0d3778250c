//! How the sound of an account's calls travels.

use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use crate::audio::Frame;
use crate::call::bridge::PcmEnds;
use crate::call::native::MediaEnds;
use crate::clock::Moment;
use crate::model::account::AccountId;
use crate::model::sound::Level;
use crate::tasks::Tasks;

use super::bridged;
use super::bridged::Bridged;
use super::line;
use super::line::Line;

/// Where the sound goes to and comes from.
#[derive(Debug)]
pub enum Ends {
    /// A media connection of our own.
    Peer(MediaEnds),
    /// The page that the vendor's SDK runs in.
    Page(PcmEnds),
}

pub(super) enum Way {
    Peer(Box<Line>),
    Page(Bridged),
}

#[expect(
    clippy::large_enum_variant,
    reason = "a frame is used at once, and made a hundred times a second"
)]
pub(super) enum Input {
    Peer(line::Input),
    Page(bridged::Input),
}

impl Way {
    pub(super) fn new(account: AccountId, ends: Ends, tasks: &Tasks) -> Self {
        match ends {
            Ends::Peer(ends) => Self::Peer(Box::new(Line::new(account, ends, tasks.clone()))),
            Ends::Page(ends) => Self::Page(Bridged::new(account, ends)),
        }
    }

    pub(super) fn account(&self) -> &AccountId {
        match self {
            Self::Peer(line) => line.account(),
            Self::Page(bridged) => bridged.account(),
        }
    }

    pub(super) fn mute(&mut self, muted: bool) {
        match self {
            Self::Peer(line) => line.mute(muted),
            Self::Page(bridged) => bridged.mute(muted),
        }
    }

    pub(super) fn is_muted(&self) -> bool {
        match self {
            Self::Peer(line) => line.is_muted(),
            Self::Page(bridged) => bridged.is_muted(),
        }
    }

    /// What came in next. `None` once the calls of the account are over for good.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Input>> {
        match self {
            Self::Peer(line) => line.poll_next(context).map(|input| input.map(Input::Peer)),
            Self::Page(bridged) => {
                let next = bridged.poll_next(context);
                next.map(|input| input.map(Input::Page))
            }
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment) {
        match (self, input) {
            (Self::Peer(line), Input::Peer(input)) => line.handle(input, now),
            (Self::Page(bridged), Input::Page(input)) => bridged.handle(input),
            (Self::Peer(_), Input::Page(_)) | (Self::Page(_), Input::Peer(_)) => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Peer(line) => line.deadline(),
            Self::Page(_) => None,
        }
    }

    pub(super) fn timeout(&mut self, now: Moment) {
        if let Self::Peer(line) = self {
            line.timeout(now);
        }
    }

    pub(super) fn capture(&mut self, frame: &Frame, level: Level, now: Moment) {
        match self {
            Self::Peer(line) => line.capture(frame, level, now),
            Self::Page(bridged) => bridged.capture(frame),
        }
    }

    pub(super) fn play(&mut self, frame: &mut Frame, now: Duration) -> bool {
        match self {
            Self::Peer(line) => line.play(frame, now),
            Self::Page(bridged) => bridged.play(frame),
        }
    }
}
