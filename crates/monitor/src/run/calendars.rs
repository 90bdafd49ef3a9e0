//! Calendars with maintenance windows: read again and again, and handed to the engine.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::string::FromUtf8Error;
use std::time::Duration;

use alerter::calendar::{self, CalendarError};
use jiff::tz::TimeZone;
use network::http_client;
use reqwest::{Client, StatusCode};
use tokio::sync::mpsc;
use tokio::task::block_in_place;

use super::input::Input;
use crate::config::{Calendar, CalendarPlace};
use clock::wall;

/// How often they are read.
const EVERY: Duration = Duration::from_secs(300);

/// How long a server may take.
const WITHIN: Duration = Duration::from_secs(60);

/// The diary of a large team, with years in it.
const LARGEST: usize = 4 * 1024 * 1024;

/// Why a calendar cannot be read: what it said before holds. None of this shows its address, which
/// is all that protects a private calendar.
#[derive(Debug, thiserror::Error)]
enum CalendarsError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Request(reqwest::Error),
    #[error("the server answers {0}")]
    Status(StatusCode),
    #[error("it has more than {LARGEST} octets")]
    Large,
    #[error("it is not UTF-8")]
    Text(#[from] FromUtf8Error),
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// Under which name the dispatcher keeps the windows of a calendar.
pub(super) fn source(name: &str) -> String {
    format!("{SOURCE}{name}")
}

/// What these names begin with.
pub(super) const SOURCE: &str = "calendar ";

/// Follows one calendar until the engine ends.
pub(super) async fn run(calendar: Calendar, zone: TimeZone, inputs: mpsc::Sender<Input>) {
    let Calendar { name, place } = calendar;
    let client = match http_client().timeout(WITHIN).build() {
        Ok(client) => client,
        Err(error) => return tracing::error!(name, %error, "the calendar cannot be read"),
    };
    let mut said = String::new();
    loop {
        let says = match read(&client, &place, &zone).await {
            Ok(calendar::Calendar { windows, remarks }) => {
                let (source, windows) = (source(&name), windows);
                if inputs.send(Input::Windows { source, windows }).await.is_err() {
                    return;
                }
                remarks.join("; ")
            }
            Err(error) => format!("it cannot be read, and what it said before holds: {error}"),
        };
        if says != said {
            match says.as_str() {
                "" => tracing::info!(name, "the calendar is read without a remark"),
                says => tracing::warn!(name, "calendar: {says}"),
            }
        }
        said = says;
        tokio::time::sleep(EVERY).await;
    }
}

async fn read(
    client: &Client,
    place: &CalendarPlace,
    zone: &TimeZone,
) -> Result<calendar::Calendar, CalendarsError> {
    let bytes = match place {
        CalendarPlace::File(path) => block_in_place(|| file(path))?,
        CalendarPlace::Url(url) => fetch(client, url).await?,
    };
    let text = String::from_utf8(bytes)?;
    let zone = zone.iana_name().unwrap_or("UTC");
    Ok(block_in_place(|| calendar::read(&text, wall(), zone))?)
}

fn file(path: &Path) -> Result<Vec<u8>, CalendarsError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST { Err(CalendarsError::Large) } else { Ok(bytes) }
}

async fn fetch(client: &Client, url: &str) -> Result<Vec<u8>, CalendarsError> {
    let failed = |error: reqwest::Error| CalendarsError::Request(error.without_url());
    let mut response = client.get(url).send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(CalendarsError::Status(response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(CalendarsError::Large);
        }
    }
    Ok(bytes)
}
