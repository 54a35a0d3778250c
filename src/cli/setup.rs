//! `sidetone setup`: what a person installs besides sidetone itself.
//!
//! The vendor's Calling SDK is theirs: fetched by npm in fixed versions with their checksums, under
//! terms that the person accepts, bundled on this machine and for this machine. It never comes
//! with sidetone, and can be removed again.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::cli::Error;
use crate::config::paths;
use crate::config::paths::Paths;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;

/// Install what is needed besides sidetone itself.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// The vendor's calling SDK, for calls into meetings at Microsoft.
    Calls {
        /// Accept the vendor's terms without being asked.
        #[arg(long)]
        accept_terms: bool,

        /// Remove it.
        #[arg(long, conflicts_with = "accept_terms")]
        remove: bool,
    },
}

pub fn run(args: &Args) -> Result<Exit, Error> {
    let paths = Paths::find();
    let paths = paths.ok_or_else(|| Error::Input("there is no home folder".to_owned()))?;
    let folder = paths.calling_sdk();
    match args.what {
        What::Calls { remove: true, .. } => remove(&folder),
        What::Calls { accept_terms, .. } => install(&folder, accept_terms),
    }
}

fn remove(folder: &Path) -> Result<Exit, Error> {
    match fs::remove_dir_all(folder) {
        Ok(()) => say("The calling SDK is removed.")?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            say("The calling SDK is not installed.")?;
        }
        Err(error) => return Err(failed("remove the calling SDK", &error)),
    }
    Ok(Exit::Done)
}

fn install(folder: &Path, accepted: bool) -> Result<Exit, Error> {
    let npm = find("npm").ok_or_else(|| {
        Error::Input(
            "npm was not found; install Node.js, which brings it, and try again".to_owned(),
        )
    })?;
    say(&format!(
        "Calls into meetings at Microsoft need Microsoft's calling SDK, version {VERSION}. It is not part of sidetone: \
         npm fetches it, and what it needs, in fixed versions with their checksums, into {}.",
        folder.display()
    ))?;
    say(
        "It comes under the Microsoft Software License Terms, which are in the file LICENSE of the package \
         @azure/communication-calling: whoever uses it accepts them. By these terms it may collect \
         information about you and your use of it, and send that to Microsoft.",
    )?;
    say("sidetone setup calls --remove undoes it.")?;
    if !accepted {
        if !terminal::Terminal::is_present() {
            return Err(Error::Input(
                "nobody is here to accept the terms; --accept-terms accepts them".to_owned(),
            ));
        }
        let typed = terminal::ask("Accept the terms and install it? Type yes or no: ");
        if typed.map_err(Error::Ask)?.trim() != "yes" {
            say("Nothing was installed.")?;
            return Ok(Exit::Refused);
        }
    }
    // Beside the place, so that what is there stays until the new one is whole.
    let making = folder.with_extension("new");
    let made = make(&making, &npm);
    if let Err(error) = made {
        if let Err(error) = fs::remove_dir_all(&making) {
            tracing::warn!(%error, "what was fetched for the calling SDK stays");
        }
        return Err(error);
    }
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| failed("replace the calling SDK", &e))?;
    }
    fs::rename(&making, folder).map_err(|e| failed("put the calling SDK in its place", &e))?;
    say("The calling SDK is installed. sidetone doctor checks it.")?;
    Ok(Exit::Done)
}

fn make(folder: &Path, npm: &Path) -> Result<(), Error> {
    let write = |name: &str, content: &str| {
        let written = paths::replace_private(&folder.join(name), content.as_bytes());
        written.map_err(|error| failed("write into the folder of the calling SDK", &error))
    };
    write("package.json", PACKAGE)?;
    write("package-lock.json", LOCK)?;
    write("bundle.js", ENTRY)?;
    write(".npmrc", NPMRC)?;
    let fetch = Command::new(npm)
        .args(["ci", "--loglevel=error"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output();
    done("npm could not fetch the calling SDK", fetch)?;
    let bundle = Command::new(folder.join("node_modules/.bin/esbuild"))
        .args(BUNDLE)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    done("the calling SDK could not be bundled", bundle)
}

/// What a program said at last, where it failed.
fn done(what: &str, ended: io::Result<std::process::Output>) -> Result<(), Error> {
    let ended = ended.map_err(|error| Error::Refused(format!("{what}: {error}")))?;
    if ended.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&ended.stderr);
    let last: Vec<String> = words.lines().take(5).map(text::line).collect();
    Err(Error::Refused(format!(
        "{what}: {}. Nothing was changed",
        last.join(" ")
    )))
}

fn failed(what: &str, error: &io::Error) -> Error {
    Error::Refused(format!("could not {what}: {error}"))
}

fn find(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join(program));
    places.find(|path| path.is_file())
}

fn say(line: &str) -> Result<(), Error> {
    terminal::tell(line).map_err(Error::Print)
}

/// Of `@azure/communication-calling`.
pub(super) const VERSION: &str = "2.0.0";
const PACKAGE: &str = include_str!("../call/bridge/setup/package.json");
const LOCK: &str = include_str!("../call/bridge/setup/package-lock.json");
const ENTRY: &str = include_str!("../call/bridge/setup/bundle.js");
const NPMRC: &str = include_str!("../call/bridge/setup/npmrc");
/// The notices in the packages stay.
const BUNDLE: [&str; 7] = [
    "bundle.js",
    "--bundle",
    "--format=esm",
    "--target=es2022",
    "--charset=utf8",
    "--legal-comments=inline",
    "--outfile=sdk.js",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_is_said_is_the_one_that_is_fetched() {
        assert!(PACKAGE.contains(&format!("\"@azure/communication-calling\": \"{VERSION}\"")));
    }
}
