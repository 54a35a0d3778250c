//! Where a session begins or ends otherwise than planned, the mouse, themes, and the log of notices.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::join;
use crate::open_meeting;
use crate::pipe::posted;
use crate::pipe::slow;
use crate::program::Host;
use crate::pty::Session;
use crate::run;
use crate::text;
use crate::thread;

/// The full screen first.
pub(crate) const VIEWS: [&str; 2] = ["--full-screen", "--screen-reader"];

#[test]
fn a_panic_gives_the_terminal_back_and_is_a_fault_of_ours() {
    for view in VIEWS {
        let panics = [("SIDETONE_TEST_PANIC", "1")];
        let mut session = Session::start(96, 24, &["demo", view], &panics);
        assert_eq!(session.end(), 70);
        session.assert_given_back();
        let contents = session.contents();
        assert!(contents.contains("a panic was asked for"), "{contents}");
    }
}

#[test]
fn enter_typed_before_the_program_is_there_is_enter() {
    for view in VIEWS {
        let home = tempfile::tempdir().expect("a folder for the person");
        let arguments = ["demo", view, "--no-check"];
        let ahead = "/help say\r";
        let mut session = Session::start_typed(ahead, home, (96, 24), &arguments, &[]);
        session.see("/say TEXT: Sends TEXT");
        session.press("/quit\r");
        assert_eq!(session.end(), 0, "{}", session.contents());
    }
}

/// Where standard error of the program leads; what is written there goes the same way.
#[cfg(target_os = "linux")]
fn standard_error(session: &Session) -> std::path::PathBuf {
    format!("/proc/{}/fd/2", session.process()).into()
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_library_prints_goes_to_the_log_and_an_editor_may_print_on_the_screen() {
    let editor = "echo said by the editor >&2; read line; true";
    for view in VIEWS {
        let mut session = Session::start(96, 24, &["demo", view], &[("EDITOR", editor)]);
        session.see(if view == VIEWS[0] {
            "In call"
        } else {
            "Joined"
        });
        let stderr = standard_error(&session);
        let log = fs::read_link(&stderr).unwrap();
        assert_eq!(log, session.home().join("state/sidetone/sidetone.log"));
        let words = "ALSA lib confmisc.c:855: cannot find card '0'\n";
        fs::write(&stderr, words).unwrap();
        session.press("/editor\r");
        session.see("said by the editor");
        assert!(fs::read_link(&stderr).unwrap().starts_with("/dev/pts"));
        session.press("\r");
        session.wait("the view again", vt100::Screen::bracketed_paste);
        assert_eq!(fs::read_link(&stderr).unwrap(), log);
        session.press("/quit\r");
        assert_eq!(session.end(), 0);
        let shown = String::from_utf8_lossy(&session.bytes);
        assert!(!shown.contains("ALSA"), "{shown}");
        assert!(fs::read_to_string(&log).unwrap().contains(words));
    }
}

#[test]
fn a_termination_gives_the_terminal_and_the_draft_back() {
    for (view, signal) in [(VIEWS[0], "TERM"), (VIEWS[1], "TERM"), (VIEWS[0], "HUP")] {
        let mut session = Session::start(96, 24, &["demo", view], &[]);
        session.see(if view == VIEWS[0] {
            "In call"
        } else {
            "Joined"
        });
        session.press("half a thought");
        session.see("> half a thought");
        session.signal(signal);
        assert_eq!(session.end(), 0);
        session.assert_given_back();
        let contents = session.contents();
        let given_back = "Not sent, from the input line:";
        assert!(contents.contains(given_back), "{contents}");
        let (_, draft) = contents.split_once(given_back).unwrap();
        assert!(draft.contains("half a thought"), "{contents}");
    }
}

#[test]
fn an_editor_that_fails_is_said_and_the_draft_is_as_it_was() {
    let failing = [("EDITOR", "false")];
    let mut session = Session::start(96, 24, &["demo", VIEWS[0]], &failing);
    session.see("In call");
    session.press("half a thought\x07v");
    session.see("could not run the editor: false ended with status 1. The draft is as it was.");
    session.see("> half a thought");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_the_same_breath_as_leaving_is_posted_in_both_views() {
    let host = Host::start();
    for view in VIEWS {
        let meeting = open_meeting(&host).await;
        let mut arguments = join(&host, text(&meeting["link"]));
        arguments.push(view);
        let mut session = Session::start(96, 24, &arguments, &[]);
        session.see("Joined Design review");
        slow(&host, 400).await;
        session.press("good-bye all\r/leave\r");
        session.see("you hung up");
        assert_eq!(posted(&host, &meeting).await, ["good-bye all"]);
        session.press("/quit\r");
        assert_eq!(session.end(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_the_same_breath_as_quitting_is_posted_or_given_back() {
    let host = Host::start();
    let end = |session: &mut Session, way: &str| match way {
        "quit" => session.press("/quit\r"),
        signal => session.signal(signal),
    };
    for (view, way) in [(VIEWS[0], "quit"), (VIEWS[1], "quit"), (VIEWS[1], "TERM")] {
        let meeting = open_meeting(&host).await;
        let mut arguments = join(&host, text(&meeting["link"]));
        arguments.push(view);
        let mut session = Session::start(96, 24, &arguments, &[]);
        session.see("Joined Design review");
        slow(&host, 400).await;
        session.press("good-bye all\r");
        session.see(if view == VIEWS[0] {
            "sending"
        } else {
            "you: good-bye all"
        });
        end(&mut session, way);
        assert_eq!(session.end(), 0);
        assert_eq!(posted(&host, &meeting).await, ["good-bye all"]);
        assert!(!session.contents().contains("Not confirmed"));
    }
    for (view, way) in [(VIEWS[0], "quit"), (VIEWS[1], "TERM")] {
        let meeting = open_meeting(&host).await;
        let mut arguments = join(&host, text(&meeting["link"]));
        arguments.push(view);
        let mut session = Session::start(96, 24, &arguments, &[]);
        session.see("Joined Design review");
        slow(&host, 60_000).await;
        session.press("never answered\r");
        session.see("never answered");
        end(&mut session, way);
        assert_eq!(session.end(), 0);
        session.assert_given_back();
        let contents = session.contents();
        let given_back = "Not confirmed by the service, to Design review:";
        let (_, rest) = contents.split_once(given_back).unwrap();
        assert!(rest.contains("never answered"), "{contents}");
    }
}

/// Column and row of some words on the screen.
fn place(session: &Session, words: &str) -> (usize, usize) {
    let width = session.screen().size().1.get();
    let rows: Vec<String> = session.screen().rows(0, width).collect();
    let found = rows.iter().enumerate().find_map(|(y, row)| {
        let at = row.find(words)?;
        Some((row[..at].chars().count(), y))
    });
    found.unwrap_or_else(|| panic!("no {words:?} on {}", session.contents()))
}

fn click(session: &mut Session, words: &str) {
    let (x, y) = place(session, words);
    session.press(&format!("\x1b[<0;{};{}M\x1b[<0;{0};{1}m", x + 1, y + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mouse_selects_opens_chooses_and_places_the_cursor() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let home = tempfile::tempdir().unwrap();
    let opened = home.path().join("opened");
    let stand_in = home.path().join("xdg-open");
    let script = format!("#!/bin/sh\nprintf %s \"$1\" > {}\n", opened.display());
    fs::write(&stand_in, script).unwrap();
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        home.path().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut arguments = join(&host, text(&meeting["link"]));
    arguments.extend(["--full-screen", "--set", "mouse=true"]);
    let variables = [("PATH", path.as_str()), ("DISPLAY", ":0")];
    let mut session = Session::start(100, 30, &arguments, &variables);
    session.see("Joined Design review");
    let path = format!("/threads/{}/messages", thread(&meeting));
    let html = r#"<p>see <a href="https://ci.example/1881">the build</a></p>"#;
    host.control(&path, json!({"as": "Alice Wu", "html": html}))
        .await;
    session.see("see the build");

    click(&mut session, "see the build");
    session.see("selected");
    click(&mut session, "the build");
    session.see("Opened.");
    let url = || fs::read_to_string(&opened).unwrap_or_default();
    for _ in 0..500 {
        if !url().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(url(), "https://ci.example/1881");
    session.press("one two");
    session.see("> one two");
    click(&mut session, "two");
    session.press("and ");
    session.see("> one and two");
    session.press("\x0f");
    session.see("Go to or do");
    session.press("status");
    session.see("/status Says");
    click(&mut session, "/status Says");
    session.see("In call ");
    session.wait("the list is closed", |screen| {
        !screen.contents().contains("Go to or do")
    });
    session.press("\x05\x15/set mouse false\r");
    session.wait("the terminal has its mouse back", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    session.press("/set mouse true\r");
    session.wait("the mouse again", |screen| {
        screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None
    });
    session.press("/quit\r");
    assert_eq!(session.end(), 0);
    session.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_theme_is_answered_with_the_nearest_and_all_there_are_and_ones_own_is_taken() {
    let host = Host::start();
    let meeting = open_meeting(&host).await;
    let home = || {
        let home = tempfile::tempdir().unwrap();
        let themes = home.path().join("config/sidetone/themes");
        fs::create_dir_all(&themes).unwrap();
        fs::write(themes.join("dusk.toml"), "inherits = \"dark\"\n").unwrap();
        home
    };
    for view in VIEWS {
        let home = home();
        let settings = home.path().join("config/sidetone/config.toml");
        fs::write(&settings, "theme = \"ligth\"\n").unwrap();
        let mut arguments = join(&host, text(&meeting["link"]));
        arguments.push(view);
        let mut session = Session::start_at(home, 130, 24, &arguments, &[]);
        session
            .see("there is no theme \"ligth\"; did you mean \"light\"? Themes are terminal, dark");
        session.press("/set theme drak\r");
        session.see("there is no theme \"drak\"; did you mean \"dark\"?");
        session.see("mono, dusk");
        session.press("/theme dusk\r");
        session.see("Theme dusk.");
        session.press("/set theme\r");
        session.see("theme is dusk.");
        session.press("/theme drak\r");
        session.see("did you mean \"dark\"?");
        session.press("/set theme\r");
        session.see("theme is dusk.");
        session.press("/quit\r");
        assert_eq!(session.end(), 0);
        let config = run(&["config"], session.home());
        let config = String::from_utf8_lossy(&config.stdout).into_owned();
        let remembered = config.lines().find(|l| l.starts_with("theme"));
        let remembered = remembered.unwrap();
        assert!(
            remembered.contains("\"dusk\"") && remembered.ends_with("# remembered"),
            "{config}"
        );
    }
    let home = home();
    for flag in [["--theme", "drak"], ["--set", "theme=drak"]] {
        let mut arguments = vec!["demo"];
        arguments.extend(flag);
        let output = run(&arguments, home.path());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("did you mean \"dark\"? Themes are"), "{told}");
        assert!(told.contains("dusk"), "{told}");
    }
    let settings = home.path().join("config/sidetone/config.toml");
    fs::write(&settings, "theme = \"ligth\"\n").unwrap();
    let told = run(&["config"], home.path());
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.contains("config.toml:1: there is no theme \"ligth\""),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_the_notice_log_names_its_meeting_and_chat() {
    let host = Host::start();
    for view in VIEWS {
        let meeting = open_meeting(&host).await;
        let record = format!("/meetings/{}/recording", thread(&meeting));
        host.control(&record, json!({"active": true})).await;
        let mut arguments = join(&host, text(&meeting["link"]));
        arguments.push(view);
        let mut session = Session::start(96, 24, &arguments, &[]);
        session.see(if view == VIEWS[0] {
            "REC Recording on when you joined"
        } else {
            "this meeting is being recorded"
        });
        session.see("Joined Design review");
        session.press("/ack\r/quit\r");
        assert_eq!(session.end(), 0);
        let log = session.home().join("data/sidetone/notices.jsonl");
        let log = fs::read_to_string(log).unwrap();
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let told: Vec<&str> = lines.iter().map(|l| text(&l["what"])).collect();
        assert_eq!(told, ["active", "shown", "acknowledged"], "{log}");
        for line in &lines {
            assert_eq!(line["meeting"], "Design review", "{log}");
            assert_eq!(line["thread"], meeting["threadId"], "{log}");
        }
        let told = run(&["notices"], session.home());
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(
            told.matches("Design review: recording").count(),
            3,
            "{told}"
        );
    }
}
