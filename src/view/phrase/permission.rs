//! Leave that a sign-in does not ask for by itself, and how somebody asks for it.

use crate::model::account::AccountId;
use crate::model::permission::Wider;
use crate::model::sign_in::Step;
use crate::state::State;
use crate::state::leave::Asking;
use crate::view::phrase;

/// What a leave is for.
pub const fn wider(wider: Wider) -> &'static str {
    match wider {
        Wider::People => "to find people of your organisation (/colleagues)",
        Wider::Presence => {
            "to see who can be reached, and to set what others see of you (/presence)"
        }
        Wider::Channels => "to read channels of your teams, and to write in them",
        Wider::Files => "to put files into your OneDrive and send them in chats (/attach)",
    }
}

/// `instead` of what was asked for until now.
pub fn asks_for_leave(wider: Wider, instead: Option<Wider>) -> String {
    let asks = format!("You ask for leave {}.", self::wider(wider));
    match instead {
        None => asks,
        Some(same) if same == wider => {
            format!("{asks} What you were told to do before is of no use any more.")
        }
        Some(before) => format!(
            "{asks} You do not ask any more for leave {}: one at a time.",
            self::wider(before)
        ),
    }
}

const GIVEN: &str = "Given.";

/// One of the list, with how it stands.
pub fn wider_line(wider: Wider, stands: &str) -> String {
    let administrator = if wider.needs_administrator() && stands != GIVEN {
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

/// What whoever asks has to do, and what there is to ask for, each with how it stands.
pub fn leave(state: &State) -> String {
    let asking = state.asking();
    let lines = Wider::ALL.into_iter().map(|wider| {
        let asked = asking.is_some_and(|asking| asking.wider == wider);
        let stands = match state.has_leave(wider) {
            Some(true) => GIVEN.to_owned(),
            Some(false) | None if asked => "Being asked for.".to_owned(),
            Some(false) => format!("Not given; /permission {} asks for it.", wider.word()),
            None => format!("Not known; /permission {} asks for it.", wider.word()),
        };
        wider_line(wider, &stands)
    });
    let first = asking.map(what_to_do).into_iter();
    first.chain(lines).collect::<Vec<_>>().join("\n")
}

/// The same for whoever is told as it comes up, and who may have gone over to another account.
pub fn how_to_agree(state: &State, account: &AccountId) -> String {
    let leave = state.leave.get(account);
    let Some(asking) = leave.and_then(|leave| leave.asking.as_ref()) else {
        return "Nothing is being asked for.".to_owned();
    };
    if state.account() == Some(account) {
        return what_to_do(asking);
    }
    format!("As {}:\n{}", account.name(), what_to_do(asking))
}

fn what_to_do(asking: &Asking) -> String {
    let first = asking.wider.needs_administrator() && asking.step.is_some();
    let first = first.then(|| administrator(asking.link.as_deref()));
    let step = asking.step.as_ref().map(sign_in_step);
    // What is to be done now comes first: on a small screen the link of the administrator takes the rest.
    let cancel = "/permission cancel gives it up.".to_owned();
    let words = [step, Some(cancel), first];
    words.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// It was agreed to. Whether it is there too, the last token tells.
pub fn agreed(state: &State, account: &AccountId, wider: Wider) -> String {
    let purpose = self::wider(wider);
    if state.leave_of(account, wider) == Some(false) {
        let word = wider.word();
        return format!(
            "Agreed to, but the last token does not give you leave {purpose} yet. The next one may; /permission {word} \
             asks again."
        );
    }
    format!("Agreed to. You have leave {purpose} from now on.")
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
