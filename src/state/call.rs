//! One account's call: where it stands, who is in it, what may be done.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::call::CallInfo;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Quality;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::call::Signalling;
use crate::model::identity::Person;
use crate::model::locator::Locator;
use crate::state::notices::Notices;

#[derive(Debug, Clone)]
pub struct Call {
    pub account: AccountId,
    pub locator: Locator,
    pub state: CallState,
    pub info: CallInfo,
    pub role: Role,
    pub roster: Vec<RosterEntry>,
    pub lobby: Vec<Person>,
    pub muted: bool,
    pub quality: Quality,
    /// Capabilities the service takes from us, with its reason.
    pub denied: BTreeMap<String, String>,
    pub signalling: Signalling,
    pub notices: Notices,
    /// When we asked to join; lobby time is billed from here.
    pub dialled_at: Timestamp,
    pub connected_at: Option<Timestamp>,
    pub ended: Option<(EndReason, Timestamp)>,
    /// The attempt of joining again by itself that is under way.
    pub rejoining: Option<u32>,
}
