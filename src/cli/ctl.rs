//! `sidetone ctl`: speaks to a running client over its control socket.

use std::io;
use std::io::Write;
use std::time::Duration;

use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::time;

use crate::cli::Error;
use crate::cli::chosen;
use crate::cli::chosen::Chosen;
use crate::config::paths::Paths;
use crate::model::account::AccountId;
use crate::model::text;
use crate::runtime::control;
use crate::runtime::control::schema::Answer;
use crate::runtime::control::schema::Ask;
use crate::runtime::control::schema::Request;
use crate::runtime::control::schema::Status;
use crate::runtime::exit::Exit;

/// Steer a running client: for scripts, headset buttons and status lines.
#[derive(Debug, clap::Args)]
#[command(after_help = SCHEMA)]
pub struct Args {
    /// The client with this process id; without it the one started last.
    #[arg(long, value_name = "PID", conflicts_with = "account")]
    pub process: Option<u32>,

    /// The client that has this account of yours in front.
    #[command(flatten)]
    pub chosen: Chosen,

    #[command(subcommand)]
    pub ask: What,
}

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Send a message to the thread in front.
    Send { text: Vec<String> },
    /// Do a line as if it were typed: text, or a slash command.
    Input { line: Vec<String> },
    /// Mute, unmute, or without an argument: the other one.
    Mute {
        #[arg(value_parser = ["on", "off"])]
        muted: Option<String>,
    },
    /// Begin or end talking where push to talk is on; without an argument: the other one.
    Talk {
        #[arg(value_parser = ["on", "off"])]
        talking: Option<String>,
    },
    /// Print the state as one JSON object.
    Status,
    /// Leave the call.
    Leave,
    /// Print what happens, one JSON object a line, until interrupted.
    Subscribe,
}

const SCHEMA: &str = "\
The socket is $XDG_RUNTIME_DIR/sidetone/PID.sock (latest.sock: the client started last), for its owner alone.
It speaks JSON, one object a line. Requests, with any number as id:
  {\"id\":1,\"do\":\"send\",\"text\":\"yes\"}      {\"id\":2,\"do\":\"input\",\"line\":\"/raise\"}
  {\"id\":3,\"do\":\"mute\",\"muted\":true}      {\"id\":4,\"do\":\"mute\"}  (the other one)
  {\"id\":5,\"do\":\"status\"}                  {\"id\":6,\"do\":\"leave\"}
  {\"id\":7,\"do\":\"subscribe\"}                {\"id\":8,\"do\":\"talk\",\"on\":true}
Answers: {\"id\":1,\"ok\":true}, {\"id\":3,\"ok\":false,\"error\":\"…\"}, {\"id\":5,\"ok\":true,\"status\":{…}}.
Events after subscribe: announcement, message, notice, call, mute, missed; each with its name in \"event\".";

impl What {
    fn into_ask(self) -> Ask {
        match self {
            Self::Send { text } => Ask::Send {
                text: text.join(" "),
            },
            Self::Input { line } => Ask::Input {
                line: line.join(" "),
            },
            Self::Mute { muted } => Ask::Mute {
                muted: muted.map(|word| word == "on"),
            },
            Self::Talk { talking } => Ask::Talk {
                on: talking.map(|word| word == "on"),
            },
            Self::Status => Ask::Status,
            Self::Leave => Ask::Leave,
            Self::Subscribe => Ask::Subscribe,
        }
    }
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let paths = Paths::find().ok_or_else(|| Error::Input("there is no home folder".to_owned()))?;
    let account = args.chosen.id(&chosen::known(Some(&paths))?)?;
    let stream = match account {
        Some(account) => running_as(&paths, &account).await?,
        None => control::connect(&paths, args.process)
            .await
            .map_err(|source| match args.process {
                Some(id) => Error::NoSuchProcess { id, source },
                None => Error::NobodyRuns(source),
            })?,
    };
    let ask = args.ask.into_ask();
    let goes_on = ask == Ask::Subscribe;
    converse(stream, &Request { id: 1, ask }, goes_on).await
}

/// The client that has the account in front, by its own word.
async fn running_as(paths: &Paths, account: &AccountId) -> Result<UnixStream, Error> {
    for mut stream in control::connect_all(paths).await {
        let asked = time::timeout(PATIENCE, status(&mut stream)).await;
        if matches!(asked, Ok(Ok(Some(told))) if told.account.as_deref() == Some(account.as_str()))
        {
            return Ok(stream);
        }
    }
    Err(Error::Refused(format!(
        "no running sidetone has {} in front",
        text::name(account.name())
    )))
}

async fn status(stream: &mut UnixStream) -> io::Result<Option<Status>> {
    let ask = Ask::Status;
    let mut line = serde_json::to_vec(&Request { id: 1, ask })?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    Ok(serde_json::from_str::<Answer>(&answer)?.status)
}

/// For a client that has hung up itself.
const PATIENCE: Duration = Duration::from_secs(2);

async fn converse(stream: UnixStream, request: &Request, goes_on: bool) -> Result<Exit, Error> {
    let (reader, mut writer) = stream.into_split();
    let mut line = serde_json::to_vec(request).map_err(|error| Error::Ask(error.into()))?;
    line.push(b'\n');
    writer.write_all(&line).await.map_err(Error::Ask)?;
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await.map_err(Error::Ask)? {
        let Ok(answer) = serde_json::from_str::<Answer>(&line) else {
            print(&line).map_err(Error::Print)?;
            continue;
        };
        if let Some(why) = answer.error {
            return Err(Error::Refused(why));
        }
        if let Some(status) = answer.status {
            let status =
                serde_json::to_string(&status).map_err(|error| Error::Ask(error.into()))?;
            print(&status).map_err(Error::Print)?;
        }
        if !goes_on {
            return Ok(Exit::Done);
        }
    }
    Ok(Exit::Done)
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
