use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// The TLS settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SyslogError {
    /// The certificate authorities cannot be read.
    #[error("the certificate authorities cannot be read: {0}")]
    Pem(#[from] pem::Error),
    /// The file has none.
    #[error("the file of certificate authorities holds no certificate")]
    NoCertificate,
    /// The host is no name that a certificate could bear.
    #[error("no name to check the certificate against: {0}")]
    Name(#[from] InvalidDnsNameError),
    /// rustls refuses.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// The certificate must be for this host, and signed by one of these, or else by one that the
/// platform trusts.
pub(super) fn connector(
    host: &str,
    ca: Option<&[u8]>,
) -> Result<(TlsConnector, ServerName<'static>), SyslogError> {
    let name = ServerName::try_from(host.to_owned())?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = match ca {
        None => builder.with_platform_verifier()?.with_no_client_auth(),
        Some(pem) => builder.with_root_certificates(roots(pem)?).with_no_client_auth(),
    };
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, SyslogError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        return Err(SyslogError::NoCertificate);
    }
    Ok(roots)
}
