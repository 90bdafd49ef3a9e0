//! Everything that runs, from one config, and how it is taken down.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use alerter::content::mail::MailComposer;
use clock::Moment;
use delivery::{DeliveryEvent, DeliveryQueues};
use feeds::{EVENTS, FeedKind, InitialRibs, Manager, Socket, WantedFeed};
use network::proxy::ProxyConfig;
use rpki_sources::Rpki;
use store::{Journal, StoreError};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use validator::{Classifier, Neighbours};
use web::Health;

use super::api;
use super::calendars;
use super::carried_state::{CarriedState, OpenStore};
use super::clock::Clock;
use super::engine::Engine;
use super::heartbeat;
use super::input::{INPUTS, Input};
use super::offenders::OpenOffenders;
use super::open_store::{close_store, open_store};
use super::plan::{Plan, RpkiFeed};
use super::tasks;
use crate::config::Config;
use crate::exit::Failure;

/// How long the engine may take to stop. What it has not written by then the feeds bring again.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// The engine, the feeds and the tasks beside them, by one config.
pub(super) struct Supervisor {
    /// The feeds, which outlive a reload, as the RPKI data does.
    feeds: Manager,
    rpki: Option<RpkiFeed>,
    /// Through which that comes, if there is one in the config.
    proxy: Option<ProxyConfig>,
    deliveries: mpsc::Sender<DeliveryEvent>,
    inputs: mpsc::Sender<Input>,
    /// Of the engine before; none while one runs.
    carried_state: Option<CarriedState>,
    /// The tasks beside the feeds and the engine; they end when this is dropped.
    tasks: JoinSet<()>,
    health: watch::Receiver<Health>,
    ended: Option<oneshot::Receiver<CarriedState>>,
}

impl Supervisor {
    /// Nothing runs yet.
    pub(super) fn new() -> Self {
        let (inputs, receiver) = mpsc::channel(INPUTS);
        let (events, brought) = mpsc::channel(EVENTS);
        let (deliveries, reported) = mpsc::channel(delivery::EVENTS);
        Supervisor {
            feeds: Manager::new(events),
            rpki: None,
            proxy: None,
            deliveries,
            inputs,
            carried_state: Some(CarriedState::none(brought, reported, receiver)),
            tasks: JoinSet::new(),
            health: watch::channel(Health::default()).1,
            ended: None,
        }
    }

    /// Runs by this config from now on. What was inherited are sockets that listen already.
    ///
    /// # Errors
    ///
    /// What can fail mostly does so before anything is touched that runs by another config. Where it does
    /// not, the supervisor [is closed](Self::is_closed).
    pub(super) async fn apply(
        &mut self,
        config: &Config,
        inherited: Vec<std::net::TcpListener>,
    ) -> Result<(), Failure> {
        // By another way out the sources are asked anew.
        let known = self.rpki.as_ref().filter(|_| self.proxy == config.proxy);
        let plan = Plan::make(config, inherited, &self.feeds, known).await?;
        self.proxy.clone_from(&config.proxy);
        self.pause().await?;
        self.open(config, plan).await
    }

    /// Whether there is no engine.
    pub(super) const fn is_closed(&self) -> bool {
        self.ended.is_none()
    }

    /// How the engine is when it next says so, once a second; none when it has ended.
    pub(super) async fn health(&mut self) -> Option<Health> {
        self.health.changed().await.ok()?;
        Some(self.health.borrow_and_update().clone())
    }

    /// Stops the feeds, lets the engine take in what they have brought, and closes the store.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        self.feeds.end().await;
        self.pause().await?;
        self.carried_state.and_then(|carried_state| carried_state.store).map_or(Ok(()), close_store)
    }

    /// Stops all but the feeds. What they bring waits.
    async fn pause(&mut self) -> Result<(), Failure> {
        self.tasks.shutdown().await;
        let Some(ended) = &mut self.ended else { return Ok(()) };
        let end = async {
            // Where the engine has ended by itself nobody takes it.
            let _ = self.inputs.send(Input::Stop).await;
            ended.await
        };
        let ended = tokio::time::timeout(STOP_WITHIN, end).await;
        self.ended = None;
        match ended {
            Ok(Ok(carried_state)) => self.carried_state = Some(carried_state),
            Ok(Err(_)) => return Err(gone("it has broken down")),
            Err(_) => return Err(gone("it does not stop: what it could not write is read again")),
        }
        Ok(())
    }

    async fn open(&mut self, config: &Config, mut plan: Plan) -> Result<(), Failure> {
        let none = || gone("the one before has left nothing");
        let carried_state = self.carried_state.as_mut().ok_or_else(none)?;
        // What fails here leaves all that was carried over where it is.
        let open = open_store(config, plan.directory.clone(), &mut carried_state.store)?;
        let (published, health) = watch::channel(Health::default());
        let api = listener_and_router(config, health.clone())?;
        let wanted = wanted(config, std::mem::take(&mut plan.sockets), &open.journal)?;
        let mut carried_state = self.carried_state.take().ok_or_else(none)?;
        let OpenStore { journal, replies, faults } = carried_state.store.take().ok_or_else(none)?;
        let classifier = Classifier::new(plan.watches.clone(), carried_state.snapshot);
        let classifier = Arc::new(classifier.with_neighbours(neighbours(config)));
        let numbers = self.feeds.follow(wanted, by_data_of_now(&classifier, &plan.rpki.1)).await;
        carried_state.feeds.follow(numbers, &config.feeds, Moment::now());
        self.start_tasks(config, &plan, api, &health);
        let rpki = self.keep_rpki(plan.rpki.clone());
        let first = carried_state.clock.is_none();
        let clock = Clock::following(&config.feeds, carried_state.clock, journal.now());
        let (workers, queues) = (plan.start_workers(&self.deliveries), carried_state.queues);
        let engine = Engine {
            queues: DeliveryQueues::new(workers, matches!(clock, Clock::Recorded(_)), queues),
            clock,
            clock_steps: carried_state.clock_steps,
            feeds: carried_state.feeds,
            classifier,
            classifiers: self.feeds.classifiers(),
            roa_watch: carried_state.roa_watch,
            replies,
            config: config.clone(),
            journal,
            events: carried_state.events,
            deliveries: carried_state.deliveries,
            inputs: carried_state.inputs,
            since: carried_state.since,
            rpki,
            health: published,
            offenders: OpenOffenders::new(&config.operator.asns, self.feeds.offenders()),
            runtime: Handle::current(),
            notified: carried_state.notified,
            dirty: None,
            failed: None,
            store_faults: faults,
            turned: None,
            outgrown: false,
            first,
        };
        self.ended = Some(spawn(engine)?);
        self.health = health;
        Ok(())
    }

    /// The RPKI data from here on.
    fn keep_rpki(&mut self, (sources, mut rpki): RpkiFeed) -> watch::Receiver<Rpki> {
        // Whatever it says now has to be compared with what the routes were judged by.
        rpki.mark_changed();
        self.rpki = Some((sources, rpki.clone()));
        rpki
    }

    /// The tasks that are started anew with each config.
    fn start_tasks(
        &mut self,
        config: &Config,
        plan: &Plan,
        api: Option<(TcpListener, web::Router)>,
        health: &watch::Receiver<Health>,
    ) {
        if let Some((listener, router)) = api {
            self.tasks.spawn(web::serve(listener, router));
        }
        if let Some(heartbeat) = &config.heartbeat {
            self.tasks.spawn(heartbeat::run(heartbeat.clone(), health.clone()));
        }
        self.tasks.spawn(tasks::watch_addresses(config.clone(), self.inputs.clone()));
        read_replies(&mut self.tasks, config, plan.composer.clone(), &self.deliveries);
        read_calendars(&mut self.tasks, config, &self.inputs);
    }
}

/// What arrives after it has ended is read at the next start.
fn read_replies(
    tasks: &mut JoinSet<()>,
    config: &Config,
    composer: Option<MailComposer>,
    deliveries: &mpsc::Sender<DeliveryEvent>,
) {
    let mailbox =
        config.mail.as_ref().and_then(|mail| Some(mail.replies.as_ref()?.mailbox.clone()));
    if let (Some(mailbox), Some(replies)) = (mailbox, composer.and_then(|head| head.replies)) {
        tasks.spawn(delivery::read_replies(mailbox, replies, deliveries.clone()));
    }
}

fn read_calendars(tasks: &mut JoinSet<()>, config: &Config, inputs: &mpsc::Sender<Input>) {
    for calendar in &config.calendars {
        let zone = config.operator.time_zone.clone();
        tasks.spawn(calendars::run(calendar.clone(), zone, inputs.clone()));
    }
}

/// The API and where it listens, if there is to be one.
fn listener_and_router(
    config: &Config,
    health: watch::Receiver<Health>,
) -> Result<Option<(TcpListener, web::Router)>, Failure> {
    let Some(web) = &config.web else { return Ok(None) };
    let router = web::router(api::settings(config, web)?, health);
    Ok(Some((feeds::bind(web.listen, None)?, router)))
}

/// What the feeds begin with: they must not begin without the RPKI data that is there already. The engine
/// compares that with what the routes were judged by, and goes on from there itself.
fn by_data_of_now(classifier: &Arc<Classifier>, rpki: &watch::Receiver<Rpki>) -> Arc<Classifier> {
    let rpki = rpki.borrow();
    match rpki.health.is_usable() {
        true => Arc::new(classifier.with_snapshot(rpki.snapshot.clone())),
        false => classifier.clone(),
    }
}

/// Of our own routers we know how their neighbours stand to us.
fn neighbours(config: &Config) -> Neighbours {
    let routers = config.feeds.iter().flat_map(|feed| match &feed.kind {
        FeedKind::Bmp { routers, .. } => routers.as_slice(),
        FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } => &[],
    });
    Neighbours {
        routers: routers.map(|router| router.name.as_str().into()).collect(),
        providers: config.operator.upstreams.clone(),
        customers: config.operator.customers.clone(),
    }
}

fn gone(why: &'static str) -> Failure {
    Failure::Start { what: "the engine", error: std::io::Error::other(why) }
}

fn spawn(engine: Engine) -> Result<oneshot::Receiver<CarriedState>, Failure> {
    let (done, ended) = oneshot::channel();
    let work = move || {
        // With nobody waiting for it any more the end is of no interest.
        let _ = done.send(engine.run());
    };
    let thread = thread::Builder::new().name("engine".to_owned()).spawn(work);
    thread.map_err(|error| Failure::Start { what: "the engine's thread", error })?;
    Ok(ended)
}

/// The feeds as they are to run.
fn wanted(
    config: &Config,
    sockets: Vec<Option<Socket>>,
    journal: &Journal,
) -> Result<Vec<WantedFeed>, Failure> {
    let each = config.feeds.iter().cloned().zip(sockets);
    let wanted = each.map(|(feed, socket)| {
        let position = match &feed.kind {
            FeedKind::MrtDir { path, .. } => position(&feeds::folder_key(path), journal)?,
            FeedKind::RisLive { .. } | FeedKind::Bmp { .. } => None,
        };
        let initial_ribs = initial_ribs(&feed.kind, config, journal)?;
        Ok(WantedFeed { feed, socket, position, initial_ribs })
    });
    wanted.collect()
}

/// The tables that the config asks for, and what the store knows of them.
fn initial_ribs(
    kind: &FeedKind,
    config: &Config,
    journal: &Journal,
) -> Result<InitialRibs, StoreError> {
    let FeedKind::RisLive { ribs, .. } = kind else { return Ok(InitialRibs::default()) };
    let known = |rib: &feeds::Rib| {
        let position = journal.store().position(&feeds::rib_key(&rib.collector))?;
        Ok((rib.clone(), position.and_then(|text| text.parse().ok())))
    };
    let ribs = ribs.iter().map(known).collect::<Result<_, StoreError>>()?;
    Ok(InitialRibs { ribs, archive: config.archive.clone(), oldest: config.incident.forget_after })
}

fn position(key: &str, journal: &Journal) -> Result<Option<feeds::Position>, Failure> {
    let position = journal.store().position(key)?;
    let read = |text: String| {
        let position = text.parse();
        position.map_err(|error| tracing::error!(%error, "{key}: read from the beginning")).ok()
    };
    Ok(position.and_then(read))
}
