//! Signing in at the embedded directory as both kinds of people, and every way to do it that must fail.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set up its scene must fail"
)]

#[path = "support/person.rs"]
mod person;

#[path = "support/program.rs"]
mod program;

#[path = "support/terminal.rs"]
mod terminal;

#[path = "support/machine.rs"]
mod machine;

#[path = "support/issuing.rs"]
mod issuing;

use std::time::Duration;

use percent_encoding::NON_ALPHANUMERIC;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;
use sidetone::config::Secrets;
use sidetone::identity::vault;
use sidetone::identity::vault::Vault;

use crate::issuing::TokenService;
use crate::machine::Machine;
use crate::person::Browser;
use crate::person::between;
use crate::program::Host;
use crate::terminal::Session;

const TENANT: &str = "51de70fe-0000-4000-8000-7e4a47000001";
const CLIENT: &str = "51de70fe-0000-4000-8000-c11e47000001";
const OTHER_CLIENT: &str = "51de70fe-0000-4000-8000-c11e47000002";
const ADA: &str = "ada@sidetone.example";
const BOB: &str = "bob@sidetone.example";
const ACS: &str = "https://auth.msft.communication.azure.com/Teams.ManageCalls \
                   https://auth.msft.communication.azure.com/Teams.ManageChats";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A directory, a token service that takes its people, and somebody's machine.
struct Place {
    host: Host,
    service: TokenService,
    home: Machine,
    browser: Browser,
}

impl Place {
    fn new() -> Self {
        Self::with("")
    }

    /// `more`: further settings of the token service.
    fn with(more: &str) -> Self {
        let host = Host::start();
        let settings = format!(
            "leeway_seconds = 0\n[[provider]]\nname = \"Directory\"\nissuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\n\
             [teams]\napp_id = \"{CLIENT}\"\ntenants = [\"{TENANT}\"]\nauthority = \"{endpoint}\"\n{more}",
            issuer = issuer(&host),
            endpoint = host.endpoint(),
        );
        Self {
            service: TokenService::start(&host, &settings),
            host,
            home: Machine::new(240),
            browser: Browser::new(),
        }
    }

    /// Ada has signed in there already, as a Teams user called work.
    async fn at_work() -> Self {
        let place = Self::new();
        let graph = format!("{}/v1.0", place.host.endpoint());
        let more = ["--teams", "--graph", &graph];
        let mut session = place.by_device_code("work", &more, ADA).await;
        session.see("Signed in. work: work, Teams user");
        assert_eq!(session.end(), 0, "{}", session.contents());
        place
    }

    fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> Session {
        self.home.run(arguments, more)
    }

    /// Signs in by a code that somebody types elsewhere.
    async fn by_device_code(&self, name: &str, more: &[&str], who: &str) -> Session {
        let mut arguments = vec!["accounts", "add", name, "--device-code"];
        arguments.extend(["--token-service", self.service.url()]);
        arguments.extend(more);
        self.on_another_device(&arguments, who).await
    }

    /// Runs what shows a code, which somebody types elsewhere.
    async fn on_another_device(&self, arguments: &[&str], who: &str) -> Session {
        let mut session = self.run(arguments, &[]);
        session.see("It is good for 15 minutes. Waiting.");
        let shown = session.contents();
        let code = between(&shown, "type this code:", "It is good")
            .trim()
            .to_owned();
        let page = self.browser.allow(self.host.endpoint(), &code, who).await;
        assert!(page.contains("signed in on the device"), "{page}");
        session
    }

    /// The names of the people who are in a meeting with a client, as the others see them.
    async fn clients(&self, meeting: &str) -> Vec<String> {
        let thread = percent_encoding::utf8_percent_encode(meeting, NON_ALPHANUMERIC);
        let meeting = self.host.control_get(&format!("/meetings/{thread}")).await;
        let people = meeting["people"].as_array().unwrap().iter();
        people
            .filter(|person| person["isClient"] == true && person["isInside"] == true)
            .map(|person| text(person, "displayName").to_owned())
            .collect()
    }

    /// How often the directory was asked for tokens.
    async fn token_requests(&self) -> u64 {
        let asked = self.host.control_get("/directory/requests").await;
        asked["tokens"].as_u64().unwrap()
    }

    /// The id of Ada's chat of that name.
    async fn thread(&self, topic: &str) -> String {
        let asked = json!({"user": ADA});
        let token = self.host.control("/graph/tokens", asked).await;
        let url = format!("{}/v1.0/me/chats", self.host.endpoint());
        let asking = reqwest::Client::new().get(url);
        let answer = asking.bearer_auth(text(&token, "token")).send().await;
        let chats: Value = answer.unwrap().json().await.unwrap();
        let mut all = chats["value"].as_array().unwrap().iter();
        let found = all.find(|chat| chat["topic"] == topic);
        text(found.unwrap(), "id").to_owned()
    }

    /// What the token endpoint says to a form.
    async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let url = format!("{}/{TENANT}/oauth2/v2.0/token", self.host.endpoint());
        let answer = self.browser.post(&url, form).await;
        (answer.status(), answer.json().await.unwrap())
    }

    fn authorize(&self, client: &str, redirect: &str, scope: &str) -> String {
        let url = format!("{}/{TENANT}/oauth2/v2.0/authorize", self.host.endpoint());
        let query = [
            ("client_id", client),
            ("response_type", "code"),
            ("redirect_uri", redirect),
            ("scope", scope),
            ("state", "s1"),
            ("nonce", "n1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let url = url::Url::parse_with_params(&url, query).unwrap();
        url.to_string()
    }

    /// Everything somebody gets who signs in at an application.
    async fn tokens(&self, client: &str, who: &str, scope: &str) -> Value {
        let redirect = "http://localhost:1";
        let asked = self.authorize(client, redirect, &format!("openid offline_access {scope}"));
        let to = self.browser.sign_in(&asked, who).await;
        let code = between(&to, "code=", "&").to_owned();
        let form = redeem(client, &code, redirect, VERIFIER);
        let (status, tokens) = self.token(&form).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        tokens
    }

    /// What the token service says to somebody who shows a token.
    async fn ask(&self, bearer: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}/v1/token", self.service.url());
        let asking = reqwest::Client::new().post(url).bearer_auth(bearer);
        let answer = asking.json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

fn issuer(host: &Host) -> String {
    format!("{}/{TENANT}/v2.0", host.endpoint())
}

fn redeem<'a>(
    client: &'a str,
    code: &'a str,
    redirect: &'a str,
    verifier: &'a str,
) -> [(&'a str, &'a str); 5] {
    [
        ("client_id", client),
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect),
        ("code_verifier", verifier),
    ]
}

fn external(nonce: Option<&str>) -> Value {
    match nonce {
        Some(nonce) => json!({"kind": "external", "scopes": ["chat"], "nonce": nonce}),
        None => json!({"kind": "external", "scopes": ["chat"]}),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_a_browser_here_signs_in_with_a_code_typed_elsewhere() {
    let place = Place::new();
    let mut session = place
        .by_device_code("ada", &["--display-name", "Ada"], ADA)
        .await;
    session.see("Signed in. ada: Ada (External), external user of 127.0.0.1.");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let new = json!({"topic": "Design review", "lobby": "everyone", "anonymousStart": true, "organizer": "Alice"});
    let made = place.host.control("/meetings", new).await;
    let link = text(&made, "link");
    let mut session = place.run(&["join", link, "--screen-reader", "--no-check"], &[]);
    session.see("Joined Design review");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());
    // Another person of the directory is somebody else there, and the same one the same.
    let mut session = place.by_device_code("bob", &[], BOB).await;
    session.see("Signed in. bob:");
    assert_eq!(session.end(), 0);
    let mut session = place.by_device_code("again", &[], ADA).await;
    session.see("Signed in. again:");
    assert_eq!(session.end(), 0);
    let list =
        std::fs::read_to_string(place.home.path().join("data/sidetone/accounts.toml")).unwrap();
    let ids: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("raw_id"))
        .collect();
    assert_eq!(ids.len(), 3, "{list}");
    assert!(ids[0] == ids[2] && ids[0] != ids[1], "{list}");
    let mut session = place.run(&["accounts", "remove", "ada"], &[]);
    session.see("ada is signed out");
    assert_eq!(session.end(), 0, "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_in_a_browser_that_comes_back_to_the_program() {
    let place = Place::new();
    let arguments = [
        "accounts",
        "add",
        "ada",
        "--token-service",
        place.service.url(),
    ];
    let mut session = place.run(&arguments, &[("BROWSER", "none")]);
    session.see("prompt=select_account");
    let shown = session.contents().replace('\n', "");
    let from = shown.find(place.host.endpoint()).unwrap();
    let url: String = shown[from..]
        .chars()
        .take_while(|c| !c.is_whitespace())
        .collect();
    let back = place.browser.sign_in(&url, ADA).await;
    assert!(back.starts_with("http://localhost:"), "{back}");
    // Somebody else's answer changes nothing.
    let foreign = back.replace("state=", "state=x");
    let (status, _) = place.browser.open(&foreign).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, page) = place.browser.open(&back).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("go on in the terminal"), "{page}");
    session.see("Signed in. ada: ada (External)");
    assert_eq!(session.end(), 0, "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_or_is_refused_is_told_why_and_nothing_is_kept() {
    let place = Place::new();
    let arguments = [
        "accounts",
        "add",
        "ada",
        "--device-code",
        "--token-service",
        place.service.url(),
    ];
    let mut session = place.run(&arguments, &[]);
    session.see("It is good for 15 minutes. Waiting.");
    let shown = session.contents();
    let code = between(&shown, "type this code:", "It is good")
        .trim()
        .to_owned();
    place.browser.refuse(place.host.endpoint(), &code).await;
    session.see("declined");
    assert_ne!(session.end(), 0, "{}", session.contents());

    let blocked = json!({"class": "signIn", "effect": {"signIn": 53003}, "times": 1});
    place.host.control("/faults", blocked).await;
    let mut session = place.run(&arguments, &[]);
    session.see("a policy of your organisation blocks this sign-in");
    session.see("(AADSTS53003)");
    assert_ne!(session.end(), 0);
    let mut session = place.run(&["accounts"], &[]);
    session.see("No accounts yet.");
    assert_eq!(session.end(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teams_user_signs_in_and_is_exchanged() {
    let place = Place::new();
    let mut session = place.by_device_code("work", &["--teams"], ADA).await;
    session.see("Signed in. work: work, Teams user of 127.0.0.1.");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let list =
        std::fs::read_to_string(place.home.path().join("data/sidetone/accounts.toml")).unwrap();
    assert!(
        list.contains("8:orgid:ada00000-0000-4000-8000-10ca15e4b1ce"),
        "{list}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teams_user_signs_in_reads_and_writes_their_chats_and_signs_out() {
    let place = Place::new();
    let meeting = text(&place.host.ready()["meeting"], "threadId").to_owned();
    let planted = json!({"meeting": meeting});
    place.host.control("/graph/plant", planted).await;
    let graph = format!("{}/v1.0", place.host.endpoint());
    let more = ["--teams", "--graph", &graph, "--display-name", "Ada Quist"];
    let mut session = place
        .by_device_code("ada", &["--display-name", "Ada"], ADA)
        .await;
    assert_eq!(session.end(), 0, "{}", session.contents());
    let mut session = place.by_device_code("work", &more, ADA).await;
    session.see("Signed in. work: Ada Quist, Teams user");
    assert_eq!(session.end(), 0, "{}", session.contents());

    let arguments = [
        "chats",
        "--account",
        "work",
        "--screen-reader",
        "--no-check",
    ];
    let mut session = place.run(&arguments, &[]);
    session.see("Release notes, group, unread. Alice Moreau: I will read it today.");
    session.see("As of");
    session.press("/thread Release notes\r");
    session.see("Joined Release notes, 4 people, 2 earlier messages.");
    session.press("/reaction like\r");
    session.see("Reacted like.");
    session.press("/reaction like\r");
    session.see("Reaction like taken back.");
    session.press("from the terminul\r");
    session.see("you: from the terminul");
    session.press("/searchall draft\r");
    session.see("The draft is ready for reading.");
    session.press("/edit from the terminal\r");
    session.see("you edited: from the terminal");
    session.press("/say aloud\r");
    session.see("you: aloud");
    session.press("/thread Meeting on this machine\r");
    session.see("Joined Meeting on this machine");
    session.press("/meeting\r");
    session.see("Call: you joined.");
    assert_eq!(place.clients(&meeting).await, ["Ada Quist"]);
    session.press("/leave\r");
    session.see("Call: you hung up");
    // The same meeting as the external user, in the same run; the chats are there all the while.
    session.press("/account ada\r");
    session.see(
        "You are Ada (External) now, an external user. /join joins the meeting as you are now.",
    );
    session.press("/join\r");
    session.see("Joined Meeting on this machine, 1 person");
    assert_eq!(place.clients(&meeting).await, ["Ada (External)"]);
    session.press("/thread Release notes\r");
    session.see("You are Ada Quist now, a Teams user. The call goes on as Ada (External)");
    session.press("still at work\r");
    session.see("you: still at work");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());

    let link = text(&place.host.ready()["meeting"], "link").to_owned();
    let view = ["--screen-reader", "--no-check"];
    let arguments = ["join", &link, "--account", "work", view[0], view[1]];
    let mut session = place.run(&arguments, &[]);
    session.see("Joined Meeting on this machine");
    assert_eq!(place.clients(&meeting).await, ["Ada Quist"]);
    session.press("in the meeting's chat\r");
    session.see("you: in the meeting's chat");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());

    let mut session = place.run(&["accounts", "remove", "work"], &[]);
    session.see("work is signed out");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let mut session = place.run(&["chats", "--account", "work"], &[]);
    session.see("there is no account work; there are ada");
    assert_ne!(session.end(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_leave_is_asked_for_when_wanted_and_taken_up_by_what_runs() {
    let place = Place::at_work().await;
    let meeting = text(&place.host.ready()["meeting"], "threadId").to_owned();
    let planted = json!({"meeting": meeting});
    place.host.control("/graph/plant", planted).await;
    let arguments = [
        "chats",
        "--account",
        "work",
        "--screen-reader",
        "--no-check",
    ];
    let mut chats = place.run(&arguments, &[]);
    chats.see("As of");
    chats.press("/colleagues Carol\r");
    chats.see("/permission people asks for it");
    // Nothing new was agreed to: looking again and again asks the directory for nothing.
    chats.press("/thread Release notes\r");
    chats.see("Joined Release notes");
    let before = place.token_requests().await;
    for _ in 0..3 {
        chats.press("/refresh\r");
        chats.press("/chats\r");
        chats.listen(Duration::from_millis(400));
    }
    assert_eq!(place.token_requests().await, before);

    let asking = ["accounts", "consent", "work", "people", "--device-code"];
    let mut session = place.on_another_device(&asking, BOB).await;
    session.see("somebody else signed in than work is. Your sign-in is as it was.");
    assert_ne!(session.end(), 0);
    let mut session = place.on_another_device(&asking, ADA).await;
    session
        .see("You ask for leave to find people of your organisation (/colleagues): People.Read.");
    session.see("Agreed to. A sidetone that runs takes it up with /refresh.");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let mut session = place.run(&["accounts", "consent", "work"], &[]);
    session.see("people: to find people of your organisation (/colleagues). Asked for.");
    session.see("channels: to read channels of your teams, and to write in them. Not asked for. An administrator");
    assert_eq!(session.end(), 0);

    let before = place.token_requests().await;
    chats.press("/chats\r");
    // The new token comes beside the one in use, in its own time.
    let found = (0..40).any(|_| {
        chats.press("/colleagues Carol\r");
        chats.listen(Duration::from_millis(500));
        chats.contents().contains("carol@")
    });
    assert!(found, "{}", chats.contents());
    for _ in 0..3 {
        chats.press("/refresh\r");
        chats.press("/chats\r");
        chats.listen(Duration::from_millis(400));
    }
    assert_eq!(place.token_requests().await, before + 1, "once for all");
    chats.press("/quit\r");
    assert_eq!(chats.end(), 0, "{}", chats.contents());

    // What nobody can agree to alone says so, with the link for who can.
    let asking = ["accounts", "consent", "work", "channels", "--device-code"];
    let mut session = place.on_another_device(&asking, ADA).await;
    let shown = session.contents().replace('\n', "");
    assert!(
        shown.contains("An administrator of your organisation has to agree first"),
        "{shown}"
    );
    assert!(shown.contains("/v2.0/adminconsent?client_id="), "{shown}");
    assert!(shown.contains("ChannelMessage.Read.All"), "{shown}");
    session.see("Agreed to.");
    assert_eq!(session.end(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_leave_is_asked_for_in_the_running_program_and_works_at_once() {
    let place = Place::at_work().await;
    let meeting = text(&place.host.ready()["meeting"], "threadId").to_owned();
    let planted = json!({"meeting": meeting});
    place.host.control("/graph/plant", planted).await;
    for (view, wider, wanted, found) in [
        ("--screen-reader", "people", "/colleagues Carol\r", "carol@"),
        ("--full-screen", "presence", "/presence\r", "available."),
    ] {
        let mut chats = place.run(&["chats", "--account", "work", view, "--no-check"], &[]);
        chats.see("As of");
        chats.press(wanted);
        chats.see(&format!("/permission {wider} asks for it"));
        let host = place.host.endpoint();
        let declined = ask_by_code(&mut chats, wider, "");
        place.browser.refuse(host, &declined).await;
        chats.see("you declined what the application asks for");
        let given_up = ask_by_code(&mut chats, wider, &declined);
        chats.press("/permission cancel\r");
        chats.see("You do not ask any more");
        let code = ask_by_code(&mut chats, wider, &given_up);
        place.browser.allow(host, &code, BOB).await;
        chats.see("somebody else signed in than work is");
        let code = ask_by_code(&mut chats, wider, &code);
        place.browser.allow(host, &code, ADA).await;
        chats.see("Agreed to. You have leave to");
        chats.press(wanted);
        chats.see(found);
        chats.press("/quit\r");
        assert_eq!(chats.end(), 0, "{}", chats.contents());
    }
    let mut session = place.run(&["accounts", "consent", "work"], &[]);
    session.see("people: to find people of your organisation (/colleagues). Asked for.");
    session.see("(/presence). Asked for.");
    assert_eq!(session.end(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_once_its_own_leave_was_agreed_to() {
    let place = Place::at_work().await;
    place.host.control("/graph/plant", json!({})).await;
    let path = place.home.path().join("the plan.ods");
    std::fs::write(&path, "a plan").unwrap();
    let attach = format!("/attach {}\r", path.display());
    let chats = |view| place.run(&["chats", "--account", "work", view, "--no-check"], &[]);
    let mut linear = chats("--screen-reader");
    linear.see("As of");
    linear.press("/thread Release notes\r");
    linear.see("Joined Release notes");
    linear.press(&attach);
    linear.see("/permission files asks for it");
    let code = ask_by_code(&mut linear, "files", "");
    place.browser.allow(place.host.endpoint(), &code, ADA).await;
    linear.see("Agreed to. You have leave to put files into your OneDrive");
    linear.press(&attach);
    linear.see("Sent the plan.ods, 6 bytes, to Release notes.");
    linear.press("/files\r");
    linear.see("1. the plan.ods, a file from you");
    linear.press("/quit\r");
    assert_eq!(linear.end(), 0, "{}", linear.contents());
    let mut full = chats("--full-screen");
    full.see("Release notes");
    full.press("/thread Release notes\r");
    full.see("[file: the plan.ods]");
    full.press(&attach);
    full.see("Sent the plan 1.ods, 6 bytes");
    full.see("[file: the plan 1.ods]");
    full.press("/quit\r");
    assert_eq!(full.end(), 0, "{}", full.contents());
}

/// Asks in a running program; the code that is shown, which is another than `before`.
fn ask_by_code(session: &mut Session, wider: &str, before: &str) -> String {
    session.press(&format!("/permission {wider} code\r"));
    for _ in 0..40 {
        session.listen(Duration::from_millis(250));
        let shown = session.contents();
        let code = shown.rsplit("type this code:").next().unwrap_or_default();
        let code = code.split_whitespace().next().unwrap_or_default();
        if shown.contains("type this code:") && code != before {
            return code.to_owned();
        }
    }
    panic!("no code: {}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_asked_for_in_the_running_program_where_the_account_lies_behind_one() {
    let place = Place::new();
    let kept = [
        ("SIDETONE_SECRETS_KEY_FILE", ""),
        ("SIDETONE_SECRETS", "file"),
    ];
    let graph = format!("{}/v1.0", place.host.endpoint());
    let url = place.service.url();
    let add = ["accounts", "add", "work", "--teams", "--graph", &graph];
    let add = [&add[..], &["--token-service", url, "--device-code"]].concat();
    let mut session = place.run(&add, &kept);
    session.see("A new passphrase");
    session.press("correct horse\r");
    session.see("The same once more (hidden):");
    session.press("correct horse\r");
    session.see("It is good for 15 minutes. Waiting.");
    let shown = session.contents();
    let code = between(&shown, "type this code:", "It is good").trim();
    place.browser.allow(place.host.endpoint(), code, ADA).await;
    session.see("Signed in. work: work, Teams user");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let link = text(&place.host.ready()["meeting"], "link").to_owned();
    for (view, inside, outside) in [
        (
            "--screen-reader",
            "Joined Meeting on this machine",
            "Call: you hung up",
        ),
        ("--full-screen", "In call", "Not in the call"),
    ] {
        // As a guest, for whom nothing has to be opened. Who joins a meeting is asked once.
        let endpoint = place.host.endpoint();
        let join = ["join", &link, "--endpoint", endpoint, view, "--no-check"];
        let mut session = place.run(&join, &kept);
        if view == "--screen-reader" {
            session.see("Number, Enter for");
            session.press("2\r");
        }
        session.see(inside);
        session.press("/leave\r");
        session.see(outside);
        session.press("/account work\r");
        session.see("Passphrase of your sign-ins, to be work.");
        session.press("battery staple\r");
        session.see("That passphrase does not open them.");
        session.press("\u{3}");
        session.see("a passphrase opens, and none was given");
        session.press("/account work\r");
        // The same words stand there already.
        session.listen(Duration::from_secs(1));
        session.press("correct horse\r");
        session.see("You are work now, a Teams user.");
        let shown = session.contents();
        assert!(
            !shown.contains("horse") && !shown.contains("staple"),
            "{shown}"
        );
        session.press("/quit\r");
        session.end();
        let shown = session.contents();
        assert!(
            !shown.contains("horse") && !shown.contains("staple"),
            "{shown}"
        );
    }
    let log = place.home.path().join("state/sidetone/sidetone.log");
    let log = std::fs::read_to_string(log).unwrap_or_default();
    assert!(!log.contains("horse") && !log.contains("staple"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_comes_by_relay_without_a_request_and_on_demand_while_that_is_lost() {
    let mut place = Place::with("[relay]\n");
    place.host.control("/graph/plant", json!({})).await;
    let graph = format!("{}/v1.0", place.host.endpoint());
    let more = ["--teams", "--graph", &graph, "--display-name", "Ada Quist"];
    let mut session = place.by_device_code("work", &more, ADA).await;
    session.see("Signed in. work: Ada Quist, Teams user");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let chats = ["chats", "--account", "work", "--no-check"];
    let mut spoken = place.run(&[&chats[..], &["--screen-reader"]].concat(), &[]);
    let mut seen = place.run(&chats, &[]);
    spoken.see("Chat: messages come by themselves, by relay.");
    spoken.press("/thread Release notes\r");
    spoken.see("Joined Release notes");
    seen.press("/thread Release notes\r");
    seen.see("by relay, as of");
    // Everything that opening asks for has been answered.
    let requests = async || {
        let asked = place.host.control_get("/graph/requests").await;
        ["requests", "reads"].map(|name| asked[name].as_u64().unwrap())
    };
    let mut before = requests().await;
    for _ in 0..50 {
        spoken.listen(Duration::from_millis(300));
        let now = requests().await;
        if std::mem::replace(&mut before, now) == now {
            break;
        }
    }
    let thread = place.thread("Release notes").await;
    let thread = percent_encoding::utf8_percent_encode(&thread, NON_ALPHANUMERIC).to_string();
    let before = requests().await;
    let write = async |text: &str| {
        let said = json!({"as": "Carol Osei", "text": text});
        let path = format!("/threads/{thread}/messages");
        place.host.control(&path, said).await;
    };
    write("it came by itself").await;
    spoken.see("Carol Osei: it came by itself");
    seen.see("it came by itself");
    spoken.listen(Duration::from_secs(3));
    let after = requests().await;
    assert_eq!(
        after[1], before[1],
        "nothing is read for it, and nothing is polled"
    );
    // Each of the two says that Ada has read it.
    assert!(after[0] <= before[0] + 2, "{before:?} {after:?}");
    // What Graph says of the subscription is acted upon.
    let missed = json!({"event": "missed"});
    let told = place.host.control("/graph/lifecycle", missed).await;
    assert_eq!(told["subscriptions"], 2);

    place.service.stop();
    spoken.see("Chat: the relay is lost.");
    seen.see("/refresh");
    write("while it was lost").await;
    spoken.listen(Duration::from_secs(2));
    assert!(!spoken.contents().contains("while it was lost"));
    spoken.press("/refresh\r");
    spoken.see("Carol Osei: while it was lost");
    place.service.start_again_there();
    seen.see("Chat: messages come by themselves, by relay.");
    seen.see("while it was lost");
    let write = async |text: &str| {
        let said = json!({"as": "Carol Osei", "text": text});
        let path = format!("/threads/{thread}/messages");
        place.host.control(&path, said).await;
    };
    spoken.listen(Duration::from_secs(3));
    write("it is back").await;
    seen.see("it is back");
    spoken.see("Carol Osei: it is back");
    for session in [&mut spoken, &mut seen] {
        session.press("/quit\r");
        assert_eq!(session.end(), 0, "{}", session.contents());
    }
    let log = String::from_utf8_lossy(&place.service.log()).into_owned();
    assert!(
        !log.contains("it is back") && !log.contains("clientState"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_ended_elsewhere_says_how_to_sign_in_again() {
    let place = Place::new();
    let mut session = place.by_device_code("ada", &[], ADA).await;
    session.see("Signed in.");
    assert_eq!(session.end(), 0);
    let named = json!({"userName": ADA});
    place.host.control("/directory/revoke", named).await;
    let link = text(&place.host.ready()["meeting"], "link").to_owned();
    let mut session = place.run(&["join", &link, "--screen-reader", "--no-check"], &[]);
    session.see("sidetone accounts add ada signs in again");
    session.press("/quit\r");
    session.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_redeemed_once_by_who_asked_for_it_and_with_its_verifier() {
    let place = Place::new();
    let redirect = "http://localhost:49152";
    let asked = place.authorize(CLIENT, redirect, "openid offline_access");
    let to = place.browser.sign_in(&asked, ADA).await;
    assert!(to.starts_with(redirect) && to.ends_with("state=s1"), "{to}");
    let code = between(&to, "code=", "&").to_owned();
    let wrong = "x".repeat(43);
    for (client, redirect, verifier) in [
        (OTHER_CLIENT, redirect, VERIFIER),
        (CLIENT, "http://localhost:49153", VERIFIER),
        (CLIENT, redirect, wrong.as_str()),
    ] {
        let (status, told) = place
            .token(&redeem(client, &code, redirect, verifier))
            .await;
        assert!(status.is_client_error(), "{told}");
    }
    let form = redeem(CLIENT, &code, redirect, VERIFIER);
    let (status, tokens) = place.token(&form).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    let (status, told) = place.token(&form).await;
    assert_eq!(
        (status, &told["error_codes"][0]),
        (StatusCode::BAD_REQUEST, &json!(54005))
    );
    // Whoever copied it ended the sign-in with that.
    let refresh = text(&tokens, "refresh_token");
    let form = [
        ("client_id", CLIENT),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
    ];
    let (status, _) = place.token(&form).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_an_address_that_is_not_the_applications() {
    let place = Place::new();
    for redirect in [
        "http://evil.example:49152",
        "http://localhost.evil.example",
        "http://localhost:49152/elsewhere",
        "https://localhost",
    ] {
        let (status, page) = place
            .browser
            .open(&place.authorize(CLIENT, redirect, "openid"))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{redirect}");
        assert!(page.contains("AADSTS50011"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_the_code_of_a_device_is_soon_refused_also_with_the_right_one() {
    let place = Place::new();
    let url = format!("{}/{TENANT}/oauth2/v2.0/devicecode", place.host.endpoint());
    let form = [("client_id", CLIENT), ("scope", "openid")];
    let begun: Value = place.browser.post(&url, &form).await.json().await.unwrap();
    let url = format!("{}/devicelogin", place.host.endpoint());
    let guess = async |code: &str| {
        let form = [("user_code", code), ("user_name", ADA), ("act", "accept")];
        place.browser.post(&url, &form).await
    };
    for n in 10..30 {
        let told = guess(&format!("AAAAAA{n}")).await;
        assert!(told.text().await.unwrap().contains("No device waits"));
    }
    let told = guess(text(&begun, "user_code")).await;
    assert_eq!(told.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(told.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_is_taken_from_its_own_sign_in_only() {
    let place = Place::new();
    let tokens = place.tokens(CLIENT, ADA, "").await;
    let id_token = text(&tokens, "id_token");
    let (status, told) = place.ask(id_token, external(Some("n1"))).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let (status, told) = place.ask(id_token, external(Some("other"))).await;
    assert_eq!(
        (status, text(&told["error"], "code")),
        (StatusCode::UNAUTHORIZED, "nonceMismatch")
    );
    // For another application, and an access token instead of an id token.
    let foreign = place.tokens(OTHER_CLIENT, ADA, "").await;
    for token in [text(&foreign, "id_token"), text(&tokens, "access_token")] {
        let (status, told) = place.ask(token, external(None)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exchange_takes_nobody_elses_token() {
    let place = Place::new();
    let teams = |token: &str| json!({"kind": "teams", "entraToken": token});
    let tokens = place.tokens(CLIENT, ADA, ACS).await;
    let own = text(&tokens, "access_token");
    let (status, told) = place.ask(own, teams(own)).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(
        text(&told, "id"),
        "8:orgid:ada00000-0000-4000-8000-10ca15e4b1ce"
    );
    let foreign = place.tokens(OTHER_CLIENT, ADA, ACS).await;
    let graph = place.tokens(CLIENT, ADA, "Chat.Read").await;
    let one = "https://auth.msft.communication.azure.com/Teams.ManageCalls";
    let half = place.tokens(CLIENT, ADA, one).await;
    let (head, signature) = own.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for token in [
        text(&foreign, "access_token"),
        text(&graph, "access_token"),
        text(&half, "access_token"),
        text(&tokens, "id_token"),
        &forged,
    ] {
        let (status, told) = place.ask(token, teams(token)).await;
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
        assert!(refused, "{status} {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_answered_by_signing_in_with_it() {
    let place = Place::new();
    let tokens = place.tokens(CLIENT, ADA, "Chat.Read").await;
    place
        .host
        .control("/directory/challenge", json!({"userName": ADA}))
        .await;
    let refresh = text(&tokens, "refresh_token");
    let form = [
        ("client_id", CLIENT),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
    ];
    let (status, told) = place.token(&form).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(text(&told, "error"), "interaction_required");
    let claims = text(&told, "claims").to_owned();
    let redirect = "http://localhost:1";
    let asked = place.authorize(CLIENT, redirect, "openid offline_access Chat.Read");
    let mut asked = url::Url::parse(&asked).unwrap();
    asked.query_pairs_mut().append_pair("claims", &claims);
    let to = place.browser.sign_in(asked.as_str(), ADA).await;
    let code = between(&to, "code=", "&").to_owned();
    let (status, told) = place
        .token(&redeem(CLIENT, &code, redirect, VERIFIER))
        .await;
    assert_eq!(status, StatusCode::OK, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_renewal_was_refused_for_is_answered_by_the_next_sign_in() {
    let place = Place::at_work().await;
    place
        .host
        .control("/directory/challenge", json!({"userName": ADA}))
        .await;
    let arguments = ["chats", "--account", "work", "--screen-reader"];
    let mut session = place.run(&arguments, &[]);
    session.see("sidetone accounts add work signs in again");
    session.press("/quit\r");
    session.end();
    let again = ["accounts", "add", "work", "--device-code"];
    let mut session = place.on_another_device(&again, ADA).await;
    session.see("Signed in. work");
    assert_eq!(session.end(), 0, "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_graph_refused_a_token_for_is_kept_for_the_next_sign_in() {
    let place = Place::at_work().await;
    place
        .host
        .control("/graph/challenge", json!({"on": true}))
        .await;
    let arguments = ["chats", "--account", "work", "--screen-reader"];
    let mut session = place.run(&arguments, &[]);
    session.see("Sign in again with sidetone accounts add");
    session.press("/quit\r");
    session.end();
    let kept = Vault::open(&vault::Settings {
        wish: Some(Secrets::File),
        folder: place.home.path().join("data/sidetone"),
        key_file: Some(place.home.path().join("key")),
        ask: None,
        passphrase: None,
    });
    let challenge = kept.unwrap().read("challenge work").unwrap().unwrap();
    assert!(challenge.as_str().contains("access_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_account_is_exchanged_at_the_resource_without_a_token_service() {
    let place = Place::new();
    let endpoint = place.host.endpoint().to_owned();
    let arguments = [
        "accounts",
        "add",
        "direct",
        "--device-code",
        "--preview-exchange",
        &endpoint,
        "--authority",
        &endpoint,
        "--tenant",
        TENANT,
        "--client-id",
        CLIENT,
    ];
    let mut session = place.run(&arguments, &[]);
    session.see("It is good for 15 minutes. Waiting.");
    let shown = session.contents();
    let code = between(&shown, "type this code:", "It is good").trim();
    place.browser.allow(&endpoint, code, ADA).await;
    session.see("Signed in. direct: direct (External), external user of 127.0.0.1.");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let list =
        std::fs::read_to_string(place.home.path().join("data/sidetone/accounts.toml")).unwrap();
    let id = "8:acs:51de70fe-0000-4000-8000-10ca15e4b1ce_ada00000-0000-4000-8000-10ca15e4b1ce";
    assert!(list.contains(id), "{list}");
    let new = json!({"topic": "Design review", "lobby": "everyone", "anonymousStart": true, "organizer": "Alice"});
    let made = place.host.control("/meetings", new).await;
    let link = text(&made, "link");
    let join = [
        "join",
        link,
        "--account",
        "direct",
        "--screen-reader",
        "--no-check",
    ];
    let mut session = place.run(&join, &[]);
    session.see("Joined Design review");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_direct_exchange_takes_only_tokens_made_for_it() {
    let place = Place::new();
    let exchange = async |token: &str, version: &str| {
        let at = format!(
            "{}/access/entra/:exchangeAccessToken",
            place.host.endpoint()
        );
        let asking = reqwest::Client::new().post(format!("{at}?api-version={version}"));
        let answer = asking.bearer_auth(token).json(&json!({})).send().await;
        answer.unwrap()
    };
    let preview = "2025-03-02-preview";
    let own = "https://communication.azure.com/clients/Chat.Join";
    let tokens = place.tokens(CLIENT, ADA, own).await;
    let own = text(&tokens, "access_token");
    let answer = exchange(own, preview).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let told: Value = answer.json().await.unwrap();
    assert!(text(&told["identity"], "id").starts_with("8:acs:"));
    // With it somebody chats, but begins no chat: that was not asked for.
    let token = text(&told["accessToken"], "token");
    let threads = format!(
        "{}/chat/threads?api-version=2025-03-15",
        place.host.endpoint()
    );
    let client = reqwest::Client::new();
    let listed = client
        .get(&threads)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.status(), StatusCode::OK);
    let new = json!({"topic": "Not mine to begin"});
    let begun = client.post(&threads).bearer_auth(token).json(&new);
    assert_eq!(begun.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(
        exchange(own, "2023-10-01").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        exchange(own, "1999-01-01").await.status(),
        StatusCode::BAD_REQUEST
    );
    let teams = place.tokens(CLIENT, ADA, ACS).await;
    let graph = place.tokens(CLIENT, ADA, "Chat.Read").await;
    let expired = json!({
        "iss": issuer(&place.host), "aud": "https://communication.azure.com/clients", "exp": 1, "iat": 0, "nbf": 0,
        "sub": "s", "oid": "ada00000-0000-4000-8000-10ca15e4b1ce", "tid": TENANT, "scp": "Chat", "ver": "2.0",
    });
    let signed = json!({"claims": expired});
    let expired = place.host.control("/directory/sign", signed).await;
    for token in [
        text(&teams, "access_token"),
        text(&graph, "access_token"),
        text(&tokens, "id_token"),
        text(&expired, "token"),
        "eyJ.e30.x",
        token,
    ] {
        let refused = exchange(token, preview).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{token}");
    }
}

/// The link to hand on, whole, however the screen broke it.
fn link_to_hand_on(shown: &str) -> String {
    let shown = shown.replace('\n', "");
    let from = shown.find("Hand this link").unwrap();
    let from = from + shown[from..].find("http://").unwrap();
    let link: String = shown[from..]
        .chars()
        .take_while(|c| !c.is_whitespace())
        .collect();
    link
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_administrator_has_to_agree_first_the_link_for_that_is_shown() {
    let place = Place::new();
    let awaited = json!({"awaited": true});
    place
        .host
        .control("/directory/consent", awaited.clone())
        .await;
    let graph = format!("{}/v1.0", place.host.endpoint());
    let more = ["--teams", "--graph", &graph];
    let mut session = place.by_device_code("work", &more, ADA).await;
    session.see("an administrator has to agree first");
    session.see("(AADSTS90094)");
    session.see("Hand this link to an administrator of your organisation");
    assert_ne!(session.end(), 0);
    let link = link_to_hand_on(&session.contents());
    let asked = url::Url::parse(&link).unwrap();
    assert_eq!(asked.path(), format!("/{TENANT}/v2.0/adminconsent"));
    let mut session = place.run(&["accounts"], &[]);
    session.see("No accounts yet.");
    assert_eq!(session.end(), 0);

    let (page, to) = place.browser.agree(&link).await;
    assert!(page.contains("Teams.ManageCalls") && page.contains("Chat.ReadWrite"));
    let to = url::Url::parse(&to).unwrap();
    let state = |url: &url::Url| {
        let mut pairs = url.query_pairs();
        pairs
            .find(|(name, _)| name == "state")
            .unwrap()
            .1
            .into_owned()
    };
    assert!(to.as_str().starts_with("http://localhost"), "{to}");
    assert!(to.query().unwrap().contains("admin_consent=True"), "{to}");
    assert_eq!(state(&to), state(&asked));
    let mut session = place.by_device_code("work", &more, ADA).await;
    session.see("Signed in. work:");
    assert_eq!(session.end(), 0);

    // Agreement that was taken back is missed while signed in, and said in both views.
    place.host.control("/directory/consent", awaited).await;
    for view in [&["--screen-reader"][..], &[]] {
        let mut arguments = vec!["chats", "--account", "work"];
        arguments.extend(view);
        let mut session = place.run(&arguments, &[]);
        session.see("an administrator has to agree first");
        session.see("Hand this link to an administrator");
        session.see("/v2.0/adminconsent?client_id=");
        // All of it, to the last of its parts.
        let shown = session.contents().replace(['\n', ' '], "");
        assert!(shown.contains("&state="), "{}", session.contents());
        session.press("/quit\r");
        session.end();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_number_can_be_provoked() {
    let place = Place::new();
    for code in [50_057, 50_076, 53_003, 65_001, 90_094, 700_082] {
        let url = format!(
            "{}/{TENANT}/oauth2/v2.0/token?simulate={code}",
            place.host.endpoint()
        );
        let answer = place.browser.post(&url, &[("client_id", CLIENT)]).await;
        assert!(answer.status().is_client_error());
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["error_codes"][0], json!(code), "{told}");
    }
}
