//! Peers behind one port: who gets what arrives.

use super::*;

use std::sync::Arc;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn service() -> SocketAddr {
    "192.0.2.1:5000".parse().unwrap()
}

fn participant(number: u64) -> SocketAddr {
    SocketAddr::new(
        [192, 0, 2, 100 + u8::try_from(number).unwrap()].into(),
        4000,
    )
}

/// Participants who all have joined by the same address of the service.
struct Room {
    hub: Hub,
    clients: Vec<Peer>,
    now: Moment,
    events: Vec<(PeerId, Event)>,
    packets: Vec<(PeerId, Packet)>,
    heard: Vec<(usize, Packet)>,
    shut: Vec<SocketAddr>,
    binds: usize,
}

impl Room {
    fn new(size: u64) -> Self {
        let now = Moment::ZERO + Duration::from_secs(1000);
        let mut room = Self {
            hub: Hub::new(0),
            clients: Vec::new(),
            now,
            events: Vec::new(),
            packets: Vec::new(),
            heard: Vec::new(),
            shut: Vec::new(),
            binds: 0,
        };
        for number in 0..size {
            let mut client = Peer::new(Role::Offerer, now);
            client.handle(peer::Input::Command(peer::Command::Offer), now);
            let at = participant(number);
            client.handle(peer::Input::Bound(Transport::Udp, at), now);
            client.handle(peer::Input::Command(peer::Command::Gate(Gate::Open)), now);
            room.clients.push(client);
        }
        room
    }

    fn connected(size: u64) -> Self {
        let mut room = Self::new(size);
        room.run(millis(1000));
        for number in 0..size {
            let connected = Event::State(State::Connected);
            assert!(room.events.contains(&(PeerId(number), connected)));
            let open = Command::Gate(PeerId(number), Gate::Open);
            room.hub.handle(Input::Command(open), room.now);
        }
        room
    }

    /// The network takes no time here, so moments differ only by what the peers wait for.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let mut due = self.drain_hub();
            for index in 0..self.clients.len() {
                due = due.into_iter().chain(self.drain_client(index)).min();
            }
            if due.is_none_or(|due| due >= end) {
                self.now = end;
                return;
            }
            self.now = self.now.max(due.unwrap_or(end)) + Duration::from_micros(100);
            self.hub.handle(Input::Timeout, self.now);
            for client in &mut self.clients {
                client.handle(peer::Input::Timeout, self.now);
            }
        }
    }

    fn drain_client(&mut self, index: usize) -> Option<Moment> {
        loop {
            match self.clients[index].poll() {
                peer::Output::Wait(at) => return at,
                peer::Output::Transmit(transmit) => {
                    self.hub
                        .handle(Input::Datagram(landing(&transmit)), self.now);
                    self.drain_hub();
                }
                peer::Output::Event(Event::Offer(offer)) => {
                    let peer = PeerId(u64::try_from(index).unwrap());
                    let accept = Command::Accept {
                        peer,
                        address: service().ip(),
                        offer,
                    };
                    self.hub.handle(Input::Command(accept), self.now);
                    self.drain_hub();
                }
                peer::Output::Packet(packet) => self.heard.push((index, packet)),
                _ => {}
            }
        }
    }

    fn drain_hub(&mut self) -> Option<Moment> {
        loop {
            match self.hub.poll() {
                Output::Wait(at) => return at,
                Output::Transmit(transmit) => {
                    let ours = |client: u64| participant(client) == transmit.destination;
                    let size = u64::try_from(self.clients.len()).unwrap();
                    if let Some(client) = (0..size).find(|client| ours(*client)) {
                        let client = &mut self.clients[usize::try_from(client).unwrap()];
                        client.handle(peer::Input::Datagram(landing(&transmit)), self.now);
                    }
                }
                Output::Bind(wish) => {
                    self.binds += 1;
                    let bound = Bound {
                        udp: service(),
                        tcp: Some(service()),
                    };
                    let input = Input::Bound(wish.ip(), bound);
                    self.hub.handle(input, self.now);
                }
                Output::Event(peer, event) => {
                    if let Event::Answer(answer) = &event {
                        let client = &mut self.clients[usize::try_from(peer.0).unwrap()];
                        let answer = peer::Command::Answer(answer.clone());
                        client.handle(peer::Input::Command(answer), self.now);
                    }
                    self.events.push((peer, event));
                }
                Output::Packet(peer, packet) => self.packets.push((peer, packet)),
                Output::Shut(remote) => self.shut.push(remote),
            }
        }
    }
}

fn landing(transmit: &Transmit) -> Datagram<'_> {
    Datagram {
        transport: transmit.transport,
        source: transmit.source,
        destination: transmit.destination,
        bytes: transmit.bytes(),
    }
}

fn frame(payload: &[u8]) -> Frame {
    Frame {
        timestamp: 960,
        payload: Arc::from(payload),
        level: None,
        marker: false,
    }
}

#[test]
fn many_peers_share_one_port_and_each_is_known_by_its_number() {
    let mut room = Room::connected(5);
    assert_eq!(room.binds, 1);
    for (number, client) in (0_u8..).zip(&mut room.clients) {
        client.handle(peer::Input::Frame(frame(&[number])), room.now);
    }
    room.run(millis(20));
    let said: Vec<_> = room
        .packets
        .iter()
        .map(|(id, p)| (id.0, p.payload[0]))
        .collect();
    assert_eq!(said, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]);
}

#[test]
fn one_frame_goes_to_everybody_who_is_named_and_to_nobody_else() {
    let mut room = Room::connected(4);
    let outgoing = Outgoing {
        to: vec![PeerId(1), PeerId(3), PeerId(99)],
        frame: frame(b"hello"),
    };
    room.hub.handle(Input::Outgoing(outgoing), room.now);
    room.run(millis(20));
    let heard: Vec<_> = room.heard.iter().map(|(index, _)| *index).collect();
    assert_eq!(heard, [1, 3]);
}

#[test]
fn whoever_is_shut_out_neither_hears_nor_is_heard() {
    let mut room = Room::connected(2);
    let shut = Command::Gate(PeerId(0), Gate::Shut);
    room.hub.handle(Input::Command(shut), room.now);
    for client in &mut room.clients {
        client.handle(peer::Input::Frame(frame(b"hello")), room.now);
    }
    let outgoing = Outgoing {
        to: vec![PeerId(0), PeerId(1)],
        frame: frame(b"hello"),
    };
    room.hub.handle(Input::Outgoing(outgoing), room.now);
    room.run(millis(20));
    let from: Vec<_> = room.packets.iter().map(|(id, _)| id.0).collect();
    let to: Vec<_> = room.heard.iter().map(|(index, _)| *index).collect();
    assert_eq!((from, to), (vec![1], vec![1]));
}

#[test]
fn a_peer_that_was_closed_hears_it_and_leaves_nothing_behind() {
    let mut room = Room::connected(2);
    room.hub
        .handle(Input::Command(Command::Close(PeerId(0))), room.now);
    room.run(millis(20));
    assert!(room.clients[0].is_closed());
    assert!(!room.clients[1].is_closed());
    assert_eq!(
        (
            room.hub.peers.len(),
            room.hub.ufrags.len(),
            room.hub.sources.len()
        ),
        (1, 1, 1)
    );
}

#[test]
fn an_offer_that_makes_no_sense_is_refused_and_leaves_nothing_behind() {
    let mut room = Room::new(0);
    let accept = Command::Accept {
        peer: PeerId(7),
        address: service().ip(),
        offer: Sdp("v=0\r\n".into()),
    };
    room.hub.handle(Input::Command(accept), room.now);
    room.run(millis(1));
    let refused = Event::Refused(Error::MediaLines(0));
    assert_eq!(room.events, [(PeerId(7), refused)]);
    assert_eq!((room.hub.peers.len(), room.hub.ufrags.len()), (0, 0));
}

#[test]
fn a_connection_that_does_not_say_whom_it_is_for_is_closed_after_five_seconds() {
    let mut room = Room::new(0);
    let stranger: SocketAddr = "198.51.100.9:999".parse().unwrap();
    room.hub.handle(Input::Opened(stranger), room.now);
    let nonsense = Datagram {
        transport: Transport::Tcp,
        source: stranger,
        destination: service(),
        bytes: &[0x80; 64],
    };
    room.hub.handle(Input::Datagram(nonsense), room.now);
    room.run(millis(4900));
    assert_eq!(room.shut, []);
    room.run(millis(200));
    assert_eq!(room.shut, [stranger]);
    assert_eq!(room.hub.strangers.len(), 0);
}

#[test]
fn connections_without_a_name_are_not_taken_without_end() {
    let mut room = Room::new(0);
    for port in 1..1000 {
        let stranger = SocketAddr::new([198, 51, 100, 9].into(), port);
        room.hub.handle(Input::Opened(stranger), room.now);
    }
    assert_eq!(room.hub.strangers.len(), MOST_STRANGERS);
}

#[test]
fn what_comes_from_where_no_peer_is_reaches_none() {
    let mut room = Room::connected(1);
    room.clients[0].handle(peer::Input::Frame(frame(b"hello")), room.now);
    let transmit = loop {
        match room.clients[0].poll() {
            peer::Output::Transmit(transmit) => break transmit,
            peer::Output::Wait(_) => panic!("nothing was sent"),
            _ => {}
        }
    };
    let elsewhere = Datagram {
        source: participant(9),
        ..landing(&transmit)
    };
    room.hub.handle(Input::Datagram(elsewhere), room.now);
    room.run(millis(20));
    assert_eq!(room.packets, []);
}
