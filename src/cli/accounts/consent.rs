//! Asking for leave that a sign-in does not ask for by itself: only who wants it is asked to agree (identity.md 4.3).

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use crate::cli::Error;
use crate::config::tls::Tls;
use crate::identity::accounts::Record;
use crate::identity::accounts::Way;
use crate::identity::http::Http;
use crate::identity::wider;
use crate::identity::wider::Asking;
use crate::model::permission::Wider;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::view::phrase;

use super::Home;
use super::add;
use super::nobody;
use super::open;
use super::say;

/// Ask for leave that a Teams user's sign-in did not: to find people, to see who can be reached, to use channels.
#[derive(Debug, Clone, clap::Args)]
pub struct Consent {
    pub name: String,

    /// For what; without it, what there is to ask for is listed.
    #[arg(value_parser = wider_parser())]
    pub what: Vec<Wider>,

    /// Show a code to type in a browser anywhere, instead of opening one here.
    #[arg(long)]
    pub device_code: bool,
}

fn wider_parser() -> impl TypedValueParser<Value = Wider> {
    let words = PossibleValuesParser::new(Wider::ALL.map(Wider::word));
    words.try_map(|word| Wider::of_word(&word).ok_or("there is no such leave"))
}

pub(super) async fn ask(home: &Home, consent: Consent) -> Result<Exit, Error> {
    let accounts = home.accounts()?;
    let Some(record) = accounts.find(&consent.name).cloned() else {
        return Err(nobody(&consent.name, &accounts));
    };
    if !matches!(record.way, Way::Teams { .. }) {
        return Err(Error::Input(format!(
            "{} is an external user, who has the same leave everywhere; more is there for Teams users alone",
            text::name(&record.name)
        )));
    }
    if consent.what.is_empty() {
        return list(&record);
    }
    let http = Http::new(Tls::new(record.ca.clone()));
    let account = open(&home.folder, &home.config, record).await?;
    let asking = Asking::begin(account, &consent.what, &http).await;
    let asking = asking.map_err(|error| unchanged(&error))?;
    for wider in &consent.what {
        say(&format!(
            "You ask for leave {}: {}.",
            phrase::wider(*wider),
            wider::scopes(*wider).join(", ")
        ))?;
    }
    if consent.what.iter().any(|wider| wider.needs_administrator()) {
        let link = asking.link().map_err(|error| unchanged(&error))?;
        say(&phrase::administrator(link.as_deref()))?;
    }
    let by = add::where_to(consent.device_code);
    let agreed = Box::pin(asking.ask(by, &http, |step| add::told(&step))).await;
    let agreed = agreed.map_err(|error| unchanged(&error))?;
    let kept = agreed.keep().await;
    kept.map_err(|error| unchanged(&error))?;
    say("Agreed to. A sidetone that runs takes it up with /refresh.")?;
    Ok(Exit::Done)
}

/// What there is to ask for, each with whether it was.
fn list(record: &Record) -> Result<Exit, Error> {
    for wider in Wider::ALL {
        let asked = if wider::is_recorded(record, wider) {
            "Asked for."
        } else {
            "Not asked for."
        };
        say(&phrase::wider_line(wider, asked))?;
    }
    Ok(Exit::Done)
}

fn unchanged(error: &wider::Error) -> Error {
    Error::Refused(phrase::failure(&error.unchanged()))
}
