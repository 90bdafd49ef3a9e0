//! Everything that runs, from one config, and how it is taken down.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use alerter::AsDirectory;
use alerter::desk::{Order, What};
use alerter::mail::Letterhead;
use alerter::store::{Ledger, StoreError};
use bgp::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use validator::{Neighbours, Sieve, WatchList};

use super::addresses;
use super::calendars;
use super::channels;
use super::clock::{Clock, wall};
use super::doubt::Doubt;
use super::engine::Engine;
use super::feed::{self, Surroundings};
use super::heartbeat::{self, Beat};
use super::input::{INPUTS, Inlet, Input};
use super::outbox::{Lane, Outbox};
use super::post::{AT_ONCE, Carrier, Pace, Way};
use super::relays::Relays;
use super::replies::{self, Done};
use super::roa_watch::RoaWatch;
use super::sight::Sight;
use super::web;
use crate::config::{Config, FeedKind};
use crate::exit::Failure;
use crate::letterhead::letterhead;
use crate::rpki::{self, Rpki};
use crate::{mailbag, replay};

/// How long the first RPKI data may take before the feeds start without it: what is judged without is
/// judged again when it comes.
const RPKI_WITHIN: Duration = Duration::from_secs(30);

/// How long the engine may take to stop. What it has not written by then the feeds bring again.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// What runs.
pub(super) struct House {
    /// The feeds; they end when this is dropped.
    feeds: JoinSet<()>,
    stop: watch::Sender<bool>,
    inputs: mpsc::Sender<Input>,
    beat: watch::Receiver<Beat>,
    ended: oneshot::Receiver<Result<(), StoreError>>,
}

impl House {
    /// Starts everything. What was inherited are sockets that listen already.
    pub(super) async fn start(
        config: &Config,
        inherited: Vec<std::net::TcpListener>,
    ) -> Result<Self, Failure> {
        let letterhead = config.mail.as_ref().map(|mail| letterhead(config, mail)).transpose()?;
        let carriers = carriers(config, letterhead.clone())?;
        let listeners = feed::listeners(config, inherited)?;
        let directory = directory(config)?;
        let ledger = ledger(config, directory)?;
        let rpki = first_data(config).await;
        let watches = watches(config, &rpki.borrow())?;

        let (inputs, receiver) = mpsc::channel(INPUTS);
        let lanes = start_carriers(carriers, &inputs);
        let mut feeds = JoinSet::new();
        listen_to_people(&mut feeds, config, letterhead, &inputs);
        let (stop, stopped) = watch::channel(false);
        let (beats, beat) = watch::channel(Beat::default());
        let api = api(config, &beat)?;
        let (offenders, followed) = watch::channel(BTreeSet::new());
        let inlets = Inlet::all(&inputs, config.feeds.len());
        let each = config.feeds.iter().zip(inlets).zip(listeners).enumerate();
        for (place, ((one, inlet), listener)) in each {
            let position = position(config, place, &ledger)?;
            let (watches, stop) = (watches.clone(), stopped.clone());
            let offenders = followed.clone();
            let around = Surroundings { inlet, watches, position, listener, offenders, stop };
            feed::start(&mut feeds, one, around);
        }
        if let Some((listener, router)) = api {
            feeds.spawn(web::serve(listener, router));
        }
        if let Some(heartbeat) = &config.heartbeat {
            feeds.spawn(heartbeat::run(heartbeat.clone(), beat.clone()));
        }
        feeds.spawn(addresses::follow(config.clone(), inputs.clone()));
        let clock = clock(config);
        let snapshot = rpki.borrow().snapshot.clone();
        let engine = Engine {
            outbox: Outbox::new(lanes, matches!(clock, Clock::Recorded(_))),
            clock,
            sight: Sight::new(config, wall()),
            sieve: Sieve::new(watches, snapshot).with_neighbours(neighbours(config)),
            roa_watch: RoaWatch::default(),
            doubt: Doubt::new(config),
            replies: Done::load(ledger.store())?,
            config: config.clone(),
            ledger,
            inputs: receiver,
            rpki,
            beat: beats,
            offenders,
            runtime: Handle::current(),
            flows: HashMap::new(),
            told: HashMap::new(),
            dirty: None,
            turned: None,
            outgrown: false,
        };
        let ended = spawn(engine)?;
        Ok(House { feeds, stop, inputs, beat, ended })
    }

    /// A sign of life from the engine; none when it has ended.
    pub(super) async fn beat(&mut self) -> Option<Beat> {
        self.beat.changed().await.ok()?;
        Some(self.beat.borrow_and_update().clone())
    }

    /// Stops the feeds, lets the engine take in what they have brought, and closes the store.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        self.stop.send_replace(true);
        self.feeds.abort_all();
        let end = async {
            // Where the engine has ended by itself nobody takes it.
            let _ = self.inputs.send(Input::Stop).await;
            self.ended.await
        };
        match tokio::time::timeout(STOP_WITHIN, end).await {
            Ok(Ok(ended)) => Ok(ended?),
            Ok(Err(_)) => Err(gone("it has broken down")),
            Err(_) => Err(gone("it does not stop: what it could not write is read again")),
        }
    }
}

/// What carries the letters of each channel, and how long it tries.
fn carriers(
    config: &Config,
    letterhead: Option<Letterhead>,
) -> Result<Vec<(String, Duration, Carrier)>, Failure> {
    let zone = &config.operator.time_zone;
    let mut carriers = Vec::new();
    if let (Some(mail), Some(letterhead)) = (&config.mail, letterhead) {
        let relays = Relays::new(mailbag::relays(mail)?, mail.failover_after);
        let carrier = Carrier {
            way: Way::Mail(relays, letterhead),
            at_once: mail.connections as usize,
            pace: Pace::new(mail.per_minute),
        };
        carriers.push(("mail".to_owned(), mail.give_up_after, carrier));
    }
    for one in &config.channels {
        let carrier = Carrier {
            way: Way::Channel(channels::open(one)?, zone.clone()),
            at_once: AT_ONCE,
            pace: Pace::new(one.per_minute),
        };
        carriers.push((one.name.clone(), one.give_up_after, carrier));
    }
    Ok(carriers)
}

/// Replies and calendars, among the feeds: what arrives after them is read at the next start.
fn listen_to_people(
    feeds: &mut JoinSet<()>,
    config: &Config,
    letterhead: Option<Letterhead>,
    inputs: &mpsc::Sender<Input>,
) {
    let mailbox =
        config.mail.as_ref().and_then(|mail| Some(mail.replies.as_ref()?.mailbox.clone()));
    if let (Some(mailbox), Some(replies)) = (mailbox, letterhead.and_then(|head| head.replies)) {
        feeds.spawn(replies::run(mailbox, replies, inputs.clone()));
    }
    for calendar in &config.calendars {
        let zone = config.operator.time_zone.clone();
        feeds.spawn(calendars::run(calendar.clone(), zone, inputs.clone()));
    }
}

/// Not among the feeds: they end with the engine, after what is under way.
fn start_carriers(
    carriers: Vec<(String, Duration, Carrier)>,
    inputs: &mpsc::Sender<Input>,
) -> BTreeMap<String, Lane> {
    let start = |(name, give_up_after, carrier): (String, Duration, Carrier)| {
        let (parcels, to_carry) = mpsc::channel(carrier.room());
        tokio::spawn(carrier.carry(to_carry, inputs.clone()));
        (name, Lane { parcels, give_up_after, in_flight: HashSet::new() })
    };
    carriers.into_iter().map(start).collect()
}

/// The API and where it listens, if there is to be one.
fn api(
    config: &Config,
    beat: &watch::Receiver<Beat>,
) -> Result<Option<(TcpListener, axum::Router)>, Failure> {
    let Some(web) = &config.web else { return Ok(None) };
    let router = web::router(web, &config.store, beat.clone())?;
    Ok(Some((feed::bind(web.listen, None)?, router)))
}

/// Of our own routers we know how their neighbours stand to us.
fn neighbours(config: &Config) -> Neighbours {
    let routers = config.feeds.iter().flat_map(|feed| match &feed.kind {
        FeedKind::Bmp { routers, .. } => routers.as_slice(),
        FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } | FeedKind::Kafka { .. } => &[],
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

fn spawn(engine: Engine) -> Result<oneshot::Receiver<Result<(), StoreError>>, Failure> {
    let (done, ended) = oneshot::channel();
    let work = move || {
        // With nobody waiting for it any more the end is of no interest.
        let _ = done.send(engine.run());
    };
    let thread = thread::Builder::new().name("engine".to_owned()).spawn(work);
    thread.map_err(|error| Failure::Start { what: "the engine's thread", error })?;
    Ok(ended)
}

fn ledger(config: &Config, directory: Arc<AsDirectory>) -> Result<Ledger, Failure> {
    if config.mail.is_none() && config.channels.is_empty() {
        tracing::warn!("there is no [mail] and no [[channel]]: nobody will be told");
    }
    let (rules, desk, sources) = (config.rules(), config.desk_rules(), alerter::Sources::default());
    let (mut ledger, opening) = Ledger::open(&config.store, rules, desk, directory, sources)?;
    // Recordings tell their own time: for them this is before everything.
    let now = if matches!(clock(config), Clock::Live(..)) { wall() } else { Timestamp::default() };
    let mut sources = vec![("config".to_owned(), config.maintenance.clone())];
    sources.extend(forgotten(config, &ledger).into_iter().map(|source| (source, Vec::new())));
    for (source, windows) in sources {
        let what = What::SetWindows { source, windows };
        if let Err(refusal) = ledger.order(now, Order { by: "config".into(), what }) {
            tracing::error!(%refusal, "[[maintenance]] does not hold");
        }
    }
    let mut waiting = ledger.store().waiting()?;
    waiting.retain(|(channel, _)| !config.has_channel(channel));
    for (channel, letters) in waiting {
        tracing::error!(
            channel,
            letters,
            "letters wait for a channel that the config does not have"
        );
    }
    let store = config.store.display();
    tracing::info!(%store, checkpoint = opening.checkpoint, entries = opening.entries, "store open");
    Ok(ledger)
}

/// The calendars that the config no longer names, and of which windows are left.
fn forgotten(config: &Config, ledger: &Ledger) -> BTreeSet<String> {
    let known: Vec<_> = config.calendars.iter().map(|one| calendars::source(&one.name)).collect();
    let sources = ledger.desk().windows().map(|(source, _)| source);
    let left = sources.filter(|source| source.starts_with(calendars::SOURCE));
    left.filter(|source| !known.iter().any(|one| one == source)).map(str::to_owned).collect()
}

fn directory(config: &Config) -> Result<Arc<AsDirectory>, Failure> {
    let Some(path) = &config.as_names else { return Ok(Arc::default()) };
    let mut remarks = Vec::new();
    let directory = replay::directory(path, &mut remarks)?;
    remarks.iter().for_each(|remark| tracing::warn!("{remark}"));
    Ok(Arc::new(directory))
}

/// Follows the RPKI sources, and waits for the first data for a while.
async fn first_data(config: &Config) -> watch::Receiver<Rpki> {
    let mut rpki = rpki::follow(config.rpki.clone());
    if config.rpki.list.is_empty() {
        tracing::warn!("[rpki] has no sources: every route is not-found");
        return rpki;
    }
    let usable = rpki.wait_for(|rpki| rpki.health.is_usable());
    if tokio::time::timeout(RPKI_WITHIN, usable).await.is_err() {
        let remarks = rpki.borrow().remarks.join("; ");
        tracing::error!("no RPKI data within {} s: {remarks}", RPKI_WITHIN.as_secs());
    }
    rpki
}

fn watches(config: &Config, rpki: &Rpki) -> Result<Arc<WatchList>, Failure> {
    if !config.watches.is_empty() {
        return Ok(config.watches.clone());
    }
    let mut remarks = Vec::new();
    let watches = replay::derived(config, &rpki.snapshot, &mut remarks)?;
    remarks.iter().for_each(|remark| tracing::info!("{remark}"));
    Ok(watches)
}

/// With a live feed, what the wall clock says.
fn clock(config: &Config) -> Clock {
    let recorded = |kind: &FeedKind| matches!(kind, FeedKind::MrtDir { .. });
    match !config.feeds.is_empty() && config.feeds.iter().all(|feed| recorded(&feed.kind)) {
        true => Clock::Recorded(None),
        false => Clock::live(),
    }
}

fn position(
    config: &Config,
    place: usize,
    ledger: &Ledger,
) -> Result<Option<feed::Position>, Failure> {
    let key = feed::spool_key(config, place);
    let position = ledger.store().position(&key)?;
    let read = |text: String| {
        let position = text.parse();
        position.map_err(|error| tracing::error!(%error, "{key}: read from the beginning")).ok()
    };
    Ok(position.and_then(read))
}
