//! The peers of a service behind one port.
//!
//! A STUN request names the peer it is for and proves it with the peer's password; where
//! such a request came from, everything else of that peer comes from too. What comes from
//! anywhere else reaches no peer. The same port number takes TCP connections; one that
//! has not shown a peer's password after `INTRODUCE` is closed.
//!
//! Feed it with `Hub::handle`, then drain `Hub::poll` until it returns
//! `Output::Wait`. It never reads a clock and opens no socket: [`run`] does.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use str0m::ice::StunMessage;

use crate::clock::Moment;

use super::datagram::Datagram;
use super::datagram::Transmit;
use super::datagram::Transport;
use super::packet::Frame;
use super::packet::Gate;
use super::packet::Packet;
use super::peer;
use super::peer::Event;
use super::peer::Peer;
use super::peer::Role;
use super::peer::State;
use super::sdp::Error;
use super::sdp::Sdp;
pub use driver::Lanes;
pub use driver::Settings;
pub use driver::run;

mod driver;

/// A peer, by a number of the owner's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Answer an offer. The first of a peer makes it; a later one finds it another path.
    Accept {
        peer: PeerId,
        /// The local address at which the participant's signalling reached the service:
        /// there its media can reach it too.
        address: IpAddr,
        offer: Sdp,
    },
    Gate(PeerId, Gate),
    Close(PeerId),
}

/// One Opus packet for everybody who is to hear it.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub to: Vec<PeerId>,
    pub frame: Frame,
}

#[derive(Debug)]
enum Input<'a> {
    Timeout,
    Datagram(Datagram<'a>),
    Bound(IpAddr, Bound),
    NotBound(IpAddr),
    /// A TCP connection from there came in, or is no more.
    Opened(SocketAddr),
    Broken(SocketAddr),
    Outgoing(Outgoing),
    Command(Command),
}

/// The sockets at one of our addresses.
#[derive(Debug, Clone, Copy)]
struct Bound {
    udp: SocketAddr,
    tcp: Option<SocketAddr>,
}

#[derive(Debug)]
enum Output {
    Transmit(Transmit),
    /// Bind sockets at this address, if possible with this port.
    Bind(SocketAddr),
    Shut(SocketAddr),
    Packet(PeerId, Packet),
    Event(PeerId, Event),
    Wait(Option<Moment>),
}

#[derive(Debug)]
struct Hub {
    port: u16,
    peers: HashMap<PeerId, Place>,
    ufrags: HashMap<String, PeerId>,
    sources: HashMap<(Transport, SocketAddr), PeerId>,
    /// TCP connections that have not said whom they are for, and until when they may.
    strangers: HashMap<SocketAddr, Moment>,
    bound: HashMap<IpAddr, Bound>,
    waiting: Vec<Waiting>,
    out: VecDeque<Output>,
}

#[derive(Debug)]
struct Place {
    peer: Box<Peer>,
    ufrag: String,
    sources: VecDeque<(Transport, SocketAddr)>,
    wake: Option<Moment>,
}

/// An offer for which a socket is being bound.
#[derive(Debug)]
struct Waiting {
    peer: PeerId,
    address: IpAddr,
    offer: Sdp,
}

impl Hub {
    fn new(port: u16) -> Self {
        Self {
            port,
            peers: HashMap::new(),
            ufrags: HashMap::new(),
            sources: HashMap::new(),
            strangers: HashMap::new(),
            bound: HashMap::new(),
            waiting: Vec::new(),
            out: VecDeque::new(),
        }
    }

    fn handle(&mut self, input: Input<'_>, now: Moment) {
        match input {
            Input::Timeout => self.timeout(now),
            Input::Datagram(datagram) => self.datagram(datagram, now),
            Input::Outgoing(outgoing) => self.outgoing(&outgoing, now),
            Input::Opened(remote) => self.opened(remote, now),
            Input::Broken(remote) => self.broken(remote),
            Input::Bound(address, bound) => self.bound(address, bound, now),
            Input::NotBound(address) => self.not_bound(address),
            Input::Command(command) => self.command(command, now),
        }
    }

    fn poll(&mut self) -> Output {
        if let Some(output) = self.out.pop_front() {
            return output;
        }
        let peers = self.peers.values().filter_map(|place| place.wake);
        Output::Wait(peers.chain(self.strangers.values().copied()).min())
    }

    fn command(&mut self, command: Command, now: Moment) {
        match command {
            Command::Accept {
                peer,
                address,
                offer,
            } => self.accept(peer, address.to_canonical(), offer, now),
            Command::Gate(peer, gate) => self.tell(peer, peer::Command::Gate(gate), now),
            Command::Close(peer) => {
                self.waiting.retain(|waiting| waiting.peer != peer);
                self.tell(peer, peer::Command::Close, now);
            }
        }
    }

    fn tell(&mut self, peer: PeerId, command: peer::Command, now: Moment) {
        self.with(peer, peer::Input::Command(command), now);
    }

    fn accept(&mut self, id: PeerId, address: IpAddr, offer: Sdp, now: Moment) {
        if self.peers.contains_key(&id) {
            self.tell(id, peer::Command::Accept(offer), now);
        } else if let Some(bound) = self.bound.get(&address) {
            let place = Place::new(*bound, now);
            self.peers.insert(id, place);
            self.tell(id, peer::Command::Accept(offer), now);
        } else {
            let binding = self.waiting.iter().any(|w| w.address == address);
            self.waiting.push(Waiting {
                peer: id,
                address,
                offer,
            });
            if !binding {
                let at = SocketAddr::new(address, self.port);
                self.out.push_back(Output::Bind(at));
            }
        }
    }

    fn bound(&mut self, address: IpAddr, bound: Bound, now: Moment) {
        // Other addresses get the same port, if it is free there.
        if self.port == 0 {
            self.port = bound.udp.port();
        }
        self.bound.insert(address, bound);
        for waiting in self.take_waiting(address) {
            self.accept(waiting.peer, address, waiting.offer, now);
        }
    }

    fn not_bound(&mut self, address: IpAddr) {
        for waiting in self.take_waiting(address) {
            let refused = Event::Refused(Error::NoSocket);
            self.out.push_back(Output::Event(waiting.peer, refused));
        }
    }

    fn take_waiting(&mut self, address: IpAddr) -> Vec<Waiting> {
        let all = std::mem::take(&mut self.waiting);
        let (now, later) = all.into_iter().partition(|w| w.address == address);
        self.waiting = later;
        now
    }

    fn outgoing(&mut self, outgoing: &Outgoing, now: Moment) {
        for peer in &outgoing.to {
            self.with(*peer, peer::Input::Frame(outgoing.frame.clone()), now);
        }
    }

    fn datagram(&mut self, datagram: Datagram<'_>, now: Moment) {
        let source = (datagram.transport, datagram.source);
        let known = self.sources.get(&source).copied();
        let Some(id) = self.introduced(&datagram, now).or(known) else {
            return;
        };
        if known != Some(id) {
            self.remember(id, source);
        }
        self.with(id, peer::Input::Datagram(datagram), now);
    }

    /// The peer whose password a STUN request knows.
    fn introduced(&self, datagram: &Datagram<'_>, now: Moment) -> Option<PeerId> {
        if !peer::is_stun(datagram.bytes) {
            return None;
        }
        let message = StunMessage::parse(datagram.bytes).ok()?;
        let (ufrag, _) = message.split_username()?;
        let id = *self.ufrags.get(ufrag)?;
        let place = self.peers.get(&id)?;
        place.peer.accepts(datagram, now).then_some(id)
    }

    fn remember(&mut self, id: PeerId, source: (Transport, SocketAddr)) {
        let Some(place) = self.peers.get_mut(&id) else {
            return;
        };
        place.sources.push_front(source);
        let forgotten = place
            .sources
            .split_off(place.sources.len().min(MOST_SOURCES));
        for source in forgotten {
            self.forget_source(id, source);
        }
        self.strangers.remove(&source.1);
        self.sources.insert(source, id);
    }

    fn forget_source(&mut self, id: PeerId, source: (Transport, SocketAddr)) {
        // It may have become another peer's since.
        if self.sources.get(&source) != Some(&id) {
            return;
        }
        self.sources.remove(&source);
        if source.0 == Transport::Tcp {
            self.out.push_back(Output::Shut(source.1));
        }
    }

    fn opened(&mut self, remote: SocketAddr, now: Moment) {
        if self.strangers.len() < MOST_STRANGERS {
            self.strangers.insert(remote, now + INTRODUCE);
        } else {
            self.out.push_back(Output::Shut(remote));
        }
    }

    fn broken(&mut self, remote: SocketAddr) {
        self.strangers.remove(&remote);
        self.sources.remove(&(Transport::Tcp, remote));
    }

    fn timeout(&mut self, now: Moment) {
        let is_due = |at: Moment| at <= now;
        let due = self
            .peers
            .iter()
            .filter(|(_, p)| p.wake.is_some_and(is_due));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.with(id, peer::Input::Timeout, now);
        }
        let out = &mut self.out;
        self.strangers.retain(|remote, until| {
            if *until <= now {
                out.push_back(Output::Shut(*remote));
            }
            *until > now
        });
    }

    /// Gives a peer its input and takes out what it has to say.
    fn with(&mut self, id: PeerId, input: peer::Input<'_>, now: Moment) {
        let Some(place) = self.peers.get_mut(&id) else {
            return;
        };
        place.peer.handle(input, now);
        let mut over = false;
        place.wake = loop {
            match place.peer.poll() {
                peer::Output::Wait(deadline) => break deadline,
                peer::Output::Transmit(transmit) => self.out.push_back(Output::Transmit(transmit)),
                peer::Output::Packet(packet) => self.out.push_back(Output::Packet(id, packet)),
                peer::Output::Event(event) => {
                    over |= matches!(event, Event::State(State::Closed(_)));
                    self.out.push_back(Output::Event(id, event));
                }
                peer::Output::Bind
                | peer::Output::Connect(_)
                | peer::Output::KeepOnly(_)
                | peer::Output::Shut(_) => {}
            }
        };
        let ufrag = place.peer.ufrag().unwrap_or_default();
        if place.ufrag != ufrag {
            self.ufrags.remove(&place.ufrag);
            ufrag.clone_into(&mut place.ufrag);
            self.ufrags.insert(place.ufrag.clone(), id);
        }
        // Refused at the very first offer, it will never be heard of.
        if over || place.ufrag.is_empty() {
            self.forget(id);
        }
    }

    /// Says good-bye to everybody.
    fn close_all(&mut self, now: Moment) {
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            self.tell(id, peer::Command::Close, now);
        }
    }

    fn forget(&mut self, id: PeerId) {
        if let Some(place) = self.peers.remove(&id) {
            self.ufrags.remove(&place.ufrag);
            for source in place.sources {
                self.forget_source(id, source);
            }
        }
    }
}

impl Place {
    fn new(bound: Bound, now: Moment) -> Self {
        let mut peer = Box::new(Peer::new(Role::Answerer, now));
        peer.handle(peer::Input::Bound(Transport::Udp, bound.udp), now);
        if let Some(tcp) = bound.tcp {
            peer.handle(peer::Input::Bound(Transport::Tcp, tcp), now);
        }
        Self {
            peer,
            ufrag: String::new(),
            sources: VecDeque::new(),
            wake: None,
        }
    }
}

/// How long a TCP connection may stay without having said whom it is for.
const INTRODUCE: Duration = Duration::from_secs(5);
const MOST_STRANGERS: usize = 128;
/// A peer changes its address now and then; what it had long ago is not kept.
const MOST_SOURCES: usize = 8;
#[cfg(test)]
mod tests;
