//! The devices of a machine, and how a person names one.

use std::fmt;

use crate::model::sound::Choice;
use crate::model::sound::Direction;

/// What the sound system offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Who was asked: `PulseAudio`, to which other servers answer too, or `ALSA`.
    pub system: &'static str,
    pub devices: Vec<Listed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The same after a restart, and unique: `pulseaudio:alsa_input.usb-…`.
    pub id: String,
    /// Clean, and unique among those of its direction.
    pub name: String,
    pub direction: Direction,
    /// The system's own choice.
    pub default: bool,
    /// Not a microphone but what a speaker plays.
    pub monitor: bool,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    One(&'a Listed),
    None,
    /// A part of these names, and whole of none.
    Several(Vec<&'a Listed>),
}

impl Listing {
    pub(super) fn new(system: &'static str, mut devices: Vec<Listed>) -> Self {
        for at in 1..devices.len() {
            let (before, rest) = devices.split_at_mut(at);
            let device = &mut rest[0];
            let alike = |name: &str| {
                before
                    .iter()
                    .any(|other| other.direction == device.direction && other.name == name)
            };
            if alike(&device.name) {
                let mut numbered = (2..).map(|n| format!("{} {n}", device.name));
                device.name = numbered.find(|name| !alike(name)).unwrap_or_default();
            }
        }
        Self { system, devices }
    }

    /// Microphones, or speakers.
    pub fn of(&self, direction: Direction) -> impl Iterator<Item = &Listed> {
        self.devices
            .iter()
            .filter(move |device| device.direction == direction && !device.monitor)
    }

    /// Finds a device by its id, its name or a part of either. A monitor wants to be named in full.
    pub fn find(&self, direction: Direction, wished: &str) -> Found<'_> {
        let wished = wished.trim().to_lowercase();
        let whole = self.devices.iter().find(|device| {
            device.direction == direction
                && (device.id.to_lowercase() == wished || device.name.to_lowercase() == wished)
        });
        if let Some(device) = whole {
            return Found::One(device);
        }
        let mut like = self.of(direction).filter(|device| {
            !wished.is_empty()
                && (device.name.to_lowercase().contains(&wished)
                    || device.id.to_lowercase().contains(&wished))
        });
        match (like.next(), like.next()) {
            (None, _) => Found::None,
            (Some(device), None) => Found::One(device),
            (Some(first), Some(second)) => {
                Found::Several([first, second].into_iter().chain(like).collect())
            }
        }
    }

    /// Whether this name stands for exactly one.
    pub(super) fn has(&self, direction: Direction, wished: &str) -> bool {
        matches!(self.find(direction, wished), Found::One(_))
    }

    /// Where a choice leads: to the wished one, else to the default, else to any.
    pub(super) fn lead(&self, direction: Direction, choice: &Choice) -> Option<&Listed> {
        match choice {
            Choice::None => return None,
            Choice::Named(wished) => {
                if let Found::One(device) = self.find(direction, wished) {
                    return Some(device);
                }
            }
            Choice::Default => {}
        }
        let default = self.of(direction).find(|device| device.default);
        default.or_else(|| self.of(direction).next())
    }
}

/// Why nothing is heard or captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSound {
    /// The person wants none.
    Chosen,
    /// Neither a sound server nor a sound card.
    NoServer,
    /// There is a sound system, and it has no such device.
    NoDevice(Direction),
    /// The sound server took the question and gave no answer.
    NotAnswering,
    Denied,
    Busy,
    /// It does what we cannot use.
    Unusable,
}

/// A clause: what a sentence goes on with after "no sound: ".
impl fmt::Display for NoSound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chosen => "none was chosen",
            Self::NoServer => "no sound server answers and there is no sound card",
            Self::NoDevice(Direction::Capture) => "there is no microphone",
            Self::NoDevice(Direction::Playback) => "there is no speaker",
            Self::NotAnswering => "the sound server does not answer",
            Self::Denied => "the system or the sound server denies access",
            Self::Busy => "another program is using the device",
            Self::Unusable => "the device cannot do 48,000 samples a second",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, name: &str, direction: Direction) -> Listed {
        Listed {
            id: format!("pulseaudio:{id}"),
            name: name.to_owned(),
            direction,
            default: false,
            monitor: id.ends_with(".monitor"),
        }
    }

    fn listing() -> Listing {
        Listing::new(
            "PulseAudio",
            vec![
                device("usb-a", "USB headset", Direction::Capture),
                device("usb-b", "USB headset", Direction::Capture),
                device("pci", "Built-in audio", Direction::Capture),
                device("pci.monitor", "Monitor of Built-in", Direction::Capture),
                device("usb-a", "USB headset", Direction::Playback),
            ],
        )
    }

    #[test]
    fn a_choice_leads_to_the_wished_one_or_else_to_the_default_or_to_any() {
        let mut listing = listing();
        let lead = |listing: &Listing, choice: &Choice| {
            let device = listing.lead(Direction::Capture, choice);
            device.map(|device| device.name.clone())
        };
        let named = |name: &str| Choice::Named(name.to_owned());
        assert_eq!(
            lead(&listing, &Choice::Default).as_deref(),
            Some("USB headset")
        );
        listing.devices[2].default = true;
        assert_eq!(
            lead(&listing, &named("headset 2")).as_deref(),
            Some("USB headset 2")
        );
        for choice in [Choice::Default, named("webcam"), named("headset")] {
            assert_eq!(lead(&listing, &choice).as_deref(), Some("Built-in audio"));
        }
        assert_eq!(lead(&listing, &Choice::None), None);
    }

    fn found(wished: &str) -> Vec<String> {
        match listing().find(Direction::Capture, wished) {
            Found::One(device) => vec![device.name.clone()],
            Found::None => Vec::new(),
            Found::Several(devices) => devices.iter().map(|d| d.name.clone()).collect(),
        }
    }

    #[test]
    fn equal_names_are_told_apart_within_a_direction() {
        let names: Vec<_> = listing().devices.into_iter().map(|d| d.name).collect();
        assert_eq!(names[1], "USB headset 2");
        assert_eq!(names[4], "USB headset");
    }

    #[test]
    fn a_device_is_found_by_id_name_or_unique_part() {
        assert_eq!(found("pulseaudio:usb-b"), ["USB headset 2"]);
        assert_eq!(found(" usb HEADSET "), ["USB headset"]);
        assert_eq!(found("built"), ["Built-in audio"]);
        assert_eq!(found("usb-b"), ["USB headset 2"]);
    }

    #[test]
    fn an_ambiguous_part_names_the_candidates_and_an_empty_one_nobody() {
        assert_eq!(found("headset"), ["USB headset", "USB headset 2"]);
        assert!(found("").is_empty());
        assert!(found("webcam").is_empty());
    }

    #[test]
    fn a_monitor_is_no_microphone_unless_named_in_full() {
        assert_eq!(found("monitor of"), Vec::<String>::new());
        assert_eq!(found("monitor of built-in"), ["Monitor of Built-in"]);
    }
}
