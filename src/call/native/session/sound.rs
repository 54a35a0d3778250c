//! When the sound flows, and its offers on their way.

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::call::CallState;
use crate::model::sound::Audio;
use crate::wire::local::Sdp;
use crate::wire::local::ToService;

use super::Link;
use super::MediaWish;
use super::MediaWord;
use super::Output;
use super::Session;

impl Session {
    /// The sound flows while we are connected, and only then.
    pub(super) fn sound(&mut self, state: CallState) {
        let Some(plan) = &mut self.plan else { return };
        let wanted = state == CallState::Connected && plan.audio != Audio::None;
        if wanted != std::mem::replace(&mut plan.sounding, wanted) {
            self.out.push_back(Output::Media(if wanted {
                MediaWish::Start { audio: plan.audio }
            } else {
                MediaWish::Stop
            }));
        }
    }

    pub(super) fn media(&mut self, word: MediaWord, now: Moment, at: Timestamp) {
        let Some(plan) = &self.plan else { return };
        match word {
            MediaWord::Offer(sdp) if plan.sounding => self.offer(sdp, now, at),
            // One that comes too late is made again with the next start.
            MediaWord::Offer(_) => {}
            MediaWord::State(state, reason) => self.event(CallEvent::Media { state, reason }),
            MediaWord::Statistics(statistics) => self.event(CallEvent::Statistics(statistics)),
        }
    }

    /// Without a link it is made again with the next start.
    pub(super) fn offer(&mut self, sdp: Sdp, now: Moment, at: Timestamp) {
        match self.link {
            // Neither the sound nor the socket hears anything: the way is another one.
            Link::Up {
                doubted: Some(_), ..
            } => self.moved(now, at),
            Link::Up { doubted: None, .. } => self.send(&ToService::Offer { sdp }),
            Link::Idle | Link::Opening | Link::Down { .. } | Link::Leaving { .. } => {}
        }
    }
}
