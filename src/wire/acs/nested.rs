//! JSON inside a JSON string, as the event stream writes it, with the legacy percent-escapes.
//!
//! Reading also takes the object itself where the string is missing its quotes.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde_json::Value;

/// A string of plain JSON: metadata, attachments, bodies of receipts.
pub mod plain {
    use super::DeserializeOwned;
    use super::Deserializer;
    use super::Serialize;
    use super::Serializer;

    pub fn serialize<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::to_json::<T, S>(value)?)
    }

    pub fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: DeserializeOwned + Default,
        D: Deserializer<'de>,
    {
        super::read(from, str::to_owned)
    }
}

/// A string of JSON in which every `%` is `%25`: who and what of thread-level events.
pub mod escaped {
    use super::DeserializeOwned;
    use super::Deserializer;
    use super::Serialize;
    use super::Serializer;

    pub fn serialize<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::escape(&super::to_json::<T, S>(value)?))
    }

    pub fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: DeserializeOwned + Default,
        D: Deserializer<'de>,
    {
        super::read(from, super::unescape)
    }
}

fn to_json<T: Serialize, S: Serializer>(value: &T) -> Result<String, S::Error> {
    serde_json::to_string(value).map_err(S::Error::custom)
}

/// An unreadable or empty string gives the default: one odd member must not cost the event.
fn read<'de, T, D>(from: D, decode: impl Fn(&str) -> String) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let value = match Value::deserialize(from)? {
        Value::String(text) => serde_json::from_str(&decode(&text)).unwrap_or(Value::Null),
        other => other,
    };
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Writes every `%` as `%25`, so that [`unescape`] gives back what was written.
pub fn escape(text: &str) -> String {
    text.replace('%', "%25")
}

/// Decodes `%XX` as Latin-1 and `%uXXXX` as UTF-16, as the browsers' `unescape` does.
pub fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        units.extend(rest[..at].encode_utf16());
        rest = &rest[at..];
        let (unit, length) = escape_at(rest).unwrap_or((u16::from(b'%'), 1));
        units.push(unit);
        rest = &rest[length..];
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// The unit that an escape at the start of `text` stands for, and the escape's length.
fn escape_at(text: &str) -> Option<(u16, usize)> {
    let (start, end) = if text[1..].starts_with('u') {
        (2, 6)
    } else {
        (1, 3)
    };
    let digits = text.get(start..end)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some((u16::from_str_radix(digits, 16).ok()?, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_decoded_like_a_browser_does() {
        for (escaped, plain) in [
            ("100%25", "100%"),
            ("%41", "A"),
            ("%e4%u20ac", "ä€"),
            ("%ud83d%ude00", "😀"),
            ("50% off", "50% off"),
            ("%", "%"),
            ("%u12", "%u12"),
            ("%zz€", "%zz€"),
        ] {
            assert_eq!(unescape(escaped), plain);
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text in ".{0,40}") {
            prop_assert_eq!(unescape(&escape(&text)), text);
        }

        #[test]
        fn unescaping_never_panics(text in "[%u0-9a-f€😀]{0,20}") {
            let _ = unescape(&text);
        }
    }
}
