//! Everything we can ask for: wishes of `update`, performed by the runtime.

use std::fmt;

use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::announcement::Announcement;
use crate::model::call::CallInfo;
use crate::model::call::CallNumber;
use crate::model::call::IncomingNumber;
use crate::model::call::Rating;
use crate::model::call::Reaction;
use crate::model::call::Tones;
use crate::model::call::TransferTo;
use crate::model::capability::Reason;
use crate::model::control::ControlId;
use crate::model::directory::Presence;
use crate::model::hidden::Hidden;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::message::Attachment;
use crate::model::message::ClientMessageId;
use crate::model::message::Draft;
use crate::model::message::MessageId;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::permission::Wider;
use crate::model::sign_in::By;
use crate::model::sound::Audio;
use crate::model::sound::AudioMode;
use crate::model::sound::Choice;
use crate::model::sound::Cue;
use crate::model::sound::Direction;
use crate::model::sound::Processing;
use crate::model::sound::Ringing;
use crate::model::status::StatusReport;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKey;
use crate::model::turn::Typed;
use crate::model::usage::CallUsage;
use crate::model::usage::MessageUsage;

#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// To the chat back end of an account.
    Chat(AccountId, ChatCommand),
    /// To the call back end of an account.
    Call(AccountId, CallCommand),
    /// To the owner of an account's secrets.
    Identity(AccountId, IdentityCommand),
    /// To the owner of microphone and speaker.
    Sound(SoundCommand),
    /// To what is kept on this machine.
    History(HistoryCommand),
    /// A line that is due now, in both views: the announcer released it.
    Say(Announcement),
    Bell,
    /// To the desktop of the person, by way of their terminal.
    Notify(String),
    /// To the notice log on disk.
    Log(NoticeRecord),
    /// To the clipboard of the person's terminal (OSC 52).
    Copy(String),
    /// Opens a link or file outside the terminal.
    OpenUrl(String),
    /// Hands the draft to $EDITOR; comes back as `TerminalEvent::Edited`.
    EditDraft(String),
    /// Writes a transcript of a thread to a file.
    SaveTranscript {
        key: ThreadKey,
        path: String,
        json: bool,
    },
    SwitchView(crate::model::settings::Interface),
    /// The answer to a request on the control socket.
    Reply {
        request: ControlId,
        answer: ControlAnswer,
    },
    /// To every subscriber of the control socket.
    Publish(ControlNews),
    /// Takes another theme; comes back as `Outcome::Themed` or `ThemeFailed`.
    UseTheme(String),
    /// Remembers a choice in the state file (pins, theme, key map).
    Remember {
        key: String,
        value: String,
    },
    /// Signs in as another account; comes back as `RuntimeEvent::AccountOpened` or `AccountFailed`.
    OpenAccount(AccountId),
    /// The answer to `RuntimeEvent::PassphraseWanted`; `None`: nobody gives it.
    Unlock(Option<Hidden>),
    Suspend,
    Quit,
}

/// One line of the notice log: what changed and when it was received, shown, acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeRecord {
    pub account: AccountId,
    /// `None`: the service has not told yet; the runtime fills it in.
    pub meeting: Option<CallInfo>,
    pub kind: NoticeKind,
    pub what: NoticeMoment,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeMoment {
    Received(NoticeState),
    /// Written to the terminal; the runtime fills the time in after the write.
    Shown,
    Repeated,
    Acknowledged,
    ConsentAsked,
    ConsentGiven,
    ConsentDeclined,
}

/// To a chat back end.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatCommand {
    /// Follow a thread: its newest page, its participants, its events.
    Open(ThreadId),
    Close(ThreadId),
    /// The page before `before`, or before everything loaded so far.
    LoadOlder {
        thread: ThreadId,
        before: Option<MessageId>,
    },
    /// Fills the gap after `after` when the window was moved away from the newest.
    LoadNewer {
        thread: ThreadId,
        after: MessageId,
    },
    Send {
        thread: ThreadId,
        client_id: ClientMessageId,
        draft: Draft,
    },
    Edit {
        thread: ThreadId,
        message: MessageId,
        draft: Draft,
    },
    Delete {
        thread: ThreadId,
        message: MessageId,
    },
    Typing(ThreadId),
    /// Everything up to `message` was read.
    Read {
        thread: ThreadId,
        message: MessageId,
    },
    /// Tries access again after a refusal.
    Retry(ThreadId),
    /// Reads again over REST what is shown.
    Refresh(ThreadId),
    SaveAttachment {
        thread: ThreadId,
        attachment: Attachment,
        path: String,
    },
    /// To the back end of a work account.
    Work(WorkCommand),
}

/// What only work accounts can do.
#[derive(Clone, PartialEq)]
pub enum WorkCommand {
    List,
    FindPeople(String),
    /// With everybody named; a topic makes it a group.
    NewChat {
        names: Vec<String>,
        topic: String,
    },
    /// In every chat.
    Search(String),
    /// Ours and that of the people of a thread.
    Presence(Option<ThreadId>),
    SetPresence(Option<Presence>),
    Undelete {
        thread: ThreadId,
        message: MessageId,
    },
    React {
        thread: ThreadId,
        message: MessageId,
        kind: String,
        set: bool,
    },
    AddMember {
        thread: ThreadId,
        name: String,
    },
    RemoveMember {
        thread: ThreadId,
        name: String,
    },
    Rename {
        thread: ThreadId,
        topic: String,
    },
    MarkUnread(ThreadId),
    /// The chat that belongs to a meeting, by its link.
    MeetingChat(String),
    /// A picture from a file, in a message of its own.
    SendPicture {
        thread: ThreadId,
        path: String,
    },
    /// Any other file, by way of the sender's drive. Answered with [`crate::event::WorkEvent::FileSent`].
    SendFile {
        thread: ThreadId,
        path: String,
    },
}

/// Names and words are not printed.
impl fmt::Debug for WorkCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkCommand")
    }
}

/// To a call back end.
#[derive(Debug, Clone, PartialEq)]
pub enum CallCommand {
    Join {
        number: CallNumber,
        locator: Locator,
        name: String,
        audio: Audio,
        mode: AudioMode,
    },
    Mute(bool),
    Hold(bool),
    RaiseHand(bool),
    React(Reaction),
    /// On somebody; `None`: on us.
    Spotlight(Option<RawId>),
    /// `None`: on nobody any more.
    EndSpotlight(Option<RawId>),
    /// Into a breakout room.
    EnterRoom(ThreadId),
    ReturnToMeeting,
    /// Answered with [`crate::event::CallEvent::DialIn`].
    DialIn,
    Admit(RawId),
    AdmitAll,
    Reject(RawId),
    Remove(RawId),
    MuteOther(RawId),
    MuteEverybody,
    /// The person's own answer; nothing else may send it.
    Consent(bool),
    /// Others see that we hear nothing; what is played is the sound side's business.
    Deafen(bool),
    /// How loud we want to hear somebody, in percent: the mix is made elsewhere.
    Volume {
        person: RawId,
        percent: u16,
    },
    Levels(bool),
    Captions(bool),
    /// Real-time text of ours.
    Text(Typed),
    /// Answers a call that rings.
    Accept {
        number: CallNumber,
        incoming: IncomingNumber,
        name: String,
        audio: Audio,
        mode: AudioMode,
        muted: bool,
    },
    Decline(IncomingNumber),
    /// Whether calls to us are waited for, which takes a browser in the background; by whose devices they go.
    Receive(Option<AudioMode>),
    Tones(Tones),
    Transfer(TransferTo),
    Add {
        who: RawId,
        thread: Option<ThreadId>,
    },
    /// How the call was that ended last; answered with [`crate::event::CallEvent::Rated`].
    Rate(Rating),
    /// Brings a call that is on hold to the front; the one there is put on hold first.
    Switch(CallNumber),
    Leave,
    EndForEverybody,
}

/// To the owner of an account's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityCommand {
    /// Answered with [`crate::event::IdentityEvent::Asking`], and in the end with `Agreed` or `NotAgreed`. What was
    /// asked for before is given up.
    AskForLeave {
        wider: Wider,
        /// `None`: as it fits this machine.
        by: Option<By>,
    },
    GiveUpAsking,
}

/// To the owner of microphone and speaker. It begins closed and muted.
#[derive(Debug, Clone, PartialEq)]
pub enum SoundCommand {
    /// Answered with [`crate::event::SoundEvent::Devices`] or `Unavailable`.
    List,
    /// Which device from now on; an open one is exchanged.
    Choose {
        direction: Direction,
        choice: Choice,
    },
    /// What shall be open from now on.
    Open {
        capture: bool,
        playback: bool,
    },
    /// Gives both back.
    Close,
    /// While `muted` no captured sample leaves the process in that account's call, and what the network brings
    /// goes on being played.
    Mute {
        account: AccountId,
        muted: bool,
    },
    /// A short sound beside words that are said too; nobody else hears it.
    Cue(Cue),
    /// Rings until it is told otherwise.
    Ring(Ringing),
    /// While `true` nothing that the network brings is played.
    Deafen(bool),
    /// Of everything that is played, in percent.
    Volume(u16),
    /// Levels are reported while somebody looks at them.
    Meter(bool),
    Process(Processing),
    /// A tone to the speaker, once.
    Test,
}

/// To what is kept on this machine. Each is whole: one that comes twice changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryCommand {
    Call(CallUsage),
    Sent(MessageUsage),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlAnswer {
    Done,
    /// The request cannot be understood.
    Refused(String),
    /// Greyed out, with the reason that the views say too.
    NotAllowed(Reason),
    Status(Box<StatusReport>),
}

/// What subscribers of the control socket hear.
#[derive(Clone, PartialEq)]
pub enum ControlNews {
    Announced(Announcement),
    Message {
        key: ThreadKey,
        message: Box<crate::model::message::Message>,
        inserted: &'static str,
    },
    Notice {
        kind: NoticeKind,
        state: NoticeState,
    },
    CallState(&'static str),
    Mute(bool),
}

impl fmt::Debug for ControlNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ControlNews")
    }
}
