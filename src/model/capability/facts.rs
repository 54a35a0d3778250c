//! Who may do what where, as documented: `facts.toml`, read once.
//!
//! What is not in it is tried, and a failure explained. The service's own
//! answers at run time can only narrow it further; they are not known here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::account::AccountKind;

/// Where a command would act, as far as identity matters for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A work meeting of the vendor.
    Meeting,
    /// The meeting of a channel.
    Channel,
    Group,
    Room,
    /// A call between two.
    Person,
    /// A chat without a call.
    Chat,
}

impl Place {
    pub const ALL: [Self; 6] = [
        Self::Meeting,
        Self::Channel,
        Self::Group,
        Self::Room,
        Self::Person,
        Self::Chat,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Meeting => "meeting",
            Self::Channel => "channel",
            Self::Group => "group",
            Self::Room => "room",
            Self::Person => "person",
            Self::Chat => "chat",
        }
    }
}

/// How an identity stands to something. The words are clauses for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Yes,
    /// The service decides, within this.
    Limited(String),
    No(String),
    /// Not documented, or not known here: it is tried.
    Unknown(String),
}

/// One thing that somebody may want to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub id: String,
    /// As a list says it.
    pub title: String,
    external: ByPlace,
    teams: ByPlace,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ByPlace {
    known: BTreeMap<Place, Standing>,
    otherwise: Standing,
}

impl Fact {
    pub fn standing(&self, kind: AccountKind, place: Place) -> &Standing {
        let of = match kind {
            AccountKind::External => &self.external,
            AccountKind::Teams => &self.teams,
        };
        let like = match place {
            Place::Channel if !of.known.contains_key(&place) => Place::Meeting,
            place => place,
        };
        of.known.get(&like).unwrap_or(&of.otherwise)
    }
}

/// Every fact, in the order in which a list tells them.
pub fn facts() -> &'static [Fact] {
    &FACTS
}

/// How an identity stands to the fact of that id.
pub fn standing(id: &str, kind: AccountKind, place: Place) -> &'static Standing {
    let fact = facts().iter().find(|fact| fact.id == id);
    fact.map_or(&UNKNOWN, |fact| fact.standing(kind, place))
}

static UNKNOWN: Standing = Standing::Unknown(String::new());

static FACTS: LazyLock<Vec<Fact>> =
    LazyLock::new(|| read(include_str!("facts.toml")).expect("the facts are read by a test"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fact: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    title: String,
    external: Given,
    teams: Given,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Everywhere(String),
    Each(BTreeMap<String, String>),
}

fn read(text: &str) -> Result<Vec<Fact>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let facts = file.fact.into_iter().map(|row| {
        let within = |why: String| format!("{}: {why}", row.id);
        Ok(Fact {
            external: by_place(row.external).map_err(within)?,
            teams: by_place(row.teams).map_err(within)?,
            title: row.title,
            id: row.id.clone(),
        })
    });
    facts.collect()
}

fn by_place(given: Given) -> Result<ByPlace, String> {
    let (mut known, mut otherwise) = (BTreeMap::new(), UNKNOWN.clone());
    match given {
        Given::Everywhere(words) => otherwise = verdict(&words)?,
        Given::Each(all) => {
            for (word, words) in all {
                let place = Place::ALL.into_iter().find(|place| place.word() == word);
                match place {
                    Some(place) => drop(known.insert(place, verdict(&words)?)),
                    None if word == "else" => otherwise = verdict(&words)?,
                    None => return Err(format!("{word} is no place")),
                }
            }
        }
    }
    Ok(ByPlace { known, otherwise })
}

fn verdict(words: &str) -> Result<Standing, String> {
    let (verdict, clause) = words.split_once(": ").unwrap_or((words, ""));
    let clause = clause.to_owned();
    match (verdict, clause.is_empty()) {
        ("yes", true) => Ok(Standing::Yes),
        ("limited", false) => Ok(Standing::Limited(clause)),
        ("no", false) => Ok(Standing::No(clause)),
        ("unknown", false) => Ok(Standing::Unknown(clause)),
        _ => Err(format!("{words:?} is no verdict")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::capability::Capability;

    #[test]
    fn every_fact_is_read_and_told_in_words_that_fit_a_sentence() {
        let facts = read(include_str!("facts.toml")).unwrap();
        assert!(facts.len() > 20);
        let mut seen = std::collections::BTreeSet::new();
        for fact in &facts {
            assert!(seen.insert(&fact.id), "{} stands twice", fact.id);
            assert!(fact.title.starts_with(char::is_uppercase), "{}", fact.id);
            for (kind, place) in identities() {
                let words = match fact.standing(kind, place) {
                    Standing::Yes => continue,
                    Standing::Limited(words) | Standing::No(words) | Standing::Unknown(words) => {
                        words
                    }
                };
                let clause = words.starts_with(char::is_lowercase) && !words.ends_with('.');
                assert!(words.is_empty() || clause, "{}: {words}", fact.id);
                // A row's note is for whoever writes the program, not for whoever uses it.
                for jargon in ["ACS", "Graph", "SDK", "[", "policy", "Allow"] {
                    assert!(!words.contains(jargon), "{}: {words}", fact.id);
                }
            }
        }
    }

    fn identities() -> impl Iterator<Item = (AccountKind, Place)> {
        let kinds = [AccountKind::External, AccountKind::Teams];
        kinds
            .into_iter()
            .flat_map(|kind| Place::ALL.map(|place| (kind, place)))
    }

    #[test]
    fn every_capability_names_facts_that_are_there() {
        for capability in Capability::ALL {
            for id in capability.facts() {
                let known = facts().iter().any(|fact| fact.id == *id);
                assert!(known, "{capability:?} names {id}");
            }
        }
    }

    #[test]
    fn the_two_identities_differ_where_the_documents_say_so() {
        use AccountKind::External;
        use AccountKind::Teams;
        let no = |id, kind, place| matches!(standing(id, kind, place), Standing::No(_));
        assert!(no("chat.reply", External, Place::Meeting));
        assert!(!no("chat.reply", Teams, Place::Meeting));
        assert!(!no("chat.reply", External, Place::Chat));
        assert!(no("chat.typing", Teams, Place::Meeting));
        assert!(!no("chat.typing", External, Place::Meeting));
        assert!(no("chat.write", External, Place::Channel));
        assert!(no("join", Teams, Place::Room));
        assert_eq!(*standing("join", Teams, Place::Meeting), Standing::Yes);
        // A channel that is not named is like a meeting.
        assert!(no("chat.reply", External, Place::Channel));
    }

    #[test]
    fn what_is_not_known_is_tried() {
        let unknown = standing("telepathy", AccountKind::Teams, Place::Meeting);
        assert_eq!(*unknown, Standing::Unknown(String::new()));
    }

    #[test]
    fn a_wrong_row_is_refused_with_its_name() {
        let row = |teams: &str| {
            format!("[[fact]]\nid = \"x\"\ntitle = \"X\"\nexternal = \"yes\"\nteams = {teams}\n")
        };
        let wrong = |teams: &str| read(&row(teams)).unwrap_err();
        assert_eq!(wrong("\"maybe\""), "x: \"maybe\" is no verdict");
        assert_eq!(wrong("\"no\""), "x: \"no\" is no verdict");
        assert_eq!(wrong("{ moon = \"yes\" }"), "x: moon is no place");
        assert!(read("[[fact]]\nid = \"x\"\n").is_err());
    }
}
