//! A resource of one's own: the token service in this process, on loopback, for one person.
//!
//! The same code as `sidetone token-service` and the same requests; the connection string comes from the
//! place where sign-ins are kept.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::cli::Error;
use crate::cli::token_service::Error as Unstarted;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::identity::signed_in::SignedIn;
use crate::identity::signed_in::file_name;
use crate::identity::vault::Kept;
use crate::tasks::Tasks;
use crate::token_service;
use crate::token_service::Invited;
use crate::token_service::config::Config;
use crate::wire::acs::sign::ConnectionString;

/// Reads what a person typed, without ever repeating it.
pub(super) fn connection_string(typed: &Kept) -> Result<ConnectionString, Error> {
    ConnectionString::parse(typed.as_str().trim()).map_err(|_| {
        Error::Input(
            "that is no connection string; the portal shows it under Keys, as \
             endpoint=https://…;accesskey=…"
                .to_owned(),
        )
    })
}

/// Starts the service of an account until `tasks` are stopped; its address.
pub(super) async fn start(account: &SignedIn, tasks: &Tasks) -> Result<Url, Error> {
    let secret = account.own_resource().await;
    let secret = secret.map_err(|error| Error::Refused(error.to_string()))?;
    let config = config(account)?;
    let running = token_service::start(config, connection_string(&secret)?, tasks.clone()).await;
    let running = running.map_err(Unstarted::from)?;
    Url::parse(&running.url)
        .map_err(|_| Error::Refused("the token service has no address".to_owned()))
}

/// A code for the one person this service is for.
pub(super) async fn invite(account: &SignedIn) -> Result<Kept, Error> {
    let made = Clock.utc();
    let invited = Invited {
        made,
        expires: Timestamp::from_millis(made.as_millis() + 60_000),
        scopes: None,
        note: None,
    };
    let codes = token_service::invite(&config(account)?, &invited, 1).await;
    let codes = codes.map_err(Unstarted::from)?;
    let code = codes
        .first()
        .map(|code| Kept::new(code.as_str().to_owned()));
    code.ok_or_else(|| Error::Refused("no invitation was made".to_owned()))
}

/// Nothing of the service stays on this machine.
pub(super) fn erase(account: &SignedIn) {
    for path in files(&account.folder, &account.record.name) {
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a file of the token service stays");
        }
    }
}

fn config(account: &SignedIn) -> Result<Config, Error> {
    let [database, audit, ..] = files(&account.folder, &account.record.name);
    let mut config = Config::parse("", &database).map_err(Unstarted::from)?;
    config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.database = database;
    config.audit_file = Some(audit);
    config.ca.clone_from(&account.record.ca);
    // Whoever holds the connection string needs no reason to sign in again.
    config.session = Duration::from_hours(24 * 3650);
    Ok(config)
}

/// The database, the audit log, and what SQLite keeps beside the database.
fn files(folder: &Path, name: &str) -> [PathBuf; 4] {
    let file = |end: &str| folder.join(format!("resource-{}.{end}", file_name(name)));
    [
        file("db"),
        file("audit.jsonl"),
        file("db-wal"),
        file("db-shm"),
    ]
}
