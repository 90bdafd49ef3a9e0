/// Why a source gives no snapshot at all. A single bad entry is no reason: see
/// [`skipped`](validator::RpkiSnapshot::skipped).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Nothing there.
    #[error("empty: expected VRPs as JSON or CSV")]
    Empty,
    /// A web page, most often an error page or a portal.
    #[error("looks like HTML, not VRPs: it starts with '{0}'")]
    Html(String),
    /// The end came inside a value.
    #[error("cut off at line {line}, column {column}: the JSON is not complete")]
    Truncated {
        /// Where the input ends, from 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// Not JSON, although it begins like it.
    #[error("not JSON at line {line}, column {column}: {reason}")]
    Json {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
        /// What the JSON parser says.
        reason: String,
    },
    /// JSON of something else.
    #[error("JSON without VRPs: expected a list under 'roas' or 'vrps', found {0}")]
    NoVrps(String),
    /// Local exceptions, which belong elsewhere.
    #[error("a SLURM file, not VRPs: list it under slurm")]
    Slurm,
    /// Neither.
    #[error("neither JSON nor CSV: it starts with '{0}'")]
    Unknown(String),
    /// There are entries, but not one of them is a VRP.
    #[error("none of {count} entries is a VRP; the first: {reason}")]
    NothingUsable {
        /// How many there are.
        count: usize,
        /// What is wrong with the first.
        reason: String,
    },
    /// Damaged gzip or bzip2.
    #[error("cannot decompress: {0}")]
    Compression(String),
    /// Beyond what this crate will hold.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// Beyond what this crate will hold.
    #[error("more than {0} VRPs")]
    TooMany(usize),
}

/// The first line, shortened, for an error.
pub(super) fn start_of(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    bgp::excerpt(&String::from_utf8_lossy(line), 40)
}
