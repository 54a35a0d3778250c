//! The accounts: whether each is still signed in; of one that is named, whether it gets a token.

use crate::cli::accounts;
use crate::cli::doctor::Context;
use crate::cli::doctor::Row;
use crate::cli::own_resource;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::paths::Paths;
use crate::config::tls::Tls;
use crate::identity::accounts::Record;
use crate::identity::accounts::Way;
use crate::identity::http::Http;
use crate::identity::refused::Refused;
use crate::identity::signed_in::SignedIn;
use crate::identity::vault::Kind;
use crate::model::text;
use crate::tasks::Tasks;
use crate::view::phrase;

pub(super) async fn signed_in(context: &Context) -> Vec<Row> {
    let (Some(paths), Ok(config)) = (&context.paths, &context.config) else {
        return vec![Row::note("not looked at: the settings cannot be read")];
    };
    let known = match &context.accounts {
        Ok(known) => known,
        Err(error) => return vec![Row::problem(text::line(&error.to_string()))],
    };
    if known.all().is_empty() {
        return vec![Row::ok("none; sidetone accounts add signs in to one")];
    }
    let mut rows = Vec::new();
    for record in known.all() {
        match &context.account {
            None => rows.push(kept(record, paths, config).await),
            Some(chosen) if chosen == record => rows.push(tried(record, paths, config).await),
            Some(_) => {}
        }
    }
    rows
}

async fn open(record: &Record, paths: &Paths, config: &Config) -> Result<SignedIn, Row> {
    let name = text::name(&record.name);
    match accounts::open_vault_unasked(&paths.data, config, record.kept, None).await {
        Ok(vault) => Ok(SignedIn {
            record: record.clone(),
            vault,
            folder: paths.data.clone(),
            own: None,
            refused: Refused::default(),
        }),
        Err(_) if record.kept == Kind::File && config.secrets_key_file.is_none() => Err(Row::ok(
            format!("{name}: kept in a file with a passphrase, not looked at"),
        )),
        Err(error) => {
            let row = Row::problem(format!("{name}: {}", text::line(&error.to_string())));
            Err(row.mend("start the keyring, or set secrets_key_file in the settings"))
        }
    }
}

async fn kept(record: &Record, paths: &Paths, config: &Config) -> Row {
    let name = text::name(&record.name);
    let account = match open(record, paths, config).await {
        Ok(account) => account,
        Err(row) => return row,
    };
    match account.is_kept().await {
        Ok(true) => Row::ok(format!("{name}: signed in, kept in {}", record.kept)),
        Ok(false) => Row::problem(format!("{name}: nothing is kept of its sign-in"))
            .mend(format!("sidetone accounts add {name}")),
        Err(error) => Row::problem(format!("{name}: {}", text::line(&error.to_string()))),
    }
}

/// Asks for a token, as a start would.
async fn tried(record: &Record, paths: &Paths, config: &Config) -> Row {
    let name = text::name(&record.name);
    let mut account = match open(record, paths, config).await {
        Ok(account) => account,
        Err(row) => return row,
    };
    let tasks = Tasks::new();
    if record.way == Way::Own {
        match own_resource::start(&account, &tasks).await {
            Ok(service) => account.own = Some(service),
            Err(error) => {
                return Row::problem(format!("{name}: {}", text::line(&error.to_string())));
            }
        }
    }
    let ca = config.ca.clone().or_else(|| record.ca.clone());
    let asked = account.try_token(&Http::new(Tls::new(ca)), Clock).await;
    tasks.stop();
    match asked {
        Ok(()) => Row::ok(format!("{name}: gets a token")),
        Err(error) => Row::problem(format!("{name}: {}", phrase::failure(&error.failure())))
            .mend(format!("sidetone accounts add {name}")),
    }
}
