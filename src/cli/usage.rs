//! `sidetone usage`: what calls and messages came to, from the store on this machine.

use serde::Serialize;

use crate::cli::Error;
use crate::cli::chosen;
use crate::cli::chosen::Chosen;
use crate::clock::Timestamp;
use crate::clock::Zone;
use crate::config::paths::Paths;
use crate::history;
use crate::history::By;
use crate::history::Filter;
use crate::history::Line;
use crate::identity::accounts::Accounts;
use crate::model::account::AccountId;
use crate::model::text;
use crate::model::thread::ThreadId;
use crate::model::usage::minutes;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;
use crate::view::phrase;

/// Say how long calls were, how many messages were sent, and what that costs about.
#[derive(Debug, clap::Args)]
#[command(after_help = EXPLAINED)]
pub struct Args {
    /// From this day on, like 2026-11-23.
    #[arg(long, value_name = "DAY")]
    pub since: Option<String>,

    /// Up to this day and with it.
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,

    /// What makes one line.
    #[arg(long, value_enum, default_value_t)]
    pub by: Each,

    /// Of one account alone; of one that is gone, as the list by account names it.
    #[command(flatten)]
    pub chosen: Chosen,

    /// As a table with commas.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// As a JSON array, one line an element.
    #[arg(long)]
    pub json: bool,
}

const EXPLAINED: &str = "\
A call is counted from dialling to its end, waiting in the lobby and hold
included, and belongs to the day on which it began. What it costs is an estimate
with the prices that were set then (price_per_minute, price_per_message,
currency, prices_as_of; `sidetone config` says them). Nothing is metered on a
service of this machine. A running client writes down its call once a minute.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Each {
    #[default]
    Meeting,
    Day,
    Account,
}

impl From<Each> for By {
    fn from(each: Each) -> Self {
        match each {
            Each::Meeting => Self::Meeting,
            Each::Day => Self::Day,
            Each::Account => Self::Account,
        }
    }
}

pub fn run(args: &Args) -> Result<Exit, Error> {
    let paths = Paths::find().ok_or_else(|| Error::Input("there is no home folder".to_owned()))?;
    let known = chosen::known(Some(&paths))?;
    let zone = Zone::local();
    let usage = history::read(&paths.history(), &filter(args, &known, &zone)?)?;
    let lines = history::lines(&usage, args.by.into(), &zone);
    let told = if args.csv {
        csv(&lines)
    } else if args.json {
        json(&lines)
    } else {
        sentences(&lines, args.by, &zone)
    };
    terminal::print(&told).map_err(Error::Print)?;
    Ok(Exit::Done)
}

fn filter(args: &Args, known: &Accounts, zone: &Zone) -> Result<Filter, Error> {
    let filter = Filter {
        since: day(args.since.as_deref(), |day| zone.begin(day))?,
        until: day(args.until.as_deref(), |day| zone.end(day))?,
        account: args.chosen.id(known)?.map(|id| id.as_str().to_owned()),
    };
    match (filter.since, filter.until) {
        (Some(since), Some(until)) if until <= since => Err(Error::Input(
            "the day of --until lies before that of --since".to_owned(),
        )),
        _ => Ok(filter),
    }
}

fn day(
    given: Option<&str>,
    read: impl Fn(&str) -> Option<Timestamp>,
) -> Result<Option<Timestamp>, Error> {
    given
        .map(|text| {
            let wrong = || Error::Input(format!("{text} is no day; write it like 2026-11-23"));
            read(text).ok_or_else(wrong)
        })
        .transpose()
}

fn sentences(lines: &[Line], by: Each, zone: &Zone) -> String {
    if lines.is_empty() {
        return "No call and no message was counted.".to_owned();
    }
    let mut told: Vec<String> = lines.iter().map(|line| sentence(line, by, zone)).collect();
    for currency in currencies(lines) {
        let paid = lines.iter().filter(|line| line.currency == currency);
        let cost = paid.map(|line| line.cost).sum();
        told.push(format!("Together about {}.", amount(cost, currency)));
    }
    told.join("\n")
}

fn currencies(lines: &[Line]) -> Vec<&str> {
    let mut all: Vec<&str> = lines.iter().map(|line| line.currency.as_str()).collect();
    all.retain(|currency| !currency.is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

/// `2026-11-23 10:01 Design review: 13 minutes, 2 of them in the lobby, 3 messages, about 0.05 USD`
fn sentence(line: &Line, by: Each, zone: &Zone) -> String {
    let name = match (by, text::line(&line.name)) {
        (Each::Meeting, name) => {
            let when = format!("{} {}", zone.date(line.first), zone.time(line.first));
            let name = if name.is_empty() {
                "a meeting without a name".to_owned()
            } else {
                name
            };
            format!("{when} {name}")
        }
        (Each::Day | Each::Account, name) => name,
    };
    let mut parts = Vec::new();
    if line.calls > 0 {
        parts.push(span(line.millis));
    }
    if line.lobby >= 1000 {
        parts.push(format!("{} of it in the lobby", span(line.lobby)));
    }
    if line.hold >= 1000 {
        parts.push(format!("{} of it on hold", span(line.hold)));
    }
    if line.messages > 0 {
        parts.push(phrase::count(number(line.messages), "message"));
    }
    parts.push(if line.currency.is_empty() {
        "not metered".to_owned()
    } else {
        format!("about {}", amount(line.cost, &line.currency))
    });
    if line.open > 0 {
        parts.push(format!(
            "no end known, counted up to {}",
            zone.time(line.last)
        ));
    }
    format!("{name}: {}", parts.join(", "))
}

fn span(millis: u64) -> String {
    phrase::duration(millis / 1000)
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Small change is not rounded away.
fn amount(cost: f64, currency: &str) -> String {
    let rounded = format!("{cost:.4}");
    let cents = rounded.strip_suffix("00").unwrap_or(&rounded);
    format!("{cents} {currency}")
}

/// The columns of the table, and the members of each element.
#[derive(Debug, Serialize)]
struct Record<'a> {
    name: &'a str,
    account: Option<&'a str>,
    thread: Option<&'a str>,
    first: String,
    last: String,
    calls: u64,
    calls_without_end: u64,
    participant_minutes: f64,
    lobby_minutes: f64,
    hold_minutes: f64,
    messages: u64,
    metered: bool,
    cost: f64,
    currency: &'a str,
}

impl<'a> From<&'a Line> for Record<'a> {
    fn from(line: &'a Line) -> Self {
        Self {
            name: &line.name,
            account: line.account.as_ref().map(AccountId::as_str),
            thread: line.thread.as_ref().map(ThreadId::as_str),
            first: line.first.to_string(),
            last: line.last.to_string(),
            calls: line.calls,
            calls_without_end: line.open,
            participant_minutes: rounded(minutes(line.millis)),
            lobby_minutes: rounded(minutes(line.lobby)),
            hold_minutes: rounded(minutes(line.hold)),
            messages: line.messages,
            metered: !line.currency.is_empty(),
            cost: rounded(line.cost),
            currency: &line.currency,
        }
    }
}

/// To a millionth: the rest is the noise of adding up.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

fn json(lines: &[Line]) -> String {
    let elements: Vec<String> = lines
        .iter()
        .map(|line| serde_json::to_string(&Record::from(line)).expect("plain values are JSON"))
        .collect();
    if elements.is_empty() {
        return "[]".to_owned();
    }
    format!("[\n{}\n]", elements.join(",\n"))
}

const COLUMNS: &str = "name,account,thread,first,last,calls,calls_without_end,participant_minutes,\
lobby_minutes,hold_minutes,messages,metered,cost,currency";

fn csv(lines: &[Line]) -> String {
    let rows = lines.iter().map(|line| {
        let record = Record::from(line);
        [
            field(record.name),
            field(record.account.unwrap_or_default()),
            field(record.thread.unwrap_or_default()),
            record.first,
            record.last,
            record.calls.to_string(),
            record.calls_without_end.to_string(),
            record.participant_minutes.to_string(),
            record.lobby_minutes.to_string(),
            record.hold_minutes.to_string(),
            record.messages.to_string(),
            record.metered.to_string(),
            record.cost.to_string(),
            field(record.currency),
        ]
        .join(",")
    });
    let all: Vec<String> = std::iter::once(COLUMNS.to_owned()).chain(rows).collect();
    all.join("\n")
}

/// Somebody else's words: one field whatever is in it, and no formula to a spreadsheet.
fn field(words: &str) -> String {
    let words = text::line(words);
    let guard = if words.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    if words.contains([',', '"']) {
        format!("\"{guard}{}\"", words.replace('"', "\"\""))
    } else {
        format!("{guard}{words}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let at = |text| Timestamp::parse(text).unwrap();
        Line {
            name: "Design review".to_owned(),
            account: Some(AccountId::new("external:ada")),
            thread: Some(ThreadId::new("19:design@thread.v2")),
            first: at("2026-11-23T10:01:00Z"),
            last: at("2026-11-23T10:31:00Z"),
            calls: 1,
            open: 0,
            millis: 30 * 60_000,
            lobby: 2 * 60_000,
            hold: 0,
            messages: 3,
            currency: "USD".to_owned(),
            cost: 0.1224,
        }
    }

    #[test]
    fn days_in_the_wrong_order_are_said_to_be_so() {
        let days = |since: &str, until: &str| {
            let args = Args {
                since: Some(since.to_owned()),
                until: Some(until.to_owned()),
                by: Each::Day,
                chosen: Chosen::default(),
                csv: false,
                json: false,
            };
            filter(&args, &Accounts::default(), &Zone::UTC).map(|_| ())
        };
        assert!(days("2026-11-23", "2026-11-23").is_ok());
        let wrong = days("2026-11-30", "2026-11-01").unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "the day of --until lies before that of --since"
        );
    }

    #[test]
    fn a_line_reads_as_a_sentence_with_the_time_first() {
        let told = |line: &Line, by| sentence(line, by, &Zone::UTC);
        assert_eq!(
            told(&line(), Each::Meeting),
            "2026-11-23 10:01 Design review: 30 minutes, 2 minutes of it in the lobby, 3 messages, about 0.1224 USD"
        );
        let free = Line {
            name: "external:ada".to_owned(),
            currency: String::new(),
            lobby: 0,
            open: 1,
            messages: 0,
            ..line()
        };
        assert_eq!(
            told(&free, Each::Account),
            "external:ada: 30 minutes, not metered, no end known, counted up to 10:31"
        );
    }

    #[test]
    fn a_table_holds_any_name_in_one_field_and_no_formula() {
        assert_eq!(
            field("Design, \"second\"\nround"),
            "\"Design, \"\"second\"\" round\""
        );
        assert_eq!(field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        let table = csv(&[line()]);
        let widths: Vec<_> = table.lines().map(|row| row.split(',').count()).collect();
        assert_eq!(widths, [14, 14], "{table}");
        assert!(table.ends_with(",30,2,0,3,true,0.1224,USD"), "{table}");
    }

    #[test]
    fn the_export_is_json_that_a_program_can_read() {
        let read: serde_json::Value = serde_json::from_str(&json(&[line(), line()])).unwrap();
        assert_eq!(read[1]["participant_minutes"], 30.0);
        assert_eq!(read[1]["cost"], 0.1224);
        assert_eq!(read[1]["account"], "external:ada");
        let none: serde_json::Value = serde_json::from_str(&json(&[])).unwrap();
        assert_eq!(none, serde_json::json!([]));
    }

    #[test]
    fn what_is_paid_in_two_currencies_is_not_added_up() {
        let euros = Line {
            currency: "EUR".to_owned(),
            cost: 1.0,
            ..line()
        };
        let told = sentences(&[line(), euros, line()], Each::Account, &Zone::UTC);
        assert!(
            told.ends_with("Together about 1.00 EUR.\nTogether about 0.2448 USD."),
            "{told}"
        );
    }
}
