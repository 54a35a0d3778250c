//! Bad input and bad luck: a clear sentence, nothing lost, and the documented exit code.

use std::fs;

use serde_json::json;

use crate::edges::VIEWS;
use crate::join;
use crate::open_meeting;
use crate::pipe::Piped;
use crate::program::Host;
use crate::pty::Session;
use crate::run;
use crate::text;
use crate::thread;

#[test]
fn wrong_input_is_told_in_a_sentence_before_anything_is_drawn() {
    let home = tempfile::tempdir().unwrap();
    let vendor = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NzM0%40thread.v2/0?context=%7b%22Tid%22%3a%2272f988bf-86f1-41af-91ab-2d7cd011db47%22%2c%22Oid%22%3a%2264b5cb2b-a6f4-4a9e-9e3a-2d7cd011db47%22%7d";
    let service = ["--endpoint", "http://127.0.0.1:1"];
    let cases: &[(&[&str], i32, &str)] = &[
        (&["join", "https://example.com/meeting"], 2, "example.com"),
        (&["join", "nonsense"], 2, "neither a meeting link"),
        (&["join", vendor], 2, "sidetone accounts add"),
        (&["join", "19:abc@thread.v2"], 2, "--endpoint"),
        (
            &[
                "join",
                "19:abc@thread.v2",
                "--endpoint",
                "http://example.com",
            ],
            2,
            "use https",
        ),
        (
            &[
                "join",
                "19:abc@thread.v2",
                service[0],
                service[1],
                "--token-file",
                "/nowhere/token",
            ],
            5,
            "/nowhere/token",
        ),
        (&["join"], 2, "LINK|ID|THREAD"),
        (
            &[
                "join",
                "19:abc@thread.v2",
                "19:def@thread.v2",
                service[0],
                service[1],
            ],
            2,
            "2 were given",
        ),
        (
            &["ctl", "--process", "1", "status"],
            3,
            "no running sidetone has the process id 1",
        ),
        (&["dance"], 2, "dance"),
        (&["ctl", "status"], 3, "no running sidetone"),
    ];
    for (arguments, code, words) in cases {
        let output = run(arguments, home.path());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_broken_settings_file_is_named_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config/sidetone/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "theme = \"dark\"\nverbosity = \"loud\"\n").unwrap();
    let output = run(&["demo"], home.path());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("config.toml:2: verbosity takes 1, 2, 3, not loud"),
        "{told}"
    );
}

/// Types a draft, waits for the words of a failure, finds the draft kept, quits.
fn kept(mut session: Session, view: &str, words: &str, code: u32) {
    session.see(if view == VIEWS[0] {
        ">"
    } else {
        "Screen reader mode"
    });
    session.press("my draft");
    session.see(words);
    session.see("> my draft");
    session.press("\x15/quit\r");
    assert_eq!(session.end(), code);
    session.assert_given_back();
}

/// In both views, where a person decides; and without a terminal, where nobody does.
fn fails(arguments: &[&str], words: &str, code: u32) {
    for view in VIEWS {
        let mut arguments = arguments.to_vec();
        arguments.push(view);
        kept(Session::start(110, 24, &arguments, &[]), view, words, code);
    }
    let mut piped = Piped::holding(arguments, "my line\n");
    // The pipe stays open: nobody has to close it.
    let ended = u32::try_from(piped.code()).unwrap();
    let output = piped.output();
    assert_eq!(ended, code, "{output}");
    assert!(output.contains(words), "{output}");
    assert!(
        output.contains("Not done, from the input:\nmy line"),
        "{output}"
    );
    let home = tempfile::tempdir().unwrap();
    let nobody = run(arguments, home.path());
    let output = String::from_utf8_lossy(&nobody.stdout);
    assert_eq!(nobody.status.code(), i32::try_from(code).ok(), "{output}");
    assert!(output.contains(words), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passcode_is_told_and_nothing_lost() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let mut arguments = join(&host, text(&meeting["id"]));
    arguments.extend(["--passcode", "wrong1"]);
    fails(&arguments, "the passcode is missing or wrong. Check the", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_that_nobody_knows_is_told_and_nothing_lost() {
    let host = Host::start();
    let mut arguments = join(&host, "200000000000000");
    arguments.extend(["--passcode", "Mt9xB2N6"]);
    fails(&arguments, "Check the link or the meeting id.", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_not_ours_is_told_and_nothing_lost() {
    let host = Host::start();
    let bob = host.person("Bob").await;
    let id = bob.create_thread("Release", &[&bob]).await;
    fails(&join(&host, &id), "open the chat", 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_in_the_lobby_is_told_and_the_draft_kept_in_both_views() {
    let host = Host::start();
    let meeting = host
        .control(
            "/meetings",
            json!({"topic": "Board", "lobby": "organization", "organizer": "Alice Wu"}),
        )
        .await;
    let thread = thread(&meeting);
    host.control(
        &format!("/meetings/{thread}/participants"),
        json!({"name": "Alice Wu", "admit": true}),
    )
    .await;
    for view in VIEWS {
        let mut arguments = join(&host, text(&meeting["link"]));
        arguments.push(view);
        let mut session = Session::start(96, 24, &arguments, &[]);
        session.see("lobby");
        let people = host.control_get(&format!("/meetings/{thread}")).await;
        let mut people = people["people"].as_array().unwrap().iter();
        let ada = people.rfind(|p| p["isClient"] == true).unwrap();
        let ada = text(&ada["id"]).replace(':', "%3A");
        let deny = format!("/meetings/{thread}/participants/{ada}/deny");
        host.control(&deny, json!({})).await;
        kept(session, view, "did not let you in", 4);
    }
}

/// `{"exp":1,"skypeid":"acs:a_b"}`: expired since 1970.
const EXPIRED: &str = "e30.eyJleHAiOjEsInNreXBlaWQiOiJhY3M6YV9iIn0.c2ln";

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_told_and_nothing_lost() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let home = tempfile::tempdir().unwrap();
    let token = home.path().join("token");
    fs::write(&token, EXPIRED).unwrap();
    let token = token.display().to_string();
    for what in ["19:abc@thread.v2", text(&meeting["link"])] {
        let mut arguments = join(&host, what);
        arguments.extend(["--token-file", &token]);
        fails(&arguments, "your sign-in has expired", 5);
    }
}

#[test]
fn no_service_is_told_and_nothing_lost() {
    let home = tempfile::tempdir().unwrap();
    let token = home.path().join("token");
    // {"exp":4102444800,"skypeid":"acs:a_b"}: good until 2100.
    let good = "e30.eyJleHAiOjQxMDI0NDQ4MDAsInNreXBlaWQiOiJhY3M6YV9iIn0.c2ln";
    fs::write(&token, good).unwrap();
    let token = token.display().to_string();
    let nobody = "http://127.0.0.1:1";
    let thread = "19:abc@thread.v2";
    for arguments in [
        &["join", thread, "--endpoint", nobody][..],
        &["join", thread, "--endpoint", nobody, "--token-file", &token],
        &[
            "join",
            "200000000000000",
            "--passcode",
            "x",
            "--endpoint",
            nobody,
        ],
    ] {
        fails(arguments, "nobody answers at 127.0.0.1", 3);
    }
}

#[test]
fn a_terminal_that_is_too_small_says_so_and_recovers_with_the_draft() {
    let mut session = Session::start(19, 3, &["demo"], &[]);
    session.see("small");
    session.resize(96, 24);
    session.see("In call");
    session.press("half a thought");
    session.see("> half a thought");
    session.resize(19, 3);
    session.see("small");
    session.press(" and more");
    session.resize(96, 24);
    session.see("> half a thought and more");
    session.press("\x15/quit\r");
    assert_eq!(session.end(), 0);
}
