//! Who exists, which tokens were given out, and the keys of the resource.
//!
//! A token is remembered by its hash: what is not in the list was never issued here, and
//! taking one back is forgetting it.

use std::collections::HashMap;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;
use crate::service::keys::RESOURCE;
use crate::wire::acs::identity::Scope;
use crate::wire::acs::sign::AccessKey;

use super::Refusal;

/// Which of the resource's two access keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySlot {
    Primary,
    Secondary,
}

/// Somebody whose token was good.
#[derive(Debug, Clone)]
pub struct Caller {
    pub id: String,
    pub scopes: Vec<Scope>,
    pub expires: Timestamp,
}

impl Caller {
    pub fn holds(&self, any_of: &[Scope]) -> Result<(), Refusal> {
        if self.scopes.iter().any(|scope| any_of.contains(scope)) {
            return Ok(());
        }
        Err(Refusal::Forbidden(
            "The token's scopes do not allow this operation.",
        ))
    }
}

pub struct Identities {
    resource: String,
    people: HashMap<String, Person>,
    tokens: HashMap<Digest, Issued>,
    primary: AccessKey,
    secondary: AccessKey,
}

struct Person {
    display_name: Option<String>,
    guest: bool,
}

struct Issued {
    caller: Caller,
    key: KeySlot,
}

type Digest = [u8; digest::SHA256_OUTPUT_LEN];

impl Default for Identities {
    fn default() -> Self {
        Self::new(RESOURCE)
    }
}

impl Identities {
    pub fn new(resource: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            people: HashMap::new(),
            tokens: HashMap::new(),
            primary: fresh_key(),
            secondary: fresh_key(),
        }
    }

    /// A new external user.
    pub fn create(&mut self, display_name: Option<String>) -> String {
        let id = format!("8:acs:{}_{}", self.resource, uuid::Uuid::new_v4());
        self.register(&id, display_name);
        id
    }

    /// A new external user who was not invited by name, and may renew a token with a token.
    pub fn create_guest(&mut self, display_name: Option<String>) -> String {
        let id = self.create(display_name);
        if let Some(person) = self.people.get_mut(&id) {
            person.guest = true;
        }
        id
    }

    pub fn is_guest(&self, id: &str) -> bool {
        self.people.get(id).is_some_and(|person| person.guest)
    }

    /// Makes a person known whose raw id comes from elsewhere: a user of the organisation.
    pub fn register(&mut self, id: &str, display_name: Option<String>) {
        let person = Person {
            display_name,
            guest: false,
        };
        self.people.insert(id.to_owned(), person);
    }

    pub fn knows(&self, id: &str) -> bool {
        self.people.contains_key(id)
    }

    pub fn display_name(&self, id: &str) -> Option<&str> {
        self.people.get(id)?.display_name.as_deref()
    }

    /// Refuses an id of another resource (403) and one that is not, or no longer, there (404).
    pub fn check(&self, id: &str) -> Result<(), Refusal> {
        if self.knows(id) {
            return Ok(());
        }
        if !id.starts_with(&format!("8:acs:{}_", self.resource)) {
            return Err(Refusal::Forbidden(
                "The identity does not belong to this resource.",
            ));
        }
        Err(Refusal::NotFound("The identity was not found."))
    }

    pub fn record(&mut self, token: &str, caller: Caller, key: KeySlot, now: Timestamp) {
        self.tokens.retain(|_, issued| issued.caller.expires > now);
        self.tokens.insert(hash(token), Issued { caller, key });
    }

    pub fn authenticate(&self, token: &str, now: Timestamp) -> Result<Caller, Refusal> {
        match self.tokens.get(&hash(token)) {
            None => Err(Refusal::Unauthorized(
                "The access token is not known here, or was revoked.",
            )),
            Some(issued) if issued.caller.expires <= now => {
                Err(Refusal::Unauthorized("The access token has expired."))
            }
            Some(issued) => Ok(issued.caller.clone()),
        }
    }

    pub fn revoke(&mut self, id: &str) {
        self.tokens.retain(|_, issued| issued.caller.id != id);
    }

    /// Ends every token now, as if its time had run out; answers whose they were.
    pub fn expire_all(&mut self, now: Timestamp) -> Vec<String> {
        self.tokens
            .values_mut()
            .map(|issued| {
                issued.caller.expires = issued.caller.expires.min(now);
                issued.caller.id.clone()
            })
            .collect()
    }

    /// Forgets the person and their tokens.
    pub fn delete(&mut self, id: &str) {
        self.people.remove(id);
        self.revoke(id);
    }

    pub fn key(&self, slot: KeySlot) -> &AccessKey {
        match slot {
            KeySlot::Primary => &self.primary,
            KeySlot::Secondary => &self.secondary,
        }
    }

    /// A new key for the slot. Tokens that the old one had a part in end with it; answers whose they were.
    pub fn regenerate(&mut self, slot: KeySlot) -> Vec<String> {
        match slot {
            KeySlot::Primary => self.primary = fresh_key(),
            KeySlot::Secondary => self.secondary = fresh_key(),
        }
        let ended = |issued: &Issued| issued.key == slot;
        let whose = self.tokens.values().filter(|issued| ended(issued));
        let whose = whose.map(|issued| issued.caller.id.clone()).collect();
        self.tokens.retain(|_, issued| !ended(issued));
        whose
    }
}

/// 64 bytes, as the vendor's keys have. Random UUIDs come straight from the system: the
/// crypto library's own generator takes 40 ms to wake up, twice what a start may take.
fn fresh_key() -> AccessKey {
    let mut bytes = [0; 64];
    for part in bytes.chunks_exact_mut(16) {
        part.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    AccessKey::from_base64(&STANDARD.encode(bytes)).expect("base64 of bytes is base64")
}

fn hash(token: &str) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn with_token(key: KeySlot) -> (Identities, String) {
        let mut identities = Identities::default();
        let id = identities.create(None);
        let caller = Caller {
            id: id.clone(),
            scopes: vec![Scope::Chat],
            expires: Timestamp::from_millis(2_000),
        };
        identities.record("token", caller, key, NOW);
        (identities, id)
    }

    #[test]
    fn a_token_works_until_it_expires() {
        let (identities, id) = with_token(KeySlot::Primary);
        assert_eq!(identities.authenticate("token", NOW).unwrap().id, id);
        let later = Timestamp::from_millis(2_000);
        assert!(identities.authenticate("token", later).is_err());
        assert!(identities.authenticate("forged", NOW).is_err());
    }

    #[test]
    fn a_new_key_ends_the_tokens_of_the_old_one_only() {
        let (mut identities, id) = with_token(KeySlot::Primary);
        assert!(identities.regenerate(KeySlot::Secondary).is_empty());
        assert!(identities.authenticate("token", NOW).is_ok());
        assert_eq!(identities.regenerate(KeySlot::Primary), [id]);
        assert!(identities.authenticate("token", NOW).is_err());
    }

    #[test]
    fn identities_of_other_resources_are_told_from_unknown_ones() {
        let (mut identities, id) = with_token(KeySlot::Primary);
        identities.delete(&id);
        assert!(matches!(identities.check(&id), Err(Refusal::NotFound(_))));
        assert!(matches!(
            identities.check("8:acs:other_user"),
            Err(Refusal::Forbidden(_))
        ));
        assert!(identities.authenticate("token", NOW).is_err());
    }
}
