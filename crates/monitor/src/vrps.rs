//! VRPs from where the user says: a file, a URL, standard input.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use validator::source::SourceError;
use validator::{RpkiSnapshot, Skipped, Slurm, SlurmConflict, SlurmError};

/// The largest VRP file that is read, packed or not: five times what the whole of RPKI needs today
/// (97 MB of JSON), and small enough for a small machine.
const MAX_BYTES: u64 = 512 << 20;

/// How long a server may say nothing at all.
const SILENCE: Duration = Duration::from_secs(30);

/// Where VRPs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VrpSource {
    /// A file in any VRP dialect, gzip and bzip2 too.
    File(PathBuf),
    /// The same over HTTP or HTTPS.
    Url(String),
    /// Standard input.
    Stdin,
    /// An RTR cache, as `host:port` (RFC 8210).
    Rtr(String),
}

/// No VRPs from there.
#[derive(Debug, thiserror::Error)]
pub enum VrpError {
    /// The source names nothing that exists.
    #[error(
        "'{0}' is not a VRP source (expected a file, an http(s):// URL, rtr://host:port, or -)"
    )]
    Source(String),
    /// It cannot be read.
    #[error("cannot read {place}: {error}")]
    Read {
        /// From where.
        place: String,
        /// Why.
        error: std::io::Error,
    },
    /// It cannot be fetched.
    #[error("cannot fetch VRPs from {place}: {reason}")]
    Fetch {
        /// From where.
        place: String,
        /// Why.
        reason: String,
    },
    /// It is too large to be one.
    #[error("{0} holds more than {limit} MiB: no VRP file is that large", limit = MAX_BYTES >> 20)]
    TooLarge(String),
    /// It is not a VRP file.
    #[error("no VRPs in {place}: {error}")]
    Content {
        /// Which.
        place: String,
        /// Why not.
        error: SourceError,
    },
    /// A file of local exceptions cannot be used.
    #[error("{place}: not local exceptions (RFC 8416): {error}")]
    Slurm {
        /// Which.
        place: String,
        /// Why not.
        error: SlurmError,
    },
    /// Files of local exceptions contradict each other.
    #[error("local exceptions: {0}")]
    Conflict(#[from] SlurmConflict),
    /// What this version cannot do.
    #[error("{0}: this version does not speak RTR yet; give a file or an http(s):// URL")]
    Rtr(String),
}

impl VrpSource {
    /// Reads a source as written; a relative file starts at `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, VrpError> {
        match text.split_once("://") {
            Some(("http" | "https", rest)) if !rest.is_empty() => {
                Ok(VrpSource::Url(text.to_owned()))
            }
            Some(("rtr", rest)) if crate::config::is_host_port(rest) => {
                Ok(VrpSource::Rtr(rest.to_owned()))
            }
            Some(_) => Err(VrpError::Source(text.to_owned())),
            None if text.is_empty() => Err(VrpError::Source(text.to_owned())),
            None if text == "-" => Ok(VrpSource::Stdin),
            None => Ok(VrpSource::File(folder.join(text))),
        }
    }

    /// Fetches and reads them.
    pub fn load(&self) -> Result<Arc<RpkiSnapshot>, VrpError> {
        let bytes = match self {
            VrpSource::File(path) => File::open(path).and_then(read),
            VrpSource::Stdin => read(std::io::stdin().lock()),
            VrpSource::Url(url) => Ok(fetch(url)?),
            VrpSource::Rtr(_) => return Err(VrpError::Rtr(self.to_string())),
        };
        let place = self.to_string();
        let bytes = bytes.map_err(|error| VrpError::Read { place: place.clone(), error })?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(VrpError::TooLarge(place));
        }
        match validator::source::parse(&bytes) {
            Ok(snapshot) => Ok(Arc::new(snapshot.with_source(place))),
            Err(error) => Err(VrpError::Content { place, error }),
        }
    }
}

impl fmt::Display for VrpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VrpSource::File(path) => path.display().fmt(f),
            VrpSource::Url(url) => f.write_str(url),
            VrpSource::Stdin => f.write_str("standard input"),
            VrpSource::Rtr(cache) => write!(f, "rtr://{cache}"),
        }
    }
}

/// Makes the local exceptions of these files (RFC 8416); without any, changes nothing.
pub fn except(
    snapshot: Arc<RpkiSnapshot>,
    files: &[PathBuf],
) -> Result<Arc<RpkiSnapshot>, VrpError> {
    if files.is_empty() {
        return Ok(snapshot);
    }
    let mut read = Vec::new();
    for path in files {
        let place = path.display().to_string();
        let bytes =
            std::fs::read(path).map_err(|error| VrpError::Read { place: place.clone(), error })?;
        match Slurm::parse(&bytes) {
            Ok(slurm) => read.push((place, slurm)),
            Err(error) => return Err(VrpError::Slurm { place, error }),
        }
    }
    Ok(Arc::new(Slurm::combine(read)?.apply(&snapshot)))
}

/// The first of several sources that works; without any, nothing, and every route is `not-found`.
/// Why the ones before it did not work is added to `remarks`.
pub fn load_first(
    sources: &[VrpSource],
    remarks: &mut Vec<String>,
) -> Result<Arc<RpkiSnapshot>, VrpError> {
    let mut last = None;
    for source in sources {
        match source.load() {
            Ok(snapshot) => {
                remarks.extend(last.map(|error: VrpError| error.to_string()));
                return Ok(snapshot);
            }
            Err(error) => {
                let before = last.replace(error);
                remarks.extend(before.map(|error| error.to_string()));
            }
        }
    }
    last.map_or_else(|| Ok(Arc::default()), Err)
}

/// What a source listed that could not be used, for people; nothing if there is nothing.
pub fn skipped(snapshot: &RpkiSnapshot) -> Vec<String> {
    let Skipped { count, reasons } = &snapshot.skipped;
    let mut lines: Vec<_> =
        reasons.iter().map(|reason| format!("{}: {reason}; skipped", snapshot.source)).collect();
    if *count > reasons.len() {
        lines.push(format!("{}: {count} entries skipped in all", snapshot.source));
    }
    lines
}

/// One byte more than allowed is enough to know.
fn read(input: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn fetch(url: &str) -> Result<Vec<u8>, VrpError> {
    let place = || url.to_owned();
    let failed = |reason| VrpError::Fetch { place: place(), reason };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            .user_agent(concat!("originwatch/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(SILENCE)
            .read_timeout(SILENCE)
            .build()
            .map_err(|error| failed(causes(&error)))?;
        let sent = client.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let mut response = sent.map_err(|error| failed(causes(&error)))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(causes(&error)))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > MAX_BYTES {
                return Err(VrpError::TooLarge(place()));
            }
        }
        Ok(bytes)
    })
}

/// An error with what caused it: reqwest's own text stops at "error sending request". The URL is
/// left out, since it is said already.
fn causes(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut text = match error.status() {
        Some(status) => format!("the server answered {status}"),
        None if error.is_timeout() => format!("no answer within {} s", SILENCE.as_secs()),
        None if error.is_connect() => "cannot connect".to_owned(),
        None => "the transfer failed".to_owned(),
    };
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
