//! What runs, as the operator wants it: the config fills these in, and knows how they are written.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// `[[feed]]`: where observations come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Which of the feeds it is, with what only that one needs.
    pub kind: FeedKind,
    /// How many distinct vantage ASes of this feed must hold a route before an incident opens.
    pub min_vantage_ases: Option<u32>,
    /// How long it may say nothing before that is an incident.
    pub silent_after: Option<Duration>,
}

/// What a feed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// RIS Live over a web socket.
    RisLive {
        /// The web socket's `ws://` or `wss://` URL.
        url: String,
        /// Whether it is asked for what the watch list needs or for everything.
        mode: RisLiveMode,
        /// Tables of its collectors, which tell what stood there before we listened.
        ribs: Vec<Rib>,
    },
    /// Our own routers over BMP (RFC 7854).
    Bmp {
        /// The address and port on which they connect to us.
        listen: SocketAddr,
        /// The routers that may connect; others are refused.
        routers: Vec<BmpRouter>,
    },
    /// A folder into which somebody writes MRT files.
    MrtDir {
        /// The folder; its files are read in the order of their names.
        path: PathBuf,
        /// A table of the same collector, which is loaded first where the folder is new.
        rib: Option<PathBuf>,
    },
}

/// How much of RIS Live is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RisLiveMode {
    /// What the watch list needs.
    Watched,
    /// Every message of every collector.
    Firehose,
}

/// A table that one collector wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rib {
    /// Which, as the feed calls it (`rrc21`): its peers are vantage points of both.
    pub collector: String,
    /// Where the table is fetched from.
    pub place: RibPlace,
}

/// Where a table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RibPlace {
    /// In the archive: the last one that it has.
    Latest,
    /// In a file on this machine.
    File(PathBuf),
    /// Behind an `http://` or `https://` URL.
    Url(String),
}

/// A router that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BmpRouter {
    /// The source address of its connection, by which it is known.
    pub address: IpAddr,
    /// What we call it; its address if not given.
    pub name: String,
    /// Whether the router's own AS stands in front of the paths that it mirrors.
    pub own_as_in_path: Tristate,
    /// Whether its messages carry path identifiers (RFC 7911).
    pub add_path: Tristate,
    /// The VRFs that hold routes of the Internet, beside the global table: by route distinguisher, or by the
    /// name of their table, where the router tells it (RFC 9069 section 5.2.1).
    pub vrfs: Vec<String>,
}

/// Told, or found out from the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tristate {
    /// Found out from what arrives.
    #[default]
    Auto,
    /// It is so, whatever arrives.
    On,
    /// It is not so, whatever arrives.
    Off,
}

impl FeedKind {
    /// Its type, as the config has it.
    pub const fn name(&self) -> &'static str {
        match self {
            FeedKind::RisLive { .. } => "ris-live",
            FeedKind::Bmp { .. } => "bmp",
            FeedKind::MrtDir { .. } => "mrt-dir",
        }
    }

    /// The address that it listens on, if it does.
    pub const fn listens(&self) -> Option<SocketAddr> {
        match self {
            FeedKind::Bmp { listen, .. } => Some(*listen),
            FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } => None,
        }
    }
}

impl Feed {
    /// Whether it tells all that it sees, and not only what it is asked for.
    pub const fn tells_all(&self) -> bool {
        match self.kind {
            FeedKind::RisLive { mode, .. } => matches!(mode, RisLiveMode::Firehose),
            FeedKind::Bmp { .. } | FeedKind::MrtDir { .. } => true,
        }
    }

    /// How many vantage ASes are enough where a vantage point's collector bears this name: one, of
    /// our own routers, and of others what is said.
    pub fn thresholds(&self) -> Vec<(String, u32)> {
        let said = self.min_vantage_ases;
        match &self.kind {
            FeedKind::Bmp { routers, .. } => {
                routers.iter().map(|router| (router.name.clone(), said.unwrap_or(1))).collect()
            }
            // All of RIS' collectors are called so; there were 26 in 2026.
            FeedKind::RisLive { .. } => {
                let named = |min| (0..100).map(move |number| (format!("rrc{number:02}"), min));
                said.into_iter().flat_map(named).collect()
            }
            FeedKind::MrtDir { .. } => Vec::new(),
        }
    }
}
