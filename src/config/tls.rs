//! The one TLS configuration, for HTTP and web sockets: the platform's roots and `--ca`.
//!
//! Built when the first https or wss address is used: reading the platform's
//! roots costs more than the whole start over plain http to this machine.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("could not read the certificate authority in {path}: {detail}")]
    Authority { path: PathBuf, detail: String },
    #[error("could not set up TLS: {0}")]
    Setup(String),
}

/// Cheap to clone; all clones share the configuration.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    authority: Option<PathBuf>,
    built: OnceLock<Result<Arc<ClientConfig>, Error>>,
}

impl Tls {
    /// `authority`: a PEM file of roots that are trusted besides the platform's.
    pub fn new(authority: Option<PathBuf>) -> Self {
        Self {
            shared: Arc::new(Shared {
                authority,
                built: OnceLock::new(),
            }),
        }
    }

    pub fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let build = || build(self.shared.authority.as_deref()).map(Arc::new);
        self.shared.built.get_or_init(build).clone()
    }

    /// Trusts nobody: for a client that only ever speaks plain http.
    pub fn none() -> Result<ClientConfig, Error> {
        Ok(ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::Setup(e.to_string()))?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth())
    }
}

fn build(authority: Option<&Path>) -> Result<ClientConfig, Error> {
    let extra = authority.map_or(Ok(Vec::new()), read_authority)?;
    let verifier = Verifier::new_with_extra_roots(extra, provider())
        .map_err(|e| Error::Setup(e.to_string()))?;
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Setup(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn read_authority(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let failed = |detail: String| Error::Authority {
        path: path.to_owned(),
        detail,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| failed(e.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("no certificate is in it".to_owned()));
    }
    Ok(certificates)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn authority_file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn an_own_authority_is_trusted_besides_the_platform() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        let file = authority_file(&authority.pem());
        let tls = Tls::new(Some(file.path().to_owned()));
        let config = tls.config().unwrap();
        assert!(Arc::ptr_eq(&config, &tls.config().unwrap()));
    }

    #[test]
    fn a_file_without_a_certificate_is_refused_by_name() {
        let file = authority_file("hello");
        let error = Tls::new(Some(file.path().to_owned())).config().unwrap_err();
        assert!(error.to_string().contains("no certificate is in it"));
        let error = Tls::new(Some("/nowhere/ca.pem".into()))
            .config()
            .unwrap_err();
        assert!(error.to_string().contains("/nowhere/ca.pem"));
    }
}
