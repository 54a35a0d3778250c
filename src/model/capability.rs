//! What a command needs, and why it may be refused.

use crate::model::failure::Failure;

/// What a command needs to be allowed; each row of the command table names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Always allowed.
    Anything,
    /// A thread is open and may be read.
    ReadChat,
    /// A thread is open and may be written.
    WriteChat,
    /// A locator is known that can be joined, and we are not in the call.
    JoinCall,
    /// There is a call: connecting, lobby or inside.
    LeaveCall,
    /// Inside the call.
    InCall,
    /// Inside, permitted to speak, and consent not outstanding.
    UnmuteMic,
    MuteOthers,
    RemoveParticipant,
    EndForEveryone,
    ManageLobby,
    RaiseHand,
    UseReactions,
    /// The meeting asks for consent.
    AnswerConsent,
    /// There is sound on this machine.
    Sound,
    /// Inside with sound.
    HearCall,
    /// Inside and not on hold.
    RealTimeText,
}

/// Why not. Both views show the same words for it (`view::phrase`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    NoThread,
    ChatOpening,
    ChatDenied(Failure),
    ChatGone,
    /// It could not even be asked for.
    ChatDown(Failure),
    /// The meeting has no chat for us.
    NoChatInMeeting,
    NoMeeting,
    NotInCall,
    AlreadyInCall,
    InLobby,
    OnHold,
    /// There is nothing of ours to take off hold.
    NotOnHold,
    HandNotUp,
    /// Nothing failed that could be tried again.
    NothingFailed,
    /// The role is too small: organiser or presenter needed.
    Role,
    /// The organiser took the microphone away (hard mute).
    MicrophoneForbidden,
    ConsentOutstanding,
    NoConsentAsked,
    /// The service said no, in its own capability name and reason.
    Service {
        reason: String,
    },
    SignallingLost,
    /// There is no microphone and no speaker here: a few words why.
    NoSound {
        reason: String,
    },
    /// The call was joined without sound.
    JoinedSilent,
    /// The call was joined to listen.
    JoinedToListen,
}
