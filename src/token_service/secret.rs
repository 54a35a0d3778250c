//! Where the connection string comes from: a file that nobody else can read.
//!
//! Never a command line and never the environment, both of which others can see; those
//! may only say which file it is.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use crate::wire::acs::sign;
use crate::wire::acs::sign::ConnectionString;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "no connection string: name its file with --connection-string-file, with \
         connection_string_file in the settings, or hand it over as the systemd credential {CREDENTIAL}"
    )]
    Nowhere,
    #[error("could not read the connection string in {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("others can read {path} (mode {mode:o}); close it to them with: chmod 600 {path}")]
    Open { path: PathBuf, mode: u32 },
    #[error("{0} is not a file")]
    NotAFile(PathBuf),
    #[error("what is in {path} is no connection string")]
    Content {
        path: PathBuf,
        #[source]
        source: sign::Error,
    },
}

/// Where to look; the first that is there is taken.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// From a flag, the environment or the settings.
    pub file: Option<PathBuf>,
    /// The folder of systemd's credentials.
    pub credentials: Option<PathBuf>,
}

/// The secret of the resource. A keyring becomes a third place here.
pub fn connection_string(places: &Places) -> Result<ConnectionString, Error> {
    let credential = places.credentials.as_ref().map(|dir| dir.join(CREDENTIAL));
    let credential = credential.filter(|path| path.exists());
    match (&places.file, credential) {
        (Some(path), _) => read(path, OTHERS_AND_GROUP),
        // systemd keeps the folder to the service, and may give the file to its group.
        (None, Some(path)) => read(&path, OTHERS),
        (None, None) => Err(Error::Nowhere),
    }
}

fn read(path: &Path, forbidden: u32) -> Result<ConnectionString, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    // Asked of the open file: a path may lead elsewhere a moment later.
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(Error::NotAFile(path.to_owned()));
    }
    let mode = about.mode() & 0o777;
    if mode & forbidden != 0 {
        return Err(Error::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(failed)?;
    ConnectionString::parse(text.trim()).map_err(|source| Error::Content {
        path: path.to_owned(),
        source,
    })
}

/// Name of the systemd credential.
const CREDENTIAL: &str = "connection-string";
const OTHERS: u32 = 0o007;
const OTHERS_AND_GROUP: u32 = 0o077;
const LONGEST: u64 = 4096;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const SECRET: &str = "endpoint=https://contoso.example/;accesskey=c2VjcmV0LWtleQ==";

    fn kept(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn from_file(path: &Path) -> Result<ConnectionString, Error> {
        connection_string(&Places {
            file: Some(path.to_owned()),
            credentials: None,
        })
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660] {
            let path = kept(folder.path(), "secret", SECRET, mode);
            assert!(
                matches!(from_file(&path), Err(Error::Open { mode: told, .. }) if told == mode)
            );
        }
        let path = kept(folder.path(), "secret", SECRET, 0o600);
        let read = from_file(&path).unwrap();
        assert_eq!(read.endpoint, "https://contoso.example");
    }

    #[test]
    fn a_credential_of_systemd_is_found_and_a_named_file_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        kept(folder.path(), CREDENTIAL, SECRET, 0o440);
        let mut places = Places {
            file: None,
            credentials: Some(folder.path().to_owned()),
        };
        assert!(connection_string(&places).is_ok());
        places.file = Some(folder.path().join("nowhere"));
        assert!(matches!(
            connection_string(&places),
            Err(Error::Read { .. })
        ));
        assert!(matches!(
            connection_string(&Places::default()),
            Err(Error::Nowhere)
        ));
    }

    #[test]
    fn what_is_in_the_file_is_never_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = kept(folder.path(), "secret", "accesskey=hunter2", 0o600);
        let error = from_file(&path).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
