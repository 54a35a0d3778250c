//! `sidetone token-service`: the reference token service for real deployments.
//!
//! Prints one line of JSON when it is ready, and nothing else:
//!
//! ```json
//! {"url":"https://192.0.2.1:8480","operatorUrl":"http://127.0.0.1:8481"}
//! ```

use std::env;
use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::tasks::Tasks;
use crate::token_service;
use crate::token_service::ConfigError;
use crate::token_service::Invited;
use crate::token_service::Places;
use crate::token_service::Running;
use crate::token_service::SecretError;
use crate::token_service::config::Config;
use crate::wire::acs::identity::Scope;

/// Give people tokens for a resource whose secret only this service holds.
#[derive(Debug, Clone, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub act: Option<Act>,

    #[command(flatten)]
    pub serve: Serve,
}

#[derive(Debug, Clone, clap::Args)]
pub struct Serve {
    /// The settings (TOML).
    #[arg(long, value_name = "FILE", required_unless_present = "example")]
    pub config: Option<PathBuf>,

    /// The file with the resource's connection string; only you may be able to read it (0600).
    /// The variable `SIDETONE_CONNECTION_STRING_FILE` may name it as well.
    #[arg(long, value_name = "FILE")]
    pub connection_string_file: Option<PathBuf>,

    /// Print commented settings with every default, and end.
    #[arg(long)]
    pub example: bool,
}

#[derive(Debug, Clone, clap::Subcommand)]
pub enum Act {
    Invite(Invite),
}

/// Make invitation codes and print them, one a line; nobody can print them again.
#[derive(Debug, Clone, clap::Args)]
pub struct Invite {
    /// The settings (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// How many.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,

    /// How long they are good.
    #[arg(long, value_name = "HOURS", default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=8784))]
    pub hours: u32,

    /// The scopes they allow, separated by commas; without it what the settings allow.
    #[arg(long, value_name = "SCOPES", value_delimiter = ',')]
    pub scopes: Vec<String>,

    /// Who they are for, in your words; kept beside them.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Why there is no token service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("nobody knows the scope {0}")]
    Scope(String),
    #[error("could not start the token service")]
    Start(#[from] token_service::Error),
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    #[error("could not write the answer")]
    Print(#[source] io::Error),
}

pub async fn run(args: Args) -> Result<(), Error> {
    match args.act {
        Some(Act::Invite(invite)) => make_invitations(invite).await,
        None if args.serve.example => print(token_service::EXAMPLE).map_err(Error::Print),
        None => serve(args.serve).await,
    }
}

/// Serves until SIGTERM or SIGINT.
async fn serve(args: Serve) -> Result<(), Error> {
    log_to_standard_error();
    let config = Config::read(&args.config.unwrap_or_default())?;
    let places = Places {
        file: args
            .connection_string_file
            .or_else(|| variable("SIDETONE_CONNECTION_STRING_FILE"))
            .or_else(|| config.connection_string_file.clone()),
        credentials: variable("CREDENTIALS_DIRECTORY"),
    };
    let secret = token_service::connection_string(&places)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let tasks = Tasks::new();
    let running = token_service::start(config, secret, tasks.clone()).await?;
    print(&ready_line(&running)).map_err(Error::Print)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tasks.stop();
    // Answers under way get a moment; a peer that never reads gets no more than that.
    let _ = tokio::time::timeout(FAREWELL, tasks.finished()).await;
    Ok(())
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

async fn make_invitations(invite: Invite) -> Result<(), Error> {
    let config = Config::read(&invite.config)?;
    let scopes: Vec<_> = invite.scopes.into_iter().map(Scope::from).collect();
    if let Some(Scope::Unknown(name)) = scopes.iter().find(|s| matches!(s, Scope::Unknown(_))) {
        return Err(Error::Scope(name.clone()));
    }
    let made = Clock.utc();
    let millis = i64::from(invite.hours) * 60 * 60 * 1000;
    let invited = Invited {
        made,
        expires: Timestamp::from_millis(made.as_millis().saturating_add(millis)),
        scopes: (!scopes.is_empty()).then_some(scopes),
        note: invite.note,
    };
    let mut text = String::new();
    for code in token_service::invite(&config, &invited, invite.count).await? {
        text.push_str(code.as_str());
        text.push('\n');
    }
    print(&text).map_err(Error::Print)
}

fn ready_line(running: &Running) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Ready<'a> {
        url: &'a str,
        operator_url: Option<String>,
    }
    let ready = Ready {
        url: &running.url,
        operator_url: running.operator.map(|at| format!("http://{at}")),
    };
    let mut line = serde_json::to_string(&ready).unwrap_or_default();
    line.push('\n');
    line
}

/// What went wrong, for the journal of who runs it; never what was sent.
fn log_to_standard_error() {
    let filter = EnvFilter::new("warn,sidetone=info");
    // Another subscriber, of whoever runs this in a program of their own, stays.
    let _ = fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(io::stderr)
        .try_init();
}

/// At once: who started us waits for it, possibly through a pipe.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

const FAREWELL: Duration = Duration::from_secs(4);
