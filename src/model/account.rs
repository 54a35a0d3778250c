//! Whose eyes we look through. Every event, command, thread, call and stored row carries one.

use std::fmt;
use std::sync::Arc;

/// One sign-in of this program: `external:ada`, `teams:<oid>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Arc<str>);

impl AccountId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The person's own word for it: what stands behind the kind.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, name)| name)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of the two identity models an account follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// Bring your own identity: others see the name with "(External)".
    External,
    /// Microsoft Entra ID.
    Teams,
}

/// What is known of an account. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub kind: AccountKind,
    /// The name we ask for; what others see is decided by the service.
    pub display_name: String,
    /// Our raw id, once a token told it.
    pub raw_id: Option<crate::model::identity::RawId>,
    /// The endpoint is the embedded service or another address of this machine.
    pub local: bool,
}
