//! Notifications to an address that whoever subscribed gave: a handshake first, then one POST after the other.
//!
//! As the cloud does it, but for the address: only this machine is delivered to, so that nobody
//! makes this service send requests elsewhere. What is not taken is tried again a few times; then
//! the second address is told that something was missed.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use serde_json::json;
use tokio::sync::mpsc;
use url::Host;
use url::Url;

use crate::service::Service;
use crate::service::entra;
use crate::wire::graph::sealed;
use crate::wire::graph::sealed::seal;
use crate::wire::graph::subscription::ChangeNotification;
use crate::wire::graph::subscription::LifecycleEvent;
use crate::wire::graph::subscription::Notifications;
use crate::wire::graph::subscription::Subscription;

use super::caller::Caller;
use super::failure::Failure;
use super::tenant::TENANT;

/// What is on its way to a webhook.
pub(super) enum Delivery {
    Change(ChangeNotification),
    Lifecycle(ChangeNotification),
}

struct Hook {
    service: Arc<Service>,
    http: Client,
    url: Url,
    lifecycle: Option<Url>,
    app: String,
    seal: Option<Seal>,
}

/// For whom resource data is encrypted.
struct Seal {
    /// A `SubjectPublicKeyInfo` in DER.
    public: Vec<u8>,
    certificate_id: String,
}

/// After both addresses have shown that they want it.
pub(super) async fn start(
    service: &Arc<Service>,
    asked: &Subscription,
    caller: &Caller,
) -> Result<mpsc::Sender<Delivery>, Failure> {
    let url = address(&asked.notification_url)?;
    let lifecycle = asked.lifecycle_notification_url.as_deref();
    let lifecycle = lifecycle.map(address).transpose()?;
    let seal = match asked.include_resource_data {
        Some(true) => Some(Seal::of(asked)?),
        _ => None,
    };
    let http = client().ok_or_else(|| Failure::bad("There is no way to deliver."))?;
    for url in [Some(&url), lifecycle.as_ref()].into_iter().flatten() {
        validate(&http, url).await?;
    }
    let hook = Hook {
        service: service.clone(),
        http,
        url,
        lifecycle,
        app: caller.app.clone(),
        seal,
    };
    let (queue, deliveries) = mpsc::channel(WAITING);
    service.tasks().spawn(hook.run(deliveries));
    Ok(queue)
}

/// Plain http to this machine.
fn address(text: &str) -> Result<Url, Failure> {
    let elsewhere = || {
        let message = "Subscription validation request failed. Only \"local:\" and http:// on this machine are delivered to here.";
        Failure::bad(message)
    };
    let url = Url::parse(text).map_err(|_| elsewhere())?;
    let here = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    (here && url.scheme() == "http")
        .then_some(url)
        .ok_or_else(elsewhere)
}

/// The address has to answer with what it is asked, as plain text, within ten seconds.
async fn validate(http: &Client, url: &Url) -> Result<(), Failure> {
    let failed = |why: &str| {
        let message = format!("Subscription validation request failed. {why}");
        Failure::bad(&message)
    };
    let token = format!(
        "Validation: Testing client application. {}",
        uuid::Uuid::new_v4()
    );
    let mut asked = url.clone();
    asked
        .query_pairs_mut()
        .append_pair("validationToken", &token);
    let answer = http.post(asked).timeout(ANSWER).send().await;
    let answer = answer.map_err(|_| failed("The address did not answer in time."))?;
    let kind = answer.headers().get("content-type");
    let plain = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if answer.status() != 200 || !plain {
        let status = answer.status().as_u16();
        return Err(failed(&format!(
            "Notification endpoint must respond with 200 OK and text/plain; it answered {status}."
        )));
    }
    let body = answer.text().await.unwrap_or_default();
    if body != token {
        return Err(failed("The answer is not the validation token."));
    }
    Ok(())
}

impl Seal {
    fn of(asked: &Subscription) -> Result<Self, Failure> {
        let lacking = |name: &str| {
            let message = format!(
                "{name} is required with includeResourceData, and has to be a certificate with an RSA key."
            );
            Failure::bad(&message)
        };
        let id = asked.encryption_certificate_id.clone();
        let certificate_id = id.ok_or_else(|| lacking("encryptionCertificateId"))?;
        let public = asked.encryption_certificate.as_deref();
        let public = public.and_then(public_key);
        Ok(Self {
            public: public.ok_or_else(|| lacking("encryptionCertificate"))?,
            certificate_id,
        })
    }

    fn seal(&self, notification: &mut ChangeNotification) -> Option<()> {
        let content = notification.resource_data.take()?.0;
        let plain = serde_json::to_vec(&content).ok()?;
        let mut key = [0; sealed::KEY];
        rand::fill(&mut key).ok()?;
        notification.encrypted_content =
            Some(seal(&plain, &key, &self.public, &self.certificate_id)?);
        // The outside names the resource and nothing of what is in it.
        let named = json!({ "id": content["id"], "@odata.type": "#Microsoft.Graph.chatMessage",
            "@odata.id": notification.resource });
        notification.resource_data = serde_json::from_value(named).ok();
        Some(())
    }
}

fn public_key(certificate: &str) -> Option<Vec<u8>> {
    let der = CertificateDer::from(STANDARD.decode(certificate).ok()?);
    let parsed = ParsedCertificate::try_from(&der).ok()?;
    let public = parsed.subject_public_key_info().to_vec();
    // Other keys than RSA, and shorter ones, are found out here and not at the first message.
    seal(b"", &[0; sealed::KEY], &public, "").map(|_| public)
}

impl Hook {
    /// Until the subscription is gone.
    async fn run(self, mut deliveries: mpsc::Receiver<Delivery>) {
        while let Some(delivery) = deliveries.recv().await {
            match delivery {
                Delivery::Change(mut notification) => {
                    let about = notification.clone();
                    let tokens = match &self.seal {
                        Some(seal) if seal.seal(&mut notification).is_some() => {
                            vec![self.validation_token().await.into()]
                        }
                        _ => Vec::new(),
                    };
                    let body = Notifications {
                        value: vec![notification],
                        validation_tokens: tokens,
                    };
                    if !self.deliver(&self.url, &body).await {
                        self.missed(about).await;
                    }
                }
                Delivery::Lifecycle(notification) => self.lifecycle(notification).await,
            }
        }
    }

    async fn missed(&self, about: ChangeNotification) {
        self.lifecycle(ChangeNotification {
            resource_data: None,
            lifecycle_event: Some(LifecycleEvent::Missed),
            ..about
        })
        .await;
    }

    async fn lifecycle(&self, notification: ChangeNotification) {
        let Some(url) = &self.lifecycle else { return };
        let body = Notifications {
            value: vec![notification],
            ..Notifications::default()
        };
        let _ = self.deliver(url, &body).await;
    }

    /// Whether it was taken, at once or at a later try.
    async fn deliver(&self, url: &Url, body: &Notifications) -> bool {
        let text = serde_json::to_string(body).unwrap_or_default();
        for wait in TRIES {
            let sending = self.http.post(url.clone()).body(text.clone());
            let sending = sending
                .header("content-type", "application/json")
                .timeout(ANSWER);
            let taken = sending.send().await;
            if taken.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            tokio::time::sleep(wait).await;
        }
        false
    }

    /// By which the receiver knows who sends: a token of the directory, for the application that subscribed.
    async fn validation_token(&self) -> String {
        let Some(key) = self.service.keys.ready().await else {
            return String::new();
        };
        let now = self.service.clock().utc().as_millis() / 1000;
        key.sign(&json!({
            "iss": entra::issuer(&self.service), "aud": self.app, "tid": TENANT,
            "azp": PUBLISHER, "appid": PUBLISHER, "oid": PUBLISHER, "sub": PUBLISHER,
            "iat": now, "nbf": now, "exp": now + 3600, "ver": "2.0",
        }))
    }
}

/// Follows nothing and speaks to this machine only; one for all.
fn client() -> Option<Client> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Some(client.clone());
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .ok()?;
    Some(CLIENT.get_or_init(|| client).clone())
}

/// The application that sends the cloud's notifications, in every directory.
pub(super) const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";
const WAITING: usize = 1024;
const ANSWER: Duration = Duration::from_secs(10);
const TRIES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
