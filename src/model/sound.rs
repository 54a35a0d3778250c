//! What a person chooses of a call's sound.

/// How one takes part in the sound of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audio {
    /// Hears only: the microphone stays closed for as long as the call lasts.
    Listen,
    #[default]
    Full,
}
