//! Graph over REST: one function per operation, with tokens, the budget and repetitions inside.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::ACCEPT;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::chat::retry::Attempts;
use crate::chat::retry::Kind;
use crate::chat::retry::LONGEST_WAIT;
use crate::chat::retry::Repeat;
use crate::chat::retry::Verdict;
use crate::clock::Clock;
use crate::identity::Grant;
use crate::identity::Tokens;
use crate::identity::http;
use crate::identity::http::Http;
use crate::identity::http::Request;
use crate::identity::http::Response;
use crate::identity::http::same_origin;
use crate::identity::http::unreadable;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::text;
use crate::wire::graph::PREFER_UNKNOWN;
use crate::wire::graph::Page;
use crate::wire::graph::VERSION;
use crate::wire::graph::batch;
use crate::wire::graph::batch::BatchAnswer;
use crate::wire::graph::batch::BatchRequest;
use crate::wire::graph::batch::Step;
use crate::wire::graph::batch::StepAnswer;
use crate::wire::graph::directory::User;
use crate::wire::graph::error::PublicError;
use crate::wire::graph::error::asked_claims;
use crate::wire::graph::error::asks_for_sign_in;

use super::budget::BURST;
use super::budget::Budget;

/// Why an operation did not work, after all repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Error {
    pub(super) kind: Kind,
    because: Because,
    remedy: Remedy,
}

impl Error {
    pub(super) fn failure(&self, doing: Doing) -> Failure {
        Failure {
            doing,
            because: self.because.clone(),
            remedy: self.remedy.clone(),
        }
    }

    pub(super) const fn permanent(because: Because, remedy: Remedy) -> Self {
        Self {
            kind: Kind::Permanent,
            because,
            remedy,
        }
    }

    pub(super) fn refused(reason: &str) -> Self {
        let reason = text::line(reason);
        Self::permanent(Because::Refused { reason }, Remedy::None)
    }

    fn unreadable(detail: &str) -> Self {
        let detail = text::line(detail);
        Self::permanent(Because::Protocol { detail }, Remedy::Retry)
    }

    /// No token to be had: the request was not sent.
    fn token(failure: Failure) -> Self {
        let kind = match &failure.because {
            Because::Unreachable { .. } | Because::Timeout | Because::Lost => {
                Kind::Transient { arrived: false }
            }
            _ => Kind::Unauthorized,
        };
        Self {
            kind,
            because: failure.because,
            remedy: failure.remedy,
        }
    }

    fn http(error: &http::Error) -> Self {
        let kind = match error {
            http::Error::Unreachable { .. } => Kind::Transient { arrived: false },
            http::Error::Timeout | http::Error::Lost => Kind::Transient { arrived: true },
            http::Error::Untrusted { .. }
            | http::Error::TooLarge(_)
            | http::Error::Tls(_)
            | http::Error::Setup(_) => Kind::Permanent,
        };
        Self {
            kind,
            because: error.because(),
            remedy: error.remedy(),
        }
    }

    fn answered(response: &Response) -> Self {
        let kind = Kind::of(response.status, response.retry_after());
        let challenge = response.header("www-authenticate").unwrap_or_default();
        if kind == Kind::Unauthorized && asks_for_sign_in(challenge) {
            // A renewed token would be refused alike.
            return Self::permanent(Because::TokenRefused, Remedy::SignInAgain);
        }
        let error = PublicError::read(&response.body).unwrap_or_default();
        if let Some(id) = error.inner_error.and_then(|inner| inner.request_id) {
            tracing::debug!(status = response.status, request = %text::line(&id), "refused");
        }
        Self::of(kind, response.status, &error.message)
    }

    /// Of one of several.
    fn of_step(step: &StepAnswer, kind: Kind) -> Self {
        let error = PublicError::read(step.body.to_string().as_bytes()).unwrap_or_default();
        Self::of(kind, step.status, &error.message)
    }

    fn of(kind: Kind, status: u16, message: &str) -> Self {
        let service = Because::Service {
            status,
            message: text::line(message),
        };
        let (because, remedy) = match kind {
            Kind::Unauthorized => (Because::TokenRefused, Remedy::SignInAgain),
            Kind::Forbidden => (Because::Forbidden, Remedy::None),
            Kind::NotFound => (Because::NotFound, Remedy::None),
            Kind::Throttled(wait) => (Because::Throttled { wait }, Remedy::Retry),
            Kind::Transient { .. } | Kind::Permanent => (service, Remedy::Retry),
        };
        Self {
            kind,
            because,
            remedy,
        }
    }
}

/// Cheap to clone; all clones share the budget.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    http: Http,
    tokens: Tokens,
    budget: Arc<Mutex<Budget>>,
}

/// One operation; `target` below the version, or a link the service gave.
pub(super) struct Call {
    method: Method,
    target: String,
    body: Option<Bytes>,
    kind: &'static str,
    repeat: Repeat,
    /// As so many requests.
    counts: usize,
}

impl Call {
    fn new(method: Method, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            body: None,
            kind: "application/json",
            repeat: Repeat::Harmless,
            counts: 1,
        }
    }

    fn url(&self, endpoint: &Url) -> Result<Url, Error> {
        let base = endpoint.as_str().trim_end_matches('/');
        let base = base.strip_suffix(VERSION).unwrap_or(base);
        let url = if self.target.contains("://") {
            Url::parse(&self.target)
        } else {
            Url::parse(&format!("{base}{VERSION}{}", self.target))
        };
        let url = url.map_err(|e| Error::unreadable(&format!("an address is not usable: {e}")))?;
        if !same_origin(endpoint, &url) {
            return Err(Error::refused("the address belongs to another service"));
        }
        Ok(url)
    }
}

impl Rest {
    pub(super) fn new(http: Http, tokens: Tokens) -> Self {
        Self {
            http,
            tokens,
            budget: Arc::new(Mutex::new(Budget::new())),
        }
    }

    /// What was agreed to since the last token is in the next one, which is fetched beside it.
    pub(super) async fn wider(&self) {
        self.tokens.wider().await;
    }

    /// Who we are, and where.
    pub(super) async fn me(&self) -> Result<(User, Url), Error> {
        let grant = self.tokens.token().await.map_err(Error::token)?;
        Ok((self.get("/me").await?, grant.endpoint))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T, Error> {
        self.read(Call::new(Method::GET, target)).await
    }

    /// Every page from here on, as far as their links lead.
    pub(super) async fn all<T: DeserializeOwned>(&self, target: &str) -> Result<Vec<T>, Error> {
        Ok(self.pages(target, MOST_PAGES).await?.0)
    }

    /// Everything that changed in a chat since a time, at the pace of the budget. Too much of it is an error:
    /// what is left out in silence would look as if nobody had written it.
    pub(super) async fn changes<T: DeserializeOwned>(&self, target: &str) -> Result<Vec<T>, Error> {
        match self.pages(target, MOST_PAGES_OF_CHANGES).await? {
            (all, None) => Ok(all),
            (all, Some(_)) => Err(Error::refused(&format!(
                "more than {} changes came since it was read, and none of them is shown; sidetone started anew \
                 reads the chat from its end",
                all.len()
            ))),
        }
    }

    /// At most so many pages, and the link to what follows them.
    async fn pages<T: DeserializeOwned>(
        &self,
        target: &str,
        most: usize,
    ) -> Result<(Vec<T>, Option<String>), Error> {
        let mut page: Page<T> = self.get(target).await?;
        let mut all = std::mem::take(&mut page.value);
        for _ in 1..most {
            let Some(link) = page.next_link.take() else {
                break;
            };
            page = self.get(&link).await?;
            all.append(&mut page.value);
        }
        Ok((all, page.next_link))
    }

    pub(super) async fn bytes(&self, target: &str) -> Result<Vec<u8>, Error> {
        let answer = self.perform(Call::new(Method::GET, target)).await?;
        Ok(answer.body)
    }

    /// What may be done twice without harm.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        target: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let call = Call {
            body: json(body),
            ..Call::new(Method::POST, target)
        };
        self.read(call).await
    }

    /// Not repeated once it may have arrived: whoever calls looks first whether it did.
    pub(super) async fn post_once<T: DeserializeOwned>(
        &self,
        target: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let call = Call {
            body: json(body),
            repeat: Repeat::Never,
            ..Call::new(Method::POST, target)
        };
        self.read(call).await
    }

    /// A file as it is. Not repeated once it may have arrived: it would be there twice.
    pub(super) async fn upload<T: DeserializeOwned>(
        &self,
        target: &str,
        content: Bytes,
    ) -> Result<T, Error> {
        let call = Call {
            body: Some(content),
            kind: "application/octet-stream",
            repeat: Repeat::Never,
            ..Call::new(Method::PUT, target)
        };
        self.read(call).await
    }

    /// What is answered with nothing.
    pub(super) async fn act(
        &self,
        method: Method,
        target: &str,
        body: &impl Serialize,
    ) -> Result<(), Error> {
        let call = Call {
            body: json(body),
            ..Call::new(method, target)
        };
        self.perform(call).await.map(drop)
    }

    /// Several reads at once, answered in the order asked for. The budget counts each, so no more go
    /// together than may go at once; what has to be tried again is asked for by itself.
    pub(super) async fn batch(
        &self,
        targets: &[String],
    ) -> Result<Vec<Result<Value, Error>>, Error> {
        let mut all = Vec::new();
        for some in targets.chunks(TOGETHER) {
            let steps = some.iter().enumerate().map(|(at, target)| Step {
                id: at.to_string(),
                method: "GET".to_owned(),
                url: target.clone(),
                headers: [("Prefer".to_owned(), PREFER_UNKNOWN.to_owned())].into(),
                ..Step::default()
            });
            let request = BatchRequest {
                requests: steps.collect(),
            };
            let call = Call {
                body: json(&request),
                counts: some.len(),
                ..Call::new(Method::POST, batch::PATH)
            };
            let mut answer: BatchAnswer = self.read(call).await?;
            for (at, target) in some.iter().enumerate() {
                let id = at.to_string();
                let found = answer.responses.iter().position(|step| step.id == id);
                let step = found.map(|at| answer.responses.swap_remove(at));
                all.push(self.told(step, target).await);
            }
        }
        Ok(all)
    }

    /// The answer to one of several.
    async fn told(&self, step: Option<StepAnswer>, target: &str) -> Result<Value, Error> {
        let Some(step) = step else {
            return Err(Error::unreadable("an answer of several is missing"));
        };
        if (200..300).contains(&step.status) {
            return Ok(step.body);
        }
        let wait = step
            .header("retry-after")
            .and_then(|wait| wait.trim().parse().ok());
        let kind = Kind::of(step.status, wait.map(Duration::from_secs));
        if let Kind::Throttled(wait) = kind {
            self.budget().throttled(wait, Clock.now());
        }
        match kind {
            Kind::Throttled(_) | Kind::Transient { .. } | Kind::Unauthorized => {
                self.get(target).await
            }
            Kind::Forbidden | Kind::NotFound | Kind::Permanent => Err(Error::of_step(&step, kind)),
        }
    }

    /// The first page came among others; what follows is fetched by its links.
    pub(super) async fn rest_of<T: DeserializeOwned>(&self, first: Value) -> Result<Vec<T>, Error> {
        let page: Page<T> = decoded(first)?;
        let mut all = page.value;
        if let Some(link) = page.next_link {
            all.append(&mut self.all(&link).await?);
        }
        Ok(all)
    }

    async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let response = self.perform(call).await?;
        serde_json::from_slice(&response.body).map_err(|e| Error::unreadable(&unreadable(&e)))
    }

    /// Until it works or trying again makes no sense.
    async fn perform(&self, call: Call) -> Result<Response, Error> {
        let id = Uuid::new_v4().to_string();
        let mut attempts = Attempts::new(call.repeat, fastrand::u64(..));
        let mut grant = self.tokens.token().await.map_err(Error::token)?;
        loop {
            let error = match self.once(&call, &grant, &id).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match attempts.judge(error.kind) {
                Verdict::Again(pause) => tokio::time::sleep(pause).await,
                Verdict::Refresh => {
                    let newer = self.tokens.after_refusal(grant.generation).await;
                    grant = newer.map_err(Error::token)?;
                }
                Verdict::Stop => return Err(error),
            }
        }
    }

    async fn once(&self, call: &Call, grant: &Grant, id: &str) -> Result<Response, Error> {
        let url = call.url(&grant.endpoint)?;
        let token = grant.token.for_endpoint(&grant.endpoint, &url);
        let token = token.map_err(|refusal| Error::refused(&refusal.to_string()))?;
        let mut request = Request::new(call.method.clone(), url)
            .secret(AUTHORIZATION, &format!("Bearer {token}"))
            .header(ACCEPT, "application/json")
            .header(PREFER, PREFER_UNKNOWN)
            .header(REQUEST_ID, id)
            .header(RETURN_ID, "true");
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, call.kind)
                .body(body.clone())
                .patient();
        }
        self.turn(call.counts).await?;
        let sent = self.http.send(request).await;
        let response = sent.map_err(|e| Error::http(&e))?;
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        let challenge = response.header("www-authenticate").and_then(asked_claims);
        if let Some(claims) = challenge.filter(|_| response.status == 401) {
            self.tokens.challenged(claims).await;
        }
        let error = Error::answered(&response);
        if let Kind::Throttled(wait) = error.kind {
            self.budget().throttled(wait, Clock.now());
        }
        Err(error)
    }

    /// Waits until as many requests may go. Where the service asked for a long wait, whoever asks is
    /// told so instead of being kept.
    async fn turn(&self, requests: usize) -> Result<(), Error> {
        loop {
            let now = Clock.now();
            if let Some(wait) = self
                .budget()
                .closed(now)
                .filter(|wait| *wait > LONGEST_WAIT)
            {
                return Err(Error {
                    kind: Kind::Throttled(wait),
                    because: Because::Throttled { wait },
                    remedy: Remedy::Retry,
                });
            }
            let turn = self.budget().take_all(requests, now);
            Clock.sleep_until(Some(turn)).await;
            if self.budget().closed(Clock.now()).is_none() {
                return Ok(());
            }
        }
    }

    fn budget(&self) -> std::sync::MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn json(body: &impl Serialize) -> Option<Bytes> {
    serde_json::to_vec(body).ok().map(Bytes::from)
}

/// What came among others, as what it is.
pub(super) fn decoded<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|e| Error::unreadable(&unreadable(&e)))
}

/// As many as may go at once after a rest; fewer than one batch may hold.
const TOGETHER: usize = BURST as usize;
const _: () = assert!(TOGETHER <= batch::MOST);

const PREFER: HeaderName = HeaderName::from_static("prefer");
const REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const RETURN_ID: HeaderName = HeaderName::from_static("return-client-request-id");

/// More pages than this are not a list any more.
const MOST_PAGES: usize = 20;
/// Two and a half minutes of reading at two pages a second, 15,000 changes.
const MOST_PAGES_OF_CHANGES: usize = 300;
