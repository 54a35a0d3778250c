//! A Teams user's tokens renewed in real time, against the directory and a token service, while the directory
//! changes its signing key: no request goes without a good token, one renewal at a time, never a loop.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot set up its scene must fail, and one says what it counted"
)]

#[path = "support/person.rs"]
mod person;

#[path = "support/program.rs"]
mod program;

#[path = "support/issuing.rs"]
mod issuing;

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Clock;
use sidetone::config::Secrets;
use sidetone::config::tls::Tls;
use sidetone::event::Event;
use sidetone::identity;
use sidetone::identity::Generation;
use sidetone::identity::Source;
use sidetone::identity::Tokens;
use sidetone::identity::accounts::Record;
use sidetone::identity::accounts::Way;
use sidetone::identity::http::Http;
use sidetone::identity::sign_in;
use sidetone::identity::signed_in::Purpose;
use sidetone::identity::signed_in::SignedIn;
use sidetone::identity::vault;
use sidetone::identity::vault::Vault;
use sidetone::model::account::AccountId;
use sidetone::model::sign_in::Step;
use sidetone::tasks::Tasks;
use tokio::sync::mpsc;
use url::Url;

use crate::issuing::TokenService;
use crate::person::Browser;
use crate::program::Host;

const TENANT: &str = "51de70fe-0000-4000-8000-7e4a47000001";
const CLIENT: &str = "51de70fe-0000-4000-8000-c11e47000001";
const ADA: &str = "ada@sidetone.example";

/// Somebody who signed in, and everything they signed in at.
struct Place {
    host: Host,
    service: TokenService,
    account: SignedIn,
    http: Http,
    tasks: Tasks,
    _home: tempfile::TempDir,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Place {
    /// Signed in by device code at a directory whose tokens live that long.
    async fn new(lifetime: Duration, refetch: Duration) -> Self {
        let host = Host::start();
        let short = json!({"expiresIn": lifetime.as_secs()});
        host.control("/directory/tokens", short).await;
        let settings = format!(
            "leeway_seconds = 0\nkeys_refetch_seconds = {}\n\
             [teams]\napp_id = \"{CLIENT}\"\ntenants = [\"{TENANT}\"]\nauthority = \"{}\"\n",
            refetch.as_secs(),
            host.endpoint(),
        );
        let service = TokenService::start(&host, &settings);
        let home = tempfile::tempdir().unwrap();
        let vault = Vault::open(&vault::Settings {
            wish: Some(Secrets::File),
            folder: home.path().to_owned(),
            key_file: Some(home.path().join("key")),
            ask: None,
            passphrase: None,
        })
        .unwrap();
        let account = SignedIn {
            record: Record {
                name: "work".to_owned(),
                display_name: "Ada".to_owned(),
                raw_id: None,
                endpoint: None,
                ca: None,
                kept: vault.kind(),
                wider: Vec::new(),
                way: Way::Teams {
                    token_service: Some(service.url().parse().unwrap()),
                    issuer: format!("{}/{TENANT}/v2.0", host.endpoint())
                        .parse()
                        .unwrap(),
                    client_id: CLIENT.to_owned(),
                    graph: format!("{}/v1.0", host.endpoint()).parse().unwrap(),
                },
            },
            vault,
            folder: home.path().to_owned(),
            own: None,
            refused: identity::refused::Refused::default(),
        };
        let http = Http::new(Tls::new(None));
        sign_in(&host, &account, &http).await;
        Self {
            host,
            service,
            account,
            http,
            tasks: Tasks::new(),
            _home: home,
        }
    }

    fn tokens(&self, purpose: Purpose) -> (Tokens, mpsc::Receiver<Event>) {
        let (events, heard) = mpsc::channel(256);
        let settings = identity::Settings {
            account: AccountId::new("teams:work"),
            source: Source::Account(Box::new(self.account.clone()), purpose),
            http: self.http.clone(),
        };
        (Tokens::start(settings, &self.tasks, events), heard)
    }

    /// How many tokens the token service says it exchanged.
    fn exchanged(&self) -> usize {
        let log = self.service.log();
        let log = String::from_utf8_lossy(&log);
        assert!(!log.contains("eyJ"), "a token was written down");
        log.matches("exchanged").count()
    }
}

async fn sign_in(host: &Host, account: &SignedIn, http: &Http) {
    let provider = account.provider(Purpose::Acs, None).unwrap();
    let (telling, mut told) = mpsc::channel(1);
    let person = async {
        let code: String = told.recv().await.unwrap();
        let page = Browser::new().allow(host.endpoint(), &code, ADA).await;
        assert!(page.contains("signed in on the device"), "{page}");
    };
    let signed = sign_in::by_device_code(&provider, http, |step| {
        if let Step::Enter { code, .. } = step {
            telling.try_send(code).unwrap();
        }
    });
    let (signed, ()) = tokio::join!(signed, person);
    account
        .keep(&signed.unwrap().refresh.unwrap())
        .await
        .unwrap();
}

/// What somebody who works all the time saw.
#[derive(Default)]
struct Seen {
    requests: u64,
    generations: Vec<Generation>,
}

/// Asks for tokens as often as a busy client, from several places at once, and uses each with `url`.
async fn work(tokens: &Tokens, url: impl Fn(&identity::Grant) -> Url, until: Duration) -> Seen {
    let client = reqwest::Client::new();
    let begun = Clock.now();
    let mut seen = Seen::default();
    while Clock.now().since(begun) < until {
        let (a, b, c) = tokio::join!(tokens.token(), tokens.token(), tokens.token());
        let grants = [a, b, c].map(|grant| grant.expect("a token is there at every moment"));
        for grant in &grants {
            if !seen.generations.contains(&grant.generation) {
                seen.generations.push(grant.generation);
            }
        }
        let target = url(&grants[2]);
        let token = grants[2].token.for_endpoint(&grants[2].endpoint, &target);
        let asking = client.get(target.clone()).bearer_auth(token.unwrap());
        let answer = asking.send().await.unwrap();
        let at = Clock.now().since(begun);
        assert_eq!(answer.status(), StatusCode::OK, "refused after {at:?}");
        seen.requests += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    seen
}

async fn keys(host: &Host) -> Vec<Value> {
    let url = format!("{}/{TENANT}/discovery/v2.0/keys", host.endpoint());
    let answer = reqwest::get(url).await.unwrap();
    let told: Value = answer.json().await.unwrap();
    told["keys"].as_array().unwrap().clone()
}

/// Two kinds of tokens of one sign-in for `lasting`, and another signing key in the middle.
async fn renewed_for(lasting: Duration, lifetime: Duration, refetch: Duration) {
    let place = Place::new(lifetime, refetch).await;
    let (acs, mut acs_heard) = place.tokens(Purpose::Acs);
    let (graph, mut graph_heard) = place.tokens(Purpose::Graph);
    let before = keys(&place.host).await;
    let rotating = async {
        tokio::time::sleep(lasting / 2).await;
        place
            .host
            .control("/directory/keys/rotate", json!({}))
            .await;
    };
    let chats = |grant: &identity::Grant| {
        let base = grant.endpoint.as_str().trim_end_matches('/');
        let url = format!("{base}/chat/threads?api-version=2025-03-15");
        Url::parse(&url).unwrap()
    };
    let me = |grant: &identity::Grant| {
        let base = grant.endpoint.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/me")).unwrap()
    };
    let (acs_seen, graph_seen, ()) = tokio::join!(
        work(&acs, chats, lasting),
        work(&graph, me, lasting),
        rotating
    );
    let after = keys(&place.host).await;
    assert_ne!(before[0]["kid"], after[0]["kid"]);
    assert_eq!(before[0]["kid"], after[1]["kid"], "it is known still");
    for heard in [&mut acs_heard, &mut graph_heard] {
        while let Ok(Event::Identity(_, event)) = heard.try_recv() {
            let good = matches!(
                event,
                sidetone::event::IdentityEvent::SignedIn { .. }
                    | sidetone::event::IdentityEvent::Permitted { .. }
            );
            assert!(good, "{event:?}");
        }
    }
    // At half of its life each token has its successor, though never less than five seconds after it.
    let pause = (lifetime / 2).max(Duration::from_secs(5));
    let expected = usize::try_from(lasting.as_secs() / pause.as_secs()).unwrap();
    let (fewest, most) = (expected, expected + 1);
    for (what, seen) in [("calls and chat", &acs_seen), ("Graph", &graph_seen)] {
        let renewals = seen.generations.len();
        eprintln!(
            "{what}: {} requests in {lasting:?} with {renewals} tokens of {lifetime:?}",
            seen.requests
        );
        assert!(
            (fewest..=most).contains(&renewals),
            "{what}: {renewals} tokens, not {fewest} to {most}"
        );
    }
    // As many exchanges as tokens (and one that may be under way): nobody asked twice for the same.
    let exchanged = place.exchanged();
    let had = acs_seen.generations.len();
    assert!(
        (had..=had + 1).contains(&exchanged),
        "{exchanged} for {had}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_renewed_in_time_while_the_directory_changes_its_key() {
    let second = Duration::from_secs(1);
    renewed_for(second * 16, second * 10, second).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "five minutes; make test-long runs it"]
async fn for_five_minutes_tokens_of_two_minutes_are_renewed_in_time() {
    let minute = Duration::from_mins(1);
    renewed_for(minute * 5, minute * 2, minute).await;
}
