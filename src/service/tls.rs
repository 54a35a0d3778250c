//! TLS for the service: a certificate authority made at start, and a leaf it signs.
//!
//! The authority's key is never written anywhere: who trusts the file trusts this run only.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

/// Why the service cannot offer TLS.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not make a certificate")]
    Certificate(#[source] rcgen::Error),
    #[error("could not use the certificate that was made")]
    Config(#[source] rustls::Error),
    #[error("could not write the certificate authority to {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Signs a leaf for loopback, `hosts` and where it listens, and writes the authority as PEM to `ca_file`.
pub(super) fn acceptor(
    hosts: &[String],
    listens: IpAddr,
    ca_file: &Path,
) -> Result<TlsAcceptor, Error> {
    let authority = authority().map_err(Error::Certificate)?;
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let listens = Some(listens).filter(|address| !address.is_unspecified());
    let listens = listens.map(|address| address.to_string());
    for host in hosts.iter().chain(&listens) {
        if !names.contains(host) {
            names.push(host.clone());
        }
    }
    let key = KeyPair::generate().map_err(Error::Certificate)?;
    let leaf = leaf(names)
        .and_then(|params| params.signed_by(&key, &authority))
        .map_err(Error::Certificate)?;
    write(ca_file, &authority.pem())?;
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config
                .with_no_client_auth()
                .with_single_cert(vec![leaf.der().clone()], private)
        })
        .map_err(Error::Config)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "sidetone local service CA");
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn leaf(names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
        .distinguished_name
        .push(DnType::CommonName, "sidetone local service");
    Ok(params)
}

/// The authority is no secret: other users of the machine may need to trust it.
fn write(path: &Path, pem: &str) -> Result<(), Error> {
    fs::write(path, pem).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}
