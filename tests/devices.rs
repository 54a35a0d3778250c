//! Microphone and speaker, and the commands about them, against a real sound server without hardware.
//!
//! The sound system is found through the environment, which a test cannot change
//! for itself: each body runs in a process of its own, beside a server of its own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::allow_attributes,
    reason = "helpers of tests"
)]

#[path = "support/program.rs"]
mod program;
#[path = "support/pulse.rs"]
mod pulse;
#[path = "support/relay.rs"]
mod relay;

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use sidetone::audio;
use sidetone::audio::tone::Earcon;
use sidetone::call::devices::Capture;
use sidetone::call::devices::DeviceEvent;
use sidetone::call::devices::NoSound;
use sidetone::call::devices::Playback;
use sidetone::call::devices::Sound;
use sidetone::call::devices::Statistics;
use sidetone::clock::Clock;
use sidetone::model::sound::Choice;
use sidetone::model::sound::Direction;
use tokio::sync::mpsc;

use crate::pulse::Pulse;
use crate::pulse::dbfs;
use crate::pulse::frequency_near;
use crate::pulse::is_whole;
use crate::pulse::level_at;
use crate::pulse::sine;
use crate::relay::Traffic;

const INSIDE: &str = "SIDETONE_TEST_INSIDE";

/// Runs the test called `name` again in a process that knows only this environment; `body` is what it does there.
fn inside(name: &str, variables: &[(&str, String)], folder: &Path, body: impl AsyncFnOnce(Pulse)) {
    if let Some(folder) = env::var_os(INSIDE) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        return runtime.block_on(body(Pulse::at(folder)));
    }
    let told = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env(INSIDE, folder)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&told.stdout);
    let errors = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{words}\n{errors}");
    for line in words.lines().filter(|line| line.starts_with("measured: ")) {
        println!("{line}");
    }
}

/// Two sounds at once are too much for a small machine that must keep time.
static ALONE: Mutex<()> = Mutex::new(());

/// The same beside a sound server.
fn beside_a_server(name: &str, body: impl AsyncFnOnce(Pulse)) {
    if env::var_os(INSIDE).is_some() {
        return inside(name, &[], Path::new(""), body);
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Pulse::start();
    inside(name, &server.environment(), server.folder(), body);
}

/// Plays a sine for as long as it lives.
struct Player {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Statistics>>,
}

impl Player {
    fn start(mut playback: Playback, hertz: f64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut at = 0;
                while !stopped.load(Relaxed) {
                    playback.wanted().await;
                    let frame = sine(hertz, LEVEL, at, audio::FRAME);
                    playback.write(&frame.try_into().unwrap());
                    at += audio::FRAME;
                }
            });
            playback.statistics()
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }

    fn end(mut self) -> Statistics {
        self.stop.store(true, Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Of every sine that is played.
const LEVEL: f64 = -20.0;

fn assert_sine(heard: &[f32], hertz: f64) {
    let frequency = frequency_near(heard, hertz);
    let level = level_at(heard, frequency);
    println!(
        "measured: {frequency:.1} Hz at {level:.2} dBFS, {:.2} dBFS with everything",
        dbfs(heard)
    );
    assert!((frequency - hertz).abs() <= hertz / 200.0, "{frequency} Hz");
    assert!((level - LEVEL).abs() <= 1.0, "{level} dBFS");
}

/// Half a second of what the microphone gives, when it sounds and gives it without a break.
async fn captured(capture: &mut Capture) -> Vec<f32> {
    while dbfs(&capture.next().await) < -50.0 {}
    let mut heard = Vec::new();
    for _ in 0..2000 {
        heard.extend(capture.next().await);
        if heard.len() > 24_000 {
            heard.drain(..audio::FRAME);
            if is_whole(&heard) {
                break;
            }
        }
    }
    heard
}

async fn next(events: &mut mpsc::Receiver<DeviceEvent>) -> DeviceEvent {
    tokio::time::timeout(Duration::from_secs(30), events.recv())
        .await
        .expect("something happens to the device")
        .unwrap()
}

fn opened(direction: Direction, name: &str) -> DeviceEvent {
    DeviceEvent::Opened {
        direction,
        name: name.to_owned(),
        missing: None,
    }
}

fn back(name: &str, missing: Option<&str>) -> DeviceEvent {
    DeviceEvent::Back {
        direction: Direction::Playback,
        name: name.to_owned(),
        missing: missing.map(ToOwned::to_owned),
    }
}

fn lost(name: &str) -> DeviceEvent {
    DeviceEvent::Lost {
        direction: Direction::Playback,
        name: name.to_owned(),
    }
}

/// Of this process, now.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Who looked for a device a moment ago may still be on their way out.
async fn threads_that_stay() -> usize {
    let mut fewest = threads();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        fewest = fewest.min(threads());
    }
    fewest
}

#[test]
fn a_speaker_that_vanishes_is_replaced_and_taken_back() {
    beside_a_server(
        "a_speaker_that_vanishes_is_replaced_and_taken_back",
        async |server| {
            let (told, mut events) = mpsc::channel(16);
            let playback = Sound::new().playback(Choice::Named("speak".to_owned()), told);
            let player = Player::start(playback, 1000.0);
            assert_eq!(
                next(&mut events).await,
                opened(Direction::Playback, "Speaker")
            );
            server.unload("spk");
            assert_eq!(next(&mut events).await, lost("Speaker"));
            assert_eq!(next(&mut events).await, back("Mouth", Some("speak")));
            server.load("spk", "Speaker");
            assert_eq!(next(&mut events).await, back("Speaker", None));
            assert_sine(
                &server.listen("spk.monitor").hear_sine(1000.0, LEVEL),
                1000.0,
            );
            player.end();
        },
    );
}

#[test]
fn speakers_that_all_vanish_are_waited_for_and_few_threads_stay_behind() {
    beside_a_server(
        "speakers_that_all_vanish_are_waited_for_and_few_threads_stay_behind",
        async |server| {
            let (told, mut events) = mpsc::channel(16);
            let playback = Sound::new().playback(Choice::Default, told);
            let player = Player::start(playback, 1000.0);
            assert_eq!(
                next(&mut events).await,
                opened(Direction::Playback, "Speaker")
            );
            let before = threads();
            for _ in 0..3 {
                server.unload("mic");
                server.unload("spk");
                assert_eq!(next(&mut events).await, lost("Speaker"));
                server.load("spk", "Speaker");
                server.load("mic", "Mouth");
                server.pactl(&["set-default-sink", "spk"]);
                assert_eq!(next(&mut events).await, back("Speaker", None));
            }
            let behind = threads_that_stay().await - before;
            println!("measured: {behind} threads were left behind by 3 speakers");
            // The reader of each, and who waits for it.
            assert!(behind <= 6, "{behind}");
            assert_sine(
                &server.listen("spk.monitor").hear_sine(1000.0, LEVEL),
                1000.0,
            );
            player.end();
        },
    );
}

#[test]
fn a_sound_server_that_ends_and_comes_again_is_found_again() {
    beside_a_server(
        "a_sound_server_that_ends_and_comes_again_is_found_again",
        async |server| {
            let (told, mut events) = mpsc::channel(16);
            let playback = Sound::new().playback(Choice::Default, told);
            let player = Player::start(playback, 1000.0);
            assert_eq!(
                next(&mut events).await,
                opened(Direction::Playback, "Speaker")
            );
            server.stop();
            assert_eq!(next(&mut events).await, lost("Speaker"));
            server.run();
            assert_eq!(next(&mut events).await, back("Speaker", None));
            assert_sine(
                &server.listen("spk.monitor").hear_sine(1000.0, LEVEL),
                1000.0,
            );
            player.end();
            server.stop();
        },
    );
}

#[test]
fn a_sound_server_that_hangs_is_given_up_and_nobody_waits_for_it() {
    beside_a_server(
        "a_sound_server_that_hangs_is_given_up_and_nobody_waits_for_it",
        async |server| {
            let (told, mut events) = mpsc::channel(16);
            let sound = Sound::new();
            let mut playback = sound.playback(Choice::Default, told);
            assert_eq!(
                next(&mut events).await,
                opened(Direction::Playback, "Speaker")
            );
            let before = threads();
            server.signal(rustix::process::Signal::STOP);
            assert_eq!(next(&mut events).await, lost("Speaker"));
            // The clock of this machine goes on.
            for _ in 0..10 {
                playback.wanted().await;
                playback.write(&audio::SILENCE);
            }
            let begin = Clock.now();
            assert_eq!(sound.list().await, Err(NoSound::NotAnswering));
            playback.choose(Choice::None);
            let silent = DeviceEvent::Silent {
                direction: Direction::Playback,
                why: NoSound::Chosen,
            };
            assert_eq!(next(&mut events).await, silent);
            assert!(Clock.now().since(begin) < Duration::from_secs(5));
            let behind = threads_that_stay().await - before;
            println!("measured: {behind} threads were left behind by a server that hangs");
            assert!(behind <= 10, "{behind}");
            server.signal(rustix::process::Signal::CONT);
            playback.choose(Choice::Default);
            assert_eq!(
                next(&mut events).await,
                opened(Direction::Playback, "Speaker")
            );
        },
    );
}

/// From a click that is played to the same click captured: the median of nine.
async fn there_and_back(server: &Pulse) -> Duration {
    server.pactl(&[
        "load-module",
        "module-remap-source",
        "master=spk.monitor",
        "source_name=loop",
        "source_properties=device.description=Loop",
    ]);
    let (told, mut events) = mpsc::channel(16);
    let sound = Sound::new();
    let mut playback = sound.playback(Choice::Default, told.clone());
    let mut capture = sound.capture(Choice::Named("Loop".to_owned()), told);
    next(&mut events).await;
    next(&mut events).await;
    let click = [0.5; audio::FRAME];
    let (mut frames, mut clicked, mut trips) = (0_u32, None, Vec::new());
    while trips.len() < 9 {
        tokio::select! {
            () = playback.wanted() => {
                frames += 1;
                if frames.is_multiple_of(50) {
                    clicked = Some(Clock.now());
                    playback.write(&click);
                } else {
                    playback.write(&audio::SILENCE);
                }
            }
            frame = capture.next() => if dbfs(&frame) > -20.0 && let Some(at) = clicked.take() {
                trips.push(Clock.now().since(at));
            }
        }
    }
    trips.sort();
    println!(
        "measured: there and back {:?} (median of 9, worst {:?}), of which the devices say {:?} and {:?}",
        trips[4],
        trips[8],
        playback.statistics().latency,
        capture.statistics().latency,
    );
    trips[4]
}

#[test]
fn the_way_there_and_back_through_two_devices_is_short() {
    beside_a_server(
        "the_way_there_and_back_through_two_devices_is_short",
        async |server| {
            let trip = there_and_back(&server).await;
            assert!(trip < Duration::from_millis(200), "{trip:?}");
        },
    );
}

#[test]
fn the_way_there_and_back_over_a_network_is_that_of_the_network_and_little_more() {
    beside_a_forwarded_server(
        "the_way_there_and_back_over_a_network_is_that_of_the_network_and_little_more",
        Duration::from_millis(25),
        async |server, _| {
            let trip = there_and_back(server).await;
            assert!(trip < Duration::from_millis(400), "{trip:?}");
        },
    );
}

#[test]
fn without_any_sound_system_the_outcome_is_known_within_a_tenth_of_a_second() {
    let nowhere = ["HOME", "XDG_RUNTIME_DIR"].map(|name| (name, "/nowhere".to_owned()));
    inside(
        "without_any_sound_system_the_outcome_is_known_within_a_tenth_of_a_second",
        &nowhere,
        Path::new(""),
        async |_| {
            let mut best = Duration::MAX;
            // The best of five: this machine may be busy with something else.
            for _ in 0..5 {
                let begin = Clock.now();
                let (told, mut events) = mpsc::channel(16);
                let sound = Sound::new();
                let mut playback = sound.playback(Choice::Default, told.clone());
                let capture = sound.capture(Choice::Named("headset".to_owned()), told);
                for _ in 0..2 {
                    let event = next(&mut events).await;
                    let DeviceEvent::Silent { why, .. } = event else {
                        panic!("{event:?}");
                    };
                    assert_eq!(why, NoSound::NoServer);
                }
                best = best.min(Clock.now().since(begin));
                let begin = Clock.now();
                assert_eq!(sound.list().await, Err(NoSound::NoServer));
                best = best.max(Clock.now().since(begin).min(best));
                let begin = Clock.now();
                for _ in 0..20 {
                    playback.wanted().await;
                    playback.write(&audio::SILENCE);
                }
                let paced = Clock.now().since(begin);
                assert!(paced >= Duration::from_millis(180), "{paced:?}");
                assert_eq!(capture.statistics().opened, 0);
            }
            println!("measured: no sound is known after {best:?}");
            assert!(best < Duration::from_millis(100), "{best:?}");
        },
    );
}

/// Both directions at once, wherever the server is.
async fn assert_both_directions(server: &Pulse, traffic: &Traffic) {
    let (told, mut events) = mpsc::channel(16);
    let sound = Sound::new();
    let playback = sound.playback(Choice::Default, told.clone());
    let mut capture = sound.capture(Choice::Default, told);
    let mut ear = server.listen("spk.monitor");
    let mut seen = [next(&mut events).await, next(&mut events).await];
    seen.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(
        seen,
        [
            opened(Direction::Capture, "Microphone"),
            opened(Direction::Playback, "Speaker")
        ]
    );
    let player = Player::start(playback, 1000.0);
    let mut mouth = server.speak("mic");
    let speaking = thread::spawn(move || mouth.say(&sine(700.0, LEVEL, 0, 30 * 48_000)));
    let heard = thread::spawn(move || ear.hear_sine(1000.0, LEVEL));
    let spoken = captured(&mut capture).await;
    assert_sine(&heard.join().unwrap(), 1000.0);
    assert_sine(&spoken, 700.0);
    let before = traffic.bytes();
    for _ in 0..100 * SECONDS {
        capture.next().await;
    }
    let after = traffic.bytes();
    let [there, back] = [0, 1].map(|at| (after[at] - before[at]) / SECONDS);
    println!("measured: {there} bytes a second to the server, {back} from it");
    println!("measured: playback {:?}", player.end());
    println!("measured: capture {:?}", capture.statistics());
    // It speaks on until the process ends.
    drop(speaking);
}

#[test]
fn what_is_played_and_what_is_captured_keep_their_pitch_and_level() {
    beside_a_server(
        "what_is_played_and_what_is_captured_keep_their_pitch_and_level",
        async |server| assert_both_directions(&server, &Traffic::default()).await,
    );
}

/// Through a socket such as ssh makes, from another home, so without a cookie.
fn beside_a_forwarded_server(name: &str, way: Duration, body: impl AsyncFnOnce(&Pulse, &Traffic)) {
    let home = tempfile::tempdir().unwrap();
    let forwarded = home.path().join("pulse-forward");
    let body = async |server: Pulse| {
        let home = PathBuf::from(env::var_os("HOME").unwrap());
        let traffic = relay::relay(&home.join("pulse-forward"), server.socket(), way);
        body(&server, &traffic).await;
        let cookie = home.join(".config/pulse/cookie").metadata().unwrap();
        assert_eq!(
            (cookie.len(), cookie.permissions().mode() & 0o777),
            (256, 0o600)
        );
    };
    if env::var_os(INSIDE).is_some() {
        return inside(name, &[], Path::new(""), body);
    }
    let server = Pulse::start();
    let variables = [
        ("PULSE_SERVER", format!("unix:{}", forwarded.display())),
        ("HOME", home.path().display().to_string()),
    ];
    inside(name, &variables, server.folder(), body);
}

/// Over which it is counted what goes through a socket.
const SECONDS: u64 = 4;

#[test]
fn sound_goes_through_a_forwarded_socket() {
    beside_a_forwarded_server(
        "sound_goes_through_a_forwarded_socket",
        Duration::ZERO,
        assert_both_directions,
    );
}

#[test]
fn sound_goes_through_a_socket_whose_other_end_is_far_away() {
    beside_a_forwarded_server(
        "sound_goes_through_a_socket_whose_other_end_is_far_away",
        Duration::from_millis(25),
        assert_both_directions,
    );
}

#[test]
fn an_earcon_sounds_once_however_often_it_is_asked_for_and_ringing_stops() {
    beside_a_server(
        "an_earcon_sounds_once_however_often_it_is_asked_for_and_ringing_stops",
        async |server| {
            let earcons = Sound::new().earcons(Choice::Default);
            let mut ear = server.listen("spk.monitor");
            ear.hear(4800);
            for _ in 0..5 {
                earcons.play(Earcon::Notice);
            }
            let peak = |samples: &[f32]| samples.iter().fold(0_f32, |peak, s| peak.max(s.abs()));
            let once: Vec<f32> = Earcon::Notice.samples().collect();
            let mut heard = ear.hear(480);
            while peak(&heard) < 0.001 {
                heard = ear.hear(480);
            }
            heard.extend(ear.hear(48_000));
            let louder = 20.0 * (peak(&heard) / peak(&once)).log10();
            assert!(louder.abs() < 1.0, "{louder} dB louder than one");
            earcons.ring(Some(Earcon::Ring));
            earcons.ring(Some(Earcon::Ring));
            while dbfs(&ear.hear(480)) < -50.0 {}
            earcons.ring(None);
            // What is on its way, and not the rest of the round.
            ear.hear(48_000 / 2);
            assert!(dbfs(&ear.hear(4 * 48_000)) < -90.0);
        },
    );
}

#[test]
fn it_rings_there_with_the_tone_of_phones_until_it_rings_here() {
    beside_a_server(
        "it_rings_there_with_the_tone_of_phones_until_it_rings_here",
        async |server| {
            let earcons = Sound::new().earcons(Choice::Default);
            let mut ear = server.listen("spk.monitor");
            earcons.ring(Some(Earcon::RingBack));
            let mut rounds = 0;
            for _ in 0..6 {
                while dbfs(&ear.hear(480)) < -50.0 {}
                let second = ear.hear(43_200);
                // The rest of its second, be it late by one, and then some of four of silence.
                ear.hear(48_000 + 24_000);
                assert!(dbfs(&ear.hear(2 * 48_000)) < -90.0);
                // A busy machine loses some of it.
                let mut pieces = second.chunks_exact(4_800);
                let pure = |piece: &&[f32]| (dbfs(piece) - level_at(piece, 425.0)).abs() < 0.5;
                if let Some(piece) = pieces.find(|piece| is_whole(piece) && pure(piece)) {
                    assert_sine(piece, 425.0);
                    rounds += 1;
                }
                if rounds == 2 {
                    break;
                }
            }
            assert_eq!(rounds, 2, "rounds with a whole tenth of a second");
            while dbfs(&ear.hear(480)) < -50.0 {}
            earcons.ring(Some(Earcon::Ring));
            let figure: Vec<f32> = Earcon::Ring.samples().collect();
            let heard = ear.hear(48_000);
            let peak = |samples: &[f32]| samples.iter().fold(0_f32, |peak, s| peak.max(s.abs()));
            let louder = 20.0 * (peak(&heard) / peak(&figure)).log10();
            assert!(louder > -2.0, "{louder} dB beside a ring");
            earcons.ring(None);
        },
    );
}

/// The built program with these arguments, in the environment of this test.
fn sidetone(arguments: &[&str]) -> (String, String, Option<i32>) {
    let told = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(arguments)
        .output()
        .unwrap();
    (
        String::from_utf8(told.stdout).unwrap(),
        String::from_utf8(told.stderr).unwrap(),
        told.status.code(),
    )
}

#[test]
fn the_command_lists_devices_in_plain_lines_and_as_json() {
    beside_a_server(
        "the_command_lists_devices_in_plain_lines_and_as_json",
        async |server| {
            server.load("headset", "USB-headset");
            let (said, errors, code) = sidetone(&["devices", "--speaker", "headset"]);
            assert_eq!(
                said,
                "Sound system: PulseAudio.\n\
                 Microphone 1: Microphone. Chosen. The system's default.\n\
                 Speaker 1: Speaker. The system's default.\n\
                 Speaker 2: Mouth.\n\
                 Speaker 3: USB-headset. Chosen.\n\
                 To try them: sidetone devices --test.\n"
            );
            assert_eq!((errors.as_str(), code), ("", Some(0)));
            let (said, _, _) = sidetone(&["devices", "--json", "--microphone", "none"]);
            let told: serde_json::Value = serde_json::from_str(&said).unwrap();
            assert_eq!(told["system"], "PulseAudio");
            assert_eq!(told["speakers"][0]["id"], "pulseaudio:spk");
            assert_eq!(told["speakers"][0]["chosen"], true);
            assert_eq!(told["microphones"][0]["chosen"], false);
            let (said, _, _) = sidetone(&["devices", "--speaker", "webcam"]);
            assert!(
                said.contains(
                    "Speaker webcam is chosen and not here: the default stands in for it."
                ),
                "{said}"
            );
        },
    );
}

#[test]
fn the_command_plays_a_tone_and_says_how_loud_the_microphone_is() {
    beside_a_server(
        "the_command_plays_a_tone_and_says_how_loud_the_microphone_is",
        async |server| {
            let mut ear = server.listen("spk.monitor");
            let heard = thread::spawn(move || {
                while dbfs(&ear.hear(480)) < -50.0 {}
                ear.hear(48_000)
            });
            let mut mouth = server.speak("mic");
            let speaking = thread::spawn(move || mouth.say(&sine(700.0, LEVEL, 0, 10 * 48_000)));
            let (said, errors, code) = sidetone(&["devices", "--test"]);
            let mut lines: Vec<_> = said.lines().collect();
            lines[..2].sort_unstable();
            assert_eq!(
                lines[..4],
                [
                    "Microphone: Microphone.",
                    "Speaker: Speaker.",
                    "A tone is played now.",
                    "Say something."
                ]
            );
            assert_eq!(lines.len(), 7, "{said}");
            for line in &lines[5..] {
                assert!(line.contains(": -20 decibels"), "{said}");
            }
            assert_eq!((errors.as_str(), code), ("", Some(0)));
            // A busy machine makes gaps in it.
            let heard = heard.join().unwrap();
            let mut pieces = heard.windows(2_880).step_by(480);
            let whole = pieces.find(|piece| is_whole(piece));
            let whole = whole.expect("sixty milliseconds without a gap");
            assert!((frequency_near(whole, 440.0) - 440.0).abs() <= 1.0);
            drop(speaking);
        },
    );
}

#[test]
fn without_sound_the_commands_say_so_in_one_line_and_nothing_on_standard_error() {
    let nowhere = ["HOME", "XDG_RUNTIME_DIR"].map(|name| (name, "/nowhere".to_owned()));
    inside(
        "without_sound_the_commands_say_so_in_one_line_and_nothing_on_standard_error",
        &nowhere,
        Path::new(""),
        async |_| {
            let one = "No sound on this machine: no sound server answers and there is no sound card. \
                       Everything else works; sidetone doctor says what can be done.\n";
            let begin = Clock.now();
            assert_eq!(
                sidetone(&["devices"]),
                (one.to_owned(), String::new(), Some(0))
            );
            println!(
                "measured: told after {:?}, with the start of the program",
                Clock.now().since(begin)
            );
            let (said, errors, code) = sidetone(&["devices", "--test"]);
            assert!(said.ends_with(one), "{said}");
            assert_eq!((errors.as_str(), code), ("", Some(0)));
            let (said, _, _) = sidetone(&["devices", "--json"]);
            let told: serde_json::Value = serde_json::from_str(&said).unwrap();
            assert_eq!(
                told["none"],
                "no sound server answers and there is no sound card"
            );
            let (said, errors, code) = sidetone(&["doctor"]);
            assert!(
                said.contains(
                    "note, sound: none: no sound server answers and there is no sound card"
                ),
                "{said}"
            );
            assert_eq!((errors.as_str(), code), ("", Some(0)), "{said}");
        },
    );
}

#[test]
fn the_doctor_sees_that_sound_and_service_are_well() {
    beside_a_server(
        "the_doctor_sees_that_sound_and_service_are_well",
        async |_| {
            let host = program::Host::start();
            let told = Command::new(env!("CARGO_BIN_EXE_sidetone"))
                .args(["doctor", "--json"])
                .env("SIDETONE_ENDPOINT", host.endpoint())
                .output()
                .unwrap();
            let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
            assert_eq!(told["problems"], 0, "{told}");
            let lines = told["checks"].as_array().unwrap();
            let of = |check: &str| -> Vec<_> {
                let rows = lines.iter().filter(|row| row["check"] == check);
                rows.map(|row| {
                    (
                        row["verdict"].as_str().unwrap(),
                        row["text"].as_str().unwrap(),
                    )
                })
                .collect()
            };
            let sound = of("sound");
            assert!(
                sound[0].1.ends_with("1 microphone, 2 speakers"),
                "{sound:?}"
            );
            assert_eq!(
                sound[1..],
                [("ok", "Microphone: Microphone"), ("ok", "Speaker: Speaker")]
            );
            assert_eq!(
                of("service"),
                [
                    ("ok", "127.0.0.1 answers"),
                    ("ok", "the clock of this machine agrees with the service's")
                ]
            );
        },
    );
}

#[test]
fn the_doctor_calls_a_named_sound_server_that_is_not_there_a_problem() {
    let gone = [
        ("PULSE_SERVER", "unix:/nowhere/pulse-forward".to_owned()),
        ("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22".to_owned()),
    ];
    inside(
        "the_doctor_calls_a_named_sound_server_that_is_not_there_a_problem",
        &gone,
        Path::new(""),
        async |_| {
            let (said, errors, code) = sidetone(&["doctor"]);
            assert_eq!((errors.as_str(), code), ("", Some(1)), "{said}");
            let line = said
                .lines()
                .find(|line| line.starts_with("problem, sound: none"));
            assert!(
                line.is_some_and(|line| line.contains("To mend: ")),
                "{said}"
            );
            assert!(said.ends_with("One problem was found.\n"), "{said}");
        },
    );
}

#[test]
fn the_doctor_says_how_a_sound_server_over_tcp_is_reached() {
    let tcp = [
        ("PULSE_SERVER", "tcp:desk.example:4713".to_owned()),
        ("XDG_RUNTIME_DIR", "/nowhere".to_owned()),
    ];
    inside(
        "the_doctor_says_how_a_sound_server_over_tcp_is_reached",
        &tcp,
        Path::new(""),
        async |_| {
            let (said, errors, code) = sidetone(&["doctor"]);
            assert_eq!((errors.as_str(), code), ("", Some(1)), "{said}");
            let line = "problem, sound: PULSE_SERVER is tcp:desk.example:4713, and sidetone reaches sound servers \
                        through sockets only, as unix:PATH. To mend: ssh -fN -L /nowhere/pulse-forward:localhost:4713 \
                        desk.example && export PULSE_SERVER=unix:/nowhere/pulse-forward\n";
            assert!(said.contains(line), "{said}");
        },
    );
}
