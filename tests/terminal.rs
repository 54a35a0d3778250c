//! The built program as a person meets it: in a real terminal, with all that can go wrong.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set up its scene must fail"
)]

#[path = "support/program.rs"]
mod program;

#[path = "support/terminal.rs"]
mod pty;

#[path = "terminal/edges.rs"]
mod edges;

#[path = "terminal/pipe.rs"]
mod pipe;

#[path = "terminal/wrong.rs"]
mod wrong;

use std::fs;
use std::io::BufRead;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::program::Host;
use crate::pty::Session;
use crate::pty::environment;

/// The program without a terminal, in an empty home.
pub(crate) fn run(arguments: &[&str], home: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(arguments)
        .env_clear()
        .envs(environment(home))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

pub(crate) fn join<'a>(host: &'a Host, what: &'a str) -> Vec<&'a str> {
    vec!["join", what, "--endpoint", host.endpoint(), "--name", "Ada"]
}

/// A meeting that guests enter at once; Alice is there.
pub(crate) async fn open_meeting(host: &Host) -> Value {
    let new = json!({"topic": "Design review", "lobby": "everyone", "organizer": "Alice Wu"});
    let meeting = host.control("/meetings", new).await;
    let path = format!("/meetings/{}/participants", thread(&meeting));
    host.control(&path, json!({"name": "Alice Wu", "admit": true}))
        .await;
    meeting
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Thread ids have colons and an at sign, which stand in paths.
pub(crate) fn thread(meeting: &Value) -> String {
    text(&meeting["threadId"])
        .replace(':', "%3A")
        .replace('@', "%40")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_from_entering_to_leaving() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let thread = thread(&meeting);
    let mut session = Session::start(96, 24, &join(&host, text(&meeting["link"])), &[]);
    host.joined().await;
    session.see("Design review");
    let first = String::from_utf8_lossy(&session.bytes);
    let (before, _) = first.split_once("\x1b[?1049h").unwrap();
    assert!(
        before.contains("Screen reader? Start with --screen-reader"),
        "{before:?}"
    );
    session.see("In call");

    host.control(
        &format!("/meetings/{thread}/participants"),
        json!({"name": "Bob Ito", "admit": true}),
    )
    .await;
    host.control(
        &format!("/threads/{thread}/messages"),
        json!({"as": "Bob Ito", "text": "the build is green again"}),
    )
    .await;
    session.see("the build is green again");

    session.press("yes, I will start");
    session.see("> yes, I will start");
    session.press("\r");
    let stored = async {
        loop {
            let told = host
                .control_get(&format!("/threads/{thread}/messages"))
                .await;
            let found = told["messages"]
                .as_array()
                .unwrap()
                .iter()
                .any(|m| m["content"] == "yes, I will start");
            if found {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), stored)
        .await
        .unwrap();
    session.wait("the message above an empty input line", |screen| {
        let all = screen.contents();
        all.contains("yes, I will start") && !all.contains("> yes")
    });

    host.control(
        &format!("/meetings/{thread}/recording"),
        json!({"active": true}),
    )
    .await;
    session.see("REC Recording");
    session.resize(40, 10);
    session.see("REC");
    session.wait("a cursor on the screen", |screen| {
        screen.cursor_position().0 < 10
    });
    session.resize(120, 40);
    session.see("the build is green again");

    session.press("/quit\r");
    assert_eq!(session.end(), 0);
    session.assert_given_back();
    session.see("Design review was being recorded when you left.");
    let log = fs::read_to_string(session.home().join("data/sidetone/notices.jsonl")).unwrap();
    let told: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for what in ["active", "shown"] {
        assert!(
            told.iter()
                .any(|line| line["notice"] == "recording" && line["what"] == what),
            "{log}"
        );
    }
    assert!(!log.contains("green"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_screen_writes_nothing() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let mut session = Session::start(96, 24, &join(&host, text(&meeting["link"])), &[]);
    session.see("In call");
    session.listen(Duration::from_secs(3));
    assert_eq!(session.listen(Duration::from_secs(5)), 0);
}

#[test]
fn the_demo_runs_by_itself() {
    let mut session = Session::start(96, 24, &["demo"], &[]);
    session.see("In call");
    session.see("Alice");
    // Who has no sound reads along.
    session.see("Caption");
    session.press("/quit\r");
    assert_eq!(session.end(), 0);
    session.assert_given_back();
}

#[test]
fn stopping_and_going_on_takes_the_terminal_again() {
    let mut session = Session::start(96, 24, &["demo"], &[]);
    session.see("In call");
    session.signal("STOP");
    session.signal("CONT");
    session.press("still here");
    session.see("> still here");
    assert!(session.screen().alternate_screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_linear_view_writes_only_what_a_reader_can_speak() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let thread = thread(&meeting);
    let mut arguments = join(&host, text(&meeting["link"]));
    arguments.push("--screen-reader");
    let mut session = Session::start(100, 30, &arguments, &[("NO_COLOR", "1")]);
    session.see("Joined Design review");
    host.control(
        &format!("/meetings/{thread}/participants"),
        json!({"name": "Bob Ito", "admit": true}),
    )
    .await;
    host.control(
        &format!("/meetings/{thread}/recording"),
        json!({"active": true}),
    )
    .await;
    session.see("Notice: recording started.");
    host.control(
        &format!("/threads/{thread}/messages"),
        json!({"as": "Bob Ito", "text": "hello \u{1b}[31m\u{1b}[2J\u{9b}5n there"}),
    )
    .await;
    session.see("there");
    session.press("one tpyo\x7f\x7f\x7fypo\x01\x1b[D\x05\r");
    session.see("you: one typo");
    session.press("/status\r");
    session.see("recording on");
    session.press("/ack\r/quit\r");
    assert_eq!(session.end(), 0);
    session.assert_given_back();

    let said = String::from_utf8(session.bytes.clone()).unwrap();
    assert_eq!(said.matches("\x1b[?2004h").count(), 1);
    assert_eq!(said.matches("\x1b[?2004l").count(), 1);
    let rest = said
        .replace("\x1b[?2004h", "")
        .replace("\x1b[?2004l", "")
        .replace("\x1b[K", "");
    let strange: Vec<char> = rest
        .chars()
        .filter(|c| {
            let steering = c.is_control() && !matches!(c, '\r' | '\n' | '\u{7}');
            steering || matches!(c, '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}' | '\u{e000}'..='\u{f8ff}')
        })
        .collect();
    assert!(strange.is_empty(), "{strange:?} in {rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_change_at_run_time_within_the_call() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let mut session = Session::start(96, 24, &join(&host, text(&meeting["link"])), &[]);
    session.see("In call");
    session.press("/linear\r");
    session.wait("the normal screen", |screen| !screen.alternate_screen());
    session.press("/status\r");
    session.see("In call");
    session.press("/fullscreen\r");
    session.wait("the alternate screen", vt100::Screen::alternate_screen);
    session.see("In call");
}

fn control_socket(home: &Path) -> std::path::PathBuf {
    home.join("run/sidetone/latest.sock")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_steers_the_client_over_its_socket() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let mut session = Session::start(96, 24, &join(&host, text(&meeting["link"])), &[]);
    session.see("In call");
    // The chat is read, and so may be written.
    session.see("Alice Wu added Ada");
    let home = session.home().to_owned();
    let ctl = |arguments: &[&str]| {
        let mut all = vec!["ctl"];
        all.extend_from_slice(arguments);
        run(&all, &home)
    };
    session.see("Joined");
    let sent = ctl(&["send", "from", "a", "script"]);
    assert!(sent.status.success(), "{sent:?}");
    session.see("from a script");
    let status = ctl(&["status"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["topic"], "Design review");
    let socket = std::os::unix::net::UnixStream::connect(control_socket(&home)).unwrap();
    (&socket)
        .write_all(b"{\"id\":1,\"do\":\"subscribe\"}\n{\"id\":2,\"do\":\"leave\"}\n")
        .unwrap();
    session.see("Not in the call");
    socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let announced: Vec<String> = std::io::BufReader::new(socket)
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.contains("announcement"))
        .collect();
    let mut once = announced.clone();
    once.dedup();
    assert!(!once.is_empty());
    assert_eq!(announced, once);
    assert_eq!(ctl(&["mute", "off"]).status.code(), Some(4));
    session.press("/quit\r");
    session.end();
    assert_eq!(ctl(&["status"]).status.code(), Some(3));
}
