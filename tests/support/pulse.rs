//! A private sound server without hardware: sinks that swallow, and what they swallowed.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::f64::consts::TAU;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::process::Signal;

pub(crate) const RATE: u32 = 48_000;

/// A server with the speaker `spk` and the microphone `virtmic`, which hears what is played into the sink `mic`.
pub(crate) struct Pulse {
    folder: PathBuf,
    /// The one who started it ends it.
    own: Option<tempfile::TempDir>,
}

impl Pulse {
    pub(crate) fn start() -> Self {
        let own = tempfile::tempdir().expect("a folder for the server");
        let server = Self {
            folder: own.path().to_owned(),
            own: Some(own),
        };
        server.run();
        server
    }

    /// The one that another process started.
    pub(crate) fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            own: None,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The number of the module that made a sink.
    pub(crate) fn module_of(&self, sink: &str) -> String {
        let modules = self.pactl(&["list", "short", "modules"]);
        let made = format!("sink_name={sink} ");
        let line = modules.lines().find(|line| line.contains(&made));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.expect("the sink was made by a module").to_owned()
    }

    /// Makes a sink.
    pub(crate) fn load(&self, sink: &str, description: &str) {
        self.pactl(&[
            "load-module",
            "module-null-sink",
            &format!("sink_name={sink}"),
            "rate=48000",
            &format!("sink_properties=device.description={description}"),
        ]);
    }

    pub(crate) fn unload(&self, sink: &str) {
        self.pactl(&["unload-module", &self.module_of(sink)]);
    }

    /// Starts it anew in the same place.
    pub(crate) fn run(&self) {
        let modules = [
            "module-native-protocol-unix",
            "module-null-sink sink_name=spk rate=48000 sink_properties=device.description=Speaker",
            "module-null-sink sink_name=mic rate=48000 sink_properties=device.description=Mouth",
            "module-remap-source master=mic.monitor source_name=virtmic source_properties=device.description=Microphone",
        ];
        // It returns when the daemon takes connections.
        let started = self
            .command("pulseaudio")
            .args([
                "-n",
                "--daemonize=yes",
                "--exit-idle-time=-1",
                "--disallow-exit",
            ])
            .args(modules.map(|module| format!("--load={module}")))
            .stderr(Stdio::null())
            .status()
            .expect("pulseaudio is installed");
        assert!(started.success(), "the sound server does not start");
        self.pactl(&["set-default-sink", "spk"]);
        self.pactl(&["set-default-source", "virtmic"]);
    }

    /// Ends it, and waits until it is gone.
    pub(crate) fn stop(&self) {
        let line = UnixStream::connect(self.socket());
        self.signal(Signal::KILL);
        if let Ok(mut line) = line {
            // Its end is the end of the line.
            let _ = line.read_to_end(&mut Vec::new());
        }
        // Who was killed does not tidy up, and the number may belong to somebody else soon.
        let _ = fs::remove_file(self.folder.join("pulse/pid"));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let file = self.folder.join("pulse/pid");
        let pid = fs::read_to_string(file)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may be gone already.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("pulse/native")
    }

    /// What a client needs to know.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("PULSE_SERVER", format!("unix:{}", self.socket().display())),
            ("HOME", self.folder.display().to_string()),
        ]
    }

    /// Asks the server to do something; its answer.
    pub(crate) fn pactl(&self, arguments: &[&str]) -> String {
        let told = self
            .command("pactl")
            .args(arguments)
            .output()
            .expect("pactl is installed");
        let words = String::from_utf8_lossy(&told.stderr);
        assert!(told.status.success(), "pactl {arguments:?}: {words}");
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    }

    /// Listens to a source.
    pub(crate) fn listen(&self, source: &str) -> Listener {
        self.listen_to(source, 1)
    }

    /// Listens to so many channels of a source, one sample of each in turn.
    pub(crate) fn listen_to(&self, source: &str, channels: u8) -> Listener {
        let mut child = self
            .command("pacat")
            .args(["--record", &format!("--device={source}")])
            .args(FORMAT)
            .arg(format!("--channels={channels}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("pacat is installed");
        let sound = child.stdout.take().expect("stdout is a pipe");
        Listener { child, sound }
    }

    /// Speaks into a sink until it is dropped.
    pub(crate) fn speak(&self, sink: &str) -> Speaker {
        self.speak_into(sink, &[])
    }

    /// Speaks into the left of a sink, and into all of one that has no sides.
    pub(crate) fn speak_left(&self, sink: &str) -> Speaker {
        self.speak_into(sink, &["--channel-map=front-left"])
    }

    fn speak_into(&self, sink: &str, more: &[&str]) -> Speaker {
        let mut child = self
            .command("pacat")
            .args(["--playback", &format!("--device={sink}")])
            .args(FORMAT)
            .arg("--channels=1")
            .args(more)
            .stdin(Stdio::piped())
            .spawn()
            .expect("pacat is installed");
        let sound = child.stdin.take().expect("stdin is a pipe");
        Speaker { child, sound }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.folder)
            .env("XDG_RUNTIME_DIR", &self.folder)
            .env("PULSE_SERVER", format!("unix:{}", self.socket().display()));
        command
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        if self.own.is_some() {
            self.stop();
        }
    }
}

const FORMAT: [&str; 4] = [
    "--raw",
    "--format=float32le",
    "--rate=48000",
    "--latency-msec=20",
];

pub(crate) struct Listener {
    child: Child,
    sound: ChildStdout,
}

impl Listener {
    /// The next so many samples.
    pub(crate) fn hear(&mut self, samples: usize) -> Vec<f32> {
        let mut bytes = vec![0; samples * 4];
        self.sound
            .read_exact(&mut bytes)
            .expect("the recorder goes on");
        let samples = bytes.chunks_exact(4);
        samples
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
            .collect()
    }

    /// Waits until something sounds, and hears half a second of a sine of this level without a gap of a busy
    /// machine, if it comes within twenty seconds; else what came last.
    pub(crate) fn hear_sine(&mut self, hertz: f64, level: f64) -> Vec<f32> {
        const STEP: usize = 4_800;
        let waited = (0..2000).find(|_| dbfs(&self.hear(480)) > -50.0);
        assert!(waited.is_some(), "nothing is heard for 20 seconds");
        let mut heard = self.hear(5 * STEP);
        for _ in 0..200 {
            if is_whole(&heard) && (level_at(&heard, hertz) - level).abs() < 0.5 {
                break;
            }
            heard.drain(..STEP);
            heard.extend(self.hear(STEP));
        }
        heard
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Speaker {
    child: Child,
    sound: ChildStdin,
}

impl Speaker {
    pub(crate) fn say(&mut self, samples: &[f32]) {
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        self.sound.write_all(&bytes).expect("the player goes on");
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sine of this level, as samples from the one with this number on.
pub(crate) fn sine(hertz: f64, dbfs: f64, from: usize, samples: usize) -> Vec<f32> {
    let amplitude = 2_f64.sqrt() * 10_f64.powf(dbfs / 20.0);
    (from..from + samples)
        .map(|n| (amplitude * (TAU * hertz * n as f64 / f64::from(RATE)).sin()) as f32)
        .collect()
}

/// The level of all of it, as the root of its mean square beside 1.
pub(crate) fn dbfs(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    10.0 * (sum / samples.len() as f64).max(1e-12).log10()
}

/// The level of speech while somebody speaks, as ITU-T P.56 has it: of the 20 ms that are not more than 15.9 dB
/// below it. Pauses and gaps do not count, however many there are.
pub(crate) fn speech_level(samples: &[f32]) -> f64 {
    let frames: Vec<f64> = samples.chunks_exact(960).map(dbfs).collect();
    let mut level = frames.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // It comes down from the loudest frame and settles within a few turns.
    for _ in 0..20 {
        let spoken = frames.iter().filter(|frame| **frame > level - 15.9);
        let powers: Vec<f64> = spoken.map(|frame| 10_f64.powf(frame / 10.0)).collect();
        level = 10.0 * (powers.iter().sum::<f64>() / powers.len() as f64).log10();
    }
    level
}

/// The level of one frequency alone (Goertzel).
pub(crate) fn level_at(samples: &[f32], hertz: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / f64::from(RATE)).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (f64::from(*sample) + turn * one - two, one);
    }
    let power = one * one + two * two - turn * one * two;
    let n = samples.len() as f64;
    10.0 * (2.0 * power / (n * n)).max(1e-12).log10()
}

/// Whether a steady sound sounded all the time: on a busy machine a device must find its measure first.
pub(crate) fn is_whole(samples: &[f32]) -> bool {
    let whole = dbfs(samples);
    let steady = |frame| (dbfs(frame) - whole).abs() < 0.5;
    whole > -50.0 && samples.chunks_exact(480).all(steady)
}

/// The strongest frequency within 20 Hz of the one that is expected, to a tenth.
pub(crate) fn frequency_near(samples: &[f32], hertz: f64) -> f64 {
    (-200..=200)
        .map(|tenths| hertz + f64::from(tenths) / 10.0)
        .max_by(|a, b| level_at(samples, *a).total_cmp(&level_at(samples, *b)))
        .expect("there are candidates")
}
