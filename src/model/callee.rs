//! Whom to call, as people write it: an id, a phone number, a name, a number of a list.
//!
//! Nobody is to rely on this program in an emergency: what may be an emergency number is known
//! apart from every other number, so that it is never dialled by chance.

use std::fmt;

use crate::model::locator::Locator;

/// Whom somebody means.
#[derive(Clone, PartialEq, Eq)]
pub enum Callee {
    /// By raw id; a phone number's is `4:+…`.
    Id(String),
    /// The digits as they were dialled.
    Emergency(String),
    /// By the number in the list that was shown last.
    Listed(usize),
    /// To be looked for.
    Name(String),
}

/// What nobody must have to find out in an emergency.
pub const NOT_FOR_EMERGENCIES: &str =
    "this may be an emergency number, and this program must not be relied on for them: use a phone";

/// Why a text names nobody who can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCallable {
    #[error("say whom: a name, an id, or a phone number like +14255550123")]
    Empty,
    #[error("a phone number begins with + and the code of its country, like +14255550123")]
    NoCountry,
    #[error("this is no phone number: after the + come 7 to 15 digits, the first of them not 0")]
    NoNumber,
    #[error("this is a meeting: sidetone join goes there")]
    Meeting,
    #[error("this is a chat, and a chat cannot be called: name a person")]
    Chat,
}

/// What a call, once it is there, is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    Call,
    Add,
    Transfer,
    Voicemail,
}

impl Errand {
    /// The command that it is of.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Add => "add",
            Self::Transfer | Self::Voicemail => "transfer",
        }
    }
}

impl Callee {
    pub fn parse(text: &str) -> Result<Self, NotCallable> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotCallable::Empty);
        }
        let number = ["4:", "tel:"].iter().find_map(|p| text.strip_prefix(p));
        let dialled = number.unwrap_or(text);
        let begins = |c: char| c == '+' || c.is_ascii_digit();
        if let Some(callee) = phone(dialled).filter(|_| dialled.starts_with(begins)) {
            return callee;
        }
        match Locator::parse(text, None) {
            Ok(Locator::Person(id)) => Ok(Self::Id(id)),
            Ok(Locator::Thread(_)) => Err(NotCallable::Chat),
            Ok(_) => Err(NotCallable::Meeting),
            Err(_) if text.contains("://") => Err(NotCallable::Meeting),
            Err(_) => Ok(Self::Name(text.to_owned())),
        }
    }
}

/// Read as a number; `None` where it holds anything else.
fn phone(text: &str) -> Option<Result<Callee, NotCallable>> {
    let (international, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut digits = String::new();
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '\u{a0}' | '\u{202f}' | '-' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
    }
    Some(if is_emergency(&digits, international) {
        Ok(Callee::Emergency(digits))
    } else if international {
        let fits = (7..=15).contains(&digits.len()) && !digits.starts_with('0');
        fits.then(|| Callee::Id(format!("4:+{digits}")))
            .ok_or(NotCallable::NoNumber)
    } else {
        match digits.parse() {
            Ok(number @ 1..=9) if digits.len() == 1 => Ok(Callee::Listed(number)),
            _ => Err(NotCallable::NoCountry),
        }
    })
}

/// Nobody has a phone number of two or three digits: all of them may be those of an emergency
/// somewhere. With the code of a country before them, those that are known are.
fn is_emergency(digits: &str, international: bool) -> bool {
    let short = |digits: &str| matches!(digits.len(), 2 | 3);
    let with_country = || {
        (1..=3).any(|code| {
            digits
                .get(code..)
                .is_some_and(|rest| EMERGENCY.contains(&rest))
        })
    };
    short(digits) || international && digits.len() <= 6 && with_country()
}

/// Police, fire, ambulance and the like around the world, and the test number of the service.
const EMERGENCY: [&str; 44] = [
    "15", "17", "18", "000", "061", "062", "066", "100", "101", "102", "103", "104", "105", "106",
    "108", "110", "111", "112", "113", "114", "115", "117", "118", "119", "120", "122", "123",
    "126", "127", "128", "130", "131", "132", "133", "144", "155", "158", "190", "191", "192",
    "911", "933", "995", "999",
];

/// Names and numbers are people's own.
impl fmt::Debug for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id(_) => "Id",
            Self::Emergency(_) => "Emergency",
            Self::Listed(_) => "Listed",
            Self::Name(_) => "Name",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(id: &str) -> Callee {
        Callee::Id(id.to_owned())
    }

    #[test]
    fn a_phone_number_is_read_however_it_is_written() {
        for text in [
            "+14255550123",
            "+1 (425) 555-0123",
            "tel:+1-425-555-0123",
            "4:+14255550123",
            " +1.425.555.0123 ",
        ] {
            assert_eq!(Callee::parse(text), Ok(id("4:+14255550123")), "{text}");
        }
        assert_eq!(Callee::parse("+49 30 1234567"), Ok(id("4:+49301234567")));
        for text in ["0049301234567", "4255550123", "12345"] {
            assert_eq!(Callee::parse(text), Err(NotCallable::NoCountry), "{text}");
        }
        for text in ["+0123456789", "+123456", "+1234567890123456", "+"] {
            assert_eq!(Callee::parse(text), Err(NotCallable::NoNumber), "{text}");
        }
    }

    #[test]
    fn an_emergency_number_is_known_in_every_writing() {
        for text in [
            "112", "911", "9-1-1", "tel:999", "4:110", "000", "+1911", "+44 999", "+49112", "+911",
            "+81 119", "15", "+3315", "933", "+1 933",
        ] {
            let read = Callee::parse(text);
            assert!(matches!(read, Ok(Callee::Emergency(_))), "{text}: {read:?}");
        }
        for text in ["+4930112", "+19115550123", "+4411299"] {
            let read = Callee::parse(text);
            assert!(!matches!(read, Ok(Callee::Emergency(_))), "{text}");
        }
    }

    #[test]
    fn people_are_named_by_id_by_list_or_by_name() {
        let alice = "8:orgid:00000000-0000-0000-0000-0000000000a1";
        assert_eq!(Callee::parse(alice), Ok(id(alice)));
        assert_eq!(Callee::parse("28:orgid:queue"), Ok(id("28:orgid:queue")));
        assert_eq!(Callee::parse("2"), Ok(Callee::Listed(2)));
        let name = |name: &str| Ok(Callee::Name(name.to_owned()));
        assert_eq!(Callee::parse("Alice Wu"), name("Alice Wu"));
        assert_eq!(Callee::parse("4th floor"), name("4th floor"));
        assert_eq!(
            Callee::parse("alice@contoso.com"),
            name("alice@contoso.com")
        );
    }

    #[test]
    fn what_is_nobody_is_refused_with_the_reason() {
        assert_eq!(Callee::parse(" "), Err(NotCallable::Empty));
        let thread = "19:meeting_a@thread.v2";
        assert_eq!(Callee::parse(thread), Err(NotCallable::Chat));
        let link = "https://teams.microsoft.com/meet/123?p=a";
        assert_eq!(Callee::parse(link), Err(NotCallable::Meeting));
    }
}
