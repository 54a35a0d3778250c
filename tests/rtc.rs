//! Clients and the service's hub over real sockets on loopback, on good and on bad networks.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail where it is"
)]

#[path = "support/ends.rs"]
mod ends;

#[path = "support/impair.rs"]
mod impair;

use std::sync::Arc;
use std::time::Duration;

use ends::Client;
use ends::LOOPBACK;
use ends::Service;
use ends::within;
use impair::Impairment;
use impair::Relay;
use sidetone::clock::Clock;
use sidetone::rtc::datagram::Transport;
use sidetone::rtc::hub;
use sidetone::rtc::hub::Outgoing;
use sidetone::rtc::hub::PeerId;
use sidetone::rtc::packet::Frame;
use sidetone::rtc::packet::Gate;
use sidetone::rtc::packet::Packet;
use sidetone::rtc::peer::Cause;
use sidetone::rtc::peer::Command;
use sidetone::rtc::peer::Event;
use sidetone::rtc::peer::State;
use sidetone::rtc::sdp::Sdp;

impl Service {
    /// Signalling: carries an offer there and the answer back, changed on the way.
    async fn negotiate(&mut self, client: &mut Client, change: impl Fn(&str) -> String) {
        client.commands.send(Command::Offer).await.unwrap();
        let offer = client.wait(|event| match event {
            Event::Offer(offer) => Some(offer.clone()),
            _ => None,
        });
        let offer = offer.await;
        let accept = hub::Command::Accept {
            peer: client.id,
            address: LOOPBACK,
            offer,
        };
        self.commands.send(accept).await.unwrap();
        let answer = self.wait(client.id, |event| match event {
            Event::Answer(answer) => Some(answer.clone()),
            _ => None,
        });
        let answer = Sdp(change(&answer.await.0));
        client.commands.send(Command::Answer(answer)).await.unwrap();
    }

    async fn connect(&mut self, client: &mut Client, change: impl Fn(&str) -> String) {
        self.negotiate(client, change).await;
        client.reach(State::Connected).await;
        let open = hub::Command::Gate(client.id, Gate::Open);
        self.commands.send(open).await.unwrap();
        let open = Command::Gate(Gate::Open);
        client.commands.send(open).await.unwrap();
    }

    async fn wait<T>(&mut self, id: PeerId, wanted: impl Fn(&Event) -> Option<T>) -> T {
        within(async {
            loop {
                let (from, event) = self.events.recv().await.unwrap();
                if let Some(found) = wanted(&event).filter(|_| from == id) {
                    return found;
                }
            }
        })
        .await
    }

    async fn say(&self, to: PeerId, count: u32) {
        let to = vec![to];
        let frame = frame(count);
        self.frames.send(Outgoing { to, frame }).await.unwrap();
    }

    async fn hear(&mut self) -> (PeerId, Packet) {
        within(self.packets.recv()).await.unwrap()
    }
}

impl Client {
    async fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        within(async {
            loop {
                let event = self.events.recv().await.unwrap();
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        })
        .await
    }

    async fn reach(&mut self, state: State) {
        self.wait(|event| (*event == Event::State(state)).then_some(()))
            .await;
    }

    async fn say(&self, count: u32) {
        self.frames.send(frame(count)).await.unwrap();
    }

    async fn hear(&mut self) -> Packet {
        within(self.packets.recv()).await.unwrap()
    }
}

fn frame(count: u32) -> Frame {
    Frame {
        timestamp: count * 960,
        payload: Arc::from(count.to_be_bytes()),
        level: None,
        marker: false,
    }
}

/// Both sides say something each 20 ms, for so many packets.
async fn talk(service: &Service, client: &Client, counts: std::ops::Range<u32>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for count in counts {
        ticks.tick().await;
        client.say(count).await;
        service.say(client.id, count).await;
    }
}

fn unchanged(sdp: &str) -> String {
    sdp.to_owned()
}

/// Where the service's UDP socket is, as its answer says.
async fn relayed(service: &mut Service, client: &mut Client, impairment: Impairment) -> Relay {
    // The first answer tells the address; the relay stands before it for the second.
    let address = std::cell::Cell::new(None);
    service
        .negotiate(client, |sdp| {
            address.set(sdp.lines().find_map(udp_candidate));
            // Nothing listens there: this one shall not connect.
            sdp.lines()
                .filter(|line| !line.starts_with("a=candidate:"))
                .flat_map(|line| [line, "\r\n"])
                .collect()
        })
        .await;
    let relay = Relay::start(address.get().unwrap(), impairment, 7).await;
    service.connect(client, |sdp| relay.through(sdp)).await;
    relay
}

fn udp_candidate(line: &str) -> Option<std::net::SocketAddr> {
    let words: Vec<_> = line.strip_prefix("a=candidate:")?.split(' ').collect();
    let address = || {
        Some(std::net::SocketAddr::new(
            words[4].parse().ok()?,
            words[5].parse().ok()?,
        ))
    };
    (words[2] == "udp").then(address).flatten()
}

#[tokio::test]
async fn a_client_and_the_service_talk_over_udp() {
    let mut service = Service::start();
    let mut client = service.client(1);
    service.connect(&mut client, unchanged).await;
    talk(&service, &client, 0..60).await;
    for count in 0..60 {
        assert_eq!(client.hear().await.timestamp, count * 960);
        let (from, packet) = service.hear().await;
        assert_eq!((from, packet.timestamp), (client.id, count * 960));
    }
    let stats = client.wait(|event| match event {
        Event::Stats(stats) => Some(*stats),
        _ => None,
    });
    assert_eq!(stats.await.transport, Some(Transport::Udp));
}

#[tokio::test]
async fn where_udp_does_not_get_through_tcp_does() {
    let mut service = Service::start();
    let mut client = service.client(1);
    let blocked = Impairment {
        loss: 100.0,
        ..Impairment::default()
    };
    let relay = relayed(&mut service, &mut client, blocked).await;
    talk(&service, &client, 0..60).await;
    for count in 0..60 {
        assert_eq!(client.hear().await.timestamp, count * 960);
        assert_eq!(service.hear().await.1.timestamp, count * 960);
    }
    let passed = relay
        .counts()
        .passed
        .load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(passed, 0);
}

#[tokio::test]
async fn a_client_that_changes_its_socket_keeps_its_stream() {
    let mut service = Service::start();
    let mut client = service.client(1);
    service.connect(&mut client, unchanged).await;
    talk(&service, &client, 0..10).await;
    service.negotiate(&mut client, unchanged).await;
    talk(&service, &client, 10..50).await;
    let mut first = None;
    for count in 0..50 {
        let (_, packet) = service.hear().await;
        let start = *first.get_or_insert(packet.sequence);
        assert_eq!(packet.sequence - start, u64::from(count));
        assert_eq!(client.hear().await.timestamp, count * 960);
    }
}

#[tokio::test]
async fn a_client_renamed_by_the_network_is_heard_again_within_two_seconds() {
    let mut service = Service::start();
    let mut client = service.client(1);
    let relay = relayed(&mut service, &mut client, Impairment::default()).await;
    talk(&service, &client, 0..10).await;
    for _ in 0..10 {
        client.hear().await;
    }
    relay.rename();
    let renamed = Clock.now();
    // The service goes on talking, as it would.
    let (frames, id) = (service.frames.clone(), client.id);
    service.tasks.spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        for count in 10..500 {
            ticks.tick().await;
            let (to, frame) = (vec![id], frame(count));
            let _ = frames.send(Outgoing { to, frame }).await;
        }
    });
    client
        .wait(|event| matches!(event, Event::RestartNeeded(_)).then_some(()))
        .await;
    service
        .negotiate(&mut client, |sdp| relay.through(sdp))
        .await;
    client.hear().await;
    let silence = Clock.now().since(renamed);
    assert!(silence < Duration::from_secs(2), "{silence:?}");
}

#[tokio::test]
async fn a_stall_of_300_ms_loses_nothing() {
    let mut service = Service::start();
    let mut client = service.client(1);
    let relay = relayed(&mut service, &mut client, Impairment::default()).await;
    talk(&service, &client, 0..10).await;
    relay.stall(Duration::from_millis(300));
    talk(&service, &client, 10..40).await;
    for count in 0..40 {
        assert_eq!(client.hear().await.timestamp, count * 960);
        assert_eq!(service.hear().await.1.timestamp, count * 960);
    }
}

#[tokio::test]
async fn on_a_bad_network_nine_of_ten_packets_come_and_the_call_goes_on() {
    let mut service = Service::start();
    let mut client = service.client(1);
    let bad = Impairment {
        loss: 10.0,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(30),
        reorder: 3.0,
    };
    let relay = relayed(&mut service, &mut client, bad).await;
    talk(&service, &client, 0..200).await;
    // All that is still on its way comes before this does.
    relay.impair(Impairment {
        delay: Duration::from_millis(150),
        ..Impairment::default()
    });
    client.say(1000).await;
    service.say(client.id, 1000).await;
    let mut heard = (0, 0);
    while client.hear().await.timestamp != 960_000 {
        heard.0 += 1;
    }
    while service.hear().await.1.timestamp != 960_000 {
        heard.1 += 1;
    }
    assert!((160..198).contains(&heard.0), "{heard:?}");
    assert!((160..198).contains(&heard.1), "{heard:?}");
}

#[tokio::test]
async fn closing_is_noticed_on_both_sides() {
    let mut service = Service::start();
    let mut one = service.client(1);
    let mut two = service.client(2);
    service.connect(&mut one, unchanged).await;
    service.connect(&mut two, unchanged).await;
    one.commands.send(Command::Close).await.unwrap();
    one.reach(State::Closed(Cause::Here)).await;
    let there = Event::State(State::Closed(Cause::There));
    service
        .wait(one.id, |event| (*event == there).then_some(()))
        .await;
    let close = hub::Command::Close(two.id);
    service.commands.send(close).await.unwrap();
    two.reach(State::Closed(Cause::There)).await;
    assert!(within(two.events.recv()).await.is_none());
}

#[tokio::test]
async fn thirty_listeners_share_one_frame_and_one_port() {
    let mut service = Service::start();
    let ports = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let mut clients = Vec::new();
    for id in 0..30 {
        let mut client = service.client(id);
        let note = |sdp: &str| {
            ports
                .borrow_mut()
                .extend(sdp.lines().find_map(udp_candidate));
            sdp.to_owned()
        };
        service.connect(&mut client, note).await;
        clients.push(client);
    }
    assert_eq!(ports.borrow().len(), 1);
    let to = clients.iter().map(|client| client.id).collect();
    let frame = frame(7);
    service.frames.send(Outgoing { to, frame }).await.unwrap();
    for client in &mut clients {
        assert_eq!(client.hear().await.timestamp, 7 * 960);
    }
}
