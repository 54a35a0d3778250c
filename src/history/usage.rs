//! Calls and messages as rows, and back.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;

use crate::clock::Timestamp;
use crate::effect::HistoryCommand;
use crate::history::Error;
use crate::history::schema;
use crate::model::account::AccountId;
use crate::model::message::MessageId;
use crate::model::thread::ThreadId;
use crate::model::usage::CallUsage;
use crate::model::usage::MessageUsage;
use crate::model::usage::Price;

/// What was counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage {
    /// By their start.
    pub calls: Vec<CallUsage>,
    pub messages: Vec<MessageUsage>,
}

/// Which calls and messages: a call is where it began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    pub account: Option<String>,
}

/// Reads what was counted, also while a client counts on.
pub fn read(path: &Path, filter: &Filter) -> Result<Usage, Error> {
    let Some(connection) = schema::look(path)? else {
        return Ok(Usage::default());
    };
    select(&connection, filter).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

fn select(connection: &Connection, filter: &Filter) -> rusqlite::Result<Usage> {
    let since = filter.since.map_or(i64::MIN, Timestamp::as_millis);
    let until = filter.until.map_or(i64::MAX, Timestamp::as_millis);
    let which = params![since, until, filter.account];
    let mut calls = connection.prepare(
        "SELECT run, account, started, seen, ended, lobby, hold, thread, topic,
                metered, price, currency, prices_as_of
         FROM call_usage
         WHERE started >= ?1 AND started < ?2 AND (?3 IS NULL OR account = ?3)
         ORDER BY started, account",
    )?;
    let mut messages = connection.prepare(
        "SELECT account, thread, message, topic, sent, metered, price, currency, prices_as_of
         FROM message_usage
         WHERE sent >= ?1 AND sent < ?2 AND (?3 IS NULL OR account = ?3)
         ORDER BY sent, account",
    )?;
    Ok(Usage {
        calls: calls.query_map(which, call)?.collect::<Result<_, _>>()?,
        messages: messages
            .query_map(which, message)?
            .collect::<Result<_, _>>()?,
    })
}

fn call(row: &Row<'_>) -> rusqlite::Result<CallUsage> {
    Ok(CallUsage {
        run: row.get(0)?,
        account: AccountId::new(&row.get::<_, String>(1)?),
        started: Timestamp::from_millis(row.get(2)?),
        seen: Timestamp::from_millis(row.get(3)?),
        ended: row.get(4)?,
        lobby: unsigned(row.get(5)?),
        hold: unsigned(row.get(6)?),
        thread: row
            .get::<_, Option<String>>(7)?
            .map(|id| ThreadId::new(&id)),
        topic: row.get(8)?,
        price: price(row, 9)?,
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessageUsage> {
    Ok(MessageUsage {
        account: AccountId::new(&row.get::<_, String>(0)?),
        thread: ThreadId::new(&row.get::<_, String>(1)?),
        message: MessageId::new(&row.get::<_, String>(2)?),
        topic: row.get(3)?,
        sent: Timestamp::from_millis(row.get(4)?),
        price: price(row, 5)?,
    })
}

/// The four columns of a price, from that one on.
fn price(row: &Row<'_>, at: usize) -> rusqlite::Result<Price> {
    if !row.get::<_, bool>(at)? {
        return Ok(Price::NotMetered);
    }
    Ok(Price::Metered {
        amount: row.get(at + 1)?,
        currency: row.get(at + 2)?,
        as_of: row.get(at + 3)?,
    })
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes one record. The newer one of a stay replaces the older, never the other way.
pub(super) fn write(connection: &Connection, command: &HistoryCommand) -> rusqlite::Result<()> {
    match command {
        HistoryCommand::Call(usage) => write_call(connection, usage),
        HistoryCommand::Sent(usage) => write_message(connection, usage),
    }
}

fn write_call(connection: &Connection, usage: &CallUsage) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO call_usage VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO UPDATE SET
             seen = max(seen, excluded.seen),
             ended = excluded.ended,
             lobby = excluded.lobby,
             hold = excluded.hold,
             thread = coalesce(excluded.thread, thread),
             topic = iif(excluded.topic = '', topic, excluded.topic),
             metered = excluded.metered,
             price = excluded.price,
             currency = excluded.currency,
             prices_as_of = excluded.prices_as_of
         WHERE NOT call_usage.ended AND (excluded.ended OR excluded.seen >= call_usage.seen)",
    )?;
    insert.execute(params![
        usage.run,
        usage.account.as_str(),
        usage.started.as_millis(),
        usage.seen.as_millis(),
        usage.ended,
        signed(usage.lobby),
        signed(usage.hold),
        usage.thread.as_ref().map(ThreadId::as_str),
        usage.topic,
        usage.price.is_metered(),
        usage.price.times(1.0),
        usage.price.currency(),
        usage.price.as_of(),
    ])?;
    Ok(())
}

fn write_message(connection: &Connection, usage: &MessageUsage) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO message_usage VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO NOTHING",
    )?;
    insert.execute(params![
        usage.account.as_str(),
        usage.thread.as_str(),
        usage.message.as_str(),
        usage.topic,
        usage.sent.as_millis(),
        usage.price.is_metered(),
        usage.price.times(1.0),
        usage.price.currency(),
        usage.price.as_of(),
    ])?;
    Ok(())
}
