//! `sidetone chats`: the chats of a work account, through Microsoft Graph or what speaks like it.

use std::path::Path;
use std::path::PathBuf;

use url::Url;

use crate::cli::Error;
use crate::cli::chosen::Chosen;
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
use crate::identity::accounts::Accounts;
use crate::identity::accounts::Record;
use crate::identity::accounts::Way;
use crate::model::account::Account;
use crate::model::account::AccountKind;
use crate::runtime::exit::Exit;

/// Chat with a work account: Teams chats, channels, people and presence.
#[derive(Debug, clap::Args)]
#[command(after_help = session::WITHOUT_A_TERMINAL)]
pub struct Args {
    /// One of your work accounts; else the one in use.
    #[command(flatten)]
    pub chosen: Chosen,

    /// A service that speaks like Microsoft Graph: https://… , or http:// on this machine.
    #[arg(long, value_name = "URL", requires = "token_file")]
    pub endpoint: Option<String>,

    /// A file with an access token for Microsoft Graph.
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    pub token_file: Option<PathBuf>,

    /// A certificate authority (PEM) to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    #[command(flatten)]
    pub view: ViewArgs,
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let ca = args.ca.as_ref().map(|path| path.display().to_string());
    let entries = ca.map(|path| Entry::flag("ca", path, "--ca"));
    let mut prepared = session::prepare(&args.view, entries.into_iter().collect())?;
    prepared.know_accounts()?;
    let (account, source, chat) = match &args.token_file {
        Some(path) => by_token(&args, path, &prepared)?,
        None => by_account(&args, &mut prepared).await?,
    };
    let destination = Destination {
        source,
        locator: None,
        person: None,
        calls: match prepared.config.calls {
            Calls::Auto if account.local => CallWay::Native,
            Calls::Auto | Calls::Bridge => CallWay::Bridge,
        },
        ca: prepared.config.ca.clone(),
        chat,
    };
    Box::pin(session::run(prepared, account, |_| async {
        Ok(destination)
    }))
    .await
}

/// With a token that somebody else got.
fn by_token(
    args: &Args,
    path: &Path,
    prepared: &Prepared,
) -> Result<(Account, Source, ChatWay), Error> {
    if !path.is_file() {
        return Err(Error::Token(format!(
            "there is no token file {}; --token-file names a file with an access token in it",
            path.display()
        )));
    }
    let endpoint = session::endpoint(args.endpoint.as_deref().unwrap_or(GRAPH))?;
    let local = endpoint.host_str().is_some_and(session::is_loopback);
    let feed = opening::feed(&endpoint);
    // The service of this machine takes guests into its meetings.
    let call = local.then(|| Source::Service {
        service: without_path(&endpoint),
        display_name: prepared.name.clone(),
    });
    let source = Source::File {
        path: path.to_owned(),
        endpoint,
    };
    let account = session::work(&prepared.name, local);
    let chat = ChatWay::Graph {
        feed,
        relay: None,
        call,
    };
    Ok((account, source, chat))
}

/// As one of the person's accounts.
async fn by_account(
    args: &Args,
    prepared: &mut Prepared,
) -> Result<(Account, Source, ChatWay), Error> {
    let known = &prepared.accounts;
    let chosen = args.chosen.record(known)?.or_else(|| chatting(known));
    let nobody = || Error::Input(NOBODY.to_owned());
    let record = chosen.cloned().ok_or_else(nobody)?;
    let Way::Teams { graph, .. } = &record.way else {
        return Err(nobody());
    };
    let local = graph.host_str().is_some_and(session::is_loopback);
    let account = session::signed_in(&record, local);
    let (source, chat) = opening::of_account(prepared.open(record).await?);
    Ok((account, source, chat))
}

/// The account in use, or the only one that has chats.
fn chatting(known: &Accounts) -> Option<&Record> {
    let has_chats = |record: &&Record| record.kind() == AccountKind::Teams;
    let mut all = known.all().iter().filter(has_chats);
    let only = match (all.next(), all.next()) {
        (only, None) => only,
        (_, Some(_)) => None,
    };
    known.current().filter(has_chats).or(only)
}

fn without_path(endpoint: &Url) -> Url {
    let mut service = endpoint.clone();
    service.set_path("");
    service
}

const GRAPH: &str = "https://graph.microsoft.com";
const NOBODY: &str = "chats are those of a work account: sidetone accounts add signs in to one, or give --token-file";
