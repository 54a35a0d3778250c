//! The audit log: one line of JSON for everything that was given, refused or taken back.
//!
//! Who a person is stands there as a hash of issuer and subject; no token, no code and no
//! name ever does.

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

use aws_lc_rs::digest;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::config::paths;
use crate::wire::acs::identity::Scope;

use super::person::Who;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum What {
    /// An access token was given.
    Issued,
    /// An Entra token was exchanged.
    Exchanged,
    /// An invitation became a session.
    Redeemed,
    /// Somebody signed out: tokens and sessions ended.
    Revoked,
    /// A new identity was made for a person.
    Created,
    /// Somebody's client opened a line to the relay.
    Relayed,
    /// A delivery was passed on.
    Notified,
    Refused,
}

impl What {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Exchanged => "exchanged",
            Self::Redeemed => "redeemed",
            Self::Revoked => "revoked",
            Self::Created => "created",
            Self::Relayed => "relayed",
            Self::Notified => "notified",
            Self::Refused => "refused",
        }
    }
}

/// One line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    pub(crate) at: String,
    pub(crate) what: What,
    pub(crate) from: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Scope]>::is_empty")]
    pub(crate) scopes: &'a [Scope],
    /// The code that it was refused with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'a str>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<&'a str>,
}

impl Entry<'_> {
    pub(crate) fn new(what: What, from: IpAddr, at: Timestamp) -> Self {
        Self {
            at: at.to_string(),
            what,
            from,
            person: None,
            identity: None,
            scopes: &[],
            code: None,
            path: None,
        }
    }
}

/// A hash that two lines of one person have in common.
pub(crate) fn person(who: &Who) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [&who.issuer, &who.subject] {
        context.update(part.as_bytes());
        context.update(b"\0");
    }
    let mut text = String::new();
    for byte in &context.finish().as_ref()[..HASH_BYTES] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[derive(Debug)]
pub(crate) struct Audit(Mutex<Output>);

#[derive(Debug)]
enum Output {
    File(File),
    StandardError,
}

impl Audit {
    /// Without a path it goes to standard error, where a service's log is kept for it.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let output = match path {
            Some(path) => Output::File(paths::append_private(path)?),
            None => Output::StandardError,
        };
        Ok(Self(Mutex::new(output)))
    }

    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let mut line = serde_json::to_string(entry).unwrap_or_default();
        line.push('\n');
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // In one piece: lines of two processes on one file do not mix.
        let written = match &mut *output {
            Output::File(file) => file.write_all(line.as_bytes()),
            Output::StandardError => io::stderr().lock().write_all(line.as_bytes()),
        };
        if let Err(error) = written {
            tracing::error!(%error, "could not write the audit log");
        }
    }
}

const HASH_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_only_as_a_hash() {
        let who = Who {
            issuer: "https://login.example".to_owned(),
            subject: "ada@example".to_owned(),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::open(Some(&path)).unwrap();
        audit.write(&Entry {
            person: Some(person(&who)),
            identity: Some("8:acs:r_u"),
            scopes: &[Scope::Chat],
            ..Entry::new(
                What::Issued,
                IpAddr::from([192, 0, 2, 1]),
                Timestamp::from_millis(0),
            )
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("ada"), "{text}");
        assert_eq!(
            text,
            format!(
                "{{\"at\":\"1970-01-01T00:00:00.000Z\",\"what\":\"issued\",\"from\":\"192.0.2.1\",\
                 \"person\":\"{}\",\"identity\":\"8:acs:r_u\",\"scopes\":[\"chat\"]}}\n",
                person(&who)
            )
        );
    }

    #[test]
    fn issuer_and_subject_do_not_run_into_each_other() {
        let who = |issuer: &str, subject: &str| Who {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        };
        assert_ne!(person(&who("a", "bc")), person(&who("ab", "c")));
    }
}
