//! People and phone numbers: called, added to a call, or handed a call.

use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::effect::WorkCommand;
use crate::model::account::AccountKind;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::call::TransferTo;
use crate::model::callee::Callee;
use crate::model::callee::Errand;
use crate::model::callee::NOT_FOR_EMERGENCIES;
use crate::model::callee::NotCallable;
use crate::model::capability::Capability;
use crate::model::directory::Colleague;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::permission::Permission;
use crate::state::State;
use crate::state::capability::may_add;
use crate::state::focus::Overlay;
use crate::state::work::Shown;
use crate::update::command;
use crate::update::start;
use crate::update::work;

/// Whoever is meant is known at once, or looked for.
pub(super) fn perform(state: &mut State, errand: Errand, whom: &str, fx: &mut Vec<Effect>) {
    match Callee::parse(whom) {
        Ok(Callee::Id(id)) => reach(state, errand, Person::new(&id, ""), fx),
        Ok(Callee::Emergency(digits)) if state.calls_emergencies() => {
            reach(
                state,
                errand,
                Person::new(&format!("4:{digits}"), &digits),
                fx,
            );
        }
        Ok(Callee::Emergency(_)) => refuse(state, NOT_FOR_EMERGENCIES),
        Ok(Callee::Listed(number)) => listed(state, errand, number, fx),
        Ok(Callee::Name(name)) => look_for(state, errand, &name, fx),
        Err(reason) => refuse(state, &reason.to_string()),
    }
}

/// `/transfer`: to somebody, to their voicemail, or to the call on hold.
pub(super) fn transfer(state: &mut State, words: &str, fx: &mut Vec<Effect>) {
    if words == "held" {
        let waits = state.account().cloned();
        let waits = waits.and_then(|account| {
            let last = state.waiting(&account).last()?;
            Some((last.number, last.with().to_owned()))
        });
        let Some((number, with)) = waits else {
            return refuse(state, "no other call is on hold");
        };
        return hand_on(state, TransferTo::Held(number), with, fx);
    }
    match words.strip_prefix("voicemail") {
        Some(whom) if whom.starts_with(' ') => perform(state, Errand::Voicemail, whom, fx),
        Some("") => refuse(state, &NotCallable::Empty.to_string()),
        Some(_) | None => perform(state, Errand::Transfer, words, fx),
    }
}

/// One of those who were shown last.
fn listed(state: &mut State, errand: Errand, number: usize, fx: &mut Vec<Effect>) {
    let Some(Shown::Callable(_, people)) = &state.work.shown else {
        return refuse(state, &NotCallable::NoCountry.to_string());
    };
    match number.checked_sub(1).and_then(|at| people.get(at)) {
        Some(who) => {
            let person = person(who);
            reach(state, errand, person, fx);
        }
        None => refuse(state, "the list has no such number"),
    }
}

/// Among those who are here, else in the directory of the organisation.
fn look_for(state: &mut State, errand: Errand, name: &str, fx: &mut Vec<Effect>) {
    let here: Vec<Person> = state
        .people()
        .into_iter()
        .filter(|p| p.name == name)
        .collect();
    if let [only] = here.as_slice() {
        return reach(state, errand, only.clone(), fx);
    }
    let account = state.account().cloned();
    let kind = account.as_ref().and_then(|id| state.accounts.get(id));
    match (account.clone(), kind.map(|account| account.kind)) {
        (Some(account), Some(AccountKind::Teams)) => {
            let needed = Capability::Organisation(Permission::FindPeople);
            if let Err(reason) = state.may(needed) {
                let command = errand.command();
                return state.say_as(Class::Answer, Said::Refused { command, reason });
            }
            state.work.wanted = Some(errand);
            let search = WorkCommand::FindPeople(name.to_owned());
            work::ask(state, account, search, fx);
        }
        (_, Some(AccountKind::External) | None) | (None, _) => refuse(
            state,
            "an external user has no directory to look in: give an id or a phone number like +14255550123",
        ),
    }
}

/// What the directory found, where it was asked for this; else it is given back.
pub(super) fn found(
    state: &mut State,
    people: Vec<Colleague>,
    fx: &mut Vec<Effect>,
) -> Option<Vec<Colleague>> {
    let Some(errand) = state.work.wanted.take() else {
        return Some(people);
    };
    let mut callable: Vec<Colleague> = people.into_iter().filter(|p| p.id.is_some()).collect();
    callable.truncate(MOST);
    match callable.as_slice() {
        [] => refuse(state, "nobody of that name was found who can be called"),
        [only] => {
            let person = person(only);
            reach(state, errand, person, fx);
        }
        _ => {
            state.work.shown = Some(Shown::Callable(errand, callable));
            command::show(state, Overlay::Work, Answer::Work);
        }
    }
    None
}

fn person(who: &Colleague) -> Person {
    let id = who.id.as_ref().map(RawId::as_str);
    Person::new(id.unwrap_or_default(), &who.name)
}

fn reach(state: &mut State, errand: Errand, person: Person, fx: &mut Vec<Effect>) {
    let shown = match person.name.as_str() {
        "" => person
            .id
            .as_str()
            .strip_prefix("4:")
            .unwrap_or("them")
            .to_owned(),
        name => name.to_owned(),
    };
    match errand {
        Errand::Call => call(state, &person, fx),
        Errand::Add => add(state, person.id, shown, fx),
        Errand::Transfer => hand_on(state, TransferTo::Person(person.id), shown, fx),
        Errand::Voicemail if person.id.as_str().starts_with("8:orgid:") => {
            let whose = format!("the voicemail of {shown}");
            hand_on(state, TransferTo::Voicemail(person.id), whose, fx);
        }
        Errand::Voicemail => refuse(
            state,
            "only people of an organization have a voicemail there",
        ),
    }
}

fn call(state: &mut State, person: &Person, fx: &mut Vec<Effect>) {
    let Some(account) = state.account().cloned() else {
        return;
    };
    // Looking somebody up takes a while, and a call may have begun meanwhile.
    if let Err(reason) = state.may(Capability::CallPeople) {
        let command = "call";
        return state.say_as(Class::Answer, Said::Refused { command, reason });
    }
    let known = state.accounts.get(&account);
    let kind = known.map(|account| account.kind);
    let name = known.map(|a| a.display_name.clone()).unwrap_or_default();
    let id = person.id.as_str();
    if kind == Some(AccountKind::Teams) && id.starts_with("8:acs:") {
        return refuse(state, "a Teams user cannot call this kind of person");
    }
    let audio = state.settings.sound.audio;
    let locator = Locator::Person(id.to_owned());
    start::dial(state, account, locator, name, audio, Some(&person.name), fx);
}

fn add(state: &mut State, who: RawId, shown: String, fx: &mut Vec<Effect>) {
    let Some(call) = state.call() else { return };
    let phone = who.as_str().starts_with("4:");
    if let Err(reason) = may_add(call, phone) {
        let command = "add";
        return state.say_as(Class::Answer, Said::Refused { command, reason });
    }
    let thread = call.info.thread.clone();
    let add = CallCommand::Add { who, thread };
    fx.push(Effect::Call(call.account.clone(), add));
    state.say_as(Class::Answer, Said::Adding { name: shown });
}

fn hand_on(state: &mut State, to: TransferTo, shown: String, fx: &mut Vec<Effect>) {
    let Some(call) = state.call_mut() else { return };
    call.handed_to = shown;
    fx.push(Effect::Call(
        call.account.clone(),
        CallCommand::Transfer(to),
    ));
}

fn refuse(state: &mut State, reason: &str) {
    let failure = Failure {
        doing: Doing::Calling,
        because: Because::Refused {
            reason: reason.to_owned(),
        },
        remedy: Remedy::None,
    };
    state.say_as(Class::Answer, Said::Failed(failure));
}

/// Chosen by one key of a phone.
const MOST: usize = 9;
