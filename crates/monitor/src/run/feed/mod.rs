//! Where observations come from: one task or thread for each `[[feed]]`.

mod backlog;
mod bmp;
mod mrt_dir;
mod ris_live;
mod roster;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use bgp::Asn;
use parser::bmp::Event;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use validator::WatchList;

use super::input::Inlet;
use crate::config::FeedKind;

pub(super) use backlog::{Backlog, table_key};
pub(super) use bmp::bind;
pub(crate) use ris_live::reach as reach_ris_live;
pub(super) use roster::{Roster, Socket, Wanted};

/// What a feed needs beside its config.
pub(super) struct Surroundings {
    pub(super) inlet: Inlet,
    /// What is watched; it may change.
    pub(super) watches: watch::Receiver<Arc<WatchList>>,
    /// Of a folder, how far it was read.
    pub(super) position: Option<Position>,
    /// Of RIS Live, the tables to begin with.
    pub(super) backlog: Backlog,
    /// Of BMP, where routers connect.
    pub(super) listener: Option<tokio::net::TcpListener>,
    /// Whose incidents are open.
    pub(super) offenders: watch::Receiver<BTreeSet<Asn>>,
    /// True when it is over.
    pub(super) stop: watch::Receiver<bool>,
}

/// Starts a feed.
fn start(feed: &FeedKind, around: Surroundings) -> JoinHandle<()> {
    match feed {
        FeedKind::RisLive { url, mode, .. } => {
            tokio::spawn(ris_live::run(url.clone(), *mode, around))
        }
        FeedKind::Bmp { routers, .. } => tokio::spawn(bmp::run(routers.clone(), around)),
        FeedKind::MrtDir { path, rib } => {
            let (path, rib) = (path.clone(), rib.clone());
            tokio::task::spawn_blocking(move || mrt_dir::run(&path, rib.as_deref(), &around))
        }
        FeedKind::Kafka { .. } => {
            tracing::error!("a kafka feed is left out: this version does not read it");
            tokio::spawn(async {})
        }
    }
}

/// How far a folder was read: what the store keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The file.
    pub(super) file: String,
    /// How many records of it.
    pub(super) records: u64,
    /// Whether that is all of them.
    pub(super) done: bool,
}

/// The store holds something else than a position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a position in a folder")]
pub(super) struct PositionError(String);

impl fmt::Display for Position {
    /// `3120 updates.20140402.1815.mrt.gz`, or `all` instead of the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.done {
            true => write!(f, "all {}", self.file),
            false => write!(f, "{} {}", self.records, self.file),
        }
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let error = || PositionError(text.to_owned());
        let (records, file) = text.split_once(' ').ok_or_else(error)?;
        let file = file.to_owned();
        match records {
            "all" => Ok(Position { file, records: 0, done: true }),
            number => {
                let records = number.parse().map_err(|_| error())?;
                Ok(Position { file, records, done: false })
            }
        }
    }
}

/// The name of a folder's position in the store; a folder that is named anew keeps it.
pub(super) fn spool_key(path: &Path) -> String {
    format!("mrt-dir {}", path.display())
}

/// What a router says beside its routes.
pub(super) fn log_router(router: &str, event: &Event<'_>) {
    match event {
        Event::Initiation { initiation, .. } => {
            let system = initiation.sys_descr.as_deref().unwrap_or("nothing");
            tracing::info!(router, "it introduces itself as {system}");
        }
        Event::PeerUp { peer_up, .. } => {
            let (address, asn) = (peer_up.peer.address, peer_up.peer.asn);
            tracing::info!(router, peer = %address, %asn, "peer up");
        }
        Event::PeerDown { peer_down, .. } => {
            let (address, asn) = (peer_down.peer.address, peer_down.peer.asn);
            tracing::warn!(router, peer = %address, %asn, reason = ?peer_down.reason, "peer down");
        }
        Event::Termination { termination, .. } => {
            tracing::warn!(router, reason = ?termination.reason, "it says good-bye");
        }
        Event::EndOfRib { vantage, family, .. } => {
            tracing::debug!(router, %vantage, ?family, "table complete");
        }
        Event::Item(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        for (records, done, text) in [(3120, false, "3120 a b.gz"), (0, true, "all a b.gz")] {
            let position = Position { file: "a b.gz".to_owned(), records, done };
            assert_eq!(position.to_string(), text);
            assert_eq!(text.parse(), Ok(position));
        }
        for text in ["", "all", "x y", "-1 a"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}
