//! A TCP connection as a line of datagrams, served by a task of its own.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;

use crate::tasks::Tasks;

use super::framing;
use super::framing::Deframer;

/// The sending end; the connection closes when it is dropped and what was taken is written.
#[derive(Debug)]
pub(super) struct Line {
    outbox: mpsc::Sender<Vec<u8>>,
}

/// What came over a connection, by its two addresses.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    /// `None`: it closed.
    pub(super) datagram: Option<Vec<u8>>,
}

impl Line {
    pub(super) fn attach(
        stream: TcpStream,
        inbox: mpsc::Sender<Arrival>,
        tasks: &Tasks,
    ) -> io::Result<Self> {
        let (local, remote) = (stream.local_addr()?, stream.peer_addr()?);
        // A packet of sound must not wait for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        let (outbox, leaving) = mpsc::channel(QUEUE);
        let (reading, writing) = stream.into_split();
        tasks.spawn_graceful(async move {
            let arrival = |datagram| Arrival {
                local,
                remote,
                datagram,
            };
            tokio::select! {
                () = read(reading, &inbox, &arrival) => {}
                () = write(writing, leaving) => {}
            }
            let _ = inbox.send(arrival(None)).await;
        });
        Ok(Self { outbox })
    }

    /// Sound that cannot leave now is of no use later: it is dropped.
    pub(super) fn send(&self, datagram: &[u8]) {
        let mut framed = Vec::with_capacity(datagram.len() + 2);
        framing::frame(datagram, &mut framed);
        let _ = self.outbox.try_send(framed);
    }
}

async fn read(
    mut stream: OwnedReadHalf,
    inbox: &mpsc::Sender<Arrival>,
    arrival: &impl Fn(Option<Vec<u8>>) -> Arrival,
) {
    let mut deframer = Deframer::default();
    let mut buffer = vec![0; BUFFER];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        deframer.push(&buffer[..count]);
        loop {
            let datagram = match deframer.next_datagram() {
                Ok(Some(datagram)) => datagram.to_vec(),
                Ok(None) => break,
                Err(_) => return,
            };
            if inbox.send(arrival(Some(datagram))).await.is_err() {
                return;
            }
        }
    }
}

async fn write(mut stream: OwnedWriteHalf, mut leaving: mpsc::Receiver<Vec<u8>>) {
    while let Some(framed) = leaving.recv().await {
        let written = tokio::time::timeout(PATIENCE, stream.write_all(&framed)).await;
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
    let _ = tokio::time::timeout(PATIENCE, stream.shutdown()).await;
}

/// Half a second of sound and what goes with it.
const QUEUE: usize = 32;
const BUFFER: usize = 4096;
/// A connection that takes nothing for this long is as good as broken.
const PATIENCE: Duration = Duration::from_secs(5);
