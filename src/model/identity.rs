//! People and programs that take part, by the raw ids of the vendor.

use std::fmt;
use std::sync::Arc;

/// A raw id: `8:acs:…`, `8:orgid:…`, `4:+1…`, `28:…`. Compared as a string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawId(Arc<str>);

impl RawId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who is behind the id, as far as its prefix tells.
    pub fn kind(&self) -> PersonKind {
        let id = &*self.0;
        if id.starts_with("4:") {
            PersonKind::Phone
        } else if ["8:orgid:", "8:dod:", "8:gcch:"]
            .iter()
            .any(|p| id.starts_with(p))
        {
            PersonKind::TeamsUser
        } else if id.starts_with("8:teamsvisitor:") {
            PersonKind::Visitor
        } else if ["8:acs:", "8:gcch-acs:", "8:dod-acs:", "8:spool:"]
            .iter()
            .any(|p| id.starts_with(p))
        {
            PersonKind::External
        } else if id.starts_with("28:") {
            PersonKind::Bot
        } else {
            PersonKind::Unknown
        }
    }
}

impl fmt::Debug for RawId {
    /// The end is enough to tell people apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail: Vec<char> = self.0.chars().rev().take(8).collect();
        write!(f, "…{}", tail.into_iter().rev().collect::<String>())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonKind {
    External,
    TeamsUser,
    /// Anonymous in the vendor's own client.
    Visitor,
    Phone,
    Bot,
    Unknown,
}

/// A participant as a message or a roster names them. Names are self-asserted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    pub id: RawId,
    /// Cleaned; empty where the service gave none.
    pub name: String,
}

impl Person {
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: RawId::new(id),
            name: crate::model::text::name(name),
        }
    }
}

/// A name is personal: only the id's tail is printed.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({:?})", self.id)
    }
}
