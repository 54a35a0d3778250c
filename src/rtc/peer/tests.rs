//! Two peers, no sockets, and time as a number.

use std::collections::VecDeque;

use super::*;
use crate::rtc::stats::Stats;

pub(super) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(super) fn client_address() -> SocketAddr {
    "192.0.2.7:40000".parse().unwrap()
}

pub(super) fn service_address() -> SocketAddr {
    "192.0.2.1:5000".parse().unwrap()
}

/// What is on its way: due, from whom, and the bytes.
struct Flying {
    due: Moment,
    to_service: bool,
    transport: Transport,
    source: SocketAddr,
    destination: SocketAddr,
    bytes: Vec<u8>,
}

/// A client and a service with a network between them that a test can disturb.
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub(super) struct Pair {
    pub(super) client: Peer,
    pub(super) service: Peer,
    pub(super) now: Moment,
    flying: VecDeque<Flying>,
    delay: Duration,
    udp: bool,
    online: bool,
    /// As the service sees the client's address.
    seen_as: SocketAddr,
    pub(super) events: Vec<Event>,
    pub(super) service_events: Vec<Event>,
    pub(super) heard: Vec<Packet>,
    pub(super) service_heard: Vec<Packet>,
    sent: u32,
    next_port: u16,
    loss: u64,
    /// The client's certificate is another than its offer says.
    forge: bool,
    service_sent: usize,
    random: fastrand::Rng,
    /// Whether DTLS gets through, and answers reach the client.
    pub(super) dtls: bool,
    pub(super) deaf: bool,
    /// Whether all that is sent is kept, and that.
    pub(super) keep: bool,
    pub(super) kept: Vec<Vec<u8>>,
}

impl Pair {
    pub(super) fn new() -> Self {
        let now = Moment::ZERO + Duration::from_secs(1000);
        let mut service = Peer::new(Role::Answerer, now);
        service.handle(Input::Bound(Transport::Udp, service_address()), now);
        service.handle(Input::Bound(Transport::Tcp, service_address()), now);
        Self {
            client: Peer::new(Role::Offerer, now),
            service,
            now,
            flying: VecDeque::new(),
            delay: millis(5),
            udp: true,
            online: true,
            seen_as: client_address(),
            events: Vec::new(),
            service_events: Vec::new(),
            heard: Vec::new(),
            service_heard: Vec::new(),
            sent: 0,
            next_port: client_address().port(),
            loss: 0,
            forge: false,
            service_sent: 0,
            random: fastrand::Rng::with_seed(1),
            dtls: true,
            deaf: false,
            keep: false,
            kept: Vec::new(),
        }
    }

    pub(super) fn connected() -> Self {
        let mut pair = Self::new();
        pair.command(Command::Offer);
        pair.run(millis(800));
        assert!(pair.client.link.is_up(), "{:?}", pair.events);
        pair.command(Command::Gate(Gate::Open));
        pair.service
            .handle(Input::Command(Command::Gate(Gate::Open)), pair.now);
        pair
    }

    pub(super) fn command(&mut self, command: Command) {
        self.client.handle(Input::Command(command), self.now);
        self.carry();
    }

    /// Brings all that was said to where it belongs; descriptions need no time.
    fn carry(&mut self) -> Option<Moment> {
        loop {
            let (wait, again) = self.drain_client();
            let service_wait = self.drain_service();
            if !again {
                return wait.into_iter().chain(service_wait).min();
            }
        }
    }

    fn drain_client(&mut self) -> (Option<Moment>, bool) {
        let mut again = false;
        loop {
            match self.client.poll() {
                Output::Wait(at) => return (at, again),
                Output::Transmit(transmit) => self.fly(true, &transmit),
                Output::Bind => {
                    let bound = SocketAddr::new(client_address().ip(), self.next_port);
                    self.client
                        .handle(Input::Bound(Transport::Udp, bound), self.now);
                }
                Output::Connect(_) => {
                    let local = SocketAddr::new(client_address().ip(), 50_000);
                    self.client.handle(Input::Opened { local }, self.now);
                }
                Output::Event(event) => {
                    if let Event::Offer(sdp) = &event {
                        let accept = Command::Accept(self.on_the_way(sdp));
                        self.service.handle(Input::Command(accept), self.now);
                        again = true;
                    }
                    self.events.push(event);
                }
                Output::Packet(packet) => self.heard.push(packet),
                Output::KeepOnly(_) | Output::Shut(_) => {}
            }
        }
    }

    fn on_the_way(&self, sdp: &Sdp) -> Sdp {
        if !self.forge {
            return sdp.clone();
        }
        let (before, print) = sdp.0.split_once("sha-256 ").unwrap();
        let other = if print.starts_with("00") { "01" } else { "00" };
        Sdp(format!("{before}sha-256 {other}{}", &print[2..]))
    }

    fn drain_service(&mut self) -> Option<Moment> {
        loop {
            match self.service.poll() {
                Output::Wait(at) => return at,
                Output::Transmit(transmit) => {
                    self.service_sent += 1;
                    self.fly(false, &transmit);
                }
                Output::Event(event) => {
                    if let (Event::Answer(sdp), false) = (&event, self.deaf) {
                        let answer = Command::Answer(sdp.clone());
                        self.client.handle(Input::Command(answer), self.now);
                        // What it has to say is drained with the next step.
                        let (_, _) = self.drain_client();
                    }
                    self.service_events.push(event);
                }
                Output::Packet(packet) => self.service_heard.push(packet),
                other => panic!("the service asked for {other:?}"),
            }
        }
    }

    fn fly(&mut self, to_service: bool, transmit: &Transmit) {
        let mut source = transmit.source;
        let mut destination = transmit.destination;
        let udp = transmit.transport == Transport::Udp;
        if udp && to_service {
            source = self.seen_as;
        } else if udp {
            if destination != self.seen_as {
                return;
            }
            destination = SocketAddr::new(client_address().ip(), self.next_port);
        }
        let lost = self.random.u64(0..100) < self.loss;
        let dtls = matches!(transmit.bytes().first(), Some(20..=63));
        if !self.online || lost || (udp && !self.udp) || (dtls && !self.dtls) {
            return;
        }
        if self.keep {
            self.kept.push(transmit.bytes().to_vec());
        }
        self.flying.push_back(Flying {
            due: self.now + self.delay,
            to_service,
            transport: transmit.transport,
            source,
            destination,
            bytes: transmit.bytes().to_vec(),
        });
    }

    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(
                steps < 100_000,
                "no progress at {:?}: {:?}",
                self.now,
                self.events
            );
            let wait = self.carry();
            let next = self.flying.front().map(|f| f.due);
            let due = next.into_iter().chain(wait).min().unwrap_or(end);
            if due >= end {
                self.now = end;
                return;
            }
            self.now = self.now.max(due);
            while self.flying.front().is_some_and(|f| f.due <= self.now) {
                let flying = self.flying.pop_front().unwrap();
                self.land(&flying);
            }
            self.client.handle(Input::Timeout, self.now);
            self.service.handle(Input::Timeout, self.now);
        }
    }

    fn land(&mut self, flying: &Flying) {
        let datagram = Datagram {
            transport: flying.transport,
            source: flying.source,
            destination: flying.destination,
            bytes: &flying.bytes,
        };
        let to = if flying.to_service {
            &mut self.service
        } else {
            &mut self.client
        };
        to.handle(Input::Datagram(datagram), self.now);
    }

    /// Both talk for a while, a packet each 20 ms.
    pub(super) fn talk(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            let frame = frame(self.sent);
            self.sent += 1;
            self.client.handle(Input::Frame(frame.clone()), self.now);
            self.service.handle(Input::Frame(frame), self.now);
            self.run(millis(20));
        }
    }

    pub(super) fn states(&self) -> Vec<State> {
        states(&self.events)
    }

    fn said(&self, event: &Event) -> usize {
        self.events.iter().filter(|e| *e == event).count()
    }
}

pub(super) fn states(events: &[Event]) -> Vec<State> {
    let state = |event: &Event| match event {
        Event::State(state) => Some(*state),
        _ => None,
    };
    events.iter().filter_map(state).collect()
}

pub(super) fn frame(count: u32) -> Frame {
    Frame {
        timestamp: count * 960,
        payload: Arc::from(count.to_be_bytes()),
        level: Some(Level {
            dbov: -30,
            voice: true,
        }),
        marker: count == 0,
    }
}

#[test]
fn two_peers_connect_and_each_hears_the_other() {
    let mut pair = Pair::connected();
    pair.talk(Duration::from_secs(3));
    assert_eq!(pair.states(), [State::Connected]);
    assert_eq!(states(&pair.service_events), [State::Connected]);
    for heard in [&pair.heard, &pair.service_heard] {
        assert_eq!(heard.len(), 150);
        for (count, packet) in (0..).zip(heard) {
            assert_eq!(packet.timestamp, count * 960);
            assert_eq!(packet.payload, Arc::from(count.to_be_bytes()));
            assert_eq!(
                packet.level,
                Some(Level {
                    dbov: -30,
                    voice: true
                })
            );
            assert_eq!(packet.sequence, heard[0].sequence + u64::from(count));
        }
    }
}

#[test]
fn a_shut_gate_lets_no_packet_in_and_none_out() {
    let mut pair = Pair::connected();
    pair.command(Command::Gate(Gate::Shut));
    pair.talk(millis(500));
    assert_eq!((pair.heard.len(), pair.service_heard.len()), (0, 0));
    pair.command(Command::Gate(Gate::Open));
    pair.talk(millis(500));
    assert_eq!((pair.heard.len(), pair.service_heard.len()), (25, 25));
}

#[test]
fn a_gate_shut_for_a_quarter_of_an_hour_does_not_lose_count_of_the_packets() {
    let mut pair = Pair::connected();
    pair.talk(millis(100));
    pair.command(Command::Gate(Gate::Shut));
    // Beyond half of the numbers that a packet can have, after which nobody could tell how often they went round.
    pair.talk(Duration::from_mins(15));
    pair.heard.clear();
    pair.command(Command::Gate(Gate::Open));
    pair.talk(millis(500));
    assert_eq!(pair.heard.len(), 25);
}

#[test]
fn tcp_is_tried_when_udp_finds_no_way_for_a_second_and_a_half() {
    let mut pair = Pair::new();
    pair.udp = false;
    pair.command(Command::Offer);
    pair.run(millis(1400));
    assert_eq!(pair.states(), []);
    pair.run(millis(600));
    assert_eq!(pair.states(), [State::Connected]);
    pair.command(Command::Gate(Gate::Open));
    pair.service
        .handle(Input::Command(Command::Gate(Gate::Open)), pair.now);
    pair.talk(Duration::from_secs(2));
    assert_eq!((pair.heard.len(), pair.service_heard.len()), (100, 100));
    assert_eq!(last_stats(&pair.events).transport, Some(Transport::Tcp));
}

#[test]
fn a_network_that_refuses_udp_is_not_waited_for() {
    let mut pair = Pair::new();
    pair.udp = false;
    pair.command(Command::Offer);
    let refused = Input::NotSent(Transport::Udp, ErrorKind::PermissionDenied);
    pair.client.handle(refused, pair.now);
    pair.run(millis(400));
    assert_eq!(pair.states(), [State::Connected]);
}

#[test]
fn a_stall_of_300_ms_changes_nothing() {
    let mut pair = Pair::connected();
    pair.talk(millis(500));
    pair.online = false;
    pair.talk(millis(300));
    pair.online = true;
    pair.talk(millis(500));
    assert_eq!(pair.states(), [State::Connected]);
    assert_eq!(pair.said(&Event::RestartNeeded(Reason::Silence)), 0);
    assert_eq!(pair.heard.len(), 50);
}

#[test]
fn a_lost_path_is_noticed_within_a_second_and_a_quarter_and_asked_for_ever_more_slowly() {
    let mut pair = Pair::connected();
    pair.talk(millis(500));
    pair.online = false;
    pair.run(millis(1250));
    assert_eq!(pair.states(), [State::Connected, State::Interrupted]);
    assert_eq!(pair.said(&Event::RestartNeeded(Reason::Silence)), 1);
    pair.run(Duration::from_mins(1));
    let asked = pair.said(&Event::RestartNeeded(Reason::Silence));
    assert!((4..=6).contains(&asked), "{asked}");
    pair.online = true;
    pair.command(Command::Offer);
    pair.run(millis(500));
    assert_eq!(pair.states().last(), Some(&State::Connected));
}

#[test]
fn a_client_with_a_new_address_is_heard_again_at_once_and_its_stream_goes_on() {
    let mut pair = Pair::connected();
    pair.talk(millis(500));
    let before = pair.service_heard.len();
    pair.next_port += 1;
    pair.seen_as = SocketAddr::new("192.0.2.99".parse().unwrap(), 41_000);
    pair.command(Command::Offer);
    pair.talk(millis(500));
    let after = &pair.service_heard[before..];
    assert!(after.len() >= 23, "{}", after.len());
    assert_eq!(after[0].ssrc, pair.service_heard[0].ssrc);
    let sent = u64::from(after[0].timestamp / 960);
    assert_eq!(after[0].sequence - pair.service_heard[0].sequence, sent);
    assert!(pair.heard.len() >= before + 20, "{}", pair.heard.len());
}

#[test]
fn a_client_that_only_the_network_renamed_asks_for_a_new_path_and_gets_it_within_two_seconds() {
    let mut pair = Pair::connected();
    pair.talk(millis(500));
    pair.seen_as = SocketAddr::new("192.0.2.99".parse().unwrap(), 41_000);
    pair.heard.clear();
    pair.talk(millis(1250));
    let asked = pair
        .events
        .iter()
        .any(|e| matches!(e, Event::RestartNeeded(_)));
    assert!(asked, "{:?}", pair.events);
    pair.next_port += 1;
    pair.command(Command::Offer);
    let before = pair.heard.len();
    pair.talk(millis(500));
    assert!(pair.heard.len() - before >= 20, "{:?}", pair.events);
}

#[test]
fn one_packet_in_ten_lost_is_survived_and_reported_to_both() {
    let mut pair = Pair::connected();
    pair.loss = 10;
    pair.talk(Duration::from_secs(20));
    assert_eq!(pair.states(), [State::Connected]);
    assert!(
        (870..930).contains(&pair.heard.len()),
        "{}",
        pair.heard.len()
    );
    let losses = |stats: &Stats| (stats.loss_in.unwrap(), stats.loss_out.unwrap());
    let all = pair.events.iter().filter_map(|e| match e {
        Event::Stats(stats) if stats.loss_out.is_some() => Some(losses(stats)),
        _ => None,
    });
    let (mut count, mut sum_in, mut sum_out) = (0.0, 0.0, 0.0);
    for (lost_in, lost_out) in all {
        count += 1.0;
        sum_in += lost_in;
        sum_out += lost_out;
    }
    assert!(
        (0.07..0.13).contains(&(sum_in / count)),
        "{}",
        sum_in / count
    );
    assert!(
        (0.07..0.13).contains(&(sum_out / count)),
        "{}",
        sum_out / count
    );
}

#[test]
fn statistics_tell_the_round_trip_and_the_bitrate() {
    let mut pair = Pair::connected();
    pair.talk(Duration::from_secs(5));
    let stats = last_stats(&pair.events);
    assert_eq!(stats.transport, Some(Transport::Udp));
    assert_eq!(stats.round_trip, Some(millis(10)));
    assert_eq!(stats.loss_in, Some(0.0));
    // Fifty packets of four bytes a second.
    assert!((1_500..1_700).contains(&stats.bitrate_in), "{stats:?}");
    assert!((1_500..1_700).contains(&stats.bitrate_out), "{stats:?}");
}

#[test]
fn closing_is_noticed_by_the_other_side() {
    let mut pair = Pair::connected();
    pair.command(Command::Close);
    pair.run(millis(100));
    assert_eq!(pair.states().last(), Some(&State::Closed(Cause::Here)));
    let service = states(&pair.service_events);
    assert_eq!(service.last(), Some(&State::Closed(Cause::There)));
}

#[test]
fn a_certificate_other_than_the_announced_one_ends_the_connection_before_any_sound() {
    let mut pair = Pair::new();
    pair.client
        .handle(Input::Command(Command::Gate(Gate::Open)), pair.now);
    pair.service
        .handle(Input::Command(Command::Gate(Gate::Open)), pair.now);
    pair.forge = true;
    pair.command(Command::Offer);
    pair.talk(Duration::from_secs(2));
    let service = states(&pair.service_events);
    assert_eq!(service, [State::Closed(Cause::Certificate)]);
    assert_eq!(pair.service_heard.len(), 0);
}

#[test]
fn a_later_description_cannot_bring_another_certificate() {
    let mut pair = Pair::connected();
    let mut other = Pair::connected();
    let offer = other.events.iter().find_map(|e| match e {
        Event::Offer(sdp) => Some(sdp.clone()),
        _ => None,
    });
    other.run(millis(1));
    let accept = Command::Accept(offer.unwrap());
    pair.service.handle(Input::Command(accept), pair.now);
    pair.carry();
    let refused = Event::Refused(Error::OtherFingerprint);
    assert_eq!(pair.service_events.last(), Some(&refused));
    pair.talk(millis(500));
    assert_eq!(pair.service_heard.len(), 25);
}

#[test]
fn candidates_in_an_offer_are_not_used() {
    let mut pair = Pair::new();
    pair.online = false;
    pair.command(Command::Offer);
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.service_sent, 0);
}

#[test]
fn a_service_that_nobody_reaches_gives_up_after_half_a_minute() {
    let mut pair = Pair::new();
    pair.online = false;
    pair.command(Command::Offer);
    pair.run(Duration::from_secs(29));
    assert!(!pair.service.is_closed());
    pair.run(Duration::from_secs(2));
    let service = states(&pair.service_events);
    assert_eq!(service, [State::Closed(Cause::NeverConnected)]);
}

fn last_stats(events: &[Event]) -> Stats {
    let stats = |event: &Event| match event {
        Event::Stats(stats) => Some(*stats),
        _ => None,
    };
    events.iter().rev().find_map(stats).unwrap()
}

#[test]
fn an_answer_to_an_offer_that_was_overtaken_by_another_does_no_harm() {
    let mut pair = Pair::connected();
    pair.talk(millis(100));
    pair.deaf = true;
    pair.next_port += 1;
    pair.command(Command::Offer);
    pair.command(Command::Offer);
    let answers: Vec<_> = pair
        .service_events
        .iter()
        .filter_map(|event| match event {
            Event::Answer(answer) => Some(answer.clone()),
            _ => None,
        })
        .collect();
    for answer in &answers[1..] {
        pair.run(millis(50));
        pair.command(Command::Answer(answer.clone()));
    }
    pair.heard.clear();
    pair.talk(millis(1000));
    assert!(pair.heard.len() >= 40, "{}", pair.heard.len());
    assert!(!pair.events.iter().any(|e| matches!(e, Event::Refused(_))));
}

#[test]
fn an_answer_that_nobody_asked_for_is_refused() {
    let mut pair = Pair::new();
    let mut other = Pair::new();
    other.command(Command::Offer);
    let Some(Event::Answer(answer)) = other.service_events.first().cloned() else {
        panic!("no answer");
    };
    pair.command(Command::Answer(answer));
    assert_eq!(pair.events, [Event::Refused(Error::NotAsked)]);
}
