//! What people give us to find a meeting, a thread or a person.
//!
//! [`Locator::parse`] reads anything that may be pasted: a link, wrapped or not,
//! a whole invitation, a meeting id, a thread id, a phone number. What cannot be
//! joined is refused with the reason before anything is dialled. The link itself
//! is kept as it was written: joining uses it, its parts are for the chat and
//! for people.

use std::fmt;
use std::ops::RangeInclusive;

use crate::model::thread::ThreadId;

mod link;

/// A place to join or open, parsed once.
#[derive(Clone, PartialEq, Eq)]
pub enum Locator {
    /// A meeting link; `link` is kept as it was given, since the join call wants it so.
    Meeting {
        link: String,
        /// Only the classic form names it.
        thread: Option<ThreadId>,
        host: MeetingHost,
        parts: LinkParts,
    },
    /// Meeting id without blanks, and the passcode as printed.
    MeetingId {
        id: String,
        passcode: Option<String>,
    },
    /// A chat thread without a call.
    Thread(ThreadId),
    /// A group call of the calling service itself, named by a GUID.
    GroupCall(String),
    /// A room of the calling service; `99` and more digits.
    Room(String),
    /// Somebody to be called, by raw id; a phone number's is `4:+…`.
    Person(String),
}

/// Whose meeting a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingHost {
    /// The configured or given endpoint: our own embedded service.
    Own,
    /// A work meeting of the vendor; dialling it needs the call bridge.
    Vendor,
}

/// What else a link says, and what an invitation says beside it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LinkParts {
    /// The channel message that the meeting hangs on; `None` for an ordinary meeting.
    pub message: Option<String>,
    pub tenant: Option<String>,
    pub organizer: Option<String>,
    /// From the short form, or printed beside the link.
    pub meeting_id: Option<String>,
    /// Printed beside the link; the token in a short link is not it.
    pub passcode: Option<String>,
}

/// Why a text is no locator, or one that cannot be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is nothing to join: give a meeting link, a meeting id or a thread id")]
    Empty,
    #[error("this is neither a meeting link, a meeting id, a thread id nor a phone number")]
    NotALocator,
    #[error("personal meetings (teams.live.com) are not supported")]
    PersonalMeeting,
    #[error("this is a meeting in a government cloud ({0}), which a public resource cannot join")]
    Government(Cloud),
    #[error(
        "{host} is not a host that meetings are joined on; for a service of your own add --endpoint URL"
    )]
    UnknownHost { host: String },
    #[error("live events and broadcasts are not supported")]
    Broadcast,
    #[error("this address is on a known host but is not a meeting link")]
    NotAMeeting,
    #[error("the meeting link is damaged: {0}")]
    Damaged(Damage),
    #[error("the link is wrapped in other links more than {MOST_WRAPPERS} times")]
    TooManyWrappers,
    #[error("meeting links start with https")]
    Insecure,
}

/// The government clouds that a host name gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    GccHigh,
    Dod,
    Other,
}

/// What a damaged meeting link lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    Thread,
    Id,
    Context,
}

impl Locator {
    /// Reads what was typed or pasted. `endpoint` is the address of the service in
    /// use: links on that very host are its own, and on no other unknown host.
    pub fn parse(text: &str, endpoint: Option<&str>) -> Result<Self, Refusal> {
        let text = trimmed(text);
        if text.is_empty() {
            return Err(Refusal::Empty);
        }
        if let Some(found) = plain(text) {
            return Ok(found);
        }
        if has_scheme(text) && !text.contains(char::is_whitespace) {
            return link::read(text, endpoint);
        }
        invitation(text, endpoint)
    }

    /// The same locator with a passcode that was given apart from it.
    #[must_use]
    pub fn with_passcode(mut self, given: Option<String>) -> Self {
        if let Self::MeetingId { passcode, .. }
        | Self::Meeting {
            parts: LinkParts { passcode, .. },
            ..
        } = &mut self
            && given.is_some()
        {
            *passcode = given;
        }
        self
    }

    /// The chat thread, where the locator itself names it.
    pub fn thread(&self) -> Option<&ThreadId> {
        match self {
            Self::Thread(thread) => Some(thread),
            Self::Meeting { thread, .. } => thread.as_ref(),
            Self::MeetingId { .. } | Self::GroupCall(_) | Self::Room(_) | Self::Person(_) => None,
        }
    }

    /// A meeting of a channel: external users have no chat in it.
    pub fn is_channel_meeting(&self) -> bool {
        self.thread().is_some_and(|thread| {
            [".tacv2", ".skype"]
                .iter()
                .any(|kind| thread.as_str().ends_with(kind))
        })
    }
}

/// Links and passcodes open doors: only the form is printed.
impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Meeting { .. } => "Meeting",
            Self::MeetingId { .. } => "MeetingId",
            Self::Thread(_) => "Thread",
            Self::GroupCall(_) => "GroupCall",
            Self::Room(_) => "Room",
            Self::Person(_) => "Person",
        })
    }
}

impl fmt::Debug for LinkParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkParts")
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GccHigh => "GCC High",
            Self::Dod => "DoD",
            Self::Other => "not further known",
        })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thread => "the meeting's thread id is missing or cut off",
            Self::Id => "the meeting id is missing or not a number",
            Self::Context => "the context after the question mark cannot be read",
        })
    }
}

/// Without blanks, and without what mail programs put around addresses.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\'' | '\u{feff}')
    })
}

fn has_scheme(text: &str) -> bool {
    SCHEMES.iter().any(|s| starts_with(text, s))
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// The forms that are no address: ids, numbers, people.
fn plain(text: &str) -> Option<Locator> {
    if is_thread(text) {
        return Some(Locator::Thread(ThreadId::new(text)));
    }
    if is_guid(text) {
        return Some(Locator::GroupCall(text.to_ascii_lowercase()));
    }
    if is_person(text) {
        return Some(Locator::Person(text.to_owned()));
    }
    let number = ["4:", "tel:"].iter().find_map(|p| text.strip_prefix(p));
    phone(number.unwrap_or(text))
        .map(|number| Locator::Person(format!("4:{number}")))
        .or_else(|| digits(text).and_then(numbered))
}

fn numbered(digits: String) -> Option<Locator> {
    if digits.starts_with("99") && ROOM_DIGITS.contains(&digits.len()) {
        return Some(Locator::Room(digits));
    }
    MEETING_DIGITS
        .contains(&digits.len())
        .then_some(Locator::MeetingId {
            id: digits,
            passcode: None,
        })
}

fn is_thread(text: &str) -> bool {
    text.strip_prefix("19:")
        .and_then(|rest| rest.split_once('@'))
        .is_some_and(|(name, kind)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '=' | '.'))
                && !kind.is_empty()
                && kind
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        })
}

fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5
        && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| {
            group.len() == length && group.chars().all(|c| c.is_ascii_hexdigit())
        })
}

fn is_person(text: &str) -> bool {
    PEOPLE.iter().any(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && c != '/')
        })
    })
}

/// `+1 (425) 555-0123` as `+14255550123`.
fn phone(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix('+')?;
    let number = digits(rest)?;
    PHONE_DIGITS
        .contains(&number.len())
        .then(|| format!("+{number}"))
}

/// The digits of a text that holds nothing else but the usual separators.
fn digits(text: &str) -> Option<String> {
    let mut found = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' => found.push(c),
            ' ' | '\u{a0}' | '\u{202f}' | '-' | '(' | ')' | '.' | '\t' => {}
            _ => return None,
        }
    }
    (!found.is_empty()).then_some(found)
}

/// A pasted invitation: its first meeting link, else its meeting id.
fn invitation(text: &str, endpoint: Option<&str>) -> Result<Locator, Refusal> {
    let passcode = after(text, "passcode")
        .and_then(|rest| rest.split_whitespace().next())
        .map(str::to_owned);
    let mut refused = None;
    for address in addresses(text) {
        match link::read(address, endpoint) {
            Ok(found) => return Ok(found.with_passcode(passcode)),
            // The other links of an invitation lead to help pages.
            Err(reason) if is_meeting_like(address) => refused = refused.or(Some(reason)),
            Err(_) => {}
        }
    }
    if let Some(reason) = refused {
        return Err(reason);
    }
    after(text, "meeting id")
        .and_then(|rest| digits(leading_number(rest)))
        .filter(|id| MEETING_DIGITS.contains(&id.len()))
        .map(|id| Locator::MeetingId { id, passcode })
        .ok_or(Refusal::NotALocator)
}

/// Every address in a text, without the brackets and quotes around it.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '[' | ']' | '(' | ')'))
        .filter(|word| has_scheme(word))
        .map(|word| word.trim_end_matches(['.', ',', ';', '!']))
}

fn is_meeting_like(address: &str) -> bool {
    let address = link::decoded(address).to_ascii_lowercase();
    address.contains("meetup-join") || address.contains("/meet/")
}

/// The rest of the line after the label `name` and its colon.
fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.to_ascii_lowercase().find(name)? + name.len();
    let rest = text[at..].trim_start().strip_prefix(':')?;
    Some(rest.lines().next().unwrap_or_default().trim())
}

fn leading_number(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !c.is_whitespace())
        .unwrap_or(text.len());
    &text[..end]
}

const SCHEMES: [&str; 3] = ["https:", "http:", "msteams:"];
const PEOPLE: [&str; 9] = [
    "8:acs:",
    "8:dod-acs:",
    "8:gcch-acs:",
    "8:spool:",
    "8:orgid:",
    "8:dod:",
    "8:gcch:",
    "8:teamsvisitor:",
    "28:",
];
const MOST_WRAPPERS: usize = 3;
/// Printed meeting ids have 12 or 15 digits today, and had fewer.
const MEETING_DIGITS: RangeInclusive<usize> = 9..=15;
const ROOM_DIGITS: RangeInclusive<usize> = 16..=20;
const PHONE_DIGITS: RangeInclusive<usize> = 5..=15;

#[cfg(test)]
mod tests;
