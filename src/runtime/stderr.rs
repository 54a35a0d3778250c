//! Standard error, kept off the screen for as long as the screen is ours.
//!
//! Libraries in C print there unasked: libasound two dozen lines where it finds
//! no sound card. They go to the log file, or nowhere. Given back before
//! anything of ours is said there, a panic's report included.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::config::paths;

struct Kept {
    log: Option<PathBuf>,
    /// Where it led before, while it is diverted.
    before: Option<OwnedFd>,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept {
    log: None,
    before: None,
});

/// Where it shall go when it is diverted.
pub fn log_to(path: PathBuf) {
    lock().log = Some(path);
}

/// From now on nothing that is printed there reaches the screen.
pub fn divert() {
    let mut kept = lock();
    if kept.before.is_some() {
        return;
    }
    match put(kept.log.as_deref()) {
        Ok(before) => kept.before = Some(before),
        Err(error) => tracing::warn!(%error, "standard error stays where it is"),
    }
}

/// Leads where it led before.
pub fn give_back() {
    if let Some(before) = lock().before.take() {
        // There is nowhere left to say that this failed.
        let _ = rustix::stdio::dup2_stderr(&before);
    }
}

/// Diverts until it is dropped.
pub struct Diverted(());

impl Diverted {
    pub fn new() -> Self {
        divert();
        Self(())
    }
}

impl Default for Diverted {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Diverted {
    fn drop(&mut self) {
        give_back();
    }
}

fn put(log: Option<&Path>) -> io::Result<OwnedFd> {
    let target = match log.map(paths::append_private) {
        Some(Ok(log)) => log,
        None | Some(Err(_)) => nowhere()?,
    };
    let before = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
    rustix::stdio::dup2_stderr(&target)?;
    Ok(before)
}

fn nowhere() -> io::Result<File> {
    OpenOptions::new().write(true).open("/dev/null")
}

fn lock() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn print(words: &str) {
        rustix::io::write(rustix::stdio::stderr(), words.as_bytes()).unwrap();
    }

    #[test]
    fn what_is_printed_meanwhile_goes_to_the_log_or_nowhere() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("sidetone.log");
        log_to(log.clone());
        let diverted = Diverted::new();
        divert();
        print("ALSA lib: no card\n");
        drop(diverted);
        give_back();
        let words = fs::read_to_string(&log).unwrap();
        assert!(words.contains("ALSA lib: no card\n"), "{words}");
        fs::remove_file(&log).unwrap();
        lock().log = None;
        let diverted = Diverted::new();
        print("ALSA lib: no card\n");
        drop(diverted);
        assert!(!log.exists());
    }
}
