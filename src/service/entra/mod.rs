//! A directory of people who sign in as at Entra ID: OpenID metadata, keys, the code flow with
//! PKCE, the device code flow, refresh tokens, and every documented error on demand.
//!
//! The password is not asked for: whoever reaches this service may be anybody in its
//! directory, as the page says. `?simulate=CODE` at the authorize, token and device code
//! endpoints answers with that documented error; the fault `{"signIn":CODE}` of the control
//! API does so without the client's help.
//!
//! | | |
//! |---|---|
//! | `{tenant}` | [`TENANT`], its domain, `organizations` or `common` |
//! | applications | [`CLIENT`] and [`OTHER_CLIENT`], public, redirect `http://localhost` and `http://127.0.0.1` with any port |
//! | people | those of the organisation (`service::graph`), and whom the control API adds |

mod authorize;
mod consent;
mod device;
mod directory;
mod exchange;
mod grants;
mod page;
mod refusal;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde_json::json;

use crate::clock::Timestamp;
use crate::wire::entra::Metadata;

use super::Service;
use super::http;

pub use self::consent::Consent;
pub use self::device::DeviceTimes;
pub use self::device::Devices;
pub use self::directory::Directory;
pub use self::directory::Person;
pub(super) use self::exchange::exchange;
pub(super) use self::exchange::exchange_directly;
pub use self::token::TokenTimes;

use self::grants::Grants;
use self::refusal::Refusal;

/// The one tenant this service ever is.
pub const TENANT: &str = "51de70fe-0000-4000-8000-7e4a47000001";
/// Its verified domain.
pub const DOMAIN: &str = "sidetone.example";
/// The application that people sign in to.
pub const CLIENT: &str = "51de70fe-0000-4000-8000-c11e47000001";
/// Somebody else's application in the same tenant.
pub const OTHER_CLIENT: &str = "51de70fe-0000-4000-8000-c11e47000002";

/// What the provider knows, behind the service's one lock.
#[derive(Debug, Default)]
pub struct Entra {
    pub directory: Directory,
    grants: Grants,
    pub devices: Devices,
    /// Of tokens that are given from now on.
    pub tokens: TokenTimes,
    pub consent: Consent,
    /// How often the token endpoint was asked, whoever asked for what.
    pub token_requests: u64,
}

impl Entra {
    /// Refresh tokens of this person, or of everybody, are good no more.
    pub fn end_sign_ins(&mut self, oid: Option<&str>) {
        self.grants.revoke(oid);
    }
}

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(metadata),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::ask))
        .route("/{tenant}/login", post(authorize::sign_in))
        .route(
            "/{tenant}/v2.0/adminconsent",
            get(consent::ask).post(consent::decide),
        )
        .route("/{tenant}/oauth2/v2.0/token", post(token::answer))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device::begin))
        .route("/{tenant}/oauth2/v2.0/logout", get(page::signed_out))
        .route("/devicelogin", get(device::ask).post(device::sign_in))
}

/// Of every token, whatever the tenant was called in the request.
pub(super) fn issuer(service: &Service) -> String {
    format!("{}/{TENANT}/v2.0", service.endpoint())
}

async fn metadata(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
) -> Result<Response, Refusal> {
    check_tenant(&service, &tenant)?;
    let base = format!("{}/{tenant}", service.endpoint());
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let about = Metadata {
        issuer: match tenant.as_str() {
            // Which tenant somebody is of is known only afterwards.
            "organizations" | "common" => format!("{}/{{tenantid}}/v2.0", service.endpoint()),
            _ => issuer(&service),
        },
        authorization_endpoint: format!("{base}/oauth2/v2.0/authorize"),
        token_endpoint: format!("{base}/oauth2/v2.0/token"),
        device_authorization_endpoint: format!("{base}/oauth2/v2.0/devicecode"),
        end_session_endpoint: Some(format!("{base}/oauth2/v2.0/logout")),
        jwks_uri: format!("{base}/discovery/v2.0/keys"),
        response_types_supported: list(&["code"]),
        response_modes_supported: list(&["query", "form_post"]),
        subject_types_supported: list(&["pairwise"]),
        id_token_signing_alg_values_supported: list(&["RS256"]),
        code_challenge_methods_supported: list(&["S256"]),
        scopes_supported: list(&["openid", "profile", "email", "offline_access"]),
    };
    Ok(http::json(StatusCode::OK, &about))
}

async fn keys(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
) -> Result<Response, Refusal> {
    check_tenant(&service, &tenant)?;
    let keys = service.keys.ready().await;
    let keys = keys.ok_or_else(|| Refusal::of(&service, NO_KEY))?;
    Ok(http::json(
        StatusCode::OK,
        &json!({ "keys": keys.public() }),
    ))
}

fn check_tenant(service: &Service, tenant: &str) -> Result<(), Refusal> {
    match tenant {
        TENANT | DOMAIN | "organizations" | "common" => Ok(()),
        "consumers" => Err(Refusal::of(service, 9_001_023)),
        _ => Err(Refusal::of(service, 90002)),
    }
}

fn check_client(service: &Service, client: Option<&str>) -> Result<String, Refusal> {
    match client {
        Some(known @ (CLIENT | OTHER_CLIENT)) => Ok(known.to_owned()),
        Some(_) => Err(Refusal::of(service, 700_016)),
        None => Err(Refusal::of(service, MISSING)),
    }
}

/// The error that the request itself or a fault asks for.
fn provoked(service: &Service, uri: &Uri) -> Result<(), Refusal> {
    let asked = http::query(uri, "simulate").and_then(|code| code.parse().ok());
    let code = asked.or_else(|| service.lock().faults.sign_in(uri.path()));
    match code {
        Some(code) => Err(Refusal::provoked(service, code)),
        None => Ok(()),
    }
}

/// Two random UUIDs: nobody guesses it.
fn secret() -> String {
    let (a, b) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    format!("{}{}", a.simple(), b.simple())
}

/// Whole seconds since 1970, as tokens count.
fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis() / 1000).unwrap_or(0)
}

const MISSING: u32 = 900_144;
const MALFORMED: u32 = 9_002_313;
const NO_KEY: u32 = 90033;
