//! Who is in a thread, what they may do there and from where on they can read.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::wire::acs::identifier::Identifier;

use super::Access::Full;
use super::Body;
use super::Change;
use super::Kind;
use super::MANAGED;
use super::Metadata;
use super::NOT_A_MEMBER;
use super::Refusal;
use super::Store;
use super::Thread;
use super::What;
use super::Who;
use super::check_metadata;

/// What a participant may do in the thread. Meetings change it as people come and go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    #[default]
    Full,
    ReadOnly,
    /// As good as absent: 403, and no notifications.
    None,
}

/// From where on somebody new can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    All,
    FromNow,
}

#[derive(Debug, Clone, Default)]
pub struct Participant {
    pub id: String,
    pub display_name: Option<String>,
    /// Messages from before this time are hidden from them.
    pub share_history: Timestamp,
    pub metadata: Metadata,
    pub access: Access,
    /// Messages with a smaller sequence number are hidden from them.
    pub from_sequence: u64,
}

impl Participant {
    pub fn new(id: &str, display_name: Option<&str>) -> Self {
        Self {
            id: id.to_owned(),
            display_name: display_name.map(str::to_owned),
            ..Self::default()
        }
    }
}

/// A participant who was not added, while others were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub target: String,
    pub code: u16,
    pub message: &'static str,
}

impl Store {
    /// Adds those who can be; people who are already there are passed over.
    pub fn add_participants(
        &mut self,
        thread: &str,
        by: &str,
        wanted: Vec<Participant>,
        now: Timestamp,
    ) -> Result<(Vec<Invalid>, Vec<Change>), Refusal> {
        if self.writable(thread, by)?.kind.is_managed() {
            return Err(MANAGED);
        }
        let (wanted, invalid) = self.sort_out(wanted)?;
        let target = self.live_mut(thread)?;
        if target.participants.len() + wanted.len() > MOST_PARTICIPANTS {
            return Err(Refusal::Invalid(
                "A thread has at most 250 participants.".to_owned(),
            ));
        }
        let by = target.who(by);
        let new: Vec<_> = wanted
            .into_iter()
            .filter(|who| target.participant(&who.id).is_none())
            .collect();
        Ok((invalid, self.seat(thread, by, new, now)?))
    }

    /// Adds `who`, or replaces what is known of them, without asking whether `by` may:
    /// the way in for meetings and the cast.
    pub fn admit(
        &mut self,
        thread: &str,
        by: &Who,
        mut who: Participant,
        history: History,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        let target = self.live_mut(thread)?;
        if history == History::FromNow {
            who.from_sequence = target.next_sequence();
        }
        if let Some(known) = target.participant_mut(&who.id) {
            *known = who;
            target.update_audience();
            return Ok(Vec::new());
        }
        self.seat(thread, by.clone(), vec![who], now)
    }

    /// Changes what somebody may do; their place in the thread stays.
    pub fn set_access(&mut self, thread: &str, user: &str, access: Access) -> Result<(), Refusal> {
        let target = self.live_mut(thread)?;
        let who = target.participant_mut(user).ok_or(NOT_A_MEMBER)?;
        who.access = access;
        target.update_audience();
        Ok(())
    }

    pub fn set_display_name(
        &mut self,
        thread: &str,
        user: &str,
        name: &str,
    ) -> Result<(), Refusal> {
        let target = self.live_mut(thread)?;
        let who = target.participant_mut(user).ok_or(NOT_A_MEMBER)?;
        who.display_name = Some(name.to_owned());
        Ok(())
    }

    /// `by` removes `user`; removing oneself is leaving.
    pub fn remove_participant(
        &mut self,
        thread: &str,
        by: &str,
        user: &str,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        check_raw_id(user)?;
        let target = self.live_mut(thread)?;
        target.member(by)?;
        if target.kind.is_managed() {
            return Err(MANAGED);
        }
        let by = target.who(by);
        self.unseat(thread, &by, user, now)
    }

    /// As [`Store::remove_participant`], without asking whether `by` may.
    pub fn unseat(
        &mut self,
        thread: &str,
        by: &Who,
        user: &str,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        let target = self.live_mut(thread)?;
        let Some(at) = target.participants.iter().position(|who| who.id == user) else {
            return Ok(Vec::new());
        };
        // The one who goes is told too, so the audience is the one from before.
        let to = target.audience.clone();
        let gone = target.participants.remove(at);
        target.update_audience();
        let who = vec![gone];
        let body = Body::ParticipantRemoved {
            who: who.clone(),
            by: by.id.clone(),
        };
        target.note(body, now);
        if let Some(threads) = self.of_person.get_mut(user) {
            threads.remove(thread);
        }
        let by = by.clone();
        let change = self
            .live_mut(thread)?
            .change(What::ParticipantsRemoved { by, who }, now);
        Ok(vec![Change { to, ..change }])
    }

    fn seat(
        &mut self,
        thread: &str,
        by: Who,
        who: Vec<Participant>,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        if who.is_empty() {
            return Ok(Vec::new());
        }
        for new in &who {
            let threads = self.of_person.entry(new.id.clone()).or_default();
            threads.insert(thread.to_owned());
        }
        let target = self.live_mut(thread)?;
        target.participants.extend(who.iter().cloned());
        target.update_audience();
        let body = Body::ParticipantAdded {
            who: who.clone(),
            by: by.id.clone(),
        };
        target.note(body, now);
        Ok(vec![
            target.change(What::ParticipantsAdded { by, who }, now),
        ])
    }

    /// Splits those who can be added from those who cannot. A malformed id refuses all of them.
    pub(super) fn sort_out(
        &self,
        wanted: Vec<Participant>,
    ) -> Result<(Vec<Participant>, Vec<Invalid>), Refusal> {
        if wanted.len() > MOST_PER_CALL {
            return Err(Refusal::Invalid(
                "At most 200 participants are added in one call.".to_owned(),
            ));
        }
        let mut good: Vec<Participant> = Vec::with_capacity(wanted.len());
        let mut invalid = Vec::new();
        for who in wanted {
            check_raw_id(&who.id)?;
            check_metadata(&who.metadata)?;
            match self.identities.check(&who.id) {
                Ok(()) if good.iter().any(|other| other.id == who.id) => {}
                Ok(()) => good.push(who),
                Err(Refusal::NotFound(message)) => invalid.push(Invalid {
                    target: who.id,
                    code: 404,
                    message,
                }),
                Err(_) => invalid.push(Invalid {
                    target: who.id,
                    code: 403,
                    message: "Permissions check failed",
                }),
            }
        }
        Ok((good, invalid))
    }
}

impl Thread {
    pub fn participant(&self, user: &str) -> Option<&Participant> {
        self.participants.iter().find(|who| who.id == user)
    }

    fn participant_mut(&mut self, user: &str) -> Option<&mut Participant> {
        self.participants.iter_mut().find(|who| who.id == user)
    }

    /// The participant, if they have any access at all.
    pub fn member(&self, user: &str) -> Result<&Participant, Refusal> {
        self.participant(user)
            .filter(|who| who.access != Access::None)
            .ok_or(NOT_A_MEMBER)
    }

    /// How events name `user`.
    pub fn who(&self, user: &str) -> Who {
        let known = self.participant(user);
        Who {
            id: user.to_owned(),
            display_name: known.and_then(|who| who.display_name.clone()),
        }
    }

    pub(super) fn update_audience(&mut self) {
        let present = self
            .participants
            .iter()
            .filter(|who| who.access != Access::None);
        self.audience = present.map(|who| Arc::from(who.id.as_str())).collect();
    }

    /// The name a message or a typing indicator of `user` carries: in a meeting the
    /// meeting's own, elsewhere whatever the sender says.
    pub(super) fn sender_name(&self, user: &str, said: Option<String>) -> String {
        match self.kind {
            Kind::Chat => said,
            Kind::Meeting | Kind::OneOnOne | Kind::Channel => self
                .participant(user)
                .and_then(|who| who.display_name.clone()),
        }
        .unwrap_or_default()
    }

    pub fn may_write(&self, user: &str) -> bool {
        self.participant(user).is_some_and(|who| who.access == Full)
    }
}

/// Refuses `8:acs:` ids that are not `resource_user`, and ids that name nobody.
fn check_raw_id(id: &str) -> Result<(), Refusal> {
    let well_formed = match Identifier::from_raw_id(id) {
        Identifier::CommunicationUser { id } => {
            !id.starts_with("8:acs:")
                || id["8:acs:".len()..]
                    .split_once('_')
                    .is_some_and(|(resource, user)| !resource.is_empty() && !user.is_empty())
        }
        Identifier::Unknown { .. } => id.split(':').count() >= 2,
        Identifier::PhoneNumber { .. }
        | Identifier::MicrosoftTeamsUser { .. }
        | Identifier::MicrosoftTeamsApp { .. }
        | Identifier::TeamsExtensionUser { .. } => true,
    };
    if well_formed {
        return Ok(());
    }
    Err(Refusal::Invalid(format!(
        "Identifier format is invalid ({id})."
    )))
}

pub(super) const MOST_PARTICIPANTS: usize = 250;
const MOST_PER_CALL: usize = 200;
