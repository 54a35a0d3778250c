//! `sidetone join`: a meeting or a chat thread at any endpoint.

use std::path::PathBuf;

use url::Url;

use crate::cli::Error;
use crate::cli::chosen::Chosen;
use crate::cli::join_as;
use crate::cli::opening;
use crate::cli::opening::CallWay;
use crate::cli::opening::ChatWay;
use crate::cli::opening::Destination;
use crate::cli::session;
use crate::cli::session::Prepared;
use crate::cli::session::ViewArgs;
use crate::config::Calls;
use crate::config::Entry;
use crate::identity::Source;
use crate::identity::signed_in::SignedIn;
use crate::model::account::Account;
use crate::model::account::AccountKind;
use crate::model::locator::Locator;
use crate::model::locator::MeetingHost;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;

/// Join a meeting, or open a chat thread.
#[derive(Debug, clap::Args)]
#[command(after_help = session::WITHOUT_A_TERMINAL)]
pub struct Args {
    /// A meeting link, a meeting id, or a thread id.
    #[arg(required = true, value_name = "LINK|ID|THREAD")]
    pub locator: Vec<String>,

    /// The passcode printed beside a meeting id; asked for when it is missing.
    #[arg(long, value_name = "PASSCODE")]
    pub passcode: Option<String>,

    /// The service: https://… , or http:// on this machine.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,

    /// A file with an access token; without one the service is asked for a guest's.
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    pub token_file: Option<PathBuf>,

    /// Who to join as; asked for where there are several.
    #[command(flatten)]
    pub chosen: Chosen,

    /// A certificate authority (PEM) to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    #[command(flatten)]
    pub view: ViewArgs,
}

impl Args {
    fn entries(&self) -> Vec<Entry> {
        let text = |path: &PathBuf| path.display().to_string();
        [
            ("endpoint", self.endpoint.clone(), "--endpoint"),
            (
                "token_file",
                self.token_file.as_ref().map(text),
                "--token-file",
            ),
            ("ca", self.ca.as_ref().map(text), "--ca"),
        ]
        .into_iter()
        .filter_map(|(key, value, flag)| Some(Entry::flag(key, value?, flag)))
        .collect()
    }
}

/// Who joins what, by which way.
pub(super) struct Joining {
    pub(super) prepared: Prepared,
    pub(super) identity: Account,
    pub(super) destination: Destination,
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let joining = find(args).await?;
    Box::pin(session::run(joining.prepared, joining.identity, |tasks| {
        opening::ready(joining.destination, tasks)
    }))
    .await
}

/// Reads settings, accounts and what was asked for; asks what is missing.
pub(super) async fn find(args: Args) -> Result<Joining, Error> {
    let mut prepared = session::prepare(&args.view, args.entries())?;
    prepared.know_accounts()?;
    let words = args.locator.join(" ");
    let account = join_as::choose(&mut prepared, &args.chosen, &words).await?;
    if let (Some(account), None) = (&account, &args.view.name) {
        prepared.name.clone_from(&account.record.display_name);
    }
    let config = &prepared.config;
    let of_account = account
        .as_ref()
        .and_then(|account| account.record.endpoint.as_ref());
    let endpoint = of_account.map(Url::as_str).or(config.endpoint.as_deref());
    one_only(&args.locator, endpoint)?;
    let locator =
        Locator::parse(&words, endpoint).map_err(|refusal| Error::Input(format!("{refusal}.")))?;
    joinable(&locator)?;
    let Some(endpoint) = endpoint else {
        if let Locator::Meeting {
            host: MeetingHost::Vendor,
            ..
        } = &locator
        {
            return Err(Error::Input(WHO.to_owned()));
        }
        return Err(Error::Input(
            "which service? Give --endpoint URL, or set endpoint in the settings file.".to_owned(),
        ));
    };
    let endpoint = session::endpoint(endpoint)?;
    let way = way_in(&prepared, account, endpoint)?;
    let locator = with_passcode(locator, args.passcode)?;
    let destination = Destination {
        source: way.source,
        calls: call_way(&locator, config.calls, way.local),
        locator: Some(locator),
        person: None,
        ca: way.ca,
        chat: way.chat,
    };
    Ok(Joining {
        prepared,
        identity: way.identity,
        destination,
    })
}

/// As whom a service is reached, and over what.
pub(super) struct WayIn {
    pub(super) identity: Account,
    pub(super) source: Source,
    pub(super) chat: ChatWay,
    pub(super) ca: Option<PathBuf>,
    /// It is a service of this machine.
    pub(super) local: bool,
}

/// With an account, a token that somebody else got, or as a guest.
pub(super) fn way_in(
    prepared: &Prepared,
    account: Option<SignedIn>,
    endpoint: Url,
) -> Result<WayIn, Error> {
    let config = &prepared.config;
    let local = endpoint.host_str().is_some_and(session::is_loopback);
    let identity = match &account {
        Some(account) => session::signed_in(&account.record, local),
        None => session::guest(prepared, local),
    };
    let ca = account
        .as_ref()
        .and_then(|account| account.record.ca.clone());
    let ca = config.ca.clone().or(ca);
    let (source, chat) = match (account, &config.token_file) {
        (Some(account), _) => {
            may_call(&account)?;
            opening::of_account(account)
        }
        (None, Some(path)) if !path.is_file() => {
            return Err(Error::Token(format!(
                "there is no token file {}; --token-file names a file with an access token in it",
                path.display()
            )));
        }
        (None, Some(path)) => {
            let source = Source::File {
                path: path.clone(),
                endpoint,
            };
            (source, ChatWay::Acs)
        }
        (None, None) => {
            let source = Source::Service {
                service: endpoint,
                display_name: prepared.name.clone(),
            };
            (source, ChatWay::Acs)
        }
    };
    Ok(WayIn {
        identity,
        source,
        chat,
        ca,
        local,
    })
}

/// To join, a Teams user needs something to call with.
fn may_call(account: &SignedIn) -> Result<(), Error> {
    let record = &account.record;
    if record.kind() == AccountKind::Teams && record.token_service().is_none() {
        let name = text::name(&record.name);
        return Err(Error::Input(format!(
            "{name} can chat, but calls need a token service that exchanges its tokens: sidetone accounts add {name} \
             --teams --token-service URL"
        )));
    }
    Ok(())
}

/// An id may be typed with blanks and an invitation has many words; two meetings are something else.
fn one_only(words: &[String], endpoint: Option<&str>) -> Result<(), Error> {
    let leads = |word: &&String| Locator::parse(word, endpoint).is_ok();
    let is_link = |word: &&String| word.contains("://") || word.starts_with("19:");
    let links = words.iter().filter(is_link).filter(leads).count();
    let each = words.iter().filter(leads).count() == words.len();
    if links > 1 || words.len() > 1 && each {
        return Err(Error::Input(format!(
            "join goes to one meeting or thread, and {} were given; join each in a terminal of its own.",
            links.max(2)
        )));
    }
    Ok(())
}

/// Only a service like ours speaks our own way.
const fn call_way(locator: &Locator, chosen: Calls, local: bool) -> CallWay {
    match (chosen, locator) {
        (
            Calls::Auto,
            Locator::Meeting {
                host: MeetingHost::Own,
                ..
            }
            | Locator::Thread(_),
        ) => CallWay::Native,
        (Calls::Auto, Locator::MeetingId { .. }) if local => CallWay::Native,
        _ => CallWay::Bridge,
    }
}

/// Says what is still missing for what is understood but cannot be joined yet.
fn joinable(locator: &Locator) -> Result<(), Error> {
    let missing = match locator {
        Locator::Person(_) => "this is a person or a phone number: sidetone call calls them.",
        Locator::Meeting { .. }
        | Locator::MeetingId { .. }
        | Locator::GroupCall(_)
        | Locator::Room(_)
        | Locator::Thread(_) => return Ok(()),
    };
    Err(Error::Input(missing.to_owned()))
}

/// A meeting id wants a passcode; where one is missing and somebody sits here, it is asked for.
fn with_passcode(locator: Locator, given: Option<String>) -> Result<Locator, Error> {
    let asks = matches!(&locator, Locator::MeetingId { passcode: None, .. });
    if given.is_some() || !asks || !terminal::Terminal::is_present() {
        return Ok(locator.with_passcode(given));
    }
    let typed = terminal::ask_hidden("Passcode of the meeting (hidden; Enter if it has none): ")
        .map_err(Error::Ask)?;
    let typed = Some(typed.trim().to_owned()).filter(|passcode| !passcode.is_empty());
    Ok(locator.with_passcode(typed))
}

/// Nobody joins a meeting at Microsoft without a token.
const WHO: &str = "this is a meeting at Microsoft, which you join as somebody: sidetone accounts add NAME --token-service URL signs \
                   in (as a Teams user with --teams), or give --endpoint URL and --token-file FILE; sidetone setup calls \
                   installs what calls there need";
