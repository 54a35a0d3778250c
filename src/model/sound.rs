//! Sound as the rest of the program speaks of it: devices, levels, how one takes part, statistics.

use std::time::Duration;

/// Microphone or speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Capture,
    Playback,
}

impl Direction {
    pub const ALL: [Self; 2] = [Self::Capture, Self::Playback];
}

/// A device that could be opened. Chosen by its name, which is clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub name: String,
    /// The system's own choice.
    pub default: bool,
}

/// Which device is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    #[default]
    Default,
    Named(String),
    /// None at all: nothing is heard, or nothing captured.
    None,
}

impl Choice {
    /// As people write it.
    pub fn parse(text: &str) -> Self {
        match text {
            "" | "default" => Self::Default,
            "none" => Self::None,
            name => Self::Named(name.to_owned()),
        }
    }

    pub fn word(&self) -> &str {
        match self {
            Self::Default => "default",
            Self::Named(name) => name,
            Self::None => "none",
        }
    }
}

/// How one takes part in the sound of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audio {
    /// Neither speaks nor hears.
    None,
    /// Hears only.
    Listen,
    #[default]
    Full,
}

/// By whose devices the sound of a call goes that the vendor's SDK carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudioMode {
    /// Ours: the SDK gets and gives samples.
    #[default]
    Raw,
    /// The browser uses the devices of the system by itself.
    System,
}

/// Why the browser uses the devices of the system itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BySystem {
    /// By the settings.
    Chosen,
    /// Another call is in that browser already.
    Shared,
    /// Samples were refused: a few words why. The meeting is joined once more.
    Refused(RawRefusal),
}

/// The SDK takes or gives no samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRefusal {
    /// A few words.
    pub reason: String,
    /// The vendor's word, which will be the same in the next call.
    pub lasts: bool,
}

/// A short sound beside words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    Joined,
    Left,
    Muted,
    Unmuted,
    /// Recording, transcription or the question for consent.
    Notice,
    NoticeOver,
    Hand,
    Lost,
    Back,
    Error,
    Lobby,
    /// It begins or is over for us.
    Call,
    Mention,
}

/// What sounds until somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ringing {
    #[default]
    Off,
    /// We are called.
    Here,
    /// It rings at the other side, whom we call.
    There,
}

/// A level in whole decibels below full scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(i8);

impl Level {
    pub const SILENCE: Self = Self(-96);

    /// Anything that is no number, and what is quieter than sixteen bits can say, is silence.
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
    pub fn from_dbfs(dbfs: f32) -> Self {
        if dbfs.is_nan() {
            return Self::SILENCE;
        }
        Self(dbfs.round().clamp(-96.0, 0.0) as i8)
    }

    pub const fn dbfs(self) -> i8 {
        self.0
    }
}

/// Whether the microphone is open only while one asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PushToTalk {
    #[default]
    Off,
    /// While Space is held.
    Hold,
    /// From one press of Space to the next.
    Toggle,
}

/// How the end of a held key is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyEnds {
    /// The terminal tells nothing but repeats: the key is up when they stop.
    #[default]
    Repeats,
    /// The terminal reports that a key was let go.
    Releases,
}

/// What is done to captured sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processing {
    /// Echo cancellation.
    pub echo: bool,
    /// Noise suppression.
    pub noise: bool,
    /// Automatic gain control.
    pub gain: bool,
}

/// Where a call's media connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaState {
    #[default]
    None,
    Connected,
    Reconnecting,
}

/// The media connection in figures; what was not measured is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statistics {
    pub round_trip: Option<Duration>,
    /// Lost of what was sent to us, in percent of the last seconds.
    pub lost_in: Option<f32>,
    /// Lost of what we sent.
    pub lost_out: Option<f32>,
    pub jitter: Option<Duration>,
    /// Captured, and played.
    pub level_out: Option<Level>,
    pub level_in: Option<Level>,
    /// `opus`.
    pub codec: String,
    /// Bits a second.
    pub bitrate_in: Option<u32>,
    pub bitrate_out: Option<u32>,
    /// `UDP`, `TCP`.
    pub transport: String,
}

impl Statistics {
    /// The worse of both ways, in whole percent.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    pub fn lost(&self) -> u8 {
        let worse = self
            .lost_in
            .unwrap_or_default()
            .max(self.lost_out.unwrap_or_default());
        worse.round().clamp(0.0, 100.0) as u8
    }
}

/// The loudest that a volume may be set to.
pub const LOUDEST: u16 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_whole_number_of_decibels_below_full_scale() {
        for (given, dbfs) in [
            (-23.4, -23),
            (3.0, 0),
            (-200.0, -96),
            (f32::NAN, -96),
            (f32::NEG_INFINITY, -96),
        ] {
            assert_eq!(Level::from_dbfs(given).dbfs(), dbfs);
        }
    }

    #[test]
    fn a_choice_reads_back_as_it_is_written() {
        for text in ["default", "none", "USB headset"] {
            assert_eq!(Choice::parse(text).word(), text);
        }
    }
}
