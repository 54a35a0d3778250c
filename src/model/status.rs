//! The state in one answer, for programs.

/// What `status` says, for programs; `view::phrase` says the same to people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReport {
    /// The account in front.
    pub account: Option<String>,
    pub topic: String,
    pub thread: Option<String>,
    pub call: String,
    pub muted: Option<bool>,
    pub people: usize,
    pub recording: String,
    pub transcription: String,
    pub consent: String,
    pub unread: usize,
    pub chat: String,
}
