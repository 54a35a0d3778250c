//! The device code flow: a code on one screen, signing in on another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::http;
use crate::service::limits::Operation;
use crate::service::listener::Ends;
use crate::service::visitor::OwnPage;
use crate::wire::acs::redacted::Redacted;
use crate::wire::entra::DeviceCodeAnswer;
use crate::wire::entra::scope::Scope;

use super::MISSING;
use super::authorize::pairs;
use super::check_client;
use super::check_tenant;
use super::grants::Granted;
use super::grants::after;
use super::page;
use super::provoked;
use super::refusal::Refusal;
use super::secret;

/// How long a code is good, and how often a client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceTimes {
    pub expires: Duration,
    pub interval: Duration,
}

impl Default for DeviceTimes {
    fn default() -> Self {
        Self {
            expires: Duration::from_mins(15),
            interval: Duration::from_secs(5),
        }
    }
}

#[derive(Debug, Default)]
pub struct Devices {
    /// Of devices that begin from now on.
    pub times: DeviceTimes,
    waiting: HashMap<String, Device>,
}

#[derive(Debug)]
struct Device {
    client: String,
    scopes: Vec<Scope>,
    /// A challenge of an earlier refusal.
    claims: Option<String>,
    user_code: String,
    until: Timestamp,
    interval: Duration,
    /// When it was polled last.
    asked: Option<Timestamp>,
    decided: Option<Decided>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decided {
    Accepted { oid: String },
    Declined,
}

/// What a poll finds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Pending,
    TooSoon,
    Expired,
    Declined,
    Unknown,
    Accepted { oid: String, scopes: Vec<Scope> },
}

impl Devices {
    /// Answers device code and user code.
    fn begin(
        &mut self,
        client: String,
        scopes: Vec<Scope>,
        claims: Option<String>,
        now: Timestamp,
    ) -> (String, String) {
        // What has expired is told so for a while longer.
        let known = |device: &Device| after(device.until, self.times.expires) > now;
        self.waiting.retain(|_, device| known(device));
        let (device_code, user_code) = (secret(), user_code());
        let device = Device {
            client,
            scopes,
            claims,
            user_code: user_code.clone(),
            until: after(now, self.times.expires),
            interval: self.times.interval,
            asked: None,
            decided: None,
        };
        self.waiting.insert(device_code.clone(), device);
        (device_code, user_code)
    }

    /// The device that waits with this code.
    fn waits(&mut self, user_code: &str, now: Timestamp) -> Option<&mut Device> {
        let typed: String = user_code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let typed = typed.to_ascii_uppercase();
        self.waiting.values_mut().find(|device| {
            device.user_code == typed && device.until > now && device.decided.is_none()
        })
    }

    /// `false`: no device waits with this code.
    fn decide(&mut self, user_code: &str, decided: Decided, now: Timestamp) -> bool {
        match self.waits(user_code, now) {
            Some(device) => {
                device.decided = Some(decided);
                true
            }
            None => false,
        }
    }

    fn poll(&mut self, device_code: &str, client: &str, now: Timestamp) -> Found {
        let device = self.waiting.get_mut(device_code);
        let Some(device) = device.filter(|device| device.client == client) else {
            return Found::Unknown;
        };
        if device.until <= now {
            return Found::Expired;
        }
        match device.decided.clone() {
            Some(Decided::Declined) => Found::Declined,
            Some(Decided::Accepted { oid }) => {
                let scopes = std::mem::take(&mut device.scopes);
                self.waiting.remove(device_code);
                Found::Accepted { oid, scopes }
            }
            None => {
                // The interval is between two polls (RFC 8628, 3.5): the first may come at once, as MSAL's does.
                let before = device.asked.replace(now);
                let soon = |before| after(before, device.interval) > after(now, SLACK);
                if before.is_some_and(soon) {
                    device.interval += SLOWER;
                    return Found::TooSoon;
                }
                Found::Pending
            }
        }
    }
}

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub(super) async fn begin(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Result<Response, Refusal> {
    check_tenant(&service, &tenant)?;
    if tenant == "common" {
        return Err(Refusal::of(&service, 9_001_023));
    }
    provoked(&service, &uri)?;
    let form = pairs(&body).ok_or_else(|| Refusal::of(&service, 9_002_313))?;
    let client = check_client(&service, form.get("client_id").map(String::as_str))?;
    let scopes = Scope::list(form.get("scope").map_or("", String::as_str));
    if scopes.is_empty() {
        return Err(Refusal::of(&service, MISSING));
    }
    if scopes.iter().any(|s| matches!(s, Scope::Unknown(_))) {
        return Err(Refusal::of(&service, 70011));
    }
    let claims = form.get("claims").cloned();
    let now = service.clock().utc();
    let (times, (device_code, user_code)) = {
        let mut state = service.lock();
        let devices = &mut state.entra.devices;
        (devices.times, devices.begin(client, scopes, claims, now))
    };
    let verification_uri = format!("{}/devicelogin", service.endpoint());
    let answer = DeviceCodeAnswer {
        message: format!(
            "To sign in, open {verification_uri} in a browser and enter the code {user_code}."
        ),
        device_code: Redacted::from(device_code),
        user_code,
        verification_uri,
        expires_in: times.expires.as_secs(),
        interval: times.interval.as_secs(),
    };
    Ok(http::json(StatusCode::OK, &answer))
}

/// The token endpoint's part of the flow.
pub(super) fn poll(
    service: &Service,
    form: &HashMap<String, String>,
    client: &str,
) -> Result<Granted, Refusal> {
    let code = form.get("device_code");
    let code = code.ok_or_else(|| Refusal::of(service, MISSING))?;
    let now = service.clock().utc();
    let found = service.lock().entra.devices.poll(code, client, now);
    match found {
        Found::Accepted { oid, scopes } => {
            let grants = &mut service.lock().entra.grants;
            Ok(grants.grant(&oid, client, scopes, None))
        }
        Found::Pending => Err(Refusal::of(service, 70016)),
        Found::TooSoon => {
            let about = "The client asks more often than it was told to.";
            Err(Refusal::named(service, 70016, "slow_down", about))
        }
        Found::Expired => Err(Refusal::of(service, 70019)),
        Found::Declined => {
            let about = "The person declined to sign in.";
            let error = "authorization_declined";
            Err(Refusal::named(service, 65004, error, about))
        }
        Found::Unknown => Err(Refusal::of(service, 70018)),
    }
}

/// `GET /devicelogin`.
pub(super) async fn ask(uri: Uri) -> Response {
    let code = http::query(&uri, "otc").unwrap_or_default();
    page::device(&code, None)
}

/// `POST /devicelogin`: what the page sends. How often is limited, as the code is short.
pub(super) async fn sign_in(
    State(service): State<Arc<Service>>,
    ConnectInfo(ends): ConnectInfo<Ends>,
    _: OwnPage,
    body: Bytes,
) -> Response {
    let from = ends.peer.ip().to_string();
    if let Err(refusal) = service.count(Operation::UserCode, &from, "") {
        return refusal.into_response();
    }
    let Some(form) = pairs(&body) else {
        return Refusal::of(&service, 9_002_313).page();
    };
    let get = |name: &str| form.get(name).map_or("", String::as_str);
    let now = service.clock().utc();
    let mut state = service.lock();
    let entra = &mut state.entra;
    let decided = if get("act") == "decline" {
        Decided::Declined
    } else if let Some(person) = entra.directory.named(get("user_name")) {
        let oid = person.oid.clone();
        Decided::Accepted { oid }
    } else {
        let problem = "Nobody in the directory is called that.";
        return page::device(get("user_code"), Some(problem));
    };
    if let Decided::Accepted { oid } = &decided
        && let Some(device) = entra.devices.waits(get("user_code"), now)
        && let Some(claims) = &device.claims
    {
        entra.directory.prove(oid, claims);
    }
    let said = match decided {
        Decided::Accepted { .. } => "You are signed in on the device.",
        Decided::Declined => "The device was not signed in.",
    };
    if entra.devices.decide(get("user_code"), decided, now) {
        return page::done(said);
    }
    page::device(get("user_code"), Some("No device waits with this code."))
}

/// Eight characters that are not mistaken for one another.
fn user_code() -> String {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    // The bytes of a random UUID that have fixed bits are the seventh and the ninth.
    let random = bytes[..6].iter().chain(&bytes[10..12]);
    random
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}

/// 32 of them: each is as likely as the others.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// What an early poll costs.
const SLOWER: Duration = Duration::from_secs(5);
/// A client's clock is not ours.
const SLACK: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        after(Timestamp::from_millis(0), Duration::from_secs(seconds))
    }

    fn begun() -> (Devices, String, String) {
        let mut devices = Devices::default();
        let scopes = vec![Scope::OpenId];
        let (device, user) = devices.begin("app".to_owned(), scopes, None, at(0));
        (devices, device, user)
    }

    #[test]
    fn a_device_waits_until_somebody_decides_and_is_told_once() {
        let (mut devices, device, user) = begun();
        assert_eq!(devices.poll(&device, "app", at(5)), Found::Pending);
        assert_eq!(devices.poll(&device, "other", at(10)), Found::Unknown);
        let accepted = Decided::Accepted {
            oid: "ada".to_owned(),
        };
        assert!(!devices.decide("WRONG123", accepted.clone(), at(11)));
        let typed = format!("{} {}", &user[..4], user[4..].to_lowercase());
        assert!(devices.decide(&typed, accepted.clone(), at(11)));
        assert!(!devices.decide(&user, accepted, at(11)), "only once");
        let found = devices.poll(&device, "app", at(12));
        assert!(matches!(found, Found::Accepted { oid, .. } if oid == "ada"));
        assert_eq!(devices.poll(&device, "app", at(20)), Found::Unknown);
    }

    #[test]
    fn who_asks_too_soon_has_to_wait_longer() {
        let (mut devices, device, _) = begun();
        assert_eq!(devices.poll(&device, "app", at(0)), Found::Pending);
        assert_eq!(devices.poll(&device, "app", at(2)), Found::TooSoon);
        assert_eq!(devices.poll(&device, "app", at(8)), Found::TooSoon);
        assert_eq!(devices.poll(&device, "app", at(23)), Found::Pending);
    }

    #[test]
    fn a_device_that_was_declined_or_is_too_late_is_told_so() {
        let (mut devices, device, user) = begun();
        assert!(devices.decide(&user, Decided::Declined, at(1)));
        assert_eq!(devices.poll(&device, "app", at(2)), Found::Declined);
        let (mut devices, device, user) = begun();
        assert_eq!(devices.poll(&device, "app", at(900)), Found::Expired);
        assert!(!devices.decide(&user, Decided::Declined, at(900)));
    }
}
