//! Everything that runs, from one config, and how it is taken down.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use alerter::content::mail::MailComposer;
use alerter::dispatch::{Action, Command};
use bgp::Timestamp;
use clock::{Moment, wall};
use delivery::{DeliveryEvent, DeliveryQueues, ReplyLog};
use feeds::{EVENTS, FeedKind, InitialRibs, Manager, Socket, WantedFeed};
use incidents::AsDirectory;
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
use super::carried_state::CarriedState;
use super::clock::Clock;
use super::engine::Engine;
use super::heartbeat;
use super::input::{INPUTS, Input};
use super::offenders::OpenOffenders;
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
    deliveries: mpsc::Sender<DeliveryEvent>,
    inputs: mpsc::Sender<Input>,
    /// Of the engine before; none while one runs.
    carried_state: Option<CarriedState>,
    /// The tasks beside the feeds and the engine; they end when this is dropped.
    tasks: JoinSet<()>,
    health: watch::Receiver<Health>,
    ended: Option<oneshot::Receiver<Result<CarriedState, StoreError>>>,
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
        let plan = Plan::make(config, inherited, &self.feeds, self.rpki.as_ref()).await?;
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
        self.pause().await
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
            Ok(Ok(carried_state)) => self.carried_state = Some(carried_state?),
            Ok(Err(_)) => return Err(gone("it has broken down")),
            Err(_) => return Err(gone("it does not stop: what it could not write is read again")),
        }
        Ok(())
    }

    async fn open(&mut self, config: &Config, mut plan: Plan) -> Result<(), Failure> {
        let journal = journal(config, plan.directory.clone())?;
        let replies = ReplyLog::load(journal.store())?;
        let (published, health) = watch::channel(Health::default());
        let api = listener_and_router(config, health.clone())?;
        let wanted = wanted(config, std::mem::take(&mut plan.sockets), &journal)?;
        let carried_state = self.carried_state.take();
        let mut carried_state =
            carried_state.ok_or_else(|| gone("the one before has left nothing"))?;
        let classifier = Classifier::new(plan.watches.clone(), carried_state.snapshot);
        let classifier = Arc::new(classifier.with_neighbours(neighbours(config)));
        let numbers = self.feeds.follow(wanted, by_data_of_now(&classifier, &plan.rpki.1)).await;
        let feeds: Vec<_> = numbers.into_iter().zip(config.feeds.iter().cloned()).collect();
        carried_state.feeds.follow(&feeds, Moment::now());
        self.start_tasks(config, &plan, api, &health);
        let (sources, mut rpki) = plan.rpki.clone();
        // Whatever it says now has to be compared with what the routes were judged by.
        rpki.mark_changed();
        self.rpki = Some((sources, rpki.clone()));
        let first = carried_state.clock.is_none();
        let clock = clock(config, carried_state.clock);
        let queues = plan.start_workers(&self.deliveries);
        let engine = Engine {
            queues: DeliveryQueues::new(queues, matches!(clock, Clock::Recorded(_)), Moment::now()),
            clock,
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
            turned: None,
            outgrown: false,
            first,
        };
        self.ended = Some(spawn(engine)?);
        self.health = health;
        Ok(())
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

fn spawn(engine: Engine) -> Result<oneshot::Receiver<Result<CarriedState, StoreError>>, Failure> {
    let (done, ended) = oneshot::channel();
    let work = move || {
        // With nobody waiting for it any more the end is of no interest.
        let _ = done.send(engine.run());
    };
    let thread = thread::Builder::new().name("engine".to_owned()).spawn(work);
    thread.map_err(|error| Failure::Start { what: "the engine's thread", error })?;
    Ok(ended)
}

fn journal(config: &Config, directory: Arc<AsDirectory>) -> Result<Journal, Failure> {
    let (rules, dispatcher, sources) =
        (config.rules(), config.dispatch_rules(), incidents::Sources::default());
    let (mut journal, opening) =
        Journal::open(&config.store, rules, dispatcher, directory, sources)?;
    // Recordings tell their own time: for them this is before everything.
    let now = if is_recorded(config) { Timestamp::default() } else { wall() };
    let mut sources = vec![("config".to_owned(), config.maintenance.clone())];
    sources.extend(forgotten(config, &journal).into_iter().map(|source| (source, Vec::new())));
    for (source, windows) in sources {
        let action = Action::SetWindows { source, windows };
        if let Err(refusal) = journal.command(now, Command { by: "config".into(), action }) {
            tracing::error!(%refusal, "[[maintenance]] does not hold");
        }
    }
    let mut waiting = journal.store().outbox().waiting()?;
    waiting.retain(|(channel, _)| !config.has_channel(channel));
    for (channel, notifications) in waiting {
        tracing::error!(
            %channel,
            notifications,
            "notifications wait for a channel that the config does not have"
        );
    }
    let store = config.store.display();
    tracing::info!(%store, checkpoint = opening.checkpoint, entries = opening.entries, "store open");
    Ok(journal)
}

/// The calendars that the config no longer names, and of which windows are left.
fn forgotten(config: &Config, journal: &Journal) -> BTreeSet<String> {
    let known: Vec<_> = config.calendars.iter().map(|one| calendars::source(&one.name)).collect();
    let sources = journal.dispatcher().windows().map(|(source, _)| source);
    let left = sources.filter(|source| source.starts_with(calendars::SOURCE));
    left.filter(|source| !known.iter().any(|one| one == source)).map(str::to_owned).collect()
}

/// With a live feed, what the wall clock says. One that goes on does not begin anew.
fn clock(config: &Config, known: Option<Clock>) -> Clock {
    match (is_recorded(config), known) {
        (true, Some(known @ Clock::Recorded(_))) | (false, Some(known @ Clock::Live(..))) => known,
        (true, _) => Clock::Recorded(None),
        (false, _) => Clock::live(),
    }
}

fn is_recorded(config: &Config) -> bool {
    let recorded = |kind: &FeedKind| matches!(kind, FeedKind::MrtDir { .. });
    !config.feeds.is_empty() && config.feeds.iter().all(|feed| recorded(&feed.kind))
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
