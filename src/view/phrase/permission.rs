//! Leave that a sign-in does not ask for by itself, and how somebody asks for it.

use crate::model::permission::Wider;
use crate::model::sign_in::Step;
use crate::view::phrase;

/// What a leave is for.
pub const fn wider(wider: Wider) -> &'static str {
    match wider {
        Wider::People => "to find people of your organisation (/colleagues)",
        Wider::Presence => {
            "to see who can be reached, and to set what others see of you (/presence)"
        }
        Wider::Channels => "to read channels of your teams, and to write in them",
    }
}

/// One of the list, with how it stands.
pub fn wider_line(wider: Wider, stands: &str) -> String {
    let administrator = if wider.needs_administrator() {
        " An administrator has to agree."
    } else {
        ""
    };
    let (word, purpose) = (wider.word(), self::wider(wider));
    format!("{word}: {purpose}. {stands}{administrator}")
}

/// Who has to agree first, and what to hand them. The link is the last line.
pub fn administrator(link: Option<&str>) -> String {
    let first = "An administrator of your organisation has to agree first, for everybody in it.";
    match link {
        Some(link) => format!("{first} Hand them this link:\n{link}"),
        None => first.to_owned(),
    }
}

/// What somebody who signs in has to do: addresses and codes are lines of their own.
pub fn sign_in_step(step: &Step) -> String {
    match step {
        Step::Visit { url } => {
            format!("Sign in in the browser that opens now. If none does, open this:\n{url}")
        }
        Step::Enter { url, code, lasts } => {
            let minutes = usize::try_from(lasts.as_secs().div_ceil(60)).unwrap_or(usize::MAX);
            let minutes = phrase::count(minutes, "minute");
            format!(
                "Open {url} in any browser and type this code:\n{code}\nIt is good for {minutes}. Waiting."
            )
        }
    }
}
