//! Asking for leave that the sign-in was not given, in both views, while everything else goes on.

use std::time::Duration;

use sidetone::effect::Effect;
use sidetone::effect::IdentityCommand;
use sidetone::event::Event;
use sidetone::event::IdentityEvent;
use sidetone::model::account::AccountKind;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::permission::Permission;
use sidetone::model::permission::Wider;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::sign_in::By;
use sidetone::model::sign_in::Step;

use crate::play::Script;
use crate::play::account;
use crate::play::alone;
use crate::play::told;

const VIEWS: [Interface; 2] = [Interface::Linear, Interface::FullScreen];
const CODE: &str = "QRZX-7342";

fn with(interface: Interface) -> Settings {
    Settings {
        interface,
        ..Settings::default()
    }
}

/// Somebody of an organisation who was given nothing but what chats need.
fn narrow(interface: Interface) -> Script {
    let withheld = Wider::ALL.map(Wider::permissions).concat();
    alone(with(interface))
        .elsewhere(AccountKind::Teams)
        .among_chats()
        .then(permitted(&[Permission::ReadChats], &withheld))
        .forget()
}

fn permitted(given: &[Permission], withheld: &[Permission]) -> Event {
    let set = |all: &[Permission]| all.iter().copied().collect();
    let (given, withheld) = (set(given), set(withheld));
    owner(IdentityEvent::Permitted { given, withheld })
}

fn owner(event: IdentityEvent) -> Event {
    Event::Identity(account(), event)
}

fn code(wider: Wider, link: Option<&str>) -> Event {
    let step = Step::Enter {
        url: "https://login.example/device".to_owned(),
        code: CODE.to_owned(),
        lasts: Duration::from_mins(15),
    };
    let link = link.map(str::to_owned);
    owner(IdentityEvent::Asking { wider, step, link })
}

fn refused(reason: &str, remedy: Remedy) -> Event {
    let failure = Failure {
        doing: Doing::AskingForLeave,
        because: Because::Refused {
            reason: reason.to_owned(),
        },
        remedy,
    };
    let wider = Wider::People;
    owner(IdentityEvent::NotAgreed { wider, failure })
}

fn commands(script: &Script) -> Vec<IdentityCommand> {
    let effects = script.effects.iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Identity(_, command) => Some(command.clone()),
            _ => None,
        })
        .collect()
}

#[track_caller]
fn not_there(script: Script, words: &str) -> Script {
    if script.state.focus.interface == Interface::Linear {
        let said = script.said();
        assert!(!said.contains(words), "{said}");
        return script;
    }
    script.no_status(words)
}

#[test]
fn leave_is_asked_for_by_a_code_that_stays_in_sight_and_works_once_it_is_given() {
    for view in VIEWS {
        let script = told(
            narrow(view).line("/colleagues ali"),
            "/permission people asks for it",
        );
        let script = told(
            script.line("/permission people code"),
            "You ask for leave to find people of your organisation (/colleagues).",
        );
        let ask = IdentityCommand::AskForLeave {
            wider: Wider::People,
            by: Some(By::DeviceCode),
        };
        assert_eq!(commands(&script), [ask], "{view:?}");
        let script = told(script.then(code(Wider::People, None)), CODE);
        let script = told(script, "https://login.example/device");
        let script = told(script, "/permission cancel gives it up.");
        // Whatever is typed meanwhile, it stays, and comes back when asked for.
        let script = script.typed("meanwhile");
        let script = if view == Interface::FullScreen {
            script.shows((60, 16), CODE).press("Ctrl-G")
        } else {
            script.forget()
        };
        let script = script.press("Ctrl-U").line("/permission");
        let script = told(told(script, CODE), "Being asked for.");
        let script = script.then(permitted(&[Permission::FindPeople], &[]));
        let script = told(
            script.then(owner(IdentityEvent::Agreed(Wider::People))),
            "Agreed to. You have leave to find people of your organisation (/colleagues) from now on.",
        );
        let script = not_there(script.forget(), CODE).line("/colleagues ali");
        assert_eq!(script.chat_commands().len(), 1, "{view:?}");
        // What was given need not be asked for again.
        told(
            script.line("/permission people"),
            "/permission is not possible, your sign-in has that leave already.",
        );
    }
}

#[test]
fn a_refusal_an_expired_code_and_a_missing_administrator_are_said_in_words() {
    let link = "https://login.example/adminconsent?x";
    let administrator = Remedy::AskAdministrator {
        link: link.to_owned(),
    };
    let cases = [
        (
            "the sign-in was declined",
            Remedy::None,
            "get more leave: the sign-in was declined. Your sign-in is as it was.",
        ),
        ("the code has expired", Remedy::None, "the code has expired"),
        ("nobody has agreed", administrator, "then ask again: "),
    ];
    for view in VIEWS {
        for (reason, remedy, words) in cases.clone() {
            let script = narrow(view).line("/permission people");
            let script = script.then(code(Wider::People, None)).forget();
            let script = told(script.then(refused(reason, remedy)), words);
            assert!(script.state.asking().is_none());
            not_there(script, CODE);
        }
        // For some it is known before anybody asks who has to agree first.
        let script = narrow(view).line("/permission channels");
        let script = told(script.then(code(Wider::Channels, Some(link))), link);
        let first = "An administrator of your organisation has to agree first";
        told(told(script, first), CODE);
    }
}

#[test]
fn it_is_given_up_and_what_comes_of_it_later_is_not_said() {
    for view in VIEWS {
        let script = told(
            narrow(view).line("/permission cancel"),
            "/permission is not possible, nothing is being asked for.",
        );
        let script = script
            .line("/permission people")
            .then(code(Wider::People, None));
        let script = told(
            script.forget().line("/permission cancel"),
            "You do not ask any more for leave to find people of your organisation (/colleagues).",
        );
        assert_eq!(
            commands(&script).last(),
            Some(&IdentityCommand::GiveUpAsking)
        );
        let script = not_there(script.forget().then(code(Wider::People, None)), CODE);
        let script = script.then(refused("the code has expired", Remedy::None));
        not_there(script, "expired");
    }
}

#[test]
fn asking_for_something_else_gives_up_the_first_and_says_so() {
    for view in VIEWS {
        let script = narrow(view)
            .line("/permission people")
            .then(code(Wider::People, None))
            .forget();
        let script = told(
            script.line("/permission presence"),
            "You do not ask any more for leave to find people of your organisation (/colleagues)",
        );
        assert_eq!(script.state.asking().unwrap().wider, Wider::Presence);
        // What becomes of the first is nobody's business any more.
        let script = script.forget().then(refused("declined", Remedy::None));
        let script = not_there(script, "declined");
        let script = script.then(code(Wider::Presence, None));
        told(
            script.forget().line("/permission presence"),
            "What you were told to do before is of no use any more.",
        );
    }
}

#[test]
fn in_a_browser_of_this_machine_the_address_is_opened_and_said() {
    for view in VIEWS {
        let script = narrow(view).line("/permission presence browser");
        let url = "https://login.example/authorize?scope=x".to_owned();
        let asking = IdentityEvent::Asking {
            wider: Wider::Presence,
            step: Step::Visit { url: url.clone() },
            link: None,
        };
        let script = told(script.then(owner(asking)), &url);
        let open = Effect::OpenUrl(url);
        assert!(script.effects.contains(&open), "{view:?}");
    }
}

#[test]
fn external_users_have_nothing_to_ask_for_and_the_word_of_the_command_line_is_understood() {
    for view in VIEWS {
        let script = alone(with(view)).connected().forget();
        let why = "only work accounts have that; you are an external user here";
        let refused = format!("/permission is not possible, {why}.");
        let script = told(script.line("/permission people"), &refused);
        assert!(commands(&script).is_empty());
        told(
            script.line("/help permission"),
            "(not here: only work accounts have that",
        );
        let script = narrow(view).line("/consent people");
        assert_eq!(commands(&script).len(), 1, "{view:?}");
    }
}

#[test]
fn an_agreement_that_the_token_does_not_show_is_not_called_leave() {
    for view in VIEWS {
        let script = narrow(view).line("/permission people");
        let script = script.then(owner(IdentityEvent::Agreed(Wider::People)));
        told(
            script,
            "Agreed to, but the last token does not give you leave",
        );
    }
}
