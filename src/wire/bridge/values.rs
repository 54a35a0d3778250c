//! The vocabulary of the control protocol.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Number;

/// By raw id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub id: Option<String>,
    pub display_name: Option<String>,
}

/// Copied by name from the SDK's error; the page's own have no codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub name: String,
    pub message: String,
    pub code: Option<i64>,
    pub sub_code: Option<i64>,
    pub categories: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndReason {
    pub code: i64,
    pub sub_code: Option<i64>,
    pub message: Option<String>,
    pub categories: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    External,
    Teams,
}

/// One way to name a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Meeting {
    Link {
        link: String,
    },
    Id {
        meeting_id: String,
        passcode: Option<String>,
    },
    Group {
        group_id: String,
    },
    Room {
        room_id: String,
    },
}

/// `Raw`: sound travels over the second socket. `System`: the browser uses the sound devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AudioMode {
    Raw,
    System,
}

/// How a call begins; never with video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    pub audio: AudioMode,
    pub muted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomContext {
    pub user_to_user: Option<String>,
    pub sip_headers: Vec<Header>,
    pub voip_headers: Vec<Header>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub key: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TransferTarget {
    Person { id: String },
    Call { call: u64 },
    Voicemail { voicemail: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    pub id: String,
    pub display_name: Option<String>,
    pub state: String,
    pub role: String,
    pub is_muted: bool,
    pub is_speaking: bool,
    pub is_sharing_screen: bool,
    /// How many devices they are in the call with.
    pub endpoints: u64,
}

/// The order in which hands went up, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    pub id: String,
    pub order: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spotlighted {
    pub id: String,
    pub order: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaPermission {
    pub id: String,
    pub is_audio_permitted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapabilityState {
    pub name: String,
    pub is_present: bool,
    pub reason: String,
}

/// Known by its thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakoutRoom {
    pub thread_id: String,
    pub display_name: Option<String>,
    pub state: String,
    pub moves_by_itself: Option<bool>,
    pub invitees: Vec<String>,
    pub call: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakoutSettings {
    pub disable_return: Option<bool>,
    pub ends_at: Option<i64>,
    pub ends_in: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    pub id: String,
    pub name: String,
    pub is_default: bool,
    pub kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Devices {
    pub microphones: Vec<Device>,
    pub speakers: Vec<Device>,
    pub microphone: Option<String>,
    pub speaker: Option<String>,
    pub can_choose_speaker: bool,
}

/// Milliseconds; bits a second; levels from 0 to 65536; `healed` is the share that was concealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamStatistics {
    pub codec: Option<String>,
    pub bitrate: Option<Number>,
    pub jitter: Option<Number>,
    pub round_trip: Option<Number>,
    pub packets_per_second: Option<Number>,
    pub packets_lost_per_second: Option<Number>,
    pub level: Option<Number>,
    pub jitter_buffer: Option<Number>,
    pub healed: Option<Number>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportStatistics {
    pub round_trip: Option<Number>,
    pub incoming: Option<Number>,
    pub outgoing: Option<Number>,
}

/// From 1 to 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    pub score: u32,
    pub issues: Vec<String>,
}
