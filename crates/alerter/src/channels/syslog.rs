use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::error::{SendError, one_line};
use super::event::Event;

mod message;
mod tls;

pub use message::Facility;
use message::Frame;
pub use tls::SyslogError;

/// What a UDP datagram may hold: receivers should take so much (RFC 5426 section 3.2).
const DATAGRAM: usize = 2048;
/// What a stream's message may hold: receivers should take so much (RFC 5425 section 4.3.1).
const STREAM: usize = 8192;

/// How long we listen for a host that says "nobody listens on this port" (ICMP).
const ECHO: Duration = Duration::from_millis(100);

/// How long a server may take to see our end of the stream. Most close at once; that one does not is
/// no reason to send again.
const GOODBYE: Duration = Duration::from_secs(2);

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// RFC 5426: nobody says whether it arrived.
    Udp,
    /// RFC 6587, with octet counting.
    Tcp,
    /// RFC 5425.
    Tls,
}

/// Where and how to log.
#[derive(Clone, Debug)]
pub struct SyslogConfig {
    /// How.
    pub transport: Transport,
    /// The name or the address of the server; with TLS its certificate must bear it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The facility of every message.
    pub facility: Facility,
    /// What we call ourselves; NILVALUE if empty.
    pub hostname: String,
    /// Time for one message.
    pub timeout: Duration,
    /// Certificate authorities in PEM in place of those of the system.
    pub ca: Option<Vec<u8>>,
}

/// A syslog server (RFC 5424).
#[derive(Clone)]
pub struct Syslog {
    transport: Transport,
    host: String,
    port: u16,
    frame: Frame,
    timeout: Duration,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    place: String,
}

impl Syslog {
    /// Checks the settings; connects with each message.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up.
    pub fn new(config: &SyslogConfig) -> Result<Self, SyslogError> {
        let tls = match config.transport {
            Transport::Tls => Some(tls::connector(&config.host, config.ca.as_deref())?),
            Transport::Udp | Transport::Tcp => None,
        };
        let longest = if config.transport == Transport::Udp { DATAGRAM } else { STREAM };
        Ok(Syslog {
            transport: config.transport,
            host: config.host.clone(),
            port: config.port,
            frame: Frame { facility: config.facility, hostname: config.hostname.clone(), longest },
            timeout: config.timeout,
            tls,
            place: format!("{}:{}", config.host, config.port),
        })
    }

    /// Sends one message. Over UDP "sent" is all that can be known; over TCP and TLS the server has
    /// taken it from the network.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub async fn send(&self, event: &Event) -> Result<(), SendError> {
        let message = self.frame.message(event);
        match tokio::time::timeout(self.timeout, self.carry(message.as_bytes())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                Err(SendError::Unreachable { place: self.place.clone(), reason: one_line(&error) })
            }
            Err(_) => Err(SendError::TimedOut { place: self.place.clone(), after: self.timeout }),
        }
    }

    /// Where it goes.
    pub fn place(&self) -> &str {
        &self.place
    }

    async fn carry(&self, message: &[u8]) -> std::io::Result<()> {
        if self.transport == Transport::Udp {
            return self.datagram(message).await;
        }
        // One connection each: on one that is kept, a message that the server never saw would be
        // taken for sent (RFC 6587 section 3.1 knows no answer).
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let frame = [format!("{} ", message.len()).as_bytes(), message].concat();
        match &self.tls {
            None => converse(stream, &frame).await,
            Some((connector, name)) => {
                converse(connector.connect(name.clone(), stream).await?, &frame).await
            }
        }
    }

    async fn datagram(&self, message: &[u8]) -> std::io::Result<()> {
        let mut failed = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
        for address in lookup_host((self.host.as_str(), self.port)).await? {
            match send_datagram(address, message).await {
                Ok(()) => return Ok(()),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

impl std::fmt::Debug for Syslog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Syslog")
            .field("transport", &self.transport)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

async fn send_datagram(address: SocketAddr, message: &[u8]) -> std::io::Result<()> {
    let any: SocketAddr = if address.is_ipv4() {
        (std::net::Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    socket.send(message).await?;
    // An error of an earlier datagram is told by the next call.
    match tokio::time::timeout(ECHO, socket.recv(&mut [0])).await {
        Ok(Err(error)) => Err(error),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

/// Writes, ends, and waits until the other side has ended too: a connection that broke under the
/// message says so here.
async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    frame: &[u8],
) -> std::io::Result<()> {
    stream.write_all(frame).await?;
    stream.shutdown().await?;
    let mut said = [0; 512];
    let end = async {
        loop {
            match stream.read(&mut said).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // Many servers end a connection without TLS's own farewell.
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    tokio::time::timeout(GOODBYE, end).await.unwrap_or(Ok(()))
}
