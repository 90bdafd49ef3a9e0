//! `/metrics`: what the engine has published, and what stands in the store.

use std::fmt;
use std::sync::atomic::AtomicU64;

use alerter::ChannelName;
use bgp::Timestamp;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use store::IncidentCount;

use crate::Health;

pub(crate) use prometheus_text::CONTENT_TYPE;

/// What the store says, counted.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) incidents: Vec<IncidentCount>,
    /// Channel, state, how many, and when the oldest was decided.
    pub(crate) deliveries: Vec<(ChannelName, String, u64, Timestamp)>,
    pub(crate) bytes: u64,
}

struct Metrics {
    registry: Registry,
}

/// Label names and values.
type Labels = Vec<(&'static str, String)>;

/// The text that Prometheus reads.
pub(crate) fn encode(
    health: &Health,
    stored: Stored,
    now: Timestamp,
) -> Result<String, fmt::Error> {
    let mut metrics = Metrics { registry: Registry::with_prefix("originwatch") };
    metrics.engine(health);
    metrics.feeds(health, now);
    metrics.rpki(health, now);
    metrics.store(stored, now);
    let mut text = String::new();
    prometheus_text::encode(&mut text, &metrics.registry)?;
    Ok(text)
}

impl Metrics {
    fn gauge(&mut self, name: &str, help: &str) -> Family<Labels, Gauge<f64, AtomicU64>> {
        let family = Family::default();
        self.registry.register(name, help, family.clone());
        family
    }

    fn counter(&mut self, name: &str, help: &str) -> Family<Labels, Counter> {
        let family = Family::default();
        self.registry.register(name, help, family.clone());
        family
    }

    fn engine(&mut self, health: &Health) {
        let build = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        self.gauge("build_info", "Which version runs").get_or_create(&build).set(1.0);
        let mut single = |name: &str, help: &str, value: f64| {
            self.gauge(name, help).get_or_create(&Vec::new()).set(value);
        };
        let ready = health.readiness().ready;
        single("healthy", "Whether a hijack now would reach a person", f64::from(ready));
        let running = f64::from(health.is_running());
        single("engine_running", "Whether the engine is running", running);
        single("watched_prefixes", "Prefixes that are watched", float(health.watches as u64));
        let steps = self.counter("clock_steps", "How often the wall clock stepped");
        steps.get_or_create(&Vec::new()).inc_by(health.clock_steps);
    }

    fn feeds(&mut self, health: &Health, now: Timestamp) {
        let up = self.gauge("feed_up", "Whether the feed brings messages");
        let help = "Seconds since the last message of the feed";
        let age = self.gauge("feed_last_message_age_seconds", help);
        let messages = self.counter("feed_messages", "Messages of the feed");
        let damages = self.counter("feed_damages", "Damaged places in its messages");
        let routers = self.gauge("router_up", "Whether the router is connected");
        for feed in &health.feeds {
            // What the feed lacks stands behind its name, and would make another series.
            let name = feed.name.split_once(" (").map_or(feed.name.as_str(), |(name, _)| name);
            let labels = vec![("feed", name.to_owned()), ("type", feed.kind.to_owned())];
            up.get_or_create(&labels).set(f64::from(feed.up));
            if let Some(last) = feed.last_message {
                age.get_or_create(&labels).set(now.since(last).as_secs_f64());
            }
            messages.get_or_create(&labels).inc_by(feed.messages);
            damages.get_or_create(&labels).inc_by(feed.damages);
            for (router, up) in &feed.routers {
                let labels = vec![("feed", name.to_owned()), ("router", router.clone())];
                routers.get_or_create(&labels).set(f64::from(*up));
            }
        }
    }

    fn rpki(&mut self, health: &Health, now: Timestamp) {
        let Some(rpki) = &health.rpki else { return };
        let labels = Vec::new();
        let vrps = self.gauge("rpki_vrps", "VRPs that routes are validated by");
        vrps.get_or_create(&labels).set(float(rpki.vrps as u64));
        let stale = self.gauge("rpki_stale", "Whether the RPKI data is too old or missing");
        stale.get_or_create(&labels).set(f64::from(rpki.stale));
        if let Some(generated) = rpki.generated {
            let age = self.gauge("rpki_data_age_seconds", "Seconds since the RPKI data was made");
            age.get_or_create(&labels).set(now.since(generated).as_secs_f64());
        }
    }

    fn store(&mut self, stored: Stored, now: Timestamp) {
        let incidents = self.gauge("incidents", "Incidents that are not over");
        for IncidentCount { kind, severity, state, count } in stored.incidents {
            let labels = vec![("kind", kind), ("severity", severity), ("state", state)];
            incidents.get_or_create(&labels).set(float(count));
        }
        let help =
            "Notifications that wait, were given up (dead), or may have come back (doubtful)";
        let deliveries = self.gauge("deliveries", help);
        let mut oldest: Option<Timestamp> = None;
        for (channel, state, number, since) in stored.deliveries {
            if state == "waiting" {
                oldest = Some(oldest.map_or(since, |oldest| oldest.min(since)));
            }
            let labels = vec![("channel", channel.into()), ("state", state)];
            deliveries.get_or_create(&labels).set(float(number));
        }
        let help =
            "Seconds since the oldest notification that waits was decided; 0 where none waits";
        let age = self.gauge("oldest_undelivered_age_seconds", help);
        let waited = oldest.map(|oldest| now.since(oldest).as_secs_f64());
        age.get_or_create(&Vec::new()).set(waited.unwrap_or_default());
        let size = self.gauge("store_size_bytes", "Size of the store on disk");
        size.get_or_create(&Vec::new()).set(float(stored.bytes));
    }
}

/// Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn float(count: u64) -> f64 {
    count as f64
}
