//! Sound: how somebody takes part, the descriptions of a media connection, levels.
//!
//! The client offers, the service answers; another offer on the same socket is an ICE
//! restart or a change of what is wanted. Sound itself travels beside the socket.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// A session description: it holds credentials of the media connection, so no log gets it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sdp(pub String);

impl fmt::Debug for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sdp({} bytes)", self.0.len())
    }
}

/// How somebody takes part in the sound of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Audio {
    /// Neither speaks nor hears.
    #[default]
    None,
    /// Hears only.
    Listen,
    Full,
}

/// Where the receiver's media connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MediaState {
    #[default]
    None,
    Connected,
    Reconnecting,
}

/// How loud somebody is: `{"id":"8:orgid:…","dbfs":-23}`, from -96 to 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    pub id: String,
    pub dbfs: i8,
}
