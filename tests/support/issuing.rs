//! A `sidetone token-service` for the resource that a host plays, in a process and a folder of its own.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;

use crate::program::Host;
use crate::program::look_through;

/// Stopped when it goes out of scope.
pub(crate) struct TokenService {
    child: Option<Child>,
    ready: Value,
    pub(crate) folder: tempfile::TempDir,
}

impl TokenService {
    /// On loopback; `more`: further settings, as TOML.
    pub(crate) fn start(host: &Host, more: &str) -> Self {
        let settings = format!(
            "listen = \"127.0.0.1:0\"\nconnection_string_file = \"connection-string\"\n{more}\n"
        );
        Self::start_with(host, &settings, |_| {})
    }

    /// With these settings, after `prepare` put into the folder what they name.
    pub(crate) fn start_with(host: &Host, settings: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let secret = folder.path().join("connection-string");
        let connection = host.ready()["connectionString"].as_str();
        write_private(&secret, connection.expect("a connection string"));
        fs::write(folder.path().join("settings.toml"), settings).expect("settings are written");
        prepare(folder.path());
        let mut service = Self {
            child: None,
            ready: Value::Null,
            folder,
        };
        service.start_again();
        service
    }

    /// On the same database as before, once it answers.
    pub(crate) fn start_again(&mut self) {
        let said = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.file(SAID));
        let mut child = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["token-service", "--config"])
            .arg(self.file("settings.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said.expect("a file for what is said"))
            .spawn()
            .expect("the built program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is a pipe"))
            .read_line(&mut line)
            .expect("it says when it is ready");
        self.ready = serde_json::from_str(&line).expect("the ready line is JSON");
        self.child = Some(child);
    }

    /// The same at the address it had.
    pub(crate) fn start_again_there(&mut self) {
        let path = self.file("settings.toml");
        let settings = fs::read_to_string(&path).expect("settings are there");
        let address = self.url().replacen("http://", "", 1);
        fs::write(&path, settings.replace("127.0.0.1:0", &address)).expect("settings are written");
        self.start_again();
    }

    /// It was killed from outside.
    pub(crate) fn start_after_kill(&mut self) {
        let mut child = self.child.take().expect("it ran");
        child.wait().expect("it ended");
        self.start_again();
    }

    pub(crate) fn url(&self) -> &str {
        self.told("url")
    }

    /// A member of its ready line.
    pub(crate) fn told(&self, name: &str) -> &str {
        self.ready[name].as_str().expect("the ready line names it")
    }

    pub(crate) fn process(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("it runs"))
    }

    /// Everything it said, its audit log among it unless that has a file of its own.
    pub(crate) fn log(&self) -> Vec<u8> {
        fs::read(self.file(SAID)).expect("the log is there")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new invitation code.
    pub(crate) fn invite(&self) -> String {
        self.invite_with(&[]).remove(0)
    }

    /// Invitation codes, made by the command that operators have.
    pub(crate) fn invite_with(&self, more: &[&str]) -> Vec<String> {
        let made = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["token-service", "invite", "--config"])
            .arg(self.file("settings.toml"))
            .args(more)
            .output()
            .expect("the built program starts");
        let words = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{words}");
        let text = String::from_utf8(made.stdout).expect("codes are text");
        text.lines().map(str::to_owned).collect()
    }

    /// Ends it; the exit code, if it had one.
    pub(crate) fn signal(&mut self, signal: Signal) -> Option<i32> {
        let mut child = self.child.take().expect("it runs");
        rustix::process::kill_process(Pid::from_child(&child), signal).expect("it runs");
        child.wait().expect("it ends").code()
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for TokenService {
    fn drop(&mut self) {
        self.stop();
        for file in [SAID, "audit.jsonl"] {
            let written = fs::read(self.file(file)).unwrap_or_default();
            look_through("token service", &written);
        }
    }
}

/// In its folder.
const SAID: &str = "said";

fn write_private(path: &Path, text: &str) {
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.expect("the secret is written");
}
