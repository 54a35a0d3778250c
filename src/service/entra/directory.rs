//! Who is in the directory.

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The object id, which is what their raw id is made of.
    pub oid: String,
    /// `ada@sidetone.example`.
    pub user_name: String,
    pub display_name: String,
    /// Set: tokens are refused with a challenge of this value until they sign in with it.
    pub challenge: Option<String>,
}

#[derive(Debug, Default)]
pub struct Directory(Vec<Person>);

impl Directory {
    /// Answers the object id; who is there already keeps theirs.
    pub fn add(&mut self, user_name: &str, display_name: &str) -> String {
        if let Some(known) = self.named(user_name) {
            return known.oid.clone();
        }
        let oid = uuid::Uuid::new_v4().to_string();
        self.insert(oid.clone(), user_name.to_owned(), display_name.to_owned());
        oid
    }

    /// Somebody with an object id of their own.
    pub fn enter(&mut self, oid: &str, user_name: &str, display_name: &str) {
        self.insert(
            oid.to_owned(),
            user_name.to_owned(),
            display_name.to_owned(),
        );
    }

    fn insert(&mut self, oid: String, user_name: String, display_name: String) {
        self.0.push(Person {
            oid,
            user_name,
            display_name,
            challenge: None,
        });
    }

    pub fn named(&self, user_name: &str) -> Option<&Person> {
        let wanted = user_name.trim();
        let same = |person: &&Person| person.user_name.eq_ignore_ascii_case(wanted);
        self.0.iter().find(same)
    }

    pub fn person(&self, oid: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.oid == oid)
    }

    /// Asks this person for another proof of who they are. `false`: there is no such person.
    pub fn challenge(&mut self, user_name: &str) -> bool {
        let Some(oid) = self.named(user_name).map(|person| person.oid.clone()) else {
            return false;
        };
        let value = uuid::Uuid::new_v4().to_string();
        for person in self.0.iter_mut().filter(|person| person.oid == oid) {
            person.challenge = Some(value.clone());
        }
        true
    }

    /// The person signed in with these claims, which may be what was asked of them.
    pub(super) fn prove(&mut self, oid: &str, claims: &str) {
        for person in self.0.iter_mut().filter(|person| person.oid == oid) {
            person
                .challenge
                .take_if(|challenge| claims.contains(challenge.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_met_with_its_own_value_only() {
        let mut directory = Directory::default();
        directory.add("ada@sidetone.example", "Ada Quist");
        assert!(directory.challenge("ADA@sidetone.example"));
        assert!(!directory.challenge("nobody@sidetone.example"));
        let ada = directory.named("ada@sidetone.example").unwrap().clone();
        directory.prove(&ada.oid, "{}");
        assert!(directory.person(&ada.oid).unwrap().challenge.is_some());
        directory.prove(&ada.oid, &ada.challenge.unwrap());
        assert!(directory.person(&ada.oid).unwrap().challenge.is_none());
    }
}
