//! Where files live, by the conventions of the platform; folders 0700, files 0600.

use std::env;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use directories::ProjectDirs;
use directories::UserDirs;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The settings file and the themes folder lie here.
    pub config: PathBuf,
    /// What is kept for the person: the notice log, what was used.
    pub data: PathBuf,
    /// What may be lost: the log, remembered choices.
    pub state: PathBuf,
    /// Gone after a restart of the machine: the control socket, drafts in an editor.
    pub runtime: PathBuf,
}

impl Paths {
    /// `None` where the person has no home folder.
    pub fn find() -> Option<Self> {
        let found = ProjectDirs::from("", "", "sidetone")?;
        let state = found
            .state_dir()
            .unwrap_or_else(|| found.data_local_dir())
            .to_owned();
        Some(Self {
            config: found.config_dir().to_owned(),
            data: found.data_dir().to_owned(),
            runtime: found
                .runtime_dir()
                .map_or_else(|| state.join("run"), Path::to_owned),
            state,
        })
    }

    pub fn settings_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }

    pub fn notice_log(&self) -> PathBuf {
        self.data.join("notices.jsonl")
    }

    /// What is counted of calls and messages.
    pub fn history(&self) -> PathBuf {
        self.data.join("history.db")
    }

    /// Where `sidetone setup calls` puts the vendor's SDK.
    pub fn calling_sdk(&self) -> PathBuf {
        self.data.join("calling-sdk")
    }

    pub fn log(&self) -> PathBuf {
        self.state.join("sidetone.log")
    }

    /// Choices made at run time, one `key = value` a line.
    pub fn remembered(&self) -> PathBuf {
        self.state.join("remembered.toml")
    }

    /// The control socket of a process.
    pub fn control_socket(&self, process: u32) -> PathBuf {
        self.runtime.join(format!("{process}.sock"))
    }

    /// Leads to the control socket of the process started last.
    pub fn latest_socket(&self) -> PathBuf {
        self.runtime.join("latest.sock")
    }
}

/// Where what is fetched for the person goes: the desktop's folder for it, where there is one.
pub fn downloads() -> Option<PathBuf> {
    let found = UserDirs::new()?;
    let usual = found.home_dir().join("Downloads");
    let folder = found.download_dir().map_or(usual, Path::to_owned);
    folder.is_dir().then_some(folder)
}

/// `~/` as the shell would read it.
pub fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Makes a folder, and those above it, that only the person may enter.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Opens a file for appending that only the person may read, its folder made where missing.
pub fn append_private(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    // A file left by another umask is closed to others as well.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Writes a new file that only the person may read; one that exists is not touched.
pub fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    io::Write::write_all(&mut file, content)
}

/// Replaces a file in one step, so that a crash leaves the old or the new one.
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create_private(&beside, content)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_only_ours_to_read() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("deep/er/notices.jsonl");
        append_private(&file).unwrap();
        replace_private(&file, b"new").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(&home.path().join("deep")), 0o700);
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(create_private(&file, b"other").is_err());
    }
}
