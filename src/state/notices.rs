//! Recording, transcription and consent of one call: finds the edges in repeated states.

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::model::notice::Consent;
use crate::model::notice::NoticeState;

#[derive(Debug, Clone)]
pub struct Notices {
    pub recording: Notice,
    pub transcription: Notice,
    pub consent: Consent,
}

#[derive(Debug, Clone)]
pub struct Notice {
    /// Unknown until the service has stated it.
    pub state: NoticeState,
    /// When it became so, where we saw it; `None`: it was so when we joined.
    pub since: Option<Timestamp>,
    pub acknowledged: bool,
    /// When it is said again, until acknowledged (accessibility N3).
    pub repeat_at: Option<Moment>,
    pub repeats: u32,
}
