//! One connection: from its allocation to its end, its pings and its answers.

use std::time::Duration;

use crate::clock::Moment;
use crate::wire::acs::frame::Event;
use crate::wire::acs::frame::Packet;
use crate::wire::acs::notification::Notification;
use crate::wire::acs::realtime::Allocation;
use crate::wire::acs::realtime::ClientInfo;
use crate::wire::acs::realtime::Connection;
use crate::wire::acs::realtime::DisconnectReason;
use crate::wire::acs::realtime::Handshake;
use crate::wire::acs::realtime::MessageLoss;
use crate::wire::acs::realtime::TrouterConnected;
use crate::wire::acs::realtime::TrouterReconnect;
use crate::wire::acs::realtime::TrouterRequest;
use crate::wire::acs::realtime::TrouterResponse;
use crate::wire::acs::realtime::UserActivity;
use crate::wire::acs::realtime::handshake_url;
use crate::wire::acs::realtime::websocket_url;

use super::LinkId;

/// What a connection asks of its session.
#[derive(Debug)]
pub(super) enum Said {
    Send(String),
    Notification(Box<Notification>),
    /// `trouter.connected`: it may be registered.
    Connected {
        ttl: Option<u64>,
    },
    UsedCv,
    Missed,
    /// Open another one; `keep`: for the same address.
    Switch {
        keep: bool,
    },
    End(End),
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By the other side, without a word.
    Closed,
    /// Nothing came in time.
    Silent,
    Duplicate,
    Unauthorized,
    Deprecated,
    Other,
}

pub(super) struct Link {
    pub(super) id: LinkId,
    /// Meant to replace the current one.
    pub(super) planned: bool,
    /// When a replaced one is closed.
    pub(super) close_at: Option<Moment>,
    pub(super) connected_at: Option<Moment>,
    connection: Connection,
    allocation: Option<Allocation>,
    query: String,
    opened: bool,
    /// `trouter.connected` must have come by then.
    connect_by: Option<Moment>,
    /// `1::` must have come by then.
    open_by: Option<Moment>,
    /// Longest silence.
    patience: Option<Duration>,
    heard: Moment,
    next_event: u64,
    ping_at: Option<Moment>,
    pong: Option<Due>,
    activity: Option<Due>,
    activity_again: Option<Moment>,
}

/// An acknowledgement that must come in time.
#[derive(Debug, Clone, Copy)]
struct Due {
    event: u64,
    by: Moment,
}

impl Link {
    pub(super) fn new(id: LinkId, connection: Connection, now: Moment) -> Self {
        Self {
            id,
            planned: false,
            close_at: None,
            connected_at: None,
            connection,
            allocation: None,
            query: String::new(),
            opened: false,
            connect_by: Some(now + CONNECT),
            open_by: None,
            patience: None,
            heard: now,
            next_event: 1,
            ping_at: None,
            pong: None,
            activity: None,
            activity_again: None,
        }
    }

    /// Where to shake hands.
    pub(super) fn allocated(
        &mut self,
        allocation: &Allocation,
        client: &ClientInfo,
        cv: &str,
        utc: i64,
    ) -> String {
        self.query = self.connection.query(allocation, client, cv);
        self.allocation = Some(allocation.clone());
        handshake_url(allocation, &self.query, utc)
    }

    /// Where to open the socket.
    pub(super) fn shook_hands(&mut self, handshake: &Handshake, now: Moment) -> String {
        self.open_by = Some(now + OPEN);
        let shortest = [handshake.heartbeat, handshake.close]
            .into_iter()
            .filter(|seconds| *seconds > 0)
            .min();
        self.patience = shortest.map(|seconds| Duration::from_secs(seconds) + GRACE);
        self.allocation
            .as_ref()
            .map(|allocation| websocket_url(allocation, &handshake.sid, &self.query))
            .unwrap_or_default()
    }

    /// The address to register.
    pub(super) fn surl(&self) -> &str {
        self.allocation.as_ref().map_or("", |a| &a.surl)
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let silent_at = self.silent_at();
        [
            self.close_at,
            self.connect_by,
            self.open_by,
            silent_at,
            self.ping_at,
            self.pong.map(|due| due.by),
            self.activity.map(|due| due.by),
            self.activity_again,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn silent_at(&self) -> Option<Moment> {
        self.patience
            .filter(|_| self.opened)
            .map(|patience| self.heard + patience)
    }

    pub(super) fn frame(&mut self, text: &str, cv: &str, now: Moment, said: &mut Vec<Said>) {
        self.heard = now;
        let packet = match Packet::decode(text) {
            Ok(packet) => packet,
            Err(error) => {
                tracing::debug!(%error, "frame skipped");
                return;
            }
        };
        match packet {
            Packet::Connect => {
                self.opened = true;
                self.open_by = None;
            }
            Packet::Heartbeat => said.push(Said::Send(Packet::Heartbeat.encode())),
            Packet::Message { id, data } => self.message(id, &data, said),
            Packet::Event { event, .. } => self.event(&event, cv, now, said),
            Packet::Ack { id, .. } => self.acknowledged(id, now),
            Packet::Disconnect { reason } => said.push(Said::End(end_of(&reason))),
            Packet::Error { .. } => {
                said.push(Said::Send(GOOD_BYE.to_owned()));
                said.push(Said::End(End::Other));
            }
            Packet::Noop => {}
        }
    }

    /// A pushed request: answered first, read afterwards.
    fn message(&self, id: Option<u64>, data: &str, said: &mut Vec<Said>) {
        if let Some(id) = id {
            said.push(Said::Send(format!("6:::{id}")));
        }
        let Ok(request) = serde_json::from_str::<TrouterRequest>(data) else {
            tracing::debug!("pushed request skipped: not readable");
            return;
        };
        let response = TrouterResponse::new(&request, 200, 0);
        let data = serde_json::to_string(&response).unwrap_or_default();
        said.push(Said::Send(Packet::Message { id: None, data }.encode()));
        if self.connected_at.is_none() {
            return;
        }
        match Notification::decode(&request.body) {
            Ok(event) => said.push(Said::Notification(Box::new(event))),
            Err(error) => tracing::debug!(%error, "event skipped"),
        }
    }

    fn event(&mut self, event: &Event, cv: &str, now: Moment, said: &mut Vec<Said>) {
        match event.name.as_str() {
            "trouter.connected" => {
                let told: TrouterConnected = event.arg().unwrap_or_default();
                let own = || self.allocation.as_ref()?.ttl.parse().ok();
                let ttl = told.ttl.parse().ok().or_else(own);
                self.connect_by = None;
                if self.connected_at.replace(now).is_none() {
                    self.ping_at = Some(now + PING);
                    self.active(cv, now, said);
                    said.push(Said::Connected { ttl });
                }
            }
            "trouter.message_loss" => {
                let loss: MessageLoss = event.arg().unwrap_or_default();
                let arg = serde_json::to_value(&loss).ok();
                let answer = self.emit("trouter.processed_message_loss", arg);
                said.push(Said::Send(answer.1));
                said.push(Said::Missed);
            }
            "trouter.reconnect" => {
                let told: TrouterReconnect = event.arg().unwrap_or_default();
                let keep = told.target.is_empty() || told.target == "self";
                said.push(Said::Switch { keep });
            }
            other => tracing::debug!(name = other, "event of the transport skipped"),
        }
    }

    fn active(&mut self, cv: &str, now: Moment, said: &mut Vec<Said>) {
        let arg = serde_json::to_value(UserActivity::active(cv)).ok();
        let (event, text) = self.emit("user.activity", arg);
        self.activity = Some(Due {
            event,
            by: now + ACTIVITY,
        });
        said.push(Said::UsedCv);
        said.push(Said::Send(text));
    }

    /// An event that wants an acknowledgement: its number and its packet.
    fn emit(&mut self, name: &str, arg: Option<serde_json::Value>) -> (u64, String) {
        let id = self.next_event;
        self.next_event += 1;
        let packet = Packet::Event {
            id: Some(id),
            event: Event::new(name, arg),
        };
        (id, packet.encode())
    }

    fn acknowledged(&mut self, id: u64, now: Moment) {
        if self.pong.is_some_and(|due| due.event == id) {
            self.pong = None;
        }
        if self.activity.is_some_and(|due| due.event == id) {
            self.activity = None;
            // Once more after the first acknowledgement, as the official client does.
            let first = self.connected_at.is_some_and(|at| now.since(at) < ACTIVITY);
            self.activity_again = first.then(|| now + ACTIVITY);
        }
    }

    /// Does what is due.
    pub(super) fn due(&mut self, cv: &str, now: Moment, said: &mut Vec<Said>) {
        let late = |at: Option<Moment>| at.is_some_and(|at| at <= now);
        if late(self.close_at) {
            said.push(Said::Send(GOOD_BYE.to_owned()));
            said.push(Said::End(End::Other));
            return;
        }
        let overdue = [
            self.connect_by,
            self.open_by,
            self.silent_at(),
            self.pong.map(|due| due.by),
            self.activity.map(|due| due.by),
        ];
        if overdue.into_iter().any(late) {
            said.push(Said::End(End::Silent));
            return;
        }
        if late(self.ping_at) {
            let (event, text) = self.emit("ping", None);
            self.ping_at = Some(now + PING);
            self.pong = Some(Due {
                event,
                by: now + PONG,
            });
            said.push(Said::Send(text));
        }
        if late(self.activity_again) {
            self.activity_again = None;
            self.active(cv, now, said);
        }
    }
}

/// `0:::reason`, where the reason is a word or a document.
fn end_of(reason: &str) -> End {
    let document: DisconnectReason = serde_json::from_str(reason).unwrap_or_default();
    match (reason, document.reason.as_str()) {
        ("dup", _) | (_, "dup") => End::Duplicate,
        (_, "unauthorized") | ("unauthorized", _) => End::Unauthorized,
        (_, "skypetoken-deprecated") => End::Deprecated,
        _ => End::Other,
    }
}

pub(super) const GOOD_BYE: &str = "0::";

const CONNECT: Duration = Duration::from_secs(20);
const OPEN: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(40);
const PONG: Duration = Duration::from_secs(5);
const ACTIVITY: Duration = Duration::from_secs(10);

/// Added to the service's own times.
const GRACE: Duration = Duration::from_secs(2);
