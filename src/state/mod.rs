//! What we know, and the methods that keep it consistent.
//!
//! Invariant: nothing in here knows which vendor is behind it.

pub mod announcer;
pub mod call;
pub mod composer;
pub mod focus;
pub mod notices;
pub mod threads;
pub mod timeline;
pub mod usage;

use std::collections::BTreeMap;

use crate::clock::Now;
use crate::clock::Zone;
use crate::model::account::Account;
use crate::model::account::AccountId;
use crate::model::settings::Settings;
use crate::state::announcer::Announcer;
use crate::state::call::Call;
use crate::state::composer::Composer;
use crate::state::focus::Focus;
use crate::state::threads::Threads;
use crate::state::usage::Usage;

/// Everything that is true.
#[derive(Debug, Clone)]
pub struct State {
    pub settings: Settings,
    pub zone: Zone,
    pub accounts: BTreeMap<AccountId, Account>,
    pub threads: Threads,
    /// At most one call an account; the one in front is [`Focus::call`].
    pub calls: BTreeMap<AccountId, Call>,
    pub announcer: Announcer,
    pub composer: Composer,
    pub focus: Focus,
    pub usage: Usage,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The last event's times.
    pub now: Now,
    /// Unique for this run; client message ids are made of it and a counter, since nothing here is random.
    pub run: String,
    pub sent: u64,
    /// Set once the program is to end.
    pub quitting: bool,
}
