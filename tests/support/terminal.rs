//! The built program in a real pseudo terminal, with an emulator that shows what a person would see.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::io::Read;
use std::io::Write;
use std::num::NonZeroU16;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;
use sidetone::clock::Clock;

/// A running program and its terminal; killed when it goes out of scope.
pub(crate) struct Session {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    chunks: mpsc::Receiver<Vec<u8>>,
    emulator: vt100::Parser,
    /// Every byte that came, as it came.
    pub(crate) bytes: Vec<u8>,
    /// Every key that was pressed.
    pressed: String,
    /// Where the program writes its log.
    log: PathBuf,
    home: tempfile::TempDir,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_sidetone");
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn size(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a screen has rows and columns")
}

impl Session {
    pub(crate) fn start(
        columns: u16,
        rows: u16,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let home = tempfile::tempdir().expect("a folder for the person");
        Self::start_at(home, columns, rows, arguments, variables)
    }

    pub(crate) fn start_at(
        home: tempfile::TempDir,
        columns: u16,
        rows: u16,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_typed("", home, (columns, rows), arguments, variables)
    }

    /// In a network namespace of that name.
    pub(crate) fn start_in(
        namespace: &str,
        (columns, rows): (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let home = tempfile::tempdir().expect("a folder for the person");
        let command = [&["ip", "netns", "exec", namespace, PROGRAM], arguments].concat();
        Self::spawn("", home, (columns, rows), &command, variables)
    }

    /// Some keys were pressed before the program is there.
    pub(crate) fn start_typed(
        ahead: &str,
        home: tempfile::TempDir,
        size: (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let command = [&[PROGRAM], arguments].concat();
        Self::spawn(ahead, home, size, &command, variables)
    }

    fn spawn(
        ahead: &str,
        home: tempfile::TempDir,
        (columns, rows): (u16, u16),
        words: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("a pseudo terminal");
        let mut writer = pty.master.take_writer().expect("a writer");
        writer
            .write_all(ahead.as_bytes())
            .expect("a terminal takes keys");
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.env_clear();
        for (name, value) in environment(home.path()) {
            command.env(name, value);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let elsewhere = variables.iter().find(|(name, _)| *name == "XDG_STATE_HOME");
        let state = elsewhere.map_or_else(|| home.path().join("state"), |(_, at)| at.into());
        let child = pty
            .slave
            .spawn_command(command)
            .expect("the program starts");
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let (to, chunks) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || to.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            writer,
            master: pty.master,
            child,
            chunks,
            emulator: vt100::Parser::new(size(rows), size(columns), 0),
            bytes: Vec::new(),
            pressed: ahead.to_owned(),
            log: state.join("sidetone/sidetone.log"),
            home,
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.pressed.push_str(keys);
        self.writer
            .write_all(keys.as_bytes())
            .and_then(|()| self.writer.flush())
            .expect("the terminal takes keys");
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.emulator
            .screen_mut()
            .set_size(size(rows), size(columns));
        self.master
            .resize(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("the terminal changes its size");
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.emulator.screen()
    }

    pub(crate) fn contents(&self) -> String {
        self.screen().contents()
    }

    /// Reads until the screen is as wanted.
    pub(crate) fn wait(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let until = Clock.now() + PATIENCE;
        while !wanted(self.emulator.screen()) {
            let left = until.since(Clock.now());
            match self.chunks.recv_timeout(left) {
                Ok(chunk) => self.take(&chunk),
                Err(why) => panic!(
                    "waited for {what}: {why}; the screen is\n{}\n",
                    self.contents()
                ),
            }
        }
    }

    /// Reads until the words are on the screen.
    pub(crate) fn see(&mut self, words: &str) {
        self.wait(&format!("{words:?}"), |screen| {
            screen.contents().contains(words)
        });
    }

    /// Reads for a while; says how many bytes came.
    pub(crate) fn listen(&mut self, span: Duration) -> usize {
        let (until, before) = (Clock.now() + span, self.bytes.len());
        while let Ok(chunk) = self.chunks.recv_timeout(until.since(Clock.now())) {
            self.take(&chunk);
        }
        self.bytes.len() - before
    }

    /// Reads to the end and gives the exit code.
    pub(crate) fn end(&mut self) -> u32 {
        let until = Clock.now() + PATIENCE;
        loop {
            let left = until.since(Clock.now());
            match self.chunks.recv_timeout(left) {
                Ok(chunk) => self.take(&chunk),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    panic!("it does not end; the screen is\n{}\n", self.contents())
                }
            }
        }
        self.child.wait().expect("it ends").exit_code()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = std::process::Command::new("kill")
            .args([format!("-{name}"), self.process().to_string()])
            .status();
        assert!(status.is_ok_and(|status| status.success()));
    }

    /// The person's own screen is back, with everything as it was.
    pub(crate) fn assert_given_back(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.bracketed_paste(), "pastes are still bracketed");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is still ours"
        );
    }

    fn take(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        self.emulator.process(chunk);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        if !thread::panicking() {
            let found = written_down(&log, &self.pressed);
            assert!(found.is_none(), "the log holds {found:?}");
        }
    }
}

/// A token, or a line of those that were typed, commands aside; what is too short may be any word.
fn written_down<'a>(log: &str, pressed: &'a str) -> Option<&'a str> {
    let typed = pressed.split(['\r', '\n', '\u{1b}']).map(str::trim);
    let typed = typed.filter(|line| line.len() >= 8 && !line.starts_with('/'));
    let mut secrets = ["eyJ", "Bearer "].into_iter().chain(typed);
    secrets.find(|secret| log.contains(secret))
}

#[test]
fn what_was_typed_is_found_in_a_log() {
    let found = |log| written_down(log, "/quit now\rthe fox is purple\rok\r");
    assert_eq!(found("sent: the fox is purple"), Some("the fox is purple"));
    assert_eq!(found("token eyJhbGci"), Some("eyJ"));
    assert_eq!(found("/quit now, ok"), None);
}

/// The variables of a person with an empty home.
pub(crate) fn environment(home: &Path) -> Vec<(String, String)> {
    let folder = |name: &str| home.join(name).display().to_string();
    [
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", folder("config")),
        ("XDG_DATA_HOME", folder("data")),
        ("XDG_STATE_HOME", folder("state")),
        ("XDG_RUNTIME_DIR", folder("run")),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("USER", "ada".to_owned()),
        // Of every test the log is kept, and looked through when it is over.
        ("SIDETONE_LOG", "debug".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
