//! How much of a voice is left on a bad network, here and in Chromium, side by side.
//!
//! One sender speaks to both at once; each listens through a relay of its own with the same
//! seed, so that both lose the same packets. What each plays is compared with the same packets
//! decoded without loss.
//!
//! Players even out the network by playing a little faster or slower for a while, Chromium in
//! steps of a pitch period and this client in steps of frames. That is no noise. So the sound is
//! compared in pieces of a tenth of a second, each at the delay at which it fits best near the
//! delay before it; only within a piece is a change of speed counted as noise, for both alike.
//!
//! What is left of one fifteen seconds is mostly a matter of luck: nearly all noise is where two
//! packets in a row are lost, in a loud place or in a quiet one, and one seed differs from another
//! by 8 dB, also for a decoder that could wait for every packet. So what shall be reached is the
//! mean of several seeds.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot set up its scene must fail, and says what it measured"
)]

#[path = "support/browser.rs"]
mod browser;

#[path = "support/ends.rs"]
mod ends;

#[path = "support/impair.rs"]
mod impair;

#[path = "support/way.rs"]
mod way;

#[path = "chromium/alike.rs"]
mod alike;

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sidetone::audio::FRAME_TIME;
use sidetone::audio::SILENCE;
use sidetone::audio::codec::Decoder;
use sidetone::audio::codec::Encoder;
use sidetone::audio::codec::Settings;
use sidetone::audio::codec::Silence;
use sidetone::audio::ogg::Clip;
use sidetone::audio::receive;
use sidetone::audio::receive::Receiver;
use sidetone::clock::Clock;
use sidetone::clock::Moment;
use sidetone::rtc::hub;
use sidetone::rtc::hub::Outgoing;
use sidetone::rtc::hub::PeerId;
use sidetone::rtc::packet::Frame;
use sidetone::rtc::packet::Gate;
use sidetone::rtc::peer::Command;
use sidetone::rtc::peer::Event;
use sidetone::rtc::peer::State;
use sidetone::rtc::sdp::Sdp;

use crate::alike::signal_to_noise;
use crate::browser::Browser;
use crate::browser::Told;
use crate::ends::Client;
use crate::ends::LOOPBACK;
use crate::ends::Service;
use crate::ends::within;
use crate::impair::Impairment;
use crate::way::Turn;

const US: PeerId = PeerId(1);
const CHROMIUM: PeerId = PeerId(2);

/// One who speaks to both.
impl Service {
    /// The answer to a listener's offer, as it leads through the relay.
    async fn answer(&mut self, peer: PeerId, offer: String, turn: &Turn) -> String {
        let accept = hub::Command::Accept {
            peer,
            address: LOOPBACK,
            offer: Sdp(offer),
        };
        self.commands.send(accept).await.unwrap();
        let open = hub::Command::Gate(peer, Gate::Open);
        self.commands.send(open).await.unwrap();
        loop {
            if let (from, Event::Answer(answer)) = within(self.events.recv()).await.unwrap()
                && from == peer
            {
                return turn.answer(&answer.0).await;
            }
        }
    }

    async fn speak(&self, packets: &[Arc<[u8]>]) {
        let mut ticks = tokio::time::interval(2 * FRAME_TIME);
        for (count, payload) in (0_u32..).zip(packets) {
            ticks.tick().await;
            let frame = Frame {
                timestamp: count * 960,
                payload: Arc::clone(payload),
                level: None,
                marker: count == 0,
            };
            let to = vec![US, CHROMIUM];
            self.frames.send(Outgoing { to, frame }).await.unwrap();
        }
    }
}

/// This client's connection and its player.
struct Us(Client);

impl Us {
    async fn connect(sender: &mut Service, turn: &Turn) -> Self {
        let mut client = sender.client(US.0);
        let commands = client.commands.clone();
        commands.send(Command::Gate(Gate::Open)).await.unwrap();
        commands.send(Command::Offer).await.unwrap();
        loop {
            match within(client.events.recv()).await.unwrap() {
                Event::Offer(offer) => {
                    let answer = sender.answer(US, offer.0, turn).await;
                    let answer = Command::Answer(Sdp(answer));
                    commands.send(answer).await.unwrap();
                }
                Event::State(State::Connected) => break,
                _ => {}
            }
        }
        Self(client)
    }

    /// Plays for so long, as a device would take it.
    async fn listen(&mut self, span: Duration) -> Vec<f32> {
        let mut receiver = Receiver::new().unwrap();
        let mut heard = Vec::new();
        // Ticks that come late come all the same, as a device goes on.
        let mut ticks = tokio::time::interval(FRAME_TIME);
        let until = Clock.now() + span;
        while Clock.now() < until {
            tokio::select! {
                biased;
                Some(packet) = self.0.packets.recv() => {
                    let at = packet.arrived.since(Moment::ZERO);
                    let packet = receive::Packet {
                        sequence: packet.number(),
                        timestamp: packet.timestamp,
                        payload: packet.payload,
                    };
                    receiver.push(packet, at);
                }
                _ = ticks.tick() => {
                    let mut frame = SILENCE;
                    receiver.pull(&mut frame, Clock.now().since(Moment::ZERO));
                    heard.extend(frame);
                }
            }
        }
        heard
    }
}

/// A network, and the seeds under which each listens through it.
struct Weather {
    name: &'static str,
    impairment: Impairment,
    /// In the middle nothing gets through for a while.
    stall: Option<Duration>,
    seeds: RangeInclusive<u64>,
}

impl Weather {
    fn lossy(name: &'static str, loss: f64, seeds: RangeInclusive<u64>) -> Self {
        let impairment = Impairment {
            loss,
            ..Impairment::default()
        };
        Self {
            name,
            impairment,
            stall: None,
            seeds,
        }
    }

    fn late(name: &'static str, jitter: u64, reorder: f64, stall: Option<Duration>) -> Self {
        let impairment = Impairment {
            delay: Duration::from_millis(20),
            jitter: Duration::from_millis(jitter),
            reorder,
            ..Impairment::default()
        };
        Self {
            name,
            impairment,
            stall,
            seeds: 7..=7,
        }
    }
}

/// What each heard of the same voice.
async fn listen_in(weather: &Weather, seed: u64, packets: &[Arc<[u8]>]) -> [Vec<f32>; 2] {
    let mut sender = Service::start();
    let ours = Turn::new(Impairment::default(), seed);
    let theirs = Turn::new(Impairment::default(), seed);
    let mut us = Us::connect(&mut sender, &ours).await;
    let page = include_str!("chromium/listen.html");
    let flags = ["--allow-loopback-in-peer-connection"];
    let browser = Browser::open(page, "", &flags, &[]).expect("Chromium is installed");
    let offer = told(&browser, "/offer");
    let answer = sender.answer(CHROMIUM, offer.text(), &theirs).await;
    offer.answer(answer);
    let connected = told(&browser, "/connected");
    let relays = [&ours, &theirs].map(|turn| turn.relay().unwrap());
    for relay in relays {
        relay.impair(weather.impairment);
    }
    let span = 2 * FRAME_TIME * u32::try_from(packets.len()).unwrap() + Duration::from_millis(500);
    let stall = async {
        if let Some(stall) = weather.stall {
            tokio::time::sleep(span / 2).await;
            for relay in relays {
                relay.stall(stall);
            }
        }
    };
    let (heard, (), ()) = tokio::join!(us.listen(span), sender.speak(packets), stall);
    connected.answer("");
    println!(
        "  Chromium says {}",
        facts(&told(&browser, "/statistics").text())
    );
    let sound = told(&browser, "/heard").body;
    let samples = sound.as_chunks().0.iter();
    [
        heard,
        samples.map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    ]
}

fn told(browser: &Browser, path: &str) -> Told {
    let told = browser
        .told()
        .unwrap_or_else(|| panic!("the page does not come to {path}"));
    assert_eq!(told.path, path, "{}", told.text());
    told
}

/// What shows whether it had the packets that we had.
fn facts(statistics: &str) -> String {
    let all: serde_json::Value = serde_json::from_str(statistics).unwrap();
    let names = [
        "packetsReceived",
        "packetsLost",
        "concealedSamples",
        "fecPacketsReceived",
    ];
    let words = names.map(|name| format!("{name} {}", all[name]));
    words.join(", ")
}

/// What the cast of the demo says, some fifteen seconds of it.
fn voice() -> Vec<f32> {
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service/media/clips");
    let files = std::fs::read_dir(clips)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "opus"))
        .collect();
    files.sort();
    let decode = |file| {
        Clip::read(&std::fs::read(file).unwrap())
            .unwrap()
            .decode()
            .unwrap()
    };
    let mut voice: Vec<f32> = files.into_iter().flat_map(decode).collect();
    voice.truncate(15 * 48_000);
    voice
}

/// As the client sends it once it knows how much is lost. Silence is sent: what each makes of its absence is no loss.
fn encoded(voice: &[f32], loss: u8) -> Vec<Arc<[u8]>> {
    let settings = Settings {
        expected_loss: loss,
        silence: Silence::Continuous,
        ..Settings::default()
    };
    let mut encoder = Encoder::new(settings).unwrap();
    let packets = voice.as_chunks().0.iter();
    packets
        .map(|packet| encoder.encode(packet).unwrap())
        .collect()
}

fn decoded(packets: &[Arc<[u8]>]) -> Vec<f32> {
    let mut decoder = Decoder::new().unwrap();
    let mut sound = Vec::new();
    for packet in packets {
        sound.extend(decoder.decode(packet).unwrap());
    }
    sound
}

fn weathers() -> [Weather; 8] {
    [
        Weather::lossy("1 % lost", 1.0, 7..=7),
        Weather::lossy("5 % lost", 5.0, 7..=7),
        Weather::lossy(WORST_AIMED_AT, 10.0, 1..=7),
        Weather::lossy("20 % lost", 20.0, 7..=7),
        Weather::late("jitter 20 ms", 20, 0.0, None),
        Weather::late("jitter 60 ms", 60, 0.0, None),
        Weather::late("10 % reordered", 0, 10.0, None),
        Weather::late("300 ms stalled", 0, 0.0, Some(Duration::from_millis(300))),
    ]
}

const WORST_AIMED_AT: &str = "10 % lost";

/// What shall be left at 10 % loss, in the mean of the seeds; and of a voice that comes late: there Chromium, which waits
/// longer before it plays, loses next to nothing.
const AIM: f64 = 17.0;

/// Both learn the network in the first of it.
const LEARNT: usize = 2 * 48_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and a quiet machine for four minutes: a part of `make test-long`"]
async fn as_much_of_a_voice_is_left_as_in_chromium() {
    let voice = voice();
    println!("{:>16}   seed   sidetone dB   Chromium dB", "");
    for weather in weathers() {
        let name = weather.name;
        let packets = encoded(&voice, weather.impairment.loss as u8);
        let clean = decoded(&packets);
        let mut sums = [0.0, 0.0];
        let count = weather.seeds.clone().count() as f64;
        for seed in weather.seeds.clone() {
            let heard = listen_in(&weather, seed, &packets).await;
            let left = heard.map(|heard| signal_to_noise(&clean, &heard, LEARNT));
            println!(
                "{name:>16}   {seed:>4}   {:>11.1}   {:>11.1}",
                left[0], left[1]
            );
            sums = [sums[0] + left[0], sums[1] + left[1]];
        }
        let [ours, theirs] = sums.map(|sum| sum / count);
        println!("{name:>16}   mean   {ours:>11.1}   {theirs:>11.1}");
        let lossy = weather.impairment.loss > 0.0;
        let least = theirs - 1.0;
        assert!(
            ours >= if lossy { least } else { least.min(AIM) },
            "{name}: {ours:.1} dB here, {theirs:.1} dB in Chromium"
        );
        let aimed_at = name == WORST_AIMED_AT;
        assert!(!aimed_at || ours >= AIM, "{ours:.1} dB of {AIM} are left");
    }
}
