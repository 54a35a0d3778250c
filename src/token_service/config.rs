//! The settings of the token service: one commented TOML file, checked before anything starts.
//!
//! A key that nobody knows is an error here, unlike in the settings of the client: who
//! misspells a limit must not run without one.

mod written;

use std::fs;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use toml::Table;
use url::Host;
use url::Url;

use crate::wire::acs::identity::Scope;

use self::written::Written;
use self::written::check_keys;

/// The commented defaults, as `sidetone token-service --example` prints them.
pub const EXAMPLE: &str = include_str!("example.toml");

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read the settings in {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path}: {detail}")]
    Syntax { path: PathBuf, detail: String },
    #[error("{path}: nobody knows the key {key}; the nearest one is {nearest}")]
    UnknownKey {
        path: PathBuf,
        key: String,
        nearest: String,
    },
    #[error("{path}: {detail}")]
    Value { path: PathBuf, detail: String },
}

#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Certificate and private key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub behind_proxy: bool,
    pub origins: Vec<String>,
    pub operator_listen: Option<SocketAddr>,
    pub connection_string_file: Option<PathBuf>,
    pub database: PathBuf,
    pub audit_file: Option<PathBuf>,
    pub ca: Option<PathBuf>,
    pub scopes: Vec<Scope>,
    pub token_minutes: u32,
    pub session: Duration,
    pub invitations: bool,
    pub guests: bool,
    pub leeway: Duration,
    pub keys_refetch: Duration,
    pub limits: LimitsConfig,
    pub providers: Vec<ProviderConfig>,
    pub teams: Option<TeamsConfig>,
    pub relay: Option<RelayConfig>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct LimitsConfig {
    pub per_address_per_minute: u32,
    pub per_person_per_minute: u32,
    pub invitations_per_address_per_minute: u32,
    pub notifications_per_minute: u32,
    pub connections: usize,
    pub connections_per_address: usize,
    pub header_seconds: u64,
    pub request_seconds: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            per_address_per_minute: 120,
            per_person_per_minute: 20,
            invitations_per_address_per_minute: 10,
            notifications_per_minute: 6000,
            connections: 512,
            connections_per_address: 64,
            header_seconds: 10,
            request_seconds: 30,
        }
    }
}

#[derive(Debug, Clone)]
pub struct ProviderConfig {
    pub name: String,
    /// Compared as it stands, character by character.
    pub issuer: String,
    pub client_id: String,
    pub algorithms: Vec<Algorithm>,
    pub scopes: Option<Vec<Scope>>,
}

#[derive(Debug, Clone)]
pub struct TeamsConfig {
    pub app_id: String,
    pub tenants: Vec<String>,
    /// Without a trailing slash.
    pub authority: String,
    pub audiences: Vec<String>,
    pub algorithms: Vec<Algorithm>,
    pub require_sign_in: bool,
}

/// Passing on what Microsoft Graph notifies of.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Where the cloud reaches this service, without a trailing slash. `None`: where it listens.
    pub public_url: Option<String>,
    pub key_file: PathBuf,
    pub publisher: String,
    pub clients: usize,
    pub clients_per_person: usize,
}

impl Config {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// `path` names the file in what is said of it, and is where relative paths count from.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let syntax = |detail: String| Error::Syntax {
            path: path.to_owned(),
            detail: detail.trim().to_owned(),
        };
        let table: Table = text
            .parse()
            .map_err(|e: toml::de::Error| syntax(e.to_string()))?;
        check_keys(&table, "", path)?;
        let written: Written = toml::from_str(text).map_err(|e| syntax(e.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        written.settle(folder).map_err(|detail| Error::Value {
            path: path.to_owned(),
            detail,
        })
    }
}

/// Whether what comes from there came from who is named there.
pub(crate) fn is_safe(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
        ("http", Some(Host::Ipv6(ip))) => IpAddr::from(ip).is_loopback(),
        ("http", Some(Host::Domain(name))) => name.eq_ignore_ascii_case("localhost"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use toml::Value;

    use super::written::AUTHORITY;
    use super::written::KEYS;
    use super::*;

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(text, Path::new("/etc/sidetone/token-service.toml"))
    }

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_example_says_the_defaults_and_names_every_key() {
        let example = parse(EXAMPLE).unwrap();
        let empty = parse("").unwrap();
        assert_eq!(format!("{example:?}"), format!("{empty:?}"));
        let uncommented: String = EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest,
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let full: Table = uncommented.parse().unwrap();
        for key in KEYS {
            let mut parts = key.split('.');
            let first = &full[parts.next().unwrap()];
            let Some(second) = parts.next() else { continue };
            let found = match first {
                Value::Array(list) => list[0].get(second),
                other => other.get(second),
            };
            assert!(found.is_some(), "{key} is not in the example");
        }
        parse(&uncommented).unwrap();
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_nearest() {
        let told = refused("tokens_minutes = 60");
        assert!(told.contains("token_minutes"), "{told}");
        let told = refused("[limits]\nper_adress_per_minute = 5");
        assert!(told.contains("limits.per_address_per_minute"), "{told}");
        let told = refused("[[provider]]\nname='x'\nissuers='y'");
        assert!(told.contains("provider.issuer"), "{told}");
    }

    #[test]
    fn plain_http_is_for_loopback_and_for_behind_a_proxy() {
        let told = refused("listen = '0.0.0.0:80'");
        assert!(told.contains("behind_proxy"), "{told}");
        assert!(parse("listen = '0.0.0.0:80'\nbehind_proxy = true").is_ok());
        assert!(parse("listen = '0.0.0.0:443'\ncertificate='c'\nprivate_key='k'").is_ok());
        assert!(refused("certificate = 'c'").contains("private_key"));
        assert!(refused("operator_listen = '0.0.0.0:9'").contains("loopback"));
    }

    #[test]
    fn only_signatures_with_a_public_key_can_be_configured() {
        for bad in ["none", "HS256", "RS512"] {
            let told = refused(&format!(
                "[[provider]]\nname='x'\nissuer='https://x.example'\nclient_id='c'\nalgorithms=['{bad}']"
            ));
            assert!(told.contains(bad), "{told}");
        }
        for bad in ["http://x.example", "x.example", "http://127.0.0.1.example"] {
            let told = refused(&format!(
                "[[provider]]\nname='x'\nissuer='{bad}'\nclient_id='c'"
            ));
            assert!(told.contains("issuer"), "{told}");
        }
    }

    #[test]
    fn a_tenant_is_an_id_and_there_is_one() {
        let with = |tenants: &str| format!("[teams]\napp_id='a'\ntenants=[{tenants}]");
        assert!(refused(&with("")).contains("tenants"));
        assert!(refused(&with("'contoso.example'")).contains("contoso.example"));
        let good = parse(&with("'11111111-2222-3333-4444-555555555555'")).unwrap();
        assert_eq!(good.teams.unwrap().authority, AUTHORITY);
    }

    #[test]
    fn paths_count_from_the_folder_of_the_file() {
        let read = parse("database = 'people.db'\naudit_file = '/var/log/a.jsonl'").unwrap();
        assert_eq!(read.database, Path::new("/etc/sidetone/people.db"));
        assert_eq!(read.audit_file.unwrap(), Path::new("/var/log/a.jsonl"));
    }
}
