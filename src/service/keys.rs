//! The keys that sign access tokens: RS256, the first made at first start and kept, others in its place on demand.
//!
//! Making one takes longer than a start may take, so it happens on a thread of its
//! own and only who asks for a token waits for it.

use std::fmt::Write as _;
use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use aws_lc_rs::signature::RsaKeyPair;
use aws_lc_rs::signature::UnparsedPublicKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::jwk::PublicKeyUse;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::watch;

use crate::clock::Timestamp;
use crate::wire::acs::identity::Claims;

/// The one resource this service ever is; clients know it as "local".
pub const RESOURCE: &str = "51de70fe-0000-4000-8000-10ca15e4b1ce";

/// What `scp` says in every recorded token of an external user.
const SCP: u64 = 1792;

/// The signing keys, present or on their way.
#[derive(Clone)]
pub(super) struct Keys {
    held: Arc<watch::Sender<Held>>,
    path: Option<PathBuf>,
}

#[derive(Clone)]
enum Held {
    OnTheirWay,
    Made(Arc<SigningKeys>),
    Failed,
}

impl Held {
    const fn is_settled(&self) -> bool {
        !matches!(self, Self::OnTheirWay)
    }

    fn made(&self) -> Option<Arc<SigningKeys>> {
        match self {
            Self::Made(keys) => Some(Arc::clone(keys)),
            Self::OnTheirWay | Self::Failed => None,
        }
    }
}

impl Keys {
    /// Reads the key below `data`, or makes one; both elsewhere, as even waking up the
    /// crypto library's generator (which signing needs too) takes longer than a start may.
    pub(super) fn open(data: Option<&Path>) -> io::Result<Self> {
        let keys = Self {
            held: Arc::new(watch::Sender::new(Held::OnTheirWay)),
            path: data.map(|folder| folder.join("signing-key.der")),
        };
        keys.clone().work(|keys| {
            let signing = SigningKey::open(keys.path.as_deref());
            if signing.is_none() {
                tracing::error!("could not make a signing key");
            }
            let before = keys.path.as_deref().and_then(SigningKey::before);
            let made = signing.map(|key| {
                Held::Made(Arc::new(SigningKeys {
                    now: Arc::new(key),
                    before: before.map(Arc::new),
                }))
            });
            keys.held.send_replace(made.unwrap_or(Held::Failed));
        })?;
        Ok(keys)
    }

    /// `None` when no key could be made.
    pub(super) async fn ready(&self) -> Option<Arc<SigningKeys>> {
        let mut held = self.held.subscribe();
        held.wait_for(Held::is_settled).await.ok()?.made()
    }

    /// Signs with a new key from now on. Tokens of the key before stay good, and it is published still;
    /// the one before that is forgotten.
    pub(super) async fn rotate(&self) -> Option<Arc<SigningKeys>> {
        let before = self.ready().await?;
        let mut held = self.held.subscribe();
        let started = self.clone().work(move |keys| {
            let next = SigningKey::make().map(|(key, der)| {
                if let Some(Err(error)) = keys.path.as_deref().map(|path| replace(path, &der)) {
                    tracing::warn!(%error, "the new signing key lives only as long as this run");
                }
                Arc::new(SigningKeys {
                    now: Arc::new(key),
                    before: Some(Arc::clone(&before.now)),
                })
            });
            // Without a new one the old one goes on; who waits is told either way.
            keys.held.send_replace(Held::Made(next.unwrap_or(before)));
        });
        started.ok()?;
        held.changed().await.ok()?;
        held.borrow().made()
    }

    fn work(self, work: impl FnOnce(Self) + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name("signing key".to_owned());
        thread.spawn(move || work(self)).map(drop)
    }
}

/// The key that signs, and the one that did before it.
pub(super) struct SigningKeys {
    now: Arc<SigningKey>,
    before: Option<Arc<SigningKey>>,
}

impl SigningKeys {
    /// The token of `user` (a raw id). `serial` keeps two tokens of one second apart.
    pub(super) fn token(&self, user: &str, scopes: &str, times: Lifetime, serial: u64) -> String {
        self.now.token(user, scopes, times, serial)
    }

    /// Any claims as a token of the key that signs.
    pub(super) fn sign(&self, claims: &impl Serialize) -> String {
        self.now.sign(claims)
    }

    /// What a token of these keys says, expired or not. `None`: none of them signed it.
    pub(super) fn claims(&self, token: &str) -> Option<Claims> {
        self.each().find_map(|key| key.claims(token))
    }

    /// As [`SigningKeys::claims`], for tokens of another form.
    pub(super) fn read<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        self.each().find_map(|key| key.read(token))
    }

    /// The public halves, as a key set has them.
    pub(super) fn public(&self) -> Vec<Jwk> {
        self.each().filter_map(SigningKey::jwk).collect()
    }

    fn each(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&*self.now).chain(self.before.as_deref())
    }
}

struct SigningKey {
    key: RsaKeyPair,
    kid: String,
    header: String,
}

impl SigningKey {
    /// The one that is kept at `path`; else a new one, kept there from now on.
    fn open(path: Option<&Path>) -> Option<Self> {
        let kept = path.and_then(|path| match fs::read(path) {
            Ok(der) => Self::from_pkcs8(&der),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, "the signing key that is kept cannot be read");
                None
            }
        });
        if let Some(kept) = kept {
            // Wakes the generator up now, so that the first token does not wait for it.
            let _ = rand::fill(&mut [0]);
            return Some(kept);
        }
        let (key, der) = Self::make()?;
        if let Some(Err(error)) = path.map(|path| keep(path, &der)) {
            tracing::warn!(%error, "the signing key lives only as long as this run");
        }
        Some(key)
    }

    /// The one that the one at `path` came after: what it signed is good after a restart too.
    fn before(path: &Path) -> Option<Self> {
        Self::from_pkcs8(&fs::read(path_before(path)).ok()?)
    }

    fn make() -> Option<(Self, Vec<u8>)> {
        let der = RsaKeyPair::generate(KeySize::Rsa2048)
            .and_then(|key| key.as_der())
            .ok()?;
        let der: Vec<u8> = der.as_ref().to_vec();
        Some((Self::from_pkcs8(&der)?, der))
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let key = RsaKeyPair::from_pkcs8(der).ok()?;
        let print = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key.public_key().as_ref());
        let mut kid = String::new();
        for byte in print.as_ref() {
            let _ = write!(kid, "{byte:02X}");
        }
        let x5t = URL_SAFE_NO_PAD.encode(print);
        let header = json!({ "alg": "RS256", "kid": kid, "x5t": x5t, "typ": "JWT" });
        Some(Self {
            key,
            kid,
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
        })
    }

    fn token(&self, user: &str, scopes: &str, times: Lifetime, serial: u64) -> String {
        let issued = u64::try_from(times.issued.as_millis() / 1000).unwrap_or(0);
        let claims = Claims {
            skypeid: user.strip_prefix("8:").unwrap_or(user).to_owned(),
            scp: Some(SCP),
            csi: Some((issued * 1000 + serial % 1000).to_string()),
            exp: u64::try_from(times.expires.as_millis() / 1000).unwrap_or(0),
            rgn: Some("local".to_owned()),
            acs_scope: Some(scopes.to_owned()),
            resource_id: Some(RESOURCE.to_owned()),
            resource_location: Some("local".to_owned()),
            iat: Some(issued),
        };
        self.sign(&claims)
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        let claims = serde_json::to_string(claims).unwrap_or_default();
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let done = self.key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        );
        // Only a wrong buffer length makes it fail, and the length above is the key's own.
        done.map_or_else(
            |_| String::new(),
            |()| format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)),
        )
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        self.payload(token)?;
        Claims::peek(token)
    }

    fn read<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        serde_json::from_slice(&self.payload(token)?).ok()
    }

    fn payload(&self, token: &str) -> Option<Vec<u8>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, payload) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = self.key.public_key().as_ref();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        URL_SAFE_NO_PAD.decode(payload).ok()
    }

    fn jwk(&self) -> Option<Jwk> {
        let public = DecodingKey::from_rsa_der(self.key.public_key().as_ref());
        let mut jwk = Jwk::from_decoding_key(&public, Some(Algorithm::RS256)).ok()?;
        jwk.common.key_id = Some(self.kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(jwk)
    }
}

/// From when until when a token holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    pub(super) issued: Timestamp,
    pub(super) expires: Timestamp,
}

/// A new key at `path`; the one before is kept beside it.
fn replace(path: &Path, der: &[u8]) -> io::Result<()> {
    if let Ok(old) = fs::read(path) {
        keep(&path_before(path), &old)?;
    }
    keep(path, der)
}

fn path_before(path: &Path) -> PathBuf {
    path.with_file_name("signing-key-before.der")
}

/// Written beside and renamed: two services starting at once leave one whole key.
fn keep(path: &Path, der: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("new-{}", uuid::Uuid::new_v4()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(der)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jsonwebtoken::Validation;

    use super::*;

    #[test]
    fn a_token_is_signed_with_the_documented_claims() {
        let (key, _) = SigningKey::make().unwrap();
        let times = Lifetime {
            issued: Timestamp::from_millis(1_755_818_174_000),
            expires: Timestamp::from_millis(4_000_000_000_000),
        };
        let token = key.token("8:acs:res_user", "chat,voip", times, 0);
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_required_spec_claims(&["exp"]);
        let public = DecodingKey::from_rsa_der(key.key.public_key().as_ref());
        let read = jsonwebtoken::decode::<Claims>(&token, &public, &rules).unwrap();
        assert_eq!(read.claims.skypeid, "acs:res_user");
        assert_eq!(read.claims.acs_scope.as_deref(), Some("chat,voip"));
        assert_eq!(read.claims.iat, Some(1_755_818_174));
        assert!(read.header.kid.is_some() && read.header.x5t.is_some());
        assert_eq!(key.claims(&token).unwrap().skypeid, "acs:res_user");
        let (other, _) = SigningKey::make().unwrap();
        assert_eq!(other.claims(&token), None);
    }

    #[tokio::test]
    async fn a_new_key_signs_and_the_one_before_is_still_known() {
        let data = tempfile::tempdir().unwrap();
        let keys = Keys::open(Some(data.path())).unwrap();
        let first = keys.ready().await.unwrap();
        let old = first.sign(&json!({ "n": 1 }));
        let second = keys.rotate().await.unwrap();
        let new = second.sign(&json!({ "n": 2 }));
        assert!(first.read::<serde_json::Value>(&new).is_none());
        assert_eq!(second.public().len(), 2);
        for token in [&old, &new] {
            assert!(second.read::<serde_json::Value>(token).is_some());
        }
        let third = keys.rotate().await.unwrap();
        assert!(third.read::<serde_json::Value>(&new).is_some());
        assert!(third.read::<serde_json::Value>(&old).is_none());
        assert_eq!(third.public().len(), 2);
        // The next start signs with the newest, and knows the one before.
        let kept = Keys::open(Some(data.path()))
            .unwrap()
            .ready()
            .await
            .unwrap();
        let token = kept.sign(&json!({}));
        assert!(third.read::<serde_json::Value>(&token).is_some());
        assert!(kept.read::<serde_json::Value>(&new).is_some());
        assert!(kept.read::<serde_json::Value>(&old).is_none());
        let mode = fs::metadata(data.path().join("signing-key-before.der")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }
}
