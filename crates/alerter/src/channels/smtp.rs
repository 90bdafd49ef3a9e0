//! Mail to a relay over SMTP (RFC 5321), with STARTTLS (RFC 3207) or implicit TLS (RFC 8314).

mod replies;
mod stream;
mod tls;

use std::fmt;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::Starttls;
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;

use super::error::{SendError, excerpt, one_line};
use crate::content::mail::Mail;
use replies::Replies;
use stream::RelayStream;
use tls::Connector;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// STARTTLS, or no mail.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS where the relay offers it, else in the clear, but never with a login.
    Opportunistic,
    /// In the clear, a login too.
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
    host: String,
    port: u16,
    tls: Tls,
    /// None where there is never TLS.
    connector: Option<Connector>,
    credentials: Option<Credentials>,
    helo: ClientId,
    name: String,
    timeout: Duration,
}

/// What is said where a relay offers no TLS and a login is to be shown to it.
pub const NOT_IN_THE_CLEAR: &str =
    "it offers no STARTTLS, and the login is not sent in the clear (tls = \"none\" would)";

/// How long the relay may take to say good-bye: the mail is in its hands already.
const GOOD_BYE: Duration = Duration::from_secs(1);

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
        let credentials = config.credentials.clone();
        Ok(Relay {
            host: config.host.clone(),
            port: config.port,
            tls: config.tls,
            connector: connector(config)?,
            credentials: credentials.map(|(user, password)| Credentials::new(user, password)),
            helo: ClientId::Domain(config.helo.clone()),
            name: format!("{}:{}", config.host, config.port),
            timeout: config.timeout,
        })
    }

    /// Hands one mail over; returns what the relay said when it took it, on one line.
    pub async fn send(&self, mail: &Mail) -> Result<String, SendError> {
        // lettre's own timeout ends with the connection (lettre#1027): a relay that hangs after
        // the banner or after the final dot would hang us.
        match tokio::time::timeout(self.timeout, self.hand_over(mail)).await {
            Ok(handed) => handed,
            Err(_) => Err(SendError::TimedOut { place: self.name.clone(), after: self.timeout }),
        }
    }

    async fn hand_over(&self, mail: &Mail) -> Result<String, SendError> {
        let mut connection = self.connect().await?;
        let answer = connection.send(mail.envelope(), &mail.formatted()).await;
        let answer = answer.map_err(|error| self.classify(&error))?;
        // Whatever it says to this, or if it says nothing: it has the mail.
        let _ = tokio::time::timeout(GOOD_BYE, connection.quit()).await;
        let said = answer.message().collect::<Vec<_>>().join(" ");
        Ok(excerpt(format!("{} {said}", answer.code()).as_bytes()))
    }

    /// A connection on which mail may be sent.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await;
        let tcp = tcp.map_err(|error| self.unreachable(&error))?;
        // lettre writes the mail and the dot behind it one after the other: with Nagle's algorithm the dot waits for
        // the acknowledgement of the mail, which the relay's host delays by 40 ms.
        tcp.set_nodelay(true).map_err(|error| self.unreachable(&error))?;
        let mut connection = match (self.tls, &self.connector) {
            (Tls::Implicit, Some(connector)) => {
                self.greet_by_tls(tcp, connector, Replies::default()).await
            }
            (Tls::StartTls | Tls::Opportunistic, Some(connector)) => {
                self.greet_and_start_tls(tcp, connector).await
            }
            (Tls::None, _) | (_, None) => {
                let peer = tcp.peer_addr().map_err(|error| self.unreachable(&error))?;
                self.greet(RelayStream::new(tcp, peer, Replies::default())).await
            }
        }?;
        if let Some(credentials) = &self.credentials {
            let login = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            login.map_err(|error| self.classify(&error))?;
        }
        Ok(connection)
    }

    /// What the relay offers first says whether it goes on by TLS.
    async fn greet_and_start_tls(
        &self,
        tcp: TcpStream,
        connector: &Connector,
    ) -> Result<AsyncSmtpConnection, SendError> {
        let peer = tcp.peer_addr().map_err(|error| self.unreachable(&error))?;
        let stream = RelayStream::new(tcp, peer, Replies::default());
        let mut connection = self.greet(stream.clone()).await?;
        if !connection.can_starttls() {
            self.may_go_on_in_the_clear()?;
            return Ok(connection);
        }
        connection.command(Starttls).await.map_err(|error| self.classify(&error))?;
        drop(connection);
        let tcp = stream.into_inner();
        let tcp =
            tcp.ok_or_else(|| self.unreachable(&io::Error::from(io::ErrorKind::ResourceBusy)))?;
        // It greets nobody twice, and lettre waits for that.
        self.greet_by_tls(tcp, connector, Replies::after("220 TLS\r\n")).await
    }

    async fn greet_by_tls(
        &self,
        tcp: TcpStream,
        connector: &Connector,
        replies: Replies,
    ) -> Result<AsyncSmtpConnection, SendError> {
        let peer = tcp.peer_addr().map_err(|error| self.unreachable(&error))?;
        let tls = connector.connect(tcp).await.map_err(|error| self.unreachable(&error))?;
        self.greet(RelayStream::new(tls, peer, replies)).await
    }

    async fn greet<S>(&self, stream: RelayStream<S>) -> Result<AsyncSmtpConnection, SendError>
    where
        RelayStream<S>: AsyncTokioStream + 'static,
    {
        let connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.helo);
        connection.await.map_err(|error| self.classify(&error))
    }

    /// Whoever stands between us and the relay can take STARTTLS out of what it offers (RFC 3207 section 6), and
    /// must not get the password for it. The mail waits: one without the login might be refused for good.
    fn may_go_on_in_the_clear(&self) -> Result<(), SendError> {
        match self.tls {
            Tls::StartTls => Err(SendError::Unreachable {
                place: self.name.clone(),
                reason: "it offers no STARTTLS".to_owned(),
            }),
            Tls::Opportunistic if self.credentials.is_some() => Err(SendError::Authentication {
                place: self.name.clone(),
                answer: NOT_IN_THE_CLEAR.to_owned(),
            }),
            Tls::Opportunistic | Tls::Implicit | Tls::None => Ok(()),
        }
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> SendError {
        SendError::Unreachable { place: self.name.clone(), reason: one_line(error) }
    }

    fn classify(&self, error: &Error) -> SendError {
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

fn connector(config: &RelayConfig) -> Result<Option<Connector>, RelayError> {
    if config.tls == Tls::None {
        return Ok(None);
    }
    let connector = Connector::new(&config.host, config.extra_ca.as_deref());
    let connector = connector
        .map_err(|error| RelayError::Tls { host: config.host.clone(), reason: one_line(&error) });
    connector.map(Some)
}
