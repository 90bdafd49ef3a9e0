use std::collections::{BTreeSet, HashMap};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use bgp::Asn;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use validator::WatchList;

use super::{Backlog, Position, Surroundings, bind, start};
use crate::config::{Feed, FeedKind};
use crate::exit::Failure;
use crate::run::input::{FeedId, Inlets};

/// The feeds that run. They outlive a reload, with their connections, where the config says the same of
/// them as before.
pub(in crate::run) struct Roster {
    running: Vec<Running>,
    inlets: Inlets,
    watches: watch::Sender<Arc<WatchList>>,
    offenders: watch::Sender<BTreeSet<Asn>>,
}

/// One of them.
struct Running {
    id: FeedId,
    kind: FeedKind,
    /// Where it listens, for another feed that shall listen there: routers find it open all the time.
    spare: Option<StdListener>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A feed as it is to run.
pub(in crate::run) struct Wanted {
    pub(in crate::run) feed: Feed,
    /// Where it listens, if it does.
    pub(in crate::run) socket: Option<Socket>,
    /// Of a folder, how far it was read.
    pub(in crate::run) position: Option<Position>,
    /// Of RIS Live, the tables to begin with.
    pub(in crate::run) backlog: Backlog,
}

/// Where routers connect.
pub(in crate::run) struct Socket {
    listener: TcpListener,
    spare: StdListener,
}

impl Roster {
    pub(in crate::run) fn new(inlets: Inlets) -> Self {
        let (watches, offenders) = (watch::Sender::default(), watch::Sender::default());
        Roster { running: Vec::new(), inlets, watches, offenders }
    }

    /// A socket for each feed that listens: those that the service manager has opened first, in their
    /// order.
    pub(in crate::run) fn sockets(
        &self,
        feeds: &[Feed],
        inherited: Vec<StdListener>,
    ) -> Result<Vec<Option<Socket>>, Failure> {
        let mut inherited = inherited.into_iter();
        let listens = self
            .running
            .iter()
            .filter_map(|running| Some((running.kind.listens()?, running.spare.as_ref()?)));
        let mut open: HashMap<SocketAddr, &StdListener> = listens.collect();
        let mut socket = |address| {
            let failed = |error| Failure::Listen { address, error };
            let spare = match (inherited.next(), open.remove(&address)) {
                (Some(inherited), _) => inherited,
                (None, Some(open)) => open.try_clone().map_err(failed)?,
                (None, None) => StdListener::bind(address).map_err(failed)?,
            };
            let listener = bind(address, Some(spare.try_clone().map_err(failed)?))?;
            Ok(Socket { listener, spare })
        };
        feeds.iter().map(|feed| feed.kind.listens().map(&mut socket).transpose()).collect()
    }

    /// Ends what is not wanted any more, and starts what does not run yet. Gives the number of each that
    /// runs now, in the order in which they are wanted.
    pub(in crate::run) async fn follow(
        &mut self,
        wanted: Vec<Wanted>,
        watches: Arc<WatchList>,
    ) -> Vec<FeedId> {
        self.watches.send_replace(watches);
        let mut before = std::mem::take(&mut self.running);
        let mut keep = |kind: &FeedKind| {
            let place = before.iter().position(|running| running.kind == *kind)?;
            Some(before.remove(place))
        };
        let plan: Vec<_> = wanted.into_iter().map(|one| (keep(&one.feed.kind), one)).collect();
        for one in before {
            tracing::info!(feed = one.kind.name(), "the config does not have it any more: closed");
            one.end().await;
        }
        for (kept, one) in plan {
            let running = kept.unwrap_or_else(|| self.start(one));
            self.running.push(running);
        }
        self.running.iter().map(|running| running.id).collect()
    }

    /// Ends them all.
    pub(in crate::run) async fn end(&mut self) {
        for one in std::mem::take(&mut self.running) {
            one.end().await;
        }
    }

    /// Whose incidents are open, which feeds follow.
    pub(in crate::run) fn offenders(&self) -> watch::Sender<BTreeSet<Asn>> {
        self.offenders.clone()
    }

    fn start(&mut self, wanted: Wanted) -> Running {
        let Wanted { feed, socket, position, backlog } = wanted;
        let (listener, spare) = socket.map(|socket| (socket.listener, socket.spare)).unzip();
        let (inlet, (stop, stopped)) = (self.inlets.another(), watch::channel(false));
        let id = inlet.feed;
        let (watches, offenders) = (self.watches.subscribe(), self.offenders.subscribe());
        let around =
            Surroundings { inlet, watches, position, backlog, listener, offenders, stop: stopped };
        let task = start(&feed.kind, around);
        Running { id, kind: feed.kind, spare, stop, task }
    }
}

impl Running {
    /// A thread that reads a file sees at its next block that it is over, and nobody waits for it: what
    /// it still brings is of a feed that there is no more.
    async fn end(self) {
        self.stop.send_replace(true);
        self.task.abort();
        if !matches!(self.kind, FeedKind::MrtDir { .. }) {
            // Aborted, mostly: its connections are closed when this returns.
            let _ = self.task.await;
        }
    }
}
