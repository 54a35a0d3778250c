//! Other programs: the editor for a draft, and whatever opens links.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::thread;

use tokio::sync::mpsc;

use crate::config::paths;
use crate::event::Event;
use crate::event::TerminalEvent;

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
            let edited = run_editor(&path);
            // Nothing more can be done about a draft that cannot be removed.
            let _ = fs::remove_file(&path);
            let edited = edited
                .map(|text| text.trim_end_matches('\n').to_owned())
                .filter(|text| *text != draft);
            // The loop is gone only when the program ends.
            let _ = events.blocking_send(Event::Terminal(TerminalEvent::Edited(edited)));
        })?;
    Ok(())
}

fn run_editor(path: &PathBuf) -> Option<String> {
    let named = |name| env::var(name).ok().filter(|editor| !editor.is_empty());
    let editor = named("VISUAL")
        .or_else(|| named("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned());
    // The variable may hold arguments, as the shell reads them.
    let status = Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(path)
        .status();
    match status {
        Ok(status) if status.success() => fs::read_to_string(path).ok(),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "the editor did not start");
            None
        }
    }
}

/// Opens an address with the desktop's program, where there is a desktop.
pub(super) fn open(url: &str) -> io::Result<()> {
    let allowed = ["https://", "http://", "mailto:"];
    if !allowed.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(io::Error::other("only web and mail addresses are opened"));
    }
    let mac = cfg!(target_os = "macos");
    let desktop = mac
        || ["DISPLAY", "WAYLAND_DISPLAY"]
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
