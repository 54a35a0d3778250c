//! What is said and what is heard: the sound devices of two people on one private server.
//!
//! Where the way of a sound is measured, Ada's microphone hears the left of the sink `both` and
//! Bea's speaker plays into the right of it. One recording of both sides therefore holds a sound
//! as Ada said it and as Bea heard it, sample by sample on one clock: what lies between the two is
//! the whole way from microphone to loudspeaker, the buffers of the devices included.
//!
//! But the server cuts what is captured from such a sink wherever what is played into it ends, up
//! to two thousand times a second, which no sound card does. Where processor time is measured,
//! each device is therefore one of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use super::chirps;
use super::pulse::Pulse;
use super::pulse::RATE;

pub(super) const SECOND: usize = RATE as usize;

/// The devices of one person, by what the server calls them and by what people see.
pub(super) struct Devices {
    pub(super) source: &'static str,
    pub(super) sink: &'static str,
    pub(super) microphone: &'static str,
    pub(super) speaker: &'static str,
}

/// What the devices are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scene {
    OneClock,
    Apart,
}

/// Both scenes have devices of these names.
pub(super) const ADA: Devices = Devices {
    source: "virtmic",
    sink: "spk",
    microphone: "Microphone",
    speaker: "Speaker",
};

pub(super) const BEA: Devices = Devices {
    source: "hush",
    sink: "ear",
    microphone: "Hush",
    speaker: "Ear",
};

/// Ada speaks until it is dropped.
pub(super) struct Stage {
    pub(super) pulse: Pulse,
    goes_on: Arc<AtomicBool>,
    voice: Option<JoinHandle<()>>,
}

/// What was said and what was heard at the same time.
pub(super) struct Both {
    pub(super) said: Vec<f32>,
    pub(super) heard: Vec<f32>,
}

impl Stage {
    pub(super) fn set(scene: Scene) -> Self {
        let pulse = Pulse::start();
        let (modules, mouth): (&[&str], _) = match scene {
            Scene::OneClock => (&ONE_CLOCK, "both"),
            Scene::Apart => (&APART, "mic"),
        };
        if scene == Scene::OneClock {
            let microphone = pulse.pactl(&["list", "short", "modules"]);
            let made = microphone
                .lines()
                .find(|line| line.contains("source_name=virtmic"));
            let number = made.and_then(|line| line.split_whitespace().next());
            pulse.pactl(&["unload-module", number.unwrap()]);
        }
        for module in modules {
            let mut command = vec!["load-module"];
            command.extend(module.split(' '));
            pulse.pactl(&command);
        }
        let mut speaker = pulse.speak_left(mouth);
        let goes_on = Arc::new(AtomicBool::new(true));
        let watched = Arc::clone(&goes_on);
        let voice = thread::spawn(move || {
            let mut voice = chirps::voice();
            while watched.load(Relaxed) {
                let piece: Vec<f32> = voice.by_ref().take(SECOND / 10).collect();
                speaker.say(&piece);
            }
        });
        Self {
            pulse,
            goes_on,
            voice: Some(voice),
        }
    }

    /// Listens to both sides for a while, where they have one clock.
    pub(super) fn record(&self, span: Duration) -> Both {
        let mut listener = self.pulse.listen_to("both.monitor", 2);
        let samples = usize::try_from(span.as_millis()).unwrap() * SECOND / 1000;
        let sound = listener.hear(2 * samples);
        Both {
            said: sound.iter().step_by(2).copied().collect(),
            heard: sound.iter().skip(1).step_by(2).copied().collect(),
        }
    }

    /// Waits until Bea hears Ada; whether she does within half a minute.
    pub(super) fn connected(&self) -> bool {
        let mut listener = self.pulse.listen("ear.monitor");
        (0..30).any(|_| chirps::heard(&listener.hear(SECOND)))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.goes_on.store(false, Relaxed);
        if let Some(voice) = self.voice.take() {
            let _ = voice.join();
        }
    }
}

const ONE_CLOCK: [&str; 5] = [
    "module-null-sink sink_name=both rate=48000 channels=2 channel_map=front-left,front-right sink_properties=device.description=Both",
    "module-remap-source source_name=virtmic master=both.monitor channels=1 channel_map=mono master_channel_map=front-left remix=no source_properties=device.description=Microphone",
    "module-remap-sink sink_name=ear master=both channels=1 channel_map=mono master_channel_map=front-right remix=no sink_properties=device.description=Ear",
    "module-null-sink sink_name=nothing rate=48000 sink_properties=device.description=Nothing",
    "module-remap-source source_name=hush master=nothing.monitor source_properties=device.description=Hush",
];

const APART: [&str; 3] = [
    "module-null-sink sink_name=ear rate=48000 sink_properties=device.description=Ear",
    "module-null-sink sink_name=nothing rate=48000 sink_properties=device.description=Nothing",
    "module-remap-source source_name=hush master=nothing.monitor source_properties=device.description=Hush",
];
