//! A socket that leads to another one, as a forwarding ssh makes it, with the way of a network in between.

use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sidetone::clock::Clock;

/// Bytes that were carried.
#[derive(Clone, Default)]
pub(crate) struct Traffic {
    there: Arc<AtomicU64>,
    back: Arc<AtomicU64>,
}

impl Traffic {
    /// To the server, and from it.
    pub(crate) fn bytes(&self) -> [u64; 2] {
        [self.there.load(Relaxed), self.back.load(Relaxed)]
    }
}

/// Takes connections at `from` and leads each to `to`; every byte is `way` under way. Ends with the process.
pub(crate) fn relay(from: &Path, to: PathBuf, way: Duration) -> Traffic {
    let traffic = Traffic::default();
    let carried = traffic.clone();
    let listener = UnixListener::bind(from).expect("the place of the relay is free");
    thread::spawn(move || {
        for near in listener.incoming() {
            let near = near.expect("a connection");
            let far = UnixStream::connect(&to).expect("the server takes connections");
            let (back, forth) = (near.try_clone(), far.try_clone());
            let (there, from_there) = (Arc::clone(&carried.there), Arc::clone(&carried.back));
            carry(
                back.expect("a socket"),
                forth.expect("a socket"),
                way,
                there,
            );
            carry(far, near, way, from_there);
        }
    });
    traffic
}

fn carry(mut from: UnixStream, mut to: UnixStream, way: Duration, carried: Arc<AtomicU64>) {
    let (under_way, arriving) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(count) = from.read(&mut buffer) {
            carried.fetch_add(count as u64, Relaxed);
            let due = Clock.now() + way;
            if count == 0 || under_way.send((due, buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in arriving {
            // The way itself, not a wait for something to become true.
            thread::sleep(due.since(Clock.now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        // It may be closed already.
        let _ = to.shutdown(Shutdown::Write);
    });
}
