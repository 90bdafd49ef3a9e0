//! Where a source tells what it has.

use std::sync::Arc;
use std::time::Duration;

use bgp::{Timestamp, printable};
use tokio::sync::watch;
use validator::RpkiSnapshot;

use crate::source::Source;
use crate::state::SourceState;

/// Where a source tells what it has.
#[derive(Debug)]
pub(crate) struct Report {
    all: Arc<watch::Sender<Vec<SourceState>>>,
    place: usize,
    renewals: u64,
}

impl Report {
    /// A report for each of the sources, and where they all arrive.
    pub(crate) fn channel(sources: &[Source]) -> (Vec<Self>, watch::Receiver<Vec<SourceState>>) {
        let named =
            |source: &Source| SourceState { name: source.to_string(), ..Default::default() };
        let (all, states) = watch::channel(sources.iter().map(named).collect());
        let all = Arc::new(all);
        let report = |place| Report { all: all.clone(), place, renewals: 0 };
        ((0..sources.len()).map(report).collect(), states)
    }

    /// The source says this.
    pub(crate) fn renewed(&mut self, snapshot: RpkiSnapshot, as_of: Timestamp, rhythm: Duration) {
        let snapshot = Some(Arc::new(snapshot));
        let (as_of, expires) = (Some(as_of.min(now())), None);
        self.tell(|state| SourceState { snapshot, as_of, rhythm, expires, ..state });
    }

    /// The source says this, and for how long it may be used.
    pub(crate) fn renewed_for(
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
    pub(crate) fn confirmed(&mut self, as_of: Timestamp) {
        let as_of = Some(as_of.min(now()));
        self.tell(|state| SourceState { as_of, ..state });
    }

    /// The source could not be asked, or what it said could not be used.
    pub(crate) fn trouble(&self, trouble: String) {
        let trouble = Some(printable(&trouble));
        self.change(|state| {
            state.trouble = trouble;
            state.failures += 1;
        });
    }

    /// How often the source has said something of use.
    pub(crate) fn renewals(&self) -> u64 {
        self.renewals
    }

    /// What is known of the source.
    pub(crate) fn state(&self) -> SourceState {
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
pub(crate) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}
