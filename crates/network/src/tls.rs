//! TLS to a server that we ask: a cache (RFC 8210 section 9.2), a mailbox (RFC 8314).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// Why there is no TLS connection.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The CA file cannot be read.
    #[error("{}: {error}", path.display())]
    CaFile {
        /// The CA file.
        path: PathBuf,
        /// What is wrong with it.
        error: pem::Error,
    },
    /// The CA file can be read, and there is nothing in it.
    #[error("{} holds no certificate", path.display())]
    NoCertificate {
        /// The CA file.
        path: PathBuf,
    },
    /// The host is no name that a certificate could bear.
    #[error("no name to check the certificate against: {0}")]
    Name(#[from] InvalidDnsNameError),
    /// rustls refuses the settings.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
    /// The connection ended, or the certificate does not hold: rustls puts its reason into an I/O
    /// error.
    #[error("TLS: {0}")]
    Handshake(#[from] std::io::Error),
}

/// Makes a connection safe. The certificate must be for this host, and signed by a CA of the file,
/// or, without one, of the platform.
pub async fn connect(
    stream: TcpStream,
    host: &str,
    ca_file: Option<&Path>,
) -> Result<TlsStream<TcpStream>, TlsError> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned())?;
    let connector = TlsConnector::from(Arc::new(config(ca_file)?));
    Ok(connector.connect(name, stream).await?)
}

/// Read anew for each connection, since certificates of a CA file are renewed.
fn config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let Some(path) = ca_file else {
        return Ok(builder.with_platform_verifier()?.with_no_client_auth());
    };
    let failed = |error| TlsError::CaFile { path: path.to_owned(), error };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(failed)? {
        roots.add(certificate.map_err(failed)?)?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
