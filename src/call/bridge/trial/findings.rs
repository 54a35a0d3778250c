//! What a trial of a real meeting found out, in words and numbers that anybody may read.
//!
//! Nothing in here names a person, a meeting or an organisation, and nothing is what somebody
//! wrote: ids are kept as their shape, and a word of the vendor only where it looks like one.

use std::time::Duration;

use serde_json::Value;

use crate::wire::bridge;

#[derive(Debug, Default, Clone, PartialEq)]
pub struct Findings {
    /// The browser and the system, as the SDK calls them, and whether it supports them.
    pub environment: Vec<(String, String)>,
    /// How many microphones the SDK sees.
    pub microphones: Option<usize>,
    /// How long the agent took to be connected.
    pub agent: Option<Duration>,
    /// What did not work before a call was there.
    pub failed: Option<Error>,
    pub joins: Vec<Join>,
}

/// One time in the meeting, or before its door. Times are since the wish to join.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Join {
    pub states: Vec<(Duration, String)>,
    /// Whether the meeting's thread was known in the lobby, where there was one.
    pub thread_in_lobby: Option<bool>,
    /// The shape of the thread's id, and since when it was known.
    pub thread: Option<(Duration, String)>,
    pub role: Option<String>,
    /// Besides us, at most.
    pub people: usize,
    pub audio: Option<Audio>,
    /// Frames of sound that came, and how loud the loudest of them was, in dBFS.
    pub frames: u64,
    pub loudest: Option<f32>,
    pub reaction: Option<Tried>,
    pub text: Option<Tried>,
    pub notices: Vec<(Duration, String, bool)>,
    pub consent_asked: bool,
    pub capabilities: Vec<(String, String)>,
    pub troubles: Vec<(String, Error)>,
    pub end: Option<End>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    pub is_raw: bool,
    pub has_capture: bool,
    pub has_playback: bool,
    pub error: Option<Error>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    Done,
    Failed(Error),
}

/// Of the vendor: its name and numbers, never its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub name: String,
    pub code: Option<i64>,
    pub sub_code: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub after: Duration,
    pub code: i64,
    pub sub_code: Option<i64>,
    pub categories: Vec<String>,
}

impl Join {
    /// When it first was in that state.
    pub fn reached(&self, state: &str) -> Option<Duration> {
        let found = self.states.iter().find(|(_, name)| name == state);
        found.map(|(at, _)| *at)
    }

    /// From the wish to join, or from the admission by somebody, to being connected.
    pub fn to_connected(&self) -> Option<Duration> {
        self.reached("Connected")
    }

    pub fn was_denied(&self) -> bool {
        self.reached("InLobby").is_some() && self.reached("Connected").is_none()
    }
}

impl From<&bridge::Failure> for Error {
    fn from(error: &bridge::Failure) -> Self {
        Self {
            name: word(&error.name),
            code: error.code,
            sub_code: error.sub_code,
        }
    }
}

/// What the SDK answered about where it runs, one level deep.
pub(super) fn environment(answer: &Value) -> Vec<(String, String)> {
    let members = answer.as_object().into_iter().flatten();
    let said = members.filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => word(text),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return None,
        };
        Some((word(name), value))
    });
    said.collect()
}

/// A word of the vendor's; whatever does not look like one might be anything.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " .-_".contains(c);
    let long = text.split([' ', '.', '-', '_']).any(|part| part.len() > 40);
    if text.is_empty() || text.len() > 60 || long || !text.chars().all(plain) || looks_like_id(text)
    {
        return "(not shown)".to_owned();
    }
    text.to_owned()
}

/// Ids have many digits; words of the vendor's few.
fn looks_like_id(text: &str) -> bool {
    text.chars().filter(char::is_ascii_hexdigit).count() > 12
        && text.chars().filter(char::is_ascii_digit).count() > 6
}

/// How an id is made, with how long its secret part is.
pub(super) fn shape(thread: &str) -> String {
    let Some((local, domain)) = thread.split_once('@') else {
        return format!("{} letters without @", thread.chars().count());
    };
    let kinds = ["19:meeting_", "19:"];
    let kind = kinds.into_iter().find(|kind| local.starts_with(kind));
    let kind = kind.unwrap_or_default();
    let known = [
        "thread.v2",
        "thread.tacv2",
        "unq.gbl.spaces",
        "thread.skype",
    ];
    let domain = known.into_iter().find(|known| *known == domain);
    format!(
        "{kind}({} letters)@{}",
        local.chars().count() - kind.len(),
        domain.unwrap_or("(not shown)")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_vendor_are_kept_and_nothing_else() {
        for kept in ["Connected", "RoleRestricted", "156.0.7000.12", "mac os"] {
            assert_eq!(word(kept), kept);
        }
        for hidden in [
            "",
            "8:acs:00000000-0000-0000-0000-0000000000ff_b2",
            "00000000-0000-0000-0000-0000000000ff",
            "ada@example.org",
            "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9eyJzdWIi",
            "no thread 19:meeting_x@thread.v2",
            "https://example.org",
        ] {
            assert_eq!(word(hidden), "(not shown)", "{hidden}");
        }
    }

    #[test]
    fn of_a_thread_only_the_shape_is_kept() {
        assert_eq!(
            shape("19:meeting_TWVldGluZw@thread.v2"),
            "19:meeting_(10 letters)@thread.v2"
        );
        assert_eq!(shape("19:abc@secret"), "19:(3 letters)@(not shown)");
        assert_eq!(shape("secret"), "6 letters without @");
    }
}
