//! Chromium's own WebRTC: a page that calls itself, in a browser without a window.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;

use super::Cleaning;
use super::process::Part;
use super::stage::ADA;
use super::stage::BEA;
use super::stage::Stage;

pub(super) struct Call {
    browser: Child,
    _profile: tempfile::TempDir,
}

impl Call {
    pub(super) fn begin(stage: &Stage, cleaning: Cleaning) -> Result<Self, String> {
        let program = program().ok_or("not installed")?;
        let (page, said) = serve();
        let word = if cleaning == Cleaning::On {
            "on"
        } else {
            "off"
        };
        let url = format!(
            "{page}?cleaning={word}&ada-microphone={}&ada-speaker={}&bea-microphone={}&bea-speaker={}",
            ADA.microphone, ADA.speaker, BEA.microphone, BEA.speaker
        );
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(url)
            .env_remove("DISPLAY")
            .env("XDG_RUNTIME_DIR", stage.pulse.folder())
            .envs(stage.pulse.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Its sandbox does not work for an administrator.
        if rustix::process::getuid().is_root() {
            command.arg("--no-sandbox");
        }
        // All of it is ended as one.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let browser = command.spawn().map_err(|error| error.to_string())?;
        let call = Self {
            browser,
            _profile: profile,
        };
        loop {
            match said.recv_timeout(Duration::from_secs(30)) {
                Ok(word) if word == "connected" => return Ok(call),
                Ok(word) if word.starts_with("failed") => return Err(word),
                Ok(_) => {}
                Err(_) => return Err("the page did not connect within 30 s".to_owned()),
            }
        }
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        vec![Part {
            process: self.browser.id(),
            people: 2,
        }]
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.browser);
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
        let _ = self.browser.wait();
    }
}

fn program() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    let usual = [
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
    ];
    let names = named.into_iter().chain(usual.map(str::to_owned));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    names.into_iter().find(|name| {
        let mut folders = std::env::split_paths(&paths);
        folders.any(|folder| folder.join(name).is_file())
    })
}

/// The page on a loopback port, and what it tells.
fn serve() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (telling, said) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let telling = telling.clone();
            thread::spawn(move || answer(stream, &telling));
        }
    });
    (format!("http://{address}/"), said)
}

/// One request of a connection.
fn answer(mut stream: TcpStream, telling: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|n| n > 2) {
        let line = head.lines().last().unwrap_or_default().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let (kind, content) = if head.starts_with("POST /said ") {
        let _ = telling.send(String::from_utf8_lossy(&body).into_owned());
        ("text/plain", "")
    } else {
        ("text/html", PAGE)
    };
    let size = content.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n{content}"
    );
}

const PAGE: &str = include_str!("chromium.html");

const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-quic",
];
