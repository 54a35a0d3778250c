//! `sidetone config`: the settings in effect, and where each came from.

use std::fmt::Write;
use std::path::Path;

use crate::cli::Error;
use crate::cli::session;
use crate::config::Config;
use crate::config::DEFAULTS;
use crate::config::Surroundings;
use crate::config::paths::Paths;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;
use crate::runtime::themes;

/// Print the settings in effect, and where each came from.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the commented defaults instead: a settings file to start from.
    #[arg(long, conflicts_with = "path")]
    pub defaults: bool,

    /// Print where the settings file lies, or would.
    #[arg(long)]
    pub path: bool,
}

pub fn run(args: &Args) -> Result<Exit, Error> {
    let text = text(args)?;
    terminal::print(text.trim_end()).map_err(Error::Print)?;
    Ok(Exit::Done)
}

fn text(args: &Args) -> Result<String, Error> {
    let paths = Paths::find();
    if args.defaults {
        return Ok(DEFAULTS.to_owned());
    }
    if args.path {
        let paths = paths.ok_or_else(|| Error::Input("there is no home folder".to_owned()))?;
        return Ok(paths.settings_file().display().to_string());
    }
    // What a session in a terminal would have, also where this output goes elsewhere.
    let surroundings = Surroundings {
        terminal: true,
        ..session::surroundings()
    };
    let config = Config::load(paths.as_ref(), &surroundings, Vec::new())?;
    let themes = paths.as_ref().map(Paths::themes);
    Ok(effective(&config, themes.as_deref()))
}

/// One setting a line; what is no default says who gave it. No setting is a secret:
/// of tokens only the file's name is one.
fn effective(config: &Config, folder: Option<&Path>) -> String {
    let mut text = String::new();
    let written = |text: &mut String, line: std::fmt::Arguments<'_>| {
        text.write_fmt(line)
            .expect("writing to a string cannot fail");
    };
    for warning in &config.warnings {
        written(&mut text, format_args!("# warning: {warning}\n"));
    }
    if let (Err(error), Some(value)) = (
        themes::load(&config.settings.theme, folder),
        config.values.get("theme"),
    ) {
        written(
            &mut text,
            format_args!("# warning: {}: {error}\n", value.source),
        );
    }
    for (key, value) in &config.values {
        let quoted = toml::Value::from(value.text.as_str());
        let assignment = format!("{key} = {quoted}");
        written(
            &mut text,
            format_args!("{assignment:40} # {}\n", value.source),
        );
    }
    text
}
