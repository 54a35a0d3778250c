//! Who we are; owns every secret.
//!
//! Back ends hold a [`Tokens`] handle and ask it for a [`Grant`] before each
//! request. Nothing else in the program ever sees a token, and events only say
//! who is signed in.

pub mod accounts;
pub mod http;
mod permits;
pub mod refused;
mod schedule;
mod secret;
pub mod sign_in;
pub mod signed_in;
mod source;
pub mod vault;
pub mod wider;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use url::Url;

use crate::clock::Clock;
use crate::effect::IdentityCommand;
use crate::event::Event;
use crate::event::IdentityEvent;
use crate::model::account::AccountId;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::RawId;
use crate::model::permission::Wider;
use crate::model::sign_in::By;
use crate::tasks::Tasks;

use self::http::Http;
use self::permits::Permits;
use self::schedule::Answer;
pub use self::schedule::Generation;
use self::schedule::Output;
use self::schedule::Schedule;
pub use self::secret::Refusal;
pub use self::secret::Secret;
pub use self::source::Error;
use self::source::Fetched;
pub use self::source::Source;
use self::wider::Errand;

#[derive(Debug, Clone)]
pub struct Settings {
    pub account: AccountId,
    pub source: Source,
    pub http: Http,
}

/// What a token lets us do, and where.
#[derive(Debug, Clone)]
pub struct Grant {
    pub raw_id: RawId,
    pub token: Secret,
    /// The only origin the token may be sent to, besides what that endpoint itself names.
    pub endpoint: Url,
    /// Names the token when it is refused.
    pub generation: Generation,
}

/// A handle to the account's tokens; cheap to clone.
#[derive(Debug, Clone)]
pub struct Tokens {
    requests: mpsc::Sender<Request>,
    commands: mpsc::Sender<IdentityCommand>,
}

#[derive(Debug)]
enum Request {
    Token(Ask),
    /// A service wants more of the next sign-in than the last one had.
    Challenge(String),
    /// The person may have been given more leave.
    Wider,
}

#[derive(Debug)]
struct Ask {
    refused: Option<Generation>,
    reply: oneshot::Sender<Result<Grant, Failure>>,
}

/// What became of what was begun beside the requests.
#[derive(Debug)]
enum Done {
    Fetched(Result<Fetched, Error>),
    LookedForMore(bool),
    Asked(Wider, Result<(), wider::Error>),
}

impl Tokens {
    /// Starts the task that owns the account's secret. Nothing is fetched before somebody asks.
    pub fn start(settings: Settings, tasks: &Tasks, events: mpsc::Sender<Event>) -> Self {
        let (requests, asked) = mpsc::channel(16);
        let (commands, commanded) = mpsc::channel(4);
        tasks.spawn(Keeper::new(settings, events, tasks.clone()).run(asked, commanded));
        Self { requests, commands }
    }

    /// A token that has not expired.
    pub async fn token(&self) -> Result<Grant, Failure> {
        self.ask(None).await
    }

    /// After a 401: a newer token than the refused one.
    pub async fn after_refusal(&self, refused: Generation) -> Result<Grant, Failure> {
        self.ask(Some(refused)).await
    }

    /// A service refused the token and said what a sign-in has to prove: that is kept for the next one.
    pub async fn challenged(&self, claims: String) {
        // Without anybody who owns the secret there is nothing to keep it beside.
        let _ = self.requests.send(Request::Challenge(claims)).await;
    }

    /// Where something is withheld: a new token at once, if more was agreed to since the last one was asked for.
    pub async fn wider(&self) {
        let _ = self.requests.send(Request::Wider).await;
    }

    /// Where the person's own wishes go.
    pub fn commands(&self) -> mpsc::Sender<IdentityCommand> {
        self.commands.clone()
    }

    async fn ask(&self, refused: Option<Generation>) -> Result<Grant, Failure> {
        let (reply, answer) = oneshot::channel();
        let ask = Request::Token(Ask { refused, reply });
        let signed_out = || Error::Refused.failure();
        self.requests.send(ask).await.map_err(|_| signed_out())?;
        answer.await.map_err(|_| signed_out())?
    }
}

/// The task behind a [`Tokens`] handle.
struct Keeper {
    settings: Settings,
    events: mpsc::Sender<Event>,
    tasks: Tasks,
    clock: Clock,
    schedule: Schedule,
    grant: Option<Grant>,
    permits: Permits,
    /// What the token was asked for with, beyond the usual.
    wider: Vec<String>,
    /// Somebody asks for more leave; stopped, it is given up.
    asking: Option<Tasks>,
    /// It was agreed to, and the token for it is on its way.
    agreed: Option<Wider>,
    waiting: Vec<oneshot::Sender<Result<Grant, Failure>>>,
}

impl Keeper {
    fn new(settings: Settings, events: mpsc::Sender<Event>, tasks: Tasks) -> Self {
        Self {
            settings,
            events,
            tasks,
            clock: Clock,
            schedule: Schedule::default(),
            grant: None,
            permits: Permits::default(),
            wider: Vec::new(),
            asking: None,
            agreed: None,
            waiting: Vec::new(),
        }
    }

    async fn run(
        mut self,
        mut asked: mpsc::Receiver<Request>,
        mut commanded: mpsc::Receiver<IdentityCommand>,
    ) {
        let (done, mut outcomes) = mpsc::channel(4);
        loop {
            let deadline = match self.schedule.poll(self.clock.now()) {
                Output::Fetch => {
                    let (settings, clock, done) = (self.settings.clone(), self.clock, done.clone());
                    let previous = self.grant.as_ref().map(|grant| grant.token.clone());
                    // Not torn off when the program ends: a provider that has given a new refresh token
                    // takes the old one no longer, and the new one must be kept.
                    self.tasks.spawn_graceful(async move {
                        let http = &settings.http;
                        let result = settings.source.fetch(previous.as_ref(), http, clock).await;
                        // The receiver is gone only when the keeper is.
                        let _ = done.send(Done::Fetched(result)).await;
                    });
                    continue;
                }
                Output::Wait(deadline) => deadline,
            };
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(Request::Token(ask)) => self.ask(ask),
                    Some(Request::Challenge(claims)) => {
                        let source = self.settings.source.clone();
                        let keeping = async move { source.keep_challenge(&claims).await };
                        self.tasks.spawn_graceful(keeping);
                    }
                    Some(Request::Wider) => self.look_for_more(&done),
                    None => break,
                },
                Some(command) = commanded.recv() => self.command(command, &done).await,
                Some(outcome) = outcomes.recv() => match outcome {
                    Done::Fetched(result) => self.settle(result).await,
                    Done::LookedForMore(true) => self.schedule.renew(self.clock.now()),
                    Done::LookedForMore(false) => {}
                    Done::Asked(wider, outcome) => self.asked(wider, outcome).await,
                },
                () = self.clock.sleep_until(deadline) => {}
            }
        }
    }

    async fn command(&mut self, command: IdentityCommand, done: &mpsc::Sender<Done>) {
        // One at a time: what was begun before is given up.
        if let Some(begun) = self.asking.take() {
            begun.stop();
        }
        let (wider, by) = match command {
            IdentityCommand::AskForLeave { wider, by } => (wider, by.unwrap_or(By::DeviceCode)),
            IdentityCommand::GiveUpAsking => return,
        };
        let Source::Account(account, _) = &self.settings.source else {
            return self.not_agreed(wider, foreign()).await;
        };
        let errand = Errand {
            account: account.as_ref().clone(),
            wider,
            by,
            http: self.settings.http.clone(),
        };
        let (id, events) = (self.settings.account.clone(), self.events.clone());
        let tell = async move |step, link| {
            let event = IdentityEvent::Asking { wider, step, link };
            let _ = events.send(Event::Identity(id.clone(), event)).await;
        };
        let (group, tasks, done) = (self.tasks.child(), self.tasks.clone(), done.clone());
        group.spawn(async move {
            match errand.run(tell).await {
                // Not torn off any more: the refresh token before is used up.
                Ok(agreed) => tasks.spawn_graceful(async move {
                    let _ = done.send(Done::Asked(wider, agreed.keep().await)).await;
                }),
                Err(error) => drop(done.send(Done::Asked(wider, Err(error))).await),
            }
        });
        self.asking = Some(group);
    }

    /// What was agreed to is in the next token, which is got at once and told of then.
    async fn asked(&mut self, wider: Wider, outcome: Result<(), wider::Error>) {
        match outcome {
            Ok(()) => {
                self.agreed = Some(wider);
                self.schedule.renew(self.clock.now());
            }
            Err(error) => {
                tracing::info!(%error, "no more leave");
                self.not_agreed(wider, error.unchanged()).await;
            }
        }
    }

    async fn not_agreed(&self, wider: Wider, failure: Failure) {
        let event = IdentityEvent::NotAgreed { wider, failure };
        let event = Event::Identity(self.settings.account.clone(), event);
        let _ = self.events.send(event).await;
    }

    /// Once a token came that was asked for with it, or none came.
    async fn tell_agreed(&mut self, failed: bool) {
        let known = &self.wider;
        let ready = |wider: &mut Wider| failed || wider::is_in(*wider, known);
        if let Some(wider) = self.agreed.take_if(ready) {
            let event = IdentityEvent::Agreed(wider);
            let event = Event::Identity(self.settings.account.clone(), event);
            let _ = self.events.send(event).await;
        }
    }

    /// Only what was agreed to since is worth a request: whoever reads a list again and again asks for nothing new.
    fn look_for_more(&self, done: &mpsc::Sender<Done>) {
        if self.permits.withheld.is_empty() {
            return;
        }
        let (source, known, done) = (
            self.settings.source.clone(),
            self.wider.clone(),
            done.clone(),
        );
        self.tasks.spawn(async move {
            let more = source.is_wider_than(&known).await;
            let _ = done.send(Done::LookedForMore(more)).await;
        });
    }

    fn ask(&mut self, ask: Ask) {
        let now = self.clock.now();
        let answer = match ask.refused {
            Some(generation) => self.schedule.refused(generation, now),
            None => self.schedule.ask(now),
        };
        // Nobody is kept for an hour without a word.
        let closed = self.schedule.closed(now).filter(|wait| *wait > PATIENCE);
        // Whoever stopped waiting needs no answer.
        match (answer, &self.grant, closed) {
            (Answer::Ready, Some(grant), _) => drop(ask.reply.send(Ok(grant.clone()))),
            (_, _, Some(wait)) => drop(ask.reply.send(Err(Error::Throttled(wait).failure()))),
            _ => self.waiting.push(ask.reply),
        }
    }

    async fn settle(&mut self, result: Result<Fetched, Error>) {
        let now = self.clock.now();
        match &result {
            Ok(_) => {}
            Err(Error::Throttled(wait)) => self.schedule.throttled(*wait, now),
            Err(_) => self.schedule.fetch_failed(now),
        }
        let permits = result.as_ref().ok().map(|fetched| {
            let told = fetched.scopes.as_deref();
            fetched.token.look_at(|token| Permits::of(token, told))
        });
        let result = result.and_then(|fetched| self.accept(fetched));
        if let (Ok(_), Some(permits)) = (&result, permits) {
            self.permitted(permits).await;
        }
        let event = match &result {
            Ok(grant) => IdentityEvent::SignedIn {
                raw_id: grant.raw_id.clone(),
                endpoint: grant.endpoint.to_string(),
            },
            Err(error) => {
                tracing::warn!(%error, "no token");
                IdentityEvent::Failed(error.failure())
            }
        };
        // A renewal that failed beside a good token is tried again and is nobody's news.
        if result.is_ok() || !self.waiting.is_empty() {
            let event = Event::Identity(self.settings.account.clone(), event);
            let _ = self.events.send(event).await;
        }
        self.tell_agreed(result.is_err()).await;
        for reply in self.waiting.drain(..) {
            let answer = match &result {
                Ok(grant) => Ok(grant.clone()),
                Err(error) => Err(error.failure()),
            };
            let _ = reply.send(answer);
        }
    }

    /// Told where it differs from what was told before.
    async fn permitted(&mut self, permits: Permits) {
        if self.permits == permits {
            return;
        }
        self.permits = permits.clone();
        let event = IdentityEvent::Permitted {
            given: permits.given,
            withheld: permits.withheld,
        };
        let event = Event::Identity(self.settings.account.clone(), event);
        // The program is ending when nobody listens.
        let _ = self.events.send(event).await;
    }

    fn accept(&mut self, fetched: Fetched) -> Result<Grant, Error> {
        let now = self.clock.now();
        if self.is_somebody_else(&fetched.raw_id) {
            self.schedule.fetch_failed(now);
            return Err(Error::SomebodyElse);
        }
        // A file that nobody renewed gives the refused token again: asking with it would loop.
        if let Some(held) = &self.grant
            && held.token == fetched.token
            && self.schedule.ask(now) == Answer::Wait
        {
            self.schedule.fetch_failed(now);
            return Err(Error::Refused);
        }
        if !self.schedule.fetched(fetched.lifetime, now) {
            return Err(Error::Expired);
        }
        self.wider = fetched.wider;
        let grant = Grant {
            raw_id: fetched.raw_id,
            token: fetched.token,
            endpoint: fetched.endpoint,
            generation: self.schedule.generation(),
        };
        self.grant = Some(grant.clone());
        Ok(grant)
    }

    /// Everything else in the program goes on as who we were. A token may not say whose it is.
    fn is_somebody_else(&self, raw_id: &RawId) -> bool {
        let held = self.grant.as_ref().map(|grant| &grant.raw_id);
        held.is_some_and(|held| {
            !held.as_str().is_empty() && !raw_id.as_str().is_empty() && held != raw_id
        })
    }
}

/// Somebody else signs in and hands us the token.
fn foreign() -> Failure {
    let reason = "the token comes from elsewhere, and whoever gives it has to ask".to_owned();
    Failure {
        doing: Doing::AskingForLeave,
        because: Because::Refused { reason },
        remedy: Remedy::None,
    }
}

/// A longer wait for a token is told instead.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::io::Write;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::tls::Tls;

    fn token(seconds: i64) -> String {
        let exp = Clock.utc().as_millis() / 1000 + seconds;
        let claims = format!(r#"{{"skypeid":"acs:res_me","exp":{exp}}}"#);
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    fn keep(file: &tempfile::NamedTempFile) -> (Tokens, mpsc::Receiver<Event>, Tasks) {
        let (events, heard) = mpsc::channel(8);
        let tasks = Tasks::new();
        let settings = Settings {
            account: AccountId::new("external:me"),
            source: Source::File {
                path: file.path().to_owned(),
                endpoint: "https://chat.example/".parse().unwrap(),
            },
            http: Http::new(Tls::default()),
        };
        (Tokens::start(settings, &tasks, events), heard, tasks)
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[tokio::test]
    async fn a_token_file_signs_in() {
        let file = file(&token(3600));
        let (tokens, mut heard, _tasks) = keep(&file);
        let grant = tokens.token().await.unwrap();
        assert_eq!(grant.raw_id.as_str(), "8:acs:res_me");
        let Some(Event::Identity(_, IdentityEvent::SignedIn { raw_id, .. })) = heard.recv().await
        else {
            panic!("nobody signed in");
        };
        assert_eq!(raw_id, grant.raw_id);
    }

    #[tokio::test]
    async fn the_same_token_again_after_a_refusal_is_an_error_and_a_new_one_is_not() {
        let mut file = file(&token(3600));
        let (tokens, _heard, _tasks) = keep(&file);
        let grant = tokens.token().await.unwrap();
        let refused = tokens.after_refusal(grant.generation).await.unwrap_err();
        assert_eq!(refused.because, Because::TokenRefused);
        file.as_file_mut().set_len(0).unwrap();
        std::fs::write(file.path(), token(7200)).unwrap();
        let newer = tokens.after_refusal(grant.generation).await.unwrap();
        assert_ne!(newer.generation, grant.generation);
    }

    #[tokio::test]
    async fn an_expired_token_and_no_token_at_all_are_told_apart() {
        let expired = file(&token(-5));
        let (tokens, _heard, _tasks) = keep(&expired);
        let failure = tokens.token().await.unwrap_err();
        assert_eq!(failure.because, Because::TokenExpired);
        let nonsense = file("hello");
        let (tokens, _heard, _tasks) = keep(&nonsense);
        let failure = tokens.token().await.unwrap_err();
        assert!(matches!(failure.because, Because::Local { .. }));
    }

    /// A token service that gives these answers, one a connection; and what it was asked.
    async fn token_service(
        answers: Vec<String>,
    ) -> (Tokens, mpsc::Receiver<String>, mpsc::Receiver<Event>, Tasks) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, questions) = mpsc::channel(8);
        let tasks = Tasks::new();
        tasks.spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut read = Vec::new();
                while !read.ends_with(b"}") {
                    read.push(stream.read_u8().await.unwrap());
                }
                asked.send(String::from_utf8(read).unwrap()).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let (events, heard) = mpsc::channel(8);
        let settings = Settings {
            account: AccountId::new("external:me"),
            source: Source::Service {
                service: format!("http://{address}").parse().unwrap(),
                display_name: "Ada".to_owned(),
            },
            http: Http::new(Tls::default()),
        };
        let tokens = Tokens::start(settings, &tasks, events);
        (tokens, questions, heard, tasks)
    }

    fn answer(status: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
    }

    fn granted(id: &str, token: &str) -> String {
        let body = format!(
            r#"{{"id":"{id}","token":"{token}","expiresOn":"2999-01-01T00:00:00Z","endpoint":"https://chat.example/"}}"#
        );
        answer("200 OK", &body)
    }

    #[tokio::test]
    async fn a_guest_shows_the_last_token_and_does_not_become_somebody_else() {
        let answers = vec![
            granted("8:acs:r_a", "one"),
            granted("8:acs:r_a", "two"),
            granted("8:acs:r_b", "three"),
        ];
        let (tokens, mut questions, _heard, _tasks) = token_service(answers).await;
        let grant = tokens.token().await.unwrap();
        assert!(!questions.recv().await.unwrap().contains("Bearer"));
        let newer = tokens.after_refusal(grant.generation).await.unwrap();
        assert!(questions.recv().await.unwrap().contains("Bearer one"));
        let failure = tokens.after_refusal(newer.generation).await.unwrap_err();
        assert!(questions.recv().await.unwrap().contains("Bearer two"));
        assert_eq!(failure.doing, Doing::SigningIn);
        assert!(matches!(failure.because, Because::Refused { .. }));
    }

    #[tokio::test]
    async fn after_a_failed_fetch_the_next_one_is_made_when_the_service_allows() {
        let throttled = answer("429 Too Many Requests\r\nretry-after-ms: 300", "");
        let failed = answer("500 Internal Server Error", "");
        let answers = vec![failed, throttled, granted("8:acs:r_a", "one")];
        let (tokens, _questions, _heard, _tasks) = token_service(answers).await;
        let failure = tokens.token().await.unwrap_err();
        assert!(matches!(
            failure.because,
            Because::Service { status: 500, .. }
        ));
        let failure = tokens.token().await.unwrap_err();
        assert!(matches!(failure.because, Because::Throttled { .. }));
        let asked = Clock.now();
        tokens.token().await.unwrap();
        assert!(Clock.now().since(asked) >= Duration::from_millis(250));
    }

    #[tokio::test]
    async fn a_long_wait_is_told_and_not_waited_for() {
        let throttled = answer("429 Too Many Requests\r\nretry-after: 900", "");
        let (tokens, _questions, _heard, _tasks) = token_service(vec![throttled]).await;
        for _ in 0..2 {
            let told = tokio::time::timeout(Duration::from_secs(20), tokens.token()).await;
            let failure = told.expect("it is told").unwrap_err();
            let Because::Throttled { wait } = failure.because else {
                panic!("{failure:?}");
            };
            assert!(wait > Duration::from_secs(800), "{wait:?}");
        }
    }

    #[tokio::test]
    async fn a_renewal_under_way_is_finished_when_the_program_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = Settings {
            account: AccountId::new("external:me"),
            source: Source::Service {
                service: format!("http://{}", listener.local_addr().unwrap())
                    .parse()
                    .unwrap(),
                display_name: "Ada".to_owned(),
            },
            http: Http::new(Tls::default()),
        };
        let tasks = Tasks::new();
        let tokens = Tokens::start(settings, &tasks, mpsc::channel(8).0);
        let asking = tokens.token();
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            while !read.ends_with(b"}") {
                read.push(stream.read_u8().await.unwrap());
            }
            tasks.stop();
            let a_while = Duration::from_millis(300);
            let gone = tokio::time::timeout(a_while, stream.read_u8()).await;
            assert!(gone.is_err(), "the answer is not waited for: {gone:?}");
            let told = granted("8:acs:r_a", "one");
            stream.write_all(told.as_bytes()).await.unwrap();
        };
        let (asked, ()) = tokio::join!(asking, answering);
        assert!(asked.is_err(), "nobody is told any more");
        tasks.finished().await;
    }

    #[test]
    fn a_grant_does_not_print_its_token() {
        let grant = Grant {
            raw_id: RawId::new("8:acs:a_b"),
            token: Secret::new("hunter2".to_owned()),
            endpoint: "https://x.example".parse().unwrap(),
            generation: Generation::default(),
        };
        assert!(!format!("{grant:?}").contains("hunter2"));
    }
}
