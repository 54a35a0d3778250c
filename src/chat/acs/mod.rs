//! Chat of an ACS resource: REST for reading and writing, pushed events for what happens.
//!
//! Four sessions without IO decide — `realtime` how to stay connected, `sync` what to read
//! again, `outbox` what to send when, and `chat::retry` what to repeat — and one driver
//! performs.

mod convert;
mod driver;
mod outbox;
mod realtime;
mod rest;
mod sync;
mod trouter;

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::chat::retry::Backoff;
use crate::clock::Clock;
use crate::effect::ChatCommand;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::identity::Grant;
use crate::identity::Tokens;
use crate::identity::http::Http;
use crate::model::account::AccountId;
use crate::model::thread::Link;
use crate::tasks::Tasks;

use self::driver::Driver;

#[derive(Debug, Clone)]
pub struct Settings {
    pub account: AccountId,
    pub tokens: Tokens,
    pub http: Http,
    /// Requests and sockets run in it, and stop with it.
    pub tasks: Tasks,
    /// Sent with messages and typing indicators.
    pub display_name: String,
    /// Stable for an installation: the service knows its clients by it.
    pub endpoint_id: String,
}

/// Follows the account's threads until `commands` end.
pub async fn run(
    settings: Settings,
    mut commands: mpsc::Receiver<ChatCommand>,
    events: mpsc::Sender<Event>,
) {
    let link = |link| Event::Chat(settings.account.clone(), ChatEvent::Link(link));
    // The program is ending when nobody listens.
    let _ = events.send(link(Link::Connecting)).await;
    let mut backlog = VecDeque::new();
    let mut backoff = Backoff::new(fastrand::u64(..));
    loop {
        match settings.tokens.token().await {
            Ok(grant) => return follow(settings, grant, backlog, commands, events).await,
            Err(failure) => {
                let _ = events.send(link(Link::Down(failure))).await;
            }
        }
        // What is asked for meanwhile is kept, and is a reason to try at once.
        let again = Clock.now() + backoff.next();
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => backlog.push_back(command),
                None => return,
            },
            () = Clock.sleep_until(Some(again)) => {}
        }
    }
}

async fn follow(
    settings: Settings,
    grant: Grant,
    backlog: VecDeque<ChatCommand>,
    mut commands: mpsc::Receiver<ChatCommand>,
    events: mpsc::Sender<Event>,
) {
    let (driver, inlets) = Driver::new(settings, &grant, events);
    driver.run(inlets, backlog, &mut commands).await;
}
