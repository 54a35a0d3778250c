//! The ways in: that of the account to begin with, and those of others when somebody goes over to them.
//!
//! Who opens them, and knows of secrets and settings, is elsewhere; here back ends are started once a way is open.

use tokio::sync::mpsc;

use crate::call::bridge;
use crate::call::native;
use crate::chat::acs;
use crate::chat::graph;
use crate::event::Event;
use crate::event::RuntimeEvent;
use crate::model::account::AccountId;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::hidden::Hidden;
use crate::model::locator::Locator;
use crate::runtime::Runtime;
use crate::runtime::exit::Exit;
use crate::runtime::pace::Press;
use crate::state::calls::Caller;
use crate::update;
use crate::update::Start;

/// Where to go, once that is known and the way there is open.
pub struct Opening {
    pub chat: Chat,
    /// Where somebody makes calls for the account.
    pub call: Option<Calls>,
    /// Without one, the account's chats are listed.
    pub locator: Option<Locator>,
    /// Whom to call, in the person's words.
    pub person: Option<String>,
    /// Emergency numbers of a country may be dialled.
    pub emergency: bool,
    pub name: String,
}

/// Opens the way for another account, when somebody wants to go over to it.
pub struct Doors {
    pub ask: mpsc::Sender<Wish>,
    pub opened: mpsc::Receiver<(AccountId, Opened)>,
}

/// To whoever opens the way.
pub enum Wish {
    Open(AccountId),
    /// The answer to [`Opened::Locked`]; `None`: nobody gives it.
    Unlock(Option<Hidden>),
}

/// What became of it.
pub enum Opened {
    Done(Box<Result<Opening, Failure>>),
    /// A passphrase is wanted first; `again`, where the one that was given was wrong.
    Locked {
        again: bool,
    },
}

/// The chat back end of an account.
pub enum Chat {
    Acs(acs::Settings),
    Graph(graph::Settings),
}

/// The call back end of an account.
pub enum Calls {
    /// Of the embedded service.
    Native(native::Settings),
    /// By way of the vendor's SDK.
    Bridge(bridge::Settings),
}

impl Runtime {
    pub(super) fn opened(&mut self, result: Result<Opening, Failure>) {
        match result {
            Ok(opening) => {
                let start = Start {
                    account: self.options.account.id.clone(),
                    locator: opening.locator,
                    call: opening.person,
                    name: opening.name,
                    sound: self.backends.has_sound(),
                    calls: opening.call.is_some(),
                };
                self.backends.start_chat(opening.chat);
                self.may_call(&start.account, opening.call.as_ref(), opening.emergency);
                if let Some(call) = opening.call {
                    self.backends.start_call(call);
                }
                let effects = update::start(&mut self.state, start, self.clock.both());
                self.display.press(Press::Now);
                self.perform_all(effects);
            }
            Err(failure) => {
                self.ledger.fail(Exit::of(&failure));
                self.happen(Event::Runtime(RuntimeEvent::StartFailed(failure)));
            }
        }
    }

    /// What the account can call, by way of whoever makes calls for it.
    fn may_call(&mut self, account: &AccountId, calls: Option<&Calls>, emergency: bool) {
        if let Some(Calls::Bridge(_)) = calls {
            let caller = Caller {
                emergency,
                receives: None,
            };
            self.state.callers.insert(account.clone(), caller);
        }
    }

    /// The back ends of another account, beside those that run.
    pub(super) fn opened_another(&mut self, account: AccountId, opened: Opened) {
        let result = match opened {
            Opened::Done(result) => *result,
            Opened::Locked { again } => {
                let wanted = RuntimeEvent::PassphraseWanted { account, again };
                return self.happen(Event::Runtime(wanted));
            }
        };
        let event = match result {
            Ok(opening) => {
                let calls = opening.call.is_some();
                self.may_call(&account, opening.call.as_ref(), opening.emergency);
                self.backends.start_chat(opening.chat);
                if let Some(call) = opening.call {
                    self.backends.start_call(call);
                }
                RuntimeEvent::AccountOpened { account, calls }
            }
            Err(failure) => RuntimeEvent::AccountFailed { account, failure },
        };
        self.happen(Event::Runtime(event));
    }

    pub(super) fn open_account(&mut self, account: AccountId) {
        let asked = self
            .doors
            .as_ref()
            .map(|doors| doors.try_send(Wish::Open(account.clone())));
        if matches!(asked, Some(Ok(()))) {
            return;
        }
        let failure = Failure {
            doing: Doing::GoingOver,
            because: Because::Local {
                detail: "nobody opens accounts now; try again in a moment".to_owned(),
            },
            remedy: Remedy::None,
        };
        let failed = RuntimeEvent::AccountFailed { account, failure };
        self.happen(Event::Runtime(failed));
    }

    /// Whoever asked waits for it, and for nothing else.
    pub(super) fn unlock(&self, typed: Option<Hidden>) {
        if let Some(doors) = &self.doors
            && doors.try_send(Wish::Unlock(typed)).is_err()
        {
            tracing::warn!("nobody waits for a passphrase");
        }
    }
}
