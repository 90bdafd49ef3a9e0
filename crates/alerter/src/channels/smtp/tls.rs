use std::io;
use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{self, ClientConfig};

/// What makes a connection to one relay safe: its certificate bears the name of the relay, and an authority that the
/// platform trusts has signed it, or one of ours.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// The settings cannot work.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectorError {
    #[error("the certificate authorities cannot be read: {0}")]
    Pem(#[from] pem::Error),
    #[error("the file of certificate authorities holds no certificate")]
    NoCertificate,
    #[error("no name to check the certificate against: {0}")]
    Name(#[from] InvalidDnsNameError),
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

impl Connector {
    /// With the authorities of a PEM file beside those of the platform.
    pub(super) fn new(host: &str, extra: Option<&[u8]>) -> Result<Self, ConnectorError> {
        let name = ServerName::try_from(host.to_owned())?;
        let authorities: Vec<_> = match extra {
            None => Vec::new(),
            Some(pem) => CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>()?,
        };
        if extra.is_some() && authorities.is_empty() {
            return Err(ConnectorError::NoCertificate);
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(authorities, provider.clone())?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            // The platform's own, as everywhere else.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Connector { config: Arc::new(config), name })
    }

    pub(super) async fn connect(&self, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(self.config.clone()).connect(self.name.clone(), tcp).await
    }
}
