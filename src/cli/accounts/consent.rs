//! Asking for leave that a sign-in does not ask for by itself: only who wants it is asked to agree (identity.md 4.3).

use crate::cli::Error;
use crate::config::tls::Tls;
use crate::identity::accounts::Way;
use crate::identity::http::Http;
use crate::identity::sign_in;
use crate::identity::signed_in::Purpose;
use crate::model::text;
use crate::runtime::exit::Exit;

use super::Home;
use super::add::at_provider;
use super::failed;
use super::nobody;
use super::open;
use super::say;

/// Ask for leave that a Teams user's sign-in did not: to find people, to see who can be reached, to use channels.
#[derive(Debug, Clone, clap::Args)]
pub struct Consent {
    pub name: String,

    /// For what; without it, what there is to ask for is listed.
    #[arg(value_enum)]
    pub what: Vec<Wider>,

    /// Show a code to type in a browser anywhere, instead of opening one here.
    #[arg(long)]
    pub device_code: bool,
}

/// What is asked for together, because one is of no use without the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Wider {
    People,
    Presence,
    Channels,
}

impl Wider {
    const ALL: [Self; 3] = [Self::People, Self::Presence, Self::Channels];

    const fn word(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Presence => "presence",
            Self::Channels => "channels",
        }
    }

    const fn purpose(self) -> &'static str {
        match self {
            Self::People => "to find people of your organisation (/colleagues)",
            Self::Presence => {
                "to see who can be reached, and to set what others see of you (/presence)"
            }
            Self::Channels => "to read channels of your teams, and to write in them",
        }
    }

    /// By their names at Graph (graph-chat.md 1).
    const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::People => &["People.Read"],
            Self::Presence => &["Presence.Read.All", "Presence.ReadWrite"],
            Self::Channels => &[
                "Team.ReadBasic.All",
                "Channel.ReadBasic.All",
                "ChannelMessage.Read.All",
                "ChannelMessage.Send",
                "ChannelMessage.ReadWrite",
            ],
        }
    }

    /// Whether nobody can agree for themselves alone (identity.md 4.3). What an organisation decides besides is known
    /// when it refuses.
    const fn needs_administrator(self) -> bool {
        matches!(self, Self::Channels)
    }

    fn addresses(self) -> impl Iterator<Item = String> {
        let names = self.scopes().iter();
        names.map(|name| format!("https://graph.microsoft.com/{name}"))
    }
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
        return list(&record.wider);
    }
    let http = Http::new(Tls::new(record.ca.clone()));
    let mut account = open(&home.folder, &home.config, record).await?;
    let whose = account.object_id(&http).await;
    let whose = whose.map_err(|error| failed(&error))?;
    for wider in &consent.what {
        say(&format!(
            "You ask for leave {}: {}.",
            wider.purpose(),
            wider.scopes().join(", ")
        ))?;
    }
    let new = consent.what.iter().flat_map(|wider| wider.addresses());
    account.record.wider.extend(new);
    account.record.wider.sort();
    account.record.wider.dedup();
    if consent.what.iter().any(|wider| wider.needs_administrator()) {
        let mut provider = account
            .provider(Purpose::Acs, None)
            .map_err(|error| failed(&error))?;
        provider
            .consent
            .extend(account.record.wider.iter().cloned());
        say(&hand_on(sign_in::consent_link(&provider).as_ref()))?;
    }
    let signed = Box::pin(at_provider(&account, consent.device_code, &http)).await;
    let signed = signed.map_err(|error| unchanged(&error))?;
    if whose.is_none() || signed.object_id() != whose {
        return Err(Error::Refused(format!(
            "somebody else signed in than {} is; nothing was changed",
            text::name(&account.record.name)
        )));
    }
    let refresh = signed.refresh.as_ref().ok_or_else(|| {
        Error::Refused("the provider gives no refresh token; nothing was changed".to_owned())
    })?;
    let wider = account.record.wider.clone();
    let kept = account.widen(refresh, wider).await;
    kept.map_err(|error| failed(&error))?;
    let answered = account.forget_challenge().await;
    answered.map_err(|error| failed(&error))?;
    say("Agreed to. A sidetone that runs takes it up with /refresh.")?;
    Ok(Exit::Done)
}

/// What there is to ask for, each with whether it was.
fn list(asked: &[String]) -> Result<Exit, Error> {
    for wider in Wider::ALL {
        let has = wider.addresses().all(|scope| asked.contains(&scope));
        let administrator = if wider.needs_administrator() {
            " An administrator has to agree."
        } else {
            ""
        };
        say(&format!(
            "{}: {}. {}{administrator}",
            wider.word(),
            wider.purpose(),
            if has { "Asked for." } else { "Not asked for." },
        ))?;
    }
    Ok(Exit::Done)
}

fn hand_on(link: Option<&url::Url>) -> String {
    match link {
        Some(link) => format!(
            "An administrator of your organisation has to agree first, for everybody in it. Hand them this link:\n{link}"
        ),
        None => "An administrator of your organisation has to agree first, for everybody in it."
            .to_owned(),
    }
}

fn unchanged(error: &Error) -> Error {
    Error::Refused(format!("{error} Your sign-in is as it was."))
}
