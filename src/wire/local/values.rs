//! What both directions speak of: states, roles, capabilities, people.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// A participant: `{"id":"8:acs:…","displayName":"Ada (External)"}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The raw id.
    pub id: String,
    #[serde(default)]
    pub display_name: String,
}

/// Names are personal and stay out of logs.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person")
    }
}

/// The vendor's states of a call and of a remote participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallState {
    Connecting,
    InLobby,
    Connected,
    LocalHold,
    RemoteHold,
    Disconnecting,
    Disconnected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    Attendee,
    Presenter,
    CoOrganizer,
    Organizer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NoticeKind {
    Recording,
    Transcription,
}

/// Where the consent of the receiver stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Consent {
    #[default]
    NotRequired,
    /// Unmuting is refused until the person answers.
    Required,
    Granted,
    /// Listening only, by choice.
    Declined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reaction {
    Like,
    Heart,
    Laugh,
    Surprised,
    Applause,
}

/// The quality of the receiver's network, as the vendor grades it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Quality {
    #[default]
    Good,
    Poor,
    Bad,
}

/// A raised hand; hands are numbered from 1 in the order they went up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    pub id: String,
    pub order: u32,
}

/// The vendor's names of what one may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CapabilityName {
    UnmuteMic,
    MuteOthers,
    RemoveParticipant,
    HangUpForEveryOne,
    ManageLobby,
    RaiseHand,
    UseReactions,
    ViewAttendeeNames,
}

/// The vendor's reasons why one may or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapabilityReason {
    Capable,
    NotCapable,
    NotInitialized,
    RoleRestricted,
    UserPolicyRestricted,
    MeetingRestricted,
    ClientRestricted,
    FeatureNotSupported,
    ExplicitConsentRequired,
}

/// `{"name":"unmuteMic","isPresent":false,"reason":"ExplicitConsentRequired"}`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapabilityState {
    pub name: CapabilityName,
    pub is_present: bool,
    pub reason: CapabilityReason,
}
