//! What the program says to the page.

use serde::Deserialize;
use serde::Serialize;

use super::values::AudioMode;
use super::values::Beginning;
use super::values::CustomContext;
use super::values::Identity;
use super::values::Meeting;
use super::values::Rating;
use super::values::TransferTarget;
use crate::wire::acs::redacted::Redacted;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ToPage {
    Command(Command),
    Word(Word),
}

/// Not answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Word {
    /// `silence`: milliseconds without a word of ours after which the page closes itself.
    Welcome {
        version: u32,
        app: App,
        silence: u64,
    },
    /// Answered at once with the same number.
    Beat {
        count: u64,
    },
    /// `expires_on`: milliseconds since the Unix epoch; without it the token itself tells.
    Token {
        wanted: u64,
        token: Redacted,
        expires_on: Option<i64>,
    },
    TokenRefused {
        wanted: u64,
        because: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    pub name: String,
    pub version: String,
}

/// Answered by one `done` or `failed` of that number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub id: u64,
    #[serde(flatten)]
    pub act: Act,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Act {
    Environment,
    Devices,
    SelectMicrophone {
        device: String,
    },
    SelectSpeaker {
        device: String,
    },
    /// Every state again, of every call.
    Refresh,
    /// Hangs up, disposes of everything, and closes both sockets.
    Close,

    CreateAgent {
        identity: Identity,
        display_name: Option<String>,
        emergency_country: Option<String>,
    },
    DisposeAgent {
        agent: u64,
    },
    Join {
        agent: u64,
        meeting: Meeting,
        #[serde(flatten)]
        beginning: Beginning,
    },
    StartCall {
        agent: u64,
        to: Vec<String>,
        thread_id: Option<String>,
        alternate_caller_id: Option<String>,
        on_behalf_of: Option<String>,
        custom_context: Option<CustomContext>,
        #[serde(flatten)]
        beginning: Beginning,
    },
    Accept {
        incoming: u64,
        #[serde(flatten)]
        beginning: Beginning,
    },
    Reject {
        incoming: u64,
    },

    HangUp {
        call: u64,
        for_everyone: bool,
    },
    Mute {
        call: u64,
    },
    Unmute {
        call: u64,
    },
    Deafen {
        call: u64,
    },
    Undeafen {
        call: u64,
    },
    Hold {
        call: u64,
    },
    Resume {
        call: u64,
    },
    SendDtmf {
        call: u64,
        tone: String,
    },
    Transfer {
        call: u64,
        to: TransferTarget,
    },
    ServerCallId {
        call: u64,
    },
    /// A person said yes to being recorded and transcribed. Nothing else may lead to this.
    GrantConsent {
        call: u64,
    },
    UseAudio {
        call: u64,
        audio: AudioMode,
    },

    AddParticipant {
        call: u64,
        who: String,
        alternate_caller_id: Option<String>,
        thread_id: Option<String>,
    },
    RemoveParticipant {
        call: u64,
        who: String,
    },
    MuteParticipant {
        call: u64,
        who: String,
    },
    MuteOthers {
        call: u64,
    },
    Admit {
        call: u64,
        who: String,
    },
    RejectFromLobby {
        call: u64,
        who: String,
    },
    AdmitAll {
        call: u64,
    },
    PermitAudio {
        call: u64,
        who: Vec<String>,
    },
    ForbidAudio {
        call: u64,
        who: Vec<String>,
    },
    PermitOthersAudio {
        call: u64,
    },
    ForbidOthersAudio {
        call: u64,
    },
    StartSpotlight {
        call: u64,
        who: Vec<String>,
    },
    StopSpotlight {
        call: u64,
        who: Vec<String>,
    },
    StopAllSpotlight {
        call: u64,
    },

    RaiseHand {
        call: u64,
    },
    LowerHand {
        call: u64,
    },
    LowerHands {
        call: u64,
        who: Vec<String>,
    },
    LowerAllHands {
        call: u64,
    },
    React {
        call: u64,
        reaction: String,
    },

    StartCaptions {
        call: u64,
        spoken_language: Option<String>,
    },
    StopCaptions {
        call: u64,
    },
    SetSpokenLanguage {
        call: u64,
        language: String,
    },
    SetCaptionLanguage {
        call: u64,
        language: String,
    },
    /// The whole line so far; `is_final` closes it.
    SendRealTimeText {
        call: u64,
        text: String,
        is_final: bool,
    },

    JoinBreakoutRoom {
        call: u64,
        thread_id: String,
    },
    ReturnToMeeting {
        call: u64,
        thread_id: String,
    },

    ReportStatistics {
        call: u64,
        on: bool,
    },
    SendDiagnostics {
        call: u64,
        on: bool,
    },
    DialIn {
        call: u64,
    },
    SubmitSurvey {
        call: u64,
        overall: Option<Rating>,
        audio: Option<Rating>,
    },
}
