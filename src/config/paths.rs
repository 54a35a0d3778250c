//! Where files live, by the platform's rules; made on demand, for their owner alone.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use directories::ProjectDirs;

/// The folders of one person's sidetone.
#[derive(Debug, Clone)]
pub struct Paths {
    /// `config.toml` and themes.
    pub config: PathBuf,
    /// The notice log and the embedded service's keys.
    pub data: PathBuf,
    /// Logs of the program.
    pub state: PathBuf,
    /// Control sockets and drafts on their way to an editor; gone after a restart of the machine.
    pub runtime: PathBuf,
}

impl Paths {
    /// `None` where no home directory can be found.
    pub fn find() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "sidetone")?;
        let state = dirs
            .state_dir()
            .unwrap_or_else(|| dirs.data_local_dir())
            .to_owned();
        Some(Self {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            runtime: dirs
                .runtime_dir()
                .map_or_else(|| state.join("run"), Path::to_owned),
            state,
        })
    }

    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    pub fn notice_log(&self) -> PathBuf {
        self.data.join("notices.jsonl")
    }

    pub fn log_file(&self) -> PathBuf {
        self.state.join("sidetone.log")
    }
}

/// Makes the folder, 0700, unless it is there.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file for appending, made 0600.
pub fn append(path: &Path) -> io::Result<fs::File> {
    private(path, fs::OpenOptions::new().append(true))
}

/// Makes or empties a file, 0600.
pub fn create(path: &Path) -> io::Result<fs::File> {
    private(path, fs::OpenOptions::new().write(true).truncate(true))
}

fn private(path: &Path, options: &mut fs::OpenOptions) -> io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.create(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_and_folders_are_for_their_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a/b/notices.jsonl");
        append(&file).unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
    }
}
