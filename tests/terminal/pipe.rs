//! Without a terminal: lines through a pipe, the end of the input, and nobody at all.

use std::fs;
use std::io::PipeWriter;
use std::io::Write;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::join;
use crate::open_meeting;
use crate::program::Host;
use crate::pty::environment;
use crate::text;
use crate::thread;

/// The program with its lines through a pipe and its words into a file.
pub(crate) struct Piped {
    child: Child,
    input: Option<PipeWriter>,
    home: tempfile::TempDir,
}

impl Piped {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::holding(arguments, "")
    }

    /// The lines are there before the program has begun; others may follow.
    pub(crate) fn holding(arguments: &[&str], lines: impl AsRef<[u8]>) -> Self {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(lines.as_ref()).unwrap();
        let mut piped = Self::with(arguments, reader.into());
        piped.input = Some(writer);
        piped
    }

    /// The same, and nothing follows.
    fn given(arguments: &[&str], lines: impl AsRef<[u8]>) -> Self {
        let mut piped = Self::holding(arguments, lines);
        piped.close();
        piped
    }

    fn with(arguments: &[&str], input: Stdio) -> Self {
        let home = tempfile::tempdir().unwrap();
        let output = fs::File::create(home.path().join("output")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(arguments)
            .env_clear()
            .envs(environment(home.path()))
            .stdin(input)
            .stdout(output)
            .spawn()
            .unwrap();
        Self {
            child,
            input: None,
            home,
        }
    }

    pub(crate) fn write(&mut self, lines: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(lines.as_bytes()).unwrap();
    }

    fn close(&mut self) {
        drop(self.input.take());
    }

    pub(crate) fn output(&self) -> String {
        let output = fs::read_to_string(self.home.path().join("output")).unwrap();
        output.replace('\r', "")
    }

    pub(crate) fn see(&self, words: &str) {
        for _ in 0..1500 {
            if self.output().contains(words) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("no {words:?} in {}", self.output());
    }

    fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end, which nobody brings about.
    pub(crate) fn code(&mut self) -> i32 {
        for _ in 0..1500 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end: {}", self.output());
    }

    fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([format!("-{name}"), process])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What people wrote into the meeting's chat, as the service keeps it.
pub(crate) async fn posted(host: &Host, meeting: &Value) -> Vec<String> {
    let path = format!("/threads/{}/messages", thread(meeting));
    let told = host.control_get(&path).await;
    let messages = told["messages"].as_array().unwrap().iter();
    messages
        .filter(|m| m["type"] == "text" || m["type"] == "html")
        .map(|m| text(&m["content"]).to_owned())
        .collect()
}

/// Answers to what is written are this late.
pub(crate) async fn slow(host: &Host, millis: u64) {
    let fault = json!({"class": "chatWrite", "effect": {"delay": millis}});
    host.control("/faults", fault).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_through_a_pipe_are_commands_and_messages() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let mut piped = Piped::start(&join(&host, text(&meeting["link"])));
    host.joined().await;
    piped.see("Joined Design review");
    piped.write("/consent yes\n");
    piped.see("only a person at the terminal can answer for consent");
    piped.write("from a pipe\n/status\n/leave\n");
    piped.see("you: from a pipe");
    piped.see("you hung up");
    assert_eq!(posted(&host, &meeting).await, ["from a pipe"]);
    piped.write("/quit\n");
    assert_eq!(piped.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_behind_a_leave_are_given_back_and_the_leaving_is_no_error() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let lines = "hi\n/leave\nafter leaving\n";
    let mut piped = Piped::given(&join(&host, text(&meeting["link"])), lines);
    assert_eq!(piped.code(), 4, "{}", piped.output());
    let output = piped.output();
    assert!(output.contains("you: hi"), "{output}");
    assert!(!output.contains("ould not"), "{output}");
    assert!(!output.contains("goes on"), "{output}");
    assert!(output.contains(":\nafter leaving"), "{output}");
    assert_eq!(posted(&host, &meeting).await, ["hi"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_given_before_the_call_is_joined_are_all_performed_before_the_end_of_the_input_ends_it()
 {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    slow(&host, 400).await;
    let link = text(&meeting["link"]);
    for (lines, last) in [
        ("first\nsecond\n/quit\n", "second"),
        (
            "third\n/raise\nfourth without an end",
            "fourth without an end",
        ),
    ] {
        let mut piped = Piped::given(&join(&host, link), lines);
        assert_eq!(piped.code(), 0, "{}", piped.output());
        let output = piped.output();
        assert!(output.contains(&format!("you: {last}")), "{output}");
        assert!(!output.contains("Error"), "{output}");
    }
    assert_eq!(
        posted(&host, &meeting).await,
        ["first", "second", "third", "fourth without an end"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_chat_takes_lines_too_and_what_is_no_utf8_loses_nothing_behind_it() {
    let host = Host::start();
    let (ada, bob) = (host.person("Ada").await, host.person("Bob").await);
    let id = bob.create_thread("Release", &[&bob, &ada]).await;
    let home = tempfile::tempdir().unwrap();
    let token = home.path().join("token");
    fs::write(&token, &ada.token).unwrap();
    let token = token.display().to_string();
    let mut arguments = join(&host, &id);
    arguments.extend(["--token-file", &token]);
    let mut piped = Piped::given(&arguments, b"caf\xe9\r\nhello\r\n");
    assert_eq!(piped.code(), 0, "{}", piped.output());
    let list = bob.list(&id).await;
    let texts: Vec<_> = list
        .iter()
        .filter_map(|m| m["content"]["message"].as_str())
        .collect();
    assert_eq!(texts, ["caf\u{fffd}", "hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_service_refuses_is_said_given_back_and_in_the_exit_code() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let refuse =
        json!({"class": "chatWrite", "effect": {"refuse": {"status": 403, "retryAfter": null}}});
    host.control("/faults", refuse).await;
    let mut piped = Piped::given(&join(&host, text(&meeting["link"])), "hello\n");
    assert_eq!(piped.code(), 4, "{}", piped.output());
    let output = piped.output();
    assert!(
        output.contains("message to Design review not sent"),
        "{output}"
    );
    assert!(
        output.contains("Not sent, to Design review, not allowed here:\nhello"),
        "{output}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_wait_in_the_lobby_and_are_given_back_when_nobody_lets_them_in() {
    let host = Host::start();
    let new = json!({"topic": "Board", "lobby": "organization", "organizer": "Alice Wu"});
    let meeting = host.control("/meetings", new).await;
    let people = format!("/meetings/{}/participants", thread(&meeting));
    host.control(&people, json!({"name": "Alice Wu", "admit": true}))
        .await;
    let act = async |what: &str| {
        let path = format!("/meetings/{}", thread(&meeting));
        let told = host.control_get(&path).await;
        let mut ada = told["people"].as_array().unwrap().iter();
        let ada = ada.rfind(|p| p["isClient"] == true).unwrap();
        let ada = text(&ada["id"]).replace(':', "%3A");
        host.control(&format!("{people}/{ada}/{what}"), json!({}))
            .await;
    };
    let link = text(&meeting["link"]);
    let mut piped = Piped::given(&join(&host, link), "let me in\n");
    piped.see("Input: waiting to go on, you are still in the lobby.");
    act("admit").await;
    assert_eq!(piped.code(), 0, "{}", piped.output());
    assert_eq!(posted(&host, &meeting).await, ["let me in"]);

    let mut piped = Piped::start(&join(&host, link));
    piped.write("me too\n");
    piped.see("Input: waiting");
    act("deny").await;
    assert_eq!(piped.code(), 4, "{}", piped.output());
    piped.see("Not done, from the input:\nme too");

    let mut piped = Piped::start(&join(&host, link));
    piped.write("me too\n");
    piped.see("Input: waiting");
    piped.signal("TERM");
    assert_eq!(piped.code(), 4, "{}", piped.output());
    piped.see("Not done, from the input:\nme too");
    assert_eq!(posted(&host, &meeting).await, ["let me in"]);
}

#[test]
fn lines_wait_for_the_list_of_chats_and_their_end_ends_the_program_there_too() {
    let demo = ["demo", "--chats"];
    let mut piped = Piped::given(&demo, "/thread Bob\nhello from a pipe\n");
    assert_eq!(piped.code(), 0, "{}", piped.output());
    piped.see("you: hello from a pipe");
    let mut piped = Piped::given(&demo, "/chats\n");
    assert_eq!(piped.code(), 0, "{}", piped.output());
    piped.see("Release notes, group");
    let mut piped = Piped::given(&demo, "/thread Bob\n/attach /nowhere/a.pdf\n");
    assert_eq!(piped.code(), 2, "{}", piped.output());
    piped.see("could not send the file");
    let mut piped = Piped::given(&demo, "hi\n");
    assert_eq!(piped.code(), 4, "{}", piped.output());
    piped.see("Not done, from the input:\nhi");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_null_device_as_input_the_program_watches_until_the_call_is_over() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let arguments = join(&host, text(&meeting["link"]));
    let mut watching = Piped::with(&arguments, Stdio::null());
    host.joined().await;
    watching.see("Joined Design review");
    let message = json!({"as": "Alice Wu", "text": "nobody types here"});
    let path = format!("/threads/{}/messages", thread(&meeting));
    host.control(&path, message).await;
    watching.see("Alice Wu: nobody types here");
    assert!(watching.runs(), "{}", watching.output());
    let end = format!("/meetings/{}/end", thread(&meeting));
    host.control(&end, json!({})).await;
    assert_eq!(watching.code(), 0, "{}", watching.output());
    // An empty pipe is something else: its end ends the program.
    let meeting = open_meeting(&host).await;
    let mut empty = Piped::given(&join(&host, text(&meeting["link"])), "");
    assert_eq!(empty.code(), 0, "{}", empty.output());
}

#[test]
fn the_help_says_what_happens_without_a_terminal() {
    let home = tempfile::tempdir().unwrap();
    for command in ["join", "demo"] {
        let told = crate::run(&[command, "--help"], home.path());
        let told = String::from_utf8(told.stdout).unwrap();
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("The end of the input ends the program"),
            "{told}"
        );
        assert!(told.contains("</dev/null"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_no_right_edge_at_which_a_line_is_broken() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let long = ["words and words"; 40].join(" ");
    let arguments = join(&host, text(&meeting["link"]));
    let mut piped = Piped::given(&arguments, format!("{long}\n"));
    assert_eq!(piped.code(), 0, "{}", piped.output());
    piped.see(&format!("you: {long}"));
}
