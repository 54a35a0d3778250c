//! What goes into the session and comes out of it.

use crate::chat::socket::LinkId;
use crate::clock::Moment;
use crate::wire::acs::notification::Notification;
use crate::wire::acs::realtime::Allocation;
use crate::wire::acs::realtime::ClientInfo;
use crate::wire::acs::realtime::Handshake;
use crate::wire::acs::realtime::RealTimeNotificationConfiguration;
use crate::wire::acs::realtime::RegistrationRequest;

#[derive(Debug)]
pub(in crate::chat::acs) enum Input<'a> {
    Timeout,
    Configured(Result<RealTimeNotificationConfiguration, Refusal>),
    Allocated(LinkId, Result<Allocation, Refusal>),
    ShookHands(LinkId, Result<Handshake, Refusal>),
    Frame(LinkId, &'a str),
    /// The socket is gone, or could not be opened.
    Closed(LinkId),
    Registered(LinkId, Result<(), Refusal>),
    /// A person asks to try again after [`Change::GaveUp`].
    Retry,
    Stop,
}

/// Why a request did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chat::acs) enum Refusal {
    /// 401.
    Unauthorized,
    /// `x-trouter-skypetoken-deprecated`: never again with this kind of token.
    Deprecated,
    /// Another 4xx.
    Refused,
    /// 5xx, 429, no answer, or one that cannot be read.
    Failed,
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::chat::acs) enum Output {
    /// `GET` the configuration.
    Configure {
        fresh: bool,
    },
    /// `POST` there; `fresh`: with a newer token than the refused one.
    Allocate {
        link: LinkId,
        url: String,
        fresh: bool,
    },
    ShakeHands {
        link: LinkId,
        url: String,
    },
    Open {
        link: LinkId,
        url: String,
    },
    Send {
        link: LinkId,
        text: String,
    },
    Close {
        link: LinkId,
    },
    Register {
        link: LinkId,
        url: String,
        body: Box<RegistrationRequest>,
        fresh: bool,
    },
    Unregister {
        url: String,
    },
    Notification(Box<Notification>),
    Change(Change),
    Wait(Option<Moment>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chat::acs) enum Change {
    /// Events arrive from now on: what came before has to be read over REST.
    Live,
    /// No event arrives until the next [`Change::Live`].
    Lost,
    /// The service says it dropped events although the link stands.
    Missed,
    /// It failed so often that asking over REST is better than waiting.
    Hopeless,
    /// Refused for good: only a person can make it try again.
    GaveUp,
}

/// Who connects; constant for a run.
#[derive(Debug, Clone)]
pub(in crate::chat::acs) struct Identity {
    pub(in crate::chat::acs) cor_id: String,
    pub(in crate::chat::acs) epid: String,
    /// 22 base64 characters.
    pub(in crate::chat::acs) cv: String,
    pub(in crate::chat::acs) client: ClientInfo,
}
