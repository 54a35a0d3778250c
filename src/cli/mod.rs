//! Subcommands, one file each.

pub mod about;
pub mod accounts;
pub mod call;
pub mod chats;
pub mod chosen;
pub mod config;
pub mod ctl;
pub mod demo;
pub mod devices;
pub mod doctor;
pub mod host;
pub mod join;
mod join_as;
pub mod log;
pub mod notices;
pub mod opening;
mod own_resource;
pub mod session;
pub mod setup;
pub mod token_service;
pub mod usage;

use std::io;

use crate::config::Error as ConfigError;
use crate::history;
use crate::runtime;
use crate::runtime::exit::Exit;

/// Chat and audio calls for meetings, in the terminal.
#[derive(Debug, clap::Parser)]
#[command(name = "sidetone", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Join(join::Args),
    Call(call::Args),
    Chats(chats::Args),
    Accounts(accounts::Args),
    Demo(demo::Args),
    Host(host::Args),
    TokenService(token_service::Args),
    Ctl(ctl::Args),
    Notices(notices::Args),
    Usage(usage::Args),
    Config(config::Args),
    Devices(devices::Args),
    Doctor(doctor::Args),
    Setup(setup::Args),
    /// Say what this is, under which terms, and what lies where on this machine.
    About,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   sidetone doctor found a problem
  2   wrong usage, settings, link, meeting id or passcode
  3   no service or no network
  4   refused, denied in the lobby, or removed; lines from a pipe that were not sent
  5   access token missing, expired or refused
  70  a fault of this program";

/// Why a command did not do what was asked. `main` prints it and its causes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Input(String),
    #[error("{0}")]
    Token(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Host(#[from] host::Error),
    #[error(transparent)]
    TokenService(#[from] token_service::Error),
    #[error(transparent)]
    History(#[from] history::Error),
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
    #[error("no running sidetone answers here; start one with sidetone join or sidetone demo")]
    NobodyRuns(#[source] io::Error),
    #[error(
        "no running sidetone has the process id {id}; without --process the one started last answers"
    )]
    NoSuchProcess {
        id: u32,
        #[source]
        source: io::Error,
    },
    #[error("{0}")]
    Refused(String),
    #[error("could not write the answer")]
    Print(#[source] io::Error),
    #[error("could not ask")]
    Ask(#[source] io::Error),
    #[error("could not open the log file")]
    Log(#[source] io::Error),
}

impl Error {
    pub const fn exit(&self) -> Exit {
        match self {
            Self::NobodyRuns(_)
            | Self::NoSuchProcess { .. }
            | Self::Host(host::Error::Start(_))
            | Self::TokenService(token_service::Error::Start(_)) => Exit::Unreachable,
            Self::Input(_)
            | Self::Config(_)
            | Self::Host(_)
            | Self::TokenService(_)
            | Self::History(_) => Exit::Input,
            Self::Token(_) => Exit::Token,
            Self::Refused(_) => Exit::Refused,
            Self::Runtime(_) | Self::Print(_) | Self::Ask(_) | Self::Log(_) => Exit::Internal,
        }
    }
}

impl Command {
    pub async fn run(self) -> Result<Exit, Error> {
        match self {
            Self::Join(args) => Box::pin(join::run(args)).await,
            Self::Call(args) => Box::pin(call::run(args)).await,
            Self::Accounts(args) => Box::pin(accounts::run(args)).await,
            Self::Chats(args) => Box::pin(chats::run(args)).await,
            Self::Demo(args) => Box::pin(demo::run(args)).await,
            Self::Host(args) => {
                host::run(args).await?;
                Ok(Exit::Done)
            }
            Self::TokenService(args) => {
                Box::pin(token_service::run(args)).await?;
                Ok(Exit::Done)
            }
            Self::Ctl(args) => ctl::run(args).await,
            Self::Notices(args) => notices::run(&args),
            Self::Usage(args) => usage::run(&args),
            Self::Config(args) => config::run(&args),
            Self::Devices(args) => devices::run(args).await,
            Self::Doctor(args) => Box::pin(doctor::run(args)).await,
            Self::Setup(args) => setup::run(&args),
            Self::About => about::run(),
        }
    }
}
