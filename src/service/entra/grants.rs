//! Sign-ins under way, codes, and refresh tokens. Plain functions over plain data.
//!
//! A code is good once, and so is a refresh token. Showing either a second time means that
//! somebody copied it: everything that came of that sign-in ends.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Timestamp;
use crate::wire::entra::scope::Scope;

use super::refusal::Back;
use super::secret;

/// What a client asked for at the authorize endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) client: String,
    pub(super) back: Back,
    /// Of PKCE, S256.
    pub(super) challenge: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) nonce: Option<String>,
    /// A challenge of an earlier refusal.
    pub(super) claims: Option<String>,
}

/// What somebody consented to by signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) family: u64,
    pub(super) oid: String,
    pub(super) client: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) nonce: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Grants {
    tickets: HashMap<String, (Asked, Timestamp)>,
    codes: HashMap<String, Code>,
    refresh: HashMap<String, Refresh>,
    families: HashMap<u64, Granted>,
    last_family: u64,
}

#[derive(Debug)]
struct Code {
    asked: Asked,
    oid: String,
    until: Timestamp,
    /// What was granted for it.
    used: Option<u64>,
}

#[derive(Debug)]
struct Refresh {
    family: u64,
    until: Timestamp,
    used: bool,
}

impl Grants {
    /// Somebody has to sign in for this; answers what the page sends back.
    pub(super) fn wait(&mut self, asked: Asked, now: Timestamp) -> String {
        self.tickets.retain(|_, (_, until)| *until > now);
        let ticket = secret();
        self.tickets
            .insert(ticket.clone(), (asked, after(now, TICKET)));
        ticket
    }

    /// The request behind a page that was sent back, once.
    pub(super) fn take(&mut self, ticket: &str, now: Timestamp) -> Option<Asked> {
        let (asked, until) = self.tickets.remove(ticket)?;
        (until > now).then_some(asked)
    }

    /// A code for who signed in.
    pub(super) fn code(&mut self, asked: Asked, oid: &str, now: Timestamp) -> String {
        self.codes.retain(|_, code| code.until > now);
        let code = secret();
        let made = Code {
            asked,
            oid: oid.to_owned(),
            until: after(now, CODE),
            used: None,
        };
        self.codes.insert(code.clone(), made);
        code
    }

    /// Redeems a code; else the number of what is wrong.
    pub(super) fn redeem(
        &mut self,
        code: &str,
        client: &str,
        redirect: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<Granted, u32> {
        let found = self.codes.get(code).ok_or(NOT_VALID)?;
        if found.asked.client != client {
            return Err(700_005);
        }
        if let Some(family) = found.used {
            self.end(family);
            return Err(USED);
        }
        if found.until <= now {
            return Err(EXPIRED);
        }
        if found.asked.back.to != redirect {
            return Err(500_112);
        }
        if !is_verifier(verifier) || challenge(verifier) != found.asked.challenge {
            return Err(501_481);
        }
        let (asked, oid) = (found.asked.clone(), found.oid.clone());
        let granted = self.grant(&oid, client, asked.scopes, asked.nonce);
        if let Some(found) = self.codes.get_mut(code) {
            found.used = Some(granted.family);
        }
        Ok(granted)
    }

    /// A new sign-in of somebody, with everything that will come of it.
    pub(super) fn grant(
        &mut self,
        oid: &str,
        client: &str,
        scopes: Vec<Scope>,
        nonce: Option<String>,
    ) -> Granted {
        self.last_family += 1;
        let granted = Granted {
            family: self.last_family,
            oid: oid.to_owned(),
            client: client.to_owned(),
            scopes,
            nonce,
        };
        self.families.insert(granted.family, granted.clone());
        granted
    }

    /// The next refresh token of a sign-in.
    pub(super) fn refresh_token(&mut self, family: u64, now: Timestamp) -> String {
        self.refresh.retain(|_, refresh| refresh.until > now);
        let token = secret();
        let made = Refresh {
            family,
            until: after(now, REFRESH),
            used: false,
        };
        self.refresh.insert(token.clone(), made);
        token
    }

    /// What a refresh token stands for. It is not used up by looking.
    pub(super) fn of_refresh(
        &mut self,
        token: &str,
        client: &str,
        now: Timestamp,
    ) -> Result<Granted, u32> {
        let found = self.refresh.get(token).ok_or(NOT_VALID)?;
        if found.until <= now {
            return Err(700_082);
        }
        let (family, used) = (found.family, found.used);
        let granted = self.families.get(&family).ok_or(50173_u32)?.clone();
        if granted.client != client {
            return Err(NOT_VALID);
        }
        if used {
            self.end(family);
            return Err(NOT_VALID);
        }
        Ok(granted)
    }

    pub(super) fn use_up(&mut self, token: &str) {
        if let Some(found) = self.refresh.get_mut(token) {
            found.used = true;
        }
    }

    /// Ends every sign-in of a person, or of everybody.
    pub(super) fn revoke(&mut self, oid: Option<&str>) {
        self.families
            .retain(|_, granted| oid.is_some_and(|oid| oid != granted.oid));
    }

    fn end(&mut self, family: u64) {
        self.families.remove(&family);
    }
}

/// 43 to 128 of the characters that need no escape.
fn is_verifier(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(plain)
}

/// S256 of a verifier.
pub(super) fn challenge(verifier: &str) -> String {
    let digest = digest::digest(&digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

pub(super) fn after(now: Timestamp, span: Duration) -> Timestamp {
    let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_add(millis))
}

const TICKET: Duration = Duration::from_mins(30);
const CODE: Duration = Duration::from_mins(10);
const REFRESH: Duration = Duration::from_hours(24 * 90);
const NOT_VALID: u32 = 70000;
const EXPIRED: u32 = 70008;
const USED: u32 = 54005;

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const REDIRECT: &str = "http://localhost:1";

    fn at(minutes: u64) -> Timestamp {
        after(Timestamp::from_millis(0), Duration::from_mins(minutes))
    }

    fn asked() -> Asked {
        Asked {
            client: "app".to_owned(),
            back: Back::by_query(REDIRECT, None),
            challenge: challenge(VERIFIER),
            scopes: vec![Scope::OpenId],
            nonce: None,
            claims: None,
        }
    }

    #[test]
    fn the_challenge_of_the_standard_is_computed() {
        assert_eq!(
            challenge(VERIFIER),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        assert!(!is_verifier("short"));
        assert!(!is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&"ä".repeat(43)));
    }

    #[test]
    fn a_code_is_good_once_in_time_and_for_who_asked() {
        let mut grants = Grants::default();
        let code = grants.code(asked(), "ada", at(0));
        let mut redeem = |code: &str, client, redirect, verifier, now| {
            let told = grants.redeem(code, client, redirect, verifier, now);
            told.map(|granted| granted.oid)
        };
        let wrong = "x".repeat(43);
        assert_eq!(redeem("?", "app", REDIRECT, VERIFIER, at(1)), Err(70000));
        assert_eq!(
            redeem(&code, "other", REDIRECT, VERIFIER, at(1)),
            Err(700_005)
        );
        assert_eq!(
            redeem(&code, "app", "http://localhost:2", VERIFIER, at(1)),
            Err(500_112)
        );
        assert_eq!(redeem(&code, "app", REDIRECT, &wrong, at(1)), Err(501_481));
        assert_eq!(redeem(&code, "app", REDIRECT, VERIFIER, at(10)), Err(70008));
        assert_eq!(
            redeem(&code, "app", REDIRECT, VERIFIER, at(9)),
            Ok("ada".to_owned())
        );
        assert_eq!(redeem(&code, "app", REDIRECT, VERIFIER, at(9)), Err(54005));
    }

    #[test]
    fn a_code_shown_twice_ends_what_came_of_it() {
        let mut grants = Grants::default();
        let code = grants.code(asked(), "ada", at(0));
        let mut redeem = || grants.redeem(&code, "app", REDIRECT, VERIFIER, at(1));
        let family = redeem().unwrap().family;
        assert_eq!(redeem(), Err(54005));
        let token = grants.refresh_token(family, at(1));
        assert_eq!(grants.of_refresh(&token, "app", at(2)), Err(50173));
    }

    #[test]
    fn a_refresh_token_shown_twice_ends_the_sign_in() {
        let mut grants = Grants::default();
        let granted = grants.grant("ada", "app", vec![Scope::OpenId], None);
        let first = grants.refresh_token(granted.family, at(0));
        assert_eq!(grants.of_refresh(&first, "other", at(1)), Err(70000));
        assert!(grants.of_refresh(&first, "app", at(1)).is_ok());
        grants.use_up(&first);
        let second = grants.refresh_token(granted.family, at(1));
        assert!(grants.of_refresh(&second, "app", at(2)).is_ok());
        assert_eq!(grants.of_refresh(&first, "app", at(2)), Err(70000));
        assert_eq!(grants.of_refresh(&second, "app", at(2)), Err(50173));
    }

    #[test]
    fn a_page_is_sent_back_once_and_in_time() {
        let mut grants = Grants::default();
        let ticket = grants.wait(asked(), at(0));
        assert_eq!(grants.take(&ticket, at(29)), Some(asked()));
        assert_eq!(grants.take(&ticket, at(29)), None);
        let late = grants.wait(asked(), at(0));
        assert_eq!(grants.take(&late, at(30)), None);
    }
}
