//! What is known of one source, and of all of them together.

use std::sync::Arc;
use std::time::Duration;

use bgp::Timestamp;
use tokio::sync::watch;
use validator::RpkiSnapshot;

use super::source::Source;

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
}

/// How good the snapshot is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// No source has given anything yet. The snapshot is empty, and `not-found` means nothing.
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
    /// (RFC 8210 section 6). The snapshot is empty, and `not-found` means nothing.
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
    pub(super) fn is_same(&self, other: &SourceState) -> bool {
        let same_data = match (&self.snapshot, &other.snapshot) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        same_data
            && self.name == other.name
            && (self.as_of, self.expires, self.rhythm) == (other.as_of, other.expires, other.rhythm)
            && self.trouble == other.trouble
    }
}

/// Where a source tells what it has.
#[derive(Debug)]
pub(super) struct Report {
    all: Arc<watch::Sender<Vec<SourceState>>>,
    place: usize,
    renewals: u64,
}

impl Report {
    /// A report for each of the sources, and where they all arrive.
    pub(super) fn channel(sources: &[Source]) -> (Vec<Self>, watch::Receiver<Vec<SourceState>>) {
        let named =
            |source: &Source| SourceState { name: source.to_string(), ..Default::default() };
        let (all, states) = watch::channel(sources.iter().map(named).collect());
        let all = Arc::new(all);
        let report = |place| Report { all: all.clone(), place, renewals: 0 };
        ((0..sources.len()).map(report).collect(), states)
    }

    /// The source says this.
    pub(super) fn renewed(&mut self, snapshot: RpkiSnapshot, as_of: Timestamp, rhythm: Duration) {
        let snapshot = Some(Arc::new(snapshot));
        let (as_of, expires) = (Some(as_of.min(now())), None);
        self.tell(|state| SourceState { snapshot, as_of, rhythm, expires, ..state });
    }

    /// The source says this, and for how long it may be used.
    pub(super) fn renewed_for(
        &mut self,
        snapshot: Arc<RpkiSnapshot>,
        rhythm: Duration,
        expire: Duration,
    ) {
        let (snapshot, now) = (Some(snapshot), now());
        let (as_of, expires) = (Some(now), Some(now + expire));
        self.tell(|state| SourceState { snapshot, as_of, rhythm, expires, ..state });
    }

    /// The source says the same as before.
    pub(super) fn confirmed(&mut self, as_of: Timestamp) {
        let as_of = Some(as_of.min(now()));
        self.tell(|state| SourceState { as_of, ..state });
    }

    /// The source could not be asked, or what it said could not be used.
    pub(super) fn trouble(&self, trouble: String) {
        self.change(|state| state.trouble = Some(trouble));
    }

    /// How often the source has said something of use.
    pub(super) fn renewals(&self) -> u64 {
        self.renewals
    }

    /// What is known of the source.
    pub(super) fn state(&self) -> SourceState {
        self.all.borrow().get(self.place).cloned().unwrap_or_default()
    }

    fn tell(&mut self, change: impl FnOnce(SourceState) -> SourceState) {
        self.renewals += 1;
        self.change(|state| {
            *state = SourceState { trouble: None, ..change(std::mem::take(state)) };
        });
    }

    fn change(&self, change: impl FnOnce(&mut SourceState)) {
        self.all.send_modify(|states| {
            if let Some(state) = states.get_mut(self.place) {
                change(state);
            }
        });
    }
}

/// The wall clock.
pub(super) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}
