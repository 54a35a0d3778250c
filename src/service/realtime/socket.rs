//! The driver of a connection: socket, queue and deadline. Decides nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use axum::extract::ws::WebSocket;
use futures_util::FutureExt;
use futures_util::SinkExt;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::service::Service;
use crate::tasks::Tasks;

use super::hub::Item;
use super::hub::Opened;
use super::session::Input;
use super::session::Output;
use super::session::Session;

/// Serves one connection until either side ends it; `link` being stopped drops it at once.
pub(super) async fn run(service: Arc<Service>, mut socket: WebSocket, opened: Opened, link: Tasks) {
    let now = service.clock.now();
    let mut session = Session::new(
        &opened.path,
        service.realtime,
        opened.ends,
        opened.lost,
        now,
    );
    let mut queue = opened.queue;
    tokio::select! {
        () = link.stopped() => {}
        _ = serve(&mut socket, &mut queue, &mut session, service.clock) => {}
    }
    service.lock().hub.closed(&opened.path, opened.number);
    if service.tasks.is_stopped() {
        let farewell = async {
            let _ = socket.send(Message::Text("0::".into())).await;
            let _ = socket.close().await;
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }
}

async fn serve(
    socket: &mut WebSocket,
    queue: &mut mpsc::Receiver<Item>,
    session: &mut Session,
    clock: Clock,
) -> Result<(), axum::Error> {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let deadline = loop {
            match session.poll() {
                Output::Send(text) => socket.feed(Message::Text(text.into())).await?,
                Output::Wait(until) => break until,
                Output::Close => {
                    socket.flush().await?;
                    return socket.close().await;
                }
            }
        };
        socket.flush().await?;
        let wait = deadline.since(clock.now());
        // Not biased: a flood of notifications must leave pings answered, and the other way round.
        tokio::select! {
            count = queue.recv_many(&mut batch, BATCH), if !queue.is_closed() || !queue.is_empty() => {
                if count > 0 {
                    let now = clock.now();
                    for item in batch.drain(..) {
                        session.handle(Input::Queued(item), now);
                    }
                }
            }
            frame = socket.next() => {
                let mut frame = Some(frame);
                for _ in 0..BATCH {
                    match frame.take().or_else(|| socket.next().now_or_never()) {
                        None => break,
                        Some(Some(Ok(Message::Text(text)))) => {
                            session.handle(Input::Text(&text), clock.now());
                        }
                        Some(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_)))) => {}
                        Some(Some(Ok(Message::Close(_)) | Err(_)) | None) => return Ok(()),
                    }
                }
            }
            () = tokio::time::sleep(wait) => session.handle(Input::Timeout, clock.now()),
        }
    }
}

/// Handled between two flushes at most.
const BATCH: usize = 128;
const FAREWELL: Duration = Duration::from_millis(500);
