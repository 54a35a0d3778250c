//! The service's hub and clients of it, with the test at the other ends of their lanes.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::time::Duration;

use sidetone::rtc::driver;
use sidetone::rtc::hub;
use sidetone::rtc::hub::Outgoing;
use sidetone::rtc::hub::PeerId;
use sidetone::rtc::packet::Frame;
use sidetone::rtc::packet::Packet;
use sidetone::rtc::peer::Command;
use sidetone::rtc::peer::Event;
use sidetone::tasks::Tasks;
use tokio::sync::mpsc;

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The service's half, with its ends of the lanes.
pub(crate) struct Service {
    pub(crate) commands: mpsc::Sender<hub::Command>,
    pub(crate) events: mpsc::Receiver<(PeerId, Event)>,
    pub(crate) frames: mpsc::Sender<Outgoing>,
    pub(crate) packets: mpsc::Receiver<(PeerId, Packet)>,
    pub(crate) tasks: Tasks,
}

pub(crate) struct Client {
    pub(crate) id: PeerId,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) frames: mpsc::Sender<Frame>,
    pub(crate) packets: mpsc::Receiver<Packet>,
}

impl Service {
    pub(crate) fn start() -> Self {
        let tasks = Tasks::new();
        let (commands, commanded) = mpsc::channel(16);
        let (telling, events) = mpsc::channel(256);
        let (frames, outgoing) = mpsc::channel(64);
        let (packing, packets) = mpsc::channel(1024);
        let settings = hub::Settings {
            port: 0,
            tasks: tasks.clone(),
        };
        let lanes = hub::Lanes {
            commands: commanded,
            events: telling,
            frames: outgoing,
            packets: packing,
        };
        tasks.spawn(hub::run(settings, lanes));
        Self {
            commands,
            events,
            frames,
            packets,
            tasks,
        }
    }

    pub(crate) fn client(&self, id: u64) -> Client {
        let (commands, commanded) = mpsc::channel(16);
        let (telling, events) = mpsc::channel(256);
        let (frames, outgoing) = mpsc::channel(64);
        let (packing, packets) = mpsc::channel(1024);
        let settings = driver::Settings {
            // Signalling has a port of its own; only the address matters.
            service: (LOOPBACK, 9).into(),
            tasks: self.tasks.clone(),
        };
        let lanes = driver::Lanes {
            commands: commanded,
            events: telling,
            frames: outgoing,
            packets: packing,
        };
        self.tasks.spawn(driver::run(settings, lanes));
        Client {
            id: PeerId(id),
            commands,
            events,
            frames,
            packets,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

pub(crate) async fn within<T>(waiting: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, waiting)
        .await
        .expect("what is waited for happens within 20 seconds")
}
