use std::collections::BTreeSet;
use std::sync::Arc;

use bgp::Asn;
use tokio::net::TcpListener;
use tokio::sync::watch;
use validator::Classifier;

use crate::Position;
use crate::initial_rib::InitialRibs;
use crate::session::Outlet;

/// What a feed needs beside its settings.
pub(crate) struct FeedContext {
    pub(crate) outlet: Outlet,
    /// What is watched, and by which RPKI data; it may change.
    pub(crate) classifiers: watch::Receiver<Arc<Classifier>>,
    /// Of a folder, how far it was read.
    pub(crate) position: Option<Position>,
    /// Of RIS Live, the tables to begin with.
    pub(crate) initial_ribs: InitialRibs,
    /// Of BMP, where routers connect.
    pub(crate) listener: Option<TcpListener>,
    /// Whose incidents are open.
    pub(crate) offenders: watch::Receiver<BTreeSet<Asn>>,
    /// True when it is over.
    pub(crate) stop: watch::Receiver<bool>,
}
