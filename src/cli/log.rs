//! The log file: what the program did, never what people said or a secret.

use std::fs::File;
use std::io;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::paths;
use crate::config::paths::Paths;
use crate::runtime::stderr;

/// Sends `tracing` to the log file of the person. Libraries only say what worries them.
pub fn start(paths: Option<&Paths>, level: &str) -> io::Result<()> {
    let Some(paths) = paths.filter(|_| level != "off") else {
        return Ok(());
    };
    let path = paths.log();
    shorten(&path)?;
    let file: File = paths::append_private(&path)?;
    stderr::log_to(path);
    let filter = EnvFilter::new(format!("warn,{QUIET},sidetone={level}"));
    let lines = fmt::layer().with_ansi(false).with_writer(Mutex::new(file));
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(io::Error::other)
}

/// Of a service without a person in front of it, whoever operates it learns what fails: a recording
/// that ends because the disk is full. What anybody on the network can cause is not told.
pub fn to_stderr() -> io::Result<()> {
    let filter = EnvFilter::new("off,sidetone=error,sidetone::service::keys=warn");
    let lines = fmt::layer().with_ansi(false).with_writer(io::stderr);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(io::Error::other)
}

/// A long log begins anew; the one before stays beside it.
fn shorten(path: &std::path::Path) -> io::Result<()> {
    let long = std::fs::metadata(path).is_ok_and(|file| file.len() > LONGEST);
    if long {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    Ok(())
}

/// What these warn of is what anybody on the network can make them warn of.
const QUIET: &str = "str0m=error,is=error,dimpl=error";
const LONGEST: u64 = 4 << 20;
