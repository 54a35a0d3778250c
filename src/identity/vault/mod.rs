//! Where sign-ins rest between two runs: the system's keyring, the kernel's, or an encrypted file.
//!
//! An entry is a word of ours and a value that nobody else may read. Which of the three is used is
//! the person's choice, else the first that works; either way it is said which one it was.

mod file;
mod store;

use std::fmt;
use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use self::file::Sealed;
use self::store::Store;
pub use crate::config::Secrets as Kind;

/// A value at rest or on its way there. Not printed, and wiped when it is let go.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept(Zeroizing<String>);

impl Kept {
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[derive(Debug, Clone)]
pub struct Settings {
    /// `None`: the first that works.
    pub wish: Option<Kind>,
    /// Of the encrypted file.
    pub folder: PathBuf,
    /// An age identity in a file of 0600, which opens the encrypted file; without one a passphrase does.
    pub key_file: Option<PathBuf>,
    /// Asks the person for a passphrase; `None` where nobody can be asked.
    pub ask: Option<Ask>,
    /// Typed already, to open what is there.
    pub passphrase: Option<Kept>,
}

/// Shows a question, answers with what was typed unseen.
pub type Ask = fn(&str) -> io::Result<String>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the {place} is not to be had: {detail}")]
    Absent { place: &'static str, detail: String },
    #[error("the {place} could not {what}: {detail}")]
    Store {
        place: &'static str,
        what: &'static str,
        detail: String,
    },
    #[error("could not {what} {path}")]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{0} may be read by others; make it 0600, and the key anew if others could read it")]
    Open(PathBuf),
    #[error("{0} is not an age key")]
    NoKey(PathBuf),
    #[error(
        "that passphrase or key does not open {0}; where it is lost, remove the files sign-ins.age and \
         sign-ins.key.age beside it, and sign in again"
    )]
    WrongKey(PathBuf),
    #[error("the two are not the same; start again")]
    Mistyped,
    #[error("{0} is damaged")]
    Damaged(PathBuf),
    #[error("the program is ending")]
    Ending,
    #[error("an empty passphrase protects nothing")]
    NoPassphrase,
    #[error(
        "there is no place for sign-ins here: no keyring answers, and nobody can be asked for a passphrase; \
         set secrets_key_file in the settings, or start a keyring"
    )]
    Nowhere,
}

/// An open place.
#[derive(Debug, Clone)]
pub struct Vault(Place);

#[derive(Debug, Clone)]
enum Place {
    Store(Store),
    Sealed(Sealed),
}

impl Vault {
    /// Finds the place; may ask for a passphrase. Talks to the system: for a thread that may wait.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        match settings.wish {
            Some(Kind::File) => Sealed::open(settings).map(Self::sealed),
            Some(kind) => Store::open(kind).map(Self::store),
            None => Self::first(settings),
        }
    }

    /// A key file is as good as a choice: whoever made one wants the file.
    fn first(settings: &Settings) -> Result<Self, Error> {
        if settings.key_file.is_some() {
            return Sealed::open(settings).map(Self::sealed);
        }
        for kind in [Kind::Keyring, Kind::Kernel] {
            match Store::open(kind) {
                Ok(store) => return Ok(Self::store(store)),
                Err(error) => tracing::info!(%error, "another place is looked for"),
            }
        }
        if settings.ask.is_none() {
            return Err(Error::Nowhere);
        }
        Sealed::open(settings).map(Self::sealed)
    }

    const fn store(store: Store) -> Self {
        Self(Place::Store(store))
    }

    const fn sealed(sealed: Sealed) -> Self {
        Self(Place::Sealed(sealed))
    }

    pub const fn kind(&self) -> Kind {
        match &self.0 {
            Place::Store(store) => store.kind(),
            Place::Sealed(_) => Kind::File,
        }
    }

    pub fn read(&self, entry: &str) -> Result<Option<Kept>, Error> {
        match &self.0 {
            Place::Store(store) => store.read(entry),
            Place::Sealed(sealed) => sealed.read(entry),
        }
    }

    pub fn write(&self, entry: &str, value: &Kept) -> Result<(), Error> {
        match &self.0 {
            Place::Store(store) => store.write(entry, value),
            Place::Sealed(sealed) => sealed.write(entry, value),
        }
    }

    /// Nothing of the entry stays. An entry that is not there is no error.
    pub fn erase(&self, entry: &str) -> Result<(), Error> {
        match &self.0 {
            Place::Store(store) => store.erase(entry),
            Place::Sealed(sealed) => sealed.erase(entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_not_printed() {
        let kept = Kept::new("hunter2".to_owned());
        assert!(!format!("{kept:?}").contains("hunter2"));
    }

    #[test]
    fn without_any_place_it_is_said_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            wish: Some(Kind::File),
            folder: folder.path().to_owned(),
            key_file: None,
            ask: None,
            passphrase: None,
        };
        let error = Vault::open(&settings).unwrap_err();
        assert!(matches!(error, Error::Nowhere), "{error}");
    }
}
