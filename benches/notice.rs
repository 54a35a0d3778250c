//! How long a notice takes to the person's eyes while the chat floods.
//!
//! The service and the client are the built program in two processes; the
//! client's terminal is a real pty that is drained all the time. Recording and
//! transcription are started and stopped in turn, each a true change by somebody
//! else, while 2,000 messages a second arrive. Measured is from the moment the
//! service wrote the notice to its socket (the control API answers with it, of
//! the monotonic clock that all processes share) to the read of the pty that
//! completes the words. What was read is replayed afterwards through a terminal
//! emulator, so that looking costs the client nothing.
#![expect(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark's figures are its output, and it ends where it cannot go on"
)]

#[path = "../tests/support/program.rs"]
#[expect(dead_code, reason = "shared with the tests, which use the rest")]
mod program;

use std::env;
use std::io::Read;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;
use program::Host;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::clock::Moment;
use tempfile::TempDir;

const NOTICES: usize = 120;
const MESSAGES_A_SECOND: usize = 2_000;
const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// The target that the figures are read against.
const TARGET: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    FullScreen,
    Linear,
}

impl View {
    const fn flag(self) -> &'static str {
        match self {
            Self::FullScreen => "--full-screen",
            Self::Linear => "--linear",
        }
    }
}

/// What happens to recording and transcription, over and over.
const TURNS: [(&str, bool); 4] = [
    ("recording", true),
    ("transcription", true),
    ("recording", false),
    ("transcription", false),
];

/// One change, and when the service wrote it.
struct Notice {
    kind: &'static str,
    active: bool,
    /// Named in the notice, and different each time: the words of an earlier notice cannot be taken for it.
    by: String,
    written: Moment,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("the benchmark has a runtime");
    println!(
        "{NOTICES} notices in each view, {MESSAGES_A_SECOND} messages a second, terminal {COLUMNS} x {ROWS}"
    );
    println!("from the service's socket write to the pty read that completes the words, ms");
    println!("{:<12} {:>8} {:>8} {:>8}", "view", "p50", "p99", "max");
    for view in [View::FullScreen, View::Linear] {
        let delays = runtime.block_on(measure(view));
        let (p50, p99, max) = (at(&delays, 50), at(&delays, 99), at(&delays, 100));
        let verdict = if p99 < TARGET {
            ""
        } else {
            "  above the target of 50"
        };
        println!(
            "{:<12} {:>8.2} {:>8.2} {:>8.2}{verdict}",
            view.flag().trim_start_matches('-'),
            milliseconds(p50),
            milliseconds(p99),
            milliseconds(max),
        );
    }
}

async fn measure(view: View) -> Vec<Duration> {
    let host = Host::start();
    let meeting = host
        .control(
            "/meetings",
            json!({"topic": "Flood", "lobby": "everyone", "organizer": "Alice"}),
        )
        .await;
    let thread = meeting["threadId"].as_str().expect("a thread").to_owned();
    for name in ["Alice", "Bob", "Carol"] {
        let path = format!("/meetings/{thread}/participants");
        host.control(&path, json!({"name": name})).await;
    }
    let client = Client::start(view, &host, meeting["link"].as_str().expect("a link"));
    host.joined().await;
    let seconds = NOTICES as u64 / 3 + 5;
    let messages = MESSAGES_A_SECOND as u64 * seconds;
    let say = json!({"n": messages, "rate": MESSAGES_A_SECOND});
    let path = format!("/threads/{thread}/say");
    let (notices, said) = tokio::join!(change(&host, &thread), host.control(&path, say));
    let sent = said["t"].as_array().map_or(0, Vec::len);
    assert_eq!(
        sent as u64, messages,
        "the flood was not what was asked for"
    );
    let written = client.finish();
    let shown = match view {
        View::FullScreen => on_the_screen(&written, &notices),
        View::Linear => in_the_transcript(&written, &notices),
    };
    let mut delays: Vec<_> = notices
        .iter()
        .zip(shown)
        .map(|(notice, shown)| {
            let shown = shown.unwrap_or_else(|| {
                panic!(
                    "{view:?}: {} {} by {} was never shown",
                    notice.kind, notice.active, notice.by
                )
            });
            shown.since(notice.written)
        })
        .collect();
    delays.sort();
    delays
}

/// The changes, a quarter to a third of a second apart so that they fall on no beat of the flood.
async fn change(host: &Host, thread: &str) -> Vec<Notice> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut notices = Vec::new();
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (number, (kind, active)) in (0..NOTICES).zip(TURNS.into_iter().cycle()) {
        tokio::time::sleep(Duration::from_millis(rng.u64(250..340))).await;
        let by = format!("N{number:03}");
        let path = format!("/meetings/{thread}/{kind}");
        let answer = host
            .control(&path, json!({"active": active, "byName": by}))
            .await;
        let written = answer["written"][0].as_f64().expect("the client is there");
        notices.push(Notice {
            kind,
            active,
            by,
            written: Moment::ZERO + Duration::from_secs_f64(written),
        });
    }
    notices
}

/// When each notice stood on the emulated screen: the notice line names it while it is on, and
/// a stop is there once the line is gone or the timeline says so.
fn on_the_screen(written: &[(Moment, Vec<u8>)], notices: &[Notice]) -> Vec<Option<Moment>> {
    let mut terminal = vt100::Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0);
    let mut shown = vec![None; notices.len()];
    let mut next = 0;
    for (at, bytes) in written {
        terminal.process(bytes);
        let screen = terminal.screen().contents();
        while let Some(notice) = notices.get(next).filter(|n| n.written <= *at) {
            let word = if notice.kind == "recording" {
                "REC Recording"
            } else {
                "TRANSCRIPT"
            };
            let sentence = format!("{} {} by {}", notice.kind, past(notice.active), notice.by);
            let there = screen.contains(&sentence)
                || if notice.active {
                    screen.contains(&format!("{word} by {}", notice.by))
                } else {
                    !screen.contains(word)
                };
            if !there {
                break;
            }
            shown[next] = Some(*at);
            next += 1;
        }
    }
    shown
}

/// When the sentence of each notice was complete in what was written, escape sequences left out.
fn in_the_transcript(written: &[(Moment, Vec<u8>)], notices: &[Notice]) -> Vec<Option<Moment>> {
    let mut text = String::new();
    let mut until: Vec<(usize, Moment)> = Vec::new();
    let mut plain = Plain::default();
    for (at, bytes) in written {
        plain.add(bytes, &mut text);
        until.push((text.len(), *at));
    }
    notices
        .iter()
        .map(|notice| {
            let sentence = format!("{} {} by {}.", notice.kind, past(notice.active), notice.by);
            let end = text.find(&sentence)? + sentence.len();
            let read = until.partition_point(|(length, _)| *length < end);
            until.get(read).map(|(_, at)| *at)
        })
        .collect()
}

const fn past(active: bool) -> &'static str {
    if active { "started" } else { "stopped" }
}

/// Takes escape sequences out of a stream that may be cut anywhere.
#[derive(Default)]
struct Plain(Inside);

#[derive(Default, Clone, Copy)]
enum Inside {
    #[default]
    Text,
    Escape,
    Control,
    Command,
}

impl Plain {
    fn add(&mut self, bytes: &[u8], text: &mut String) {
        for byte in bytes {
            self.0 = match (self.0, byte) {
                (Inside::Text | Inside::Command, 0x1b) => Inside::Escape,
                (Inside::Text, byte) => {
                    if byte.is_ascii_graphic() || *byte == b' ' {
                        text.push(char::from(*byte));
                    }
                    Inside::Text
                }
                (Inside::Escape, b'[') => Inside::Control,
                (Inside::Escape, b']') => Inside::Command,
                (Inside::Escape, _) | (Inside::Control, 0x40..=0x7e) | (Inside::Command, 0x07) => {
                    Inside::Text
                }
                (inside, _) => inside,
            };
        }
    }
}

/// Everything the client wrote, with the moment of each read.
type Written = Arc<Mutex<Vec<(Moment, Vec<u8>)>>>;

/// The client in its pty, with an empty home of its own.
struct Client {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    reader: thread::JoinHandle<()>,
    written: Written,
    _home: TempDir,
}

impl Client {
    fn start(view: View, host: &Host, link: &str) -> Self {
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
        let written = Written::default();
        let mut source = pty.master.try_clone_reader().expect("a reader");
        let into = written.clone();
        let reader = thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            // The end of a pty is an error.
            while let Ok(n @ 1..) = source.read(&mut buffer) {
                let at = Clock.now();
                let mut into = into.lock().expect("the other side only takes");
                into.push((at, buffer[..n].to_vec()));
            }
        });
        Self {
            child,
            _master: pty.master,
            reader,
            written,
            _home: home,
        }
    }

    /// Ends it and takes what it wrote.
    fn finish(mut self) -> Vec<(Moment, Vec<u8>)> {
        self.child.kill().expect("the client was still there");
        let _ = self.child.wait();
        self.reader.join().expect("the reader ends with the pty");
        let mut written = self.written.lock().expect("the reader has ended");
        std::mem::take(&mut *written)
    }
}

/// The value below which so many per cent lie, of sorted values.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((sorted.len() * percent / 100).min(last))
        .copied()
        .unwrap_or_default()
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
