//! Where VRPs come from.

use std::fmt;
use std::path::{Path, PathBuf};

/// One place that VRPs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file in any VRP dialect, gzip and bzip2 too.
    File(PathBuf),
    /// The same over HTTP or HTTPS.
    Url(String),
    /// The same on standard input, read once.
    Stdin,
    /// An RTR cache (RFC 8210).
    Rtr(Cache),
}

/// What public validators say, as JSON over HTTPS, for whoever has none of their own: rpki-client's console, NTT and
/// Cloudflare. Nobody promises that they answer, so several are asked.
pub const PUBLIC_VALIDATORS: [&str; 3] = [
    "https://console.rpki-client.org/vrps.json",
    "https://rpki.gin.ntt.net/api/export.json",
    "https://rpki.cloudflare.com/rpki.json",
];

/// An RTR cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// `host:port`; an IPv6 address in brackets.
    pub address: String,
    /// Whether to speak TLS (RFC 8210 section 9.2).
    pub tls: bool,
    /// Who may have signed its certificate, as PEM; none: whom the platform trusts.
    pub ca_file: Option<PathBuf>,
}

/// The text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a VRP source (expected a file, an http(s):// URL, rtr://host:port, \
     rtrs://host:port for TLS, or -)"
)]
pub struct SourceError(String);

impl Source {
    /// Reads a source as it is written; a relative file starts at `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, SourceError> {
        let error = || SourceError(text.to_owned());
        match text.split_once("://") {
            Some(("http" | "https", rest)) if !rest.is_empty() => Ok(Source::Url(text.to_owned())),
            Some((scheme @ ("rtr" | "rtrs"), rest)) => {
                let cache = Cache::new(rest).ok_or_else(error)?;
                Ok(Source::Rtr(Cache { tls: scheme == "rtrs", ..cache }))
            }
            Some(_) => Err(error()),
            None if text.is_empty() => Err(error()),
            None if text == "-" => Ok(Source::Stdin),
            None => Ok(Source::File(folder.join(text))),
        }
    }
}

impl Cache {
    /// A cache without TLS at `host:port`; none if that is no host and port.
    pub fn new(address: &str) -> Option<Self> {
        let fine = network::is_host_port(address);
        fine.then(|| Cache { address: address.to_owned(), tls: false, ca_file: None })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => path.display().fmt(f),
            Source::Url(url) => f.write_str(url),
            Source::Stdin => f.write_str("standard input"),
            Source::Rtr(cache) => cache.fmt(f),
        }
    }
}

impl fmt::Display for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "rtrs" } else { "rtr" }, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_and_shown_as_written() {
        for text in [
            "vrps.json",
            "https://rpki.example.net/json",
            "rtr://cache.example.net:3323",
            "rtrs://[2001:db8::1]:324",
        ]
        .into_iter()
        .chain(PUBLIC_VALIDATORS)
        {
            let source = Source::parse(text, Path::new("")).unwrap();
            assert_eq!(source.to_string(), text);
        }
        assert_eq!(Source::parse("-", Path::new("x")), Ok(Source::Stdin));
        let relative = Source::parse("vrps.json", Path::new("/etc/originwatch"));
        assert_eq!(relative.unwrap().to_string(), "/etc/originwatch/vrps.json");
    }

    #[test]
    fn what_names_no_source_is_refused_with_what_would() {
        for text in [
            "",
            "ftp://example.net/vrps",
            "https://",
            "rtr://cache",
            "rtr://:323",
            "rtr://cache:0",
            "rtr://cache:65536",
            "rtr://2001:db8::1:323",
            "rtr://cache:323/path",
        ] {
            let error = Source::parse(text, Path::new("")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{text}' is not a VRP source")), "{error}");
        }
    }
}
