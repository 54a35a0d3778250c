//! As whom we are here, and who else we can be.

use crate::model::account::Account;
use crate::model::account::AccountKind;
use crate::state::State;
use crate::state::accounts::Door;
use crate::state::call::Call;

/// One a line, with the number by which each can be chosen.
pub fn accounts(state: &State) -> String {
    let front = state.account();
    let mut lines: Vec<String> = state
        .people_to_be()
        .enumerate()
        .map(|(at, account)| {
            let number = at + 1;
            let word = account.id.name();
            let (who, kind) = (account.shown(), kind(account));
            let more = if front == Some(&account.id) {
                "in front".to_owned()
            } else {
                door(state, account)
            };
            format!("{number}. {word}: {who}, {kind}, {more}.")
        })
        .collect();
    lines.push(if state.has_choice_of_accounts() {
        "/account NAME or NUMBER goes over to one; a call goes on as whoever joined it.".to_owned()
    } else {
        "There is no other; sidetone accounts add signs in to more.".to_owned()
    });
    lines.join("\n")
}

/// Who we are now, and what that does not change.
pub fn account(state: &State) -> String {
    let Some(account) = state.account().and_then(|id| state.accounts.get(id)) else {
        return "Nobody is signed in.".to_owned();
    };
    let mut told = vec![format!(
        "You are {} now, {}.",
        account.shown(),
        kind(account)
    )];
    let call = state.calls.values().find(|call| call.is_live());
    if let Some(call) = call.filter(|call| call.account != account.id) {
        let whose = whose(state, call);
        told.push(format!("The call goes on as {whose}; /leave ends it."));
    } else if state.call().is_some_and(|call| !call.is_live()) && state.can_call() {
        told.push("/join joins the meeting as you are now.".to_owned());
    }
    if state.thread().is_none() && account.kind == AccountKind::Teams {
        told.push("/chats lists your chats.".to_owned());
    }
    told.join(" ")
}

/// The name of the account in front, where there are several.
pub(super) fn as_whom(state: &State) -> Option<String> {
    let account = state.account().and_then(|id| state.accounts.get(id))?;
    let several = state.has_choice_of_accounts();
    several.then(|| format!("as {}", account.shown()))
}

fn whose(state: &State, call: &Call) -> String {
    let account = state.accounts.get(&call.account);
    account.map_or_else(|| call.account.name().to_owned(), Account::shown)
}

const fn kind(account: &Account) -> &'static str {
    match account.kind {
        AccountKind::External => "an external user",
        AccountKind::Teams => "a Teams user",
    }
}

fn door(state: &State, account: &Account) -> String {
    match state.doors.of(&account.id) {
        Door::Closed => "not used yet".to_owned(),
        Door::Opening => "being signed in".to_owned(),
        Door::Open { .. } => format!("signed in, {} unread", state.unread_of(&account.id)),
    }
}

/// What is asked, and how it is answered or not: nothing of what is typed will be seen.
pub fn passphrase(name: &str, again: bool) -> String {
    let wrong = if again {
        "That passphrase does not open them. "
    } else {
        ""
    };
    format!(
        "{wrong}Passphrase of your sign-ins, to be {name}. Nothing of it is shown; Enter gives it, Ctrl-C gives up."
    )
}

/// The question before going over while a call is going on.
pub fn go_over(name: &str) -> String {
    format!("You are in a call, which goes on as it is. Go over to {name}?")
}
