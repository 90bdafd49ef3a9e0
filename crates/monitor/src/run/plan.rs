use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use alerter::ChannelName;
use alerter::content::mail::MailComposer;
use delivery::{
    AT_ONCE, DeliveryEvent, DeliveryQueue, DeliveryWorker, RateLimiter, Relays, Transport,
};
use feeds::{Manager, Socket};
use incidents::AsDirectory;
use tokio::sync::{mpsc, watch};
use validator::WatchList;

use crate::channels;
use crate::config::Config;
use crate::directory;
use crate::exit::Failure;
use crate::mail_composer::mail_composer;
use crate::watches;
use rpki_sources::Rpki;

/// How long the first RPKI data may take before the feeds start without it: what is judged without is
/// judged again when it comes.
const RPKI_WITHIN: Duration = Duration::from_secs(30);

/// RPKI data that is being kept fresh, and where it comes from.
pub(super) type RpkiFeed = (rpki_sources::Sources, watch::Receiver<Rpki>);

/// All that can be had of a config while another one runs: what fails here changes nothing.
pub(super) struct Plan {
    pub(super) composer: Option<MailComposer>,
    workers: Vec<(ChannelName, Duration, DeliveryWorker)>,
    pub(super) sockets: Vec<Option<Socket>>,
    pub(super) directory: Arc<AsDirectory>,
    pub(super) rpki: RpkiFeed,
    pub(super) watches: Arc<WatchList>,
}

impl Plan {
    /// What was inherited are sockets that listen already. RPKI data from the same sources goes on.
    pub(super) async fn make(
        config: &Config,
        inherited: Vec<TcpListener>,
        feeds: &Manager,
        known: Option<&RpkiFeed>,
    ) -> Result<Self, Failure> {
        refuse_blind_or_mute(config)?;
        let composer = config.mail.as_ref().map(|mail| mail_composer(config, mail)).transpose()?;
        let workers = workers(config, composer.clone())?;
        let sockets = feeds.sockets(&config.feeds, inherited)?;
        let directory = directory(config)?;
        let rpki = match known.filter(|(sources, _)| *sources == config.rpki) {
            Some((_, rpki)) => rpki.clone(),
            None => first_data(config).await,
        };
        let watches = watches(config, &rpki.borrow())?;
        let rpki = (config.rpki.clone(), rpki);
        Ok(Plan { composer, workers, sockets, directory, rpki, watches })
    }

    /// Not among the tasks: they end with the engine, after what is under way.
    pub(super) fn start_workers(
        &mut self,
        events: &mpsc::Sender<DeliveryEvent>,
    ) -> BTreeMap<ChannelName, DeliveryQueue> {
        let workers = std::mem::take(&mut self.workers).into_iter();
        let start = |(name, give_up_after, worker): (_, _, DeliveryWorker)| {
            (name, worker.start(give_up_after, events.clone()))
        };
        workers.map(start).collect()
    }
}

/// What the config alone shows: that nothing can be seen by it, or that nobody can be told.
fn refuse_blind_or_mute(config: &Config) -> Result<(), Failure> {
    let missing = if config.feeds.is_empty() {
        "says feed = []: nothing would be seen (`replay` needs no feed)"
    } else if config.watches.is_empty() && config.rpki.list.is_empty() {
        "has no [[watch]], and no [rpki] sources to take watches from: nothing would be watched"
    } else if config.mail.is_none() && config.channels.is_empty() {
        "has no [mail] and no [[channel]]: nobody would be told"
    } else {
        return Ok(());
    };
    Err(Failure::Usage(format!("{} {missing}", config.path.display())))
}

/// What carries the notifications of each channel, and how long it tries.
fn workers(
    config: &Config,
    composer: Option<MailComposer>,
) -> Result<Vec<(ChannelName, Duration, DeliveryWorker)>, Failure> {
    let zone = &config.operator.time_zone;
    let mut workers = Vec::new();
    if let (Some(mail), Some(composer)) = (&config.mail, composer) {
        let relays = Relays::new(channels::relays(mail)?, mail.failover_after);
        let worker = DeliveryWorker {
            transport: Transport::Mail(relays, composer),
            at_once: mail.connections as usize,
            rate: RateLimiter::new(mail.per_minute),
        };
        workers.push((ChannelName::Mail, mail.give_up_after, worker));
    }
    for one in &config.channels {
        let worker = DeliveryWorker {
            transport: Transport::Channel(channels::open(one)?, zone.clone()),
            at_once: AT_ONCE,
            rate: RateLimiter::new(one.per_minute),
        };
        workers.push((one.name.clone(), one.give_up_after, worker));
    }
    Ok(workers)
}

fn directory(config: &Config) -> Result<Arc<AsDirectory>, Failure> {
    let mut remarks = Vec::new();
    let directory = directory::load(config, &mut remarks)?;
    remarks.iter().for_each(|remark| tracing::warn!("{remark}"));
    Ok(Arc::new(directory))
}

/// Follows the RPKI sources, and waits for the first data for a while.
async fn first_data(config: &Config) -> watch::Receiver<Rpki> {
    let mut rpki = rpki_sources::follow(config.rpki.clone());
    if config.rpki.list.is_empty() {
        tracing::warn!("[rpki] has no sources: the validity of every route is unknown");
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
    let watches = watches::derive(config, &rpki.snapshot, &mut remarks)?;
    remarks.iter().for_each(|remark| tracing::info!("{remark}"));
    if watches.is_empty() {
        // A monitor that does not start is mute: it says so, and begins when the VRPs name something.
        tracing::error!("{}", watches::none_named(config));
    }
    Ok(watches)
}
