//! Everything that can happen, by source.

use std::collections::BTreeSet;
use std::fmt;

use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::call::CallInfo;
use crate::model::call::CallNumber;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Incoming;
use crate::model::call::IncomingNumber;
use crate::model::call::Quality;
use crate::model::call::Rating;
use crate::model::call::Reaction;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::call::TransferStep;
use crate::model::control::ControlId;
use crate::model::directory::Colleague;
use crate::model::directory::Found;
use crate::model::directory::Presence;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::key::Key;
use crate::model::key::Pointer;
use crate::model::meeting::DialIn;
use crate::model::meeting::Rooms;
use crate::model::message::ClientMessageId;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::permission::Permission;
use crate::model::permission::Wider;
use crate::model::sign_in::Step;
use crate::model::sound::BySystem;
use crate::model::sound::Device;
use crate::model::sound::Direction;
use crate::model::sound::Level;
use crate::model::sound::MediaState;
use crate::model::sound::RawRefusal;
use crate::model::sound::Statistics;
use crate::model::spot::Spot;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::Listed;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadInfo;
use crate::model::turn::Turn;

/// One thing that happened. `at` of a call event is when the back end received it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Terminal(TerminalEvent),
    Chat(AccountId, ChatEvent),
    Call(AccountId, CallEvent),
    Identity(AccountId, IdentityEvent),
    /// Devices belong to the machine, not to an account.
    Sound(SoundEvent),
    /// From the store on this machine.
    History(HistoryEvent),
    Control(ControlId, ControlRequest),
    Runtime(RuntimeEvent),
    /// `State::deadline` was reached.
    Deadline,
}

/// From the terminal the person sits at.
#[derive(Clone, PartialEq)]
pub enum TerminalEvent {
    Key(Key),
    /// A key was let go, where the terminal tells.
    Released(Key),
    /// The terminal has the person's keys, or another window has.
    Focused(bool),
    /// Whether the terminal tells when a key is let go.
    TellsReleases(bool),
    Paste(String),
    /// A whole line through a pipe: words to send, or a slash command.
    Line(String),
    /// No more lines will come.
    LinesEnded,
    Pointer(Pointer),
    /// What the pointer was pressed on.
    Clicked(Spot),
    Resized {
        columns: u16,
        rows: u16,
    },
    /// The draft as $EDITOR left it; `None` when nothing came of it.
    Edited(Option<String>),
    /// The terminal or its line was closed.
    Closed,
}

/// A key may be a letter of a message: only the kind is printed.
impl fmt::Debug for TerminalEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key",
            Self::Released(_) => "Released",
            Self::Focused(_) => "Focused",
            Self::TellsReleases(_) => "TellsReleases",
            Self::Paste(_) => "Paste",
            Self::Line(_) => "Line",
            Self::LinesEnded => "LinesEnded",
            Self::Pointer(_) => "Pointer",
            Self::Clicked(_) => "Clicked",
            Self::Resized { .. } => "Resized",
            Self::Edited(_) => "Edited",
            Self::Closed => "Closed",
        })
    }
}

/// From a chat back end. Messages arrive as whole current copies, however they changed.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the frequent one"
)]
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    Link(Link),
    Access {
        thread: ThreadId,
        access: ChatAccess,
    },
    /// A thread was opened or its participants or topic were read again.
    ThreadRead(ThreadInfo),
    /// New, edited or deleted: the version decides.
    MessageReceived {
        thread: ThreadId,
        message: Message,
    },
    /// Older messages, newest last. `complete`: nothing lies before them for us.
    OlderPage {
        thread: ThreadId,
        messages: Vec<Message>,
        complete: bool,
    },
    /// What was missed while the link was lost, or the newest page on opening. In order.
    NewerPage {
        thread: ThreadId,
        messages: Vec<Message>,
    },
    Sent {
        thread: ThreadId,
        client_id: ClientMessageId,
        message: MessageId,
    },
    SendFailed {
        thread: ThreadId,
        client_id: ClientMessageId,
        failure: Failure,
    },
    /// An edit or deletion that worked.
    ActionDone {
        thread: ThreadId,
    },
    /// An edit, deletion, page or attachment that did not work.
    ActionFailed {
        thread: ThreadId,
        failure: Failure,
    },
    AttachmentSaved {
        thread: ThreadId,
        path: String,
        bytes: u64,
    },
    Typing {
        thread: ThreadId,
        person: Person,
    },
    ReadReceipt {
        thread: ThreadId,
        person: RawId,
        message: MessageId,
    },
    TopicChanged {
        thread: ThreadId,
        topic: String,
        by: Option<Person>,
    },
    ParticipantsAdded {
        thread: ThreadId,
        people: Vec<Person>,
    },
    ParticipantsRemoved {
        thread: ThreadId,
        people: Vec<Person>,
    },
    /// Of a work account.
    Work(WorkEvent),
}

/// What only the chat back end of a work account reports.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkEvent {
    /// Every chat and channel, as of then.
    Listed {
        threads: Vec<Listed>,
        at: Timestamp,
        /// Because the person asked for it.
        asked: bool,
    },
    /// A thread was read, and nobody tells what happens in it afterwards.
    AsOf {
        thread: ThreadId,
        at: Timestamp,
    },
    /// A new chat, or that of a meeting: to be brought to the front.
    Found(ThreadId),
    People(Vec<Colleague>),
    Messages(Vec<Found>),
    Presence(Vec<(String, Presence)>),
    FileSent {
        thread: ThreadId,
        /// As it is called where it lies.
        name: String,
        bytes: u64,
        /// Names of people of the chat who were not given the right to read it.
        closed_to: Vec<String>,
    },
    Failed(Failure),
}

/// From a call back end. Each carries what is so, also when it was so before.
#[derive(Debug, Clone, PartialEq)]
pub enum CallEvent {
    /// This call is in front from now on: what follows is about it.
    Front(CallNumber),
    /// What happened in a call that is not in front.
    Behind {
        call: CallNumber,
        event: Box<Self>,
    },
    State {
        state: CallState,
        at: Timestamp,
    },
    /// Somebody calls; again when more is known of them.
    Incoming(Incoming),
    /// It rings no more; without a number it never could.
    IncomingOver {
        incoming: Option<IncomingNumber>,
        reason: EndReason,
    },
    /// Whether calls to us arrive here; with the reason where they do not any more.
    Receiving(Result<bool, Because>),
    /// So many keys of a phone were sent.
    TonesSent(usize),
    Transfer(TransferStep),
    /// Somebody handed us on, and we are in a call with somebody else.
    HandedOn,
    /// We are in a breakout room of that name, or in the meeting again. Of recordings nothing is
    /// known until it is stated for that call.
    Moved {
        room: Option<String>,
        at: Timestamp,
    },
    /// The breakout rooms that we may know of.
    Rooms(Rooms),
    /// How to take part by phone.
    DialIn(DialIn),
    /// Somebody whom we asked to come does not.
    Declined {
        person: Person,
        reason: EndReason,
    },
    Info(CallInfo),
    Role(Role),
    /// The whole roster, on joining and after a reconnect.
    Roster(Vec<RosterEntry>),
    RosterChanged(RosterEntry),
    RosterLeft(RawId),
    /// Who waits in the lobby, where we may see it.
    Lobby(Vec<Person>),
    /// Our own microphone; `by` is set when somebody else did it.
    Muted {
        muted: bool,
        by: Option<Person>,
    },
    Reaction {
        person: Person,
        reaction: Reaction,
    },
    Quality(Quality),
    /// A caption or real-time text, whole as it is by now; the newer copy of a turn replaces the older.
    Turn {
        turn: Turn,
        at: Timestamp,
    },
    /// How loud everybody is who can be heard; only while [`crate::effect::CallCommand::Levels`] asks for it.
    Levels(Vec<(RawId, Level)>),
    /// The media connection, and why it is not there.
    Media {
        state: MediaState,
        reason: Option<String>,
    },
    /// The sound of the call goes by the devices of the system that a browser uses itself, and by none of ours.
    BySystem(BySystem),
    /// Raw sound was refused in a call that cannot go over to the devices of the system without being lost.
    RawRefused(RawRefusal),
    /// The media connection in figures, about once a second.
    Statistics(Statistics),
    /// Recording or transcription as the service states it; `initial` right after joining or reconnecting.
    Notice {
        kind: NoticeKind,
        state: NoticeState,
        initial: bool,
        at: Timestamp,
    },
    ConsentRequired(bool),
    /// Names the service uses, each with its reason when not capable.
    Capabilities(Vec<(String, Option<String>)>),
    SignallingLost {
        at: Timestamp,
    },
    SignallingBack {
        at: Timestamp,
    },
    /// Trying to join again by itself at that attempt.
    Rejoining {
        attempt: u32,
    },
    Ended {
        reason: EndReason,
        by: Option<Person>,
        at: Timestamp,
    },
    /// Whether the vendor's survey of the call that ended last can be answered, now that it is over.
    Rateable(bool),
    /// It was, and the vendor has it; another call may have begun meanwhile.
    Rated(Rating),
    /// A call command that did not work.
    ActionFailed(Failure),
}

/// From the owner of microphone and speaker.
#[derive(Debug, Clone, PartialEq)]
pub enum SoundEvent {
    /// What devices there are; again whenever that changes.
    Devices {
        capture: Vec<Device>,
        playback: Vec<Device>,
    },
    /// There is no sound on this machine at all: a few words why.
    Unavailable { reason: String },
    /// A device is open, also when another one than before.
    Opened {
        direction: Direction,
        device: String,
        /// The chosen one, where it is not here and this stands in for it.
        missing: Option<String>,
    },
    /// Given back, as asked.
    Closed(Direction),
    /// It vanished. The sound side looks for it, or for another, by itself.
    Lost {
        direction: Direction,
        device: String,
    },
    /// It could not be opened. Tried again only when asked, or when the devices change.
    Failed {
        direction: Direction,
        failure: Failure,
    },
    /// What the microphone gives, at most ten times a second, and only while metered.
    InputLevel {
        level: Level,
        /// Quieter than this is not taken for a voice.
        gate: Level,
        speaking: bool,
    },
    /// What is played, likewise.
    OutputLevel(Level),
    /// Somebody speaks into a microphone whose sound goes nowhere.
    SpeakingWhileMuted,
    /// The test tone has been played.
    Tested,
}

/// From the owner of secrets. No secret is ever in one.
#[derive(Debug, Clone, PartialEq)]
pub enum IdentityEvent {
    SignedIn {
        raw_id: RawId,
        endpoint: String,
    },
    /// What a token gives leave for, and what it could give and does not. Others may give more.
    Permitted {
        given: BTreeSet<Permission>,
        withheld: BTreeSet<Permission>,
    },
    /// Somebody asks for more leave, and has to do this.
    Asking {
        wider: Wider,
        step: Step,
        /// For an administrator, where one has to agree first.
        link: Option<String>,
    },
    /// It was agreed to, and is asked for with every token from now on.
    Agreed(Wider),
    /// The sign-in is as it was.
    NotAgreed {
        wider: Wider,
        failure: Failure,
    },
    Failed(Failure),
}

/// From what is kept on this machine. Everything else works without it.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryEvent {
    /// Nothing can be kept for now; said once for each reason.
    Failed(Failure),
    /// It can again, and what had to wait is kept.
    Kept,
}

/// A program asks over the control socket.
#[derive(Clone, PartialEq)]
pub enum ControlRequest {
    /// A line as if typed: text is sent, a slash command performed.
    Input(String),
    Send(String),
    /// `None` toggles.
    Mute(Option<bool>),
    /// Begins or ends talking, for a key or a pedal elsewhere; `None` toggles.
    Talk(Option<bool>),
    Status,
    Leave,
}

impl fmt::Debug for ControlRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input(_) => "Input",
            Self::Send(_) => "Send",
            Self::Mute(_) => "Mute",
            Self::Talk(_) => "Talk",
            Self::Status => "Status",
            Self::Leave => "Leave",
        })
    }
}

/// What the runtime reports of its own doings.
#[derive(Debug, Clone, PartialEq)]
pub enum RuntimeEvent {
    /// Notices up to here are on the terminal; the log gets the time.
    NoticesShown {
        at: Timestamp,
    },
    /// Written to a file, copied, opened: said as an answer.
    Done(Outcome),
    Failed(Failure),
    /// What the program was started for could not even be begun.
    StartFailed(Failure),
    /// Somebody is signed in as another account, and whether it can call.
    AccountOpened {
        account: AccountId,
        calls: bool,
    },
    AccountFailed {
        account: AccountId,
        failure: Failure,
    },
    /// The sign-in of an account lies behind a passphrase; `again` where the one that was given was wrong.
    PassphraseWanted {
        account: AccountId,
        again: bool,
    },
    /// A theme could not be taken; this one is in use.
    ThemeFailed {
        failure: Failure,
        in_use: String,
    },
    /// The program was asked to end (SIGTERM, SIGHUP).
    Terminate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Copied,
    Opened,
    Saved { path: String },
    Themed { name: String },
}
