//! The embedded service: real HTTP and WebSocket, the vendor's wire protocols, loopback.
//!
//! [`start`] binds and answers with everything a client needs. One [`State`] behind one
//! mutex that is held for moments only; what happens is decided by plain functions in
//! `store`, and whoever must hear of it is told by `realtime` before the lock is let go,
//! so that everybody sees changes in the one order they happened in.
//!
//! Knows the wire and nothing of the client: a wrong conversion on either side fails a
//! test instead of cancelling out.

pub mod cast;
pub mod faults;
pub mod marks;
pub mod meetings;
pub mod store;

mod chat;
mod control;
pub mod entra;
mod graph;
mod http;
mod identity;
mod keys;
mod limits;
mod listener;
mod media;
mod page;
mod realtime;
mod seed;
mod tls;
mod visitor;

use std::fs::DirBuilder;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::tasks::Tasks;
use crate::wire::acs::identity::Scope;

use self::entra::Entra;
use self::faults::Faults;
use self::keys::Keys;
use self::limits::Limits;
use self::limits::Operation;
use self::listener::Ends;
use self::listener::Incoming;
use self::marks::Marks;
use self::meetings::Meetings;
use self::realtime::Hub;
use self::store::Caller;
use self::store::Change;
use self::store::KeySlot;
use self::store::Refusal;
use self::store::Store;

pub use self::graph::ADA;
pub use self::graph::EVERYTHING;
pub use self::identity::Minted;
pub use self::keys::RESOURCE;
pub use self::realtime::Disconnect;
pub use self::seed::Seed;
pub use self::tls::Error as TlsError;

/// How the service is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    pub tls: bool,
    /// Further names and addresses of this host: the certificate is for them, and browsers may use them.
    pub hosts: Vec<String>,
    /// Where the signing key is kept, and the certificate authority written.
    /// Without one, the key lives as long as the run.
    pub data: Option<PathBuf>,
    /// Where recordings of meetings are kept. Without one, nothing is ever recorded.
    pub recordings: Option<PathBuf>,
    /// The documented rate limits; they can be switched later too.
    pub rate_limits: bool,
    pub realtime: RealtimeOptions,
}

/// The times of the realtime channel.
#[derive(Debug, Clone, Copy)]
pub struct RealtimeOptions {
    /// How long an allocation lives.
    pub ttl: Duration,
    /// What the handshake promises; half of it lies between two heartbeats.
    pub heartbeat: Duration,
    /// Notifications waiting for one slow connection before it is cut.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: false,
            hosts: Vec::new(),
            data: None,
            recordings: None,
            rate_limits: false,
            realtime: RealtimeOptions::default(),
        }
    }
}

impl Default for RealtimeOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_hours(24),
            heartbeat: Duration::from_secs(70),
            queue: 8_192,
        }
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not listen on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("could not use the data folder {folder}")]
    Data {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not open the signing key")]
    Key(#[source] io::Error),
    #[error("could not set up TLS")]
    Tls(#[from] TlsError),
}

/// A service that is answering.
pub struct Running {
    pub service: Arc<Service>,
    pub address: SocketAddr,
    /// Without a trailing slash.
    pub endpoint: String,
    /// The resource's admin secret; only who started the service sees it.
    pub connection_string: String,
    pub control_url: String,
    pub control_key: String,
    pub ca_file: Option<PathBuf>,
    /// The meeting that is there from the start.
    pub meeting: Option<MeetingAddress>,
}

/// How people get into a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeetingAddress {
    pub link: String,
    /// For people with nothing but a browser.
    pub guest_link: String,
    pub id: String,
    pub passcode: String,
    pub thread_id: String,
}

/// Binds, and serves until `tasks` is stopped.
pub async fn start(options: Options, tasks: Tasks) -> Result<Running, Error> {
    let bind = |source| Error::Bind {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    if let Some(folder) = &options.data {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| Error::Data {
            folder: folder.clone(),
            source,
        })?;
    }
    let keys = Keys::open(options.data.as_deref()).map_err(Error::Key)?;
    let ca_file = options.tls.then(|| ca_file(&options, address));
    let acceptor = match &ca_file {
        Some(file) => Some(tls::acceptor(&options.hosts, address.ip(), file)?),
        None => None,
    };
    let temporary = ca_file
        .clone()
        .filter(|_| options.data.is_none())
        .map(Temporary);
    let endpoint = endpoint(&options, address);
    let service = Arc::new(Service {
        state: Mutex::new(State::new(&options)),
        clock: Clock,
        keys,
        tasks: tasks.clone(),
        scheme: if options.tls { "https" } else { "http" },
        control_key: uuid::Uuid::new_v4().simple().to_string(),
        endpoint: endpoint.clone(),
        hosts: options.hosts.clone(),
        realtime: options.realtime,
        recordings: options.recordings.clone(),
        retention_changed: Notify::new(),
        changed: watch::Sender::new(()),
    });
    serve(
        &service,
        Incoming::new(listener, address, acceptor, &tasks),
        temporary,
    );
    tasks.spawn(enforce_retention(service.clone()));
    tasks.spawn(meetings::keep_time(service.clone()));
    media::start(&service);
    service.found_organisation();
    let open = meetings::Options::open("Meeting on this machine");
    let meeting = service.create_meeting(open, "Alice Moreau");
    Ok(Running {
        connection_string: service.connection_string(),
        control_url: format!("{endpoint}/control"),
        control_key: service.control_key.clone(),
        service,
        address,
        endpoint,
        ca_file,
        meeting: meeting.ok().map(MeetingAddress::from),
    })
}

/// Every route of the service. A file adds its own by one line here.
fn router(service: &Arc<Service>) -> Router {
    Router::new()
        .merge(identity::routes())
        .merge(chat::routes())
        .merge(graph::routes())
        .merge(realtime::routes())
        .merge(meetings::routes())
        .merge(page::routes())
        .merge(entra::routes())
        .merge(control::routes(service))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(
            service.clone(),
            http::around,
        ))
        .with_state(service.clone())
}

fn serve(service: &Arc<Service>, incoming: Incoming, temporary: Option<Temporary>) {
    let router = router(service).into_make_service_with_connect_info::<Ends>();
    let tasks = service.tasks.clone();
    service.tasks.spawn_graceful(async move {
        let stopping = tasks.clone();
        let stop = async move { stopping.stopped().await };
        let serving = axum::serve(incoming, router).with_graceful_shutdown(stop);
        tokio::select! {
            ended = serving.into_future() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the service stopped answering");
                }
            }
            // Answers under way get a moment; a client that never reads gets no more than that.
            () = async { tasks.stopped().await; tokio::time::sleep(FAREWELL).await } => {}
        }
        drop(temporary);
    });
}

/// A file of this run only.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Sleeps until the next retention policy runs out, or until one was changed.
async fn enforce_retention(service: Arc<Service>) {
    loop {
        let now = service.clock.utc();
        let next = service.lock().store.next_end();
        let wait = next.map_or(LONGEST_SLEEP, |end| {
            let millis = end.as_millis().saturating_sub(now.as_millis());
            Duration::from_millis(u64::try_from(millis).unwrap_or(0)).min(LONGEST_SLEEP)
        });
        tokio::select! {
            () = service.retention_changed.notified() => {}
            () = tokio::time::sleep(wait) => {
                let _ = service.change(|store, now| Ok(((), store.enforce_retention(now))));
            }
        }
    }
}

/// Everything the service knows, behind its one lock.
pub struct State {
    pub store: Store,
    pub faults: Faults,
    pub meetings: Meetings,
    pub marks: Marks,
    pub(crate) tenant: graph::Tenant,
    pub entra: Entra,
    pub(crate) hub: Hub,
    limits: Limits,
}

impl State {
    fn new(options: &Options) -> Self {
        let mut limits = Limits::default();
        limits.switch(options.rate_limits);
        Self {
            store: Store::default(),
            faults: Faults::default(),
            meetings: Meetings::default(),
            marks: Marks::from_environment(),
            tenant: graph::Tenant::default(),
            entra: Entra::default(),
            hub: Hub::new(options.realtime),
            limits,
        }
    }
}

impl State {
    /// Everybody concerned hears of it, over whichever channel.
    fn publish(&mut self, change: Change, now: Moment) {
        self.follow(&change);
        self.hub.publish(change, &mut self.faults, now);
    }
}

/// The service from inside: what handlers, meetings and the control API act through.
pub struct Service {
    state: Mutex<State>,
    clock: Clock,
    keys: Keys,
    tasks: Tasks,
    scheme: &'static str,
    endpoint: String,
    hosts: Vec<String>,
    control_key: String,
    realtime: RealtimeOptions,
    recordings: Option<PathBuf>,
    retention_changed: Notify,
    /// Something happened in a thread or a meeting.
    changed: watch::Sender<()>,
}

impl Service {
    /// Never hold it across an await, nor while calling another method of the service.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the store and tells everybody concerned, in one step.
    pub fn change<T>(
        &self,
        act: impl FnOnce(&mut Store, Timestamp) -> Result<(T, Vec<Change>), Refusal>,
    ) -> Result<T, Refusal> {
        self.change_with(|state, now| act(&mut state.store, now))
    }

    /// As [`Service::change`], where more than the store changes.
    fn change_with<T>(
        &self,
        act: impl FnOnce(&mut State, Timestamp) -> Result<(T, Vec<Change>), Refusal>,
    ) -> Result<T, Refusal> {
        let mut state = self.lock();
        let state = &mut *state;
        let (learned, changes) = act(state, self.clock.utc())?;
        let now = self.clock.now();
        for change in changes {
            state.publish(change, now);
        }
        self.changed.send_replace(());
        Ok(learned)
    }

    pub fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        let now = self.clock.utc();
        self.lock().store.identities.authenticate(token, now)
    }

    /// Counts against the rate limits, if they are on.
    fn count(&self, operation: Operation, user: &str, thread: &str) -> Result<(), Refusal> {
        let now = self.clock.now();
        let counted = self.lock().limits.count(operation, user, thread, now);
        counted.map_err(Refusal::Throttled)
    }

    pub fn switch_rate_limits(&self, on: bool) {
        self.lock().limits.switch(on);
    }

    /// Takes back all tokens of `user` and cuts their connections.
    pub fn revoke(&self, user: &str) {
        let mut state = self.lock();
        state.store.identities.revoke(user);
        state.hub.disconnect(Some(user), Disconnect::Unauthorized);
    }

    /// Removes the identity with everything it left behind.
    pub fn delete_identity(&self, user: &str) -> Result<(), Refusal> {
        self.change(|store, now| Ok(((), store.erase_person(user, now))))?;
        let mut state = self.lock();
        state.hub.disconnect(Some(user), Disconnect::Unauthorized);
        Ok(())
    }

    /// A new access key for the slot; every token that the old one signed for is revoked.
    pub fn regenerate_key(&self, slot: KeySlot) -> String {
        let mut state = self.lock();
        for user in state.store.identities.regenerate(slot) {
            state.hub.disconnect(Some(&user), Disconnect::Unauthorized);
        }
        state.store.identities.key(slot).as_base64().to_owned()
    }

    /// Every token ends now, as if its time had come; connections stay as they are.
    pub fn expire_tokens(&self) {
        let now = self.clock.utc();
        self.lock().store.identities.expire_all(now);
    }

    /// Cuts connections of the realtime channel: of one person, or all.
    pub fn disconnect(&self, user: Option<&str>, how: Disconnect) {
        self.lock().hub.disconnect(user, how);
    }

    /// Asks clients to connect anew before they lose the connection they have.
    pub fn ask_to_reconnect(&self, user: Option<&str>) {
        self.lock().hub.ask_to_reconnect(user);
    }

    /// Tells clients that notifications of theirs were lost.
    pub fn tell_of_loss(&self, user: Option<&str>) {
        self.lock().hub.tell_of_loss(user);
    }

    pub fn connection_string(&self) -> String {
        let state = self.lock();
        let key = state.store.identities.key(KeySlot::Primary);
        format!("endpoint={}/;accesskey={}", self.endpoint, key.as_base64())
    }

    /// Without a trailing slash.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The names this host was started with.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    pub fn control_key(&self) -> &str {
        &self.control_key
    }

    /// Wakes whenever something happened in a thread or a meeting.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub fn clock(&self) -> Clock {
        self.clock
    }

    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }
}

/// Where people look for it: the data folder, else a file of this run.
fn ca_file(options: &Options, address: SocketAddr) -> PathBuf {
    if let Some(folder) = &options.data {
        return folder.join("ca.pem");
    }
    let name = format!("sidetone-ca-{}-{}.pem", std::process::id(), address.port());
    std::env::temp_dir().join(name)
}

/// An address to connect to: "all interfaces" is none, so the given host or loopback stands in.
fn endpoint(options: &Options, address: SocketAddr) -> String {
    let scheme = if options.tls { "https" } else { "http" };
    let port = address.port();
    match options.hosts.first() {
        Some(host) if address.ip().is_unspecified() => format!("{scheme}://{host}:{port}"),
        None if address.ip().is_unspecified() => format!("{scheme}://127.0.0.1:{port}"),
        Some(_) | None => format!("{scheme}://{address}"),
    }
}

/// Every scope there is, as tests and the cast are given.
pub const ALL_SCOPES: [Scope; 2] = [Scope::Chat, Scope::Voip];

const BODY_BYTES: usize = 16 * 1024 * 1024;
const FAREWELL: Duration = Duration::from_millis(500);
const LONGEST_SLEEP: Duration = Duration::from_hours(1);
