//! The client under test: the built program in a pty that is drained, followed over its control socket.

use std::env;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread;
use std::thread::JoinHandle;

use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;
use serde_json::Value;
use sidetone::clock::Clock;
use sidetone::clock::Moment;
use tempfile::TempDir;

use super::COLUMNS;
use super::ROWS;
use super::View;
use super::program::Host;

/// What one read of the pty gave, and when.
pub(super) type Written = (Moment, Vec<u8>);

/// When the client had taken a message in, and the number in its words.
pub(super) type Taken = (Moment, usize);

/// The client in its pty, with an empty home of its own.
pub(super) struct Client {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    reader: JoinHandle<Vec<Written>>,
    home: TempDir,
}

impl Client {
    pub(super) fn start(view: View, host: &Host, link: &str) -> Self {
        let size = PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system().openpty(size).expect("a pty");
        let home = TempDir::new().expect("a home");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sidetone"));
        command.args(["join", link, "--name", "Ada", "--endpoint", host.endpoint()]);
        command.arg(view.flag());
        command.env_clear();
        command.env("PATH", env::var("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home.path());
        command.env("XDG_RUNTIME_DIR", home.path());
        let child = pty.slave.spawn_command(command).expect("the client starts");
        drop(pty.slave);
        let source = pty.master.try_clone_reader().expect("a reader");
        let answers = pty.master.take_writer().expect("a writer");
        Self {
            child,
            _master: pty.master,
            reader: thread::spawn(move || drain(source, answers)),
            home,
        }
    }

    /// Notes each message that the client takes in, until it ends.
    pub(super) fn follow(&self) -> JoinHandle<Vec<Taken>> {
        let path = self.home.path().join("sidetone/latest.sock");
        let mut socket = UnixStream::connect(path).expect("the client has a control socket");
        socket
            .write_all(b"{\"id\":1,\"do\":\"subscribe\"}\n")
            .expect("the client listens");
        thread::spawn(move || {
            let lines = BufReader::new(socket).lines().map_while(Result::ok);
            lines
                .filter_map(|line| Some((Clock.now(), number(&line)?)))
                .collect()
        })
    }

    /// Ends it; everything it wrote.
    pub(super) fn finish(mut self) -> Vec<Written> {
        self.child.kill().expect("the client was still there");
        let _ = self.child.wait();
        self.reader.join().expect("the reader ends with the pty")
    }
}

/// Reads all the time, and says where it stands when asked, as terminals do.
fn drain(mut source: Box<dyn Read + Send>, mut answers: Box<dyn Write + Send>) -> Vec<Written> {
    let mut written = Vec::new();
    let mut buffer = vec![0; 65_536];
    // The end of a pty is an error.
    while let Ok(n @ 1..) = source.read(&mut buffer) {
        let bytes = &buffer[..n];
        written.push((Clock.now(), bytes.to_vec()));
        // The client asks at the end of a write, so that no read cuts a question in two.
        if bytes.ends_with(QUESTION) && answers.write_all(ANSWER).is_err() {
            break;
        }
    }
    written
}

/// The number in the words of a new message.
fn number(line: &str) -> Option<usize> {
    let news: Value = serde_json::from_str(line).ok()?;
    if news["event"] != "message" || news["change"] != "new" {
        return None;
    }
    let words = news["text"].as_str()?.strip_prefix('#')?;
    words.get(..7)?.parse().ok()
}

const QUESTION: &[u8] = b"\x1b[5n";
const ANSWER: &[u8] = b"\x1b[0n";
