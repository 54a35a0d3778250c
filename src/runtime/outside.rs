//! Other programs: the editor for a draft, and whatever opens links.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread;

use tokio::sync::mpsc;

use crate::config::paths;
use crate::event::Event;
use crate::event::RuntimeEvent;
use crate::event::TerminalEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::sign_in::By;
use crate::model::text;

/// Hands a draft to $VISUAL or $EDITOR; what is left comes as an event. The draft
/// lies in a file that only the person may read, for as long as the editor runs.
pub(super) fn edit(draft: &str, folder: &Path, events: mpsc::Sender<Event>) -> io::Result<()> {
    let path = folder.join(format!(
        "draft-{}-{}.txt",
        std::process::id(),
        fastrand::u32(..)
    ));
    paths::create_private(&path, draft.as_bytes())?;
    let draft = draft.to_owned();
    thread::Builder::new()
        .name("editor".to_owned())
        .spawn(move || {
            let edited = run_editor(&editor(), &path);
            // Nothing more can be done about a draft that cannot be removed.
            let _ = fs::remove_file(&path);
            let (edited, failure) = match edited {
                Ok(text) => (Some(text.trim_end_matches('\n').to_owned()), None),
                Err(detail) => (None, Some(detail)),
            };
            let edited = edited.filter(|text| *text != draft);
            // The loop is gone only when the program ends.
            let _ = events.blocking_send(Event::Terminal(TerminalEvent::Edited(edited)));
            if let Some(detail) = failure {
                let failure = Failure {
                    doing: Doing::EditingDraft,
                    because: Because::Local { detail },
                    remedy: Remedy::None,
                };
                let _ = events.blocking_send(Event::Runtime(RuntimeEvent::Failed(failure)));
            }
        })?;
    Ok(())
}

/// By which way somebody signs in here.
pub fn fitting() -> By {
    if has_browser() {
        By::Browser
    } else {
        By::DeviceCode
    }
}

/// On this machine, for the person in front of it.
fn has_browser() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let far = set("SSH_CONNECTION") || set("SSH_TTY");
    let screen =
        cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY") || set("BROWSER");
    screen && !far
}

fn editor() -> String {
    let named = |name| env::var(name).ok().filter(|editor| !editor.is_empty());
    named("VISUAL")
        .or_else(|| named("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned())
}

/// What the editor left in the file, or why not, in words.
fn run_editor(editor: &str, path: &Path) -> Result<String, String> {
    // The variable may hold arguments, as the shell reads them.
    let status = Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(path)
        .status()
        .map_err(|error| error.to_string())?;
    let editor = text::line(editor);
    match (status.success(), status.code()) {
        (true, _) => fs::read_to_string(path).map_err(|error| error.to_string()),
        (false, Some(NOT_FOUND)) => Err(format!(
            "there is no {editor} here; $VISUAL or $EDITOR names another"
        )),
        (false, Some(code)) => Err(format!("{editor} ended with status {code}")),
        (false, None) => Err(format!("{editor} was stopped")),
    }
}

/// The shell's word for a command that it does not find.
const NOT_FOUND: i32 = 127;

/// Opens an address with the desktop's program, where there is a desktop.
pub fn open(url: &str) -> io::Result<()> {
    let allowed = ["https://", "http://", "mailto:"];
    if !allowed.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(io::Error::other("only web and mail addresses are opened"));
    }
    let mac = cfg!(target_os = "macos");
    let desktop = mac
        || ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"]
            .iter()
            .any(|name| env::var_os(name).is_some());
    if !desktop {
        return Err(io::Error::other("there is no desktop here to open it on"));
    }
    let mut child = Command::new(if mac { "open" } else { "xdg-open" })
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Waited for, so that it does not stay behind as a zombie.
    thread::Builder::new()
        .name("opener".to_owned())
        .spawn(move || child.wait())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_that_fails_or_is_not_there_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft");
        fs::write(&path, "half a thought").unwrap();
        let kept = Ok("half a thought".to_owned());
        assert_eq!(run_editor("true", &path), kept);
        let failed = run_editor("exit 3; true", &path).unwrap_err();
        assert_eq!(failed, "exit 3; true ended with status 3");
        let missing = run_editor("/nosuch/editor --wait", &path).unwrap_err();
        assert!(
            missing.starts_with("there is no /nosuch/editor --wait here"),
            "{missing}"
        );
    }
}
