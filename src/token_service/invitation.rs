//! Invitation codes and session tokens: random, handed out once, kept as hashes only.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What is kept of a code or a session. Looking a hash up tells nothing about near misses.
pub(crate) type Hash = [u8; digest::SHA256_OUTPUT_LEN];

/// An invitation code: 25 characters that survive being read out, 125 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    pub fn make() -> Self {
        let mut text = String::new();
        for (at, byte) in random::<CHARACTERS>().into_iter().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            // 256 is a multiple of 32: every character is as likely as the others.
            text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        }
        Self(text)
    }

    /// As people type it; `None` when it cannot be a code.
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let mut text = String::new();
        for typed in typed.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let meant = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(meant).is_ok_and(|c| ALPHABET.contains(&c));
            if !known || text.len() == CHARACTERS {
                return None;
            }
            text.push(meant);
        }
        (text.len() == CHARACTERS).then_some(Self(text))
    }

    pub(crate) fn hash(&self) -> Hash {
        let bare: String = self.0.chars().filter(|c| *c != '-').collect();
        hash("invitation", &bare)
    }

    /// For the one moment at which it is handed over.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A session token: the prefix tells it from a token of a provider.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Session(String);

impl Session {
    pub(crate) fn make() -> Self {
        let random = URL_SAFE_NO_PAD.encode(random::<32>());
        Self(format!("{SESSION}{random}"))
    }

    /// `None` when it is something else.
    pub(crate) fn read(bearer: &str) -> Option<Self> {
        bearer.starts_with(SESSION).then(|| Self(bearer.to_owned()))
    }

    pub(crate) fn hash(&self) -> Hash {
        hash("session", &self.0)
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system gives random bytes, or nothing here may go on");
    bytes
}

/// `kind` keeps a code from ever passing as a session.
fn hash(kind: &str, text: &str) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(kind.as_bytes());
    context.update(b"\0");
    context.update(text.as_bytes());
    let mut bytes = Hash::default();
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS: usize = 25;
const GROUP: usize = 5;
const SESSION: &str = "sts_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = Code::make();
        assert_eq!(code.as_str().len(), CHARACTERS + 4);
        for typed in [
            code.as_str().to_owned(),
            code.as_str().to_lowercase(),
            code.as_str().replace('-', " "),
            code.as_str()
                .replace('-', "")
                .replace('0', "o")
                .replace('1', "l"),
        ] {
            assert_eq!(Code::read(&typed).unwrap().hash(), code.hash());
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for typed in ["", "0000", &"0".repeat(26), &"U".repeat(25), "ééééé"] {
            assert!(Code::read(typed).is_none(), "{typed}");
        }
        let long = "0".repeat(100_000);
        assert!(Code::read(&long).is_none());
    }

    #[test]
    fn no_two_are_alike_and_a_code_is_no_session() {
        assert_ne!(Code::make(), Code::make());
        assert_ne!(Session::make(), Session::make());
        assert_ne!(hash("invitation", "a"), hash("session", "a"));
        assert!(Session::read("eyJhbGciOiJub25lIn0.e30.").is_none());
    }
}
