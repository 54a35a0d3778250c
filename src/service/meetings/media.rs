//! What may be heard of whom, and the words between a client and whoever mixes.
//!
//! The meeting decides, the mixer carries out: it is told by [`MediaAct`]s what may flow
//! from and to each client, and must let nothing else through. Knows no packet.

use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::wire::local::Answer;
use crate::wire::local::Audio;
use crate::wire::local::Consent;
use crate::wire::local::Level;
use crate::wire::local::MediaState;
use crate::wire::local::NoticeKind;
use crate::wire::local::Refused;
use crate::wire::local::Sdp;
use crate::wire::local::ToClient;

use super::meeting::Meeting;
use super::meeting::Now;
use super::meeting::Output;
use super::participant::Link;
use super::participant::Participant;
use super::participant::SocketId;
use super::requests::Acted;
use super::requests::NoSuchParticipant;

/// What the mixer of all meetings is told, in order.
#[derive(Debug)]
pub struct Mixing {
    /// Thread id.
    pub meeting: String,
    pub act: MediaAct,
}

/// What the mixer has to do in one meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaAct {
    /// To be answered with [`Meeting::answer_offer`] or [`Meeting::refuse_offer`].
    Offer {
        id: String,
        socket: SocketId,
        /// Ours, where their signalling reached us: their sound reaches us there too.
        address: IpAddr,
        sdp: Sdp,
    },
    /// What may flow from and to somebody from now on. Who was never named has no flow.
    Flow { id: String, flow: Flow },
    /// They are in the meeting no more.
    Gone { id: String },
    /// Somebody of the cast says this aloud.
    Speak { id: String, words: &'static str },
    /// Everything that is heard goes into this file too, from now on; without one into none.
    Record { file: Option<PathBuf> },
    /// How loud `listener` wants to hear `of`, in percent.
    Volume {
        listener: String,
        of: String,
        percent: u16,
    },
}

/// What may flow between a client and the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Their voice may be heard.
    pub up: bool,
    /// They may hear.
    pub down: bool,
}

/// What the mixer knows of somebody, and of which stay.
#[derive(Debug)]
pub(super) struct Told {
    call_id: String,
    flow: Flow,
}

impl Participant {
    /// Nothing in the lobby and on hold; nothing upstream while muted or before consent.
    pub(super) fn flow(&self) -> Flow {
        // Also while the signalling of a client is lost: its sound need not be.
        let inside = self.is_inside() && !self.held;
        if self.link == Link::Scripted {
            return Flow {
                up: inside && !self.muted,
                down: false,
            };
        }
        let agreed = matches!(self.consent, Consent::NotRequired | Consent::Granted);
        Flow {
            up: inside && agreed && !self.untold && !self.muted && self.audio == Audio::Full,
            down: inside && !self.deafened && self.audio != Audio::None,
        }
    }
}

impl Meeting {
    /// Tells the mixer what changed in what may flow, and in what is recorded. To be called after every act.
    pub fn follow_media(&mut self, out: &mut Vec<Output>) {
        let people = &self.people;
        let stays = |id: &String, told: &mut Told| {
            let stay = people.iter().find(|who| who.person.id == *id);
            stay.is_some_and(|who| who.call_id == told.call_id)
        };
        let gone = self.flows.extract_if(.., |id, told| !stays(id, told));
        out.extend(gone.map(|(id, _)| Output::Media(MediaAct::Gone { id })));
        for who in &self.people {
            let (id, flow) = (who.person.id.clone(), who.flow());
            let told = self.flows.entry(id.clone()).or_insert_with(|| Told {
                call_id: who.call_id.clone(),
                flow: Flow::default(),
            });
            if std::mem::replace(&mut told.flow, flow) != flow {
                out.push(Output::Media(MediaAct::Flow { id, flow }));
            }
        }
        if self.recorded_into != self.recording.file {
            self.recorded_into.clone_from(&self.recording.file);
            let file = self.recording.file.clone();
            out.push(Output::Media(MediaAct::Record { file }));
        }
    }

    pub(super) fn offer(&self, at: usize, sdp: Sdp, out: &mut Vec<Output>) {
        let who = &self.people[at];
        if let Some(socket) = who.socket() {
            let id = who.person.id.clone();
            out.push(Output::Offer { id, socket, sdp });
        }
    }

    /// The mixer's answer. A socket that is not theirs any more gets none.
    pub fn answer_offer(
        &self,
        id: &str,
        socket: SocketId,
        answer: Answer,
        out: &mut Vec<Output>,
    ) -> Acted {
        let at = self.offered(id, socket)?;
        self.tell(at, ToClient::Answer(answer), out);
        Ok(())
    }

    /// No sound for them, for that reason.
    pub fn refuse_offer(
        &mut self,
        id: &str,
        socket: SocketId,
        reason: &str,
        out: &mut Vec<Output>,
    ) -> Acted {
        let at = self.offered(id, socket)?;
        let refused = Refused {
            request: "offer".to_owned(),
            reason: reason.to_owned(),
        };
        self.tell(at, ToClient::Refused(refused), out);
        self.set_media(id, MediaState::None, Some(reason.to_owned()), out)
    }

    fn offered(&self, id: &str, socket: SocketId) -> Result<usize, NoSuchParticipant> {
        let at = self.present(id)?;
        (self.people[at].socket() == Some(socket))
            .then_some(at)
            .ok_or(NoSuchParticipant)
    }

    /// Where somebody's media connection stands.
    pub fn set_media(
        &mut self,
        id: &str,
        state: MediaState,
        reason: Option<String>,
        out: &mut Vec<Output>,
    ) -> Acted {
        let at = self.present(id)?;
        self.people[at].media = (state, reason);
        self.tell(at, self.media_for(at), out);
        Ok(())
    }

    pub(super) fn media_for(&self, at: usize) -> ToClient {
        let (state, reason) = self.people[at].media.clone();
        ToClient::Media { state, reason }
    }

    /// Everybody is told that the meeting is recorded, and its sound goes into the file from then
    /// on, for as long as that is so. False: it is recorded already, and the file is not used.
    pub fn record(
        &mut self,
        file: PathBuf,
        by_name: Option<String>,
        now: Now,
        out: &mut Vec<Output>,
    ) -> bool {
        let begins = !self.is_recorded();
        if begins {
            self.set_notice(NoticeKind::Recording, true, by_name, now, out);
            self.recording.file = Some(file);
        }
        begins
    }

    /// Nothing can be written into the file any more. Another recording is not meant.
    pub fn recording_failed(&mut self, file: &Path, now: Now, out: &mut Vec<Output>) {
        if self.recording.file.as_deref() == Some(file) {
            self.set_notice(NoticeKind::Recording, false, None, now, out);
        }
    }

    /// Whether anybody looks at levels.
    pub fn wants_levels(&self) -> bool {
        self.inside().any(|who| who.wants_levels && !who.held)
    }

    /// Has somebody of the cast say something aloud.
    pub fn speak(&self, id: &str, words: &'static str, out: &mut Vec<Output>) -> Acted {
        self.present(id)?;
        let id = id.to_owned();
        out.push(Output::Media(MediaAct::Speak { id, words }));
        Ok(())
    }

    /// How loud everybody is who can be heard: to those who want it, five times a second at most.
    pub fn set_levels(&mut self, levels: Vec<(String, i8)>, now: Now, out: &mut Vec<Output>) {
        let recent = |at| now.mono.since(at) < LEVELS_PACE;
        if self.levels_told.is_some_and(recent) {
            return;
        }
        self.levels_told = Some(now.mono);
        let levels: Vec<Level> = levels
            .into_iter()
            .map(|(id, dbfs)| Level { id, dbfs })
            .collect();
        let wants = |who: &&Participant| who.wants_levels && !who.held;
        for socket in self.inside().filter(wants).filter_map(Participant::socket) {
            let levels = levels.clone();
            let message = ToClient::Levels { levels };
            out.push(Output::Send { socket, message });
        }
    }

    pub(super) fn deafen(&mut self, at: usize, deafened: bool, out: &mut Vec<Output>) {
        self.people[at].deafened = deafened;
        self.tell_changed(at, out);
    }

    pub(super) fn volume(
        &self,
        at: usize,
        of: String,
        percent: u16,
        out: &mut Vec<Output>,
    ) -> Acted {
        self.present(&of)?;
        out.push(Output::Media(MediaAct::Volume {
            listener: self.people[at].person.id.clone(),
            of,
            percent: percent.min(LOUDEST),
        }));
        Ok(())
    }
}

const LEVELS_PACE: Duration = Duration::from_millis(200);
const LOUDEST: u16 = 200;
