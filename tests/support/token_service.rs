//! What is asked of a `sidetone token-service`, and people who sign in as browsers do.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::fs;
use std::ops::Deref;
use std::ops::DerefMut;
use std::path::Path;
use std::path::PathBuf;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use url::Url;

use crate::issuing::TokenService as Running;
use crate::program::Host;

/// A running token service, and what is asked of it.
pub(crate) struct TokenService {
    running: Running,
    pub(crate) http: reqwest::Client,
}

impl Deref for TokenService {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl DerefMut for TokenService {
    fn deref_mut(&mut self) -> &mut Running {
        &mut self.running
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The status and the code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        let code = self.body["error"]["code"].as_str().unwrap_or_default();
        (self.status.as_u16(), code)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.body[name].as_str();
        found.unwrap_or_else(|| panic!("no {name} in {} {}", self.status, self.body))
    }
}

/// A host whose signing key lies among the files of the build.
pub(crate) fn host() -> Host {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("token-service-host");
    Host::start_with(&["--data", data.to_str().expect("a path in UTF-8")])
}

/// Settings that take people of `host`'s directory, and whatever else is said.
pub(crate) fn settings(host: &Host, more: &str) -> String {
    let entra = &host.ready()["entra"];
    let (authority, tenant) = (text(&entra["authority"]), text(&entra["tenant"]));
    let client = text(&entra["clientId"]);
    format!(
        "listen = '127.0.0.1:0'\n\
         operator_listen = '127.0.0.1:0'\n\
         connection_string_file = 'connection-string'\n\
         audit_file = 'audit.jsonl'\n\
         keys_refetch_seconds = 1\n\
         {more}\n\
         [[provider]]\n\
         name = 'Directory'\n\
         issuer = '{authority}/{tenant}/v2.0'\n\
         client_id = '{client}'\n\
         [teams]\n\
         app_id = '{client}'\n\
         tenants = ['{tenant}']\n\
         authority = '{authority}'\n"
    )
}

/// A certificate for loopback that settings may name: `certificate.pem` and `key.pem`.
fn certificate(folder: &Path) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let made = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .and_then(|params| params.self_signed(&key))
        .expect("a certificate");
    fs::write(folder.join("certificate.pem"), made.pem()).expect("it is kept");
    fs::write(folder.join("key.pem"), key.serialize_pem()).expect("it is kept");
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the ready line names it")
}

impl TokenService {
    pub(crate) fn start(host: &Host, more: &str) -> Self {
        Self::start_with(host, &settings(host, more))
    }

    pub(crate) fn start_with(host: &Host, settings: &str) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(Policy::none()).build();
        Self {
            running: Running::start_with(host, settings, certificate),
            http: http.expect("a client"),
        }
    }

    pub(crate) fn settings_file(&self) -> PathBuf {
        self.file("settings.toml")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    pub(crate) fn operator_url(&self, path: &str) -> String {
        format!("{}{path}", self.told("operatorUrl"))
    }

    pub(crate) fn address(&self) -> String {
        self.url("").replace("http://", "")
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("the service answers")
    }

    /// `None` when it went away meanwhile.
    pub(crate) async fn try_send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.ok()?;
        Some(Answer {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        })
    }

    /// A request for a token, shown who asks.
    pub(crate) fn ask(&self, bearer: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(self.url("/v1/token"));
        request.bearer_auth(bearer).json(body)
    }

    pub(crate) async fn token(&self, bearer: &str) -> Answer {
        self.send(self.ask(bearer, &external())).await
    }

    pub(crate) async fn exchange(&self, entra_token: &str) -> Answer {
        let body = json!({ "kind": "teams", "entraToken": entra_token });
        self.send(self.http.post(self.url("/v1/token")).json(&body))
            .await
    }

    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        let request = self.http.post(self.url("/v1/invitation"));
        self.send(request.json(&json!({ "code": code }))).await
    }

    pub(crate) fn invite(&self, more: &[&str]) -> Vec<String> {
        self.invite_with(more)
    }

    /// Everything in the audit log.
    pub(crate) fn audit(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("audit.jsonl")).expect("a log");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }

    /// All files of the folder but the secret, as one text.
    pub(crate) fn everything_written(&self) -> String {
        let mut all = String::new();
        for entry in fs::read_dir(self.folder.path()).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_name() != "connection-string" {
                let bytes = fs::read(entry.path()).expect("a file");
                all.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        all
    }
}

pub(crate) fn external() -> Value {
    json!({ "kind": "external", "displayName": "Ada", "scopes": ["chat", "voip"] })
}

/// What a client does to sign in, with a browser that fills in the form.
pub(crate) struct Browser<'a> {
    pub(crate) host: &'a Host,
    pub(crate) http: reqwest::Client,
}

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const REDIRECT: &str = "http://localhost:49152";
pub(crate) const FOR_ACS: &str = "openid profile offline_access \
    https://auth.msft.communication.azure.com/Teams.ManageCalls \
    https://auth.msft.communication.azure.com/Teams.ManageChats";

impl<'a> Browser<'a> {
    pub(crate) fn new(host: &'a Host) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build();
        Self {
            host,
            http: http.expect("a client"),
        }
    }

    pub(crate) fn entra(&self, name: &str) -> &'a str {
        text(&self.host.ready()["entra"][name])
    }

    pub(crate) fn endpoint(&self, name: &str) -> String {
        let (authority, tenant) = (self.entra("authority"), self.entra("tenant"));
        format!("{authority}/{tenant}/oauth2/v2.0/{name}")
    }

    /// The query of a good authorize request.
    pub(crate) fn authorize(&self) -> Vec<(&'static str, String)> {
        [
            ("client_id", self.entra("clientId")),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", REDIRECT),
            ("scope", FOR_ACS),
            ("state", "s1"),
            ("nonce", "n1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
    }

    pub(crate) async fn open(&self, query: &[(&str, String)]) -> reqwest::Response {
        let url = Url::parse_with_params(&self.endpoint("authorize"), query).expect("an address");
        self.http.get(url).send().await.expect("the host answers")
    }

    /// Fills in the form of the page, and answers where it leads to.
    pub(crate) async fn fill_in(&self, page: &str, user: &str, act: &str) -> Option<Url> {
        let ticket = between(page, "name=\"ticket\" value=\"", "\"");
        let form = [
            ("ticket", ticket.as_str()),
            ("user_name", user),
            ("act", act),
        ];
        let (authority, tenant) = (self.entra("authority"), self.entra("tenant"));
        let request = self.http.post(format!("{authority}/{tenant}/login"));
        let answer = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(&form))
            .send()
            .await
            .expect("the host answers");
        let location = answer.headers().get("location")?;
        Some(Url::parse(location.to_str().expect("text")).expect("an address"))
    }

    /// A code for who signs in with this request.
    pub(crate) async fn code(&self, query: &[(&str, String)], user: &str) -> String {
        let page = self.open(query).await.text().await.expect("a page");
        let to = self.fill_in(&page, user, "accept").await;
        let to = to.unwrap_or_else(|| panic!("{page}"));
        found(&to, "code").unwrap_or_else(|| panic!("{to}"))
    }

    /// One request to the token endpoint.
    pub(crate) async fn post(&self, form: &[(&str, &str)]) -> (u16, Value) {
        self.post_to("token", form).await
    }

    pub(crate) async fn post_to(&self, endpoint: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let answer = self
            .http
            .post(self.endpoint(endpoint))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(form))
            .send()
            .await
            .expect("the host answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("an answer in JSON"))
    }

    pub(crate) async fn redeem(&self, code: &str) -> (u16, Value) {
        self.post(&[
            ("client_id", self.entra("clientId")),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("scope", FOR_ACS),
        ])
        .await
    }

    /// Everything that signing in gives.
    pub(crate) async fn sign_in(&self, user: &str) -> Value {
        let code = self.code(&self.authorize(), user).await;
        let (status, tokens) = self.redeem(&code).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub(crate) async fn id_token(&self, user: &str) -> String {
        text(&self.sign_in(user).await["id_token"]).to_owned()
    }

    pub(crate) async fn access_token(&self, user: &str) -> String {
        text(&self.sign_in(user).await["access_token"]).to_owned()
    }

    /// Claims as an id token of the directory has them.
    pub(crate) fn claims(&self, subject: &str) -> Value {
        let now = Clock.utc().as_millis() / 1000;
        let (authority, tenant) = (self.entra("authority"), self.entra("tenant"));
        json!({
            "iss": format!("{authority}/{tenant}/v2.0"), "aud": self.entra("clientId"),
            "sub": subject, "iat": now, "nbf": now - 5, "exp": now + 3600,
        })
    }

    /// Claims as an access token for ACS has them.
    pub(crate) fn access_claims(&self, oid: &str) -> Value {
        let mut claims = self.claims("somebody");
        claims["aud"] = json!("https://auth.msft.communication.azure.com");
        claims["appid"] = json!(self.entra("clientId"));
        claims["tid"] = json!(self.entra("tenant"));
        claims["oid"] = json!(oid);
        claims["scp"] = json!("Teams.ManageCalls Teams.ManageChats");
        claims
    }

    /// Any claims, signed with the directory's own key.
    pub(crate) async fn signed(&self, claims: &Value) -> String {
        let body = json!({ "claims": claims });
        let answer = self.host.control("/directory/sign", body).await;
        text(&answer["token"]).to_owned()
    }
}

/// A parameter of an address.
pub(crate) fn found(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    body.finish()
}

pub(crate) fn between(text: &str, before: &str, after: &str) -> String {
    let from = text
        .find(before)
        .unwrap_or_else(|| panic!("no {before} in {text}"))
        + before.len();
    let to = text[from..].find(after).expect("it ends") + from;
    text[from..to].to_owned()
}
