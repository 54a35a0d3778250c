//! The embedded service's own additions: call signalling, and looking a meeting up.
//!
//! Call signalling is a WebSocket at `{endpoint}/local/v1/call`, opened with the
//! guest's access token as `Authorization: Bearer`. A browser, which cannot send that header,
//! offers two subprotocols instead, [`CALL_PROTOCOL`] and [`TOKEN_PROTOCOL`] with the token
//! behind it; the service chooses the first. Never is a token part of an address. Both sides send JSON text
//! frames that carry their name in `type`: [`ToService`] and [`ToClient`]. State
//! beats edges: what the service sends is how things are now, and is sent again
//! whole after [`ToService::Join`] and [`ToService::Refresh`]. A frame of an unknown type is
//! kept as `Unknown` with its name, and members that are not known are passed
//! over, so that later versions can add to it.
//!
//! The service sends [`ToClient::Beat`] at the interval that the join asked for.
//! Silence longer than that tells a client that what it knows may be out of date.

mod media;
mod rest;
mod to_client;
mod to_service;
mod values;
mod words;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use media::Audio;
pub use media::Level;
pub use media::MediaState;
pub use media::Sdp;
pub use rest::ResolveRefusal;
pub use rest::ResolveRequest;
pub use rest::ResolvedMeeting;
pub use to_client::Answer;
pub use to_client::Ended;
pub use to_client::Info;
pub use to_client::Notice;
pub use to_client::Refused;
pub use to_client::RosterEntry;
pub use to_client::ToClient;
pub use to_client::Waiting;
pub use to_service::Join;
pub use to_service::Meeting;
pub use to_service::ToService;
pub use values::CallState;
pub use values::CapabilityName;
pub use values::CapabilityReason;
pub use values::CapabilityState;
pub use values::Consent;
pub use values::Hand;
pub use values::NoticeKind;
pub use values::Person;
pub use values::Quality;
pub use values::Reaction;
pub use values::Role;
pub use words::Turn;
pub use words::Words;

/// Where the call socket is, below the endpoint.
pub const CALL_PATH: &str = "/local/v1/call";
/// The subprotocol of the call socket, for those who offer any.
pub const CALL_PROTOCOL: &str = "sidetone.call";
/// Offered beside [`CALL_PROTOCOL`] with the access token behind it: `sidetone.token.eyJ…`.
pub const TOKEN_PROTOCOL: &str = "sidetone.token.";
/// Where meetings are looked up, below the endpoint.
pub const RESOLVE_PATH: &str = "/local/v1/meetings:resolve";

/// A frame that is not one of this protocol's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the frame is not a JSON object with a type")]
    NotAMessage(#[source] serde_json::Error),
    #[error("the members of a {name} message are not what it must have")]
    Members {
        name: String,
        #[source]
        source: serde_json::Error,
    },
}

#[derive(serde::Deserialize)]
struct Head {
    #[serde(rename = "type")]
    name: String,
}

/// `Ok(Err(name))` is a message of a type that this version does not know.
fn decode<T: DeserializeOwned>(text: &str, known: &[&str]) -> Result<Result<T, String>, Error> {
    let head: Head = serde_json::from_str(text).map_err(Error::NotAMessage)?;
    if !known.contains(&head.name.as_str()) {
        return Ok(Err(head.name));
    }
    serde_json::from_str(text)
        .map(Ok)
        .map_err(|source| Error::Members {
            name: head.name,
            source,
        })
}

fn encode<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("messages hold no maps with keys other than strings")
}

#[cfg(test)]
mod tests {
    /// Every JSON example in a file's documentation: whole lines, and what stands between backticks.
    pub(super) fn examples(source: &str) -> impl Iterator<Item = String> {
        let marker = "{\"type\":";
        source
            .lines()
            .map(str::trim_start)
            .filter_map(|line| line.strip_prefix("/// "))
            .filter_map(move |line| line.find(marker).map(|at| &line[at..]))
            .map(|example| example.trim_end_matches('`').to_owned())
    }
}
