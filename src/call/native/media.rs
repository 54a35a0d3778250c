//! Between a call's signalling and whoever carries its sound: offers and answers pass through here.

use std::net::SocketAddr;

use tokio::sync::mpsc;

use crate::model::sound::Audio;
use crate::model::sound::MediaState;
use crate::model::sound::Statistics;
use crate::wire::local::Sdp;

/// The signalling side's ends of the two channels.
#[derive(Debug)]
pub struct Media {
    /// Not bounded: there is at most one wish for each word of the service, and `Stop` must arrive.
    pub wishes: mpsc::UnboundedSender<MediaWish>,
    pub words: mpsc::Receiver<MediaWord>,
}

/// The other ends, for whoever carries the sound.
#[derive(Debug)]
pub struct MediaEnds {
    pub wishes: mpsc::UnboundedReceiver<MediaWish>,
    pub words: mpsc::Sender<MediaWord>,
}

impl Media {
    pub fn pair() -> (Self, MediaEnds) {
        let (wishes, asked) = mpsc::unbounded_channel();
        let (words, said) = mpsc::channel(WORDS);
        let ends = MediaEnds {
            wishes: asked,
            words,
        };
        (
            Self {
                wishes,
                words: said,
            },
            ends,
        )
    }
}

/// What the signalling wants of the sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaWish {
    /// The signalling is connected there: the way of the sound begins the same.
    Route(SocketAddr),
    /// We are in the meeting: make an offer, or one that restarts what is there.
    Start { audio: Audio },
    /// To the last offer.
    Answer { sdp: Sdp, candidates: Vec<String> },
    /// The service carries no sound for us. No other offer before the next `Start`.
    Refused { reason: String },
    /// On hold, or out: send nothing and play nothing.
    Stop,
}

/// What the sound says to the signalling.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaWord {
    Offer(Sdp),
    State(MediaState, Option<String>),
    /// About once a second.
    Statistics(Statistics),
}

const WORDS: usize = 32;
