//! The keyrings of the system and of the kernel, through the libraries for them.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use keyring_core::CredentialStore;
use keyring_core::Entry;
#[cfg(target_os = "linux")]
use linux_keyutils::KeyRing;
#[cfg(target_os = "linux")]
use linux_keyutils::KeyRingIdentifier;
use uuid::Uuid;

use super::Error;
use super::Kept;
use super::Kind;

/// One that is open, on a thread of its own: the library of one waits when it lets go, which no thread of
/// the runtime may, and the kernel's goes by the session of a thread.
#[derive(Debug, Clone)]
pub(super) struct Store {
    kind: Kind,
    acts: mpsc::Sender<Act>,
}

type Act = Box<dyn FnOnce(&Opened) + Send>;

impl Store {
    /// Only one that keeps what it is given is opened: some are there, and locked for ever.
    pub(super) fn open(kind: Kind) -> Result<Self, Error> {
        let (acts, asked) = mpsc::channel::<Act>();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || match Opened::try_out(kind) {
            Ok(opened) => {
                let _ = tell.send(Ok(()));
                for act in asked {
                    act(&opened);
                }
            }
            Err(error) => drop(tell.send(Err(error))),
        });
        told.recv().unwrap_or_else(|_| Err(gone(kind)))?;
        Ok(Self { kind, acts })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn read(&self, entry: &str) -> Result<Option<Kept>, Error> {
        let entry = entry.to_owned();
        self.act(move |opened| opened.read(&entry))
    }

    pub(super) fn write(&self, entry: &str, value: &Kept) -> Result<(), Error> {
        let (entry, value) = (entry.to_owned(), value.clone());
        self.act(move |opened| opened.write(&entry, &value))
    }

    pub(super) fn erase(&self, entry: &str) -> Result<(), Error> {
        let entry = entry.to_owned();
        self.act(move |opened| opened.erase(&entry))
    }

    fn act<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Opened) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (tell, told) = mpsc::channel();
        let act = Box::new(move |opened: &Opened| drop(tell.send(act(opened))));
        let _ = self.acts.send(act);
        told.recv().unwrap_or_else(|_| Err(gone(self.kind)))
    }
}

fn gone(kind: Kind) -> Error {
    let (place, detail) = (place(kind), "it went away".to_owned());
    Error::Absent { place, detail }
}

struct Opened {
    kind: Kind,
    store: Arc<CredentialStore>,
}

impl Opened {
    fn try_out(kind: Kind) -> Result<Self, Error> {
        let absent = |detail: String| Error::Absent {
            place: place(kind),
            detail,
        };
        let store = match kind {
            Kind::Keyring => keyring().map_err(|error| absent(error.to_string()))?,
            Kind::Kernel => kernel().map_err(|error| absent(error.to_string()))?,
            Kind::File => return Err(absent("it is no keyring".to_owned())),
        };
        let opened = Self { kind, store };
        // Of its own: another program that tries at the same moment would erase it.
        let probe = format!("{PROBE} {}", Uuid::new_v4());
        let tried = Kept::new("1".to_owned());
        opened.write(&probe, &tried)?;
        let found = opened.read(&probe)?;
        opened.erase(&probe)?;
        if found != Some(tried) {
            return Err(absent("it does not keep what it is given".to_owned()));
        }
        Ok(opened)
    }

    fn read(&self, entry: &str) -> Result<Option<Kept>, Error> {
        match self.entry(entry)?.get_password() {
            Ok(value) => Ok(Some(Kept::new(value))),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(self.error("give a sign-in", &error)),
        }
    }

    fn write(&self, entry: &str, value: &Kept) -> Result<(), Error> {
        let written = self.entry(entry)?.set_password(value.as_str());
        written.map_err(|error| self.error("keep a sign-in", &error))
    }

    fn erase(&self, entry: &str) -> Result<(), Error> {
        match self.entry(entry)?.delete_credential() {
            Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(error) => Err(self.error("erase a sign-in", &error)),
        }
    }

    fn entry(&self, entry: &str) -> Result<Entry, Error> {
        let entry = Entry::new_in_store(&self.store, SERVICE, entry);
        entry.map_err(|error| self.error("name a sign-in", &error))
    }

    /// The error of a keyring may hold the value itself: only its kind is kept.
    fn error(&self, what: &'static str, error: &keyring_core::Error) -> Error {
        use keyring_core::Error as Of;
        let detail = match error {
            Of::PlatformFailure(cause) | Of::NoStorageAccess(cause) => cause.to_string(),
            Of::TooLong(_, limit) => format!("it takes {limit} bytes at most"),
            Of::Ambiguous(_) => "it holds the entry more than once".to_owned(),
            _ => "it answered something unexpected".to_owned(),
        };
        Error::Store {
            place: place(self.kind),
            what,
            detail,
        }
    }
}

const fn place(kind: Kind) -> &'static str {
    match kind {
        Kind::Keyring => "system's keyring",
        Kind::Kernel => "kernel's keyring",
        Kind::File => "encrypted file",
    }
}

#[cfg(target_os = "linux")]
fn keyring() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn keyring() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

/// Where nobody logged this thread in it has no keyring of a session, and then may not write to the one
/// that persists: it gets one (keyctl(2), `KEYCTL_GET_KEYRING_ID` with `create`).
#[cfg(target_os = "linux")]
fn kernel() -> keyring_core::Result<Arc<CredentialStore>> {
    KeyRing::from_special_id(KeyRingIdentifier::Session, true)
        .map_err(|error| keyring_core::Error::NoStorageAccess(Box::new(error)))?;
    Ok(linux_keyutils_keyring_store::Store::new()?)
}

#[cfg(not(target_os = "linux"))]
fn kernel() -> keyring_core::Result<Arc<CredentialStore>> {
    let missing = "only Linux has one".to_owned();
    Err(keyring_core::Error::NotSupportedByStore(missing))
}

/// What entries of ours are filed under.
const SERVICE: &str = "sidetone";
const PROBE: &str = "probe";
