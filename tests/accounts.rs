//! Signing in, joining as somebody, and signing out: the built program beside a real host and a real
//! token service.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot set up its scene must fail, and one says where it can show nothing"
)]

#[path = "support/program.rs"]
mod program;

#[path = "support/terminal.rs"]
mod terminal;

#[path = "support/machine.rs"]
mod machine;

#[path = "support/issuing.rs"]
mod issuing;

#[path = "accounts/keyring.rs"]
mod keyring;

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::issuing::TokenService;
use crate::machine::Machine;
use crate::program::Host;
use crate::terminal::Session;

/// A person's machine, and the services they know.
struct Place {
    home: Machine,
    host: Host,
    service: TokenService,
}

impl Place {
    fn new() -> Self {
        let host = Host::start();
        let service = TokenService::start(&host, "");
        Self {
            home: Machine::new(240),
            host,
            service,
        }
    }

    fn run(&self, arguments: &[&str]) -> Session {
        self.run_with(&[], arguments)
    }

    /// `more`: further variables of the environment.
    fn run_with(&self, more: &[(&str, &str)], arguments: &[&str]) -> Session {
        self.home.run(arguments, more)
    }

    /// Signs in with a new invitation; the code, which is used up by it.
    fn sign_in(&self, name: &str) -> String {
        let code = self.service.invite();
        let mut session = self.add(name);
        session.see("Invitation code");
        session.press(&format!("{code}\r"));
        session.see("Signed in.");
        assert_eq!(session.end(), 0, "{}", session.contents());
        code
    }

    fn add(&self, name: &str) -> Session {
        self.run(&[
            "accounts",
            "add",
            name,
            "--token-service",
            self.service.url(),
        ])
    }

    async fn meeting(&self) -> String {
        let new = json!({"topic": "Design review", "lobby": "everyone", "anonymousStart": true, "organizer": "Alice"});
        let made = self.host.control("/meetings", new).await;
        made["link"].as_str().unwrap().to_owned()
    }

    fn join(&self, link: &str, more: &[&str]) -> Session {
        let mut arguments = vec!["join", link, "--screen-reader", "--no-check"];
        arguments.extend(more);
        self.run(&arguments)
    }
}

/// Everything below a folder, as one heap of bytes.
fn everything(folder: &Path) -> Vec<u8> {
    let mut heap = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            heap.extend(everything(&path));
        } else if path.is_file() {
            heap.extend(fs::read(&path).unwrap());
        }
    }
    heap
}

fn holds(heap: &[u8], words: &str) -> bool {
    heap.windows(words.len()).any(|w| w == words.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_invitation_signs_in_joins_as_themselves_and_signs_out() {
    let place = Place::new();
    let code = place.sign_in("ada");
    let link = place.meeting().await;
    let mut session = place.join(&link, &["--name", "Ada"]);
    session.see("Joined Design review");
    session.press("/people\r");
    session.see("Ada (External)");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());

    let heap = everything(place.home.path());
    assert!(!holds(&heap, &code), "the code lies somewhere");
    assert!(!holds(&heap, "eyJ"), "a token lies somewhere");

    let mut session = place.run(&["accounts", "remove", "ada"]);
    session.see("ada is signed out");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let mut session = place.join(&link, &["--account", "ada"]);
    session.see("there are no accounts yet");
    assert_eq!(session.end(), 2, "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_good_once_and_a_wrong_one_keeps_nothing() {
    let place = Place::new();
    let code = place.sign_in("ada");
    for code in [code.as_str(), "AAAA-BBBB-CCCC-DDDD"] {
        let mut session = place.add("bea");
        session.see("Invitation code");
        session.press(&format!("{code}\r"));
        session.see("this invitation is not good");
        assert_ne!(session.end(), 0);
    }
    let mut session = place.run(&["accounts"]);
    session.see("ada: ada (External), external user of 127.0.0.1. Kept in an encrypted file.");
    assert_eq!(session.end(), 0);
    assert!(
        !session.contents().contains("bea"),
        "{}",
        session.contents()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_before_a_hidden_question_answers_it_not_and_what_answers_it_is_not_shown() {
    let place = Place::new();
    let code = place.service.invite();
    let mut session = place.add("ada");
    session.press("AAAA-BBBB-CCCC-DDDD\r");
    session.see("Invitation code");
    session.press(&format!("{code}\r"));
    session.see("Signed in.");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let shown = session.contents();
    assert!(!shown.contains(&code), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_several_accounts_it_is_asked_once_for_each_meeting() {
    let place = Place::new();
    place.sign_in("ada");
    place.sign_in("work");
    let link = place.meeting().await;
    let mut session = place.join(&link, &[]);
    session.see("Join as");
    session.see("2. work (External), work: an external user");
    session.press("7\r");
    session.see("A number from 1 to 2, please.");
    session.press("2\r");
    session.see("Joined Design review");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());

    let mut session = place.join(&link, &[]);
    session.see("Joined Design review");
    assert!(!session.contents().contains("Join as"), "asked again");
    // As the other one while the program runs: the call goes on, until it is left and joined anew.
    session.press("/account ada\r");
    session.see("Go over to ada? Type yes or no.");
    session.press("yes\r");
    session
        .see("You are ada (External) now, an external user. The call goes on as work (External)");
    session.press("/leave\r");
    session.see("you hung up");
    session.press("/join\r");
    session.wait("the meeting joined a second time", |screen| {
        screen.contents().matches("Joined Design review").count() == 2
    });
    session.press("/people\r");
    session.see("ada (External), you, attendee");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());

    for (arguments, exit, words) in [
        (&["usage", "--account", "work"][..], 0, "Design review"),
        (&["usage", "--account", "external:eve"], 0, "No call"),
        (&["notices", "--account", "WORK"], 0, "No notice"),
        (
            &["usage", "--account", "eve"],
            2,
            "there is no account eve; there are ada, work",
        ),
        (
            &["doctor", "--account", "eve"],
            2,
            "there is no account eve",
        ),
        (
            &["ctl", "--account", "ada", "status"],
            4,
            "no running sidetone has ada in front",
        ),
        (
            &["accounts", "switch", "work"],
            0,
            "work is used from now on.",
        ),
    ] {
        let mut session = place.run(arguments);
        session.see(words);
        assert_eq!(session.end(), exit, "{arguments:?} {}", session.contents());
    }
    let mut session = place.run(&["doctor", "--account", "work"]);
    session.see("work: gets a token");
    session.see("127.0.0.1 answers");
    // Whatever else it finds on this machine.
    session.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_where_nobody_can_be_told_says_so_and_keeps_the_sign_in() {
    let mut place = Place::new();
    place.sign_in("ada");
    place.service.stop();
    let mut session = place.run(&["accounts", "remove", "ada"]);
    session.see("You are still signed in.");
    assert_ne!(session.end(), 0);
    let mut session = place.run(&["accounts", "remove", "ada", "--force"]);
    session.see("Nothing of the sign-in of ada is kept here.");
    assert_eq!(session.end(), 0, "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_invitation_became_is_not_lost_while_the_resource_is_away() {
    let place = Place::new();
    let away = json!({"class": "identity", "effect": {"refuse": {"status": 500}}, "times": 1});
    place.host.control("/faults", away).await;
    let code = place.service.invite();
    let mut session = place.add("ada");
    session.see("Invitation code");
    session.press(&format!("{code}\r"));
    session.see("The sign-in is kept: sidetone accounts add ada goes on with it.");
    assert_ne!(session.end(), 0, "{}", session.contents());
    let mut session = place.run(&["accounts", "add", "ada"]);
    session.see("Signed in. ada: ada (External)");
    assert!(!session.contents().contains("Invitation code"));
    assert_eq!(session.end(), 0, "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_key_of_the_sign_ins_gets_rid_of_the_account_all_the_same() {
    let place = Place::new();
    place.sign_in("ada");
    fs::remove_file(place.home.path().join("key")).unwrap();
    let mut session = place.run(&["accounts", "remove", "ada"]);
    session.see("does not open");
    assert_ne!(session.end(), 0);
    let mut session = place.run(&["accounts", "remove", "ada", "--force"]);
    session.see("ada is not listed any more.");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let mut session = place.run(&["accounts"]);
    session.see("No accounts yet.");
    assert_eq!(session.end(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_a_resource_needs_no_other_program() {
    let place = Place::new();
    let connection = place.host.ready()["connectionString"].as_str().unwrap();
    let mut session = place.run(&[
        "accounts",
        "add",
        "mine",
        "--resource",
        "--display-name",
        "Ada",
    ]);
    session.see("Connection string of the resource (hidden):");
    session.press("endpoint=nowhere\r");
    session.see("that is no connection string");
    assert_eq!(session.end(), 2, "{}", session.contents());
    let mut session = place.run(&[
        "accounts",
        "add",
        "mine",
        "--resource",
        "--display-name",
        "Ada",
    ]);
    session.see("Connection string of the resource (hidden):");
    session.press(&format!("{connection}\r"));
    session.see("mine: Ada (External), external user of your own resource.");
    assert_eq!(session.end(), 0, "{}", session.contents());

    let link = place.meeting().await;
    let mut session = place.join(&link, &["--resource", "mine"]);
    session.see("Joined Design review");
    session.press("/people\r");
    session.see("Ada (External)");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());

    let heap = everything(place.home.path());
    let (_, key) = connection.split_once("accesskey=").unwrap();
    assert!(!holds(&heap, key), "the key lies somewhere");
    let mut session = place.run(&["accounts", "remove", "mine"]);
    session.see("mine is signed out");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let left = fs::read_dir(place.home.path().join("data/sidetone")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    let of_it = |name: &&std::ffi::OsString| name.to_string_lossy().starts_with("resource");
    assert_eq!(left.iter().filter(of_it).count(), 0, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_holds_a_token_a_code_or_what_was_written() {
    let place = Place::new();
    let code = place.sign_in("ada");
    let link = place.meeting().await;
    let mut session = place.join(&link, &["--log", "debug"]);
    session.see("Joined Design review");
    session.press("the fox is purple\r");
    session.see("you: the fox is purple");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());
    let home = everything(place.home.path());
    let log = place.home.path().join("state/sidetone/sidetone.log");
    assert!(log.is_file(), "there is no log");
    let service = place.service.log();
    assert!(holds(&service, "issued"), "nothing was logged");
    for heap in [home, service] {
        for secret in ["eyJ", "Bearer", &code, "purple"] {
            assert!(!holds(&heap, secret), "{secret} lies somewhere");
        }
    }
}

/// Nothing but an abort, with the same limits: what this machine does with a program that hides nothing.
fn this_machine_writes_cores(folder: &Path) -> bool {
    use std::os::unix::process::ExitStatusExt;

    let aborted = std::process::Command::new("sh")
        .args(["-c", "ulimit -c unlimited; kill -ABRT $$"])
        .current_dir(folder)
        .status();
    aborted.unwrap().core_dumped()
}

#[test]
fn a_program_that_is_aborted_leaves_no_core() {
    use std::os::unix::process::ExitStatusExt;

    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -c unlimited; exec \"$0\" host --listen 127.0.0.1:0",
        ])
        .arg(env!("CARGO_BIN_EXE_sidetone"))
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let said = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut line).unwrap();
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped(), "a core was written");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    if !this_machine_writes_cores(folder.path()) {
        eprintln!("this machine writes no cores at all: nothing was shown");
    }
}
