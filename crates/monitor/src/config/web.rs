use std::net::SocketAddr;
use std::path::PathBuf;

use super::section::Section;
use super::value;

/// `[web]`: where programs and people ask over HTTP.
///
/// The token stays in its file; it is read when the daemon starts and never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The file with the token that those who change something must show; none: nobody may.
    pub token_file: Option<PathBuf>,
    /// Under which names it may be asked beside its address and `localhost`.
    pub hosts: Vec<String>,
}

impl Web {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let expected = "for example listen = \"127.0.0.1:8080\"";
        let listen = section.required("listen", expected, value::socket);
        let token_file = section.path("token_file");
        let hosts = section.list("hosts", value::text).unwrap_or_default();
        section.finish();
        Some(Web { listen: listen?, token_file, hosts })
    }
}
