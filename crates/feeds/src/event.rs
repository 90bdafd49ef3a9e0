use std::sync::Arc;

use bgp::Timestamp;
use validator::{Classifier, Finding};

use crate::{Activity, Position};

/// A feed that runs. Its place in the config may change while it does, this never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub(crate) u64);

/// One connection or one file of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) u64);

/// What leaves a feed: findings, and what its sessions do. Never a byte.
#[derive(Debug)]
pub enum FeedEvent {
    /// A connection or a file begins.
    Opened(Opened),
    /// What was found in it.
    Batch(Batch),
    /// It is at its end.
    Closed(Closed),
}

/// A session that begins.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Of which feed.
    pub feed: FeedId,
    /// Number of the session, never given twice.
    pub session: SessionId,
    /// What it is.
    pub kind: SessionKind,
    /// What it has read so far, from now on.
    pub activity: Arc<Activity>,
}

/// What a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// The stream of RIS Live.
    RisLive {
        /// A web socket did not come about.
        over_http: bool,
    },
    /// A router of ours, by its name.
    Bmp {
        /// As the config calls it.
        router: String,
    },
    /// A file of a folder, or the table that is loaded before the first one.
    File,
    /// The table of a collector, read beside its live feed: older than what the feed tells.
    CollectorRib {
        /// Name of the collector, as `rrc00`.
        collector: String,
        /// An earlier table was loaded, and the collector followed since.
        known: bool,
    },
}

/// Findings of one session, in the order in which they were made.
#[derive(Debug)]
pub struct Batch {
    /// The session they were found in.
    pub session: SessionId,
    /// At most a few hundred.
    pub findings: Vec<Finding>,
    /// The latest time of a record so far, whatever it was about. Recordings tell the time by it.
    pub reached: Option<Timestamp>,
    /// Of a folder: how far it was read with these, and the name that the store knows it by.
    pub position: Option<(String, Position)>,
    /// What they were classified by.
    pub classifier: Arc<Classifier>,
}

/// A session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The session that was opened under this number.
    pub session: SessionId,
    /// Nothing where that is as it should be, else why.
    pub why: Option<String>,
    /// What came of it, if it was the table of a collector.
    pub rib: Option<RibSummary>,
}

/// What came of a collector's table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RibSummary {
    /// Routes in it.
    pub routes: u64,
    /// Records; none where it was not read.
    pub records: u64,
    /// A part of it is lost.
    pub cut: bool,
}
