//! What goes over a socket: addresses and bytes.

use std::fmt;
use std::net::SocketAddr;

use str0m::net::DatagramSend;
use str0m::net::Protocol;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    /// Framed as in RFC 4571.
    Tcp,
}

/// What arrived; `destination` is the local address.
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    pub transport: Transport,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub bytes: &'a [u8],
}

/// What shall be sent; `source` is the local address.
pub struct Transmit {
    pub transport: Transport,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub(super) contents: DatagramSend,
}

impl Transmit {
    pub fn bytes(&self) -> &[u8] {
        &self.contents
    }

    /// `None` for transports that no candidate of ours has.
    pub(super) fn new(transmit: str0m::net::Transmit) -> Option<Self> {
        Some(Self {
            transport: Transport::of(transmit.proto)?,
            source: transmit.source,
            destination: transmit.destination,
            contents: transmit.contents,
        })
    }
}

impl Transport {
    pub(super) fn of(protocol: Protocol) -> Option<Self> {
        match protocol {
            Protocol::Udp => Some(Self::Udp),
            Protocol::Tcp => Some(Self::Tcp),
            Protocol::SslTcp | Protocol::Tls => None,
        }
    }

    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Udp => Protocol::Udp,
            Self::Tcp => Protocol::Tcp,
        }
    }
}

impl fmt::Debug for Datagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Datagram({:?}, {} bytes)",
            self.transport,
            self.bytes.len()
        )
    }
}

impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Transmit({:?}, {} bytes)",
            self.transport,
            self.bytes().len()
        )
    }
}
