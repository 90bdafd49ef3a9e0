//! What is known of one source, and of all of them together.

use std::sync::Arc;
use std::time::Duration;

use bgp::Timestamp;
use validator::RpkiSnapshot;

use crate::fault::Fault;
use crate::held_back::HeldBack;

/// What RPKI says now, and how good that is.
#[derive(Clone, Debug, Default)]
pub struct Rpki {
    /// For validation: of the chosen source, without what has expired, with SLURM applied. The same
    /// `Arc` as before for as long as nothing in it has changed.
    pub snapshot: Arc<RpkiSnapshot>,
    /// How good it is.
    pub health: Health,
    /// What is wrong with which source or SLURM file: one line each, for people.
    pub remarks: Vec<String>,
    /// What each source has given, in the order of the config.
    pub sources: Vec<SourceState>,
    /// What is wrong with the local exceptions; those that were right last stay in force.
    pub exceptions: Option<Fault>,
}

impl Rpki {
    /// What a verdict can stand on; none without data, and then a verdict is *unknown*, not not-found.
    pub fn data(&self) -> Option<&Arc<RpkiSnapshot>> {
        Some(&self.snapshot).filter(|snapshot| self.health.is_usable() && snapshot.has_data())
    }

    /// Each source, and the local exceptions, by name, with what has been wrong with it for so long that
    /// somebody must be told.
    pub fn lasting_faults(&self, now: Timestamp) -> Vec<(&str, Option<&Fault>)> {
        let sources = self.sources.iter().map(|source| (source.name.as_str(), &source.fault));
        let all = sources.chain([(EXCEPTIONS, &self.exceptions)]);
        all.map(|(name, fault)| (name, fault.as_ref().filter(|f| f.is_lasting(now)))).collect()
    }

    /// The sets that are not believed yet, with the name of the source that says them.
    pub fn held_back(&self) -> impl Iterator<Item = (&str, &HeldBack)> + '_ {
        self.sources
            .iter()
            .filter_map(|source| Some((source.name.as_str(), source.held_back.as_ref()?)))
    }

    /// Whether there is nothing to tell apart. Snapshots are compared by their `Arc`.
    pub(crate) fn is_same(&self, other: &Rpki) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot)
            && self.health == other.health
            && self.remarks == other.remarks
            && self.exceptions == other.exceptions
            && self.sources.len() == other.sources.len()
            && self.sources.iter().zip(&other.sources).all(|(ours, theirs)| ours.is_same(theirs))
    }
}

/// What the local exceptions are called where a source would have its name.
pub(crate) const EXCEPTIONS: &str = "local exceptions";

/// How good the snapshot is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// No source has given any data: nothing yet, or sets of nothing. The snapshot is empty, and
    /// `not-found` means nothing.
    #[default]
    Waiting,
    /// As good as it gets.
    Fresh,
    /// The sources do not say the same, and policy is [`Policy::Agree`](super::Policy::Agree). The
    /// snapshot is what they last agreed on, for a while.
    Disputed {
        /// Since when.
        since: Timestamp,
    },
    /// The snapshot may no longer be what RPKI says.
    Stale {
        /// Since when it has been older than allowed.
        since: Timestamp,
    },
    /// The data of every source is beyond the time at which its cache told us to forget it
    /// (RFC 8210 section 6), or all of its VRPs have ended. The snapshot is empty, and `not-found` means nothing.
    Expired {
        /// When the last of it ended.
        since: Timestamp,
    },
}

impl Health {
    /// Whether a verdict on this snapshot means anything.
    pub fn is_usable(self) -> bool {
        !matches!(self, Health::Waiting | Health::Expired { .. })
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Health::Waiting => "waiting",
            Health::Fresh => "fresh",
            Health::Disputed { .. } => "disputed",
            Health::Stale { .. } => "stale",
            Health::Expired { .. } => "expired",
        }
    }
}

/// What one source has given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// Which.
    pub name: String,
    /// The data, as it came; none before the first time.
    pub snapshot: Option<Arc<RpkiSnapshot>>,
    /// When the data was last known to be what RPKI says.
    pub as_of: Option<Timestamp>,
    /// How long after that the source is asked again, if it does not speak first.
    pub rhythm: Duration,
    /// When the data must not be used any more, where the source says so.
    pub expires: Option<Timestamp>,
    /// What went wrong the last time; none if it went well.
    pub trouble: Option<String>,
    /// The same with its beginning, as those who follow the source know it.
    pub fault: Option<Fault>,
    /// How often something went wrong since the start.
    pub failures: u64,
    /// The set that it has given last, if that is not believed yet; then the data are the last that were.
    pub held_back: Option<HeldBack>,
}

impl SourceState {
    /// The data, unless there is none or its time is over.
    pub fn alive(&self, now: Timestamp) -> Option<&Arc<RpkiSnapshot>> {
        self.snapshot.as_ref().filter(|_| self.expires.is_none_or(|expires| expires > now))
    }

    /// Since when it has been older than allowed; none if it is not. A source that works has its own
    /// rhythm on top, since nobody has asked it yet.
    pub fn stale_since(&self, now: Timestamp, stale_after: Duration) -> Option<Timestamp> {
        let grace = if self.trouble.is_none() { self.rhythm } else { Duration::ZERO };
        let since = self.as_of? + stale_after + grace;
        (since <= now).then_some(since)
    }

    /// Whether nothing has changed. Snapshots are compared by their `Arc`.
    pub(crate) fn is_same(&self, other: &SourceState) -> bool {
        let same_data = match (&self.snapshot, &other.snapshot) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        same_data
            && self.name == other.name
            && (self.as_of, self.expires, self.rhythm) == (other.as_of, other.expires, other.rhythm)
            && (&self.trouble, &self.fault) == (&other.trouble, &other.fault)
            && (self.failures, &self.held_back) == (other.failures, &other.held_back)
    }
}
