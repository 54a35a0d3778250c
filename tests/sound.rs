//! Two people in a meeting who hear each other: the built program twice, a host, and a sound server for each.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a test that cannot set up its scene must fail, and says what it measured"
)]

#[path = "support/program.rs"]
mod program;

#[path = "support/pulse.rs"]
mod pulse;

#[path = "support/terminal.rs"]
mod pty;

#[path = "sound/endurance.rs"]
mod endurance;

#[path = "sound/roaming.rs"]
mod roaming;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use sidetone::audio::ogg::Clip;

use crate::program::Host;
use crate::pty::Session;
use crate::pulse::Listener;
use crate::pulse::Pulse;
use crate::pulse::RATE;
use crate::pulse::dbfs;
use crate::pulse::frequency_near;
use crate::pulse::level_at;
use crate::pulse::sine;
use crate::pulse::speech_level;

/// Nothing is done to the sound.
const UNTOUCHED: [&str; 8] = [
    "--set",
    "echo_cancellation=false",
    "--set",
    "noise_suppression=false",
    "--set",
    "gain_control=false",
    "--set",
    "earcons=false",
];

/// A client in a terminal of its own, beside a sound server of its own.
struct Person {
    session: Session,
    sound: Pulse,
}

impl Person {
    /// Joins with nothing done to their sound.
    fn join(host: &Host, link: &str, name: &str) -> Self {
        Self::join_with(host, link, name, &UNTOUCHED)
    }

    fn join_with(host: &Host, link: &str, name: &str, more: &[&str]) -> Self {
        let mut person = Self::arrive(host, link, name, more);
        person.session.see("In call");
        person
    }

    fn arrive(host: &Host, link: &str, name: &str, more: &[&str]) -> Self {
        Self::start(host, link, name, more, |arguments, variables| {
            Session::start(100, 24, arguments, variables)
        })
    }

    fn start(
        host: &Host,
        link: &str,
        name: &str,
        more: &[&str],
        start: impl FnOnce(&[&str], &[(&str, &str)]) -> Session,
    ) -> Self {
        let sound = Pulse::start();
        let mut arguments = vec!["join", link, "--endpoint", host.endpoint()];
        arguments.extend(["--name", name, "--no-check"]);
        arguments.extend(more);
        let environment = sound.environment();
        let variables: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let session = start(&arguments, &variables);
        Self { session, sound }
    }

    fn press_mute(&mut self) {
        self.session.press("\x14");
    }

    /// Speaks a tone without end into their microphone.
    fn speak(&self, hertz: f64, level: f64) -> Voice {
        let mut from = 0;
        self.say(move || {
            from += 4800;
            sine(hertz, level, from - 4800, 4800)
        })
    }

    /// Says the same words over and over.
    fn talk(&self, words: Vec<f32>) -> Voice {
        let mut pieces = (0..words.len() / 4800).cycle();
        self.say(move || {
            let from = pieces.next().unwrap() * 4800;
            words[from..from + 4800].to_vec()
        })
    }

    /// Says one piece after another into their microphone, until the voice is dropped.
    fn say(&self, mut next: impl FnMut() -> Vec<f32> + Send + 'static) -> Voice {
        let mut speaker = self.sound.speak("mic");
        let goes_on = Arc::new(AtomicBool::new(true));
        let watched = Arc::clone(&goes_on);
        let speaking = thread::spawn(move || {
            while watched.load(Relaxed) {
                speaker.say(&next());
            }
        });
        Voice {
            goes_on,
            speaking: Some(speaking),
        }
    }
}

struct Voice {
    goes_on: Arc<AtomicBool>,
    speaking: Option<JoinHandle<()>>,
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.goes_on.store(false, Relaxed);
        if let Some(speaking) = self.speaking.take() {
            let _ = speaking.join();
        }
    }
}

async fn meeting(host: &Host) -> String {
    let (link, _) = meeting_with_thread(host).await;
    link
}

/// The link of a meeting that everybody may enter, and its thread as it stands in paths.
async fn meeting_with_thread(host: &Host) -> (String, String) {
    let new = json!({"topic": "Sound", "lobby": "everyone", "organizer": "Alice Wu"});
    let meeting = host.control("/meetings", new).await;
    let thread = meeting["threadId"].as_str().unwrap();
    let thread = thread.replace(':', "%3A").replace('@', "%40");
    let alice = json!({"name": "Alice Wu", "admit": true});
    host.control(&format!("/meetings/{thread}/participants"), alice)
        .await;
    (meeting["link"].as_str().unwrap().to_owned(), thread)
}

const SECOND: usize = RATE as usize;

/// Two calls at once are too much for a small machine that must keep time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn what_one_says_the_other_hears_and_nothing_of_it_while_muted() {
    let _alone = ALONE.lock().await;
    let host = Host::start();
    let link = meeting(&host).await;
    let mut ada = Person::join(&host, &link, "Ada");
    let mut bea = Person::join(&host, &link, "Bea");
    one_way(&mut ada, &bea, 700.0);
    one_way(&mut bea, &ada, 1100.0);
    for person in [&mut ada, &mut bea] {
        person.session.press("/quit\r");
        assert_eq!(person.session.end(), 0);
    }
}

/// Whether it is heard at all, in one of the next forty seconds.
fn sounds(heard: &mut Listener, hertz: f64) -> bool {
    (0..40).any(|_| level_at(&heard.hear(SECOND), hertz) > -30.0)
}

/// What was on its way is over soon, however busy the machine: then nothing comes any more.
fn falls_silent(heard: &mut Listener) -> bool {
    let silent = |heard: &mut Listener| dbfs(&heard.hear(SECOND)) < -60.0;
    (0..15).any(|_| silent(heard)) && silent(heard)
}

fn one_way(speaker: &mut Person, listener: &Person, hertz: f64) {
    let _voice = speaker.speak(hertz, -20.0);
    let mut heard = listener.sound.listen("spk.monitor");
    heard.hear(SECOND);
    let muted = heard.hear(2 * SECOND);
    assert!(dbfs(&muted) < -60.0, "muted: {:.1} dBFS", dbfs(&muted));

    speaker.press_mute();
    let piece = heard.hear_sine(hertz, -20.0);
    let (level, frequency) = (level_at(&piece, hertz), frequency_near(&piece, hertz));
    println!("measured: {hertz} Hz arrives at {frequency:.1} Hz and {level:.2} dBFS of -20");
    assert!((frequency - hertz).abs() < hertz / 100.0, "{frequency}");
    assert!((level + 20.0).abs() < 1.0, "{level} dBFS");

    speaker.press_mute();
    speaker.session.see("muted");
    assert!(falls_silent(&mut heard), "heard though muted again");
}

/// What the cast of the demo says, at the level that telephony is laid out for or another.
fn words(level: f64) -> Vec<f32> {
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service/media/clips");
    let mut files: Vec<PathBuf> = std::fs::read_dir(clips)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "opus"))
        .collect();
    files.sort();
    let mut words = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).unwrap();
        words.extend(Clip::read(&bytes).unwrap().decode().unwrap());
    }
    words.truncate(10 * SECOND);
    let gain = 10_f64.powf((level - speech_level(&words)) / 20.0) as f32;
    for sample in &mut words {
        *sample *= gain;
    }
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_that_is_cleaned_arrives_as_loud_as_it_was() {
    let _alone = ALONE.lock().await;
    let host = Host::start();
    let link = meeting(&host).await;
    // Echo cancellation, noise suppression and gain control are on unless somebody says otherwise.
    let mut ada = Person::join_with(&host, &link, "Ada", &[]);
    let mut bea = Person::join_with(&host, &link, "Bea", &[]);
    voice(&mut ada, &bea, -23.0);
    voice(&mut bea, &ada, -26.0);
}

fn voice(speaker: &mut Person, listener: &Person, level: f64) {
    let words = words(level);
    let once = words.len();
    let _voice = speaker.talk(words);
    let mut heard = listener.sound.listen("spk.monitor");
    speaker.press_mute();
    speaker.session.see("LIVE");
    heard.hear(3 * SECOND);
    let arrived = speech_level(&heard.hear(once));
    println!("measured: speech of {level} dBFS arrives at {arrived:.1} dBFS");
    assert!((arrived - level).abs() < 3.0, "{arrived} dBFS of {level}");
    speaker.press_mute();
    speaker.session.see("muted");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_hold_nothing_is_heard_and_nothing_is_said() {
    let _alone = ALONE.lock().await;
    let host = Host::start();
    let link = meeting(&host).await;
    let mut ada = Person::join(&host, &link, "Ada");
    let mut bea = Person::join(&host, &link, "Bea");
    let _voice = ada.speak(700.0, -20.0);
    ada.press_mute();
    let mut heard = bea.sound.listen("spk.monitor");
    assert!(level_at(&heard.hear_sine(700.0, -20.0), 700.0) > -21.0);
    bea.session.press("/hold\r");
    bea.session.see("on hold");
    assert!(falls_silent(&mut heard), "heard on hold");
    bea.session.press("/resume\r");
    assert!(level_at(&heard.hear_sine(700.0, -20.0), 700.0) > -21.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_key_talks_where_the_terminal_tells_that_it_was_let_go() {
    let _alone = ALONE.lock().await;
    let host = Host::start();
    let link = meeting(&host).await;
    let ada = Person::join_with(&host, &link, "Ada", &["--set", "push_to_talk=hold"]);
    let mut session = ada.session;
    session.see("hold Space to talk, while it repeats");
    let came = |session: &Session, wanted: &[u8]| {
        let at = session.bytes.windows(wanted.len());
        at.enumerate().find(|(_, w)| *w == wanted).map(|(at, _)| at)
    };
    assert!(came(&session, b"\x1b[?u").is_some());
    assert!(came(&session, b"\x1b[>3u").is_none());
    // The terminal knows the protocol.
    session.press("\x1b[?0u");
    session.see("hold Space to talk · ");
    assert!(came(&session, b"\x1b[>3u\x1b[?1004h").is_some());
    session.press(" ");
    session.see("LIVE");
    session.press("\x1b[32;1:2u");
    session.press("\x1b[32;1:3u");
    session.see("muted (Ctrl-T)");
    // The window that loses the keys never hears of a release.
    session.press(" ");
    session.see("LIVE");
    session.press("\x1b[O");
    session.see("muted (Ctrl-T)");
    session.press("/quit\r");
    assert_eq!(session.end(), 0);
    let given_back = came(&session, b"\x1b[<u\x1b[?1004l").unwrap();
    assert!(given_back < came(&session, b"\x1b[?1049l").unwrap());
    session.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_while_everybody_is_told_the_host_records() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let files = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let host = Host::start_with(&["--recordings", folder.path().to_str().unwrap()]);
    let (link, thread) = meeting_with_thread(&host).await;
    let mut ada = Person::join(&host, &link, "Ada");
    let mut bea = Person::join(&host, &link, "Bea");
    let _voice = ada.speak(700.0, -20.0);
    ada.press_mute();
    let mut heard = bea.sound.listen("spk.monitor");
    heard.hear_sine(700.0, -20.0);
    assert_eq!(files(), [] as [PathBuf; 0]);

    let recording = format!("/meetings/{thread}/recording");
    host.control(&recording, json!({"active": true, "byName": "Alice Wu"}))
        .await;
    for person in [&mut ada, &mut bea] {
        person.session.see("REC Recording by Alice Wu");
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    host.control(&recording, json!({"active": false})).await;
    for person in [&mut ada, &mut bea] {
        person.session.wait("no recording", |screen| {
            !screen.contents().contains("REC Recording")
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let [file] = &files()[..] else {
        panic!("{:?}", files())
    };
    let bytes = std::fs::read(file).unwrap();
    let sound = Clip::read(&bytes).unwrap().decode().unwrap();
    let seconds = sound.len() as f64 / f64::from(RATE);
    // On a machine that is behind, what was missed is not made up for.
    assert!((1.0..12.0).contains(&seconds), "{seconds} s");
    let pieces = sound.chunks_exact(SECOND / 10);
    let loudest = pieces
        .map(|piece| level_at(piece, 700.0))
        .max_by(f64::total_cmp);
    let level = loudest.unwrap();
    assert!((level + 20.0).abs() < 1.0, "{level} dBFS");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(std::fs::read(file).unwrap().len(), bytes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_a_host_is_told_that_nothing_can_be_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = folder.path().join("said");
    let host = Host::start_saying(&said, &["--recordings", file.to_str().unwrap()]);
    let (_, thread) = meeting_with_thread(&host).await;
    let on = json!({"active": true});
    let status = host
        .control_status(&format!("/meetings/{thread}/recording"), on)
        .await;
    assert_eq!(status, 503);
    drop(host);
    let said = std::fs::read_to_string(said).unwrap();
    assert!(
        said.contains("could not make the file of a recording"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_goes_on_while_anybody_is_there_with_or_without_sound() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start_with(&["--recordings", folder.path().to_str().unwrap()]);
    let (link, thread) = meeting_with_thread(&host).await;
    let silent = ["--set", "audio=none"];
    let mut ada = Person::join_with(&host, &link, "Ada", &silent);
    let mut bea = Person::join_with(&host, &link, "Bea", &[]);
    let recording = format!("/meetings/{thread}/recording");
    host.control(&recording, json!({"active": true})).await;
    ada.session.see("REC Recording");
    bea.session.press("/quit\r");
    assert_eq!(bea.session.end(), 0);
    ada.session.see("Bea (External) left");
    ada.session.listen(Duration::from_secs(1));
    assert!(ada.session.contents().contains("REC Recording"));
    let length = || {
        let entry = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
        entry.unwrap().metadata().unwrap().len()
    };
    let before = length();
    ada.session.listen(Duration::from_secs(3));
    assert!(length() > before, "nothing is written any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_holds_also_while_the_service_cannot_be_asked() {
    let _alone = ALONE.lock().await;
    let host = Host::start();
    let link = meeting(&host).await;
    let mut ada = Person::join(&host, &link, "Ada");
    let bea = Person::join(&host, &link, "Bea");
    let _voice = ada.speak(700.0, -20.0);
    ada.press_mute();
    let mut heard = bea.sound.listen("spk.monitor");
    heard.hear_sine(700.0, -20.0);
    // Signalling says nothing for a while; sound goes its own way.
    host.control("/silence", json!({"millis": 8000})).await;
    ada.session.see("unknown");
    ada.press_mute();
    ada.session.see("muted (Ctrl-T)");
    assert!(falls_silent(&mut heard), "heard though muted");
    // Nor is it undone when the service is back, which heard of it only now.
    ada.session.see("this meeting is not being recorded");
    assert!(falls_silent(&mut heard), "heard again though muted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_started_anew_in_mid_call_ends_it_in_a_sentence() {
    let data = tempfile::tempdir().unwrap();
    let kept = ["--data", data.path().to_str().unwrap()];
    let host = Host::start_with(&kept);
    let link = meeting(&host).await;
    let mut ada = Person::arrive(&host, &link, "Ada", &["--screen-reader"]);
    ada.session.see("Joined Sound");
    let address = host.endpoint().replace("http://", "");
    drop(host);
    ada.session.see("unknown");
    let _anew = Host::start_at(&address, &kept);
    ada.session
        .see("Call: the service seems to have been started anew");
    ada.session.press("/status\r");
    ada.session.see("Not in the call");
    ada.session.press("/quit\r");
    ada.session.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_speaker_that_is_not_here_is_stood_in_for_and_taken_when_it_comes() {
    let _alone = ALONE.lock().await;
    let host = Host::start();
    let link = meeting(&host).await;
    // Where lines stay: on the full screen the next answer takes the place of the last.
    let wished = [
        "--screen-reader",
        "--set",
        "speaker=Headset",
        "--set",
        "earcons=false",
    ];
    let mut ada = Person::arrive(&host, &link, "Ada", &wished);
    ada.session.see("as Headset is not here");
    let mut bea = Person::join(&host, &link, "Bea");
    let _voice = bea.speak(700.0, -20.0);
    bea.press_mute();
    let mut heard = ada.sound.listen("spk.monitor");
    assert!(sounds(&mut heard, 700.0));
    ada.sound.load("headset", "Headset");
    ada.session.see("speaker is now Headset.");
    let mut heard = ada.sound.listen("headset.monitor");
    assert!(sounds(&mut heard, 700.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stood_still_for_a_while_interrupts_the_sound_once() {
    let host = Host::start();
    let link = meeting(&host).await;
    let ada = Person::arrive(&host, &link, "Ada", &["--screen-reader"]);
    let mut session = ada.session;
    session.see("Joined Sound");
    session.listen(Duration::from_secs(3));
    // Long enough for the host to miss her, too, and for her to give the signalling up.
    host.signal(Signal::STOP);
    session.listen(Duration::from_secs(8));
    host.signal(Signal::CONT);
    session.listen(Duration::from_secs(7));
    let said = String::from_utf8_lossy(&session.bytes);
    let times = |words| said.matches(words).count();
    assert_eq!(times("the sound is interrupted"), 1, "{said}");
    assert_eq!(times("the sound is back"), 1, "{said}");
}
