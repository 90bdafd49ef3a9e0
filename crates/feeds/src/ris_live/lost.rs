use std::time::Duration;

use parser::{Everything, Walker};

use super::connection::ConnectError;
use super::http_error::HttpError;
use crate::session::Blocked;

/// So long without anything, be it an answer to a ping: dead.
pub(super) const DEAD_AFTER: Duration = Duration::from_secs(60);

/// How long the server may take to acknowledge what we subscribed to.
pub(super) const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{0}")]
    Socket(#[from] tokio_tungstenite::tungstenite::Error),
    #[error("closed by the server")]
    Closed,
    #[error("nothing for {} s, not even an answer to a ping", DEAD_AFTER.as_secs())]
    Dead,
    #[error("a subscription was not acknowledged within {} s", ACKNOWLEDGED_WITHIN.as_secs())]
    NotAcknowledged,
    #[error("instead of acknowledging a subscription the server says: {0}")]
    Error(String),
    #[error("{0}")]
    Blocked(#[from] Blocked),
}

/// A walker that knows what comes: a first message that is garbage must cost only itself, not make it
/// take the stream for something else.
pub(super) fn walker() -> Walker {
    let mut walker = Walker::new("");
    walker.walk(b"{\"type\":\"pong\"}\n", false, &Everything, &mut |_| {});
    walker
}
