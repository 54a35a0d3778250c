//! `sidetone usage` beside real meetings: ended well, while they run, and after the program was killed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set up its scene must fail"
)]

#[path = "support/program.rs"]
mod program;

#[path = "support/terminal.rs"]
mod pty;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::program::Host;
use crate::pty::Session;
use crate::pty::environment;

/// The client, its lines through a pipe and its words in a file; killed when it goes out of scope.
struct Client {
    child: Child,
    words: PathBuf,
}

impl Client {
    /// Joins as Ada at a service that is taken for one that is paid.
    fn join(home: &Path, host: &Host, link: &str) -> Self {
        let words = home.join("words");
        let child = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["join", link, "--endpoint", host.endpoint(), "--name", "Ada"])
            .args(["--set", "metered=always"])
            .env_clear()
            .envs(environment(home))
            .stdin(Stdio::piped())
            .stdout(fs::File::create(&words).unwrap())
            .spawn()
            .unwrap();
        Self { child, words }
    }

    fn write(&mut self, lines: &str) {
        use std::io::Write;
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(lines.as_bytes()).unwrap();
    }

    fn see(&self, words: &str) {
        until(
            || fs::read_to_string(&self.words).unwrap().contains(words),
            || {
                format!(
                    "no {words:?} in {}",
                    fs::read_to_string(&self.words).unwrap()
                )
            },
        );
    }

    /// Waits for its end, which somebody has brought about.
    fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// As the machine does it when memory is short: not a line is run any more.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn until(mut so: impl FnMut() -> bool, otherwise: impl Fn() -> String) {
    for _ in 0..1500 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{}", otherwise());
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(arguments)
        .env_clear()
        .envs(environment(home))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn usage(home: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["usage"];
    arguments.extend(more);
    let told = run(home, &arguments);
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    String::from_utf8(told.stdout).unwrap()
}

fn exported(home: &Path) -> Vec<Value> {
    serde_json::from_str(&usage(home, &["--json"])).unwrap()
}

/// A meeting that guests enter at once; Alice is there.
async fn meeting(host: &Host) -> Value {
    meeting_with(host, "everyone").await
}

async fn meeting_with(host: &Host, lobby: &str) -> Value {
    let new = json!({"topic": "Design review", "lobby": lobby, "organizer": "Alice Wu"});
    let meeting = host.control("/meetings", new).await;
    let thread = meeting["threadId"].as_str().unwrap();
    let thread = thread.replace(':', "%3A").replace('@', "%40");
    let people = json!({"name": "Alice Wu", "admit": true});
    host.control(&format!("/meetings/{thread}/participants"), people)
        .await;
    meeting
}

/// The store, wherever the platform puts it.
fn store(home: &Path) -> PathBuf {
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "history.db") {
                return path;
            }
        }
    }
    panic!("there is no store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_is_counted_while_it_runs_and_closed_when_it_ends() {
    let host = Host::start();
    let meeting = meeting(&host).await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    assert_eq!(usage(home, &[]), "No call and no message was counted.\n");

    let mut client = Client::join(home, &host, meeting["link"].as_str().unwrap());
    client.see("Joined Design review");
    client.write("one\ntwo, with secrets\n");
    client.see("you: two");
    // Read by another process while the first one has it open.
    until(
        || exported(home).iter().any(|line| line["messages"] == 2),
        || usage(home, &["--json"]),
    );
    let running = exported(home);
    assert_eq!(running.len(), 1, "{running:?}");
    assert_eq!(running[0]["calls_without_end"], 1);
    assert!(usage(home, &[]).contains("no end known, counted up to"));

    client.write("/quit\n");
    assert!(client.ended());
    let ended = &exported(home)[0];
    assert_eq!(ended["calls_without_end"], 0, "{ended}");
    assert_eq!(
        (&ended["name"], &ended["calls"]),
        (&json!("Design review"), &json!(1))
    );
    assert_eq!(ended["thread"], meeting["threadId"]);
    assert_eq!(
        (&ended["metered"], &ended["currency"]),
        (&json!(true), &json!("USD"))
    );
    assert!(ended["participant_minutes"].as_f64().unwrap() > 0.0);
    assert!(ended["cost"].as_f64().unwrap() >= 0.0016, "{ended}");

    let said = usage(home, &[]);
    assert!(
        said.contains("Design review: ") && said.contains("2 messages"),
        "{said}"
    );
    assert!(said.contains("Together about 0.00"), "{said}");
    assert!(usage(home, &["--by", "account"]).starts_with("external:Ada: "));
    assert!(usage(home, &["--by", "day"]).starts_with("20"));
    assert!(usage(home, &["--csv"]).lines().count() == 2);
    assert!(usage(home, &["--until", "2020-01-01"]).starts_with("No call"));
    assert!(usage(home, &["--account", "teams:bob"]).starts_with("No call"));
    let wrong = run(home, &["usage", "--since", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2));

    // Nothing that anybody wrote, and for nobody else to read.
    let path = store(home);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(path).unwrap();
    assert!(!bytes.windows(7).any(|at| at == b"secrets"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_loses_no_call_and_the_next_one_counts_on() {
    let host = Host::start();
    let meeting = meeting(&host).await;
    let link = meeting["link"].as_str().unwrap();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut client = Client::join(home, &host, link);
    client.see("Joined Design review");
    client.write("before the end\n");
    until(
        || exported(home).iter().any(|line| line["messages"] == 1),
        || usage(home, &["--json"]),
    );
    client.kill();
    let left = &exported(home)[0];
    assert_eq!(
        (&left["calls"], &left["calls_without_end"]),
        (&json!(1), &json!(1))
    );
    assert!(
        left["participant_minutes"].as_f64().unwrap() > 0.0,
        "{left}"
    );

    let mut next = Client::join(home, &host, link);
    next.see("Joined Design review");
    next.write("/quit\n");
    assert!(next.ended());
    let both = &exported(home)[0];
    assert_eq!(
        (&both["calls"], &both["calls_without_end"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(both["messages"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_in_the_lobby_is_counted_said_and_closed_when_the_system_ends_the_program() {
    let host = Host::start();
    let meeting = meeting_with(&host, "organizer").await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut client = Client::join(home, &host, meeting["link"].as_str().unwrap());
    client.see("Call: waiting in the lobby. Waiting costs about 0.004 USD a minute.");
    // A while that is long enough to be seen in the sum.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    client.signal(Signal::TERM);
    client.ended();
    let line = &exported(home)[0];
    assert_eq!(line["calls_without_end"], 0, "{line}");
    let minutes = |name: &str| line[name].as_f64().unwrap();
    assert!(minutes("lobby_minutes") >= 0.02, "{line}");
    assert!(
        minutes("participant_minutes") >= minutes("lobby_minutes"),
        "{line}"
    );
    assert!(usage(home, &[]).contains("of it in the lobby"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_terminal_shows_the_meter_and_its_closing_ends_what_is_counted() {
    let host = Host::start();
    let meeting = meeting(&host).await;
    let link = meeting["link"].as_str().unwrap();
    let arguments = ["join", link, "--endpoint", host.endpoint(), "--name", "Ada"];
    let more = ["--no-check", "--set", "metered=always"];
    let mut session = Session::start(60, 16, &[&arguments[..], &more].concat(), &[]);
    host.joined().await;
    session.see("0 min ≈ 0.00 USD");
    session.press("/can\r");
    session.see("What you can do here");
    session.see("You are an external user; here the service's own");
    session.press("\x07/status\r");
    session.see("about 0.00 USD");
    session.signal("HUP");
    session.end();
    let counted = &exported(session.home())[0];
    assert_eq!(
        (&counted["calls"], &counted["calls_without_end"]),
        (&json!(1), &json!(0)),
        "{counted}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_used_is_said_and_the_meeting_goes_on() {
    let host = Host::start();
    let meeting = meeting(&host).await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // Made once, so that we know where; then it is something else.
    let link = meeting["link"].as_str().unwrap();
    let mut client = Client::join(home, &host, link);
    client.see("Joined Design review");
    client.write("/quit\n");
    assert!(client.ended());
    let path = store(home);
    for file in ["history.db-wal", "history.db-shm"] {
        let _ = fs::remove_file(path.with_file_name(file));
    }
    fs::write(&path, "no database, but a letter".repeat(100)).unwrap();

    let mut client = Client::join(home, &host, link);
    client.see("could not write down what is used: the file is no database");
    client.see("Joined Design review");
    client.write("still here\n");
    client.see("you: still here");
    client.write("/quit\n");
    assert!(client.ended());
    let told = run(home, &["usage"]);
    assert_eq!(told.status.code(), Some(2));
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(words.contains("could not read"), "{words}");
    assert!(fs::read(&path).unwrap().starts_with(b"no database"));
}
