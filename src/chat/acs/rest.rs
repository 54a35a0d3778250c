//! Chat over REST: one function per operation, with tokens, waits and repetitions inside.

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use reqwest::header::ACCEPT;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use uuid::Uuid;

use crate::chat::retry::Attempts;
use crate::chat::retry::Kind;
use crate::chat::retry::Repeat;
use crate::chat::retry::Verdict;
use crate::identity::Grant;
use crate::identity::Refusal;
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
use crate::model::message::MessageId;
use crate::model::text;
use crate::model::thread::ThreadId;
use crate::wire::acs::chat::API_VERSION;
use crate::wire::acs::chat::ChatMessage;
use crate::wire::acs::chat::ChatMessageReadReceipt;
use crate::wire::acs::chat::ChatParticipant;
use crate::wire::acs::chat::ChatThreadProperties;
use crate::wire::acs::chat::Page;
use crate::wire::acs::chat::SendChatMessageRequest;
use crate::wire::acs::chat::SendChatMessageResult;
use crate::wire::acs::chat::SendReadReceiptRequest;
use crate::wire::acs::chat::SendTypingNotificationRequest;
use crate::wire::acs::chat::UpdateChatMessageRequest;
use crate::wire::acs::error::CommunicationError;

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

    #[cfg(test)]
    pub(super) fn for_tests(kind: Kind, because: Because) -> Self {
        Self {
            kind,
            because,
            remedy: Remedy::Retry,
        }
    }

    fn permanent(because: Because, remedy: Remedy) -> Self {
        Self {
            kind: Kind::Permanent,
            because,
            remedy,
        }
    }

    fn unreadable(detail: &str) -> Self {
        let detail = text::line(detail);
        Self::permanent(Because::Protocol { detail }, Remedy::Retry)
    }

    fn refused(refusal: &Refusal) -> Self {
        let reason = refusal.to_string();
        Self::permanent(Because::Refused { reason }, Remedy::CheckAddress)
    }

    /// No token to be had, so the request was not sent, or was refused for its token.
    fn token(failure: Failure) -> Self {
        let kind = match &failure.because {
            Because::Unreachable { .. }
            | Because::Timeout
            | Because::Lost
            | Because::Service {
                status: 500..=599, ..
            } => Kind::Transient { arrived: false },
            Because::Throttled { wait } => Kind::Throttled(*wait),
            Because::TokenExpired | Because::TokenRefused => Kind::Unauthorized,
            Because::Untrusted { .. }
            | Because::Forbidden
            | Because::NotFound
            | Because::NobodyWaits { .. }
            | Because::NobodyHere { .. }
            | Because::TooLong { .. }
            | Because::Service { .. }
            | Because::Protocol { .. }
            | Because::NoSuchMeeting
            | Because::WrongPasscode
            | Because::Local { .. }
            | Because::Refused { .. } => Kind::Permanent,
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
        let message = CommunicationError::read(&response.body)
            .map(|error| text::line(&error.message))
            .unwrap_or_default();
        let service = Because::Service {
            status: response.status,
            message,
        };
        let (because, remedy) = match kind {
            Kind::Unauthorized => (Because::TokenRefused, Remedy::SignInAgain),
            Kind::Forbidden => (Because::Forbidden, Remedy::AskOrganizer),
            Kind::NotFound => (Because::NotFound, Remedy::CheckAddress),
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

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    http: Http,
    tokens: Tokens,
    seed: u64,
}

/// One operation; `path` below the endpoint.
struct Call<'a> {
    method: Method,
    target: Target<'a>,
    body: Option<Vec<u8>>,
    success: u16,
    repeat: Repeat,
    limit: usize,
}

enum Target<'a> {
    Path(String),
    /// As the service or a message gave it: relative or on the endpoint's own origin.
    Link(&'a str),
}

impl Call<'_> {
    fn new(method: Method, path: String, success: u16) -> Self {
        Self {
            method,
            target: Target::Path(path),
            body: None,
            success,
            repeat: Repeat::Harmless,
            limit: 16 << 20,
        }
    }

    fn body(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).ok();
        self
    }

    fn url(&self, endpoint: &Url) -> Result<Url, Error> {
        let url = match &self.target {
            Target::Path(path) => endpoint.join(path),
            Target::Link(link) => endpoint.join(link),
        };
        let url = url.map_err(|e| Error::unreadable(&format!("an address is not usable: {e}")))?;
        if !same_origin(endpoint, &url) {
            let reason = "the address belongs to another service".to_owned();
            return Err(Error::permanent(Because::Refused { reason }, Remedy::None));
        }
        Ok(url)
    }
}

impl Rest {
    pub(super) fn new(http: Http, tokens: Tokens, seed: u64) -> Self {
        Self { http, tokens, seed }
    }

    pub(super) async fn properties(
        &self,
        thread: &ThreadId,
    ) -> Result<ChatThreadProperties, Error> {
        self.read(Call::new(Method::GET, path(thread, ""), 200))
            .await
    }

    pub(super) async fn participants(
        &self,
        thread: &ThreadId,
    ) -> Result<Vec<ChatParticipant>, Error> {
        let first = path(thread, "/participants?maxPageSize=200");
        self.all_pages(first).await
    }

    pub(super) async fn receipts(
        &self,
        thread: &ThreadId,
    ) -> Result<Vec<ChatMessageReadReceipt>, Error> {
        let first = path(thread, "/readReceipts?maxPageSize=200");
        self.all_pages(first).await
    }

    /// The newest page, or the one a link of an earlier page names.
    pub(super) async fn messages(
        &self,
        thread: &ThreadId,
        link: Option<&str>,
    ) -> Result<Page<ChatMessage>, Error> {
        let newest = format!("/messages?maxPageSize={PAGE}");
        let mut call = Call::new(Method::GET, path(thread, &newest), 200);
        if let Some(link) = link {
            call.target = Target::Link(link);
        }
        self.read(call).await
    }

    pub(super) async fn message(
        &self,
        thread: &ThreadId,
        message: &MessageId,
    ) -> Result<ChatMessage, Error> {
        self.read(Call::new(Method::GET, message_path(thread, message), 200))
            .await
    }

    /// Not repeated once it may have arrived: whoever calls looks first whether it did.
    pub(super) async fn send(
        &self,
        thread: &ThreadId,
        request: &SendChatMessageRequest,
    ) -> Result<MessageId, Error> {
        let call = Call {
            repeat: Repeat::Never,
            ..Call::new(Method::POST, path(thread, "/messages"), 201).body(request)
        };
        let result: SendChatMessageResult = self.read(call).await?;
        Ok(MessageId::new(&text::line(&result.id)))
    }

    pub(super) async fn edit(
        &self,
        thread: &ThreadId,
        message: &MessageId,
        content: String,
    ) -> Result<(), Error> {
        let request = UpdateChatMessageRequest {
            content: Some(content.into()),
            metadata: None,
        };
        let path = message_path(thread, message);
        self.perform(Call::new(Method::PATCH, path, 204).body(&request))
            .await
            .map(drop)
    }

    pub(super) async fn delete(&self, thread: &ThreadId, message: &MessageId) -> Result<(), Error> {
        let path = message_path(thread, message);
        self.perform(Call::new(Method::DELETE, path, 204))
            .await
            .map(drop)
    }

    pub(super) async fn typing(&self, thread: &ThreadId, name: &str) -> Result<(), Error> {
        let request = SendTypingNotificationRequest {
            sender_display_name: (!name.is_empty()).then(|| name.to_owned()),
        };
        let call = Call {
            // A typing indicator that comes late is worse than none.
            repeat: Repeat::Never,
            ..Call::new(Method::POST, path(thread, "/typing"), 200).body(&request)
        };
        self.perform(call).await.map(drop)
    }

    pub(super) async fn read_up_to(
        &self,
        thread: &ThreadId,
        message: &MessageId,
    ) -> Result<(), Error> {
        let request = SendReadReceiptRequest {
            chat_message_id: message.as_str().to_owned(),
        };
        let call = Call::new(Method::POST, path(thread, "/readReceipts"), 200).body(&request);
        self.perform(call).await.map(drop)
    }

    /// The bytes of an attachment on the endpoint's own origin.
    pub(super) async fn attachment(&self, url: &str) -> Result<Vec<u8>, Error> {
        let call = Call {
            target: Target::Link(url),
            limit: ATTACHMENT,
            ..Call::new(Method::GET, String::new(), 200)
        };
        Ok(self.perform(call).await?.body)
    }

    async fn all_pages<T: DeserializeOwned>(&self, first: String) -> Result<Vec<T>, Error> {
        let mut page: Page<T> = self.read(Call::new(Method::GET, first, 200)).await?;
        let mut all = page.value;
        for _ in 1..MOST_PAGES {
            let Some(link) = page.next_link else {
                break;
            };
            let mut call = Call::new(Method::GET, String::new(), 200);
            call.target = Target::Link(&link);
            page = self.read(call).await?;
            all.append(&mut page.value);
        }
        Ok(all)
    }

    async fn read<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        let response = self.perform(call).await?;
        serde_json::from_slice(&response.body).map_err(|e| Error::unreadable(&unreadable(&e)))
    }

    /// Until it works or trying again makes no sense.
    async fn perform(&self, call: Call<'_>) -> Result<Response, Error> {
        let id = Uuid::new_v4().to_string();
        let mut attempts = Attempts::new(call.repeat, self.seed ^ u64::from(id.as_bytes()[0]));
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

    async fn once(&self, call: &Call<'_>, grant: &Grant, id: &str) -> Result<Response, Error> {
        let mut url = call.url(&grant.endpoint)?;
        if !url.query_pairs().any(|(name, _)| name == "api-version") {
            url.query_pairs_mut()
                .append_pair("api-version", API_VERSION);
        }
        let token = grant.token.for_endpoint(&grant.endpoint, &url);
        let bearer = format!("Bearer {}", token.map_err(|e| Error::refused(&e))?);
        let mut request = Request::new(call.method.clone(), url)
            .secret(AUTHORIZATION, &bearer)
            .header(ACCEPT, "application/json")
            .header(REQUEST_ID, id);
        request.limit = call.limit;
        if let Some(body) = &call.body {
            let kind = match call.method {
                Method::PATCH => "application/merge-patch+json",
                _ => "application/json",
            };
            request = request.header(CONTENT_TYPE, kind).body(body.clone());
        }
        let sent = self.http.send(request).await;
        let response = sent.map_err(|e| Error::http(&e))?;
        if response.status == call.success {
            return Ok(response);
        }
        Err(Error::answered(&response))
    }
}

fn path(thread: &ThreadId, rest: &str) -> String {
    format!(
        "/chat/threads/{}{rest}",
        utf8_percent_encode(thread.as_str(), SEGMENT)
    )
}

fn message_path(thread: &ThreadId, message: &MessageId) -> String {
    let message = utf8_percent_encode(message.as_str(), SEGMENT);
    path(thread, &format!("/messages/{message}"))
}

/// As `encodeURIComponent`: `:` and `@` are escaped too.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// Messages a page: the most the service gives, since listings are counted against a limit.
const PAGE: usize = 200;

/// More pages than this of people or receipts are not a list any more.
const MOST_PAGES: usize = 50;

/// Largest attachment that is fetched, in bytes.
const ATTACHMENT: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_escaped_as_the_official_client_does() {
        let thread = ThreadId::new("19:abc_-x@thread.v2");
        assert_eq!(
            message_path(&thread, &MessageId::new("17")),
            "/chat/threads/19%3Aabc_-x%40thread.v2/messages/17"
        );
    }

    #[test]
    fn a_link_to_another_place_is_not_followed() {
        let endpoint: Url = "https://chat.example/".parse().unwrap();
        let call = |link| Call {
            target: Target::Link(link),
            ..Call::new(Method::GET, String::new(), 200)
        };
        for own in ["https://chat.example/chat?x=1", "/chat/threads", "chat"] {
            assert!(call(own).url(&endpoint).is_ok(), "{own}");
        }
        for other in [
            "https://evil.example/chat",
            "//evil.example/",
            "http://chat.example/",
        ] {
            assert!(call(other).url(&endpoint).is_err(), "{other}");
        }
    }

    #[test]
    fn a_token_service_that_does_not_answer_is_not_a_refusal() {
        let kind = |because| {
            Error::token(Failure {
                doing: Doing::SigningIn,
                because,
                remedy: Remedy::Retry,
            })
            .kind
        };
        let host = "tokens.example".to_owned();
        let later = Kind::Transient { arrived: false };
        assert_eq!(kind(Because::Unreachable { host }), later);
        assert_eq!(kind(Because::Timeout), later);
        assert_eq!(kind(Because::Lost), later);
        let wait = std::time::Duration::from_secs(9);
        assert_eq!(kind(Because::Throttled { wait }), Kind::Throttled(wait));
        assert_eq!(kind(Because::TokenRefused), Kind::Unauthorized);
        assert_eq!(kind(Because::TokenExpired), Kind::Unauthorized);
        assert_eq!(kind(Because::Forbidden), Kind::Permanent);
    }

    #[test]
    fn an_answer_is_told_in_words_a_person_can_act_on() {
        let response = |status, body: &str| Response {
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        let error = Error::answered(&response(403, ""));
        assert_eq!(error.failure(Doing::Sending).because, Because::Forbidden);
        let body = r#"{"CommunicationError":{"Code":"BadRequest","Message":"odd\u001b[2J"}}"#;
        let error = Error::answered(&response(400, body));
        let message = "odd [2J".to_owned();
        assert_eq!(
            error.failure(Doing::Sending).because,
            Because::Service {
                status: 400,
                message
            }
        );
    }
}
