//! What a peer is told, and what it says.

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::clock::Moment;
use crate::rtc::datagram::Datagram;
use crate::rtc::datagram::Transmit;
use crate::rtc::datagram::Transport;
use crate::rtc::packet::Frame;
use crate::rtc::packet::Gate;
use crate::rtc::packet::Packet;
use crate::rtc::sdp::Error;
use crate::rtc::sdp::Sdp;
use crate::rtc::stats::Stats;

/// Who writes the first description: the client and the browser offer, the service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Offerer,
    Answerer,
}

#[derive(Debug)]
pub enum Input<'a> {
    Timeout,
    Datagram(Datagram<'a>),
    /// A UDP socket was bound, or a socket for TCP connections.
    Bound(Transport, SocketAddr),
    NotBound,
    /// The connection that was asked for stands.
    Opened {
        local: SocketAddr,
    },
    /// A connection with this local address is no more.
    Broken {
        local: SocketAddr,
    },
    /// A datagram could not be sent.
    NotSent(Transport, ErrorKind),
    Frame(Frame),
    Command(Command),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write an offer; also anew, for another path, once there was one.
    Offer,
    /// The answer to it.
    Answer(Sdp),
    /// Answer this offer; also one that comes later, for another path.
    Accept(Sdp),
    Gate(Gate),
    /// Say good-bye. Nothing comes out after [`State::Closed`].
    Close,
}

#[derive(Debug)]
pub enum Output {
    Transmit(Transmit),
    /// Bind a UDP socket for the route of now.
    Bind,
    /// Open a TCP connection.
    Connect(SocketAddr),
    /// Every UDP socket but this one can be closed.
    KeepOnly(SocketAddr),
    /// The TCP connection with this local address can be closed.
    Shut(SocketAddr),
    Packet(Packet),
    Event(Event),
    /// Nothing more until something arrives or this moment has come.
    Wait(Option<Moment>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Offer(Sdp),
    Answer(Sdp),
    /// A description could not be used.
    Refused(Error),
    State(State),
    /// The path is lost: when the other side can be told, [`Command::Offer`] finds another.
    RestartNeeded(Reason),
    Stats(Stats),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Connected,
    /// Nothing is heard of the other side at present.
    Interrupted,
    Closed(Cause),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No path was found.
    NoPath,
    /// Nothing was heard for a while.
    Silence,
    /// The network does not take what is sent.
    Unreachable,
    /// The TCP connection broke.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// We closed it.
    Here,
    /// The other side closed it.
    There,
    /// The other side has another certificate than it announced.
    Certificate,
    /// The encrypted connection could not go on.
    Failed,
    NeverConnected,
}
