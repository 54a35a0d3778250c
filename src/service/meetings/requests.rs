//! What clients ask of their meeting, and what others do to them.

use crate::wire::local::CapabilityName;
use crate::wire::local::CapabilityReason;
use crate::wire::local::Consent;
use crate::wire::local::Ended;
use crate::wire::local::NoticeKind;
use crate::wire::local::Person;
use crate::wire::local::Quality;
use crate::wire::local::Reaction;
use crate::wire::local::Refused;
use crate::wire::local::Role;
use crate::wire::local::ToClient;
use crate::wire::local::ToService;

use super::meeting::Meeting;
use super::meeting::Now;
use super::meeting::Output;
use super::meeting::ended;
use super::participant::Link;
use super::participant::Place;
use super::rules::capability;
use super::words::LONGEST;

/// Nobody of that id is where the act needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such participant there")]
pub struct NoSuchParticipant;

pub(super) type Acted = Result<(), NoSuchParticipant>;

/// Who is meant by muting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    Everyone,
    These(Vec<String>),
}

impl Meeting {
    /// A client's message. What is refused is told to that client only.
    pub fn request(&mut self, id: &str, message: ToService, now: Now, out: &mut Vec<Output>) {
        let Some(at) = self.place_of(id) else { return };
        let request = message.name().to_owned();
        if let Err(reason) = self.permit(at, &message) {
            let refused = Refused { request, reason };
            return self.tell(at, ToClient::Refused(refused), out);
        }
        let me = self.people[at].person.clone();
        let acted = match message {
            ToService::Leave => self.leave(id, out),
            ToService::EndForAll => {
                self.end(Some(me), out);
                Ok(())
            }
            ToService::Mute { muted } => self.set_muted(id, muted, out),
            ToService::Hold { held } => self.hold(id, held, out),
            ToService::Hand { raised } => self.raise_hand(id, raised, out),
            ToService::React { reaction } => self.react(id, reaction, out),
            ToService::Admit { id } => self.admit(&id, now, out),
            ToService::AdmitAll => {
                self.admit_all(now, out);
                Ok(())
            }
            ToService::Reject { id } => self.deny(&id, Some(me), out),
            ToService::Remove { id } => self.remove(&id, Some(me), out),
            ToService::MuteOthers { ids } if ids.is_empty() => self.mute(&Whom::Everyone, &me, out),
            ToService::MuteOthers { ids } => self.mute(&Whom::These(ids), &me, out),
            ToService::Consent { granted } => {
                self.consent(at, granted, out);
                Ok(())
            }
            ToService::Refresh => {
                self.tell_everything(at, out);
                Ok(())
            }
            ToService::Offer { sdp } => {
                self.offer(at, sdp, out);
                Ok(())
            }
            ToService::Deafen { deafened } => {
                self.deafen(at, deafened, out);
                Ok(())
            }
            ToService::Volume { id, percent } => self.volume(at, id, percent, out),
            ToService::Levels { on } => {
                self.people[at].wants_levels = on;
                Ok(())
            }
            ToService::Captions { on } => {
                self.people[at].wants_captions = on;
                Ok(())
            }
            ToService::Caption(words) => self.caption(id, words, out),
            ToService::Text(words) => self.real_time_text(id, words, out),
            ToService::Beat | ToService::Join(_) | ToService::Unknown(_) => Ok(()),
        };
        if let (Err(NoSuchParticipant), Some(at)) = (acted, self.place_of(id)) {
            let reason = "NoSuchParticipant".to_owned();
            self.tell(at, ToClient::Refused(Refused { request, reason }), out);
        }
    }

    fn permit(&self, at: usize, message: &ToService) -> Result<(), String> {
        let who = &self.people[at];
        let needed = match message {
            // Words of one's speech are one's speech.
            ToService::Mute { muted: false } | ToService::Caption(_) => CapabilityName::UnmuteMic,
            ToService::MuteOthers { .. } => CapabilityName::MuteOthers,
            ToService::Remove { .. } => CapabilityName::RemoveParticipant,
            ToService::EndForAll => CapabilityName::HangUpForEveryOne,
            ToService::Admit { .. } | ToService::AdmitAll | ToService::Reject { .. } => {
                CapabilityName::ManageLobby
            }
            ToService::Hand { .. } => CapabilityName::RaiseHand,
            ToService::React { .. } => CapabilityName::UseReactions,
            ToService::Mute { .. }
            | ToService::Hold { .. }
            | ToService::Consent { .. }
            | ToService::Offer { .. }
            | ToService::Volume { .. }
            | ToService::Text(_) => CapabilityName::ViewAttendeeNames,
            // What somebody wants to hear once they are inside.
            ToService::Deafen { .. }
            | ToService::Levels { .. }
            | ToService::Captions { .. }
            | ToService::Leave
            | ToService::Join(_)
            | ToService::Refresh
            | ToService::Beat
            | ToService::Unknown(_) => return Ok(()),
        };
        if !who.is_inside() {
            return Err("NotInTheMeeting".to_owned());
        }
        match message {
            ToService::Offer { .. } | ToService::Caption(_) | ToService::Text(_) if who.held => {
                return Err("OnHold".to_owned());
            }
            ToService::Caption(words) | ToService::Text(words) if words.text.len() > LONGEST => {
                return Err("TooLong".to_owned());
            }
            _ => {}
        }
        match capability(needed, who.role, who.consent) {
            CapabilityReason::Capable => Ok(()),
            reason => Err(format!("{reason:?}")),
        }
    }

    fn consent(&mut self, at: usize, granted: bool, out: &mut Vec<Output>) {
        if self.people[at].consent == Consent::NotRequired {
            return;
        }
        self.people[at].consent = if granted {
            Consent::Granted
        } else {
            self.people[at].muted = true;
            Consent::Declined
        };
        for kind in [NoticeKind::Recording, NoticeKind::Transcription] {
            self.tell(at, self.notice_for(at, kind), out);
        }
        self.tell_permissions(at, out);
    }

    // What the script and the control API do as well.

    /// Hangs up.
    pub fn leave(&mut self, id: &str, out: &mut Vec<Output>) -> Acted {
        self.stop(id, ended(0, 0), out)
    }

    /// Ends the call of one participant for any reason there is: a fault switch.
    pub fn stop(&mut self, id: &str, ended: Ended, out: &mut Vec<Output>) -> Acted {
        let at = self.place_of(id).ok_or(NoSuchParticipant)?;
        self.end_for(at, ended, out);
        Ok(())
    }

    /// Ends the meeting for everyone; whoever does it has hung up.
    pub fn end(&mut self, by: Option<Person>, out: &mut Vec<Output>) {
        while !self.people.is_empty() {
            let mine = by
                .as_ref()
                .is_some_and(|by| by.id == self.people[0].person.id);
            let ended = Ended {
                code: 0,
                subcode: if mine { 0 } else { 4097 },
                by: by.clone().filter(|_| !mine),
            };
            self.end_for(0, ended, out);
        }
    }

    pub fn admit(&mut self, id: &str, now: Now, out: &mut Vec<Output>) -> Acted {
        let at = self.waiting(id)?;
        self.enter(at, now, out);
        Ok(())
    }

    pub fn admit_all(&mut self, now: Now, out: &mut Vec<Output>) {
        for at in 0..self.people.len() {
            if !self.people[at].is_inside() {
                self.enter(at, now, out);
            }
        }
    }

    pub fn deny(&mut self, id: &str, by: Option<Person>, out: &mut Vec<Output>) -> Acted {
        let at = self.waiting(id)?;
        let ended = Ended {
            by,
            ..ended(0, 5854)
        };
        self.end_for(at, ended, out);
        Ok(())
    }

    /// The lobby's time is up for one person, before it really is.
    pub fn let_time_out(&mut self, id: &str, out: &mut Vec<Output>) -> Acted {
        let at = self.waiting(id)?;
        self.end_for(at, ended(0, 5855), out);
        Ok(())
    }

    pub fn remove(&mut self, id: &str, by: Option<Person>, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        let ended = Ended {
            by,
            ..ended(0, 5300)
        };
        self.end_for(at, ended, out);
        Ok(())
    }

    /// Mutes others; their own mute state stays their own to change.
    pub fn mute(&mut self, whom: &Whom, by: &Person, out: &mut Vec<Output>) -> Acted {
        let targets = match whom {
            Whom::Everyone => (0..self.people.len())
                .filter(|at| self.people[*at].is_inside())
                .filter(|at| self.people[*at].person.id != by.id)
                .collect(),
            Whom::These(ids) => ids
                .iter()
                .map(|id| self.present(id))
                .collect::<Result<Vec<_>, _>>()?,
        };
        for at in targets {
            if !self.people[at].muted {
                self.people[at].muted = true;
                self.people[at].muted_by = Some(by.clone());
                self.tell(at, self.muted_for(at), out);
                self.tell_changed(at, out);
            }
        }
        Ok(())
    }

    /// Somebody's own microphone.
    pub fn set_muted(&mut self, id: &str, muted: bool, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        self.people[at].muted = muted;
        self.people[at].muted_by = None;
        self.tell(at, self.muted_for(at), out);
        self.tell_changed(at, out);
        Ok(())
    }

    pub fn hold(&mut self, id: &str, held: bool, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        self.people[at].held = held;
        let state = self.people[at].call_state();
        self.tell(at, ToClient::CallState { state }, out);
        self.tell_changed(at, out);
        Ok(())
    }

    pub fn raise_hand(&mut self, id: &str, raised: bool, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        if self.people[at].hand.is_some() != raised {
            self.people[at].hand = raised.then(|| self.next_hand());
            self.tell_inside(self.hands_now(), out);
        }
        Ok(())
    }

    pub fn react(&mut self, id: &str, reaction: Reaction, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        let by = self.people[at].person.clone();
        self.tell_inside(ToClient::Reaction { by, reaction }, out);
        Ok(())
    }

    pub fn set_role(&mut self, id: &str, role: Role, out: &mut Vec<Output>) -> Acted {
        let at = self.place_of(id).ok_or(NoSuchParticipant)?;
        self.people[at].role = role;
        self.tell(at, ToClient::Role { role }, out);
        self.tell(at, self.capabilities_for(at), out);
        self.tell_changed(at, out);
        Ok(())
    }

    pub fn set_quality(&mut self, id: &str, quality: Quality, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        self.people[at].quality = quality;
        self.tell(at, ToClient::Quality { quality }, out);
        Ok(())
    }

    /// Who talks, the dominant speaker first.
    pub fn set_talking(&mut self, ids: Vec<String>, out: &mut Vec<Output>) -> Acted {
        for id in &ids {
            self.present(id)?;
        }
        self.talking = ids;
        self.tell_inside(self.talking_now(), out);
        Ok(())
    }

    /// Switches explicit consent on or off, also while something is recorded.
    pub fn require_consent(&mut self, required: bool, out: &mut Vec<Output>) {
        self.options.consent_required = required;
        for at in self.ask_for_consent() {
            for kind in [NoticeKind::Recording, NoticeKind::Transcription] {
                self.tell(at, self.notice_for(at, kind), out);
            }
            self.tell_permissions(at, out);
        }
    }

    /// Somebody by raw id or by display name, wherever they are.
    pub fn named(&self, who: &str) -> Option<Person> {
        let mut people = self.people.iter().map(|participant| &participant.person);
        let is_meant = |person: &&Person| {
            let name = person.display_name.as_str();
            person.id == who || name == who || name.strip_suffix(" (External)") == Some(who)
        };
        people.find(is_meant).cloned()
    }

    /// Everyone who is here, whether they are inside, and whether by a client of their own.
    pub fn everybody(&self) -> impl Iterator<Item = (&Person, bool, bool)> {
        let people = self.people.iter();
        people.map(|who| (&who.person, who.is_inside(), who.link != Link::Scripted))
    }

    /// Everyone who is here by a client of their own: raw id, and whether inside.
    pub fn clients(&self) -> impl Iterator<Item = (&Person, bool)> {
        let clients = self.everybody().filter(|(_, _, client)| *client);
        clients.map(|(person, inside, _)| (person, inside))
    }

    pub(super) fn present(&self, id: &str) -> Result<usize, NoSuchParticipant> {
        self.place_of(id)
            .filter(|at| self.people[*at].is_inside())
            .ok_or(NoSuchParticipant)
    }

    fn waiting(&self, id: &str) -> Result<usize, NoSuchParticipant> {
        self.place_of(id)
            .filter(|at| matches!(self.people[*at].place, Place::Lobby { .. }))
            .ok_or(NoSuchParticipant)
    }
}
