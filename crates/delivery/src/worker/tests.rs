//! Queues, workers and senders together, against servers that do everything wrong. The time between
//! two tries is virtual: six hours pass in a moment.

mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alerter::Receiver;
use alerter::channels::smtp::{Relay, RelayConfig, Tls};
use alerter::channels::{Body, Webhook, WebhookConfig};
use alerter::dispatch::{DispatchRules, Routing};
use bgp::Timestamp;
use clock::Moment;
use store::{Delivery, Journal};
use validator::{Finding, IncidentKind};

use super::*;
use crate::queues::{CarriedQueues, DeliveryQueues};
use server::{Fault, Server, Took};

const START: i64 = 1_800_000_000;

/// How long a server may take. Where a machine is slower than that, it is one more fault.
const PATIENCE: Duration = Duration::from_millis(250);

/// A store with notifications to a mailbox and to a webhook, and what delivers them.
struct Bench {
    _folder: tempfile::TempDir,
    journal: Journal,
    queues: DeliveryQueues,
    reports: mpsc::Receiver<DeliveryEvent>,
    /// When the queues began, and the wall clock with them.
    begun: Moment,
    /// By a clock that goes on steadily from there.
    now: Timestamp,
    taken: Vec<(String, String)>,
    tries: usize,
}

impl Bench {
    /// So many things begin and end: two notifications each, to both.
    fn new(incidents: usize, mail: &Server, hook: &Server, patience: Duration) -> Self {
        let now = Timestamp::from_seconds(START + 4 * 3600);
        Bench::at(now, incidents, mail, hook, patience)
    }

    /// The same with a clock that says this now, four hours after the first of them began.
    fn at(
        now: Timestamp,
        incidents: usize,
        mail: &Server,
        hook: &Server,
        patience: Duration,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let of = |channel: &str, address: &str| Receiver {
            channel: channel.into(),
            address: address.to_owned(),
        };
        let everywhere = vec![of("mail", "noc@example.net"), of("hook", "")];
        let dispatcher = DispatchRules {
            routing: Routing::to_all(everywhere),
            storm: None,
            notification_limit: None,
            ..DispatchRules::default()
        };
        let (directory, sources) = (Arc::default(), incidents::Sources::default());
        let path = folder.path().join("store.db");
        let (mut journal, _) =
            Journal::open(&path, incidents::Rules::default(), dispatcher, directory, sources)
                .unwrap();
        for (second, active) in [(0, true), (60, false)] {
            let at = Timestamp::from_seconds(START + second);
            for number in 0..incidents {
                let (kind, subject) = (IncidentKind::FeedSilent, format!("feed {number}"));
                let details = vec!["no message".to_owned()];
                journal.handle(at, Finding::Condition { at, kind, subject, details, active });
            }
        }
        let end = Timestamp::from_seconds(START + 4 * 3600);
        while journal.next_timeout().is_some_and(|due| due <= end) {
            journal.handle_timeout(journal.next_timeout().unwrap());
        }
        journal.commit(now).unwrap();
        let begun = Moment { wall: now, instant: std::time::Instant::now() };
        let (queues, reports) = queues(begun, mail, hook, patience);
        Bench { _folder: folder, journal, queues, reports, begun, now, taken: Vec::new(), tries: 0 }
    }

    /// Another process goes on, by a clock that says this.
    fn restart(&mut self, now: Timestamp, mail: &Server, hook: &Server) {
        self.now = now;
        self.begun = Moment { wall: now, instant: std::time::Instant::now() };
        (self.queues, self.reports) = queues(self.begun, mail, hook, PATIENCE);
    }

    /// Whatever the wall clock says: it is far off now and then.
    fn moment(&self) -> Moment {
        let instant = self.begun.instant + self.now.since(self.begun.wall);
        Moment { wall: Timestamp::from_seconds(1000 * (self.tries as i64 % 3)), instant }
    }

    /// Delivers until nothing waits, or until `enough` says so.
    async fn run(&mut self, mut enough: impl FnMut(&Self) -> bool) {
        loop {
            let store = self.journal.store();
            self.queues.dispatch(store.outbox(), self.moment()).unwrap();
            if enough(self) {
                return;
            }
            if self.queues.is_idle() {
                let due =
                    ["mail", "hook"].map(|queue| store.outbox().next_due(&queue.into()).unwrap());
                let Some(due) = due.into_iter().flatten().min() else { return };
                assert!(due > self.now, "due, but not handed over");
                self.now = due;
                continue;
            }
            let event = self.reports.recv().await;
            let Some(DeliveryEvent::Attempted(report)) = event else { panic!("ended") };
            self.tries += 1;
            if matches!(report.outcome, Outcome::Taken) {
                let Receiver { channel, .. } = &report.delivery.receiver;
                self.taken.push((channel.to_string(), report.delivery.message_id.clone()));
            }
            let now = self.moment();
            self.queues.settle(self.journal.store().outbox(), now, report).unwrap();
        }
    }

    fn notifications(&self) -> BTreeSet<String> {
        let notifications = self.journal.store().notifications().unwrap();
        let id = |json: &String| {
            let notification: serde_json::Value = serde_json::from_str(json).unwrap();
            notification["message_id"].as_str().unwrap().to_owned()
        };
        notifications.iter().map(id).collect()
    }
}

/// What delivers to both, and where it reports.
fn queues(
    begun: Moment,
    mail: &Server,
    hook: &Server,
    patience: Duration,
) -> (DeliveryQueues, mpsc::Receiver<DeliveryEvent>) {
    let (events, reports) = mpsc::channel(64);
    let workers = [("mail", mail_worker(mail, patience)), ("hook", hook_worker(hook, patience))];
    let give_up_after = Duration::from_secs(5 * 86_400);
    let start = |(name, worker): (&str, DeliveryWorker)| {
        (name.into(), worker.start(give_up_after, events.clone()))
    };
    (DeliveryQueues::new(workers.map(start).into(), false, CarriedQueues::none(begun)), reports)
}

fn mail_worker(server: &Server, timeout: Duration) -> DeliveryWorker {
    let config = RelayConfig {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        tls: Tls::None,
        credentials: None,
        helo: "monitor.example.net".to_owned(),
        timeout,
        extra_ca: None,
    };
    let relays = Relays::new(vec![Relay::new(&config).unwrap()], Duration::from_secs(600));
    let from = "originwatch@example.net".parse().unwrap();
    let composer = MailComposer::new(from, TimeZone::UTC);
    DeliveryWorker {
        transport: Transport::Mail(relays, composer),
        at_once: AT_ONCE,
        rate: RateLimiter::new(None),
    }
}

fn hook_worker(server: &Server, timeout: Duration) -> DeliveryWorker {
    let config = WebhookConfig {
        url: format!("http://127.0.0.1:{}/hook", server.port),
        body: Body::Event,
        key: None,
        signing_key: None,
        timeout,
        extra_ca: None,
    };
    let channel = Channel::Webhook(Webhook::new(&config).unwrap());
    DeliveryWorker {
        transport: Transport::Channel(channel, TimeZone::UTC),
        at_once: AT_ONCE,
        rate: RateLimiter::new(None),
    }
}

/// What a webhook calls a notification.
fn hook_id(message_id: &str) -> String {
    message_id.trim_matches(['<', '>']).replace("@originwatch", "").replace('.', "-")
}

/// How often each id was taken, and the order in which each thread was first told.
fn counted(took: &[Took]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for Took { id, .. } in took {
        *counts.entry(id.as_str()).or_insert(0) += 1;
    }
    counts
}

/// Nothing is told before what came before it in its thread.
#[track_caller]
fn in_order(took: &[Took]) {
    let mut seen = BTreeSet::new();
    for Took { id, .. } in took {
        let (thread, number) = id.trim_matches(['<', '>']).split_once(['.']).map_or_else(
            || id.rsplit_once('-').unwrap(),
            |(thread, rest)| (thread, rest.split('@').next().unwrap()),
        );
        let number: u32 = number.parse().unwrap();
        let before = number == 0 || seen.contains(&(thread, number - 1));
        assert!(before, "{id} without the one before it");
        seen.insert((thread, number));
    }
}

/// The one that the issue asks for: a thousand faults, nothing lost, and what is repeated is the same.
#[tokio::test]
async fn a_thousand_faults_lose_nothing_and_double_nothing_under_another_name() {
    const FAULTS: usize = 510;
    let (mail, hook) =
        (Server::smtp(Fault::random(7, FAULTS)), Server::http(Fault::random(8, FAULTS)));
    let mut bench = Bench::new(100, &mail, &hook, PATIENCE);
    let notifications = bench.notifications();
    assert_eq!(notifications.len(), 200);
    bench.run(|_| false).await;
    let (mails, hooks) = (mail.took(), hook.took());
    let injected = mail.injected() + hook.injected();
    let repeats = mails.len() + hooks.len() - 2 * notifications.len();
    println!(
        "{injected} faults injected, {} tries, 0 of {} notifications lost, {repeats} repeated with the same id",
        bench.tries,
        2 * notifications.len(),
    );
    assert!(injected >= 1000, "only {injected} faults");
    let told: BTreeSet<_> = counted(&mails).into_keys().map(str::to_owned).collect();
    assert_eq!(told, notifications);
    let told: BTreeSet<_> = counted(&hooks).into_keys().map(str::to_owned).collect();
    assert_eq!(told, notifications.iter().map(|id| hook_id(id)).collect::<BTreeSet<_>>());
    // Only where the server had it and we did not hear so.
    assert!(repeats >= mail.unsaid() + hook.unsaid(), "{repeats}");
    assert!(repeats <= bench.tries - bench.taken.len(), "{repeats}");
    in_order(&mails);
    in_order(&hooks);
    assert_eq!(bench.journal.store().outbox().queue_length().unwrap(), (0, 0));
    assert_eq!(bench.taken.len(), 2 * notifications.len());
}

#[tokio::test]
async fn a_relay_that_is_down_for_hours_gets_everything_once_and_in_order() {
    let (mail, hook) = (Server::smtp(Fault::switch()), Server::http(Fault::none()));
    mail.set_down(true);
    // Nothing hangs here: whoever gives up early on a busy machine would send twice.
    let mut bench = Bench::new(40, &mail, &hook, Duration::from_secs(60));
    let notifications = bench.notifications();
    let up = bench.now + Duration::from_secs(6 * 3600);
    bench.run(|bench| bench.now >= up).await;
    assert!(mail.took().is_empty());
    // The other channel did not wait for it.
    assert_eq!(hook.took().len(), notifications.len());
    mail.set_down(false);
    bench.run(|_| false).await;
    let mails = mail.took();
    assert_eq!(counted(&mails).into_values().collect::<Vec<_>>(), vec![1; notifications.len()]);
    in_order(&mails);
    assert!(mails.iter().all(|took| took.text.contains("\nX-Originwatch-Delayed: ")));
}

#[tokio::test]
async fn what_was_decided_by_a_clock_that_was_ahead_is_not_held_up() {
    let (mail, hook) = (Server::smtp(Fault::none()), Server::http(Fault::none()));
    // The clock of the engine goes on from before, an hour ahead of the one that was set back.
    let now = Timestamp::from_seconds(START + 3 * 3600);
    let mut bench = Bench::at(now, 10, &mail, &hook, Duration::from_secs(60));
    bench.run(|_| false).await;
    assert_eq!(bench.now, now);
    assert_eq!((mail.took().len(), hook.took().len()), (20, 20));
    in_order(&mail.took());
}

#[tokio::test]
async fn what_waits_since_a_clock_was_ahead_is_due_within_its_own_backoff() {
    let (mail, hook) = (Server::smtp(Fault::switch()), Server::http(Fault::switch()));
    mail.set_down(true);
    hook.set_down(true);
    let mut bench = Bench::new(10, &mail, &hook, PATIENCE);
    bench.run(|bench| bench.tries >= 40).await;
    mail.set_down(false);
    hook.set_down(false);
    let now = Timestamp::from_seconds(START);
    bench.restart(now, &mail, &hook);
    bench.run(|_| false).await;
    assert!(bench.now.since(now) <= Duration::from_secs(120), "{}", bench.now);
    assert_eq!(bench.journal.store().outbox().queue_length().unwrap(), (0, 0));
}

#[tokio::test]
async fn a_notification_of_long_ago_is_tried_before_it_is_given_up() {
    let (mail, hook) = (Server::smtp(Fault::switch()), Server::http(Fault::switch()));
    mail.set_down(true);
    // Decided by a clock that was a year behind, or nobody was there for a year.
    let now = Timestamp::from_seconds(START + 365 * 86_400);
    let mut bench = Bench::at(now, 1, &mail, &hook, PATIENCE);
    let up = now + Duration::from_secs(86_400);
    bench.run(|bench| bench.now >= up).await;
    assert_eq!(bench.journal.store().outbox().queue_length().unwrap(), (2, 0));
    let up = now + Duration::from_secs(6 * 86_400);
    bench.run(|bench| bench.now >= up).await;
    assert_eq!(bench.journal.store().outbox().queue_length().unwrap(), (1, 1));
}

#[tokio::test]
async fn a_channel_that_hangs_makes_no_other_wait() {
    let (mail, hook) = (Server::smtp(Fault::none()), Server::http(Fault::hang()));
    let mut bench = Bench::new(20, &mail, &hook, Duration::from_secs(3600));
    // The webhook has an hour for each: were they waited for, this would not end.
    bench.run(|bench| bench.taken.len() == 40).await;
    assert!(bench.taken.iter().all(|(channel, _)| channel == "mail"));
}

#[tokio::test(start_paused = true)]
async fn notifications_keep_to_their_rate() {
    let (sender, mut attempts) = mpsc::channel(20);
    for number in 0..20 {
        let receiver = Receiver { channel: "mail".into(), address: String::new() };
        let delivery = Delivery {
            number,
            receiver,
            message_id: String::new(),
            thread: String::new(),
            urgent: false,
            content: String::new(),
            created: Timestamp::from_seconds(START),
            attempts: 0,
            last_error: None,
        };
        sender.try_send(DeliveryAttempt { delivery, note: None }).unwrap();
    }
    let (mut rate, begin) = (RateLimiter::new(Some(60)), Instant::now());
    for _ in 0..20 {
        rate.next(&mut attempts).await.unwrap();
        rate.gone();
    }
    // The first at once, then one a second.
    assert_eq!(begin.elapsed().as_secs(), 19);
}
