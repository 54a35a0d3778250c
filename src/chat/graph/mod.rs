//! Chat of a Teams user through Microsoft Graph.
//!
//! Nothing is polled. What happens arrives by a relay or over a [`Feed`], or is read again because
//! the person did something: opened a chat, sent, asked. Sessions without IO decide — `sync` what
//! to read, `outbox` what to send when, `relay` when to listen where, `budget` how soon — and one
//! driver performs.

mod budget;
mod convert;
mod driver;
mod files;
mod outbox;
mod relay;
mod rest;
mod sync;
mod work;

use tokio::sync::mpsc;

use crate::chat::retry::Backoff;
use crate::clock::Clock;
use crate::effect::ChatCommand;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::identity::Tokens;
use crate::identity::http::Http;
use crate::model::account::AccountId;
use crate::model::thread::Link;
use crate::tasks::Tasks;

use self::driver::Driver;

/// How we come to know what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feed {
    /// The embedded service of this machine pushes.
    LocalPush,
    /// Nobody tells us: we read when the person does something.
    OnDemand,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub account: AccountId,
    pub tokens: Tokens,
    pub http: Http,
    /// Requests and sockets run in it, and stop with it.
    pub tasks: Tasks,
    /// Where there is no relay.
    pub feed: Feed,
    /// Of the token service that may pass on what Graph notifies it of.
    pub relay: Option<Tokens>,
}

/// Serves the account's chats until `commands` end.
pub async fn run(
    settings: Settings,
    mut commands: mpsc::Receiver<ChatCommand>,
    events: mpsc::Sender<Event>,
) {
    let tell = |link| Event::Chat(settings.account.clone(), ChatEvent::Link(link));
    // The program is ending when nobody listens.
    let _ = events.send(tell(Link::Connecting)).await;
    let mut backlog = Vec::new();
    let mut backoff = Backoff::new(fastrand::u64(..));
    let rest = rest::Rest::new(settings.http.clone(), settings.tokens.clone());
    loop {
        match rest.me().await {
            Ok(me) => {
                let driver = Driver::new(settings, rest, &me, events);
                return driver.run(backlog, &mut commands).await;
            }
            Err(error) => {
                let failure = error.failure(crate::model::failure::Doing::Connecting);
                let _ = events.send(tell(Link::Down(failure))).await;
            }
        }
        // What is asked for meanwhile is kept, and is a reason to try at once.
        let again = Clock.now() + backoff.next();
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => backlog.push(command),
                None => return,
            },
            () = Clock.sleep_until(Some(again)) => {}
        }
    }
}
