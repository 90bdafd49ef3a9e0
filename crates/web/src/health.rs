//! How the engine is, and whether an alarm would reach a person.

use std::time::{Duration, Instant};

use alerter::ChannelName;
use bgp::Timestamp;
use serde::Serialize;

/// How long the engine may be silent before it counts as stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// How the engine is, as it says itself: an immutable snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// For people, on one line.
    pub status: String,
    /// Every feed and every router is up.
    pub feeds_healthy: bool,
    /// When it last said so; none before it did.
    pub at: Option<Instant>,
    /// Why the store cannot be written, if it cannot.
    pub store_fault: Option<String>,
    /// The feeds, in the order of the config.
    pub feeds: Vec<Feed>,
    /// The RPKI data; none where no source is to give any.
    pub rpki: Option<Rpki>,
    /// How many prefixes are watched.
    pub watches: usize,
    /// The VRPs name own prefixes that are not watched: everything is to be started anew with them.
    pub watch_list_outgrown: bool,
    /// The ways to tell people.
    pub channels: Vec<ChannelName>,
    /// Why none of them takes a notification, if none does.
    pub channels_fault: Option<String>,
    /// How often somebody has set the clock of this machine.
    pub clock_steps: u64,
}

/// A feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// As notices call it.
    pub name: String,
    /// Its type, as in the config.
    pub kind: &'static str,
    /// Whether it brings messages.
    pub up: bool,
    /// When the last message came.
    pub last_message: Option<Timestamp>,
    /// Messages so far.
    pub messages: u64,
    /// Damaged places in them.
    pub damages: u64,
    /// Its routers, if it has any, and whether each is connected.
    pub routers: Vec<(String, bool)>,
}

/// What there is of RPKI data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rpki {
    /// How many VRPs.
    pub vrps: usize,
    /// When the validator made them.
    pub generated: Option<Timestamp>,
    /// Too old, or not there at all.
    pub stale: bool,
}

/// How each part is that an alarm needs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    /// A hijack now would reach a person.
    pub(crate) ready: bool,
    status: String,
    parts: Parts,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Parts {
    engine: Part,
    store: Part,
    feeds: Part,
    rpki: Part,
    watches: Part,
    channels: Part,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Part {
    ok: bool,
    detail: String,
}

impl Part {
    fn new(fault: Option<String>, fine: impl Into<String>) -> Self {
        Part { ok: fault.is_none(), detail: fault.unwrap_or_else(|| fine.into()) }
    }
}

impl Health {
    /// Whether a hijack now would reach a person.
    pub fn is_ready(&self) -> bool {
        self.readiness().ready
    }

    pub(crate) fn is_running(&self) -> bool {
        self.at.is_some_and(|at| at.elapsed() < STUCK_AFTER)
    }

    /// Stale RPKI data makes no difference to whether an alarm reaches a person, and is an incident itself.
    pub(crate) fn readiness(&self) -> Readiness {
        let none = |is_none: bool, what: &str| is_none.then(|| format!("there is no {what}"));
        let engine = (!self.is_running()).then(|| "the engine is not running".to_owned());
        let rpki = match &self.rpki {
            Some(rpki) if rpki.stale => Part::new(Some("stale or missing".into()), ""),
            Some(rpki) => Part::new(None, format!("{} VRPs", rpki.vrps)),
            None => Part::new(None, "no source is configured"),
        };
        let channels: Vec<_> = self.channels.iter().map(ChannelName::as_str).collect();
        let parts = Parts {
            engine: Part::new(engine, "running"),
            store: Part::new(self.store_fault.clone(), "can be written"),
            feeds: Part::new(self.feeds_fault(), self.feeds_up()),
            rpki,
            watches: Part::new(
                none(self.watches == 0, "watch"),
                format!("{} prefixes", self.watches),
            ),
            channels: Part::new(
                none(channels.is_empty(), "channel").or_else(|| self.channels_fault.clone()),
                channels.join(", "),
            ),
        };
        let Parts { engine, store, feeds, watches, channels, .. } = &parts;
        let ready = [engine, store, feeds, watches, channels].iter().all(|part| part.ok);
        Readiness { ready, status: self.status.clone(), parts }
    }

    /// By their names, which say what each lacks.
    fn feeds_up(&self) -> String {
        let names: Vec<_> = self.feeds.iter().map(|feed| feed.name.as_str()).collect();
        format!("{} up: {}", names.len(), names.join(", "))
    }

    fn feeds_fault(&self) -> Option<String> {
        if self.feeds.is_empty() {
            return Some("there is no feed".to_owned());
        }
        let feeds = self.feeds.iter().filter(|feed| !feed.up).map(|feed| feed.name.as_str());
        let routers = self.feeds.iter().flat_map(|feed| &feed.routers);
        let routers = routers.filter(|(_, up)| !up).map(|(name, _)| name.as_str());
        let down: Vec<_> = feeds.chain(routers).collect();
        match (self.feeds_healthy, down.is_empty()) {
            (_, false) => Some(format!("down: {}", down.join(", "))),
            (false, true) => Some("not every feed is up".to_owned()),
            (true, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_what_could_alarm_now() {
        let feed = Feed {
            name: "bmp".to_owned(),
            kind: "bmp",
            up: true,
            last_message: None,
            messages: 0,
            damages: 0,
            routers: vec![("edge1".to_owned(), true)],
        };
        let ready = Health {
            status: String::new(),
            feeds_healthy: true,
            at: Some(Instant::now()),
            store_fault: None,
            feeds: vec![feed],
            rpki: Some(Rpki { vrps: 0, generated: None, stale: true }),
            watches: 1,
            watch_list_outgrown: false,
            channels: vec![ChannelName::Mail],
            channels_fault: None,
            clock_steps: 0,
        };
        assert!(ready.readiness().ready);
        let spoilers: [fn(&mut Health); 8] = [
            |health| health.at = None,
            |health| health.store_fault = Some("disk full".to_owned()),
            |health| health.feeds.clear(),
            |health| health.feeds_healthy = false,
            |health| health.feeds[0].routers[0].1 = false,
            |health| health.watches = 0,
            |health| health.channels.clear(),
            |health| health.channels_fault = Some("noc@example.net: refused".to_owned()),
        ];
        for (number, spoil) in spoilers.iter().enumerate() {
            let mut health = ready.clone();
            spoil(&mut health);
            assert!(!health.readiness().ready, "{number}");
        }
    }
}
