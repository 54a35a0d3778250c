//! The accounts of a person, and which one is used: what is known of them without any secret.
//!
//! `accounts.toml` in the data folder. What renews a sign-in lies in the vault, under the account's name.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use url::Url;

use super::vault::Kind;
use crate::config::paths;
use crate::model::account::AccountId;
use crate::model::account::AccountKind;

/// One account: an identity, and the way tokens for it are come by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The person's own word for it, and the vault's.
    pub name: String,
    /// What others are shown; an external user's has "(External)" behind it.
    pub display_name: String,
    /// `8:acs:…` or `8:orgid:…`, as the last token said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_id: Option<String>,
    /// Of the resource, as the last token said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
    /// A certificate authority of the services' own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Where its sign-in is kept.
    pub kept: Kind,
    /// Scopes that were asked for beyond what a sign-in asks for by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wider: Vec<String>,
    pub way: Way,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Way {
    /// An external user with a session of the token service's.
    Invitation { token_service: Url },
    /// An external user of a resource of their own; the token service runs in this program.
    Own,
    /// An external user, known to the token service through an OpenID provider.
    Provider {
        token_service: Url,
        issuer: Url,
        client_id: String,
    },
    /// A Teams user.
    Teams {
        /// Exchanges tokens for calls; chat goes without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_service: Option<Url>,
        /// Entra ID's, with the tenant: `https://login.microsoftonline.com/organizations/v2.0`.
        issuer: Url,
        client_id: String,
        graph: Url,
    },
    /// Somebody of an organisation as an external user: their Entra token is exchanged at the resource itself
    /// (preview), without a token service.
    Direct {
        resource: Url,
        issuer: Url,
        client_id: String,
    },
}

impl Record {
    pub const fn kind(&self) -> AccountKind {
        match self.way {
            Way::Invitation { .. } | Way::Own | Way::Provider { .. } | Way::Direct { .. } => {
                AccountKind::External
            }
            Way::Teams { .. } => AccountKind::Teams,
        }
    }

    pub fn id(&self) -> AccountId {
        let kind = match self.kind() {
            AccountKind::External => "external",
            AccountKind::Teams => "teams",
        };
        AccountId::new(&format!("{kind}:{}", self.name))
    }

    pub const fn token_service(&self) -> Option<&Url> {
        match &self.way {
            Way::Invitation { token_service } | Way::Provider { token_service, .. } => {
                Some(token_service)
            }
            Way::Teams { token_service, .. } => token_service.as_ref(),
            Way::Own | Way::Direct { .. } => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read {0}")]
    Read(PathBuf, #[source] io::Error),
    #[error("{0} is not readable as a list of accounts; nothing in it was changed")]
    Damaged(PathBuf, #[source] Box<toml::de::Error>),
    #[error("could not write {0}; the list of accounts is as it was")]
    Write(PathBuf, #[source] io::Error),
}

/// The list as it lies in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// The one that is used where nobody says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(default, rename = "account")]
    all: Vec<Record>,
}

impl Accounts {
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => {
                toml::from_str(&text).map_err(|error| Error::Damaged(path, Box::new(error)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::Read(path, error)),
        }
    }

    /// Changes the list as it is by then: a sign-in takes minutes, and another program may have changed it
    /// meanwhile.
    pub fn change<T>(folder: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, Error> {
        let lock = folder.join(LOCK);
        let failed = |error| Error::Write(lock.clone(), error);
        let held = paths::append_private(&lock).map_err(failed)?;
        held.lock().map_err(failed)?;
        let mut accounts = Self::load(folder)?;
        let changed = change(&mut accounts);
        accounts.save(folder)?;
        Ok(changed)
    }

    fn save(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let text = toml::to_string(self)
            .map_err(|error| Error::Write(path.clone(), io::Error::other(error)))?;
        paths::replace_private(&path, text.as_bytes()).map_err(|error| Error::Write(path, error))
    }

    pub fn all(&self) -> &[Record] {
        &self.all
    }

    pub fn find(&self, name: &str) -> Option<&Record> {
        self.all.iter().find(|record| record.name == name)
    }

    pub fn current(&self) -> Option<&Record> {
        let chosen = self.current.as_deref().and_then(|name| self.find(name));
        chosen.or_else(|| self.all.first())
    }

    /// Adds an account, or replaces the one of that name. The first one is used from then on.
    pub fn put(&mut self, record: Record) {
        match self.all.iter_mut().find(|known| known.name == record.name) {
            Some(known) => *known = record,
            None => self.all.push(record),
        }
    }

    /// Whether there is such an account to use.
    pub fn choose(&mut self, name: &str) -> bool {
        let known = self.find(name).is_some();
        if known {
            self.current = Some(name.to_owned());
        }
        known
    }

    pub fn remove(&mut self, name: &str) -> Option<Record> {
        let at = self.all.iter().position(|record| record.name == name)?;
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
        Some(self.all.remove(at))
    }
}

const FILE: &str = "accounts.toml";
const LOCK: &str = "accounts.lock";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn record(name: &str) -> Record {
        Record {
            name: name.to_owned(),
            display_name: "Ada".to_owned(),
            raw_id: None,
            endpoint: Some("https://contoso.example/".parse().unwrap()),
            ca: None,
            kept: Kind::File,
            wider: Vec::new(),
            way: Way::Invitation {
                token_service: "https://tokens.example/".parse().unwrap(),
            },
        }
    }

    #[test]
    fn what_is_saved_is_loaded_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::load(folder.path()).unwrap();
        assert!(accounts.current().is_none());
        accounts.put(record("ada"));
        accounts.put(record("work"));
        accounts.choose("work");
        accounts.save(folder.path()).unwrap();
        let loaded = Accounts::load(folder.path()).unwrap();
        assert_eq!(loaded, accounts);
        assert_eq!(loaded.current().map(|r| r.name.as_str()), Some("work"));
        let mode = fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn without_the_chosen_one_the_first_is_used() {
        let mut accounts = Accounts::default();
        accounts.put(record("ada"));
        accounts.put(record("work"));
        accounts.choose("work");
        assert!(!accounts.choose("nobody"));
        accounts.remove("work").unwrap();
        assert_eq!(accounts.current().map(|r| r.name.as_str()), Some("ada"));
    }

    #[test]
    fn who_signs_in_at_the_same_time_is_listed_too() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let folder = folder.path();
                scope.spawn(move || {
                    let put = |accounts: &mut Accounts| accounts.put(record(&format!("ada{n}")));
                    Accounts::change(folder, put).unwrap();
                });
            }
        });
        assert_eq!(Accounts::load(folder.path()).unwrap().all().len(), 8);
    }

    #[test]
    fn a_damaged_list_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "account = 3").unwrap();
        assert!(matches!(
            Accounts::load(folder.path()),
            Err(Error::Damaged(..))
        ));
    }
}
