//! Mail to a relay over SMTP (RFC 5321), with STARTTLS (RFC 3207) or implicit TLS (RFC 8314).

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as LettreTls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::error::{SendError, excerpt, one_line};
use crate::mail::Mail;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// STARTTLS, or no mail.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS where the relay offers it, else in the clear.
    Opportunistic,
    /// In the clear.
    None,
}

/// Where and how to hand mails over.
#[derive(Clone)]
pub struct RelayConfig {
    /// The name of the relay; with TLS its certificate must bear it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// User name and password; never shown.
    pub credentials: Option<(String, String)>,
    /// Our name in EHLO: a fully qualified one, or relays refuse it.
    pub helo: String,
    /// Time for one mail, from connecting to the relay's word.
    pub timeout: Duration,
    /// A certificate authority in PEM beside those of the system.
    pub extra_ca: Option<Vec<u8>>,
}

impl fmt::Debug for RelayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.credentials.as_ref().map(|(user, _)| user);
        f.debug_struct("RelayConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("user", &user)
            .field("helo", &self.helo)
            .finish_non_exhaustive()
    }
}

/// A relay.
#[derive(Debug, Clone)]
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    name: String,
    timeout: Duration,
}

/// The relay's settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The HELO name is not fully qualified.
    #[error(
        "helo name '{0}' is not fully qualified (expected a name with a dot, as monitor.example.net)"
    )]
    Helo(String),
    /// The name or the certificate authority is not usable for TLS.
    #[error("tls settings for {host}: {reason}")]
    Tls {
        /// The relay.
        host: String,
        /// What is wrong.
        reason: String,
    },
}

impl Relay {
    /// Checks the settings; connects only with the first mail.
    pub fn new(config: &RelayConfig) -> Result<Self, RelayError> {
        let literal = config.helo.starts_with('[') && config.helo.ends_with(']');
        if !literal && !config.helo.trim_end_matches('.').contains('.') {
            return Err(RelayError::Helo(config.helo.clone()));
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .timeout(Some(config.timeout))
            .hello_name(ClientId::Domain(config.helo.clone()))
            .tls(tls(config)?);
        if let Some((user, password)) = &config.credentials {
            builder = credentials(builder, user, password);
        }
        let name = format!("{}:{}", config.host, config.port);
        Ok(Relay { transport: builder.build(), name, timeout: config.timeout })
    }

    /// Hands one mail over; returns what the relay said when it took it, on one line.
    pub async fn send(&self, mail: &Mail) -> Result<String, SendError> {
        // lettre's own timeout ends with the connection (lettre#1027): a relay that hangs after
        // the banner or after the final dot would hang us.
        let bytes = mail.formatted();
        let send = self.transport.send_raw(mail.envelope(), &bytes);
        match tokio::time::timeout(self.timeout, send).await {
            Ok(Ok(answer)) => {
                let said = answer.message().collect::<Vec<_>>().join(" ");
                Ok(excerpt(format!("{} {said}", answer.code()).as_bytes()))
            }
            Ok(Err(error)) => Err(self.classify(&error)),
            Err(_) => Err(SendError::TimedOut { place: self.name.clone(), after: self.timeout }),
        }
    }

    fn classify(&self, error: &lettre::transport::smtp::Error) -> SendError {
        let place = self.name.clone();
        let answer = one_line(error);
        let code = error.status().map(u16::from);
        match code {
            Some(530 | 534 | 535 | 538) => SendError::Authentication { place, answer },
            _ if error.is_permanent() => SendError::Refused { place, answer },
            _ if error.is_transient() => SendError::Deferred { place, answer, retry_after: None },
            _ => SendError::Unreachable { place, reason: answer },
        }
    }
}

fn credentials(
    builder: AsyncSmtpTransportBuilder,
    user: &str,
    password: &str,
) -> AsyncSmtpTransportBuilder {
    builder.credentials(Credentials::new(user.to_owned(), password.to_owned()))
}

fn tls(config: &RelayConfig) -> Result<LettreTls, RelayError> {
    if config.tls == Tls::None {
        return Ok(LettreTls::None);
    }
    let wrong = |error: lettre::transport::smtp::Error| RelayError::Tls {
        host: config.host.clone(),
        reason: one_line(&error),
    };
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.extra_ca {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    let parameters = parameters.build().map_err(wrong)?;
    Ok(match config.tls {
        Tls::StartTls => LettreTls::Required(parameters),
        Tls::Implicit => LettreTls::Wrapper(parameters),
        Tls::Opportunistic => LettreTls::Opportunistic(parameters),
        Tls::None => LettreTls::None,
    })
}
