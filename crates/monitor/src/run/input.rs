//! The way into the engine: one bounded channel, which every feed has a pipe to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use alerter::replies::Incoming;
use alerter::{Receiver, Window};
use parser::{Walker, bmp};
use tokio::sync::{Notify, mpsc, oneshot};

use super::addresses::Addresses;
use super::post::Report;
use super::tables::Table;

/// How many inputs may wait: each is at most a few hundred kilobytes, so this bounds the memory, and
/// it covers the few milliseconds of a commit at any rate that feeds have.
pub(super) const INPUTS: usize = 64;

/// How long a live feed waits for room before it gives its connection up. A commit takes milliseconds,
/// so by then the disk or the engine is in trouble, and a gap that is told is better than a delay that
/// nobody sees.
const PATIENCE: Duration = Duration::from_secs(20);

/// What arrives at the engine.
#[derive(Debug)]
pub(super) enum Input {
    /// A connection or a file begins.
    Open { pipe: PipeId, feed: FeedId, decoder: Box<Decoder>, pulse: Arc<Pulse> },
    /// Its next bytes.
    Bytes { pipe: PipeId, bytes: Vec<u8> },
    /// It is at its end; nothing where that is as it should be, else why.
    Close { pipe: PipeId, why: Option<String> },
    /// The feed is alive, though it has nothing to tell.
    Alive { feed: FeedId },
    /// What a receiver depends on.
    Addresses { receiver: Receiver, addresses: Addresses },
    /// What became of a delivery.
    Delivered(Report),
    /// What somebody answered to a mail; `done` when it is written down.
    Mail { incoming: Incoming, done: oneshot::Sender<()> },
    /// All the maintenance windows of one source.
    Windows { source: String, windows: Vec<Window> },
    /// Nothing more will come.
    Stop,
}

/// A feed that runs. Its place in the config may change while it does, this never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FeedId(u64);

/// One connection or one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PipeId(pub(super) u64);

/// What turns the bytes of a pipe into routes.
#[derive(Debug)]
pub(super) enum Decoder {
    /// RIS Live messages, each with a newline behind.
    RisLive(Walker),
    /// The same over HTTP.
    RisLiveHttp(Walker),
    /// One connection of one router, which is known under this name.
    Bmp { session: bmp::Session, router: String },
    /// A file of a folder. What stands before record `from` was taken in before, and how far it is read
    /// stands in the store under `key`.
    Mrt { walker: Walker, key: String, file: String, from: u64 },
    /// A table that is loaded before anything else.
    Rib(Walker),
    /// A table that is read beside a live feed.
    Table(Box<Table>),
}

impl Decoder {
    /// How many messages, records or lines it has read so far.
    pub(super) const fn messages(&self) -> u64 {
        match self {
            Decoder::Bmp { session, .. } => session.statistics().records,
            Decoder::RisLive(walker)
            | Decoder::RisLiveHttp(walker)
            | Decoder::Mrt { walker, .. }
            | Decoder::Rib(walker) => walker.statistics().records,
            Decoder::Table(table) => table.walker.statistics().records,
        }
    }
}

/// What the engine knows of a pipe and the feed should.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// The bytes so far end within a message.
    pub(super) partial: AtomicBool,
    /// No further byte is of any use.
    pub(super) lost: Notify,
}

/// Where feeds get their inlets.
#[derive(Debug)]
pub(super) struct Inlets {
    inputs: mpsc::Sender<Input>,
    feeds: u64,
    pipes: Arc<AtomicU64>,
}

/// Where a feed gets its pipes.
#[derive(Clone, Debug)]
pub(super) struct Inlet {
    pub(super) feed: FeedId,
    inputs: mpsc::Sender<Input>,
    pipes: Arc<AtomicU64>,
}

/// A way for bytes, in order.
#[derive(Debug)]
pub(super) struct Pipe {
    id: PipeId,
    inputs: mpsc::Sender<Input>,
    pub(super) pulse: Arc<Pulse>,
}

/// The engine takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Blocked {
    #[error("the engine has ended")]
    Ended,
    #[error("the engine has taken nothing for {} s", PATIENCE.as_secs())]
    Full,
}

impl Inlets {
    pub(super) fn new(inputs: mpsc::Sender<Input>) -> Self {
        Inlets { inputs, feeds: 0, pipes: Arc::default() }
    }

    /// One for another feed.
    pub(super) fn another(&mut self) -> Inlet {
        let feed = FeedId(self.feeds);
        self.feeds += 1;
        Inlet { feed, inputs: self.inputs.clone(), pipes: self.pipes.clone() }
    }
}

impl Inlet {
    /// Begins a connection.
    pub(super) async fn open(&self, decoder: Decoder) -> Result<Pipe, Blocked> {
        let (pipe, input) = self.pipe(decoder);
        self.inputs.send(input).await.map_err(|_| Blocked::Ended)?;
        Ok(pipe)
    }

    /// Begins a file, from a thread.
    pub(super) fn open_blocking(&self, decoder: Decoder) -> Result<Pipe, Blocked> {
        let (pipe, input) = self.pipe(decoder);
        self.inputs.blocking_send(input).map_err(|_| Blocked::Ended)?;
        Ok(pipe)
    }

    /// Says that the feed is alive.
    pub(super) async fn alive(&self) -> Result<(), Blocked> {
        self.inputs.send(Input::Alive { feed: self.feed }).await.map_err(|_| Blocked::Ended)
    }

    fn pipe(&self, decoder: Decoder) -> (Pipe, Input) {
        let id = PipeId(self.pipes.fetch_add(1, Ordering::Relaxed));
        let pulse = Arc::new(Pulse::default());
        let decoder = Box::new(decoder);
        let open = Input::Open { pipe: id, feed: self.feed, decoder, pulse: pulse.clone() };
        (Pipe { id, inputs: self.inputs.clone(), pulse }, open)
    }
}

impl Pipe {
    /// Sends bytes of a live feed.
    pub(super) async fn push(&self, bytes: Vec<u8>) -> Result<(), Blocked> {
        let input = Input::Bytes { pipe: self.id, bytes };
        self.inputs.send_timeout(input, PATIENCE).await.map_err(|error| match error {
            mpsc::error::SendTimeoutError::Timeout(_) => Blocked::Full,
            mpsc::error::SendTimeoutError::Closed(_) => Blocked::Ended,
        })
    }

    /// Sends bytes of a file, which can wait.
    pub(super) fn push_blocking(&self, bytes: Vec<u8>) -> Result<(), Blocked> {
        let input = Input::Bytes { pipe: self.id, bytes };
        self.inputs.blocking_send(input).map_err(|_| Blocked::Ended)
    }

    /// Says that nothing more will come.
    pub(super) async fn close(self, why: Option<String>) {
        // With the engine gone nobody needs to know.
        let _ = self.inputs.send(Input::Close { pipe: self.id, why }).await;
    }

    /// The same from a thread.
    pub(super) fn close_blocking(self, why: Option<String>) {
        let _ = self.inputs.blocking_send(Input::Close { pipe: self.id, why });
    }
}
