//! The connection to a cache, kept up for ever.

use std::io;
use std::time::Duration;

use network::Backoff;
use network::tls::{self, TlsError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::pdu::{self, Query};
use super::session::{Answer, Session, SessionError, Step};
use super::timing::Intervals;
use crate::report::Report;
use crate::source::Cache;

/// How long connecting may take, TLS too.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a cache that owes us an answer may say nothing. A cache that builds its first answer
/// out of all of RPKI needs a second or two.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a whole answer may take: all of RPKI is 20 MB, which is 5 minutes at 600 kbit/s. Without
/// this, a cache that sends an octet now and then would hold us for ever.
const ANSWER: Duration = Duration::from_mins(5);

/// How long to wait after the first failure; then longer each time, up to the retry interval.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// How much is read at once: some 3,000 VRPs.
const CHUNK: usize = 64 << 10;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error("cannot connect: no answer within {} s", CONNECT.as_secs())]
    ConnectTimeout,
    #[error("cannot connect: {0}")]
    Tls(#[from] TlsError),
    #[error("the cache closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broke(#[from] io::Error),
    #[error("the cache said nothing for {} s", SILENCE.as_secs())]
    Silent,
    #[error("an answer took more than {} s", ANSWER.as_secs())]
    Endless,
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("the VRPs could not be put into order")]
    Build,
}

impl Ended {
    /// Whether this is how a cache behaves that does not like our first query.
    fn is_refusal(&self) -> bool {
        match self {
            Ended::Closed | Ended::Session(SessionError::Unsupported(_)) => true,
            Ended::Broke(error) => {
                matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
            }
            Ended::Connect(_)
            | Ended::ConnectTimeout
            | Ended::Tls(_)
            | Ended::Silent
            | Ended::Endless
            | Ended::Session(_)
            | Ended::Build => false,
        }
    }
}

/// Follows a cache and reports what it says, for as long as somebody listens.
///
/// What it said stays until it says something else, whole; when that is, and when it must not be
/// used any more, is in the report.
pub(crate) async fn run(cache: Cache, report: Report) {
    let mut client =
        Client { cache, report, session: Session::default(), intervals: Intervals::of(None) };
    let mut backoff = Backoff::new(FIRST_PAUSE);
    loop {
        let before = client.report.renewals();
        let Err(ended) = client.connection().await;
        if client.session.disconnected(ended.is_refusal()) {
            continue;
        }
        if client.report.renewals() > before {
            backoff = Backoff::new(FIRST_PAUSE);
        }
        client.report.trouble(ended.to_string());
        tokio::time::sleep(backoff.next(client.intervals.retry)).await;
    }
}

/// Never made: a connection ends with an error.
enum Never {}

struct Client {
    cache: Cache,
    report: Report,
    session: Session,
    intervals: Intervals,
}

impl Client {
    async fn connection(&mut self) -> Result<Never, Ended> {
        let address = &self.cache.address;
        let stream = match timeout(CONNECT, TcpStream::connect(address)).await {
            Err(_) => return Err(Ended::ConnectTimeout),
            Ok(stream) => stream.map_err(Ended::Connect)?,
        };
        if !self.cache.tls {
            return self.converse(stream).await;
        }
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
        let connecting = tls::connect(stream, host, self.cache.ca_file.as_deref());
        let stream = timeout(CONNECT, connecting).await.map_err(|_| Ended::ConnectTimeout)??;
        self.converse(stream).await
    }

    async fn converse(
        &mut self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> Result<Never, Ended> {
        let ended = match self.exchange(&mut stream).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        };
        if let Ended::Session(error) = &ended
            && let Some(code) = error.code()
        {
            let report = pdu::error_report(self.session.version(), code, &error.to_string());
            // The connection ends in any case, so whether the cache hears why does not matter.
            let _ = timeout(SILENCE, stream.write_all(&report)).await;
        }
        Err(ended)
    }

    async fn exchange(
        &mut self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> Result<Never, Ended> {
        let mut bytes = Vec::new();
        let query = self.session.connected();
        let mut asked = self.send(stream, query).await?;
        loop {
            let deadline = if self.session.is_waiting() {
                asked + ANSWER
            } else {
                asked + self.intervals.refresh
            };
            let mut wait = deadline.saturating_duration_since(Instant::now());
            if self.session.is_waiting() {
                wait = wait.min(SILENCE);
            }
            bytes.reserve(CHUNK);
            match timeout(wait, stream.read_buf(&mut bytes)).await {
                Ok(Ok(0)) => return Err(Ended::Closed),
                Ok(read) => {
                    read?;
                    if let Some(query) = self.take(&mut bytes).await? {
                        asked = self.send(stream, query).await?;
                    }
                }
                Err(_) if !self.session.is_waiting() => {
                    let query = self.session.ask();
                    asked = self.send(stream, query).await?;
                }
                Err(_) if Instant::now() >= deadline => return Err(Ended::Endless),
                Err(_) => return Err(Ended::Silent),
            }
        }
    }

    async fn send(
        &self,
        stream: &mut (impl AsyncWrite + Unpin),
        query: Query,
    ) -> Result<Instant, Ended> {
        let bytes = query.write(self.session.version());
        let sent = timeout(SILENCE, async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        });
        sent.await.map_err(|_| Ended::Silent)??;
        Ok(Instant::now())
    }

    /// Takes all the whole PDUs of these bytes out of them; the query that they call for.
    async fn take(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Query>, Ended> {
        let mut taken = 0;
        let mut ask = None;
        while let Some((version, pdu, length)) =
            pdu::read(bytes.get(taken..).unwrap_or_default()).map_err(SessionError::from)?
        {
            taken += length;
            let mut step = self.session.handle(version, pdu)?;
            if let Step::Complete(answer) = step {
                step = self.complete(*answer).await?;
            }
            if let Step::Ask(query) = step {
                ask = Some(query);
            }
        }
        bytes.drain(..taken);
        Ok(ask)
    }

    async fn complete(&mut self, answer: Answer) -> Result<Step, Ended> {
        let Answer { intake, known, timing } = answer;
        let source = self.cache.to_string();
        let finished = tokio::task::spawn_blocking(move || intake.finish(&source));
        let holdings = finished.await.map_err(|_| Ended::Build)?;
        let step = self.session.settle(known, holdings);
        self.intervals = Intervals::of(timing);
        let Intervals { refresh, expire, .. } = self.intervals;
        self.report.renewed_for(self.session.holdings().snapshot.clone(), refresh, expire);
        Ok(step)
    }
}

#[cfg(test)]
mod tests;
