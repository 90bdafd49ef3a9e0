use std::collections::{BTreeSet, HashMap};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bgp::Asn;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use validator::Classifier;

use crate::bmp::{ListenError, bind};
use crate::context::FeedContext;
use crate::initial_rib::InitialRibs;
use crate::known_origins::KnownOrigins;
use crate::session::Outlet;
use crate::{Feed, FeedEvent, FeedId, FeedKind, Position, bmp, mrt_dir, ris_live};

/// The feeds that run. They outlive a reload, with their connections, where the config says the same of
/// them as before.
///
/// ```no_run
/// use feeds::{Feed, FeedEvent, FeedKind, InitialRibs, Manager, RisLiveMode, WantedFeed};
///
/// # async fn run(classifier: std::sync::Arc<validator::Classifier>) {
/// let (events, mut told) = tokio::sync::mpsc::channel(feeds::EVENTS);
/// let mut manager = Manager::new(events);
/// let url = "wss://ris-live.ripe.net/v1/ws/".to_owned();
/// let kind = FeedKind::RisLive { url, mode: RisLiveMode::Watched, ribs: Vec::new() };
/// let feed = Feed { kind, min_vantage_ases: None, silent_after: None };
/// let initial_ribs = InitialRibs::default();
/// let wanted = WantedFeed { feed, socket: None, position: None, initial_ribs };
/// manager.follow(vec![wanted], classifier).await;
/// while let Some(event) = told.recv().await {
///     if let FeedEvent::Batch(batch) = event {
///         println!("{} findings", batch.findings.len());
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Manager {
    running: Vec<Running>,
    events: mpsc::Sender<FeedEvent>,
    started: u64,
    /// How many sessions there were so far, of all feeds.
    sessions: Arc<AtomicU64>,
    classifiers: watch::Sender<Arc<Classifier>>,
    offenders: watch::Sender<BTreeSet<Asn>>,
    /// Who originates what, as any feed told.
    known_origins: Arc<KnownOrigins>,
}

/// One of them.
#[derive(Debug)]
struct Running {
    id: FeedId,
    kind: FeedKind,
    /// Where it listens, for another feed that shall listen there: routers find it open all the time.
    spare: Option<StdListener>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A feed as it is to run.
#[derive(Debug)]
pub struct WantedFeed {
    /// Its settings, as the config has them.
    pub feed: Feed,
    /// Where it listens, if it does.
    pub socket: Option<Socket>,
    /// Of a folder, how far it was read.
    pub position: Option<Position>,
    /// Of RIS Live, the tables to begin with.
    pub initial_ribs: InitialRibs,
}

/// Where routers connect.
#[derive(Debug)]
pub struct Socket {
    listener: TcpListener,
    spare: StdListener,
}

/// Starts a feed.
fn start(feed: &FeedKind, context: FeedContext) -> JoinHandle<()> {
    match feed {
        FeedKind::RisLive { url, mode, .. } => {
            tokio::spawn(ris_live::run(url.clone(), *mode, context))
        }
        FeedKind::Bmp { routers, .. } => tokio::spawn(bmp::run(routers.clone(), context)),
        FeedKind::MrtDir { path, rib } => {
            let (path, rib) = (path.clone(), rib.clone());
            tokio::task::spawn_blocking(move || mrt_dir::run(&path, rib.as_deref(), &context))
        }
    }
}

impl Manager {
    /// No feed yet. What they tell goes there.
    pub fn new(events: mpsc::Sender<FeedEvent>) -> Self {
        let classifier = Classifier::new(Arc::default(), Arc::default());
        Manager {
            running: Vec::new(),
            events,
            started: 0,
            sessions: Arc::default(),
            classifiers: watch::Sender::new(Arc::new(classifier)),
            offenders: watch::Sender::default(),
            known_origins: Arc::default(),
        }
    }

    /// A socket for each feed that listens: those that the service manager has opened first, in their
    /// order.
    ///
    /// # Errors
    ///
    /// Where one of them cannot be listened on.
    pub fn sockets(
        &self,
        feeds: &[Feed],
        inherited: Vec<StdListener>,
    ) -> Result<Vec<Option<Socket>>, ListenError> {
        let mut inherited = inherited.into_iter();
        let listens = self
            .running
            .iter()
            .filter_map(|running| Some((running.kind.listens()?, running.spare.as_ref()?)));
        let mut open: HashMap<SocketAddr, &StdListener> = listens.collect();
        let mut socket = |address| {
            let failed = |error| ListenError { address, error };
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
    pub async fn follow(
        &mut self,
        wanted: Vec<WantedFeed>,
        classifier: Arc<Classifier>,
    ) -> Vec<FeedId> {
        self.classifiers.send_replace(classifier);
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
    pub async fn end(&mut self) {
        for one in std::mem::take(&mut self.running) {
            one.end().await;
        }
    }

    /// Whose incidents are open, which feeds follow.
    pub fn offenders(&self) -> watch::Sender<BTreeSet<Asn>> {
        self.offenders.clone()
    }

    /// What the feeds classify by: a new one is used from the next bytes on.
    pub fn classifiers(&self) -> watch::Sender<Arc<Classifier>> {
        self.classifiers.clone()
    }

    fn start(&mut self, wanted: WantedFeed) -> Running {
        let WantedFeed { feed, socket, position, initial_ribs } = wanted;
        let (listener, spare) = socket.map(|socket| (socket.listener, socket.spare)).unzip();
        let (stop, stopped) = watch::channel(false);
        let id = FeedId(self.started);
        self.started += 1;
        let outlet = Outlet {
            feed: id,
            name: feed.kind.name(),
            events: self.events.clone(),
            sessions: self.sessions.clone(),
            classifiers: self.classifiers.subscribe(),
            known_origins: self.known_origins.clone(),
        };
        let context = FeedContext {
            outlet,
            classifiers: self.classifiers.subscribe(),
            position,
            initial_ribs,
            listener,
            offenders: self.offenders.subscribe(),
            stop: stopped,
        };
        let task = start(&feed.kind, context);
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
