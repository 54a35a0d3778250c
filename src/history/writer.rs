//! The thread that writes: what it is told is in the file at once, or waits for it.

use std::path::Path;

use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::effect::HistoryCommand;
use crate::event::Event;
use crate::event::HistoryEvent;
use crate::history::Error;
use crate::history::Settings;
use crate::history::failed;
use crate::history::schema;
use crate::history::usage;

/// So many records wait for a file that takes none; beyond it the oldest are given up.
const WAITING: usize = 10_000;

/// Writes until nobody has anything to write any more.
pub(super) fn write(
    settings: &Settings,
    mut commands: mpsc::Receiver<HistoryCommand>,
    events: &mpsc::Sender<Event>,
) {
    let mut store = Store::new(&settings.path);
    loop {
        if let Some(event) = store.write() {
            // A loop that is over hears nothing.
            let _ = events.blocking_send(event);
        }
        let Some(command) = commands.blocking_recv() else {
            return;
        };
        store.take(command);
        while let Ok(command) = commands.try_recv() {
            store.take(command);
        }
    }
}

struct Store<'a> {
    path: &'a Path,
    connection: Option<Connection>,
    waiting: Vec<HistoryCommand>,
    /// Why it was not written, as it was said.
    said: Option<String>,
    /// The file is not ours to write.
    refused: bool,
}

impl<'a> Store<'a> {
    const fn new(path: &'a Path) -> Self {
        Self {
            path,
            connection: None,
            waiting: Vec::new(),
            said: None,
            refused: false,
        }
    }

    fn take(&mut self, command: HistoryCommand) {
        if self.refused {
            return;
        }
        if let HistoryCommand::Call(new) = &command {
            // A later record of the same stay says all of the earlier.
            self.waiting.retain(|known| match known {
                HistoryCommand::Call(old) => {
                    (&old.run, &old.account, old.started) != (&new.run, &new.account, new.started)
                }
                HistoryCommand::Sent(_) => true,
            });
        }
        if self.waiting.len() >= WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(command);
    }

    /// Writes what waits, all or nothing; says what is worth saying about it.
    fn write(&mut self) -> Option<Event> {
        if self.refused {
            return None;
        }
        match self.attempt() {
            Ok(()) => {
                self.waiting.clear();
                let again = self.said.take().is_some();
                again.then_some(Event::History(HistoryEvent::Kept))
            }
            Err(error) => {
                tracing::warn!(%error, waiting = self.waiting.len(), "usage is not written");
                // Whatever was wrong with it, it is opened anew.
                self.connection = None;
                self.refused = matches!(error, Error::Newer { .. });
                let words = error.words();
                let known = self.said.replace(words.clone());
                (known.as_ref() != Some(&words)).then(|| failed(words))
            }
        }
    }

    fn attempt(&mut self) -> Result<(), Error> {
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => schema::open(self.path)?,
        };
        let written = append(&mut connection, &self.waiting);
        written.map_err(|source| Error::Write {
            path: self.path.to_owned(),
            source,
        })?;
        self.connection = Some(connection);
        Ok(())
    }
}

fn append(connection: &mut Connection, commands: &[HistoryCommand]) -> rusqlite::Result<()> {
    if commands.is_empty() {
        return Ok(());
    }
    let all = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for command in commands {
        usage::write(&all, command)?;
    }
    all.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::history::Filter;
    use crate::history::read;
    use crate::model::account::AccountId;
    use crate::model::message::MessageId;
    use crate::model::thread::ThreadId;
    use crate::model::usage::CallUsage;
    use crate::model::usage::MessageUsage;
    use crate::model::usage::Price;

    fn price() -> Price {
        Price::Metered {
            amount: 0.004,
            currency: "USD".to_owned(),
            as_of: "2026-11-23".to_owned(),
        }
    }

    fn stay(minutes: i64, ended: bool) -> CallUsage {
        CallUsage {
            run: "run".to_owned(),
            account: AccountId::new("external:ada"),
            started: Timestamp::from_millis(60_000),
            seen: Timestamp::from_millis((minutes + 1) * 60_000),
            ended,
            lobby: 30_000,
            hold: 0,
            thread: Some(ThreadId::new("19:design")),
            topic: "Design review".to_owned(),
            price: price(),
        }
    }

    fn message(id: &str) -> HistoryCommand {
        HistoryCommand::Sent(MessageUsage {
            account: AccountId::new("external:ada"),
            thread: ThreadId::new("19:design"),
            message: MessageId::new(id),
            topic: "Design review".to_owned(),
            sent: Timestamp::from_millis(90_000),
            price: Price::NotMetered,
        })
    }

    fn words(event: Option<Event>) -> String {
        match event {
            Some(Event::History(HistoryEvent::Failed(failure))) => format!("{:?}", failure.because),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_later_record_of_a_stay_replaces_the_earlier_and_an_end_is_final() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let mut store = Store::new(&path);
        for (minutes, ended) in [(0, false), (5, false), (3, false), (9, true), (20, false)] {
            store.take(HistoryCommand::Call(stay(minutes, ended)));
            assert_eq!(store.write(), None);
        }
        for id in ["1", "2", "1"] {
            store.take(message(id));
        }
        assert_eq!(store.write(), None);
        // Read while it is still open for writing.
        let known = read(&path, &Filter::default()).unwrap();
        assert_eq!(known.calls, [stay(9, true)]);
        assert_eq!(known.messages.len(), 2);
        assert_eq!(known.messages[0].price, Price::NotMetered);
    }

    #[test]
    fn a_clock_that_was_set_back_loses_no_end() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let mut store = Store::new(&path);
        for (minutes, ended) in [(9, false), (4, true)] {
            store.take(HistoryCommand::Call(stay(minutes, ended)));
            assert_eq!(store.write(), None);
        }
        let known = read(&path, &Filter::default()).unwrap();
        assert_eq!(known.calls, [stay(9, true)]);
    }

    #[test]
    fn who_and_when_is_chosen_by_the_start() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let mut store = Store::new(&path);
        store.take(HistoryCommand::Call(stay(5, true)));
        store.take(message("1"));
        store.write();
        let found = |since, until, account: Option<&str>| {
            let filter = Filter {
                since: Some(Timestamp::from_millis(since)),
                until: Some(Timestamp::from_millis(until)),
                account: account.map(str::to_owned),
            };
            let known = read(&path, &filter).unwrap();
            (known.calls.len(), known.messages.len())
        };
        assert_eq!(found(0, 60_000, None), (0, 0));
        assert_eq!(found(60_000, 90_000, None), (1, 0));
        assert_eq!(found(60_001, 90_001, None), (0, 1));
        assert_eq!(found(0, 90_001, Some("external:ada")), (1, 1));
        assert_eq!(found(0, 90_001, Some("external:bob")), (0, 0));
    }

    #[test]
    fn what_another_program_keeps_from_being_written_waits_and_is_said_once() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let mut store = Store::new(&path);
        assert_eq!(store.write(), None);
        let other = schema::open(&path).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        store.take(HistoryCommand::Call(stay(1, false)));
        store.take(message("1"));
        let said = words(store.write());
        assert!(said.contains("another program holds the file"), "{said}");
        store.take(HistoryCommand::Call(stay(2, true)));
        assert_eq!(store.write(), None);
        assert_eq!(store.waiting.len(), 2);
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(store.write(), Some(Event::History(HistoryEvent::Kept)));
        let known = read(&path, &Filter::default()).unwrap();
        assert_eq!(
            (known.calls, known.messages.len()),
            (vec![stay(2, true)], 1)
        );
    }

    #[test]
    fn a_full_disk_is_called_that() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let mut store = Store::new(&path);
        store.write();
        let connection = store.connection.as_ref().unwrap();
        // No page more than there are already.
        let pages: i64 = connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        connection
            .pragma_update(None, "max_page_count", pages)
            .unwrap();
        for id in 0..200 {
            store.take(message(&format!("{id}{}", "0".repeat(200))));
        }
        let said = words(store.write());
        assert!(said.contains("the disk is full"), "{said}");
        // The limit was the connection's: what waited is not lost.
        assert_eq!(store.write(), Some(Event::History(HistoryEvent::Kept)));
        let known = read(&path, &Filter::default()).unwrap();
        assert_eq!(known.messages.len(), 200);
    }

    #[test]
    fn a_newer_file_is_said_once_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let newer = Connection::open(&path).unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        let mut store = Store::new(&path);
        let said = words(store.write());
        assert!(said.contains("newer sidetone"), "{said}");
        store.take(message("1"));
        assert_eq!(store.write(), None);
        assert!(store.waiting.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn everything_is_written_when_the_commands_end() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let (to, commands) = mpsc::channel(64);
        let (events, mut heard) = mpsc::channel(8);
        let settings = Settings { path: path.clone() };
        let tasks = crate::tasks::Tasks::new();
        tasks.spawn_graceful(crate::history::run(settings, commands, events));
        for id in 0..50 {
            to.send(message(&id.to_string())).await.unwrap();
        }
        drop(to);
        tasks.finished().await;
        assert_eq!(heard.recv().await, None);
        let known = read(&path, &Filter::default()).unwrap();
        assert_eq!(known.messages.len(), 50);
    }
}
