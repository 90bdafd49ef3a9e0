use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use network::http_client;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE};
use reqwest::{Client, Response, StatusCode};
use tokio::runtime::{Builder, Runtime};

/// How long connecting may take, TLS too.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// How often a transfer that stops is taken up again before an octet more has come, and how long to
/// wait before each time.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(5)];

/// A file on the web, read as it comes. Where the transfer stops, it is taken up at the same octet.
pub(crate) struct Remote {
    runtime: Runtime,
    client: Client,
    url: String,
    response: Option<Response>,
    chunk: io::Cursor<Vec<u8>>,
    /// Octets of the body received so far, over all attempts.
    received: u64,
    /// What tells this version of the file from another.
    version: Option<HeaderValue>,
    failures: usize,
    /// Whoever reads on at the end must not begin anew.
    ended: bool,
}

impl Remote {
    /// Connects nowhere yet.
    pub(crate) fn new(url: &str) -> io::Result<Self> {
        Ok(Remote {
            runtime: runtime()?,
            client: client()?,
            url: url.to_owned(),
            response: None,
            chunk: io::Cursor::default(),
            received: 0,
            version: None,
            failures: 0,
            ended: false,
        })
    }

    /// The next chunk; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        while !self.ended {
            let response = match self.response.take() {
                Some(response) => Ok(response),
                None => self.connect(),
            };
            let error = match response {
                Ok(mut response) => match self.runtime.block_on(response.chunk()) {
                    Ok(Some(chunk)) => {
                        self.received += chunk.len() as u64;
                        self.chunk = io::Cursor::new(chunk.into());
                        self.response = Some(response);
                        self.failures = 0;
                        return Ok(true);
                    }
                    Ok(None) => {
                        self.ended = true;
                        continue;
                    }
                    Err(error) => Trouble::Passing(causes(&error)),
                },
                Err(error) => error,
            };
            self.pause(error)?;
        }
        Ok(false)
    }

    /// Waits before the next try; Err where there is none.
    fn pause(&mut self, error: Trouble) -> io::Result<()> {
        let (why, pause) = match error {
            Trouble::Lasting(why) => (why, None),
            Trouble::Passing(why) => (why, PAUSES.get(self.failures)),
        };
        let Some(pause) = pause else {
            let text = match self.received {
                0 => why,
                octets => format!("the transfer stopped after {octets} bytes: {why}"),
            };
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, text));
        };
        self.failures += 1;
        self.runtime.block_on(async { tokio::time::sleep(*pause).await });
        Ok(())
    }

    fn connect(&mut self) -> Result<Response, Trouble> {
        let mut request = self.client.get(&self.url);
        if self.received > 0 {
            request = request.header(RANGE, format!("bytes={}-", self.received));
            if let Some(version) = &self.version {
                request = request.header(IF_RANGE, version);
            }
        }
        let sent = self.runtime.block_on(async { request.send().await });
        let response = sent.map_err(|error| Trouble::Passing(causes(&error)))?;
        let status = response.status();
        let busy = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        if busy {
            return Err(Trouble::Passing(format!("the server answers {status}")));
        }
        if self.received == 0 {
            if status != StatusCode::OK {
                return Err(Trouble::Lasting(format!("the server answers {status}")));
            }
            self.version = version(&response);
            return Ok(response);
        }
        let from = format!("bytes {}-", self.received);
        let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        if status == StatusCode::PARTIAL_CONTENT && range.is_some_and(|r| r.starts_with(&from)) {
            return Ok(response);
        }
        let why = "the server cannot go on from there, or the file has changed";
        Err(Trouble::Lasting(format!("{why} (it answers {status})")))
    }
}

impl Read for Remote {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let octets = self.chunk.read(buffer)?;
            if octets > 0 || buffer.is_empty() || !self.fill()? {
                return Ok(octets);
            }
        }
    }
}

/// Why there is no answer.
enum Trouble {
    /// It may work the next time.
    Passing(String),
    /// It will not.
    Lasting(String),
}

/// One thread reads, so one thread is enough for the network.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Recordings are taken as they are: one that is packed by gzip must not be unpacked on the way, or it
/// could not be taken up at an octet.
pub(crate) fn client() -> io::Result<Client> {
    http_client()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .no_gzip()
        .build()
        .map_err(|error| io::Error::other(causes(&error)))
}

/// A strong ETag, else the date (RFC 9110 section 13.1.5).
fn version(response: &Response) -> Option<HeaderValue> {
    let header = |name| response.headers().get(name).cloned();
    let strong = header(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    strong.or_else(|| header(LAST_MODIFIED))
}

/// An error with what caused it: reqwest's own text stops at "error sending request". The URL is
/// left out, since it is said already.
pub(crate) fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        format!("no answer within {} s", SILENCE.as_secs())
    } else if error.is_connect() {
        "cannot connect".to_owned()
    } else {
        "the transfer failed".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("url", &self.url).finish_non_exhaustive()
    }
}
