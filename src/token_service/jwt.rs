//! Tokens of providers: which are taken, and why the others are not.
//!
//! The key decides what a signature may be, never the token: an algorithm has to be on the
//! list and to fit the key's own kind, so that neither `none` nor a secret made of a public
//! key gets anywhere. Addresses of keys that a token brings along are not even read.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::AlgorithmParameters;
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::jwk::PublicKeyUse;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

use crate::clock::Timestamp;

use super::person;

/// How strictly a token is looked at, beside what its provider's settings say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) leeway: Duration,
    pub(crate) nonce: Option<&'a str>,
}

/// What a token must say.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) issuers: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithms: Vec<Algorithm>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    #[serde(default)]
    pub(crate) aud: Audience,
    pub(crate) iat: Option<u64>,
    pub(crate) exp: Option<u64>,
    pub(crate) nonce: Option<String>,
    pub(crate) azp: Option<String>,
    pub(crate) appid: Option<String>,
    pub(crate) oid: Option<String>,
    pub(crate) tid: Option<String>,
    pub(crate) scp: Option<String>,
}

impl Claims {
    /// Whether the token was made after that time.
    pub(crate) fn is_newer_than(&self, at: Timestamp) -> bool {
        self.iat.is_some_and(|issued| person::is_after(issued, at))
    }
}

/// Whom a token is for; who that may be is checked before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Audience {
    pub(crate) const fn is_for_several(&self) -> bool {
        match self {
            Self::One(_) => false,
            Self::Several(all) => all.len() > 1,
        }
    }
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It names a key that is not among those that are known.
    UnknownKey,
    Expired,
    NotYetValid,
    Refused(&'static str),
    Nonce,
}

/// Who the token says it is from; nothing is checked. `None` when it is no token.
pub(crate) fn issuer(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    match object(payload)?.remove("iss")? {
        Value::String(issuer) => Some(issuer),
        _ => None,
    }
}

/// Checks everything about the token, against these keys.
pub(crate) fn check(
    token: &str,
    keys: &[Jwk],
    expected: &Expected,
    rules: &Rules<'_>,
) -> Result<Claims, Fault> {
    let (header, _) = token.split_once('.').ok_or(NO_TOKEN)?;
    if object(header).ok_or(NO_TOKEN)?.contains_key("crit") {
        return Err(Fault::Refused(
            "The token asks for an extension that is not understood here.",
        ));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| ALGORITHM)?;
    if !expected.algorithms.contains(&header.alg) {
        return Err(ALGORITHM);
    }
    let key = find(keys, header.kid.as_deref(), header.alg)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Fault::UnknownKey)?;
    let mut wanted = Validation::new(header.alg);
    wanted.leeway = rules.leeway.as_secs();
    wanted.validate_nbf = true;
    wanted.set_issuer(&expected.issuers);
    wanted.set_audience(&expected.audiences);
    wanted.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let read = jsonwebtoken::decode::<Claims>(token, &key, &wanted);
    let claims = read.map_err(|error| why(error.kind()))?.claims;
    match rules.nonce {
        Some(nonce) if claims.nonce.as_deref() != Some(nonce) => Err(Fault::Nonce),
        _ => Ok(claims),
    }
}

/// The key a token names; one that names none has to be of the only key that could be meant.
fn find<'a>(keys: &'a [Jwk], kid: Option<&str>, algorithm: Algorithm) -> Result<&'a Jwk, Fault> {
    let mut fitting = keys.iter().filter(|key| fits(key, algorithm));
    let Some(kid) = kid else {
        return match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Fault::UnknownKey),
        };
    };
    fitting
        .find(|key| key.common.key_id.as_deref() == Some(kid))
        .ok_or(Fault::UnknownKey)
}

fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => true,
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => {
            curve.curve == EllipticCurve::P256
        }
        _ => false,
    };
    let signs = key.common.public_key_use.as_ref();
    let signs = signs.is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let named = key.common.key_algorithm;
    kind && signs && named.is_none_or(|named| named.to_string() == format!("{algorithm:?}"))
}

fn why(kind: &ErrorKind) -> Fault {
    match kind {
        ErrorKind::ExpiredSignature => Fault::Expired,
        ErrorKind::ImmatureSignature => Fault::NotYetValid,
        ErrorKind::InvalidSignature => Fault::Refused("The token's signature is wrong."),
        ErrorKind::InvalidIssuer => Fault::Refused("The token is of another issuer."),
        ErrorKind::InvalidAudience => Fault::Refused("The token was made for somebody else."),
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            Fault::Refused("The token lacks a claim that it has to have.")
        }
        _ => NO_TOKEN,
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

const NO_TOKEN: Fault = Fault::Refused("What was shown is not a readable token.");
const ALGORITHM: Fault = Fault::Refused("The token is signed in a way that is not taken here.");

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::encoding::Pkcs8V1Der;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::KeyPair;
    use aws_lc_rs::signature::RsaKeyPair;
    use jsonwebtoken::EncodingKey;
    use jsonwebtoken::Header;
    use serde_json::json;

    use crate::clock::Clock;

    use super::*;

    struct Signer {
        pkcs8: Vec<u8>,
        public: Vec<u8>,
        jwk: Jwk,
    }

    fn signer(kid: &str) -> Signer {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let mut jwk =
            Jwk::from_decoding_key(&DecodingKey::from_rsa_der(&public), Some(Algorithm::RS256))
                .unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        Signer {
            pkcs8: pkcs8.as_ref().to_vec(),
            public,
            jwk,
        }
    }

    fn now() -> i64 {
        Clock.utc().as_millis() / 1000
    }

    fn claims() -> Value {
        json!({ "iss": "https://i.example", "aud": "me", "sub": "ada",
                "exp": now() + 600, "nbf": now() - 5, "iat": now() })
    }

    fn with(changes: Value) -> Value {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn sign(with: &Signer, header: &Header, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(serde_json::to_string(header).unwrap()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let key = RsaKeyPair::from_pkcs8(&with.pkcs8).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &aws_lc_rs::signature::RSA_PKCS1_SHA256,
            &aws_lc_rs::rand::SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn header(kid: Option<&str>) -> Header {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = kid.map(str::to_owned);
        header
    }

    fn checked(token: &str, keys: &[Jwk], nonce: Option<&str>) -> Result<Claims, Fault> {
        let expected = Expected {
            issuers: vec!["https://i.example".to_owned()],
            audiences: vec!["me".to_owned()],
            algorithms: vec![Algorithm::RS256],
        };
        let rules = Rules {
            leeway: Duration::from_mins(1),
            nonce,
        };
        check(token, keys, &expected, &rules)
    }

    #[test]
    fn a_good_token_is_taken_and_every_wrong_claim_is_not() {
        let ours = signer("k1");
        let keys = [ours.jwk.clone()];
        let check =
            |claims: Value| checked(&sign(&ours, &header(Some("k1")), &claims), &keys, None);
        assert_eq!(check(claims()).unwrap().sub, "ada");
        assert_eq!(
            check(with(json!({ "exp": now() - 61 }))),
            Err(Fault::Expired)
        );
        assert!(
            check(with(json!({ "exp": now() - 30 }))).is_ok(),
            "within the leeway"
        );
        assert_eq!(
            check(with(json!({ "nbf": now() + 120 }))),
            Err(Fault::NotYetValid)
        );
        for wrong in [
            json!({ "iss": "https://evil.example" }),
            json!({ "aud": "another" }),
            json!({ "aud": ["another"] }),
            json!({ "exp": null }),
            json!({ "exp": "tomorrow" }),
            json!({ "nbf": "yesterday" }),
            json!({ "sub": null }),
            json!({ "aud": null }),
            json!({ "iss": null }),
        ] {
            let told = check(with(wrong.clone()));
            assert!(matches!(told, Err(Fault::Refused(_))), "{wrong}: {told:?}");
        }
    }

    #[test]
    fn a_nonce_has_to_be_the_one_of_the_sign_in() {
        let ours = signer("k1");
        let keys = [ours.jwk.clone()];
        let token = |claims| sign(&ours, &header(Some("k1")), &claims);
        let with_nonce = token(with(json!({ "nonce": "n1" })));
        assert!(checked(&with_nonce, &keys, Some("n1")).is_ok());
        assert!(checked(&with_nonce, &keys, None).is_ok());
        assert_eq!(checked(&with_nonce, &keys, Some("n2")), Err(Fault::Nonce));
        assert_eq!(
            checked(&token(claims()), &keys, Some("n1")),
            Err(Fault::Nonce)
        );
    }

    #[test]
    fn no_algorithm_and_a_public_key_as_secret_are_refused() {
        let ours = signer("k1");
        let keys = [ours.jwk.clone()];
        let payload = URL_SAFE_NO_PAD.encode(claims().to_string());
        for none in ["none", "None", "NONE", ""] {
            let head = URL_SAFE_NO_PAD.encode(json!({ "alg": none, "kid": "k1" }).to_string());
            let told = checked(&format!("{head}.{payload}."), &keys, None);
            assert!(matches!(told, Err(Fault::Refused(_))), "{none}: {told:?}");
        }
        let mut confused = Header::new(Algorithm::HS256);
        confused.kid = Some("k1".to_owned());
        let modulus = serde_json::to_value(&ours.jwk).unwrap()["n"]
            .as_str()
            .unwrap()
            .to_owned();
        for secret in [ours.public.as_slice(), modulus.as_bytes()] {
            let key = EncodingKey::from_secret(secret);
            let token = jsonwebtoken::encode(&confused, &claims(), &key).unwrap();
            assert_eq!(checked(&token, &keys, None), Err(ALGORITHM));
        }
    }

    #[test]
    fn only_known_keys_count_whatever_the_token_brings_along() {
        let (ours, foreign) = (signer("k1"), signer("k2"));
        let keys = [ours.jwk.clone()];
        let mut brought = header(Some("k2"));
        brought.jwk = Some(foreign.jwk.clone());
        brought.jku = Some("https://evil.example/keys".to_owned());
        let told = checked(&sign(&foreign, &brought, &claims()), &keys, None);
        assert_eq!(told, Err(Fault::UnknownKey));
        let told = checked(&sign(&foreign, &header(Some("k1")), &claims()), &keys, None);
        assert!(matches!(told, Err(Fault::Refused(_))), "{told:?}");
        let both = [ours.jwk.clone(), foreign.jwk];
        assert!(checked(&sign(&ours, &header(None), &claims()), &keys, None).is_ok());
        let told = checked(&sign(&ours, &header(None), &claims()), &both, None);
        assert_eq!(told, Err(Fault::UnknownKey), "which of the two is not said");
        let mut encrypts = ours.jwk.clone();
        encrypts.common.public_key_use = Some(PublicKeyUse::Encryption);
        let told = checked(
            &sign(&ours, &header(Some("k1")), &claims()),
            &[encrypts],
            None,
        );
        assert_eq!(told, Err(Fault::UnknownKey));
    }

    #[test]
    fn an_extension_that_must_be_understood_is_refused() {
        let ours = signer("k1");
        let head = json!({ "alg": "RS256", "kid": "k1", "crit": ["b64"], "b64": false });
        let token = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(head.to_string()));
        let told = checked(&token, &[ours.jwk], None);
        assert!(matches!(told, Err(Fault::Refused(_))), "{told:?}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_sent_panics(token in "[a-zA-Z0-9._=-]{0,200}") {
            let _ = issuer(&token);
            proptest::prop_assert!(checked(&token, &[], None).is_err());
        }
    }
}
