//! Somebody in a meeting or before its door.

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::wire::local::Audio;
use crate::wire::local::CallState;
use crate::wire::local::Consent;
use crate::wire::local::MediaState;
use crate::wire::local::Person;
use crate::wire::local::Quality;
use crate::wire::local::Role;
use crate::wire::local::RosterEntry;

use super::words::Numbering;

/// The number of a client's socket; a later socket of the same person has another.
pub type SocketId = u64;

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one person"
)]
pub(super) struct Participant {
    pub(super) person: Person,
    pub(super) external: bool,
    pub(super) role: Role,
    pub(super) place: Place,
    /// Names this stay; whoever knows it may take the place up again.
    pub(super) call_id: String,
    pub(super) link: Link,
    pub(super) token_until: Option<Moment>,
    pub(super) muted: bool,
    pub(super) muted_by: Option<Person>,
    pub(super) held: bool,
    /// Counts up over the meeting; who raised first has the smallest.
    pub(super) hand: Option<u32>,
    pub(super) consent: Consent,
    pub(super) quality: Quality,
    pub(super) audio: Audio,
    /// They hear nothing, by choice.
    pub(super) deafened: bool,
    pub(super) wants_captions: bool,
    pub(super) wants_levels: bool,
    pub(super) captioned: Numbering,
    pub(super) typed: Numbering,
    pub(super) media: (MediaState, Option<String>),
    /// A recording or transcription began while they could not be told.
    pub(super) untold: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Lobby { since: Moment, at: Timestamp },
    Inside,
}

/// What connects a participant to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// A part of the script: no socket, nothing to tell.
    Scripted,
    Socket(SocketId),
    /// The socket is gone; the place is kept for a while.
    Lost {
        since: Moment,
    },
}

impl Participant {
    pub(super) fn is_inside(&self) -> bool {
        self.place == Place::Inside
    }

    /// In the meeting, and not to be reached.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_inside() && matches!(self.link, Link::Lost { .. })
    }

    pub(super) fn socket(&self) -> Option<SocketId> {
        match self.link {
            Link::Socket(socket) => Some(socket),
            Link::Scripted | Link::Lost { .. } => None,
        }
    }

    /// Their own view of the call.
    pub(super) fn call_state(&self) -> CallState {
        match self.place {
            Place::Lobby { .. } => CallState::InLobby,
            Place::Inside if self.held => CallState::LocalHold,
            Place::Inside => CallState::Connected,
        }
    }

    /// As the others see them.
    pub(super) fn entry(&self) -> RosterEntry {
        let state = match (self.link, self.held) {
            (Link::Lost { .. }, _) => CallState::Connecting,
            (_, true) => CallState::RemoteHold,
            (_, false) => CallState::Connected,
        };
        RosterEntry {
            id: self.person.id.clone(),
            display_name: self.person.display_name.clone(),
            role: self.role,
            state,
            is_muted: self.muted,
            is_deafened: self.deafened,
            audio: self.audio,
        }
    }
}

/// External users are marked by the service, never by their own client.
pub(super) fn name_shown(name: &str, external: bool) -> String {
    if external {
        format!("{} {EXTERNAL}", name.trim())
    } else {
        name.trim().to_owned()
    }
}

pub(super) fn is_external(raw_id: &str) -> bool {
    !raw_id.starts_with("8:orgid:")
}

const EXTERNAL: &str = "(External)";
