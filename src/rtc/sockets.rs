//! The UDP sockets of a driver, read as one.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::task::Poll;

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::datagram::Datagram;
use super::datagram::Transmit;
use super::datagram::Transport;

/// A handful of sockets; usually one.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    bound: Vec<(SocketAddr, UdpSocket)>,
}

/// Where a datagram came from and on which of our addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) length: usize,
}

impl Received {
    /// What it is, with its bytes in the buffer that it was read into.
    pub(super) fn datagram(self, buffer: &[u8]) -> Datagram<'_> {
        Datagram {
            transport: Transport::Udp,
            source: self.source,
            destination: self.destination,
            bytes: &buffer[..self.length],
        }
    }
}

impl Sockets {
    pub(super) async fn bind(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let socket = UdpSocket::bind(address).await?;
        let bound = socket.local_addr()?;
        // Before this the first datagram would find the socket not ready, and be dropped.
        socket.writable().await?;
        self.bound.push((bound, socket));
        Ok(bound)
    }

    pub(super) fn keep_only(&mut self, address: SocketAddr) {
        self.bound.retain(|(bound, _)| *bound == address);
    }

    /// Sends at once or not at all: sound that cannot leave now is of no use later.
    pub(super) fn send(&self, transmit: &Transmit) -> io::Result<()> {
        let Some((_, socket)) = self.bound.iter().find(|(at, _)| *at == transmit.source) else {
            return Ok(());
        };
        match socket.try_send_to(transmit.bytes(), transmit.destination) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits for the next datagram. A socket that fails is closed.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        let (failed, error) = match poll_fn(|context| {
            for (index, (destination, socket)) in self.bound.iter().enumerate() {
                let mut into = ReadBuf::new(buffer);
                match socket.poll_recv_from(context, &mut into) {
                    Poll::Ready(Ok(source)) => {
                        return Poll::Ready(Ok(Received {
                            source,
                            destination: *destination,
                            length: into.filled().len(),
                        }));
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err((index, error))),
                    Poll::Pending => {}
                }
            }
            Poll::Pending
        })
        .await
        {
            Ok(received) => return Ok(received),
            Err(failed) => failed,
        };
        self.bound.remove(failed);
        Err(error)
    }

    /// What waits already.
    pub(super) fn receive_more(&self, buffer: &mut [u8]) -> Option<Received> {
        self.bound.iter().find_map(|(destination, socket)| {
            let (length, source) = socket.try_recv_from(buffer).ok()?;
            Some(Received {
                source,
                destination: *destination,
                length,
            })
        })
    }
}

/// The address that datagrams to `remote` would leave from now. Nothing is sent.
pub fn route(remote: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match remote {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.connect(remote)?;
    Ok(socket.local_addr()?.ip())
}

/// Longer than any datagram of a call.
pub(super) const BUFFER: usize = 2048;
/// So many datagrams are read in one go before anything else gets its turn.
pub(super) const BATCH: usize = 32;
