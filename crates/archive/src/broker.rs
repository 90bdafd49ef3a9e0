//! Where the recordings of collectors are: the API of the BGPKIT broker.
//!
//! The crate `bgpkit-broker` (0.14) would replace the hundred lines that ask for pages and read items, and is
//! not taken: its client is a blocking one of its own, so that our limits for connecting and for silence
//! do not hold; making it reads a `.env` file in the working folder; a variable of the environment turns the
//! check of certificates off; and with it come HTTP/2 and reqwest's other default features, for all crates.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bgp::Timestamp;
use reqwest::Client;
use serde_json::Value;

use crate::cache::Cache;
use crate::inputs::Input;
use crate::remote::{causes, client, runtime};

/// How many files the broker names at once; it gives no more.
const PAGE: usize = 1000;

/// The longest answer, unpacked: of so many files some hundred kilobytes.
const ANSWER_MAX: usize = 16 << 20;

/// Most pages that are asked for: the files of a thousand collectors for a day. A broker that says
/// that there is always one more would else never end.
const PAGES_MAX: usize = 400;

/// The longest time that a file of updates covers. The broker is asked for so much more, since a
/// file that begins before may hold what is looked for.
const FILE_MICROS: i64 = 15 * 60 * 1_000_000;

/// How far back the last table of a collector is looked for: RIPE RIS writes one every eight hours,
/// RouteViews every two, and now and then one is missing.
const RIB_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Where recordings of RIPE RIS and RouteViews are asked for, and where they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The BGPKIT broker that knows the files of the collectors.
    pub broker: String,
    /// The folder for what is fetched; none: `originwatch` in the cache folder of the user.
    pub cache: Option<PathBuf>,
    /// How much is kept there at most, in MiB.
    pub cache_size: u64,
}

/// Why an archive does not say what it holds.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The broker does not answer, or knows no such file.
    #[error("cannot read {url}: {error}")]
    Broker {
        /// The address of the broker.
        url: String,
        /// What the file system or the server answered.
        error: io::Error,
    },
    /// The folder for what is fetched cannot be used.
    #[error("cannot write {folder}: {error}")]
    Cache {
        /// The folder of the cache.
        folder: String,
        /// What the file system or the server answered.
        error: io::Error,
    },
}

/// What to ask the broker for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recordings {
    /// Dumps of whole RIBs.
    Ribs,
    /// The UPDATEs between two dumps.
    Updates,
}

impl Default for Archive {
    fn default() -> Self {
        let broker = "https://api.bgpkit.com/v3/broker".to_owned();
        Archive { broker, cache: None, cache_size: 10_240 }
    }
}

impl Archive {
    /// What the collectors recorded from one time to, but without, another.
    pub fn find(
        &self,
        collectors: &[String],
        what: Recordings,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Input>, ArchiveError> {
        let cache = self.open_cache()?;
        let files = self.files(collectors, what, from, until)?;
        if files.is_empty() {
            let names = collectors.join(", ");
            let text = format!("the broker knows no file of {names} from {from} to {until}");
            return Err(self.failed(io::Error::other(text)));
        }
        Ok(files.into_iter().map(|file| file.input(Arc::clone(&cache))).collect())
    }

    /// What the collectors announced from one time to another, and what tells what stood there at its
    /// beginning: the last table of each and what came since. With what is missing, a sentence each.
    pub fn history(
        &self,
        collectors: &[String],
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(Vec<Input>, Vec<String>), ArchiveError> {
        let (mut inputs, mut missing) = (Vec::new(), Vec::new());
        // Those of one project write their tables at the same times, and are asked for together.
        let mut since: BTreeMap<Timestamp, Vec<String>> = BTreeMap::new();
        for collector in collectors {
            let rib = self.last_rib(collector, from)?;
            if rib.is_none() {
                missing
                    .push(format!("no table of {collector} from the day before {from} is known"));
            }
            let begins = rib.as_ref().and_then(|rib| rib.begins).unwrap_or(from);
            since.entry(begins).or_default().push(collector.clone());
            inputs.extend(rib);
        }
        for (begins, collectors) in since {
            inputs.extend(self.find(&collectors, Recordings::Updates, begins, until)?);
        }
        Ok((inputs, missing))
    }

    /// The last table that this collector has written by `at`; none where the broker knows none of
    /// the last day.
    pub fn last_rib(&self, collector: &str, at: Timestamp) -> Result<Option<Input>, ArchiveError> {
        let from = Timestamp::from_micros(at.micros().saturating_sub(RIB_MICROS));
        let until = Timestamp::from_micros(at.micros().saturating_add(1));
        let files = self.files(&[collector.to_owned()], Recordings::Ribs, from, until)?;
        let last = files.into_iter().max_by_key(|file| file.from);
        last.map(|file| Ok(file.input(self.open_cache()?))).transpose()
    }

    fn files(
        &self,
        collectors: &[String],
        what: Recordings,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<File>, ArchiveError> {
        let asked = runtime().and_then(|it| it.block_on(self.ask(collectors, what, from, until)));
        asked.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> ArchiveError {
        ArchiveError::Broker { url: self.broker.clone(), error }
    }

    /// The folder for what is fetched, made if it is not there.
    pub fn open_cache(&self) -> Result<Arc<Cache>, ArchiveError> {
        let limit = self.cache_size.saturating_mul(1 << 20);
        let cache = Cache::new(self.cache.as_deref(), limit);
        cache.map(Arc::new).map_err(|error| {
            let name = |path: &PathBuf| path.display().to_string();
            let folder = self.cache.as_ref().map_or("the cache".into(), name);
            ArchiveError::Cache { folder, error }
        })
    }

    async fn ask(
        &self,
        collectors: &[String],
        what: Recordings,
        from: Timestamp,
        until: Timestamp,
    ) -> io::Result<Vec<File>> {
        if let Some(name) = collectors.iter().find(|name| !is_name(name)) {
            return Err(io::Error::other(format!("'{name}' is no name of a collector")));
        }
        let client = client()?;
        let slack = Timestamp::from_micros(from.micros().saturating_sub(FILE_MICROS));
        let question = format!(
            "{}/search?ts_start={}&ts_end={}&collector_id={}&data_type={}&page_size={PAGE}",
            self.broker.trim_end_matches('/'),
            slack.seconds(),
            until.seconds(),
            collectors.join(","),
            if what == Recordings::Ribs { "rib" } else { "updates" },
        );
        let mut files = Vec::new();
        for page in 1..=PAGES_MAX {
            let items = ask_page(&client, &format!("{question}&page={page}")).await?;
            let more = items.len() >= PAGE;
            files.extend(items);
            if !more {
                files.retain(|file| file.from < until && (file.until > from || file.from >= from));
                return Ok(files);
            }
        }
        Err(io::Error::other(format!("more than {} files: ask for less time", PAGE * PAGES_MAX)))
    }
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    url: String,
    from: Timestamp,
    until: Timestamp,
    size: Option<u64>,
}

async fn ask_page(client: &Client, question: &str) -> io::Result<Vec<File>> {
    let failed = |error: reqwest::Error| io::Error::other(causes(&error));
    let mut response = client.get(question).send().await.map_err(failed)?;
    let status = response.status();
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        answer.extend_from_slice(&chunk);
        if answer.len() > ANSWER_MAX {
            let limit = ANSWER_MAX >> 20;
            return Err(io::Error::other(format!("the broker answers more than {limit} MiB")));
        }
    }
    let answer: Value = serde_json::from_slice(&answer)
        .map_err(|_| io::Error::other(format!("the broker answers {status} and no JSON")))?;
    let complaint = answer.get("SearchError").or_else(|| answer.get("error"));
    if let Some(complaint) = complaint.and_then(Value::as_str) {
        return Err(io::Error::other(format!("the broker says: {complaint}")));
    }
    if !status.is_success() {
        return Err(io::Error::other(format!("the broker answers {status}")));
    }
    let items = answer.get("data").and_then(Value::as_array);
    let files = items.and_then(|items| items.iter().map(File::of).collect());
    files.ok_or_else(|| io::Error::other("the broker's answer is not a list of files"))
}

impl File {
    fn input(self, cache: Arc<Cache>) -> Input {
        Input::remote(self.url, Some(cache)).beginning(self.from, self.size)
    }

    fn of(item: &Value) -> Option<Self> {
        let text = |key| item.get(key).and_then(Value::as_str);
        let size = item.get("exact_size").and_then(Value::as_u64).filter(|size| *size > 0);
        let from = time(text("ts_start")?)?;
        Some(File {
            url: text("url")?.to_owned(),
            from,
            until: text("ts_end").and_then(time).unwrap_or(from),
            size,
        })
    }
}

/// The broker's times are UTC and do not say so.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::remote;

    /// The shape of a `BrokerItem` of the SDK of BGPKIT.
    #[test]
    fn an_answer_that_unpacks_without_end_is_refused() {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![b' '; ANSWER_MAX + 1]).unwrap();
        let bomb = bomb.finish().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            let length = bomb.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            // It hangs up when it has had enough.
            let _ = stream.write_all(&bomb);
        });
        let client = network::http_client().build().unwrap();
        let answer = remote::runtime().unwrap().block_on(ask_page(&client, &url));
        assert_eq!(answer.unwrap_err().to_string(), "the broker answers more than 16 MiB");
        server.join().unwrap();
    }

    #[test]
    fn an_item_of_the_broker_is_a_file() {
        let item = serde_json::json!({
            "ts_start": "2014-04-02T18:25:00", "ts_end": "2014-04-02T18:30:00",
            "collector_id": "rrc00", "data_type": "updates",
            "url": "https://data.ris.ripe.net/rrc00/2014.04/updates.20140402.1825.gz",
            "rough_size": 1_000_000, "exact_size": 0
        });
        let expected = File {
            url: "https://data.ris.ripe.net/rrc00/2014.04/updates.20140402.1825.gz".to_owned(),
            from: "2014-04-02T18:25:00Z".parse().unwrap(),
            until: "2014-04-02T18:30:00Z".parse().unwrap(),
            size: None,
        };
        assert_eq!(File::of(&item), Some(expected));
        assert_eq!(File::of(&serde_json::json!({"url": "x"})), None);
    }
}
