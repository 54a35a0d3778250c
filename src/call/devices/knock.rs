//! Before a library is let in to a sound server: is anybody awake, and would it be understood?
//!
//! The library asks without a limit, and what it asks a server that hangs stays
//! behind as a thread and a connection each time. So the first question of the
//! protocol is asked here, and the library comes only where it was answered.

use std::env;
use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

/// Asks the sound server at this socket to let us in; any answer will do, also a refusal.
pub(super) fn is_awake(socket: &Path) -> io::Result<()> {
    let mut server = UnixStream::connect(socket)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.set_write_timeout(Some(PATIENCE))?;
    server.write_all(&question())?;
    let mut head = [0; HEAD];
    server.read_exact(&mut head)
}

/// `AUTH` as the native protocol of `PulseAudio` writes it: a head, then values that each begin with their type.
fn question() -> Vec<u8> {
    let mut values = Vec::new();
    for number in [AUTH, SEQUENCE, VERSION] {
        values.push(b'L');
        values.extend(number.to_be_bytes());
    }
    values.push(b'x');
    values.extend(COOKIE_NUMBER.to_be_bytes());
    values.extend([0; COOKIE]);
    let length = u32::try_from(values.len()).unwrap_or(0);
    let mut question = Vec::new();
    for number in [length, CONTROL, 0, 0, 0] {
        question.extend(number.to_be_bytes());
    }
    question.extend(values);
    question
}

/// The socket at which the library will look for a server: by its rules, which are not those of all programs.
pub(super) fn socket() -> Option<PathBuf> {
    let named = env::var("PULSE_SERVER").ok();
    let named = named.and_then(|place| place.strip_prefix("unix:").map(PathBuf::from));
    let usual = ["PULSE_RUNTIME_PATH", "XDG_RUNTIME_DIR"]
        .into_iter()
        .filter_map(|name| Some(PathBuf::from(env::var_os(name)?).join("pulse/native")));
    named.into_iter().chain(usual).next()
}

/// Makes the cookie that every client of `PulseAudio` makes where there is none: a
/// server that needs none, because it knows the user, does not listen without one.
pub(super) fn make_cookie() -> io::Result<()> {
    let named = env::var_os("PULSE_COOKIE").map(PathBuf::from);
    let home = env::home_dir().ok_or(io::ErrorKind::NotFound)?;
    let folder = home.join(".config/pulse");
    let usual = folder.join("cookie");
    let mut known = named
        .into_iter()
        .chain([usual.clone(), home.join(".pulse-cookie")]);
    if known.any(|cookie| cookie.exists()) {
        return Ok(());
    }
    write_cookie(&folder, &usual)
}

/// Whole or not at all: another client that starts at this moment is denied access with half of one.
fn write_cookie(folder: &Path, usual: &Path) -> io::Result<()> {
    let mut folders = fs::DirBuilder::new();
    folders.recursive(true).mode(0o700).create(folder)?;
    let fresh = folder.join(format!("cookie-{}", Uuid::new_v4().simple()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    let cookie: Vec<u8> = (0..COOKIE / 16)
        .flat_map(|_| Uuid::new_v4().into_bytes())
        .collect();
    let written = file.write_all(&cookie);
    let linked = written.and_then(|()| fs::hard_link(&fresh, usual));
    fs::remove_file(&fresh)?;
    match linked {
        // Another one was faster, and its is as good.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

/// As long as the library itself waits.
const PATIENCE: Duration = Duration::from_secs(2);

const HEAD: usize = 20;
const COOKIE: usize = 256;
const COOKIE_NUMBER: u32 = 256;
const AUTH: u32 = 8;
const SEQUENCE: u32 = 0;

/// Of the protocol; every server of the last ten years knows it.
const VERSION: u32 = 32;

/// The channel of commands.
const CONTROL: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_cookie_is_never_seen_half_written_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("pulse");
        let usual = folder.join("cookie");
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    write_cookie(&folder, &usual).unwrap();
                    assert_eq!(fs::read(&usual).unwrap().len(), COOKIE);
                });
            }
        });
        let before = fs::read(&usual).unwrap();
        write_cookie(&folder, &usual).unwrap();
        assert_eq!(fs::read(&usual).unwrap(), before);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}
