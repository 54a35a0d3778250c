//! Several accounts in one run, in both views: listed, gone over to, asked about in a call.

use sidetone::effect::CallCommand;
use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::effect::WorkCommand;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::RuntimeEvent;
use sidetone::model::call::EndReason;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::hidden::Hidden;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::ThreadId;
use sidetone::model::thread::ThreadInfo;

use crate::play::Script;
use crate::play::account;
use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::person;
use crate::play::says;
use crate::play::told;
use crate::play::with;
use crate::play::work_account;

const VIEWS: [Interface; 2] = [Interface::Linear, Interface::FullScreen];

fn settings(interface: Interface) -> Settings {
    Settings {
        interface,
        ..Settings::default()
    }
}

/// In a thread as an external user; there is a work account too.
fn two(interface: Interface) -> Script {
    with(settings(interface)).with_work()
}

fn opened(calls: bool) -> Event {
    let account = work_account();
    Event::Runtime(RuntimeEvent::AccountOpened { account, calls })
}

fn notes() -> ThreadId {
    ThreadId::new("19:notes@thread.v2")
}

/// A chat of the work account, read to its end.
fn work_chat(script: Script) -> Script {
    let of = |event| Event::Chat(work_account(), event);
    let thread = notes();
    script
        .then(of(ChatEvent::Access {
            thread: thread.clone(),
            access: ChatAccess::Open,
        }))
        .then(of(ChatEvent::ThreadRead(ThreadInfo {
            id: thread.clone(),
            topic: "notes".to_owned(),
            participants: ["Carol"].map(person).to_vec(),
        })))
        .then(of(ChatEvent::NewerPage {
            thread,
            messages: Vec::new(),
        }))
}

fn asked_to_open(script: &Script) -> bool {
    script
        .effects
        .contains(&Effect::OpenAccount(work_account()))
}

#[test]
fn the_accounts_are_listed_with_what_others_see_and_which_is_in_front() {
    for view in VIEWS {
        let shown = two(view).line("/account");
        let shown = told(shown, "1. ada: Ada (External), an external user, in front.");
        told(shown, "2. work: Ada Quist, a Teams user, not used yet.");
        let shown = with(settings(view)).line("/account");
        told(shown, "There is no other; sidetone accounts add");
    }
}

#[test]
fn going_over_signs_in_first_and_leaves_every_draft_where_it_was() {
    for view in VIEWS {
        let shown = two(view).line("/account work");
        assert!(asked_to_open(&shown), "{view:?}");
        let shown = told(shown, "Signing in as work.")
            .typed("half a thought")
            .forget();
        // What is being written meanwhile belongs to where it is written.
        let shown = shown.then(opened(true));
        let list = ChatCommand::Work(WorkCommand::List);
        assert_eq!(shown.chat_commands(), [list], "{view:?}");
        let shown = told(shown, "You are Ada Quist now, a Teams user.");
        assert_eq!(shown.state.composer.text(), "");
        assert_eq!(shown.state.account(), Some(&work_account()));
        let shown = shown.typed("to Carol").quietly();
        let shown = shown.press("Ctrl-U").line("/account 1").quietly();
        assert_eq!(shown.state.composer.text(), "half a thought");
        assert_eq!(shown.state.account(), Some(&account()));
        assert!(
            !asked_to_open(&shown.line("/account work")),
            "signed in once"
        );
    }
}

#[test]
fn what_is_sent_goes_out_as_who_is_in_front_and_the_other_goes_on_hearing() {
    for view in VIEWS {
        let shown = work_chat(two(view).line("/account work").then(opened(true)));
        let shown = shown.after(5.0).forget().line("from work").after(1.0);
        let whose = shown.effects.iter().find_map(|effect| match effect {
            Effect::Chat(account, ChatCommand::Send { thread, .. }) => Some((account, thread)),
            _ => None,
        });
        assert_eq!(whose, Some((&work_account(), &notes())), "{view:?}");
        let shown = shown.then(says(1, "Alice", "are you there?"));
        assert_eq!(shown.state.unread_of(&account()), 1);
        let shown = shown.quietly().line("/account");
        told(
            shown,
            "1. ada: Ada (External), an external user, signed in, 1 unread.",
        );
    }
}

#[test]
fn in_a_call_it_is_asked_first_and_the_call_goes_on() {
    for view in VIEWS {
        let shown = alone(settings(view)).with_work().connected();
        let shown = shown.line("/account work");
        assert!(!asked_to_open(&shown));
        let shown = told(
            shown,
            "You are in a call, which goes on as it is. Go over to work?",
        );
        let answered = |shown: Script, answer: &str| match view {
            Interface::Linear => shown.line(answer),
            Interface::FullScreen => shown.press(answer),
        };
        let no = answered(shown, "n").after(2.0);
        assert!(!asked_to_open(&no));
        assert_eq!(no.state.account(), Some(&account()));
        let yes = answered(no.line("/account work"), "y").after(2.0);
        assert!(asked_to_open(&yes));
        let shown = yes.then(opened(true));
        assert!(
            shown
                .call_commands()
                .iter()
                .all(|c| *c != CallCommand::Leave)
        );
        let shown = told(shown, "The call goes on as Ada (External); /leave ends it.");
        // Commands of the call go where the call is.
        let shown = shown
            .after(2.0)
            .forget()
            .line("/mute")
            .line("/leave")
            .after(4.0);
        let whose = shown.effects.iter().filter_map(|effect| match effect {
            Effect::Call(account, CallCommand::Leave) => Some(account.clone()),
            _ => None,
        });
        assert_eq!(whose.collect::<Vec<_>>(), [account()], "{view:?}");
        // The same meeting, as who is in front now.
        let reason = EndReason {
            code: 0,
            subcode: 0,
        };
        let ended = call(CallEvent::Ended {
            reason,
            by: None,
            at: at(60.0),
        });
        let shown = shown.then(ended).after(2.0).forget().line("/join");
        let joins = |effect: &Effect| {
            matches!(effect, Effect::Call(who, CallCommand::Join { name, .. })
                if *who == work_account() && name == "Ada Quist")
        };
        assert!(
            shown.effects.iter().any(joins),
            "{view:?} {:?}",
            shown.effects
        );
    }
}

#[test]
fn an_account_that_cannot_be_opened_leaves_everything_as_it_is() {
    for view in VIEWS {
        let shown = two(view).line("/account work");
        let failed = Event::Runtime(RuntimeEvent::AccountFailed {
            account: work_account(),
            failure: Failure {
                doing: Doing::SigningIn,
                because: Because::TokenExpired,
                remedy: Remedy::SignInAgain,
            },
        });
        let shown = shown.then(failed);
        assert_eq!(shown.state.account(), Some(&account()));
        let shown = told(shown, "sign in");
        let shown = shown.after(5.0).line("/account nobody");
        told(
            shown,
            "there is no account nobody here; /account lists them",
        );
    }
}

#[test]
fn who_cannot_call_is_told_why_when_joining() {
    for view in VIEWS {
        let shown = alone(settings(view)).with_work().connected();
        let reason = EndReason {
            code: 0,
            subcode: 0,
        };
        let ended = call(CallEvent::Ended {
            reason,
            by: None,
            at: at(60.0),
        });
        let shown = shown.then(ended).quietly();
        let shown = shown.line("/account work").then(opened(false)).after(2.0);
        told(shown.line("/join"), "this account has nothing to call with");
    }
}

fn locked(again: bool) -> Event {
    let account = work_account();
    Event::Runtime(RuntimeEvent::PassphraseWanted { account, again })
}

fn unlocks(script: &Script) -> Vec<Option<Hidden>> {
    let effects = script.effects.iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Unlock(typed) => Some(typed.clone()),
            _ => None,
        })
        .collect()
}

fn hidden(words: &str) -> Hidden {
    let mut typed = Hidden::default();
    words.chars().for_each(|c| typed.push(c));
    typed
}

#[test]
fn a_passphrase_is_typed_unseen_asked_for_again_and_takes_what_is_typed_meanwhile() {
    for view in VIEWS {
        // What is typed before it is asked for may be the passphrase: nobody sees it again.
        let shown = two(view).line("/account work").typed("half a thought");
        let shown = told(
            shown.then(locked(false)),
            "Passphrase of your sign-ins, to be work.",
        );
        let empty = shown.state.clone();
        let mut shown = shown.typed("huntress 1").pasted("7\nmore");
        if view == Interface::FullScreen {
            // Neither the characters nor how many there are.
            shown = shown.shows((60, 16), "Passphrase, hidden (Ctrl-C gives up):");
            for words in ["huntress", "half a thought", "17", "*", "•"] {
                shown = shown.no_status(words);
            }
        }
        assert!(!format!("{:?}", shown.state.doors).contains("huntress"));
        assert_eq!(shown.state.composer.text(), empty.composer.text());
        let shown = shown.press("Backspace").typed("8").press("Enter");
        assert_eq!(unlocks(&shown), [Some(hidden("huntress 18"))], "{view:?}");
        assert!(!shown.said().contains("huntress"), "{}", shown.said());
        let shown = told(
            shown.forget().then(locked(true)),
            "That passphrase does not open them.",
        );
        let shown = shown
            .typed("wrong")
            .press("Ctrl-U")
            .typed("right")
            .press("Enter");
        assert_eq!(unlocks(&shown).last(), Some(&Some(hidden("right"))));
        // Being tried, it takes what is typed meanwhile.
        let shown = shown.typed("right").press("Enter").pasted("right");
        assert_eq!(unlocks(&shown).len(), 1);
        let shown = told(
            shown.then(opened(true)),
            "You are Ada Quist now, a Teams user.",
        );
        assert_eq!(shown.typed("!").state.composer.text(), "!");
    }
}

#[test]
fn a_passphrase_typed_before_it_is_asked_for_is_no_message() {
    for view in VIEWS {
        let shown = two(view).line("/account work").forget();
        let shown = shown.typed("huntress 17").press("Enter");
        let sent = |command: &ChatCommand| matches!(command, ChatCommand::Send { .. });
        assert!(!shown.chat_commands().iter().any(sent), "{view:?}");
        let shown = told(shown, "you are still going over to another account");
        let shown = shown.then(locked(false)).press("Esc");
        assert_eq!(unlocks(&shown), [None]);
        assert_eq!(shown.state.composer.text(), "");
    }
}

#[test]
fn a_passphrase_is_given_up_by_every_way_out_and_the_microphone_can_be_muted_meanwhile() {
    for view in VIEWS {
        for way in ["Ctrl-C", "Esc", "Ctrl-G", "Enter"] {
            let shown = two(view).line("/account work").then(locked(false));
            let shown = if way == "Enter" {
                shown.press(way)
            } else {
                shown.typed("half").press(way)
            };
            assert_eq!(unlocks(&shown), [None], "{view:?} {way}");
            assert!(shown.state.doors.passphrase.is_none() && !shown.state.quitting);
        }
        let shown = with(settings(view)).with_work().connected();
        let shown = shown.then(locked(false)).press("Ctrl-T");
        assert!(matches!(
            shown.call_commands().last(),
            Some(CallCommand::Mute(_))
        ));
        assert!(shown.state.doors.passphrase.is_some());
    }
}
