//! `sidetone accounts`: sign in, list, switch, sign out.

mod add;
mod consent;

use std::path::Path;
use std::path::PathBuf;

use url::Url;

use crate::cli::Error;
use crate::cli::own_resource;
use crate::cli::session;
use crate::config::Config;
use crate::config::paths::Paths;
use crate::config::tls::Tls;
use crate::identity;
use crate::identity::accounts::Accounts;
use crate::identity::accounts::Record;
use crate::identity::accounts::Way;
use crate::identity::http::Http;
use crate::identity::refused::Refused;
use crate::identity::signed_in::SignedIn;
use crate::identity::vault;
use crate::identity::vault::Kept;
use crate::identity::vault::Kind;
use crate::identity::vault::Vault;
use crate::model::account::AccountKind;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;
use crate::tasks::Tasks;
use crate::view::phrase;
use crate::wire::acs::sign::ConnectionString;

pub use self::add::Add;
pub use self::consent::Consent;

/// Sign in, list who you can be, switch, sign out.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub act: Option<Act>,
}

#[derive(Debug, clap::Subcommand)]
pub enum Act {
    /// List the accounts of this machine.
    List,
    Add(Box<Add>),
    /// Switch to an account: it is used where nobody says which.
    #[command(visible_alias = "switch")]
    Use {
        name: String,
    },
    Consent(Consent),
    /// Sign out: tokens are revoked where that can be done, and nothing of the sign-in stays here.
    Remove {
        name: String,
        /// Forget it also when the token service cannot be told.
        #[arg(long)]
        force: bool,
    },
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let home = Home::find()?;
    match args.act {
        None | Some(Act::List) => list(&home),
        Some(Act::Add(add)) => Box::pin(add::sign_in(&home, *add)).await,
        Some(Act::Consent(consent)) => Box::pin(consent::ask(&home, consent)).await,
        Some(Act::Use { name }) => choose(&home, &name),
        Some(Act::Remove { name, force }) => Box::pin(sign_out(&home, &name, force)).await,
    }
}

/// Where accounts lie, and the settings that say how their sign-ins are kept.
pub struct Home {
    folder: PathBuf,
    config: Config,
}

impl Home {
    fn find() -> Result<Self, Error> {
        let paths = Paths::find();
        let config = Config::load(paths.as_ref(), &session::surroundings(), Vec::new())?;
        let paths = paths.ok_or_else(|| Error::Input("there is no home folder".to_owned()))?;
        Ok(Self {
            folder: paths.data,
            config,
        })
    }

    fn accounts(&self) -> Result<Accounts, Error> {
        Accounts::load(&self.folder).map_err(|error| local(&error))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Accounts) -> T) -> Result<T, Error> {
        Accounts::change(&self.folder, change).map_err(|error| local(&error))
    }
}

/// Opens the place of sign-ins: the one of an account, or the one that is wished.
pub async fn open_vault(
    folder: &Path,
    config: &Config,
    kind: Option<Kind>,
) -> Result<Vault, Error> {
    let present = terminal::Terminal::is_present();
    let ask = present.then_some(terminal::ask_hidden as vault::Ask);
    let settings = vault::Settings {
        wish: kind.or(config.secrets),
        folder: folder.to_owned(),
        key_file: config.secrets_key_file.clone(),
        ask,
        passphrase: None,
    };
    open_with(settings).await.map_err(|error| local(&error))
}

/// The same where the screen shows something else, and whoever has it asked for the passphrase.
pub async fn open_vault_unasked(
    folder: &Path,
    config: &Config,
    kind: Kind,
    passphrase: Option<Kept>,
) -> Result<Vault, vault::Error> {
    open_with(vault::Settings {
        wish: Some(kind),
        folder: folder.to_owned(),
        key_file: config.secrets_key_file.clone(),
        ask: None,
        passphrase,
    })
    .await
}

async fn open_with(settings: vault::Settings) -> Result<Vault, vault::Error> {
    // It may wait for a keyring, or for a person.
    let opened = tokio::task::spawn_blocking(move || Vault::open(&settings)).await;
    opened.unwrap_or(Err(vault::Error::Ending))
}

fn list(home: &Home) -> Result<Exit, Error> {
    let accounts = home.accounts()?;
    if accounts.all().is_empty() {
        say("No accounts yet. sidetone accounts add NAME --token-service URL signs in.")?;
    }
    let current = accounts.current().map(|record| &record.name);
    for record in accounts.all() {
        let used = current == Some(&record.name);
        say(&sentence(record, used))?;
    }
    Ok(Exit::Done)
}

/// The name others will see, what it is, and where it is kept.
fn sentence(record: &Record, used: bool) -> String {
    let who = text::name(&record.display_name);
    let who = match record.kind() {
        AccountKind::External => format!("{who} (External), external user"),
        AccountKind::Teams => format!("{who}, Teams user"),
    };
    let service = record.token_service().and_then(Url::host_str);
    let service = match (&record.way, service) {
        (Way::Own, _) => " of your own resource".to_owned(),
        (Way::Direct { resource, .. }, _) => {
            format!(" of {}", resource.host_str().unwrap_or_default())
        }
        (_, Some(host)) => format!(" of {host}"),
        (_, None) => String::new(),
    };
    let used = if used {
        " Used unless you say another."
    } else {
        ""
    };
    let name = text::name(&record.name);
    format!("{name}: {who}{service}. Kept in {}.{used}", record.kept)
}

fn choose(home: &Home, name: &str) -> Result<Exit, Error> {
    if !home.change(|accounts| accounts.choose(name))? {
        return Err(nobody(name, &home.accounts()?));
    }
    say(&format!("{} is used from now on.", text::name(name)))?;
    Ok(Exit::Done)
}

async fn sign_out(home: &Home, name: &str, force: bool) -> Result<Exit, Error> {
    let accounts = home.accounts()?;
    let Some(record) = accounts.find(name).cloned() else {
        return Err(nobody(name, &accounts));
    };
    let http = Http::new(Tls::new(record.ca.clone()));
    let mut account = match open(&home.folder, &home.config, record).await {
        Ok(account) => account,
        Err(error) if force => return forget_unopened(home, name, &error),
        Err(error) => return Err(error),
    };
    let tasks = Tasks::new();
    if account.record.way == Way::Own {
        account.own = Some(own_resource::start(&account, &tasks).await?);
    }
    let revoked = account.revoke(&http).await;
    tasks.stop();
    let revoked = match revoked {
        Ok(()) => true,
        Err(error) if error.is_signed_out() => true,
        Err(error) if force => {
            say(&format!("The token service was not told: {error}."))?;
            false
        }
        Err(error) => {
            let why = phrase::failure(&error.failure());
            return Err(Error::Refused(format!(
                "{why} You are still signed in. --force forgets the sign-in here all the same."
            )));
        }
    };
    account.forget().await.map_err(|error| failed(&error))?;
    if account.record.way == Way::Own {
        own_resource::erase(&account);
    }
    home.change(|accounts| accounts.remove(name))?;
    let ends_elsewhere = matches!(account.record.way, Way::Teams { .. } | Way::Direct { .. });
    let name = text::name(name);
    say(&if revoked && ends_elsewhere {
        format!(
            "{name} is signed out, and nothing of the sign-in is kept here. Tokens it was given work until they \
             expire, in about an hour; the pages of your organisation end them at once, on all devices."
        )
    } else if revoked {
        format!("{name} is signed out, and nothing of the sign-in is kept here.")
    } else {
        format!(
            "Nothing of the sign-in of {name} is kept here. Tokens it was given work until they expire."
        )
    })?;
    Ok(Exit::Done)
}

/// The place of its sign-in is not to be had: whoever lost a passphrase must get rid of the account all the same.
fn forget_unopened(home: &Home, name: &str, error: &Error) -> Result<Exit, Error> {
    home.change(|accounts| accounts.remove(name))?;
    say(&format!(
        "{} is not listed any more. What is kept of the sign-in could not be erased: {error} Tokens it was given \
         work until they expire.",
        text::name(name)
    ))?;
    Ok(Exit::Done)
}

/// An account with the place where its sign-in lies.
pub async fn open(folder: &Path, config: &Config, record: Record) -> Result<SignedIn, Error> {
    let vault = open_vault(folder, config, Some(record.kept)).await?;
    Ok(SignedIn {
        record,
        vault,
        folder: folder.to_owned(),
        own: None,
        refused: Refused::default(),
    })
}

/// The connection string of somebody's own resource, for a token service that others use too.
pub async fn resource_of(name: &str) -> Result<ConnectionString, Error> {
    let home = Home::find()?;
    let accounts = home.accounts()?;
    let Some(record) = accounts.find(name).cloned() else {
        return Err(nobody(name, &accounts));
    };
    let account = open(&home.folder, &home.config, record).await?;
    let kept = account
        .own_resource()
        .await
        .map_err(|error| failed(&error))?;
    own_resource::connection_string(&kept)
}

/// Which account there is instead.
pub fn nobody(name: &str, accounts: &Accounts) -> Error {
    let names: Vec<String> = accounts.all().iter().map(|r| text::name(&r.name)).collect();
    Error::Input(if names.is_empty() {
        "there are no accounts yet; sidetone accounts add NAME --token-service URL signs in"
            .to_owned()
    } else {
        format!(
            "there is no account {}; there are {}",
            text::name(name),
            names.join(", ")
        )
    })
}

fn failed(error: &identity::Error) -> Error {
    let failure = error.failure();
    match Exit::of(&failure) {
        Exit::Token => Error::Token(phrase::failure(&failure)),
        _ => Error::Refused(phrase::failure(&failure)),
    }
}

fn local(error: &dyn std::error::Error) -> Error {
    Error::Input(text::line(&chain(error)))
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn say(line: &str) -> Result<(), Error> {
    terminal::tell(line).map_err(Error::Print)
}
