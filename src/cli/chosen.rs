//! `--account`: which of the person's accounts a command is about, meant and refused alike everywhere.

use crate::cli::Error;
use crate::cli::accounts;
use crate::config::paths::Paths;
use crate::identity::accounts::Accounts;
use crate::identity::accounts::Record;
use crate::model::account::AccountId;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Chosen {
    /// One of your accounts, by name; sidetone accounts lists them.
    #[arg(long, value_name = "NAME", alias = "resource")]
    pub account: Option<String>,
}

/// The accounts of this machine.
pub fn known(paths: Option<&Paths>) -> Result<Accounts, Error> {
    let Some(paths) = paths else {
        return Ok(Accounts::default());
    };
    Accounts::load(&paths.data).map_err(|error| Error::Input(error.to_string()))
}

impl Chosen {
    pub fn named(name: &str) -> Self {
        Self {
            account: Some(name.to_owned()),
        }
    }

    /// The account that is meant; `None` where nobody said.
    pub fn record<'a>(&self, known: &'a Accounts) -> Result<Option<&'a Record>, Error> {
        let Some(words) = &self.account else {
            return Ok(None);
        };
        let found = meant(words, known);
        found
            .map(Some)
            .ok_or_else(|| accounts::nobody(words, known))
    }

    /// The same for what is written down of accounts, also of those that are gone: an id stands for itself.
    pub fn id(&self, known: &Accounts) -> Result<Option<AccountId>, Error> {
        match &self.account {
            Some(words) if meant(words, known).is_none() && words.contains(':') => {
                Ok(Some(AccountId::new(words)))
            }
            _ => Ok(self.record(known)?.map(Record::id)),
        }
    }
}

/// By its name, the same in any case, or its id.
fn meant<'a>(words: &str, known: &'a Accounts) -> Option<&'a Record> {
    let all = || known.all().iter();
    all()
        .find(|record| record.name == words)
        .or_else(|| all().find(|record| record.id().as_str() == words))
        .or_else(|| {
            let mut alike = all().filter(|record| record.name.eq_ignore_ascii_case(words));
            alike.next().filter(|_| alike.next().is_none())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::accounts::Way;
    use crate::identity::vault::Kind;

    fn known(names: &[&str]) -> Accounts {
        let mut known = Accounts::default();
        for name in names {
            known.put(Record {
                name: (*name).to_owned(),
                display_name: "Ada".to_owned(),
                raw_id: None,
                endpoint: None,
                ca: None,
                kept: Kind::File,
                wider: Vec::new(),
                way: Way::Own,
            });
        }
        known
    }

    #[test]
    fn an_account_is_meant_by_name_or_id_and_never_by_a_guess() {
        let known = known(&["ada", "Work", "work2", "WORK2"]);
        let of = |words: &str| {
            let record = Chosen::named(words).record(&known);
            record.map(|found| found.map(|record| record.name.clone()))
        };
        for (words, name) in [
            ("ada", "ada"),
            ("external:ada", "ada"),
            ("work", "Work"),
            ("WORK2", "WORK2"),
        ] {
            assert_eq!(of(words).unwrap().as_deref(), Some(name), "{words}");
        }
        assert!(of("Work2").is_err());
        let refused = of("eve").unwrap_err().to_string();
        assert!(
            refused.contains("there is no account eve; there are ada"),
            "{refused}"
        );
        assert_eq!(Chosen::default().record(&known).unwrap(), None);
    }

    #[test]
    fn what_was_written_down_is_found_also_of_somebody_who_is_gone() {
        let known = known(&["ada"]);
        let id = |words: &str| Chosen::named(words).id(&known);
        assert_eq!(id("ada").unwrap(), Some(AccountId::new("external:ada")));
        assert_eq!(id("teams:eve").unwrap(), Some(AccountId::new("teams:eve")));
        assert!(id("eve").is_err());
    }
}
