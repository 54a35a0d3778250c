//! The file as it is written: its keys, its defaults, and what is wrong in it.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use toml::Table;
use toml::Value;
use url::Url;

use crate::wire::acs::identity::Scope;

use super::Config;
use super::Error;
use super::LimitsConfig;
use super::ProviderConfig;
use super::RelayConfig;
use super::TeamsConfig;
use super::is_safe;

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    listen: SocketAddr,
    certificate: Option<PathBuf>,
    private_key: Option<PathBuf>,
    behind_proxy: bool,
    origins: Vec<String>,
    operator_listen: Option<SocketAddr>,
    connection_string_file: Option<PathBuf>,
    database: PathBuf,
    audit_file: Option<PathBuf>,
    ca: Option<PathBuf>,
    scopes: Vec<Scope>,
    token_minutes: u32,
    session_days: u32,
    invitations: bool,
    guests: bool,
    leeway_seconds: u64,
    keys_refetch_seconds: u64,
    limits: LimitsConfig,
    provider: Vec<WrittenProvider>,
    teams: Option<WrittenTeams>,
    relay: Option<WrittenRelay>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
            certificate: None,
            private_key: None,
            behind_proxy: false,
            origins: Vec::new(),
            operator_listen: None,
            connection_string_file: None,
            database: PathBuf::from("token-service.db"),
            audit_file: None,
            ca: None,
            scopes: vec![Scope::Chat, Scope::Voip],
            token_minutes: 60,
            session_days: 30,
            invitations: true,
            guests: false,
            leeway_seconds: 60,
            keys_refetch_seconds: 60,
            limits: LimitsConfig::default(),
            provider: Vec::new(),
            teams: None,
            relay: None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct WrittenProvider {
    name: String,
    issuer: String,
    client_id: String,
    algorithms: Option<Vec<String>>,
    scopes: Option<Vec<Scope>>,
}

#[derive(Debug, Deserialize)]
struct WrittenTeams {
    app_id: String,
    tenants: Vec<String>,
    authority: Option<String>,
    audiences: Option<Vec<String>>,
    algorithms: Option<Vec<String>>,
    #[serde(default)]
    require_sign_in: bool,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct WrittenRelay {
    public_url: Option<String>,
    key_file: PathBuf,
    publisher: String,
    clients: usize,
    clients_per_person: usize,
}

impl Default for WrittenRelay {
    fn default() -> Self {
        Self {
            public_url: None,
            key_file: PathBuf::from("relay-key.der"),
            publisher: PUBLISHER.to_owned(),
            clients: 1000,
            clients_per_person: 8,
        }
    }
}

impl Written {
    pub(super) fn settle(self, folder: &Path) -> Result<Config, String> {
        let at = |path: PathBuf| folder.join(path);
        let certificate = match (self.certificate, self.private_key) {
            (Some(certificate), Some(key)) => Some((at(certificate), at(key))),
            (None, None) => None,
            _ => return Err("certificate and private_key belong together".to_owned()),
        };
        if certificate.is_none() && !self.listen.ip().is_loopback() && !self.behind_proxy {
            return Err(format!(
                "listen = {} would serve tokens over plain http: set certificate and private_key, \
                 or behind_proxy = true where a proxy ends TLS",
                self.listen
            ));
        }
        if self
            .operator_listen
            .is_some_and(|at| !at.ip().is_loopback())
        {
            return Err("operator_listen has to be a loopback address".to_owned());
        }
        if !(60..=1440).contains(&self.token_minutes) {
            return Err("token_minutes has to be 60 to 1440".to_owned());
        }
        if !(1..=366).contains(&self.session_days) {
            return Err("session_days has to be 1 to 366".to_owned());
        }
        if self.leeway_seconds > 300 {
            return Err("leeway_seconds has to be 300 at most".to_owned());
        }
        check_scopes(&self.scopes)?;
        check_limits(&self.limits)?;
        let providers = self.provider.into_iter().map(WrittenProvider::settle);
        Ok(Config {
            listen: self.listen,
            certificate,
            behind_proxy: self.behind_proxy,
            origins: self.origins,
            operator_listen: self.operator_listen,
            connection_string_file: self.connection_string_file.map(at),
            database: at(self.database),
            audit_file: self.audit_file.map(at),
            ca: self.ca.map(at),
            scopes: self.scopes,
            token_minutes: self.token_minutes,
            session: Duration::from_hours(24) * self.session_days,
            invitations: self.invitations,
            guests: self.guests,
            leeway: Duration::from_secs(self.leeway_seconds),
            keys_refetch: Duration::from_secs(self.keys_refetch_seconds.max(1)),
            limits: self.limits,
            providers: providers.collect::<Result<_, _>>()?,
            relay: match self.relay {
                Some(_) if self.teams.is_none() => {
                    return Err(
                        "relay needs teams: it serves the people of those tenants".to_owned()
                    );
                }
                relay => relay.map(|relay| relay.settle(folder)).transpose()?,
            },
            teams: self.teams.map(WrittenTeams::settle).transpose()?,
        })
    }
}

impl WrittenProvider {
    fn settle(self) -> Result<ProviderConfig, String> {
        safe_url("issuer", &self.issuer)?;
        if self.client_id.is_empty() {
            return Err(format!("the provider {} needs a client_id", self.name));
        }
        if let Some(scopes) = &self.scopes {
            check_scopes(scopes)?;
        }
        Ok(ProviderConfig {
            algorithms: algorithms(self.algorithms)?,
            name: self.name,
            issuer: self.issuer,
            client_id: self.client_id,
            scopes: self.scopes,
        })
    }
}

impl WrittenTeams {
    fn settle(self) -> Result<TeamsConfig, String> {
        let authority = self.authority.unwrap_or_else(|| AUTHORITY.to_owned());
        safe_url("authority", &authority)?;
        if self.tenants.is_empty() {
            return Err("teams.tenants is empty: nobody could sign in".to_owned());
        }
        for tenant in &self.tenants {
            if uuid::Uuid::try_parse(tenant).is_err() {
                return Err(format!(
                    "the tenant {tenant} is not a tenant id; names could change hands"
                ));
            }
        }
        if self.app_id.is_empty() {
            return Err("teams.app_id is empty".to_owned());
        }
        let audiences = self.audiences.unwrap_or_else(|| {
            let known = AUDIENCES.iter();
            known.map(|audience| (*audience).to_owned()).collect()
        });
        Ok(TeamsConfig {
            app_id: self.app_id,
            tenants: self.tenants,
            authority: authority.trim_end_matches('/').to_owned(),
            audiences,
            algorithms: algorithms(self.algorithms)?,
            require_sign_in: self.require_sign_in,
        })
    }
}

impl WrittenRelay {
    fn settle(self, folder: &Path) -> Result<RelayConfig, String> {
        if let Some(url) = &self.public_url {
            safe_url("relay.public_url", url)?;
        }
        if self.clients == 0 || self.clients_per_person == 0 {
            return Err("a limit of 0 would refuse everything".to_owned());
        }
        let url = self.public_url.as_deref();
        Ok(RelayConfig {
            public_url: url.map(|url| url.trim_end_matches('/').to_owned()),
            key_file: folder.join(self.key_file),
            publisher: self.publisher,
            clients: self.clients,
            clients_per_person: self.clients_per_person,
        })
    }
}

/// `https`, or plain http to this machine.
fn safe_url(key: &str, text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|_| format!("{key} = {text} is not an address"))?;
    if is_safe(&url) {
        return Ok(());
    }
    Err(format!(
        "{key} = {text} has to be https; plain http is for loopback only"
    ))
}

fn algorithms(names: Option<Vec<String>>) -> Result<Vec<Algorithm>, String> {
    let Some(names) = names else {
        return Ok(vec![Algorithm::RS256]);
    };
    let known = names.iter().map(|name| match name.as_str() {
        "RS256" => Ok(Algorithm::RS256),
        "ES256" => Ok(Algorithm::ES256),
        other => Err(format!("algorithms takes RS256 and ES256, not {other}")),
    });
    let known: Vec<_> = known.collect::<Result<_, _>>()?;
    if known.is_empty() {
        return Err("algorithms is empty: no token could be taken".to_owned());
    }
    Ok(known)
}

fn check_scopes(scopes: &[Scope]) -> Result<(), String> {
    let unknown = scopes.iter().find(|s| matches!(s, Scope::Unknown(_)));
    match unknown {
        Some(unknown) => Err(format!("nobody knows the scope {}", unknown.as_str())),
        None if scopes.is_empty() => Err("scopes is empty: nobody could do anything".to_owned()),
        None => Ok(()),
    }
}

fn check_limits(limits: &LimitsConfig) -> Result<(), String> {
    let counted = [
        limits.per_address_per_minute,
        limits.per_person_per_minute,
        limits.invitations_per_address_per_minute,
        limits.notifications_per_minute,
    ];
    let open = [limits.connections, limits.connections_per_address];
    let seconds = [limits.header_seconds, limits.request_seconds];
    if counted.contains(&0) || open.contains(&0) || seconds.contains(&0) {
        return Err("a limit of 0 would refuse everything".to_owned());
    }
    Ok(())
}

/// Every key, tables included, by its dotted name.
pub(super) fn check_keys(table: &Table, prefix: &str, path: &Path) -> Result<(), Error> {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        if !KEYS.contains(&name.as_str()) {
            return Err(Error::UnknownKey {
                path: path.to_owned(),
                nearest: nearest(&name).to_owned(),
                key: name,
            });
        }
        match value {
            Value::Table(inner) => check_keys(inner, &format!("{name}."), path)?,
            Value::Array(list) => {
                for inner in list.iter().filter_map(Value::as_table) {
                    check_keys(inner, &format!("{name}."), path)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn nearest(key: &str) -> &'static str {
    let near = |known: &str| strsim::jaro_winkler(known, key);
    let best = KEYS.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    best.copied().unwrap_or_default()
}

pub(super) const KEYS: &[&str] = &[
    "listen",
    "certificate",
    "private_key",
    "behind_proxy",
    "origins",
    "operator_listen",
    "connection_string_file",
    "database",
    "audit_file",
    "ca",
    "scopes",
    "token_minutes",
    "session_days",
    "invitations",
    "guests",
    "leeway_seconds",
    "keys_refetch_seconds",
    "limits",
    "limits.per_address_per_minute",
    "limits.per_person_per_minute",
    "limits.invitations_per_address_per_minute",
    "limits.notifications_per_minute",
    "limits.connections",
    "limits.connections_per_address",
    "limits.header_seconds",
    "limits.request_seconds",
    "provider",
    "provider.name",
    "provider.issuer",
    "provider.client_id",
    "provider.algorithms",
    "provider.scopes",
    "teams",
    "teams.app_id",
    "teams.tenants",
    "teams.authority",
    "teams.audiences",
    "teams.algorithms",
    "teams.require_sign_in",
    "relay",
    "relay.public_url",
    "relay.key_file",
    "relay.publisher",
    "relay.clients",
    "relay.clients_per_person",
];
/// The application that sends the cloud's notifications, in every directory.
const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";
pub(super) const AUTHORITY: &str = "https://login.microsoftonline.com";
/// The ACS resource as an access token may name it: by its address, or by its application id.
const AUDIENCES: &[&str] = &[
    "https://auth.msft.communication.azure.com",
    "1fd5118e-2576-4263-8130-9503064c837a",
];
