//! A bad network on purpose: a UDP relay that loses, delays, reorders, stalls and renames.
//!
//! It stands between a client (or a browser) and one address of a service, on loopback.
//! Each client gets a socket of its own towards the service, as behind a router that
//! translates addresses. What becomes of the n-th datagram of a client in one direction
//! depends on the seed and n alone, so a run can be repeated; only its timing is real.
//! For packets of sound n is their RTP number from the first on: through two relays with one
//! seed, two clients lose the same ones, however many other datagrams each needs.
//!
//! ```text
//! client ──► relay.address() ──(loss, delay, …)──► own socket ──► service
//!        ◄──                 ◄─(loss, delay, …)──            ◄──
//! ```
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]
#![expect(clippy::unwrap_used, reason = "a test without its network must fail")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use fastrand::Rng;
use sidetone::clock::Clock;
use sidetone::clock::Moment;
use sidetone::tasks::Tasks;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// What happens to datagrams, in both directions alike. The default lets all pass at once.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Impairment {
    /// How many of a hundred are lost; 100 blocks everything.
    pub(crate) loss: f64,
    /// How long each is on its way, and up to how much longer.
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    /// How many of a hundred are overtaken by those behind them, for [`OVERTAKEN`].
    pub(crate) reorder: f64,
}

/// Stops when it goes out of scope.
pub(crate) struct Relay {
    address: Arc<Mutex<SocketAddr>>,
    service: SocketAddr,
    orders: mpsc::UnboundedSender<Order>,
    counts: Arc<Counts>,
    tasks: Tasks,
}

/// A packet of sound that came to the relay, as anybody on the way can see it.
#[derive(Debug, Clone)]
pub(crate) struct Passing {
    pub(crate) at: Moment,
    pub(crate) client: SocketAddr,
    /// From the client.
    pub(crate) up: bool,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: AtomicU64,
    pub(crate) lost: AtomicU64,
    sound: Mutex<Vec<Passing>>,
}

enum Order {
    Impair(Impairment),
    Stall(Duration),
    Rename,
    Move,
}

impl Relay {
    pub(crate) async fn start(service: SocketAddr, impairment: Impairment, seed: u64) -> Self {
        let front = bind(service).await;
        let address = Arc::new(Mutex::new(front.local_addr().unwrap()));
        let (orders, ordered) = mpsc::unbounded_channel();
        let counts = Arc::new(Counts::default());
        let tasks = Tasks::new();
        let network = Network {
            service,
            front,
            address: Arc::clone(&address),
            flows: Vec::new(),
            impairment,
            seed,
            stalled_until: Moment::ZERO,
            flying: BinaryHeap::new(),
            launched: 0,
            counts: Arc::clone(&counts),
        };
        tasks.spawn(network.run(ordered));
        Self {
            address,
            service,
            orders,
            counts,
            tasks,
        }
    }

    /// Where clients shall send what is meant for the service.
    pub(crate) fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap()
    }

    /// Where the service itself listens.
    pub(crate) fn service(&self) -> SocketAddr {
        self.service
    }

    pub(crate) fn impair(&self, impairment: Impairment) {
        self.orders.send(Order::Impair(impairment)).unwrap();
    }

    /// Holds everything back for a while; then it comes all at once.
    pub(crate) fn stall(&self, span: Duration) {
        self.orders.send(Order::Stall(span)).unwrap();
    }

    /// From now on the service sees every client at another address, and cannot reach it
    /// at the former one: what a new route does to a client that does not know of it.
    pub(crate) fn rename(&self) {
        self.orders.send(Order::Rename).unwrap();
    }

    /// From now on clients reach the service at another address of the relay, and at the former
    /// one nobody is any more: what becomes of a service that moves.
    pub(crate) fn relocate(&self) {
        self.orders.send(Order::Move).unwrap();
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The packets of sound that came since then, lost ones included.
    pub(crate) fn sound_since(&self, moment: Moment) -> Vec<Passing> {
        let sound = self.counts.sound.lock().unwrap();
        let later = sound.iter().filter(|passing| passing.at >= moment);
        later.cloned().collect()
    }

    /// An answer of the service as a client shall see it: its UDP candidates are the relay.
    pub(crate) fn through(&self, sdp: &str) -> String {
        let address = self.address();
        let line = |line: &str| {
            let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            if line.starts_with("a=candidate:") && words[2] == "udp" {
                words[4] = address.ip().to_string();
                words[5] = address.port().to_string();
            }
            words.join(" ") + "\r\n"
        };
        sdp.lines().map(line).collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

struct Network {
    service: SocketAddr,
    front: UdpSocket,
    address: Arc<Mutex<SocketAddr>>,
    flows: Vec<Flow>,
    impairment: Impairment,
    seed: u64,
    stalled_until: Moment,
    flying: BinaryHeap<Reverse<Flying>>,
    launched: u64,
    counts: Arc<Counts>,
}

/// One client, and the socket that stands for it.
struct Flow {
    client: SocketAddr,
    upstream: UdpSocket,
    up: Direction,
    down: Direction,
}

/// Ordered by when it lands, then by when it was launched.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flying {
    due: Moment,
    number: u64,
    flow: usize,
    up: bool,
    bytes: Vec<u8>,
}

impl Network {
    async fn run(mut self, mut ordered: mpsc::UnboundedReceiver<Order>) {
        let mut buffer = [0; 2048];
        let mut back = [0; 2048];
        loop {
            let due = self.flying.peek().map(|Reverse(flying)| flying.due);
            tokio::select! {
                biased;
                order = ordered.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                () = sleep_until(due) => self.land(),
                received = self.front.recv_from(&mut buffer) => {
                    let (length, client) = received.unwrap();
                    let flow = self.flow_of(client).await;
                    self.launch(flow, true, &buffer[..length]);
                }
                (flow, length) = from_service(&self.flows, &mut back) => {
                    self.launch(flow, false, &back[..length]);
                }
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Impair(impairment) => self.impairment = impairment,
            Order::Stall(span) => {
                self.stalled_until = Clock.now() + span;
                // What is on its way is held up, too.
                for mut flying in std::mem::take(&mut self.flying) {
                    flying.0.due = flying.0.due.max(self.stalled_until);
                    self.flying.push(flying);
                }
            }
            Order::Rename => {
                for flow in &mut self.flows {
                    flow.upstream = bind(self.service).await;
                }
            }
            Order::Move => {
                self.front = bind(self.service).await;
                *self.address.lock().unwrap() = self.front.local_addr().unwrap();
            }
        }
    }

    async fn flow_of(&mut self, client: SocketAddr) -> usize {
        if let Some(known) = self.flows.iter().position(|flow| flow.client == client) {
            return known;
        }
        let number = u64::try_from(self.flows.len()).unwrap();
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(number * 2);
        let sound = self.seed.wrapping_mul(2);
        self.flows.push(Flow {
            client,
            upstream: bind(self.service).await,
            up: Direction::new(seed, sound),
            down: Direction::new(seed + 1, sound + 1),
        });
        self.flows.len() - 1
    }

    fn launch(&mut self, index: usize, up: bool, bytes: &[u8]) {
        let now = Clock.now();
        let flow = &mut self.flows[index];
        let direction = if up { &mut flow.up } else { &mut flow.down };
        let sound = sound_number(bytes);
        if sound.is_some() {
            let passing = Passing {
                at: now,
                client: flow.client,
                up,
                bytes: bytes.to_vec(),
            };
            self.counts.sound.lock().unwrap().push(passing);
        }
        let Some(due) = direction.fate(self.impairment, now, sound) else {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.launched += 1;
        self.flying.push(Reverse(Flying {
            due: due.max(self.stalled_until),
            number: self.launched,
            flow: index,
            up,
            bytes: bytes.to_vec(),
        }));
        self.land();
    }

    fn land(&mut self) {
        let now = Clock.now();
        while self.flying.peek().is_some_and(|Reverse(f)| f.due <= now) {
            let Some(Reverse(flying)) = self.flying.pop() else {
                return;
            };
            let flow = &self.flows[flying.flow];
            // A full socket loses a datagram, as a full router does.
            let _ = if flying.up {
                flow.upstream.try_send_to(&flying.bytes, self.service)
            } else {
                self.front.try_send_to(&flying.bytes, flow.client)
            };
            self.counts.passed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// One way of one client: decides what becomes of each datagram.
#[derive(Debug)]
struct Direction {
    random: Rng,
    /// What decides of sound, and the number of the first packet of it.
    sound: u64,
    first: Option<u16>,
    /// When the last one lands that is not overtaken: order is kept but where it is not.
    last: Moment,
}

impl Direction {
    fn new(seed: u64, sound: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            sound,
            first: None,
            last: Moment::ZERO,
        }
    }

    /// When it lands, if at all. The same numbers are drawn for each, whatever is set.
    fn fate(&mut self, impairment: Impairment, now: Moment, sound: Option<u16>) -> Option<Moment> {
        let [lost, late, overtaken] = match sound {
            Some(number) => {
                let first = *self.first.get_or_insert(number);
                let n = u64::from(number.wrapping_sub(first)) + 1;
                let mut random = Rng::with_seed(self.sound ^ n.wrapping_mul(SPREAD));
                std::array::from_fn(|_| random.f64())
            }
            None => std::array::from_fn(|_| self.random.f64()),
        };
        if lost * 100.0 < impairment.loss {
            return None;
        }
        let due = now + impairment.delay + impairment.jitter.mul_f64(late);
        if overtaken * 100.0 < impairment.reorder {
            return Some(due.max(self.last) + OVERTAKEN);
        }
        self.last = self.last.max(due);
        Some(self.last)
    }
}

/// The RTP number of a packet of sound: SRTP leaves heads readable. Reports are none (RFC 5761).
fn sound_number(datagram: &[u8]) -> Option<u16> {
    match datagram {
        [128..=191, kind, high, low, ..] if !(64..96).contains(&(kind & 0x7f)) => {
            Some(u16::from_be_bytes([*high, *low]))
        }
        _ => None,
    }
}

/// A socket beside the service that can be written to at once.
async fn bind(service: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((service.ip(), 0)).await.unwrap();
    socket.writable().await.unwrap();
    socket
}

async fn from_service(flows: &[Flow], buffer: &mut [u8]) -> (usize, usize) {
    poll_fn(|context| {
        for (index, flow) in flows.iter().enumerate() {
            let mut into = ReadBuf::new(buffer);
            if let Poll::Ready(Ok(_)) = flow.upstream.poll_recv_from(context, &mut into) {
                return Poll::Ready((index, into.filled().len()));
            }
        }
        Poll::Pending
    })
    .await
}

async fn sleep_until(due: Option<Moment>) {
    match due {
        Some(due) => tokio::time::sleep(due.since(Clock.now())).await,
        None => std::future::pending().await,
    }
}

/// Makes seeds of neighbours as different as others.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Three packets of sound.
const OVERTAKEN: Duration = Duration::from_millis(50);

mod tests {
    use super::*;

    fn fates(seed: u64, impairment: Impairment, count: u64) -> Vec<Option<Moment>> {
        let mut direction = Direction::new(seed, seed);
        let at = |n| Moment::ZERO + Duration::from_millis(n * 20);
        (0..count)
            .map(|n| direction.fate(impairment, at(n), None))
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_network() {
        let bad = Impairment {
            loss: 20.0,
            delay: Duration::from_millis(30),
            jitter: Duration::from_millis(60),
            reorder: 5.0,
        };
        assert_eq!(fates(7, bad, 500), fates(7, bad, 500));
        assert_ne!(fates(7, bad, 500), fates(8, bad, 500));
    }

    #[test]
    fn as_many_are_lost_and_overtaken_as_was_asked_for() {
        let bad = Impairment {
            loss: 10.0,
            reorder: 5.0,
            ..Impairment::default()
        };
        let fates = fates(1, bad, 20_000);
        let lost = fates.iter().filter(|fate| fate.is_none()).count();
        assert!((1_800..2_200).contains(&lost), "{lost}");
        let landed: Vec<_> = fates.iter().flatten().collect();
        let overtaken = landed.windows(2).filter(|two| two[0] > two[1]).count();
        assert!((800..1_000).contains(&overtaken), "{overtaken}");
    }

    #[test]
    fn of_sound_the_same_packets_are_lost_whatever_else_passes() {
        let bad = Impairment {
            loss: 10.0,
            ..Impairment::default()
        };
        let lost = |seed: u64, others: usize, first: u16| -> Vec<u16> {
            let mut direction = Direction::new(seed, 7);
            let mut lost = |n: &u16| {
                for _ in 0..others {
                    direction.fate(bad, Moment::ZERO, None);
                }
                let number = Some(first.wrapping_add(*n));
                direction.fate(bad, Moment::ZERO, number).is_none()
            };
            (0..10_000).filter(|n| lost(n)).collect()
        };
        let one = lost(1, 0, 100);
        assert_eq!(one, lost(2, 3, 65_000));
        assert!((900..1_100).contains(&one.len()), "{}", one.len());
    }

    #[test]
    fn jitter_alone_keeps_the_order() {
        let uneven = Impairment {
            delay: Duration::from_millis(20),
            jitter: Duration::from_millis(200),
            ..Impairment::default()
        };
        let fates = fates(1, uneven, 1_000);
        assert!(fates.iter().flatten().is_sorted());
        let first = fates[0].unwrap();
        assert!(first >= Moment::ZERO + Duration::from_millis(20));
    }

    #[tokio::test]
    async fn what_goes_through_comes_back_and_a_renamed_client_is_seen_elsewhere() {
        let service = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = service.local_addr().unwrap();
        let relay = Relay::start(to, Impairment::default(), 1).await;
        let mut buffer = [0; 16];
        let mut seen = Vec::new();
        for round in 0..2_u8 {
            client.send_to(&[round], relay.address()).await.unwrap();
            let (_, from) = service.recv_from(&mut buffer).await.unwrap();
            assert_eq!(buffer[0], round);
            service.send_to(&[round + 10], from).await.unwrap();
            let (_, from_relay) = client.recv_from(&mut buffer).await.unwrap();
            assert_eq!((buffer[0], from_relay), (round + 10, relay.address()));
            seen.push(from);
            relay.rename();
        }
        assert_ne!(seen[0], seen[1]);
    }

    #[tokio::test]
    async fn a_stall_holds_back_and_loses_nothing() {
        let service = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = service.local_addr().unwrap();
        let relay = Relay::start(to, Impairment::default(), 1).await;
        let before = Clock.now();
        relay.stall(Duration::from_millis(100));
        for number in 0..10_u8 {
            client.send_to(&[number], relay.address()).await.unwrap();
        }
        let mut buffer = [0; 16];
        for number in 0..10_u8 {
            service.recv_from(&mut buffer).await.unwrap();
            assert_eq!(buffer[0], number);
        }
        assert!(Clock.now().since(before) >= Duration::from_millis(100));
    }
}
