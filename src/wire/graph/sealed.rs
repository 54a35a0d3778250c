//! Resource data of notifications: a fresh AES key for each, itself encrypted for a certificate.
//!
//! As documented: the 32 bytes of the key go by RSA-OAEP (SHA-1), HMAC-SHA256 under the key covers
//! the ciphertext, and that is AES-256-CBC with PKCS #7 padding and the first half of the key as
//! its initialisation vector. The signature is checked before anything is decrypted, so that
//! nobody learns from the padding.

use aws_lc_rs::cipher::AES_256;
use aws_lc_rs::cipher::DecryptionContext;
use aws_lc_rs::cipher::EncryptionContext;
use aws_lc_rs::cipher::PaddedBlockDecryptingKey;
use aws_lc_rs::cipher::PaddedBlockEncryptingKey;
use aws_lc_rs::cipher::UnboundCipherKey;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::OAEP_SHA1_MGF1SHA1;
use aws_lc_rs::rsa::OaepPrivateDecryptingKey;
use aws_lc_rs::rsa::OaepPublicEncryptingKey;
use aws_lc_rs::rsa::PrivateDecryptingKey;
use aws_lc_rs::rsa::PublicEncryptingKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::subscription::EncryptedContent;

/// Why there is nothing to read. Says no more than a stranger may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("it is not written as documented")]
    Form,
    #[error("it is for another key")]
    Key,
    #[error("its signature is wrong")]
    Signature,
    #[error("what was signed cannot be decrypted")]
    Content,
}

/// The private half.
pub struct Opener(OaepPrivateDecryptingKey);

impl Opener {
    /// `None`: it is no RSA key.
    pub fn new(pkcs8: &[u8]) -> Option<Self> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).ok()?;
        OaepPrivateDecryptingKey::new(key).ok().map(Self)
    }

    pub fn open(&self, sealed: &EncryptedContent) -> Result<Zeroizing<Vec<u8>>, Error> {
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| Error::Form);
        let wrapped = decode(&sealed.data_key)?;
        let mut room = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let key = self
            .0
            .decrypt(&OAEP_SHA1_MGF1SHA1, &wrapped, &mut room, None);
        let key: [u8; KEY] = key
            .map_err(|_| Error::Key)
            .and_then(|key| (&*key).try_into().map_err(|_| Error::Key))?;
        let key = Zeroizing::new(key);
        let mut data = Zeroizing::new(decode(&sealed.data)?);
        let signature = decode(&sealed.data_signature)?;
        let signer = hmac::Key::new(hmac::HMAC_SHA256, &*key);
        hmac::verify(&signer, &data, &signature).map_err(|_| Error::Signature)?;
        let length = unbound(&key)
            .and_then(|key| PaddedBlockDecryptingKey::cbc_pkcs7(key).ok())
            .and_then(|cipher| {
                let context = DecryptionContext::Iv128(FixedLength::from(vector(&key)));
                Some(cipher.decrypt(&mut data, context).ok()?.len())
            })
            .ok_or(Error::Content)?;
        data.truncate(length);
        Ok(data)
    }
}

/// Encrypts for whoever has the private half of `public`, a `SubjectPublicKeyInfo` in DER.
/// `key` is fresh and random.
pub fn seal(
    plain: &[u8],
    key: &[u8; KEY],
    public: &[u8],
    certificate_id: &str,
) -> Option<EncryptedContent> {
    let public = PublicEncryptingKey::from_der(public).ok()?;
    let public = OaepPublicEncryptingKey::new(public).ok()?;
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = public
        .encrypt(&OAEP_SHA1_MGF1SHA1, key, &mut wrapped, None)
        .ok()?;
    let mut data = plain.to_vec();
    let context = EncryptionContext::Iv128(FixedLength::from(vector(key)));
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(unbound(key)?).ok()?;
    cipher.less_safe_encrypt(&mut data, context).ok()?;
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &data);
    Some(EncryptedContent {
        data: STANDARD.encode(&data).into(),
        data_signature: STANDARD.encode(signature),
        data_key: STANDARD.encode(wrapped),
        encryption_certificate_id: certificate_id.to_owned(),
        encryption_certificate_thumbprint: None,
    })
}

fn unbound(key: &[u8; KEY]) -> Option<UnboundCipherKey> {
    UnboundCipherKey::new(&AES_256, key).ok()
}

fn vector(key: &[u8; KEY]) -> [u8; 16] {
    let mut vector = [0; 16];
    vector.copy_from_slice(&key[..16]);
    vector
}

/// Of the AES key, in bytes.
pub const KEY: usize = 32;

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::encoding::Pkcs8V1Der;
    use aws_lc_rs::encoding::PublicKeyX509Der;
    use aws_lc_rs::rsa::KeySize;

    use super::*;

    fn pair() -> (Opener, Vec<u8>) {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
        (
            Opener::new(private.as_ref()).unwrap(),
            public.as_ref().to_vec(),
        )
    }

    fn flipped(text: &str) -> String {
        let mut bytes = STANDARD.decode(text).unwrap();
        bytes[0] ^= 1;
        STANDARD.encode(bytes)
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_one_key() {
        let (opener, public) = pair();
        for plain in [&b""[..], b"sixteen bytes ..", &[7; 4000]] {
            let sealed = seal(plain, &[3; KEY], &public, "k1").unwrap();
            assert_eq!(&**opener.open(&sealed).unwrap(), plain);
        }
        let sealed = seal(b"{}", &[3; KEY], &public, "k1").unwrap();
        assert_eq!(pair().0.open(&sealed), Err(Error::Key));
    }

    #[test]
    fn what_was_changed_on_the_way_is_not_even_decrypted() {
        let (opener, public) = pair();
        let sealed = seal(b"{\"id\":\"1\"}", &[9; KEY], &public, "k1").unwrap();
        let mut data = sealed.clone();
        data.data = flipped(&data.data).into();
        assert_eq!(opener.open(&data), Err(Error::Signature));
        let mut signature = sealed.clone();
        signature.data_signature = flipped(&signature.data_signature);
        assert_eq!(opener.open(&signature), Err(Error::Signature));
        let mut key = sealed.clone();
        key.data_key = flipped(&key.data_key);
        assert_eq!(opener.open(&key), Err(Error::Key));
        let mut form = sealed;
        form.data_key = "?".to_owned();
        assert_eq!(opener.open(&form), Err(Error::Form));
    }

    /// Made by the commands beside it, with openssl.
    #[test]
    fn what_another_program_sealed_is_opened() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/graph/sealed");
        let read = |name: &str| std::fs::read(format!("{folder}/{name}")).unwrap();
        let opener = Opener::new(&read("key.der")).unwrap();
        let sealed: EncryptedContent = serde_json::from_slice(&read("content.json")).unwrap();
        assert_eq!(**opener.open(&sealed).unwrap(), read("plain.json"));
    }
}
