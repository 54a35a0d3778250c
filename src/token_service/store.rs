//! Who has which identity: SQLite, one connection on a thread of its own.
//!
//! What is answered is on the disk (`synchronous = FULL`): killing the process loses no
//! mapping and lets no invitation be used twice. Every value reaches SQL as a parameter.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;
use rusqlite::params;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::clock::Timestamp;
use crate::wire::acs::identity::Scope;

use super::invitation::Hash;
use super::person::Who;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not make the database file")]
    File(#[source] io::Error),
    #[error("the database refused")]
    Sql(#[from] rusqlite::Error),
    #[error("the database is of a newer version of this program ({0})")]
    Newer(i64),
    #[error("the database has stopped")]
    Stopped,
}

/// What an invitation allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub made: Timestamp,
    pub expires: Timestamp,
    /// `None`: what the settings allow.
    pub scopes: Option<Vec<Scope>>,
    pub note: Option<String>,
}

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The identity in use.
    pub(crate) raw_id: Option<String>,
    /// Provider's tokens of this time and before no longer count.
    pub(crate) signed_out: Option<Timestamp>,
}

/// A session whose time has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) who: Who,
    pub(crate) scopes: Option<Vec<Scope>>,
    /// It was signed out.
    pub(crate) ended: bool,
}

/// What became of an identity that was made for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Adopted {
    Kept,
    /// Somebody else was quicker: the person has this one, and ours is nobody's.
    Other(String),
}

/// A handle to the thread that owns the connection; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        private_file(path).map_err(Error::File)?;
        let mut connection = Connection::open(path)?;
        prepare(&mut connection)?;
        let (jobs, mut wanted) = mpsc::channel::<Job>(QUEUE);
        thread::Builder::new()
            .name("token store".to_owned())
            .spawn(move || {
                while let Some(job) = wanted.blocking_recv() {
                    job(&mut connection);
                }
            })
            .map_err(Error::File)?;
        Ok(Self { jobs })
    }

    async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            // Whoever stopped waiting needs no answer.
            let _ = reply.send(act(connection));
        });
        self.jobs.send(job).await.map_err(|_| Error::Stopped)?;
        Ok(answer.await.map_err(|_| Error::Stopped)??)
    }

    /// As [`Store::ask`], all or nothing and on the disk when it returns.
    async fn change<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.ask(|connection| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let learned = act(&change)?;
            change.commit()?;
            Ok(learned)
        })
        .await
    }

    /// Whether the database answers.
    pub(crate) async fn is_well(&self) -> Result<(), Error> {
        self.ask(|db| db.query_row("SELECT count(*) FROM person", [], |_| Ok(())))
            .await
    }

    pub(crate) async fn known(&self, who: Who) -> Result<Known, Error> {
        self.ask(move |db| {
            let known = db.query_row(
                "SELECT i.raw_id, p.signed_out FROM person p
                 LEFT JOIN identity i ON i.person = p.id AND i.gone IS NULL
                 WHERE p.issuer = ?1 AND p.subject = ?2",
                params![who.issuer, who.subject],
                |row| {
                    Ok(Known {
                        raw_id: row.get(0)?,
                        signed_out: match row.get(1)? {
                            0 => None,
                            at => Some(Timestamp::from_millis(at)),
                        },
                    })
                },
            );
            Ok(known.optional()?.unwrap_or_default())
        })
        .await
    }

    /// Gives the person this identity, unless there is one already.
    pub(crate) async fn adopt(
        &self,
        who: Who,
        raw_id: String,
        now: Timestamp,
    ) -> Result<Adopted, Error> {
        self.change(move |db| {
            let person = person(db, &who, now)?;
            let other: Option<String> = db
                .query_row(
                    "SELECT raw_id FROM identity WHERE person = ?1 AND gone IS NULL",
                    [person],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(other) = other {
                return Ok(Adopted::Other(other));
            }
            db.execute(
                "INSERT INTO identity (raw_id, person, made) VALUES (?1, ?2, ?3)",
                params![raw_id, person, now.as_millis()],
            )?;
            Ok(Adopted::Kept)
        })
        .await
    }

    /// The resource knows the identity no longer.
    pub(crate) async fn retire(&self, raw_id: String, now: Timestamp) -> Result<(), Error> {
        self.change(move |db| {
            db.execute(
                "UPDATE identity SET gone = ?2 WHERE raw_id = ?1 AND gone IS NULL",
                params![raw_id, now.as_millis()],
            )?;
            Ok(())
        })
        .await
    }

    /// Ends the sessions of the person, and what their provider has said until now.
    pub(crate) async fn sign_out(&self, who: Who, now: Timestamp) -> Result<(), Error> {
        self.change(move |db| {
            let person = person(db, &who, now)?;
            db.execute(
                "UPDATE session SET ended = ?2 WHERE person = ?1 AND ended IS NULL",
                params![person, now.as_millis()],
            )?;
            db.execute(
                "UPDATE person SET signed_out = ?2 WHERE id = ?1",
                params![person, now.as_millis()],
            )?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn invite(&self, hash: Hash, invited: Invited) -> Result<(), Error> {
        self.change(move |db| {
            db.execute(
                "INSERT INTO invitation (hash, made, expires, scopes, note)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    hash,
                    invited.made.as_millis(),
                    invited.expires.as_millis(),
                    invited.scopes.as_deref().map(written),
                    invited.note
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Turns an invitation into a session of a new person, once. `None` when it is unknown,
    /// used or expired.
    pub(crate) async fn redeem(
        &self,
        invitation: Hash,
        session: Hash,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Who>, Error> {
        self.change(move |db| {
            let scopes: Option<Option<String>> = db
                .query_row(
                    "UPDATE invitation SET used = ?2
                     WHERE hash = ?1 AND used IS NULL AND expires > ?2 RETURNING scopes",
                    params![invitation, now.as_millis()],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(scopes) = scopes else {
                return Ok(None);
            };
            let who = Who::invited();
            let person = person(db, &who, now)?;
            db.execute(
                "INSERT INTO session (hash, person, scopes, made, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![session, person, scopes, now.as_millis(), until.as_millis()],
            )?;
            Ok(Some(who))
        })
        .await
    }

    pub(crate) async fn session(
        &self,
        hash: Hash,
        now: Timestamp,
    ) -> Result<Option<Session>, Error> {
        self.ask(move |db| {
            db.query_row(
                "SELECT p.issuer, p.subject, s.scopes, s.ended IS NOT NULL FROM session s
                 JOIN person p ON p.id = s.person WHERE s.hash = ?1 AND s.expires > ?2",
                params![hash, now.as_millis()],
                |row| {
                    let scopes: Option<String> = row.get(2)?;
                    Ok(Session {
                        who: Who {
                            issuer: row.get(0)?,
                            subject: row.get(1)?,
                        },
                        scopes: scopes.as_deref().map(read),
                        ended: row.get(3)?,
                    })
                },
            )
            .optional()
        })
        .await
    }

    /// Forgets sessions and invitations that ended long ago.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis() - KEPT.as_millis().try_into().unwrap_or(i64::MAX);
        self.change(move |db| {
            db.execute("DELETE FROM session WHERE expires < ?1", [before])?;
            db.execute("DELETE FROM invitation WHERE expires < ?1", [before])?;
            Ok(())
        })
        .await
    }
}

/// The row of a person, made where missing.
fn person(db: &Transaction<'_>, who: &Who, now: Timestamp) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO person (issuer, subject, made) VALUES (?1, ?2, ?3)
         ON CONFLICT (issuer, subject) DO NOTHING",
        params![who.issuer, who.subject, now.as_millis()],
    )?;
    db.query_row(
        "SELECT id FROM person WHERE issuer = ?1 AND subject = ?2",
        params![who.issuer, who.subject],
        |row| row.get(0),
    )
}

/// What SQLite keeps beside the file gets the file's own mode.
fn private_file(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    // A file left by another umask is closed to others as well.
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

fn prepare(connection: &mut Connection) -> Result<(), Error> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let made = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match made.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => {
            made.execute_batch(SCHEMA)?;
            made.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        newer => return Err(Error::Newer(newer)),
    }
    Ok(made.commit()?)
}

fn written(scopes: &[Scope]) -> String {
    let names: Vec<_> = scopes.iter().map(Scope::as_str).collect();
    names.join(",")
}

fn read(scopes: &str) -> Vec<Scope> {
    let names = scopes.split(',').filter(|name| !name.is_empty());
    names.map(|name| Scope::from(name.to_owned())).collect()
}

const SCHEMA: &str = include_str!("schema.sql");
const VERSION: i64 = 1;
/// Another process, making invitations, may hold the file for a moment.
const BUSY: Duration = Duration::from_secs(5);
const QUEUE: usize = 256;
/// How long what has ended is still known to have been.
const KEPT: Duration = Duration::from_hours(24 * 30);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn who(subject: &str) -> Who {
        Who {
            issuer: "https://login.example".to_owned(),
            subject: subject.to_owned(),
        }
    }

    fn opened() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("people.db")).unwrap();
        (store, folder)
    }

    fn invited(expires: i64) -> Invited {
        Invited {
            made: at(0),
            expires: at(expires),
            scopes: Some(vec![Scope::Chat]),
            note: Some("Ada'); DROP TABLE person; --".to_owned()),
        }
    }

    #[tokio::test]
    async fn the_second_identity_made_for_a_person_is_not_kept() {
        let (store, _folder) = opened();
        let first = store.adopt(who("ada"), "8:acs:r_1".to_owned(), at(1)).await;
        assert_eq!(first.unwrap(), Adopted::Kept);
        let second = store.adopt(who("ada"), "8:acs:r_2".to_owned(), at(1)).await;
        assert_eq!(second.unwrap(), Adopted::Other("8:acs:r_1".to_owned()));
        let known = store.known(who("ada")).await.unwrap();
        assert_eq!(known.raw_id.as_deref(), Some("8:acs:r_1"));
        assert_eq!(store.known(who("bob")).await.unwrap(), Known::default());
    }

    #[tokio::test]
    async fn an_identity_that_is_gone_makes_room_for_another() {
        let (store, _folder) = opened();
        for n in 1..=2 {
            let id = format!("8:acs:r_{n}");
            let kept = store.adopt(who("ada"), id.clone(), at(n)).await.unwrap();
            assert_eq!(kept, Adopted::Kept);
            store.retire(id, at(n)).await.unwrap();
        }
        assert_eq!(store.known(who("ada")).await.unwrap().raw_id, None);
    }

    #[tokio::test]
    async fn an_invitation_is_used_once_and_in_time() {
        let (store, _folder) = opened();
        store.invite([1; 32], invited(100)).await.unwrap();
        let redeem = |code, session, now| store.redeem(code, session, at(1000), at(now));
        assert_eq!(redeem([2; 32], [9; 32], 50).await.unwrap(), None);
        assert_eq!(redeem([1; 32], [9; 32], 100).await.unwrap(), None);
        let who = redeem([1; 32], [9; 32], 50).await.unwrap().unwrap();
        assert_eq!(redeem([1; 32], [8; 32], 50).await.unwrap(), None);
        let session = store.session([9; 32], at(999)).await.unwrap().unwrap();
        assert_eq!(session.who, who);
        assert_eq!(session.scopes, Some(vec![Scope::Chat]));
        assert!(!session.ended);
        assert_eq!(store.session([9; 32], at(1000)).await.unwrap(), None);
        assert_eq!(store.session([8; 32], at(60)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn signing_out_ends_every_session_of_the_person() {
        let (store, _folder) = opened();
        store.invite([1; 32], invited(100)).await.unwrap();
        let who = store.redeem([1; 32], [9; 32], at(1000), at(5)).await;
        let who = who.unwrap().unwrap();
        store.sign_out(who.clone(), at(7)).await.unwrap();
        let session = store.session([9; 32], at(8)).await.unwrap().unwrap();
        assert!(session.ended);
        assert_eq!(store.known(who).await.unwrap().signed_out, Some(at(7)));
    }

    #[tokio::test]
    async fn what_was_answered_is_there_after_opening_anew_and_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        let odd = who("Robert'); DROP TABLE person; --\0\"");
        {
            let store = Store::open(&path).unwrap();
            let id = "8:acs:r_1".to_owned();
            store.adopt(odd.clone(), id, at(1)).await.unwrap();
        }
        let store = Store::open(&path).unwrap();
        let known = store.known(odd).await.unwrap();
        assert_eq!(known.raw_id.as_deref(), Some("8:acs:r_1"));
        for file in ["people.db", "people.db-wal"] {
            let mode = fs::metadata(folder.path().join(file))
                .unwrap()
                .permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{file}");
        }
    }

    #[tokio::test]
    async fn what_ended_long_ago_is_swept_away() {
        let (store, _folder) = opened();
        store.invite([1; 32], invited(100)).await.unwrap();
        let month = i64::try_from(KEPT.as_millis()).unwrap();
        store.sweep(at(100 + month)).await.unwrap();
        assert!(
            store
                .redeem([1; 32], [9; 32], at(1000), at(50))
                .await
                .unwrap()
                .is_some()
        );
        store.sweep(at(101 + month)).await.unwrap();
        store.invite([1; 32], invited(100)).await.unwrap();
    }
}
