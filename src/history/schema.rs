//! The tables, and how an older file becomes a newer one.
//!
//! `user_version` counts the steps that a file has taken. A file from a newer
//! program is left alone: nobody here knows what its tables mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::TransactionBehavior;

use crate::config::paths;
use crate::history::Error;

/// How long another program that writes is waited for; less than a good-bye may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Each step leads from the version of its place to the next. Steps are added and never changed.
const STEPS: [&str; 1] = ["
    CREATE TABLE call_usage (
        run TEXT NOT NULL,
        account TEXT NOT NULL,
        started INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        ended INTEGER NOT NULL,
        lobby INTEGER NOT NULL,
        hold INTEGER NOT NULL,
        thread TEXT,
        topic TEXT NOT NULL,
        metered INTEGER NOT NULL,
        price REAL NOT NULL,
        currency TEXT NOT NULL,
        prices_as_of TEXT NOT NULL,
        PRIMARY KEY (run, account, started)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX call_usage_by_start ON call_usage (started);
    CREATE TABLE message_usage (
        account TEXT NOT NULL,
        thread TEXT NOT NULL,
        message TEXT NOT NULL,
        topic TEXT NOT NULL,
        sent INTEGER NOT NULL,
        metered INTEGER NOT NULL,
        price REAL NOT NULL,
        currency TEXT NOT NULL,
        prices_as_of TEXT NOT NULL,
        PRIMARY KEY (account, thread, message)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX message_usage_by_time ON message_usage (sent);
"];

/// Opens the file for writing, made where there is none, with the tables of today.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    // Made here, since SQLite would leave who may read it to the umask.
    paths::append_private(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let failed = |source| Error::Open {
        path: path.to_owned(),
        source,
    };
    let mut connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    settle(&connection).map_err(failed)?;
    let found = migrate(&mut connection).map_err(failed)?;
    known(path, found).map(|_| connection)
}

/// Opens the file for reading, while another program may write; `None` where nothing was kept yet.
pub(super) fn look(path: &Path) -> Result<Option<Connection>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let found = known(path, version(&connection).map_err(failed)?)?;
    Ok((found > 0).then_some(connection))
}

/// Readers do not keep a writer waiting, nor it them; what is written survives a crash.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")
}

/// Takes the steps that are missing, all or none; returns the version that the file has then.
fn migrate(connection: &mut Connection) -> rusqlite::Result<i64> {
    if version(connection)? >= LATEST {
        return version(connection);
    }
    // Two programs may come to a new file at once: who waited looks again.
    let steps = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = usize::try_from(version(&steps)?).unwrap_or(STEPS.len());
    for step in STEPS.iter().skip(found) {
        steps.execute_batch(step)?;
    }
    if found < STEPS.len() {
        steps.pragma_update(None, "user_version", LATEST)?;
    }
    let found = version(&steps)?;
    steps.commit()?;
    Ok(found)
}

#[expect(clippy::cast_possible_wrap, reason = "a handful of steps")]
const LATEST: i64 = STEPS.len() as i64;

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn known(path: &Path, found: i64) -> Result<i64, Error> {
    if found > LATEST {
        return Err(Error::Newer {
            path: path.to_owned(),
            found,
            known: LATEST,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_file_is_closed_to_others_and_opened_again_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data/history.db");
        for _ in 0..2 {
            let connection = open(&path).unwrap();
            assert_eq!(version(&connection).unwrap(), LATEST);
            for file in ["history.db", "history.db-wal", "history.db-shm"] {
                let file = path.with_file_name(file);
                if let Ok(known) = file.metadata() {
                    assert_eq!(known.permissions().mode() & 0o777, 0o600, "{file:?}");
                }
            }
        }
        let folder = path.parent().unwrap().metadata().unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_of_a_newer_program_is_neither_read_nor_changed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let newer = Connection::open(&path).unwrap();
        newer
            .pragma_update(None, "user_version", LATEST + 1)
            .unwrap();
        drop(newer);
        for error in [open(&path).unwrap_err(), look(&path).unwrap_err()] {
            assert!(matches!(error, Error::Newer { .. }), "{error:?}");
            assert!(error.words().contains("newer sidetone"), "{error}");
        }
        let connection = Connection::open(&path).unwrap();
        assert_eq!(version(&connection).unwrap(), LATEST + 1);
    }

    #[test]
    fn what_is_no_database_is_called_that() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        std::fs::write(
            &path,
            "a letter to somebody, and no database at all".repeat(40),
        )
        .unwrap();
        let words = open(&path).unwrap_err().words();
        assert!(words.starts_with("the file is no database"), "{words}");
    }

    #[test]
    fn programs_that_start_at_once_agree_on_the_tables() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let opened: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || open(&path).map(drop))
            })
            .collect();
        for thread in opened {
            thread.join().unwrap().unwrap();
        }
        assert!(look(&path).unwrap().is_some());
    }
}
