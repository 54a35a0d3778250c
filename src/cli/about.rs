//! `sidetone about`: what it is, under which terms, and what lies where on this machine.

use std::fmt::Write;

use crate::cli::Error;
use crate::config::paths::Paths;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;
use crate::view::phrase;

pub fn run() -> Result<Exit, Error> {
    let mut text = phrase::about();
    if let Some(paths) = Paths::find() {
        let places = [
            ("Settings", paths.settings_file()),
            ("Themes", paths.themes()),
            ("Notice log", paths.notice_log()),
            ("What was used", paths.history()),
            ("Log", paths.log()),
            ("Remembered choices", paths.remembered()),
            ("Control socket", paths.latest_socket()),
        ];
        for (what, place) in places {
            write!(text, "\n{what}: {}", place.display()).expect("writing to a string cannot fail");
        }
    }
    terminal::print(&text).map_err(Error::Print)?;
    Ok(Exit::Done)
}
