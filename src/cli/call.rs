//! `sidetone call`: a person or a phone number, by way of the vendor's calling SDK.

use std::path::PathBuf;

use url::Url;

use crate::cli::Error;
use crate::cli::chosen::Chosen;
use crate::cli::join;
use crate::cli::join_as;
use crate::cli::opening;
use crate::cli::opening::CallWay;
use crate::cli::opening::Destination;
use crate::cli::session;
use crate::cli::session::ViewArgs;
use crate::config::Entry;
use crate::model::account::AccountKind;
use crate::model::callee::Callee;
use crate::model::callee::NOT_FOR_EMERGENCIES;
use crate::model::locator::Locator;
use crate::runtime::exit::Exit;

/// Call a person or a phone number.
#[derive(Debug, clap::Args)]
#[command(after_help = session::WITHOUT_A_TERMINAL)]
pub struct Args {
    /// A name, an id (8:orgid:…), or a phone number with + and its country.
    #[arg(required = true, value_name = "WHO")]
    pub who: Vec<String>,

    #[command(flatten)]
    pub chosen: Chosen,

    /// The service: https://… , or http:// on this machine.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,

    /// A file with an access token; without one the service is asked for a guest's.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// A certificate authority (PEM) to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    #[command(flatten)]
    pub view: ViewArgs,
}

impl Args {
    fn entries(&self) -> Vec<Entry> {
        let text = |path: &PathBuf| path.display().to_string();
        let token_file = self.token_file.as_ref().map(text);
        [
            ("endpoint", self.endpoint.clone(), "--endpoint"),
            ("token_file", token_file, "--token-file"),
            ("ca", self.ca.as_ref().map(text), "--ca"),
        ]
        .into_iter()
        .filter_map(|(key, value, flag)| Some(Entry::flag(key, value?, flag)))
        .collect()
    }
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let words = args.who.join(" ");
    let mut prepared = session::prepare(&args.view, args.entries())?;
    prepared.know_accounts()?;
    let callee = Callee::parse(&words).map_err(|reason| Error::Input(format!("{reason}.")))?;
    let emergency = matches!(callee, Callee::Emergency(_));
    if emergency && prepared.config.emergency_country.is_none() {
        return Err(no_emergency());
    }
    let account = join_as::choose(&mut prepared, &args.chosen, &words).await?;
    if let (Some(account), None) = (&account, &args.view.name) {
        prepared.name.clone_from(&account.record.display_name);
    }
    let of_account = account
        .as_ref()
        .and_then(|account| account.record.endpoint.as_ref());
    let endpoint = of_account
        .map(Url::as_str)
        .or(prepared.config.endpoint.as_deref());
    let endpoint = session::endpoint(endpoint.ok_or_else(|| Error::Input(WHO.to_owned()))?)?;
    let way = join::way_in(&prepared, account, endpoint)?;
    let external = way.identity.kind == AccountKind::External;
    let locator = match callee {
        Callee::Id(id) => Some(Locator::Person(id)),
        Callee::Emergency(digits) if external && prepared.config.emergency_country.is_some() => {
            Some(Locator::Person(format!("4:{digits}")))
        }
        Callee::Emergency(_) => return Err(no_emergency()),
        Callee::Listed(_) => return Err(Error::Input(NO_LIST.to_owned())),
        Callee::Name(_) if external => return Err(Error::Input(NO_DIRECTORY.to_owned())),
        Callee::Name(_) => None,
    };
    let destination = Destination {
        source: way.source,
        calls: CallWay::Bridge,
        person: locator.is_none().then_some(words),
        locator,
        ca: way.ca,
        chat: way.chat,
    };
    Box::pin(session::run(prepared, way.identity, |tasks| {
        opening::ready(destination, tasks)
    }))
    .await
}

fn no_emergency() -> Error {
    Error::Input(format!("{NOT_FOR_EMERGENCIES}."))
}

const WHO: &str = "you call as somebody: sidetone accounts add NAME --token-service URL signs in (as a Teams user with \
                   --teams), or give --endpoint URL and --token-file FILE; sidetone setup calls installs what calls need";
const NO_LIST: &str =
    "a phone number begins with + and the code of its country, like +14255550123.";
const NO_DIRECTORY: &str = "an external user has no directory to look in: give an id, or a phone number like +14255550123.";
