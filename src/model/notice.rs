//! Recording and transcription: what we are bound by law to show.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    Recording,
    Transcription,
}

impl NoticeKind {
    pub const ALL: [Self; 2] = [Self::Recording, Self::Transcription];
}

/// A lost connection is not "not recorded": then it is [`NoticeState::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NoticeState {
    /// `by` only where the service says who; the Calling SDK never does.
    Active {
        by: Option<String>,
    },
    Inactive {
        by: Option<String>,
    },
    #[default]
    Unknown,
}

impl NoticeState {
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

/// Whether the meeting asks for our consent to be recorded. Only a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    #[default]
    NotRequired,
    /// Listen only until answered.
    Required,
    Granted,
    /// Listen only by choice.
    Declined,
}
