//! A `sidetone token-service` for the resource that a host plays.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use crate::program::Host;
use crate::program::look_through;

/// Stopped when it goes out of scope.
pub(crate) struct TokenService {
    folder: tempfile::TempDir,
    child: Child,
    url: String,
}

impl TokenService {
    /// `more`: further settings, as TOML.
    pub(crate) fn start(host: &Host, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let secret = folder.path().join("connection-string");
        let connection = host.ready()["connectionString"].as_str();
        write_private(&secret, connection.expect("a connection string"));
        let settings = format!(
            "listen = \"127.0.0.1:0\"\nconnection_string_file = \"connection-string\"\n{more}\n"
        );
        fs::write(folder.path().join("settings.toml"), settings).expect("settings are written");
        let (child, url) = run(folder.path());
        Self { folder, child, url }
    }

    /// At the same address as before, after it was stopped.
    pub(crate) fn start_again(&mut self) {
        let path = self.file("settings.toml");
        let settings = fs::read_to_string(&path).expect("settings are there");
        let address = self.url.replacen("http://", "", 1);
        fs::write(&path, settings.replace("127.0.0.1:0", &address)).expect("settings are written");
        (self.child, self.url) = run(self.folder.path());
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Everything it said, its audit log among it.
    pub(crate) fn log(&self) -> Vec<u8> {
        fs::read(self.file("log")).expect("the log is there")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new invitation code.
    pub(crate) fn invite(&self) -> String {
        let made = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["token-service", "invite", "--config"])
            .arg(self.file("settings.toml"))
            .output()
            .expect("the built program starts");
        let words = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{words}");
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for TokenService {
    fn drop(&mut self) {
        self.stop();
        look_through("token service", &self.log());
    }
}

/// Its process and its address, once it answers.
fn run(folder: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(["token-service", "--config"])
        .arg(folder.join("settings.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(folder.join("log")).expect("a log is made"))
        .spawn()
        .expect("the built program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout is a pipe"))
        .read_line(&mut line)
        .expect("the service says when it is ready");
    let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
    let url = ready["url"].as_str().expect("its address").to_owned();
    (child, url)
}

fn write_private(path: &Path, text: &str) {
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.expect("the secret is written");
}
