//! The sockets under the client's peer: binds, connects, reads, writes, sleeps. Decides nothing.
//!
//! Sound has lanes of its own. Neither lane keeps more than its channel holds: what the
//! owner does not take in time is dropped, and so is what the network does not take.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::tasks::Tasks;

use super::datagram::Datagram;
use super::datagram::Transmit;
use super::datagram::Transport;
use super::outbox::Outbox;
use super::packet::Frame;
use super::packet::Packet;
use super::peer::Command;
use super::peer::Event;
use super::peer::Input;
use super::peer::Output;
use super::peer::Peer;
use super::peer::Role;
use super::sockets;
use super::sockets::Received;
use super::sockets::Sockets;
use super::stream::Arrival;
use super::stream::Line;

#[derive(Debug, Clone)]
pub struct Settings {
    /// Where signalling is connected to; it tells the route, and so our own address.
    pub service: SocketAddr,
    pub tasks: Tasks,
}

/// The owner's other ends are the whole interface.
#[derive(Debug)]
pub struct Lanes {
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Sender<Event>,
    pub frames: mpsc::Receiver<Frame>,
    pub packets: mpsc::Sender<Packet>,
}

/// One connection, from the first offer to its end. Ends after the last event: when told
/// to close, when the other side closed, or when no more commands can come.
pub async fn run(settings: Settings, lanes: Lanes) {
    let clock = Clock;
    let (inbox, arrivals) = mpsc::channel(ARRIVALS);
    let driver = Driver {
        settings,
        events: Outbox::new(lanes.events),
        packets: lanes.packets,
        clock,
        peer: Peer::new(Role::Offerer, clock.now()),
        sockets: Sockets::default(),
        inbox,
        line: None,
        connecting: None,
    };
    Box::pin(driver.run(lanes.commands, lanes.frames, arrivals)).await;
}

struct Driver {
    settings: Settings,
    events: Outbox<Event>,
    packets: mpsc::Sender<Packet>,
    clock: Clock,
    peer: Peer,
    sockets: Sockets,
    inbox: mpsc::Sender<Arrival>,
    line: Option<Connection>,
    connecting: Option<Connecting>,
}

struct Connection {
    local: SocketAddr,
    remote: SocketAddr,
    line: Line,
}

type Connecting = Pin<Box<dyn Future<Output = (SocketAddr, io::Result<TcpStream>)> + Send>>;

impl Driver {
    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut frames: mpsc::Receiver<Frame>,
        mut arrivals: mpsc::Receiver<Arrival>,
    ) {
        let mut buffer = [0; sockets::BUFFER];
        let mut sound = true;
        while !self.peer.is_closed() {
            let deadline = self.carry_out().await;
            tokio::select! {
                biased;
                command = commands.recv(), if !self.events.is_full() => {
                    self.handle(Input::Command(command.unwrap_or(Command::Close)));
                }
                frame = frames.recv(), if sound => match frame {
                    Some(frame) => self.handle(Input::Frame(frame)),
                    None => sound = false,
                },
                handed = self.events.hand_over(), if !self.events.is_empty() => {
                    if handed.is_err() {
                        self.handle(Input::Command(Command::Close));
                    }
                }
                (remote, stream) = connected(&mut self.connecting) => {
                    self.connected(remote, stream);
                }
                Some(arrival) = arrivals.recv() => self.arrived(&arrival),
                received = self.sockets.receive(&mut buffer) => match received {
                    Ok(received) => self.received(received, &mut buffer),
                    Err(error) => self.handle(Input::NotSent(Transport::Udp, error.kind())),
                },
                () = self.clock.sleep_until(deadline) => self.handle(Input::Timeout),
            }
        }
        self.carry_out().await;
        self.events.empty().await;
    }

    fn handle(&mut self, input: Input<'_>) {
        self.peer.handle(input, self.clock.now());
    }

    /// Does what the peer asks for; answers when it wants to be woken.
    async fn carry_out(&mut self) -> Option<Moment> {
        loop {
            match self.peer.poll() {
                Output::Wait(deadline) => return deadline,
                Output::Transmit(transmit) => self.transmit(&transmit),
                Output::Packet(packet) => {
                    let _ = self.packets.try_send(packet);
                }
                Output::Event(event) => self.events.put(event),
                Output::Bind => self.bind().await,
                Output::KeepOnly(address) => self.sockets.keep_only(address),
                Output::Connect(remote) => {
                    self.connecting = Some(Box::pin(connect(remote)));
                }
                Output::Shut(local) => self.line = self.line.take().filter(|l| l.local != local),
            }
        }
    }

    fn transmit(&mut self, transmit: &Transmit) {
        match transmit.transport {
            Transport::Udp => {
                if let Err(error) = self.sockets.send(transmit) {
                    self.handle(Input::NotSent(Transport::Udp, error.kind()));
                }
            }
            Transport::Tcp => {
                let line = self.line.as_ref();
                if let Some(to) = line.filter(|l| l.remote == transmit.destination) {
                    to.line.send(transmit.bytes());
                }
            }
        }
    }

    async fn bind(&mut self) {
        let bound = match sockets::route(self.settings.service) {
            Ok(address) => self.sockets.bind(SocketAddr::new(address, 0)).await,
            Err(error) => Err(error),
        };
        match bound {
            Ok(address) => self.handle(Input::Bound(Transport::Udp, address)),
            Err(_) => self.handle(Input::NotBound),
        }
    }

    fn connected(&mut self, remote: SocketAddr, stream: io::Result<TcpStream>) {
        self.connecting = None;
        let attached = stream.and_then(|stream| {
            let local = stream.local_addr()?;
            let line = Line::attach(stream, self.inbox.clone(), &self.settings.tasks)?;
            Ok(Connection {
                local,
                remote,
                line,
            })
        });
        // Without a connection there is nothing to tell: UDP goes on being tried.
        if let Ok(connection) = attached {
            let local = connection.local;
            self.line = Some(connection);
            self.handle(Input::Opened { local });
        }
    }

    fn arrived(&mut self, arrival: &Arrival) {
        let (source, destination) = (arrival.remote, arrival.local);
        let input = match &arrival.datagram {
            Some(bytes) => Input::Datagram(Datagram {
                transport: Transport::Tcp,
                source,
                destination,
                bytes,
            }),
            None => Input::Broken { local: destination },
        };
        self.handle(input);
    }

    fn received(&mut self, first: Received, buffer: &mut [u8]) {
        let mut next = Some(first);
        let mut left = sockets::BATCH;
        while let Some(received) = next {
            self.handle(Input::Datagram(received.datagram(buffer)));
            left -= 1;
            next = (left > 0)
                .then(|| self.sockets.receive_more(buffer))
                .flatten();
        }
    }
}

async fn connect(remote: SocketAddr) -> (SocketAddr, io::Result<TcpStream>) {
    let connecting = tokio::time::timeout(CONNECT, TcpStream::connect(remote)).await;
    let stream = connecting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    (remote, stream)
}

async fn connected(connecting: &mut Option<Connecting>) -> (SocketAddr, io::Result<TcpStream>) {
    match connecting {
        Some(connecting) => connecting.await,
        None => std::future::pending().await,
    }
}

const ARRIVALS: usize = 64;
const CONNECT: Duration = Duration::from_secs(5);
