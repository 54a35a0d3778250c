//! What is kept on this machine, in one `SQLite` file that only the person can read.
//!
//! A back end like the others: commands in, events out. The file is written by
//! a thread of its own, since a disk may be slow and another program may hold
//! it. What cannot be written yet waits; that nothing can be is said once, and
//! nothing else depends on it.

mod report;
mod schema;
mod usage;
mod writer;

use std::io;
use std::path::PathBuf;
use std::thread;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::effect::HistoryCommand;
use crate::event::Event;
use crate::event::HistoryEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;

pub use report::By;
pub use report::Line;
pub use report::lines;
pub use usage::Filter;
pub use usage::Usage;
pub use usage::read;

#[derive(Debug, Clone)]
pub struct Settings {
    /// The file; made, with its folder, where there is none.
    pub path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not make {path}")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not open {path}")]
    Open {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error(
        "{path} was written by a newer sidetone (its schema is {found}, this one knows {known}); it is left as it is"
    )]
    Newer {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    #[error("could not write to {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("could not read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
}

/// Keeps what it is told until there are no more commands and everything is written, or cannot be.
pub async fn run(
    settings: Settings,
    commands: mpsc::Receiver<HistoryCommand>,
    events: mpsc::Sender<Event>,
) {
    let (done, ended) = oneshot::channel();
    let of_thread = events.clone();
    let thread = thread::Builder::new()
        .name("history".to_owned())
        .spawn(move || {
            writer::write(&settings, commands, &of_thread);
            // Whoever waited may have given up.
            let _ = done.send(());
        });
    let why = match thread {
        Err(error) => error.to_string(),
        Ok(_) if ended.await.is_ok() => return,
        Ok(_) => "the store failed inside this program".to_owned(),
    };
    // The loop may be over.
    let _ = events.send(failed(why)).await;
}

fn failed(detail: String) -> Event {
    Event::History(HistoryEvent::Failed(Failure {
        doing: Doing::CountingUsage,
        because: Because::Local { detail },
        remedy: Remedy::None,
    }))
}

impl Error {
    /// A clause for people: what is in the way.
    pub fn words(&self) -> String {
        match self {
            Self::File { path, source } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    format!("the disk is full, {}", path.display())
                }
                _ => format!("{} cannot be made, {source}", path.display()),
            },
            Self::Open { path, source }
            | Self::Write { path, source }
            | Self::Read { path, source } => format!("{}, {}", obstacle(source), path.display()),
            Self::Newer { .. } => self.to_string(),
        }
    }
}

fn obstacle(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode;
    let known = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds the file"
        }
        Some(ErrorCode::NotADatabase) => "the file is no database",
        Some(ErrorCode::DatabaseCorrupt) => "the file is damaged",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "the file may not be written",
        Some(ErrorCode::CannotOpen) => "the file cannot be opened",
        Some(ErrorCode::SystemIoFailure) => "the disk does not take it",
        _ => return error.to_string(),
    };
    known.to_owned()
}
