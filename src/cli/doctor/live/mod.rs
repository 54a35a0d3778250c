//! `sidetone doctor --live LINK`: what only a real meeting can tell of the vendor's SDK.
//!
//! Joins muted after asking, says what it does while it does it, and writes what it found to a file
//! that can be sent to somebody: no name, no token, no id, nothing that anybody said or wrote.

mod facts;
mod report;

use std::path::PathBuf;

use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;

use crate::call::bridge;
use crate::call::bridge::trial;
use crate::call::bridge::trial::Step;
use crate::call::bridge::trial::Told;
use crate::cli::Error;
use crate::cli::chosen::Chosen;
use crate::cli::doctor::Row;
use crate::cli::doctor::Verdict;
use crate::cli::join;
use crate::cli::join::Joining;
use crate::cli::opening;
use crate::cli::session::ViewArgs;
use crate::clock::Clock;
use crate::config::paths;
use crate::config::paths::Paths;
use crate::model::account::AccountKind;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::model::notice::NoticeKind;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;
use crate::tasks::Tasks;
use crate::view::phrase;

#[derive(Debug, clap::Args)]
pub struct LiveArgs {
    /// Join this meeting at Microsoft, muted and after asking, and find out what only it can tell.
    #[arg(long = "live", value_name = "LINK")]
    pub live: Option<String>,

    /// The passcode printed beside a meeting id.
    #[arg(long, value_name = "PASSCODE", requires = "live")]
    pub passcode: Option<String>,

    /// The name others see in the meeting.
    #[arg(long, value_name = "NAME", requires = "live")]
    pub name: Option<String>,

    /// The service that gives tokens, where no account does.
    #[arg(long, value_name = "URL", requires = "live")]
    pub endpoint: Option<String>,

    /// A file with an access token, where no account gets one.
    #[arg(
        long,
        value_name = "FILE",
        requires = "live",
        conflicts_with = "account"
    )]
    pub token_file: Option<PathBuf>,

    /// A certificate authority (PEM) to trust besides the system's.
    #[arg(long, value_name = "FILE", requires = "live")]
    pub ca: Option<PathBuf>,

    /// Let the browser have no microphone at all.
    #[arg(long, requires = "live")]
    pub without_microphone: bool,

    /// Where the report goes; a new file in the state folder unless told.
    #[arg(long, value_name = "FILE", requires = "live")]
    pub report: Option<PathBuf>,

    /// Join without asking.
    #[arg(long, requires = "live")]
    pub yes: bool,
}

impl LiveArgs {
    pub(super) const fn is_asked(&self) -> bool {
        self.live.is_some()
    }
}

pub(super) async fn run(args: LiveArgs, chosen: Chosen) -> Result<Exit, Error> {
    let joining = join::find(join::Args {
        locator: args.live.into_iter().collect(),
        passcode: args.passcode,
        endpoint: args.endpoint,
        token_file: args.token_file,
        chosen,
        ca: args.ca,
        view: ViewArgs {
            name: args.name,
            ..ViewArgs::default()
        },
    })
    .await?;
    let Joining {
        prepared,
        identity,
        destination,
    } = joining;
    let browser = bridge::find(prepared.config.browser.as_deref());
    let sdk = opening::sdk(prepared.paths.as_ref());
    if let Some(missing) = missing(browser.is_some(), sdk.is_file()) {
        say(&missing.line("live"))?;
        return Ok(Exit::Problem);
    }
    let locator = destination.locator.clone();
    let locator = locator.ok_or_else(|| Error::Input("there is no meeting to join".to_owned()))?;
    let wish = trial::wish(
        opening::identity_of(identity.kind),
        &prepared.name,
        &locator,
    );
    let wish = wish.map_err(Error::Input)?;
    if !agreed(&prepared.name, identity.kind, args.yes)? {
        say("Nothing was joined.")?;
        return Ok(Exit::Refused);
    }
    let tasks = Tasks::new();
    let destination = opening::ready(destination, tasks.clone()).await;
    let destination = destination.map_err(|failure| Error::Token(words(&failure)))?;
    let calling = opening::calling(&identity, destination, &tasks);
    let (tokens, local) = calling.ok_or_else(|| {
        Error::Input("this account can chat, and has nothing to call with".to_owned())
    })?;
    let settings = trial::Settings {
        tokens,
        sdk,
        browser,
        local,
        has_microphone: !args.without_microphone,
        tasks: tasks.clone(),
    };
    let (told, telling) = mpsc::channel(16);
    let (found, ()) = tokio::join!(
        trial::run(settings, wish, told, stopped()),
        tell(telling, args.without_microphone)
    );
    tasks.stop();
    tasks.finished().await;
    let found = match found {
        Ok(found) => found,
        Err(because) => {
            say(&Row::problem(phrase_of(&because)).line("live"))?;
            return Ok(Exit::Problem);
        }
    };
    let rows = facts::rows(&found, args.without_microphone);
    let lines: Vec<String> = rows
        .iter()
        .map(|(number, row)| row.line(&format!("live {number}")))
        .collect();
    for line in &lines {
        say(line)?;
    }
    let text = report::text(&found, &lines, identity.kind, Clock.utc());
    let path = write(args.report, prepared.paths.as_ref(), &text)?;
    say(&format!(
        "What was found is in {}, which only you can read. It has no name, no token, no id and nothing that anybody \
         said or wrote; read it before you send it to somebody.",
        path.display()
    ))?;
    let wrong = rows.iter().any(|(_, row)| row.verdict == Verdict::Problem);
    Ok(if wrong { Exit::Problem } else { Exit::Done })
}

fn missing(browser: bool, sdk: bool) -> Option<Row> {
    if !browser {
        return Some(
            Row::problem("no Chromium and no Chrome was found: calls at Microsoft need one")
                .mend("install chromium, or set browser in the settings"),
        );
    }
    (!sdk).then(|| {
        Row::problem("the vendor's calling SDK is not installed").mend("sidetone setup calls")
    })
}

/// Says what is going to happen, and asks.
fn agreed(name: &str, kind: AccountKind, yes: bool) -> Result<bool, Error> {
    let who = match kind {
        AccountKind::External => "an external user",
        AccountKind::Teams => "a Teams user",
    };
    say(&format!(
        "This joins the meeting as {name}, {who}, muted; once more if you are refused in the lobby. Others see you there, \
         one reaction (like), and one line of real-time text: \"{}\". It sends no sound, keeps nothing that is said or \
         written, measures only how loud it is, and never agrees to be recorded: if that is asked for, it leaves it \
         unanswered.",
        trial::TRIED
    ))?;
    say(
        "It takes up to ten minutes; minutes in the lobby and in the call cost the owner of the resource money. \
         Ctrl-C leaves.",
    )?;
    if yes {
        return Ok(true);
    }
    if !terminal::Terminal::is_present() {
        return Err(Error::Input(
            "nobody is here to agree to joining; --yes does without asking".to_owned(),
        ));
    }
    let typed = terminal::ask("Join now? Type yes or no: ").map_err(Error::Ask)?;
    Ok(typed.trim() == "yes")
}

async fn tell(mut telling: mpsc::Receiver<Told>, without_microphone: bool) {
    while let Some(told) = telling.recv().await {
        let line = match told {
            Told::Step(step) => sentence(step, without_microphone).to_owned(),
            Told::NoToken(failure) => words(&failure),
        };
        // Where nobody reads, the report is what counts.
        let _ = say(&line);
    }
}

const fn sentence(step: Step, without_microphone: bool) -> &'static str {
    match step {
        Step::Loaded => "The page is there. Asking what the browser is, which takes a while.",
        Step::SignedIn => "Signed in to calls.",
        Step::Joining => "Joining, muted.",
        Step::InLobby { again: false } if without_microphone => {
            "In the lobby. Let it in, please; four minutes are left."
        }
        Step::InLobby { again: false } => {
            "In the lobby. Refuse it now, and fact 8 is settled: it comes once more. Let in at once, fact 8 stays open. \
             Four minutes are left."
        }
        Step::InLobby { again: true } => {
            "In the lobby again. Now let it in, please; four minutes are left."
        }
        Step::Denied => "Refused in the lobby.",
        Step::Connected => {
            "Connected. Somebody should speak now for ten seconds; only how loud it is is measured."
        }
        Step::Trying => "Showing one reaction, and one line of real-time text.",
        Step::Leaving => "Leaving the call.",
        Step::GaveUp => "Nothing came in time; going on without.",
        Step::Notice { kind, active } => match (kind, active) {
            (NoticeKind::Recording, true) => "Notice: this meeting is being recorded.",
            (NoticeKind::Recording, false) => "Notice: recording stopped.",
            (NoticeKind::Transcription, true) => "Notice: this meeting is being transcribed.",
            (NoticeKind::Transcription, false) => "Notice: transcription stopped.",
        },
    }
}

/// The person wants it to end, in whichever way that is said.
async fn stopped() {
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn write(chosen: Option<PathBuf>, paths: Option<&Paths>, report: &str) -> Result<PathBuf, Error> {
    let path = match (chosen, paths) {
        (Some(path), _) => path,
        (None, Some(paths)) => {
            let at = Clock.utc().as_millis();
            paths.state.join(format!("doctor-live-{at}.txt"))
        }
        (None, None) => {
            return Err(Error::Input(
                "there is no home folder; --report names a file".to_owned(),
            ));
        }
    };
    paths::create_private(&path, report.as_bytes()).map_err(|error| {
        Error::Input(format!(
            "the report could not be written to {}: {error}; --report names another, new file",
            path.display()
        ))
    })?;
    Ok(path)
}

fn words(failure: &Failure) -> String {
    text::line(&phrase::failure(failure))
}

fn phrase_of(because: &Because) -> String {
    text::line(&phrase::briefly(because))
}

fn say(line: &str) -> Result<(), Error> {
    terminal::tell(line).map_err(Error::Print)
}
