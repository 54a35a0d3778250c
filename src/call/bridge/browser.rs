//! The browser that the page runs in: without a window, with a profile of its own, ended with us.

use std::env;
use std::fs;
use std::io;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::process::Signal;

use crate::config::paths;
use crate::model::text;

/// The browser to use: the one that was chosen, or the first that is installed (media.md 2).
pub fn find(chosen: Option<&Path>) -> Option<PathBuf> {
    if let Some(chosen) = chosen {
        return chosen.is_file().then(|| chosen.to_owned());
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let installed = NAMES.iter().flat_map(|name| {
        let folders: Vec<PathBuf> = env::split_paths(&folders).collect();
        folders.into_iter().map(move |folder| folder.join(name))
    });
    let places = PLACES.iter().map(PathBuf::from);
    installed.chain(places).find(|path| path.is_file())
}

/// What the browser has to hear and to be heard with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sounds {
    /// A silent microphone and a speaker that do not exist: the sound is ours.
    StandIn,
    /// The devices of this machine, which the browser uses by itself.
    System,
    /// None, whatever the machine has: no sound server and no card is told to it.
    None,
}

/// What a browser takes with all its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// In bytes.
    pub bytes: u64,
    /// What several of them share was counted once; else more than once.
    pub is_exact: bool,
}

/// A running browser; ended, with everything it left, when this is dropped.
pub(super) struct Browser {
    child: Child,
    profile: PathBuf,
}

impl Browser {
    /// Starts it on `address`. The secret goes by a file that only the person can read.
    /// `here`: the service is on this machine, which may have no other way to itself.
    pub(super) fn start(
        program: &Path,
        address: &str,
        secret: &str,
        here: bool,
        sounds: Sounds,
    ) -> io::Result<Self> {
        let profile = env::temp_dir().join(format!("sidetone-call-{:016x}", fastrand::u64(..)));
        paths::private_folder(&profile)?;
        let started = launch(program, &profile, address, secret, here, sounds);
        if started.is_err() {
            clear(&profile);
        }
        Ok(Self {
            child: started?,
            profile,
        })
    }

    /// What it takes now; `None` where the system does not tell.
    pub(super) fn memory(&self) -> Option<Memory> {
        let group = self.child.id().to_string();
        let mut all = Memory {
            bytes: 0,
            is_exact: true,
        };
        for process in fs::read_dir("/proc").ok()?.flatten() {
            let Ok(stat) = fs::read_to_string(process.path().join("stat")) else {
                continue;
            };
            // The name, in brackets, may hold anything; the group is the third word after it.
            let rest = stat.rsplit_once(')').map(|(_, rest)| rest);
            if rest.and_then(|rest| rest.split_whitespace().nth(2)) == Some(group.as_str()) {
                let proportional = kilobytes(&process.path().join("smaps_rollup"), "Pss:");
                all.is_exact &= proportional.is_some();
                let resident = || kilobytes(&process.path().join("status"), "VmRSS:");
                all.bytes += 1024 * proportional.or_else(resident).unwrap_or(0);
            }
        }
        (all.bytes > 0).then_some(all)
    }

    /// What it said at last, if it has ended by itself.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten()?;
        let mut words = String::new();
        if let Some(error) = self.child.stderr.take() {
            // Its children may hold the other end: what is there is enough.
            let _ = error.take(MOST_WORDS).read_to_string(&mut words);
        }
        let telling = words.lines().find(|line| line.contains("andbox"));
        let telling = telling.or_else(|| words.lines().next_back());
        Some(text::line(telling.unwrap_or("it said nothing")))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // All of them: it starts many.
        let _ = rustix::process::kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
        clear(&self.profile);
    }
}

fn launch(
    program: &Path,
    profile: &Path,
    address: &str,
    secret: &str,
    here: bool,
    sounds: Sounds,
) -> io::Result<Child> {
    let start = profile.join("start.html");
    let page = format!("<script>location.replace(\"{address}#{secret}\")</script>");
    paths::create_private(&start, page.as_bytes())?;
    let silence = profile.join("silence.wav");
    paths::create_private(&silence, &silent())?;
    let mut command = Command::new(program);
    command
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0);
    match sounds {
        Sounds::StandIn => {
            command.arg("--use-fake-device-for-media-stream");
            let file = format!("--use-file-for-fake-audio-capture={}", silence.display());
            command.arg(file);
        }
        Sounds::System => {}
        Sounds::None => {
            let nowhere = format!("unix:{}", profile.join("no-sound").display());
            command.env("PULSE_SERVER", nowhere);
            command.env("ALSA_CONFIG_PATH", "/dev/null");
        }
    }
    if here {
        command.arg("--allow-loopback-in-peer-connection");
    }
    if rustix::process::geteuid().is_root() {
        // Nobody else may: the browser refuses to run as root otherwise.
        command.arg("--no-sandbox");
        tracing::warn!("the browser of calls runs without its sandbox, because we are root");
    }
    command.arg(format!("file://{}", start.display()));
    command.spawn()
}

/// A line `NAME: 12 kB` of a file about a process.
fn kilobytes(path: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// A browser that ends writes a while.
fn clear(profile: &Path) {
    for _ in 0..10 {
        match fs::remove_dir_all(profile) {
            Ok(()) => return,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
    tracing::warn!(profile = %profile.display(), "a browser's profile could not be removed");
}

/// A second of nothing, which the stand-in microphone repeats.
fn silent() -> Vec<u8> {
    const BYTES: u32 = 2 * 48_000;
    let mut wave = Vec::with_capacity(44 + BYTES as usize);
    wave.extend(b"RIFF");
    wave.extend((36 + BYTES).to_le_bytes());
    wave.extend(b"WAVEfmt ");
    wave.extend(16_u32.to_le_bytes());
    wave.extend(1_u16.to_le_bytes());
    wave.extend(1_u16.to_le_bytes());
    wave.extend(48_000_u32.to_le_bytes());
    wave.extend(BYTES.to_le_bytes());
    wave.extend(2_u16.to_le_bytes());
    wave.extend(16_u16.to_le_bytes());
    wave.extend(b"data");
    wave.extend(BYTES.to_le_bytes());
    wave.resize(44 + BYTES as usize, 0);
    wave
}

const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "microsoft-edge-stable",
];
const PLACES: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
/// Measured one by one (media.md 2). No debugging port, ever.
const FLAGS: [&str; 17] = [
    "--ozone-platform=headless",
    // Never another loopback address, where somebody else may listen on the same port.
    "--host-resolver-rules=MAP localhost 127.0.0.1",
    "--no-first-run",
    "--no-default-browser-check",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--no-pings",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--in-process-gpu",
    "--disable-features=PreloadTopChromeWebUI,WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,\
     SpareRendererForSitePerProcess",
    "--password-store=basic",
];
const MOST_WORDS: u64 = 16 << 10;
