//! What a meeting allows: who gets in how, who may do what.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::wire::local::CapabilityName;
use crate::wire::local::CapabilityReason;
use crate::wire::local::CapabilityState;
use crate::wire::local::Consent;
use crate::wire::local::Role;

/// The organizer's and the tenant's switches, by the names the vendor's documents use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    pub topic: String,
    pub lobby: LobbyMode,
    pub chat: ChatMode,
    /// Off: external users are refused with 403/5221.
    pub anonymous_join: bool,
    /// Off: an external user who would open an empty meeting is refused with 403/5222.
    pub anonymous_start: bool,
    pub guest_role: Role,
    pub lobby_timeout_seconds: f64,
    /// Recording and transcription ask for explicit consent.
    pub consent_required: bool,
    /// What the organizer writes whenever a client comes in; nothing if empty.
    pub greeting: String,
}

/// Who passes the lobby by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LobbyMode {
    Everyone,
    #[default]
    Organization,
    Organizer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChatMode {
    #[default]
    Enabled,
    /// During the meeting only, which for external users is no difference.
    Limited,
    Disabled,
    EnabledExceptAnonymous,
}

/// What becomes of somebody who arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Inside,
    Lobby,
    Refused { code: u32, subcode: u32 },
}

/// What counts about somebody who arrives.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub external: bool,
    pub role: Role,
    /// Somebody of the organisation is in the meeting.
    pub hosted: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            topic: "Meeting".to_owned(),
            lobby: LobbyMode::default(),
            chat: ChatMode::default(),
            anonymous_join: true,
            anonymous_start: false,
            guest_role: Role::Attendee,
            lobby_timeout_seconds: 900.0,
            consent_required: false,
            greeting: String::new(),
        }
    }
}

impl Options {
    /// A meeting that lets everybody in, and may be opened by anybody.
    pub fn open(topic: &str) -> Self {
        Self {
            topic: topic.to_owned(),
            lobby: LobbyMode::Everyone,
            anonymous_start: true,
            ..Self::default()
        }
    }

    pub fn admission(&self, who: Standing) -> Admission {
        if who.external && !self.anonymous_join {
            return ANONYMOUS_JOIN_IS_OFF;
        }
        let passes = match self.lobby {
            LobbyMode::Everyone => true,
            LobbyMode::Organization => !who.external,
            LobbyMode::Organizer => who.role == Role::Organizer,
        };
        match (passes, who.external && !who.hosted) {
            (false, _) => Admission::Lobby,
            (true, true) if !self.anonymous_start => MAY_NOT_START,
            (true, _) => Admission::Inside,
        }
    }

    pub fn may_chat(&self, external: bool) -> bool {
        match self.chat {
            ChatMode::Enabled | ChatMode::Limited => true,
            ChatMode::EnabledExceptAnonymous => !external,
            ChatMode::Disabled => false,
        }
    }

    pub fn lobby_timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.lobby_timeout_seconds).unwrap_or(Duration::MAX)
    }
}

/// What somebody may do, in the vendor's words.
pub fn capabilities(role: Role, consent: Consent) -> Vec<CapabilityState> {
    CAPABILITIES
        .into_iter()
        .map(|name| {
            let reason = capability(name, role, consent);
            CapabilityState {
                name,
                is_present: reason == CapabilityReason::Capable,
                reason,
            }
        })
        .collect()
}

pub fn capability(name: CapabilityName, role: Role, consent: Consent) -> CapabilityReason {
    let leads = matches!(role, Role::Organizer | Role::CoOrganizer | Role::Presenter);
    match name {
        CapabilityName::UnmuteMic if matches!(consent, Consent::Required | Consent::Declined) => {
            CapabilityReason::ExplicitConsentRequired
        }
        CapabilityName::UnmuteMic
        | CapabilityName::RaiseHand
        | CapabilityName::UseReactions
        | CapabilityName::ViewAttendeeNames => CapabilityReason::Capable,
        CapabilityName::MuteOthers
        | CapabilityName::RemoveParticipant
        | CapabilityName::HangUpForEveryOne
        | CapabilityName::ManageLobby
            if leads =>
        {
            CapabilityReason::Capable
        }
        CapabilityName::MuteOthers
        | CapabilityName::RemoveParticipant
        | CapabilityName::HangUpForEveryOne
        | CapabilityName::ManageLobby => CapabilityReason::RoleRestricted,
    }
}

const CAPABILITIES: [CapabilityName; 8] = [
    CapabilityName::UnmuteMic,
    CapabilityName::MuteOthers,
    CapabilityName::RemoveParticipant,
    CapabilityName::HangUpForEveryOne,
    CapabilityName::ManageLobby,
    CapabilityName::RaiseHand,
    CapabilityName::UseReactions,
    CapabilityName::ViewAttendeeNames,
];
const ANONYMOUS_JOIN_IS_OFF: Admission = Admission::Refused {
    code: 403,
    subcode: 5221,
};
const MAY_NOT_START: Admission = Admission::Refused {
    code: 403,
    subcode: 5222,
};

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: Standing = Standing {
        external: true,
        role: Role::Attendee,
        hosted: true,
    };
    const COLLEAGUE: Standing = Standing {
        external: false,
        role: Role::Presenter,
        hosted: true,
    };

    fn with(lobby: LobbyMode) -> Options {
        Options {
            lobby,
            ..Options::default()
        }
    }

    #[test]
    fn the_lobby_mode_decides_who_waits() {
        for (mode, guest, colleague) in [
            (LobbyMode::Everyone, Admission::Inside, Admission::Inside),
            (LobbyMode::Organization, Admission::Lobby, Admission::Inside),
            (LobbyMode::Organizer, Admission::Lobby, Admission::Lobby),
        ] {
            assert_eq!(with(mode).admission(GUEST), guest, "{mode:?}");
            assert_eq!(with(mode).admission(COLLEAGUE), colleague, "{mode:?}");
        }
    }

    #[test]
    fn without_anonymous_join_guests_are_refused_and_colleagues_are_not() {
        let options = Options {
            anonymous_join: false,
            ..with(LobbyMode::Everyone)
        };
        let refused = Admission::Refused {
            code: 403,
            subcode: 5221,
        };
        assert_eq!(options.admission(GUEST), refused);
        assert_eq!(options.admission(COLLEAGUE), Admission::Inside);
    }

    #[test]
    fn a_guest_may_not_open_an_empty_meeting_unless_allowed() {
        let first = Standing {
            hosted: false,
            ..GUEST
        };
        let refused = Admission::Refused {
            code: 403,
            subcode: 5222,
        };
        assert_eq!(with(LobbyMode::Everyone).admission(first), refused);
        assert_eq!(
            with(LobbyMode::Organization).admission(first),
            Admission::Lobby
        );
        let options = Options {
            anonymous_start: true,
            ..with(LobbyMode::Everyone)
        };
        assert_eq!(options.admission(first), Admission::Inside);
    }

    #[test]
    fn unmuting_waits_for_consent() {
        for (consent, reason) in [
            (Consent::NotRequired, CapabilityReason::Capable),
            (Consent::Required, CapabilityReason::ExplicitConsentRequired),
            (Consent::Declined, CapabilityReason::ExplicitConsentRequired),
            (Consent::Granted, CapabilityReason::Capable),
        ] {
            let found = capability(CapabilityName::UnmuteMic, Role::Organizer, consent);
            assert_eq!(found, reason);
        }
    }

    #[test]
    fn options_read_their_documented_names() {
        let options: Options = serde_json::from_str(
            r#"{"topic":"Design review","lobby":"everyone","chat":"enabledExceptAnonymous","guestRole":"presenter"}"#,
        )
        .unwrap();
        assert_eq!(options.guest_role, Role::Presenter);
        assert!(!options.may_chat(true) && options.may_chat(false));
        assert!(serde_json::from_str::<Options>(r#"{"loby":"everyone"}"#).is_err());
    }
}
