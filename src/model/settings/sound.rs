//! What a person may choose about sound, captions and real-time text.

use std::collections::BTreeMap;

use crate::model::settings::SettingKey;
use crate::model::settings::choose;
use crate::model::settings::key;
use crate::model::settings::word;
use crate::model::sound::Audio;
use crate::model::sound::AudioMode;
use crate::model::sound::Choice;
use crate::model::sound::Direction;
use crate::model::sound::LOUDEST;
use crate::model::sound::Processing;
use crate::model::sound::PushToTalk;
use crate::model::text;

#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each a line of the file"
)]
pub struct Sound {
    /// How calls are joined.
    pub audio: Audio,
    /// By whose devices calls go that the vendor's SDK carries.
    pub audio_mode: AudioMode,
    pub microphone: Choice,
    pub speaker: Choice,
    /// Of everything that is played, in percent.
    pub volume: u16,
    /// Of one person, by name, in percent.
    pub volumes: BTreeMap<String, u16>,
    pub push_to_talk: PushToTalk,
    /// Microphone and speaker are tried before joining.
    pub precheck: bool,
    pub processing: Processing,
    /// Short sounds beside what is said in words.
    pub earcons: bool,
    /// Calls to us are heard.
    pub ring: bool,
    pub captions: bool,
    /// Real-time text is said word by word.
    pub rtt_live: bool,
}

/// The keys, besides `volumes.NAME`.
pub(super) const KEYS: [SettingKey; 14] = [
    key("audio", "full, listen, none"),
    key("audio_mode", "raw, system"),
    key("microphone", "default, none, a device's name"),
    key("speaker", "default, none, a device's name"),
    key("volume", "percent from 0 to 200"),
    key("push_to_talk", "off, hold, toggle"),
    key("precheck", "true, false"),
    key("echo_cancellation", "true, false"),
    key("noise_suppression", "true, false"),
    key("gain_control", "true, false"),
    key("earcons", "true, false"),
    key("ring", "true, false"),
    key("captions", "true, false"),
    key("rtt_live", "true, false"),
];

impl Sound {
    pub const fn device(&self, direction: Direction) -> &Choice {
        match direction {
            Direction::Capture => &self.microphone,
            Direction::Playback => &self.speaker,
        }
    }

    /// How loud somebody is to be heard, where that was chosen.
    pub fn volume_of(&self, name: &str) -> Option<u16> {
        self.volumes.get(name).copied()
    }

    /// `None` where it does not fit, or is no key of sound.
    pub(super) fn take(&mut self, name: &str, given: &str) -> Option<()> {
        match name {
            "audio" => self.audio = choose(given, &AUDIOS)?,
            "audio_mode" => self.audio_mode = choose(given, &MODES)?,
            "microphone" => self.microphone = Choice::parse(&text::name(given)),
            "speaker" => self.speaker = Choice::parse(&text::name(given)),
            "volume" => self.volume = percent(given)?,
            "push_to_talk" => self.push_to_talk = choose(given, &TALKS)?,
            "precheck" => self.precheck = given.parse().ok()?,
            "echo_cancellation" => self.processing.echo = given.parse().ok()?,
            "noise_suppression" => self.processing.noise = given.parse().ok()?,
            "gain_control" => self.processing.gain = given.parse().ok()?,
            "earcons" => self.earcons = given.parse().ok()?,
            "ring" => self.ring = given.parse().ok()?,
            "captions" => self.captions = given.parse().ok()?,
            "rtt_live" => self.rtt_live = given.parse().ok()?,
            _ => {
                let who = name.strip_prefix(VOLUME_OF)?;
                self.volumes.insert(text::name(who), percent(given)?);
            }
        }
        Some(())
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "audio" => word(self.audio, &AUDIOS),
            "audio_mode" => word(self.audio_mode, &MODES),
            "microphone" => self.microphone.word().to_owned(),
            "speaker" => self.speaker.word().to_owned(),
            "volume" => self.volume.to_string(),
            "push_to_talk" => word(self.push_to_talk, &TALKS),
            "precheck" => self.precheck.to_string(),
            "echo_cancellation" => self.processing.echo.to_string(),
            "noise_suppression" => self.processing.noise.to_string(),
            "gain_control" => self.processing.gain.to_string(),
            "earcons" => self.earcons.to_string(),
            "ring" => self.ring.to_string(),
            "captions" => self.captions.to_string(),
            "rtt_live" => self.rtt_live.to_string(),
            _ => self.volume_of(name.strip_prefix(VOLUME_OF)?)?.to_string(),
        })
    }
}

/// Before the name of somebody whose volume was chosen.
pub const VOLUME_OF: &str = "volumes.";

fn percent(given: &str) -> Option<u16> {
    let number = given.trim_end_matches('%').trim_end();
    number.parse().ok().filter(|p| *p <= LOUDEST)
}

const AUDIOS: [(&str, Audio); 3] = [
    ("full", Audio::Full),
    ("listen", Audio::Listen),
    ("none", Audio::None),
];
const MODES: [(&str, AudioMode); 2] = [("raw", AudioMode::Raw), ("system", AudioMode::System)];
const TALKS: [(&str, PushToTalk); 3] = [
    ("off", PushToTalk::Off),
    ("hold", PushToTalk::Hold),
    ("toggle", PushToTalk::Toggle),
];

impl Default for Sound {
    fn default() -> Self {
        Self {
            audio: Audio::Full,
            audio_mode: AudioMode::Raw,
            microphone: Choice::Default,
            speaker: Choice::Default,
            volume: 100,
            volumes: BTreeMap::new(),
            push_to_talk: PushToTalk::Off,
            precheck: true,
            processing: Processing {
                echo: true,
                noise: true,
                gain: true,
            },
            earcons: true,
            ring: true,
            captions: false,
            rtt_live: false,
        }
    }
}
