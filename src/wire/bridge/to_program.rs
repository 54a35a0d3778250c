//! What the page says to the program.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Number;
use serde_json::Value;

use super::values::AudioMode;
use super::values::BreakoutRoom;
use super::values::BreakoutSettings;
use super::values::CapabilityState;
use super::values::CustomContext;
use super::values::Devices;
use super::values::EndReason;
use super::values::Failure;
use super::values::Hand;
use super::values::Identity;
use super::values::MediaPermission;
use super::values::Participant;
use super::values::Person;
use super::values::Spotlighted;
use super::values::StreamStatistics;
use super::values::TransportStatistics;

/// Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ToProgram {
    Hello {
        version: u32,
        user_agent: String,
    },
    Ready {
        has_sdk: bool,
        problem: Option<String>,
    },
    Beat {
        count: u64,
    },
    Done {
        id: u64,
        result: Value,
    },
    Failed {
        id: u64,
        error: Failure,
    },
    TokenWanted {
        wanted: u64,
        identity: Identity,
        agent: Option<u64>,
    },
    Trouble {
        doing: String,
        error: Failure,
    },
    Bye {
        because: String,
    },

    AgentState {
        agent: u64,
        connection: String,
        because: Option<String>,
    },
    Incoming {
        incoming: u64,
        agent: u64,
        kind: String,
        caller: Person,
        transferor: Option<Person>,
        custom_context: Option<CustomContext>,
    },
    IncomingEnded {
        incoming: u64,
        reason: EndReason,
    },
    IncomingMissed {
        agent: u64,
        reason: EndReason,
    },
    OtherPage {
        is_active: bool,
    },

    Call {
        call: u64,
        agent: u64,
        kind: String,
        direction: String,
        cause: String,
        from: Option<u64>,
        caller: Option<Person>,
        transferor: Option<Person>,
        is_emergency: bool,
        sdk_id: String,
    },
    CallState {
        call: u64,
        state: String,
    },
    CallEnded {
        call: u64,
        reason: EndReason,
    },
    CallInfo {
        call: u64,
        thread_id: Option<String>,
        group_id: Option<String>,
        participant_id: Option<String>,
    },
    Role {
        call: u64,
        role: String,
    },
    Muted {
        call: u64,
        is_muted: bool,
    },
    MutedByOthers {
        call: u64,
    },
    Deafened {
        call: u64,
        is_deafened: bool,
    },
    Notice {
        call: u64,
        notice: String,
        is_active: bool,
        is_consent_required: bool,
        parts: Vec<String>,
    },
    Capabilities {
        call: u64,
        capabilities: Vec<CapabilityState>,
        because: Option<String>,
    },
    Transfer {
        call: u64,
        transfer: u64,
        state: String,
        code: Option<i64>,
        sub_code: Option<i64>,
    },

    Roster {
        call: u64,
        participants: Vec<Participant>,
    },
    Participant {
        call: u64,
        participant: Participant,
    },
    ParticipantLeft {
        call: u64,
        who: String,
        reason: Option<EndReason>,
    },
    Lobby {
        call: u64,
        waiting: Option<Vec<Person>>,
    },
    DominantSpeakers {
        call: u64,
        ids: Vec<String>,
    },
    Hands {
        call: u64,
        raised: Vec<Hand>,
    },
    Reaction {
        call: u64,
        who: String,
        reaction: String,
    },
    Spotlight {
        call: u64,
        most: u64,
        spotlighted: Vec<Spotlighted>,
    },
    MediaAccess {
        call: u64,
        is_audio_permitted: bool,
        others: Vec<MediaPermission>,
    },

    Captions {
        call: u64,
        kind: String,
        is_active: bool,
        spoken_language: Option<String>,
        caption_language: Option<String>,
        spoken_languages: Vec<String>,
        caption_languages: Vec<String>,
    },
    Caption {
        call: u64,
        speaker: Person,
        text: String,
        language: Option<String>,
        spoken_text: Option<String>,
        spoken_language: Option<String>,
        result: String,
        at: Option<i64>,
    },
    RealTimeText {
        call: u64,
        sender: Person,
        sequence: i64,
        text: String,
        result: String,
        is_local: bool,
        at: Option<i64>,
    },
    BreakoutRooms {
        call: u64,
        assigned: Option<BreakoutRoom>,
        rooms: Option<Vec<BreakoutRoom>>,
        settings: Option<BreakoutSettings>,
    },

    Diagnostic {
        call: u64,
        of: String,
        name: String,
        value: Value,
    },
    RemoteDiagnostic {
        call: u64,
        who: String,
        name: String,
        value: Value,
    },
    Statistics {
        call: u64,
        send: Vec<StreamStatistics>,
        receive: Vec<StreamStatistics>,
        transports: Vec<TransportStatistics>,
    },

    Devices {
        devices: Devices,
    },
    Audio {
        call: u64,
        mode: AudioMode,
        wanted: AudioMode,
        has_capture: bool,
        has_playback: bool,
        error: Option<Failure>,
    },
    Pcm {
        call: u64,
        frames_in: u64,
        frames_out: u64,
        underruns: u64,
        dropped: u64,
        filled: u64,
    },
    Levels {
        call: u64,
        capture: Number,
        playback: Number,
    },

    /// Said by a newer page; passed over.
    #[serde(other)]
    Unknown,
}
