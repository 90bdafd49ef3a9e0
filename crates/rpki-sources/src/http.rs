//! Sources behind a URL.

use std::time::Duration;

use network::{Backoff, http_client, jittered};
use reqwest::header::{
    ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Client, Response, StatusCode};

use crate::document::{self, DocumentError};
use crate::file::MAX_BYTES;
use crate::report::{Report, now};

/// How often a URL is asked: as often as Routinator validates.
const REFRESH: Duration = Duration::from_mins(10);

/// How long to wait after the first failure; then longer each time, up to [`REFRESH`].
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// How long connecting may take, TLS too.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a whole answer may take: 5 MB packed is 10 minutes at 70 kbit/s. Without this, a server
/// that sends an octet now and then would hold us for ever.
const WHOLE: Duration = Duration::from_mins(10);

/// Why a URL gives nothing.
#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("the server answers {0}")]
    Status(StatusCode),
    #[error("{0}")]
    Transfer(String),
    #[error("more than {} MiB: no VRP file is that large", .0 >> 20)]
    TooLarge(u64),
    #[error(transparent)]
    Content(#[from] DocumentError),
    #[error("it could not be read to its end")]
    Panicked,
}

impl From<reqwest::Error> for HttpError {
    /// With what caused it: reqwest's own text stops at "error sending request". The URL is left out,
    /// since it is said already.
    fn from(error: reqwest::Error) -> Self {
        let mut text = if error.is_timeout() {
            "no answer in time".to_owned()
        } else if error.is_connect() {
            "cannot connect".to_owned()
        } else {
            "the transfer failed".to_owned()
        };
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        HttpError::Transfer(text)
    }
}

/// Follows a URL.
pub(crate) async fn run(url: String, mut report: Report) {
    let mut fetcher = match Fetcher::new(url, MAX_BYTES) {
        Ok(fetcher) => fetcher,
        Err(error) => return report.trouble(error.to_string()),
    };
    let mut backoff = Backoff::new(FIRST_PAUSE);
    loop {
        let wait = match fetcher.refresh(&mut report).await {
            Ok(()) => {
                backoff = Backoff::new(FIRST_PAUSE);
                jittered(REFRESH)
            }
            Err(error) => {
                report.trouble(error.to_string());
                backoff.next(REFRESH)
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Gets a document whenever it has changed.
struct Fetcher {
    client: Client,
    url: String,
    /// What to ask with, so that only news is sent.
    conditions: HeaderMap,
    /// How many octets the document may have, unpacked.
    limit: u64,
}

impl Fetcher {
    fn new(url: String, limit: u64) -> Result<Self, HttpError> {
        let client = http_client().connect_timeout(CONNECT).read_timeout(SILENCE).timeout(WHOLE);
        Ok(Fetcher { client: client.build()?, url, conditions: HeaderMap::new(), limit })
    }

    /// Asks once. What the server says about the version of its document is believed only after the
    /// document could be used: a broken one must not be answered with "not modified" from then on.
    async fn refresh(&mut self, report: &mut Report) -> Result<(), HttpError> {
        let request = self.client.get(&self.url).headers(self.conditions.clone());
        let response = request.send().await?;
        if response.status() == StatusCode::NOT_MODIFIED
            && let Some(snapshot) = report.state().snapshot
        {
            report.confirmed(snapshot.generated.unwrap_or_else(now));
            return Ok(());
        }
        if !response.status().is_success() {
            return Err(HttpError::Status(response.status()));
        }
        let conditions = conditions(response.headers());
        let bytes = body(response, self.limit).await?;
        let parsing = tokio::task::spawn_blocking(move || document::parse(&bytes));
        let snapshot = parsing.await.map_err(|_| HttpError::Panicked)??;
        self.conditions = conditions;
        let as_of = snapshot.generated.unwrap_or_else(now);
        report.renewed(snapshot.with_source(&self.url), as_of, REFRESH);
        Ok(())
    }
}

/// What to ask with, the next time, so that only news is sent (RFC 9110 section 13.1).
fn conditions(headers: &HeaderMap) -> HeaderMap {
    let pairs = [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
    let condition = |(told, asked)| Some((asked, HeaderValue::clone(headers.get(told)?)));
    pairs.into_iter().filter_map(condition).collect()
}

/// The body, unpacked, up to the limit: neither a length nor a compression ratio is believed.
async fn body(mut response: Response, limit: u64) -> Result<Vec<u8>, HttpError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(HttpError::TooLarge(limit));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > limit {
            return Err(HttpError::TooLarge(limit));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
