//! `sidetone doctor`: what is well, what is worth knowing and what is wrong, each with what mends it.
//!
//! A check is a function from `Context` to rows and a line of `CHECKS`.

mod accounts;
mod calls;
mod files;
pub mod live;
mod service;
mod sound;
mod terminal;

use std::future::ready;
use std::pin::Pin;

use serde::Serialize;

use crate::cli::Error;
use crate::cli::chosen;
use crate::cli::chosen::Chosen;
use crate::cli::session;
use crate::config;
use crate::config::Config;
use crate::config::Surroundings;
use crate::config::paths::Paths;
use crate::identity::accounts::Accounts;
use crate::identity::accounts::Record;
use crate::runtime::exit::Exit;
use crate::runtime::terminal as screen;

/// Check this machine, the settings and the service, and say what mends what is wrong.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As one JSON object.
    #[arg(long, conflicts_with = "live")]
    pub json: bool,

    /// One of your accounts: whether it gets a token, and whether its service answers.
    #[command(flatten)]
    pub chosen: Chosen,

    #[command(flatten)]
    pub live: live::LiveArgs,
}

/// In the order in which they are told.
const CHECKS: &[(&str, Check)] = &[
    ("version", |_| Box::pin(ready(version()))),
    ("terminal", |c| Box::pin(ready(terminal::kind(c)))),
    ("colour", |c| Box::pin(ready(terminal::colour(c)))),
    ("letters", |c| Box::pin(ready(terminal::letters(c)))),
    ("keys", |_| Box::pin(terminal::keys())),
    ("tmux", |c| Box::pin(ready(terminal::multiplexer(c)))),
    ("settings", |c| Box::pin(ready(files::settings(c)))),
    ("files", |c| Box::pin(ready(files::private(c)))),
    ("accounts", |c| Box::pin(accounts::signed_in(c))),
    ("sound", |c| Box::pin(sound::devices(c))),
    ("calls", |c| Box::pin(calls::parts(c))),
    ("service", |c| Box::pin(service::answers(c))),
];

type Check = for<'a> fn(&'a Context) -> Pin<Box<dyn Future<Output = Vec<Row>> + 'a>>;

/// What checks look at. Read once.
struct Context {
    surroundings: Surroundings,
    paths: Option<Paths>,
    config: Result<Config, config::Error>,
    accounts: Result<Accounts, Error>,
    /// The one that is asked about.
    account: Option<Record>,
}

impl Context {
    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.surroundings.variables.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }
}

/// One thing that was found out.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    verdict: Verdict,
    /// A sentence without its full stop.
    text: String,
    /// A command, or what else mends it.
    mend: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// Worth knowing; everything else works.
    Note,
    Problem,
}

impl Row {
    fn ok(text: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, text, None)
    }

    fn note(text: impl Into<String>) -> Self {
        Self::new(Verdict::Note, text, None)
    }

    fn problem(text: impl Into<String>) -> Self {
        Self::new(Verdict::Problem, text, None)
    }

    fn new(verdict: Verdict, text: impl Into<String>, mend: Option<String>) -> Self {
        Self {
            verdict,
            text: text.into(),
            mend,
        }
    }

    fn mend(mut self, command: impl Into<String>) -> Self {
        self.mend = Some(command.into());
        self
    }

    fn line(&self, check: &str) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Problem => "problem",
        };
        let mend = self.mend.as_ref();
        let mend = mend.map_or_else(String::new, |mend| format!(". To mend: {mend}"));
        format!("{verdict}, {check}: {}{mend}", self.text)
    }
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    if args.live.is_asked() {
        return Box::pin(live::run(args.live, args.chosen)).await;
    }
    let surroundings = session::surroundings();
    let paths = Paths::find();
    let accounts = chosen::known(paths.as_ref());
    let account = match &accounts {
        Ok(known) => args.chosen.record(known)?.cloned(),
        Err(_) => None,
    };
    let context = Context {
        config: Config::load(paths.as_ref(), &surroundings, Vec::new()),
        accounts,
        account,
        paths,
        surroundings,
    };
    let mut told = Vec::new();
    for (name, check) in CHECKS {
        for row in check(&context).await {
            if !args.json {
                screen::print(&row.line(name)).map_err(Error::Print)?;
            }
            told.push((*name, row));
        }
    }
    let problems = told
        .iter()
        .filter(|(_, row)| row.verdict == Verdict::Problem)
        .count();
    let last = if args.json {
        json(&told, problems)
    } else {
        conclusion(problems)
    };
    screen::print(&last).map_err(Error::Print)?;
    Ok(if problems == 0 {
        Exit::Done
    } else {
        Exit::Problem
    })
}

fn conclusion(problems: usize) -> String {
    match problems {
        0 => "No problem was found.".to_owned(),
        1 => "One problem was found.".to_owned(),
        n => format!("{n} problems were found."),
    }
}

fn json(told: &[(&str, Row)], problems: usize) -> String {
    #[derive(Serialize)]
    struct Told<'a> {
        problems: usize,
        checks: Vec<Line<'a>>,
    }
    #[derive(Serialize)]
    struct Line<'a> {
        check: &'a str,
        verdict: Verdict,
        text: &'a str,
        mend: Option<&'a str>,
    }
    let lines = told.iter().map(|(check, row)| Line {
        check,
        verdict: row.verdict,
        text: &row.text,
        mend: row.mend.as_deref(),
    });
    let told = Told {
        problems,
        checks: lines.collect(),
    };
    serde_json::to_string(&told).expect("texts and numbers are JSON")
}

fn version() -> Vec<Row> {
    vec![Row::ok(format!("sidetone {}", env!("CARGO_PKG_VERSION")))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_that_begins_with_its_verdict_and_ends_with_what_mends_it() {
        let row = Row::problem("others may read the log").mend("chmod 600 log");
        assert_eq!(
            row.line("files"),
            "problem, files: others may read the log. To mend: chmod 600 log"
        );
        assert_eq!(Row::ok("fine").line("files"), "ok, files: fine");
    }

    #[test]
    fn json_has_the_same_rows() {
        let told = [("sound", Row::note("none").mend("plug it in"))];
        assert_eq!(
            json(&told, 0),
            r#"{"problems":0,"checks":[{"check":"sound","verdict":"note","text":"none","mend":"plug it in"}]}"#
        );
    }

    /// What a check says where only these variables are set.
    pub(super) fn context(variables: &[(&str, &str)], paths: Option<Paths>) -> Context {
        let surroundings = Surroundings {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            terminal: true,
        };
        Context {
            config: Config::load(paths.as_ref(), &surroundings, Vec::new()),
            accounts: chosen::known(paths.as_ref()),
            account: None,
            surroundings,
            paths,
        }
    }
}
