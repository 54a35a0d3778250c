//! The words people read: one place for both views, and for a translation.
//!
//! Facts come in, sentences go out. Words before symbols; who or what first,
//! times last (accessibility L7).

mod accounts;
mod announcement;
mod call;
mod can;
mod end;
mod failure;
mod farewell;
mod files;
mod help;
mod meeting;
mod notice;
mod overlay;
mod permission;
mod reading;
mod sound;
mod survey;
mod timeline;
mod work;

pub use accounts::account;
pub use accounts::accounts;
pub use accounts::go_over;
pub use accounts::passphrase;
pub use announcement::announcement;
pub use announcement::said;
pub use call::Part;
pub use call::call_line;
pub use call::calls_you;
pub use call::reaction;
pub use call::role;
pub use call::status;
pub use can::can;
pub use end::EndKind;
pub use end::EndWords;
pub use end::end_reason;
pub use failure::briefly;
pub use failure::failure;
pub use failure::reason;
pub use farewell::farewell;
pub use farewell::unsent;
pub use files::files;
pub use help::about;
pub use help::command;
pub use help::first_line;
pub use help::first_line_linear;
pub use help::help;
pub use notice::NoticeLine;
pub use notice::notice_line;
pub use notice::notices;
pub use overlay::confirm;
pub use overlay::not_now;
pub use overlay::not_now_in_short;
pub use overlay::prompt;
pub use overlay::target;
pub use overlay::title;
pub use permission::administrator;
pub use permission::agreed;
pub use permission::asks_for_leave;
pub use permission::how_to_agree;
pub use permission::leave;
pub use permission::sign_in_step;
pub use permission::wider;
pub use permission::wider_line;
pub use reading::person;
pub(crate) use reading::roster_entry;
pub use reading::spoken;
pub use reading::waiting;
pub use reading::who;
pub use sound::CHECK_KEYS;
pub use sound::NO_SOUND;
pub use sound::check;
pub use sound::check_notes;
pub use sound::check_title;
pub use sound::choice;
pub use sound::device;
pub use sound::device_now;
pub use sound::devices;
pub use sound::direction;
pub use sound::input_level;
pub use sound::level;
pub use sound::levels;
pub use sound::push_to_talk;
pub use sound::push_to_talk_answer;
pub use sound::quality;
pub use sound::stats;
pub use sound::turn;
pub use sound::volume;
pub use survey::can_rate;
pub use survey::rated;
pub use timeline::body;
pub use timeline::chat_state;
pub use timeline::header;
pub use timeline::importance;
pub use timeline::newer;
pub use timeline::not_sent;
pub use timeline::people;
pub use timeline::reactions;
pub use timeline::read_by;
pub use timeline::typing;
pub use work::work;

/// The vendor's privacy statement, which whoever is recorded must be able to find.
pub const PRIVACY_STATEMENT: &str = "https://privacy.microsoft.com/privacystatement";

/// Between the parts of a line.
pub const DOT: &str = " · ";

pub const MUTED: &str = "muted";
pub const LIVE: &str = "LIVE";
pub const DEAFENED: &str = "deafened";
pub const SENDING: &str = "sending";
pub const EDITED: &str = "edited";
pub const MENTIONS_YOU: &str = "mentions you";
pub const SELECTED: &str = "selected";
pub const NEW: &str = "new";
pub const YOU: &str = "you";
pub const TOO_SMALL: &str = "Terminal too small";
/// There is no signing in from within: a guest's token comes with the start, any other from a file.
pub const NEW_START: &str =
    "Sign in again with sidetone accounts add, or start again, with a new token if you gave one";
pub const LOADING: &str = "older messages are being fetched";
pub const NOTHING_FOUND: &str = "Nothing fits.";
pub const MORE_BELOW: &str = "more below · Down, PageDown";
pub const BEGINNING: &str = "nothing earlier";

/// `12 minutes`, `1 hour 5 minutes`, `40 seconds`.
pub fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => count(saturating(seconds), "second"),
        (0, minutes) => count(saturating(minutes), "minute"),
        (hours, 0) => count(saturating(hours), "hour"),
        (hours, minutes) => format!(
            "{} {}",
            count(saturating(hours), "hour"),
            count(saturating(minutes), "minute")
        ),
    }
}

fn saturating(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// `1 message`, `3 messages`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = match (number, noun) {
        (1, _) => noun.to_owned(),
        (_, "person") => "people".to_owned(),
        (_, "match") => "matches".to_owned(),
        (_, noun) => format!("{noun}s"),
    };
    format!("{number} {plural}")
}

/// `Alice`, `Alice and Bob`, `Alice, Bob and Carol`.
pub fn names<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// `Alice, Bob and 3 others`.
fn names_and(shown: &[String], others: usize) -> String {
    match (shown, others) {
        (_, 0) => names(shown),
        ([], _) => count(others, "person"),
        (_, 1) => format!("{} and 1 other", shown.join(", ")),
        (_, _) => format!("{} and {others} others", shown.join(", ")),
    }
}

/// A sentence of its own.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// What people wrote on several lines, as one line that is read with pauses.
pub fn one_line(text: &str) -> String {
    let parts = text.lines().map(str::trim).filter(|l| !l.is_empty());
    sentences(parts)
}

/// Joins with a full stop where the part before has no ending of its own.
fn sentences<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.fold(String::new(), |mut joined, part| {
        if joined.ends_with(['.', '!', '?', ':', ',', ';', '…', '。', '！', '？']) {
            joined.push(' ');
        } else if !joined.is_empty() {
            joined.push_str(". ");
        }
        joined.push_str(part);
        joined
    })
}

#[cfg(test)]
mod tests;
