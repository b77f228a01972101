//! TLS of a listener: TLS 1.3 and 1.2 (BCP 195), HTTP/2 and HTTP/1.1 by ALPN, certificates that can be read anew.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Certificate and key of a listener, and where they are kept.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    private_key: PathBuf,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

/// Why certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{path} is not PEM: {source}")]
    NotPem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The certificate file has no certificate in it.
    #[error("{0} holds no certificate (expected BEGIN CERTIFICATE, the server's own first)")]
    NoCertificate(PathBuf),
    /// The key file has no private key in it.
    #[error("{0} holds no private key (expected BEGIN PRIVATE KEY, not encrypted)")]
    NoPrivateKey(PathBuf),
    /// They do not belong together, or are of a kind that cannot be used.
    #[error("certificate {certificate} and private key {private_key} cannot be used together: {source}")]
    Unusable {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        private_key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The cryptographic library refused its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// The key of new handshakes.
struct Current(ArcSwap<CertifiedKey>);

impl Tls {
    /// Reads a certificate chain and its private key from PEM files.
    ///
    /// # Errors
    /// When a file is missing or does not hold what it should, or when the two do not belong together.
    pub fn from_pem_files(
        certificate: impl Into<PathBuf>,
        private_key: impl Into<PathBuf>,
    ) -> Result<Arc<Self>, CertificateError> {
        let (certificate, private_key) = (certificate.into(), private_key.into());
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&certificate, &private_key)?)));
        // Named here and not taken from the process, so that no dependency can change what this listener speaks.
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(CertificateError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A device that comes back for its next poll resumes without a signature, and nothing is kept for it here.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(CertificateError::Setup)?;
        Ok(Arc::new(Self { certificate, private_key, current, config: Arc::new(config) }))
    }

    /// Reads the files again. New handshakes use what they hold; connections that are open stay as they are.
    ///
    /// # Errors
    /// As [`Tls::from_pem_files`]; the certificate in use then stays in use. A key and a certificate that are replaced
    /// one after the other do not belong together for a moment: read again after the second.
    pub fn reload(&self) -> Result<(), CertificateError> {
        self.current.0.store(Arc::new(read(&self.certificate, &self.private_key)?));
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

fn read(certificate: &Path, private_key: &Path) -> Result<CertifiedKey, CertificateError> {
    let chain = CertificateDer::pem_slice_iter(&contents(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| CertificateError::NotPem { path: certificate.to_owned(), source })?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&contents(private_key)?).map_err(|source| match source {
        pem::Error::NoItemsFound => CertificateError::NoPrivateKey(private_key.to_owned()),
        source => CertificateError::NotPem { path: private_key.to_owned(), source },
    })?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|source| CertificateError::Unusable {
        certificate: certificate.to_owned(),
        private_key: private_key.to_owned(),
        source,
    })
}

fn contents(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|source| CertificateError::Unreadable { path: path.to_owned(), source })
}
