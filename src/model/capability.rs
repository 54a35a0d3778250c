//! What a command needs, and why it may be refused.

use crate::model::failure::Failure;
use crate::model::permission::Permission;

pub mod facts;

/// What a command needs to be allowed; each row of the command table names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Always allowed.
    Anything,
    /// A thread is open and may be read.
    ReadChat,
    /// A thread is open and may be written.
    WriteChat,
    Reply,
    EditMessages,
    DeleteMessages,
    MarkRead,
    SaveFiles,
    SendFiles,
    /// Somebody tells us who is typing.
    SeeTyping,
    /// A work account is in front: it has chats, people and presence.
    Organisation(Permission),
    /// The same, and a chat of it may be written.
    WorkChat(Permission),
    /// A work account is in front, which can be given more leave.
    AskForLeave,
    /// A locator is known that can be joined, and we are not in the call.
    JoinCall,
    /// There is a call: connecting, lobby or inside.
    LeaveCall,
    /// Somebody can be called; a call we are in can be put on hold for it.
    CallPeople,
    /// A call rings.
    AnswerCall,
    /// A call is on hold behind the one in front.
    SwitchCall,
    SendTones,
    TransferCall,
    AddPeople,
    /// Inside the call.
    InCall,
    HoldCall,
    /// Inside, and the connection is measured.
    SeeQuality,
    /// Inside, permitted to speak, and consent not outstanding.
    UnmuteMic,
    MuteOthers,
    RemoveParticipant,
    EndForEveryone,
    ManageLobby,
    RaiseHand,
    UseReactions,
    /// Inside a meeting that may have breakout rooms.
    BreakoutRooms,
    Spotlight,
    DialIn,
    /// A meeting with a link, where its screens can be looked at elsewhere.
    WatchElsewhere,
    /// The meeting asks for consent.
    AnswerConsent,
    /// A call is over, and the vendor's survey of it can be answered.
    RateCall,
    /// There is sound on this machine.
    Sound,
    Captions,
    /// Inside with sound.
    HearCall,
    /// Inside and not on hold.
    RealTimeText,
}

impl Capability {
    pub const ALL: [Self; 39] = [
        Self::Anything,
        Self::ReadChat,
        Self::WriteChat,
        Self::Reply,
        Self::EditMessages,
        Self::DeleteMessages,
        Self::MarkRead,
        Self::SaveFiles,
        Self::SendFiles,
        Self::SeeTyping,
        Self::AskForLeave,
        Self::JoinCall,
        Self::LeaveCall,
        Self::CallPeople,
        Self::AnswerCall,
        Self::SwitchCall,
        Self::SendTones,
        Self::TransferCall,
        Self::AddPeople,
        Self::InCall,
        Self::HoldCall,
        Self::SeeQuality,
        Self::UnmuteMic,
        Self::MuteOthers,
        Self::RemoveParticipant,
        Self::EndForEveryone,
        Self::ManageLobby,
        Self::RaiseHand,
        Self::UseReactions,
        Self::BreakoutRooms,
        Self::Spotlight,
        Self::DialIn,
        Self::WatchElsewhere,
        Self::AnswerConsent,
        Self::RateCall,
        Self::Sound,
        Self::HearCall,
        Self::Captions,
        Self::RealTimeText,
    ];

    /// The facts that it depends on, the one that it is about last: all of them must allow it.
    pub const fn facts(self) -> &'static [&'static str] {
        match self {
            Self::ReadChat => &["chat.read"],
            Self::WriteChat => &["chat.write"],
            Self::Reply => &["chat.write", "chat.reply"],
            Self::EditMessages => &["chat.write", "chat.edit"],
            Self::DeleteMessages => &["chat.write", "chat.delete"],
            Self::MarkRead => &["chat.read", "chat.mark"],
            Self::SaveFiles => &["chat.read", "chat.files"],
            Self::SendFiles => &["chat.files_send"],
            Self::SeeTyping => &["chat.typing"],
            Self::JoinCall => &["join"],
            Self::LeaveCall => &["leave"],
            Self::HoldCall => &["call.hold"],
            Self::CallPeople => &["call.dial"],
            Self::AnswerCall => &["call.receive"],
            Self::SwitchCall => &["call.hold", "call.second"],
            Self::SendTones => &["call.tones"],
            Self::TransferCall => &["call.transfer"],
            Self::AddPeople => &["call.add"],
            Self::SeeQuality => &["call.quality"],
            Self::UnmuteMic => &["call.mute"],
            Self::MuteOthers => &["call.mute_others"],
            Self::RemoveParticipant => &["call.remove"],
            Self::EndForEveryone => &["end"],
            Self::ManageLobby => &["lobby"],
            Self::RaiseHand => &["call.hand"],
            Self::UseReactions => &["call.react"],
            Self::BreakoutRooms => &["call.rooms"],
            Self::Spotlight => &["call.spotlight"],
            Self::DialIn => &["call.dialin"],
            Self::AnswerConsent => &["recording.consent"],
            Self::RateCall => &["call.rate"],
            Self::Captions => &["captions"],
            Self::RealTimeText => &["captions.text"],
            // What is ours alone, and needs nobody's leave.
            Self::Organisation(_)
            | Self::WorkChat(_)
            | Self::AskForLeave
            | Self::Anything
            | Self::InCall
            | Self::WatchElsewhere
            | Self::Sound
            | Self::HearCall => &[],
        }
    }

    /// It is about the thread in front, and not about the call.
    pub const fn is_chat(self) -> bool {
        matches!(
            self,
            Self::ReadChat
                | Self::WriteChat
                | Self::Reply
                | Self::EditMessages
                | Self::DeleteMessages
                | Self::MarkRead
                | Self::SaveFiles
                | Self::SendFiles
                | Self::SeeTyping
        )
    }
}

/// Why not. Both views show the same words for it (`view::phrase`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The identity does not allow it here, whoever is asked: a clause.
    Identity {
        why: &'static str,
    },
    /// The sign-in was not given leave for it.
    Withheld(Permission),
    /// It was given that leave already.
    HasLeave,
    /// No more leave is being asked for.
    NothingAskedFor,
    /// Another account is to be in front, and is not there yet.
    GoingOver,
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
    /// Nobody makes calls for this account.
    CannotCall,
    InLobby,
    /// Nobody makes calls to people for this account: a few words of what is missing.
    CallsNobody {
        why: &'static str,
    },
    /// There is no call whose survey could be answered: a clause.
    NoSurvey {
        why: &'static str,
    },
    /// It is neither connected nor over yet.
    CallBeingMade,
    NobodyCalls,
    NoOtherCall,
    OnHold,
    /// There is nothing of ours to take off hold.
    NotOnHold,
    HandNotUp,
    /// The meeting was joined by its id, and has no link here.
    NoLink,
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
