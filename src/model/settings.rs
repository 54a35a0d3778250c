//! What a person may choose, as resolved by `config` from defaults, file, environment and flags.

use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub interface: Interface,
    pub keys: KeyMapName,
    /// Key chord text to command name, from `[keys.bind]`.
    pub bindings: BTreeMap<String, String>,
    pub theme: String,
    pub color: bool,
    pub motion: Motion,
    pub borders: Borders,
    pub mouse: bool,
    pub bell: bool,
    /// 1, 2 or 3.
    pub verbosity: u8,
    /// How long after a key polite lines wait (accessibility L6).
    pub hold: Duration,
    /// Words a minute that announcements may use, and the base of the quiet window (A2, T1).
    pub pace: u32,
    pub time: TimeShown,
    /// Announcement class by event name, from `[announce]`; notices excepted.
    pub announce: BTreeMap<String, String>,
    pub typing_indicator: bool,
    pub read_receipts: bool,
    /// Ask before sending a paste of more lines than this.
    pub paste_confirm_lines: usize,
    /// Threads and people as side panes.
    pub pinned_threads: bool,
    pub pinned_people: bool,
    /// What a participant-minute costs; shown in the call line. Zero hides it.
    pub price_per_minute: f64,
    pub currency: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    FullScreen,
    Linear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMapName {
    Plain,
    Vim,
    /// Slash commands and text only (accessibility K3).
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    On,
    Auto,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borders {
    None,
    Ascii,
    Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeShown {
    Off,
    Short,
}

impl Default for Settings {
    /// The same values as the commented default file; a test in `config` compares them.
    fn default() -> Self {
        Self {
            interface: Interface::FullScreen,
            keys: KeyMapName::Plain,
            bindings: BTreeMap::new(),
            theme: "terminal".to_owned(),
            color: true,
            motion: Motion::Auto,
            borders: Borders::Line,
            mouse: false,
            bell: true,
            verbosity: 2,
            hold: Duration::from_millis(1500),
            pace: 150,
            time: TimeShown::Off,
            announce: BTreeMap::new(),
            typing_indicator: true,
            read_receipts: true,
            paste_confirm_lines: 5,
            pinned_threads: false,
            pinned_people: false,
            price_per_minute: 0.004,
            currency: "USD".to_owned(),
        }
    }
}
