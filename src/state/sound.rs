//! Microphone and speaker: what there is, what is open, and what the sound side was last told.
//!
//! What the sound side shall do is derived from the whole state, after everything that
//! happens, and only what changed is told. So no path can forget to close a microphone.

use std::collections::BTreeSet;

use crate::clock::Moment;
use crate::model::account::AccountId;
use crate::model::call::CallState;
use crate::model::locator::Locator;
use crate::model::notice::Consent;
use crate::model::settings::Motion;
use crate::model::sound::Audio;
use crate::model::sound::Choice;
use crate::model::sound::Device;
use crate::model::sound::Direction;
use crate::model::sound::Level;
use crate::model::sound::Processing;
use crate::model::sound::PushToTalk;
use crate::model::sound::Ringing;
use crate::state::State;
use crate::state::call::Call;
use crate::state::focus::Overlay;
use crate::state::talk::Talk;

#[derive(Debug, Clone, Default)]
pub struct Sound {
    /// What the sound side was asked to ring.
    pub rings: Ringing,
    pub system: System,
    /// There is none, and nobody was told so far: no call wanted any.
    pub unsaid: bool,
    pub capture: Line,
    pub playback: Line,
    /// What the microphone gives, while that is looked at.
    pub meter: Option<Meter>,
    /// What is played, likewise.
    pub output: Option<Level>,
    /// Somebody waits for the list of devices, until then.
    pub asked: Option<Moment>,
    pub check: Option<Check>,
    /// We hear nothing, by choice.
    pub deafened: bool,
    pub talk: Talk,
    /// When somebody was last told that they speak while muted.
    pub warned: Option<Moment>,
    told: Option<Wanted>,
}

/// Whether there is sound on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum System {
    /// Nobody here owns microphone and speaker.
    #[default]
    Unowned,
    /// Asked, and not answered yet.
    Looking,
    Present,
    Absent {
        reason: String,
    },
}

/// One direction of sound.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub devices: Vec<Device>,
    /// What is open.
    pub open: Option<String>,
    /// What was chosen and is not here: what is open stands in for it until it is.
    pub missing: Option<String>,
    /// What was open and vanished.
    pub lost: Option<String>,
    /// It could not be opened.
    pub failed: bool,
}

/// What the microphone gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    pub level: Level,
    pub gate: Level,
    pub speaking: bool,
}

/// Microphone and speaker are tried before the call that was asked for is joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub account: AccountId,
    pub locator: Locator,
    pub name: String,
    /// Until then the sound side may say what devices there are; `None` once it has.
    pub patience: Option<Moment>,
}

/// What the sound side shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each a command"
)]
pub struct Wanted {
    pub microphone: Choice,
    pub speaker: Choice,
    pub processing: Processing,
    pub capture: bool,
    pub playback: bool,
    /// In whose calls the microphone may be heard.
    pub heard: BTreeSet<AccountId>,
    pub deafen: bool,
    pub volume: u16,
    pub meter: bool,
}

impl Sound {
    pub const fn line(&self, direction: Direction) -> &Line {
        match direction {
            Direction::Capture => &self.capture,
            Direction::Playback => &self.playback,
        }
    }

    pub const fn line_mut(&mut self, direction: Direction) -> &mut Line {
        match direction {
            Direction::Capture => &mut self.capture,
            Direction::Playback => &mut self.playback,
        }
    }

    /// The device of that name, or number in the list, or the begin of a name.
    pub fn find(&self, direction: Direction, wanted: &str) -> Option<Choice> {
        let devices = &self.line(direction).devices;
        if let choice @ (Choice::Default | Choice::None) = Choice::parse(wanted) {
            return Some(choice);
        }
        let number = wanted.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let lower = wanted.to_lowercase();
        let starts = |d: &&Device| d.name.to_lowercase().starts_with(&lower);
        let found = devices
            .iter()
            .find(|d| d.name == wanted)
            .or_else(|| devices.iter().find(starts))
            .or_else(|| devices.get(number?));
        found.map(|d| Choice::Named(d.name.clone()))
    }

    /// Everything that can be chosen, microphones first.
    pub fn choices(&self) -> Vec<(Direction, Choice)> {
        let of = |direction| {
            let devices = self.line(direction).devices.iter();
            let named = devices.map(|d| Choice::Named(d.name.clone()));
            let all = std::iter::once(Choice::Default)
                .chain(named)
                .chain([Choice::None]);
            all.map(move |choice| (direction, choice))
        };
        Direction::ALL.into_iter().flat_map(of).collect()
    }

    /// The check, once it is known what there is to try.
    pub fn shown_check(&self) -> Option<&Check> {
        self.check.as_ref().filter(|check| check.patience.is_none())
    }

    /// What changed since the sound side was last told; all of it the first time.
    pub fn tell(&mut self, wanted: Wanted) -> (Option<Wanted>, Wanted) {
        let before = self.told.replace(wanted.clone());
        (before, wanted)
    }
}

impl Line {
    /// There is nothing to open, or it cannot be opened.
    pub fn is_missing(&self) -> bool {
        self.devices.is_empty() || self.failed
    }
}

impl State {
    /// What the sound side shall do now.
    pub fn sound_wanted(&self) -> Wanted {
        let chosen = &self.settings.sound;
        let checking = self.sound.check.is_some();
        let ours = || self.sounding_calls().filter(|c| !c.media.by_browser);
        let sounds = ours().next().is_some();
        let speaks = ours().any(|c| c.audio == Audio::Full);
        let heard = ours().filter(|c| self.is_heard(c));
        let present = self.sound.system == System::Present;
        Wanted {
            capture: present && chosen.microphone != Choice::None && (checking || speaks),
            playback: present && chosen.speaker != Choice::None && (checking || sounds),
            heard: heard.map(|c| c.account.clone()).collect(),
            deafen: self.sound.deafened,
            meter: checking || self.levels_wanted(),
            microphone: chosen.microphone.clone(),
            speaker: chosen.speaker.clone(),
            processing: chosen.processing,
            volume: chosen.volume,
        }
    }

    /// The calls whose sound goes through our devices, each in its own line.
    pub fn sounding_calls(&self) -> impl Iterator<Item = &Call> {
        let sounds = |c: &&Call| c.is_live() && c.state.is_inside() && c.audio != Audio::None;
        self.calls.values().filter(sounds)
    }

    /// Whether what the microphone gives may leave the process in this call.
    fn is_heard(&self, call: &Call) -> bool {
        // The talk key is of the call in front.
        let front = self.call().is_some_and(|c| c.account == call.account);
        let talks = self.settings.sound.push_to_talk == PushToTalk::Off
            || front && self.sound.talk.is_open();
        let agreed = matches!(
            call.notices.consent,
            Consent::NotRequired | Consent::Granted
        );
        call.state == CallState::Connected
            && call.audio == Audio::Full
            && !call.muted
            && !call.muting
            && agreed
            && talks
    }

    /// The sound side, or the service, was asked for what a command says.
    pub fn expects_answer(&self) -> bool {
        let levels = |call: &Call| call.levels.asked.is_some();
        self.sound.asked.is_some() || self.calls.values().any(levels)
    }

    /// Somebody looks at levels.
    pub fn levels_wanted(&self) -> bool {
        let Some(call) = self.call().filter(|c| c.state.is_inside()) else {
            return false;
        };
        let shown = matches!(
            self.focus.overlay,
            Some(Overlay::Roster { .. } | Overlay::Devices { .. })
        );
        let moves = self.settings.motion != Motion::Off && self.sound.system != System::Unowned;
        call.levels.asked.is_some() || shown && moves
    }
}
