//! The relay: passes what Microsoft Graph notifies of on to the client whose subscription it is.
//!
//! Who subscribes is the client, by the person's own Graph token, and it renews that too: this
//! service holds no permission in anybody's organisation, and what it can be told ends with the
//! client. For that a client opens a line (`line`), shown by its Entra token, and is given a
//! channel: an address for notifications and a secret that only Graph and the client know of.
//! What arrives there (`webhook`) has to bring the secret, of the line's tenant, and tokens of
//! that tenant's directory for our application; then it is decrypted and goes down that one line
//! (`lines`) and no other. Nothing of it is kept.

mod line;
mod lines;
mod webhook;

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::rsa::PrivateDecryptingKey;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::KeyPair;
use rustls::pki_types::PrivatePkcs8KeyDer;
use zeroize::Zeroizing;

use crate::config::paths;
use crate::wire::acs::redacted::Redacted;
use crate::wire::graph::sealed::Opener;
use crate::wire::token_service::Channel;

use super::Service;
use super::client::Client;
use super::config::Config;
use super::config::RelayConfig;
use super::config::TeamsConfig;
use super::provider::Verifier;
use super::teams;

use self::lines::Lines;

/// Why there is no relay.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read the relay's key in {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not keep the relay's key in {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("others can read {path} (mode {mode:o}); close it to them with: chmod 600 {path}")]
    Open { path: PathBuf, mode: u32 },
    #[error("what is in {0} is no RSA key (PKCS #8, DER)")]
    Content(PathBuf),
    #[error("could not make a key")]
    Make,
    #[error("could not make a certificate")]
    Certificate(#[from] rcgen::Error),
}

pub(crate) struct Relay {
    opener: Opener,
    /// DER in base64.
    certificate: String,
    certificate_id: String,
    /// Below which the channels lie.
    base: String,
    publisher: String,
    /// By tenant, for tokens that were made for our application.
    directories: Vec<(String, Verifier)>,
    lines: Mutex<Lines>,
}

impl Relay {
    /// `None` where none is configured. `url`: where this service listens.
    pub(crate) fn open(config: &Config, url: &str, client: Client) -> Result<Option<Self>, Error> {
        let (Some(relay), Some(teams)) = (&config.relay, &config.teams) else {
            return Ok(None);
        };
        let key = key(&relay.key_file)?;
        let opener = Opener::new(&key).ok_or_else(|| Error::Content(relay.key_file.clone()))?;
        let pair = KeyPair::try_from(&PrivatePkcs8KeyDer::from(key.as_slice()))?;
        let mut about = CertificateParams::new(Vec::new())?;
        let name = (DnType::CommonName, "sidetone relay");
        about.distinguished_name.push(name.0, name.1);
        let certificate = about.self_signed(&pair)?;
        Ok(Some(Self {
            opener,
            certificate: STANDARD.encode(certificate.der()),
            certificate_id: fingerprint(&pair),
            base: format!("{}/v1/relay", relay.public_url.as_deref().unwrap_or(url)),
            publisher: relay.publisher.clone(),
            directories: directories(config, teams, &client),
            lines: Mutex::new(lines(relay)),
        }))
    }

    /// What a client subscribes with.
    fn channel(&self, name: &str, state: Redacted) -> Channel {
        let url = format!("{}/{name}", self.base);
        Channel {
            lifecycle_notification_url: format!("{url}/lifecycle"),
            notification_url: url,
            client_state: state,
            encryption_certificate: self.certificate.clone(),
            encryption_certificate_id: self.certificate_id.clone(),
        }
    }

    fn directory(&self, tenant: &str) -> Option<&Verifier> {
        let mut all = self.directories.iter();
        all.find(|(id, _)| id == tenant).map(|(_, known)| known)
    }

    /// Never held across an await.
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lines(relay: &RelayConfig) -> Lines {
    Lines::new(relay.clients, relay.clients_per_person)
}

fn directories(config: &Config, teams: &TeamsConfig, client: &Client) -> Vec<(String, Verifier)> {
    let of = |tenant: &String| {
        let audiences = vec![teams.app_id.clone()];
        let refetch = config.keys_refetch;
        let verifier = teams::verifier(teams, tenant, audiences, refetch, client.clone());
        (tenant.clone(), verifier)
    };
    teams.tenants.iter().map(of).collect()
}

/// By which a notification says what it was encrypted for: another key has another.
fn fingerprint(pair: &KeyPair) -> String {
    use std::fmt::Write as _;
    let public = pair.public_key_raw();
    let print = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public);
    let mut text = String::new();
    for byte in print.as_ref().iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The key that is kept; else a new one, kept from now on where only its owner reads it.
fn key(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn read(path: &Path, file: File) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    // Asked of the open file: a path may lead elsewhere a moment later.
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let mut key = Zeroizing::new(Vec::new());
    file.take(LONGEST).read_to_end(&mut key).map_err(failed)?;
    Ok(key)
}

fn make(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let made = PrivateDecryptingKey::generate(KeySize::Rsa2048);
    let der: Pkcs8V1Der<'_> = made
        .and_then(|made| made.as_der())
        .map_err(|_| Error::Make)?;
    let key = Zeroizing::new(der.as_ref().to_vec());
    paths::create_private(path, &key).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })?;
    Ok(key)
}

pub(crate) fn routes() -> Router<Arc<Service>> {
    let notifications = Router::new()
        .route("/v1/relay/{channel}", post(webhook::notified))
        .route("/v1/relay/{channel}/lifecycle", post(webhook::notified))
        .layer(DefaultBodyLimit::max(BODY_BYTES));
    Router::new()
        .route("/v1/relay", get(line::open))
        .merge(notifications)
}

/// A delivery of many messages; what a person writes is at most 28 KiB of each.
const BODY_BYTES: usize = 1 << 20;
const LONGEST: u64 = 16 << 10;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_kept_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay-key.der");
        let first = key(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(*key(&path).unwrap(), *first);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(key(&path), Err(Error::Open { mode: 0o640, .. })));
    }
}
