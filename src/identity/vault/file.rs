//! An age file with every sign-in, for machines without a keyring.
//!
//! `sign-ins.age` is sealed for one age key. The key lies in a file of the person's (0600), or in
//! `sign-ins.key.age`, sealed with a passphrase that is asked for once a run: before the screen is there, or in it where
//! somebody goes over to an account that is kept here.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::secrecy::SecretString;
use age::x25519::Identity;
use zeroize::Zeroizing;

use super::Ask;
use super::Error;
use super::Kept;
use super::Settings;
use crate::config::paths;

#[derive(Clone)]
pub(super) struct Sealed {
    file: PathBuf,
    key: Identity,
}

type Entries = BTreeMap<String, Zeroizing<String>>;

impl Sealed {
    pub(super) fn open(settings: &Settings) -> Result<Self, Error> {
        let key = match (&settings.key_file, &settings.passphrase, settings.ask) {
            (Some(path), _, _) => from_key_file(path)?,
            (None, Some(typed), _) => by_typed(&settings.folder.join(KEY), typed)?,
            (None, None, Some(ask)) => from_passphrase(&settings.folder.join(KEY), ask)?,
            (None, None, None) => return Err(Error::Nowhere),
        };
        let sealed = Self {
            file: settings.folder.join(FILE),
            key,
        };
        // A key that does not fit is told now, not when a sign-in is to be kept.
        sealed.entries()?;
        Ok(sealed)
    }

    pub(super) fn read(&self, entry: &str) -> Result<Option<Kept>, Error> {
        let mut entries = self.entries()?;
        Ok(entries.remove(entry).map(Kept))
    }

    pub(super) fn write(&self, entry: &str, value: &Kept) -> Result<(), Error> {
        self.change(|entries| {
            entries.insert(entry.to_owned(), value.0.clone());
        })
    }

    pub(super) fn erase(&self, entry: &str) -> Result<(), Error> {
        self.change(|entries| {
            entries.remove(entry);
        })
    }

    /// Two programs of one person may change it at once: one waits for the other.
    fn change(&self, change: impl FnOnce(&mut Entries)) -> Result<(), Error> {
        let lock = self.file.with_extension("lock");
        let held =
            paths::append_private(&lock).map_err(|source| io_error("open", &lock, source))?;
        held.lock()
            .map_err(|source| io_error("lock", &lock, source))?;
        let mut entries = self.entries()?;
        change(&mut entries);
        let plain: BTreeMap<&str, &str> = entries
            .iter()
            .map(|(entry, value)| (entry.as_str(), value.as_str()))
            .collect();
        let plain = serde_json::to_vec(&plain).map_err(|_| Error::Damaged(self.file.clone()))?;
        let sealed = age::encrypt(&self.key.to_public(), &Zeroizing::new(plain))
            .map_err(|_| Error::Damaged(self.file.clone()))?;
        paths::replace_private(&self.file, &sealed)
            .map_err(|source| io_error("write", &self.file, source))
    }

    fn entries(&self) -> Result<Entries, Error> {
        let sealed = match fs::read(&self.file) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Entries::new()),
            Err(source) => return Err(io_error("read", &self.file, source)),
        };
        let plain = age::decrypt(&self.key, &sealed).map_err(|error| wrong(error, &self.file))?;
        let plain = Zeroizing::new(plain);
        let entries: BTreeMap<String, String> =
            serde_json::from_slice(&plain).map_err(|_| Error::Damaged(self.file.clone()))?;
        let entries = entries.into_iter();
        Ok(entries
            .map(|(entry, value)| (entry, Zeroizing::new(value)))
            .collect())
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// Of the person's own; made where there is none yet.
fn from_key_file(path: &Path) -> Result<Identity, Error> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = Identity::generate();
            let line = Zeroizing::new(format!("{}\n", key.to_string().expose_secret()));
            return paths::create_private(path, line.as_bytes())
                .map(|()| key)
                .map_err(|source| io_error("make", path, source));
        }
        Err(source) => return Err(io_error("read", path, source)),
    };
    let mode = file
        .metadata()
        .map_err(|source| io_error("read", path, source))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(Error::Open(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)
        .map_err(|source| io_error("read", path, source))?;
    // As age-keygen writes it: comments, and one key.
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| line.starts_with("AGE-SECRET-KEY-"));
    line.and_then(|line| Identity::from_str(line).ok())
        .ok_or_else(|| Error::NoKey(path.to_owned()))
}

/// Unsealed by the passphrase; the first one given is the one it has from then on.
fn from_passphrase(path: &Path, ask: Ask) -> Result<Identity, Error> {
    let asked = |question| {
        let typed =
            ask(question).map_err(|source| io_error("ask for the passphrase of", path, source))?;
        let typed = Zeroizing::new(typed);
        let typed = typed.trim_end_matches(['\r', '\n']);
        if typed.is_empty() {
            return Err(Error::NoPassphrase);
        }
        Ok(SecretString::from(typed.to_owned()))
    };
    match fs::read(path) {
        Ok(sealed) => {
            let passphrase = asked("Passphrase of your sign-ins (hidden): ")?;
            unsealed(&sealed, passphrase, path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let passphrase = asked(
                "No keyring here. A new passphrase, under which your sign-ins are kept (hidden): ",
            )?;
            // A slip of the finger would keep everybody out, and first be noticed when that is too late.
            let again = asked("The same once more (hidden): ")?;
            if again.expose_secret() != passphrase.expose_secret() {
                return Err(Error::Mistyped);
            }
            let key = Identity::generate();
            let sealing = age::scrypt::Recipient::new(passphrase);
            let sealed = age::encrypt(&sealing, key.to_string().expose_secret().as_bytes())
                .map_err(|_| Error::Damaged(path.to_owned()))?;
            paths::create_private(path, &sealed)
                .map_err(|source| io_error("make", path, source))?;
            Ok(key)
        }
        Err(source) => Err(io_error("read", path, source)),
    }
}

/// With a passphrase that was asked for elsewhere: it opens what is there, and makes nothing new.
fn by_typed(path: &Path, typed: &Kept) -> Result<Identity, Error> {
    let sealed = fs::read(path).map_err(|source| io_error("read", path, source))?;
    unsealed(&sealed, SecretString::from(typed.as_str().to_owned()), path)
}

fn unsealed(sealed: &[u8], passphrase: SecretString, path: &Path) -> Result<Identity, Error> {
    let unsealing = age::scrypt::Identity::new(passphrase);
    let plain = age::decrypt(&unsealing, sealed).map_err(|error| wrong(error, path))?;
    let plain = Zeroizing::new(plain);
    let text = std::str::from_utf8(&plain).ok();
    text.and_then(|text| Identity::from_str(text).ok())
        .ok_or_else(|| Error::Damaged(path.to_owned()))
}

fn wrong(error: age::DecryptError, path: &Path) -> Error {
    match error {
        age::DecryptError::NoMatchingKeys
        | age::DecryptError::DecryptionFailed
        | age::DecryptError::KeyDecryptionFailed => Error::WrongKey(path.to_owned()),
        _ => Error::Damaged(path.to_owned()),
    }
}

fn io_error(what: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

const FILE: &str = "sign-ins.age";
const KEY: &str = "sign-ins.key.age";

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn settings(folder: &Path, key_file: Option<&str>, ask: Option<Ask>) -> Settings {
        Settings {
            wish: Some(Kind::File),
            folder: folder.to_owned(),
            key_file: key_file.map(|name| folder.join(name)),
            ask,
            passphrase: None,
        }
    }

    fn kept(value: &str) -> Kept {
        Kept::new(value.to_owned())
    }

    #[test]
    fn a_sign_in_is_there_in_the_next_run_and_gone_after_it_was_erased() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Some("key"), None);
        let vault = Sealed::open(&settings).unwrap();
        vault.write("ada", &kept("hunter2")).unwrap();
        vault.write("bea", &kept("swordfish")).unwrap();
        let again = Sealed::open(&settings).unwrap();
        assert_eq!(again.read("ada").unwrap(), Some(kept("hunter2")));
        again.erase("ada").unwrap();
        assert_eq!(vault.read("ada").unwrap(), None);
        assert_eq!(vault.read("bea").unwrap(), Some(kept("swordfish")));
    }

    #[test]
    fn on_disk_nothing_is_readable_for_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Some("key"), None);
        let vault = Sealed::open(&settings).unwrap();
        vault.write("ada", &kept("hunter2")).unwrap();
        for name in [FILE, "key"] {
            let path = folder.path().join(name);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(7).any(|w| w == b"hunter2"), "{name}");
        }
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Some("key"), None);
        Sealed::open(&settings).unwrap();
        let key = folder.path().join("key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Sealed::open(&settings), Err(Error::Open(_))));
    }

    #[test]
    fn another_key_does_not_open_it_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let ours = settings(folder.path(), Some("key"), None);
        let vault = Sealed::open(&ours).unwrap();
        vault.write("ada", &kept("hunter2")).unwrap();
        let other = settings(folder.path(), Some("other"), None);
        assert!(matches!(Sealed::open(&other), Err(Error::WrongKey(_))));
        assert_eq!(vault.read("ada").unwrap(), Some(kept("hunter2")));
    }

    #[test]
    fn a_passphrase_opens_it_again_and_a_wrong_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let right: Ask = |_| Ok("correct horse\n".to_owned());
        let wrong: Ask = |_| Ok("battery staple\n".to_owned());
        let none: Ask = |_| Ok("\n".to_owned());
        let vault = Sealed::open(&settings(folder.path(), None, Some(right))).unwrap();
        vault.write("ada", &kept("hunter2")).unwrap();
        let again = Sealed::open(&settings(folder.path(), None, Some(right))).unwrap();
        assert_eq!(again.read("ada").unwrap(), Some(kept("hunter2")));
        let refused = Sealed::open(&settings(folder.path(), None, Some(wrong)));
        assert!(matches!(refused, Err(Error::WrongKey(_))));
        let typed = |passphrase: &str| Settings {
            passphrase: Some(kept(passphrase)),
            ..settings(folder.path(), None, None)
        };
        let opened = Sealed::open(&typed("correct horse")).unwrap();
        assert_eq!(opened.read("ada").unwrap(), Some(kept("hunter2")));
        let refused = Sealed::open(&typed("battery staple"));
        assert!(matches!(refused, Err(Error::WrongKey(_))));
        // Where there is nothing to open, one that was asked for once makes nothing.
        let nothing = tempfile::tempdir().unwrap();
        let elsewhere = Settings {
            folder: nothing.path().to_owned(),
            ..typed("correct horse")
        };
        assert!(matches!(Sealed::open(&elsewhere), Err(Error::Io { .. })));
        let empty = Sealed::open(&settings(folder.path(), None, Some(none)));
        assert!(matches!(empty, Err(Error::NoPassphrase)));
    }

    #[test]
    fn a_new_passphrase_that_is_typed_in_two_ways_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let slipped: Ask = |question| {
            let typed = if question.contains("once more") {
                "correct hosre"
            } else {
                "correct horse"
            };
            Ok(typed.to_owned())
        };
        let refused = Sealed::open(&settings(folder.path(), None, Some(slipped)));
        assert!(matches!(refused, Err(Error::Mistyped)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_two_write_at_once_is_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Sealed::open(&settings(folder.path(), Some("key"), None)).unwrap();
        std::thread::scope(|scope| {
            for person in 0..8 {
                let vault = vault.clone();
                scope.spawn(move || {
                    let entry = format!("person {person}");
                    vault.write(&entry, &kept("hunter2")).unwrap();
                });
            }
        });
        assert_eq!(vault.entries().unwrap().len(), 8);
    }

    #[test]
    fn a_damaged_file_is_told_apart_from_a_wrong_key() {
        let folder = tempfile::tempdir().unwrap();
        let ours = settings(folder.path(), Some("key"), None);
        Sealed::open(&ours).unwrap();
        fs::write(folder.path().join(FILE), "not an age file").unwrap();
        assert!(matches!(Sealed::open(&ours), Err(Error::Damaged(_))));
    }
}
