//! The ACS protocols as values: identity, chat over REST, chat in real time.
//!
//! Used by the client and by the embedded service alike. Reading is lenient
//! (unknown members are skipped, `null` counts as absent), writing is strict
//! (absent members are omitted, as the vendor does).

pub mod chat;
pub mod error;
pub mod frame;
pub mod identifier;
pub mod identity;
pub mod nested;
pub mod notification;
pub mod realtime;
pub mod redacted;
pub mod sign;

use serde::Deserialize;
use serde::Deserializer;

/// Reads `null` like an absent member.
fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// Reads a string that some services write as a number.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Integer(i64),
        Float(f64),
        Nothing(()),
    }
    Ok(match Either::deserialize(from)? {
        Either::Text(text) => text,
        Either::Integer(n) => n.to_string(),
        Either::Float(n) => n.to_string(),
        Either::Nothing(()) => String::new(),
    })
}
