//! Chromium with one page that runs by itself, and what the page tells over loopback.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;

/// Ended, with all of its processes, when it is dropped.
pub(crate) struct Browser {
    child: Child,
    told: mpsc::Receiver<Told>,
    _profile: tempfile::TempDir,
}

/// What the page posted to a path. It waits for the answer.
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    answer: mpsc::Sender<String>,
}

impl Told {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn answer(self, words: impl Into<String>) {
        // The page may be gone.
        let _ = self.answer.send(words.into());
    }
}

impl Browser {
    /// Opens the page; `None` where there is no browser.
    pub(crate) fn open(
        page: &'static str,
        query: &str,
        flags: &[&str],
        environment: &[(&str, String)],
    ) -> Option<Self> {
        let program = program()?;
        let (url, told) = serve(page).expect("a loopback port");
        let profile = tempfile::tempdir().expect("a folder for the browser");
        let mut command = Command::new(program);
        command
            .args(FLAGS)
            .args(flags)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("{url}{query}"))
            .env_remove("DISPLAY")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        // Its sandbox does not work for an administrator.
        if rustix::process::getuid().is_root() {
            command.arg("--no-sandbox");
        }
        Some(Self {
            child: command.spawn().expect("the browser starts"),
            told,
            _profile: profile,
        })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What the page tells next, within half a minute.
    pub(crate) fn told(&self) -> Option<Told> {
        self.told.recv_timeout(PATIENCE).ok()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

fn program() -> Option<String> {
    let chosen = std::env::var("CHROMIUM").ok();
    let names = chosen.into_iter().chain(NAMES.map(str::to_owned));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    names.into_iter().find(|name| {
        let mut folders = std::env::split_paths(&paths);
        folders.any(|folder| folder.join(name).is_file())
    })
}

fn serve(page: &'static str) -> io::Result<(String, mpsc::Receiver<Told>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (telling, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let telling = telling.clone();
            thread::spawn(move || respond(stream, page, &telling));
        }
    });
    Ok((format!("http://{address}/"), told))
}

/// One request, and the end of the connection.
fn respond(mut stream: TcpStream, page: &str, telling: &mpsc::Sender<Told>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let (kind, content) = if head.starts_with("POST ") {
        let mut body = vec![0; length(&head)];
        reader.read_exact(&mut body)?;
        let (answer, answered) = mpsc::channel();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let _ = telling.send(Told { path, body, answer });
        // Whoever drops it has nothing to say.
        ("text/plain", answered.recv().unwrap_or_default())
    } else {
        ("text/html", page.to_owned())
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{content}",
        content.len()
    )
}

fn length(head: &str) -> usize {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = lengths
        .next()
        .and_then(|(_, value)| value.trim().parse().ok());
    length.unwrap_or(0)
}

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-quic",
];

const PATIENCE: Duration = Duration::from_secs(30);
