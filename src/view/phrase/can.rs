//! What can be done here: as whom, what works, how far, and why not.

use crate::command::Row;
use crate::command::TABLE;
use crate::model::account::AccountKind;
use crate::model::capability::Capability;
use crate::model::capability::Reason;
use crate::model::capability::facts::Fact;
use crate::model::capability::facts::Place;
use crate::model::capability::facts::Standing;
use crate::model::capability::facts::facts;
use crate::state::State;
use crate::view::phrase;

/// One line for each thing, a sentence about ourselves first.
pub fn can(state: &State) -> String {
    let lines = facts().iter().filter_map(|fact| line(state, fact));
    let all: Vec<String> = std::iter::once(whoever(state)).chain(lines).collect();
    all.join("\n")
}

/// As whom we are where.
fn whoever(state: &State) -> String {
    let account = state.account().and_then(|id| state.accounts.get(id));
    let who = match account.map(|account| account.kind) {
        Some(AccountKind::External) => "an external user",
        Some(AccountKind::Teams) => "a Teams user",
        None => "somebody unknown",
    };
    let capability = match state.call() {
        Some(_) => Capability::InCall,
        None => Capability::ReadChat,
    };
    match state.place(capability).map(place) {
        Some(place) => format!("You are {who} in {place}."),
        None => format!("You are {who}; here the service's own rules decide."),
    }
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Meeting => "a work meeting",
        Place::Channel => "the meeting of a channel",
        Place::Group => "a group call",
        Place::Room => "a room",
        Place::Person => "a call between two",
        Place::Chat => "a chat",
    }
}

/// What it is, whether it works, and the rest; nothing where no command has to do with it and it just works.
fn line(state: &State, fact: &Fact) -> Option<String> {
    let about = |row: &&Row| row.needs.facts().last() == Some(&fact.id.as_str());
    let rows: Vec<&Row> = TABLE.iter().filter(about).collect();
    let needs = rows.first().map_or(chat_or_call(fact), |row| row.needs);
    let standing = state.standing(&fact.id, state.place(needs));
    let verdict = match (standing, rows.as_slice()) {
        (None | Some(Standing::Yes), []) => return None,
        (standing, []) => verdict(standing, None),
        (standing, _) => verdict(standing, state.may(needs).err().as_ref()),
    };
    Some(format!("{}{}: {verdict}", fact.title, command(&rows)))
}

/// How far a command goes for us here, where it does not just work.
pub(super) fn conditions(state: &State, row: &Row) -> Option<String> {
    let id = row.needs.facts().last()?;
    match state.standing(id, state.place(row.needs))? {
        Standing::Limited(how) => Some(format!("with conditions: {how}")),
        Standing::Unknown(what) if !what.is_empty() => Some(format!("to be tried: {what}")),
        Standing::Unknown(_) | Standing::Yes | Standing::No(_) => None,
    }
}

/// What no command is about is looked at where it belongs.
fn chat_or_call(fact: &Fact) -> Capability {
    if fact.id.starts_with("chat.") {
        Capability::ReadChat
    } else {
        Capability::InCall
    }
}

/// What begins it; nothing where many commands do.
fn command(rows: &[&Row]) -> String {
    match rows {
        [] | [_, _, _, _, ..] => String::new(),
        [first, ..] => format!(" (/{})", first.name),
    }
}

fn verdict(standing: Option<&Standing>, now: Option<&Reason>) -> String {
    // Also where something else forbids it that this would need.
    if let Some(Reason::Identity { why }) = now {
        return format!("no, {why}");
    }
    match (standing, now.map(phrase::reason)) {
        (Some(Standing::No(why)), _) => format!("no, {why}"),
        (None | Some(Standing::Yes), None) => "yes".to_owned(),
        (None | Some(Standing::Yes | Standing::Unknown(_)), Some(now)) => format!("not now, {now}"),
        (Some(Standing::Limited(how)), None) => format!("with conditions, {how}"),
        (Some(Standing::Limited(how)), Some(now)) => format!("not now, {now}; {how}"),
        (Some(Standing::Unknown(what)), None) if what.is_empty() => "to be tried".to_owned(),
        (Some(Standing::Unknown(what)), None) => format!("to be tried, {what}"),
    }
}
