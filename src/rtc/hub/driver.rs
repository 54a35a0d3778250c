//! The sockets under the hub: binds, accepts, reads, writes, sleeps. Decides nothing.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::rtc::datagram::Datagram;
use crate::rtc::datagram::Transmit;
use crate::rtc::datagram::Transport;
use crate::rtc::outbox::Outbox;
use crate::rtc::packet::Packet;
use crate::rtc::peer::Event;
use crate::rtc::sockets;
use crate::rtc::sockets::Received;
use crate::rtc::sockets::Sockets;
use crate::rtc::stream::Arrival;
use crate::rtc::stream::Line;
use crate::tasks::Tasks;

use super::Bound;
use super::Command;
use super::Hub;
use super::Input;
use super::Outgoing;
use super::Output;
use super::PeerId;

#[derive(Debug, Clone)]
pub struct Settings {
    /// 0 leaves the choice to the system.
    pub port: u16,
    pub tasks: Tasks,
}

/// The owner's other ends are the whole interface.
#[derive(Debug)]
pub struct Lanes {
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Sender<(PeerId, Event)>,
    pub frames: mpsc::Receiver<Outgoing>,
    pub packets: mpsc::Sender<(PeerId, Packet)>,
}

/// Carries the media of a service until no more commands can come; then says good-bye.
pub async fn run(settings: Settings, lanes: Lanes) {
    let (inbox, arrivals) = mpsc::channel(ARRIVALS);
    let driver = Driver {
        hub: Hub::new(settings.port),
        tasks: settings.tasks,
        events: Outbox::new(lanes.events),
        packets: lanes.packets,
        clock: Clock,
        sockets: Sockets::default(),
        listeners: Vec::new(),
        lines: HashMap::new(),
        inbox,
    };
    Box::pin(driver.run(lanes.commands, lanes.frames, arrivals)).await;
}

struct Driver {
    hub: Hub,
    tasks: Tasks,
    events: Outbox<(PeerId, Event)>,
    packets: mpsc::Sender<(PeerId, Packet)>,
    clock: Clock,
    sockets: Sockets,
    listeners: Vec<TcpListener>,
    lines: HashMap<SocketAddr, Line>,
    inbox: mpsc::Sender<Arrival>,
}

impl Driver {
    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut frames: mpsc::Receiver<Outgoing>,
        mut arrivals: mpsc::Receiver<Arrival>,
    ) {
        let mut buffer = [0; sockets::BUFFER];
        let mut sound = true;
        loop {
            let deadline = self.carry_out().await;
            // A flood of datagrams must not keep anybody's deadline waiting.
            if deadline.is_some_and(|at| at <= self.clock.now()) {
                self.handle(Input::Timeout);
                continue;
            }
            tokio::select! {
                biased;
                command = commands.recv(), if !self.events.is_full() => match command {
                    Some(command) => self.handle(Input::Command(command)),
                    None => break,
                },
                outgoing = frames.recv(), if sound => match outgoing {
                    Some(outgoing) => self.handle(Input::Outgoing(outgoing)),
                    None => sound = false,
                },
                handed = self.events.hand_over(), if !self.events.is_empty() => {
                    if handed.is_err() {
                        break;
                    }
                }
                Some(arrival) = arrivals.recv() => self.arrived(&arrival),
                received = self.sockets.receive(&mut buffer) => {
                    if let Ok(received) = received {
                        self.received(received, &mut buffer);
                    }
                }
                accepted = accept(&self.listeners) => self.accepted(accepted),
                () = self.clock.sleep_until(deadline) => self.handle(Input::Timeout),
            }
        }
        self.hub.close_all(self.clock.now());
        self.carry_out().await;
        self.events.empty().await;
    }

    fn handle(&mut self, input: Input<'_>) {
        self.hub.handle(input, self.clock.now());
    }

    /// Does what the hub asks for; answers when it wants to be woken.
    async fn carry_out(&mut self) -> Option<Moment> {
        loop {
            match self.hub.poll() {
                Output::Wait(deadline) => return deadline,
                Output::Transmit(transmit) => self.transmit(&transmit),
                Output::Packet(peer, packet) => {
                    let _ = self.packets.try_send((peer, packet));
                }
                Output::Event(peer, event) => self.tell(peer, event),
                Output::Bind(address) => self.bind(address).await,
                Output::Shut(remote) => {
                    self.lines.remove(&remote);
                }
            }
        }
    }

    /// Statistics are taken anew every second: an owner who is slow misses some.
    fn tell(&mut self, peer: PeerId, event: Event) {
        let can_be_missed = matches!(event, Event::Stats(_));
        if !can_be_missed || !self.events.is_full() {
            self.events.put((peer, event));
        }
    }

    fn transmit(&mut self, transmit: &Transmit) {
        match transmit.transport {
            Transport::Udp => {
                // Whoever cannot be reached will be missed by the checks of the path.
                let _ = self.sockets.send(transmit);
            }
            Transport::Tcp => {
                if let Some(line) = self.lines.get(&transmit.destination) {
                    line.send(transmit.bytes());
                }
            }
        }
    }

    async fn bind(&mut self, wish: SocketAddr) {
        let address = wish.ip();
        let udp = match self.sockets.bind(wish).await {
            Err(_) if wish.port() != 0 => self.sockets.bind(SocketAddr::new(address, 0)).await,
            bound => bound,
        };
        let input = match udp {
            Ok(udp) => {
                let tcp = self.listen(udp).await.ok();
                Input::Bound(address, Bound { udp, tcp })
            }
            Err(error) => {
                tracing::warn!(%error, "could not open a socket for the sound of calls");
                Input::NotBound(address)
            }
        };
        self.handle(input);
    }

    async fn listen(&mut self, udp: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(udp).await?;
        let address = listener.local_addr()?;
        self.listeners.push(listener);
        Ok(address)
    }

    fn accepted(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let attached = accepted.and_then(|(stream, remote)| {
            let line = Line::attach(stream, self.inbox.clone(), &self.tasks)?;
            Ok((remote, line))
        });
        match attached {
            Ok((remote, line)) => {
                self.lines.insert(remote, line);
                self.handle(Input::Opened(remote));
            }
            Err(error) => tracing::debug!(%error, "could not take a connection"),
        }
    }

    fn arrived(&mut self, arrival: &Arrival) {
        let (source, destination) = (arrival.remote, arrival.local);
        if let Some(bytes) = &arrival.datagram {
            self.handle(Input::Datagram(Datagram {
                transport: Transport::Tcp,
                source,
                destination,
                bytes,
            }));
        } else {
            self.lines.remove(&source);
            self.handle(Input::Broken(source));
        }
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

async fn accept(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    let accepted = poll_fn(|context| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await;
    if accepted.is_err() {
        // Out of file descriptors, usually: trying again at once would spin.
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
    accepted
}

const ARRIVALS: usize = 256;
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
