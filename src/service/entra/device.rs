//! The device code flow (RFC 8628): a code on one screen, a browser at another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::http;
use crate::service::visitor::OwnPage;
use crate::wire::acs::redacted::Redacted;
use crate::wire::entra::DeviceCodeAnswer;
use crate::wire::entra::scope::Scope;

use super::authorize::MALFORMED;
use super::authorize::pairs;
use super::check_client;
use super::check_tenant;
use super::grants::after;
use super::page;
use super::provoked;
use super::refusal::Refusal;
use super::secret;

/// How long codes live, and how often a device may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceTimes {
    pub lifetime: Duration,
    pub interval: Duration,
}

impl Default for DeviceTimes {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_mins(15),
            interval: Duration::from_secs(5),
        }
    }
}

/// Devices that wait for somebody, by their device code.
#[derive(Debug, Default)]
pub struct Devices {
    pub times: DeviceTimes,
    waiting: HashMap<String, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    client: String,
    scopes: Vec<Scope>,
    user_code: String,
    until: Timestamp,
    interval: Duration,
    asked: Option<Timestamp>,
    outcome: Option<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    SignedIn { oid: String },
    Declined,
}

/// Who signed in for a device, and for what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) oid: String,
    pub(super) scopes: Vec<Scope>,
}

/// Why a device gets no token now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Not {
    /// A documented number.
    Number(u32),
    SlowDown,
    Declined,
}

impl Devices {
    fn begin(&mut self, client: String, scopes: Vec<Scope>, now: Timestamp) -> (String, String) {
        self.waiting.retain(|_, waiting| waiting.until > now);
        let (device_code, user_code) = (secret(), user_code());
        let waiting = Waiting {
            client,
            scopes,
            user_code: user_code.clone(),
            until: after(now, self.times.lifetime),
            interval: self.times.interval,
            asked: None,
            outcome: None,
        };
        self.waiting.insert(device_code.clone(), waiting);
        (device_code, user_code)
    }

    /// `false`: no device shows that code, or no longer.
    fn settle(&mut self, user_code: &str, outcome: Outcome, now: Timestamp) -> bool {
        let typed = user_code.trim().to_ascii_uppercase();
        let open = |waiting: &&mut Waiting| {
            waiting.user_code == typed && waiting.until > now && waiting.outcome.is_none()
        };
        match self.waiting.values_mut().find(open) {
            Some(waiting) => {
                waiting.outcome = Some(outcome);
                true
            }
            None => false,
        }
    }

    /// A device asks whether somebody signed in.
    pub(super) fn poll(
        &mut self,
        code: &str,
        client: &str,
        now: Timestamp,
    ) -> Result<Allowed, Not> {
        let waiting = self.waiting.get_mut(code).ok_or(Not::Number(UNKNOWN))?;
        if waiting.client != client {
            return Err(Not::Number(UNKNOWN));
        }
        if waiting.until <= now {
            return Err(Not::Number(EXPIRED));
        }
        let before = waiting.asked.replace(now);
        if before.is_some_and(|before| now < after(before, waiting.interval)) {
            waiting.interval += SLOWER;
            return Err(Not::SlowDown);
        }
        match waiting.outcome.clone() {
            None => Err(Not::Number(PENDING)),
            Some(Outcome::Declined) => Err(Not::Declined),
            Some(Outcome::SignedIn { oid }) => {
                let scopes = std::mem::take(&mut waiting.scopes);
                self.waiting.remove(code);
                Ok(Allowed { oid, scopes })
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
    provoked(&service, &uri)?;
    check_tenant(&service, &tenant)?;
    let form = pairs(&body).ok_or_else(|| Refusal::of(&service, MALFORMED))?;
    let client = check_client(&service, form.get("client_id").map(String::as_str))?;
    let scopes = Scope::list(form.get("scope").map_or("", String::as_str));
    if scopes.is_empty() {
        return Err(Refusal::of(&service, super::MISSING));
    }
    if scopes
        .iter()
        .any(|scope| matches!(scope, Scope::Unknown(_)))
    {
        return Err(Refusal::of(&service, 70011));
    }
    let now = service.clock().utc();
    let (times, (device_code, user_code)) = {
        let devices = &mut service.lock().entra.devices;
        (devices.times, devices.begin(client, scopes, now))
    };
    let verification_uri = format!("{}/devicelogin", service.endpoint());
    let answer = DeviceCodeAnswer {
        message: format!(
            "To sign in, open {verification_uri} in a browser and type the code {user_code}."
        ),
        device_code: Redacted::from(device_code),
        user_code,
        verification_uri,
        expires_in: times.lifetime.as_secs(),
        interval: times.interval.as_secs(),
    };
    Ok(http::json(StatusCode::OK, &answer))
}

/// `GET /devicelogin`.
pub(super) async fn ask() -> Response {
    page::device("", None)
}

/// `POST /devicelogin`: what the page sends.
pub(super) async fn sign_in(
    State(service): State<Arc<Service>>,
    _: OwnPage,
    body: Bytes,
) -> Response {
    let Some(form) = pairs(&body) else {
        return Refusal::of(&service, MALFORMED).page();
    };
    let get = |name: &str| form.get(name).map_or("", String::as_str);
    let now = service.clock().utc();
    let mut state = service.lock();
    let entra = &mut state.entra;
    let declines = get("act") == "decline";
    let outcome = match entra.directory.named(get("user_name")) {
        _ if declines => Outcome::Declined,
        Some(person) => Outcome::SignedIn {
            oid: person.oid.clone(),
        },
        None => {
            return page::device(
                get("user_code"),
                Some("Nobody in the directory is called that."),
            );
        }
    };
    if !entra.devices.settle(get("user_code"), outcome, now) {
        return page::device("", Some("No device shows this code, or no longer."));
    }
    page::done(if declines {
        "Nobody was signed in."
    } else {
        "You are signed in on the device."
    })
}

/// Letters that nobody mistakes for each other, and that make no words.
fn user_code() -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
    let letter = |_| {
        let mut random = [0_u8; 4];
        // Without randomness of the system there are no codes at all.
        let filled = aws_lc_rs::rand::fill(&mut random);
        let at = usize::try_from(u32::from_le_bytes(random)).unwrap_or(0);
        filled.map_or('-', |()| char::from(LETTERS[at % LETTERS.len()]))
    };
    (0..9).map(letter).collect()
}

const PENDING: u32 = 70016;
const UNKNOWN: u32 = 70018;
const EXPIRED: u32 = 70019;
/// What a device that asks too often has to wait longer (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        after(Timestamp::from_millis(0), Duration::from_secs(seconds))
    }

    fn signed_in() -> Outcome {
        Outcome::SignedIn {
            oid: "ada".to_owned(),
        }
    }

    #[test]
    fn a_device_waits_is_let_in_once_and_knows_no_more() {
        let mut devices = Devices::default();
        let (code, shown) = devices.begin("app".to_owned(), vec![Scope::OpenId], at(0));
        assert_eq!(devices.poll(&code, "app", at(5)), Err(Not::Number(PENDING)));
        assert_eq!(
            devices.poll(&code, "other", at(10)),
            Err(Not::Number(UNKNOWN))
        );
        assert!(!devices.settle("WRONGCODE", signed_in(), at(10)));
        assert!(devices.settle(&format!(" {} ", shown.to_lowercase()), signed_in(), at(10)));
        assert!(
            !devices.settle(&shown, Outcome::Declined, at(11)),
            "settled twice"
        );
        assert!(devices.poll(&code, "app", at(15)).is_ok());
        assert_eq!(
            devices.poll(&code, "app", at(30)),
            Err(Not::Number(UNKNOWN))
        );
    }

    #[test]
    fn who_asks_too_often_has_to_wait_longer_each_time() {
        let mut devices = Devices::default();
        let (code, _) = devices.begin("app".to_owned(), vec![Scope::OpenId], at(0));
        assert_eq!(devices.poll(&code, "app", at(1)), Err(Not::Number(PENDING)));
        assert_eq!(devices.poll(&code, "app", at(2)), Err(Not::SlowDown));
        assert_eq!(devices.poll(&code, "app", at(8)), Err(Not::SlowDown));
        assert_eq!(
            devices.poll(&code, "app", at(23)),
            Err(Not::Number(PENDING))
        );
    }

    #[test]
    fn a_code_expires_and_may_be_declined() {
        let mut devices = Devices::default();
        let (late, _) = devices.begin("app".to_owned(), vec![Scope::OpenId], at(0));
        let (declined, shown) = devices.begin("app".to_owned(), vec![Scope::OpenId], at(0));
        assert!(devices.settle(&shown, Outcome::Declined, at(1)));
        assert_eq!(devices.poll(&declined, "app", at(5)), Err(Not::Declined));
        assert_eq!(
            devices.poll(&late, "app", at(900)),
            Err(Not::Number(EXPIRED))
        );
    }

    #[test]
    fn codes_that_are_typed_have_nine_plain_letters_and_differ() {
        let (one, other) = (user_code(), user_code());
        assert!(one.len() == 9 && one.bytes().all(|b| b.is_ascii_uppercase()));
        assert_ne!(one, other);
    }
}
