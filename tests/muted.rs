//! Mute means mute, at the socket: what leaves a real client whose microphone is never silent.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a test that cannot set up its scene must fail, and says what it measured"
)]

#[path = "support/impair.rs"]
mod impair;

#[path = "support/participant.rs"]
mod participant;

#[path = "support/program.rs"]
mod program;

#[path = "support/pulse.rs"]
mod pulse;

#[path = "support/terminal.rs"]
mod pty;

#[path = "support/way.rs"]
mod way;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::clock::Moment;

use crate::impair::Impairment;
use crate::participant::Participant;
use crate::program::Host;
use crate::pty::Session;
use crate::pulse::Pulse;
use crate::pulse::sine;
use crate::way::Way;

/// A client in a terminal, with a tap between it and the host, and 700 Hz in its microphone all the time.
struct Ada {
    session: Session,
    way: Way,
    _voice: Voice,
    _sound: Pulse,
}

/// Ends before the sound server does.
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

impl Ada {
    async fn knock(host: &Host, link: &str) -> Self {
        let way = Way::to(host.endpoint(), Impairment::default(), 1).await;
        let sound = Pulse::start();
        let goes_on = Arc::new(AtomicBool::new(true));
        let (watched, mut speaker) = (Arc::clone(&goes_on), sound.speak("mic"));
        let speaking = thread::spawn(move || {
            let mut from = 0;
            while watched.load(Relaxed) {
                speaker.say(&sine(700.0, -20.0, from, 4800));
                from += 4800;
            }
        });
        let environment = sound.environment();
        let variables: Vec<_> = environment.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let (link, endpoint) = (way.link(link), way.endpoint());
        let arguments = ["join", &link, "--endpoint", &endpoint, "--name", "Ada"];
        // A tone is what noise suppression takes away.
        let more = [
            "--no-check",
            "--screen-reader",
            "--set",
            "noise_suppression=false",
        ];
        let session = Session::start(100, 24, &[&arguments[..], &more].concat(), &variables);
        Self {
            session,
            way,
            _voice: Voice {
                goes_on,
                speaking: Some(speaking),
            },
            _sound: sound,
        }
    }

    fn types(&mut self, words: &str) {
        self.session.press(words);
        self.session.press("\r");
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.session.bytes).into_owned()
    }

    /// Packets of sound that left since then, and the bytes in them.
    fn left_since(&self, moment: Moment) -> (usize, usize) {
        let passed = self.way.relay().map(|relay| relay.sound_since(moment));
        let left = passed.into_iter().flatten().filter(|passing| passing.up);
        left.fold((0, 0), |(count, bytes), passing| {
            (count + 1, bytes + passing.bytes.len())
        })
    }
}

/// For a while nothing leaves Ada, and Bea hears nothing.
fn is_silent(ada: &mut Ada, bea: Option<&Participant>, when: &str) {
    let from = Clock.now();
    ada.session.listen(Duration::from_secs(2));
    let left = ada.left_since(from);
    println!("measured: {when}: {} packets of sound in 2 s", left.0);
    let said = ada.said();
    assert_eq!(left, (0, 0), "{when}; {said}");
    let heard = bea.map_or(Vec::new(), |bea| bea.heard_since(from));
    let loudest = heard.iter().map(|i| i.level).fold(-127.0, f32::max);
    assert!(loudest < -60.0, "{when}: {loudest} dBFS are heard");
}

/// Whereas now everything does; a machine that is behind may need some tries.
fn is_heard(ada: &mut Ada, bea: &Participant) {
    let mut last = String::new();
    for _ in 0..10 {
        let from = Clock.now();
        ada.session.listen(Duration::from_secs(1));
        let (count, bytes) = ada.left_since(from);
        let share = bea.share_loud(from);
        last = format!("{count} packets of sound in 1 s, {bytes} bytes, heard {share:.2}");
        if count > 25 && bytes / count > 50 && share > 0.5 {
            return println!("measured: switched on: {last}");
        }
    }
    panic!("{last}; {}", ada.said());
}

/// What had been said before is on its way for so long at most, the sign that silence begins with it.
fn dies_away(ada: &mut Ada) {
    ada.session.listen(Duration::from_millis(1500));
}

async fn act(host: &Host, made: &Value, path: &str, body: Value) {
    let thread = made["threadId"].as_str().unwrap();
    let thread = thread.replace(':', "%3A").replace('@', "%40");
    host.control(&format!("/meetings/{thread}/{path}"), body)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn muted_in_the_lobby_or_on_hold_no_sound_leaves_a_client() {
    let host = Host::start();
    let new = json!({"topic": "Tapped", "lobby": "organizer", "organizer": "Alice"});
    let made = host.control("/meetings", new).await;
    act(&host, &made, "participants", json!({"name": "Alice"})).await;
    let link = made["link"].as_str().unwrap();
    let mut bea = Participant::arrive(host.endpoint(), link, "Bea", None).await;
    bea.sees("callState").await;
    act(&host, &made, "participants/Bea/admit", json!({})).await;
    bea.enter().await;

    let mut ada = Ada::knock(&host, link).await;
    ada.session.see("lobby");
    ada.types("/unmute");
    is_silent(&mut ada, Some(&bea), "in the lobby");
    assert!(
        ada.way.relay().is_none(),
        "there is a way for sound already"
    );
    act(&host, &made, "participants/Ada/admit", json!({})).await;
    ada.session.see("Joined Tapped");
    is_silent(&mut ada, Some(&bea), "muted");
    ada.types("/unmute");
    is_heard(&mut ada, &bea);
    ada.types("/mute");
    dies_away(&mut ada);
    is_silent(&mut ada, Some(&bea), "muted again");
    ada.types("/unmute");
    is_heard(&mut ada, &bea);
    ada.types("/hold");
    dies_away(&mut ada);
    is_silent(&mut ada, Some(&bea), "on hold");
    ada.types("/resume");
    is_heard(&mut ada, &bea);
    act(&host, &made, "muteAll", json!({})).await;
    dies_away(&mut ada);
    is_silent(&mut ada, Some(&bea), "muted by somebody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_consent_no_sound_leaves_a_client() {
    let host = Host::start();
    let new = json!({"topic": "Tapped", "lobby": "everyone", "organizer": "Alice",
        "anonymousStart": true, "consentRequired": true});
    let made = host.control("/meetings", new).await;
    act(&host, &made, "recording", json!({"active": true})).await;
    let link = made["link"].as_str().unwrap();
    let bea = Participant::join(host.endpoint(), link, "Bea", None).await;
    let mut ada = Ada::knock(&host, link).await;
    ada.session.see("/consent yes");
    ada.types("/unmute");
    is_silent(&mut ada, Some(&bea), "before consent");
    ada.types("/consent yes");
    ada.session.see("you gave your consent");
    is_silent(&mut ada, Some(&bea), "after consent, and still muted");
    ada.types("/unmute");
    is_heard(&mut ada, &bea);
}
