//! An error as people meet it: what was being done, why it went wrong, what to do.
//!
//! Three plain values; `view::phrase` makes sentences of them.

use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub doing: Doing,
    pub because: Because,
    pub remedy: Remedy,
}

/// What was being attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    Connecting,
    OpeningThread,
    LoadingMessages,
    Sending,
    /// A picture, from a file that stays where it is.
    SendingPicture,
    /// A file by way of the sender's drive: it was not put there.
    SendingFile,
    /// It lies there, and nobody else may read it.
    SharingFile,
    /// It lies there for everybody to read, and is in no message.
    PostingFile,
    Editing,
    Deleting,
    SavingAttachment,
    SigningIn,
    JoiningCall,
    /// A person or a phone number.
    Calling,
    /// Mute, hold, hand, admit and the like.
    CallAction,
    /// A call that is over, for the vendor.
    Rating,
    ChoosingDevice,
    OpeningMicrophone,
    OpeningSpeaker,
    Writing,
    /// Staying in a chat that we were in.
    StayingInChat,
    /// A thread by its name.
    FindingThread,
    OpeningLink,
    CopyingLink,
    /// The draft in $EDITOR.
    EditingDraft,
    /// Another value of a setting.
    Setting,
    /// Another theme.
    Theming,
    /// Chats, people, presence and what else an organisation has.
    AskingOrganisation,
    /// For leave that a sign-in does not ask for by itself.
    AskingForLeave,
    Reacting,
    /// What calls and messages cost, in the store on this machine.
    CountingUsage,
    /// To another account.
    GoingOver,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// Nobody answers at the address.
    Unreachable {
        host: String,
    },
    Timeout,
    /// The connection was lost in the middle.
    Lost,
    /// The certificate is not trusted.
    Untrusted {
        host: String,
    },
    TokenExpired,
    TokenRefused,
    /// 403: not a member, chat switched off, not yet let in.
    Forbidden,
    NotFound,
    /// Nobody waits in the lobby, or nobody of that name.
    NobodyWaits {
        name: Option<String>,
    },
    /// Nobody of that name is in the call.
    NobodyHere {
        name: String,
    },
    /// 429.
    Throttled {
        wait: Duration,
    },
    TooLong {
        bytes: usize,
        limit: usize,
    },
    /// The service answered with an error of its own; its words, cleaned.
    Service {
        status: u16,
        message: String,
    },
    /// It answered something we cannot read.
    Protocol {
        detail: String,
    },
    /// A link, id or passcode the service does not know.
    NoSuchMeeting,
    WrongPasscode,
    /// A local file or device.
    Local {
        detail: String,
    },
    Refused {
        reason: String,
    },
}

/// What can be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// It is tried again without anybody's doing.
    Automatic {
        after: Option<Duration>,
    },
    /// `/retry` does it again; nothing is lost.
    Retry,
    SignInAgain,
    CheckAddress,
    CheckNetwork,
    /// Point `--ca` at the service's authority.
    TrustAuthority,
    AskOrganizer,
    /// Hand this link to an administrator of the organisation, who agrees for everybody.
    AskAdministrator {
        link: String,
    },
    Shorten,
    /// Only one thing is left: to know.
    None,
}
