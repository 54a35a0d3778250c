//! `sidetone host`: the embedded service on its own, for tests, demos and other clients.
//!
//! Prints one line of JSON when it is ready, and nothing else; what fails later is a line of
//! the standard error:
//!
//! ```json
//! {"endpoint":"http://127.0.0.1:7711","connectionString":"endpoint=…;accesskey=…",
//!  "controlUrl":"http://127.0.0.1:7711/control","controlKey":"…","caFile":null,
//!  "meeting":{"link":"…","guestLink":"http://127.0.0.1:7711/meet/264183392744150#Mt9xB2N6",
//!             "id":"…","passcode":"…","threadId":"…"},
//!  "entra":{"authority":"http://127.0.0.1:7711","tenant":"…","clientId":"…"}}
//! ```

use std::fs;
use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use directories::ProjectDirs;
use serde::Serialize;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::cli::log;
use crate::service;
use crate::service::MeetingAddress;
use crate::service::Options;
use crate::service::Running;
use crate::service::Seed;
use crate::service::entra;
use crate::tasks::Tasks;

/// Run the local service until it is told to stop.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Serve https, with a certificate authority made for this run and written to a file.
    #[arg(long)]
    pub tls: bool,

    /// A further name or address of this host: clients are told it, and browsers may use it.
    #[arg(long = "host-name", value_name = "NAME")]
    pub host_names: Vec<String>,

    /// Threads and messages to start with (TOML).
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,

    /// Where the key that signs tokens is kept.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Where to keep recordings: while somebody has a meeting recorded, its sound is written to a
    /// file here, readable by you alone. Without it nothing is recorded.
    #[arg(long, value_name = "DIR")]
    pub recordings: Option<PathBuf>,

    /// Enforce the vendor's documented rate limits.
    #[arg(long)]
    pub rate_limits: bool,
}

/// Why the service could not be hosted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read the seed file {path}")]
    ReadSeed {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the seed file {path} is not valid")]
    ParseSeed {
        path: PathBuf,
        #[source]
        source: toml::de::Error,
    },
    #[error("the seed file asks for something the service refuses")]
    Plant(#[source] service::store::Refusal),
    #[error("could not start the service")]
    Start(#[from] service::Error),
    #[error("could not set up the log")]
    Log(#[source] io::Error),
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    #[error("could not write the ready line")]
    Print(#[source] io::Error),
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(args: Args) -> Result<(), Error> {
    log::to_stderr().map_err(Error::Log)?;
    let seed = args.seed.map(read_seed).transpose()?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let tasks = Tasks::new();
    let options = Options {
        listen: args.listen,
        tls: args.tls,
        hosts: args.host_names,
        data: args.data.or_else(data_folder),
        recordings: args.recordings,
        rate_limits: args.rate_limits,
        ..Options::default()
    };
    let running = service::start(options, tasks.clone()).await?;
    if let Some(seed) = seed {
        running.service.plant(seed).map_err(Error::Plant)?;
    }
    print(&ready_line(&running)).map_err(Error::Print)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = tasks.stopped() => {}
    }
    tasks.stop();
    // A peer that never reads must not keep the process alive.
    let _ = tokio::time::timeout(FAREWELL, tasks.finished()).await;
    Ok(())
}

fn read_seed(path: PathBuf) -> Result<Seed, Error> {
    let text = fs::read_to_string(&path).map_err(|source| Error::ReadSeed {
        path: path.clone(),
        source,
    })?;
    Seed::parse(&text).map_err(|source| Error::ParseSeed { path, source })
}

/// `None` where the system names no home: the signing key then lives as long as the run.
fn data_folder() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "sidetone")?;
    Some(folders.data_local_dir().join("service"))
}

fn ready_line(running: &Running) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Ready<'a> {
        endpoint: &'a str,
        connection_string: &'a str,
        control_url: &'a str,
        control_key: &'a str,
        ca_file: Option<&'a PathBuf>,
        meeting: Option<&'a MeetingAddress>,
        entra: Entra<'a>,
    }
    /// Where people of the directory sign in: `{authority}/{tenant}`.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Entra<'a> {
        authority: &'a str,
        tenant: &'a str,
        client_id: &'a str,
    }
    let ready = Ready {
        endpoint: &running.endpoint,
        connection_string: &running.connection_string,
        control_url: &running.control_url,
        control_key: &running.control_key,
        ca_file: running.ca_file.as_ref(),
        meeting: running.meeting.as_ref(),
        entra: Entra {
            authority: &running.endpoint,
            tenant: entra::TENANT,
            client_id: entra::CLIENT,
        },
    };
    serde_json::to_string(&ready).unwrap_or_default()
}

/// One line, at once: who started us waits for it, possibly through a pipe.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

const FAREWELL: Duration = Duration::from_secs(3);
