//! "Join as": which identity goes into a meeting, asked once a meeting where there are several.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use aws_lc_rs::digest;
use url::Url;

use crate::cli::Error;
use crate::cli::chosen::Chosen;
use crate::cli::session;
use crate::cli::session::Prepared;
use crate::config::paths;
use crate::identity::accounts::Accounts;
use crate::identity::accounts::Record;
use crate::identity::signed_in::SignedIn;
use crate::model::account::AccountKind;
use crate::model::settings::Metered;
use crate::model::settings::Settings;
use crate::model::text;
use crate::runtime::terminal;

/// Whom we can be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice<'a> {
    Account(&'a Record),
    /// Somebody the service knows only by the name they give.
    Guest,
}

/// The account to join `meeting` with; `None`: as a guest of the service that the settings name.
pub(super) async fn choose(
    prepared: &mut Prepared,
    wished: &Chosen,
    meeting: &str,
) -> Result<Option<SignedIn>, Error> {
    let known = &prepared.accounts;
    let record = match wished.record(known)? {
        Some(record) => record,
        None => match one_of(prepared, known, meeting)? {
            Choice::Account(record) => record,
            Choice::Guest => return Ok(None),
        },
    };
    let record = record.clone();
    prepared.open(record).await.map(Some)
}

fn one_of<'a>(
    prepared: &Prepared,
    known: &'a Accounts,
    meeting: &str,
) -> Result<Choice<'a>, Error> {
    let config = &prepared.config;
    // Whoever names a token or a service for this one time means it.
    if config.token_file.is_some() {
        return Ok(Choice::Guest);
    }
    let mut choices: Vec<Choice<'_>> = known.all().iter().map(Choice::Account).collect();
    if config.endpoint.is_some() {
        choices.push(Choice::Guest);
    }
    let first = match &choices[..] {
        [] => return Ok(Choice::Guest),
        [only] => return Ok(only.clone()),
        _ => known.current().map_or(Choice::Guest, Choice::Account),
    };
    let memory = Memory::of(prepared, meeting);
    let remembered = memory.as_ref().and_then(|memory| memory.read(&choices));
    if let Some(before) = remembered {
        return Ok(before);
    }
    if !terminal::Terminal::is_present() {
        return Ok(first);
    }
    let chosen = ask(&choices, &first, prepared)?;
    if let Some(memory) = memory
        && let Err(error) = memory.write(&chosen)
    {
        tracing::warn!(%error, "who joins this meeting is not remembered");
    }
    Ok(chosen)
}

/// In lines, on the normal screen: the same for everybody, before either view is there.
fn ask<'a>(
    choices: &[Choice<'a>],
    first: &Choice<'a>,
    prepared: &Prepared,
) -> Result<Choice<'a>, Error> {
    let (name, settings) = (&prepared.name, &prepared.config.settings);
    let say = |line: &str| terminal::tell(line).map_err(Error::Print);
    say("Join as")?;
    for (at, choice) in choices.iter().enumerate() {
        say(&format!("{}. {}", at + 1, sentence(choice, name, settings)))?;
    }
    let default = choices
        .iter()
        .position(|choice| choice == first)
        .unwrap_or(0);
    let question = format!("Number, Enter for {}: ", default + 1);
    loop {
        let typed = terminal::ask(&question).map_err(Error::Ask)?;
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(choices[default].clone());
        }
        let number = typed.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        if let Some(choice) = number.and_then(|n| choices.get(n)) {
            return Ok(choice.clone());
        }
        say(&format!("A number from 1 to {}, please.", choices.len()))?;
    }
}

/// The name others will see, what it may do there, and what it costs.
fn sentence(choice: &Choice<'_>, name: &str, settings: &Settings) -> String {
    match choice {
        Choice::Guest => format!(
            "{} (External), as a guest: nothing is kept of you, and you are somebody new each time.",
            text::name(name)
        ),
        Choice::Account(record) => {
            let (shown, may) = match record.kind() {
                AccountKind::External => (
                    format!("{} (External)", text::name(&record.display_name)),
                    "an external user: chat and sound while you are in the meeting, nothing from before it",
                ),
                AccountKind::Teams => (
                    text::name(&record.display_name),
                    "a Teams user: your own chats before and after it as well",
                ),
            };
            let costs = costs(record, settings);
            format!("{shown}, {}: {may}; {costs}.", text::name(&record.name))
        }
    }
}

fn costs(record: &Record, settings: &Settings) -> String {
    let here = record.endpoint.as_ref().and_then(Url::host_str);
    let here = here.is_some_and(session::is_loopback);
    let is_metered = match settings.metered {
        Metered::Always => true,
        Metered::Never => false,
        Metered::Auto => !here,
    };
    if !is_metered {
        return "nothing of it is metered".to_owned();
    }
    let (minute, currency) = (settings.price_per_minute, &settings.currency);
    let message = match record.kind() {
        AccountKind::External => format!("a message {}", settings.price_per_message),
        AccountKind::Teams => "a message nothing".to_owned(),
    };
    format!(
        "a minute in a meeting at Microsoft costs the owner of the resource about {minute} {currency}, waiting in \
         the lobby included, and {message}"
    )
}

/// Who joined a meeting before. The meeting is a number made of its link: links are for those invited.
struct Memory {
    path: PathBuf,
    meeting: String,
}

impl Memory {
    fn of(prepared: &Prepared, meeting: &str) -> Option<Self> {
        let path = prepared.paths.as_ref()?.state.join("joined-as.toml");
        let digest = digest::digest(&digest::SHA256, meeting.as_bytes());
        let hex = digest.as_ref()[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"));
        Some(Self {
            path,
            meeting: hex.collect(),
        })
    }

    fn read<'a>(&self, choices: &[Choice<'a>]) -> Option<Choice<'a>> {
        let before = self.all().remove(&self.meeting)?;
        let mut choices = choices.iter();
        choices.find(|choice| word(choice) == before).cloned()
    }

    fn write(&self, choice: &Choice<'_>) -> io::Result<()> {
        let mut all = self.all();
        all.insert(self.meeting.clone(), word(choice).to_owned());
        let text = toml::to_string(&all).map_err(io::Error::other)?;
        paths::replace_private(&self.path, text.as_bytes())
    }

    /// Of every meeting. A file that cannot be read is as good as none: it is asked again.
    fn all(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        toml::from_str(&text).unwrap_or_default()
    }
}

/// An account's own name; a guest has none.
fn word<'a>(choice: &Choice<'a>) -> &'a str {
    match choice {
        Choice::Account(record) => &record.name,
        Choice::Guest => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::accounts::Way;
    use crate::identity::vault::Kind;

    fn told(endpoint: &str, way: Way, settings: &Settings) -> String {
        let record = Record {
            name: "work".to_owned(),
            display_name: "Ada".to_owned(),
            raw_id: None,
            endpoint: Some(endpoint.parse().unwrap()),
            ca: None,
            kept: Kind::File,
            wider: Vec::new(),
            way,
        };
        sentence(&Choice::Account(&record), "Guest", settings)
    }

    #[test]
    fn who_is_to_join_hears_the_name_others_see_and_what_it_costs() {
        let settings = Settings::default();
        let external = || Way::Invitation {
            token_service: "https://tokens.example/".parse().unwrap(),
        };
        let dear = told("https://contoso.example/", external(), &settings);
        assert!(
            dear.starts_with("Ada (External), work: an external user"),
            "{dear}"
        );
        assert!(dear.contains("about 0.004 USD"), "{dear}");
        assert!(dear.ends_with("and a message 0.0008."), "{dear}");
        let free = told("http://127.0.0.1:1/", external(), &settings);
        assert!(free.ends_with("nothing of it is metered."), "{free}");
        let teams = Way::Teams {
            token_service: None,
            issuer: "https://login.example/".parse().unwrap(),
            client_id: "app".to_owned(),
            graph: "https://graph.example/".parse().unwrap(),
        };
        let teams = told("https://contoso.example/", teams, &settings);
        assert!(teams.starts_with("Ada, work: a Teams user"), "{teams}");
        assert!(teams.ends_with("and a message nothing."), "{teams}");
    }
}
