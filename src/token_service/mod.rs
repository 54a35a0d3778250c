//! The reference token service: authenticates people, and asks the resource for their tokens.
//!
//! Holds the one secret that no client may hold, the connection string of the resource. Who
//! asks is established by an id token of a configured OpenID provider, by a session that an
//! invitation was exchanged for, or, for Teams users, by their Entra token; which
//! identity that is, is looked up here and never taken from the request.
//!
//! One request walks `http` (address, size and time limits) → `sign_in` or `teams` → `person`
//! (who is it) → `store` (which identity) → `resource` (the token) → `audit`. The contract
//! is [`crate::wire::token_service`].

mod audit;
mod client;
pub mod config;
mod http;
mod invitation;
mod jwt;
mod limits;
mod listener;
mod metrics;
mod operator;
mod person;
mod provider;
mod relay;
mod resource;
mod secret;
mod sign_in;
mod store;
mod teams;
mod turns;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::tasks::Tasks;
use crate::wire::acs::sign::ConnectionString;

use self::audit::Audit;
use self::client::Client;
use self::config::Config;
use self::limits::Limits;
use self::listener::Bounds;
use self::metrics::Metrics;
use self::provider::Provider;
use self::relay::Relay;
use self::resource::Resource;
use self::store::Store;
use self::teams::Teams;
use self::turns::Turns;

pub use self::config::EXAMPLE;
pub use self::config::Error as ConfigError;
pub use self::invitation::Code;
pub use self::listener::TlsError;
pub use self::relay::Error as RelayError;
pub use self::secret::Error as SecretError;
pub use self::secret::Places;
pub use self::secret::connection_string;
pub use self::store::Error as StoreError;
pub use self::store::Invited;

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not listen on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("could not set up TLS")]
    Tls(#[from] TlsError),
    #[error("could not open the database")]
    Store(#[from] StoreError),
    #[error("could not open the audit log")]
    Audit(#[source] io::Error),
    #[error("could not set up the relay")]
    Relay(#[from] RelayError),
}

/// A token service that is answering.
#[derive(Debug)]
pub struct Running {
    pub address: SocketAddr,
    /// Without a trailing slash.
    pub url: String,
    pub operator: Option<SocketAddr>,
}

/// What every handler acts through.
pub(crate) struct Service {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) resource: Resource,
    pub(crate) providers: Vec<Provider>,
    pub(crate) teams: Option<Teams>,
    pub(crate) relay: Option<Relay>,
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) turns: Turns,
    pub(crate) audit: Audit,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tasks: Tasks,
}

/// Binds, and serves until `tasks` is stopped.
pub async fn start(
    config: Config,
    secret: ConnectionString,
    tasks: Tasks,
) -> Result<Running, Error> {
    let bind = |address| move |source| Error::Bind { address, source };
    let acceptor = listener::acceptor(&config)?;
    let listening = TcpListener::bind(config.listen).await;
    let listening = listening.map_err(bind(config.listen))?;
    let address = listening.local_addr().map_err(bind(config.listen))?;
    let store = Store::open(&config.database)?;
    let audit = Audit::open(config.audit_file.as_deref()).map_err(Error::Audit)?;
    let client = Client::new(config.ca.clone());
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    let relay = Relay::open(&config, &url, client.clone())?;
    let metrics = Arc::new(Metrics::default());
    let providers = config.providers.iter();
    let service = Arc::new(Service {
        providers: providers
            .map(|known| Provider::new(known, config.keys_refetch, client.clone()))
            .collect(),
        teams: config
            .teams
            .as_ref()
            .map(|teams| Teams::new(teams, config.keys_refetch, client.clone())),
        relay,
        resource: Resource::new(secret, client),
        limits: Limits::new(&config.limits),
        clock: Clock,
        turns: Turns::default(),
        tasks: tasks.clone(),
        metrics,
        store,
        audit,
        config,
    });
    let operator = operator::start(&service, &tasks).await?;
    let bounds = Bounds::new(&service.config);
    listener::serve(
        listening,
        acceptor,
        http::router(&service),
        bounds,
        &service.metrics,
        &tasks,
    );
    tasks.spawn(sweep(service.clone()));
    Ok(Running {
        address,
        url,
        operator,
    })
}

/// Makes codes for `config`'s database, whether the service runs or not.
pub async fn invite(config: &Config, invited: &Invited, count: u32) -> Result<Vec<Code>, Error> {
    let store = Store::open(&config.database)?;
    let mut codes = Vec::new();
    for _ in 0..count {
        let code = Code::make();
        store.invite(code.hash(), invited.clone()).await?;
        codes.push(code);
    }
    Ok(codes)
}

/// Forgets what can no longer be used, once at start and then every hour.
async fn sweep(service: Arc<Service>) {
    loop {
        if let Err(error) = service.store.sweep(service.clock.utc()).await {
            tracing::warn!(%error, "could not clear away what has ended");
        }
        tokio::time::sleep(SWEEP).await;
    }
}

const SWEEP: Duration = Duration::from_hours(1);
